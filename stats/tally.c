/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 4096 /* octets; what is longer is cut */

void
tally_init(struct tally *t)
{
	table_init(&t->cells, sizeof(struct tally_cell));
	t->failed = false;
	t->all = t->rows = t->least = 0;
}

void
tally_fini(struct tally *t)
{
	for (size_t i = 0; i < t->cells.n; i++) {
		struct tally_cell *c = table_value(&t->cells, i);

		sketch_fini(&c->clients);
		free(c->feeds);
		free(c->category);
	}
	table_fini(&t->cells);
}

/* Keys are the time and both texts with their NULs, in this order. */
static size_t
make_key(char octets[static KEY_MAX], int64_t time, const char *key,
    const char *part)
{
	const size_t a = strnlen(key, KEY_MAX / 2 - 8);
	const size_t b = strnlen(part, KEY_MAX / 2 - 8);
	char *p = octets;

	memcpy(p, &time, sizeof(time));
	p += sizeof(time);
	memcpy(p, key, a);
	p[a] = '\0';
	memcpy(p + a + 1, part, b);
	p[a + 1 + b] = '\0';
	return sizeof(time) + a + b + 2;
}

struct tally_cell *
tally_get(
    const struct tally *t, int64_t time, const char *key, const char *part)
{
	char octets[KEY_MAX];

	return table_get(&t->cells, octets, make_key(octets, time, key, part));
}

struct tally_cell *
tally_put(struct tally *t, int64_t time, const char *key, const char *part)
{
	char octets[KEY_MAX];
	const size_t len = make_key(octets, time, key, part);
	struct tally_cell *c;
	bool fresh;

	c = table_put(&t->cells, octets, len, &fresh);
	if (c == NULL)
		t->failed = true;
	else if (fresh)
		sketch_init(&c->clients, SKETCH_MOST);
	return c;
}

struct tally_cell *
tally_at(const struct tally *t, size_t i, int64_t *time, const char **key,
    const char **part)
{
	size_t len;
	const char *octets = table_key(&t->cells, i, &len);

	memcpy(time, octets, sizeof(*time));
	*key = octets + sizeof(*time);
	*part = *key + strlen(*key) + 1;
	return table_value(&t->cells, i);
}

/* ---- facts ---- */

struct adding {
	struct tally *t;
	const struct ask *a;
	bool whole; /* all at a->from */
};

/* The key of F in a dimension that has one. */
static const char *
key_of(enum ask_dimension d, const struct store_fact *f, char text[static 16])
{
	switch (d) {
	case ASK_CATEGORIES:
		return f->category;
	case ASK_COUNTRIES:
		return f->country;
	case ASK_GROUPS:
		return f->group;
	case ASK_HOSTS:
		return f->host;
	case ASK_ACTIONS:
		return ask_action(f->action);
	case ASK_SEVERITIES:
		return ask_severity(f->severity);
	case ASK_NETWORKS:
		if (f->asn == 0)
			return "";
		snprintf(text, 16, "%" PRIu32, f->asn);
		return f->asn == STORE_OTHER_ASN ? "other" : text;
	case ASK_FEEDS:
	case ASK_NAMES:
	case ASK_NOTHING:
	case ASK_DIMENSIONS:
		break;
	}
	return "";
}

static void
add(struct adding *to, const struct store_fact *f, const char *key,
    const char *part, bool alone)
{
	struct tally_cell *c = tally_put(
	    to->t, to->whole ? to->a->from : f->time, key, part);

	if (c == NULL)
		return;
	c->hits += f->hits;
	if (alone)
		c->unique += f->hits;
}

/* The next feed of a set that is text; false after the last. */
static bool
next_feed(const char **set, char feed[static FSK_LABEL_TEXT])
{
	const size_t len = strcspn(*set, "\n");

	if (len == 0)
		return false;
	snprintf(feed, FSK_LABEL_TEXT, "%.*s", (int)len, *set);
	*set += len + ((*set)[len] != '\0');
	return true;
}

