/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/policy.c, group_list.c and prefix_file.c: from feeds.conf to what the
 * resolver does, through a real database and its own verdict. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/policy.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

static struct fsk_db *db;

static void
setup(void)
{
	site_setup();
	site_file("phish", "phish.example\nboth.example\n");
	site_file("spam", "spam.example\nboth.example\n");
	site_file("bank", "bank.example\n");
}

static void
teardown(void)
{
	fsk_db_close(db);
	kit_teardown();
}

#define FEEDS \
	"feed \"phish\" { url = \"@/phish\" category = phishing }\n" \
	"feed \"spam\" { url = \"@/spam\" category = spam " \
	"severity = yellow }\n" \
	"allow \"bank\" { url = \"@/bank\" }\n"

/* Publishes what the configuration TEXT makes of the feeds. */
static void
with(const char *text)
{
	fsk_db_close(db);
	db = NULL;
	site_write(text);
	free(run_output("sync -c feeds.conf --force -q"));
	db = site_db("list.fsdb");
}

/* Fails the test unless CLIENT (NULL: nobody) gets WANT for NAME. */
static void
gets(const char *client, const char *name, const char *want)
{
	ck_assert_msg(strcmp(site_ask(db, name, 0, client, 0), want) == 0,
	    "%s asks for %s: %s, not %s", client != NULL ? client : "nobody",
	    name, site_ask(db, name, 0, client, 0), want);
}

/* ---- who gets which answer ---- */

START_TEST(without_a_policy_all_are_the_same)
{
	with(FEEDS);
	gets(NULL, "phish.example", "nxdomain");
	gets("192.0.2.1", "x.spam.example", "nxdomain");
	gets(NULL, "other.example", "not listed");
	gets(NULL, "bank.example", "allowed");
	ck_assert(!fsk_verdict_differs(db, NULL));
}
END_TEST

START_TEST(a_matrix_of_answers)
{
	with(FEEDS
	    "policy { action = nodata\n"
	    "category \"spam\" { action = refused }\n"
	    "group \"feed\" { prefixes = {\"10.1.0.0/16\"} action = drop\n"
	    "feed \"spam\" { action = log } category \"spam\" { action = "
	    "servfail } }\n"
	    "group \"category\" { prefixes = {\"10.2.0.0/16\"} action = drop\n"
	    "category \"spam\" { action = servfail } "
	    "grade \"yellow\" { action = tcp-only } }\n"
	    "group \"grade\" { prefixes = {\"10.3.0.0/16\"} action = drop\n"
	    "grade \"yellow\" { action = tcp-only } }\n"
	    "group \"plain\" { prefixes = {\"10.4.0.0/16\"} action = drop }\n"
	    "group \"pass\" { prefixes = {\"10.5.0.0/16\"} "
	    "action = passthru }\n"
	    "group \"off\" { prefixes = {\"10.6.0.0/16\"} off = yes }\n"
	    "group \"same\" { prefixes = {\"10.7.0.0/16\"} } }");
	gets(NULL, "phish.example", "nodata");
	gets(NULL, "spam.example", "refused");
	gets("10.0.0.1", "spam.example", "refused");
	gets("10.1.0.1", "phish.example", "drop");
	gets("10.1.0.1", "spam.example", "would");
	gets("10.2.0.1", "spam.example", "servfail");
	gets("10.3.0.1", "spam.example", "tcp-only");
	gets("10.3.0.1", "phish.example", "drop");
	gets("10.4.0.1", "spam.example", "drop");
	gets("10.5.0.1", "spam.example", "passed");
	gets("10.6.0.1", "spam.example", "off");
	gets("10.7.0.1", "spam.example", "refused");
	gets("10.7.0.1", "phish.example", "nodata");
	/* Of two feeds the higher severity. */
	gets(NULL, "both.example", "nodata");
	gets("10.3.0.1", "both.example", "drop");
	ck_assert(fsk_verdict_differs(db, NULL));
}
END_TEST

