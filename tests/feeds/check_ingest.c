/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/ingest.c: every line is counted once, whatever the number of threads */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/ingest.h"
#include "tests/lib/kit.h"

#define LINES    60000u /* several blocks */
#define BAD_EACH 7000u

static struct fsk_writer *
writer(uint32_t *claim)
{
	const struct fsk_writer_options options = { .mode = FSK_NAMES,
		.threads = 2,
		.memory = FSK_MEMORY_MIN,
		.created = 1000000000 };
	const struct fsk_answer answer = { .ttl = 60 };
	struct fsk_claim c = {
		.feed = "f", .category = "c", .severity = FSK_RED
	};
	struct fsk_writer *w;
	struct fsk_error err;

	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("out.fsdb"), &options, &err), FSK_OK);
	ck_assert_int_eq(fsk_writer_answer(w, &answer, &c.class, &err), FSK_OK);
	ck_assert_int_eq(fsk_writer_claim(w, &c, claim, &err), FSK_OK);
	return w;
}

static int
take(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	return fsk_lane_add(
	    lane, &e->name, e->match, *(const uint32_t *)in->arg, err);
}

/* Ingests the file NAME with THREADS; returns what ingest() said. */
static int
ingest_file(const char *name, unsigned threads, bool strict,
    struct ingest_input *in, struct fsk_writer_result *result,
    struct fsk_error *err)
{
	const struct ingest_options options = { .threads = threads,
		.strict = strict };
	struct fsk_writer *w;
	uint32_t claim;
	int rc;

	memset(in, 0, sizeof(*in));
	in->path = kit_path(name);
	w = writer(&claim);
	in->take = take;
	in->arg = &claim;
	in->match = FSK_SUBTREE;
	rc = ingest(in, 1, w, &options, err);
	if (rc == FSK_OK && result != NULL)
		ck_assert_int_eq(fsk_writer_publish(w, result, err), FSK_OK);
	fsk_writer_close(w);
	return rc;
}

/* Names, comments and bad lines; of the names each stands there twice. */
static void
write_lines(void)
{
	FILE *f = fopen(kit_path("in"), "w");

	ck_assert_ptr_nonnull(f);
	for (unsigned i = 1; i <= LINES; i++)
		if (i % BAD_EACH == 0)
			fprintf(f, "bad line %u\n", i);
		else if (i % 10 == 0)
			fprintf(f, "# comment\n");
		else
			fprintf(f, "name-%u.of-some-length.example%s\n",
			    i % (LINES / 2), i % 3 == 0 ? "\r" : "");
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(all_lines_are_counted_once)
{
	const unsigned bad = LINES / BAD_EACH, comments = LINES / 10 - bad;
	struct fsk_writer_result result;
	struct ingest_input in;
	struct fsk_error err;

	write_lines();
	ck_assert_int_eq(
	    ingest_file("in", (unsigned)_i, false, &in, &result, &err), FSK_OK);
	ck_assert_ptr_eq(in.format, &parse_domains);
	ck_assert_uint_eq(in.lines, LINES);
	ck_assert_uint_eq(in.bad, bad);
	ck_assert_uint_eq(in.nothing, comments);
	ck_assert_uint_eq(in.skipped, 0);
	ck_assert_uint_eq(in.names, LINES - bad - comments);
	/* Every second of the names is new; but LINES / 2 divides by 10, and
	 * the bad lines fall on comments. */
	ck_assert_uint_eq(result.claims, in.names);
	ck_assert_uint_eq(result.entries, in.names / 2);
	ck_assert_uint_eq(in.samples, INGEST_SAMPLES);
	for (unsigned i = 0; i < INGEST_SAMPLES; i++)
		ck_assert_uint_eq(in.sample[i].line, (i + 1) * BAD_EACH);
	ck_assert_str_eq(in.sample[0].text, "bad line 7000");
}
END_TEST

START_TEST(strict_names_the_first_bad_line)
{
	struct ingest_input in;
	struct fsk_error err;
	char want[128];

	write_lines();
	ck_assert_int_eq(
	    ingest_file("in", (unsigned)_i, true, &in, NULL, &err), FSK_ENAME);
	snprintf(want, sizeof(want),
	    "%s:7000: more than one word: "
	    "'bad line 7000'",
	    kit_path("in"));
	ck_assert_str_eq(err.text, want);
}
END_TEST

START_TEST(the_last_line_needs_no_end)
{
	struct ingest_input in;
	struct fsk_error err;

	kit_write(kit_path("in"), "a.example\nb.example", 19);
	ck_assert_int_eq(ingest_file("in", 1, true, &in, NULL, &err), FSK_OK);
	ck_assert_uint_eq(in.lines, 2);
	ck_assert_uint_eq(in.names, 2);
}
END_TEST

START_TEST(a_byte_order_mark_is_not_part_of_the_first_name)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a.example\n";
	struct fsk_writer_result result;
	struct ingest_input in;
	struct fsk_error err;
	struct fsk_db *db;

	kit_write(kit_path("in"), text, sizeof(text) - 1);
	ck_assert_int_eq(
	    ingest_file("in", 1, true, &in, &result, &err), FSK_OK);
	ck_assert_int_eq(
	    fsk_db_open(&db, kit_path("out.fsdb"), FSK_DB_MAP, &err), FSK_OK);
	ck_assert(kit_ask(db, "a.example").covered);
	fsk_db_close(db);
}
END_TEST

