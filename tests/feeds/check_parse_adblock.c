/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_adblock.c, feeds/pattern.c: rules of adblock lists */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/feeds/rows.h"

#define PATTERN  "!a pattern"
#define PIECE    "!a piece of a name or an address"
#define PATH     "!a path, a port or a pattern"
#define REGEX    "!a path or a regular expression"
#define COSMETIC "!a rule for parts of pages"
#define MODIFIER "!a modifier limits the rule"
#define TYPES    "!a rule for some query types"
#define ADDRESS  "!an address"

static const struct row names[] = {
	{ "||a.example^", PARSE_NAMES, "a.example " },
	{ "||a.example", PARSE_NAMES, "a.example " },
	{ "||a.example^|", PARSE_NAMES, "a.example " },
	{ "||a.example|", PARSE_NAMES, "a.example " },
	{ "||a.example/", PARSE_NAMES, "a.example " },
	{ "  ||a.example^\t ", PARSE_NAMES, "a.example " },
	{ "||A.Example^\r", PARSE_NAMES, "a.example " },
	{ "||a.example.^", PARSE_NAMES, "a.example " },
	{ "||a.example^ # why", PARSE_NAMES, "a.example " },
	{ "||a_b.example^", PARSE_NAMES, "a_b.example " },
	{ "||-a-.example^", PARSE_NAMES, "-a-.example " },
	{ "||b\xc3\xbc.example^", PARSE_NAMES, "xn--b-eha.example " },
	{ "||example^", PARSE_NAMES, "example " },
	{ "||example|", PARSE_NAMES, "example " },
	/* Below. */
	{ "||*.a.example^", PARSE_NAMES, "*.a.example " },
	{ "||*.top^", PARSE_NAMES, "*.top " },
	{ "||*.a.example", PARSE_NAMES, "*.a.example " },
	{ "*.a.example^", PARSE_NAMES, "*.a.example " },
	{ ".a.example^", PARSE_NAMES, "*.a.example " },
	{ ".a.example", PARSE_NAMES, "*.a.example " },
	/* From the start: one host. */
	{ "|a.example^", PARSE_NAMES, "=a.example " },
	{ "|a.example|", PARSE_NAMES, "=a.example " },
	{ "|http://a.example^", PARSE_NAMES, "=a.example " },
	{ "|http://a.example", PARSE_NAMES, "=a.example " },
	{ "|https://a.example/", PARSE_NAMES, "=a.example " },
	{ "|https://undefined/", PARSE_NAMES, "=undefined " },
	{ "http://a.example^", PARSE_NAMES, "=a.example " },
	{ "://a.example^", PARSE_NAMES, "=a.example " },
	{ "//a.example^", PARSE_NAMES, "=a.example " },
	{ "|http://*.a.example/", PARSE_NAMES, "*.a.example " },
	/* As in plain lists and hosts files. */
	{ "a.example", PARSE_NAMES, "a.example " },
	{ "a.example^", PARSE_NAMES, "a.example " },
	{ "a.example # why", PARSE_NAMES, "a.example " },
	{ "0.0.0.0 a.example b.example", PARSE_NAMES, "a.example b.example " },
	{ ":: a.example", PARSE_NAMES, "a.example " },
	{ "127.0.0.1 localhost", PARSE_SKIPPED, "" },
	{ "fe80::1%lo0 localhost", PARSE_SKIPPED, "" },
	{ "192.0.2.7 a.example", PARSE_BAD, "" },
	/* Exceptions. */
	{ "@@||a.example^", PARSE_NAMES, "@@a.example " },
	{ "@@||a.example^|", PARSE_NAMES, "@@a.example " },
	{ "@@||a.example", PARSE_NAMES, "@@a.example " },
	{ "@@||*.a.example^", PARSE_NAMES, "@@*.a.example " },
	{ "@@a.b.example^", PARSE_NAMES, "@@a.b.example " },
	{ "@@|a.example|", PARSE_NAMES, "@@=a.example " },
	{ "@@://a.example^", PARSE_NAMES, "@@=a.example " },
	{ "@@||a.example^$important", PARSE_NAMES, "@@a.example " },
	{ "@@||a.example^$document", PARSE_NAMES, "@@a.example " },
	/* Modifiers that leave it a rule for all that is asked for. */
	{ "||a.example^$all", PARSE_NAMES, "a.example " },
	{ "||a.example^$doc", PARSE_NAMES, "a.example " },
	{ "||a.example^$document", PARSE_NAMES, "a.example " },
	{ "||a.example^$important", PARSE_NAMES, "a.example " },
	{ "||a.example^$important,all", PARSE_NAMES, "a.example " },
	{ "||a.example$all", PARSE_NAMES, "a.example " },
	{ "|https://*.a.example^$doc", PARSE_NAMES, "*.a.example " },
	{ "||a.example^$badfilter", PARSE_NAMES, "-a.example " },
	{ "||a.example^$all,badfilter", PARSE_NAMES, "-a.example " },
	{ "||*.a.example^$badfilter", PARSE_NAMES, "-*.a.example " },
	{ "||top^$denyallow=a.top|b.a.top", PARSE_NAMES,
	    "top @@a.top @@b.a.top " },
	{ "||*.top^$denyallow=a.top", PARSE_NAMES, "*.top @@a.top " },
	{ "||a.example^$denyallow=b.example|example|a.example", PARSE_NAMES,
	    "a.example @@a.example " },
	{ "||a.example^$denyallow=za.example", PARSE_NAMES, "a.example " },
	{ "||a.example^$denyallow=x.a.example,badfilter", PARSE_NAMES,
	    "-a.example " },
};

