/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds as its users run it: build, lookup, info, dump */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/feeds/run.h"
#include "tests/lib/kit.h"

/* A key, so that equal input makes equal files. */
#define FIXED "--key-file key --serial 9 --since 2026-01-31"

static void
setup(void)
{
	kit_setup();
	setenv("SOURCE_DATE_EPOCH", "1767225600", 1); /* 2026-01-01 */
	run_file("key", "0123456789abcdef");
}

/* ---- build, then lookup ---- */

START_TEST(what_is_built_is_found)
{
	struct run r;

	run_file("in", "fraud.example\n*.below.example\n=exact.example\n");
	run_feeds(&r, NULL,
	    "build -o a.fsdb --feed phish --category phishing "
	    "--since 2026-01-31 in");
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(r.out, "");
	ck_assert_ptr_nonnull(strstr(r.err, "in (domains): 3 lines: 3 names"));
	ck_assert_ptr_nonnull(strstr(r.err, "a.fsdb: 3 entries"));
	run_free(&r);

	run_feeds(&r, NULL,
	    "lookup -d a.fsdb fraud.example WWW.Fraud.Example. "
	    "below.example x.below.example exact.example x.exact.example "
	    "notfraud.example example");
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(r.err, "");
	ck_assert_str_eq(r.out,
	    "fraud.example: nxdomain, entry fraud.example (subtree), feed "
	    "phish, category phishing, severity red, since 2026-01-31\n"
	    "WWW.Fraud.Example.: nxdomain, entry fraud.example (subtree), feed "
	    "phish, category phishing, severity red, since 2026-01-31\n"
	    "below.example: not listed\n"
	    "x.below.example: nxdomain, entry *.below.example (below), feed "
	    "phish, category phishing, severity red, since 2026-01-31\n"
	    "exact.example: nxdomain, entry exact.example (exact), feed "
	    "phish, category phishing, severity red, since 2026-01-31\n"
	    "x.exact.example: not listed\n"
	    "notfraud.example: not listed\n"
	    "example: not listed\n");
	run_free(&r);
	ck_assert_int_eq(
	    run_status(NULL, "lookup -d a.fsdb notfraud.example"), 1);
}
END_TEST

START_TEST(lookup_reads_names_from_standard_input)
{
	struct run r;

	run_file("in", "fraud.example\nb\303\274cher.example\n");
	free(run_output("build -q -o a.fsdb in"));
	run_feeds(&r,
	    "  ok.example \r\n\nfraud.example\nB\303\234CHER.example\n",
	    "lookup -d a.fsdb -");
	ck_assert_int_eq(r.status, 0);
	ck_assert_ptr_nonnull(strstr(r.out, "ok.example: not listed\n"));
	ck_assert_ptr_nonnull(
	    strstr(r.out, "\nfraud.example: nxdomain, entry fraud.example"));
	ck_assert_ptr_nonnull(strstr(r.out,
	    "B\303\234CHER.example: nxdomain, entry xn--bcher-kva.example"));
	run_free(&r);
	ck_assert_int_eq(run_status("ok.example\n", "lookup -d a.fsdb -"), 1);
	ck_assert_int_eq(run_status("", "lookup -d a.fsdb -"), 1);
}
END_TEST

START_TEST(a_name_that_is_none_is_an_error_and_the_rest_is_answered)
{
	struct run r;

	run_file("in", "fraud.example\n");
	free(run_output("build -q -o a.fsdb in"));
	run_feeds(&r, NULL, "lookup -d a.fsdb a..b fraud.example");
	ck_assert_int_eq(r.status, 2);
	ck_assert_ptr_nonnull(strstr(r.err, "'a..b' is not a domain name"));
	ck_assert_ptr_nonnull(strstr(r.out, "fraud.example: nxdomain"));
	run_free(&r);
}
END_TEST

START_TEST(what_stands_before_a_nul_is_no_name)
{
	static const char names[] = "fraud.example\0.ok.example\n"
				    "fraud.example\0\n";
	char command[512];
	int rc;

	run_file("in", "fraud.example\n");
	free(run_output("build -q -o a.fsdb in"));
	kit_write(kit_path("names"), (const uint8_t *)names, sizeof(names) - 1);
	snprintf(command, sizeof(command),
	    "cd %s && $FRAUDSINK_TEST_FEEDS lookup -d a.fsdb - "
	    "<names >out 2>/dev/null && exit 3; test ! -s out",
	    kit_dir);
	rc = system(command);
	ck_assert(WIFEXITED(rc));
	ck_assert_int_eq(WEXITSTATUS(rc), 0);
}
END_TEST

