/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions.  A statement is put together for each: first the rows are added
 * up by their numbers, then the few that come out get their texts and their
 * order.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/store_sqlite.h"

#define PARAMETERS 16

/* A statement in the making. */
struct question {
	char text[4096];
	size_t len;
	struct {
		const char *text; /* NULL: it is a number */
		int64_t number;
	} param[PARAMETERS];
	int params;
};

static void __attribute__((format(printf, 2, 3)))
say(struct question *t, const char *fmt, ...)
{
	const size_t room = sizeof(t->text) - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->text + t->len, room, fmt, ap);
	va_end(ap);
	/* All texts are ours and fit; one that did not would be cut off and be
	 * no SQL. */
	t->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void
say_number(struct question *t, const char *fmt, int64_t number)
{
	say(t, "%s", fmt);
	t->param[t->params].text = NULL;
	t->param[t->params++].number = number;
}

static void
say_text(struct question *t, const char *fmt, const char *text)
{
	say(t, "%s", fmt);
	t->param[t->params++].text = text;
}

/* Only rows of TABLE whose COLUMN has the label TEXT. */
static void
only_label(struct question *t, const char *column, int kind, const char *text)
{
	if (text == NULL)
		return;
	if (*text == '\0') {
		say(t, " AND %s = 0", column);
		return;
	}
	say(t, " AND %s = (SELECT id FROM label WHERE kind = %d", column, kind);
	say_text(t, " AND text = ?)", text);
}

static void
only_number(struct question *t, const char *column, int64_t number)
{
	if (number == STORE_ANY)
		return;
	say(t, " AND %s", column);
	say_number(t, " = ?", number);
}

/* Only rows whose set of feeds has FEED. */
static void
only_feed(struct question *t, const char *feed)
{
	if (feed == NULL)
		return;
	say(t,
	    " AND feedset IN (SELECT feedset FROM feedset_feed WHERE feed = "
	    "(SELECT id FROM label WHERE kind = %d",
	    FSK_LABEL_FEED);
	say_text(t, " AND text = ?))", feed);
}

/* The bucket that the time in COLUMN is in. */
static void
say_bucket(struct question *t, const struct store_query *q, const char *column)
{
	if (q->bucket == 0)
		say(t, "%" PRId64, q->from);
	else
		say(t, "%s - %s %% %" PRIu32, column, column, q->bucket);
}

static void
say_range(struct question *t, const struct store_query *q, const char *column)
{
	say(t, "%s >= %" PRId64 " AND %s < %" PRId64, column, q->from, column,
	    q->to);
}

/* ---- asking ---- */

struct asked {
	struct sql_stmt *st;
	int rc;
};

static struct asked
ask(struct store *store, const struct question *t, struct fsk_error *err)
{
	struct sqlite *s = (struct sqlite *)(void *)store;
	struct asked a = { sql_prepare(s->db, t->text, err), FSK_OK };

	if (a.st == NULL) {
		a.rc = err != NULL ? err->code : FSK_EIO;
		return a;
	}
	for (int i = 0; i < t->params; i++)
		if (t->param[i].text != NULL)
			sql_text(a.st, i + 1, t->param[i].text);
		else
			sql_int(a.st, i + 1, t->param[i].number);
	return a;
}

/* Whether there is another row; none after an error. */
static bool
next(struct asked *a, struct fsk_error *err)
{
	int rc;

	if (a->rc != FSK_OK)
		return false;
	rc = sql_step(a->st, err);
	if (rc < 0)
		a->rc = rc;
	return rc == 1;
}

static int
finish(struct asked *a)
{
	sql_free(a->st);
	return a->rc;
}

/* ---- facts ---- */

static const struct {
	unsigned by;
	const char *column;
} dimensions[] = {
	{ STORE_BY_HOST, "host" },
	{ STORE_BY_FEEDS, "feedset" },
	{ STORE_BY_CATEGORY, "category" },
	{ STORE_BY_SEVERITY, "severity" },
	{ STORE_BY_ACTION, "action" },
	{ STORE_BY_GROUP, "client_group" },
	{ STORE_BY_COUNTRY, "country" },
	{ STORE_BY_ASN, "asn" },
	{ STORE_BY_WOULD, "would" },
};

#define DIMENSIONS (sizeof(dimensions) / sizeof(*dimensions))

