/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FRAUDSINK_FEEDS_IDN_H
#define FRAUDSINK_FEEDS_IDN_H

#include <stddef.h>

/* Room for any result of idn_to_ascii(). */
#define IDN_ASCII_MAX 1024

/* Converts the LEN octets of UTF-8 at TEXT, a domain name, to its ASCII form by
 * UTS 46 (non-transitional: sharp s and the like stay what they are) and writes
 * it with a NUL to ASCII.  Returns NULL, or what is wrong (a constant). */
const char *idn_to_ascii(
    const char *text, size_t len, char ascii[static IDN_ASCII_MAX]);

#endif
