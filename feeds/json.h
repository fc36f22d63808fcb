/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.h - what the commands print with --json
 */
#ifndef FRAUDSINK_FEEDS_JSON_H
#define FRAUDSINK_FEEDS_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "feeds/diff.h"
#include "feeds/dry.h"
#include "feeds/queries.h"
#include "feeds/status.h"
#include "feeds/why.h"
#include "lib/bypass.h"
#include "lib/db.h"

/* What is known of an entry, as both lookup and dump print it. */
struct json_entry {
	const struct fsk_db *db;
	const char *entry; /* its name as text; NULL: none matched */
	uint32_t attr;
};

/* Prints one line: the answer to a look-up of NAME.  KIND is NULL for a name,
 * or what the entry is: a URL's expression ("url") or a prefix ("address").
 * False: out of memory or not written. */
bool json_lookup(
    FILE *to, const char *name, const struct json_entry *e, const char *kind);

/* Prints one line: the entry E. */
bool json_dump(FILE *to, const struct json_entry *e);

/* Prints one line: an entry that was BEFORE and is AFTER. */
bool json_change(
    FILE *to, const struct json_entry *before, const struct json_entry *after);

/* Prints members of an object: the numbers of D. */
bool json_diff(FILE *to, const struct diff *d);

/* Prints a member of an object: the round R. */
bool json_round(FILE *to, const struct dry_round *r);

/* Prints one line: a name whose answer changes. */
bool json_query(FILE *to, const struct query *q);

/* Prints the description of the database DB. */
bool json_info(FILE *to, const struct fsk_db *db);

/* Prints one line: the verdict W with what led to it. */
bool json_why(FILE *to, const struct why *w);

/* Prints one line: a bypass for WHAT, which is a KIND. */
bool json_bypass(
    FILE *to, const char *kind, const char *what, const struct fsk_bypass *b);

/* Prints one line of the log of what was done: DONE to WHAT at NOW, until
 * UNTIL (0: no time). */
bool json_audit(FILE *to, int64_t now, const char *done, const char *what,
    int64_t until, const char *by, const char *why);

/* Prints the status S. */
bool json_status(FILE *to, const struct status *s);

#endif
