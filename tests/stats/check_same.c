/* SPDX-License-Identifier: BSD-3-Clause */
/* Every command that asks, as it is run: from SQLite and from a real ClickHouse
 * server it prints the same, octet for octet */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/db.h"
#include "lib/ring.h"
#include "stats/store_clickhouse.h"
#include "tests/lib/kit.h"
#include "tests/stats/clickhouse.h"
#include "tests/stats/model.h"
#include "tests/stats/stats.h"

#define DEADLINE 60 /* seconds */

/* The time that the model has. */
#define TIME " --since 2026-09-15 --until 2026-09-22"

static struct server server[1];
static struct model sqlite, clickhouse;
static struct fsk_error err;
static int64_t seen; /* when rings were; long unseen ones are let go of */

/* What is asked.  Each is printed in all formats. */
static const char *const questions[] = {
	"top names" TIME,
	"top feeds" TIME,
	"top categories" TIME,
	"top countries" TIME,
	"top networks" TIME,
	"top groups" TIME,
	"top actions" TIME,
	"top severities" TIME,
	"top hosts" TIME,
	"top names --by feed --limit 5" TIME,
	"top names --by category --would" TIME,
	"top names --since 2026-09-21T03:00 --until 2026-09-21T12:00",
	"top names --host two --limit 3" TIME,
	"top feeds --by country" TIME,
	"top feeds --by group --would" TIME,
	"top countries --by feed --limit 7" TIME,
	"top networks --by action" TIME,
	"top groups --feed beta" TIME,
	"top categories --country BE --limit 0" TIME,
	"top severities --group school" TIME,
	"top actions --category scam" TIME,
	"top hosts --by severity" TIME,
	"top names --since 2020-01-01 --until 2020-01-03",
	"series" TIME,
	"series --step 1d --by severity" TIME,
	"series --step 1d --by feed --limit 2" TIME,
	"series --step 1h --by country --would" TIME,
	"series --step 1m --since 2026-09-21T03:00 --until 2026-09-21T05:00",
	"feeds" TIME,
	"feeds --would --limit 2" TIME,
	"name a.example" TIME,
	"name a.example",
	"name i.example --host one" TIME,
	"name nobody.example",
	"hosts" TIME,
	"hosts --host two" TIME,
	"hosts",
	"report --month 2026-09",
	"report --month 2026-09 --host one --card-red-rate 20",
	"report --month 2026-10",
	"top names --role researcher" TIME,
	"top feeds --role researcher" TIME,
	"top categories --role researcher" TIME,
	"top countries --role researcher" TIME,
	"top groups --role researcher" TIME,
	"top networks --role researcher" TIME, /* refused */
	"series --role researcher --step 1d" TIME,
	"series --role researcher --step 1d --by country" TIME,
	"feeds --role researcher" TIME,
	"name a.example --role researcher" TIME,
	"hosts --role researcher" TIME, /* refused */
	"report --month 2026-09 --role researcher",
};

static const char *const formats[] = { "", " --json", " --csv" };

/* ---- the stores ---- */

static void
put_ring(struct store *s, uint8_t id, const char *host, uint64_t serial)
{
	const struct store_ring ring = { .id = { id },
		.host = host,
		.seen = seen - (int64_t)serial,
		.serial = serial,
		.created = MODEL_NOW - 1000,
		.entries = 77 };

	store_put_ring(s, &ring);
}

static void
put_counter(struct store *s, unsigned counter, const char *label, uint64_t n)
{
	const struct store_counter c = { .time = MODEL_NOW - 3600,
		.label = label,
		.counter = counter,
		.value = n };

	store_put_counter(s, &c);
}

/* What a model of events has not. */
static void
put_hosts(const struct model *m)
{
	static const char *const hosts[] = { "one", "two" };
	struct store *s = stats_open(m->c, STORE_WRITE);

	for (unsigned i = 0; i < 2; i++) {
		stats_good(store_begin(s, hosts[i], &err), &err);
		put_ring(s, (uint8_t)(1 + i), hosts[i], 8 + i);
		put_ring(s, (uint8_t)(5 + i), hosts[i], 2);
		put_counter(s, STORE_RING + FSK_COUNT_ANSWERED, "", 5000 + i);
		put_counter(s, STORE_RING + FSK_COUNT_DROPPED, "", i);
		put_counter(
		    s, STORE_RING + FSK_COUNT_SEVERITY + FSK_RED, "", 300 + i);
		put_counter(s, STORE_TOTAL + FSK_TOTAL_SWAPS, "", 2);
		put_counter(s, STORE_FEED_HITS, "alpha", 90 + i);
		put_counter(s, STORE_FEED_UNIQUE, "alpha", 40 + i);
		stats_good(store_commit(s, &err), &err);
	}
	store_close(s);
}

static void
fill(struct model *m, const char *extra, const char *file)
{
	char all[1024];

	snprintf(all, sizeof(all),
	    "least-clients = 10\nkeep-minutes = 0\nkeep-hours = 0\n%s", extra);
	model_init(m, all);
	ck_assert_int_eq(rename(kit_path("stats.conf"), kit_path(file)), 0);
	if (m->c->store == CONF_CLICKHOUSE)
		stats_good(store_init(m->c, &err), &err);
	kit_seed(5);
	model_random(m, 1200, 6);
	model_store(m);
	put_hosts(m);
}

