/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counters.h - what a ring counts exactly, stored as differences
 *
 * A ring's counters go up as long as its file lives.  The store keeps how they
 * were when a batch was put; what they have gone up since belongs to the minute
 * of the next batch.
 */
#ifndef FRAUDSINK_STATS_COUNTERS_H
#define FRAUDSINK_STATS_COUNTERS_H

#include "lib/ring.h"
#include "stats/store.h"

/* Reads all counters of R to *NOW: everything but id, host, seen and position.
 */
void counters_read(const struct fsk_ring_reader *r, struct store_ring *now);

/* Puts to the open batch of S by how much NOW is more than WAS, for the minute
 * of TIME.  A counter that went back, or up by more than can be, was damaged
 * and counts nothing. */
void counters_put(struct store *s, int64_t time,
    const struct fsk_ring_reader *r, const struct store_ring *was,
    const struct store_ring *now);

#endif
