/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds why: a verdict with all that led to it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/procs.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

static void
setup(void)
{
	site_setup();
	site_file("phish", "phish.example\nb\303\274cher.example\n");
	site_file("spam", "deep.phish.example\n*.below.example\n");
	site_file("urls", "https://t.me/evil\nhttps://phish.example/login\n");
	site_file("bank", "ok.phish.example\n");
	site_write(
	    "feed \"phish\" { url = \"@/phish\" category = phishing }\n"
	    "feed \"spam\" { url = \"@/spam\" category = spam "
	    "severity = yellow action = log }\n"
	    "feed \"urls\" { url = \"@/urls\" format = urls }\n"
	    "allow \"bank\" { url = \"@/bank\" }\n"
	    "policy { sinkhole = \"192.0.2.7,2001:db8::7\" ttl = 30\n"
	    "rule \"court\" { names = {\"order.example\"} case = \"7/26\" "
	    "action = refused ede = none }\n"
	    "rule \"https\" { names = {\"https.example\"} types = {HTTPS} "
	    "action = drop }\n"
	    "group \"schools\" { prefixes = {\"10.0.0.0/8\"} "
	    "block = {\"chat.example\"} allow = {\"phish.example\"} }\n"
	    "group \"off\" { prefixes = {\"11.0.0.0/8\"} off = yes }\n"
	    "group \"strict\" { prefixes = {\"13.0.0.0/8\"} "
	    "action = refused }\n"
	    "group \"hours\" { prefixes = {\"12.0.0.0/8\"} "
	    "time = \"08:00-20:00\" action = nodata } }");
	free(run_output("sync -c feeds.conf -q"));
}

/* Runs "why" with ARGS, which must exit with STATUS; what it printed, for
 * free(). */
static char *
why(const char *args, int status)
{
	char command[500];
	struct run r;

	snprintf(command, sizeof(command), "why -d list.fsdb %s", args);
	run_feeds(&r, NULL, command);
	ck_assert_msg(r.status == status, "'%s': exit status %d: %s%s", args,
	    r.status, r.out, r.err);
	if (status == 2) {
		free(r.out);
		return r.err;
	}
	ck_assert_str_eq(r.err, "");
	free(r.err);
	return r.out;
}

static void
says(const char *args, int status, const char *what)
{
	char *text = why(args, status);

	ck_assert_msg(
	    strstr(text, what) != NULL, "no '%s' in:\n%s", what, text);
	free(text);
}

/* What the real answer may change. */
START_TEST(what_is_not_known_yet)
{
	static const struct {
		const char *policy, *args;
		int status;
		const char *what;
	} row[] = {
		{ "", "phish.example", 0, ", EDE 15 \"listed: phishing\"\n" },
		{ "signed = pass", "phish.example", 0,
		    " DO bit: then it is resolved\n" },
		{ "signed = servfail", "phish.example", 0,
		    "\"\n     unless the name is signed and the client has "
		    "the DO bit: then SERVFAIL\n" },
		{ "signed = pass", "other.example", 1, "it is resolved\n" },
		{ "category \"phishing\" { aliases = yes }", "other.example", 1,
		    "it is resolved\n     unless its answer leads to a listed "
		    "alias\n" },
		{ "aliases = yes rule \"a\" { prefixes = {\"203.0.113.7\"} "
		  "names = {\"x.example\"} }",
		    "other.example", 1,
		    " leads to a listed alias, a listed address\n" },
		{ "aliases = yes", "ok.phish.example", 1, "is resolved\n" },
		{ "aliases = yes group \"g\" { prefixes = {\"10.0.0.0/8\"} "
		  "off = yes }",
		    "--client 10.0.0.1 other.example", 1, "is resolved\n" },
	};
	char text[500], *out;

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		const size_t len = strlen(row[i].what);

		snprintf(text, sizeof(text),
		    "feed \"phish\" { url = \"@/phish\" category = phishing }\n"
		    "allow \"bank\" { url = \"@/bank\" }\npolicy { %s }\n",
		    row[i].policy);
		site_write(text);
		free(run_output("sync -c feeds.conf --force -q"));
		out = why(row[i].args, row[i].status);
		ck_assert_msg(strlen(out) > len &&
			strcmp(out + strlen(out) - len, row[i].what) == 0,
		    "no '%s' at the end of:\n%s", row[i].what, out);
		free(out);
	}
}
END_TEST

