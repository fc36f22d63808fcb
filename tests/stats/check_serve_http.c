/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/serve_http.c and serve_token.c: who is slow, and whom to believe */
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "stats/serve_http.h"
#include "stats/serve_token.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define BIG (64u << 20) /* octets, more than sockets buffer */

static const struct http_limits limits = { 8, 1, 2 };
static struct http *http;
static atomic_uint asked;
static char *big;

static void
handler(void *arg, const struct http_request *r, struct http_response *to)
{
	(void)arg;
	atomic_fetch_add(&asked, 1);
	to->type = "text/plain";
	to->body = strcmp(r->path, "/big") == 0 ? big : "well\n";
	to->len = strcmp(r->path, "/big") == 0 ? BIG : 5;
}

static void
setup(void)
{
	struct fsk_error err;

	big = calloc(BIG, 1);
	ck_assert_ptr_nonnull(big);
	stats_good(
	    http_start(&http, "127.0.0.1:0", &limits, handler, NULL, &err),
	    &err);
}

static void
teardown(void)
{
	http_stop(http);
	free(big);
}

static int64_t
milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
connect_to(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_port(http)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(
	    (int)send(fd, text, strlen(text), MSG_NOSIGNAL), (int)strlen(text));
}

/* Waits until the other side is gone; how long that took.  Now and then sends
 * TEXT's next octet, if there is one. */
static int64_t
until_gone(int fd, const char *text)
{
	const int64_t begin = milliseconds();
	char in[4096];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		ck_assert_int_lt(milliseconds() - begin, 20000);
		http_reap(http);
		if (*text != '\0' && send(fd, text++, 1, MSG_NOSIGNAL) != 1)
			break;
		if (poll(&p, 1, 50) == 0)
			continue;
		n = recv(fd, in, sizeof(in), 0);
		if (n <= 0)
			break;
	}
	close(fd);
	return milliseconds() - begin;
}

