/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/hash.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/kit.h"

/* The reference vectors of SipHash-2-4 (vectors.h of its authors): key 00 to
 * 0f, message 00 01 02 ... of as many octets as the row's number. */
static const uint64_t vectors[64] = { 0x726fdb47dd0e0e31, 0x74f839c593dc67fd,
	0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d, 0xcf2794e0277187b7,
	0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
	0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3,
	0xf4b32f46226bada7, 0x751e8fbc860ee5fb, 0x14ea5627c0843d90,
	0xf723ca908e7af2ee, 0xa129ca6149be45e5, 0x3f2acc7f57c29bdb,
	0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
	0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88,
	0xa80c038ccd5ccec8, 0xb8ad50c6f649af94, 0xbce192de8a85b8ea,
	0x17d835b85bbb15f3, 0x2f2e6163076bcfad, 0xde4daaaca71dc9a5,
	0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
	0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238,
	0x15e034d40fa197ae, 0x314dffbe0815a3b4, 0x027990f029623981,
	0xcadcd4e59ef40c4d, 0x9abfd8766a33735c, 0x0e3ea96b5304a7d0,
	0xad0c42d6fc585992, 0x187306c89bc215a9, 0xd4a60abcf3792b95,
	0xf935451de4f21df2, 0xa9538f0419755787, 0xdb9acddff56ca510,
	0xd06c98cd5c0975eb, 0xe612a3cb9ecba951, 0xc766e62cfcadaf96,
	0xee64435a9752fe72, 0xa192d576b245165a, 0x0a8787bf8ecb74b2,
	0x81b3e73d20b49b6f, 0x7fa8220ba3b2ecea, 0x245731c13ca42499,
	0xb78dbfaf3a8d83bd, 0xea1ad565322a1a0b, 0x60e61c23a3795013,
	0x6606d7e446282b93, 0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3,
	0xe51b38608ef25f57, 0x958a324ceb064572 };

START_TEST(siphash_gives_the_reference_vectors)
{
	uint8_t message[64];
	uint64_t key[2];
	/* Of the exact length, so that a sanitizer sees what is read behind. */
	uint8_t *p = malloc((size_t)_i + !_i), raw[16];

	ck_assert_ptr_nonnull(p);
	for (uint8_t i = 0; i < 64; i++)
		message[i] = i;
	for (uint8_t i = 0; i < 16; i++)
		raw[i] = i;
	key[0] = fsk_get64(raw);
	key[1] = fsk_get64(raw + 8);
	memcpy(p, message, (size_t)_i);
	ck_assert_uint_eq(fsk_siphash(key, p, (size_t)_i), vectors[_i]);
	free(p);
}
END_TEST

/* ---- locators ---- */

static struct fsk_key key;

static void
setup(void)
{
	static const uint8_t raw[FSK_KEY_LEN] = { 42 };

	fsk_key_init(&key, raw);
	kit_seed(2);
}

static void
query(struct fsk_query *q, const struct fsk_name *name)
{
	/* What stands behind the name must not matter. */
	memset(q, 0xa5, sizeof(*q));
	fsk_query_init(q, &key, name->wire, name->len);
	ck_assert_uint_eq(q->len, name->len);
	ck_assert_mem_eq(q->wire, name->wire, name->len);
	ck_assert_uint_eq(q->labels, fsk_name_labels(name->wire));
}

START_TEST(locator_of_a_suffix_is_that_of_the_suffix_alone)
{
	for (unsigned i = 0; i < 3000; i++) {
		struct fsk_name name = kit_any_name(
		    i % 8 == 0 ? 255 : 3 + kit_below(253));
		struct fsk_query q, part;

		query(&q, &name);
		for (unsigned k = 1; k <= q.labels; k++) {
			struct fsk_name suffix;
			const uint8_t *p = fsk_name_parent(
			    name.wire, q.labels - k);

			ck_assert_ptr_eq(name.wire + fsk_query_at(&q, k), p);
			suffix.len = (uint8_t)(name.wire + name.len - p);
			memcpy(suffix.wire, p, suffix.len);
			query(&part, &suffix);
			ck_assert_uint_eq(part.loc[k], q.loc[k]);
		}
	}
}
END_TEST

START_TEST(locator_of_127_labels_is_found)
{
	struct fsk_name name;
	struct fsk_query q;

	for (unsigned i = 0; i < 254; i += 2)
		memcpy(name.wire + i, "\1a", 2);
	name.wire[254] = 0;
	name.len = 255;
	query(&q, &name);
	ck_assert_uint_eq(q.labels, 127);
	ck_assert_uint_eq(fsk_query_at(&q, 127), 0);
	ck_assert_uint_eq(fsk_query_at(&q, 1), 252);
}
END_TEST

START_TEST(root_has_no_locators)
{
	struct fsk_name root = kit_name(".");
	struct fsk_query q;

	query(&q, &root);
	ck_assert_uint_eq(q.labels, 0);
}
END_TEST

