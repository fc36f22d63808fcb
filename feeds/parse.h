/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse.h - feed formats
 *
 * A format is a function that reads one line; one format, one source file, one
 * row in parse_formats[].  Every line is counted as exactly one of: names
 * taken, nothing (blank, comment), skipped (well-formed, but not for us), bad.
 */
#ifndef FRAUDSINK_FEEDS_PARSE_H
#define FRAUDSINK_FEEDS_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/db.h"
#include "lib/name.h"

enum parse_result { PARSE_NAMES, PARSE_NOTHING, PARSE_SKIPPED, PARSE_BAD };

/* Where a line's names go. */
struct parse_sink {
	/* Takes a name; false: stop, the sink has failed. */
	bool (*take)(struct parse_sink *sink, const struct fsk_name *name,
	    enum fsk_match_kind match);
	enum fsk_match_kind match; /* of names without a mark of their own */
	const char *why;           /* after PARSE_BAD: what is wrong */
};

struct parse_format {
	const char *name;
	/* Reads the line of LEN characters, which has no line end. */
	enum parse_result (*line)(
	    struct parse_sink *sink, const char *text, size_t len);
};

extern const struct parse_format parse_domains, parse_hosts;

/* The format called NAME, or NULL. */
const struct parse_format *parse_find(const char *name);

/* Guesses the format from the first LEN octets of a file. */
const struct parse_format *parse_guess(const char *text, size_t len);

/* Moves *TEXT and *LEN past blanks on both sides, and cuts off a comment: from
 * a '#' that begins the text or follows a blank. */
void parse_trim(const char **text, size_t *len);

/* Cuts the first word off *TEXT; false if there is none. */
bool parse_word(
    const char **text, size_t *len, const char **word, size_t *word_len);

/* Whether WORD is an IPv4 or IPv6 address; if so *SINK tells whether it is one
 * that hosts files use to say "nowhere". */
bool parse_address(const char *word, size_t len, bool *nowhere);

#endif