/* What two feeds have in common; not a feed with itself. */
static void
add_pairs(struct adding *to, const struct store_fact *f)
{
	char one[FSK_LABEL_TEXT], other[FSK_LABEL_TEXT];
	const char *set = f->feeds;

	while (next_feed(&set, one)) {
		const char *again = f->feeds;

		while (next_feed(&again, other))
			if (strcmp(one, other) != 0)
				add(to, f, one, other, false);
	}
}

static int
add_fact(void *arg, const struct store_fact *f)
{
	struct adding *to = arg;
	const enum ask_dimension what = to->a->what, by = to->a->by;
	const char *set = f->feeds;
	const bool alone = strchr(set, STORE_BETWEEN) == NULL;
	char feed[FSK_LABEL_TEXT], number[16];

	to->t->all += f->hits;
	if (what == ASK_FEEDS && by == ASK_FEEDS)
		add_pairs(to, f);
	else if (what == ASK_FEEDS)
		while (next_feed(&set, feed))
			add(to, f, feed, key_of(by, f, number), alone);
	else if (by == ASK_FEEDS)
		while (next_feed(&set, feed))
			add(to, f, key_of(what, f, number), feed, false);
	else {
		char other[16];

		add(to, f, key_of(what, f, number), key_of(by, f, other),
		    false);
	}
	return to->t->failed ? FSK_ENOMEM : FSK_OK;
}

static int
out_of_memory(struct fsk_error *err)
{
	return fsk_fail(err, FSK_ENOMEM, "out of memory");
}

int
tally_facts(struct tally *t, const struct ask *a, struct store *s,
    uint32_t bucket, struct fsk_error *err)
{
	struct adding to = { t, a, bucket == 0 };
	struct store_query q = ask_query(a);
	int rc;

	q.bucket = bucket;
	q.by = ask_words[a->what].by | ask_words[a->by].by;
	rc = store_facts(s, &q, add_fact, &to, err);
	return t->failed ? out_of_memory(err) : rc;
}

/* ---- names ---- */

static bool
add_name_row(struct adding *to, const struct store_name *n, const char *part)
{
	struct tally_cell *c = tally_put(
	    to->t, to->whole ? to->a->from : n->time, n->name, part);

	if (c == NULL)
		return false;
	c->hits += to->a->would ? n->would : n->hits;
	c->error += n->error;
	c->severity = n->severity;
	/* Rows are of one time each: these are not set yet. */
	c->feeds = strdup(n->feeds);
	c->category = strdup(n->category);
	to->t->failed |= c->feeds == NULL || c->category == NULL;
	return !to->t->failed;
}

static int
add_name(void *arg, const struct store_name *n)
{
	struct adding *to = arg;
	const char *set = n->feeds;
	char feed[FSK_LABEL_TEXT];
	bool good = true;

	to->t->rows++;
	to->t->least = n->hits + n->would;
	if ((to->a->would ? n->would : n->hits) == 0)
		return FSK_OK;
	if (to->a->by == ASK_FEEDS)
		while (good && next_feed(&set, feed))
			good = add_name_row(to, n, feed);
	else
		good = add_name_row(to, n,
		    to->a->by == ASK_CATEGORIES ? n->category
			: to->a->by == ASK_SEVERITIES
			? ask_severity(n->severity)
			: "");
	return good ? FSK_OK : FSK_ENOMEM;
}

int
tally_names(struct tally *t, const struct ask *a, struct store *s,
    uint32_t bucket, uint64_t limit, struct fsk_error *err)
{
	struct adding to = { t, a, bucket == 0 };
	struct store_query q = ask_query(a);
	int rc;

	q.bucket = bucket;
	q.limit = limit;
	q.name = a->name[0] != '\0' ? a->name : NULL;
	rc = store_names(s, &q, add_name, &to, err);
	return t->failed ? out_of_memory(err) : rc;
}

/* ---- clients ---- */

struct clients {
	struct tally *t;
	const struct ask *a;
	bool whole;
};

static int
add_clients(void *arg, const struct store_sketch *k)
{
	struct clients *to = arg;
	struct tally_cell *c = tally_get(
	    to->t, to->whole ? to->a->from : k->time, k->key, "");

	if (c == NULL)
		return FSK_OK; /* no hits */
	c->known = true;
	if (!sketch_merge(&c->clients, k->sketch))
		to->t->failed = true;
	return to->t->failed ? FSK_ENOMEM : FSK_OK;
}

