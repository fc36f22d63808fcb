/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/ask_report.c, report_part.c, month.c and the page: months with data and
 * without */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/month.h"
#include "stats/report.h"
#include "tests/lib/kit.h"
#include "tests/stats/model.h"
#include "tests/stats/stats.h"

static struct model m;
static struct answers as;
static int64_t month; /* the last one that is over */

/* N hits in each of COUNTRY's days FROM to TO of the month MORE months after,
 * by so many clients. */
static void
hits(int more, int from, int to, const char *country, const char *set,
    unsigned n, unsigned clients)
{
	for (int day = from; day <= to; day++)
		for (unsigned i = 0; i < n; i++)
			model_add(&m,
			    &(struct model_event){
				.time = month_add(month, more) +
				    (day - 1) * DAY + 3600,
				.host = "one",
				.name = *set == 'b' ? "b.example" : "a.example",
				.set = set,
				.category = "phishing",
				.group = "school",
				.country = country,
				.severity = 2,
				.action = 2,
				.asn = 64500,
				.client = i % clients +
				    (*country == 'N' ? 500 : 0),
				.would = false });
}

static void
setup(void)
{
	kit_setup();
	month = month_add(month_of(MODEL_NOW), -1);
	model_init(&m, "least-clients = 15\n");
	/* This month: BE 10 days of 60 hits by 20 clients (3 a client-day), NL
	 * 2 days of 30 by 30.  The month before: BE 10 days of 20, NL as now.
	 * A year before: NL 1 day of 10. */
	hits(0, 1, 10, "BE", "alpha\nbeta", 60, 20);
	hits(0, 11, 12, "NL", "beta", 30, 30);
	hits(-1, 1, 10, "BE", "alpha", 20, 20);
	hits(-1, 11, 12, "NL", "alpha\nbeta", 30, 30);
	hits(-12, 5, 5, "NL", "gamma", 10, 10);
	/* The current month: 8 hits on its first day. */
	hits(1, 1, 1, "BE", "alpha", 8, 8);
	model_store(&m);
	answers_init(&as);
}

static void
teardown(void)
{
	answers_fini(&as);
	model_fini(&m);
	kit_teardown();
}

static struct ask
question(int64_t of)
{
	struct ask a;

	ask_init(&a, m.c, MODEL_NOW);
	a.month = of;
	return a;
}

static double
total(const char *what, const char *column)
{
	const struct answer *t = answers_find(&as, "totals");
	const int row = model_row(t, what);
	const struct answer_cell *c;

	ck_assert_msg(row >= 0, "no row '%s'", what);
	c = model_cell(t, (size_t)row, column);
	return c->given ? c->real : -1e9;
}

static bool
near(double a, double b)
{
	return fabs(a - b) <= 0.01 * fabs(b) + 1e-9;
}

START_TEST(months_are_of_the_calendar)
{
	int64_t t;

	ck_assert(month_parse("2026-10", &t));
	ck_assert_int_eq(t, 1790812800);
	ck_assert_int_eq(month_of(t), t);
	ck_assert_int_eq(month_of(t - 1), month_add(t, -1));
	ck_assert_int_eq(month_add(t, 3) - t, 92 * DAY);
	ck_assert_int_eq(month_add(month_add(t, 5), -5), t);
	ck_assert(month_parse("2024-02", &t));
	ck_assert_int_eq(month_add(t, 1) - t, 29 * DAY);
	ck_assert(!month_parse("2026-13", &t));
	ck_assert(!month_parse("2026-00", &t));
	ck_assert(!month_parse("2026-1", &t));
	ck_assert(!month_parse("2026-010", &t));
	ck_assert(!month_parse("1969-12", &t));
	ck_assert(!month_parse("x026-12", &t));
	ck_assert(!month_parse("", &t));
}
END_TEST

