/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/printable.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "feeds/printable.h"
#include "tests/lib/kit.h"

static const struct {
	const char *in, *out;
} texts[] = {
	{ "", "" },
	{ "a list of names", "a list of names" },
	{ "b\303\274cher \344\276\213 \360\237\230\200",
	    "b\303\274cher \344\276\213 \360\237\230\200" },
	{ "a\x1b[31mred\x07\x7f", "a?[31mred??" },
	{ "tab\tline\nreturn\r", "tab?line?return?" },
	{ "\302\233"
	  "31m",
	    "??31m" }, /* CSI as UTF-8 */
	{ "\302\240", "\302\240" },
	{ "\233"
	  "31m",
	    "?31m" },
	{ "b\374cher", "b?cher" },
	{ "\300\257", "??" }, /* too long for '/' */
	{ "\340\200\257", "???" },
	{ "\355\240\200", "???" }, /* a surrogate */
	{ "\364\220\200\200", "????" },
	{ "\370\210\200\200\200", "?????" },
	{ "\303x", "?x" },
	{ "\303", "" },
	{ "a\344\276", "a" },
	{ "a\360\237\230", "a" },
	{ "a\344x", "a?x" },
	{ "\200\200", "??" },
};

START_TEST(what_is_not_for_people_goes)
{
	/* In memory of its own length: nothing behind it may be read. */
	char *text = strdup(texts[_i].in);

	ck_assert_ptr_eq(printable(text), text);
	ck_assert_str_eq(text, texts[_i].out);
	free(text);
}
END_TEST

START_TEST(what_is_left_is_utf8)
{
	kit_seed(1);
	for (unsigned turn = 0; turn < 100000; turn++) {
		char text[13] = "", again[13];
		json_t *j;

		for (unsigned i = 0; i < sizeof(text) - 1; i++)
			text[i] = (char)(kit_below(3) == 0
				? 1 + kit_below(255)
				: 0x80 + kit_below(0x78));
		printable(text);
		j = json_string(text); /* NULL for what is none */
		ck_assert_ptr_nonnull(j);
		json_decref(j);
		strcpy(again, text);
		ck_assert_str_eq(printable(again), text);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/printable.c");
	TCase *tc = tcase_create("texts");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, what_is_not_for_people_goes, 0, sizeof(texts) / sizeof(*texts));
	tcase_add_test(tc, what_is_left_is_utf8);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