/* Waits until the server has all. */
static void
wait_until_sent(const struct conf *c)
{
	const time_t end = time(NULL) + DEADLINE;
	struct outbox o;

	stats_good(outbox_open(&o, c->database, &err), &err);
	while (outbox_waiting(&o) > 0) {
		ck_assert_msg(time(NULL) < end, "rows are not sent");
		store_close(stats_open(c, STORE_WRITE));
	}
	outbox_close(&o);
}

static void
setup(void)
{
	char extra[600];

	kit_setup();
	seen = time(NULL);
	signal(SIGPIPE, SIG_IGN);
	if (!server_is_there())
		return;
	server_prepare(server, 1);
	server_start(&server[0]);
	fill(&sqlite, "", "sqlite.conf");
	snprintf(extra, sizeof(extra),
	    "store = clickhouse\ndatabase = \"%s/local.db\"\n"
	    "clickhouse {\n url = 'http://127.0.0.1:%u'\n}\n",
	    kit_dir, server[0].http);
	fill(&clickhouse, extra, "clickhouse.conf");
	wait_until_sent(clickhouse.c);
}

static void
teardown(void)
{
	server_end(&server[0], SIGKILL);
	model_fini(&sqlite);
	model_fini(&clickhouse);
	kit_teardown();
}

/* ---- asking ---- */

/* What a question prints, for free(); *STATUS: how it ends. */
static char *
ask(const char *question, const char *format, const char *conf, int *status)
{
	char args[300];

	snprintf(args, sizeof(args), "%s%s -c %s", question, format, conf);
	*status = stats_run(args);
	return strdup(stats_output());
}

static void
compare(const char *question, const char *format)
{
	int status[3] = { 0 };
	char *text[3];
	bool same;

	/* Answers tell when they were given.  What both answers of the one
	 * store have in common is in that of the other one between them. */
	do {
		text[0] = ask(question, format, "sqlite.conf", &status[0]);
		text[1] = ask(question, format, "clickhouse.conf", &status[1]);
		text[2] = ask(question, format, "sqlite.conf", &status[2]);
		same = strcmp(text[0], text[2]) == 0;
		if (same) {
			ck_assert_msg(strcmp(text[0], text[1]) == 0,
			    "'%s%s'\nSQLite:\n%s\nClickHouse:\n%s", question,
			    format, text[0], text[1]);
			ck_assert_int_eq(status[0], status[1]);
			ck_assert_uint_gt(strlen(text[0]), 5);
		}
		for (unsigned i = 0; i < 3; i++)
			free(text[i]);
	} while (!same);
}

START_TEST(commands_print_the_same)
{
	if (server[0].pid == 0)
		return;
	for (unsigned f = 0; f < 3; f++)
		compare(questions[_i], formats[f]);
	if (strncmp(questions[_i], "report", 6) == 0)
		compare(questions[_i], " --format html");
}
END_TEST

/* ---- what was just blocked ---- */

static void
block(struct fsk_ring_worker *w, uint16_t feed, const char *text)
{
	struct fsk_name name = kit_name(text);
	struct timespec now;
	struct fsk_event e = { .client = { [10] = 255, [11] = 255, 192, 0, 2 },
		.qtype = 1,
		.category = FSK_NO_LABEL,
		.group = FSK_NO_LABEL,
		.feeds = 1,
		.feed = { feed },
		.severity = FSK_RED,
		.transport = FSK_UDP,
		.entry = 2 };

	clock_gettime(CLOCK_REALTIME, &now);
	e.time = (uint64_t)now.tv_sec * 1000000;
	e.qname_len = name.len;
	memcpy(e.qname, name.wire, name.len);
	fsk_ring_event(w, &e);
}

/* From the resolver's ring through `collect` to the answer. */
START_TEST(what_was_just_blocked_is_shown)
{
	static const char *const confs[] = { "sqlite.conf", "clickhouse.conf" };
	struct fsk_ring_worker *w;
	struct fsk_ring *ring;
	char args[100];
	uint16_t feed;
	int status;

	if (server[0].pid == 0)
		return;
	stats_good(fsk_ring_open(&ring, kit_path("ring"), 1, 64, &err), &err);
	w = fsk_ring_claim(ring);
	feed = fsk_ring_label(ring, FSK_LABEL_FEED, "police");
	for (unsigned i = 0; i < 7; i++)
		block(w, feed, i < 5 ? "www.just-now.example" : "b.example");
	snprintf(args, sizeof(args), "collect --once -c %s", confs[_i]);
	ck_assert_msg(stats_run(args) == 0, "%s", stats_output());
	if (_i == 1)
		wait_until_sent(clickhouse.c);
	free(ask("top names --csv --since 1h", "", confs[_i], &status));
	ck_assert_msg(
	    strstr(stats_output(),
		"just-now.example,5,0.714286,1,0,none,red,police") != NULL,
	    "%s", stats_output());
	ck_assert_int_eq(status, 0);
	fsk_ring_close(ring);
	unlink(kit_path("ring"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("same answers");
	TCase *t = tcase_create("same");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 180);
	tcase_add_loop_test(t, commands_print_the_same, 0,
	    sizeof(questions) / sizeof(*questions));
	/* It adds to the stores: last. */
	tcase_add_loop_test(t, what_was_just_blocked_is_shown, 0, 2);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
