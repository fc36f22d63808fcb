/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each feed is good for: how much is blocked because of it, how much
 * because of it alone, what it has in common with others, and whether it knew
 * the names first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/lists.h"
#include "stats/tally.h"

#define LEAD_NAMES 10000 /* the most frequent ones are looked up */

static const struct answer_column feed_columns[] = {
	{ "feed", "feed", ANSWER_TEXT },
	{ "hits", "hits", ANSWER_COUNT },
	{ "share", "share", ANSWER_SHARE },
	{ "clients", "clients", ANSWER_ABOUT },
	/* Not for researchers: */
	{ "unique", "it alone", ANSWER_COUNT },
	{ "unique_share", "of its own", ANSWER_SHARE },
};

static const struct answer_column overlap_columns[] = {
	{ "feed", "of the hits of", ANSWER_TEXT },
	{ "other", "also in", ANSWER_TEXT },
	{ "hits", "hits", ANSWER_COUNT },
	{ "share", "share", ANSWER_SHARE },
};

static const struct answer_column lead_columns[] = {
	{ "feed", "feed", ANSWER_TEXT },
	{ "names", "lists of them", ANSWER_COUNT },
	{ "alone", "it alone", ANSWER_COUNT },
	{ "first", "first", ANSWER_COUNT },
	{ "same_day", "same day", ANSWER_COUNT },
	{ "later", "later", ANSWER_COUNT },
	{ "lead_days", "days ahead", ANSWER_RATE },
	{ "lag_days", "days behind", ANSWER_RATE },
};

static const struct answer_column name_columns[] = {
	{ "name", "name", ANSWER_TEXT },
	{ "hits", "hits", ANSWER_COUNT },
	{ "first", "listed first by", ANSWER_TEXT },
	{ "since", "since", ANSWER_DAY },
	{ "next", "then by", ANSWER_TEXT },
	{ "days", "days later", ANSWER_COUNT },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- hits ---- */

static int
put_feeds(const struct ask *a, struct store *s, struct answers *as,
    struct fsk_error *err)
{
	struct answer *to = answers_add(as, "feeds", "hits of each feed",
	    feed_columns, COUNT(feed_columns) - (a->researcher ? 2 : 0));
	struct tally t;
	size_t *order;
	int rc;

	tally_init(&t);
	if (a->researcher) {
		rc = tally_released(&t, a, s, 0, &to->withheld, err);
	} else {
		rc = tally_facts(&t, a, s, 0, err);
		if (rc == FSK_OK)
			rc = tally_clients(&t, a, s, 0, err);
	}
	if (rc == FSK_OK)
		rc = tally_total(a, &t, s, as, err);
	order = tally_order(&t);
	for (size_t i = 0; rc == FSK_OK && order != NULL && i < t.cells.n;
	     i++) {
		const char *feed, *part;
		int64_t time;
		struct tally_cell *c = tally_at(
		    &t, order[i], &time, &feed, &part);
		const double clients = tally_estimate(c, as);

		answer_row(to);
		answer_text(to, 0, feed);
		answer_count(to, 1, c->hits);
		answer_share(to, 2, c->hits, as->hits);
		if (clients >= 0)
			answer_real(to, 3, clients);
		if (!a->researcher) {
			answer_count(to, 4, c->unique);
			answer_share(to, 5, c->unique, c->hits);
		}
	}
	if (rc == FSK_OK && order == NULL && t.cells.n > 0)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	free(order);
	tally_fini(&t);
	return rc;
}

/* Hits of FEED among the rows of the first answer. */
static uint64_t
hits_of(const struct answer *feeds, const char *feed)
{
	for (size_t i = 0; i < feeds->rows; i++)
		if (strcmp(answer_at(feeds, i, 0)->text, feed) == 0)
			return answer_at(feeds, i, 1)->count;
	return 0;
}

static int
put_overlap(const struct ask *a, struct store *s, struct answers *as,
    struct fsk_error *err)
{
	struct answer *to = answers_add(as, "overlap",
	    "how much of a feed's hits another feed has, too", overlap_columns,
	    COUNT(overlap_columns));
	const struct answer *feeds = answers_find(as, "feeds");
	struct ask pairs = *a;
	struct tally t;
	size_t *order;
	int rc;

	to->matrix = 3;
	pairs.what = pairs.by = ASK_FEEDS;
	tally_init(&t);
	rc = tally_facts(&t, &pairs, s, 0, err);
	order = tally_order(&t);
	for (size_t i = 0; rc == FSK_OK && order != NULL && i < t.cells.n;
	     i++) {
		const char *feed, *other;
		int64_t time;
		const struct tally_cell *c = tally_at(
		    &t, order[i], &time, &feed, &other);

		answer_row(to);
		answer_text(to, 0, feed);
		answer_text(to, 1, other);
		answer_count(to, 2, c->hits);
		answer_share(to, 3, c->hits, hits_of(feeds, feed));
	}
	if (rc == FSK_OK && order == NULL && t.cells.n > 0)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	free(order);
	tally_fini(&t);
	return rc;
}

/* ---- who listed names first ---- */

struct lead {
	uint64_t names, alone, first, same_day, later;
	uint64_t days, lag; /* ahead of the next; behind the first */
};

/* Since when each list has NAME, and the two that were first. */
struct race {
	uint32_t since[2];
	size_t list[2];
	unsigned lists, same; /* that have it; as early as the first */
};

static struct race
race(const struct lists *l, const struct fsk_name *name, uint32_t *since,
    bool *has)
{
	struct race r = { .since = { UINT32_MAX, UINT32_MAX } };

	for (size_t i = 0; i < l->n; i++) {
		has[i] = lists_since(l, i, name, &since[i]);
		if (!has[i])
			continue;
		r.lists++;
		if (since[i] < r.since[0]) {
			r.since[1] = r.since[0];
			r.list[1] = r.list[0];
			r.since[0] = since[i];
			r.list[0] = i;
			r.same = 1;
		} else {
			r.same += since[i] == r.since[0];
			if (since[i] < r.since[1]) {
				r.since[1] = since[i];
				r.list[1] = i;
			}
		}
	}
	return r;
}

static void
score(struct lead *lead, const struct lists *l, const struct race *r,
    const uint32_t *since, const bool *has)
{
	for (size_t i = 0; i < l->n; i++) {
		if (!has[i])
			continue;
		lead[i].names++;
		if (r->lists == 1) {
			lead[i].alone++;
		} else if (since[i] > r->since[0]) {
			lead[i].later++;
			lead[i].lag += since[i] - r->since[0];
		} else if (r->same > 1) {
			lead[i].same_day++;
		} else {
			lead[i].first++;
			lead[i].days += r->since[1] - r->since[0];
		}
	}
}

static void
put_name(struct answer *to, const char *name, uint64_t hits,
    const struct lists *l, const struct race *r)
{
	answer_row(to);
	answer_text(to, 0, name);
	answer_count(to, 1, hits);
	answer_text(to, 2, l->at[r->list[0]].feed);
	answer_time(to, 3, (int64_t)r->since[0] * DAY);
	if (r->lists > 1) {
		answer_text(to, 4, l->at[r->list[1]].feed);
		answer_count(to, 5, r->since[1] - r->since[0]);
	}
}

static void
put_lead(struct answer *to, const struct lists *l, const struct lead *lead)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct lead *f = &lead[i];

		if (f->names == 0)
			continue;
		answer_row(to);
		answer_text(to, 0, l->at[i].feed);
		answer_count(to, 1, f->names);
		answer_count(to, 2, f->alone);
		answer_count(to, 3, f->first);
		answer_count(to, 4, f->same_day);
		answer_count(to, 5, f->later);
		if (f->first > 0)
			answer_real(to, 6, (double)f->days / (double)f->first);
		if (f->later > 0)
			answer_real(to, 7, (double)f->lag / (double)f->later);
	}
}

