/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries that are under way while others join them, the list changes, clients
 * leave, or Unbound ends: each client gets what is right for it then, and each
 * is counted. */
#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/db.h"
#include "tests/e2e/hold.h"
#include "tests/e2e/lists.h"

static struct world w;

/* ---- clients ---- */

static struct client {
	struct ask a;
	struct reply r;
	bool answered;
	pthread_t thread;
} client[8];

static void *
run(void *arg)
{
	struct client *c = arg;

	c->answered = dns_ask(own_address(), w.port, &c->a, &c->r);
	return NULL;
}

static void
begin(unsigned i, struct ask a)
{
	client[i].a = a;
	ck_assert_int_eq(
	    pthread_create(&client[i].thread, NULL, run, &client[i]), 0);
}

static struct reply *
end(unsigned i)
{
	pthread_join(client[i].thread, NULL);
	return client[i].answered ? &client[i].r : NULL;
}

/* A number of Unbound's statistics. */
static unsigned long
statistic(const char *what)
{
	char path[192], *text, *at;
	unsigned long n;

	control(&w, "stats_noreset", NULL);
	snprintf(path, sizeof(path), "%s/control", w.folder);
	text = read_text(path);
	at = strstr(text, what);
	ck_assert_ptr_nonnull(at);
	n = strtoul(at + strlen(what), NULL, 10);
	free(text);
	return n;
}

/* How many questions Unbound could not answer from its cache. */
static unsigned long
missed(void)
{
	return statistic("total.num.cachemiss=");
}

static unsigned long before;

/* Holds what Unbound asks from now on. */
static void
hold(void)
{
	before = missed();
	hold_on();
}

/* Waits until Unbound has nothing to do. */
static void
await_idle(void)
{
	const long until = now_ms() + patience(5000);

	while (statistic("total.requestlist.current.all=") != 0) {
		ck_assert_msg(now_ms() < until, "queries are under way");
		breathe();
	}
}

/* Waits until Unbound has taken N more questions of clients. */
static void
await_clients(unsigned n)
{
	const long until = now_ms() + patience(5000);

	while (missed() - before < n) {
		ck_assert_msg(now_ms() < until, "not %u queries", n);
		breathe();
	}
	ck_assert_uint_eq(missed() - before, n);
}

/* ---- the world ---- */

static const char records[] =
    "slow.test. 300 IN SOA ns.test. a.test. 1 3600 1200 604800 60\n"
    "slow.test. 300 IN NS ns.test.\n"
    "*.slow.test. 300 IN A 192.0.2.1\n"
    "al.slow.test. 300 IN CNAME evil.example.\n"
    "brief.slow.test. 1 IN A 192.0.2.1\n"
    "page.slow.test. 300 IN A 192.0.2.80\n";

static void
start(unsigned threads, const char *more)
{
	const struct world_zone zones[] = {
		{ "slow.test", records, other_address(2) },
		{ NULL, NULL, NULL },
	};
	char server[512];

	/* A server that is held up is not given up. */
	snprintf(server, sizeof(server), " infra-cache-min-rtt: 5000\n%s",
	    more != NULL ? more : "");
	hold_start(other_address(2), 5301);
	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.ring = "ring",
		.threads = threads,
		.server = server,
		.zones = zones });
}

static void
stop(void)
{
	hold_off();
	world_stop(&w);
	hold_stop();
}

static void
list_rule(const char *names, const char *answer)
{
	char conf[512];

	snprintf(conf, sizeof(conf),
	    "policy { rule \"r\" { names = {%s} %s } }\n", names, answer);
	lists_sync(&w, conf);
}

/* ---- several clients of one query ---- */

