/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/stats/model.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "stats/rollup.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

void
model_init(struct model *m, const char *extra)
{
	char all[1024];

	snprintf(
	    all, sizeof(all), "feeds-state = \"%s/feeds\"\n%s", kit_dir, extra);
	*m = (struct model){ .c = stats_conf(all) };
}

void
model_fini(struct model *m)
{
	conf_free(m->c);
	free(m->event);
}

void
model_add(struct model *m, const struct model_event *e)
{
	if (m->n == m->room) {
		m->room = m->room == 0 ? 256 : 2 * m->room;
		m->event = realloc(m->event, m->room * sizeof(*m->event));
		ck_assert_ptr_nonnull(m->event);
	}
	m->event[m->n++] = *e;
}

/* The lower, the more often. */
static unsigned
skewed(unsigned n)
{
	return kit_below(kit_below(n) + 1);
}

void
model_random(struct model *m, unsigned n, unsigned days)
{
	static const struct {
		const char *name, *set, *category;
		unsigned severity;
	} names[] = { { "a.example", "alpha", "phishing", 2 },
		{ "b.example", "alpha\nbeta", "scam", 2 },
		{ "c.example", "beta", "", 1 },
		{ "d.example", "alpha\nbeta\ngamma", "phishing", 2 },
		{ "e.example", "delta", "scam", 2 },
		{ "f.example", "alpha", "phishing", 1 },
		{ "g.example", "beta\ndelta", "malware", 2 },
		{ "h.example", "gamma", "scam", 2 },
		{ "i.example", "epsilon", "phishing", 2 } };
	static const char *const groups[] = { "", "school", "bank" };
	static const char *const countries[] = { "BE", "NL", "", "PL", "CN" };
	static const char *const hosts[] = { "one", "two" };

	for (unsigned i = 0; i < n; i++) {
		const unsigned name = skewed(9), client = skewed(120);

		model_add(m,
		    &(struct model_event){
			.time = MODEL_NOW - kit_below(days * DAY - 36000),
			.host = hosts[kit_below(3) == 0],
			.name = names[name].name,
			.set = names[name].set,
			.category = names[name].category,
			.group = groups[client % 3],
			.country = countries[client % 17 % 5],
			.asn = client % 7 == 6 ? 0 : 64500 + client % 7,
			.severity = names[name].severity,
			.action = kit_below(2) ? 0 : 2,
			.client = client,
			.would = kit_below(8) == 0,
		    });
	}
}

/* ---- storing ---- */

static uint32_t
set_of(struct words *w, const char *set)
{
	uint16_t feed[FSK_EVENT_FEEDS];
	unsigned n = 0;

	while (*set != '\0') {
		const size_t len = strcspn(set, "\n");
		char text[64];

		snprintf(text, sizeof(text), "%.*s", (int)len, set);
		feed[n++] = words_number(w, FSK_LABEL_FEED, text);
		set += len + (set[len] != '\0');
	}
	return words_set(w, feed, n);
}

static void
add(struct rollup *r, const struct model_event *e)
{
	const uint64_t key[2] = { (uint64_t)(e->time / DAY), 5 + e->key };
	struct words *w = rollup_words(r);
	struct rollup_event v = { .time = (uint64_t)e->time * 1000000,
		.feeds = set_of(w, e->set),
		.category = words_number(w, FSK_LABEL_CATEGORY, e->category),
		.group = words_number(w, FSK_LABEL_GROUP, e->group),
		.severity = (uint8_t)e->severity,
		.action = (uint8_t)e->action,
		.would = e->would,
		.asn = e->asn,
		.tag = (uint32_t)(e->time / DAY) + (e->key << 20) };
	struct fsk_name name = kit_name(e->name);
	uint8_t client[4];

	fsk_put32(client, e->client);
	v.client = fsk_siphash(key, client, sizeof(client));
	snprintf(v.country, sizeof(v.country), "%s", e->country);
	v.qname = name.wire;
	v.qname_len = name.len;
	v.entry = fsk_name_labels(name.wire);
	ck_assert(rollup_add(r, &v));
}

static void
store_host(const struct model *m, struct store *s, const char *host)
{
	struct rollup *r = rollup_new(m->c);
	struct fsk_error err;

	ck_assert_ptr_nonnull(r);
	for (unsigned i = 0; i < m->n; i++)
		if (strcmp(m->event[i].host, host) == 0) {
			add(r, &m->event[i]);
			if (m->event[i].asn == 64500)
				rollup_network(r, 64500, "Example \"Net\"");
		}
	stats_good(store_begin(s, host, &err), &err);
	stats_good(rollup_put(r, s, &err), &err);
	stats_good(store_commit(s, &err), &err);
	rollup_free(r);
}