START_TEST(answers_have_all_that_was_said)
{
	struct fsk_question q = { .qtype = 28 };
	const struct fsk_name name = kit_name("phish.example");
	struct fsk_verdict v;

	with(FEEDS "policy { sinkhole = \"192.0.2.7, 2001:db8::7\" ttl = 7 "
		   "ede = censored ede-text = \"no {feed}\" "
		   "soa-mname = \"ns.example\" soa-rname = \"root.example\" }");
	fsk_db_query(db, &q.q, name.wire, name.len);
	fsk_verdict(db, NULL, &q, &v);
	ck_assert(v.block);
	ck_assert_int_eq((int)v.answer->action, FSK_SINKHOLE);
	ck_assert_uint_eq(v.answer->ttl, 7);
	ck_assert_uint_eq(v.answer->ede, FSK_EDE_CENSORED);
	ck_assert_str_eq(v.answer->text, "no {feed}");
	ck_assert_uint_eq(v.answer->count4, 1);
	ck_assert_uint_eq(v.answer->count6, 1);
	ck_assert_mem_eq(v.answer->addr4[0], "\xc0\x00\x02\x07", 4);
	ck_assert_uint_eq(v.answer->mname.len, kit_name("ns.example").len);
	ck_assert_uint_eq(v.answer->rname.len, kit_name("root.example").len);
}
END_TEST

START_TEST(only_some_types)
{
	with("feed \"phish\" { url = \"@/phish\" types = {A, HTTPS} }\n"
	     "feed \"spam\" { url = \"@/spam\" }\n");
	ck_assert_str_eq(site_ask(db, "phish.example", 1, NULL, 0), "nxdomain");
	ck_assert_str_eq(
	    site_ask(db, "phish.example", 65, NULL, 0), "nxdomain");
	ck_assert_str_eq(
	    site_ask(db, "phish.example", 15, NULL, 0), "other type");
	ck_assert_str_eq(site_ask(db, "spam.example", 15, NULL, 0), "nxdomain");
}
END_TEST

START_TEST(classes_are_few)
{
	char text[8000] = "";

	for (unsigned i = 0; i < 40; i++) {
		char one[64];

		snprintf(one, sizeof(one), "f%u", i);
		site_file(one, "a.example\n");
		sprintf(text + strlen(text),
		    "feed \"f%u\" { url = \"@/f%u\" ttl = %u }\n", i, i,
		    60 + i % 2);
	}
	with(text);
	/* Two answers, with aliases or not: which no one wants here. */
	ck_assert_uint_le(fsk_policy_classes(fsk_db_policy(db)), 4);
}
END_TEST

/* ---- clients ---- */

START_TEST(the_longest_prefix_decides)
{
	with(FEEDS
	    "policy {\n"
	    "group \"wide\" { prefixes = {\"10.0.0.0/8\", \"2001:db8::/32\"} "
	    "action = nodata }\n"
	    "group \"narrow\" { prefixes = {\"10.1.0.0/16\", "
	    "\"2001:db8:1::/48\"} action = refused }\n"
	    "group \"one\" { prefixes = {\"10.1.2.3\", \"2001:db8:1::1\"} "
	    "action = servfail }\n"
	    "group \"late\" { prefixes = {\"10.1.0.0/16\"} action = drop } }");
	gets("10.2.0.1", "phish.example", "nodata");
	gets("10.1.0.1", "phish.example", "refused");
	gets("10.1.2.3", "phish.example", "servfail");
	gets("10.1.2.4", "phish.example", "refused");
	gets("11.0.0.0", "phish.example", "nxdomain");
	gets("2001:db8::1", "phish.example", "nodata");
	gets("2001:db8:1::2", "phish.example", "refused");
	gets("2001:db8:1::1", "phish.example", "servfail");
	gets("2001:db9::1", "phish.example", "nxdomain");
	gets("::ffff:10.1.2.3", "phish.example", "servfail");
}
END_TEST

