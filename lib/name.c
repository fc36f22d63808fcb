/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/name.h"

#include <string.h>

#define ROW(x) \
	x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7, x + 8, x + 9, \
	    x + 10, x + 11, x + 12, x + 13, x + 14, x + 15
#define ROWS(x) ROW(x), ROW(x + 16), ROW(x + 32), ROW(x + 48)

const uint8_t fsk_lower[256] = { ROWS(0), '@', 'a', 'b', 'c', 'd', 'e', 'f',
	'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't',
	'u', 'v', 'w', 'x', 'y', 'z', '[', '\\', ']', '^', '_', ROW(96),
	ROW(112), ROWS(128), ROWS(192) };

/* Reads the escape that follows a backslash at TEXT; sets *OCTET.  Returns
 * the characters read, 0 if there is no escape. */
static size_t
read_escape(const char *text, size_t len, uint8_t *octet)
{
	unsigned v = 0;

	if (len == 0)
		return 0;
	if (text[0] < '0' || text[0] > '9') {
		*octet = (uint8_t)text[0];
		return 1;
	}
	if (len < 3)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		v = v * 10 + (unsigned)(text[i] - '0');
	}
	if (v > 255)
		return 0;
	*octet = (uint8_t)v;
	return 3;
}

const char *
fsk_name_from_text(struct fsk_name *name, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + len;
	uint8_t *out = name->wire;

	if (len == 0)
		return "empty name";
	if (len == 1 && text[0] == '.') {
		name->wire[0] = 0;
		name->len = 1;
		return NULL;
	}
	/* A label a round; OUT is where its length octet stands. */
	while (p < end) {
		uint8_t *to = out + 1;
		const ptrdiff_t room = name->wire + FSK_NAME_MAX - 1 - to;
		const uint8_t *full = to +
		    (room < FSK_LABEL_MAX ? room : FSK_LABEL_MAX);

		for (; p < end && *p != '.'; p++) {
			uint8_t c = *p;

			if (c == '\\') {
				size_t n = read_escape((const char *)p + 1,
				    (size_t)(end - p) - 1, &c);

				if (n == 0)
					return "bad escape";
				p += n;
			}
			if (to >= full)
				return room < FSK_LABEL_MAX
				    ? "name over 255 octets"
				    : "label over 63 octets";
			*to++ = fsk_lower[c];
		}
		if (to == out + 1)
			return "empty label";
		*out = (uint8_t)(to - out - 1);
		out = to;
		if (p < end)
			p++; /* the dot */
	}
	*out++ = 0;
	name->len = (uint8_t)(out - name->wire);
	return NULL;
}

bool
fsk_name_from_wire(struct fsk_name *name, const uint8_t *wire, size_t len)
{
	size_t at = 0;

	if (len == 0 || len > FSK_NAME_MAX)
		return false;
	while (wire[at] != 0) {
		if (wire[at] > FSK_LABEL_MAX || len - at <= wire[at] + 1u)
			return false;
		at += wire[at] + 1u;
	}
	if (at + 1 != len)
		return false;
	/* Length octets are below 'A', so folding all octets is harmless. */
	for (size_t i = 0; i < len; i++)
		name->wire[i] = fsk_lower[wire[i]];
	name->len = (uint8_t)len;
	return true;
}

static bool
needs_no_escape(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

char *
fsk_name_to_text(const uint8_t *wire, char text[static FSK_TEXT_MAX])
{
	char *out = text;

	if (*wire == 0)
		*out++ = '.';
	while (*wire != 0) {
		if (out != text)
			*out++ = '.';
		for (unsigned n = *wire++; n > 0; n--, wire++) {
			if (needs_no_escape(*wire)) {
				*out++ = (char)*wire;
				continue;
			}
			*out++ = '\\';
			*out++ = (char)('0' + *wire / 100);
			*out++ = (char)('0' + *wire / 10 % 10);
			*out++ = (char)('0' + *wire % 10);
		}
	}
	*out = '\0';
	return text;
}

unsigned
fsk_name_labels(const uint8_t *wire)
{
	unsigned n = 0;

	for (; *wire != 0; wire += *wire + 1u)
		n++;
	return n;
}

const uint8_t *
fsk_name_parent(const uint8_t *wire, unsigned n)
{
	while (n-- > 0)
		wire += *wire + 1u;
	return wire;
}
