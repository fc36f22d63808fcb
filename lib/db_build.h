/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * db_build.h - what the writer's files share; for them only
 *
 *   db_write.c   runs the steps, writes sections, publishes
 *   db_claims.c  takes answers, claims and names in
 *   db_merge.c   step one, by bucket: sort, merge equal names, intern the sets
 *   db_sets.c    sets of claims
 *   db_attrs.c   between the steps: these to attribute sets
 *   db_urls.c    between the steps: URLs, merged
 *   db_place.c   step two, by partition: anchors, lines, records
 *   db_out.c     the file on its way out
 */
#ifndef FRAUDSINK_DB_BUILD_H
#define FRAUDSINK_DB_BUILD_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/code.h"
#include "lib/db_layout.h"
#include "lib/db_write.h"
#include "lib/spill.h"

static inline int
out_of_memory(struct fsk_error *err)
{
	return fsk_fail(err, FSK_ENOMEM, "out of memory");
}

/* A record set aside: its head, then the name without its root label.  NUMBER
 * is a claim before step one and a set of claims after it. */
#define REC_HEAD   6
#define REC_LEN    0 /* u8, octets of the name that follow, at least 2 */
#define REC_KIND   1 /* u8, enum fsk_match_kind, plus REC_ALLOW */
#define REC_NUMBER 2 /* u32 */
#define REC_ALLOW  4u
#define REC_MAX    (REC_HEAD + FSK_NAME_MAX)

/* ---- sets of claims (db_sets.c) ---- */

struct claim {
	uint32_t feed, category; /* feed: row; category: in the strings */
	uint32_t since;
	uint32_t case_number; /* in the strings */
	uint16_t class;
	uint8_t severity;
	bool allow, cancel, decides;
};

/* Sets of claims: a lone claim is the set of its own number, the others are
 * interned as they turn up. */
struct sets {
	pthread_mutex_t lock;
	uint32_t nclaims; /* fixed once step one begins */
	struct {
		uint32_t first, n; /* in pool */
	} * set;                   /* [i]: set nclaims + i */
	uint32_t nset, room_set;
	uint32_t *pool;
	uint32_t npool, room_pool;
	uint32_t *slot, nslot; /* hash table: i + 1, 0 free */
};

int sets_init(struct sets *s, uint32_t nclaims, struct fsk_error *err);
void sets_fini(struct sets *s);

/* The number of the set of N different claims (ascending) at CLAIM. */
int sets_intern(struct sets *s, const uint32_t *claim, uint32_t n,
    uint32_t *number, struct fsk_error *err);

/* The claims of set NUMBER; *N tells how many. */
const uint32_t *sets_claims(
    const struct sets *s, const uint32_t *number, uint32_t *n);

/* ---- URLs (db_urls.c) ---- */

/* Claims on hashed URLs; after urls_merge(): hashes in order, each once, with
 * the number of its set. */
struct urls {
	struct url_claim {
		uint64_t hash;
		uint32_t claim;
	} * at;
	size_t n, room;
};

struct worker;
struct fsk_writer;

int urls_add(
    struct urls *u, uint64_t hash, uint32_t claim, struct fsk_error *err);

/* Between the steps: one entry a URL. */
int urls_merge(struct worker *me, struct urls *u);

/* Writes the section. */
int urls_write(
    const struct fsk_writer *w, const struct urls *u, struct fsk_error *err);

/* ---- the writer ---- */

/* Octets in the making; of strings each ends with NUL. */
struct text {
	char *at;
	size_t len, room;
};

/* The offset of S in the strings, which it is added to if need be. */
int text_string(
    struct text *t, const char *s, uint32_t *at, struct fsk_error *err);

/* One thread's way in. */
struct fsk_lane {
	struct fsk_writer *w;
	struct fsk_lane *next;
	struct fsk_spill_lane *spill;
	struct urls urls;
	uint64_t claims;
};

/* One thread of a step. */
struct worker {
	struct fsk_writer *w;
	pthread_t thread;
	struct fsk_error err;
	struct fsk_code_stats *stats; /* step one: names seen */
	struct fsk_spill_lane *out;   /* step one */
	uint8_t *used;                /* step one: [set * 3 + match] */
	uint32_t nused;
	uint64_t merged; /* step one: records that came out */
	uint64_t *count; /* step two: [attr] */
	uint64_t pruned; /* step two */
};