START_TEST(prefixes_of_files)
{
	struct run r;

	site_file("net",
	    "# our network\n10.0.0.0/8 # all of it\n\n"
	    "2001:db8::/32\r\n");
	site_file("more", "192.0.2.1");
	with(FEEDS "policy { group \"g\" { prefix-files = {\"@/net\", "
		   "\"@/more\"} prefixes = {\"192.0.2.9\"} action = drop } }");
	gets("10.9.9.9", "phish.example", "drop");
	gets("2001:db8::9", "phish.example", "drop");
	gets("192.0.2.1", "phish.example", "drop");
	gets("192.0.2.9", "phish.example", "drop");
	gets("192.0.2.2", "phish.example", "nxdomain");
	/* A line that is none stops all: somebody would be left out. */
	site_file("more", "192.0.2.1\n192.0.2.300\n");
	run_feeds(&r, NULL, "sync -c feeds.conf");
	ck_assert_int_eq(r.status, 2);
	ck_assert_msg(
	    strstr(r.err, "more:2: no prefix: ") != NULL, "%s", r.err);
	run_free(&r);
	site_file("more", "");
	with(FEEDS "policy { group \"g\" { prefix-files = {\"@/more\"} "
		   "action = drop } }");
	gets("192.0.2.1", "phish.example", "nxdomain");
	run_feeds(&r, NULL, "sync -c feeds.conf");
	ck_assert_int_eq(r.status, 0);
	run_free(&r);
}
END_TEST

START_TEST(many_groups)
{
	char *text = calloc(1, 200000), *p = text;

	p += sprintf(p, FEEDS "policy {\n");
	for (unsigned i = 0; i < 60; i++)
		p += sprintf(p,
		    "group \"g%u\" { prefixes = {\"10.0.%u.0/24\"} "
		    "ttl = %u action = %s block = {\"g%u.example\"} }\n",
		    i, i, i, i % 2 ? "nodata" : "refused", i);
	sprintf(p, "}\n");
	with(text);
	free(text);
	gets("10.0.0.1", "phish.example", "refused");
	gets("10.0.59.1", "phish.example", "nodata");
	gets("10.0.59.1", "g59.example", "nodata");
	gets("10.0.58.1", "g59.example", "not listed");
	gets("10.0.58.1", "g58.example", "refused");
	gets(NULL, "g58.example", "not listed");
}
END_TEST

/* ---- times ---- */

START_TEST(groups_have_hours)
{
	const int64_t now = (int64_t)time(NULL);
	int64_t midnight = now - now % 86400 + 86400;

	with(FEEDS "policy {\n"
		   "group \"day\" { prefixes = {\"10.0.0.0/8\"} time = "
		   "\"08:00-20:00\" "
		   "action = nodata }\n"
		   "group \"night\" { prefixes = {\"10.0.0.0/8\"} "
		   "time = \"22:00-06:00\" action = refused }\n"
		   "group \"rest\" { prefixes = {\"10.1.0.0/16\"} "
		   "time = \"06:00-07:00\" action = servfail } }");
	for (unsigned i = 0; i < 300; i += 37, midnight += 37 * 86400) {
		const struct {
			int h, min;
			const char *want;
		} at[] = { { 5, 59, "refused" }, { 6, 0, "nxdomain" },
			{ 7, 59, "nxdomain" }, { 8, 0, "nodata" },
			{ 19, 59, "nodata" }, { 20, 0, "nxdomain" },
			{ 22, 0, "refused" }, { 23, 59, "refused" } };

		for (size_t j = 0; j < sizeof(at) / sizeof(*at); j++)
			ck_assert_str_eq(
			    site_ask(db, "phish.example", 0, "10.0.0.1",
				midnight + at[j].h * 3600 + at[j].min * 60),
			    at[j].want);
		ck_assert_str_eq(site_ask(db, "phish.example", 0, "10.1.0.1",
				     midnight + 6 * 3600),
		    "servfail");
		ck_assert_str_eq(site_ask(db, "phish.example", 0, "11.0.0.1",
				     midnight + 12 * 3600),
		    "nxdomain");
	}
}
END_TEST

