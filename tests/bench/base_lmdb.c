/* SPDX-License-Identifier: BSD-3-Clause */
/* base_lmdb.c - LMDB: keys are text, written in order, one lasting read
 * transaction without locks, a look-up a suffix */
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

struct lmdb {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
};

static void
must(int rc)
{
	if (rc != MDB_SUCCESS)
		die("lmdb: %s", mdb_strerror(rc));
}

/* Turns a name in wire form to text: length octets become dots.  The text
 * begins at the second octet. */
static void
to_text(uint8_t *name, const uint8_t *at, unsigned labels)
{
	for (unsigned i = 0; i < labels; i++)
		name[at[i]] = '.';
}

static void
start(struct lmdb *m, const char *path, unsigned flags, unsigned txn_flags)
{
	must(mdb_env_create(&m->env));
	must(mdb_env_set_mapsize(m->env, (size_t)8 << 30));
	must(mdb_env_open(
	    m->env, path, MDB_NOSUBDIR | MDB_NOLOCK | flags, 0666));
	must(mdb_txn_begin(m->env, NULL, txn_flags, &m->txn));
	must(mdb_dbi_open(m->txn, NULL, 0, &m->dbi));
}

static void
make(const char *path, const struct names *list)
{
	struct lmdb m;

	start(&m, path, MDB_NOSYNC, 0);
	for (size_t i = 0; i < list->n; i++) {
		uint8_t name[FSK_NAME_MAX + 8], at[FSK_LABELS_MAX];
		size_t len;
		const uint8_t *wire = names_get(list, i, &len);
		MDB_val key, none = { 0, NULL };

		to_text(name, at, fold(name, at, wire, len));
		key.mv_data = name + 1;
		key.mv_size = len - 2;
		must(mdb_put(m.txn, m.dbi, &key, &none, MDB_APPEND));
	}
	must(mdb_txn_commit(m.txn));
	mdb_env_close(m.env);
}

static void *
lmdb_open(const char *folder, const struct names *list, uint64_t *bytes)
{
	char *path = path_in(folder, "list.lmdb");
	struct lmdb *m = must_alloc(sizeof(*m));
	struct stat st;

	if (access(path, F_OK) != 0)
		make(path, list);
	start(m, path, MDB_RDONLY, MDB_RDONLY);
	if (stat(path, &st) != 0)
		die("cannot stat '%s'", path);
	*bytes = (uint64_t)st.st_size;
	free(path);
	return m;
}

static bool
lmdb_find(void *s, const uint8_t *wire, size_t len)
{
	struct lmdb *m = s;
	uint8_t name[FSK_NAME_MAX + 8], at[FSK_LABELS_MAX];
	unsigned labels = fold(name, at, wire, len);

	to_text(name, at, labels);
	for (unsigned i = 0; i + 1 < labels; i++) {
		MDB_val key = { len - 2u - at[i], name + at[i] + 1 }, value;

		if (mdb_get(m->txn, m->dbi, &key, &value) == MDB_SUCCESS)
			return true;
	}
	return false;
}

const struct kind kind_lmdb = { "LMDB", lmdb_open, lmdb_find };
