/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unpack.h - compressed input, one file a library
 */
#ifndef FRAUDSINK_FEEDS_UNPACK_H
#define FRAUDSINK_FEEDS_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is there and where to put it; run() moves both ahead. */
struct unpack_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct unpack {
	const char *name;
	uint8_t magic[6]; /* how such a file begins */
	size_t magic_len;
	void *(*open)(void); /* NULL when out of memory */
	/* Unpacks what it can; LAST: nothing follows IO->in.  Returns NULL, or
	 * what is wrong (a constant).  *DONE: the data ends here, whole. */
	const char *(*run)(
	    void *state, struct unpack_io *io, bool last, bool *done);
	void (*close)(void *state);
};

extern const struct unpack unpack_bzip2, unpack_gzip, unpack_xz, unpack_zstd;

#endif