/* Outside its hours a group leaves its clients to the groups around it. */
START_TEST(shorter_prefixes_have_the_other_hours)
{
	const int64_t now = (int64_t)time(NULL);
	const int64_t midnight = now - now % 86400 + 86400;
	static const struct {
		const char *client;
		int hour;
		const char *want;
	} at[] = {
		{ "10.1.0.1", 6, "servfail" },
		{ "10.1.0.1", 9, "nodata" },
		{ "10.1.0.1", 21, "refused" },
		/* Two within, of which one has the same hours. */
		{ "10.1.2.1", 6, "drop" },
		{ "10.1.2.1", 9, "nodata" },
		{ "10.1.2.1", 21, "refused" },
		/* Behind one that is always there none is looked for. */
		{ "10.1.2.3", 6, "sinkhole" },
		{ "10.1.2.3", 21, "sinkhole" },
		{ "10.2.0.1", 6, "refused" },
		/* What holds the mapped prefixes holds no IPv4. */
		{ "11.1.0.1", 21, "nxdomain" },
		{ "2001:db8::1", 21, "tcp-only" },
	};

	with(FEEDS "policy {\n"
		   "group \"six\" { prefixes = {\"::/0\"} "
		   "action = tcp-only }\n"
		   "group \"all\" { prefixes = {\"10.0.0.0/8\"} "
		   "action = refused }\n"
		   "group \"day\" { prefixes = {\"10.1.0.0/16\"} "
		   "time = \"08:00-20:00\" action = nodata }\n"
		   "group \"rest\" { prefixes = {\"10.1.0.0/16\", "
		   "\"11.0.0.0/8\"} "
		   "time = \"06:00-07:00\" action = servfail }\n"
		   "group \"in\" { prefixes = {\"10.1.2.0/24\"} "
		   "time = \"06:00-07:00\" action = drop }\n"
		   "group \"one\" { prefixes = {\"10.1.2.3\"} "
		   "sinkhole = \"192.0.2.1\" } }");
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++)
		ck_assert_msg(
		    strcmp(site_ask(db, "phish.example", 0, at[i].client,
			       midnight + at[i].hour * 3600),
			at[i].want) == 0,
		    "%s at %d is not %s", at[i].client, at[i].hour, at[i].want);
}
END_TEST

/* ---- lists of groups ---- */

START_TEST(groups_have_lists)
{
	site_file("games", "game.example\n*.play.example\n");
	site_file("ok", "phish.example\n");
	with(FEEDS
	    "policy {\n"
	    "group \"schools\" { prefixes = {\"10.1.0.0/16\"} "
	    "block = {\"chat.example\", \"=one.example\", \"bank.example\"} "
	    "block-files = {\"@/games\"} allow = {\"spam.example\", "
	    "\"ok.chat.example\"} allow-files = {\"@/ok\"} action = nodata }\n"
	    "group \"others\" { prefixes = {\"10.2.0.0/16\"} "
	    "block = {\"other.example\"} } }");
	gets("10.1.0.1", "chat.example", "nodata");
	gets("10.1.0.1", "x.chat.example", "nodata");
	gets("10.1.0.1", "ok.chat.example", "allowed");
	gets("10.1.0.1", "one.example", "nodata");
	gets("10.1.0.1", "x.one.example", "not listed");
	gets("10.1.0.1", "game.example", "nodata");
	gets("10.1.0.1", "play.example", "not listed");
	gets("10.1.0.1", "x.play.example", "nodata");
	/* It goes before the list of all, both ways. */
	gets("10.1.0.1", "phish.example", "allowed");
	gets("10.1.0.1", "spam.example", "allowed");
	gets("10.1.0.1", "bank.example", "nodata");
	gets("10.1.0.1", "both.example", "nodata");
	/* For nobody else. */
	gets("10.2.0.1", "chat.example", "not listed");
	gets("10.2.0.1", "phish.example", "nxdomain");
	gets("10.2.0.1", "other.example", "nxdomain");
	gets(NULL, "chat.example", "not listed");
	gets(NULL, "spam.example", "nxdomain");
	gets(NULL, "bank.example", "allowed");
}
END_TEST

