/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * aside.h - a file that is written aside and then takes its name in one step
 *
 * Whoever reads the name sees the file before or the whole new one.  Where the
 * system can, the file has no name until then, so that who is killed leaves
 * nothing behind.
 */
#ifndef FRAUDSINK_FEEDS_ASIDE_H
#define FRAUDSINK_FEEDS_ASIDE_H

#include <stdbool.h>

#include "lib/err.h"

struct aside {
	int fd; /* to write to */
	const char *path;
	char *folder, *temporary;
	bool named; /* the temporary name exists */
};

/* Begins a file that is to be PATH, which must stay; what PATH is now must be a
 * file, if it is anything.  *A is for aside_close() in any case. */
int aside_open(struct aside *a, const char *path, struct fsk_error *err);

/* Syncs what was written and puts it in place. */
int aside_publish(struct aside *a, struct fsk_error *err);

/* Removes what is not published. */
void aside_close(struct aside *a);

#endif
