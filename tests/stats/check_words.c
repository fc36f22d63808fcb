/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/table.c and words.c: maps, and numbers for names */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "stats/table.h"
#include "stats/words.h"
#include "tests/lib/kit.h"

/* Against an array: keys of all lengths, some of which begin alike. */
START_TEST(a_table_is_a_map)
{
	enum { KEYS = 3000 };
	static uint8_t keys[KEYS][300];
	static size_t lens[KEYS];
	static uint64_t want[KEYS];
	struct table t;

	kit_seed(1);
	table_init(&t, sizeof(uint64_t));
	ck_assert_ptr_null(table_get(&t, "", 0));
	for (unsigned i = 0; i < KEYS; i++) {
		lens[i] = i < 300 ? i : 2 + kit_below(40);
		for (size_t j = 0; j < lens[i]; j++)
			keys[i][j] = (uint8_t)kit_below(i < 300 ? 2 : 256);
		if (lens[i] >= 2 && lens[i] < 300)
			fsk_put16(keys[i] + lens[i] - 2, (uint16_t)i);
	}
	for (unsigned n = 0; n < 100000; n++) {
		unsigned i = kit_below(KEYS);
		bool fresh;
		uint64_t *value = table_put(&t, keys[i], lens[i], &fresh);

		ck_assert_ptr_nonnull(value);
		ck_assert(!fresh || *value == 0);
		*value += i + 1;
		want[i] += i + 1;
	}
	for (unsigned i = 0; i < KEYS; i++) {
		uint64_t *value = table_get(&t, keys[i], lens[i]);
		size_t len;

		ck_assert_uint_eq(value != NULL ? *value : 0, want[i]);
		if (value == NULL)
			continue;
		ck_assert_mem_eq(table_key(&t, table_index(&t, value), &len),
		    keys[i], lens[i]);
		ck_assert_uint_eq(len, lens[i]);
	}
	table_clear(&t);
	ck_assert_uint_eq(t.n, 0);
	ck_assert_ptr_null(table_get(&t, keys[5], lens[5]));
	table_fini(&t);
}
END_TEST

/* Items keep their order, and memory is not kept for ever. */
START_TEST(a_table_numbers_its_items)
{
	struct table t;
	bool fresh;

	table_init(&t, 1);
	for (uint32_t i = 0; i < 10000; i++) {
		table_put(&t, &i, sizeof(i), &fresh);
		ck_assert(fresh);
	}
	for (uint32_t i = 0; i < 10000; i++) {
		size_t len;
		uint32_t key;

		memcpy(&key, table_key(&t, i, &len), sizeof(key));
		ck_assert_uint_eq(key, i);
	}
	table_clear(&t);
	table_put(&t, "x", 1, &fresh);
	table_clear(&t);
	ck_assert_uint_eq(t.room, 0);
	table_put(&t, "x", 1, &fresh);
	ck_assert_uint_eq(t.n, 1);
	table_fini(&t);
}
END_TEST

START_TEST(words_have_numbers_of_their_kind)
{
	struct words w;
	uint16_t x;

	ck_assert(words_init(&w));
	ck_assert_uint_eq(words_number(&w, FSK_LABEL_FEED, ""), 0);
	x = words_number(&w, FSK_LABEL_FEED, "x");
	ck_assert_uint_ne(x, 0);
	ck_assert_uint_eq(words_number(&w, FSK_LABEL_FEED, "x"), x);
	ck_assert_str_eq(words_text(&w, FSK_LABEL_FEED, x), "x");
	ck_assert_str_eq(words_text(&w, FSK_LABEL_GROUP, x), "");
	ck_assert_str_eq(words_text(&w, FSK_LABEL_FEED, 60000), "");
	words_fini(&w);
}
END_TEST

START_TEST(sets_are_in_order_and_have_each_feed_once)
{
	static const char *const names[] = { "b", "a", "d", "c", "ab" };
	struct words w;
	uint16_t feed[5], mixed[20];
	uint32_t set;

	kit_seed(1);
	ck_assert(words_init(&w));
	for (unsigned i = 0; i < 5; i++)
		feed[i] = words_number(&w, FSK_LABEL_FEED, names[i]);
	set = words_set(&w, feed, 5);
	ck_assert_str_eq(words_set_text(&w, set), "a\nab\nb\nc\nd");
	ck_assert_uint_eq(words_feeds(&w, set)->n, 5);
	ck_assert_uint_eq(words_feeds(&w, set)->feed[0], feed[1]);
	ck_assert_uint_eq(words_set_of(&w, "a\nab\nb\nc\nd"), set);
	ck_assert_uint_eq(words_set_of(&w, "d\na\nb\nab\nc\na"), set);
	for (unsigned n = 0; n < 100; n++) {
		for (unsigned i = 0; i < 20; i++)
			mixed[i] = i < 5 ? feed[(i + n) % 5]
					 : feed[kit_below(5)];
		ck_assert_uint_eq(words_set(&w, mixed, 16), set);
	}
	ck_assert_uint_eq(words_set(&w, feed, 0), 0);
	ck_assert_uint_eq(words_set(&w, (uint16_t[]){ 0, 0 }, 2), 0);
	ck_assert_str_eq(words_set_text(&w, 0), "");
	ck_assert_uint_eq(words_feeds(&w, 0)->n, 0);
	ck_assert_uint_ne(words_set(&w, feed, 1), words_set(&w, feed + 1, 1));
	words_fini(&w);
}
END_TEST

/* A ring of nonsense does not fill the memory. */
START_TEST(there_is_an_end_to_words_and_sets)
{
	struct words w;
	char text[32];

	kit_seed(1);
	ck_assert(words_init(&w));
	for (unsigned i = 0; i < WORDS_MAX + 100; i++) {
		snprintf(text, sizeof(text), "feed-%u", i);
		words_number(&w, FSK_LABEL_FEED, text);
	}
	ck_assert_uint_eq(words_number(&w, FSK_LABEL_FEED, "another"), 0);
	ck_assert_uint_ne(words_number(&w, FSK_LABEL_FEED, "feed-77"), 0);
	for (unsigned i = 0; i < SETS_MAX + 1000; i++) {
		uint16_t feed[3] = { (uint16_t)(1 + kit_below(16000)),
			(uint16_t)(1 + kit_below(16000)),
			(uint16_t)(1 + kit_below(16000)) };

		words_set(&w, feed, 3);
	}
	ck_assert_uint_eq(w.sets.n, SETS_MAX);
	words_fini(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/words.c");
	TCase *tc = tcase_create("words");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_table_is_a_map);
	tcase_add_test(tc, a_table_numbers_its_items);
	tcase_add_test(tc, words_have_numbers_of_their_kind);
	tcase_add_test(tc, sets_are_in_order_and_have_each_feed_once);
	tcase_add_test(tc, there_is_an_end_to_words_and_sets);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
