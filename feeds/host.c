/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/host.h"

#include <stdbool.h>
#include <string.h>

#include "feeds/idn.h"

/* Whether all labels are numbers, as in an IPv4 address or a piece of one. */
static bool
all_numeric(const struct fsk_name *name)
{
	for (const uint8_t *p = name->wire; *p != 0;) {
		for (unsigned n = *p++; n > 0; n--, p++)
			if (*p < '0' || *p > '9')
				return false;
	}
	return true;
}

/* What a character is in a feed: 1 part of a label, 2 a dot, 3 a backslash, 4
 * not ASCII, 0 nothing that a name could have. */
/* clang-format off */
static const uint8_t kind[256] = {
	['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
	['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1,
	['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1,
	['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1,
	['y'] = 1, ['z'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1,
	['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1,
	['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1,
	['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1,
	['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['0'] = 1, ['1'] = 1,
	['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
	['8'] = 1, ['9'] = 1, ['-'] = 1, ['_'] = 1, ['.'] = 2, ['\\'] = 3,
};
/* clang-format on */

const char *
host_name(struct fsk_name *name, const char *text, size_t len)
{
	char ascii[IDN_ASCII_MAX];
	const char *wrong;
	bool plain = true;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (kind[c] == 1 || kind[c] == 2)
			continue;
		if (c >= 0x80) {
			plain = false;
			continue;
		}
		/* '\.' and its like are patterns, not names. */
		if (kind[c] == 3 && len - i > 1 && text[i + 1] >= '0' &&
		    text[i + 1] <= '9')
			continue;
		if (c == '/' || c == ':')
			return "an address, a path or a URL, not a name";
		if (c == '*')
			return "'*' elsewhere than at the start";
		return "a character that no name has";
	}
	if (!plain) {
		wrong = idn_to_ascii(text, len, ascii);
		if (wrong != NULL)
			return wrong;
		/* Mapped characters may have become any ASCII. */
		return host_name(name, ascii, strlen(ascii));
	}
	wrong = fsk_name_from_text(name, text, len);
	if (wrong != NULL)
		return wrong;
	if (name->len == 1)
		return "the root";
	if (all_numeric(name))
		return "an IPv4 address, not a name";
	return NULL;
}

const char *
host_entry(struct fsk_name *name, enum fsk_match_kind *match,
    enum fsk_match_kind default_match, const char *text, size_t len)
{
	*match = default_match;
	if (len > 2 && text[0] == '*' && text[1] == '.') {
		*match = FSK_BELOW;
		text += 2;
		len -= 2;
	} else if (len > 1 && text[0] == '=') {
		*match = FSK_EXACT;
		text++;
		len--;
	} else if (len > 1 && text[0] == '.') {
		text++;
		len--;
	}
	return host_name(name, text, len);
}
