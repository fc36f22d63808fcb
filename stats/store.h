/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store.h - what is kept, and how it is asked for; one interface, two stores
 *
 * The tables are those of SCHEMA.md.  All times are seconds since 1970-01-01
 * UTC; a minute, hour or day is named by its first second.  All texts are
 * UTF-8 at most and never NULL; "" stands for none.
 *
 * Writing: batches, each of one host.  store_begin(), any number of
 * store_put_...(), store_commit(): all of it is stored then, or nothing.  The
 * put functions return nothing: after the first failure they do nothing, and
 * store_commit() tells it.  A batch also puts how far it came in each ring; who
 * begins again after a failure or a crash asks store_ring() and passes over
 * what is stored already, so that nothing is counted twice.
 *
 * Numbers are added to what is there (hits, counters) or united with it
 * (sketches), so batches of any size and order give the same rows.
 *
 * Reading: rows come in the order that is said below, the same from every
 * store, each to a function EACH, until it returns other than 0, which is
 * returned then.  Its pointers are valid for that call.  EACH must not use the
 * store.
 *
 * One thread per store; processes may have it open at the same time.
 */
#ifndef FRAUDSINK_STATS_STORE_H
#define FRAUDSINK_STATS_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/ring.h"
#include "stats/conf.h"
#include "stats/sketch.h"

/* What rows are counts of; in seconds. */
enum store_step {
	STORE_MINUTE = 60,
	STORE_HOUR = 3600,
	STORE_DAY = 86400,
};

/* Networks and countries that are told apart no more, since there were too many
 * keys (conf.h). */
#define STORE_OTHER_ASN     UINT32_MAX
#define STORE_OTHER_COUNTRY "*"

/* Between the names of feeds in a set, which are in bytewise order. */
#define STORE_BETWEEN '\n'

/* ---- rows ---- */

/* How often something was blocked. */
struct store_fact {
	int64_t time;
	const char *host;
	const char *feeds; /* those that list the entry, as text */
	const char *category, *group;
	uint8_t severity, action; /* enum fsk_severity, enum fsk_action */
	bool would;               /* it was answered, and only counted */
	const char *country;      /* ISO 3166-1, two letters */
	uint32_t asn;             /* 0: unknown */
	uint64_t hits;
};

/* How often a name was blocked, or only counted; and what it was listed as when
 * it was counted last. */
struct store_name {
	int64_t time;
	const char *host;
	const char *name; /* as text, without a dot at the end */
	const char *feeds, *category;
	uint8_t severity;
	uint64_t hits, would;
	uint64_t error; /* both together may be so much more; 0: exact */
	/* When it is put, by day: who was blocked, and who was only counted;
	 * NULL: nobody.  When it is read see store_sketches(). */
	struct sketch *clients[2];
};

/* What an hour or day has besides its names. */
struct store_rest {
	int64_t time;
	const char *host;
	uint64_t hits, would; /* of names that have no row (any more) */
	uint64_t most;        /* that such a name can have, both together */
};

/* Whose clients a sketch counts. */
enum store_sketch_kind {
	STORE_ALL = 0, /* everybody's; key "" */
	STORE_FEED = 1,
	STORE_CATEGORY = 2,
	STORE_GROUP = 3,
	STORE_COUNTRY = 4,
	STORE_NAME = 5, /* put with the name, by day */
};

struct store_sketch {
	int64_t time;
	const char *host;
	enum store_sketch_kind kind;
	bool would;
	const char *key;
	struct sketch *sketch;
};

/* What is counted exactly, also if events are lost.  Numbers are stored: they
 * must stay. */
enum store_counter_id {
	STORE_RING = 0,    /* + enum fsk_counter */
	STORE_TOTAL = 100, /* + enum fsk_total: STARTS to SWEPT */
	/* With a label. */
	STORE_FEED_HITS = 120,
	STORE_FEED_UNIQUE = 121,
	STORE_CATEGORY_HITS = 122,
	STORE_GROUP_HITS = 123,
	/* The collector's own. */
	STORE_DAMAGED = 140,  /* events that could not be */
	STORE_ODD_TIME = 141, /* events of another time than now */
};

struct store_counter {
	int64_t time;
	const char *host;
	unsigned counter;  /* see above */
	const char *label; /* of a feed, category or group */
	uint64_t value;
};

struct store_event {
	uint64_t time; /* microseconds */
	const char *name;
	uint16_t qtype;
	const char *feeds, *category, *group;
	const char *case_number; /* of who ordered it, or its beginning */
	uint8_t severity, action, transport;
	bool would;
	const char *country;
	uint32_t asn;
	const uint8_t *client; /* 16 octets made by privacy.h; NULL: nothing */
};

/* How far a ring is stored. */
struct store_ring {
	uint8_t id[16];
	const char *host;
	int64_t seen;                        /* when it was put */
	uint64_t serial, created, entries;   /* of the database in force */
	uint64_t position[FSK_RING_WORKERS]; /* events below are stored */
	/* Counters as they were; summed up over the workers. */
	uint64_t counter[FSK_COUNTERS], total[FSK_TOTALS];
	uint64_t hits[FSK_RING_LABELS], unique[FSK_RING_LABELS];
};

/* ---- questions ---- */

