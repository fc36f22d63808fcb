/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/path.h"

#include <string.h>

#include "lib/policy.h"
#include "module/give.h"
#include "module/inspect.h"
#include "module/judge.h"
#include "module/sweep.h"

/* Whether the query is Unbound's own: a sub-query of another one, or one with
 * a callback instead of a client.  A prefetch has nobody either, but it is for
 * the clients to come. */
static bool
is_internal(const struct module_qstate *qstate)
{
	const struct mesh_state *m = qstate->mesh_info;

	return m->reply_list == NULL &&
	    (m->super_set.count > 0 || m->cb_list != NULL);
}

/* ---- a query arrives ---- */

/* Whether what is asked for leads to things that may be listed. */
static bool
is_inspected(const struct fsk_db *db)
{
	const struct fsk_policy *p = fsk_db_policy(db);

	return p != NULL &&
	    (inspect_wanted(db) || fsk_policy_settings(p)->look_at_servers);
}

/* Whether two clients may get different answers to the question.  What a name
 * that is not listed leads to is not known yet. */
static bool
is_personal(const struct judged *j)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);

	if (!j->v.touched && !is_inspected(j->db))
		return false;
	return fsk_verdict_differs(j->db, &j->list->bypasses) ||
	    (p != NULL &&
		fsk_policy_settings(p)->if_signed != FSK_SIGNED_ANSWER) ||
	    (j->v.block && j->v.answer->action == FSK_TCP_ONLY);
}

/* Gives the client of QSTATE a state of its own, which nobody joins. */
static void
make_unique(struct module_qstate *qstate)
{
	struct mesh_state *m = qstate->mesh_info;
	struct mesh_area *mesh = qstate->env->mesh;

	if (m->unique != NULL || m->super_set.count > 0 || m->sub_set.count > 0)
		return;
	/* It is part of the key under which Unbound keeps the state. */
	(void)rbtree_delete(&mesh->all, m);
	mesh_state_make_unique(m);
	(void)rbtree_insert(&mesh->all, &m->node);
}

/* Whether the answer is first to be seen, to know whether it is signed. */
static bool
waits_for_signature(const struct judged *j)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);

	return p != NULL && j->asked && j->who.wants_signed &&
	    fsk_policy_settings(p)->if_signed != FSK_SIGNED_ANSWER;
}

/* Whether the client gets its answer now, before another one could join. */
static bool
is_answered_at_once(const struct judged *j)
{
	return judge_blocks(j) && !waits_for_signature(j) &&
	    j->v.answer->action != FSK_CNAME;
}

static enum path_step
begin(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, struct judged *j)
{
	const struct mesh_reply *r = qstate->mesh_info->reply_list;

	if (r != NULL)
		judge_asker(j, &r->query_reply, &r->edns);
	judge(j);
	tally_count(&fs->tally, slot, FSK_COUNT_LOOKED_UP);
	if (r != NULL && is_personal(j) && !is_answered_at_once(j))
		make_unique(qstate);
	if (!j->v.touched)
		return PATH_RESOLVE;
	qstate->no_cache_store = 1;
	if (!j->v.block && !j->v.would)
		return PATH_RESOLVE;
	if (j->v.block && waits_for_signature(j))
		return PATH_RESOLVE;
	return give(fs, slot, qstate, id, j);
}

enum path_step
path_new(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id)
{
	struct query *mine = qstate->minfo[id];
	enum path_step step = PATH_RESOLVE;
	struct judged j;

	if (mine != NULL && mine->waits) {
		/* What can be had of the page is there. */
		mine->waits = false;
		return PATH_DONE;
	}
	if (judge_question(fs, slot, qstate, &qstate->qinfo, &j) &&
	    !is_internal(qstate))
		step = begin(fs, slot, qstate, id, &j);
	judge_release(slot);
	return step;
}

/* ---- the answer comes back ---- */

/* Removes from the cache what resolving NAME (wire form) has stored for it and
 * for listed names above it, while it was not listed yet. */
static void
remove_name(const struct module_qstate *qstate, const struct judged *j,
    uint8_t *name, size_t len)
{
	struct fsk_question q = { .qtype = j->q.qtype, .now = j->q.now };
	struct fsk_verdict v;

	fsk_db_query(j->db, &q.q, name, len);
	fsk_verdict(j->db, NULL, &q, &v);
	if (!v.touched)
		return;
	for (; len > 1; len -= *name + 1u, name += *name + 1u) {
		fsk_db_query(j->db, &q.q, name, len);
		fsk_verdict(j->db, NULL, &q, &v);
		if (!v.touched)
			continue;
		sweep_message(qstate->env, name, len, qstate->qinfo.qtype,
		    qstate->qinfo.qclass);
		/* Minimised queries are for addresses (RFC 9156). */
		sweep_message(qstate->env, name, len, LDNS_RR_TYPE_A,
		    qstate->qinfo.qclass);
	}
}

/* The iterator stores the answer for the end of a chain of aliases under the
 * end's own name.  It must not stay in the cache where that is listed, nor, if
 * ALL, under any name on the way. */
