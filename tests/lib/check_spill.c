/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/spill.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "tests/lib/kit.h"

/* Records are told from each other by a number; the octets behind it follow
 * from that. */
#define RECORD_MAX 4096
#define THREADS    4

static size_t
make_record(uint8_t rec[static RECORD_MAX], uint32_t number)
{
	size_t len = 8 + (number % 1000 == 7 ? RECORD_MAX - 8 : number % 50);

	fsk_put32(rec, number);
	fsk_put32(rec + 4, (uint32_t)len);
	for (size_t i = 8; i < len; i++)
		rec[i] = (uint8_t)(number + i);
	return len;
}

static unsigned
bucket_of(uint32_t number)
{
	/* Some buckets get much, some nothing. */
	return number % 3 == 0 ? 9 : number * 7 % (FSK_BUCKETS / 2) * 2;
}

/* Takes all of S and counts the numbers below N in SEEN. */
static void
take_all(struct fsk_spill *s, uint8_t *seen, uint32_t n)
{
	for (unsigned b = 0; b < FSK_BUCKETS; b++) {
		size_t len = fsk_spill_size(s, b), at = 0;
		uint8_t *out = malloc(len + !len), rec[RECORD_MAX];

		ck_assert_ptr_nonnull(out);
		ck_assert_int_eq(fsk_spill_take(s, b, out, NULL), FSK_OK);
		while (at < len) {
			uint32_t number = fsk_get32(out + at);

			ck_assert_uint_lt(number, n);
			ck_assert_uint_eq(bucket_of(number), b);
			ck_assert_uint_le(make_record(rec, number), len - at);
			ck_assert_mem_eq(out + at, rec, fsk_get32(rec + 4));
			seen[number]++;
			at += fsk_get32(rec + 4);
		}
		ck_assert_uint_eq(at, len);
		free(out);
		ck_assert_uint_eq(fsk_spill_size(s, b), 0);
	}
}

struct job {
	pthread_t thread;
	struct fsk_spill_lane *lane;
	uint32_t first, n;
	int rc;
};

static void *
fill(void *arg)
{
	struct job *j = arg;

	for (uint32_t i = j->first; i < j->n && j->rc == FSK_OK; i += THREADS) {
		uint8_t rec[RECORD_MAX];
		size_t len = make_record(rec, i);

		j->rc = fsk_spill_add(j->lane, bucket_of(i), rec, len, NULL);
	}
	return NULL;
}

