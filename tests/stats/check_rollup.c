/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/rollup.c and what is below it, against a recount without any wit */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "stats/rollup.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define START   1780271400 /* 2026-05-31 23:50: an hour and a day will end */
#define MINUTES 25

/* What events are made of. */
#define FEEDS      4
#define SETS       (1 << FEEDS)
#define CATEGORIES 2
#define GROUPS     2
#define COUNTRIES  4
#define ASNS       3
#define NAMES      3000
#define CLIENTS    20000

static const char *const feed[FEEDS] = { "gamma", "alpha", "delta", "beta" };
static const char *const category[CATEGORIES] = { "", "phishing" };
static const char *const group[GROUPS] = { "", "school" };
static const char *const country[COUNTRIES] = { "", "BE", "NL", "CN" };

struct event {
	unsigned minute, set, category, group, country, asn, name, client;
	unsigned severity, action, would;
};

/* The recount. */
static uint32_t facts[MINUTES][SETS][CATEGORIES][GROUPS][COUNTRIES][ASNS][2][2]
		     [2];
static uint64_t names[3][NAMES][2]; /* hours 23, 0, and both as days */
static struct sketch *everybody, *by_feed, *by_name; /* of the second day */

static struct conf *conf;
static struct store *store;
static struct rollup *rollup;
static struct fsk_error err;

static void
begin(const char *extra)
{
	conf = stats_conf(extra);
	store = stats_open(conf, STORE_WRITE);
	rollup = rollup_new(conf);
	ck_assert_ptr_nonnull(rollup);
}

static void
end(void)
{
	rollup_free(rollup);
	store_close(store);
	conf_free(conf);
}

/* As after a crash: what is in memory is gone. */
static void
restart(void)
{
	rollup_free(rollup);
	store_close(store);
	store = stats_open(conf, STORE_WRITE);
	rollup = rollup_new(conf);
	ck_assert_ptr_nonnull(rollup);
}

static struct event
any_event(void)
{
	/* A few names are asked for often, most hardly ever. */
	const double x = (double)(kit_random() >> 11) / (double)(1ull << 53);

	return (struct event){
		.minute = kit_below(MINUTES),
		.set = kit_below(SETS),
		.category = kit_below(CATEGORIES),
		.group = kit_below(GROUPS),
		.country = kit_below(COUNTRIES),
		.asn = kit_below(ASNS),
		.name = (unsigned)(pow(NAMES + 1, x) - 1),
		.client = kit_below(CLIENTS),
		.severity = 1 + kit_below(2),
		.action = kit_below(2),
		.would = kit_below(8) == 0,
	};
}

static uint64_t
hash_of(unsigned client)
{
	static const uint64_t key[2] = { 3, 4 };
	uint8_t octets[4];

	fsk_put32(octets, client);
	return fsk_siphash(key, octets, 4);
}

static void
name_of(unsigned i, struct fsk_name *name)
{
	char text[64];

	snprintf(text, sizeof(text), "www.n%u.example", i);
	*name = kit_name(text);
}

/* Hands E to the roll-up. */
static void
feed_event(const struct event *e)
{
	struct words *w = rollup_words(rollup);
	struct rollup_event r = {
		.time = (START + e->minute * 60ull + kit_below(60)) * 1000000 +
		    kit_below(1000000),
		.category = words_number(
		    w, FSK_LABEL_CATEGORY, category[e->category]),
		.group = words_number(w, FSK_LABEL_GROUP, group[e->group]),
		.severity = (uint8_t)e->severity,
		.action = (uint8_t)e->action,
		.would = e->would,
		.asn = e->asn == 0 ? 0 : 64500 + e->asn,
		.entry = 2,
		.client = hash_of(e->client),
		.tag = 1,
	};
	uint16_t feeds[FEEDS];
	struct fsk_name name;
	unsigned n = 0;

	for (unsigned i = 0; i < FEEDS; i++)
		if (e->set >> i & 1)
			feeds[n++] = words_number(w, FSK_LABEL_FEED, feed[i]);
	r.feeds = words_set(w, feeds, n);
	strcpy(r.country, country[e->country]);
	name_of(e->name, &name);
	r.qname = name.wire;
	r.qname_len = name.len;
	ck_assert(rollup_add(rollup, &r));
}

