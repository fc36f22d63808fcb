/* SPDX-License-Identifier: BSD-3-Clause */
/* What is exported, in a real Unbound without our module: as a policy zone and
 * as local zones. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/world.h"

static struct world w;

static const char list[] =
    "evil.test\n=exact.test\n*.below.test\nbad.fine.x.y.evil.test\n";
static const char allow[] = "fine.x.y.evil.test\n=self.evil.test\nbank.test\n";
static const char sink[] = "sink.test\n=esink.test\n";

/* Writes these lists in FORMAT; returns the path. */
static const char *
export_as(const char *format)
{
	static char out[192];
	const char *feeds = getenv("FRAUDSINK_TEST_FEEDS");
	char command[2048], log[256], in[3][256];
	const char *const text[3] = { list, allow, sink };

	snprintf(out, sizeof(out), "%s/%ld.%s", procs_folder(), (long)getpid(),
	    format);
	snprintf(log, sizeof(log), "%s.log", out);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(in[i], sizeof(in[i]), "%s.%u", out, i);
		write_file(in[i], text[i], strlen(text[i]));
	}
	snprintf(command, sizeof(command),
	    "'%s' build -q -o '%s.db' '%s' --action allow '%s' --action "
	    "sinkhole --sinkhole 192.0.2.66,2001:db8::66 '%s' && "
	    "'%s' export -d '%s.db' -f %s -o '%s'",
	    feeds, out, in[0], in[1], in[2], feeds, out, format, out);
	proc_run(
	    log, (const char *const[]){ "/bin/sh", "-c", command, NULL }, 0);
	return out;
}

/* What a name is answered with. */
static const struct {
	const char *name;
	enum { RESOLVED, REFUSED_NAME, SUNK } want;
	bool zones; /* local zones can say that, too */
} asked[] = {
	{ "innocent.test", RESOLVED, true },
	{ "evil.test", REFUSED_NAME, true },
	{ "www.evil.test", REFUSED_NAME, true },
	{ "a.b.c.evil.test", REFUSED_NAME, true },
	{ "notevil.test", RESOLVED, true },
	/* An exception deep below, and the names between. */
	{ "fine.x.y.evil.test", RESOLVED, true },
	{ "www.fine.x.y.evil.test", RESOLVED, true },
	{ "x.y.evil.test", REFUSED_NAME, true },
	{ "y.evil.test", REFUSED_NAME, true },
	{ "0.x.y.evil.test", REFUSED_NAME, true },
	{ "z.x.y.evil.test", REFUSED_NAME, true },
	{ "0.y.evil.test", REFUSED_NAME, true },
	{ "z.y.evil.test", REFUSED_NAME, true },
	{ "x.x.y.evil.test", REFUSED_NAME, true },
	/* An entry below the exception. */
	{ "bad.fine.x.y.evil.test", REFUSED_NAME, true },
	{ "www.bad.fine.x.y.evil.test", REFUSED_NAME, true },
	/* Names alone, and what is below. */
	{ "exact.test", REFUSED_NAME, false },
	{ "www.exact.test", RESOLVED, true },
	{ "below.test", RESOLVED, true },
	{ "www.below.test", REFUSED_NAME, false },
	{ "self.evil.test", RESOLVED, false },
	{ "www.self.evil.test", REFUSED_NAME, true },
	/* Addresses. */
	{ "sink.test", SUNK, true },
	{ "www.sink.test", SUNK, true },
	{ "esink.test", SUNK, true },
	{ "www.esink.test", RESOLVED, true },
	/* An exception of nothing. */
	{ "bank.test", RESOLVED, true },
};

static void
expect(const char *name, unsigned rcode, const char *v4, bool v6)
{
	struct reply *r = malloc(sizeof(*r));
	const struct rr *rr;

	ck_assert_ptr_nonnull(r);
	ask(&w, r, (struct ask){ .name = name });
	ck_assert_msg(r->rcode == rcode, "'%s' is answered with rcode %u", name,
	    r->rcode);
	rr = dns_first(r, 1, T_A);
	ck_assert_msg((rr != NULL) == (v4 != NULL), "'%s' has %s address", name,
	    rr != NULL ? "an" : "no");
	if (v4 != NULL)
		ck_assert_mem_eq(r->wire + rr->rdata, v4, 4);
	if (v6) {
		ask(&w, r, (struct ask){ .name = name, .qtype = T_AAAA });
		ck_assert_uint_eq(dns_count(r, 1, T_AAAA), 1);
		ask(&w, r, (struct ask){ .name = name, .qtype = T_TXT });
		ck_assert_uint_eq(r->rcode, NOERROR);
		ck_assert_uint_eq(dns_count(r, 1, 0), 0);
	}
	free(r);
}

static void
expect_all(bool zones)
{
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		const char *name = asked[i].name;

		if (zones && !asked[i].zones)
			continue;
		switch (asked[i].want) {
		case RESOLVED:
			expect(name, NOERROR, "\300\0\2\1", false);
			break;
		case REFUSED_NAME:
			expect(name, NXDOMAIN, NULL, false);
			break;
		case SUNK:
			expect(name, NOERROR, "\300\0\2\102", true);
			break;
		}
	}
}

START_TEST(a_policy_zone_blocks_as_the_database)
{
	char rest[512];

	snprintf(rest, sizeof(rest),
	    "rpz:\n name: rpz.invalid\n zonefile: \"%s\"\n", export_as("rpz"));
	world_start(&w,
	    &(struct world_options){
		.modules = "respip iterator", .rest = rest });
	expect_all(false);
	world_stop(&w);
}
END_TEST

START_TEST(local_zones_block_as_the_database)
{
	char rest[512];

	snprintf(rest, sizeof(rest), "include: \"%s\"\n", export_as("unbound"));
	world_start(
	    &w, &(struct world_options){ .modules = "iterator", .rest = rest });
	expect_all(true);
	/* What cannot be said was left out, and blocks too little. */
	expect("exact.test", NOERROR, "\300\0\2\1", false);
	expect("www.below.test", NOERROR, "\300\0\2\1", false);
	expect("self.evil.test", NXDOMAIN, NULL, false);
	world_stop(&w);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/export");
	TCase *tc = tcase_create("export");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_policy_zone_blocks_as_the_database);
	tcase_add_test(tc, local_zones_block_as_the_database);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
