/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/host.c and idn.c: what is a name in a feed */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/host.h"

/* NULL as `is`: no name. */
static const struct {
	const char *text, *is;
} names[] = {
	{ "example.com", "example.com" },
	{ "EXAMPLE.Com", "example.com" },
	{ "example.com.", "example.com" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "XN--BCHER-KVA.example", "xn--bcher-kva.example" },
	{ "b\303\274cher.example", "xn--bcher-kva.example" },
	{ "B\303\234CHER.example", "xn--bcher-kva.example" },
	/* Non-transitional: sharp s stays itself. */
	{ "fa\303\237.de", "xn--fa-hia.de" },
	{ "\344\276\213\343\201\210.jp", "xn--r8jz45g.jp" },
	/* The ideographic full stop separates labels. */
	{ "a\343\200\202example", "a.example" },
	{ "_dmarc.example", "_dmarc.example" },
	{ "-lead.trail-.example", "-lead.trail-.example" },
	{ "a--b.example", "a--b.example" },
	{ "1.2.3.4.example", "1.2.3.4.example" },
	{ "com", "com" },
	{ "a\\032b.example", "a\\032b.example" },
	{ "a\\000.example", "a\\000.example" },
	{ "", NULL },
	{ ".", NULL },
	{ "..", NULL },
	{ "a..b", NULL },
	{ ".a", NULL },
	{ "1.2.3.4", NULL },
	{ "1.2.3", NULL },
	{ "::1", NULL },
	{ "2001:db8::1", NULL },
	{ "http://example.com", NULL },
	{ "example.com/path", NULL },
	{ "example.com:80", NULL },
	{ "a b", NULL },
	{ "||example.com^", NULL },
	{ "ex*mple.com", NULL },
	{ "example.*", NULL },
	{ "user@example.com", NULL },
	{ "\"example.com\"", NULL },
	{ "a\\.b", NULL },
	{ "\\", NULL },
	{ "a\\25", NULL },
	{ "a\\256.b", NULL },
	/* Not UTF-8, and what may not be in a name. */
	{ "a\377b.example", NULL },
	{ "\302\255.example", NULL },
	{ "a\342\200\256b.example", NULL },
};

START_TEST(texts_are_the_names_they_look_like)
{
	char text[FSK_TEXT_MAX];
	struct fsk_name name;
	/* In memory of its own length: nothing behind it may be read. */
	size_t len = strlen(names[_i].text);
	char *exact = malloc(len + (len == 0));
	const char *wrong;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, names[_i].text, len);
	wrong = host_name(&name, exact, len);
	free(exact);
	if (names[_i].is == NULL) {
		ck_assert_msg(
		    wrong != NULL, "'%s' was taken for a name", names[_i].text);
		ck_assert_uint_gt(strlen(wrong), 3);
		return;
	}
	ck_assert_msg(wrong == NULL, "'%s': %s", names[_i].text, wrong);
	ck_assert_str_eq(fsk_name_to_text(name.wire, text), names[_i].is);
}
END_TEST

START_TEST(lengths_are_those_of_the_dns)
{
	char label63[64], label64[65], text[300] = "";
	struct fsk_name name;

	memset(label63, 'a', 63);
	memset(label64, 'a', 64);
	label63[63] = label64[64] = '\0';
	ck_assert_ptr_null(host_name(&name, label63, 63));
	ck_assert_ptr_nonnull(host_name(&name, label64, 64));
	for (unsigned i = 0; i < 126; i++)
		strcat(text, "a.");
	strcat(text, "a"); /* 253 characters, 255 octets of wire */
	ck_assert_ptr_null(host_name(&name, text, strlen(text)));
	ck_assert_uint_eq(name.len, 255);
	strcat(text, ".");
	ck_assert_ptr_null(host_name(&name, text, strlen(text)));
	text[strlen(text) - 1] = 'a'; /* 254 characters */
	ck_assert_ptr_nonnull(host_name(&name, text, strlen(text)));
}
END_TEST

static const struct {
	const char *text, *is; /* NULL: none */
	enum fsk_match_kind match;
} entries[] = {
	{ "a.example", "a.example", FSK_SUBTREE },
	{ "*.a.example", "a.example", FSK_BELOW },
	{ "=a.example", "a.example", FSK_EXACT },
	{ ".a.example", "a.example", FSK_SUBTREE },
	{ "*", NULL, FSK_SUBTREE },
	{ "*.", NULL, FSK_SUBTREE },
	{ "*a.example", NULL, FSK_SUBTREE },
	{ "*.*.example", NULL, FSK_SUBTREE },
	{ "=", NULL, FSK_SUBTREE },
	{ "=*.a.example", NULL, FSK_SUBTREE },
	{ "..a.example", NULL, FSK_SUBTREE },
	{ ".", NULL, FSK_SUBTREE },
};

START_TEST(marks_say_what_an_entry_covers)
{
	const char *in = entries[_i].text;
	enum fsk_match_kind match = FSK_SUBTREE;
	char text[FSK_TEXT_MAX];
	struct fsk_name name;
	const char *wrong = host_entry(
	    &name, &match, FSK_SUBTREE, in, strlen(in));

	ck_assert_int_eq(wrong == NULL, entries[_i].is != NULL);
	if (wrong != NULL)
		return;
	ck_assert_str_eq(fsk_name_to_text(name.wire, text), entries[_i].is);
	ck_assert_int_eq(match, entries[_i].match);
}
END_TEST

START_TEST(only_unmarked_entries_take_the_default)
{
	enum fsk_match_kind match;
	struct fsk_name name;

	host_entry(&name, &match, FSK_EXACT, "a.b", 3);
	ck_assert_int_eq(match, FSK_EXACT);
	host_entry(&name, &match, FSK_EXACT, ".a.b", 4);
	ck_assert_int_eq(match, FSK_EXACT);
	host_entry(&name, &match, FSK_EXACT, "*.a.b", 5);
	ck_assert_int_eq(match, FSK_BELOW);
	host_entry(&name, &match, FSK_BELOW, "=a.b", 4);
	ck_assert_int_eq(match, FSK_EXACT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/host.c");
	TCase *tc = tcase_create("names");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, texts_are_the_names_they_look_like, 0,
	    sizeof(names) / sizeof(*names));
	tcase_add_test(tc, lengths_are_those_of_the_dns);
	tcase_add_loop_test(tc, marks_say_what_an_entry_covers, 0,
	    sizeof(entries) / sizeof(*entries));
	tcase_add_test(tc, only_unmarked_entries_take_the_default);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
