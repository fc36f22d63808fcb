/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/facts.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct fact_key) == 24, "hashed as it is: no padding");

#define OTHER_COUNTRY '*'

void
facts_init(struct facts_level *l, enum store_step step, size_t most)
{
	l->step = step;
	l->most = most;
	table_init(&l->keys, sizeof(uint64_t));
	table_init(&l->periods, sizeof(size_t));
}

void
facts_fini(struct facts_level *l)
{
	table_fini(&l->keys);
	table_fini(&l->periods);
}

/* ---- what the store has ---- */

struct loading {
	struct facts_level *l;
	const struct counting *c;
	uint32_t time;
	size_t n;
};

static int
load_one(void *arg, const struct store_fact *f)
{
	struct loading *load = arg;
	struct words *w = load->c->words;
	const struct fact_key key = {
		.time = load->time,
		.feeds = words_set_of(w, f->feeds),
		.asn = f->asn,
		.category = words_number(w, FSK_LABEL_CATEGORY, f->category),
		.group = words_number(w, FSK_LABEL_GROUP, f->group),
		.country = (uint16_t)((uint8_t)f->country[0] |
		    (f->country[0] != '\0' ? (uint8_t)f->country[1] << 8 : 0)),
		.severity = f->severity,
		.action = f->action,
		.would = f->would,
	};
	bool fresh;

	load->n++;
	return table_put(&load->l->keys, &key, sizeof(key), &fresh) != NULL
	    ? 0
	    : FSK_ENOMEM;
}

int
facts_load(struct facts_level *l, const struct counting *c, uint32_t minute,
    struct fsk_error *err)
{
	const uint32_t time = minute / (l->step / STORE_MINUTE);
	struct loading load = { l, c, time, 0 };
	struct store_query q = store_query(
	    l->step, (int64_t)time * l->step, ((int64_t)time + 1) * l->step);
	size_t *n;
	bool fresh;
	int rc;

	if (table_get(&l->periods, &time, sizeof(time)) != NULL)
		return FSK_OK;
	q.host = c->host;
	q.by = STORE_BY_EVERYTHING & ~(unsigned)STORE_BY_HOST;
	rc = store_facts(c->store, &q, load_one, &load, err);
	if (rc != FSK_OK && rc != FSK_ENOMEM)
		return rc;
	n = rc == FSK_OK ? table_put(&l->periods, &time, sizeof(time), &fresh)
			 : NULL;
	if (n == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	*n = load.n;
	return FSK_OK;
}

/* ---- counting ---- */

/* Makes KEY a coarser one; false if it is the coarsest. */
static bool
coarser(struct fact_key *key, unsigned how)
{
	switch (how) {
	case 0:
		key->asn = STORE_OTHER_ASN;
		return true;
	case 1:
		key->country = OTHER_COUNTRY;
		return true;
	case 2:
		key->feeds = 0;
		key->category = key->group = 0;
		return true;
	default:
		return false;
	}
}

bool
facts_add(struct facts_level *l, const struct fact_key *key, uint64_t hits)
{
	/* Keys of its period up to which a key is told apart, the coarser the
	 * more. */
	const size_t most[] = { l->most, l->most + l->most / 2, 8 * l->most,
		SIZE_MAX };
	struct fact_key k = *key;
	uint64_t *value;
	size_t *n;
	bool fresh;

	k.time = key->time / (l->step / STORE_MINUTE);
	n = table_get(&l->periods, &k.time, sizeof(k.time));
	for (unsigned how = 0;; how++) {
		value = table_get(&l->keys, &k, sizeof(k));
		if (value != NULL || *n < most[how] || !coarser(&k, how))
			break;
	}
	if (value == NULL) {
		value = table_put(&l->keys, &k, sizeof(k), &fresh);
		if (value == NULL)
			return false;
		++*n;
	}
	*value += hits;
	return true;
}

/* ---- storing ---- */

static void
put_one(const struct facts_level *l, const struct counting *c, size_t i)
{
	const uint64_t hits = *(uint64_t *)table_value(&l->keys, i);
	size_t len;
	const struct fact_key *k = table_key(&l->keys, i, &len);
	struct fact_key key;
	char country[3] = "";

	if (hits == 0)
		return;
	memcpy(&key, k, sizeof(key)); /* it may stand anywhere */
	country[0] = (char)(key.country & 0xff);
	country[1] = (char)(key.country >> 8);
	store_put_fact(c->store, l->step,
	    &(struct store_fact){
		.time = (int64_t)key.time * l->step,
		.host = c->host,
		.feeds = words_set_text(c->words, key.feeds),
		.category = words_text(
		    c->words, FSK_LABEL_CATEGORY, key.category),
		.group = words_text(c->words, FSK_LABEL_GROUP, key.group),
		.severity = key.severity,
		.action = key.action,
		.would = key.would,
		.country = country,
		.asn = key.asn,
		.hits = hits,
	    });
}

void
facts_put(const struct facts_level *l, const struct counting *c)
{
	for (size_t i = 0; i < l->keys.n; i++)
		put_one(l, c, i);
}

/* Forgets all periods but the last two: hits of earlier ones are rare. */
static void
forget(struct facts_level *l, uint32_t last)
{
	struct facts_level new;
	struct fact_key key;
	size_t len, *n;
	bool fresh;

	facts_init(&new, l->step, l->most);
	for (size_t i = 0; i < l->periods.n; i++) {
		uint32_t time;

		memcpy(&time, table_key(&l->periods, i, &len), sizeof(time));
		if (time + 1 < last)
			continue;
		n = table_put(&new.periods, &time, sizeof(time), &fresh);
		if (n == NULL)
			goto no_memory;
		*n = *(size_t *)table_value(&l->periods, i);
	}
	for (size_t i = 0; i < l->keys.n; i++) {
		memcpy(&key, table_key(&l->keys, i, &len), sizeof(key));
		if (key.time + 1 >= last &&
		    table_put(&new.keys, &key, sizeof(key), &fresh) == NULL)
			goto no_memory;
	}
	facts_fini(l);
	*l = new;
	return;

no_memory: /* to forget: next time */
	facts_fini(&new);
}

void
facts_stored(struct facts_level *l)
{
	uint32_t last = 0, time;
	size_t old = 0, len;

	for (size_t i = 0; i < l->keys.n; i++)
		*(uint64_t *)table_value(&l->keys, i) = 0;
	for (size_t i = 0; i < l->periods.n; i++) {
		memcpy(&time, table_key(&l->periods, i, &len), sizeof(time));
		if (time > last)
			last = time;
	}
	for (size_t i = 0; i < l->periods.n; i++) {
		memcpy(&time, table_key(&l->periods, i, &len), sizeof(time));
		old += time + 1 < last;
	}
	if (old > 0)
		forget(l, last);
}
