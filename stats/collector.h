/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * collector.h - from rings to the store
 *
 * For one thread.  collector_take() moves events from the rings to the roll-up;
 * collector_write() makes a batch of it, and when that is committed the rings
 * let go of the events.  What comes while the store is busy is taken aside
 * (collector_parts.h).  While batches cannot be written nothing is taken: the
 * rings fill, and what does not fit there is dropped and counted by the
 * resolver.
 */
#ifndef FRAUDSINK_STATS_COLLECTOR_H
#define FRAUDSINK_STATS_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "stats/conf.h"

struct collector;

/* Opens what C names but the rings; C must outlive it. */
int collector_new(
    struct collector **k, const struct conf *c, struct fsk_error *err);

/* Nothing is written: what is not stored stays in the rings. */
void collector_free(struct collector *k);

/* Takes up what an earlier process left in the journal.  Once, before all
 * below. */
int collector_begin(struct collector *k, struct fsk_error *err);

/* Attaches rings that are there and not attached yet; how many are.  Why one
 * cannot be is told once. */
unsigned collector_attach(struct collector *k);

/* Takes what there is, up to about MOST events; how many were taken. FSK_ENOMEM
 * below 0: what is in memory is no longer whole, end the process. */
long collector_take(struct collector *k, size_t most);

/* Whether a ring, or what is in memory, gets full. */
bool collector_pressed(const struct collector *k);

/* Makes room in the rings without a batch; false if it must be one. */
bool collector_relieve(struct collector *k);

/* Writes a batch.  On failure it is kept, and tried again by the next call.
 * LAST: no more will be taken; all is stored then, and the journal is empty.
 * FSK_ENOMEM: as above. */
int collector_write(struct collector *k, bool last, struct fsk_error *err);

/* Whether the last try failed. */
bool collector_failing(const struct collector *k);

/* What is due now and then: places, and old rows.  LAST: no more will be taken.
 * Other than FSK_OK: as above. */
int collector_maintain(struct collector *k, bool last, struct fsk_error *err);

/* Since it was made: events stored, and batches. */
uint64_t collector_stored(const struct collector *k);

#endif
