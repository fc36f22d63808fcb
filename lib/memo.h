/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memo.h - names that were looked up a moment ago and concern nobody
 *
 * Unbound answers popular names from its cache thousands of times a second, and
 * each time the look-up would say the same.  A memo remembers hashes of names
 * that no entry blocks; it belongs to one thread, and to one list, which is
 * named by a number (fsk_handle_changes()).  The hash is
 * keyed and of 64 bits: that a name is taken for another is as good as
 * impossible, but not more, so a memo is for what is checked twice anyway.
 */
#ifndef FRAUDSINK_MEMO_H
#define FRAUDSINK_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/hash.h"

#define FSK_MEMO_SETS 2048 /* a power of two */
#define FSK_MEMO_WAYS 4    /* names whose hashes may fall into one set */

/* Zeroed, with a key of random numbers, it is empty. */
struct fsk_memo {
	uint64_t key[3];
	uint64_t list;
	uint64_t hash[FSK_MEMO_SETS][FSK_MEMO_WAYS]; /* the latest first */
};

static inline uint64_t
fsk_memo_mix(uint64_t a, uint64_t b)
{
	fsk_u128 m = (fsk_u128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The hash of the LEN octets at P (at least 1), never 0. */
static inline uint64_t
fsk_memo_hash(const struct fsk_memo *m, const uint8_t *p, size_t len)
{
	uint64_t h = m->key[0] ^ len, a, b;

	for (; len > 16; p += 16, len -= 16)
		h = fsk_memo_mix(
		    fsk_get64(p) ^ m->key[1], fsk_get64(p + 8) ^ h ^ m->key[2]);
	if (len >= 8) { /* the two overlap, as do those below */
		a = fsk_get64(p);
		b = fsk_get64(p + len - 8);
	} else if (len >= 4) {
		a = fsk_get32(p);
		b = fsk_get32(p + len - 4);
	} else {
		a = p[0];
		b = (uint64_t)p[len / 2] << 8 | p[len - 1];
	}
	return fsk_memo_mix(a ^ m->key[1], b ^ h ^ m->key[2]) | 1;
}

/* Whether the name with HASH is known not to be blocked by the list LIST. */
static inline bool
fsk_memo_knows(const struct fsk_memo *m, uint64_t list, uint64_t hash)
{
	const uint64_t *set = m->hash[hash >> 32 & (FSK_MEMO_SETS - 1)];
	bool is = false;

	for (unsigned i = 0; i < FSK_MEMO_WAYS; i++)
		is |= set[i] == hash;
	return is && m->list == list;
}

/* Notes that the list LIST does not block the name with HASH; what was noted of
 * another one is forgotten. */
static inline void
fsk_memo_note(struct fsk_memo *m, uint64_t list, uint64_t hash)
{
	uint64_t *set = m->hash[hash >> 32 & (FSK_MEMO_SETS - 1)];

	if (m->list != list) {
		memset(m->hash, 0, sizeof(m->hash));
		m->list = list;
	}
	for (unsigned i = FSK_MEMO_WAYS - 1; i > 0; i--)
		set[i] = set[i - 1];
	set[0] = hash;
}

#endif
