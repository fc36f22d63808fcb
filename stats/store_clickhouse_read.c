/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions.  FINAL leaves of each row the version of the highest number, also
 * where the server has not merged them yet.  It is in the innermost query with
 * nothing but columns of the key: what else is asked for is looked at when
 * only one version is left.  No column has the name of a result, which
 * ClickHouse would take for it.  Some versions give a row for no rows at all
 * if they are grouped by constants: HAVING takes it away.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/store_clickhouse.h"

static struct clickhouse_store *
mine(struct store *s)
{
	return (struct clickhouse_store *)(void *)s;
}

static const char *
word(enum store_step step)
{
	return step == STORE_MINUTE ? "minute"
	    : step == STORE_HOUR    ? "hour"
				    : "day";
}

static int64_t
number(const struct row *r, unsigned i)
{
	return strtoll(r->at[i], NULL, 10);
}

static uint64_t
count(const struct row *r, unsigned i)
{
	return strtoull(r->at[i], NULL, 10);
}

/* ---- parts of questions ---- */

static void
say_bucket(struct text *t, const struct store_query *q)
{
	if (q->bucket == 0)
		text_say(t, "toInt64(%" PRId64 ")", q->from);
	else
		text_say(t, "time - time %% %" PRIu32, q->bucket);
}

static void
only_text(struct text *t, const char *column, const char *text)
{
	if (text == NULL)
		return;
	text_say(t, " AND %s = ", column);
	text_quote(t, text);
}

static void
only_number(struct text *t, const char *column, int64_t n)
{
	if (n != STORE_ANY)
		text_say(t, " AND %s = %" PRId64, column, n);
}

static void
only_feed(struct text *t, const char *feed)
{
	if (feed == NULL)
		return;
	text_say(t, " AND has(splitByChar('\\n', feeds), ");
	text_quote(t, feed);
	text_say(t, ")");
}

/* The rows of TABLE in the time and of the host that are asked for, open for
 * more conditions of the key; end_rows() closes it. */
static void
say_rows(struct text *t, const struct clickhouse_store *s, const char *columns,
    const char *table, const struct store_query *q)
{
	text_say(t,
	    "(SELECT %s FROM `%s`.%s_%s FINAL WHERE time >= %" PRId64
	    " AND time < %" PRId64,
	    columns, s->c->clickhouse.database, table, word(q->step), q->from,
	    q->to);
	only_text(t, "host", q->host);
}

static int
ask(struct clickhouse_store *s, struct text *t,
    int (*each)(void *arg, const struct row *r), void *arg,
    struct fsk_error *err)
{
	int rc = clickhouse_ask(s->h, t, each, arg, err);

	free(t->at);
	return rc;
}

/* ---- facts ---- */

static const struct {
	unsigned by;
	const char *column, *none;
} dimensions[] = {
	{ STORE_BY_HOST, "host", "''" },
	{ STORE_BY_FEEDS, "feeds", "''" },
	{ STORE_BY_CATEGORY, "category", "''" },
	{ STORE_BY_SEVERITY, "severity", "0" },
	{ STORE_BY_ACTION, "action", "0" },
	{ STORE_BY_GROUP, "client_group", "''" },
	{ STORE_BY_COUNTRY, "country", "''" },
	{ STORE_BY_ASN, "asn", "0" },
	{ STORE_BY_WOULD, "would", "0" },
};

#define DIMENSIONS (sizeof(dimensions) / sizeof(*dimensions))

struct facts {
	int (*each)(void *arg, const struct store_fact *f);
	void *arg;
};

static int
give_fact(void *arg, const struct row *r)
{
	const struct facts *a = arg;
	const struct store_fact f = {
		.time = number(r, 0),
		.host = r->at[1],
		.feeds = r->at[2],
		.category = r->at[3],
		.severity = (uint8_t)number(r, 4),
		.action = (uint8_t)number(r, 5),
		.group = r->at[6],
		.country = r->at[7],
		.asn = (uint32_t)number(r, 8),
		.would = number(r, 9) != 0,
		.hits = count(r, 10),
	};

	return a->each(a->arg, &f);
}

static int
facts(struct store *store, const struct store_query *q,
    int (*each)(void *arg, const struct store_fact *f), void *arg,
    struct fsk_error *err)
{
	struct facts a = { each, arg };
	struct text t = { .at = NULL };

