/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds watch, with a service manager of the test's own. */
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "feeds/state.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/http.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

static struct http *server;
static int manager = -1; /* the socket that is notified */
static char notify[200];
static struct run_on watch;

static void
setup(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	site_setup();
	server = http_start();
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", kit_dir);
	snprintf(notify, sizeof(notify), "NOTIFY_SOCKET=%s", at.sun_path);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&at, sizeof(at)), 0);
}

static void
teardown(void)
{
	if (watch.pid > 0)
		kill(watch.pid, SIGKILL);
	close(manager);
	http_stop(server);
	kit_teardown();
}

/* Waits for the message WHAT, or one that begins so; others are passed over.
 * Fails the test after MS. */
static void
told(const char *what, long ms)
{
	const long end = now_ms() + patience(ms);
	char text[300];

	for (;;) {
		struct pollfd p = { .fd = manager, .events = POLLIN };
		const long left = end - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) != 1) {
			char *said = run_said(&watch);

			ck_abort_msg("not told: %s; said: %s", what, said);
		}
		n = recv(manager, text, sizeof(text) - 1, 0);
		ck_assert_int_ge(n, 0);
		text[n] = '\0';
		if (strncmp(text, what, strlen(what)) == 0)
			return;
	}
}

/* How many messages lie there. */
static unsigned
pending(void)
{
	char text[300];
	unsigned n = 0;

	while (recv(manager, text, sizeof(text), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void
start_watch(const char *more)
{
	const char *env[] = { notify, more, NULL };

	run_start(&watch, NULL, "watch -c feeds.conf", env);
	told("READY=1", 20000);
}

/* Ends it, which it must do well. */
static void
end_watch(int sig)
{
	struct run r;

	kill(watch.pid, sig);
	told("STOPPING=1", 20000);
	run_end(&watch, &r);
	ck_assert_msg(r.status == 0, "exit status %d: %s", r.status, r.err);
	ck_assert_ptr_null(strstr(r.err, "Sanitizer"));
	run_free(&r);
}

static void
in_force(const char *names, bool blocked)
{
	struct fsk_db *db = site_db("list.fsdb");

	site_blocks(db, names, blocked);
	fsk_db_close(db);
}

#define LONG_AGO "feed \"one\" { url = \"@/one\" interval = 6h "

/* ---- rounds ---- */

static const int ends[] = { SIGTERM, SIGINT };

START_TEST(it_publishes_and_ends)
{
	site_file("one", "a.example\n");
	site_write(LONG_AGO "}");
	start_watch(NULL);
	told("STATUS=published: 1 feeds new, 0 unchanged, 0 failed", 20000);
	in_force("a.example", true);
	end_watch(ends[_i]);
	/* Its lock is no more. */
	free(run_output("sync -c feeds.conf"));
}
END_TEST

START_TEST(what_is_not_due_is_not_asked_again)
{
	char conf[300];

	snprintf(conf, sizeof(conf), "feed \"one\" { url = \"%s\" }",
	    http_url(server, "/one"));
	site_write(conf);
	http_page(server,
	    &(struct http_page){ .path = "/one", .body = "a.example\n" });
	free(run_output("sync -c feeds.conf"));
	ck_assert_uint_eq(http_count(server, NULL), 1);
	start_watch(NULL);
	told("STATUS=nothing changed: 0 feeds new, 0 unchanged, 0 failed",
	    20000);
	ck_assert_uint_eq(http_count(server, NULL), 1);
	end_watch(SIGTERM);
}
END_TEST

/* Writes into the meta of "one" when it was tried and whether that failed. */
static void
tried(int64_t ago, uint64_t failures, int64_t not_before)
{
	const int64_t now = (int64_t)time(NULL);
	struct feed_state s;
	struct fsk_error err;

	state_read(kit_path("state"), "one", &s);
	s.tried = s.good = now - ago;
	s.failures = failures;
	s.not_before = not_before != 0 ? now + not_before : 0;
	ck_assert_int_eq(
	    state_write(kit_path("state"), "one", &s, &err), FSK_OK);
}

static const struct {
	int64_t ago; /* seconds; the interval is 1000 */
	uint64_t failures;
	int64_t not_before;
	bool due;
} dues[] = {
	{ 900, 0, 0, false },
	{ 1200, 0, 0, true },
	/* After a failure it is asked sooner, but not at once. */
	{ 200, 1, 0, false },
	{ 300, 1, 0, true },
	/* Its server's wish, within reason. */
	{ 1200, 1, 500, false },
	{ 1200, 1, -5, true },
	{ 1200, 1, 864000, true },
	/* The clock was wrong. */
	{ -100000, 0, 0, true },
	{ -86400 * 400, 0, 86400 * 400, true },
};

START_TEST(feeds_are_due_when_they_are)
{
	char conf[300];

	snprintf(conf, sizeof(conf),
	    "feed \"one\" { url = \"%s\" interval = 1000s }",
	    http_url(server, "/one"));
	site_write(conf);
	http_page(server,
	    &(struct http_page){ .path = "/one", .body = "a.example\n" });
	free(run_output("sync -c feeds.conf"));
	tried(dues[_i].ago, dues[_i].failures, dues[_i].not_before);
	start_watch(NULL);
	told(dues[_i].due ? "STATUS=nothing changed: 0 feeds new, 1 unchanged"
			  : "STATUS=nothing changed: 0 feeds new, 0 unchanged",
	    20000);
	ck_assert_uint_eq(http_count(server, NULL), dues[_i].due ? 2 : 1);
	end_watch(SIGTERM);
}
END_TEST

START_TEST(it_needs_no_feed)
{
	site_write("policy { rule \"r\" { names = {\"a.example\"} } }");
	start_watch(NULL);
	told("STATUS=published: 0 feeds new", 20000);
	in_force("a.example", true);
	end_watch(SIGTERM);
}
END_TEST

/* ---- the configuration ---- */

START_TEST(hangup_reads_the_configuration_again)
{
	site_file("one", "a.example\n");
	site_file("two", "b.example\n");
	site_write(LONG_AGO "}");
	start_watch(NULL);
	told("STATUS=published", 20000);
	/* No feed is due, but the answer is another, and a rule is new. */
	site_write(
	    LONG_AGO "action = nodata }\n"
		     "policy { rule \"r\" { names = {\"r.example\"} } }");
	kill(watch.pid, SIGHUP);
	told("RELOADING=1", 20000);
	told("READY=1", 20000);
	told("STATUS=published: 0 feeds new, 0 unchanged", 20000);
	{
		struct fsk_db *db = site_db("list.fsdb");

		ck_assert_str_eq(
		    site_ask(db, "a.example", 0, NULL, 0), "nodata");
		site_blocks(db, "r.example", true);
		fsk_db_close(db);
	}
	/* A new feed is due at once. */
	site_write(LONG_AGO "}\nfeed \"two\" { url = \"@/two\" }");
	kill(watch.pid, SIGHUP);
	told("STATUS=published: 1 feeds new, 0 unchanged", 20000);
	in_force("a.example b.example", true);
	end_watch(SIGTERM);
}
END_TEST

START_TEST(a_bad_configuration_changes_nothing)
{
	char *said;

	site_file("one", "a.example\n");
	site_write(LONG_AGO "}");
	start_watch(NULL);
	told("STATUS=published", 20000);
	site_write("feed \"one\" { url = \"x\" }\nbogus = 1\n");
	kill(watch.pid, SIGHUP);
	told("RELOADING=1", 20000);
	told("READY=1", 20000);
	said = run_said(&watch);
	ck_assert_msg(
	    strstr(said, "feeds.conf:6: no such option 'bogus'") != NULL &&
		strstr(said, "the configuration before stays") != NULL,
	    "%s", said);
	free(said);
	in_force("a.example", true);
	/* It goes on with what it had, and takes a good one later. */
	site_file("one", "a.example\nb.example\n");
	site_write(LONG_AGO "match = exact }");
	kill(watch.pid, SIGHUP);
	told("READY=1", 20000);
	end_watch(SIGTERM);
}
END_TEST

START_TEST(a_configuration_with_another_state)
{
	char conf[600];
	struct run r;

	site_file("one", "a.example\n");
	site_write(LONG_AGO "}");
	start_watch(NULL);
	told("STATUS=published", 20000);
	snprintf(conf, sizeof(conf),
	    "database = \"@/other.fsdb\"\nstate = \"@/other\"\n" LONG_AGO "}");
	site_file("feeds.conf", site_text(conf));
	kill(watch.pid, SIGHUP);
	told("STATUS=published: 1 feeds new", 20000);
	fsk_db_close(site_db("other.fsdb"));
	/* The lock has moved with it. */
	run_feeds(&r, NULL, "watch -c feeds.conf");
	ck_assert_int_eq(r.status, 2);
	ck_assert_ptr_nonnull(strstr(r.err, "/other'"));
	run_free(&r);
	end_watch(SIGTERM);
}
END_TEST

START_TEST(a_bad_start_is_an_error)
{
	site_write("bogus = 1\n");
	ck_assert_int_eq(run_status(NULL, "watch -c feeds.conf"), 2);
	ck_assert_int_eq(run_status(NULL, "watch -c feeds.conf x"), 2);
	ck_assert_int_eq(run_status(NULL, "watch --bogus"), 2);
	ck_assert_uint_eq(pending(), 0);
}
END_TEST

/* ---- others ---- */

START_TEST(one_watch_and_rounds_between_its_own)
{
	struct run r;

	site_file("one", "a.example\n");
	site_write(LONG_AGO "}");
	start_watch(NULL);
	told("STATUS=published", 20000);
	run_feeds(&r, NULL, "watch -c feeds.conf");
	ck_assert_int_eq(r.status, 2);
	ck_assert_ptr_nonnull(strstr(r.err, "another run is at work on '"));
	run_free(&r);
	/* The emergency brake works while it runs. */
	site_file("one", "a.example\nb.example\n");
	free(run_output("sync -c feeds.conf"));
	in_force("b.example", true);
	free(run_output("rollback -c feeds.conf"));
	in_force("b.example", false);
	kill(watch.pid, SIGHUP);
	told("STATUS=nothing changed", 20000);
	site_write(LONG_AGO "action = nodata }");
	kill(watch.pid, SIGHUP);
	told("STATUS=held by a rollback", 20000);
	in_force("b.example", false);
	end_watch(SIGTERM);
}
END_TEST

START_TEST(a_round_of_another_is_waited_for)
{
	struct run_on other;
	struct run r;
	char conf[300], *said;

	snprintf(conf, sizeof(conf), "feed \"one\" { url = \"%s\" }",
	    http_url(server, "/one"));
	site_write(conf);
	http_page(server,
	    &(struct http_page){ .path = "/one",
		.body = "a.example\nb.example\nc.example\nd.example\n",
		.trick = HTTP_DRIP,
		.number = 20 });
	run_start(&other, NULL, "sync -c feeds.conf", NULL);
	while (http_count(server, NULL) == 0)
		breathe();
	start_watch(NULL);
	run_until(&watch, "another run is at work on '");
	run_end(&other, &r);
	ck_assert_int_eq(r.status, 0);
	run_free(&r);
	said = run_said(&watch);
	ck_assert_ptr_nonnull(strstr(said, "what was in force stays"));
	free(said);
	end_watch(SIGTERM);
}
END_TEST

START_TEST(it_ends_in_the_middle_of_a_fetch)
{
	const long begin = now_ms();
	char conf[300];

	snprintf(conf, sizeof(conf),
	    "feed \"one\" { url = \"%s\" timeout = 1h }",
	    http_url(server, "/one"));
	site_write(conf);
	http_page(server,
	    &(struct http_page){ .path = "/one", .trick = HTTP_SILENT });
	start_watch(NULL);
	while (http_count(server, NULL) == 0)
		breathe();
	end_watch(SIGTERM);
	ck_assert_int_lt(now_ms() - begin, patience(10000));
}
END_TEST

START_TEST(a_server_that_fails_is_no_reason_to_end)
{
	char conf[300];

	snprintf(conf, sizeof(conf),
	    "retries = 0\nfeed \"one\" { url = \"%s\" }",
	    http_url(server, "/one"));
	site_write(conf);
	http_page(server, &(struct http_page){ .path = "/one", .status = 500 });
	start_watch(NULL);
	run_until(&watch, "one: FAILED: the server says 500");
	/* Nothing could be published, ever. */
	run_until(&watch, "an empty database is not published");
	ck_assert_uint_eq(http_count(server, NULL), 1);
	end_watch(SIGTERM);
	ck_assert_uint_eq(http_count(server, NULL), 1);
}
END_TEST

/* ---- the watchdog ---- */

START_TEST(the_watchdog_is_fed)
{
	const char *env[] = { notify, "WATCHDOG_USEC=200000", NULL };
	long begin;

	site_file("one", "a.example\n");
	site_write(LONG_AGO "}");
	run_start(&watch, NULL, "watch -c feeds.conf", env);
	told("READY=1", 20000);
	told("STATUS=published", 20000);
	begin = now_ms();
	for (unsigned i = 0; i < 5; i++)
		told("WATCHDOG=1", 2000);
	/* At half of the time. */
	ck_assert_int_ge(now_ms() - begin, 300);
	/* Also in the middle of a fetch, and while the schedule changes. */
	site_write(LONG_AGO "}\npolicy { group \"g\" { prefixes = "
			    "{\"10.0.0.0/8\"} time = \"08:00-20:00\" "
			    "timezone = \"Europe/Berlin\" } }");
	for (unsigned i = 0; i < 3; i++) {
		kill(watch.pid, SIGHUP);
		told("READY=1", 20000);
		told("WATCHDOG=1", 2000);
	}
	end_watch(SIGTERM);
}
END_TEST

START_TEST(nobody_wants_to_know)
{
	const char *env[] = { "NOTIFY_SOCKET=", "WATCHDOG_USEC=100000", NULL };
	struct run r;

	site_file("one", "a.example\n");
	site_write(LONG_AGO "}");
	run_start(&watch, NULL, "watch -c feeds.conf", env);
	run_until(&watch, "list.fsdb: 1 entries, 0 URLs, serial ");
	kill(watch.pid, SIGTERM);
	run_end(&watch, &r);
	ck_assert_int_eq(r.status, 0);
	run_free(&r);
	ck_assert_uint_eq(pending(), 0);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/watch.c");
	TCase *tc = tcase_create("watching");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, it_publishes_and_ends, 0, 2);
	tcase_add_test(tc, what_is_not_due_is_not_asked_again);
	tcase_add_loop_test(
	    tc, feeds_are_due_when_they_are, 0, sizeof(dues) / sizeof(*dues));
	tcase_add_test(tc, it_needs_no_feed);
	tcase_add_test(tc, hangup_reads_the_configuration_again);
	tcase_add_test(tc, a_bad_configuration_changes_nothing);
	tcase_add_test(tc, a_configuration_with_another_state);
	tcase_add_test(tc, a_bad_start_is_an_error);
	tcase_add_test(tc, one_watch_and_rounds_between_its_own);
	tcase_add_test(tc, a_round_of_another_is_waited_for);
	tcase_add_test(tc, it_ends_in_the_middle_of_a_fetch);
	tcase_add_test(tc, a_server_that_fails_is_no_reason_to_end);
	tcase_add_test(tc, the_watchdog_is_fed);
	tcase_add_test(tc, nobody_wants_to_know);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
