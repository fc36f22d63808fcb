/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/fetch.c, against a server that misbehaves in all ways we know of. */
#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "feeds/fetch.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/http.h"
#include "tests/feeds/tls.h"
#include "tests/lib/kit.h"

static struct http *server;
static void *body; /* what it sends, for as long as it may */

static void
setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	kit_setup();
	server = http_start();
}

static void
teardown(void)
{
	http_stop(server);
	free(body);
	kit_teardown();
}

/* ---- asking ---- */

/* A request for URL that is patient enough for a busy machine. */
static struct fetch_request
request(const char *url)
{
	return (struct fetch_request){ .feed = "one",
		.url = url,
		.to = kit_path("body"),
		.user_agent = "fraudsink/test",
		.max_bytes = 1 << 20,
		.max_seconds = 60,
		.connect_seconds = 30,
		.redirects = 5,
		.backoff_ms = 1 };
}

static struct fetch_result
fetch(const struct fetch_request *req)
{
	struct fetch_result res;
	struct fsk_error err;

	memset(&res, 0xff, sizeof(res));
	ck_assert_int_eq(fetch_all(req, &res, 1, 1, NULL, &err), FSK_OK);
	return res;
}

/* ---- what became of it ---- */

static void
same_text(const char *file, const char *text)
{
	size_t len;
	uint8_t *is = kit_read(kit_path(file), &len);

	ck_assert_uint_eq(len, strlen(text));
	ck_assert_mem_eq(is, text, len);
	free(is);
}

/* Fails unless RES is a failure whose reason has WHY in it, and nothing lies
 * in the folder. */
static void
is_failure(const struct fetch_result *res, const char *why)
{
	ck_assert_msg(res->status == FETCH_FAILED, "status %d, HTTP %ld",
	    (int)res->status, res->http);
	ck_assert_msg(
	    strstr(res->why, why) != NULL, "'%s' has no '%s'", res->why, why);
	ck_assert_uint_eq(kit_files(), 0);
}

static void
is_new(const struct fetch_result *res, const char *text)
{
	ck_assert_msg(res->status == FETCH_NEW, "%s", res->why);
	ck_assert_uint_eq(res->bytes, strlen(text));
	ck_assert_uint_eq(kit_files(), 1);
	same_text("body", text);
}

/* ---- bodies ---- */

static const enum http_trick good_tricks[] = { HTTP_WELL, HTTP_CHUNKED,
	HTTP_TO_THE_END, HTTP_DRIP };

START_TEST(a_body_comes_whole_however_it_is_sent)
{
	const struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = "a.example\nb.example\n",
		.etag = "\"one\"",
		.modified = "Sat, 01 Aug 2026 00:00:00 GMT",
		.trick = good_tricks[_i],
		.number = 1 });
	res = fetch(&req);
	is_new(&res, "a.example\nb.example\n");
	ck_assert_int_eq(res.http, 200);
	ck_assert_uint_eq(res.tries, 1);
	ck_assert_str_eq(res.etag, "\"one\"");
	ck_assert_str_eq(res.last_modified, "Sat, 01 Aug 2026 00:00:00 GMT");
	ck_assert_str_eq(http_seen(server, 0)->method, "GET");
	ck_assert(http_heard(server, "User-Agent: fraudsink/test\r\n"));
}
END_TEST

START_TEST(an_empty_body_is_one)
{
	const struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(server, &(struct http_page){ .path = "/list" });
	res = fetch(&req);
	is_new(&res, "");
	ck_assert_str_eq(res.etag, "");
	ck_assert_str_eq(res.last_modified, "");
}
END_TEST

/* TEXT repeated to LEN octets, compressed as gzip does, for free(). */
static uint8_t *
gzipped(const char *text, size_t len, size_t *out_len)
{
	z_stream z = { 0 };
	char *plain = malloc(len);
	uint8_t *out;

	for (size_t i = 0; i < len; i++)
		plain[i] = text[i % strlen(text)];
	ck_assert_int_eq(
	    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
	    Z_OK);
	*out_len = deflateBound(&z, len);
	out = malloc(*out_len);
	z.next_in = (Bytef *)plain;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)*out_len;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	*out_len = z.total_out;
	deflateEnd(&z);
	free(plain);
	return out;
}

START_TEST(a_content_coding_is_undone)
{
	const struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;
	size_t len;
	body = gzipped("a.example\n", 10, &len);

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = body,
		.len = len,
		.headers = "Content-Encoding: gzip\r\n" });
	res = fetch(&req);
	is_new(&res, "a.example\n");
}
END_TEST

START_TEST(a_broken_content_coding_is_a_failure)
{
	const struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = "this is not gzip\n",
		.headers = "Content-Encoding: gzip\r\n" });
	res = fetch(&req);
	is_failure(&res, "");
	ck_assert_uint_gt(strlen(res.why), 5);
}
END_TEST

START_TEST(what_was_there_is_replaced_in_one_step)
{
	const struct fetch_request req = request(http_url(server, "/list"));
	struct stat before, after;
	struct fetch_result res;

	kit_write(kit_path("body"), "old", 3);
	ck_assert_int_eq(stat(req.to, &before), 0);
	http_page(
	    server, &(struct http_page){ .path = "/list", .body = "new" });
	res = fetch(&req);
	is_new(&res, "new");
	ck_assert_int_eq(stat(req.to, &after), 0);
	/* Another file under that name, not other octets in the file. */
	ck_assert_uint_ne(before.st_ino, after.st_ino);
}
END_TEST

