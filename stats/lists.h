/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lists.h - the feeds' own lists, and since when they list a name
 *
 * fraudsink-feeds keeps for each feed a database of its own, FEED/list.fsdb in
 * its state folder; an entry's date is that feed's first sight of it.
 */
#ifndef FRAUDSINK_STATS_LISTS_H
#define FRAUDSINK_STATS_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/db.h"
#include "lib/err.h"

struct list {
	char *feed;
	struct fsk_db *db;
};

struct lists {
	struct list *at; /* by feed */
	size_t n;
	unsigned unread;      /* that are there, but no good databases: */
	struct fsk_error why; /* the last one's fault */
};

/* Opens all lists in the folder DIR; none if it is not there or empty.  FSK_EIO
 * if it cannot be read, FSK_ENOMEM. */
int lists_open(struct lists *l, const char *dir, struct fsk_error *err);
void lists_close(struct lists *l);

/* Whether list I covers NAME, and since which day (since 1970-01-01). */
bool lists_since(const struct lists *l, size_t i, const struct fsk_name *name,
    uint32_t *since);

#endif
