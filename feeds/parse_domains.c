/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain lists: one name a line, alone or with a mark (host.h), comments after
 * '#', whole lines of comment after '!' and ';' too.
 */
#include "feeds/host.h"
#include "feeds/parse.h"

static enum parse_result
line(struct parse_sink *sink, const char *text, size_t len)
{
	enum fsk_match_kind match;
	struct fsk_name name;
	const char *word;
	size_t word_len;

	parse_trim(&text, &len);
	if (len == 0 || text[0] == '!' || text[0] == ';')
		return PARSE_NOTHING;
	parse_word(&text, &len, &word, &word_len);
	if (len > 0) {
		sink->why = "more than one word";
		return PARSE_BAD;
	}
	sink->why = host_entry(&name, &match, sink->match, word, word_len);
	if (sink->why != NULL)
		return PARSE_BAD;
	sink->take(sink, &name, match);
	return PARSE_NAMES;
}

const struct parse_format parse_domains = { "domains", line };
