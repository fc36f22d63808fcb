/* SPDX-License-Identifier: BSD-3-Clause */
/* What clients asked is what the ring tells, exactly, whatever happens. */
#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/db.h"
#include "lib/ring.h"
#include "tests/e2e/world.h"

static struct world w;

/* ---- reading the ring ---- */

static struct fsk_ring_reader *
attached(bool read_only)
{
	struct fsk_error err = { 0 };
	struct fsk_ring_reader *r;

	ck_assert_msg(fsk_ring_attach(&r, w.ring, read_only, &err) == FSK_OK,
	    "%s", err.text);
	return r;
}

/* COUNTER of all workers. */
static uint64_t
sum(const struct fsk_ring_reader *r, unsigned counter)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < fsk_ring_workers(r); i++)
		n += fsk_ring_counter(r, i, counter);
	return n;
}

/* The same with a reader of its own. */
static uint64_t
sum_now(unsigned counter)
{
	struct fsk_ring_reader *r = attached(true);
	uint64_t n = sum(r, counter);

	fsk_ring_detach(r);
	return n;
}

static bool
is_label(const struct fsk_ring_reader *r, unsigned label,
    enum fsk_label_kind kind, const char *name)
{
	char text[FSK_LABEL_TEXT];
	enum fsk_label_kind k;

	return fsk_ring_label_of(r, label, &k, text) && k == kind &&
	    strcmp(text, name) == 0;
}

/* Fails unless the feed or category NAME has so many HITS. */
static void
has_hits(const struct fsk_ring_reader *r, enum fsk_label_kind kind,
    const char *name, uint64_t hits, uint64_t unique)
{
	uint64_t all = 0, alone = 0;
	unsigned label = 0, labels = 0;

	for (unsigned i = 0; i < FSK_RING_LABELS; i++)
		if (is_label(r, i, kind, name)) {
			label = i;
			labels++;
		}
	ck_assert_msg(labels == 1, "'%s' has %u labels", name, labels);
	for (unsigned i = 0; i < fsk_ring_workers(r); i++) {
		uint64_t a, u;

		fsk_ring_hits(r, i, (uint16_t)label, &a, &u);
		all += a;
		alone += u;
	}
	ck_assert_msg(all == hits && alone == unique,
	    "'%s' has %llu hits, %llu of them alone; not %llu, %llu", name,
	    (unsigned long long)all, (unsigned long long)alone,
	    (unsigned long long)hits, (unsigned long long)unique);
}

/* Takes all events that are there, up to N; how many. */
static size_t
take_all(struct fsk_ring_reader *r, struct fsk_event *e, size_t n)
{
	uint64_t damaged = 0;
	size_t all = 0;

	for (unsigned i = 0; i < fsk_ring_workers(r); i++) {
		all += fsk_ring_take(r, i, e + all, n - all, &damaged);
		fsk_ring_done(r, i);
	}
	ck_assert_uint_eq(damaged, 0);
	return all;
}

static void
ask_blocked(const char *name, unsigned times)
{
	while (times-- > 0)
		ck_assert_uint_eq(rcode_of(&w, name), NXDOMAIN);
}

/* ---- exactly ---- */

/* What clients ask for, and what becomes of it. */
static const struct {
	const char *name;  /* as it is asked for */
	const char *lower; /* as it is told; NULL: it is not blocked */
	bool alpha, beta;  /* feeds of the entry */
	bool resolved;     /* each time: it is above an entry */
	unsigned entry;    /* its labels */
} names[] = {
	{ "evil.test", "evil.test", true, false, false, 2 },
	{ "a.B.eViL.TeSt", "a.b.evil.test", true, false, false, 2 },
	{ "both.test", "both.test", true, true, false, 2 },
	{ "www.both.test", "www.both.test", true, true, false, 2 },
	{ "X.wild.test", "x.wild.test", false, true, false, 2 },
	{ "deep.x.good.wild.test", "deep.x.good.wild.test", false, true, false,
	    3 },
	{ "innocent.test", NULL, false, false, false, 0 },
	{ "wild.test", NULL, false, false, true, 0 },
};
#define NAMES   (sizeof(names) / sizeof(*names))
#define QUERIES 300

