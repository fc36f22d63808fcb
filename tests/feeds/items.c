/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/items.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	struct parse_sink sink; /* first */
	size_t len;
	char text[16384];
};

static void
add(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	ck_assert_uint_lt(len, sizeof(w->text) - w->len);
	memcpy(w->text + w->len, text, len + 1);
	w->len += len;
}

/* A blank between what stands on one line. */
static void
separate(struct writer *w)
{
	if (w->len > 0 && w->text[w->len - 1] != '\n')
		add(w, " ");
}

static bool
take(struct parse_sink *sink, const struct parse_entry *e)
{
	struct writer *w = (struct writer *)sink;
	char text[FSK_TEXT_MAX];

	ck_assert_int_ne(e->kind, PARSE_CANCEL);
	separate(w);
	add(w, e->kind == PARSE_ALLOW ? "@@" : "");
	if (e->url != NULL) {
		add(w, "url:");
		add(w, e->url);
		return true;
	}
	add(w, e->match == FSK_BELOW ? "*." : e->match == FSK_EXACT ? "=" : "");
	add(w, fsk_name_to_text(e->name.wire, text));
	return true;
}

static void
item(struct parse_sink *sink, enum parse_result result, const char *text,
    size_t len)
{
	struct writer *w = (struct writer *)sink;

	(void)text;
	(void)len;
	if (result != PARSE_NAMES)
		separate(w);
	switch (result) {
	case PARSE_NAMES:
		ck_assert(w->len > 0 && w->text[w->len - 1] != '\n');
		break;
	case PARSE_NOTHING:
		add(w, "-");
		break;
	case PARSE_SKIPPED:
	case PARSE_BAD:
		add(w, result == PARSE_BAD ? "bad: " : "skipped: ");
		ck_assert_ptr_nonnull(sink->why);
		add(w, sink->why);
		break;
	}
	add(w, "\n");
	sink->why = NULL;
}

static void
read_lines(struct writer *w, const struct parse_format *format, void *state,
    const char *text, size_t len)
{
	enum parse_result left;
	const char *line;
	size_t line_len;

	while (parse_line(&text, &len, &line, &line_len)) {
		char *exact = malloc(line_len + (line_len == 0));

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, line, line_len);
		item(&w->sink, format->line(&w->sink, state, exact, line_len),
		    exact, line_len);
		free(exact);
	}
	if (format->end == NULL)
		return;
	left = format->end(&w->sink, state);
	if (left != PARSE_NOTHING)
		item(&w->sink, left, "", 0);
}

static void
check(const struct parse_format *format, const struct items *i, size_t len,
    bool addresses)
{
	const struct parse_options opt = { i->column, i->only };
	struct writer w = { .sink = { .take = take, .addresses = addresses } };
	const char *why = NULL;
	void *state = format->open(&opt, &why);
	char *exact = malloc(len + (len == 0));

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, i->text, len);
	if (state == NULL) {
		ck_assert_ptr_nonnull(why);
		add(&w, "refused: ");
		add(&w, why);
	} else if (format->document != NULL) {
		ck_assert(format->document(&w.sink, state, exact, len, item));
	} else {
		read_lines(&w, format, state, exact, len);
	}
	if (state != NULL && format->close != NULL)
		format->close(state);
	free(exact);
	ck_assert_msg(strcmp(w.text, i->gives) == 0,
	    "'%s' with column '%s' gives\n%s\nnot\n%s", i->text,
	    i->column != NULL ? i->column : "", w.text, i->gives);
}

void
items_check(const struct parse_format *format, const struct items *i)
{
	check(format, i, strlen(i->text), false);
}

void
items_check_addresses(const struct parse_format *format, const struct items *i)
{
	check(format, i, strlen(i->text), true);
}

void
items_check_octets(
    const struct parse_format *format, const struct items *i, size_t len)
{
	check(format, i, len, false);
}
