/* SPDX-License-Identifier: BSD-3-Clause */
/* Unbound's cache against a list that changes: nothing listed comes from it. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/world.h"

/* From publishing to being in force; the promise is 2 s from the rename. */
#define SOON 2000

static struct world w;
static struct reply r;

static const struct {
	const char *what, *server;
} settings[] = {
	{ "plain", "" },
	{ "serve-expired", " serve-expired: yes\n" },
	{ "serve-expired with a client timeout",
	    " serve-expired: yes\n serve-expired-client-timeout: 1800\n" },
	{ "prefetch", " prefetch: yes\n prefetch-key: yes\n" },
	{ "no minimisation, aggressive NSEC",
	    " qname-minimisation: no\n aggressive-nsec: yes\n" },
};
#define SETTINGS ((int)(sizeof(settings) / sizeof(*settings)))

START_TEST(listed_while_cached_and_delisted_again)
{
	world_start(&w,
	    &(struct world_options){ .list = "evil.test",
		.server = settings[_i].server,
		.threads = 2 });
	for (unsigned round = 0; round < 3; round++) {
		ck_assert_uint_eq(rcode_of(&w, "cached.test"), NOERROR);
		ck_assert_uint_eq(rcode_of(&w, "www.cached.test"), NOERROR);
		ck_assert(cached(&w, "cached.test"));
		publish(&w, "evil.test\ncached.test", NULL);
		await_rcode(&w, "cached.test", NXDOMAIN, SOON);
		/* And it stays so, for all names and types. */
		for (unsigned i = 0; i < 200; i++) {
			ask(&w, &r,
			    (struct ask){ .name = i & 1 ? "www.cached.test"
							: "cached.test",
				.qtype = i & 2 ? T_AAAA : T_A });
			ck_assert_msg(r.rcode == NXDOMAIN, "%s: %u",
			    settings[_i].what, r.rcode);
		}
		ck_assert(!cached(&w, "cached.test"));
		ck_assert(!cached(&w, "www.cached.test"));
		publish(&w, "evil.test", NULL);
		await_rcode(&w, "cached.test", NOERROR, SOON);
		ck_assert_uint_eq(rcode_of(&w, "www.cached.test"), NOERROR);
		ck_assert_uint_eq(rcode_of(&w, "evil.test"), NXDOMAIN);
	}
	world_stop(&w);
}
END_TEST

START_TEST(stale_answers_end_when_a_name_is_listed)
{
	long end;

	world_start(&w,
	    &(struct world_options){ .list = "evil.test",
		.server = " serve-expired: yes\n serve-expired-ttl: 0\n"
			  " serve-expired-client-timeout: 0\n"
			  " ede: yes\n ede-serve-expired: yes\n" });
	ck_assert_uint_eq(rcode_of(&w, "brief.test"), NOERROR);
	/* Until the answer is a stale one. */
	for (end = now_ms() + patience(10000);;) {
		ask(&w, &r, (struct ask){ .name = "brief.test", .edns = true });
		ck_assert_ptr_nonnull(dns_first(&r, 1, T_A));
		if (r.ede == EDE_STALE)
			break;
		ck_assert_msg(now_ms() < end, "no stale answer");
		breathe();
	}
	publish(&w, "brief.test", NULL);
	await_rcode(&w, "brief.test", NXDOMAIN, SOON);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(rcode_of(&w, "brief.test"), NXDOMAIN);
	ck_assert(!cached(&w, "brief.test"));
	world_stop(&w);
}
END_TEST

START_TEST(a_prefetch_under_way_brings_nothing_back)
{
	long end = now_ms() + patience(30000);

	world_start(&w,
	    &(struct world_options){
		.list = "evil.test", .server = " prefetch: yes\n" });
	/* In the last tenth of its TTL an answer starts a prefetch. */
	for (;;) {
		const struct rr *a;

		ask(&w, &r, (struct ask){ .name = "prefetched.test" });
		a = dns_first(&r, 1, T_A);
		ck_assert_ptr_nonnull(a);
		if (a->ttl <= 1)
			break;
		ck_assert_msg(now_ms() < end, "the TTL does not run down");
		breathe();
	}
	publish(&w, "prefetched.test", NULL);
	await_rcode(&w, "prefetched.test", NXDOMAIN, SOON);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(rcode_of(&w, "prefetched.test"), NXDOMAIN);
	ck_assert(!cached(&w, "prefetched.test"));
	world_stop(&w);
}
END_TEST

