/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/serve*.c, openapi.c and web/: the program as it serves */
#include <arpa/inet.h>
#include <check.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stats/questions.h"
#include "stats/sql.h"
#include "tests/lib/kit.h"
#include "tests/stats/model.h"
#include "tests/stats/stats.h"

#define OPERATOR   "operator-token-1234"
#define RESEARCHER "researcher-token-1234"
#define TIME       "since=2026-09-15&until=2026-09-22"

static struct model m;
static pid_t server;
static uint16_t port;

/* ---- the server ---- */

static void
start(const char *args)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	const char *text;

	server = stats_start(args);
	for (int i = 0; i < 2000; i++) {
		text = strstr(stats_output(), "listening at 127.0.0.1:");
		if (text != NULL && strchr(text, '\n') != NULL) {
			port = (uint16_t)atoi(strchr(text, ':') + 1);
			return;
		}
		nanosleep(&moment, NULL);
	}
	ck_abort_msg("it does not listen: %s", stats_output());
}

static void
stop(void)
{
	int status;

	kill(server, SIGTERM);
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	ck_assert_int_eq(status, 0);
}

static void
setup(void)
{
	kit_setup();
	kit_seed(9);
	model_init(&m, "least-clients = 10\n");
	model_random(&m, 600, 6);
	model_store(&m);
	kit_write(kit_path("token"), OPERATOR "\n", strlen(OPERATOR) + 1);
	kit_write(kit_path("other"), RESEARCHER, strlen(RESEARCHER));
	start("serve --listen 127.0.0.1:0 --token-file token "
	      "--researcher-token-file other -c stats.conf");
}

static void
teardown(void)
{
	stop();
	model_fini(&m);
	kit_teardown();
}

/* ---- a client ---- */

static int
connect_to(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static char answer[1 << 20];
static const char *body;

/* Sends TEXT and reads all that comes; the status, 0 if there is none. */
static int
raw(const char *text, size_t len)
{
	int fd = connect_to(), status = 0;
	size_t n = 0;
	ssize_t got;

	while (len > 0) {
		ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

		if (sent <= 0)
			break; /* it answers before it has all */
		text += sent;
		len -= (size_t)sent;
	}
	while (n < sizeof(answer) - 1 &&
	    (got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	close(fd);
	sscanf(answer, "HTTP/1.%*d %d ", &status);
	body = strstr(answer, "\r\n\r\n");
	body = body != NULL ? body + 4 : "";
	return status;
}

static int
request(const char *method, const char *path, const char *authorization)
{
	char text[8192];
	int n = snprintf(text, sizeof(text),
	    "%s %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n%s%s%s\r\n",
	    method, path, authorization != NULL ? "Authorization: " : "",
	    authorization != NULL ? authorization : "",
	    authorization != NULL ? "\r\n" : "");

	return raw(text, (size_t)n);
}

static int
get(const char *path)
{
	return request("GET", path, "Bearer " OPERATOR);
}

static json_t *
json_body(void)
{
	json_error_t e;
	json_t *o = json_loads(body, JSON_REJECT_DUPLICATES, &e);

	ck_assert_msg(o != NULL, "%s in\n%s", e.text, answer);
	return o;
}

/* That it is an error, with a sentence. */
static void
check_error(void)
{
	json_t *o = json_body();

	ck_assert_uint_gt(
	    strlen(json_string_value(json_object_get(o, "error"))), 5);
	json_decref(o);
}

static bool
has_header(const char *line)
{
	const char *at = strcasestr(answer, line);

	return at != NULL && at < body;
}

/* ---- tokens ---- */

static const char *const wrong[] = { "Bearer ", "Bearer x", "Basic " OPERATOR,
	"Bearer " OPERATOR "x", "Bearer operator-token-123",
	"Bearer researcher-token-1235", OPERATOR, "", "Bearer\t" OPERATOR };

START_TEST(without_the_token_there_is_nothing)
{
	static const char *const paths[] = { "/api/v1/about",
		"/api/v1/top/names", "/api/v1/hosts", "/api/v1/nothing" };

	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(request("GET", paths[i], NULL), 401);
		ck_assert(has_header("\r\nWWW-Authenticate: Bearer\r\n"));
		check_error();
		ck_assert_int_eq(request("GET", paths[i], wrong[_i]), 401);
		check_error();
	}
}
END_TEST

START_TEST(tokens_give_roles)
{
	static const char *const tokens[] = { "Bearer " OPERATOR,
		"bearer  " OPERATOR, "Bearer " RESEARCHER };
	json_t *o;

	ck_assert_int_eq(request("GET", "/api/v1/about", tokens[_i]), 200);
	o = json_body();
	ck_assert_str_eq(json_string_value(json_object_get(o, "role")),
	    _i < 2 ? "operator" : "researcher");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(o, "least_clients")), 10);
	json_decref(o);
	ck_assert_int_eq(
	    request("GET", "/api/v1/top/networks?" TIME, tokens[_i]),
	    _i < 2 ? 200 : 400);
	ck_assert_int_eq(
	    request("GET", "/api/v1/top/names?" TIME, tokens[_i]), 200);
	o = json_body();
	ck_assert_int_eq(
	    json_object_size(json_object_get(o, "withheld")) > 0, _i == 2);
	json_decref(o);
	ck_assert_int_eq(
	    request("GET", "/api/v1/top/names?format=csv&" TIME, tokens[_i]),
	    200);
	ck_assert(has_header("\r\nContent-Type: text/csv"));
	ck_assert_int_eq(has_header("\r\nFraudsink-Withheld: "), _i == 2);
}
END_TEST

