/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/memo.h"

#include <check.h>
#include <stdlib.h>

#include "tests/lib/kit.h"

static struct fsk_memo memo;

static void
setup(void)
{
	memset(&memo, 0, sizeof(memo));
	kit_seed(5);
	for (unsigned i = 0; i < 3; i++)
		memo.key[i] = kit_random();
}

/* The hash of NAME from memory that ends where the name ends. */
static uint64_t
hash_of(const struct fsk_name *name)
{
	uint8_t *exact = malloc(name->len);
	uint64_t h;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, name->wire, name->len);
	h = fsk_memo_hash(&memo, exact, name->len);
	free(exact);
	ck_assert_uint_ne(h, 0);
	return h;
}

START_TEST(only_what_was_noted_is_known)
{
	unsigned known = 0;

	for (unsigned i = 0; i < 20000; i++) {
		struct fsk_name name = kit_any_name(16 + kit_below(240));
		uint64_t h = hash_of(&name);

		ck_assert(!fsk_memo_knows(&memo, 1, h));
		fsk_memo_note(&memo, 1, h);
		ck_assert(fsk_memo_knows(&memo, 1, h));
	}
	for (unsigned i = 0; i < FSK_MEMO_SETS; i++)
		for (unsigned j = 0; j < FSK_MEMO_WAYS; j++)
			known += memo.hash[i][j] != 0;
	ck_assert_uint_gt(known, FSK_MEMO_SETS * FSK_MEMO_WAYS * 9 / 10);
}
END_TEST

START_TEST(names_that_fit_stay_known)
{
	enum { N = FSK_MEMO_SETS * FSK_MEMO_WAYS / 4 };
	static uint64_t hash[N];
	unsigned known = 0;

	for (unsigned i = 0; i < N; i++) {
		struct fsk_name name = kit_any_name(16 + kit_below(240));

		hash[i] = hash_of(&name);
		fsk_memo_note(&memo, 1, hash[i]);
	}
	for (unsigned i = 0; i < N; i++)
		known += fsk_memo_knows(&memo, 1, hash[i]);
	ck_assert_uint_gt(known, N * 95 / 100);
}
END_TEST

START_TEST(every_octet_counts)
{
	for (unsigned len = 1; len <= FSK_NAME_MAX; len++) {
		struct fsk_name name = { .len = (uint8_t)len };
		uint64_t before;

		for (unsigned i = 0; i < len; i++)
			name.wire[i] = (uint8_t)kit_random();
		before = hash_of(&name);
		for (unsigned i = 0; i < len; i++) {
			name.wire[i] ^= 0x20;
			ck_assert_uint_ne(hash_of(&name), before);
			name.wire[i] ^= 0x20;
		}
		name.len--;
		ck_assert(len == 1 || hash_of(&name) != before);
	}
}
END_TEST

START_TEST(another_list_makes_it_forget)
{
	struct fsk_name a = kit_name("a.test"), b = kit_name("b.test");

	fsk_memo_note(&memo, 1, hash_of(&a));
	ck_assert(!fsk_memo_knows(&memo, 2, hash_of(&a)));
	fsk_memo_note(&memo, 2, hash_of(&b));
	ck_assert(fsk_memo_knows(&memo, 2, hash_of(&b)));
	ck_assert(!fsk_memo_knows(&memo, 2, hash_of(&a)));
	ck_assert(!fsk_memo_knows(&memo, 1, hash_of(&a)));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/memo.h");
	TCase *tc = tcase_create("memo");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, only_what_was_noted_is_known);
	tcase_add_test(tc, names_that_fit_stay_known);
	tcase_add_test(tc, every_octet_counts);
	tcase_add_test(tc, another_list_makes_it_forget);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