static void
facts_question(struct question *t, const struct store_query *q)
{
	const char *word = " GROUP BY ";

	say(t,
	    "SELECT t, coalesce(h.text, ''), coalesce(s.feeds, ''), "
	    "coalesce(c.text, ''), severity, action, coalesce(g.text, ''), "
	    "country, asn, would, hits FROM (SELECT ");
	say_bucket(t, q, "time");
	say(t, " AS t");
	for (size_t i = 0; i < DIMENSIONS; i++)
		if (q->by & dimensions[i].by)
			say(t, ", %s", dimensions[i].column);
		else
			say(t, ", %s AS %s",
			    dimensions[i].by == STORE_BY_COUNTRY ? "''" : "0",
			    dimensions[i].column);
	say(t, ", sum(hits) AS hits FROM fact_%s WHERE ", step_word(q->step));
	say_range(t, q, "time");
	only_label(t, "host", LABEL_HOST, q->host);
	only_feed(t, q->feed);
	only_label(t, "category", FSK_LABEL_CATEGORY, q->category);
	only_label(t, "client_group", FSK_LABEL_GROUP, q->group);
	if (q->country != NULL)
		say_text(t, " AND country = ?", q->country);
	only_number(t, "asn", q->asn);
	only_number(t, "severity", q->severity);
	only_number(t, "action", q->action);
	only_number(t, "would", q->would);
	/* By as little as can be: it is what takes the time. */
	if (q->bucket != 0) {
		say(t, "%s1", word);
		word = ", ";
	}
	for (size_t i = 0; i < DIMENSIONS; i++)
		if (q->by & dimensions[i].by) {
			say(t, "%s%s", word, dimensions[i].column);
			word = ", ";
		}
	say(t,
	    ") LEFT JOIN label h ON h.id = host"
	    " LEFT JOIN feedset s ON s.id = feedset"
	    " LEFT JOIN label c ON c.id = category"
	    " LEFT JOIN label g ON g.id = client_group"
	    " WHERE hits IS NOT NULL"
	    " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
}

int
sqlite_facts(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_fact *f), void *arg,
    struct fsk_error *err)
{
	struct question t = { .len = 0 };
	struct asked a;

	facts_question(&t, q);
	a = ask(s, &t, err);
	while (next(&a, err)) {
		const struct store_fact f = {
			.time = sql_get_int(a.st, 0),
			.host = sql_get_text(a.st, 1),
			.feeds = sql_get_text(a.st, 2),
			.category = sql_get_text(a.st, 3),
			.severity = (uint8_t)sql_get_int(a.st, 4),
			.action = (uint8_t)sql_get_int(a.st, 5),
			.group = sql_get_text(a.st, 6),
			.country = sql_get_text(a.st, 7),
			.asn = (uint32_t)sql_get_int(a.st, 8),
			.would = sql_get_int(a.st, 9) != 0,
			.hits = (uint64_t)sql_get_int(a.st, 10),
		};

		a.rc = each(arg, &f);
	}
	return finish(&a);
}

/* ---- names ---- */

/* A name may have had `most` hits in an hour or day that has no row of it: what
 * it may have more than it has is the sum of its own errors and of all other
 * hours' `most`. */
static void
names_question(struct question *t, const struct store_query *q)
{
	const int64_t limit = q->limit < INT64_MAX ? (int64_t)q->limit
						   : INT64_MAX;

	say(t,
	    "WITH hosts (id, place) AS (SELECT id, row_number() OVER "
	    "(ORDER BY text) FROM label WHERE kind = 0), rest (t, most) AS "
	    "(SELECT ");
	say_bucket(t, q, "time");
	say(t, ", sum(most) FROM name_rest WHERE step = %d AND ", q->step);
	say_range(t, q, "time");
	only_label(t, "host", LABEL_HOST, q->host);
	say(t, " GROUP BY 1), found AS (SELECT ");
	say_bucket(t, q, "p.time");
	/* max() makes the bare columns those of the last row. */
	say(t,
	    " AS t, name, sum(n.hits) AS hits, sum(n.would) AS would, "
	    "sum(error - p.most) AS error, max(n.time * 65536 + place), "
	    "feedset, category, severity FROM name_rest p "
	    "CROSS JOIN name_%s n ON n.time = p.time AND n.host = p.host",
	    step_word(q->step));
	if (q->name != NULL)
		say_text(t, " AND n.name = ?", q->name);
	say(t, " JOIN hosts ON hosts.id = n.host WHERE step = %d AND ",
	    q->step);
	say_range(t, q, "p.time");
	only_label(t, "p.host", LABEL_HOST, q->host);
	only_feed(t, q->feed);
	only_label(t, "category", FSK_LABEL_CATEGORY, q->category);
	only_number(t, "severity", q->severity);
	say(t, " GROUP BY 1, 2)");
	/* So many of each bucket; counting is for nothing if there is only one
	 * bucket, and where all are wanted. */
	if (q->limit != 0 && q->bucket == 0)
		say_number(t,
		    ", first AS (SELECT * FROM found "
		    "ORDER BY hits + would DESC, name LIMIT ?)",
		    limit);
	else if (q->limit != 0)
		say_number(t,
		    ", first AS (SELECT * FROM (SELECT *, row_number() OVER "
		    "(PARTITION BY t ORDER BY hits + would DESC, name) "
		    "AS place FROM found) WHERE place <= ?)",
		    limit);
	say(t,
	    " SELECT t, name, hits, would, error + rest.most, "
	    "coalesce(s.feeds, ''), coalesce(c.text, ''), severity "
	    "FROM %s JOIN rest USING (t)"
	    " LEFT JOIN feedset s ON s.id = feedset"
	    " LEFT JOIN label c ON c.id = category"
	    " ORDER BY t, hits + would DESC, name",
	    q->limit != 0 ? "first" : "found");
}

