/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/store_sqlite*.c: what is put comes back, once, and goes in time */
#include <check.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stats/sql.h"
#include "stats/store_sqlite.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define DAY   86400
#define START (20605 * (int64_t)DAY) /* 2026-06-01 */

static struct conf *conf;
static struct store *store;
static struct fsk_error err;

static void
begin(const char *extra)
{
	conf = stats_conf(extra);
	store = stats_open(conf, STORE_WRITE);
}

static void
end(void)
{
	store_close(store);
	conf_free(conf);
}

static void
start_batch(const char *host)
{
	stats_good(store_begin(store, host, &err), &err);
}

static void
end_batch(void)
{
	stats_good(store_commit(store, &err), &err);
}

static struct store_fact
fact(int64_t time, const char *feeds, const char *country, uint64_t hits)
{
	return (struct store_fact){ .time = time,
		.feeds = feeds,
		.category = "scam",
		.group = "",
		.severity = 2,
		.country = country,
		.asn = 64500,
		.hits = hits };
}

static void
put_fact(enum store_step step, int64_t time, const char *feeds,
    const char *country, uint64_t hits)
{
	const struct store_fact f = fact(time, feeds, country, hits);

	store_put_fact(store, step, &f);
}

static void
put_name(enum store_step step, int64_t time, const char *name,
    const char *feeds, uint64_t hits)
{
	store_put_name(store, step,
	    &(struct store_name){ .time = time,
		.name = name,
		.feeds = feeds,
		.category = "scam",
		.severity = 2,
		.hits = hits });
}

/* The same with the clients FROM to FROM + N - 1, of a day. */
static void
put_clients(int64_t time, const char *name, unsigned from, unsigned n)
{
	struct sketch s;

	sketch_init(&s, 12);
	for (unsigned i = from; i < from + n; i++)
		sketch_add(&s, i * 0x9e3779b97f4a7c15u, 1);
	store_put_name(store, STORE_DAY,
	    &(struct store_name){ .time = time,
		.name = name,
		.feeds = "x",
		.category = "scam",
		.clients = { &s } });
	sketch_fini(&s);
}

static void
put_rest(enum store_step step, int64_t time)
{
	store_put_rest(store, step, &(struct store_rest){ .time = time });
}

/* ---- rows as text, to compare ---- */

static char got[8192];

static void
show(const char *text)
{
	ck_assert_uint_lt(strlen(got) + strlen(text), sizeof(got));
	strcat(got, text);
}

static const char *
comma(const char *feeds)
{
	static char text[256];
	size_t i = 0;

	for (; feeds[i] != '\0'; i++)
		text[i] = feeds[i] == STORE_BETWEEN ? ',' : feeds[i];
	text[i] = '\0';
	return text;
}

static int
show_fact(void *arg, const struct store_fact *f)
{
	char line[512];

	(void)arg;
	snprintf(line, sizeof(line), "%lld %s [%s] %s %u %u %s %s %u %d %llu\n",
	    (long long)(f->time - START), f->host, comma(f->feeds), f->category,
	    f->severity, f->action, f->group, f->country, f->asn, f->would,
	    (unsigned long long)f->hits);
	show(line);
	return 0;
}

static const char *
facts(const struct store_query *q)
{
	got[0] = '\0';
	stats_good(store_facts(store, q, show_fact, NULL, &err), &err);
	return got;
}

static int
show_name(void *arg, const struct store_name *n)
{
	char line[512];

	(void)arg;
	snprintf(line, sizeof(line), "%lld %s [%s] %llu %llu %llu\n",
	    (long long)(n->time - START), n->name, comma(n->feeds),
	    (unsigned long long)n->hits, (unsigned long long)n->would,
	    (unsigned long long)n->error);
	show(line);
	return 0;
}

static const char *
names(const struct store_query *q)
{
	got[0] = '\0';
	stats_good(store_names(store, q, show_name, NULL, &err), &err);
	return got;
}

static int
show_rest(void *arg, const struct store_rest *r)
{
	char line[512];

	(void)arg;
	snprintf(line, sizeof(line), "%lld %s %llu %llu %llu\n",
	    (long long)(r->time - START), r->host, (unsigned long long)r->hits,
	    (unsigned long long)r->would, (unsigned long long)r->most);
	show(line);
	return 0;
}

static const char *
rests(const struct store_query *q)
{
	got[0] = '\0';
	stats_good(store_rests(store, q, show_rest, NULL, &err), &err);
	return got;
}

static int
show_counter(void *arg, const struct store_counter *c)
{
	char line[512];

	(void)arg;
	snprintf(line, sizeof(line), "%lld %s %u [%s] %llu\n",
	    (long long)(c->time - START), c->host, c->counter, c->label,
	    (unsigned long long)c->value);
	show(line);
	return 0;
}

static const char *
counters(const struct store_query *q)
{
	got[0] = '\0';
	stats_good(store_counters(store, q, show_counter, NULL, &err), &err);
	return got;
}

static int
show_sketch(void *arg, const struct store_sketch *k)
{
	char line[512];

	(void)arg;
	snprintf(line, sizeof(line), "%lld %d %d [%s] %.0f\n",
	    (long long)(k->time - START), k->kind, k->would, k->key,
	    sketch_estimate(k->sketch));
	show(line);
	return 0;
}

static const char *
sketches(const struct store_query *q)
{
	got[0] = '\0';
	stats_good(store_sketches(store, q, show_sketch, NULL, &err), &err);
	return got;
}

/* The number that SQL asks for. */
static int64_t
number(const char *text)
{
	struct sql *db;
	struct sql_stmt *st;
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

/* ---- opening ---- */

START_TEST(a_store_is_made_and_opened_again)
{
	struct store_query q = store_query(STORE_DAY, START, START + DAY);

	begin("");
	start_batch("a");
	put_fact(STORE_DAY, START, "f", "BE", 5);
	end_batch();
	store_close(store);
	store = stats_open(conf, STORE_READ);
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 5\n");
	store_close(store);
	store = stats_open(conf, STORE_WRITE);
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 5\n");
	ck_assert_int_eq(number("PRAGMA auto_vacuum"), 2);
	end();
}
END_TEST

START_TEST(others_cannot_read_it)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	const mode_t before = umask(0);

	begin("");
	start_batch("a");
	put_fact(STORE_DAY, START, "f", "BE", 5);
	end_batch();
	umask(before);
	for (unsigned i = 0; i < 3; i++) {
		char path[PATH_MAX];
		struct stat st;

		snprintf(
		    path, sizeof(path), "%s%s", conf->database, suffixes[i]);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_eq(st.st_mode & 0777, 0640);
	}
	end();
}
END_TEST

