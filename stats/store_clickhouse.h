/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store_clickhouse.h - what the parts of the ClickHouse store share
 *
 *   store_clickhouse.c         opening; what is put goes to SQLite first
 *   store_clickhouse_schema.c  the tables on the server
 *   store_clickhouse_outbox.c  which rows have changed since they were sent
 *   store_clickhouse_send.c    the thread that sends them
 *   store_clickhouse_read.c    questions
 *
 * A collector counts into SQLite on its own disk, as without ClickHouse, and
 * sends what has changed: not what came in addition, but each row as it is
 * now, with the number of its last change.  On the server ReplacingMergeTree
 * keeps of each row the one with the highest number.  So a row may be sent
 * twice, late or in any order, by whoever was killed at whatever moment, and
 * counts once; nothing depends on what a version of the server does about
 * repeated inserts.  While the server is away a row waits once, however often
 * it changes, and a restart needs no server.
 *
 * Rows bear the `origin`, a random number of the database they were counted
 * in: where that is lost or two hosts bear one name, their rows add up instead
 * of replacing each other.
 */
#ifndef FRAUDSINK_STATS_STORE_CLICKHOUSE_H
#define FRAUDSINK_STATS_STORE_CLICKHOUSE_H

#include "stats/clickhouse.h"
#include "stats/sql.h"
#include "stats/store_ops.h"

/* ---- tables ---- */

/* Looks whether the tables are there and of this version. */
int clickhouse_check_schema(
    struct clickhouse *h, const struct conf *c, struct fsk_error *err);

/* Lets go of what is older than is to be kept, on a server that does not do so
 * by itself. */
int clickhouse_expire(struct clickhouse *h, const struct conf *c, int64_t now,
    struct fsk_error *err);

/* ---- the outbox ---- */

#define OUTBOX_TABLES 17

struct outbox {
	struct sql *db; /* a connection of its own */
	uint64_t origin;
	bool name_sketches; /* rows of names have them */
};

/* From now on each row that changes in the database PATH is noted, in the
 * transaction that changes it. */
int outbox_open(struct outbox *o, const char *path, struct fsk_error *err);
void outbox_close(struct outbox *o);

/* Rows of one table of the server. */
struct parcel {
	const char *table, *columns;
	struct text rows;
};

/* The next rows of table I (below OUTBOX_TABLES), as TabSeparated; P is used
 * again and again.  *N changes, the last of which is *LAST. */
int outbox_next(struct outbox *o, unsigned i, struct parcel *p, unsigned *n,
    int64_t *last, struct fsk_error *err);

/* Those up to LAST have arrived. */
int outbox_sent(
    struct outbox *o, unsigned i, int64_t last, struct fsk_error *err);

/* Forgets the oldest changes beyond MOST; *LOST grows by them. */
int outbox_bound(
    struct outbox *o, uint64_t most, uint64_t *lost, struct fsk_error *err);

int64_t outbox_waiting(struct outbox *o);

/* ---- the thread ---- */

struct sender;

int sender_start(
    struct sender **s, const struct conf *c, struct fsk_error *err);
void sender_wake(struct sender *s);
/* What is new of its trouble: true and a sentence, once. */
bool sender_trouble(struct sender *s, struct fsk_error *err);
/* Sends for a few seconds at most, then ends. */
void sender_stop(struct sender *s);

/* ---- questions ---- */

struct clickhouse_store {
	struct store store;
	const struct conf *c;
	struct clickhouse *h; /* STORE_READ */
	struct store *local;  /* STORE_WRITE: SQLite */
	struct sender *sender;
};

extern const struct store_ops clickhouse_read_ops;

#endif