static void
remove_targets(
    const struct module_qstate *qstate, const struct judged *j, bool all)
{
	const struct reply_info *rep = qstate->return_msg != NULL
	    ? qstate->return_msg->rep
	    : NULL;

	for (size_t i = 0; rep != NULL && i < rep->an_numrrsets; i++) {
		const struct ub_packed_rrset_key *k = rep->rrsets[i];
		const struct packed_rrset_data *d = k->entry.data;
		struct fsk_name target;

		if (k->rk.type != htons(LDNS_RR_TYPE_CNAME) || d->count == 0 ||
		    d->rr_len[0] <= 2 ||
		    !fsk_name_from_wire(
			&target, d->rr_data[0] + 2, d->rr_len[0] - 2))
			continue;
		remove_name(qstate, j, target.wire, target.len);
		if (all)
			sweep_message(qstate->env, target.wire, target.len,
			    qstate->qinfo.qtype, qstate->qinfo.qclass);
	}
}

/* Leaves nothing in the cache of what came back and is not for everybody:
 * because of the names, or, if ASTRAY, because of what it leads to. */
static void
clean(struct module_qstate *qstate, const struct judged *j, bool astray)
{
	const struct query_info *qi = &qstate->qinfo;

	/* Of a listed name nothing was stored, but it may be listed since. */
	if (j->v.touched)
		remove_name(qstate, j, qi->qname, qi->qname_len);
	remove_targets(qstate, j, astray);
	if (astray) {
		sweep_message(qstate->env, qi->qname, qi->qname_len, qi->qtype,
		    qi->qclass);
		qstate->no_cache_store = 1;
	}
}

/* Whether an RRSIG is among what came back. */
static bool
is_signed(const struct reply_info *rep)
{
	for (size_t i = 0; rep != NULL && i < rep->rrset_count; i++) {
		const struct packed_rrset_data *d = rep->rrsets[i]->entry.data;

		if (d->rrsig_count > 0)
			return true;
	}
	return false;
}

/* Does what the policy says of a listed name that is signed; false: as with all
 * others. */
static bool
act_on_signed(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, const struct judged *j)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);

	if (!j->v.block || !waits_for_signature(j) ||
	    qstate->return_msg == NULL || !is_signed(qstate->return_msg->rep))
		return false;
	if (fsk_policy_settings(p)->if_signed == FSK_SIGNED_SERVFAIL)
		give_servfail(fs, slot, qstate, id, j);
	return true;
}

/* Whether what the answer leads to is listed; then *V is the verdict on it.
 * *TOUCHED is set where it matters to somebody. */
static bool
leads_astray(const struct fraudsink *fs, const struct module_qstate *qstate,
    const struct query *mine, const struct judged *j, struct fsk_verdict *v,
    bool *touched)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);
	char key[FSK_PREFIX_KEY];
	uint32_t attr;

	if (p == NULL || qstate->return_msg == NULL)
		return false;
	if (mine != NULL && mine->server_bits > 0 &&
	    fsk_db_find_url(j->db,
		fsk_prefix_key(
		    "nsip", mine->server, mine->server_bits - 1, key),
		&attr)) {
		fsk_verdict_attr(j->db, &j->list->bypasses, &j->q, attr, v);
		*touched = true;
		if (v->block || v->would)
			return true;
	}
	return inspect_answer(j->list,
	    atomic_load_explicit(&fs->places, memory_order_acquire), &j->q,
	    qstate->return_msg->rep, v, touched);
}

/* Takes the verdict on the question and on what came back.  *ASTRAY is set
 * where that leads to what matters to somebody. */
static void
judge_answer(const struct fraudsink *fs, const struct module_qstate *qstate,
    const struct query *mine, struct judged *j, bool *astray)
{
	bool exempt, listed;
	struct fsk_verdict v;

	judge(j);
	if (j->v.block || j->v.would)
		return;
	/* Who may see what is listed may see where it leads to; others may
	 * not, for whom it must not be in the cache. */
	exempt = j->v.reason == FSK_BYPASSED || j->v.reason == FSK_ALLOWED ||
	    j->v.reason == FSK_GROUP_OFF;
	if (exempt && j->v.touched)
		return;
	listed = leads_astray(fs, qstate, mine, j, &v, astray);
	if (listed && !exempt)
		j->v = v;
}

/* The same for all clients of QSTATE: if one of them is not to see the true
 * answer, that verdict counts. */
static void
judge_all(const struct fraudsink *fs, const struct module_qstate *qstate,
    const struct query *mine, struct judged *j, bool *astray)
{
	const struct mesh_reply *r = qstate->mesh_info->reply_list;

	if (r == NULL)
		judge_answer(fs, qstate, mine, j, astray);
	for (; r != NULL; r = r->next) {
		judge_asker(j, &r->query_reply, &r->edns);
		judge_answer(fs, qstate, mine, j, astray);
		if (judge_blocks(j))
			return;
	}
}