START_TEST(what_cannot_be_opened_is_told)
{
	struct store *s;

	conf = stats_conf("");
	ck_assert_int_eq(store_open(&s, conf, STORE_READ, &err), FSK_EIO);
	ck_assert_ptr_null(s);
	ck_assert_ptr_nonnull(strstr(err.text, conf->database));
	kit_write(conf->database, "this is no database at all, but text\n", 37);
	ck_assert_int_lt(store_open(&s, conf, STORE_WRITE, &err), 0);
	ck_assert_ptr_null(s);
	conf_free(conf);
}
END_TEST

START_TEST(databases_of_others_and_of_later_versions_are_left_alone)
{
	static const char *const scripts[] = {
		"CREATE TABLE t (a); PRAGMA user_version = 1",
		"PRAGMA application_id = 1179864915; PRAGMA user_version = 999",
	};
	struct store *s;
	struct sql *db;

	conf = stats_conf("");
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *before, *after;
		size_t len, len_after;

		stats_good(sql_open(&db, conf->database, true, &err), &err);
		stats_good(sql_run(db, scripts[i], &err), &err);
		sql_close(db);
		before = kit_read(conf->database, &len);
		ck_assert_int_eq(
		    store_open(&s, conf, STORE_WRITE, &err), FSK_EFORMAT);
		ck_assert_int_eq(
		    store_open(&s, conf, STORE_READ, &err), FSK_EFORMAT);
		after = kit_read(conf->database, &len_after);
		ck_assert_uint_eq(len, len_after);
		ck_assert_int_eq(memcmp(before, after, len), 0);
		free(before);
		free(after);
		unlink(conf->database);
	}
	conf_free(conf);
}
END_TEST

/* Version by version, data kept; a step that fails leaves what was. */
START_TEST(older_databases_are_brought_up_to_date)
{
	static const char *const steps[][3] = {
		{ "CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (7)" },
		{ "ALTER TABLE a ADD COLUMN y INTEGER",
		    "UPDATE a SET y = x + 1" },
		{ "CREATE TABLE b (x INTEGER)",
		    "INSERT INTO b SELECT y FROM a; DROP TABLE a" },
		{ "CREATE TABLE c (x INTEGER)",
		    "INSERT INTO nonsense VALUES (1)" },
	};
	static const char *const *const scripts[] = { steps[0], steps[1],
		steps[2], steps[3] };
	struct sql *db;

	conf = stats_conf("");
	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sqlite_migrate(db, "path", true, scripts, 1, &err), &err);
	ck_assert_int_eq(number("PRAGMA user_version"), 1);
	ck_assert_int_eq(
	    sqlite_migrate(db, "path", false, scripts, 2, &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "collect"));
	stats_good(sqlite_migrate(db, "path", true, scripts, 3, &err), &err);
	ck_assert_int_eq(number("SELECT x FROM b"), 8);
	ck_assert_int_eq(number("PRAGMA user_version"), 3);
	ck_assert_int_lt(sqlite_migrate(db, "path", true, scripts, 4, &err), 0);
	ck_assert(!sql_in_transaction(db));
	ck_assert_int_eq(number("PRAGMA user_version"), 3);
	ck_assert_int_eq(number("SELECT count(*) FROM sqlite_schema "
				"WHERE name = 'c'"),
	    0);
	ck_assert_int_eq(
	    sqlite_migrate(db, "path", true, scripts, 2, &err), FSK_EFORMAT);
	sql_close(db);
	conf_free(conf);
}
END_TEST

START_TEST(a_database_of_version_1_gets_case_numbers)
{
	struct sql *db;

	begin("events = yes\n");
	store_close(store);
	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sql_run(db,
		       "ALTER TABLE event DROP COLUMN case_number; "
		       "INSERT INTO event VALUES (1, 2, 3, 'old', 5, 6, 7, 8, "
		       "9, 10, 11, 0, 'BE', 13, NULL); "
		       "PRAGMA user_version = 1",
		       &err),
	    &err);
	sql_close(db);
	store = stats_open(conf, STORE_WRITE);
	start_batch("h");
	store_put_event(store,
	    &(struct store_event){ .name = "new",
		.feeds = "",
		.category = "",
		.group = "",
		.case_number = "2026/117",
		.country = "" });
	end_batch();
	ck_assert_int_eq(number("SELECT count(*) FROM event WHERE "
				"name = 'old' AND case_number = ''"),
	    1);
	ck_assert_int_eq(number("SELECT count(*) FROM event WHERE "
				"name = 'new' AND case_number = '2026/117'"),
	    1);
	end();
}
END_TEST

/* ---- facts ---- */

START_TEST(facts_add_up_and_come_in_order)
{
	struct store_query q = store_query(STORE_HOUR, START, START + 4 * 3600);

	begin("");
	start_batch("b");
	put_fact(STORE_HOUR, START, "x", "BE", 1);
	put_fact(STORE_HOUR, START, "x\ny", "NL", 10);
	put_fact(STORE_HOUR, START + 3600, "y", "BE", 100);
	put_fact(STORE_HOUR, START + 4 * 3600, "y", "BE", 7777);
	end_batch();
	start_batch("a");
	put_fact(STORE_HOUR, START, "x", "BE", 1000);
	put_fact(STORE_HOUR, START, "", "", 10000);
	end_batch();
	/* Twice the same batch is twice the hits: who puts must know. */
	start_batch("b");
	put_fact(STORE_HOUR, START, "x", "BE", 1);
	end_batch();

	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 11112\n");
	q.by = STORE_BY_HOST;
	ck_assert_str_eq(
	    facts(&q), "0 a []  0 0   0 0 11000\n0 b []  0 0   0 0 112\n");
	q.by = STORE_BY_FEEDS | STORE_BY_CATEGORY;
	ck_assert_str_eq(facts(&q),
	    "0  [] scam 0 0   0 0 10000\n0  [x] scam 0 0   0 0 1002\n"
	    "0  [x,y] scam 0 0   0 0 10\n0  [y] scam 0 0   0 0 100\n");
	q.by = STORE_BY_COUNTRY | STORE_BY_ASN | STORE_BY_SEVERITY;
	ck_assert_str_eq(facts(&q),
	    "0  []  2 0   64500 0 10000\n0  []  2 0  BE 64500 0 1102\n"
	    "0  []  2 0  NL 64500 0 10\n");
	q.by = 0;
	q.bucket = 3600;
	ck_assert_str_eq(
	    facts(&q), "0  []  0 0   0 0 11012\n3600  []  0 0   0 0 100\n");
	q.bucket = 7200;
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 11112\n");
	end();
}
END_TEST

