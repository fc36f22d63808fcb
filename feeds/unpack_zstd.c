/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/unpack.h"

#include <stdlib.h>
#include <zstd.h>

struct state {
	ZSTD_DStream *z;
	bool between; /* frames; a file may have several */
};

static void *
zstd_open(void)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->z = ZSTD_createDStream();
	if (s->z == NULL) {
		free(s);
		return NULL;
	}
	/* As `zstd --long=27`: a window of 128 MB and no more. */
	ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax, 27);
	s->between = true;
	return s;
}

static const char *
zstd_run(void *state, struct unpack_io *io, bool last, bool *done)
{
	struct state *s = state;
	ZSTD_inBuffer in = { io->in, io->in_len, 0 };
	ZSTD_outBuffer out = { io->out, io->out_len, 0 };
	size_t rc;

	*done = false;
	if (s->between && io->in_len == 0) {
		*done = last;
		return NULL;
	}
	rc = ZSTD_decompressStream(s->z, &out, &in);
	if (ZSTD_isError(rc))
		return ZSTD_getErrorName(rc);
	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	s->between = rc == 0;
	if (!s->between && last && io->in_len == 0 && io->out_len > 0)
		return "the compressed data is cut off";
	return NULL;
}

static void
zstd_close(void *state)
{
	struct state *s = state;

	ZSTD_freeDStream(s->z);
	free(s);
}

const struct unpack unpack_zstd = {
	.name = "zstd",
	.magic = { 0x28, 0xb5, 0x2f, 0xfd },
	.magic_len = 4,
	.open = zstd_open,
	.run = zstd_run,
	.close = zstd_close,
};
