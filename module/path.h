/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * path.h - the path of a query through the module
 *
 * Unbound answers from its message cache before any module is asked; so names
 * that matter to somebody are kept out of that cache (sweep.h), and
 * path_cached() checks that they are.  Otherwise a query comes here first:
 *
 *   new      a listed name asked by a client is answered, nothing else is
 *            done; one asked by Unbound itself (the address of a name server,
 *            a key) is resolved, or innocent domains would break
 *   query    before Unbound asks a name server: where the name it asks for is
 *            listed, or lies below a listed one, nothing that comes of it is
 *            put into the cache.  That covers Unbound's own queries, which
 *            begin behind this module, the targets of aliases, and the
 *            shortened names of query name minimisation
 *   done     the answer of the other modules comes back: the list may have
 *            changed meanwhile, so the verdict is taken again; and where the
 *            policy says so, what the answer leads to is looked at
 *   reply    for each client: what is counted, and why, for who understands it
 *
 * Where clients may get different answers to one question, each has a query
 * state of its own.  Only a client that joins one of Unbound's own queries,
 * which began behind this module, shares its state; if some of those who share
 * one are not to see the true answer, none is shown it.
 */
#ifndef FRAUDSINK_MODULE_PATH_H
#define FRAUDSINK_MODULE_PATH_H

#include "module/fraudsink.h"

enum path_step {
	PATH_RESOLVE, /* let the other modules go on */
	PATH_DONE,    /* it is answered */
	PATH_WAIT,    /* for a query of our own, see give_page() */
};

/* A query arrives, or the query that it waited for is done. */
enum path_step path_new(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id);

/* The other modules are done; PATH_RESOLVE: with their answer. */
enum path_step path_done(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id);

/* Unbound is about to ask the name server at ADDR for QINFO. */
void path_query(struct fraudsink *fs, struct worker_slot *slot,
    const struct query_info *qinfo, struct module_qstate *qstate,
    const struct sockaddr_storage *addr, int id);

/* A reply is made for a client, or for Unbound itself (REPINFO NULL). */
void path_reply(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, const struct edns_data *edns,
    struct edns_option **options, const struct comm_reply *repinfo,
    struct regional *region, int id);

/* A reply is made from the cache. */
void path_cached(struct fraudsink *fs, struct worker_slot *slot,
    const struct query_info *qinfo, const struct edns_data *edns,
    const struct comm_reply *repinfo);

#endif
