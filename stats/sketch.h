/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sketch.h - about how many different clients there were
 *
 * A HyperLogLog sketch (Flajolet, Fusy, Gandouet and Meunier, 2007) of keyed
 * 64-bit hashes.  2^p registers keep the longest run of zero bits seen; the
 * estimate is Ertl's improved one (arXiv 1702.01284, 2017), which needs no
 * table of biases and holds from nothing to 10^18.  Its standard error is
 * 1.04 / sqrt(2^p): 1.6 % at p = 12, 0.8 % at p = 14.
 *
 * A small set is kept as a list of its hashes, cut to 26 bits of index and the
 * run behind (as Heule, Nunkesser and Hall, 2013), so that few clients cost few
 * octets and are counted nearly exactly; at 2^p / 8 of them it becomes
 * registers.
 *
 * The union of two sketches is what one sketch of both sets would be, whichever
 * way they are added up: over minutes, hosts, and twice the same.  Of two
 * precisions the lower one stays.
 *
 * Each sketch bears the tag of the key that made its hashes.  A client hashed
 * with two keys counts twice, so a union over days whose keys differ counts
 * client-days; such a union has the tag SKETCH_MIXED.
 */
#ifndef FRAUDSINK_STATS_SKETCH_H
#define FRAUDSINK_STATS_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKETCH_LEAST 10 /* precisions that there are */
#define SKETCH_MOST  16

#define SKETCH_EMPTY 0 /* the tag before anything is added */
#define SKETCH_MIXED 0xffffffffu

/* Octets of a packed sketch of the highest precision, at most. */
#define SKETCH_PACKED_MAX ((5u << SKETCH_MOST) / 4 + 64)

struct sketch {
	uint8_t p;
	bool dense;
	uint32_t tag;
	uint32_t n, room; /* entries, if it is not dense */
	union {
		uint32_t *entry; /* 26 bits of index, 6 of rank; in no order */
		uint8_t *rank;   /* 2^p of them */
	};
};

/* An empty sketch of precision P (SKETCH_LEAST to SKETCH_MOST). */
void sketch_init(struct sketch *s, unsigned p);
void sketch_fini(struct sketch *s);

/* Adds a client's HASH, made with the key called TAG.  False when out of
 * memory: then it may be missing. */
bool sketch_add(struct sketch *s, uint64_t hash, uint32_t tag);

/* Makes TO the union of both.  False when out of memory. */
bool sketch_merge(struct sketch *to, const struct sketch *from);

double sketch_estimate(struct sketch *s);

/* Writes S to OUT, which has room for SKETCH_PACKED_MAX octets; how many. */
size_t sketch_pack(struct sketch *s, uint8_t *out);

/* Makes *S of LEN octets.  NULL, or what is wrong with them (a constant; *S is
 * then empty). */
const char *sketch_unpack(struct sketch *s, const uint8_t *in, size_t len);

#endif
