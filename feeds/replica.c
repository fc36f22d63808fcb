/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/replica.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/publish.h"
#include "feeds/state.h"

#define NAME  "fraudsink-dry-run-" /* and what mkdtemp() makes of six X */
#define TRIES 100

const char *
replica_place(void)
{
	const char *place = getenv("TMPDIR");

	return place != NULL && *place != '\0' ? place : "/var/tmp";
}

char *
replica_path(const struct replica *r, const char *name)
{
	return state_path(r->folder, NULL, name);
}

/* ---- links ---- */

/* Makes TO a link to the file FROM, if that is there; both go to free().  What
 * only others may read would count as lost, and all that is in it as new. */
static int
link_to(char *from, char *to, struct fsk_error *err)
{
	int rc = FSK_OK;

	if (from == NULL || to == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else if (access(from, R_OK) == 0) {
		if (symlink(from, to) == -1)
			rc = fsk_fail(err, FSK_EIO, "cannot make '%s': %s", to,
			    strerror(errno));
	} else if (errno != ENOENT && errno != ENOTDIR)
		rc = fsk_fail(err, FSK_EIO, "cannot read '%s': %s", from,
		    strerror(errno));
	free(from);
	free(to);
	return rc;
}

/* Links to what is kept of FEED in the state folder WAS. */
static int
link_feed(const struct replica *r, const char *was, const char *feed,
    struct fsk_error *err)
{
	static const char *const kept[] = { "meta", "body", "list.fsdb",
		"urls" };
	char *folder = state_path(r->state, feed, NULL);
	int rc = folder != NULL ? state_folder(folder, err)
				: fsk_fail(err, FSK_ENOMEM, "out of memory");

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept) && rc == FSK_OK;
	     i++)
		rc = link_to(state_path(was, feed, kept[i]),
		    state_path(r->state, feed, kept[i]), err);
	free(folder);
	return rc;
}

/* Links to the generations: the next one is newer than all. */
static int
link_generations(
    const struct replica *r, const struct conf *was, struct fsk_error *err)
{
	struct conf now = *was;
	char *folder = state_path(r->state, NULL, "generations");
	size_t n = 0;
	uint64_t *serials = generations(was, &n, err);
	int rc = serials == NULL ? FSK_ENOMEM
	    : folder == NULL     ? fsk_fail(err, FSK_ENOMEM, "out of memory")
				 : state_folder(folder, err);

	now.state = r->state;
	for (size_t i = 0; i < n && rc == FSK_OK; i++)
		rc = link_to(generation_path(was, serials[i]),
		    generation_path(&now, serials[i]), err);
	free(serials);
	free(folder);
	return rc;
}

/* The absolute path of PATH, for free(), in *REAL; NULL where nothing is
 * there. */
static int
find(const char *path, char **real, struct fsk_error *err)
{
	*real = realpath(path, NULL);
	if (*real == NULL && errno != ENOENT)
		return fsk_fail(err, FSK_EIO, "cannot find '%s': %s", path,
		    strerror(errno));
	return FSK_OK;
}

static int
link_state(struct replica *r, const struct conf *c, struct fsk_error *err)
{
	/* What was published, and whether a rollback holds it. */
	static const char *const ours[] = { "published", "hold" };
	struct conf real = *c;
	char *was;
	int rc = find(c->state, &was, err);

	if (rc != FSK_OK || was == NULL)
		return rc;
	real.state = was;
	if (access(was, R_OK | X_OK) == -1)
		rc = fsk_fail(
		    err, FSK_EIO, "cannot read '%s': %s", was, strerror(errno));
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours) && rc == FSK_OK;
	     i++)
		rc = link_to(state_path(was, NULL, ours[i]),
		    state_path(r->state, NULL, ours[i]), err);
	for (size_t i = 0; i < c->nfeeds && rc == FSK_OK; i++)
		if (c->feeds[i].enabled)
			rc = link_feed(r, was, c->feeds[i].head.title, err);
	if (rc == FSK_OK)
		rc = link_generations(r, &real, err);
	free(was);
	return rc;
}

static int
link_database(
    const struct replica *r, const struct conf *c, struct fsk_error *err)
{
	char *was;
	int rc = find(c->database, &was, err);

	if (rc == FSK_OK && was != NULL)
		rc = link_to(was, strdup(r->database), err);
	return rc;
}

