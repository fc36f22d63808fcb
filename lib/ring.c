/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The resolver's side: what workers and background threads write.  The numbers
 * that say where things stand are kept outside the shared memory, so who may
 * write to the file can spoil what it tells, but not make us write elsewhere.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/ring_layout.h"

struct fsk_ring_worker *
fsk_ring_claim(struct fsk_ring *ring)
{
	for (unsigned i = 0; i < ring->workers; i++) {
		struct fsk_ring_block *b = fsk_ring_block(
		    ring->base, ring->events, i);
		struct fsk_ring_worker *w = &ring->worker[i];
		uint32_t nobody = 0;

		if (!atomic_compare_exchange_strong(
			&b->owner, &nobody, (uint32_t)getpid()))
			continue;
		w->block = b;
		w->head = atomic_load(&b->head);
		w->first = atomic_load(&b->first);
		w->mask = ring->events - 1;
		return w;
	}
	return NULL;
}

/* ---- labels and totals: background threads ---- */

#define LABEL_TRIES 1000 /* of a millisecond each */

/* One process at a time; one that died with the lock is passed over, and in the
 * end one that seems to live: it may be another by now, or never had it. */
static void
lock_labels(struct fsk_ring *ring)
{
	_Atomic uint32_t *lock = &fsk_ring_header(ring->base)->labelling;
	const struct timespec ms = { 0, 1000000 };
	uint32_t self = (uint32_t)getpid(), holder = 0;
	unsigned tries = 0;

	while (!atomic_compare_exchange_strong(lock, &holder, self)) {
		if (holder == 0 || holder > INT_MAX || tries++ >= LABEL_TRIES ||
		    (kill((pid_t)holder, 0) == -1 && errno == ESRCH))
			continue;     /* HOLDER is what is to be replaced */
		nanosleep(&ms, NULL); /* it takes less */
		holder = 0;
	}
}

/* Copies what fits of TEXT into OUT, of SIZE octets; its length. */
static size_t
copy_text(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; n < size - 1 && text[n] != '\0'; n++)
		out[n] = (unsigned char)text[n] < ' ' || text[n] == 127
		    ? '?'
		    : text[n];
	/* Half a UTF-8 character at the end is none. */
	if (text[n] != '\0' && ((unsigned char)text[n] & 0xc0) == 0x80) {
		while (n > 0 && ((unsigned char)out[n - 1] & 0xc0) == 0x80)
			n--;
		n -= n > 0;
	}
	memset(out + n, 0, size - n);
	return n;
}

uint16_t
fsk_ring_label(
    struct fsk_ring *ring, enum fsk_label_kind kind, const char *name)
{
	struct fsk_ring_row *row = fsk_ring_rows(ring->base);
	char text[FSK_LABEL_TEXT];
	uint16_t i;

	copy_text(text, sizeof(text), name);
	lock_labels(ring);
	for (i = 0; i < FSK_RING_LABELS && row[i].kind != 0; i++)
		if (row[i].kind == (uint32_t)kind &&
		    memcmp(row[i].name, text, sizeof(text)) == 0)
			break;
	if (i < FSK_RING_LABELS && row[i].kind == 0) {
		memcpy(row[i].name, text, sizeof(text));
		atomic_store_explicit(
		    &row[i].kind, (uint32_t)kind, memory_order_release);
	}
	atomic_store(&fsk_ring_header(ring->base)->labelling, 0);
	return i < FSK_RING_LABELS ? i : FSK_NO_LABEL;
}

void
fsk_ring_total(struct fsk_ring *ring, enum fsk_total which, uint64_t value)
{
	atomic_store(&fsk_ring_header(ring->base)->total[which], value);
}

void
fsk_ring_add(struct fsk_ring *ring, enum fsk_total which, uint64_t n)
{
	atomic_fetch_add(&fsk_ring_header(ring->base)->total[which], n);
}

uint64_t
fsk_ring_sum(const struct fsk_ring *ring, unsigned counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < ring->workers; i++) {
		struct fsk_ring_block *b = fsk_ring_block(
		    ring->base, ring->events, i);

		sum += counter == FSK_COUNT_EVENTS
		    ? atomic_load(&b->head)
		    : atomic_load(&b->counter[counter]);
	}
	return sum;
}

/* ---- workers ---- */

/* Nobody else writes to it. */
static inline void
add_one(_Atomic uint64_t *n)
{
	atomic_store_explicit(n,
	    atomic_load_explicit(n, memory_order_relaxed) + 1,
	    memory_order_relaxed);
}

void
fsk_ring_count(struct fsk_ring_worker *w, unsigned counter)
{
	add_one(&w->block->counter[counter]);
}

void
fsk_ring_hit(struct fsk_ring_worker *w, uint16_t label, bool unique)
{
	if (label >= FSK_RING_LABELS)
		return;
	add_one(&w->block->hit[label].all);
	if (unique)
		add_one(&w->block->hit[label].unique);
}

/* As memcpy(), which compilers make a slow loop of where they know that LEN is
 * small: the last eight octets overlap those before them. */
static inline void
copy_octets(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len >= 8) {
		for (size_t i = 0; i < len - 8; i += 8)
			memcpy(to + i, from + i, 8);
		memcpy(to + len - 8, from + len - 8, 8);
	} else {
		for (size_t i = 0; i < len; i++)
			to[i] = from[i];
	}
}

void
fsk_event_case(struct fsk_event *e, const char *case_number)
{
	e->case_len = (uint8_t)copy_text(
	    e->case_number, sizeof(e->case_number), case_number);
}

/* The event is there once the head says so: a worker that dies before leaves
 * a slot that is written again.  When the collector has let go of all, the next
 * event goes to slot 0: while it keeps up, the few slots in use stay in the
 * processor's cache. */
void
fsk_ring_event(struct fsk_ring_worker *w, const struct fsk_event *e)
{
	struct fsk_ring_block *b = w->block;
	uint64_t waiting = w->head -
	    atomic_load_explicit(&b->tail, memory_order_acquire);
	uint8_t *p;

	if (waiting > w->mask) {
		add_one(&b->counter[FSK_COUNT_DROPPED]);
		return;
	}
	if (waiting == 0) {
		w->first = w->head;
		atomic_store_explicit(
		    &b->first, w->first, memory_order_relaxed);
	}
	p = b->slot[(w->head - w->first) & w->mask].octet;
	memcpy(p, e, FSK_RING_EVENT_FIXED);
	p += FSK_RING_EVENT_FIXED;
	for (unsigned i = 0; i < e->feeds; i++, p += 2)
		memcpy(p, &e->feed[i], 2);
	copy_octets(p, e->qname, e->qname_len);
	copy_octets(
	    p + e->qname_len, (const uint8_t *)e->case_number, e->case_len);
	atomic_store_explicit(&b->head, ++w->head, memory_order_release);
}
