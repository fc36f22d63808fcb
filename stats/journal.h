/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * journal.h - events that the rings may let go of before they are stored
 *
 * Batches are cheap per event when they are large, rings are small.  So when a
 * ring is half full its events are written to a file in one piece, a record,
 * together with how far they came in each ring; they stay in the roll-up, and
 * go to the store with the next batch, after which the file is empty again.
 * Who was killed in between finds them there.  What is in the store already is
 * told by the positions, as with rings.
 *
 * There are two such files, each in use until its events are stored: what comes
 * while a batch is being written goes to the other one.
 *
 * Of the client a record has what the roll-up gets: a keyed hash, country and
 * network.  The file belongs in memory (/run), as the rings do.
 */
#ifndef FRAUDSINK_STATS_JOURNAL_H
#define FRAUDSINK_STATS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/ring.h"
#include "stats/rollup.h"
#include "stats/words.h"

struct journal;

/* How far a ring is written: events below are. */
struct journal_ring {
	uint8_t id[16];
	unsigned workers;
	uint64_t position[FSK_RING_WORKERS];
};

/* Opens the file PATH, or makes it.  FSK_EIO, also if another process has it;
 * FSK_ENOMEM. */
int journal_open(struct journal **j, const char *path, struct fsk_error *err);
void journal_close(struct journal *j);

/* Hands on what an earlier process left, record by record: to EACH the events
 * of those that are WANTED, their numbers made anew by W.  What was not written
 * whole, or is damaged, ends it.  FSK_ENOMEM, or if either returns false. */
int journal_replay(struct journal *j, struct words *w,
    bool (*wanted)(
	void *arg, const struct journal_ring *rings, unsigned n, bool *yes),
    bool (*each)(void *arg, const struct rollup_event *e), void *arg,
    struct fsk_error *err);

/* Notes E for the next record.  False when out of memory. */
bool journal_add(struct journal *j, const struct rollup_event *e);

/* Writes a record of all that was noted; N rings came as far as RINGS tell.  On
 * failure the file is as before, and the notes stay. */
int journal_write(struct journal *j, const struct words *w,
    const struct journal_ring *rings, unsigned n, struct fsk_error *err);

/* All is stored: empties the file and forgets the notes. */
int journal_clear(struct journal *j, struct fsk_error *err);

/* Octets of the records; notes that are in none yet. */
size_t journal_len(const struct journal *j);
size_t journal_noted(const struct journal *j);

/* Hands to EACH the events of the record at *AT, of this process's own, their
 * numbers made anew by W; then *AT is behind it.  FSK_ECORRUPT, FSK_ENOMEM, the
 * latter also if EACH returns false. */
int journal_recall(struct journal *j, size_t *at, struct words *w,
    bool (*each)(void *arg, const struct rollup_event *e), void *arg,
    struct fsk_error *err);

/* Forgets the notes, which have the numbers of WAS, and hands them to EACH,
 * which may note them again. */
int journal_return(struct journal *j, const struct words *was, struct words *w,
    bool (*each)(void *arg, const struct rollup_event *e), void *arg,
    struct fsk_error *err);

#endif
