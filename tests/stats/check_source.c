/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/source.c, counters.c, ring_state.c: a ring, and how far it is stored */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db.h"
#include "stats/counters.h"
#include "stats/ring_state.h"
#include "stats/source.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define WORKERS 2
#define ROOM    1024

static struct conf *conf;
static struct store *store;
static struct words words;
static struct source *source;
static struct fsk_ring *ring;
static struct fsk_ring_worker *worker[WORKERS];
static struct fsk_error err;

static void
setup(void)
{
	kit_setup();
	conf = stats_conf("");
	store = stats_open(conf, STORE_WRITE);
	ck_assert(words_init(&words));
	stats_good(
	    fsk_ring_open(&ring, conf->rings.at[0], WORKERS, ROOM, &err), &err);
	for (unsigned i = 0; i < WORKERS; i++)
		worker[i] = fsk_ring_claim(ring);
	source = source_new(conf->rings.at[0]);
	ck_assert_ptr_nonnull(source);
}

static void
teardown(void)
{
	source_free(source);
	fsk_ring_close(ring);
	words_fini(&words);
	store_close(store);
	conf_free(conf);
	kit_teardown();
}

static void
attach(void)
{
	stats_good(source_attach(source, store, &err), &err);
}

/* As who died and was started again. */
static void
restart(void)
{
	source_free(source);
	source = source_new(conf->rings.at[0]);
	ck_assert_ptr_nonnull(source);
	attach();
}

/* Stores an event with NUMBER as its time; a bad one cannot be. */
static void
store_event(unsigned w, uint64_t number, bool bad)
{
	struct fsk_event e = { .time = number,
		.category = FSK_NO_LABEL,
		.group = FSK_NO_LABEL,
		.severity = FSK_RED,
		.transport = bad ? 99 : FSK_UDP,
		.qname_len = 1 };

	fsk_ring_event(worker[w], &e);
}

struct taken {
	uint64_t number[4 * ROOM];
	size_t n;
};

static bool
note(void *arg, const struct fsk_event *e, const struct meaning *m)
{
	struct taken *t = arg;

	(void)m;
	ck_assert_uint_lt(t->n, 4 * ROOM);
	t->number[t->n++] = e->time;
	return true;
}

static size_t
take(struct taken *t, size_t most)
{
	t->n = 0;
	return source_take(source, &words, most, note, t);
}

/* Puts what was taken; the ring does not let go of it yet. */
static void
put(bool good)
{
	stats_good(store_begin(store, "h", &err), &err);
	source_mark(source, 1000000);
	source_put(source, store);
	if (good)
		stats_good(store_commit(store, &err), &err);
	else
		store_rollback(store);
}

/* What was put is stored: the ring lets go of it. */
static void
stored(void)
{
	source_release(source);
	source_stored(source);
}

/* It dies when a batch is committed and before the ring lets go of its events,
 * among which are some that cannot be. */
START_TEST(what_is_stored_is_passed_over)
{
	static struct taken t;
	uint64_t next = 1, seen = 0;

	kit_seed((uint64_t)_i);
	attach();
	for (unsigned round = 0; round < 40; round++) {
		unsigned n = kit_below(100), good = 0;

		for (unsigned i = 0; i < n; i++) {
			bool bad = kit_below(4) == 0;

			store_event(0, bad ? 0 : next, bad);
			next += !bad;
			good += !bad;
		}
		if (kit_below(3) == 0) { /* not all of it */
			good = kit_below(good + 1);
			ck_assert_uint_eq(take(&t, good), good);
		} else {
			take(&t, SIZE_MAX);
		}
		for (size_t i = 0; i < t.n; i++)
			ck_assert_uint_eq(t.number[i], ++seen);
		put(true);
		if (kit_below(3) != 0)
			restart();
		else
			stored();
	}
	take(&t, SIZE_MAX);
	for (size_t i = 0; i < t.n; i++)
		ck_assert_uint_eq(t.number[i], ++seen);
	ck_assert_uint_eq(seen, next - 1);
}
END_TEST

