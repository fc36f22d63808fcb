/* SPDX-License-Identifier: BSD-3-Clause */
/* What another database would change for real queries. */
#include "feeds/queries.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

static struct fsk_db *before, *after;
static struct queries q;

static void
setup(void)
{
	kit_setup();
	run_file("old", "gone.example\nsame.example\nsink.example\n");
	run_file("new",
	    "same.example\n=alone.example\n*.below.example\ntop.example\n"
	    "xn--bcher-kva.example\n");
	run_file("sink", "sink.example\n");
	free(run_output("build -q -o old.fsdb --feed f old"));
	free(run_output("build -q -o new.fsdb --feed f new --feed s "
			"--sinkhole 192.0.2.1 sink"));
	before = site_db("old.fsdb");
	after = site_db("new.fsdb");
}

static void
teardown(void)
{
	queries_fini(&q);
	fsk_db_close(before);
	fsk_db_close(after);
	kit_teardown();
}

/* Reads the file "q" of the test. */
static int
read_file(struct fsk_error *err)
{
	q = (struct queries){
		.before = before, .after = after, .folder = kit_dir
	};
	return queries_read(&q, kit_path("q"), err);
}

static void
read_text(const char *text)
{
	struct fsk_error err = { 0 };

	run_file("q", text);
	ck_assert_msg(read_file(&err) == FSK_OK, "%s", err.text);
}

/* All that changes, a line each, for free(). */
static char *
changes(void)
{
	char *text = NULL, entry[FSK_TEXT_MAX];
	struct query one;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	while (queries_next(&q, &one))
		fprintf(f, "%s %llu %s %s-%s by %s\n",
		    query_change_key(one.change), (unsigned long long)one.count,
		    one.name, query_word(&one.before), query_word(&one.after),
		    query_entry(query_behind(&one), entry));
	fclose(f);
	return text;
}

static void
gives(const char *want)
{
	char *is = changes();

	ck_assert_str_eq(is, want);
	free(is);
}

START_TEST(the_most_queried_come_first)
{
	read_text(
	    "a.top.example\nb.top.example\nb.top.example\nx.gone.example\n"
	    "gone.example\ngone.example\nsame.example\nother.example\n"
	    "sink.example\n");
	ck_assert_uint_eq(q.all, 9);
	ck_assert_uint_eq(q.bad, 0);
	ck_assert_uint_eq(q.count[QUERY_BLOCKED].queries, 3);
	ck_assert_uint_eq(q.count[QUERY_BLOCKED].names, 2);
	ck_assert_uint_eq(q.count[QUERY_FREED].queries, 3);
	ck_assert_uint_eq(q.count[QUERY_FREED].names, 2);
	ck_assert_uint_eq(q.count[QUERY_OTHERWISE].queries, 1);
	ck_assert_uint_eq(q.count[QUERY_OTHERWISE].names, 1);
	gives("newly_blocked 2 b.top.example resolved-nxdomain by top.example\n"
	      "newly_blocked 1 a.top.example resolved-nxdomain by top.example\n"
	      "no_longer_blocked 2 gone.example nxdomain-resolved by "
	      "gone.example\n"
	      "no_longer_blocked 1 x.gone.example nxdomain-resolved by "
	      "gone.example\n"
	      "answered_otherwise 1 sink.example nxdomain-sinkhole by "
	      "sink.example\n");
}
END_TEST

START_TEST(entries_match_as_they_do_for_the_resolver)
{
	read_text("alone.example\nx.alone.example\nbelow.example\n"
		  "x.below.example\nexample\n.\n");
	ck_assert_uint_eq(q.all, 6);
	gives("newly_blocked 1 alone.example resolved-nxdomain by "
	      "alone.example\n"
	      "newly_blocked 1 x.below.example resolved-nxdomain by "
	      "below.example\n");
}
END_TEST

START_TEST(one_name_in_many_spellings)
{
	read_text("top.example\nTOP.Example\ntop.example.\n  top.example \t\r\n"
		  "\\116op.example\nb\xc3\xbc"
		  "cher.example\nxn--bcher-kva.example\n"
		  "_dmarc.top.example\na\\032b\\009.top.example");
	ck_assert_uint_eq(q.all, 9);
	gives("newly_blocked 5 top.example resolved-nxdomain by top.example\n"
	      "newly_blocked 2 xn--bcher-kva.example resolved-nxdomain by "
	      "xn--bcher-kva.example\n"
	      "newly_blocked 1 _dmarc.top.example resolved-nxdomain by "
	      "top.example\n"
	      "newly_blocked 1 a\\032b\\009.top.example resolved-nxdomain by "
	      "top.example\n");
}
END_TEST

