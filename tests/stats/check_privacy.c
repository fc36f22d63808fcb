/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/privacy.c: the secret, hashes, prefixes and pseudonyms */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/prefix.h"
#include "stats/privacy.h"
#include "tests/lib/kit.h"

static struct conf conf;
static struct fsk_error err;

static void
setup(void)
{
	kit_setup();
	memset(&conf, 0, sizeof(conf));
	conf.key_file = strdup(kit_path("key"));
}

static void
teardown(void)
{
	free(conf.key_file);
	kit_teardown();
}

static struct privacy *
open_it(void)
{
	struct privacy *p;

	ck_assert_msg(privacy_open(&p, &conf, &err) == FSK_OK, "%s", err.text);
	return p;
}

static uint64_t
hash_of(struct privacy *p, uint32_t day, const char *text, uint32_t *tag)
{
	uint8_t addr[16];
	uint64_t hash;

	ck_assert(fsk_addr_read(text, addr));
	ck_assert(privacy_hash(p, day, addr, &hash, tag));
	return hash;
}

START_TEST(a_secret_is_made_and_used_again)
{
	struct privacy *p = open_it();
	uint32_t tag, same_tag;
	uint64_t hash = hash_of(p, 20000, "192.0.2.1", &tag);
	struct stat st;

	privacy_close(p);
	ck_assert_int_eq(stat(conf.key_file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(st.st_size, 65);
	ck_assert_uint_eq(kit_files(), 1);
	p = open_it();
	ck_assert_uint_eq(hash_of(p, 20000, "192.0.2.1", &same_tag), hash);
	ck_assert_uint_eq(same_tag, tag);
	privacy_close(p);
	/* Another secret gives others. */
	unlink(conf.key_file);
	p = open_it();
	ck_assert_uint_ne(hash_of(p, 20000, "192.0.2.1", &same_tag), hash);
	ck_assert_uint_ne(same_tag, tag);
	privacy_close(p);
}
END_TEST

START_TEST(a_file_that_is_no_secret_is_refused)
{
	static const struct {
		const char *text;
		unsigned mode;
		const char *want;
	} bad[] = {
		{ "", 0600, "is no secret" },
		{ "secret\n", 0600, "is no secret" },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
		  "abcdeX\n",
		    0600, "is no secret" },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
		  "abcdef",
		    0600, "is no secret" },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
		  "abcdef\nmore",
		    0600, "is no secret" },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
		  "abcdef\n",
		    0640, "mode 640" },
	};
	struct privacy *p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		kit_write(conf.key_file, bad[i].text, strlen(bad[i].text));
		ck_assert_int_eq(chmod(conf.key_file, bad[i].mode), 0);
		ck_assert_int_eq(privacy_open(&p, &conf, &err), FSK_EINVAL);
		ck_assert_ptr_null(p);
		ck_assert_ptr_nonnull(strstr(err.text, bad[i].want));
		ck_assert_ptr_nonnull(strstr(err.text, conf.key_file));
	}
	free(conf.key_file);
	conf.key_file = strdup("/nonexistent/key");
	ck_assert_int_eq(privacy_open(&p, &conf, &err), FSK_EIO);
}
END_TEST

START_TEST(keys_change_with_the_day_unless_they_are_constant)
{
	for (unsigned constant = 0; constant < 2; constant++) {
		uint32_t tag[3];
		uint64_t hash[3];
		struct privacy *p;

		conf.sketch_key = constant ? CONF_CONSTANT : CONF_DAILY;
		p = open_it();
		hash[0] = hash_of(p, 20000, "2001:db8::1", &tag[0]);
		hash[1] = hash_of(p, 20001, "2001:db8::1", &tag[1]);
		hash[2] = hash_of(p, 20002, "2001:db8::1", &tag[2]);
		ck_assert((hash[0] == hash[1]) == constant);
		ck_assert((hash[0] == hash[2]) == constant);
		ck_assert((tag[0] == tag[1]) == constant);
		/* Days may come in any order around midnight. */
		ck_assert_uint_eq(
		    hash_of(p, 20000, "2001:db8::1", &tag[2]), hash[0]);
		ck_assert_uint_eq(tag[2], tag[0]);
		privacy_close(p);
	}
}
END_TEST

/* Else each machine of a household with IPv6 would be several clients, and new
 * ones each day. */
START_TEST(a_network_of_ipv6_is_one_client)
{
	struct privacy *p = open_it();
	uint32_t tag;
	uint64_t hash = hash_of(p, 20000, "2001:db8:1:2::1", &tag);

	ck_assert_uint_eq(
	    hash_of(p, 20000, "2001:db8:1:2:a:b:c:d", &tag), hash);
	ck_assert_uint_ne(hash_of(p, 20000, "2001:db8:1:3::1", &tag), hash);
	hash = hash_of(p, 20000, "192.0.2.1", &tag);
	ck_assert_uint_ne(hash_of(p, 20000, "192.0.2.2", &tag), hash);
	privacy_close(p);
}
END_TEST

static void
read_key(uint8_t key[32], const char *hex)
{
	for (unsigned i = 0; i < 32; i++) {
		unsigned octet;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &octet), 1);
		key[i] = (uint8_t)octet;
	}
}

#define KEY_1 "0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301"
#define KEY_2 "2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a"

