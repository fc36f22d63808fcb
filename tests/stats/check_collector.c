/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/collector.c and its parts, in this process: memory runs out, commits
 * fail */
#include <check.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

static uint64_t
stored(void)
{
	const struct store_query q = store_query(
	    STORE_DAY, 0, (int64_t)1 << 40);

	return stats_hits(conf, &q);
}

/* As if it was started again: then all is stored, and once. */
static void
all_is_stored_by_the_next(void)
{
	none = false;
	collector_free(k);
	begin();
	ck_assert_int_ge((int)collector_take(k, SIZE_MAX), 0);
	stats_good(collector_write(k, true, &err), &err);
	ck_assert_uint_eq(stored(), fsk_ring_sum(ring, FSK_COUNT_EVENTS));
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

/* ---- a commit that is told as failed ---- */

#define DOWN \
	"CREATE TRIGGER down BEFORE INSERT ON fact_hour BEGIN " \
	"SELECT RAISE(FAIL, 'the store is down'); END"

static void
change_store(const char *script)
{
	struct sql *db;

	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sql_run(db, script, &err), &err);
	sql_close(db);
}

/* Tells the store that it has the ring to its end. */
static void
store_position(const uint8_t *id, uint64_t position)
{
	struct store_ring *r = calloc(1, sizeof(*r));
	struct store *s = stats_open(conf, STORE_WRITE);

	ck_assert_ptr_nonnull(r);
	stats_good(store_begin(s, conf->host, &err), &err);
	stats_good(store_ring(s, id, r, &err), &err);
	r->position[0] = position;
	store_put_ring(s, r);
	stats_good(store_commit(s, &err), &err);
	store_close(s);
	free(r);
}

/* The ring is no more, the journal has its events.  The batch with them fails,
 * or is said to: then it is not put again. */
START_TEST(what_the_journal_had_is_put_once)
{
	struct fsk_ring_reader *r;
	uint8_t id[16];

	block(ROOM / 2, 0);
	ck_assert_int_eq((int)collector_take(k, SIZE_MAX), ROOM / 2);
	ck_assert(collector_relieve(k));
	collector_free(k);
	stats_good(fsk_ring_attach(&r, kit_path("ring"), true, &err), &err);
	memcpy(id, fsk_ring_id(r), sizeof(id));
	fsk_ring_detach(r);
	unlink(kit_path("ring"));
	stats_good(collector_new(&k, conf, &err), &err);
	stats_good(collector_begin(k, &err), &err);
	ck_assert_uint_eq(collector_attach(k), 0);
	change_store(DOWN);
	ck_assert_int_ne(collector_write(k, false, &err), FSK_OK);
	change_store("DROP TRIGGER down");
	if (_i == 1)
		store_position(id, ROOM / 2);
	stats_good(collector_write(k, false, &err), &err);
	ck_assert_uint_eq(stored(), _i == 1 ? 0 : ROOM / 2);
}
END_TEST

/* Of a resolver that nobody asks the store has the same after two batches of
 * one second: it says nothing about the second one. */
START_TEST(an_idle_ring_tells_of_no_batch)
{
	struct fsk_ring *idle;
	char extra[600];
	time_t now;

	stats_good(fsk_ring_open(&idle, kit_path("idle"), 1, ROOM, &err), &err);
	collector_free(k);
	conf_free(conf);
	snprintf(extra, sizeof(extra), "rings = { \"%s/idle\", \"%s/ring\" }\n",
	    kit_dir, kit_dir);
	conf = stats_conf(extra);
	stats_good(collector_new(&k, conf, &err), &err);
	stats_good(collector_begin(k, &err), &err);
	ck_assert_uint_eq(collector_attach(k), 2);
	now = time(NULL);
	while (time(NULL) == now)
		poll(NULL, 0, 1);
	stats_good(collector_write(k, false, &err), &err);
	block(EVENTS, 0);
	ck_assert_int_eq((int)collector_take(k, SIZE_MAX), EVENTS);
	change_store(DOWN);
	ck_assert_int_ne(collector_write(k, false, &err), FSK_OK);
	change_store("DROP TRIGGER down");
	stats_good(collector_write(k, false, &err), &err);
	ck_assert_uint_eq(stored(), EVENTS);
	fsk_ring_close(idle);
}
END_TEST

/* ---- a ring that is replaced ---- */

struct meanwhile {
	struct sql *db; /* keeps the store busy */
	pid_t writer;   /* who waits for it, by then */
};

static bool
sleeps(pid_t thread)
{
	char path[64], state = '\0';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	f = fopen(path, "re");
	if (f == NULL || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '\0';
	if (f != NULL)
		fclose(f);
	return state == 'S';
}

static void *
replace_ring(void *arg)
{
	const time_t deadline = time(NULL) + DEADLINE;
	struct meanwhile *m = arg;
	struct fsk_ring *other = NULL;

	while (!sleeps(m->writer) && time(NULL) < deadline)
		poll(NULL, 0, 1);
	block(EVENTS, 0);
	unlink(conf->rings.at[0]);
	fsk_ring_open(&other, conf->rings.at[0], 1, ROOM, NULL);
	fsk_ring_close(other);
	sql_run(m->db, "COMMIT", NULL);
	return NULL;
}

/* Nobody finds it again. */
START_TEST(a_last_batch_is_not_the_last_of_a_ring_that_ends)
{
	struct meanwhile m = { .writer = gettid() };
	pthread_t thread;

	block(1, 0);
	ck_assert_int_eq((int)collector_take(k, SIZE_MAX), 1);
	stats_good(sql_open(&m.db, conf->database, true, &err), &err);
	stats_good(sql_run(m.db, "BEGIN IMMEDIATE", &err), &err);
	ck_assert_int_eq(pthread_create(&thread, NULL, replace_ring, &m), 0);
	stats_good(collector_write(k, true, &err), &err);
	pthread_join(thread, NULL);
	sql_close(m.db);
	ck_assert_uint_eq(stored(), 1 + EVENTS);
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
	tc = tcase_create("commit");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_the_journal_had_is_put_once, 0, 2);
	tcase_add_test(tc, an_idle_ring_tells_of_no_batch);
	tcase_add_test(tc, a_last_batch_is_not_the_last_of_a_ring_that_ends);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
