/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rows have changed.  Triggers note the key of each row that is written,
 * numbered by the change; a row that changes again gets a new number, so that
 * who has sent it before takes back no more than what was sent.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "stats/store_clickhouse.h"

#define CHANGES_AT_ONCE 20000
#define OCTETS_AT_ONCE  (8u << 20)

#define LABEL(column) \
	"coalesce((SELECT text FROM label WHERE label.id = " column "), '')"
#define FEEDS \
	"coalesce((SELECT feeds FROM feedset WHERE feedset.id = t.feedset), " \
	"'')"
#define HOST LABEL("o.host")

/* What of a table goes where.  The server's table has `origin` and `version`
 * behind COLUMNS. */
static const struct outbox_table {
	const char *name, *from, *to;
	const char *key;  /* columns here */
	const char *when; /* rows that count; NULL: all */
	/* As they go, of the change `o` and the row `t`; if SEND is NULL they
	 * do not. */
	const char *send, *values, *columns;
	bool gone; /* removed rows are told */
} tables[OUTBOX_TABLES] = {
#define FACT(table) \
	{ \
		table, table, table, \
		    "time, host, feedset, category, severity, action, " \
		    "client_group, country, asn, would", \
		    NULL, "t.hits", \
		    "o.time, " HOST ", " FEEDS ", " LABEL( \
			"o.category") ", " \
				      "o.severity, o.action, " LABEL( \
					  "o.client_group") ", " \
							    "o.country, " \
							    "o.asn, o.would, " \
							    "t.hits", \
		    "time, host, feeds, category, severity, action, " \
		    "client_group, country, asn, would, hits", \
		    false \
	}
	FACT("fact_minute"),
	FACT("fact_hour"),
	FACT("fact_day"),
#define COUNTER(table) \
	{ \
		table, table, table, "time, host, counter, label", NULL, \
		    "t.value", \
		    "o.time, " HOST \
		    ", o.counter, " LABEL("o.label") ", t.value", \
		    "time, host, counter, label, value", false \
	}
	COUNTER("counter_minute"),
	COUNTER("counter_hour"),
	COUNTER("counter_day"),
#define NAME(table) \
	{ \
		table, table, table, "time, host, name", NULL, "1", \
		    "o.time, " HOST ", o.name, " FEEDS ", " LABEL( \
			"t.category") ", coalesce(t.severity, 0), " \
				      "coalesce(t.hits, 0), " \
				      "coalesce(t.would, 0), " \
				      "coalesce(t.error, 0), t.hits IS NULL", \
		    "time, host, name, feeds, category, severity, hits, " \
		    "would, " \
		    "error, gone", \
		    true \
	}
	NAME("name_hour"),
	NAME("name_day"),
#define SKETCH(table) \
	{ \
		table, table, table, "time, host, kind, would, key", NULL, \
		    "1", \
		    "o.time, " HOST ", o.kind, o.would, o.key, " \
		    "coalesce(t.sketch, ''), t.sketch IS NULL", \
		    "time, host, kind, would, key, sketch, gone", true \
	}
	SKETCH("sketch_hour"),
	SKETCH("sketch_day"),
#define REST(table, step) \
	{ \
		table, "name_rest", table, "step, time, host", "step = " step, \
		    "t.hits", "o.time, " HOST ", t.hits, t.would, t.most", \
		    "time, host, hits, would, most", false \
	}
	REST("rest_hour", "3600"),
	REST("rest_day", "86400"),
	{ "event", "event", "event", "id", NULL, "t.time",
	    "t.time, " LABEL(
		"t.host") ", o.id, t.name, t.qtype, " FEEDS
			  ", " LABEL("t.category") ", " LABEL(
			      "t.client_group") ", "
						"t.severity, t.action, "
						"t.transport, t.would, "
						"t.country, t.asn, "
						"coalesce(t.client, ''), "
						"t.case_number",
	    "time, host, id, name, qtype, feeds, category, client_group, "
	    "severity, action, transport, would, country, asn, client, "
	    "case_number",
	    false },
	{ "ring", "ring", "ring", "id", NULL, "t.seen",
	    "o.id, " LABEL("t.host") ", t.seen, t.serial, t.created, "
				     "t.entries",
	    "id, host, seen, serial, created, entries", false },
	{ "network", "network", "network", "asn", NULL, "t.asn",
	    "o.asn, '', t.organisation", "asn, host, organisation", false },
/* The last ones: only if names have their sketches themselves. */
#define NAME_SKETCH(name, column, would) \
	{ \
		name, "name_day", "sketch_day", "time, host, name", NULL, \
		    "CASE WHEN t.hits IS NULL THEN 1 ELSE t." column " END", \
		    "o.time, " HOST ", 5, " would \
		    ", o.name, coalesce(t." column ", ''), t.hits IS NULL", \
		    "time, host, kind, would, key, sketch, gone", true \
	}
	NAME_SKETCH("name_sketch", "sketch", "0"),
	NAME_SKETCH("name_would_sketch", "would_sketch", "1"),
};

