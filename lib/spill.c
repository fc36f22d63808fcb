/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 256 open chunks a lane: 4 MB that a budget must at least allow. */
#define CHUNK_LEN (16u << 10)

struct chunk {
	struct chunk *next;
	size_t len;
	uint8_t octet[];
};

/* A chunk that went to the file. */
struct extent {
	uint64_t at;
	uint32_t len;
};

struct bucket {
	struct chunk *chunks; /* the first is the one being filled */
	struct extent *extents;
	size_t nextents;
};

struct fsk_spill_lane {
	struct fsk_spill *spill;
	struct fsk_spill_lane *next;
	struct bucket bucket[FSK_BUCKETS];
};

struct fsk_spill {
	pthread_mutex_t lock; /* of lanes and of making the file */
	struct fsk_spill_lane *lanes;
	char *folder;
	size_t budget;
	atomic_size_t *used;
	_Atomic uint64_t file_len;
	atomic_int fd; /* -1 until something is spilt */
};

int
fsk_spill_open(struct fsk_spill **out, const char *folder, size_t budget,
    atomic_size_t *used, struct fsk_error *err)
{
	struct fsk_spill *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL || (s->folder = strdup(folder)) == NULL) {
		free(s);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	pthread_mutex_init(&s->lock, NULL);
	s->budget = budget;
	s->used = used;
	atomic_init(&s->fd, -1);
	*out = s;
	return FSK_OK;
}

static void
free_chunks(struct bucket *b)
{
	while (b->chunks != NULL) {
		struct chunk *next = b->chunks->next;

		free(b->chunks);
		b->chunks = next;
	}
}

void
fsk_spill_close(struct fsk_spill *s)
{
	if (s == NULL)
		return;
	while (s->lanes != NULL) {
		struct fsk_spill_lane *next = s->lanes->next;

		for (unsigned i = 0; i < FSK_BUCKETS; i++) {
			free_chunks(&s->lanes->bucket[i]);
			free(s->lanes->bucket[i].extents);
		}
		free(s->lanes);
		s->lanes = next;
	}
	if (s->fd != -1)
		close(s->fd);
	pthread_mutex_destroy(&s->lock);
	free(s->folder);
	free(s);
}

int
fsk_spill_lane(struct fsk_spill *s, struct fsk_spill_lane **out,
    struct fsk_error *err)
{
	struct fsk_spill_lane *lane = calloc(1, sizeof(*lane));

	*out = lane;
	if (lane == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	lane->spill = s;
	pthread_mutex_lock(&s->lock);
	lane->next = s->lanes;
	s->lanes = lane;
	pthread_mutex_unlock(&s->lock);
	return FSK_OK;
}

/* The temporary file, made by whoever needs it first; -1 on failure. */
static int
spill_fd(struct fsk_spill *s, struct fsk_error *err)
{
	int fd = atomic_load(&s->fd);

	if (fd != -1)
		return fd;
	pthread_mutex_lock(&s->lock);
	fd = s->fd;
	if (fd == -1) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/.fraudsink-XXXXXX",
		    s->folder);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd == -1)
			fsk_fail(err, FSK_EIO,
			    "cannot make a temporary file in '%s': %s",
			    s->folder, strerror(errno));
		else
			unlink(path);
		atomic_store(&s->fd, fd);
	}
	pthread_mutex_unlock(&s->lock);
	return fd;
}

/* Moves the content of C to the file; C is then empty. */
static int
spill_chunk(struct fsk_spill *s, struct bucket *b, struct chunk *c,
    struct fsk_error *err)
{
	struct extent *e =
	    realloc(b->extents, (b->nextents + 1) * sizeof(*e));
	int fd = spill_fd(s, err);
	uint64_t at;

	if (e == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	b->extents = e;
	if (fd == -1)
		return FSK_EIO;
	at = atomic_fetch_add(&s->file_len, c->len);
	for (size_t done = 0; done < c->len;) {
		ssize_t n = pwrite(fd, c->octet + done, c->len - done,
		    (off_t)(at + done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fsk_fail(err, FSK_EIO,
			    "cannot write a temporary file in '%s': %s",
			    s->folder, strerror(errno));
		done += (size_t)n;
	}
	e[b->nextents++] = (struct extent){ at, (uint32_t)c->len };
	c->len = 0;
	return FSK_OK;
}

int
fsk_spill_add(struct fsk_spill_lane *lane, unsigned bucket, const void *rec,
    size_t len, struct fsk_error *err)
{
	struct fsk_spill *s = lane->spill;
	struct bucket *b = &lane->bucket[bucket];
	struct chunk *c = b->chunks;

	if (c == NULL || CHUNK_LEN - sizeof(*c) - c->len < len) {
		size_t used = atomic_fetch_add(s->used, CHUNK_LEN);

		if (c != NULL && used >= s->budget) {
			int rc = spill_chunk(s, b, c, err);

			atomic_fetch_sub(s->used, CHUNK_LEN);
			if (rc != FSK_OK)
				return rc;
		} else {
			c = malloc(CHUNK_LEN);
			if (c == NULL)
				return fsk_fail(err, FSK_ENOMEM,
				    "out of memory");
			c->next = b->chunks;
			c->len = 0;
			b->chunks = c;
		}
	}
	memcpy(c->octet + c->len, rec, len);
	c->len += len;
	return FSK_OK;
}

size_t
fsk_spill_size(const struct fsk_spill *s, unsigned bucket)
{
	size_t len = 0;

	for (const struct fsk_spill_lane *l = s->lanes; l != NULL;
	    l = l->next) {
		const struct bucket *b = &l->bucket[bucket];

		for (const struct chunk *c = b->chunks; c != NULL; c = c->next)
			len += c->len;
		for (size_t i = 0; i < b->nextents; i++)
			len += b->extents[i].len;
	}
	return len;
}

int
fsk_spill_take(struct fsk_spill *s, unsigned bucket, uint8_t *out,
    struct fsk_error *err)
{
	for (struct fsk_spill_lane *l = s->lanes; l != NULL; l = l->next) {
		struct bucket *b = &l->bucket[bucket];

		for (struct chunk *c = b->chunks; c != NULL; c = c->next) {
			memcpy(out, c->octet, c->len);
			out += c->len;
			atomic_fetch_sub(s->used, CHUNK_LEN);
		}
		free_chunks(b);
		for (size_t i = 0; i < b->nextents; i++) {
			size_t len = b->extents[i].len;

			for (size_t done = 0; done < len;) {
				ssize_t n = pread(s->fd, out + done,
				    len - done,
				    (off_t)(b->extents[i].at + done));

				if (n == -1 && errno == EINTR)
					continue;
				if (n <= 0)
					return fsk_fail(err, FSK_EIO,
					    "cannot read a temporary file in "
					    "'%s': %s",
					    s->folder,
					    n == 0 ? "it is cut off"
						   : strerror(errno));
				done += (size_t)n;
			}
			out += len;
		}
		free(b->extents);
		b->extents = NULL;
		b->nextents = 0;
	}
	return FSK_OK;
}
