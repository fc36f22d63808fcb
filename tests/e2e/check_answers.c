/* SPDX-License-Identifier: BSD-3-Clause */
/* What answers lead to: aliases, addresses, service bindings, name servers,
 * countries and networks; and names that are signed. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db_write.h"
#include "lib/policy.h"
#include "tests/e2e/lists.h"

static struct world w;
static struct reply r;

static const char records[] =
    /* aliases */
    "one.test. 300 IN CNAME two.test.\n"
    "two.test. 300 IN CNAME three.test.\n"
    "three.test. 300 IN CNAME www.evil.test.\n"
    "to-quiet.test. 300 IN CNAME quiet.test.\n"
    "to-popular.test. 300 IN CNAME x.popular.test.\n"
    "to-later.test. 300 IN CNAME later.test.\n"
    "dn.test. 300 IN DNAME evil.test.\n"
    "up.test. 300 IN DNAME far.up2.test.\n"
    "listed-dn.test. 300 IN DNAME free.example.\n"
    "binding.test. 300 IN HTTPS 0 www.evil.test.\n"
    "free-binding.test. 300 IN HTTPS 1 good.example. alpn=h2\n"
    /* addresses */
    "hit.test. 300 IN A 192.0.2.5\n"
    "hit.test. 300 IN A 203.0.113.9\n"
    "hit.test. 300 IN AAAA 2001:db8:bad::9\n"
    "hit.test. 300 IN TXT \"203.0.113.9\"\n"
    "near.test. 300 IN A 203.0.114.0\n"
    "near.test. 300 IN AAAA 2001:db8:bae::\n"
    "log.test. 300 IN A 198.51.100.1\n"
    "hint4.test. 300 IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.5,203.0.113.9\n"
    "hint6.test. 300 IN HTTPS 1 . ipv6hint=2001:db8:bad::1\n"
    "hint4.test. 300 IN SVCB 1 x.test. ipv4hint=203.0.113.255\n"
    "hintless.test. 300 IN HTTPS 1 . alpn=h2 ipv4hint=203.0.112.255\n"
    "to-hit.test. 300 IN CNAME hit.test.\n"
    "gets-hit.test. 300 IN A 198.18.0.1\n"
    "page.test. 300 IN A 203.0.113.80\n"
    /* places */
    "britain.test. 300 IN A 81.2.69.142\n"
    "japan.test. 300 IN AAAA 2001:218::1\n"
    "telstra.test. 300 IN A 1.128.0.1\n"
    "nowhere.test. 300 IN A 192.0.2.9\n";

static const char aliases[] =
    "protected = {\"@/popular\"}\nprotected-rank = 1\n"
    "feed \"bad\" { url = \"@/bad\" aliases = yes trust = high }\n"
    "feed \"quiet\" { url = \"@/quiet\" }\n"
    "policy { rule \"up\" { names = {\"x.up.test\", \"listed-dn.test\"} } }\n";

static void
start(const char *server)
{
	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.ring = "ring",
		.server = server,
		.records = records });
}

static void
expect_as(const char *name, uint16_t type, unsigned rcode, const char *from)
{
	ask(&w, &r, (struct ask){ .name = name, .qtype = type, .from = from });
	ck_assert_msg(r.rcode == rcode, "%s, type %u: %u, not %u", name, type,
	    r.rcode, rcode);
}

static void
expect(const char *name, uint16_t type, unsigned rcode)
{
	expect_as(name, type, rcode, NULL);
}

/* ---- aliases ---- */

static void
list_aliases(const char *later)
{
	char text[256];

	lists_file(&w, "popular", "first.test\npopular.test\n");
	snprintf(text, sizeof(text), "evil.test\nx.popular.test\n%s", later);
	lists_file(&w, "bad", text);
	lists_file(&w, "quiet", "quiet.test\n");
	lists_sync(&w, aliases);
}

