/* SPDX-License-Identifier: BSD-3-Clause */
/* base_hash.c - a plain hash table: open addressing, 64-bit hash and offset in
 * a slot, load 0.6, names in a heap.  It takes the same hashes from the same
 * front end as our own database. */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"

struct slot {
	uint64_t hash;
	uint32_t at; /* in the heap, 1 more; 0: free */
	uint32_t len;
};

struct hash {
	struct fsk_key key;
	struct slot *slot;
	size_t slots;
	uint8_t *heap;
};

static void *
make(const struct names *list, bool huge, uint64_t *bytes)
{
	static const uint8_t key[FSK_KEY_LEN] = { 4, 5, 6 };
	struct hash *h = must_alloc(sizeof(*h));
	size_t heap = list->at[list->n];

	fsk_key_init(&h->key, key);
	h->slots = list->n * 10 / 6 + 1;
	h->slot = must_alloc_pages(h->slots * sizeof(*h->slot), huge);
	memset(h->slot, 0, h->slots * sizeof(*h->slot));
	h->heap = must_alloc_pages(heap, huge);
	memcpy(h->heap, list->heap, heap);
	for (size_t i = 0; i < list->n; i++) {
		struct fsk_query q;
		size_t len, at;

		names_get(list, i, &len);
		fsk_query_init(&q, &h->key, h->heap + list->at[i], len);
		at = (size_t)((fsk_u128)q.loc[q.labels] * h->slots >> 64);
		while (h->slot[at].at != 0)
			at = at + 1 == h->slots ? 0 : at + 1;
		h->slot[at].hash = q.loc[q.labels];
		h->slot[at].at = list->at[i] + 1;
		h->slot[at].len = (uint32_t)len;
	}
	*bytes = h->slots * sizeof(*h->slot) + heap;
	return h;
}

static void *
small_open(const char *folder, const struct names *list, uint64_t *bytes)
{
	(void)folder;
	return make(list, false, bytes);
}

static void *
huge_open(const char *folder, const struct names *list, uint64_t *bytes)
{
	(void)folder;
	return make(list, true, bytes);
}

static bool
hash_find(void *s, const uint8_t *wire, size_t len)
{
	const struct hash *h = s;
	struct fsk_query q;

	fsk_query_init(&q, &h->key, wire, len);
	for (unsigned k = q.labels; k >= 2; k--) {
		uint64_t loc = q.loc[k];
		size_t at = (size_t)((fsk_u128)loc * h->slots >> 64);

		for (; h->slot[at].at != 0;
		     at = at + 1 == h->slots ? 0 : at + 1)
			if (h->slot[at].hash == loc &&
			    h->slot[at].len == len - fsk_query_at(&q, k) &&
			    memcmp(h->heap + h->slot[at].at - 1,
				q.wire + fsk_query_at(&q, k),
				len - fsk_query_at(&q, k)) == 0)
				return true;
	}
	return false;
}

const struct kind kind_hash = { "plain hash table", small_open, hash_find };
const struct kind kind_hash_huge = { "same, huge pages", huge_open, hash_find };
