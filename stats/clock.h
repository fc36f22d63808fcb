/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock.h - time that passes, whatever becomes of the date
 */
#ifndef FRAUDSINK_STATS_CLOCK_H
#define FRAUDSINK_STATS_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some moment. */
static inline int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
