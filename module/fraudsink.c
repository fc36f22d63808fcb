/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink.so - Unbound answers listed names itself
 *
 * The path of a query.  Unbound answers from its message cache before any
 * module is asked; so listed names are kept out of that cache (sweep.h), and
 * on_cached_reply() checks that they are.  Otherwise a query comes here first:
 *
 *   new      a listed name asked by a client is answered, nothing else is
 *            done; one asked by Unbound itself (the address of a name server,
 *            a key) is resolved, or innocent domains would break
 *   query    before Unbound asks a name server (on_query()): where the name
 *            it asks for is listed, or lies below a listed one, nothing that
 *            comes of it is put into the cache.  That covers Unbound's own
 *            queries, which begin behind this module, the targets of aliases,
 *            and the shortened names of query name minimisation
 *   moddone  the answer of the other modules comes back: the list may have
 *            changed meanwhile, so the verdict is taken again
 *
 * Of a query's state only struct answer is ours, in minfo[id], NULL while there
 * is none.
 */
#include "module/fraudsink.h"

#include <stdlib.h>
#include <string.h>

#include "lib/verdict.h"
#include "module/answer.h"
#include "module/sweep.h"

/* Unbound's build that this was compiled for; fraudsink-module-check looks for
 * it in the file. */
static const char built_for[] = "fraudsink " FRAUDSINK_VERSION
				" built for Unbound " FRAUDSINK_BUILT_FOR;

#define EXPORT __attribute__((visibility("default")))

EXPORT int init(struct module_env *env, int id);
EXPORT void deinit(struct module_env *env, int id);
EXPORT void operate(struct module_qstate *qstate, enum module_ev event, int id,
    struct outbound_entry *entry);
EXPORT void inform_super(
    struct module_qstate *qstate, int id, struct module_qstate *super);
EXPORT void clear(struct module_qstate *qstate, int id);
EXPORT size_t get_mem(struct module_env *env, int id);

/* A query's own state. */
struct query {
	struct answer *answer;
	/* The true answer, for Unbound itself, where clients got ours. */
	struct dns_msg *withheld;
};

static struct fraudsink *
state_of(const struct module_env *env, int id)
{
	return ((struct dynlibmod_env *)env->modinfo[id])->dyn_env;
}

/* ---- verdicts ---- */

/* Takes the verdict on a name, with the database held until release(). */
static bool
judge(struct fraudsink *fs, struct worker_slot *slot, const uint8_t *qname,
    size_t len, uint16_t qclass, const struct fsk_db **db, struct fsk_query *q,
    struct fsk_verdict *v)
{
	*db = NULL;
	if (qclass != LDNS_RR_CLASS_IN || len == 0 || len > FSK_NAME_MAX)
		return false;
	*db = fsk_reader_enter(&slot->reader, &fs->handle);
	if (*db == NULL)
		return false;
	fsk_db_query(*db, q, qname, len);
	fsk_verdict(*db, q, v);
	return true;
}

