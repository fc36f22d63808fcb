/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What public lists have done to their users, as cases: each of these was in a
 * list that many loaded, and took down what nobody meant.  Here it is refused
 * with a reason, the rest of that list counts, and what it takes is blocked.
 * In the comments: when, and where that was discussed.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "feeds/state.h"
#include "lib/bypass.h"
#include "lib/policy.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/http.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

#define EVIL 200 /* names that every list has, rightly */

static struct http *server;
static char *bodies[4]; /* what it sends, for as long as it may */
static struct fsk_db *db;

static void
setup(void)
{
	site_setup();
	server = http_start();
	site_file("top", "100,dolby.com\n900,cosmote.net\n5000,late.example\n");
}

static void
teardown(void)
{
	fsk_db_close(db);
	http_stop(server);
	for (unsigned i = 0; i < 4; i++)
		free(bodies[i]);
	kit_teardown();
}

/* ---- lists ---- */

enum form { DOMAINS, HOSTS, ADBLOCK, URLS, WILDCARD, FORMS };

/* A list in FORM: EVIL names, with LINES in the middle, for free(). */
static char *
make_list(enum form form, const char *lines)
{
	static const char *const before[FORMS] = { "", "0.0.0.0 ", "||",
		"https://", "*." };
	static const char *const after[FORMS] = { "\n", "\n", "^\n", "/\n",
		"\n" };
	char *text = malloc(EVIL * 40 + strlen(lines) + 1), *p = text;

	for (unsigned i = 0; i < EVIL; i++) {
		if (i == EVIL / 2)
			p += sprintf(p, "%s", lines);
		p += sprintf(
		    p, "%sevil%u.example%s", before[form], i, after[form]);
	}
	return text;
}

/* The server gives BODY, which it keeps in place I. */
static void
serve(unsigned i, char *body)
{
	free(bodies[i]);
	bodies[i] = body;
	http_clear(server);
	http_page(server, &(struct http_page){ .path = "/list", .body = body });
}

#define FEED "feed \"list\" { url = \"%s\" %s }\n%s\n"

/* The site of an operator who has changed little; FEED's own OPTIONS, and what
 * he says MORE. */
static void
configure(const char *options, const char *more)
{
	char text[2000];

	snprintf(text, sizeof(text),
	    "retries = 0\nprotected = {\"@/top\"}\n"
	    "never-blocked = {\"www.bank.example\"}\n"
	    "always-blocked = {\"evil0.example\"}\n"
	    "own-names = {\"isp.example\"}\n" FEED,
	    http_url(server, "/list"), options, more);
	site_write(text);
}

/* Runs a round, which must end with STATUS; what it said, for free(). */
static char *
sync_says(int status)
{
	struct run r;

	run_feeds(&r, NULL, "sync -c feeds.conf");
	ck_assert_msg(
	    r.status == status, "exit status %d: %s", r.status, r.err);
	free(r.out);
	fsk_db_close(db);
	db = site_db("list.fsdb");
	return r.err;
}

/* Fails the test unless all rightly listed names are blocked. */
static void
still_blocks(void)
{
	char name[40];

	for (unsigned i = 0; i < EVIL; i++) {
		snprintf(name, sizeof(name), "x.evil%u.example", i);
		site_blocks(db, name, true);
	}
}

/* Whether an alias that leads to TEXT would be answered. */
static bool
alias_blocks(const char *text)
{
	const struct fsk_name name = kit_name(text);
	struct fsk_question q = { .qtype = 1 };
	struct fsk_verdict v;

	fsk_db_query(db, &q.q, name.wire, name.len);
	fsk_verdict_alias(db, NULL, &q, &v);
	return v.block;
}

/* ---- names ---- */

