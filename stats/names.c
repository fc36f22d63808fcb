/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/names.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/name.h"

/* ---- a batch: keys are the hour in 4 octets and the name ---- */

#define HOUR_LEN 4

void
names_init(struct names *n, unsigned precision)
{
	n->precision = precision;
	table_init(&n->counts, sizeof(struct name_hits));
}

void
names_clear(struct names *n)
{
	for (size_t i = 0; i < n->counts.n; i++) {
		struct name_hits *h = table_value(&n->counts, i);

		sketch_fini(&h->clients[0]);
		sketch_fini(&h->clients[1]);
	}
	table_clear(&n->counts);
}

void
names_fini(struct names *n)
{
	names_clear(n);
	table_fini(&n->counts);
}

bool
names_add(struct names *n, const struct fact_key *key, const uint8_t *wire,
    size_t len, struct client client)
{
	uint8_t k[HOUR_LEN + FSK_NAME_MAX];
	struct name_hits *h;
	bool fresh;

	fsk_put32(k, key->time / 60);
	memcpy(k + HOUR_LEN, wire, len);
	h = table_put(&n->counts, k, HOUR_LEN + len, &fresh);
	if (h == NULL)
		return false;
	if (fresh) {
		sketch_init(&h->clients[0], n->precision);
		sketch_init(&h->clients[1], n->precision);
	}
	h->hits += !key->would;
	h->would += key->would;
	h->is = (struct name_facts){ key->feeds, key->category, key->severity };
	return sketch_add(&h->clients[key->would], client.hash, client.tag);
}

/* ---- a level: keys are names as text with their NUL ---- */

/* What is known of a name in an hour or day. */
struct name_count {
	uint64_t hits, would;         /* all of them */
	uint64_t new_hits, new_would; /* of these, not stored yet */
	uint64_t error;               /* it may have had so many before */
	struct name_facts is;
	bool stored;    /* it has a row */
	uint32_t items; /* of the batch, plus 1: whose clients are its */
};

struct names_period {
	uint32_t time; /* hours or days since 1970-01-01 */
	struct table names;
	struct table gone;              /* names whose rows must go */
	uint64_t most;                  /* of a name that was let go of */
	uint64_t rest_hits, rest_would; /* of those, not stored yet */
	bool touched;
	struct names_period *next;
};

void
names_level_init(struct names_level *l, enum store_step step, size_t most)
{
	*l = (struct names_level){ step, most, NULL };
}

static void
free_period(struct names_period *p)
{
	table_fini(&p->names);
	table_fini(&p->gone);
	free(p);
}

void
names_level_fini(struct names_level *l)
{
	while (l->periods != NULL) {
		struct names_period *next = l->periods->next;

		free_period(l->periods);
		l->periods = next;
	}
}

static uint64_t
count_of(const struct name_count *n)
{
	return n->hits + n->would + n->error;
}

/* ---- what the store has ---- */

struct loading {
	struct words *words;
	struct names_period *p;
};

static int
load_name(void *arg, const struct store_name *row)
{
	struct loading *load = arg;
	struct words *w = load->words;
	struct name_count *n;
	bool fresh;

	n = table_put(
	    &load->p->names, row->name, strlen(row->name) + 1, &fresh);
	if (n == NULL)
		return FSK_ENOMEM;
	n->hits = row->hits;
	n->would = row->would;
	n->error = row->error;
	n->is.feeds = words_set_of(w, row->feeds);
	n->is.category = words_number(w, FSK_LABEL_CATEGORY, row->category);
	n->is.severity = row->severity;
	n->stored = true;
	return 0;
}

static int
load_rest(void *arg, const struct store_rest *row)
{
	struct loading *load = arg;

	load->p->most = row->most;
	return 0;
}

static int
load(const struct names_level *l, const struct counting *c,
    struct names_period *p, struct fsk_error *err)
{
	struct store_query q = store_query(l->step, (int64_t)p->time * l->step,
	    ((int64_t)p->time + 1) * l->step);
	struct loading loading = { c->words, p };
	int rc;

