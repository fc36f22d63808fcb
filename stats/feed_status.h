/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * feed_status.h - how the feeds are: status.json, which fraudsink-feeds keeps
 */
#ifndef FRAUDSINK_STATS_FEED_STATUS_H
#define FRAUDSINK_STATS_FEED_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed_health {
	char *name;
	bool disabled, good;
	int64_t age; /* seconds of its list, now; below 0: it has none */
	uint64_t names, failures;
};

struct feed_status {
	int64_t written; /* seconds since 1970-01-01 */
	bool good;
	struct feed_health *feed;
	size_t n;
};

/* Reads DIR/status.json, as of NOW; false if it is not there or no such file.
 * What it does not say is 0. */
bool feed_status_read(struct feed_status *s, const char *dir, int64_t now);
void feed_status_fini(struct feed_status *s);

#endif
