/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is let go of.  Each call does a bounded amount of work, so that the
 * collector never stays away from its rings for long.
 */
#include <stdio.h>
#include <string.h>

#include "stats/store_sqlite.h"

#define ROWS_A_CALL 20000 /* that are deleted, more or less */
#define LATE        900   /* seconds after its end that an hour stays open */
#define RING_LIFE   (90 * 86400) /* of what is known of a ring, unseen */
#define LEAST_FREE  500          /* pages that make it worth while */
#define FREE_PAGES  2000 /* that are given back to the file system at once */

/* ---- old rows ---- */

static const struct {
	const char *table;
	unsigned step; /* 0, 1, 2 */
} tables[] = {
	{ "fact_minute", 0 },
	{ "counter_minute", 0 },
	{ "fact_hour", 1 },
	{ "counter_hour", 1 },
	{ "name_hour", 1 },
	{ "sketch_hour", 1 },
	{ "fact_day", 2 },
	{ "counter_day", 2 },
	{ "name_day", 2 },
	{ "sketch_day", 2 },
};

/* Runs the statement TEXT with A and B; *CHANGED grows by the rows. */
static int
run(struct sql *db, const char *text, int64_t a, int64_t b, int64_t *changed,
    struct fsk_error *err)
{
	struct sql_stmt *st = sql_prepare(db, text, err);
	int rc;

	if (st == NULL)
		return err != NULL ? err->code : FSK_EIO;
	sql_int(st, 1, a);
	sql_int(st, 2, b);
	rc = sql_step(st, err);
	sql_free(st);
	if (rc == FSK_OK)
		*changed += sql_changed(db);
	return rc;
}

/* Deletes the rows of TABLE before LIMIT, the oldest time first. */
static int
delete_old(struct sql *db, const char *table, int64_t limit, int64_t *changed,
    struct fsk_error *err)
{
	char text[160];
	int rc = FSK_OK;

	snprintf(text, sizeof(text),
	    "DELETE FROM %s WHERE time = (SELECT min(time) FROM %s) AND "
	    "time < ?1 AND ?2 = 0",
	    table, table);
	while (rc == FSK_OK && *changed < ROWS_A_CALL) {
		const int64_t before = *changed;

		rc = run(db, text, limit, 0, changed, err);
		if (*changed == before)
			break;
	}
	return rc;
}

static int
delete_by_age(
    struct sqlite *s, int64_t now, int64_t *changed, struct fsk_error *err)
{
	const uint64_t keep[] = { s->c->keep_minutes, s->c->keep_hours,
		s->c->keep_days };
	static const unsigned seconds[] = { 60, 3600, 86400 };
	int rc = FSK_OK;

	for (size_t i = 0; rc == FSK_OK && i < sizeof(tables) / sizeof(*tables);
	     i++) {
		const unsigned step = tables[i].step;

		/* Whole minutes, hours and days that are older. */
		if (keep[step] != 0)
			rc = delete_old(s->db, tables[i].table,
			    now - (int64_t)keep[step] - seconds[step] + 1,
			    changed, err);
	}
	for (unsigned step = 1; rc == FSK_OK && step < 3; step++)
		if (keep[step] != 0)
			rc = run(s->db,
			    "DELETE FROM name_rest WHERE step = ?2 AND "
			    "time < ?1",
			    now - (int64_t)keep[step] - seconds[step] + 1,
			    seconds[step], changed, err);
	if (rc == FSK_OK && s->c->keep_events != 0)
		rc = run(s->db,
		    "DELETE FROM event WHERE id IN (SELECT id FROM event "
		    "WHERE time < ?1 ORDER BY time LIMIT ?2)",
		    (now - (int64_t)s->c->keep_events) * 1000000, ROWS_A_CALL,
		    changed, err);
	if (rc == FSK_OK)
		rc = run(s->db, "DELETE FROM ring WHERE seen < ?1 AND ?2 = 0",
		    now - RING_LIFE, 0, changed, err);
	return rc;
}

/* ---- names of hours and days that are over ---- */

/* An hour or day of a host. */
struct period {
	enum store_step step;
	int64_t time, host;
};

static int
find_period(struct sqlite *s, int64_t now, struct period *p, bool *found,
    struct fsk_error *err)
{
	struct sql_stmt *st = sql_prepare(s->db,
	    "SELECT step, time, host FROM name_rest WHERE closed = 0 AND "
	    "time + step + ?1 <= ?2 LIMIT 1",
	    err);
	int rc;

