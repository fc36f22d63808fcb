/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geo.h - where a client is: its country and network
 *
 * Any MMDB files that tell of addresses do: GeoLite2, DB-IP, IPinfo, or others
 * of these shapes.  They are copied to memory when they are opened, so who
 * replaces or rewrites them does not disturb; a new file is taken up whole or
 * not at all.  What cannot be told is unknown: country "", network 0.
 */
#ifndef FRAUDSINK_STATS_GEO_H
#define FRAUDSINK_STATS_GEO_H

#include <stdbool.h>
#include <stdint.h>

struct geo;

struct geo_place {
	char country[3]; /* ISO 3166-1, two letters; "": unknown */
	uint32_t asn;    /* 0: unknown */
};

/* For the files COUNTRY_DB and ASN_DB, which may be NULL, or the same; they are
 * opened by geo_refresh().  NULL when out of memory. */
struct geo *geo_new(const char *country_db, const char *asn_db);
void geo_free(struct geo *g);

/* Opens files that are there for the first time or were replaced.  TELL gets a
 * sentence for each that was opened (GOOD), and once for each that cannot be:
 * then the one before stays in use, if there is one. */
void geo_refresh(struct geo *g,
    void (*tell)(void *arg, bool good, const char *sentence), void *arg);

/* Where ADDR (IPv6, or IPv4 mapped) is. */
void geo_find(
    struct geo *g, const uint8_t addr[static 16], struct geo_place *place);

/* Calls EACH once for each network that geo_find() has found since the last
 * call, if its name is known. */
void geo_new_networks(struct geo *g,
    void (*each)(void *arg, uint32_t asn, const char *organisation), void *arg);

#endif