static const char *const clients[] = { "127.0.0.1", "127.0.0.2", "127.9.8.7",
	"127.255.255.254" };
static const uint16_t types[] = { T_A, T_AAAA, T_TXT, T_HTTPS };

static struct query {
	unsigned name, type, client;
	bool tcp, seen;
} queries[QUERIES];

static void
publish_two_feeds(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/alpha.txt", w.folder);
	write_file(path, "evil.test\nboth.test\n", 20);
	publish(&w, "both.test\n*.wild.test\n*.good.wild.test", "--category",
	    "phishing", path, "--severity", "yellow", "--category", "malware",
	    NULL);
}

static bool
is_query(const struct fsk_event *e, const struct query *q)
{
	uint8_t wire[256], client[16] = { [10] = 0xff, 0xff };
	size_t len;

	if (q->seen || names[q->name].lower == NULL)
		return false;
	len = dns_wire(names[q->name].lower, wire);
	inet_pton(AF_INET, clients[q->client], client + 12);
	return e->qname_len == len && memcmp(e->qname, wire, len) == 0 &&
	    e->qtype == types[q->type] &&
	    memcmp(e->client, client, sizeof(client)) == 0 &&
	    e->transport == (q->tcp ? FSK_TCP : FSK_UDP);
}

/* Finds the query behind *E and compares the rest. */
static void
check_event(const struct fsk_ring_reader *r, const struct fsk_event *e)
{
	struct query *q = queries;

	while (q < queries + QUERIES && !is_query(e, q))
		q++;
	ck_assert_msg(q < queries + QUERIES, "an event that nobody asked for");
	q->seen = true;
	ck_assert_uint_eq(e->entry, names[q->name].entry);
	ck_assert_uint_eq(e->action, FSK_NXDOMAIN);
	ck_assert_uint_eq(
	    e->severity, names[q->name].alpha ? FSK_RED : FSK_YELLOW);
	ck_assert_uint_eq(
	    e->unique, names[q->name].alpha != names[q->name].beta);
	ck_assert_uint_eq(e->would, 0);
	ck_assert_uint_eq(e->group, FSK_NO_LABEL);
	ck_assert(is_label(r, e->category, FSK_LABEL_CATEGORY,
	    names[q->name].alpha ? "phishing" : "malware"));
	ck_assert_uint_eq(e->feeds, names[q->name].alpha + names[q->name].beta);
	for (unsigned i = 0; i < e->feeds; i++)
		ck_assert(
		    (names[q->name].alpha &&
			is_label(r, e->feed[i], FSK_LABEL_FEED, "alpha")) ||
		    (names[q->name].beta &&
			is_label(r, e->feed[i], FSK_LABEL_FEED, "list")));
}

