/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/store_clickhouse*.c with a real server: the same answers as SQLite
 * gives, whatever is killed */
#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stats/store_clickhouse.h"
#include "tests/lib/kit.h"
#include "tests/stats/clickhouse.h"
#include "tests/stats/stats.h"

#define DAY   ((int64_t)86400)
#define START (20605 * DAY) /* 2026-06-01 */

static struct server server[2];
static struct conf *conf;
static struct fsk_error err;

/* ---- answers as text ---- */

static char *all; /* of what a store answers */
static size_t all_len, all_room;

static void __attribute__((format(printf, 1, 2))) show(const char *fmt, ...)
{
	va_list ap;
	char line[1024];
	size_t len;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	len = strlen(line);
	if (all_room - all_len <= len) {
		all_room = 2 * all_room + len + 1000;
		all = realloc(all, all_room);
		ck_assert_ptr_nonnull(all);
	}
	memcpy(all + all_len, line, len + 1);
	all_len += len;
}

static int
show_fact(void *arg, const struct store_fact *f)
{
	(void)arg;
	show("f %lld %s [%s] %s %u %u [%s] %s %u %d %llu\n", (long long)f->time,
	    f->host, f->feeds, f->category, f->severity, f->action, f->group,
	    f->country, f->asn, f->would, (unsigned long long)f->hits);
	return 0;
}

static int
show_name(void *arg, const struct store_name *n)
{
	(void)arg;
	show("n %lld %s [%s] %s %u %llu %llu %llu\n", (long long)n->time,
	    n->name, n->feeds, n->category, n->severity,
	    (unsigned long long)n->hits, (unsigned long long)n->would,
	    (unsigned long long)n->error);
	return 0;
}

static int
show_rest(void *arg, const struct store_rest *r)
{
	(void)arg;
	show("r %lld %s %llu %llu %llu\n", (long long)r->time, r->host,
	    (unsigned long long)r->hits, (unsigned long long)r->would,
	    (unsigned long long)r->most);
	return 0;
}

static int
show_sketch(void *arg, const struct store_sketch *k)
{
	(void)arg;
	show("k %lld %d %d [%s] %u %.3f\n", (long long)k->time, k->kind,
	    k->would, k->key, k->sketch->tag, sketch_estimate(k->sketch));
	return 0;
}

static int
show_counter(void *arg, const struct store_counter *c)
{
	(void)arg;
	show("c %lld %s %u [%s] %llu\n", (long long)c->time, c->host,
	    c->counter, c->label, (unsigned long long)c->value);
	return 0;
}

static int
show_ring(void *arg, const struct store_ring *r)
{
	(void)arg;
	show("R %u %u %s %lld %llu %llu\n", r->id[0], r->id[15], r->host,
	    (long long)r->seen, (unsigned long long)r->serial,
	    (unsigned long long)r->entries);
	return 0;
}

static int
show_network(void *arg, uint32_t asn, const char *organisation)
{
	(void)arg;
	show("N %u %s\n", asn, organisation);
	return 0;
}

static void
show_query(struct store *s, const struct store_query *q)
{
	stats_good(store_facts(s, q, show_fact, NULL, &err), &err);
	if (q->step != STORE_MINUTE) {
		stats_good(store_names(s, q, show_name, NULL, &err), &err);
		stats_good(store_rests(s, q, show_rest, NULL, &err), &err);
		stats_good(store_sketches(s, q, show_sketch, NULL, &err), &err);
	}
	stats_good(store_counters(s, q, show_counter, NULL, &err), &err);
}

/* Everything that can be asked, for free(). */
static char *
answers(struct store *s)
{
	static const enum store_step steps[] = { STORE_MINUTE, STORE_HOUR,
		STORE_DAY };
	const struct store_query nothing = store_query(STORE_DAY, 0, DAY);
	char *out;

	for (unsigned i = 0; i < 3; i++) {
		struct store_query q = store_query(
		    steps[i], START, START + 3 * DAY);

		for (unsigned by = 1; by < 512; by <<= 1) {
			q.by = by;
			stats_good(
			    store_facts(s, &q, show_fact, NULL, &err), &err);
		}
		q.by = STORE_BY_EVERYTHING;
		show_query(s, &q);
		q.bucket = steps[i];
		show_query(s, &q);
		q.limit = 3;
		show_query(s, &q);
		q.host = "a";
		q.feed = "x";
		show_query(s, &q);
		q.host = NULL;
		q.feed = NULL;
		q.bucket = 0;
		q.category = "it's \\ odd";
		show_query(s, &q);
		q.category = NULL;
		q.name = "n3.example";
		q.kind = STORE_NAME;
		show_query(s, &q);
		q.name = NULL;
		q.would = 1;
		q.severity = 2;
		q.country = "BE";
		q.asn = 64501;
		q.group = "";
		show_query(s, &q);
	}
	show_query(s, &nothing);
	stats_good(store_rings(s, show_ring, NULL, &err), &err);
	stats_good(store_networks(s, show_network, NULL, &err), &err);
	out = all;
	all = NULL;
	all_len = all_room = 0;
	return out;
}

