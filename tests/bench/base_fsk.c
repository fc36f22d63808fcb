/* SPDX-License-Identifier: BSD-3-Clause */
/* base_fsk.c - the front end alone, and our own database in its modes */
#include "lib/db.h"
#include "tests/bench/bench.h"

#include <stdlib.h>

static void *
null_open(const char *folder, const struct names *list, uint64_t *bytes)
{
	static const uint8_t key[FSK_KEY_LEN] = { 1, 2, 3 };
	struct fsk_key *k = must_alloc(sizeof(*k));

	(void)folder, (void)list;
	fsk_key_init(k, key);
	*bytes = 0;
	return k;
}

static bool
null_find(void *s, const uint8_t *wire, size_t len)
{
	struct fsk_query q;

	fsk_query_init(&q, s, wire, len);
	__asm__ volatile("" : : "r"(&q) : "memory");
	return false;
}

const struct kind kind_null = { "front end alone", null_open, null_find };

static void *
open_file(const char *folder, const char *file, enum fsk_db_load load,
    uint64_t *bytes)
{
	char *path = path_in(folder, file);
	struct fsk_db_info info;
	struct fsk_error err;
	struct fsk_db *db;

	if (fsk_db_open(&db, path, load, &err) != FSK_OK)
		die("%s", err.text);
	free(path);
	fsk_db_info(db, &info);
	*bytes = info.bytes;
	return db;
}

static void *
exact_open(const char *folder, const struct names *list, uint64_t *bytes)
{
	(void)list;
	return open_file(folder, "exact.fsdb", FSK_DB_COPY, bytes);
}

static void *
map_open(const char *folder, const struct names *list, uint64_t *bytes)
{
	(void)list;
	return open_file(folder, "exact.fsdb", FSK_DB_MAP, bytes);
}

static void *
secret_open(const char *folder, const struct names *list, uint64_t *bytes)
{
	(void)list;
	return open_file(folder, "secret.fsdb", FSK_DB_COPY, bytes);
}

static bool
fsk_find(void *s, const uint8_t *wire, size_t len)
{
	struct fsk_found found;
	struct fsk_query q;

	fsk_db_query(s, &q, wire, len);
	fsk_db_find(s, &q, &found);
	return found.covered;
}

const struct kind kind_exact = { "fraudsink", exact_open, fsk_find };
const struct kind kind_exact_map = { "fraudsink, mapped", map_open, fsk_find };
const struct kind kind_secret = { "fraudsink, secret", secret_open, fsk_find };