START_TEST(facts_are_filtered)
{
	struct store_query all = store_query(STORE_DAY, START, START + DAY), q;
	struct store_fact f = fact(START, "x\ny", "BE", 1);

	begin("");
	start_batch("h");
	store_put_fact(store, STORE_DAY, &f);
	f = fact(START, "y", "NL", 10);
	f.group = "school";
	store_put_fact(store, STORE_DAY, &f);
	f = fact(START, "xx", "NL", 100);
	f.severity = 1;
	f.action = 2;
	f.would = true;
	f.asn = STORE_OTHER_ASN;
	store_put_fact(store, STORE_DAY, &f);
	end_batch();
	start_batch("i");
	put_fact(STORE_DAY, START, "", "BE", 1000);
	end_batch();

	q = all, q.feed = "y";
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 11\n");
	q = all, q.feed = "x";
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 1\n");
	q = all, q.feed = "unknown";
	ck_assert_str_eq(facts(&q), "");
	q = all, q.host = "i";
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 1000\n");
	q = all, q.category = "scam";
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 1111\n");
	q = all, q.category = "";
	ck_assert_str_eq(facts(&q), "");
	q = all, q.group = "";
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 1101\n");
	q = all, q.group = "school";
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 10\n");
	q = all, q.country = "NL";
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 110\n");
	q = all, q.asn = STORE_OTHER_ASN;
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 100\n");
	q = all, q.severity = 1, q.action = 2;
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 100\n");
	q = all, q.would = 0;
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 1011\n");
	q = all, q.host = "' OR 1 = 1 --";
	ck_assert_str_eq(facts(&q), "");
	end();
}
END_TEST

static int
stop_at_once(void *arg, const struct store_fact *f)
{
	(void)f;
	++*(int *)arg;
	return 42;
}

START_TEST(who_has_seen_enough_says_so)
{
	struct store_query q = store_query(STORE_DAY, START, START + DAY);
	int n = 0;

	begin("");
	start_batch("h");
	put_fact(STORE_DAY, START, "x", "BE", 1);
	put_fact(STORE_DAY, START, "y", "BE", 1);
	end_batch();
	q.by = STORE_BY_FEEDS;
	ck_assert_int_eq(store_facts(store, &q, stop_at_once, &n, &err), 42);
	ck_assert_int_eq(n, 1);
	end();
}
END_TEST

/* ---- names ---- */

START_TEST(names_come_by_hits_with_what_they_were_listed_as_last)
{
	struct store_query q = store_query(STORE_HOUR, START, START + 3 * 3600);

	begin("");
	start_batch("a");
	put_name(STORE_HOUR, START, "one.example", "x", 5);
	put_name(STORE_HOUR, START, "two.example", "x", 7);
	put_name(STORE_HOUR, START, "two'.example", "", 7);
	put_rest(STORE_HOUR, START);
	put_name(STORE_HOUR, START + 3600, "one.example", "x\ny", 3);
	put_rest(STORE_HOUR, START + 3600);
	end_batch();
	start_batch("b");
	put_name(STORE_HOUR, START, "one.example", "z", 100);
	put_rest(STORE_HOUR, START);
	end_batch();

	ck_assert_str_eq(names(&q),
	    "0 one.example [x,y] 108 0 0\n0 two'.example [] 7 0 0\n"
	    "0 two.example [x] 7 0 0\n");
	q.limit = 1;
	ck_assert_str_eq(names(&q), "0 one.example [x,y] 108 0 0\n");
	q.bucket = 3600;
	ck_assert_str_eq(names(&q),
	    "0 one.example [z] 105 0 0\n3600 one.example [x,y] 3 0 0\n");
	q.limit = 0;
	q.bucket = 0;
	q.host = "a";
	ck_assert_str_eq(names(&q),
	    "0 one.example [x,y] 8 0 0\n0 two'.example [] 7 0 0\n"
	    "0 two.example [x] 7 0 0\n");
	q.feed = "x";
	q.name = "two.example";
	ck_assert_str_eq(names(&q), "0 two.example [x] 7 0 0\n");
	q.severity = 1;
	ck_assert_str_eq(names(&q), "");
	end();
}
END_TEST

/* Of names with the same hits those come first, and stay within the limit, that
 * are first by their octets. */
START_TEST(names_with_the_same_hits_come_by_name)
{
	static const char *const order[] = { "b", "c", "a", "d" };
	struct store_query q = store_query(STORE_DAY, START, START + 2 * DAY);

	begin("");
	start_batch("a");
	for (unsigned i = 0; i < 4; i++)
		put_name(STORE_DAY, START, order[i], "x", 5);
	put_name(STORE_DAY, START + DAY, "e", "x", 5);
	put_rest(STORE_DAY, START);
	put_rest(STORE_DAY, START + DAY);
	end_batch();
	q.limit = 2;
	ck_assert_str_eq(names(&q), "0 a [x] 5 0 0\n0 b [x] 5 0 0\n");
	q.bucket = DAY;
	ck_assert_str_eq(
	    names(&q), "0 a [x] 5 0 0\n0 b [x] 5 0 0\n86400 e [x] 5 0 0\n");
	q.limit = 0;
	ck_assert_str_eq(names(&q),
	    "0 a [x] 5 0 0\n0 b [x] 5 0 0\n0 c [x] 5 0 0\n0 d [x] 5 0 0\n"
	    "86400 e [x] 5 0 0\n");
	end();
}
END_TEST

