/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * html.h - pieces of a page made of answers
 */
#ifndef FRAUDSINK_STATS_HTML_H
#define FRAUDSINK_STATS_HTML_H

#include <stdio.h>

#include "stats/answer.h"
#include "stats/print.h"

/* S as text or in a quoted attribute; what acts (utf8.h) becomes '?'. */
void html_text(FILE *to, const char *s);

/* A cell as html_table() shows it; returns TEXT. */
#define HTML_CELL 192
char *html_number(const struct answer_column *c, const struct answer_cell *cell,
    char text[static HTML_CELL]);

/* All of A as a table; shares have a bar. */
void html_table(FILE *to, const struct answer *a);

/* The numbers of COLUMN as bars, a bar for each row of A; column 0, a time,
 * names the bars.  WHAT says what they are. */
void html_bars(
    FILE *to, const struct answer *a, unsigned column, const char *what);

#endif
