/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/collect.c: from a feed's content to its list. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/collect.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

#define TODAY 20000u

static struct conf *conf;
static struct feed_state state;

/* A configuration with the feed "one", of which OPTIONS are said. */
static void
with(const char *options)
{
	char text[1000];

	conf_free(conf);
	snprintf(text, sizeof(text), "feed \"one\" { url = \"@/body\" %s }",
	    options);
	conf = site_conf(text);
	mkdir(kit_path("state"), 0755);
	mkdir(kit_path("state/one"), 0755);
}

static void
setup(void)
{
	site_setup();
	with("");
	memset(&state, 0, sizeof(state));
}

static void
teardown(void)
{
	conf_free(conf);
	kit_teardown();
}

/* Collects BODY on DAY; fails the test if that does. */
static void
take_on(uint32_t day, const char *body)
{
	struct fsk_error err = { 0 };
	int rc;

	site_file("body", body);
	rc = collect(
	    conf, &conf->feeds[0], kit_path("body"), day, &state, &err);
	ck_assert_msg(rc == FSK_OK, "%s", err.text);
}

static void
take(const char *body)
{
	take_on(TODAY, body);
}

static void
list_is(const char *want)
{
	struct fsk_db *db = site_db("state/one/list.fsdb");
	char *is = site_dump(db);

	ck_assert_str_eq(is, want);
	free(is);
	fsk_db_close(db);
}

/* The urls file, for free(). */
static char *
urls(void)
{
	size_t len;
	char *text = state_text(kit_path("state/one/urls"), &len);

	ck_assert_ptr_nonnull(text);
	return text;
}

/* Collects BODY, which must be refused with WHY; what was there stays. */
static void
refused(const char *body, const char *why)
{
	const struct feed_state before = state;
	struct fsk_error err = { 0 };
	const bool had = access(kit_path("state/one/list.fsdb"), F_OK) == 0;
	char *was = NULL;
	int rc;

	if (had) {
		struct fsk_db *db = site_db("state/one/list.fsdb");

		was = site_dump(db);
		fsk_db_close(db);
	}
	site_file("body", body);
	rc = collect(
	    conf, &conf->feeds[0], kit_path("body"), TODAY + 1, &state, &err);
	ck_assert_int_ne(rc, FSK_OK);
	ck_assert_msg(
	    strstr(err.text, why) != NULL, "'%s' has no '%s'", err.text, why);
	ck_assert_mem_eq(&state, &before, sizeof(state));
	ck_assert_int_eq(
	    access(kit_path("state/one/list.fsdb"), F_OK) == 0, had);
	if (had) {
		list_is(was);
		ck_assert_uint_eq(site_files("state/one"), 2);
	} else {
		ck_assert_uint_eq(site_files("state/one"), 0);
	}
	free(was);
}

/* N names, or what FORMAT makes of the numbers from FROM on, for free(). */
static char *
many(const char *start, unsigned from, unsigned n, const char *end)
{
	char *text = malloc(n * 40u + 1), *p = text;

	*p = '\0';
	for (unsigned i = from; i < from + n; i++)
		p += sprintf(p, "%s%u%s", start, i, end);
	return text;
}

/* ---- what is in it ---- */

START_TEST(lines_are_counted_and_listed)
{
	take("# a comment\n"
	     "a.example\n"
	     "\n"
	     "*.b.example\n"
	     "=c.example\n"
	     "192.0.2.1\n"
	     "a.example # again\n");
	list_is("*.b.example [name 20000]\n=c.example [name 20000]\n"
		"a.example [name 20000]\n");
	ck_assert_str_eq(state.format, "domains");
	ck_assert_uint_eq(state.lines, 7);
	ck_assert_uint_eq(state.names, 4);
	ck_assert_uint_eq(state.urls, 0);
	ck_assert_uint_eq(state.excepted, 0);
	ck_assert_uint_eq(state.nothing, 2);
	ck_assert_uint_eq(state.skipped, 1);
	ck_assert_uint_eq(state.bad, 0);
	ck_assert_uint_eq(strlen(state.form), 16);
	ck_assert_uint_eq(site_files("state/one"), 2);
	/* What others keep there is not touched. */
	ck_assert_str_eq(state.etag, "");
	ck_assert_int_eq(state.good, 0);
}
END_TEST

