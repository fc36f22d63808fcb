/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of URLs: one a line, with a scheme or without, or a name alone;
 * comments as in plain lists.  A URL with a path or a query says nothing of the
 * rest of its host; one without means the host.
 */
#include <string.h>

#include "feeds/parse.h"
#include "feeds/url.h"

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	const char *word;
	size_t word_len;
	bool nowhere;

	(void)state;
	parse_trim(&text, &len);
	if (len == 0 || text[0] == '!' || text[0] == ';')
		return PARSE_NOTHING;
	parse_word(&text, &len, &word, &word_len);
	if (len > 0) {
		sink->why = "more than one word";
		return PARSE_BAD;
	}
	if (parse_address(word, word_len, &nowhere)) {
		sink->why = "an address";
		return PARSE_SKIPPED;
	}
	return parse_url(sink, PARSE_LIST, word, word_len, true);
}

/* Whether the word at TEXT can only be a URL: it has a scheme, or a host with a
 * path or a query. */
static bool
is_url(const char *text, size_t len)
{
	struct url u;

	if (url_has_scheme(text, len))
		return true;
	if (memchr(text, '/', len) == NULL && memchr(text, '?', len) == NULL)
		return false;
	/* Other formats begin names with a dot, which url_read() forgives. */
	return text[0] != '.' && url_read(&u, text, len, true) == NULL &&
	    memchr(u.text, '.', u.host_len) != NULL;
}

/* Most of the lines are URLs: lists of names have some, too. */
static unsigned
guess(const char *text, size_t len)
{
	size_t urls = 0, lines = 0, row_len, word_len;
	const char *row, *word;

	while (parse_line(&text, &len, &row, &row_len)) {
		parse_trim(&row, &row_len);
		if (row_len == 0 || row[0] == '!' || row[0] == ';')
			continue;
		parse_word(&row, &row_len, &word, &word_len);
		lines++;
		urls += row_len == 0 && is_url(word, word_len);
	}
	return urls > lines / 2 ? 60 : 0;
}

const struct parse_format parse_urls = {
	.name = "urls",
	.line = line,
	.guess = guess,
};
