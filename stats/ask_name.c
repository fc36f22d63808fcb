/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stats/lists.h"
#include "stats/tally.h"

#define DAYS_SHOWN    31
#define RESEARCH_DAYS 30 /* all names of these are looked at */

static const struct answer_column name_columns[] = {
	{ "name", "name", ANSWER_TEXT },
	{ "first", "first", ANSWER_DAY },
	{ "last", "last", ANSWER_DAY },
	{ "hits", "blocked", ANSWER_COUNT },
	{ "clients", "clients", ANSWER_ABOUT },
	{ "category", "category", ANSWER_TEXT },
	{ "severity", "severity", ANSWER_TEXT },
	{ "feeds", "feeds", ANSWER_TEXT },
	/* Not for researchers: */
	{ "counted", "only counted", ANSWER_COUNT },
	{ "error", "or more by", ANSWER_COUNT },
};

static const struct answer_column day_columns[] = {
	{ "day", "day (UTC)", ANSWER_DAY },
	{ "hits", "blocked", ANSWER_COUNT },
	{ "clients", "clients", ANSWER_ABOUT },
	{ "counted", "only counted", ANSWER_COUNT },
};

static const struct answer_column list_columns[] = {
	{ "feed", "listed by", ANSWER_TEXT },
	{ "since", "since", ANSWER_DAY },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* The days of the name, blocked and only counted. */
struct days {
	const struct ask *a;
	struct tally blocked, counted;
};

static bool
put(struct tally *t, const struct store_name *n, uint64_t hits)
{
	struct tally_cell *c = tally_put(t, n->time, n->name, "");

	if (c == NULL)
		return false;
	c->hits += hits;
	c->error += n->error;
	c->severity = n->severity;
	c->feeds = strdup(n->feeds);
	c->category = strdup(n->category);
	return c->feeds != NULL && c->category != NULL;
}

static int
add(void *arg, const struct store_name *n)
{
	struct days *d = arg;

	return put(&d->blocked, n, n->hits) && put(&d->counted, n, n->would)
	    ? FSK_OK
	    : FSK_ENOMEM;
}

static int
gather(
    struct days *d, struct store *s, uint64_t *withheld, struct fsk_error *err)
{
	struct store_query q = ask_days(d->a);
	int rc;

	if (d->a->researcher)
		return tally_released(&d->blocked, d->a, s, DAY, withheld, err);
	q.bucket = DAY;
	q.name = d->a->name;
	rc = store_names(s, &q, add, d, err);
	if (rc == FSK_ENOMEM)
		return fsk_fail(err, rc, "out of memory");
	/* One name's sketches only. */
	q.kind = STORE_NAME;
	if (rc == FSK_OK)
		rc = tally_clients_by_day(&d->blocked, &q, s, err);
	return rc;
}

/* The name's row, from the cells of its days. */
static void
put_sum(const struct days *d, struct answer *to, struct answers *as)
{
	const struct ask *a = d->a;
	struct tally_cell sum = { .hits = 0 };
	const struct tally_cell *newest = NULL;
	int64_t first = INT64_MAX, last = INT64_MIN;
	uint64_t counted = 0;
	double clients;

	sketch_init(&sum.clients, SKETCH_MOST);
	for (size_t i = 0; i < d->blocked.cells.n; i++) {
		const char *name, *part;
		int64_t day;
		struct tally_cell *c = tally_at(
		    &d->blocked, i, &day, &name, &part);
		const struct tally_cell *would = tally_get(
		    &d->counted, day, name, "");

		if (strcmp(name, a->name) != 0)
			continue;
		if (day > last)
			newest = c;
		first = day < first ? day : first;
		last = day > last ? day : last;
		sum.hits += c->hits;
		sum.error += c->error;
		sum.known |= c->known;
		to->failed |= !sketch_merge(&sum.clients, &c->clients);
		counted += would != NULL ? would->hits : 0;
	}
	clients = tally_estimate(&sum, as);
	sketch_fini(&sum.clients);
	if (newest == NULL)
		return;
	answer_row(to);
	answer_text(to, 0, a->name);
	answer_time(to, 1, first);
	answer_time(to, 2, last);
	answer_count(to, 3, sum.hits);
	if (clients >= 0)
		answer_real(to, 4, clients);
	answer_text(to, 5, ask_key_text(ASK_CATEGORIES, newest->category));
	answer_text(to, 6, ask_severity(newest->severity));
	ask_put_feeds(to, 7, newest->feeds);
	if (a->researcher)
		return;
	answer_count(to, 8, counted);
	answer_count(to, 9, sum.error);
}

/* The latest days, the oldest of them first. */
static void
put_days(const struct days *d, struct answer *to, struct answers *as)
{
	const struct ask *a = d->a;
	unsigned n = 0;
	int64_t from = a->to;

	while (from > a->from && n < DAYS_SHOWN) {
		from -= DAY;
		n += tally_get(&d->blocked, from, a->name, "") != NULL;
	}
	for (; from < a->to; from += DAY) {
		struct tally_cell *c = tally_get(
		    &d->blocked, from, a->name, "");
		const struct tally_cell *would = tally_get(
		    &d->counted, from, a->name, "");
		double clients;

		if (c == NULL)
			continue;
		answer_row(to);
		answer_time(to, 0, from);
		answer_count(to, 1, c->hits);
		clients = tally_estimate(c, as);
		if (clients >= 0)
			answer_real(to, 2, clients);
		if (!a->researcher)
			answer_count(to, 3, would != NULL ? would->hits : 0);
	}
}

static int
put_lists(const struct ask *a, const struct fsk_name *name, struct answers *as,
    struct fsk_error *err)
{
	struct answer *to = answers_add(
	    as, "lists", "who lists it now", list_columns, COUNT(list_columns));
	struct lists l;
	int rc = lists_open(&l, a->lists, err);

	if (rc != FSK_OK)
		return rc;
	if (l.unread > 0)
		answers_note(as, "%u list%s could not be read: %s", l.unread,
		    l.unread == 1 ? "" : "s", l.why.text);
	for (size_t i = 0; i < l.n; i++) {
		uint32_t since;

		if (!lists_since(&l, i, name, &since))
			continue;
		answer_row(to);
		answer_text(to, 0, l.at[i].feed);
		answer_time(to, 1, (int64_t)since * DAY);
	}
	lists_close(&l);
	return FSK_OK;
}

int
ask_name(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err)
{
	struct days d = { .a = a };
	struct answer *name, *days;
	struct fsk_name wire;
	const char *wrong;
	int rc;

	a->what = ASK_NAMES;
	a->by = ASK_NOTHING;
	a->step = STORE_DAY;
	if (!a->since_given && a->researcher)
		a->since = (struct ask_time){ true, RESEARCH_DAYS * DAY };
	else if (!a->since_given)
		a->since = (struct ask_time){ false, 0 };
	wrong = fsk_name_from_text(&wire, a->name, strlen(a->name));
	if (wrong != NULL)
		return fsk_fail(
		    err, FSK_EINVAL, "'%s' is no name: %s", a->name, wrong);
	fsk_name_to_text(wire.wire, a->name);
	rc = ask_settle(a, as, err);
	if (rc != FSK_OK)
		return rc;
	snprintf(as->question, sizeof(as->question), "name");
	name = answers_add(as, "name", "how often it was hit", name_columns,
	    COUNT(name_columns) - (a->researcher ? 2 : 0));
	days = answers_add(as, "days", "its latest days", day_columns,
	    COUNT(day_columns) - a->researcher);
	tally_init(&d.blocked);
	tally_init(&d.counted);
	rc = gather(&d, s, &name->withheld, err);
	if (rc == FSK_OK) {
		name->withheld = 0; /* of other names */
		put_sum(&d, name, as);
		put_days(&d, days, as);
		rc = put_lists(a, &wire, as, err);
	}
	if (rc == FSK_OK && a->researcher)
		answers_note(as,
		    "days on which too few clients were behind its "
		    "hits are left out");
	tally_fini(&d.blocked);
	tally_fini(&d.counted);
	return rc;
}