static void
recount(const struct event *e)
{
	unsigned hour = e->minute < 10 ? 0 : 1;

	facts[e->minute][e->set][e->category][e->group][e->country][e->asn]
	     [e->severity - 1][e->action][e->would]++;
	names[hour][e->name][e->would]++;
	if (hour == 1 && !e->would) {
		sketch_add(everybody, hash_of(e->client), 1);
		for (unsigned i = 0; i < FEEDS; i++)
			if (e->set >> i & 1)
				sketch_add(&by_feed[i], hash_of(e->client), 1);
		sketch_add(&by_name[e->name], hash_of(e->client), 1);
	}
}

static void
clear_recount(void)
{
	memset(facts, 0, sizeof(facts));
	memset(names, 0, sizeof(names));
	everybody = calloc(1 + FEEDS + NAMES, sizeof(*everybody));
	ck_assert_ptr_nonnull(everybody);
	by_feed = everybody + 1;
	by_name = by_feed + FEEDS;
	for (unsigned i = 0; i < 1 + FEEDS + NAMES; i++)
		sketch_init(&everybody[i], 12);
}

static void
free_recount(void)
{
	for (unsigned i = 0; i < 1 + FEEDS + NAMES; i++)
		sketch_fini(&everybody[i]);
	free(everybody);
}

/* Puts what there is; a commit that GOOD says no to is tried again later. */
static void
write_batch(bool good)
{
	stats_good(store_begin(store, conf->host, &err), &err);
	stats_good(rollup_put(rollup, store, &err), &err);
	if (!good) {
		store_rollback(store);
		return;
	}
	stats_good(store_commit(store, &err), &err);
	rollup_stored(rollup);
	ck_assert_uint_eq(rollup_pending(rollup), 0);
}

/* N events in batches of random sizes. */
static void
run(unsigned n, bool restarts)
{
	for (unsigned i = 0; i < n; i++) {
		struct event e = any_event();

		feed_event(&e);
		recount(&e);
		if (kit_below(50000) == 0)
			write_batch(kit_below(3) != 0);
		if (restarts && rollup_pending(rollup) == 0 &&
		    kit_below(3) == 0)
			restart();
	}
	write_batch(true);
}

static unsigned
index_of(const char *text, const char *const *of, unsigned n)
{
	unsigned i = 0;

	while (i < n && strcmp(text, of[i]) != 0)
		i++;
	ck_assert_msg(i < n, "what is '%s'?", text);
	return i;
}

static unsigned
set_of(const char *feeds)
{
	char copy[64], *save, *last = NULL;
	unsigned set = 0;

	ck_assert_uint_lt(strlen(feeds), sizeof(copy));
	strcpy(copy, feeds);
	for (char *f = strtok_r(copy, "\n", &save); f != NULL;
	     f = strtok_r(NULL, "\n", &save)) {
		ck_assert_msg(last == NULL || strcmp(last, f) < 0,
		    "not in order: %s", feeds);
		set |= 1u << index_of(f, feed, FEEDS);
		last = f;
	}
	return set;
}

/* ---- facts ---- */

struct looking {
	enum store_step step;
	unsigned rows;
	uint64_t hits;
};

/* Takes the row off the recount, in which nothing must be left. */
static int
take_off(void *arg, const struct store_fact *f)
{
	struct looking *l = arg;
	unsigned minute = (unsigned)((f->time - START) / 60), n = 1;
	uint64_t have = 0;

	ck_assert_int_eq(f->time % l->step, 0);
	if (l->step != STORE_MINUTE) {
		/* Both an hour and a day end after ten minutes. */
		minute = f->time < START + 600 ? 0 : 10;
		n = minute == 0 ? 10 : MINUTES - 10;
	}
	ck_assert_str_eq(f->host, "here");
	for (unsigned i = minute; i < minute + n; i++) {
		uint32_t *count = &facts[i][set_of(f->feeds)][index_of(
		    f->category, category, CATEGORIES)][index_of(f->group,
		    group, GROUPS)][index_of(f->country, country, COUNTRIES)]
					[f->asn == 0 ? 0 : f->asn - 64500]
					[f->severity - 1][f->action][f->would];

		have += *count;
		*count = 0;
	}
	ck_assert_uint_eq(f->hits, have);
	l->rows++;
	l->hits += f->hits;
	return 0;
}

