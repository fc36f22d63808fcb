/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring.h - what the resolver tells: exact counters and block events
 *
 * One file in shared memory (FORMAT.md).  Each worker of the resolver writes
 * to a block of its own: counters that nobody else writes, and a ring of
 * events with one producer and one consumer.  A store costs no system call and
 * no lock; when nobody drains the ring, events are dropped and counted, and
 * the counters stay exact.
 *
 * Feeds, categories and client groups are counted by labels: numbers that the
 * file gives to names and that outlive the databases in which the names occur.
 *
 * The writer's side trusts the file that it made and holds locked.  The
 * reader's side trusts nothing in it: every value is copied out and checked
 * before it is used, so a damaged file gives an error or wrong numbers, never
 * a crash.
 */
#ifndef FRAUDSINK_RING_H
#define FRAUDSINK_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/name.h"

#define FSK_RING_LABELS     1024 /* names that can have a number */
#define FSK_LABEL_TEXT      96   /* of a label's name, NUL included */
#define FSK_EVENT_FEEDS     16   /* that an event can name */
#define FSK_EVENT_CASE      48   /* of its case number, NUL included */
#define FSK_NO_LABEL        0xffff
#define FSK_RING_WORKERS    256
#define FSK_RING_EVENTS_MAX (1u << 20) /* of a worker */

/* Of one worker.  What is counted by name has its own functions. */
enum fsk_counter {
	FSK_COUNT_ANSWERED,  /* replies to clients */
	FSK_COUNT_LOOKED_UP, /* names looked up in the database for clients */
	FSK_COUNT_LEAKED,    /* listed names answered from the cache */
	FSK_COUNT_EVENTS,    /* events stored */
	FSK_COUNT_DROPPED,   /* events for which there was no room */
	/* Queries about which the list that is only tried (handle.h) says
	 * something else: it would block them, it would let them pass. */
	FSK_COUNT_TRIED_BLOCKS,
	FSK_COUNT_TRIED_PASSES,
	FSK_COUNT_SEVERITY, /* blocked, by enum fsk_severity: 4 of them */
	FSK_COUNT_ACTION = FSK_COUNT_SEVERITY + 4, /* by action: 32 of them */
	FSK_COUNTERS = FSK_COUNT_ACTION + 32
};

/* Of the resolver as a whole. */
enum fsk_total {
	FSK_TOTAL_STARTS, /* how often a resolver took the file over */
	FSK_TOTAL_SWAPS,
	FSK_TOTAL_REFUSED, /* databases that were not taken up */
	FSK_TOTAL_SWEPT,   /* messages removed from the resolver's cache */
	FSK_TOTAL_SERIAL,  /* of the database in force */
	FSK_TOTAL_CREATED, /* its time, seconds since 1970-01-01 */
	FSK_TOTAL_ENTRIES,
	FSK_TOTALS = 16
};

enum fsk_label_kind {
	FSK_LABEL_FEED = 1,
	FSK_LABEL_CATEGORY = 2,
	FSK_LABEL_GROUP = 3,
};

enum fsk_transport {
	FSK_UDP = 1,
	FSK_TCP = 2,
	FSK_TLS = 3,
	FSK_HTTPS = 4,
	FSK_QUIC = 5,
};

/* What became of the query that an event tells of. */
enum fsk_would {
	FSK_BLOCKED = 0,
	FSK_WOULD_BLOCK = 1,  /* it was resolved, and is counted as blocked */
	FSK_TRIED_BLOCKS = 2, /* the list that is only tried would block it */
	FSK_TRIED_PASSES = 3, /* it is blocked, and would not be by that list */
};

/* A blocked query. */
struct fsk_event {
	uint64_t time;      /* microseconds since 1970-01-01 */
	uint8_t client[16]; /* IPv6, or IPv4 mapped (::ffff:a.b.c.d) */
	uint16_t qtype;
	uint16_t category, group; /* labels, or FSK_NO_LABEL */
	uint8_t feeds;            /* those that fit; the counters know all */
	uint8_t unique;           /* 1: no other feed has the entry */
	uint8_t severity;         /* enum fsk_severity */
	uint8_t action;           /* enum fsk_action */
	uint8_t transport;        /* enum fsk_transport */
	uint8_t entry;            /* labels of the entry, a suffix of qname */
	uint8_t would;            /* enum fsk_would */
	uint8_t qname_len;        /* octets of qname, root label included */
	uint8_t case_len;         /* octets of case_number, NUL not included */
	uint8_t zero;
	uint16_t feed[FSK_EVENT_FEEDS];   /* labels, `feeds` of them */
	uint8_t qname[FSK_NAME_MAX];      /* lower case, wire form */
	char case_number[FSK_EVENT_CASE]; /* of who ordered it; "": none */
};

/* ---- the resolver's side ---- */

struct fsk_ring;        /* an open file */
struct fsk_ring_worker; /* one worker's block; its owner alone writes to it */

