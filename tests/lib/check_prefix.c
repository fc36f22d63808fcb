/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/prefix.c: a table against a walk over all prefixes */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/prefix.h"

static void
add(struct fsk_prefixes *p, const char *text, uint32_t value)
{
	uint8_t addr[FSK_ADDR_LEN];
	unsigned bits;

	ck_assert_ptr_null(fsk_prefix_read(text, addr, &bits));
	ck_assert(fsk_prefixes_add(p, addr, bits, value));
}

/* The table of P, opened; for free(). */
static uint8_t *
table_of(struct fsk_prefixes *p, struct fsk_prefix_table *t)
{
	size_t len;
	uint8_t *bytes = fsk_prefixes_table(p, &len);
	uint8_t *exact;

	ck_assert_ptr_nonnull(bytes);
	exact = malloc(len); /* nothing behind it is read */
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, len);
	free(bytes);
	ck_assert_ptr_null(fsk_prefix_table_open(t, exact, len, UINT32_MAX));
	return exact;
}

static uint32_t
find(const struct fsk_prefix_table *t, const char *text)
{
	uint8_t addr[FSK_ADDR_LEN];

	ck_assert(fsk_addr_read(text, addr));
	return fsk_prefix_find(t, addr);
}

START_TEST(test_longest_wins)
{
	struct fsk_prefixes p = { 0 };
	struct fsk_prefix_table t;
	uint8_t *bytes;

	add(&p, "10.0.0.0/8", 1);
	add(&p, "10.1.0.0/16", 2);
	add(&p, "10.1.2.0/24", 3);
	add(&p, "10.1.2.3", 4);
	add(&p, "10.1.2.3/32", 9); /* again: the first counts */
	add(&p, "255.255.255.255", 5);
	add(&p, "2001:db8::/32", 6);
	add(&p, "2001:db8:0:1::/64", 7);
	add(&p, "2001:db8:0:1::5", 8);
	add(&p, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 10);
	bytes = table_of(&p, &t);
	ck_assert_uint_eq(find(&t, "9.255.255.255"), 0);
	ck_assert_uint_eq(find(&t, "10.0.0.0"), 1);
	ck_assert_uint_eq(find(&t, "10.1.0.0"), 2);
	ck_assert_uint_eq(find(&t, "10.1.2.2"), 3);
	ck_assert_uint_eq(find(&t, "10.1.2.3"), 4);
	ck_assert_uint_eq(find(&t, "10.1.2.4"), 3);
	ck_assert_uint_eq(find(&t, "10.1.3.0"), 2);
	ck_assert_uint_eq(find(&t, "10.2.0.0"), 1);
	ck_assert_uint_eq(find(&t, "11.0.0.0"), 0);
	ck_assert_uint_eq(find(&t, "255.255.255.255"), 5);
	ck_assert_uint_eq(find(&t, "2001:db7:ffff::"), 0);
	ck_assert_uint_eq(find(&t, "2001:db8::1"), 6);
	ck_assert_uint_eq(find(&t, "2001:db8:0:1::4"), 7);
	ck_assert_uint_eq(find(&t, "2001:db8:0:1::5"), 8);
	ck_assert_uint_eq(find(&t, "2001:db8:0:1::6"), 7);
	ck_assert_uint_eq(find(&t, "2001:db8:0:2::"), 6);
	ck_assert_uint_eq(find(&t, "2001:db9::"), 0);
	ck_assert_uint_eq(
	    find(&t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 10);
	free(bytes);
	fsk_prefixes_fini(&p);
}
END_TEST

/* All of IPv6 is not all of IPv4. */
START_TEST(test_families)
{
	struct fsk_prefixes p = { 0 };
	struct fsk_prefix_table t;
	uint8_t *bytes;

	add(&p, "::/0", 1);
	bytes = table_of(&p, &t);
	ck_assert_uint_eq(find(&t, "192.0.2.1"), 0);
	ck_assert_uint_eq(find(&t, "::1"), 1);
	free(bytes);
	add(&p, "0.0.0.0/0", 2);
	bytes = table_of(&p, &t);
	ck_assert_uint_eq(find(&t, "192.0.2.1"), 2);
	ck_assert_uint_eq(find(&t, "0.0.0.0"), 2);
	ck_assert_uint_eq(find(&t, "255.255.255.255"), 2);
	ck_assert_uint_eq(find(&t, "2001:db8::"), 1);
	free(bytes);
	fsk_prefixes_fini(&p);
}
END_TEST

START_TEST(test_empty)
{
	struct fsk_prefixes p = { 0 };
	struct fsk_prefix_table t;
	uint8_t *bytes = table_of(&p, &t);

	ck_assert_uint_eq(find(&t, "192.0.2.1"), 0);
	ck_assert_uint_eq(find(&t, "::"), 0);
	free(bytes);
}
END_TEST

/* What the table must agree with. */
static uint32_t
walk(const struct fsk_prefixes *p, const uint8_t *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const bool v4 = memcmp(addr, mapped, 12) == 0;
	int longest = -1;
	uint32_t value = 0;

	for (size_t i = 0; i < p->n; i++)
		if ((int)p->at[i].bits > longest &&
		    (p->at[i].bits >= 96 || !v4) &&
		    fsk_prefix_holds(p->at[i].addr, p->at[i].bits, addr)) {
			longest = p->at[i].bits;
			value = p->at[i].value;
		}
	return value;
}

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* An address that shares much with others. */
static void
random_addr(uint64_t *state, uint8_t addr[static FSK_ADDR_LEN])
{
	memset(addr, 0, FSK_ADDR_LEN);
	if (next_random(state) % 2) {
		addr[10] = addr[11] = 0xff;
		for (unsigned i = 12; i < 16; i++)
			addr[i] = (uint8_t)(next_random(state) % 3 * 127);
	} else {
		addr[0] = 0x20;
		for (unsigned i = 1; i < 16; i++)
			addr[i] = (uint8_t)(next_random(state) % 3 * 127);
	}
}

START_TEST(test_random)
{
	uint64_t state = 88172645463325252u + (uint64_t)_i;
	struct fsk_prefixes p = { 0 };
	struct fsk_prefix_table t;
	uint8_t addr[FSK_ADDR_LEN];
	uint8_t *bytes;

	for (uint32_t i = 1; i <= 300; i++) {
		unsigned bits;

		random_addr(&state, addr);
		bits = (addr[10] == 0xff && addr[0] == 0 ? 96 : 8) +
		    (unsigned)(next_random(&state) % 33);
		for (unsigned b = bits; b < 128; b++)
			addr[b / 8] &= (uint8_t) ~(0x80 >> b % 8);
		ck_assert(fsk_prefixes_add(&p, addr, bits, i));
	}
	bytes = table_of(&p, &t);
	for (unsigned i = 0; i < 20000; i++) {
		random_addr(&state, addr);
		ck_assert_uint_eq(fsk_prefix_find(&t, addr), walk(&p, addr));
	}
	for (size_t i = 0; i < p.n; i++)
		ck_assert_uint_eq(
		    fsk_prefix_find(&t, p.at[i].addr), walk(&p, p.at[i].addr));
	free(bytes);
	fsk_prefixes_fini(&p);
}
END_TEST

START_TEST(test_text)
{
	static const char *const bad[] = { "", "/8", "10.0.0.0/", "10.0.0.0/33",
		"10.0.0.0/x", "10.0.0.1/8", "10.0.0/8", "::/129", "::1/64",
		"10.0.0.0/8/8", "10.0.0.0/ 8", "example/8",
		"1111:2222:3333:4444:5555:6666:255.255.255.255.255.255/1" };
	uint8_t addr[FSK_ADDR_LEN];
	unsigned bits;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(fsk_prefix_read(bad[i], addr, &bits) != NULL,
		    "'%s' is read", bad[i]);
	ck_assert_ptr_null(fsk_prefix_read("0.0.0.0/0", addr, &bits));
	ck_assert_uint_eq(bits, 96);
	ck_assert_ptr_null(fsk_prefix_read("::/0", addr, &bits));
	ck_assert_uint_eq(bits, 0);
	ck_assert_ptr_null(
	    fsk_prefix_read("::ffff:192.0.2.0/120", addr, &bits));
	ck_assert_uint_eq(bits, 120);
}
END_TEST

/* A damaged table is refused, or at least nothing outside it is read. */
START_TEST(test_damage)
{
	struct fsk_prefixes p = { 0 };
	struct fsk_prefix_table t;
	uint8_t addr[FSK_ADDR_LEN], *bytes;
	uint64_t state = 1;
	size_t len;

	add(&p, "10.0.0.0/8", 1);
	add(&p, "10.128.0.0/9", 2);
	add(&p, "2001:db8::/32", 3);
	add(&p, "2001:db8:0:0:8000::/65", 4);
	bytes = fsk_prefixes_table(&p, &len);
	ck_assert_ptr_nonnull(bytes);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut + (cut == 0));

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, bytes, cut);
		ck_assert_ptr_nonnull(fsk_prefix_table_open(&t, exact, cut, 4));
		free(exact);
	}
	for (size_t at = 0; at < len; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t *exact = malloc(len);

			ck_assert_ptr_nonnull(exact);
			memcpy(exact, bytes, len);
			exact[at] ^= (uint8_t)(1 << bit);
			if (fsk_prefix_table_open(&t, exact, len, 4) == NULL)
				for (unsigned i = 0; i < 100; i++) {
					random_addr(&state, addr);
					ck_assert_uint_le(
					    fsk_prefix_find(&t, addr), 4);
				}
			free(exact);
		}
	ck_assert_ptr_nonnull(fsk_prefix_table_open(&t, bytes, len, 3));
	free(bytes);
	fsk_prefixes_fini(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("prefix");
	TCase *tc = tcase_create("prefix");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, test_longest_wins);
	tcase_add_test(tc, test_families);
	tcase_add_test(tc, test_empty);
	tcase_add_loop_test(tc, test_random, 0, 20);
	tcase_add_test(tc, test_text);
	tcase_add_test(tc, test_damage);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