START_TEST(names_tell_what_they_may_have_had_where_they_have_no_row)
{
	struct store_query q = store_query(STORE_HOUR, START, START + 2 * 3600);

	begin("");
	start_batch("a");
	store_put_name(store, STORE_HOUR,
	    &(struct store_name){ .time = START,
		.name = "n",
		.feeds = "",
		.category = "",
		.hits = 50,
		.would = 1,
		.error = 4 });
	put_name(STORE_HOUR, START, "m", "", 60);
	store_put_rest(store, STORE_HOUR,
	    &(struct store_rest){
		.time = START, .hits = 1000, .would = 2, .most = 4 });
	put_name(STORE_HOUR, START + 3600, "m", "", 60);
	store_put_rest(store, STORE_HOUR,
	    &(struct store_rest){ .time = START + 3600, .most = 9 });
	end_batch();
	/* n: its own 4, and up to 9 in the second hour. */
	ck_assert_str_eq(names(&q), "0 m [] 120 0 0\n0 n [] 50 1 13\n");
	ck_assert_str_eq(rests(&q), "0 a 1000 2 13\n");
	q.to = START + 3600;
	ck_assert_str_eq(names(&q), "0 m [] 60 0 0\n0 n [] 50 1 4\n");
	/* `most` is not added up but raised, hits are added. */
	start_batch("a");
	store_put_rest(store, STORE_HOUR,
	    &(struct store_rest){ .time = START, .hits = 1, .most = 3 });
	store_drop_name(store, STORE_HOUR, START, "m");
	store_drop_name(store, STORE_HOUR, START, "unknown");
	end_batch();
	ck_assert_str_eq(names(&q), "0 n [] 50 1 4\n");
	ck_assert_str_eq(rests(&q), "0 a 1001 2 4\n");
	end();
}
END_TEST

/* ---- sketches, counters, the rest ---- */

static void
put_sketch(enum store_step step, int64_t time, enum store_sketch_kind kind,
    const char *key, unsigned from, unsigned n)
{
	struct sketch s;

	sketch_init(&s, 12);
	for (unsigned i = from; i < from + n; i++)
		sketch_add(&s, i * 0x9e3779b97f4a7c15u, 1);
	store_put_sketch(store, step,
	    &(struct store_sketch){
		.time = time, .kind = kind, .key = key, .sketch = &s });
	sketch_fini(&s);
}

START_TEST(sketches_are_united_over_batches_hosts_and_time)
{
	struct store_query q = store_query(STORE_DAY, START, START + 3 * DAY);

	begin("");
	start_batch("a");
	put_sketch(STORE_DAY, START, STORE_ALL, "", 0, 100);
	put_sketch(STORE_DAY, START, STORE_FEED, "x", 0, 10);
	put_clients(START, "x", 0, 3);
	put_rest(STORE_DAY, START);
	end_batch();
	start_batch("a");
	put_clients(START, "x", 1, 3);
	put_sketch(STORE_DAY, START, STORE_ALL, "", 50, 100);
	end_batch();
	start_batch("b");
	put_sketch(STORE_DAY, START, STORE_ALL, "", 120, 100);
	put_rest(STORE_DAY, START);
	put_sketch(STORE_DAY, START + DAY, STORE_ALL, "", 0, 1000);
	put_rest(STORE_DAY, START + DAY);
	end_batch();

	q.to = START + DAY;
	ck_assert_str_eq(
	    sketches(&q), "0 0 0 [] 220\n0 1 0 [x] 10\n0 5 0 [x] 4\n");
	q.host = "a";
	q.kind = STORE_ALL;
	ck_assert_str_eq(sketches(&q), "0 0 0 [] 150\n");
	q.host = NULL;
	q.kind = STORE_NAME;
	q.name = "x";
	ck_assert_str_eq(sketches(&q), "0 5 0 [x] 4\n");
	q.would = 0;
	ck_assert_str_eq(sketches(&q), "0 5 0 [x] 4\n");
	q.would = 1;
	ck_assert_str_eq(sketches(&q), "");
	/* A name's sketch goes with it. */
	start_batch("a");
	store_drop_name(store, STORE_DAY, START, "x");
	end_batch();
	q.would = STORE_ANY;
	ck_assert_str_eq(sketches(&q), "");
	q.name = NULL;
	q.kind = STORE_ANY;
	ck_assert_str_eq(sketches(&q), "0 0 0 [] 220\n0 1 0 [x] 10\n");
	q.to = START + 3 * DAY;
	q.kind = STORE_ALL;
	q.bucket = DAY;
	sketches(&q);
	ck_assert_ptr_nonnull(strstr(got, "0 0 0 [] 220\n86400 0 0 [] "));
	end();
}
END_TEST

START_TEST(a_damaged_sketch_is_nobody)
{
	struct store_query q = store_query(STORE_DAY, START, START + DAY);
	struct sql *db;

	begin("");
	start_batch("a");
	put_sketch(STORE_DAY, START, STORE_ALL, "", 0, 100);
	put_rest(STORE_DAY, START);
	end_batch();
	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(
	    sql_run(db, "UPDATE sketch_day SET sketch = x'11ffee'", &err),
	    &err);
	sql_close(db);
	ck_assert_str_eq(sketches(&q), "0 0 0 [] 0\n");
	start_batch("a");
	put_sketch(STORE_DAY, START, STORE_ALL, "", 0, 7);
	end_batch();
	ck_assert_str_eq(sketches(&q), "0 0 0 [] 7\n");
	end();
}
END_TEST

static void
put_counter(int64_t time, unsigned counter, const char *label, uint64_t n)
{
	store_put_counter(store,
	    &(struct store_counter){
		.time = time, .counter = counter, .label = label, .value = n });
}