START_TEST(a_million_events_are_counted_exactly)
{
	static uint32_t saved[sizeof(facts) / sizeof(uint32_t)];
	static const enum store_step steps[] = { STORE_MINUTE, STORE_HOUR,
		STORE_DAY };
	const unsigned n = 1000000;

	kit_seed(1);
	clear_recount();
	begin("minute-keys = 1000000\nhour-keys = 1000000\n"
	      "day-keys = 1000000\n");
	run(n, false);
	memcpy(saved, facts, sizeof(facts));
	for (unsigned i = 0; i < 3; i++) {
		struct looking l = { .step = steps[i] };
		struct store_query q = store_query(
		    steps[i], START - START % 86400, START + 2 * 86400);

		q.by = STORE_BY_EVERYTHING;
		q.bucket = steps[i];
		memcpy(facts, saved, sizeof(facts));
		stats_good(store_facts(store, &q, take_off, &l, &err), &err);
		ck_assert_uint_eq(l.hits, n);
		for (size_t j = 0; j < sizeof(facts) / sizeof(uint32_t); j++)
			ck_assert_uint_eq(((uint32_t *)facts)[j], 0);
	}
	free_recount();
	end();
}
END_TEST

/* ---- feeds ---- */

static uint64_t set_hits[SETS];

static int
add_set(void *arg, const struct store_fact *f)
{
	(void)arg;
	set_hits[set_of(f->feeds)] += f->hits;
	return 0;
}

static int
add_hits(void *arg, const struct store_fact *f)
{
	*(uint64_t *)arg += f->hits;
	return 0;
}

/* However little is told apart: what each feed has, alone and with another. */
START_TEST(feeds_are_exact_whatever_the_bounds)
{
	uint64_t want[SETS] = { 0 };
	struct store_query q = store_query(
	    STORE_MINUTE, START, START + MINUTES * 60);

	kit_seed(2);
	clear_recount();
	begin("minute-keys = 10\nhour-keys = 300\nday-keys = 500\n");
	run(100000, true);
	for (size_t i = 0; i < sizeof(facts) / sizeof(uint32_t); i++)
		want[i / (sizeof(facts[0][0]) / sizeof(uint32_t)) % SETS] += ((
		    uint32_t *)facts)[i];
	q.by = STORE_BY_FEEDS;
	memset(set_hits, 0, sizeof(set_hits));
	stats_good(store_facts(store, &q, add_set, NULL, &err), &err);
	/* Ten keys a minute are so few that sets were let go of, too. */
	for (unsigned i = 1; i < SETS; i++)
		ck_assert_uint_le(set_hits[i], want[i]);
	q.step = STORE_DAY;
	q.from -= START % 86400;
	memset(set_hits, 0, sizeof(set_hits));
	stats_good(store_facts(store, &q, add_set, NULL, &err), &err);
	for (unsigned i = 0; i < SETS; i++)
		ck_assert_uint_eq(set_hits[i], want[i]);
	/* A feed's own: the sets that have it. */
	for (unsigned i = 0; i < FEEDS; i++) {
		uint64_t all = 0, got = 0;

		for (unsigned set = 0; set < SETS; set++)
			all += set >> i & 1 ? want[set] : 0;
		q.by = 0;
		q.feed = feed[i];
		stats_good(store_facts(store, &q, add_hits, &got, &err), &err);
		ck_assert_uint_eq(got, all);
	}
	free_recount();
	end();
}
END_TEST

static int
count_keys(void *arg, const struct store_fact *f)
{
	struct looking *l = arg;

	l->rows++;
	l->hits += f->hits;
	return 0;
}

