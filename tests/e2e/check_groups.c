/* SPDX-License-Identifier: BSD-3-Clause */
/* Who gets which answer: groups of clients, their lists and hours, and no
 * answer of one of them for another, whatever is asked at the same moment. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/lists.h"
#include "tests/e2e/load.h"

static struct world w;
static struct reply r;

static const char records[] = "also.test. 300 IN CNAME common.test.\n"
			      "also-kids.test. 300 IN CNAME kids.test.\n"
			      "also-free.test. 300 IN CNAME allowed.test.\n"
			      "also-also.test. 300 IN CNAME also.test.\n";

static const char groups[] =
    "feed \"bad\" { url = \"@/bad\" aliases = yes }\n"
    "feed \"diff\" { url = \"@/diff\" }\n"
    "policy {\n"
    "  group \"kids\" { prefixes = {\"127.0.0.0/24\", \"::1\"}\n"
    "    block = {\"kids.test\"} allow = {\"allowed.test\"} action = nodata\n"
    "    feed \"diff\" { sinkhole = \"192.0.2.99\" } }\n"
    "  group \"office\" { prefixes = {\"127.0.0.128/25\", \"127.0.4.4\"}\n"
    "    block = {\"office.test\"} action = refused\n"
    "    feed \"diff\" { action = passthru } }\n"
    "  group \"off\" { prefixes = {\"127.0.2.0/23\"} off = yes }\n"
    "  group \"house\" { prefixes = {\"127.0.3.0/24\"} }\n"
    "}\n";

enum answer { TRUE, NX, NODATA, REF, SINK };

static const char *const clients[] = { "127.0.0.2", "127.0.0.127",
	"127.0.0.128", "127.0.4.4", "127.0.2.255", "127.0.3.1", "127.0.5.1",
	"127.1.0.2" };
enum { KIDS, KIDS_2, OFFICE, OFFICE_2, OFF, HOUSE, NONE, NONE_2, CLIENTS };

/* The last row is for those in no group, and in one that says nothing. */
static const struct {
	const char *name;
	enum answer kids, office, off, none;
} names[] = {
	{ "common.test", NODATA, REF, TRUE, NX },
	{ "www.common.test", NODATA, REF, TRUE, NX },
	{ "allowed.test", TRUE, REF, TRUE, NX },
	{ "diff.test", SINK, TRUE, TRUE, NX },
	{ "kids.test", NODATA, TRUE, TRUE, TRUE },
	{ "x.kids.test", NODATA, TRUE, TRUE, TRUE },
	{ "office.test", TRUE, REF, TRUE, TRUE },
	{ "also.test", NODATA, REF, TRUE, NX },
	{ "also-also.test", NODATA, REF, TRUE, NX },
	{ "also-free.test", TRUE, REF, TRUE, NX },
	{ "also-kids.test", TRUE, TRUE, TRUE, TRUE },
	{ "free.test", TRUE, TRUE, TRUE, TRUE },
	{ "n#.test", TRUE, TRUE, TRUE, TRUE },
	{ "n#.kids.test", NODATA, TRUE, TRUE, TRUE },
	{ "n#.common.test", NODATA, REF, TRUE, NX },
};
#define NAMES (sizeof(names) / sizeof(*names))

static enum answer
expected(unsigned name, unsigned client)
{
	switch (client) {
	case KIDS:
	case KIDS_2:
		return names[name].kids;
	case OFFICE:
	case OFFICE_2:
		return names[name].office;
	case OFF:
		return names[name].off;
	default:
		return names[name].none;
	}
}

/* What came back; -1 if it is nothing known. */
static int
kind_of(const struct reply *reply)
{
	const struct rr *a = dns_first(reply, 1, T_A);

	switch (reply->rcode) {
	case NXDOMAIN:
		return a == NULL ? NX : -1;
	case REFUSED:
		return a == NULL ? REF : -1;
	case NOERROR:
		if (a == NULL)
			return dns_count(reply, 1, 0) == 0 ? NODATA : -1;
		if (memcmp(reply->wire + a->rdata, "\300\0\2\1", 4) == 0)
			return TRUE;
		if (memcmp(reply->wire + a->rdata, "\300\0\2\143", 4) == 0)
			return SINK;
		return -1;
	default:
		return -1;
	}
}

static void
start(unsigned threads, const char *server)
{
	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.ring = "ring",
		.threads = threads,
		.server = server,
		.records = records });
	lists_file(&w, "bad", "common.test\nallowed.test\n");
	lists_file(&w, "diff", "diff.test\n");
	lists_sync(&w, groups);
}

static void
expect(unsigned name, unsigned client, bool tcp)
{
	ask(&w, &r,
	    (struct ask){ .name = names[name].name,
		.from = clients[client],
		.tcp = tcp });
	ck_assert_msg(kind_of(&r) == (int)expected(name, client),
	    "%s for %s: %d (rcode %u), not %d", names[name].name,
	    clients[client], kind_of(&r), r.rcode, expected(name, client));
}

