/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/collector.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/db.h"
#include "stats/cmd.h"
#include "stats/geo.h"
#include "stats/journal.h"
#include "stats/privacy.h"
#include "stats/rollup.h"
#include "stats/source.h"
#include "stats/store.h"
#include "stats/warn.h"
#include "stats/warn_send.h"

#define BATCH_MOST  400000         /* events in memory */
#define PAST_MOST   (31 * 86400ll) /* seconds that an event may be old */
#define AHEAD_MOST  600            /* seconds that a clock may be ahead */
#define MAINTAIN_MS 300            /* that maintenance may take in a row */

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
	bool journal_told;       /* that it cannot be written */
	/* Rings that the journal had events of, until those are stored. */
	struct journal_ring *left;
	size_t nleft;
	struct source **source;
	char (*told)[512]; /* why each source is not attached */
	uint64_t now;      /* microseconds, of this round */
	uint64_t odd_time, odd_time_put;
	size_t no_hits; /* events that were taken and are none */
	uint64_t stored;
	bool failing;   /* the last write did */
	bool uncertain; /* a commit failed, but may be one all the same */
};

static uint64_t
microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
tell_place(void *arg, bool good, const char *sentence)
{
	(void)arg;
	(void)good;
	complain("%s", sentence);
}

/* ---- making ---- */

static int
make_sources(struct collector *k, struct fsk_error *err)
{
	const size_t n = k->c->rings.n;

	k->source = calloc(n, sizeof(*k->source));
	k->told = calloc(n, sizeof(*k->told));
	for (size_t i = 0; k->source != NULL && i < n; i++)
		k->source[i] = source_new(k->c->rings.at[i]);
	for (size_t i = 0; i < n; i++)
		if (k->source == NULL || k->source[i] == NULL ||
		    k->told == NULL)
			return fsk_fail(err, FSK_ENOMEM, "out of memory");
	return FSK_OK;
}

int
collector_new(
    struct collector **out, const struct conf *c, struct fsk_error *err)
{
	struct collector *k = calloc(1, sizeof(*k));
	int rc;