START_TEST(lookup_prints_json)
{
	struct run r;
	json_t *j;
	char *line;

	run_file("in", "*.fraud.example\n");
	run_file("in2", "*.fraud.example\n");
	run_file("ok", "fine.fraud.example\n");
	free(run_output("build -q -o a.fsdb --feed one --category scam "
			"--since 2026-01-31 --severity yellow in "
			"--feed two --since 2025-12-31 in2 "
			"--feed mine --action allow ok"));
	run_feeds(&r, NULL,
	    "lookup --json -d a.fsdb X.fraud.example other.example "
	    "fine.fraud.example");
	ck_assert_int_eq(r.status, 0);
	line = strchr(r.out, '\n');
	ck_assert_ptr_nonnull(line);
	*line++ = '\0';
	j = run_json(r.out);
#define STRING(key) json_string_value(json_object_get(j, key))
	ck_assert_str_eq(STRING("name"), "X.fraud.example");
	ck_assert(json_is_true(json_object_get(j, "listed")));
	ck_assert_str_eq(STRING("action"), "nxdomain");
	ck_assert_str_eq(STRING("entry"), "fraud.example");
	ck_assert_str_eq(STRING("match"), "below");
	ck_assert_str_eq(STRING("category"), "scam");
	ck_assert_str_eq(STRING("severity"), "yellow");
	ck_assert_str_eq(STRING("since"), "2025-12-31");
	ck_assert_uint_eq(json_array_size(json_object_get(j, "feeds")), 2);
	json_decref(j);

	r.out = memmove(r.out, line, strlen(line) + 1);
	line = strchr(r.out, '\n');
	*line++ = '\0';
	j = run_json(r.out);
	ck_assert_str_eq(STRING("name"), "other.example");
	ck_assert(json_is_false(json_object_get(j, "listed")));
	json_decref(j);

	j = run_json(line);
	ck_assert_str_eq(STRING("action"), "allow");
	ck_assert(json_is_false(json_object_get(j, "listed")));
	ck_assert_str_eq(STRING("entry"), "fine.fraud.example");
#undef STRING
	json_decref(j);
	run_free(&r);
	/* Allowed is not listed. */
	ck_assert_int_eq(
	    run_status(NULL, "lookup -d a.fsdb fine.fraud.example"), 1);
}
END_TEST

/* ---- URLs ---- */

START_TEST(urls_are_found_and_do_not_block_their_hosts)
{
	struct run r;

	run_file("in",
	    "https://docs.example:443/a/b?x=1#y\nevil.example\n"
	    "http://shared.example/~u/\n");
	run_feeds(&r, NULL,
	    "build -o a.fsdb --feed ph --category phishing "
	    "--since 2026-01-31 in");
	ck_assert_int_eq(r.status, 0);
	ck_assert_ptr_nonnull(
	    strstr(r.err, "in (urls): 3 lines: 1 names, 2 URLs, "));
	ck_assert_ptr_nonnull(strstr(r.err, "a.fsdb: 1 entries, 2 URLs, "));
	run_free(&r);

	run_feeds(&r, NULL,
	    "lookup -d a.fsdb http://DOCS.example/a/./b?x=1 docs.example "
	    "docs.example/ https://docs.example/a/b "
	    "hxxp://www.evil[.]example/x "
	    "www.shared.example/~u/x/y http://192.0.2.1/");
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(r.err, "");
	ck_assert_str_eq(r.out,
	    "http://DOCS.example/a/./b?x=1: URL listed, entry "
	    "docs.example/a/b?x=1 (url), feed ph, category phishing, severity "
	    "red, since 2026-01-31\n"
	    "docs.example: not listed\n"
	    "docs.example/: not listed\n"
	    "https://docs.example/a/b: not listed\n"
	    "hxxp://www.evil[.]example/x: nxdomain, entry evil.example "
	    "(subtree), feed ph, category phishing, severity red, since "
	    "2026-01-31\n"
	    "www.shared.example/~u/x/y: URL listed, entry shared.example/~u/ "
	    "(url), feed ph, category phishing, severity red, since "
	    "2026-01-31\n"
	    "http://192.0.2.1/: not listed\n");
	run_free(&r);
	ck_assert_int_eq(run_status(NULL, "lookup -d a.fsdb docs.example/"), 1);
	ck_assert_int_eq(
	    run_status(NULL, "lookup -d a.fsdb docs.example/a/b?x=1"), 0);
}
END_TEST

