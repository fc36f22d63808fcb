/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/guard.c, with nameset.c and psl.c: what no feed may block. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/guard.h"
#include "feeds/host.h"
#include "feeds/nameset.h"
#include "lib/prefix.h"
#include "tests/feeds/faults.h"
#include "tests/lib/kit.h"

static struct faults faults;
static struct conf *conf;
static struct guard *guard;

/* Makes the guard of the configuration TEXT, with a feed. */
static int
make_guard(const char *text, struct fsk_error *err)
{
	const char *path = kit_path("feeds.conf");
	char whole[4000];
	unsigned n;

	snprintf(
	    whole, sizeof(whole), "%s\nfeed \"f\" { url = \"/x\" }\n", text);
	kit_write(path, whole, strlen(whole));
	memset(&faults, 0, sizeof(faults));
	conf = conf_read(path, faults_tell, &faults, &n);
	faults_count(&faults, 0);
	return guard_open(&guard, conf, err);
}

static void
with(const char *text)
{
	struct fsk_error err = { 0 };

	ck_assert_msg(make_guard(text, &err) == FSK_OK, "%s", err.text);
}

static void
teardown(void)
{
	guard_close(guard);
	conf_free(conf);
	kit_teardown();
}

/* What the guard says to the entry TEXT ("=x", "*.x" or "x"). */
static const char *
judged(const char *text, enum conf_trust trust, unsigned *agree)
{
	enum fsk_match_kind match;
	struct fsk_name name;
	const char *wrong = host_entry(
	    &name, &match, FSK_SUBTREE, text, strlen(text));

	ck_assert_msg(wrong == NULL, "'%s': %s", text, wrong);
	return guard_refuses(guard, &name, match, trust, agree);
}

/* Fails the test unless TEXT is refused with WHY; NULL: it may be listed. */
static void
says(const char *text, const char *why)
{
	unsigned agree;
	const char *is = judged(text, TRUST_NORMAL, &agree);

	if (why == NULL)
		ck_assert_msg(is == NULL, "'%s' is refused: %s", text, is);
	else
		ck_assert_msg(is != NULL && strstr(is, why) != NULL,
		    "'%s': '%s', not '%s'", text, is != NULL ? is : "taken",
		    why);
}

/* ---- without any list ---- */

#define TOP     "a top-level domain"
#define ICANN   "a public suffix"
#define PRIVATE "a private suffix"
#define ABOVE   "above a public suffix"
#define SPECIAL "a special-use name (RFC 6761)"
#define ALIAS   "the alias of a protected name"

