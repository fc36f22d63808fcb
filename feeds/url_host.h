/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * url_host.h - the hosts of URLs; for url.c only
 */
#ifndef FRAUDSINK_FEEDS_URL_HOST_H
#define FRAUDSINK_FEEDS_URL_HOST_H

#include "feeds/url.h"

extern const char url_too_long[];

/* Copies TEXT and undoes escapes until there is none.  Returns the length,
 * URL_MAX if it is too long. */
size_t url_unescape(char out[static URL_MAX], const char *text, size_t len);

/* Reads a host, without user and port, and begins U's text with it.  Returns
 * NULL, or why it is none (a constant). */
const char *url_read_host(struct url *u, const char *text, size_t len);

#endif
