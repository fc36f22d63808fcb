/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening; what is put goes to SQLite, and from there by itself. */
#include "stats/store_clickhouse.h"

#include <stdlib.h>

static struct clickhouse_store *
mine(struct store *s)
{
	return (struct clickhouse_store *)(void *)s;
}

static void
close_store(struct store *store)
{
	struct clickhouse_store *s = mine(store);

	sender_stop(s->sender);
	store_close(s->local);
	clickhouse_close(s->h);
	free(s);
}

/* ---- a collector's ---- */

static int
begin(struct store *s, const char *host, struct fsk_error *err)
{
	return store_begin(mine(s)->local, host, err);
}

static int
commit(struct store *s, struct fsk_error *err)
{
	int rc = store_commit(mine(s)->local, err);

	if (rc == FSK_OK)
		sender_wake(mine(s)->sender);
	return rc;
}

static void
rollback(struct store *s)
{
	store_rollback(mine(s)->local);
}

static void
put_fact(struct store *s, enum store_step step, const struct store_fact *f)
{
	store_put_fact(mine(s)->local, step, f);
}

static void
put_name(struct store *s, enum store_step step, const struct store_name *n)
{
	store_put_name(mine(s)->local, step, n);
}

static void
drop_name(struct store *s, enum store_step step, int64_t time, const char *name)
{
	store_drop_name(mine(s)->local, step, time, name);
}

static void
put_rest(struct store *s, enum store_step step, const struct store_rest *r)
{
	store_put_rest(mine(s)->local, step, r);
}

static void
put_sketch(struct store *s, enum store_step step, const struct store_sketch *k)
{
	store_put_sketch(mine(s)->local, step, k);
}

static void
put_counter(struct store *s, const struct store_counter *c)
{
	store_put_counter(mine(s)->local, c);
}

static void
put_network(struct store *s, uint32_t asn, const char *organisation)
{
	store_put_network(mine(s)->local, asn, organisation);
}

static void
put_event(struct store *s, const struct store_event *e)
{
	store_put_event(mine(s)->local, e);
}

static void
put_ring(struct store *s, const struct store_ring *r)
{
	store_put_ring(mine(s)->local, r);
}

static int
get_ring(struct store *s, const uint8_t *id, struct store_ring *r,
    struct fsk_error *err)
{
	return store_ring(mine(s)->local, id, r, err);
}

static int
maintain(struct store *s, int64_t now, bool *more, struct fsk_error *err)
{
	int rc = store_maintain(mine(s)->local, now, more, err);

	if (rc != FSK_OK)
		return rc;
	sender_wake(mine(s)->sender);
	return sender_trouble(mine(s)->sender, err) ? FSK_EIO : FSK_OK;
}

static int
facts(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_fact *f), void *arg,
    struct fsk_error *err)
{
	return store_facts(mine(s)->local, q, each, arg, err);
}

static int
names(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_name *n), void *arg,
    struct fsk_error *err)
{
	return store_names(mine(s)->local, q, each, arg, err);
}

static int
rests(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_rest *r), void *arg,
    struct fsk_error *err)
{
	return store_rests(mine(s)->local, q, each, arg, err);
}

static int
sketches(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_sketch *k), void *arg,
    struct fsk_error *err)
{
	return store_sketches(mine(s)->local, q, each, arg, err);
}

static int
counters(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_counter *c), void *arg,
    struct fsk_error *err)
{
	return store_counters(mine(s)->local, q, each, arg, err);
}

static int
rings(struct store *s, int (*each)(void *arg, const struct store_ring *r),
    void *arg, struct fsk_error *err)
{
	return store_rings(mine(s)->local, each, arg, err);
}

static int
networks(struct store *s,
    int (*each)(void *arg, uint32_t asn, const char *organisation), void *arg,
    struct fsk_error *err)
{
	return store_networks(mine(s)->local, each, arg, err);
}

static const struct store_ops write_ops = {
	.close = close_store,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.put_fact = put_fact,
	.put_name = put_name,
	.drop_name = drop_name,
	.put_rest = put_rest,
	.put_sketch = put_sketch,
	.put_counter = put_counter,
	.put_network = put_network,
	.put_event = put_event,
	.put_ring = put_ring,
	.ring = get_ring,
	.maintain = maintain,
	.facts = facts,
	.names = names,
	.rests = rests,
	.sketches = sketches,
	.counters = counters,
	.rings = rings,
	.networks = networks,
};

/* ---- opening ---- */

static int
open_writer(struct clickhouse_store *s, struct fsk_error *err)
{
	int rc = store_sqlite_open(&s->local, s->c, STORE_WRITE, err);

	s->store.ops = &write_ops;
	if (rc == FSK_OK)
		rc = sender_start(&s->sender, s->c, err);
	return rc;
}

static int
open_reader(struct clickhouse_store *s, struct fsk_error *err)
{
	int rc = clickhouse_open(&s->h, s->c, err);

	s->store.ops = &clickhouse_read_ops;
	if (rc == FSK_OK)
		rc = clickhouse_check_schema(s->h, s->c, err);
	return rc;
}

int
store_clickhouse_open(struct store **out, const struct conf *c,
    enum store_use use, struct fsk_error *err)
{
	struct clickhouse_store *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (s == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	s->c = c;
	rc = use == STORE_WRITE ? open_writer(s, err) : open_reader(s, err);
	if (rc != FSK_OK) {
		close_store(&s->store);
		return rc;
	}
	*out = &s->store;
	return FSK_OK;
}
