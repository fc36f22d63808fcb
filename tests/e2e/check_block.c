/* SPDX-License-Identifier: BSD-3-Clause */
/* What clients of a real Unbound get for listed names, and for all others. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/world.h"

static const char list[] = "evil.test\n"
			   "=exact.test\n"
			   "*.below.test\n"
			   "e\\000v\\046il.odd.test\n"
			   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			   "aaaaaaaaaaaa.long.test\n"
			   "*.host.test\n";

static struct world w;
static struct reply r;

static void
start(void)
{
	world_start(&w, &(struct world_options){ .list = list });
}

static void
stop(void)
{
	world_stop(&w);
}

/* ---- which names ---- */

static const struct {
	const char *name;
	unsigned rcode;
} names[] = {
	{ "evil.test", NXDOMAIN },
	{ "www.evil.test", NXDOMAIN },
	{ "a.b.c.d.e.f.evil.test", NXDOMAIN },
	{ "EVIL.tEsT", NXDOMAIN },
	{ "notevil.test", NOERROR },
	{ "evil.test.other.test", NOERROR },
	{ "vil.test", NOERROR },
	{ "test", NOERROR },
	{ "exact.test", NXDOMAIN },
	{ "www.exact.test", NOERROR },
	{ "below.test", NOERROR },
	{ "www.below.test", NXDOMAIN },
	{ "evil.example", NOERROR },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	  "long.test",
	    NXDOMAIN },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	  "long.test",
	    NOERROR },
};

START_TEST(listed_names_and_no_others_are_blocked)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (int tcp = 0; tcp < 2; tcp++) {
			ask(&w, &r,
			    (struct ask){ .name = names[i].name, .tcp = tcp });
			ck_assert_msg(r.rcode == names[i].rcode, "%s: %u",
			    names[i].name, r.rcode);
		}
}
END_TEST

/* A question for all classes is answered with what IN has. */
START_TEST(all_classes_are_no_way_around)
{
	for (unsigned i = 0; i < 4; i++) {
		ask(&w, &r,
		    (struct ask){
			.name = "evil.test", .qclass = 255, .tcp = i & 1 });
		ck_assert_uint_eq(r.rcode, NXDOMAIN);
		ck_assert_uint_eq(dns_count(&r, 1, 0), 0);
	}
	ask(&w, &r, (struct ask){ .name = "innocent.test", .qclass = 255 });
	ck_assert_uint_eq(r.rcode, NOERROR);
	ck_assert_uint_eq(dns_count(&r, 1, T_A), 1);
}
END_TEST

START_TEST(odd_octets_are_names_too)
{
	static const uint8_t wire[] = "\6e\0v.il\3odd\4test";
	static const uint8_t like[] = "\3e\0v\2il\3odd\4test";

	ask(&w, &r, (struct ask){ .wire = wire, .wire_len = sizeof(wire) });
	ck_assert_uint_eq(r.rcode, NXDOMAIN);
	ask(&w, &r, (struct ask){ .wire = like, .wire_len = sizeof(like) });
	ck_assert_uint_eq(r.rcode, NOERROR);
}
END_TEST

START_TEST(the_longest_name_is_answered)
{
	uint8_t wire[255];
	size_t at = 0;

	/* 4 * (1 + 59) + 1 + 4 + 1 + 4 + 1 + 4 + 1 octets: 255 with the root.
	 */
	for (int i = 0; i < 4; i++) {
		wire[at++] = 59;
		memset(wire + at, 'a' + i, 59);
		at += 59;
	}
	memcpy(wire + at, "\3abc\4evil\4test", 15);
	at += 15;
	ck_assert_uint_eq(at, sizeof(wire));
	ask(&w, &r, (struct ask){ .wire = wire, .wire_len = at });
	ck_assert_uint_eq(r.rcode, NXDOMAIN);
	ck_assert_uint_eq(r.qname_len, at);
}
END_TEST

/* ---- the form of the answer ---- */

START_TEST(the_letter_case_of_the_question_is_kept)
{
	uint8_t want[256];
	size_t len = dns_wire("wWw.EvIl.TeSt", want);
	const struct rr *soa;

	ask(&w, &r, (struct ask){ .name = "wWw.EvIl.TeSt" });
	ck_assert_uint_eq(r.rcode, NXDOMAIN);
	ck_assert_uint_eq(r.qname_len, len);
	ck_assert_mem_eq(r.qname, want, len);
	/* The SOA's owner is the entry, in the question's own letters. */
	soa = dns_first(&r, 2, T_SOA);
	ck_assert_ptr_nonnull(soa);
	ck_assert_uint_eq(soa->owner_len, len - 4);
	ck_assert_mem_eq(soa->owner, want + 4, len - 4);
}
END_TEST

