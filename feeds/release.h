/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * release.h - from the lists of all feeds to the database in force
 *
 * What a published database was made of is remembered; as long as none of it
 * is another, there is nothing to publish.
 */
#ifndef FRAUDSINK_FEEDS_RELEASE_H
#define FRAUDSINK_FEEDS_RELEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "feeds/state.h"
#include "lib/err.h"

struct release {
	const struct conf *c;
	struct feed_state *states; /* as c->feeds */
	int64_t now;
	bool force; /* even if nothing changed */

	/* What came of it. */
	bool published, held;
	uint64_t serial, entries, urls;
};

/* Merges, checks and publishes, if anything changed and no rollback holds it
 * back.  On an error what was in force stays in force. */
int release(struct release *r, struct fsk_error *err);

/* Runs the hooks, with FRAUDSINK_DB and FRAUDSINK_SERIAL in their environment;
 * tells which failed. */
void release_hooks(const struct conf *c, uint64_t serial);

/* Whether releases are held back. */
bool release_is_held(const struct conf *c);

/* Holds them back, because the generation SERIAL is to stay in force. */
int release_hold(const struct conf *c, uint64_t serial, struct fsk_error *err);

/* Lets them go on as before. */
int release_unhold(const struct conf *c, struct fsk_error *err);

/* Lets them go on: the next one is made even if nothing changed. */
int release_resume(const struct conf *c, struct fsk_error *err);

#endif
