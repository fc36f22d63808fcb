/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/code.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/kit.h"

static struct fsk_key key;
static struct fsk_code code;
static uint8_t section[FSK_CODE_LEN_MAX];
static size_t section_len;

static void
count(struct fsk_code_stats *s, const struct fsk_name *name)
{
	struct fsk_query q;

	fsk_query_init(&q, &key, name->wire, name->len);
	fsk_code_count(s, &q);
}

/* Makes the code that suits S. */
static void
make(const struct fsk_code_stats *s)
{
	struct fsk_error err = { 0 };

	section_len = fsk_code_make(s, section);
	ck_assert_msg(
	    fsk_code_read(&code, section, section_len, &err) == FSK_OK, "%s",
	    err.text);
}

static struct fsk_code_stats *
new_stats(void)
{
	struct fsk_code_stats *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	return s;
}

/* A code made of plain names of a few top-level domains. */
static void
setup(void)
{
	static const uint8_t raw[FSK_KEY_LEN] = { 3 };
	struct fsk_code_stats *s = new_stats();

	kit_seed(3);
	fsk_key_init(&key, raw);
	for (unsigned i = 0; i < 5000; i++) {
		static const char *const tld[] = { "test", "example", "invalid",
			"longerthan7" };
		char text[64] = "";
		struct fsk_name name;

		for (unsigned j = 0; j < 12; j++)
			text[j] = "eaotinsr-0"[kit_below(10)];
		text[5] = '.';
		text[12] = '.';
		strcpy(text + 13, tld[kit_below(4)]);
		name = kit_name(text);
		count(s, &name);
	}
	make(s);
	free(s);
}

/* Closes the code of Q's last LABELS labels as a record is closed; returns its
 * length. */
static size_t
close_record(const struct fsk_coded *c, unsigned labels,
    uint8_t rec[static FSK_CODED_MAX])
{
	unsigned bits = c->end[labels], len = fsk_coded_len(bits);

	memcpy(rec, c->octet, len);
	rec[len - 1] = (uint8_t)((rec[len - 1] & ~(0xffu >> bits % 8)) |
	    0x80u >> bits % 8);
	return len;
}

/* Codes NAME and all its parents, and decodes them again. */
static void
round_trip(const struct fsk_name *name)
{
	struct fsk_coded whole, part, steps;
	struct fsk_query q, parent;

	fsk_query_init(&q, &key, name->wire, name->len);
	fsk_code_name(&code, &q, 0, q.labels, &whole);
	for (unsigned k = 1; k <= q.labels; k++) {
		uint8_t rec[FSK_CODED_MAX];
		struct fsk_name back;
		size_t len = close_record(&whole, k, rec);
		unsigned bits = whole.end[k];
		uint8_t *exact = malloc(len);

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, rec, len);
		ck_assert(fsk_code_decode(&code, exact, len, &back));
		free(exact);
		ck_assert_uint_eq(back.len, name->len - fsk_query_at(&q, k));
		ck_assert_mem_eq(
		    back.wire, name->wire + fsk_query_at(&q, k), back.len);
		/* The parent's code begins the child's. */
		fsk_query_init(
		    &parent, &key, name->wire + fsk_query_at(&q, k), back.len);
		fsk_code_name(&code, &parent, 0, k, &part);
		ck_assert_uint_eq(part.end[k], bits);
		ck_assert_mem_eq(part.octet, whole.octet, bits / 8);
		if (bits % 8 != 0)
			ck_assert_uint_eq(
			    (unsigned)part.octet[bits / 8] >> (8 - bits % 8),
			    (unsigned)whole.octet[bits / 8] >> (8 - bits % 8));
		ck_assert(k == 1 || whole.end[k] > whole.end[k - 1]);
		/* Fewer labels of the longer name, one after the other: the
		 * same again. */
		fsk_code_name(&code, &q, k - 1, k, &steps);
		ck_assert_uint_eq(steps.end[k], bits);
		ck_assert_mem_eq(steps.octet, whole.octet, bits / 8);
		fsk_code_name(&code, &q, 0, k, &part);
		ck_assert_uint_eq(part.end[k], bits);
		ck_assert_mem_eq(part.octet, whole.octet, bits / 8);
	}
}

START_TEST(names_of_any_octets_make_a_round_trip)
{
	for (unsigned i = 0; i < 2000; i++) {
		struct fsk_name name = kit_any_name(
		    i % 4 == 0 ? 255 : 3 + kit_below(253));

		round_trip(&name);
	}
}
END_TEST