START_TEST(a_request_that_does_not_come_is_not_waited_for)
{
	static const char *const parts[] = { "", "GET / HT",
		"GET / HTTP/1.1\r\nHost: h\r\nX: y" };
	int fd = connect_to();
	int64_t took;

	say(fd, parts[_i]);
	took = until_gone(fd, "");
	ck_assert_int_ge(took, 900);
	ck_assert_int_lt(took, 5000);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

/* An octet now and then does not help: all of it must be there in time. */
START_TEST(a_slow_request_is_cut_off)
{
	int fd = connect_to();
	int64_t took = until_gone(fd,
	    "GET / HTTP/1.1\r\nHost: h\r\nX-1: aaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "\r\n\r\n");

	ck_assert_int_ge(took, 900);
	ck_assert_int_lt(took, 5000);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

/* It gets what is in the sockets' buffers already, and no more. */
START_TEST(a_slow_reader_is_cut_off)
{
	const int64_t begin = milliseconds();
	int fd = connect_to();
	size_t got = 0;
	char in[65536];
	ssize_t n;

	say(fd, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
	while (milliseconds() - begin < 2500) {
		ck_assert_int_gt((int)recv(fd, in, 100, 0), 0);
		poll(NULL, 0, 50);
		http_reap(http);
	}
	while ((n = recv(fd, in, sizeof(in), 0)) > 0)
		got += (size_t)n;
	ck_assert_uint_lt(got, BIG / 2);
	ck_assert_uint_eq(asked, 1);
	close(fd);
}
END_TEST

/* Who asks again and again keeps the connection. */
START_TEST(who_is_quick_is_served_on)
{
	int fd = connect_to();

	for (int i = 0; i < 15; i++) {
		char in[1024];
		ssize_t n;

		say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		n = recv(fd, in, sizeof(in), 0);
		ck_assert_int_gt((int)n, 20);
		ck_assert_int_eq(memcmp(in, "HTTP/1.1 200 ", 13), 0);
		poll(NULL, 0, 200);
		http_reap(http);
	}
	ck_assert_uint_eq(asked, 15);
	ck_assert_int_lt(until_gone(fd, ""), 5000);
}
END_TEST

/* The places of those who were cut off are free again. */
START_TEST(slow_ones_do_not_shut_others_out)
{
	int fd[8];

	for (unsigned i = 0; i < 8; i++) {
		fd[i] = connect_to();
		say(fd[i], "GET / HTTP/1.1\r\n");
	}
	for (int i = 0; i < 200; i++) {
		char in[1024];
		int one = connect_to();
		struct pollfd p = { .fd = one, .events = POLLIN };
		bool served;

		send(one, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL);
		served = poll(&p, 1, 100) == 1 &&
		    recv(one, in, sizeof(in), 0) > 20;
		close(one);
		http_reap(http);
		if (served) {
			ck_assert_int_gt(i, 0);
			for (unsigned j = 0; j < 8; j++)
				close(fd[j]);
			return;
		}
		poll(NULL, 0, 50);
	}
	ck_abort_msg("nobody else is served");
}
END_TEST

static const struct {
	const char *text;
	bool good, loopback;
} addresses[] = {
	{ "127.0.0.1:0", true, true },
	{ "127.1.2.3:0", true, true },
	{ "[::1]:0", true, true },
	{ "0.0.0.0:0", true, false },
	{ "[::]:0", true, false },
	{ "127.0.0.1", false, false },
	{ "127.0.0.1:", false, false },
	{ "127.0.0.1:-1", false, false },
	{ "127.0.0.1:65536", false, false },
	{ "127.0.0.1:80x", false, false },
	{ "::1:80", false, false },
	{ "[::1:80", false, false },
	{ "[]:80", false, false },
	{ "localhost:80", false, false },
	{ ":80", false, false },
	{ "", false, false },
};

START_TEST(addresses_are_read)
{
	struct fsk_error err;
	struct http *h;
	const int rc = http_start(
	    &h, addresses[_i].text, &limits, handler, NULL, &err);

	if (!addresses[_i].good) {
		ck_assert_int_eq(rc, FSK_EINVAL);
		ck_assert_ptr_nonnull(strstr(err.text, "no address"));
		return;
	}
	if (rc == FSK_EIO && addresses[_i].text[0] == '[')
		return; /* a machine without IPv6 */
	stats_good(rc, &err);
	ck_assert_int_eq(http_is_loopback(h), addresses[_i].loopback);
	ck_assert_uint_gt(http_port(h), 0);
	http_stop(h);
}
END_TEST

/* Two that share a port would each answer half of what is asked. */
START_TEST(a_port_in_use_is_told)
{
	struct http *first, *second;
	struct fsk_error err;
	char address[32];

	stats_good(
	    http_start(&first, "127.0.0.1:0", &limits, handler, NULL, &err),
	    &err);
	snprintf(address, sizeof(address), "127.0.0.1:%u", http_port(first));
	ck_assert_int_eq(
	    http_start(&second, address, &limits, handler, NULL, &err),
	    FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, address));
	http_stop(first);
}
END_TEST

START_TEST(tokens_are_compared_to_their_end)
{
	struct token t = { "0123456789abcdef", 16 }, none = { "", 0 };
	char longer[400];

	ck_assert(token_is(&t, "0123456789abcdef"));
	ck_assert(!token_is(&t, "0123456789abcdeF"));
	ck_assert(!token_is(&t, "0123456789abcde"));
	ck_assert(!token_is(&t, "0123456789abcdef0"));
	ck_assert(!token_is(&t, "x123456789abcdef"));
	ck_assert(!token_is(&t, ""));
	ck_assert(!token_is(&none, ""));
	ck_assert(!token_is(&none, "0"));
	memset(longer, 'a', sizeof(longer));
	longer[399] = '\0';
	ck_assert(!token_is(&t, longer));
}
END_TEST

/* What the file has, and whether there is a token in it. */
static const struct {
	const char *text, *token;
} files[] = {
	{ "0123456789abcdef\n", "0123456789abcdef" },
	{ "0123456789abcdef", "0123456789abcdef" },
	{ "0123456789abcdef\r\nmore\n", "0123456789abcdef" },
	{ "0123456789abcde\n", NULL },
	{ "\n0123456789abcdef\n", NULL },
	{ "", NULL },
};

START_TEST(tokens_are_read_from_files)
{
	struct token t = { .len = 0 };
	const char *path;

	kit_setup();
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	path = kit_path("token");
	kit_write(path, files[_i].text, strlen(files[_i].text));
	ck_assert_int_eq(token_read(&t, path), files[_i].token != NULL);
	if (files[_i].token != NULL)
		ck_assert(token_is(&t, files[_i].token));
	ck_assert(!token_read(&t, kit_path("nothing")));
	kit_teardown();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("serve_http");
	TCase *t = tcase_create("slow ones");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
	    t, a_request_that_does_not_come_is_not_waited_for, 0, 3);
	tcase_add_test(t, a_slow_request_is_cut_off);
	tcase_add_test(t, a_slow_reader_is_cut_off);
	tcase_add_test(t, who_is_quick_is_served_on);
	tcase_add_test(t, slow_ones_do_not_shut_others_out);
	suite_add_tcase(s, t);
	t = tcase_create("others");
	tcase_add_loop_test(t, addresses_are_read, 0,
	    (int)(sizeof(addresses) / sizeof(*addresses)));
	tcase_add_test(t, a_port_in_use_is_told);
	tcase_add_test(t, tokens_are_compared_to_their_end);
	tcase_add_loop_test(t, tokens_are_read_from_files, 0,
	    (int)(sizeof(files) / sizeof(*files)));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