static int
count_others(void *arg, const struct store_fact *f)
{
	uint64_t *others = arg;

	if (f->asn == STORE_OTHER_ASN)
		others[0] += f->hits;
	if (strcmp(f->country, STORE_OTHER_COUNTRY) == 0) {
		ck_assert_uint_eq(f->asn, STORE_OTHER_ASN);
		others[1] += f->hits;
	}
	return 0;
}

START_TEST(no_minute_hour_or_day_has_more_keys_than_it_may)
{
	static const struct {
		enum store_step step;
		unsigned most;
	} bounds[] = { { STORE_MINUTE, 100 }, { STORE_HOUR, 700 },
		{ STORE_DAY, 1600 } };
	const unsigned n = 200000;

	kit_seed(3);
	clear_recount();
	begin("minute-keys = 100\nhour-keys = 700\nday-keys = 1600\n");
	run(n, true);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t all = 0, others[2] = { 0 };

		for (int64_t t = START - START % bounds[i].step;
		     t < START + MINUTES * 60; t += bounds[i].step) {
			struct store_query q = store_query(
			    bounds[i].step, t, t + 1);
			struct looking l = { .rows = 0 };

			q.by = STORE_BY_EVERYTHING;
			stats_good(
			    store_facts(store, &q, count_keys, &l, &err), &err);
			stats_good(
			    store_facts(store, &q, count_others, others, &err),
			    &err);
			/* At worst, and a row for each answer. */
			ck_assert_uint_le(l.rows, 8 * bounds[i].most + 8);
			ck_assert_uint_ge(l.rows, bounds[i].most);
			all += l.hits;
		}
		ck_assert_uint_eq(all, n);
		/* The network goes first. */
		ck_assert_uint_gt(others[0], others[1]);
	}
	free_recount();
	end();
}
END_TEST

/* ---- names ---- */

struct name_check {
	unsigned hour, rows;
	bool seen[NAMES];
	uint64_t hits, worst;
};

static int
check_name(void *arg, const struct store_name *n)
{
	struct name_check *c = arg;
	uint64_t want;
	unsigned i;

	ck_assert_int_eq(sscanf(n->name, "n%u.example", &i), 1);
	ck_assert_uint_lt(i, NAMES);
	ck_assert(!c->seen[i]);
	c->seen[i] = true;
	c->rows++;
	c->hits += n->hits + n->would;
	if (n->error > c->worst)
		c->worst = n->error;
	want = names[c->hour][i][0] + names[c->hour][i][1];
	ck_assert_uint_le(n->hits, names[c->hour][i][0]);
	ck_assert_uint_le(n->would, names[c->hour][i][1]);
	ck_assert_msg(want <= n->hits + n->would + n->error,
	    "%s: %llu + %llu, error %llu, but it has %llu", n->name,
	    (unsigned long long)n->hits, (unsigned long long)n->would,
	    (unsigned long long)n->error, (unsigned long long)want);
	return 0;
}

static int
take_rest(void *arg, const struct store_rest *r)
{
	*(struct store_rest *)arg = *r;
	return 0;
}

/* What the store says of the hour or day T is true. */
static void
check_names(enum store_step step, int64_t t, unsigned hour, unsigned most)
{
	struct store_query q = store_query(step, t, t + 1);
	struct name_check c = { .hour = hour };
	struct store_rest rest = { .hits = 0 };
	uint64_t all = 0;

	stats_good(store_names(store, &q, check_name, &c, &err), &err);
	stats_good(store_rests(store, &q, take_rest, &rest, &err), &err);
	for (unsigned i = 0; i < NAMES; i++) {
		uint64_t n = names[hour][i][0] + names[hour][i][1];

		all += n;
		if (!c.seen[i])
			ck_assert_uint_le(n, rest.most);
	}
	ck_assert_uint_eq(c.hits + rest.hits + rest.would, all);
	ck_assert_uint_le(c.rows, most + most / 8);
	/* As the algorithm promises. */
	ck_assert_uint_le(rest.most, all / most);
	ck_assert_uint_le(c.worst, all / most);
	if (most >= NAMES) {
		ck_assert_uint_eq(rest.most, 0);
		ck_assert_uint_eq(c.worst, 0);
	} else {
		ck_assert_uint_gt(rest.most, 0);
	}
}