START_TEST(hosts_of_urls_are_listed_when_asked_for)
{
	char *out;

	run_file("in", "http://docs.example/a\n");
	free(run_output("build -q -o a.fsdb --url-hosts in"));
	out = run_output("lookup -d a.fsdb www.docs.example docs.example/b");
	ck_assert_ptr_nonnull(strstr(out, "www.docs.example: nxdomain, entry"));
	ck_assert_ptr_nonnull(strstr(out, "docs.example/b: nxdomain, entry"));
	free(out);
}
END_TEST

START_TEST(lookup_of_urls_prints_json)
{
	struct run r;
	json_t *j;

	run_file("in", "http://docs.example/a/\n");
	run_file("in2", "http://docs.example/a/\n");
	run_file("ok", "docs.example\nhttp://docs.example/a/fine\n");
	free(run_output("build -q -o a.fsdb --feed one --category scam "
			"--since 2026-01-31 in --feed two in2 --feed mine "
			"--format urls --action allow ok"));
	/* Who allows the host does not vouch for all of its paths. */
	run_feeds(
	    &r, NULL, "lookup --json -d a.fsdb http://docs.example/a/b?c");
	ck_assert_int_eq(r.status, 0);
	j = run_json(r.out);
#define STRING(key) json_string_value(json_object_get(j, key))
	ck_assert_str_eq(STRING("name"), "http://docs.example/a/b?c");
	ck_assert(json_is_true(json_object_get(j, "listed")));
	ck_assert(json_is_null(json_object_get(j, "action")));
	ck_assert_str_eq(STRING("entry"), "docs.example/a/");
	ck_assert_str_eq(STRING("match"), "url");
	ck_assert_str_eq(STRING("category"), "scam");
	ck_assert_str_eq(STRING("severity"), "red");
	ck_assert_str_eq(STRING("since"), "2026-01-31");
	ck_assert_uint_eq(json_array_size(json_object_get(j, "feeds")), 2);
	json_decref(j);
	run_free(&r);

	run_feeds(&r, NULL, "lookup --json -d a.fsdb docs.example/a/fine");
	ck_assert_int_eq(r.status, 1);
	j = run_json(r.out);
	ck_assert(json_is_false(json_object_get(j, "listed")));
	ck_assert_str_eq(STRING("action"), "allow");
	ck_assert_str_eq(STRING("entry"), "docs.example/a/fine");
	json_decref(j);
	run_free(&r);

	run_feeds(&r, NULL, "lookup --json -d a.fsdb docs.example/b");
	ck_assert_int_eq(r.status, 1);
	j = run_json(r.out);
	ck_assert(json_is_false(json_object_get(j, "listed")));
	ck_assert_str_eq(STRING("entry"), "docs.example");
	ck_assert_str_eq(STRING("match"), "subtree");
#undef STRING
	json_decref(j);
	run_free(&r);
}
END_TEST

START_TEST(a_url_that_is_none_is_an_error_and_steers_no_terminal)
{
	struct run r;

	run_file("in", "http://docs.example/a\n");
	free(run_output("build -q -o a.fsdb in"));
	run_feeds(&r,
	    "http://a b/\033[2J\nhttp://docs.example/\033\177\n\033.x\n"
	    "javascript://a.example/\nhttp://docs.example/a\n",
	    "lookup -d a.fsdb -");
	ck_assert_int_eq(r.status, 2);
	ck_assert_ptr_nonnull(strstr(r.err, "'http://a b/?[2J' is not a URL"));
	ck_assert_ptr_nonnull(strstr(r.err, "'?.x' is not a domain name"));
	ck_assert_ptr_nonnull(
	    strstr(r.err, "'javascript://a.example/' is not a URL"));
	ck_assert_ptr_nonnull(
	    strstr(r.out, "http://docs.example/??: not listed\n"));
	ck_assert_ptr_nonnull(
	    strstr(r.out, "http://docs.example/a: URL listed, "));
	ck_assert_ptr_null(strchr(r.err, '\033'));
	ck_assert_ptr_null(strchr(r.out, '\033'));
	run_free(&r);
}
END_TEST

/* Whether TEXT has characters that steer a terminal: C0, C1 as UTF-8 or as they
 * are.  (DEL does nothing.) */
