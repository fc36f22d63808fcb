/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host.h - a name as it stands in a feed or on a command line
 */
#ifndef FRAUDSINK_FEEDS_HOST_H
#define FRAUDSINK_FEEDS_HOST_H

#include <stddef.h>

#include "lib/db.h"
#include "lib/name.h"

/* Reads TEXT as the name of a host or domain into *NAME: upper case folds, a
 * dot at the end goes, non-ASCII UTF-8 is converted (idn.h).  Letters, digits,
 * '-', '_' and '\DDD' make labels; whatever else occurs in feeds (URLs,
 * patterns, rules) is no name, and neither is an IPv4 address or the root.
 * Returns NULL, or why it is none (a constant). */
const char *host_name(struct fsk_name *name, const char *text, size_t len);

/* The same with the marks of list entries: '*.x' is what lies below x, '=x' is
 * x alone, '.x' and 'x' are what DEFAULT_MATCH says. */
const char *host_entry(struct fsk_name *name, enum fsk_match_kind *match,
    enum fsk_match_kind default_match, const char *text, size_t len);

#endif
