/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/replica.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/publish.h"
#include "feeds/state.h"

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

static int
make_folder(struct replica *r, struct fsk_error *err)
{
	char *base = realpath(replica_place(), NULL), *folder;

	if (base == NULL)
		return fsk_fail(err, FSK_EIO, "cannot find '%s': %s",
		    replica_place(), strerror(errno));
	folder = state_path(base, NULL, "fraudsink-dry-run-XXXXXX");
	free(base);
	if (folder == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (mkdtemp(folder) == NULL) {
		free(folder);
		return fsk_fail(err, FSK_EIO,
		    "cannot make a temporary folder in '%s': %s",
		    replica_place(), strerror(errno));
	}
	r->folder = folder;
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

	memset(r, 0, sizeof(*r));
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

/* Removes NAME in the folder AT, links themselves and not what they lead to. */
static void
remove_tree(int at, const char *name)
{
	struct dirent *e;
	DIR *d;
	int fd;

	if (unlinkat(at, name, 0) == 0)
		return;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = fd != -1 ? fdopendir(fd) : NULL;
	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_tree(fd, e->d_name);
	closedir(d);
	unlinkat(at, name, AT_REMOVEDIR);
}

void
replica_close(struct replica *r)
{
	if (r->folder != NULL)
		remove_tree(AT_FDCWD, r->folder);
	free(r->folder);
	free(r->state);
	free(r->database);
	memset(r, 0, sizeof(*r));
}
