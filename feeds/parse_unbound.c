/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unbound's configuration (unbound.conf(5)): what its local zones and local
 * data keep from being resolved.
 *
 * A local zone covers its name and all below; the type says what becomes of a
 * question.  Types that let it be resolved as usual are how such lists except
 * a name from a zone above it.  Local data with an address that leads nowhere
 * is for its name alone.  The options may stand in any number on a line.
 *
 * Unbound takes "*.x" for a name that begins with the label "*".  Nobody asks
 * for that: who publishes it means what lies below x.
 */
#include <string.h>
#include <strings.h>

#include "feeds/parse.h"

enum effect { BLOCKS, RESOLVES, NEITHER };

static const struct {
	const char *name;
	enum effect effect;
} types[] = {
	{ "always_nxdomain", BLOCKS }, { "static", BLOCKS },
	{ "always_null", BLOCKS }, { "always_refuse", BLOCKS },
	{ "always_nodata", BLOCKS }, { "always_deny", BLOCKS },
	{ "redirect", BLOCKS }, { "refuse", BLOCKS }, { "deny", BLOCKS },
	{ "inform_deny", BLOCKS }, { "inform_redirect", BLOCKS },
	{ "transparent", RESOLVES }, { "typetransparent", RESOLVES },
	{ "always_transparent", RESOLVES }, { "inform", RESOLVES },
	{ "nodefault", NEITHER }, /* takes a zone of Unbound's own away */
	{ "noview", NEITHER },    /* asks another view */
	{ "ipset", NEITHER },     /* keeps the addresses */
};
#define TYPES (sizeof(types) / sizeof(*types))

struct word {
	const char *text;
	size_t len;
};

static bool
word_is(const struct word *w, const char *text)
{
	return w->len == strlen(text) &&
	    strncasecmp(w->text, text, w->len) == 0;
}

/* Cuts an argument off *TEXT, without its quotes; false if there is none, or
 * its quote has no end. */
static bool
cut_argument(const char **text, size_t *len, struct word *w)
{
	const char *end;

	parse_blanks(text, len);
	if (*len == 0 || **text == '#')
		return false;
	if (**text != '"' && **text != '\'')
		return parse_word(text, len, &w->text, &w->len);
	end = memchr(*text + 1, **text, *len - 1);
	if (end == NULL)
		return false;
	w->text = *text + 1;
	w->len = (size_t)(end - w->text);
	*len -= (size_t)(end + 1 - *text);
	*text = end + 1;
	return true;
}

/* Cuts an option's name with its ':' off *TEXT; false if none begins there. */
static bool
cut_option(const char **text, size_t *len, struct word *w)
{
	static const char behind[] = " \t\r\"'#";
	size_t n = 0;

	parse_blanks(text, len);
	while (n < *len &&
	    (((*text)[n] >= 'a' && (*text)[n] <= 'z') ||
		((*text)[n] >= '0' && (*text)[n] <= '9') || (*text)[n] == '-'))
		n++;
	if (n == 0 || n == *len || (*text)[n] != ':')
		return false;
	w->text = *text;
	w->len = n;
	*text += n + 1;
	*len -= n + 1;
	return *len == 0 || memchr(behind, **text, sizeof(behind) - 1) != NULL;
}

static bool
is_option(const char *text, size_t len)
{
	struct word w;

	return cut_option(&text, &len, &w);
}

static enum parse_result
take_name(struct parse_sink *sink, struct parse_entry *e, struct word w)
{
	enum parse_result result;

	if (w.len > 2 && w.text[0] == '*' && w.text[1] == '.') {
		e->match = FSK_BELOW;
		w.text += 2;
		w.len -= 2;
	}
	result = parse_name(sink, &e->name, w.text, w.len);
	if (result == PARSE_NAMES)
		sink->take(sink, e);
	return result;
}

