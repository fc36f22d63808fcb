/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/reach.h"

#include <string.h>

/* How far in an address is. */
enum depth {
	PUBLIC,
	PRIVATE, /* of a network of the operator's */
	OURS,    /* this machine */
	NOBODYS, /* of one link, of many, or of none */
};

static const struct {
	const char *prefix;
	enum depth depth;
} known[] = {
	{ "0.0.0.0/8", NOBODYS },
	{ "10.0.0.0/8", PRIVATE },
	{ "100.64.0.0/10", PRIVATE },
	{ "127.0.0.0/8", OURS },
	{ "169.254.0.0/16", NOBODYS },
	{ "172.16.0.0/12", PRIVATE },
	{ "192.0.0.0/24", PRIVATE },
	{ "192.168.0.0/16", PRIVATE },
	{ "198.18.0.0/15", PRIVATE },
	{ "224.0.0.0/3", NOBODYS },
	{ "::", NOBODYS },
	{ "::1", OURS },
	{ "fc00::/7", PRIVATE },
	{ "fe80::/10", NOBODYS },
	{ "fec0::/10", PRIVATE },
	{ "ff00::/8", NOBODYS },
};

static enum depth
depth_of(const uint8_t addr[static FSK_ADDR_LEN])
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	uint8_t a[FSK_ADDR_LEN], at[FSK_ADDR_LEN];
	unsigned bits;

	memcpy(a, addr, sizeof(a));
	if (memcmp(a, nat64, sizeof(nat64)) == 0) { /* one of IPv4 (RFC 6052) */
		memset(a, 0, 10);
		memset(a + 10, 0xff, 2);
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (fsk_prefix_read(known[i].prefix, at, &bits) == NULL &&
		    fsk_prefix_holds(at, bits, a))
			return known[i].depth;
	return PUBLIC;
}

bool
reach_may_lead(const uint8_t from[static FSK_ADDR_LEN],
    const uint8_t to[static FSK_ADDR_LEN])
{
	const enum depth depth = depth_of(to);

	return depth != NOBODYS && depth <= depth_of(from);
}
