/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zonetext.h - a zone as text that is kept
 *
 * The SOA record first, then the others in the order of linesort.h, each once;
 * a line each, "OWNER TTL IN TYPE RDATA" with tabs between, names absolute and
 * in lower case.  So a zone has one text, however it came here: a whole zone
 * and the zone before with the differences applied are the same octets.
 *
 * The text is written beside its place, synced and renamed: what is not whole
 * replaces nothing.
 */
#ifndef FRAUDSINK_FEEDS_ZONETEXT_H
#define FRAUDSINK_FEEDS_ZONETEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

struct zonetext;

/* Begins a text for the file TO of at most MAX octets.  Writing ends soon after
 * *STOP is set (may be NULL).  Both pointers must outlive *Z. */
int zonetext_open(struct zonetext **z, const char *to, uint64_t max,
    const atomic_bool *stop, struct fsk_error *err);

/* Frees Z, which may be NULL; a text that was not written leaves nothing. */
void zonetext_close(struct zonetext *z);

/* Adds a record, not a SOA.  FSK_EFORMAT if it is over MAX then. */
int zonetext_add(
    struct zonetext *z, const char *line, size_t len, struct fsk_error *err);

/* Adds a difference to the kept zone: a record that comes (IN) or goes.  Their
 * order counts. */
int zonetext_change(struct zonetext *z, bool in, const char *line, size_t len,
    struct fsk_error *err);

/* Writes the zone of SOA and the records added; *RECORDS of them. */
int zonetext_write(struct zonetext *z, const char *soa, uint64_t *records,
    struct fsk_error *err);

/* Writes the zone of SOA and what the differences make of the file HAVE.
 * FSK_EINVAL if they do not fit: a record goes that is not there or comes that
 * is, or HAVE is no such text. */
int zonetext_apply(struct zonetext *z, const char *have, const char *soa,
    uint64_t *records, struct fsk_error *err);

/* The SOA line of the file PATH, for free(), and its serial; NULL if the file
 * does not begin with a SOA of ZONE (absolute, as in the text). */
char *zonetext_soa(const char *path, const char *zone, uint32_t *serial);

#endif