/* The test vectors of draft-denis-ipcrypt. */
static const struct {
	const char *key, *addr, *want;
} vectors[] = {
	{ KEY_1, "0.0.0.0", "151.82.155.134" },
	{ KEY_1, "255.255.255.255", "94.185.169.89" },
	{ KEY_1, "192.0.2.1", "100.115.72.131" },
	{ KEY_1, "2001:db8::1", "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88" },
	{ KEY_2, "10.0.0.47", "19.214.210.244" },
	{ KEY_2, "10.0.0.129", "19.214.210.80" },
	{ KEY_2, "172.16.97.42", "210.78.179.241" },
	{ KEY_2, "2001:db8::a5c9:4e2f:bb91:5a7d",
	    "7cec:702c:1243:f70:1956:125:b9bd:1aba" },
	{ KEY_2, "2001:db8:3a5c:0:e7d1:4b9f:2c8a:f673",
	    "7cec:702c:3503:bef:e616:96bd:be33:a9b9" },
};

START_TEST(pseudonyms_are_those_of_the_draft)
{
	uint8_t key[32], addr[16], want[16], got[16];

	read_key(key, vectors[_i].key);
	ck_assert(fsk_addr_read(vectors[_i].addr, addr));
	ck_assert(fsk_addr_read(vectors[_i].want, want));
	ck_assert(privacy_pseudonym(key, addr, got));
	ck_assert_mem_eq(got, want, 16);
}
END_TEST

static unsigned
common_bits(const uint8_t *a, const uint8_t *b)
{
	unsigned n = 0;

	while (n < 128 && fsk_prefix_holds(a, n + 1, b))
		n++;
	return n;
}

START_TEST(pseudonyms_keep_common_prefixes_and_families)
{
	struct privacy *p;

	conf.privacy = CONF_PSEUDONYM;
	p = open_it();
	kit_seed(1);
	for (unsigned i = 0; i < 500; i++) {
		uint8_t a[16], b[16], x[16], y[16];
		unsigned bits = kit_below(128), first = i % 2 ? 96 : 0;

		ck_assert(fsk_addr_read(i % 2 ? "10.0.0.0" : "2001::", a));
		for (unsigned j = first / 8 + 1; j < 16; j++)
			a[j] = (uint8_t)kit_random();
		memcpy(b, a, 16);
		if (bits > first)
			b[bits / 8] ^= (uint8_t)(0x80 >> bits % 8);
		ck_assert(privacy_keep(p, 20000, a, x));
		ck_assert(privacy_keep(p, 20000, b, y));
		ck_assert_uint_eq(common_bits(a, b), common_bits(x, y));
		if (i % 2)
			ck_assert_mem_eq(x, a, 12);
		ck_assert(memcmp(a, x, 16) != 0);
		/* Another day, another pseudonym. */
		ck_assert(privacy_keep(p, 20001, a, y));
		ck_assert(memcmp(x, y, 16) != 0);
	}
	privacy_close(p);
}
END_TEST

START_TEST(prefixes_are_cut_off_where_it_is_said)
{
	static const struct {
		unsigned bits4, bits6;
		const char *addr, *want;
	} cuts[] = {
		{ 24, 48, "192.0.2.77", "192.0.2.0" },
		{ 32, 48, "192.0.2.77", "192.0.2.77" },
		{ 0, 48, "192.0.2.77", "0.0.0.0" },
		{ 23, 48, "192.0.3.77", "192.0.2.0" },
		{ 24, 48, "2001:db8:1:2:3::4", "2001:db8:1::" },
		{ 24, 128, "2001:db8:1:2:3::4", "2001:db8:1:2:3::4" },
		{ 24, 0, "2001:db8:1:2:3::4", "::" },
		{ 24, 47, "2001:db8:1:2:3::4", "2001:db8::" },
	};

	conf.privacy = CONF_PREFIX;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		uint8_t addr[16], want[16], got[16];
		struct privacy *p = open_it();

		conf.prefix4 = cuts[i].bits4;
		conf.prefix6 = cuts[i].bits6;
		ck_assert(fsk_addr_read(cuts[i].addr, addr));
		ck_assert(fsk_addr_read(cuts[i].want, want));
		ck_assert(privacy_keep(p, 20000, addr, got));
		ck_assert_mem_eq(got, want, 16);
		privacy_close(p);
	}
}
END_TEST

START_TEST(by_default_events_keep_nothing_of_the_address)
{
	struct privacy *p = open_it();
	uint8_t addr[16] = { 1 }, out[16];

	ck_assert(!privacy_keep(p, 20000, addr, out));
	privacy_close(p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/privacy.c");
	TCase *tc = tcase_create("addresses");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_secret_is_made_and_used_again);
	tcase_add_test(tc, a_file_that_is_no_secret_is_refused);
	tcase_add_test(tc, keys_change_with_the_day_unless_they_are_constant);
	tcase_add_test(tc, a_network_of_ipv6_is_one_client);
	tcase_add_loop_test(tc, pseudonyms_are_those_of_the_draft, 0,
	    sizeof(vectors) / sizeof(*vectors));
	tcase_add_test(tc, pseudonyms_keep_common_prefixes_and_families);
	tcase_add_test(tc, prefixes_are_cut_off_where_it_is_said);
	tcase_add_test(tc, by_default_events_keep_nothing_of_the_address);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
