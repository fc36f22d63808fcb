/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/give.h"

struct query *
give_state(struct module_qstate *qstate, int id)
{
	if (qstate->minfo[id] == NULL)
		qstate->minfo[id] = regional_alloc_zero(
		    qstate->region, sizeof(struct query));
	return qstate->minfo[id];
}

/* Nothing at all, but never the true answer. */
static void
give_nothing(struct module_qstate *qstate)
{
	qstate->return_rcode = LDNS_RCODE_SERVFAIL;
	qstate->return_msg = NULL;
}

void
give_this(struct module_qstate *qstate, int id, const struct judged *j,
    struct answer *a)
{
	struct query *mine = give_state(qstate, id);

	if (mine != NULL)
		mine->hit = tally_prepare(j->db, &j->v, &j->q, qstate->region);
	if (mine == NULL || a == NULL || mine->hit == NULL) {
		give_nothing(qstate);
		return;
	}
	mine->answer = a;
	if (qstate->mesh_info->super_set.count > 0 ||
	    qstate->mesh_info->cb_list != NULL)
		mine->withheld = qstate->return_msg;
	qstate->return_rcode = LDNS_RCODE_NOERROR;
	qstate->return_msg = a->msg;
}

void
give_answer(struct module_qstate *qstate, int id, const struct judged *j,
    const struct reply_info *page)
{
	give_this(qstate, id, j,
	    answer_build(j->db, &j->v, &qstate->qinfo, page, qstate->region));
}

/* No answer: here is the last time that the query is seen. */
static void
drop(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, const struct judged *j)
{
	struct tally_hit *hit = tally_prepare(
	    j->db, &j->v, &j->q, qstate->region);

	for (const struct mesh_reply *r = qstate->mesh_info->reply_list;
	     r != NULL && hit != NULL; r = r->next) {
		struct asker who;

		asker_read(&who, &r->query_reply, NULL, false);
		tally_count(&fs->tally, slot, FSK_COUNT_ANSWERED);
		tally_blocked(&fs->tally, slot, hit, &who, &j->now);
	}
	qstate->is_drop = 1;
	give_nothing(qstate);
}

/* Asks for the target of an alias of ours.  Whether there is to be waited. */
static bool
ask_for_page(struct module_qstate *qstate, int id, const struct judged *j)
{
	const struct fsk_name *target = &j->v.answer->cname;
	struct query_info qi = qstate->qinfo;
	struct query *mine = give_state(qstate, id);
	struct module_qstate *sub = NULL;

	if (mine == NULL || qi.qtype == LDNS_RR_TYPE_CNAME)
		return false;
	qi.qname = regional_alloc_init(
	    qstate->region, target->wire, target->len);
	qi.qname_len = target->len;
	qi.local_alias = NULL;
	if (qi.qname == NULL ||
	    (*qstate->env->detect_cycle)(qstate, &qi, BIT_RD, 0, 0) ||
	    !(*qstate->env->attach_sub)(qstate, &qi, BIT_RD, 0, 0, &sub))
		return false;
	mine->waits = true;
	return true;
}

enum path_step
give(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, const struct judged *j)
{
	struct query *mine;

	if (j->v.would) {
		mine = give_state(qstate, id);
		if (mine != NULL)
			mine->hit = tally_prepare(
			    j->db, &j->v, &j->q, qstate->region);
		return PATH_RESOLVE;
	}
	switch (j->v.answer->action) {
	case FSK_TCP_ONLY:
		if (j->asked && j->who.transport != FSK_UDP)
			return PATH_RESOLVE;
		break;
	case FSK_DROP:
		drop(fs, slot, qstate, j);
		return PATH_DONE;
	case FSK_CNAME:
		if (ask_for_page(qstate, id, j))
			return PATH_WAIT;
		break;
	case FSK_NXDOMAIN:
	case FSK_NODATA:
	case FSK_SINKHOLE:
	case FSK_REFUSE:
	case FSK_SERVFAIL:
	case FSK_PASSTHRU:
	case FSK_LOG:
	case FSK_WARN:
	case FSK_ACTIONS:
		break;
	}
	give_answer(qstate, id, j, NULL);
	return PATH_DONE;
}