/* A role cannot be asked for. */
START_TEST(parameters_do_not_change_the_role)
{
	ck_assert_int_eq(request("GET", "/api/v1/top/networks?role=operator",
			     "Bearer " RESEARCHER),
	    400);
	check_error();
	ck_assert_int_eq(get("/api/v1/feeds?lists=/etc"), 400);
	check_error();
}
END_TEST

/* ---- the interface, as it is described ---- */

/* A value that the parameter P can have, or one that it cannot; NULL: there is
 * none. */
static const char *
value_of(const json_t *p, bool good)
{
	const json_t *schema = json_object_get(p, "schema");
	const char *name = json_string_value(json_object_get(p, "name"));
	const char *type = json_string_value(json_object_get(schema, "type"));
	const json_t *choices = json_object_get(schema, "enum");

	if (choices != NULL)
		return good ? json_string_value(json_array_get(choices, 0))
			    : "nonsense";
	if (strcmp(type, "string") != 0)
		return !good                       ? "nonsense"
		    : strcmp(type, "boolean") == 0 ? "true"
						   : "5";
	if (strcmp(name, "since") == 0)
		return good ? "2026-09-15" : "now-ish";
	if (strcmp(name, "until") == 0)
		return good ? "2026-09-22" : "2026-22-09";
	if (strcmp(name, "month") == 0)
		return good ? "2026-09" : "2026-9";
	return good ? "alpha" : NULL;
}

static void
check_answer(const json_t *openapi)
{
	const json_t *required = json_object_get(
	    json_object_get(
		json_object_get(
		    json_object_get(openapi, "components"), "schemas"),
		"Answer"),
	    "required");
	json_t *o = json_body();

	ck_assert_uint_gt(json_array_size(required), 4);
	for (size_t i = 0; i < json_array_size(required); i++)
		ck_assert_ptr_nonnull(json_object_get(
		    o, json_string_value(json_array_get(required, i))));
	json_decref(o);
}

/* Every parameter of the question at PATH: good values are taken, others are
 * refused. */
static void
try_parameters(const json_t *get_it, const char *path, const json_t *openapi)
{
	const json_t *list = json_object_get(get_it, "parameters");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);
		const char *name = json_string_value(
		    json_object_get(p, "name"));
		const char *in = json_string_value(json_object_get(p, "in"));
		char query[512];
		int status;

		if (strcmp(in, "path") == 0 || strcmp(name, "table") == 0)
			continue;
		snprintf(query, sizeof(query), "%s?%s=%s", path, name,
		    value_of(p, true));
		status = get(query);
		/* What can be said alone, but not of this. */
		if (status == 400 &&
		    (strstr(body, "not counted by") != NULL ||
			strstr(body, "' by '") != NULL))
			continue;
		ck_assert_msg(status == 200, "%s: %s", query, answer);
		check_answer(openapi);
		if (value_of(p, false) == NULL)
			continue;
		snprintf(query, sizeof(query), "%s?%s=%s", path, name,
		    value_of(p, false));
		ck_assert_msg(get(query) == 400, "%s: %s", query, answer);
		check_error();
	}
}