static bool
steers(const char *text)
{
	for (const uint8_t *p = (const uint8_t *)text; *p != '\0'; p++)
		if ((*p < 0x20 && *p != '\n') || (*p >= 0x80 && *p < 0xa0))
			return true;
	return false;
}

/* A database that was made elsewhere may say anything. */
START_TEST(what_a_database_says_steers_no_terminal)
{
	static const char *const asks[] = { "info -d a.fsdb",
		"lookup -d a.fsdb evil.example x\033[31m.example "
		"http://evil.example/\302\233",
		"lookup --json -d a.fsdb evil.example "
		"http://other.example/\302\233",
		"why -d a.fsdb evil.example http://evil.example/\033[31m",
		"why -d a.fsdb x\302\233.\033[31m.example",
		"why --json -d a.fsdb evil.example http://a.example/\302\233",
		"dump --json -d a.fsdb", "diff --names a.fsdb b.fsdb",
		"diff --json --names a.fsdb b.fsdb", "export -d a.fsdb -f rpz",
		"export -d a.fsdb -f unbound" };
	struct run r;

	run_file("l", "evil.example\n");
	run_file("m", "evil.example\nnew.example\n");
	free(run_output("build -q -o a.fsdb --feed a\033[31m "
			"--category c\302\233x l"));
	free(run_output("build -q -o b.fsdb --feed b\033]0;t\007 "
			"--category d\177 m"));
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		run_feeds(&r, NULL, asks[i]);
		ck_assert_int_lt(r.status, 128);
		ck_assert_msg(!steers(r.out), "%s: %s", asks[i], r.out);
		ck_assert_msg(!steers(r.err), "%s: %s", asks[i], r.err);
		run_free(&r);
	}
}
END_TEST

START_TEST(a_zone_blocks_what_it_says)
{
	char *out;

	run_file("in",
	    "$TTL 60\n@ SOA ns. a. (1 2 3 4 5)\n NS ns.\n"
	    "a.example CNAME .\n*.b.example CNAME .\n"
	    "ok.b.example CNAME rpz-passthru.\n");
	free(run_output("build -q --strict -o a.fsdb in"));
	out = run_output("lookup -d a.fsdb a.example w.a.example b.example "
			 "w.b.example ok.b.example");
	ck_assert_ptr_nonnull(strstr(out, "a.example: nxdomain, entry "));
	ck_assert_ptr_nonnull(strstr(out, "w.a.example: not listed\n"));
	ck_assert_ptr_nonnull(strstr(out, "\nb.example: not listed\n"));
	ck_assert_ptr_nonnull(strstr(out, "w.b.example: nxdomain, entry "));
	ck_assert_ptr_nonnull(strstr(out, "ok.b.example: allow, entry "));
	free(out);
}
END_TEST

/* ---- what options describe ---- */

START_TEST(options_hold_for_the_inputs_behind_them)
{
	char *out;

	run_file("a", "a.example\n");
	run_file("b", "b.example\n");
	run_file("c", "c.example\n");
	free(run_output("build -q -o x.fsdb --category one a --category two b "
			"--severity yellow c"));
	out = run_output("lookup -d x.fsdb a.example b.example c.example");
	ck_assert_ptr_nonnull(strstr(out,
	    "a.example: nxdomain, entry a.example (subtree), feed a, category "
	    "one, severity red"));
	ck_assert_ptr_nonnull(strstr(out,
	    "b.example: nxdomain, entry b.example (subtree), feed b, category "
	    "two, severity red"));
	ck_assert_ptr_nonnull(strstr(out,
	    "c.example: nxdomain, entry c.example (subtree), feed c, category "
	    "two, severity yellow"));
	free(out);
}
END_TEST

START_TEST(options_behind_the_last_input_hold_for_all)
{
	char *out;

	run_file("a", "a.example\n");
	run_file("b", "b.example\n");
	free(run_output("build -q a b -o x.fsdb --category late"));
	out = run_output("lookup -d x.fsdb a.example b.example");
	ck_assert_ptr_nonnull(strstr(out, "feed a, category late"));
	ck_assert_ptr_nonnull(strstr(out, "feed b, category late"));
	free(out);
}
END_TEST

START_TEST(standard_input_is_an_input)
{
	char *out;

	ck_assert_int_eq(
	    run_status("0.0.0.0 a.example b.example\n", "build -q -o x.fsdb -"),
	    0);
	out = run_output("lookup -d x.fsdb b.example");
	ck_assert_ptr_nonnull(strstr(out, "feed stdin"));
	free(out);
}
END_TEST

