/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RETRY (60 * (int64_t)1000000000)

bool
fsk_handle_init(struct fsk_handle *h, const char *path, enum fsk_db_load load)
{
	struct fsk_list *empty = calloc(1, sizeof(*empty));

	memset(h, 0, sizeof(*h));
	atomic_init(&h->current, empty);
	atomic_init(&h->changes, 0);
	atomic_init(&h->readers, NULL);
	h->load = load;
	h->open = fsk_db_open_fd;
	h->retry = RETRY;
	h->path = strdup(path);
	h->bypass_path = fsk_bypass_path(path);
	if (asprintf(&h->shadow_path, "%s.shadow", path) == -1)
		h->shadow_path = NULL;
	if (empty != NULL && h->path != NULL && h->bypass_path != NULL &&
	    h->shadow_path != NULL)
		return true;
	fsk_handle_fini(h);
	return false;
}

static void
free_old(struct fsk_handle *h)
{
	fsk_db_close(h->old_db);
	fsk_bypasses_fini(&h->old_bypasses);
	free(h->old);
	h->old_db = NULL;
	h->old = NULL;
}

void
fsk_handle_on_open(struct fsk_handle *h,
    void (*opened)(void *arg, const struct fsk_db *db), void *arg)
{
	h->opened = opened;
	h->arg = arg;
}

void
fsk_handle_fini(struct fsk_handle *h)
{
	struct fsk_list *list = atomic_load(&h->current);

	free_old(h);
	if (list != NULL) {
		fsk_db_close(list->db);
		fsk_db_close(list->shadow);
		fsk_bypasses_fini(&list->bypasses);
		free(list);
	}
	atomic_store(&h->current, NULL);
	free(h->path);
	free(h->bypass_path);
	free(h->shadow_path);
	h->path = h->bypass_path = h->shadow_path = NULL;
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

static int64_t
monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return nanoseconds(&t);
}

/* Returns FSK_REFUSED.  *SEEN stays what it is if ERR tells of its content;
 * what is wrong with us may pass. */
static enum fsk_refresh
refuse(const struct fsk_handle *h, struct fsk_file_id *seen,
    const struct fsk_error *err)
{
	if (err != NULL && (err->code == FSK_ENOMEM || err->code == FSK_EIO))
		seen->again = monotonic() + h->retry;
	return FSK_REFUSED;
}

/* Opens PATH if it is another file than *SEEN: *FD is -1 otherwise. */
static enum fsk_refresh
look(const struct fsk_handle *h, const char *path, struct fsk_file_id *seen,
    int *fd, struct fsk_error *err)
{
	struct fsk_file_id id;
	struct stat st;

	*fd = -1;
	if (stat(path, &st) == -1) {
		*seen = (struct fsk_file_id){ .again = seen->again };
		fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
		return FSK_ABSENT;
	}
	identify(&id, &st);
	if (same_file(&id, seen) &&
	    (seen->again == 0 || monotonic() < seen->again))
		return FSK_UNCHANGED;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd == -1) {
		*seen = id;
		fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
		return refuse(h, seen, err);
	}
	/* What was opened may be newer than what was looked at; if it changes
	 * while it is read, the next look sees that. */
	if (fstat(*fd, &st) == 0)
		identify(&id, &st);
	*seen = id;
	return FSK_SWAPPED;
}

/* Puts LIST in force. */
static void
swap(struct fsk_handle *h, struct fsk_list *list)
{
	h->old = atomic_exchange(&h->current, list);
	atomic_fetch_add(&h->changes, 1);
}

/* A list to be changed and put in force; NULL when out of memory. */
static struct fsk_list *
next_list(struct fsk_handle *h, struct fsk_error *err)
{
	struct fsk_list *list = malloc(sizeof(*list));

	if (list == NULL)
		fsk_fail(err, FSK_ENOMEM, "out of memory");
	else
		*list = *atomic_load(&h->current);
	return list;
}

/* Opens the database at FD and puts a list with it in force: as the one that is
 * tried if SHADOW is set. */
static enum fsk_refresh
swap_db(struct fsk_handle *h, bool shadow, int fd, struct fsk_error *err)
{
	struct fsk_file_id *seen = shadow ? &h->shadow_seen : &h->seen;
	const char *path = shadow ? h->shadow_path : h->path;
	struct fsk_list *list = next_list(h, err);
	struct fsk_db *db, **at;

	if (list == NULL)
		return refuse(h, seen, err);
	if (h->open(&db, fd, path, h->load, err) != FSK_OK) {
		free(list);
		return refuse(h, seen, err);
	}
	at = shadow ? &list->shadow : &list->db;
	if (h->opened != NULL)
		h->opened(h->arg, db);
	h->old_db = *at;
	*at = db;
	swap(h, list);
	return FSK_SWAPPED;
}

enum fsk_refresh
fsk_handle_refresh(struct fsk_handle *h, struct fsk_error *err)
{
	int fd;
	enum fsk_refresh r = look(h, h->path, &h->seen, &fd, err);

	if (r != FSK_SWAPPED)
		return r;
	r = swap_db(h, false, fd, err);
	close(fd);
	return r;
}

enum fsk_refresh
fsk_handle_refresh_shadow(struct fsk_handle *h, struct fsk_error *err)
{
	int fd;
	enum fsk_refresh r = look(h, h->shadow_path, &h->shadow_seen, &fd, err);
	struct fsk_list *list;

	if (r == FSK_SWAPPED) {
		r = swap_db(h, true, fd, err);
		close(fd);
		return r;
	}
	if (r != FSK_ABSENT)
		return r;
	if (atomic_load(&h->current)->shadow == NULL)
		return FSK_UNCHANGED;
	list = next_list(h, err);
	if (list == NULL)
		return FSK_REFUSED; /* it is absent the next time, too */
	h->old_db = list->shadow;
	list->shadow = NULL;
	swap(h, list);
	return FSK_SWAPPED;
}

enum fsk_refresh
fsk_handle_refresh_bypasses(struct fsk_handle *h, struct fsk_error *err)
{
	int fd;
	enum fsk_refresh r = look(h, h->bypass_path, &h->bypass_seen, &fd, err);
	struct fsk_bypasses next;
	struct fsk_list *list;

	if (fd != -1)
		close(fd);
	if (r != FSK_SWAPPED && r != FSK_ABSENT)
		return r;
	/* What cannot be looked at may still be there. */
	if (r == FSK_ABSENT &&
	    (atomic_load(&h->current)->bypasses.n == 0 ||
		monotonic() < h->bypass_seen.again))
		return FSK_UNCHANGED;
	if (fsk_bypasses_read(&next, h->bypass_path, err) != FSK_OK)
		return refuse(h, &h->bypass_seen, err);
	list = next_list(h, err);
	if (list == NULL) {
		fsk_bypasses_fini(&next);
		return refuse(h, &h->bypass_seen, err);
	}
	h->old_bypasses = list->bypasses;
	list->bypasses = next;
	swap(h, list);
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
	free_old(h);
}

void
fsk_handle_drain(struct fsk_handle *h)
{
	const struct timespec ms = { 0, 1000000 };

	for (struct fsk_reader *r = atomic_load(&h->readers); r != NULL;
	     r = r->next)
		while (atomic_load(&r->using) != NULL)
			nanosleep(&ms, NULL);
}
