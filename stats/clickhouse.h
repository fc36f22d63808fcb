/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clickhouse.h - queries to a ClickHouse server over HTTP: the only place that
 * knows libcurl
 *
 * Rows come and go as TabSeparated: fields between tabs, with a backslash
 * before what would end them.  An answer is asked for as a whole
 * (wait_end_of_query), so that a query that fails half way is an error and not
 * a short answer.
 *
 * A connection belongs to one thread.
 */
#ifndef FRAUDSINK_STATS_CLICKHOUSE_H
#define FRAUDSINK_STATS_CLICKHOUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "stats/conf.h"

#define CLICKHOUSE_FIELDS 16 /* of a row, at most */

struct clickhouse;

/* A text in the making; zeroes are an empty one, free(t->at) ends it. */
struct text {
	char *at;
	size_t len, room;
	bool failed; /* out of memory */
};

void text_add(struct text *t, const void *octets, size_t len);
void text_say(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* As a literal of SQL. */
void text_quote(struct text *t, const char *text);
/* As a field of TabSeparated. */
void text_field(struct text *t, const void *octets, size_t len);

/* Fields of a row, undone; each ends with NUL, lengths are in LEN. */
struct row {
	unsigned n;
	char *at[CLICKHOUSE_FIELDS];
	size_t len[CLICKHOUSE_FIELDS];
};

/* C must outlive it.  Nothing is sent yet. */
int clickhouse_open(
    struct clickhouse **h, const struct conf *c, struct fsk_error *err);
void clickhouse_close(struct clickhouse *h);

/* A running request ends soon once *STOP is true; set by another thread. */
void clickhouse_stop_at(struct clickhouse *h, const _Atomic bool *stop);

/* From MS milliseconds from now on requests fail with FSK_ELATE, also one that
 * is on its way. */
void clickhouse_deadline(struct clickhouse *h, int64_t ms);

/* Sends QUERY; each row of the answer goes to EACH (which may be NULL) until it
 * returns other than 0, which is returned then. */
int clickhouse_ask(struct clickhouse *h, const struct text *query,
    int (*each)(void *arg, const struct row *r), void *arg,
    struct fsk_error *err);

/* The same, of a constant. */
int clickhouse_run(
    struct clickhouse *h, const char *query, struct fsk_error *err);

/* Sends ROWS by "INSERT INTO `database`.TABLE (COLUMNS)".  After an error they
 * may be there or not. */
int clickhouse_insert(struct clickhouse *h, const char *table,
    const char *columns, const struct text *rows, struct fsk_error *err);

#endif
