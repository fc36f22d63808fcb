/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * queries.h - what another database would change for real queries
 *
 * Each query name is looked up in both databases as it is read, by the
 * resolver's own function, and only names whose answer is another are kept, in
 * sorters: 24 MB of memory, whatever the number of queries, and for the rest a
 * temporary file of some 30 octets for each query that is answered otherwise.
 */
#ifndef FRAUDSINK_FEEDS_QUERIES_H
#define FRAUDSINK_FEEDS_QUERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bypass.h"
#include "lib/err.h"
#include "lib/verdict.h"

enum query_change {
	QUERY_SAME,
	QUERY_BLOCKED,   /* from now on */
	QUERY_FREED,     /* no longer blocked */
	QUERY_OTHERWISE, /* blocked by another answer */
	QUERY_CHANGES
};

/* A question to one of the databases, and what came of it. */
struct query_side {
	struct fsk_question asked;
	struct fsk_verdict v;
};

/* A name whose answer changes. */
struct query {
	enum query_change change;
	uint64_t count; /* of queries for it */
	char name[FSK_TEXT_MAX];
	struct query_side before, after;
};

struct queries {
	const struct fsk_db *before, *after;
	const struct fsk_bypasses *bypasses; /* may be NULL */
	int64_t now;                         /* seconds since 1970-01-01 */
	const char *folder;                  /* for temporary files */

	/* What queries_read() finds. */
	uint64_t all; /* queries */
	uint64_t bad; /* lines that are no names */
	struct {
		uint64_t queries, names;
	} count[QUERY_CHANGES]; /* but for QUERY_SAME */
	struct linesort *ranked;
};

/* Reads the query names of PATH ("-": standard input), one a line, plain or
 * compressed; blank lines and those that begin with '#' are nothing.  Somebody
 * in no group asks for A.  Q is for queries_fini() in any case. */
int queries_read(struct queries *q, const char *path, struct fsk_error *err);

/* The next name that changes: by change, in the order above, then the most
 * queried first; false at the end. */
bool queries_next(struct queries *q, struct query *out);

void queries_fini(struct queries *q);

/* The word for CHANGE, as a key of JSON, and as the end of a sentence that
 * begins "N of M queries would". */
const char *query_change_key(enum query_change change);
const char *query_change_text(enum query_change change);

/* The word for what the resolver does: an action, or "resolved". */
const char *query_word(const struct query_side *s);

/* The entry of S that decides, as text in ENTRY; NULL: none. */
const char *query_entry(
    const struct query_side *s, char entry[static FSK_TEXT_MAX]);

/* The side of Q whose entry is behind the change. */
const struct query_side *query_behind(const struct query *q);

#endif
