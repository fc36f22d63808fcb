/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sweep.h - Unbound's message cache without listed names
 *
 * Unbound answers from its cache before it asks a module, so a listed name
 * must not be in it.  Sweeping is for the background thread, removing single
 * messages for workers too; Unbound's cache has its own locks.
 */
#ifndef FRAUDSINK_MODULE_SWEEP_H
#define FRAUDSINK_MODULE_SWEEP_H

#include "lib/handle.h"
#include "module/places.h"
#include "module/unbound.h"

/* Removes every cached message for a name that matters to somebody by LIST, or
 * that leads to something that does; returns how many, or -1 if memory ran out
 * before all were seen.  PLACES may be NULL. */
long sweep_cache(struct module_env *env, const struct fsk_list *list,
    const struct places *places);

/* Removes the messages cached for one question. */
void sweep_message(struct module_env *env, uint8_t *qname, size_t len,
    uint16_t qtype, uint16_t qclass);

#endif
