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
	bool waits;              /* for the target of an alias of ours */
	struct reply_info *page; /* what came of it; NULL: nothing */
	/* Of a name server that was asked, the bits of the listed prefix that
	 * it is in, plus 1; 0: none. */
	unsigned server_bits;
	uint8_t server[FSK_ADDR_LEN];
};

/* The own state of QSTATE, made if there is none; NULL when out of memory. */
struct query *give_state(struct module_qstate *qstate, int id);

/* Does what the verdict J, to block or to count, says. */
enum path_step give(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, const struct judged *j);

/* Makes A the query's answer; the true one, if any, is withheld. */
void give_this(struct module_qstate *qstate, int id, const struct judged *j,
    struct answer *a);

/* The same with the answer that J asks for; PAGE as in answer_build(). */
void give_answer(struct module_qstate *qstate, int id, const struct judged *j,
    const struct reply_info *page);

#endif