	text_say(&t, "SELECT ");
	say_bucket(&t, q);
	text_say(&t, " AS r0");
	for (size_t i = 0; i < DIMENSIONS; i++)
		text_say(&t, ", %s AS r%zu",
		    q->by & dimensions[i].by ? dimensions[i].column
					     : dimensions[i].none,
		    i + 1);
	text_say(&t, ", sum(hits) AS r10 FROM ");
	say_rows(&t, mine(store), "*", "fact", q);
	only_text(&t, "category", q->category);
	only_text(&t, "client_group", q->group);
	only_text(&t, "country", q->country);
	only_number(&t, "asn", q->asn);
	only_number(&t, "severity", q->severity);
	only_number(&t, "action", q->action);
	only_number(&t, "would", q->would);
	only_feed(&t, q->feed);
	text_say(&t,
	    ") GROUP BY r0, r1, r2, r3, r4, r5, r6, r7, r8, r9 "
	    "HAVING count() > 0 "
	    "ORDER BY r0, r1, r2, r3, r4, r5, r6, r7, r8, r9");
	return ask(mine(store), &t, give_fact, &a, err);
}

/* ---- names ---- */

/* By how much all names of a bucket may be wrong. */
struct most {
	int64_t time;
	uint64_t most;
};

struct names {
	int (*each)(void *arg, const struct store_name *n);
	void *arg;
	struct most *most;
	size_t n, room, at;
};

static int
take_most(void *arg, const struct row *r)
{
	struct names *a = arg;

	if (a->n == a->room) {
		const size_t room = a->room * 2 + 64;
		struct most *more = realloc(a->most, room * sizeof(*more));

		if (more == NULL)
			return FSK_ENOMEM;
		a->most = more;
		a->room = room;
	}
	a->most[a->n++] = (struct most){ number(r, 0), count(r, 1) };
	return 0;
}

static int
give_name(void *arg, const struct row *r)
{
	struct names *a = arg;
	struct store_name n = {
		.time = number(r, 0),
		.host = "",
		.name = r->at[1],
		.hits = count(r, 2),
		.would = count(r, 3),
		.error = (uint64_t)number(r, 4),
		.feeds = r->at[5],
		.category = r->at[6],
		.severity = (uint8_t)number(r, 7),
	};

	/* Both come by time. */
	while (a->at < a->n && a->most[a->at].time < n.time)
		a->at++;
	if (a->at < a->n && a->most[a->at].time == n.time)
		n.error += a->most[a->at].most;
	return a->each(a->arg, &n);
}

static void
names_question(struct text *t, const struct clickhouse_store *s,
    const struct store_query *q)
{
	text_say(t, "SELECT ");
	say_bucket(t, q);
	text_say(t,
	    " AS r0, name AS r1, sum(hits) AS r2, sum(would) AS r3, "
	    "sum(toInt64(error) - toInt64(most)) AS r4, "
	    "argMax(feeds, (time, host, origin)) AS r5, "
	    "argMax(category, (time, host, origin)) AS r6, "
	    "argMax(severity, (time, host, origin)) AS r7 FROM "
	    "(SELECT * FROM ");
	say_rows(t, s, "*", "name", q);
	only_text(t, "name", q->name);
	text_say(t, ") WHERE gone = 0");
	only_feed(t, q->feed);
	only_text(t, "category", q->category);
	only_number(t, "severity", q->severity);
	text_say(t, ") ALL INNER JOIN ");
	say_rows(t, s, "time, host, origin, most", "rest", q);
	text_say(t,
	    ") USING (time, host, origin) GROUP BY r0, r1 "
	    "ORDER BY r0, r2 + r3 DESC, r1");
	if (q->limit != 0)
		text_say(t, " LIMIT %" PRIu64 " BY r0",
		    q->limit < INT64_MAX ? q->limit : INT64_MAX);
}

static int
names(struct store *store, const struct store_query *q,
    int (*each)(void *arg, const struct store_name *n), void *arg,
    struct fsk_error *err)
{
	struct names a = { .each = each, .arg = arg };
	struct text t = { .at = NULL };
	int rc;

	text_say(&t, "SELECT ");
	say_bucket(&t, q);
	text_say(&t, " AS r0, sum(most) FROM ");
	say_rows(&t, mine(store), "*", "rest", q);
	text_say(&t, ") GROUP BY r0 HAVING count() > 0 ORDER BY r0");
	rc = ask(mine(store), &t, take_most, &a, err);
	if (rc == FSK_OK) {
		t = (struct text){ .at = NULL };
		names_question(&t, mine(store), q);
		rc = ask(mine(store), &t, give_name, &a, err);
	}
	free(a.most);
	return rc == FSK_ENOMEM ? fsk_fail(err, FSK_ENOMEM, "out of memory")
				: rc;
}