/* Looks up all names of T in the lists, the most frequent first. */
static int
look_up(const struct ask *a, const struct tally *t, const struct lists *l,
    struct answers *as, struct fsk_error *err)
{
	struct answer *feeds = answers_add(as, "lead",
	    "who listed the names first that were hit", lead_columns,
	    COUNT(lead_columns));
	struct answer *names = answers_add(as, "lead_names",
	    "names with most hits", name_columns, COUNT(name_columns));
	struct lead *lead = calloc(l->n + 1, sizeof(*lead));
	uint32_t *since = calloc(l->n + 1, sizeof(*since));
	bool *has = calloc(l->n + 1, sizeof(*has));
	size_t *order = tally_order(t);
	const bool good = lead != NULL && since != NULL && has != NULL &&
	    (order != NULL || t->cells.n == 0);

	for (size_t i = 0; good && i < t->cells.n && i < LEAD_NAMES; i++) {
		const char *text, *part;
		struct fsk_name name;
		int64_t time;
		const struct tally_cell *c = tally_at(
		    t, order[i], &time, &text, &part);
		struct race r;

		if (fsk_name_from_text(&name, text, strlen(text)) != NULL)
			continue;
		r = race(l, &name, since, has);
		score(lead, l, &r, since, has);
		if (r.lists > 0 && (a->limit == 0 || names->rows < a->limit))
			put_name(names, text, c->hits, l, &r);
	}
	if (good)
		put_lead(feeds, l, lead);
	free(order);
	free(has);
	free(since);
	free(lead);
	return good ? FSK_OK : fsk_fail(err, FSK_ENOMEM, "out of memory");
}

static int
put_leads(const struct ask *a, struct store *s, struct answers *as,
    struct fsk_error *err)
{
	struct ask names = *a;
	uint64_t withheld;
	struct lists l;
	struct tally t;
	int rc = lists_open(&l, a->lists, err);

	if (rc != FSK_OK)
		return rc;
	if (l.unread > 0)
		answers_note(as, "%u list%s could not be read: %s", l.unread,
		    l.unread == 1 ? "" : "s", l.why.text);
	if (l.n == 0) {
		answers_note(as,
		    "no lists in '%s': who listed a name first is not known",
		    a->lists);
		return FSK_OK;
	}
	names.what = ASK_NAMES;
	if (names.step == STORE_MINUTE) {
		names.step = STORE_HOUR;
		names.from = ask_floor(names.from, STORE_HOUR);
	}
	tally_init(&t);
	rc = a->researcher ? tally_released(&t, &names, s, 0, &withheld, err)
			   : tally_names(&t, &names, s, 0, LEAD_NAMES, err);
	if (rc == FSK_OK)
		rc = look_up(a, &t, &l, as, err);
	tally_fini(&t);
	lists_close(&l);
	return rc;
}

int
ask_feeds(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err)
{
	int rc;

	a->what = ASK_FEEDS;
	a->by = ASK_NOTHING;
	rc = ask_settle(a, as, err);
	if (rc != FSK_OK)
		return rc;
	snprintf(as->question, sizeof(as->question), "feeds%s",
	    a->would ? ", only counted" : "");
	rc = put_feeds(a, s, as, err);
	if (rc == FSK_OK && !a->researcher)
		rc = put_overlap(a, s, as, err);
	if (rc == FSK_OK)
		rc = put_leads(a, s, as, err);
	return rc;
}
