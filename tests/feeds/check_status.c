/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds status, check and rollback, as their users run them. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "feeds/state.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/http.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

static struct http *server;

static void
setup(void)
{
	site_setup();
	server = http_start();
}

static void
teardown(void)
{
	http_stop(server);
	kit_teardown();
}

/* Runs the command, which must exit with STATUS. */
static struct run
command(const char *args, int status)
{
	struct run r;

	run_feeds(&r, NULL, args);
	ck_assert_msg(r.status == status, "'%s': exit status %d: %s%s", args,
	    r.status, r.out, r.err);
	return r;
}

static void
says(const char *text, const char *what)
{
	ck_assert_msg(
	    strstr(text, what) != NULL, "no '%s' in:\n%s", what, text);
}

static void
sync_is(int status)
{
	struct run r = command("sync -c feeds.conf", status);

	run_free(&r);
}

/* Feeds "good", "bad" (its server fails), "off" and "new" (never tried). */
static void
make_site(void)
{
	char text[1200];

	snprintf(text, sizeof(text),
	    "retries = 0\n"
	    "feed \"good\" { url = \"%s\" category = phishing }\n"
	    "feed \"bad\" { url = \"%s\" stale-after = 1h }\n"
	    "feed \"off\" { url = \"%s\" enabled = no }\n"
	    "allow \"bank\" { url = \"@/bank\" }\n",
	    http_url(server, "/good"), http_url(server, "/bad"),
	    http_url(server, "/off"));
	site_write(text);
	site_file("bank", "bank.example\n");
	http_clear(server);
	http_page(server,
	    &(struct http_page){ .path = "/good",
		.body = "a.example\nb.example\ngoogle.com\n# x\n192.0.2.1\n" });
	http_page(server,
	    &(struct http_page){ .path = "/bad", .body = "a.example\n" });
}

/* Writes into the meta of FEED that it was tried and good S seconds ago. */
static void
age(const char *feed, int64_t s)
{
	struct feed_state st;
	struct fsk_error err;

	state_read(kit_path("state"), feed, &st);
	st.tried = st.good = (int64_t)time(NULL) - s;
	ck_assert_int_eq(
	    state_write(kit_path("state"), feed, &st, &err), FSK_OK);
}

/* ---- status ---- */

START_TEST(before_anything_was_done)
{
	struct run r;

	make_site();
	r = command("status -c feeds.conf", 1);
	says(r.out, "list.fsdb: none\n");
	site_has_line(r.out, "good ", "no list");
	site_has_line(r.out, "good ", "never");
	site_has_line(r.out, "off ", "disabled");
	run_free(&r);
	/* Looking makes nothing. */
	ck_assert_uint_eq(kit_files(), 2);
}
END_TEST

START_TEST(all_is_well)
{
	struct run r;

	make_site();
	sync_is(0);
	r = command("status -c feeds.conf", 0);
	says(r.out, "list.fsdb: 3 entries, 0 URLs, serial ");
	says(r.out,
	    "  200          3         0          2          1        0 "
	    "       1\n");
	site_has_line(r.out, "good ", "  good  ");
	site_has_line(r.out, "bank ", "  good  ");
	site_has_line(r.out, "off ", "  disabled  ");
	run_free(&r);
}
END_TEST

START_TEST(a_feed_is_ill)
{
	struct run r;

	make_site();
	sync_is(0);
	http_clear(server);
	http_page(server,
	    &(struct http_page){ .path = "/good",
		.body = "a.example\n"
			"b.example\n" });
	sync_is(1);
	sync_is(1);
	r = command("status -c feeds.conf", 1);
	site_has_line(r.out, "bad ", "  failing  ");
	says(r.out, "\nbad: failed 2 times: the server says 404\n");
	run_free(&r);
	age("bad", 7201);
	r = command("status -c feeds.conf", 1);
	site_has_line(r.out, "bad ", "  stale  ");
	site_has_line(r.out, "bad ", "       2 h");
	run_free(&r);
	/* A good one is stale, too, if nobody asks for it any more. */
	age("good", 4 * 86400);
	r = command("status -c feeds.conf", 1);
	site_has_line(r.out, "good ", "  stale  ");
	site_has_line(r.out, "good ", "       4 d");
	run_free(&r);
}
END_TEST

