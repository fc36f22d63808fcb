/* SPDX-License-Identifier: BSD-3-Clause */
/* Listed names in a signed zone, behind a validator. */
#include <check.h>

#include "tests/e2e/world.h"

static struct world w;
static struct reply r;

static const char *const modules[] = { "dynlib validator iterator",
	"dynlib respip validator iterator",
	"dynlib subnetcache validator iterator" };

START_TEST(signed_names_are_blocked_and_the_others_validate)
{
	static const uint16_t types[] = { T_A, T_AAAA, T_DS, T_DNSKEY, T_TXT };

	world_start(&w,
	    &(struct world_options){
		.list = "evil.signed.test", .modules = modules[_i] });
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 5 * 8; i++) {
			ask(&w, &r,
			    (struct ask){ .name = "evil.signed.test",
				.qtype = types[i / 8],
				.flags = (uint16_t)((i & 1 ? F_CD : 0) |
				    (i & 2 ? F_AD : 0)),
				.dnssec = i & 4 });
			ck_assert_uint_eq(r.rcode, NXDOMAIN);
			ck_assert(!(r.flags & F_AD));
			ck_assert_int_eq(r.ede, i & 4 ? 15 : -1);
		}
		ask(&w, &r,
		    (struct ask){ .name = "good.signed.test", .dnssec = true });
		ck_assert_uint_eq(r.rcode, NOERROR);
		ck_assert_uint_eq(dns_count(&r, 1, T_A), 1);
		ck_assert_msg(r.flags & F_AD, "not validated");
		ask(&w, &r,
		    (struct ask){ .name = "none.signed.test", .dnssec = true });
		ck_assert_uint_eq(r.rcode, NXDOMAIN);
		ck_assert_msg(r.flags & F_AD, "denial not validated");
	}
	world_stop(&w);
}
END_TEST

START_TEST(a_listed_zone_does_not_break_validation_elsewhere)
{
	world_start(&w,
	    &(struct world_options){
		.list = "=signed.test", .modules = modules[_i] });
	/* Unbound asks for the zone's keys itself. */
	ask(&w, &r, (struct ask){ .name = "good.signed.test", .dnssec = true });
	ck_assert_uint_eq(r.rcode, NOERROR);
	ck_assert(r.flags & F_AD);
	ask(&w, &r,
	    (struct ask){
		.name = "signed.test", .qtype = T_DNSKEY, .dnssec = true });
	ck_assert_uint_eq(r.rcode, NXDOMAIN);
	ck_assert(!(r.flags & F_AD));
	ck_assert(!cached(&w, "signed.test"));
	world_stop(&w);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/dnssec");
	TCase *tc = tcase_create("dnssec");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(
	    tc, signed_names_are_blocked_and_the_others_validate, 0, 3);
	tcase_add_loop_test(
	    tc, a_listed_zone_does_not_break_validation_elsewhere, 0, 3);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
