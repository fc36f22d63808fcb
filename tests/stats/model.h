/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * model.h - events that are in a store, and still known one by one
 *
 * What a question answers is recomputed from the list of events, as plainly as
 * can be.
 */
#ifndef FRAUDSINK_TESTS_MODEL_H
#define FRAUDSINK_TESTS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/ask.h"

#define MODEL_NOW (1790000000 / 86400 * 86400 + 50400) /* 14:00 of a day */

struct model_event {
	int64_t time;
	const char *host, *name, *set, *category, *group, *country;
	uint32_t asn;
	unsigned severity, action, client;
	bool would;
	unsigned key; /* of the resolver's sketches; 0: that of most */
};

struct model {
	struct conf *c;
	struct model_event *event;
	unsigned n, room;
};

/* An empty one, whose store is that of stats_conf(EXTRA). */
void model_init(struct model *m, const char *extra);
void model_fini(struct model *m);

/* Adds an event; its texts must stay. */
void model_add(struct model *m, const struct model_event *e);

/* Adds N random ones over the DAYS before MODEL_NOW, that day included. */
void model_random(struct model *m, unsigned n, unsigned days);

/* Stores all of them. */
void model_store(const struct model *m);

/* Whether E is in A's time and one of its kind and filters. */
bool model_has(const struct ask *a, const struct model_event *e);

/* The key of E in a dimension; of feeds the I-th, NULL after the last (of all
 * others there is one only). */
const char *model_key(
    enum ask_dimension d, const struct model_event *e, unsigned i);

/* Hits that A asks about with these keys (NULL: any), and how many pairs of
 * different client and day are behind them. */
uint64_t model_hits(const struct model *m, const struct ask *a, const char *key,
    const char *part);
unsigned model_clients(
    const struct model *m, const struct ask *a, const char *key);

/* Asks RUN, which succeeds. */
void model_ask(const struct model *m, struct ask *a, struct answers *as,
    int (*run)(struct ask *a, struct store *s, struct answers *as,
	struct fsk_error *err));

/* Asks RUN, which refuses it with FSK_EINVAL; the sentence, until the next. */
const char *model_refused(const struct model *m, struct ask *a,
    int (*run)(struct ask *a, struct store *s, struct answers *as,
	struct fsk_error *err));

/* Cells by row and the column's name. */
const struct answer_cell *model_cell(
    const struct answer *a, size_t row, const char *column);
const char *model_text(const struct answer *a, size_t row, const char *column);
uint64_t model_count(const struct answer *a, size_t row, const char *column);

/* The row whose first column is TEXT; -1 if there is none. */
int model_row(const struct answer *a, const char *text);

#endif
