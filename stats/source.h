/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * source.h - a resolver's ring, and how far it is stored
 *
 * source_take() hands events on; they stay in the ring until a batch with them
 * is committed (source_stored()).  After a crash in between, what the store has
 * already is passed over.
 */
#ifndef FRAUDSINK_STATS_SOURCE_H
#define FRAUDSINK_STATS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/ring.h"
#include "stats/journal.h"
#include "stats/store.h"
#include "stats/words.h"

struct source;

/* For the ring PATH.  NULL when out of memory. */
struct source *source_new(const char *path);
void source_free(struct source *s);

const char *source_path(const struct source *s);
bool source_attached(const struct source *s);

/* Whether the ring that is attached has this ID. */
bool source_is(const struct source *s, const uint8_t id[static 16]);

/* Opens the ring and asks STORE how far it is stored.  FSK_EIO if it is not
 * there (yet) or somebody else has it, or as store_ring(). */
int source_attach(struct source *s, struct store *store, struct fsk_error *err);

/* What an event's labels mean. */
struct meaning {
	uint32_t feeds;           /* words_set() */
	uint16_t category, group; /* words_number() */
};

/* Hands at most N events to EACH, their labels told in the words of W; how
 * many.  EACH returns false to stop. */
size_t source_take(struct source *s, struct words *w, size_t n,
    bool (*each)(void *arg, const struct fsk_event *e, const struct meaning *m),
    void *arg);

/* W is another one than before. */
void source_forget_words(struct source *s);

/* Whether a worker's ring is half full of events that were taken. */
bool source_pressed(const struct source *s);

/* Whether another file has the path, since it was marked: then one more batch
 * is its last. */
bool source_ends(const struct source *s);

/* Whether all is taken and stored and another file has the path: then it is to
 * be let go of, and attached anew. */
bool source_over(const struct source *s);
void source_detach(struct source *s);

/* Passes over what the journal has of this ring, if RING is it. */
void source_pass(struct source *s, const struct journal_ring *ring);

/* How far events were taken, for the journal; when they are written there, the
 * ring may let go of them. */
void source_position(const struct source *s, struct journal_ring *ring);
void source_release(struct source *s);

/* Notes counters, and how far events were taken: that is what the next batch
 * tells, whatever is taken from here on. */
void source_mark(struct source *s, int64_t now);

/* Puts what was marked to the open batch of STORE. */
void source_put(const struct source *s, struct store *store);

/* Whether it is part of a batch that is not known to be stored: not one that
 * was attached since. */
bool source_is_marked(const struct source *s);

/* Whether STORE has what was marked last. */
int source_is_stored(const struct source *s, struct store *store, bool *is,
    struct fsk_error *err);

/* That batch is committed. */
void source_stored(struct source *s);

#endif
