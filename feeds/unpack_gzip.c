/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/unpack.h"

#include <stdlib.h>
#include <zlib.h>

struct state {
	z_stream z;
	bool between; /* members; a file may have several */
};

static void *
gzip_open(void)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s != NULL && inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) {
		free(s);
		s = NULL;
	}
	return s;
}

static const char *
gzip_run(void *state, struct unpack_io *io, bool last, bool *done)
{
	struct state *s = state;
	int rc;

	*done = false;
	if (s->between) {
		if (io->in_len == 0) {
			*done = last;
			return NULL;
		}
		if (io->in[0] != 0x1f) { /* padding behind the last member */
			io->in_len = 0;
			*done = true;
			return NULL;
		}
		inflateReset(&s->z);
		s->between = false;
	}
	s->z.next_in = (Bytef *)(uintptr_t)io->in;
	s->z.avail_in = (uInt)io->in_len;
	s->z.next_out = io->out;
	s->z.avail_out = (uInt)io->out_len;
	rc = inflate(&s->z, Z_NO_FLUSH);
	io->in = s->z.next_in;
	io->in_len = s->z.avail_in;
	io->out = s->z.next_out;
	io->out_len = s->z.avail_out;
	if (rc == Z_STREAM_END)
		s->between = true;
	else if (rc == Z_BUF_ERROR && last && io->in_len == 0 &&
	    io->out_len > 0)
		return "the compressed data is cut off";
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		return "the compressed data is damaged";
	return NULL;
}

static void
gzip_close(void *state)
{
	struct state *s = state;

	inflateEnd(&s->z);
	free(s);
}

const struct unpack unpack_gzip = {
	.name = "gzip",
	.magic = { 0x1f, 0x8b },
	.magic_len = 2,
	.open = gzip_open,
	.run = gzip_run,
	.close = gzip_close,
};