START_TEST(plain_names_make_a_round_trip_and_shrink)
{
	static const char *const names[] = { "test", "example", "a.example",
		"x.longerthan7", "unseen", "a.unseen", "seven77", "a.seven77",
		"eight888", "0-0_.test", "tea.noise.test", "z", "\\000",
		"\\255.\\000.\\128" };
	struct fsk_name name;
	struct fsk_coded c;
	struct fsk_query q;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		name = kit_name(names[i]);
		round_trip(&name);
	}
	name = kit_name("eaten-stones.notes-on-trees.test");
	fsk_query_init(&q, &key, name.wire, name.len);
	fsk_code_name(&code, &q, 0, q.labels, &c);
	ck_assert_uint_lt(c.end[3], 4u * name.len);
}
END_TEST

/* The coder takes four symbols at a time: every length, and an octet without a
 * symbol of its own (_i = 1) at every place. */
START_TEST(labels_of_every_length_make_a_round_trip)
{
	for (unsigned n = 1; n <= FSK_LABEL_MAX; n++)
		for (unsigned odd = 0; odd < (_i == 0 ? 1 : n); odd++) {
			struct fsk_name name = { .len = (uint8_t)(n + 9) };

			name.wire[0] = 2;
			memcpy(name.wire + 1, "ab", 2);
			name.wire[3] = (uint8_t)n;
			for (unsigned i = 0; i < n; i++)
				name.wire[4 + i] =
				    (uint8_t) "eaotinsr-_0z"[kit_below(12)];
			if (_i == 1)
				name.wire[4 + odd] = (uint8_t)kit_below('A');
			memcpy(name.wire + 4 + n, "\3xyz", 5);
			round_trip(&name);
		}
}
END_TEST

START_TEST(name_of_127_labels_makes_a_round_trip)
{
	struct fsk_name name;

	for (unsigned i = 0; i < 254; i += 2) {
		name.wire[i] = 1;
		name.wire[i + 1] = (uint8_t)(_i == 0 ? 'a' : 0xfe);
	}
	name.wire[254] = 0;
	name.len = 255;
	round_trip(&name);
}
END_TEST

/* A code of no names at all, of one, and of many more top-level domains than
 * have a word. */
START_TEST(codes_of_odd_lists_work)
{
	static const unsigned names[] = { 0, 1, 2, 254, 255, 256, 257, 3000 };
	struct fsk_code_stats *s = new_stats();

	for (unsigned i = 0; i < names[_i]; i++) {
		char text[32] = "x.t";
		struct fsk_name name;

		for (unsigned j = 0, v = i; j < 4; j++, v /= 10)
			text[3 + j] = (char)('a' + v % 10);
		name = kit_name(text);
		count(s, &name);
	}
	make(s);
	ck_assert_uint_le(code.tlds, FSK_TLDS_MAX);
	if (names[_i] == 3000)
		ck_assert_uint_eq(code.tlds, FSK_TLDS_MAX);
	for (unsigned i = 0; i < 300; i++) {
		struct fsk_name name = kit_any_name(3 + kit_below(253));

		round_trip(&name);
	}
	free(s);
}
END_TEST

/* Frequencies like Fibonacci's numbers ask for the longest words. */
START_TEST(words_never_get_too_long)
{
	struct fsk_code_stats *s = new_stats();
	uint64_t a = 1, b = 1;

	for (unsigned i = 0; i < FSK_SYMS; i++) {
		for (unsigned j = 0; j < FSK_SYMS; j++)
			s->pair[j][i] = a;
		s->tld[i].count = a;
		s->tld[i].label = 1 | (uint64_t)('a' + i % 26) << 8;
		if (i >= 26)
			s->tld[i].label = 2 | (uint64_t)('a' + i % 26) << 8 |
			    (uint64_t)'x' << 16;
		b += a;
		a = b - a;
	}
	make(s);
	for (unsigned i = 0; i < 200; i++) {
		struct fsk_name name = kit_any_name(255);

		round_trip(&name);
	}
	free(s);
}
END_TEST

START_TEST(counts_add_up_over_threads)
{
	struct fsk_code_stats *all = new_stats(), *one = new_stats(),
			      *two = new_stats();

	for (unsigned i = 0; i < 2000; i++) {
		struct fsk_name name = kit_any_name(3 + kit_below(60));

		count(all, &name);
		count(i % 3 ? one : two, &name);
	}
	fsk_code_add(two, one);
	ck_assert_mem_eq(two, all, sizeof(*all));
	free(all);
	free(one);
	free(two);
}
END_TEST

