/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tsig.h - signed questions, and answers of many messages (RFC 8945)
 *
 * The question is signed, and so is the first message of the answer, with the
 * question's signature as its beginning; each later signature covers the one
 * before and all messages since (section 5.3.1).  Up to 99 messages in a row
 * may be without one; the caller sees to it that the last has one.
 */
#ifndef FRAUDSINK_FEEDS_TSIG_H
#define FRAUDSINK_FEEDS_TSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feeds/dnswire.h"
#include "lib/err.h"

#define TSIG_RECORD_MAX 640 /* what a signature adds to a question */

struct tsig;

/* A key: its name, one of dnswire.h's algorithms and the secret in base64,
 * which appears in no message.  FSK_EINVAL if one of them is none. */
int tsig_new(struct tsig **t, const char *name, const char *algorithm,
    const char *secret, struct fsk_error *err);

/* Frees T, which may be NULL, and wipes the key. */
void tsig_free(struct tsig *t);

/* Signs the question of *LEN octets at QUERY, which has room for
 * TSIG_RECORD_MAX more, at NOW (seconds since 1970-01-01), and begins the check
 * of its answer. */
void tsig_sign(struct tsig *t, uint8_t *query, size_t *len, int64_t now);

/* Checks the next message of the answer, which must be whole.  FSK_EINVAL says
 * why it is not to be believed. */
int tsig_check(struct tsig *t, const struct dns_message *m, int64_t now,
    struct fsk_error *err);

#endif
