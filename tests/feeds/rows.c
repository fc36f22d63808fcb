/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/rows.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void
add(struct rows_sink *s, const char *text)
{
	size_t len = strlen(text);

	ck_assert_uint_lt(len, sizeof(s->text) - s->len);
	memcpy(s->text + s->len, text, len + 1);
	s->len += len;
}

static bool
take(struct parse_sink *sink, const struct parse_entry *e)
{
	static const char *const kinds[] = {
		[PARSE_LIST] = "",
		[PARSE_ALLOW] = "@@",
		[PARSE_CANCEL] = "-",
	};
	static const char *const matches[] = {
		[FSK_SUBTREE] = "",
		[FSK_EXACT] = "=",
		[FSK_BELOW] = "*.",
	};
	struct rows_sink *s = (struct rows_sink *)sink;
	char text[FSK_TEXT_MAX];

	add(s, kinds[e->kind]);
	if (e->url != NULL) {
		add(s, "url:");
		add(s, e->url);
	} else {
		add(s, matches[e->match]);
		add(s, fsk_name_to_text(e->name.wire, text));
	}
	add(s, " ");
	return true;
}

void
rows_begin(struct rows_sink *s)
{
	memset(s, 0, sizeof(*s));
	s->sink.take = take;
}

enum parse_result
rows_line(struct rows_sink *s, const struct parse_format *format, void *state,
    const char *line, size_t len)
{
	char *exact = malloc(len + (len == 0)); /* nothing behind is read */
	enum parse_result result;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, line, len);
	s->sink.why = NULL;
	result = format->line(&s->sink, state, exact, len);
	free(exact);
	return result;
}

void
rows_check_octets(const struct parse_format *format, void *state,
    const struct row *row, size_t len)
{
	const char *why = strchr(row->gives, '!');
	size_t gives = why != NULL ? (size_t)(why - row->gives)
				   : strlen(row->gives);
	struct rows_sink s;
	enum parse_result result;

	rows_begin(&s);
	result = rows_line(&s, format, state, row->line, len);
	ck_assert_msg(result == row->result, "'%s' gives %d, not %d", row->line,
	    result, row->result);
	ck_assert_msg(s.len == gives && memcmp(s.text, row->gives, gives) == 0,
	    "'%s' gives '%s', not '%.*s'", row->line, s.text, (int)gives,
	    row->gives);
	if (result == PARSE_BAD || why != NULL)
		ck_assert_msg(s.sink.why != NULL, "'%s': why?", row->line);
	if (why != NULL)
		ck_assert_str_eq(s.sink.why, why + 1);
}

void
rows_check(
    const struct parse_format *format, void *state, const struct row *row)
{
	rows_check_octets(format, state, row, strlen(row->line));
}
