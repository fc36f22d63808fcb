/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_unbound.c: Unbound's configuration */
#include <check.h>
#include <string.h>

#include "tests/feeds/rows.h"

#define NO_NAMES "!an option that blocks no name"
#define NEITHER  "!a type that neither blocks nor excepts"
#define NOT_TWO  "!not a name and a type"

static const struct row rows[] = {
	{ "local-zone: \"a.example\" always_nxdomain", PARSE_NAMES,
	    "a.example " },
	{ "\tlocal-zone: \"a.example\" always_nxdomain\t# SMALL", PARSE_NAMES,
	    "a.example " },
	{ "local-zone: \"a.example.\" static", PARSE_NAMES, "a.example " },
	{ "local-zone: 'a.example' static", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example static", PARSE_NAMES, "a.example " },
	{ "local-zone:\"a.example\"static", PARSE_NAMES, "a.example " },
	{ "local-zone:\ta.example\t\"static\"\r", PARSE_NAMES, "a.example " },
	{ "local-zone: \"a.example\" \"static\"# why", PARSE_NAMES,
	    "a.example " },
	{ "local-zone: \"b\xc3\xbc.example\" static", PARSE_NAMES,
	    "xn--b-eha.example " },
	{ "local-zone: \"example\" static", PARSE_NAMES, "example " },
	{ "server: local-zone: a.example deny local-zone: b.example deny",
	    PARSE_NAMES, "a.example b.example " },
	{ "do-ip6: no local-zone: a.example deny", PARSE_NAMES, "a.example " },
	/* What becomes of a question. */
	{ "local-zone: a.example deny", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example refuse", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example redirect", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example always_null", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example always_refuse", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example always_nodata", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example always_deny", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example inform_deny", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example inform_redirect", PARSE_NAMES, "a.example " },
	{ "local-zone: a.example transparent", PARSE_NAMES, "@@a.example " },
	{ "local-zone: a.example typetransparent", PARSE_NAMES,
	    "@@a.example " },
	{ "local-zone: a.example always_transparent", PARSE_NAMES,
	    "@@a.example " },
	{ "local-zone: a.example inform", PARSE_NAMES, "@@a.example " },
	{ "local-zone: a.example nodefault", PARSE_SKIPPED, NEITHER },
	{ "local-zone: a.example noview", PARSE_SKIPPED, NEITHER },
	{ "local-zone: a.example ipset", PARSE_SKIPPED, NEITHER },
	{ "local-zone: a.example block", PARSE_BAD,
	    "!no type of a local zone" },
	{ "local-zone: a.example static# why", PARSE_BAD,
	    "!no type of a local zone" },
	/* Names. */
	{ "local-zone: \"*.a.example\" static", PARSE_NAMES, "*.a.example " },
	{ "local-zone: \"*.a.example\" transparent", PARSE_NAMES,
	    "@@*.a.example " },
	{ "local-zone: \"a.*\" static", PARSE_SKIPPED, "!a pattern" },
	{ "local-zone: \"*a.example\" static", PARSE_SKIPPED, "!a pattern" },
	{ "local-zone: \"*.a.*\" static", PARSE_SKIPPED, "!a pattern" },
	{ "local-zone: \"192.0.2.1\" static", PARSE_SKIPPED, "!an address" },
	{ "local-zone: \"192.0.2.0/24\" static", PARSE_SKIPPED, "!a network" },
	{ "local-zone: \"2001:67c:21e0::ad\" static", PARSE_SKIPPED,
	    "!an address" },
	{ "local-zone: \"2001:db8::/32\" static", PARSE_SKIPPED, "!a network" },
	{ "local-zone: \"192.0.2.0/x\" static", PARSE_BAD, "" },
	{ "local-zone: \".\" refuse", PARSE_BAD, "!the root" },
	{ "local-zone: \"\" static", PARSE_BAD, "!empty name" },
	{ "local-zone: \"a b\" static", PARSE_BAD, "" },
	{ "local-zone: \"a..example\" static", PARSE_BAD, "" },
	{ "local-zone: \"a.example\"", PARSE_BAD, NOT_TWO },
	{ "local-zone: \"a.example\" # static", PARSE_BAD, NOT_TWO },
	{ "local-zone: \"a.example static", PARSE_BAD, NOT_TWO },
	{ "local-zone: 'a.example\" static", PARSE_BAD, NOT_TWO },
	{ "local-zone: a.example \"static", PARSE_BAD, NOT_TWO },
	{ "local-zone:", PARSE_BAD, NOT_TWO },
	{ "local-zone: a.example static b.example", PARSE_BAD,
	    "a.example !no option of unbound.conf" },
	/* Data. */
	{ "local-data: \"a.example A 0.0.0.0\"", PARSE_NAMES, "=a.example " },
	{ "local-data: 'a.example. 3600 IN AAAA ::'", PARSE_NAMES,
	    "=a.example " },
	{ "local-data: \"a.example in a 127.0.0.1\" # why", PARSE_NAMES,
	    "=a.example " },
	{ "local-zone: \"a.example\" redirect local-data: \"a.example A ::\"",
	    PARSE_NAMES, "a.example =a.example " },
	{ "local-data: \"a.example A 192.0.2.1\"", PARSE_SKIPPED,
	    "!an address that is not 0.0.0.0, 127.*, :: or ::1" },
	{ "local-data: \"a.example TXT 'x'\"", PARSE_SKIPPED,
	    "!data that is no address" },
	{ "local-data: \"a.example CNAME .\"", PARSE_SKIPPED,
	    "!data that is no address" },
	{ "local-data: a.example A 0.0.0.0", PARSE_BAD,
	    "!a record without a type" },
	{ "local-data: \"a.example 3600 IN\"", PARSE_BAD,
	    "!a record without a type" },
	{ "local-data: \"a.example A\"", PARSE_BAD, "!no address" },
	{ "local-data: \"a.example A x\"", PARSE_BAD, "!no address" },
	{ "local-data: \"a?b A 0.0.0.0\"", PARSE_BAD, "" },
	{ "local-data: \"\"", PARSE_BAD, "!no record" },
	{ "local-data: \"a.example A 0.0.0.0", PARSE_BAD, "!no record" },
	{ "local-data:", PARSE_BAD, "!no record" },
	/* Other lines. */
	{ "server:", PARSE_SKIPPED, NO_NAMES },
	{ "  do-not-query-localhost: no # why", PARSE_SKIPPED, NO_NAMES },
	{ "forward-zone: name: \"a.example\"", PARSE_SKIPPED, NO_NAMES },
	{ "local-data-ptr: \"192.0.2.1 a.example\"", PARSE_SKIPPED, NO_NAMES },
	{ "include: \"/etc/x\"", PARSE_SKIPPED, NO_NAMES },
	{ "", PARSE_NOTHING, "" },
	{ " \t\r", PARSE_NOTHING, "" },
	{ "# local-zone: \"a.example\" static", PARSE_NOTHING, "" },
	{ "\t### BlackListed Domains ###", PARSE_NOTHING, "" },
	{ "!*.a.example", PARSE_BAD, "!no option of unbound.conf" },
	{ "a.example", PARSE_BAD, "" },
	{ "local-zone \"a.example\" static", PARSE_BAD, "" },
	{ "Local-Zone: \"a.example\" static", PARSE_BAD, "" },
	{ "http://a.example/", PARSE_BAD, "" },
	{ ":", PARSE_BAD, "" },
	{ "interface: \"192.0.2.1", PARSE_BAD, "" },
	{ "<html>", PARSE_BAD, "" },
	{ "{ \"a\": 1 }", PARSE_BAD, "" },
};

START_TEST(lines_of_unbound_conf)
{
	rows_check(&parse_unbound, NULL, &rows[_i]);
}
END_TEST

START_TEST(octets_that_no_text_has)
{
	static const struct row a = { "local-zone: a\0b deny", PARSE_BAD, "" };
	static const struct row b = { "local-zone: a deny\0", PARSE_BAD, "" };
	static const struct row c = { "server:\0", PARSE_BAD, "" };
	static const struct row d = { "local-zone: a\xff deny", PARSE_BAD, "" };

	rows_check_octets(&parse_unbound, NULL, &a, 20);
	rows_check_octets(&parse_unbound, NULL, &b, 19);
	rows_check_octets(&parse_unbound, NULL, &c, 8);
	rows_check(&parse_unbound, NULL, &d);
}
END_TEST

START_TEST(very_long_lines)
{
	static const char *const starts[] = { "",
		"local-zone: ", "local-zone: \"", "local-data: \"a.example ",
		"server: " };
	static const char fill[] = "a\"'.#:1 ";
	char line[10001];

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		for (const char *c = fill; *c != '\0'; c++) {
			struct rows_sink s;
			enum parse_result result;

			memset(line, *c, sizeof(line));
			memcpy(line, starts[i], strlen(starts[i]));
			rows_begin(&s);
			result = rows_line(
			    &s, &parse_unbound, NULL, line, sizeof(line));
			ck_assert_str_eq(s.text, "");
			ck_assert(result != PARSE_BAD || s.sink.why != NULL);
		}
}
END_TEST

START_TEST(a_zone_is_its_subtree_unless_exact_is_wanted)
{
	static const char line[] =
	    "local-zone: a.example deny local-data: \"b.example A ::\"";
	static const struct {
		enum fsk_match_kind match;
		const char *gives;
	} wanted[] = {
		{ FSK_SUBTREE, "a.example =b.example " },
		{ FSK_BELOW, "a.example =b.example " },
		{ FSK_EXACT, "=a.example =b.example " },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		struct rows_sink s;

		rows_begin(&s);
		s.sink.match = wanted[i].match;
		rows_line(&s, &parse_unbound, NULL, line, strlen(line));
		ck_assert_str_eq(s.text, wanted[i].gives);
	}
}
END_TEST

static const struct {
	const char *text;
	const struct parse_format *format;
} guesses[] = {
	{ "# title\nserver:\n\tlocal-zone: \"a.example\" static\n",
	    &parse_unbound },
	{ "server:\r\nlocal-data: \"a.example A 0.0.0.0\"\r\n",
	    &parse_unbound },
	{ "server:\n verbosity: 1\n log-queries: no\nlocal-zone: a deny\n",
	    &parse_unbound },
	{ "server:\n verbosity: 1\n", NULL },
	{ "a.example\nb.example\nlocal-zone: a deny\n", &parse_domains },
};

START_TEST(zones_tell_the_format)
{
	ck_assert_ptr_eq(
	    parse_guess(guesses[_i].text, strlen(guesses[_i].text)),
	    guesses[_i].format);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_unbound.c");
	TCase *tc = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, lines_of_unbound_conf, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, octets_that_no_text_has);
	tcase_add_test(tc, very_long_lines);
	tcase_add_test(tc, a_zone_is_its_subtree_unless_exact_is_wanted);
	tcase_add_loop_test(
	    tc, zones_tell_the_format, 0, sizeof(guesses) / sizeof(*guesses));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