static void
release(struct worker_slot *slot)
{
	fsk_reader_leave(&slot->reader);
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

/* Makes our answer the query's; the true one, if any, is withheld. */
static void
answer_query(struct module_qstate *qstate, int id, const struct fsk_db *db,
    const struct fsk_verdict *v)
{
	struct query *mine = regional_alloc_zero(qstate->region, sizeof(*mine));
	struct answer *a = mine == NULL
	    ? NULL
	    : answer_build(db, v, &qstate->qinfo, qstate->region);

	if (a == NULL) { /* then nothing at all, but never the true answer */
		qstate->return_rcode = LDNS_RCODE_SERVFAIL;
		qstate->return_msg = NULL;
		return;
	}
	mine->answer = a;
	if (qstate->mesh_info->super_set.count > 0 ||
	    qstate->mesh_info->cb_list != NULL)
		mine->withheld = qstate->return_msg;
	qstate->minfo[id] = mine;
	qstate->return_rcode = LDNS_RCODE_NOERROR;
	qstate->return_msg = a->msg;
}

/* A query arrives.  Returns whether it is answered. */
static bool
on_new(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id)
{
	const struct query_info *qi = &qstate->qinfo;
	bool answered = false;
	const struct fsk_db *db;
	struct fsk_verdict v;
	struct fsk_query q;

	if (judge(
		fs, slot, qi->qname, qi->qname_len, qi->qclass, &db, &q, &v)) {
		answered = v.block && !is_internal(qstate);
		if (answered)
			answer_query(qstate, id, db, &v);
	}
	release(slot);
	return answered;
}

/* Removes from the cache what resolving NAME (wire form) has stored for it and
 * for listed names above it, while it was not listed yet. */
static void
remove_name(const struct module_qstate *qstate, const struct fsk_db *db,
    uint8_t *name, size_t len)
{
	struct fsk_verdict v;
	struct fsk_query q;

	fsk_db_query(db, &q, name, len);
	fsk_verdict(db, &q, &v);
	if (!v.found.touched)
		return;
	for (; len > 1; len -= *name + 1u, name += *name + 1u) {
		fsk_db_query(db, &q, name, len);
		fsk_verdict(db, &q, &v);
		if (!v.block)
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
remove_targets(const struct module_qstate *qstate, const struct fsk_db *db)
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
			remove_name(qstate, db, target.wire, target.len);
	}
}

/* Unbound is about to ask a name server for QINFO on behalf of QSTATE. */
static int
on_query(struct query_info *qinfo, uint16_t flags, struct module_qstate *qstate,
    struct sockaddr_storage *addr, socklen_t addrlen, uint8_t *zone,
    size_t zonelen, struct regional *region, int id, void *arg)
{
	struct fraudsink *fs = arg;
	struct worker_slot *slot = workers_self(&fs->workers);
	const struct fsk_db *db;
	struct fsk_verdict v;
	struct fsk_query q;

	(void)flags;
	(void)addr;
	(void)addrlen;
	(void)zone;
	(void)zonelen;
	(void)region;
	(void)id;
	if (slot == NULL)
		return 1;
	if (judge(fs, slot, qinfo->qname, qinfo->qname_len, qinfo->qclass, &db,
		&q, &v) &&
	    v.found.touched)
		qstate->no_cache_store = 1;
	release(slot);
	return 1;
}

/* The other modules are done. */
static void
on_done(struct fraudsink *fs, struct worker_slot *slot,
    struct module_qstate *qstate, int id)
{
	const struct query_info *qi = &qstate->qinfo;
	const struct fsk_db *db;
	struct fsk_verdict v;
	struct fsk_query q;

	if (judge(
		fs, slot, qi->qname, qi->qname_len, qi->qclass, &db, &q, &v)) {
		if (v.block) {
			/* The list changed (what was stored must go), or a
			 * client joined Unbound's own query. */
			remove_name(qstate, db, qi->qname, qi->qname_len);
			if (!is_internal(qstate))
				answer_query(qstate, id, db, &v);
		} else {
			remove_targets(qstate, db);
		}
	}
	release(slot);
}

/* ---- replies: counted here, because here each client is seen ---- */

/* A reply made for a query that was resolved, or answered by us. */
static int
on_reply(struct query_info *qinfo, struct module_qstate *qstate,
    struct reply_info *rep, int rcode, struct edns_data *edns,
    struct edns_option **options, struct comm_reply *repinfo,
    struct regional *region, struct timeval *start, int id, void *arg)
{
	struct fraudsink *fs = arg;
	struct worker_slot *slot = workers_self(&fs->workers);
	struct query *mine = qstate != NULL ? qstate->minfo[id] : NULL;

	(void)qinfo;
	(void)rep;
	(void)rcode;
	(void)repinfo;
	(void)start;
	if (slot == NULL)
		return 1;
	if (mine == NULL) {
		worker_count(slot, COUNT_PASSED);
		return 1;
	}
	worker_count(slot, COUNT_BLOCKED + mine->answer->action);
	if (edns->edns_present)
		edns_opt_list_append(options, ANSWER_EDE_OPTION,
		    mine->answer->ede_len, mine->answer->ede, region);
	/* Unbound holds on to our answer for all clients of this query; those
	 * of its own queries that wait for it are told next, and get the true
	 * one. */
	if (mine->withheld != NULL)
		qstate->return_msg = mine->withheld;
	return 1;
}

/* Whether a reply from the cache is one that should not be there.  Mostly it is
 * known from a moment ago that it may. */
static bool
is_leak(
    struct fraudsink *fs, struct worker_slot *slot, const struct query_info *qi)
{
	const uint64_t list = fsk_handle_changes(&fs->handle);
	const struct fsk_db *db;
	struct fsk_verdict v;
	struct fsk_query q;
	uint64_t hash;
	bool leak;

	if (qi->qname_len == 0)
		return false;
	hash = fsk_memo_hash(&slot->memo, qi->qname, qi->qname_len);
	if (fsk_memo_knows(&slot->memo, list, hash))
		return false;
	leak = judge(fs, slot, qi->qname, qi->qname_len, qi->qclass, &db, &q,
		   &v) &&
	    v.block;
	if (db != NULL && !v.found.covered)
		fsk_memo_note(&slot->memo, list, hash);
	release(slot);
	return leak;
}

/* A reply from the cache. */
static int
on_cached_reply(struct query_info *qinfo, struct module_qstate *qstate,
    struct reply_info *rep, int rcode, struct edns_data *edns,
    struct edns_option **options, struct comm_reply *repinfo,
    struct regional *region, struct timeval *start, int id, void *arg)
{
	struct fraudsink *fs = arg;
	struct worker_slot *slot = workers_self(&fs->workers);

	(void)qstate;
	(void)rep;
	(void)rcode;
	(void)edns;
	(void)options;
	(void)repinfo;
	(void)region;
	(void)start;
	(void)id;
	if (slot == NULL)
		return 1;
	worker_count(slot, COUNT_PASSED);
	if (is_leak(fs, slot, qinfo)) {
		worker_count(slot, COUNT_LEAKED);
		worker_leak(slot, qinfo->qname, qinfo->qname_len, qinfo->qtype,
		    qinfo->qclass);
	}
	return 1;
}

/* ---- the entry points ---- */

void
log_counters(const struct fraudsink *fs, const char *when)
{
	const struct workers *w = &fs->workers;

	log_info("fraudsink: %s: blocked %llu (nxdomain %llu, nodata %llu, "
		 "sinkhole %llu), passed %llu, leaked %llu; lists taken up "
		 "%llu, refused %llu; messages swept %llu",
	    when,
	    (unsigned long long)(workers_sum(w, COUNT_BLOCKED + FSK_NXDOMAIN) +
		workers_sum(w, COUNT_BLOCKED + FSK_NODATA) +
		workers_sum(w, COUNT_BLOCKED + FSK_SINKHOLE)),
	    (unsigned long long)workers_sum(w, COUNT_BLOCKED + FSK_NXDOMAIN),
	    (unsigned long long)workers_sum(w, COUNT_BLOCKED + FSK_NODATA),
	    (unsigned long long)workers_sum(w, COUNT_BLOCKED + FSK_SINKHOLE),
	    (unsigned long long)workers_sum(w, COUNT_PASSED),
	    (unsigned long long)workers_sum(w, COUNT_LEAKED),
	    (unsigned long long)fs->swaps, (unsigned long long)fs->refused,
	    (unsigned long long)fs->swept);
}

static const struct {
	enum inplace_cb_list_type list;
	union {
		inplace_cb_reply_func_type *reply;
		inplace_cb_query_func_type *query;
		void *any;
	} call;
} callbacks[] = {
	{ inplace_cb_reply, { .reply = on_reply } },
	{ inplace_cb_reply_servfail, { .reply = on_reply } },
	{ inplace_cb_reply_cache, { .reply = on_cached_reply } },
	{ inplace_cb_query, { .query = on_query } },
};
#define CALLBACKS (sizeof(callbacks) / sizeof(*callbacks))

static void
state_free(struct fraudsink *fs)
{
	fsk_handle_fini(&fs->handle);
	workers_fini(&fs->workers);
	free(fs->path);
	free(fs);
}

/* Makes the state; NULL when out of memory. */
static struct fraudsink *
state_new(struct module_env *env)
{
	const char *path = getenv("FRAUDSINK_DB");
	const char *load = getenv("FRAUDSINK_LOAD");
	struct fraudsink *fs = calloc(1, sizeof(*fs));
	unsigned threads = env->cfg->num_threads > 0
	    ? (unsigned)env->cfg->num_threads
	    : 1;

	if (fs == NULL)
		return NULL;
	fs->env = env;
	fs->path = strdup(path != NULL && *path != '\0' ? path : DEFAULT_DB);
	/* A copy in memory cannot be harmed by what happens to the file. */
	fsk_handle_init(&fs->handle, fs->path,
	    load != NULL && strcmp(load, "map") == 0 ? FSK_DB_MAP
						     : FSK_DB_COPY);
	if (fs->path == NULL ||
	    !workers_init(&fs->workers, threads + 1, &fs->handle)) {
		state_free(fs);
		return NULL;
	}
	return fs;
}

/* Whatever is wrong with the list, Unbound starts and resolves; only a module
 * built for another Unbound is stopped, before it can do harm. */
int
init(struct module_env *env, int id)
{
	struct dynlibmod_env *de = env->modinfo[id];
	struct fraudsink *fs;

	if (de->inplace_cb_register_wrapped != inplace_cb_register_wrapped ||
	    de->inplace_cb_delete_wrapped != inplace_cb_delete_wrapped) {
		log_err("fraudsink: this module is not built for this Unbound "
			"(%s)",
		    built_for);
		return 0;
	}
	log_info("fraudsink: %s", built_for);
	de->dyn_env = NULL;
	fs = state_new(env);
	if (fs == NULL) {
		log_err("fraudsink: out of memory; nothing is blocked");
		return 1;
	}
	for (size_t i = 0; i < CALLBACKS; i++)
		if (!inplace_cb_register_wrapped(callbacks[i].call.any,
			callbacks[i].list, fs, env, id)) {
			/* Half of it would be worse than nothing. */
			log_err("fraudsink: out of memory; nothing is "
				"blocked");
			for (; i > 0; i--)
				inplace_cb_delete_wrapped(
				    env, callbacks[i - 1].list, id);
			state_free(fs);
			return 1;
		}
	de->dyn_env = fs;
	watch_start(fs);
	return 1;
}

void
deinit(struct module_env *env, int id)
{
	struct dynlibmod_env *de = env->modinfo[id];
	struct fraudsink *fs = de != NULL ? de->dyn_env : NULL;

	if (fs == NULL)
		return;
	for (size_t i = 0; i < CALLBACKS; i++)
		inplace_cb_delete_wrapped(env, callbacks[i].list, id);
	watch_stop(fs);
	log_counters(fs, "at exit");
	de->dyn_env = NULL;
	state_free(fs);
}

void
operate(struct module_qstate *qstate, enum module_ev event, int id,
    struct outbound_entry *entry)
{
	struct fraudsink *fs = state_of(qstate->env, id);
	struct worker_slot *slot = fs != NULL ? workers_self(&fs->workers)
					      : NULL;

	(void)entry;
	if (__builtin_expect(
		atomic_load_explicit(&watch_missing, memory_order_relaxed),
		0) &&
	    fs != NULL)
		watch_after_fork(fs);
	switch (event) {
	case module_event_new:
	case module_event_pass:
		qstate->ext_state[id] = module_wait_module;
		if (slot != NULL && on_new(fs, slot, qstate, id))
			qstate->ext_state[id] = module_finished;
		break;
	case module_event_moddone:
		if (slot != NULL)
			on_done(fs, slot, qstate, id);
		qstate->ext_state[id] = module_finished;
		break;
	case module_event_reply:
	case module_event_noreply:
	case module_event_capsfail:
	case module_event_error:
	default: /* an enum of Unbound's: later versions may add to it */
		qstate->ext_state[id] = module_error;
		break;
	}
}

void
inform_super(struct module_qstate *qstate, int id, struct module_qstate *super)
{
	(void)qstate;
	(void)id;
	(void)super;
}

void
clear(struct module_qstate *qstate, int id)
{
	qstate->minfo[id] = NULL; /* it was in the query's region */
}

size_t
get_mem(struct module_env *env, int id)
{
	const struct fraudsink *fs = state_of(env, id);

	return fs == NULL
	    ? 0
	    : sizeof(*fs) + fs->workers.slots * sizeof(struct worker_slot);
}
