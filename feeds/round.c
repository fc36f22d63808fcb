/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/round.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/collect.h"
#include "feeds/contents.h"
#include "feeds/printable.h"
#include "feeds/release.h"
#include "feeds/state.h"
#include "lib/db.h"

struct run {
	struct round *r;
	const struct conf *c;
	struct feed_state *states; /* as c->feeds */
	struct content *contents;  /* of the feeds that are due */
	size_t n;
	int64_t now;
};

/* ---- messages, a line a feed ---- */

static void __attribute__((format(printf, 3, 4)))
tell(const struct run *run, const struct content *k, const char *fmt, ...)
{
	va_list ap;

	if (run->r->quiet && k->status != CONTENT_FAILED)
		return;
	fprintf(stderr, "%s: ", k->f->head.title);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void
tell_failed(const struct run *run, const struct content *k)
{
	if (k->s->good == 0)
		tell(run, k, "FAILED: %s; it has no list yet", k->why);
	else
		tell(run, k, "FAILED: %s; its list of %.1f hours ago stays",
		    k->why, (double)(run->now - k->s->good) / 3600);
}

static void
tell_new(
    const struct run *run, const struct content *k, const struct feed_state *s)
{
	tell(run, k,
	    "%s (%s): %" PRIu64 " names, %" PRIu64 " URLs, %" PRIu64
	    " exceptions, %" PRIu64 " not applicable, %" PRIu64 " bad",
	    k->status == CONTENT_NEW ? "new" : "read again", s->format,
	    s->names, s->urls, s->excepted, s->skipped, s->bad);
}

/* ---- contents to lists ---- */

/* Whether the list of F, names and URLs, is there and not damaged. */
static bool
list_is_whole(const struct conf *c, const struct conf_feed *f)
{
	char *list = state_path(c->state, f->head.title, "list.fsdb");
	char *urls = state_path(c->state, f->head.title, "urls");
	struct fsk_error unused;
	struct fsk_db *db = NULL;
	const bool good = list != NULL && urls != NULL &&
	    fsk_db_open(&db, list, FSK_DB_MAP, &unused) == FSK_OK &&
	    access(urls, R_OK) == 0;

	fsk_db_close(db);
	free(list);
	free(urls);
	return good;
}

/* Whether the list of F must be made anew of the body that is there. */
static bool
list_is_outdated(
    const struct conf *c, const struct conf_feed *f, const struct feed_state *s)
{
	char form[24];

	collect_form(f, form);
	return !list_is_whole(c, f) || strcmp(form, s->form) != 0;
}

static int
make_list(struct run *run, struct content *k, struct feed_state *s,
    struct fsk_error *err)
{
	const bool incoming = k->status == CONTENT_NEW && k->incoming != NULL;
	/* Its size says nothing about a list from elsewhere. */
	struct feed_state made = *s;
	char source[24];
	char *folder = state_path(run->c->state, k->f->head.title, NULL);
	int rc = folder != NULL ? state_folder(folder, err)
				: fsk_fail(err, FSK_ENOMEM, "out of memory");

	free(folder);
	content_source(k->f, source);
	if (strcmp(source, s->source) != 0)
		made.names = made.urls = made.excepted = 0;
	if (rc == FSK_OK)
		rc = collect(run->c, k->f, incoming ? k->incoming : k->body,
		    (uint32_t)(run->now / 86400), &made, err);
	if (rc == FSK_OK)
		*s = made;
	if (rc == FSK_OK && incoming)
		rc = content_accept(k, err);
	return rc;
}

/* What is known of the feed after K was got and, if need be, read. */
static void
note(const struct content *k, struct feed_state *s, int64_t now)
{
	s->tried = now;
	s->http = k->http;
	s->not_before = k->not_before;
	if (k->status == CONTENT_FAILED) {
		s->failures++;
		memcpy(s->why, k->why, sizeof(s->why));
		return;
	}
	s->good = now;
	s->failures = 0;
	content_source(k->f, s->source);
	s->why[0] = '\0';
	if (k->status == CONTENT_NEW) {
		s->bytes = k->bytes;
		s->serial = k->serial;
	}
	/* The same content may come with new marks; without them it would come
	 * again and again. */
	if (k->status == CONTENT_NEW || k->etag[0] != '\0' ||
	    k->last_modified[0] != '\0') {
		memcpy(s->etag, k->etag, sizeof(s->etag));
		memcpy(s->last_modified, k->last_modified,
		    sizeof(s->last_modified));
	}
}

static void
note_outcome(const struct run *run, const struct content *k, bool made)
{
	enum round_outcome *out = run->r->outcome;

	if (out == NULL)
		return;
	out += k->f - run->c->feeds;
	switch (k->status) {
	case CONTENT_NEW:
		*out = ROUND_NEW;
		break;
	case CONTENT_UNCHANGED:
		*out = made ? ROUND_READ_AGAIN : ROUND_UNCHANGED;
		break;
	case CONTENT_FAILED:
		*out = ROUND_FAILED;
		break;
	}
}

static void
take_content(struct run *run, struct content *k, struct feed_state *s)
{
	struct fsk_error err;
	bool made = false;

	if (k->status == CONTENT_NEW ||
	    (k->status == CONTENT_UNCHANGED &&
		list_is_outdated(run->c, k->f, s))) {
		made = make_list(run, k, s, &err) == FSK_OK;
		if (!made) {
			k->status = CONTENT_FAILED;
			snprintf(k->why, sizeof(k->why), "%s", err.text);
			printable(k->why);
		}
	}
	switch (k->status) {
	case CONTENT_FAILED:
		tell_failed(run, k);
		run->r->failed++;
		break;
	case CONTENT_NEW:
		run->r->fresh++;
		tell_new(run, k, s);
		break;
	case CONTENT_UNCHANGED:
		run->r->unchanged++;
		if (made)
			tell_new(run, k, s);
		else
			tell(run, k, "unchanged, %" PRIu64 " names and URLs",
			    s->names + s->urls);
		break;
	}
	note_outcome(run, k, made);
	note(k, s, run->now);
}

/* A list that was good, but is lost or damaged, would hold up all others: it is
 * made again of the content that is there. */
static void
repair(struct run *run, const struct conf_feed *f, struct feed_state *s)
{
	char *body = content_path(run->c, f);
	struct fsk_error err;

	if (body != NULL && !list_is_whole(run->c, f) &&
	    access(body, R_OK) == 0 &&
	    collect(run->c, f, body, (uint32_t)(run->now / 86400), s, &err) ==
		FSK_OK)
		complain("%s: its list was lost or damaged, and is made again",
		    f->head.title);
	free(body);
}

static void
repair_all(struct run *run)
{
	for (size_t i = 0; i < run->c->nfeeds; i++)
		if (run->c->feeds[i].enabled && run->states[i].good != 0)
			repair(run, &run->c->feeds[i], &run->states[i]);
}

/* ---- the whole ---- */

static int
prepare(struct run *run, struct fsk_error *err)
{
	const struct conf *c = run->c;

	run->states = calloc(c->nfeeds, sizeof(*run->states));
	run->contents = calloc(c->nfeeds, sizeof(*run->contents));
	if (run->states == NULL || run->contents == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	run->now = (int64_t)time(NULL);
	for (size_t i = 0; i < c->nfeeds; i++) {
		state_read(c->state, c->feeds[i].head.title, &run->states[i]);
		if (c->feeds[i].enabled &&
		    (run->r->due == NULL || run->r->due[i]))
			run->contents[run->n++] = (struct content){
				.f = &c->feeds[i],
				.s = &run->states[i],
			};
	}
	return FSK_OK;
}

static bool
stopped(const struct round *r)
{
	return r->stop != NULL && atomic_load(r->stop);
}

static int
keep_states(const struct run *run, struct fsk_error *err)
{
	int rc = FSK_OK;

	/* One that cannot be kept is no reason to lose the others. */
	for (size_t i = 0; i < run->c->nfeeds; i++) {
		struct fsk_error later;

		if (run->c->feeds[i].enabled &&
		    state_write(run->c->state, run->c->feeds[i].head.title,
			&run->states[i], &later) != FSK_OK &&
		    rc == FSK_OK) {
			rc = later.code;
			*err = later;
		}
	}
	return rc;
}

int
round_run(struct round *r, struct fsk_error *err)
{
	struct run run = { .r = r, .c = r->c };
	struct release rel = { .c = r->c, .force = r->force };
	struct fsk_error later;
	int rc = prepare(&run, err), kept;

	if (rc == FSK_OK)
		rc = contents_get(r->c, run.contents, run.n, r->stop, err);
	for (size_t i = 0; i < run.n && rc == FSK_OK && !stopped(r); i++)
		take_content(&run, &run.contents[i],
		    &run.states[run.contents[i].f - r->c->feeds]);
	if (rc == FSK_OK && stopped(r))
		rc = fsk_fail(err, FSK_EIO, "stopped");
	if (rc == FSK_OK) {
		repair_all(&run);
		rel.states = run.states;
		rel.now = run.now;
		rc = release(&rel, err);
	}
	if (run.states != NULL) {
		kept = keep_states(&run, &later);
		if (rc == FSK_OK && kept != FSK_OK) {
			rc = kept;
			*err = later;
		}
	}
	r->published = rel.published;
	r->held = rel.held;
	r->serial = rel.serial;
	r->entries = rel.entries;
	r->urls = rel.urls;
	for (size_t i = 0; run.states != NULL && i < r->c->nfeeds; i++)
		r->refused += run.states[i].refused;
	contents_free(run.contents, run.n);
	free(run.contents);
	free(run.states);
	/* It is in force, even if what is known could not be kept. */
	if (r->published && !r->no_hooks)
		release_hooks(r->c, r->serial);
	return rc;
}
