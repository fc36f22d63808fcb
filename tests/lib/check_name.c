/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/name.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/kit.h"

/* ---- text ---- */

static const struct {
	const char *text, *back; /* back NULL: the same */
	unsigned labels;
} good[] = {
	{ ".", NULL, 0 },
	{ "example", NULL, 1 },
	{ "example.", "example", 1 },
	{ "www.example", NULL, 2 },
	{ "WWW.ExAmPlE.", "www.example", 2 },
	{ "_dmarc.a-b.0.example", NULL, 4 },
	{ "a\\.b.example", "a\\046b.example", 2 },
	{ "a\\046b.example", NULL, 2 },
	{ "\\\\.example", "\\092.example", 2 },
	{ "\\000\\255\\127.example", NULL, 2 },
	{ "\\065.example", "a.example", 2 }, /* an escaped 'A' folds too */
	{ "*.example", "\\042.example", 2 },
	{ "a b.example", "a\\032b.example", 2 },
	{ "\xc3\x9f.example", "\\195\\159.example", 2 },
	{ "-.example", NULL, 2 },
	{ "a\\@b.example", "a\\064b.example", 2 },
};

START_TEST(text_makes_a_round_trip)
{
	const char *back = good[_i].back ? good[_i].back : good[_i].text;
	struct fsk_name name = kit_name(good[_i].text), again;
	char text[FSK_TEXT_MAX];

	ck_assert_str_eq(fsk_name_to_text(name.wire, text), back);
	ck_assert_uint_eq(fsk_name_labels(name.wire), good[_i].labels);
	again = kit_name(text);
	ck_assert_uint_eq(again.len, name.len);
	ck_assert_mem_eq(again.wire, name.wire, name.len);
	ck_assert(fsk_name_from_wire(&again, name.wire, name.len));
	ck_assert_mem_eq(again.wire, name.wire, name.len);
}
END_TEST

#define S(s) s, sizeof(s) - 1
static const struct {
	const char *text;
	size_t len;
	const char *why;
} bad[] = {
	{ S(""), "empty name" },
	{ S(".."), "empty label" },
	{ S(".example"), "empty label" },
	{ S("a..example"), "empty label" },
	{ S("example.."), "empty label" },
	{ S("\\"), "bad escape" },
	{ S("a\\"), "bad escape" },
	{ S("a\\1"), "bad escape" },
	{ S("a\\12"), "bad escape" },
	{ S("a\\1x2"), "bad escape" },
	{ S("a\\256"), "bad escape" },
	{ S("a\\999"), "bad escape" },
};

START_TEST(text_that_is_no_name_is_refused)
{
	struct fsk_name name;
	const char *why = fsk_name_from_text(&name, bad[_i].text, bad[_i].len);

	ck_assert_msg(why != NULL && strcmp(why, bad[_i].why) == 0, "%s: %s",
	    bad[_i].text, why);
}
END_TEST

/* The text ends where LEN says, whatever stands behind. */
START_TEST(text_ends_where_its_length_says)
{
	struct fsk_name name;

	ck_assert_ptr_null(fsk_name_from_text(&name, "a.example\\", 9));
	ck_assert_uint_eq(name.len, 11);
	ck_assert_ptr_nonnull(fsk_name_from_text(&name, "a\\046", 4));
	ck_assert_ptr_null(fsk_name_from_text(&name, "a\0b", 3));
	ck_assert_mem_eq(name.wire, "\3a\0b", 5);
}
END_TEST

/* Every octet, in either spelling. */
START_TEST(any_octet_can_be_in_a_label)
{
	uint8_t c = (uint8_t)_i,
		folded = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
	const uint8_t wire[] = { 1, c, 1, 'x', 0 };
	char text[FSK_TEXT_MAX];
	struct fsk_name name;

	ck_assert(fsk_name_from_wire(&name, wire, sizeof(wire)));
	ck_assert_uint_eq(name.wire[1], folded);
	fsk_name_to_text(name.wire, text);
	for (const char *p = text; *p != '\0'; p++)
		ck_assert(*p > ' ' && *p < 127);
	name = kit_name(text);
	ck_assert_uint_eq(name.len, 5);
	ck_assert_uint_eq(name.wire[1], folded);
	if (c >= '0' && c <= '9')
		return;
	/* "\X" */
	text[0] = '\\';
	text[1] = (char)c;
	ck_assert_ptr_null(fsk_name_from_text(&name, text, 2));
	ck_assert_uint_eq(name.wire[0], 1);
	ck_assert_uint_eq(name.wire[1], folded);
	ck_assert_uint_eq(fsk_lower[c], folded);
}
END_TEST

/* ---- limits ---- */

START_TEST(label_of_63_octets_is_the_longest)
{
	char text[80];
	struct fsk_name name;

	memset(text, 'x', sizeof(text));
	ck_assert_ptr_null(fsk_name_from_text(&name, text, 63));
	ck_assert_uint_eq(name.len, 65);
	ck_assert_str_eq(
	    fsk_name_from_text(&name, text, 64), "label over 63 octets");
	text[63] = '.';
	ck_assert_ptr_null(fsk_name_from_text(&name, text, 64));
	ck_assert_uint_eq(name.len, 65);
	/* An escape is one octet. */
	memcpy(text + 60, "\\000xx", 6);
	ck_assert_ptr_null(fsk_name_from_text(&name, text, 66));
	ck_assert_ptr_nonnull(fsk_name_from_text(&name, text, 67));
}
END_TEST

