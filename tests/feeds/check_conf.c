/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/conf.c, conf_check.c and answer.c */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/answer.h"
#include "feeds/conf.h"
#include "tests/feeds/faults.h"
#include "tests/lib/kit.h"

static struct faults faults;

/* Reads TEXT as a configuration. */
static struct conf *
read_text(const char *text)
{
	const char *path = kit_path("feeds.conf");
	struct conf *c;
	unsigned n;

	memset(&faults, 0, sizeof(faults));
	kit_write(path, text, strlen(text));
	c = conf_read(path, faults_tell, &faults, &n);
	ck_assert_uint_eq(n, faults.n);
	/* Of a bad one nothing is used. */
	ck_assert_int_eq(c == NULL, n > 0);
	return c;
}

static struct conf *
read_good(const char *text)
{
	struct conf *c = read_text(text);

	faults_count(&faults, 0);
	return c;
}

#define FEED "feed \"one\" { url = \"/tmp/one\" }\n"

/* ---- what is not said ---- */

START_TEST(defaults)
{
	struct conf *c = read_good(FEED "allow \"two\" { url = \"/tmp/two\" }");
	const struct conf_feed *f = &c->feeds[0];

	ck_assert_str_eq(c->path, kit_path("feeds.conf"));
	ck_assert_str_eq(c->database, "/var/lib/fraudsink/blocklist.fsdb");
	ck_assert_str_eq(c->state, "/var/lib/fraudsink/feeds");
	ck_assert_uint_eq(c->memory, 1 << 30);
	ck_assert_uint_eq(c->threads, 0);
	ck_assert_uint_eq(c->generations, 5);
	ck_assert_uint_eq(c->parallel, 8);
	ck_assert_uint_eq(c->redirects, 5);
	ck_assert_uint_eq(c->retries, 3);
	ck_assert_uint_eq(c->connect_timeout, 15);
	ck_assert_uint_eq(c->low_speed, 100);
	ck_assert_uint_eq(c->low_speed_time, 60);
	ck_assert(!c->secret);
	ck_assert_uint_eq(c->protected_rank, 1000);
	ck_assert_uint_eq(c->protected_feeds, 3);
	ck_assert_uint_eq(c->nfeeds, 2);
	ck_assert(!f->allow);
	ck_assert(f->enabled);
	ck_assert_ptr_null(f->format);
	ck_assert_str_eq(f->category, "fraud");
	ck_assert(f->match == FSK_SUBTREE);
	ck_assert_uint_eq(f->trust, TRUST_NORMAL);
	ck_assert_uint_eq(f->interval, 6 * 3600);
	ck_assert_uint_eq(f->timeout, 600);
	ck_assert_uint_eq(f->max_size, 512 << 20);
	ck_assert_uint_eq(f->min_names, 1);
	ck_assert_uint_eq(f->max_shrink, 50);
	ck_assert_uint_eq(f->max_growth, 400);
	ck_assert_uint_eq(f->max_bad, 10);
	ck_assert_uint_eq(f->max_age, 0);
	ck_assert_uint_eq(f->stale_after, 3 * 86400);
	ck_assert(c->feeds[1].allow);
	ck_assert_ptr_eq(conf_feed(c, "two"), &c->feeds[1]);
	ck_assert_ptr_null(conf_feed(c, "three"));
	conf_free(c);
	conf_free(NULL);
}
END_TEST

/* ---- what is wrong, one fault each ---- */

#define G(text) "{ prefixes = {\"10.0.0.0/8\"} " text " }"