int
tally_clients(struct tally *t, const struct ask *a, struct store *s,
    uint32_t bucket, struct fsk_error *err)
{
	const int kind = ask_words[a->what].kind;
	struct clients to = { t, a, bucket == 0 };
	struct store_query q = a->what == ASK_NAMES ? ask_days(a)
						    : ask_query(a);
	int rc;

	if (kind == STORE_ANY || a->by != ASK_NOTHING || ask_filtered(a) ||
	    q.step == STORE_MINUTE)
		return FSK_OK;
	q.bucket = bucket;
	q.kind = kind;
	rc = store_sketches(s, &q, add_clients, &to, err);
	return t->failed ? out_of_memory(err) : rc;
}

int
tally_clients_of(struct tally *t, size_t i, const struct ask *a,
    struct store *s, struct fsk_error *err)
{
	struct clients to = { t, a, true };
	struct store_query q = ask_days(a);
	const char *key, *part;
	int64_t time;
	int rc;

	if (a->by != ASK_NOTHING || ask_filtered(a))
		return FSK_OK;
	tally_at(t, i, &time, &key, &part);
	q.kind = STORE_NAME;
	q.name = key;
	rc = store_sketches(s, &q, add_clients, &to, err);
	return t->failed ? out_of_memory(err) : rc;
}

int
tally_clients_by_day(struct tally *t, const struct store_query *q,
    struct store *s, struct fsk_error *err)
{
	struct clients to = { .t = t };
	int rc = store_sketches(s, q, add_clients, &to, err);

	return t->failed ? out_of_memory(err) : rc;
}

double
tally_estimate(struct tally_cell *c, struct answers *as)
{
	if (!c->known)
		return -1;
	if (c->clients.tag == SKETCH_MIXED)
		as->clients = CLIENT_DAYS;
	else if (as->clients == CLIENTS_NONE)
		as->clients = CLIENTS_DIFFERENT;
	return sketch_estimate(&c->clients);
}

/* ---- all hits ---- */

int
tally_total(const struct ask *a, const struct tally *t, struct store *s,
    struct answers *as, struct fsk_error *err)
{
	struct ask all = *a;
	struct tally_cell *c;
	uint64_t withheld;
	struct tally sum;
	int rc = FSK_OK;

	all.what = all.by = ASK_NOTHING;
	all.name[0] = '\0';
	tally_init(&sum);
	if (a->researcher)
		rc = tally_released(&sum, &all, s, 0, &withheld, err);
	else if (t == NULL)
		rc = tally_facts(&sum, &all, s, 0, err);
	else if ((c = tally_put(&sum, a->from, "", "")) != NULL)
		c->hits = t->all;
	if (rc == FSK_OK && !a->researcher)
		rc = tally_clients(&sum, &all, s, 0, err);
	c = tally_get(&sum, a->from, "", "");
	as->has_total = true;
	as->hits = c != NULL ? c->hits : 0;
	as->total = c != NULL ? tally_estimate(c, as) : -1;
	tally_fini(&sum);
	return rc;
}

/* ---- order ---- */

static int
compare(const void *x, const void *y, void *arg)
{
	const struct tally *t = arg;
	const char *key[2], *part[2];
	int64_t time[2];
	const struct tally_cell *a = tally_at(
	    t, *(const size_t *)x, &time[0], &key[0], &part[0]);
	const struct tally_cell *b = tally_at(
	    t, *(const size_t *)y, &time[1], &key[1], &part[1]);
	int c = strcmp(key[0], key[1]);

	if (time[0] != time[1])
		return time[0] < time[1] ? -1 : 1;
	if (a->hits != b->hits)
		return a->hits > b->hits ? -1 : 1;
	return c != 0 ? c : strcmp(part[0], part[1]);
}

size_t *
tally_order(const struct tally *t)
{
	size_t *order = t->cells.n > 0 ? malloc(t->cells.n * sizeof(*order))
				       : NULL;

	for (size_t i = 0; order != NULL && i < t->cells.n; i++)
		order[i] = i;
	if (order != NULL)
		qsort_r(order, t->cells.n, sizeof(*order), compare,
		    (void *)(uintptr_t)t);
	return order;
}