START_TEST(each_group_gets_its_own_answers)
{
	start(1, NULL);
	/* Each after each other, so that no cache gives one's to another. */
	for (unsigned n = 0; n < NAMES - 3; n++)
		for (unsigned i = 0; i < 2 * CLIENTS * CLIENTS; i++) {
			expect(n, i / 2 / CLIENTS, i & 1);
			expect(n, i / 2 % CLIENTS, i & 1);
		}
	ck_assert(cached(&w, "free.test"));
	ck_assert(!cached(&w, "kids.test"));
	ck_assert(!cached(&w, "also-free.test"));
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	world_stop(&w);
}
END_TEST

/* For so many queries under way. */
#define LOADED " outgoing-range: 4096\n num-queries-per-thread: 2048\n"

static const char *
wrong_answer(void *arg, unsigned name, unsigned client, unsigned change,
    bool in_force, const struct reply *reply)
{
	static char text[64];
	const int kind = kind_of(reply);

	(void)arg;
	(void)change;
	(void)in_force;
	if (kind == (int)expected(name, client))
		return NULL;
	snprintf(
	    text, sizeof(text), "%d, not %d", kind, expected(name, client));
	return text;
}

START_TEST(no_answer_is_anothers_under_load)
{
	static const unsigned threads[] = { 1, 2, 4 };
	const char *name[NAMES];
	const struct load l = { .w = &w,
		.name = name,
		.names = NAMES,
		.client = clients,
		.clients = CLIENTS,
		.queries = load_size(25000, 1000000),
		.wrong = wrong_answer };

	for (unsigned i = 0; i < NAMES; i++)
		name[i] = names[i].name;
	start(threads[_i], LOADED);
	load_run(&l);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	world_stop(&w);
}
END_TEST

/* ---- lists that change under load ---- */

/* The groups as they are, and as they are after each second change. */
static const char others[] =
    "feed \"bad\" { url = \"@/bad\" aliases = yes }\n"
    "feed \"diff\" { url = \"@/diff\" }\n"
    "policy {\n"
    "  group \"kids\" { prefixes = {\"127.0.2.0/23\"}\n"
    "    block = {\"kids.test\"} allow = {\"allowed.test\"} action = nodata\n"
    "    feed \"diff\" { sinkhole = \"192.0.2.99\" } }\n"
    "  group \"office\" { prefixes = {\"127.0.0.0/25\"}\n"
    "    block = {\"office.test\"} action = refused\n"
    "    feed \"diff\" { action = passthru } }\n"
    "  group \"off\" { prefixes = {\"127.0.5.0/24\"} off = yes }\n"
    "  group \"house\" { prefixes = {\"127.0.0.128/25\"} }\n"
    "}\n";

static enum answer
expected_otherwise(unsigned name, unsigned client)
{
	switch (client) {
	case OFF:
	case HOUSE:
		return names[name].kids;
	case KIDS:
	case KIDS_2:
		return names[name].office;
	case NONE:
		return names[name].off;
	default:
		return names[name].none;
	}
}

/* Odd changes bring the other groups. */
static const char *
wrong_by_then(void *arg, unsigned name, unsigned client, unsigned change,
    bool in_force, const struct reply *reply)
{
	static char text[64];
	const int kind = kind_of(reply);
	const int want[2] = { (int)expected(name, client),
		(int)expected_otherwise(name, client) };

	(void)arg;
	if (kind == want[change & 1] ||
	    (!in_force && kind == want[!(change & 1)]))
		return NULL;
	snprintf(text, sizeof(text), "%d, not %d", kind, want[change & 1]);
	return text;
}

static void
change_groups(void *arg, unsigned n)
{
	(void)arg;
	lists_sync(&w, n & 1 ? others : groups);
}

START_TEST(groups_change_under_load)
{
	static const unsigned threads[] = { 1, 2, 4 };
	const uint64_t queries = load_size(12000, 1000000);
	const char *name[NAMES];
	const struct load l = { .w = &w,
		.name = name,
		.names = NAMES,
		.client = clients,
		.clients = CLIENTS,
		.queries = queries,
		.wrong = wrong_by_then,
		.change = change_groups,
		.changes = queries > 50000 ? 100 : 8 };

	for (unsigned i = 0; i < NAMES; i++)
		name[i] = names[i].name;
	start(threads[_i], LOADED);
	load_run(&l);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	world_stop(&w);
}
END_TEST

/* ---- by time ---- */