static const struct {
	const char *text;
	unsigned line;
	const char *fault;
} bad[] = {
	{ "", 0, "names no feed and no rule" },
	{ "policy { action = drop }", 0, "names no feed and no rule" },
	/* global */
	{ FEED "database = \"list.fsdb\"", 2, "whole path" },
	{ FEED "state = \"feeds\"", 2, "whole path" },
	{ FEED "memory = 15M", 2, "'memory'" },
	{ FEED "memory = 2000G", 2, "'memory'" },
	{ FEED "threads = 257", 2, "'threads'" },
	{ FEED "generations = 0", 2, "'generations'" },
	{ FEED "parallel = 0", 2, "'parallel'" },
	{ FEED "parallel = 65", 2, "'parallel'" },
	{ FEED "redirects = 21", 2, "'redirects'" },
	{ FEED "retries = 11", 2, "'retries'" },
	{ FEED "connect-timeout = 0", 2, "'connect-timeout'" },
	{ FEED "connect-timeout = 11m", 2, "'connect-timeout'" },
	{ FEED "low-speed = 2G", 2, "'low-speed'" },
	{ FEED "low-speed-time = 0", 2, "'low-speed-time'" },
	{ FEED "secret = maybe", 2, "'secret'" },
	{ FEED "protected-rank = many", 2, "'protected-rank'" },
	{ FEED "protected-feeds = 0", 2, "'protected-feeds'" },
	{ FEED "own-names = { \"a b\" }", 2, "own-names: 'a b' is no name" },
	{ FEED "never-blocked = { \"\" }", 2, "never-blocked: '' is no name" },
	{ FEED "\nalways-blocked = { \"ok.example\", \"..\" }", 3,
	    "always-blocked: '..' is no name" },
	{ FEED "own-names = { \"*.a.example\" }", 2, "is no name" },
	{ FEED "always-blocked = { \"=a.example\" }", 2, "is no name" },
	/* titles */
	{ "feed \"\" { url = \"/x\" }", 1, "a name has 1 to 63" },
	{ "feed \".\" { url = \"/x\" }", 1, "a name has 1 to 63" },
	{ "feed \"..\" { url = \"/x\" }", 1, "a name has 1 to 63" },
	{ "feed \"a/b\" { url = \"/x\" }", 1, "a name has 1 to 63" },
	{ "feed \"a b\" { url = \"/x\" }", 1, "a name has 1 to 63" },
	{ "feed \"a\\n\" { url = \"/x\" }", 1, "a name has 1 to 63" },
	{ "feed \"0123456789012345678901234567890123456789012345678901234567890"
	  "123\" { url = \"/x\" }",
	    1, "a name has 1 to 63" },
	{ "feed \"hold\" { url = \"/x\" }", 1, "state folder has this name" },
	{ "feed \"generations\" { url = \"/x\" }", 1, "state folder" },
	{ "feed \"published\" { url = \"/x\" }", 1, "state folder" },
	{ "allow \"lock\" { url = \"/x\" }", 1, "state folder" },
	{ FEED "allow \"one\" { url = \"/x\" }", 2,
	    "another section has this name" },
	{ FEED FEED, 2, "duplicate title" },
	/* sources */
	{ "feed \"one\" { enabled = yes }", 1, "either 'url' or 'server'" },
	{ "feed \"one\" {\n url = \"/x\"\n server = \"192.0.2.1\"\n "
	  "zone = \"z\" }",
	    2, "either 'url' or 'server'" },
	{ "feed \"one\" { server = \"192.0.2.1\" }", 1, "go together" },
	{ "feed \"one\" { url = \"/x\" zone = \"rpz\" }", 1, "go together" },
	{ "feed \"one\" { url = \"ftp://x/y\" }", 1, "must be https, http" },
	{ "feed \"one\" { url = \"file://x/y\" }", 1, "must be https, http" },
	{ "feed \"one\" { url = \"list.txt\" }", 1, "must be https, http" },
	{ "feed \"one\" { url = \"\" }", 1, "must be https, http" },
	{ "feed \"one\" { url = \"/x\" secret-file = \"/k\" }", 1,
	    "a secret needs a source" },
	{ "feed \"one\" { url = \"/x\" secret-header = \"Key\" }", 1,
	    "a secret needs a source" },
	{ "feed \"one\" { url = \"https://x/{key}\" }", 1,
	    "a secret needs a source" },
	/* Of a file it is a name like others. */
	{ "feed \"one\" { url = \"/x/{key}\" secret-env = \"K\" }", 1,
	    "a secret needs a source" },
	{ "feed \"one\" {\n url = \"https://x.{key}/\"\n secret-env = K }", 2,
	    "'{key}' may not be in the name of the server" },
	{ "feed \"one\" { url = \"https://u@{key}:1\" secret-env = K }", 1,
	    "'{key}' may not be in the name of the server" },
	{ "feed \"one\" { url = \"/x\" secret-file = \"/k\" secret-env = \"K\" "
	  "secret-query = \"k\" }",
	    1, "not both" },
	{ "feed \"one\" { url = \"/x\" secret-file = \"/k\" tsig-name = \"t\" "
	  "}",
	    1, "'tsig-name' is for a 'server'" },
	{ "feed \"one\" { url = \"/x\" secret-file = \"/k\" "
	  "secret-header = \"Auth-Key: \" }",
	    1, "the name of a header" },
	{ "feed \"one\" { url = \"/x\" secret-file = \"/k\" "
	  "secret-header = \"\" }",
	    1, "the name of a header" },
	/* feeds */
	{ "feed \"one\" { url = \"/x\" format = html }", 1, "no format" },
	{ "feed \"one\" { url = \"/x\" category = \"\" }", 1,
	    "an empty category" },
	{ "feed \"one\" { url = \"/x\" match = all }", 1, "'match'" },
	{ "feed \"one\" { url = \"/x\" trust = blind }", 1, "'trust'" },
	{ "feed \"one\" { url = \"/x\" enabled = 2 }", 1, "'enabled'" },
	{ "feed \"one\" { url = \"/x\" addresses = ip }", 1, "'addresses'" },
	{ "feed \"one\" { url = \"/x\" interval = 59 }", 1, "'interval'" },
	{ "feed \"one\" { url = \"/x\" interval = 366d }", 1, "'interval'" },
	{ "feed \"one\" { url = \"/x\" timeout = 0 }", 1, "'timeout'" },
	{ "feed \"one\" { url = \"/x\" timeout = 25h }", 1, "'timeout'" },
	{ "feed \"one\" { url = \"/x\" max-size = 0 }", 1, "'max-size'" },
	{ "feed \"one\" { url = \"/x\" min-names = few }", 1, "'min-names'" },
	{ "feed \"one\" { url = \"/x\" max-shrink = 101 }", 1, "'max-shrink'" },
	{ "feed \"one\" { url = \"/x\" max-growth = 1000001 }", 1,
	    "'max-growth'" },
	{ "feed \"one\" { url = \"/x\" max-bad = 101 }", 1, "'max-bad'" },
	{ "feed \"one\" { url = \"/x\" max-age = -1 }", 1, "'max-age'" },
	{ "feed \"one\" { url = \"/x\" stale-after = 3651d }", 1,
	    "'stale-after'" },
	{ "feed \"one\" { url = \"/x\" subtree = yes }", 1,
	    "'subtree' is for allow sections" },
	/* answers */
	{ "feed \"one\" { url = \"/x\" action = block }", 1, "'action'" },
	{ "feed \"one\" { url = \"/x\" severity = orange }", 1, "'severity'" },
	{ "feed \"one\" { url = \"/x\" ttl = 8d }", 1, "'ttl'" },
	{ "feed \"one\" { url = \"/x\" ede = bad }", 1, "'ede'" },
	{ "feed \"one\" { url = \"/x\" aliases = some }", 1, "'aliases'" },
	{ "feed \"one\" { url = \"/x\" minimum-feeds = 0 }", 1,
	    "'minimum-feeds'" },
	{ "feed \"one\" { url = \"/x\" minimum-feeds = 1001 }", 1,
	    "'minimum-feeds'" },
	{ "feed \"one\" { url = \"/x\" sinkhole = \"192.0.2.256\" }", 1,
	    "'192.0.2.256' is no list of" },
	{ "feed \"one\" { url = \"/x\" sinkhole = \"\" }", 1, "is no list of" },
	{ "feed \"one\" { url = \"/x\" sinkhole = "
	  "\"192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5\" }",
	    1, "is no list of up to 4 IPv4" },
	{ "feed \"one\" { url = \"/x\" action = sinkhole }", 1,
	    "needs 'sinkhole' addresses" },
	{ "feed \"one\" { url = \"/x\" action = warn }", 1,
	    "needs 'sinkhole' addresses" },
	{ "feed \"one\" { url = \"/x\" action = cname }", 1,
	    "needs a 'cname'" },
	{ "feed \"one\" { url = \"/x\" cname = \"a b\" }", 1,
	    "cname 'a b' is no name" },
	{ "feed \"one\" { url = \"/x\" soa-mname = \"a b\" }", 1,
	    "soa-mname 'a b' is no name" },
	{ "feed \"one\" { url = \"/x\" soa-rname = \"a@b\" }", 1,
	    "soa-rname 'a@b' is no name" },
	{ "feed \"one\" { url = \"/x\" types = {\"A\", \"AAAAA\"} }", 1,
	    "'types' are" },
	{ "feed \"one\" { url = \"/x\" types = {A,NS,MX,TXT,AAAA,SRV,DS,SVCB,"
	  "HTTPS} }",
	    1, "'types' are up to 8" },
	/* policy */
	{ FEED "policy {\n grade \"orange\" { ttl = 1 } }", 3,
	    "a grade is \"red\" or \"yellow\"" },
	{ FEED "policy {\n category \"x\" {\n sinkhole = \"y\" } }", 4,
	    "category \"x\": 'y' is no list" },
	{ FEED "policy { signed = maybe }", 2, "'signed'" },
	{ FEED "policy { rule \"r\" { case = \"7\" } }", 2, "needs 'names'" },
	{ FEED "policy { rule \"r\" { names = {\"a b\"} } }", 2,
	    "'a b' is no name" },
	{ FEED "policy { rule \"one\" { names = {\"a.example\"} } }", 2,
	    "a feed has this name" },
	{ FEED
	    "policy { rule \"r\" { names = {\"a.example\"} action = warn } }",
	    2, "needs 'sinkhole' addresses" },
	{ FEED "policy { rule \"r\" {\n prefixes = {\"10.0.0.0/33\"} } }", 3,
	    "'10.0.0.0/33' is no prefix" },
	{ FEED "policy { country-db = \"/c\" rule \"r\" { "
	       "countries = {\"ch\"} } }",
	    2, "'ch' is no country" },
	{ FEED "policy { rule \"r\" { countries = {\"CH\"} } }", 2,
	    "need a 'country-db'" },
	{ FEED "policy { asn-db = \"/a\" rule \"r\" { networks = {\"ASx\"} } }",
	    2, "'ASx' is no network" },
	{ FEED "policy { asn-db = \"/a\" rule \"r\" { networks = {\"AS0\"} } }",
	    2, "'AS0' is no network" },
	{ FEED "policy { asn-db = \"/a\" rule \"r\" { "
	       "networks = {\"4294967296\"} } }",
	    2, "is no network" },
	{ FEED "policy { rule \"r\" { networks = {\"AS1\"} } }", 2,
	    "need an 'asn-db'" },
	{ FEED "policy { rule \"\" { names = {\"a.example\"} } }", 2,
	    "a name has 1 to" },
	{ FEED "policy { rule \"a\\nb\" { names = {\"a.example\"} } }", 2,
	    "a name has 1 to" },
	{ FEED "policy { group \"g\" { off = yes } }", 2, "needs 'prefixes'" },
	{ FEED "policy { group \"g h\" " G("") " }", 2, "a name has 1 to 63" },
	{ FEED "policy { group \"g\" { prefixes = {\"ten\"} } }", 2,
	    "'ten' is no prefix" },
	{ FEED "policy { group \"g\" " G("time = \"Mon-\"") " }", 2,
	    "the time 'Mon-'" },
	{ FEED "policy { group \"g\" " G("timezone = \"Mars/Olympus\"") " }", 2,
	    "no time zone 'Mars/Olympus'" },
	{ FEED "policy { group \"g\" " G("timezone = \"Europe\"") " }", 2,
	    "no time zone 'Europe'" },
	{ FEED "policy { group \"g\" " G("block = {\"a b\"}") " }", 2,
	    "'a b' is no name" },
	{ FEED "policy { group \"g\" " G("allow = {\"a b\"}") " }", 2,
	    "'a b' is no name" },
	{ FEED "policy { group \"g\" " G("action = sinkhole") " }", 2,
	    "needs 'sinkhole' addresses" },
	{ FEED "policy { group \"g\" " G("\ntypes = {A}") " }", 3,
	    "group \"g\": 'types' is not for groups" },
	{ FEED "policy { group \"g\" " G("aliases = yes") " }", 2,
	    "group \"g\": 'aliases' is not for groups" },
	{ FEED "policy { group \"g\" " G("minimum-feeds = 2") " }", 2,
	    "'minimum-feeds' is not for groups" },
	{ FEED "policy { group \"g\" " G("grade \"red\" { aliases = no }") " }",
	    2, "group \"g\" grade \"red\": 'aliases' is not for groups" },
	{ FEED
	    "policy { group \"g\" " G("category \"c\" { severity = red }") " }",
	    2, "'severity' is not for groups" },
	{ FEED "policy { group \"g\" " G(
	      "category \"x\" { cname = \"a b\" }") " }",
	    2, "group \"g\" category \"x\": cname 'a b' is no name" },
	{ FEED "policy { group \"g\" " G("feed \"on\" { ttl = 1 }") " }", 2,
	    "there is no feed \"on\"" },
	{ "policy { group \"g\" " G(
	      "block = {\"a.example\"} action = cname") " rule \"r\" { names = "
							"{\"b.example\"} "
							"action = drop } }",
	    1, "needs a 'cname'" },
	{ "policy { group \"g\" " G(
	      "action = cname") " rule \"r\" { names = {\"b.example\"} } }",
	    1, "needs a 'cname'" },
};

