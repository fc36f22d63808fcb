/* SPDX-License-Identifier: BSD-3-Clause */
/* A list that is only tried: clients see nothing of it, and each query that it
 * would answer otherwise is counted and told once. */
#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db.h"
#include "tests/e2e/hold.h"
#include "tests/e2e/lists.h"
#include "tests/e2e/load.h"

static struct world w;
static struct reply r;

static const char active[] =
    "always-blocked = {\"both.test\"}\n"
    "policy { rule \"r\" { names = {\"evil.test\", \"both.test\"} }\n"
    "  rule \"d\" { names = {\"drop.test\"} action = drop } }\n";

static void
start(unsigned threads)
{
	const struct world_zone zones[] = {
		{ "slow.test",
		    "slow.test. 300 IN SOA ns.test. a.test. 1 3600 1200 604800 "
		    "60\n"
		    "slow.test. 300 IN NS ns.test.\n"
		    "*.slow.test. 300 IN A 192.0.2.1\n",
		    other_address(2) },
		{ NULL, NULL, NULL },
	};

	hold_start(other_address(2), 5301);
	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.ring = "ring",
		.threads = threads,
		.server = " outgoing-range: 4096\n"
			  " num-queries-per-thread: 2048\n",
		.zones = zones });
	lists_sync(&w, active);
}

static void
stop(void)
{
	world_stop(&w);
	hold_stop();
}

/* Makes a database of NAMES and tries it. */
static void
try(const char *names)
{
	const unsigned before = occurrences(w.log, "another list is tried");
	char path[256];

	snprintf(path, sizeof(path), "%s/new.fsdb", w.folder);
	publish_to(&w, path, names, "--serial", "4242424242", NULL);
	free(lists_run(&w, 0, "shadow", path, NULL));
	await_log(&w, "another list is tried", before + 1);
}

static void
counted(uint64_t blocks, uint64_t passes)
{
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_TRIED_BLOCKS), blocks);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_TRIED_PASSES), passes);
}

/* ---- exactly ---- */

static const struct {
	const char *name, *lower;
	unsigned rcode;
	enum fsk_would would; /* FSK_BLOCKED: both say the same */
} names[] = {
	{ "eVil.test", "evil.test", NXDOMAIN, FSK_TRIED_PASSES },
	{ "www.evil.test", "www.evil.test", NXDOMAIN, FSK_TRIED_PASSES },
	{ "both.test", "both.test", NXDOMAIN, FSK_BLOCKED },
	{ "new.test", "new.test", NOERROR, FSK_TRIED_BLOCKS },
	{ "X.new.test", "x.new.test", NOERROR, FSK_TRIED_BLOCKS },
	{ "free.test", "free.test", NOERROR, FSK_BLOCKED },
};
#define NAMES (sizeof(names) / sizeof(*names))

START_TEST(each_difference_is_counted_and_told)
{
	static const char *const clients[] = { "127.0.0.1", "127.0.0.2" };
	static struct fsk_event e[256];
	unsigned n = 0, tried = 0;
	uint8_t wire[256];
	size_t events;

	start(2);
	ask(&w, &r, (struct ask){ .name = "new.test" }); /* cached */
	try("both.test\nnew.test\n");
	for (unsigned i = 0; i < 4 * NAMES; i++) {
		ask(&w, &r,
		    (struct ask){ .name = names[i / 4].name,
			.qtype = i & 1 ? T_AAAA : T_A,
			.tcp = i & 2,
			.from = clients[i & 1] });
		ck_assert_uint_eq(r.rcode, names[i / 4].rcode);
	}
	counted(8, 8);
	ck_assert_uint_eq(
	    lists_counter(&w, FSK_COUNT_ACTION + FSK_NXDOMAIN), 12);
	events = lists_events(&w, e, 256);
	ck_assert_uint_eq(events, 8 + 8 + 12);
	for (size_t i = 0; i < events; i++) {
		for (n = 0; n < NAMES; n++) {
			const size_t len = dns_wire(names[n].lower, wire);

			if (e[i].qname_len == len &&
			    memcmp(e[i].qname, wire, len) == 0)
				break;
		}
		ck_assert_uint_lt(n, NAMES);
		if (e[i].would == FSK_BLOCKED)
			continue;
		tried++;
		ck_assert_int_eq(e[i].would, names[n].would);
		ck_assert_uint_eq(
		    e[i].qtype, e[i].client[15] == 2 ? T_AAAA : T_A);
		ck_assert_uint_eq(e[i].client[12], 127);
		ck_assert_uint_eq(e[i].feeds, 0);
	}
	ck_assert_uint_eq(tried, 16);
	/* Nothing of what it lists has left the cache. */
	ck_assert(cached(&w, "new.test"));
	free(lists_run(&w, 0, "shadow", "--drop", NULL));
	await_log(&w, "no other list is tried", 1);
	for (unsigned i = 0; i < NAMES; i++)
		ck_assert_uint_eq(rcode_of(&w, names[i].name), names[i].rcode);
	counted(8, 8);
	stop();
}
END_TEST

/* ---- those that share a query, and those that get no answer ---- */

static void *
ask_one(void *arg)
{
	const struct ask *a = arg;
	struct reply *mine = malloc(sizeof(*mine));
	bool *answered = malloc(sizeof(*answered));

	if (mine != NULL && answered != NULL)
		*answered = dns_ask(own_address(), w.port, a, mine);
	free(mine);
	return answered;
}

