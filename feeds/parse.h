/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse.h - feed formats
 *
 * A format reads lines, or a whole document; one format, one source file, one
 * row in parse_formats[].  Every line (in a document: every item) is counted as
 * exactly one of: entries taken, nothing (blank, comment), skipped
 * (well-formed, but not for a resolver), bad.
 */
#ifndef FRAUDSINK_FEEDS_PARSE_H
#define FRAUDSINK_FEEDS_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/db.h"
#include "lib/name.h"

enum parse_result { PARSE_NAMES, PARSE_NOTHING, PARSE_SKIPPED, PARSE_BAD };

enum parse_kind {
	PARSE_LIST,   /* the feed lists it */
	PARSE_ALLOW,  /* the feed excepts it from what it lists */
	PARSE_CANCEL, /* the feed takes back that it lists it */
};

/* What a feed says of one name, URL or prefix of addresses. */
struct parse_entry {
	struct fsk_name name; /* of a URL: its host; of a prefix: empty */
	enum fsk_match_kind match;
	enum parse_kind kind;
	/* Of a URL with a path: the URL in canonical form (url.h), which is
	 * valid during the call only; of a prefix: "ip:PREFIX", or
	 * "nsip:PREFIX" where it is of name servers.  NULL: the name as a whole
	 * is meant. */
	const char *url;
};

/* Where entries go. */
struct parse_sink {
	/* Takes an entry; false: stop, the sink has failed. */
	bool (*take)(struct parse_sink *sink, const struct parse_entry *e);
	enum fsk_match_kind match; /* of names without a mark of their own */
	bool addresses; /* takes prefixes of addresses too; else skipped */
	/* After PARSE_BAD: what is wrong, after PARSE_SKIPPED: why it is not
	 * for us.  A constant text. */
	const char *why;
};

/* What an operator may say about a feed's form; all may be NULL. */
struct parse_options {
	/* csv: the column, its number from 1 or its name in the header; json,
	 * ndjson, yaml: the path to the values ("data[].url", doc.h). */
	const char *column;
	/* csv: only rows with this in this column ("type=domain"). */
	const char *only;
};

struct parse_format {
	const char *name;
	/* What makes of the format's lines a sequence: a state that all lines
	 * of one input pass through in order.  NULL where each line stands for
	 * itself, and lines are parsed in several threads.  open() returns
	 * NULL when out of memory; WHY says more where options are wrong. */
	void *(*open)(const struct parse_options *opt, const char **why);
	void (*close)(void *state);
	/* Reads the line of LEN octets, which has no line end. */
	enum parse_result (*line)(
	    struct parse_sink *sink, void *state, const char *text, size_t len);
	/* After the last line: what it left open.  May be NULL. */
	enum parse_result (*end)(struct parse_sink *sink, void *state);
	/* Instead of line(): reads the whole document.  ITEM is called once for
	 * each item with its result and its text, after its entries were
	 * taken; the document's own faults are an item too. */
	bool (*document)(struct parse_sink *sink, void *state, const char *text,
	    size_t len,
	    void (*item)(struct parse_sink *sink, enum parse_result result,
		const char *text, size_t len));
	/* How sure the first LEN octets of a file, mostly whole lines, are of
	 * this format: 0 (no) to 100. */
	unsigned (*guess)(const char *text, size_t len);
};

/* Each in its own file, parse_NAME.c. */
extern const struct parse_format parse_adblock, parse_csv, parse_dnsmasq,
    parse_domains, parse_hosts, parse_json, parse_ndjson, parse_rpz,
    parse_unbound, parse_urls, parse_wildcard, parse_yaml;

/* The format called NAME, or NULL. */
const struct parse_format *parse_find(const char *name);

/* The format of row I, in the order in which they are documented; NULL past
 * the last. */
const struct parse_format *parse_row(unsigned i);

/* Guesses the format from the first LEN octets of a file; NULL if it is HTML,
 * of a kind that is not supported, or nothing that any format knows. */
const struct parse_format *parse_guess(const char *text, size_t len);

/* Whether they are a list of addresses or prefixes, one a line, for
 * parse_domains; parse_guess() says NULL of it, since most feeds are to have
 * names.  ALL: and nothing else is among them. */
bool parse_is_prefixes(const char *text, size_t len, bool all);

/* Whether they are a page for people, or of a kind that is not supported, which
 * may well have lines as lists have them. */
bool parse_is_no_list(const char *text, size_t len);

/* What a file with these first LEN octets is, where that is known and not
 * supported ("an action file of Privoxy"); else NULL. */
const char *parse_unsupported(const char *text, size_t len);

/* ---- what formats share ---- */

/* Moves *TEXT and *LEN past blanks on both sides, and cuts off a comment: from
 * a '#' that begins the text or follows a blank. */
void parse_trim(const char **text, size_t *len);

/* Moves *TEXT and *LEN past blanks on both sides. */
void parse_blanks(const char **text, size_t *len);

/* Cuts the first word off *TEXT; false if there is none. */
bool parse_word(
    const char **text, size_t *len, const char **word, size_t *word_len);

/* Cuts the first line off *TEXT (without its line end, "\n" or "\r\n"); false
 * if there is none. */
bool parse_line(
    const char **text, size_t *len, const char **line, size_t *line_len);

/* Whether WORD is an IPv4 or IPv6 address; if so *SINK tells whether it is one
 * that hosts files use to say "nowhere". */
bool parse_address(const char *word, size_t len, bool *nowhere);

/* Reads TEXT, which has no mark, into *NAME, takes nothing.  PARSE_NAMES: it is
 * a name (host.h); PARSE_SKIPPED: an address, a network, or a pattern of name
 * characters and '*', none of which a resolver could look up. */
enum parse_result parse_name(struct parse_sink *sink, struct fsk_name *name,
    const char *text, size_t len);

/* Whether TEXT is an address or a prefix. */
bool parse_is_prefix(const char *text, size_t len);

/* Takes the address or prefix TEXT, if SINK takes any and it is listed; else,
 * or if it is no prefix, as parse_name(). */
enum parse_result parse_prefix(struct parse_sink *sink, enum parse_kind kind,
    const char *text, size_t len);

/* Takes the entry that the URL TEXT is (url.h; without a scheme if BARE), as
 * KIND: its host as a whole if it is the root's, else the URL.  An address is
 * PARSE_SKIPPED. */
enum parse_result parse_url(struct parse_sink *sink, enum parse_kind kind,
    const char *text, size_t len, bool bare);

/* Takes the entry that TEXT is in lists of names (host.h), a URL if it has a
 * scheme (url.h), as KIND.  An address is PARSE_SKIPPED, unless SINK takes
 * them. */
enum parse_result parse_indicator(struct parse_sink *sink, enum parse_kind kind,
    const char *text, size_t len);

#endif
