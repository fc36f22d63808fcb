/* SPDX-License-Identifier: BSD-3-Clause */
/* The line parsers: what they take is a name, and its text is read as it. */
#include <stdlib.h>
#include <string.h>

#include "feeds/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
take(struct parse_sink *sink, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	char text[FSK_TEXT_MAX];
	struct fsk_name again;

	(void)sink;
	if (match > FSK_BELOW || name->len < 2 ||
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct parse_format *const formats[] = { &parse_domains,
		&parse_hosts };
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	parse_guess(text, size);
	for (size_t i = 0; i < 2; i++) {
		struct parse_sink sink = { .take = take };
		enum parse_result r = formats[i]->line(&sink, text, size);

		if (r == PARSE_BAD && sink.why == NULL)
			abort();
	}
	free(text);
	return 0;
}
