/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse.c and the formats: every line is names, nothing, skipped or bad
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/parse.h"
#include "tests/feeds/rows.h"

static const struct row domains[] = {
	{ "a.example", PARSE_NAMES, "a.example " },
	{ "  a.example\t ", PARSE_NAMES, "a.example " },
	{ "a.example\r", PARSE_NAMES, "a.example " },
	{ "A.Example.", PARSE_NAMES, "a.example " },
	{ "*.a.example", PARSE_NAMES, "*.a.example " },
	{ "=a.example", PARSE_NAMES, "=a.example " },
	{ "a.example # why", PARSE_NAMES, "a.example " },
	{ "a.example#why", PARSE_BAD, "" },
	{ "", PARSE_NOTHING, "" },
	{ " \t\r", PARSE_NOTHING, "" },
	{ "# a.example", PARSE_NOTHING, "" },
	{ "  # a.example", PARSE_NOTHING, "" },
	{ "! a.example", PARSE_NOTHING, "" },
	{ "; a.example", PARSE_NOTHING, "" },
	{ "a.example ; b.example", PARSE_NAMES, "a.example " },
	{ "a.example;b.example", PARSE_BAD, "" },
	{ "#", PARSE_NOTHING, "" },
	{ "a.example b.example", PARSE_BAD, "" },
	{ "0.0.0.0 a.example", PARSE_BAD, "" },
	{ "192.0.2.1", PARSE_SKIPPED, "" },
	{ "2001:db8::1", PARSE_SKIPPED, "" },
	{ "http://a.example/", PARSE_BAD, "" },
	{ "||a.example^", PARSE_BAD, "" },
	{ "<!DOCTYPE html>", PARSE_BAD, "" },
	{ "<html>", PARSE_BAD, "" },
	{ ".", PARSE_BAD, "" },
	{ "*", PARSE_SKIPPED, "" },
};

START_TEST(plain_lists)
{
	rows_check(&parse_domains, NULL, &domains[_i]);
}
END_TEST

START_TEST(plain_lists_hold_addresses_for_who_takes_them)
{
	struct rows_sink s;

	rows_begin(&s);
	s.sink.addresses = true;
	rows_line(&s, &parse_domains, NULL, "192.0.2.1 # one", 15);
	rows_line(&s, &parse_domains, NULL, "192.0.2.0/24", 12);
	rows_line(&s, &parse_domains, NULL, "2001:db8::/32", 13);
	rows_line(&s, &parse_domains, NULL, "a.example", 9);
	ck_assert_int_eq(
	    rows_line(&s, &parse_domains, NULL, "192.0.2.1/24", 12),
	    PARSE_SKIPPED);
	ck_assert_str_eq(s.text,
	    "url:ip:192.0.2.1/32 url:ip:192.0.2.0/24 "
	    "url:ip:2001:db8::/32 a.example ");
}
END_TEST

static const struct row hosts[] = {
	{ "0.0.0.0 a.example", PARSE_NAMES, "a.example " },
	{ "127.0.0.1\ta.example", PARSE_NAMES, "a.example " },
	{ "127.0.1.1 a.example", PARSE_NAMES, "a.example " },
	{ ":: a.example", PARSE_NAMES, "a.example " },
	{ "::1 a.example", PARSE_NAMES, "a.example " },
	{ "0 a.example", PARSE_BAD, "" },
	{ "0.0.0.0 a.example b.example", PARSE_NAMES, "a.example b.example " },
	{ "0.0.0.0 a.example # c.example", PARSE_NAMES, "a.example " },
	{ "0.0.0.0 a.example\r", PARSE_NAMES, "a.example " },
	{ "0.0.0.0 A.EXAMPLE.", PARSE_NAMES, "a.example " },
	{ "127.0.0.1 localhost", PARSE_SKIPPED, "" },
	{ "127.0.0.1 localhost localhost.localdomain", PARSE_SKIPPED, "" },
	{ "::1 ip6-localhost ip6-loopback", PARSE_SKIPPED, "" },
	{ "fe80::1%lo0 localhost", PARSE_SKIPPED, "" },
	{ "255.255.255.255 broadcasthost", PARSE_SKIPPED, "" },
	{ "0.0.0.0 0.0.0.0", PARSE_SKIPPED, "" },
	{ "127.0.0.1 localhost a.example", PARSE_NAMES, "a.example " },
	/* Not a block but a redirection. */
	{ "192.0.2.7 a.example", PARSE_BAD, "" },
	{ "2001:db8::7 a.example", PARSE_BAD, "" },
	{ "0.0.0.0", PARSE_BAD, "" },
	{ "a.example", PARSE_BAD, "" },
	{ "a.example 0.0.0.0", PARSE_BAD, "" },
	/* The good names are taken, the line is reported. */
	{ "0.0.0.0 a.example http://b/ c.example", PARSE_BAD,
	    "a.example c.example " },
	{ "0.0.0.0 *.a.example", PARSE_SKIPPED, "" },
	{ "", PARSE_NOTHING, "" },
	{ "# 0.0.0.0 a.example", PARSE_NOTHING, "" },
	{ "! Title: x", PARSE_NOTHING, "" },
};

