/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * give.h - doing what a verdict says with a query
 */
#ifndef FRAUDSINK_MODULE_GIVE_H
#define FRAUDSINK_MODULE_GIVE_H

#include "module/answer.h"
#include "module/judge.h"
#include "module/path.h"

/* A query's own state, in minfo[id]; NULL while there is none. */
struct query {
	struct answer *answer; /* what clients get; NULL: the true one */
	struct tally_hit *hit; /* what is counted; NULL: nothing */
	/* The true answer, for Unbound itself, where clients got ours. */
	struct dns_msg *withheld;
	bool waits; /* for what the target of our alias resolves to */
	/* Of a name server that was asked, the bits of the listed prefix that
	 * it is in, plus 1; 0: none. */
	unsigned server_bits;
	uint8_t server[FSK_ADDR_LEN];
};

/* The own state of QSTATE, made if there is none; NULL when out of memory. */
struct query *give_state(struct module_qstate *qstate, int id);

/* Does what the verdict J, to block or to count, says.  PATH_WAIT: it is
 * answered, and give_page() may add to the answer before it goes out. */
enum path_step give(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, const struct judged *j);

/* Makes SERVFAIL the query's answer, whatever J asks for. */
void give_servfail(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, const struct judged *j);

/* The query DONE, for which WAITING waits, has come to its end. */
void give_page(
    const struct module_qstate *done, struct module_qstate *waiting, int id);

#endif