START_TEST(a_name_is_listed_under_way)
{
	static const struct {
		const char *action;
		unsigned rcode, action_number;
		bool answered;
	} to[] = {
		{ "nxdomain", NXDOMAIN, FSK_NXDOMAIN, true },
		{ "refused", REFUSED, FSK_REFUSE, true },
		{ "drop", 0, FSK_DROP, false },
		{ "log", NOERROR, FSK_LOG, true },
		{ "passthru", NOERROR, 0, true },
		{ "cname cname = \"page.slow.test\"", NOERROR, FSK_CNAME,
		    true },
	};
	char answer[128];

	start(1, NULL);
	hold();
	for (unsigned i = 0; i < 6; i++)
		begin(i,
		    (struct ask){ .name = "late.slow.test",
			.tcp = i & 1,
			.edns = i & 2,
			.timeout_ms = to[_i].answered ? 0 : 1500 });
	hold_await(1);
	await_clients(6);
	snprintf(answer, sizeof(answer), "action = %s", to[_i].action);
	list_rule("\"late.slow.test\"", answer);
	hold_off();
	for (unsigned i = 0; i < 6; i++) {
		struct reply *r = end(i);

		ck_assert_msg((r != NULL) == to[_i].answered, "%s: client %u",
		    to[_i].action, i);
		if (r == NULL)
			continue;
		ck_assert_uint_eq(r->rcode, to[_i].rcode);
		ck_assert_uint_eq(
		    dns_count(r, 1, T_A), to[_i].rcode == NOERROR);
		ck_assert_uint_eq(dns_count(r, 1, T_CNAME),
		    to[_i].action_number == FSK_CNAME);
	}
	ck_assert(!cached(&w, "late.slow.test"));
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_EVENTS),
	    to[_i].action_number == 0 && to[_i].rcode == NOERROR ? 0 : 6);
	if (to[_i].action_number != 0 || to[_i].rcode != NOERROR)
		ck_assert_uint_eq(
		    lists_counter(&w, FSK_COUNT_ACTION + to[_i].action_number),
		    6);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	stop();
}
END_TEST

START_TEST(each_that_joins_is_counted)
{
	start(2, NULL);
	list_rule("\"seen.slow.test\"", "action = log");
	hold();
	for (unsigned i = 0; i < 8; i++)
		begin(
		    i, (struct ask){ .name = "seen.slow.test", .tcp = i & 1 });
	hold_await(1);
	await_clients(8);
	hold_off();
	for (unsigned i = 0; i < 8; i++)
		ck_assert_uint_eq(dns_count(end(i), 1, T_A), 1);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_ACTION + FSK_LOG), 8);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_EVENTS), 8);
	/* One that is delisted meanwhile is counted no more. */
	hold();
	begin(0, (struct ask){ .name = "x.seen.slow.test" });
	hold_await(1);
	list_rule("\"other.test\"", "action = log");
	hold_off();
	ck_assert_ptr_nonnull(end(0));
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_EVENTS), 8);
	stop();
}
END_TEST

/* ---- clients of Unbound's own queries ---- */

static const struct {
	const char *action;
	unsigned rcode;
	bool answered, made;
} own[] = {
	{ "nxdomain", NXDOMAIN, true, true },
	{ "sinkhole sinkhole = \"192.0.2.66\"", NOERROR, true, true },
	{ "servfail", SERVFAIL, true, true },
	{ "cname cname = \"page.test\"", NOERROR, true, true },
	{ "drop", 0, false, true },
	{ "log", NOERROR, true, false },
};
#define OWN ((int)(sizeof(own) / sizeof(*own)))

/* The page for evil.test is listed itself.  Unbound asks for it on behalf of
 * who asks for evil.test, and a client joins that query. */
START_TEST(a_client_joins_a_query_of_unbounds_own)
{
	/* Late: Unbound drops what has waited for more than 1.9 s. */
	const bool late = _i >= OWN;
	const unsigned n = late ? 1 : (unsigned)_i;
	const struct rr *a;
	struct reply *r;
	char conf[512];

	start(1, NULL);
	snprintf(conf, sizeof(conf),
	    "policy {\n"
	    "  rule \"r\" { names = {\"evil.test\"} action = cname\n"
	    "    cname = \"page.slow.test\" }\n"
	    "  rule \"p\" { names = {\"page.slow.test\"} action = %s } }\n",
	    own[n].action);
	lists_sync(&w, conf);
	hold();
	begin(0,
	    (struct ask){ .name = "evil.test", .timeout_ms = late ? 2500 : 0 });
	hold_await(1);
	for (unsigned i = 1; i <= 3; i++)
		begin(i,
		    (struct ask){ .name = "page.slow.test",
			.edns = true,
			.tcp = i == 3,
			.timeout_ms = late    ? 2500
			    : own[n].answered ? 0
					      : 1000 });
	await_clients(4);
	if (late)
		usleep(2000000);
	/* One that is in time in any case. */
	begin(4, (struct ask){ .name = "x.evil.test" });
	await_clients(5);
	hold_off();
	for (unsigned i = 1; i <= 3; i++) {
		r = end(i);
		if (!late)
			ck_assert_msg((r != NULL) == own[n].answered,
			    "%s: client %u", own[n].action, i);
		if (r == NULL)
			continue;
		ck_assert_msg(r->rcode == own[n].rcode, "%s: client %u: %u",
		    own[n].action, i, r->rcode);
		ck_assert_int_eq(r->ede, own[n].made ? EDE_BLOCKED : -1);
		a = dns_first(r, 1, T_A);
		ck_assert_msg(
		    !own[n].made || a == NULL || r->wire[a->rdata + 3] == 66,
		    "the true address");
	}
	/* Unbound itself, and with it the others, got the truth. */
	for (unsigned i = 0; i <= 4; i += 4) {
		r = end(i);
		if (i == 0 && late)
			continue;
		ck_assert_ptr_nonnull(r);
		ck_assert_uint_eq(r->rcode, NOERROR);
		ck_assert_uint_eq(dns_count(r, 1, T_CNAME), 1);
		a = dns_first(r, 1, T_A);
		ck_assert_ptr_nonnull(a);
		ck_assert_uint_eq(r->wire[a->rdata + 3], 80);
	}
	ck_assert(!cached(&w, "page.slow.test"));
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_EVENTS), late ? 4 : 5);
	stop();
}
END_TEST

