/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * events.h - events of a batch, where they are kept one by one
 */
#ifndef FRAUDSINK_STATS_EVENTS_H
#define FRAUDSINK_STATS_EVENTS_H

#include "stats/facts.h"
#include "stats/rollup.h"

struct events {
	struct kept_event *event;
	uint8_t *names; /* on the wire, one after the other */
	size_t n, room, names_len, names_room;
};

/* False when out of memory. */
bool events_add(struct events *v, const struct rollup_event *e);

/* Puts all to the open batch of c->store. */
void events_put(const struct events *v, const struct counting *c);

void events_clear(struct events *v);
void events_fini(struct events *v);

#endif