/* ---- a store ---- */

static struct conf *
clickhouse_conf(const char *extra)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "store = clickhouse\nkeep-minutes = 0\nkeep-hours = 0\n"
	    "keep-events = 0\nevents = yes\n"
	    "day-names = 5\nclickhouse {\n url = 'http://127.0.0.1:%u'\n%s}\n",
	    server[0].http, extra);
	return stats_conf(text);
}

/* What SQLite answers of the same database. */
static char *
sqlite_answers(void)
{
	struct conf c = *conf;
	struct store *s;
	char *out;

	c.store = CONF_SQLITE;
	s = stats_open(&c, STORE_READ);
	out = answers(s);
	store_close(s);
	return out;
}

static char *
clickhouse_answers(void)
{
	struct store *s = stats_open(conf, STORE_READ);
	char *out = answers(s);

	store_close(s);
	return out;
}

static void
same_answers(void)
{
	char *want = sqlite_answers(), *got = clickhouse_answers();

	if (strcmp(want, got) != 0) {
		size_t i = 0;

		while (want[i] == got[i])
			i++;
		while (i > 0 && want[i - 1] != '\n')
			i--;
		ck_abort_msg(
		    "SQLite: %.200s\nClickHouse: %.200s", want + i, got + i);
	}
	ck_assert_uint_gt(strlen(want), 1000);
	free(want);
	free(got);
}

static void
put_sketch(struct store *s, enum store_step step, int64_t time,
    enum store_sketch_kind kind, const char *key, unsigned n)
{
	struct sketch sketch;

	sketch_init(&sketch, 12);
	for (unsigned i = 0; i < n; i++)
		ck_assert(
		    sketch_add(&sketch, (i + 1) * 0x9e3779b97f4a7c15ull, 7));
	store_put_sketch(s, step,
	    &(struct store_sketch){
		.time = time, .kind = kind, .key = key, .sketch = &sketch });
	sketch_fini(&sketch);
}

/* Batch N: something of everything. */
static void
put_batch(struct store *s, unsigned n)
{
	static const enum store_step steps[] = { STORE_MINUTE, STORE_HOUR,
		STORE_DAY };
	static const char *const feeds[] = { "", "x", "x\ny", "y", "f\tx\\" };
	const int64_t now = START + n % 3 * DAY + n % 7 * 3600 + n % 5 * 60;

	stats_good(store_begin(s, n % 2 ? "a" : "b", &err), &err);
	for (unsigned i = 0; i < 3; i++) {
		const int64_t t = now - now % steps[i];

		for (unsigned j = 0; j < 20; j++) {
			const struct store_fact f = { .time = t,
				.feeds = feeds[(n + j) % 5],
				.category = j % 3 ? "scam" : "it's \\ odd",
				.group = j % 4 ? "" : "school",
				.severity = (uint8_t)(j % 3),
				.action = j % 2,
				.would = j % 5 == 0,
				.country = j % 2 ? "BE" : "",
				.asn = 64500 + j % 4,
				.hits = 1 + n + j };

			store_put_fact(s, steps[i], &f);
		}
		for (unsigned j = 0; i > 0 && j < 12; j++) {
			char name[32];

			snprintf(name, sizeof(name), "n%u.example",
			    (n * 5 + j) % 30);
			store_put_name(s, steps[i],
			    &(struct store_name){ .time = t,
				.name = name,
				.feeds = feeds[(n + j) % 5],
				.category = "scam",
				.severity = (uint8_t)(j % 3),
				.hits = 1 + j,
				.would = n % 4,
				.error = n % 3 });
		}
		if (i == 0)
			continue;
		store_drop_name(s, steps[i], t, "n7.example");
		store_put_rest(s, steps[i],
		    &(struct store_rest){
			.time = t, .hits = n, .would = 1, .most = n % 4 });
		put_sketch(s, steps[i], t, STORE_ALL, "", 10 + n * 30);
		put_sketch(s, steps[i], t, STORE_FEED, feeds[n % 5], n);
	}
	store_put_counter(s,
	    &(struct store_counter){ .time = now,
		.counter = STORE_FEED_HITS,
		.label = feeds[n % 2],
		.value = n + 1 });
	store_put_network(s, 64500 + n % 3, "Net 'of' \\ work");
	store_put_event(s,
	    &(struct store_event){ .time = (uint64_t)now * 1000000 + n,
		.name = "e",
		.case_number = "7\t\\'",
		.feeds = "x",
		.category = "",
		.group = "",
		.country = "" });
	store_put_ring(s,
	    &(struct store_ring){ .id = { (uint8_t)(1 + n % 3), 0, '\n', '\\' },
		.seen = time(NULL),
		.serial = n,
		.entries = 9 });
	stats_good(store_commit(s, &err), &err);
}

