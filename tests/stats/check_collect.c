/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-stats collect, as it is run, with a ring that the test writes */
#include <check.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/db.h"
#include "stats/geo.h"
#include "stats/sql.h"
#include "stats/warn.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define WORKERS  3
#define ROOM     4096
#define DEADLINE 60 /* seconds, for a loaded machine with sanitizers */

static struct conf *conf;
static struct fsk_error err;
static struct fsk_ring *ring;
static struct fsk_ring_worker *worker[WORKERS];
static uint16_t feed[3], category, group;
static pid_t daemon_pid;

/* ---- the resolver's side ---- */

static void
open_ring(const char *name, unsigned room)
{
	stats_good(
	    fsk_ring_open(&ring, kit_path(name), WORKERS, room, &err), &err);
	for (unsigned i = 0; i < WORKERS; i++) {
		worker[i] = fsk_ring_claim(ring);
		ck_assert_ptr_nonnull(worker[i]);
	}
	feed[0] = fsk_ring_label(ring, FSK_LABEL_FEED, "beta");
	feed[1] = fsk_ring_label(ring, FSK_LABEL_FEED, "alpha");
	feed[2] = fsk_ring_label(ring, FSK_LABEL_FEED, "gamma");
	category = fsk_ring_label(ring, FSK_LABEL_CATEGORY, "phishing");
	group = fsk_ring_label(ring, FSK_LABEL_GROUP, "school");
}