START_TEST(aliases_lead_to_listed_names)
{
	start(NULL);
	list_aliases("");
	for (unsigned again = 0; again < 3; again++) {
		expect("one.test", T_A, NXDOMAIN);
		expect("two.test", T_AAAA, NXDOMAIN);
		expect("three.test", T_TXT, NXDOMAIN);
		expect("three.test", T_CNAME, NXDOMAIN);
		expect("two.test", T_CNAME, NOERROR);
		expect("x.dn.test", T_A, NXDOMAIN);
		expect("a.b.dn.test", T_AAAA, NXDOMAIN);
		expect("binding.test", T_HTTPS, NXDOMAIN);
		expect("binding.test", T_A, NOERROR);
		expect("free-binding.test", T_HTTPS, NOERROR);
		ck_assert_uint_eq(dns_count(&r, 1, T_HTTPS), 1);
		/* Off by default; and what many lead to says nothing. */
		expect("quiet.test", T_A, NXDOMAIN);
		expect("to-quiet.test", T_A, NOERROR);
		ck_assert_ptr_nonnull(dns_first(&r, 1, T_A));
		expect("x.popular.test", T_A, NXDOMAIN);
		expect("to-popular.test", T_A, NOERROR);
		ck_assert_ptr_nonnull(dns_first(&r, 1, T_A));
		expect("to-later.test", T_A, NOERROR);
	}
	/* The answer is about the name that was asked for. */
	ask(&w, &r, (struct ask){ .name = "oNe.test" });
	ck_assert_uint_eq(r.rcode, NXDOMAIN);
	ck_assert_uint_eq(dns_count(&r, 1, 0), 0);
	ck_assert_ptr_nonnull(dns_first(&r, 2, T_SOA));
	ck_assert_mem_eq(dns_first(&r, 2, T_SOA)->owner, "\3oNe\4test", 10);
	ck_assert(!cached(&w, "one.test"));
	ck_assert(!cached(&w, "www.evil.test"));
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	world_stop(&w);
}
END_TEST

START_TEST(dname_above_and_below_a_listed_name)
{
	start(NULL);
	list_aliases("");
	for (unsigned again = 0; again < 3; again++) {
		expect("y.up.test", T_A, NOERROR);
		expect("x.up.test", T_A, NXDOMAIN);
		expect("a.x.up.test", T_A, NXDOMAIN);
		expect("up.test", T_DNAME, NOERROR);
		ck_assert_uint_eq(dns_count(&r, 1, T_DNAME), 1);
		expect("listed-dn.test", T_DNAME, NXDOMAIN);
		expect("x.listed-dn.test", T_A, NXDOMAIN);
		expect("x.free.example", T_A, NOERROR);
	}
	world_stop(&w);
}
END_TEST

START_TEST(cached_aliases_go_when_the_target_is_listed)
{
	static const char *const servers[] = { NULL,
		" serve-expired: yes\n prefetch: yes\n" };

	start(servers[_i]);
	list_aliases("");
	expect("to-later.test", T_A, NOERROR);
	expect("to-later.test", T_AAAA, NOERROR);
	ck_assert(cached(&w, "to-later.test"));
	list_aliases("later.test\n");
	for (unsigned i = 0; i < 100; i++)
		expect("to-later.test", i & 1 ? T_A : T_AAAA, NXDOMAIN);
	ck_assert(!cached(&w, "to-later.test"));
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	list_aliases("");
	expect("to-later.test", T_A, NOERROR);
	world_stop(&w);
}
END_TEST

/* ---- addresses ---- */

static const char addresses[] =
    "feed \"evil\" { url = \"@/evil\" aliases = yes }\n"
    "policy {\n"
    "  rule \"net\" { prefixes = {\"203.0.113.0/24\", \"2001:db8:bad::/48\"} "
    "}\n"
    "  rule \"count\" { prefixes = {\"198.51.100.0/24\"} action = log }\n"
    "  rule \"page\" { names = {\"paged.test\"} action = cname\n"
    "    cname = \"page.test\" }\n"
    "  group \"free\" { prefixes = {\"127.0.0.2\"} off = yes }\n"
    "  group \"kids\" { prefixes = {\"127.0.0.3\"} allow = {\"hit.test\",\n"
    "    \"evil.test\"} }\n"
    "}\n";

static void
list_addresses(void)
{
	lists_file(&w, "evil", "evil.test\n");
	lists_sync(&w, addresses);
}

