/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/warn.c, warn_send.c and warnings.c: orders, their way, their answers */
#include <arpa/inet.h>
#include <check.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/prefix.h"
#include "stats/warn.h"
#include "stats/warn_send.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define DAY      20000u /* 2024-10-04 */
#define DEADLINE 30     /* seconds */

static struct conf *conf;
static struct privacy *privacy;
static struct fsk_error err;

static void
configure(const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "warnings { groups = {\"home\", \"office\"} folder = \"%s\" %s "
	    "}\n",
	    kit_path("warnings"), more);
	conf = stats_conf(text);
	stats_good(privacy_open(&privacy, conf, &err), &err);
}

static void
setup(void)
{
	kit_setup();
}

static void
teardown(void)
{
	privacy_close(privacy);
	conf_free(conf);
	privacy = NULL;
	conf = NULL;
	kit_teardown();
}

static struct warn *
open_it(void)
{
	struct warn *w;

	stats_good(warn_open(&w, conf, privacy, &err), &err);
	ck_assert_ptr_nonnull(w);
	return w;
}

static void
event(struct warn *w, uint32_t day, const char *client, const char *name)
{
	const struct fsk_name entry = kit_name(name);
	uint8_t addr[16];
	struct warn_event e = { .time = (uint64_t)day * 86400000000u + 1,
		.client = addr,
		.group = "home",
		.category = "phishing",
		.feeds = "alpha\nbeta",
		.entry = entry.wire,
		.case_number = day % 2 ? "" : "2026/117" };

	ck_assert(fsk_addr_read(client, addr));
	warn_event(w, &e);
}

/* What the file of DAY holds; valid until the next call. */
static const char *
file_of(uint32_t day)
{
	static char text[65536];
	char *path = warn_path(conf->warnings.folder, day);
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	free(path);
	return text;
}

static unsigned
lines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* ---- orders ---- */

START_TEST(without_groups_nobody_is_warned)
{
	struct warn *w;

	conf = stats_conf("");
	stats_good(privacy_open(&privacy, conf, &err), &err);
	stats_good(warn_open(&w, conf, privacy, &err), &err);
	ck_assert_ptr_null(w);
}
END_TEST

START_TEST(an_order_says_what_and_not_who)
{
	char token[PRIVACY_TOKEN];
	const char *text;
	uint8_t addr[16];
	struct warn *w;

	configure("");
	w = open_it();
	ck_assert(warn_wanted(w, "home"));
	ck_assert(warn_wanted(w, "office"));
	ck_assert(!warn_wanted(w, "hom"));
	ck_assert(!warn_wanted(w, ""));
	event(w, DAY, "192.0.2.7", "bad.example");
	text = file_of(DAY);
	ck_assert_ptr_nonnull(
	    strstr(text, "\"time\":\"2024-10-04T00:00:00Z\""));
	ck_assert_ptr_nonnull(strstr(text, "\"name\":\"bad.example\""));
	ck_assert_ptr_nonnull(strstr(text, "\"feeds\":[\"alpha\",\"beta\"]"));
	ck_assert_ptr_nonnull(strstr(text, "\"group\":\"home\""));
	ck_assert_ptr_nonnull(strstr(text, "\"case\":\"2026/117\""));
	ck_assert_ptr_null(strstr(text, "192.0.2.7"));
	fsk_addr_read("192.0.2.7", addr);
	privacy_token(privacy, addr, token);
	ck_assert_uint_eq(strlen(token), 32);
	ck_assert_ptr_nonnull(strstr(text, token));
	event(w, DAY + 1, "192.0.2.7", "bad.example");
	ck_assert_ptr_null(strstr(file_of(DAY + 1), "\"case\""));
	warn_close(w);
}
END_TEST

START_TEST(a_subscriber_is_warned_of_an_entry_once_a_day)
{
	struct warn *w;

	configure("");
	w = open_it();
	for (unsigned i = 0; i < 3; i++) {
		event(w, DAY, "192.0.2.7", "a.example");
		event(w, DAY, "192.0.2.8", "a.example");
		event(w, DAY, "192.0.2.7", "b.example");
		event(w, DAY, "2001:db8::1", "a.example");
		event(w, DAY, "2001:db8::2:1", "a.example"); /* the same /64 */
	}
	ck_assert_uint_eq(warn_ordered(w), 4);
	ck_assert_uint_eq(lines(file_of(DAY)), 4);
	event(w, DAY + 1, "192.0.2.7", "a.example");
	ck_assert_uint_eq(lines(file_of(DAY + 1)), 1);
	/* Late events of the day before are ordered with this one's. */
	event(w, DAY, "192.0.2.9", "a.example");
	event(w, DAY, "192.0.2.9", "a.example");
	ck_assert_uint_eq(lines(file_of(DAY)), 4);
	ck_assert_uint_eq(lines(file_of(DAY + 1)), 2);
	event(w, DAY + 1, "192.0.2.9", "a.example");
	ck_assert_uint_eq(lines(file_of(DAY + 1)), 2);
	warn_close(w);
	/* Who begins again knows what was ordered. */
	w = open_it();
	event(w, DAY + 1, "192.0.2.7", "a.example");
	event(w, DAY + 1, "192.0.2.8", "a.example");
	ck_assert_uint_eq(warn_ordered(w), 1);
	ck_assert_uint_eq(lines(file_of(DAY + 1)), 3);
	warn_close(w);
}
END_TEST