START_TEST(counters_add_up_by_minute_hour_and_day)
{
	struct store_query q = store_query(STORE_MINUTE, START, START + DAY);

	begin("");
	start_batch("a");
	put_counter(START + 59, STORE_RING + FSK_COUNT_ANSWERED, "", 1);
	put_counter(START + 60, STORE_RING + FSK_COUNT_ANSWERED, "", 10);
	put_counter(START + 3661, STORE_FEED_HITS, "x", 100);
	put_counter(START + 3661, STORE_GROUP_HITS, "x", 1000);
	end_batch();
	start_batch("b");
	put_counter(START, STORE_RING + FSK_COUNT_ANSWERED, "", 10000);
	end_batch();
	q.bucket = 60;
	ck_assert_str_eq(counters(&q),
	    "0 a 0 [] 1\n0 b 0 [] 10000\n60 a 0 [] 10\n"
	    "3660 a 120 [x] 100\n3660 a 123 [x] 1000\n");
	q.step = STORE_HOUR;
	q.bucket = 3600;
	ck_assert_str_eq(counters(&q),
	    "0 a 0 [] 11\n0 b 0 [] 10000\n3600 a 120 [x] 100\n"
	    "3600 a 123 [x] 1000\n");
	q.step = STORE_DAY;
	q.bucket = 0;
	q.host = "a";
	ck_assert_str_eq(
	    counters(&q), "0 a 0 [] 11\n0 a 120 [x] 100\n0 a 123 [x] 1000\n");
	end();
}
END_TEST

static int
show_ring(void *arg, const struct store_ring *r)
{
	char line[128];

	(void)arg;
	snprintf(line, sizeof(line), "%s %u %lld %llu %llu %llu\n", r->host,
	    r->id[0], (long long)r->seen, (unsigned long long)r->serial,
	    (unsigned long long)r->created, (unsigned long long)r->entries);
	show(line);
	return 0;
}

static int
show_network(void *arg, uint32_t asn, const char *organisation)
{
	char line[128];

	(void)arg;
	snprintf(line, sizeof(line), "%u %s\n", asn, organisation);
	show(line);
	return 0;
}

START_TEST(rings_and_networks_come_back_whole)
{
	static struct store_ring in, out;

	begin("");
	in = (struct store_ring){
		.id = { 9 }, .seen = 5, .serial = 6, .created = 7, .entries = 8
	};
	stats_good(store_ring(store, in.id, &out, &err), &err);
	ck_assert_uint_eq(out.position[0], 0);
	in.position[3] = UINT64_MAX;
	in.counter[FSK_COUNTERS - 1] = 11;
	in.total[0] = 12;
	in.hits[FSK_RING_LABELS - 1] = 13;
	in.unique[5] = 14;
	start_batch("h");
	store_put_ring(store, &in);
	store_put_network(store, 64500, "First");
	store_put_network(store, 64499, "'; DROP TABLE network; --");
	end_batch();
	start_batch("h");
	in.position[0] = 1;
	store_put_ring(store, &in);
	store_put_network(store, 64500, "Second");
	end_batch();
	stats_good(store_ring(store, in.id, &out, &err), &err);
	ck_assert_mem_eq(out.position, in.position, sizeof(in.position));
	ck_assert_mem_eq(out.counter, in.counter, sizeof(in.counter));
	ck_assert_mem_eq(out.total, in.total, sizeof(in.total));
	ck_assert_mem_eq(out.hits, in.hits, sizeof(in.hits));
	ck_assert_mem_eq(out.unique, in.unique, sizeof(in.unique));
	got[0] = '\0';
	stats_good(store_rings(store, show_ring, NULL, &err), &err);
	ck_assert_str_eq(got, "h 9 5 6 7 8\n");
	got[0] = '\0';
	stats_good(store_networks(store, show_network, NULL, &err), &err);
	ck_assert_str_eq(
	    got, "64499 '; DROP TABLE network; --\n64500 Second\n");
	end();
}
END_TEST

/* ---- batches ---- */

START_TEST(a_batch_is_stored_whole_or_not_at_all)
{
	struct store_query q = store_query(STORE_DAY, START, START + DAY);
	struct store *reader;

	begin("");
	start_batch("h");
	put_fact(STORE_DAY, START, "x", "BE", 1);
	store_rollback(store);
	ck_assert_str_eq(facts(&q), "");
	/* Nor are the ids of its labels used afterwards. */
	start_batch("h");
	put_fact(STORE_DAY, START, "x", "BE", 1);
	/* Others do not see it yet. */
	reader = stats_open(conf, STORE_READ);
	got[0] = '\0';
	stats_good(store_facts(reader, &q, show_fact, NULL, &err), &err);
	ck_assert_str_eq(got, "");
	end_batch();
	stats_good(store_facts(reader, &q, show_fact, NULL, &err), &err);
	ck_assert_str_eq(got, "0  []  0 0   0 0 1\n");
	store_close(reader);
	q.by = STORE_BY_EVERYTHING;
	ck_assert_str_eq(facts(&q), "0 h [x] scam 2 0  BE 64500 0 1\n");
	end();
}
END_TEST

START_TEST(after_a_failure_nothing_of_the_batch_is_stored)
{
	struct store_query q = store_query(STORE_DAY, START, START + DAY);
	struct sql *db;

	begin("");
	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sql_run(db,
		       "CREATE TRIGGER t BEFORE INSERT ON fact_day "
		       "WHEN NEW.hits = 13 BEGIN "
		       "SELECT RAISE(FAIL, 'not thirteen'); END",
		       &err),
	    &err);
	start_batch("h");
	put_fact(STORE_DAY, START, "x", "BE", 1);
	put_fact(STORE_DAY, START, "y", "BE", 13);
	put_fact(STORE_DAY, START, "z", "BE", 100);
	ck_assert_int_eq(store_commit(store, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "not thirteen"));
	store_rollback(store);
	ck_assert_str_eq(facts(&q), "");
	start_batch("h");
	put_fact(STORE_DAY, START, "x", "BE", 1);
	end_batch();
	ck_assert_str_eq(facts(&q), "0  []  0 0   0 0 1\n");
	sql_close(db);
	end();
}
END_TEST

/* ---- kill -9 ---- */

#define HITS 400 /* of each batch */