/* Entries for one name: FORMAT.md, section 1. */
START_TEST(the_nearest_match_of_a_name_decides)
{
	char *out;

	run_file("tree", "x.example\n");
	run_file("itself", "=x.example\n");
	run_file("below", "*.x.example\n");
	/* Whichever comes first. */
	for (unsigned i = 0; i < 2; i++) {
		free(run_output(i == 0
			? "build -q -o a.fsdb --sinkhole 192.0.2.1 below "
			  "--action "
			  "nodata itself --action nxdomain tree"
			: "build -q -o a.fsdb --action nxdomain tree --action "
			  "nodata itself --action sinkhole --sinkhole "
			  "192.0.2.1 below"));
		out = run_output("lookup -d a.fsdb x.example www.x.example");
		ck_assert_ptr_nonnull(
		    strstr(out, "x.example: nodata, entry x.example (exact)"));
		ck_assert_ptr_nonnull(strstr(
		    out, "www.x.example: nxdomain, entry x.example (subtree)"));
		free(out);
	}
}
END_TEST

START_TEST(actions_and_matches_are_kept)
{
	char *out;

	run_file("n", "n.example\n");
	run_file("s", "s.example\n");
	run_file("e", "e.example\n");
	free(run_output("build -q -o x.fsdb --action nodata n --action "
			"sinkhole --sinkhole 192.0.2.1,2001:db8::1 --ttl 5 s "
			"--match exact e"));
	out = run_output("lookup -d x.fsdb n.example s.example e.example");
	ck_assert_ptr_nonnull(strstr(out, "n.example: nodata,"));
	ck_assert_ptr_nonnull(strstr(out, "s.example: sinkhole,"));
	ck_assert_ptr_nonnull(strstr(out, "entry e.example (exact)"));
	free(out);
	ck_assert_int_eq(run_status(NULL, "lookup -d x.fsdb w.e.example"), 1);
}
END_TEST

/* Each is refused with a word about what is wrong, and builds nothing. */
static const struct {
	const char *args, *word;
} wrong[] = {
	{ "build in", "-o" },
	{ "build -o x.fsdb", "no input" },
	{ "build -o x.fsdb --format nonsense in", "nonsense" },
	{ "build -o x.fsdb --severity orange in", "orange" },
	{ "build -o x.fsdb --action explode in", "explode" },
	{ "build -o x.fsdb --action sinkhole in", "--sinkhole" },
	{ "build -o x.fsdb --sinkhole 192.0.2.300 in", "192.0.2.300" },
	{ "build -o x.fsdb --sinkhole 1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5"
	  " in",
	    "up to 4" },
	{ "build -o x.fsdb --ttl -1 in", "-1" },
	{ "build -o x.fsdb --ttl 604801 in", "604801" },
	{ "build -o x.fsdb --since yesterday in", "yesterday" },
	{ "build -o x.fsdb --match some in", "some" },
	{ "build -o x.fsdb --threads 0 in", "threads" },
	{ "build -o x.fsdb --memory 15 in", "15" },
	{ "build -o x.fsdb --serial x in", "serial" },
	{ "build -o x.fsdb --key-file in in", "key" },
	{ "build -o x.fsdb --no-such-option in", "no-such-option" },
	{ "build -o x.fsdb absent", "absent" },
	{ "build -o no/such/folder/x.fsdb in", "no/such/folder" },
	{ "build -o x.fsdb empty", "--allow-empty" },
	{ "lookup a.example", "-d" },
	{ "lookup -d in", "no name" },
	{ "lookup -d in a.example", "not a fraudsink database" },
	{ "lookup -d absent a.example", "absent" },
	{ "info", "-d" },
	{ "info -d in", "not a fraudsink database" },
	{ "dump -d empty", "not a fraudsink database" },
	{ "nonsense", "nonsense" },
	{ "", "usage:" },
};

START_TEST(wrong_command_lines_are_refused)
{
	struct run r;

	run_file("in", "a.example\n");
	run_file("empty", "# nothing\n");
	run_feeds(&r, NULL, wrong[_i].args);
	ck_assert_int_eq(r.status, 2);
	ck_assert_str_eq(r.out, "");
	ck_assert_msg(strstr(r.err, wrong[_i].word) != NULL,
	    "'%s' says nothing of '%s': %s", wrong[_i].args, wrong[_i].word,
	    r.err);
	run_free(&r);
	ck_assert_int_eq(access(kit_path("x.fsdb"), F_OK), -1);
}
END_TEST

