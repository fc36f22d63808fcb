/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/print_*.c, utf8.c, answer.c: rows for people and programs, whatever
 * octets are in them */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/html.h"
#include "stats/print.h"
#include "stats/utf8.h"

static const struct answer_column columns[] = {
	{ "text", "text", ANSWER_TEXT },
	{ "count", "count", ANSWER_COUNT },
	{ "about", "about", ANSWER_ABOUT },
	{ "rate", "rate", ANSWER_RATE },
	{ "share", "share", ANSWER_SHARE },
	{ "change", "change", ANSWER_CHANGE },
	{ "time", "time", ANSWER_TIME },
	{ "day", "day", ANSWER_DAY },
	{ "month", "month", ANSWER_MONTH },
};

#define COLUMNS 9

static struct answers as;
static struct answer *a;
static char *out;
static size_t len;
static FILE *to;

static void
setup(void)
{
	answers_init(&as);
	strcpy(as.question, "a question");
	strcpy(as.role, "operator");
	as.from = 1790000000;
	as.to = as.now = as.from + 3600;
	as.step = 60;
	a = answers_add(&as, "rows", "all rows", columns, COLUMNS);
	to = open_memstream(&out, &len);
}

static void
teardown(void)
{
	fclose(to);
	free(out);
	answers_fini(&as);
}

static void
put_full_row(const char *text)
{
	answer_row(a);
	answer_text(a, 0, text);
	answer_count(a, 1, INT64_MAX);
	answer_real(a, 2, 12.6);
	answer_real(a, 3, 2.5);
	answer_share(a, 4, 1, 8);
	answer_real(a, 5, -0.25);
	answer_time(a, 6, 1790000000);
	answer_time(a, 7, 1790000000);
	answer_time(a, 8, 1790000000);
}

static const char *
text(void)
{
	print_text(to, &as);
	fflush(to);
	return out;
}

static json_t *
parsed(void)
{
	json_error_t e;
	json_t *o;

	print_json(to, &as);
	fflush(to);
	o = json_loads(out, JSON_REJECT_DUPLICATES, &e);
	ck_assert_msg(o != NULL, "%d: %s\n%s", e.line, e.text, out);
	return o;
}

START_TEST(text_is_aligned)
{
	put_full_row("short");
	put_full_row("a longer one");
	answer_row(a);
	answer_text(a, 0, "\u4e2d\u6587");
	ck_assert_str_eq(text(),
	    "a question, 2026-09-21 14:13 to 2026-09-21 15:13 UTC\n"
	    "\n"
	    "text                        count  about  rate   share   change  "
	    "time              day         month\n"
	    "short         9223372036854775807     13  2.50  12.5 %  -25.0 %  "
	    "2026-09-21 14:13  2026-09-21  2026-09\n"
	    "a longer one  9223372036854775807     13  2.50  12.5 %  -25.0 %  "
	    "2026-09-21 14:13  2026-09-21  2026-09\n"
	    "\u4e2d\u6587                            -      -     -       -   "
	    "     -  -                 -           -\n");
}
END_TEST

/* What is in a text, and what a terminal gets. */
static const struct {
	const char *in, *shown;
	unsigned width;
} texts[] = {
	{ "plain", "plain", 5 },
	{ "esc\033[2Jape", "esc?[2Jape", 10 },
	{ "tab\tnew\nline\r", "tab?new?line?", 13 },
	{ "bell\a\x7f", "bell??", 6 },
	{ "c1 \xc2\x9b"
	  "31m",
	    "c1 ?31m", 7 },
	{ "rtl \u202eabc", "rtl ?abc", 8 },
	{ "zero\u200dwidth", "zero?width", 10 },
	{ "bad \xff\xc0\xaf.", "bad \ufffd\ufffd\ufffd.", 8 },
	{ "cut \xe4\xb8", "cut \ufffd\ufffd", 6 },
	{ "half \xed\xa0\x80", "half \ufffd\ufffd\ufffd", 8 },
	{ "\u53cd\u8bc8", "\u53cd\u8bc8", 4 },
	{ "e\u0301", "e\u0301", 1 },
	{ "\U0001f4a9", "\U0001f4a9", 2 },
};

#define TEXTS 13

START_TEST(nothing_acts_on_a_terminal)
{
	ck_assert_uint_eq(utf8_print(to, texts[_i].in), texts[_i].width);
	fflush(to);
	ck_assert_str_eq(out, texts[_i].shown);
	ck_assert_uint_eq(utf8_width(texts[_i].in), texts[_i].width);
}
END_TEST