START_TEST(the_interface_is_as_described)
{
	unsigned paths = 0;
	json_t *openapi, *value;
	const char *key;

	ck_assert_int_eq(request("GET", "/api/v1/openapi.json", NULL), 200);
	openapi = json_body();
	ck_assert_str_eq(
	    json_string_value(json_object_get(openapi, "openapi")), "3.1.0");
	json_object_foreach(json_object_get(openapi, "paths"), key, value)
	{
		const json_t *get_it = json_object_get(value, "get");
		const bool open = json_object_get(get_it, "security") != NULL;
		char path[256];

		snprintf(
		    path, sizeof(path), "%.*s", (int)strcspn(key, "{"), key);
		if (strchr(key, '{') != NULL)
			strcat(path,
			    strstr(path, "/top/") != NULL ? "feeds"
							  : "a.example");
		ck_assert_msg(get(path) == 200, "%s: %s", path, answer);
		ck_assert_int_eq(request("GET", path, NULL), open ? 200 : 401);
		if (json_object_get(get_it, "parameters") != NULL) {
			try_parameters(get_it, path, openapi);
			paths++;
		}
	}
	ck_assert_uint_eq(paths, questions_n);
	json_decref(openapi);
}
END_TEST

/* What the API says is what the command says. */
START_TEST(answers_are_those_of_the_commands)
{
	static const struct {
		const char *path, *args;
	} same[] = {
		{ "/api/v1/top/names?" TIME "&limit=3", "top names --limit 3" },
		{ "/api/v1/top/feeds?" TIME "&by=country",
		    "top feeds --by country" },
		{ "/api/v1/feeds?" TIME, "feeds" },
		{ "/api/v1/series?" TIME "&step=1d&would=true",
		    "series --step 1d --would" },
		{ "/api/v1/report?month=2026-09", "report --month 2026-09" },
	};
	char args[256];
	json_t *a, *b;
	size_t i = 0;

	for (; i < sizeof(same) / sizeof(*same); i++) {
		FILE *f;

		ck_assert_int_eq(get(same[i].path), 200);
		a = json_body();
		snprintf(args, sizeof(args), "%s%s --json -o %s -c stats.conf",
		    same[i].args,
		    i == 4 ? "" : " --since 2026-09-15 --until 2026-09-22",
		    kit_path("answer"));
		ck_assert_int_eq(stats_run(args), 0);
		f = fopen(kit_path("answer"), "re");
		b = json_loadf(f, 0, NULL);
		fclose(f);
		json_object_del(a, "now");
		json_object_del(b, "now");
		ck_assert(json_equal(a, b));
		json_decref(a);
		json_decref(b);
	}
}
END_TEST

START_TEST(formats_can_be_chosen)
{
	ck_assert_int_eq(
	    get("/api/v1/feeds?format=csv&table=overlap&" TIME), 200);
	ck_assert_int_eq(strncmp(body, "feed,other,hits,share\r\n", 23), 0);
	ck_assert_int_eq(get("/api/v1/feeds?format=csv&table=x&" TIME), 400);
	ck_assert_int_eq(get("/api/v1/report?format=html&month=2026-09"), 200);
	ck_assert(has_header("\r\nContent-Type: text/html"));
	ck_assert_ptr_nonnull(strstr(body, "</html>"));
	ck_assert_int_eq(get("/api/v1/feeds?format=html"), 400);
	check_error();
}
END_TEST

static const char *const nowhere[] = { "/api/v1/", "/api/v1/top",
	"/api/v1/top/", "/api/v1/series/x", "/api/v1/topnames",
	"/api/v2/top/names", "/../etc/passwd", "/index.html", "/api/v1/tops/x",
	"/metrics/", "//", "/%00", "/api/v1/aboutx" };

START_TEST(other_paths_are_nowhere)
{
	const int status = get(nowhere[_i]);

	ck_assert_msg(status == 404 || (status == 200 && _i == 11), "%s: %d",
	    nowhere[_i], status);
}
END_TEST

