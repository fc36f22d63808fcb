/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * judge.h - the verdict on a question, by the list in force
 */
#ifndef FRAUDSINK_MODULE_JUDGE_H
#define FRAUDSINK_MODULE_JUDGE_H

#include "module/fraudsink.h"

/* A question with its verdict, and the list that is held until
 * judge_release(). */
struct judged {
	const struct fsk_list *list;
	const struct fsk_db *db;
	struct fsk_question q;
	struct fsk_verdict v;
	struct timeval now;
	bool asked; /* by a client: */
	struct asker who;
};

/* Holds the list and puts the question of QSTATE, which may be NULL; false if
 * there is nothing to be asked of. */
bool judge_question(struct fraudsink *fs, struct worker_slot *slot,
    const struct module_qstate *qstate, const struct query_info *qi,
    struct judged *j);
void judge_release(struct worker_slot *slot);

/* Says who asks. */
void judge_asker(struct judged *j, const struct comm_reply *repinfo,
    const struct edns_data *edns);

/* Takes the verdict. */
void judge(struct judged *j);

/* Whether the asker is not to see the true answer. */
bool judge_blocks(const struct judged *j);

/* What the list that is only tried says; that is counted where it differs. */
void judge_shadow(
    struct fraudsink *fs, struct worker_slot *slot, struct judged *j);

#endif
