/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash.h - the keyed hashes of a name and of all its parents
 *
 * Names are chosen by attackers, so every hash here is keyed with a key that
 * is drawn anew for each database.  Two hashes serve two purposes:
 *
 *   the locator says where a name would stand.  It is a chain of 64 x 64 ->
 *   128 bit multiplications over the labels from right to left, so one pass
 *   gives the locators of a name and of all its ancestors;
 *
 *   the fingerprint stands for the name itself in a database without names.
 *   It is SipHash-2-4 (Aumasson and Bernstein, 2012) of the canonical wire
 *   form, root label included.
 */
#ifndef FRAUDSINK_HASH_H
#define FRAUDSINK_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lib/bytes.h"
#include "lib/name.h"

#define FSK_KEY_LEN 16

__extension__ typedef unsigned __int128 fsk_u128;

/* What is derived from a database's key. */
struct fsk_key {
	uint64_t start, mul1, mul2; /* the locator's */
	uint64_t sip[2];            /* the fingerprint's */
};

/* A name made ready for look-ups: canonical, cut into labels, hashed.  The
 * label K counts from the right: 1 is the top-level domain. */
struct fsk_query {
	unsigned labels; /* 1 to FSK_LABELS_MAX */
	unsigned len;    /* octets of wire in use, root label included */
	uint8_t wire[FSK_NAME_MAX + 17]; /* what follows a label may be read */
	uint8_t
	    start[FSK_LABELS_MAX]; /* of the labels in wire, from the left */
	uint64_t
	    loc[FSK_LABELS_MAX + 1]; /* [k]: locator of the last k labels */
};

/* Where label K begins in q->wire. */
static inline unsigned
fsk_query_at(const struct fsk_query *q, unsigned k)
{
	return q->start[q->labels - k];
}

static inline uint64_t
fsk_rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

#define FSK_SIPROUND(v) \
	do { \
		v[0] += v[1], v[1] = fsk_rotl(v[1], 13) ^ v[0]; \
		v[0] = fsk_rotl(v[0], 32); \
		v[2] += v[3], v[3] = fsk_rotl(v[3], 16) ^ v[2]; \
		v[0] += v[3], v[3] = fsk_rotl(v[3], 21) ^ v[0]; \
		v[2] += v[1], v[1] = fsk_rotl(v[1], 17) ^ v[2]; \
		v[2] = fsk_rotl(v[2], 32); \
	} while (0)

