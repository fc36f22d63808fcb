/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/merge.c: from the lists of all feeds to one database. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/collect.h"
#include "feeds/guard.h"
#include "feeds/merge.h"
#include "feeds/state.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

#define TODAY 20000u
#define FEEDS 8

static struct conf *conf;
static struct feed_state states[FEEDS];
static struct fsk_db *db;
static char *dump, *refused;

/* ---- from bodies to a database ---- */

static void
forget(void)
{
	fsk_db_close(db);
	free(dump);
	free(refused);
	db = NULL;
	dump = refused = NULL;
}

static void
teardown(void)
{
	forget();
	conf_free(conf);
	kit_teardown();
}

/* The configuration is TEXT, in which F(NAME, ...) are feeds. */
#define F(name, more) \
	"feed \"" name \
	"\" { url = \"/x\" format = domains max-shrink = 100 " more " }\n"
#define A(name, more) \
	"allow \"" name \
	"\" { url = \"/x\" format = domains max-shrink = 100 " more " }\n"

static void
with(const char *text)
{
	conf_free(conf);
	conf = site_conf(text);
	ck_assert_uint_le(conf->nfeeds, FEEDS);
}

/* Makes BODY, first seen on DAY, the list of the feed NAME. */
static void
lists_on(const char *name, uint32_t day, const char *body)
{
	const struct conf_feed *f = conf_feed(conf, name);
	char folder[300];
	struct fsk_error err = { 0 };
	int rc;

	snprintf(folder, sizeof(folder), "%s/%s", conf->state, name);
	ck_assert_int_eq(state_folder(folder, &err), FSK_OK);
	site_file("body", body);
	rc = collect(
	    conf, f, kit_path("body"), day, &states[f - conf->feeds], &err);
	ck_assert_msg(rc == FSK_OK, "%s", err.text);
}

static void
lists(const char *name, const char *body)
{
	lists_on(name, TODAY, body);
}

/* Merges; returns FSK_OK or why not. */
static int
try_merge(struct fsk_error *err)
{
	struct guard *g;
	struct merge_request r = { .c = conf,
		.states = states,
		.today = TODAY,
		.serial = 7,
		.now = (int64_t)TODAY * 86400,
		.to = conf->database };
	char path[300];
	struct fsk_writer_result result;
	int rc;

	snprintf(path, sizeof(path), "%s/refused", conf->state);
	r.refused = path;
	rc = guard_open(&g, conf, err);
	ck_assert_msg(rc == FSK_OK, "%s", err->text);
	r.g = g;
	ck_assert_int_eq(state_folder(conf->state, err), FSK_OK);
	rc = merge(&r, &result, err);
	guard_close(g);
	return rc;
}

static void
merged(void)
{
	struct fsk_error err = { 0 };
	char path[300];
	size_t len;
	int rc = try_merge(&err);

	ck_assert_msg(rc == FSK_OK, "%s", err.text);
	forget();
	db = site_db("list.fsdb");
	dump = site_dump(db);
	snprintf(path, sizeof(path), "%s/refused", conf->state);
	refused = state_text(path, &len);
	ck_assert_ptr_nonnull(refused);
}

/* The line of REFUSED for ENTRY of FEED, because of WHY. */
static void
left_out(const char *feed, const char *entry, const char *why)
{
	char line[400];

	snprintf(line, sizeof(line), "%s\t%s\t%s", feed, entry, why);
	site_has_line(refused, line, "");
}

static struct feed_state *
state_of(const char *name)
{
	return &states[conf_feed(conf, name) - conf->feeds];
}

/* ---- unions ---- */

START_TEST(all_feeds_that_list_a_name_are_kept)
{
	with(F("one", "") F("two", "") F("three", ""));
	lists_on("one", 100, "a.example\nb.example\n");
	lists_on("two", 50, "a.example\n*.c.example\n");
	lists_on("three", 200, "a.example\n=d.example\n");
	merged();
	ck_assert_str_eq(dump,
	    "*.c.example [two 50]\n=d.example [three 200]\n"
	    "a.example [one two three 50]\nb.example [one 100]\n");
	ck_assert_str_eq(refused, "");
	ck_assert_uint_eq(state_of("one")->entries, 2);
	ck_assert_uint_eq(state_of("one")->unique, 1);
	ck_assert_uint_eq(state_of("two")->entries, 2);
	ck_assert_uint_eq(state_of("two")->unique, 1);
	ck_assert_uint_eq(state_of("three")->unique, 1);
}
END_TEST

