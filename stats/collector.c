/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stats/cmd.h"
#include "stats/collector_parts.h"

#define MAINTAIN_MS 300 /* that maintenance may take in a row */

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
	journal_close(k->spare);
	if (k->aside.to != NULL)
		words_fini(&k->aside.words);
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

/* ---- writing ---- */

/* Puts how far rings are stored that were in the journal and are no more, or
 * not yet. */
static int
put_left(struct collector *k, int64_t now, struct fsk_error *err)
{
	struct store_ring *r = malloc(sizeof(*r));
	int rc = r != NULL ? FSK_OK
			   : fsk_fail(err, FSK_ENOMEM, "out of memory");

	for (size_t i = 0; rc == FSK_OK && i < k->nleft; i++) {
		const struct journal_ring *left = &k->left[i];
		bool marked = false; /* then its source puts it */

		for (size_t j = 0; j < k->c->rings.n; j++)
			marked |= source_is_marked(k->source[j]) &&
			    source_is(k->source[j], left->id);
		if (marked)
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

/* Decides what is of the batch; what is taken from here on is not. */
static int
mark(struct collector *k, struct fsk_error *err)
{
	const int64_t now = (int64_t)(collector_clock() / 1000000);
	struct naming naming = { k->rollup, true };

	for (size_t i = 0; i < k->c->rings.n; i++)
		if (source_attached(k->source[i]))
			source_mark(k->source[i], now);
	k->odd_time_put = k->odd_time;
	geo_new_networks(k->geo, name_network, &naming);
	return naming.good ? FSK_OK
			   : fsk_fail(err, FSK_ENOMEM, "out of memory");
}

static int
put(struct collector *k, struct fsk_error *err)
{
	const int64_t now = (int64_t)(collector_clock() / 1000000);
	int rc;

	for (size_t i = 0; i < k->c->rings.n; i++)
		if (source_attached(k->source[i]))
			source_put(k->source[i], k->store);
	rc = put_left(k, now, err);
	if (rc != FSK_OK)
		return rc;
	if (k->odd_time_put != 0)
		store_put_counter(k->store,
		    &(struct store_counter){ .time = now,
			.counter = STORE_ODD_TIME,
			.label = "",
			.value = k->odd_time_put });
	return rollup_put(k->rollup, k->store, err);
}

/* Empties the journals but for what was taken aside. */
static void
clear_journals(struct collector *k)
{
	struct journal *done = k->journal;
	struct fsk_error err;

	if (k->aside.to == k->spare && k->spare != NULL) {
		k->journal = k->spare;
		k->spare = done;
	} else if (k->spare != NULL &&
	    journal_clear(k->spare, &err) != FSK_OK) {
		complain("%s", err.text);
	}
	/* Should it fail, nothing is counted twice. */
	if (done != NULL && journal_clear(done, &err) != FSK_OK)
		complain("%s", err.text);
}

/* The batch is committed. */
static void
stored(struct collector *k)
{
	if (!aside_unsaved(k))
		collector_let_go(k);
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
	clear_journals(k);
	k->nleft = 0;
	k->odd_time -= k->odd_time_put;
	k->odd_time_put = 0;
	k->failing = k->uncertain = false;
}

/* Whether what the journal had is stored. */
static int
left_was_stored(struct collector *k, bool *is, struct fsk_error *err)
{
	struct store_ring *r = malloc(sizeof(*r));
	int rc = r != NULL ? FSK_OK
			   : fsk_fail(err, FSK_ENOMEM, "out of memory");

	for (size_t i = 0; rc == FSK_OK && i < k->nleft; i++) {
		rc = store_ring(k->store, k->left[i].id, r, err);
		for (unsigned w = 0; w < k->left[i].workers; w++)
			*is &= r->position[w] >= k->left[i].position[w];
	}
	free(r);
	return rc;
}

/* After a failed commit: whether it was one all the same.  It is one for all
 * rings or none, but of one without news the store has what it had. */
static int
was_stored(struct collector *k, bool *is, struct fsk_error *err)
{
	bool any = k->nleft > 0;
	int rc = FSK_OK;

	*is = true;
	for (size_t i = 0; rc == FSK_OK && *is && i < k->c->rings.n; i++)
		if (source_is_marked(k->source[i])) {
			any = true;
			rc = source_is_stored(k->source[i], k->store, is, err);
		}
	if (rc == FSK_OK && *is)
		rc = left_was_stored(k, is, err);
	*is &= any;
	return rc;
}

static int
write_batch(struct collector *k, struct fsk_error *err)
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
	return rc;
}

/* After a last batch: whether there must be one more.  A ring that was replaced
 * meanwhile is found by nobody again. */
static bool
has_more(struct collector *k, int *rc, struct fsk_error *err)
{
	bool ends = false;

	for (size_t i = 0; i < k->c->rings.n; i++)
		ends |= source_attached(k->source[i]) &&
		    source_ends(k->source[i]);
	if (ends && collector_take(k, SIZE_MAX) < 0)
		*rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	/* Or it was taken aside in the attempt that failed. */
	return *rc == FSK_OK && (ends || rollup_pending(k->rollup) > 0);
}

int
collector_write(struct collector *k, bool last, struct fsk_error *err)
{
	int rc = k->failing ? FSK_OK : mark(k, err);

	if (rc != FSK_OK)
		return rc;
	if (!last)
		aside_begin(k, k->spare);
	rc = write_batch(k, err);
	if (rc == FSK_OK) { /* it takes a while, too */
		k->stored += rollup_pending(k->rollup);
		rollup_stored(k->rollup);
	}
	aside_end(k);
	if (rc != FSK_OK) {
		k->failing = true;
		return rc;
	}
	stored(k);
	rc = aside_recall(k, err);
	if (rc == FSK_OK && last && has_more(k, &rc, err))
		rc = collector_write(k, last, err);
	return rc;
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

int
collector_maintain(struct collector *k, bool last, struct fsk_error *err)
{
	const uint64_t begin = collector_clock();
	const int64_t now = (int64_t)(begin / 1000000);
	bool more = true;

	geo_refresh(k->geo, tell_place, NULL);
	maintain_warnings(k, now);
	if (!last)
		aside_begin(k, k->journal);
	while (more && collector_clock() - begin < MAINTAIN_MS * 1000)
		if (store_maintain(k->store, now, &more, err) != FSK_OK) {
			complain("%s", err->text);
			break;
		}
	aside_end(k);
	return aside_recall(k, err);
}

uint64_t
collector_stored(const struct collector *k)
{
	return k->stored;
}
