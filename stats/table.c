/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "lib/hash.h"

#define FIRST_ROOM 16
#define KEPT_ROOM  1024 /* items that an emptied table keeps room for */

struct table_item {
	uint64_t at; /* of the key in the heap */
	uint32_t len, hash;
};

void
table_init(struct table *t, size_t value_size)
{
	*t = (struct table){ .value_size = value_size };
	/* Early after boot there may be none; then nobody attacks either. */
	if (getrandom(t->secret, sizeof(t->secret), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(t->secret))
		t->secret[0] = (uint64_t)time(NULL);
}

void
table_fini(struct table *t)
{
	free(t->slot);
	free(t->item);
	free(t->value);
	free(t->heap);
	t->slot = NULL;
	t->item = NULL;
	t->value = t->heap = NULL;
	t->n = t->room = t->mask = t->heap_len = t->heap_room = 0;
}

void
table_clear(struct table *t)
{
	if (t->room > KEPT_ROOM && t->n < t->room / 8) {
		table_fini(t);
		return;
	}
	if (t->n > 0)
		memset(t->slot, 0, (t->mask + 1) * sizeof(*t->slot));
	t->n = t->heap_len = 0;
}

/* Multiplications of 64 to 128 bits with what nobody else knows, as the locator
 * of lib/hash.h: a few nanoseconds for the short keys that there are. */
static uint32_t
hash_of(const struct table *t, const void *key, size_t len)
{
	const uint8_t *p = key;
	uint64_t h = t->secret[0] ^ len, a, b;
	fsk_u128 m;

	for (; len > 16; len -= 16, p += 16) {
		m = (fsk_u128)(fsk_get64(p) ^ t->secret[1]) *
		    (fsk_get64(p + 8) ^ h);
		h = (uint64_t)m ^ (uint64_t)(m >> 64);
	}
	/* What is left, 16 octets at most; its ends may overlap. */
	if (len >= 8) {
		a = fsk_get64(p);
		b = fsk_get64(p + len - 8);
	} else if (len >= 4) {
		a = fsk_get32(p);
		b = fsk_get32(p + len - 4);
	} else {
		a = len > 0 ? (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 |
			p[len - 1]
			    : 0;
		b = 0;
	}
	m = (fsk_u128)(a ^ t->secret[1]) * (b ^ h);
	h = (uint64_t)m ^ (uint64_t)(m >> 64);
	return (uint32_t)(h ^ h >> 32);
}

/* The slot of the key, or the free one where it belongs. */
static uint32_t *
find(const struct table *t, const void *key, size_t len, uint32_t hash)
{
	size_t i = hash & t->mask;

	for (; t->slot[i] != 0; i = (i + 1) & t->mask) {
		const struct table_item *it = &t->item[t->slot[i] - 1];

		if (it->hash == hash && it->len == len &&
		    memcmp(t->heap + it->at, key, len) == 0)
			break;
	}
	return &t->slot[i];
}

/* Makes room for twice as many items. */
static bool
grow(struct table *t)
{
	size_t room = t->room == 0 ? FIRST_ROOM : 2 * t->room;
	size_t mask = 2 * room - 1;
	struct table_item *item;
	uint32_t *slot;
	uint8_t *value;

	if (room > UINT32_MAX / 2)
		return false;
	item = realloc(t->item, room * sizeof(*item));
	if (item != NULL)
		t->item = item;
	value = realloc(t->value, room * t->value_size);
	if (value != NULL)
		t->value = value;
	slot = item != NULL && value != NULL ? calloc(mask + 1, sizeof(*slot))
					     : NULL;
	if (slot == NULL)
		return false;
	for (size_t i = 0; i < t->n; i++) {
		size_t j = item[i].hash & mask;

		while (slot[j] != 0)
			j = (j + 1) & mask;
		slot[j] = (uint32_t)i + 1;
	}
	free(t->slot);
	t->slot = slot;
	t->room = room;
	t->mask = mask;
	return true;
}

static bool
keep_key(struct table *t, const void *key, size_t len)
{
	if (len > t->heap_room - t->heap_len) {
		size_t room = 2 * t->heap_room + len + 256;
		uint8_t *heap = realloc(t->heap, room);

		if (heap == NULL)
			return false;
		t->heap = heap;
		t->heap_room = room;
	}
	memcpy(t->heap + t->heap_len, key, len);
	t->heap_len += len;
	return true;
}

void *
table_get(const struct table *t, const void *key, size_t len)
{
	uint32_t *slot;

	if (t->n == 0)
		return NULL;
	slot = find(t, key, len, hash_of(t, key, len));
	return *slot != 0 ? table_value(t, *slot - 1) : NULL;
}

void *
table_put(struct table *t, const void *key, size_t len, bool *fresh)
{
	uint32_t hash = hash_of(t, key, len), *slot;
	void *value;

	*fresh = false;
	if (t->n == t->room && !grow(t))
		return NULL;
	slot = find(t, key, len, hash);
	if (*slot != 0)
		return table_value(t, *slot - 1);
	if (!keep_key(t, key, len))
		return NULL;
	t->item[t->n] = (struct table_item){ t->heap_len - len, (uint32_t)len,
		hash };
	*slot = (uint32_t)++t->n;
	value = table_value(t, t->n - 1);
	memset(value, 0, t->value_size);
	*fresh = true;
	return value;
}

void *
table_value(const struct table *t, size_t i)
{
	return t->value + i * t->value_size;
}

const void *
table_key(const struct table *t, size_t i, size_t *len)
{
	*len = t->item[i].len;
	return t->heap + t->item[i].at;
}

size_t
table_index(const struct table *t, const void *value)
{
	return (size_t)((const uint8_t *)value - t->value) / t->value_size;
}
