/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/db_inside.h"

/* An empty handle at the start of a cache line, so that one line holds what a
 * look-up reads first. */
static struct fsk_db *
new_db(void)
{
	struct fsk_db *db = aligned_alloc(
	    FSK_LINE_LEN, (sizeof(*db) + 63) / FSK_LINE_LEN * FSK_LINE_LEN);

	if (db != NULL)
		memset(db, 0, sizeof(*db));
	return db;
}

static int
open_memory(struct fsk_db **out, const void *bytes, size_t len,
    const char *name, bool nested, struct fsk_error *err)
{
	struct fsk_db *db = new_db();
	int rc;

	*out = NULL;
	if (db == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	db->base = bytes;
	db->len = len;
	/* Lines are loaded sixteen octets at a time. */
	rc = (uintptr_t)bytes % 16 == 0
	    ? db_check(db, name, nested, false, err)
	    : fsk_fail(err, FSK_EINVAL, "'%s' is not aligned", name);
	if (rc != FSK_OK) {
		fsk_db_close(db);
		return rc;
	}
	*out = db;
	return FSK_OK;
}

int
fsk_db_open_memory(
    struct fsk_db **out, const void *bytes, size_t len, struct fsk_error *err)
{
	return open_memory(out, bytes, len, "memory", false, err);
}

int
fsk_db_open_nested(struct fsk_db **out, const void *bytes, size_t len,
    const uint8_t *key, struct fsk_error *err)
{
	int rc = open_memory(out, bytes, len, "a list", true, err);

	if (rc == FSK_OK &&
	    memcmp((*out)->base + FSK_H_KEY, key, FSK_KEY_LEN) != 0) {
		fsk_db_close(*out);
		*out = NULL;
		rc = fsk_fail(err, FSK_ECORRUPT, "a list has a key of its own");
	}
	return rc;
}

/* Huge pages make a look-up a third faster where the list is large. */
#define HUGE_PAGE (2u << 20)

/* Maps LEN octets of anonymous memory on huge pages where there are any. */
static void *
map_anonymous(size_t len)
{
	size_t whole = len + HUGE_PAGE;
	uint8_t *p, *start;

	p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return MAP_FAILED;
	/* Cut it to a start on a huge page and the length asked for. */
	start = p + (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	if (start > p)
		munmap(p, (size_t)(start - p));
	munmap(start + len, (size_t)(p + whole - (start + len)));
	if (len >= HUGE_PAGE)
		madvise(start, len - len % HUGE_PAGE, MADV_HUGEPAGE);
	return start;
}

/* In pieces: a kernel that does not interrupt itself lets others run between
 * two calls. */
static int
read_octets(int fd, uint8_t *to, size_t len)
{
	static const size_t piece = 1 << 20;
	size_t at = 0;

	while (at < len) {
		ssize_t n = pread(fd, to + at,
		    len - at < piece ? len - at : piece, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0) {
			errno = ESTALE; /* it shrank while we read */
			return -1;
		}
		at += (size_t)n;
	}
	return 0;
}

/* Looks whether the header of the file FD is good, before memory is taken for
 * the rest: whatever lies under the name of a list might be larger than that.
 */
static int
check_head(struct fsk_db *db, int fd, const char *path, struct fsk_error *err)
{
	uint8_t head[FSK_HEADER_LEN];
	int rc;

	if (read_octets(fd, head,
		db->len < sizeof(head) ? db->len : sizeof(head)) == -1)
		return fsk_fail(err, FSK_EIO, "cannot read '%s': %s", path,
		    strerror(errno));
	db->base = head;
	rc = db_check_header(db, path, err);
	db->base = NULL;
	return rc;
}

/* Maps the file FD, or copies it to memory of our own. */
static int
take_file(struct fsk_db *db, int fd, const char *path, enum fsk_db_load load,
    struct fsk_error *err)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t whole = (db->len + page - 1) / page * page;
	void *base = load == FSK_DB_COPY
	    ? map_anonymous(whole)
	    : mmap(NULL, db->len, PROT_READ, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return fsk_fail(
		    err, FSK_EIO, "cannot map '%s': %s", path, strerror(errno));
	db->base = base;
	db->mapped = whole;
	if (load != FSK_DB_COPY) {
		madvise(base, db->len, MADV_HUGEPAGE);
		return FSK_OK;
	}
	if (read_octets(fd, base, db->len) == -1)
		return fsk_fail(err, FSK_EIO, "cannot read '%s': %s", path,
		    strerror(errno));
	mprotect(base, whole, PROT_READ);
	return FSK_OK;
}

int
fsk_db_open_fd(struct fsk_db **out, int fd, const char *path,
    enum fsk_db_load load, struct fsk_error *err)
{
	struct fsk_db *db;
	struct stat st;
	int rc;

	*out = NULL;
	if (fstat(fd, &st) == -1)
		return fsk_fail(err, FSK_EIO, "cannot stat '%s': %s", path,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fsk_fail(err, FSK_EFORMAT, "'%s' is not a file", path);
	if (st.st_size == 0) /* mmap() would call this EINVAL */
		return fsk_fail(err, FSK_EFORMAT, "'%s' is empty", path);
	db = new_db();
	if (db == NULL)
		return fsk_fail(
		    err, FSK_ENOMEM, "out of memory opening '%s'", path);
	db->len = (size_t)st.st_size;
	rc = check_head(db, fd, path, err);
	if (rc == FSK_OK)
		rc = take_file(db, fd, path, load, err);
	if (rc == FSK_OK)
		rc = db_check(db, path, false, load == FSK_DB_PASS, err);
	if (rc != FSK_OK) {
		fsk_db_close(db);
		return rc;
	}
	*out = db;
	return FSK_OK;
}

int
fsk_db_open(struct fsk_db **out, const char *path, enum fsk_db_load load,
    struct fsk_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	*out = NULL;
	if (fd == -1)
		return fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
	rc = fsk_db_open_fd(out, fd, path, load, err);
	close(fd);
	return rc;
}

void
fsk_db_close(struct fsk_db *db)
{
	void *note;

	if (db == NULL)
		return;
	note = atomic_load(&db->note);
	if (note != NULL)
		db->free_note(note);
	if (db->mapped != 0)
		munmap((void *)(uintptr_t)db->base, db->mapped);
	fsk_policy_close(db->policy);
	free(db->answers);
	free(db);
}
