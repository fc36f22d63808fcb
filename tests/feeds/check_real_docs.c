/* SPDX-License-Identifier: BSD-3-Clause */
/* Real tables and documents: the format is told, and the counts are what
 * Python's csv and json modules and awk say of the same files */
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/ingest.h"
#include "feeds/source.h"
#include "tests/lib/kit.h"

#define LSRULES \
	"same-list-all-formats/nordic-filters/" \
	"LittleSnitchNorwegianList.lsrules"

/* The path of a file or folder below the real data; NULL, and it is said, if it
 * is absent. */
static const char *
data_path(const char *file)
{
	static char path[1024];
	const char *data = getenv("FRAUDSINK_TEST_DATA");

	snprintf(
	    path, sizeof(path), "%s/feeds/%s", data != NULL ? data : "", file);
	if (access(path, R_OK) == 0)
		return path;
	printf("skipped: real tables and documents: no '%s'\n", path);
	return NULL;
}

static int
take(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	(void)in;
	(void)lane;
	(void)e;
	(void)err;
	return FSK_OK;
}

static struct ingest_input
read_file(const char *path, const struct parse_options *form)
{
	const struct fsk_writer_options writer = { .mode = FSK_NAMES,
		.threads = 1,
		.memory = FSK_MEMORY_MIN,
		.created = 1000000000 };
	const struct ingest_options options = { .threads = 1 };
	struct ingest_input in = { .path = path, .form = *form, .take = take };
	struct fsk_writer *w;
	struct fsk_error err;

	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("out.fsdb"), &writer, &err), FSK_OK);
	ck_assert_msg(ingest(&in, 1, w, &options, &err) == FSK_OK, "%s: %s",
	    path, err.text);
	fsk_writer_close(w);
	return in;
}

/*
 * How the counts come about: of the URLs in the column or under the key that is
 * meant, those with an IPv4 address for a host are skipped, those without a dot
 * in their host are bad, those with nothing but "/" behind their host are
 * names, and the rest URLs.  The header is nothing.
 */
static const struct {
	const char *file, *column, *only;
	const struct parse_format *format;
	uint64_t lines, names, urls, excepted, nothing, skipped, bad;
} files[] = {
	{ "csv/JPCERT__202510.csv.zst", NULL, NULL, &parse_csv, 5819, 835, 4977,
	    0, 1, 6, 0 },
	{ "csv/PhishTank__4col_2024.csv", NULL, NULL, &parse_csv, 1068, 355,
	    708, 0, 1, 4, 0 },
	{ "csv/PhishTank__verified_online_2021.csv.zst", NULL, NULL, &parse_csv,
	    11331, 2818, 8343, 0, 1, 169, 0 },
	/* Two addresses of the 2432 have a hexadecimal part. */
	{ "csv/ThreatFox__full_urls_2025-12-07.csv.zst", NULL, NULL, &parse_csv,
	    12361, 3564, 6340, 0, 10, 2432, 15 },
	{ "csv/TweetFeed__20210808_empty.csv", NULL, NULL, &parse_domains, 0, 0,
	    0, 0, 0, 0, 0 },
	/* 4985 domains and 4224 + 1002 URLs, less two each that are a page of
	 * names joined to one of over 255 octets; 813 "ip", 444 "sha256", 240
	 * "md5" and 384 URLs with an address. */
	{ "csv/TweetFeed__month.csv.zst", NULL, NULL, &parse_csv, 12092, 9205,
	    1002, 0, 0, 1881, 4 },
	{ "csv/TweetFeed__month.csv.zst", "4", "3=domain", &parse_csv, 12092,
	    4983, 0, 0, 0, 12092 - 4985, 2 },
	{ "csv/URLhaus__online_2026-02-07.csv.zst", NULL, NULL, &parse_csv,
	    13642, 20, 3928, 0, 9, 9685, 0 },
	{ "csv/URLhaus__online_2026-02-07.csv.zst", "url", "url_status=offline",
	    &parse_csv, 13642, 0, 0, 0, 9, 13633, 0 },
	{ "csv/blackbook.csv.zst", NULL, NULL, &parse_csv, 18152, 18151, 0, 0,
	    1, 0, 0 },

	/* 1549 indicators: 81 processes, 29 mail addresses, a file. */
	{ "json/Amnesty__pegasus.stix2.zst", NULL, NULL, &parse_json, 1549,
	    1438, 0, 0, 0, 111, 0 },
	/* 16 addresses and two patterns; two without a dot, "40%40%@...";
	 * "captcha-lookup.xyz?path=...". */
	{ "json/Discord-AntiScam__list.json.zst", NULL, NULL, &parse_json,
	    36749, 36727, 1, 0, 0, 18, 3 },
	/* The event's domain is not for detection. */
	{ "json/ESET__winter_vivern_misp.json.zst", NULL, NULL, &parse_json, 24,
	    0, 2, 0, 0, 22, 0 },
	/* "nnagic-eden-s0lana-bhzcamisetas" */
	{ "json/phantom__blocklist.yaml", NULL, NULL, &parse_yaml, 2319, 2318,
	    0, 0, 0, 0, 1 },
	{ "json/phantom__whitelist.yaml", "!url", NULL, &parse_yaml, 31, 0, 0,
	    31, 0, 0, 0 },
	/* "denySub" has "x.com/AcalaNetworks" and another. */
	{ "json/polkadot__all.json.zst", NULL, NULL, &parse_json, 54894, 54859,
	    2, 29, 0, 4, 0 },
	{ "json/polkadot__all.json.zst", "deny[]", NULL, &parse_json, 54863,
	    54859, 0, 0, 0, 4, 0 },
	/* One key is empty. */
	{ "json/scamsniffer__combined.json.zst", NULL, NULL, &parse_json, 2577,
	    2576, 0, 0, 1, 0, 0 },
	{ "json/spmedia__detected_urls.json", NULL, NULL, &parse_json, 1080,
	    1080, 0, 0, 0, 0, 0 },
	{ "json/threatpulse__urlhaus_api.json", NULL, NULL, &parse_json, 15, 0,
	    1, 0, 0, 14, 0 },
	/* Line 671 lacks a quote, and others do: it is no JSON, and so nothing
	 * of it is taken. */
	{ LSRULES, NULL, NULL, &parse_json, 1, 0, 0, 0, 0, 0, 1 },
};