static const struct {
	enum form form;
	const char *lines;    /* what should not have been there */
	const char *innocent; /* what must resolve */
	const char *refused;  /* of the lines, with blanks between */
	const char *why;
} names[] = {
	/* 2024-08-05, ShadowWhisperer/BlockLists#163 */
	{ DOMAINS, "google.com\nreddit.com\n",
	    "google.com www.google.com reddit.com www.reddit.com",
	    "google.com reddit.com", "protected" },
	/* 2023-08-05, elliotwutingfeng/Inversion-DNSBL-Blocklists#4 */
	{ DOMAINS, "google.com\nakamai.net\n",
	    "google.com mail.google.com akamai.net a1.b.akamai.net",
	    "akamai.net", "a private suffix, under which others live" },
	{ DOMAINS, "cosmote.net\ndolby.com\n",
	    "cosmote.net www.cosmote.net dolby.com", "cosmote.net dolby.com",
	    "popular" },
	/* 2025-06, the same #6 */
	{ HOSTS, "0.0.0.0 cdn.cloudflare.net\n",
	    "cdn.cloudflare.net www.example.com.cdn.cloudflare.net",
	    "cdn.cloudflare.net", "protected" },
	/* 2020-09, nextdns/metadata#389: an alias of Apple's */
	{ ADBLOCK, "||appleid.apple.com.akadns.net^\n",
	    "appleid.apple.com appleid.apple.com.akadns.net",
	    "appleid.apple.com.akadns.net", "the alias of a protected name" },
	/* 2024-12, hagezi/dns-blocklists#4537: an alias of Google's */
	{ DOMAINS, "forcesafesearch.google.com\n",
	    "www.google.com forcesafesearch.google.com",
	    "forcesafesearch.google.com", "protected" },
	/* 2026-06, blocklistproject/Lists#1653 */
	{ HOSTS, "0.0.0.0 github.com\n0.0.0.0 www.github.com\n",
	    "github.com www.github.com api.github.com",
	    "github.com www.github.com", "protected" },
	{ DOMAINS, "*.github.com\n", "github.com api.github.com",
	    "*.github.com", "protected" },
	{ URLS, "https://github.com/\n", "github.com", "github.com",
	    "protected" },
	/* pfBlockerNG#1541 */
	{ ADBLOCK, "||github.io^\n", "github.io debian.github.io", "github.io",
	    "a private suffix, under which others live" },
	/* 2025-08-24, Ultimate.Hosts.Blacklist#723, 724, 708, 653 */
	{ HOSTS, "0.0.0.0 akadns.net\n",
	    "akadns.net www.microsoft.com.nsatc.akadns.net", "akadns.net",
	    "a private suffix, under which others live" },
	{ HOSTS,
	    "0.0.0.0 login.microsoftonline.com\n0.0.0.0 teams.microsoft.com\n"
	    "0.0.0.0 outlook.com\n0.0.0.0 www.microsoft.com\n",
	    "login.microsoftonline.com teams.microsoft.com outlook.com "
	    "www.microsoft.com",
	    "login.microsoftonline.com teams.microsoft.com outlook.com "
	    "www.microsoft.com",
	    "protected" },
	/* 2025-08-10, Tempest-Solutions-Company/pihole_blocklists#9 */
	{ DOMAINS, "accounts.google.com\n", "accounts.google.com",
	    "accounts.google.com", "protected" },
	/* WaLLy3K/wally3k.github.io#93 */
	{ DOMAINS, "windows.net\n",
	    "windows.net login.windows.net x.blob.core.windows.net",
	    "windows.net", "protected" },
	{ DOMAINS, "*.windows.net\n", "x.blob.core.windows.net",
	    "*.windows.net", "protected" },
	/* 2021, Quad9 and GrapheneOS */
	{ DOMAINS, "connectivitycheck.grapheneos.network\n",
	    "connectivitycheck.grapheneos.network",
	    "connectivitycheck.grapheneos.network", "protected" },
	{ DOMAINS, "grapheneos.network\n",
	    "connectivitycheck.grapheneos.network", "grapheneos.network",
	    "protected" },
	/* 2020, privacy-protection-tools/anti-AD#274 */
	{ DOMAINS, "www.cnnic.net.cn\n", "www.cnnic.net.cn cnnic.net.cn",
	    "www.cnnic.net.cn", "protected" },
	/* hagezi/dns-blocklists#5343 */
	{ ADBLOCK, "||fzapp.gjfzpt.cn^\n", "fzapp.gjfzpt.cn", "fzapp.gjfzpt.cn",
	    "protected" },
	/* Broad wildcards (dns-aid-core pull request 79). */
	{ WILDCARD, "*.com\n*.co.uk\n*.net\n", "a.com a.co.uk a.net", "com net",
	    "a top-level domain" },
	{ DOMAINS, "com\nco.uk\ngov.tw\n", "a.com a.co.uk www.gov.tw",
	    "co.uk gov.tw", "a public suffix" },
	/* What belongs to the operator, to his canaries, to the feed. */
	{ DOMAINS, "isp.example\nmail.isp.example\n",
	    "isp.example mail.isp.example www.isp.example",
	    "isp.example mail.isp.example", "the operator's own" },
	{ DOMAINS, "bank.example\n", "www.bank.example", "bank.example",
	    "protected" },
	{ DOMAINS, "www.bank.example\n", "www.bank.example", "www.bank.example",
	    "protected" },
	{ DOMAINS, "lists.test\n", "feeds.lists.test lists.test", "lists.test",
	    "protected" },
	{ DOMAINS, "feeds.lists.test\n", "feeds.lists.test", "feeds.lists.test",
	    "protected" },
	{ DOMAINS, "ns.xfr.test\n", "ns.xfr.test", "ns.xfr.test", "protected" },
	{ DOMAINS, "sinkhole.test\n", "warn.sinkhole.test", "sinkhole.test",
	    "protected" },
	/* Special-use names (RFC 6761). */
	{ HOSTS, "0.0.0.0 printer.local\n0.0.0.0 a.home.arpa\n",
	    "printer.local a.home.arpa", "printer.local a.home.arpa",
	    "a special-use name (RFC 6761)" },
	/* Popular, but not so much that no two feeds could be right. */
	{ DOMAINS, "late.example\n", "late.example", "late.example",
	    "popular or shared: more feeds must agree" },
};

