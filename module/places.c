/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/places.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One file. */
struct file {
	char *path; /* NULL: none */
	bool open;
	MMDB_s db;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

struct places {
	struct file country, network;
};

static void
identify(struct file *f, const struct stat *st)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = st->st_size;
	f->mtime = st->st_mtim;
}

static bool
open_file(struct file *f, const char *path, char why[static 256])
{
	struct stat st;
	int rc;

	f->path = strdup(path);
	if (*path == '\0')
		return false;
	if (f->path == NULL) {
		snprintf(why, 256, "out of memory");
		return false;
	}
	if (stat(path, &st) == 0)
		identify(f, &st);
	rc = MMDB_open(path, MMDB_MODE_MMAP, &f->db);
	f->open = rc == MMDB_SUCCESS;
	if (!f->open)
		snprintf(why, 256, "cannot open '%.128s': %.96s", path,
		    MMDB_strerror(rc));
	return f->open;
}

static void
close_file(struct file *f)
{
	if (f->open)
		MMDB_close(&f->db);
	free(f->path);
}

struct places *
places_open(const char *country, const char *network, char why[static 256])
{
	struct places *p = calloc(1, sizeof(*p));
	bool any;

	why[0] = '\0';
	if (p == NULL) {
		snprintf(why, 256, "out of memory");
		return NULL;
	}
	any = open_file(&p->country, country, why);
	any |= open_file(&p->network, network, why);
	if (!any) {
		places_close(p);
		return NULL;
	}
	return p;
}

void
places_close(struct places *p)
{
	if (p == NULL)
		return;
	close_file(&p->country);
	close_file(&p->network);
	free(p);
}

static bool
outdated(const struct file *f, const char *path)
{
	struct stat st;

	if (f->path == NULL || strcmp(f->path, path) != 0)
		return true;
	/* What is gone stays in use as it is. */
	return *path != '\0' && stat(path, &st) == 0 &&
	    (st.st_dev != f->dev || st.st_ino != f->ino ||
		st.st_size != f->size || st.st_mtim.tv_sec != f->mtime.tv_sec ||
		st.st_mtim.tv_nsec != f->mtime.tv_nsec);
}

bool
places_outdated(
    const struct places *p, const char *country, const char *network)
{
	return p == NULL || outdated(&p->country, country) ||
	    outdated(&p->network, network);
}

/* ---- looking up ---- */

static bool
find(const struct file *f, const uint8_t addr[static FSK_ADDR_LEN],
    MMDB_lookup_result_s *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const bool is_v4 = memcmp(addr, mapped, sizeof(mapped)) == 0;
	int error;

	if (!f->open)
		return false;
	memcpy(&v4.sin_addr, addr + 12, 4);
	memcpy(&v6.sin6_addr, addr, 16);
	*out = MMDB_lookup_sockaddr(&f->db,
	    is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
	    &error);
	return error == MMDB_SUCCESS && out->found_entry;
}

/* Copies the text of two capitals at the path. */
static bool
read_code(MMDB_entry_s *e, const char *const *path, char code[static 3])
{
	MMDB_entry_data_s d;

	if (MMDB_aget_value(e, &d, path) != MMDB_SUCCESS || !d.has_data ||
	    d.type != MMDB_DATA_TYPE_UTF8_STRING || d.data_size != 2)
		return false;
	memcpy(code, d.utf8_string, 2);
	code[2] = '\0';
	return true;
}

static uint32_t
read_network(MMDB_entry_s *e)
{
	static const char *const number[] = { "autonomous_system_number",
		NULL };
	static const char *const word[] = { "asn", NULL };
	MMDB_entry_data_s d;

	if (MMDB_aget_value(e, &d, number) == MMDB_SUCCESS && d.has_data &&
	    d.type == MMDB_DATA_TYPE_UINT32)
		return d.uint32;
	if (MMDB_aget_value(e, &d, word) != MMDB_SUCCESS || !d.has_data)
		return 0;
	if (d.type == MMDB_DATA_TYPE_UINT32)
		return d.uint32;
	if (d.type == MMDB_DATA_TYPE_UTF8_STRING) { /* "AS64496" */
		uint64_t n = 0;

		for (uint32_t i = 2; i < d.data_size && n <= UINT32_MAX; i++)
			if (d.utf8_string[i] >= '0' && d.utf8_string[i] <= '9')
				n = 10 * n + (uint64_t)(d.utf8_string[i] - '0');
		return n <= UINT32_MAX ? (uint32_t)n : 0;
	}
	return 0;
}

bool
places_find(const struct places *p, const uint8_t addr[static FSK_ADDR_LEN],
    struct place *out)
{
	static const char *const nested[] = { "country", "iso_code", NULL };
	static const char *const flat[] = { "country_code", NULL };
	static const char *const plain[] = { "country", NULL };
	MMDB_lookup_result_s r;

	memset(out, 0, sizeof(*out));
	if (find(&p->country, addr, &r) &&
	    !read_code(&r.entry, nested, out->country) &&
	    !read_code(&r.entry, flat, out->country) &&
	    !read_code(&r.entry, plain, out->country))
		out->country[0] = '\0';
	if (find(&p->network, addr, &r))
		out->network = read_network(&r.entry);
	return out->country[0] != '\0' || out->network != 0;
}
