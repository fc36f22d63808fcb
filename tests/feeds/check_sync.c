/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds sync, the real program over a scripted server: rounds. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	signal(SIGPIPE, SIG_IGN);
	site_setup();
	server = http_start();
}

static void
teardown(void)
{
	http_stop(server);
	kit_teardown();
}

/* ---- sites ---- */

/* A configuration: MORE, and a feed for each of the N paths "/0", "/1" of the
 * server, called f0, f1, with OPTIONS. */
static void
with(unsigned n, const char *options, const char *more)
{
	char text[8000];
	size_t len = (size_t)snprintf(
	    text, sizeof(text), "retries = 0\n%s\n", more);

	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "feed \"f%u\" { url = \"%s%u\" max-shrink = 100 %s }\n", i,
		    http_url(server, "/"), i, options);
	site_write(text);
}

/* What PATH gives from now on. */
static void
serves(const char *path, const char *body, const char *etag)
{
	http_clear(server);
	http_page(server,
	    &(struct http_page){ .path = path, .body = body, .etag = etag });
}

static void
also_serves(const char *path, const char *body, const char *etag)
{
	http_page(server,
	    &(struct http_page){ .path = path, .body = body, .etag = etag });
}

/* Runs "sync" with ARGS, which must exit with STATUS; what it said, for
 * free(). */
static char *
sync_says(const char *args, int status)
{
	char command[200];
	struct run r;

	snprintf(command, sizeof(command), "sync -c feeds.conf %s", args);
	run_feeds(&r, NULL, command);
	ck_assert_msg(
	    r.status == status, "exit status %d: %s", r.status, r.err);
	ck_assert_str_eq(r.out, "");
	free(r.out);
	return r.err;
}

static void
says(const char *text, const char *what)
{
	ck_assert_msg(
	    strstr(text, what) != NULL, "no '%s' in:\n%s", what, text);
}

static void
sync_ok(void)
{
	free(sync_says("", 0));
}

/* Fails the test unless the database in force blocks, or does not. */
static void
in_force(const char *names, bool blocked)
{
	struct fsk_db *db = site_db("list.fsdb");

	site_blocks(db, names, blocked);
	fsk_db_close(db);
}

static ino_t
file_id(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(kit_path(name), &st), 0);
	return st.st_ino;
}

static struct feed_state
state_of(const char *feed)
{
	struct feed_state s;

	state_read(kit_path("state"), feed, &s);
	return s;
}

/* ---- rounds ---- */

START_TEST(the_first_publishes_the_second_does_nothing)
{
	ino_t db, list, meta;
	char *said;

	with(2, "", "");
	serves("/0", "a.example\n", "\"0\"");
	also_serves("/1", "0.0.0.0 b.example\n", NULL);
	said = sync_says("", 0);
	says(said,
	    "f0: new (domains): 1 names, 0 URLs, 0 exceptions, 0 not "
	    "applicable, 0 bad\n");
	says(said, "f1: new (hosts): 1 names");
	says(said, "list.fsdb: 2 entries, 0 URLs, 0 refused, serial ");
	free(said);
	in_force("a.example b.example", true);
	db = file_id("list.fsdb");
	list = file_id("state/f1/list.fsdb");
	meta = file_id("state/f0/meta");

	said = sync_says("", 0);
	says(said, "f0: unchanged, 1 names and URLs\n");
	says(said, "f1: unchanged, 1 names and URLs\n");
	says(said, "list.fsdb: nothing changed\n");
	free(said);
	ck_assert_uint_eq(file_id("list.fsdb"), db);
	ck_assert_uint_eq(file_id("state/f1/list.fsdb"), list);
	/* That it was looked at is noted. */
	ck_assert_uint_ne(file_id("state/f0/meta"), meta);
	ck_assert_uint_eq(site_files("state/generations"), 1);
	ck_assert_uint_eq(http_count(server, "/0"), 2);
	ck_assert_int_eq((int)state_of("f0").http, 304);
	ck_assert_int_eq((int)state_of("f1").http, 200);
	/* Nothing lies about: body, list.fsdb, meta, urls. */
	ck_assert_uint_eq(site_files("state/f0"), 4);
	ck_assert_uint_eq(site_files("state/f1"), 4);
}
END_TEST

