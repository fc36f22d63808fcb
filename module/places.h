/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * places.h - in which country and network an address is
 *
 * From MMDB files that the policy names.  Copied to memory by the background
 * thread, and again when they change; workers only look up.  The only user of
 * libmaxminddb in this folder.
 */
#ifndef FRAUDSINK_MODULE_PLACES_H
#define FRAUDSINK_MODULE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/handle.h"
#include "lib/prefix.h"

struct places; /* open files */

struct place {
	char country[3];  /* ISO 3166-1 alpha-2; "": unknown */
	uint32_t network; /* number of the autonomous system; 0: unknown */
};

/* Opens the files at the paths COUNTRY and NETWORK, "" for none; WHY is "", or
 * says why one of them cannot be opened, and then that one knows nothing.  NULL
 * where none can. */
struct places *places_open(
    const char *country, const char *network, char why[static 256]);
void places_close(struct places *p);

/* A number for the files as they are now: another one when one of them is
 * replaced, written to, removed, or another one is named. */
uint64_t places_stamp(const char *country, const char *network);

/* Finds where ADDR is; false where nothing is known of it. */
bool places_find(const struct places *p,
    const uint8_t addr[static FSK_ADDR_LEN], struct place *out);

#endif