static const struct {
	const char *entry, *why;
} plain[] = {
	{ "evil.example", NULL },
	{ "www.evil.example", NULL },
	{ "*.evil.example", NULL },
	{ "=evil.example", NULL },
	{ "com", TOP },
	{ "xn--p1ai", TOP },
	{ "xn--fiqs8s", TOP },
	{ "nosuchtld", TOP },
	{ "*.com", TOP },
	{ "=com", TOP },
	/* Suffixes, with rules of all kinds. */
	{ "co.uk", ICANN },
	{ "=co.uk", ICANN },
	{ "*.co.uk", ICANN },
	{ "com.au", ICANN },
	{ "gov.tw", ICANN },
	{ "anything.ck", ICANN },
	{ "www.ck", NULL }, /* an exception */
	{ "x.kawasaki.jp", ICANN },
	{ "city.kawasaki.jp", NULL },
	{ "xn--55qx5d.cn", ICANN },
	{ "\345\205\254\345\217\270.cn", ICANN },
	{ "evil.co.uk", NULL },
	{ "evil.com.au", NULL },
	{ "blogspot.com", PRIVATE },
	{ "*.blogspot.com", PRIVATE },
	{ "=blogspot.com", NULL }, /* a page of its company's own */
	{ "evil.blogspot.com", NULL },
	{ "*.evil.blogspot.com", NULL },
	{ "vercel.app", PRIVATE },
	{ "evil.vercel.app", NULL },
	{ "duckdns.org", PRIVATE },
	{ "evil.duckdns.org", NULL },
	{ "s3.amazonaws.com", PRIVATE },
	/* Suffixes are below them. */
	{ "ovh.net", ABOVE },
	{ "*.ovh.net", ABOVE },
	{ "=ovh.net", NULL },
	{ "evil.ovh.net", NULL },
	{ "fedoraproject.org", ABOVE },
	{ "more-og-romsdal.no", ABOVE },
	{ "us-east-2.amazonaws.com", ABOVE },
	{ "ck", TOP },
	/* Special use. */
	{ "localhost", TOP },
	{ "foo.localhost", SPECIAL },
	{ "printer.local", SPECIAL },
	{ "a.b.invalid", SPECIAL },
	{ "abcdef.onion", SPECIAL },
	{ "vpn.internal", SPECIAL },
	{ "some.alt", SPECIAL },
	{ "1.0.0.127.in-addr.arpa", SPECIAL },
	{ "home.arpa", SPECIAL },
	{ "localhost.evil.example", NULL },
	{ "notlocal", TOP },
	{ "a.notlocal", NULL },
	/* What half of the web hangs on: itself, above, with a mark. */
	{ "google.com", "protected" },
	{ "=google.com", "protected" },
	{ "*.google.com", "protected" },
	{ "www.google.com", "protected" },
	{ "GOOGLE.com", "protected" },
	{ "akadns.net", PRIVATE }, /* and protected */
	{ "=akadns.net", "protected" },
	{ "*.akadns.net", PRIVATE },
	{ "akamai.net", PRIVATE },
	{ "*.akamai.net", PRIVATE },
	{ "*.windows.net", "protected" },
	{ "*.github.com", "protected" },
	{ "github.io", PRIVATE },
	{ "=github.io", "protected" },
	{ "*.github.io", PRIVATE },
	{ "cloudflare.net", "protected" },
	{ "cdn.cloudflare.net", "protected" },
	{ "microsoftonline.com", "protected" }, /* its login. is */
	{ "=microsoftonline.com", NULL },       /* covers nothing else */
	{ "login.microsoftonline.com", "protected" },
	{ "www.paypal.com", "protected" },
	{ "*.www.paypal.com", "protected" },
	{ "www.www.paypal.com", NULL },
	{ "www2.paypal.com", NULL },
	{ "wwww.paypal.com", NULL },
	{ "appleid.apple.com.akadns.net", ALIAS },
	{ "=appleid.apple.com.akadns.net", ALIAS },
	{ "www.apple.com.edgekey.net", ALIAS },
	{ "apple.com.evil.example", NULL },
	{ "paypal.com.evil.akadns.net", NULL },
	{ "evil.akadns.net", NULL },
	{ "evilgoogle.com", NULL },
	{ "google.com.evil.example", NULL },
	{ "evil.github.io", NULL },
	{ "evil.blob.core.windows.net", NULL },
	{ "evil.azureedge.net", NULL },
};

START_TEST(without_lists)
{
	with("");
	says(plain[_i].entry, plain[_i].why);
}
END_TEST

START_TEST(the_root)
{
	const struct fsk_name root = { 1, { 0 } };
	unsigned agree;

	with("");
	ck_assert_str_eq(
	    guard_refuses(guard, &root, FSK_SUBTREE, TRUST_HIGH, &agree),
	    "the root");
}
END_TEST

START_TEST(names_of_any_length)
{
	unsigned agree;

	with("");
	kit_seed(1);
	for (unsigned len = 3; len <= 255; len++)
		for (unsigned i = 0; i < 20; i++) {
			const struct fsk_name name = kit_any_name(len);

			for (int m = FSK_SUBTREE; m <= FSK_BELOW; m++)
				guard_refuses(guard, &name,
				    (enum fsk_match_kind)m, TRUST_LOW, &agree);
			guard_shared(guard, &name);
			guard_is_target(guard, &name);
		}
}
END_TEST

/* ---- the operator's ---- */

START_TEST(what_is_the_operators_own)
{
	with("own-names = { \"bank.example\", \"isp.co.uk\" }\n"
	     "never-blocked = { \"www.good.example\" }");
	says("bank.example", "the operator's own");
	says("=bank.example", "the operator's own");
	says("www.bank.example", "the operator's own");
	says("*.a.b.bank.example", "the operator's own");
	says("example.net", NULL);
	says("ebank.example", NULL);
	says("isp.co.uk", "the operator's own");
	says("co.uk", ICANN);
	says("www.good.example", "protected");
	says("good.example", "protected");
	says("=good.example", NULL);
	says("evil.good.example", NULL);
}
END_TEST