START_TEST(lists_of_groups_are_read_again)
{
	site_file("games", "");
	with(FEEDS "policy { group \"g\" { prefixes = {\"10.0.0.0/8\"} "
		   "block-files = {\"@/games\"} } }");
	gets("10.0.0.1", "game.example", "not listed");
	site_file("games", "game.example\n");
	free(run_output("sync -c feeds.conf -q"));
	fsk_db_close(db);
	db = site_db("list.fsdb");
	gets("10.0.0.1", "game.example", "nxdomain");
	{
		struct run r;

		site_file("games", "game.example\nno name\n");
		run_feeds(&r, NULL, "sync -c feeds.conf");
		ck_assert_int_eq(r.status, 2);
		ck_assert_msg(strstr(r.err, "games:2: ") != NULL, "%s", r.err);
		run_free(&r);
	}
}
END_TEST

START_TEST(lists_of_groups_in_secret)
{
	uint8_t *bytes;
	size_t len;

	with("secret = yes\n" FEEDS
	     "policy { group \"g\" { prefixes = {\"10.0.0.0/8\"} "
	     "block = {\"unspeakable.example\"} } }");
	gets("10.0.0.1", "unspeakable.example", "nxdomain");
	gets("10.0.0.1", "phish.example", "nxdomain");
	gets(NULL, "unspeakable.example", "not listed");
	bytes = kit_read(kit_path("list.fsdb"), &len);
	ck_assert_ptr_null(memmem(bytes, len, "unspeakable", 11));
	free(bytes);
}
END_TEST

START_TEST(a_group_of_allowed_names_only)
{
	with(FEEDS "policy { group \"g\" { prefixes = {\"10.0.0.0/8\"} "
		   "allow = {\"phish.example\"} } }");
	gets("10.0.0.1", "x.phish.example", "allowed");
	gets("10.0.0.1", "spam.example", "nxdomain");
	gets(NULL, "phish.example", "nxdomain");
}
END_TEST

/* ---- rules ---- */

static struct fsk_attr
attr_of(const char *text)
{
	const struct fsk_name name = kit_name(text);
	struct fsk_found found;
	struct fsk_attr a;

	kit_lookup(db, name.wire, name.len, &found);
	ck_assert(found.covered);
	fsk_db_attr(db, found.attr, &a);
	return a;
}

START_TEST(rules_have_cases)
{
	site_file("orders", "b.example\nphish.example\n");
	with(FEEDS
	    "policy { action = nodata\n"
	    "rule \"court\" { names = {\"a.example\"} files = {\"@/orders\"} "
	    "case = \"7/26\" authority = \"Court\" legal-basis = \"Act\" "
	    "contact = \"mailto:c@court.example\" action = refused }\n"
	    "rule \"exact\" { names = {\"c.example\"} match = exact "
	    "category = terror severity = yellow }\n"
	    "group \"g\" { prefixes = {\"10.0.0.0/8\"} action = drop } }");
	gets(NULL, "a.example", "refused");
	gets(NULL, "x.b.example", "refused");
	/* Its answer goes before that of feeds and of groups. */
	gets(NULL, "phish.example", "refused");
	gets("10.0.0.1", "phish.example", "refused");
	gets("10.0.0.1", "spam.example", "drop");
	gets(NULL, "c.example", "nodata");
	gets("10.0.0.1", "c.example", "drop");
	gets(NULL, "x.c.example", "not listed");
	ck_assert_str_eq(attr_of("a.example").case_number, "7/26");
	ck_assert_str_eq(attr_of("b.example").case_number, "7/26");
	ck_assert_str_eq(attr_of("phish.example").case_number, "7/26");
	ck_assert_str_eq(attr_of("a.example").category, "order");
	ck_assert_str_eq(attr_of("c.example").category, "terror");
	ck_assert_int_eq((int)attr_of("c.example").severity, FSK_YELLOW);
	ck_assert_uint_eq(attr_of("phish.example").feeds, 2);
}
END_TEST

