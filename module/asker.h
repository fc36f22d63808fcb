/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * asker.h - who asks, and how
 */
#ifndef FRAUDSINK_MODULE_ASKER_H
#define FRAUDSINK_MODULE_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/prefix.h"
#include "lib/ring.h"
#include "module/unbound.h"

struct asker {
	uint8_t addr[FSK_ADDR_LEN]; /* IPv6, or IPv4 mapped */
	enum fsk_transport transport;
	bool wants_signed; /* DO bit (RFC 3225) */
};

/* Fills in *A for the client REPINFO with the options EDNS; with ECS, the
 * client is whom its EDNS client subnet names (RFC 7871), if it names one. */
void asker_read(struct asker *a, const struct comm_reply *repinfo,
    const struct edns_data *edns, bool ecs);

/* Writes the address FROM to OUT, all zero if it is of no family that has one.
 */
void asker_address(
    uint8_t out[static FSK_ADDR_LEN], const struct sockaddr_storage *from);

/* Whether the client reads the JSON of draft-ietf-dnsop-structured-dns-error:
 * it sends an EDE option of its own (section 5.1), or option 26. */
bool asker_reads_json(const struct edns_data *edns);

#endif