/* Fills a store with N records from several threads and takes them again. */
static void
run(size_t budget, uint32_t n)
{
	struct fsk_pool *pool = fsk_pool_new(budget);
	uint8_t *seen = calloc(n + 1, 1);
	struct job job[THREADS];
	struct fsk_spill *s;

	ck_assert(pool != NULL && seen != NULL);
	ck_assert_int_eq(fsk_spill_open(&s, kit_dir, pool, NULL), FSK_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		job[i] = (struct job){ .first = i, .n = n };
		ck_assert_int_eq(fsk_spill_lane(s, &job[i].lane, NULL), FSK_OK);
		ck_assert_int_eq(
		    pthread_create(&job[i].thread, NULL, fill, &job[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(job[i].thread, NULL);
		ck_assert_int_eq(job[i].rc, FSK_OK);
	}
	ck_assert_uint_eq(kit_files(), 0); /* what was spilt has no name */
	take_all(s, seen, n);
	for (uint32_t i = 0; i < n; i++)
		ck_assert_msg(seen[i] == 1, "record %u: %u times", i, seen[i]);
	fsk_spill_close(s);
	fsk_pool_free(pool);
	free(seen);
}

static const struct {
	const char *what;
	size_t budget;
	uint32_t n;
} runs[] = {
	{ "nothing", 1 << 20, 0 },
	{ "one record", 1 << 20, 1 },
	{ "all in memory", 256 << 20, 200000 },
	{ "no budget at all", 0, 200000 },
	{ "the least budget", 1, 200000 },
	{ "half of it in memory", 4 << 20, 200000 },
};

START_TEST(what_is_set_aside_comes_back_once)
{
	run(runs[_i].budget, runs[_i].n);
}
END_TEST

/* Two stores share a pool: what the first gives back serves the second. */
START_TEST(stores_share_their_pool)
{
	struct fsk_pool *pool = fsk_pool_new(1 << 20);
	struct fsk_spill *s[2];
	uint8_t rec[RECORD_MAX];

	for (unsigned round = 0; round < 8; round++) {
		struct fsk_spill_lane *lane[2];
		uint8_t *seen = calloc(20000, 1);

		ck_assert_ptr_nonnull(seen);
		for (unsigned i = 0; i < 2; i++) {
			ck_assert_int_eq(
			    fsk_spill_open(&s[i], kit_dir, pool, NULL), FSK_OK);
			ck_assert_int_eq(
			    fsk_spill_lane(s[i], &lane[i], NULL), FSK_OK);
		}
		for (uint32_t i = 0; i < 20000; i++) {
			size_t len = make_record(rec, i);

			ck_assert_int_eq(fsk_spill_add(lane[i & 1],
					     bucket_of(i), rec, len, NULL),
			    FSK_OK);
		}
		take_all(s[0], seen, 20000);
		fsk_spill_close(s[0]);
		if (round & 1) /* or it is closed with all that is in it */
			take_all(s[1], seen, 20000);
		fsk_spill_close(s[1]);
		for (uint32_t i = 0; i < 20000; i++)
			ck_assert_uint_eq(seen[i], (i & 1) == 0 || (round & 1));
		free(seen);
	}
	fsk_pool_free(pool);
}
END_TEST

/* Kilobytes of memory of our own that we have. */
static long
resident(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = -1;

	ck_assert_ptr_nonnull(f);
	while (kb == -1 && fgets(line, sizeof(line), f) != NULL)
		(void)!sscanf(line, "RssAnon: %ld", &kb);
	fclose(f);
	ck_assert_int_ge(kb, 0);
	return kb;
}

START_TEST(draining_gives_memory_back)
{
	enum { N = 400000, BUDGET = 64 << 20 };
	struct fsk_pool *pool = fsk_pool_new(BUDGET);
	uint8_t rec[RECORD_MAX], *seen = calloc(N, 1);
	struct fsk_spill_lane *lane;
	struct fsk_spill *s;
	long full;

	ck_assert_ptr_nonnull(seen);
	ck_assert_int_eq(fsk_spill_open(&s, kit_dir, pool, NULL), FSK_OK);
	ck_assert_int_eq(fsk_spill_lane(s, &lane, NULL), FSK_OK);
	for (uint32_t i = 0; i < N; i++) {
		size_t len = make_record(rec, i);

		ck_assert_int_eq(
		    fsk_spill_add(lane, bucket_of(i), rec, len, NULL), FSK_OK);
	}
	full = resident();
	fsk_pool_drain(pool);
	take_all(s, seen, N);
	for (uint32_t i = 0; i < N; i++)
		ck_assert_uint_eq(seen[i], 1);
	/* It had some 14 MB. */
	if (getenv("FRAUDSINK_TEST_SAN") == NULL ||
	    *getenv("FRAUDSINK_TEST_SAN") == '\0')
		ck_assert_int_lt(resident(), full - (8 << 10));
	fsk_spill_close(s);
	fsk_pool_free(pool);
	free(seen);
}
END_TEST

START_TEST(folder_that_does_not_exist_is_named)
{
	struct fsk_pool *pool = fsk_pool_new(0);
	struct fsk_spill_lane *lane;
	struct fsk_error err = { 0 };
	uint8_t rec[RECORD_MAX] = { 0 };
	struct fsk_spill *s;
	int rc;

	ck_assert_int_eq(
	    fsk_spill_open(&s, kit_path("absent"), pool, NULL), FSK_OK);
	ck_assert_int_eq(fsk_spill_lane(s, &lane, NULL), FSK_OK);
	for (unsigned i = 0; i < 100; i++) {
		rc = fsk_spill_add(lane, 0, rec, sizeof(rec), &err);
		if (rc != FSK_OK)
			break;
	}
	ck_assert_int_eq(rc, FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "absent"));
	fsk_spill_close(s);
	fsk_pool_free(pool);
}
END_TEST

START_TEST(closing_nothing_is_fine)
{
	fsk_spill_close(NULL);
	fsk_pool_free(NULL);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof(*(a)))

int
main(void)
{
	Suite *s = suite_create("lib/spill.c");
	TCase *tc = tcase_create("spill");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(
	    tc, what_is_set_aside_comes_back_once, 0, ROWS(runs));
	tcase_add_test(tc, stores_share_their_pool);
	tcase_add_test(tc, draining_gives_memory_back);
	tcase_add_test(tc, folder_that_does_not_exist_is_named);
	tcase_add_test(tc, closing_nothing_is_fine);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
