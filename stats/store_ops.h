/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store_ops.h - what a store must be able to do: store.h function by function
 */
#ifndef FRAUDSINK_STATS_STORE_OPS_H
#define FRAUDSINK_STATS_STORE_OPS_H

#include "stats/store.h"

struct store {
	const struct store_ops *ops;
};

struct store_ops {
	void (*close)(struct store *s);
	void (*deadline)(struct store *s, int64_t ms); /* to read */
	int (*begin)(struct store *s, const char *host, struct fsk_error *err);
	int (*commit)(struct store *s, struct fsk_error *err);
	void (*rollback)(struct store *s);
	void (*put_fact)(
	    struct store *s, enum store_step step, const struct store_fact *f);
	void (*put_name)(
	    struct store *s, enum store_step step, const struct store_name *n);
	void (*drop_name)(struct store *s, enum store_step step, int64_t time,
	    const char *name);
	void (*put_rest)(
	    struct store *s, enum store_step step, const struct store_rest *r);
	void (*put_sketch)(struct store *s, enum store_step step,
	    const struct store_sketch *k);
	void (*put_counter)(struct store *s, const struct store_counter *c);
	void (*put_network)(
	    struct store *s, uint32_t asn, const char *organisation);
	void (*put_event)(struct store *s, const struct store_event *e);
	void (*put_ring)(struct store *s, const struct store_ring *r);
	int (*ring)(struct store *s, const uint8_t *id, struct store_ring *r,
	    struct fsk_error *err);
	int (*maintain)(
	    struct store *s, int64_t now, bool *more, struct fsk_error *err);
	int (*facts)(struct store *s, const struct store_query *q,
	    int (*each)(void *arg, const struct store_fact *f), void *arg,
	    struct fsk_error *err);
	int (*names)(struct store *s, const struct store_query *q,
	    int (*each)(void *arg, const struct store_name *n), void *arg,
	    struct fsk_error *err);
	int (*rests)(struct store *s, const struct store_query *q,
	    int (*each)(void *arg, const struct store_rest *r), void *arg,
	    struct fsk_error *err);
	int (*sketches)(struct store *s, const struct store_query *q,
	    int (*each)(void *arg, const struct store_sketch *k), void *arg,
	    struct fsk_error *err);
	int (*counters)(struct store *s, const struct store_query *q,
	    int (*each)(void *arg, const struct store_counter *c), void *arg,
	    struct fsk_error *err);
	int (*rings)(struct store *s,
	    int (*each)(void *arg, const struct store_ring *r), void *arg,
	    struct fsk_error *err);
	int (*networks)(struct store *s,
	    int (*each)(void *arg, uint32_t asn, const char *organisation),
	    void *arg, struct fsk_error *err);
};

int store_sqlite_open(struct store **s, const struct conf *c,
    enum store_use use, struct fsk_error *err);

int store_clickhouse_open(struct store **s, const struct conf *c,
    enum store_use use, struct fsk_error *err);
int store_clickhouse_init(const struct conf *c, struct fsk_error *err);

#endif
