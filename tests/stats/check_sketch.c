/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/sketch.c: estimates, unions, and packed sketches whole and damaged */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "stats/sketch.h"
#include "tests/lib/kit.h"

#define TAG 7

static uint8_t packed[SKETCH_PACKED_MAX], again[SKETCH_PACKED_MAX];

static void
add_random(struct sketch *s, unsigned n)
{
	while (n-- > 0)
		ck_assert(sketch_add(s, kit_random(), TAG));
}

/* Adds clients FROM to TO - 1, hashed as addresses are. */
static void
add_clients(struct sketch *s, unsigned from, unsigned to)
{
	static const uint64_t key[2] = { 1, 2 };

	for (unsigned i = from; i < to; i++) {
		uint8_t addr[16] = { [10] = 255, [11] = 255 };

		fsk_put32(addr + 12, i);
		ck_assert(
		    sketch_add(s, fsk_siphash(key, addr, sizeof(addr)), TAG));
	}
}

static bool
same(struct sketch *a, struct sketch *b)
{
	size_t n = sketch_pack(a, packed);

	return sketch_pack(b, again) == n && memcmp(packed, again, n) == 0;
}

/* How many clients, how often it is tried. */
static const struct {
	unsigned n, trials;
} sets[] = { { 1, 100 }, { 2, 100 }, { 10, 100 }, { 100, 100 }, { 511, 100 },
	{ 513, 300 }, { 700, 300 }, { 1000, 300 }, { 2000, 300 }, { 4000, 300 },
	{ 10000, 200 }, { 20000, 100 }, { 50000, 50 }, { 100000, 30 },
	{ 300000, 10 }, { 1000000, 8 } };

#define SETS ((int)(sizeof(sets) / sizeof(*sets)))

/* The standard error is below 2 % for every number of clients, and the mean of
 * many estimates is the truth. */
START_TEST(estimates_are_within_two_percent_and_unbiased)
{
	const double n = sets[_i].n, trials = sets[_i].trials;
	double sum = 0, squares = 0, error;

	kit_seed((uint64_t)_i + 1);
	for (unsigned t = 0; t < sets[_i].trials; t++) {
		struct sketch s;
		double e;

		sketch_init(&s, 12);
		add_random(&s, sets[_i].n);
		e = sketch_estimate(&s) / n - 1;
		sum += e;
		squares += e * e;
		sketch_fini(&s);
	}
	error = sqrt(squares / trials);
	ck_assert_msg(error < 0.02, "%u clients: standard error %.2f %%",
	    sets[_i].n, 100 * error);
	ck_assert_msg(fabs(sum / trials) < 4 * 0.017 / sqrt(trials),
	    "%u clients: biased by %.2f %%", sets[_i].n, 100 * sum / trials);
	if (sets[_i].n < 512)
		ck_assert_msg(
		    error < 0.001, "%u clients are few: %g", sets[_i].n, error);
}
END_TEST

/* With four times the registers no single estimate is off by more than 3 %. */
START_TEST(more_registers_estimate_better)
{
	for (unsigned t = 0; t < 10; t++) {
		struct sketch s;
		double e;

		kit_seed(100 + t);
		sketch_init(&s, 14);
		add_random(&s, sets[_i].n);
		e = sketch_estimate(&s) / sets[_i].n - 1;
		ck_assert_msg(fabs(e) < 0.03, "%u clients: off by %.2f %%",
		    sets[_i].n, 100 * e);
		sketch_fini(&s);
	}
}
END_TEST

START_TEST(an_empty_sketch_counts_nobody)
{
	struct sketch s, other;

	sketch_init(&s, 12);
	ck_assert(sketch_estimate(&s) == 0);
	ck_assert_uint_eq(sketch_pack(&s, packed), 7);
	ck_assert_ptr_null(sketch_unpack(&other, packed, 7));
	ck_assert(sketch_merge(&s, &other));
	ck_assert(sketch_estimate(&s) == 0);
	ck_assert_uint_eq(s.tag, SKETCH_EMPTY);
	sketch_fini(&s);
	sketch_fini(&other);
}
END_TEST

