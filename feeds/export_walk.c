/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/export_walk.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/policy.h"

/* An attribute set, to this export. */
struct attr_rule {
	struct export_rule rule;
	enum fsk_match_kind match;
	bool allow, selected;
	bool loses; /* and what, each time */
	enum export_loss loss;
};

struct walk {
	struct export_run *x;
	struct attr_rule *attr;
	struct progress *progress;
	uint64_t done, all;
};

/* ---- what formats share ---- */

bool
export_same(const struct export_rule *a, const struct export_rule *b)
{
	return a->effect == b->effect && a->answer == b->answer;
}

bool
export_alike(const struct export_rule *a, const struct export_rule *b)
{
	if (a->effect != EXPORT_BLOCK && b->effect != EXPORT_BLOCK)
		return true;
	return export_same(a, b);
}

void
export_lose(struct export_run *x, enum export_loss loss, bool write)
{
	x->lost[loss] += write;
}

bool
export_plain(const uint8_t *wire, char text[static FSK_TEXT_MAX])
{
	/* All else is escaped. */
	return strchr(fsk_name_to_text(wire, text), '\\') == NULL;
}

uint32_t
export_ttl(const struct export_run *x, const struct fsk_answer *a)
{
	return x->ttl_given || a == NULL ? x->ttl : a->ttl;
}

bool
export_is_sinkhole(const struct fsk_answer *a)
{
	return (a->action == FSK_SINKHOLE || a->action == FSK_WARN) &&
	    a->count4 + a->count6 > 0;
}

void
export_addresses(const struct fsk_answer *a,
    void (*each)(void *arg, const char *address, bool v6), void *arg)
{
	char text[INET6_ADDRSTRLEN];

	for (unsigned i = 0; i < a->count4; i++) {
		inet_ntop(AF_INET, a->addr4[i], text, sizeof(text));
		each(arg, text, false);
	}
	for (unsigned i = 0; i < a->count6; i++) {
		inet_ntop(AF_INET6, a->addr6[i], text, sizeof(text));
		each(arg, text, true);
	}
}

/* ---- which entries ---- */

/* Whether WORD is one of W, or W has none. */
static bool
chosen(struct export_words *w, const char *word)
{
	bool found = w->n == 0;

	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->at[i], word) == 0)
			found = w->used[i] = true;
	return found;
}

static bool
is_selected(struct export_choice *c, const struct fsk_db *db, uint32_t attr,
    const struct fsk_attr *a)
{
	bool category = chosen(&c->categories, a->category);
	bool feed = c->feeds.n == 0;

	for (unsigned i = 0; i < a->feeds; i++)
		feed |= chosen(&c->feeds, fsk_db_attr_feed(db, attr, i));
	if (a->allow) /* an exception is one whoever lists the name */
		return true;
	return category && feed &&
	    (c->severity == 0 || a->severity == c->severity);
}

/* What the entries with the attributes A are to the format. */
static void
make_rule(
    const struct export_run *x, const struct fsk_attr *a, struct attr_rule *r)
{
	const struct export_format *f = x->format;
	const struct fsk_policy *p = fsk_db_policy(x->db);
	const enum fsk_action action = a->answer->action;

	if (a->allow || action == FSK_PASSTHRU || action == FSK_LOG) {
		r->rule.effect = EXPORT_PASS;
		return;
	}
	r->rule.effect = EXPORT_BLOCK;
	if (f->answers != NULL)
		r->rule.answer = a->answer;
	if (p != NULL && fsk_policy_class(p, a->class)->types_only) {
		r->loss = LOST_TYPES;
		r->loses = true;
		r->selected = false;
	} else if (action == FSK_TCP_ONLY && !f->has_tcp) {
		r->loss = LOST_TCP;
		r->loses = true;
		r->selected = false;
	} else if (f->answers != NULL && !f->answers(a->answer)) {
		r->loss = LOST_ANSWER;
		r->loses = true;
	}
}

static int
all_used(const struct export_words *w, const char *what, struct fsk_error *err)
{
	for (size_t i = 0; i < w->n; i++)
		if (!w->used[i])
			return fsk_fail(err, FSK_EINVAL,
			    "the database has no %s '%s'", what, w->at[i]);
	return FSK_OK;
}

