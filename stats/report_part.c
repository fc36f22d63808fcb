/* SPDX-License-Identifier: BSD-3-Clause */
/* A month by one dimension, and who gets a card. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/report.h"
#include "stats/tally.h"

static const struct answer_column parts[] = {
	{ "key", "", ANSWER_TEXT },
	{ "hits", "hits", ANSWER_COUNT },
	{ "share", "share", ANSWER_SHARE },
	{ "before", "month before", ANSWER_COUNT },
	{ "change", "change", ANSWER_CHANGE },
	{ "year_before", "year before", ANSWER_COUNT },
	{ "year_change", "change", ANSWER_CHANGE },
	{ "client_days", "client-days", ANSWER_ABOUT },
	{ "rate", "hits a client-day", ANSWER_RATE },
	{ "card", "card", ANSWER_TEXT },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct value {
	uint64_t hits[3]; /* enum report_span */
	double client_days;
	bool known;
};

/* Adds the hits of span WHICH, and of the month itself the clients. */
static bool
fold(struct table *values, struct tally *t, enum report_span which)
{
	for (size_t i = 0; i < t->cells.n; i++) {
		const char *key, *part;
		int64_t day;
		struct tally_cell *c = tally_at(t, i, &day, &key, &part);
		bool fresh;
		struct value *v = table_put(
		    values, key, strlen(key) + 1, &fresh);

		if (v == NULL)
			return false;
		v->hits[which] += c->hits;
		if (which == REPORT_MONTH && c->known) {
			v->known = true;
			v->client_days += sketch_estimate(&c->clients);
		}
	}
	return true;
}

static int
gather(const struct report *r, enum ask_dimension what, struct table *values,
    uint64_t *withheld, struct fsk_error *err)
{
	int rc = FSK_OK;

	for (unsigned i = 0; rc == FSK_OK && i < REPORT_SPANS; i++) {
		struct ask a = r->span[i];
		uint64_t rows = 0;
		struct tally t;

		a.what = what;
		tally_init(&t);
		if (a.researcher) {
			rc = tally_released(&t, &a, r->s, DAY, &rows, err);
		} else {
			rc = tally_facts(&t, &a, r->s, DAY, err);
			if (rc == FSK_OK && i == REPORT_MONTH)
				rc = tally_clients(&t, &a, r->s, DAY, err);
		}
		if (rc == FSK_OK && !fold(values, &t, i))
			rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
		if (i == REPORT_MONTH)
			*withheld = rows;
		tally_fini(&t);
	}
	return rc;
}

/* ---- cards ---- */

const struct answer_column report_cards[REPORT_CARD_COLUMNS] = {
	{ "card", "card", ANSWER_TEXT },
	{ "kind", "for", ANSWER_TEXT },
	{ "key", "", ANSWER_TEXT },
	{ "rate", "hits a client-day", ANSWER_RATE },
	{ "growth", "growth", ANSWER_CHANGE },
	{ "clients", "clients a day", ANSWER_ABOUT },
	{ "why", "why", ANSWER_TEXT },
};

struct verdict {
	const char *card, *why; /* NULL: no card */
	double rate, growth, clients;
	bool grown; /* growth is known */
};

static bool
passes(double value, double limit)
{
	return limit > 0 && value >= limit;
}

static struct verdict
judge(const struct report *r, const struct value *v)
{
	const struct ask_cards *c = &r->span[REPORT_MONTH].cards;
	const double days = (double)r->days[REPORT_MONTH];
	struct verdict k = { .card = NULL };

	if (!v->known || v->client_days <= 0 || r->days[REPORT_MONTH] == 0)
		return k;
	k.clients = v->client_days / days;
	k.rate = (double)v->hits[REPORT_MONTH] / v->client_days;
	/* A day: months are not equally long, and of the first one there is
	 * often a part only. */
	k.grown = v->hits[REPORT_BEFORE] > 0 && r->days[REPORT_BEFORE] > 0;
	if (k.grown)
		k.growth = (double)v->hits[REPORT_MONTH] / days /
			((double)v->hits[REPORT_BEFORE] /
			    (double)r->days[REPORT_BEFORE]) -
		    1;
	if (k.clients < (double)c->least_clients)
		return k;
	if (passes(k.rate, c->red_rate) || passes(k.growth, c->red_growth)) {
		k.card = "red";
		k.why = passes(k.rate, c->red_rate) ? "rate" : "growth";
	} else if (passes(k.rate, c->yellow_rate) ||
	    passes(k.growth, c->yellow_growth)) {
		k.card = "yellow";
		k.why = passes(k.rate, c->yellow_rate) ? "rate" : "growth";
	}
	return k;
}

