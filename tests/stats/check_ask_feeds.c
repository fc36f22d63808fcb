/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/ask_feeds.c and lists.c: overlap, and who listed names first */
#include <check.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/db_write.h"
#include "stats/lists.h"
#include "stats/tally.h"
#include "tests/lib/kit.h"
#include "tests/stats/model.h"
#include "tests/stats/stats.h"

static struct model m;
static struct answers as;
static char lists[4096];

static void
setup(void)
{
	kit_setup();
	kit_seed(3);
	model_init(&m, "");
	model_random(&m, 1500, 6);
	model_store(&m);
	answers_init(&as);
	snprintf(lists, sizeof(lists), "%s/feeds", kit_dir);
	ck_assert_int_eq(mkdir(lists, 0700), 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void
teardown(void)
{
	answers_fini(&as);
	model_fini(&m);
	nftw(lists, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	kit_teardown();
}

static struct ask
question(void)
{
	struct ask a;

	ask_init(&a, m.c, MODEL_NOW);
	a.since.seconds = 6 * DAY;
	a.lists = lists;
	return a;
}

/* A name of a list, and since which day it is there. */
struct listed {
	const char *name;
	uint32_t since;
	bool allow;
};

/* Makes the list of FEED; it ends with a row that has no name. */
static void
make_list(const char *feed, const struct listed *l)
{
	const struct fsk_writer_options o = { .mode = FSK_NAMES,
		.threads = 1,
		.memory = FSK_MEMORY_MIN,
		.serial = 1 };
	const struct fsk_answer answer = { .action = FSK_NXDOMAIN, .ttl = 10 };
	struct fsk_writer_result result;
	struct fsk_writer *w;
	struct fsk_lane *lane;
	struct fsk_error err;
	char path[4200];
	unsigned row;

	snprintf(path, sizeof(path), "%s/%s", lists, feed);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%s/list.fsdb", lists, feed);
	stats_good(fsk_writer_open(&w, path, &o, &err), &err);
	stats_good(fsk_writer_answer(w, &answer, &row, &err), &err);
	stats_good(fsk_writer_lane(w, &lane, &err), &err);
	for (; l->name != NULL; l++) {
		const struct fsk_claim c = { .feed = feed,
			.category = "scam",
			.severity = FSK_RED,
			.since = l->since,
			.allow = l->allow };
		struct fsk_name name = kit_name(l->name);
		uint32_t claim;

		stats_good(fsk_writer_claim(w, &c, &claim, &err), &err);
		stats_good(
		    fsk_lane_add(lane, &name, FSK_SUBTREE, claim, &err), &err);
	}
	stats_good(fsk_writer_publish(w, &result, &err), &err);
	fsk_writer_close(w);
}

/* ---- hits and overlap ---- */

/* Hits of A that are in both feeds; with GET_ALONE, in ONE only. */
static uint64_t
recount(const struct ask *a, const char *one, const char *other, bool alone)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < m.n; i++) {
		bool has_one = false, has_other = false;
		unsigned feeds = 0;
		const char *f;

		if (!model_has(a, &m.event[i]))
			continue;
		while ((f = model_key(ASK_FEEDS, &m.event[i], feeds)) != NULL) {
			has_one |= strcmp(f, one) == 0;
			has_other |= other != NULL && strcmp(f, other) == 0;
			feeds++;
		}
		n += has_one && (alone ? feeds == 1 : has_other);
	}
	return n;
}

START_TEST(feeds_are_what_a_recount_says)
{
	static const char *const feeds[] = { "alpha", "beta", "gamma", "delta",
		"epsilon" };
	struct ask a = question();
	const struct answer *f, *overlap;
	unsigned pairs = 0;

	a.would = _i;
	model_ask(&m, &a, &as, ask_feeds);
	f = answers_find(&as, "feeds");
	overlap = answers_find(&as, "overlap");
	ck_assert_uint_eq(f->rows, 5);
	for (unsigned i = 0; i < 5; i++) {
		const size_t r = (size_t)model_row(f, feeds[i]);
		const uint64_t hits = model_count(f, r, "hits");

		ck_assert_uint_eq(hits, model_hits(&m, &a, feeds[i], NULL));
		ck_assert_uint_eq(model_count(f, r, "unique"),
		    recount(&a, feeds[i], NULL, true));
		ck_assert(fabs(model_cell(f, r, "share")->real -
			      (double)hits / (double)as.hits) < 1e-9);
		for (unsigned j = 0; j < 5; j++)
			pairs += i != j &&
			    recount(&a, feeds[i], feeds[j], false) > 0;
	}
	ck_assert_uint_eq(overlap->rows, pairs);
	for (size_t r = 0; r < overlap->rows; r++)
		ck_assert_uint_eq(model_count(overlap, r, "hits"),
		    recount(&a, model_text(overlap, r, "feed"),
			model_text(overlap, r, "other"), false));
}
END_TEST

/* ---- lead time ---- */

START_TEST(who_listed_names_first_is_told)
{
	static const struct listed alpha[] = { { "a.example", 100, false },
		{ "b.example", 110, false }, { "d.example", 100, false },
		{ "never-hit.example", 1, false }, { NULL, 0, false } };
	static const struct listed beta[] = { { "b.example", 100, false },
		{ "c.example", 90, false }, { "d.example", 100, false },
		{ NULL, 0, false } };
	static const struct listed gamma[] = { { "d.example", 104, false },
		{ "a.example", 107, false }, { NULL, 0, false } };
	static const struct listed good[] = { { "a.example", 1, true },
		{ NULL, 0, false } };
	struct ask a = question();
	const struct answer *lead, *names;
	size_t r;

	make_list("alpha", alpha);
	make_list("beta", beta);
	make_list("gamma", gamma);
	make_list("good", good); /* an allow list is not one that lists */
	model_ask(&m, &a, &as, ask_feeds);
	lead = answers_find(&as, "lead");
	names = answers_find(&as, "lead_names");
	ck_assert_uint_eq(lead->rows, 3);
	r = (size_t)model_row(lead, "alpha");
	ck_assert_uint_eq(model_count(lead, r, "names"), 3);
	ck_assert_uint_eq(model_count(lead, r, "alone"), 0);
	ck_assert_uint_eq(model_count(lead, r, "first"), 1);    /* a */
	ck_assert_uint_eq(model_count(lead, r, "same_day"), 1); /* d */
	ck_assert_uint_eq(model_count(lead, r, "later"), 1);    /* b */
	ck_assert(model_cell(lead, r, "lead_days")->real == 7);
	ck_assert(model_cell(lead, r, "lag_days")->real == 10);
	r = (size_t)model_row(lead, "beta");
	ck_assert_uint_eq(model_count(lead, r, "alone"), 1); /* c */
	ck_assert_uint_eq(model_count(lead, r, "first"), 1); /* b */
	ck_assert(model_cell(lead, r, "lead_days")->real == 10);
	r = (size_t)model_row(lead, "gamma");
	ck_assert_uint_eq(model_count(lead, r, "later"), 2);
	ck_assert(!model_cell(lead, r, "lead_days")->given);
	ck_assert(model_cell(lead, r, "lag_days")->real == 5.5);
	/* The names themselves, those with most hits first. */
	ck_assert_uint_eq(names->rows, 4);
	r = (size_t)model_row(names, "b.example");
	ck_assert_str_eq(model_text(names, r, "first"), "beta");
	ck_assert_str_eq(model_text(names, r, "next"), "alpha");
	ck_assert_int_eq(model_cell(names, r, "since")->time, 100 * DAY);
	ck_assert_uint_eq(model_count(names, r, "days"), 10);
	r = (size_t)model_row(names, "c.example");
	ck_assert(!model_cell(names, r, "next")->given);
}
END_TEST

START_TEST(a_name_has_its_lists)
{
	static const struct listed alpha[] = { { "a.example", 100, false },
		{ NULL, 0, false } };
	struct ask a = question();
	const struct answer *to;

	make_list("alpha", alpha);
	strcpy(a.name, "a.example");
	model_ask(&m, &a, &as, ask_name);
	to = answers_find(&as, "lists");
	ck_assert_uint_eq(to->rows, 1);
	ck_assert_str_eq(model_text(to, 0, "feed"), "alpha");
	ck_assert_int_eq(model_cell(to, 0, "since")->time, 100 * DAY);
}
END_TEST

START_TEST(lists_may_be_missing_or_damaged)
{
	struct ask a = question();
	char path[4200];
	FILE *f;

	model_ask(&m, &a, &as, ask_feeds);
	ck_assert_ptr_null(answers_find(&as, "lead"));
	ck_assert_ptr_nonnull(strstr(as.note[as.notes - 1], "no lists in"));
	answers_fini(&as);
	a = question();
	a.lists = "/nonexistent";
	model_ask(&m, &a, &as, ask_feeds);
	ck_assert_ptr_nonnull(strstr(as.note[as.notes - 1], "no lists in"));
	answers_fini(&as);
	snprintf(path, sizeof(path), "%s/bad", lists);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/bad/list.fsdb", lists);
	f = fopen(path, "we");
	fputs("no database", f);
	fclose(f);
	a = question();
	model_ask(&m, &a, &as, ask_feeds);
	ck_assert_ptr_nonnull(
	    strstr(as.note[as.notes - 2], "1 list could not be read"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ask_feeds");
	TCase *t = tcase_create("ask_feeds");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, feeds_are_what_a_recount_says, 0, 2);
	tcase_add_test(t, who_listed_names_first_is_told);
	tcase_add_test(t, a_name_has_its_lists);
	tcase_add_test(t, lists_may_be_missing_or_damaged);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