START_TEST(what_is_wrong_is_told_with_its_line)
{
	ck_assert_ptr_null(read_text(bad[_i].text));
	faults_has(&faults, bad[_i].line, bad[_i].fault);
	faults_count(&faults, 1);
}
END_TEST

#define TEXT_64 \
	"0123456789012345678901234567890123456789012345678901234567890123"

START_TEST(all_that_is_wrong_is_told)
{
	ck_assert_ptr_null(read_text("state = \"x\"\n"
				     "bogus = 1\n"
				     "feed \"a\" { url = \"ftp://x\"\n"
				     "  trust = blind\n"
				     "  action = sinkhole }\n"
				     "own-names = {\"..\"}\n"
				     "policy {\n"
				     "  rule \"r\" { case = \"1\" }\n"
				     "  group \"g\" { time = \"never\" }\n"
				     "}\n"));
	faults_has(&faults, 1, "'state'");
	faults_has(&faults, 2, "'bogus'");
	faults_has(&faults, 3, "must be https");
	faults_has(&faults, 4, "'trust'");
	faults_has(&faults, 5, "needs 'sinkhole'");
	faults_has(&faults, 6, "own-names");
	faults_has(&faults, 8, "needs 'names'");
	faults_has(&faults, 9, "the time 'never'");
	faults_has(&faults, 9, "needs 'prefixes'");
	faults_count(&faults, 9);
}
END_TEST