/* ---- conditions ---- */

START_TEST(what_did_not_change_is_not_sent)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	kit_write(kit_path("body"), "kept", 4);
	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = "never sent",
		.etag = "W/\"7\"",
		.modified = "Sat, 01 Aug 2026 00:00:00 GMT" });
	req.etag = _i == 0 ? "W/\"7\"" : NULL;
	req.last_modified = _i == 1 ? "Sat, 01 Aug 2026 00:00:00 GMT" : NULL;
	res = fetch(&req);
	ck_assert_int_eq(res.status, FETCH_UNCHANGED);
	ck_assert_int_eq(res.http, 304);
	ck_assert_uint_eq(kit_files(), 1);
	same_text("body", "kept");
}
END_TEST

START_TEST(what_changed_is_sent)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){
		.path = "/list", .body = "news", .etag = "\"8\"" });
	req.etag = "\"7\"";
	req.last_modified = "Sat, 01 Aug 2026 00:00:00 GMT";
	res = fetch(&req);
	is_new(&res, "news");
	ck_assert_str_eq(res.etag, "\"8\"");
	ck_assert(http_heard(server, "If-None-Match: \"7\"\r\n"));
	ck_assert(http_heard(
	    server, "If-Modified-Since: Sat, 01 Aug 2026 00:00:00 GMT\r\n"));
}
END_TEST

START_TEST(unchanged_is_an_answer_only_to_who_asked)
{
	const struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(
	    server, &(struct http_page){ .path = "/list", .status = 304 });
	res = fetch(&req);
	is_failure(&res, "the server says 304");
}
END_TEST

START_TEST(marks_that_do_not_fit_are_not_kept)
{
	const struct fetch_request req = request(http_url(server, "/list"));
	char etag[600];
	struct fetch_result res;

	memset(etag, 'x', sizeof(etag) - 1);
	etag[sizeof(etag) - 1] = '\0';
	http_page(server,
	    &(struct http_page){ .path = "/list", .body = "a", .etag = etag });
	res = fetch(&req);
	is_new(&res, "a");
	ck_assert_str_eq(res.etag, "");
}
END_TEST

/* ---- limits ---- */

static const struct {
	enum http_trick trick;
	size_t len; /* of the body, the limit is 1000 */
	bool good;
} sizes[] = {
	{ HTTP_WELL, 1000, true }, { HTTP_WELL, 1001, false },
	{ HTTP_CHUNKED, 1000, true }, { HTTP_CHUNKED, 1001, false },
	{ HTTP_TO_THE_END, 1001, false }, { HTTP_ENDLESS, 500, false },
	{ HTTP_CUT, 10, false }, /* promises more than is allowed */
};

START_TEST(sizes_have_a_limit)
{
	struct fetch_request req = request(http_url(server, "/list"));
	char text[1002];
	struct fetch_result res;

	memset(text, 'x', sizeof(text));
	text[sizes[_i].len] = '\0';
	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = text,
		.trick = sizes[_i].trick,
		.number = 5000 });
	req.max_bytes = 1000;
	req.retries = 3;
	res = fetch(&req);
	if (sizes[_i].good)
		is_new(&res, text);
	else
		is_failure(&res, "larger than 1000 octets");
	/* It would be no smaller the next time. */
	ck_assert_uint_eq(res.tries, 1);
}
END_TEST

START_TEST(a_bomb_is_stopped_at_the_limit)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;
	size_t len;
	body = gzipped("x", 64 << 20, &len);

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = body,
		.len = len,
		.headers = "Content-Encoding: gzip\r\n" });
	ck_assert_uint_lt(len, 100000);
	req.max_bytes = 1 << 20;
	res = fetch(&req);
	is_failure(&res, "larger than 1048576 octets");
}
END_TEST

static const enum http_trick slow_tricks[] = { HTTP_DRIP, HTTP_SILENT,
	HTTP_ENDLESS };

START_TEST(all_tries_together_have_a_time)
{
	struct fetch_request req = request(http_url(server, "/list"));
	const long begin = now_ms();
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = "a.example\nb.example\nc.example\nd.example\n",
		.trick = slow_tricks[_i],
		.number = 500 });
	req.max_seconds = 1;
	req.max_bytes = UINT64_MAX;
	req.retries = 10;
	res = fetch(&req);
	is_failure(&res, "");
	ck_assert_int_ge(now_ms() - begin, 900);
	ck_assert_int_lt(now_ms() - begin, patience(3000));
}
END_TEST

START_TEST(who_is_too_slow_is_given_up)
{
	struct fetch_request req = request(http_url(server, "/list"));
	const long begin = now_ms();
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = "a.example\nb.example\nc.example\nd.example\n",
		.trick = HTTP_DRIP,
		.number = 400 });
	req.low_speed_bytes = 1000;
	req.low_speed_seconds = 1;
	res = fetch(&req);
	is_failure(&res, "too slow");
	ck_assert_int_lt(now_ms() - begin, patience(10000));
}
END_TEST

