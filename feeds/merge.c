/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/merge.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "feeds/collect.h"
#include "feeds/dates.h"
#include "feeds/entry.h"
#include "feeds/host.h"
#include "feeds/ingest.h"
#include "feeds/nameset.h"
#include "feeds/policy.h"
#include "lib/db.h"
#include "lib/prefix.h"

/* What the attribute sets of a feed's own list say, decoded once. */
struct known {
	uint32_t since;
	uint32_t claim[2]; /* [1]: aliases may lead to it */
	enum fsk_match_kind match;
	bool allow, path_only, expired;
};

struct member {
	const struct conf_feed *f;
	struct feed_state *s;
	struct fsk_db *db; /* its list; NULL: it has none yet */
	struct known *known;
	size_t number;    /* of its section */
	unsigned minimum; /* feeds that must list a name */
};

struct merger {
	const struct merge_request *r;
	struct member *members;
	size_t n;
	struct nameset allowed; /* with all that is below */
	/* What rules list: names, and names of which all that is below. */
	struct nameset ruled, ruled_below;
	struct policy *policy;
	struct dates *dates; /* of rules */
	struct fsk_writer *w;
	atomic_size_t next;
	pthread_mutex_t lock; /* of all below */
	struct state_file refused;
	struct fsk_error err; /* of the first failure */
};

/* One thread, on the list of one member at a time. */
struct walker {
	struct merger *m;
	pthread_t thread;
	struct fsk_lane *lane;
	struct member *at;
	struct fsk_error err;
};

/* ---- claims ---- */

/* Whether all feeds of the set ATTR are COLLECT_PATH. */
static bool
only_paths(const struct fsk_db *db, uint32_t attr, unsigned feeds)
{
	for (unsigned i = 0; i < feeds; i++)
		if (strcmp(fsk_db_attr_feed(db, attr, i), COLLECT_PATH) != 0)
			return false;
	return feeds > 0;
}

/* The claims of ME for what it lists since SINCE. */
static int
claims_of(const struct merger *m, const struct member *me, struct known *k,
    uint64_t severity, struct fsk_error *err)
{
	struct fsk_claim c = { .feed = me->f->head.title,
		.category = me->f->category,
		.severity = severity == 0 ? FSK_RED : FSK_YELLOW,
		.since = k->since,
		.case_number = me->f->case_number,
		.allow = k->allow };
	int rc = FSK_OK;

	for (unsigned i = 0; i < 2 && rc == FSK_OK; i++) {
		c.class = policy_feed_class(m->policy, me->number, i == 1);
		rc = fsk_writer_claim(m->w, &c, &k->claim[i], err);
	}
	return rc;
}

/* Tells who answers for the feed. */
static int
describe_feed(
    const struct merger *m, const struct conf_feed *f, struct fsk_error *err)
{
	const struct fsk_feed feed = {
		.name = f->head.title,
		.authority = f->authority != NULL ? f->authority : "",
		.legal_basis = f->legal_basis != NULL ? f->legal_basis : "",
		.contact = f->contact != NULL ? f->contact : "",
	};

	return fsk_writer_feed(m->w, &feed, err);
}

