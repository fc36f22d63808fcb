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

/* Opens PATH ("-": standard input).  What it holds, plain, gzip, bzip2, xz,
 * zstd or zip, is told from its first octets.  The members of a zip file follow
 * one another (unpack_zip.h), and it must be a file: from a pipe it is an error
 * that says so.  PATH must outlive *S. */
int source_open(struct source **s, const char *path, struct fsk_error *err);

/* From now on S gives up to OCTETS, 0: any number; when there is more, reading
 * fails.  A few octets may unpack to any number of them. */
void source_limit(struct source *s, uint64_t octets);

/* Closes S, which may be NULL. */
void source_close(struct source *s);

/* Reads up to LEN octets (LEN > 0); 0 at the end, negative (enum fsk_result)
 * on failure; a cut off or damaged compressed file is a failure, and so is one
 * over the limit. */
ssize_t source_read(
    struct source *s, uint8_t *out, size_t len, struct fsk_error *err);

/* Messages call it NAME from now on, which must stay. */
void source_call(struct source *s, const char *name);

/* What messages call it if nothing else is said. */
const char *source_name(const char *path);

#endif