START_TEST(exceptions_and_what_is_taken_back)
{
	with("format = adblock");
	take("||a.example^\n"
	     "@@||ok.a.example^\n"
	     "||b.example^\n"
	     "||c.example^\n"
	     "||c.example^$badfilter\n"
	     "example.org##.ad\n");
	list_is("!ok.a.example [name 20000]\na.example [name 20000]\n"
		"b.example [name 20000]\n");
	ck_assert_uint_eq(state.names, 3);
	ck_assert_uint_eq(state.excepted, 2);
	ck_assert_uint_eq(state.skipped, 1);
}
END_TEST

START_TEST(urls_are_kept_with_their_hosts)
{
	char *text;

	with("format = urls");
	take("https://a.example/login?x=1\n"
	     "http://b.example/\n"
	     "http://a.example/other\n");
	list_is("a.example [path 20000]\nb.example [name 20000]\n");
	text = urls();
	site_has_line(text, "20000 a.example/login?x=1", "");
	site_has_line(text, "20000 a.example/other", "");
	ck_assert_uint_eq(strlen(text), 48);
	free(text);
	ck_assert_uint_eq(state.names, 1);
	ck_assert_uint_eq(state.urls, 2);
}
END_TEST

START_TEST(the_texts_of_urls_are_not_kept_in_memory)
{
	const char *san = getenv("FRAUDSINK_TEST_SAN");
	/* Sanitizers take their own memory, and their time. */
	const bool exact = san == NULL || *san == '\0';
	const unsigned n = exact ? 500000 : 5000;
	struct rusage before, after;
	struct fsk_error err = { 0 };
	FILE *f = fopen(kit_path("body"), "w");
	struct stat st;
	int rc;

	ck_assert_ptr_nonnull(f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "https://a.example/%0120u\n", i);
	ck_assert_int_eq(fclose(f), 0);
	conf_free(conf);
	conf = site_conf("memory = 16M threads = 1\n"
			 "feed \"one\" { url = \"@/body\" }");
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
	rc = collect(
	    conf, &conf->feeds[0], kit_path("body"), TODAY, &state, &err);
	ck_assert_msg(rc == FSK_OK, "%s", err.text);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
	ck_assert_uint_eq(state.urls, n);
	ck_assert_int_eq(stat(kit_path("state/one/urls"), &st), 0);
	ck_assert_int_gt(st.st_size, n * 120);
	if (exact)
		ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 60 << 10);
}
END_TEST

START_TEST(many_threads_make_the_same_list)
{
	char *body = many("n", 0, 100000, ".example\n");
	struct fsk_db *db;
	struct fsk_db_info info;

	for (unsigned threads = 1; threads <= 5; threads += 2) {
		conf->threads = threads;
		memset(&state, 0, sizeof(state));
		take(body);
		ck_assert_uint_eq(state.names, 100000);
		db = site_db("state/one/list.fsdb");
		fsk_db_info(db, &info);
		ck_assert_uint_eq(info.entries, 100000);
		fsk_db_close(db);
	}
	free(body);
}
END_TEST

/* ---- first-seen dates ---- */

START_TEST(dates_survive)
{
	take_on(100, "a.example\nb.example\n*.c.example\n=d.example\n");
	take_on(200, "a.example\n*.c.example\n=d.example\ne.example\n");
	list_is("*.c.example [name 100]\n=d.example [name 100]\n"
		"a.example [name 100]\ne.example [name 200]\n");
	/* What went and comes back is new. */
	take_on(300,
	    "a.example\nb.example\n*.c.example\n=d.example\n"
	    "e.example\n");
	list_is("*.c.example [name 100]\n=d.example [name 100]\n"
		"a.example [name 100]\nb.example [name 300]\n"
		"e.example [name 200]\n");
}
END_TEST

START_TEST(a_name_is_dated_by_itself)
{
	take_on(100, "a.example\n*.b.example\n");
	take_on(200,
	    "a.example\nx.a.example\n*.b.example\nb.example\n"
	    "*.a.example\n=x.b.example\n");
	/* An entry above does not date one below, nor "*.b" what it does not
	 * cover; but what lies below a was listed. */
	list_is("*.a.example [name 100]\n*.b.example [name 100]\n"
		"=x.b.example [name 200]\na.example [name 100]\n"
		"b.example [name 200]\nx.a.example [name 200]\n");
}
END_TEST

START_TEST(dates_of_urls_survive)
{
	char *text;

	with("format = urls");
	take_on(100, "http://a.example/1\nhttp://b.example/1\n");
	take_on(200,
	    "http://a.example/1\nhttp://a.example/2\n"
	    "http://b.example/2\n");
	text = urls();
	site_has_line(text, "100 a.example/1", "");
	site_has_line(text, "200 a.example/2", "");
	site_has_line(text, "200 b.example/2", "");
	free(text);
	/* The host is as old as the oldest that is still there. */
	list_is("a.example [path 100]\nb.example [path 200]\n");
}
END_TEST

