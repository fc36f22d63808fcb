/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pattern.h - the patterns of adblock rules
 *
 * A browser matches URLs against them.  A resolver sees names; it can use a
 * pattern that is for a host as a whole, and then the names that it certainly
 * covers, no others:
 *
 *	||x^ ||x ||x/		x and all below (or what the default is)
 *	||*.x^ *.x^ .x^		all below x
 *	|x^ |http://x ://x/	x alone
 *	x x^			as ||x^: the pattern is for whatever ends in
 *				x, too, which is no name
 *
 * What does not say that the host ends must look as if: "||x." and "||x-" are
 * for all names that begin so, "||x" without a dot for half the world.
 */
#ifndef FRAUDSINK_FEEDS_PATTERN_H
#define FRAUDSINK_FEEDS_PATTERN_H

#include <stddef.h>

#include "feeds/parse.h"

/* Reads the pattern TEXT into *NAME and *MATCH, which is the default before.
 * PARSE_NAMES, or PARSE_SKIPPED or PARSE_BAD with SINK's why; takes nothing. */
enum parse_result pattern_name(struct parse_sink *sink, struct fsk_name *name,
    enum fsk_match_kind *match, const char *text, size_t len);

#endif
