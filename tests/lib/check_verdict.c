/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/verdict.h"

#include <check.h>
#include <string.h>

#include "tests/lib/kit.h"

/* What is asked of the list in verdicts_follow_the_entry(). */
static const struct {
	const char *name;
	bool covered, block;
	enum fsk_action action; /* where block */
} rows[] = {
	{ "example", false, false, 0 },
	{ "other.example", false, false, 0 },
	{ "bad.example", true, true, FSK_NXDOMAIN },
	{ "www.bad.example", true, true, FSK_NXDOMAIN },
	{ "good.bad.example", true, false, 0 },
	{ "www.good.bad.example", true, false, 0 },
	{ "worse.good.bad.example", true, true, FSK_SINKHOLE },
	{ "a.worse.good.bad.example", true, true, FSK_SINKHOLE },
	{ "only.test", true, true, FSK_NODATA },
	{ "www.only.test", false, false, 0 },
	{ ".", false, false, 0 },
};

START_TEST(verdicts_follow_the_entry)
{
	const struct kit_build build = {
		.mode = _i % 2 == 0 ? FSK_NAMES : FSK_SECRET,
	};
	struct kit_list l = { 0 };
	struct fsk_name name = kit_name(rows[_i / 2].name);
	struct fsk_verdict v;
	struct fsk_question asked = { .qtype = 1 };
	struct fsk_db *db;

	kit_add_text(&l, "bad.example", FSK_SUBTREE, RED_A);
	kit_add_text(&l, "good.bad.example", FSK_SUBTREE, ALLOW_D);
	kit_add_text(&l, "worse.good.bad.example", FSK_SUBTREE, RED_C);
	kit_add_text(&l, "only.test", FSK_EXACT, YELLOW_B);
	db = kit_open(&l, &build);
	memset(&v, 0xa5, sizeof(v));
	fsk_query_init(&asked.q, fsk_db_key(db), name.wire, name.len);
	fsk_verdict(db, NULL, &asked, &v);
	ck_assert_int_eq(v.found.covered, rows[_i / 2].covered);
	ck_assert_int_eq(v.block, rows[_i / 2].block);
	if (v.block)
		ck_assert_int_eq(v.answer->action, rows[_i / 2].action);
	if (v.block && v.answer->action == FSK_SINKHOLE) {
		ck_assert_uint_eq(v.answer->count4, 1);
		ck_assert_uint_eq(v.answer->count6, 1);
		ck_assert_mem_eq(v.answer->addr4, kit_answers[2].addr4, 4);
		ck_assert_mem_eq(v.answer->addr6, kit_answers[2].addr6, 16);
		ck_assert_uint_eq(v.answer->ttl, kit_answers[2].ttl);
	}
	fsk_db_close(db);
	kit_free(&l);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof(*(a)))

int
main(void)
{
	Suite *s = suite_create("lib/verdict.c");
	TCase *tc = tcase_create("verdict");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(tc, verdicts_follow_the_entry, 0, 2 * ROWS(rows));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
