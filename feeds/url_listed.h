/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * url_listed.h - whether a database lists a URL
 */
#ifndef FRAUDSINK_FEEDS_URL_LISTED_H
#define FRAUDSINK_FEEDS_URL_LISTED_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/url.h"
#include "lib/db.h"

struct url_listed {
	uint32_t attr;
	char expression[URL_MAX]; /* under which it is listed */
};

/* Looks for the most specific expression of U that DB lists; false: none. */
bool url_listed(
    const struct fsk_db *db, const struct url *u, struct url_listed *found);

/* Whether TEXT is meant as a URL, and not as a name. */
bool url_is_meant(const char *text);

#endif
