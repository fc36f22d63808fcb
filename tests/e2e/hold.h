/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hold.h - a way to NSD that can be held up
 *
 * Listens where a zone is asked for (struct world_zone's server) and passes
 * questions on to NSD and its answers back, over UDP.  While it holds them,
 * queries of Unbound's stay under way for as long as a test wants.
 */
#ifndef FRAUDSINK_TESTS_HOLD_H
#define FRAUDSINK_TESTS_HOLD_H

#include <stdbool.h>

/* Starts it on ADDRESS:PORT for NSD at own_address():PORT, not holding. */
void hold_start(const char *address, unsigned port);
void hold_stop(void);

/* Begins to hold questions; then lets all go on. */
void hold_on(void);
void hold_off(void);

/* Waits until N questions are held. */
void hold_await(unsigned n);

#endif