START_TEST(fields_are_cut_or_filled)
{
	utf8_field(to, "abcdef", 4, true);
	fputc('|', to);
	utf8_field(to, "ab", 4, true);
	fputc('|', to);
	utf8_field(to, "ab", 4, false);
	fputc('|', to);
	utf8_field(to, "\u53cd\u8bc8", 3, true);
	fputc('|', to);
	fflush(to);
	ck_assert_str_eq(out, "abcd|ab  |  ab|\u53cd |");
}
END_TEST

START_TEST(json_is_json_whatever_texts_are)
{
	json_t *o, *row;

	put_full_row(texts[_i].in);
	put_full_row("<script>&\"\\\u2028");
	answer_row(a);
	answer_real(a, 3, NAN);
	answers_note(&as, "%s", texts[_i].in);
	a->withheld = 3;
	o = parsed();
	ck_assert_str_eq(
	    json_string_value(json_object_get(o, "question")), "a question");
	ck_assert_str_eq(json_string_value(json_object_get(o, "from")),
	    "2026-09-21T14:13:20Z");
	ck_assert_int_eq(json_integer_value(json_object_get(
			     json_object_get(o, "withheld"), "rows")),
	    3);
	row = json_array_get(json_object_get(o, "rows"), 0);
	/* All of it is there, but what is no UTF-8. */
	if (strchr(texts[_i].shown, '?') == NULL)
		ck_assert_str_eq(
		    json_string_value(json_object_get(row, "text")),
		    texts[_i].shown);
	else
		ck_assert_str_eq(
		    json_string_value(json_object_get(row, "text")),
		    texts[_i].in);
	ck_assert(json_real_value(json_object_get(row, "share")) == 0.125);
	ck_assert_int_eq(json_integer_value(json_object_get(row, "about")), 13);
	ck_assert_str_eq(
	    json_string_value(json_object_get(row, "day")), "2026-09-21");
	ck_assert_str_eq(
	    json_string_value(json_object_get(row, "month")), "2026-09");
	row = json_array_get(json_object_get(o, "rows"), 2);
	ck_assert(json_is_null(json_object_get(row, "text")));
	ck_assert(json_is_null(json_object_get(row, "rate")));
	/* It may stand in a page. */
	ck_assert_ptr_null(strchr(out, '<'));
	ck_assert_ptr_null(strchr(out, '&'));
	json_decref(o);
}
END_TEST

/* Reads the fields of a line as RFC 4180 has it; how many there are. */
static unsigned
csv_line(const char **p, char field[16][64])
{
	unsigned n = 0;

	for (;; ++*p) {
		char *q = field[n++];

		if (**p == '"') {
			for (++*p; **p != '"' || (*p)[1] == '"'; ++*p) {
				ck_assert_int_ne(**p, '\0');
				*q++ = **p;
				*p += **p == '"';
			}
			++*p;
		} else {
			while (strchr(",\r\n\"", **p) == NULL)
				*q++ = *(*p)++;
		}
		*q = '\0';
		if (**p != ',')
			break;
	}
	ck_assert_int_eq(strncmp(*p, "\r\n", 2), 0);
	*p += 2;
	return n;
}

START_TEST(csv_can_be_read_again)
{
	static const char *const in[] = { "plain", "with,comma", "\"quoted\"",
		"two\nlines\r\n", " blanks ", "", "say \"no\", please" };
	char field[16][64];
	const char *p;

	for (size_t i = 0; i < 7; i++)
		put_full_row(in[i]);
	answer_row(a);
	print_csv(to, a);
	fflush(to);
	p = out;
	ck_assert_uint_eq(csv_line(&p, field), COLUMNS);
	for (unsigned c = 0; c < COLUMNS; c++)
		ck_assert_str_eq(field[c], columns[c].name);
	for (size_t i = 0; i < 7; i++) {
		ck_assert_uint_eq(csv_line(&p, field), COLUMNS);
		ck_assert_str_eq(field[0], in[i]);
		ck_assert_str_eq(field[1], "9223372036854775807");
		ck_assert_str_eq(field[2], "13");
		ck_assert_str_eq(field[4], "0.125");
		ck_assert_str_eq(field[6], "2026-09-21T14:13:20Z");
	}
	ck_assert_uint_eq(csv_line(&p, field), COLUMNS);
	for (unsigned c = 0; c < COLUMNS; c++)
		ck_assert_str_eq(field[c], "");
	ck_assert_str_eq(p, "");
}
END_TEST

START_TEST(csv_has_no_formulas)
{
	static const char *const in[] = { "=1+1", "+1", "-1+1", "@SUM(1)",
		"\t=1", "=\"a,b\"" };
	char field[16][64];
	const char *p;

	put_full_row("a=1");
	for (size_t i = 0; i < 6; i++)
		put_full_row(in[i]);
	print_csv(to, a);
	fflush(to);
	p = out;
	csv_line(&p, field);
	csv_line(&p, field);
	ck_assert_str_eq(field[0], "a=1");
	for (size_t i = 0; i < 6; i++) {
		csv_line(&p, field);
		ck_assert_int_eq(field[0][0], '\'');
		ck_assert_str_eq(field[0] + 1, in[i]);
	}
}
END_TEST