START_TEST(rules_for_names)
{
	rows_check(&parse_adblock, NULL, &names[_i]);
}
END_TEST

static const struct row others[] = {
	{ "", PARSE_NOTHING, "" },
	{ " \t\r", PARSE_NOTHING, "" },
	{ "!", PARSE_NOTHING, "" },
	{ "! ||a.example^", PARSE_NOTHING, "" },
	{ "!||a.example^", PARSE_NOTHING, "" },
	{ "!##############General List Start#####", PARSE_NOTHING, "" },
	{ "!-------------", PARSE_NOTHING, "" },
	{ "# Title: a.example", PARSE_NOTHING, "" },
	{ "#Title", PARSE_NOTHING, "" },
	{ "#", PARSE_NOTHING, "" },
	{ "#######", PARSE_NOTHING, "" },
	{ "## Title ##", PARSE_NOTHING, "" },
	{ "[Adblock Plus 2.0]", PARSE_NOTHING, "" },
	{ "[AutoProxy 0.2.9]", PARSE_NOTHING, "" },
	{ "!#if !env_mobile", PARSE_SKIPPED, "!a directive to a preprocessor" },
	{ "!#endif", PARSE_SKIPPED, "!a directive to a preprocessor" },
	{ "!#include nocoin-ublock.txt", PARSE_SKIPPED,
	    "!a directive to a preprocessor" },
	/* Parts of pages. */
	{ "##.ad", PARSE_SKIPPED, COSMETIC },
	{ "###AC_ad", PARSE_SKIPPED, COSMETIC },
	{ "#@#.ad", PARSE_SKIPPED, COSMETIC },
	{ "##[href^=\"http://a.example/\"]", PARSE_SKIPPED, COSMETIC },
	{ "a.example##.ad", PARSE_SKIPPED, COSMETIC },
	{ "a.example,b.example#@#.ad", PARSE_SKIPPED, COSMETIC },
	{ "a.example#?#div:has(> .ad)", PARSE_SKIPPED, COSMETIC },
	{ "a.example#$#.ad { display: none }", PARSE_SKIPPED, COSMETIC },
	{ "a.example#%#window.x = 0;", PARSE_SKIPPED, COSMETIC },
	{ "a.example#@$?#.ad", PARSE_SKIPPED, COSMETIC },
	{ "a.example$$script[a=\"b\"]", PARSE_SKIPPED, COSMETIC },
	{ "a.example$@$script[a=\"b\"]", PARSE_SKIPPED, COSMETIC },
	{ "[$path=/x]a.example##.ad", PARSE_SKIPPED, COSMETIC },
	/* Regular expressions, paths, pieces of URLs. */
	{ "/^https?:\\/\\/a$/", PARSE_SKIPPED, REGEX },
	{ "/ads.$third-party", PARSE_SKIPPED, REGEX },
	{ "@@/^.*(a|b).*\\.top$/", PARSE_SKIPPED, REGEX },
	{ "||a.example/b^$all", PARSE_SKIPPED, PATH },
	{ "||a.example/b", PARSE_SKIPPED, PATH },
	{ "||a.example?b=c", PARSE_SKIPPED, PATH },
	{ "||a.example:8040", PARSE_SKIPPED, PATH },
	{ "||a.example^b", PARSE_SKIPPED, PATH },
	{ "||a.example^*b=", PARSE_SKIPPED, PATH },
	{ "||a.example/#/b", PARSE_SKIPPED, PATH },
	{ "|http://a.example/b", PARSE_SKIPPED, PATH },
	{ "|http*://*?", PARSE_SKIPPED, PATH },
	{ "|ftp://a.example^", PARSE_SKIPPED, PATH },
	{ "&rb=&uuid=", PARSE_SKIPPED, PATH },
	{ ".com/c/*?s1=", PARSE_SKIPPED, PATH },
	{ "://", PARSE_SKIPPED, PATH },
	{ "://$badfilter", PARSE_SKIPPED, PATH },
	{ "://[2001:db8::1]^", PARSE_SKIPPED, PATH },
	{ "||a*.example^", PARSE_SKIPPED, PATTERN },
	{ "||a.*", PARSE_SKIPPED, PATTERN },
	{ "||*a.example^", PARSE_SKIPPED, PATTERN },
	{ "*a.example^", PARSE_SKIPPED, PATTERN },
	{ "||a.*.example^$all", PARSE_SKIPPED, PATTERN },
	{ "*", PARSE_SKIPPED, PATTERN },
	/* What names begin or end with, or have in them. */
	{ "||a.", PARSE_SKIPPED, PIECE },
	{ "||a.example.", PARSE_SKIPPED, PIECE },
	{ "||a.$all", PARSE_SKIPPED, PIECE },
	{ "||a-b-", PARSE_SKIPPED, PIECE },
	{ "||a-b-$all", PARSE_SKIPPED, PIECE },
	{ "||goog", PARSE_SKIPPED, PIECE },
	{ "|http://ww01.", PARSE_SKIPPED, PIECE },
	{ "||104.154.", PARSE_SKIPPED, PIECE },
	{ "://5.8.67.", PARSE_SKIPPED, PIECE },
	{ "-a.example^", PARSE_SKIPPED, PIECE },
	{ "_a.js", PARSE_SKIPPED, PIECE },
	{ "-coin-hive.js", PARSE_SKIPPED, PIECE },
	{ "prebid.js", PARSE_SKIPPED, PIECE },
	{ ".n.2.1.js^", PARSE_SKIPPED, PIECE },
	{ "advert", PARSE_SKIPPED, PIECE },
	{ ".info^", PARSE_SKIPPED, PIECE },
	/* Addresses. */
	{ "||192.0.2.1^", PARSE_SKIPPED, ADDRESS },
	{ "||192.0.2.1^$all", PARSE_SKIPPED, ADDRESS },
	{ "192.0.2.1", PARSE_SKIPPED, ADDRESS },
	{ "|http://192.0.2.1/", PARSE_SKIPPED, ADDRESS },
	{ "2001:db8::1", PARSE_SKIPPED, ADDRESS },
	{ "192.0.2.0/24", PARSE_SKIPPED, "!a network" },
	/* Some pages, some clients, some questions. */
	{ "||a.example^$third-party", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$3p,xhr", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$popup", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$all,domain=b.example", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$domain=~b.example", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$~image", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$csp=default-src 'self' *.b.example", PARSE_SKIPPED,
	    MODIFIER },
	{ "||a.example^$dnstype=A", PARSE_SKIPPED, TYPES },
	{ "||a.example^$dnstype=~A|~CNAME", PARSE_SKIPPED, TYPES },
	{ "||a.example^$important,dnstype=AAAA", PARSE_SKIPPED, TYPES },
	{ "@@||a.example^$dnstype=AAAA", PARSE_SKIPPED, TYPES },
	{ "||*.top^$dnstype=~CNAME,denyallow=a.top", PARSE_SKIPPED, TYPES },
	{ "||a.example^$client=192.0.2.1", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$ctag=os_android|os_ios", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$dnsrewrite=192.0.2.1", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$popup,badfilter", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$no-such-thing", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$IMPORTANT", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$importantly", PARSE_SKIPPED, MODIFIER },
	{ "||a.example^$$", PARSE_SKIPPED, MODIFIER },
	{ "@@||a.example^$elemhide", PARSE_SKIPPED, MODIFIER },
	{ "@@||a.example^$denyallow=b.a.example", PARSE_SKIPPED, MODIFIER },
	{ "192.0.2.1$all,ipaddress", PARSE_SKIPPED, MODIFIER },
	{ "*$doc,ipaddress=192.0.2.1", PARSE_SKIPPED, MODIFIER },
	{ "$popup,domain=a.example", PARSE_SKIPPED, MODIFIER },
	{ "$all", PARSE_SKIPPED, "!a rule for all URLs" },
	{ "@@||a.example^$badfilter", PARSE_SKIPPED,
	    "!takes an exception back" },
	{ "||a.example^$denyallow=b.*", PARSE_SKIPPED, PATTERN },
};