START_TEST(where_the_answers_lead)
{
	static const char *const targets[] = { "feed", "policy", "category",
		"grade", "rule", "group", "group-category", "group-grade",
		"group-feed" };

	with("feed \"x\" { url = \"/x\" cname = \"feed.sink.example\" }\n"
	     "policy { cname = \"policy.sink.example\"\n"
	     "category \"c\" { cname = \"category.sink.example\" }\n"
	     "grade \"red\" { cname = \"grade.sink.example\" }\n"
	     "rule \"r\" { names = {\"a.example\"} "
	     "cname = \"rule.sink.example\" }\n"
	     "group \"g\" { prefixes = {\"10.0.0.0/8\"} "
	     "cname = \"group.sink.example\"\n"
	     "category \"c\" { cname = \"group-category.sink.example\" }\n"
	     "grade \"red\" { cname = \"group-grade.sink.example\" }\n"
	     "feed \"f\" { cname = \"group-feed.sink.example\" } } }");
	says("sink.example", "protected");
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s.sink.example", targets[i]);
		says(name, "protected");
	}
	says("other.sink.example", NULL);
}
END_TEST

START_TEST(what_is_said_later)
{
	struct fsk_error err;

	with("");
	says("feeds.test", NULL);
	ck_assert_int_eq(guard_never(guard, "a.feeds.test", &err), FSK_OK);
	says("a.feeds.test", "protected");
	says("feeds.test", "protected");
	says("b.feeds.test", NULL);
	ck_assert_int_eq(guard_never(guard, "192.0.2.1", &err), FSK_ENAME);
	ck_assert_int_eq(guard_never(guard, "", &err), FSK_ENAME);
}
END_TEST

/* ---- popular names ---- */

/* N names, popular1.example the first, with their RANKS and END. */
static void
write_popular(const char *file, bool ranks, const char *end, unsigned n)
{
	char *text = calloc(n, 40), *p = text;

	for (unsigned i = 1; i <= n; i++) {
		if (ranks)
			p += sprintf(p, "%u,", i);
		p += sprintf(p, "popular%u.example%s", i, end);
	}
	kit_write(kit_path(file), text, (size_t)(p - text));
	free(text);
}

static const char *
protected_by(const char *file, const char *more)
{
	static char text[600];

	snprintf(text, sizeof(text), "protected = { \"%s\" }\n%s",
	    kit_path(file), more);
	return text;
}

START_TEST(popular_names_have_a_rank)
{
	unsigned agree;

	write_popular("top", _i < 2, _i == 1 ? "\r\n" : "\n", 120);
	with(protected_by("top", "protected-rank = 100 protected-feeds = 4"));
	says("popular1.example", "popular");
	says("popular100.example", "popular");
	says("www.popular100.example", "popular");
	says("*.popular100.example", "popular");
	ck_assert_ptr_eq(
	    judged("popular101.example", TRUST_NORMAL, &agree), GUARD_AGREE);
	ck_assert_uint_eq(agree, 4);
	ck_assert_ptr_eq(
	    judged("popular101.example", TRUST_LOW, &agree), GUARD_AGREE);
	ck_assert_ptr_null(judged("popular101.example", TRUST_HIGH, &agree));
	ck_assert_uint_eq(agree, 1);
	/* Trust does not help against the first hundred. */
	ck_assert_str_eq(
	    judged("popular100.example", TRUST_HIGH, &agree), "popular");
	ck_assert_str_eq(judged("google.com", TRUST_HIGH, &agree), "protected");
	says("a.popular1.example", NULL);
	says("unpopular.example", NULL);
	/* What is above the best of them is as popular. */
	ck_assert_str_eq(judged("example", TRUST_HIGH, &agree), TOP);
}
END_TEST

START_TEST(one_feed_is_enough_where_that_is_said)
{
	unsigned agree;

	write_popular("top", true, "\n", 10);
	with(protected_by("top", "protected-rank = 0 protected-feeds = 1"));
	ck_assert_ptr_null(judged("popular1.example", TRUST_NORMAL, &agree));
	ck_assert_uint_eq(agree, 1);
}
END_TEST

START_TEST(a_rank_is_what_the_list_says)
{
	static const char list[] = "# comment\n"
				   "rank,domain\n"
				   "5000,late.example\n"
				   "7,early.example\n"
				   "99999999999,huge.example\n"
				   "\n"
				   "garbage line,,\n"
				   "*.star.example\n"
				   "3, blank.example\n";
	unsigned agree;

	kit_write(kit_path("top"), list, strlen(list));
	with(protected_by("top", "protected-rank = 100"));
	ck_assert_ptr_eq(
	    judged("late.example", TRUST_NORMAL, &agree), GUARD_AGREE);
	says("early.example", "popular");
	says("huge.example", "popular"); /* no rank: by its place */
	says("star.example", "popular");
}
END_TEST

