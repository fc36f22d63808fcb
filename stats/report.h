/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report.h - what the parts of a month's report share
 *
 *   ask_report.c    the whole: sums, days, months, names
 *   report_like.c   sums of what both months know
 *   report_part.c   by one dimension; cards
 *   report_html.c   the report as a page
 */
#ifndef FRAUDSINK_STATS_REPORT_H
#define FRAUDSINK_STATS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "stats/ask.h"

enum report_span {
	REPORT_MONTH,
	REPORT_BEFORE, /* the month before */
	REPORT_YEAR,   /* the same month a year before */
	REPORT_SPANS
};

struct report {
	struct ask span[REPORT_SPANS]; /* each with its time */
	unsigned days[REPORT_SPANS];   /* of each that have hits */
	struct store *s;
	struct answers *as;
	struct answer *cards;
};

/* Adds a row of sums and their changes; those below 0 are not known. */
void report_sum(
    struct answer *to, const char *what, const double value[REPORT_SPANS]);

/* Adds the rows of sums like for like. */
int report_likes(
    const struct report *r, struct answer *to, struct fsk_error *err);

#define REPORT_CARD_COLUMNS 7
extern const struct answer_column report_cards[REPORT_CARD_COLUMNS];

/* Adds the answer about WHAT, and its cards to r->cards. */
int report_part(const struct report *r, enum ask_dimension what,
    const char *title, struct fsk_error *err);

/* Writes AS, a report, as a page that needs nothing but itself.  False if that
 * fails. */
bool report_html(FILE *to, const struct answers *as);

#endif
