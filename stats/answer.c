/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_ROOM 16

void
answers_init(struct answers *as)
{
	*as = (struct answers){ .total = -1 };
}

void
answers_fini(struct answers *as)
{
	for (unsigned i = 0; i < as->n; i++) {
		struct answer *a = &as->at[i];

		for (size_t j = 0; j < a->rows * a->columns; j++)
			if (a->column[j % a->columns].type == ANSWER_TEXT)
				free(a->cell[j].text);
		free(a->cell);
	}
	for (unsigned i = 0; i < as->notes; i++)
		free(as->note[i]);
	answers_init(as);
}

bool
answers_failed(const struct answers *as)
{
	bool failed = as->failed;

	for (unsigned i = 0; i < as->n; i++)
		failed |= as->at[i].failed;
	return failed;
}

struct answer *
answers_add(struct answers *as, const char *name, const char *title,
    const struct answer_column *column, unsigned columns)
{
	struct answer *a = &as->at[as->n++];

	*a = (struct answer){
		.name = name, .title = title, .columns = columns
	};
	memcpy(a->column, column, columns * sizeof(*column));
	return a;
}

void
answers_note(struct answers *as, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (unsigned i = 0; i < as->notes; i++)
		if (strcmp(as->note[i], text) == 0)
			return;
	if (as->notes == NOTES_MAX)
		return;
	as->note[as->notes] = strdup(text);
	if (as->note[as->notes] != NULL)
		as->notes++;
	else
		as->failed = true;
}

const struct answer *
answers_find(const struct answers *as, const char *name)
{
	for (unsigned i = 0; i < as->n; i++)
		if (strcmp(as->at[i].name, name) == 0)
			return &as->at[i];
	return NULL;
}

void
answer_row(struct answer *a)
{
	if (a->failed)
		return;
	if (a->rows == a->room) {
		size_t room = a->room == 0 ? FIRST_ROOM : 2 * a->room;
		struct answer_cell *cell = realloc(
		    a->cell, room * a->columns * sizeof(*cell));

		if (cell == NULL) {
			a->failed = true;
			return;
		}
		a->cell = cell;
		a->room = room;
	}
	memset(
	    &a->cell[a->rows * a->columns], 0, a->columns * sizeof(*a->cell));
	a->rows++;
}

/* The cell of the last row; NULL after a failure. */
static struct answer_cell *
cell_of(struct answer *a, unsigned column)
{
	if (a->failed)
		return NULL;
	return &a->cell[(a->rows - 1) * a->columns + column];
}

void
answer_text(struct answer *a, unsigned column, const char *text)
{
	struct answer_cell *c = cell_of(a, column);

	if (c == NULL)
		return;
	c->text = strdup(text);
	c->given = c->text != NULL;
	a->failed |= !c->given;
}

void
answer_count(struct answer *a, unsigned column, uint64_t count)
{
	struct answer_cell *c = cell_of(a, column);

	if (c != NULL) {
		c->count = count;
		c->given = true;
	}
}

void
answer_real(struct answer *a, unsigned column, double real)
{
	struct answer_cell *c = cell_of(a, column);

	if (c != NULL) {
		c->real = real;
		c->given = true;
	}
}

void
answer_time(struct answer *a, unsigned column, int64_t when)
{
	struct answer_cell *c = cell_of(a, column);

	if (c != NULL) {
		c->time = when;
		c->given = true;
	}
}

void
answer_share(struct answer *a, unsigned column, uint64_t part, uint64_t whole)
{
	if (whole != 0)
		answer_real(a, column, (double)part / (double)whole);
}

void
answer_order(struct answer *a, unsigned column)
{
	const size_t size = a->columns * sizeof(*a->cell);
	struct answer_cell row[COLUMNS_MAX];

	for (size_t i = 1; i < a->rows; i++) {
		size_t to = i;

		while (to > 0 &&
		    strcmp(answer_at(a, to - 1, column)->text,
			answer_at(a, i, column)->text) > 0)
			to--;
		memcpy(row, answer_at(a, i, 0), size);
		memmove(&a->cell[(to + 1) * a->columns],
		    &a->cell[to * a->columns], (i - to) * size);
		memcpy(&a->cell[to * a->columns], row, size);
	}
}

char *
time_text(int64_t when, enum answer_type type, char text[static TIME_TEXT])
{
	const time_t t = (time_t)when;
	struct tm tm;

	*text = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		strftime(text, TIME_TEXT,
		    type == ANSWER_DAY         ? "%Y-%m-%d"
			: type == ANSWER_MONTH ? "%Y-%m"
					       : "%Y-%m-%dT%H:%M:%SZ",
		    &tm);
	return text;
}
