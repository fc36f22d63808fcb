/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats/web/ and stats/report_html.c: the pages as a browser shows them
 *
 * A headless Chromium is told what to do by a pipe: lines of JSON with a NUL
 * behind each, to its descriptor 3 and from its 4 (Chrome DevTools Protocol).
 * It ends when the pipe is closed.
 */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/db.h"
#include "tests/lib/kit.h"
#include "tests/stats/model.h"
#include "tests/stats/stats.h"

#define PROGRAM    "/usr/bin/chromium"
#define OPERATOR   "operator-token-1234"
#define RESEARCHER "researcher-token-1234"
#define DEADLINE   30000 /* milliseconds for anything */

static struct model m;
static pid_t server, browser;
static unsigned port;
static int to, from; /* the browser */
static char session[64];
static int orders;
static unsigned strangers; /* requests to elsewhere */
static unsigned mistakes;  /* of scripts, or against the page's policy */

/* ---- the browser ---- */

static int64_t
milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
start_browser(void)
{
	char profile[512];
	int there[2], back[2];

	snprintf(
	    profile, sizeof(profile), "--user-data-dir=%s/profile", kit_dir);
	ck_assert_int_eq(pipe2(there, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(back, O_CLOEXEC), 0);
	browser = fork();
	ck_assert_int_ne(browser, -1);
	if (browser == 0) {
		/* Out of the way of 3 and 4 first. */
		const int in = fcntl(there[0], F_DUPFD, 10);
		const int out = fcntl(back[1], F_DUPFD, 10);
		const int none = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(none, 1);
		dup2(none, 2);
		dup2(in, 3);
		dup2(out, 4);
		close(in);
		close(out);
		setenv("HOME", kit_dir, 1);
		execl(PROGRAM, PROGRAM, "--headless", "--no-sandbox",
		    "--disable-gpu", "--disable-dev-shm-usage",
		    "--remote-debugging-pipe", profile, (char *)NULL);
		_exit(127);
	}
	close(there[0]);
	close(back[1]);
	to = there[1];
	from = back[0];
}

/* The next message, for json_decref(). */
static json_t *
receive(void)
{
	static char text[1 << 22];
	static size_t n;
	const int64_t end = milliseconds() + DEADLINE;
	char *stop;
	json_t *message;

	while ((stop = memchr(text, '\0', n)) == NULL) {
		struct pollfd p = { .fd = from, .events = POLLIN };
		ssize_t got;

		ck_assert_int_eq(poll(&p, 1, (int)(end - milliseconds())), 1);
		ck_assert_uint_lt(n, sizeof(text));
		got = read(from, text + n, sizeof(text) - n);
		ck_assert_int_gt((int)got, 0);
		n += (size_t)got;
	}
	message = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(message);
	n -= (size_t)(stop + 1 - text);
	memmove(text, stop + 1, n);
	return message;
}

/* What came unasked: does the page keep to itself? */
static void
note(const json_t *message)
{
	const char *method = json_string_value(
		       json_object_get(message, "method")),
		   *url, *level;
	char own[64];

	if (method == NULL)
		return;
	snprintf(own, sizeof(own), "http://127.0.0.1:%u/", port);
	if (strcmp(method, "Network.requestWillBeSent") == 0 &&
	    json_unpack((json_t *)message, "{s{s{ss}}}", "params", "request",
		"url", &url) == 0 &&
	    strncmp(url, own, strlen(own)) != 0 &&
	    strncmp(url, "file:", 5) != 0 && strncmp(url, "data:", 5) != 0) {
		printf("it asks for %s\n", url);
		strangers++;
	}
	if (strcmp(method, "Runtime.exceptionThrown") == 0 ||
	    (strcmp(method, "Log.entryAdded") == 0 &&
		json_unpack((json_t *)message, "{s{s{ss}}}", "params", "entry",
		    "level", &level) == 0 &&
		strcmp(level, "error") == 0)) {
		json_dumpf(message, stdout, 0);
		putchar('\n');
		mistakes++;
	}
}

/* Orders METHOD with PARAMS, which are taken; its result, for json_decref(). */
static json_t *
order(const char *method, json_t *params)
{
	json_t *o = json_pack(
	    "{si ss so}", "id", ++orders, "method", method, "params", params);
	char *text;

	if (*session != '\0')
		json_object_set_new(o, "sessionId", json_string(session));
	text = json_dumps(o, JSON_COMPACT);
	ck_assert_int_eq(
	    (int)write(to, text, strlen(text) + 1), (int)strlen(text) + 1);
	free(text);
	json_decref(o);
	for (;;) {
		json_t *answer = receive(), *result;

		if (json_integer_value(json_object_get(answer, "id")) ==
		    orders) {
			result = json_object_get(answer, "result");
			if (result == NULL)
				json_dumpf(answer, stdout, 0);
			ck_assert_ptr_nonnull(result);
			json_incref(result);
			json_decref(answer);
			return result;
		}
		note(answer);
		json_decref(answer);
	}
}

/* What the expression FMT is in the page, as text, until the next. */
static const char *__attribute__((format(printf, 1, 2)))
value(const char *fmt, ...)
{
	static char text[65536];
	char expression[2048];
	const char *is = NULL;
	json_t *result;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(expression, sizeof(expression), fmt, ap);
	va_end(ap);
	result = order("Runtime.evaluate",
	    json_pack("{s:s++}", "expression", "'' + (", expression, ")"));
	json_unpack(result, "{s{ss}}", "result", "value", &is);
	snprintf(text, sizeof(text), "%s", is != NULL ? is : "");
	json_decref(result);
	return text;
}

/* Waits until the expression WHAT is true. */
static void
wait_for(const char *what)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	const int64_t end = milliseconds() + DEADLINE;

	while (strcmp(value("!!(%s)", what), "true") != 0) {
		ck_assert_msg(milliseconds() < end, "never: %s, but '%s'", what,
		    value("document.body.innerText"));
		nanosleep(&moment, NULL);
	}
}

