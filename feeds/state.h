/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state.h - what is known of each feed from one run to the next
 *
 * In the state folder: `lock`; `generations/SERIAL.fsdb`, the last published
 * databases; `published`, what went into the last; `refused`, what the guards
 * kept out of it; and a folder a feed with
 *
 *   body       what was fetched last, if it was good
 *   list.fsdb  its names, with their first-seen dates
 *   urls       its URLs, one a line after their first-seen day
 *   meta       the struct below, a line each
 *
 * Each file is replaced in one step and none is written to where it lies, which
 * replica.h relies on; losing any of them costs a fetch.
 */
#ifndef FRAUDSINK_FEEDS_STATE_H
#define FRAUDSINK_FEEDS_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "feeds/conf.h"
#include "lib/err.h"

struct feed_state {
	char etag[256], last_modified[64];
	char source[24];     /* of where it comes from: a hash */
	char form[24];       /* of what makes the list from the body: a hash */
	char format[16];     /* what the body turned out to be */
	char why[512];       /* the last run failed: why; "": it did not */
	int64_t tried, good; /* seconds since 1970-01-01; 0: never */
	int64_t not_before;  /* when its server wants to be asked again */
	uint64_t http, failures; /* failures: runs since `good` */
	uint64_t serial;         /* of a zone, plus 1; 0: none */
	uint64_t bytes, lines, names, urls, excepted, nothing, skipped, bad;
	uint64_t refused, unique, entries; /* in the last published list */
};

/* Makes the state folder if need be, and takes its lock.  FSK_EIO with a
 * sentence if another run has it.  Returns a descriptor for state_unlock(). */
int state_lock(const char *state, int *fd, struct fsk_error *err);
void state_unlock(int fd);

/* The same with the file NAME as lock. */
int state_lock_file(
    const char *state, const char *name, int *fd, struct fsk_error *err);

/* "STATE/FEED/FILE", for free(); NULL when out of memory.  FEED may be NULL. */
char *state_path(const char *state, const char *feed, const char *file);

/* Whether NAME lies in the state folder beside those of the feeds. */
bool state_is_ours(const char *name);

/* Reads what is known of FEED; all zero if nothing is, or if it cannot be
 * read: that costs a fetch. */
void state_read(const char *state, const char *feed, struct feed_state *s);

/* Keeps it; makes the feed's folder if need be. */
int state_write(const char *state, const char *feed, const struct feed_state *s,
    struct fsk_error *err);

/* A file that will replace PATH in one step; until then it is PATH.new, one at
 * a time. */
struct state_file {
	const char *path; /* must stay */
	char *temporary;  /* NULL: it is in place */
	FILE *to;
};

int state_file_open(
    struct state_file *f, const char *path, struct fsk_error *err);

/* Puts F, whole and synced to disk, in place; what failed to be written is an
 * error. */
int state_file_replace(struct state_file *f, struct fsk_error *err);

/* Closes F, which may be zero, and removes it if it is not in place. */
void state_file_close(struct state_file *f);

/* Replaces the file PATH by LEN octets at TEXT in the same way. */
int state_replace(
    const char *path, const void *text, size_t len, struct fsk_error *err);

/* The whole of PATH, terminated, for free(); NULL if it cannot be read. */
char *state_text(const char *path, size_t *len);

/* Makes the folder PATH and those above it. */
int state_folder(const char *path, struct fsk_error *err);

#endif
