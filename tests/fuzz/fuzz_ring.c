/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring's reader: whatever a file holds, it is an error or it can be read.
 *
 * A ring is large and mostly empty, so an input is not the file but what is
 * changed in a good one: two octets, how many are cut off its end; then again
 * and again the place (three octets), how many octets (one), and they
 * themselves.  The checksum fits, unless the input has an odd length. */
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/checksum.h"
#include "lib/ring_layout.h"

#define WORKERS 2
#define EVENTS  4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A good file in memory, made once. */
static const uint8_t *
good_file(size_t *len)
{
	static struct fsk_ring *ring;
	struct fsk_event e = { .feeds = 1,
		.severity = 2,
		.transport = FSK_UDP,
		.entry = 2,
		.qname_len = 15,
		.qname = "\3www\4evil\4test" };

	if (ring == NULL) {
		if (fsk_ring_open(&ring, NULL, WORKERS, EVENTS, NULL) != FSK_OK)
			abort();
		e.feed[0] = fsk_ring_label(ring, FSK_LABEL_FEED, "alpha");
		e.category = fsk_ring_label(ring, FSK_LABEL_CATEGORY, "scam");
		e.group = fsk_ring_label(ring, FSK_LABEL_GROUP, "school");
		for (unsigned i = 0; i < WORKERS; i++) {
			struct fsk_ring_worker *w = fsk_ring_claim(ring);

			for (unsigned n = 0; n < EVENTS; n++)
				fsk_ring_event(w, &e);
		}
	}
	return fsk_ring_memory(ring, len);
}

/* Looks at all that R tells. */
static void
use(struct fsk_ring_reader *r)
{
	char text[FSK_TEXT_MAX], label[FSK_LABEL_TEXT];
	uint64_t damaged = 0, a, b, sum = 0;
	enum fsk_label_kind kind;
	struct fsk_event e[3];

	if (fsk_ring_workers(r) > FSK_RING_WORKERS)
		abort();
	for (unsigned w = 0; w < fsk_ring_workers(r); w++) {
		size_t n, all = 0;

		while ((n = fsk_ring_take(r, w, e, 3, &damaged)) > 0)
			for (all += n; n > 0; n--) {
				fsk_name_to_text(e[n - 1].qname, text);
				for (unsigned f = 0; f < e[n - 1].feeds; f++)
					sum += fsk_ring_label_of(
					    r, e[n - 1].feed[f], &kind, label);
			}
		if (fsk_ring_taken(r, w) - fsk_ring_position(r, w) < all)
			abort();
		fsk_ring_done(r, w);
		for (unsigned c = 0; c < FSK_COUNTERS; c++)
			sum += fsk_ring_counter(r, w, c);
		fsk_ring_hits(r, w, 0, &a, &b);
	}
	for (unsigned i = 0; i < FSK_RING_LABELS; i++)
		if (fsk_ring_label_of(r, i, &kind, label) &&
		    (strlen(label) >= sizeof(label) || kind > FSK_LABEL_GROUP))
			abort();
	(void)sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsk_ring_reader *r;
	size_t len, at = 2;
	const uint8_t *good = good_file(&len);
	void *memory;
	uint8_t *p;

	/* Memory of the file's own length: nothing behind it is read. */
	if (size < 2)
		return 0;
	len -= fsk_get16(data);
	if (posix_memalign(&memory, FSK_RING_LINE, len) != 0)
		return 0;
	p = memcpy(memory, good, len);
	while (size - at > 4) {
		size_t to = fsk_get_width(data + at, 3) % len;
		size_t n = data[at + 3];

		at += 4;
		n = n < size - at ? n : size - at;
		n = n < len - to ? n : len - to;
		memcpy(p + to, data + at, n);
		at += n;
	}
	if (size % 2 == 0) {
		struct fsk_ring_header *h = fsk_ring_header(p);

		h->checksum = fsk_checksum(
		    h, offsetof(struct fsk_ring_header, checksum));
	}
	for (int read_only = 0; read_only < 2; read_only++)
		if (fsk_ring_attach_memory(
			&r, p, len, read_only, "fuzz", NULL) == FSK_OK) {
			use(r);
			fsk_ring_detach(r);
		}
	free(p);
	return 0;
}