START_TEST(real_files_have_these_counts)
{
	const char *path = data_path(files[_i].file);
	const struct parse_options form = { files[_i].column, files[_i].only };
	struct ingest_input in;

	if (path == NULL)
		return;
	in = read_file(path, &form);
	ck_assert_str_eq(in.format->name, files[_i].format->name);
	ck_assert_uint_eq(in.lines, files[_i].lines);
	ck_assert_uint_eq(in.names, files[_i].names);
	ck_assert_uint_eq(in.urls, files[_i].urls);
	ck_assert_uint_eq(in.excepted, files[_i].excepted);
	ck_assert_uint_eq(in.nothing, files[_i].nothing);
	ck_assert_uint_eq(in.skipped, files[_i].skipped);
	ck_assert_uint_eq(in.bad, files[_i].bad);
}
END_TEST

START_TEST(what_is_wrong_with_a_document_is_told_with_its_line)
{
	const struct parse_options none = { NULL, NULL };
	const char *path = data_path(LSRULES);
	struct ingest_input in;

	if (path == NULL)
		return;
	in = read_file(path, &none);
	ck_assert_uint_eq(in.samples, 1);
	ck_assert_str_eq(in.sample[0].why, "no JSON");
	ck_assert_ptr_eq(
	    strstr(in.sample[0].text, "line 671: "), in.sample[0].text);
}
END_TEST

static unsigned documents, others;

/* Whether FILE is told to be a table or a document only if it is one. */
static int
check_guess(const char *file, const struct stat *st, int kind, struct FTW *ftw)
{
	static char text[65536];
	const struct parse_format *format;
	struct fsk_error err;
	struct source *s;
	size_t len = 0;
	ssize_t n;
	bool is,
	    should = strstr(file, "/feeds/csv/") != NULL ||
	    strstr(file, "/feeds/json/") != NULL ||
	    strstr(file, ".lsrules") != NULL;

	(void)ftw;
	if (kind != FTW_F || st->st_size == 0)
		return 0;
	ck_assert_int_eq(source_open(&s, file, &err), FSK_OK);
	while (len < sizeof(text) &&
	    (n = source_read(
		 s, (uint8_t *)text + len, sizeof(text) - len, &err)) > 0)
		len += (size_t)n;
	source_close(s);
	/* A byte order mark goes before the format is told. */
	n = len > 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	format = parse_guess(text + n, len - (size_t)n);
	is = format == &parse_csv || format == &parse_json ||
	    format == &parse_ndjson || format == &parse_yaml;
	ck_assert_msg(is == should, "'%s' is told to be %s", file,
	    format != NULL ? format->name : "nothing");
	documents += should;
	others += !should;
	return 0;
}

START_TEST(no_other_file_is_told_to_be_one)
{
	ck_assert_int_eq(nftw(data_path(""), check_guess, 16, FTW_PHYS), 0);
	ck_assert_uint_ge(documents, 17);
	ck_assert_uint_ge(others, 50);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("real tables and documents");
	TCase *tc = tcase_create("files");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	if (data_path("") != NULL) {
		tcase_add_loop_test(tc, real_files_have_these_counts, 0,
		    sizeof(files) / sizeof(*files));
		tcase_add_test(
		    tc, what_is_wrong_with_a_document_is_told_with_its_line);
		tcase_add_test(tc, no_other_file_is_told_to_be_one);
	}
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
