/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/host.h"
#include "feeds/printable.h"
#include "feeds/state.h"
#include "lib/db.h"
#include "lib/policy.h"
#include "lib/verdict.h"

#define ENDING ".fsdb"

char *
generation_path(const struct conf *c, uint64_t serial)
{
	char *path;

	if (asprintf(&path, "%s/generations/%020" PRIu64 ENDING, c->state,
		serial) == -1)
		return NULL;
	return path;
}

char *
generation_candidate(const struct conf *c)
{
	return state_path(c->state, "generations", "candidate" ENDING);
}

int
generation_admit(const struct conf *c, uint64_t serial, struct fsk_error *err)
{
	char *from = generation_candidate(c), *to = generation_path(c, serial);
	int rc = FSK_OK;

	if (from == NULL || to == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else if (rename(from, to) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot rename '%s': %s", from,
		    strerror(errno));
	free(from);
	free(to);
	return rc;
}

static int
newest_first(const void *ap, const void *bp)
{
	const uint64_t *a = ap, *b = bp;

	return *a > *b ? -1 : *a < *b;
}

/* Whether NAME is one that generation_path() makes, and of which serial; what
 * else lies there is not ours. */
static bool
read_file_name(const char *name, uint64_t *serial)
{
	char is[64];

	*serial = strtoull(name, NULL, 10);
	snprintf(is, sizeof(is), "%020" PRIu64 ENDING, *serial);
	return *serial > 0 && *serial < UINT64_MAX && strcmp(is, name) == 0;
}

uint64_t *
generations(const struct conf *c, size_t *n, struct fsk_error *err)
{
	char *folder = state_path(c->state, NULL, "generations");
	uint64_t *serials = calloc(1, sizeof(*serials));
	struct dirent *e;
	DIR *d = NULL;

	*n = 0;
	if (folder == NULL || serials == NULL) {
		fsk_fail(err, FSK_ENOMEM, "out of memory");
		free(serials);
		serials = NULL;
		goto out;
	}
	d = opendir(folder);
	while (d != NULL && (e = readdir(d)) != NULL) {
		uint64_t serial, *more;

		if (!read_file_name(e->d_name, &serial))
			continue;
		more = realloc(serials, (*n + 1) * sizeof(*more));
		if (more == NULL)
			break;
		serials = more;
		serials[(*n)++] = serial;
	}
	qsort(serials, *n, sizeof(*serials), newest_first);
out:
	if (d != NULL)
		closedir(d);
	free(folder);
	return serials;
}

/* ---- canaries ---- */

/* Whether the entry that DB has for a name is answered with ATTR's class in
 * anything but the truth, for clients of any group. */
static bool
blocks_anyone(const struct fsk_db *db, const struct fsk_attr *attr)
{
	const struct fsk_policy *p = fsk_db_policy(db);

	if (p == NULL)
		return attr->answer->action != FSK_LOG;
	for (unsigned g = 0; g < fsk_policy_groups(p); g++) {
		const uint16_t row = fsk_policy_answer(p, g, attr->class);

		if (!fsk_policy_off(p, g) && row != FSK_ANSWER_PASS &&
		    fsk_db_answer(db, row)->action != FSK_LOG)
			return true;
	}
	return false;
}

/* Must not be blocked by any group's own list. */
static int
ask_groups(const struct fsk_db *db, const char *text, const struct fsk_query *q,
    struct fsk_error *err)
{
	const struct fsk_policy *p = fsk_db_policy(db);
	const unsigned groups = p != NULL ? fsk_policy_groups(p) : 0;

	for (unsigned g = 0; g < groups; g++) {
		const struct fsk_db *list = fsk_policy_list(p, g);
		struct fsk_found found;
		struct fsk_attr attr;

		if (list == NULL || fsk_policy_off(p, g))
			continue;
		fsk_db_find(list, q, &found);
		if (!found.covered)
			continue;
		fsk_db_attr(list, found.attr, &attr);
		if (!attr.allow && attr.answer->action != FSK_PASSTHRU &&
		    attr.answer->action != FSK_LOG)
			return fsk_fail(err, FSK_EINVAL,
			    "'%s' would be blocked for the group '%s', by its "
			    "own list, but it must not be (never-blocked)",
			    text, fsk_policy_group_name(p, g));
	}
	return FSK_OK;
}

/* Must not be blocked by the list of all, for anybody and for no query type. */
static int
ask_good(const struct fsk_db *db, const char *text, const struct fsk_query *q,
    struct fsk_error *err)
{
	struct fsk_found found;
	struct fsk_attr attr;

	fsk_db_find(db, q, &found);
	if (!found.covered)
		return FSK_OK;
	fsk_db_attr(db, found.attr, &attr);
	if (attr.allow || !blocks_anyone(db, &attr))
		return FSK_OK;
	return fsk_fail(err, FSK_EINVAL,
	    "'%s' would be blocked, for feed '%s', but it must not be "
	    "(never-blocked)",
	    text, printable_copy(fsk_db_attr_feed(db, found.attr, 0)));
}

/* Must be blocked, for who is in no group. */
static int
ask_bad(const struct fsk_db *db, const char *text,
    const struct fsk_question *asked, struct fsk_error *err)
{
	struct fsk_verdict v;

	fsk_verdict(db, NULL, asked, &v);
	if (v.block)
		return FSK_OK;
	return fsk_fail(err, FSK_EINVAL,
	    "'%s' would not be blocked, but it must be (always-blocked)", text);
}

static int
ask(const struct fsk_db *db, const char *text, bool must, struct fsk_error *err)
{
	struct fsk_question asked = { .qtype = QTYPE_A };
	struct fsk_name name;
	int rc;

	if (host_name(&name, text, strlen(text)) != NULL)
		return FSK_OK; /* conf_read() has told */
	fsk_db_query(db, &asked.q, name.wire, name.len);
	if (must)
		return ask_bad(db, text, &asked, err);
	rc = ask_good(db, text, &asked.q, err);
	return rc == FSK_OK ? ask_groups(db, text, &asked.q, err) : rc;
}

/* Opens the database PATH, which goes to free(). */
static int
open_path(char *path, struct fsk_db **db, struct fsk_error *err)
{
	int rc = path != NULL ? fsk_db_open(db, path, FSK_DB_MAP, err)
			      : fsk_fail(err, FSK_ENOMEM, "out of memory");

	free(path);
	return rc;
}

int
generation_verify(const struct conf *c, uint64_t serial, struct fsk_error *err)
{
	struct fsk_db *db;
	int rc = open_path(generation_path(c, serial), &db, err);

	if (rc == FSK_OK)
		fsk_db_close(db);
	return rc;
}

int
generation_check(const struct conf *c, struct fsk_error *err)
{
	struct fsk_db *db;
	int rc = open_path(generation_candidate(c), &db, err);

	if (rc != FSK_OK)
		return rc;
	for (size_t i = 0; i < c->good.n && rc == FSK_OK; i++)
		rc = ask(db, c->good.at[i], false, err);
	for (size_t i = 0; i < c->bad.n && rc == FSK_OK; i++)
		rc = ask(db, c->bad.at[i], true, err);
	fsk_db_close(db);
	return rc;
}

/* ---- into force ---- */

static int
copy(int from, int to)
{
	char *buffer = malloc(1 << 20);
	ssize_t n = -1;

	while (buffer != NULL && (n = read(from, buffer, 1 << 20)) > 0)
		for (ssize_t at = 0, m; at < n; at += m) {
			m = write(to, buffer + at, (size_t)(n - at));
			if (m == -1) {
				free(buffer);
				return -1;
			}
		}
	free(buffer);
	return n == 0 ? 0 : -1;
}

/* A second name for the file PATH, or where that cannot be, a copy of it. */
static int
duplicate(const char *path, const char *to, struct fsk_error *err)
{
	int from, fd, rc = FSK_OK;

	unlink(to); /* of a run that was killed; the lock is ours */
	if (link(path, to) == 0)
		return FSK_OK;
	from = open(path, O_RDONLY | O_CLOEXEC);
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (from == -1 || fd == -1 || copy(from, fd) == -1 || fsync(fd) == -1) {
		rc = fsk_fail(err, FSK_EIO, "cannot copy '%s' to '%s': %s",
		    path, to, strerror(errno));
		unlink(to);
	}
	if (from != -1)
		close(from);
	if (fd != -1)
		close(fd);
	return rc;
}

static int
sync_folder(const char *path, struct fsk_error *err)
{
	char *copy_of = strdup(path), *slash;
	int fd, rc = FSK_OK;

	if (copy_of == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	slash = strrchr(copy_of, '/');
	slash[slash == copy_of] = '\0';
	fd = open(copy_of, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot sync the folder '%s': %s",
		    copy_of, strerror(errno));
	if (fd != -1)
		close(fd);
	free(copy_of);
	return rc;
}

int
generation_install(const struct conf *c, uint64_t serial, struct fsk_error *err)
{
	char *path = generation_path(c, serial), *beside = NULL;
	int rc;

	if (path == NULL || asprintf(&beside, "%s.next", c->database) == -1) {
		free(path);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	rc = duplicate(path, beside, err);
	if (rc == FSK_OK && rename(beside, c->database) == -1) {
		rc = fsk_fail(err, FSK_EIO, "cannot replace '%s': %s",
		    c->database, strerror(errno));
		unlink(beside);
	}
	if (rc == FSK_OK) {
		/* Where both names were of one file already, rename() leaves
		 * both in place. */
		unlink(beside);
		rc = sync_folder(c->database, err);
	}
	free(path);
	free(beside);
	return rc;
}

uint64_t
generation_in_force(const struct conf *c)
{
	struct fsk_db_info info = { 0 };
	struct fsk_error err;
	struct fsk_db *db;

	if (fsk_db_open(&db, c->database, FSK_DB_MAP, &err) == FSK_OK) {
		fsk_db_info(db, &info);
		fsk_db_close(db);
	}
	return info.serial;
}

void
generations_prune(const struct conf *c)
{
	const uint64_t keep = generation_in_force(c);
	struct fsk_error err;
	size_t n;
	uint64_t *serials = generations(c, &n, &err);

	for (size_t i = c->generations; serials != NULL && i < n; i++) {
		char *path = generation_path(c, serials[i]);

		if (path != NULL && serials[i] != keep)
			unlink(path);
		free(path);
	}
	free(serials);
}