/* ---- what is not a record ---- */

START_TEST(no_octets_decode_to_anything_but_a_name)
{
	unsigned names = 0;

	for (unsigned i = 0; i < 200000; i++) {
		uint8_t rec[300];
		size_t len = kit_below(i % 64 == 0 ? 300 : 24);
		struct fsk_name name, again;

		for (size_t j = 0; j < len; j++)
			rec[j] = (uint8_t)kit_random();
		if (!fsk_code_decode(&code, rec, len, &name))
			continue;
		names++;
		ck_assert(fsk_name_from_wire(&again, name.wire, name.len));
		ck_assert_uint_gt(name.len, 2);
	}
	ck_assert_uint_gt(names, 0);
}
END_TEST

START_TEST(records_without_a_closing_bit_are_refused)
{
	static const uint8_t zero[255];
	struct fsk_name name;

	for (size_t len = 0; len <= sizeof(zero); len++)
		ck_assert(!fsk_code_decode(&code, zero, len, &name));
}
END_TEST

/* ---- damaged tables ---- */

#define TLDS (FSK_SYMS * FSK_SYMS)

/* Patches of the section CODE that make it useless. */
static const struct {
	const char *what;
	size_t at;
	uint8_t to;
} damage[] = {
	{ "no word", 0, 0 },
	{ "word too long", 5, FSK_CODE_BITS + 1 },
	{ "word far too long", 5, 255 },
	{ "too many words", 7, 1 },
	{ "last context", TLDS - 1, 0 },
	{ "one domain less", TLDS, 2 },
	{ "no domains", TLDS, 0 },
	{ "domains beyond the section", TLDS, 200 },
	{ "domains beyond all", TLDS + 1, 1 },
	{ "nothing means spelled out", TLDS + 2, 0 },
	{ "spelled out too long", TLDS + 2, 13 },
	{ "domain without a word", TLDS + 3, 0 },
	{ "domain without octets", TLDS + 4, 0 },
	{ "domain shorter than it is", TLDS + 4, 1 },
	{ "domain too long", TLDS + 4, 8 },
	{ "domain far too long", TLDS + 4, 255 },
};

START_TEST(damaged_tables_are_refused)
{
	ck_assert_uint_eq(section[TLDS], 3); /* as the rows above expect */
	ck_assert_uint_ne(section[damage[_i].at], damage[_i].to);
	section[damage[_i].at] = damage[_i].to;
	ck_assert_msg(
	    fsk_code_read(&code, section, section_len, NULL) == FSK_ECORRUPT,
	    "%s", damage[_i].what);
}
END_TEST

START_TEST(domains_that_come_twice_are_refused)
{
	memcpy(section + TLDS + 3 + 1, section + TLDS + 3 + 9 + 1, 8);
	ck_assert_int_eq(
	    fsk_code_read(&code, section, section_len, NULL), FSK_ECORRUPT);
}
END_TEST

START_TEST(tables_of_another_length_are_refused)
{
	for (size_t len = 0; len < sizeof(section); len++) {
		uint8_t *exact = malloc(len + !len);

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, section, len);
		ck_assert_int_eq(fsk_code_read(&code, exact, len, NULL),
		    len == section_len ? FSK_OK : FSK_ECORRUPT);
		free(exact);
	}
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof(*(a)))

int
main(void)
{
	Suite *s = suite_create("lib/code.c");
	TCase *tc = tcase_create("code");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, names_of_any_octets_make_a_round_trip);
	tcase_add_test(tc, plain_names_make_a_round_trip_and_shrink);
	tcase_add_loop_test(tc, labels_of_every_length_make_a_round_trip, 0, 2);
	tcase_add_loop_test(tc, name_of_127_labels_makes_a_round_trip, 0, 2);
	tcase_add_loop_test(tc, codes_of_odd_lists_work, 0, 8);
	tcase_add_test(tc, words_never_get_too_long);
	tcase_add_test(tc, counts_add_up_over_threads);
	tcase_add_test(tc, no_octets_decode_to_anything_but_a_name);
	tcase_add_test(tc, records_without_a_closing_bit_are_refused);
	tcase_add_loop_test(tc, damaged_tables_are_refused, 0, ROWS(damage));
	tcase_add_test(tc, domains_that_come_twice_are_refused);
	tcase_add_test(tc, tables_of_another_length_are_refused);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