/* ---- aliases, addresses, settings ---- */

/* Whether an alias that leads to TEXT is answered. */
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

START_TEST(aliases_count_where_that_is_said)
{
	site_file("phish",
	    "phish.example\nevil.akadns.net\n"
	    "evil.trafficmanager.net\n");
	with(FEEDS "policy { category \"phishing\" { aliases = yes } }");
	ck_assert(alias_blocks("x.phish.example"));
	ck_assert(!alias_blocks("spam.example"));
	/* Many owners' aliases lead there. */
	gets(NULL, "evil.akadns.net", "nxdomain");
	ck_assert(!alias_blocks("evil.akadns.net"));
	ck_assert(!alias_blocks("evil.trafficmanager.net"));
	ck_assert(!alias_blocks("bank.example"));
}
END_TEST

START_TEST(addresses_where_that_is_said)
{
	const struct fsk_policy *p;
	uint8_t addr[FSK_ADDR_LEN];
	uint32_t attr;

	site_file("ips",
	    "192.0.2.7\n198.51.100.0/24\n10.0.0.1\n"
	    "2001:db8::/32\nname.example\n0.0.0.0/0\n");
	site_file("table", "dst_ip,port\n192.0.2.9,443\n");
	with(FEEDS "feed \"table\" { url = \"@/table\" addresses = yes }\n"
		   "feed \"ips\" { url = \"@/ips\" format = domains "
		   "addresses = yes }\n"
		   "feed \"no\" { url = \"@/ips\" format = domains "
		   "enabled = yes }\n"
		   "policy { rule \"r\" { prefixes = {\"203.0.113.7\"} } }");
	p = fsk_db_policy(db);
	ck_assert(fsk_policy_settings(p)->look_at_answers);
	ck_assert(!fsk_policy_settings(p)->look_at_places);
	ck_assert(!fsk_policy_settings(p)->look_at_servers);
	ck_assert(fsk_addr_read("192.0.2.7", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), 128);
	ck_assert(fsk_addr_read("198.51.100.9", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), 120);
	ck_assert(fsk_addr_read("203.0.113.7", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), 128);
	ck_assert(fsk_addr_read("192.0.2.9", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), 128);
	ck_assert(fsk_addr_read("10.0.0.1", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), -1);
	ck_assert(fsk_addr_read("192.0.2.8", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), -1);
	ck_assert(fsk_db_find_url(db, "ip:192.0.2.7/32", &attr));
	ck_assert(fsk_db_find_url(db, "ip:2001:db8::/32", &attr));
	ck_assert(fsk_db_find_url(db, "ip:203.0.113.7/32", &attr));
	ck_assert(!fsk_db_find_url(db, "ip:10.0.0.1/32", &attr));
	gets(NULL, "name.example", "nxdomain");
}
END_TEST