START_TEST(the_same_client_counts_once)
{
	struct sketch s;

	sketch_init(&s, 12);
	for (unsigned i = 0; i < 1000; i++)
		add_clients(&s, 0, 300);
	ck_assert(!s.dense);
	ck_assert_uint_le(s.room, 1024);
	ck_assert_int_eq((int)lround(sketch_estimate(&s)), 300);
	sketch_fini(&s);
}
END_TEST

/* However the clients are parted among sketches, which overlap, and however
 * these are added up: it is the sketch of all of them. */
START_TEST(unions_are_sketches_of_the_union)
{
	static const unsigned sizes[] = { 5, 100, 600, 5000, 60000 };

	for (unsigned i = 0; i < 5; i++) {
		const unsigned n = sizes[i];
		struct sketch all, a, b, c, ab;

		sketch_init(&all, 12);
		sketch_init(&a, 12);
		sketch_init(&b, 12);
		sketch_init(&c, 12);
		sketch_init(&ab, 12);
		add_clients(&all, 0, n);
		add_clients(&a, 0, n / 2);
		add_clients(&b, n / 3, n);
		add_clients(&c, 0, n / 50 + 1);
		ck_assert(sketch_merge(&ab, &a) && sketch_merge(&ab, &b));
		ck_assert(sketch_merge(&ab, &b) && sketch_merge(&ab, &c));
		ck_assert(same(&ab, &all));
		ck_assert(sketch_merge(&c, &b) && sketch_merge(&c, &a));
		ck_assert(same(&c, &all));
		sketch_fini(&all);
		sketch_fini(&a);
		sketch_fini(&b);
		sketch_fini(&c);
		sketch_fini(&ab);
	}
}
END_TEST

/* Hosts may differ in precision: the union has the lower one, and is what a
 * sketch of that precision would have been. */
START_TEST(unions_of_two_precisions_have_the_lower)
{
	static const unsigned sizes[] = { 3, 100, 700, 3000, 50000 };

	for (unsigned i = 0; i < 25; i++) {
		unsigned n = sizes[i % 5], k = sizes[i / 5];
		struct sketch low, high, want;

		sketch_init(&low, 11);
		sketch_init(&high, 14);
		sketch_init(&want, 11);
		add_clients(&low, 0, n);
		add_clients(&high, n / 2, n / 2 + k);
		add_clients(&want, 0, n);
		add_clients(&want, n / 2, n / 2 + k);
		ck_assert(sketch_merge(&high, &low));
		ck_assert_uint_eq(high.p, 11);
		ck_assert(fabs(sketch_estimate(&high) / sketch_estimate(&want) -
			      1) < 0.06);
		if (high.dense && want.dense)
			ck_assert(same(&high, &want));
		sketch_fini(&low);
		sketch_fini(&high);
		sketch_fini(&want);
	}
}
END_TEST

START_TEST(tags_tell_whether_keys_were_mixed)
{
	struct sketch a, b;

	sketch_init(&a, 12);
	sketch_init(&b, 12);
	sketch_add(&a, kit_random(), 5);
	ck_assert_uint_eq(a.tag, 5);
	ck_assert(sketch_merge(&b, &a));
	ck_assert_uint_eq(b.tag, 5);
	sketch_add(&b, kit_random(), 6);
	ck_assert_uint_eq(b.tag, SKETCH_MIXED);
	ck_assert(sketch_merge(&a, &b));
	ck_assert_uint_eq(a.tag, SKETCH_MIXED);
	sketch_fini(&a);
	sketch_fini(&b);
}
END_TEST

START_TEST(what_was_packed_comes_back)
{
	for (unsigned p = SKETCH_LEAST; p <= SKETCH_MOST; p++)
		for (int i = 0; i < SETS - 2; i++) {
			struct sketch s, t;
			size_t n;

			kit_seed((uint64_t)i);
			sketch_init(&s, p);
			add_random(&s, sets[i].n);
			n = sketch_pack(&s, packed);
			ck_assert_uint_le(n, (1u << p) / 2 + 200);
			ck_assert_ptr_null(sketch_unpack(&t, packed, n));
			ck_assert_uint_eq(t.tag, TAG);
			ck_assert(same(&s, &t));
			ck_assert(sketch_estimate(&s) == sketch_estimate(&t));
			sketch_fini(&s);
			sketch_fini(&t);
		}
}
END_TEST