START_TEST(help_is_given_on_standard_output)
{
	static const char *const commands[] = { "--help", "build --help",
		"lookup --help", "info --help", "dump --help", "diff --help",
		"export --help" };

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		char *out = run_output(commands[i]);

		ck_assert_int_eq(
		    strncmp(out, "usage: fraudsink-feeds ", 23), 0);
		free(out);
	}
}
END_TEST

/* ---- bad input loses nothing ---- */

START_TEST(a_failed_build_keeps_the_old_file_and_leaves_nothing)
{
	static const char *const failing[] = { "build -o a.fsdb --strict bad",
		"build -o a.fsdb good absent", "build -o a.fsdb empty",
		"build -o a.fsdb cut.gz", "build -o a.fsdb good --strict bad" };
	uint8_t *before, *after;
	size_t len, len2;
	char command[256];
	unsigned files;

	run_file("good", "a.example\n");
	run_file("bad", "a.example\nb c\n");
	run_file("empty", "\n");
	snprintf(command, sizeof(command),
	    "cd %s && seq 5000 | gzip -c | head -c 2000 >cut.gz", kit_dir);
	ck_assert_int_eq(system(command), 0);
	free(run_output("build -q -o a.fsdb good"));
	before = kit_read(kit_path("a.fsdb"), &len);
	files = kit_files();
	for (size_t i = 0; i < sizeof(failing) / sizeof(*failing); i++) {
		ck_assert_int_eq(run_status(NULL, failing[i]), 2);
		after = kit_read(kit_path("a.fsdb"), &len2);
		ck_assert_uint_eq(len, len2);
		ck_assert_int_eq(memcmp(before, after, len), 0);
		ck_assert_uint_eq(kit_files(), files);
		free(after);
	}
	free(before);
}
END_TEST

START_TEST(strict_names_file_and_line)
{
	struct run r;

	run_file("in", "a.example\n\nhttp://b.example/\n");
	run_feeds(&r, NULL, "build -o a.fsdb --strict in");
	ck_assert_int_eq(r.status, 2);
	ck_assert_ptr_nonnull(strstr(r.err, "in:3: "));
	ck_assert_ptr_nonnull(strstr(r.err, "nothing is published"));
	run_free(&r);
}
END_TEST

START_TEST(bad_lines_are_reported_with_their_number)
{
	struct run r;

	run_file("in", "a.example\n\nhttp://b.example/\n1.2.3.4\n# c\n");
	run_feeds(&r, NULL, "build -o a.fsdb in");
	ck_assert_int_eq(r.status, 0);
	ck_assert_ptr_nonnull(strstr(r.err,
	    "in (domains): 5 lines: 1 names, 2 comments and blanks, 1 skipped, "
	    "1 bad\n"));
	ck_assert_ptr_nonnull(strstr(r.err, "  in:3: "));
	ck_assert_ptr_nonnull(strstr(r.err, "'http://b.example/'"));
	ck_assert_ptr_null(strstr(r.err, "  in:4: ")); /* an address */
	run_free(&r);
}
END_TEST

START_TEST(whole_top_level_domains_are_warned_of)
{
	struct run r;

	run_file("in", "com\na.example\n");
	run_feeds(&r, NULL, "build -q -o a.fsdb in");
	ck_assert_int_eq(r.status, 0);
	ck_assert_ptr_nonnull(strstr(r.err, "top-level"));
	run_free(&r);
}
END_TEST

START_TEST(an_empty_list_is_published_when_asked_for)
{
	run_file("empty", "# nothing\n");
	free(run_output("build -q --allow-empty -o a.fsdb empty"));
	ck_assert_int_eq(run_status(NULL, "lookup -d a.fsdb a.example"), 1);
}
END_TEST

/* ---- files ---- */

