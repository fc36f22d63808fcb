/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/tally.h"

#define BUCKETS_MAX 50000

static int
gather(struct tally *t, const struct ask *a, struct store *s, struct answer *to,
    struct fsk_error *err)
{
	int rc;

	if (a->researcher)
		return tally_released(t, a, s, a->step, &to->withheld, err);
	rc = tally_facts(t, a, s, a->step, err);
	if (rc == FSK_OK)
		rc = tally_clients(t, a, s, a->step, err);
	return rc;
}

static void
put_clients(struct answer *to, unsigned column, struct tally_cell *c,
    struct answers *as)
{
	const double clients = tally_estimate(c, as);

	if (clients >= 0)
		answer_real(to, column, clients);
}

/* A row for each step of A's time, also where nothing was; to researchers
 * only what is released. */
static void
put_all(struct answer *to, const struct ask *a, const struct tally *t,
    struct answers *as)
{
	for (int64_t time = a->from; time < a->to && time <= a->now;
	     time += a->step) {
		struct tally_cell *c = tally_get(t, time, "", "");

		if (c == NULL && a->researcher)
			continue;
		answer_row(to);
		answer_time(to, 0, time);
		answer_count(to, 1, c != NULL ? c->hits : 0);
		if (c != NULL)
			put_clients(to, 2, c, as);
	}
}

/* ---- by a dimension ---- */

/* The sums of all time, and which of them are among the first. */
static bool
pick(const struct tally *t, struct tally *picked, const struct ask *a,
    uint64_t *more)
{
	struct tally sums;
	size_t *order, n;

	tally_init(&sums);
	for (size_t i = 0; i < t->cells.n; i++) {
		const char *key, *part;
		int64_t time;
		const struct tally_cell *c = tally_at(t, i, &time, &key, &part);
		struct tally_cell *sum = tally_put(&sums, 0, key, "");

		if (sum != NULL)
			sum->hits += c->hits;
	}
	order = tally_order(&sums);
	n = a->limit == 0 || sums.cells.n < a->limit ? sums.cells.n
						     : (size_t)a->limit;
	*more = sums.cells.n - n;
	for (size_t i = 0; order != NULL && i < n; i++) {
		const char *key, *part;
		int64_t time;

		tally_at(&sums, order[i], &time, &key, &part);
		tally_put(picked, 0, key, "");
	}
	picked->failed |= sums.failed || (order == NULL && n > 0);
	free(order);
	tally_fini(&sums);
	return !picked->failed;
}

static bool
put_parts(struct answer *to, const struct ask *a, const struct tally *t,
    struct answers *as)
{
	struct tally picked;
	uint64_t more = 0;
	size_t *order = tally_order(t);
	bool good;

	tally_init(&picked);
	good = pick(t, &picked, a, &more) && (order != NULL || t->cells.n == 0);
	for (size_t i = 0; good && i < t->cells.n; i++) {
		const char *key, *part;
		int64_t time;
		struct tally_cell *c = tally_at(
		    t, order[i], &time, &key, &part);

		if (tally_get(&picked, 0, key, "") == NULL)
			continue;
		answer_row(to);
		answer_time(to, 0, time);
		answer_text(to, 1, ask_key_text(a->what, key));
		answer_count(to, 2, c->hits);
		put_clients(to, 3, c, as);
	}
	if (more > 0)
		answers_note(as, "%" PRIu64 " more %s are not shown", more,
		    ask_words[a->what].many);
	tally_fini(&picked);
	free(order);
	return good;
}

int
ask_series(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err)
{
	struct answer_column column[4] = { { "time", "time (UTC)",
	    ANSWER_TIME } };
	struct answer *to;
	struct tally t;
	unsigned n = 1;
	int rc;

	if (a->by == ASK_NAMES)
		return fsk_fail(err, FSK_EINVAL, "there are no series by name");
	a->what = a->by;
	a->by = ASK_NOTHING;
	rc = ask_settle(a, as, err);
	if (rc == FSK_OK && (a->to - a->from) / a->step > BUCKETS_MAX)
		rc = fsk_fail(err, FSK_EINVAL,
		    "more than %d steps; choose a longer one", BUCKETS_MAX);
	if (rc != FSK_OK)
		return rc;
	snprintf(as->question, sizeof(as->question), "series%s%s%s",
	    a->what != ASK_NOTHING ? " by " : "",
	    a->what != ASK_NOTHING ? ask_words[a->what].one : "",
	    a->would ? ", only counted" : "");
	if (a->step == STORE_DAY)
		column[0] = (struct answer_column){ "time", "day (UTC)",
			ANSWER_DAY };
	if (a->what != ASK_NOTHING)
		column[n++] = (struct answer_column){ ask_words[a->what].one,
			ask_words[a->what].one, ANSWER_TEXT };
	column[n++] = (struct answer_column){ "hits", "hits", ANSWER_COUNT };
	column[n++] = (struct answer_column){ "clients", "clients",
		ANSWER_ABOUT };
	to = answers_add(as, "series", as->question, column, n);
	tally_init(&t);
	rc = gather(&t, a, s, to, err);
	if (rc == FSK_OK)
		rc = tally_total(a, &t, s, as, err);
	if (rc == FSK_OK && a->what == ASK_NOTHING)
		put_all(to, a, &t, as);
	else if (rc == FSK_OK && !put_parts(to, a, &t, as))
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (rc == FSK_OK && a->researcher)
		answers_note(as,
		    "days on which too few clients were behind them are left "
		    "out");
	/* Zeroes alone are nothing. */
	if (rc == FSK_OK && as->hits == 0)
		to->rows = 0;
	tally_fini(&t);
	return rc;
}
