/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/linesort.h"
#include "tests/lib/kit.h"

struct line {
	char *at;
	size_t len;
};

static int
compare(const void *a, const void *b)
{
	const struct line *l = a, *m = b;

	return linesort_compare(l->at, l->len, m->at, m->len);
}

/* N lines of up to MAX octets of any kind, many of them alike, in *TEXT. */
static struct line *
make_lines(size_t n, unsigned max, char **text)
{
	struct line *line = calloc(n + 1, sizeof(*line));
	char *at = malloc(n * max + 1);

	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_nonnull(at);
	*text = at;
	for (size_t i = 0; i < n; i++) {
		line[i] = (struct line){ at, kit_below(max + 1) };
		memset(at, (int)kit_below(256), line[i].len);
		if (line[i].len > 0)
			at[kit_below((unsigned)line[i].len)] = (char)
			    kit_random();
		at += line[i].len;
	}
	return line;
}

static const struct {
	size_t n;
	unsigned max;
} sizes[] = {
	{ 0, 0 },
	{ 1, 10 },
	{ 1000, 0 },
	{ 1000, 3 },
	{ 262144, 8 }, /* as many lines as fit */
	{ 262145, 8 }, /* one more: two runs */
	{ 300000, 12 },
	{ 20000, 3000 }, /* more octets than fit */
	{ 40, (unsigned)LINESORT_MAX },
};
#define SIZES (int)(sizeof(sizes) / sizeof(*sizes))

START_TEST(lines_come_out_in_order)
{
	const size_t n = sizes[_i].n;
	char *text;
	struct line *line = make_lines(n, sizes[_i].max, &text);
	struct fsk_error err;
	struct linesort *s;
	const char *at;
	size_t len;

	ck_assert_int_eq(linesort_open(&s, kit_dir, &err), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(
		    linesort_add(s, line[i].at, line[i].len, &err), 0);
	ck_assert_int_eq(linesort_begin(s, &err), 0);
	qsort(line, n, sizeof(*line), compare);
	for (size_t i = 0; i < n; i++) {
		ck_assert(linesort_next(s, &at, &len));
		ck_assert_uint_eq(len, line[i].len);
		ck_assert_int_eq(memcmp(at, line[i].at, len), 0);
	}
	ck_assert(!linesort_next(s, &at, &len));
	ck_assert(!linesort_next(s, &at, &len));
	linesort_close(s);
	ck_assert_uint_eq(kit_files(), 0);
	free(line);
	free(text);
}
END_TEST

START_TEST(the_order_is_that_of_octets)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = { { "", "", 0 }, { "", "a", -1 }, { "a", "a", 0 },
		{ "a", "ab", -1 }, { "b", "ab", 1 }, { "a", "\xff", -1 },
		{ "a\tb", "a b", -1 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int order = linesort_compare(cases[i].a, strlen(cases[i].a),
		    cases[i].b, strlen(cases[i].b));

		ck_assert_int_eq((order > 0) - (order < 0), cases[i].order);
	}
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_an_error)
{
	struct fsk_error err = { 0 };
	struct linesort *s;
	char *line = calloc(1, LINESORT_MAX);
	int rc = FSK_OK;

	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(linesort_open(&s, "/proc/none", &err), 0);
	for (unsigned i = 0; i < 20 && rc == FSK_OK; i++)
		rc = linesort_add(s, line, LINESORT_MAX, &err);
	ck_assert_int_eq(rc, FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "'/proc/none'"));
	linesort_close(s);
	linesort_close(NULL);
	free(line);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/linesort.c");
	TCase *tc = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(tc, lines_come_out_in_order, 0, SIZES);
	tcase_add_test(tc, the_order_is_that_of_octets);
	tcase_add_test(tc, a_folder_that_cannot_be_written_is_an_error);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
