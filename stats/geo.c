/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/geo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "stats/table.h"

#define FILE_MOST    (1ll << 30) /* octets */
#define CACHED       16384       /* addresses; a power of two */
#define NETWORKS     200000      /* of which names are remembered */
#define ORGANISATION 128         /* octets of a name, NUL included */

/* What tells one file from another. */
struct identity {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct file {
	const char *path; /* NULL: none */
	bool open;
	MMDB_s db;
	struct identity seen; /* opened, or found bad */
	int absent;           /* errno that was told of; 0: it was there */
};

struct cached {
	uint8_t addr[16];
	struct geo_place place;
	bool used;
};

struct geo {
	struct file country, asn;
	char *paths[2];
	struct table networks; /* ASN: char[ORGANISATION] */
	size_t told;           /* networks that EACH was called for */
	struct cached cache[CACHED];
};

struct geo *
geo_new(const char *country_db, const char *asn_db)
{
	struct geo *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	table_init(&g->networks, ORGANISATION);
	g->paths[0] = country_db != NULL ? strdup(country_db) : NULL;
	g->paths[1] = asn_db != NULL ? strdup(asn_db) : NULL;
	g->country.path = g->paths[0];
	g->asn.path = g->paths[1];
	if ((country_db != NULL && g->paths[0] == NULL) ||
	    (asn_db != NULL && g->paths[1] == NULL)) {
		geo_free(g);
		return NULL;
	}
	return g;
}

void
geo_free(struct geo *g)
{
	if (g == NULL)
		return;
	if (g->country.open)
		MMDB_close(&g->country.db);
	if (g->asn.open)
		MMDB_close(&g->asn.db);
	table_fini(&g->networks);
	free(g->paths[0]);
	free(g->paths[1]);
	free(g);
}

/* ---- opening ---- */

static struct identity
identity_of(const struct stat *st)
{
	return (struct identity){ st->st_dev, st->st_ino, st->st_size,
		st->st_mtim };
}

static bool
same(const struct identity *a, const struct identity *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Copies FROM to the new file TO.  NULL, or what went wrong (a constant). */
static const char *
copy(int from, int to, off_t size)
{
	static char octets[1 << 16];
	ssize_t n;

	while ((n = read(from, octets, sizeof(octets))) > 0)
		for (ssize_t done = 0, m; done < n; done += m) {
			m = write(to, octets + done, (size_t)(n - done));
			if (m == -1)
				return strerror(errno);
			size -= m;
		}
	if (n == -1)
		return strerror(errno);
	return size == 0 ? NULL : "it changed while it was read";
}

/* Opens a copy of the open file FROM as *DB.  NULL, or what went wrong. */
static const char *
open_copy(int from, off_t size, MMDB_s *db)
{
	int fd = memfd_create("mmdb", MFD_CLOEXEC);
	const char *wrong;
	char path[32];
	int rc;

	if (fd == -1)
		return strerror(errno);
	wrong = copy(from, fd, size);
	if (wrong == NULL) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		errno = 0;
		rc = MMDB_open(path, MMDB_MODE_MMAP, db);
		if (rc != MMDB_SUCCESS)
			wrong = rc == MMDB_IO_ERROR && errno != 0
			    ? strerror(errno)
			    : MMDB_strerror(rc);
	}
	close(fd); /* the mapping stays */
	return wrong;
}

/* Opens F's file if it is another than was seen last.  True: there is something
 * to tell, in TEXT. */
static bool
refresh(struct file *f, bool *good, char *text, size_t len)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *wrong = NULL;
	struct identity is;
	struct stat st;
	MMDB_s db;

	*good = false;
	if (fd == -1 || fstat(fd, &st) == -1) {
		const int why = errno;

		if (fd != -1)
			close(fd);
		if (f->absent == why)
			return false;
		f->absent = why;
		wrong = strerror(why);
		goto tell;
	}
	f->absent = 0;
	is = identity_of(&st);
	if (same(&is, &f->seen)) {
		close(fd);
		return false;
	}
	f->seen = is;
	if (!S_ISREG(st.st_mode))
		wrong = "it is not a regular file";
	else if (st.st_size > FILE_MOST)
		wrong = "it is too large";
	else
		wrong = open_copy(fd, st.st_size, &db);
	close(fd);
	if (wrong == NULL) {
		if (f->open)
			MMDB_close(&f->db);
		f->db = db;
		f->open = true;
		*good = true;
		snprintf(text, len, "'%s' is in use", f->path);
		return true;
	}
tell:
	snprintf(text, len, "cannot use '%s': %s; %s", f->path, wrong,
	    f->open ? "the one before stays in use"
		    : "what it would tell is unknown");
	return true;
}

void
geo_refresh(struct geo *g,
    void (*tell)(void *arg, bool good, const char *sentence), void *arg)
{
	struct file *const files[] = { &g->country, &g->asn };
	char text[512];
	bool good;

	for (unsigned i = 0; i < 2; i++) {
		if (files[i]->path == NULL ||
		    !refresh(files[i], &good, text, sizeof(text)))
			continue;
		if (good)
			memset(g->cache, 0, sizeof(g->cache));
		tell(arg, good, text);
	}
}

/* ---- asking ---- */

static bool
find_entry(struct file *f, const uint8_t *addr, MMDB_entry_s *entry)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	MMDB_lookup_result_s found;
	int error = MMDB_SUCCESS;

	if (!f->open)
		return false;
	if (memcmp(addr, mapped, sizeof(mapped)) == 0) {
		memcpy(&four.sin_addr, addr + 12, 4);
		found = MMDB_lookup_sockaddr(
		    &f->db, (const struct sockaddr *)&four, &error);
	} else {
		memcpy(&six.sin6_addr, addr, 16);
		found = MMDB_lookup_sockaddr(
		    &f->db, (const struct sockaddr *)&six, &error);
	}
	*entry = found.entry;
	return error == MMDB_SUCCESS && found.found_entry;
}

