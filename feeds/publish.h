/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * publish.h - generations, and which of them is in force
 */
#ifndef FRAUDSINK_FEEDS_PUBLISH_H
#define FRAUDSINK_FEEDS_PUBLISH_H

#include <stdint.h>

#include "feeds/conf.h"
#include "lib/err.h"

/* The path of the generation SERIAL, for free(). */
char *generation_path(const struct conf *c, uint64_t serial);

/* The serials of all generations, the newest first; *N of them; for free(). */
uint64_t *generations(const struct conf *c, size_t *n, struct fsk_error *err);

/* Whether the generation SERIAL is there and whole. */
int generation_verify(
    const struct conf *c, uint64_t serial, struct fsk_error *err);

/* Whether the generation SERIAL may be published: opens it, and asks for the
 * names that must never be blocked (for any group of clients, whatever the type
 * of the query; what a group has listed for itself does not count) and for
 * those that must always be (for who is in no group).  FSK_EINVAL says which
 * one failed, and by which feed. */
int generation_check(
    const struct conf *c, uint64_t serial, struct fsk_error *err);

/* Puts the generation SERIAL in force, in one step: whoever looks sees the
 * database before or this one. */
int generation_install(
    const struct conf *c, uint64_t serial, struct fsk_error *err);

/* The serial of the database in force; 0 if there is none. */
uint64_t generation_in_force(const struct conf *c);

/* Removes all but the newest c->generations ones, and never the one in
 * force. */
void generations_prune(const struct conf *c);

#endif
