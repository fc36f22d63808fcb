/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
	struct fsk_pool *pool;
	_Atomic uint64_t file_len;
	atomic_int fd; /* -1 until something is spilt */
};

/* ---- the pool: chunks cut from slabs that the system gave ---- */

#define SLAB_LEN (64 * CHUNK_LEN)

struct slab {
	struct slab *next;
	void *at;
};

struct fsk_pool {
	pthread_mutex_t lock;
	struct chunk *free;
	struct slab *slabs;
	size_t budget, given; /* octets in use, at most budget or thereabouts */
	bool draining;
};

struct fsk_pool *
fsk_pool_new(size_t budget)
{
	struct fsk_pool *pool = calloc(1, sizeof(*pool));

	if (pool != NULL) {
		pthread_mutex_init(&pool->lock, NULL);
		pool->budget = budget;
	}
	return pool;
}

void
fsk_pool_drain(struct fsk_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->draining = true;
	pthread_mutex_unlock(&pool->lock);
}

void
fsk_pool_free(struct fsk_pool *pool)
{
	if (pool == NULL)
		return;
	while (pool->slabs != NULL) {
		struct slab *next = pool->slabs->next;

		munmap(pool->slabs->at, SLAB_LEN);
		free(pool->slabs);
		pool->slabs = next;
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Cuts a new slab into chunks; pool->free stays NULL if there is none. */
static void
add_slab(struct fsk_pool *pool)
{
	struct slab *slab = malloc(sizeof(*slab));

	if (slab == NULL)
		return;
	slab->at = mmap(NULL, SLAB_LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (slab->at == MAP_FAILED) {
		free(slab);
		return;
	}
	slab->next = pool->slabs;
	pool->slabs = slab;
	for (size_t i = SLAB_LEN; i > 0; i -= CHUNK_LEN) {
		struct chunk *c = (void *)((uint8_t *)slab->at + i - CHUNK_LEN);

		c->next = pool->free;
		pool->free = c;
	}
}

/* A chunk, or NULL if the budget (unless MUST) or memory is used up. */
static struct chunk *
pool_get(struct fsk_pool *pool, bool must)
{
	struct chunk *c = NULL;

	pthread_mutex_lock(&pool->lock);
	if (must || pool->given < pool->budget) {
		if (pool->free == NULL)
			add_slab(pool);
		c = pool->free;
		if (c != NULL) {
			pool->free = c->next;
			pool->given += CHUNK_LEN;
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return c;
}

static void
pool_put(struct fsk_pool *pool, struct chunk *c)
{
	bool draining;

	pthread_mutex_lock(&pool->lock);
	draining = pool->draining;
	if (!draining) {
		c->next = pool->free;
		pool->free = c;
	}
	pool->given -= CHUNK_LEN;
	pthread_mutex_unlock(&pool->lock);
	if (draining) /* its slab is unmapped in the end */
		madvise(c, CHUNK_LEN, MADV_DONTNEED);
}

/* ---- stores ---- */

int
fsk_spill_open(struct fsk_spill **out, const char *folder,
    struct fsk_pool *pool, struct fsk_error *err)
{
	struct fsk_spill *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL || (s->folder = strdup(folder)) == NULL) {
		free(s);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	pthread_mutex_init(&s->lock, NULL);
	s->pool = pool;
	atomic_init(&s->fd, -1);
	*out = s;
	return FSK_OK;
}

static void
free_chunks(struct fsk_pool *pool, struct bucket *b)
{
	while (b->chunks != NULL) {
		struct chunk *next = b->chunks->next;

		pool_put(pool, b->chunks);
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
			free_chunks(s->pool, &s->lanes->bucket[i]);
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
fsk_spill_lane(
    struct fsk_spill *s, struct fsk_spill_lane **out, struct fsk_error *err)
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

		snprintf(path, sizeof(path), "%s/.fraudsink-XXXXXX", s->folder);
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
	struct extent *e = realloc(b->extents, (b->nextents + 1) * sizeof(*e));
	int fd = spill_fd(s, err);
	uint64_t at;

	if (e == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	b->extents = e;
	if (fd == -1)
		return FSK_EIO;
	at = atomic_fetch_add(&s->file_len, c->len);
	for (size_t done = 0; done < c->len;) {
		ssize_t n = pwrite(
		    fd, c->octet + done, c->len - done, (off_t)(at + done));

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
		/* The first chunk of a bucket may exceed the budget. */
		struct chunk *more = pool_get(s->pool, c == NULL);

		if (more != NULL) {
			more->next = c;
			more->len = 0;
			b->chunks = c = more;
		} else if (c == NULL) {
			return fsk_fail(err, FSK_ENOMEM, "out of memory");
		} else {
			int rc = spill_chunk(s, b, c, err);

			if (rc != FSK_OK)
				return rc;
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
fsk_spill_take(
    struct fsk_spill *s, unsigned bucket, uint8_t *out, struct fsk_error *err)
{
	for (struct fsk_spill_lane *l = s->lanes; l != NULL; l = l->next) {
		struct bucket *b = &l->bucket[bucket];

		for (struct chunk *c = b->chunks; c != NULL; c = c->next) {
			memcpy(out, c->octet, c->len);
			out += c->len;
		}
		free_chunks(s->pool, b);
		for (size_t i = 0; i < b->nextents; i++) {
			size_t len = b->extents[i].len;

			for (size_t done = 0; done < len;) {
				ssize_t n = pread(s->fd, out + done, len - done,
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
