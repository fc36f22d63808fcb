/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/options.c, with a table of its own. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/options.h"
#include "tests/feeds/faults.h"
#include "tests/lib/kit.h"

/* ---- a file ---- */

struct inner {
	struct section_head head;
	uint64_t number;
};

struct alone {
	struct section_head head;
	char *text;
	struct section_list inners;
};

struct everything {
	char *text, *path, *unset;
	struct option_texts list;
	uint64_t number, size, duration, choice, unset_number;
	bool flag, other_flag;
	struct alone alone;
	struct section_list inners;
};

#define AT(f) offsetof(struct everything, f)
static const struct conf_option options[] = {
	{ "text", OPTION_TEXT, AT(text), "as usual", 0, 0, NULL },
	{ "path", OPTION_PATH, AT(path), "/usual", 0, 0, NULL },
	{ "unset", OPTION_TEXT, AT(unset), NULL, 0, 0, NULL },
	{ "list", OPTION_TEXTS, AT(list), NULL, 0, 0, NULL },
	{ "number", OPTION_NUMBER, AT(number), "7", 5, 10, NULL },
	{ "size", OPTION_SIZE, AT(size), "2K", 1, 1 << 20, NULL },
	{ "duration", OPTION_DURATION, AT(duration), "2h", 60, 864000, NULL },
	{ "choice", OPTION_CHOICE, AT(choice), "two", 0, 0, "one two three" },
	{ "unset-number", OPTION_NUMBER, AT(unset_number), NULL, 0,
	    UINT64_MAX - 1, NULL },
	{ "flag", OPTION_FLAG, AT(flag), "yes", 0, 0, NULL },
	{ "other-flag", OPTION_FLAG, AT(other_flag), NULL, 0, 0, NULL },
};
static const struct conf_option inner_options[] = {
	{ "number", OPTION_NUMBER, offsetof(struct inner, number), "1", 0, 9,
	    NULL },
};
static const struct conf_option alone_options[] = {
	{ "text", OPTION_TEXT, offsetof(struct alone, text), "lonely", 0, 0,
	    NULL },
};
static const struct section alone_sections[] = {
	{ "inner", inner_options, 1, NULL, offsetof(struct alone, inners), true,
	    sizeof(struct inner) },
	{ 0 },
};
static const struct section sections[] = {
	{ "alone", alone_options, 1, alone_sections, AT(alone), false, 0 },
	{ "inner", inner_options, 1, NULL, AT(inners), true,
	    sizeof(struct inner) },
	{ 0 },
};
static const struct section file = { NULL, options,
	sizeof(options) / sizeof(*options), sections, 0, false,
	sizeof(struct everything) };

static struct everything e;
static struct faults faults;

/* Reads LEN octets at TEXT; whether to the end. */
static bool
read_octets(const char *text, size_t len)
{
	struct options_reader r = {
		.path = kit_path("conf"), .tell = faults_tell, .arg = &faults
	};
	bool whole;

	memset(&e, 0, sizeof(e));
	memset(&faults, 0, sizeof(faults));
	kit_write(r.path, text, len);
	whole = options_read(&r, &file, &e);
	ck_assert_uint_eq(r.faults, faults.n);
	return whole;
}

static bool
read_text(const char *text)
{
	return read_octets(text, strlen(text));
}

static void
forget(void)
{
	options_free(&file, &e);
}

/* Reads TEXT, which must be good. */
static void
read_good(const char *text)
{
	bool whole = read_text(text);

	faults_count(&faults, 0);
	ck_assert(whole);
}

/* ---- what is good ---- */

START_TEST(what_is_not_said_has_its_default)
{
	read_good("");
	ck_assert_str_eq(e.text, "as usual");
	ck_assert_str_eq(e.path, "/usual");
	ck_assert_ptr_null(e.unset);
	ck_assert_uint_eq(e.list.n, 0);
	ck_assert_uint_eq(e.list.line, 0);
	ck_assert_uint_eq(e.number, 7);
	ck_assert_uint_eq(e.size, 2048);
	ck_assert_uint_eq(e.duration, 7200);
	ck_assert_uint_eq(e.choice, 1);
	ck_assert_uint_eq(e.unset_number, OPTION_UNSET);
	ck_assert(e.flag);
	ck_assert(!e.other_flag);
	ck_assert_str_eq(e.alone.text, "lonely");
	ck_assert_uint_eq(e.inners.n, 0);
	ck_assert_uint_eq(e.alone.inners.n, 0);
	forget();
}
END_TEST