START_TEST(all_that_is_wrong_with_answers_is_told)
{
	ck_assert_ptr_null(
	    read_text("feed \"a\" { url = \"/x\" }\n"
		      "policy {\n"
		      "  sinkhole = \"192.0.2.256\"\n"
		      "  cname = \"a b\"\n"
		      "  ttl = 8d\n"
		      "  soa-mname = \"..\"\n"
		      "  soa-rname = \"a@b\"\n"
		      "  types = {AAAAA}\n"
		      "  ede-text = \"" TEXT_64 TEXT_64 TEXT_64 TEXT_64 "\"\n"
		      "  category \"x\" {\n"
		      "    ttl = 5\n"
		      "    cname = \"c d\"\n"
		      "    types = {B}\n"
		      "  }\n"
		      "  group \"g\" {\n"
		      "    prefixes = {\"192.0.2.0/24\"}\n"
		      "    feed \"a\" {\n"
		      "      ttl = 1\n"
		      "      soa-mname = \"e f\"\n"
		      "    }\n"
		      "    sinkhole = \"none\"\n"
		      "  }\n"
		      "}\n"));
	faults_has(&faults, 3, "policy: '192.0.2.256' is no list of");
	faults_has(&faults, 4, "policy: cname 'a b' is no name");
	faults_has(&faults, 5, "'ttl'");
	faults_has(&faults, 6, "policy: soa-mname '..' is no name");
	faults_has(&faults, 7, "policy: soa-rname 'a@b' is no name");
	faults_has(&faults, 8, "policy: 'types' are");
	faults_has(&faults, 9, "policy: the text of EDE");
	faults_has(&faults, 12, "category \"x\": cname 'c d' is no name");
	faults_has(&faults, 13, "category \"x\": 'types' are");
	faults_has(&faults, 19, "group \"g\" feed \"a\": soa-mname");
	faults_has(&faults, 21, "group \"g\": 'none' is no list of");
	faults_count(&faults, 11);
}
END_TEST