/* ---- the folder ---- */

static void remove_tree(int at, const char *name);

/* Removes all that is in the open folder FD, links themselves and not what they
 * lead to. */
static void
empty_folder(int fd)
{
	/* A descriptor of its own, which closedir() takes. */
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy != -1 ? fdopendir(copy) : NULL;
	struct dirent *e;

	if (d == NULL) {
		if (copy != -1)
			close(copy);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_tree(fd, e->d_name);
	closedir(d);
}

/* Removes NAME in the folder AT. */
static void
remove_tree(int at, const char *name)
{
	int fd;

	if (unlinkat(at, name, 0) == 0)
		return;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	empty_folder(fd);
	close(fd);
	unlinkat(at, name, AT_REMOVEDIR);
}

/* Removes the folders of ours in BASE that nobody locks: who made them was
 * killed. */
static void
sweep(const char *base)
{
	DIR *d = opendir(base);
	struct dirent *e;
	struct stat st;

	while (d != NULL && (e = readdir(d)) != NULL) {
		int fd = strncmp(e->d_name, NAME, sizeof(NAME) - 1) == 0
		    ? openat(dirfd(d), e->d_name,
			  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
		    : -1;

		if (fd == -1)
			continue;
		if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		    flock(fd, LOCK_EX | LOCK_NB) == 0)
			remove_tree(dirfd(d), e->d_name);
		close(fd);
	}
	if (d != NULL)
		closedir(d);
}

/* Locks the folder PATH, which was just made; false if another run, which took
 * it for one that was left, removes it.  Where nothing can be locked, others
 * remove nothing either. */
static bool
lock_folder(const char *path, int *lock)
{
	struct stat named, locked;

	*lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock == -1)
		return false;
	if ((flock(*lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	    stat(path, &named) == 0 && fstat(*lock, &locked) == 0 &&
	    named.st_ino == locked.st_ino && named.st_dev == locked.st_dev)
		return true;
	close(*lock);
	*lock = -1;
	return false;
}

/* Makes a folder in BASE, and locks it. */
static int
make_locked(struct replica *r, const char *base, struct fsk_error *err)
{
	int rc;

	for (unsigned i = 0; i < TRIES; i++) {
		free(r->folder);
		r->folder = state_path(base, NULL, NAME "XXXXXX");
		if (r->folder == NULL)
			return fsk_fail(err, FSK_ENOMEM, "out of memory");
		if (mkdtemp(r->folder) == NULL)
			break;
		if (lock_folder(r->folder, &r->lock))
			return FSK_OK;
	}
	rc = fsk_fail(err, FSK_EIO,
	    "cannot make a temporary folder in '%s': %s", base,
	    strerror(errno));
	free(r->folder);
	r->folder = NULL;
	return rc;
}

static int
make_folder(struct replica *r, struct fsk_error *err)
{
	char *base = realpath(replica_place(), NULL);
	int rc;

	if (base == NULL)
		return fsk_fail(err, FSK_EIO, "cannot find '%s': %s",
		    replica_place(), strerror(errno));
	sweep(base);
	rc = make_locked(r, base, err);
	free(base);
	if (rc != FSK_OK)
		return rc;
	r->state = replica_path(r, "state");
	r->database = replica_path(r, "database.fsdb");
	if (r->state == NULL || r->database == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	return state_folder(r->state, err);
}

int
replica_open(struct replica *r, const struct conf *c, struct fsk_error *err)
{
	int rc;

	*r = (struct replica){ .lock = -1 };
	rc = make_folder(r, err);
	if (rc == FSK_OK)
		rc = link_state(r, c, err);
	if (rc == FSK_OK)
		rc = link_database(r, c, err);
	if (rc == FSK_OK) {
		r->c = *c;
		r->c.state = r->state;
		r->c.database = r->database;
	}
	return rc;
}

void
replica_close(struct replica *r)
{
	if (r->folder == NULL)
		return;
	remove_tree(AT_FDCWD, r->folder);
	if (r->lock != -1)
		close(r->lock);
	free(r->folder);
	free(r->state);
	free(r->database);
	*r = (struct replica){ .lock = -1 };
}