START_TEST(what_is_said_is_taken)
{
	read_good("text = \"a \\\"b\\\" c\"\npath = /x/y\nunset = 'it is'\n"
		  "list = {\"a\", b,\n \"c d\"}\n"
		  "number = 5 size = 1M duration = 3d choice = three\n"
		  "unset-number = 0 flag = off other-flag = true\n"
		  "alone {\n text = \"no\"\n\n inner \"x\" { number = 3 } }\n"
		  "inner \"p q\" {\n\n number = 4 }\ninner r { }\n");
	ck_assert_str_eq(e.text, "a \"b\" c");
	ck_assert_str_eq(e.path, "/x/y");
	ck_assert_str_eq(e.unset, "it is");
	ck_assert_uint_eq(e.list.n, 3);
	ck_assert_str_eq(e.list.at[0], "a");
	ck_assert_str_eq(e.list.at[2], "c d");
	ck_assert_uint_ge(e.list.line, 4);
	ck_assert_uint_le(e.list.line, 5);
	ck_assert_uint_eq(e.number, 5);
	ck_assert_uint_eq(e.size, 1 << 20);
	ck_assert_uint_eq(e.duration, 3 * 86400);
	ck_assert_uint_eq(e.choice, 2);
	ck_assert_uint_eq(e.unset_number, 0);
	ck_assert(!e.flag);
	ck_assert(e.other_flag);
	ck_assert_str_eq(e.alone.text, "no");
	ck_assert_uint_eq(e.alone.inners.n, 1);
	ck_assert_uint_eq(((struct inner *)e.alone.inners.at)->number, 3);
	ck_assert_uint_eq(e.inners.n, 2);
	ck_assert_str_eq(((struct inner *)e.inners.at)[0].head.title, "p q");
	ck_assert_uint_eq(((struct inner *)e.inners.at)[0].head.line, 14);
	ck_assert_uint_eq(((struct inner *)e.inners.at)[0].number, 4);
	ck_assert_uint_eq(((struct inner *)e.inners.at)[1].number, 1);
	forget();
}
END_TEST

START_TEST(sections_know_where_their_options_stand)
{
	const struct inner *inner;

	read_good("inner a {\n\n number = 4\n}\n"
		  "inner b {\n\n}\n"
		  "alone {\n inner c { number = 1 }\n text = x\n}\n");
	inner = e.inners.at;
	ck_assert_uint_eq(options_line(&inner[0].head, &inner[0].number), 3);
	ck_assert_uint_eq(inner[0].head.line, 3);
	/* What is not said is told where its section is. */
	ck_assert_uint_eq(options_line(&inner[1].head, &inner[1].number), 7);
	ck_assert_uint_eq(options_line(&e.alone.head, &e.alone.text), 10);
	ck_assert_uint_eq(options_line(&e.alone.head, &e.alone.inners), 10);
	ck_assert_ptr_null(e.alone.head.title);
	forget();
	read_good("");
	ck_assert_uint_eq(options_line(&e.alone.head, &e.alone.text), 0);
	forget();
}
END_TEST

/* Each says text = "x y" or, without quotes, x//y. */
static const char *const same[] = {
	"text = \"x y\"",
	"text=\"x y\"",
	"text = 'x y'",
	"# text = \"no\"\ntext = \"x y\" # don't",
	"// text = \"no\"\ntext = \"x y\" // don't",
	"/* text = \"no\"\n * don't { */text = \"x y\"",
	"/**/text = \"x y\"/*",
	"\xef\xbb\xbftext = \"x y\"",
	"text = \"x y\"\r\nnumber = 7\r\n",
	"\n\n\ntext\n=\n\"x y\"\n",
	"alone { text = \"}\" } text = \"x y\"",
	"alone { text = '{' } text = \"x y\"",
	"text = \"x \\\ny\"",
};