/* The attribute set of NAME. */
static struct fsk_attr
attr_of(const char *name)
{
	struct fsk_found found;
	struct fsk_attr a;

	kit_lookup(db, kit_name(name).wire, kit_name(name).len, &found);
	ck_assert_msg(found.covered, "%s", name);
	fsk_db_attr(db, found.attr, &a);
	return a;
}

START_TEST(the_highest_severity_wins)
{
	with(F("mild", "severity = yellow category = spam")
		F("hard", "category = phishing case = \"7/26\" ttl = 5")
		    F("other", "category = scam"));
	lists("mild", "a.example\nb.example\n");
	lists("hard", "a.example\nc.example\n");
	lists("other", "c.example\nb.example\n");
	merged();
	ck_assert_int_eq((int)attr_of("a.example").severity, FSK_RED);
	ck_assert_str_eq(attr_of("a.example").category, "phishing");
	ck_assert_str_eq(attr_of("a.example").case_number, "7/26");
	ck_assert_uint_eq(attr_of("a.example").answer->ttl, 5);
	ck_assert_uint_eq(attr_of("a.example").feeds, 2);
	ck_assert_str_eq(attr_of("b.example").category, "scam");
	/* At equal severity that of the file's first. */
	ck_assert_str_eq(attr_of("c.example").category, "phishing");
}
END_TEST

START_TEST(what_is_disabled_or_has_no_list_is_left_out)
{
	with(F("one", "") F("two", "enabled = no") F("three", ""));
	lists("one", "a.example\n");
	lists("two", "b.example\n");
	merged();
	ck_assert_str_eq(dump, "a.example [one 20000]\n");
}
END_TEST

START_TEST(many_threads_make_the_same_database)
{
	char *body = calloc(1, 500000), *first = NULL;

	with(F("one", "") F("two", "") F("three", "") F("four", ""));
	for (unsigned f = 0; f < 4; f++) {
		char *p = body;

		for (unsigned i = 0; i < 10000; i++)
			if (i % (f + 2) == 0)
				p += sprintf(p, "n%05u.example\n", i);
		lists(conf->feeds[f].head.title, body);
	}
	for (unsigned threads = 1; threads <= 4; threads++) {
		conf->threads = threads;
		merged();
		if (first == NULL)
			first = strdup(dump);
		ck_assert_str_eq(dump, first);
	}
	free(first);
	free(body);
}
END_TEST

/* ---- who answers for it ---- */

START_TEST(who_answers_for_a_feed_is_in_it)
{
	struct fsk_feed info;

	with(F("one",
	    "authority = \"The Office\" legal-basis = \"Act 7\" "
	    "contact = \"mailto:a@b.example\""));
	lists("one", "a.example\n");
	merged();
	fsk_db_feed_info(db, 0, &info);
	ck_assert_str_eq(info.name, "one");
	ck_assert_str_eq(info.authority, "The Office");
	ck_assert_str_eq(info.legal_basis, "Act 7");
	ck_assert_str_eq(info.contact, "mailto:a@b.example");
}
END_TEST

START_TEST(a_secret_list_keeps_no_names)
{
	struct fsk_db_info info;
	uint8_t *bytes;
	size_t len;

	with("secret = yes\n" F("one", ""));
	lists("one", "a-name-that-must-not-be-seen.example\n");
	{
		struct fsk_error err = { 0 };

		ck_assert_int_eq(try_merge(&err), FSK_OK);
	}
	db = site_db("list.fsdb");
	fsk_db_info(db, &info);
	ck_assert_int_eq((int)info.mode, FSK_SECRET);
	site_blocks(db, "a-name-that-must-not-be-seen.example", true);
	bytes = kit_read(conf->database, &len);
	ck_assert_ptr_null(memmem(bytes, len, "must-not-be-seen", 16));
	free(bytes);
}
END_TEST

/* ---- allow sections ---- */

