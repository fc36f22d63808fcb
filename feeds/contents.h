/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * contents.h - what feeds serve: from web servers, name servers and files
 *
 * The contents of all feeds that are due are got at once.  What was got from a
 * server lies beside what was got the last time, until its reader has accepted
 * it; a file of this machine is read where it is.
 */
#ifndef FRAUDSINK_FEEDS_CONTENTS_H
#define FRAUDSINK_FEEDS_CONTENTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "feeds/state.h"
#include "lib/err.h"

enum content_status { CONTENT_NEW, CONTENT_UNCHANGED, CONTENT_FAILED };

struct content {
	const struct conf_feed *f;
	const struct feed_state *s; /* as the last run left it */

	/* What contents_get() makes of it. */
	enum content_status status;
	char *body;     /* the file to read; where `incoming` is NULL or
			   refused, that of the last time */
	char *incoming; /* what came from a server; NULL: nothing did */
	char etag[256], last_modified[64];
	uint64_t http, bytes;
	uint64_t serial; /* of a zone, plus 1 */
	int64_t not_before;
	char why[512]; /* CONTENT_FAILED: what went wrong */
};

/* Gets the N contents at AT; each fails or succeeds for itself.  Ends soon
 * after *STOP is set (may be NULL).  An error is for what concerns all. */
int contents_get(const struct conf *c, struct content *at, size_t n,
    const atomic_bool *stop, struct fsk_error *err);

/* A hash, as text, of where F's content comes from: what was kept of another
 * source says nothing about this one. */
void content_source(const struct conf_feed *f, char source[static 24]);

/* Where the content of F lies that was accepted last, for free(); NULL when out
 * of memory. */
char *content_path(const struct conf *c, const struct conf_feed *f);

/* Makes what is incoming the body. */
int content_accept(struct content *k, struct fsk_error *err);

/* Frees what contents_get() made, and removes what was not accepted. */
void contents_free(struct content *at, size_t n);

#endif
