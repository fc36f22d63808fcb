/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "stats/print.h"
#include "stats/utf8.h"

void
print_json_text(FILE *to, const char *s)
{
	fputc('"', to);
	while (*s != '\0') {
		uint32_t c;
		const size_t len = utf8_next(s, &c);

		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", (char)c);
		else if (utf8_acts(c) || c == '<' || c == '>' || c == '&')
			fprintf(to, "\\u%04" PRIx32, c);
		else if (c == 0xfffd)
			fputs("\xef\xbf\xbd", to);
		else
			fwrite(s, 1, len, to);
		s += len;
	}
	fputc('"', to);
}

char *
print_plain(const struct answer_column *c, const struct answer_cell *cell,
    char text[static CELL_TEXT])
{
	*text = '\0';
	if (!cell->given)
		return text;
	switch (c->type) {
	case ANSWER_TEXT:
		break;
	case ANSWER_COUNT:
		snprintf(text, CELL_TEXT, "%" PRIu64, cell->count);
		break;
	case ANSWER_ABOUT:
		snprintf(text, CELL_TEXT, "%.0f", cell->real);
		break;
	case ANSWER_RATE:
	case ANSWER_SHARE:
	case ANSWER_CHANGE:
		if (isfinite(cell->real))
			snprintf(text, CELL_TEXT, "%.6g", cell->real);
		break;
	case ANSWER_TIME:
	case ANSWER_DAY:
	case ANSWER_MONTH:
		time_text(cell->time, c->type, text);
		break;
	}
	return text;
}

static void
print_value(
    FILE *to, const struct answer_column *c, const struct answer_cell *cell)
{
	char text[CELL_TEXT];

	if (cell->given && c->type == ANSWER_TEXT)
		print_json_text(to, cell->text);
	else if (*print_plain(c, cell, text) == '\0')
		fputs("null", to);
	else if (c->type >= ANSWER_TIME)
		fprintf(to, "\"%s\"", text);
	else
		fputs(text, to);
}

static void
print_rows(FILE *to, const struct answer *a)
{
	fputs(",\n ", to);
	print_json_text(to, a->name);
	fputs(": [", to);
	for (size_t r = 0; r < a->rows; r++) {
		fputs(r == 0 ? "\n  {" : ",\n  {", to);
		for (unsigned c = 0; c < a->columns; c++) {
			if (c > 0)
				fputs(", ", to);
			print_json_text(to, a->column[c].name);
			fputs(": ", to);
			print_value(to, &a->column[c], answer_at(a, r, c));
		}
		fputc('}', to);
	}
	fputs(a->rows > 0 ? "\n ]" : "]", to);
}

static void
print_time(FILE *to, const char *name, int64_t time)
{
	char text[TIME_TEXT];

	fprintf(
	    to, " \"%s\": \"%s\",\n", name, time_text(time, ANSWER_TIME, text));
}

/* How many rows of each answer are withheld; those without are left out. */
static void
print_withheld(FILE *to, const struct answers *as)
{
	bool first = true;

	fputs(" \"withheld\": {", to);
	for (unsigned i = 0; i < as->n; i++) {
		if (as->at[i].withheld == 0)
			continue;
		if (!first)
			fputs(", ", to);
		print_json_text(to, as->at[i].name);
		fprintf(to, ": %" PRIu64, as->at[i].withheld);
		first = false;
	}
	fputs("},\n", to);
}

void
print_json(FILE *to, const struct answers *as)
{
	fputs("{\n \"question\": ", to);
	print_json_text(to, as->question);
	fputs(",\n \"role\": ", to);
	print_json_text(to, as->role);
	fputs(",\n", to);
	print_time(to, "now", as->now);
	print_time(to, "from", as->from);
	print_time(to, "to", as->to);
	fprintf(to, " \"step\": %" PRIu32 ",\n", as->step);
	if (as->has_total)
		fprintf(to, " \"hits\": %" PRIu64 ",\n", as->hits);
	if (as->has_total && as->total >= 0)
		fprintf(to, " \"clients\": %.0f,\n", as->total);
	if (as->clients != CLIENTS_NONE)
		fprintf(to, " \"clients_are\": \"%s\",\n",
		    as->clients == CLIENT_DAYS ? "client-days" : "clients");
	print_withheld(to, as);
	fputs(" \"notes\": [", to);
	for (unsigned i = 0; i < as->notes; i++) {
		if (i > 0)
			fputs(", ", to);
		print_json_text(to, as->note[i]);
	}
	fputc(']', to);
	for (unsigned i = 0; i < as->n; i++)
		print_rows(to, &as->at[i]);
	fputs("\n}\n", to);
}