START_TEST(addresses_in_answers)
{
	start(NULL);
	list_addresses();
	for (unsigned again = 0; again < 3; again++) {
		expect("hit.test", T_A, NXDOMAIN);
		expect("hit.test", T_AAAA, NXDOMAIN);
		expect("hit.test", T_TXT, NOERROR);
		expect("near.test", T_A, NOERROR);
		expect("near.test", T_AAAA, NOERROR);
		expect("to-hit.test", T_A, NXDOMAIN);
		expect("hint4.test", T_HTTPS, NXDOMAIN);
		expect("hint6.test", T_HTTPS, NXDOMAIN);
		expect("hint4.test", T_SVCB, NXDOMAIN);
		expect("hintless.test", T_HTTPS, NOERROR);
		ck_assert_uint_eq(dns_count(&r, 1, T_HTTPS), 1);
		expect("log.test", T_A, NOERROR);
	}
	ck_assert(!cached(&w, "to-hit.test"));
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	ck_assert_uint_eq(
	    lists_counter(&w, FSK_COUNT_ACTION + FSK_NXDOMAIN), 18);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_ACTION + FSK_LOG), 3);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_EVENTS), 21);
	world_stop(&w);
}
END_TEST

/* Addresses of a plain list and of a policy zone, where they are asked for; and
 * a category whose aliases count. */
static const char address_feeds[] =
    "feed \"nets\" { url = \"@/nets\" format = domains addresses = yes\n"
    "  action = refused category = other }\n"
    "feed \"zone\" { url = \"@/zone\" format = rpz addresses = yes\n"
    "  category = phishing }\n"
    "feed \"names\" { url = \"@/names\" category = other }\n"
    "policy { category \"phishing\" { aliases = yes } }\n";

static const char address_zone[] =
    "$ORIGIN rpz.example.\n"
    "@ 300 IN SOA ns.example. a.example. 1 3600 600 86400 60\n"
    "@ 300 IN NS ns.example.\n"
    "evil.test 300 IN CNAME .\n"
    "*.evil.test 300 IN CNAME .\n"
    "fine.evil.test 300 IN CNAME rpz-passthru.\n"
    "32.9.2.0.192.rpz-ip 300 IN CNAME .\n"
    "48.zz.bae.db8.2001.rpz-ip 300 IN CNAME .\n";

START_TEST(feeds_list_addresses)
{
	static const struct {
		const char *name;
		uint16_t type;
		unsigned rcode;
	} row[] = {
		{ "hit.test", T_A, REFUSED },
		{ "hit.test", T_AAAA, REFUSED },
		{ "hit.test", T_ANY, REFUSED },
		{ "to-hit.test", T_A, REFUSED },
		{ "hint4.test", T_HTTPS, REFUSED },
		{ "hint6.test", T_HTTPS, REFUSED },
		{ "log.test", T_A, REFUSED },
		{ "near.test", T_A, NOERROR },
		{ "near.test", T_AAAA, NXDOMAIN },
		{ "nowhere.test", T_A, NXDOMAIN },
		{ "hintless.test", T_HTTPS, NOERROR },
		/* Not where they are not asked for. */
		{ "britain.test", T_A, NOERROR },
		{ "quiet.test", T_A, NXDOMAIN },
		{ "to-quiet.test", T_A, NOERROR },
		{ "one.test", T_A, NXDOMAIN },
		{ "evil.test", T_A, NXDOMAIN },
		{ "fine.evil.test", T_A, NOERROR },
		{ "good.test", T_A, NOERROR },
	};

	start(NULL);
	lists_file(
	    &w, "nets", "203.0.113.0/24\n2001:db8:bad::/48\n198.51.100.1\n");
	lists_file(&w, "zone", address_zone);
	lists_file(&w, "names", "quiet.test\n81.2.69.142\n81.2.69.0/24\n");
	lists_sync(&w, address_feeds);
	for (size_t i = 0; i < 4 * sizeof(row) / sizeof(*row); i++) {
		ask(&w, &r,
		    (struct ask){ .name = row[i / 4].name,
			.qtype = row[i / 4].type,
			.tcp = i & 1,
			.edns = i & 2 });
		ck_assert_msg(r.rcode == row[i / 4].rcode,
		    "%s, type %u: %u, not %u", row[i / 4].name, row[i / 4].type,
		    r.rcode, row[i / 4].rcode);
	}
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	world_stop(&w);
}
END_TEST

START_TEST(cached_addresses_go_when_they_are_listed)
{
	start(NULL);
	expect("hit.test", T_A, NOERROR);
	expect("hint4.test", T_HTTPS, NOERROR);
	ck_assert(cached(&w, "hit.test"));
	list_addresses();
	expect("hit.test", T_A, NXDOMAIN);
	expect("hint4.test", T_HTTPS, NXDOMAIN);
	ck_assert(!cached(&w, "hit.test"));
	world_stop(&w);
}
END_TEST