START_TEST(a_name_that_nobody_meant)
{
	char *words = strdup(names[_i].refused), *save, *said, *refused;
	size_t len;

	configure("aliases = yes",
	    "feed \"other\" { url = \"https://feeds.lists.test/x\" "
	    "enabled = no }\n"
	    "feed \"zone\" { server = \"ns.xfr.test:5353\" zone = \"rpz\" "
	    "enabled = no cname = \"warn.sinkhole.test\" }");
	serve(0, make_list(names[_i].form, names[_i].lines));
	said = sync_says(0);
	free(said);
	site_blocks(db, names[_i].innocent, false);
	still_blocks();
	refused = state_text(kit_path("state/refused"), &len);
	for (char *w = strtok_r(words, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save)) {
		char line[200];

		snprintf(line, sizeof(line), "list\t%s\t%s", w, names[_i].why);
		site_has_line(refused, line, "");
		if (strncmp(w, "*.", 2) != 0)
			ck_assert(!alias_blocks(w));
	}
	free(refused);
	free(words);
	ck_assert(alias_blocks("evil7.example"));
	/* It is in the status, too. */
	said = run_output("status -c feeds.conf");
	ck_assert_ptr_nonnull(strstr(said, "\nlist "));
	free(said);
}
END_TEST

/* ---- URLs and addresses ---- */

START_TEST(a_path_on_a_host_of_many)
{
	char *said;

	configure("format = urls", "");
	serve(0,
	    make_list(URLS,
		"https://github.com/evil/repo\n"
		"https://docs.google.com/forms/d/e/1/viewform\n"
		"https://evil.github.io/login\n"
		"https://raw.githubusercontent.com/evil/x/main/a.sh\n"
		"https://x.blob.core.windows.net/$web/index.html\n"));
	said = sync_says(0);
	free(said);
	site_blocks(db,
	    "github.com docs.google.com google.com raw.githubusercontent.com "
	    "github.io githubusercontent.com",
	    false);
	/* The customer's own host is his. */
	site_blocks(db, "evil.github.io", true);
	still_blocks();
	free(run_output("lookup -d list.fsdb https://github.com/evil/repo"));
}
END_TEST