START_TEST(csv_is_utf8)
{
	put_full_row(texts[_i].in);
	print_csv(to, a);
	fflush(to);
	for (const char *p = out; *p != '\0';) {
		uint32_t c;
		const size_t n = utf8_next(p, &c);

		ck_assert(!utf8_acts(c) || c == '\t' || c == '\r' || c == '\n');
		ck_assert(c != 0xfffd || n == 3);
		p += n;
	}
}
END_TEST

START_TEST(html_has_no_markup_of_texts)
{
	html_text(to, "<b>&amp;\"'\033\xff");
	fflush(to);
	ck_assert_str_eq(out, "&#60;b&#62;&#38;amp;&#34;&#39;?\xef\xbf\xbd");
}
END_TEST

START_TEST(numbers_of_pages_have_thousands)
{
	const struct answer_column change = { .type = ANSWER_CHANGE };
	const struct answer_column count = { .type = ANSWER_COUNT };
	struct answer_cell c = { .given = true, .real = -0.123 };
	char cell[HTML_CELL];

	ck_assert_str_eq(html_number(&change, &c, cell), "&minus;12.3&#8239;%");
	c.count = 1234567;
	ck_assert_str_eq(
	    html_number(&count, &c, cell), "1&#8239;234&#8239;567");
	c.count = 123;
	ck_assert_str_eq(html_number(&count, &c, cell), "123");
	c.given = false;
	ck_assert_str_eq(html_number(&count, &c, cell), "&ndash;");
}
END_TEST

START_TEST(a_matrix_is_one)
{
	static const struct answer_column pairs[] = {
		{ "feed", "of", ANSWER_TEXT },
		{ "other", "in", ANSWER_TEXT },
		{ "share", "share", ANSWER_SHARE },
	};
	struct answer *m = answers_add(&as, "pairs", "pairs", pairs, 3);
	static const struct {
		const char *a, *b;
		double share;
	} rows[] = { { "x", "y", 0.5 }, { "y", "x", 1 }, { "z", "x", 0.25 } };

	m->matrix = 2;
	for (size_t i = 0; i < 3; i++) {
		answer_row(m);
		answer_text(m, 0, rows[i].a);
		answer_text(m, 1, rows[i].b);
		answer_real(m, 2, rows[i].share);
	}
	ck_assert_ptr_nonnull(strstr(text(),
	    "pairs:\n"
	    "of         x         y         z\n"
	    "x          -    50.0 %         -\n"
	    "y    100.0 %         -         -\n"
	    "z     25.0 %         -         -\n"));
}
END_TEST

START_TEST(rows_come_in_order_and_notes_once)
{
	put_full_row("b");
	put_full_row("c");
	put_full_row("a");
	answer_count(a, 1, 1);
	put_full_row("b");
	answer_count(a, 1, 2);
	answer_order(a, 0);
	ck_assert_str_eq(answer_at(a, 0, 0)->text, "a");
	ck_assert_str_eq(answer_at(a, 1, 0)->text, "b");
	ck_assert_uint_gt(answer_at(a, 1, 1)->count, 2);
	ck_assert_uint_eq(answer_at(a, 2, 1)->count, 2);
	ck_assert_str_eq(answer_at(a, 3, 0)->text, "c");
	for (int i = 0; i < 30; i++)
		answers_note(&as, "note %d", i / 2);
	ck_assert_uint_eq(as.notes, 15);
	for (int i = 0; i < 30; i++)
		answers_note(&as, "other %d", i);
	ck_assert_uint_eq(as.notes, NOTES_MAX);
}
END_TEST

START_TEST(withheld_rows_are_told)
{
	a->withheld = 1;
	ck_assert_ptr_nonnull(strstr(text(),
	    "1 more row is withheld: too few clients are behind them\n"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("print");
	TCase *t = tcase_create("print");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, text_is_aligned);
	tcase_add_loop_test(t, nothing_acts_on_a_terminal, 0, TEXTS);
	tcase_add_test(t, fields_are_cut_or_filled);
	tcase_add_loop_test(t, json_is_json_whatever_texts_are, 0, TEXTS);
	tcase_add_test(t, csv_can_be_read_again);
	tcase_add_test(t, csv_has_no_formulas);
	tcase_add_loop_test(t, csv_is_utf8, 0, TEXTS);
	tcase_add_test(t, html_has_no_markup_of_texts);
	tcase_add_test(t, numbers_of_pages_have_thousands);
	tcase_add_test(t, a_matrix_is_one);
	tcase_add_test(t, rows_come_in_order_and_notes_once);
	tcase_add_test(t, withheld_rows_are_told);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