	q.host = c->host;
	rc = store_names(c->store, &q, load_name, &loading, err);
	if (rc == FSK_OK)
		rc = store_rests(c->store, &q, load_rest, &loading, err);
	return rc != FSK_ENOMEM ? rc
				: fsk_fail(err, FSK_ENOMEM, "out of memory");
}

static struct names_period *
find_period(const struct names_level *l, uint32_t time)
{
	struct names_period *p = l->periods;

	while (p != NULL && p->time != time)
		p = p->next;
	return p;
}

static int
add_period(struct names_level *l, const struct counting *c, uint32_t time,
    struct fsk_error *err)
{
	struct names_period *p;
	int rc;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	p->time = time;
	table_init(&p->names, sizeof(struct name_count));
	table_init(&p->gone, 1);
	rc = load(l, c, p, err);
	if (rc != FSK_OK) {
		free_period(p);
		return rc;
	}
	p->next = l->periods;
	l->periods = p;
	return FSK_OK;
}

/* The hour or day of item I of the batch. */
static uint32_t
time_of(const struct names_level *l, const struct names *n, size_t i)
{
	size_t len;

	return fsk_get32(table_key(&n->counts, i, &len)) /
	    (l->step / STORE_HOUR);
}

int
names_load(struct names_level *l, const struct counting *c,
    const struct names *n, struct fsk_error *err)
{
	int rc = FSK_OK;

	for (size_t i = 0; rc == FSK_OK && i < n->counts.n; i++) {
		uint32_t time = time_of(l, n, i);

		if (find_period(l, time) == NULL)
			rc = add_period(l, c, time, err);
	}
	return rc;
}

/* ---- letting go ---- */

struct place {
	uint64_t count;
	size_t i;
};

/* The greatest first, then the one that came first. */
static int
compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return (x->i > y->i) - (x->i < y->i);
}

/* Lets go of name I of P. */
static bool
let_go(struct names_period *p, size_t i)
{
	const struct name_count *n = table_value(&p->names, i);
	size_t len;
	const char *name = table_key(&p->names, i, &len);
	bool fresh;

	if (count_of(n) > p->most)
		p->most = count_of(n);
	if (!n->stored) {
		p->rest_hits += n->new_hits;
		p->rest_would += n->new_would;
		return true;
	}
	p->rest_hits += n->hits;
	p->rest_would += n->would;
	return table_put(&p->gone, name, len, &fresh) != NULL;
}

/* Keeps the MOST names with the greatest counts. */
static bool
prune(struct names_period *p, size_t most)
{
	const size_t n = p->names.n;
	struct place *place = malloc(n * sizeof(*place));
	bool good = place != NULL, fresh;
	struct table kept;

	table_init(&kept, sizeof(struct name_count));
	for (size_t i = 0; good && i < n; i++)
		place[i] = (struct place){ count_of(table_value(&p->names, i)),
			i };
	if (good)
		qsort(place, n, sizeof(*place), compare);
	for (size_t i = 0; good && i < most; i++) {
		size_t len;
		const void *key = table_key(&p->names, place[i].i, &len);
		struct name_count *to = table_put(&kept, key, len, &fresh);

		good = to != NULL;
		if (good)
			*to = *(struct name_count *)table_value(
			    &p->names, place[i].i);
	}
	if (!good) { /* nothing has changed yet */
		table_fini(&kept);
		free(place);
		return false;
	}
	for (size_t i = most; i < n; i++)
		good &= let_go(p, place[i].i);
	table_fini(&p->names);
	p->names = kept;
	free(place);
	return good;
}

/* ---- counting ---- */

/* Adds item I of the batch N to P, which is of level L. */
static bool
add(const struct names_level *l, struct names_period *p, struct names *batch,
    size_t i)
{
	struct name_hits *h = table_value(&batch->counts, i);
	size_t len;
	const uint8_t *wire = table_key(&batch->counts, i, &len);
	char text[FSK_TEXT_MAX];
	struct name_count *n;
	bool fresh;

	fsk_name_to_text(wire + HOUR_LEN, text);
	n = table_put(&p->names, text, strlen(text) + 1, &fresh);
	if (n == NULL)
		return false;
	if (l->step == STORE_DAY && (fresh || !h->linked)) {
		h->next = n->items;
		h->linked = true;
		n->items = (uint32_t)i + 1;
	}
	if (fresh)
		n->error = p->most;
	n->hits += h->hits;
	n->would += h->would;
	n->new_hits += h->hits;
	n->new_would += h->would;
	n->is = h->is;
	p->touched = true;
	return true;
}

