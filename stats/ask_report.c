/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A month, beside the month before and the same month a year before.  Of a
 * month that is not over as many days of the others are looked at.
 *
 * Clients are counted by day and added up: client-days mean the same whether
 * or not the key of the sketches changes daily.  The rate is hits a client-day.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/month.h"
#include "stats/report.h"
#include "stats/tally.h"

#define NAMES_SHOWN 20
#define TREND       13 /* months */

static const struct answer_column totals[] = {
	{ "what", "", ANSWER_TEXT },
	{ "month", "month", ANSWER_RATE },
	{ "before", "month before", ANSWER_RATE },
	{ "change", "change", ANSWER_CHANGE },
	{ "year_before", "year before", ANSWER_RATE },
	{ "year_change", "change", ANSWER_CHANGE },
};

static const struct answer_column days[] = {
	{ "day", "day (UTC)", ANSWER_DAY },
	{ "hits", "blocked", ANSWER_COUNT },
	{ "counted", "only counted", ANSWER_COUNT },
	{ "clients", "clients", ANSWER_ABOUT },
};

static const struct answer_column months[] = {
	{ "month", "month", ANSWER_MONTH },
	{ "hits", "hits", ANSWER_COUNT },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- sums of the three spans ---- */

struct sums {
	uint64_t hits, counted; /* counted: not for researchers */
	double client_days;
	bool known;
	unsigned days; /* that have hits */
};

/* All hits by day. */
static int
by_day(struct tally *t, const struct report *r, enum report_span which,
    bool would, struct fsk_error *err)
{
	struct ask a = r->span[which];
	uint64_t withheld;
	int rc;

	a.would = would;
	if (a.researcher)
		return tally_released(t, &a, r->s, DAY, &withheld, err);
	rc = tally_facts(t, &a, r->s, DAY, err);
	if (rc == FSK_OK)
		rc = tally_clients(t, &a, r->s, DAY, err);
	return rc;
}

static void
sum_up(
    struct sums *sums, const struct tally *blocked, const struct tally *counted)
{
	*sums = (struct sums){ .days = (unsigned)blocked->cells.n };
	for (size_t i = 0; i < blocked->cells.n; i++) {
		struct tally_cell *c = table_value(&blocked->cells, i);

		sums->hits += c->hits;
		sums->known |= c->known;
		sums->client_days += sketch_estimate(&c->clients);
	}
	for (size_t i = 0; i < counted->cells.n; i++)
		sums->counted += ((struct tally_cell *)table_value(
				      &counted->cells, i))
				     ->hits;
}

/* A row for each day of the month, also where nothing was. */
static void
put_days(const struct report *r, const struct tally *blocked,
    const struct tally *counted)
{
	struct answer *to = answers_add(
	    r->as, "days", "day by day", days, COUNT(days));
	const struct ask *a = &r->span[REPORT_MONTH];

	for (int64_t day = a->from; day < a->to && day <= a->now; day += DAY) {
		struct tally_cell *b = tally_get(blocked, day, "", "");
		const struct tally_cell *c = tally_get(counted, day, "", "");

		if (b == NULL && a->researcher)
			continue;
		answer_row(to);
		answer_time(to, 0, day);
		answer_count(to, 1, b != NULL ? b->hits : 0);
		answer_count(to, 2, c != NULL ? c->hits : 0);
		if (b != NULL && b->known)
			answer_real(to, 3, sketch_estimate(&b->clients));
	}
}

static int
sums_of(struct report *r, enum report_span which, struct sums *sums,
    struct fsk_error *err)
{
	struct tally blocked, counted;
	int rc;

	tally_init(&blocked);
	tally_init(&counted);
	rc = by_day(&blocked, r, which, false, err);
	if (rc == FSK_OK)
		rc = by_day(&counted, r, which, true, err);
	if (rc == FSK_OK) {
		sum_up(sums, &blocked, &counted);
		if (which == REPORT_MONTH)
			put_days(r, &blocked, &counted);
	}
	tally_fini(&blocked);
	tally_fini(&counted);
	return rc;
}

/* ---- the table of sums ---- */

/* A row of sums; negative ones are not known. */
void
report_sum(
    struct answer *to, const char *what, const double value[REPORT_SPANS])
{
	answer_row(to);
	answer_text(to, 0, what);
	for (unsigned i = 0; i < REPORT_SPANS; i++) {
		const unsigned column = i == 0 ? 1 : 2 * i;

		if (value[i] < 0)
			continue;
		answer_real(to, column, value[i]);
		if (i > 0 && value[i] > 0 && value[0] >= 0)
			answer_real(to, column + 1, value[0] / value[i] - 1);
	}
}

/* Months of which there is less than there could be cannot be compared. */
static void
note_gaps(const struct report *r, const struct sums s[REPORT_SPANS])
{
	static const char *const words[REPORT_SPANS] = { "this month",
		"the month before", "the month a year before" };

	for (unsigned i = 0; i < REPORT_SPANS; i++) {
		const struct ask *a = &r->span[i];
		const int64_t all = (a->to - a->from) / DAY;

		if (s[i].days > 0 && s[i].days < all)
			answers_note(r->as,
			    "of %s there are hits of %u days only, of %d",
			    words[i], s[i].days, (int)all);
	}
}

static int
put_totals(struct report *r, struct answer *to, struct fsk_error *err)
{
	double hits[REPORT_SPANS], counted[REPORT_SPANS], daily[REPORT_SPANS],
	    clients[REPORT_SPANS], client_days[REPORT_SPANS],
	    rate[REPORT_SPANS];
	const bool researcher = r->span[0].researcher;
	struct sums s[REPORT_SPANS] = { { 0 } };
	int rc = FSK_OK;

	for (unsigned i = 0; rc == FSK_OK && i < REPORT_SPANS; i++)
		rc = sums_of(r, i, &s[i], err);
	if (rc != FSK_OK)
		return rc;
	for (unsigned i = 0; i < REPORT_SPANS; i++) {
		const double n = s[i].days;
		const bool known = s[i].known && s[i].client_days > 0;

		r->days[i] = s[i].days;
		hits[i] = s[i].days > 0 ? (double)s[i].hits : -1;
		counted[i] = s[i].days > 0 ? (double)s[i].counted : -1;
		daily[i] = n > 0 ? (double)s[i].hits / n : -1;
		client_days[i] = known ? s[i].client_days : -1;
		clients[i] = known ? s[i].client_days / n : -1;
		rate[i] = known ? (double)s[i].hits / s[i].client_days : -1;
	}
	note_gaps(r, s);
	r->as->has_total = true;
	r->as->hits = s[REPORT_MONTH].hits;
	r->as->nothing = s[REPORT_MONTH].hits + s[REPORT_MONTH].counted == 0;
	report_sum(to, "blocked", hits);
	if (!researcher)
		rc = report_likes(r, to, err);
	report_sum(to, "only counted", counted);
	report_sum(to, "blocked a day", daily);
	report_sum(to, "client-days", client_days);
	report_sum(to, "clients a day", clients);
	report_sum(to, "blocked a client-day", rate);
	return rc;
}

static int
put_months(const struct report *r, struct fsk_error *err)
{
	struct answer *to = answers_add(
	    r->as, "months", "month by month", months, COUNT(months));
	struct ask a = r->span[REPORT_MONTH];
	const int64_t last = a.from;
	uint64_t withheld;
	struct tally t;
	int rc;

	a.from = month_add(last, 1 - TREND);
	tally_init(&t);
	rc = a.researcher ? tally_released(&t, &a, r->s, DAY, &withheld, err)
			  : tally_facts(&t, &a, r->s, DAY, err);
	for (int64_t m = a.from; rc == FSK_OK && m <= last;
	     m = month_add(m, 1)) {
		uint64_t hits = 0;

		for (size_t i = 0; i < t.cells.n; i++) {
			const char *key, *part;
			int64_t day;
			const struct tally_cell *c = tally_at(
			    &t, i, &day, &key, &part);

			if (day >= m && day < month_add(m, 1))
				hits += c->hits;
		}
		answer_row(to);
		answer_time(to, 0, m);
		answer_count(to, 1, hits);
	}
	tally_fini(&t);
	return rc;
}

/* ---- the whole ---- */

/* The three spans of time, all of them as much of their month. */
static void
set_spans(struct report *r, const struct ask *a)
{
	static const int back[REPORT_SPANS] = { 0, -1, -12 };
	const int64_t elapsed = a->to - a->from;

	for (unsigned i = 0; i < REPORT_SPANS; i++) {
		struct ask *to = &r->span[i];
		int64_t end;

		*to = *a;
		to->from = month_add(a->month, back[i]);
		end = month_add(a->month, back[i] + 1);
		to->to = a->to == month_add(a->month, 1) ? end
							 : to->from + elapsed;
		if (to->to > end)
			to->to = end;
	}
}

static int
put_names(const struct report *r, struct fsk_error *err)
{
	struct ask a = r->span[REPORT_MONTH];

	a.what = ASK_NAMES;
	a.limit = NAMES_SHOWN;
	return ask_top_rows(
	    &a, r->s, r->as, "names", "the most frequent names", err);
}

int
ask_report(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err)
{
	static const struct {
		enum ask_dimension what;
		const char *title;
		bool researchers;
	} part[] = {
		{ ASK_CATEGORIES, "by category", true },
		{ ASK_COUNTRIES, "by country of the clients", true },
		{ ASK_GROUPS, "by group of clients", true },
		{ ASK_FEEDS, "by feed", true },
		{ ASK_SEVERITIES, "by severity", false },
	};
	const int64_t end = month_add(a->month, 1);
	struct report r = { .s = s, .as = as };
	struct answer *sums;
	int rc;

	a->what = a->by = ASK_NOTHING;
	a->step = STORE_DAY;
	a->since = (struct ask_time){ false, a->month };
	a->until = (struct ask_time){ false,
		end < a->now || a->month > a->now ? end : a->now };
	rc = ask_settle(a, as, err);
	if (rc != FSK_OK)
		return rc;
	/* Of a month without a day that is over researchers see nothing; but it
	 * is this month. */
	if (a->from < a->month)
		as->from = as->to = a->from = a->to = a->month;
	snprintf(as->question, sizeof(as->question), "report");
	set_spans(&r, a);
	if (a->to < end)
		answers_note(as,
		    "the month is not over: as many days of the "
		    "other months are looked at");
	sums = answers_add(as, "totals", "sums", totals, COUNT(totals));
	rc = put_totals(&r, sums, err);
	r.cards = answers_add(as, "cards", "red and yellow cards", report_cards,
	    REPORT_CARD_COLUMNS);
	if (rc == FSK_OK)
		rc = put_months(&r, err);
	for (size_t i = 0; rc == FSK_OK && i < COUNT(part); i++)
		if (part[i].researchers || !a->researcher)
			rc = report_part(&r, part[i].what, part[i].title, err);
	if (rc == FSK_OK)
		rc = put_names(&r, err);
	if (rc == FSK_OK)
		answer_order(r.cards, 0);
	if (rc == FSK_OK && a->researcher)
		answers_note(as,
		    "days on which too few clients were behind "
		    "hits are left out");
	return rc;
}