START_TEST(ten_thousand_headers_do_no_harm)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = "a.example\n",
		.trick = HTTP_HEADERS,
		.number = 10000 });
	res = fetch(&req);
	/* Whether that is too many is for the library to say. */
	if (res.status == FETCH_NEW)
		is_new(&res, "a.example\n");
	else
		is_failure(&res, "");
}
END_TEST

/* ---- tries ---- */

static const struct {
	struct http_page page; /* for the first three requests */
	bool again;            /* worth another try */
	const char *why;
} tries[] = {
	{ { .status = 500 }, true, "the server says 500" },
	{ { .status = 502 }, true, "the server says 502" },
	{ { .status = 503 }, true, "the server says 503" },
	{ { .status = 509 }, true, "the server says 509" },
	{ { .status = 429 }, true, "the server says 429" },
	{ { .status = 408 }, true, "the server says 408" },
	{ { .trick = HTTP_CLOSE }, true, "" },
	{ { .body = "a.exam", .trick = HTTP_CUT, .number = 4 }, true, "" },
	{ { .body = "a.exam", .trick = HTTP_CHUNKED_CUT }, true, "" },
	{ { .status = 404 }, false, "the server says 404" },
	{ { .status = 403 }, false, "the server says 403" },
	{ { .status = 401 }, false, "the server says 401" },
	{ { .status = 410 }, false, "the server says 410" },
	{ { .status = 204 }, false, "the server says 204" },
	{ { .status = 206, .body = "a" }, false, "the server says 206" },
	{ { .status = 301 }, false, "the server says 301" },
	{ { .body = "garbage\n", .trick = HTTP_GARBAGE }, false, "" },
};
#define TRIES (sizeof(tries) / sizeof(*tries))

static void
fails_three_times(const struct http_page *page)
{
	struct http_page p = *page;

	p.path = "/list";
	p.times = 3;
	http_page(server, &p);
	http_page(server,
	    &(struct http_page){ .path = "/list", .body = "a.example\n" });
}

START_TEST(what_may_pass_is_tried_again)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	fails_three_times(&tries[_i].page);
	req.retries = 3;
	res = fetch(&req);
	if (tries[_i].again) {
		is_new(&res, "a.example\n");
		ck_assert_uint_eq(res.tries, 4);
		ck_assert_int_eq(res.http, 200);
	} else {
		is_failure(&res, tries[_i].why);
		ck_assert_uint_eq(res.tries, 1);
	}
	ck_assert_uint_eq(http_count(server, NULL), res.tries);
}
END_TEST

START_TEST(not_more_often_than_was_said)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	fails_three_times(&tries[_i].page);
	req.retries = 2;
	res = fetch(&req);
	is_failure(&res, tries[_i].why);
	ck_assert_uint_eq(res.tries, tries[_i].again ? 3 : 1);
	if (tries[_i].again)
		ck_assert_ptr_nonnull(strstr(res.why, "(tried 3 times)"));
	if (tries[_i].page.status != 0)
		ck_assert_int_eq(res.http, (long)tries[_i].page.status);
}
END_TEST

START_TEST(each_pause_is_longer)
{
	struct fetch_request req = request(http_url(server, "/list"));
	const long begin = now_ms();
	struct fetch_result res;

	fails_three_times(&(struct http_page){ .status = 500 });
	req.retries = 3;
	req.backoff_ms = 100;
	res = fetch(&req);
	is_new(&res, "a.example\n");
	/* At least half of 100, 200 and 400. */
	ck_assert_int_ge(now_ms() - begin, 350);
}
END_TEST

/* A time S seconds from now as HTTP writes it, as a header. */
static const char *
retry_at(time_t s)
{
	static char text[80];
	time_t t = time(NULL) + s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text),
	    "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	return text;
}

START_TEST(a_server_is_asked_again_when_it_says)
{
	struct fetch_request req = request(http_url(server, "/list"));
	const long begin = now_ms();
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.status = _i == 0 ? 429 : 503,
		.headers = _i == 0 ? "Retry-After: 1\r\n" : retry_at(2),
		.times = 1 });
	http_page(server, &(struct http_page){ .path = "/list", .body = "a" });
	req.retries = 1;
	res = fetch(&req);
	is_new(&res, "a");
	ck_assert_uint_eq(res.tries, 2);
	ck_assert_int_ge(now_ms() - begin, 900);
	/* It does not wish to be left alone any more. */
	ck_assert_uint_eq(res.retry_after, 0);
}
END_TEST

START_TEST(who_wants_more_time_than_there_is_gets_it)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/list",
		.status = 429,
		.headers = _i == 0 ? "Retry-After: 3600\r\n"
				   : retry_at(3600) });
	req.retries = 5;
	req.max_seconds = 50;
	res = fetch(&req);
	is_failure(&res, "the server wants to be asked again in 3");
	ck_assert_uint_eq(res.tries, 1);
	ck_assert_uint_ge(res.retry_after, 3590);
	ck_assert_uint_le(res.retry_after, 3600);
}
END_TEST