START_TEST(a_line_without_end_is_no_list)
{
	size_t len = 2u << 20;
	char *text = malloc(len);
	struct ingest_input in;
	struct fsk_error err;

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', len);
	memcpy(text, "b.example\n", 10);
	kit_write(kit_path("in"), text, len);
	free(text);
	ck_assert_int_eq(
	    ingest_file("in", 2, false, &in, NULL, &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "in:"));
	ck_assert_ptr_nonnull(strstr(err.text, "no list"));
}
END_TEST

START_TEST(a_format_that_is_not_supported_is_called_by_its_name)
{
	static const char text[] = "\xef\xbb\xbf{+block}\n.a.example\n"
				   "b.example/path\n.c.example\n";
	struct ingest_input in;
	struct fsk_error err;
	char want[128];

	kit_write(kit_path("in"), text, sizeof(text) - 1);
	ck_assert_int_eq(
	    ingest_file("in", 1, false, &in, NULL, &err), FSK_EFORMAT);
	snprintf(want, sizeof(want),
	    "'%s' is an action file of Privoxy: that format is not supported",
	    kit_path("in"));
	ck_assert_str_eq(err.text, want);
	ck_assert_uint_eq(in.lines, 0);
}
END_TEST

START_TEST(what_a_feed_says_cannot_steer_a_terminal)
{
	struct ingest_input in;
	struct fsk_error err;

	kit_write(kit_path("in"), "a.b\n\033[31m\007x y\n", 14);
	ck_assert_int_eq(ingest_file("in", 1, false, &in, NULL, &err), FSK_OK);
	ck_assert_uint_eq(in.samples, 1);
	ck_assert_str_eq(in.sample[0].text, "?[31m?x y");
}
END_TEST

START_TEST(single_labels_are_counted)
{
	struct ingest_input in;
	struct fsk_error err;

	kit_write(kit_path("in"), "com\na.com\n*.net\n", 16);
	ck_assert_int_eq(ingest_file("in", 1, false, &in, NULL, &err), FSK_OK);
	ck_assert_uint_eq(in.single, 2);
}
END_TEST

START_TEST(a_cut_off_input_fails_with_many_threads)
{
	char command[512];
	struct ingest_input in;
	struct fsk_error err;

	write_lines();
	snprintf(command, sizeof(command),
	    "gzip -c %s | head -c 40000 >%s/cut.gz", kit_path("in"), kit_dir);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(
	    ingest_file("cut.gz", 8, false, &in, NULL, &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "cut.gz"));
}
END_TEST

START_TEST(what_a_format_leaves_open_is_told_at_its_end)
{
	static const char zone[] = "; title\na.b CNAME .\nc.d (\n";
	struct ingest_input in;
	struct fsk_error err;

	/* Without the last line nothing is open, and nothing is added. */
	for (size_t cut = 0; cut < 2; cut++) {
		kit_write(kit_path("in"), zone, sizeof(zone) - 1 - 6 * cut);
		ck_assert_int_eq(
		    ingest_file("in", 2, false, &in, NULL, &err), FSK_OK);
		ck_assert_str_eq(in.format->name, "rpz");
		ck_assert_uint_eq(in.lines, 3 - cut);
		ck_assert_uint_eq(in.names, 1);
		ck_assert_uint_eq(in.nothing, 2 - cut);
		ck_assert_uint_eq(in.bad, 1 - cut);
	}
}
END_TEST

/* Lines that are read here and lines that are read in other threads, and a
 * document. */
START_TEST(a_limit_is_for_what_unpacks)
{
	static const char *const formats[] = { "domains", "csv", "json" };
	const struct ingest_options options = { .threads = 2 };
	struct ingest_input in = { .format = parse_find(formats[_i]),
		.form = { .column = "1" },
		.take = take,
		.max_bytes = 1u << 20 };
	struct fsk_error err;
	struct fsk_writer *w;
	char command[512];
	uint32_t claim;

	snprintf(command, sizeof(command),
	    "head -c 20000000 /dev/zero | tr '\\0' '\\n' | gzip -c >%s",
	    kit_path("bomb.gz"));
	ck_assert_int_eq(system(command), 0);
	in.path = kit_path("bomb.gz");
	w = writer(&claim);
	in.arg = &claim;
	ck_assert_int_eq(ingest(&in, 1, w, &options, &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "unpacks to more than 1 MB"));
	fsk_writer_close(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/ingest.c");
	TCase *tc = tcase_create("files");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(tc, all_lines_are_counted_once, 1, 5);
	tcase_add_loop_test(tc, strict_names_the_first_bad_line, 1, 5);
	tcase_add_test(tc, the_last_line_needs_no_end);
	tcase_add_test(tc, a_byte_order_mark_is_not_part_of_the_first_name);
	tcase_add_test(tc, a_line_without_end_is_no_list);
	tcase_add_test(
	    tc, a_format_that_is_not_supported_is_called_by_its_name);
	tcase_add_test(tc, what_a_feed_says_cannot_steer_a_terminal);
	tcase_add_test(tc, single_labels_are_counted);
	tcase_add_test(tc, what_a_format_leaves_open_is_told_at_its_end);
	tcase_add_test(tc, a_cut_off_input_fails_with_many_threads);
	tcase_add_loop_test(tc, a_limit_is_for_what_unpacks, 0, 3);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
