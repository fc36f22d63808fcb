/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ingest.h - inputs to names, in several threads
 *
 * One thread reads and unpacks, the others parse blocks of whole lines and hand
 * the entries on; formats whose lines depend on each other are parsed where
 * they are read.
 */
#ifndef FRAUDSINK_FEEDS_INGEST_H
#define FRAUDSINK_FEEDS_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/parse.h"
#include "lib/db_write.h"

#define INGEST_SAMPLES 5 /* bad lines that are kept to be shown */

struct ingest_bad {
	uint64_t line; /* from 1 */
	const char *why;
	char text[81]; /* its beginning, made printable */
};

/* One input: what is wanted of it, and what came of it. */
struct ingest_input {
	const char *path;
	const char *title; /* what messages call it; NULL: its path */
	const struct parse_format *format; /* NULL: guess, then what it was */
	struct parse_options form;
	enum fsk_match_kind match;
	bool addresses;     /* prefixes of addresses are entries */
	uint64_t max_bytes; /* of its text, unpacked; 0: any number */
	/* Takes an entry, in any of the parsing threads; FSK_OK or what ends
	 * the whole. */
	int (*take)(const struct ingest_input *in, struct fsk_lane *lane,
	    const struct parse_entry *e, struct fsk_error *err);
	void *arg; /* take()'s */

	/* Lines, or items of a document, and what they gave. */
	uint64_t lines, names, urls, excepted, nothing, skipped, bad;
	uint64_t single; /* names with one label: whole top-level domains */
	struct ingest_bad sample[INGEST_SAMPLES]; /* bad ones, the first */
	unsigned samples;
};

struct ingest_options {
	unsigned threads; /* that parse */
	bool strict;      /* the first bad line ends it */
	/* Called now and then with the names taken so far; may be NULL. */
	void (*progress)(void *arg, uint64_t names);
	void *progress_arg;
};

/* Reads the N inputs at IN into W.  Returns FSK_OK or a negative code; with
 * strict, FSK_ENAME and "FILE:LINE: why" for a bad line. */
int ingest(struct ingest_input *in, size_t n, struct fsk_writer *w,
    const struct ingest_options *opt, struct fsk_error *err);

#endif