START_TEST(lines_without_names)
{
	rows_check(&parse_adblock, NULL, &others[_i]);
}
END_TEST

static const struct row wrong[] = {
	{ "||", PARSE_BAD, "" },
	{ "||^", PARSE_BAD, "" },
	{ "|", PARSE_BAD, "" },
	{ "^", PARSE_BAD, "" },
	{ "@@", PARSE_BAD, "" },
	{ "@@||^", PARSE_BAD, "" },
	{ "||.^", PARSE_BAD, "" },
	{ "||a..example^", PARSE_BAD, "" },
	{ "||a b.example^", PARSE_BAD, "" },
	{ "a.example b.example", PARSE_BAD, "" },
	{ "||a.example^$denyallow=", PARSE_BAD, "" },
	{ "||a.example^$denyallow=a.a.example||b", PARSE_BAD, "" },
	/* Pages, and what was made of them. */
	{ "<!DOCTYPE html>", PARSE_BAD, "" },
	{ "||<!DOCTYPE html>^", PARSE_BAD, "" },
	{ "||</body>^", PARSE_BAD, "" },
	{ "||<meta^", PARSE_BAD, "" },
	{ "||<br/", PARSE_BAD, "" },
	{ "||<a?b^", PARSE_BAD, "" },
	{ "||content=\"SwaggerIU\"^", PARSE_BAD, "" },
	{ "||<link rel=\"stylesheet\" href=\"a.css\" />^", PARSE_BAD, "" },
	{ "{\"a\": \"b.example\"}", PARSE_BAD, "" },
	/* base64 */
	{ "dW1WdwohIEV4cGlyZXM6IDZoCiEgVGl0bGU6IEdGV0xpc3Q0TEwKISBHRldMaXN0",
	    PARSE_BAD, "" },
	{ "||a\xff.example^", PARSE_BAD, "" },
	{ "||a\x1b[31m.example^", PARSE_BAD, "" },
};

