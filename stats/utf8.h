/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * utf8.h - text that may be anything, made fit to be shown
 *
 * Names of feeds, categories and groups are written by people, and some come
 * from the network: no octet of them may do anything but be seen.
 */
#ifndef FRAUDSINK_STATS_UTF8_H
#define FRAUDSINK_STATS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Reads a character of the text S, which is not at its end: how many octets it
 * has.  What is no UTF-8 (RFC 3629) gives U+FFFD, octet by octet. */
size_t utf8_next(const char *s, uint32_t *character);

/* Whether C would act on a terminal or on the direction of text. */
bool utf8_acts(uint32_t c);

/* Writes S to a terminal: what acts becomes '?'.  Returns the columns it takes
 * there. */
unsigned utf8_print(FILE *to, const char *s);
unsigned utf8_width(const char *s);

/* The same in exactly WIDTH columns: cut off, or filled with blanks behind it
 * (LEFT) or before it. */
void utf8_field(FILE *to, const char *s, unsigned width, bool left);

#endif
