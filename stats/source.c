/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/source.h"

#include <stdlib.h>
#include <string.h>

#include "stats/counters.h"

#define AT_ONCE   256  /* events that are copied out at once */
#define SET_CACHE 1024 /* sets of feeds; a power of two */
#define NO_WORD   UINT32_MAX

/* A set as an event has it, and its number. */
struct known_set {
	bool known;
	uint8_t feeds;
	uint16_t feed[FSK_EVENT_FEEDS];
	uint32_t number;
};

struct source {
	char *path;
	struct fsk_ring_reader *reader; /* NULL: not attached */
	struct store_ring was, now;     /* as stored; as marked */
	bool marked;                    /* and not stored yet */
	bool ended;                     /* when marked: it was replaced */
	uint64_t damaged, damaged_put;  /* events; of these in the batch */
	uint32_t word[FSK_RING_LABELS]; /* of a label; NO_WORD: ask */
	struct known_set set[SET_CACHE];
	struct fsk_event event[AT_ONCE];
};

struct source *
source_new(const char *path)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		return NULL;
	}
	source_forget_words(s);
	return s;
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	source_detach(s);
	free(s->path);
	free(s);
}

const char *
source_path(const struct source *s)
{
	return s->path;
}

bool
source_attached(const struct source *s)
{
	return s->reader != NULL;
}

bool
source_is(const struct source *s, const uint8_t id[static 16])
{
	return memcmp(id, fsk_ring_id(s->reader), 16) == 0;
}

void
source_forget_words(struct source *s)
{
	for (unsigned i = 0; i < FSK_RING_LABELS; i++)
		s->word[i] = NO_WORD;
	for (unsigned i = 0; i < SET_CACHE; i++)
		s->set[i].known = false;
}

int
source_attach(struct source *s, struct store *store, struct fsk_error *err)
{
	int rc = fsk_ring_attach(&s->reader, s->path, false, err);

	if (rc != FSK_OK)
		return rc;
	source_forget_words(s);
	rc = store_ring(store, fsk_ring_id(s->reader), &s->was, err);
	if (rc != FSK_OK) {
		source_detach(s);
		return rc;
	}
	/* A store that claims more than the ring ever had is wrong. */
	for (unsigned i = 0; i < fsk_ring_workers(s->reader); i++) {
		const uint64_t at = fsk_ring_position(s->reader, i);

		if (s->was.position[i] > at &&
		    s->was.position[i] - at > fsk_ring_room(s->reader))
			s->was.position[i] = at;
	}
	s->now = s->was;
	return FSK_OK;
}

void
source_detach(struct source *s)
{
	fsk_ring_detach(s->reader);
	s->reader = NULL;
	s->marked = s->ended = false;
}

/* ---- what labels mean ---- */

static uint16_t
word_of(struct source *s, struct words *w, uint16_t label)
{
	char text[FSK_LABEL_TEXT];
	enum fsk_label_kind kind;

	if (label >= FSK_RING_LABELS)
		return 0;
	if (s->word[label] == NO_WORD)
		s->word[label] = fsk_ring_label_of(
				     s->reader, label, &kind, text)
		    ? words_number(w, kind, text)
		    : 0;
	return (uint16_t)s->word[label];
}

static uint32_t
set_of(struct source *s, struct words *w, const struct fsk_event *e)
{
	uint16_t feed[FSK_EVENT_FEEDS];
	struct known_set *k;
	uint32_t hash = e->feeds;

	for (unsigned i = 0; i < e->feeds; i++)
		hash = (hash ^ e->feed[i]) * 0x9e3779b1u;
	k = &s->set[hash >> 22 & (SET_CACHE - 1)];
	if (k->known && k->feeds == e->feeds &&
	    memcmp(k->feed, e->feed, e->feeds * sizeof(*feed)) == 0)
		return k->number;
	for (unsigned i = 0; i < e->feeds; i++)
		feed[i] = word_of(s, w, e->feed[i]);
	k->known = true;
	k->feeds = e->feeds;
	memcpy(k->feed, e->feed, e->feeds * sizeof(*feed));
	k->number = words_set(w, feed, e->feeds);
	return k->number;
}

/* ---- events ---- */

/* Takes up to N events of WORKER that are not stored yet.  Of those that are,
 * one at a time is taken, since damaged ones have numbers, too: the number of
 * what was taken alone is the last one. */
static size_t
take(struct source *s, unsigned worker, size_t n)
{
	const uint64_t stored = s->was.position[worker];
	size_t got;

	while (fsk_ring_taken(s->reader, worker) < stored) {
		got = fsk_ring_take(
		    s->reader, worker, s->event, 1, &s->damaged);
		if (got == 0)
			return 0;
		if (fsk_ring_taken(s->reader, worker) > stored)
			return got;
	}
	return fsk_ring_take(s->reader, worker, s->event,
	    n < AT_ONCE ? n : AT_ONCE, &s->damaged);
}