START_TEST(bad_lines)
{
	rows_check(&parse_adblock, NULL, &wrong[_i]);
}
END_TEST

START_TEST(octets_that_no_text_has)
{
	static const struct row a = { "||a\0.example^", PARSE_BAD, "" };
	static const struct row b = { "\0", PARSE_BAD, "" };
	static const struct row c = { "||a.example^$\0", PARSE_SKIPPED, "" };
	static const struct row d = { "a#\0#", PARSE_BAD, "" };

	rows_check_octets(&parse_adblock, NULL, &a, 13);
	rows_check_octets(&parse_adblock, NULL, &b, 1);
	rows_check_octets(&parse_adblock, NULL, &c, 14);
	rows_check_octets(&parse_adblock, NULL, &d, 4);
}
END_TEST

START_TEST(very_long_lines)
{
	static const char *const starts[] = { "||", "@@||", "", "||a.example^$",
		"|http://", "0.0.0.0 " };
	static const char fill[] = "a|^$#@,=/.* ";
	char line[10001];

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		for (const char *c = fill; *c != '\0'; c++) {
			struct rows_sink s;
			enum parse_result result;

			memset(line, *c, sizeof(line));
			memcpy(line, starts[i], strlen(starts[i]));
			rows_begin(&s);
			result = rows_line(
			    &s, &parse_adblock, NULL, line, sizeof(line));
			ck_assert_str_eq(
			    s.text, i == 3 && *c == ' ' ? "a.example " : "");
			ck_assert(result != PARSE_BAD || s.sink.why != NULL);
		}
}
END_TEST

