/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rollup.h - events in, rows out, in bounded memory
 *
 *   a batch    counts exactly what rollup_add() gets: facts.h by minute,
 * names.h and uniques.h by hour; events.h keeps events themselves levels
 * minute, hour and day, to which rollup_put() adds the batch; they bound how
 * many keys and names one of them has
 *
 * What is added stays in memory until rollup_stored(): a batch that could not
 * be committed is put again, with whatever has come since.
 *
 * Hits per feed are sums over the sets that have it, a feed's unique
 * contribution is the set with it alone, and what two feeds have in common the
 * sum over the sets with both: all exact, since sets are never folded.
 */
#ifndef FRAUDSINK_STATS_ROLLUP_H
#define FRAUDSINK_STATS_ROLLUP_H

#include "lib/ring.h"
#include "stats/conf.h"
#include "stats/store.h"
#include "stats/words.h"

struct rollup;

/* A blocked query, with all that is known of it. */
struct rollup_event {
	uint64_t time;            /* microseconds since 1970-01-01 */
	uint32_t feeds;           /* words_set() */
	uint16_t category, group; /* words_number() */
	uint16_t case_number;     /* the same; 0 unless events are kept */
	uint16_t qtype;
	uint8_t severity, action, transport;
	bool would;
	char country[3];      /* "": unknown */
	uint32_t asn;         /* 0: unknown */
	const uint8_t *qname; /* checked, on the wire, with its length */
	unsigned qname_len;
	unsigned entry;      /* labels of the listed name */
	uint64_t client;     /* the address as a hash, */
	uint32_t tag;        /* made with the key called so */
	const uint8_t *kept; /* what of it an event keeps; NULL: nothing */
};

/* C must outlive it; NULL when out of memory. */
struct rollup *rollup_new(const struct conf *c);
void rollup_free(struct rollup *r);

/* The words that the events' numbers mean. */
struct words *rollup_words(struct rollup *r);

/* The network ASN has a name. */
bool rollup_network(struct rollup *r, uint32_t asn, const char *organisation);

/* False when out of memory: then it is not counted wholly, and only a new
 * start, which begins where the store is, makes it right. */
bool rollup_add(struct rollup *r, const struct rollup_event *e);

/* Events added and not stored yet. */
size_t rollup_pending(const struct rollup *r);

/* Puts all that is not stored yet to the open batch of S.  FSK_ENOMEM: see
 * rollup_add(). */
int rollup_put(struct rollup *r, struct store *s, struct fsk_error *err);

/* That batch is committed. */
void rollup_stored(struct rollup *r);

#endif