static uint64_t
microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* What a worker does about a blocked query: CLIENT is 81.2.69.CLIENT (GB in
 * MaxMind's test data). */
static void
block(unsigned w, unsigned client, unsigned name)
{
	struct fsk_event e = {
		.time = microseconds(),
		.client = { [10] = 255,
		    [11] = 255,
		    81,
		    2,
		    69,
		    (uint8_t)client },
		.qtype = 1,
		.category = category,
		.group = name % 2 ? group : FSK_NO_LABEL,
		.feeds = (uint8_t)(1 + name % 3),
		.unique = name % 3 == 0,
		.severity = FSK_RED,
		.action = FSK_NXDOMAIN,
		.transport = FSK_UDP,
		.entry = 2,
	};
	struct fsk_name n;
	char text[64];

	snprintf(text, sizeof(text), "www.n%u.example", name);
	n = kit_name(text);
	e.qname_len = n.len;
	memcpy(e.qname, n.wire, n.len);
	memcpy(e.feed, feed, sizeof(feed));
	fsk_ring_count(worker[w], FSK_COUNT_ANSWERED);
	fsk_ring_count(worker[w], FSK_COUNT_LOOKED_UP);
	fsk_ring_count(worker[w], FSK_COUNT_SEVERITY + FSK_RED);
	for (unsigned i = 0; i < e.feeds; i++)
		fsk_ring_hit(worker[w], feed[i], e.unique);
	fsk_ring_hit(worker[w], category, false);
	fsk_ring_event(worker[w], &e);
}

/* ---- the collector's ---- */

static const char *
arguments(const char *more)
{
	static char text[600];

	snprintf(
	    text, sizeof(text), "collect -c %s/stats.conf %s", kit_dir, more);
	return text;
}

static void
start(void)
{
	daemon_pid = stats_start(arguments(""));
}

/* Its exit status. */
static int
end_with(int number)
{
	int status;

	kill(daemon_pid, number);
	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	daemon_pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
setup(void)
{
	kit_setup();
	kit_seed(1);
}

static void
teardown(void)
{
	if (daemon_pid != 0)
		end_with(SIGKILL);
	fsk_ring_close(ring);
	conf_free(conf);
	kit_teardown();
}

/* ---- what is stored ---- */

static uint64_t
hits(const struct store_query *q)
{
	return stats_hits(conf, q);
}

static struct store_query
all(enum store_step step)
{
	return store_query(step, 0, (int64_t)1 << 40);
}

static int
add_name(void *arg, const struct store_name *n)
{
	ck_assert_uint_eq(n->error, 0);
	*(uint64_t *)arg += n->hits;
	return 0;
}

static uint64_t
named(enum store_step step)
{
	struct store *s = stats_open(conf, STORE_READ);
	struct store_query q = all(step);
	uint64_t n = 0;

	stats_good(store_names(s, &q, add_name, &n, &err), &err);
	store_close(s);
	return n;
}

struct want_counter {
	unsigned counter;
	const char *label;
	uint64_t value;
};

static int
add_counter(void *arg, const struct store_counter *c)
{
	struct want_counter *w = arg;

	if (c->counter == w->counter && strcmp(c->label, w->label) == 0)
		w->value += c->value;
	return 0;
}

static uint64_t
counted(enum store_step step, unsigned counter, const char *label)
{
	struct want_counter w = { counter, label, 0 };
	struct store *s = stats_open(conf, STORE_READ);
	struct store_query q = all(step);

	stats_good(store_counters(s, &q, add_counter, &w, &err), &err);
	store_close(s);
	return w.value;
}

static double clients_of;

static int
take_estimate(void *arg, const struct store_sketch *k)
{
	(void)arg;
	clients_of = sketch_estimate(k->sketch);
	return 0;
}

static double
clients(int kind, const char *key)
{
	struct store *s = stats_open(conf, STORE_READ);
	struct store_query q = all(STORE_DAY);

	q.kind = kind;
	q.name = key;
	clients_of = -1;
	stats_good(store_sketches(s, &q, take_estimate, NULL, &err), &err);
	store_close(s);
	return clients_of;
}

/* Waits until N events are stored. */
static void
wait_for(uint64_t n)
{
	const struct store_query q = all(STORE_DAY);
	const time_t deadline = time(NULL) + DEADLINE;
	uint64_t have;

	while ((have = hits(&q)) != n) {
		const struct timespec pause = { 0, 10000000 };

		ck_assert_msg(have < n && time(NULL) < deadline,
		    "%llu events are stored, not %llu: %s",
		    (unsigned long long)have, (unsigned long long)n,
		    stats_output());
		nanosleep(&pause, NULL);
	}
}

/* Waits until it has said TEXT. */
static void
wait_for_text(const char *text)
{
	const time_t deadline = time(NULL) + DEADLINE;

	while (strstr(stats_output(), text) == NULL) {
		const struct timespec pause = { 0, 10000000 };

		ck_assert_msg(time(NULL) < deadline, "not '%s': %s", text,
		    stats_output());
		nanosleep(&pause, NULL);
	}
}

static void
wait_for_file(const char *name)
{
	const time_t deadline = time(NULL) + DEADLINE;

	while (access(kit_path(name), F_OK) == -1) {
		ck_assert_msg(
		    time(NULL) < deadline, "no '%s': %s", name, stats_output());
		poll(NULL, 0, 1);
	}
}

/* Waits until the collector has the ring NAME. */
static void
wait_for_lock(const char *name)
{
	const time_t deadline = time(NULL) + DEADLINE;
	struct fsk_ring_reader *r;

	while (fsk_ring_attach(&r, kit_path(name), false, &err) == FSK_OK) {
		fsk_ring_detach(r);
		ck_assert_msg(time(NULL) < deadline, "nobody has '%s': %s",
		    name, stats_output());
		poll(NULL, 0, 200);
	}
}

static uint64_t
written(void)
{
	return fsk_ring_sum(ring, FSK_COUNT_EVENTS);
}

/* All that can be compared is the same. */
static void
compare_totals(void)
{
	static const enum store_step steps[] = { STORE_MINUTE, STORE_HOUR,
		STORE_DAY };

	for (unsigned i = 0; i < 3; i++) {
		const struct store_query q = all(steps[i]);

		ck_assert_uint_eq(hits(&q), written());
		if (steps[i] != STORE_MINUTE)
			ck_assert_uint_eq(named(steps[i]), written());
		ck_assert_uint_eq(counted(steps[i], FSK_COUNT_ANSWERED, ""),
		    fsk_ring_sum(ring, FSK_COUNT_ANSWERED));
		ck_assert_uint_eq(
		    counted(steps[i], FSK_COUNT_EVENTS, ""), written());
		ck_assert_uint_eq(counted(steps[i], FSK_COUNT_DROPPED, ""),
		    fsk_ring_sum(ring, FSK_COUNT_DROPPED));
	}
}

/* ---- once ---- */

static void
tell_nobody(void *arg, bool good, const char *sentence)
{
	(void)arg;
	(void)good;
	(void)sentence;
}

/* Of how many of the first N clients the country is COUNTRY. */
static unsigned
clients_in(const char *country, unsigned n)
{
	struct geo *geo = geo_new(conf->country_db, NULL);
	unsigned found = 0;

	ck_assert_ptr_nonnull(geo);
	geo_refresh(geo, tell_nobody, NULL);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t addr[16] = {
			[10] = 255, [11] = 255, 81, 2, 69, (uint8_t)i
		};
		struct geo_place p;

		geo_find(geo, addr, &p);
		found += strcmp(p.country, country) == 0;
	}
	geo_free(geo);
	return found;
}

/* Options that name MaxMind's test data, "" if that is absent. */
static const char *
places(void)
{
	const char *data = getenv("FRAUDSINK_TEST_DATA");
	static char text[2 * PATH_MAX];
	char folder[PATH_MAX];
	char *path = NULL;

	if (data != NULL) {
		snprintf(
		    folder, sizeof(folder), "%s/mmdb/maxmind-test-data", data);
		path = realpath(folder, NULL);
	}
	if (path == NULL) {
		printf("skipped: places, without FRAUDSINK_TEST_DATA\n");
		return "";
	}
	snprintf(text, sizeof(text),
	    "country-db = \"%s/GeoLite2-Country-Test.mmdb\"\n"
	    "asn-db = \"%s/GeoLite2-ASN-Test.mmdb\"\n",
	    path, path);
	free(path);
	return text;
}

START_TEST(what_is_blocked_is_counted)
{
	const unsigned n = 9000;
	struct store_query q = all(STORE_DAY);

	conf = stats_conf(places());
	open_ring("ring", ROOM);
	for (unsigned i = 0; i < n; i++)
		block(i % WORKERS, i % 250, i % 10);
	ck_assert_msg(
	    stats_run(arguments("--once")) == 0, "%s", stats_output());
	compare_totals();
	q.feed = "beta"; /* on all entries */
	ck_assert_uint_eq(hits(&q), n);
	q.feed = "gamma"; /* on every third, and never alone */
	ck_assert_uint_eq(hits(&q), 3 * n / 10);
	q.feed = NULL;
	q.group = "school";
	ck_assert_uint_eq(hits(&q), n / 2);
	q.group = NULL;
	q.category = "phishing";
	ck_assert_uint_eq(hits(&q), n);
	q.country = conf->country_db != NULL ? "GB" : "";
	ck_assert_uint_gt(clients_in(q.country, 250), 0);
	ck_assert_uint_eq(hits(&q), n / 250 * clients_in(q.country, 250));
	ck_assert_uint_eq(
	    counted(STORE_DAY, STORE_FEED_HITS, "gamma"), 3 * n / 10);
	ck_assert_uint_eq(
	    counted(STORE_DAY, STORE_FEED_UNIQUE, "beta"), 4 * n / 10);
	ck_assert_uint_eq(
	    counted(STORE_DAY, STORE_CATEGORY_HITS, "phishing"), n);
	ck_assert(clients(STORE_ALL, "") > 249.5);
	ck_assert(clients(STORE_ALL, "") < 250.5);
	ck_assert(clients(STORE_NAME, "n3.example") > 24.5);
	ck_assert(clients(STORE_NAME, "n3.example") < 25.5);
	/* Nothing is counted again. */
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	compare_totals();
}
END_TEST

START_TEST(without_a_ring_once_is_an_error)
{
	conf = stats_conf("");
	ck_assert_int_eq(stats_run(arguments("--once")), 2);
	ck_assert_ptr_nonnull(strstr(stats_output(), kit_path("ring")));
	kit_write(kit_path("ring"), "no ring", 7);
	ck_assert_int_eq(stats_run(arguments("--once")), 2);
	ck_assert_ptr_nonnull(strstr(stats_output(), "is no ring"));
}
END_TEST

/* Whether any file in the folder holds the octets. */
static bool
stored_octets(const void *octets, size_t len)
{
	static const char *const files[] = { "stats.db", "stats.db-wal",
		"journal" };

	for (unsigned i = 0; i < 3; i++) {
		uint8_t *p;
		size_t n;
		bool found;

		if (access(kit_path(files[i]), F_OK) == -1)
			continue;
		p = kit_read(kit_path(files[i]), &n);
		found = memmem(p, n, octets, len) != NULL;
		free(p);
		if (found)
			return true;
	}
	return false;
}

static int64_t
number(const char *text)
{
	struct sql_stmt *st;
	struct sql *db;
	int64_t n;

	stats_good(sql_open(&db, conf->database, false, &err), &err);
	st = sql_prepare(db, text, &err);
	ck_assert_msg(st != NULL, "%s", err.text);
	ck_assert_int_eq(sql_step(st, &err), 1);
	n = sql_get_int(st, 0);
	sql_free(st);
	sql_close(db);
	return n;
}

/* By default, with prefixes, with pseudonyms: never an address. */
START_TEST(no_address_is_ever_stored)
{
	static const char *const options[] = { "", "events = yes\n",
		"events = yes\nprivacy = prefix\n",
		"events = yes\nprivacy = pseudonym\n" };
	static const uint8_t addr[4] = { 81, 2, 69, 207 },
			     prefix[4] = { 81, 2, 69, 0 };

	conf = stats_conf(options[_i]);
	open_ring("ring", ROOM);
	for (unsigned i = 0; i < 100; i++)
		block(0, 207, i);
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	ck_assert(!stored_octets(addr, sizeof(addr)));
	ck_assert(!stored_octets("81.2.69.207", 11));
	ck_assert(stored_octets(prefix, sizeof(prefix)) == (_i == 2));
	ck_assert_int_eq(
	    number("SELECT count(*) FROM event"), _i == 0 ? 0 : 100);
	ck_assert_int_eq(
	    number("SELECT count(*) FROM event WHERE client IS NOT NULL"),
	    _i < 2 ? 0 : 100);
	if (_i > 0)
		ck_assert_int_eq(
		    number("SELECT count(*) FROM event WHERE "
			   "name = 'www.n7.example' AND qtype = 1 AND "
			   "severity = 2 AND transport = 1"),
		    1);
	compare_totals();
}
END_TEST

/* Of another time than can be: counted now. */
START_TEST(odd_times_make_no_rows_of_their_own)
{
	static const int64_t off[] = { -40 * 86400, 3600, 1ll << 40, 0 };
	struct fsk_event e = { .category = FSK_NO_LABEL,
		.group = FSK_NO_LABEL,
		.severity = 1,
		.transport = FSK_TCP,
		.qname_len = 1 };

	conf = stats_conf("");
	open_ring("ring", ROOM);
	for (unsigned i = 0; i < 4; i++) {
		e.time = microseconds() + (uint64_t)off[i] * 1000000;
		fsk_ring_event(worker[0], &e);
	}
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	ck_assert_int_le(
	    number("SELECT count(DISTINCT time) FROM fact_minute"), 2);
	ck_assert_uint_eq(counted(STORE_DAY, STORE_ODD_TIME, ""), 3);
	ck_assert_int_eq(number("SELECT sum(hits) FROM fact_day"), 4);
	ck_assert_int_eq(
	    number("SELECT count(*) FROM name_day WHERE name = '.'"), 1);
}
END_TEST

/* The query of the one was resolved, that of the other is told by an event of
 * its own, too. */
START_TEST(what_a_list_that_is_tried_would_do_is_no_hit)
{
	struct fsk_event e = { .category = FSK_NO_LABEL,
		.group = FSK_NO_LABEL,
		.severity = FSK_RED,
		.transport = FSK_UDP,
		.qname_len = 1 };
	struct store_query q = all(STORE_DAY);

	conf = stats_conf("events = yes\n");
	open_ring("ring", ROOM);
	for (unsigned i = 0; i < 10; i++) {
		block(0, i, i);
		e.time = microseconds();
		e.would = i < 7 ? FSK_TRIED_BLOCKS : FSK_TRIED_PASSES;
		fsk_ring_count(worker[0],
		    i < 7 ? FSK_COUNT_TRIED_BLOCKS : FSK_COUNT_TRIED_PASSES);
		fsk_ring_event(worker[0], &e);
	}
	ck_assert_msg(
	    stats_run(arguments("--once")) == 0, "%s", stats_output());
	ck_assert_uint_eq(hits(&q), 10);
	q.would = 1;
	ck_assert_uint_eq(hits(&q), 0);
	ck_assert_uint_eq(named(STORE_DAY), 10);
	ck_assert_int_eq(number("SELECT count(*) FROM event"), 10);
	ck_assert_int_eq(stats_run("hosts -c stats.conf --csv"), 0);
	ck_assert_ptr_nonnull(
	    strstr(stats_output(), ",tried_blocks,tried_passes\r\n"));
	ck_assert_ptr_nonnull(strstr(stats_output(), ",7,3\r\n"));
}
END_TEST

START_TEST(a_resolver_without_a_list_has_none_of_1970)
{
	conf = stats_conf("");
	open_ring("ring", ROOM);
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	ck_assert_int_eq(stats_run("hosts -c stats.conf --csv"), 0);
	ck_assert_ptr_null(strstr(stats_output(), "1970"));
	ck_assert_ptr_nonnull(strstr(stats_output(), "Z,,,0,"));
	fsk_ring_total(ring, FSK_TOTAL_SERIAL, 5);
	fsk_ring_total(ring, FSK_TOTAL_CREATED, 1790000000);
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	ck_assert_int_eq(stats_run("hosts -c stats.conf --csv"), 0);
	ck_assert_ptr_nonnull(strstr(stats_output(), ",5,2026-09-21T"));
}
END_TEST

START_TEST(warnings_that_are_lost_are_told)
{
	char extra[400], *path;

	snprintf(extra, sizeof(extra),
	    "warnings { groups = { \"school\" } folder = \"%s\" }\n",
	    kit_path("warnings"));
	conf = stats_conf(extra);
	open_ring("ring", ROOM);
	/* A folder in the place of the file, of today or of tomorrow. */
	ck_assert_int_eq(mkdir(conf->warnings.folder, 0700), 0);
	for (unsigned i = 0; i < 2; i++) {
		path = warn_path(
		    conf->warnings.folder, (uint32_t)(time(NULL) / 86400) + i);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		free(path);
	}
	for (unsigned i = 0; i < 10; i++)
		block(0, i, i);
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	ck_assert_msg(strstr(stats_output(), "5 warnings could not") != NULL,
	    "%s", stats_output());
	compare_totals();
}
END_TEST

/* ---- the daemon ---- */

START_TEST(it_waits_for_the_ring_and_goes_on)
{
	conf = stats_conf("interval = 1s\n");
	start();
	wait_for_text("ring");
	open_ring("ring", ROOM);
	for (unsigned i = 0; i < 1000; i++)
		block(i % WORKERS, i % 200, i % 10);
	wait_for(1000);
	for (unsigned i = 0; i < 500; i++)
		block(i % WORKERS, i % 200, i % 10);
	wait_for(1500);
	ck_assert_int_eq(end_with(SIGTERM), 0);
	compare_totals();
}
END_TEST

START_TEST(when_it_is_ended_it_writes_what_it_has)
{
	conf = stats_conf("interval = 10m\n");
	open_ring("ring", ROOM);
	start();
	for (unsigned i = 0; i < 100; i++)
		block(i % WORKERS, i % 200, i % 10);
	wait_for_file("stats.db"); /* from then on it minds signals */
	ck_assert_int_eq(end_with(_i == 0 ? SIGTERM : SIGINT), 0);
	compare_totals();
}
END_TEST

/* Waits until the ring has let go of all events of worker 0. */
static void
wait_for_room(void)
{
	const time_t deadline = time(NULL) + DEADLINE;
	struct fsk_ring_reader *r;

	stats_good(fsk_ring_attach(&r, kit_path("ring"), true, &err), &err);
	while (fsk_ring_position(r, 0) <
	    fsk_ring_counter(r, 0, FSK_COUNT_EVENTS)) {
		ck_assert_msg(
		    time(NULL) < deadline, "no room: %s", stats_output());
		poll(NULL, 0, 1);
	}
	fsk_ring_detach(r);
}

/* Long before the interval, since the ring is small: to the journal, or to the
 * store. */
START_TEST(it_does_not_wait_when_a_ring_is_half_full)
{
	const struct store_query q = all(STORE_DAY);

	conf = stats_conf(
	    _i == 0 ? "interval = 10m\n" : "interval = 10m\njournal = ''\n");
	open_ring("ring", 64);
	start();
	for (unsigned i = 0; i < 50; i++) {
		for (unsigned j = 0; j < 32; j++)
			block(0, j, j);
		wait_for_room();
	}
	ck_assert_uint_eq(hits(&q), _i == 0 ? 0 : 1600);
	ck_assert_int_eq(end_with(SIGTERM), 0);
	compare_totals();
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_DROPPED), 0);
}
END_TEST