static const struct {
	const char *header;
	uint64_t least, most;
} wishes[] = {
	{ "Retry-After: 9223372036854775807\r\n", 86400, 86400 },
	/* Times 1000 this is small. */
	{ "Retry-After: 18446744073709552\r\n", 86400, 86400 },
	{ "Retry-After: 99999999999999999999999\r\n", 0, 86400 },
	{ "Retry-After: -1\r\n", 0, 0 },
	{ "Retry-After: soon\r\n", 0, 0 },
	{ "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n", 86400, 86400 },
	{ "Retry-After: Thu, 01 Jan 1970 00:00:01 GMT\r\n", 0, 0 },
};

START_TEST(nobody_silences_us_for_ever)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){
		.path = "/list", .status = 503, .headers = wishes[_i].header });
	req.retries = 1;
	res = fetch(&req);
	is_failure(&res, "the server says 503");
	ck_assert_uint_ge(res.retry_after, wishes[_i].least);
	ck_assert_uint_le(res.retry_after, wishes[_i].most);
	ck_assert_uint_le(res.tries, 2);
}
END_TEST

/* ---- many ---- */

#define MANY 30

/* Fetches /list MANY times, PARALLEL at a time. */
static long
fetch_many(unsigned parallel)
{
	struct fetch_request req[MANY];
	struct fetch_result res[MANY];
	char to[MANY][64];
	const long begin = now_ms();
	struct fsk_error err;

	for (unsigned i = 0; i < MANY; i++) {
		req[i] = request(http_url(server, "/list"));
		snprintf(to[i], sizeof(to[i]), "%s/body%u", kit_dir, i);
		req[i].to = to[i];
	}
	ck_assert_int_eq(
	    fetch_all(req, res, MANY, parallel, NULL, &err), FSK_OK);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_msg(res[i].status == FETCH_NEW, "%s", res[i].why);
		ck_assert_uint_eq(res[i].tries, 1);
	}
	ck_assert_uint_eq(kit_files(), MANY);
	return now_ms() - begin;
}

START_TEST(several_at_once_and_never_more)
{
	http_page(server,
	    &(struct http_page){ .path = "/list",
		.body = "a.example\n",
		.trick = HTTP_DRIP,
		.number = 10 });
	fetch_many(5);
	ck_assert_uint_ge(http_most(server), 3);
	/* One that we have done with may not have ended yet. */
	ck_assert_uint_le(http_most(server), 7);
	ck_assert_uint_eq(http_count(server, NULL), MANY);
}
END_TEST

START_TEST(who_waits_for_a_turn_does_not_wait_longer)
{
	http_page(server,
	    &(struct http_page){ .path = "/list", .body = "a.example\n" });
	/* Each takes a few milliseconds. */
	ck_assert_int_lt(fetch_many(1), patience(MANY * 70));
}
END_TEST

START_TEST(many_need_few_descriptors)
{
	const struct rlimit few = { 25, 25 };

	http_page(server,
	    &(struct http_page){ .path = "/list", .body = "a.example\n" });
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	fetch_many(2);
}
END_TEST

START_TEST(one_failure_is_its_own)
{
	struct fetch_request req[3] = { request(http_url(server, "/list")),
		request(http_url(server, "/none")),
		request(http_url(server, "/list")) };
	struct fetch_result res[3];
	struct fsk_error err;

	http_page(server,
	    &(struct http_page){ .path = "/list", .body = "a.example\n" });
	req[1].to = kit_path("other");
	req[2].to = "/nonexistent/folder/body";
	ck_assert_int_eq(fetch_all(req, res, 3, 3, NULL, &err), FSK_OK);
	is_new(&res[0], "a.example\n");
	ck_assert_int_eq(res[1].status, FETCH_FAILED);
	ck_assert_int_eq(res[2].status, FETCH_FAILED);
	ck_assert_ptr_nonnull(strstr(res[2].why, "No such file or directory"));
	ck_assert_int_eq(fetch_all(req, res, 0, 3, NULL, &err), FSK_OK);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	const struct rlimit small = { 4096, RLIM_INFINITY };
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	body = calloc(1, 20001);
	memset(body, 'x', 20000);
	http_page(server, &(struct http_page){ .path = "/list", .body = body });
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	res = fetch(&req);
	is_failure(&res, "cannot write");
	ck_assert_ptr_nonnull(strstr(res.why, "File too large"));
}
END_TEST

/* ---- the flag ---- */

static atomic_bool stop;

static void *
stop_soon(void *arg)
{
	const char *path = arg;

	while (http_count(server, path) == 0)
		breathe();
	atomic_store(&stop, true);
	return NULL;
}

START_TEST(the_flag_ends_it_soon)
{
	struct fetch_request req[3] = { request(http_url(server, "/slow")),
		request(http_url(server, "/slow")),
		request(http_url(server, "/bad")) };
	struct fetch_result res[3];
	struct fsk_error err;
	pthread_t thread;
	long begin;

	http_page(server,
	    &(struct http_page){ .path = "/slow", .trick = HTTP_SILENT });
	http_page(server, &(struct http_page){ .path = "/bad", .status = 500 });
	for (unsigned i = 0; i < 3; i++) {
		req[i].retries = 5;
		req[i].backoff_ms = 60000;
	}
	/* The last would wait for a minute, or has not begun. */
	begin = now_ms();
	ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon,
			     (void *)(uintptr_t)(_i == 0 ? "/bad" : "/slow")),
	    0);
	req[1].to = kit_path("second");
	req[2].to = kit_path("third");
	ck_assert_int_eq(
	    fetch_all(req, res, 3, _i == 0 ? 3 : 1, &stop, &err), FSK_OK);
	ck_assert_int_lt(now_ms() - begin, patience(3000));
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < 3; i++)
		is_failure(&res[i], "stopped");
}
END_TEST

