/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rows.h - tests of formats as tables: a line and what it must give
 */
#ifndef FRAUDSINK_TESTS_FEEDS_ROWS_H
#define FRAUDSINK_TESTS_FEEDS_ROWS_H

#include <stddef.h>

#include "feeds/parse.h"

/* A sink that writes down what it gets, each entry with a blank behind it: "@@"
 * before an exception and "-" before what is taken back, then "*." (below) or
 * "=" (alone) and the name, or "url:host/path". */
struct rows_sink {
	struct parse_sink sink; /* first */
	size_t len;
	char text[32768];
};

/* `gives` is what the sink above writes, and what follows a '!' in it is the
 * reason why the line is skipped or bad. */
struct row {
	const char *line;
	enum parse_result result;
	const char *gives;
};

/* Makes S empty; names without a mark mean their subtree. */
void rows_begin(struct rows_sink *s);

/* Parses the LEN octets at LINE, in memory that ends with them, and adds what
 * they give to S. */
enum parse_result rows_line(struct rows_sink *s,
    const struct parse_format *format, void *state, const char *line,
    size_t len);

/* Fails the test unless FORMAT reads ROW's line as ROW says; STATE is what
 * FORMAT's open() gave, or NULL. */
void rows_check(
    const struct parse_format *format, void *state, const struct row *row);

/* The same for a line of LEN octets, which may have NULs in it. */
void rows_check_octets(const struct parse_format *format, void *state,
    const struct row *row, size_t len);

#endif
