/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/dates.c: what rules listed before keeps its day. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "feeds/dates.h"
#include "tests/lib/kit.h"

static struct dates *
opened(const char *before, const char *after, uint32_t today)
{
	char from[300];
	struct dates *d;
	struct fsk_error err = { 0 };
	int rc;

	snprintf(from, sizeof(from), "%s", kit_path(before));
	rc = dates_open(
	    &d, from, after != NULL ? kit_path(after) : NULL, today, &err);
	ck_assert_msg(rc == 0, "%s", err.text);
	return d;
}

static uint32_t
since(struct dates *d, const char *rule, const char *entry)
{
	struct fsk_error err = { 0 };
	uint32_t day;

	ck_assert_int_eq(dates_since(d, rule, entry, &day, &err), 0);
	return day;
}

static void
finished(struct dates *d)
{
	struct fsk_error err = { 0 };

	ck_assert_msg(dates_finish(d, &err) == 0, "%s", err.text);
	dates_close(d);
}

START_TEST(days_carry_over)
{
	struct dates *d = opened("none", "a", 20);

	ck_assert_uint_eq(since(d, "r", "a.example"), 20);
	ck_assert_uint_eq(since(d, "r", "ip:192.0.2.1/32"), 20);
	finished(d);
	d = opened("a", "b", 21);
	ck_assert_uint_eq(since(d, "r", "a.example"), 20);
	ck_assert_uint_eq(since(d, "r", "=a.example"), 21);
	ck_assert_uint_eq(since(d, "s", "a.example"), 21);
	ck_assert_uint_eq(since(d, "r", "a.example"), 20); /* again */
	finished(d);
	d = opened("b", "c", 22);
	ck_assert_uint_eq(since(d, "r", "a.example"), 20);
	ck_assert_uint_eq(since(d, "r", "=a.example"), 21);
	ck_assert_uint_eq(since(d, "r", "ip:192.0.2.1/32"), 22);
	finished(d);
}
END_TEST

START_TEST(many_days_and_entries)
{
	char entry[64], from[8] = "0", to[8];

	for (unsigned day = 1; day <= 40; day++) {
		struct dates *d;

		snprintf(to, sizeof(to), "%u", day);
		d = opened(from, to, day);
		for (unsigned i = 1; i <= 50 * day; i++) {
			snprintf(entry, sizeof(entry), "n%u.example", i);
			ck_assert_uint_eq(since(d, "r", entry), (i + 49) / 50);
		}
		finished(d);
		strcpy(from, to);
	}
}
END_TEST

START_TEST(nothing_is_written_unless_wanted)
{
	struct dates *d = opened("none", NULL, 20);

	ck_assert_uint_eq(since(d, "r", "a.example"), 20);
	finished(d);
	d = opened("none", "a", 20);
	ck_assert_uint_eq(since(d, "r", "a.example"), 20);
	dates_close(d); /* without an end */
	ck_assert_uint_eq(kit_files(), 0);
	dates_close(NULL);
}
END_TEST

START_TEST(no_entry_and_damage)
{
	struct dates *d;

	finished(opened("none", "a", 20));
	finished(opened("a", "b", 21));
	kit_write(kit_path("b"), "garbage", 7);
	d = opened("b", "c", 22);
	ck_assert_uint_eq(since(d, "r", "a.example"), 22);
	finished(d);
	/* A clock that went back. */
	d = opened("c", "d", 7);
	ck_assert_uint_eq(since(d, "r", "a.example"), 7);
	finished(d);
}
END_TEST

START_TEST(where_nothing_can_be_written_is_told)
{
	struct fsk_error err = { 0 };
	struct dates *d;

	ck_assert_int_ne(
	    dates_open(&d, "none", "/no/such/folder/x", 20, &err), 0);
	ck_assert_ptr_null(d);
	ck_assert_uint_gt(strlen(err.text), 5);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/dates.c");
	TCase *tc = tcase_create("dates");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, days_carry_over);
	tcase_add_test(tc, many_days_and_entries);
	tcase_add_test(tc, nothing_is_written_unless_wanted);
	tcase_add_test(tc, no_entry_and_damage);
	tcase_add_test(tc, where_nothing_can_be_written_is_told);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