/* ---- redirections ---- */

/* A header that leads to URL. */
static const char *
location(const char *url)
{
	static char text[8][400];
	static unsigned next;
	char *at = text[next++ % 8];

	snprintf(at, sizeof(text[0]), "Location: %s\r\n", url);
	return at;
}

static const unsigned moved[] = { 301, 302, 303, 307, 308 };

START_TEST(redirections_are_followed)
{
	struct fetch_request req = request(http_url(server, "/a?x=1"));
	const long begin = now_ms();
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/a",
		.status = moved[_i],
		.body = "a page that says so",
		.headers = location("/b/c?y=2") });
	http_page(server,
	    &(struct http_page){ .path = "/b/c",
		.status = moved[_i],
		.headers = location("d") });
	http_page(server,
	    &(struct http_page){
		.path = "/b/d", .body = "a.example\n", .etag = "\"d\"" });
	req.redirects = 2;
	res = fetch(&req);
	is_new(&res, "a.example\n");
	ck_assert_str_eq(res.etag, "\"d\"");
	ck_assert_uint_eq(res.tries, 1);
	ck_assert_str_eq(http_seen(server, 1)->query, "y=2");
	ck_assert_int_lt(now_ms() - begin, patience(300));
}
END_TEST

static const struct {
	const char *to, *why;
} nowhere[] = {
	{ "/a", "more than 5 redirections" },
	{ "file:///etc/passwd", "redirected to what is no URL" },
	{ "ftp://127.0.0.1/list", "" },
	{ "gopher://127.0.0.1:70/_x", "" },
	{ "http://", "" },
	{ "http://[::1", "" },
	{ "javascript:alert(1)", "" },
	{ "http://127.0.0.1:99999/", "" },
};

START_TEST(redirections_end_somewhere)
{
	const struct fetch_request req = request(http_url(server, "/a"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/a",
		.status = 302,
		.headers = location(nowhere[_i].to) });
	res = fetch(&req);
	is_failure(&res, nowhere[_i].why);
	ck_assert_uint_gt(strlen(res.why), 5);
}
END_TEST

static const char *const inside[] = { "169.254.169.254", "0.0.0.0",
	"[::ffff:169.254.169.254]", "[fe80::1]", "2852039166" };

START_TEST(no_redirection_leads_inside)
{
	struct fetch_request req = request(http_url(server, "/a"));
	struct fetch_result res;
	char url[100];

	snprintf(
	    url, sizeof(url), "http://%s:%u/b", inside[_i], http_port(server));
	http_page(server,
	    &(struct http_page){
		.path = "/a", .status = 302, .headers = location(url) });
	http_page(server, &(struct http_page){ .path = "/b", .body = "b" });
	req.retries = 3;
	res = fetch(&req);
	is_failure(&res, "which is not public");
	ck_assert_uint_eq(res.tries, 1);
	ck_assert_uint_eq(http_count(server, "/b"), 0);
}
END_TEST

START_TEST(no_redirection_is_wanted)
{
	struct fetch_request req = request(http_url(server, "/a"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){
		.path = "/a", .status = 302, .headers = location("/b") });
	req.redirects = 0;
	res = fetch(&req);
	is_failure(&res, "more than 0 redirections");
	ck_assert_uint_eq(http_count(server, "/b"), 0);
}
END_TEST

START_TEST(a_try_starts_at_the_beginning)
{
	struct fetch_request req = request(http_url(server, "/a"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){
		.path = "/a", .status = 302, .headers = location("/b") });
	http_page(server,
	    &(struct http_page){ .path = "/b", .status = 500, .times = 1 });
	http_page(server, &(struct http_page){ .path = "/b", .body = "whole" });
	req.retries = 1;
	req.redirects = 1;
	res = fetch(&req);
	is_new(&res, "whole");
	ck_assert_uint_eq(res.tries, 2);
	ck_assert_uint_eq(http_count(server, "/a"), 2);
}
END_TEST

/* ---- secrets ---- */

#define KEY "s3cr3t-k3y"

/* A request with all kinds of secrets. */
static struct fetch_request
secret_request(const char *path)
{
	static char url[300];
	struct fetch_request req = request(url);

	snprintf(url, sizeof(url), "http://me:" KEY "@127.0.0.1:%u%s",
	    http_port(server), path);
	req.secret_header = "Auth-Key: " KEY;
	req.secret_query = "auth-key=" KEY;
	return req;
}

START_TEST(secrets_go_to_their_server)
{
	const struct fetch_request req = secret_request("/list?a=1");
	const struct http_seen *s;
	struct fetch_result res;
	char *header;

	http_page(server,
	    &(struct http_page){ .path = "/list", .body = "a.example\n" });
	res = fetch(&req);
	is_new(&res, "a.example\n");
	s = http_seen(server, 0);
	ck_assert_str_eq(s->query, "a=1&auth-key=" KEY);
	header = http_header(s, "Auth-Key");
	ck_assert_str_eq(header, KEY);
	free(header);
	header = http_header(s, "Authorization");
	ck_assert_str_eq(header, "Basic bWU6czNjcjN0LWszeQ==");
	free(header);
}
END_TEST

