/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * diff.h - how two databases differ
 *
 *   diff.c        each entry of one is looked up in the other; the command
 *   diff_attr.c   what is known of an entry, the same or not
 *   diff_print.c  telling it
 */
#ifndef FRAUDSINK_FEEDS_DIFF_H
#define FRAUDSINK_FEEDS_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/db.h"
#include "lib/err.h"

struct diff_count {
	uint64_t added, removed, changed;
};

/* What a feed lists. */
struct diff_feed {
	const char *name;
	struct diff_count count;
};

/* One of the two. */
struct diff_side {
	struct fsk_db *db; /* its user's */
	struct fsk_db_info info;
	uint32_t *first; /* [attribute set]: where in list its feeds begin */
	uint32_t *list;  /* rows in the table of feeds, ascending */
};

struct diff {
	struct diff_side before, after;
	struct diff_count total; /* entries */
	struct diff_feed *feeds; /* of both, by name */
	size_t nfeeds;
	bool names, json; /* what is wanted */
	bool secret;      /* one keeps no names that could be compared */
	uint64_t limit;   /* so many names of each kind */
	FILE *changes;    /* json: entries that changed, until their turn */
};

/* Compares d->before.db with d->after.db, which may be the same one, and tells
 * what d->names, d->json and d->limit want; the rest of *D is zero before.  The
 * object of d->json is left open: '}' or more of it is for the caller to print.
 * Returns 0, 1 where output failed and that was told or will be, or an error.
 * Where one of the two is secret only numbers are told. */
int diff_run(struct diff *d, struct fsk_error *err);

/* Whether anything differs, after diff_run(). */
bool diff_any(const struct diff *d);

void diff_fini(struct diff *d);

/* ---- attributes ---- */

/* The feeds of an attribute set: rows in the table. */
struct diff_feeds {
	const uint32_t *at;
	size_t n;
};

struct diff_feeds diff_feeds_of(const struct diff_side *s, uint32_t attr);
bool diff_same_feeds(struct diff_feeds a, struct diff_feeds b);
bool diff_same_answer(const struct fsk_answer *a, const struct fsk_answer *b);

/* Whether A and B are the same but for who lists the entry. */
bool diff_same_attr(const struct fsk_attr *a, const struct fsk_attr *b);

/* ---- telling; false where output failed ---- */

/* Before the first entry. */
bool diff_print_begin(struct diff *d);

/* An entry that only S has, the last of COUNT so far. */
bool diff_print_one(const struct diff *d, const struct diff_side *s,
    const struct fsk_name *name, uint32_t attr, uint64_t count);

/* An entry that both have, with attribute sets BEFORE and AFTER, the last of
 * d->total.changed so far. */
bool diff_print_change(const struct diff *d, const struct fsk_name *name,
    uint32_t before, uint32_t after);

/* Between those of NEW and those of OLD; then the numbers. */
bool diff_print_middle(struct diff *d);
bool diff_print_end(struct diff *d);

#endif
