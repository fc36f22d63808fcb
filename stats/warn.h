/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * warn.h - early warnings: who was on the way to a red entry
 *
 * For clients of the groups that the operator names, an order to warn the
 * subscriber is written once a day for each entry: a line of JSON with a token
 * in place of the address.  A token is keyed (privacy.h): only who has the key,
 * the operator, can tell whose it is.
 *
 * Orders lie in a folder, a file a day (UTC), "2026-11-25.ndjson"; what is in a
 * file already is not ordered again, whoever was killed in between.
 */
#ifndef FRAUDSINK_STATS_WARN_H
#define FRAUDSINK_STATS_WARN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "stats/conf.h"
#include "stats/privacy.h"

struct warn;

/* What of an event matters. */
struct warn_event {
	uint64_t time; /* microseconds since 1970-01-01 */
	const uint8_t *client;
	const char *group, *category;
	const char *feeds;       /* names with newlines between */
	const uint8_t *entry;    /* the name that is listed, in wire form */
	const char *case_number; /* of who ordered it; "": none */
};

/* Opens the folder that C names.  *W is NULL where no warnings are wanted. */
int warn_open(struct warn **w, const struct conf *c, struct privacy *p,
    struct fsk_error *err);
void warn_close(struct warn *w);

/* Whether clients of GROUP are to be warned. */
bool warn_wanted(const struct warn *w, const char *group);

/* Orders a warning for E, of a wanted group, unless there is one today.  One of
 * an earlier day than was ordered last counts for that day.  What cannot be
 * written is dropped and counted. */
void warn_event(struct warn *w, const struct warn_event *e);

/* Warnings that were ordered and that were dropped, since it was opened. */
uint64_t warn_ordered(const struct warn *w);
uint64_t warn_dropped(const struct warn *w);

/* Removes files that are older than is to be kept. */
void warn_maintain(struct warn *w, int64_t now);

/* The path of the file of DAY (since 1970-01-01) in FOLDER, for free(). */
char *warn_path(const char *folder, uint32_t day);

/* The day that the file NAME is of; false: it is none. */
bool warn_day(const char *name, uint32_t *day);

#endif
