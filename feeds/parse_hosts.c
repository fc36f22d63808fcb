/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hosts files as blocklists use them: an address that leads nowhere, then one
 * name or more.  A line that maps a name to a real address is a redirection
 * and no reason to block: it is bad.  Of a line with good and bad names the
 * good ones are taken and the line counts as bad.  The names that such files
 * give to the machine itself are skipped, and so are addresses and patterns in
 * place of a name.
 */
#include <string.h>

#include "feeds/host.h"
#include "feeds/parse.h"

static bool
is_own_name(const char *word, size_t len)
{
	static const char *const own[] = { "localhost", "localhost.localdomain",
		"local", "broadcasthost", "ip6-localhost", "ip6-loopback",
		"ip6-localnet", "ip6-mcastprefix", "ip6-allnodes",
		"ip6-allrouters", "ip6-allhosts", "0.0.0.0" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strlen(own[i]) == len && memcmp(own[i], word, len) == 0)
			return true;
	return false;
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	const char *word, *wrong = NULL;
	bool nowhere, names = false, others = false;
	size_t word_len;

	(void)state;
	parse_trim(&text, &len);
	if (len == 0 || text[0] == '!' || text[0] == ';')
		return PARSE_NOTHING;
	parse_word(&text, &len, &word, &word_len);
	if (!parse_address(word, word_len, &nowhere)) {
		sink->why = "no address at the start of the line";
		return PARSE_BAD;
	}
	while (parse_word(&text, &len, &word, &word_len)) {
		struct parse_entry e = { .match = sink->match };

		if (is_own_name(word, word_len)) {
			sink->why = "a name of the machine itself";
			others = true;
			continue;
		}
		switch (nowhere ? parse_name(sink, &e.name, word, word_len)
				: PARSE_BAD) {
		case PARSE_NAMES:
			names = true;
			if (!sink->take(sink, &e))
				return PARSE_NAMES;
			break;
		case PARSE_SKIPPED:
			others = true;
			break;
		case PARSE_NOTHING:
		case PARSE_BAD:
			if (wrong == NULL) /* the line's first fault */
				wrong = nowhere ? sink->why
						: "an address that is not "
						  "0.0.0.0, 127.*, :: or ::1";
			break;
		}
	}
	if (wrong == NULL && !names && !others)
		wrong = "no name after the address";
	if (wrong != NULL) {
		sink->why = wrong;
		return PARSE_BAD;
	}
	return names ? PARSE_NAMES : PARSE_SKIPPED;
}

/* An address and a name in the first line that says something. */
static unsigned
guess(const char *text, size_t len)
{
	const char *row, *word;
	size_t row_len, word_len;
	bool nowhere;

	while (parse_line(&text, &len, &row, &row_len)) {
		parse_trim(&row, &row_len);
		if (row_len == 0 || row[0] == '!' || row[0] == ';')
			continue;
		parse_word(&row, &row_len, &word, &word_len);
		return parse_address(word, word_len, &nowhere) &&
			parse_word(&row, &row_len, &word, &word_len)
		    ? 80
		    : 0;
	}
	return 0;
}

const struct parse_format parse_hosts = {
	.name = "hosts",
	.line = line,
	.guess = guess,
};
