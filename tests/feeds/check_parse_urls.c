/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_urls.c, and URLs among names (parse_indicator()) */
#include <check.h>
#include <string.h>

#include "feeds/parse.h"
#include "tests/feeds/rows.h"

static const struct row rows[] = {
	/* The root stands for its host, with and without a scheme. */
	{ "http://a.example/", PARSE_NAMES, "a.example " },
	{ "https://a.example", PARSE_NAMES, "a.example " },
	{ "a.example", PARSE_NAMES, "a.example " },
	{ "a.example/", PARSE_NAMES, "a.example " },
	{ "a.example#x", PARSE_NAMES, "a.example " },
	/* Anything else for itself. */
	{ "http://a.example/x", PARSE_NAMES, "url:a.example/x " },
	{ "a.example/x/?y", PARSE_NAMES, "url:a.example/x/?y " },
	{ "http://a.example?x", PARSE_NAMES, "url:a.example/?x " },
	{ "compass.example?", PARSE_NAMES, "url:compass.example/? " },
	{ "a.example//x/../#ce", PARSE_NAMES, "a.example " },
	{ "http://a.example/index.html#tel1%40b.example", PARSE_NAMES,
	    "url:a.example/index.html " },

	/* Comments and blanks. */
	{ "", PARSE_NOTHING, "" },
	{ " \t\r", PARSE_NOTHING, "" },
	{ "# http://a.example/", PARSE_NOTHING, "" },
	{ "! http://a.example/", PARSE_NOTHING, "" },
	{ "; http://a.example/", PARSE_NOTHING, "" },
	{ "http://a.example/x # why", PARSE_NAMES, "url:a.example/x " },
	{ "  http://a.example/x\t\r", PARSE_NAMES, "url:a.example/x " },
	{ "http://a.example/x ", PARSE_NAMES, "url:a.example/x " },
	{ "http://a.example/ http://b.example/", PARSE_BAD,
	    "!more than one word" },
	{ "http://a.example/a b", PARSE_BAD, "!more than one word" },

	/* Odd hosts as they occur in feeds. */
	{ "https://a_b.example", PARSE_NAMES, "a_b.example " },
	{ "https://-a-.example", PARSE_NAMES, "-a-.example " },
	{ "https://GNc.Example", PARSE_NAMES, "gnc.example " },
	{ "http://a.example./out.php?email=b@c.d", PARSE_NAMES,
	    "url:a.example/out.php?email=b@c.d " },
	{ "http://a.example:443/x", PARSE_NAMES, "url:a.example/x " },
	{ "a.example:8040", PARSE_NAMES, "a.example " },
	{ "http://asdj\304\261o.example", PARSE_NAMES,
	    "xn--asdjo-q4a.example " },
	{ "https://a.example/\305\261", PARSE_NAMES, "url:a.example/%C5%B1 " },
	{ "http://xn--a.example/", PARSE_NAMES, "xn--a.example " },
	{ "http://user:word@a.example/", PARSE_NAMES, "a.example " },
	{ "https://google.com@a.example/x", PARSE_NAMES, "url:a.example/x " },
	{ "http://a.example/m?d=http://www.b.example&e=x@b.example",
	    PARSE_NAMES,
	    "url:a.example/m?d=http://www.b.example&e=x@b.example " },
	{ "http://a.example/i/?hxxp:/b.example/en?r=hxxp:/c.example/d",
	    PARSE_NAMES,
	    "url:a.example/i/?hxxp:/b.example/en?r=hxxp:/c.example/d " },
	{ "http:\\\\a.example\\", PARSE_NAMES, "a.example " },

	/* No resolver is asked for an address. */
	{ "192.0.2.1", PARSE_SKIPPED, "!an address" },
	{ "192.0.2.1:7118", PARSE_SKIPPED, "!an address" },
	{ "192.0.2.0/24", PARSE_SKIPPED, "!an address" },
	{ "2001:db8::1", PARSE_SKIPPED, "!an address" },
	{ "http://192.0.2.1", PARSE_SKIPPED, "!an address" },
	{ "http://192.0.2.1:35443/bin.sh", PARSE_SKIPPED, "!an address" },
	{ "192.0.2.1?rid=8i4dr5f", PARSE_SKIPPED, "!an address" },
	{ "192.0.2.1/~ddi1/", PARSE_SKIPPED, "!an address" },
	{ "http://3221225985/", PARSE_SKIPPED, "!an address" },
	{ "http://[2001:db8::1]:80/", PARSE_SKIPPED, "!an address" },
	{ "ftp://anonymous:anonymous@192.0.2.1/all.sh", PARSE_SKIPPED,
	    "!an address" },
	{ "tcp://192.0.2.1/4thepool_miner.sh", PARSE_SKIPPED, "!an address" },
	{ "tftp://192.0.2.1/.i", PARSE_SKIPPED, "!an address" },

	/* Schemes. */
	{ "ftp://ftp.a.example:21", PARSE_NAMES, "ftp.a.example " },
	{ "hxxps://evil[.]example/x", PARSE_NAMES, "url:evil.example/x " },
	{ "evil(dot)example", PARSE_NAMES, "evil.example " },
	{ "data:text/html,http://a.example/", PARSE_BAD,
	    "!a port that is no number" },
	{ "javascript:alert(1)", PARSE_BAD, "!a port that is no number" },
	{ "javascript://a.example/%0aalert(1)", PARSE_BAD,
	    "!a scheme that leads to no host" },
	{ "mailto:b@a.example", PARSE_BAD, "!a mail address, not a URL" },
	{ "redacted@redacted.invalid", PARSE_BAD,
	    "!a mail address, not a URL" },

	/* What is no URL. */
	{ "https://https://a.example/jobs/", PARSE_BAD,
	    "!a host without a dot" },
	{ "https://moufflcmgz/api", PARSE_BAD, "!a host without a dot" },
	{ "PDF/nsw/data/office365.htm", PARSE_BAD, "!a host without a dot" },
	{ "com", PARSE_BAD, "!a host without a dot" },
	{ "Login.html\"", PARSE_BAD, "!a character that no name has" },
	{ "%20a.example", PARSE_BAD, "!a character that no name has" },
	{ "http://a,b.example/", PARSE_BAD, "!a character that no name has" },
	{ "*.a.example", PARSE_BAD, "!'*' elsewhere than at the start" },
	{ "royaljapan02.*", PARSE_BAD, "!'*' elsewhere than at the start" },
	{ "||a.example^", PARSE_BAD, "" },
	{ "/WidowsSystem-update.zip", PARSE_BAD, "!no host" },
	{ "http://", PARSE_BAD, "!no host" },
	{ ".", PARSE_BAD, "!no host" },
	{ "<html>", PARSE_BAD, "" },
};

