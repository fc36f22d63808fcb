/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The collector's side.  Nothing in the file is trusted: the header is checked
 * in a copy, an event is copied out before it is looked at, and what says
 * where to read next is kept here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/checksum.h"
#include "lib/ring_layout.h"

struct cursor {
	uint64_t done, taken;
	bool lost; /* the head is where it cannot be, which was told */
};

struct fsk_ring_reader {
	uint8_t *base;
	size_t len;
	size_t mapped; /* octets to unmap; 0: the caller's memory */
	int fd;
	bool read_only;
	dev_t dev;
	ino_t ino;
	char *path;
	uint8_t id[16];
	unsigned workers, events;
	struct cursor cursor[];
};

/* ---- opening ---- */

int
fsk_ring_check(struct fsk_ring_header *h, const uint8_t *base, size_t len,
    const char *path, struct fsk_error *err)
{
	if (len < FSK_RING_PAGE)
		return fsk_fail(err, FSK_EFORMAT, "'%s' is no ring", path);
	memset(h, 0, sizeof(*h));
	memcpy(h, base, offsetof(struct fsk_ring_header, labelling));
	if (memcmp(h->magic, FSK_RING_MAGIC, sizeof(h->magic)) != 0)
		return fsk_fail(err, FSK_EFORMAT, "'%s' is no ring", path);
	if (h->byte_order != FSK_RING_BYTE_ORDER)
		return fsk_fail(err, FSK_EFORMAT,
		    "'%s' was written on another kind of machine", path);
	if (h->major != FSK_RING_MAJOR)
		return fsk_fail(err, FSK_EFORMAT,
		    "'%s' has version %u, this program reads %d", path,
		    h->major, FSK_RING_MAJOR);
	if (h->checksum !=
	    fsk_checksum(h, offsetof(struct fsk_ring_header, checksum)))
		return fsk_fail(err, FSK_ECORRUPT,
		    "'%s' is damaged: wrong checksum of the header", path);
	if (h->flags != 0)
		return fsk_fail(err, FSK_EFORMAT,
		    "'%s' has flags that this program does not know", path);
	if (h->workers == 0 || h->workers > FSK_RING_WORKERS ||
	    h->events == 0 || h->events > FSK_RING_EVENTS_MAX ||
	    (h->events & (h->events - 1)) != 0 || h->counters != FSK_COUNTERS ||
	    h->totals != FSK_TOTALS || h->labels != FSK_RING_LABELS ||
	    h->label_len != FSK_LABEL_TEXT ||
	    h->slot_len != sizeof(struct fsk_ring_slot))
		return fsk_fail(err, FSK_ECORRUPT,
		    "'%s' is damaged: a ring of %u workers and %u events of %u "
		    "octets cannot be",
		    path, h->workers, h->events, h->slot_len);
	if (h->file_len != fsk_ring_len(h->workers, h->events) ||
	    h->file_len != len)
		return fsk_fail(err, FSK_ECORRUPT,
		    "'%s' is damaged: it is %zu octets long and should be %zu",
		    path, len, fsk_ring_len(h->workers, h->events));
	return FSK_OK;
}

static struct fsk_ring_block *
block_of(const struct fsk_ring_reader *r, unsigned worker)
{
	return fsk_ring_block(r->base, r->events, worker);
}

/* Where taking begins: at each tail, which is ours to move. */
static int
find_tails(struct fsk_ring_reader *r, const char *path, struct fsk_error *err)
{
	for (unsigned i = 0; i < r->workers; i++) {
		struct fsk_ring_block *b = block_of(r, i);
		uint64_t tail = atomic_load(&b->tail);

		if (atomic_load(&b->head) - tail > r->events)
			return fsk_fail(err, FSK_ECORRUPT,
			    "'%s' is damaged: head and tail of worker %u do "
			    "not fit together",
			    path, i);
		r->cursor[i] = (struct cursor){ tail, tail, false };
	}
	return FSK_OK;
}