START_TEST(sums_are_compared)
{
	struct ask a = question(month);

	model_ask(&m, &a, &as, ask_report);
	ck_assert(!as.nothing);
	ck_assert(total("blocked", "month") == 660);
	ck_assert(total("blocked", "before") == 260);
	ck_assert(near(total("blocked", "change"), 660.0 / 260 - 1));
	ck_assert(total("blocked", "year_before") == 10);
	ck_assert(near(total("blocked", "year_change"), 65));
	ck_assert(near(total("client-days", "month"), 260));
	ck_assert(near(total("clients a day", "month"), 260.0 / 12));
	ck_assert(near(total("blocked a client-day", "month"), 660.0 / 260));
	ck_assert(near(total("blocked a day", "month"), 55));
	ck_assert(total("only counted", "month") == 0);
	/* Both months know alpha and beta; no feed is of both years. */
	ck_assert(total("blocked, by feeds of both months", "month") == 660);
	ck_assert(total("blocked, by feeds of both months", "before") == 260);
	ck_assert(total("blocked, by feeds of both years", "month") == 0);
	ck_assert(total("blocked, by feeds of both years", "year_before") == 0);
}
END_TEST

/* A feed that is new does not make more of what is like for like. */
START_TEST(like_for_like_leaves_new_feeds_out)
{
	struct ask a = question(month);

	hits(0, 20, 20, "NL", "new", 100, 50);
	hits(0, 21, 21, "NL", "alpha\nnew", 7, 7);
	memmove(m.event, m.event + m.n - 107, 107 * sizeof(*m.event));
	m.n = 107;
	model_store(&m);
	model_ask(&m, &a, &as, ask_report);
	ck_assert(total("blocked", "month") == 767);
	ck_assert(total("blocked, by feeds of both months", "month") == 667);
}
END_TEST

START_TEST(parts_are_compared)
{
	struct ask a = question(month);
	const struct answer *c;
	size_t r;

	model_ask(&m, &a, &as, ask_report);
	c = answers_find(&as, "countries");
	ck_assert_uint_eq(c->rows, 2);
	ck_assert_str_eq(model_text(c, 0, "key"), "BE");
	ck_assert_uint_eq(model_count(c, 0, "hits"), 600);
	ck_assert_uint_eq(model_count(c, 0, "before"), 200);
	ck_assert_uint_eq(model_count(c, 0, "year_before"), 0);
	ck_assert(!model_cell(c, 0, "year_change")->given);
	ck_assert(near(model_cell(c, 0, "client_days")->real, 200));
	ck_assert(near(model_cell(c, 0, "rate")->real, 3));
	c = answers_find(&as, "feeds");
	r = (size_t)model_row(c, "beta");
	ck_assert_uint_eq(model_count(c, r, "hits"), 660);
	ck_assert_uint_eq(model_count(c, r, "before"), 60);
	r = (size_t)model_row(c, "gamma");
	ck_assert_uint_eq(model_count(c, r, "hits"), 0);
	ck_assert_uint_eq(model_count(c, r, "year_before"), 10);
	c = answers_find(&as, "days");
	ck_assert_uint_eq(
	    c->rows, (uint64_t)(month_add(month, 1) - month) / DAY);
	ck_assert_uint_eq(model_count(c, 9, "hits"), 60);
	ck_assert_uint_eq(model_count(c, 12, "hits"), 0);
	c = answers_find(&as, "months");
	ck_assert_uint_eq(c->rows, 13);
	ck_assert_uint_eq(model_count(c, 0, "hits"), 10);
	ck_assert_uint_eq(model_count(c, 11, "hits"), 260);
	ck_assert_uint_eq(model_count(c, 12, "hits"), 660);
	c = answers_find(&as, "names");
	ck_assert_uint_eq(model_count(c, 0, "hits"), 600);
}
END_TEST

/* Limits, and what card BE (rate 3, growth +200 %, 16.7 clients a day over the
 * 12 days) and the group (rate 2.5, +154 %) get. */
static const struct {
	double yellow_rate, red_rate, yellow_growth, red_growth;
	uint64_t clients;
	const char *be, *why, *school;
} cards[] = {
	{ 0, 0, 0, 0, 1, "", "", "" },
	{ 2.9, 0, 0, 0, 1, "yellow", "rate", "" },
	{ 2.5, 2.95, 0, 0, 1, "red", "rate", "yellow" },
	{ 0, 0, 1.9, 2.1, 1, "yellow", "growth", "" },
	{ 0, 0, 1.5, 1.9, 1, "red", "growth", "yellow" },
	{ 2.5, 0, 0, 1.9, 1, "red", "growth", "yellow" },
	{ 2.5, 2.95, 0, 0, 18, "", "", "yellow" },
	{ 2.5, 2.95, 0, 0, 30, "", "", "" },
};