/* ---- for people ---- */

static const struct {
	const char *args;
	int status;
	const char *what;
} texts[] = {
	{ "phish.example", 0,
	    "phish.example, type A:\n  1 bypass       none\n"
	    "  2 group        none\n  3 group's list no entry\n"
	    "  4 list         \n" },
	{ "phish.example", 0,
	    "-> phish.example (subtree), by phish, urls: "
	    "phishing, red, since 20" },
	{ "phish.example", 0,
	    "  5 decided by   listed\n"
	    "  6 action       sinkhole\n"
	    "  => 192.0.2.7, TTL 30, EDE 15 \"listed: "
	    "phishing\"\n" },
	{ "--type AAAA x.phish.example", 0, "  => 2001:db8::7, TTL 30" },
	{ "--type MX phish.example", 0,
	    "  => NODATA (no addresses of this type), TTL 30" },
	{ "--type TYPE65280 phish.example", 0, "type TYPE65280:" },
	{ "ok.phish.example", 1,
	    "-> ok.phish.example (subtree), allows, by "
	    "bank" },
	{ "ok.phish.example", 1, "   phish.example (subtree), by phish" },
	{ "ok.phish.example", 1,
	    "  5 decided by   an entry allows it\n"
	    "  => it is resolved\n" },
	{ "deep.phish.example", 1, "-> deep.phish.example (subtree), by spam" },
	{ "deep.phish.example", 1,
	    "  5 decided by   listed, only counted\n"
	    "  6 action       log\n"
	    "  => it is resolved\n" },
	{ "x.below.example", 1, "-> *.below.example (below), by spam" },
	{ "below.example", 1, "  4 list         no entry\n" },
	{ "other.example", 1,
	    "  5 decided by   not listed\n  => it is "
	    "resolved\n" },
	{ "order.example", 0, ", case 7/26\n" },
	{ "order.example", 0, "  => REFUSED, TTL 30\n" },
	{ "https.example", 1,
	    "  5 decided by   the entry is for other query types\n" },
	{ "--type HTTPS https.example", 0, "  => no answer\n" },
	{ "--client 10.1.2.3 phish.example", 1, "  2 group        schools\n" },
	{ "--client 13.1.2.3 phish.example", 0,
	    "  6 action       refused, for the group strict\n" },
	{ "--client 13.1.2.3 order.example", 0, "  6 action       refused\n" },
	{ "--client 10.1.2.3 phish.example", 1, "allows, by group schools" },
	{ "--client 10.1.2.3 chat.example", 0, "by group schools: group, red" },
	{ "--client ::ffff:10.1.2.3 chat.example", 0,
	    "  2 group        "
	    "schools\n" },
	{ "--client 11.1.2.3 phish.example", 1,
	    "  2 group        off, for which nothing is blocked\n" },
	{ "--client 11.1.2.3 phish.example", 1,
	    "  5 decided by   nothing is blocked for the group\n" },
	{ "b\303\274cher.example", 0, "-> xn--bcher-kva.example" },
	{ "xn--bcher-kva.example.", 0, "decided by   listed" },
	{ "PHISH.EXAMPLE", 0, "PHISH.EXAMPLE, type A:" },
	{ "https://t.me/evil", 1,
	    "    the URL      is listed as t.me/evil, by "
	    "urls: fraud, red, since 20" },
	{ "https://t.me/good", 1, "t.me/good, type A:\n  1 bypass" },
	{ "http://phish.example/login?x", 0, "  4 list         \n" },
	{ "other.example phish.example", 0, "phish.example, type A:" },
};

START_TEST(for_people)
{
	says(texts[_i].args, texts[_i].status, texts[_i].what);
}
END_TEST

