/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * collector_parts.h - what the parts of the collector share
 *
 *   collector.c        making, writing batches, maintenance
 *   collector_take.c   from the rings to the roll-up and the journal
 *   collector_aside.c  the same while the store is busy
 *
 * A batch takes a while to write, in which rings go on filling.  Then a thread
 * takes events aside: from the rings to a journal, from where they come to the
 * roll-up when the store is done.  There are two journals, since the one with
 * the events of the batch is emptied by then.
 *
 * While that thread runs, sources, geo, privacy and warn are its own, and store
 * and roll-up are the caller's; it has words of its own.
 */
#ifndef FRAUDSINK_STATS_COLLECTOR_PARTS_H
#define FRAUDSINK_STATS_COLLECTOR_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "stats/collector.h"
#include "stats/geo.h"
#include "stats/journal.h"
#include "stats/privacy.h"
#include "stats/rollup.h"
#include "stats/source.h"
#include "stats/store.h"
#include "stats/warn.h"
#include "stats/warn_send.h"

#define BATCH_MOST 400000 /* events after which a batch cannot wait */
#define TAKEN_MOST 800000 /* events in memory; events taken aside */

struct aside {
	bool running;
	struct journal *to; /* NULL: nothing is there that was taken aside */
	size_t from;        /* where in its file that begins */
	size_t n;           /* events */
	struct words words; /* that it is noted in */
	bool bad;           /* out of memory: not all that was taken is there */
	pthread_t thread;
	atomic_bool ending;
};

struct collector {
	const struct conf *c;
	struct store *store;
	struct rollup *rollup;
	struct geo *geo;
	struct privacy *privacy;
	struct warn *warn; /* NULL: nobody is to be warned */
	struct warn_sender *sender;
	uint64_t warn_lost;      /* warnings; told */
	struct journal *journal; /* NULL: none */
	struct journal *spare;   /* the other one; NULL: none */
	bool journal_told;       /* that it cannot be written */
	struct aside aside;
	/* Rings that the journal had events of, until those are stored. */
	struct journal_ring *left;
	size_t nleft;
	struct source **source;
	char (*told)[512]; /* why each source is not attached */
	uint64_t now;      /* microseconds, of this round */
	uint64_t odd_time, odd_time_put;
	bool short_of_memory; /* not all that was taken is there */
	uint64_t stored;
	bool failing;   /* the last write did */
	bool uncertain; /* a commit failed, but may be one all the same */
};

uint64_t collector_clock(void); /* microseconds since 1970-01-01 */

/* Takes up to about MOST events, as long as COUNT, which counts them, is below
 * TAKEN_MOST; how many.  FSK_ENOMEM below 0. */
long collector_take_all(struct collector *k, size_t most,
    size_t (*count)(const struct collector *k));

/* Whether a ring gets full. */
bool collector_full(const struct collector *k);

/* Writes what is noted for J, in the numbers of W, and how far events were
 * taken. */
bool collector_record(struct collector *k, struct journal *j,
    const struct words *w, struct fsk_error *err);

/* Rings let go of what was taken: it is recorded or stored. */
void collector_let_go(struct collector *k);

/* Begins to take events aside, to J, if that can be. */
void aside_begin(struct collector *k, struct journal *j);

/* Ends it; then all else is the caller's again. */
void aside_end(struct collector *k);

/* Whether rings must keep what was taken aside. */
bool aside_unsaved(const struct collector *k);

/* Adds what was taken aside to the roll-up.  FSK_ENOMEM: what is in memory is
 * no longer whole. */
int aside_recall(struct collector *k, struct fsk_error *err);

#endif
