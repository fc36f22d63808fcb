/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/unpack.h"

#include <lzma.h>
#include <stdlib.h>

/* More than the strongest preset of xz needs to unpack. */
#define MEMORY_MAX (256u << 20)

static void *
xz_open(void)
{
	lzma_stream *z = calloc(1, sizeof(*z));

	if (z != NULL &&
	    lzma_stream_decoder(z, MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static const char *
xz_run(void *state, struct unpack_io *io, bool last, bool *done)
{
	lzma_stream *z = state;
	lzma_ret rc;

	z->next_in = io->in;
	z->avail_in = io->in_len;
	z->next_out = io->out;
	z->avail_out = io->out_len;
	rc = lzma_code(z, last ? LZMA_FINISH : LZMA_RUN);
	io->in = z->next_in;
	io->in_len = z->avail_in;
	io->out = z->next_out;
	io->out_len = z->avail_out;
	*done = rc == LZMA_STREAM_END;
	if (rc == LZMA_BUF_ERROR && last && io->in_len == 0)
		return "the compressed data is cut off";
	if (rc == LZMA_MEMLIMIT_ERROR)
		return "the compressed data needs too much memory";
	if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
		return "the compressed data is damaged";
	return NULL;
}

static void
xz_close(void *state)
{
	lzma_end(state);
	free(state);
}

const struct unpack unpack_xz = {
	.name = "xz",
	.magic = { 0xfd, '7', 'z', 'X', 'Z', 0 },
	.magic_len = 6,
	.open = xz_open,
	.run = xz_run,
	.close = xz_close,
};
