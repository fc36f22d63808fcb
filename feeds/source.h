/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * source.h - an input: a file or standard input, unpacked on the fly
 */
#ifndef FRAUDSINK_FEEDS_SOURCE_H
#define FRAUDSINK_FEEDS_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

struct source;

/* Opens PATH ("-": standard input).  What it holds, plain, gzip, xz or zstd, is
 * told from its first octets.  PATH must outlive *S. */
int source_open(struct source **s, const char *path, struct fsk_error *err);

/* Closes S, which may be NULL. */
void source_close(struct source *s);

/* Reads up to LEN octets (LEN > 0); 0 at the end, negative (enum fsk_result)
 * on failure; a cut off or damaged compressed file is a failure. */
ssize_t source_read(
    struct source *s, uint8_t *out, size_t len, struct fsk_error *err);

/* What the messages call it. */
const char *source_name(const char *path);

#endif