START_TEST(at_a_time)
{
	const time_t now = time(NULL) + 86400;
	char day[16], args[200];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(day, sizeof(day), "%F", &tm);
	snprintf(args, sizeof(args),
	    "--client 12.0.0.1 --at %sT12:00Z phish.example", day);
	says(args, 0, "  2 group        hours\n");
	says(args, 0, "nodata, for the group hours\n  => NODATA, TTL 30");
	snprintf(args, sizeof(args),
	    "--client 12.0.0.1 --at %sT20:00:00Z phish.example", day);
	says(args, 0, "  2 group        none\n");
	snprintf(
	    args, sizeof(args), "--client 12.0.0.1 --at %s phish.example", day);
	says(args, 0, "  2 group        none\n");
}
END_TEST

START_TEST(a_bypass_goes_first)
{
	free(run_output("bypass -c feeds.conf phish.example --for 1h --by me "
			"--why wrong"));
	free(run_output("bypass -c feeds.conf 192.0.2.0/24 --for 1h --by you "
			"--why test"));
	says("x.phish.example", 1, "  1 bypass       by me: wrong\n");
	says("phish.example", 1,
	    "  5 decided by   a bypass\n  => it is "
	    "resolved\n");
	says("--client 192.0.2.9 order.example", 1,
	    "  1 bypass       by you: test\n");
	says("order.example", 0, "  1 bypass       none\n");
	says("--at 2020-01-01T00:00Z phish.example", 0,
	    "  1 bypass       none\n");
	/* A damaged file is told; the resolver goes on with what it had. */
	site_file("list.fsdb.bypass", "garbage");
	says("phish.example", 2, "holds no bypasses");
}
END_TEST

/* ---- JSON ---- */

#define STRING(o, key)  json_string_value(json_object_get(o, key))
#define NUMBER(o, key)  json_integer_value(json_object_get(o, key))
#define IS_NULL(o, key) json_is_null(json_object_get(o, key))

static json_t *
why_json(const char *args, int status)
{
	char more[400], *text;
	json_t *j;

	snprintf(more, sizeof(more), "--json %s", args);
	text = why(more, status);
	j = run_json(text);
	free(text);
	return j;
}

START_TEST(all_of_it_as_json)
{
	json_t *j = why_json("--type AAAA Deep.Phish.example", 1), *e;

	ck_assert_str_eq(STRING(j, "name"), "Deep.Phish.example");
	ck_assert_str_eq(STRING(j, "type"), "AAAA");
	ck_assert_int_gt(NUMBER(j, "at"), 1700000000);
	ck_assert(IS_NULL(j, "bypass"));
	ck_assert(IS_NULL(j, "group"));
	ck_assert(json_is_false(json_object_get(j, "off")));
	ck_assert_uint_eq(json_array_size(json_object_get(j, "entries")), 2);
	e = json_array_get(json_object_get(j, "entries"), 0);
	ck_assert_str_eq(STRING(e, "entry"), "deep.phish.example");
	ck_assert_str_eq(STRING(e, "match"), "subtree");
	ck_assert_str_eq(STRING(e, "category"), "spam");
	ck_assert_str_eq(STRING(e, "severity"), "yellow");
	ck_assert_str_eq(STRING(e, "list"), "all");
	ck_assert(IS_NULL(e, "case"));
	ck_assert(json_is_true(json_object_get(e, "decides")));
	ck_assert_uint_eq(json_array_size(json_object_get(e, "feeds")), 1);
	e = json_array_get(json_object_get(j, "entries"), 1);
	ck_assert_str_eq(STRING(e, "entry"), "phish.example");
	ck_assert(json_is_false(json_object_get(e, "decides")));
	ck_assert_uint_eq(json_array_size(json_object_get(e, "feeds")), 2);
	ck_assert_str_eq(STRING(j, "reason"), "listed, only counted");
	ck_assert(json_is_false(json_object_get(j, "blocked")));
	ck_assert_str_eq(STRING(j, "action"), "log");
	ck_assert(IS_NULL(j, "ttl"));
	ck_assert(IS_NULL(j, "ede"));
	ck_assert(IS_NULL(j, "ede_text"));
	ck_assert_str_eq(STRING(j, "answer"), "it is resolved");
	json_decref(j);
}
END_TEST

