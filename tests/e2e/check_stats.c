/* SPDX-License-Identifier: BSD-3-Clause */
/* From a query to a number: known queries of known clients through a real
 * Unbound, collected and asked for. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/prefix.h"
#include "tests/e2e/lists.h"

#define CLIENTS 400 /* of 81.2.69.0/24 and 81.2.70.0/24 */
#define EACH    3   /* queries of each for each name */

static struct world w;
static struct reply r;

static const char conf[] =
    "feed \"alpha\" { url = \"@/alpha\" category = phishing }\n"
    "feed \"beta\" { url = \"@/beta\" category = scam severity = yellow }\n"
    "policy { trust-ecs = yes\n"
    "  group \"school\" { prefixes = {\"81.2.70.0/24\"} }\n"
    "  rule \"log\" { names = {\"log.test\"} action = log } }\n";

static void
setup(void)
{
	world_start(&w,
	    &(struct world_options){ .list = "other.example", .ring = "ring" });
	lists_file(&w, "alpha", "one.test\nboth.test\nlog.test\n");
	lists_file(&w, "beta", "two.test\nboth.test\n");
	lists_sync(&w, conf);
}

static void
teardown(void)
{
	world_stop(&w);
}

/* Asks for NAME as the client number CLIENT (RFC 7871). */
static void
ask_as(unsigned client, const char *name)
{
	const uint8_t ecs[] = { 0, 8, 0, 8, 0, 1, 32, 0, 81, 2,
		(uint8_t)(69 + client / 200), (uint8_t)(client % 200) };

	ask(&w, &r,
	    (struct ask){ .name = name,
		.edns = true,
		.options = ecs,
		.options_len = sizeof(ecs) });
}

static void
write_conf(const char *country_db)
{
	char text[2048];

	snprintf(text, sizeof(text),
	    "rings = \"%s\"\ndatabase = \"%s/stats.db\"\nkey-file = "
	    "\"%s/key\"\njournal = \"%s/journal\"\nhost = here\n"
	    "feeds-state = \"%s/state\"\n%s%s%s",
	    w.ring, w.folder, w.folder, w.folder, w.folder,
	    country_db != NULL ? "country-db = \"" : "",
	    country_db != NULL ? country_db : "",
	    country_db != NULL ? "\"\n" : "");
	lists_file(&w, "stats.conf", text);
}

/* Runs fraudsink-stats with WORDS, which must end well; its output, valid until
 * the next call. */
static const char *
stats(const char *words)
{
	static char text[65536];
	char command[1024];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command),
	    "\"$FRAUDSINK_TEST_STATS\" %s -c %s/stats.conf", words, w.folder);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	ck_assert_msg(pclose(f) == 0, "'%s' fails", words);
	return text;
}

/* The field COLUMN of the row of the CSV whose first field is KEY; -1: there is
 * none. */
static double
number(const char *csv, const char *key, const char *column)
{
	unsigned want = 0, at = 0;
	const char *row;

	while (strncmp(csv, column, strlen(column)) != 0 ||
	    (csv[strlen(column)] != ',' && csv[strlen(column)] != '\n' &&
		csv[strlen(column)] != '\r')) {
		csv += strcspn(csv, ",\n");
		ck_assert_msg(*csv == ',', "no column '%s'", column);
		csv++;
		want++;
	}
	row = csv;
	do {
		row = strchr(row, '\n');
		if (row == NULL || *++row == '\0')
			return -1;
	} while (
	    strncmp(row, key, strlen(key)) != 0 || row[strlen(key)] != ',');
	for (; at < want; at++)
		row = strchr(row, ',') + 1;
	return atof(row);
}

static void
query_all(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		for (unsigned j = 0; j < EACH; j++) {
			ask_as(i, "one.test");
			ck_assert_uint_eq(r.rcode, NXDOMAIN);
			ask_as(i, "www.two.test");
			ck_assert_uint_eq(r.rcode, NXDOMAIN);
			if (i % 2 == 0)
				ask_as(i, "both.test");
			if (i % 4 == 0)
				ask_as(i, "log.test");
			ask_as(i, "innocent.test");
			ck_assert_uint_eq(r.rcode, NOERROR);
		}
}

START_TEST(what_is_asked_is_what_is_counted)
{
	const char *named = getenv("FRAUDSINK_TEST_DATA");
	char *data = named != NULL ? realpath(named, NULL) : NULL;
	const unsigned n = CLIENTS * EACH;
	char db[512];
	const char *csv;
	double clients;
	bool places;

	snprintf(db, sizeof(db),
	    "%s/mmdb/maxmind-test-data/GeoLite2-Country-Test.mmdb",
	    data != NULL ? data : "none");
	places = access(db, R_OK) == 0;
	free(data);
	if (!places)
		printf("skipped: countries (no '%s')\n", db);
	write_conf(places ? db : NULL);
	query_all();
	stats("collect --once");

	csv = stats("top names --csv");
	ck_assert_msg(number(csv, "one.test", "hits") == n, "%s", csv);
	ck_assert_msg(number(csv, "two.test", "hits") == n, "%s", csv);
	ck_assert_msg(number(csv, "both.test", "hits") == n / 2, "%s", csv);
	ck_assert_msg(number(csv, "innocent.test", "hits") == -1, "%s", csv);
	csv = stats("top feeds --csv");
	ck_assert_msg(number(csv, "alpha", "hits") == n + n / 2, "%s", csv);
	ck_assert_msg(number(csv, "beta", "hits") == n + n / 2, "%s", csv);
	clients = number(csv, "alpha", "clients");
	ck_assert_msg(
	    clients > CLIENTS * 0.98 && clients < CLIENTS * 1.02, "%s", csv);
	/* What is only counted is not blocked, whoever counts. */
	csv = stats("top names --would --csv");
	ck_assert_msg(number(csv, "log.test", "hits") == n / 4, "%s", csv);
	csv = stats("hosts --csv");
	ck_assert_msg(
	    number(csv, "here", "blocked") == 2 * n + n / 2, "%s", csv);
	csv = stats("top groups --csv");
	ck_assert_msg(number(csv, "school", "hits") == n + n / 4, "%s", csv);
	csv = stats("top severities --csv");
	ck_assert_msg(number(csv, "yellow", "hits") == n, "%s", csv);
	ck_assert_msg(number(csv, "red", "hits") == n + n / 2, "%s", csv);
	if (places) {
		csv = stats("top countries --csv");
		ck_assert_msg(number(csv, "GB", "hits") > 0, "%s", csv);
	}
	/* Nothing is counted twice. */
	stats("collect --once");
	csv = stats("top names --csv");
	ck_assert_msg(number(csv, "one.test", "hits") == n, "%s", csv);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/stats");
	TCase *tc = tcase_create("numbers");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_asked_is_what_is_counted);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
