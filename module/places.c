/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/checksum.h"

/* One file. */
struct file {
	bool open;
	MMDB_s db;
};

struct places {
	struct file country, network;
};

/* Copies the whole file FROM to TO, which is empty.  False: errno tells. */
static bool
copy(int from, int to)
{
	static const size_t piece = 1 << 20;
	static const off_t most = (off_t)1 << 30; /* no file has so much */
	struct stat st;
	off_t left;
	ssize_t n;

	if (fstat(from, &st) == -1)
		return false;
	if (st.st_size > most) {
		errno = EFBIG;
		return false;
	}
	for (left = st.st_size; left > 0; left -= n) {
		n = sendfile(
		    to, from, NULL, left < (off_t)piece ? (size_t)left : piece);
		if (n == -1)
			return false;
		if (n == 0) {
			errno = ESTALE; /* it shrank while we read */
			return false;
		}
	}
	return true;
}

/* Opens the file PATH: a copy in memory, which cannot be harmed by what happens
 * to the file, where /proc is there to name it.  NULL, or what is wrong. */
static const char *
open_path(MMDB_s *db, const char *path)
{
	const int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const int to = memfd_create("fraudsink-places", MFD_CLOEXEC);
	const char *wrong = NULL;
	char name[32];
	int rc;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", to);
	if (from == -1 || (to != -1 && !copy(from, to))) {
		wrong = strerror(errno);
	} else {
		rc = MMDB_open(
		    access(name, R_OK) == 0 ? name : path, MMDB_MODE_MMAP, db);
		if (rc != MMDB_SUCCESS)
			wrong = MMDB_strerror(rc);
	}
	if (from != -1)
		close(from);
	if (to != -1)
		close(to); /* what is mapped stays */
	return wrong;
}

static bool
open_file(struct file *f, const char *path, char why[static 256])
{
	const char *wrong = NULL;

	if (*path != '\0') {
		wrong = open_path(&f->db, path);
		f->open = wrong == NULL;
	}
	if (wrong != NULL)
		snprintf(why, 256, "cannot open '%.128s': %.96s", path, wrong);
	return f->open;
}

static void
close_file(struct file *f)
{
	if (f->open)
		MMDB_close(&f->db);
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

/* What tells the file PATH, as it is now, from others. */
static uint64_t
stamp_of(const char *path)
{
	uint64_t of[6] = { fsk_checksum(path, strlen(path)) };
	struct stat st;

	if (*path != '\0' && stat(path, &st) == 0) {
		of[1] = (uint64_t)st.st_dev;
		of[2] = (uint64_t)st.st_ino;
		of[3] = (uint64_t)st.st_size;
		of[4] = (uint64_t)st.st_mtim.tv_sec;
		of[5] = (uint64_t)st.st_mtim.tv_nsec;
	}
	return fsk_checksum(of, sizeof(of));
}

uint64_t
places_stamp(const char *country, const char *network)
{
	const uint64_t of[2] = { stamp_of(country), stamp_of(network) };

	return fsk_checksum(of, sizeof(of));
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
