/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Octets of the UTF-8 character at P (RFC 3629), 0 if there is none; *CUT: the
 * text ends within it. */
static unsigned
character(const uint8_t *p, bool *cut)
{
	const unsigned len = *p < 0x80 ? 1
	    : *p >= 0xc2 && *p <= 0xdf ? 2
	    : *p >= 0xe0 && *p <= 0xef ? 3
	    : *p >= 0xf0 && *p <= 0xf4 ? 4
				       : 0;

	*cut = false;
	for (unsigned i = 1; i < len; i++) {
		*cut = p[i] == '\0';
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Too long, a surrogate, too large. */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] >= 0x90))
		return 0;
	return len;
}

char *
printable(char *text)
{
	for (uint8_t *p = (uint8_t *)text; *p != '\0';) {
		bool cut;
		unsigned len = character(p, &cut);

		if (cut) {
			*p = '\0';
			break;
		}
		if (len == 0 || *p < 0x20 || *p == 0x7f) {
			*p++ = '?';
		} else if (*p == 0xc2 && p[1] < 0xa0) {
			*p++ = '?';
			*p++ = '?';
		} else {
			p += len;
		}
	}
	return text;
}

const char *
printable_copy(const char *text)
{
	static _Thread_local char copies[8][1024];
	static _Thread_local unsigned next;
	char *copy = copies[next++ % 8];

	snprintf(copy, sizeof(copies[0]), "%s", text);
	return printable(copy);
}
