/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.h - numbers for the names of feeds, categories and groups, for case
 * numbers, and for sets of feeds
 *
 * Rings give each name a number of their own; here it has one for all rings,
 * as long as the process lives.  Number 0 is "", no feed at all.  There is room
 * for as many as any honest list needs; what does not fit is 0, too.
 */
#ifndef FRAUDSINK_STATS_WORDS_H
#define FRAUDSINK_STATS_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ring.h"
#include "stats/table.h"

#define WORDS_MAX 16384 /* of a kind */
#define SETS_MAX  65536

/* Between the names of a set's text: no label has it. */
#define WORDS_BETWEEN '\n'

/* A set of feeds. */
struct feeds {
	unsigned n;
	uint16_t feed[FSK_EVENT_FEEDS]; /* words, in the order of their names */
};

/* Case numbers are words, too, of a kind that no ring has labels of. */
#define WORDS_CASE ((enum fsk_label_kind)(FSK_LABEL_GROUP + 1))

struct words {
	struct table kind[WORDS_CASE + 1];
	struct table sets;
};

/* False when out of memory. */
bool words_init(struct words *w);
void words_fini(struct words *w);

uint16_t words_number(
    struct words *w, enum fsk_label_kind kind, const char *text);

/* Its text; until the next call of any of these. */
const char *words_text(
    const struct words *w, enum fsk_label_kind kind, uint16_t number);

/* The number of the set of the N feeds FEED (words; in any order). */
uint32_t words_set(struct words *w, const uint16_t *feed, unsigned n);

/* The number of the set that TEXT is: names in order, WORDS_BETWEEN them. */
uint32_t words_set_of(struct words *w, const char *text);
const char *words_set_text(const struct words *w, uint32_t number);
const struct feeds *words_feeds(const struct words *w, uint32_t number);

#endif
