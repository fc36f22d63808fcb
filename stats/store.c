/* SPDX-License-Identifier: BSD-3-Clause */
/* Which store it is, is known here only. */
#include "stats/store.h"

#include <stddef.h>

#include "stats/store_ops.h"

int
store_open(struct store **s, const struct conf *c, enum store_use use,
    struct fsk_error *err)
{
	*s = NULL;
	if (c->store == CONF_SQLITE)
		return store_sqlite_open(s, c, use, err);
	return store_clickhouse_open(s, c, use, err);
}

int
store_init(const struct conf *c, struct fsk_error *err)
{
	struct store *s;
	int rc;

	if (c->store == CONF_CLICKHOUSE)
		return store_clickhouse_init(c, err);
	rc = store_open(&s, c, STORE_WRITE, err);
	store_close(s);
	return rc;
}

void
store_close(struct store *s)
{
	if (s != NULL)
		s->ops->close(s);
}

void
store_deadline(struct store *s, int64_t ms)
{
	s->ops->deadline(s, ms);
}

/* ---- writing ---- */

int
store_begin(struct store *s, const char *host, struct fsk_error *err)
{
	return s->ops->begin(s, host, err);
}

int
store_commit(struct store *s, struct fsk_error *err)
{
	return s->ops->commit(s, err);
}

void
store_rollback(struct store *s)
{
	s->ops->rollback(s);
}

void
store_put_fact(
    struct store *s, enum store_step step, const struct store_fact *f)
{
	s->ops->put_fact(s, step, f);
}

void
store_put_name(
    struct store *s, enum store_step step, const struct store_name *n)
{
	s->ops->put_name(s, step, n);
}

void
store_drop_name(
    struct store *s, enum store_step step, int64_t time, const char *name)
{
	s->ops->drop_name(s, step, time, name);
}

void
store_put_rest(
    struct store *s, enum store_step step, const struct store_rest *r)
{
	s->ops->put_rest(s, step, r);
}

void
store_put_sketch(
    struct store *s, enum store_step step, const struct store_sketch *k)
{
	s->ops->put_sketch(s, step, k);
}

void
store_put_counter(struct store *s, const struct store_counter *c)
{
	s->ops->put_counter(s, c);
}

void
store_put_network(struct store *s, uint32_t asn, const char *organisation)
{
	s->ops->put_network(s, asn, organisation);
}

void
store_put_event(struct store *s, const struct store_event *e)
{
	s->ops->put_event(s, e);
}

void
store_put_ring(struct store *s, const struct store_ring *r)
{
	s->ops->put_ring(s, r);
}

int
store_ring(struct store *s, const uint8_t id[static 16], struct store_ring *r,
    struct fsk_error *err)
{
	return s->ops->ring(s, id, r, err);
}

int
store_maintain(struct store *s, int64_t now, bool *more, struct fsk_error *err)
{
	return s->ops->maintain(s, now, more, err);
}

/* ---- reading ---- */

int
store_facts(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_fact *f), void *arg,
    struct fsk_error *err)
{
	return s->ops->facts(s, q, each, arg, err);
}

int
store_names(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_name *n), void *arg,
    struct fsk_error *err)
{
	return s->ops->names(s, q, each, arg, err);
}

int
store_rests(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_rest *r), void *arg,
    struct fsk_error *err)
{
	return s->ops->rests(s, q, each, arg, err);
}

int
store_sketches(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_sketch *k), void *arg,
    struct fsk_error *err)
{
	return s->ops->sketches(s, q, each, arg, err);
}

int
store_counters(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_counter *c), void *arg,
    struct fsk_error *err)
{
	return s->ops->counters(s, q, each, arg, err);
}

int
store_rings(struct store *s, int (*each)(void *arg, const struct store_ring *r),
    void *arg, struct fsk_error *err)
{
	return s->ops->rings(s, each, arg, err);
}

int
store_networks(struct store *s,
    int (*each)(void *arg, uint32_t asn, const char *organisation), void *arg,
    struct fsk_error *err)
{
	return s->ops->networks(s, each, arg, err);
}
