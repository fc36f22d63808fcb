/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/printable.h"

/* ---- files ---- */

int
state_folder(const char *path, struct fsk_error *err)
{
	char *copy = strdup(path);
	int rc = FSK_OK;

	if (copy == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (char *p = copy + 1; rc == FSK_OK; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) == -1 && errno != EEXIST)
			rc = fsk_fail(err, FSK_EIO,
			    "cannot make the folder '%s': %s", copy,
			    strerror(errno));
		*p = was;
		if (was == '\0')
			break;
	}
	free(copy);
	return rc;
}

char *
state_path(const char *state, const char *feed, const char *file)
{
	char *path;

	if (asprintf(&path, "%s%s%s%s%s", state, feed != NULL ? "/" : "",
		feed != NULL ? feed : "", file != NULL ? "/" : "",
		file != NULL ? file : "") == -1)
		return NULL;
	return path;
}

bool
state_is_ours(const char *name)
{
	static const char *const ours[] = { "lock", "watch.lock", "bypass.lock",
		"generations", "published", "refused", "hold", "status.json",
		"audit.log", "group.fsdb", "rules.fsdb" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		const size_t len = strlen(ours[i]);

		if (strncmp(name, ours[i], len) == 0 &&
		    (name[len] == '\0' || strcmp(name + len, ".new") == 0))
			return true;
	}
	return false;
}