START_TEST(each_query_is_told_once)
{
	static struct fsk_event e[QUERIES + 1];
	uint64_t answered, looked_up, blocked = 0, resolved = 0;
	uint64_t alpha = 0, beta = 0, both = 0;
	time_t from = time(NULL);
	struct fsk_ring_reader *r;
	struct reply *reply = malloc(sizeof(*reply));
	size_t n;

	ck_assert_ptr_nonnull(reply);
	world_start(&w,
	    &(struct world_options){
		.ring = "ring", .threads = 2, .bare = true });
	publish_two_feeds();
	world_start_unbound(&w);
	/* Into the cache, with all types. */
	for (unsigned i = 0; i < NAMES; i++)
		for (unsigned t = 0; t < 4 && names[i].lower == NULL; t++)
			ask(&w, reply,
			    (struct ask){
				.name = names[i].name, .qtype = types[t] });
	answered = sum_now(FSK_COUNT_ANSWERED);
	looked_up = sum_now(FSK_COUNT_LOOKED_UP);
	ck_assert_uint_eq(sum_now(FSK_COUNT_EVENTS), 0);
	srandom(5);
	for (unsigned i = 0; i < QUERIES; i++) {
		struct query *q = &queries[i];

		*q = (struct query){ .name = (unsigned)random() % NAMES,
			.type = (unsigned)random() % 4,
			.client = (unsigned)random() % 4,
			.tcp = random() % 4 == 0 };
		ask(&w, reply,
		    (struct ask){ .name = names[q->name].name,
			.qtype = types[q->type],
			.tcp = q->tcp,
			.edns = i % 2,
			.from = clients[q->client] });
		ck_assert_uint_eq(reply->rcode,
		    names[q->name].lower != NULL ? NXDOMAIN : NOERROR);
		blocked += names[q->name].lower != NULL;
		resolved += names[q->name].resolved;
		alpha += names[q->name].alpha;
		beta += names[q->name].beta;
		both += names[q->name].alpha && names[q->name].beta;
	}
	r = attached(false);
	ck_assert_uint_eq(sum(r, FSK_COUNT_ANSWERED) - answered, QUERIES);
	/* Each once as it came, and again what had to be resolved. */
	ck_assert_uint_eq(
	    sum(r, FSK_COUNT_LOOKED_UP) - looked_up, QUERIES + resolved);
	ck_assert_uint_eq(sum(r, FSK_COUNT_LEAKED), 0);
	ck_assert_uint_eq(sum(r, FSK_COUNT_EVENTS), blocked);
	ck_assert_uint_eq(sum(r, FSK_COUNT_DROPPED), 0);
	ck_assert_uint_eq(sum(r, FSK_COUNT_SEVERITY + FSK_RED), alpha);
	ck_assert_uint_eq(
	    sum(r, FSK_COUNT_SEVERITY + FSK_YELLOW), blocked - alpha);
	ck_assert_uint_eq(sum(r, FSK_COUNT_ACTION + FSK_NXDOMAIN), blocked);
	ck_assert_uint_eq(sum(r, FSK_COUNT_ACTION + FSK_NODATA), 0);
	has_hits(r, FSK_LABEL_FEED, "alpha", alpha, alpha - both);
	has_hits(r, FSK_LABEL_FEED, "list", beta, beta - both);
	has_hits(r, FSK_LABEL_CATEGORY, "phishing", alpha, alpha - both);
	has_hits(r, FSK_LABEL_CATEGORY, "malware", beta - both, beta - both);
	n = take_all(r, e, QUERIES + 1);
	ck_assert_uint_eq(n, blocked);
	for (size_t i = 0; i < n; i++) {
		check_event(r, &e[i]);
		ck_assert_uint_ge(e[i].time / 1000000, (uint64_t)from);
		ck_assert_uint_le(e[i].time / 1000000, (uint64_t)time(NULL));
	}
	fsk_ring_detach(r);
	free(reply);
	world_stop(&w);
}
END_TEST

START_TEST(each_action_is_counted)
{
	struct fsk_ring_reader *r;

	world_start(
	    &w, &(struct world_options){ .ring = "ring", .list = "evil.test" });
	ask_blocked("evil.test", 3);
	publish(&w, "evil.test", "--action", "nodata", NULL);
	await_rcode(&w, "evil.test", NOERROR, 2000);
	r = attached(true);
	ck_assert_uint_eq(sum(r, FSK_COUNT_ACTION + FSK_NXDOMAIN) +
		sum(r, FSK_COUNT_ACTION + FSK_NODATA),
	    sum(r, FSK_COUNT_EVENTS));
	ck_assert_uint_ge(sum(r, FSK_COUNT_ACTION + FSK_NXDOMAIN), 3);
	ck_assert_uint_eq(sum(r, FSK_COUNT_ACTION + FSK_NODATA), 1);
	publish(&w, "evil.test", "--sinkhole", "192.0.2.77", NULL);
	await_log(&w, "is in force", 3);
	for (unsigned i = 0; i < 5; i++)
		rcode_of(&w, "evil.test");
	ck_assert_uint_eq(sum(r, FSK_COUNT_ACTION + FSK_SINKHOLE), 5);
	/* The feed kept its label over three databases. */
	has_hits(r, FSK_LABEL_FEED, "list", sum(r, FSK_COUNT_EVENTS),
	    sum(r, FSK_COUNT_EVENTS));
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_SWAPS), 3);
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_ENTRIES), 1);
	ck_assert_uint_ge(fsk_ring_total_of(r, FSK_TOTAL_CREATED),
	    (uint64_t)time(NULL) - 3600);
	ck_assert_uint_gt(fsk_ring_total_of(r, FSK_TOTAL_SERIAL), 0);
	write_file(w.db, "no database", 11);
	await_log(&w, "stays in force", 1);
	ck_assert_uint_ge(fsk_ring_total_of(r, FSK_TOTAL_REFUSED), 1);
	fsk_ring_detach(r);
	world_stop(&w);
}
END_TEST