START_TEST(equal_input_makes_equal_files)
{
	static const char *const others[] = { "build -q -o b.fsdb " FIXED
					      " --threads 1 in",
		"build -q -o b.fsdb " FIXED " --threads 3 --memory 16 in",
		"build -q -o b.fsdb " FIXED " reversed --feed in" };
	uint8_t *a, *b;
	size_t len, len2;
	char command[256];

	snprintf(command, sizeof(command),
	    "cd %s && seq -f 'name%%g.example' 20000 >in && tac in >reversed",
	    kit_dir);
	ck_assert_int_eq(system(command), 0);
	free(run_output("build -q -o a.fsdb " FIXED " in"));
	a = kit_read(kit_path("a.fsdb"), &len);
	for (size_t i = 0; i < 3; i++) {
		free(run_output(others[i]));
		b = kit_read(kit_path("b.fsdb"), &len2);
		ck_assert_uint_eq(len, len2);
		ck_assert_msg(memcmp(a, b, len) == 0, "'%s' makes another file",
		    others[i]);
		free(b);
	}
	/* Without a key given, each file has its own. */
	free(run_output("build -q -o b.fsdb --serial 9 in"));
	b = kit_read(kit_path("b.fsdb"), &len2);
	ck_assert(len != len2 || memcmp(a, b, len) != 0);
	free(a);
	free(b);
}
END_TEST

START_TEST(a_secret_file_holds_no_name)
{
	uint8_t *bytes;
	size_t len;
	char *out;

	run_file("in", "verysecretname.example\n");
	free(run_output("build -q --secret -o a.fsdb in"));
	bytes = kit_read(kit_path("a.fsdb"), &len);
	ck_assert_ptr_null(memmem(bytes, len, "verysecretname", 14));
	free(bytes);
	out = run_output("lookup -d a.fsdb www.verysecretname.example");
	ck_assert_ptr_nonnull(strstr(out, "entry verysecretname.example"));
	free(out);
	ck_assert_int_eq(run_status(NULL, "dump -d a.fsdb"), 2);
}
END_TEST

START_TEST(prune_drops_what_a_cover_says_already)
{
	struct run r;

	run_file("in", "a.example\nb.a.example\nc.b.a.example\nd.example\n");
	run_file("in2", "e.a.example\n");
	run_feeds(&r, NULL,
	    "build -o a.fsdb --prune --feed f in --category other in2");
	ck_assert_int_eq(r.status, 0);
	ck_assert_ptr_nonnull(strstr(r.err, "a.fsdb: 3 entries"));
	ck_assert_ptr_nonnull(strstr(r.err, "2 pruned"));
	run_free(&r);
}
END_TEST

START_TEST(info_describes_the_file)
{
	char *out;
	struct stat st;
	uint64_t sum = 0;
	json_t *j, *v;
	size_t i;

	run_file("a", "a.example\nb.example\n");
	run_file("b", "b.example\n");
	free(run_output("build -q -o x.fsdb --serial 77 a b"));
	ck_assert_int_eq(stat(kit_path("x.fsdb"), &st), 0);
	out = run_output("info --json -d x.fsdb");
	j = run_json(out);
	free(out);
#define NUMBER(key) json_integer_value(json_object_get(j, key))
	ck_assert_int_eq(NUMBER("entries"), 2);
	ck_assert_int_eq(NUMBER("serial"), 77);
	ck_assert_int_eq(NUMBER("bytes"), st.st_size);
#undef NUMBER
	ck_assert_double_eq_tol(
	    json_number_value(json_object_get(j, "bytes_per_entry")),
	    (double)st.st_size / 2, 0.01);
	ck_assert_uint_eq(json_array_size(json_object_get(j, "feeds")), 2);
	json_array_foreach(json_object_get(j, "feeds"), i, v)
	{
		const char *name = json_string_value(
		    json_object_get(v, "name"));

		ck_assert_int_eq(
		    json_integer_value(json_object_get(v, "entries")),
		    strcmp(name, "a") == 0 ? 2 : 1);
	}
	json_array_foreach(json_object_get(j, "sections"), i, v)
	    sum += (uint64_t)json_integer_value(json_object_get(v, "bytes"));
	ck_assert_uint_gt(sum, 0);
	ck_assert_uint_lt(sum, (uint64_t)st.st_size);
	json_decref(j);
	out = run_output("info -d x.fsdb");
	ck_assert_ptr_nonnull(strstr(out, "77"));
	free(out);
}
END_TEST