int
sqlite_names(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_name *n), void *arg,
    struct fsk_error *err)
{
	struct question t = { .len = 0 };
	struct asked a;

	names_question(&t, q);
	a = ask(s, &t, err);
	while (next(&a, err)) {
		const struct store_name n = {
			.time = sql_get_int(a.st, 0),
			.host = "",
			.name = sql_get_text(a.st, 1),
			.hits = (uint64_t)sql_get_int(a.st, 2),
			.would = (uint64_t)sql_get_int(a.st, 3),
			.error = (uint64_t)sql_get_int(a.st, 4),
			.feeds = sql_get_text(a.st, 5),
			.category = sql_get_text(a.st, 6),
			.severity = (uint8_t)sql_get_int(a.st, 7),
		};

		a.rc = each(arg, &n);
	}
	return finish(&a);
}

int
sqlite_rests(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_rest *r), void *arg,
    struct fsk_error *err)
{
	struct question t = { .len = 0 };
	struct asked a;

	say(&t,
	    "SELECT t, coalesce(h.text, ''), hits, would, most FROM "
	    "(SELECT ");
	say_bucket(&t, q, "time");
	say(&t,
	    " AS t, host, sum(hits) AS hits, sum(would) AS would, "
	    "sum(most) AS most FROM name_rest WHERE step = %d AND ",
	    q->step);
	say_range(&t, q, "time");
	only_label(&t, "host", LABEL_HOST, q->host);
	say(&t,
	    " GROUP BY 1, 2) LEFT JOIN label h ON h.id = host "
	    "ORDER BY 1, 2");
	a = ask(s, &t, err);
	while (next(&a, err)) {
		const struct store_rest r = {
			.time = sql_get_int(a.st, 0),
			.host = sql_get_text(a.st, 1),
			.hits = (uint64_t)sql_get_int(a.st, 2),
			.would = (uint64_t)sql_get_int(a.st, 3),
			.most = (uint64_t)sql_get_int(a.st, 4),
		};

		a.rc = each(arg, &r);
	}
	return finish(&a);
}

/* ---- sketches ---- */

/* Wherever there are sketches, there is a row of name_rest: so a kind and a
 * key are looked up hour by hour instead of looking through all. */
static void
say_periods(struct question *t, const struct store_query *q)
{
	say(t, " WHERE step = %d AND ", q->step);
	say_range(t, q, "p.time");
	only_label(t, "p.host", LABEL_HOST, q->host);
}

static void
other_sketches(struct question *t, const struct store_query *q)
{
	say(t, "SELECT ");
	say_bucket(t, q, "p.time");
	say(t,
	    " AS t, kind, k.would AS w, key, sketch FROM name_rest p "
	    "CROSS JOIN sketch_%s k ON k.time = p.time AND k.host = p.host",
	    step_word(q->step));
	only_number(t, "kind", q->kind);
	if (q->would == STORE_ANY)
		say(t, " AND k.would IN (0, 1)");
	only_number(t, "k.would", q->would);
	if (q->name != NULL)
		say_text(t, " AND key = ?", q->name);
	say_periods(t, q);
}

/* Those of names stand in their rows. */
static void
name_sketches(struct question *t, const struct store_query *q, int would)
{
	const char *column = would ? "would_sketch" : "sketch";

	say(t, "SELECT ");
	say_bucket(t, q, "p.time");
	say(t,
	    " AS t, %d AS kind, %d AS w, name AS key, %s AS sketch FROM "
	    "name_rest p CROSS JOIN name_day n ON n.time = p.time AND "
	    "n.host = p.host",
	    STORE_NAME, would, column);
	if (q->name != NULL)
		say_text(t, " AND name = ?", q->name);
	say_periods(t, q);
	say(t, " AND %s IS NOT NULL", column);
}

