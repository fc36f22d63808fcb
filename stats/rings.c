/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/rings.h"

uint64_t
ring_counter(const struct fsk_ring_reader *r, unsigned counter)
{
	uint64_t sum = 0;

	for (unsigned w = 0; w < fsk_ring_workers(r); w++)
		sum += fsk_ring_counter(r, w, counter);
	return sum;
}

uint64_t
ring_blocked(const struct fsk_ring_reader *r)
{
	uint64_t sum = 0;

	for (unsigned i = FSK_COUNT_SEVERITY; i < FSK_COUNT_ACTION; i++)
		sum += ring_counter(r, i);
	return sum;
}

unsigned
rings_sum(const struct conf *c, uint64_t *answered, uint64_t *blocked)
{
	unsigned n = 0;

	*answered = *blocked = 0;
	for (size_t i = 0; i < c->rings.n; i++) {
		struct fsk_ring_reader *r;

		if (fsk_ring_attach(&r, c->rings.at[i], true, NULL) != FSK_OK)
			continue;
		*answered += ring_counter(r, FSK_COUNT_ANSWERED);
		*blocked += ring_blocked(r);
		fsk_ring_detach(r);
		n++;
	}
	return n;
}
