/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adblock lists, of the kinds for browsers and for the DNS (AdGuard's DNS
 * filtering syntax), and AutoProxy lists.
 *
 * Of rules for hosts as a whole the names are taken (pattern.h), and of lines
 * as in hosts files; "@@" before a rule excepts its names, $badfilter takes a
 * rule back, and $denyallow excepts names from the rule that it stands in.
 * Other modifiers tie a rule to pages, clients and so on, and are skipped as
 * rules for parts of pages and of URLs are.  So is $dnstype: where feeds list
 * one name for different types, or one for all, no answer of a single feed has
 * it right, and an entry has but one.  What stands between "!#if" and "!#endif"
 * is read as if the condition held.
 */
#include <string.h>
#include <strings.h>

#include "feeds/parse.h"
#include "feeds/pattern.h"

/* What a rule is, besides its pattern. */
struct rule {
	enum parse_kind kind;
	const char *except; /* what $denyallow says, or NULL */
	size_t except_len;
};

static enum parse_result
skip(struct parse_sink *sink, const char *why)
{
	sink->why = why;
	return PARSE_SKIPPED;
}

static bool
begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static void
cut(const char **text, size_t *len, size_t n)
{
	*text += n;
	*len -= n;
}

/* ---- lines that are no rules about names ---- */

/* "##", "#@#", "#?#", "#@$?#" and so on, "$$", "$@$". */
static bool
is_cosmetic(const char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		char c = text[i];
		size_t n = i + 1;

		if (c != '#' && c != '$')
			continue;
		while (n < len && strchr("@?$%", text[n]) != NULL &&
		    text[n] != '\0' && text[n] != c && n < i + 4)
			n++;
		if (n < len && text[n] == c)
			return true;
	}
	return false;
}

static enum parse_result
hash_line(struct parse_sink *sink, const char *text, size_t len)
{
	size_t n = 1;

	while (n < len && text[n] == '#')
		n++;
	if (n == len || text[n] == ' ' || text[n] == '\t' ||
	    !is_cosmetic(text, len))
		return PARSE_NOTHING;
	return skip(sink, "a rule for parts of pages");
}

/* "!": a comment or, "!#if" and so on, a directive. */
static enum parse_result
note(struct parse_sink *sink, const char *text, size_t len)
{
	if (len > 2 && text[1] == '#' && text[2] >= 'a' && text[2] <= 'z')
		return skip(sink, "a directive to a preprocessor");
	return PARSE_NOTHING;
}

/* ---- modifiers ---- */

/* Reads the modifiers at TEXT, LEN octets; PARSE_NAMES: they leave the rule a
 * rule for names. */
static enum parse_result
modifiers(struct parse_sink *sink, struct rule *r, const char *text, size_t len)
{
	/* Those that make a rule stronger, or are for whole sites. */
	static const char *const whole[] = { "important", "all", "document",
		"doc" };
	bool cancel = false;

	while (len > 0) {
		const char *comma = memchr(text, ',', len), *word = text;
		size_t n = comma != NULL ? (size_t)(comma - text) : len;
		size_t word_len = n, i = 0;

		cut(&text, &len, n + (comma != NULL));
		parse_blanks(&word, &word_len);
		while (i < sizeof(whole) / sizeof(*whole) &&
		    !(word_len == strlen(whole[i]) &&
			begins(word, word_len, whole[i])))
			i++;
		if (i < sizeof(whole) / sizeof(*whole))
			continue;
		if (word_len == 9 && begins(word, word_len, "badfilter")) {
			cancel = true;
		} else if (begins(word, word_len, "denyallow=") &&
		    r->kind == PARSE_LIST) {
			r->except = word + 10;
			r->except_len = word_len - 10;
		} else if (begins(word, word_len, "dnstype=")) {
			return skip(sink, "a rule for some query types");
		} else {
			return skip(sink, "a modifier limits the rule");
		}
	}
	if (cancel && r->kind == PARSE_ALLOW)
		return skip(sink, "takes an exception back");
	if (cancel) {
		r->kind = PARSE_CANCEL;
		r->except = NULL;
	}
	return PARSE_NAMES;
}

/* Whether A is B or lies below it. */
static bool
is_within(const struct fsk_name *a, const struct fsk_name *b)
{
	unsigned more = fsk_name_labels(a->wire), labels;

	labels = fsk_name_labels(b->wire);
	if (more < labels)
		return false;
	return memcmp(fsk_name_parent(a->wire, more - labels), b->wire,
		   b->len) == 0;
}

