/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/print.h"
#include "stats/utf8.h"

#define GAP        2
#define MATRIX_MAX 10 /* columns; a larger one is printed as a list */

char *
print_cell(const struct answer_column *c, const struct answer_cell *cell,
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
		snprintf(text, CELL_TEXT, "%.*f",
		    cell->real == floor(cell->real) || cell->real >= 1000 ? 0
									  : 2,
		    cell->real);
		break;
	case ANSWER_SHARE:
		snprintf(text, CELL_TEXT, "%.1f %%", 100 * cell->real);
		break;
	case ANSWER_CHANGE:
		snprintf(text, CELL_TEXT, "%+.1f %%", 100 * cell->real);
		break;
	case ANSWER_TIME:
		time_text(cell->time, c->type, text);
		if (strlen(text) == 20) {
			text[10] = ' ';
			text[16] = '\0'; /* seconds are of no interest */
		}
		break;
	case ANSWER_DAY:
	case ANSWER_MONTH:
		time_text(cell->time, c->type, text);
		break;
	}
	return text;
}

static bool
to_the_left(enum answer_type t)
{
	return t == ANSWER_TEXT || t == ANSWER_TIME || t == ANSWER_DAY ||
	    t == ANSWER_MONTH;
}

static const char *
cell_text(const struct answer *a, size_t row, unsigned column,
    char text[static CELL_TEXT])
{
	const struct answer_cell *c = answer_at(a, row, column);

	if (!c->given)
		return "-";
	if (a->column[column].type == ANSWER_TEXT)
		return c->text;
	return print_cell(&a->column[column], c, text);
}

static void
blanks(FILE *to, unsigned n)
{
	while (n-- > 0)
		fputc(' ', to);
}

/* TEXT in WIDTH columns; LAST: nothing follows in the line. */
static void
put(FILE *to, const char *text, unsigned width, bool left, bool last)
{
	const unsigned has = utf8_width(text);
	const unsigned pad = width > has ? width - has : 0;

	if (!left)
		blanks(to, pad);
	utf8_print(to, text);
	if (left && !last)
		blanks(to, pad);
	if (!last)
		blanks(to, GAP);
}

static void
print_table(FILE *to, const struct answer *a)
{
	unsigned width[COLUMNS_MAX];
	char text[CELL_TEXT];

	for (unsigned c = 0; c < a->columns; c++) {
		width[c] = utf8_width(a->column[c].title);
		for (size_t r = 0; r < a->rows; r++) {
			unsigned w = utf8_width(cell_text(a, r, c, text));

			width[c] = w > width[c] ? w : width[c];
		}
	}
	for (unsigned c = 0; c < a->columns; c++)
		put(to, a->column[c].title, width[c],
		    to_the_left(a->column[c].type), c + 1 == a->columns);
	fputc('\n', to);
	for (size_t r = 0; r < a->rows; r++) {
		for (unsigned c = 0; c < a->columns; c++)
			put(to, cell_text(a, r, c, text), width[c],
			    to_the_left(a->column[c].type),
			    c + 1 == a->columns);
		fputc('\n', to);
	}
}

/* ---- matrices ---- */

struct keys {
	const char *at[MATRIX_MAX];
	unsigned n;
	bool full;
};

static void
key_add(struct keys *k, const char *key)
{
	for (unsigned i = 0; i < k->n; i++)
		if (strcmp(k->at[i], key) == 0)
			return;
	if (k->n < MATRIX_MAX)
		k->at[k->n++] = key;
	else
		k->full = true;
}

static const struct answer_cell *
find(const struct answer *a, const char *row, const char *column)
{
	for (size_t r = 0; r < a->rows; r++)
		if (strcmp(answer_at(a, r, 0)->text, row) == 0 &&
		    strcmp(answer_at(a, r, 1)->text, column) == 0)
			return answer_at(a, r, a->matrix);
	return NULL;
}

static bool
print_matrix(FILE *to, const struct answer *a)
{
	unsigned first = utf8_width(a->column[0].title), width = 8;
	struct keys k = { .n = 0 };
	char text[CELL_TEXT];

	for (size_t r = 0; r < a->rows; r++)
		for (unsigned c = 0; c < 2; c++)
			key_add(&k, answer_at(a, r, c)->text);
	if (k.full)
		return false;
	for (unsigned i = 0; i < k.n; i++) {
		const unsigned w = utf8_width(k.at[i]);

		first = w > first ? w : first;
		width = w > width ? w : width;
	}
	put(to, a->column[0].title, first, true, false);
	for (unsigned i = 0; i < k.n; i++)
		put(to, k.at[i], width, false, i + 1 == k.n);
	fputc('\n', to);
	for (unsigned i = 0; i < k.n; i++) {
		put(to, k.at[i], first, true, false);
		for (unsigned j = 0; j < k.n; j++) {
			const struct answer_cell *c = find(a, k.at[i], k.at[j]);

			put(to,
			    c == NULL || !c->given
				? "-"
				: print_cell(&a->column[a->matrix], c, text),
			    width, false, j + 1 == k.n);
		}
		fputc('\n', to);
	}
	return true;
}

/* ---- the whole ---- */

static void
print_head(FILE *to, const struct answers *as)
{
	const struct answer_column time = { .type = ANSWER_TIME };
	struct answer_cell from = { .given = true, .time = as->from };
	struct answer_cell until = { .given = true,
		.time = as->to < as->now ? as->to : as->now };
	char a[CELL_TEXT], b[CELL_TEXT];

	utf8_print(to, as->question);
	if (as->from == 0)
		fprintf(to, ", up to %s UTC", print_cell(&time, &until, b));
	else
		fprintf(to, ", %s to %s UTC", print_cell(&time, &from, a),
		    print_cell(&time, &until, b));
	if (strcmp(as->role, "researcher") == 0)
		fputs(", as a researcher sees it", to);
	fputc('\n', to);
}

static void
print_foot(FILE *to, const struct answers *as)
{
	if (as->has_total) {
		fprintf(to, "\n%" PRIu64 " hits in all", as->hits);
		if (as->total >= 0)
			fprintf(to, ", about %.0f %s", as->total,
			    as->clients == CLIENT_DAYS ? "client-days"
						       : "clients");
		fputc('\n', to);
	}
	if (as->clients == CLIENT_DAYS)
		fputs("clients are client-days: who came on several days "
		      "counts for each of them\n",
		    to);
	for (unsigned i = 0; i < as->notes; i++) {
		utf8_print(to, as->note[i]);
		fputc('\n', to);
	}
}

void
print_text(FILE *to, const struct answers *as)
{
	print_head(to, as);
	for (unsigned i = 0; i < as->n; i++) {
		const struct answer *a = &as->at[i];

		if (a->rows == 0 && a->withheld == 0 && i > 0)
			continue;
		fputc('\n', to);
		if (as->n > 1) {
			utf8_print(to, a->title);
			fputs(":\n", to);
		}
		if (a->rows == 0)
			fputs(a->withheld > 0 ? "" : "nothing\n", to);
		else if (a->matrix == 0 || !print_matrix(to, a))
			print_table(to, a);
		if (a->withheld > 0)
			fprintf(to,
			    "%" PRIu64 " more %s withheld: too few clients "
			    "are behind them\n",
			    a->withheld,
			    a->withheld == 1 ? "row is" : "rows are");
	}
	print_foot(to, as);
}