/* Nothing is lost but what the ring itself counts as dropped, nothing is
 * counted twice. */
START_TEST(killed_at_any_moment_it_neither_loses_nor_doubles)
{
	unsigned done = 0;

	conf = stats_conf(_i == 0
		? "interval = 1s\nevents = yes\n"
		: "interval = 1s\nevents = yes\njournal = ''\n");
	open_ring("ring", 256); /* half full all the time */
	kit_seed((uint64_t)getpid());
	for (unsigned i = 0; i < 40; i++) {
		/* Now and then long enough for a batch by its time. */
		const uint64_t until = microseconds() +
		    kit_below(i % 8 == 0 ? 1500000 : 120000);

		start();
		while (microseconds() < until) {
			for (unsigned j = 0; j < 20; j++)
				block(kit_below(WORKERS), kit_below(200),
				    kit_below(100));
			poll(NULL, 0, 1); /* so that not all are dropped */
		}
		ck_assert_int_eq(end_with(SIGKILL), 128 + SIGKILL);
		done++;
	}
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	compare_totals();
	ck_assert_int_eq(
	    number("SELECT count(*) FROM event"), (int64_t)written());
	ck_assert_uint_eq(written() + fsk_ring_sum(ring, FSK_COUNT_DROPPED),
	    fsk_ring_sum(ring, FSK_COUNT_LOOKED_UP));
	ck_assert_uint_eq(done, 40);
}
END_TEST

