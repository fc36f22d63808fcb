/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sums.h - makes the checksums of a patched database fit
 *
 * So that what stands behind them is reached.
 */
#ifndef FRAUDSINK_TESTS_SUMS_H
#define FRAUDSINK_TESTS_SUMS_H

#include "lib/checksum.h"
#include "lib/db_layout.h"

static inline void
fix_sums(uint8_t *image, size_t len)
{
	uint32_t n;

	if (len < FSK_HEADER_LEN)
		return;
	n = fsk_get32(image + FSK_H_SECTIONS);
	for (uint32_t i = 0; i < n && i < FSK_SECTIONS_MAX; i++) {
		uint8_t *row = image + FSK_H_TABLE + i * FSK_SECTION_LEN;
		uint64_t at = fsk_get64(row + FSK_S_OFFSET);
		uint64_t length = fsk_get64(row + FSK_S_LENGTH);

		if (at <= len && length <= len - at)
			fsk_put64(row + FSK_S_CHECKSUM,
			    fsk_checksum(image + at, length));
	}
	fsk_put64(image + FSK_H_CHECKSUM, fsk_checksum(image, FSK_H_CHECKSUM));
}

/* Where section TYPE begins, and the row that says so. */
static inline uint8_t *
section_row(uint8_t *image, uint32_t type)
{
	uint8_t *row = image + FSK_H_TABLE;

	for (uint32_t i = 0; i < fsk_get32(image + FSK_H_SECTIONS);
	     i++, row += FSK_SECTION_LEN)
		if (fsk_get32(row + FSK_S_TYPE) == type)
			return row;
	return NULL;
}

#endif
