/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer.h - what a listed name is answered with, from words
 */
#ifndef FRAUDSINK_FEEDS_ANSWER_H
#define FRAUDSINK_FEEDS_ANSWER_H

#include <stdbool.h>

#include "feeds/conf.h"
#include "lib/db.h"
#include "lib/policy.h"

/* Reads LIST, addresses separated by commas, into A's addresses, after those
 * that it has; false if one is none or there are too many. */
bool answer_addresses(const char *list, struct fsk_answer *a);

/* Makes *OUT of what A says; its texts are borrowed from A.  What A leaves
 * unset is as for NXDOMAIN.  False with a sentence in WHY where A says
 * something impossible. */
bool answer_make(
    const struct conf_answer *a, struct fsk_answer *out, char why[static 128]);

/* What A says of an entry besides its answer. */
bool answer_class(const struct conf_answer *a, struct fsk_class *out);

#endif
