/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * print.h - answers for people and for programs
 *
 * All of it is UTF-8, whatever the rows have.  Errors of the stream are left
 * to who closes it.
 */
#ifndef FRAUDSINK_STATS_PRINT_H
#define FRAUDSINK_STATS_PRINT_H

#include <stdio.h>

#include "stats/answer.h"

/* Aligned tables; nothing in them acts on the terminal. */
void print_text(FILE *to, const struct answers *as);

/* One object: what was asked, then each answer as an array of objects. */
void print_json(FILE *to, const struct answers *as);

/* RFC 4180, with a header line.  Other control characters than tabs and ends
 * of lines become '?'; what a spreadsheet would calculate has a ' before it. */
void print_csv(FILE *to, const struct answer *a);

/* S as a JSON string, which may also stand in HTML and be shown. */
void print_json_text(FILE *to, const char *s);

#define CELL_TEXT 64

/* A cell that is no text, for people: "" if it is not given.  Returns TEXT. */
char *print_cell(const struct answer_column *c, const struct answer_cell *cell,
    char text[static CELL_TEXT]);

/* The same for programs: numbers as they are, shares as fractions. */
char *print_plain(const struct answer_column *c, const struct answer_cell *cell,
    char text[static CELL_TEXT]);

#endif
