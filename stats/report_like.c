/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Like for like: hits by feeds that both months know, so that a new feed does
 * not look like more fraud, nor one that is gone like less.
 */
#include <string.h>

#include "stats/report.h"
#include "stats/table.h"

struct likes {
	struct table known[REPORT_SPANS]; /* feeds with hits: bool */
	struct table sets[REPORT_SPANS];  /* of feeds: their hits */
	enum report_span span;            /* that is read */
};

/* Calls WITH for each feed of SET until it returns true; whether it did. */
static bool
any_feed(const char *set, struct table *t,
    bool (*with)(struct table *t, const char *feed, size_t len))
{
	while (*set != '\0') {
		const size_t len = strcspn(set, "\n");

		if (with(t, set, len))
			return true;
		set += len + (set[len] != '\0');
	}
	return false;
}

/* Marks the feed as known; true when out of memory. */
static bool
mark(struct table *t, const char *feed, size_t len)
{
	bool fresh;

	return table_put(t, feed, len, &fresh) == NULL;
}

static bool
is_marked(struct table *t, const char *feed, size_t len)
{
	return table_get(t, feed, len) != NULL;
}

static int
add_set(void *arg, const struct store_fact *f)
{
	struct likes *l = arg;
	bool fresh;
	/* With its NUL, so that keys are texts. */
	uint64_t *hits = table_put(
	    &l->sets[l->span], f->feeds, strlen(f->feeds) + 1, &fresh);

	if (hits == NULL || any_feed(f->feeds, &l->known[l->span], mark))
		return FSK_ENOMEM;
	*hits += f->hits;
	return FSK_OK;
}

static uint64_t
like(const struct table *sets, struct table *known)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sets->n; i++) {
		size_t len;
		const char *set = table_key(sets, i, &len);

		if (any_feed(set, known, is_marked))
			sum += *(uint64_t *)table_value(sets, i);
	}
	return sum;
}

/* Each of the two comparisons has its own value of this month, so each has a
 * row of its own. */
int
report_likes(const struct report *r, struct answer *to, struct fsk_error *err)
{
	struct likes l = { .span = REPORT_MONTH };
	int rc = FSK_OK;

	for (unsigned i = 0; i < REPORT_SPANS; i++) {
		struct store_query q = ask_query(&r->span[i]);

		table_init(&l.known[i], sizeof(bool));
		table_init(&l.sets[i], sizeof(uint64_t));
		q.by = STORE_BY_FEEDS;
		l.span = i;
		if (rc == FSK_OK)
			rc = store_facts(r->s, &q, add_set, &l, err);
	}
	if (rc == FSK_ENOMEM)
		fsk_fail(err, rc, "out of memory");
	for (unsigned i = 1; rc == FSK_OK && i < REPORT_SPANS; i++) {
		double value[REPORT_SPANS] = { -1, -1, -1 };

		if (l.sets[i].n == 0)
			continue;
		value[0] = (double)like(&l.sets[0], &l.known[i]);
		value[i] = (double)like(&l.sets[i], &l.known[0]);
		report_sum(to,
		    i == REPORT_BEFORE ? "blocked, by feeds of both months"
				       : "blocked, by feeds of both years",
		    value);
	}
	for (unsigned i = 0; i < REPORT_SPANS; i++) {
		table_fini(&l.known[i]);
		table_fini(&l.sets[i]);
	}
	return rc;
}
