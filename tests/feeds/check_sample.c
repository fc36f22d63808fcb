/* SPDX-License-Identifier: BSD-3-Clause */
/* contrib/feeds.conf, the sample: every option is in it, what is commented out
 * is good, too, and with real lists behind its addresses it publishes. */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/state.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/http.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

#define SAMPLE "contrib/feeds.conf"

static char here[4096]; /* the source's folder */

static void
setup(void)
{
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	kit_setup();
}

/* The text of FILE of the source, for free(). */
static char *
source(const char *file)
{
	char path[4200];
	size_t len;
	char *text;

	snprintf(path, sizeof(path), "%s/%s", here, file);
	text = state_text(path, &len);
	ck_assert_msg(text != NULL, "'%s': run from the source's folder", path);
	return text;
}

/* TEXT with what is commented out as options made good, for free(): '#' right
 * before a word or a bracket, maybe with tabs between. */
static char *
uncommented(const char *text)
{
	char *out = strdup(text), *p = out;

	while (*p != '\0') {
		char *at = p + strspn(p, "\t");

		if (*at == '#') {
			const char *next = at + 1 + strspn(at + 1, "\t");

			if (islower((unsigned char)*next) || *next == '}')
				*at = '\t';
		}
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	return out;
}

/* ---- what is in it ---- */

START_TEST(it_is_good)
{
	char *text = source(SAMPLE);
	struct run r;

	site_file("feeds.conf", text);
	run_feeds(&r, NULL, "check -c feeds.conf");
	ck_assert_msg(r.status == 0, "%s", r.err);
	/* Not even a warning. */
	ck_assert_str_eq(r.err, "");
	run_free(&r);
	free(text);
}
END_TEST

START_TEST(what_is_commented_out_is_good)
{
	char *text = source(SAMPLE), *all = uncommented(text);
	struct run r;

	ck_assert_str_ne(text, all);
	site_file("feeds.conf", all);
	run_feeds(&r, NULL, "check -c feeds.conf");
	ck_assert_msg(r.status == 0, "%s", r.err);
	ck_assert_ptr_nonnull(strstr(r.out, "allow mine: "));
	run_free(&r);
	free(all);
	free(text);
}
END_TEST

/* Whether TEXT sets the option NAME somewhere, commented out or not. */
static bool
sets(const char *text, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = text; (p = strstr(p, name)) != NULL; p += len)
		if ((p == text || strchr(" \t\n#{", p[-1]) != NULL) &&
		    strncmp(p + len, " = ", 3) == 0)
			return true;
	return false;
}

START_TEST(every_option_is_in_it)
{
	static const char *const macros[] = { "TEXT(", "PATH(", "TEXTS(",
		"FLAG(", "CHOICE(", "NUMBER(" };
	char *text = source(SAMPLE), *code = source("feeds/conf.c");
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof(macros) / sizeof(*macros); i++)
		for (const char *p = code; (p = strstr(p, macros[i])) != NULL;
		     p++) {
			const char *at = p + strlen(macros[i]);
			char name[40];

			at += strspn(at, " \t\n\\");
			if (*at != '"')
				continue; /* where the macro is made */
			snprintf(name, sizeof(name), "%.*s",
			    (int)strcspn(at + 1, "\""), at + 1);
			ck_assert_msg(sets(text, name), "no option '%s'", name);
			n++;
		}
	ck_assert_uint_gt(n, 70);
	free(code);
	free(text);
}
END_TEST

/* ---- with real lists ---- */

/* What lies behind the addresses of the sample. */
static const struct {
	const char *path, *file; /* NULL: made up */
} lists[] = {
	{ "/domains/v2/domains.txt", NULL },
	{ "/durablenapkin/scamblocklist/master/hosts.txt",
	    "hosts/durablenapkin__scamblocklist_hosts.txt" },
	{ "/blocklistproject/Lists/master/scam.txt",
	    "hosts/blocklistproject__scam.txt.zst" },
	{ "/PolishFiltersTeam/KADhosts/master/KADhosts.txt",
	    "hosts/KADhosts.txt.zst" },
	{ "/ShadowWhisperer/BlockLists/master/Lists/Scam",
	    "domains/ShadowWhisperer__Scam.txt" },
	{ "/olbat/ut1-blacklists/master/blacklists/phishing/domains",
	    "domains/UT1__phishing_2026.txt.zst" },
	{ "/malware-filter/urlhaus-filter-hosts.txt",
	    "compressed-as-served/urlhaus-filter-hosts.txt.gz" },
	{ "/hagezi/dns-blocklists/main/rpz/tif.medium.txt",
	    "rpz/hagezi__tif.medium_rpz.txt.zst" },
	{ "/DandelionSprout/adfilt/master/Alternate%20versions%20Anti-Malware%2"
	  "0List/AntiMalwareAdGuardHome.txt",
	    "adblock/dandelion__AntiMalwareAdGuardHome.txt.zst" },
	{ "/polkadot-js/phishing/master/all.json",
	    "json/polkadot__all.json.zst" },
	{ "/scamsniffer/scam-database/main/blacklist/combined.json",
	    "json/scamsniffer__combined.json.zst" },
	{ "/phantom/blocklist/master/blocklist.yaml",
	    "json/phantom__blocklist.yaml" },
	{ "/phantom/blocklist/master/whitelist.yaml",
	    "json/phantom__whitelist.yaml" },
	{ "/0xDanielLopez/TweetFeed/master/month.csv",
	    "csv/TweetFeed__month.csv.zst" },
	{ "/stamparm/blackbook/master/blackbook.csv", "csv/blackbook.csv.zst" },
	{ "/feed.txt", "series/openphish/08_5610d1ffe6a1.txt" },
	{ "/latest/phishing-links-ACTIVE.txt",
	    "urls/Phishing.Database__links-ACTIVE5.txt.zst" },
};
#define LISTS (sizeof(lists) / sizeof(*lists))

