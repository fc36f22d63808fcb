/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/feed_status.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX  (8 << 20)
#define FEEDS_MAX 4096

static int64_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* What the list is older than it was when the file was written. */
static int64_t
age_now(const json_t *o, const struct feed_status *s, int64_t now)
{
	const json_t *age = json_object_get(o, "list_age");

	if (!json_is_integer(age))
		return -1;
	return json_integer_value(age) +
	    (s->written != 0 && now > s->written ? now - s->written : 0);
}

static bool
take_feed(struct feed_status *s, const json_t *o, int64_t now)
{
	const char *name = json_string_value(json_object_get(o, "name"));
	const char *health = json_string_value(json_object_get(o, "health"));
	struct feed_health *f = &s->feed[s->n];

	if (name == NULL || health == NULL)
		return true; /* it is no feed */
	*f = (struct feed_health){
		.name = strdup(name),
		.disabled = strcmp(health, "disabled") == 0,
		.good = strcmp(health, "good") == 0,
		.age = age_now(o, s, now),
		.names = (uint64_t)number(o, "names"),
		.failures = (uint64_t)number(o, "failures"),
	};
	if (f->name == NULL)
		return false;
	s->n++;
	return true;
}

static bool
take(struct feed_status *s, const json_t *root, int64_t now)
{
	const json_t *feeds = json_object_get(root, "feeds");
	size_t n = json_array_size(feeds);

	if (!json_is_array(feeds))
		return false;
	if (n > FEEDS_MAX)
		n = FEEDS_MAX;
	s->written = number(root, "now");
	s->good = json_is_true(json_object_get(root, "good"));
	s->feed = calloc(n + 1, sizeof(*s->feed));
	if (s->feed == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!take_feed(s, json_array_get(feeds, i), now))
			return false;
	return true;
}

bool
feed_status_read(struct feed_status *s, const char *dir, int64_t now)
{
	json_t *root = NULL;
	struct stat st;
	char *path;
	bool good = false;
	int fd;

	*s = (struct feed_status){ .n = 0 };
	if (asprintf(&path, "%s/status.json", dir) == -1)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	free(path);
	if (fd == -1)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < FILE_MAX)
		root = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
	close(fd);
	if (root != NULL)
		good = take(s, root, now);
	json_decref(root);
	if (!good)
		feed_status_fini(s);
	return good;
}

void
feed_status_fini(struct feed_status *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->feed[i].name);
	free(s->feed);
	*s = (struct feed_status){ .n = 0 };
}
