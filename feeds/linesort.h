/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * linesort.h - lines in order, in bounded memory
 *
 * Up to 8 MB of lines are held and sorted in memory; of more, sorted runs go to
 * a temporary file without a name, which are merged when the lines are read
 * back.  The order is that of memcmp(), of two lines that begin alike the
 * shorter one first.  A sorter is for one thread at a time.
 */
#ifndef FRAUDSINK_FEEDS_LINESORT_H
#define FRAUDSINK_FEEDS_LINESORT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

#define LINESORT_MAX ((size_t)1 << 20) /* octets of a line */

struct linesort;

/* Makes an empty sorter; temporary files go to FOLDER, which must outlive *S.
 */
int linesort_open(
    struct linesort **s, const char *folder, struct fsk_error *err);

/* Frees S, which may be NULL, and its file. */
void linesort_close(struct linesort *s);

/* Adds a copy of LEN (at most LINESORT_MAX) octets, any octets. */
int linesort_add(
    struct linesort *s, const char *line, size_t len, struct fsk_error *err);

/* Ends the adding; then linesort_next() gives the first line. */
int linesort_begin(struct linesort *s, struct fsk_error *err);

/* The next line, equal ones one after the other; false at the end.  *LINE is
 * valid until linesort_close(). */
bool linesort_next(struct linesort *s, const char **line, size_t *len);

/* Which of two lines comes first, as for qsort(). */
int linesort_compare(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
