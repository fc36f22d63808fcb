/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * metrics.h - the state of all of it in Prometheus' text format (0.0.4)
 */
#ifndef FRAUDSINK_STATS_METRICS_H
#define FRAUDSINK_STATS_METRICS_H

#include <stdio.h>

#include "stats/conf.h"

/* Writes what the rings, the feeds' status and the store of C tell at NOW.
 * What cannot be read is left out, and fraudsink_ring_up and the like say so.
 */
void metrics_print(FILE *to, const struct conf *c, int64_t now);

#endif
