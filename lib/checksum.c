/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/checksum.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t
fsk_checksum(const void *p, size_t len)
{
	return XXH3_64bits(p, len);
}

struct fsk_checksum *
fsk_checksum_new(void)
{
	XXH3_state_t *s = XXH3_createState();

	if (s != NULL)
		XXH3_64bits_reset(s);
	return (struct fsk_checksum *)s;
}

void
fsk_checksum_add(struct fsk_checksum *c, const void *p, size_t len)
{
	XXH3_64bits_update((XXH3_state_t *)c, p, len);
}

uint64_t
fsk_checksum_end(struct fsk_checksum *c)
{
	uint64_t sum = XXH3_64bits_digest((XXH3_state_t *)c);

	XXH3_freeState((XXH3_state_t *)c);
	return sum;
}
