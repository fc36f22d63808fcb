/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file on its way out.  It is written without a name in its target's
 * folder (where the system can; else under a temporary name), in large pieces
 * (some file systems then give large folios, which make a mapping of it
 * cheaper), synced, verified with our own reader, and only then named and
 * renamed over its target; the folder is synced last.  So a writer that is
 * killed leaves nothing behind, but in the moment between a name and the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/checksum.h"
#include "lib/db_build.h"

#define OUT_BUFFER ((size_t)4 << 20)
#define TEMP_LEN   16 /* what a temporary name adds */

struct out {
	const char *path; /* the caller's */
	char *folder;
	char *temp; /* room for its temporary name */
	bool named; /* the temporary name exists */
	int fd;
	uint8_t *buffer;
	size_t held;   /* octets in buffer */
	uint64_t at;   /* octets given to us, where the next one goes */
	uint64_t base; /* where the buffer begins in the file */
	struct fsk_checksum *sum; /* of the section under way */
	struct {
		uint32_t type;
		uint64_t at, len, sum;
	} section[FSK_SEC_KNOWN];
	unsigned nsections;
};

/* A random temporary name. */
static void
make_temp(struct out *o)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint32_t)time(NULL) ^ (uint32_t)getpid() << 16;
	sprintf(o->temp, "%s.%08x", o->path, random);
}

/* Opens the file that is written to, readable to the resolver like any file
 * made by the caller.  False: errno tells. */
