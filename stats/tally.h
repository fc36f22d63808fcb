/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - hits by key, and of them what may be released
 *
 * A tally sums hits up by time, key and part (the second dimension; "" if there
 * is none), and may know the clients of a key.
 *
 * What is released (to researchers): of each day and key those hits behind
 * which there are at least so many clients.  Who knows the day's sum could take
 * the released keys away from it, so what is left must be nothing or rest on as
 * many clients, too: as long as it does not, the smallest of the released keys
 * is withheld as well.  For names that holds of the day's sum of each category
 * and each feed.
 */
#ifndef FRAUDSINK_STATS_TALLY_H
#define FRAUDSINK_STATS_TALLY_H

#include "stats/ask.h"
#include "stats/table.h"

struct tally_cell {
	uint64_t hits;
	uint64_t unique; /* feeds: of entries that no other feed has */
	uint64_t error;  /* names: so much more it may be */
	bool known;      /* clients are */
	struct sketch clients;
	/* Names: as they were listed when last counted. */
	char *feeds, *category;
	uint8_t severity;
	bool withheld;
};

struct tally {
	struct table cells; /* see tally_put() */
	bool failed;        /* out of memory */
	uint64_t all;       /* hits of all facts that were looked at */
	/* Of names: how many the store gave, and what the last of them has,
	 * blocked or only counted; others have no more. */
	uint64_t rows, least;
};

void tally_init(struct tally *t);
void tally_fini(struct tally *t);

/* The cell of a time, key and part; made if need be.  NULL when out of memory.
 * Valid until another is made. */
struct tally_cell *tally_put(
    struct tally *t, int64_t time, const char *key, const char *part);

/* The same; NULL if there is none. */
struct tally_cell *tally_get(
    const struct tally *t, int64_t time, const char *key, const char *part);

/* Cell I, and what it is called (until another is made). */
struct tally_cell *tally_at(const struct tally *t, size_t i, int64_t *time,
    const char **key, const char **part);

/* Fills T with what A asks for (a->what by a->by, names excepted), for each
 * BUCKET seconds or, if that is 0, as if all were at a->from.  A researcher's
 * buckets are not smaller than a day. */
int tally_facts(struct tally *t, const struct ask *a, struct store *s,
    uint32_t bucket, struct fsk_error *err);

/* The same with names: of each bucket the first LIMIT, or all if that is 0. */
int tally_names(struct tally *t, const struct ask *a, struct store *s,
    uint32_t bucket, uint64_t limit, struct fsk_error *err);

/* Adds the clients of T's cells, for each BUCKET as above, where the store
 * knows them; those of names by whole days. */
int tally_clients(struct tally *t, const struct ask *a, struct store *s,
    uint32_t bucket, struct fsk_error *err);

/* The same for cell I alone, a name's of all of A's time. */
int tally_clients_of(struct tally *t, size_t i, const struct ask *a,
    struct store *s, struct fsk_error *err);

/* Fills T, which is empty, with what is released of a->what (names, too).
 * *WITHHELD: keys that are there and not in T. */
int tally_released(struct tally *t, const struct ask *a, struct store *s,
    uint32_t bucket, uint64_t *withheld, struct fsk_error *err);

/* The same for cells of any name and day that the query Q of sketches finds. */
int tally_clients_by_day(struct tally *t, const struct store_query *q,
    struct store *s, struct fsk_error *err);

/* All hits that A asks about and, where they are known, the different clients
 * (else below 0); noted in AS.  T may have been filled with facts of A: then
 * they are not looked at again; or NULL. */
int tally_total(const struct ask *a, const struct tally *t, struct store *s,
    struct answers *as, struct fsk_error *err);

/* Cells by time, those with most hits first, of equal ones by key and part; the
 * numbers of them, to be freed; NULL when out of memory or if there are none.
 */
size_t *tally_order(const struct tally *t);

/* What is known of the clients of a cell, noted as such in AS; below 0: nothing
 * is. */
double tally_estimate(struct tally_cell *c, struct answers *as);

#endif
