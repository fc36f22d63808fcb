/* SPDX-License-Identifier: BSD-3-Clause */
/* Entries of a database, one by one */
#include "feeds/entry.h"

#include <check.h>
#include <stdlib.h>

#include "tests/lib/kit.h"

START_TEST(an_entry_is_found_though_another_decides)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct kit_list l = { 0 };
	struct fsk_db *db;

	kit_seed(4);
	kit_add_nested(&l, 800);
	db = kit_open(&l, &b);
	for (size_t i = 0; i < l.n; i++) {
		const struct kit_entry *e = &l.entry[i];
		struct fsk_attr a;
		uint32_t attr;

		ck_assert(
		    db_has_entry(db, &e->name, e->match, e->allow, &attr));
		fsk_db_attr(db, attr, &a);
		ck_assert_int_eq(a.match, e->match);
		ck_assert_int_eq(a.allow, e->allow);
	}
	fsk_db_close(db);
	kit_free(&l);
}
END_TEST

START_TEST(nothing_else_is_found)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	const struct fsk_name evil = kit_name("evil.test");
	const struct fsk_name below = kit_name("www.evil.test");
	const struct fsk_name above = kit_name("test");
	struct kit_list l = { 0 };
	struct fsk_db *db;
	uint32_t attr;

	kit_add_text(&l, "evil.test", FSK_SUBTREE, RED_A);
	kit_add_text(&l, "evil.test", FSK_EXACT, ALLOW_D);
	db = kit_open(&l, &b);
	ck_assert(db_has_entry(db, &evil, FSK_SUBTREE, false, &attr));
	ck_assert(db_has_entry(db, &evil, FSK_EXACT, true, &attr));
	ck_assert(!db_has_entry(db, &evil, FSK_SUBTREE, true, &attr));
	ck_assert(!db_has_entry(db, &evil, FSK_EXACT, false, &attr));
	ck_assert(!db_has_entry(db, &evil, FSK_BELOW, false, &attr));
	ck_assert(!db_has_entry(db, &below, FSK_SUBTREE, false, &attr));
	ck_assert(!db_has_entry(db, &above, FSK_SUBTREE, false, &attr));
	fsk_db_close(db);
	kit_free(&l);
}
END_TEST

START_TEST(marks_are_those_of_lists)
{
	ck_assert_str_eq(entry_mark(FSK_SUBTREE), "");
	ck_assert_str_eq(entry_mark(FSK_EXACT), "=");
	ck_assert_str_eq(entry_mark(FSK_BELOW), "*.");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/entry");
	TCase *tc = tcase_create("entry");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, an_entry_is_found_though_another_decides);
	tcase_add_test(tc, nothing_else_is_found);
	tcase_add_test(tc, marks_are_those_of_lists);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
