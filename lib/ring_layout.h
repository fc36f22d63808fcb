/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring_layout.h - where things stand in a ring's file
 *
 * FORMAT.md is the specification; this is the same as structures, for the two
 * sides of the ring and their tests only.  Numbers have the machine's own byte
 * order: a ring is shared memory and never leaves the machine.
 */
#ifndef FRAUDSINK_RING_LAYOUT_H
#define FRAUDSINK_RING_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/ring.h"

#define FSK_RING_MAGIC \
	"\x89" \
	"FSRG\r\n\x1a"
#define FSK_RING_MAJOR      2
#define FSK_RING_MINOR      0
#define FSK_RING_BYTE_ORDER 0x01020304u
#define FSK_RING_PAGE       4096
#define FSK_RING_LINE       64 /* octets of a cache line */

/* Octets of the file that are locked: by who writes, by who takes events. */
#define FSK_RING_LOCK_WRITER 0
#define FSK_RING_LOCK_READER 1

struct fsk_ring_header {
	/* Written once, before the file has its name. */
	uint8_t magic[8];
	uint16_t major, minor;
	uint32_t byte_order;
	uint64_t file_len;
	uint8_t id[16];
	uint32_t flags; /* 0 */
	uint32_t workers, events;
	uint32_t counters, totals;
	uint32_t labels, label_len;
	uint32_t slot_len;
	uint64_t checksum; /* of what stands before it */
	/* What changes. */
	_Alignas(FSK_RING_LINE) _Atomic uint32_t labelling; /* a process */
	_Alignas(FSK_RING_LINE) _Atomic uint64_t total[FSK_TOTALS];
};

struct fsk_ring_row {
	_Atomic uint32_t kind; /* enum fsk_label_kind; 0: free */
	uint32_t zero;
	char name[FSK_LABEL_TEXT];
};

/* An event without what it does not use, so that most lie in one or two cache
 * lines: the first octets of struct fsk_event, its feeds, its name, its case
 * number. */
#define FSK_RING_EVENT_FIXED offsetof(struct fsk_event, feed)
struct fsk_ring_slot {
	_Alignas(FSK_RING_LINE) uint8_t octet[FSK_RING_EVENT_FIXED +
	    2 * FSK_EVENT_FEEDS + FSK_NAME_MAX + FSK_EVENT_CASE];
};

struct fsk_ring_hits {
	_Atomic uint64_t all, unique;
};

struct fsk_ring_block {
	_Alignas(FSK_RING_LINE) _Atomic uint32_t owner; /* 0: nobody's */
	_Alignas(FSK_RING_LINE) _Atomic uint64_t head;  /* events stored */
	_Atomic uint64_t first; /* the event in slot 0, see fsk_ring_event() */
	_Alignas(FSK_RING_LINE) _Atomic uint64_t tail; /* events let go of */
	_Alignas(FSK_RING_LINE) _Atomic uint64_t counter[FSK_COUNTERS];
	_Alignas(FSK_RING_LINE) struct fsk_ring_hits hit[FSK_RING_LABELS];
	struct fsk_ring_slot slot[];
};

static_assert(sizeof(_Atomic uint64_t) == 8 && sizeof(_Atomic uint32_t) == 4 &&
	ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
    "processes share these without a lock");
static_assert(offsetof(struct fsk_ring_header, checksum) == 72, "FORMAT.md");
static_assert(offsetof(struct fsk_ring_header, total) == 192, "FORMAT.md");
static_assert(sizeof(struct fsk_ring_header) <= FSK_RING_PAGE, "FORMAT.md");
static_assert(sizeof(struct fsk_ring_row) == 104, "FORMAT.md");
static_assert(FSK_RING_EVENT_FIXED == 40, "FORMAT.md");
static_assert(sizeof(struct fsk_ring_slot) == 384, "FORMAT.md");
static_assert(offsetof(struct fsk_ring_block, counter) == 192, "FORMAT.md");
static_assert(offsetof(struct fsk_ring_block, hit) == 576, "FORMAT.md");
static_assert(offsetof(struct fsk_ring_block, slot) == 16960, "FORMAT.md");

#define FSK_RING_ROWS_LEN (FSK_RING_LABELS * sizeof(struct fsk_ring_row))

static inline size_t
fsk_ring_block_len(unsigned events)
{
	size_t len = sizeof(struct fsk_ring_block) +
	    events * sizeof(struct fsk_ring_slot);

	return (len + FSK_RING_PAGE - 1) / FSK_RING_PAGE * FSK_RING_PAGE;
}

static inline size_t
fsk_ring_len(unsigned workers, unsigned events)
{
	return FSK_RING_PAGE + FSK_RING_ROWS_LEN +
	    workers * fsk_ring_block_len(events);
}

static inline struct fsk_ring_header *
fsk_ring_header(uint8_t *base)
{
	return (struct fsk_ring_header *)(void *)base;
}

static inline struct fsk_ring_row *
fsk_ring_rows(uint8_t *base)
{
	return (struct fsk_ring_row *)(void *)(base + FSK_RING_PAGE);
}

static inline struct fsk_ring_block *
fsk_ring_block(uint8_t *base, unsigned events, unsigned i)
{
	return (struct fsk_ring_block *)(void *)(base + FSK_RING_PAGE +
	    FSK_RING_ROWS_LEN + i * fsk_ring_block_len(events));
}

/* ---- between the files of lib/ ---- */

struct fsk_ring_worker {
	_Alignas(FSK_RING_LINE) struct fsk_ring_block *block;
	uint64_t head, first; /* as last stored */
	uint64_t mask;        /* events - 1 */
};

struct fsk_ring {
	uint8_t *base;
	size_t len;
	int fd; /* holds the lock; -1: no file */
	unsigned workers, events;
	struct fsk_ring_worker worker[];
};

/* Locks an octet of the open file FD until that is closed by all who have it;
 * false (errno) if somebody else has. */
bool fsk_ring_lock(int fd, off_t octet);

/* Checks what is written once in the header at BASE (LEN octets are there) and
 * copies it to *H; PATH is for the sentence. */
int fsk_ring_check(struct fsk_ring_header *h, const uint8_t *base, size_t len,
    const char *path, struct fsk_error *err);

/* The memory of RING, *LEN octets. */
uint8_t *fsk_ring_memory(const struct fsk_ring *ring, size_t *len);

/* As fsk_ring_attach() for LEN octets at BASE (at the beginning of a cache
 * line), which must outlive *READER; READ_ONLY: they are not written to. */
int fsk_ring_attach_memory(struct fsk_ring_reader **reader, uint8_t *base,
    size_t len, bool read_only, const char *path, struct fsk_error *err);

#endif
