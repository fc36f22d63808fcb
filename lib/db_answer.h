/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * db_answer.h - answers as they stand in the file; for the reader and the
 * writer only
 */
#ifndef FRAUDSINK_DB_ANSWER_H
#define FRAUDSINK_DB_ANSWER_H

#include "lib/db.h"
#include "lib/db_layout.h"

/* Reads ROW into *A; STRINGS are LEN octets, the last of them zero.  Returns
 * NULL, or what is wrong (a constant). */
const char *answer_read(
    struct fsk_answer *a, const uint8_t *row, const char *strings, size_t len);

/* Writes what of A needs no strings to ROW, which is zero; false if A is
 * impossible. */
bool answer_write(uint8_t *row, const struct fsk_answer *a);

#endif
