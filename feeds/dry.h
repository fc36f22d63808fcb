/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dry.h - a round that changes nothing, and what it would have changed
 *
 * The round is the ordinary one, in a replica of the state (replica.h), without
 * hooks.  Then the database in force is compared with the one that the round
 * would have published, by the code of `diff`, and query names are looked up in
 * both.
 */
#ifndef FRAUDSINK_FEEDS_DRY_H
#define FRAUDSINK_FEEDS_DRY_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/round.h"
#include "feeds/status.h"

struct dry_options {
	const char *queries; /* a file of names, "-": standard input; or NULL */
	bool names, json;
	bool limited;   /* somebody said: */
	uint64_t limit; /* so many names of each kind */
};

/* What came of a round, for JSON. */
struct dry_round {
	const struct round *r;
	const struct status *feeds; /* as it would be afterwards */
};

/* Runs R, whose configuration is the real one, and tells.  Returns the exit
 * status that the round would have had.  Nothing is left of it, whatever
 * happens, as long as the signals that set *R->stop do only that; they end the
 * process after the round. */
int dry_run(struct round *r, const struct dry_options *o);

#endif