/* What facts can be grouped by; bits. */
enum store_dimension {
	STORE_BY_HOST = 1,
	STORE_BY_FEEDS = 2,
	STORE_BY_CATEGORY = 4,
	STORE_BY_SEVERITY = 8,
	STORE_BY_ACTION = 16,
	STORE_BY_GROUP = 32,
	STORE_BY_COUNTRY = 64,
	STORE_BY_ASN = 128,
	STORE_BY_WOULD = 256,
	STORE_BY_EVERYTHING = 511,
};

#define STORE_ANY -1 /* in a number of a filter */

struct store_query {
	enum store_step step; /* of the rows that are looked at */
	int64_t from, to;     /* times from FROM up to but not TO */
	uint32_t bucket; /* rows for each so many seconds; 0: for all time */
	unsigned by;     /* facts: enum store_dimension */
	uint64_t limit;  /* names: at most so many rows; 0: all */
	/* Only what is so; NULL or STORE_ANY: whatever it is. */
	const char *host;
	const char *feed; /* that its set has */
	const char *category, *group, *country, *name;
	int64_t asn;
	int severity, action, would;
	int kind; /* sketches: enum store_sketch_kind */
};

/* All of a time. */
static inline struct store_query
store_query(enum store_step step, int64_t from, int64_t to)
{
	return (struct store_query){ .step = step,
		.from = from,
		.to = to,
		.asn = STORE_ANY,
		.severity = STORE_ANY,
		.action = STORE_ANY,
		.would = STORE_ANY,
		.kind = STORE_ANY };
}

/* ---- a store ---- */

struct store;

enum store_use {
	STORE_WRITE, /* made or brought to this version if need be */
	STORE_READ,
};

/* Opens the store that C names; C must outlive it.  FSK_EIO, FSK_EFORMAT if it
 * is of a later version, FSK_ENOMEM. */
int store_open(struct store **s, const struct conf *c, enum store_use use,
    struct fsk_error *err);
void store_close(struct store *s);

/* Makes what C names, or brings it to this version: of ClickHouse the tables on
 * the server of its URL, which nothing else makes. */
int store_init(const struct conf *c, struct fsk_error *err);

/* From MS milliseconds from now on reading fails with FSK_ELATE. */
void store_deadline(struct store *s, int64_t ms);

/* ---- writing ---- */

int store_begin(struct store *s, const char *host, struct fsk_error *err);
int store_commit(struct store *s, struct fsk_error *err);
void store_rollback(struct store *s); /* also after a failed commit */

/* The host in rows that are put is that of the batch, whatever they say. */
void store_put_fact(
    struct store *s, enum store_step step, const struct store_fact *f);
void store_put_name(
    struct store *s, enum store_step step, const struct store_name *n);
/* Removes the name's row. */
void store_drop_name(
    struct store *s, enum store_step step, int64_t time, const char *name);
/* Adds hits, raises `most`. */
void store_put_rest(
    struct store *s, enum store_step step, const struct store_rest *r);
void store_put_sketch(
    struct store *s, enum store_step step, const struct store_sketch *k);
/* Adds to the minute, hour and day of its time. */
void store_put_counter(struct store *s, const struct store_counter *c);
void store_put_network(struct store *s, uint32_t asn, const char *organisation);
void store_put_event(struct store *s, const struct store_event *e);
void store_put_ring(struct store *s, const struct store_ring *r);

/* What is known of the ring ID; all zero if nothing is. */
int store_ring(struct store *s, const uint8_t id[static 16],
    struct store_ring *r, struct fsk_error *err);

/* Lets go of what is older than it is to be kept at NOW, and of names beyond
 * those that stay when their hour or day is over.  A bounded amount of work;
 * *MORE: there is more to do. */
int store_maintain(
    struct store *s, int64_t now, bool *more, struct fsk_error *err);

/* ---- reading ---- */

/* Facts, summed up over what q->by does not have, which is "" or 0 in the rows.
 * In the order of time, host, feeds, category, severity, action, group,
 * country, asn, would; texts by their octets. */
int store_facts(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_fact *f), void *arg,
    struct fsk_error *err);

/* Names, summed up over hosts and each bucket; those with most hits (blocked
 * and only counted) first, then by name; with buckets by time first, and
 * q->limit holds for each.  Filters: host, feed, category, severity, name. */
int store_names(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_name *n), void *arg,
    struct fsk_error *err);

/* What names do not tell, by time and host, in that order.  Filter: host. */
int store_rests(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_rest *r), void *arg,
    struct fsk_error *err);

/* Sketches, united over hosts and each bucket; by time, kind, would, key.
 * Filters: host, kind, would, name (the key, whatever the kind). */
int store_sketches(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_sketch *k), void *arg,
    struct fsk_error *err);

/* Counters, summed up over each bucket; by time, host, counter, label.
 * Filter: host. */
int store_counters(struct store *s, const struct store_query *q,
    int (*each)(void *arg, const struct store_counter *c), void *arg,
    struct fsk_error *err);

/* The rings that are known; `position` and what is below it stay zero. */
int store_rings(struct store *s,
    int (*each)(void *arg, const struct store_ring *r), void *arg,
    struct fsk_error *err);

/* Networks whose organisation is known, by number. */
int store_networks(struct store *s,
    int (*each)(void *arg, uint32_t asn, const char *organisation), void *arg,
    struct fsk_error *err);

#endif