START_TEST(the_default_match_is_for_rules_without_a_mark)
{
	static const char *const lines[] = { "||a.example^", "a.example",
		"||*.b.example^", "|c.example^", "@@||d.example^",
		"0.0.0.0 e.example" };
	struct rows_sink s;

	rows_begin(&s);
	s.sink.match = FSK_EXACT;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		rows_line(&s, &parse_adblock, NULL, lines[i], strlen(lines[i]));
	ck_assert_str_eq(s.text,
	    "=a.example =a.example *.b.example =c.example @@=d.example "
	    "=e.example ");
}
END_TEST

static bool
take_one(struct parse_sink *sink, const struct parse_entry *e)
{
	ck_assert_int_eq(e->kind, PARSE_LIST);
	ck_assert(sink->match == FSK_SUBTREE); /* not taken before */
	sink->match = FSK_EXACT;
	return false;
}

START_TEST(a_sink_that_fails_gets_no_more)
{
	static const char text[] = "||top^$denyallow=a.top|b.top";
	struct parse_sink sink = { .take = take_one };

	parse_adblock.line(&sink, NULL, text, strlen(text));
	ck_assert(sink.match == FSK_EXACT);
}
END_TEST

static const struct {
	const char *text;
	const struct parse_format *format;
} guesses[] = {
	{ "||a.example^\n", &parse_adblock },
	{ "! title\n# title\n\n||a.example^\n", &parse_adblock },
	{ "[Adblock Plus 2.0]\n! nothing yet\n", &parse_adblock },
	{ "[AutoProxy 0.2.9]\na.example\n", &parse_adblock },
	{ "# x\n[adblock plus]\na.example\n", &parse_adblock },
	{ "@@||a.example^\r\n", &parse_adblock },
	{ "a.example\nb.example\n||a.example/b^$all\n", &parse_adblock },
	{ "0.0.0.0 a.example\n||b.example^\n", &parse_adblock },
	{ "! title\na.example\n", &parse_domains },
	{ "[a]\na.example\n", &parse_domains },
	{ "||<!DOCTYPE html>^\n||</body>^\n||a.example^\n", NULL },
	{ "dW1WdwohIEV4cGlyZXM6IDZoCiEgVGl0bGU6IEdGV0xpc3Q0TEwKISBHRldMaXN0\n",
	    NULL },
};

START_TEST(rules_tell_the_format)
{
	ck_assert_ptr_eq(
	    parse_guess(guesses[_i].text, strlen(guesses[_i].text)),
	    guesses[_i].format);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_adblock.c");
	TCase *tc = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, rules_for_names, 0, sizeof(names) / sizeof(*names));
	tcase_add_loop_test(
	    tc, lines_without_names, 0, sizeof(others) / sizeof(*others));
	tcase_add_loop_test(tc, bad_lines, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(tc, octets_that_no_text_has);
	tcase_add_test(tc, very_long_lines);
	tcase_add_test(tc, the_default_match_is_for_rules_without_a_mark);
	tcase_add_test(tc, a_sink_that_fails_gets_no_more);
	tcase_add_loop_test(
	    tc, rules_tell_the_format, 0, sizeof(guesses) / sizeof(*guesses));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
