/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void
fsk_handle_init(struct fsk_handle *h, const char *path, enum fsk_db_load load)
{
	memset(h, 0, sizeof(*h));
	atomic_init(&h->current, NULL);
	atomic_init(&h->changes, 0);
	atomic_init(&h->readers, NULL);
	h->path = path;
	h->load = load;
	h->open = fsk_db_open_fd;
}

void
fsk_handle_fini(struct fsk_handle *h)
{
	fsk_db_close(h->old);
	fsk_db_close(atomic_load(&h->current));
	h->old = NULL;
	atomic_store(&h->current, NULL);
}

void
fsk_handle_attach(struct fsk_handle *h, struct fsk_reader *r)
{
	atomic_init(&r->using, NULL);
	r->next = atomic_load(&h->readers);
	while (!atomic_compare_exchange_weak(&h->readers, &r->next, r))
		;
}

static int64_t
nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static void
identify(struct fsk_file_id *id, const struct stat *st)
{
	memset(id, 0, sizeof(*id));
	id->dev = (uint64_t)st->st_dev;
	id->ino = (uint64_t)st->st_ino;
	id->size = (uint64_t)st->st_size;
	id->mtime = nanoseconds(&st->st_mtim);
	id->ctime = nanoseconds(&st->st_ctim);
}

static bool
same_file(const struct fsk_file_id *a, const struct fsk_file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtime == b->mtime && a->ctime == b->ctime;
}

enum fsk_refresh
fsk_handle_refresh(struct fsk_handle *h, struct fsk_error *err)
{
	struct fsk_file_id id;
	struct fsk_db *db;
	struct stat st;
	int fd, rc;

	if (stat(h->path, &st) == -1) {
		memset(&h->seen, 0, sizeof(h->seen));
		fsk_fail(err, FSK_EIO, "cannot open '%s': %s", h->path,
		    strerror(errno));
		return FSK_ABSENT;
	}
	identify(&id, &st);
	if (same_file(&id, &h->seen))
		return FSK_UNCHANGED;
	fd = open(h->path, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		h->seen = id;
		fsk_fail(err, FSK_EIO, "cannot open '%s': %s", h->path,
		    strerror(errno));
		return FSK_REFUSED;
	}
	/* What was opened may be newer than what was looked at; if it changes
	 * while it is read, the next look sees that. */
	if (fstat(fd, &st) == 0)
		identify(&id, &st);
	h->seen = id;
	rc = h->open(&db, fd, h->path, h->load, err);
	close(fd);
	if (rc != FSK_OK)
		return FSK_REFUSED;
	h->old = atomic_exchange(&h->current, db);
	atomic_fetch_add(&h->changes, 1);
	return FSK_SWAPPED;
}

bool
fsk_handle_old_in_use(const struct fsk_handle *h)
{
	for (struct fsk_reader *r = atomic_load(&h->readers); r != NULL;
	     r = r->next)
		if (h->old != NULL && atomic_load(&r->using) == h->old)
			return true;
	return false;
}

void
fsk_handle_retire(struct fsk_handle *h)
{
	const struct timespec ms = { 0, 1000000 };

	while (fsk_handle_old_in_use(h))
		nanosleep(&ms, NULL); /* a look-up takes less */
	fsk_db_close(h->old);
	h->old = NULL;
}