START_TEST(only_what_changed_is_read_again)
{
	ino_t lists[4];
	char *said, name[40];

	with(4, "", "");
	http_clear(server);
	for (unsigned i = 0; i < 4; i++) {
		static char path[4][8], body[4][32];

		snprintf(path[i], sizeof(path[i]), "/%u", i);
		snprintf(body[i], sizeof(body[i]), "n%u.example\n", i);
		also_serves(path[i], body[i], i % 2 ? "\"1\"" : NULL);
	}
	sync_ok();
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "state/f%u/list.fsdb", i);
		lists[i] = file_id(name);
	}
	serves("/2", "n2.example\nnew.example\n", NULL);
	also_serves("/0", "n0.example\n", NULL);
	also_serves("/1", "n1.example\n", "\"1\"");
	also_serves("/3", "n3.example\n", "\"1\"");
	said = sync_says("", 0);
	says(said, "f2: new (domains): 2 names");
	says(said, "f0: unchanged");
	says(said, "f3: unchanged");
	says(said, "5 entries");
	free(said);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "state/f%u/list.fsdb", i);
		ck_assert_int_eq(file_id(name) == lists[i], i != 2);
	}
	in_force(
	    "n0.example n1.example n2.example n3.example new.example", true);
	ck_assert_uint_eq(site_files("state/generations"), 2);
}
END_TEST

START_TEST(a_feed_that_fails_keeps_its_list)
{
	char *said;

	with(2, "", "");
	serves("/0", "a.example\n", NULL);
	also_serves("/1", "b.example\n", NULL);
	sync_ok();
	serves("/0", "a.example\nc.example\n", NULL);
	said = sync_says("", 1);
	says(said,
	    "f1: FAILED: the server says 404; its list of 0.0 hours ago "
	    "stays\n");
	free(said);
	in_force("a.example b.example c.example", true);
	ck_assert_uint_eq(state_of("f1").failures, 1);
	ck_assert_uint_eq(state_of("f1").names, 1);
	ck_assert_str_eq(state_of("f1").why, "the server says 404");
	said = sync_says("--quiet", 1);
	says(said, "f1: FAILED");
	ck_assert_ptr_null(strstr(said, "f0"));
	free(said);
	ck_assert_uint_eq(state_of("f1").failures, 2);
	/* Well again. */
	also_serves("/1", "b.example\nd.example\n", NULL);
	sync_ok();
	in_force("b.example d.example", true);
	ck_assert_uint_eq(state_of("f1").failures, 0);
	ck_assert_str_eq(state_of("f1").why, "");
}
END_TEST

START_TEST(a_feed_that_never_worked)
{
	char *said;

	with(2, "", "");
	serves("/0", "a.example\n", NULL);
	said = sync_says("", 1);
	says(said, "f1: FAILED: the server says 404; it has no list yet\n");
	free(said);
	in_force("a.example", true);
	ck_assert_uint_eq(site_files("state/f1"), 1);
	/* Nothing at all is no reason to publish nothing. */
	serves("/1", "", NULL);
	free(sync_says("", 1));
	in_force("a.example", true);
}
END_TEST

START_TEST(a_refused_content_keeps_the_list)
{
	char *said;

	with(1, "min-names = 1", "");
	serves("/0", "a.example\nb.example\n", "\"1\"");
	sync_ok();
	serves("/0", "<!DOCTYPE html>\n<html><head><title>Log in</title>\n",
	    "\"2\"");
	said = sync_says("", 1);
	says(said, "f0: FAILED: '");
	says(said, "stays\n");
	says(said, "nothing changed");
	free(said);
	in_force("a.example b.example", true);
	ck_assert_uint_eq(site_files("state/f0"), 4);
	/* Its mark is not kept: it is asked for again. */
	ck_assert_str_eq(state_of("f0").etag, "\"1\"");
	serves("/0", "a.example\nb.example\n", "\"1\"");
	sync_ok();
	ck_assert_int_eq((int)state_of("f0").http, 304);
}
END_TEST

