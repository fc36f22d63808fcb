/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * db_inside.h - what the reader's files share; for them only
 *
 *   db_find.c   look-ups
 *   db_open.c   opens and closes; maps the file or copies it
 *   db_check.c  all that a look-up relies on, checked once when it is opened
 *   db_tell.c   what is known of entries, feeds, answers and the whole
 */
#ifndef FRAUDSINK_DB_INSIDE_H
#define FRAUDSINK_DB_INSIDE_H

#include <stdatomic.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lib/code.h"
#include "lib/db.h"
#include "lib/db_layout.h"
#include "lib/policy.h"

struct section {
	const uint8_t *at;
	uint64_t len;
};

/* What every look-up reads comes first and is small: in a busy resolver it
 * falls out of the cache between two look-ups. */
struct fsk_db {
	struct fsk_key key;
	const uint8_t *lines, *recs;
	uint8_t part_bits, attr_width, max_chain;
	uint8_t mean_len; /* octets of a record, about; only a guess */
	bool single, secret;
	/* [i], [i + 1]: where the lines of partition i begin and end. */
	uint32_t part_line[FSK_PARTS_MAX + 1];
	uint64_t part_recs[FSK_PARTS_MAX]; /* where its records begin */
	const uint8_t *attrs;
	_Atomic(void *) note; /* the user's */
	struct fsk_code code;

	struct section sec[FSK_SEC_KNOWN]; /* by enum fsk_section */
	struct fsk_answer *answers;
	struct fsk_policy *policy; /* NULL: none */
	uint32_t nattrs, nfeeds, nanswers;
	size_t nurls;
	const uint8_t *base;
	size_t len;
	size_t mapped; /* octets to unmap; 0: the caller's memory */
	void (*free_note)(void *note);
};

/* The sum of the first N (at most 28) of the octets at P, of which 32 may be
 * read: without a loop, whose end could not be foreseen. */
static inline unsigned
sum_octets(const uint8_t *p, unsigned n)
{
#ifdef __SSE2__
	static const uint8_t mask[64] = { 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	const __m128i *v = (const __m128i *)(const void *)p;
	const __m128i *m = (const __m128i *)(const void *)(mask + 32 - n);
	__m128i a = _mm_and_si128(_mm_loadu_si128(v), _mm_loadu_si128(m));
	__m128i b = _mm_and_si128(
	    _mm_loadu_si128(v + 1), _mm_loadu_si128(m + 1));
	__m128i sum = _mm_add_epi64(_mm_sad_epu8(a, _mm_setzero_si128()),
	    _mm_sad_epu8(b, _mm_setzero_si128()));

	return (unsigned)(_mm_cvtsi128_si32(sum) + _mm_extract_epi16(sum, 4));
#else
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += p[i];
	return sum;
#endif
}

/* Checks the header of DB, of which the first FSK_HEADER_LEN octets (or all, if
 * it has less) are there, and takes from it what says how to read the rest. */
int db_check_header(struct fsk_db *db, const char *path, struct fsk_error *err);

/* Checks all of DB.  NESTED: it lies within another; PASS: FSK_DB_PASS. */
int db_check(struct fsk_db *db, const char *path, bool nested, bool pass,
    struct fsk_error *err);

#endif