START_TEST(allow_beats_feeds)
{
	with(F("one", "") A("bank", ""));
	lists("one",
	    "a.example\nx.a.example\nb.example\n*.c.example\n"
	    "=d.example\n");
	lists("bank", "a.example\nc.example\nd.example\n");
	merged();
	site_blocks(
	    db, "a.example b.a.example c.example x.c.example d.example", false);
	/* What is listed below stays so. */
	site_blocks(db, "x.a.example y.x.a.example b.example", true);
}
END_TEST

START_TEST(an_allowed_name_allows_the_rest_below)
{
	with(F("one", "") A("bank", ""));
	lists("one", "example.org\nx.y.example.org\n");
	lists("bank", "y.example.org\n");
	merged();
	site_blocks(db, "example.org a.example.org x.y.example.org", true);
	site_blocks(db, "y.example.org z.y.example.org", false);
}
END_TEST

START_TEST(subtree_allows_all_below)
{
	with(F("one", "") A("bank", "subtree = yes"));
	lists("one",
	    "a.example\nx.a.example\n*.y.a.example\n=z.a.example\n"
	    "b.example\nza.example\n");
	lists("bank", "a.example\n");
	merged();
	site_blocks(db,
	    "a.example x.a.example q.x.a.example q.y.a.example z.a.example",
	    false);
	site_blocks(db, "b.example za.example", true);
	left_out("one", "x.a.example", "allowed with all that is below");
	left_out("one", "*.y.a.example", "allowed with all that is below");
	left_out("one", "=z.a.example", "allowed with all that is below");
	ck_assert_uint_eq(state_of("one")->refused, 4);
}
END_TEST

START_TEST(what_is_allowed_too_long_is_no_more)
{
	with(F("one", "") A("bank", "subtree = yes max-age = 10d"));
	lists("one", "a.example\nx.a.example\nb.example\n");
	lists_on("bank", TODAY - 11, "a.example\n");
	lists_on("bank", TODAY, "a.example\nb.example\n");
	merged();
	site_blocks(db, "a.example x.a.example", true);
	site_blocks(db, "b.example", false);
	left_out("bank", "a.example", "older than the feed's max-age");
}
END_TEST

/* ---- exceptions of feeds ---- */

#define ADBLOCK(name) "feed \"" name "\" { url = \"/x\" format = adblock }\n"

START_TEST(an_exception_counts_for_its_feed)
{
	with(ADBLOCK("one") F("two", "") F("three", ""));
	lists("one",
	    "||a.example^\n@@||ok.a.example^\n@@||b.example^\n"
	    "@@||c.example^\n||c.example^\n");
	lists("two", "b.example\n");
	lists("three", "deep.ok.a.example\n");
	merged();
	site_blocks(db, "a.example x.a.example", true);
	site_blocks(db, "ok.a.example x.ok.a.example", false);
	site_blocks(db, "deep.ok.a.example", true);
	site_blocks(db, "b.example", true);
	left_out("one", "b.example", "an exception, but another feed lists it");
	site_blocks(db, "c.example", false);
}
END_TEST

START_TEST(an_exception_against_another_feeds_domain)
{
	with(ADBLOCK("one") F("two", ""));
	lists("one", "||a.example^\n@@||ok.b.example^\n");
	lists("two", "b.example\n");
	merged();
	/* Two lists it with all that is below. */
	site_blocks(db, "b.example ok.b.example", true);
}
END_TEST

START_TEST(an_exception_against_what_is_below)
{
	with(ADBLOCK("one") F("two", ""));
	lists("one",
	    "||z.example^\n@@||a.example^\n@@||b.example^\n"
	    "@@||c.example^\n");
	lists("two", "*.a.example\n=c.example\n");
	merged();
	site_blocks(db, "x.a.example y.x.a.example c.example", true);
	site_blocks(db, "a.example b.example x.c.example", false);
	left_out("one", "a.example", "an exception, but another feed lists it");
}
END_TEST