START_TEST(flags_are_those_of_a_resolver_that_made_it_up)
{
	static const uint16_t sent[] = { 0, F_CD, F_AD, F_CD | F_AD };

	for (size_t i = 0; i < sizeof(sent) / sizeof(*sent); i++) {
		ask(&w, &r,
		    (struct ask){ .name = "evil.test",
			.flags = sent[i],
			.dnssec = true });
		ck_assert_uint_eq(r.rcode, NXDOMAIN);
		ck_assert(r.flags & F_QR);
		ck_assert(r.flags & F_RA);
		ck_assert(!(r.flags & F_AD));
		ck_assert(!(r.flags & F_AA));
	}
	ask(&w, &r, (struct ask){ .name = "evil.test", .no_rd = true });
	ck_assert_msg(dns_count(&r, 1, 0) == 0, "an answer without RD");
}
END_TEST

START_TEST(edns_clients_are_told_why)
{
	for (int tcp = 0; tcp < 2; tcp++) {
		ask(&w, &r,
		    (struct ask){
			.name = "evil.test", .edns = true, .tcp = tcp });
		ck_assert(r.edns);
		ck_assert_int_eq(r.ede, EDE_BLOCKED);
		ck_assert_ptr_nonnull(strstr(r.ede_text, "fraud"));
		ask(&w, &r, (struct ask){ .name = "evil.test", .tcp = tcp });
		ck_assert(!r.edns);
		ask(&w, &r,
		    (struct ask){
			.name = "good.test", .edns = true, .tcp = tcp });
		ck_assert(r.edns);
		ck_assert_int_eq(r.ede, -1);
	}
}
END_TEST

START_TEST(innocent_answers_are_whole)
{
	for (int again = 0; again < 2; again++) { /* resolved, then cached */
		const struct rr *a;

		ask(&w, &r, (struct ask){ .name = "good.test" });
		ck_assert_uint_eq(r.rcode, NOERROR);
		a = dns_first(&r, 1, T_A);
		ck_assert_ptr_nonnull(a);
		ck_assert_mem_eq(r.wire + a->rdata, "\300\0\2\1", 4);
	}
}
END_TEST

/* ---- actions, for every type ---- */

static const uint16_t types[] = { T_A, T_AAAA, T_NS, T_CNAME, T_SOA, T_PTR,
	T_MX, T_TXT, T_SRV, T_DS, T_DNSKEY, T_SVCB, T_HTTPS, T_ANY, T_CAA,
	65280 };
#define TYPES (sizeof(types) / sizeof(*types))

static void
expect_soa(uint32_t ttl)
{
	const struct rr *soa = dns_first(&r, 2, T_SOA);
	const uint8_t *end;

	ck_assert_ptr_nonnull(soa);
	ck_assert_uint_eq(soa->ttl, ttl);
	end = r.wire + soa->rdata + soa->rdlen - 4; /* the minimum field */
	ck_assert_uint_eq((uint32_t)end[0] << 24 | (uint32_t)end[1] << 16 |
		(uint32_t)end[2] << 8 | end[3],
	    ttl);
}

START_TEST(nxdomain_and_nodata_hold_for_every_type)
{
	static const char *const action[] = { "nxdomain", "nodata" };

	for (unsigned k = 0; k < 2; k++) {
		publish(&w, "evil.test", "--action", action[k], "--ttl", "77",
		    NULL);
		await_rcode(&w, "evil.test", k == 0 ? NXDOMAIN : NOERROR, 5000);
		await_log(&w, "is in force", k + 2);
		for (size_t i = 0; i < TYPES * 4; i++) {
			ask(&w, &r,
			    (struct ask){ .name = "x.evil.test",
				.qtype = types[i / 4],
				.tcp = i & 1,
				.edns = i & 2 });
			ck_assert_msg(r.rcode == (k == 0 ? NXDOMAIN : NOERROR),
			    "%s, type %u: %u", action[k], types[i / 4],
			    r.rcode);
			ck_assert_uint_eq(dns_count(&r, 1, 0), 0);
			expect_soa(77);
			ck_assert_int_eq(r.ede, i & 2 ? EDE_BLOCKED : -1);
		}
	}
}
END_TEST