START_TEST(the_better_of_two_ranks)
{
	char text[600];

	write_popular("a", true, "\n", 10);
	kit_write(kit_path("b"), "1,popular9.example\n", 19);
	snprintf(text, sizeof(text),
	    "protected = { \"%s\", \"%s\" } protected-rank = 5", kit_path("a"),
	    kit_path("b"));
	with(text);
	says("popular9.example", "popular");
	says("popular8.example", GUARD_AGREE);
}
END_TEST

static const char *const useless[] = { "", "\n\n# nothing\n",
	"<!DOCTYPE html>\n<html><body>Not found</body></html>\n",
	"GlobalRank,TldRank,Domain,TLD\n1,1,google.com,com\n",
	"1,\"google.com\"\n" };

START_TEST(a_list_that_protects_nothing_is_told)
{
	struct fsk_error err = { 0 };

	kit_write(kit_path("top"), useless[_i], strlen(useless[_i]));
	ck_assert_int_eq(
	    make_guard(protected_by("top", ""), &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, kit_path("top")));
	ck_assert_ptr_nonnull(strstr(err.text, "lists no names"));
	ck_assert_ptr_null(guard);
}
END_TEST

START_TEST(a_list_that_is_not_there_is_told)
{
	struct fsk_error err = { 0 };

	ck_assert_int_eq(make_guard(protected_by("top", ""), &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot open"));
}
END_TEST

START_TEST(a_real_list_of_popular_names)
{
	const char *data = getenv("FRAUDSINK_TEST_DATA");
	char path[400], text[500];

	snprintf(path, sizeof(path),
	    "%s/legit/tranco-like_top50k_2025_ranked.csv.zst",
	    data != NULL ? data : "");
	if (access(path, R_OK) == -1) {
		puts("skipped: ranks of real names: no real data");
		return;
	}
	snprintf(text, sizeof(text), "protected = { \"%s\" }", path);
	with(text);
	says("wikipedia.org", "protected");
	says("dolby.com", "popular");
	says("www.dolby.com", "popular");
	says("evil.example", NULL);
}
END_TEST

/* ---- shared hosts ---- */

static const struct {
	const char *name;
	bool shared, target;
} hosts[] = {
	{ "docs.google.com", true, true },
	{ "a.docs.google.com", true, true },
	{ "google.com", true, true },
	{ "mail.google.com", false, true },
	{ "evil.example", false, false },
	{ "t.co", true, false },
	/* A suffix is shared, a customer's name is his. */
	{ "github.io", true, true },
	{ "evil.github.io", false, true },
	{ "wixsite.com", true, false },
	{ "evil.wixsite.com", false, false },
	{ "s3.amazonaws.com", true, true },
	{ "bucket.s3.amazonaws.com", false, true },
	{ "x.unknown.amazonaws.com", true, true },
	{ "evil.tumblr.com", true, false },
	{ "co.uk", true, false },
	{ "mine.example", true, false },
	{ "a.mine.example", true, false },
	{ "popular1.example", true, true },
	{ "a.popular1.example", false, true },
};

START_TEST(shared_hosts_and_targets)
{
	struct fsk_name name;
	char text[600];

	write_popular("top", true, "\n", 10);
	kit_write(kit_path("shared"), "mine.example\n", 13);
	snprintf(text, sizeof(text),
	    "protected = { \"%s\" } shared-hosts = { \"%s\" }", kit_path("top"),
	    kit_path("shared"));
	with(text);
	name = kit_name(hosts[_i].name);
	ck_assert_int_eq(guard_shared(guard, &name), hosts[_i].shared);
	ck_assert_int_eq(guard_is_target(guard, &name), hosts[_i].target);
}
END_TEST

/* ---- addresses ---- */

#define MANY "too many addresses"
#define USED "special-purpose addresses"

static const struct {
	const char *prefix, *why;
} prefixes[] = {
	{ "192.0.2.1", NULL },
	{ "203.0.113.0/24", NULL },
	{ "198.51.0.0/16", NULL },
	{ "198.50.0.0/15", MANY },
	{ "0.0.0.0/0", MANY },
	{ "::/0", MANY },
	{ "::ffff:0:0/96", MANY },
	{ "2001:db8::1", NULL },
	{ "2001:db8::/32", NULL },
	{ "2001:da8::/31", MANY },
	{ "0.0.0.0", USED },
	{ "10.1.2.3", USED },
	{ "10.0.0.0/16", USED },
	{ "127.0.0.1", USED },
	{ "100.64.0.1", USED },
	{ "100.128.0.1", NULL },
	{ "169.254.1.1", USED },
	{ "172.16.0.1", USED },
	{ "172.32.0.1", NULL },
	{ "192.168.1.0/24", USED },
	{ "192.168.0.0/16", USED },
	{ "192.169.0.1", NULL },
	{ "224.0.0.1", USED },
	{ "255.255.255.255", USED },
	{ "::", USED },
	{ "::1", USED },
	{ "::2", NULL },
	{ "::ffff:127.0.0.1", USED },
	{ "::ffff:192.0.2.1", NULL },
	{ "64:ff9b::1.2.3.4", USED },
	{ "64:ff9b::/32", USED }, /* holds them */
	{ "fd00::1", USED },
	{ "fe80::1", USED },
	{ "ff02::1", USED },
};

START_TEST(addresses)
{
	uint8_t addr[FSK_ADDR_LEN];
	unsigned bits;
	const char *why;

	with("");
	ck_assert_ptr_null(fsk_prefix_read(prefixes[_i].prefix, addr, &bits));
	why = guard_refuses_prefix(addr, bits);
	if (prefixes[_i].why == NULL)
		ck_assert_msg(
		    why == NULL, "%s is refused: %s", prefixes[_i].prefix, why);
	else
		ck_assert_msg(
		    why != NULL && strstr(why, prefixes[_i].why) != NULL,
		    "%s: '%s'", prefixes[_i].prefix, why != NULL ? why : "");
}
END_TEST

/* ---- sets of names ---- */

START_TEST(sets_find_what_was_added)
{
	struct nameset s;
	struct fsk_query q;
	uint32_t value;
	struct fsk_name name = kit_name("a.b.c");

	nameset_init(&s);
	nameset_query(&s, &q, &name);
	ck_assert(!nameset_find(&s, &q, 3, &value));
	ck_assert(nameset_add(&s, &q, 2, 7));
	ck_assert(!nameset_find(&s, &q, 0, &value));
	ck_assert(!nameset_find(&s, &q, 1, &value));
	ck_assert(nameset_find(&s, &q, 2, &value) && value == 7);
	ck_assert(!nameset_find(&s, &q, 3, &value));
	/* The smallest stays. */
	ck_assert(nameset_add(&s, &q, 2, 9));
	ck_assert(nameset_find(&s, &q, 2, &value) && value == 7);
	ck_assert(nameset_add(&s, &q, 2, 0));
	ck_assert(nameset_find(&s, &q, 2, &value) && value == 0);
	nameset_fini(&s);
}
END_TEST

START_TEST(sets_grow)
{
	struct nameset s;
	struct fsk_query q;
	uint32_t value;
	char text[32];

	nameset_init(&s);
	for (unsigned i = 0; i < 20000; i++) {
		struct fsk_name name;

		sprintf(text, "n%u.example", i);
		name = kit_name(text);
		nameset_query(&s, &q, &name);
		ck_assert(nameset_add(&s, &q, q.labels, i));
	}
	ck_assert_uint_eq(s.n, 20000);
	for (unsigned i = 0; i < 40000; i++) {
		struct fsk_name name;

		sprintf(text, "n%u.example", i);
		name = kit_name(text);
		nameset_query(&s, &q, &name);
		ck_assert_int_eq(
		    nameset_find(&s, &q, q.labels, &value), i < 20000);
		if (i < 20000)
			ck_assert_uint_eq(value, i);
	}
	nameset_fini(&s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/guard.c");
	TCase *tc = tcase_create("guards");
	SRunner *sr;
	int failed;

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, kit_setup, teardown);
	tcase_add_loop_test(tc, without_lists, 0, COUNT(plain));
	tcase_add_test(tc, the_root);
	tcase_add_test(tc, names_of_any_length);
	tcase_add_test(tc, what_is_the_operators_own);
	tcase_add_test(tc, where_the_answers_lead);
	tcase_add_test(tc, what_is_said_later);
	tcase_add_loop_test(tc, popular_names_have_a_rank, 0, 3);
	tcase_add_test(tc, one_feed_is_enough_where_that_is_said);
	tcase_add_test(tc, a_rank_is_what_the_list_says);
	tcase_add_test(tc, the_better_of_two_ranks);
	tcase_add_loop_test(
	    tc, a_list_that_protects_nothing_is_told, 0, COUNT(useless));
	tcase_add_test(tc, a_list_that_is_not_there_is_told);
	tcase_add_test(tc, a_real_list_of_popular_names);
	tcase_add_loop_test(tc, shared_hosts_and_targets, 0, COUNT(hosts));
	tcase_add_loop_test(tc, addresses, 0, COUNT(prefixes));
	tcase_add_test(tc, sets_find_what_was_added);
	tcase_add_test(tc, sets_grow);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
