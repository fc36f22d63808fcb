/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * entry.h - entries of a database, one by one
 *
 * fsk_db_find() tells which entry decides about a name.  Here an entry is what
 * a feed lists: a name with its match, to block or to allow.
 */
#ifndef FRAUDSINK_FEEDS_ENTRY_H
#define FRAUDSINK_FEEDS_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/db.h"

/* What stands in front of a name in lists: "*." below, "=" exact. */
const char *entry_mark(enum fsk_match_kind match);

/* Whether DB has an entry for NAME itself with MATCH that allows, or blocks, as
 * ALLOW says; if so *ATTR tells more. */
bool db_has_entry(const struct fsk_db *db, const struct fsk_name *name,
    enum fsk_match_kind match, bool allow, uint32_t *attr);

#endif