static void
put_card(const struct report *r, const char *kind, const char *key,
    const struct verdict *k)
{
	answer_row(r->cards);
	answer_text(r->cards, 0, k->card);
	answer_text(r->cards, 1, kind);
	answer_text(r->cards, 2, key);
	answer_real(r->cards, 3, k->rate);
	if (k->grown)
		answer_real(r->cards, 4, k->growth);
	answer_real(r->cards, 5, k->clients);
	answer_text(r->cards, 6, k->why);
}

/* ---- rows ---- */

static void
put_change(struct answer *to, unsigned column, uint64_t now, uint64_t then)
{
	if (then != 0)
		answer_real(to, column, (double)now / (double)then - 1);
}

static void
put_part(const struct report *r, struct answer *to, enum ask_dimension what,
    const char *key, const struct value *v)
{
	const bool carded = (what == ASK_COUNTRIES || what == ASK_GROUPS) &&
	    *key != '\0' && strcmp(key, STORE_OTHER_COUNTRY) != 0;
	const struct verdict k = judge(r, v);

	answer_row(to);
	answer_text(to, 0, ask_key_text(what, key));
	answer_count(to, 1, v->hits[REPORT_MONTH]);
	answer_share(to, 2, v->hits[REPORT_MONTH], r->as->hits);
	/* Of a month of which there is nothing nothing is known. */
	if (r->days[REPORT_BEFORE] > 0)
		answer_count(to, 3, v->hits[REPORT_BEFORE]);
	put_change(to, 4, v->hits[REPORT_MONTH], v->hits[REPORT_BEFORE]);
	if (r->days[REPORT_YEAR] > 0)
		answer_count(to, 5, v->hits[REPORT_YEAR]);
	put_change(to, 6, v->hits[REPORT_MONTH], v->hits[REPORT_YEAR]);
	if (v->known) {
		answer_real(to, 7, v->client_days);
		answer_real(to, 8, k.rate);
	}
	if (carded && k.card != NULL) {
		answer_text(to, 9, k.card);
		put_card(r, ask_words[what].one, key, &k);
	}
}

static int
compare(const void *x, const void *y, void *arg)
{
	const struct table *t = arg;
	const size_t i = *(const size_t *)x, j = *(const size_t *)y;
	const struct value *a = table_value(t, i), *b = table_value(t, j);
	size_t n, m;
	const char *p, *q;
	int c;

	for (unsigned k = 0; k < REPORT_SPANS; k++)
		if (a->hits[k] != b->hits[k])
			return a->hits[k] > b->hits[k] ? -1 : 1;
	p = table_key(t, i, &n);
	q = table_key(t, j, &m);
	c = memcmp(p, q, n < m ? n : m);
	return c != 0 ? c : (n > m) - (n < m);
}

int
report_part(const struct report *r, enum ask_dimension what, const char *title,
    struct fsk_error *err)
{
	struct answer *to = answers_add(
	    r->as, ask_words[what].many, title, parts, COUNT(parts));
	struct table values;
	size_t *order;
	int rc;

	to->column[0].title = ask_words[what].one;
	/* Groups and countries alone get cards. */
	if (what != ASK_COUNTRIES && what != ASK_GROUPS)
		to->columns--;
	table_init(&values, sizeof(struct value));
	rc = gather(r, what, &values, &to->withheld, err);
	order = malloc((values.n + 1) * sizeof(*order));
	if (order == NULL && rc == FSK_OK)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (size_t i = 0; rc == FSK_OK && i < values.n; i++)
		order[i] = i;
	if (rc == FSK_OK)
		qsort_r(order, values.n, sizeof(*order), compare, &values);
	for (size_t i = 0; rc == FSK_OK && i < values.n; i++) {
		char key[FSK_LABEL_TEXT];
		size_t len;
		const char *octets = table_key(&values, order[i], &len);

		snprintf(key, sizeof(key), "%.*s", (int)len, octets);
		put_part(r, to, what, key, table_value(&values, order[i]));
	}
	free(order);
	table_fini(&values);
	return rc;
}