START_TEST(what_blocks_as_json)
{
	json_t *j = why_json("phish.example", 0), *e;

	ck_assert(json_is_true(json_object_get(j, "blocked")));
	ck_assert_str_eq(STRING(j, "action"), "sinkhole");
	ck_assert_int_eq(NUMBER(j, "ttl"), 30);
	ck_assert_int_eq(NUMBER(j, "ede"), 15);
	ck_assert_str_eq(STRING(j, "ede_text"), "listed: phishing");
	ck_assert(IS_NULL(j, "unless"));
	json_decref(j);
	j = why_json("order.example", 0);
	e = json_array_get(json_object_get(j, "entries"), 0);
	ck_assert_str_eq(STRING(e, "case"), "7/26");
	ck_assert(IS_NULL(j, "ede"));
	json_decref(j);
	j = why_json("--client 10.0.0.1 chat.example", 0);
	e = json_array_get(json_object_get(j, "entries"), 0);
	ck_assert_str_eq(STRING(e, "list"), "group");
	ck_assert_str_eq(STRING(j, "group"), "schools");
	json_decref(j);
	j = why_json("--client 11.0.0.1 phish.example", 1);
	ck_assert(json_is_true(json_object_get(j, "off")));
	ck_assert_str_eq(
	    STRING(j, "reason"), "nothing is blocked for the group");
	json_decref(j);
	free(run_output("bypass -c feeds.conf phish.example --for 1h --by me "
			"--why wrong"));
	j = why_json("phish.example", 1);
	ck_assert_str_eq(STRING(j, "bypass"), "wrong");
	ck_assert_str_eq(STRING(j, "action"), "passthru");
	json_decref(j);
}
END_TEST

START_TEST(one_line_a_name)
{
	char *text = why("--json a.example phish.example b.example", 0);
	unsigned lines = 0;

	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	ck_assert_uint_eq(lines, 3);
	free(text);
}
END_TEST

/* ---- command lines ---- */

static const struct {
	const char *args, *what;
} wrong[] = {
	{ "why", "no database given (-d)" },
	{ "why a.example", "no database given (-d)" },
	{ "why -d list.fsdb", "no name given" },
	{ "why -d none.fsdb a.example", "none.fsdb" },
	{ "why -d feeds.conf a.example", "feeds.conf" },
	{ "why -d list.fsdb --client ten a.example", "'ten' is no address" },
	{ "why -d list.fsdb --client 10.0.0.0/8 a.example", "is no address" },
	{ "why -d list.fsdb --type B a.example", "'B' is no query type" },
	{ "why -d list.fsdb --at now a.example", "'now' is no time" },
	{ "why -d list.fsdb --at 2026-13-01 a.example", "is no time" },
	{ "why -d list.fsdb --bogus", "bad command line" },
	{ "why -d list.fsdb a..b", "'a..b' is no domain name or URL" },
	{ "why -d list.fsdb http://192.0.2.1/", "a URL of an address" },
};

START_TEST(what_is_wrong_is_told)
{
	struct run r;

	run_feeds(&r, NULL, wrong[_i].args);
	ck_assert_int_eq(r.status, 2);
	ck_assert_msg(strstr(r.err, wrong[_i].what) != NULL, "%s", r.err);
	run_free(&r);
}
END_TEST

START_TEST(deep_names)
{
	char args[300] = "", *text;

	for (unsigned i = 0; i < 100; i++)
		strcat(args, "a.");
	strcat(args, "phish.example");
	text = why(args, 0);
	ck_assert_ptr_nonnull(strstr(text, "-> phish.example"));
	free(text);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/why.c");
	TCase *tc = tcase_create("verdicts");

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))
	/* One site for all tests that do not change it. */
	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, setup, kit_teardown);
	tcase_add_loop_test(tc, for_people, 0, COUNT(texts));
	tcase_add_test(tc, at_a_time);
	tcase_add_test(tc, all_of_it_as_json);
	tcase_add_test(tc, one_line_a_name);
	tcase_add_loop_test(tc, what_is_wrong_is_told, 0, COUNT(wrong));
	tcase_add_test(tc, deep_names);
	suite_add_tcase(s, tc);
	tc = tcase_create("bypasses and policies");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_test(tc, a_bypass_goes_first);
	tcase_add_test(tc, what_blocks_as_json);
	tcase_add_test(tc, what_is_not_known_yet);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