/* A new tab of WIDTH pixels with the page URL. */
static void
open_page(const char *url, unsigned width)
{
	static const char *const enable[] = { "Page.enable", "Network.enable",
		"Runtime.enable", "Log.enable" };
	const char *id;
	json_t *result;

	*session = '\0';
	result = order(
	    "Target.createTarget", json_pack("{ss}", "url", "about:blank"));
	json_unpack(result, "{ss}", "targetId", &id);
	{
		json_t *attached = order("Target.attachToTarget",
		    json_pack("{ss sb}", "targetId", id, "flatten", 1));

		snprintf(session, sizeof(session), "%s",
		    json_string_value(json_object_get(attached, "sessionId")));
		json_decref(attached);
	}
	json_decref(result);
	for (size_t i = 0; i < sizeof(enable) / sizeof(*enable); i++)
		json_decref(order(enable[i], json_object()));
	json_decref(order("Emulation.setDeviceMetricsOverride",
	    json_pack("{si si si sb}", "width", width, "height", 844,
		"deviceScaleFactor", 1, "mobile", width < 600)));
	strangers = mistakes = 0;
	json_decref(order("Page.navigate", json_pack("{ss}", "url", url)));
	wait_for("document.readyState === 'complete' && "
		 "location.href !== 'about:blank'");
}

/* ---- the server ---- */

static void
start_server(void)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	const int64_t end = milliseconds() + DEADLINE;
	const char *text = NULL;

	server = stats_start("serve --listen 127.0.0.1:0 --token-file token "
			     "--researcher-token-file other -c stats.conf");
	while (text == NULL || strchr(text, '\n') == NULL) {
		ck_assert_int_lt(milliseconds(), end);
		nanosleep(&moment, NULL);
		text = strstr(stats_output(), "listening at 127.0.0.1:");
	}
	port = (unsigned)atoi(strchr(text, ':') + 1);
}

/* Ten minutes ago 30 clients, as many two days ago; a category that a page
 * could take for its own. */
static void
make_store(void)
{
	const int64_t now = (int64_t)time(NULL);
	struct model_event e = { .host = "one",
		.name = "shop.example",
		.set = "alpha\nbeta",
		.category = "<i>odd</i>",
		.group = "school",
		.country = "BE",
		.severity = FSK_RED };

	model_init(&m, "least-clients = 20\n");
	for (unsigned i = 0; i < 60; i++) {
		e.time = now - (i % 2 == 0 ? 600 : 2 * 86400);
		e.client = i / 2;
		model_add(&m, &e);
	}
	model_store(&m);
}

static void
setup(void)
{
	kit_setup();
	make_store();
	kit_write(kit_path("token"), OPERATOR "\n", strlen(OPERATOR) + 1);
	kit_write(kit_path("other"), RESEARCHER, strlen(RESEARCHER));
	start_server();
	start_browser();
}

static void
teardown(void)
{
	int status;

	close(to);
	close(from);
	waitpid(browser, &status, 0);
	kill(server, SIGTERM);
	waitpid(server, &status, 0);
	model_fini(&m);
	kit_teardown();
}

/* ---- the dashboard ---- */

static const unsigned widths[] = { 1280, 390 };

static void
sign_in(unsigned width, const char *token)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	open_page(url, width);
	wait_for("document.getElementById('login').open");
	value("document.getElementById('token').value = '%s'", token);
	value("document.getElementById('login-form').requestSubmit()");
}

