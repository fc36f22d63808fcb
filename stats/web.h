/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * web.h - the files of web/, which the program carries (embed.sh)
 */
#ifndef FRAUDSINK_STATS_WEB_H
#define FRAUDSINK_STATS_WEB_H

#include <stddef.h>

struct web_file {
	const char *path, *type; /* "/app.js" */
	const unsigned char *bytes;
	size_t len;
};

extern const struct web_file web_files[]; /* the last one's path is NULL */

#endif
