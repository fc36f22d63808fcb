/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * http.h - a web server that does what a test tells it, be it wrong
 *
 * It speaks HTTP/1.1 on a port of the loopback network, from threads of the
 * test: raw sockets, so that it can break every rule.  A table says what each
 * path gives; the requests it saw are kept.  Each connection is for one
 * request.
 */
#ifndef FRAUDSINK_TESTS_FEEDS_HTTP_H
#define FRAUDSINK_TESTS_FEEDS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum http_trick {
	HTTP_WELL,        /* as it should be */
	HTTP_CHUNKED,     /* in chunks */
	HTTP_TO_THE_END,  /* no length: the connection's end is the body's */
	HTTP_DRIP,        /* an octet every `number` ms */
	HTTP_ENDLESS,     /* the body again and again, in chunks */
	HTTP_CUT,         /* the length is `number` more than what comes */
	HTTP_SHORT,       /* the length is `number` less than what comes */
	HTTP_CHUNKED_CUT, /* in chunks, without the last one */
	HTTP_CLOSE,       /* closes instead of an answer */
	HTTP_SILENT,      /* no answer, but the connection stays */
	HTTP_GARBAGE,     /* the body alone, without status or headers */
	HTTP_HEADERS,     /* `number` headers more */
};

struct http_page {
	const char *path;    /* without its query */
	unsigned status;     /* 0: 200 */
	const char *headers; /* whole lines; NULL: none */
	const void *body;    /* NULL: an empty one */
	size_t len;          /* 0: BODY is text */
	const char *etag;    /* NULL: none; 304 to who has this one */
	const char *modified;
	enum http_trick trick;
	unsigned number; /* the trick's */
	/* For so many requests; then what was set for the path after it counts.
	 * 0: for ever. */
	unsigned times;
};

/* A request that was seen. */
struct http_seen {
	char method[16], path[256], query[256];
	char *headers; /* all lines, as they came */
};

struct http;

/* Starts a server. */
struct http *http_start(void);

/* Ends it and all of its connections. */
void http_stop(struct http *h);

/* Adds a page; the texts and the body must stay. */
void http_page(struct http *h, const struct http_page *page);

/* Forgets all pages and all requests. */
void http_clear(struct http *h);

/* PATH on the server as URL; the last 32 results stay valid. */
const char *http_url(const struct http *h, const char *path);
unsigned http_port(const struct http *h);

/* How many requests for PATH (NULL: for any) it has seen. */
unsigned http_count(struct http *h, const char *path);

/* How many connections it has now, and had at most. */
unsigned http_now(struct http *h);
unsigned http_most(struct http *h);

/* Request I of all, from 0; the test fails if there were fewer.  Valid until
 * http_clear(). */
const struct http_seen *http_seen(struct http *h, unsigned i);

/* The value of the header NAME of S, for free(); NULL if it has none. */
char *http_header(const struct http_seen *s, const char *name);

/* Whether any request holds TEXT, in its line or in a header. */
bool http_heard(struct http *h, const char *text);

#endif
