/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dnswire.h - DNS messages, and the keyed hashes for signing them
 *
 * The one place that knows ldns.  It decodes names, records and base64 and
 * hashes; a message is walked and bounded here, since ldns takes a record for
 * as long as its fields are and a text of many strings for 64 KB each.  Nothing
 * that a message says makes more memory than a line is needed.
 */
#ifndef FRAUDSINK_FEEDS_DNSWIRE_H
#define FRAUDSINK_FEEDS_DNSWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/name.h"

enum { DNS_SOA = 6, DNS_TSIG = 250, DNS_IXFR = 251, DNS_AXFR = 252 };

#define DNS_HEADER    12
#define DNS_QUERY_MAX 512                /* without a signature */
#define DNS_TEXT_MAX  (FSK_TEXT_MAX + 1) /* a name with its dot at the end */
/* A record as text: at most four characters for each of 65535 octets, and its
 * owner. */
#define DNS_LINE_MAX (300u << 10)

/* ---- names ---- */

/* Writes WIRE, a checked name, as zone files have it: absolute, letters as they
 * are, "*" and most others literal, escaped what means something to a reader of
 * zone text.  Returns the length. */
size_t dns_name(const uint8_t *wire, char text[static DNS_TEXT_MAX]);

/* ---- messages ---- */

struct dns_message {
	const uint8_t *at; /* borrowed */
	size_t len;
	uint16_t id, flags;
	unsigned rcode, questions, answers;
	/* Of the question. */
	struct fsk_name name;
	unsigned type;
	size_t next; /* where the next record of the answer begins */
	size_t tsig; /* where that record begins; 0: none */
};

/* Looks through the LEN octets at WIRE, which must outlive M.  Returns NULL, or
 * why they are no message that can answer a question (a constant). */
const char *dns_open(struct dns_message *m, const uint8_t *wire, size_t len);

/* A record as zonetext.h has it. */
struct dns_line {
	size_t len;
	bool soa;
	uint32_t serial;      /* of a SOA */
	struct fsk_name name; /* its owner */
	char text[DNS_LINE_MAX];
};

/* Takes the next of the answer's records, M->answers of them.  Returns NULL, or
 * what is wrong with it (a constant). */
const char *dns_next(struct dns_message *m, struct dns_line *line);

/* Writes the question for ZONE, with a SOA of SERIAL if TYPE is DNS_IXFR (RFC
 * 1995 section 3).  Returns its length; 0 when out of memory. */
size_t dns_query(uint8_t out[static DNS_QUERY_MAX], uint16_t id,
    const struct fsk_name *zone, unsigned type, uint32_t serial);

/* The fields of a TSIG record (RFC 8945 section 4.2). */
struct dns_tsig {
	struct fsk_name key, algorithm;
	uint8_t time[6], fudge[2], error[2];
	uint16_t id;
	size_t mac_len, other_len;
	uint8_t mac[64];
	uint8_t other[16];
};

/* Reads that of M, which has one; false if it cannot be read. */
bool dns_tsig(const struct dns_message *m, struct dns_tsig *tsig);

/* ---- keyed hashes (RFC 2104) ---- */

struct dns_mac;

#define DNS_MAC_MAX 64

/* A hash for ALGORITHM ("hmac-sha256", with or without a dot at the end) and
 * the base64 text SECRET.  Returns NULL and in *WHY (a constant) the reason. */
struct dns_mac *dns_mac_new(
    const char *algorithm, const char *secret, const char **why);

/* Frees M, which may be NULL, and wipes the key. */
void dns_mac_free(struct dns_mac *m);

/* Octets of a result. */
size_t dns_mac_len(const struct dns_mac *m);

/* Begins (a new one has begun), hashes LEN octets more, gives the result and
 * begins anew. */
void dns_mac_begin(struct dns_mac *m);
void dns_mac_add(struct dns_mac *m, const void *p, size_t len);
void dns_mac_end(struct dns_mac *m, uint8_t out[static DNS_MAC_MAX]);

#endif
