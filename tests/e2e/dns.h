/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dns.h - a small DNS client that shows everything of an answer
 */
#ifndef FRAUDSINK_TESTS_DNS_H
#define FRAUDSINK_TESTS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	T_A = 1,
	T_NS = 2,
	T_CNAME = 5,
	T_SOA = 6,
	T_PTR = 12,
	T_MX = 15,
	T_TXT = 16,
	T_AAAA = 28,
	T_SRV = 33,
	T_DNAME = 39,
	T_DS = 43,
	T_DNSKEY = 48,
	T_SVCB = 64,
	T_HTTPS = 65,
	T_ANY = 255,
	T_CAA = 257
};
enum {
	EDE_STALE = 3,
	EDE_FORGED,
	EDE_BLOCKED = 15,
	EDE_CENSORED,
	EDE_FILTERED
};
enum { NOERROR = 0, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5 };
enum {
	F_QR = 0x8000,
	F_AA = 0x0400,
	F_TC = 0x0200,
	F_RD = 0x0100,
	F_RA = 0x0080,
	F_AD = 0x0020,
	F_CD = 0x0010
};

/* What is asked. */
struct ask {
	const char *name;    /* text, in the letter case to be sent */
	const uint8_t *wire; /* or the wire form, with its length */
	size_t wire_len;
	uint16_t qtype;  /* 0: A */
	uint16_t qclass; /* 0: IN */
	uint16_t flags;  /* F_RD is set unless no_rd */
	bool no_rd, edns, dnssec, tcp;
	unsigned timeout_ms; /* 0: 5000 */
	const char *from;    /* the client's address; NULL: any */
	/* Options of EDNS as they are sent, which `edns` or `dnssec` is for. */
	const uint8_t *options;
	size_t options_len;
};

struct rr {
	uint8_t owner[256]; /* wire, uncompressed, letter case as sent */
	size_t owner_len;
	uint16_t type;
	uint32_t ttl;
	size_t rdata, rdlen; /* offset in reply->wire */
	unsigned section;    /* 1 answer, 2 authority, 3 additional */
};

struct reply {
	uint8_t wire[65535];
	size_t len;
	uint16_t flags, rcode;
	uint8_t qname[256]; /* as it came back */
	size_t qname_len;
	struct rr rr[64];
	unsigned rrs;
	bool edns;
	int ede; /* INFO-CODE of the first, -1: none */
	unsigned edes;
	char ede_text[1024];
};

/* Asks ADDRESS:PORT; false if no answer came in time or over TCP. */
bool dns_ask(
    const char *address, unsigned port, const struct ask *ask, struct reply *r);

/* The question as octets, with ID; Q has room for 600.  Returns how many. */
size_t dns_make(const struct ask *ask, uint16_t id, uint8_t *q);

/* Reads the R->len octets of R->wire. */
void dns_read(struct reply *r);

/* Records of TYPE (0: any) in SECTION, OPT not counted. */
unsigned dns_count(const struct reply *r, unsigned section, uint16_t type);

/* The first record of TYPE in SECTION, or NULL. */
const struct rr *dns_first(
    const struct reply *r, unsigned section, uint16_t type);

/* Text to wire, letter case kept; returns the length. */
size_t dns_wire(const char *text, uint8_t out[static 256]);

#endif