static const char *const bad[] = { "/api/v1/top/names?nothing=1",
	"/api/v1/top/names?limit", "/api/v1/top/names?limit=1e3",
	"/api/v1/top/names?since=%FF", "/api/v1/top/names?since=9999999w",
	"/api/v1/top/%22%3Cb%3E", "/api/v1/name/a..b",
	"/api/v1/series?step=1m&since=3650d",
	"/api/v1/top/names?until=2019-01-01&since=1x",
	"/api/v1/report?red-rate=nan", "/api/v1/report?red-growth=-1" };

START_TEST(nonsense_is_refused_in_json)
{
	ck_assert_msg(get(bad[_i]) == 400, "%s: %s", bad[_i], answer);
	ck_assert(has_header("\r\nContent-Type: application/json\r\n"));
	check_error();
}
END_TEST

/* ---- the pages ---- */

START_TEST(pages_are_served_with_their_policy)
{
	static const char *const files[] = { "/", "/app.js", "/style.css",
		"/icon.svg" };
	static const char *const types[] = { "text/html", "text/javascript",
		"text/css", "image/svg+xml" };
	char header[64];

	ck_assert_int_eq(request("GET", files[_i], NULL), 200);
	snprintf(header, sizeof(header), "\r\nContent-Type: %s", types[_i]);
	ck_assert(has_header(header));
	ck_assert(
	    has_header("\r\nContent-Security-Policy: default-src 'none';"));
	ck_assert(has_header("\r\nX-Content-Type-Options: nosniff\r\n"));
	/* Nothing of another place is asked for. */
	for (const char *p = body; (p = strstr(p, "//")) != NULL; p += 2)
		if (p > body && p[-1] == ':')
			ck_assert_int_eq(
			    strncmp(p, "//www.w3.org/2000/svg", 21), 0);
	ck_assert_ptr_null(strstr(body, "innerHTML"));
	ck_assert_ptr_null(strstr(body, "<style"));
	ck_assert_ptr_null(strstr(body, "style=\""));
}
END_TEST

START_TEST(the_page_finds_its_files)
{
	char page[16384];
	unsigned n = 0;

	ck_assert_int_eq(request("GET", "/", NULL), 200);
	ck_assert_uint_lt(strlen(body), sizeof(page));
	strcpy(page, body);
	for (const char *p = page; (p = strchr(p, '=')) != NULL; p++) {
		char path[64];

		if (strncmp(p - 4, " src", 4) != 0 &&
		    strncmp(p - 5, " href", 5) != 0)
			continue;
		snprintf(path, sizeof(path), "/%.*s", (int)strcspn(p + 2, "\""),
		    p + 2);
		ck_assert_msg(request("GET", path, NULL) == 200, "%s", path);
		n++;
	}
	ck_assert_uint_eq(n, 3);
}
END_TEST

/* Every id that the script looks for is in the page. */
START_TEST(the_script_finds_its_places)
{
	char page[16384], *script;

	ck_assert_int_eq(request("GET", "/", NULL), 200);
	strcpy(page, body);
	ck_assert_int_eq(request("GET", "/app.js", NULL), 200);
	script = strdup(body);
	for (const char *p = script; (p = strstr(p, "$(\"")) != NULL; p++) {
		char id[64];

		snprintf(id, sizeof(id), "id=\"%.*s\"",
		    (int)strcspn(p + 3, "\""), p + 3);
		ck_assert_msg(strstr(page, id) != NULL, "no %s", id);
	}
	free(script);
}
END_TEST

START_TEST(metrics_need_no_token)
{
	ck_assert_int_eq(request("GET", "/metrics", NULL), 200);
	ck_assert(has_header("\r\nContent-Type: text/plain; version=0.0.4"));
	ck_assert_ptr_nonnull(strstr(body, "\nfraudsink_store_up 1\n"));
}
END_TEST

/* ---- who does not behave ---- */

START_TEST(only_get_and_head_are_answered)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE",
		"OPTIONS", "TRACE", "PATCH" };

	for (unsigned i = 0; i < 6; i++) {
		ck_assert_int_eq(request(methods[i], "/metrics", NULL), 405);
		ck_assert(has_header("\r\nAllow: GET, HEAD\r\n"));
	}
	ck_assert_int_eq(request("HEAD", "/metrics", NULL), 200);
	ck_assert_str_eq(body, "");
	ck_assert_int_eq(request("HEAD", "/api/v1/hosts", NULL), 401);
}
END_TEST

