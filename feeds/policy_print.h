/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_print.h - the policy of feeds.conf, for people
 */
#ifndef FRAUDSINK_FEEDS_POLICY_PRINT_H
#define FRAUDSINK_FEEDS_POLICY_PRINT_H

#include "feeds/conf.h"

/* Prints the policy of C, a line each for the whole, its categories, grades,
 * rules and groups: what they list, who they are for and what is answered.  Of
 * a C without any, nothing. */
void policy_print(const struct conf *c);

/* Prints "sinkhole 192.0.2.7, TTL 60": the action of A, which is set, with what
 * belongs to it. */
void policy_print_action(const struct conf_answer *a);

#endif