	*out = NULL;
	if (k == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	k->c = c;
	rc = make_sources(k, err);
	if (rc == FSK_OK)
		rc = privacy_open(&k->privacy, c, err);
	if (rc == FSK_OK)
		rc = warn_open(&k->warn, c, k->privacy, err);
	if (rc == FSK_OK && k->warn != NULL && c->warnings.url != NULL)
		rc = warn_sender_start(&k->sender, &c->warnings, err);
	if (rc == FSK_OK)
		rc = store_open(&k->store, c, STORE_WRITE, err);
	if (rc == FSK_OK) {
		k->rollup = rollup_new(c);
		k->geo = geo_new(c->country_db, c->asn_db);
		if (k->rollup == NULL || k->geo == NULL)
			rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	if (rc != FSK_OK) {
		collector_free(k);
		return rc;
	}
	geo_refresh(k->geo, tell_place, NULL);
	*out = k;
	return FSK_OK;
}

void
collector_free(struct collector *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; k->source != NULL && i < k->c->rings.n; i++)
		source_free(k->source[i]);
	free(k->source);
	free(k->told);
	free(k->left);
	journal_close(k->journal);
	rollup_free(k->rollup);
	geo_free(k->geo);
	warn_sender_stop(k->sender);
	warn_close(k->warn);
	privacy_close(k->privacy);
	store_close(k->store);
	free(k);
}

unsigned
collector_attach(struct collector *k)
{
	unsigned attached = 0;
	struct fsk_error err;

	for (size_t i = 0; i < k->c->rings.n; i++) {
		struct source *s = k->source[i];

		if (!source_attached(s) &&
		    source_attach(s, k->store, &err) != FSK_OK) {
			if (strcmp(k->told[i], err.text) != 0)
				complain("%s", err.text);
			strcpy(k->told[i], err.text);
			continue;
		}
		k->told[i][0] = '\0';
		for (size_t j = 0; j < k->nleft; j++)
			source_pass(s, &k->left[j]);
		attached++;
	}
	return attached;
}

/* ---- the journal ---- */

struct replay {
	struct collector *k;
	struct fsk_error err;
};

/* Whether the store has all that a record has: then it is of a batch after
 * which the journal was not emptied any more. */
static bool
is_wanted(void *arg, const struct journal_ring *rings, unsigned n, bool *yes)
{
	struct replay *p = arg;
	struct collector *k = p->k;
	struct store_ring *r = malloc(sizeof(*r));
	struct journal_ring *more = realloc(
	    k->left, (k->nleft + n) * sizeof(*more));
	int rc = FSK_OK;

	if (more != NULL)
		k->left = more;
	if (r == NULL || (more == NULL && n > 0))
		rc = fsk_fail(&p->err, FSK_ENOMEM, "out of memory");
	*yes = false;
	for (unsigned i = 0; rc == FSK_OK && i < n; i++) {
		rc = store_ring(k->store, rings[i].id, r, &p->err);
		for (unsigned w = 0; rc == FSK_OK && w < rings[i].workers; w++)
			*yes |= r->position[w] < rings[i].position[w];
		k->left[k->nleft++] = rings[i];
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

int
collector_begin(struct collector *k, struct fsk_error *err)
{
	struct replay p = { k, { .code = FSK_OK } };
	int rc;

	if (*k->c->journal == '\0')
		return FSK_OK;
	if (journal_open(&k->journal, k->c->journal, err) != FSK_OK) {
		complain("%s; without it more than some ten thousand events a "
			 "second may be too many",
		    err->text);
		return FSK_OK;
	}
	rc = journal_replay(
	    k->journal, rollup_words(k->rollup), is_wanted, add_again, &p, err);
	if (rc != FSK_OK && p.err.code != FSK_OK)
		*err = p.err;
	return rc;
}

/* Puts how far rings are stored that were in the journal and are no more. */
static int
put_left(struct collector *k, int64_t now, struct fsk_error *err)
{
	struct store_ring *r = malloc(sizeof(*r));
	int rc = r != NULL ? FSK_OK
			   : fsk_fail(err, FSK_ENOMEM, "out of memory");

	for (size_t i = 0; rc == FSK_OK && i < k->nleft; i++) {
		const struct journal_ring *left = &k->left[i];
		bool attached = false;

		for (size_t j = 0; j < k->c->rings.n; j++)
			attached |= source_attached(k->source[j]) &&
			    source_is(k->source[j], left->id);
		if (attached)
			continue;
		rc = store_ring(k->store, left->id, r, err);
		for (unsigned w = 0; rc == FSK_OK && w < left->workers; w++)
			if (left->position[w] > r->position[w])
				r->position[w] = left->position[w];
		r->seen = now;
		if (rc == FSK_OK)
			store_put_ring(k->store, r);
	}
	free(r);
	return rc;
}

bool
collector_relieve(struct collector *k)
{
	const size_t n = k->c->rings.n;
	struct journal_ring *rings;
	struct fsk_error err;
	unsigned used = 0;
	bool good;

	if (k->journal == NULL || k->failing ||
	    rollup_pending(k->rollup) >= BATCH_MOST)
		return false;
	rings = calloc(n, sizeof(*rings));
	for (size_t i = 0; rings != NULL && i < n; i++)
		if (source_attached(k->source[i]))
			source_position(k->source[i], &rings[used++]);
	good = rings != NULL &&
	    journal_write(k->journal, rollup_words(k->rollup), rings, used,
		&err) == FSK_OK;
	if (rings != NULL && !good && !k->journal_told)
		complain("%s; batches are written early", err.text);
	k->journal_told = !good;
	free(rings);
	for (size_t i = 0; good && i < n; i++)
		if (source_attached(k->source[i]))
			source_release(k->source[i]);
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

/* Orders a warning where one is wanted. */
static void
warn_of(struct collector *k, const struct fsk_event *e, uint64_t now,
    const struct meaning *m)
{
	const struct words *w = rollup_words(k->rollup);
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
	warn_event(k->warn, &warning);
}

static bool
take_one(void *arg, const struct fsk_event *e, const struct meaning *m)
{
	struct collector *k = arg;
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
	if (e->would > FSK_WOULD_BLOCK) {
		k->no_hits++;
		return true;
	}
	if (k->warn != NULL)
		warn_of(k, e, r.time, m);
	geo_find(k->geo, e->client, &place);
	memcpy(r.country, place.country, sizeof(r.country));
	r.asn = place.asn;
	if (k->c->events && privacy_keep(k->privacy, day, e->client, kept))
		r.kept = kept;
	return privacy_hash(k->privacy, day, e->client, &r.client, &r.tag) &&
	    (k->journal == NULL || journal_add(k->journal, &r)) &&
	    rollup_add(k->rollup, &r);
}

long
collector_take(struct collector *k, size_t most)
{
	size_t all = 0;

	if (k->failing)
		return 0;
	k->now = microseconds();
	for (size_t i = 0; i < k->c->rings.n; i++) {
		struct source *s = k->source[i];
		const size_t before = rollup_pending(k->rollup);
		size_t n, room = BATCH_MOST;

		if (!source_attached(s) || before >= BATCH_MOST)
			continue;
		room -= before;
		k->no_hits = 0;
		n = source_take(s, rollup_words(k->rollup),
		    most < room ? most : room, take_one, k);
		if (rollup_pending(k->rollup) - before + k->no_hits != n)
			return FSK_ENOMEM;
		all += n;
	}
	return (long)all;
}

bool
collector_pressed(const struct collector *k)
{
	if (rollup_pending(k->rollup) >= BATCH_MOST)
		return true;
	for (size_t i = 0; i < k->c->rings.n; i++)
		if (source_attached(k->source[i]) &&
		    source_pressed(k->source[i]))
			return true;
	return false;
}

/* ---- writing ---- */

struct naming {
	struct rollup *rollup;
	bool good;
};

static void
name_network(void *arg, uint32_t asn, const char *organisation)
{
	struct naming *n = arg;

	n->good &= rollup_network(n->rollup, asn, organisation);
}

static int
put(struct collector *k, struct fsk_error *err)
{
	const int64_t now = (int64_t)(microseconds() / 1000000);
	struct naming naming = { k->rollup, true };
	int rc;

	for (size_t i = 0; i < k->c->rings.n; i++)
		if (source_attached(k->source[i]))
			source_put(k->source[i], k->store, now);
	rc = put_left(k, now, err);
	if (rc != FSK_OK)
		return rc;
	k->odd_time_put = k->odd_time;
	if (k->odd_time != 0)
		store_put_counter(k->store,
		    &(struct store_counter){ .time = now,
			.counter = STORE_ODD_TIME,
			.label = "",
			.value = k->odd_time });
	geo_new_networks(k->geo, name_network, &naming);
	if (!naming.good)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	return rollup_put(k->rollup, k->store, err);
}

/* The batch is committed. */
static void
stored(struct collector *k)
{
	struct fsk_error err;

	for (size_t i = 0; i < k->c->rings.n; i++) {
		struct source *s = k->source[i];

		if (!source_attached(s))
			continue;
		source_stored(s);
		if (source_over(s)) {
			complain("'%s' was replaced; the one before is "
				 "counted to its end",
			    source_path(s));
			source_detach(s);
		}
	}
	k->stored += rollup_pending(k->rollup);
	rollup_stored(k->rollup);
	if (k->journal != NULL && journal_clear(k->journal, &err) != FSK_OK)
		complain("%s", err.text); /* nothing is counted twice */
	k->nleft = 0;
	k->odd_time -= k->odd_time_put;
	k->odd_time_put = 0;
	k->failing = k->uncertain = false;
}

/* After a failed commit: whether it was one all the same.  It is one for all
 * rings or none. */
static int
was_stored(struct collector *k, bool *is, struct fsk_error *err)
{
	*is = false;
	for (size_t i = 0; i < k->c->rings.n; i++)
		if (source_is_put(k->source[i]))
			return source_is_stored(
			    k->source[i], k->store, is, err);
	return FSK_OK;
}

int
collector_write(struct collector *k, struct fsk_error *err)
{
	bool is = false;
	int rc = store_begin(k->store, k->c->host, err);

	if (rc == FSK_OK && k->uncertain)
		rc = was_stored(k, &is, err);
	if (rc == FSK_OK && !is)
		rc = put(k, err);
	if (rc == FSK_OK && !is) {
		rc = store_commit(k->store, err);
		k->uncertain = rc != FSK_OK;
	}
	if (rc != FSK_OK || is)
		store_rollback(k->store);
	if (rc != FSK_OK) {
		k->failing = true;
		return rc;
	}
	stored(k);
	return FSK_OK;
}

bool
collector_failing(const struct collector *k)
{
	return k->failing;
}

/* ---- now and then ---- */

static void
maintain_warnings(struct collector *k, int64_t now)
{
	uint64_t lost;

	if (k->warn == NULL)
		return;
	warn_maintain(k->warn, now);
	lost = warn_dropped(k->warn);
	if (lost != k->warn_lost)
		complain("%" PRIu64 " warnings could not be ordered since the "
			 "start: '%s' cannot be written, or the day has its "
			 "most",
		    lost, k->c->warnings.folder);
	k->warn_lost = lost;
}

void
collector_maintain(struct collector *k)
{
	const uint64_t begin = microseconds();
	struct fsk_error err;
	bool more = true;

	geo_refresh(k->geo, tell_place, NULL);
	maintain_warnings(k, (int64_t)(begin / 1000000));
	while (more && microseconds() - begin < MAINTAIN_MS * 1000)
		if (store_maintain(k->store, (int64_t)(begin / 1000000), &more,
			&err) != FSK_OK) {
			complain("%s", err.text);
			return;
		}
}

uint64_t
collector_stored(const struct collector *k)
{
	return k->stored;
}
