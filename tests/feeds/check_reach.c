/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/reach.c: where a server may send us on to. */
#include <check.h>
#include <stdlib.h>

#include "feeds/reach.h"

static const struct {
	const char *from, *to;
	bool may;
} ways[] = {
	{ "192.0.2.1", "198.51.100.1", true },
	{ "2001:db8::1", "192.0.2.1", true },
	{ "192.0.2.1", "2001:db8::1", true },
	{ "192.0.2.1", "10.0.0.1", false },
	{ "192.0.2.1", "172.31.255.255", false },
	{ "192.0.2.1", "172.32.0.0", true },
	{ "192.0.2.1", "192.168.1.1", false },
	{ "192.0.2.1", "100.100.100.200", false },
	{ "192.0.2.1", "127.0.0.1", false },
	{ "192.0.2.1", "127.255.255.254", false },
	{ "192.0.2.1", "0.0.0.0", false },
	{ "192.0.2.1", "169.254.169.254", false },
	{ "192.0.2.1", "224.0.0.1", false },
	{ "192.0.2.1", "255.255.255.255", false },
	{ "2001:db8::1", "::1", false },
	{ "2001:db8::1", "::", false },
	{ "2001:db8::1", "::2", true },
	{ "2001:db8::1", "fd00::1", false },
	{ "2001:db8::1", "fe80::1", false },
	{ "2001:db8::1", "ff02::1", false },
	/* Other ways to write the same. */
	{ "192.0.2.1", "::ffff:127.0.0.1", false },
	{ "192.0.2.1", "::ffff:198.51.100.1", true },
	{ "192.0.2.1", "64:ff9b::10.0.0.1", false },
	{ "192.0.2.1", "64:ff9b::198.51.100.1", true },
	{ "64:ff9b::10.0.0.1", "10.0.0.2", true },
	/* Within networks of one's own. */
	{ "10.0.0.1", "192.168.1.1", true },
	{ "10.0.0.1", "fd00::1", true },
	{ "10.0.0.1", "192.0.2.1", true },
	{ "10.0.0.1", "127.0.0.1", false },
	{ "10.0.0.1", "169.254.169.254", false },
	{ "127.0.0.1", "10.0.0.1", true },
	{ "127.0.0.1", "::1", true },
	{ "::1", "192.0.2.1", true },
	{ "127.0.0.1", "169.254.169.254", false },
	{ "169.254.1.1", "169.254.169.254", false },
	{ "127.0.0.1", "0.0.0.0", false },
};

START_TEST(the_way_in)
{
	uint8_t from[FSK_ADDR_LEN], to[FSK_ADDR_LEN];

	ck_assert(fsk_addr_read(ways[_i].from, from));
	ck_assert(fsk_addr_read(ways[_i].to, to));
	ck_assert_msg(reach_may_lead(from, to) == ways[_i].may, "%s to %s",
	    ways[_i].from, ways[_i].to);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/reach.c");
	TCase *tc = tcase_create("ways");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, the_way_in, 0, (int)(sizeof(ways) / sizeof(*ways)));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
