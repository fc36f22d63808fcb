/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * schedule.h - hours of the week in a time zone, as intervals of absolute time
 *
 * "Mon-Fri 08:00-20:00, Sat 10:00-14:00", "22:00-06:00" (every day, over
 * midnight), "Sun".  The resolver knows nothing of time zones: for some time
 * to come the intervals are worked out here, with all changes of summer time
 * that the system's zone files know of.
 */
#ifndef FRAUDSINK_FEEDS_SCHEDULE_H
#define FRAUDSINK_FEEDS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/policy.h"

#define SCHEDULE_SPANS 64
#define SCHEDULE_DAYS  400 /* for how long intervals are worked out */

struct schedule {
	struct schedule_span {
		uint8_t days;      /* bit 0: Monday */
		uint16_t from, to; /* minutes from midnight; TO may be 1440, and
				      up to FROM: of the next day */
	} span[SCHEDULE_SPANS];
	unsigned n;
};

/* Reads TEXT.  Returns NULL, or what is wrong (a constant). */
const char *schedule_read(struct schedule *s, const char *text);

/* Whether the system knows the time zone ZONE ("Europe/Berlin", "UTC"). */
bool schedule_zone(const char *zone);

/* Appends the intervals of S in ZONE, from a day before NOW for SCHEDULE_DAYS,
 * to the *N intervals at *AT (for free()), in order and without overlaps.
 * False when out of memory. */
bool schedule_expand(const struct schedule *s, const char *zone, int64_t now,
    struct fsk_interval **at, uint32_t *n);

#endif