START_TEST(half_a_line_is_cut_off)
{
	char *path;
	struct warn *w;
	FILE *f;

	configure("");
	w = open_it();
	event(w, DAY, "192.0.2.7", "a.example");
	warn_close(w);
	path = warn_path(conf->warnings.folder, DAY);
	f = fopen(path, "a");
	fputs("{\"id\":\"0123", f);
	fclose(f);
	free(path);
	w = open_it();
	event(w, DAY, "192.0.2.8", "a.example");
	ck_assert_uint_eq(lines(file_of(DAY)), 2);
	ck_assert_ptr_null(strstr(file_of(DAY), "\"0123"));
	warn_close(w);
}
END_TEST

START_TEST(what_could_not_be_written_is_ordered_later)
{
	struct rlimit full = { .rlim_cur = 0 }, before;
	struct warn *w;

	configure("");
	w = open_it();
	event(w, DAY, "192.0.2.7", "a.example");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	full.rlim_max = before.rlim_max;
	full.rlim_cur = strlen(file_of(DAY)) + 10; /* half a line */
	setrlimit(RLIMIT_FSIZE, &full);
	event(w, DAY, "192.0.2.8", "a.example");
	setrlimit(RLIMIT_FSIZE, &before);
	ck_assert_uint_eq(warn_dropped(w), 1);
	event(w, DAY, "192.0.2.8", "a.example");
	event(w, DAY, "192.0.2.8", "a.example");
	ck_assert_uint_eq(warn_ordered(w), 2);
	ck_assert_uint_eq(lines(file_of(DAY)), 2);
	ck_assert_int_eq(file_of(DAY)[0], '{');
	warn_close(w);
}
END_TEST

START_TEST(a_day_has_its_bound_and_old_ones_go)
{
	char name[32];
	struct warn *w;
	unsigned i;

	configure("daily-megabytes = 1");
	w = open_it();
	for (i = 0; i < 10000 && warn_dropped(w) == 0; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		event(w, DAY, "192.0.2.7", name);
	}
	ck_assert_uint_eq(warn_dropped(w), 1);
	ck_assert_uint_eq(warn_ordered(w), i - 1);
	event(w, DAY + 1, "192.0.2.7", "a.example");
	warn_maintain(w, (DAY + 1 + 7) * 86400ll); /* 7 days are kept */
	ck_assert_uint_ne(lines(file_of(DAY)), 0);
	warn_maintain(w, (DAY + 1 + 7) * 86400ll + 1);
	ck_assert_uint_eq(lines(file_of(DAY)), 0);
	ck_assert_uint_eq(lines(file_of(DAY + 1)), 1);
	warn_close(w);
}
END_TEST

/* ---- their way ---- */