/* An event names 16 feeds; the counters know all. */
START_TEST(an_entry_of_many_feeds)
{
	const char *argv[32] = { getenv("FRAUDSINK_TEST_FEEDS"), "build", "-q",
		"-o", w.db };
	char path[20][256], log[256], feed[16];
	struct fsk_ring_reader *r;
	struct fsk_event e[3];

	world_start(
	    &w, &(struct world_options){ .ring = "ring", .bare = true });
	for (unsigned i = 0; i < 20; i++) {
		snprintf(
		    path[i], sizeof(path[i]), "%s/feed%u.txt", w.folder, i);
		write_file(path[i], "evil.test\n", 10);
		argv[5 + i] = path[i];
	}
	snprintf(log, sizeof(log), "%s/build.log", w.folder);
	proc_run(log, argv, 0);
	world_start_unbound(&w);
	ask_blocked("evil.test", 2);
	r = attached(false);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(feed, sizeof(feed), "feed%u", i);
		has_hits(r, FSK_LABEL_FEED, feed, 2, 0);
	}
	ck_assert_uint_eq(take_all(r, e, 3), 2);
	ck_assert_uint_eq(e[0].feeds, FSK_EVENT_FEEDS);
	ck_assert_uint_eq(e[0].unique, 0);
	fsk_ring_detach(r);
	world_stop(&w);
}
END_TEST

/* Unbound's own queries for listed names are none of the clients'. */
START_TEST(what_unbound_asks_itself_is_not_told)
{
	world_start(&w,
	    &(struct world_options){ .ring = "ring",
		.list = "host.test\nns.test",
		.modules = "dynlib validator iterator" });
	ck_assert_uint_eq(rcode_of(&w, "a.b.innocent.test"), NOERROR);
	ck_assert_uint_eq(rcode_of(&w, "good.signed.test"), NOERROR);
	ck_assert_uint_eq(sum_now(FSK_COUNT_EVENTS), 0);
	ask_blocked("ns.test", 1);
	ck_assert_uint_eq(sum_now(FSK_COUNT_EVENTS), 1);
	world_stop(&w);
}
END_TEST

/* ---- a ring that is full, or that cannot be ---- */

START_TEST(without_a_collector_events_are_dropped_and_counted)
{
	struct fsk_ring_reader *r;
	struct fsk_event e[64];

	setenv("FRAUDSINK_RING_EVENTS", "16", 1);
	world_start(
	    &w, &(struct world_options){ .ring = "ring", .list = "evil.test" });
	ask_blocked("evil.test", 50);
	r = attached(false);
	ck_assert_uint_eq(sum(r, FSK_COUNT_EVENTS), 16);
	ck_assert_uint_eq(sum(r, FSK_COUNT_DROPPED), 34);
	ck_assert_uint_eq(take_all(r, e, 64), 16);
	ask_blocked("evil.test", 10);
	ck_assert_uint_eq(take_all(r, e, 64), 10);
	has_hits(r, FSK_LABEL_FEED, "list", 60, 60);
	fsk_ring_detach(r);
	world_stop(&w);
	ck_assert_uint_ge(occurrences(w.log, "blocked 60"), 1);
}
END_TEST