static unsigned
table_count(const struct outbox *o)
{
	return o->name_sketches ? OUTBOX_TABLES : OUTBOX_TABLES - 2;
}

/* ---- statements ---- */

/* Says FMT with each column of KEY in the place of '#'. */
static void
say_key(struct text *t, const char *key, const char *fmt, const char *between)
{
	const char *sep = "";

	while (*key != '\0') {
		const size_t len = strcspn(key, ",");

		text_say(t, "%s", sep);
		for (const char *p = fmt; *p != '\0'; p++)
			if (*p == '#')
				text_add(t, key, len);
			else
				text_add(t, p, 1);
		sep = between;
		key += len;
		key += strspn(key, ", ");
	}
}

static int
run(struct sql *db, struct text *t, struct fsk_error *err)
{
	int rc = t->failed ? fsk_fail(err, FSK_ENOMEM, "out of memory")
			   : sql_run(db, t->at, err);

	free(t->at);
	return rc;
}

static int
number(struct sql *db, const char *query, int64_t *n, struct fsk_error *err)
{
	struct sql_stmt *st = sql_prepare(db, query, err);
	int rc;

	*n = 0;
	if (st == NULL)
		return err != NULL ? err->code : FSK_EIO;
	rc = sql_step(st, err);
	if (rc == 1)
		*n = sql_get_int(st, 0);
	sql_free(st);
	return rc < 0 ? rc : FSK_OK;
}

/* ---- opening ---- */

static void
say_trigger(struct text *t, const struct outbox_table *b, const char *what,
    const char *row)
{
	char side[16];

	text_say(t, "CREATE TRIGGER IF NOT EXISTS out_%s_%s AFTER %s ON %s ",
	    b->name, what, what, b->from);
	if (b->when != NULL)
		text_say(t, "WHEN %s.%s ", row, b->when);
	/* Nothing of this depends on how conflicts are resolved: that would be
	 * as the statement outside says. */
	text_say(t, "BEGIN DELETE FROM out_%s WHERE ", b->name);
	snprintf(side, sizeof(side), "# = %s.#", row);
	say_key(t, b->key, side, " AND ");
	text_say(t, "; INSERT INTO out_%s (%s) VALUES (", b->name, b->key);
	snprintf(side, sizeof(side), "%s.#", row);
	say_key(t, b->key, side, ", ");
	text_say(t, "); END;");
}

static int
make_table(struct sql *db, const struct outbox_table *b, struct fsk_error *err)
{
	struct text t = { .at = NULL };

	text_say(&t,
	    "CREATE TABLE IF NOT EXISTS out_%s (seq INTEGER PRIMARY KEY "
	    "AUTOINCREMENT, ",
	    b->name);
	say_key(&t, b->key, "#", ", ");
	text_say(&t, ", UNIQUE (%s));", b->key);
	say_trigger(&t, b, "INSERT", "NEW");
	say_trigger(&t, b, "UPDATE", "NEW");
	if (b->gone)
		say_trigger(&t, b, "DELETE", "OLD");
	return run(db, &t, err);
}

/* What was counted before there was an outbox is to be sent as well. */
static int
fill(struct sql *db, const struct outbox_table *b, struct fsk_error *err)
{
	struct text t = { .at = NULL };

	text_say(&t, "INSERT INTO out_%s (%s) SELECT %s FROM %s", b->name,
	    b->key, b->key, b->from);
	if (b->when != NULL)
		text_say(&t, " WHERE %s", b->when);
	return run(db, &t, err);
}

static int
make_tables(struct outbox *o, struct fsk_error *err)
{
	struct text t = { .at = NULL };
	int64_t there, columns;
	int rc = number(o->db,
	    "SELECT count(*) FROM sqlite_schema WHERE name = 'out_state'",
	    &there, err);

	if (rc == FSK_OK)
		rc = number(o->db,
		    "SELECT count(*) FROM pragma_table_info('name_day') "
		    "WHERE name LIKE '%sketch'",
		    &columns, err);
	if (rc != FSK_OK)
		return rc;
	o->name_sketches = columns == 2;
	for (unsigned i = 0; rc == FSK_OK && i < table_count(o); i++) {
		rc = make_table(o->db, &tables[i], err);
		if (rc == FSK_OK && there == 0)
			rc = fill(o->db, &tables[i], err);
	}
	if (rc != FSK_OK || there != 0)
		return rc;
	if (getrandom(&o->origin, sizeof(o->origin), 0) != sizeof(o->origin))
		return fsk_fail(err, FSK_EIO, "there are no random numbers");
	o->origin >>= 1; /* SQLite's numbers have a sign */
	text_say(&t,
	    "CREATE TABLE out_state (origin INTEGER NOT NULL); "
	    "INSERT INTO out_state VALUES (%" PRIu64 ")",
	    o->origin);
	return run(o->db, &t, err);
}

