/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * progress.h - a line on the terminal for work that takes over a second
 */
#ifndef FRAUDSINK_FEEDS_PROGRESS_H
#define FRAUDSINK_FEEDS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	bool on; /* standard error is a terminal and nobody said quiet */
	bool shown;
	struct timespec start, last;
};

void progress_begin(struct progress *p, bool quiet);

/* Shows "WHAT: DONE" or "WHAT: DONE of ALL" (ALL not 0) if it is time to. */
void progress_show(
    struct progress *p, const char *what, uint64_t done, uint64_t all);

/* Wipes the line; to be called before anything else is printed. */
void progress_end(struct progress *p);

/* Seconds since progress_begin(). */
double progress_seconds(const struct progress *p);

#endif
