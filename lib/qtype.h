/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * qtype.h - query types as words
 */
#ifndef FRAUDSINK_QTYPE_H
#define FRAUDSINK_QTYPE_H

#include <stdbool.h>
#include <stdint.h>

#define FSK_QTYPE_TEXT 16

/* "AAAA", "HTTPS", "TYPE65280" (RFC 3597 section 5), in any case. */
bool fsk_qtype_read(const char *text, uint16_t *qtype);

/* The other way; returns TEXT. */
char *fsk_qtype_text(uint16_t qtype, char text[static FSK_QTYPE_TEXT]);

#endif
