/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * name.h - domain names
 *
 * A name is held in canonical wire form (RFC 1035 section 3.1, RFC 4034
 * section 6.2): length octet and label, root label last, upper case ASCII
 * folded to lower case, never compressed.  Text follows RFC 1035 section 5.1:
 * labels parted by dots, `\DDD` for any octet, `\X` for a literal X.  What
 * happens to non-ASCII text (IDN) is decided elsewhere, before it comes here.
 */
#ifndef FRAUDSINK_NAME_H
#define FRAUDSINK_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FSK_NAME_MAX   255 /* octets on the wire, root label included */
#define FSK_LABEL_MAX  63
#define FSK_LABELS_MAX 127 /* labels of one name, root not counted */
#define FSK_TEXT_MAX   (4 * FSK_NAME_MAX + 1) /* text, every octet escaped */

struct fsk_name {
	uint8_t len; /* octets of wire in use, root label included; 0: unset */
	uint8_t wire[FSK_NAME_MAX];
};

/* Octet by octet, A to Z become a to z, all others stay. */
extern const uint8_t fsk_lower[256];

/* Reads the LEN characters of TEXT, with or without a dot at the end, into
 * *NAME.  Returns NULL, or what is wrong with it in a few words (a constant;
 * *NAME is then undefined).  The root (".") is a name. */
const char *fsk_name_from_text(
    struct fsk_name *name, const char *text, size_t len);

/* Checks LEN octets at WIRE and copies them to *NAME in canonical form; false
 * if they are not exactly one uncompressed name. */
bool fsk_name_from_wire(struct fsk_name *name, const uint8_t *wire, size_t len);

/* Writes WIRE, a checked name, as text without the dot at the end (the root as
 * ".").  Returns TEXT. */
char *fsk_name_to_text(const uint8_t *wire, char text[static FSK_TEXT_MAX]);

/* Labels of WIRE, a checked name; the root is not counted. */
unsigned fsk_name_labels(const uint8_t *wire);

/* Skips N labels of WIRE, a checked name with at least N labels. */
const uint8_t *fsk_name_parent(const uint8_t *wire, unsigned n);

#endif