/* Sections in which nothing stands. */
START_TEST(no_fault_is_without_its_line)
{
	ck_assert_ptr_null(read_text("feed \"a\" {\n"
				     "}\n"
				     "policy {\n"
				     "  rule \"r\" { }\n"
				     "  group \"g\" {\n"
				     "    grade \"blue\" { }\n"
				     "  }\n"
				     "}\n"));
	faults_has(&faults, 2, "needs either 'url' or 'server'");
	faults_has(&faults, 4, "needs 'names'");
	faults_has(&faults, 6, "a grade is");
	faults_has(&faults, 7, "needs 'prefixes'");
	faults_count(&faults, 4);
}
END_TEST

/* ---- what is good ---- */

static const char *const good[] = {
	FEED,
	"allow \"one\" { url = \"file:///tmp/one\" subtree = yes }",
	"feed \"one\" { url = https://feeds.test/x?y&z format = urls }",
	"feed \"A-b_c.9\" { url = \"/x\" }",
	"feed \"one\" { server = \"192.0.2.1\" zone = \"rpz\" }",
	"feed \"one\" { server = \"192.0.2.1\" zone = \"rpz\" "
	"secret-env = \"K\" tsig-name = \"t\" }",
	"feed \"one\" { url = \"https://x/\" secret-file = \"/k\" "
	"secret-header = \"Auth-Key\" }",
	"feed \"one\" { url = \"https://x/\" secret-env = \"K\" "
	"secret-query = \"auth-key\" }",
	"feed \"one\" { url = \"https://x/{key}/y\" secret-env = \"K\" }",
	"feed \"one\" { url = \"https://u:{key}@x/\" secret-file = \"/k\" }",
	"feed \"one\" { url = \"/x/{key}\" }",
	/* Without an action of its own. */
	"feed \"one\" { url = \"/x\" sinkhole = \"192.0.2.1, 2001:db8::1\" }",
	"feed \"one\" { url = \"/x\" action = sinkhole }\n"
	"policy { category \"fraud\" { sinkhole = \"192.0.2.1\" } }",
	"feed \"one\" { url = \"/x\" action = warn severity = yellow }\n"
	"policy { grade \"yellow\" { sinkhole = \"192.0.2.1\" } }",
	"feed \"one\" { url = \"/x\" types = {A, AAAA, https, TYPE65280} }",
	"policy { rule \"order 7/26\" { names = {\"*.a.example\", "
	"\"=b.example\"} prefixes = {\"192.0.2.1\", \"2001:db8::/32\"} } }",
	"policy { asn-db = \"/a\" country-db = \"/c\" rule \"r\" { "
	"networks = {\"AS64496\", \"64497\"} countries = {\"XX\"} } }",
	FEED "policy { group \"g\" " G(
	    "time = \"Mon-Fri 08:00-20:00, Sat\" timezone = \"Europe/Berlin\" "
	    "feed \"one\" { action = passthru } grade \"red\" { ttl = 1 }") " "
									    "}",
};