START_TEST(the_same_in_many_ways)
{
	read_good(same[_i]);
	ck_assert_str_eq(e.text, "x y");
	forget();
}
END_TEST

START_TEST(two_slashes_within_a_word_are_no_comment)
{
	read_good("text = https://feeds.test/a//b//c\nnumber = 8");
	ck_assert_str_eq(e.text, "https://feeds.test/a//b//c");
	ck_assert_uint_eq(e.number, 8);
	forget();
	read_good("text = a#b = c");
	ck_assert_str_eq(e.text, "a");
	forget();
}
END_TEST

/* ---- what is not ---- */

static const struct {
	const char *text;
	unsigned line;
	const char *fault;
} bad[] = {
	{ "number = 4", 1, "'4' is no value for 'number': a number from 5 to" },
	{ "number = 11", 1, "a number from 5 to 10" },
	{ "\nnumber = -1", 2, "a number from 5 to 10" },
	{ "number = 0x7", 1, "'0x7' is no value" },
	{ "number = 7k", 1, "'7k' is no value" },
	{ "number = \"\"", 1, "'' is no value" },
	{ "number = \" 7\"", 1, "' 7' is no value" },
	{ "number = 99999999999999999999999", 1, "is no value" },
	{ "size = 2M", 1, "1 to 1048576 (octets; or with K, M, G)" },
	{ "size = 0", 1, "is no value" },
	{ "size = 1KB", 1, "is no value" },
	{ "size = 18014398509481984K", 1, "is no value" }, /* wraps to 0 */
	{ "duration = 59", 1, "(seconds; or with s, m, h, d, w)" },
	{ "duration = 1y", 1, "is no value" },
	{ "duration = 2w", 1, "is no value" },
	{ "duration = 1h30m", 1, "is no value" },
	{ "choice = four", 1, "must be one of one two three" },
	{ "choice = \"one two\"", 1, "must be one of" },
	{ "choice = \"\"", 1, "must be one of" },
	{ "choice = on", 1, "must be one of" },
	{ "flag = maybe", 1, "'maybe' is no value for 'flag': it must be yes" },
	{ "flag = YES", 1, "yes or no" },
	{ "path = x", 1,
	    "'x' is no value for 'path': it must be a whole path" },
	{ "\n\nnone = 1", 3, "no such option 'none'" },
	{ "alone {\n none = 1\n}", 2, "no such option 'none'" },
	{ "inner \"a\" {\n none = 1\n}", 2, "no such option 'none'" },
	{ "include(\"/etc/passwd\")", 1, "no such option 'include'" },
	{ "inner { number = 1 }", 1, "" },
	{ "inner \"a\" { number = 1 }\ninner \"a\" { number = 2 }", 2,
	    "duplicate title 'a'" },
	{ "inner \"a\" {\n number = 1\n", 1, "'{' without its '}'" },
	{ "\nalone {\n inner \"a\" {\n }\n", 2, "'{' without its '}'" },
	{ "# {\nlist = {\"a\", \"}\"", 2, "'{' without its '}'" },
	{ "number = 7 }", 1, "" },
	{ "text = \"x\n\n", 3, "" },
	{ "number 7", 1, "" },
	{ "number", 1, "" },
	{ "= 7", 1, "" },
	{ "list = \"a\" = \"b\"", 1, "" },
	{ "\x01\x02\x03", 1, "" },
};

START_TEST(what_is_wrong_is_told_with_its_line)
{
	read_text(bad[_i].text);
	faults_has(&faults, bad[_i].line, bad[_i].fault);
	faults_count(&faults, 1);
	forget();
}
END_TEST

