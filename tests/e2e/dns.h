/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dns.h - a small DNS client that sees every octet of an answer
 *
 * Letter case is kept, nothing is followed, retried or cached.  No function
 * here fails a test; those that can go wrong return NULL or say what is wrong.
 */
#ifndef FRAUDSINK_TESTS_DNS_H
#define FRAUDSINK_TESTS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_OPT = 41,
	TYPE_DS = 43,
	TYPE_RRSIG = 46,
	TYPE_DNSKEY = 48,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
	TYPE_ANY = 255,
	TYPE_CAA = 257,
	TYPE_UNKNOWN = 65280,
};

enum { CLASS_IN = 1, CLASS_CH = 3 };

enum { NOERROR = 0, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5 };

/* Bits of the header's flags. */
enum {
	DNS_QR = 0x8000,
	DNS_OPCODE = 0x7800,
	DNS_AA = 0x0400,
	DNS_TC = 0x0200,
	DNS_RD = 0x0100,
	DNS_RA = 0x0080,
	DNS_Z = 0x0040,
	DNS_AD = 0x0020,
	DNS_CD = 0x0010,
	DNS_RCODE = 0x000f,
};

#define DNS_NAME_MAX 255

struct dns_name {
	size_t len; /* root label included */
	uint8_t wire[DNS_NAME_MAX];
};

struct dns_query {
	const char *name; /* as text: \DDD for any octet */
	uint16_t type;
	uint16_t class; /* 0: IN */
	bool no_rd, ad, cd;
	bool edns, dnssec_ok; /* the second needs the first */
	bool tcp;
};

struct dns_rr {
	unsigned section; /* 1 answer, 2 authority, 3 additional */
	struct dns_name owner;
	uint16_t type, class, rdlen;
	uint32_t ttl;
	const uint8_t *rdata; /* as on the wire */
};

#define DNS_RRS_MAX	64
#define DNS_OPTIONS_MAX 8

struct dns_reply {
	uint8_t wire[65535];
	size_t len;
	uint16_t id, flags;
	unsigned rcode; /* of the header */
	unsigned count[4];
	struct dns_name qname;
	uint16_t qtype, qclass;
	struct dns_rr rr[DNS_RRS_MAX]; /* OPT is not among them */
	size_t rrs;
	bool edns, dnssec_ok;
	uint8_t ext_rcode, edns_version;
	struct {
		uint16_t code, len;
		const uint8_t *data;
	} option[DNS_OPTIONS_MAX];
	size_t options;
};

/* Reads TEXT; false if it is no name. */
bool dns_name(struct dns_name *name, const char *text);

/* Builds Q with ID; returns its length, 0 if its name is none. */
size_t dns_build(const struct dns_query *q, uint16_t id,
    uint8_t out[static 512]);

/* Takes R->wire, of R->len octets, apart; NULL, or what is wrong with it. */
const char *dns_parse(struct dns_reply *r);

/* Asks the server at ADDRESS and PORT and waits up to MS for the answer; NULL,
 * or what went wrong, among that "no answer". */
const char *dns_ask(const char *address, unsigned port,
    const struct dns_query *q, struct dns_reply *r, long ms);

/* The same with octets, over UDP; returns the answer's length or 0. */
size_t dns_exchange(const char *address, unsigned port, const uint8_t *query,
    size_t len, uint8_t *answer, size_t room, long ms);

/* A socket connected to ADDRESS and PORT, which waits up to MS; or -1. */
int dns_socket(const char *address, unsigned port, bool tcp, long ms);

#endif
