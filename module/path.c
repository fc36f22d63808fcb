/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/path.h"

#include <string.h>
#include <time.h>

#include "lib/policy.h"
#include "module/answer.h"
#include "module/inspect.h"
#include "module/sweep.h"

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

/* ---- verdicts ---- */

/* A question with its verdict, and the list that is held until release(). */
struct judged {
	const struct fsk_list *list;
	const struct fsk_db *db;
	struct fsk_question q;
	struct fsk_verdict v;
	struct timeval now;
	bool asked; /* by a client: */
	struct asker who;
};

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

/* Holds the list and puts the question of QSTATE, which may be NULL; false if
 * there is nothing to be asked of. */
static bool
put_question(struct fraudsink *fs, struct worker_slot *slot,
    const struct module_qstate *qstate, const struct query_info *qi,
    struct judged *j)
{
	read_clock(qstate, &j->now);
	j->asked = false;
	j->list = fsk_reader_enter(&slot->reader, &fs->handle);
	j->db = j->list->db;
	if (j->db == NULL || qi->qclass != LDNS_RR_CLASS_IN ||
	    qi->qname_len == 0 || qi->qname_len > FSK_NAME_MAX)
		return false;
	j->q.qtype = qi->qtype;
	j->q.client = NULL;
	j->q.now = (int64_t)j->now.tv_sec;
	fsk_db_query(j->db, &j->q.q, qi->qname, qi->qname_len);
	return true;
}

static void
release(struct worker_slot *slot)
{
	fsk_reader_leave(&slot->reader);
}

/* Says who asks. */
static void
set_asker(struct judged *j, const struct comm_reply *repinfo,
    const struct edns_data *edns)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);

	asker_read(&j->who, repinfo, edns,
	    p != NULL && fsk_policy_settings(p)->trust_ecs);
	j->asked = true;
	j->q.client = j->who.addr;
}

static void
judge(struct judged *j)
{
	fsk_verdict(j->db, &j->list->bypasses, &j->q, &j->v);
}

/* What the list that is only tried says; that is counted where it differs. */
static void
try_shadow(struct fraudsink *fs, struct worker_slot *slot, struct judged *j)
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

/* ---- answering ---- */

static struct query *
own_state(struct module_qstate *qstate, int id)
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

