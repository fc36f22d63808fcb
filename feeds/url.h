/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * url.h - URLs, in the canonical form of Safe Browsing
 *
 * A URL is brought to one form (scheme, port, user and fragment go, escapes
 * are undone until nothing changes and then done in one way, dots in the path
 * are resolved, the host is a name of the DNS); and a URL that is asked for is
 * turned into the expressions under which it may be listed: its host and up to
 * four parents of it, each with its path, the path without its query, and up
 * to four folders above it.  (Google, Safe Browsing APIs v4 and v5, "URLs and
 * Hashing".)
 */
#ifndef FRAUDSINK_FEEDS_URL_H
#define FRAUDSINK_FEEDS_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/name.h"

#define URL_MAX         4096 /* of a canonical URL, with its NUL */
#define URL_EXPRESSIONS 30

struct url {
	struct fsk_name host;
	bool root;          /* the path is "/" and there is no query */
	bool address;       /* the host is an address: `host` is not set */
	char text[URL_MAX]; /* canonical: "host/path?query" */
	size_t host_len;    /* of text */
};

/* Reads the LEN octets at TEXT; a scheme is needed, "http://" is assumed if
 * BARE and there is none.  All schemes are taken for the sake of their hosts
 * (ftp, hxxp), except those that have none (data, javascript).  Dots in the
 * host may be written "[.]" or "(dot)".  Returns NULL, or why it is no URL that
 * a resolver could care for (a constant). */
const char *url_read(struct url *u, const char *text, size_t len, bool bare);

/* Whether the LEN octets at TEXT begin with a scheme and "://". */
bool url_has_scheme(const char *text, size_t len);

/* Calls EACH for every expression of U, the most specific first, until it
 * returns false; EXPRESSION is valid during the call only. */
void url_expressions(const struct url *u,
    bool (*each)(void *arg, const char *expression), void *arg);

#endif
