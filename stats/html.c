/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Charts are SVG that is stretched to the width there is, with their words
 * beside them in HTML: so these have the same size on a phone and on paper.
 */
#include "stats/html.h"

#include <math.h>
#include <string.h>

#include "stats/utf8.h"

void
html_text(FILE *to, const char *s)
{
	while (*s != '\0') {
		uint32_t c;
		const size_t len = utf8_next(s, &c);

		if (utf8_acts(c))
			fputc('?', to);
		else if (c == '&' || c == '<' || c == '>' || c == '"' ||
		    c == '\'')
			fprintf(to, "&#%u;", (unsigned)c);
		else if (c == 0xfffd)
			fputs("\xef\xbf\xbd", to);
		else
			fwrite(s, 1, len, to);
		s += len;
	}
}

/* Narrow blanks between thousands, an en dash where nothing is known, a true
 * minus. */
char *
html_number(const struct answer_column *c, const struct answer_cell *cell,
    char text[static HTML_CELL])
{
	char plain[CELL_TEXT], *out = text;
	const char *p = print_cell(c, cell, plain);
	size_t digits;

	if (!cell->given)
		return strcpy(text, "&ndash;");
	if (c->type >= ANSWER_TIME)
		return strcpy(text, p);
	if (*p == '-') {
		out = stpcpy(out, "&minus;");
		p++;
	} else if (*p == '+') {
		*out++ = *p++;
	}
	digits = strspn(p, "0123456789");
	for (; digits > 0; digits--) {
		*out++ = *p++;
		if (digits % 3 == 1 && digits > 1)
			out = stpcpy(out, "&#8239;");
	}
	for (; *p != '\0'; p++)
		out = *p == ' ' ? stpcpy(out, "&#8239;") : (*out = *p, out + 1);
	*out = '\0';
	return text;
}

/* ---- tables ---- */

static bool
is_among(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* Classes: t text; x text that may be broken; w for wide screens only. */
static void
put_class(FILE *to, const struct answer_column *c)
{
	static const char *const can_go[] = { "before", "year_before",
		"year_change", "share", "client_days", "error", "unique_share",
		"counted", "why", "kind", NULL };
	static const char *const can_break[] = { "name", "feeds", "what",
		"organisation", NULL };
	const bool goes = is_among(c->name, can_go);

	if (c->type != ANSWER_TEXT && !goes)
		return;
	fprintf(to, " class=\"%s%s%s\"", c->type == ANSWER_TEXT ? "t" : "",
	    is_among(c->name, can_break) ? " x" : "", goes ? " w" : "");
}

static void
put_cell(
    FILE *to, const struct answer_column *c, const struct answer_cell *cell)
{
	char text[HTML_CELL];

	if (c->type == ANSWER_TEXT) {
		if (cell->given && strcmp(c->name, "card") == 0)
			fprintf(to, "<b class=\"card %s\">%s</b>", cell->text,
			    cell->text);
		else if (cell->given)
			html_text(to, cell->text);
		return;
	}
	if (c->type == ANSWER_SHARE && cell->given)
		fprintf(to,
		    "<svg class=\"bar\" viewBox=\"0 0 100 1\" "
		    "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect "
		    "width=\"%.1f\" height=\"1\"/></svg>",
		    100 * fmin(cell->real, 1));
	if (c->type == ANSWER_SHARE)
		fprintf(to, "<span class=\"n\">%s</span>",
		    html_number(c, cell, text));
	else
		fputs(html_number(c, cell, text), to);
}

void
html_table(FILE *to, const struct answer *a)
{
	fputs("<div class=\"scroll\"><table>\n<thead><tr>", to);
	for (unsigned c = 0; c < a->columns; c++) {
		fputs("<th", to);
		put_class(to, &a->column[c]);
		fputc('>', to);
		html_text(to, a->column[c].title);
		fputs("</th>", to);
	}
	fputs("</tr></thead>\n<tbody>\n", to);
	for (size_t r = 0; r < a->rows; r++) {
		fputs("<tr>", to);
		for (unsigned c = 0; c < a->columns; c++) {
			fputs("<td", to);
			put_class(to, &a->column[c]);
			fputc('>', to);
			put_cell(to, &a->column[c], answer_at(a, r, c));
			fputs("</td>", to);
		}
		fputs("</tr>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
}

/* ---- bars ---- */

/* A round number that is not less, half of which is whole. */
static double
round_up(double most)
{
	static const double steps[] = { 1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10 };
	double ten;
	size_t i = 0;

	if (most <= 10)
		return 2 * ceil(fmax(most, 1) / 2);
	ten = pow(10, floor(log10(most)));
	while (steps[i] * ten < most)
		i++;
	return steps[i] * ten;
}

static double
value_of(const struct answer *a, size_t row, unsigned column)
{
	const struct answer_cell *c = answer_at(a, row, column);

	if (!c->given)
		return 0;
	return a->column[column].type == ANSWER_COUNT ? (double)c->count
						      : c->real;
}

static void
put_scale(FILE *to, double top)
{
	static const struct answer_column about = { .type = ANSWER_ABOUT };
	char text[HTML_CELL];

	fputs("<div class=\"scale\">", to);
	for (int i = 2; i >= 0; i--) {
		const struct answer_cell c = { .given = true,
			.real = top * i / 2 };

		fprintf(to, "<span>%s</span>", html_number(&about, &c, text));
	}
	fputs("</div>", to);
}

static void
put_label(FILE *to, const struct answer *a, size_t row)
{
	char text[TIME_TEXT];

	fputs(
	    time_text(answer_at(a, row, 0)->time, a->column[0].type, text), to);
}

void
html_bars(FILE *to, const struct answer *a, unsigned column, const char *what)
{
	const double n = (double)a->rows;
	double most = 0, top;
	char text[HTML_CELL];

	for (size_t r = 0; r < a->rows; r++)
		most = fmax(most, value_of(a, r, column));
	top = round_up(most);
	fputs("<div class=\"chart\">", to);
	put_scale(to, top);
	fprintf(to,
	    "<svg viewBox=\"0 0 %.0f 100\" preserveAspectRatio=\"none\" "
	    "role=\"img\" aria-label=\"%s\">"
	    "<path class=\"grid\" d=\"M0 0H%.0fM0 50H%.0fM0 100H%.0f\"/>\n",
	    10 * n, what, 10 * n, 10 * n, 10 * n);
	for (size_t r = 0; r < a->rows; r++) {
		const double h = 100 * value_of(a, r, column) / top;

		fprintf(to,
		    "<rect x=\"%.0f\" y=\"%.2f\" width=\"8\" height=\"%.2f\">"
		    "<title>",
		    10 * (double)r + 1, 100 - h, h);
		put_label(to, a, r);
		fprintf(to, ": %s</title></rect>\n",
		    html_number(
			&a->column[column], answer_at(a, r, column), text));
	}
	fputs("</svg><div class=\"ends\"><span>", to);
	if (a->rows > 0)
		put_label(to, a, 0);
	fputs("</span><span>", to);
	if (a->rows > 1)
		put_label(to, a, a->rows - 1);
	fputs("</span></div></div>\n", to);
}