START_TEST(what_is_good_is_taken)
{
	conf_free(read_good(good[_i]));
}
END_TEST

/* ---- what comes out for a feed ---- */

/* From the narrowest to the widest; each says its place as TTL. */
static const char *const levels[] = { "rule", "group feed", "group category",
	"group grade", "group", "feed", "category", "grade", "policy" };
#define LEVELS 9

/* A configuration in which the levels of the bits of WHICH say a TTL. */
static struct conf *
with_levels(unsigned which)
{
	char say[LEVELS][16], text[2000];

	for (unsigned i = 0; i < LEVELS; i++)
		snprintf(say[i], sizeof(say[i]),
		    which >> i & 1 ? "ttl = %u" : "#\n", 100 + i);
	snprintf(text, sizeof(text),
	    "feed \"f\" { url = \"/x\" category = \"c\" severity = yellow "
	    "%s\n}\n"
	    "policy { %s\n"
	    "category \"c\" { %s\n }\n"
	    "category \"other\" { ttl = 1 }\n"
	    "grade \"yellow\" { %s\n }\n"
	    "grade \"red\" { ttl = 2 }\n"
	    "rule \"r\" { names = {\"a.example\"} category = \"c\" "
	    "severity = yellow %s\n}\n"
	    "group \"g\" { prefixes = {\"10.0.0.0/8\"} %s\n"
	    "feed \"f\" { %s\n } feed \"h\" { ttl = 3 }\n"
	    "category \"c\" { %s\n } category \"other\" { ttl = 4 }\n"
	    "grade \"yellow\" { %s\n } grade \"red\" { ttl = 5 }\n"
	    "} }\nfeed \"h\" { url = \"/y\" ttl = 6 }\n",
	    say[5], say[8], say[6], say[7], say[0], say[4], say[1], say[2],
	    say[3]);
	return read_good(text);
}

/* The TTL of the narrowest level of WHICH that is also in OF. */
static uint64_t
expected(unsigned which, unsigned of)
{
	for (unsigned i = 0; i < LEVELS; i++)
		if (which & of & 1u << i)
			return 100 + i;
	return 60;
}

START_TEST(the_narrowest_that_says_something_decides)
{
	for (unsigned which = 0; which < 1u << LEVELS; which++) {
		struct conf *c = with_levels(which);
		const struct conf_feed *f = conf_feed(c, "f");
		const struct conf_rule *r = c->policy.rules.at;
		const struct conf_group *g = c->policy.groups.at;

		/* 0: rule, 1 to 4: group, 5: feed. */
		ck_assert_uint_eq(conf_answer_of(c, f, NULL, NULL).ttl,
		    expected(which, 0x1e0));
		ck_assert_uint_eq(
		    conf_answer_of(c, f, NULL, g).ttl, expected(which, 0x1fe));
		ck_assert_uint_eq(conf_answer_of(c, NULL, r, NULL).ttl,
		    expected(which, 0x1c1));
		ck_assert_uint_eq(
		    conf_answer_of(c, NULL, r, g).ttl, expected(which, 0x1dd));
		conf_free(c);
	}
	ck_assert_str_eq(levels[8], "policy");
}
END_TEST