static int
make_rules(struct walk *w, struct export_choice *c, struct fsk_error *err)
{
	const struct fsk_db *db = w->x->db;
	struct fsk_db_info info;
	int rc;

	fsk_db_info(db, &info);
	w->all = info.entries;
	w->attr = calloc(info.attrs + 1u, sizeof(*w->attr));
	if (w->attr == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < info.attrs; i++) {
		struct attr_rule *r = &w->attr[i];
		struct fsk_attr a;

		fsk_db_attr(db, i, &a);
		r->match = a.match;
		r->allow = a.allow;
		r->selected = is_selected(c, db, i, &a);
		if (r->selected)
			make_rule(w->x, &a, r);
	}
	/* Feeds that list nothing any more are feeds, too. */
	for (uint32_t i = 0; i < info.feeds; i++)
		chosen(&c->feeds, fsk_db_feed(db, i, NULL));
	rc = all_used(&c->feeds, "feed", err);
	return rc == FSK_OK ? all_used(&c->categories, "category", err) : rc;
}

/* ---- one name ---- */

/* Finds among the N entries at E, which are of one name, what they say of it
 * and of what is below it: as in fsk_db_find(), allow beats block, then exact
 * the rest.  False if none of them is selected; *FIRST is the first that is. */
static bool
weigh(const struct walk *w, const struct fsk_entry *e, unsigned n,
    struct export_name *name, uint32_t *first)
{
	int self = -1, below = -1;
	bool any = false;

	for (unsigned i = 0; i < n; i++) {
		const struct attr_rule *r = &w->attr[e[i].attr];
		int rank = 2 * r->allow + (r->match == FSK_EXACT);

		if (!r->selected)
			continue;
		if (!any)
			*first = e[i].attr;
		any = true;
		if (r->match != FSK_BELOW && rank > self) {
			self = rank;
			name->self = r->rule;
		}
		if (r->match != FSK_EXACT && rank > below) {
			below = rank;
			name->below = r->rule;
		}
	}
	return any;
}

/* Goes down from the top-level domain to the name Q, which is written. */
static void
descend(struct walk *w, const struct fsk_query *q, uint32_t attr)
{
	struct fsk_entry e[FSK_ENTRIES_MAX];
	const unsigned n = fsk_db_entries(w->x->db, q, e);
	struct export_run *x = w->x;
	unsigned at = 0;

	memset(&x->holds[0], 0, sizeof(x->holds[0]));
	for (unsigned k = 1; k <= q->labels; k++) {
		struct export_name name = { .labels = k,
			.wire = q->wire + fsk_query_at(q, k),
			.len = q->len - fsk_query_at(q, k),
			.above = x->holds[k - 1],
			.self = x->holds[k - 1],
			.below = x->holds[k - 1] };
		unsigned end = at;
		uint32_t first;

		while (end < n && e[end].labels == k)
			end++;
		x->wrote[k] = false;
		x->holds[k] = x->holds[k - 1];
		if (weigh(w, e + at, end - at, &name, &first)) {
			/* Of a name's entries the first stands for all. */
			if (k == q->labels && first != attr)
				return;
			x->holds[k] = x->format->name_rules(
			    x, &name, k == q->labels);
		}
		at = end;
	}
}

static int
each(void *arg, const struct fsk_name *name, uint32_t attr)
{
	struct walk *w = arg;
	const struct attr_rule *r = &w->attr[attr];
	struct fsk_query q;

	if ((++w->done & 4095) == 0)
		progress_show(w->progress, "exporting", w->done, w->all);
	if (r->loses)
		w->x->lost[r->loss]++;
	if (!r->selected)
		return 0;
	fsk_db_query(w->x->db, &q, name->wire, name->len);
	descend(w, &q, attr);
	return w->x->to != NULL && ferror(w->x->to);
}

int
export_walk(struct export_run *x, struct export_choice *c, struct progress *p,
    struct fsk_error *err)
{
	struct walk w = { .x = x, .progress = p };
	int rc = make_rules(&w, c, err);

	if (rc == FSK_OK)
		rc = fsk_db_each(x->db, each, &w, err);
	progress_end(p);
	free(w.attr);
	return rc < 0 ? rc : FSK_OK;
}