/* Numbers all attribute sets in use and fills w->attr_of.  *ATTRS (octets of
 * the section) and FEEDSETS are the caller's to free. */
int attrs_make(struct fsk_writer *w, struct worker *workers, uint8_t **attrs,
    struct text *feedsets, struct fsk_error *err);

struct out;

struct fsk_writer {
	struct fsk_writer_options opt;
	char *path, *folder;
	uint8_t raw_key[FSK_KEY_LEN];
	struct fsk_key key;

	pthread_mutex_t lock; /* of the tables below and of lanes */
	struct claim *claims;
	uint32_t nclaims;
	uint8_t (*answers)[FSK_ANSWER_LEN]; /* as they will stand in the file */
	uint32_t nanswers;
	struct feed {
		uint32_t name, authority, legal, contact; /* in the strings */
	} * feeds;
	uint32_t nfeeds;
	const void *policy; /* the caller's; NULL: none */
	size_t policy_len;
	struct text strings;
	struct fsk_lane *lanes;

	struct urls urls; /* of all lanes, when they are at rest */

	struct fsk_pool *pool;
	struct fsk_spill *in, *merged;
	struct sets sets;

	/* Entries with a single label that cover what is below them. */
	struct single {
		uint8_t label[FSK_LABEL_MAX + 1];
		uint32_t set;
		bool allow;
	} * singles;
	size_t nsingles;
	bool has_single;

	struct fsk_code code;
	uint8_t code_section[FSK_CODE_LEN_MAX];
	size_t code_len;
	uint32_t *attr_of; /* [set * 3 + match] */
	uint32_t nattrs;
	unsigned attr_width, part_bits;

	/* The step that runs. */
	int (*step)(struct worker *, unsigned i);
	unsigned nsteps;
	atomic_uint next_step;
	atomic_bool failed;
	uint64_t progress_done;

	/* Step two gives out partitions in order. */
	pthread_cond_t turn;
	unsigned next_out;
	struct out *out;
	int lines_fd;
	uint64_t nlines, recs_len, entries;
	uint8_t parts[FSK_PARTS_MAX * FSK_PART_LEN];
};

/* Step one for bucket I, step two for partition I. */
int merge_bucket(struct worker *me, unsigned i);

/* Notes that the set SET is used with MATCH (db_merge.c). */
int mark_used(struct worker *me, uint32_t set, unsigned match);

int place_partition(struct worker *me, unsigned i);

/* A sort key with what it belongs to. */
struct keyed {
	uint64_t key;
	uint32_t of;
};

/* Sorts N keys, stable; SCRATCH has room for as many. */
void sort_keyed(struct keyed *k, size_t n, struct keyed *scratch);

/* Records with the locators of their own names, in order of locator, name and
 * kind. */
struct batch {
	uint8_t *recs;
	struct keyed *k;       /* of: offset in recs */
	struct keyed *scratch; /* as many again, for sort_keyed() */
	size_t n;
};

/* Takes COUNT buckets of FROM, beginning with FIRST.  *B is to be freed in any
 * case. */
int load_sorted(struct worker *me, struct fsk_spill *from, unsigned first,
    unsigned count, struct batch *b);
void batch_fini(struct batch *b);

/* Makes *Q of the record at REC. */
static inline void
query_of(struct fsk_query *q, const struct fsk_key *key, const uint8_t *rec)
{
	q->len = rec[REC_LEN] + 1u;
	memcpy(q->wire, rec + REC_HEAD, rec[REC_LEN]);
	memset(q->wire + rec[REC_LEN], 0, 9);
	fsk_query_hash(q, key);
}

/* ---- the file on its way out (db_out.c) ---- */

/* Makes a temporary file beside PATH. */
int out_open(struct out **o, const char *path, struct fsk_error *err);

/* Removes what is not published; NULL is fine. */
void out_close(struct out *o);

/* Begins section TYPE; sections follow each other. */
void out_section(struct out *o, enum fsk_section type);

int out_write(struct out *o, const void *p, size_t len, struct fsk_error *err);

/* Ends the last section, completes HEADER (FSK_HEADER_LEN octets) with sizes,
 * section table and checksums and writes it; then syncs, verifies, renames. */
int out_publish(
    struct out *o, uint8_t *header, uint64_t *bytes, struct fsk_error *err);

#endif