START_TEST(options_are_inherited_one_by_one)
{
	struct conf *c = read_good(
	    "feed \"f\" { url = \"/x\" action = nodata types = {MX} }\n"
	    "policy { ttl = 5 ede = censored soa-mname = \"ns.example\"\n"
	    "category \"fraud\" { action = drop ede-text = \"t\" "
	    "aliases = yes types = {A, AAAA} } }");
	const struct conf_answer a = conf_answer_of(
	    c, &c->feeds[0], NULL, NULL);

	ck_assert_uint_eq(a.action, FSK_NODATA);
	ck_assert_uint_eq(a.ttl, 5);
	ck_assert_uint_eq(a.ede, 3);
	ck_assert_str_eq(a.ede_text, "t");
	ck_assert_str_eq(a.soa_mname, "ns.example");
	ck_assert_uint_eq(a.aliases, 1);
	ck_assert_uint_eq(a.types.n, 1);
	ck_assert_uint_eq(a.minimum_feeds, 1);
	conf_free(c);
}
END_TEST

START_TEST(an_address_or_an_alias_says_the_action)
{
	struct conf *c = read_good(
	    "feed \"f\" { url = \"/x\" sinkhole = \"192.0.2.1\" }\n"
	    "feed \"g\" { url = \"/x\" cname = \"w.example\" }\n"
	    "feed \"h\" { url = \"/x\" action = nodata "
	    "sinkhole = \"192.0.2.1\" }\n"
	    "feed \"i\" { url = \"/x\" action = warn }\n"
	    "policy { action = refused sinkhole = \"192.0.2.9\" }");
	struct conf_answer a = conf_answer_of(c, &c->feeds[0], NULL, NULL);

	ck_assert_uint_eq(a.action, FSK_SINKHOLE);
	ck_assert_str_eq(a.sinkhole, "192.0.2.1");
	a = conf_answer_of(c, &c->feeds[1], NULL, NULL);
	ck_assert_uint_eq(a.action, FSK_CNAME);
	a = conf_answer_of(c, &c->feeds[2], NULL, NULL);
	ck_assert_uint_eq(a.action, FSK_NODATA);
	a = conf_answer_of(c, &c->feeds[3], NULL, NULL);
	ck_assert_uint_eq(a.action, FSK_WARN);
	ck_assert_uint_eq(a.ttl, 10);
	ck_assert_str_eq(a.sinkhole, "192.0.2.9");
	conf_free(c);
}
END_TEST

START_TEST(the_severity_is_that_of_the_list)
{
	struct conf *c = read_good(
	    "feed \"own\" { url = \"/x\" category = c severity = red }\n"
	    "feed \"category\" { url = \"/x\" category = c }\n"
	    "feed \"policy\" { url = \"/x\" category = d }\n"
	    "policy { severity = red\n"
	    "category \"c\" { severity = yellow }\n"
	    "group \"g\" " G("severity = yellow") " }");
	const struct conf_group *g = c->policy.groups.at;
	const uint64_t want[] = { 0, 1, 0 };

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(
		    conf_answer_of(c, &c->feeds[i], NULL, NULL).severity,
		    want[i]);
		/* A client does not change what is listed. */
		ck_assert_uint_eq(
		    conf_answer_of(c, &c->feeds[i], NULL, g).severity, want[i]);
	}
	conf_free(c);
}
END_TEST

/* ---- sources in messages ---- */

static const struct {
	const char *url, *shown;
} sources[] = {
	{ "https://feeds.test/a/b.txt", "https://feeds.test/a/b.txt" },
	{ "https://feeds.test:8443/", "https://feeds.test:8443/" },
	{ "https://feeds.test/a?key=SECRET", "https://feeds.test/a?..." },
	{ "https://feeds.test/a#SECRET", "https://feeds.test/a?..." },
	{ "https://feeds.test?key=SECRET@x/y", "https://feeds.test?..." },
	{ "http://me:SECRET@feeds.test/a", "http://feeds.test/a" },
	{ "http://me:SEC@RET@feeds.test/a@b", "http://feeds.test/a@b" },
	{ "http://SECRET@feeds.test", "http://feeds.test" },
	{ "http://me:{key}@feeds.test/{key}/a?{key}",
	    "http://feeds.test/{key}/a?..." },
	{ "/etc/fraudsink/a?b@c", "/etc/fraudsink/a?b@c" },
	{ "file:///a@b", "file:///a@b" },
};

START_TEST(no_source_shows_a_secret)
{
	char url[100];
	struct conf_feed f = { .url = strcpy(url, sources[_i].url) };
	char text[CONF_SOURCE];

	ck_assert_str_eq(conf_source(&f, text), sources[_i].shown);
}
END_TEST

