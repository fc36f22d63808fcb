/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stix.h - STIX patterns (STIX 2.1, section 9) that say "any of these"
 *
 * "[domain-name:value = 'a.example' OR url:value IN ('http://b.example/')]":
 * comparisons for equality, joined by OR within an observation and between
 * observations.  What a longer pattern asks for (AND, FOLLOWEDBY, NOT, LIKE,
 * MATCHES, a time) cannot be seen in one name, and is none of these.
 */
#ifndef FRAUDSINK_FEEDS_STIX_H
#define FRAUDSINK_FEEDS_STIX_H

#include <stdbool.h>
#include <stddef.h>

/* Calls EACH for every comparison in PATTERN: the object path, and the value
 * that it is to equal, a string with its escapes undone or any other literal as
 * it is written; both valid during the call only.  False, and EACH is never
 * called, if PATTERN is none of these, or out of memory. */
bool stix_pattern(const char *pattern, size_t len,
    void (*each)(void *arg, const char *path, size_t path_len,
	const char *value, size_t value_len),
    void *arg);

#endif
