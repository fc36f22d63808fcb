/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain lists: one name a line, alone or with a mark (host.h), or a prefix of
 * addresses (192.0.2.0/24), which most lists are not meant for; comments after
 * '#' and ';', whole lines of comment after '!' too.
 */
#include <string.h>

#include "feeds/host.h"
#include "feeds/parse.h"

/* Past blanks and comments; false if nothing is left. */
static bool
trim(const char **text, size_t *len)
{
	parse_trim(text, len);
	if (*len == 0 || **text == '!' || **text == ';')
		return false;
	/* Lists of prefixes have notes behind them. */
	for (size_t i = 1; i < *len; i++)
		if ((*text)[i] == ';' &&
		    ((*text)[i - 1] == ' ' || (*text)[i - 1] == '\t'))
			*len = i;
	parse_trim(text, len);
	return true;
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	struct parse_entry e = { .kind = PARSE_LIST };
	const char *word;
	size_t word_len;

	(void)state;
	if (!trim(&text, &len))
		return PARSE_NOTHING;
	parse_word(&text, &len, &word, &word_len);
	if (len > 0) {
		sink->why = "more than one word";
		return PARSE_BAD;
	}
	if (host_entry(&e.name, &e.match, sink->match, word, word_len) !=
	    NULL) {
		const size_t mark = word_len > 2 && memcmp(word, "*.", 2) == 0
		    ? 2
		    : 0;

		return parse_prefix(
		    sink, PARSE_LIST, word + mark, word_len - mark);
	}
	sink->take(sink, &e);
	return PARSE_NAMES;
}

bool
parse_is_prefixes(const char *text, size_t len, bool all)
{
	size_t prefixes = 0, others = 0, row_len;
	const char *row;

	if (parse_is_no_list(text, len))
		return false;
	while (parse_line(&text, &len, &row, &row_len))
		if (trim(&row, &row_len)) {
			const bool is = parse_is_prefix(row, row_len);

			prefixes += is;
			others += !is;
		}
	return prefixes > others / 10 && (!all || others == 0);
}

/* The format of last resort: whatever has some names, or only comments.  In
 * what is no list, a base64 text or other software's rules, a line in a
 * thousand may look like a name. */
static unsigned
guess(const char *text, size_t len)
{
	size_t names = 0, others = 0, row_len;
	const char *row;

	while (parse_line(&text, &len, &row, &row_len)) {
		enum fsk_match_kind match;
		struct fsk_name name;

		if (!trim(&row, &row_len))
			continue;
		if (host_entry(&name, &match, FSK_SUBTREE, row, row_len) ==
		    NULL)
			names++;
		else
			others++;
	}
	if (names > 0)
		return names > others / 10 ? 20 : 0;
	return others == 0;
}

const struct parse_format parse_domains = {
	.name = "domains",
	.line = line,
	.guess = guess,
};