/* What one group may see is not left to others in the cache. */
START_TEST(what_a_group_may_see_is_not_cached)
{
	static const char *const seers[] = { "127.0.0.2", "127.0.0.3" };

	start(NULL);
	list_addresses();
	for (unsigned i = 0; i < 2; i++) {
		expect_as("hit.test", T_A, NOERROR, seers[i]);
		ck_assert_uint_eq(dns_count(&r, 1, T_A), 2);
		expect_as("hit.test", T_A, NXDOMAIN, "127.0.0.1");
		expect_as("binding.test", T_HTTPS, NOERROR, seers[i]);
		ck_assert_uint_eq(dns_count(&r, 1, T_HTTPS), 1);
		expect_as("binding.test", T_HTTPS, NXDOMAIN, "127.0.0.1");
		expect_as("three.test", T_A, NOERROR, seers[i]);
		expect_as("three.test", T_A, NXDOMAIN, "127.0.0.1");
	}
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	world_stop(&w);
}
END_TEST

/* Nor what Unbound asked for itself. */
START_TEST(what_unbound_asked_for_itself_is_not_cached)
{
	start(NULL);
	list_addresses();
	expect("paged.test", T_A, NOERROR);
	ck_assert_uint_eq(dns_count(&r, 1, T_CNAME), 1);
	ck_assert_uint_eq(dns_count(&r, 1, T_A), 1);
	expect("page.test", T_A, NXDOMAIN);
	expect("paged.test", T_A, NOERROR);
	ck_assert_uint_eq(dns_count(&r, 1, T_A), 1);
	expect("page.test", T_A, NXDOMAIN);
	world_stop(&w);
}
END_TEST

/* ---- pages ---- */

static const char pages[] =
    "feed \"bad\" { url = \"@/bad\" aliases = yes }\n"
    "policy { action = cname cname = \"page.test\"\n"
    "  rule \"late\" { prefixes = {\"203.0.113.9\"} }\n"
    "  rule \"self\" { names = {\"self.test\"} cname = \"self.test\" }\n"
    "  rule \"below\" { names = {\"top.test\"} cname = \"page.top.test\" }\n"
    "  group \"g\" { prefixes = {\"127.0.0.2\"} }\n"
    "}\n";

START_TEST(the_page_is_given_with_its_alias)
{
	static const char *const from[] = { "127.0.0.1", "127.0.0.2" };

	start(NULL);
	lists_file(&w, "bad", "evil.test\n");
	lists_sync(&w, pages);
	for (unsigned i = 0; i < 8; i++) {
		static const char *const late[] = { "evil.test", "one.test",
			"hit.test", "top.test" };
		const struct rr *a;

		expect_as(late[i / 2], T_A, NOERROR, from[i & 1]);
		ck_assert_msg(dns_count(&r, 1, T_CNAME) == 1 &&
			dns_count(&r, 1, T_A) == 1,
		    "%s: %u, %u", late[i / 2], dns_count(&r, 1, T_CNAME),
		    dns_count(&r, 1, T_A));
		a = dns_first(&r, 1, T_A);
		ck_assert_mem_eq(r.wire + a->rdata,
		    i / 2 == 3 ? "\300\0\2\1" : "\313\0\161\120", 4);
		/* A page that is the listed name itself is to be had. */
		expect_as("self.test", T_A, NOERROR, from[i & 1]);
		ck_assert_uint_eq(dns_count(&r, 1, T_CNAME), 0);
		ck_assert_uint_eq(dns_count(&r, 1, T_A), 1);
		expect_as("page.top.test", T_A, NOERROR, from[i & 1]);
		ck_assert_uint_eq(dns_count(&r, 1, T_CNAME), 0);
		expect_as("x.self.test", T_A, NOERROR, from[i & 1]);
		ck_assert_uint_eq(dns_count(&r, 1, T_CNAME), 1);
	}
	world_stop(&w);
}
END_TEST

/* ---- countries and networks ---- */

static const char places[] =
    "policy {\n"
    "  country-db = \"@/country.mmdb\" asn-db = \"@/asn.mmdb\"\n"
    "  rule \"gb\" { countries = {\"GB\"} action = refused }\n"
    "  rule \"jp\" { countries = {\"JP\"} action = nodata }\n"
    "  rule \"as\" { networks = {\"AS1221\", \"64500\"} }\n"
    "}\n";

