/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/conf.c and option.c: what stats.conf may say, and what is told */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/conf.h"
#include "tests/lib/kit.h"

static char told[4096];

static void
remember(void *arg, const char *fault)
{
	size_t len = strlen(told);

	(void)arg;
	snprintf(told + len, sizeof(told) - len, "%s\n", fault);
}

/* Reads TEXT as stats.conf. */
static struct conf *
read_text(const char *text, unsigned *faults)
{
	const char *path = kit_path("stats.conf");

	told[0] = '\0';
	kit_write(path, text, strlen(text));
	return conf_read(path, remember, NULL, faults);
}

START_TEST(an_empty_file_gives_the_defaults)
{
	unsigned faults;
	struct conf *c = read_text("", &faults);

	ck_assert_msg(c != NULL, "%s", told);
	ck_assert_uint_eq(faults, 0);
	ck_assert_uint_eq(c->rings.n, 1);
	ck_assert_str_eq(c->rings.at[0], "/run/fraudsink/ring");
	ck_assert_uint_gt(strlen(c->host), 0);
	ck_assert_uint_eq(c->store, CONF_SQLITE);
	ck_assert_str_eq(c->database, "/var/lib/fraudsink/stats.db");
	ck_assert_ptr_null(c->country_db);
	ck_assert_uint_eq(c->keep_minutes, 2 * 86400);
	ck_assert_uint_eq(c->keep_hours, 90 * 86400);
	ck_assert_uint_eq(c->keep_days, 0);
	ck_assert_uint_eq(c->interval, 10);
	ck_assert_uint_eq(c->names, CONF_ENTRY);
	ck_assert(!c->events);
	ck_assert_uint_eq(c->privacy, CONF_NOTHING);
	ck_assert_uint_eq(c->sketch_key, CONF_DAILY);
	ck_assert_uint_eq(c->sketch_precision, 12);
	ck_assert_uint_eq(c->least_clients, 20);
	conf_free(c);
}
END_TEST

START_TEST(what_is_said_replaces_the_defaults)
{
	unsigned faults;
	struct conf *c = read_text("# a comment\n"
				   "rings = { \"/a\", \"/b\" }\n"
				   "host = 'r 1'\n"
				   "store = clickhouse\n"
				   "interval = 1m /* or so */\n"
				   "keep-events = 12h\n"
				   "events = yes\n"
				   "privacy = pseudonym\n"
				   "pseudonym-key = constant\n"
				   "clickhouse {\n"
				   "  url = \"https://ch:8443\"\n"
				   "  user = writer\n"
				   "}\n",
	    &faults);

	ck_assert_msg(c != NULL, "%s", told);
	ck_assert_uint_eq(c->rings.n, 2);
	ck_assert_str_eq(c->rings.at[1], "/b");
	ck_assert_str_eq(c->host, "r 1");
	ck_assert_uint_eq(c->store, CONF_CLICKHOUSE);
	ck_assert_uint_eq(c->interval, 60);
	ck_assert_uint_eq(c->keep_events, 12 * 3600);
	ck_assert(c->events);
	ck_assert_uint_eq(c->privacy, CONF_PSEUDONYM);
	ck_assert_uint_eq(c->pseudonym_key, CONF_CONSTANT);
	ck_assert_str_eq(c->clickhouse.url, "https://ch:8443");
	ck_assert_str_eq(c->clickhouse.user, "writer");
	ck_assert_str_eq(c->clickhouse.database, "fraudsink");
	conf_free(c);
}
END_TEST

/* A fault a row: the text, and what must be told of it. */
static const struct {
	const char *text, *want;
} bad[] = {
	{ "nonsense = 1\n", ":1: no such option 'nonsense'" },
	{ "\n\nstore = oracle\n", ":3: 'oracle' is no value for 'store'" },
	{ "interval = 0\n", ":1: '0' is no value for 'interval'" },
	{ "interval = 1y\n", "'1y' is no value" },
	{ "sketch-precision = 17\n", "'17' is no value" },
	{ "minute-keys = -5\n", "'-5' is no value" },
	{ "minute-keys = 99999999999999999999\n", "is no value" },
	{ "events = perhaps\n", "it must be one of yes or no" },
	{ "rings = { ring }\n", "must be a whole path, not 'ring'" },
	{ "rings = { \"/r\", \"/r\" }\n", "'rings' names '/r' twice" },
	{ "host = ''\n", "'host' must have" },
	{ "host = \"a\tb\"\n", "'host' has a control character" },
	{ "database = stats.db\n", "must be a whole path" },
	{ "asn-db = 'asn.mmdb'\n", "must be a whole path" },
	{ "keep-minutes = 10m\n", "must be an hour at least" },
	{ "keep-hours = 3h\n", "must be a day at least" },
	{ "hour-names = 200000\n", "cannot be more than" },
	{ "privacy = prefix\n", "needs 'events = yes'" },
	{ "prefix4 = 32\n", "a number from 0 to 28" },
	{ "prefix6 = 128\n", "a number from 0 to 56" },
	{ "clickhouse { url = 'ftp://x' }\n", "must be http or https" },
	{ "clickhouse { database = 'a`b' }\n", "letters, digits" },
	{ "clickhouse { cluster = '' }\n", "must have 1 to 64" },
	{ "clickhouse { password-file = '/p'\n password-env = P }\n",
	    "exclude each other" },
	{ "clickhouse { port = 1 }\n", "no such option 'port'" },
	{ "interval = \n", ":" },
	{ "clickhouse }\n", ":" },
};

START_TEST(every_fault_is_told_with_file_and_line)
{
	unsigned faults;
	struct conf *c = read_text(bad[_i].text, &faults);

	ck_assert_msg(c == NULL, "'%s' is taken", bad[_i].text);
	ck_assert_uint_ge(faults, 1);
	ck_assert_msg(strstr(told, bad[_i].want) != NULL,
	    "of '%s' it tells: %s", bad[_i].text, told);
	ck_assert_ptr_nonnull(strstr(told, kit_path("stats.conf")));
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
	unsigned faults;

	ck_assert_ptr_null(read_text("store = x\n"
				     "unknown = y\n"
				     "interval = never\n"
				     "other = z\n",
	    &faults));
	ck_assert_uint_eq(faults, 4);
	ck_assert_ptr_nonnull(strstr(told, ":1: "));
	ck_assert_ptr_nonnull(strstr(told, ":2: "));
	ck_assert_ptr_nonnull(strstr(told, ":3: "));
	ck_assert_ptr_nonnull(strstr(told, ":4: "));
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
	const char nul[] = "interval = 5\n\0store = sqlite\n";
	unsigned faults;

	told[0] = '\0';
	kit_write(kit_path("nul"), nul, sizeof(nul));
	ck_assert_ptr_null(conf_read(kit_path("nul"), remember, NULL, &faults));
	ck_assert_uint_eq(faults, 1);
	ck_assert_ptr_null(
	    conf_read(kit_path("absent"), remember, NULL, &faults));
	ck_assert_ptr_null(conf_read(kit_dir, remember, NULL, &faults));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/conf.c");
	TCase *tc = tcase_create("stats.conf");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, an_empty_file_gives_the_defaults);
	tcase_add_test(tc, what_is_said_replaces_the_defaults);
	tcase_add_loop_test(tc, every_fault_is_told_with_file_and_line, 0,
	    sizeof(bad) / sizeof(*bad));
	tcase_add_test(tc, all_faults_are_told_at_once);
	tcase_add_test(tc, what_is_no_text_is_refused);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