/* Opens the file PATH for WORKERS workers with room for EVENTS events each (a
 * power of two), or makes it; one that is there is taken over with all its
 * counts and undrained events if its shape is the same, and else replaced.
 * FSK_EIO where another process holds it, FSK_EFORMAT where the file is not a
 * ring.  PATH NULL: no file, only memory that processes forked later share. */
int fsk_ring_open(struct fsk_ring **ring, const char *path, unsigned workers,
    unsigned events, struct fsk_error *err);

/* Unmaps it; the file stays.  NULL is fine. */
void fsk_ring_close(struct fsk_ring *ring);

/* A block that no other worker has, also where workers are processes forked
 * after fsk_ring_open(); NULL if there is none left. */
struct fsk_ring_worker *fsk_ring_claim(struct fsk_ring *ring);

/* The label of NAME, the same one for the same name as long as the file lives;
 * FSK_NO_LABEL when there are too many.  Of a long name the first octets that
 * fit are taken, a control character becomes '?'.  One thread of a process at
 * a time; may sleep for a moment. */
uint16_t fsk_ring_label(
    struct fsk_ring *ring, enum fsk_label_kind kind, const char *name);

/* Sets a total, or adds N to it. */
void fsk_ring_total(
    struct fsk_ring *ring, enum fsk_total which, uint64_t value);
void fsk_ring_add(struct fsk_ring *ring, enum fsk_total which, uint64_t n);

/* COUNTER of all workers together. */
uint64_t fsk_ring_sum(const struct fsk_ring *ring, unsigned counter);

/* Worker: adds one. */
void fsk_ring_count(struct fsk_ring_worker *w, unsigned counter);

/* Worker: adds one to what LABEL has; UNIQUE: nobody else lists the entry. */
void fsk_ring_hit(struct fsk_ring_worker *w, uint16_t label, bool unique);

/* Notes as much of CASE_NUMBER as fits in *E; a control character becomes '?'.
 */
void fsk_event_case(struct fsk_event *e, const char *case_number);

/* Worker: stores *E, or counts that it was dropped. */
void fsk_ring_event(struct fsk_ring_worker *w, const struct fsk_event *e);

/* ---- the collector's side ---- */

struct fsk_ring_reader;

/* Opens the file PATH and checks its shape.  One reader at a time may take
 * events: it holds a lock, FSK_EIO where another does.  READ_ONLY: only to
 * look at counters, no lock. */
int fsk_ring_attach(struct fsk_ring_reader **reader, const char *path,
    bool read_only, struct fsk_error *err);
void fsk_ring_detach(struct fsk_ring_reader *r);

/* Whether PATH is another file by now: then this one is to be drained to its
 * end, and the other one attached. */
bool fsk_ring_replaced(const struct fsk_ring_reader *r);

/* Distinguishes this file from all others. */
const uint8_t *fsk_ring_id(const struct fsk_ring_reader *r); /* 16 octets */

unsigned fsk_ring_workers(const struct fsk_ring_reader *r);

/* How many events of each worker there is room for. */
unsigned fsk_ring_room(const struct fsk_ring_reader *r);

/* Takes up to N events of WORKER into E; how many.  The next call goes on
 * behind them.  What they say is in range (labels that there are, lengths, a
 * name that is one); one that is not is passed over and added to *DAMAGED.
 * They stay in the ring until fsk_ring_done(), which lets go of all that was
 * taken, so that who dies before storing them finds them again. */
size_t fsk_ring_take(struct fsk_ring_reader *r, unsigned worker,
    struct fsk_event *e, size_t n, uint64_t *damaged);
void fsk_ring_done(struct fsk_ring_reader *r, unsigned worker);

/* The number of the first event of WORKER that is not done yet, counted from
 * the file's beginning: with the file's id, what tells a store whether it has
 * an event already. */
uint64_t fsk_ring_position(const struct fsk_ring_reader *r, unsigned worker);

/* The number behind the last event taken (those passed over have numbers,
 * too): what fsk_ring_position() is after fsk_ring_done(). */
uint64_t fsk_ring_taken(const struct fsk_ring_reader *r, unsigned worker);

/* Counters of WORKER; of a label: hits, and those of entries that no other
 * feed has. */
uint64_t fsk_ring_counter(
    const struct fsk_ring_reader *r, unsigned worker, unsigned counter);
void fsk_ring_hits(const struct fsk_ring_reader *r, unsigned worker,
    uint16_t label, uint64_t *hits, uint64_t *unique);
uint64_t fsk_ring_total_of(
    const struct fsk_ring_reader *r, enum fsk_total which);

/* Label I as text; false if there is none. */
bool fsk_ring_label_of(const struct fsk_ring_reader *r, unsigned i,
    enum fsk_label_kind *kind, char name[static FSK_LABEL_TEXT]);

#endif