#define DOWN \
	"CREATE TRIGGER down BEFORE INSERT ON fact_hour BEGIN " \
	"SELECT RAISE(FAIL, 'the store is down'); END"

static size_t
length_of(const char *name)
{
	size_t len;

	free(kit_read(kit_path(name), &len));
	return len;
}

/* A batch cannot be written for longer than the ring has room for what comes.
 * It is written then, or fails and is written later; the collector is killed
 * while it waits, or when it goes on, or when the batch has failed. */
START_TEST(while_the_store_is_busy_events_are_taken_aside)
{
	const bool fails = _i % 2 == 1, killed = _i >= 2;
	uint64_t until;
	struct sql *db;

	conf = stats_conf("interval = 1s\n");
	open_ring("ring", 64);
	start();
	block(0, 1, 1);
	wait_for(1);
	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sql_run(db, "BEGIN IMMEDIATE", &err), &err);
	until = microseconds() + 1500000; /* a batch is due */
	while (microseconds() < until) {
		for (unsigned j = 0; j < 32; j++)
			block(0, j, kit_below(200));
		wait_for_room();
	}
	ck_assert_uint_gt(length_of("journal") + length_of("journal.2"), 1000);
	if (_i == 2)
		ck_assert_int_eq(end_with(SIGKILL), 128 + SIGKILL);
	if (fails)
		stats_good(sql_run(db, DOWN, &err), &err);
	stats_good(sql_run(db, "COMMIT", &err), &err);
	if (fails)
		wait_for_text("the store is down");
	if (_i > 2) {
		poll(NULL, 0, 60 * (_i - 3)); /* any moment */
		ck_assert_int_eq(end_with(SIGKILL), 128 + SIGKILL);
	}
	if (fails)
		stats_good(sql_run(db, "DROP TRIGGER down", &err), &err);
	sql_close(db);
	if (killed) {
		ck_assert_int_eq(stats_run(arguments("--once")), 0);
	} else {
		wait_for(written());
		ck_assert_int_eq(end_with(SIGTERM), 0);
	}
	compare_totals();
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_DROPPED), 0);
	ck_assert_uint_eq(length_of("journal") + length_of("journal.2"), 0);
}
END_TEST

