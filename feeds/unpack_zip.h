/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unpack_zip.h - the members of a zip file, one behind the other
 *
 * Members are read in the order of the file's directory, folders are passed
 * over, and where a member does not end with a line end it gets one.  The
 * directory stands at the end of such a file, so it cannot come from a pipe.
 *
 * Refused are encrypted members, members that are longer or shorter than the
 * directory says, and files whose members together would be more than 200 times
 * as long as the file and over 16 MB: no list is packed like that, a bomb is.
 */
#ifndef FRAUDSINK_FEEDS_UNPACK_ZIP_H
#define FRAUDSINK_FEEDS_UNPACK_ZIP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define UNPACK_ZIP_MAGIC "PK\3\4"

struct unpack_zip;

/* Opens the zip file that FD is of, which stays the caller's.  Returns NULL, or
 * what is wrong (a constant). */
const char *unpack_zip_open(struct unpack_zip **z, int fd);

/* Closes Z, which may be NULL. */
void unpack_zip_close(struct unpack_zip *z);

/* Reads up to LEN octets (LEN > 0); 0 at the end of the last member, negative
 * and *WHY (a constant) on failure. */
ssize_t unpack_zip_read(
    struct unpack_zip *z, uint8_t *out, size_t len, const char **why);

#endif