START_TEST(an_exception_against_a_rule)
{
	site_file("order", "d.example\n=e.example\n");
	with(ADBLOCK("one") "policy {\n"
			    "rule \"order\" { names = { \"a.example\" }\n"
			    "  files = { \"@/order\" } }\n"
			    "rule \"exact\" { names = { \"b.example\" }\n"
			    "  match = exact }\n"
			    "rule \"below\" { names = { \"c.example\" }\n"
			    "  match = below }\n"
			    "}\n");
	lists("one",
	    "@@||a.example^\n@@||ok.a.example^\n@@||b.example^\n"
	    "@@||ok.b.example^\n@@||c.example^\n@@||ok.c.example^\n"
	    "@@||d.example^\n@@||e.example^\n@@|http://c.example^\n"
	    "||b.example^\n||c.example^\n||f.example^\n@@||ok.f.example^\n");
	merged();
	site_blocks(db,
	    "a.example ok.a.example b.example x.c.example ok.c.example "
	    "d.example e.example f.example",
	    true);
	site_blocks(db, "ok.f.example c.example ok.b.example", false);
	left_out("one", "a.example", "an exception, but a rule lists it");
	left_out("one", "ok.a.example", "an exception, but a rule lists it");
	ck_assert_ptr_null(strstr(refused, "ok.b.example"));
	ck_assert_ptr_null(strstr(refused, "=c.example"));
}
END_TEST

/* What passes is not looked at any more, whatever its addresses are: a feed's
 * exceptions are for its own list. */
START_TEST(an_exception_from_nothing)
{
	with(ADBLOCK("one") "feed \"low\" { url = \"/x\" format = adblock\n"
			    "  trust = low }\n");
	lists("one",
	    "||a.example^\n@@||ok.a.example^\n@@||com^\n@@||b.example^\n"
	    "||google.com^\n@@||ok.google.com^\n"
	    "|http://c.example^\n@@||ok.c.example^\n");
	lists("low", "||d.example^\n@@||ok.d.example^\n");
	merged();
	site_has_line(dump, "!ok.a.example", "");
	left_out("one", "com", "excepted from nothing that the feed blocks");
	left_out("one", "b.example", "excepted from nothing");
	left_out("one", "ok.google.com", "excepted from nothing");
	left_out("one", "ok.c.example", "excepted from nothing");
	left_out("low", "ok.d.example", "excepted from nothing");
	ck_assert_str_eq(strchr(dump, '!'), strstr(dump, "!ok.a.example"));
	ck_assert_ptr_null(strchr(strchr(dump, '!') + 1, '!'));
}
END_TEST

/* ---- how many feeds ---- */

START_TEST(some_feeds_must_agree)
{
	with("policy { category \"weak\" { minimum-feeds = 2 } }\n" F(
	    "one", "category = weak") F("two", "category = weak")
		F("three", "category = weak") F("sure", ""));
	lists("one",
	    "a.example\nb.example\n*.c.example\n=d.example\n"
	    "x.e.example\nf.example\n");
	lists("two", "a.example\n*.c.example\n=d.example\ne.example\n");
	lists("three", "a.example\n");
	lists("sure", "g.example\nf.example\n");
	merged();
	site_blocks(
	    db, "a.example x.c.example d.example f.example g.example", true);
	/* By one only, or above only. */
	site_blocks(db, "b.example e.example x.e.example c.example", false);
	left_out("one", "b.example", "too few feeds list it");
	left_out("two", "e.example", "too few feeds list it");
	left_out("one", "x.e.example", "too few feeds list it");
	ck_assert_ptr_null(strstr(refused, "c.example"));
	ck_assert_ptr_null(strstr(refused, "d.example"));
}
END_TEST

START_TEST(low_trust_needs_a_second)
{
	with(F("low", "trust = low") F("low2", "trust = low") F("one", ""));
	lists("low", "a.example\nb.example\nc.example\n*.d.example\n");
	lists("low2", "b.example\n");
	lists("one", "c.example\nd.example\n");
	merged();
	site_blocks(db, "b.example c.example d.example", true);
	site_blocks(db, "a.example", false);
	left_out("low", "a.example", "too few feeds list it");
	/* Who agrees may list more than that. */
	site_has_line(dump, "*.d.example [low", "");
}
END_TEST

