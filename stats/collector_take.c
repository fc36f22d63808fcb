/* SPDX-License-Identifier: BSD-3-Clause */
/* From the rings to the roll-up, and to the journal where the rings need the
 * room before the next batch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/db.h"
#include "stats/cmd.h"
#include "stats/collector_parts.h"

#define PAST_MOST  (31 * 86400ll) /* seconds that an event may be old */
#define AHEAD_MOST 600            /* seconds that a clock may be ahead */

uint64_t
collector_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the journal ---- */

struct replay {
	struct collector *k;
	struct fsk_error err;
};

/* Notes that the journal has RING as far as it tells; false when out of memory.
 */
static bool
note_left(struct collector *k, const struct journal_ring *ring)
{
	struct journal_ring *left = k->left;
	size_t i = 0;

	while (i < k->nleft && memcmp(left[i].id, ring->id, 16) != 0)
		i++;
	if (i == k->nleft) {
		left = realloc(left, (k->nleft + 1) * sizeof(*left));
		if (left == NULL)
			return false;
		k->left = left;
		left[k->nleft++] = *ring;
	}
	for (unsigned w = 0; w < ring->workers; w++)
		if (ring->position[w] > left[i].position[w])
			left[i].position[w] = ring->position[w];
	return true;
}

/* Whether the store has all that a record has: then it is of a batch after
 * which the journal was not emptied any more. */
static bool
is_wanted(void *arg, const struct journal_ring *rings, unsigned n, bool *yes)
{
	struct replay *p = arg;
	struct store_ring *r = malloc(sizeof(*r));
	int rc = FSK_OK;

	if (r == NULL)
		rc = fsk_fail(&p->err, FSK_ENOMEM, "out of memory");
	*yes = false;
	for (unsigned i = 0; rc == FSK_OK && i < n; i++) {
		rc = store_ring(p->k->store, rings[i].id, r, &p->err);
		for (unsigned w = 0; rc == FSK_OK && w < rings[i].workers; w++)
			*yes |= r->position[w] < rings[i].position[w];
		if (rc == FSK_OK && !note_left(p->k, &rings[i]))
			rc = fsk_fail(&p->err, FSK_ENOMEM, "out of memory");
	}
	free(r);
	return rc == FSK_OK;
}

static bool
add_again(void *arg, const struct rollup_event *e)
{
	struct replay *p = arg;

	return rollup_add(p->k->rollup, e);
}

static int
open_journal(struct collector *k, struct journal **j, const char *path,
    struct fsk_error *err)
{
	struct replay p = { k, { .code = FSK_OK } };
	int rc;

	rc = journal_open(j, path, err);
	if (rc == FSK_ENOMEM)
		return rc;
	if (rc != FSK_OK) {
		complain("%s; without it more than some ten thousand events a "
			 "second may be too many",
		    err->text);
		return FSK_OK;
	}
	rc = journal_replay(
	    *j, rollup_words(k->rollup), is_wanted, add_again, &p, err);
	if (rc != FSK_OK && p.err.code != FSK_OK)
		*err = p.err;
	return rc;
}

int
collector_begin(struct collector *k, struct fsk_error *err)
{
	char *other;
	int rc;

	if (*k->c->journal == '\0')
		return FSK_OK;
	if (asprintf(&other, "%s.2", k->c->journal) == -1)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	rc = open_journal(k, &k->journal, k->c->journal, err);
	if (rc == FSK_OK && k->journal != NULL)
		rc = open_journal(k, &k->spare, other, err);
	free(other);
	return rc;
}

bool
collector_record(struct collector *k, struct journal *j, const struct words *w,
    struct fsk_error *err)
{
	const size_t n = k->c->rings.n;
	struct journal_ring *rings = calloc(n, sizeof(*rings));
	unsigned used = 0;
	bool good;

	for (size_t i = 0; rings != NULL && i < n; i++)
		if (source_attached(k->source[i]))
			source_position(k->source[i], &rings[used++]);
	if (rings == NULL)
		fsk_fail(err, FSK_ENOMEM, "out of memory");
	good = rings != NULL && journal_write(j, w, rings, used, err) == FSK_OK;
	free(rings);
	return good;
}

void
collector_let_go(struct collector *k)
{
	for (size_t i = 0; i < k->c->rings.n; i++)
		if (source_attached(k->source[i]))
			source_release(k->source[i]);
}

bool
collector_relieve(struct collector *k)
{
	struct fsk_error err;
	bool good;

	if (k->journal == NULL || k->failing ||
	    rollup_pending(k->rollup) >= BATCH_MOST)
		return false;
	good = collector_record(k, k->journal, rollup_words(k->rollup), &err);
	if (!good && !k->journal_told)
		complain("%s; batches are written early", err.text);
	k->journal_told = !good;
	if (good)
		collector_let_go(k);
	return good;
}

