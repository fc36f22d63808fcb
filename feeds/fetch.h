/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fetch.h - bodies from web servers
 *
 * Many at once, each with limits on size, time and speed; conditional, so that
 * what did not change is not sent again; retried where that can help.  What is
 * not whole replaces nothing.  No message shows a credential.
 */
#ifndef FRAUDSINK_FEEDS_FETCH_H
#define FRAUDSINK_FEEDS_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/* In a URL: here comes the secret. */
#define FETCH_KEY "{key}"

struct fetch_request {
	const char *feed; /* for messages */
	const char *url;  /* http or https */
	const char *to;   /* the file for the body, replaced when it is whole */
	const char *user_agent, *proxy; /* NULL: none */
	const char *ca_file;            /* NULL: the system's */
	const char *secret_header;      /* "Auth-Key: value", never shown */
	const char *secret_query;       /* "auth-key=value", never shown */
	const char *secret_key; /* in place of each FETCH_KEY of the URL, never
				   shown; NULL: that is a text like others */
	const char *etag, *last_modified; /* of the body kept; NULL: none */
	uint64_t max_bytes;   /* of the body without its transfer coding */
	uint64_t max_seconds; /* for all tries */
	uint64_t connect_seconds, low_speed_bytes, low_speed_seconds;
	unsigned redirects, retries;
	unsigned backoff_ms; /* before the first retry; 0: 1000 */
};

enum fetch_status { FETCH_NEW, FETCH_UNCHANGED, FETCH_FAILED };

struct fetch_result {
	enum fetch_status status;
	long http; /* the last status; 0: none */
	char etag[256], last_modified[64];
	uint64_t bytes;
	uint64_t retry_after; /* seconds that the server asks to wait, a day
				 at most; 0: no */
	unsigned tries;
	char why[256];
};

/* Wipes SECRET, so that nobody else gets to see it, and frees it; NULL is fine.
 */
void fetch_free_secret(char *secret);

/* Fetches the N bodies at REQ, PARALLEL at a time; RES tells what became of
 * each.  Ends soon after *STOP is set (may be NULL).  An error is for what
 * concerns all of them.  A redirection never leads from https to http nor from
 * a public address to one that is not (reach.h), and a secret never to another
 * host. */
int fetch_all(const struct fetch_request *req, struct fetch_result *res,
    size_t n, unsigned parallel, const atomic_bool *stop,
    struct fsk_error *err);

#endif