int
outbox_open(struct outbox *o, const char *path, struct fsk_error *err)
{
	int64_t origin;
	int rc = sql_open(&o->db, path, true, err);

	if (rc == FSK_OK)
		rc = sql_run(o->db, "BEGIN IMMEDIATE", err);
	if (rc == FSK_OK)
		rc = make_tables(o, err);
	if (rc == FSK_OK)
		rc = sql_run(o->db, "COMMIT", err);
	if (rc == FSK_OK)
		rc = number(
		    o->db, "SELECT origin FROM out_state", &origin, err);
	if (rc != FSK_OK) {
		outbox_close(o);
		return rc;
	}
	o->origin = (uint64_t)origin;
	return FSK_OK;
}

void
outbox_close(struct outbox *o)
{
	sql_close(o->db);
	o->db = NULL;
}

/* ---- sending ---- */

static void
take_row(const struct outbox *o, struct sql_stmt *st, unsigned fields,
    struct text *rows)
{
	for (unsigned i = 0; i < fields; i++) {
		size_t len;
		const uint8_t *octets = sql_get_blob(st, (int)i + 2, &len);

		if (octets != NULL)
			text_field(rows, octets, len);
		text_add(rows, "\t", 1);
	}
	text_say(
	    rows, "%" PRIu64 "\t%" PRId64 "\n", o->origin, sql_get_int(st, 0));
}

int
outbox_next(struct outbox *o, unsigned i, struct parcel *p, unsigned *n,
    int64_t *last, struct fsk_error *err)
{
	const struct outbox_table *b = &tables[i];
	struct text t = { .at = NULL };
	struct sql_stmt *st;
	unsigned fields = 1;
	int rc;

	*n = 0;
	p->table = b->to;
	p->columns = b->columns;
	p->rows.len = 0;
	if (i >= table_count(o))
		return FSK_OK;
	for (const char *c = b->columns; *c != '\0'; c++)
		fields += *c == ',';
	text_say(&t,
	    "SELECT o.seq, (%s) IS NULL, %s FROM out_%s o LEFT JOIN %s t ON ",
	    b->send, b->values, b->name, b->from);
	say_key(&t, b->key, "t.# = o.#", " AND ");
	text_say(&t, " ORDER BY o.seq LIMIT %d", CHANGES_AT_ONCE);
	if (t.failed)
		fsk_fail(err, FSK_ENOMEM, "out of memory");
	st = t.failed ? NULL : sql_prepare(o->db, t.at, err);
	free(t.at);
	if (st == NULL)
		return err->code;
	while ((rc = sql_step(st, err)) == 1) {
		if (sql_get_int(st, 1) == 0)
			take_row(o, st, fields, &p->rows);
		*last = sql_get_int(st, 0);
		++*n;
		if (p->rows.len > OCTETS_AT_ONCE)
			break;
	}
	sql_free(st);
	if (rc >= 0 && p->rows.failed)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	return rc < 0 ? rc : FSK_OK;
}

int
outbox_sent(struct outbox *o, unsigned i, int64_t last, struct fsk_error *err)
{
	char text[128];

	snprintf(text, sizeof(text), "DELETE FROM out_%s WHERE seq <= %" PRId64,
	    tables[i].name, last);
	return sql_run(o->db, text, err);
}

int64_t
outbox_waiting(struct outbox *o)
{
	int64_t all = 0, n;
	char text[128];

	for (unsigned i = 0; i < table_count(o); i++) {
		snprintf(text, sizeof(text), "SELECT count(*) FROM out_%s",
		    tables[i].name);
		if (number(o->db, text, &n, NULL) == FSK_OK)
			all += n;
	}
	return all;
}

int
outbox_bound(
    struct outbox *o, uint64_t most, uint64_t *lost, struct fsk_error *err)
{
	int64_t over = outbox_waiting(o) - (int64_t)most;
	int rc = FSK_OK;

	/* Events and minutes first, days last: what is dropped of these shows
	 * for the longest time. */
	static const unsigned order[] = { 12, 0, 3, 8, 6, 1, 4, 10, 15, 16, 9,
		7, 5, 2, 11, 13, 14 };

	for (unsigned i = 0;
	     rc == FSK_OK && over > 0 && i < sizeof(order) / sizeof(*order);
	     i++) {
		char text[256];
		int64_t gone;

		if (order[i] >= table_count(o))
			continue;
		snprintf(text, sizeof(text),
		    "DELETE FROM out_%s WHERE seq IN (SELECT seq FROM out_%s "
		    "ORDER BY seq LIMIT %" PRId64 ")",
		    tables[order[i]].name, tables[order[i]].name, over);
		rc = sql_run(o->db, text, err);
		gone = rc == FSK_OK ? sql_changed(o->db) : 0;
		over -= gone;
		*lost += (uint64_t)gone;
	}
	return rc;
}
