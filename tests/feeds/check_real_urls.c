/* SPDX-License-Identifier: BSD-3-Clause */
/* Real lists of URLs and real policy zones: the format is told, and the counts
 * are what grep and awk say of the same files */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/ingest.h"
#include "lib/hash.h"
#include "tests/lib/kit.h"

/* The path of a file below the real data, or NULL if it is absent. */
static const char *
data_path(const char *file)
{
	static char path[1024];
	const char *data = getenv("FRAUDSINK_TEST_DATA");

	snprintf(
	    path, sizeof(path), "%s/feeds/%s", data != NULL ? data : "", file);
	return access(path, R_OK) == 0 ? path : NULL;
}

/* Adds the hash of each name: the sum of a list does not depend on its order.
 */
static int
take(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	static const uint64_t key[2] = { 1, 2 };
	uint64_t *sum = in->arg;

	(void)lane;
	(void)err;
	*sum += fsk_siphash(key, e->name.wire, e->name.len);
	return FSK_OK;
}

/* Reads PATH in whatever format it is told to be in. */
static struct ingest_input
read_file(const char *path, uint64_t *sum)
{
	const struct fsk_writer_options writer = { .mode = FSK_NAMES,
		.threads = 1,
		.memory = FSK_MEMORY_MIN,
		.created = 1000000000 };
	const struct ingest_options options = { .threads = 1 };
	struct ingest_input in = { .path = path, .take = take, .arg = sum };
	struct fsk_writer *w;
	struct fsk_error err;

	*sum = 0;
	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("out.fsdb"), &writer, &err), FSK_OK);
	ck_assert_msg(ingest(&in, 1, w, &options, &err) == FSK_OK, "%s: %s",
	    path, err.text);
	fsk_writer_close(w);
	return in;
}

/*
 * How the counts come about, with GNU grep and awk:
 *
 * urls: skipped is `grep -cP '^(https?://)?\d+(\.\d+){3}([:/?]|$)'`; of the
 * others, names are `grep -cP '^(https?://)?[^/?#]+/?(#.*)?\s*$'` and URLs the
 * rest.  ACTIVE5 has five lines that are pieces of a URL and mail addresses,
 * UT1 one root that is written "/.", domains-INVALID "%20mandrillapp.com".
 *
 * rpz: names are `grep -vP '^[;$@!\s]' | grep -P '\s(CNAME|A|AAAA)\s' | awk
 * '{print tolower($1)}' | uniq | wc -l` less what is told beside.
 */
