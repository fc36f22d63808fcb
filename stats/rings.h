/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rings.h - the resolvers' counters as they are now
 *
 * Looking at a ring takes nothing from the collector.
 */
#ifndef FRAUDSINK_STATS_RINGS_H
#define FRAUDSINK_STATS_RINGS_H

#include "lib/ring.h"
#include "stats/conf.h"

/* COUNTER of all workers of R. */
uint64_t ring_counter(const struct fsk_ring_reader *r, unsigned counter);

/* Blocked queries, of all severities. */
uint64_t ring_blocked(const struct fsk_ring_reader *r);

/* What all rings of C together answered and blocked; how many of them could be
 * read. */
unsigned rings_sum(const struct conf *c, uint64_t *answered, uint64_t *blocked);

#endif
