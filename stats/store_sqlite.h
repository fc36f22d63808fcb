/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store_sqlite.h - what the parts of the SQLite store share
 *
 *   store_sqlite.c         opening, batches, what is put
 *   store_sqlite_schema.c  the tables, and how older ones become them
 *   store_sqlite_read.c    questions
 *   store_sqlite_keep.c    what is let go of
 */
#ifndef FRAUDSINK_STATS_STORE_SQLITE_H
#define FRAUDSINK_STATS_STORE_SQLITE_H

#include "stats/sql.h"
#include "stats/store_ops.h"
#include "stats/table.h"

/* Kinds of labels; those of the ring keep their numbers. */
#define LABEL_HOST 0

enum statement {
	PUT_FACT, /* of minute, hour, day */
	PUT_COUNTER = PUT_FACT + 3,
	PUT_SKETCH = PUT_COUNTER + 3, /* minute: none */
	PUT_NAME = PUT_SKETCH + 3,
	DROP_NAME = PUT_NAME + 3,
	PUT_REST = DROP_NAME + 3,
	PUT_NETWORK,
	PUT_EVENT,
	PUT_RING,
	GET_LABEL,
	PUT_LABEL,
	GET_SET,
	PUT_SET,
	PUT_MEMBER,
	STATEMENTS
};

struct sqlite {
	struct store store; /* first: what others have a pointer to */
	const struct conf *c;
	struct sql *db;
	struct sql_stmt *st[STATEMENTS]; /* NULL until it is needed */
	struct table labels, sets;       /* text to id, int64_t */
	int64_t host;                    /* of the batch */
	bool failed;                     /* a put did: */
	struct fsk_error why;
	uint8_t packed[2][SKETCH_PACKED_MAX];
};

/* 0, 1, 2 for minute, hour, day; and that word. */
static inline unsigned
step_index(enum store_step step)
{
	return step == STORE_MINUTE ? 0 : step == STORE_HOUR ? 1 : 2;
}
const char *step_word(enum store_step step);

/* Makes the tables in DB or brings them to this version; !WRITE: only looks
 * whether they are. */
int sqlite_schema(
    struct sql *db, const char *path, bool write, struct fsk_error *err);

/* The same with any table of scripts: [I] are the statements, up to NULL, that
 * lead from version I to I + 1. */
int sqlite_migrate(struct sql *db, const char *path, bool write,
    const char *const *const *scripts, unsigned n, struct fsk_error *err);

int sqlite_maintain(
    struct store *s, int64_t now, bool *more, struct fsk_error *err);

int sqlite_facts(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_fact *f), void *arg,
    struct fsk_error *err);
int sqlite_names(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_name *n), void *arg,
    struct fsk_error *err);
int sqlite_rests(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_rest *r), void *arg,
    struct fsk_error *err);
int sqlite_sketches(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_sketch *k), void *arg,
    struct fsk_error *err);
int sqlite_counters(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_counter *c), void *arg,
    struct fsk_error *err);
int sqlite_rings(struct store *s,
    int (*each)(void *arg, const struct store_ring *r), void *arg,
    struct fsk_error *err);
int sqlite_networks(struct store *s,
    int (*each)(void *arg, uint32_t asn, const char *organisation), void *arg,
    struct fsk_error *err);

#endif
