/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * items.h - tests of formats as tables: a whole input and what it must give
 */
#ifndef FRAUDSINK_TESTS_FEEDS_ITEMS_H
#define FRAUDSINK_TESTS_FEEDS_ITEMS_H

#include <stddef.h>

#include "feeds/parse.h"

/* An input, and what is written down of it: a line for each line or item, with
 * its entries ("a.example", "*.a.example" below it, "=a.example" alone,
 * "url:host/path", "@@" before what is excepted), or "-" for nothing, "skipped:
 * why", "bad: why".  What the format refuses to open is "refused: why". */
struct items {
	const char *column, *only, *text, *gives;
};

/* Fails the test unless FORMAT reads the input as I says. */
void items_check(const struct parse_format *format, const struct items *i);

/* The same for who takes addresses ("url:ip:192.0.2.1/32"). */
void items_check_addresses(
    const struct parse_format *format, const struct items *i);

/* As items_check() for LEN octets of text. */
void items_check_octets(
    const struct parse_format *format, const struct items *i, size_t len);

#endif