START_TEST(few_clients_cost_few_octets)
{
	static const struct {
		unsigned clients, octets;
	} cost[] = { { 1, 12 }, { 2, 17 }, { 10, 55 }, { 100, 410 },
		{ 500, 1900 }, { 1000, 2100 }, { 100000, 2100 } };

	for (unsigned i = 0; i < sizeof(cost) / sizeof(*cost); i++) {
		struct sketch s;
		size_t n;

		sketch_init(&s, 12);
		add_clients(&s, 0, cost[i].clients);
		n = sketch_pack(&s, packed);
		ck_assert_msg(n <= cost[i].octets, "%u clients: %zu octets",
		    cost[i].clients, n);
		sketch_fini(&s);
	}
}
END_TEST

/* Ranks so far apart that nibbles cannot tell them. */
START_TEST(odd_ranks_are_packed_too)
{
	for (unsigned every = 1; every < 600; every += 13) {
		struct sketch s, t;
		size_t n;

		sketch_init(&s, 12);
		for (uint64_t i = 0; i < 4096; i++)
			sketch_add(
			    &s, i << 52 | (i % every == 0 ? 1 : 1ull << 51), 1);
		n = sketch_pack(&s, packed);
		ck_assert_uint_le(n, sizeof(packed));
		ck_assert_ptr_null(sketch_unpack(&t, packed, n));
		ck_assert(same(&s, &t));
		sketch_fini(&s);
		sketch_fini(&t);
	}
}
END_TEST

static void
use(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len + 1); /* what is behind it is noticed */
	struct sketch s, t;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, octets, len);
	if (sketch_unpack(&s, copy, len) == NULL) {
		double e = sketch_estimate(&s);

		ck_assert(e >= 0);
		sketch_init(&t, 13);
		ck_assert(sketch_merge(&t, &s));
		ck_assert_uint_le(sketch_pack(&t, again), sizeof(again));
		sketch_fini(&t);
	}
	sketch_fini(&s);
	free(copy);
}

START_TEST(damage_is_told_or_gives_another_sketch)
{
	static const unsigned sizes[] = { 0, 3, 200, 3000, 500000 };
	struct sketch s;
	size_t len;

	kit_seed(9);
	sketch_init(&s, 12);
	add_random(&s, sizes[_i]);
	len = sketch_pack(&s, packed);
	sketch_fini(&s);
	for (size_t n = 0; n < len; n += n < 99 ? 1 : 17) {
		ck_assert_ptr_nonnull(sketch_unpack(&s, packed, n));
		use(packed, n);
	}
	for (unsigned i = 0; i < 6000; i++) {
		uint8_t *at = &packed[i < 4096 ? i / 256 % len
					       : kit_below((unsigned)len)];
		uint8_t was = *at;

		*at = i < 4096 ? (uint8_t)i : (uint8_t)kit_random();
		use(packed, len);
		if (i % 3 != 0)
			*at = was;
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/sketch.c");
	TCase *tc = tcase_create("sketches");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(
	    tc, estimates_are_within_two_percent_and_unbiased, 0, SETS);
	tcase_add_loop_test(tc, more_registers_estimate_better, 0, SETS - 1);
	tcase_add_test(tc, an_empty_sketch_counts_nobody);
	tcase_add_test(tc, the_same_client_counts_once);
	tcase_add_test(tc, unions_are_sketches_of_the_union);
	tcase_add_test(tc, unions_of_two_precisions_have_the_lower);
	tcase_add_test(tc, tags_tell_whether_keys_were_mixed);
	tcase_add_test(tc, what_was_packed_comes_back);
	tcase_add_test(tc, few_clients_cost_few_octets);
	tcase_add_test(tc, odd_ranks_are_packed_too);
	tcase_add_loop_test(tc, damage_is_told_or_gives_another_sketch, 0, 5);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
