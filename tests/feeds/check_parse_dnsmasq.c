/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_dnsmasq.c: dnsmasq's configuration */
#include <check.h>
#include <string.h>

#include "tests/feeds/rows.h"

#define NO_NAMES "!an option that blocks no name"
#define SERVER   "!a name server for the domain"

static const struct row rows[] = {
	{ "address=/a.example/", PARSE_NAMES, "a.example " },
	{ "address=/a.example/#", PARSE_NAMES, "a.example " },
	{ "address=/a.example/0.0.0.0", PARSE_NAMES, "a.example " },
	{ "address=/a.example/127.0.0.1", PARSE_NAMES, "a.example " },
	{ "address=/a.example/::", PARSE_NAMES, "a.example " },
	{ "address=/a.example/::1", PARSE_NAMES, "a.example " },
	{ "local=/a.example/", PARSE_NAMES, "a.example " },
	{ "server=/a.example/", PARSE_NAMES, "a.example " },
	{ "server=/a.example/\t# SMALL", PARSE_NAMES, "a.example " },
	{ " address = /A.Example./# \r", PARSE_NAMES, "a.example " },
	{ "server=/b\xc3\xbc.example/", PARSE_NAMES, "xn--b-eha.example " },
	{ "server=/1.2.0.192.in-addr.arpa/", PARSE_NAMES,
	    "1.2.0.192.in-addr.arpa " },
	{ "address=/a.example/b.example/c.example/#", PARSE_NAMES,
	    "a.example b.example c.example " },
	{ "server=/example/", PARSE_NAMES, "example " },
	/* As dnsmasq means them. */
	{ "server=/.a.example/", PARSE_NAMES, "a.example " },
	{ "server=/*.a.example/", PARSE_NAMES, "*.a.example " },
	{ "server=/*a.example/", PARSE_SKIPPED, "!a pattern" },
	{ "address=/#/0.0.0.0", PARSE_SKIPPED,
	    "!all names, or all without a dot" },
	{ "server=//", PARSE_SKIPPED, "!all names, or all without a dot" },
	{ "address=/#/a.example/#", PARSE_NAMES, "a.example " },
	/* Excepted. */
	{ "server=/a.example/#", PARSE_NAMES, "@@a.example " },
	{ "server=/a.example/#\t# Source", PARSE_NAMES, "@@a.example " },
	{ "local=/*.a.example/#", PARSE_NAMES, "@@*.a.example " },
	/* Asked for elsewhere, or redirected. */
	{ "server=/a.example/192.0.2.1", PARSE_SKIPPED, SERVER },
	{ "server=/a.example/127.0.0.1", PARSE_NAMES, "a.example " },
	{ "server=/a.example/127.0.0.1#5353", PARSE_SKIPPED, SERVER },
	{ "server=/a.example/192.0.2.1", PARSE_SKIPPED, SERVER },
	{ "server=/a.example/192.0.2.1#5353", PARSE_SKIPPED, SERVER },
	{ "server=/a.example/fe80::1%eth0#53@eth1", PARSE_SKIPPED, SERVER },
	{ "server=/a.example/2001:db8::1@eth0", PARSE_SKIPPED, SERVER },
	{ "server=/a.example/ns.b.example", PARSE_SKIPPED, SERVER },
	{ "local=/a.example/192.0.2.1", PARSE_SKIPPED, SERVER },
	{ "address=/a.example/192.0.2.1", PARSE_SKIPPED,
	    "!an address that is not 0.0.0.0, 127.*, :: or ::1" },
	{ "address=/a.example/2001:db8::1", PARSE_SKIPPED,
	    "!an address that is not 0.0.0.0, 127.*, :: or ::1" },
	{ "address=/192.0.2.1/0.0.0.0", PARSE_SKIPPED, "!an address" },
	{ "server=/2001:db8::1/", PARSE_SKIPPED, "!an address" },
	/* Other options. */
	{ "server=192.0.2.1", PARSE_SKIPPED, NO_NAMES },
	{ "bogus-nxdomain=192.0.2.1", PARSE_SKIPPED, NO_NAMES },
	{ "conf-file=/etc/x", PARSE_SKIPPED, NO_NAMES },
	{ "no-resolv", PARSE_SKIPPED, NO_NAMES },
	{ "add-cpe-id=x", PARSE_SKIPPED, NO_NAMES }, /* first of the table */
	{ "user=x", PARSE_SKIPPED, NO_NAMES },       /* last */
	{ "log-queries", PARSE_SKIPPED, NO_NAMES },
	{ "ipset=/a.example/x", PARSE_SKIPPED, NO_NAMES },
	{ "cname=a.example,b.example", PARSE_SKIPPED, NO_NAMES },
	{ "", PARSE_NOTHING, "" },
	{ " \t\r", PARSE_NOTHING, "" },
	{ "# address=/a.example/", PARSE_NOTHING, "" },
	{ "### BlackListed Domains ###", PARSE_NOTHING, "" },
	/* Bad. */
	{ "server=/192.0.2.0/24", PARSE_BAD,
	    "!no name server behind the domain" },
	{ "server=/a.example/?", PARSE_BAD,
	    "!no name server behind the domain" },
	{ "address=/a.example/b.example", PARSE_BAD,
	    "!no address behind the domain" },
	{ "address=/a.example", PARSE_BAD, "!no '/' behind the domain" },
	{ "address=/", PARSE_BAD, "!no '/' behind the domain" },
	{ "address=", PARSE_BAD, "!no option of dnsmasq" },
	{ "server=", PARSE_BAD, "!no option of dnsmasq" },
	{ "address", PARSE_BAD, "!no option of dnsmasq" },
	{ "address=a.example", PARSE_BAD, "!no option of dnsmasq" },
	{ "a.example", PARSE_BAD, "!no option of dnsmasq" },
	{ "=", PARSE_BAD, "!no option of dnsmasq" },
	{ "resolv", PARSE_BAD, "!no option of dnsmasq" },
	{ "no-resolv no-hosts", PARSE_BAD, "!no option of dnsmasq" },
	{ "no-such-option=x", PARSE_BAD, "!no option of dnsmasq" },
	{ "! comment", PARSE_BAD, "" },
	{ "||a.example^", PARSE_BAD, "" },
	{ "<a href=\"/x/\">", PARSE_BAD, "" },
	{ "address=/\"a.example/#", PARSE_BAD, "" },
	{ "address=/a b/#", PARSE_BAD, "" },
	{ "address=/a..example/#", PARSE_BAD, "!empty label" },
	/* The good names are taken, the line is reported. */
	{ "address=/a.example/?/b.example/#", PARSE_BAD,
	    "a.example b.example !a character that no name has" },
};

