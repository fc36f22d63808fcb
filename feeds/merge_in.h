/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * merge_in.h - what the parts of the merge share
 *
 * Only the files merge*.c include it.
 */
#ifndef FRAUDSINK_FEEDS_MERGE_IN_H
#define FRAUDSINK_FEEDS_MERGE_IN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "feeds/dates.h"
#include "feeds/merge.h"
#include "feeds/nameset.h"
#include "feeds/policy.h"
#include "lib/db.h"

/* What the attribute sets of a feed's own list say, decoded once. */
struct known {
	uint32_t since;
	uint32_t claim[2]; /* [1]: aliases may lead to it */
	enum fsk_match_kind match;
	bool allow, path_only, expired;
};

struct member {
	const struct conf_feed *f;
	struct feed_state *s;
	struct fsk_db *db; /* its list; NULL: it has none yet */
	struct known *known;
	size_t number;    /* of its section */
	unsigned minimum; /* feeds that must list a name */
};

struct merger {
	const struct merge_request *r;
	struct member *members;
	size_t n;
	struct nameset allowed; /* with all that is below */
	/* What rules list: names, and names of which all that is below. */
	struct nameset ruled, ruled_below;
	struct policy *policy;
	struct dates *dates; /* of rules */
	struct fsk_writer *w;
	atomic_size_t next;
	pthread_mutex_t lock; /* of all below */
	struct state_file refused;
	struct fsk_error err; /* of the first failure */
};

/* One thread, on the list of one member at a time. */
struct walker {
	struct merger *m;
	pthread_t thread;
	struct fsk_lane *lane;
	struct member *at;
	struct fsk_error err;
};

/* merge_judge.c: why the entry NAME of the member at hand, whose set of
 * attributes says K, is left out; NULL: it is not. */
const char *merge_left_out(
    const struct walker *t, const struct fsk_name *name, const struct known *k);

/* merge_rules.c: enters what the operator's rules list. */
int merge_rules(struct merger *m, struct fsk_error *err);

/* Whether a rule lists what an entry with MATCH for NAME covers. */
bool merge_rule_covers(const struct merger *m, const struct fsk_name *name,
    enum fsk_match_kind match);

/* merge_walk.c: enters what all members list, with so many THREADS. */
int merge_walk(struct merger *m, unsigned threads, struct fsk_error *err);

#endif