START_TEST(hosts_files)
{
	rows_check(&parse_hosts, NULL, &hosts[_i]);
}
END_TEST

START_TEST(the_default_match_is_for_unmarked_names)
{
	struct rows_sink s;

	rows_begin(&s);
	s.sink.match = FSK_EXACT;
	rows_line(&s, &parse_hosts, NULL, "0.0.0.0 a.b", 11);
	rows_line(&s, &parse_domains, NULL, "a.c", 3);
	rows_line(&s, &parse_domains, NULL, "*.a.d", 5);
	ck_assert_str_eq(s.text, "=a.b =a.c *.a.d ");
}
END_TEST

static const struct {
	const char *text;
	const struct parse_format *format;
} guesses[] = {
	{ "", &parse_domains },
	{ "# nothing\n", &parse_domains },
	{ "<!DOCTYPE html>\n<html>\n", NULL },
	{ "<!-- saved -->\n<html>\ngithub.com\ngithub.com\n", NULL },
	{ "\n <HTML lang=en>a.example\n", NULL },
	{ "<?xml version=\"1.0\"?>\n", NULL },
	{ "(&)\n", NULL },
	{ "a.example\n0.0.0.0 b.example\n", &parse_domains },
	{ "# title\n\n0.0.0.0 a.example\n", &parse_hosts },
	{ "127.0.0.1 localhost\n", &parse_hosts },
	{ "::1 localhost", &parse_hosts },
	{ "1.2.3.4\na.example\n", &parse_domains },
	{ "a.example\r\nb.example\r\n", &parse_domains },
	{ "! title\n; title\n*.a.example\n", &parse_domains },
	/* Privoxy's action files. */
	{ "{+block}\n.a.example\n.b.example\n", NULL },
	{ "# title\n\n{ +block{ads} -filter }\r\n.a.example\r\n", NULL },
	{ "a.example\n{-block}\nb.example\n", NULL },
	/* And what only looks a little like them. */
	{ "{+}\na.example\n", &parse_domains },
	{ "{+block\na.example\n", &parse_domains },
	{ "! {+block} is for Privoxy\na.example\n", &parse_domains },
};

START_TEST(the_first_line_that_says_something_tells_the_format)
{
	ck_assert_ptr_eq(
	    parse_guess(guesses[_i].text, strlen(guesses[_i].text)),
	    guesses[_i].format);
}
END_TEST

START_TEST(a_name_here_and_there_is_no_list)
{
	char text[256] = "a.example\n";

	for (unsigned i = 0; i < 9; i++)
		strcat(text, "? ?\n");
	ck_assert_ptr_eq(parse_guess(text, strlen(text)), &parse_domains);
	strcat(text, "? ?\n");
	ck_assert_ptr_null(parse_guess(text, strlen(text)));
}
END_TEST

static const struct {
	const char *text;
	bool are;
} prefixes[] = {
	{ "192.0.2.0/24\n198.51.100.7\n", true },
	{ "# title\n; title\n2001:db8::/32 ; note\n192.0.2.0/24\t; x\n", true },
	{ "192.0.2.0/33\n", false },
	{ "# nothing\n", false },
	{ "a.example\n192.0.2.0/24 x\n", false },
	/* A page that tells who asks, in few lines. */
	{ "<html>\nYou are\n192.0.2.1\n</html>\n", false },
	{ "{+block}\n192.0.2.1\n", false },
};

START_TEST(a_list_of_prefixes_alone_is_known)
{
	const char *text = prefixes[_i].text;

	ck_assert_int_eq(
	    parse_is_prefixes(text, strlen(text), false), prefixes[_i].are);
	/* Who wants names is not given it. */
	if (prefixes[_i].are)
		ck_assert_ptr_null(parse_guess(text, strlen(text)));
}
END_TEST

START_TEST(a_prefix_is_one_to_its_end)
{
	static const char text[] = "192.0.2.1\0.example";

	ck_assert(parse_is_prefix(text, 9));
	ck_assert(!parse_is_prefix(text, sizeof(text) - 1));
}
END_TEST

START_TEST(formats_are_found_by_name)
{
	ck_assert_ptr_eq(parse_find("hosts"), &parse_hosts);
	ck_assert_ptr_eq(parse_find("domains"), &parse_domains);
	ck_assert_ptr_null(parse_find("host"));
	ck_assert_ptr_null(parse_find(""));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse.c");
	TCase *tc = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, plain_lists, 0, sizeof(domains) / sizeof(*domains));
	tcase_add_loop_test(tc, hosts_files, 0, sizeof(hosts) / sizeof(*hosts));
	tcase_add_test(tc, plain_lists_hold_addresses_for_who_takes_them);
	tcase_add_test(tc, the_default_match_is_for_unmarked_names);
	tcase_add_loop_test(tc,
	    the_first_line_that_says_something_tells_the_format, 0,
	    sizeof(guesses) / sizeof(*guesses));
	tcase_add_test(tc, a_name_here_and_there_is_no_list);
	tcase_add_loop_test(tc, a_list_of_prefixes_alone_is_known, 0,
	    sizeof(prefixes) / sizeof(*prefixes));
	tcase_add_test(tc, a_prefix_is_one_to_its_end);
	tcase_add_test(tc, formats_are_found_by_name);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
