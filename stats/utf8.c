/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/utf8.h"

#include <limits.h>

#define REPLACEMENT 0xfffd

size_t
utf8_next(const char *s, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char first = (unsigned char)*s;
	size_t len;

	*c = first;
	if (first < 0x80)
		return 1;
	len = first >= 0xf8 ? 0
	    : first >= 0xf0 ? 4
	    : first >= 0xe0 ? 3
	    : first >= 0xc0 ? 2
			    : 0;
	if (len == 0)
		goto bad;
	*c = first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			goto bad;
		*c = *c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (*c >= least[len] && *c <= 0x10ffff && (*c < 0xd800 || *c > 0xdfff))
		return len;
bad:
	*c = REPLACEMENT;
	return 1;
}

bool
utf8_acts(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* Characters that take two columns; those of East Asian scripts mostly. */
static bool
is_wide(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} wide[] = { { 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf },
		{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };

	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (c >= wide[i].from && c <= wide[i].to)
			return true;
	return false;
}

/* Writes S to TO, which may be NULL, up to MOST columns; how many it took. */
static unsigned
show(FILE *to, const char *s, unsigned most)
{
	unsigned columns = 0;

	while (*s != '\0') {
		uint32_t c;
		const size_t len = utf8_next(s, &c);
		/* Marks that go on top of others take none. */
		const unsigned width = c >= 0x300 && c <= 0x36f ? 0
		    : is_wide(c)                                ? 2
								: 1;

		if (columns + width > most)
			break;
		if (to != NULL && utf8_acts(c))
			fputc('?', to);
		else if (to != NULL && c == REPLACEMENT && len == 1)
			fputs("\xef\xbf\xbd", to);
		else if (to != NULL)
			fwrite(s, 1, len, to);
		columns += width;
		s += len;
	}
	return columns;
}

unsigned
utf8_print(FILE *to, const char *s)
{
	return show(to, s, UINT_MAX);
}

unsigned
utf8_width(const char *s)
{
	return show(NULL, s, UINT_MAX);
}

void
utf8_field(FILE *to, const char *s, unsigned width, bool left)
{
	const unsigned has = show(NULL, s, width);

	if (!left)
		fprintf(to, "%*s", (int)(width - has), "");
	show(to, s, width);
	if (left)
		fprintf(to, "%*s", (int)(width - has), "");
}
