/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * xfr.h - the order of records in a zone transfer
 *
 * A whole zone is its SOA, the other records, and the SOA again (RFC 5936
 * section 2.2).  Differences are the new SOA, then for each step the old SOA,
 * what goes, the SOA of the step and what comes, and the new SOA again; a
 * server may answer the question for them with the whole zone or with its SOA
 * alone, if that is not newer (RFC 1995 section 4).  Serials are compared as
 * RFC 1982 says.
 */
#ifndef FRAUDSINK_FEEDS_XFR_H
#define FRAUDSINK_FEEDS_XFR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feeds/zonetext.h"
#include "lib/err.h"

enum xfr_state {
	XFR_START,     /* no record yet */
	XFR_SECOND,    /* differences or the whole zone: the next one tells */
	XFR_WHOLE,     /* in a whole zone */
	XFR_GOES,      /* in what goes */
	XFR_COMES,     /* in what comes */
	XFR_END,       /* the zone is there */
	XFR_UNCHANGED, /* the kept zone is the server's */
};

struct xfr {
	struct zonetext *text;    /* the caller's; it gets the records */
	bool differences;         /* they were asked for */
	const char *kept_soa;     /* of the kept zone; NULL: none */
	uint32_t kept_serial;     /* of that */
	enum xfr_state state;     /* begins as XFR_START */
	bool incremental;         /* text has differences */
	char *soa;                /* the new one, owned */
	uint32_t serial, reached; /* the new one; that of the step */
};

/* Takes the next record; SERIAL counts if it is a SOA of the zone.  Look at the
 * state then.  FSK_EINVAL: the differences are of no use, ask for the whole
 * zone; FSK_EFORMAT: this is no transfer; others from zonetext.h. */
int xfr_take(struct xfr *x, const char *line, size_t len, bool soa,
    uint32_t serial, struct fsk_error *err);

/* Frees what X owns. */
void xfr_fini(struct xfr *x);

/* Whether the serial A is newer than B (RFC 1982 section 3.2). */
bool xfr_newer(uint32_t a, uint32_t b);

#endif