/* ---- pages ---- */

START_TEST(many_wait_for_one_page)
{
	start(_i == 0 ? 1 : 4,
	    _i == 2 ? " serve-expired: yes\n"
		      " serve-expired-client-timeout: 100\n"
		    : NULL);
	list_rule("\"evil.test\", \"page.slow.test\"",
	    "action = cname cname = \"page.slow.test\"");
	hold();
	for (unsigned i = 0; i < 8; i++)
		begin(i,
		    (struct ask){ .name = i & 1 ? "evil.test" : "x.evil.test",
			.tcp = i & 2,
			.edns = i & 4 });
	await_clients(8);
	hold_await(1);
	if (_i == 2)
		usleep(300000); /* beyond the timer */
	hold_off();
	for (unsigned i = 0; i < 8; i++) {
		struct reply *r = end(i);

		ck_assert_ptr_nonnull(r);
		ck_assert_uint_eq(r->rcode, NOERROR);
		ck_assert_uint_eq(dns_count(r, 1, T_CNAME), 1);
		ck_assert_uint_eq(dns_count(r, 1, T_A), 1);
		ck_assert_int_eq(r->ede, i & 4 ? EDE_BLOCKED : -1);
	}
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_ACTION + FSK_CNAME), 8);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_EVENTS), 8);
	/* The page itself is given, although it is listed. */
	ck_assert_uint_eq(rcode_of(&w, "page.slow.test"), NOERROR);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_EVENTS), 8);
	stop();
}
END_TEST

/* A connection with two questions on it; closed at once. */
static void
ask_and_leave(const char *name)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)w.port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct ask a = { .name = name };
	uint8_t q[2 * 602];
	size_t len = 0;

	inet_pton(AF_INET, own_address(), &to.sin_addr);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	for (unsigned i = 0; i < 2; i++) {
		const size_t n = dns_make(&a, (uint16_t)i, q + len + 2);

		q[len] = (uint8_t)(n >> 8);
		q[len + 1] = (uint8_t)n;
		len += n + 2;
	}
	ck_assert_int_eq(send(fd, q, len, 0), (ssize_t)len);
	await_clients(2);
	close(fd);
}

START_TEST(clients_leave_while_they_wait)
{
	static const char *const groups =
	    "feed \"f\" { url = \"@/f\" aliases = yes }\n"
	    "policy { action = cname cname = \"page.slow.test\"\n"
	    "  rule \"p\" { names = {\"page.slow.test\"} }\n" /* not cached */
	    "  group \"g\" { prefixes = {\"127.0.0.9\"} off = yes } }\n";

	start(1, NULL);
	lists_file(&w, "f", "evil.test\nevil.example\n");
	lists_sync(&w, groups);
	/* Each once: what is resolved for nobody may be kept. */
	for (unsigned i = 0; i < 2; i++) {
		hold();
		ask_and_leave(i & 1 ? "al.slow.test" : "evil.test");
		hold_await(1);
		hold_off();
		await_idle();
		ck_assert_uint_eq(rcode_of(&w, "good.test"), NOERROR);
	}
	/* And Unbound ends while somebody waits. */
	hold();
	begin(0, (struct ask){ .name = "evil.test", .timeout_ms = 3000 });
	begin(1, (struct ask){ .name = "al.slow.test", .timeout_ms = 3000 });
	begin(2,
	    (struct ask){
		.name = "evil.test", .tcp = true, .timeout_ms = 3000 });
	await_clients(3);
	world_stop_unbound(&w);
	for (unsigned i = 0; i < 3; i++)
		end(i);
	world_start_unbound(&w);
	stop();
}
END_TEST

/* ---- what clients share and what they do not ---- */