static const struct {
	const char *file;
	const struct parse_format *format;
	uint64_t lines, names, urls, excepted, nothing, skipped, bad;
} files[] = {
	{ "urls/Phishing.Database__links-ACTIVE5.txt.zst", &parse_urls, 26437,
	    10553, 15702, 0, 2, 175, 5 },
	{ "urls/UT1__phishing_urls.txt.zst", &parse_urls, 19460, 353, 18539, 0,
	    0, 568, 0 },
	{ "urls/Phishing.Database__links-INVALID.txt", &parse_urls, 5, 0, 5, 0,
	    0, 0, 0 },
	{ "urls/Phishing.Database__domains-INVALID.txt", &parse_urls, 5, 0, 3,
	    0, 0, 1, 1 },
	{ "series/openphish/01_00204ecb5487.txt", &parse_urls, 300, 219, 81, 0,
	    0, 0, 0 },
	{ "series/openphish/02_f1f3810d203b.txt", &parse_urls, 300, 176, 124, 0,
	    0, 0, 0 },
	{ "series/openphish/03_042d5b3da597.txt", &parse_urls, 300, 186, 114, 0,
	    0, 0, 0 },
	{ "series/openphish/04_74a5336f51b6.txt", &parse_urls, 300, 150, 150, 0,
	    0, 0, 0 },
	{ "series/openphish/05_579672e0bed2.txt", &parse_urls, 300, 144, 156, 0,
	    0, 0, 0 },
	{ "series/openphish/06_034c48538311.txt", &parse_urls, 300, 148, 152, 0,
	    0, 0, 0 },
	{ "series/openphish/07_ed4bea43a56e.txt", &parse_urls, 300, 214, 86, 0,
	    0, 0, 0 },
	{ "series/openphish/08_5610d1ffe6a1.txt", &parse_urls, 300, 212, 88, 0,
	    0, 0, 0 },

	{ "rpz/RodrigoAVV__db.rpz", &parse_rpz, 507, 332, 0, 0, 175, 0, 0 },
	/* "*" for all names; two are passthru. */
	{ "rpz/desec__rpz.zone", &parse_rpz, 10, 3, 0, 2, 4, 1, 0 },
	{ "rpz/hagezi__tif.medium_rpz.txt.zst", &parse_rpz, 43438, 43424, 0, 0,
	    14, 0, 0 },
	/* The addresses of the zone's name server are none of the list. */
	{ "rpz/oisd__db.black.rpz.zst", &parse_rpz, 114244, 114228, 0, 0, 16, 0,
	    0 },
	{ "rpz/oisd__db.white.rpz", &parse_rpz, 18, 2, 0, 0, 16, 0, 0 },
	{ "rpz/oisd__db.block", &parse_rpz, 8, 0, 0, 0, 8, 0, 0 },
	{ "rpz/ph00lt0__rpz-blocklist.txt.zst", &parse_rpz, 29498, 29498, 0, 0,
	    0, 0, 0 },
	{ "rpz/yangzhaofeng__db.rpz", &parse_rpz, 12, 1, 0, 0, 11, 0, 0 },
	/* Two AAAA records of one name are one entry. */
	{ "rpz-triggers/knot-resolver__policy.test.rpz", &parse_rpz, 18, 9, 0,
	    1, 7, 0, 0 },
	{ "rpz-triggers/knot-resolver__policy.test.rpz.soa", &parse_rpz, 5, 2,
	    0, 0, 3, 0, 0 },
	/* grep -c 'rpz-[a-z]*ip\|rpz-nsdname' without comments: 6. */
	{ "rpz-triggers/pdns__basic.rpz", &parse_rpz, 63, 10, 0, 1, 46, 6, 0 },
	{ "rpz-triggers/unbound_rpz_reload__rpz.example.com.zone", &parse_rpz,
	    6, 2, 0, 0, 4, 0, 0 },
	/* Skipped: 71 addresses and networks, a '*' not as "*." in 106 lines,
	 * one of the 19 exceptions among them; bad: two lines "!*.x"; the
	 * owners of four lines are those of the lines before. */
	{ "same-list-all-formats/nordic-filters/NordicFiltersRPZ.txt",
	    &parse_rpz, 879, 653, 0, 18, 25, 177, 2 },
	{ "same-list-all-formats/urlhaus-filter/urlhaus-filter-rpz.conf",
	    &parse_rpz, 2700, 2689, 0, 0, 11, 0, 0 },
	{ "compressed-as-served/urlhaus-filter-rpz.conf.gz", &parse_rpz, 2700,
	    2689, 0, 0, 11, 0, 0 },
};

START_TEST(real_files_have_these_counts)
{
	const char *path = data_path(files[_i].file);
	struct ingest_input in;
	uint64_t sum;

	if (path == NULL) {
		printf("skipped: no '%s' in the real data\n", files[_i].file);
		return;
	}
	in = read_file(path, &sum);
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

/* The same build of the same list. */
START_TEST(a_zone_has_the_names_of_the_hosts_file)
{
	const char *path = data_path(
	    "same-list-all-formats/urlhaus-filter/urlhaus-filter-rpz.conf");
	uint64_t zone, hosts;

	if (path == NULL) {
		printf("skipped: no urlhaus-filter in the real data\n");
		return;
	}
	read_file(path, &zone);
	path = data_path(
	    "same-list-all-formats/urlhaus-filter/urlhaus-filter-hosts.txt");
	ck_assert_ptr_nonnull(path);
	ck_assert_ptr_eq(read_file(path, &hosts).format, &parse_hosts);
	ck_assert_uint_eq(zone, hosts);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("real URLs and zones");
	TCase *tc = tcase_create("files");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(tc, real_files_have_these_counts, 0,
	    sizeof(files) / sizeof(*files));
	tcase_add_test(tc, a_zone_has_the_names_of_the_hosts_file);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