/* The last octet of a label of _i octets counts, whatever follows does not. */
START_TEST(labels_of_all_lengths_count_to_their_last_octet)
{
	uint8_t a[FSK_LABEL_MAX + 16], b[sizeof(a)];
	const uint8_t n = (uint8_t)_i;

	memset(a, 'x', sizeof(a));
	memset(b, 'y', sizeof(b));
	a[0] = b[0] = n;
	memset(b + 1, 'x', n);
	ck_assert_uint_eq(fsk_locate_label(&key, key.start, a),
	    fsk_locate_label(&key, key.start, b));
	for (unsigned i = 1; i <= n; i++) {
		b[i] ^= 1;
		ck_assert_uint_ne(fsk_locate_label(&key, key.start, a),
		    fsk_locate_label(&key, key.start, b));
		b[i] ^= 1;
	}
	/* Zeroes at the end are not the same as no octets. */
	memset(a + n, 0, sizeof(a) - n);
	memcpy(b, a, sizeof(a));
	b[0] = (uint8_t)(n - 1);
	if (n > 1)
		ck_assert_uint_ne(fsk_locate_label(&key, key.start, a),
		    fsk_locate_label(&key, key.start, b));
}
END_TEST

START_TEST(locators_depend_on_the_order_of_labels)
{
	struct fsk_name ab = kit_name("a.b"), ba = kit_name("b.a"),
			one = kit_name("a\\001b");
	struct fsk_query x, y, z;

	query(&x, &ab);
	query(&y, &ba);
	query(&z, &one);
	ck_assert_uint_ne(x.loc[2], y.loc[2]);
	ck_assert_uint_ne(x.loc[1], y.loc[1]);
	ck_assert_uint_eq(fsk_query_at(&x, 1), 2);
	ck_assert_uint_ne(z.loc[1], x.loc[2]);
}
END_TEST

/* Octet _i at every place of a name, so in both loops of the folding. */
START_TEST(letter_case_folds_and_nothing_else)
{
	const uint8_t c = (uint8_t)_i;
	const uint8_t want = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A')
						  : c;
	struct fsk_name name = kit_name("abcdefghijklmnopqrstuv.example");

	for (unsigned i = 1; i < name.len - 1u; i++) {
		uint8_t wire[FSK_NAME_MAX], folded[FSK_NAME_MAX];
		struct fsk_query q, lower;

		if (i == 23) /* the length octet of the second label */
			continue;
		memcpy(wire, name.wire, name.len);
		memcpy(folded, name.wire, name.len);
		wire[i] = c;
		folded[i] = want;
		fsk_query_init(&q, &key, wire, name.len);
		fsk_query_init(&lower, &key, folded, name.len);
		ck_assert_mem_eq(q.wire, folded, name.len);
		ck_assert_uint_eq(q.loc[2], lower.loc[2]);
		ck_assert_uint_eq(q.loc[1], lower.loc[1]);
	}
}
END_TEST

START_TEST(length_octets_do_not_fold)
{
	/* All lengths up to 63 beside each other with letters. */
	for (unsigned n = 1; n <= FSK_LABEL_MAX; n++) {
		uint8_t wire[2 * FSK_LABEL_MAX + 3];
		struct fsk_query q;

		memset(wire, 'Z', sizeof(wire));
		wire[0] = (uint8_t)n;
		wire[n + 1] = (uint8_t)n;
		wire[2 * n + 2] = 0;
		fsk_query_init(&q, &key, wire, 2 * n + 3);
		ck_assert_uint_eq(q.labels, 2);
		ck_assert_uint_eq(q.wire[0], n);
		ck_assert_uint_eq(fsk_query_at(&q, 1), n + 1);
		for (unsigned i = 1; i <= n; i++)
			ck_assert_uint_eq(q.wire[i], 'z');
	}
}
END_TEST

START_TEST(keys_differ_from_each_other_and_by_every_bit)
{
	uint8_t raw[FSK_KEY_LEN] = { 0 };
	struct fsk_key zero, k;

	fsk_key_init(&zero, raw);
	ck_assert_uint_ne(zero.mul1, zero.mul2);
	ck_assert_uint_ne(zero.sip[0], zero.sip[1]);
	for (unsigned i = 0; i < 128; i++) {
		raw[i / 8] = (uint8_t)(1u << i % 8);
		fsk_key_init(&k, raw);
		raw[i / 8] = 0;
		ck_assert_uint_ne(k.start, zero.start);
		ck_assert_uint_ne(k.mul1, zero.mul1);
		ck_assert_uint_ne(k.mul2, zero.mul2);
		ck_assert_uint_ne(k.sip[0], zero.sip[0]);
		ck_assert_uint_ne(k.sip[1], zero.sip[1]);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/hash.h");
	TCase *tc = tcase_create("hash");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, siphash_gives_the_reference_vectors, 0, 64);
	tcase_add_test(tc, locator_of_a_suffix_is_that_of_the_suffix_alone);
	tcase_add_test(tc, locator_of_127_labels_is_found);
	tcase_add_test(tc, root_has_no_locators);
	tcase_add_loop_test(
	    tc, labels_of_all_lengths_count_to_their_last_octet, 1, 64);
	tcase_add_test(tc, locators_depend_on_the_order_of_labels);
	tcase_add_loop_test(tc, letter_case_folds_and_nothing_else, 0, 256);
	tcase_add_test(tc, length_octets_do_not_fold);
	tcase_add_test(tc, keys_differ_from_each_other_and_by_every_bit);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