START_TEST(what_a_secret_holds_is_not_read_as_url)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/list", .body = "a.example\n" });
	req.secret_query = "key=a&b=c d#e";
	res = fetch(&req);
	is_new(&res, "a.example\n");
	ck_assert_str_eq(http_seen(server, 0)->query, "key=a%26b%3dc+d%23e");
}
END_TEST

START_TEST(a_secret_may_be_a_part_of_the_url)
{
	static const char *const to[] = { "/b", "next", "//localhost/{key}" };
	struct fetch_request req = request(
	    http_url(server, "/data/{key}/{key}?a={key}"));
	const bool elsewhere = _i == 2;
	struct fetch_result res;

	req.secret_key = "k/y?#%&";
	http_page(server,
	    &(struct http_page){ .path = "/data/k%2Fy%3F%23%25%26/"
					 "k%2Fy%3F%23%25%26",
		.status = 302,
		.headers = location(to[_i]) });
	http_page(server, &(struct http_page){ .path = "/b", .body = "a" });
	http_page(server,
	    &(struct http_page){
		.path = "/data/k%2Fy%3F%23%25%26/next", .body = "a" });
	req.redirects = 1;
	res = fetch(&req);
	ck_assert_str_eq(http_seen(server, 0)->query, "a=k%2Fy%3F%23%25%26");
	if (elsewhere)
		is_failure(&res, "");
	else
		is_new(&res, "a");
	ck_assert_uint_eq(http_count(server, NULL), elsewhere ? 1 : 2);
	ck_assert_ptr_null(strstr(res.why, "k/y"));
	ck_assert_ptr_null(strstr(res.why, "k%2Fy"));
}
END_TEST

/* Where a redirection leads has no place for it, whatever it looks like. */
START_TEST(no_other_server_gets_to_name_the_place_of_a_secret)
{
	struct fetch_request req = request(http_url(server, "/{key}"));
	struct http *other = http_start();
	struct fetch_result res;

	req.secret_key = KEY;
	http_page(server,
	    &(struct http_page){ .path = "/" KEY,
		.status = 302,
		.headers = location(http_url(other, "/{key}")) });
	http_page(other, &(struct http_page){ .path = "/{key}", .body = "a" });
	res = fetch(&req);
	is_new(&res, "a");
	ck_assert(!http_heard(other, KEY));
	http_stop(other);
}
END_TEST

START_TEST(what_is_no_place_for_a_secret_is_a_text)
{
	struct fetch_request req = request(http_url(server, "/{key}"));
	struct fetch_result res;

	http_page(server, &(struct http_page){ .path = "/{key}", .body = "a" });
	res = fetch(&req);
	is_new(&res, "a");
}
END_TEST

START_TEST(secrets_stay_on_the_way_within_a_server)
{
	const struct fetch_request req = secret_request("/a");
	struct fetch_result res;

	http_page(server,
	    &(struct http_page){ .path = "/a",
		.status = 302,
		.headers = location(_i == 0 ? "/b" : http_url(server, "/b")) });
	http_page(server, &(struct http_page){ .path = "/b", .body = "a" });
	res = fetch(&req);
	is_new(&res, "a");
	ck_assert_ptr_nonnull(
	    strstr(http_seen(server, 1)->headers, "Auth-Key: " KEY));
	ck_assert_str_eq(http_seen(server, 1)->query, "auth-key=" KEY);
}
END_TEST

START_TEST(secrets_do_not_leave_their_server)
{
	const struct fetch_request req = secret_request("/a");
	struct http *other = http_start();
	struct fetch_result res;

	/* There, and back again. */
	http_page(server,
	    &(struct http_page){ .path = "/a",
		.status = 302,
		.headers = location(http_url(other, "/b")) });
	http_page(other,
	    &(struct http_page){ .path = "/b",
		.status = 302,
		.headers = location(http_url(server, "/c")) });
	http_page(server, &(struct http_page){ .path = "/c", .body = "a" });
	res = fetch(&req);
	is_new(&res, "a");
	ck_assert_uint_eq(http_count(other, "/b"), 1);
	ck_assert(!http_heard(other, KEY));
	ck_assert(!http_heard(other, "Auth-Key"));
	ck_assert(!http_heard(other, "auth-key"));
	ck_assert(!http_heard(other, "Authorization"));
	ck_assert_str_eq(http_seen(server, 1)->path, "/c");
	ck_assert_ptr_null(strstr(http_seen(server, 1)->headers, "Auth-Key"));
	ck_assert_str_eq(http_seen(server, 1)->query, "");
	http_stop(other);
}
END_TEST

START_TEST(another_host_is_another_server)
{
	const struct fetch_request req = secret_request("/a");
	char to[100];
	struct fetch_result res;

	/* The same machine and port, under another name. */
	snprintf(to, sizeof(to), "http://localhost:%u/b", http_port(server));
	http_page(server,
	    &(struct http_page){
		.path = "/a", .status = 302, .headers = location(to) });
	http_page(server, &(struct http_page){ .path = "/b", .body = "a" });
	res = fetch(&req);
	is_new(&res, "a");
	ck_assert_ptr_null(strstr(http_seen(server, 1)->headers, "Auth"));
	ck_assert_str_eq(http_seen(server, 1)->query, "");
}
END_TEST

