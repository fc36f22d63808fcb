/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench.h - what the parts of the look-up benchmark share
 *
 * Several structures hold the same list and answer the same queries in one
 * process.  Whatever goes wrong ends the program with a sentence.
 */
#ifndef FRAUDSINK_TESTS_BENCH_H
#define FRAUDSINK_TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/hash.h"
#include "lib/name.h"

/* Names in wire form, one after the other. */
struct names {
	uint8_t *heap;
	uint32_t *at; /* [i]: where name i begins; [n]: the end */
	size_t n, room, heap_room;
};

/* A structure under test.  OPEN makes it from LIST where FOLDER does not hold
 * it yet, and tells its size in octets. */
struct kind {
	const char *name;
	void *(*open)(
	    const char *folder, const struct names *list, uint64_t *bytes);
	bool (*find)(void *s, const uint8_t *wire, size_t len);
};

extern const struct kind kind_null, kind_line, kind_exact, kind_exact_map,
    kind_secret, kind_cdb, kind_lmdb, kind_hash, kind_hash_huge;

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void *must_alloc(size_t len);
/* LEN octets that begin on a page of 2 MB, on such pages if HUGE; not zeroed.
 */
void *must_alloc_pages(size_t len, bool huge);
/* The text FOLDER/FILE, for free(). */
char *path_in(const char *folder, const char *file);

/* The next of a fixed sequence of random numbers (splitmix64). */
uint64_t next_random(uint64_t *state);

/* Appends the name WIRE of LEN octets. */
void names_add(struct names *to, const uint8_t *wire, size_t len);
/* Reads a name a line, or after the first comma of each line. */
void names_read(struct names *to, const char *path);

static inline const uint8_t *
names_get(const struct names *s, size_t i, size_t *len)
{
	*len = s->at[i + 1] - s->at[i];
	return s->heap + s->at[i];
}

/* The three workloads, N queries each. */
void queries_popular(struct names *to, const struct names *legit, size_t n);
void queries_unique(struct names *to, const struct names *legit, size_t n);
void queries_listed(struct names *to, const struct names *list, size_t n);

/* The front end of the structures that do their own hashing: WIRE in lower
 * case to OUT, which has room for eight octets more, and where its labels
 * begin, the leftmost first.  Returns the number of labels. */
static inline unsigned
fold(uint8_t *out, uint8_t *at, const uint8_t *wire, size_t len)
{
	unsigned n = 0;
	size_t i = 0;

	for (; len - i >= 8; i += 8) {
		uint64_t w = fsk_get64(wire + i);
		uint64_t low7 = w & 0x7f7f7f7f7f7f7f7fu;
		uint64_t upper = (low7 + 0x3f3f3f3f3f3f3f3fu) &
		    ~(low7 + 0x2525252525252525u) & ~w & 0x8080808080808080u;

		fsk_put64(out + i, w | upper >> 2);
	}
	for (; i < len; i++)
		out[i] = fsk_lower[wire[i]];
	for (i = 0; out[i] != 0; i += out[i] + 1u)
		at[n++] = (uint8_t)i;
	return n;
}

#endif
