/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts.h - how often something was blocked, in bounded memory
 *
 * A batch counts exactly, by minute.  From there hits go to three levels, by
 * minute, hour and day, each of which tells only so many keys of one minute,
 * hour or day apart.  Where there are more, the network becomes "other"; at
 * half as many again the country, too; and at eight times as many (which no
 * honest list brings about) all but the answer.  So sums stay exact, and the
 * rows themselves tell how much was not told apart.
 *
 * A level knows its keys from the store: after a restart the bounds hold on.
 */
#ifndef FRAUDSINK_STATS_FACTS_H
#define FRAUDSINK_STATS_FACTS_H

#include "stats/store.h"
#include "stats/table.h"
#include "stats/words.h"

/* No octet of it may be left unset: it is hashed as it is. */
struct fact_key {
	uint32_t time;  /* minutes, hours or days since 1970-01-01 */
	uint32_t feeds; /* words_set() */
	uint32_t asn;
	uint16_t category, group; /* words_number() */
	uint16_t country;         /* two letters; 0: unknown; '*': other */
	uint8_t severity, action, would, zero[3];
};

/* What is counted and where it comes from; shared by all that count. */
struct counting {
	struct words *words;
	struct store *store;
	const char *host;
};

struct facts_level {
	enum store_step step;
	size_t most;          /* keys */
	struct table keys;    /* struct fact_key: hits, not stored yet */
	struct table periods; /* time: size_t, how many keys it has */
};

void facts_init(struct facts_level *l, enum store_step step, size_t most);
void facts_fini(struct facts_level *l);

/* Makes ready for keys of the minute MINUTE: what the store has of its minute,
 * hour or day is loaded. */
int facts_load(struct facts_level *l, const struct counting *c, uint32_t minute,
    struct fsk_error *err);

/* Adds HITS for KEY, whose time is in minutes and was loaded.  False when out
 * of memory. */
bool facts_add(
    struct facts_level *l, const struct fact_key *key, uint64_t hits);

/* Puts what is not stored yet to the open batch of c->store. */
void facts_put(const struct facts_level *l, const struct counting *c);

/* That batch is committed. */
void facts_stored(struct facts_level *l);

#endif