static void
setup(void)
{
	kit_setup();
	signal(SIGPIPE, SIG_IGN);
}

static void
teardown(void)
{
	for (unsigned i = 0; i < 2; i++)
		server_end(&server[i], SIGKILL);
	kit_teardown();
}

static bool
begin(unsigned servers, const char *extra)
{
	if (!server_is_there())
		return false;
	server_prepare(server, servers);
	for (unsigned i = 0; i < servers; i++)
		server_start(&server[i]);
	conf = clickhouse_conf(extra);
	stats_good(store_init(conf, &err), &err);
	return true;
}

/* ---- tests ---- */

START_TEST(both_stores_give_the_same_answers)
{
	struct store *s;
	bool more = true;

	if (!begin(1, ""))
		return;
	stats_good(store_init(conf, &err), &err); /* once more does no harm */
	s = stats_open(conf, STORE_WRITE);
	for (unsigned n = 0; n < 30; n++)
		put_batch(s, n);
	store_close(s);
	same_answers();
	/* Names are cut, and some come again. */
	s = stats_open(conf, STORE_WRITE);
	while (more)
		stats_good(
		    store_maintain(s, START + 10 * DAY, &more, &err), &err);
	put_batch(s, 31);
	store_close(s);
	same_answers();
	conf_free(conf);
}
END_TEST

START_TEST(what_is_not_made_is_told)
{
	struct store *s;

	if (!server_is_there())
		return;
	server_prepare(server, 1);
	conf = clickhouse_conf("");
	ck_assert_int_eq(store_open(&s, conf, STORE_READ, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "http://127.0.0.1"));
	server_start(&server[0]);
	ck_assert_int_eq(store_open(&s, conf, STORE_READ, &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "init"));
	ck_assert_ptr_null(s);
	conf_free(conf);
}
END_TEST

/* Who sends all again, as after an answer that was lost. */
START_TEST(what_is_sent_twice_counts_once)
{
	struct store *s;
	struct outbox o;

	if (!begin(1, ""))
		return;
	s = stats_open(conf, STORE_WRITE);
	for (unsigned n = 0; n < 10; n++)
		put_batch(s, n);
	store_close(s);
	stats_good(outbox_open(&o, conf->database, &err), &err);
	ck_assert_int_eq(outbox_waiting(&o), 0);
	for (unsigned round = 0; round < 3; round++) {
		stats_good(sql_run(o.db,
			       "UPDATE fact_hour SET hits = hits; "
			       "UPDATE name_day SET hits = hits; "
			       "UPDATE counter_day SET value = value",
			       &err),
		    &err);
		ck_assert_int_gt(outbox_waiting(&o), 50);
		s = stats_open(conf, STORE_WRITE);
		put_batch(s, 10 + round);
		store_close(s);
		ck_assert_int_eq(outbox_waiting(&o), 0);
		same_answers();
	}
	outbox_close(&o);
	conf_free(conf);
}
END_TEST

START_TEST(what_is_counted_while_the_server_is_away_arrives)
{
	struct store *s;
	bool more;
	int rc = FSK_OK;

	if (!begin(1, ""))
		return;
	s = stats_open(conf, STORE_WRITE);
	put_batch(s, 0);
	server_end(&server[0], SIGTERM);
	for (unsigned n = 1; n < 10; n++)
		put_batch(s, n);
	for (const time_t end = time(NULL) + 20;
	     rc == FSK_OK && time(NULL) < end;)
		rc = store_maintain(s, START, &more, &err);
	ck_assert_int_eq(rc, FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "rows that wait"));
	store_close(s);
	/* Nor does a restart need it. */
	s = stats_open(conf, STORE_WRITE);
	put_batch(s, 10);
	server_start(&server[0]);
	store_close(s);
	same_answers();
	conf_free(conf);
}
END_TEST