START_TEST(big_requests_are_refused)
{
	char *text = malloc(1 << 20);
	int n = sprintf(text, "GET /metrics HTTP/1.1\r\nHost: h\r\nX: ");

	memset(text + n, 'x', 200000);
	strcpy(text + n + 200000, "\r\n\r\n");
	n = raw(text, strlen(text));
	ck_assert_msg(n == 0 || n == 431 || n == 413, "%d", n);
	n = sprintf(text, "GET /");
	memset(text + n, 'x', 200000);
	strcpy(text + n + 200000, " HTTP/1.1\r\nHost: h\r\n\r\n");
	n = raw(text, strlen(text));
	ck_assert_msg(n == 0 || n == 414 || n == 431, "%d", n);
	/* A body that never ends is not waited for. */
	n = sprintf(text,
	    "POST /api/v1/top/names HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 99999999999\r\n\r\n");
	ck_assert_int_eq(raw(text, (size_t)n), 405);
	free(text);
	ck_assert_int_eq(request("GET", "/metrics", NULL), 200);
}
END_TEST

static const char *const garbage[] = {
	"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02",
	"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: -1\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"
};

/* Whatever it makes of it, it goes on. */
START_TEST(garbage_does_no_harm)
{
	int fd = connect_to();

	ck_assert_int_gt(
	    (int)send(fd, garbage[_i], strlen(garbage[_i]), MSG_NOSIGNAL), 0);
	shutdown(fd, SHUT_WR);
	while (recv(fd, answer, sizeof(answer), 0) > 0)
		;
	close(fd);
	ck_assert_int_eq(request("GET", "/metrics", NULL), 200);
}
END_TEST

/* Of the server. */
static unsigned
threads(void)
{
	char path[64], line[256];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)server);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "Threads: %u", &n);
	fclose(f);
	return n;
}

START_TEST(many_connections_are_bounded)
{
	int fd[80];

	for (unsigned i = 0; i < 80; i++)
		fd[i] = connect_to();
	/* Each has a thread; those that are too many wait. */
	poll(NULL, 0, 300);
	ck_assert_uint_le(threads(), 64 + 4);
	for (unsigned i = 0; i < 80; i++)
		close(fd[i]);
	for (int i = 0; i < 200; i++) {
		const struct timespec moment = { .tv_nsec = 20000000 };

		if (request("GET", "/metrics", NULL) == 200)
			return;
		nanosleep(&moment, NULL);
	}
	ck_abort_msg("it does not answer any more");
}
END_TEST

START_TEST(many_ask_at_a_time)
{
	int fd[20];
	unsigned answered = 0;
	static const char text[] =
	    "GET /api/v1/report?month=2026-09 HTTP/1.1\r\nHost: h\r\n"
	    "Authorization: Bearer " OPERATOR "\r\nConnection: close\r\n\r\n";

	for (unsigned i = 0; i < 20; i++) {
		fd[i] = connect_to();
		ck_assert_int_eq((int)send(fd[i], text, sizeof(text) - 1, 0),
		    (int)sizeof(text) - 1);
	}
	for (unsigned i = 0; i < 20; i++) {
		char head[13] = "";
		size_t n = 0;
		ssize_t got;

		while (n < 12 && (got = recv(fd[i], head + n, 12 - n, 0)) > 0)
			n += (size_t)got;
		ck_assert(strcmp(head + 9, "200") == 0 ||
		    strcmp(head + 9, "503") == 0);
		answered += strcmp(head + 9, "200") == 0;
		close(fd[i]);
	}
	ck_assert_uint_ge(answered, 8);
}
END_TEST

/* A store whose networks never come to an end. */
static void
make_endless(const char *path)
{
	struct fsk_error err;
	struct sql *db;

	stats_good(sql_open(&db, path, true, &err), &err);
	stats_good(
	    sql_run(db,
		"DROP TABLE network; CREATE VIEW network AS "
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		"FROM n) SELECT i AS asn, '' AS organisation FROM n "
		"WHERE i < 0",
		&err),
	    &err);
	sql_close(db);
}