static json_t *
feed_of(json_t *o, const char *name)
{
	json_t *feeds = json_object_get(o, "feeds"), *f;
	size_t i;

	json_array_foreach(feeds, i,
	    f) if (strcmp(json_string_value(json_object_get(f, "name")),
		       name) == 0) return f;
	ck_abort_msg("no feed '%s'", name);
}

#define NUMBER(o, key) json_integer_value(json_object_get(o, key))
#define STRING(o, key) json_string_value(json_object_get(o, key))

START_TEST(the_same_as_json)
{
	struct run r;
	json_t *o, *f;
	size_t len;
	char *kept;

	make_site();
	http_page(
	    server, &(struct http_page){ .path = "/bad", .body = "never" });
	sync_is(0);
	http_clear(server);
	http_page(server,
	    &(struct http_page){ .path = "/good",
		.status = 503,
		.headers = "Retry-After: 100\r\n" });
	http_page(server,
	    &(struct http_page){ .path = "/bad",
		.body = "<html>\xff\x9b\x1b[31m</html>\nb\344d\n" });
	sync_is(1);
	r = command("status -c feeds.conf --json", 1);
	o = run_json(r.out);
	ck_assert_str_eq(STRING(o, "database"), kit_path("list.fsdb"));
	ck_assert_int_eq(NUMBER(o, "entries"), 3);
	ck_assert_int_eq(NUMBER(o, "urls"), 0);
	ck_assert_int_gt(NUMBER(o, "bytes"), 100);
	ck_assert_int_gt(NUMBER(o, "serial"), 0);
	ck_assert_int_gt(NUMBER(o, "created"), 0);
	ck_assert(json_is_false(json_object_get(o, "good")));
	ck_assert(json_is_false(json_object_get(o, "held")));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "feeds")), 4);
	f = feed_of(o, "good");
	ck_assert_str_eq(STRING(f, "health"), "failing");
	ck_assert_str_eq(STRING(f, "category"), "phishing");
	ck_assert_str_eq(STRING(f, "kind"), "feed");
	ck_assert_str_eq(STRING(f, "format"), "domains");
	ck_assert_str_eq(
	    STRING(f, "why"), "the server says 503 (tried 1 times)");
	ck_assert_int_eq(NUMBER(f, "http"), 503);
	ck_assert_int_eq(NUMBER(f, "failures"), 1);
	ck_assert_int_eq(NUMBER(f, "lines"), 5);
	ck_assert_int_eq(NUMBER(f, "names"), 3);
	ck_assert_int_eq(NUMBER(f, "not_applicable"), 1);
	ck_assert_int_eq(NUMBER(f, "bad"), 0);
	ck_assert_int_eq(NUMBER(f, "refused"), 1);
	ck_assert_int_eq(NUMBER(f, "entries"), 2);
	ck_assert_int_eq(NUMBER(f, "unique"), 1);
	ck_assert_int_ge(NUMBER(f, "list_age"), 0);
	ck_assert_int_le(NUMBER(f, "good"), NUMBER(f, "tried"));
	ck_assert_int_gt(NUMBER(f, "not_before"), NUMBER(f, "tried") + 90);
	f = feed_of(o, "bad");
	ck_assert_str_ne(STRING(f, "why"), "");
	ck_assert(json_is_null(json_object_get(f, "not_before")));
	f = feed_of(o, "off");
	ck_assert_str_eq(STRING(f, "health"), "disabled");
	ck_assert(json_is_null(json_object_get(f, "tried")));
	ck_assert(json_is_null(json_object_get(f, "list_age")));
	ck_assert(json_is_null(json_object_get(f, "why")));
	ck_assert_str_eq(STRING(feed_of(o, "bank"), "kind"), "allow");
	/* The same lies in the state, for other programs. */
	kept = state_text(kit_path("state/status.json"), &len);
	{
		json_t *k = run_json(kept), *k2 = json_object_get(k, "feeds");

		ck_assert_str_eq(STRING(k, "database"), STRING(o, "database"));
		ck_assert_uint_eq(json_array_size(k2), 4);
		json_decref(k);
	}
	free(kept);
	json_decref(o);
	run_free(&r);
}
END_TEST