START_TEST(dump_prints_what_build_reads)
{
	char *first, *second;

	run_file("in",
	    "d.example\n*.b.example\n=c.example\na\\032b.example\nB.A.example\n"
	    "xn--bcher-kva.example\n");
	free(run_output("build -q -o a.fsdb " FIXED " in"));
	first = run_output("dump -d a.fsdb");
	ck_assert_ptr_nonnull(strstr(first, "*.b.example\n"));
	ck_assert_ptr_nonnull(strstr(first, "=c.example\n"));
	ck_assert_ptr_nonnull(strstr(first, "a\\032b.example\n"));
	run_file("again", first);
	free(run_output(
	    "build -q --strict -o b.fsdb " FIXED " --feed in again"));
	second = run_output("dump -d b.fsdb");
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	struct run r;
	char command[256];

	run_file("in", "a.example\n");
	free(run_output("build -q -o a.fsdb in"));
	if (access("/dev/full", W_OK) != 0)
		return;
	snprintf(command, sizeof(command),
	    "\"$FRAUDSINK_TEST_FEEDS\" dump -d %s/a.fsdb >/dev/full 2>%s/err",
	    kit_dir, kit_dir);
	ck_assert_int_ne(system(command), 0);
	run_feeds(&r, NULL, "info -d a.fsdb");
	ck_assert_int_eq(r.status, 0);
	run_free(&r);
}
END_TEST

/* The real union of many feeds, cut to what a test may take: every name that
 * goes in comes out. */
START_TEST(a_real_list_makes_a_round_trip)
{
	const char *data = getenv("FRAUDSINK_TEST_DATA");
	char command[1024], path[512];

	snprintf(path, sizeof(path), "%s/big/union-5.3M.domains.txt.zst",
	    data != NULL ? data : "");
	if (access(path, R_OK) != 0) {
		printf(
		    "skipped: a_real_list_makes_a_round_trip: no '%s'\n", path);
		return;
	}
	snprintf(command, sizeof(command),
	    "zstd -dcq --long=27 '%s' | awk 'NR %% 50 == 0' >%s/in", path,
	    kit_dir);
	ck_assert_int_eq(system(command), 0);
	free(run_output("build -q --strict -o a.fsdb in"));
	snprintf(command, sizeof(command),
	    "cd %s && \"$FRAUDSINK_TEST_FEEDS\" dump -d a.fsdb | "
	    "LC_ALL=C sort >out && LC_ALL=C sort -u in | cmp - out",
	    kit_dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fraudsink-feeds");
	TCase *tc = tcase_create("command line");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 180);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_test(tc, what_is_built_is_found);
	tcase_add_test(tc, lookup_reads_names_from_standard_input);
	tcase_add_test(
	    tc, a_name_that_is_none_is_an_error_and_the_rest_is_answered);
	tcase_add_test(tc, what_stands_before_a_nul_is_no_name);
	tcase_add_test(tc, lookup_prints_json);
	tcase_add_test(tc, urls_are_found_and_do_not_block_their_hosts);
	tcase_add_test(tc, hosts_of_urls_are_listed_when_asked_for);
	tcase_add_test(tc, lookup_of_urls_prints_json);
	tcase_add_test(
	    tc, a_url_that_is_none_is_an_error_and_steers_no_terminal);
	tcase_add_test(tc, what_a_database_says_steers_no_terminal);
	tcase_add_test(tc, a_zone_blocks_what_it_says);
	tcase_add_test(tc, options_hold_for_the_inputs_behind_them);
	tcase_add_test(tc, options_behind_the_last_input_hold_for_all);
	tcase_add_test(tc, standard_input_is_an_input);
	tcase_add_test(tc, the_nearest_match_of_a_name_decides);
	tcase_add_test(tc, actions_and_matches_are_kept);
	tcase_add_loop_test(tc, wrong_command_lines_are_refused, 0,
	    sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(tc, help_is_given_on_standard_output);
	tcase_add_test(
	    tc, a_failed_build_keeps_the_old_file_and_leaves_nothing);
	tcase_add_test(tc, strict_names_file_and_line);
	tcase_add_test(tc, bad_lines_are_reported_with_their_number);
	tcase_add_test(tc, whole_top_level_domains_are_warned_of);
	tcase_add_test(tc, an_empty_list_is_published_when_asked_for);
	tcase_add_test(tc, equal_input_makes_equal_files);
	tcase_add_test(tc, a_secret_file_holds_no_name);
	tcase_add_test(tc, prune_drops_what_a_cover_says_already);
	tcase_add_test(tc, info_describes_the_file);
	tcase_add_test(tc, dump_prints_what_build_reads);
	tcase_add_test(tc, a_full_disk_is_told);
	tcase_add_test(tc, a_real_list_makes_a_round_trip);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