START_TEST(what_is_not_stored_is_taken_again)
{
	static struct taken t;

	attach();
	for (unsigned i = 0; i < 100; i++)
		store_event(i % 2, i, false);
	ck_assert_uint_eq(take(&t, SIZE_MAX), 100);
	ck_assert_uint_eq(take(&t, SIZE_MAX), 0);
	put(false);
	restart();
	ck_assert_uint_eq(take(&t, SIZE_MAX), 100);
	put(true);
	stored();
	restart();
	ck_assert_uint_eq(take(&t, SIZE_MAX), 0);
}
END_TEST

/* The store has all of it and half of it is passed over when it dies again. */
START_TEST(passing_over_can_be_interrupted)
{
	static struct taken t;

	attach();
	for (unsigned i = 0; i < 100; i++)
		store_event(0, i, false);
	ck_assert_uint_eq(take(&t, SIZE_MAX), 100);
	put(true);
	restart();
	put(true); /* before anything was looked at */
	stored();
	restart();
	ck_assert_uint_eq(take(&t, SIZE_MAX), 0);
	store_event(0, 100, false);
	ck_assert_uint_eq(take(&t, SIZE_MAX), 1);
	ck_assert_uint_eq(t.number[0], 100);
}
END_TEST

START_TEST(a_store_that_claims_too_much_is_not_believed)
{
	static struct store_ring claim;
	static struct taken t;
	struct fsk_ring_reader *r;

	stats_good(fsk_ring_attach(&r, conf->rings.at[0], true, &err), &err);
	memcpy(claim.id, fsk_ring_id(r), sizeof(claim.id));
	fsk_ring_detach(r);
	stats_good(store_begin(store, "h", &err), &err);
	claim.position[0] = 1ull << 40;
	store_put_ring(store, &claim);
	stats_good(store_commit(store, &err), &err);
	attach();
	store_event(0, 1, false);
	ck_assert_uint_eq(take(&t, SIZE_MAX), 1);
}
END_TEST

START_TEST(whether_a_batch_is_stored_can_be_asked)
{
	static struct taken t;
	bool is = true;

	attach();
	store_event(0, 1, false);
	take(&t, SIZE_MAX);
	put(false);
	stats_good(source_is_stored(source, store, &is, &err), &err);
	ck_assert(!is);
	put(true);
	stats_good(source_is_stored(source, store, &is, &err), &err);
	ck_assert(is);
}
END_TEST

START_TEST(a_ring_presses_when_it_is_half_full)
{
	static struct taken t;

	attach();
	for (unsigned i = 0; i < ROOM / 2 - 1; i++)
		store_event(1, i, false);
	take(&t, SIZE_MAX);
	ck_assert(!source_pressed(source));
	store_event(1, 0, false);
	ck_assert(!source_pressed(source)); /* it was not taken yet */
	take(&t, SIZE_MAX);
	ck_assert(source_pressed(source));
	put(true);
	stored();
	ck_assert(!source_pressed(source));
}
END_TEST

/* ---- counters ---- */

struct sum {
	unsigned counter;
	const char *label;
	uint64_t value;
};

static int
add(void *arg, const struct store_counter *c)
{
	struct sum *s = arg;

	if (c->counter == s->counter && strcmp(c->label, s->label) == 0)
		s->value += c->value;
	return 0;
}

static uint64_t
counted(unsigned counter, const char *label)
{
	struct store_query q = store_query(STORE_DAY, 0, 1ll << 40);
	struct sum s = { counter, label, 0 };

	stats_good(store_counters(store, &q, add, &s, &err), &err);
	return s.value;
}

/* What came between the mark and its replacement is not stored yet, though no
 * event is missing. */
START_TEST(a_ring_that_was_replaced_is_over_with_its_last_counters)
{
	static struct taken t;

	attach();
	store_event(0, 1, false);
	ck_assert_uint_eq(take(&t, ROOM), 1);
	source_mark(source, 1);
	fsk_ring_count(worker[0], FSK_COUNT_ANSWERED);
	unlink(conf->rings.at[0]);
	fsk_ring_close(ring);
	stats_good(
	    fsk_ring_open(&ring, conf->rings.at[0], WORKERS, ROOM, &err), &err);
	stored();
	ck_assert(source_ends(source));
	ck_assert(!source_over(source));
	source_mark(source, 2);
	ck_assert(!source_ends(source));
	stored();
	ck_assert(source_over(source));
}
END_TEST

