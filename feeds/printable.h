/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * printable.h - texts of strangers, on their way to a terminal or into JSON
 */
#ifndef FRAUDSINK_FEEDS_PRINTABLE_H
#define FRAUDSINK_FEEDS_PRINTABLE_H

/* Makes TEXT UTF-8 without control characters (C0, DEL, C1): each octet that
 * does not belong becomes '?'; half a character at the end, where it was cut,
 * goes.  Returns TEXT. */
char *printable(char *text);

/* TEXT as printable() has it, at most 1023 octets; of what a database says, for
 * example, which may be a stranger's.  The last 8 results stay valid, of the
 * same thread. */
const char *printable_copy(const char *text);

#endif