START_TEST(sinkhole_answers_addresses_and_nothing_else)
{
	publish(&w, "evil.test", "--sinkhole",
	    "198.51.100.7,198.51.100.8,2001:db8::7", "--ttl", "33", NULL);
	await_log(&w, "is in force", 2);
	for (size_t i = 0; i < TYPES * 4; i++) {
		unsigned want = types[i / 4] == T_A ? 2
		    : types[i / 4] == T_AAAA        ? 1
						    : 0;

		ask(&w, &r,
		    (struct ask){ .name = "X.evil.test",
			.qtype = types[i / 4],
			.tcp = i & 1,
			.edns = i & 2 });
		ck_assert_uint_eq(r.rcode, NOERROR);
		ck_assert_msg(dns_count(&r, 1, 0) == want &&
			dns_count(&r, 1, types[i / 4]) == want,
		    "type %u: %u records", types[i / 4], dns_count(&r, 1, 0));
		ck_assert_int_eq(r.ede, i & 2 ? EDE_BLOCKED : -1);
		if (want == 0) {
			expect_soa(33);
			continue;
		}
		ck_assert_uint_eq(r.rr[0].ttl, 33);
		ck_assert_uint_eq(r.rr[0].owner_len, r.qname_len);
		ck_assert_mem_eq(r.rr[0].owner, r.qname, r.qname_len);
		ck_assert_mem_eq(r.wire + r.rr[0].rdata,
		    want == 2 ? "\306\63\144" : "\40\1\r", 3);
	}
	/* A family without addresses has no data. */
	publish(&w, "evil.test", "--sinkhole", "198.51.100.7", NULL);
	await_log(&w, "is in force", 3);
	ask(&w, &r, (struct ask){ .name = "evil.test", .qtype = T_AAAA });
	ck_assert_uint_eq(r.rcode, NOERROR);
	ck_assert_uint_eq(dns_count(&r, 1, 0), 0);
}
END_TEST

START_TEST(allow_below_block_passes)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/allow.txt", w.folder);
	write_file(path, "good.apex.test\n", 15);
	publish(&w, "apex.test", "--action", "allow", "--feed", "mine", path,
	    "--action", "nxdomain", NULL);
	await_rcode(&w, "apex.test", NXDOMAIN, 5000);
	ck_assert_uint_eq(rcode_of(&w, "good.apex.test"), NOERROR);
	ck_assert_uint_eq(rcode_of(&w, "www.good.apex.test"), NXDOMAIN + 0u);
	ck_assert_uint_eq(rcode_of(&w, "bad.apex.test"), NXDOMAIN);
	/* Resolving the one has left nothing of the other. */
	ck_assert_uint_eq(rcode_of(&w, "apex.test"), NXDOMAIN);
	ck_assert(!cached(&w, "apex.test"));
}
END_TEST

START_TEST(counters_are_exact)
{
	publish(&w, "evil.test", "--action", "nodata", NULL);
	await_log(&w, "is in force", 2);
	world_stop_unbound(&w);
	ck_assert_uint_ge(occurrences(w.log, "at exit"), 1);
	unlink(w.log);
	world_start_unbound(&w); /* its readiness is one answer passed */
	for (unsigned i = 0; i < 30; i++)
		ask(&w, &r, (struct ask){ .name = "evil.test", .tcp = i % 2 });
	for (unsigned i = 0; i < 17; i++)
		ck_assert_uint_eq(rcode_of(&w, "good.test"), NOERROR);
	world_stop_unbound(&w);
	if (occurrences(w.log,
		"at exit: blocked 30 (nxdomain 0, nodata 30, sinkhole 0, "
		"others 0), "
		"passed 18, leaked 0; lists taken up 1, refused 0") != 1) {
		show_tail(w.log);
		ck_abort_msg("wrong counters");
	}
	world_start_unbound(&w);
}
END_TEST

START_TEST(four_threads_and_every_place_of_the_module)
{
	static const char *const modules[] = { "dynlib iterator",
		"dynlib validator iterator", "dynlib respip validator iterator",
		"dynlib dns64 validator iterator",
		"dynlib subnetcache validator iterator" };

	world_start(&w,
	    &(struct world_options){
		.list = list, .threads = 4, .modules = modules[_i] });
	for (unsigned i = 0; i < 200; i++) {
		ck_assert_uint_eq(rcode_of(&w, "www.evil.test"), NXDOMAIN);
		ck_assert_uint_eq(rcode_of(&w, "good.test"), NOERROR);
	}
	ask(&w, &r, (struct ask){ .name = "evil.test", .qtype = T_AAAA });
	ck_assert_uint_eq(r.rcode, NXDOMAIN);
	world_stop(&w);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/block");
	TCase *tc = tcase_create("answers");

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, listed_names_and_no_others_are_blocked);
	tcase_add_test(tc, all_classes_are_no_way_around);
	tcase_add_test(tc, odd_octets_are_names_too);
	tcase_add_test(tc, the_longest_name_is_answered);
	tcase_add_test(tc, the_letter_case_of_the_question_is_kept);
	tcase_add_test(tc, flags_are_those_of_a_resolver_that_made_it_up);
	tcase_add_test(tc, edns_clients_are_told_why);
	tcase_add_test(tc, innocent_answers_are_whole);
	tcase_add_test(tc, nxdomain_and_nodata_hold_for_every_type);
	tcase_add_test(tc, sinkhole_answers_addresses_and_nothing_else);
	tcase_add_test(tc, allow_below_block_passes);
	tcase_add_test(tc, counters_are_exact);
	suite_add_tcase(s, tc);
	tc = tcase_create("modules");
	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(
	    tc, four_threads_and_every_place_of_the_module, 0, 5);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
