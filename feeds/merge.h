/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * merge.h - from the lists of all feeds to one database
 *
 * Feeds that list a name are all kept, the highest severity wins.  An entry of
 * an "allow" section beats feeds at its own name; what is listed below it stays
 * listed unless the section says `subtree`.  What a feed excepts from its own
 * list counts for that feed only: it is dropped where another feed or a rule
 * lists the name, or where that feed blocks nothing that it is excepted from.
 * An entry that the guards refuse, or that too few feeds list, is left out; all
 * that is left out is reported.
 */
#ifndef FRAUDSINK_FEEDS_MERGE_H
#define FRAUDSINK_FEEDS_MERGE_H

#include <stdint.h>

#include "feeds/conf.h"
#include "feeds/guard.h"
#include "feeds/state.h"
#include "lib/db_write.h"
#include "lib/err.h"

struct merge_request {
	const struct conf *c;
	const struct guard *g;
	struct feed_state *states; /* as c->feeds; gets refused and so on */
	uint32_t today;            /* days since 1970-01-01 */
	uint64_t serial;
	int64_t now;
	const char *to;      /* the database's path */
	const char *refused; /* the file for what is left out: lines of feed,
				entry and reason with tabs between */
	const char *dates;   /* the file for what dates.h keeps of rules, to
				take the place of `rules.fsdb` when the
				database is in force; NULL: it is not kept.
				Without rules there is none */
};

/* Makes the database R->to. */
int merge(const struct merge_request *r, struct fsk_writer_result *result,
    struct fsk_error *err);

#endif
