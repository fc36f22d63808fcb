/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/unpack.h"

#include <bzlib.h>
#include <stdlib.h>

struct state {
	bz_stream z;
	bool open;    /* z is */
	bool between; /* streams; a file may have several */
};

static void *
bzip2_open(void)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->between = true;
	return s;
}

/* Begins the next stream, if there is one; sets *DONE if not. */
static const char *
next_stream(struct state *s, struct unpack_io *io, bool last, bool *done)
{
	if (s->open)
		BZ2_bzDecompressEnd(&s->z);
	s->open = false;
	if (io->in_len == 0) {
		*done = last;
		return NULL;
	}
	if (io->in[0] != 'B') { /* padding behind the last stream */
		io->in_len = 0;
		*done = true;
		return NULL;
	}
	s->z = (bz_stream){ .bzalloc = NULL };
	if (BZ2_bzDecompressInit(&s->z, 0, 0) != BZ_OK)
		return "out of memory";
	s->open = true;
	s->between = false;
	return NULL;
}

static const char *
bzip2_run(void *state, struct unpack_io *io, bool last, bool *done)
{
	struct state *s = state;
	const char *wrong;
	int rc;

	*done = false;
	if (s->between) {
		wrong = next_stream(s, io, last, done);
		if (wrong != NULL || s->between)
			return wrong;
	}
	s->z.next_in = (char *)(uintptr_t)io->in;
	s->z.avail_in = (unsigned)io->in_len;
	s->z.next_out = (char *)io->out;
	s->z.avail_out = (unsigned)io->out_len;
	rc = BZ2_bzDecompress(&s->z);
	io->in = (const uint8_t *)s->z.next_in;
	io->in_len = s->z.avail_in;
	io->out = (uint8_t *)s->z.next_out;
	io->out_len = s->z.avail_out;
	s->between = rc == BZ_STREAM_END;
	if (rc == BZ_MEM_ERROR)
		return "out of memory";
	if (rc != BZ_OK && rc != BZ_STREAM_END)
		return "the compressed data is damaged";
	if (!s->between && last && io->in_len == 0 && io->out_len > 0)
		return "the compressed data is cut off";
	return NULL;
}

static void
bzip2_close(void *state)
{
	struct state *s = state;

	if (s->open)
		BZ2_bzDecompressEnd(&s->z);
	free(s);
}

const struct unpack unpack_bzip2 = {
	.name = "bzip2",
	.magic = { 'B', 'Z', 'h' },
	.magic_len = 3,
	.open = bzip2_open,
	.run = bzip2_run,
	.close = bzip2_close,
};