/* A server that takes what is posted, from who has the certificate. */
static struct {
	SSL_CTX *ctx;
	int fd;
	unsigned port;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint status, posts;
	pthread_mutex_t lock; /* of the text */
	char text[65536];     /* what was taken */
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
serve_one(SSL *ssl)
{
	static char request[300000];
	size_t len = 0, want = SIZE_MAX;
	char *body = NULL, answer[128];
	int n;

	while (len < want &&
	    (n = SSL_read(
		 ssl, request + len, (int)(sizeof(request) - 1 - len))) > 0) {
		len += (size_t)n;
		request[len] = '\0';
		if (body == NULL && (body = strstr(request, "\r\n\r\n"))) {
			const char *l = strstr(request, "Content-Length: ");

			body += 4;
			want = (size_t)(body - request) +
			    (l != NULL ? strtoul(l + 16, NULL, 10) : 0);
		}
	}
	if (len < want)
		return;
	atomic_fetch_add(&server.posts, 1);
	if (atomic_load(&server.status) == 200) {
		pthread_mutex_lock(&server.lock);
		strncat(server.text, body,
		    sizeof(server.text) - strlen(server.text) - 1);
		pthread_mutex_unlock(&server.lock);
	}
	n = snprintf(answer, sizeof(answer),
	    "HTTP/1.1 %u X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	    atomic_load(&server.status));
	SSL_write(ssl, answer, n);
	SSL_shutdown(ssl);
}

static void *
serve(void *arg)
{
	struct pollfd p = { .fd = server.fd, .events = POLLIN };

	(void)arg;
	while (!atomic_load(&server.stop)) {
		int fd;
		SSL *ssl;

		if (poll(&p, 1, 50) <= 0)
			continue;
		fd = accept(server.fd, NULL, NULL);
		ssl = SSL_new(server.ctx);
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			serve_one(ssl);
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

static void
start_server(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	char command[1024];

	for (unsigned i = 0; i < 2; i++) {
		const char *who = i == 0 ? "server" : "client";

		snprintf(command, sizeof(command),
		    "openssl req -x509 -newkey ec -pkeyopt "
		    "ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s "
		    "-addext subjectAltName=IP:127.0.0.1 -keyout %s/%s.key "
		    "-out %s/%s.pem 2>/dev/null",
		    who, kit_dir, who, kit_dir, who);
		ck_assert_int_eq(system(command), 0);
	}
	server.ctx = SSL_CTX_new(TLS_server_method());
	ck_assert_int_eq(SSL_CTX_use_certificate_file(server.ctx,
			     kit_path("server.pem"), SSL_FILETYPE_PEM),
	    1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(server.ctx,
			     kit_path("server.key"), SSL_FILETYPE_PEM),
	    1);
	SSL_CTX_set_verify(server.ctx,
	    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	ck_assert_int_eq(SSL_CTX_load_verify_locations(
			     server.ctx, kit_path("client.pem"), NULL),
	    1);
	/* Or who comes back with a certificate is sent away. */
	SSL_CTX_set_session_id_context(
	    server.ctx, (const unsigned char *)"test", 4);
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(server.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(server.fd, 8), 0);
	getsockname(server.fd, (struct sockaddr *)&a, &len);
	server.port = ntohs(a.sin_port);
	ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void
stop_server(void)
{
	atomic_store(&server.stop, true);
	pthread_join(server.thread, NULL);
	close(server.fd);
	SSL_CTX_free(server.ctx);
}

/* Whether what was taken comes to have N lines in time. */
static bool
taken(unsigned n)
{
	const time_t until = time(NULL) + DEADLINE;
	unsigned have;

	do {
		pthread_mutex_lock(&server.lock);
		have = lines(server.text);
		pthread_mutex_unlock(&server.lock);
		poll(NULL, 0, 10);
	} while (have < n && time(NULL) < until);
	return have == n;
}

static void
refused(unsigned n)
{
	const time_t until = time(NULL) + DEADLINE;

	while (atomic_load(&server.posts) < n && time(NULL) < until)
		poll(NULL, 0, 10);
	ck_assert_uint_ge(atomic_load(&server.posts), n);
}

START_TEST(orders_are_sent_until_they_are_taken)
{
	struct warn_sender *sender;
	struct warn *w;
	char more[1024];

	start_server();
	snprintf(more, sizeof(more),
	    "url = \"https://127.0.0.1:%u/orders\" certificate = "
	    "\"%s/client.pem\" key = \"%s/client.key\" ca-file = "
	    "\"%s/server.pem\"",
	    server.port, kit_dir, kit_dir, kit_dir);
	configure(more);
	w = open_it();
	event(w, DAY, "192.0.2.7", "a.example");
	event(w, DAY + 1, "192.0.2.7", "b.example");
	atomic_store(&server.status, 503);
	stats_good(warn_sender_start(&sender, &conf->warnings, &err), &err);
	refused(2);
	atomic_store(&server.status, 200);
	ck_assert(taken(2));
	event(w, DAY + 1, "192.0.2.8", "b.example");
	ck_assert(taken(3));
	warn_sender_stop(sender);
	/* Who starts again goes on where it was. */
	event(w, DAY + 1, "192.0.2.9", "b.example");
	stats_good(warn_sender_start(&sender, &conf->warnings, &err), &err);
	ck_assert(taken(4));
	warn_sender_stop(sender);
	ck_assert_ptr_nonnull(strstr(server.text, file_of(DAY)));
	ck_assert_ptr_nonnull(strstr(server.text, file_of(DAY + 1)));
	warn_close(w);
	stop_server();
}
END_TEST

/* ---- their answers ---- */

START_TEST(answers_are_counted_once)
{
	char args[1200], answers[512], id[17];
	struct warn *w;
	FILE *f;

	configure("");
	w = open_it();
	event(w, DAY, "192.0.2.7", "a.example");
	memcpy(id, file_of(DAY) + 7, 16);
	id[16] = '\0';
	event(w, DAY, "192.0.2.8", "a.example");
	event(w, DAY + 1, "192.0.2.8", "a.example");
	warn_close(w);
	f = fopen(kit_path("answers"), "w");
	fprintf(f, "{\"id\":\"%s\",\"done\":true}\n{\"id\":\"%s\"}\n", id, id);
	fclose(f);
	snprintf(answers, sizeof(answers), "%s", kit_path("answers"));
	snprintf(args, sizeof(args),
	    "warnings -c %s/stats.conf --acknowledge %s", kit_dir, answers);
	ck_assert_int_eq(stats_run(args), 0);
	ck_assert_ptr_nonnull(
	    strstr(stats_output(), "1 acknowledged, 1 were before, 0 to no"));
	f = fopen(answers, "a");
	fputs("{\"id\":\"0000000000000000\"}\nno json\n", f);
	fclose(f);
	ck_assert_int_eq(stats_run(args), 1);
	ck_assert_ptr_nonnull(strstr(stats_output(),
	    "0 acknowledged, 2 were before, 1 to no order, 1 lines"));
	snprintf(
	    args, sizeof(args), "warnings -c %s/stats.conf --json", kit_dir);
	ck_assert_int_eq(stats_run(args), 0);
	ck_assert_str_eq(stats_output(),
	    "{\"day\":\"2024-10-04\",\"ordered\":2,\"acknowledged\":1}\n"
	    "{\"day\":\"2024-10-05\",\"ordered\":1,\"acknowledged\":0}\n");
	snprintf(
	    args, sizeof(args), "warnings -c %s/stats.conf --csv", kit_dir);
	ck_assert_int_eq(stats_run(args), 0);
	ck_assert_str_eq(stats_output(),
	    "day,ordered,acknowledged\n2024-10-04,2,1\n2024-10-05,1,0\n");
}
END_TEST

/* The ids that were answered. */
static const char *
answered(void)
{
	static char text[4096];
	FILE *f = fopen(kit_path("warnings/acknowledged"), "r");
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

/* What was answered goes with the orders. */
START_TEST(answers_are_not_kept_for_longer_than_orders)
{
	char args[1200], answers[512];
	struct warn *w;
	FILE *f;

	configure("");
	w = open_it();
	event(w, DAY, "192.0.2.7", "a.example");
	event(w, DAY + 1, "192.0.2.8", "a.example");
	snprintf(answers, sizeof(answers), "%s", kit_path("answers"));
	snprintf(args, sizeof(args),
	    "warnings -c %s/stats.conf --acknowledge %s", kit_dir, answers);
	f = fopen(answers, "w");
	fputs(file_of(DAY), f);
	fclose(f);
	ck_assert_int_eq(stats_run(args), 0);
	ck_assert_uint_eq(lines(answered()), 1);
	warn_maintain(w, (DAY + 1 + 7) * 86400ll + 1);
	f = fopen(answers, "w");
	fputs(file_of(DAY + 1), f);
	fclose(f);
	ck_assert_int_eq(stats_run(args), 0);
	ck_assert_uint_eq(lines(answered()), 1);
	/* {"id":"...", of an order more comes */
	ck_assert_int_eq(memcmp(answered(), file_of(DAY + 1), 24), 0);
	warn_close(w);
}
END_TEST

START_TEST(the_operator_can_tell_whose_a_token_is)
{
	char args[512], token[PRIVACY_TOKEN];
	uint8_t addr[16];

	configure("");
	fsk_addr_read("192.0.2.7", addr);
	privacy_token(privacy, addr, token);
	snprintf(args, sizeof(args),
	    "warnings -c %s/stats.conf --token 192.0.2.6 192.0.2.7", kit_dir);
	ck_assert_int_eq(stats_run(args), 0);
	ck_assert_ptr_nonnull(strstr(stats_output(), token));
	ck_assert_uint_eq(lines(stats_output()), 2);
	/* Who asks makes no key: the collector could not read it. */
	ck_assert_int_eq(unlink(conf->key_file), 0);
	ck_assert_int_eq(stats_run(args), 2);
	ck_assert_ptr_nonnull(strstr(stats_output(), "cannot open"));
	ck_assert_int_eq(access(conf->key_file, F_OK), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/warn.c");
	TCase *tc = tcase_create("warnings");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_groups_nobody_is_warned);
	tcase_add_test(tc, an_order_says_what_and_not_who);
	tcase_add_test(tc, a_subscriber_is_warned_of_an_entry_once_a_day);
	tcase_add_test(tc, half_a_line_is_cut_off);
	tcase_add_test(tc, what_could_not_be_written_is_ordered_later);
	tcase_add_test(tc, a_day_has_its_bound_and_old_ones_go);
	tcase_add_test(tc, orders_are_sent_until_they_are_taken);
	tcase_add_test(tc, answers_are_counted_once);
	tcase_add_test(tc, answers_are_not_kept_for_longer_than_orders);
	tcase_add_test(tc, the_operator_can_tell_whose_a_token_is);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
