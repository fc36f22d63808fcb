/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * names.h - which names were blocked how often, in bounded memory
 *
 * A batch counts exactly, by hour.  From there hits go to two levels, by hour
 * and by day, each of which tracks so many names of one hour or day.  As long
 * as there are not more, all counts are exact.  Beyond, the names with the
 * least counts are let go of, and the greatest of these is remembered: any name
 * that comes (back) later may have had so many hits before.  That is the
 * Space-Saving algorithm (Metwally, Agrawal and El Abbadi, 2005), a batch at a
 * time as summaries are merged (Agarwal et al., 2012): of N hits with M names
 * tracked no count is wrong by more than N / M, every name with more is there,
 * and each row says by how much it may be wrong.
 *
 * A level knows its names from the store: after a restart it goes on.
 */
#ifndef FRAUDSINK_STATS_NAMES_H
#define FRAUDSINK_STATS_NAMES_H

#include "stats/facts.h"
#include "stats/uniques.h"

/* ---- a batch ---- */

struct names {
	unsigned precision;
	struct table counts; /* hour and name on the wire: struct name_hits */
};

/* What is known of a name besides. */
struct name_facts {
	uint32_t feeds;
	uint16_t category;
	uint8_t severity;
};

struct name_hits {
	uint64_t hits, would; /* that the levels do not have yet */
	struct name_facts is;
	struct sketch clients[2]; /* [1]: only counted */
	bool linked;              /* to its name in the level of days, */
	uint32_t next;            /* another item of it, plus 1 */
};

void names_init(struct names *n, unsigned precision);
void names_fini(struct names *n);

/* Counts a hit of the name WIRE, LEN octets, by CLIENT.  False when out of
 * memory. */
bool names_add(struct names *n, const struct fact_key *key, const uint8_t *wire,
    size_t len, struct client client);

void names_clear(struct names *n);

/* ---- a level ---- */

struct names_period;

struct names_level {
	enum store_step step;
	size_t most; /* names of a period */
	struct names_period *periods;
};

void names_level_init(struct names_level *l, enum store_step step, size_t most);
void names_level_fini(struct names_level *l);

/* Makes ready for the hits of the batch N: what the store has of their hours
 * or days is loaded. */
int names_load(struct names_level *l, const struct counting *c,
    const struct names *n, struct fsk_error *err);

/* Adds the hits of N, which was loaded.  False when out of memory. */
bool names_fold(struct names_level *l, struct names *n);

/* All levels have the hits of N; its sketches stay. */
void names_folded(struct names *n);

/* Puts what is not stored yet to the open batch of c->store; of a day with the
 * sketches of N. */
void names_put(const struct names_level *l, const struct counting *c,
    const struct names *n);

/* That batch is committed. */
void names_stored(struct names_level *l);

#endif
