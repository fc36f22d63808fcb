/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dates.h - since when the operator lists what he lists himself
 *
 * The list of a feed keeps its dates; rules stand in the configuration, and
 * what they listed when something was published last is kept in a file of its
 * own: a database with nothing but pairs of rule and entry, hashed as URLs are,
 * and the day of each.
 */
#ifndef FRAUDSINK_FEEDS_DATES_H
#define FRAUDSINK_FEEDS_DATES_H

#include <stdint.h>

#include "lib/err.h"

struct dates;

/* Opens the dates in the file BEFORE, without which all begin TODAY (days since
 * 1970-01-01), to be written to AFTER; NULL: they are not. */
int dates_open(struct dates **d, const char *before, const char *after,
    uint32_t today, struct fsk_error *err);

/* The day on which RULE first listed ENTRY, which it lists now.  One thread at
 * a time. */
int dates_since(struct dates *d, const char *rule, const char *entry,
    uint32_t *day, struct fsk_error *err);

/* Writes the days of all that was asked for, whole or not at all. */
int dates_finish(struct dates *d, struct fsk_error *err);

/* Frees D, which may be NULL. */
void dates_close(struct dates *d);

#endif