START_TEST(lines_are_urls)
{
	rows_check(&parse_urls, NULL, &rows[_i]);
}
END_TEST

START_TEST(a_nul_is_no_end)
{
	static const struct row in_host = { "http://a.example\0.b.example/",
		PARSE_BAD, "!a character that no name has" };
	static const struct row in_path = { "http://a.example/x\0y",
		PARSE_NAMES, "url:a.example/x%00y " };

	rows_check_octets(&parse_urls, NULL, &in_host, 28);
	rows_check_octets(&parse_urls, NULL, &in_path, 20);
}
END_TEST

/* A format that reads each line as an indicator of KIND. */
static enum parse_kind kind;

static enum parse_result
indicator_line(
    struct parse_sink *sink, void *state, const char *text, size_t len)
{
	(void)state;
	return parse_indicator(sink, kind, text, len);
}

static const struct parse_format indicator = { .line = indicator_line };

static const struct row indicators[] = {
	{ "a.example", PARSE_NAMES, "a.example " },
	{ " *.a.example ", PARSE_NAMES, "*.a.example " },
	{ "http://a.example/", PARSE_NAMES, "a.example " },
	{ "\thttps://a.example/x?y ", PARSE_NAMES, "url:a.example/x?y " },
	{ "hxxp://a[.]example/x", PARSE_NAMES, "url:a.example/x " },
	{ "http://192.0.2.1/x", PARSE_SKIPPED, "!an address" },
	{ "192.0.2.1", PARSE_SKIPPED, "!an address" },
	{ "http://localhost/x", PARSE_BAD, "!a host without a dot" },
	{ "javascript://a.example/", PARSE_BAD,
	    "!a scheme that leads to no host" },
	{ "http://", PARSE_BAD, "!no host" },
	/* Without a scheme it is a name or nothing. */
	{ "a.example/x", PARSE_BAD,
	    "!an address, a path or a URL, not a name" },
	{ "a.example:80", PARSE_BAD,
	    "!an address, a path or a URL, not a name" },
	{ "mailto:b@a.example", PARSE_BAD, "" },
	{ " ", PARSE_NOTHING, "" },
};

START_TEST(indicators_are_names_or_urls)
{
	kind = PARSE_LIST;
	rows_check(&indicator, NULL, &indicators[_i]);
}
END_TEST

START_TEST(indicators_keep_their_kind)
{
	static const struct row name = { "http://a.example", PARSE_NAMES,
		"@@a.example " };
	static const struct row url = { "http://a.example/x", PARSE_NAMES,
		"@@url:a.example/x " };

	kind = PARSE_ALLOW;
	rows_check(&indicator, NULL, &name);
	rows_check(&indicator, NULL, &url);
}
END_TEST

static const struct {
	const char *text;
	bool urls;
} guesses[] = {
	{ "http://a.example/x\nhttps://b.example\n", true },
	{ "# title\n\na.example/x\r\nb.example/\r\n", true },
	{ "a.example/x\nb.example/\nc.example\n", true },
	{ "compass.example?\n192.0.2.1?x=y\nb.example\n", true },
	{ "http://1.2.3.4/x\n", true },
	{ "http://not a url\nhttp://a.example/x\nhttp://b.example/\n", true },
	/* Lists of names have some, too. */
	{ "a.example\nhttp://b.example/\n", false },
	{ "a.example\nb.example\nhttp://c.example/\nd.example/x\n", false },
	{ "0.0.0.0 a.example\nhttp://b.example/\nhttp://c.example/\n"
	  "http://d.example\n",
	    false },
	/* Rows of other formats have slashes and dots, too. */
	{ "server=/a.example/192.0.2.1\n", false },
	{ "7019573,http://a.example/,x,yes\n", false },
	{ "[\"http://a.example/\"]\n", false },
	{ "||a.example/x^\n", false },
	{ "W0F1dG9Qcm94eSA/LjIuOV0K\n", false },
	{ "/(https?://)w{30,}.me/w{30,}./\n", false },
	{ ".a.example/x\n.b.example/y\n.c.example\n", false },
};

START_TEST(lists_of_urls_are_told)
{
	const struct parse_format *format = parse_guess(
	    guesses[_i].text, strlen(guesses[_i].text));

	ck_assert_int_eq(format == &parse_urls, guesses[_i].urls);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_urls.c");
	TCase *tc = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, lines_are_urls, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, a_nul_is_no_end);
	tcase_add_loop_test(tc, indicators_are_names_or_urls, 0,
	    sizeof(indicators) / sizeof(*indicators));
	tcase_add_test(tc, indicators_keep_their_kind);
	tcase_add_loop_test(
	    tc, lists_of_urls_are_told, 0, sizeof(guesses) / sizeof(*guesses));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