/* The collector and the server are killed in turns, amid inserts. */
START_TEST(who_is_killed_at_any_moment_does_not_count_twice)
{
	struct store *s;
	unsigned n = 0;

	if (!begin(1, ""))
		return;
	kit_seed(5);
	for (unsigned round = 0; round < 8; round++) {
		const struct timespec wait = { .tv_nsec = kit_below(60) *
			    1000000 };
		int ready[2];
		pid_t pid;
		char octet;

		ck_assert_int_eq(pipe(ready), 0);
		pid = fork();
		if (pid == 0) {
			s = stats_open(conf, STORE_WRITE);
			for (unsigned i = 0;; i++) {
				put_batch(s, n + i);
				if (write(ready[1], "", 1) != 1)
					_exit(1);
			}
		}
		close(ready[1]);
		for (unsigned i = 0; i < 3; i++)
			ck_assert_int_eq(read(ready[0], &octet, 1), 1);
		nanosleep(&wait, NULL); /* any moment */
		if (round % 2 == 0)
			server_end(&server[0], SIGKILL);
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		close(ready[0]);
		if (round % 2 == 0)
			server_start(&server[0]);
		n += 3;
	}
	s = stats_open(conf, STORE_WRITE);
	put_batch(s, n);
	store_close(s);
	same_answers();
	conf_free(conf);
}
END_TEST

START_TEST(a_backlog_has_a_bound)
{
	struct outbox o;
	struct store *s;
	uint64_t lost = 0;
	int64_t waiting;

	if (!begin(1, ""))
		return;
	server_end(&server[0], SIGKILL);
	s = stats_open(conf, STORE_WRITE);
	for (unsigned n = 0; n < 10; n++)
		put_batch(s, n);
	store_close(s);
	stats_good(outbox_open(&o, conf->database, &err), &err);
	waiting = outbox_waiting(&o);
	ck_assert_int_gt(waiting, 200);
	stats_good(outbox_bound(&o, 100, &lost, &err), &err);
	ck_assert_int_eq(outbox_waiting(&o), 100);
	ck_assert_uint_eq(lost, (uint64_t)waiting - 100);
	outbox_close(&o);
	conf_free(conf);
}
END_TEST

START_TEST(two_servers_answer_as_one)
{
	struct store *s;
	char url[64];

	if (!begin(2, "cluster = both\n"))
		return;
	free(conf->clickhouse.url);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", server[1].http);
	conf->clickhouse.url = strdup(url);
	stats_good(store_init(conf, &err), &err);
	s = stats_open(conf, STORE_WRITE);
	for (unsigned n = 0; n < 12; n++)
		put_batch(s, n);
	store_close(s);
	same_answers();
	conf_free(conf);
	/* From the other side, too. */
	conf = clickhouse_conf("cluster = both\n");
	same_answers();
	conf_free(conf);
}
END_TEST

static int
take_number(void *arg, const struct row *r)
{
	*(long *)arg = atol(r->at[0]);
	return 0;
}

/* The number that QUERY gives of TABLE. */
static long
number(struct clickhouse *h, const char *query, const char *table)
{
	struct text t = { .at = NULL };
	long n = -1;

	text_say(&t, "SELECT %s FROM %s", query, table);
	stats_good(clickhouse_ask(h, &t, take_number, &n, &err), &err);
	free(t.at);
	return n;
}

START_TEST(rows_go_when_they_are_old)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	const time_t end = time(NULL) + 30;
	struct clickhouse *h;
	struct store *s;

	if (!begin(1, ""))
		return;
	s = stats_open(conf, STORE_WRITE);
	for (unsigned n = 0; n < 6; n++)
		put_batch(s, n);
	store_close(s);
	conf->keep_minutes = 2 * (uint64_t)DAY;
	conf->keep_events = (uint64_t)DAY;
	stats_good(clickhouse_open(&h, conf, &err), &err);
	/* The first day is older than two at the end of its third. */
	stats_good(clickhouse_expire(h, conf, START + 3 * DAY, &err), &err);
	while (number(h, "count()", "system.mutations WHERE is_done = 0") > 0) {
		ck_assert_int_lt(time(NULL), end);
		nanosleep(&pause, NULL);
	}
	ck_assert_int_eq(
	    number(h, "min(intDiv(time, 86400))", "fraudsink.fact_minute"),
	    START / DAY + 1);
	ck_assert_int_eq(
	    number(h, "min(intDiv(time, 86400))", "fraudsink.counter_minute"),
	    START / DAY + 1);
	ck_assert_int_eq(
	    number(h, "min(intDiv(time, 86400))", "fraudsink.fact_hour"),
	    START / DAY);
	ck_assert_int_eq(number(h, "count()", "fraudsink.event"), 2);
	clickhouse_close(h);
	conf_free(conf);
}
END_TEST