START_TEST(dates_of_exceptions_survive)
{
	with("format = adblock");
	take_on(100, "||a.example^\n@@||ok.a.example^\n");
	take_on(200, "||a.example^\n@@||ok.a.example^\n@@||x.a.example^\n");
	list_is("!ok.a.example [name 100]\n!x.a.example [name 200]\n"
		"a.example [name 100]\n");
}
END_TEST

START_TEST(a_clock_that_goes_back_does_no_harm)
{
	take_on(200, "a.example\n");
	take_on(100, "a.example\nb.example\n");
	list_is("a.example [name 100]\nb.example [name 100]\n");
	take_on(300, "a.example\nb.example\n");
	list_is("a.example [name 100]\nb.example [name 100]\n");
}
END_TEST

START_TEST(a_damaged_list_costs_the_dates_only)
{
	take_on(100, "a.example\n");
	site_file("state/one/list.fsdb", "garbage");
	take_on(200, "a.example\nb.example\n");
	list_is("a.example [name 200]\nb.example [name 200]\n");
	ck_assert_int_eq(unlink(kit_path("state/one/list.fsdb")), 0);
	take_on(300, "a.example\n");
	list_is("a.example [name 300]\n");
}
END_TEST

START_TEST(many_days)
{
	char body[4000] = "";

	for (unsigned day = 1; day <= 100; day++) {
		sprintf(body + strlen(body), "n%03u.example\n", day);
		take_on(day, body);
	}
	{
		struct fsk_db *db = site_db("state/one/list.fsdb");
		char *is = site_dump(db);

		for (unsigned day = 1; day <= 100; day++) {
			char line[64];

			snprintf(line, sizeof(line), "n%03u.example [name %u]",
			    day, day);
			site_has_line(is, line, "");
		}
		free(is);
		fsk_db_close(db);
	}
}
END_TEST

/* ---- the feed's guards ---- */

START_TEST(too_few_names)
{
	with("min-names = 3");
	refused("a.example\nb.example\n",
	    "only 2 names, at least 3 are wanted (min-names)");
	take("a.example\nb.example\nc.example\n");
	refused("a.example\n", "only 1 names");
}
END_TEST

static const char *const nothing[] = { "", "\n", "# only\n# comments\n",
	"\xef\xbb\xbf" };

START_TEST(an_empty_list_after_a_full_one)
{
	with("format = domains");
	refused(nothing[_i], "only 0 names");
	take("a.example\nb.example\n");
	refused(nothing[_i], "only 0 names");
	with("format = domains min-names = 0");
	refused(nothing[_i], "it shrank from 2 to 0 names, by more than 50 %");
	with("format = domains min-names = 0 max-shrink = 100");
	take(nothing[_i]);
	list_is("");
}
END_TEST

START_TEST(an_empty_body_has_no_format)
{
	take("a.example\nb.example\n");
	refused(nothing[_i], "only 0 names");
}
END_TEST

START_TEST(it_shrank)
{
	char *all = many("n", 0, 100, ".example\n");
	char *half = many("n", 0, 50, ".example\n");
	char *less = many("n", 0, 49, ".example\n");

	take(all);
	refused(less,
	    "it shrank from 100 to 49 names, by more than 50 % (max-shrink)");
	take(half);
	/* Step by step it may. */
	take("n1.example\n"
	     "n2.example\nn3.example\nn4.example\nn5.example\n"
	     "n6.example\nn7.example\nn8.example\nn9.example\nn10.example\n"
	     "n11.example\nn12.example\nn13.example\nn14.example\n"
	     "n15.example\nn16.example\nn17.example\nn18.example\n"
	     "n19.example\nn20.example\nn21.example\nn22.example\n"
	     "n23.example\nn24.example\nn25.example\n");
	free(all);
	free(half);
	free(less);
}
END_TEST

START_TEST(repeats_are_no_names)
{
	char *all = many("n", 0, 100, ".example\n");
	char *same = many("n1.example\n#", 0, 100, "\n");
	char *half = many("n", 0, 50, ".example\nN0.example.\n");

	with("min-names = 2");
	refused(same, "only 1 different names, at least 2 are wanted");
	with("");
	take(all);
	refused(
	    same, "it shrank from 100 to 1 different names, by more than 50 %");
	take(half);
	free(all);
	free(same);
	free(half);
}
END_TEST

