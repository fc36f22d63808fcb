/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/collector.c and its parts, in this process, when memory runs out: what
 * was taken and could not be kept stays in the ring */
#include <check.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/db.h"
#include "stats/collector.h"
#include "stats/sql.h"
#include "stats/store.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define ROOM     1024
#define EVENTS   100
#define DEADLINE 60 /* seconds */

static struct conf *conf;
static struct fsk_error err;
static struct fsk_ring *ring;
static struct fsk_ring_worker *worker;
static struct collector *k;

/* ---- the memory of the library that makes a day's keys ---- */

static atomic_bool none;      /* there is none */
static atomic_uint how_often; /* it was asked for all the same */

static void *
get(size_t len, const char *file, int line)
{
	(void)file, (void)line;
	how_often += none;
	return none ? NULL : malloc(len);
}

static void *
get_other(void *p, size_t len, const char *file, int line)
{
	(void)file, (void)line;
	how_often += none;
	return none ? NULL : realloc(p, len);
}

static void
let_go(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

/* ---- a ring, a collector ---- */

/* Stores N events of a time DAYS ago, the first of which needs keys of their
 * own. */
static void
block(unsigned n, unsigned days)
{
	const struct fsk_name name = kit_name("www.n.example");

	for (unsigned i = 0; i < n; i++) {
		struct fsk_event e = {
			.time = ((uint64_t)time(NULL) - days * 86400) * 1000000,
			.category = FSK_NO_LABEL,
			.group = FSK_NO_LABEL,
			.severity = FSK_RED,
			.action = FSK_NXDOMAIN,
			.transport = FSK_UDP,
			.qname_len = name.len
		};

		memcpy(e.qname, name.wire, name.len);
		fsk_ring_event(worker, &e);
	}
}

static void
begin(void)
{
	stats_good(collector_new(&k, conf, &err), &err);
	stats_good(collector_begin(k, &err), &err);
	ck_assert_uint_eq(collector_attach(k), 1);
}

static void
setup(void)
{
	kit_setup();
	conf = stats_conf("");
	stats_good(fsk_ring_open(&ring, kit_path("ring"), 1, ROOM, &err), &err);
	worker = fsk_ring_claim(ring);
	begin();
}

static void
teardown(void)
{
	none = false;
	collector_free(k);
	fsk_ring_close(ring);
	conf_free(conf);
	kit_teardown();
}

static int
add_fact(void *arg, const struct store_fact *f)
{
	*(uint64_t *)arg += f->hits;
	return 0;
}

/* As if it was started again: then all is stored, and once. */
static void
all_is_stored_by_the_next(void)
{
	const struct store_query q = store_query(
	    STORE_DAY, 0, (int64_t)1 << 40);
	struct store *s;
	uint64_t hits = 0;

	none = false;
	collector_free(k);
	begin();
	ck_assert_int_ge((int)collector_take(k, SIZE_MAX), 0);
	stats_good(collector_write(k, true, &err), &err);
	s = stats_open(conf, STORE_READ);
	stats_good(store_facts(s, &q, add_fact, &hits, &err), &err);
	store_close(s);
	ck_assert_uint_eq(hits, fsk_ring_sum(ring, FSK_COUNT_EVENTS));
}

START_TEST(what_cannot_be_kept_stays_in_the_ring)
{
	block(EVENTS, 0);
	none = true;
	ck_assert_int_eq((int)collector_take(k, SIZE_MAX), FSK_ENOMEM);
	all_is_stored_by_the_next();
}
END_TEST

/* Keeps the store busy until memory was asked for. */
static void *
keep_busy(void *arg)
{
	const time_t deadline = time(NULL) + DEADLINE;

	while (how_often == 0 && time(NULL) < deadline)
		poll(NULL, 0, 1);
	sql_run(arg, "COMMIT", NULL);
	return NULL;
}

START_TEST(what_cannot_be_taken_aside_stays_in_the_ring)
{
	pthread_t thread;
	struct sql *db;

	block(1, 0);
	ck_assert_int_eq((int)collector_take(k, SIZE_MAX), 1);
	block(EVENTS, 1);
	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sql_run(db, "BEGIN IMMEDIATE", &err), &err);
	how_often = 0;
	none = true;
	ck_assert_int_eq(pthread_create(&thread, NULL, keep_busy, db), 0);
	ck_assert_int_eq(collector_write(k, false, &err), FSK_ENOMEM);
	pthread_join(thread, NULL);
	ck_assert_uint_gt(how_often, 0);
	sql_close(db);
	all_is_stored_by_the_next();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/collector.c");
	TCase *tc = tcase_create("memory");
	SRunner *sr;
	int failed;

	if (CRYPTO_set_mem_functions(get, get_other, let_go) != 1)
		return 1;
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_cannot_be_kept_stays_in_the_ring);
	tcase_add_test(tc, what_cannot_be_taken_aside_stays_in_the_ring);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