/* Names of _i octets on the wire, of labels of FILL octets. */
START_TEST(name_of_255_octets_is_the_longest)
{
	static const unsigned fills[] = { 1, 2, 31, 62, 63 };
	const unsigned len = (unsigned)_i;

	for (unsigned f = 0; f < sizeof(fills) / sizeof(*fills); f++) {
		char text[600];
		size_t n = 0, wire = 1;
		struct fsk_name name;
		const char *why;

		/* Whole labels, then one that fills it up exactly. */
		while (wire < len) {
			unsigned fill = fills[f];

			if (wire + fill + 1 > len)
				fill = (unsigned)(len - wire - 1);
			else if (wire + fill + 2 == len)
				fill = fill > 1 ? fill - 1 : fill + 1;
			if (n > 0)
				text[n++] = '.';
			memset(text + n, 'a', fill);
			n += fill;
			wire += fill + 1;
		}
		ck_assert_uint_eq(wire, len);
		for (unsigned dot = 0; dot < 2; dot++) {
			why = fsk_name_from_text(&name, text, n);
			if (len <= 255) {
				ck_assert_msg(why == NULL, "%u: %s", len, why);
				ck_assert_uint_eq(name.len, len);
				ck_assert_uint_eq(name.wire[len - 1], 0);
			} else {
				ck_assert_str_eq(why, "name over 255 octets");
			}
			text[n++] = '.';
		}
	}
}
END_TEST

START_TEST(name_has_up_to_127_labels)
{
	char text[256], back[FSK_TEXT_MAX];
	struct fsk_name name;

	for (unsigned i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "a.", 2);
	ck_assert_ptr_null(fsk_name_from_text(&name, text, 253));
	ck_assert_uint_eq(fsk_name_labels(name.wire), FSK_LABELS_MAX);
	ck_assert_uint_eq(strlen(fsk_name_to_text(name.wire, back)), 253);
	ck_assert_ptr_eq(fsk_name_parent(name.wire, 127), name.wire + 254);
	ck_assert_ptr_eq(fsk_name_parent(name.wire, 126), name.wire + 252);
	ck_assert_ptr_eq(fsk_name_parent(name.wire, 0), name.wire);
	ck_assert_ptr_nonnull(fsk_name_from_text(&name, text, 255));
}
END_TEST

/* ---- wire ---- */

static const struct {
	const char *what;
	const char *wire;
	size_t len;
} bad_wire[] = {
	{ "nothing", S("") },
	{ "no root label", S("\3abc") },
	{ "label beyond the end", S("\4abc\0") },
	{ "label up to the end", S("\1a\2bc") },
	{ "compressed", S("\1a\xc0\0") },
	{ "compressed at once", S("\xc0\0") },
	{ "bits 01",
	    S("\x41"
	      "a\0") },
	{ "label of 64",
	    S("\x40"
	      "0123456789abcdef0123456789abcdef"
	      "0123456789abcdef0123456789abcdef\0") },
	{ "something behind", S("\1a\0x") },
	{ "two roots", S("\0\0") },
};

START_TEST(wire_that_is_no_name_is_refused)
{
	/* A copy of the exact length, so that a sanitizer sees what is read
	 * behind it. */
	uint8_t *wire = malloc(bad_wire[_i].len + !bad_wire[_i].len);
	struct fsk_name name;

	ck_assert_ptr_nonnull(wire);
	memcpy(wire, bad_wire[_i].wire, bad_wire[_i].len);
	ck_assert_msg(!fsk_name_from_wire(&name, wire, bad_wire[_i].len), "%s",
	    bad_wire[_i].what);
	free(wire);
}
END_TEST

START_TEST(wire_of_256_octets_is_refused)
{
	uint8_t wire[257];
	struct fsk_name name;

	for (unsigned i = 0; i < sizeof(wire); i += 2)
		wire[i] = 1, wire[i + (i < 256)] = 'a';
	wire[254] = 0;
	ck_assert(fsk_name_from_wire(&name, wire, 255));
	wire[254] = 1;
	wire[256] = 0;
	ck_assert(!fsk_name_from_wire(&name, wire, 257));
	wire[252] = 2;
	wire[255] = 0;
	ck_assert(!fsk_name_from_wire(&name, wire, 256));
}
END_TEST

START_TEST(random_names_make_a_round_trip)
{
	kit_seed(1);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned len = i % 8 == 0 ? 255 : 3 + kit_below(253);
		struct fsk_name name = kit_any_name(len), again;
		char text[FSK_TEXT_MAX];

		ck_assert_uint_eq(name.len, len);
		fsk_name_to_text(name.wire, text);
		again = kit_name(text);
		ck_assert_uint_eq(again.len, len);
		ck_assert_mem_eq(again.wire, name.wire, len);
		/* Every cut is refused. */
		len = kit_below(len);
		ck_assert(!fsk_name_from_wire(&again, name.wire, len));
	}
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof(*(a)))

int
main(void)
{
	Suite *s = suite_create("lib/name.c");
	TCase *tc = tcase_create("name");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, text_makes_a_round_trip, 0, ROWS(good));
	tcase_add_loop_test(tc, text_that_is_no_name_is_refused, 0, ROWS(bad));
	tcase_add_test(tc, text_ends_where_its_length_says);
	tcase_add_loop_test(tc, any_octet_can_be_in_a_label, 0, 256);
	tcase_add_test(tc, label_of_63_octets_is_the_longest);
	tcase_add_loop_test(tc, name_of_255_octets_is_the_longest, 250, 260);
	tcase_add_test(tc, name_has_up_to_127_labels);
	tcase_add_loop_test(
	    tc, wire_that_is_no_name_is_refused, 0, ROWS(bad_wire));
	tcase_add_test(tc, wire_of_256_octets_is_refused);
	tcase_add_test(tc, random_names_make_a_round_trip);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
