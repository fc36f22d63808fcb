/* SPDX-License-Identifier: BSD-3-Clause */
/* base_cdb.c - tinycdb: keys in wire form, no values, a look-up a suffix */
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static void
make(const char *path, const struct names *list)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct cdb_make m;

	if (fd == -1)
		die("cannot write '%s': %s", path, strerror(errno));
	cdb_make_start(&m, fd);
	for (size_t i = 0; i < list->n; i++) {
		size_t len;
		const uint8_t *wire = names_get(list, i, &len);

		if (cdb_make_add(&m, wire, (unsigned)len, "", 0) != 0)
			die("cannot write '%s': %s", path, strerror(errno));
	}
	if (cdb_make_finish(&m) != 0 || close(fd) != 0)
		die("cannot write '%s': %s", path, strerror(errno));
}

static void *
cdb_open_list(const char *folder, const struct names *list, uint64_t *bytes)
{
	char *path = path_in(folder, "list.cdb");
	struct cdb *c = must_alloc(sizeof(*c));
	struct stat st;
	int fd;

	if (access(path, F_OK) != 0)
		make(path, list);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) != 0 || cdb_init(c, fd) != 0)
		die("cannot open '%s': %s", path, strerror(errno));
	*bytes = (uint64_t)st.st_size;
	free(path);
	return c;
}

static bool
cdb_find_name(void *s, const uint8_t *wire, size_t len)
{
	uint8_t name[FSK_NAME_MAX + 8], at[FSK_LABELS_MAX];
	unsigned labels = fold(name, at, wire, len);

	for (unsigned i = 0; i + 1 < labels; i++)
		if (cdb_find(s, name + at[i], (unsigned)len - at[i]) > 0)
			return true;
	return false;
}

const struct kind kind_cdb = { "tinycdb", cdb_open_list, cdb_find_name };
