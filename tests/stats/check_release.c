/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/tally_release.c: what researchers get, and what they can make of it */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/tally.h"
#include "tests/lib/kit.h"
#include "tests/stats/model.h"
#include "tests/stats/stats.h"

#define DAYS  8
#define LEAST 12
#define TODAY (MODEL_NOW / DAY * DAY)

static struct model m;
static struct answers as;

static void
setup(void)
{
	char extra[64];

	kit_setup();
	kit_seed(11);
	snprintf(extra, sizeof(extra), "least-clients = %d\n", LEAST);
	model_init(&m, extra);
	model_random(&m, 1500, DAYS);
	/* A group of few clients. */
	for (unsigned i = 0; i < 4 * DAYS; i++)
		model_add(&m,
		    &(struct model_event){ .time = TODAY - i / 4 * DAY + 60,
			.host = "one",
			.name = "a.example",
			.set = "alpha",
			.category = "phishing",
			.group = "museum",
			.country = "BE",
			.severity = 2,
			.client = 200 + i % 4 });
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

/* WHAT on the days FROM to TO - 1, counted back from today (0). */
static struct ask
question(enum ask_dimension what, int from, int to)
{
	struct ask a;

	ask_init(&a, m.c, MODEL_NOW);
	a.researcher = true;
	a.limit = 0;
	a.what = what;
	a.since = (struct ask_time){ false, TODAY - from * DAY };
	a.until = (struct ask_time){ false, TODAY - to * DAY };
	return a;
}

static const enum ask_dimension dimensions[] = { ASK_NAMES, ASK_FEEDS,
	ASK_CATEGORIES, ASK_COUNTRIES, ASK_GROUPS };

#define DIMENSIONS 5

static const char *
key_of(const char *text)
{
	return strcmp(text, "none") == 0 || strcmp(text, "unknown") == 0 ? ""
									 : text;
}

static bool
is_shown(const struct answer *a, const char *key)
{
	for (size_t r = 0; r < a->rows; r++)
		if (strcmp(key_of(answer_at(a, r, 0)->text), key) == 0)
			return true;
	return false;
}

/* Every row of one day rests on so many clients, and says all of its hits. */
START_TEST(rows_rest_on_enough_clients)
{
	uint64_t shown = 0, withheld = 0;

	for (int day = 1; day < DAYS; day++) {
		struct ask a = question(dimensions[_i], day, day - 1);
		struct answer *to = &as.at[0];

		model_ask(&m, &a, &as, ask_top);
		for (size_t r = 0; r < to->rows; r++) {
			const char *key = key_of(answer_at(to, r, 0)->text);

			ck_assert_uint_ge(model_clients(&m, &a, key), LEAST);
			ck_assert_uint_eq(model_count(to, r, "hits"),
			    model_hits(&m, &a, key, NULL));
		}
		shown += to->rows;
		withheld += to->withheld;
		answers_fini(&as);
	}
	/* Both occur, or this would test nothing. */
	ck_assert_uint_gt(shown, 0);
	ck_assert_uint_gt(withheld, 0);
}
END_TEST

/* The clients behind those hits of A, in the group GROUP of dimension OF, whose
 * keys TO does not show; *HITS: how many these are, *ANY: some key of the group
 * is shown. */
static unsigned
unseen(const struct ask *a, const struct answer *to, enum ask_dimension of,
    const char *group, unsigned *hits, bool *any)
{
	bool client[256] = { false };
	unsigned n = 0;

	*hits = 0;
	*any = false;
	for (unsigned i = 0; i < m.n; i++) {
		const struct model_event *e = &m.event[i];
		const char *g;
		bool in = false;

		if (!model_has(a, e))
			continue;
		for (unsigned j = 0; (g = model_key(of, e, j)) != NULL; j++)
			in |= strcmp(g, group) == 0;
		if (!in)
			continue;
		if (is_shown(to, model_key(a->what, e, 0))) {
			*any = true;
			continue;
		}
		++*hits;
		n += !client[e->client];
		client[e->client] = true;
	}
	return n;
}

/* The group that is all, and for names each category and feed. */
static const struct {
	enum ask_dimension what, of;
	const char *group;
} sums[] = {
	{ ASK_CATEGORIES, ASK_NOTHING, "" },
	{ ASK_COUNTRIES, ASK_NOTHING, "" },
	{ ASK_GROUPS, ASK_NOTHING, "" },
	{ ASK_NAMES, ASK_CATEGORIES, "phishing" },
	{ ASK_NAMES, ASK_CATEGORIES, "scam" },
	{ ASK_NAMES, ASK_CATEGORIES, "" },
	{ ASK_NAMES, ASK_FEEDS, "alpha" },
	{ ASK_NAMES, ASK_FEEDS, "beta" },
	{ ASK_NAMES, ASK_FEEDS, "gamma" },
	{ ASK_NAMES, ASK_FEEDS, "delta" },
};

#define SUMS 10

/* Whoever takes the shown rows away from a day's sum has nothing left, or hits
 * of so many clients. */
START_TEST(what_is_left_of_a_sum_rests_on_enough_clients)
{
	for (int day = 1; day < DAYS; day++) {
		struct ask a = question(sums[_i].what, day, day - 1);
		unsigned hits, clients;
		bool any;

		model_ask(&m, &a, &as, ask_top);
		clients = unseen(
		    &a, &as.at[0], sums[_i].of, sums[_i].group, &hits, &any);
		if (any && hits > 0)
			ck_assert_uint_ge(clients, LEAST);
		answers_fini(&as);
	}
}
END_TEST

/* A key of few clients that is alone with too few is hidden by another one. */
START_TEST(a_single_small_key_takes_another_one_with_it)
{
	static const struct {
		const char *category;
		unsigned clients;
	} parts[] = { { "big", 40 }, { "middle", 20 }, { "small", 3 } };
	struct ask a = question(ASK_CATEGORIES, 21, 20);
	struct answer *to = &as.at[0];

	for (unsigned p = 0; p < 3; p++)
		for (unsigned i = 0; i < parts[p].clients; i++)
			model_add(&m,
			    &(struct model_event){
				.time = TODAY - 21 * DAY + 60,
				.host = "other",
				.name = "x.example",
				.set = "alpha",
				.category = parts[p].category,
				.group = "",
				.country = "BE",
				.severity = 2,
				.client = i });
	memmove(m.event, m.event + m.n - 63, 63 * sizeof(*m.event));
	m.n = 63;
	model_store(&m);
	model_ask(&m, &a, &as, ask_top);
	ck_assert_uint_eq(as.hits, 63);
	ck_assert_uint_eq(to->rows, 1);
	ck_assert_str_eq(model_text(to, 0, "category"), "big");
	ck_assert_uint_eq(to->withheld, 2);
	ck_assert_ptr_nonnull(strstr(as.note[0], "23 hits are left out"));
}
END_TEST

/* Who is in no group and no country, and what is of no category, is released by
 * the same rule as all others. */
START_TEST(none_and_unknown_are_keys_like_others)
{
	static const char *const texts[] = { "none", "unknown", "none" };
	static const unsigned clients[] = { 40, LEAST - 4 };

	for (unsigned day = 0; day < 2; day++)
		for (unsigned i = 0; i < clients[day]; i++)
			model_add(&m,
			    &(struct model_event){
				.time = TODAY - (30 + (int)day) * DAY + 60,
				.host = "third",
				.name = "y.example",
				.set = "alpha",
				.category = "",
				.group = "",
				.country = "",
				.severity = 2,
				.client = i });
	memmove(m.event, m.event + m.n - 48, 48 * sizeof(*m.event));
	m.n = 48;
	model_store(&m);
	for (unsigned i = 0; i < 3; i++) {
		struct ask a = question(dimensions[2 + i], 31, 29);

		model_ask(&m, &a, &as, ask_top);
		ck_assert_uint_eq(as.at[0].rows, 1);
		ck_assert_str_eq(answer_at(&as.at[0], 0, 0)->text, texts[i]);
		/* Of the day that had enough. */
		ck_assert_uint_eq(model_count(&as.at[0], 0, "hits"), 40);
		answers_fini(&as);
	}
}
END_TEST

/* An answer about several days is the sum of those about each: so differences
 * of answers tell nothing that these do not. */
START_TEST(longer_times_are_sums_of_days)
{
	for (int from = 2; from < DAYS; from += 2)
		for (int to = 0; to < from; to += 3) {
			struct ask a = question(dimensions[_i], from, to);
			struct answers days[DAYS];

			model_ask(&m, &a, &as, ask_top);
			for (int d = to; d < from; d++) {
				struct ask one = question(
				    dimensions[_i], d + 1, d);

				model_ask(&m, &one, &days[d], ask_top);
			}
			for (size_t r = 0; r < as.at[0].rows; r++) {
				uint64_t sum = 0;
				const char *key = answer_at(&as.at[0], r, 0)
						      ->text;

				for (int d = to; d < from; d++) {
					int row = model_row(
					    &days[d].at[0], key);

					if (row >= 0)
						sum += model_count(
						    &days[d].at[0], (size_t)row,
						    "hits");
				}
				ck_assert_uint_eq(
				    sum, model_count(&as.at[0], r, "hits"));
			}
			for (int d = to; d < from; d++)
				answers_fini(&days[d]);
			answers_fini(&as);
		}
}
END_TEST

START_TEST(series_and_names_show_the_same)
{
	struct ask a = question(ASK_NOTHING, DAYS - 1, 0), top;
	struct answer *to = &as.at[0];

	a.by = ASK_COUNTRIES;
	model_ask(&m, &a, &as, ask_series);
	ck_assert_uint_gt(to->rows, 0);
	for (size_t r = 0; r < to->rows; r++) {
		const int day = (int)((TODAY -
					  model_cell(to, r, "time")->time) /
		    DAY);
		struct answers one;
		int row;

		top = question(ASK_COUNTRIES, day, day - 1);
		model_ask(&m, &top, &one, ask_top);
		row = model_row(&one.at[0], model_text(to, r, "country"));
		ck_assert_int_ge(row, 0);
		ck_assert_uint_eq(model_count(to, r, "hits"),
		    model_count(&one.at[0], (size_t)row, "hits"));
		answers_fini(&one);
	}
	answers_fini(&as);
	a = question(ASK_NAMES, DAYS - 1, 0);
	strcpy(a.name, "a.example");
	a.since_given = true;
	model_ask(&m, &a, &as, ask_name);
	for (size_t r = 0; r < as.at[1].rows; r++) {
		struct ask one = question(ASK_NAMES,
		    (int)((TODAY - model_cell(&as.at[1], r, "day")->time) /
			DAY),
		    0);

		one.from = model_cell(&as.at[1], r, "day")->time;
		one.to = one.from + DAY;
		ck_assert_uint_ge(model_clients(&m, &one, "a.example"), LEAST);
	}
	/* A name of few clients: not even that it was hit. */
	answers_fini(&as);
	strcpy(a.name, "i.example");
	model_ask(&m, &a, &as, ask_name);
	ck_assert_uint_eq(as.at[0].rows + as.at[1].rows, 0);
	ck_assert_uint_eq(as.at[0].withheld, 0);
}
END_TEST

/* The same clients at two resolvers: with two keys they look like twice as
 * many. */
START_TEST(who_is_counted_with_two_keys_is_not_shown)
{
	struct ask a = question(ASK_NAMES, 3, 2);

	m.n = 0;
	for (unsigned i = 0; i < 4 * LEAST; i++)
		model_add(&m,
		    &(struct model_event){ .time = a.since.seconds + 3600,
			.host = i % 2 ? "first" : "second",
			.name = i < 2 * LEAST ? "twice.example"
					      : "once.example",
			.set = i < 2 * LEAST ? "s" : "t",
			.category = i < 2 * LEAST ? "two" : "one",
			.group = "",
			.country = "",
			.severity = 2,
			.client = i / 2 % (i < 2 * LEAST ? LEAST - 4 : LEAST),
			.key = i < 2 * LEAST ? 1 + i % 2 : 1 });
	model_store(&m);
	model_ask(&m, &a, &as, ask_top);
	ck_assert(is_shown(&as.at[0], "once.example"));
	ck_assert(!is_shown(&as.at[0], "twice.example"));
}
END_TEST

START_TEST(today_is_not_shown)
{
	struct ask a = question(ASK_CATEGORIES, 0, -1);

	model_ask(&m, &a, &as, ask_top);
	ck_assert_uint_eq(as.at[0].rows, 0);
	ck_assert_uint_eq(as.hits, 0);
	ck_assert_int_eq(as.to, TODAY);
	answers_fini(&as);
	/* Nor is yesterday as long as events of it may come. */
	a = question(ASK_CATEGORIES, 1, 0);
	a.now = TODAY + 600;
	model_ask(&m, &a, &as, ask_top);
	ck_assert_uint_eq(as.at[0].rows, 0);
	answers_fini(&as);
	a = question(ASK_CATEGORIES, 1, 0);
	model_ask(&m, &a, &as, ask_top);
	ck_assert_uint_gt(as.at[0].rows, 0);
}
END_TEST

START_TEST(what_has_no_known_clients_is_refused)
{
	static const enum ask_dimension what[] = { ASK_NETWORKS, ASK_ACTIONS,
		ASK_SEVERITIES, ASK_HOSTS };
	struct ask a;

	for (unsigned i = 0; i < 4; i++) {
		a = question(what[i], 3, 0);
		ck_assert_ptr_nonnull(strstr(model_refused(&m, &a, ask_top),
		    "withheld from researchers"));
	}
	a = question(ASK_FEEDS, 3, 0);
	a.by = ASK_COUNTRIES;
	ck_assert_ptr_nonnull(
	    strstr(model_refused(&m, &a, ask_top), "one thing at a time"));
	a = question(ASK_FEEDS, 3, 0);
	a.host = "one";
	ck_assert_ptr_nonnull(
	    strstr(model_refused(&m, &a, ask_top), "one thing at a time"));
	a = question(ASK_FEEDS, 3, 0);
	a.country = "BE";
	ck_assert_ptr_nonnull(
	    strstr(model_refused(&m, &a, ask_top), "one thing at a time"));
	a = question(ASK_NOTHING, 3, 0);
	a.step = STORE_HOUR;
	ck_assert_ptr_nonnull(
	    strstr(model_refused(&m, &a, ask_series), "whole days only"));
	a = question(ASK_NOTHING, 3, 0);
	ck_assert_ptr_nonnull(strstr(
	    model_refused(&m, &a, ask_hosts), "withheld from researchers"));
}
END_TEST

/* Of feeds: no overlap, no unique hits. */
START_TEST(feeds_show_less)
{
	struct ask a = question(ASK_FEEDS, DAYS - 1, 0);

	model_ask(&m, &a, &as, ask_feeds);
	ck_assert_uint_gt(as.at[0].rows, 0);
	for (unsigned c = 0; c < as.at[0].columns; c++)
		ck_assert_str_ne(as.at[0].column[c].name, "unique");
	ck_assert_ptr_null(answers_find(&as, "overlap"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("release");
	TCase *t = tcase_create("release");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, rows_rest_on_enough_clients, 0, DIMENSIONS);
	tcase_add_loop_test(
	    t, what_is_left_of_a_sum_rests_on_enough_clients, 0, SUMS);
	tcase_add_loop_test(t, longer_times_are_sums_of_days, 0, DIMENSIONS);
	tcase_add_test(t, series_and_names_show_the_same);
	tcase_add_test(t, who_is_counted_with_two_keys_is_not_shown);
	tcase_add_test(t, today_is_not_shown);
	tcase_add_test(t, what_has_no_known_clients_is_refused);
	tcase_add_test(t, feeds_show_less);
	/* They add to the store: last. */
	tcase_add_test(t, none_and_unknown_are_keys_like_others);
	tcase_add_test(t, a_single_small_key_takes_another_one_with_it);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