START_TEST(who_lists_an_address_is_told)
{
	char *out;

	site_file("ips", "198.51.100.0/24\n2001:db8::/32\n");
	site_file("fine", "198.51.100.7\n");
	with("feed \"ips\" { url = \"@/ips\" addresses = yes case = \"C1\" "
	     "authority = \"The Office\" }\n"
	     "allow \"fine\" { url = \"@/fine\" addresses = yes }\n");
	out = run_output(
	    "lookup -d list.fsdb 198.51.100.9 198.51.100.7 192.0.2.1");
	ck_assert_ptr_eq(strstr(out,
			     "198.51.100.9: nxdomain, entry "
			     "198.51.100.0/24 (address), feed ips, "),
	    out);
	ck_assert_ptr_nonnull(strstr(out, ", case C1, authority The Office\n"));
	ck_assert_ptr_nonnull(strstr(out,
	    "\n198.51.100.7: allow, entry 198.51.100.7/32 (address), feed "
	    "fine, "));
	ck_assert_ptr_nonnull(strstr(out, "\n192.0.2.1: not listed\n"));
	free(out);
	out = run_output("lookup --json -d list.fsdb 2001:db8:1::1");
	ck_assert_ptr_nonnull(strstr(out, "\"listed\":true"));
	ck_assert_ptr_nonnull(strstr(out, "\"action\":\"nxdomain\""));
	ck_assert_ptr_nonnull(
	    strstr(out, "\"entry\":\"2001:db8::/32\",\"match\":\"address\""));
	free(out);
	ck_assert_int_eq(
	    run_status(NULL, "lookup -d list.fsdb 198.51.100.7"), 1);
}
END_TEST

START_TEST(places_of_rules)
{
	const struct fsk_policy_settings *s;
	uint32_t attr;

	with("policy { country-db = \"/c.mmdb\" asn-db = \"/a.mmdb\"\n"
	     "organisation = \"ISP\" contact = \"mailto:a@b.example\" "
	     "incidents = \"db\" signed = servfail trust-ecs = yes\n"
	     "rule \"r\" { countries = {\"XX\"} networks = {\"AS64496\", "
	     "\"64497\"} } }");
	s = fsk_policy_settings(fsk_db_policy(db));
	ck_assert(s->look_at_places);
	ck_assert(s->look_at_answers);
	ck_assert(s->trust_ecs);
	ck_assert_int_eq((int)s->if_signed, FSK_SIGNED_SERVFAIL);
	ck_assert_str_eq(s->country_db, "/c.mmdb");
	ck_assert_str_eq(s->asn_db, "/a.mmdb");
	ck_assert_str_eq(s->organisation, "ISP");
	ck_assert_str_eq(s->contact, "mailto:a@b.example");
	ck_assert_str_eq(s->incidents, "db");
	ck_assert(fsk_db_find_url(db, "country:XX", &attr));
	ck_assert(fsk_db_find_url(db, "asn:64496", &attr));
	ck_assert(fsk_db_find_url(db, "asn:64497", &attr));
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/policy.c");
	TCase *tc = tcase_create("policies");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_a_policy_all_are_the_same);
	tcase_add_test(tc, a_matrix_of_answers);
	tcase_add_test(tc, answers_have_all_that_was_said);
	tcase_add_test(tc, only_some_types);
	tcase_add_test(tc, classes_are_few);
	tcase_add_test(tc, the_longest_prefix_decides);
	tcase_add_test(tc, prefixes_of_files);
	tcase_add_test(tc, many_groups);
	tcase_add_test(tc, groups_have_hours);
	tcase_add_test(tc, shorter_prefixes_have_the_other_hours);
	tcase_add_test(tc, groups_have_lists);
	tcase_add_test(tc, lists_of_groups_are_read_again);
	tcase_add_test(tc, lists_of_groups_in_secret);
	tcase_add_test(tc, a_group_of_allowed_names_only);
	tcase_add_test(tc, rules_have_cases);
	tcase_add_test(tc, aliases_count_where_that_is_said);
	tcase_add_test(tc, addresses_where_that_is_said);
	tcase_add_test(tc, who_lists_an_address_is_told);
	tcase_add_test(tc, places_of_rules);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