static bool
make_file(struct out *o)
{
	if (access("/proc/self/fd", X_OK) == 0)
		o->fd = open(o->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	while (o->fd == -1) {
		make_temp(o);
		o->fd = open(
		    o->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (o->fd == -1 && errno != EEXIST)
			return false;
		o->named = o->fd != -1;
	}
	return true;
}

int
out_open(struct out **out, const char *path, struct fsk_error *err)
{
	struct out *o = calloc(1, sizeof(*o));
	const char *slash = strrchr(path, '/');
	struct stat st;

	*out = NULL;
	/* A device or a pipe would be replaced, not written to. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		free(o);
		return fsk_fail(err, FSK_EIO, "'%s' is not a file", path);
	}
	if (o == NULL)
		return out_of_memory(err);
	o->path = path;
	o->fd = -1;
	o->at = o->base = FSK_HEADER_LEN;
	o->temp = malloc(strlen(path) + TEMP_LEN);
	o->folder = slash == NULL ? strdup(".")
	    : slash == path       ? strdup("/")
				  : strndup(path, (size_t)(slash - path));
	if (o->temp == NULL || o->folder == NULL ||
	    posix_memalign((void **)&o->buffer, 4096, OUT_BUFFER) != 0) {
		out_close(o);
		return out_of_memory(err);
	}
	if (!make_file(o)) {
		int rc = fsk_fail(err, FSK_EIO,
		    "cannot make a temporary file beside '%s': %s", path,
		    strerror(errno));

		out_close(o);
		return rc;
	}
	*out = o;
	return FSK_OK;
}

void
out_close(struct out *o)
{
	if (o == NULL)
		return;
	if (o->fd != -1)
		close(o->fd);
	if (o->named)
		unlink(o->temp);
	if (o->sum != NULL)
		fsk_checksum_end(o->sum);
	free(o->folder);
	free(o->temp);
	free(o->buffer);
	free(o);
}

static int
write_at(struct out *o, const uint8_t *p, size_t len, uint64_t at,
    struct fsk_error *err)
{
	while (len > 0) {
		ssize_t n = pwrite(o->fd, p, len, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fsk_fail(err, FSK_EIO, "cannot write '%s': %s",
			    o->path, strerror(errno));
		p += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return FSK_OK;
}

static int
flush(struct out *o, struct fsk_error *err)
{
	int rc = write_at(o, o->buffer, o->held, o->base, err);

	o->base += o->held;
	o->held = 0;
	return rc;
}

/* Adds to the buffer without counting for a section. */
static int
append(struct out *o, const void *p, size_t len, struct fsk_error *err)
{
	const uint8_t *from = p;

	o->at += len;
	while (len > 0) {
		size_t n = OUT_BUFFER - o->held;

		if (n > len)
			n = len;
		memcpy(o->buffer + o->held, from, n);
		o->held += n;
		from += n;
		len -= n;
		if (o->held == OUT_BUFFER) {
			int rc = flush(o, err);

			if (rc != FSK_OK)
				return rc;
		}
	}
	return FSK_OK;
}

static void
end_section(struct out *o)
{
	if (o->sum == NULL)
		return;
	o->section[o->nsections].len = o->at - o->section[o->nsections].at;
	o->section[o->nsections].sum = fsk_checksum_end(o->sum);
	o->sum = NULL;
	o->nsections++;
}

void
out_section(struct out *o, enum fsk_section type)
{
	end_section(o);
	o->section[o->nsections].type = type;
	o->section[o->nsections].at = (o->at + 63) / 64 * 64;
	o->sum = fsk_checksum_new();
}

int
out_write(struct out *o, const void *p, size_t len, struct fsk_error *err)
{
	static const uint8_t zero[64];
	int rc = FSK_OK;

	if (o->sum == NULL)
		return out_of_memory(err);
	if (o->at < o->section[o->nsections].at)
		rc = append(o, zero, o->section[o->nsections].at - o->at, err);
	fsk_checksum_add(o->sum, p, len);
	return rc == FSK_OK ? append(o, p, len, err) : rc;
}

/* Gives the file a temporary name, if it has none; where its target does not
 * exist, at once that one.  *DONE: it has it. */
static int
name_it(struct out *o, bool *done, struct fsk_error *err)
{
	char fd[32];

	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", o->fd);
	*done = !o->named &&
	    linkat(AT_FDCWD, fd, AT_FDCWD, o->path, AT_SYMLINK_FOLLOW) == 0;
	while (!*done && !o->named) {
		make_temp(o);
		if (linkat(AT_FDCWD, fd, AT_FDCWD, o->temp,
			AT_SYMLINK_FOLLOW) == 0)
			o->named = true;
		else if (errno != EEXIST)
			return fsk_fail(err, FSK_EIO, "cannot name '%s': %s",
			    o->temp, strerror(errno));
	}
	return FSK_OK;
}

static int
sync_folder(const struct out *o, struct fsk_error *err)
{
	int fd = open(o->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = FSK_OK;

	if (fd == -1 || fsync(fd) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot sync the folder '%s': %s",
		    o->folder, strerror(errno));
	if (fd != -1)
		close(fd);
	return rc;
}

int
out_publish(
    struct out *o, uint8_t *header, uint64_t *bytes, struct fsk_error *err)
{
	struct fsk_db *db;
	uint64_t id[2];
	bool done;
	int rc;

	end_section(o);
	rc = flush(o, err);
	if (rc != FSK_OK)
		return rc;
	fsk_put64(header + FSK_H_FILE_LEN, o->at);
	fsk_put32(header + FSK_H_SECTIONS, o->nsections);
	for (unsigned i = 0; i < o->nsections; i++) {
		uint8_t *row = header + FSK_H_TABLE + i * FSK_SECTION_LEN;

		fsk_put32(row + FSK_S_TYPE, o->section[i].type);
		/* Who passes over a policy takes other verdicts from it. */
		fsk_put32(row + FSK_S_FLAGS,
		    o->section[i].type == FSK_SEC_URLS ? FSK_SECTION_OPTIONAL
						       : 0);
		fsk_put64(row + FSK_S_OFFSET, o->section[i].at);
		fsk_put64(row + FSK_S_LENGTH, o->section[i].len);
		fsk_put64(row + FSK_S_CHECKSUM, o->section[i].sum);
	}
	/* The build's name follows from all that is in it. */
	id[0] = fsk_checksum(header, FSK_H_BUILD_ID);
	id[1] = fsk_checksum(
	    header + FSK_H_SERIAL, FSK_H_CHECKSUM - FSK_H_SERIAL);
	fsk_put64(header + FSK_H_BUILD_ID, id[0]);
	fsk_put64(header + FSK_H_BUILD_ID + 8, id[1]);
	fsk_put64(
	    header + FSK_H_CHECKSUM, fsk_checksum(header, FSK_H_CHECKSUM));
	rc = write_at(o, header, FSK_HEADER_LEN, 0, err);
	if (rc != FSK_OK)
		return rc;

	if (fsync(o->fd) == -1)
		return fsk_fail(err, FSK_EIO, "cannot sync '%s': %s", o->path,
		    strerror(errno));
	rc = fsk_db_open_fd(&db, o->fd, o->path, FSK_DB_PASS, err);
	if (rc != FSK_OK)
		return rc;
	fsk_db_close(db);
	rc = name_it(o, &done, err);
	if (rc != FSK_OK)
		return rc;
	if (!done && rename(o->temp, o->path) == -1)
		return fsk_fail(err, FSK_EIO, "cannot rename '%s' to '%s': %s",
		    o->temp, o->path, strerror(errno));
	o->named = false;
	*bytes = o->at;
	return sync_folder(o, err);
}
