/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/networks.h"
#include "stats/tally.h"

/* All columns that there can be; which are used depends on what is asked. */
enum column {
	KEY,
	PART,
	ORGANISATION,
	HITS,
	SHARE,
	UNIQUE,
	CLIENTS,
	ERROR,
	CATEGORY,
	SEVERITY,
	FEEDS,
	COLUMNS
};

/* A column that is not there. */
#define NOWHERE COLUMNS

/* The columns of an answer, made for it. */
struct layout {
	struct answer_column column[COLUMNS];
	unsigned at[COLUMNS], n;
};

static void
use(struct layout *l, enum column c, const char *name, const char *title,
    enum answer_type type)
{
	l->at[c] = l->n;
	l->column[l->n++] = (struct answer_column){ name, title, type };
}

static void
lay_out(struct layout *l, const struct ask *a)
{
	const struct ask_word *what = &ask_words[a->what];
	const struct ask_word *by = &ask_words[a->by];

	l->n = 0;
	for (unsigned i = 0; i < COLUMNS; i++)
		l->at[i] = NOWHERE;
	use(l, KEY, what->one, what->one, ANSWER_TEXT);
	if (a->by != ASK_NOTHING)
		use(l, PART, by->one, by->one, ANSWER_TEXT);
	if (a->what == ASK_NETWORKS)
		use(l, ORGANISATION, "organisation", "organisation",
		    ANSWER_TEXT);
	use(l, HITS, "hits", "hits", ANSWER_COUNT);
	use(l, SHARE, "share", "share", ANSWER_SHARE);
	if (a->what == ASK_FEEDS && !a->researcher)
		use(l, UNIQUE, "unique", "it alone", ANSWER_COUNT);
	if (what->kind != STORE_ANY && a->by == ASK_NOTHING && !ask_filtered(a))
		use(l, CLIENTS, "clients", "clients", ANSWER_ABOUT);
	if (a->what != ASK_NAMES)
		return;
	if (!a->researcher)
		use(l, ERROR, "error", "or more by", ANSWER_COUNT);
	use(l, CATEGORY, "category", "category", ANSWER_TEXT);
	use(l, SEVERITY, "severity", "severity", ANSWER_TEXT);
	use(l, FEEDS, "feeds", "feeds", ANSWER_TEXT);
}

void
ask_put_feeds(struct answer *to, unsigned column, const char *feeds)
{
	char *text = strdup(feeds);

	if (text == NULL) {
		to->failed = true;
		return;
	}
	for (char *p = text; *p != '\0'; p++)
		if (*p == STORE_BETWEEN)
			*p = ' ';
	answer_text(to, column, text);
	free(text);
}

struct row {
	const struct ask *a;
	const struct layout *l;
	struct answers *as;
	const struct networks *networks;
};

static void
put_row(const struct row *r, struct answer *to, const struct tally *t, size_t i)
{
	const unsigned *at = r->l->at;
	const char *key, *part;
	struct tally_cell *c;
	int64_t time;
	double clients;

	c = tally_at(t, i, &time, &key, &part);
	answer_row(to);
	answer_text(to, at[KEY], ask_key_text(r->a->what, key));
	if (at[PART] != NOWHERE)
		answer_text(to, at[PART], ask_key_text(r->a->by, part));
	if (at[ORGANISATION] != NOWHERE) {
		const char *name = networks_name(r->networks, key);

		if (name != NULL)
			answer_text(to, at[ORGANISATION], name);
	}
	answer_count(to, at[HITS], c->hits);
	answer_share(to, at[SHARE], c->hits, r->as->hits);
	if (at[UNIQUE] != NOWHERE)
		answer_count(to, at[UNIQUE], c->unique);
	if (at[CLIENTS] != NOWHERE) {
		clients = tally_estimate(c, r->as);
		if (clients >= 0)
			answer_real(to, at[CLIENTS], clients);
	}
	if (at[ERROR] != NOWHERE)
		answer_count(to, at[ERROR], c->error);
	if (r->a->what == ASK_NAMES) {
		answer_text(to, at[CATEGORY],
		    ask_key_text(ASK_CATEGORIES, c->category));
		answer_text(to, at[SEVERITY], ask_severity(c->severity));
		ask_put_feeds(to, at[FEEDS], c->feeds);
	}
}