static bool
get(MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *data)
{
	return MMDB_aget_value(entry, data, path) == MMDB_SUCCESS &&
	    data->has_data;
}

static bool
is_country(const MMDB_entry_data_s *d, char out[static 3])
{
	if (d->type != MMDB_DATA_TYPE_UTF8_STRING || d->data_size != 2)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		const char c = d->utf8_string[i];

		if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z'))
			return false;
		out[i] = (char)(c & ~0x20);
	}
	out[2] = '\0';
	return true;
}

static void
find_country(struct geo *g, const uint8_t *addr, char out[static 3])
{
	static const char *const paths[][3] = {
		{ "country", "iso_code", NULL },
		{ "country_code", NULL },
		{ "country", NULL },
		{ "registered_country", "iso_code", NULL },
	};
	MMDB_entry_data_s data;
	MMDB_entry_s entry;

	if (!find_entry(&g->country, addr, &entry))
		return;
	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (get(&entry, paths[i], &data) && is_country(&data, out))
			return;
}

/* "AS64500", "64500", or such a number; 0 if it is none. */
static uint32_t
asn_of(const MMDB_entry_data_s *d)
{
	uint64_t n = 0;
	uint32_t i = 0;

	switch (d->type) {
	case MMDB_DATA_TYPE_UINT16:
		return d->uint16;
	case MMDB_DATA_TYPE_UINT32:
		n = d->uint32;
		break;
	case MMDB_DATA_TYPE_UINT64:
		n = d->uint64;
		break;
	case MMDB_DATA_TYPE_INT32:
		n = d->int32 > 0 ? (uint64_t)d->int32 : 0;
		break;
	case MMDB_DATA_TYPE_UTF8_STRING:
		if (d->data_size >= 2 && (d->utf8_string[0] | 0x20) == 'a' &&
		    (d->utf8_string[1] | 0x20) == 's')
			i = 2;
		for (; i < d->data_size && n < UINT32_MAX; i++) {
			const char c = d->utf8_string[i];

			if (c < '0' || c > '9')
				return 0;
			n = 10 * n + (uint64_t)(c - '0');
		}
		break;
	default:
		break;
	}
	return n < UINT32_MAX ? (uint32_t)n : 0; /* the last one is reserved */
}

/* Copies the text D; control characters and half characters do not come
 * through. */
static void
copy_name(char out[static ORGANISATION], const MMDB_entry_data_s *d)
{
	uint32_t n = d->data_size, i;

	if (n > ORGANISATION - 1) {
		n = ORGANISATION - 1;
		while (n > 0 && ((uint8_t)d->utf8_string[n] & 0xc0) == 0x80)
			n--;
	}
	for (i = 0; i < n; i++) {
		const unsigned char c = (unsigned char)d->utf8_string[i];

		out[i] = c < ' ' || c == 127 ? '?' : (char)c;
	}
	out[i] = '\0';
}

/* Remembers what the network ASN is called. */
static void
name_network(struct geo *g, uint32_t asn, MMDB_entry_s *entry)
{
	static const char *const paths[][2] = {
		{ "autonomous_system_organization", NULL },
		{ "as_name", NULL },
		{ "as_organization", NULL },
		{ "organization", NULL },
		{ "name", NULL },
	};
	MMDB_entry_data_s data;
	char *name;
	bool fresh;

	if (table_get(&g->networks, &asn, sizeof(asn)) != NULL ||
	    g->networks.n >= NETWORKS)
		return;
	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (!get(entry, paths[i], &data) ||
		    data.type != MMDB_DATA_TYPE_UTF8_STRING)
			continue;
		name = table_put(&g->networks, &asn, sizeof(asn), &fresh);
		if (name != NULL)
			copy_name(name, &data);
		return;
	}
}

static uint32_t
find_asn(struct geo *g, const uint8_t *addr)
{
	static const char *const paths[][2] = {
		{ "autonomous_system_number", NULL },
		{ "asn", NULL },
		{ "as_number", NULL },
	};
	MMDB_entry_data_s data;
	MMDB_entry_s entry;
	uint32_t asn = 0;

	if (!find_entry(&g->asn, addr, &entry))
		return 0;
	for (unsigned i = 0; asn == 0 && i < sizeof(paths) / sizeof(*paths);
	     i++)
		if (get(&entry, paths[i], &data))
			asn = asn_of(&data);
	if (asn != 0)
		name_network(g, asn, &entry);
	return asn;
}

void
geo_find(struct geo *g, const uint8_t addr[static 16], struct geo_place *place)
{
	const uint64_t mix = (fsk_get64(addr) ^ fsk_get64(addr + 8)) *
	    0x9e3779b97f4a7c15u;
	struct cached *c = &g->cache[mix >> 50 & (CACHED - 1)];

	if (!c->used || memcmp(c->addr, addr, 16) != 0) {
		memcpy(c->addr, addr, 16);
		c->used = true;
		memset(&c->place, 0, sizeof(c->place));
		find_country(g, addr, c->place.country);
		c->place.asn = find_asn(g, addr);
	}
	*place = c->place;
}

void
geo_new_networks(struct geo *g,
    void (*each)(void *arg, uint32_t asn, const char *organisation), void *arg)
{
	for (; g->told < g->networks.n; g->told++) {
		uint32_t asn;
		size_t len;

		memcpy(
		    &asn, table_key(&g->networks, g->told, &len), sizeof(asn));
		if (*(char *)table_value(&g->networks, g->told) != '\0')
			each(arg, asn, table_value(&g->networks, g->told));
	}
}
