/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checksum.h - XXH3-64, the checksum of all that we write
 *
 * It finds damage; it is no signature.  This is the only file that includes
 * xxHash, a library of headers alone.
 */
#ifndef FRAUDSINK_CHECKSUM_H
#define FRAUDSINK_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

struct fsk_checksum; /* one under way */

/* The checksum of the LEN octets at P. */
uint64_t fsk_checksum(const void *p, size_t len);

/* The same over several pieces.  fsk_checksum_new() returns NULL when out of
 * memory; fsk_checksum_end() frees C and returns the sum. */
struct fsk_checksum *fsk_checksum_new(void);
void fsk_checksum_add(struct fsk_checksum *c, const void *p, size_t len);
uint64_t fsk_checksum_end(struct fsk_checksum *c);

#endif