/* ---- taking ---- */

/* The time of an event, or now where it cannot be: each odd time would make
 * rows of its own. */
static uint64_t
time_of(struct collector *k, const struct fsk_event *e)
{
	if (e->time <= k->now + AHEAD_MOST * 1000000ull &&
	    e->time + PAST_MOST * 1000000ull >= k->now)
		return e->time;
	k->odd_time++;
	return k->now;
}

/* The words that events are told in. */
static struct words *
words_now(struct collector *k)
{
	return k->aside.running ? &k->aside.words : rollup_words(k->rollup);
}

/* Orders a warning where one is wanted. */
static void
warn_of(struct collector *k, const struct fsk_event *e, uint64_t now,
    const struct meaning *m)
{
	const struct words *w = words_now(k);
	const uint8_t *entry = e->qname;
	struct warn_event warning = { .time = now, .client = e->client };

	if (e->severity != FSK_RED)
		return;
	warning.group = words_text(w, FSK_LABEL_GROUP, m->group);
	if (!warn_wanted(k->warn, warning.group))
		return;
	warning.category = words_text(w, FSK_LABEL_CATEGORY, m->category);
	warning.feeds = words_set_text(w, m->feeds);
	for (unsigned n = fsk_name_labels(entry); n > e->entry; n--)
		entry += *entry + 1u;
	warning.entry = entry;
	warning.case_number = e->case_number;
	warn_event(k->warn, &warning);
}

static bool
add_event(
    struct collector *k, const struct fsk_event *e, const struct meaning *m)
{
	struct rollup_event r = {
		.time = time_of(k, e),
		.feeds = m->feeds,
		.category = m->category,
		.group = m->group,
		.qtype = e->qtype,
		.severity = e->severity,
		.action = e->action,
		.transport = e->transport,
		.would = e->would,
		.qname = e->qname,
		.qname_len = e->qname_len,
		.entry = e->entry,
	};
	const uint32_t day = (uint32_t)(r.time / 1000000 / 86400);
	struct geo_place place;
	uint8_t kept[16];

	/* What a list that is only tried would do is no hit: the query was
	 * resolved, or is blocked and told by an event of its own. */
	if (e->would > FSK_WOULD_BLOCK)
		return true;
	if (k->warn != NULL)
		warn_of(k, e, r.time, m);
	geo_find(k->geo, e->client, &place);
	memcpy(r.country, place.country, sizeof(r.country));
	r.asn = place.asn;
	if (k->c->events && privacy_keep(k->privacy, day, e->client, kept))
		r.kept = kept;
	if (k->c->events && e->case_len > 0)
		r.case_number = words_number(
		    words_now(k), WORDS_CASE, e->case_number);
	if (!privacy_hash(k->privacy, day, e->client, &r.client, &r.tag))
		return false;
	if (k->aside.running) {
		k->aside.n++;
		return journal_add(k->aside.to, &r);
	}
	return (k->journal == NULL || journal_add(k->journal, &r)) &&
	    rollup_add(k->rollup, &r);
}

static bool
take_one(void *arg, const struct fsk_event *e, const struct meaning *m)
{
	struct collector *k = arg;

	k->short_of_memory = !add_event(k, e, m);
	return !k->short_of_memory;
}

long
collector_take_all(struct collector *k, size_t most,
    size_t (*count)(const struct collector *k))
{
	size_t all = 0;

	k->now = collector_clock();
	for (size_t i = 0; i < k->c->rings.n; i++) {
		struct source *s = k->source[i];
		const size_t before = count(k);
		size_t room = TAKEN_MOST;

		if (!source_attached(s) || before >= TAKEN_MOST)
			continue;
		room -= before;
		k->short_of_memory = false;
		all += source_take(
		    s, words_now(k), most < room ? most : room, take_one, k);
		if (k->short_of_memory)
			return FSK_ENOMEM;
	}
	return (long)all;
}

static size_t
pending(const struct collector *k)
{
	return rollup_pending(k->rollup);
}

long
collector_take(struct collector *k, size_t most)
{
	return k->failing ? 0 : collector_take_all(k, most, pending);
}

bool
collector_full(const struct collector *k)
{
	for (size_t i = 0; i < k->c->rings.n; i++)
		if (source_attached(k->source[i]) &&
		    source_pressed(k->source[i]))
			return true;
	return false;
}

bool
collector_pressed(const struct collector *k)
{
	return pending(k) >= BATCH_MOST || collector_full(k);
}
