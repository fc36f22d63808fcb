/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * workers.h - what each of Unbound's worker threads has for itself
 *
 * A worker writes only to its own slot: its reader slot, its queue of leaks,
 * where its counters are, its memo.  Others only read it.  So the query path
 * has no lock and no shared cache line.
 */
#ifndef FRAUDSINK_MODULE_WORKERS_H
#define FRAUDSINK_MODULE_WORKERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/db.h"
#include "lib/handle.h"
#include "lib/memo.h"
#include "lib/ring.h"

/* A message that must leave the cache. */
struct leak {
	uint16_t qtype, qclass;
	uint8_t len;
	uint8_t qname[FSK_NAME_MAX];
};

#define LEAKS 64 /* a power of two */

struct worker_slot {
	_Alignas(64) struct fsk_reader reader;
	/* What this worker tells (tally.h), and the ring that it is in. */
	struct fsk_ring_worker *block;
	struct fsk_ring *ring;
	struct fsk_memo memo; /* of names answered from the cache */
	_Alignas(64) atomic_uint leaks_in, leaks_out;
	struct leak leak[LEAKS];
};

struct workers {
	struct worker_slot *slot;
	unsigned slots;
	atomic_uint claimed;
	uint64_t generation; /* tells this set from an earlier one */
	struct fsk_handle *handle;
};

/* Makes room for N threads.  False: out of memory. */
bool workers_init(struct workers *w, unsigned n, struct fsk_handle *handle);
void workers_fini(struct workers *w);

/* The calling thread's slot; NULL if there are more threads than slots. */
struct worker_slot *workers_self(struct workers *w);

/* Worker: notes a leak; when the queue is full it is only counted. */
void worker_leak(struct worker_slot *slot, const uint8_t *qname, size_t len,
    uint16_t qtype, uint16_t qclass);

/* Background: takes a leak out of the slot; false if there is none. */
bool worker_take_leak(struct worker_slot *slot, struct leak *out);

#endif
