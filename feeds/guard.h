/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard.h - what no feed may block
 *
 * Even good feeds list google.com now and then.  A guard judges each entry by
 * all that it would cover: an entry for a domain is refused for the sake of
 * any protected name at it or below it.
 */
#ifndef FRAUDSINK_FEEDS_GUARD_H
#define FRAUDSINK_FEEDS_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "lib/err.h"
#include "lib/name.h"

struct guard;

/* Makes the guard that C asks for; reads its lists of protected names and of
 * shared hosts (a name a line, or "rank,name").  FSK_EFORMAT for a list without
 * any name. */
int guard_open(struct guard **g, const struct conf *c, struct fsk_error *err);
void guard_close(struct guard *g);

/* Reads one more name that nothing may block, such as a feed's own host. */
int guard_never(struct guard *g, const char *host, struct fsk_error *err);

/* Judges an entry of a feed with TRUST.  A host that many share is no feed's
 * to block alone, nor a popular name.  Returns NULL if it may be listed;
 * GUARD_AGREE if it may where *AGREE feeds list it; else why not (a constant).
 */
extern const char GUARD_AGREE[];
const char *guard_refuses(const struct guard *g, const struct fsk_name *name,
    enum fsk_match_kind match, enum conf_trust trust, unsigned *agree);

/* Judges a listed prefix of answers' addresses: NULL, or why not. */
const char *guard_refuses_prefix(const uint8_t *addr, unsigned bits);

/* Whether NAME lies at or below a protected name: where many owners' aliases
 * lead, so that an alias to it says nothing of its owner. */
bool guard_is_target(const struct guard *g, const struct fsk_name *name);

/* Whether NAME or a domain above it is on the lists of shared hosts, or NAME is
 * a popular name or a suffix itself: then one bad path says nothing about the
 * host.  What lies below a private suffix is a customer's own. */
bool guard_shared(const struct guard *g, const struct fsk_name *name);

#endif
