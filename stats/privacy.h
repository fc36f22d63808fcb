/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * privacy.h - what becomes of a client's address
 *
 * For sketches it becomes a hash (SipHash-2-4), for events nothing, its first
 * bits, or a pseudonym.  A pseudonym is another address: the same one for the
 * same address, and addresses that have their first bits in common have as
 * many in common as pseudonyms.  The scheme is ipcrypt-pfx
 * (draft-denis-ipcrypt), which is Crypto-PAn (Xu, Fan, Ammar and Moon, 2002)
 * with two AES-128 keys.
 *
 * All keys come from one secret in a file: HMAC-SHA-256 of what they are for
 * and the day (UTC), or day 0 where they are not to change.  Hosts that share
 * the file can add their sketches up.  Who has the file can find out whether a
 * given address is in a small sketch or has a given pseudonym; without it, and
 * over days that are gone once the file is replaced, nobody can.
 */
#ifndef FRAUDSINK_STATS_PRIVACY_H
#define FRAUDSINK_STATS_PRIVACY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "stats/conf.h"

struct privacy;

/* Reads the secret that C names, or makes it if there is none.  FSK_EIO,
 * FSK_ENOMEM; FSK_EINVAL if the file is none, or others may read it. */
int privacy_open(
    struct privacy **p, const struct conf *c, struct fsk_error *err);
void privacy_close(struct privacy *p);

/* The hash of the client ADDR on DAY (since 1970-01-01), of IPv6 that of its
 * first 64 bits: a machine has several addresses there, and new ones each day.
 * *TAG tells its key.  False when out of memory. */
bool privacy_hash(struct privacy *p, uint32_t day,
    const uint8_t addr[static 16], uint64_t *hash, uint32_t *tag);

/* What an event keeps of ADDR, in OUT.  False if that is nothing. */
bool privacy_keep(struct privacy *p, uint32_t day,
    const uint8_t addr[static 16], uint8_t out[static 16]);

/* The token of the subscriber with ADDR, in TEXT: always the same for an
 * address of IPv4 or the first 64 bits of one of IPv6, whatever else is
 * configured. */
#define PRIVACY_TOKEN 33
void privacy_token(struct privacy *p, const uint8_t addr[static 16],
    char text[static PRIVACY_TOKEN]);

/* What stands for this subscriber, the name ENTRY (wire form) and DAY. */
uint64_t privacy_order(struct privacy *p, uint32_t day,
    const uint8_t addr[static 16], const uint8_t *entry);

/* The pseudonym of ADDR under the two keys in KEY.  False when out of memory.
 */
bool privacy_pseudonym(const uint8_t key[static 32],
    const uint8_t addr[static 16], uint8_t out[static 16]);

#endif
