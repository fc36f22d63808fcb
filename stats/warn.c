/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/warn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/name.h"
#include "stats/table.h"

#define IDS_MOST  5000000 /* of a day, in memory */
#define LINE_MOST 8192
#define ID_AT     7 /* {"id":"0123456789abcdef",... */
#define ID_LEN    16

struct warn {
	const struct conf *c;
	struct privacy *privacy;
	uint32_t day;     /* of the file and the ids */
	int fd;           /* -1: none is open */
	uint64_t len;     /* of the file */
	struct table ids; /* ordered that day */
	uint64_t ordered, dropped;
};

/* ---- files ---- */

char *
warn_path(const char *folder, uint32_t day)
{
	const time_t t = (time_t)day * 86400;
	struct tm tm;
	char name[16], *path;

	gmtime_r(&t, &tm);
	strftime(name, sizeof(name), "%Y-%m-%d", &tm);
	return asprintf(&path, "%s/%s.ndjson", folder, name) == -1 ? NULL
								   : path;
}

bool
warn_day(const char *name, uint32_t *day)
{
	struct tm tm = { 0 };
	const char *end = strptime(name, "%Y-%m-%d", &tm);

	if (end == NULL || strcmp(end, ".ndjson") != 0)
		return false;
	*day = (uint32_t)(timegm(&tm) / 86400);
	return true;
}

static bool
read_id(const char *line, size_t len, uint64_t *id)
{
	char digits[ID_LEN + 1], *end;

	if (len < ID_AT + ID_LEN || memcmp(line, "{\"id\":\"", ID_AT) != 0)
		return false;
	memcpy(digits, line + ID_AT, ID_LEN);
	digits[ID_LEN] = '\0';
	*id = strtoull(digits, &end, 16);
	return *end == '\0';
}

/* Notes what the file holds, and cuts off a line that was not finished. */
static int
read_ids(struct warn *w, const char *path, struct fsk_error *err)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	w->len = 0;
	while (f != NULL && (n = getline(&line, &room, f)) > 0) {
		uint64_t id;
		bool fresh;

		if (line[n - 1] != '\n')
			break;
		w->len += (uint64_t)n;
		if (read_id(line, (size_t)n, &id) && w->ids.n < IDS_MOST)
			table_put(&w->ids, &id, sizeof(id), &fresh);
	}
	free(line);
	if (f != NULL)
		fclose(f);
	if (ftruncate(w->fd, (off_t)w->len) == -1)
		return fsk_fail(
		    err, FSK_EIO, "cannot cut '%s': %s", path, strerror(errno));
	return FSK_OK;
}

/* Makes the file of DAY the one that is written to. */
static int
open_day(struct warn *w, uint32_t day, struct fsk_error *err)
{
	char *path = warn_path(w->c->warnings.folder, day);
	int rc = FSK_OK;

	if (w->fd != -1)
		close(w->fd);
	table_clear(&w->ids);
	w->day = day;
	w->fd = -1;
	if (path == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	w->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (w->fd == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot write '%s': %s", path,
		    strerror(errno));
	else
		rc = read_ids(w, path, err);
	free(path);
	return rc;
}

int
warn_open(struct warn **out, const struct conf *c, struct privacy *p,
    struct fsk_error *err)
{
	struct warn *w;

	*out = NULL;
	if (c->warnings.groups.n == 0)
		return FSK_OK;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	w->c = c;
	w->privacy = p;
	w->fd = -1;
	table_init(&w->ids, 1);
	if ((mkdir(c->warnings.folder, 0750) == -1 && errno != EEXIST) ||
	    access(c->warnings.folder, W_OK | X_OK) == -1) {
		warn_close(w);
		return fsk_fail(err, FSK_EIO, "cannot write to '%s': %s",
		    c->warnings.folder, strerror(errno));
	}
	*out = w;
	return FSK_OK;
}

void
warn_close(struct warn *w)
{
	if (w == NULL)
		return;
	if (w->fd != -1)
		close(w->fd);
	table_fini(&w->ids);
	free(w);
}

void
warn_maintain(struct warn *w, int64_t now)
{
	const char *folder = w->c->warnings.folder;
	DIR *d = opendir(folder);
	const struct dirent *entry;
	uint32_t day;

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (warn_day(entry->d_name, &day) &&
		    (int64_t)(day + 1) * 86400 + (int64_t)w->c->warnings.keep <
			now)
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		closedir(d);
}

/* ---- orders ---- */

bool
warn_wanted(const struct warn *w, const char *group)
{
	const struct conf_list *l = &w->c->warnings.groups;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->at[i], group) == 0)
			return true;
	return false;
}