START_TEST(long_sources_are_cut)
{
	char url[1000], text[CONF_SOURCE], zone[] = "rpz", server[] = "::1";
	struct conf_feed f = { .url = url };

	memset(url, 'x', sizeof(url));
	memcpy(url, "https://", 8);
	url[sizeof(url) - 1] = '\0';
	ck_assert_uint_eq(strlen(conf_source(&f, text)), CONF_SOURCE - 1);
	f = (struct conf_feed){ .zone = zone, .server = server };
	ck_assert_str_eq(conf_source(&f, text), "rpz from ::1");
}
END_TEST

static const struct {
	const char *url, *server, *host;
} hosts[] = {
	{ "https://Feeds.test/a:b", NULL, "Feeds.test" },
	{ "https://feeds.test:8443", NULL, "feeds.test" },
	{ "http://me:k@feeds.test?a", NULL, "feeds.test" },
	{ "http://[2001:db8::1]:80/", NULL, "2001:db8::1" },
	{ "file:///a", NULL, "" },
	{ "/http://a", NULL, "" },
	{ NULL, "ns.feeds.test", "ns.feeds.test" },
	{ NULL, "ns.feeds.test:5353", "ns.feeds.test" },
	{ NULL, "[2001:db8::1]:5353", "2001:db8::1" },
};

START_TEST(the_host_of_a_feed)
{
	char url[100] = "", server[100] = "", text[CONF_SOURCE];
	struct conf_feed f = { .url = hosts[_i].url != NULL
		    ? strcpy(url, hosts[_i].url)
		    : NULL,
		.server = hosts[_i].server != NULL
		    ? strcpy(server, hosts[_i].server)
		    : NULL };

	ck_assert_str_eq(conf_host(&f, text), hosts[_i].host);
}
END_TEST

/* ---- answers of words ---- */

static const struct {
	const char *list;
	int v4, v6; /* -1: not good */
} lists[] = {
	{ "192.0.2.1", 1, 0 },
	{ "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4", 4, 0 },
	{ "::1,::2,::3,::4,192.0.2.1", 1, 4 },
	{ " 192.0.2.1 , 2001:db8::1 ", 1, 1 },
	{ "::1,::2,::3,::4,::5", -1, 0 },
	{ "", -1, 0 },
	{ " ", -1, 0 },
	{ ",", -1, 0 },
	{ "192.0.2.1,,192.0.2.2", -1, 0 },
	{ "192.0.2.1 192.0.2.2", -1, 0 },
	{ "192.0.2.1/32", -1, 0 },
	{ "192.0.2", -1, 0 },
	{ "example.com", -1, 0 },
	{ "2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", -1, 0 },
};

START_TEST(addresses)
{
	struct fsk_answer a = { .count4 = 0 };
	const bool is = answer_addresses(lists[_i].list, &a);

	ck_assert_int_eq(is, lists[_i].v4 >= 0);
	if (is) {
		ck_assert_uint_eq(a.count4, (unsigned)lists[_i].v4);
		ck_assert_uint_eq(a.count6, (unsigned)lists[_i].v6);
	}
}
END_TEST

START_TEST(a_text_of_an_answer_has_its_limit)
{
	struct conf *c;
	char text[400];

	for (int len = 255; len <= 256; len++) {
		int n = snprintf(text, sizeof(text),
		    "feed \"f\" { url = \"/x\" ede-text = \"%0*d\" }", len, 0);

		ck_assert_int_lt(n, (int)sizeof(text));
		c = read_text(text);
		faults_count(&faults, len > 255);
		conf_free(c);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/conf.c");
	TCase *tc = tcase_create("configurations");
	SRunner *sr;
	int failed;

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, defaults);
	tcase_add_loop_test(
	    tc, what_is_wrong_is_told_with_its_line, 0, COUNT(bad));
	tcase_add_test(tc, all_that_is_wrong_is_told);
	tcase_add_test(tc, all_that_is_wrong_with_answers_is_told);
	tcase_add_test(tc, no_fault_is_without_its_line);
	tcase_add_loop_test(tc, what_is_good_is_taken, 0, COUNT(good));
	tcase_add_test(tc, the_narrowest_that_says_something_decides);
	tcase_add_test(tc, options_are_inherited_one_by_one);
	tcase_add_test(tc, an_address_or_an_alias_says_the_action);
	tcase_add_test(tc, the_severity_is_that_of_the_list);
	tcase_add_loop_test(tc, no_source_shows_a_secret, 0, COUNT(sources));
	tcase_add_test(tc, long_sources_are_cut);
	tcase_add_loop_test(tc, the_host_of_a_feed, 0, COUNT(hosts));
	tcase_add_loop_test(tc, addresses, 0, COUNT(lists));
	tcase_add_test(tc, a_text_of_an_answer_has_its_limit);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