/* 2026-09, olbat/ut1-blacklists#40: an address of GitHub Pages among the names;
 * 2023-12, firehol/blocklist-ipsets#198, 243, 285, bitwire-it/ipblocklist#20:
 * ranges of GitHub's, www.google.com by its address. */
#define ADDRESSES \
	"185.199.108.153\n140.82.112.0/20\n142.250.0.0/15\n20.0.0.0/8\n" \
	"2606:50c0:8000::153\n0.0.0.0/0\n::/0\n127.0.0.1\n192.168.1.1\n"

START_TEST(an_address_that_many_share)
{
	const struct fsk_policy *p;
	uint8_t addr[FSK_ADDR_LEN];
	char *said;

	configure("format = domains", "");
	serve(0, make_list(DOMAINS, ADDRESSES));
	said = sync_says(0);
	ck_assert_ptr_nonnull(strstr(said, "9 not applicable"));
	free(said);
	still_blocks();
	/* Addresses of answers are not looked at at all. */
	p = fsk_db_policy(db);
	ck_assert(!fsk_policy_settings(p)->look_at_answers);
	ck_assert(fsk_addr_read("185.199.108.153", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), -1);
}
END_TEST

START_TEST(ranges_of_giants)
{
	const struct fsk_policy *p;
	uint8_t addr[FSK_ADDR_LEN];
	char *said, *refused;
	size_t len;

	/* Even where the operator wants addresses. */
	configure("format = domains addresses = yes", "");
	serve(0, make_list(DOMAINS, ADDRESSES));
	said = sync_says(0);
	free(said);
	still_blocks();
	refused = state_text(kit_path("state/refused"), &len);
	site_has_line(refused, "list\t142.250.0.0/15\ttoo many addresses", "");
	site_has_line(refused, "list\t20.0.0.0/8\ttoo many addresses", "");
	site_has_line(refused, "list\t0.0.0.0/0\ttoo many addresses", "");
	site_has_line(refused, "list\t::/0\ttoo many addresses", "");
	site_has_line(
	    refused, "list\t127.0.0.1/32\tspecial-purpose addresses", "");
	site_has_line(
	    refused, "list\t192.168.1.1/32\tspecial-purpose addresses", "");
	free(refused);
	p = fsk_db_policy(db);
	ck_assert(fsk_addr_read("142.250.184.196", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), -1);
	ck_assert(fsk_addr_read("127.0.0.1", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), -1);
}
END_TEST

/* ---- contents ---- */

/* Publishes the good list, then serves BODY (for free()) instead, which must be
 * refused with WHY; all stays as it was. */
static void
refuses(const char *options, char *body, const char *why)
{
	char *said;

	configure(options, "");
	serve(0, make_list(DOMAINS, ""));
	free(sync_says(0));
	still_blocks();
	serve(1, body);
	said = sync_says(1);
	ck_assert_msg(strstr(said, "list: FAILED: ") != NULL &&
		strstr(said, why) != NULL &&
		strstr(said, "its list of 0.0 hours ago stays") != NULL,
	    "no '%s' in:\n%s", why, said);
	free(said);
	still_blocks();
	site_blocks(db, "github.com google.com www.google.com", false);
	ck_assert_uint_eq(site_files("state/generations"), 1);
	/* The status says so, and tells it is ill. */
	{
		struct run r;

		run_feeds(&r, NULL, "status -c feeds.conf");
		ck_assert_int_eq(r.status, 1);
		ck_assert_msg(strstr(r.out, why) != NULL, "%s", r.out);
		run_free(&r);
	}
}