static enum path_step
finish(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, struct judged *j)
{
	struct query *mine = qstate->minfo[id];
	bool astray = false;

	judge_all(fs, qstate, mine, j, &astray);
	tally_count(&fs->tally, slot, FSK_COUNT_LOOKED_UP);
	clean(qstate, j, astray);
	if (mine != NULL)
		mine->hit = NULL;
	if ((!j->v.block && !j->v.would) ||
	    act_on_signed(fs, slot, qstate, id, j))
		return PATH_RESOLVE;
	return give(fs, slot, qstate, id, j);
}

enum path_step
path_done(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id)
{
	enum path_step step = PATH_RESOLVE;
	struct fsk_verdict unused;
	bool astray = false;
	struct judged j;

	if (judge_question(fs, slot, qstate, &qstate->qinfo, &j)) {
		if (is_internal(qstate)) {
			judge(&j);
			leads_astray(fs, qstate, qstate->minfo[id], &j, &unused,
			    &astray);
			clean(qstate, &j, astray);
		} else {
			step = finish(fs, slot, qstate, id, &j);
		}
	}
	judge_release(slot);
	return step;
}

void
path_query(struct fraudsink *fs, struct worker_slot *slot,
    const struct query_info *qinfo, struct module_qstate *qstate,
    const struct sockaddr_storage *addr, int id)
{
	struct judged j;

	if (judge_question(fs, slot, qstate, qinfo, &j)) {
		const struct fsk_policy *p = fsk_db_policy(j.db);

		judge(&j);
		if (j.v.touched)
			qstate->no_cache_store = 1;
		if (p != NULL && fsk_policy_settings(p)->look_at_servers) {
			struct query *mine = give_state(qstate, id);
			uint8_t server[FSK_ADDR_LEN];
			int bits;

			asker_address(server, addr);
			bits = fsk_policy_server(p, server);
			/* From the cache it could be had later without asking
			 * that server. */
			if (bits >= 0)
				qstate->no_cache_store = 1;
			if (mine != NULL && bits >= 0) {
				mine->server_bits = (unsigned)bits + 1;
				memcpy(mine->server, server, sizeof(server));
			}
		}
	}
	judge_release(slot);
}

/* ---- replies: counted here, because here each client is seen ---- */

/* What another list says of what the client REPINFO asked. */
static void
try_shadow(struct fraudsink *fs, struct worker_slot *slot,
    const struct module_qstate *qstate, const struct edns_data *edns,
    const struct comm_reply *repinfo)
{
	struct judged j;

	if (!atomic_load_explicit(&fs->trying, memory_order_relaxed))
		return;
	if (judge_question(fs, slot, qstate, &qstate->qinfo, &j)) {
		judge_asker(&j, repinfo, edns);
		judge(&j);
		judge_shadow(fs, slot, &j);
	}
	judge_release(slot);
}

void
path_reply(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, const struct edns_data *edns,
    struct edns_option **options, const struct comm_reply *repinfo,
    struct regional *region, int id)
{
	struct query *mine = qstate != NULL ? qstate->minfo[id] : NULL;
	struct asker who;

	if (repinfo != NULL) {
		tally_count(&fs->tally, slot, FSK_COUNT_ANSWERED);
		if (qstate != NULL)
			try_shadow(fs, slot, qstate, edns, repinfo);
	}
	if (mine == NULL)
		return;
	if (repinfo != NULL && mine->hit != NULL) {
		asker_read(&who, repinfo, edns, mine->hit->ecs);
		tally_blocked(
		    &fs->tally, slot, mine->hit, &who, qstate->env->now_tv);
	}
	if (mine->answer == NULL)
		return;
	answer_tell(mine->answer, edns, options, region);
	/* Unbound holds on to our answer for all clients of this query; those
	 * of its own queries that wait for it are told next, and get the true
	 * one. */
	if (mine->withheld != NULL)
		qstate->return_msg = mine->withheld;
}

void
path_cached(struct fraudsink *fs, struct worker_slot *slot,
    const struct query_info *qinfo, const struct edns_data *edns,
    const struct comm_reply *repinfo)
{
	const uint64_t list = fsk_handle_changes(&fs->handle);
	struct judged j;
	uint64_t hash;

	tally_count(&fs->tally, slot, FSK_COUNT_ANSWERED);
	if (qinfo->qname_len == 0)
		return;
	/* Mostly it is known from a moment ago that it concerns nobody. */
	hash = fsk_memo_hash(&slot->memo, qinfo->qname, qinfo->qname_len);
	if (fsk_memo_knows(&slot->memo, list, hash)) {
		tally_count(&fs->tally, slot, FSK_COUNT_LOOKED_UP);
		return;
	}
	if (judge_question(fs, slot, NULL, qinfo, &j)) {
		if (repinfo != NULL)
			judge_asker(&j, repinfo, edns);
		judge(&j);
		tally_count(&fs->tally, slot, FSK_COUNT_LOOKED_UP);
		judge_shadow(fs, slot, &j);
		if (judge_blocks(&j)) {
			tally_count(&fs->tally, slot, FSK_COUNT_LEAKED);
			worker_leak(slot, qinfo->qname, qinfo->qname_len,
			    qinfo->qtype, qinfo->qclass);
		}
		if (!j.v.touched && j.list->shadow == NULL)
			fsk_memo_note(&slot->memo, list, hash);
	}
	judge_release(slot);
}
