/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * serve_api.h - what is answered at which path
 */
#ifndef FRAUDSINK_STATS_SERVE_API_H
#define FRAUDSINK_STATS_SERVE_API_H

#include <stdatomic.h>

#include "stats/conf.h"
#include "stats/serve_http.h"
#include "stats/serve_token.h"

struct serve {
	struct conf *c;
	struct token operator, researcher;
	atomic_uint asking; /* questions that are being answered */
};

/* A http_handler; ARG is the struct serve. */
void serve_handle(
    void *arg, const struct http_request *r, struct http_response *to);

#endif
