/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/judge.h"

#include <time.h>

#include "lib/policy.h"

/* The worker's clock, where a query tells which worker it is; else one that
 * needs no system call either. */
static void
read_clock(const struct module_qstate *qstate, struct timeval *now)
{
	struct timespec t;

	if (qstate != NULL) {
		*now = *qstate->env->now_tv;
		return;
	}
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	now->tv_sec = t.tv_sec;
	now->tv_usec = t.tv_nsec / 1000;
}

bool
judge_question(struct fraudsink *fs, struct worker_slot *slot,
    const struct module_qstate *qstate, const struct query_info *qi,
    struct judged *j)
{
	read_clock(qstate, &j->now);
	j->asked = false;
	j->list = fsk_reader_enter(&slot->reader, &fs->handle);
	j->db = j->list->db;
	if (j->db == NULL || !asks_for_names(qi->qclass) ||
	    qi->qname_len == 0 || qi->qname_len > FSK_NAME_MAX)
		return false;
	j->q.qtype = qi->qtype;
	j->q.client = NULL;
	j->q.now = (int64_t)j->now.tv_sec;
	fsk_db_query(j->db, &j->q.q, qi->qname, qi->qname_len);
	return true;
}

void
judge_release(struct worker_slot *slot)
{
	fsk_reader_leave(&slot->reader);
}

void
judge_asker(struct judged *j, const struct comm_reply *repinfo,
    const struct edns_data *edns)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);

	asker_read(&j->who, repinfo, edns,
	    p != NULL && fsk_policy_settings(p)->trust_ecs);
	j->asked = true;
	j->q.client = j->who.addr;
}

void
judge(struct judged *j)
{
	fsk_verdict(j->db, &j->list->bypasses, &j->q, &j->v);
}

bool
judge_blocks(const struct judged *j)
{
	return j->v.block &&
	    (j->v.answer->action != FSK_TCP_ONLY || !j->asked ||
		j->who.transport == FSK_UDP);
}

void
judge_shadow(struct fraudsink *fs, struct worker_slot *slot, struct judged *j)
{
	struct fsk_question q;
	struct fsk_verdict v;

	if (__builtin_expect(j->list->shadow == NULL, 1) || !j->asked)
		return;
	q.qtype = j->q.qtype;
	q.client = j->q.client;
	q.now = j->q.now;
	fsk_db_query(j->list->shadow, &q.q, j->q.q.wire, j->q.q.len);
	fsk_verdict(j->list->shadow, &j->list->bypasses, &q, &v);
	if (v.block != j->v.block)
		tally_tried(&fs->tally, slot, &j->q, &j->v, &j->who, &j->now);
}
