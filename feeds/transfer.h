/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * transfer.h - zones from name servers (AXFR, IXFR, TSIG)
 *
 * Where a zone was kept from last time the server is asked for what changed
 * since; otherwise, or where that cannot be used, for the whole zone.  The text
 * is the same either way (zonetext.h).  What is not whole, or not signed as it
 * should be, replaces nothing.
 */
#ifndef FRAUDSINK_FEEDS_TRANSFER_H
#define FRAUDSINK_FEEDS_TRANSFER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct transfer_request {
	const char *feed; /* who asks; WHY does not repeat it */
	/* "192.0.2.1", "[2001:db8::1]:5353", "host", "host:port"; else port 53.
	 * The addresses of a name are tried in the system's order. */
	const char *server;
	const char *zone;
	const char *to;   /* the file for the zone, replaced when it is whole */
	const char *have; /* the file kept from last time; NULL: none */
	/* Name NULL: not signed.  Algorithm NULL: hmac-sha256; hmac-sha1,
	 * -sha384 and -sha512 will do, too.  Secret: base64, never shown. */
	const char *tsig_name, *tsig_algorithm, *tsig_secret;
	uint64_t max_bytes;   /* of what is received, and of the text */
	uint64_t max_seconds; /* for all but writing what came */
	/* To connect; a server that is silent for three times that is given
	 * up. */
	uint64_t connect_seconds;
	unsigned retries;        /* after failures of the network */
	unsigned backoff_ms;     /* before the first retry; 0: 1000 */
	const atomic_bool *stop; /* ends soon after it is set; may be NULL */
};

enum transfer_status { TRANSFER_NEW, TRANSFER_UNCHANGED, TRANSFER_FAILED };

struct transfer_result {
	enum transfer_status status;
	uint32_t serial;  /* of the zone as it is now; not if FAILED */
	uint64_t bytes;   /* received */
	uint64_t records; /* in the zone; only if NEW */
	bool incremental; /* NEW, by differences */
	char why[256];    /* FAILED */
};

/* Gets the zone that *REQ names; *RES tells what became of it.  Waits until it
 * is there: give it a thread of its own; many may run at once.  Finding the
 * addresses of a name takes as long as the system's resolver takes. */
void transfer(const struct transfer_request *req, struct transfer_result *res);

#endif
