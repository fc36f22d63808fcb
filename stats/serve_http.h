/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * serve_http.h - HTTP: the only place that knows libmicrohttpd
 *
 * Only GET and HEAD are answered, and no body is read.  Bounded are: how many
 * connections there are, how long the head of a request is, how long it may
 * take to arrive, and how long an answer may take to be fetched (http_reap()).
 * Each connection has a thread of its own, which the handler runs in.
 */
#ifndef FRAUDSINK_STATS_SERVE_HTTP_H
#define FRAUDSINK_STATS_SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define HTTP_HEAD_MAX 16384 /* octets of a request, more or less */

struct http_limits {
	unsigned connections;  /* at a time */
	unsigned head_seconds; /* until a request is there */
	unsigned body_seconds; /* until its answer is fetched */
};

struct http;

struct http_request {
	const char *path;
	const char *authorization; /* that header; NULL: none */
	void *connection;          /* for http_query() */
};

struct http_response {
	unsigned status; /* 200 */
	const char *type;
	const void *body;
	size_t len;
	bool free;  /* body is from malloc(), to be freed when it is sent */
	bool cache; /* it may be kept for a while */
	uint64_t withheld; /* rows: told in a header, unless 0 */
};

/* Answers REQUEST, in any thread. */
typedef void http_handler(
    void *arg, const struct http_request *request, struct http_response *to);

/* Listens at ADDRESS, "127.0.0.1:9143" or "[::1]:9143"; with port 0 at one that
 * is free.  FSK_EINVAL if it is no address, FSK_EIO, FSK_ENOMEM. */
int http_start(struct http **h, const char *address,
    const struct http_limits *limits, http_handler *handler, void *arg,
    struct fsk_error *err);

/* Ends all connections.  NULL is fine. */
void http_stop(struct http *h);

unsigned http_port(const struct http *h);

/* Whether it listens to this machine alone. */
bool http_is_loopback(const struct http *h);

/* Ends connections that take too long; to be called every second or so. */
void http_reap(struct http *h);

/* Calls EACH for every parameter of the query (VALUE "" if it has none) until
 * it returns false; whether it never did. */
bool http_query(const struct http_request *request,
    bool (*each)(void *arg, const char *name, const char *value), void *arg);

#endif