static void
sketches_question(struct question *t, const struct store_query *q)
{
	bool some = false;

	say(t, "SELECT t, kind, w, key, sketch_union(sketch) FROM (");
	if (q->kind != STORE_NAME) {
		other_sketches(t, q);
		some = true;
	}
	for (int would = 0; would < 2; would++) {
		if (q->step != STORE_DAY ||
		    (q->kind != STORE_NAME && q->kind != STORE_ANY) ||
		    (q->would != would && q->would != STORE_ANY))
			continue;
		if (some)
			say(t, " UNION ALL ");
		name_sketches(t, q, would);
		some = true;
	}
	if (!some) /* names have none by hour */
		say(t,
		    "SELECT 0 AS t, 0 AS kind, 0 AS w, '' AS key, "
		    "NULL AS sketch WHERE 0");
	say(t, ") GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4");
}

int
sqlite_sketches(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_sketch *k), void *arg,
    struct fsk_error *err)
{
	struct question t = { .len = 0 };
	struct asked a;

	sketches_question(&t, q);
	a = ask(s, &t, err);
	while (next(&a, err)) {
		struct sketch sketch;
		const struct store_sketch k = {
			.time = sql_get_int(a.st, 0),
			.host = "",
			.kind = (enum store_sketch_kind)sql_get_int(a.st, 1),
			.would = sql_get_int(a.st, 2) != 0,
			.key = sql_get_text(a.st, 3),
			.sketch = &sketch,
		};
		size_t len;
		const uint8_t *octets = sql_get_blob(a.st, 4, &len);

		/* It was made by sketch_union(): it is one. */
		if (sketch_unpack(&sketch, octets, len) != NULL)
			a.rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
		else
			a.rc = each(arg, &k);
		sketch_fini(&sketch);
	}
	return finish(&a);
}

/* ---- the rest ---- */

int
sqlite_counters(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_counter *c), void *arg,
    struct fsk_error *err)
{
	struct question t = { .len = 0 };
	struct asked a;

	say(&t,
	    "SELECT t, coalesce(h.text, ''), counter, "
	    "coalesce(l.text, ''), value FROM (SELECT ");
	say_bucket(&t, q, "time");
	say(&t,
	    " AS t, host, counter, label, sum(value) AS value "
	    "FROM counter_%s WHERE ",
	    step_word(q->step));
	say_range(&t, q, "time");
	only_label(&t, "host", LABEL_HOST, q->host);
	say(&t,
	    " GROUP BY 1, 2, 3, 4) LEFT JOIN label h ON h.id = host"
	    " LEFT JOIN label l ON l.id = label ORDER BY 1, 2, 3, 4");
	a = ask(s, &t, err);
	while (next(&a, err)) {
		const struct store_counter c = {
			.time = sql_get_int(a.st, 0),
			.host = sql_get_text(a.st, 1),
			.counter = (unsigned)sql_get_int(a.st, 2),
			.label = sql_get_text(a.st, 3),
			.value = (uint64_t)sql_get_int(a.st, 4),
		};

		a.rc = each(arg, &c);
	}
	return finish(&a);
}

int
sqlite_rings(struct store *s,
    int (*each)(void *arg, const struct store_ring *r), void *arg,
    struct fsk_error *err)
{
	struct store_ring *r = calloc(1, sizeof(*r));
	struct question t = { .len = 0 };
	struct asked a;

	if (r == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	say(&t,
	    "SELECT ring.id, coalesce(text, ''), seen, serial, created, "
	    "entries FROM ring LEFT JOIN label ON label.id = host "
	    "ORDER BY 2, 1");
	a = ask(s, &t, err);
	while (next(&a, err)) {
		size_t len;
		const uint8_t *id = sql_get_blob(a.st, 0, &len);

		memcpy(r->id, id, len < sizeof(r->id) ? len : sizeof(r->id));
		r->host = sql_get_text(a.st, 1);
		r->seen = sql_get_int(a.st, 2);
		r->serial = (uint64_t)sql_get_int(a.st, 3);
		r->created = (uint64_t)sql_get_int(a.st, 4);
		r->entries = (uint64_t)sql_get_int(a.st, 5);
		a.rc = each(arg, r);
	}
	free(r);
	return finish(&a);
}

int
sqlite_networks(struct store *s,
    int (*each)(void *arg, uint32_t asn, const char *organisation), void *arg,
    struct fsk_error *err)
{
	struct question t = { .len = 0 };
	struct asked a;

	say(&t, "SELECT asn, organisation FROM network ORDER BY 1");
	a = ask(s, &t, err);
	while (next(&a, err))
		a.rc = each(
		    arg, (uint32_t)sql_get_int(a.st, 0), sql_get_text(a.st, 1));
	return finish(&a);
}