START_TEST(lines_of_dnsmasq_conf)
{
	rows_check(&parse_dnsmasq, NULL, &rows[_i]);
}
END_TEST

START_TEST(octets_that_no_text_has)
{
	static const struct row a = { "address=/a\0/#", PARSE_BAD, "" };
	static const struct row b = { "address=/a/\0", PARSE_BAD, "" };
	static const struct row c = { "no-resolv\0", PARSE_BAD, "" };
	static const struct row d = { "address=/a\xff/#", PARSE_BAD, "" };

	rows_check_octets(&parse_dnsmasq, NULL, &a, 13);
	rows_check_octets(&parse_dnsmasq, NULL, &b, 12);
	rows_check_octets(&parse_dnsmasq, NULL, &c, 10);
	rows_check(&parse_dnsmasq, NULL, &d);
}
END_TEST

START_TEST(very_long_lines)
{
	char line[10001];
	struct row row = { line, PARSE_BAD, "" };
	struct rows_sink s;

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	rows_check(&parse_dnsmasq, NULL, &row);
	memcpy(line, "server=/", 8);
	rows_check(&parse_dnsmasq, NULL, &row);
	line[sizeof(line) - 2] = '/';
	rows_check(&parse_dnsmasq, NULL, &row);
	/* Five thousand domains in one line. */
	for (size_t i = 8; i < sizeof(line) - 2; i += 2)
		line[i] = '/';
	rows_begin(&s);
	ck_assert_int_eq(
	    rows_line(&s, &parse_dnsmasq, NULL, line, sizeof(line) - 1),
	    PARSE_NAMES);
	ck_assert_uint_eq(s.len, (sizeof(line) - 10) / 2 * 2);
}
END_TEST

START_TEST(a_domain_is_its_subtree_unless_exact_is_wanted)
{
	static const char line[] = "server=/a.example/*.b.example/";
	static const struct {
		enum fsk_match_kind match;
		const char *gives;
	} wanted[] = {
		{ FSK_SUBTREE, "a.example *.b.example " },
		{ FSK_BELOW, "a.example *.b.example " },
		{ FSK_EXACT, "=a.example *.b.example " },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		struct rows_sink s;

		rows_begin(&s);
		s.sink.match = wanted[i].match;
		rows_line(&s, &parse_dnsmasq, NULL, line, strlen(line));
		ck_assert_str_eq(s.text, wanted[i].gives);
	}
}
END_TEST

static const struct {
	const char *text;
	const struct parse_format *format;
} guesses[] = {
	{ "# title\nserver=/a.example/\n", &parse_dnsmasq },
	{ "address=/a.example/#\r\n", &parse_dnsmasq },
	{ "## DNS\n\nbogus-nxdomain=192.0.2.1\n", &parse_dnsmasq },
	{ "no-resolv\nlocal=/a.example/\na.example\n", &parse_dnsmasq },
	{ "user\ndomain\na.example\nb.example\n", &parse_domains },
	{ "a=b\n", NULL },
};

START_TEST(options_tell_the_format)
{
	ck_assert_ptr_eq(
	    parse_guess(guesses[_i].text, strlen(guesses[_i].text)),
	    guesses[_i].format);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_dnsmasq.c");
	TCase *tc = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, lines_of_dnsmasq_conf, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, octets_that_no_text_has);
	tcase_add_test(tc, very_long_lines);
	tcase_add_test(tc, a_domain_is_its_subtree_unless_exact_is_wanted);
	tcase_add_loop_test(
	    tc, options_tell_the_format, 0, sizeof(guesses) / sizeof(*guesses));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