static const char shares[] =
    "feed \"f\" { url = \"@/f\" aliases = yes }\n"
    "policy {\n"
    "  rule \"t\" { names = {\"tcp.slow.test\"} action = tcp-only }\n"
    "  group \"off\" { prefixes = {\"127.0.0.2\"} off = yes }\n"
    "  group \"no\" { prefixes = {\"127.0.0.3\"} action = refused }\n"
    "  group \"kids\" { prefixes = {\"127.0.0.4\"} "
    "block = {\"kids.slow.test\"} }\n"
    "}\n";

START_TEST(each_has_an_answer_of_its_own)
{
	static const struct {
		const char *name;
		unsigned rcode[4]; /* for 127.0.0.1 to .4, over UDP */
	} to[] = {
		{ "al.slow.test", { NXDOMAIN, NOERROR, REFUSED, NXDOMAIN } },
		{ "kids.slow.test", { NOERROR, NOERROR, NOERROR, NXDOMAIN } },
		{ "free.slow.test", { NOERROR, NOERROR, NOERROR, NOERROR } },
		{ "evil.example", { NXDOMAIN, NOERROR, REFUSED, NXDOMAIN } },
	};
	static char from[4][16];

	start(_i == 0 ? 1 : 2,
	    _i == 2 ? " serve-expired: yes\n"
		      " serve-expired-client-timeout: 200\n"
		      " prefetch: yes\n"
		    : NULL);
	lists_file(&w, "f", "evil.example\n");
	lists_sync(&w, shares);
	for (unsigned n = 0; n < 4; n++) {
		hold();
		for (unsigned i = 0; i < 8; i++) {
			snprintf(from[i % 4], sizeof(from[0]), "127.0.0.%u",
			    i % 4 + 1);
			begin(i,
			    (struct ask){ .name = to[n].name,
				.from = from[i % 4],
				.tcp = i >= 4 });
		}
		if (n < 3)
			hold_await(1);
		await_clients(8);
		if (_i == 2)
			usleep(300000); /* beyond the timer */
		hold_off();
		for (unsigned i = 0; i < 8; i++) {
			struct reply *r = end(i);

			ck_assert_ptr_nonnull(r);
			ck_assert_msg(r->rcode == to[n].rcode[i % 4],
			    "%s for %s: %u", to[n].name, from[i % 4], r->rcode);
			ck_assert_uint_eq(
			    dns_count(r, 1, T_A), r->rcode == NOERROR);
		}
	}
	/* Over UDP and over TCP at the same moment. */
	hold();
	for (unsigned i = 0; i < 8; i++)
		begin(i, (struct ask){ .name = "tcp.slow.test", .tcp = i & 1 });
	hold_await(1);
	await_clients(8);
	hold_off();
	for (unsigned i = 0; i < 8; i++) {
		struct reply *r = end(i);

		ck_assert_ptr_nonnull(r);
		ck_assert_int_eq(!!(r->flags & F_TC), !(i & 1));
		ck_assert_uint_eq(dns_count(r, 1, T_A), i & 1);
	}
	ck_assert_uint_eq(
	    lists_counter(&w, FSK_COUNT_ACTION + FSK_TCP_ONLY), 4);
	stop();
}
END_TEST

START_TEST(stale_answers_for_queries_of_their_own)
{
	const long until = now_ms() + patience(5000);
	struct reply *r;

	start(1,
	    " serve-expired: yes\n serve-expired-client-timeout: 100\n"
	    " ede: yes\n ede-serve-expired: yes\n");
	lists_file(&w, "f", "evil.example\n");
	lists_sync(&w, shares);
	for (;;) {
		ck_assert_uint_eq(rcode_of(&w, "brief.slow.test"), NOERROR);
		usleep(1200000);
		hold();
		for (unsigned i = 0; i < 4; i++)
			begin(i,
			    (struct ask){ .name = "brief.slow.test",
				.edns = true,
				.tcp = i & 1 });
		for (unsigned i = 0; i < 4; i++) {
			r = end(i);
			ck_assert_ptr_nonnull(r);
			ck_assert_uint_eq(dns_count(r, 1, T_A), 1);
		}
		hold_off();
		if (r->ede == EDE_STALE)
			break;
		ck_assert_msg(now_ms() < until, "no stale answer");
	}
	stop();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/flight");
	TCase *tc = tcase_create("flight");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, a_name_is_listed_under_way, 0, 6);
	tcase_add_test(tc, each_that_joins_is_counted);
	tcase_add_loop_test(
	    tc, a_client_joins_a_query_of_unbounds_own, 0, OWN + 1);
	tcase_add_loop_test(tc, many_wait_for_one_page, 0, 3);
	tcase_add_test(tc, clients_leave_while_they_wait);
	tcase_add_loop_test(tc, each_has_an_answer_of_its_own, 0, 3);
	tcase_add_test(tc, stale_answers_for_queries_of_their_own);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
