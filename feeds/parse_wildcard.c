/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wildcard lists: "*.x" a line.  In the DNS that is what lies below x and not
 * x itself (RFC 4592), and plain lists and RPZ mean that by it.  Publishers of
 * whole lists in this form mean x and all below: it is the same list that they
 * publish as "||x^" and in other forms, one line a name, and their readers
 * (matchers of patterns in proxies and firewalls) take it so.  An entry is
 * therefore the subtree of x.  All other lines are read as in plain lists.
 */
#include <string.h>

#include "feeds/parse.h"

/* A list with fewer was written by hand, and means what plain lists mean. */
#define MARKED_LEAST 10

static bool
has_mark(const char *text, size_t len)
{
	return len > 2 && text[0] == '*' && text[1] == '.';
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	struct parse_entry e = { .match = FSK_SUBTREE };
	const char *rest = text, *word;
	size_t rest_len = len, word_len;
	enum parse_result result;
	bool nowhere;

	parse_trim(&rest, &rest_len);
	if (!parse_word(&rest, &rest_len, &word, &word_len))
		return PARSE_NOTHING;
	if (rest_len > 0 || !has_mark(word, word_len)) {
		if (rest_len == 0 && parse_address(word, word_len, &nowhere)) {
			sink->why = "an address";
			return PARSE_SKIPPED;
		}
		return parse_domains.line(sink, state, text, len);
	}
	result = parse_name(sink, &e.name, word + 2, word_len - 2);
	if (result == PARSE_NAMES)
		sink->take(sink, &e);
	return result;
}

/* Most of what says something has the mark and is one word. */
static unsigned
guess(const char *text, size_t len)
{
	size_t marked = 0, others = 0, row_len, word_len;
	const char *row, *word;

	while (parse_line(&text, &len, &row, &row_len)) {
		parse_trim(&row, &row_len);
		if (row_len == 0 || row[0] == '!' || row[0] == ';')
			continue;
		parse_word(&row, &row_len, &word, &word_len);
		if (row_len == 0 && has_mark(word, word_len))
			marked++;
		else
			others++;
	}
	return marked >= MARKED_LEAST && marked > others ? 60 : 0;
}

const struct parse_format parse_wildcard = {
	.name = "wildcard",
	.line = line,
	.guess = guess,
};
