/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spill.h - records by bucket, in memory as far as a budget allows
 *
 * The writer's first step: names arrive in any order and are set aside by
 * bucket, so that each bucket can later be handled alone.  Memory is given out
 * in chunks; when the budget is used up, full chunks go to a temporary file
 * without a name in the database's folder.  What a bucket holds does not
 * depend on where its chunks went.
 */
#ifndef FRAUDSINK_SPILL_H
#define FRAUDSINK_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define FSK_BUCKETS 256

struct fsk_pool;       /* memory for chunks, shared by stores */
struct fsk_spill;      /* a store, shared by threads */
struct fsk_spill_lane; /* one thread's way into it */

/* Makes a pool of BUDGET octets; NULL when out of memory.  A store may exceed
 * the budget by one chunk of 16 KB a bucket and lane. */
struct fsk_pool *fsk_pool_new(size_t budget);

/* From now on nothing will be set aside: what stores take out of the pool's
 * memory goes back to the system at once. */
void fsk_pool_drain(struct fsk_pool *pool);

/* Gives all memory back to the system.  NULL is fine; the stores must be closed
 * before. */
void fsk_pool_free(struct fsk_pool *pool);

/* Makes an empty store with memory from POOL; temporary files go to FOLDER. */
int fsk_spill_open(struct fsk_spill **s, const char *folder,
    struct fsk_pool *pool, struct fsk_error *err);

/* Frees S with all its lanes; NULL is fine. */
void fsk_spill_close(struct fsk_spill *s);

/* A new lane, which belongs to S.  Any thread may ask; each lane is for one
 * thread at a time. */
int fsk_spill_lane(
    struct fsk_spill *s, struct fsk_spill_lane **lane, struct fsk_error *err);

/* Sets LEN octets (at most 4096) at REC aside in BUCKET. */
int fsk_spill_add(struct fsk_spill_lane *lane, unsigned bucket, const void *rec,
    size_t len, struct fsk_error *err);

/* Octets in BUCKET, once all lanes are at rest. */
size_t fsk_spill_size(const struct fsk_spill *s, unsigned bucket);

/* Copies all of BUCKET to OUT, fsk_spill_size() octets, in no particular order
 * of records, and frees its memory.  Different buckets may be taken by
 * different threads at once. */
int fsk_spill_take(
    struct fsk_spill *s, unsigned bucket, uint8_t *out, struct fsk_error *err);

#endif