START_TEST(a_number_of_events_that_cannot_be)
{
	static const char *const bad[] = { "0", "100", "2097152", "many",
		"-8" };

	setenv("FRAUDSINK_RING_EVENTS", bad[_i], 1);
	world_start(
	    &w, &(struct world_options){ .ring = "ring", .list = "evil.test" });
	ask_blocked("evil.test", 1);
	ck_assert_uint_eq(sum_now(FSK_COUNT_EVENTS), 1);
	world_stop(&w);
	ck_assert_uint_eq(occurrences(w.log, "8192 is taken"), 1);
}
END_TEST

START_TEST(without_a_ring_the_log_counts)
{
	world_start(&w, &(struct world_options){ .list = "evil.test" });
	ask_blocked("evil.test", 7);
	world_stop(&w);
	ck_assert_uint_ge(occurrences(w.log, "blocked 7 (nxdomain 7,"), 1);
	ck_assert_uint_eq(occurrences(w.log, "ring"), 0);
}
END_TEST

/* Wherever the file cannot be, Unbound answers; told once. */
START_TEST(a_ring_that_cannot_be_is_no_reason_to_fail)
{
	world_start(&w,
	    &(struct world_options){
		.ring = "ring", .list = "evil.test", .bare = true });
	switch (_i) {
	case 0: /* read-only, even for root */
		strcpy(w.ring, "/proc/self/ring");
		break;
	case 1:
		ck_assert_int_eq(mkdir(w.ring, 0755), 0);
		break;
	case 2:
		write_file(w.ring, "something else", 14);
		break;
	default:
		strcpy(w.ring, "relative/ring");
		break;
	}
	world_start_unbound(&w);
	ask_blocked("evil.test", 5);
	ck_assert_uint_eq(rcode_of(&w, "innocent.test"), NOERROR);
	control(&w, "reload", NULL);
	await_log(&w, "start of service", 2);
	await_rcode(&w, "evil.test", NXDOMAIN, 10000);
	world_stop(&w);
	ck_assert_uint_ge(occurrences(w.log, "blocked 5 (nxdomain 5,"), 1);
	/* Once for each start. */
	ck_assert_uint_eq(occurrences(w.log, "counters are kept in memory"), 2);
	if (_i == 2) {
		char *text = read_text(w.ring);

		ck_assert_str_eq(text, "something else");
		free(text);
	}
}
END_TEST

START_TEST(a_ring_that_comes_later_is_used)
{
	struct fsk_ring_reader *r;
	struct fsk_event e[8];
	char folder[192];

	world_start(&w,
	    &(struct world_options){
		.ring = "later/ring", .list = "evil.test", .threads = 2 });
	ask_blocked("evil.test", 5);
	await_log(&w, "counters are kept in memory", 1);
	snprintf(folder, sizeof(folder), "%.180s/later", w.folder);
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	/* It is tried again every ten seconds. */
	for (long end = now_ms() + patience(20000);
	     occurrences(w.log, "counters and events go to") == 0;) {
		ck_assert_int_lt(now_ms(), end);
		ck_assert_uint_eq(rcode_of(&w, "innocent.test"), NOERROR);
		breathe();
	}
	await_log(&w, "counters and events go to", 1);
	r = attached(false);
	/* The list in force is known. */
	while (fsk_ring_total_of(r, FSK_TOTAL_ENTRIES) == 0)
		breathe();
	ask_blocked("evil.test", 3);
	has_hits(r, FSK_LABEL_FEED, "list", 3, 3);
	has_hits(r, FSK_LABEL_CATEGORY, "fraud", 3, 3);
	ck_assert_uint_eq(sum(r, FSK_COUNT_ACTION + FSK_NXDOMAIN), 3);
	ck_assert_uint_eq(take_all(r, e, 8), 3);
	ck_assert_uint_eq(e[2].feeds, 1);
	fsk_ring_detach(r);
	world_stop(&w);
	/* The log knows all. */
	ck_assert_uint_ge(occurrences(w.log, "blocked 8 (nxdomain 8,"), 1);
}
END_TEST

