/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of name servers: each record is one line of zone text, whose owner
 * is read as the same name. */
#include <stdlib.h>
#include <string.h>

#include "feeds/dnswire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(const struct dns_line *line)
{
	const char *tab = memchr(line->text, '\t', line->len);
	struct fsk_name again;

	if (line->len > sizeof(line->text) || tab == NULL ||
	    fsk_name_from_text(
		&again, line->text, (size_t)(tab - line->text)) != NULL ||
	    again.len != line->name.len ||
	    memcmp(again.wire, line->name.wire, again.len) != 0)
		abort();
	for (size_t i = 0; i < line->len; i++)
		if (line->text[i] != '\t' &&
		    (line->text[i] < 0x20 || line->text[i] > 0x7e))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_line *line = malloc(sizeof(*line));
	uint8_t *copy = malloc(size + (size == 0));
	struct dns_message m;
	struct dns_tsig tsig;

	if (line == NULL || copy == NULL || size > 65535)
		goto out;
	/* In memory of its own length: nothing behind it is read. */
	memcpy(copy, data, size);
	if (dns_open(&m, copy, size) == NULL) {
		for (unsigned i = 0; i < m.answers; i++) {
			if (dns_next(&m, line) != NULL)
				break;
			check_line(line);
		}
		if (m.tsig != 0)
			dns_tsig(&m, &tsig);
	}
out:
	free(copy);
	free(line);
	return 0;
}