START_TEST(it_grew)
{
	char *some = many("n", 0, 1000, ".example\n");
	char *double_ = many("n", 0, 2000, ".example\n");
	char *more = many("n", 0, 2001, ".example\n");

	with("max-growth = 100");
	take(some);
	refused(more,
	    "it grew from 1000 to 2001 names, by more than 100 % (max-growth)");
	take(double_);
	free(some);
	free(double_);
	free(more);
}
END_TEST

START_TEST(a_small_list_may_grow)
{
	char *more = many("n", 0, 101, ".example\n");
	char *most = many("n", 0, 102, ".example\n");

	with("max-growth = 10");
	take("n0.example\n");
	refused(most, "it grew from 1 to 102");
	take(more);
	free(more);
	free(most);
}
END_TEST

START_TEST(too_many_bad_lines)
{
	char *good = many("n", 0, 90, ".example\n");
	char *bad = many("bad line no. ", 0, 10, "\n");
	char *one = many("one bad! line \x1b[31m ", 0, 1, "\n");
	char text[10000];

	with("format = domains");
	/* A tenth is not over ten percent; comments are no lines here. */
	snprintf(text, sizeof(text), "# a\n# b\n%s%s", good, bad);
	take(text);
	ck_assert_uint_eq(state.bad, 10);
	snprintf(text, sizeof(text), "%s%s%s", one, good, bad);
	refused(text,
	    "11 of 101 lines are bad, over 10 % (max-bad); the first: line "
	    "1: ");
	free(good);
	free(bad);
	free(one);
}
END_TEST

START_TEST(what_is_bad_is_shown_without_control_characters)
{
	struct fsk_error err = { 0 };

	with("format = domains");
	site_file("body", "bad \x1b[31mline\x07 \302\2331m\n");
	ck_assert_int_eq(collect(conf, &conf->feeds[0], kit_path("body"), TODAY,
			     &state, &err),
	    FSK_EINVAL);
	for (const char *p = err.text; *p != '\0'; p++)
		ck_assert((unsigned char)*p >= 0x20 && *p != 0x7f);
	ck_assert_ptr_null(strstr(err.text, "\302\233"));
}
END_TEST

START_TEST(pages_are_no_lists)
{
	static const char page[] =
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<title>Page not found &middot; GitHub</title>\n"
	    "<link rel=\"dns-prefetch\" href=\"https://github.githubassets.com"
	    "\">\n</head>\n<body>\n<a href=\"https://github.com/\">\n"
	    "github.com\n</a>\n</body>\n</html>\n";

	with(_i == 0      ? ""
		: _i == 1 ? "format = domains"
		: _i == 2 ? "format = hosts"
		: _i == 3 ? "format = urls"
			  : "format = adblock");
	refused(page, "");
}
END_TEST

START_TEST(real_pages_are_no_lists)
{
	static const char *const pages[] = { "1Hosts_index.html",
		"USOM__urls_is_html.txt", "USOM__urls_ABP_is_html.txt",
		"gitlfs_pointer_domain2multi.txt.xz" };
	const char *data = getenv("FRAUDSINK_TEST_DATA");
	char path[400];
	size_t len;
	char *text;

	snprintf(path, sizeof(path), "%s/feeds/negative/%s",
	    data != NULL ? data : "", pages[_i]);
	text = state_text(path, &len);
	if (text == NULL) {
		puts("skipped: real pages: no real data");
		return;
	}
	refused(text, "");
	free(text);
}
END_TEST

/* Packed content is told from its first octets. */
START_TEST(what_is_packed_has_a_limit)
{
	struct fsk_error err = { 0 };
	char command[600];

	with("max-size = 100K");
	snprintf(command, sizeof(command),
	    "yes a.example | head -c 50000000 | gzip >%s", kit_path("body"));
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(collect(conf, &conf->feeds[0], kit_path("body"), TODAY,
			     &state, &err),
	    FSK_EFORMAT);
	ck_assert_msg(
	    strstr(err.text, "unpacks to more than") != NULL, "%s", err.text);
	ck_assert_uint_eq(site_files("state/one"), 0);
}
END_TEST

START_TEST(a_body_that_is_gone)
{
	struct fsk_error err = { 0 };

	ck_assert_int_eq(collect(conf, &conf->feeds[0], kit_path("none"), TODAY,
			     &state, &err),
	    FSK_EIO);
	ck_assert_uint_eq(site_files("state/one"), 0);
}
END_TEST

/* ---- allow sections ---- */

