/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prefix.h - which of many address prefixes is the longest that holds an
 * address
 *
 * A table is made once and never changed.  The prefixes, which may lie within
 * each other, are cut to ranges that do not, so that a look-up is one search
 * for the last range that begins at or before the address; an index of the
 * first bits leaves a few ranges to search.
 *
 * An address has 16 octets; one of IPv4 is mapped (::ffff:a.b.c.d, RFC 4291
 * section 2.5.5.2).  Prefixes of IPv6 that hold the mapped ones do not hold
 * addresses of IPv4.
 */
#ifndef FRAUDSINK_PREFIX_H
#define FRAUDSINK_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FSK_ADDR_LEN 16

/* Writes the address that TEXT is, of either family, to ADDR. */
bool fsk_addr_read(const char *text, uint8_t addr[static FSK_ADDR_LEN]);

/* Reads "192.0.2.0/24", "2001:db8::/32" or an address alone; *BITS counts from
 * the first of 128.  Bits behind the prefix must be zero.  Returns NULL, or
 * what is wrong (a constant). */
const char *fsk_prefix_read(
    const char *text, uint8_t addr[static FSK_ADDR_LEN], unsigned *bits);

/* Writes "KIND:PREFIX", under which a listed prefix is kept (FORMAT.md section
 * 8), for the first BITS bits of ADDR; returns TEXT. */
#define FSK_PREFIX_KEY 64
char *fsk_prefix_key(const char *kind, const uint8_t addr[static FSK_ADDR_LEN],
    unsigned bits, char text[static FSK_PREFIX_KEY]);

/* Whether the first BITS bits of A and B are the same. */
bool fsk_prefix_holds(const uint8_t *a, unsigned bits, const uint8_t *b);

/* ---- making a table ---- */

struct fsk_prefixes {
	struct fsk_prefix {
		uint8_t addr[FSK_ADDR_LEN];
		uint8_t bits;
		uint32_t value, order;
	} * at;
	size_t n, room;
};

/* Adds a prefix with VALUE (not 0); where one is added twice, the value that
 * was added first counts.  False when out of memory. */
bool fsk_prefixes_add(
    struct fsk_prefixes *p, const uint8_t *addr, unsigned bits, uint32_t value);
void fsk_prefixes_fini(struct fsk_prefixes *p);

/* Makes the table of P as octets, for free().  NULL when out of memory. */
uint8_t *fsk_prefixes_table(const struct fsk_prefixes *p, size_t *len);

/* ---- asking it ---- */

/* One family's ranges. */
struct fsk_ranges {
	uint32_t n;
	unsigned shift;       /* of the first 64 bits, to their index */
	const uint8_t *index; /* u32 each: the first range from there on */
	const uint8_t *start; /* u64 each, the first half of the address */
	const uint8_t *low;   /* u64 each, the second */
	const uint8_t *value; /* u32 each */
};

struct fsk_prefix_table {
	struct fsk_ranges v4, v6;
};

/* Checks the LEN octets at BYTES, of which no value may be above MOST, and
 * makes *T of them; they must stay.  Returns NULL, or what is wrong (a
 * constant). */
const char *fsk_prefix_table_open(struct fsk_prefix_table *t,
    const uint8_t *bytes, size_t len, uint32_t most);

/* The value of the longest prefix that holds ADDR; 0 if none does. */
uint32_t fsk_prefix_find(
    const struct fsk_prefix_table *t, const uint8_t addr[static FSK_ADDR_LEN]);

#endif
