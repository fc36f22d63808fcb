/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/lines.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/parse.h"
#include "feeds/source.h"

#define ROOM ((size_t)1 << 16)

int
lines_read(const char *path,
    int (*each)(void *arg, const char *line, size_t len, struct fsk_error *err),
    void *arg, struct fsk_error *err)
{
	char *text = malloc(ROOM);
	struct source *s = NULL;
	size_t held = 0;
	ssize_t n = 1;
	int rc = text != NULL ? source_open(&s, path, err)
			      : fsk_fail(err, FSK_ENOMEM, "out of memory");

	while (rc == FSK_OK && n > 0) {
		const char *p = text, *line;
		size_t left, len;

		n = source_read(s, (uint8_t *)text + held, ROOM - held, err);
		if (n < 0) {
			rc = (int)n;
			break;
		}
		held += (size_t)n;
		left = held;
		/* Whole lines only, but for the last. */
		while (rc == FSK_OK && left > 0 &&
		    (n == 0 || memchr(p, '\n', left) != NULL) &&
		    parse_line(&p, &left, &line, &len))
			rc = each(arg, line, len, err);
		if (rc == FSK_OK && left == ROOM)
			rc = fsk_fail(err, FSK_EFORMAT,
			    "'%s': a line over %zu octets: this is no list",
			    path, ROOM);
		memmove(text, p, left);
		held = left;
	}
	source_close(s);
	free(text);
	return rc;
}