START_TEST(an_allow_list_may_be_made_of_exceptions)
{
	struct fsk_error err = { 0 };
	int rc;

	conf_free(conf);
	conf = site_conf("allow \"one\" { url = \"@/body\" "
			 "format = adblock }");
	site_file("body", "@@||a.example^\n@@||b.example^\n");
	rc = collect(
	    conf, &conf->feeds[0], kit_path("body"), TODAY, &state, &err);
	ck_assert_msg(rc == FSK_OK, "%s", err.text);
	list_is("!a.example [name 20000]\n!b.example [name 20000]\n");
	/* Its guards count them, too. */
	site_file("body", "! nothing any more\n");
	rc = collect(
	    conf, &conf->feeds[0], kit_path("body"), TODAY, &state, &err);
	ck_assert_int_eq(rc, FSK_EINVAL);
}
END_TEST

START_TEST(exceptions_alone_are_no_feed)
{
	with("format = adblock");
	refused("@@||a.example^\n@@||b.example^\n", "only 0 names");
}
END_TEST

START_TEST(prefixes_alone_are_a_feed_of_addresses_only)
{
	static const char list[] = "; drop\n192.0.2.0/24 ; SBL1\n"
				   "198.51.100.0/25 ; SBL2\n";

	with("");
	refused(list, "addresses = yes");
	with("addresses = yes");
	take(list);
	ck_assert_uint_eq(state.urls, 2);
	/* Without notes it looks like a list of URLs. */
	take("192.0.2.0/24\n198.51.100.0/25\n203.0.113.0/24\n");
	ck_assert_uint_eq(state.urls, 3);
	take("203.0.113.0/24\n198.51.100.7\n");
	ck_assert_uint_eq(state.urls, 2);
	take("192.0.2.1\nwww.a.example/x\nb.example/y\nc.example/z\n");
	ck_assert_str_eq(state.format, "urls");
}
END_TEST

/* ---- the form ---- */

START_TEST(what_makes_another_list_is_another_form)
{
	static const char *const forms[] = { "", "format = domains",
		"format = hosts", "match = exact", "match = below",
		"format = csv column = url", "format = csv column = host",
		"format = csv column = url only = \"type=x\"",
		"addresses = yes" };
	char form[9][24], again[24];

	for (unsigned i = 0; i < 9; i++) {
		with(forms[i]);
		collect_form(&conf->feeds[0], form[i]);
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(form[i], form[j]);
	}
	/* What does not matter to the list. */
	with("category = x trust = low action = drop ttl = 7 max-bad = 3");
	collect_form(&conf->feeds[0], again);
	ck_assert_str_eq(again, form[0]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/collect.c");
	TCase *tc = tcase_create("lists");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, lines_are_counted_and_listed);
	tcase_add_test(tc, exceptions_and_what_is_taken_back);
	tcase_add_test(tc, urls_are_kept_with_their_hosts);
	tcase_add_test(tc, the_texts_of_urls_are_not_kept_in_memory);
	tcase_add_test(tc, many_threads_make_the_same_list);
	tcase_add_test(tc, dates_survive);
	tcase_add_test(tc, a_name_is_dated_by_itself);
	tcase_add_test(tc, dates_of_urls_survive);
	tcase_add_test(tc, dates_of_exceptions_survive);
	tcase_add_test(tc, a_clock_that_goes_back_does_no_harm);
	tcase_add_test(tc, a_damaged_list_costs_the_dates_only);
	tcase_add_test(tc, many_days);
	tcase_add_test(tc, too_few_names);
	tcase_add_loop_test(tc, an_empty_list_after_a_full_one, 0, 4);
	tcase_add_loop_test(tc, an_empty_body_has_no_format, 0, 4);
	tcase_add_test(tc, it_shrank);
	tcase_add_test(tc, repeats_are_no_names);
	tcase_add_test(tc, it_grew);
	tcase_add_test(tc, a_small_list_may_grow);
	tcase_add_test(tc, too_many_bad_lines);
	tcase_add_test(tc, what_is_bad_is_shown_without_control_characters);
	tcase_add_loop_test(tc, pages_are_no_lists, 0, 5);
	tcase_add_loop_test(tc, real_pages_are_no_lists, 0, 4);
	tcase_add_test(tc, what_is_packed_has_a_limit);
	tcase_add_test(tc, a_body_that_is_gone);
	tcase_add_test(tc, an_allow_list_may_be_made_of_exceptions);
	tcase_add_test(tc, exceptions_alone_are_no_feed);
	tcase_add_test(tc, prefixes_alone_are_a_feed_of_addresses_only);
	tcase_add_test(tc, what_makes_another_list_is_another_form);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