START_TEST(what_takes_too_long_is_given_up)
{
	const pid_t first = server;
	const uint16_t before = port;
	char text[1024];

	snprintf(text, sizeof(text),
	    "database = \"%s/slow.db\"\nanswer-time = 1s\n", kit_dir);
	kit_write(kit_path("slow.conf"), text, strlen(text));
	ck_assert_int_eq(stats_run("init -c slow.conf"), 0);
	make_endless(kit_path("slow.db"));
	start("serve --listen 127.0.0.1:0 --token-file token -c slow.conf");
	ck_assert_int_eq(get("/api/v1/top/networks"), 503);
	ck_assert_ptr_nonnull(strstr(body, "takes too long"));
	ck_assert_int_eq(get("/api/v1/top/feeds"), 200);
	stop();
	server = first;
	port = before;
}
END_TEST

/* ---- starting and ending ---- */

START_TEST(it_tells_the_service_manager)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char told[256] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), idle;
	uint16_t before = port;
	pid_t first = server;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", kit_path("notify"));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	start("serve --listen 127.0.0.1:0 --token-file token -c stats.conf");
	ck_assert_int_gt((int)recv(fd, told, sizeof(told) - 1, 0), 0);
	ck_assert_str_eq(told, "READY=1");
	/* Somebody is there when it ends. */
	idle = connect_to();
	stop();
	ck_assert_int_gt((int)recv(fd, told, sizeof(told) - 1, 0), 0);
	ck_assert_str_eq(told, "STOPPING=1");
	close(idle);
	close(fd);
	unsetenv("NOTIFY_SOCKET");
	server = first;
	port = before;
}
END_TEST

START_TEST(bad_tokens_are_told)
{
	kit_write(kit_path("short"), "short\n", 6);
	ck_assert_int_eq(
	    stats_run("serve --token-file short -c stats.conf"), 2);
	ck_assert_ptr_nonnull(strstr(stats_output(), "16 to 254 characters"));
	ck_assert_int_eq(stats_run("serve --token-file token "
				   "--researcher-token-file token "
				   "-c stats.conf"),
	    2);
	ck_assert_ptr_nonnull(strstr(stats_output(), "the same token"));
	ck_assert_int_eq(
	    stats_run("serve --listen 127.0.0.1:99999 -c stats.conf"), 2);
	ck_assert_int_eq(
	    stats_run("serve --listen 192.0.2.1:9143 -c stats.conf"), 2);
	ck_assert_ptr_nonnull(strstr(stats_output(), "cannot listen at"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("serve");
	TCase *t = tcase_create("serve");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, without_the_token_there_is_nothing, 0,
	    (int)(sizeof(wrong) / sizeof(*wrong)));
	tcase_add_loop_test(t, tokens_give_roles, 0, 3);
	tcase_add_test(t, parameters_do_not_change_the_role);
	tcase_add_test(t, the_interface_is_as_described);
	tcase_add_test(t, answers_are_those_of_the_commands);
	tcase_add_test(t, formats_can_be_chosen);
	tcase_add_loop_test(t, other_paths_are_nowhere, 0,
	    (int)(sizeof(nowhere) / sizeof(*nowhere)));
	tcase_add_loop_test(t, nonsense_is_refused_in_json, 0,
	    (int)(sizeof(bad) / sizeof(*bad)));
	tcase_add_loop_test(t, pages_are_served_with_their_policy, 0, 4);
	tcase_add_test(t, the_page_finds_its_files);
	tcase_add_test(t, the_script_finds_its_places);
	tcase_add_test(t, metrics_need_no_token);
	tcase_add_test(t, only_get_and_head_are_answered);
	tcase_add_test(t, big_requests_are_refused);
	tcase_add_loop_test(t, garbage_does_no_harm, 0,
	    (int)(sizeof(garbage) / sizeof(*garbage)));
	tcase_add_test(t, many_connections_are_bounded);
	tcase_add_test(t, many_ask_at_a_time);
	tcase_add_test(t, what_takes_too_long_is_given_up);
	tcase_add_test(t, it_tells_the_service_manager);
	tcase_add_test(t, bad_tokens_are_told);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