/* Makes A the query's answer; the true one, if any, is withheld. */
static void
give(struct module_qstate *qstate, int id, const struct judged *j,
    struct answer *a)
{
	struct query *mine = own_state(qstate, id);

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

static void
give_answer(struct module_qstate *qstate, int id, const struct judged *j,
    const struct reply_info *page)
{
	give(qstate, id, j,
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
	struct query *mine = own_state(qstate, id);
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

/* Does what the verdict says. */
static enum path_step
act(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, const struct judged *j)
{
	struct query *mine;

	if (j->v.would) {
		mine = own_state(qstate, id);
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

/* Whether the answer depends on more than the name. */
static bool
is_personal(const struct judged *j)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);

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

static enum path_step
begin(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, struct judged *j)
{
	const struct mesh_reply *r = qstate->mesh_info->reply_list;

	if (r != NULL)
		set_asker(j, &r->query_reply, &r->edns);
	judge(j);
	tally_count(&fs->tally, slot, FSK_COUNT_LOOKED_UP);
	try_shadow(fs, slot, j);
	if (!j->v.touched)
		return PATH_RESOLVE;
	qstate->no_cache_store = 1;
	if (r != NULL && is_personal(j))
		make_unique(qstate);
	if (!j->v.block && !j->v.would)
		return PATH_RESOLVE;
	if (j->v.block && waits_for_signature(j))
		return PATH_RESOLVE;
	return act(fs, slot, qstate, id, j);
}

/* The target of the alias is known now, or it is known that it is not to be
 * had. */
static enum path_step
resume(struct module_qstate *qstate, int id, struct judged *j)
{
	struct query *mine = qstate->minfo[id];
	const struct mesh_reply *r = qstate->mesh_info->reply_list;

	mine->waits = false;
	if (r != NULL)
		set_asker(j, &r->query_reply, &r->edns);
	judge(j);
	if (!j->v.block) /* another list is in force by now */
		return PATH_RESOLVE;
	give_answer(qstate, id, j, mine->page);
	return PATH_DONE;
}

enum path_step
path_new(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id)
{
	const struct query *mine = qstate->minfo[id];
	enum path_step step = PATH_RESOLVE;
	struct judged j;

	if (put_question(fs, slot, qstate, &qstate->qinfo, &j)) {
		if (mine != NULL && mine->waits)
			step = resume(qstate, id, &j);
		else if (!is_internal(qstate))
			step = begin(fs, slot, qstate, id, &j);
	}
	release(slot);
	return step;
}

void
path_page(
    const struct module_qstate *done, struct module_qstate *waiting, int id)
{
	struct query *mine = waiting->minfo[id];

	if (mine == NULL || !mine->waits)
		return;
	if (done->return_rcode == LDNS_RCODE_NOERROR &&
	    done->return_msg != NULL &&
	    FLAGS_GET_RCODE(done->return_msg->rep->flags) == LDNS_RCODE_NOERROR)
		mine->page = reply_info_copy(
		    done->return_msg->rep, NULL, waiting->region);
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
 * end's own name; a listed one must not stay in the cache. */
static void
remove_targets(const struct module_qstate *qstate, const struct judged *j)
{
	const struct reply_info *rep = qstate->return_msg != NULL
	    ? qstate->return_msg->rep
	    : NULL;

	for (size_t i = 0; rep != NULL && i < rep->an_numrrsets; i++) {
		const struct ub_packed_rrset_key *k = rep->rrsets[i];
		const struct packed_rrset_data *d = k->entry.data;
		struct fsk_name target;

		if (k->rk.type == htons(LDNS_RR_TYPE_CNAME) && d->count > 0 &&
		    d->rr_len[0] > 2 &&
		    fsk_name_from_wire(
			&target, d->rr_data[0] + 2, d->rr_len[0] - 2))
			remove_name(qstate, j, target.wire, target.len);
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
act_on_signed(struct module_qstate *qstate, int id, const struct judged *j)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);

	if (!waits_for_signature(j) || qstate->return_msg == NULL ||
	    !is_signed(qstate->return_msg->rep))
		return false;
	if (fsk_policy_settings(p)->if_signed == FSK_SIGNED_SERVFAIL)
		give(qstate, id, j,
		    answer_servfail(
			j->db, &j->v, &qstate->qinfo, qstate->region));
	return true;
}

/* Judges for all clients of QSTATE: if one of them is not to see the true
 * answer, that verdict counts. */
static void
judge_all(const struct module_qstate *qstate, struct judged *j)
{
	const struct mesh_reply *r = qstate->mesh_info->reply_list;

	if (r == NULL) {
		judge(j);
		return;
	}
	for (; r != NULL; r = r->next) {
		set_asker(j, &r->query_reply, &r->edns);
		judge(j);
		if (j->v.block)
			return;
	}
}

/* Whether what the answer leads to is listed; then that is J's verdict.
 * *TOUCHED: it matters to somebody. */
static bool
leads_astray(const struct fraudsink *fs, const struct module_qstate *qstate,
    const struct query *mine, struct judged *j, bool *touched)
{
	const struct fsk_policy *p = fsk_db_policy(j->db);
	char key[FSK_PREFIX_KEY];
	bool blocks, leads;
	struct fsk_verdict v;
	uint32_t attr;

	*touched = false;
	if (p == NULL || qstate->return_msg == NULL)
		return false;
	if (mine != NULL && mine->server_bits > 0 &&
	    fsk_db_find_url(j->db,
		fsk_prefix_key(
		    "nsip", mine->server, mine->server_bits - 1, key),
		&attr)) {
		fsk_verdict_attr(j->db, &j->list->bypasses, &j->q, attr, &v);
		*touched = true;
		if (v.block || v.would) {
			j->v = v;
			return true;
		}
	}
	blocks = inspect_answer(j->list,
	    atomic_load_explicit(&fs->places, memory_order_acquire), &j->q,
	    qstate->return_msg->rep, &v, &leads);
	*touched |= leads;
	if (blocks)
		j->v = v;
	return blocks;
}

static void
finish(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id, struct judged *j)
{
	const struct query_info *qi = &qstate->qinfo;
	const struct query *mine = qstate->minfo[id];
	bool touched, blocks;

	if (j->v.block) {
		/* The list changed (what was stored must go), or a client
		 * joined Unbound's own query. */
		remove_name(qstate, j, qi->qname, qi->qname_len);
		if (!act_on_signed(qstate, id, j) &&
		    act(fs, slot, qstate, id, j) == PATH_WAIT)
			/* Too late to wait: the alias alone. */
			give_answer(qstate, id, j, NULL);
		return;
	}
	remove_targets(qstate, j);
	if (j->v.would || j->v.reason == FSK_BYPASSED ||
	    j->v.reason == FSK_ALLOWED || j->v.reason == FSK_GROUP_OFF)
		return;
	blocks = leads_astray(fs, qstate, mine, j, &touched);
	if (touched) {
		sweep_message(qstate->env, qi->qname, qi->qname_len, qi->qtype,
		    qi->qclass);
		qstate->no_cache_store = 1;
		if (blocks && act(fs, slot, qstate, id, j) == PATH_WAIT)
			give_answer(qstate, id, j, NULL);
	}
}

void
path_done(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id)
{
	struct judged j;

	if (put_question(fs, slot, qstate, &qstate->qinfo, &j)) {
		if (is_internal(qstate)) {
			judge(&j);
			remove_name(qstate, &j, qstate->qinfo.qname,
			    qstate->qinfo.qname_len);
			remove_targets(qstate, &j);
		} else {
			judge_all(qstate, &j);
			tally_count(&fs->tally, slot, FSK_COUNT_LOOKED_UP);
			finish(fs, slot, qstate, id, &j);
		}
	}
	release(slot);
}

void
path_query(struct fraudsink *fs, struct worker_slot *slot,
    const struct query_info *qinfo, struct module_qstate *qstate,
    const struct sockaddr_storage *addr, int id)
{
	struct judged j;

	if (put_question(fs, slot, qstate, qinfo, &j)) {
		const struct fsk_policy *p = fsk_db_policy(j.db);

		judge(&j);
		if (j.v.touched)
			qstate->no_cache_store = 1;
		if (p != NULL && fsk_policy_settings(p)->look_at_servers) {
			struct query *mine = own_state(qstate, id);
			uint8_t server[FSK_ADDR_LEN];
			int bits;

			asker_address(server, addr);
			bits = fsk_policy_server(p, server);
			if (mine != NULL && bits >= 0) {
				mine->server_bits = (unsigned)bits + 1;
				memcpy(mine->server, server, sizeof(server));
			}
		}
	}
	release(slot);
}

/* ---- replies: counted here, because here each client is seen ---- */

void
path_reply(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, const struct edns_data *edns,
    struct edns_option **options, const struct comm_reply *repinfo,
    struct regional *region, int id)
{
	struct query *mine = qstate != NULL ? qstate->minfo[id] : NULL;
	struct asker who;

	if (repinfo != NULL)
		tally_count(&fs->tally, slot, FSK_COUNT_ANSWERED);
	if (mine == NULL)
		return;
	if (repinfo != NULL && mine->hit != NULL) {
		asker_read(&who, repinfo, edns, false);
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

/* Whether the name was asked for a moment ago and concerns nobody; *HASH is for
 * the memo, 0: it is not to be noted. */
static bool
is_known(struct fraudsink *fs, struct worker_slot *slot,
    const struct query_info *qi, uint64_t *hash)
{
	const struct fsk_list *list = fsk_reader_enter(
	    &slot->reader, &fs->handle);

	*hash = 0;
	if (list->db == NULL || list->shadow != NULL ||
	    qi->qclass != LDNS_RR_CLASS_IN || qi->qname_len == 0 ||
	    qi->qname_len > FSK_NAME_MAX)
		return false;
	*hash = fsk_memo_hash(&slot->memo, qi->qname, qi->qname_len);
	return fsk_memo_knows(&slot->memo, fsk_db_id(list->db), *hash);
}

void
path_cached(struct fraudsink *fs, struct worker_slot *slot,
    const struct query_info *qinfo, const struct edns_data *edns,
    const struct comm_reply *repinfo)
{
	struct judged j;
	uint64_t hash;

	tally_count(&fs->tally, slot, FSK_COUNT_ANSWERED);
	if (is_known(fs, slot, qinfo, &hash)) {
		tally_count(&fs->tally, slot, FSK_COUNT_LOOKED_UP);
	} else if (put_question(fs, slot, NULL, qinfo, &j)) {
		if (repinfo != NULL)
			set_asker(&j, repinfo, edns);
		judge(&j);
		tally_count(&fs->tally, slot, FSK_COUNT_LOOKED_UP);
		try_shadow(fs, slot, &j);
		if (j.v.block && j.v.answer->action != FSK_TCP_ONLY) {
			tally_count(&fs->tally, slot, FSK_COUNT_LEAKED);
			worker_leak(slot, qinfo->qname, qinfo->qname_len,
			    qinfo->qtype, qinfo->qclass);
		}
		if (hash != 0 && j.v.reason == FSK_NOT_LISTED && !j.v.touched)
			fsk_memo_note(&slot->memo, fsk_db_id(j.db), hash);
	}
	release(slot);
}