START_TEST(names_are_exact_or_tell_how_wrong_they_may_be)
{
	static const unsigned tracked[] = { 100000, 1000, 100, 30 };
	const unsigned most = tracked[_i % 4];
	char extra[128];

	kit_seed(4);
	clear_recount();
	snprintf(extra, sizeof(extra),
	    "tracked-names = %u\nhour-names = 30\nday-names = 30\n", most);
	begin(extra);
	run(_i % 4 == 3 ? 300000 : 100000, _i >= 4);
	check_names(STORE_HOUR, START - START % 3600, 0, most);
	check_names(STORE_HOUR, START + 600, 1, most);
	check_names(STORE_DAY, START - START % 86400, 0, most);
	check_names(STORE_DAY, START + 600, 1, most);
	free_recount();
	end();
}
END_TEST

/* ---- clients ---- */

static int
check_sketch(void *arg, const struct store_sketch *k)
{
	struct sketch *want = NULL;
	unsigned i;

	if (k->would)
		return 0;
	switch (k->kind) {
	case STORE_ALL:
		want = everybody;
		break;
	case STORE_FEED:
		want = &by_feed[index_of(k->key, feed, FEEDS)];
		break;
	case STORE_NAME:
		ck_assert_int_eq(sscanf(k->key, "n%u.example", &i), 1);
		want = &by_name[i];
		break;
	case STORE_CATEGORY:
	case STORE_GROUP:
	case STORE_COUNTRY:
		return 0;
	}
	ck_assert_double_eq(sketch_estimate(k->sketch), sketch_estimate(want));
	ck_assert_uint_eq(k->sketch->tag, 1);
	++*(unsigned *)arg;
	return 0;
}

START_TEST(clients_are_counted_as_one_sketch_of_all_would)
{
	struct store_query q = store_query(
	    STORE_DAY, START + 600, START + 86400);
	unsigned seen = 0, asked = 0;

	kit_seed(5);
	clear_recount();
	begin("");
	run(200000, true);
	for (unsigned i = 0; i < NAMES; i++)
		asked += names[1][i][0] > 0;
	stats_good(store_sketches(store, &q, check_sketch, &seen, &err), &err);
	ck_assert_uint_eq(seen, 1 + FEEDS + asked);
	/* Within the hour, which is all of that day so far. */
	q.step = STORE_HOUR;
	seen = 0;
	stats_good(store_sketches(store, &q, check_sketch, &seen, &err), &err);
	ck_assert_uint_eq(seen, 1 + FEEDS);
	free_recount();
	end();
}
END_TEST

static int
copy_name(void *arg, const struct store_name *n)
{
	strcpy(arg, n->name);
	return 0;
}

/* By default the listed name, which tells less of the client. */
START_TEST(names_are_the_listed_ones_or_those_asked_for)
{
	static const char *const options[] = { "", "names = query\n" };
	static const char *const want[] = { "n7.example", "www.n7.example" };
	const struct event e = { .name = 7, .severity = 1 };
	struct store_query q = store_query(
	    STORE_DAY, START - START % 86400, START + 86400);
	char name[FSK_TEXT_MAX] = "";

	begin(options[_i]);
	feed_event(&e);
	write_batch(true);
	stats_good(store_names(store, &q, copy_name, name, &err), &err);
	ck_assert_str_eq(name, want[_i]);
	end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/rollup.c");
	TCase *tc = tcase_create("roll-up");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, a_million_events_are_counted_exactly);
	tcase_add_test(tc, feeds_are_exact_whatever_the_bounds);
	tcase_add_test(tc, no_minute_hour_or_day_has_more_keys_than_it_may);
	tcase_add_loop_test(
	    tc, names_are_exact_or_tell_how_wrong_they_may_be, 0, 8);
	tcase_add_test(tc, clients_are_counted_as_one_sketch_of_all_would);
	tcase_add_loop_test(
	    tc, names_are_the_listed_ones_or_those_asked_for, 0, 2);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