/* What only the journal had is counted when the ring is no more, and once,
 * though the journal comes back: as if it was killed before it was emptied. */
START_TEST(the_journal_outlives_the_ring_and_counts_once)
{
	uint64_t first;
	uint8_t *journal;
	size_t len;

	conf = stats_conf("interval = 10m\n");
	open_ring("ring", 64);
	start();
	for (unsigned j = 0; j < 40; j++)
		block(0, j, j);
	wait_for_room();
	ck_assert_int_eq(end_with(SIGKILL), 128 + SIGKILL);
	first = written();
	fsk_ring_close(ring);
	unlink(kit_path("ring"));
	journal = kit_read(kit_path("journal"), &len);
	ck_assert_uint_gt(len, 1000);
	open_ring("ring", ROOM);
	block(0, 1, 1);
	for (unsigned i = 0; i < 3; i++) {
		const struct store_query q = all(STORE_DAY);

		ck_assert_int_eq(stats_run(arguments("--once")), 0);
		ck_assert_uint_eq(hits(&q), first + 1);
		kit_write(kit_path("journal"), journal, len);
	}
	/* Cut off, it has nothing to tell. */
	kit_write(kit_path("journal"), journal, len - 1);
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	free(journal);
}
END_TEST

START_TEST(without_a_place_for_the_journal_it_does_without)
{
	conf = stats_conf("journal = \"/nonexistent/journal\"\n");
	open_ring("ring", ROOM);
	for (unsigned i = 0; i < 100; i++)
		block(0, i, i);
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	ck_assert_ptr_nonnull(strstr(stats_output(), "/nonexistent/journal"));
	compare_totals();
}
END_TEST