START_TEST(cards_are_given)
{
	struct ask a = question(month);
	const struct answer *c, *list;
	unsigned n = 0;
	int r;

	a.cards = (struct ask_cards){ cards[_i].yellow_rate, cards[_i].red_rate,
		cards[_i].yellow_growth, cards[_i].red_growth,
		cards[_i].clients };
	model_ask(&m, &a, &as, ask_report);
	c = answers_find(&as, "countries");
	list = answers_find(&as, "cards");
	ck_assert_str_eq(model_text(c, 0, "card"), cards[_i].be);
	ck_assert_str_eq(model_text(c, 1, "card"), "");
	c = answers_find(&as, "groups");
	ck_assert_str_eq(model_text(c, 0, "card"), cards[_i].school);
	n += *cards[_i].be != '\0';
	n += *cards[_i].school != '\0';
	ck_assert_uint_eq(list->rows, n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(model_text(list, i, "key"), "BE") == 0) {
			ck_assert_str_eq(
			    model_text(list, i, "card"), cards[_i].be);
			ck_assert_str_eq(
			    model_text(list, i, "why"), cards[_i].why);
		}
	/* Red ones first. */
	r = model_row(list, "red");
	ck_assert_int_le(r, 0);
}
END_TEST

/* Counting began on the last days of the month before: of the year before
 * nothing is known, and nothing has grown. */
START_TEST(a_month_of_which_there_is_little_gives_no_cards)
{
	struct ask a = question(month_add(month, -24));
	const struct answer *c;

	m.n = 0;
	hits(-24, 1, 20, "BE", "alpha", 30, 30);
	hits(-25, 26, 27, "BE", "alpha", 30, 30);
	model_store(&m);
	a.cards = (struct ask_cards){ 0, 0, 0.5, 1, 1 };
	model_ask(&m, &a, &as, ask_report);
	c = answers_find(&as, "countries");
	ck_assert_uint_eq(model_count(c, 0, "hits"), 600);
	ck_assert_uint_eq(model_count(c, 0, "before"), 60);
	ck_assert(near(model_cell(c, 0, "change")->real, 9));
	ck_assert(!model_cell(c, 0, "year_before")->given);
	ck_assert(!model_cell(c, 0, "year_change")->given);
	ck_assert_str_eq(model_text(c, 0, "card"), "");
	ck_assert_uint_eq(answers_find(&as, "cards")->rows, 0);
}
END_TEST

START_TEST(a_month_that_is_not_over_is_compared_with_as_much)
{
	struct ask a = question(month_add(month, 1));
	const int64_t days = (MODEL_NOW - a.month) / DAY + 1;
	int64_t want;

	model_ask(&m, &a, &as, ask_report);
	ck_assert_ptr_nonnull(strstr(as.note[0], "the month is not over"));
	ck_assert(total("blocked", "month") == 8);
	/* Of the month before, so many days. */
	want = days >= 12 ? 660
	    : days < 10   ? days * 60
			  : 600 + (days - 10) * 30;
	ck_assert(total("blocked", "before") == (double)want);
}
END_TEST

START_TEST(a_month_without_anything_is_nothing)
{
	struct ask a = question(month_add(month, -5));
	char *page = NULL;
	size_t len;
	FILE *to = open_memstream(&page, &len);

	model_ask(&m, &a, &as, ask_report);
	ck_assert(as.nothing);
	ck_assert(report_html(to, &as));
	fclose(to);
	ck_assert_ptr_nonnull(strstr(page, "Nothing was blocked"));
	free(page);
	answers_fini(&as);
	a = question(month_add(month, 5)); /* it has not begun */
	model_ask(&m, &a, &as, ask_report);
	ck_assert(as.nothing);
}
END_TEST