START_TEST(counters_are_exact_over_restarts)
{
	const uint16_t x = fsk_ring_label(ring, FSK_LABEL_FEED, "x");
	static struct taken t;
	unsigned n = 0, unique = 0;

	attach();
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = kit_below(30); i > 0; i--) {
			bool alone = kit_below(2);

			fsk_ring_count(worker[n % WORKERS], FSK_COUNT_ANSWERED);
			fsk_ring_hit(worker[n % WORKERS], x, alone);
			n++;
			unique += alone;
		}
		store_event(0, 1, true);
		take(&t, SIZE_MAX);
		put(round % 3 != 0);
		if (round % 5 == 0)
			restart();
		else if (round % 3 != 0)
			stored();
	}
	put(true);
	ck_assert_uint_eq(counted(FSK_COUNT_ANSWERED, ""), n);
	ck_assert_uint_eq(counted(STORE_FEED_HITS, "x"), n);
	ck_assert_uint_eq(counted(STORE_FEED_UNIQUE, "x"), unique);
	ck_assert_uint_eq(counted(STORE_TOTAL + FSK_TOTAL_STARTS, ""), 1);
	ck_assert_uint_ge(counted(STORE_DAMAGED, ""), 50);
}
END_TEST

START_TEST(a_counter_that_cannot_be_counts_nothing)
{
	static struct store_ring was, now;
	struct fsk_ring_reader *r;

	stats_good(fsk_ring_attach(&r, conf->rings.at[0], true, &err), &err);
	was.counter[0] = 10;
	now.counter[0] = 9;
	now.counter[1] = UINT64_MAX / 2;
	now.counter[2] = 5;
	stats_good(store_begin(store, "h", &err), &err);
	counters_put(store, 1000000, r, &was, &now);
	stats_good(store_commit(store, &err), &err);
	fsk_ring_detach(r);
	ck_assert_uint_eq(counted(0, ""), 0);
	ck_assert_uint_eq(counted(1, ""), 0);
	ck_assert_uint_eq(counted(2, ""), 5);
}
END_TEST

/* ---- the state as octets ---- */

START_TEST(a_damaged_state_is_told)
{
	static struct store_ring in, out;
	static uint8_t octets[RING_STATE_MAX];
	size_t len;

	kit_seed(1);
	in.position[1] = 5;
	in.counter[7] = 6;
	in.hits[3] = 7;
	in.unique[2] = 8;
	len = ring_state_pack(&in, octets);
	ck_assert(ring_state_unpack(&out, octets, len));
	ck_assert_uint_eq(out.position[1], 5);
	ck_assert_uint_eq(out.unique[2], 8);
	for (size_t n = 0; n < len; n++)
		ck_assert(!ring_state_unpack(&out, octets, n));
	for (unsigned i = 0; i < 5000; i++) {
		uint8_t *copy = malloc(len);

		memcpy(copy, octets, len);
		copy[kit_below((unsigned)len)] = (uint8_t)kit_random();
		ring_state_unpack(&out, copy, len);
		free(copy);
	}
	memset(&in, 0xff, sizeof(in));
	ck_assert_uint_eq(ring_state_pack(&in, octets), RING_STATE_MAX);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/source.c");
	TCase *tc = tcase_create("rings");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_is_stored_is_passed_over, 0, 10);
	tcase_add_test(tc, what_is_not_stored_is_taken_again);
	tcase_add_test(tc, passing_over_can_be_interrupted);
	tcase_add_test(tc, a_store_that_claims_too_much_is_not_believed);
	tcase_add_test(tc, whether_a_batch_is_stored_can_be_asked);
	tcase_add_test(tc, a_ring_presses_when_it_is_half_full);
	tcase_add_test(
	    tc, a_ring_that_was_replaced_is_over_with_its_last_counters);
	tcase_add_test(tc, counters_are_exact_over_restarts);
	tcase_add_test(tc, a_counter_that_cannot_be_counts_nothing);
	tcase_add_test(tc, a_damaged_state_is_told);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