static const struct {
	const char *body, *why;
} pages[] = {
	/* 2020, blocklistproject/Lists#51: parsed as a list. */
	{ "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	  "<title>Page not found - GitHub</title>\n"
	  "<link rel=\"dns-prefetch\" href=\"https://github.githubassets.com\">"
	  "\n</head>\n<body>\n<a href=\"https://github.com/\">github.com</a>\n"
	  "</body>\n</html>\n",
	    "" },
	{ "<html><head><title>302 Found</title></head><body>\n"
	  "Log in at <a href=\"https://accounts.google.com\">Google</a>\n"
	  "</body></html>\n",
	    "" },
	{ "404: Not Found", "" },
	{ "Not Found\n", "" },
	{ "error code: 1015\n", "" },
	{ "{\"error\":\"rate limited\",\"url\":\"https://github.com\"}\n", "" },
	{ "version https://git-lfs.github.com/spec/v1\n"
	  "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2\n"
	  "size 12345\n",
	    "" },
	{ "", "only 0 names" },
	{ "# This list has moved to https://github.com/x\n", "only 0 names" },
	{ "%PDF-1.4\n%\342\343\317\323\n1 0 obj\n", "" },
	{ "\x1f\x8b\x08", "" },
};

START_TEST(a_page_is_no_list)
{
	refuses("format = domains", strdup(pages[_i].body), pages[_i].why);
}
END_TEST

START_TEST(a_page_is_no_list_whatever_it_might_be)
{
	refuses("", strdup(pages[_i].body), pages[_i].why);
}
END_TEST

START_TEST(a_list_that_lost_most_of_itself)
{
	char *less = make_list(DOMAINS, "");

	*strstr(less, "evil70.") = '\0';
	refuses("", less, "it shrank from 200 to 70 names, by more than 50 %");
}
END_TEST

START_TEST(a_list_that_doubled)
{
	char *more = malloc(EVIL * 100), *p = more;

	for (unsigned i = 0; i < 4 * EVIL; i++)
		p += sprintf(p, "evil%u.example\n", i);
	refuses("max-growth = 100", more,
	    "it grew from 200 to 800 names, by more than 100 %");
}
END_TEST

START_TEST(a_list_of_something_else)
{
	char *text = malloc(EVIL * 100), *p = text;

	for (unsigned i = 0; i < EVIL; i++)
		p += sprintf(
		    p, "evil%u.example\nsome words %u, and more\n", i, i);
	refuses("format = domains", text, "200 of 400 lines are bad");
}
END_TEST

/* Without the guard of the feed the canary still keeps the list. */
START_TEST(an_empty_list_although_one_asked_for_it)
{
	char *said;

	configure("min-names = 0 max-shrink = 100", "");
	serve(0, make_list(DOMAINS, ""));
	free(sync_says(0));
	serve(1, strdup("# nothing\n"));
	said = sync_says(2);
	ck_assert_ptr_nonnull(strstr(said, "what was in force stays"));
	free(said);
	still_blocks();
}
END_TEST

/* ---- real collapses ---- */

static const struct {
	const char *before, *after, *why;
} series[] = {
	{ "collapse_nrd_empty/01_101eb33b4875.txt",
	    "collapse_nrd_empty/02_9e0641791b77.txt", "only 0 names" },
	{ "collapse_gaso/01_82e3e2d9b6c6.txt",
	    "collapse_gaso/02_3e290df9980a.txt", "it shrank from 6" },
};

/* A file of the real data, for free(); NULL where there is none. */
static char *
real(const char *name)
{
	const char *data = getenv("FRAUDSINK_TEST_DATA");
	char path[400];
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", data != NULL ? data : "", name);
	return state_text(path, &len);
}

START_TEST(a_real_collapse)
{
	char name[200], *before, *after, *said;

	snprintf(name, sizeof(name), "feeds/series/%s", series[_i].before);
	before = real(name);
	snprintf(name, sizeof(name), "feeds/series/%s", series[_i].after);
	after = real(name);
	if (before == NULL || after == NULL) {
		puts("skipped: real collapses: no real data");
		return;
	}
	{
		char text[500];

		snprintf(text, sizeof(text),
		    "feed \"list\" { url = \"%s\" format = domains }",
		    http_url(server, "/list"));
		site_write(text);
	}
	serve(0, before);
	free(sync_says(0));
	serve(1, after);
	said = sync_says(1);
	ck_assert_msg(strstr(said, series[_i].why) != NULL, "%s", said);
	free(said);
	ck_assert_uint_eq(site_files("state/generations"), 1);
}
END_TEST

