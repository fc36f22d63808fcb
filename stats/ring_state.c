/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/ring_state.h"

#include "lib/bytes.h"

#define VERSION 1

/* N numbers of A, each followed by one of B if there is that. */
static uint8_t *
put_numbers(uint8_t *out, const uint64_t *a, const uint64_t *b, unsigned n)
{
	while (n > 0 && a[n - 1] == 0 && (b == NULL || b[n - 1] == 0))
		n--;
	fsk_put16(out, (uint16_t)n);
	out += 2;
	for (unsigned i = 0; i < n; i++, out += 8) {
		fsk_put64(out, a[i]);
		if (b != NULL)
			fsk_put64(out += 8, b[i]);
	}
	return out;
}

size_t
ring_state_pack(const struct store_ring *r, uint8_t *out)
{
	uint8_t *p = out;

	*p++ = VERSION;
	p = put_numbers(p, r->position, NULL, FSK_RING_WORKERS);
	p = put_numbers(p, r->counter, NULL, FSK_COUNTERS);
	p = put_numbers(p, r->total, NULL, FSK_TOTALS);
	p = put_numbers(p, r->hits, r->unique, FSK_RING_LABELS);
	return (size_t)(p - out);
}

/* Reads at most MOST; NULL if that is not what stands there. */
static const uint8_t *
get_numbers(const uint8_t *in, const uint8_t *end, uint64_t *a, uint64_t *b,
    unsigned most)
{
	const size_t each = b != NULL ? 16 : 8;
	unsigned n;

	if (in == NULL || end - in < 2)
		return NULL;
	n = fsk_get16(in);
	in += 2;
	if (n > most || n * each > (size_t)(end - in))
		return NULL;
	for (unsigned i = 0; i < n; i++, in += each) {
		a[i] = fsk_get64(in);
		if (b != NULL)
			b[i] = fsk_get64(in + 8);
	}
	return in;
}

bool
ring_state_unpack(struct store_ring *r, const uint8_t *in, size_t len)
{
	const uint8_t *end = in + len;

	if (len == 0 || *in++ != VERSION)
		return false;
	in = get_numbers(in, end, r->position, NULL, FSK_RING_WORKERS);
	in = get_numbers(in, end, r->counter, NULL, FSK_COUNTERS);
	in = get_numbers(in, end, r->total, NULL, FSK_TOTALS);
	in = get_numbers(in, end, r->hits, r->unique, FSK_RING_LABELS);
	return in == end;
}
