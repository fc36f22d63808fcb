/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * round.h - one round: get what is due, make lists of it, publish
 *
 * A feed that fails keeps its last good list.  A round in which nothing changed
 * publishes nothing.
 */
#ifndef FRAUDSINK_FEEDS_ROUND_H
#define FRAUDSINK_FEEDS_ROUND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "lib/err.h"

/* What came of a feed. */
enum round_outcome {
	ROUND_NOT_DUE,
	ROUND_NEW,
	ROUND_READ_AGAIN, /* the same content, by other rules */
	ROUND_UNCHANGED,
	ROUND_FAILED,
};

struct round {
	const struct conf *c;
	const bool *due; /* which feeds, as c->feeds; NULL: all */
	bool force;      /* publish even if nothing changed */
	bool quiet;      /* tell failures only */
	bool no_hooks;
	const atomic_bool *stop; /* may be NULL */

	/* What came of it. */
	unsigned fresh, unchanged, failed; /* feeds */
	enum round_outcome *outcome;       /* as c->feeds; NULL: nobody asks */
	bool published;
	bool held; /* there was news, but a rollback holds it back */
	uint64_t serial, entries, urls, refused; /* of what was published */
};

/* Runs a round; the caller holds the state's lock.  FSK_OK even where feeds
 * failed (R->failed): the rest is published and their last good lists stay.
 * On an error what was in force stays in force, unless R->published: then only
 * the feeds' states could not be kept. */
int round_run(struct round *r, struct fsk_error *err);

#endif