START_TEST(an_alias_leaves_nothing_of_its_listed_target)
{
	static const char *const lists[] = { "target.test\nexample",
		"=www.target.test\n=target.test\n=a.elsewhere.example" };

	world_start(&w,
	    &(struct world_options){ .list = lists[_i % 2],
		.server = _i < 2 ? "" : " qname-minimisation: no\n" });
	/* Aliases are not followed to listed names (yet). */
	ask(&w, &r, (struct ask){ .name = "alias.test" });
	ck_assert_uint_eq(r.rcode, NOERROR);
	ck_assert_uint_eq(dns_count(&r, 1, T_CNAME), 1);
	ask(&w, &r, (struct ask){ .name = "far.test" });
	ck_assert_uint_eq(r.rcode, NOERROR);
	ck_assert(!cached(&w, "www.target.test"));
	ck_assert(!cached(&w, "target.test"));
	ck_assert(!cached(&w, "a.elsewhere.example"));
	ck_assert_uint_eq(rcode_of(&w, "www.target.test"), NXDOMAIN);
	ck_assert_uint_eq(rcode_of(&w, "target.test"), NXDOMAIN);
	ck_assert_uint_eq(rcode_of(&w, "a.elsewhere.example"), NXDOMAIN);
	/* Once more from the cache. */
	ck_assert_uint_eq(rcode_of(&w, "alias.test"), NOERROR);
	ck_assert_uint_eq(rcode_of(&w, "www.target.test"), NXDOMAIN);
	world_stop(&w);
}
END_TEST

START_TEST(names_below_a_listed_one_leave_nothing_of_it)
{
	world_start(&w, &(struct world_options){ .list = "=apex.test" });
	ck_assert_uint_eq(rcode_of(&w, "a.b.apex.test"), NXDOMAIN + 0u);
	ck_assert_uint_eq(rcode_of(&w, "good.apex.test"), NOERROR);
	ck_assert(!cached(&w, "apex.test"));
	ck_assert_uint_eq(rcode_of(&w, "apex.test"), NXDOMAIN);
	world_stop(&w);
}
END_TEST

/* Whoever asks for it gets the same: an allow list may name half the web. */
START_TEST(what_is_only_allowed_is_cached)
{
	char path[256];

	world_start(&w, &(struct world_options){ .list = "evil.test" });
	snprintf(path, sizeof(path), "%s/allow.txt", w.folder);
	write_file(path, "||popular.test^\n", 16);
	publish(&w, "evil.test\nbad.popular.test", "--action", "allow",
	    "--feed", "mine", path, "--action", "nxdomain", NULL);
	await_rcode(&w, "bad.popular.test", NXDOMAIN, SOON);
	ck_assert_uint_eq(rcode_of(&w, "popular.test"), NOERROR);
	ck_assert_uint_eq(rcode_of(&w, "www.popular.test"), NOERROR);
	ck_assert_uint_eq(rcode_of(&w, "x.bad.popular.test"), NXDOMAIN);
	ck_assert(cached(&w, "popular.test"));
	ck_assert(cached(&w, "www.popular.test"));
	ck_assert_uint_eq(rcode_of(&w, "evil.test"), NXDOMAIN);
	world_stop(&w);
}
END_TEST

/* ---- Unbound's own queries ---- */

/* A zone whose name server is called ns.host.test, which Unbound must look up
 * itself, again and again: the address has a TTL of 0. */
static char own_query_zone[512];

static void
start_with_hidden_server(const char *list)
{
	/* The upstream's port is known only after the start: write the
	 * configuration by a bare start, then start Unbound. */
	world_start(&w, &(struct world_options){ .list = list, .bare = true });
	snprintf(own_query_zone, sizeof(own_query_zone),
	    "stub-zone:\n name: \"inner.example.\"\n"
	    " stub-host: \"ns.host.test@%u\"\n",
	    w.upstream);
	{
		char *text = read_text(w.conf);
		FILE *f = fopen(w.conf, "we");

		ck_assert_ptr_nonnull(f);
		fprintf(f, "%s%s", text, own_query_zone);
		ck_assert_int_eq(fclose(f), 0);
		free(text);
	}
	world_start_unbound(&w);
}

