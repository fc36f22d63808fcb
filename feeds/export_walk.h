/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export_walk.h - the names of a database, with what holds for each
 */
#ifndef FRAUDSINK_FEEDS_EXPORT_WALK_H
#define FRAUDSINK_FEEDS_EXPORT_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "feeds/export.h"
#include "feeds/progress.h"

/* Words of an option that may come several times, as they were given. */
struct export_words {
	const char **at;
	bool *used; /* there is such a thing in the database */
	size_t n;
};

/* Which of the entries that block; those that allow are always among them. */
struct export_choice {
	struct export_words feeds, categories; /* none: all */
	enum fsk_severity severity;            /* 0: all */
};

/* Gives the format of X each name with a chosen entry, and counts in X what
 * that cannot say.  FSK_EINVAL if there is no such feed or category.  Stops
 * without an error where x->to has failed. */
int export_walk(struct export_run *x, struct export_choice *c,
    struct progress *p, struct fsk_error *err);

#endif
