/* SPDX-License-Identifier: BSD-3-Clause */
/* The line parsers: what they take is a name, and its text is read as it. */
#include <stdlib.h>
#include <string.h>

#include "feeds/parse.h"
#include "lib/prefix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
take(struct parse_sink *sink, const struct parse_entry *e)
{
	const struct fsk_name *name = &e->name;
	char text[FSK_TEXT_MAX];
	struct fsk_name again;

	if (e->name.len == 0) { /* a prefix */
		const char *colon = e->url != NULL ? strchr(e->url, ':') : NULL;
		uint8_t addr[FSK_ADDR_LEN];
		unsigned bits;

		if (!sink->addresses || colon == NULL ||
		    fsk_prefix_read(colon + 1, addr, &bits) != NULL)
			abort();
		return true;
	}
	if (e->match > FSK_BELOW || e->kind > PARSE_CANCEL || name->len < 2 ||
	    !fsk_name_from_wire(&again, name->wire, name->len) ||
	    memcmp(again.wire, name->wire, name->len) != 0)
		abort();
	fsk_name_to_text(name->wire, text);
	if (fsk_name_from_text(&again, text, strlen(text)) != NULL ||
	    again.len != name->len ||
	    memcmp(again.wire, name->wire, name->len) != 0)
		abort();
	return true;
}

static void
item(struct parse_sink *sink, enum parse_result result, const char *text,
    size_t len)
{
	(void)text;
	(void)len;
	if (result == PARSE_BAD && sink->why == NULL)
		abort();
	sink->why = NULL;
}

static void
parse_all(const struct parse_format *f, const char *column, const char *text,
    size_t len)
{
	const struct parse_options opt = { .column = column };
	struct parse_sink sink = { .take = take, .addresses = len % 2 == 1 };
	void *state = NULL;
	const char *line, *why;
	size_t line_len;

	if (f->open != NULL) {
		why = NULL;
		state = f->open(&opt, &why);
		if (state == NULL && (column == NULL || why == NULL))
			abort();
		if (state == NULL)
			return;
	}
	if (f->document != NULL)
		f->document(&sink, state, text, len, item);
	while (f->line != NULL && parse_line(&text, &len, &line, &line_len))
		item(&sink, f->line(&sink, state, line, line_len), line,
		    line_len);
	if (f->end != NULL)
		item(&sink, f->end(&sink, state), "", 0);
	if (f->close != NULL)
		f->close(state);
}

/* A first line that is the name of a format, with a column or without, chooses
 * it; otherwise all read. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct parse_format *chosen = NULL;
	char *text = malloc(size + 1), name[64];
	char *end, *column = NULL;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	end = memchr(text, '\n', size < sizeof(name) ? size : sizeof(name));
	if (end != NULL) {
		memcpy(name, text, (size_t)(end - text));
		name[end - text] = '\0';
		column = strchr(name, ' ');
		if (column != NULL)
			*column++ = '\0';
		chosen = parse_find(name);
	}
	if (chosen != NULL) {
		/* In memory of its own length: nothing behind it is read. */
		size -= (size_t)(end + 1 - text);
		memmove(text, end + 1, size);
	}
	text = realloc(text, size + (size == 0));
	if (text == NULL)
		return 0;
	parse_guess(text, size);
	if (chosen != NULL)
		parse_all(chosen, column, text, size);
	for (unsigned i = 0; chosen == NULL && parse_row(i) != NULL; i++)
		parse_all(parse_row(i), NULL, text, size);
	free(text);
	return 0;
}
