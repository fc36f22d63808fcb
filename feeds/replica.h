/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * replica.h - a state and a database that can be changed without harm
 *
 * A private folder with symbolic links to the files of a state folder and to
 * the database in force.  Whoever replaces a file there replaces a link: all
 * files of the state are replaced by rename(), and none is written to where it
 * lies.
 *
 * No lock is taken, and what others do meanwhile is seen as far as it is done.
 * That is good enough for a round: it begins by reading what is known of each
 * feed, which a round of others writes last, so that what it finds is at worst
 * what a round that was killed leaves behind.
 */
#ifndef FRAUDSINK_FEEDS_REPLICA_H
#define FRAUDSINK_FEEDS_REPLICA_H

#include "feeds/conf.h"
#include "lib/err.h"

struct replica {
	struct conf c; /* the configuration of the replica; its texts are those
			  of the one that was given */
	char *folder;  /* for more files, too */
	char *state, *database;
	int lock; /* on the folder, as long as we live */
};

/* Where temporary files go: TMPDIR, or where that is not set /var/tmp. */
const char *replica_place(void);

/* Makes a replica for C, which must stay, in a folder in replica_place(), and
 * removes there what replicas of ours left that were killed.  *R is for
 * replica_close() in any case. */
int replica_open(
    struct replica *r, const struct conf *c, struct fsk_error *err);

/* The path of the file NAME in the folder, for free(); NULL when out of
 * memory. */
char *replica_path(const struct replica *r, const char *name);

/* Removes the folder with all that is in it, and frees R, which may be zero;
 * what is open stays so. */
void replica_close(struct replica *r);

#endif