START_TEST(tables_of_version_1_get_case_numbers)
{
	static const char *const queries[] = {
		"ALTER TABLE fraudsink.event DROP COLUMN case_number",
		"DROP TABLE fraudsink.schema_version",
		"CREATE TABLE fraudsink.schema_version (version UInt32) "
		"ENGINE = ReplacingMergeTree() PARTITION BY tuple() "
		"ORDER BY (version)",
		"INSERT INTO fraudsink.schema_version VALUES (1)",
	};
	struct clickhouse *h;
	struct store *s;

	if (!begin(1, ""))
		return;
	stats_good(clickhouse_open(&h, conf, &err), &err);
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		stats_good(clickhouse_run(h, queries[i], &err), &err);
	ck_assert_int_eq(store_open(&s, conf, STORE_READ, &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "init"));
	for (unsigned again = 0; again < 2; again++)
		stats_good(store_init(conf, &err), &err);
	s = stats_open(conf, STORE_WRITE);
	put_batch(s, 0);
	store_close(s);
	ck_assert_int_eq(number(h, "countIf(case_number = '7\\t\\\\\\'')",
			     "fraudsink.event"),
	    1);
	clickhouse_close(h);
	conf_free(conf);
}
END_TEST

START_TEST(tables_of_a_later_version_are_left_alone)
{
	struct clickhouse *h;
	struct store *s;

	if (!begin(1, ""))
		return;
	stats_good(clickhouse_open(&h, conf, &err), &err);
	stats_good(
	    clickhouse_run(
		h, "INSERT INTO fraudsink.schema_version VALUES (999)", &err),
	    &err);
	clickhouse_close(h);
	ck_assert_int_eq(store_open(&s, conf, STORE_READ, &err), FSK_EFORMAT);
	ck_assert_int_eq(store_init(conf, &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "999"));
	conf_free(conf);
}
END_TEST

START_TEST(what_takes_too_long_is_given_up)
{
	struct clickhouse *h;

	if (!begin(1, ""))
		return;
	stats_good(clickhouse_open(&h, conf, &err), &err);
	clickhouse_deadline(h, 5000);
	ck_assert_int_eq(number(h, "0", "system.one"), 0);
	clickhouse_deadline(h, 200);
	ck_assert_int_eq(clickhouse_run(h, "SELECT sleep(3)", &err), FSK_ELATE);
	ck_assert_int_eq(clickhouse_run(h, "SELECT 1", &err), FSK_ELATE);
	ck_assert_ptr_nonnull(strstr(err.text, "takes too long"));
	clickhouse_close(h);
	conf_free(conf);
}
END_TEST

START_TEST(a_user_has_a_password)
{
	struct store *s;
	int rc;

	if (!begin(1, "user = writer\npassword-env = CLICK_TEST\n"))
		return;
	setenv("CLICK_TEST", "wrong", 1);
	rc = store_open(&s, conf, STORE_READ, &err);
	ck_assert_int_eq(rc, FSK_EIO);
	ck_assert_ptr_null(strstr(err.text, "s3cret"));
	setenv("CLICK_TEST", "s3cret", 1);
	s = stats_open(conf, STORE_READ);
	store_close(s);
	conf_free(conf);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/store_clickhouse.c");
	TCase *tc = tcase_create("clickhouse");
	SRunner *sr;
	int failed;

	setenv("CLICK_TEST", "s3cret", 1);
	tcase_set_timeout(tc, 180);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, both_stores_give_the_same_answers);
	tcase_add_test(tc, what_is_not_made_is_told);
	tcase_add_test(tc, what_is_sent_twice_counts_once);
	tcase_add_test(tc, what_is_counted_while_the_server_is_away_arrives);
	tcase_add_test(tc, who_is_killed_at_any_moment_does_not_count_twice);
	tcase_add_test(tc, a_backlog_has_a_bound);
	tcase_add_test(tc, two_servers_answer_as_one);
	tcase_add_test(tc, rows_go_when_they_are_old);
	tcase_add_test(tc, tables_of_version_1_get_case_numbers);
	tcase_add_test(tc, tables_of_a_later_version_are_left_alone);
	tcase_add_test(tc, what_takes_too_long_is_given_up);
	tcase_add_test(tc, a_user_has_a_password);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
