/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/params.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stats/month.h"

#define LIMIT_MAX 100000

const char *const param_ones[] = { "feed", "category", "country", "network",
	"group", "action", "severity", "host", NULL };
const char *const param_manies[] = { "names", "feeds", "categories",
	"countries", "networks", "groups", "actions", "severities", "hosts",
	NULL };
static const char *const steps[] = { "1m", "1h", "1d", NULL };
static const char *const roles[] = { "operator", "researcher", NULL };

bool
param_dimension(const char *word, bool many, enum ask_dimension *d)
{
	for (int i = ASK_NAMES; i < ASK_DIMENSIONS; i++)
		if (strcmp(word, many ? ask_words[i].many : ask_words[i].one) ==
		    0) {
			*d = (enum ask_dimension)i;
			return true;
		}
	return false;
}

/* ---- times ---- */

/* "2026-10-31", with "T12:00", "T12:00:00" and 'Z' or not, in UTC. */
static bool
date(const char *text, int64_t *time)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M",
		"%Y-%m-%dT%H:%M:%S" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm tm = { .tm_mday = 0 }, again;
		const char *end = strptime(text, forms[i], &tm);

		if (end == NULL || (*end != '\0' && strcmp(end, "Z") != 0))
			continue;
		again = tm;
		*time = timegm(&again);
		/* There is no 31st of February. */
		return again.tm_mday == tm.tm_mday && *time >= 0;
	}
	return false;
}

static const char *
set_time(struct ask_time *t, const char *text)
{
	uint64_t seconds;

	t->before = conf_duration(text, &seconds);
	if (t->before) {
		if (seconds > (uint64_t)DAY * 36525)
			return "less than a hundred years";
		t->seconds = (int64_t)seconds;
		return NULL;
	}
	if (date(text, &t->seconds))
		return NULL;
	return "a span such as 90m, 24h or 30d, or a date such as 2026-10-31 "
	       "or 2026-10-31T12:00 (UTC)";
}

static const char *
set_since(struct ask *a, const char *text)
{
	a->since_given = true;
	return set_time(&a->since, text);
}

static const char *
set_until(struct ask *a, const char *text)
{
	return set_time(&a->until, text);
}

static const char *
set_step(struct ask *a, const char *text)
{
	a->step = strcmp(text, "1m") == 0 ? STORE_MINUTE
	    : strcmp(text, "1h") == 0     ? STORE_HOUR
					  : STORE_DAY;
	return NULL;
}

static const char *
set_month(struct ask *a, const char *text)
{
	return month_parse(text, &a->month) ? NULL : "a month such as 2026-10";
}

/* ---- the rest ---- */

static const char *
set_by(struct ask *a, const char *text)
{
	param_dimension(text, false, &a->by);
	return NULL;
}

static const char *
set_limit(struct ask *a, const char *text)
{
	char *end;

	errno = 0;
	a->limit = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text < '0' ||
	    *text > '9' || a->limit > LIMIT_MAX)
		return "a number up to 100000 (0: all)";
	return NULL;
}

static const char *
set_would(struct ask *a, const char *text)
{
	a->would = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
	return a->would || strcmp(text, "false") == 0 || strcmp(text, "0") == 0
	    ? NULL
	    : "true or false";
}

static const char *
set_host(struct ask *a, const char *text)
{
	a->host = text;
	return NULL;
}

static const char *
set_feed(struct ask *a, const char *text)
{
	a->feed = text;
	return NULL;
}

/* "none" and "unknown" stand for the empty text. */
static const char *
set_category(struct ask *a, const char *text)
{
	a->category = strcmp(text, "none") == 0 ? "" : text;
	return NULL;
}

static const char *
set_group(struct ask *a, const char *text)
{
	a->group = strcmp(text, "none") == 0 ? "" : text;
	return NULL;
}

static const char *
set_country(struct ask *a, const char *text)
{
	a->country = strcmp(text, "unknown") == 0 ? ""
	    : strcmp(text, "other") == 0          ? STORE_OTHER_COUNTRY
						  : text;
	return NULL;
}

static const char *
set_lists(struct ask *a, const char *text)
{
	a->lists = text;
	return NULL;
}

static const char *
set_role(struct ask *a, const char *text)
{
	a->researcher = strcmp(text, "researcher") == 0;
	return NULL;
}

static const char *
set_real(double *to, const char *text, double unit)
{
	char *end;

	*to = strtod(text, &end) * unit;
	if (end == text || *end != '\0' || !isfinite(*to) || *to < 0)
		return "a number (0: never)";
	return NULL;
}

static const char *
set_yellow_rate(struct ask *a, const char *text)
{
	return set_real(&a->cards.yellow_rate, text, 1);
}

