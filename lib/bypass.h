/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bypass.h - what passes for a while although it is listed
 *
 * A small file beside the database (FORMAT.md section 12), replaced in one step
 * when a bypass is added or removed; the database is not touched.  Each bypass
 * ends by itself: a look-up compares its time.
 */
#ifndef FRAUDSINK_BYPASS_H
#define FRAUDSINK_BYPASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/hash.h"
#include "lib/name.h"
#include "lib/prefix.h"

#define FSK_BYPASSES_MAX 4096
#define FSK_BYPASS_TEXT  128 /* of a text, its NUL included */

enum fsk_bypass_kind {
	FSK_BYPASS_NAME = 1,    /* a name with all that is below, for all */
	FSK_BYPASS_GROUP = 2,   /* all names, for a group */
	FSK_BYPASS_ADDRESS = 3, /* all names, for clients within a prefix */
};

struct fsk_bypass {
	enum fsk_bypass_kind kind;
	int64_t since, until; /* seconds since 1970-01-01, UNTIL excluded */
	struct fsk_name name;
	char group[FSK_BYPASS_TEXT];
	uint8_t addr[FSK_ADDR_LEN];
	uint8_t bits; /* of addr, from the first of 128 */
	char by[FSK_BYPASS_TEXT], why[FSK_BYPASS_TEXT]; /* UTF-8 */
};

struct fsk_bypasses {
	size_t n;
	struct fsk_bypass *at;
};

/* The path of the bypasses of the database at PATH, for free(); NULL when out
 * of memory. */
char *fsk_bypass_path(const char *path);

/* Reads the file PATH.  Where there is none there are no bypasses.  FSK_EIO,
 * FSK_ENOMEM, FSK_EFORMAT or FSK_ECORRUPT, and then *B has none. */
int fsk_bypasses_read(
    struct fsk_bypasses *b, const char *path, struct fsk_error *err);
void fsk_bypasses_fini(struct fsk_bypasses *b);

/* Makes the octets of the file, for free(); NULL when out of memory. */
uint8_t *fsk_bypasses_pack(const struct fsk_bypasses *b, size_t *len);

/* The bypass that lets the name Q pass at NOW for the client ADDR (16 octets,
 * NULL: nobody in particular) of GROUP; NULL if none does. */
const struct fsk_bypass *fsk_bypass_find(const struct fsk_bypasses *b,
    const struct fsk_query *q, const char *group, const uint8_t *addr,
    int64_t now);

/* Whether some of them are for some clients only. */
bool fsk_bypasses_differ(const struct fsk_bypasses *b);

#endif