START_TEST(what_is_no_name_is_counted)
{
	read_text("\n   \n# top.example\ntop.example A\nhttp://top.example/\n"
		  "top..example\ntop.example\t1\n1,top.example\n"
		  "top.example;1\n\"top.example\"\n"
		  "0123456789012345678901234567890123456789012345678901234567"
		  "890123456789.example\n");
	ck_assert_uint_eq(q.all, 0);
	ck_assert_uint_eq(q.bad, 8);
	gives("");
}
END_TEST

START_TEST(an_empty_file)
{
	read_text("");
	ck_assert_uint_eq(q.all, 0);
	gives("");
}
END_TEST

START_TEST(compressed_files)
{
	struct fsk_error err = { 0 };

	run_file("plain", "top.example\ngone.example\n");
	ck_assert_int_eq(system(site_text("gzip -c @/plain >@/q")), 0);
	ck_assert_int_eq(read_file(&err), FSK_OK);
	ck_assert_uint_eq(q.all, 2);
	queries_fini(&q);
	ck_assert_int_eq(system(site_text("head -c 30 @/q >@/cut; "
					  "mv @/cut @/q")),
	    0);
	ck_assert_int_lt(read_file(&err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot unpack"));
}
END_TEST

START_TEST(no_file_and_no_text)
{
	struct fsk_error err = { 0 };
	FILE *f;

	ck_assert_int_eq(read_file(&err), FSK_EIO);
	queries_fini(&q);
	f = fopen(kit_path("q"), "w");
	for (unsigned i = 0; i < 100000; i++)
		fputc('a', f);
	fclose(f);
	ck_assert_int_eq(read_file(&err), FSK_EFORMAT);
}
END_TEST

#define MANY 300000 /* more than a sorter holds */

START_TEST(more_than_memory_holds)
{
	struct fsk_error err = { 0 };
	FILE *f = fopen(kit_path("q"), "w");
	struct query one;
	uint64_t n = 0, last = UINT64_MAX, sum = 0;

	/* Name I once, and those that end in 7 twice more. */
	for (unsigned pass = 0; pass < 3; pass++)
		for (unsigned i = 0; i < MANY; i++)
			if (pass == 0 || i % 10 == 7)
				fprintf(f, "n%06u.top.example\n", i);
	fclose(f);
	ck_assert_msg(read_file(&err) == FSK_OK, "%s", err.text);
	ck_assert_uint_eq(q.all, MANY + MANY / 5);
	ck_assert_uint_eq(q.count[QUERY_BLOCKED].names, MANY);
	ck_assert_uint_eq(q.count[QUERY_BLOCKED].queries, q.all);
	while (queries_next(&q, &one)) {
		char name[40];
		const unsigned i = (unsigned)(n < MANY / 10
			? n * 10 + 7
			: (n - MANY / 10) / 9 * 10 + (n - MANY / 10) % 9 +
			    ((n - MANY / 10) % 9 >= 7));

		snprintf(name, sizeof(name), "n%06u.top.example", i);
		ck_assert_str_eq(one.name, name);
		ck_assert_uint_eq(one.count, n < MANY / 10 ? 3 : 1);
		ck_assert_uint_le(one.count, last);
		last = one.count;
		sum += one.count;
		n++;
	}
	ck_assert_uint_eq(n, MANY);
	ck_assert_uint_eq(sum, q.all);
	/* Nothing lies about: two databases, three lists, the queries. */
	ck_assert_uint_eq(kit_files(), 6);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/queries");
	TCase *tc = tcase_create("queries");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_most_queried_come_first);
	tcase_add_test(tc, entries_match_as_they_do_for_the_resolver);
	tcase_add_test(tc, one_name_in_many_spellings);
	tcase_add_test(tc, what_is_no_name_is_counted);
	tcase_add_test(tc, an_empty_file);
	tcase_add_test(tc, compressed_files);
	tcase_add_test(tc, no_file_and_no_text);
	tcase_add_test(tc, more_than_memory_holds);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