/* Opens the list of ME and enters its claims. */
static int
open_member(struct merger *m, struct member *me, struct fsk_error *err)
{
	const struct conf_answer a = conf_answer_of(m->r->c, me->f, NULL, NULL);
	char *path = state_path(m->r->c->state, me->f->head.title, "list.fsdb");
	struct fsk_db_info info;
	int rc;

	if (path == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	me->minimum = (unsigned)a.minimum_feeds;
	if (me->f->trust == TRUST_LOW && me->minimum < 2)
		me->minimum = 2;
	if (access(path, F_OK) == -1) {
		free(path);
		return FSK_OK; /* nothing yet */
	}
	rc = fsk_db_open(&me->db, path, FSK_DB_MAP, err);
	free(path);
	if (rc == FSK_OK)
		rc = describe_feed(m, me->f, err);
	if (rc != FSK_OK)
		return rc;
	fsk_db_info(me->db, &info);
	me->known = calloc(info.attrs + 1u, sizeof(*me->known));
	if (me->known == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < info.attrs && rc == FSK_OK; i++) {
		struct known *k = &me->known[i];
		struct fsk_attr attr;

		fsk_db_attr(me->db, i, &attr);
		k->since = attr.since;
		k->match = attr.match;
		k->allow = attr.allow || me->f->allow;
		k->path_only = only_paths(me->db, i, attr.feeds);
		k->expired = me->f->max_age > 0 &&
		    (uint64_t)attr.since + me->f->max_age / 86400 < m->r->today;
		rc = claims_of(m, me, k, a.severity, err);
	}
	return rc;
}

/* ---- who else lists a name ---- */

/* The last LABELS labels of Q. */
static void
owner_at(const struct fsk_query *q, unsigned labels, struct fsk_name *owner)
{
	const size_t at = fsk_query_at(q, labels);

	owner->len = (uint8_t)(q->len - at);
	memcpy(owner->wire, q->wire + at, owner->len);
}

/* Whether an entry of ME, of the domain LABELS labels deep on the way to Q,
 * makes it block that. */
static bool
takes_part(const struct merger *m, const struct known *k,
    const struct fsk_query *q, unsigned labels)
{
	struct fsk_name owner;

	if (k->allow || k->expired)
		return false;
	if (!k->path_only)
		return true;
	/* Of a shared host its URLs are listed only. */
	owner_at(q, labels, &owner);
	return !guard_shared(m->r->g, &owner);
}

/* Whether ME lists what an entry with MATCH for NAME covers: by an entry for
 * the very NAME (OWNER), or by any. */
static bool
lists(const struct merger *m, const struct member *me,
    const struct fsk_name *name, enum fsk_match_kind match, bool owner)
{
	/* "*.x" does not cover x: ask for a name below. */
	const unsigned below = match == FSK_BELOW &&
		name->len + 2u <= FSK_NAME_MAX
	    ? 2
	    : 0;
	uint8_t wire[FSK_NAME_MAX + 2] = { 1, '*' };
	struct fsk_found found;
	struct fsk_query q;

	if (me->db == NULL || me->f->allow)
		return false;
	memcpy(wire + below, name->wire, name->len);
	fsk_db_query(me->db, &q, wire, name->len + below);
	fsk_db_find(me->db, &q, &found);
	return found.covered &&
	    (!owner || found.labels == q.labels - below / 2) &&
	    takes_part(m, &me->known[found.attr], &q, found.labels);
}

static unsigned
count_feeds(const struct merger *m, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += lists(m, &m->members[i], name, match, true);
	return n;
}

/* Whether another feed lists anything that an exception with MATCH for NAME
 * would take away. */
static bool
other_covers(const struct walker *t, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	for (size_t i = 0; i < t->m->n; i++) {
		const struct member *other = &t->m->members[i];

		if (other == t->at)
			continue;
		if (lists(t->m, other, name, match, false))
			return true;
		/* One for x beats "*.x", too, which does not cover x. */
		if (match == FSK_SUBTREE &&
		    lists(t->m, other, name, FSK_BELOW, false))
			return true;
	}
	return false;
}

/* Whether SET has a name above NAME, or NAME ITSELF. */
static bool
has_above(const struct nameset *set, const struct fsk_name *name, bool itself)
{
	struct fsk_query q;
	uint32_t value;

	if (set->n == 0)
		return false;
	nameset_query(set, &q, name);
	for (unsigned k = itself ? q.labels : q.labels - 1; k > 0; k--)
		if (nameset_find(set, &q, k, &value))
			return true;
	return false;
}

/* The same for the operator's rules. */
static bool
rule_covers(const struct merger *m, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	struct fsk_query q;
	uint32_t value;

	if (match != FSK_EXACT && has_above(&m->ruled_below, name, true))
		return true;
	if (match == FSK_BELOW)
		return false;
	nameset_query(&m->ruled, &q, name);
	return nameset_find(&m->ruled, &q, q.labels, &value) ||
	    has_above(&m->ruled_below, name, false);
}

/* ---- the entries ---- */

/* Why the member at hand does not block NAME, which it lists; NULL: it does. */
static const char *
not_blocked(
    const struct walker *t, const struct fsk_name *name, const struct known *k)
{
	const struct merger *m = t->m;
	const struct member *me = t->at;
	unsigned agree, feeds;
	const char *why = guard_refuses(
	    m->r->g, name, k->match, (enum conf_trust)me->f->trust, &agree);

	if (why != NULL && why != GUARD_AGREE)
		return why;
	if (k->path_only && guard_shared(m->r->g, name))
		return "a shared host: only its listed URLs are known";
	if (has_above(&m->allowed, name, true))
		return "allowed with all that is below";
	if (agree < me->minimum)
		agree = me->minimum;
	if (agree <= 1)
		return NULL;
	feeds = count_feeds(m, name, k->match);
	if (feeds >= agree)
		return NULL;
	return why != NULL ? why : "too few feeds list it";
}

/* Whether an exception for NAME takes anything from what the member at hand
 * blocks.  What is excepted passes whatever its answer is: that is for no feed
 * to say of names that are no matter of its list. */
static bool
is_of_own_list(const struct walker *t, const struct fsk_name *name)
{
	const struct member *me = t->at;
	struct fsk_entry at[FSK_ENTRIES_MAX];
	struct fsk_query q;
	unsigned n;

	fsk_db_query(me->db, &q, name->wire, name->len);
	n = fsk_db_entries(me->db, &q, at);
	for (unsigned i = 0; i < n; i++) {
		const struct known *k = &me->known[at[i].attr];
		struct fsk_name owner;

		if (k->allow || k->expired ||
		    (k->match == FSK_EXACT && at[i].labels < q.labels))
			continue;
		owner_at(&q, at[i].labels, &owner);
		if (not_blocked(t, &owner, k) == NULL)
			return true;
	}
	return false;
}

/* Why the entry NAME of the member at hand is left out; NULL: it is not. */
static const char *
left_out(
    const struct walker *t, const struct fsk_name *name, const struct known *k)
{
	if (k->expired)
		return "older than the feed's max-age";
	if (t->at->f->allow)
		return NULL;
	if (!k->allow)
		return not_blocked(t, name, k);
	if (rule_covers(t->m, name, k->match))
		return "an exception, but a rule lists it";
	if (other_covers(t, name, k->match))
		return "an exception, but another feed lists it";
	return is_of_own_list(t, name)
	    ? NULL
	    : "excepted from nothing that the feed blocks";
}

/* Notes that an entry is left out. */
static int
report(struct walker *t, const char *entry, const char *why)
{
	bool failed;

	pthread_mutex_lock(&t->m->lock);
	t->at->s->refused++;
	failed = fprintf(t->m->refused.to, "%s\t%s\t%s\n", t->at->f->head.title,
		     entry, why) < 0;
	pthread_mutex_unlock(&t->m->lock);
	return failed ? fsk_fail(&t->err, FSK_EIO,
			    "cannot write what is refused: %s", strerror(errno))
		      : FSK_OK;
}

static int
report_name(struct walker *t, const struct fsk_name *name,
    const struct known *k, const char *why)
{
	static const char *const marks[] = { "", "=", "*." };
	char text[FSK_TEXT_MAX], entry[FSK_TEXT_MAX + 2];

	snprintf(entry, sizeof(entry), "%s%s", marks[k->match],
	    fsk_name_to_text(name->wire, text));
	return report(t, entry, why);
}

static int
each_entry(void *arg, const struct fsk_name *name, uint32_t attr)
{
	struct walker *t = arg;
	const struct known *k = &t->at->known[attr];
	const char *why = left_out(t, name, k);

	if (why != NULL)
		return report_name(t, name, k, why);
	return fsk_lane_add(t->lane, name, k->match,
	    k->claim[!guard_is_target(t->m->r->g, name)], &t->err);
}

/* ---- URLs ---- */

/* The claim of the member at hand for what it lists since DAY. */
static bool
claim_of_day(const struct member *me, uint32_t day, uint32_t *claim)
{
	struct fsk_db_info info;

	fsk_db_info(me->db, &info);
	for (uint32_t i = 0; i < info.attrs; i++)
		if (me->known[i].since == day && !me->known[i].allow) {
			*claim = me->known[i].claim[1];
			return !me->known[i].expired;
		}
	return false;
}

/* Enters what is listed as "ip:PREFIX" or "nsip:PREFIX"; false: it is not for
 * this list. */
static int
add_prefix(struct walker *t, const char *prefix, bool servers, bool *listed)
{
	uint8_t addr[FSK_ADDR_LEN];
	const char *why;
	unsigned bits;

	*listed = false;
	if (!t->at->f->addresses ||
	    fsk_prefix_read(prefix, addr, &bits) != NULL)
		return FSK_OK;
	why = guard_refuses_prefix(addr, bits);
	if (why != NULL)
		return report(t, prefix, why);
	*listed = true;
	return policy_address(t->m->policy, addr, bits, servers)
	    ? FSK_OK
	    : fsk_fail(&t->err, FSK_ENOMEM, "out of memory");
}

static int
add_url(struct walker *t, const char *url, uint32_t claim)
{
	bool listed = true;
	int rc = FSK_OK;

	if (strncmp(url, "ip:", 3) == 0)
		rc = add_prefix(t, url + 3, false, &listed);
	else if (strncmp(url, "nsip:", 5) == 0)
		rc = add_prefix(t, url + 5, true, &listed);
	return rc == FSK_OK && listed
	    ? fsk_lane_add_url(t->lane, url, claim, &t->err)
	    : rc;
}

/* The day of the line before, and the claim that it led to. */
struct day {
	uint32_t last, claim;
	bool good;
};

/* Enters what LINE, of the file of URLs, says. */
static int
add_line(struct walker *t, char *line, struct day *d)
{
	char *url;
	const uint32_t day = (uint32_t)strtoul(line, &url, 10);

	if (*url != ' ')
		return FSK_OK; /* not ours */
	if (day != d->last) {
		d->good = claim_of_day(t->at, day, &d->claim);
		d->last = day;
	}
	url[strcspn(url, "\n")] = '\0';
	return d->good ? add_url(t, url + 1, d->claim) : FSK_OK;
}

static int
add_urls(struct walker *t)
{
	const struct conf *c = t->m->r->c;
	char *path = state_path(c->state, t->at->f->head.title, "urls");
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	struct day d = { .last = UINT32_MAX };
	char *line = NULL;
	size_t room = 0;
	int rc = FSK_OK;

	free(path);
	if (f == NULL)
		return FSK_OK;
	while (rc == FSK_OK && getline(&line, &room, f) != -1)
		rc = add_line(t, line, &d);
	free(line);
	fclose(f);
	return rc;
}

/* ---- the threads ---- */

static void *
walk(void *arg)
{
	struct walker *t = arg;
	struct merger *m = t->m;
	size_t i;

	while (t->err.code == FSK_OK &&
	    (i = atomic_fetch_add(&m->next, 1)) < m->n) {
		int rc;

		t->at = &m->members[i];
		if (t->at->db == NULL)
			continue;
		rc = fsk_db_each(t->at->db, each_entry, t, &t->err);
		if (rc == FSK_OK && !t->at->f->allow)
			rc = add_urls(t);
		if (rc != FSK_OK) {
			pthread_mutex_lock(&m->lock);
			if (m->err.code == FSK_OK)
				m->err = t->err;
			pthread_mutex_unlock(&m->lock);
		}
	}
	return NULL;
}

static int
walk_all(struct merger *m, unsigned threads, struct fsk_error *err)
{
	struct walker *walkers = calloc(threads, sizeof(*walkers));
	unsigned started = 0;
	int rc = FSK_OK;

	if (walkers == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (unsigned i = 0; i < threads && rc == FSK_OK; i++) {
		walkers[i].m = m;
		rc = fsk_writer_lane(m->w, &walkers[i].lane, err);
	}
	if (rc == FSK_OK) {
		for (unsigned i = 1; i < threads; i++, started++)
			if (pthread_create(&walkers[i].thread, NULL, walk,
				&walkers[i]) != 0)
				break; /* the others do its work */
		walk(&walkers[0]);
		for (unsigned i = 1; i <= started; i++)
			pthread_join(walkers[i].thread, NULL);
	}
	free(walkers);
	if (rc == FSK_OK && m->err.code != FSK_OK) {
		rc = m->err.code;
		if (err != NULL)
			*err = m->err;
	}
	return rc;
}

/* ---- allow sections that say `subtree` ---- */

static int
each_allowed(void *arg, const struct fsk_name *name, uint32_t attr)
{
	struct merger *m = arg;
	struct fsk_query q;

	/* Of the member that was opened last. */
	if (m->members[m->n - 1].known[attr].expired)
		return 0;
	nameset_query(&m->allowed, &q, name);
	return nameset_add(&m->allowed, &q, q.labels, 0) ? 0 : FSK_ENOMEM;
}

/* ---- what the operator lists himself ---- */

/* One rule on its way. */
struct ruler {
	struct merger *m;
	const struct conf_rule *rule;
	size_t number; /* of its section */
	struct fsk_lane *lane;
	struct since {
		uint32_t day;
		uint32_t claim[2]; /* [1]: aliases may lead to it */
	} * since;                 /* the days that came up so far */
	size_t n;
};

/* Notes that a rule lists E: no feed's exception takes that away. */
static bool
note_rule(struct merger *m, const struct parse_entry *e)
{
	struct fsk_query q;
	bool good = true;

	if (e->match != FSK_BELOW) {
		nameset_query(&m->ruled, &q, &e->name);
		good = nameset_add(&m->ruled, &q, q.labels, 0);
	}
	if (e->match != FSK_EXACT && good) {
		nameset_query(&m->ruled_below, &q, &e->name);
		good = nameset_add(&m->ruled_below, &q, q.labels, 0);
	}
	return good;
}

static int
describe_rule(
    struct merger *m, const struct conf_rule *rule, struct fsk_error *err)
{
	const struct fsk_feed feed = {
		.name = rule->head.title,
		.authority = rule->authority != NULL ? rule->authority : "",
		.legal_basis = rule->legal_basis != NULL ? rule->legal_basis
							 : "",
		.contact = rule->contact != NULL ? rule->contact : "",
	};

	return fsk_writer_feed(m->w, &feed, err);
}

/* Enters the claims of the rule for what it lists since DAY. */
static int
add_since(struct ruler *k, uint32_t day, struct fsk_error *err)
{
	const struct conf_rule *rule = k->rule;
	const struct conf_answer a = conf_answer_of(
	    k->m->r->c, NULL, rule, NULL);
	struct fsk_claim c = { .feed = rule->head.title,
		.category = rule->category,
		.severity = a.severity == 0 ? FSK_RED : FSK_YELLOW,
		.since = day,
		.case_number = rule->case_number,
		.decides = true };
	struct since *more = realloc(k->since, (k->n + 1) * sizeof(*more));
	int rc = FSK_OK;

	if (more == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	k->since = more;
	more[k->n].day = day;
	for (unsigned i = 0; i < 2 && rc == FSK_OK; i++) {
		c.class = policy_rule_class(k->m->policy, k->number, i == 1);
		rc = fsk_writer_claim(k->m->w, &c, &more[k->n].claim[i], err);
	}
	k->n += rc == FSK_OK;
	return rc;
}

/* The claim for ENTRY, which the rule lists.  Rules come one after the other,
 * each in one thread: no lane is in use when it is entered. */
static int
claim_for(struct ruler *k, const char *entry, bool aliases, uint32_t *claim,
    struct fsk_error *err)
{
	uint32_t day;
	size_t i = 0;
	int rc = dates_since(
	    k->m->dates, k->rule->head.title, entry, &day, err);

	while (i < k->n && k->since[i].day != day)
		i++;
	if (rc == FSK_OK && i == k->n)
		rc = add_since(k, day, err);
	if (rc == FSK_OK)
		*claim = k->since[i].claim[aliases];
	return rc;
}

/* Enters what is listed as "ip:PREFIX" or the like, or a URL. */
static int
add_expression(struct ruler *k, struct fsk_lane *lane, const char *text,
    struct fsk_error *err)
{
	uint32_t claim;
	int rc = claim_for(k, text, true, &claim, err);

	return rc == FSK_OK ? fsk_lane_add_url(lane, text, claim, err) : rc;
}

static int
take_rule(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	struct ruler *k = in->arg;
	char text[FSK_TEXT_MAX], entry[FSK_TEXT_MAX + 2];
	uint32_t claim;
	int rc;

	if (e->kind != PARSE_LIST)
		return FSK_OK;
	if (e->url != NULL)
		return add_expression(k, lane, e->url, err);
	if (!note_rule(k->m, e))
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	snprintf(entry, sizeof(entry), "%s%s", entry_mark(e->match),
	    fsk_name_to_text(e->name.wire, text));
	rc = claim_for(
	    k, entry, !guard_is_target(k->m->r->g, &e->name), &claim, err);
	return rc == FSK_OK ? fsk_lane_add(lane, &e->name, e->match, claim, err)
			    : rc;
}

/* Enters the addresses of answers that RULE lists. */
static int
add_places(struct ruler *k, struct fsk_error *err)
{
	const struct conf_rule *rule = k->rule;
	char text[FSK_PREFIX_KEY];
	int rc = FSK_OK;

	for (size_t i = 0; i < rule->prefixes.n && rc == FSK_OK; i++) {
		uint8_t addr[FSK_ADDR_LEN];
		unsigned bits;

		if (fsk_prefix_read(rule->prefixes.at[i], addr, &bits) != NULL)
			continue; /* conf_read() has told */
		rc = policy_address(k->m->policy, addr, bits, false)
		    ? FSK_OK
		    : fsk_fail(err, FSK_ENOMEM, "out of memory");
		if (rc == FSK_OK)
			rc = add_expression(k, k->lane,
			    fsk_prefix_key("ip", addr, bits, text), err);
	}
	for (size_t i = 0; i < rule->countries.n && rc == FSK_OK; i++) {
		snprintf(
		    text, sizeof(text), "country:%s", rule->countries.at[i]);
		rc = add_expression(k, k->lane, text, err);
	}
	for (size_t i = 0; i < rule->networks.n && rc == FSK_OK; i++) {
		const char *number = rule->networks.at[i];

		snprintf(text, sizeof(text), "asn:%lu",
		    strtoul(number + (number[0] == 'A' ? 2 : 0), NULL, 10));
		rc = add_expression(k, k->lane, text, err);
	}
	return rc;
}

/* Enters what RULE lists.  The operator's own word needs no guard but the
 * canaries. */
static int
add_rule(struct merger *m, const struct conf_rule *rule, size_t number,
    struct fsk_error *err)
{
	const struct ingest_options options = { .threads = 1, .strict = true };
	struct ruler k = { .m = m, .rule = rule, .number = number };
	int rc = describe_rule(m, rule, err);

	if (rc == FSK_OK)
		rc = fsk_writer_lane(m->w, &k.lane, err);
	if (rc == FSK_OK)
		rc = add_places(&k, err);
	for (size_t i = 0; i < rule->names.n && rc == FSK_OK; i++) {
		struct parse_entry e = { .kind = PARSE_LIST };
		const struct ingest_input in = { .arg = &k };

		if (host_entry(&e.name, &e.match,
			(enum fsk_match_kind)rule->match, rule->names.at[i],
			strlen(rule->names.at[i])) == NULL)
			rc = take_rule(&in, k.lane, &e, err);
	}
	for (size_t i = 0; i < rule->files.n && rc == FSK_OK; i++) {
		struct ingest_input in = { .path = rule->files.at[i],
			.match = (enum fsk_match_kind)rule->match,
			.take = take_rule,
			.arg = &k };

		rc = ingest(&in, 1, m->w, &options, err);
	}
	free(k.since);
	return rc;
}

static int
add_rules(struct merger *m, struct fsk_error *err)
{
	const struct section_list *rules = &m->r->c->policy.rules;
	const struct conf_rule *rule = rules->at;
	char *before = state_path(m->r->c->state, NULL, "rules.fsdb");
	int rc = before != NULL
	    ? dates_open(&m->dates, before, rules->n > 0 ? m->r->dates : NULL,
		  m->r->today, err)
	    : fsk_fail(err, FSK_ENOMEM, "out of memory");

	free(before);
	for (size_t i = 0; i < rules->n && rc == FSK_OK; i++)
		rc = add_rule(m, &rule[i], i, err);
	return rc;
}

static int
open_members(struct merger *m, struct fsk_error *err)
{
	const struct conf *c = m->r->c;
	int rc = FSK_OK;

	for (size_t i = 0; i < c->nfeeds && rc == FSK_OK; i++) {
		struct member *me = &m->members[m->n];

		if (!c->feeds[i].enabled)
			continue;
		me->f = &c->feeds[i];
		me->number = i;
		me->s = &m->r->states[i];
		me->s->refused = me->s->unique = me->s->entries = 0;
		rc = open_member(m, me, err);
		m->n++;
		if (rc == FSK_OK && me->db != NULL && me->f->allow &&
		    me->f->subtree)
			rc = fsk_db_each(me->db, each_allowed, m, err);
	}
	return rc;
}

/* ---- afterwards: what each feed contributed ---- */

static int
count_members(struct merger *m, struct fsk_error *err)
{
	struct fsk_db_info info;
	struct fsk_db *db;
	uint64_t *count;
	int rc = fsk_db_open(&db, m->r->to, FSK_DB_MAP, err);

	if (rc != FSK_OK)
		return rc;
	fsk_db_info(db, &info);
	count = calloc(info.attrs + 1u, sizeof(*count));
	if (count == NULL) {
		fsk_db_close(db);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	fsk_db_count(db, count);
	for (uint32_t i = 0; i < info.attrs; i++) {
		struct fsk_attr a;

		fsk_db_attr(db, i, &a);
		for (unsigned j = 0; j < a.feeds; j++)
			for (size_t k = 0; k < m->n; k++) {
				struct member *me = &m->members[k];

				if (strcmp(me->f->head.title,
					fsk_db_attr_feed(db, i, j)) != 0)
					continue;
				me->s->entries += count[i];
				if (a.feeds == 1)
					me->s->unique += count[i];
			}
	}
	free(count);
	fsk_db_close(db);
	return FSK_OK;
}

/* The database's key, which the lists of groups share. */
static int
draw_key(uint8_t key[static FSK_KEY_LEN], struct fsk_error *err)
{
	return getrandom(key, FSK_KEY_LEN, 0) == FSK_KEY_LEN
	    ? FSK_OK
	    : fsk_fail(err, FSK_EIO, "cannot draw a key");
}

int
merge(const struct merge_request *r, struct fsk_writer_result *result,
    struct fsk_error *err)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const unsigned threads = r->c->threads != 0 ? (unsigned)r->c->threads
	    : cpus > 0                              ? (unsigned)cpus
						    : 1;
	uint8_t key[FSK_KEY_LEN];
	const struct fsk_writer_options options = {
		.mode = r->c->secret ? FSK_SECRET : FSK_NAMES,
		.threads = threads,
		.memory = r->c->memory,
		.serial = r->serial,
		.created = r->now,
		.key = key,
	};
	struct merger m = { .r = r, .lock = PTHREAD_MUTEX_INITIALIZER };
	int rc;

	nameset_init(&m.allowed);
	nameset_init(&m.ruled);
	nameset_init(&m.ruled_below);
	m.members = calloc(r->c->nfeeds + 1, sizeof(*m.members));
	rc = m.members != NULL ? state_file_open(&m.refused, r->refused, err)
			       : fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (rc == FSK_OK)
		rc = draw_key(key, err);
	if (rc == FSK_OK)
		rc = fsk_writer_open(&m.w, r->to, &options, err);
	if (rc == FSK_OK)
		rc = policy_open(&m.policy, r->c, m.w, key, r->now, err);
	if (rc == FSK_OK)
		rc = add_rules(&m, err);
	if (rc == FSK_OK)
		rc = open_members(&m, err);
	if (rc == FSK_OK)
		rc = walk_all(&m, threads, err);
	if (rc == FSK_OK)
		rc = policy_finish(m.policy, m.w, err);
	if (rc == FSK_OK)
		rc = fsk_writer_publish(m.w, result, err);
	if (rc == FSK_OK)
		rc = count_members(&m, err);
	if (rc == FSK_OK)
		rc = dates_finish(m.dates, err);
	if (rc == FSK_OK)
		rc = state_file_replace(&m.refused, err);
	dates_close(m.dates);
	fsk_writer_close(m.w);
	policy_close(m.policy);
	for (size_t i = 0; i < m.n; i++) {
		fsk_db_close(m.members[i].db);
		free(m.members[i].known);
	}
	state_file_close(&m.refused);
	free(m.members);
	nameset_fini(&m.allowed);
	nameset_fini(&m.ruled);
	nameset_fini(&m.ruled_below);
	return rc;
}