/* Puts a file of the test data in place, in one step; false without data. */
static bool
put_places(const char *file, const char *name)
{
	const char *data = getenv("FRAUDSINK_TEST_DATA");
	char command[1024];

	snprintf(command, sizeof(command),
	    "cp '%s/mmdb/maxmind-test-data/%s' '%s/%s.new' && "
	    "mv '%s/%s.new' '%s/%s'",
	    data != NULL ? data : "", file, w.folder, name, w.folder, name,
	    w.folder, name);
	return system(command) == 0;
}

static void
await(const char *name, uint16_t type, unsigned rcode)
{
	const long end = now_ms() + patience(5000);

	for (;;) {
		ask(&w, &r, (struct ask){ .name = name, .qtype = type });
		if (r.rcode == rcode)
			return;
		ck_assert_msg(now_ms() < end, "%s: %u", name, r.rcode);
		breathe();
	}
}

START_TEST(countries_and_networks)
{
	char path[256];

	start(NULL);
	if (!put_places("GeoIP2-Country-Test.mmdb", "country.mmdb")) {
		puts("skipped: countries and networks, without data");
		world_stop(&w);
		return;
	}
	expect("britain.test", T_A, NOERROR);
	ck_assert(cached(&w, "britain.test"));
	lists_sync(&w, places);
	/* One file is not there yet, and that is told. */
	await_log(&w, "cannot open", 1);
	expect("britain.test", T_A, REFUSED);
	expect("telstra.test", T_A, NOERROR);
	ck_assert(put_places("GeoLite2-ASN-Test.mmdb", "asn.mmdb"));
	await("telstra.test", T_A, NXDOMAIN);
	for (unsigned again = 0; again < 2; again++) {
		expect("britain.test", T_A, REFUSED);
		expect("japan.test", T_AAAA, NOERROR);
		ck_assert_uint_eq(dns_count(&r, 1, 0), 0);
		expect("telstra.test", T_A, NXDOMAIN);
		expect("nowhere.test", T_A, NOERROR);
	}
	/* Another file takes over; what is bad or gone changes nothing. */
	ck_assert(put_places("GeoLite2-ASN-Test.mmdb", "country.mmdb"));
	await("britain.test", T_A, NOERROR);
	expect("telstra.test", T_A, NXDOMAIN);
	ck_assert(put_places("GeoIP2-Country-Test.mmdb", "country.mmdb"));
	await("britain.test", T_A, REFUSED);
	lists_file(&w, "bad", "no MMDB file");
	snprintf(
	    path, sizeof(path), "cd '%s' && mv bad country.mmdb", w.folder);
	ck_assert_int_eq(system(path), 0);
	await_log(&w, "cannot open", 2);
	expect("britain.test", T_A, REFUSED);
	expect("telstra.test", T_A, NXDOMAIN);
	snprintf(path, sizeof(path), "%s/asn.mmdb", w.folder);
	unlink(path);
	ck_assert(put_places("GeoIP2-Country-Test.mmdb", "country.mmdb"));
	for (unsigned i = 0; i < 60; i++) {
		expect("britain.test", T_A, REFUSED);
		expect("telstra.test", T_A, NXDOMAIN);
		breathe();
	}
	world_stop(&w);
}
END_TEST

/* Some tools write the next file over the one before, from its beginning. */
static const char allowed[] =
    "feed \"nets\" { url = \"@/nets\" format = domains addresses = yes\n"
    "  action = refused }\n"
    "allow \"fine\" { url = \"@/fine\" format = domains addresses = yes }\n";

/* The longest prefix decides, and of two that are the same the one that is
 * allowed; such an address is in no listed country. */
START_TEST(allowed_addresses)
{
	char text[1024];

	start(NULL);
	lists_file(&w, "nets",
	    "203.0.113.0/24\n2001:db8:bad::/48\n198.51.100.1\n192.0.2.9\n");
	lists_file(&w, "fine",
	    "203.0.113.9\n198.51.100.0/24\n192.0.2.9\n81.2.69.142\n");
	snprintf(text, sizeof(text), "%s%s", allowed,
	    put_places("GeoIP2-Country-Test.mmdb", "country.mmdb")
		? "policy { country-db = \"@/country.mmdb\"\n"
		  "  rule \"gb\" { countries = {\"GB\"} } }\n"
		: "");
	lists_sync(&w, text);
	expect("hit.test", T_A, NOERROR);
	ck_assert(cached(&w, "hit.test"));
	expect("hit.test", T_AAAA, REFUSED);
	expect("hint4.test", T_HTTPS, NOERROR);
	expect("log.test", T_A, REFUSED);
	expect("nowhere.test", T_A, NOERROR);
	expect("britain.test", T_A, NOERROR);
	/* What is allowed no more. */
	lists_file(&w, "fine", "198.51.100.0/24\n192.0.2.9\n81.2.69.142\n");
	lists_sync(&w, text);
	expect("hit.test", T_A, REFUSED);
	expect("nowhere.test", T_A, NOERROR);
	world_stop(&w);
}
END_TEST