static enum parse_result
take_zone(struct parse_sink *sink, const char **text, size_t *len)
{
	struct parse_entry e = { .match = FSK_SUBTREE };
	struct word name, type;
	size_t i = 0;

	if (!cut_argument(text, len, &name) ||
	    !cut_argument(text, len, &type)) {
		sink->why = "not a name and a type";
		return PARSE_BAD;
	}
	while (i < TYPES && !word_is(&type, types[i].name))
		i++;
	if (i == TYPES) {
		sink->why = "no type of a local zone";
		return PARSE_BAD;
	}
	if (types[i].effect == NEITHER) {
		sink->why = "a type that neither blocks nor excepts";
		return PARSE_SKIPPED;
	}
	if (types[i].effect == RESOLVES)
		e.kind = PARSE_ALLOW;
	if (sink->match == FSK_EXACT)
		e.match = FSK_EXACT;
	return take_name(sink, &e, name);
}

/* Whether W is a time to live or a class: what may stand before the type. */
static bool
is_ttl_or_class(const struct word *w)
{
	return (w->text[0] >= '0' && w->text[0] <= '9') || word_is(w, "IN");
}

static enum parse_result
take_data(struct parse_sink *sink, const char **text, size_t *len)
{
	struct parse_entry e = { .match = FSK_EXACT };
	struct word record, name, type, value;
	bool nowhere;

	if (!cut_argument(text, len, &record) ||
	    !parse_word(&record.text, &record.len, &name.text, &name.len)) {
		sink->why = "no record";
		return PARSE_BAD;
	}
	do {
		if (!parse_word(
			&record.text, &record.len, &type.text, &type.len)) {
			sink->why = "a record without a type";
			return PARSE_BAD;
		}
	} while (is_ttl_or_class(&type));
	if (!word_is(&type, "A") && !word_is(&type, "AAAA")) {
		sink->why = "data that is no address";
		return PARSE_SKIPPED;
	}
	if (!parse_word(&record.text, &record.len, &value.text, &value.len) ||
	    !parse_address(value.text, value.len, &nowhere)) {
		sink->why = "no address";
		return PARSE_BAD;
	}
	if (!nowhere) {
		sink->why = "an address that is not 0.0.0.0, 127.*, :: or ::1";
		return PARSE_SKIPPED;
	}
	return take_name(sink, &e, name);
}

/* Reads one option. */
static enum parse_result
option(struct parse_sink *sink, const char **text, size_t *len)
{
	struct word name, argument;

	if (!cut_option(text, len, &name)) {
		sink->why = "no option of unbound.conf";
		return PARSE_BAD;
	}
	if (word_is(&name, "local-zone"))
		return take_zone(sink, text, len);
	if (word_is(&name, "local-data"))
		return take_data(sink, text, len);
	sink->why = "an option that blocks no name";
	while (!is_option(*text, *len) && cut_argument(text, len, &argument))
		;
	return PARSE_SKIPPED;
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	bool names = false;
	enum parse_result result = PARSE_NOTHING;

	(void)state;
	for (;;) {
		parse_blanks(&text, &len);
		if (len == 0 || text[0] == '#')
			return names ? PARSE_NAMES : result;
		result = option(sink, &text, &len);
		if (result == PARSE_BAD)
			return result;
		names = names || result == PARSE_NAMES;
	}
}

/* More local zones and data than what is no option at all. */
static unsigned
guess(const char *text, size_t len)
{
	size_t good = 0, bad = 0, row_len;
	const char *row;
	struct word w;

	while (parse_line(&text, &len, &row, &row_len)) {
		parse_blanks(&row, &row_len);
		if (row_len == 0 || row[0] == '#')
			continue;
		if (!cut_option(&row, &row_len, &w))
			bad++;
		else if (word_is(&w, "local-zone") || word_is(&w, "local-data"))
			good++;
	}
	return good > bad ? 90 : 0;
}

const struct parse_format parse_unbound = {
	.name = "unbound",
	.line = line,
	.guess = guess,
};