int
fsk_ring_attach_memory(struct fsk_ring_reader **out, uint8_t *base, size_t len,
    bool read_only, const char *path, struct fsk_error *err)
{
	struct fsk_ring_reader *r;
	struct fsk_ring_header h;
	int rc = fsk_ring_check(&h, base, len, path, err);

	*out = NULL;
	if (rc != FSK_OK)
		return rc;
	r = calloc(1, sizeof(*r) + h.workers * sizeof(r->cursor[0]));
	if (r == NULL || (r->path = strdup(path)) == NULL) {
		free(r);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	r->base = base;
	r->len = len;
	r->fd = -1;
	r->read_only = read_only;
	r->workers = h.workers;
	r->events = h.events;
	memcpy(r->id, h.id, sizeof(r->id));
	if (!read_only && (rc = find_tails(r, path, err)) != FSK_OK) {
		fsk_ring_detach(r);
		return rc;
	}
	*out = r;
	return FSK_OK;
}

int
fsk_ring_attach(struct fsk_ring_reader **out, const char *path, bool read_only,
    struct fsk_error *err)
{
	int fd = open(
	    path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t len;
	void *base;
	int rc;

	*out = NULL;
	if (fd == -1 || fstat(fd, &st) == -1) {
		rc = fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode) || st.st_size < FSK_RING_PAGE) {
		rc = fsk_fail(err, FSK_EFORMAT, "'%s' is no ring", path);
		goto fail;
	}
	if (!read_only && !fsk_ring_lock(fd, FSK_RING_LOCK_READER)) {
		rc = fsk_fail(err, FSK_EIO, "cannot lock '%s': %s", path,
		    errno == EAGAIN || errno == EACCES
			? "another collector reads it"
			: strerror(errno));
		goto fail;
	}
	len = (size_t)st.st_size;
	base = mmap(NULL, len, PROT_READ | (read_only ? 0 : PROT_WRITE),
	    MAP_SHARED, fd, 0);
	if (base == MAP_FAILED) {
		rc = fsk_fail(
		    err, FSK_EIO, "cannot map '%s': %s", path, strerror(errno));
		goto fail;
	}
	rc = fsk_ring_attach_memory(out, base, len, read_only, path, err);
	if (rc != FSK_OK) {
		munmap(base, len);
		goto fail;
	}
	(*out)->mapped = len;
	(*out)->fd = fd;
	(*out)->dev = st.st_dev;
	(*out)->ino = st.st_ino;
	return FSK_OK;

fail:
	if (fd != -1)
		close(fd);
	return rc;
}

void
fsk_ring_detach(struct fsk_ring_reader *r)
{
	if (r == NULL)
		return;
	if (r->mapped != 0)
		munmap(r->base, r->mapped);
	if (r->fd != -1)
		close(r->fd);
	free(r->path);
	free(r);
}

bool
fsk_ring_replaced(const struct fsk_ring_reader *r)
{
	struct stat st;

	return r->fd != -1 && stat(r->path, &st) == 0 &&
	    (st.st_dev != r->dev || st.st_ino != r->ino);
}

const uint8_t *
fsk_ring_id(const struct fsk_ring_reader *r)
{
	return r->id;
}

unsigned
fsk_ring_workers(const struct fsk_ring_reader *r)
{
	return r->workers;
}

unsigned
fsk_ring_room(const struct fsk_ring_reader *r)
{
	return r->events;
}

/* ---- events ---- */

/* Whether LABEL is one of KIND. */
static bool
is_label(
    const struct fsk_ring_reader *r, uint16_t label, enum fsk_label_kind kind)
{
	return label < FSK_RING_LABELS &&
	    atomic_load_explicit(&fsk_ring_rows(r->base)[label].kind,
		memory_order_acquire) == (uint32_t)kind;
}

/* Copies the event in SLOT to *E; false if what it says cannot be. */
static bool
copy_event(const struct fsk_ring_reader *r, const struct fsk_ring_slot *slot,
    struct fsk_event *e)
{
	const uint8_t *p = slot->octet;
	uint8_t wire[UINT8_MAX];
	struct fsk_name name;

	memset(e, 0, sizeof(*e));
	memcpy(e, p, FSK_RING_EVENT_FIXED);
	p += FSK_RING_EVENT_FIXED;
	if (e->feeds > FSK_EVENT_FEEDS || e->case_len >= FSK_EVENT_CASE)
		return false;
	memcpy(e->feed, p, 2u * e->feeds);
	p += 2u * e->feeds;
	memcpy(wire, p, e->qname_len);
	memcpy(e->case_number, p + e->qname_len, e->case_len);
	if (!fsk_name_from_wire(&name, wire, e->qname_len) ||
	    e->entry > fsk_name_labels(name.wire) || e->unique > 1 ||
	    e->would > FSK_TRIED_PASSES ||
	    e->severity >= FSK_COUNT_ACTION - FSK_COUNT_SEVERITY ||
	    e->action >= FSK_COUNTERS - FSK_COUNT_ACTION ||
	    e->transport < FSK_UDP || e->transport > FSK_QUIC)
		return false;
	if ((e->category != FSK_NO_LABEL &&
		!is_label(r, e->category, FSK_LABEL_CATEGORY)) ||
	    (e->group != FSK_NO_LABEL &&
		!is_label(r, e->group, FSK_LABEL_GROUP)))
		return false;
	for (unsigned i = 0; i < e->feeds; i++)
		if (!is_label(r, e->feed[i], FSK_LABEL_FEED))
			return false;
	for (unsigned i = e->feeds; i < FSK_EVENT_FEEDS; i++)
		e->feed[i] = FSK_NO_LABEL;
	if (memchr(e->case_number, '\0', e->case_len) != NULL)
		return false;
	memcpy(e->qname, name.wire, name.len); /* in lower case */
	return true;
}

size_t
fsk_ring_take(struct fsk_ring_reader *r, unsigned worker, struct fsk_event *e,
    size_t n, uint64_t *damaged)
{
	struct fsk_ring_block *b;
	struct cursor *c;
	uint64_t head, first;
	size_t got = 0;

	if (worker >= r->workers || r->read_only)
		return 0;
	b = block_of(r, worker);
	c = &r->cursor[worker];
	head = atomic_load_explicit(&b->head, memory_order_acquire);
	if (head - c->done > r->events || head - c->done < c->taken - c->done) {
		*damaged += !c->lost; /* once, it may stay so for long */
		c->lost = true;
		return 0;
	}
	c->lost = false;
	/* It changes only when there is nothing to take. */
	first = atomic_load_explicit(&b->first, memory_order_relaxed);
	for (; got < n && c->taken != head; c->taken++)
		if (copy_event(r,
			&b->slot[(c->taken - first) & (r->events - 1)],
			&e[got]))
			got++;
		else
			++*damaged;
	return got;
}

void
fsk_ring_done(struct fsk_ring_reader *r, unsigned worker)
{
	struct cursor *c;

	if (worker >= r->workers || r->read_only)
		return;
	c = &r->cursor[worker];
	c->done = c->taken;
	atomic_store_explicit(
	    &block_of(r, worker)->tail, c->done, memory_order_release);
}

uint64_t
fsk_ring_position(const struct fsk_ring_reader *r, unsigned worker)
{
	if (worker >= r->workers)
		return 0;
	return r->read_only ? atomic_load(&block_of(r, worker)->tail)
			    : r->cursor[worker].done;
}

uint64_t
fsk_ring_taken(const struct fsk_ring_reader *r, unsigned worker)
{
	if (worker >= r->workers || r->read_only)
		return fsk_ring_position(r, worker);
	return r->cursor[worker].taken;
}

/* ---- counters ---- */

uint64_t
fsk_ring_counter(
    const struct fsk_ring_reader *r, unsigned worker, unsigned counter)
{
	struct fsk_ring_block *b;

	if (worker >= r->workers || counter >= FSK_COUNTERS)
		return 0;
	b = block_of(r, worker);
	return atomic_load(
	    counter == FSK_COUNT_EVENTS ? &b->head : &b->counter[counter]);
}

void
fsk_ring_hits(const struct fsk_ring_reader *r, unsigned worker, uint16_t label,
    uint64_t *hits, uint64_t *unique)
{
	*hits = *unique = 0;
	if (worker < r->workers && label < FSK_RING_LABELS) {
		struct fsk_ring_hits *h = &block_of(r, worker)->hit[label];

		*hits = atomic_load(&h->all);
		*unique = atomic_load(&h->unique);
	}
}

uint64_t
fsk_ring_total_of(const struct fsk_ring_reader *r, enum fsk_total which)
{
	if ((unsigned)which >= FSK_TOTALS)
		return 0;
	return atomic_load(&fsk_ring_header(r->base)->total[which]);
}

bool
fsk_ring_label_of(const struct fsk_ring_reader *r, unsigned i,
    enum fsk_label_kind *kind, char name[static FSK_LABEL_TEXT])
{
	const struct fsk_ring_row *row;
	uint32_t k;

	if (i >= FSK_RING_LABELS)
		return false;
	row = &fsk_ring_rows(r->base)[i];
	k = atomic_load_explicit(&row->kind, memory_order_acquire);
	if (k < FSK_LABEL_FEED || k > FSK_LABEL_GROUP)
		return false;
	*kind = (enum fsk_label_kind)k;
	memcpy(name, row->name, FSK_LABEL_TEXT);
	if (memchr(name, '\0', FSK_LABEL_TEXT) == NULL)
		return false;
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			return false;
	return true;
}