static void
sync_folder_of(const char *path)
{
	char *copy = strdup(path), *slash;
	int fd;

	if (copy == NULL)
		return;
	slash = strrchr(copy, '/');
	if (slash != NULL)
		slash[slash == copy] = '\0';
	fd = open(
	    slash != NULL ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

int
state_file_open(struct state_file *f, const char *path, struct fsk_error *err)
{
	int fd;

	*f = (struct state_file){ .path = path };
	/* Always the same, so that killed runs leave one at most: whoever
	 * writes PATH holds a lock. */
	if (asprintf(&f->temporary, "%s.new", path) == -1) {
		f->temporary = NULL;
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	fd = open(f->temporary,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd != -1)
		f->to = fdopen(fd, "w");
	if (f->to != NULL)
		return FSK_OK;
	fsk_fail(err, FSK_EIO, "cannot write '%s': %s", path, strerror(errno));
	if (fd != -1) {
		close(fd);
		unlink(f->temporary);
	}
	return FSK_EIO;
}

int
state_file_replace(struct state_file *f, struct fsk_error *err)
{
	if (ferror(f->to) || fflush(f->to) != 0 ||
	    fchmod(fileno(f->to), 0644) == -1 || fsync(fileno(f->to)) == -1 ||
	    rename(f->temporary, f->path) == -1)
		return fsk_fail(err, FSK_EIO, "cannot write '%s': %s", f->path,
		    strerror(errno));
	sync_folder_of(f->path);
	free(f->temporary);
	f->temporary = NULL;
	return FSK_OK;
}

void
state_file_close(struct state_file *f)
{
	if (f->to != NULL)
		fclose(f->to);
	if (f->to != NULL && f->temporary != NULL)
		unlink(f->temporary);
	free(f->temporary);
	*f = (struct state_file){ .path = NULL };
}

int
state_replace(
    const char *path, const void *text, size_t len, struct fsk_error *err)
{
	struct state_file f;
	int rc = state_file_open(&f, path, err);

	if (rc == FSK_OK) {
		fwrite(text, 1, len, f.to);
		rc = state_file_replace(&f, err);
	}
	state_file_close(&f);
	return rc;
}

char *
state_text(const char *path, size_t *len)
{
	/* Not waiting, if it is no file at all. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	size_t at = 0;
	ssize_t n;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		text = malloc((size_t)st.st_size + 1);
	while (text != NULL && at < (size_t)st.st_size &&
	    (n = read(fd, text + at, (size_t)st.st_size - at)) != 0) {
		if (n == -1) {
			free(text);
			text = NULL;
			break;
		}
		at += (size_t)n;
	}
	close(fd);
	if (text != NULL) {
		text[at] = '\0';
		*len = at;
	}
	return text;
}

/* ---- the lock ---- */

int
state_lock(const char *state, int *fd, struct fsk_error *err)
{
	return state_lock_file(state, "lock", fd, err);
}

int
state_lock_file(
    const char *state, const char *name, int *fd, struct fsk_error *err)
{
	char *path = state_path(state, NULL, name);
	int rc = state_folder(state, err);

	*fd = -1;
	if (path == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (rc == FSK_OK) {
		*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (*fd == -1)
			rc = fsk_fail(err, FSK_EIO, "cannot open '%s': %s",
			    path, strerror(errno));
	}
	if (rc == FSK_OK && flock(*fd, LOCK_EX | LOCK_NB) == -1) {
		rc = errno == EWOULDBLOCK
		    ? fsk_fail(
			  err, FSK_EIO, "another run is at work on '%s'", state)
		    : fsk_fail(err, FSK_EIO, "cannot lock '%s': %s", path,
			  strerror(errno));
		close(*fd);
		*fd = -1;
	}
	free(path);
	return rc;
}

void
state_unlock(int fd)
{
	if (fd != -1)
		close(fd);
}

/* ---- what is known of a feed ---- */

/* The lines of `meta`: texts, then numbers. */
#define AT(f) offsetof(struct feed_state, f)
static const struct {
	const char *name;
	size_t at, room;
} texts[] = {
	{ "etag", AT(etag), sizeof(((struct feed_state *)0)->etag) },
	{ "last-modified", AT(last_modified),
	    sizeof(((struct feed_state *)0)->last_modified) },
	{ "source", AT(source), sizeof(((struct feed_state *)0)->source) },
	{ "form", AT(form), sizeof(((struct feed_state *)0)->form) },
	{ "format", AT(format), sizeof(((struct feed_state *)0)->format) },
	{ "why", AT(why), sizeof(((struct feed_state *)0)->why) },
};
static const struct {
	const char *name;
	size_t at;
} numbers[] = {
	{ "tried", AT(tried) },
	{ "good", AT(good) },
	{ "not-before", AT(not_before) },
	{ "http", AT(http) },
	{ "failures", AT(failures) },
	{ "serial", AT(serial) },
	{ "bytes", AT(bytes) },
	{ "lines", AT(lines) },
	{ "names", AT(names) },
	{ "urls", AT(urls) },
	{ "excepted", AT(excepted) },
	{ "nothing", AT(nothing) },
	{ "skipped", AT(skipped) },
	{ "bad", AT(bad) },
	{ "refused", AT(refused) },
	{ "unique", AT(unique) },
	{ "entries", AT(entries) },
};
#define COUNT(a)   (sizeof(a) / sizeof(*(a)))
#define NUMBER_MAX ((uint64_t)1 << 53) /* so sums of them are in range, too */

/* The number that TEXT is; 0 if it is none, or larger than any of ours. */
static uint64_t
read_value(const char *text)
{
	unsigned long long v = strtoull(text, NULL, 10);

	return *text >= '0' && *text <= '9' && v <= NUMBER_MAX ? v : 0;
}

/* Puts VALUE as one of the texts: `why` is for people, the others are for
 * servers and ourselves, and without control characters. */
static void
take_text(char *to, size_t room, const char *value)
{
	snprintf(to, room, "%s", value);
	for (const char *p = to; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*to = '\0';
}

static void
read_line(struct feed_state *s, char *line)
{
	char *value = strchr(line, ' ');

	if (value == NULL)
		return;
	*value++ = '\0';
	for (size_t i = 0; i < COUNT(texts); i++)
		if (strcmp(texts[i].name, line) == 0) {
			char *to = (char *)s + texts[i].at;

			if (to == s->why)
				printable(value);
			take_text(to, texts[i].room, value);
		}
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(numbers[i].name, line) == 0)
			*(uint64_t *)(void *)((char *)s +
			    numbers[i].at) = read_value(value);
}

void
state_read(const char *state, const char *feed, struct feed_state *s)
{
	char *path = state_path(state, feed, "meta"), *text = NULL, *save;
	size_t len;

	memset(s, 0, sizeof(*s));
	if (path != NULL)
		text = state_text(path, &len);
	if (text != NULL)
		for (char *line = strtok_r(text, "\n", &save); line != NULL;
		     line = strtok_r(NULL, "\n", &save))
			read_line(s, line);
	free(text);
	free(path);
}

int
state_write(const char *state, const char *feed, const struct feed_state *s,
    struct fsk_error *err)
{
	char *folder = state_path(state, feed, NULL);
	char *path = state_path(state, feed, "meta"), *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int rc;

	if (folder == NULL || path == NULL || f == NULL) {
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *value = (const char *)s + texts[i].at;

		fprintf(f, "%s ", texts[i].name);
		/* From servers: a line stays a line. */
		for (; *value != '\0'; value++)
			fputc((unsigned char)*value < 0x20 ? '?' : *value, f);
		fputc('\n', f);
	}
	for (size_t i = 0; i < COUNT(numbers); i++)
		fprintf(f, "%s %" PRIu64 "\n", numbers[i].name,
		    *(const uint64_t *)(const void *)((const char *)s +
			numbers[i].at));
	if (fclose(f) != 0) {
		f = NULL;
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
		goto out;
	}
	f = NULL;
	rc = state_folder(folder, err);
	if (rc == FSK_OK)
		rc = state_replace(path, text, len, err);
out:
	if (f != NULL)
		fclose(f);
	free(text);
	free(folder);
	free(path);
	return rc;
}