/* ---- a resolver that ends and starts ---- */

START_TEST(twenty_reloads_keep_counts_and_events)
{
	struct fsk_ring_reader *r;
	struct fsk_event e[64];
	uint8_t id[16];

	world_start(&w,
	    &(struct world_options){
		.ring = "ring", .list = "evil.test", .threads = 2 });
	r = attached(false);
	memcpy(id, fsk_ring_id(r), sizeof(id));
	for (unsigned i = 0; i < 20; i++) {
		ask_blocked("evil.test", 2);
		control(&w, i % 2 ? "reload_keep_cache" : "reload", NULL);
		await_log(&w, "start of service", i + 2);
	}
	ask_blocked("evil.test", 2);
	ck_assert(!fsk_ring_replaced(r));
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_STARTS), 21);
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_SWAPS), 21);
	has_hits(r, FSK_LABEL_FEED, "list", 42, 42);
	ck_assert_uint_eq(take_all(r, e, 64), 42);
	ck_assert_uint_eq(occurrences(w.log, "counters are kept"), 0);
	fsk_ring_detach(r);
	world_stop(&w);
}
END_TEST

START_TEST(a_restart_takes_the_ring_over)
{
	struct fsk_ring_reader *r, *next;
	struct fsk_event e[64];

	setenv("FRAUDSINK_RING_EVENTS", "32", 1);
	world_start(
	    &w, &(struct world_options){ .ring = "ring", .list = "evil.test" });
	ask_blocked("evil.test", 5);
	world_stop_unbound(&w);
	world_start_unbound(&w);
	ask_blocked("evil.test", 6);
	r = attached(false);
	ck_assert_uint_eq(sum(r, FSK_COUNT_ACTION + FSK_NXDOMAIN), 11);
	ck_assert_uint_eq(take_all(r, e, 64), 11);
	ck_assert_uint_ge(occurrences(w.log, "blocked 5 (nxdomain 5,"), 1);
	ask_blocked("evil.test", 4);
	world_stop_unbound(&w);
	/* The log tells of this run. */
	ck_assert_uint_ge(occurrences(w.log, "blocked 10 (nxdomain 10,"), 1);
	/* Another shape: what is left in the old one can still be taken. */
	setenv("FRAUDSINK_RING_EVENTS", "64", 1);
	world_start_unbound(&w);
	ask_blocked("evil.test", 3);
	ck_assert(fsk_ring_replaced(r));
	ck_assert_uint_eq(take_all(r, e, 64), 4);
	fsk_ring_detach(r);
	next = attached(false);
	ck_assert_uint_eq(take_all(next, e, 64), 3);
	fsk_ring_detach(next);
	world_stop(&w);
}
END_TEST

START_TEST(two_resolvers_have_not_one_ring)
{
	struct world second;
	char command[1024], log[192];

	world_start(
	    &w, &(struct world_options){ .ring = "ring", .list = "evil.test" });
	second = w;
	second.port = 5303;
	snprintf(second.log, sizeof(second.log), "%.170s/second.log", w.folder);
	snprintf(
	    second.conf, sizeof(second.conf), "%.170s/second.conf", w.folder);
	snprintf(command, sizeof(command),
	    "sed 's/@5302/@5303/; s/unbound.pid/second.pid/; "
	    "s,/ctl\",/ctl2\",' '%s' >'%s'",
	    w.conf, second.conf);
	snprintf(log, sizeof(log), "%.180s/sed.log", w.folder);
	proc_run(
	    log, (const char *const[]){ "/bin/sh", "-c", command, NULL }, 0);
	world_start_unbound(&second);
	await_log(&second, "another resolver writes to it", 1);
	ck_assert_uint_eq(rcode_of(&second, "evil.test"), NXDOMAIN);
	ck_assert_uint_eq(sum_now(FSK_COUNT_EVENTS), 0);
	ask_blocked("evil.test", 2);
	ck_assert_uint_eq(sum_now(FSK_COUNT_EVENTS), 2);
	/* When the first has gone, the second goes on with it. */
	world_stop_unbound(&w);
	for (long end = now_ms() + patience(20000);
	     occurrences(second.log, "counters and events go to") == 0;) {
		ck_assert_int_lt(now_ms(), end);
		breathe();
	}
	ck_assert_uint_eq(rcode_of(&second, "evil.test"), NXDOMAIN);
	ck_assert_uint_eq(sum_now(FSK_COUNT_EVENTS), 3);
	world_stop_unbound(&second);
	world_stop(&w);
}
END_TEST