/* "HH:MM" in ZONE at NOW. */
static void
clock_of(const char *zone, time_t now, char text[static 8])
{
	char *was = getenv("TZ") != NULL ? strdup(getenv("TZ")) : NULL;
	struct tm tm;

	setenv("TZ", zone, 1);
	tzset();
	localtime_r(&now, &tm);
	strftime(text, 8, "%H:%M", &tm);
	if (was != NULL)
		setenv("TZ", was, 1);
	else
		unsetenv("TZ");
	tzset();
	free(was);
}

START_TEST(groups_have_hours)
{
	static const char *const zones[] = { "UTC", "Asia/Tokyo",
		"America/St_Johns" };
	const time_t now = time(NULL);
	char from[8], to[8], before[8], conf[2048];

	clock_of(zones[_i], now - 10800, before);
	clock_of(zones[_i], now - 3600, from);
	clock_of(zones[_i], now + 3600, to);
	world_start(&w, &(struct world_options){ .list = "other.example" });
	snprintf(conf, sizeof(conf),
	    "policy { rule \"r\" { names = {\"bad.test\"} }\n"
	    "  group \"now\" { prefixes = {\"127.0.0.2\", \"127.0.0.4\"}\n"
	    "    time = \"%s-%s\" timezone = \"%s\" block = {\"kids.test\"}\n"
	    "    action = refused }\n"
	    "  group \"past\" { prefixes = {\"127.0.0.3\", \"127.0.0.5\"}\n"
	    "    time = \"%s-%s\" timezone = \"%s\" block = {\"kids.test\"}\n"
	    "    action = refused }\n"
	    "  group \"else\" { prefixes = {\"127.0.0.4\", \"127.0.0.5\"}\n"
	    "    block = {\"other.test\"} action = servfail }\n"
	    "}\n",
	    from, to, zones[_i], before, from, zones[_i]);
	lists_sync(&w, conf);
	for (unsigned i = 0; i < 8; i++) {
		static const struct {
			const char *client;
			unsigned kids, other, bad;
		} want[] = {
			{ "127.0.0.1", NOERROR, NOERROR, NXDOMAIN },
			{ "127.0.0.2", REFUSED, NOERROR, REFUSED },
			{ "127.0.0.3", NOERROR, NOERROR, NXDOMAIN },
			/* The first group whose hours they are. */
			{ "127.0.0.4", REFUSED, NOERROR, REFUSED },
			{ "127.0.0.5", NOERROR, SERVFAIL, SERVFAIL },
		};

		for (size_t c = 0; c < sizeof(want) / sizeof(*want); c++) {
			ask(&w, &r,
			    (struct ask){
				.name = "kids.test", .from = want[c].client });
			ck_assert_msg(r.rcode == want[c].kids, "%s: %u",
			    want[c].client, r.rcode);
			ask(&w, &r,
			    (struct ask){
				.name = "other.test", .from = want[c].client });
			ck_assert_uint_eq(r.rcode, want[c].other);
			ask(&w, &r,
			    (struct ask){
				.name = "bad.test", .from = want[c].client });
			ck_assert_uint_eq(r.rcode, want[c].bad);
		}
	}
	world_stop(&w);
}
END_TEST

/* ---- by EDNS client subnet ---- */

static const struct {
	const char *octets; /* of the option */
	size_t len;
	bool kids; /* where it is trusted */
} subnets[] = {
	{ "\0\10\0\10\0\1\40\0\177\0\0\2", 12, true },
	{ "\0\10\0\7\0\1\30\0\177\0\0", 11, true },
	/* What is behind the prefix does not count. */
	{ "\0\10\0\10\0\1\30\0\177\0\0\310", 12, true },
	{ "\0\10\0\10\0\1\31\0\177\0\0\201", 12, false }, /* office */
	{ "\0\10\0\10\0\1\40\0\177\0\11\1", 12, false },
	{ "\0\10\0\13\0\2\70\0\40\1\15\270\0\1\0", 15, true },
	{ "\0\10\0\13\0\2\70\0\40\1\15\270\0\2\0", 15, false },
	/* Nobody in particular, and no subnet at all: the client itself. */
	{ "\0\10\0\4\0\1\0\0", 8, false },
	{ "\0\10\0\4\0\2\0\0", 8, false },
	{ "\0\10\0\3\0\1\40", 7, false },
	{ "\0\10\0\0", 4, false },
	{ "\0\10\0\11\0\1\40\0\177\0\0\2\0", 13, false },
	{ "\0\10\0\10\0\1\41\0\177\0\0\2", 12, false },
	{ "\0\10\0\10\0\3\40\0\177\0\0\2", 12, false },
};

static const char by_subnet[] =
    "feed \"bad\" { url = \"@/bad\" }\n"
    "policy { trust-ecs = %s\n"
    "  group \"kids\" { prefixes = {\"127.0.0.0/24\", \"2001:db8:1::/48\"}\n"
    "    block = {\"kids.test\"} action = refused }\n"
    "  group \"office\" { prefixes = {\"127.0.0.128/25\"} }\n"
    "  group \"here\" { prefixes = {\"127.0.7.7\"}\n"
    "    block = {\"here.test\"} action = servfail }\n"
    "}\n";