/* ---- rests ---- */

struct rests {
	int (*each)(void *arg, const struct store_rest *r);
	void *arg;
};

static int
give_rest(void *arg, const struct row *r)
{
	const struct rests *a = arg;
	const struct store_rest rest = {
		.time = number(r, 0),
		.host = r->at[1],
		.hits = count(r, 2),
		.would = count(r, 3),
		.most = count(r, 4),
	};

	return a->each(a->arg, &rest);
}

static int
rests(struct store *store, const struct store_query *q,
    int (*each)(void *arg, const struct store_rest *r), void *arg,
    struct fsk_error *err)
{
	struct rests a = { each, arg };
	struct text t = { .at = NULL };

	text_say(&t, "SELECT ");
	say_bucket(&t, q);
	text_say(
	    &t, " AS r0, host AS r1, sum(hits), sum(would), sum(most) FROM ");
	say_rows(&t, mine(store), "*", "rest", q);
	text_say(&t, ") GROUP BY r0, r1 ORDER BY r0, r1");
	return ask(mine(store), &t, give_rest, &a, err);
}

/* ---- sketches ---- */

/* Rows of one result follow each other: they are united here. */
struct sketches {
	int (*each)(void *arg, const struct store_sketch *k);
	void *arg;
	struct store_sketch now;
	struct sketch sketch;
	char *key;
	bool any;
};

static int
give_sketch(struct sketches *a)
{
	int rc = 0;

	if (a->any) {
		a->now.key = a->key;
		a->now.sketch = &a->sketch;
		rc = a->each(a->arg, &a->now);
		sketch_fini(&a->sketch);
		free(a->key);
		a->key = NULL;
	}
	a->any = false;
	return rc;
}

static int
begin_sketch(struct sketches *a, const struct row *r)
{
	int rc = give_sketch(a);

	if (rc != 0)
		return rc;
	a->key = strdup(r->at[3]);
	if (a->key == NULL)
		return FSK_ENOMEM;
	a->now = (struct store_sketch){ .time = number(r, 0),
		.host = "",
		.kind = (enum store_sketch_kind)number(r, 1),
		.would = number(r, 2) != 0 };
	sketch_init(&a->sketch, SKETCH_MOST);
	a->any = true;
	return 0;
}

static int
take_sketch(void *arg, const struct row *r)
{
	struct sketches *a = arg;
	struct sketch other;
	int rc = 0;

	if (!a->any || a->now.time != number(r, 0) ||
	    (int64_t)a->now.kind != number(r, 1) ||
	    a->now.would != (number(r, 2) != 0) ||
	    strcmp(a->key, r->at[3]) != 0)
		rc = begin_sketch(a, r);
	/* One that cannot be read counts as empty. */
	if (rc != 0 ||
	    sketch_unpack(&other, (const uint8_t *)r->at[4], r->len[4]) != NULL)
		return rc;
	if (a->sketch.tag == SKETCH_EMPTY && a->sketch.n == 0 &&
	    !a->sketch.dense) {
		sketch_fini(&a->sketch);
		a->sketch = other;
		return 0;
	}
	if (!sketch_merge(&a->sketch, &other))
		rc = FSK_ENOMEM;
	sketch_fini(&other);
	return rc;
}

static int
sketches(struct store *store, const struct store_query *q,
    int (*each)(void *arg, const struct store_sketch *k), void *arg,
    struct fsk_error *err)
{
	struct sketches a = { .each = each, .arg = arg };
	struct text t = { .at = NULL };
	int rc;

	text_say(&t, "SELECT ");
	say_bucket(&t, q);
	text_say(
	    &t, " AS r0, kind AS r1, would AS r2, key AS r3, sketch FROM ");
	say_rows(&t, mine(store), "*", "sketch", q);
	only_number(&t, "kind", q->kind);
	only_number(&t, "would", q->would);
	only_text(&t, "key", q->name);
	text_say(&t, ") WHERE gone = 0 ORDER BY r0, r1, r2, r3");
	rc = ask(mine(store), &t, take_sketch, &a, err);
	if (rc == FSK_OK)
		return give_sketch(&a);
	if (a.any) {
		sketch_fini(&a.sketch);
		free(a.key);
	}
	return rc == FSK_ENOMEM ? fsk_fail(err, FSK_ENOMEM, "out of memory")
				: rc;
}

