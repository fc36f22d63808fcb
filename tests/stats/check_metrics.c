/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/metrics.c, feed_status.c and rings.c: what Prometheus gets */
#include <check.h>
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stats/feed_status.h"
#include "stats/metrics.h"
#include "stats/rings.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define NOW 1790000000

extern char **environ;

static struct conf *conf;
static char *text;

static void
setup(void)
{
	char extra[700];

	kit_setup();
	snprintf(extra, sizeof(extra), "feeds-state = \"%s\"\n", kit_dir);
	conf = stats_conf(extra);
}

static void
teardown(void)
{
	free(text);
	conf_free(conf);
	kit_teardown();
}

static void
print(void)
{
	size_t len;
	FILE *to = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(to);
	metrics_print(to, conf, NOW);
	fclose(to);
}

/* A ring in which something happened. */
static void
make_ring(void)
{
	struct fsk_ring *ring;
	struct fsk_ring_worker *w[2];
	struct fsk_error err;
	uint16_t alpha, odd, scam, school;

	stats_good(fsk_ring_open(&ring, kit_path("ring"), 2, 16, &err), &err);
	w[0] = fsk_ring_claim(ring);
	w[1] = fsk_ring_claim(ring);
	alpha = fsk_ring_label(ring, FSK_LABEL_FEED, "alpha");
	odd = fsk_ring_label(ring, FSK_LABEL_FEED, "o\"d\\d \xff");
	scam = fsk_ring_label(ring, FSK_LABEL_CATEGORY, "scam");
	school = fsk_ring_label(ring, FSK_LABEL_GROUP, "school");
	for (unsigned i = 0; i < 10; i++)
		fsk_ring_count(w[i % 2], FSK_COUNT_ANSWERED);
	for (unsigned i = 0; i < 3; i++) {
		fsk_ring_count(w[1], FSK_COUNT_SEVERITY + FSK_RED);
		fsk_ring_count(w[1], FSK_COUNT_ACTION + FSK_SINKHOLE);
		fsk_ring_hit(w[i % 2], alpha, i == 0);
		fsk_ring_hit(w[0], odd, false);
		fsk_ring_hit(w[0], scam, false);
	}
	fsk_ring_hit(w[1], school, false);
	fsk_ring_count(w[0], FSK_COUNT_DROPPED);
	fsk_ring_count(w[0], FSK_COUNT_LEAKED);
	fsk_ring_total(ring, FSK_TOTAL_SERIAL, 42);
	fsk_ring_total(ring, FSK_TOTAL_CREATED, NOW - 120);
	fsk_ring_total(ring, FSK_TOTAL_ENTRIES, 1000);
	fsk_ring_add(ring, FSK_TOTAL_SWAPS, 5);
	fsk_ring_close(ring);
}

static void
make_status(const char *status)
{
	kit_write(kit_path("status.json"), status, strlen(status));
}

static const char good_status[] =
    "{\"now\": 1789999990, \"good\": false, \"feeds\": ["
    "{\"name\": \"alpha\", \"health\": \"good\", \"list_age\": 300, "
    "\"names\": 1234, \"failures\": 0},"
    "{\"name\": \"beta\", \"health\": \"failing\", \"list_age\": 90000, "
    "\"names\": 7, \"failures\": 3},"
    "{\"name\": \"new\", \"health\": \"no list\", \"list_age\": null, "
    "\"names\": 0, \"failures\": 1},"
    "{\"name\": \"off\", \"health\": \"disabled\", \"list_age\": null}]}";

/* ---- a strict reader of the format ---- */

static const char *
read_name(const char *p, char name[static 80])
{
	size_t n = 0;

	ck_assert(isalpha((unsigned char)*p) || *p == '_');
	while (isalnum((unsigned char)*p) || *p == '_') {
		ck_assert_uint_lt(n, 79);
		name[n++] = *p++;
	}
	name[n] = '\0';
	return p;
}

/* {name="value",...}; values escape \, " and newline, and nothing else. */
static const char *
read_labels(const char *p)
{
	char name[80];

	do {
		p = read_name(p + 1, name);
		ck_assert_int_eq(*p++, '=');
		ck_assert_int_eq(*p++, '"');
		for (; *p != '"'; p++) {
			ck_assert((unsigned char)*p >= ' ');
			if (*p == '\\')
				ck_assert_ptr_nonnull(strchr("\\\"n", *++p));
		}
		p++;
	} while (*p == ',');
	ck_assert_int_eq(*p, '}');
	return p + 1;
}

static void
check_sample(const char *line, const char *family)
{
	char name[80], *end;
	const char *p = read_name(line, name);

	ck_assert_str_eq(name, family);
	if (*p == '{')
		p = read_labels(p);
	ck_assert_int_eq(*p, ' ');
	strtod(p + 1, &end);
	ck_assert_int_eq(*end, '\0');
}

