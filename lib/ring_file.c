/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring's file: made under a name of its own, or taken over from a resolver
 * that is gone.  Who holds the lock is the only one that writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/checksum.h"
#include "lib/ring_layout.h"

#define TRIES 10 /* that another resolver may come in between */

bool
fsk_ring_lock(int fd, off_t octet)
{
	struct flock l = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = octet,
		.l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

static int
map(struct fsk_ring *ring, int fd, const char *path, struct fsk_error *err)
{
	int flags = MAP_SHARED | MAP_POPULATE | (fd == -1 ? MAP_ANONYMOUS : 0);
	void *p = mmap(NULL, ring->len, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		return fsk_fail(err, FSK_EIO, "cannot map '%s': %s",
		    path != NULL ? path : "a ring", strerror(errno));
	ring->base = p;
	return FSK_OK;
}

static void
unmap(struct fsk_ring *ring)
{
	if (ring->base != NULL)
		munmap(ring->base, ring->len);
	ring->base = NULL;
}

/* Writes the header; all else is zero. */
static int
fill(struct fsk_ring *ring, struct fsk_error *err)
{
	struct fsk_ring_header *h = fsk_ring_header(ring->base);

	memcpy(h->magic, FSK_RING_MAGIC, sizeof(h->magic));
	h->major = FSK_RING_MAJOR;
	h->minor = FSK_RING_MINOR;
	h->byte_order = FSK_RING_BYTE_ORDER;
	h->file_len = ring->len;
	if (getrandom(h->id, sizeof(h->id), 0) != (ssize_t)sizeof(h->id))
		return fsk_fail(err, FSK_EIO, "cannot draw random numbers: %s",
		    strerror(errno));
	h->workers = ring->workers;
	h->events = ring->events;
	h->counters = FSK_COUNTERS;
	h->totals = FSK_TOTALS;
	h->labels = FSK_RING_LABELS;
	h->label_len = FSK_LABEL_TEXT;
	h->slot_len = sizeof(struct fsk_ring_slot);
	h->checksum = fsk_checksum(
	    h, offsetof(struct fsk_ring_header, checksum));
	return FSK_OK;
}

/* Gives FD, a new file, all memory that it will need: a full file system is an
 * error here and not a signal later. */
static int
reserve(const struct fsk_ring *ring, int fd, const char *path,
    struct fsk_error *err)
{
	int rc;

	do
		rc = posix_fallocate(fd, 0, (off_t)ring->len);
	while (rc == EINTR);
	return rc == 0
	    ? FSK_OK
	    : fsk_fail(err, FSK_EIO, "cannot reserve %zu octets for '%s': %s",
		  ring->len, path, strerror(rc));
}

/* Makes the file under a name of its own and renames it to PATH, over the file
 * there if REPLACE.  FSK_EINVAL: without REPLACE somebody else was first. */
static int
make_file(struct fsk_ring *ring, const char *path, bool replace,
    struct fsk_error *err)
{
	char name[PATH_MAX];
	int fd, rc;

	if (snprintf(name, sizeof(name), "%s.XXXXXX", path) >=
	    (int)sizeof(name))
		return fsk_fail(err, FSK_EIO, "cannot make '%s': %s", path,
		    strerror(ENAMETOOLONG));
	fd = mkostemp(name, O_CLOEXEC);
	if (fd == -1)
		return fsk_fail(err, FSK_EIO, "cannot make '%s': %s", path,
		    strerror(errno));
	rc = reserve(ring, fd, path, err);
	if (rc == FSK_OK)
		rc = map(ring, fd, path, err);
	if (rc == FSK_OK)
		rc = fill(ring, err);
	if (rc != FSK_OK)
		goto fail;
	/* The collector is of the folder's group, and locks and moves on. */
	if (fchmod(fd, 0660) == -1 ||
	    !fsk_ring_lock(fd, FSK_RING_LOCK_WRITER) ||
	    renameat2(AT_FDCWD, name, AT_FDCWD, path,
		replace ? 0 : RENAME_NOREPLACE) == -1) {
		rc = !replace && errno == EEXIST ? FSK_EINVAL : FSK_EIO;
		fsk_fail(err, (enum fsk_result)rc, "cannot make '%s': %s", path,
		    strerror(errno));
		goto fail;
	}
	ring->fd = fd;
	return FSK_OK;

fail:
	unlink(name);
	close(fd);
	unmap(ring);
	return rc;
}

/* Whether the memory of RING, an earlier resolver's file, can be gone on with:
 * of the same shape, and nothing in it that a reader would refuse. */
static bool
fits(struct fsk_ring *ring)
{
	const struct fsk_ring_row *row = fsk_ring_rows(ring->base);
	struct fsk_ring_header h;

	if (fsk_ring_check(&h, ring->base, ring->len, "", NULL) != FSK_OK ||
	    h.workers != ring->workers || h.events != ring->events)
		return false;
	for (unsigned i = 0; i < ring->workers; i++) {
		struct fsk_ring_block *b = fsk_ring_block(
		    ring->base, ring->events, i);

		/* A collector may move the tail meanwhile. */
		uint64_t tail = atomic_load(&b->tail);

		if (atomic_load(&b->head) - tail > ring->events)
			return false;
	}
	for (unsigned i = 0; i < FSK_RING_LABELS; i++)
		if (row[i].kind > FSK_LABEL_GROUP ||
		    memchr(row[i].name, '\0', FSK_LABEL_TEXT) == NULL)
			return false;
	return true;
}

/* Whether FD has the first octets of a ring, or of a file that never got any:
 * what is something else is not ours to replace. */
static bool
may_replace(int fd)
{
	uint8_t p[sizeof(FSK_RING_MAGIC) - 1] = { 0 };
	static const uint8_t none[sizeof(p)];

	return pread(fd, p, sizeof(p), 0) >= 0 &&
	    (memcmp(p, FSK_RING_MAGIC, sizeof(p)) == 0 ||
		memcmp(p, none, sizeof(p)) == 0);
}

/* Goes on with the locked file FD, or replaces it. */
static int
take_over(struct fsk_ring *ring, int fd, const struct stat *st,
    const char *path, struct fsk_error *err)
{
	int rc;

	if (!S_ISREG(st->st_mode))
		return fsk_fail(err, FSK_EIO,
		    "cannot open '%s': it is not a regular file", path);
	if (!may_replace(fd))
		return fsk_fail(err, FSK_EFORMAT, "'%s' is no ring", path);
	if ((uint64_t)st->st_size != ring->len)
		return make_file(ring, path, true, err);
	rc = reserve(ring, fd, path, err);
	if (rc == FSK_OK)
		rc = map(ring, fd, path, err);
	if (rc != FSK_OK)
		return rc;
	if (!fits(ring)) {
		unmap(ring);
		return make_file(ring, path, true, err);
	}
	ring->fd = fd;
	/* Who holds the lock is alone: all who were before are dead. */
	atomic_store(&fsk_ring_header(ring->base)->labelling, 0);
	for (unsigned i = 0; i < ring->workers; i++)
		atomic_store(
		    &fsk_ring_block(ring->base, ring->events, i)->owner, 0);
	return FSK_OK;
}

/* One try; FSK_EINVAL if another resolver came in between. */
static int
open_file(struct fsk_ring *ring, const char *path, struct fsk_error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st, now;
	int rc;

	if (fd == -1 && errno == ENOENT)
		return make_file(ring, path, false, err);
	if (fd == -1)
		return fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
	if (!fsk_ring_lock(fd, FSK_RING_LOCK_WRITER))
		rc = fsk_fail(err, FSK_EIO, "cannot lock '%s': %s", path,
		    errno == EAGAIN || errno == EACCES
			? "another resolver writes to it"
			: strerror(errno));
	else if (fstat(fd, &st) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
	else if (lstat(path, &now) == -1 || st.st_dev != now.st_dev ||
	    st.st_ino != now.st_ino)
		rc = fsk_fail(
		    err, FSK_EINVAL, "cannot open '%s': it was replaced", path);
	else
		rc = take_over(ring, fd, &st, path, err);
	if (ring->fd != fd) /* then also one that was replaced */
		close(fd);
	return rc;
}

int
fsk_ring_open(struct fsk_ring **out, const char *path, unsigned workers,
    unsigned events, struct fsk_error *err)
{
	struct fsk_ring *ring;
	size_t size;
	int rc = FSK_EINVAL;

	*out = NULL;
	if (workers == 0 || workers > FSK_RING_WORKERS || events == 0 ||
	    events > FSK_RING_EVENTS_MAX || (events & (events - 1)) != 0)
		return fsk_fail(err, FSK_EINVAL,
		    "a ring of %u workers and %u events cannot be", workers,
		    events);
	size = sizeof(*ring) + workers * sizeof(ring->worker[0]);
	ring = aligned_alloc(FSK_RING_LINE, size);
	if (ring == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	memset(ring, 0, size);
	ring->workers = workers;
	ring->events = events;
	ring->len = fsk_ring_len(workers, events);
	ring->fd = -1;
	if (path == NULL) {
		rc = map(ring, -1, NULL, err);
		if (rc == FSK_OK)
			rc = fill(ring, err);
	} else {
		for (unsigned i = 0; i < TRIES && rc == FSK_EINVAL; i++)
			rc = open_file(ring, path, err);
		if (rc == FSK_EINVAL)
			rc = FSK_EIO;
	}
	if (rc != FSK_OK) {
		fsk_ring_close(ring);
		return rc;
	}
	fsk_ring_add(ring, FSK_TOTAL_STARTS, 1);
	*out = ring;
	return FSK_OK;
}

void
fsk_ring_close(struct fsk_ring *ring)
{
	if (ring == NULL)
		return;
	unmap(ring);
	if (ring->fd != -1)
		close(ring->fd);
	free(ring);
}

uint8_t *
fsk_ring_memory(const struct fsk_ring *ring, size_t *len)
{
	*len = ring->len;
	return ring->base;
}
