/* SPDX-License-Identifier: BSD-3-Clause */
/* A new list while clients ask: no answer is lost, none is wrong. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/e2e/world.h"

static struct world w;
static unsigned timeout_ms = 5000; /* of the clients */
static atomic_bool done;
static atomic_uint answers, lost, wrong, failed;

/* Asks for names whose answer never changes. */
static void *
client(void *arg)
{
	struct reply *r = malloc(sizeof(*r));
	unsigned seed = *(unsigned *)arg;

	for (unsigned i = 0; r != NULL && !done; i++) {
		char name[64];
		bool listed = i & 1;
		struct ask a = { .name = name,
			.tcp = i % 64 == 63,
			.timeout_ms = timeout_ms };

		/* Half of the innocent names are new, half are cached. */
		if (listed)
			snprintf(name, sizeof(name), "n%u.always.test", i);
		else
			snprintf(name, sizeof(name), "n%u.c%u.innocent.test",
			    i & 2 ? i : 0, seed);
		if (!dns_ask(own_address(), w.port, &a, r))
			lost++;
		else if (listed != (r->rcode == NXDOMAIN))
			wrong++;
		else if (!listed && r->rcode != NOERROR)
			failed++; /* the upstream was too slow for Unbound */
		answers++;
	}
	free(r);
	return NULL;
}

START_TEST(swaps_under_load_lose_nothing)
{
	pthread_t threads[4];
	unsigned seed[4];

	world_start(
	    &w, &(struct world_options){ .list = "always.test", .threads = 2 });
	for (unsigned i = 0; i < 4; i++) {
		seed[i] = i;
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, client, &seed[i]), 0);
	}
	for (unsigned round = 0; round < 20; round++) {
		bool listed = round % 2 == 0;

		publish(&w, listed ? "always.test\nturn.test" : "always.test",
		    NULL);
		await_rcode(&w, "turn.test", listed ? NXDOMAIN : NOERROR, 2000);
		for (unsigned i = 0; i < 50; i++)
			ck_assert_uint_eq(rcode_of(&w, "www.turn.test"),
			    listed ? NXDOMAIN : NOERROR);
	}
	done = true;
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_gt(answers, 1000);
	ck_assert_uint_eq(lost, 0);
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_le(failed, answers / 1000);
	world_stop(&w);
	ck_assert_uint_ge(
	    occurrences(w.log, "lists taken up 21, refused 0"), 1);
}
END_TEST

START_TEST(twenty_reloads)
{
	unsigned seed = 0;
	pthread_t thread;

	/* A reload of Unbound itself may lose a query; none may be wrong. */
	timeout_ms = 100;
	world_start(
	    &w, &(struct world_options){ .list = "always.test", .threads = 2 });
	for (unsigned i = 0; i < 20; i++) {
		if (i == 10) /* the second half under load */
			ck_assert_int_eq(
			    pthread_create(&thread, NULL, client, &seed), 0);
		if (i < 10)
			control(
			    &w, i % 2 ? "reload_keep_cache" : "reload", NULL);
		else
			ck_assert_int_eq(kill(w.unbound.pid, SIGHUP), 0);
		await_log(&w, "start of service", i + 2);
		await_rcode(&w, "always.test", NXDOMAIN, 10000);
		ck_assert_uint_eq(rcode_of(&w, "innocent.test"), NOERROR);
	}
	done = true;
	pthread_join(thread, NULL);
	ck_assert_uint_eq(wrong, 0);
	world_stop(&w);
	ck_assert_uint_eq(occurrences(w.log, "at exit"), 21);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/swap");
	TCase *tc = tcase_create("swap");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, swaps_under_load_lose_nothing);
	tcase_add_test(tc, twenty_reloads);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
