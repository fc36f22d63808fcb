/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.h - what the commands print with --json; the only user of jansson
 */
#ifndef FRAUDSINK_FEEDS_JSON_H
#define FRAUDSINK_FEEDS_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/db.h"

/* What is known of an entry, as both lookup and dump print it. */
struct json_entry {
	const struct fsk_db *db;
	const char *entry; /* its name as text; NULL: none matched */
	uint32_t attr;
};

/* Prints one line: the answer to a look-up of NAME; with URL, the entry is a
 * URL's expression.  False: out of memory or not written. */
bool json_lookup(
    FILE *to, const char *name, const struct json_entry *e, bool url);

/* Prints one line: the entry E. */
bool json_dump(FILE *to, const struct json_entry *e);

/* Prints the description of the database DB. */
bool json_info(FILE *to, const struct fsk_db *db);

#endif