static const char *
set_red_rate(struct ask *a, const char *text)
{
	return set_real(&a->cards.red_rate, text, 1);
}

static const char *
set_yellow_growth(struct ask *a, const char *text)
{
	return set_real(&a->cards.yellow_growth, text, 0.01);
}

static const char *
set_red_growth(struct ask *a, const char *text)
{
	return set_real(&a->cards.red_growth, text, 0.01);
}

static const char *
set_card_clients(struct ask *a, const char *text)
{
	char *end;

	errno = 0;
	a->cards.least_clients = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *text >= '0' &&
		*text <= '9'
	    ? NULL
	    : "a number";
}

/* ---- the table ---- */

const struct param params[] = {
	{ "since", PARAM_TIME, "TIME",
	    "from then on: a span before the end (24h, 30d) or a date "
	    "(2026-10-31, 2026-10-31T12:00, UTC); default 24h",
	    "string", NULL, false, set_since },
	{ "until", PARAM_TIME, "TIME",
	    "up to then: a span before now, or a date; default now", "string",
	    NULL, false, set_until },
	{ "step", PARAM_STEP, "STEP", "1m, 1h or 1d; default: as fits the time",
	    "string", steps, false, set_step },
	{ "by", PARAM_BY, "WHAT",
	    "each part apart: feed, category, country, network, group, action, "
	    "severity or host",
	    "string", param_ones, false, set_by },
	{ "limit", PARAM_LIMIT, "N",
	    "at most so many rows or lines of a series; default 20, 0: all",
	    "integer", NULL, false, set_limit },
	{ "would", PARAM_WOULD, NULL,
	    "what was only counted (log, trial), not what was blocked",
	    "boolean", NULL, false, set_would },
	{ "host", PARAM_HOST, "HOST", "only what this resolver did", "string",
	    NULL, false, set_host },
	{ "feed", PARAM_FILTER, "FEED", "only names that this feed lists",
	    "string", NULL, false, set_feed },
	{ "category", PARAM_FILTER, "CATEGORY", "only of this category",
	    "string", NULL, false, set_category },
	{ "group", PARAM_FILTER, "GROUP", "only for this group of clients",
	    "string", NULL, false, set_group },
	{ "country", PARAM_FILTER, "CC", "only for clients in this country",
	    "string", NULL, false, set_country },
	{ "lists", PARAM_LISTS, "DIR",
	    "the feeds' lists, DIR/FEED/list.fsdb; default: feeds-state of "
	    "stats.conf",
	    "string", NULL, true, set_lists },
	{ "month", PARAM_MONTH, "YYYY-MM",
	    "the month; default: the last one "
	    "that is over",
	    "string", NULL, false, set_month },
	{ "yellow-rate", PARAM_CARDS, "N",
	    "yellow card from N blocked queries a client and day on (0: never)",
	    "number", NULL, false, set_yellow_rate },
	{ "red-rate", PARAM_CARDS, "N", "the same, red card", "number", NULL,
	    false, set_red_rate },
	{ "yellow-growth", PARAM_CARDS, "PERCENT",
	    "yellow card for so much more a day than in the month before (0: "
	    "never)",
	    "number", NULL, false, set_yellow_growth },
	{ "red-growth", PARAM_CARDS, "PERCENT", "the same, red card", "number",
	    NULL, false, set_red_growth },
	{ "card-clients", PARAM_CARDS, "N",
	    "cards only where there are so many clients a day", "integer", NULL,
	    false, set_card_clients },
	{ "role", PARAM_ROLE, "ROLE",
	    "operator (default), or researcher: withholds what rests on too "
	    "few clients",
	    "string", roles, true, set_role },
};

const size_t params_n = sizeof(params) / sizeof(*params);

const struct param *
param_find(unsigned use, const char *name)
{
	for (size_t i = 0; i < params_n; i++)
		if ((params[i].use & use) && strcmp(params[i].name, name) == 0)
			return &params[i];
	return NULL;
}

int
param_set(const struct param *p, struct ask *a, const char *text,
    struct fsk_error *err)
{
	const char *want = NULL;
	char words[256] = "";

	for (const char *const *c = p->choices; c != NULL; c++) {
		if (*c == NULL)
			return fsk_fail(err, FSK_EINVAL,
			    "'%.100s' is no value for '%s': it must be one "
			    "of%s",
			    text, p->name, words);
		if (strcmp(*c, text) == 0)
			break;
		strncat(words, " ", sizeof(words) - strlen(words) - 1);
		strncat(words, *c, sizeof(words) - strlen(words) - 1);
	}
	want = p->set(a, text);
	if (want != NULL)
		return fsk_fail(err, FSK_EINVAL,
		    "'%.100s' is no value for '%s': it must be %s", text,
		    p->name, want);
	return FSK_OK;
}