START_TEST(a_replaced_ring_is_counted_to_its_end)
{
	uint64_t before;

	conf = stats_conf("interval = 1s\n");
	open_ring("ring", ROOM);
	for (unsigned i = 0; i < 1000; i++)
		block(i % WORKERS, i % 200, i % 10);
	start();
	wait_for(1000);
	for (unsigned i = 0; i < 300; i++)
		block(i % WORKERS, i % 200, i % 10);
	before = written();
	fsk_ring_close(ring);
	open_ring("ring", 2 * ROOM); /* of another shape: a new file */
	ck_assert_uint_eq(written(), 0);
	for (unsigned i = 0; i < 700; i++)
		block(i % WORKERS, i % 200, i % 10);
	wait_for(before + 700);
	ck_assert_uint_eq(
	    counted(STORE_DAY, FSK_COUNT_ANSWERED, ""), before + 700);
	ck_assert_uint_eq(
	    counted(STORE_DAY, STORE_TOTAL + FSK_TOTAL_STARTS, ""), 2);
	ck_assert_int_eq(end_with(SIGTERM), 0);
	ck_assert_ptr_nonnull(strstr(stats_output(), "was replaced"));
	ck_assert_int_eq(number("SELECT count(*) FROM ring"), 2);
}
END_TEST

/* Runs SQL on the store from outside. */
static void
change_store(const char *script)
{
	struct sql *db;

	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sql_run(db, script, &err), &err);
	sql_close(db);
}

START_TEST(while_the_store_is_down_events_stay_in_the_ring)
{
	uint64_t dropped;

	conf = stats_conf("interval = 1s\n");
	open_ring("ring", 256);
	start();
	for (unsigned i = 0; i < 10; i++)
		block(0, i, i);
	wait_for(10);
	change_store(DOWN);
	for (unsigned i = 0; i < 10; i++)
		block(0, i, i);
	wait_for_text("the store is down");
	/* Now it takes nothing: the ring fills, the rest is dropped. */
	for (unsigned i = 0; i < 1000; i++)
		block(0, i % 200, i % 10);
	dropped = fsk_ring_sum(ring, FSK_COUNT_DROPPED);
	ck_assert_uint_eq(dropped, 1010 - 256);
	ck_assert_uint_eq(written(), 10 + 256);
	change_store("DROP TRIGGER down");
	wait_for(10 + 256);
	wait_for_text("written again");
	ck_assert_int_eq(end_with(SIGTERM), 0);
	compare_totals();
}
END_TEST

/* Replaces the configuration. */
static void
configure(const char *extra)
{
	conf_free(conf);
	conf = stats_conf(extra);
}

/* It is attached before the batch that failed is tried again, and comes first
 * in the configuration. */
START_TEST(a_ring_that_comes_while_the_store_is_down_hides_no_batch)
{
	struct fsk_ring *late;
	struct store_query q = all(STORE_DAY);
	char extra[600];

	snprintf(extra, sizeof(extra),
	    "interval = 1s\nrings = { \"%s/late\", \"%s/ring\" }\n", kit_dir,
	    kit_dir);
	conf = stats_conf(extra);
	open_ring("ring", ROOM);
	start();
	for (unsigned i = 0; i < 10; i++)
		block(0, i, i);
	wait_for(10);
	change_store("CREATE TRIGGER down BEFORE INSERT ON fact_hour BEGIN "
		     "SELECT RAISE(FAIL, 'the store is down'); END");
	for (unsigned i = 0; i < 10; i++)
		block(0, i, i);
	wait_for_text("the store is down");
	stats_good(fsk_ring_open(&late, kit_path("late"), 1, 256, &err), &err);
	wait_for_lock("late");
	change_store("DROP TRIGGER down");
	wait_for_text("written again");
	ck_assert_int_eq(end_with(SIGTERM), 0);
	ck_assert_uint_eq(hits(&q), 20);
	compare_totals();
	fsk_ring_close(late);
}
END_TEST