/* SipHash-2-4 with a 64-bit result. */
static inline uint64_t
fsk_siphash(const uint64_t key[static 2], const uint8_t *p, size_t len)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u,
		key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
		key[1] ^ 0x7465646279746573u };
	uint64_t m = (uint64_t)len << 56;
	size_t i;

	for (i = 0; len - i >= 8; i += 8) {
		uint64_t w = fsk_get64(p + i);

		v[3] ^= w;
		FSK_SIPROUND(v);
		FSK_SIPROUND(v);
		v[0] ^= w;
	}
	for (size_t j = i; j < len; j++)
		m |= (uint64_t)p[j] << (8 * (j - i));
	v[3] ^= m;
	FSK_SIPROUND(v);
	FSK_SIPROUND(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	FSK_SIPROUND(v);
	FSK_SIPROUND(v);
	FSK_SIPROUND(v);
	FSK_SIPROUND(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Derives the working keys from the KEY of a database. */
static inline void
fsk_key_init(struct fsk_key *k, const uint8_t key[static FSK_KEY_LEN])
{
	const uint64_t master[2] = { fsk_get64(key), fsk_get64(key + 8) };
	uint64_t *out[] = { &k->start, &k->mul1, &k->mul2, &k->sip[0],
		&k->sip[1] };

	for (uint8_t i = 0; i < 5; i++)
		*out[i] = fsk_siphash(master, &i, 1);
}

/* One step of the locator over the label at P (its length octet first).  The
 * octets are taken sixteen at a time, zeroes fill the last sixteen; up to
 * fifteen octets behind the label are read and ignored.  Most labels take one
 * multiplication and no branch that could be foreseen wrongly. */
static inline uint64_t
fsk_locate_label(const struct fsk_key *k, uint64_t loc, const uint8_t *p)
{
	static const uint8_t keep[32] = { 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255 };
	unsigned left = *p + 1u;
	fsk_u128 m;

	for (; left > 16; left -= 16, p += 16) {
		m = (fsk_u128)(fsk_get64(p) ^ k->mul1) *
		    (fsk_get64(p + 8) ^ loc ^ k->mul2);
		loc = (uint64_t)m ^ (uint64_t)(m >> 64);
	}
	m = (fsk_u128)((fsk_get64(p) & fsk_get64(keep + 16 - left)) ^ k->mul1) *
	    ((fsk_get64(p + 8) & fsk_get64(keep + 24 - left)) ^ loc ^ k->mul2);
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Finds the labels of q->wire, which is or will be a copy of WIRE (a checked
 * name) in lower case.  The root has none. */
static inline void
fsk_query_cut(struct fsk_query *q, const uint8_t *wire)
{
	unsigned n = 0, len;

	for (unsigned i = 0; (len = wire[i]) != 0; i += len + 1)
		q->start[n++] = (uint8_t)i;
	q->labels = n;
}

/* Hashes the suffixes of DONE + 1 to LAST labels of Q, which is cut and hashed
 * up to DONE. */
static inline void
fsk_query_locate(struct fsk_query *q, const struct fsk_key *key, unsigned done,
    unsigned last)
{
	uint64_t loc = done == 0 ? key->start : q->loc[done];

	for (unsigned k = done + 1; k <= last; k++)
		q->loc[k] = loc = fsk_locate_label(
		    key, loc, q->wire + fsk_query_at(q, k));
}

/* Cuts and hashes q->wire (canonical, q->len octets, checked). */
static inline void
fsk_query_hash(struct fsk_query *q, const struct fsk_key *key)
{
	fsk_query_cut(q, q->wire);
	fsk_query_locate(q, key, 0, q->labels);
}

/* Eight octets in lower case: only 'A' to 'Z' change, and as no octet carries
 * into the next, it does not matter where W begins. */
static inline uint64_t
fsk_lower8(uint64_t w)
{
	uint64_t low7 = w & 0x7f7f7f7f7f7f7f7fu;
	uint64_t from_a = low7 + 0x3f3f3f3f3f3f3f3fu; /* >= 'A' */
	uint64_t past_z = low7 + 0x2525252525252525u; /* > 'Z' */

	return w | (from_a & ~past_z & ~w & 0x8080808080808080u) >> 2;
}

#ifdef __SSE2__
/* The same for sixteen. */
static inline __m128i
fsk_lower16(const uint8_t *p)
{
	const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	/* 'A' to 'Z' become the 26 highest of the signed numbers. */
	const __m128i upper = _mm_cmpgt_epi8(
	    _mm_add_epi8(v, _mm_set1_epi8(127 - 'Z')), _mm_set1_epi8(127 - 26));

	return _mm_or_si128(v, _mm_and_si128(upper, _mm_set1_epi8('a' - 'A')));
}
#endif

/* Copies the name WIRE, LEN octets long with its root label, in any letter
 * case, to *Q.  WIRE must be one whole uncompressed name.  Its length octets
 * are below 'A' and stay as they are. */
static inline void
fsk_query_fold(struct fsk_query *q, const uint8_t *wire, size_t len)
{
	size_t i = 0;

	q->len = (unsigned)len;
	/* The last sixteen or eight overlap those before them. */
#ifdef __SSE2__
	if (len >= 16) {
		for (; i < len - 16; i += 16)
			_mm_storeu_si128((__m128i *)(void *)(q->wire + i),
			    fsk_lower16(wire + i));
		_mm_storeu_si128((__m128i *)(void *)(q->wire + len - 16),
		    fsk_lower16(wire + len - 16));
	} else
#endif
	    if (len >= 8) {
		for (; i < len - 8; i += 8)
			fsk_put64(q->wire + i, fsk_lower8(fsk_get64(wire + i)));
		fsk_put64(
		    &q->wire[len - 8], fsk_lower8(fsk_get64(wire + len - 8)));
	} else {
		for (; i < len; i++)
			q->wire[i] = fsk_lower[wire[i]];
	}
	fsk_put64(q->wire + len, 0);
}

/* Makes *Q of the name WIRE, see fsk_query_fold(). */
static inline void
fsk_query_init(struct fsk_query *q, const struct fsk_key *key,
    const uint8_t *wire, size_t len)
{
	fsk_query_fold(q, wire, len);
	fsk_query_cut(q, wire);
	fsk_query_locate(q, key, 0, q->labels);
}

#endif