START_TEST(a_new_mark_for_the_same_content_is_kept)
{
	with(1, "", "");
	serves("/0", "a.example\n", "\"1\"");
	sync_ok();
	serves("/0", "a.example\n", "\"2\"");
	sync_ok();
	ck_assert_int_eq((int)state_of("f0").http, 200);
	ck_assert_str_eq(state_of("f0").etag, "\"2\"");
	sync_ok();
	ck_assert_int_eq((int)state_of("f0").http, 304);
	ck_assert_uint_eq(site_files("state/generations"), 1);
}
END_TEST

START_TEST(another_source_is_asked_without_conditions)
{
	char conf[600];

	snprintf(conf, sizeof(conf), "feed \"f0\" { url = \"%s\" }",
	    http_url(server, "/0"));
	site_write(conf);
	http_clear(server);
	http_page(server,
	    &(struct http_page){ .path = "/0",
		.body = "a.example\nb.example\nc.example\nd.example\n",
		.modified = "Sat, 01 Aug 2026 00:00:00 GMT" });
	/* It answers 304 to who asks with that date, and is much smaller. */
	http_page(server,
	    &(struct http_page){ .path = "/other",
		.body = "z.example\n",
		.modified = "Sat, 01 Aug 2026 00:00:00 GMT" });
	sync_ok();
	snprintf(conf, sizeof(conf), "feed \"f0\" { url = \"%s\" }",
	    http_url(server, "/other"));
	site_write(conf);
	sync_ok();
	in_force("z.example", true);
	in_force("a.example", false);
	sync_ok();
	ck_assert_int_eq((int)state_of("f0").http, 304);
}
END_TEST

START_TEST(another_form_is_read_again_without_fetching)
{
	char *said;

	with(1, "", "");
	serves("/0", "a.example\n", "\"1\"");
	sync_ok();
	with(1, "match = exact", "");
	said = sync_says("", 0);
	says(said, "f0: read again (domains): 1 names");
	free(said);
	in_force("a.example", true);
	in_force("x.a.example", false);
	ck_assert_int_eq((int)state_of("f0").http, 304);
}
END_TEST

START_TEST(files_of_this_machine)
{
	char *said;

	site_file("one", "a.example\n");
	site_file("two", "b.example\n");
	site_write("feed \"one\" { url = \"@/one\" }\n"
		   "feed \"two\" { url = \"file://@/two\" }");
	sync_ok();
	in_force("a.example b.example", true);
	said = sync_says("", 0);
	says(said, "one: unchanged");
	says(said, "nothing changed");
	free(said);
	site_file("two", "b.example\nc.example\n");
	said = sync_says("", 0);
	says(said, "two: new");
	free(said);
	in_force("c.example", true);
	/* No copies. */
	ck_assert_uint_eq(site_files("state/one"), 3);
	ck_assert_int_eq(unlink(kit_path("one")), 0);
	said = sync_says("", 1);
	says(said, "one: FAILED: cannot open '");
	free(said);
	in_force("a.example", true);
	ck_assert_int_eq(mkdir(kit_path("one"), 0755), 0);
	said = sync_says("", 1);
	says(said, "is not a file");
	free(said);
}
END_TEST

START_TEST(only_some_feeds)
{
	char *said;

	with(2, "", "");
	serves("/0", "a.example\n", NULL);
	also_serves("/1", "b.example\n", NULL);
	said = sync_says("f1", 0);
	says(said, "f1: new");
	ck_assert_ptr_null(strstr(said, "f0"));
	free(said);
	ck_assert_uint_eq(http_count(server, "/0"), 0);
	in_force("b.example", true);
	said = sync_says("f0 f9", 2);
	says(said, "has no feed 'f9'");
	free(said);
	ck_assert_uint_eq(http_count(server, "/0"), 0);
	said = sync_says("f0 f0", 0);
	free(said);
	in_force("a.example b.example", true);
}
END_TEST