/* Families are told once, with HELP and TYPE, and samples are never twice. */
static void
check_format(const char *all)
{
	char *copy = strdup(all), *save, family[80] = "", type[16] = "";
	char told[128][80];
	unsigned families = 0;

	ck_assert_int_eq(all[strlen(all) - 1], '\n');
	for (char *l = strtok_r(copy, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save)) {
		size_t len = strcspn(l, "}");

		if (strncmp(l, "# HELP ", 7) == 0) {
			const char *p = read_name(l + 7, family);

			ck_assert_int_eq(*p, ' ');
			ck_assert_uint_gt(strlen(p), 5);
			for (unsigned i = 0; i < families; i++)
				ck_assert_str_ne(told[i], family);
			strcpy(told[families++], family);
			*type = '\0';
			continue;
		}
		if (strncmp(l, "# TYPE ", 7) == 0) {
			char name[80];
			const char *p = read_name(l + 7, name);

			ck_assert_str_eq(name, family);
			snprintf(type, sizeof(type), "%s", p + 1);
			ck_assert(strcmp(type, "counter") == 0 ||
			    strcmp(type, "gauge") == 0);
			ck_assert_int_eq(strcmp(type, "counter") == 0,
			    strlen(name) > 6 &&
				strcmp(name + strlen(name) - 6, "_total") == 0);
			continue;
		}
		ck_assert_msg(*type != '\0', "no type before '%s'", l);
		check_sample(l, family);
		/* The same name and labels nowhere else. */
		if (l[len] == '}') {
			char key[512];

			snprintf(key, sizeof(key), "\n%.*s} ", (int)len, l);
			ck_assert_ptr_null(strstr(strstr(all, key) + 1, key));
		}
	}
	free(copy);
}

/* Whether promtool, where it is installed, has nothing to say. */
static void
check_with_promtool(const char *all)
{
	char arg0[] = "promtool", arg1[] = "check", arg2[] = "metrics";
	char *argv[] = { arg0, arg1, arg2, NULL };
	const char *path = kit_path("metrics");
	posix_spawn_file_actions_t act;
	int status;
	pid_t pid;

	kit_write(path, all, strlen(all));
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_addopen(&act, 0, path, 0, 0);
	if (posix_spawnp(&pid, argv[0], &act, NULL, argv, environ) == 0) {
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	} else {
		printf("skipped: promtool is not installed\n");
	}
	posix_spawn_file_actions_destroy(&act);
}

static void
has(const char *sample)
{
	char line[600];

	snprintf(line, sizeof(line), "\n%s\n", sample);
	for (char *p = line; (p = strstr(p, "RING")) != NULL;) {
		char rest[600];

		snprintf(
		    rest, sizeof(rest), "ring=\"%s/ring\"%s", kit_dir, p + 4);
		strcpy(p, rest);
		p++;
	}
	ck_assert_msg(
	    strstr(text, line) != NULL, "no '%s' in\n%s", line + 1, text);
}

START_TEST(all_is_told)
{
	struct store *s = stats_open(conf, STORE_WRITE);
	struct store_ring seen = {
		.id = { 1 }, .host = "here", .seen = NOW - 60
	};
	struct fsk_error err;

	stats_good(store_begin(s, "here", &err), &err);
	store_put_ring(s, &seen);
	seen.id[0] = 2;
	seen.seen = NOW - 9;
	store_put_ring(s, &seen);
	stats_good(store_commit(s, &err), &err);
	store_close(s);
	make_ring();
	make_status(good_status);
	print();
	has("fraudsink_ring_up{RING} 1");
	has("fraudsink_queries_answered_total{RING} 10");
	has("fraudsink_leaks_total{RING} 1");
	has("fraudsink_events_dropped_total{RING} 1");
	has("fraudsink_blocked_total{RING,severity=\"red\"} 3");
	has("fraudsink_blocked_total{RING,severity=\"yellow\"} 0");
	has("fraudsink_actions_total{RING,action=\"sinkhole\"} 3");
	has("fraudsink_feed_hits_total{RING,feed=\"alpha\"} 3");
	has("fraudsink_feed_unique_hits_total{RING,feed=\"alpha\"} 1");
	has("fraudsink_feed_hits_total{RING,feed=\"o\\\"d\\\\d \ufffd\"} 3");
	has("fraudsink_category_hits_total{RING,category=\"scam\"} 3");
	has("fraudsink_group_hits_total{RING,group=\"school\"} 1");
	has("fraudsink_list_serial{RING} 42");
	has("fraudsink_list_age_seconds{RING} 120");
	has("fraudsink_list_entries{RING} 1000");
	has("fraudsink_list_swaps_total{RING} 5");
	has("fraudsink_feeds_up 1");
	has("fraudsink_feed_good{feed=\"alpha\"} 1");
	has("fraudsink_feed_good{feed=\"beta\"} 0");
	has("fraudsink_feed_age_seconds{feed=\"alpha\"} 310");
	has("fraudsink_feed_failures{feed=\"beta\"} 3");
	has("fraudsink_feed_names{feed=\"alpha\"} 1234");
	ck_assert_ptr_null(strstr(text, "feed=\"off\""));
	ck_assert_ptr_null(strstr(text, "age_seconds{feed=\"new\"}"));
	has("fraudsink_store_up 1");
	has("fraudsink_collected_timestamp_seconds{host=\"here\"} 1789999991");
	check_format(text);
	check_with_promtool(text);
}
END_TEST