size_t
source_take(struct source *s, struct words *w, size_t n,
    bool (*each)(void *arg, const struct fsk_event *e, const struct meaning *m),
    void *arg)
{
	const unsigned workers = fsk_ring_workers(s->reader);
	size_t all = 0, got;

	for (unsigned worker = 0; worker < workers; worker++)
		while (all < n && (got = take(s, worker, n - all)) > 0) {
			for (size_t i = 0; i < got; i++) {
				const struct fsk_event *e = &s->event[i];
				const struct meaning m = { set_of(s, w, e),
					word_of(s, w, e->category),
					word_of(s, w, e->group) };

				if (!each(arg, e, &m))
					return all;
			}
			all += got;
		}
	return all;
}

bool
source_pressed(const struct source *s)
{
	const unsigned workers = fsk_ring_workers(s->reader);

	for (unsigned i = 0; i < workers; i++)
		if (fsk_ring_taken(s->reader, i) -
			fsk_ring_position(s->reader, i) >=
		    fsk_ring_room(s->reader) / 2)
			return true;
	return false;
}

bool
source_ends(const struct source *s)
{
	return !s->ended && fsk_ring_replaced(s->reader);
}

bool
source_over(const struct source *s)
{
	const unsigned workers = fsk_ring_workers(s->reader);

	if (!s->ended)
		return false;
	for (unsigned i = 0; i < workers; i++)
		if (s->was.position[i] <
		    fsk_ring_counter(s->reader, i, FSK_COUNT_EVENTS))
			return false;
	return true;
}

/* ---- the journal ---- */

void
source_pass(struct source *s, const struct journal_ring *ring)
{
	if (!source_is(s, ring->id))
		return;
	for (unsigned i = 0; i < ring->workers; i++)
		if (ring->position[i] > s->was.position[i])
			s->was.position[i] = ring->position[i];
}

/* What is stored stays stored while it is passed over. */
static uint64_t
position(const struct source *s, unsigned worker)
{
	const uint64_t taken = fsk_ring_taken(s->reader, worker);
	const uint64_t stored = s->was.position[worker];

	return taken > stored ? taken : stored;
}

void
source_position(const struct source *s, struct journal_ring *ring)
{
	memcpy(ring->id, fsk_ring_id(s->reader), sizeof(ring->id));
	ring->workers = fsk_ring_workers(s->reader);
	for (unsigned i = 0; i < ring->workers; i++)
		ring->position[i] = position(s, i);
}

void
source_release(struct source *s)
{
	const unsigned workers = fsk_ring_workers(s->reader);

	for (unsigned i = 0; i < workers; i++)
		fsk_ring_done(s->reader, i);
}

/* ---- storing ---- */

void
source_mark(struct source *s, int64_t now)
{
	const unsigned workers = fsk_ring_workers(s->reader);

	/* First: what it has then is all that it will have. */
	s->ended = fsk_ring_replaced(s->reader);
	memcpy(s->now.id, fsk_ring_id(s->reader), sizeof(s->now.id));
	s->now.seen = now;
	counters_read(s->reader, &s->now);
	for (unsigned i = 0; i < workers; i++)
		s->now.position[i] = position(s, i);
	s->damaged_put = s->damaged;
	s->marked = true;
}

void
source_put(const struct source *s, struct store *store)
{
	if (!s->marked)
		return; /* it was attached since */
	counters_put(store, s->now.seen, s->reader, &s->was, &s->now);
	if (s->damaged_put != 0)
		store_put_counter(store,
		    &(struct store_counter){ .time = s->now.seen,
			.counter = STORE_DAMAGED,
			.label = "",
			.value = s->damaged_put });
	store_put_ring(store, &s->now);
}

bool
source_is_marked(const struct source *s)
{
	return s->marked;
}

int
source_is_stored(const struct source *s, struct store *store, bool *is,
    struct fsk_error *err)
{
	struct store_ring *r = malloc(sizeof(*r));
	int rc;

	*is = false;
	if (r == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	rc = store_ring(store, s->now.id, r, err);
	*is = rc == FSK_OK && r->seen == s->now.seen &&
	    memcmp(r->position, s->now.position, sizeof(r->position)) == 0 &&
	    memcmp(r->counter, s->now.counter, sizeof(r->counter)) == 0;
	free(r);
	return rc;
}

void
source_stored(struct source *s)
{
	if (!s->marked)
		return; /* it was attached since */
	s->was = s->now;
	s->marked = false;
	s->damaged -= s->damaged_put;
	s->damaged_put = 0;
}