/* The worst list there could be: all that is popular, and all suffixes. */
START_TEST(all_that_is_popular_at_once)
{
	const char *data = getenv("FRAUDSINK_TEST_DATA");
	char text[1200], *said;
	struct fsk_db_info info;

	snprintf(text, sizeof(text),
	    "%s/legit/tranco-like_top50k_2025_ranked.csv.zst",
	    data != NULL ? data : "");
	if (access(text, R_OK) == -1) {
		puts("skipped: all that is popular: no real data");
		return;
	}
	snprintf(text, sizeof(text),
	    "zstd -qdc %s/legit/tranco-like_top50k_2025_ranked.csv.zst | "
	    "cut -d, -f2 | tr -d '\\r' >%s/popular && zstd -qdc "
	    "%s/psl/public_suffix_list.dat.zst | grep '^[a-z.]*$' "
	    ">>%s/popular; seq -f evil%%g.example 0 199 >>%s/popular",
	    data, kit_dir, data, kit_dir, kit_dir);
	ck_assert_int_eq(system(text), 0);
	snprintf(text, sizeof(text),
	    "protected = {\"%s/legit/tranco-like_top50k_2025_ranked.csv.zst\"}"
	    "\nfeed \"list\" { url = \"@/popular\" format = domains }",
	    data);
	site_write(text);
	said = sync_says(0);
	free(said);
	still_blocks();
	fsk_db_info(db, &info);
	/* Of 60,000 names hardly one that is not evil: suffixes that are
	 * younger than the system's list of them. */
	ck_assert_uint_ge(info.entries, 200);
	ck_assert_uint_lt(info.entries, 400);
	site_blocks(db, "google.com wikipedia.org bbc.co.uk co.uk", false);
}
END_TEST

/* ---- and if it happens all the same ---- */

/* 2025, Taiwan's RPZ: redress for legitimate sites. */
START_TEST(what_is_wrongly_listed_passes_at_once)
{
	struct fsk_question q = { .qtype = 1, .now = (int64_t)time(NULL) + 1 };
	const struct fsk_name name = kit_name("shop.example");
	struct fsk_bypasses b;
	struct fsk_error err;
	struct fsk_verdict v;

	configure("", "");
	serve(0, make_list(DOMAINS, "shop.example\n"));
	free(sync_says(0));
	site_blocks(db, "shop.example", true);
	free(run_output("bypass -c feeds.conf shop.example --for 7d --by "
			"ministry --why appeal"));
	ck_assert_int_eq(
	    fsk_bypasses_read(&b, kit_path("list.fsdb.bypass"), &err), FSK_OK);
	fsk_db_query(db, &q.q, name.wire, name.len);
	fsk_verdict(db, &b, &q, &v);
	ck_assert(!v.block);
	ck_assert_int_eq((int)v.reason, FSK_BYPASSED);
	fsk_bypasses_fini(&b);
	still_blocks();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("incidents");
	TCase *tc = tcase_create("names");

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_name_that_nobody_meant, 0, COUNT(names));
	tcase_add_test(tc, a_path_on_a_host_of_many);
	tcase_add_test(tc, an_address_that_many_share);
	tcase_add_test(tc, ranges_of_giants);
	suite_add_tcase(s, tc);
	tc = tcase_create("contents");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_page_is_no_list, 0, COUNT(pages));
	tcase_add_loop_test(
	    tc, a_page_is_no_list_whatever_it_might_be, 0, COUNT(pages));
	tcase_add_test(tc, a_list_that_lost_most_of_itself);
	tcase_add_test(tc, a_list_that_doubled);
	tcase_add_test(tc, a_list_of_something_else);
	tcase_add_test(tc, an_empty_list_although_one_asked_for_it);
	tcase_add_loop_test(tc, a_real_collapse, 0, COUNT(series));
	tcase_add_test(tc, all_that_is_popular_at_once);
	tcase_add_test(tc, what_is_wrongly_listed_passes_at_once);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