START_TEST(all_that_is_wrong_is_told)
{
	ck_assert(read_text("number = 1\n"
			    "bogus = 2\n"
			    "size = huge\n"
			    "alone {\n"
			    "  more-bogus = \"x\"\n"
			    "  inner \"i\" { number = 10 }\n"
			    "}\n"
			    "choice = none\n"
			    "flag = 7\n"
			    "path = here\n") == true);
	faults_count(&faults, 8);
	faults_has(&faults, 1, "'number'");
	faults_has(&faults, 2, "'bogus'");
	faults_has(&faults, 3, "'size'");
	faults_has(&faults, 5, "'more-bogus'");
	faults_has(&faults, 6, "'number'");
	faults_has(&faults, 8, "'choice'");
	faults_has(&faults, 9, "'flag'");
	faults_has(&faults, 10, "'path'");
	forget();
}
END_TEST

START_TEST(what_cannot_be_read_is_told)
{
	struct options_reader r = {
		.path = "/nonexistent/conf", .tell = faults_tell, .arg = &faults
	};

	ck_assert(!options_read(&r, &file, &e));
	faults_count(&faults, 1);
	ck_assert_ptr_nonnull(
	    strstr(faults.text[0], "cannot open it: No such file"));
	r.path = kit_dir;
	ck_assert(!options_read(&r, &file, &e));
	faults_count(&faults, 2);
	ck_assert_ptr_nonnull(strstr(faults.text[1], "cannot read it"));
}
END_TEST

START_TEST(what_is_no_text_is_told)
{
	ck_assert(!read_octets("number = 7\0\n", 12));
	faults_has(&faults, 0, "no configuration: too large or with NUL");
	forget();
}
END_TEST

START_TEST(a_file_too_large_is_told)
{
	const size_t len = (16 << 20) + 1;
	char *text = malloc(len);

	memset(text, '\n', len);
	ck_assert(!read_octets(text, len));
	faults_has(&faults, 0, "too large");
	forget();
	free(text);
}
END_TEST

/* ---- numbers ---- */

START_TEST(durations_and_sizes)
{
	uint64_t v;

	ck_assert(option_duration("90", &v) && v == 90);
	ck_assert(option_duration("90s", &v) && v == 90);
	ck_assert(option_duration("30m", &v) && v == 1800);
	ck_assert(option_duration("6h", &v) && v == 21600);
	ck_assert(option_duration("2d", &v) && v == 172800);
	ck_assert(option_duration("1w", &v) && v == 604800);
	ck_assert(option_duration("0", &v) && v == 0);
	ck_assert(!option_duration("", &v));
	ck_assert(!option_duration("h", &v));
	ck_assert(!option_duration("1 h", &v));
	ck_assert(!option_duration("1M", &v));
	ck_assert(!option_duration("+1", &v));
	ck_assert(!option_duration("1.5h", &v));
	ck_assert(!option_duration("213503982334602d", &v));
	ck_assert(option_size("512M", &v) && v == 512 << 20);
	ck_assert(option_size("512m", &v) && v == 512 << 20);
	ck_assert(option_size("1G", &v) && v == 1 << 30);
	ck_assert(option_size("3k", &v) && v == 3072);
	ck_assert(option_size("18446744073709551615", &v) && v == UINT64_MAX);
	ck_assert(!option_size("18446744073709551616", &v));
	ck_assert(!option_size("18014398509481984K", &v));
	ck_assert(!option_size("1T", &v));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/options.c");
	TCase *tc = tcase_create("files");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, what_is_not_said_has_its_default);
	tcase_add_test(tc, what_is_said_is_taken);
	tcase_add_test(tc, sections_know_where_their_options_stand);
	tcase_add_loop_test(
	    tc, the_same_in_many_ways, 0, sizeof(same) / sizeof(*same));
	tcase_add_test(tc, two_slashes_within_a_word_are_no_comment);
	tcase_add_loop_test(tc, what_is_wrong_is_told_with_its_line, 0,
	    sizeof(bad) / sizeof(*bad));
	tcase_add_test(tc, all_that_is_wrong_is_told);
	tcase_add_test(tc, what_cannot_be_read_is_told);
	tcase_add_test(tc, what_is_no_text_is_told);
	tcase_add_test(tc, a_file_too_large_is_told);
	tcase_add_test(tc, durations_and_sizes);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
