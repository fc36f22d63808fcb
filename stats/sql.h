/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sql.h - an SQLite database: the only place that knows the library
 *
 * Besides SQL as SQLite has it there are sketch_union(A, B), of two packed
 * sketches, and the aggregate sketch_union(A).  NULL, or one that cannot be
 * read, counts as empty.
 */
#ifndef FRAUDSINK_STATS_SQL_H
#define FRAUDSINK_STATS_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

struct sql;      /* a connection */
struct sql_stmt; /* a prepared statement */

/* Opens the file PATH; WRITE: makes it if need be, for owner and group. */
int sql_open(
    struct sql **db, const char *path, bool write, struct fsk_error *err);

/* From MS milliseconds from now on every step fails with FSK_ELATE, also one
 * that is on its way. */
void sql_deadline(struct sql *db, int64_t ms);

/* All statements must be freed before.  NULL is fine. */
void sql_close(struct sql *db);

/* Runs the statements of SCRIPT, which give no rows. */
int sql_run(struct sql *db, const char *script, struct fsk_error *err);

/* Whether a transaction is open. */
bool sql_in_transaction(const struct sql *db);

/* Rows that the last statement changed. */
int64_t sql_changed(const struct sql *db);

/* The statement TEXT, for sql_free(); NULL (and the sentence) if it is none. */
struct sql_stmt *sql_prepare(
    struct sql *db, const char *text, struct fsk_error *err);
void sql_free(struct sql_stmt *st);

/* Parameter I, from 1, for the next run; TEXT and BLOB must stay until it is
 * over. */
void sql_int(struct sql_stmt *st, int i, int64_t value);
void sql_text(struct sql_stmt *st, int i, const char *text);
void sql_blob(struct sql_stmt *st, int i, const void *blob, size_t len);
void sql_null(struct sql_stmt *st, int i);

/* Steps to the next row: 1; or 0 at the end, or an error: then it is ready for
 * another run. */
int sql_step(struct sql_stmt *st, struct fsk_error *err);

/* Ends a run before its end. */
void sql_reset(struct sql_stmt *st);

/* Column I of the row, from 0; texts and blobs until the next step. */
int64_t sql_get_int(struct sql_stmt *st, int i);
const char *sql_get_text(struct sql_stmt *st, int i);
const uint8_t *sql_get_blob(struct sql_stmt *st, int i, size_t *len);

#endif
