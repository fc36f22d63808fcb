/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/unpack.h"
#include "feeds/unpack_zip.h"

#define RAW_LEN (256u << 10)

struct source {
	const char *name; /* in messages */
	int fd;
	const struct unpack *unpack; /* NULL: plain */
	void *state;
	struct unpack_zip *zip; /* NULL: it is none */
	uint64_t limit, given;  /* octets; 0: no limit */
	size_t from, to;        /* octets of raw not yet used */
	bool end, done;
	uint8_t raw[RAW_LEN];
};

const char *
source_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* Fills up raw. */
static int
refill(struct source *s, struct fsk_error *err)
{
	ssize_t n;

	if (s->from > 0) {
		memmove(s->raw, s->raw + s->from, s->to - s->from);
		s->to -= s->from;
		s->from = 0;
	}
	if (s->end || s->to == RAW_LEN)
		return FSK_OK;
	do
		n = read(s->fd, s->raw + s->to, RAW_LEN - s->to);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return fsk_fail(err, FSK_EIO, "cannot read '%s': %s", s->name,
		    strerror(errno));
	s->end = n == 0;
	s->to += (size_t)n;
	return FSK_OK;
}

static bool
is_zip(const struct source *s)
{
	const size_t len = sizeof(UNPACK_ZIP_MAGIC) - 1;

	return s->to >= len && memcmp(s->raw, UNPACK_ZIP_MAGIC, len) == 0;
}

static int
no_unpack(const struct source *s, const char *name, const char *wrong,
    struct fsk_error *err)
{
	return fsk_fail(err, FSK_EFORMAT, "cannot unpack '%s' (%s): %s",
	    s->name, name, wrong);
}

static int
open_zip(struct source *s, struct fsk_error *err)
{
	const char *wrong = unpack_zip_open(&s->zip, s->fd);

	return wrong != NULL ? no_unpack(s, "zip", wrong, err) : FSK_OK;
}

int
source_open(struct source **out, const char *path, struct fsk_error *err)
{
	static const struct unpack *const known[] = { &unpack_gzip, &unpack_xz,
		&unpack_zstd, &unpack_bzip2 };
	struct source *s = malloc(sizeof(*s));
	int rc = FSK_OK;

	*out = NULL;
	if (s == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	memset(s, 0, offsetof(struct source, raw));
	s->name = source_name(path);
	s->fd = strcmp(path, "-") == 0 ? STDIN_FILENO
				       : open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd == -1) {
		rc = fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
		free(s);
		return rc;
	}
	while (rc == FSK_OK && !s->end && s->to < sizeof(known[0]->magic))
		rc = refill(s, err);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (s->to >= known[i]->magic_len &&
		    memcmp(s->raw, known[i]->magic, known[i]->magic_len) == 0)
			s->unpack = known[i];
	if (rc == FSK_OK && is_zip(s))
		rc = open_zip(s, err);
	if (rc == FSK_OK && s->unpack != NULL &&
	    (s->state = s->unpack->open()) == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (rc != FSK_OK) {
		source_close(s);
		return rc;
	}
	*out = s;
	return FSK_OK;
}

void
source_close(struct source *s)
{
	if (s == NULL)
		return;
	if (s->state != NULL)
		s->unpack->close(s->state);
	unpack_zip_close(s->zip);
	if (s->fd != STDIN_FILENO)
		close(s->fd);
	free(s);
}

void
source_call(struct source *s, const char *name)
{
	s->name = name;
}

void
source_limit(struct source *s, uint64_t octets)
{
	s->limit = octets;
}

static ssize_t
read_zip(struct source *s, uint8_t *out, size_t len, struct fsk_error *err)
{
	const char *wrong;
	ssize_t n = unpack_zip_read(s->zip, out, len, &wrong);

	return n < 0 ? no_unpack(s, "zip", wrong, err) : n;
}

/* Reads from what is no zip file. */
static ssize_t
read_stream(struct source *s, uint8_t *out, size_t len, struct fsk_error *err)
{
	for (;;) {
		struct unpack_io io;
		const char *wrong;
		size_t n = s->to - s->from;
		int rc;

		if (s->done)
			return 0;
		if (s->unpack == NULL && n > 0) {
			if (n > len)
				n = len;
			memcpy(out, s->raw + s->from, n);
			s->from += n;
			return (ssize_t)n;
		}
		if (n == 0) {
			s->from = s->to = 0;
			rc = refill(s, err);
			if (rc != FSK_OK)
				return rc;
			n = s->to;
		}
		if (s->unpack == NULL) {
			s->done = s->end;
			continue;
		}
		io = (struct unpack_io){ s->raw + s->from, s->to - s->from, out,
			len };
		wrong = s->unpack->run(s->state, &io, s->end, &s->done);
		if (wrong != NULL)
			return no_unpack(s, s->unpack->name, wrong, err);
		s->from = s->to - io.in_len;
		if (io.out_len < len)
			return (ssize_t)(len - io.out_len);
		if (s->done || io.in_len < n)
			continue;
		if (s->end) /* neither eats nor gives */
			return no_unpack(
			    s, s->unpack->name, "it is cut off", err);
		rc = refill(s, err); /* it wants more at once */
		if (rc != FSK_OK)
			return rc;
	}
}

ssize_t
source_read(struct source *s, uint8_t *out, size_t len, struct fsk_error *err)
{
	ssize_t n = s->zip != NULL ? read_zip(s, out, len, err)
				   : read_stream(s, out, len, err);
	const bool in_mb = s->limit >= 1u << 20;

	if (n <= 0)
		return n;
	s->given += (uint64_t)n;
	if (s->limit == 0 || s->given <= s->limit)
		return n;
	return fsk_fail(err, FSK_EFORMAT, "'%s' %s more than %llu %s", s->name,
	    s->zip != NULL || s->unpack != NULL ? "unpacks to" : "holds",
	    (unsigned long long)(in_mb ? s->limit >> 20 : s->limit),
	    in_mb ? "MB" : "octets");
}