START_TEST(files_of_places_are_written_in_place)
{
	char path[256];

	start(NULL);
	if (!put_places("GeoIP2-Country-Test.mmdb", "country.mmdb") ||
	    !put_places("GeoLite2-ASN-Test.mmdb", "asn.mmdb")) {
		puts("skipped: places in place, without data");
		world_stop(&w);
		return;
	}
	lists_sync(&w, places);
	expect("britain.test", T_A, REFUSED);
	snprintf(path, sizeof(path), "%s/country.mmdb", w.folder);
	ck_assert_int_eq(truncate(path, 0), 0);
	for (unsigned i = 0; i < 60; i++) {
		expect("britain.test", T_A, REFUSED);
		expect("telstra.test", T_A, NXDOMAIN);
		breathe();
	}
	await_log(&w, "cannot open", 1);
	ck_assert_uint_eq(occurrences(w.log, "cannot open"), 1);
	world_stop(&w);
}
END_TEST

/* ---- name servers ---- */

/* Publishes a database with "nsip:SERVER/32" and "evil.test", made with the
 * library alone. */
static void
publish_server(const char *server)
{
	static const uint8_t key[FSK_KEY_LEN] = { 1, 2, 3 };
	const struct fsk_writer_options options = { .mode = FSK_NAMES,
		.threads = 1,
		.memory = FSK_MEMORY_MIN,
		.created = 1,
		.key = key };
	const struct fsk_answer refuse = { .action = FSK_REFUSE,
		.ede = FSK_EDE_BLOCKED };
	const struct fsk_claim claim = {
		.feed = "servers", .category = "fraud", .severity = FSK_RED
	};
	const struct fsk_group_spec everyone = { .name = "" };
	const struct fsk_class class = { .aliases = false };
	struct fsk_prefixes servers = { 0 };
	const uint16_t row = 0;
	const struct fsk_policy_spec spec = {
		.settings = { .look_at_servers = true },
		.groups = 1,
		.group = &everyone,
		.classes = 1,
		.class = &class,
		.answer = &row,
		.servers = &servers,
	};
	struct fsk_writer_result result;
	struct fsk_error err = { 0 };
	uint8_t addr[FSK_ADDR_LEN];
	char text[FSK_PREFIX_KEY];
	struct fsk_writer *writer;
	struct fsk_lane *lane;
	struct fsk_name name;
	uint32_t number;
	unsigned answer;
	uint8_t *packed;
	size_t len;

	ck_assert(fsk_addr_read(server, addr));
	ck_assert(fsk_prefixes_add(&servers, addr, 128, 1));
	packed = fsk_policy_pack(&spec, &len);
	ck_assert_ptr_nonnull(packed);
	ck_assert_ptr_null(fsk_name_from_text(&name, "evil.test", 9));
	ck_assert_msg(
	    fsk_writer_open(&writer, w.db, &options, &err) == FSK_OK &&
		fsk_writer_answer(writer, &refuse, &answer, &err) == FSK_OK &&
		fsk_writer_claim(writer, &claim, &number, &err) == FSK_OK &&
		fsk_writer_lane(writer, &lane, &err) == FSK_OK &&
		fsk_lane_add_url(lane, fsk_prefix_key("nsip", addr, 128, text),
		    number, &err) == FSK_OK &&
		fsk_lane_add(lane, &name, FSK_SUBTREE, number, &err) == FSK_OK,
	    "%s", err.text);
	fsk_writer_policy(writer, packed, len);
	ck_assert_msg(fsk_writer_publish(writer, &result, &err) == FSK_OK, "%s",
	    err.text);
	fsk_writer_close(writer);
	fsk_prefixes_fini(&servers);
	free(packed);
}

