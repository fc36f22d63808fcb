/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "stats/print.h"
#include "stats/utf8.h"

/* What a spreadsheet would take for a formula: organisations of networks, for
 * one, are named by whoever registered them. */
static bool
is_formula(const char *s)
{
	return *s != '\0' && strchr("=+-@\t\r", *s) != NULL;
}

static void
print_field(FILE *to, const char *s)
{
	const bool quote = strpbrk(s, ",\"\r\n") != NULL || *s == ' ' ||
	    (*s != '\0' && s[strlen(s) - 1] == ' ');

	if (quote)
		fputc('"', to);
	if (is_formula(s))
		fputc('\'', to);
	while (*s != '\0') {
		uint32_t c;
		const size_t len = utf8_next(s, &c);

		if (utf8_acts(c) && c != '\t' && c != '\r' && c != '\n')
			fputc('?', to);
		else if (c == 0xfffd)
			fputs("\xef\xbf\xbd", to);
		else
			fwrite(s, 1, len, to);
		if (c == '"')
			fputc('"', to);
		s += len;
	}
	if (quote)
		fputc('"', to);
}

static void
end_field(FILE *to, const struct answer *a, unsigned column)
{
	fputs(column + 1 < a->columns ? "," : "\r\n", to);
}

void
print_csv(FILE *to, const struct answer *a)
{
	char text[CELL_TEXT];

	for (unsigned c = 0; c < a->columns; c++) {
		print_field(to, a->column[c].name);
		end_field(to, a, c);
	}
	for (size_t r = 0; r < a->rows; r++)
		for (unsigned c = 0; c < a->columns; c++) {
			const struct answer_cell *cell = answer_at(a, r, c);

			if (cell->given && a->column[c].type == ANSWER_TEXT)
				print_field(to, cell->text);
			else
				fputs(
				    print_plain(&a->column[c], cell, text), to);
			end_field(to, a, c);
		}
}
