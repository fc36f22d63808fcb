/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/ask_top.c, ask_series.c, ask_name.c, ask_hosts.c, tally.c: answers
 * against a recount of all events */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"
#include "stats/tally.h"
#include "tests/lib/kit.h"
#include "tests/stats/model.h"
#include "tests/stats/stats.h"

#define DAYS 12

static struct model m;
static struct answers as;

static void
setup(void)
{
	kit_setup();
	kit_seed(7);
	model_init(&m, "");
	model_random(&m, 4000, DAYS);
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
question(int64_t since)
{
	struct ask a;

	ask_init(&a, m.c, MODEL_NOW);
	a.since.seconds = since;
	a.limit = 0;
	return a;
}

/* The key that a text in an answer stands for. */
static const char *
key_of(const char *text)
{
	return strcmp(text, "none") == 0 || strcmp(text, "unknown") == 0 ? ""
									 : text;
}

/* Every key that the model has is in ANSWER, with its hits, and no other. */
static void
compare_keys(const struct ask *a, const struct answer *answer)
{
	uint64_t sum = 0, all = 0;

	for (size_t r = 0; r < answer->rows; r++) {
		const char *key = key_of(answer_at(answer, r, 0)->text);
		const char *part = a->by != ASK_NOTHING
		    ? key_of(answer_at(answer, r, 1)->text)
		    : NULL;
		const uint64_t hits = model_count(answer, r, "hits");

		ck_assert_uint_gt(hits, 0);
		ck_assert_msg(model_hits(&m, a, key, part) == hits,
		    "%s %s: %llu", key, part != NULL ? part : "",
		    (unsigned long long)hits);
		sum += hits;
		if (r > 0)
			ck_assert_uint_le(
			    hits, model_count(answer, r - 1, "hits"));
	}
	for (unsigned i = 0; i < m.n; i++)
		if (model_has(a, &m.event[i]))
			for (unsigned j = 0;
			     model_key(a->what, &m.event[i], j) != NULL; j++)
				for (unsigned k = 0;
				     model_key(a->by, &m.event[i], k) != NULL;
				     k++)
					all++;
	ck_assert_uint_eq(sum, all);
}

static void
compare_clients(const struct ask *a, const struct answer *answer)
{
	for (size_t r = 0; r < answer->rows; r++) {
		const double real = model_cell(answer, r, "clients")->real;
		const unsigned want = model_clients(
		    &m, a, key_of(answer_at(answer, r, 0)->text));

		ck_assert(model_cell(answer, r, "clients")->given);
		ck_assert_msg(fabs(real - want) <= 0.06 * want,
		    "%f clients, not %u", real, want);
	}
}

/* A later version may have counted actions that this one has no word for. */
START_TEST(actions_have_their_words)
{
	for (unsigned i = 0; i < FSK_ACTIONS; i++)
		ck_assert_str_eq(
		    ask_action(i), fsk_action_word((enum fsk_action)i));
	ck_assert_str_eq(ask_action(FSK_ACTIONS), "other");
	ck_assert_str_eq(ask_action(255), "other");
}
END_TEST

/* ---- top ---- */

/* Spans of minutes, hours and days. */
static const int64_t spans[] = { 3600, 2 * DAY, DAYS *DAY };
#define SPANS      3
#define DIMENSIONS (ASK_DIMENSIONS - ASK_NAMES)

START_TEST(top_is_what_a_recount_says)
{
	struct ask a = question(spans[_i / DIMENSIONS]);

	a.what = (enum ask_dimension)(ASK_NAMES + _i % DIMENSIONS);
	model_ask(&m, &a, &as, ask_top);
	ck_assert_uint_gt(as.at[0].rows, 1);
	compare_keys(&a, &as.at[0]);
	ck_assert_uint_eq(as.hits, model_hits(&m, &a, NULL, NULL));
	if (ask_words[a.what].kind != STORE_ANY && a.step == STORE_DAY)
		compare_clients(&a, &as.at[0]);
}
END_TEST

START_TEST(top_of_what_was_only_counted)
{
	struct ask a = question(DAYS * DAY);

	a.would = true;
	a.what = (enum ask_dimension)(ASK_NAMES + _i);
	model_ask(&m, &a, &as, ask_top);
	compare_keys(&a, &as.at[0]);
}
END_TEST

START_TEST(top_by_another_dimension)
{
	static const enum ask_dimension pairs[][2] = { { ASK_FEEDS,
							   ASK_COUNTRIES },
		{ ASK_COUNTRIES, ASK_FEEDS }, { ASK_NETWORKS, ASK_GROUPS },
		{ ASK_ACTIONS, ASK_SEVERITIES }, { ASK_CATEGORIES, ASK_HOSTS },
		{ ASK_NAMES, ASK_FEEDS }, { ASK_NAMES, ASK_CATEGORIES } };
	struct ask a = question(DAYS * DAY);

	a.what = pairs[_i][0];
	a.by = pairs[_i][1];
	model_ask(&m, &a, &as, ask_top);
	compare_keys(&a, &as.at[0]);
}
END_TEST

START_TEST(top_of_what_passes_filters)
{
	struct ask a = question(DAYS * DAY);

	a.what = ASK_COUNTRIES;
	a.feed = _i & 1 ? "beta" : NULL;
	a.category = _i & 2 ? "" : NULL;
	a.group = _i & 4 ? "school" : NULL;
	a.host = _i & 8 ? "two" : NULL;
	model_ask(&m, &a, &as, ask_top);
	compare_keys(&a, &as.at[0]);
	if (_i == 8)
		compare_clients(&a, &as.at[0]);
}
END_TEST

START_TEST(the_limit_keeps_the_first)
{
	struct ask a = question(DAYS * DAY), all = a;
	struct answers whole;

	a.what = all.what = ASK_NAMES;
	a.limit = 3;
	a.would = all.would = _i;
	model_ask(&m, &a, &as, ask_top);
	ck_assert_uint_eq(as.at[0].rows, 3);
	model_ask(&m, &all, &whole, ask_top);
	for (size_t r = 0; r < 3; r++) {
		ck_assert_str_eq(model_text(&as.at[0], r, "name"),
		    model_text(&whole.at[0], r, "name"));
		ck_assert_uint_eq(model_count(&as.at[0], r, "hits"),
		    model_count(&whole.at[0], r, "hits"));
	}
	answers_fini(&whole);
}
END_TEST

START_TEST(names_and_networks_tell_more)
{
	struct ask a = question(DAYS * DAY);
	int r;

	a.what = ASK_NAMES;
	model_ask(&m, &a, &as, ask_top);
	r = model_row(&as.at[0], "g.example");
	ck_assert_int_ge(r, 0);
	ck_assert_str_eq(
	    model_text(&as.at[0], (size_t)r, "category"), "malware");
	ck_assert_str_eq(
	    model_text(&as.at[0], (size_t)r, "feeds"), "beta delta");
	ck_assert_str_eq(model_text(&as.at[0], (size_t)r, "severity"), "red");
	answers_fini(&as);
	a.what = ASK_NETWORKS;
	model_ask(&m, &a, &as, ask_top);
	r = model_row(&as.at[0], "64500");
	ck_assert_str_eq(model_text(&as.at[0], (size_t)r, "organisation"),
	    "Example \"Net\"");
	ck_assert_int_ge(model_row(&as.at[0], "unknown"), 0);
}
END_TEST

/* Blocked names are found behind those that were only counted. */
START_TEST(what_was_only_counted_does_not_push_out_what_was_blocked)
{
	struct ask a = question(DAY);

	m.n = 0;
	for (unsigned i = 0; i < 400; i++) {
		static char name[40][16];
		struct model_event e = { .time = MODEL_NOW - 7200,
			.host = "new",
			.name = name[i % 40],
			.set = "alpha",
			.category = "scam",
			.group = "",
			.country = "",
			.severity = 2,
			.client = i,
			.would = true };

		snprintf(name[i % 40], 16, "n%u.example", i % 40);
		model_add(&m, &e);
		e.would = false;
		if (i % 40 == 39 && i < 120)
			model_add(&m, &e);
	}
	model_store(&m);
	a.what = ASK_NAMES;
	a.host = "new";
	a.limit = 1;
	model_ask(&m, &a, &as, ask_top);
	ck_assert_uint_eq(as.at[0].rows, 1);
	ck_assert_str_eq(model_text(&as.at[0], 0, "name"), "n39.example");
	ck_assert_uint_eq(model_count(&as.at[0], 0, "hits"), 3);
}
END_TEST

/* ---- series ---- */

static const enum store_step steps[] = { STORE_MINUTE, STORE_HOUR, STORE_DAY };

START_TEST(series_have_a_row_for_each_step)
{
	struct ask a = question(_i == 0 ? 7200 : 3 * DAY);
	struct answer *s = &as.at[0];

	a.step = steps[_i];
	model_ask(&m, &a, &as, ask_series);
	ck_assert_uint_eq(s->rows,
	    (uint64_t)((a.to <= MODEL_NOW ? a.to : MODEL_NOW + 1) - a.from +
		a.step - 1) /
		a.step);
	for (size_t r = 0; r < s->rows; r++) {
		struct ask one = a;

		one.from = model_cell(s, r, "time")->time;
		one.to = one.from + a.step;
		ck_assert_int_eq(one.from, a.from + (int64_t)r * a.step);
		ck_assert_uint_eq(model_count(s, r, "hits"),
		    model_hits(&m, &one, NULL, NULL));
		if (a.step != STORE_MINUTE && model_count(s, r, "hits") > 0)
			ck_assert(fabs(model_cell(s, r, "clients")->real -
				      model_clients(&m, &one, NULL)) < 3);
	}
}
END_TEST

START_TEST(series_by_a_dimension)
{
	struct ask a = question(DAYS * DAY);
	struct answer *s = &as.at[0];
	uint64_t sum = 0;

	a.by = ASK_FEEDS;
	a.step = STORE_DAY;
	model_ask(&m, &a, &as, ask_series);
	for (size_t r = 0; r < s->rows; r++) {
		struct ask one = a;

		one.from = model_cell(s, r, "time")->time;
		one.to = one.from + DAY;
		ck_assert_uint_eq(model_count(s, r, "hits"),
		    model_hits(&m, &one, model_text(s, r, "feed"), NULL));
		sum += model_count(s, r, "hits");
	}
	ck_assert_uint_gt(sum, as.hits);
	answers_fini(&as);
	a = question(DAYS * DAY);
	a.by = ASK_FEEDS;
	a.limit = 1;
	model_ask(&m, &a, &as, ask_series);
	for (size_t r = 0; r < s->rows; r++)
		ck_assert_str_eq(model_text(s, r, "feed"), "alpha");
	ck_assert_str_eq(as.note[0], "4 more feeds are not shown");
}
END_TEST

/* ---- name, hosts ---- */

START_TEST(a_name_has_its_days)
{
	struct ask a = question(0);
	struct answer *name = &as.at[0], *days = &as.at[1];
	uint64_t sum = 0;

	strcpy(a.name, "B.Example.");
	model_ask(&m, &a, &as, ask_name);
	ck_assert_uint_eq(name->rows, 1);
	ck_assert_str_eq(model_text(name, 0, "name"), "b.example");
	ck_assert_str_eq(model_text(name, 0, "feeds"), "alpha beta");
	a.what = ASK_NAMES;
	ck_assert_uint_eq(model_count(name, 0, "hits"),
	    model_hits(&m, &a, "b.example", NULL));
	ck_assert(fabs(model_cell(name, 0, "clients")->real -
		      model_clients(&m, &a, "b.example")) < 20);
	for (size_t r = 0; r < days->rows; r++) {
		struct ask one = a;

		one.from = model_cell(days, r, "day")->time;
		one.to = one.from + DAY;
		ck_assert_uint_eq(model_count(days, r, "hits"),
		    model_hits(&m, &one, "b.example", NULL));
		one.would = true;
		ck_assert_uint_eq(model_count(days, r, "counted"),
		    model_hits(&m, &one, "b.example", NULL));
		sum += model_count(days, r, "hits");
	}
	ck_assert_uint_eq(sum, model_count(name, 0, "hits"));
	answers_fini(&as);
	strcpy(a.name, "nobody.example");
	model_ask(&m, &a, &as, ask_name);
	ck_assert_uint_eq(name->rows + days->rows, 0);
	strcpy(a.name, "a..b");
	ck_assert_ptr_nonnull(strstr(model_refused(&m, &a, ask_name), "a..b"));
}
END_TEST

START_TEST(hosts_have_their_counters)
{
	struct store *s = stats_open(m.c, STORE_WRITE);
	struct store_ring ring = { .id = { 1 },
		.host = "one",
		.seen = MODEL_NOW - 5,
		.serial = 9,
		.created = 1000,
		.entries = 77 };
	struct store_counter c = { .time = MODEL_NOW - 60,
		.label = "",
		.counter = STORE_RING + FSK_COUNT_ANSWERED,
		.value = 50 };
	struct fsk_error err;
	struct ask a = question(DAY);
	struct answer *h = &as.at[0];

	stats_good(store_begin(s, "one", &err), &err);
	store_put_ring(s, &ring);
	ring.id[0] = 2; /* an older one */
	ring.seen -= 1000;
	ring.serial = 8;
	store_put_ring(s, &ring);
	store_put_counter(s, &c);
	c.counter = STORE_RING + FSK_COUNT_SEVERITY + 1;
	c.value = 3;
	store_put_counter(s, &c);
	c.counter++;
	c.value = 2;
	store_put_counter(s, &c);
	c.counter = STORE_TOTAL + FSK_TOTAL_SWAPS;
	store_put_counter(s, &c);
	c.time = MODEL_NOW - 3 * DAY; /* too old to count */
	store_put_counter(s, &c);
	stats_good(store_commit(s, &err), &err);
	store_close(s);
	model_ask(&m, &a, &as, ask_hosts);
	ck_assert_uint_eq(h->rows, 1);
	ck_assert_str_eq(model_text(h, 0, "host"), "one");
	ck_assert_int_eq(model_cell(h, 0, "seen")->time, MODEL_NOW - 5);
	ck_assert_uint_eq(model_count(h, 0, "serial"), 9);
	ck_assert_uint_eq(model_count(h, 0, "entries"), 77);
	ck_assert_uint_eq(model_count(h, 0, "answered"), 50);
	ck_assert_uint_eq(model_count(h, 0, "blocked"), 5);
	ck_assert_uint_eq(model_count(h, 0, "swaps"), 2);
	answers_fini(&as);
	a.host = "two";
	model_ask(&m, &a, &as, ask_hosts);
	ck_assert_uint_eq(h->rows, 0);
}
END_TEST

/* ---- what makes no sense ---- */

START_TEST(nonsense_is_refused)
{
	static const struct {
		enum ask_dimension what, by;
		const char *group, *why;
	} bad[] = {
		{ ASK_FEEDS, ASK_FEEDS, NULL, "'feeds' by 'feed'" },
		{ ASK_FEEDS, ASK_NAMES, NULL, "both name and" },
		{ ASK_NAMES, ASK_COUNTRIES, NULL, "not counted by country" },
		{ ASK_NAMES, ASK_NOTHING, "school", "by group or country" },
	};
	struct ask a = question(DAY);

	a.what = bad[_i].what;
	a.by = bad[_i].by;
	a.group = bad[_i].group;
	ck_assert_ptr_nonnull(
	    strstr(model_refused(&m, &a, ask_top), bad[_i].why));
}
END_TEST

START_TEST(times_are_whole_steps)
{
	struct ask a = question(3600);

	a.what = ASK_FEEDS;
	a.now = MODEL_NOW + 61;
	stats_good(ask_settle(&a, &as, NULL), NULL);
	ck_assert_int_eq(a.step, STORE_MINUTE);
	ck_assert_int_eq(a.from, MODEL_NOW - 3600 + 60);
	ck_assert_int_eq(a.to, MODEL_NOW + 120);
	/* Minutes are kept for two days only. */
	a = question(3600);
	a.what = ASK_FEEDS;
	a.until.seconds = 4 * DAY;
	stats_good(ask_settle(&a, &as, NULL), NULL);
	ck_assert_int_eq(a.step, STORE_HOUR);
	a.step = STORE_MINUTE;
	stats_good(ask_settle(&a, &as, NULL), NULL);
	ck_assert_uint_eq(as.notes, 1);
	ck_assert_ptr_nonnull(strstr(as.note[0], "for 2 days only"));
	/* All time, and none. */
	a = question(20000 * (int64_t)DAY);
	a.what = ASK_FEEDS;
	stats_good(ask_settle(&a, &as, NULL), NULL);
	ck_assert_int_eq(a.from,
	    21000 * (int64_t)DAY > MODEL_NOW
		? ask_floor(MODEL_NOW - 20000 * (int64_t)DAY, DAY)
		: 0);
	a = question(DAY);
	a.since = (struct ask_time){ false, MODEL_NOW + 1 };
	ck_assert_int_eq(ask_settle(&a, &as, NULL), FSK_EINVAL);
}
END_TEST

START_TEST(series_are_bounded)
{
	struct ask a = question(365 * DAY);

	a.step = STORE_MINUTE;
	ck_assert_ptr_nonnull(
	    strstr(model_refused(&m, &a, ask_series), "choose a longer one"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ask");
	TCase *t = tcase_create("ask");
	SRunner *r;
	int failed;

	/* Filled once: these only read. */
	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(
	    t, top_is_what_a_recount_says, 0, SPANS * DIMENSIONS);
	tcase_add_test(t, actions_have_their_words);
	tcase_add_loop_test(t, top_of_what_was_only_counted, 0, DIMENSIONS);
	tcase_add_loop_test(t, top_by_another_dimension, 0, 7);
	tcase_add_loop_test(t, top_of_what_passes_filters, 0, 16);
	tcase_add_loop_test(t, the_limit_keeps_the_first, 0, 2);
	tcase_add_test(t, names_and_networks_tell_more);
	tcase_add_loop_test(t, series_have_a_row_for_each_step, 0, 3);
	tcase_add_test(t, series_by_a_dimension);
	tcase_add_test(t, a_name_has_its_days);
	tcase_add_loop_test(t, nonsense_is_refused, 0, 4);
	tcase_add_test(t, times_are_whole_steps);
	tcase_add_test(t, series_are_bounded);
	suite_add_tcase(s, t);
	t = tcase_create("more rows");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(
	    t, what_was_only_counted_does_not_push_out_what_was_blocked);
	tcase_add_test(t, hosts_have_their_counters);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