static void *bodies[LISTS];

/* Serves all of them; false where there are none. */
static bool
serve_all(struct http *server)
{
	const char *data = getenv("FRAUDSINK_TEST_DATA");

	for (unsigned i = 0; i < LISTS; i++) {
		struct http_page page = { .path = lists[i].path,
			.etag = "\"1\"",
			.body = "made-up.example\n" };
		char path[400];

		if (lists[i].file != NULL) {
			snprintf(path, sizeof(path), "%s/feeds/%s",
			    data != NULL ? data : "", lists[i].file);
			bodies[i] = state_text(path, &page.len);
			if (bodies[i] == NULL)
				return false;
			page.body = bodies[i];
		}
		http_page(server, &page);
	}
	return true;
}

/* feeds.conf of the sample: in the folders of the test, and by way of SERVER,
 * as a proxy for all. */
static void
write_conf(const struct http *server)
{
	char *text = source(SAMPLE), *conf, *p;

	/* A proxy sees what is asked of it by http only. */
	while ((p = strstr(text, "\"https://")) != NULL)
		memmove(p + 5, p + 6, strlen(p + 6) + 1);
	while ((p = strstr(text, "\"/var/lib/fraudsink/")) != NULL) {
		p[1] = '@';
		memmove(p + 2, p + 19, strlen(p + 19) + 1);
	}
	ck_assert_int_ne(
	    asprintf(&conf, "proxy = \"%s\"\n%s", http_url(server, ""), text),
	    -1);
	site_file("feeds.conf", site_text(conf));
	free(conf);
	free(text);
}

START_TEST(with_real_lists_it_publishes)
{
	struct http *server = http_start();
	struct fsk_db_info info;
	struct fsk_db *db;
	struct run r;

	if (!serve_all(server)) {
		puts("skipped: the sample with real lists: no real data");
		http_stop(server);
		return;
	}
	write_conf(server);
	run_feeds(&r, NULL, "sync -c feeds.conf");
	ck_assert_msg(r.status == 0, "%s", r.err);
	if (getenv("FRAUDSINK_TEST_SHOW") != NULL)
		fputs(r.err, stderr);
	run_free(&r);
	ck_assert_uint_eq(http_count(server, NULL), LISTS);
	db = site_db("blocklist.fsdb");
	fsk_db_info(db, &info);
	ck_assert_uint_gt(info.entries, 150000);
	ck_assert_uint_gt(info.urls, 5000);
	ck_assert_uint_gt(info.feeds, 14);
	site_blocks(db,
	    "google.com www.google.com github.com github.io docs.google.com "
	    "wikipedia.org microsoft.com com co.uk",
	    false);
	site_blocks(db, "made-up.example", true);
	fsk_db_close(db);

	run_feeds(&r, NULL, "sync -c feeds.conf");
	ck_assert_msg(r.status == 0, "%s", r.err);
	ck_assert_ptr_nonnull(strstr(r.err, "nothing changed"));
	ck_assert_ptr_null(strstr(r.err, ": new ("));
	run_free(&r);
	ck_assert_uint_eq(site_files("feeds/generations"), 1);
	run_feeds(&r, NULL, "status -c feeds.conf");
	ck_assert_msg(r.status == 0, "%s", r.out);
	if (getenv("FRAUDSINK_TEST_SHOW") != NULL)
		fputs(r.out, stderr);
	run_free(&r);
	http_stop(server);
	for (unsigned i = 0; i < LISTS; i++)
		free(bodies[i]);
}
END_TEST

/* ---- the units for systemd ---- */

static const char *const units[] = { "fraudsink-feeds.service",
	"fraudsink-feeds-sync.service", "fraudsink-feeds-sync.timer" };

START_TEST(units_are_good)
{
	const char *program = getenv("FRAUDSINK_TEST_FEEDS");
	char command[9000];

	if (access("/usr/bin/systemd-analyze", X_OK) == -1) {
		puts("skipped: units: no systemd-analyze");
		return;
	}
	/* All of them, with our program in the place of the installed one. */
	snprintf(command, sizeof(command),
	    "cd %s/contrib/systemd && for u in fraudsink-feeds*; do sed "
	    "'s|/usr/local/sbin/fraudsink-feeds|%s|' $u >%s/$u; done && cd %s "
	    "&& systemd-analyze verify --man=no ./%s >out 2>&1; cat out; "
	    "test ! -s out",
	    here, program, kit_dir, kit_dir, units[_i]);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("contrib/feeds.conf");
	TCase *tc = tcase_create("sample");

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_test(tc, it_is_good);
	tcase_add_test(tc, what_is_commented_out_is_good);
	tcase_add_test(tc, every_option_is_in_it);
	tcase_add_test(tc, with_real_lists_it_publishes);
	tcase_add_loop_test(
	    tc, units_are_good, 0, sizeof(units) / sizeof(*units));
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