/* What a collector does: goes on from where the store is, batch by batch. */
static void
write_until_killed(void)
{
	static struct store_ring ring = { .id = { 1 } };

	stats_good(store_ring(store, ring.id, &ring, &err), &err);
	for (;;) {
		start_batch("h");
		for (unsigned i = 0; i < HITS; i++) {
			char name[32];
			int64_t t = START + (int64_t)(i % 7) * 60;

			snprintf(name, sizeof(name), "n%u.example", i % 50);
			put_fact(STORE_MINUTE, t, i % 2 ? "x" : "y", "BE", 1);
			put_name(STORE_DAY, START, name, "x", 1);
		}
		put_rest(STORE_DAY, START);
		ring.position[0] += HITS;
		store_put_ring(store, &ring);
		end_batch();
	}
}

static int
sum_names(void *arg, const struct store_name *n)
{
	*(uint64_t *)arg += n->hits;
	return 0;
}

static int
sum_facts(void *arg, const struct store_fact *f)
{
	*(uint64_t *)arg += f->hits;
	return 0;
}

START_TEST(who_is_killed_at_any_moment_neither_loses_nor_doubles)
{
	struct store_query minutes = store_query(
	    STORE_MINUTE, START, START + DAY);
	struct store_query days = store_query(STORE_DAY, START, START + DAY);
	uint64_t before = 0;

	kit_seed((uint64_t)getpid());
	conf = stats_conf("");
	store_close(stats_open(conf, STORE_WRITE));
	for (unsigned i = 0; i < 60; i++) {
		struct timespec pause = { 0, kit_below(30000000) };
		static struct store_ring ring = { .id = { 1 } };
		uint64_t hits = 0, named = 0;
		pid_t pid = fork();

		ck_assert_int_ne(pid, -1);
		if (pid == 0) {
			store = stats_open(conf, STORE_WRITE);
			write_until_killed();
			_exit(1);
		}
		nanosleep(&pause, NULL); /* not to wait: any moment will do */
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		store = stats_open(conf, STORE_READ);
		stats_good(store_ring(store, ring.id, &ring, &err), &err);
		stats_good(
		    store_facts(store, &minutes, sum_facts, &hits, &err), &err);
		stats_good(
		    store_names(store, &days, sum_names, &named, &err), &err);
		ck_assert_uint_eq(hits, ring.position[0]);
		ck_assert_uint_eq(named, ring.position[0]);
		ck_assert_uint_ge(hits, before);
		before = hits;
		store_close(store);
	}
	ck_assert_uint_gt(before, 0);
	store = stats_open(conf, STORE_WRITE);
	ck_assert_int_eq(number("SELECT count(*) FROM pragma_integrity_check "
				"WHERE integrity_check = 'ok'"),
	    1);
	end();
}
END_TEST

/* ---- time goes by ---- */

static void
maintain(int64_t now)
{
	bool more = true;

	for (unsigned i = 0; more; i++) {
		ck_assert_uint_lt(i, 1000);
		stats_good(store_maintain(store, now, &more, &err), &err);
	}
}

START_TEST(rows_go_when_they_are_old)
{
	const int64_t now = START + 100 * DAY + 30;
	static const struct {
		const char *table;
		int64_t age; /* of the oldest row that stays */
	} kept[] = {
		{ "fact_minute", 2 * DAY },
		{ "counter_minute", 2 * DAY },
		{ "fact_hour", 90 * DAY },
		{ "counter_hour", 90 * DAY },
		{ "name_hour", 90 * DAY },
		{ "sketch_hour", 90 * DAY },
		{ "fact_day", 100 * DAY },
		{ "counter_day", 100 * DAY },
		{ "name_day", 100 * DAY },
		{ "sketch_day", 100 * DAY },
	};

	begin("events = yes\n");
	start_batch("h");
	for (unsigned d = 0; d <= 100; d++) {
		const int64_t t = START + (int64_t)d * DAY;

		put_fact(STORE_MINUTE, t, "x", "BE", 1);
		put_fact(STORE_HOUR, t, "x", "BE", 1);
		put_fact(STORE_DAY, t, "x", "BE", 1);
		put_counter(t, STORE_FEED_HITS, "x", 1);
		put_name(STORE_HOUR, t, "n", "x", 1);
		put_name(STORE_DAY, t, "n", "x", 1);
		put_rest(STORE_HOUR, t);
		put_rest(STORE_DAY, t);
		put_sketch(STORE_HOUR, t, STORE_ALL, "", 0, 1);
		put_sketch(STORE_DAY, t, STORE_ALL, "", 0, 1);
		store_put_event(store,
		    &(struct store_event){ .time = (uint64_t)t * 1000000,
			.name = "n",
			.case_number = "",
			.feeds = "",
			.category = "",
			.group = "",
			.country = "" });
	}
	store_put_ring(
	    store, &(struct store_ring){ .id = { 1 }, .seen = START });
	store_put_ring(store, &(struct store_ring){ .id = { 2 }, .seen = now });
	end_batch();
	maintain(now);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		char text[100];

		snprintf(text, sizeof(text), "SELECT min(time) FROM %s",
		    kept[i].table);
		ck_assert_msg(number(text) == START + 100 * DAY - kept[i].age,
		    "%s begins with %lld", kept[i].table,
		    (long long)number(text));
	}
	ck_assert_int_eq(
	    number("SELECT min(time) FROM name_rest WHERE step = 3600"),
	    START + 10 * DAY);
	ck_assert_int_eq(
	    number("SELECT count(*) FROM name_rest WHERE step = 86400"), 101);
	ck_assert_int_eq(number("SELECT count(*) FROM event"), 7);
	ck_assert_int_eq(number("SELECT count(*) FROM ring"), 1);
	end();
}
END_TEST

/* How often TEXT stands in the database's file.  Not by memmem(), of which a
 * sanitizer checks all that is left each time. */
static unsigned
occurrences(const char *text)
{
	const size_t text_len = strlen(text);
	size_t len;
	uint8_t *all = kit_read(conf->database, &len);
	const uint8_t *p = all, *end = all + len;
	unsigned n = 0;

	for (; (p = memchr(p, text[0], (size_t)(end - p))) != NULL; p++)
		n += (size_t)(end - p) >= text_len &&
		    memcmp(p, text, text_len) == 0;
	free(all);
	return n;
}

