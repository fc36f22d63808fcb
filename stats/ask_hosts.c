/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "stats/tally.h"

static const struct answer_column columns[] = {
	{ "host", "host", ANSWER_TEXT },
	{ "seen", "last seen (UTC)", ANSWER_TIME },
	{ "serial", "serial", ANSWER_COUNT },
	{ "created", "list of (UTC)", ANSWER_TIME },
	{ "entries", "entries", ANSWER_COUNT },
	{ "answered", "answered", ANSWER_COUNT },
	{ "blocked", "blocked", ANSWER_COUNT },
	{ "share", "share", ANSWER_SHARE },
	{ "leaked", "leaked", ANSWER_COUNT },
	{ "dropped", "dropped", ANSWER_COUNT },
	{ "damaged", "damaged", ANSWER_COUNT },
	{ "starts", "starts", ANSWER_COUNT },
	{ "swaps", "swaps", ANSWER_COUNT },
	{ "refused", "refused", ANSWER_COUNT },
	/* By a list that is only tried, other than by the one in force. */
	{ "tried_blocks", "would block", ANSWER_COUNT },
	{ "tried_passes", "would pass", ANSWER_COUNT },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct host {
	/* Of the ring seen last. */
	int64_t seen;
	uint64_t serial, created, entries;
	uint64_t answered, blocked, leaked, dropped, damaged;
	uint64_t starts, swaps, refused, tried_blocks, tried_passes;
};

struct hosts {
	struct table hosts; /* by name */
	const char *only;
};

static struct host *
host_put(struct hosts *h, const char *name)
{
	bool fresh;

	return table_put(&h->hosts, name, strlen(name) + 1, &fresh);
}

static int
add_ring(void *arg, const struct store_ring *r)
{
	struct hosts *all = arg;
	struct host *h;

	if (all->only != NULL && strcmp(all->only, r->host) != 0)
		return FSK_OK;
	h = host_put(all, r->host);
	if (h == NULL)
		return FSK_ENOMEM;
	if (r->seen >= h->seen) {
		h->seen = r->seen;
		h->serial = r->serial;
		h->created = r->created;
		h->entries = r->entries;
	}
	return FSK_OK;
}

/* Where the value of a counter goes; NULL: nowhere. */
static uint64_t *
place(struct host *h, unsigned counter)
{
	const unsigned blocked = STORE_RING + FSK_COUNT_SEVERITY;

	if (counter >= blocked && counter < blocked + 4)
		return &h->blocked;
	switch (counter) {
	case STORE_RING + FSK_COUNT_ANSWERED:
		return &h->answered;
	case STORE_RING + FSK_COUNT_LEAKED:
		return &h->leaked;
	case STORE_RING + FSK_COUNT_DROPPED:
		return &h->dropped;
	case STORE_RING + FSK_COUNT_TRIED_BLOCKS:
		return &h->tried_blocks;
	case STORE_RING + FSK_COUNT_TRIED_PASSES:
		return &h->tried_passes;
	case STORE_TOTAL + FSK_TOTAL_STARTS:
		return &h->starts;
	case STORE_TOTAL + FSK_TOTAL_SWAPS:
		return &h->swaps;
	case STORE_TOTAL + FSK_TOTAL_REFUSED:
		return &h->refused;
	case STORE_DAMAGED:
		return &h->damaged;
	default:
		return NULL;
	}
}

static int
add_counter(void *arg, const struct store_counter *c)
{
	struct host *h = host_put(arg, c->host);
	uint64_t *to;

	if (h == NULL)
		return FSK_ENOMEM;
	to = place(h, c->counter);
	if (to != NULL)
		*to += c->value;
	return FSK_OK;
}

static void
put_host(struct answer *to, const char *name, const struct host *h)
{
	answer_row(to);
	answer_text(to, 0, name);
	if (h->seen != 0) {
		answer_time(to, 1, h->seen);
		if (h->created != 0) { /* else it has no list */
			answer_count(to, 2, h->serial);
			answer_time(to, 3, (int64_t)h->created);
		}
		answer_count(to, 4, h->entries);
	}
	answer_count(to, 5, h->answered);
	answer_count(to, 6, h->blocked);
	answer_share(to, 7, h->blocked, h->answered);
	answer_count(to, 8, h->leaked);
	answer_count(to, 9, h->dropped);
	answer_count(to, 10, h->damaged);
	answer_count(to, 11, h->starts);
	answer_count(to, 12, h->swaps);
	answer_count(to, 13, h->refused);
	answer_count(to, 14, h->tried_blocks);
	answer_count(to, 15, h->tried_passes);
}

int
ask_hosts(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err)
{
	struct hosts all = { .only = a->host };
	struct store_query q;
	struct answer *to;
	int rc;

	a->what = ASK_HOSTS;
	a->by = ASK_NOTHING;
	rc = ask_settle(a, as, err);
	if (rc != FSK_OK)
		return rc;
	snprintf(as->question, sizeof(as->question), "hosts");
	to = answers_add(as, "hosts", as->question, columns, COUNT(columns));
	table_init(&all.hosts, sizeof(struct host));
	q = ask_query(a);
	rc = store_rings(s, add_ring, &all, err);
	if (rc == FSK_OK)
		rc = store_counters(s, &q, add_counter, &all, err);
	if (rc == FSK_ENOMEM)
		fsk_fail(err, rc, "out of memory");
	for (size_t i = 0; rc == FSK_OK && i < all.hosts.n; i++) {
		char name[256];
		size_t len;
		const char *key = table_key(&all.hosts, i, &len);

		snprintf(name, sizeof(name), "%.*s", (int)len, key);
		put_host(to, name, table_value(&all.hosts, i));
	}
	table_fini(&all.hosts);
	return rc;
}