START_TEST(researchers_get_less)
{
	struct ask a = question(month);
	const struct answer *c;

	a.researcher = true;
	model_ask(&m, &a, &as, ask_report);
	ck_assert_ptr_null(answers_find(&as, "severities"));
	/* BE has 20 clients a day, NL 30. */
	c = answers_find(&as, "countries");
	ck_assert_uint_eq(c->rows, 2);
	/* A year before there were 10 clients. */
	ck_assert_uint_eq(model_count(c, 1, "year_before"), 0);
	c = answers_find(&as, "totals");
	ck_assert(!model_cell(c, 0, "year_before")->given);
	ck_assert_int_eq(model_row(c, "blocked, by feeds of both months"), -1);
}
END_TEST

START_TEST(a_month_that_begins_is_told_to_researchers_as_itself)
{
	struct ask a = question(month_add(month, 2));

	a.researcher = true;
	model_ask(&m, &a, &as, ask_report);
	ck_assert(as.nothing);
	ck_assert_int_eq(as.from, month_add(month, 2));
	ck_assert_int_eq(as.to, as.from);
}
END_TEST

/* ---- the page ---- */

/* Whether every element that is opened is closed, in order. */
static void
check_tags(const char *page)
{
	static const char *const alone[] = { "!doctype", "meta", "br", "link",
		NULL };
	char open[64][16];
	unsigned depth = 0;

	for (const char *p = page; (p = strchr(p, '<')) != NULL; p++) {
		const bool end = p[1] == '/';
		const size_t n = strcspn(p + 1 + end, " >/\n");
		const char *close = strchr(p, '>');
		char tag[16];
		bool single = false;

		ck_assert_uint_lt(n, sizeof(tag));
		ck_assert_ptr_nonnull(close);
		snprintf(tag, sizeof(tag), "%.*s", (int)n, p + 1 + end);
		for (unsigned i = 0; alone[i] != NULL; i++)
			single |= strcmp(tag, alone[i]) == 0;
		if (single || close[-1] == '/')
			continue;
		if (!end) {
			ck_assert_uint_lt(depth, 64);
			strcpy(open[depth++], tag);
			continue;
		}
		ck_assert_uint_gt(depth, 0);
		ck_assert_str_eq(open[--depth], tag);
	}
	ck_assert_uint_eq(depth, 0);
}

START_TEST(the_page_needs_nothing_but_itself)
{
	struct ask a = question(month);
	char *page = NULL;
	size_t len;
	FILE *to = open_memstream(&page, &len);

	a.cards = (struct ask_cards){ 1, 0, 0, 0, 1 };
	model_ask(&m, &a, &as, ask_report);
	ck_assert(report_html(to, &as));
	fclose(to);
	check_tags(page);
	ck_assert_ptr_null(strstr(page, "http:"));
	ck_assert_ptr_null(strstr(page, "https:"));
	ck_assert_ptr_null(strstr(page, "src="));
	ck_assert_ptr_null(strstr(page, "href="));
	ck_assert_ptr_null(strstr(page, "url("));
	ck_assert_ptr_null(strstr(page, "@import"));
	ck_assert_ptr_null(strstr(page, "<script"));
	ck_assert_ptr_null(strstr(page, "nan"));
	ck_assert_ptr_null(strstr(page, "inf"));
	ck_assert_ptr_nonnull(strstr(page, "default-src 'none'"));
	ck_assert_ptr_nonnull(strstr(page, "@media print"));
	ck_assert_ptr_nonnull(
	    strstr(page, "<b class=\"card yellow\">yellow</b>"));
	free(page);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, months_are_of_the_calendar);
	tcase_add_test(t, sums_are_compared);
	tcase_add_test(t, parts_are_compared);
	tcase_add_loop_test(
	    t, cards_are_given, 0, (int)(sizeof(cards) / sizeof(*cards)));
	tcase_add_test(t, a_month_of_which_there_is_little_gives_no_cards);
	tcase_add_test(t, a_month_that_is_not_over_is_compared_with_as_much);
	tcase_add_test(t, a_month_without_anything_is_nothing);
	tcase_add_test(t, researchers_get_less);
	tcase_add_test(t, a_month_that_begins_is_told_to_researchers_as_itself);
	tcase_add_test(t, the_page_needs_nothing_but_itself);
	/* It adds to the store: last. */
	tcase_add_test(t, like_for_like_leaves_new_feeds_out);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