void
model_store(const struct model *m)
{
	struct store *s = stats_open(m->c, STORE_WRITE);

	for (unsigned i = 0; i < m->n; i++) {
		bool first = true;

		for (unsigned j = 0; j < i; j++)
			first &= strcmp(m->event[i].host, m->event[j].host) !=
			    0;
		if (first)
			store_host(m, s, m->event[i].host);
	}
	store_close(s);
}

/* ---- recomputing ---- */

const char *
model_key(enum ask_dimension d, const struct model_event *e, unsigned i)
{
	static char text[2][64];
	const char *set = e->set;
	char *to = text[d == ASK_NETWORKS];

	if (d == ASK_FEEDS) {
		for (; i > 0 && *set != '\0'; i--) {
			set += strcspn(set, "\n");
			set += *set != '\0';
		}
		if (*set == '\0')
			return NULL;
		snprintf(to, 64, "%.*s", (int)strcspn(set, "\n"), set);
		return to;
	}
	if (i > 0)
		return NULL;
	switch (d) {
	case ASK_NAMES:
		return e->name;
	case ASK_CATEGORIES:
		return e->category;
	case ASK_COUNTRIES:
		return e->country;
	case ASK_GROUPS:
		return e->group;
	case ASK_HOSTS:
		return e->host;
	case ASK_ACTIONS:
		return ask_action(e->action);
	case ASK_SEVERITIES:
		return ask_severity(e->severity);
	case ASK_NETWORKS:
		snprintf(to, 64, "%" PRIu32, e->asn);
		return e->asn == 0 ? "" : to;
	case ASK_FEEDS:
	case ASK_NOTHING:
	case ASK_DIMENSIONS:
		break;
	}
	return "";
}

static bool
has_key(enum ask_dimension d, const struct model_event *e, const char *key)
{
	const char *k;

	for (unsigned i = 0; (k = model_key(d, e, i)) != NULL; i++)
		if (key == NULL || strcmp(k, key) == 0)
			return true;
	return false;
}

static bool
is(const char *filter, const char *value)
{
	return filter == NULL || strcmp(filter, value) == 0;
}

bool
model_has(const struct ask *a, const struct model_event *e)
{
	return e->time >= a->from && e->time < a->to && e->would == a->would &&
	    is(a->host, e->host) && is(a->category, e->category) &&
	    is(a->group, e->group) && is(a->country, e->country) &&
	    has_key(ASK_FEEDS, e, a->feed);
}

uint64_t
model_hits(const struct model *m, const struct ask *a, const char *key,
    const char *part)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < m->n; i++)
		n += model_has(a, &m->event[i]) &&
		    has_key(a->what, &m->event[i], key) &&
		    has_key(a->by, &m->event[i], part);
	return n;
}

unsigned
model_clients(const struct model *m, const struct ask *a, const char *key)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++) {
		const struct model_event *e = &m->event[i];
		bool fresh = model_has(a, e) && has_key(a->what, e, key);

		for (unsigned j = 0; fresh && j < i; j++) {
			const struct model_event *f = &m->event[j];

			fresh = f->client != e->client ||
			    f->time / DAY != e->time / DAY ||
			    !model_has(a, f) || !has_key(a->what, f, key);
		}
		n += fresh;
	}
	return n;
}

/* ---- asking ---- */

void
model_ask(const struct model *m, struct ask *a, struct answers *as,
    int (*run)(struct ask *a, struct store *s, struct answers *as,
	struct fsk_error *err))
{
	struct store *s = stats_open(m->c, STORE_READ);
	struct fsk_error err;

	answers_init(as);
	stats_good(run(a, s, as, &err), &err);
	ck_assert(!answers_failed(as));
	store_close(s);
}

const char *
model_refused(const struct model *m, struct ask *a,
    int (*run)(struct ask *a, struct store *s, struct answers *as,
	struct fsk_error *err))
{
	struct store *s = stats_open(m->c, STORE_READ);
	static struct fsk_error err;
	struct answers as;

	answers_init(&as);
	ck_assert_int_eq(run(a, s, &as, &err), FSK_EINVAL);
	answers_fini(&as);
	store_close(s);
	return err.text;
}

const struct answer_cell *
model_cell(const struct answer *a, size_t row, const char *column)
{
	for (unsigned c = 0; c < a->columns; c++)
		if (strcmp(a->column[c].name, column) == 0)
			return answer_at(a, row, c);
	ck_abort_msg("'%s' has no column '%s'", a->name, column);
	return NULL;
}

const char *
model_text(const struct answer *a, size_t row, const char *column)
{
	const struct answer_cell *c = model_cell(a, row, column);

	return c->given ? c->text : "";
}

uint64_t
model_count(const struct answer *a, size_t row, const char *column)
{
	return model_cell(a, row, column)->count;
}

int
model_row(const struct answer *a, const char *text)
{
	for (size_t r = 0; r < a->rows; r++)
		if (strcmp(answer_at(a, r, 0)->text, text) == 0)
			return (int)r;
	return -1;
}
