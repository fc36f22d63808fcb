/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_wildcard.c: "*.x" lists */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/feeds/rows.h"

static const struct row rows[] = {
	/* The publisher means x, too. */
	{ "*.a.example", PARSE_NAMES, "a.example " },
	{ " *.a.example\t", PARSE_NAMES, "a.example " },
	{ "*.A.Example.", PARSE_NAMES, "a.example " },
	{ "*.a.example # why", PARSE_NAMES, "a.example " },
	{ "*.b\xc3\xbc.example", PARSE_NAMES, "xn--b-eha.example " },
	{ "*.com", PARSE_NAMES, "com " },
	{ "*.a_b.example", PARSE_NAMES, "a_b.example " },
	/* The rest as in plain lists. */
	{ "a.example", PARSE_NAMES, "a.example " },
	{ ".a.example", PARSE_NAMES, "a.example " },
	{ "=a.example", PARSE_NAMES, "=a.example " },
	{ "", PARSE_NOTHING, "" },
	{ " \t\r", PARSE_NOTHING, "" },
	{ "# *.a.example", PARSE_NOTHING, "" },
	{ "! *.a.example", PARSE_NOTHING, "" },
	{ "; *.a.example", PARSE_NOTHING, "" },
	/* Addresses are for no resolver. */
	{ "*.1.0.209.238", PARSE_SKIPPED, "!an address" },
	{ "192.0.2.1", PARSE_SKIPPED, "!an address" },
	{ "2001:db8::1", PARSE_SKIPPED, "!an address" },
	{ "*.192.0.2.0/24", PARSE_SKIPPED, "!a network" },
	{ "*.a.*", PARSE_SKIPPED, "!a pattern" },
	{ "*.*.a.example", PARSE_SKIPPED, "!a pattern" },
	{ "a.*", PARSE_SKIPPED, "!a pattern" },
	{ "*", PARSE_SKIPPED, "!a pattern" },
	{ "*.", PARSE_SKIPPED, "!a pattern" },
	{ "*..", PARSE_BAD, "" },
	{ "*.a..example", PARSE_BAD, "!empty label" },
	{ "*.1.2", PARSE_BAD, "" },
	{ "*.a.example *.b.example", PARSE_BAD, "!more than one word" },
	{ "0.0.0.0 a.example", PARSE_BAD, "!more than one word" },
	{ "*.a.example/x", PARSE_BAD, "" },
	{ "||a.example^", PARSE_BAD, "" },
	{ "*.\"><script>", PARSE_BAD, "" },
};

START_TEST(lines_of_wildcard_lists)
{
	rows_check(&parse_wildcard, NULL, &rows[_i]);
}
END_TEST

START_TEST(octets_that_no_text_has)
{
	static const struct row nul = { "*.a\0.example", PARSE_BAD, "" };
	static const struct row not_utf8 = { "*.a\xff.example", PARSE_BAD, "" };

	rows_check_octets(&parse_wildcard, NULL, &nul, 12);
	rows_check(&parse_wildcard, NULL, &not_utf8);
}
END_TEST

START_TEST(a_very_long_line)
{
	char line[10001];
	struct row row = { line, PARSE_BAD, "" };

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "*.", 2);
	rows_check(&parse_wildcard, NULL, &row);
}
END_TEST

/* The format of a list with so many names, MARKED of them with "*.". */
static const struct parse_format *
guess(unsigned names, unsigned marked, const char *end)
{
	char text[8192] = "# *.title\n\n";
	size_t len = strlen(text);

	for (unsigned i = 0; i < names; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%sa%u.example%s", i < marked ? "*." : "", i, end);
	return parse_guess(text, len);
}

START_TEST(most_names_have_the_mark)
{
	ck_assert_ptr_eq(guess(100, 100, "\n"), &parse_wildcard);
	ck_assert_ptr_eq(guess(100, 100, "\r\n"), &parse_wildcard);
	ck_assert_ptr_eq(guess(100, 51, "\n"), &parse_wildcard);
	ck_assert_ptr_eq(guess(10, 10, "\n"), &parse_wildcard);
	/* With marks of both kinds "*." says what it says. */
	ck_assert_ptr_eq(guess(100, 50, "\n"), &parse_domains);
	ck_assert_ptr_eq(guess(100, 0, "\n"), &parse_domains);
	/* And so it does in a list so short that a person wrote it. */
	ck_assert_ptr_eq(guess(9, 9, "\n"), &parse_domains);
	ck_assert_ptr_eq(guess(1, 1, "\n"), &parse_domains);
	/* Two words: another format. */
	ck_assert_ptr_ne(guess(100, 100, " CNAME .\n"), &parse_wildcard);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_wildcard.c");
	TCase *tc = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, lines_of_wildcard_lists, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, octets_that_no_text_has);
	tcase_add_test(tc, a_very_long_line);
	tcase_add_test(tc, most_names_have_the_mark);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
