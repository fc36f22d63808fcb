/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX_LEN 16 /* what a temporary name adds */

int
aside_open(struct aside *a, const char *path, struct fsk_error *err)
{
	const char *slash = strrchr(path, '/');
	struct stat st;

	memset(a, 0, sizeof(*a));
	a->fd = -1;
	a->path = path;
	/* A device or a pipe would be replaced, not written to. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return fsk_fail(err, FSK_EIO, "'%s' is not a file", path);
	a->temporary = malloc(strlen(path) + SUFFIX_LEN);
	a->folder = slash == NULL ? strdup(".")
	    : slash == path       ? strdup("/")
				  : strndup(path, (size_t)(slash - path));
	if (a->temporary == NULL || a->folder == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (access("/proc/self/fd", X_OK) == 0)
		a->fd = open(a->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (a->fd == -1) {
		sprintf(a->temporary, "%s.XXXXXX", path);
		a->fd = mkostemp(a->temporary, O_CLOEXEC);
		a->named = a->fd != -1;
	}
	if (a->fd == -1)
		return fsk_fail(err, FSK_EIO,
		    "cannot make a temporary file beside '%s': %s", path,
		    strerror(errno));
	return FSK_OK;
}

void
aside_close(struct aside *a)
{
	if (a->fd != -1)
		close(a->fd);
	if (a->named)
		unlink(a->temporary);
	free(a->temporary);
	free(a->folder);
	memset(a, 0, sizeof(*a));
	a->fd = -1;
}

/* Gives the file its temporary name, if it has none. */
static int
name_it(struct aside *a, struct fsk_error *err)
{
	char fd[32];

	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", a->fd);
	while (!a->named) {
		uint32_t random;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			random = (uint32_t)getpid();
		sprintf(a->temporary, "%s.%08x", a->path, random);
		if (linkat(AT_FDCWD, fd, AT_FDCWD, a->temporary,
			AT_SYMLINK_FOLLOW) == 0)
			a->named = true;
		else if (errno != EEXIST)
			return fsk_fail(err, FSK_EIO, "cannot name '%s': %s",
			    a->temporary, strerror(errno));
	}
	return FSK_OK;
}

static int
sync_folder(const struct aside *a, struct fsk_error *err)
{
	int fd = open(a->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = FSK_OK;

	if (fd == -1 || fsync(fd) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot sync the folder '%s': %s",
		    a->folder, strerror(errno));
	if (fd != -1)
		close(fd);
	return rc;
}

int
aside_publish(struct aside *a, struct fsk_error *err)
{
	const mode_t mask = umask(0);
	int rc;

	/* Readable to others like any file that the caller makes. */
	umask(mask);
	if (fchmod(a->fd, 0644 & ~mask) == -1)
		return fsk_fail(err, FSK_EIO, "cannot set the mode of '%s': %s",
		    a->path, strerror(errno));
	if (fsync(a->fd) == -1)
		return fsk_fail(err, FSK_EIO, "cannot sync '%s': %s", a->path,
		    strerror(errno));
	rc = name_it(a, err);
	if (rc != FSK_OK)
		return rc;
	if (rename(a->temporary, a->path) == -1)
		return fsk_fail(err, FSK_EIO, "cannot rename '%s' to '%s': %s",
		    a->temporary, a->path, strerror(errno));
	a->named = false;
	return sync_folder(a, err);
}
