/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/bypass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/checksum.h"

#define MAGIC \
	"\x89" \
	"FSBP\r\n\x1a"
#define MAGIC_LEN 8
#define HEAD_LEN  64
#define H_VERSION 8
#define H_COUNT   12
#define H_SUM     16 /* u64, XXH3-64 of what follows the head */
#define VERSION   1u

#define ROW_LEN 704
#define R_SINCE 0  /* i64 */
#define R_UNTIL 8  /* i64 */
#define R_KIND  16 /* u8 */
#define R_BITS  17 /* u8 */
#define R_LEN   18 /* u8, of the name */
#define R_ADDR  24 /* 16 octets */
#define R_NAME  40 /* 255 octets, wire form */
#define R_GROUP 296
#define R_BY    424
#define R_WHY   552

char *
fsk_bypass_path(const char *path)
{
	char *beside;

	return asprintf(&beside, "%s.bypass", path) == -1 ? NULL : beside;
}

static int
damaged(struct fsk_error *err, const char *path, const char *what)
{
	return fsk_fail(err, FSK_ECORRUPT, "'%s' is damaged: %s", path, what);
}

static bool
read_text(char *to, const uint8_t *from)
{
	memcpy(to, from, FSK_BYPASS_TEXT);
	return memchr(to, '\0', FSK_BYPASS_TEXT) != NULL;
}

static bool
read_row(struct fsk_bypass *b, const uint8_t *row)
{
	b->since = (int64_t)fsk_get64(row + R_SINCE);
	b->until = (int64_t)fsk_get64(row + R_UNTIL);
	b->kind = (enum fsk_bypass_kind)row[R_KIND];
	b->bits = row[R_BITS];
	memcpy(b->addr, row + R_ADDR, sizeof(b->addr));
	b->name.len = 0;
	return row[R_KIND] >= FSK_BYPASS_NAME &&
	    row[R_KIND] <= FSK_BYPASS_ADDRESS && b->bits <= 128 &&
	    read_text(b->group, row + R_GROUP) &&
	    read_text(b->by, row + R_BY) && read_text(b->why, row + R_WHY) &&
	    (b->kind != FSK_BYPASS_NAME ||
		fsk_name_from_wire(&b->name, row + R_NAME, row[R_LEN]));
}

static int
read_rows(struct fsk_bypasses *b, const uint8_t *p, size_t len,
    const char *path, struct fsk_error *err)
{
	uint32_t n;

	if (len < HEAD_LEN || memcmp(p, MAGIC, MAGIC_LEN) != 0)
		return fsk_fail(
		    err, FSK_EFORMAT, "'%s' holds no bypasses", path);
	if (fsk_get32(p + H_VERSION) != VERSION)
		return fsk_fail(err, FSK_EFORMAT,
		    "'%s' needs a later version of this program", path);
	n = fsk_get32(p + H_COUNT);
	if (n > FSK_BYPASSES_MAX || len != HEAD_LEN + (size_t)n * ROW_LEN)
		return damaged(err, path, "wrong length");
	if (fsk_get64(p + H_SUM) != fsk_checksum(p + HEAD_LEN, len - HEAD_LEN))
		return damaged(err, path, "the checksum does not fit");
	b->at = calloc(n + 1u, sizeof(*b->at));
	if (b->at == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (b->n = 0; b->n < n; b->n++)
		if (!read_row(&b->at[b->n], p + HEAD_LEN + b->n * ROW_LEN))
			return damaged(err, path, "a row is out of range");
	return FSK_OK;
}

int
fsk_bypasses_read(
    struct fsk_bypasses *b, const char *path, struct fsk_error *err)
{
	static const size_t most = HEAD_LEN +
	    (size_t)FSK_BYPASSES_MAX * ROW_LEN;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = FSK_OK;
	uint8_t *p = NULL;
	struct stat st;
	ssize_t n = 0;

	memset(b, 0, sizeof(*b));
	if (fd == -1)
		return errno == ENOENT
		    ? FSK_OK
		    : fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
			  strerror(errno));
	if (fstat(fd, &st) == -1 || st.st_size < 0 || (size_t)st.st_size > most)
		rc = damaged(err, path, "wrong length");
	else if ((p = malloc((size_t)st.st_size + 1)) == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else if ((n = pread(fd, p, (size_t)st.st_size, 0)) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot read '%s': %s", path,
		    strerror(errno));
	close(fd);
	if (rc == FSK_OK)
		rc = read_rows(b, p, (size_t)n, path, err);
	if (rc != FSK_OK)
		fsk_bypasses_fini(b);
	free(p);
	return rc;
}

void
fsk_bypasses_fini(struct fsk_bypasses *b)
{
	free(b->at);
	memset(b, 0, sizeof(*b));
}

static void
write_text(uint8_t *to, const char *from)
{
	memcpy(to, from, strnlen(from, FSK_BYPASS_TEXT - 1));
}

uint8_t *
fsk_bypasses_pack(const struct fsk_bypasses *b, size_t *len)
{
	uint8_t *p;

	*len = HEAD_LEN + b->n * ROW_LEN;
	p = calloc(1, *len);
	if (p == NULL)
		return NULL;
	memcpy(p, MAGIC, MAGIC_LEN);
	fsk_put32(p + H_VERSION, VERSION);
	fsk_put32(p + H_COUNT, (uint32_t)b->n);
	for (size_t i = 0; i < b->n; i++) {
		const struct fsk_bypass *from = &b->at[i];
		uint8_t *row = p + HEAD_LEN + i * ROW_LEN;

		fsk_put64(row + R_SINCE, (uint64_t)from->since);
		fsk_put64(row + R_UNTIL, (uint64_t)from->until);
		row[R_KIND] = (uint8_t)from->kind;
		row[R_BITS] = from->bits;
		row[R_LEN] = from->name.len;
		memcpy(row + R_ADDR, from->addr, sizeof(from->addr));
		memcpy(row + R_NAME, from->name.wire, from->name.len);
		write_text(row + R_GROUP, from->group);
		write_text(row + R_BY, from->by);
		write_text(row + R_WHY, from->why);
	}
	fsk_put64(p + H_SUM, fsk_checksum(p + HEAD_LEN, *len - HEAD_LEN));
	return p;
}

/* Whether Q is NAME or below it. */
static bool
covers(const struct fsk_name *name, const struct fsk_query *q)
{
	const unsigned labels = fsk_name_labels(name->wire);

	return labels <= q->labels &&
	    q->len - fsk_query_at(q, labels) == name->len &&
	    memcmp(q->wire + fsk_query_at(q, labels), name->wire, name->len) ==
	    0;
}

const struct fsk_bypass *
fsk_bypass_find(const struct fsk_bypasses *b, const struct fsk_query *q,
    const char *group, const uint8_t *addr, int64_t now)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct fsk_bypass *at = &b->at[i];

		if (now < at->since || now >= at->until)
			continue;
		switch (at->kind) {
		case FSK_BYPASS_NAME:
			if (covers(&at->name, q))
				return at;
			break;
		case FSK_BYPASS_GROUP:
			if (strcmp(at->group, group) == 0)
				return at;
			break;
		case FSK_BYPASS_ADDRESS:
			if (addr != NULL &&
			    fsk_prefix_holds(at->addr, at->bits, addr))
				return at;
			break;
		}
	}
	return NULL;
}

bool
fsk_bypasses_differ(const struct fsk_bypasses *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->at[i].kind != FSK_BYPASS_NAME)
			return true;
	return false;
}
