/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * openapi.h - the interface, described (OpenAPI 3.1)
 *
 * Made of the tables that requests are answered with, so it cannot say anything
 * else than what is served.
 */
#ifndef FRAUDSINK_STATS_OPENAPI_H
#define FRAUDSINK_STATS_OPENAPI_H

#include <stdio.h>

#define API "/api/v1/"

/* The formats that a question can be answered in by HTTP. */
extern const char *const openapi_formats[];

void openapi_print(FILE *to);

#endif
