/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lists.h - lists for a world, made as operators make them; and what is told
 */
#ifndef FRAUDSINK_TESTS_LISTS_H
#define FRAUDSINK_TESTS_LISTS_H

#include <stdint.h>

#include "lib/ring.h"
#include "tests/e2e/world.h"

/* Writes the file NAME in the folder of W. */
void lists_file(struct world *w, const char *name, const char *text);

/* Writes feeds.conf: CONF behind what says where the database and the state
 * are; "@/" stands for the folder of W. */
void lists_conf(struct world *w, const char *conf);

/* The same, then runs `sync`, which must publish something new, and waits until
 * a running Unbound has taken it up. */
void lists_sync(struct world *w, const char *conf);

/* Runs fraudsink-feeds with up to twelve words, ended by NULL, which must end
 * with STATUS; "-c feeds.conf" comes behind the first.  Returns its output, for
 * free(). */
char *lists_run(struct world *w, int status, ...) __attribute__((sentinel));

/* A counter of the ring, all workers together. */
uint64_t lists_counter(struct world *w, unsigned counter);

/* Takes up to N events, all there are if N is large enough; how many. */
size_t lists_events(struct world *w, struct fsk_event *e, size_t n);

#endif
