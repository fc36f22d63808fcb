/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/questions.h"

#include <stdio.h>
#include <string.h>

#define PARAMS_ALL (PARAM_TIME | PARAM_HOST | PARAM_ROLE)

static const char *
take_dimension(struct ask *a, const char *word)
{
	return param_dimension(word, true, &a->what)
	    ? NULL
	    : "names, feeds, categories, countries, networks, groups, "
	      "actions, severities or hosts";
}

static const char *
take_name(struct ask *a, const char *name)
{
	if (strlen(name) >= sizeof(a->name))
		return "a domain name";
	strcpy(a->name, name);
	return NULL;
}

const struct question questions[] = {
	{ "top", "WHAT", param_manies, "which had most hits",
	    "WHAT is names, feeds, categories, countries, networks, groups, "
	    "actions, severities or hosts.",
	    PARAMS_ALL | PARAM_BY | PARAM_LIMIT | PARAM_WOULD | PARAM_FILTER,
	    take_dimension, ask_top },
	{ "series", NULL, NULL, "how it went on, step by step",
	    "Blocked queries by minute, hour or day.",
	    PARAMS_ALL | PARAM_STEP | PARAM_BY | PARAM_LIMIT | PARAM_WOULD |
		PARAM_FILTER,
	    NULL, ask_series },
	{ "feeds", NULL, NULL, "what each feed is good for",
	    "Hits because of each feed, because of it alone, what feeds have "
	    "in common, and which listed the names first that were hit.",
	    PARAMS_ALL | PARAM_LIMIT | PARAM_WOULD | PARAM_LISTS, NULL,
	    ask_feeds },
	{ "name", "NAME", NULL, "what is known of a name",
	    "When and how often the name was hit, and who lists it.",
	    PARAMS_ALL | PARAM_LISTS, take_name, ask_name },
	{ "hosts", NULL, NULL, "the resolvers, their lists and counters",
	    "The resolvers that are collected, with exact counters.",
	    PARAMS_ALL, NULL, ask_hosts },
	{ "report", NULL, NULL, "a month in figures",
	    "A month beside the month before and the year before; by "
	    "category, country, group, feed and severity; red and yellow "
	    "cards.",
	    PARAM_MONTH | PARAM_CARDS | PARAM_HOST | PARAM_ROLE, NULL,
	    ask_report },
};

const size_t questions_n = sizeof(questions) / sizeof(*questions);

const struct question *
question_find(const char *name)
{
	for (size_t i = 0; i < questions_n; i++)
		if (strcmp(questions[i].name, name) == 0)
			return &questions[i];
	return NULL;
}

int
question_take(const struct question *q, struct ask *a, const char *argument,
    struct fsk_error *err)
{
	const char *want = q->take(a, argument);

	if (want == NULL)
		return FSK_OK;
	return fsk_fail(err, FSK_EINVAL, "'%.100s' is no %s: it must be %s",
	    argument, q->argument, want);
}

int
question_run(const struct question *q, struct ask *a, struct answers *as,
    struct fsk_error *err)
{
	struct store *s;
	size_t rows = 0;
	int rc = store_open(&s, a->c, STORE_READ, err);

	if (rc != FSK_OK)
		return rc;
	if (a->patience != 0)
		store_deadline(s, a->patience);
	rc = q->run(a, s, as, err);
	store_close(s);
	if (rc == FSK_OK && answers_failed(as))
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (unsigned i = 0; i < as->n; i++)
		rows += as->at[i].rows;
	as->nothing |= rows == 0;
	return rc;
}
