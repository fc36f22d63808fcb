/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nameset.h - names with a number each, in memory
 *
 * For the lists that guards ask: some hundred thousand names.  Only keyed
 * 64-bit hashes are kept.
 */
#ifndef FRAUDSINK_FEEDS_NAMESET_H
#define FRAUDSINK_FEEDS_NAMESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/hash.h"
#include "lib/name.h"

struct nameset {
	struct fsk_key key;
	struct nameset_slot {
		uint64_t hash; /* 0: free */
		uint32_t value;
	} * slot;
	size_t n, room; /* room: a power of two */
};

/* Prepares *S, empty. */
void nameset_init(struct nameset *s);
void nameset_fini(struct nameset *s);

/* Adds the last LABELS labels of Q, which nameset_query() made, with VALUE; of
 * several values the smallest stays.  False when out of memory. */
bool nameset_add(struct nameset *s, const struct fsk_query *q, unsigned labels,
    uint32_t value);

/* Makes *Q of NAME for this set. */
void nameset_query(
    const struct nameset *s, struct fsk_query *q, const struct fsk_name *name);

/* The value of the last LABELS labels of Q; false if they are not in S. */
bool nameset_find(const struct nameset *s, const struct fsk_query *q,
    unsigned labels, uint32_t *value);

/* Whether S has a name above NAME, or NAME ITSELF. */
bool nameset_covers(
    const struct nameset *s, const struct fsk_name *name, bool itself);

#endif