/* It was killed when the journal had the events and the ring had not let go of
 * them.  The ring is attached between a try to write them and the next. */
START_TEST(a_ring_that_comes_late_is_not_counted_beside_its_journal)
{
	struct fsk_ring_reader *r;
	struct store_query q = all(STORE_DAY);
	uint8_t *before;
	size_t len;

	conf = stats_conf("interval = 1s\n");
	open_ring("ring", 64);
	block(0, 1, 1);
	ck_assert_int_eq(stats_run(arguments("--once")), 0);
	configure("interval = 10m\n");
	for (unsigned i = 0; i < 40; i++)
		block(0, i, i);
	before = kit_read(kit_path("ring"), &len);
	start();
	wait_for_room();
	ck_assert_int_eq(end_with(SIGKILL), 128 + SIGKILL);
	kit_write(kit_path("ring"), before, len);
	free(before);
	stats_good(fsk_ring_attach(&r, kit_path("ring"), false, &err), &err);
	configure("interval = 1s\n");
	change_store(DOWN);
	start();
	wait_for_text("the store is down");
	fsk_ring_detach(r);
	wait_for_lock("ring");
	change_store("DROP TRIGGER down");
	wait_for_text("written again");
	ck_assert_int_eq(end_with(SIGTERM), 0);
	ck_assert_uint_eq(hits(&q), 41);
	compare_totals();
}
END_TEST

START_TEST(several_rings_are_one_host)
{
	struct fsk_ring *first;
	uint64_t n;
	char extra[600];

	snprintf(extra, sizeof(extra),
	    "interval = 1s\nrings = { \"%s/ring\", \"%s/other\" }\n", kit_dir,
	    kit_dir);
	conf = stats_conf(extra);
	open_ring("ring", ROOM);
	for (unsigned i = 0; i < 100; i++)
		block(0, i, i % 10);
	first = ring;
	/* The other ring gives the same names other numbers. */
	ck_assert_int_eq(
	    fsk_ring_open(&ring, kit_path("other"), WORKERS, ROOM, &err),
	    FSK_OK);
	fsk_ring_label(ring, FSK_LABEL_FEED, "unrelated");
	fsk_ring_close(ring);
	open_ring("other", ROOM);
	for (unsigned i = 0; i < 50; i++)
		block(0, i, i % 10);
	start();
	wait_for(150);
	ck_assert_int_eq(end_with(SIGTERM), 0);
	ck_assert_int_eq(
	    number("SELECT count(*) FROM name_day WHERE name = 'n3.example'"),
	    1);
	ck_assert_uint_eq(counted(STORE_DAY, STORE_FEED_HITS, "beta"), 150);
	n = fsk_ring_sum(first, FSK_COUNT_EVENTS);
	ck_assert_uint_eq(n, 100);
	fsk_ring_close(first);
}
END_TEST

START_TEST(a_second_collector_waits_its_turn)
{
	pid_t first;

	conf = stats_conf("interval = 1s\n");
	open_ring("ring", ROOM);
	start();
	block(0, 1, 1);
	wait_for(1);
	first = daemon_pid;
	ck_assert_int_eq(stats_run(arguments("--once")), 2);
	ck_assert_ptr_nonnull(
	    strstr(stats_output(), "another collector reads it"));
	daemon_pid = first;
	ck_assert_int_eq(end_with(SIGTERM), 0);
	compare_totals();
}
END_TEST

START_TEST(the_configuration_can_be_read_again)
{
	struct store_query q = all(STORE_DAY);

	conf = stats_conf("interval = 1s\n");
	open_ring("ring", ROOM);
	start();
	block(0, 1, 1);
	wait_for(1);
	/* A bad one is told, the one before stays. */
	kit_write(kit_path("stats.conf"), "nonsense = 1\n", 13);
	kill(daemon_pid, SIGHUP);
	wait_for_text("the configuration before stays");
	block(0, 1, 1);
	wait_for(2);
	configure("interval = 2s\nhost = other\n");
	block(0, 1, 1);
	kill(daemon_pid, SIGHUP);
	wait_for_text("read again");
	block(0, 1, 1);
	wait_for(4);
	q.host = "other";
	ck_assert_uint_ge(hits(&q), 1);
	ck_assert_int_eq(end_with(SIGTERM), 0);
	compare_totals();
}
END_TEST

/* Nobody finds the ring before again: it is taken before all is made anew. */
START_TEST(a_ring_that_was_replaced_is_counted_before_a_reload)
{
	uint64_t before;

	conf = stats_conf("interval = 1s\n");
	open_ring("ring", ROOM);
	start();
	block(0, 1, 1);
	wait_for(1);
	kill(daemon_pid, SIGSTOP);
	for (unsigned i = 0; i < 100; i++)
		block(i % WORKERS, i, i);
	before = written();
	fsk_ring_close(ring);
	open_ring("ring", 2 * ROOM);
	kill(daemon_pid, SIGHUP);
	kill(daemon_pid, SIGCONT);
	wait_for_text("read again");
	for (unsigned i = 0; i < 10; i++)
		block(0, i, i);
	wait_for(before + 10);
	ck_assert_int_eq(end_with(SIGTERM), 0);
}
END_TEST

