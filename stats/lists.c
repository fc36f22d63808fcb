/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/lists.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTS_MAX 4096

/* Opens the list of FEED if it has one. */
static int
add(struct lists *l, const char *dir, const char *feed, struct fsk_error *err)
{
	struct list *more;
	struct fsk_db *db;
	char *path;
	int rc;

	if (asprintf(&path, "%s/%s/list.fsdb", dir, feed) == -1)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (access(path, F_OK) == -1) {
		free(path);
		return FSK_OK;
	}
	rc = fsk_db_open(&db, path, FSK_DB_MAP, &l->why);
	free(path);
	if (rc == FSK_ENOMEM)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (rc != FSK_OK) {
		l->unread++;
		return FSK_OK;
	}
	more = realloc(l->at, (l->n + 1) * sizeof(*more));
	if (more != NULL) {
		l->at = more;
		more[l->n] = (struct list){ strdup(feed), db };
		if (more[l->n++].feed != NULL)
			return FSK_OK;
	} else {
		fsk_db_close(db);
	}
	return fsk_fail(err, FSK_ENOMEM, "out of memory");
}

static int
compare(const void *a, const void *b)
{
	const struct list *x = a, *y = b;

	return strcmp(x->feed, y->feed);
}

int
lists_open(struct lists *l, const char *dir, struct fsk_error *err)
{
	DIR *folder = opendir(dir);
	struct dirent *e;
	int rc = FSK_OK;

	*l = (struct lists){ .n = 0 };
	if (folder == NULL && errno == ENOENT)
		return FSK_OK;
	if (folder == NULL)
		return fsk_fail(err, FSK_EIO, "cannot read the folder '%s': %s",
		    dir, strerror(errno));
	while (
	    rc == FSK_OK && l->n < LISTS_MAX && (e = readdir(folder)) != NULL)
		if (e->d_name[0] != '.')
			rc = add(l, dir, e->d_name, err);
	closedir(folder);
	if (l->n > 0)
		qsort(l->at, l->n, sizeof(*l->at), compare);
	if (rc != FSK_OK)
		lists_close(l);
	return rc;
}

void
lists_close(struct lists *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->at[i].feed);
		fsk_db_close(l->at[i].db);
	}
	free(l->at);
	l->at = NULL;
	l->n = 0;
}

bool
lists_since(const struct lists *l, size_t i, const struct fsk_name *name,
    uint32_t *since)
{
	const struct fsk_db *db = l->at[i].db;
	struct fsk_query q;
	struct fsk_found found;
	struct fsk_attr attr;

	fsk_db_query(db, &q, name->wire, name->len);
	fsk_db_find(db, &q, &found);
	if (!found.covered)
		return false;
	fsk_db_attr(db, found.attr, &attr);
	*since = attr.since;
	return !attr.allow;
}