/* The store orders names by all their hits, blocked or only counted; A asks
 * about one of these.  So more are looked at until no other can be among the
 * first. */
static int
gather_names(struct tally *t, const struct ask *a, struct store *s,
    struct fsk_error *err)
{
	for (uint64_t n = a->limit;; n *= 4) {
		int rc = tally_names(t, a, s, 0, n, err);
		size_t *order;
		bool done;

		if (rc != FSK_OK || n == 0 || t->rows < n)
			return rc;
		order = tally_order(t);
		done = order != NULL && t->cells.n >= a->limit &&
		    ((struct tally_cell *)table_value(
			 &t->cells, order[a->limit - 1]))
			    ->hits >= t->least;
		free(order);
		if (done)
			return FSK_OK;
		tally_fini(t);
		tally_init(t);
	}
}

static int
gather(struct tally *t, const struct ask *a, struct store *s, struct answer *to,
    struct fsk_error *err)
{
	int rc;

	if (a->researcher)
		return tally_released(t, a, s, 0, &to->withheld, err);
	if (a->what == ASK_NAMES)
		return gather_names(t, a, s, err);
	rc = tally_facts(t, a, s, 0, err);
	if (rc == FSK_OK)
		rc = tally_clients(t, a, s, 0, err);
	return rc;
}

/* The first rows, as they are to be shown. */
static int
put_rows(const struct row *r, struct answer *to, struct tally *t,
    struct store *s, struct fsk_error *err)
{
	size_t *order = tally_order(t), n = t->cells.n;
	int rc = FSK_OK;

	if (n > 0 && order == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (r->a->limit != 0 && n > r->a->limit)
		n = r->a->limit;
	for (size_t i = 0; rc == FSK_OK && i < n; i++) {
		if (r->a->what == ASK_NAMES && !r->a->researcher)
			rc = tally_clients_of(t, order[i], r->a, s, err);
		if (rc == FSK_OK)
			put_row(r, to, t, order[i]);
	}
	free(order);
	return rc;
}

static void
put_notes(const struct ask *a, struct answers *as, const struct answer *to,
    const struct tally *t)
{
	uint64_t shown = 0;

	if (a->what == ASK_FEEDS || a->by == ASK_FEEDS)
		answers_note(as,
		    "a hit counts for every feed that lists the "
		    "name: the sum is more than all hits");
	if (a->what == ASK_NAMES && a->step != STORE_DAY && to->rows > 0)
		answers_note(as, "clients of names are those of whole days");
	if (!a->researcher)
		return;
	for (size_t i = 0; i < t->cells.n; i++)
		shown += ((struct tally_cell *)table_value(&t->cells, i))->hits;
	if (a->what != ASK_FEEDS && as->hits > shown)
		answers_note(as,
		    "%" PRIu64 " hits are left out: on their days too few "
		    "clients were behind them",
		    as->hits - shown);
}

int
ask_top_rows(const struct ask *a, struct store *s, struct answers *as,
    const char *name, const char *title, struct fsk_error *err)
{
	struct networks networks;
	struct layout l;
	struct row r = { a, &l, as, &networks };
	struct answer *to;
	struct tally t;
	int rc = FSK_OK;

	lay_out(&l, a);
	to = answers_add(as, name, title, l.column, l.n);
	tally_init(&t);
	networks_init(&networks);
	if (a->what == ASK_NETWORKS)
		rc = networks_read(&networks, s, err);
	if (rc == FSK_OK)
		rc = gather(&t, a, s, to, err);
	if (rc == FSK_OK && !as->has_total)
		rc = tally_total(
		    a, a->what != ASK_NAMES ? &t : NULL, s, as, err);
	if (rc == FSK_OK)
		rc = put_rows(&r, to, &t, s, err);
	if (rc == FSK_OK)
		put_notes(a, as, to, &t);
	tally_fini(&t);
	networks_fini(&networks);
	return rc;
}

int
ask_top(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err)
{
	int rc = ask_settle(a, as, err);

	if (rc != FSK_OK)
		return rc;
	snprintf(as->question, sizeof(as->question), "top %s%s%s%s",
	    ask_words[a->what].many, a->by != ASK_NOTHING ? " by " : "",
	    a->by != ASK_NOTHING ? ask_words[a->by].one : "",
	    a->would ? ", only counted" : "");
	return ask_top_rows(
	    a, s, as, ask_words[a->what].many, as->question, err);
}
