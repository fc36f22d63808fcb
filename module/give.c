/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/give.h"

/* Who waits that long may get no reply; see is_replied_to().  Unbound's own
 * limit (discard-timeout) is about twice that where nothing is configured. */
#define LATE_US 1000000

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

/* Whether queries of Unbound's own wait for this one, which are not to be
 * deceived. */
static bool
is_shared(const struct module_qstate *qstate)
{
	const struct mesh_state *m = qstate->mesh_info;

	return m->super_set.count > 0 || m->cb_list != NULL;
}

/* Whether some client is sure to be replied to, so that path_reply() is called
 * and can put the true answer back.  Unbound may drop replies that come late,
 * and callbacks are given what clients are given. */
static bool
is_replied_to(const struct module_qstate *qstate)
{
	const struct mesh_state *m = qstate->mesh_info;
	const struct timeval *now = qstate->env->now_tv;

	for (const struct mesh_reply *r = m->reply_list;
	     r != NULL && m->cb_list == NULL; r = r->next)
		if ((now->tv_sec - r->start_time.tv_sec) * 1000000 +
			now->tv_usec - r->start_time.tv_usec <
		    LATE_US)
			return true;
	return false;
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
		struct judged one = *j;
		struct asker who;

		judge_asker(&one, &r->query_reply, &r->edns);
		judge(&one);
		judge_shadow(fs, slot, &one);
		asker_read(&who, &r->query_reply, &r->edns, hit->ecs);
		tally_count(&fs->tally, slot, FSK_COUNT_ANSWERED);
		tally_blocked(&fs->tally, slot, hit, &who, &j->now);
	}
	qstate->is_drop = 1;
	if (!is_shared(qstate))
		give_nothing(qstate);
}

/* Makes A the query's answer; the true one is withheld. */
static void
give_this(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, const struct judged *j,
    struct answer *a)
{
	struct query *mine = give_state(qstate, id);

	if (is_shared(qstate)) {
		/* Nothing came back: nothing is to be hidden. */
		if (qstate->return_rcode != LDNS_RCODE_NOERROR ||
		    qstate->return_msg == NULL)
			return;
		if (!is_replied_to(qstate)) {
			drop(fs, slot, qstate, j);
			return;
		}
	}
	if (mine != NULL)
		mine->hit = tally_prepare(j->db, &j->v, &j->q, qstate->region);
	if (mine == NULL || a == NULL || mine->hit == NULL) {
		give_nothing(qstate);
		return;
	}
	mine->answer = a;
	mine->withheld = is_shared(qstate) ? qstate->return_msg : NULL;
	qstate->return_rcode = LDNS_RCODE_NOERROR;
	qstate->return_msg = a->msg;
}

void
give_servfail(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, const struct judged *j)
{
	give_this(fs, slot, qstate, id, j,
	    answer_servfail(j->db, &j->v, &qstate->qinfo, qstate->region));
}

/* Asks for the target of the alias that was just given.  Whether there is to be
 * waited. */
static bool
ask_for_page(struct module_qstate *qstate, int id, const struct judged *j)
{
	const struct fsk_name *target = &j->v.answer->cname;
	struct query_info qi = qstate->qinfo;
	struct query *mine = qstate->minfo[id];
	struct module_qstate *sub = NULL;

	if (mine == NULL || mine->answer == NULL || is_shared(qstate) ||
	    qi.qtype == LDNS_RR_TYPE_CNAME)
		return false;
	qi.qname = regional_alloc_init(
	    qstate->region, target->wire, target->len);
	qi.qname_len = target->len;
	qi.local_alias = NULL;
	if (qi.qname == NULL ||
	    (*qstate->env->detect_cycle)(qstate, &qi, BIT_RD, 0, 0) ||
	    !unbound_attach(qstate, &qi, BIT_RD, &sub))
		return false;
	mine->waits = true;
	return true;
}

void
give_page(
    const struct module_qstate *done, struct module_qstate *waiting, int id)
{
	struct query *mine = waiting->minfo[id];

	if (mine != NULL && mine->waits &&
	    done->return_rcode == LDNS_RCODE_NOERROR &&
	    done->return_msg != NULL &&
	    FLAGS_GET_RCODE(done->return_msg->rep->flags) == LDNS_RCODE_NOERROR)
		answer_add(
		    mine->answer, done->return_msg->rep, waiting->region);
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
	if (!judge_blocks(j))
		return PATH_RESOLVE;
	if (j->v.answer->action == FSK_DROP) {
		drop(fs, slot, qstate, j);
		return PATH_DONE;
	}
	give_this(fs, slot, qstate, id, j,
	    answer_build(j->db, &j->v, &qstate->qinfo, qstate->region));
	return j->v.answer->action == FSK_CNAME && ask_for_page(qstate, id, j)
	    ? PATH_WAIT
	    : PATH_DONE;
}
