/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/zonetext.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/linesort.h"
#include "feeds/state.h"

/* What a difference has behind its line: NUL, so that it is sorted as the line
 * is; its number, the highest octet first; whether it comes or goes. */
#define TAIL_LEN 10

struct zonetext {
	const char *to;
	char *folder;
	uint64_t max;
	const atomic_bool *stop;
	struct linesort *lines;
	uint64_t held;    /* octets in lines */
	uint64_t changes; /* how many */
	struct state_file out;
	uint64_t written, records;
};

int
zonetext_open(struct zonetext **out, const char *to, uint64_t max,
    const atomic_bool *stop, struct fsk_error *err)
{
	struct zonetext *z = calloc(1, sizeof(*z));
	const char *slash = strrchr(to, '/');
	int rc;

	*out = NULL;
	if (z == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	z->to = to;
	z->max = max;
	z->stop = stop;
	z->folder = slash == NULL ? strdup(".")
	    : slash == to         ? strdup("/")
				  : strndup(to, (size_t)(slash - to));
	if (z->folder == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else
		rc = linesort_open(&z->lines, z->folder, err);
	if (rc != FSK_OK) {
		zonetext_close(z);
		return rc;
	}
	*out = z;
	return FSK_OK;
}

void
zonetext_close(struct zonetext *z)
{
	if (z == NULL)
		return;
	state_file_close(&z->out);
	linesort_close(z->lines);
	free(z->folder);
	free(z);
}

static int
over(const struct zonetext *z, struct fsk_error *err)
{
	return fsk_fail(err, FSK_EFORMAT,
	    "the zone is over the limit of %llu octets",
	    (unsigned long long)z->max);
}

/* Counts LEN more octets of text to hold. */
static int
hold(struct zonetext *z, size_t len, struct fsk_error *err)
{
	if (len + 1 > z->max - z->held)
		return over(z, err);
	z->held += len + 1;
	return FSK_OK;
}

int
zonetext_add(
    struct zonetext *z, const char *line, size_t len, struct fsk_error *err)
{
	int rc = hold(z, len, err);

	return rc == FSK_OK ? linesort_add(z->lines, line, len, err) : rc;
}

int
zonetext_change(struct zonetext *z, bool in, const char *line, size_t len,
    struct fsk_error *err)
{
	uint64_t number = z->changes++;
	char *copy;
	int rc = hold(z, len, err);

	if (rc != FSK_OK)
		return rc;
	copy = malloc(len + TAIL_LEN);
	if (copy == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	memcpy(copy, line, len);
	copy[len] = '\0';
	for (unsigned i = 0; i < 8; i++)
		copy[len + 1 + i] = (char)(number >> (56 - 8 * i));
	copy[len + 9] = in;
	rc = linesort_add(z->lines, copy, len + TAIL_LEN, err);
	free(copy);
	return rc;
}

/* ---- writing ---- */

static int
io_error(const struct zonetext *z, struct fsk_error *err)
{
	return fsk_fail(
	    err, FSK_EIO, "cannot write '%s': %s", z->to, strerror(errno));
}

static int
put(struct zonetext *z, const char *line, size_t len, struct fsk_error *err)
{
	if (z->stop != NULL && atomic_load(z->stop))
		return fsk_fail(err, FSK_EIO, "stopped");
	if (len + 1 > z->max - z->written)
		return over(z, err);
	if (fwrite(line, 1, len, z->out.to) != len ||
	    putc('\n', z->out.to) == EOF)
		return io_error(z, err);
	z->written += len + 1;
	z->records++;
	return FSK_OK;
}

static int
begin(struct zonetext *z, const char *soa, struct fsk_error *err)
{
	int rc = state_file_open(&z->out, z->to, err);

	if (rc != FSK_OK)
		return rc;
	setvbuf(z->out.to, NULL, _IOFBF, 1 << 18);
	rc = linesort_begin(z->lines, err);
	return rc == FSK_OK ? put(z, soa, strlen(soa), err) : rc;
}

static int
finish(struct zonetext *z, uint64_t *records, struct fsk_error *err)
{
	int rc = state_file_replace(&z->out, err);

	*records = z->records;
	return rc;
}

int
zonetext_write(struct zonetext *z, const char *soa, uint64_t *records,
    struct fsk_error *err)
{
	const char *line, *last = NULL;
	size_t len, last_len = 0;
	int rc = begin(z, soa, err);

	while (rc == FSK_OK && linesort_next(z->lines, &line, &len)) {
		/* A zone is a set; RFC 5936 section 2.2 allows for repeats. */
		if (last == NULL ||
		    linesort_compare(line, len, last, last_len) != 0)
			rc = put(z, line, len, err);
		last = line;
		last_len = len;
	}
	return rc == FSK_OK ? finish(z, records, err) : rc;
}

/* ---- differences ---- */

/* The next difference. */
struct change {
	const char *line; /* NULL: there is none */
	size_t len;
	bool in;
};

static void
next_change(struct zonetext *z, struct change *c)
{
	if (!linesort_next(z->lines, &c->line, &c->len)) {
		c->line = NULL;
		return;
	}
	c->len -= TAIL_LEN;
	c->in = c->line[c->len + TAIL_LEN - 1] != 0;
}

/* Puts what the differences for C's line make of it, which is THERE or not, and
 * goes on to those for the next line. */
static int
settle(struct zonetext *z, struct change *c, bool there, struct fsk_error *err)
{
	const char *line = c->line;
	const size_t len = c->len;

	while (c->line != NULL &&
	    linesort_compare(c->line, c->len, line, len) == 0) {
		if (c->in == there)
			return fsk_fail(err, FSK_EINVAL,
			    there ? "a record comes that is there"
				  : "a record goes that is not there");
		there = c->in;
		next_change(z, c);
	}
	return there ? put(z, line, len, err) : FSK_OK;
}

/* How the line of C stands to LINE, the end being behind all. */
static int
place(const struct change *c, const char *line, size_t len)
{
	return c->line == NULL ? 1
			       : linesort_compare(c->line, c->len, line, len);
}

/* The kept text as it is read. */
struct kept {
	FILE *file;
	char *line, *before; /* the one before */
	size_t room, before_room, len, before_len;
	uint64_t n;
};

static int
open_kept(struct kept *k, const char *path)
{
	*k = (struct kept){ .file = fopen(path, "re") };
	return k->file != NULL ? 0 : -1;
}

static void
close_kept(struct kept *k)
{
	if (k->file != NULL)
		fclose(k->file);
	free(k->line);
	free(k->before);
}

/* Reads the next line; 0 at the end, -1 if this is no text of ours. */
static int
next_kept(struct kept *k)
{
	char *line = k->before;
	size_t room = k->before_room;
	ssize_t n;

	k->before = k->line;
	k->before_room = k->room;
	k->before_len = k->len;
	n = getline(&line, &room, k->file);
	k->line = line;
	k->room = room;
	if (n == -1)
		return ferror(k->file) ? -1 : 0;
	if (line[n - 1] != '\n') /* cut off */
		return -1;
	line[n - 1] = '\0';
	k->len = (size_t)n - 1;
	/* The SOA is first; behind it the order begins. */
	if (k->n++ > 1 &&
	    linesort_compare(k->before, k->before_len, line, k->len) >= 0)
		return -1;
	return 1;
}

/* Merges what K has behind its SOA, and the differences. */
static int
merge(struct zonetext *z, struct kept *k, struct fsk_error *err)
{
	int got = next_kept(k), rc = FSK_OK;
	struct change c;

	next_change(z, &c);
	while (rc == FSK_OK && got > 0 && (got = next_kept(k)) > 0) {
		while (rc == FSK_OK && place(&c, k->line, k->len) < 0)
			rc = settle(z, &c, false, err);
		if (rc != FSK_OK)
			break;
		rc = place(&c, k->line, k->len) == 0
		    ? settle(z, &c, true, err)
		    : put(z, k->line, k->len, err);
	}
	if (got == -1)
		return fsk_fail(err, FSK_EINVAL, "the kept zone is damaged");
	while (rc == FSK_OK && c.line != NULL)
		rc = settle(z, &c, false, err);
	return rc;
}

int
zonetext_apply(struct zonetext *z, const char *have, const char *soa,
    uint64_t *records, struct fsk_error *err)
{
	struct kept k;
	int rc;

	if (open_kept(&k, have) == -1)
		return fsk_fail(err, FSK_EINVAL, "cannot open '%s': %s", have,
		    strerror(errno));
	rc = begin(z, soa, err);
	if (rc == FSK_OK)
		rc = merge(z, &k, err);
	close_kept(&k);
	return rc == FSK_OK ? finish(z, records, err) : rc;
}

/* ---- what is kept ---- */

/* Whether LINE is a SOA of ZONE, and its serial. */
static bool
read_soa(const char *line, const char *zone, uint32_t *serial)
{
	const size_t len = strlen(zone);
	unsigned long long number;
	char *end;

	if (strncmp(line, zone, len) != 0 || line[len] != '\t')
		return false;
	line += len + 1;
	line += strcspn(line, "\t");
	if (strncmp(line, "\tIN\tSOA\t", 8) != 0)
		return false;
	line += 8;
	for (unsigned i = 0; i < 2; i++) { /* its two names */
		line += strcspn(line, " ");
		line += *line == ' ';
	}
	if (*line < '0' || *line > '9')
		return false;
	errno = 0;
	number = strtoull(line, &end, 10);
	*serial = (uint32_t)number;
	return errno == 0 && *end == ' ' && number <= UINT32_MAX;
}

char *
zonetext_soa(const char *path, const char *zone, uint32_t *serial)
{
	struct kept k;
	char *soa = NULL;

	if (open_kept(&k, path) == 0 && next_kept(&k) > 0 &&
	    read_soa(k.line, zone, serial)) {
		soa = k.line;
		k.line = NULL;
	}
	close_kept(&k);
	return soa;
}