START_TEST(servers_that_are_asked)
{
	char nsd[64];
	const struct world_zone zones[] = {
		{ "served.test",
		    "served.test. 300 IN SOA ns.test. a.test. 1 3600 1200 "
		    "604800 60\n"
		    "served.test. 300 IN NS ns.test.\n"
		    "*.served.test. 300 IN A 192.0.2.1\n"
		    "al.served.test. 300 IN CNAME good.test.\n",
		    other_address(1) },
		{ NULL, NULL, NULL },
	};

	snprintf(nsd, sizeof(nsd), " ip-address: %s@5301\n", other_address(1));
	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.ring = "ring",
		.records = records,
		.nsd = nsd,
		.zones = zones });
	expect("a.served.test", T_A, NOERROR);
	publish_server(other_address(1));
	await_rcode(&w, "evil.test", REFUSED, 2000);
	for (unsigned again = 0; again < 4; again++) {
		expect("b.served.test", T_A, REFUSED);
		expect("b.served.test", T_AAAA, REFUSED);
		expect("al.served.test", T_A, REFUSED);
		expect("good.test", T_A, NOERROR);
	}
	ck_assert(!cached(&w, "b.served.test"));
	world_stop(&w);
}
END_TEST

/* ---- signed names ---- */

static const struct {
	const char *setting;
	unsigned rcode; /* for a signed name, with DO */
	bool real;
} signeds[] = {
	{ "answer", NXDOMAIN, false },
	{ "servfail", SERVFAIL, false },
	{ "pass", NOERROR, true },
};

START_TEST(signed_names)
{
	char conf[512];

	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.ring = "ring",
		.modules = _i < 3 ? "dynlib validator iterator"
				  : "dynlib iterator",
		.threads = 2,
		.records = records });
	snprintf(conf, sizeof(conf),
	    "policy { signed = %s rule \"r\" { names = {\"evil.signed.test\", "
	    "\"evil.test\"} } }\n",
	    signeds[_i % 3].setting);
	lists_sync(&w, conf);
	for (unsigned i = 0; i < 8; i++) {
		const bool dnssec = i & 1;

		ask(&w, &r,
		    (struct ask){ .name = "evil.signed.test",
			.dnssec = dnssec,
			.edns = true,
			.flags = i & 2 ? F_CD : 0,
			.tcp = i & 4 });
		ck_assert_msg(
		    r.rcode == (dnssec ? signeds[_i % 3].rcode : NXDOMAIN),
		    "%s, DO %d: %u", signeds[_i % 3].setting, dnssec, r.rcode);
		if (dnssec && signeds[_i % 3].real) {
			ck_assert_uint_eq(dns_count(&r, 1, T_A), 1);
			ck_assert_int_eq(r.ede, -1);
		} else {
			ck_assert_uint_eq(dns_count(&r, 1, 0), 0);
			ck_assert_int_eq(r.ede, EDE_BLOCKED);
			ck_assert(!(r.flags & F_AD));
		}
		/* One that is not signed is blocked in any case. */
		ask(&w, &r,
		    (struct ask){
			.name = "evil.test", .dnssec = dnssec, .tcp = i & 4 });
		ck_assert_uint_eq(r.rcode, NXDOMAIN);
		ask(&w, &r,
		    (struct ask){
			.name = "good.signed.test", .dnssec = dnssec });
		ck_assert_uint_eq(r.rcode, NOERROR);
	}
	ck_assert(!cached(&w, "evil.signed.test"));
	world_stop(&w);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/answers");
	TCase *tc = tcase_create("answers");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, aliases_lead_to_listed_names);
	tcase_add_test(tc, dname_above_and_below_a_listed_name);
	tcase_add_loop_test(
	    tc, cached_aliases_go_when_the_target_is_listed, 0, 2);
	tcase_add_test(tc, addresses_in_answers);
	tcase_add_test(tc, feeds_list_addresses);
	tcase_add_test(tc, cached_addresses_go_when_they_are_listed);
	tcase_add_test(tc, what_a_group_may_see_is_not_cached);
	tcase_add_test(tc, what_unbound_asked_for_itself_is_not_cached);
	tcase_add_test(tc, the_page_is_given_with_its_alias);
	tcase_add_test(tc, countries_and_networks);
	tcase_add_test(tc, allowed_addresses);
	tcase_add_test(tc, files_of_places_are_written_in_place);
	tcase_add_test(tc, servers_that_are_asked);
	tcase_add_loop_test(tc, signed_names, 0, 6);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