START_TEST(what_is_gone_is_not_in_the_file)
{
	struct sql *db;

	begin("events = yes\n");
	start_batch("h");
	for (unsigned i = 0; i < 20000; i++)
		store_put_event(store,
		    &(struct store_event){
			.time = (START + (uint64_t)i % 60) * 1000000,
			.name = "once-asked-for.example",
			.case_number = "",
			.feeds = "",
			.category = "",
			.group = "",
			.country = "" });
	/* Some that stay, so that there is little free space to give back. */
	for (unsigned i = 0; i < 100000; i++)
		store_put_event(store,
		    &(struct store_event){
			.time = (START + DAY * 20ull) * 1000000,
			.name = "kept.example",
			.case_number = "",
			.feeds = "",
			.category = "",
			.group = "",
			.country = "" });
	end_batch();
	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sql_run(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL), &err);
	ck_assert_uint_ge(occurrences("once-asked-for.example"), 20000);
	maintain(START + 20 * DAY);
	ck_assert_int_eq(number("SELECT count(*) FROM event"), 100000);
	stats_good(sql_run(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL), &err);
	ck_assert_uint_eq(occurrences("once-asked-for.example"), 0);
	ck_assert_uint_ge(occurrences("kept.example"), 100000);
	sql_close(db);
	end();
}
END_TEST

START_TEST(names_of_what_is_over_are_cut_to_the_most_frequent)
{
	struct store_query q = store_query(STORE_DAY, START, START + DAY);

	begin("day-names = 3\nleast-hits = 2\n");
	start_batch("h");
	put_name(STORE_DAY, START, "a", "x", 10);
	put_name(STORE_DAY, START, "b", "x", 9);
	put_name(STORE_DAY, START, "d", "x", 7);
	put_name(STORE_DAY, START, "c", "x", 7);
	put_name(STORE_DAY, START, "e", "x", 1);
	put_clients(START, "a", 0, 3);
	put_clients(START, "e", 0, 1);
	put_rest(STORE_DAY, START);
	end_batch();
	/* Not before it is over, and a little. */
	maintain(START + DAY + 600);
	ck_assert_str_eq(rests(&q), "0 h 0 0 0\n");
	maintain(START + DAY + 901);
	ck_assert_str_eq(
	    names(&q), "0 a [x] 10 0 0\n0 b [x] 9 0 0\n0 c [x] 7 0 0\n");
	ck_assert_str_eq(rests(&q), "0 h 8 0 7\n");
	ck_assert_str_eq(sketches(&q), "0 5 0 [a] 3\n");
	/* Late ones open it again. */
	start_batch("h");
	put_name(STORE_DAY, START, "f", "x", 8);
	put_name(STORE_DAY, START, "g", "x", 1);
	put_rest(STORE_DAY, START);
	end_batch();
	maintain(START + DAY + 2000);
	ck_assert_str_eq(
	    names(&q), "0 a [x] 10 0 0\n0 b [x] 9 0 0\n0 f [x] 8 0 0\n");
	ck_assert_str_eq(rests(&q), "0 h 16 0 7\n");
	end();
}
END_TEST

START_TEST(names_with_few_hits_go_even_if_there_is_room)
{
	struct store_query q = store_query(STORE_HOUR, START, START + 3600);

	begin("least-hits = 3\n");
	start_batch("h");
	put_name(STORE_HOUR, START, "a", "x", 3);
	put_name(STORE_HOUR, START, "b", "x", 2);
	put_rest(STORE_HOUR, START);
	end_batch();
	maintain(START + 2 * 3600);
	ck_assert_str_eq(names(&q), "0 a [x] 3 0 0\n");
	ck_assert_str_eq(rests(&q), "0 h 2 0 2\n");
	end();
}
END_TEST

START_TEST(space_is_given_back)
{
	struct stat full, after;
	struct sql *db;

	begin("");
	for (unsigned m = 0; m < 20; m++) {
		start_batch("h");
		for (unsigned i = 0; i < 10000; i++) {
			struct store_fact f = fact(
			    START + m * 60, "x", "BE", 1);

			f.asn = i;
			store_put_fact(store, STORE_MINUTE, &f);
		}
		end_batch();
	}
	stats_good(sql_open(&db, conf->database, true, &err), &err);
	stats_good(sql_run(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL), &err);
	ck_assert_int_eq(stat(conf->database, &full), 0);
	maintain(START + 10 * DAY);
	ck_assert_int_eq(number("SELECT count(*) FROM fact_minute"), 0);
	sql_run(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
	ck_assert_int_eq(stat(conf->database, &after), 0);
	ck_assert_int_lt(after.st_size, full.st_size / 3);
	sql_close(db);
	end();
}
END_TEST

/* ---- trouble with the disk ---- */

/* Makes kit_dir/small a file system of its own with room for 2 MB; it goes with
 * this process.  False if that is not allowed. */
static bool
mount_small(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", path, "tmpfs", 0, "size=2m") == -1) {
		printf("skipped: mounting a small file system needs root\n");
		return false;
	}
	return true;
}

static uint64_t
put_batch(unsigned n)
{
	uint64_t hits = 0;

	start_batch("h");
	for (unsigned i = 0; i < 3000; i++) {
		struct store_fact f = fact(START, "x", "BE", 1);

		f.asn = n * 3000 + i;
		store_put_fact(store, STORE_DAY, &f);
		hits++;
	}
	return hits;
}

