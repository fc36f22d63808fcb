/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/qtype.c */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/qtype.h"

static const struct {
	const char *text;
	uint16_t qtype; /* 0: it is none */
} texts[] = {
	{ "A", 1 },
	{ "a", 1 },
	{ "AAAA", 28 },
	{ "aAaA", 28 },
	{ "HTTPS", 65 },
	{ "SVCB", 64 },
	{ "ANY", 255 },
	{ "CAA", 257 },
	{ "TYPE1", 1 },
	{ "type65280", 65280 },
	{ "TYPE65535", 65535 },
	{ "TYPE00028", 28 },
	{ "TYPE0", 0 },
	{ "TYPE65536", 0 },
	{ "TYPE4294967297", 0 },
	{ "TYPE99999999999999999999", 0 },
	{ "TYPE", 0 },
	{ "TYPE-1", 0 },
	{ "TYPE+1", 0 },
	{ "TYPE 1", 0 },
	{ "TYPE1x", 0 },
	{ "1", 0 },
	{ "", 0 },
	{ "AAAAA", 0 },
	{ "A ", 0 },
	{ "HTTP", 0 },
};

START_TEST(words_are_types)
{
	uint16_t qtype = 7;
	const bool good = fsk_qtype_read(texts[_i].text, &qtype);

	ck_assert_msg(good == (texts[_i].qtype != 0), "'%s'", texts[_i].text);
	if (good)
		ck_assert_uint_eq(qtype, texts[_i].qtype);
}
END_TEST

START_TEST(all_types_come_back)
{
	for (unsigned i = 1; i <= UINT16_MAX; i++) {
		char text[FSK_QTYPE_TEXT];
		uint16_t back = 0;

		ck_assert_ptr_eq(fsk_qtype_text((uint16_t)i, text), text);
		ck_assert_uint_lt(strlen(text), sizeof(text));
		ck_assert(fsk_qtype_read(text, &back));
		ck_assert_uint_eq(back, i);
	}
}
END_TEST

START_TEST(unknown_types_have_numbers)
{
	char text[FSK_QTYPE_TEXT];

	ck_assert_str_eq(fsk_qtype_text(65280, text), "TYPE65280");
	ck_assert_str_eq(fsk_qtype_text(0, text), "TYPE0");
	ck_assert_str_eq(fsk_qtype_text(28, text), "AAAA");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/qtype.c");
	TCase *tc = tcase_create("types");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, words_are_types, 0, sizeof(texts) / sizeof(*texts));
	tcase_add_test(tc, all_types_come_back);
	tcase_add_test(tc, unknown_types_have_numbers);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
