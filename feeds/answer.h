/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer.h - what a listed name is answered with, from words
 */
#ifndef FRAUDSINK_FEEDS_ANSWER_H
#define FRAUDSINK_FEEDS_ANSWER_H

#include <stdbool.h>

#include "lib/db.h"

/* Reads LIST, addresses separated by commas, into A's addresses, after those
 * that it has; false if one is none or there are too many. */
bool answer_addresses(const char *list, struct fsk_answer *a);

#endif
