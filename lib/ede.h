/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ede.h - why a name is answered as it is, for the client
 *
 * The EXTRA-TEXT of an Extended DNS Error (RFC 8914): plain text from the
 * answer's template, or, for clients that ask for it, the JSON of
 * draft-ietf-dnsop-structured-dns-error with the case number as an entry of
 * draft-nottingham-dnsop-censorship-transparency.
 */
#ifndef FRAUDSINK_EDE_H
#define FRAUDSINK_EDE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/verdict.h"

#define FSK_EDE_TEXT_MAX 256 /* octets of plain text */
#define FSK_EDE_JSON_MAX 512

/* The INFO-CODE for V's answer; a client that reads JSON must not be told of a
 * forged answer (section 5.2 of the draft).  FSK_EDE_NONE: no EDE. */
uint16_t fsk_ede_code(const struct fsk_verdict *v, bool json);

/* Who is to be asked about V's answer: URIs with blanks between, of the feed or
 * else of the policy; "" if neither says.  MAIN, here and below, is the
 * database of the question, which has the policy. */
const char *fsk_ede_contact(
    const struct fsk_db *main, const struct fsk_verdict *v);

/* Writes the plain text for V, cut off at FSK_EDE_TEXT_MAX but never within a
 * character; returns its octets. */
size_t fsk_ede_text(const struct fsk_db *main, const struct fsk_verdict *v,
    char text[static FSK_EDE_TEXT_MAX]);

/* Writes the JSON for V; returns its octets, 0 if it does not fit. */
size_t fsk_ede_json(const struct fsk_db *main, const struct fsk_verdict *v,
    char text[static FSK_EDE_JSON_MAX]);

#endif
