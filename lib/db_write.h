/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * db_write.h - the blocklist database: writing
 *
 * Feeds make claims ("this name is phishing, says feed F"); the writer merges
 * all claims on one name to one entry with one attribute set.  The steps:
 *
 *   fsk_writer_open(), fsk_writer_answer(), fsk_writer_claim()
 *   fsk_writer_lane() for each thread that reads feeds
 *   fsk_lane_add() for each name
 *   fsk_writer_publish(), fsk_writer_close()
 *
 * Nothing appears under the target's name before it is complete, synced to
 * disk and verified by our own reader; then it replaces the old file in one
 * step.  For the same claims and key the file is the same to the last octet,
 * whatever the order of names, the number of threads or the memory.
 */
#ifndef FRAUDSINK_DB_WRITE_H
#define FRAUDSINK_DB_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/db.h"
#include "lib/err.h"

struct fsk_writer; /* a database under construction */
struct fsk_lane;   /* one thread's way into it */

struct fsk_writer_options {
	enum fsk_db_mode mode;
	unsigned threads; /* for the work after the last name, at least 1 */
	size_t memory;    /* octets for names; at least FSK_MEMORY_MIN */
	bool prune;       /* drop entries whose cover says the same */
	uint64_t serial;
	int64_t created;    /* seconds since 1970-01-01 */
	const uint8_t *key; /* FSK_KEY_LEN octets; NULL: draw a fresh one */
	/* Called now and then, from one thread at a time; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t all);
	void *progress_arg;
};

#define FSK_MEMORY_MIN ((size_t)16 << 20)

/* What one source says of the names that it lists. */
struct fsk_claim {
	const char *feed, *category; /* copied */
	enum fsk_severity severity;
	uint32_t since; /* days since 1970-01-01 */
	/* A number from fsk_writer_answer(), or where there is a policy, one of
	 * its classes. */
	unsigned class;
	bool allow;   /* the names are to pass */
	bool cancel;  /* the feed takes back that it lists the names */
	bool decides; /* its answer goes before that of all feeds */
	const char *case_number; /* copied; NULL: none */
};

struct fsk_writer_result {
	uint64_t claims;  /* names as they came in */
	uint64_t entries; /* in the file */
	uint64_t urls;
	uint64_t pruned; /* entries that a cover made superfluous */
	uint64_t bytes;  /* of the file */
};

/* Begins a database that will be published at PATH. */
int fsk_writer_open(struct fsk_writer **w, const char *path,
    const struct fsk_writer_options *options, struct fsk_error *err);

/* Frees W and what is unpublished of it; NULL is fine. */
void fsk_writer_close(struct fsk_writer *w);

/* Enters an answer (the same one once) and stores its number in *ROW.  All of
 * it is copied. */
int fsk_writer_answer(struct fsk_writer *w, const struct fsk_answer *answer,
    unsigned *row, struct fsk_error *err);

/* Enters a claim (the same one once) and stores its number in *CLAIM.  Where
 * claims on one name differ in severity, the higher wins and brings its
 * category and answer; at equal severity the claim that was entered first.  Not
 * while a lane is in use. */
int fsk_writer_claim(struct fsk_writer *w, const struct fsk_claim *c,
    uint32_t *claim, struct fsk_error *err);

/* Says more of a feed than its name; its `entries` do not matter. */
int fsk_writer_feed(
    struct fsk_writer *w, const struct fsk_feed *feed, struct fsk_error *err);

/* Gives the database the policy that fsk_policy_pack() has made, LEN octets at
 * BYTES, which must stay until it is published.  Lists within it must have the
 * database's key. */
void fsk_writer_policy(struct fsk_writer *w, const void *bytes, size_t len);

/* A new lane; it belongs to W.  One thread at a time may use it. */
int fsk_writer_lane(
    struct fsk_writer *w, struct fsk_lane **lane, struct fsk_error *err);

/* Claims NAME (not the root). */
int fsk_lane_add(struct fsk_lane *lane, const struct fsk_name *name,
    enum fsk_match_kind match, uint32_t claim, struct fsk_error *err);

/* Claims the URL whose canonical expression ("host/path?query") is EXPRESSION.
 * Its host is not listed by that.  Takes 16 octets of memory beyond the budget.
 */
int fsk_lane_add_url(struct fsk_lane *lane, const char *expression,
    uint32_t claim, struct fsk_error *err);

/* Sorts, merges, writes, verifies and publishes.  All lanes must be at rest;
 * W can then only be closed.  On failure the old file is untouched. */
int fsk_writer_publish(struct fsk_writer *w, struct fsk_writer_result *result,
    struct fsk_error *err);

#endif