bool
names_fold(struct names_level *l, struct names *n)
{
	for (size_t i = 0; i < n->counts.n; i++) {
		const struct name_hits *h = table_value(&n->counts, i);

		if ((h->hits != 0 || h->would != 0) &&
		    !add(l, find_period(l, time_of(l, n, i)), n, i))
			return false;
	}
	for (struct names_period *p = l->periods; p != NULL; p = p->next)
		/* Some more, so that not every batch has to sort them. */
		if (p->names.n > l->most + l->most / 8 && !prune(p, l->most))
			return false;
	return true;
}

void
names_folded(struct names *n)
{
	for (size_t i = 0; i < n->counts.n; i++) {
		struct name_hits *h = table_value(&n->counts, i);

		h->hits = h->would = 0;
	}
}

/* ---- storing ---- */

/* Puts the row of name I of P; with the clients of each item of the batch that
 * is its, for which it is put again with no hits. */
static void
put_name(const struct names_level *l, const struct counting *c,
    const struct names_period *p, const struct names *batch, size_t i)
{
	const struct name_count *n = table_value(&p->names, i);
	uint32_t item = n->items;
	size_t len;
	struct store_name row = {
		.time = (int64_t)p->time * l->step,
		.host = c->host,
		.name = table_key(&p->names, i, &len),
		.feeds = words_set_text(c->words, n->is.feeds),
		.category = words_text(
		    c->words, FSK_LABEL_CATEGORY, n->is.category),
		.severity = n->is.severity,
		.hits = n->new_hits,
		.would = n->new_would,
		.error = n->error,
	};

	if (n->new_hits == 0 && n->new_would == 0)
		return;
	do {
		struct name_hits *h = item != 0
		    ? table_value(&batch->counts, item - 1)
		    : NULL;

		for (unsigned k = 0; k < 2; k++)
			row.clients[k] = h != NULL &&
				h->clients[k].tag != SKETCH_EMPTY
			    ? &h->clients[k]
			    : NULL;
		store_put_name(c->store, l->step, &row);
		row.hits = row.would = 0;
		item = h != NULL ? h->next : 0;
	} while (item != 0);
}

static void
put_period(const struct names_level *l, const struct counting *c,
    const struct names_period *p, const struct names *batch)
{
	const int64_t time = (int64_t)p->time * l->step;
	size_t len;

	for (size_t i = 0; i < p->gone.n; i++)
		store_drop_name(
		    c->store, l->step, time, table_key(&p->gone, i, &len));
	for (size_t i = 0; i < p->names.n; i++)
		put_name(l, c, p, batch, i);
	store_put_rest(c->store, l->step,
	    &(struct store_rest){ .time = time,
		.host = c->host,
		.hits = p->rest_hits,
		.would = p->rest_would,
		.most = p->most });
}

void
names_put(const struct names_level *l, const struct counting *c,
    const struct names *n)
{
	for (const struct names_period *p = l->periods; p != NULL; p = p->next)
		if (p->touched)
			put_period(l, c, p, n);
}

void
names_stored(struct names_level *l)
{
	uint32_t last = 0;

	for (struct names_period *p = l->periods; p != NULL; p = p->next) {
		for (size_t i = 0; i < p->names.n; i++) {
			struct name_count *n = table_value(&p->names, i);

			n->stored |= n->new_hits != 0 || n->new_would != 0;
			n->new_hits = n->new_would = 0;
			n->items = 0;
		}
		table_clear(&p->gone);
		p->rest_hits = p->rest_would = 0;
		p->touched = false;
		if (p->time > last)
			last = p->time;
	}
	/* Hits of earlier ones are rare. */
	for (struct names_period **at = &l->periods; *at != NULL;) {
		struct names_period *p = *at;

		if (p->time + 1 >= last) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		free_period(p);
	}
}
