/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prefix_file.h - files of address prefixes
 */
#ifndef FRAUDSINK_FEEDS_PREFIX_FILE_H
#define FRAUDSINK_FEEDS_PREFIX_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/* Gives TAKE each prefix of the file PATH (plain or compressed): one a line,
 * comments after '#'.  A line that is none is an error with its number.  TAKE
 * returns false when out of memory. */
int prefix_file_read(const char *path,
    bool (*take)(void *arg, const uint8_t *addr, unsigned bits), void *arg,
    struct fsk_error *err);

#endif