START_TEST(what_is_disabled_is_not_asked)
{
	with(1, "enabled = no", "feed \"x\" { url = \"@/x\" }");
	serves("/0", "a.example\n", NULL);
	site_file("x", "x.example\n");
	sync_ok();
	ck_assert_uint_eq(http_count(server, NULL), 0);
	ck_assert_uint_eq(site_files("state/f0"), 0);
}
END_TEST

START_TEST(a_bad_configuration_does_nothing)
{
	char *said;

	site_write("feed \"f0\" { url = \"x\" trust = blind }\n");
	said = sync_says("", 2);
	says(said, "feeds.conf:5: ");
	says(said, "2 faults; nothing was done");
	free(said);
	ck_assert_uint_eq(kit_files(), 1);
	free(sync_says("-c /nonexistent", 2));
	free(sync_says("--bogus", 2));
}
END_TEST

START_TEST(force_publishes)
{
	with(1, "", "");
	serves("/0", "a.example\n", NULL);
	sync_ok();
	free(sync_says("--force", 0));
	ck_assert_uint_eq(site_files("state/generations"), 2);
}
END_TEST

START_TEST(hooks_run_after_a_publication)
{
	char *log, serial[64], *at;
	size_t len;
	char *said;

	with(1, "",
	    "hooks = { \"echo $FRAUDSINK_SERIAL $FRAUDSINK_DB >>@/log\", "
	    "\"exit 7\" }");
	serves("/0", "a.example\n", NULL);
	said = sync_says("", 0);
	says(said, "the hook 'exit 7' failed with status 7");
	free(said);
	log = state_text(kit_path("log"), &len);
	ck_assert_ptr_nonnull(log);
	at = strchr(log, ' ');
	ck_assert_str_eq(at, site_text(" @/list.fsdb\n"));
	*at = '\0';
	snprintf(serial, sizeof(serial), "state/generations/%020llu.fsdb",
	    strtoull(log, NULL, 10));
	ck_assert_int_eq(access(kit_path(serial), F_OK), 0);
	free(log);
	/* Not without one, and not if nobody wants them. */
	sync_ok();
	serves("/0", "b.example\n", NULL);
	free(sync_says("--no-hooks", 0));
	log = state_text(kit_path("log"), &len);
	ck_assert_ptr_eq(strchr(log, '\n') + 1, log + len);
	free(log);
}
END_TEST

/* A disk may be full between the one and the other. */
START_TEST(what_is_published_is_told_though_a_state_is_not_kept)
{
	char *said, *log;
	size_t len;

	with(2, "", site_text("hooks = { \"echo hook >>@/log\" }"));
	serves("/0", "a.example\n", NULL);
	also_serves("/1", "b.example\n", "\"1\"");
	/* Where a file should be. */
	ck_assert_int_eq(mkdir(kit_path("state"), 0755), 0);
	ck_assert_int_eq(mkdir(kit_path("state/f0"), 0755), 0);
	ck_assert_int_eq(mkdir(kit_path("state/f0/meta"), 0755), 0);
	said = sync_says("", 2);
	says(said,
	    "f0/meta': Is a directory; what is new is in force all the "
	    "same");
	free(said);
	in_force("a.example b.example", true);
	log = state_text(kit_path("log"), &len);
	ck_assert_str_eq(log, "hook\n");
	free(log);
	/* The other feed's is kept. */
	said = sync_says("", 2);
	says(said, "f1: unchanged");
	free(said);
}
END_TEST

START_TEST(a_canary_keeps_what_is_in_force)
{
	char *said;

	with(1, "", "always-blocked = { \"a.example\" }");
	serves("/0", "a.example\nb.example\n", NULL);
	sync_ok();
	serves("/0", "b.example\nc.example\n", NULL);
	said = sync_says("", 2);
	says(said, "'a.example' would not be blocked, but it must be");
	says(said, "what was in force stays");
	free(said);
	in_force("a.example b.example", true);
	in_force("c.example", false);
	ck_assert_uint_eq(site_files("state/generations"), 1);
	/* It is tried again each time, and works once it can. */
	free(sync_says("", 2));
	serves("/0", "a.example\nc.example\n", NULL);
	sync_ok();
	in_force("a.example c.example", true);
}
END_TEST