/* The names that $denyallow excepts from the rule for NAME: those outside of
 * it are no matter of the rule.  Only checks them unless TAKE. */
static enum parse_result
exceptions(struct parse_sink *sink, const struct rule *r,
    const struct fsk_name *name, bool take)
{
	const char *text = r->except;
	size_t len = r->except_len;

	for (;;) {
		struct parse_entry e = { .kind = PARSE_ALLOW };
		const char *bar = memchr(text, '|', len);
		size_t n = bar != NULL ? (size_t)(bar - text) : len;
		enum parse_result result = parse_name(sink, &e.name, text, n);

		if (result != PARSE_NAMES)
			return result;
		e.match = FSK_SUBTREE;
		if (take && is_within(&e.name, name) && !sink->take(sink, &e))
			return PARSE_NAMES;
		if (bar == NULL)
			return PARSE_NAMES;
		cut(&text, &len, n + 1);
	}
}

/* ---- rules ---- */

static enum parse_result
rule(struct parse_sink *sink, const char *text, size_t len)
{
	struct parse_entry e = { .match = sink->match };
	struct rule r = { .kind = PARSE_LIST };
	enum parse_result result;
	const char *dollar;

	if (begins(text, len, "@@")) {
		r.kind = PARSE_ALLOW;
		cut(&text, &len, 2);
	}
	if (begins(text, len, "/") && !begins(text, len, "//"))
		return skip(sink, "a path or a regular expression");
	dollar = memchr(text, '$', len);
	if (dollar != NULL) {
		size_t n = (size_t)(dollar - text);

		result = modifiers(sink, &r, dollar + 1, len - n - 1);
		if (result == PARSE_NAMES && n == 0)
			result = skip(sink, "a rule for all URLs");
		if (result != PARSE_NAMES)
			return result;
		len = n;
	}
	result = pattern_name(sink, &e.name, &e.match, text, len);
	if (result == PARSE_NAMES && r.except != NULL)
		result = exceptions(sink, &r, &e.name, false);
	if (result != PARSE_NAMES)
		return result;
	e.kind = r.kind;
	if (sink->take(sink, &e) && r.except != NULL)
		exceptions(sink, &r, &e.name, true);
	return PARSE_NAMES;
}

/* ---- lines ---- */

/* Whether TEXT is as in a hosts file: an address and something behind it. */
static bool
is_hosts_line(const char *text, size_t len)
{
	const char *word;
	size_t word_len;
	bool nowhere;

	parse_word(&text, &len, &word, &word_len);
	return len > 0 && parse_address(word, word_len, &nowhere);
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	(void)state;
	parse_blanks(&text, &len);
	if (len == 0)
		return PARSE_NOTHING;
	if (text[0] == '!')
		return note(sink, text, len);
	if (text[0] == '#')
		return hash_line(sink, text, len);
	if (text[0] == '[' && text[len - 1] == ']')
		return PARSE_NOTHING; /* [Adblock Plus 2.0] */
	parse_trim(&text, &len);
	if (text[0] == '|')
		return rule(sink, text, len);
	if (is_cosmetic(text, len))
		return skip(sink, "a rule for parts of pages");
	if (is_hosts_line(text, len))
		return parse_hosts.line(sink, NULL, text, len);
	return rule(sink, text, len);
}

static bool
take_nothing(struct parse_sink *sink, const struct parse_entry *e)
{
	(void)sink;
	(void)e;
	return true;
}

/* A header that says so, or rules with "||" or "@@", most of them good. */
static unsigned
guess(const char *text, size_t len)
{
	static const char *const heads[] = { "[Adblock", "[AutoProxy",
		"[uBlock" };
	struct parse_sink none = { .take = take_nothing };
	size_t good = 0, other = 0, row_len;
	const char *row;

	while (parse_line(&text, &len, &row, &row_len)) {
		parse_trim(&row, &row_len);
		for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
			if (row_len > strlen(heads[i]) &&
			    strncasecmp(row, heads[i], strlen(heads[i])) == 0)
				return 95;
		if (!begins(row, row_len, "||") && !begins(row, row_len, "@@"))
			continue;
		if (rule(&none, row, row_len) != PARSE_BAD)
			good++;
		else
			other++;
	}
	return good > other ? 85 : 0;
}

const struct parse_format parse_adblock = {
	.name = "adblock",
	.line = line,
	.guess = guess,
};