START_TEST(who_joins_is_counted_too)
{
	struct ask asks[6];
	pthread_t thread[6];
	char path[192];
	long until = now_ms() + patience(5000);

	start(1);
	try("both.test\nslow.test\n");
	hold_on();
	for (unsigned i = 0; i < 6; i++) {
		asks[i] = (struct ask){ .name = "x.slow.test", .tcp = i & 1 };
		ck_assert_int_eq(
		    pthread_create(&thread[i], NULL, ask_one, &asks[i]), 0);
	}
	hold_await(1);
	snprintf(path, sizeof(path), "%s/control", w.folder);
	/* The one that asked whether it is ready, and these. */
	do {
		control(&w, "stats_noreset", NULL);
		ck_assert(now_ms() < until);
	} while (occurrences(path, "total.num.cachemiss=7\n") != 1);
	hold_off();
	for (unsigned i = 0; i < 6; i++) {
		void *answered;

		pthread_join(thread[i], &answered);
		ck_assert(*(bool *)answered);
		free(answered);
	}
	counted(6, 0);
	/* And who is given no answer. */
	for (unsigned i = 0; i < 3; i++) {
		const struct ask a = { .name = "drop.test", .timeout_ms = 50 };

		ck_assert(!dns_ask(own_address(), w.port, &a, &r));
	}
	counted(6, 3);
	stop();
}
END_TEST

/* ---- under load ---- */

static const char *const load_names[] = { "evil.test", "n#.evil.test",
	"both.test", "new.test", "n#.new.test", "free.test", "n#.test" };
static const char *const load_clients[] = { "127.0.0.1", "127.0.0.2",
	"127.0.0.3", "127.0.0.4" };

struct expected {
	uint64_t blocks, passes;
};

static const char *
wrong(void *arg, unsigned name, unsigned client, unsigned change, bool in_force,
    const struct reply *reply)
{
	struct expected *x = arg;

	(void)client;
	(void)change;
	(void)in_force;
	x->passes += name < 2;
	x->blocks += name == 3 || name == 4;
	return reply->rcode == (name < 3 ? NXDOMAIN : NOERROR) ? NULL : "?";
}

START_TEST(counts_are_exact_under_load)
{
	struct expected x = { 0, 0 };
	const struct load l = { .w = &w,
		.name = load_names,
		.names = 7,
		.client = load_clients,
		.clients = 4,
		.queries = load_size(10000, 100000),
		.wrong = wrong,
		.arg = &x };

	start(_i == 0 ? 1 : 4);
	try("both.test\nnew.test\n");
	load_run(&l);
	ck_assert_uint_gt(x.blocks, 100);
	counted(x.blocks, x.passes);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	stop();
}
END_TEST

/* ---- what becomes of it ---- */

START_TEST(it_is_promoted)
{
	start(2);
	try("both.test\nnew.test\n");
	ck_assert_uint_eq(rcode_of(&w, "new.test"), NOERROR);
	free(lists_run(&w, 0, "shadow", "--promote", NULL));
	await_rcode(&w, "new.test", NXDOMAIN, 2000);
	await_log(&w, "no other list is tried", 1);
	ck_assert_uint_eq(rcode_of(&w, "evil.test"), NOERROR);
	counted(lists_counter(&w, FSK_COUNT_TRIED_BLOCKS), 0);
	stop();
}
END_TEST

START_TEST(a_damaged_one_is_not_tried)
{
	char path[256];

	start(2);
	snprintf(path, sizeof(path), "%s.shadow", w.db);
	write_file(path, "no database", 11);
	await_log(&w, "it is not tried", 1);
	ck_assert_uint_eq(rcode_of(&w, "evil.test"), NXDOMAIN);
	ck_assert_uint_eq(rcode_of(&w, "new.test"), NOERROR);
	counted(0, 0);
	try("both.test\nnew.test\n");
	ck_assert_uint_eq(rcode_of(&w, "new.test"), NOERROR);
	counted(1, 0);
	/* The good one before still is. */
	write_file(path, "no database", 11);
	await_log(&w, "tried before still is", 1);
	ck_assert_uint_eq(rcode_of(&w, "new.test"), NOERROR);
	counted(2, 0);
	/* It is there again after a start, if it is whole. */
	world_stop_unbound(&w);
	world_start_unbound(&w);
	ck_assert_uint_eq(rcode_of(&w, "new.test"), NOERROR);
	counted(2, 0);
	try("both.test\nnew.test\n");
	world_stop_unbound(&w);
	world_start_unbound(&w);
	ck_assert_uint_eq(rcode_of(&w, "new.test"), NOERROR);
	counted(3, 0);
	unlink(path);
	await_log(&w, "no other list is tried", 1);
	ck_assert_uint_eq(rcode_of(&w, "new.test"), NOERROR);
	counted(3, 0);
	stop();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/shadow");
	TCase *tc = tcase_create("shadow");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, each_difference_is_counted_and_told);
	tcase_add_test(tc, who_joins_is_counted_too);
	tcase_add_loop_test(tc, counts_are_exact_under_load, 0, 2);
	tcase_add_test(tc, it_is_promoted);
	tcase_add_test(tc, a_damaged_one_is_not_tried);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