/* ---- the rest ---- */

struct counters {
	int (*each)(void *arg, const struct store_counter *c);
	void *arg;
};

static int
give_counter(void *arg, const struct row *r)
{
	const struct counters *a = arg;
	const struct store_counter c = {
		.time = number(r, 0),
		.host = r->at[1],
		.counter = (unsigned)number(r, 2),
		.label = r->at[3],
		.value = count(r, 4),
	};

	return a->each(a->arg, &c);
}

static int
counters(struct store *store, const struct store_query *q,
    int (*each)(void *arg, const struct store_counter *c), void *arg,
    struct fsk_error *err)
{
	struct counters a = { each, arg };
	struct text t = { .at = NULL };

	text_say(&t, "SELECT ");
	say_bucket(&t, q);
	text_say(&t,
	    " AS r0, host AS r1, counter AS r2, label AS r3, sum(value) FROM ");
	say_rows(&t, mine(store), "*", "counter", q);
	text_say(&t, ") GROUP BY r0, r1, r2, r3 ORDER BY r0, r1, r2, r3");
	return ask(mine(store), &t, give_counter, &a, err);
}

struct rings {
	int (*each)(void *arg, const struct store_ring *r);
	void *arg;
	struct store_ring ring;
};

static int
give_ring(void *arg, const struct row *r)
{
	struct rings *a = arg;
	struct store_ring *ring = &a->ring;

	memset(ring->id, 0, sizeof(ring->id));
	memcpy(ring->id, r->at[0],
	    r->len[0] < sizeof(ring->id) ? r->len[0] : sizeof(ring->id));
	ring->host = r->at[1];
	ring->seen = number(r, 2);
	ring->serial = count(r, 3);
	ring->created = count(r, 4);
	ring->entries = count(r, 5);
	return a->each(a->arg, ring);
}

static int
rings(struct store *store, int (*each)(void *arg, const struct store_ring *r),
    void *arg, struct fsk_error *err)
{
	struct rings *a = calloc(1, sizeof(*a));
	struct text t = { .at = NULL };
	int rc;

	if (a == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	a->each = each;
	a->arg = arg;
	/* A host may have got another name.  They are kept as long as by the
	 * other store. */
	text_say(&t,
	    "SELECT id AS r0, argMax(host, (seen, version)) AS r1, "
	    "max(seen) AS r2, argMax(serial, (seen, version)), "
	    "argMax(created, (seen, version)), "
	    "argMax(entries, (seen, version)) FROM "
	    "(SELECT * FROM `%s`.ring FINAL) GROUP BY r0 HAVING r2 >= "
	    "toInt64(toUnixTimestamp(now())) - 90 * 86400 ORDER BY r1, r0",
	    mine(store)->c->clickhouse.database);
	rc = ask(mine(store), &t, give_ring, a, err);
	free(a);
	return rc;
}

struct networks {
	int (*each)(void *arg, uint32_t asn, const char *organisation);
	void *arg;
};

static int
give_network(void *arg, const struct row *r)
{
	const struct networks *a = arg;

	return a->each(a->arg, (uint32_t)number(r, 0), r->at[1]);
}

static int
networks(struct store *store,
    int (*each)(void *arg, uint32_t asn, const char *organisation), void *arg,
    struct fsk_error *err)
{
	struct networks a = { each, arg };
	struct text t = { .at = NULL };

	/* Hosts may have databases of different days: any name will do. */
	text_say(&t,
	    "SELECT asn AS r0, argMax(organisation, (host, origin)) FROM "
	    "(SELECT * FROM `%s`.network FINAL) GROUP BY r0 ORDER BY r0",
	    mine(store)->c->clickhouse.database);
	return ask(mine(store), &t, give_network, &a, err);
}

static void
close_store(struct store *store)
{
	clickhouse_close(mine(store)->h);
	free(store);
}

/* Who only reads has no batches. */
static int
begin(struct store *store, const char *host, struct fsk_error *err)
{
	(void)store, (void)host;
	return fsk_fail(err, FSK_EINVAL, "the store is open for reading only");
}

static void
deadline(struct store *store, int64_t ms)
{
	clickhouse_deadline(mine(store)->h, ms);
}

const struct store_ops clickhouse_read_ops = {
	.close = close_store,
	.deadline = deadline,
	.begin = begin,
	.facts = facts,
	.names = names,
	.rests = rests,
	.sketches = sketches,
	.counters = counters,
	.rings = rings,
	.networks = networks,
};
