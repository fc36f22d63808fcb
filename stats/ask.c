/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/ask.h"

#include <stdio.h>
#include <string.h>

#include "lib/db.h"
#include "stats/month.h"

/* Seconds after its end that a day is taken to be over: events come late. */
#define LATE 900

/* Spans up to which minutes and hours are looked at. */
#define MINUTES_UP_TO (2 * 3600)
#define HOURS_UP_TO   (3 * DAY)

const struct ask_word ask_words[ASK_DIMENSIONS] = {
	[ASK_NOTHING] = { "all", "all", 0, STORE_ALL },
	[ASK_NAMES] = { "name", "names", 0, STORE_NAME },
	[ASK_FEEDS] = { "feed", "feeds", STORE_BY_FEEDS, STORE_FEED },
	[ASK_CATEGORIES] = { "category", "categories", STORE_BY_CATEGORY,
	    STORE_CATEGORY },
	[ASK_COUNTRIES] = { "country", "countries", STORE_BY_COUNTRY,
	    STORE_COUNTRY },
	[ASK_NETWORKS] = { "network", "networks", STORE_BY_ASN, STORE_ANY },
	[ASK_GROUPS] = { "group", "groups", STORE_BY_GROUP, STORE_GROUP },
	[ASK_ACTIONS] = { "action", "actions", STORE_BY_ACTION, STORE_ANY },
	[ASK_SEVERITIES] = { "severity", "severities", STORE_BY_SEVERITY,
	    STORE_ANY },
	[ASK_HOSTS] = { "host", "hosts", STORE_BY_HOST, STORE_ANY },
};

const char *
ask_action(unsigned action)
{
	/* A store may have what a later version counted. */
	return action < FSK_ACTIONS ? fsk_action_word((enum fsk_action)action)
				    : "other";
}

const char *
ask_severity(unsigned severity)
{
	return severity == FSK_RED   ? "red"
	    : severity == FSK_YELLOW ? "yellow"
				     : "none";
}

const char *
ask_key_text(enum ask_dimension d, const char *key)
{
	if (d == ASK_COUNTRIES && strcmp(key, STORE_OTHER_COUNTRY) == 0)
		return "other";
	if (*key != '\0')
		return key;
	return d == ASK_COUNTRIES || d == ASK_NETWORKS ? "unknown" : "none";
}

void
ask_init(struct ask *a, const struct conf *c, int64_t now)
{
	*a = (struct ask){
		.c = c,
		.now = now,
		.since = { true, DAY },
		.until = { true, 0 },
		.limit = 20,
		.lists = c->feeds_state,
		.month = month_add(month_of(now), -1),
		.cards = { (double)c->card_yellow_rate,
		    (double)c->card_red_rate,
		    (double)c->card_yellow_growth / 100,
		    (double)c->card_red_growth / 100, c->card_least_clients },
	};
}

bool
ask_filtered(const struct ask *a)
{
	return a->feed != NULL || a->category != NULL || a->group != NULL ||
	    a->country != NULL;
}

/* ---- what researchers may ask ---- */

static int
allowed(const struct ask *a, struct fsk_error *err)
{
	const struct ask_word *w = &ask_words[a->what];

	if (a->by != ASK_NOTHING || ask_filtered(a) || a->host != NULL)
		return fsk_fail(err, FSK_EINVAL,
		    "a researcher can ask for one thing at a time: how many "
		    "clients are behind a part of it is not known");
	if (w->kind == STORE_ANY)
		return fsk_fail(err, FSK_EINVAL,
		    "'%s' is withheld from researchers: how many clients are "
		    "behind each is not known",
		    w->many);
	if (a->step != 0 && a->step != STORE_DAY)
		return fsk_fail(err, FSK_EINVAL,
		    "a researcher can ask for whole days only");
	return FSK_OK;
}

/* ---- what makes sense ---- */

