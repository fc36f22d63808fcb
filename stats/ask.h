/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ask.h - the questions, each answered with plain rows (answer.h)
 *
 *   ask.c          what time is asked for, what roles may ask, words
 *   tally.h        sums by key, and what of them a researcher gets
 *   ask_top.c      which keys had most hits
 *   ask_series.c   how it went on
 *   ask_feeds.c    what each feed is good for
 *   ask_name.c     what is known of a name
 *   ask_hosts.c    the resolvers
 *   ask_report.c   a month
 *
 * The role "researcher" sees released hits only: of one whole day (UTC) that is
 * over and one key, where at least so many different clients were behind them,
 * and where what is withheld of that day rests on so many as well (tally.h).
 * All its answers are sums of these, for whatever time it asks: so no
 * difference of two answers tells more than the released hits themselves.
 */
#ifndef FRAUDSINK_STATS_ASK_H
#define FRAUDSINK_STATS_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/name.h"
#include "stats/answer.h"
#include "stats/store.h"

/* What hits are counted by. */
enum ask_dimension {
	ASK_NOTHING,
	ASK_NAMES,
	ASK_FEEDS,
	ASK_CATEGORIES,
	ASK_COUNTRIES,
	ASK_NETWORKS,
	ASK_GROUPS,
	ASK_ACTIONS,
	ASK_SEVERITIES,
	ASK_HOSTS,
	ASK_DIMENSIONS
};

/* A point of time, or one so long before another. */
struct ask_time {
	bool before;
	int64_t seconds;
};

/* From which on a country or group gets a card, see ask_report.c. */
struct ask_cards {
	double yellow_rate, red_rate;     /* hits a client and day; 0: none */
	double yellow_growth, red_growth; /* 0.5: half as much again; 0: none */
	uint64_t least_clients;           /* client-days a day, at least */
};

struct ask {
	const struct conf *c;
	int64_t now;
	bool researcher;
	int64_t patience; /* milliseconds for the answer; 0: any */
	enum ask_dimension what, by;
	struct ask_time since, until;
	bool since_given;
	enum store_step step; /* of a series; 0: it is chosen */
	uint64_t limit;       /* rows; 0: all */
	bool would;           /* what was only counted, not what was blocked */
	/* Only hits like these; NULL: all.  Borrowed, as all texts here. */
	const char *host, *feed, *category, *group, *country;
	char name[FSK_TEXT_MAX]; /* as the store has it; "": none */
	const char *lists;       /* the folder of the feeds' lists */
	int64_t month;           /* its first second */
	struct ask_cards cards;

	/* Made of these by ask_settle(). */
	int64_t from, to;
};

/* What is asked for unless something else is said; C must outlive it. */
void ask_init(struct ask *a, const struct conf *c, int64_t now);

/* Decides about from, to and step, and whether the role may ask this: what they
 * are is noted in AS, FSK_EINVAL if it makes no sense or may not be. */
int ask_settle(struct ask *a, struct answers *as, struct fsk_error *err);

/* The answers are added to AS, which was initialised; in any case for
 * answers_fini(). */
int ask_top(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err);
int ask_series(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err);
int ask_feeds(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err);
int ask_name(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err);
int ask_hosts(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err);
int ask_report(
    struct ask *a, struct store *s, struct answers *as, struct fsk_error *err);

/* ---- for the questions ---- */

#define DAY 86400

struct ask_word {
	const char *one, *many; /* "feed", "feeds" */
	unsigned by;            /* enum store_dimension */
	int kind;               /* enum store_sketch_kind; STORE_ANY: none */
};
extern const struct ask_word ask_words[ASK_DIMENSIONS];

/* The first keys of a->what, with A's from, to and step, as the answer NAME;
 * and the sum of all if AS has none. */
int ask_top_rows(const struct ask *a, struct store *s, struct answers *as,
    const char *name, const char *title, struct fsk_error *err);

/* Puts the feeds of a set that is text, with blanks between them. */
void ask_put_feeds(struct answer *to, unsigned column, const char *feeds);

/* A query for A's time, filters and kind of hits. */
struct store_query ask_query(const struct ask *a);

/* A's time, but of whole days. */
struct store_query ask_days(const struct ask *a);

/* Whether hits are filtered by more than the host: then nothing is known of
 * the clients behind them. */
bool ask_filtered(const struct ask *a);

const char *ask_action(unsigned action);
const char *ask_severity(unsigned severity);

/* The key as people read it: "" becomes "none" or "unknown". */
const char *ask_key_text(enum ask_dimension d, const char *key);

static inline int64_t
ask_floor(int64_t time, int64_t step)
{
	int64_t over = time % step;

	return time - (over < 0 ? over + step : over);
}

#endif