START_TEST(nothing_may_be_there)
{
	print();
	has("fraudsink_ring_up{RING} 0");
	has("fraudsink_feeds_up 0");
	has("fraudsink_store_up 0");
	check_format(text);
	check_with_promtool(text);
}
END_TEST

/* A damaged ring: two labels with one name. */
START_TEST(a_damaged_ring_gives_no_sample_twice)
{
	const char *path = kit_path("ring");
	uint8_t *bytes, *a = NULL, *b = NULL;
	size_t len;

	make_ring();
	bytes = kit_read(path, &len);
	for (size_t i = 0; i + 6 < len; i++) {
		if (memcmp(bytes + i, "alpha", 6) == 0)
			a = bytes + i;
		if (memcmp(bytes + i, "o\"d\\d ", 6) == 0)
			b = bytes + i;
	}
	ck_assert(a != NULL && b != NULL);
	memcpy(b, "alpha", 6);
	kit_write(path, bytes, len);
	free(bytes);
	print();
	has("fraudsink_feed_hits_total{RING,feed=\"alpha\"} 3");
	check_format(text);
}
END_TEST

/* Calls itself for all of O, and looks at every "expr". */
static void
check_expressions(const json_t *o, unsigned *n)
{
	const char *key, *expr = json_string_value(json_object_get(o, "expr"));
	json_t *value;
	size_t i;

	for (const char *p = expr;
	     p != NULL && (p = strstr(p, "fraudsink_")) != NULL;) {
		char name[80], line[100];

		p = read_name(p, name);
		snprintf(line, sizeof(line), "\n# TYPE %s ", name);
		ck_assert_msg(strstr(text, line) != NULL,
		    "the dashboard asks for '%s'", name);
		++*n;
	}
	json_object_foreach((json_t *)(uintptr_t)o, key, value)
	    check_expressions(value, n);
	json_array_foreach(o, i, value) check_expressions(value, n);
}

/* Grafana's dashboard asks for nothing that there is not. */
START_TEST(the_dashboard_asks_for_metrics_that_there_are)
{
	json_error_t e;
	json_t *o = json_load_file("contrib/grafana/fraudsink.json", 0, &e);
	struct store *s = stats_open(conf, STORE_WRITE);
	unsigned n = 0;

	store_close(s);
	ck_assert_msg(o != NULL, "%s", e.text);
	make_ring();
	make_status(good_status);
	print();
	check_expressions(o, &n);
	ck_assert_uint_gt(n, 15);
	json_decref(o);
}
END_TEST

/* What status.json may be, and how many feeds are read of it; -1: it is none.
 */
static const struct {
	const char *text;
	int feeds;
} statuses[] = {
	{ "", -1 },
	{ "[]", -1 },
	{ "{\"feeds\": 3}", -1 },
	{ "{\"feeds\": []}", 0 },
	{ "{\"feeds\": [1, null, {}, {\"name\": 1, \"health\": \"good\"}]}",
	    0 },
	{ "{\"feeds\": [{\"name\": \"a\", \"health\": \"good\", \"names\": "
	  "\"many\", \"list_age\": 1.5}]}",
	    1 },
	{ "{\"feeds\": [{\"name\": \"a\", \"health\": \"good\"", -1 },
};

START_TEST(a_status_may_be_anything)
{
	struct feed_status s;
	bool good;

	make_status(statuses[_i].text);
	good = feed_status_read(&s, kit_dir, NOW);
	ck_assert_int_eq(good ? (int)s.n : -1, statuses[_i].feeds);
	feed_status_fini(&s);
}
END_TEST

START_TEST(rings_are_summed_up)
{
	uint64_t answered, blocked;

	ck_assert_uint_eq(rings_sum(conf, &answered, &blocked), 0);
	make_ring();
	ck_assert_uint_eq(rings_sum(conf, &answered, &blocked), 1);
	ck_assert_uint_eq(answered, 10);
	ck_assert_uint_eq(blocked, 3);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("metrics");
	TCase *t = tcase_create("metrics");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_is_told);
	tcase_add_test(t, nothing_may_be_there);
	tcase_add_test(t, a_damaged_ring_gives_no_sample_twice);
	tcase_add_loop_test(t, a_status_may_be_anything, 0,
	    (int)(sizeof(statuses) / sizeof(*statuses)));
	tcase_add_test(t, rings_are_summed_up);
	tcase_add_test(t, the_dashboard_asks_for_metrics_that_there_are);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