START_TEST(a_full_disk_is_told_and_gone_over)
{
	struct store_query q = store_query(STORE_DAY, START, START + DAY);
	char small[600], filler[640];
	uint64_t stored = 0, hits = 0;
	unsigned n = 0;

	snprintf(small, sizeof(small), "%s/small", kit_dir);
	snprintf(filler, sizeof(filler), "%s/filler", small);
	if (!mount_small(small))
		return;
	conf = stats_conf("");
	free(conf->database);
	ck_assert_int_ne(asprintf(&conf->database, "%s/stats.db", small), -1);
	store = stats_open(conf, STORE_WRITE);
	kit_write(filler, got, sizeof(got)); /* room to be made later */
	ck_assert_int_eq(truncate(filler, 0), 0);
	{
		static char octets[900 << 10];

		memset(octets, 1, sizeof(octets));
		kit_write(filler, octets, sizeof(octets));
	}
	for (;; n++) {
		ck_assert_uint_lt(n, 100);
		hits = put_batch(n);
		if (store_commit(store, &err) != FSK_OK)
			break;
		stored += hits;
	}
	ck_assert_ptr_nonnull(strstr(err.text, "full"));
	store_rollback(store);
	ck_assert_uint_gt(n, 0);
	hits = 0;
	stats_good(store_facts(store, &q, sum_facts, &hits, &err), &err);
	ck_assert_uint_eq(hits, stored);
	/* Again and again, until there is room. */
	put_batch(n);
	ck_assert_int_ne(store_commit(store, &err), FSK_OK);
	store_rollback(store);
	ck_assert_int_eq(unlink(filler), 0);
	stored += put_batch(n);
	end_batch();
	hits = 0;
	stats_good(store_facts(store, &q, sum_facts, &hits, &err), &err);
	ck_assert_uint_eq(hits, stored);
	ck_assert_int_eq(number("SELECT count(*) FROM pragma_integrity_check "
				"WHERE integrity_check = 'ok'"),
	    1);
	end();
	umount(small);
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_to_is_told)
{
	char small[600];
	struct store *s;

	snprintf(small, sizeof(small), "%s/small", kit_dir);
	if (!mount_small(small))
		return;
	conf = stats_conf("");
	free(conf->database);
	ck_assert_int_ne(asprintf(&conf->database, "%s/stats.db", small), -1);
	ck_assert_int_eq(
	    mount("none", small, NULL, MS_REMOUNT | MS_RDONLY, "size=2m"), 0);
	ck_assert_int_eq(store_open(&s, conf, STORE_WRITE, &err), FSK_EIO);
	ck_assert_ptr_null(s);
	ck_assert_ptr_nonnull(strstr(err.text, conf->database));
	conf_free(conf);
	umount(small);
}
END_TEST

/* ---- damage ---- */

START_TEST(a_damaged_file_never_crashes)
{
	struct store_query q = store_query(STORE_DAY, START, START + 90 * DAY);
	uint8_t *whole;
	size_t len;

	kit_seed(6);
	begin("");
	start_batch("h");
	for (unsigned i = 0; i < 300; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u", i);
		put_fact(STORE_DAY, START + i % 9 * DAY, "x\ny", "BE", i);
		put_name(STORE_DAY, START + i % 9 * DAY, name, "x", i);
		put_rest(STORE_DAY, START + i % 9 * DAY);
		put_clients(START, name, 0, i);
	}
	store_put_ring(store, &(struct store_ring){ .id = { 1 } });
	end_batch();
	store_close(store); /* the last one writes the log to the file */
	whole = kit_read(conf->database, &len);
	q.by = STORE_BY_EVERYTHING;
	for (unsigned i = 0; i < 300; i++) {
		static struct store_ring ring;
		bool more;

		for (unsigned n = 1 + kit_below(20); n > 0; n--)
			whole[kit_below((unsigned)len)] ^= (uint8_t)(1 +
			    kit_below(255));
		kit_write(conf->database, whole,
		    i % 5 == 0 ? len - kit_below(9000) : len);
		if (store_open(&store, conf, STORE_WRITE, &err) != FSK_OK) {
			ck_assert_ptr_null(store);
			continue;
		}
		got[0] = '\0';
		store_facts(store, &q, stop_at_once, &(int){ 0 }, &err);
		store_facts(store, &q, sum_facts, &(uint64_t){ 0 }, &err);
		store_names(store, &q, sum_names, &(uint64_t){ 0 }, &err);
		store_ring(store, (const uint8_t[16]){ 1 }, &ring, &err);
		store_maintain(store, START + 300 * DAY, &more, &err);
		if (store_begin(store, "h", &err) == FSK_OK) {
			put_fact(STORE_DAY, START, "x", "BE", 1);
			put_clients(START, "n7", 0, 9);
			store_commit(store, &err);
			store_rollback(store);
		}
		store_close(store);
	}
	free(whole);
	conf_free(conf);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/store_sqlite.c");
	TCase *tc = tcase_create("store");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, a_store_is_made_and_opened_again);
	tcase_add_test(tc, others_cannot_read_it);
	tcase_add_test(tc, what_cannot_be_opened_is_told);
	tcase_add_test(
	    tc, databases_of_others_and_of_later_versions_are_left_alone);
	tcase_add_test(tc, older_databases_are_brought_up_to_date);
	tcase_add_test(tc, a_database_of_version_1_gets_case_numbers);
	tcase_add_test(tc, facts_add_up_and_come_in_order);
	tcase_add_test(tc, facts_are_filtered);
	tcase_add_test(tc, who_has_seen_enough_says_so);
	tcase_add_test(
	    tc, names_come_by_hits_with_what_they_were_listed_as_last);
	tcase_add_test(tc, names_with_the_same_hits_come_by_name);
	tcase_add_test(
	    tc, names_tell_what_they_may_have_had_where_they_have_no_row);
	tcase_add_test(tc, sketches_are_united_over_batches_hosts_and_time);
	tcase_add_test(tc, a_damaged_sketch_is_nobody);
	tcase_add_test(tc, counters_add_up_by_minute_hour_and_day);
	tcase_add_test(tc, rings_and_networks_come_back_whole);
	tcase_add_test(tc, a_batch_is_stored_whole_or_not_at_all);
	tcase_add_test(tc, after_a_failure_nothing_of_the_batch_is_stored);
	tcase_add_test(
	    tc, who_is_killed_at_any_moment_neither_loses_nor_doubles);
	tcase_add_test(tc, rows_go_when_they_are_old);
	tcase_add_test(tc, what_is_gone_is_not_in_the_file);
	tcase_add_test(tc, names_of_what_is_over_are_cut_to_the_most_frequent);
	tcase_add_test(tc, names_with_few_hits_go_even_if_there_is_room);
	tcase_add_test(tc, space_is_given_back);
	tcase_add_test(tc, a_full_disk_is_told_and_gone_over);
	tcase_add_test(tc, a_folder_that_cannot_be_written_to_is_told);
	tcase_add_test(tc, a_damaged_file_never_crashes);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
