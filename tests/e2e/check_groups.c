/* SPDX-License-Identifier: BSD-3-Clause */
/* Who gets which answer: groups of clients, their lists and hours, and no
 * answer of one of them for another, whatever is asked at the same moment. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static const char *
wrong_answer(void *arg, unsigned name, unsigned client, long asked,
    const struct reply *reply)
{
	static char text[64];
	const int kind = kind_of(reply);

	(void)arg;
	(void)asked;
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
		.queries = load_size(20000, 250000),
		.wrong = wrong_answer };

	for (unsigned i = 0; i < NAMES; i++)
		name[i] = names[i].name;
	start(threads[_i],
	    " outgoing-range: 4096\n num-queries-per-thread: 2048\n");
	load_run(&l);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
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
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
