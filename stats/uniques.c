/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/uniques.h"

#include <assert.h>
#include <string.h>

struct unique_key {
	uint32_t hour;
	uint16_t number; /* a word or country */
	uint8_t kind, would;
};

static_assert(sizeof(struct unique_key) == 8, "hashed as it is: no padding");

void
uniques_init(struct uniques *u, unsigned precision)
{
	u->precision = precision;
	table_init(&u->sketches, sizeof(struct sketch));
}

void
uniques_clear(struct uniques *u)
{
	for (size_t i = 0; i < u->sketches.n; i++)
		sketch_fini(table_value(&u->sketches, i));
	table_clear(&u->sketches);
}

void
uniques_fini(struct uniques *u)
{
	uniques_clear(u);
	table_fini(&u->sketches);
}

static bool
add(struct uniques *u, struct unique_key key, enum store_sketch_kind kind,
    uint16_t number, struct client client)
{
	struct sketch *s;
	bool fresh;

	key.kind = (uint8_t)kind;
	key.number = number;
	s = table_put(&u->sketches, &key, sizeof(key), &fresh);
	if (s == NULL)
		return false;
	if (fresh)
		sketch_init(s, u->precision);
	return sketch_add(s, client.hash, client.tag);
}

bool
uniques_add(struct uniques *u, const struct words *w,
    const struct fact_key *key, struct client client)
{
	const struct unique_key k = { .hour = key->time / 60,
		.would = key->would };
	const struct feeds *f = words_feeds(w, key->feeds);
	bool good = add(u, k, STORE_ALL, 0, client);

	for (unsigned i = 0; i < f->n; i++)
		good &= add(u, k, STORE_FEED, f->feed[i], client);
	/* Those of none (0) as well: else nobody knew whether there are enough
	 * to release what they did. */
	return good && add(u, k, STORE_CATEGORY, key->category, client) &&
	    add(u, k, STORE_GROUP, key->group, client) &&
	    add(u, k, STORE_COUNTRY, key->country, client);
}

static const char *
key_text(const struct words *w, const struct unique_key *k, char country[3])
{
	switch ((enum store_sketch_kind)k->kind) {
	case STORE_FEED:
		return words_text(w, FSK_LABEL_FEED, k->number);
	case STORE_CATEGORY:
		return words_text(w, FSK_LABEL_CATEGORY, k->number);
	case STORE_GROUP:
		return words_text(w, FSK_LABEL_GROUP, k->number);
	case STORE_COUNTRY:
		country[0] = (char)(k->number & 0xff);
		country[1] = (char)(k->number >> 8);
		country[2] = '\0';
		return country;
	case STORE_ALL:
	case STORE_NAME:
		break;
	}
	return "";
}

void
uniques_put(const struct uniques *u, const struct counting *c)
{
	for (size_t i = 0; i < u->sketches.n; i++) {
		struct unique_key k;
		struct store_sketch out = { .host = c->host };
		char country[3];
		size_t len;

		memcpy(&k, table_key(&u->sketches, i, &len), sizeof(k));
		out.kind = (enum store_sketch_kind)k.kind;
		out.would = k.would;
		out.key = key_text(c->words, &k, country);
		out.sketch = table_value(&u->sketches, i);
		out.time = (int64_t)k.hour * STORE_HOUR;
		store_put_sketch(c->store, STORE_HOUR, &out);
		out.time = (int64_t)(k.hour / 24) * STORE_DAY;
		store_put_sketch(c->store, STORE_DAY, &out);
	}
}