START_TEST(client_subnet_counts_where_it_is_trusted)
{
	const bool trusted = _i & 1;
	char conf[1024];

	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.modules = _i & 2 ? "dynlib subnetcache validator iterator"
				  : "dynlib iterator",
		.threads = 2 });
	lists_file(&w, "bad", "bad.test\n");
	snprintf(conf, sizeof(conf), by_subnet, trusted ? "yes" : "no");
	lists_sync(&w, conf);
	for (unsigned i = 0; i < 2 * sizeof(subnets) / sizeof(*subnets); i++) {
		const uint8_t *octets = (const void *)subnets[i / 2].octets;
		const bool kids = trusted && subnets[i / 2].kids;

		ask(&w, &r,
		    (struct ask){ .name = "kids.test",
			.edns = true,
			.from = "127.0.9.9",
			.tcp = i & 1,
			.options = octets,
			.options_len = subnets[i / 2].len });
		if (r.rcode == 1)
			continue; /* Unbound takes it for a malformed query */
		ck_assert_msg(r.rcode == (kids ? REFUSED + 0u : NOERROR + 0u),
		    "subnet %u: %u", i / 2, r.rcode);
		ask(&w, &r,
		    (struct ask){ .name = "bad.test",
			.edns = true,
			.from = "127.0.9.9",
			.options = octets,
			.options_len = subnets[i / 2].len });
		ck_assert_uint_eq(r.rcode, kids ? REFUSED : NXDOMAIN);
		ask(&w, &r,
		    (struct ask){ .name = "kids.test", .from = "127.0.0.3" });
		ck_assert_uint_eq(r.rcode, REFUSED);
		ask(&w, &r,
		    (struct ask){ .name = "kids.test", .from = "127.0.9.9" });
		ck_assert_uint_eq(r.rcode, NOERROR);
		/* Who says nothing is who he is. */
		ask(&w, &r,
		    (struct ask){ .name = "here.test",
			.edns = true,
			.from = "127.0.7.7",
			.options = octets,
			.options_len = subnets[i / 2].len });
		ck_assert_msg(r.rcode == 1 ||
			r.rcode == (trusted && i / 2 < 7 ? NOERROR : SERVFAIL),
		    "subnet %u here: %u", i / 2, r.rcode);
	}
	world_stop(&w);
}
END_TEST

/* ---- IPv6 ---- */

/* A port that is free on ::1. */
static unsigned
free_port(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&a, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	close(fd);
	return ntohs(a.sin6_port);
}

START_TEST(clients_with_ipv6)
{
	const unsigned port = free_port();
	char server[256];

	if (port == 0) {
		puts("skipped: clients with IPv6, there is none here");
		return;
	}
	snprintf(server, sizeof(server),
	    " interface: ::1@%u\n access-control: ::1/128 allow\n", port);
	world_start(&w,
	    &(struct world_options){
		.list = "other.example", .server = server, .ring = "ring" });
	lists_sync(&w,
	    "policy { rule \"r\" { names = {\"bad.test\"} }\n"
	    "  group \"outer\" { prefixes = {\"::/64\"} action = nodata }\n"
	    "  group \"one\" { prefixes = {\"::1\"} block = {\"kids.test\"}\n"
	    "    action = refused }\n"
	    "  group \"v4\" { prefixes = {\"127.0.0.0/8\"} action = servfail "
	    "}\n"
	    "}\n");
	for (unsigned i = 0; i < 8; i++) {
		const struct ask bad = { .name = "bad.test", .tcp = i & 1 };
		const struct ask kids = { .name = "kids.test", .tcp = i & 1 };

		ck_assert(dns_ask("::1", port, &bad, &r));
		ck_assert_uint_eq(r.rcode, REFUSED);
		ck_assert(dns_ask("::1", port, &kids, &r));
		ck_assert_uint_eq(r.rcode, REFUSED);
		ask(&w, &r, bad);
		ck_assert_uint_eq(r.rcode, SERVFAIL);
		ask(&w, &r, kids);
		ck_assert_uint_eq(r.rcode, NOERROR);
	}
	world_stop(&w);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/groups");
	TCase *tc = tcase_create("groups");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, each_group_gets_its_own_answers);
	tcase_add_loop_test(tc, no_answer_is_anothers_under_load, 0, 3);
	tcase_add_loop_test(tc, groups_change_under_load, 0, 3);
	tcase_add_loop_test(tc, groups_have_hours, 0, 3);
	tcase_add_loop_test(tc, client_subnet_counts_where_it_is_trusted, 0, 4);
	tcase_add_test(tc, clients_with_ipv6);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
