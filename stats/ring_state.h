/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring_state.h - how far a ring is stored, as octets
 *
 * Positions, counters, totals and the hits of labels, each as far as the last
 * that is not 0: a 16-bit number of them, then so many 64-bit numbers (of
 * labels two), all little-endian, behind one octet of version.
 */
#ifndef FRAUDSINK_STATS_RING_STATE_H
#define FRAUDSINK_STATS_RING_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/store.h"

#define RING_STATE_MAX \
	(1 + 4 * 2 + \
	    8 * \
		(FSK_RING_WORKERS + FSK_COUNTERS + FSK_TOTALS + \
		    2 * FSK_RING_LABELS))

/* Writes it to OUT, which has room for RING_STATE_MAX octets; how many. */
size_t ring_state_pack(const struct store_ring *r, uint8_t *out);

/* Reads it; false if LEN octets at IN are none. */
bool ring_state_unpack(struct store_ring *r, const uint8_t *in, size_t len);

#endif