/* Events are in the journal alone when another one is to be used. */
START_TEST(a_journal_that_cannot_be_stored_is_not_left_behind)
{
	const struct store_query q = all(STORE_DAY);

	conf = stats_conf("interval = 2s\n");
	open_ring("ring", 64);
	start();
	block(0, 1, 1);
	wait_for(1);
	change_store(DOWN);
	for (unsigned i = 0; i < 40; i++)
		block(0, i, i);
	wait_for_room();
	configure("interval = 1s\njournal = ''\n");
	kill(daemon_pid, SIGHUP);
	wait_for_text("the configuration before stays");
	change_store("DROP TRIGGER down");
	wait_for(41);
	kill(daemon_pid, SIGHUP);
	wait_for_text("read again");
	ck_assert_int_eq(end_with(SIGTERM), 0);
	ck_assert_uint_eq(hits(&q), 41);
	compare_totals();
}
END_TEST

/* As systemd would see it. */
START_TEST(it_tells_the_service_manager)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static const char *const want[] = { "READY=1", "WATCHDOG=1",
		"STOPPING=1" };

	conf = stats_conf("interval = 1s\n");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", kit_dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	setenv("WATCHDOG_USEC", "200000", 1);
	start();
	for (unsigned i = 0; i < 3;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char text[256] = "";

		ck_assert_int_eq(poll(&p, 1, DEADLINE * 1000), 1);
		ck_assert_int_gt((int)recv(fd, text, sizeof(text) - 1, 0), 0);
		if (strncmp(text, want[i], strlen(want[i])) != 0)
			continue;
		if (++i == 2)
			kill(daemon_pid, SIGTERM);
	}
	ck_assert_int_eq(end_with(SIGTERM), 0);
	close(fd);
}
END_TEST

START_TEST(check_tells_what_would_be_stored)
{
	char args[600];

	conf = stats_conf("events = yes\nprivacy = prefix\n");
	snprintf(args, sizeof(args), "check -c %s/stats.conf", kit_dir);
	ck_assert_int_eq(stats_run(args), 0);
	ck_assert_ptr_nonnull(strstr(stats_output(), conf->database));
	ck_assert_ptr_nonnull(strstr(stats_output(), "first 24"));
	kit_write(kit_path("stats.conf"), "x = 1\ny = 2\n", 12);
	ck_assert_int_eq(stats_run(args), 2);
	ck_assert_ptr_nonnull(strstr(stats_output(), ":1: "));
	ck_assert_ptr_nonnull(strstr(stats_output(), ":2: "));
	ck_assert_int_eq(stats_run(arguments("--nonsense")), 2);
	ck_assert_int_eq(stats_run("nonsense"), 2);
	ck_assert_int_eq(stats_run("collect --help"), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/collect.c");
	TCase *tc = tcase_create("collect");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_blocked_is_counted);
	tcase_add_test(tc, without_a_ring_once_is_an_error);
	tcase_add_loop_test(tc, no_address_is_ever_stored, 0, 4);
	tcase_add_test(tc, odd_times_make_no_rows_of_their_own);
	tcase_add_test(tc, what_a_list_that_is_tried_would_do_is_no_hit);
	tcase_add_test(tc, a_resolver_without_a_list_has_none_of_1970);
	tcase_add_test(tc, warnings_that_are_lost_are_told);
	tcase_add_test(tc, it_waits_for_the_ring_and_goes_on);
	tcase_add_loop_test(tc, when_it_is_ended_it_writes_what_it_has, 0, 2);
	tcase_add_loop_test(
	    tc, it_does_not_wait_when_a_ring_is_half_full, 0, 2);
	tcase_add_loop_test(
	    tc, killed_at_any_moment_it_neither_loses_nor_doubles, 0, 2);
	tcase_add_test(tc, the_journal_outlives_the_ring_and_counts_once);
	tcase_add_test(tc, without_a_place_for_the_journal_it_does_without);
	tcase_add_test(tc, a_replaced_ring_is_counted_to_its_end);
	tcase_add_test(tc, while_the_store_is_down_events_stay_in_the_ring);
	tcase_add_test(
	    tc, a_ring_that_comes_while_the_store_is_down_hides_no_batch);
	tcase_add_test(
	    tc, a_ring_that_comes_late_is_not_counted_beside_its_journal);
	tcase_add_test(tc, several_rings_are_one_host);
	tcase_add_test(tc, a_second_collector_waits_its_turn);
	tcase_add_test(tc, the_configuration_can_be_read_again);
	tcase_add_test(tc, a_journal_that_cannot_be_stored_is_not_left_behind);
	tcase_add_test(tc, a_ring_that_was_replaced_is_counted_before_a_reload);
	tcase_add_test(tc, it_tells_the_service_manager);
	tcase_add_test(tc, check_tells_what_would_be_stored);
	suite_add_tcase(s, tc);
	tc = tcase_create("aside");
	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, while_the_store_is_busy_events_are_taken_aside, 0, 13);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