START_TEST(popular_names_need_several)
{
	site_file("top", "1,first.example\n2000,second.example\n");
	with("protected = { \"@/top\" } protected-feeds = 2\n" F("one", "")
		F("two", "") F("high", "trust = high"));
	lists("one", "first.example\nsecond.example\nx.second.example\n");
	lists("two", "first.example\n");
	lists("high", "first.example\n");
	merged();
	site_blocks(db, "first.example second.example", false);
	site_blocks(db, "x.second.example", true);
	left_out("one", "first.example", "popular");
	left_out("high", "first.example", "popular");
	left_out("one", "second.example",
	    "popular or shared: more feeds must agree");
	lists("two", "second.example\n");
	merged();
	site_blocks(db, "second.example", true);
	site_has_line(dump, "second.example [one two 20000]", "");
	/* Trust alone is enough. */
	lists("two", "x.example\n");
	lists("one", "x.example\n");
	lists("high", "second.example\n");
	merged();
	site_blocks(db, "second.example", true);
}
END_TEST

/* ---- URLs ---- */

#define URLS(name) "feed \"" name "\" { url = \"/x\" format = urls }\n"

static bool
has_url(const char *expression)
{
	uint32_t attr;

	return fsk_db_find_url(db, expression, &attr);
}

START_TEST(a_path_does_not_block_a_shared_host)
{
	with(URLS("one"));
	lists("one",
	    "https://docs.google.com/forms/d/e/1/viewform\n"
	    "https://evil.example/login\n"
	    "https://evil.github.io/\n"
	    "https://other.github.io/paypal/login\n"
	    "https://github.io/x\n"
	    "https://evil.wixsite.com/mysite\n"
	    "https://s3.amazonaws.com/bucket/x.html\n"
	    "https://bucket.s3.amazonaws.com/x.html\n"
	    "https://t.me/evil\n");
	merged();
	site_blocks(db,
	    "docs.google.com github.io s3.amazonaws.com t.me google.com",
	    false);
	site_blocks(db,
	    "evil.example evil.github.io other.github.io evil.wixsite.com "
	    "bucket.s3.amazonaws.com",
	    true);
	ck_assert(has_url("docs.google.com/forms/d/e/1/viewform"));
	ck_assert(has_url("t.me/evil"));
	ck_assert(has_url("github.io/x"));
	ck_assert(has_url("evil.example/login"));
	left_out(
	    "one", "t.me", "a shared host: only its listed URLs are known");
	ck_assert(!has_url("docs.google.com/"));
}
END_TEST

START_TEST(a_shared_host_by_name_needs_several)
{
	with("protected-feeds = 2\n" URLS("one") F("two", "")
		F("three", "category = other"));
	/* What is behind '#' is not sent to a server: these are roots. */
	lists("one",
	    "https://mega.nz/#!abc\nhttps://t.me/#/x\n"
	    "https://evil.example/#/login\n");
	lists("two", "docs.google.com\ndiscordapp.com\n=bit.ly\ngoo.gl\n");
	lists("three", "goo.gl\nx.mega.nz\n");
	merged();
	site_blocks(db,
	    "mega.nz t.me docs.google.com discordapp.com bit.ly "
	    "cdn.discordapp.com",
	    false);
	site_blocks(db, "evil.example goo.gl x.mega.nz", true);
	left_out("one", "mega.nz", "popular or shared: more feeds must agree");
}
END_TEST

START_TEST(paths_do_not_agree_on_a_name)
{
	site_file("top", "2000,popular.example\n");
	with("protected = { \"@/top\" } protected-feeds = 3\n" F("one", "")
		URLS("two") URLS("three") URLS("four"));
	lists("one", "popular.example\n");
	lists("two", "https://popular.example/1\n");
	lists("three", "https://popular.example/2\n");
	lists("four", "https://popular.example/3\n");
	merged();
	site_blocks(db, "popular.example", false);
	left_out("one", "popular.example",
	    "popular or shared: more feeds must agree");
	/* Roots do. */
	lists("two", "https://popular.example/\n");
	lists("three", "https://popular.example/\n");
	merged();
	site_blocks(db, "popular.example", true);
}
END_TEST

START_TEST(a_path_of_another_does_not_undo_an_exception)
{
	with(ADBLOCK("one") URLS("two"));
	lists("one",
	    "||t.me^\n||a.example^\n@@||docs.google.com^\n"
	    "@@||ok.a.example^\n");
	lists("two", "https://docs.google.com/1\nhttps://ok.a.example/1\n");
	merged();
	/* It lists the whole of a host that is not shared. */
	site_blocks(db, "ok.a.example", true);
	ck_assert_ptr_null(strstr(refused, "docs.google.com\tan exception"));
}
END_TEST