START_TEST(nothing_of_a_server_steers_a_terminal)
{
	struct run r;

	make_site();
	http_clear(server);
	http_page(server,
	    &(struct http_page){ .path = "/good",
		.body = "\x1b]0;title\x07 bad\n\302\2331mline\n" });
	http_page(server,
	    &(struct http_page){ .path = "/bad", .body = "a.example\n" });
	r = command("sync -c feeds.conf", 1);
	for (const char *p = r.err; *p != '\0'; p++)
		ck_assert((unsigned char)*p >= 0x20 || *p == '\n');
	ck_assert_ptr_null(strstr(r.err, "\302\233"));
	run_free(&r);
	r = command("status -c feeds.conf", 1);
	for (const char *p = r.out; *p != '\0'; p++)
		ck_assert((unsigned char)*p >= 0x20 || *p == '\n');
	ck_assert_ptr_null(strstr(r.out, "\302\233"));
	run_free(&r);
}
END_TEST

START_TEST(a_damaged_database_is_none)
{
	struct run r;

	make_site();
	sync_is(0);
	ck_assert_int_eq(unlink(kit_path("list.fsdb")), 0);
	site_file("list.fsdb", "garbage");
	r = command("status -c feeds.conf", 1);
	says(r.out, "list.fsdb: none\n");
	run_free(&r);
}
END_TEST

/* ---- check ---- */

