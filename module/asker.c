/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/asker.h"

#include <string.h>

#define OPTION_ECS        8
#define OPTION_EDE        15
#define OPTION_STRUCTURED 26 /* assigned for the draft */

void
asker_address(
    uint8_t out[static FSK_ADDR_LEN], const struct sockaddr_storage *from)
{
	memset(out, 0, FSK_ADDR_LEN);
	if (from->ss_family == AF_INET) {
		out[10] = out[11] = 0xff;
		memcpy(
		    out + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		memcpy(
		    out, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	}
}

static enum fsk_transport
transport_of(const struct comm_point *c)
{
	switch (c->type) {
	case comm_tcp:
		return c->ssl != NULL ? FSK_TLS : FSK_TCP;
	case comm_http:
		return FSK_HTTPS;
#ifdef HAVE_NGTCP2
	case comm_doq:
		return FSK_QUIC;
#endif
	case comm_udp:
	case comm_tcp_accept:
	case comm_local:
	case comm_raw:
	default: /* an enum of Unbound's */
		return FSK_UDP;
	}
}

static const struct edns_option *
find_option(const struct edns_data *edns, uint16_t code)
{
	return edns == NULL || !edns->edns_present
	    ? NULL
	    : edns_opt_list_find(edns->opt_list_in, code);
}

/* Takes the prefix that the option names as an address: family, length, scope,
 * and the octets that it needs (RFC 7871 section 6).  One that is none changes
 * nothing, and neither does one of no length, which says: nobody in particular.
 */
static void
read_ecs(uint8_t addr[static FSK_ADDR_LEN], const struct edns_option *o)
{
	const uint8_t *p = o->opt_data;
	const unsigned family = o->opt_len >= 4 ? p[0] * 256u + p[1] : 0;
	const size_t most = family == 1 ? 4 : family == 2 ? 16 : 0;
	const unsigned bits = most > 0 ? p[2] : 0;
	const size_t len = (bits + 7u) / 8;

	if (bits == 0 || bits > 8 * most || o->opt_len - 4 < len ||
	    o->opt_len - 4 > most)
		return;
	memset(addr, 0, FSK_ADDR_LEN);
	if (family == 1) {
		addr[10] = addr[11] = 0xff;
		addr += 12;
	}
	memcpy(addr, p + 4, len);
	if (bits % 8 != 0)
		addr[len - 1] &= (uint8_t)(0xff00 >> bits % 8);
}

void
asker_read(struct asker *a, const struct comm_reply *repinfo,
    const struct edns_data *edns, bool ecs)
{
	const struct edns_option *o = ecs ? find_option(edns, OPTION_ECS)
					  : NULL;

	asker_address(a->addr, &repinfo->client_addr);
	if (o != NULL)
		read_ecs(a->addr, o);
	a->transport = transport_of(repinfo->c);
	a->wants_signed = edns != NULL && edns->edns_present &&
	    (edns->bits & EDNS_DO) != 0;
}

bool
asker_reads_json(const struct edns_data *edns)
{
	return find_option(edns, OPTION_EDE) != NULL ||
	    find_option(edns, OPTION_STRUCTURED) != NULL;
}
