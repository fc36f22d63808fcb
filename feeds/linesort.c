/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/linesort.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RUN_LEN   ((size_t)8 << 20) /* octets of lines held in memory */
#define RUN_LINES (RUN_LEN / 32)
#define GIVE_BACK (1u << 16) /* after so many lines */

struct line {
	const char *at;
	uint32_t len;
};

/* A run in the file, while it is merged. */
struct cursor {
	struct line line;     /* its next line */
	const char *at, *end; /* what follows that */
};

struct linesort {
	const char *folder;
	char *text; /* the run in memory, and its lines */
	size_t used;
	struct line *line;
	size_t n, next; /* next: how many were given out */
	FILE *file;     /* runs: each line after its length; NULL: none yet */
	size_t file_len;
	size_t *ends; /* where each run ends */
	size_t nruns;
	char *map;
	struct cursor *heap; /* the run with the first line on top */
	size_t nheap;
};

int
linesort_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
compare(const void *a, const void *b)
{
	const struct line *l = a, *m = b;

	return linesort_compare(l->at, l->len, m->at, m->len);
}

int
linesort_open(struct linesort **out, const char *folder, struct fsk_error *err)
{
	struct linesort *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s != NULL) {
		s->folder = folder;
		s->text = malloc(RUN_LEN);
		s->line = malloc(RUN_LINES * sizeof(*s->line));
	}
	if (s == NULL || s->text == NULL || s->line == NULL) {
		linesort_close(s);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	*out = s;
	return FSK_OK;
}

void
linesort_close(struct linesort *s)
{
	if (s == NULL)
		return;
	if (s->map != NULL)
		munmap(s->map, s->file_len);
	if (s->file != NULL)
		fclose(s->file);
	free(s->text);
	free(s->line);
	free(s->ends);
	free(s->heap);
	free(s);
}

/* ---- runs ---- */

static int
io_error(const struct linesort *s, struct fsk_error *err)
{
	return fsk_fail(err, FSK_EIO, "cannot use a temporary file in '%s': %s",
	    s->folder, strerror(errno));
}

static int
make_file(struct linesort *s, struct fsk_error *err)
{
	char path[4096];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/.fraudsink-XXXXXX", s->folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd == -1)
		return io_error(s, err);
	unlink(path);
	s->file = fdopen(fd, "w+");
	if (s->file == NULL) {
		rc = io_error(s, err);
		close(fd);
		return rc;
	}
	setvbuf(s->file, NULL, _IOFBF, 1 << 18);
	return FSK_OK;
}

/* Moves what is in memory to the file, as a run. */
static int
spill(struct linesort *s, struct fsk_error *err)
{
	size_t *ends = realloc(s->ends, (s->nruns + 1) * sizeof(*ends));
	int rc = FSK_OK;

	if (ends == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	s->ends = ends;
	if (s->file == NULL)
		rc = make_file(s, err);
	if (rc != FSK_OK)
		return rc;
	qsort(s->line, s->n, sizeof(*s->line), compare);
	for (size_t i = 0; i < s->n; i++) {
		const struct line *l = &s->line[i];

		if (fwrite(&l->len, sizeof(l->len), 1, s->file) != 1 ||
		    fwrite(l->at, 1, l->len, s->file) != l->len)
			return io_error(s, err);
		s->file_len += sizeof(l->len) + l->len;
	}
	s->ends[s->nruns++] = s->file_len;
	s->n = s->used = 0;
	return FSK_OK;
}

int
linesort_add(
    struct linesort *s, const char *line, size_t len, struct fsk_error *err)
{
	if (s->n == RUN_LINES || len > RUN_LEN - s->used) {
		int rc = spill(s, err);

		if (rc != FSK_OK)
			return rc;
	}
	memcpy(s->text + s->used, line, len);
	s->line[s->n++] = (struct line){ s->text + s->used, (uint32_t)len };
	s->used += len;
	return FSK_OK;
}

/* ---- merging ---- */

/* Takes the next line of its run into C; false at the end. */
static bool
step(struct cursor *c)
{
	if (c->at == c->end)
		return false;
	memcpy(&c->line.len, c->at, sizeof(c->line.len));
	c->line.at = c->at + sizeof(c->line.len);
	c->at = c->line.at + c->line.len;
	return true;
}

/* Lets the cursor at I sink to its place. */
static void
sink(struct linesort *s, size_t i)
{
	struct cursor c = s->heap[i];

	for (size_t child; (child = 2 * i + 1) < s->nheap; i = child) {
		if (child + 1 < s->nheap &&
		    compare(&s->heap[child + 1].line, &s->heap[child].line) < 0)
			child++;
		if (compare(&c.line, &s->heap[child].line) <= 0)
			break;
		s->heap[i] = s->heap[child];
	}
	s->heap[i] = c;
}

int
linesort_begin(struct linesort *s, struct fsk_error *err)
{
	int rc;

	if (s->nruns == 0) {
		qsort(s->line, s->n, sizeof(*s->line), compare);
		return FSK_OK;
	}
	rc = spill(s, err);
	if (rc != FSK_OK)
		return rc;
	if (fflush(s->file) != 0)
		return io_error(s, err);
	s->map = mmap(
	    NULL, s->file_len, PROT_READ, MAP_SHARED, fileno(s->file), 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		return io_error(s, err);
	}
	s->heap = calloc(s->nruns, sizeof(*s->heap));
	if (s->heap == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (size_t i = 0; i < s->nruns; i++) {
		struct cursor *c = &s->heap[s->nheap];

		c->at = s->map + (i == 0 ? 0 : s->ends[i - 1]);
		c->end = s->map + s->ends[i];
		s->nheap += step(c);
	}
	for (size_t i = s->nheap / 2; i > 0; i--)
		sink(s, i - 1);
	return FSK_OK;
}

bool
linesort_next(struct linesort *s, const char **line, size_t *len)
{
	struct line l;

	if (s->nruns == 0) {
		if (s->next == s->n)
			return false;
		l = s->line[s->next++];
	} else {
		if (s->nheap == 0)
			return false;
		l = s->heap[0].line;
		if (!step(&s->heap[0]))
			s->heap[0] = s->heap[--s->nheap];
		if (s->nheap > 0)
			sink(s, 0);
		/* Pages of the file that were read count as our memory until
		 * they are given back; they stay valid. */
		if (++s->next % GIVE_BACK == 0)
			madvise(s->map, s->file_len, MADV_DONTNEED);
	}
	*line = l.at;
	*len = l.len;
	return true;
}
