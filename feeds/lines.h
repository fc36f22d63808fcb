/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lines.h - small text files, line by line
 */
#ifndef FRAUDSINK_FEEDS_LINES_H
#define FRAUDSINK_FEEDS_LINES_H

#include <stddef.h>

#include "lib/err.h"

/* Gives EACH the lines of the file PATH (plain or compressed), without their
 * ends, until it returns other than FSK_OK. */
int lines_read(const char *path,
    int (*each)(void *arg, const char *line, size_t len, struct fsk_error *err),
    void *arg, struct fsk_error *err);

#endif