	*found = false;
	if (st == NULL)
		return err != NULL ? err->code : FSK_EIO;
	sql_int(st, 1, LATE);
	sql_int(st, 2, now);
	rc = sql_step(st, err);
	if (rc == 1) {
		p->step = (enum store_step)sql_get_int(st, 0);
		p->time = sql_get_int(st, 1);
		p->host = sql_get_int(st, 2);
		*found = true;
		rc = FSK_OK;
	}
	sql_free(st);
	return rc;
}

/* What is done to close the period (?1 step, ?2 time, ?3 host): of its names
 * those behind the first ?4 and those with less than ?5 hits go, and are added
 * to the rest. */
static const char *const closing[] = {
	"CREATE TEMP TABLE IF NOT EXISTS gone (name TEXT PRIMARY KEY) "
	"WITHOUT ROWID",
	"DELETE FROM gone",
	"INSERT INTO gone SELECT name FROM (SELECT name, hits + would AS "
	"count, row_number() OVER (ORDER BY hits + would DESC, name) AS place "
	"FROM name_%s WHERE time = ?2 AND host = ?3) "
	"WHERE place > ?4 OR count < ?5",
	"UPDATE name_rest SET closed = 1, hits = name_rest.hits + g.hits, "
	"would = name_rest.would + g.would, "
	"most = max(name_rest.most, g.most) "
	"FROM (SELECT coalesce(sum(n.hits), 0) AS hits, "
	"coalesce(sum(n.would), 0) AS would, "
	"coalesce(max(n.hits + n.would + n.error), 0) AS most "
	"FROM gone CROSS JOIN name_%s n ON n.time = ?2 AND n.host = ?3 AND "
	"n.name = gone.name) AS g "
	"WHERE step = ?1 AND time = ?2 AND host = ?3",
	"DELETE FROM name_%s WHERE time = ?2 AND host = ?3 AND "
	"name IN (SELECT name FROM gone)",
};

static int
close_period(struct sqlite *s, const struct period *p, struct fsk_error *err)
{
	const uint64_t most = p->step == STORE_HOUR ? s->c->hour_names
						    : s->c->day_names;
	int rc = FSK_OK;

	for (size_t i = 0;
	     rc == FSK_OK && i < sizeof(closing) / sizeof(*closing); i++) {
		struct sql_stmt *st;
		const char *table = strstr(closing[i], "%s");
		char text[700];

		if (table != NULL)
			snprintf(text, sizeof(text), "%.*s%s%s",
			    (int)(table - closing[i]), closing[i],
			    step_word(p->step), table + 2);
		else
			snprintf(text, sizeof(text), "%s", closing[i]);
		st = sql_prepare(s->db, text, err);
		if (st == NULL)
			return err != NULL ? err->code : FSK_EIO;
		sql_int(st, 1, p->step);
		sql_int(st, 2, p->time);
		sql_int(st, 3, p->host);
		sql_int(st, 4, (int64_t)most);
		sql_int(st, 5, (int64_t)s->c->least_hits);
		rc = sql_step(st, err);
		sql_free(st);
	}
	return rc;
}

/* ---- space ---- */

static int64_t
number(struct sql *db, const char *text)
{
	struct sql_stmt *st = sql_prepare(db, text, NULL);
	int64_t n = st != NULL && sql_step(st, NULL) == 1 ? sql_get_int(st, 0)
							  : 0;

	sql_free(st);
	return n;
}

/* Gives pages back to the file system when a fifth of the file is free: some
 * free ones are needed again soon. */
static int
give_back(struct sqlite *s, bool *more, struct fsk_error *err)
{
	const int64_t free_pages = number(s->db, "PRAGMA freelist_count");
	const int64_t pages = number(s->db, "PRAGMA page_count");
	char text[64];

	if (free_pages < LEAST_FREE || free_pages < pages / 5)
		return FSK_OK;
	*more = true;
	snprintf(
	    text, sizeof(text), "PRAGMA incremental_vacuum(%d)", FREE_PAGES);
	return sql_run(s->db, text, err);
}

int
sqlite_maintain(
    struct store *store, int64_t now, bool *more, struct fsk_error *err)
{
	struct sqlite *s = (struct sqlite *)(void *)store;
	int64_t changed = 0;
	struct period p;
	bool found = false;
	int rc = sql_run(s->db, "BEGIN IMMEDIATE", err);

	*more = false;
	if (rc != FSK_OK)
		return rc;
	rc = delete_by_age(s, now, &changed, err);
	if (rc == FSK_OK)
		rc = find_period(s, now, &p, &found, err);
	if (rc == FSK_OK && found)
		rc = close_period(s, &p, err);
	if (rc == FSK_OK)
		rc = sql_run(s->db, "COMMIT", err);
	if (rc != FSK_OK) {
		store_rollback(store);
		return rc;
	}
	*more = found || changed >= ROWS_A_CALL;
	return give_back(s, more, err);
}
