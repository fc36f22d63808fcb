/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy.h - from feeds.conf to the policy of a database
 *
 *   policy_open()     works out answers, classes, groups, schedules
 *   policy_class()    the class for what a feed or a rule lists
 *   policy_address()  an address that is listed
 *   policy_finish()   packs it all for the writer
 */
#ifndef FRAUDSINK_FEEDS_POLICY_H
#define FRAUDSINK_FEEDS_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "lib/db_write.h"
#include "lib/err.h"

struct policy;

/* Works out the policy of C at NOW for the database that W makes with KEY, and
 * enters its answers into W.  Lists of groups are made in the folder of C's
 * state. */
int policy_open(struct policy **p, const struct conf *c, struct fsk_writer *w,
    const uint8_t *key, int64_t now, struct fsk_error *err);
void policy_close(struct policy *p);

/* The class for feed I (of c->feeds) or rule I (of c->policy.rules); without
 * ALIASES, for entries to which no alias may lead. */
unsigned policy_feed_class(const struct policy *p, size_t i, bool aliases);
unsigned policy_rule_class(const struct policy *p, size_t i, bool aliases);

/* Notes that the prefix is listed, with SERVERS for name servers.  Any thread.
 * False when out of memory. */
bool policy_address(
    struct policy *p, const uint8_t *addr, unsigned bits, bool servers);

/* Gives W the policy, which lives as long as P. */
int policy_finish(
    struct policy *p, struct fsk_writer *w, struct fsk_error *err);

#endif
