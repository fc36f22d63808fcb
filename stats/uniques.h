/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uniques.h - sketches of the clients of a batch
 *
 * By hour, for everybody, each feed, and each category, group and country, the
 * lack of one included; blocked ones apart from those that were only counted.
 * The store unites them with what it has of the hour and of its day.
 */
#ifndef FRAUDSINK_STATS_UNIQUES_H
#define FRAUDSINK_STATS_UNIQUES_H

#include "stats/facts.h"

struct uniques {
	unsigned precision;
	struct table sketches; /* struct unique_key: struct sketch */
};

/* Who saw it: the hash of the client's address, and the tag of its key. */
struct client {
	uint64_t hash;
	uint32_t tag;
};

void uniques_init(struct uniques *u, unsigned precision);
void uniques_fini(struct uniques *u);

/* Counts CLIENT as one of KEY's.  False when out of memory. */
bool uniques_add(struct uniques *u, const struct words *w,
    const struct fact_key *key, struct client client);

/* Puts all to the open batch of c->store. */
void uniques_put(const struct uniques *u, const struct counting *c);

/* That batch is committed. */
void uniques_clear(struct uniques *u);

#endif