START_TEST(check_tells_what_would_be_done)
{
	struct run r;

	site_write(
	    "generations = 7\nnever-blocked = {\"good.example\"}\n"
	    "hooks = {\"systemctl reload x\"}\n"
	    "feed \"one\" { url = \"https://me:KEY@feeds.test/a?k=KEY\" "
	    "format = urls interval = 90m max-age = 10d minimum-feeds = 2 }\n"
	    "feed \"two\" { url = \"/two\" action = cname "
	    "cname = \"warn.example\" severity = yellow ttl = 5 trust = low "
	    "enabled = no interval = 90s }\n"
	    "feed \"three\" { server = \"192.0.2.1\" zone = \"rpz.test\" "
	    "action = warn sinkhole = \"192.0.2.9\" interval = 1w }\n"
	    "allow \"bank\" { url = \"file:///bank\" subtree = yes }\n");
	r = command("check -c feeds.conf", 0);
	says(r.out, "list.fsdb, state in ");
	says(r.out, ", 7 generations kept\n");
	says(r.out,
	    "feed one: https://feeds.test/a?... every 90m, format urls, fraud, "
	    "red, nxdomain, TTL 60, trust normal, 2 feeds must agree, entries "
	    "for 10d\n");
	says(r.out,
	    "feed two: /two every 90s, format auto, fraud, yellow, cname "
	    "warn.example, TTL 5, trust low, DISABLED\n");
	says(r.out,
	    "feed three: zone rpz.test from 192.0.2.1 every 7d, format auto, "
	    "fraud, red, warn 192.0.2.9, TTL 10, trust normal\n");
	says(r.out,
	    "allow bank: file:///bank every 6h, format auto, allowed "
	    "with all that is below\n");
	says(r.out, "then: systemctl reload x\n");
	ck_assert_str_eq(r.err, "");
	ck_assert_ptr_null(strstr(r.out, "KEY"));
	run_free(&r);
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

START_TEST(check_tells_who_gets_which_answer)
{
	struct run r;

	site_file("names", "a.example\n");
	site_write(
	    "never-blocked = {\"good.example\"}\n"
	    "feed \"one\" { url = \"/x\" category = phishing }\n"
	    "policy {\n sinkhole = \"192.0.2.7\" ttl = 30 signed = servfail "
	    "trust-ecs = yes\n"
	    "category \"phishing\" { ttl = 5 ede = censored "
	    "ede-text = \"no\\x1b[2J\" aliases = yes minimum-feeds = 2 }\n"
	    "grade \"yellow\" { action = log }\n"
	    "rule \"court 7/26\" { names = {\"a.example\", \"b.example\"} "
	    "files = {\"@/names\"} category = order case = \"7/26\" "
	    "action = refused types = {A, AAAA} }\n"
	    "rule \"nets\" { prefixes = {\"203.0.113.7\"} "
	    "severity = yellow }\n"
	    "group \"schools\" { prefixes = {\"10.0.0.0/8\", "
	    "\"2001:db8::/32\"} prefix-files = {\"@/none\"} "
	    "time = \"Mon-Fri 08:00-20:00\" block = {\"g.example\"} "
	    "allow-files = {\"@/names\"} action = nodata\n"
	    "category \"scam\" { action = nxdomain }\n"
	    "grade \"red\" { cname = \"c.example\" }\n"
	    "feed \"one\" { action = passthru } }\n"
	    "group \"research\" { prefixes = {\"192.0.2.128/25\"} "
	    "off = yes category \"order\" { ttl = 5 } }\n"
	    "}\n");
	r = command("check -c feeds.conf", 0);
	says(r.out,
	    "\npolicy: sinkhole 192.0.2.7, TTL 30, signed names servfail, "
	    "client subnets are trusted\n"
	    "category phishing: TTL 5, EDE censored, EDE text no?[2J, "
	    "aliases count, 2 feeds must agree\n"
	    "grade yellow: log\n"
	    "rule court 7/26: 2 names, 1 file of names, category order, red, "
	    "refused, TTL 30, only for A AAAA, case 7/26\n"
	    "rule nets: 1 prefix, category order, yellow, log, TTL 30\n"
	    "group schools: 2 prefixes, 1 file of prefixes, "
	    "Mon-Fri 08:00-20:00 (UTC), 1 name of its own, 1 file allowed, "
	    "nodata\n"
	    "  category scam: nxdomain\n"
	    "  grade red: cname c.example\n"
	    "  feed one: passthru\n"
	    "group research: 1 prefix, nothing is blocked\n"
	    "  category order: TTL 5\n");
	says(r.err, "warning: group schools: cannot read '");
	ck_assert_ptr_null(strstr(r.err, "names'"));
	/* A category that nothing has is a slip of the pen. */
	says(r.err,
	    "warning: group schools: no feed or rule has the category "
	    "'scam'");
	ck_assert_ptr_null(strstr(r.err, "'phishing'"));
	ck_assert_ptr_null(strstr(r.err, "'order'"));
	run_free(&r);
	/* Where there is none, nothing is told of it. */
	site_write("feed \"one\" { url = \"/x\" }");
	r = command("check -c feeds.conf", 0);
	ck_assert_ptr_null(strstr(r.out, "policy"));
	run_free(&r);
}
END_TEST

static const char *const actions[] = { "nxdomain", "nodata", "sinkhole",
	"cname", "refused", "drop", "tcp-only", "servfail", "passthru", "log",
	"warn" };

START_TEST(check_knows_all_actions)
{
	char text[300];
	struct run r;

	snprintf(text, sizeof(text),
	    "feed \"one\" { url = \"/x\" action = %s cname = \"c.example\" "
	    "sinkhole = \"192.0.2.1\" }",
	    actions[_i]);
	site_write(text);
	r = command("check -c feeds.conf", 0);
	snprintf(text, sizeof(text), "red, %s", actions[_i]);
	says(r.out, text);
	run_free(&r);
}
END_TEST

START_TEST(check_warns)
{
	struct run r;

	site_write("feed \"one\" { url = \"http://feeds.test/\" "
		   "secret-file = \"@/none\" secret-header = \"Key\" }\n"
		   "feed \"two\" { url = \"http://feeds.test/\" "
		   "secret-env = \"NO_KEY\" secret-query = \"key\" }\n");
	r = command("check -c feeds.conf", 0);
	says(r.err, "warning: one: cannot read the secret '");
	says(r.err, "warning: one: its secret travels in the clear (http)");
	says(r.err, "warning: two: its secret travels in the clear (http)");
	says(r.err, "warning: two: the variable 'NO_KEY' is not set");
	says(r.err, "warning: no 'never-blocked' names are given");
	run_free(&r);
}
END_TEST

START_TEST(check_tells_all_faults)
{
	struct run r;

	site_write("feed \"one\" { url = \"x\" }\nbogus = 1\n");
	r = command("check -c feeds.conf", 2);
	says(r.err, "feeds.conf:5: feed \"one\": 'url' must be");
	says(r.err, "feeds.conf:6: no such option 'bogus'");
	says(r.err, "2 faults; nothing was done");
	ck_assert_str_eq(r.out, "");
	run_free(&r);
}
END_TEST

/* ---- rollback ---- */

/* Publishes three generations; their serials in SERIAL, the newest last. */
static void
three_generations(unsigned long long serial[static 3])
{
	char body[64];

	site_write("generations = 5\nfeed \"one\" { url = \"@/one\" "
		   "max-shrink = 100 }");
	for (unsigned i = 0; i < 3; i++) {
		struct run r;

		snprintf(body, sizeof(body), "n%u.example\n", i);
		site_file("one", body);
		r = command("sync -c feeds.conf", 0);
		serial[i] = strtoull(strstr(r.err, "serial ") + 7, NULL, 10);
		run_free(&r);
		if (i > 0)
			ck_assert_uint_gt(serial[i], serial[i - 1]);
	}
}

static void
in_force(const char *name, bool blocked)
{
	struct fsk_db *db = site_db("list.fsdb");

	site_blocks(db, name, blocked);
	fsk_db_close(db);
}

START_TEST(rollback_lists)
{
	unsigned long long serial[3];
	char line[64];
	struct run r;

	three_generations(serial);
	r = command("rollback -c feeds.conf --list", 0);
	snprintf(line, sizeof(line), "%llu  ", serial[2]);
	ck_assert_int_eq(strncmp(r.out, line, strlen(line)), 0);
	site_has_line(r.out, line, "1 entries  in force");
	snprintf(line, sizeof(line), "%llu  ", serial[0]);
	site_has_line(r.out, line, "1 entries");
	ck_assert_ptr_null(strstr(strstr(r.out, "in force") + 1, "in force"));
	run_free(&r);
	/* A damaged one is told. */
	snprintf(
	    line, sizeof(line), "state/generations/%020llu.fsdb", serial[0]);
	site_file(line, "garbage");
	r = command("rollback -c feeds.conf --list", 0);
	snprintf(line, sizeof(line), "%llu  damaged", serial[0]);
	says(r.out, line);
	run_free(&r);
	ck_assert_int_eq(access(kit_path("state/hold"), F_OK), -1);
}
END_TEST

START_TEST(rollback_goes_back_and_holds)
{
	unsigned long long serial[3];
	char args[100], want[100];
	struct run r;

	three_generations(serial);
	r = command("rollback -c feeds.conf", 0);
	snprintf(want, sizeof(want),
	    "generation %llu is in force; nothing new "
	    "is published until",
	    serial[1]);
	says(r.out, want);
	run_free(&r);
	in_force("n1.example", true);
	in_force("n2.example", false);
	/* One more. */
	r = command("rollback -c feeds.conf", 0);
	run_free(&r);
	in_force("n0.example", true);
	r = command("rollback -c feeds.conf", 2);
	says(r.err, "there is no earlier generation");
	run_free(&r);
	in_force("n0.example", true);
	r = command("status -c feeds.conf", 0);
	says(r.out, "HELD by a rollback");
	run_free(&r);
	/* Nothing new is published, however the feeds change. */
	site_file("one", "n3.example\n");
	r = command("sync -c feeds.conf", 0);
	says(r.err, "a rollback holds it; nothing is published");
	run_free(&r);
	in_force("n0.example", true);
	/* Forward again, by its number. */
	snprintf(args, sizeof(args), "rollback -c feeds.conf %llu", serial[2]);
	r = command(args, 0);
	run_free(&r);
	in_force("n2.example", true);
	r = command("rollback -c feeds.conf --resume", 0);
	says(r.out, "the next sync publishes again");
	run_free(&r);
	in_force("n2.example", true);
	r = command("sync -c feeds.conf", 0);
	run_free(&r);
	in_force("n3.example", true);
}
END_TEST

START_TEST(rollback_runs_hooks)
{
	unsigned long long serial[3];
	char want[40];
	struct run r;
	size_t len;
	char *log;

	three_generations(serial);
	site_write("hooks = {\"echo $FRAUDSINK_SERIAL >@/log\"}\n"
		   "feed \"one\" { url = \"@/one\" }");
	r = command("rollback -c feeds.conf", 0);
	run_free(&r);
	log = state_text(kit_path("log"), &len);
	snprintf(want, sizeof(want), "%llu\n", serial[1]);
	ck_assert_str_eq(log, want);
	free(log);
}
END_TEST

START_TEST(a_rollback_that_fails_changes_nothing)
{
	unsigned long long serial[3];
	char file[64];
	struct run r;

	three_generations(serial);
	r = command("rollback -c feeds.conf 12345", 2);
	says(r.err, "00000000000000012345.fsdb");
	run_free(&r);
	snprintf(
	    file, sizeof(file), "state/generations/%020llu.fsdb", serial[1]);
	site_file(file, "garbage");
	r = command("rollback -c feeds.conf", 2);
	run_free(&r);
	/* What cannot be put in place: there is a folder. */
	ck_assert_int_eq(unlink(kit_path("list.fsdb")), 0);
	ck_assert_int_eq(mkdir(kit_path("list.fsdb"), 0755), 0);
	site_file("list.fsdb/x", "");
	snprintf(file, sizeof(file), "rollback -c feeds.conf %llu", serial[0]);
	r = command(file, 2);
	says(r.err, "what was in force stays");
	run_free(&r);
	ck_assert_int_eq(access(kit_path("state/hold"), F_OK), -1);
	ck_assert_int_eq(run_status(NULL, "rollback -c feeds.conf 0"), 2);
	ck_assert_int_eq(run_status(NULL, "rollback -c feeds.conf -1"), 2);
	ck_assert_int_eq(run_status(NULL, "rollback -c feeds.conf 1 2"), 2);
	ck_assert_int_eq(
	    run_status(NULL, "rollback -c feeds.conf --list 1"), 2);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/status.c");
	TCase *tc = tcase_create("commands");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, before_anything_was_done);
	tcase_add_test(tc, all_is_well);
	tcase_add_test(tc, a_feed_is_ill);
	tcase_add_test(tc, the_same_as_json);
	tcase_add_test(tc, nothing_of_a_server_steers_a_terminal);
	tcase_add_test(tc, a_damaged_database_is_none);
	tcase_add_test(tc, check_tells_what_would_be_done);
	tcase_add_test(tc, check_tells_who_gets_which_answer);
	tcase_add_loop_test(
	    tc, check_knows_all_actions, 0, sizeof(actions) / sizeof(*actions));
	tcase_add_test(tc, check_warns);
	tcase_add_test(tc, check_tells_all_faults);
	tcase_add_test(tc, rollback_lists);
	tcase_add_test(tc, rollback_goes_back_and_holds);
	tcase_add_test(tc, rollback_runs_hooks);
	tcase_add_test(tc, a_rollback_that_fails_changes_nothing);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