/* A port on which nobody listens. */
static unsigned
closed_port(void)
{
	struct http *h = http_start();
	unsigned port = http_port(h);

	http_stop(h);
	return port;
}

START_TEST(no_message_shows_a_secret)
{
	struct fetch_request req = secret_request(_i == 7 ? "/a b"
		: _i == 9                                 ? "/{key}/none"
							  : "/a");
	char proxy[100], url[300];
	struct fetch_result res;

	snprintf(proxy, sizeof(proxy), "http://me:" KEY "@127.0.0.1:%u",
	    closed_port());
	snprintf(url, sizeof(url), "http://me:" KEY "@127.0.0.1:%u/list?k=" KEY,
	    closed_port());
	http_page(server,
	    &(struct http_page){ .path = "/a",
		.status = _i == 0 ? 403
		    : _i == 1     ? 500
				  : 302,
		.body = KEY,
		.headers = _i == 2 ? location("/a?k=" KEY)
		    : _i == 3      ? location("ftp://me:" KEY "@h/" KEY)
		    : _i == 4      ? location(url)
				   : NULL,
		.trick = _i == 8 ? HTTP_CLOSE : HTTP_WELL });
	req.retries = 1;
	req.secret_key = KEY;
	if (_i == 5)
		req.url = url;
	if (_i == 6)
		req.proxy = proxy;
	res = fetch(&req);
	is_failure(&res, "");
	ck_assert_uint_gt(strlen(res.why), 5);
	ck_assert_msg(strstr(res.why, KEY) == NULL, "%s", res.why);
	ck_assert_ptr_null(strstr(res.why, "me:"));
}
END_TEST

/* ---- proxies ---- */

START_TEST(a_proxy_is_asked)
{
	struct fetch_request req = request("http://feeds.test/list?a=1");
	char proxy[100];
	struct fetch_result res;
	char *header;

	snprintf(proxy, sizeof(proxy), "http://me:" KEY "@127.0.0.1:%u",
	    http_port(server));
	http_page(server,
	    &(struct http_page){ .path = "/list", .body = "a.example\n" });
	req.proxy = proxy;
	res = fetch(&req);
	is_new(&res, "a.example\n");
	header = http_header(http_seen(server, 0), "Host");
	ck_assert_str_eq(header, "feeds.test");
	free(header);
	header = http_header(http_seen(server, 0), "Proxy-Authorization");
	ck_assert_str_eq(header, "Basic bWU6czNjcjN0LWszeQ==");
	free(header);
}
END_TEST

START_TEST(only_the_configuration_names_proxies)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct http *other = http_start();
	struct fetch_result res;

	http_page(server, &(struct http_page){ .path = "/list", .body = "a" });
	http_page(other, &(struct http_page){ .path = "/list", .body = "b" });
	setenv("http_proxy", http_url(other, ""), 1);
	setenv("all_proxy", http_url(other, ""), 1);
	res = fetch(&req);
	is_new(&res, "a");
	/* Nor does the environment take one away. */
	setenv("no_proxy", "*", 1);
	req.proxy = http_url(other, "");
	res = fetch(&req);
	is_new(&res, "b");
	http_stop(other);
}
END_TEST

/* ---- TLS ---- */

static struct tls tls;

static void
tls_setup(void)
{
	setup();
	tls_start(&tls);
}

static void
tls_teardown(void)
{
	tls_stop(&tls);
	teardown();
}

/* What s_server sends: whole answers. */
#define OK_ANSWER "HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\na.example\n"

START_TEST(a_certificate_of_nobody_we_know_is_refused)
{
	struct fetch_request req = request(tls_url(&tls, "/list"));
	struct fetch_result res;

	tls_page(&tls, "list", OK_ANSWER);
	req.retries = 3;
	req.secret_header = "Auth-Key: " KEY;
	res = fetch(&req);
	is_failure(&res, "certificate");
	ck_assert_uint_eq(res.tries, 1);
}
END_TEST

START_TEST(our_own_authority_is_taken)
{
	struct fetch_request req = request(tls_url(&tls, "/list"));
	struct fetch_result res;

	tls_page(&tls, "list", OK_ANSWER);
	req.ca_file = tls.ca;
	res = fetch(&req);
	is_new(&res, "a.example\n");
}
END_TEST

START_TEST(a_certificate_for_another_name_is_refused)
{
	char url[100];
	struct fetch_request req = request(url);
	struct fetch_result res;

	snprintf(url, sizeof(url), "https://127.0.0.2:%u/list", tls.port);
	tls_page(&tls, "list", OK_ANSWER);
	req.ca_file = tls.ca;
	res = fetch(&req);
	is_failure(&res, "127.0.0.2");
}
END_TEST

START_TEST(an_authority_that_is_not_there_is_told)
{
	struct fetch_request req = request(tls_url(&tls, "/list"));
	struct fetch_result res;

	req.ca_file = "/nonexistent/ca.pem";
	res = fetch(&req);
	is_failure(&res, "/nonexistent/ca.pem");
}
END_TEST

