/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csv_columns.h - which column of a table holds what
 *
 * From what the operator says, or from the names in the header (value.h), or
 * from the look of the first row where a well-known feed has no header.
 */
#ifndef FRAUDSINK_FEEDS_CSV_COLUMNS_H
#define FRAUDSINK_FEEDS_CSV_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "feeds/parse.h"

#define CSV_COLUMNS 256 /* those behind them are not looked at */

/* A row: its fields' texts one behind the other. */
struct csv_row {
	char *text;
	size_t len, room;
	unsigned n; /* fields, those past the last that is kept too */
	struct {
		size_t at, len;
	} field[CSV_COLUMNS];
};

/* What the operator says; names point into the options. */
struct csv_wish {
	/* Both by number from 0, or, if there is a name, by that; -1: not
	 * said. */
	int column, only;
	const char *column_name, *only_name, *only_value;
	size_t column_len, only_len;
};

/* Columns from 0; -1: there is none. */
struct csv_columns {
	int value, type, end, only;
	unsigned n; /* of the header, 0: there is none */
};

/* Field I of R without blanks around it; empty if there is none. */
const char *csv_field(const struct csv_row *r, int i, size_t *len);

/* Reads the options into *W; NULL, or what is wrong with them. */
const char *csv_wish(struct csv_wish *w, const struct parse_options *opt);

/* Finds the columns in a HEADER, or, with NULL for that, from the first row;
 * *IS_HEADER tells whether the first row is one.  NULL, or why they cannot be
 * told. */
const char *csv_find(struct csv_columns *c, const struct csv_wish *w,
    const struct csv_row *header, const struct csv_row *first, bool *is_header);

/* How sure one is that R is the header of a list, 0 to 100. */
unsigned csv_header_guess(const struct csv_row *r);

/* Whether R is a row of TweetFeed: date, user, type, value, tags, tweet. */
bool csv_is_tweetfeed(const struct csv_row *r);

/* What C wants of the row R is taken; CSV's counts. */
enum parse_result csv_take(struct parse_sink *sink, const struct csv_columns *c,
    const struct csv_wish *w, const struct csv_row *r);

#endif