static atomic_bool done;

static void *
client(void *arg)
{
	struct reply *r = malloc(sizeof(*r));
	struct ask a = { .name = "evil.test", .timeout_ms = 5 };

	(void)arg;
	while (r != NULL && !done)
		dns_ask(own_address(), w.port, &a, r);
	free(r);
	return NULL;
}

#define KILLS 10

START_TEST(killed_and_started_again)
{
	static struct fsk_event e[4096];
	uint64_t taken = 0, blocked, told;
	struct fsk_ring_reader *r;
	pthread_t thread[2];

	setenv("FRAUDSINK_RING_EVENTS", "512", 1);
	world_start(&w,
	    &(struct world_options){
		.ring = "ring", .list = "evil.test", .threads = 2 });
	r = attached(false);
	own_address(); /* before there are threads */
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(
		    pthread_create(&thread[i], NULL, client, NULL), 0);
	for (unsigned i = 0; i < KILLS; i++) {
		uint64_t until = sum(r, FSK_COUNT_EVENTS) + 20 + i * 37 % 100;

		while (sum(r, FSK_COUNT_EVENTS) < until)
			if (i % 2)
				taken += take_all(r, e, 4096);
		kill(w.unbound.pid, SIGKILL);
		proc_wait(&w.unbound, 10000);
		taken += take_all(r, e, 4096);
		world_start_unbound(&w);
	}
	done = true;
	for (unsigned i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	world_stop_unbound(&w);
	taken += take_all(r, e, 4096);
	ck_assert(!fsk_ring_replaced(r));
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_STARTS), KILLS + 1);
	ck_assert_uint_eq(taken, sum(r, FSK_COUNT_EVENTS));
	/* A worker that was killed had counted one more at most. */
	blocked = sum(r, FSK_COUNT_ACTION + FSK_NXDOMAIN);
	told = taken + sum(r, FSK_COUNT_DROPPED);
	ck_assert_uint_ge(blocked, told);
	ck_assert_uint_le(blocked - told, 2 * KILLS);
	ck_assert_uint_eq(occurrences(w.log, "counters are kept"), 0);
	fsk_ring_detach(r);
	world_stop(&w);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/ring");
	TCase *tc = tcase_create("ring");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, each_query_is_told_once);
	tcase_add_test(tc, each_action_is_counted);
	tcase_add_test(tc, an_entry_of_many_feeds);
	tcase_add_test(tc, what_unbound_asks_itself_is_not_told);
	tcase_add_test(tc, without_a_collector_events_are_dropped_and_counted);
	tcase_add_loop_test(tc, a_number_of_events_that_cannot_be, 0, 5);
	tcase_add_test(tc, without_a_ring_the_log_counts);
	tcase_add_loop_test(
	    tc, a_ring_that_cannot_be_is_no_reason_to_fail, 0, 4);
	tcase_add_test(tc, a_ring_that_comes_later_is_used);
	tcase_add_test(tc, twenty_reloads_keep_counts_and_events);
	tcase_add_test(tc, a_restart_takes_the_ring_over);
	tcase_add_test(tc, two_resolvers_have_not_one_ring);
	tcase_add_test(tc, killed_and_started_again);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
