/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader: whatever a file holds, opening it is an error or it can be used.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/checksum.h"
#include "lib/db.h"
#include "lib/db_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Makes all checksums fit, so that what lies behind them is tried too. */
static void
fix_checksums(uint8_t *p, size_t size)
{
	uint32_t n = fsk_get32(p + FSK_H_SECTIONS);

	for (uint32_t i = 0; i < n && i < FSK_SECTIONS_MAX; i++) {
		uint8_t *row = p + FSK_H_TABLE + i * FSK_SECTION_LEN;
		uint64_t at = fsk_get64(row + FSK_S_OFFSET);
		uint64_t len = fsk_get64(row + FSK_S_LENGTH);

		if (at <= size && len <= size - at)
			fsk_put64(
			    row + FSK_S_CHECKSUM, fsk_checksum(p + at, len));
	}
	fsk_put64(p + FSK_H_FILE_LEN, size);
	fsk_put64(p + FSK_H_CHECKSUM, fsk_checksum(p, FSK_H_CHECKSUM));
}

static int
each(void *arg, const struct fsk_name *name, uint32_t attr)
{
	const struct fsk_db *db = arg;
	struct fsk_name copy;
	struct fsk_found found;
	struct fsk_query q;
	struct fsk_attr a;

	if (!fsk_name_from_wire(&copy, name->wire, name->len))
		abort();
	fsk_db_attr(db, attr, &a);
	if (strlen(a.category) > 1u << 30)
		abort();
	for (unsigned i = 0; i < a.feeds; i++)
		if (strlen(fsk_db_attr_feed(db, attr, i)) > 1u << 30)
			abort();
	fsk_db_query(db, &q, copy.wire, copy.len);
	fsk_db_find(db, &q, &found);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t *const names[] = { (const uint8_t *)"\0",
		(const uint8_t *)"\4test\0", (const uint8_t *)"\1a\4test\0",
		(const uint8_t *)"\3www\4evil\4test\0",
		(const uint8_t *)"\1a\1b\1c\1d\1e\1f\1g\7example\0" };
	struct fsk_db_section s;
	struct fsk_error err;
	struct fsk_db *db;
	uint8_t *p;

	if (size == 0)
		return 0;
	p = aligned_alloc(64, (size + 63) / 64 * 64);
	if (p == NULL)
		return 0;
	memcpy(p, data, size);
	if (size >= FSK_HEADER_LEN && size % 2 == 0)
		fix_checksums(p, size);
	if (fsk_db_open_memory(&db, p, size, &err) == FSK_OK) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			struct fsk_found found;
			struct fsk_query q;
			size_t len = strlen((const char *)names[i]) + 1;

			fsk_db_query(db, &q, names[i], len);
			fsk_db_find(db, &q, &found);
		}
		fsk_db_each(db, each, db, &err);
		for (unsigned i = 0; fsk_db_section(db, i, &s); i++)
			;
		fsk_db_close(db);
	}
	free(p);
	return 0;
}