START_TEST(a_name_server_below_a_listed_name_still_serves)
{
	start_with_hidden_server("host.test");
	ck_assert_uint_eq(rcode_of(&w, "ns.host.test"), NXDOMAIN);
	ck_assert_uint_eq(rcode_of(&w, "www.inner.example"), NOERROR);
	/* Unbound knows the address now; clients still do not. */
	ck_assert(!cached(&w, "ns.host.test"));
	ck_assert(!cached(&w, "host.test"));
	ck_assert_uint_eq(rcode_of(&w, "ns.host.test"), NXDOMAIN);
	ck_assert_uint_eq(rcode_of(&w, "host.test"), NXDOMAIN);
	ck_assert_uint_eq(rcode_of(&w, "other.inner.example"), NOERROR);
	world_stop(&w);
}
END_TEST

static atomic_bool done;
static atomic_uint leaked, asked;

static void *
ask_for_the_server(void *arg)
{
	struct reply *mine = malloc(sizeof(*mine));

	(void)arg;
	while (mine != NULL && !done) {
		struct ask a = { .name = "ns.host.test" };

		if (dns_ask(own_address(), w.port, &a, mine)) {
			asked++;
			leaked += mine->rcode != NXDOMAIN;
		}
	}
	free(mine);
	return NULL;
}

START_TEST(clients_that_join_unbounds_own_query_are_blocked)
{
	pthread_t threads[3];
	char name[64];

	start_with_hidden_server("host.test");
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, ask_for_the_server, NULL),
		    0);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "n%u.inner.example", i);
		ck_assert_uint_eq(rcode_of(&w, name), NOERROR);
	}
	done = true;
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_gt(asked, 0);
	ck_assert_uint_eq(leaked, 0);
	world_stop(&w);
}
END_TEST

/* Puts what dump_cache said before back into the cache. */
static void
load_dump(void)
{
	char command[1024], log[192];

	snprintf(log, sizeof(log), "%s/load", w.folder);
	snprintf(command, sizeof(command),
	    "exec '%s' -c '%s' load_cache <'%s/control'",
	    getenv("FRAUDSINK_TEST_CONTROL"), w.conf, w.folder);
	proc_run(
	    log, (const char *const[]){ "/bin/sh", "-c", command, NULL }, 0);
}

/* How many leaks W's log tells of WHEN. */
static unsigned long
leaks_told(const struct world *world, const char *when)
{
	char *text = read_text(world->log), *at = strstr(text, when);
	unsigned long n;

	ck_assert_ptr_nonnull(at);
	at = strstr(at, "leaked ");
	ck_assert_ptr_nonnull(at);
	n = strtoul(at + strlen("leaked "), NULL, 10);
	free(text);
	return n;
}

/* However a listed name came into the cache: its first answer from there is the
 * last. */
START_TEST(a_leak_is_counted_and_removed)
{
	world_start(&w, &(struct world_options){ .list = "evil.test" });
	for (unsigned i = 0; i < 3; i++) /* the module knows it by now */
		ck_assert_uint_eq(rcode_of(&w, "leak.test"), NOERROR);
	ck_assert(cached(&w, "leak.test"));
	publish(&w, "evil.test\nleak.test", NULL);
	await_rcode(&w, "leak.test", NXDOMAIN, SOON);
	load_dump();
	ck_assert_uint_eq(rcode_of(&w, "leak.test"), NOERROR);
	await_rcode(&w, "leak.test", NXDOMAIN, SOON);
	ck_assert(!cached(&w, "leak.test"));
	world_stop(&w);
	ck_assert_uint_gt(leaks_told(&w, "at exit"), leaks_told(&w, "at swap"));
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/cache");
	TCase *tc = tcase_create("cache");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(
	    tc, listed_while_cached_and_delisted_again, 0, SETTINGS);
	tcase_add_test(tc, stale_answers_end_when_a_name_is_listed);
	tcase_add_test(tc, a_prefetch_under_way_brings_nothing_back);
	tcase_add_loop_test(
	    tc, an_alias_leaves_nothing_of_its_listed_target, 0, 4);
	tcase_add_test(tc, names_below_a_listed_one_leave_nothing_of_it);
	tcase_add_test(tc, what_is_only_allowed_is_cached);
	tcase_add_test(tc, a_name_server_below_a_listed_name_still_serves);
	tcase_add_test(tc, clients_that_join_unbounds_own_query_are_blocked);
	tcase_add_test(tc, a_leak_is_counted_and_removed);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