/* Nothing sticks out at the side, nothing came from elsewhere, nothing broke.
 */
static void
check_manners(unsigned width)
{
	ck_assert_int_le(
	    atoi(value("document.documentElement.scrollWidth")), (int)width);
	ck_assert_uint_eq(strangers, 0);
	ck_assert_uint_eq(mistakes, 0);
}

START_TEST(the_dashboard_shows_what_was_blocked)
{
	sign_in(widths[_i], OPERATOR);
	wait_for("document.querySelectorAll('#names tbody tr').length === 1 && "
		 "document.querySelector('#overlap tbody tr') && "
		 "document.querySelector('#categories tbody tr') && "
		 "document.querySelector('#course svg')");
	ck_assert_ptr_nonnull(
	    strstr(value("document.getElementById('names').innerText"),
		"shop.example"));
	ck_assert_ptr_nonnull(
	    strstr(value("document.getElementById('names').innerText"), "30"));
	ck_assert_ptr_nonnull(
	    strstr(value("document.getElementById('categories').innerText"),
		"<i>odd</i>"));
	ck_assert_str_eq(
	    value("document.getElementById('problem').hidden"), "true");
	check_manners(widths[_i]);
}
END_TEST

/* A number that is cut off is taken for a smaller one. */
START_TEST(numbers_are_not_cut_off)
{
	int wide;

	sign_in(390, OPERATOR);
	wait_for("document.querySelector('#feeds tbody tr')");
	value("document.querySelectorAll('#feeds td').forEach(td => {"
	      "if (td.textContent === 'alpha') td.textContent = 'openphish'; "
	      "if (/^\\d+$/.test(td.textContent)) "
	      "td.textContent = '9\\u202f999\\u202f999'; })");
	ck_assert_ptr_nonnull(
	    strstr(value("document.getElementById('feeds').innerText"),
		"9\u202f999\u202f999"));
	wide = atoi(
	    value("document.querySelector('#feeds table').scrollWidth"));
	ck_assert_int_le(
	    wide, atoi(value("document.getElementById('feeds').clientWidth")));
}
END_TEST

START_TEST(researchers_see_what_is_released)
{
	sign_in(widths[_i], RESEARCHER);
	wait_for("!document.getElementById('main').hidden");
	value("document.getElementById('since').value = '7d'");
	value("document.getElementById('since').dispatchEvent("
	      "new Event('change'))");
	wait_for("document.querySelectorAll('#names tbody tr').length === 1");
	/* Today's are not. */
	ck_assert_ptr_nonnull(
	    strstr(value("document.getElementById('names').innerText"), "30"));
	ck_assert_str_eq(
	    value("[...document.querySelectorAll('[data-operator]')].every("
		  "e => e.hidden)"),
	    "true");
	check_manners(widths[_i]);
}
END_TEST

START_TEST(a_wrong_token_is_told)
{
	sign_in(390, "nobodys-token-123456");
	wait_for("document.getElementById('login-problem').textContent !== ''");
	ck_assert_str_eq(
	    value("document.getElementById('main').hidden"), "true");
	ck_assert_uint_eq(strangers, 0);
}
END_TEST

/* ---- the report ---- */

START_TEST(the_report_needs_nothing_but_itself)
{
	char args[128], month[16], url[512];
	const time_t then = time(NULL) - 600; /* when they were blocked */

	strftime(month, sizeof(month), "%Y-%m", gmtime(&then));
	snprintf(args, sizeof(args),
	    "report --month %s --format html -o report.html -c stats.conf",
	    month);
	ck_assert_int_eq(stats_run(args), 0);
	snprintf(url, sizeof(url), "file://%s", kit_path("report.html"));
	open_page(url, widths[_i]);
	wait_for("document.querySelectorAll('svg').length >= 2");
	ck_assert_ptr_nonnull(
	    strstr(value("document.body.innerText"), "<i>odd</i>"));
	ck_assert_str_eq(
	    value("performance.getEntriesByType('resource').length"), "0");
	check_manners(widths[_i]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("page");
	TCase *t = tcase_create("pages");
	SRunner *r;
	int failed;

	if (access(PROGRAM, X_OK) == -1) {
		printf("skipped: there is no %s\n", PROGRAM);
		return 0;
	}
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, the_dashboard_shows_what_was_blocked, 0, 2);
	tcase_add_test(t, numbers_are_not_cut_off);
	tcase_add_loop_test(t, researchers_see_what_is_released, 0, 2);
	tcase_add_test(t, a_wrong_token_is_told);
	tcase_add_loop_test(t, the_report_needs_nothing_but_itself, 0, 2);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