START_TEST(wishes_of_a_server_are_noted)
{
	struct feed_state s;

	with(1, "", "");
	http_page(server,
	    &(struct http_page){ .path = "/0",
		.status = 429,
		.headers = "Retry-After: 9223372036854775807\r\n" });
	free(sync_says("", 2));
	s = state_of("f0");
	ck_assert_int_gt(s.not_before, s.tried);
	ck_assert_int_le(s.not_before, s.tried + 86400 + 100);
}
END_TEST

/* ---- secrets ---- */

#define KEY "s3cr3t-k3y"

static void
shows_no_key(const char *args)
{
	struct run r;

	run_feeds(&r, NULL, args);
	ck_assert_uint_gt(strlen(r.out), 100);
	ck_assert_msg(strstr(r.out, KEY) == NULL, "%s", r.out);
	ck_assert_msg(strstr(r.err, KEY) == NULL, "%s", r.err);
	run_free(&r);
}

START_TEST(secrets_are_sent_and_never_shown)
{
	char conf[2500];
	char *said;

	snprintf(conf, sizeof(conf),
	    "retries = 0\n"
	    "feed \"file\" { url = \"%s\" secret-file = \"@/key\" "
	    "secret-header = \"Auth-Key\" }\n"
	    "feed \"env\" { url = \"%s\" secret-env = \"FEED_KEY\" "
	    "secret-query = \"key\" }\n"
	    "feed \"url\" { url = \"http://me:" KEY "@127.0.0.1:%u/2?k=" KEY
	    "\" }\n"
	    "feed \"gone\" { url = \"%s\" secret-file = \"@/none\" "
	    "secret-header = \"X\" }\n"
	    "feed \"unset\" { url = \"%s\" secret-env = \"NO_KEY\" "
	    "secret-header = \"X\" }\n"
	    "feed \"empty\" { url = \"%s\" secret-file = \"@/empty\" "
	    "secret-header = \"X\" }\n"
	    "feed \"path\" { url = \"%s\" secret-file = \"@/key\" }\n"
	    "feed \"page\" { url = \"%s\" secret-file = \"@/key\" }\n"
	    "feed \"lost\" { url = \"%s\" secret-file = \"@/key\" }\n",
	    http_url(server, "/0"), http_url(server, "/1"), http_port(server),
	    http_url(server, "/3"), http_url(server, "/4"),
	    http_url(server, "/5"), http_url(server, "/6/{key}/x"),
	    http_url(server, "/7/{key}/x"), http_url(server, "/8/{key}/x"));
	site_write(conf);
	site_file("key", KEY "\r\nsecond line\n");
	site_file("empty", "\n");
	setenv("FEED_KEY", KEY "\n", 1);
	serves("/0", "a.example\n", NULL);
	also_serves("/1", "b.example\n", NULL);
	also_serves("/2", "<html>\n", NULL);
	also_serves("/6/" KEY "/x", "c.example\n", NULL);
	also_serves("/7/" KEY "/x", "<html>\n", NULL);
	said = sync_says("", 1);
	says(said, "file: new");
	says(said, "path: new");
	says(said, "/7/{key}/x' is in no format");
	says(said, "lost: FAILED: the server says 404");
	says(said, "env: new");
	says(said, "url: FAILED: 'http://127.0.0.1");
	says(said, "gone: FAILED: cannot read its secret from '");
	says(said,
	    "unset: FAILED: the variable 'NO_KEY' of its secret is not "
	    "set");
	says(said, "empty: FAILED: its secret is empty");
	ck_assert_msg(strstr(said, KEY) == NULL, "%s", said);
	free(said);
	shows_no_key("status -c feeds.conf");
	shows_no_key("status -c feeds.conf --json");
	shows_no_key("check -c feeds.conf");
	ck_assert(http_heard(server, "Auth-Key: " KEY "\r\n"));
	ck_assert(http_heard(server, "key=" KEY));
	ck_assert_uint_eq(http_count(server, "/3"), 0);
	ck_assert_uint_eq(http_count(server, "/4"), 0);
	ck_assert_uint_eq(http_count(server, "/5"), 0);
	/* Nor does anything that is kept hold one. */
	{
		char command[400];

		snprintf(command, sizeof(command), "grep -rq " KEY " %s",
		    kit_path("state"));
		ck_assert_int_ne(system(command), 0);
	}
}
END_TEST

