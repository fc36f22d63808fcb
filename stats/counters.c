/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/counters.h"

/* More than any resolver answers while a collector is away, and so little that
 * sums of it stay sums. */
#define MOST_AT_ONCE (1ull << 44)

void
counters_read(const struct fsk_ring_reader *r, struct store_ring *now)
{
	const unsigned workers = fsk_ring_workers(r);

	for (unsigned i = 0; i < FSK_COUNTERS; i++) {
		now->counter[i] = 0;
		for (unsigned w = 0; w < workers; w++)
			now->counter[i] += fsk_ring_counter(r, w, i);
	}
	for (unsigned i = 0; i < FSK_RING_LABELS; i++) {
		now->hits[i] = now->unique[i] = 0;
		for (unsigned w = 0; w < workers; w++) {
			uint64_t hits, unique;

			fsk_ring_hits(r, w, (uint16_t)i, &hits, &unique);
			now->hits[i] += hits;
			now->unique[i] += unique;
		}
	}
	for (unsigned i = 0; i < FSK_TOTALS; i++)
		now->total[i] = fsk_ring_total_of(r, (enum fsk_total)i);
	now->serial = now->total[FSK_TOTAL_SERIAL];
	now->created = now->total[FSK_TOTAL_CREATED];
	now->entries = now->total[FSK_TOTAL_ENTRIES];
}

static void
put(struct store *s, int64_t time, unsigned counter, const char *label,
    uint64_t was, uint64_t now)
{
	const uint64_t more = now - was;

	if (more != 0 && more < MOST_AT_ONCE)
		store_put_counter(s,
		    &(struct store_counter){ .time = time,
			.counter = counter,
			.label = label,
			.value = more });
}

static void
put_label(struct store *s, int64_t time, const struct fsk_ring_reader *r,
    const struct store_ring *was, const struct store_ring *now, unsigned i)
{
	static const unsigned counters[] = {
		[FSK_LABEL_FEED] = STORE_FEED_HITS,
		[FSK_LABEL_CATEGORY] = STORE_CATEGORY_HITS,
		[FSK_LABEL_GROUP] = STORE_GROUP_HITS,
	};
	char text[FSK_LABEL_TEXT];
	enum fsk_label_kind kind;

	if (now->hits[i] == was->hits[i] && now->unique[i] == was->unique[i])
		return;
	if (!fsk_ring_label_of(r, i, &kind, text))
		return;
	put(s, time, counters[kind], text, was->hits[i], now->hits[i]);
	if (kind == FSK_LABEL_FEED)
		put(s, time, STORE_FEED_UNIQUE, text, was->unique[i],
		    now->unique[i]);
}

void
counters_put(struct store *s, int64_t time, const struct fsk_ring_reader *r,
    const struct store_ring *was, const struct store_ring *now)
{
	for (unsigned i = 0; i < FSK_COUNTERS; i++)
		put(s, time, STORE_RING + i, "", was->counter[i],
		    now->counter[i]);
	for (unsigned i = FSK_TOTAL_STARTS; i <= FSK_TOTAL_SWEPT; i++)
		put(s, time, STORE_TOTAL + i, "", was->total[i], now->total[i]);
	for (unsigned i = 0; i < FSK_RING_LABELS; i++)
		put_label(s, time, r, was, now, i);
}
