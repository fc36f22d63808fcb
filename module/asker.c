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

/* Takes the address that the option names: family, prefix length, scope, and
 * the octets that the prefix needs (RFC 7871 section 6). */
static void
read_ecs(uint8_t addr[static FSK_ADDR_LEN], const struct edns_option *o)
{
	const uint8_t *p = o->opt_data;
	const unsigned family = o->opt_len >= 4 ? p[0] * 256u + p[1] : 0;
	const size_t len = o->opt_len >= 4 ? o->opt_len - 4u : 0;

	/* A prefix of no length says: nobody in particular. */
	if (family == 0 || p[2] == 0)
		return;
	if (family == 1 && len <= 4) {
		memset(addr, 0, FSK_ADDR_LEN);
		addr[10] = addr[11] = 0xff;
		memcpy(addr + 12, p + 4, len);
	} else if (family == 2 && len <= 16) {
		memset(addr, 0, FSK_ADDR_LEN);
		memcpy(addr, p + 4, len);
	}
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
