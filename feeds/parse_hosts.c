/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hosts files as blocklists use them: an address that leads nowhere, then one
 * name or more.  A line that maps a name to a real address is a redirection
 * and no reason to block: it is bad.  Of a line with good and bad names the
 * good ones are taken and the line counts as bad.  The names that such files
 * give to the machine itself are skipped.
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
	enum parse_result result = PARSE_BAD;
	const char *word, *wrong = "no name after the address";
	size_t word_len;
	bool nowhere;

	(void)state;
	parse_trim(&text, &len);
	if (len == 0 || text[0] == '!' || text[0] == ';')
		return PARSE_NOTHING;
	parse_word(&text, &len, &word, &word_len);
	if (!parse_address(word, word_len, &nowhere)) {
		sink->why = "no address at the start of the line";
		return PARSE_BAD;
	}
	sink->why = NULL;
	while (parse_word(&text, &len, &word, &word_len)) {
		struct parse_entry e = { .match = sink->match };

		if (is_own_name(word, word_len)) {
			if (result == PARSE_BAD)
				result = PARSE_SKIPPED;
			continue;
		}
		wrong = nowhere
		    ? host_name(&e.name, word, word_len)
		    : "an address that is not 0.0.0.0, 127.*, :: or ::1";
		if (wrong == NULL) {
			if (!sink->take(sink, &e))
				break;
			result = PARSE_NAMES;
		} else if (sink->why == NULL) {
			sink->why = wrong; /* the line's first fault */
		}
	}
	if (sink->why == NULL && result == PARSE_BAD)
		sink->why = wrong;
	return sink->why != NULL ? PARSE_BAD : result;
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