/* ---- two at once, and the end ---- */

static void
wait_for_request(const char *path)
{
	while (http_count(server, path) == 0)
		breathe();
}

START_TEST(two_at_once)
{
	struct run_on first;
	struct run r;
	char *said;

	with(1, "", "");
	http_page(server,
	    &(struct http_page){ .path = "/0",
		.body = "a.example\nb.example\nc.example\n",
		.trick = HTTP_DRIP,
		.number = 30 });
	run_start(&first, NULL, "sync -c feeds.conf", NULL);
	wait_for_request("/0");
	said = sync_says("", 2);
	says(said, "another run is at work on '");
	free(said);
	run_end(&first, &r);
	ck_assert_msg(r.status == 0, "%s", r.err);
	run_free(&r);
	in_force("a.example", true);
	/* Looking needs no lock. */
	free(run_output("status -c feeds.conf"));
}
END_TEST

static const int signals[] = { SIGTERM, SIGINT };

START_TEST(a_signal_in_the_middle_of_a_fetch)
{
	struct feed_state before;
	struct run_on p;
	struct run r;

	with(2, "timeout = 60", "");
	serves("/0", "a.example\n", "\"1\"");
	also_serves("/1", "b.example\n", "\"1\"");
	sync_ok();
	before = state_of("f1");
	serves("/0", "c.example\n", "\"2\"");
	http_page(
	    server, &(struct http_page){ .path = "/1", .trick = HTTP_SILENT });
	run_start(&p, NULL, "sync -c feeds.conf", NULL);
	wait_for_request("/1");
	kill(p.pid, signals[_i]);
	run_end(&p, &r);
	ck_assert_int_eq(r.status, 2);
	says(r.err, "stopped; what was in force stays\n");
	run_free(&r);
	in_force("a.example b.example", true);
	in_force("c.example", false);
	/* It did not fail: we did not wait. */
	ck_assert_uint_eq(state_of("f1").failures, 0);
	ck_assert_int_eq(state_of("f1").tried, before.tried);
	ck_assert_uint_eq(site_files("state/f0"), 4);
	ck_assert_uint_eq(site_files("state/f1"), 4);
	serves("/0", "c.example\n", "\"2\"");
	also_serves("/1", "b.example\n", "\"1\"");
	sync_ok();
	in_force("b.example c.example", true);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/sync.c");
	TCase *tc = tcase_create("rounds");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_first_publishes_the_second_does_nothing);
	tcase_add_test(tc, only_what_changed_is_read_again);
	tcase_add_test(tc, a_feed_that_fails_keeps_its_list);
	tcase_add_test(tc, a_feed_that_never_worked);
	tcase_add_test(tc, a_refused_content_keeps_the_list);
	tcase_add_test(tc, a_new_mark_for_the_same_content_is_kept);
	tcase_add_test(tc, another_source_is_asked_without_conditions);
	tcase_add_test(tc, another_form_is_read_again_without_fetching);
	tcase_add_test(tc, files_of_this_machine);
	tcase_add_test(tc, only_some_feeds);
	tcase_add_test(tc, what_is_disabled_is_not_asked);
	tcase_add_test(tc, a_bad_configuration_does_nothing);
	tcase_add_test(tc, force_publishes);
	tcase_add_test(tc, hooks_run_after_a_publication);
	tcase_add_test(
	    tc, what_is_published_is_told_though_a_state_is_not_kept);
	tcase_add_test(tc, a_canary_keeps_what_is_in_force);
	tcase_add_test(tc, wishes_of_a_server_are_noted);
	tcase_add_test(tc, secrets_are_sent_and_never_shown);
	tcase_add_test(tc, two_at_once);
	tcase_add_loop_test(tc, a_signal_in_the_middle_of_a_fetch, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