START_TEST(never_from_https_to_http)
{
	struct fetch_request req = request(tls_url(&tls, "/moved"));
	char answer[400];
	struct fetch_result res;

	http_page(server, &(struct http_page){ .path = "/list", .body = "a" });
	snprintf(answer, sizeof(answer),
	    "HTTP/1.0 302 Found\r\n%sContent-Length: 0\r\n\r\n",
	    location(http_url(server, "/list")));
	tls_page(&tls, "moved", answer);
	req.ca_file = tls.ca;
	res = fetch(&req);
	is_failure(&res, "redirected from https to what is not");
	ck_assert_uint_eq(http_count(server, NULL), 0);
}
END_TEST

START_TEST(from_http_to_https)
{
	struct fetch_request req = request(http_url(server, "/list"));
	struct fetch_result res;

	tls_page(&tls, "list", OK_ANSWER);
	http_page(server,
	    &(struct http_page){ .path = "/list",
		.status = 301,
		.headers = location(tls_url(&tls, "/list")) });
	req.ca_file = tls.ca;
	res = fetch(&req);
	is_new(&res, "a.example\n");
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/fetch.c");
	TCase *tc = tcase_create("bodies");

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_body_comes_whole_however_it_is_sent, 0, COUNT(good_tricks));
	tcase_add_test(tc, an_empty_body_is_one);
	tcase_add_test(tc, a_content_coding_is_undone);
	tcase_add_test(tc, a_broken_content_coding_is_a_failure);
	tcase_add_test(tc, what_was_there_is_replaced_in_one_step);
	tcase_add_loop_test(tc, what_did_not_change_is_not_sent, 0, 2);
	tcase_add_test(tc, what_changed_is_sent);
	tcase_add_test(tc, unchanged_is_an_answer_only_to_who_asked);
	tcase_add_test(tc, marks_that_do_not_fit_are_not_kept);
	suite_add_tcase(s, tc);

	tc = tcase_create("limits");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, sizes_have_a_limit, 0, COUNT(sizes));
	tcase_add_test(tc, a_bomb_is_stopped_at_the_limit);
	tcase_add_loop_test(
	    tc, all_tries_together_have_a_time, 0, COUNT(slow_tricks));
	tcase_add_test(tc, who_is_too_slow_is_given_up);
	tcase_add_test(tc, ten_thousand_headers_do_no_harm);
	suite_add_tcase(s, tc);

	tc = tcase_create("tries");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_may_pass_is_tried_again, 0, TRIES);
	tcase_add_loop_test(tc, not_more_often_than_was_said, 0, TRIES);
	tcase_add_test(tc, each_pause_is_longer);
	tcase_add_loop_test(tc, a_server_is_asked_again_when_it_says, 0, 2);
	tcase_add_loop_test(
	    tc, who_wants_more_time_than_there_is_gets_it, 0, 2);
	tcase_add_loop_test(tc, nobody_silences_us_for_ever, 0, COUNT(wishes));
	suite_add_tcase(s, tc);

	tc = tcase_create("many");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, several_at_once_and_never_more);
	tcase_add_test(tc, who_waits_for_a_turn_does_not_wait_longer);
	tcase_add_test(tc, many_need_few_descriptors);
	tcase_add_test(tc, one_failure_is_its_own);
	tcase_add_test(tc, a_full_disk_is_told);
	tcase_add_loop_test(tc, the_flag_ends_it_soon, 0, 2);
	suite_add_tcase(s, tc);

	tc = tcase_create("redirections");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, redirections_are_followed, 0, COUNT(moved));
	tcase_add_loop_test(tc, redirections_end_somewhere, 0, COUNT(nowhere));
	tcase_add_loop_test(tc, no_redirection_leads_inside, 0, COUNT(inside));
	tcase_add_test(tc, no_redirection_is_wanted);
	tcase_add_test(tc, a_try_starts_at_the_beginning);
	suite_add_tcase(s, tc);

	tc = tcase_create("secrets");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, secrets_go_to_their_server);
	tcase_add_test(tc, what_a_secret_holds_is_not_read_as_url);
	tcase_add_loop_test(tc, a_secret_may_be_a_part_of_the_url, 0, 3);
	tcase_add_test(tc, no_other_server_gets_to_name_the_place_of_a_secret);
	tcase_add_test(tc, what_is_no_place_for_a_secret_is_a_text);
	tcase_add_loop_test(tc, secrets_stay_on_the_way_within_a_server, 0, 2);
	tcase_add_test(tc, secrets_do_not_leave_their_server);
	tcase_add_test(tc, another_host_is_another_server);
	tcase_add_loop_test(tc, no_message_shows_a_secret, 0, 10);
	tcase_add_test(tc, a_proxy_is_asked);
	tcase_add_test(tc, only_the_configuration_names_proxies);
	suite_add_tcase(s, tc);

	tc = tcase_create("TLS");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, tls_setup, tls_teardown);
	tcase_add_test(tc, a_certificate_of_nobody_we_know_is_refused);
	tcase_add_test(tc, our_own_authority_is_taken);
	tcase_add_test(tc, a_certificate_for_another_name_is_refused);
	tcase_add_test(tc, an_authority_that_is_not_there_is_told);
	tcase_add_test(tc, never_from_https_to_http);
	tcase_add_test(tc, from_http_to_https);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