START_TEST(urls_have_their_feeds_and_days)
{
	uint32_t attr;
	struct fsk_attr a;

	with(URLS("one") URLS("two"));
	lists_on("one", 100, "https://t.me/1\nhttps://t.me/2\n");
	lists_on("two", 200, "https://t.me/1\n");
	merged();
	ck_assert(fsk_db_find_url(db, "t.me/1", &attr));
	fsk_db_attr(db, attr, &a);
	ck_assert_uint_eq(a.feeds, 2);
	ck_assert_uint_eq(a.since, 100);
	ck_assert(fsk_db_find_url(db, "t.me/2", &attr));
	fsk_db_attr(db, attr, &a);
	ck_assert_uint_eq(a.feeds, 1);
}
END_TEST

START_TEST(a_damaged_file_of_urls_does_no_harm)
{
	with(URLS("one"));
	lists("one", "https://t.me/1\nhttps://evil.example/1\n");
	site_file("state/one/urls",
	    "garbage\n\n20000\n99999 t.me/unknown-day\n20000 t.me/2\n"
	    "20000 \n-5 x\n 20000 t.me/blank\n");
	merged();
	ck_assert(has_url("t.me/2"));
	ck_assert(!has_url("t.me/unknown-day"));
	site_blocks(db, "evil.example", true);
	ck_assert_int_eq(unlink(kit_path("state/one/urls")), 0);
	merged();
	ck_assert(!has_url("t.me/1"));
	site_blocks(db, "evil.example", true);
}
END_TEST

/* ---- time ---- */

START_TEST(entries_grow_old)
{
	with("feed \"one\" { url = \"/x\" format = urls max-age = 10d }\n" F(
	    "two", ""));
	lists_on("one", TODAY - 11,
	    "http://old.example/\nhttps://t.me/old\nhttp://both.example/\n");
	lists_on("one", TODAY - 10,
	    "http://old.example/\nhttps://t.me/old\nhttp://both.example/\n"
	    "http://new.example/\nhttps://t.me/new\n");
	lists("two", "both.example\n");
	merged();
	site_blocks(db, "old.example", false);
	site_blocks(db, "new.example both.example", true);
	ck_assert(!has_url("t.me/old"));
	ck_assert(has_url("t.me/new"));
	left_out("one", "old.example", "older than the feed's max-age");
	site_has_line(dump, "both.example [two 20000]", "");
}
END_TEST

