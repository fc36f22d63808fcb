/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * site.h - a site that runs our program: a configuration and what comes of it
 *
 * In kit_dir: feeds.conf, the database list.fsdb, the state in state/.
 */
#ifndef FRAUDSINK_TESTS_FEEDS_SITE_H
#define FRAUDSINK_TESTS_FEEDS_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "lib/db.h"
#include "lib/verdict.h"

/* As kit_setup(), in memory where the system has a place for that: what is
 * published is synced, and a disk takes its time.  For kit_teardown(). */
void site_setup(void);

/* TEXT with every '@' followed by '/' replaced by kit_dir; the last 8 results
 * stay valid.  So "@/one" is the file "one" of the test. */
const char *site_text(const char *text);

/* Writes feeds.conf: TEXT, after the lines that say where database and state
 * are. */
void site_write(const char *text);

/* The same, and reads it; the test fails if it is not good.  For conf_free().
 */
struct conf *site_conf(const char *text);

/* Writes TEXT to the file NAME of the test. */
void site_file(const char *name, const char *text);

/* How many files lie in the folder NAME of the test (0: there is none). */
unsigned site_files(const char *name);

/* ---- databases ---- */

/* Opens the database NAME of the test; the test fails if that does. */
struct fsk_db *site_db(const char *name);

/* All entries of DB as text, for free(): a line each, in order: "!" where it
 * allows, "*." or "=", the name, and in brackets the feeds and the day of
 * first sight. */
char *site_dump(const struct fsk_db *db);

/* What the resolver does for the query NAME: the action's word, or why it
 * passes.  With TYPE (0: A), CLIENT (NULL: nobody), NOW (0: now). */
const char *site_ask(const struct fsk_db *db, const char *name, uint16_t type,
    const char *client, int64_t now);

/* Fails the test unless all the names of NAMES, with blanks between, are
 * BLOCKED, or all are not. */
void site_blocks(const struct fsk_db *db, const char *names, bool blocked);

/* Fails the test unless the lines of TEXT have one that begins with START and
 * holds MORE. */
void site_has_line(const char *text, const char *start, const char *more);

#endif
