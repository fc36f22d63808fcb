/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bytes.h - little-endian loads and stores at any alignment
 */
#ifndef FRAUDSINK_BYTES_H
#define FRAUDSINK_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FSK_LE16(x) __builtin_bswap16(x)
#define FSK_LE32(x) __builtin_bswap32(x)
#define FSK_LE64(x) __builtin_bswap64(x)
#else
#define FSK_LE16(x) (x)
#define FSK_LE32(x) (x)
#define FSK_LE64(x) (x)
#endif

static inline uint16_t
fsk_get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return FSK_LE16(v);
}

static inline uint32_t
fsk_get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return FSK_LE32(v);
}

static inline uint64_t
fsk_get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return FSK_LE64(v);
}

static inline void
fsk_put16(uint8_t *p, uint16_t v)
{
	v = FSK_LE16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
fsk_put32(uint8_t *p, uint32_t v)
{
	v = FSK_LE32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
fsk_put64(uint8_t *p, uint64_t v)
{
	v = FSK_LE64(v);
	memcpy(p, &v, sizeof(v));
}

/* Reads an unsigned number of WIDTH (0 to 4) octets. */
static inline uint32_t
fsk_get_width(const uint8_t *p, unsigned width)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v |= (uint32_t)p[i] << (8 * i);
	return v;
}

static inline void
fsk_put_width(uint8_t *p, unsigned width, uint32_t v)
{
	for (unsigned i = 0; i < width; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

#endif