START_TEST(what_is_old_does_not_agree)
{
	with(F("one", "minimum-feeds = 2") F("two", "max-age = 10d"));
	lists("one", "a.example\n");
	lists_on("two", TODAY - 11, "a.example\n");
	merged();
	site_blocks(db, "a.example", false);
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(a_damaged_list_is_told)
{
	struct fsk_error err = { 0 };

	with(F("one", "") F("two", ""));
	lists("one", "a.example\n");
	lists("two", "b.example\n");
	site_file("state/two/list.fsdb", "garbage");
	ck_assert_int_ne(try_merge(&err), FSK_OK);
	ck_assert_msg(
	    strstr(err.text, "state/two/list.fsdb") != NULL, "%s", err.text);
	ck_assert_int_eq(access(conf->database, F_OK), -1);
}
END_TEST

START_TEST(what_guards_refuse_is_told)
{
	with(F("one", "") F("two", ""));
	lists("one",
	    "google.com\n*.windows.net\n=github.com\nco.uk\n"
	    "github.io\nprinter.local\nevil.example\n");
	lists("two", "google.com\n");
	merged();
	ck_assert_str_eq(dump, "evil.example [one 20000]\n");
	left_out("one", "google.com", "protected");
	left_out("two", "google.com", "protected");
	left_out("one", "*.windows.net", "protected");
	left_out("one", "=github.com", "protected");
	left_out("one", "co.uk", "a public suffix");
	left_out("one", "github.io", "a private suffix, under which");
	left_out("one", "printer.local", "a special-use name (RFC 6761)");
	ck_assert_uint_eq(state_of("one")->refused, 6);
	ck_assert_uint_eq(state_of("two")->refused, 1);
	ck_assert_uint_eq(state_of("two")->entries, 0);
}
END_TEST

/* ---- rules ---- */

START_TEST(rules_need_no_feed)
{
	site_file("orders", "# nothing yet\n");
	with("policy { rule \"order\" { names = {\"a.example\", "
	     "\"*.b.example\", "
	     "\"=github.com\"} files = {\"@/orders\"} case = \"7/26\" } }\n");
	merged();
	site_blocks(db, "a.example x.a.example x.b.example github.com", true);
	site_blocks(db, "b.example", false);
	ck_assert_str_eq(attr_of("a.example").case_number, "7/26");
	ck_assert_str_eq(attr_of("a.example").category, "order");
	site_file("orders", "c.example # by court\n*.d.example\n");
	merged();
	site_blocks(db, "a.example c.example x.d.example", true);
	site_file("orders", "");
	merged();
	site_blocks(db, "c.example", false);
}
END_TEST

START_TEST(a_bad_line_of_an_order_stops_all)
{
	struct fsk_error err = { 0 };

	site_file("orders", "c.example\nnot a name\n");
	with("policy { rule \"order\" { files = {\"@/orders\"} } }\n");
	ck_assert_int_ne(try_merge(&err), FSK_OK);
	ck_assert_msg(strstr(err.text, "orders:2: ") != NULL, "%s", err.text);
	ck_assert_int_eq(unlink(kit_path("orders")), 0);
	ck_assert_int_ne(try_merge(&err), FSK_OK);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot open"));
}
END_TEST

START_TEST(a_rule_decides_over_feeds_and_allow)
{
	with(F("one", "action = nodata") A(
	    "bank", "") "policy { rule \"order\" { names = {\"a.example\", "
			"\"b.example\"} action = refused } }\n");
	lists("one", "a.example\n");
	lists("bank", "b.example\n");
	merged();
	ck_assert_str_eq(site_ask(db, "a.example", 0, NULL, 0), "refused");
	/* Allow beats, as the manual says. */
	ck_assert_str_eq(site_ask(db, "b.example", 0, NULL, 0), "allowed");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/merge.c");
	TCase *tc = tcase_create("databases");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, site_setup, teardown);
	tcase_add_test(tc, all_feeds_that_list_a_name_are_kept);
	tcase_add_test(tc, the_highest_severity_wins);
	tcase_add_test(tc, what_is_disabled_or_has_no_list_is_left_out);
	tcase_add_test(tc, many_threads_make_the_same_database);
	tcase_add_test(tc, who_answers_for_a_feed_is_in_it);
	tcase_add_test(tc, a_secret_list_keeps_no_names);
	tcase_add_test(tc, allow_beats_feeds);
	tcase_add_test(tc, an_allowed_name_allows_the_rest_below);
	tcase_add_test(tc, subtree_allows_all_below);
	tcase_add_test(tc, what_is_allowed_too_long_is_no_more);
	tcase_add_test(tc, an_exception_counts_for_its_feed);
	tcase_add_test(tc, an_exception_against_another_feeds_domain);
	tcase_add_test(tc, an_exception_against_what_is_below);
	tcase_add_test(tc, an_exception_against_a_rule);
	tcase_add_test(tc, an_exception_from_nothing);
	tcase_add_test(tc, some_feeds_must_agree);
	tcase_add_test(tc, low_trust_needs_a_second);
	tcase_add_test(tc, popular_names_need_several);
	tcase_add_test(tc, a_path_does_not_block_a_shared_host);
	tcase_add_test(tc, a_shared_host_by_name_needs_several);
	tcase_add_test(tc, paths_do_not_agree_on_a_name);
	tcase_add_test(tc, a_path_of_another_does_not_undo_an_exception);
	tcase_add_test(tc, urls_have_their_feeds_and_days);
	tcase_add_test(tc, a_damaged_file_of_urls_does_no_harm);
	tcase_add_test(tc, entries_grow_old);
	tcase_add_test(tc, what_is_old_does_not_agree);
	tcase_add_test(tc, a_damaged_list_is_told);
	tcase_add_test(tc, what_guards_refuse_is_told);
	tcase_add_test(tc, rules_need_no_feed);
	tcase_add_test(tc, a_bad_line_of_an_order_stops_all);
	tcase_add_test(tc, a_rule_decides_over_feeds_and_allow);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