static json_t *
feed_names(const char *feeds)
{
	json_t *all = json_array();

	while (*feeds != '\0') {
		const size_t n = strcspn(feeds, "\n");

		json_array_append_new(all, json_stringn_nocheck(feeds, n));
		feeds += n + (feeds[n] == '\n');
	}
	return all;
}

/* Makes the line of an order; its length, 0: it cannot be. */
static size_t
make_line(const struct warn_event *e, uint64_t id, const char *token,
    char line[static LINE_MOST])
{
	const time_t t = (time_t)(e->time / 1000000);
	char id_text[ID_LEN + 1], time_text[32], name[FSK_TEXT_MAX];
	json_t *o = json_object();
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(id_text, sizeof(id_text), "%016" PRIx64, id);
	/* The id goes first: read_id() looks for it there. */
	json_object_set_new(o, "id", json_string(id_text));
	json_object_set_new(o, "time", json_string(time_text));
	json_object_set_new(o, "subscriber", json_string(token));
	json_object_set_new(o, "group", json_string_nocheck(e->group));
	json_object_set_new(
	    o, "name", json_string(fsk_name_to_text(e->entry, name)));
	json_object_set_new(o, "category", json_string_nocheck(e->category));
	json_object_set_new(o, "severity", json_string("red"));
	json_object_set_new(o, "feeds", feed_names(e->feeds));
	if (*e->case_number != '\0')
		json_object_set_new(
		    o, "case", json_string_nocheck(e->case_number));
	n = json_dumpb(o, line, LINE_MOST - 1, JSON_COMPACT);
	json_decref(o);
	if (n == 0 || n >= LINE_MOST - 1)
		return 0;
	line[n] = '\n';
	return n + 1;
}

/* Appends to the file; false: the line is not there, not even in part. */
static bool
append(struct warn *w, const char *line, size_t len)
{
	const ssize_t n = write(w->fd, line, len);

	if (n == (ssize_t)len) {
		w->len += len;
		return true;
	}
	if (n > 0 && ftruncate(w->fd, (off_t)w->len) == -1) {
		/* Who opens the file next cuts it. */
		close(w->fd);
		w->fd = -1;
	}
	return false;
}

void
warn_event(struct warn *w, const struct warn_event *e)
{
	uint32_t day = (uint32_t)(e->time / 1000000 / 86400);
	char token[PRIVACY_TOKEN], line[LINE_MOST];
	uint64_t id;
	bool fresh;
	size_t len;

	/* Each worker's events are in order, those of all are not; and a clock
	 * may be set back.  Who sends orders has left the day before. */
	if (day < w->day && w->fd != -1)
		day = w->day;
	if (day > w->day || w->fd == -1) {
		struct fsk_error err;

		if (open_day(w, day, &err) != FSK_OK) {
			w->dropped++;
			return;
		}
	}
	id = privacy_order(w->privacy, day, e->client, e->entry);
	if (table_get(&w->ids, &id, sizeof(id)) != NULL)
		return;
	privacy_token(w->privacy, e->client, token);
	len = make_line(e, id, token, line);
	if (len == 0 || w->ids.n >= IDS_MOST ||
	    w->len + len > w->c->warnings.most << 20 || !append(w, line, len)) {
		w->dropped++;
		return;
	}
	/* Without memory the order may come twice. */
	table_put(&w->ids, &id, sizeof(id), &fresh);
	w->ordered++;
}

uint64_t
warn_ordered(const struct warn *w)
{
	return w->ordered;
}

uint64_t
warn_dropped(const struct warn *w)
{
	return w->dropped;
}
