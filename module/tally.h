/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - what is counted, and what is told of blocked queries
 *
 * Counters and events go to a ring that a collector may read (lib/ring.h).
 * Where its file cannot be had, counters are kept in memory and no events are
 * told; the background thread tries again, and each worker goes on in the file
 * with its next query.  What was counted in memory stays there, so the file
 * tells what happened since it was opened, and the log everything.
 *
 * What a worker does here is a few stores: no system call, no lock.
 */
#ifndef FRAUDSINK_MODULE_TALLY_H
#define FRAUDSINK_MODULE_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/ring.h"
#include "lib/verdict.h"
#include "module/asker.h"
#include "module/unbound.h"
#include "module/workers.h"

#define DEFAULT_RING        "/run/fraudsink/ring"
#define DEFAULT_RING_EVENTS 8192

struct tally {
	_Atomic(struct fsk_ring *) ring; /* where workers count now */
	struct fsk_ring *memory;         /* the ring without a file, or NULL */
	/* The background thread's. */
	struct fsk_ring *file;         /* NULL: none */
	uint64_t before[FSK_COUNTERS]; /* what it had when it was opened */
	char *path;                    /* NULL: none is wanted */
	unsigned workers, events;
	time_t tried;
};

/* What the reply callback tells of a blocked query. */
struct tally_hit {
	unsigned feeds;         /* labels in feed[] */
	bool ecs;               /* the client is who ECS says */
	struct fsk_event event; /* all but time, client and transport */
	uint16_t feed[];
};

/* Opens the ring that the environment names, for so many WORKERS; where there
 * is none to be had, the log tells.  False: out of memory. */
bool tally_init(struct tally *t, unsigned workers);

/* No worker may count any more. */
void tally_fini(struct tally *t);

/* ---- the background thread ---- */

/* Tries again for the file, now and then, if there is none.  True when it has
 * just come: then the database in use needs its tally_note(). */
bool tally_retry(struct tally *t);

/* Prepares the labels of all that DB, its policy and its groups' lists can tell
 * of; once for a database. */
void tally_note(void *t, const struct fsk_db *db);

/* As fsk_ring_total() and fsk_ring_add(), where there is a file. */
void tally_total(struct tally *t, enum fsk_total which, uint64_t value);
void tally_add(struct tally *t, enum fsk_total which, uint64_t n);

/* COUNTER of all workers since tally_init(). */
uint64_t tally_sum(const struct tally *t, unsigned counter);

/* ---- workers ---- */

/* Adds one to COUNTER. */
void tally_count(struct tally *t, struct worker_slot *slot, unsigned counter);

/* Copies to REGION what is to be told of the question Q to MAIN, which V
 * answers or only counts; NULL if the region is out of memory. */
struct tally_hit *tally_prepare(const struct fsk_db *main,
    const struct fsk_verdict *v, const struct fsk_question *q,
    struct regional *region);

/* Counts and tells that HIT was answered to the client WHO at NOW. */
void tally_blocked(struct tally *t, struct worker_slot *slot,
    struct tally_hit *hit, const struct asker *who, const struct timeval *now);

/* Counts and tells that the list which is only tried has the verdict TRIED on
 * Q, another one than V. */
void tally_tried(struct tally *t, struct worker_slot *slot,
    const struct fsk_question *q, const struct fsk_verdict *v,
    const struct asker *who, const struct timeval *now);

#endif
