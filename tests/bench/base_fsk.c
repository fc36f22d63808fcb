/* SPDX-License-Identifier: BSD-3-Clause */
/* base_fsk.c - the front end alone and with one cache line from memory, and our
 * own database in its modes */
#include "lib/db.h"
#include "tests/bench/bench.h"

#include <stdlib.h>
#include <string.h>

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

/* What no look-up can do without: a line of an array as large as our lines. */
struct array {
	struct fsk_key key;
	const uint8_t *octets;
	size_t lines;
};

static void *
line_open(const char *folder, const struct names *list, uint64_t *bytes)
{
	struct array *a = must_alloc(sizeof(*a));
	uint8_t *octets;
	struct fsk_db_info info;
	void *db = open_file(folder, "exact.fsdb", FSK_DB_MAP, bytes);

	(void)list;
	fsk_db_info(db, &info);
	a->key = *fsk_db_key(db);
	fsk_db_close(db);
	a->lines = info.lines;
	octets = must_alloc_pages(a->lines * 64, true);
	memset(octets, 1, a->lines * 64);
	a->octets = octets;
	*bytes = a->lines * 64;
	return a;
}

static bool
line_find(void *s, const uint8_t *wire, size_t len)
{
	const struct array *a = s;
	struct fsk_query q;
	size_t at;

	fsk_query_init(&q, &a->key, wire, len);
	at = (size_t)((fsk_u128)q.loc[q.labels < 2 ? q.labels : 2] * a->lines >>
	    64);
	return a->octets[at * 64] == 0;
}

const struct kind kind_line = { "front end, one line", line_open, line_find };

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
