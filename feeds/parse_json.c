/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON (RFC 8259): one document, or several one behind the other; and NDJSON, a
 * document a line, where all that a line holds counts as one.  Where in them
 * the values are, and what is an item: doc.h.  "column" is a path.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/doc.h"
#include "feeds/parse.h"

/* A number that is too big and a NUL in a text cost no more than the value. */
#define FLAGS (JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

static void
skip_blanks(const char **text, size_t *len)
{
	while (
	    *len > 0 && strchr(" \t\r\n", **text) != NULL && **text != '\0') {
		++*text;
		--*len;
	}
}

/* ---- json ---- */

/* What the text takes when it is a tree. */
static size_t
tree_size(const char *text, size_t len)
{
	size_t size = len;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted)
			i += text[i] == '\\';
		else if (text[i] == '[' || text[i] == '{')
			size += DOC_CONTAINER;
		else if (text[i] == ',' || text[i] == ':')
			size += DOC_SCALAR;
	}
	return size;
}

/* Tells what is wrong with a document that begins LINE lines down. */
static void
no_json(const struct doc *d, const json_error_t *e, unsigned line)
{
	char text[JSON_ERROR_TEXT_LENGTH + 64];
	int n = snprintf(text, sizeof(text), "line %u: %s",
	    line + (e->line > 0 ? (unsigned)e->line : 1), e->text);

	doc_item(d, PARSE_BAD, "no JSON", text, (size_t)n);
}

static bool
document(struct parse_sink *sink, void *state, const char *text, size_t len,
    void (*item)(struct parse_sink *sink, enum parse_result result,
	const char *text, size_t len))
{
	const struct doc d = { sink, item, false };
	const char *begin = text;

	if (tree_size(text, len) > DOC_TREE_MAX) {
		doc_item(
		    &d, PARSE_BAD, "too many values for one document", "", 0);
		return true;
	}
	for (skip_blanks(&text, &len); len > 0; skip_blanks(&text, &len)) {
		json_error_t e;
		json_t *root = json_loadb(
		    text, len, FLAGS | JSON_DISABLE_EOF_CHECK, &e);

		if (root == NULL) {
			unsigned line = 0;

			for (const char *p = begin; p < text; p++)
				line += *p == '\n';
			no_json(&d, &e, line);
			break;
		}
		doc_read(&d, state, root);
		json_decref(root);
		text += e.position;
		len -= (size_t)e.position;
	}
	return true;
}

/* ---- ndjson ---- */

/* A sink that adds the items of a line up to one. */
struct line_sink {
	struct parse_sink sink; /* first */
	struct parse_sink *to;
	enum parse_result result;
	const char *why;
};

static bool
take(struct parse_sink *sink, const struct parse_entry *e)
{
	struct line_sink *l = (struct line_sink *)sink;

	return l->to->take(l->to, e);
}

/* The line is bad if an item is, and otherwise the best of them. */
static void
add_item(struct parse_sink *sink, enum parse_result result, const char *text,
    size_t len)
{
	struct line_sink *l = (struct line_sink *)sink;

	(void)text;
	(void)len;
	if (l->result == PARSE_BAD || result == PARSE_NOTHING ||
	    (l->result == PARSE_NAMES && result == PARSE_SKIPPED))
		return;
	l->result = result;
	l->why = sink->why;
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	struct line_sink l = {
		.sink = *sink, .to = sink, .result = PARSE_NOTHING
	};
	const struct doc d = { &l.sink, add_item, true };
	json_error_t e;
	json_t *root;

	l.sink.take = take;
	skip_blanks(&text, &len);
	if (len == 0)
		return PARSE_NOTHING;
	root = json_loadb(text, len, FLAGS, &e);
	if (root == NULL) {
		sink->why = "no JSON";
		return PARSE_BAD;
	}
	doc_read(&d, state, root);
	json_decref(root);
	sink->why = l.why;
	return l.result;
}

/* ---- guesses ---- */

/* Whether a JSON document begins at TEXT: other formats begin with brackets,
 * too ("[Adblock Plus]"), but with no quote or bracket behind them. */
static bool
begins(const char *text, size_t len)
{
	const char *set = "\"{[]";

	if (len == 0 || (*text != '[' && *text != '{'))
		return false;
	if (*text == '{')
		set = "\"}";
	text++;
	len--;
	skip_blanks(&text, &len);
	return len > 0 && *text != '\0' && strchr(set, *text) != NULL;
}

static unsigned
guess_json(const char *text, size_t len)
{
	skip_blanks(&text, &len);
	return begins(text, len) ? 95 : 0;
}

/* The first two lines are documents each for itself, or the only one is an
 * object: as a document it would give the same. */
static unsigned
guess_ndjson(const char *text, size_t len)
{
	const char *row;
	size_t row_len;

	skip_blanks(&text, &len);
	for (unsigned n = 0; n < 2; n++) {
		json_error_t e;
		json_t *root;
		bool object;

		if (!parse_line(&text, &len, &row, &row_len) ||
		    !begins(row, row_len))
			return 0;
		root = json_loadb(row, row_len, FLAGS, &e);
		object = json_is_object(root);
		json_decref(root);
		if (!object)
			return 0;
		skip_blanks(&text, &len);
	}
	return 96;
}

const struct parse_format parse_json = {
	.name = "json",
	.open = doc_open,
	.close = doc_close,
	.document = document,
	.guess = guess_json,
};

const struct parse_format parse_ndjson = {
	.name = "ndjson",
	.open = doc_open,
	.close = doc_close,
	.line = line,
	.guess = guess_ndjson,
};