static int
sensible(const struct ask *a, struct fsk_error *err)
{
	if (a->what == ASK_NAMES && (a->group != NULL || a->country != NULL))
		return fsk_fail(err, FSK_EINVAL,
		    "names are not counted by group or country");
	if (a->by != ASK_NOTHING && a->by == a->what)
		return fsk_fail(err, FSK_EINVAL, "'%s' by '%s'",
		    ask_words[a->what].many, ask_words[a->by].one);
	if (a->by == ASK_NAMES)
		return fsk_fail(err, FSK_EINVAL,
		    "nothing is counted by both name and "
		    "something else");
	if (a->what == ASK_NAMES && a->by != ASK_NOTHING &&
	    a->by != ASK_FEEDS && a->by != ASK_CATEGORIES &&
	    a->by != ASK_SEVERITIES)
		return fsk_fail(err, FSK_EINVAL, "names are not counted by %s",
		    ask_words[a->by].one);
	return FSK_OK;
}

/* ---- time ---- */

static enum store_step
choose_step(const struct ask *a)
{
	const int64_t span = a->to - a->from, age = a->now - a->from;
	const struct conf *c = a->c;

	if (a->researcher)
		return STORE_DAY;
	if (a->what != ASK_NAMES && span <= MINUTES_UP_TO &&
	    (c->keep_minutes == 0 || age <= (int64_t)c->keep_minutes))
		return STORE_MINUTE;
	if (span <= HOURS_UP_TO &&
	    (c->keep_hours == 0 || age <= (int64_t)c->keep_hours))
		return STORE_HOUR;
	return STORE_DAY;
}

static void
note_time(const struct ask *a, struct answers *as)
{
	const struct conf *c = a->c;
	const uint64_t kept = a->step == STORE_MINUTE ? c->keep_minutes
	    : a->step == STORE_HOUR                   ? c->keep_hours
						      : c->keep_days;

	as->now = a->now;
	as->from = a->from;
	as->to = a->to;
	as->step = a->step;
	snprintf(as->role, sizeof(as->role), "%s",
	    a->researcher ? "researcher" : "operator");
	if (kept != 0 && a->now - a->from > (int64_t)kept + a->step)
		answers_note(as,
		    "what was counted by %s is kept for %g days only",
		    a->step == STORE_MINUTE     ? "minute"
			: a->step == STORE_HOUR ? "hour"
						: "day",
		    (double)kept / DAY);
}

int
ask_settle(struct ask *a, struct answers *as, struct fsk_error *err)
{
	const int64_t closed = ask_floor(a->now - LATE, DAY);
	int rc = sensible(a, err);

	if (rc == FSK_OK && a->researcher)
		rc = allowed(a, err);
	if (rc != FSK_OK)
		return rc;
	a->to = a->until.before ? a->now - a->until.seconds : a->until.seconds;
	a->from = a->since.before ? a->to - a->since.seconds : a->since.seconds;
	if (a->since.before && a->from < 0)
		a->from = 0;
	if (a->from > a->to || a->from < 0)
		return fsk_fail(err, FSK_EINVAL, "that is no span of time");
	if (a->step == 0)
		a->step = choose_step(a);
	a->from = ask_floor(a->from, a->step);
	a->to = ask_floor(a->to + a->step - 1, a->step);
	if (a->researcher && a->to > closed) {
		a->to = closed;
		a->from = a->from < closed ? a->from : closed;
		answers_note(as, "only days that are over");
	}
	note_time(a, as);
	return FSK_OK;
}

struct store_query
ask_query(const struct ask *a)
{
	struct store_query q = store_query(a->step, a->from, a->to);

	q.host = a->host;
	q.feed = a->feed;
	q.category = a->category;
	q.group = a->group;
	q.country = a->country;
	q.would = a->would;
	return q;
}

struct store_query
ask_days(const struct ask *a)
{
	struct store_query q = ask_query(a);

	q.step = STORE_DAY;
	q.from = ask_floor(a->from, DAY);
	q.to = ask_floor(a->to + DAY - 1, DAY);
	return q;
}
