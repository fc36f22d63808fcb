/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * collect.h - from a feed's content to its list in the state folder
 */
#ifndef FRAUDSINK_FEEDS_COLLECT_H
#define FRAUDSINK_FEEDS_COLLECT_H

#include "feeds/conf.h"
#include "feeds/state.h"
#include "lib/err.h"

/* How a feed's list says what it knows: as names of its "feeds". */
#define COLLECT_NAME "name" /* the name as a whole */
#define COLLECT_PATH "path" /* only URLs on it, with a path */

/* Parses the file BODY as the content of F and, if it passes the feed's own
 * guards (size, change, share of bad lines), makes it the feed's list; *S gets
 * the counts.  First-seen dates carry over from the list before; what is new
 * gets TODAY (days since 1970-01-01).  On failure the list before stays, and
 * ERR says why: FSK_EINVAL where a guard refused it. */
int collect(const struct conf *c, const struct conf_feed *f, const char *body,
    uint32_t today, struct feed_state *s, struct fsk_error *err);

/* A hash, as text, of all that F says of how a body becomes a list. */
void collect_form(const struct conf_feed *f, char form[static 24]);

#endif
