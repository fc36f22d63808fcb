/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * status.h - how the feeds and the database in force are
 */
#ifndef FRAUDSINK_FEEDS_STATUS_H
#define FRAUDSINK_FEEDS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "feeds/state.h"

enum health {
	HEALTH_GOOD,
	HEALTH_FAILING,  /* the last try failed; its list is not stale yet */
	HEALTH_STALE,    /* its list is older than `stale-after` */
	HEALTH_NONE,     /* it has no list */
	HEALTH_DISABLED, /* by the configuration */
};

struct status_feed {
	const struct conf_feed *f;
	struct feed_state s;
	enum health health;
	int64_t age; /* of its list, seconds; -1: it has none */
};

struct status {
	const struct conf *c;
	int64_t now;
	struct status_feed *feed;              /* as c->feeds */
	uint64_t serial, entries, urls, bytes; /* in force; serial 0: none */
	int64_t created;
	bool held;
	bool good; /* a database is in force and no feed is ill */
};

/* Looks.  False: out of memory. */
bool status_read(struct status *s, const struct conf *c);
void status_fini(struct status *s);

/* The word for HEALTH. */
const char *health_word(enum health health);

/* Writes what `status --json` prints to STATE/status.json, for other programs;
 * a failure is only told. */
void status_keep(const struct conf *c);

#endif
