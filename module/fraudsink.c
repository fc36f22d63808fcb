/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink.so - Unbound answers listed names itself
 *
 * Here are the entry points that Unbound calls; what happens to a query is in
 * path.c.
 */
#include "module/fraudsink.h"

#include <stdlib.h>
#include <string.h>

#include "module/give.h"
#include "module/path.h"

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

static struct fraudsink *
state_of(const struct module_env *env, int id)
{
	return ((struct dynlibmod_env *)env->modinfo[id])->dyn_env;
}

/* ---- callbacks ---- */

/* Before a name server is asked. */
static int
on_query(struct query_info *qinfo, uint16_t flags, struct module_qstate *qstate,
    struct sockaddr_storage *addr, socklen_t addrlen, uint8_t *zone,
    size_t zonelen, struct regional *region, int id, void *arg)
{
	struct fraudsink *fs = arg;
	struct worker_slot *slot = workers_self(&fs->workers);

	(void)flags;
	(void)addrlen;
	(void)zone;
	(void)zonelen;
	(void)region;
	if (slot != NULL)
		path_query(fs, slot, qinfo, qstate, addr, id);
	return 1;
}

/* A reply made for a query that was resolved, or answered by us. */
static int
on_reply(struct query_info *qinfo, struct module_qstate *qstate,
    struct reply_info *rep, int rcode, struct edns_data *edns,
    struct edns_option **options, struct comm_reply *repinfo,
    struct regional *region, struct timeval *start, int id, void *arg)
{
	struct fraudsink *fs = arg;
	struct worker_slot *slot = workers_self(&fs->workers);

	(void)qinfo;
	(void)rep;
	(void)rcode;
	(void)start;
	if (slot != NULL)
		path_reply(
		    fs, slot, qstate, edns, options, repinfo, region, id);
	return 1;
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
	(void)options;
	(void)region;
	(void)start;
	(void)id;
	if (slot != NULL)
		path_cached(fs, slot, qinfo, edns, repinfo);
	return 1;
}

/* ---- the entry points ---- */

void
log_counters(const struct fraudsink *fs, const char *when)
{
	uint64_t by[FSK_ACTIONS], blocked = 0, answered;

	for (unsigned i = 0; i < FSK_ACTIONS; i++) {
		by[i] = tally_sum(&fs->tally, FSK_COUNT_ACTION + i);
		blocked += i == FSK_LOG ? 0 : by[i];
	}
	answered = tally_sum(&fs->tally, FSK_COUNT_ANSWERED);
	log_info("fraudsink: %s: blocked %llu (nxdomain %llu, nodata %llu, "
		 "sinkhole %llu, others %llu), passed %llu, leaked %llu; lists "
		 "taken up %llu, refused %llu; messages swept %llu",
	    when, (unsigned long long)blocked,
	    (unsigned long long)by[FSK_NXDOMAIN],
	    (unsigned long long)by[FSK_NODATA],
	    (unsigned long long)by[FSK_SINKHOLE],
	    (unsigned long long)(blocked - by[FSK_NXDOMAIN] - by[FSK_NODATA] -
		by[FSK_SINKHOLE]),
	    (unsigned long long)(answered - blocked),
	    (unsigned long long)tally_sum(&fs->tally, FSK_COUNT_LEAKED),
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
	tally_fini(&fs->tally);
	places_close(atomic_load(&fs->places));
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
	/* A copy in memory cannot be harmed by what happens to the file. */
	if (!fsk_handle_init(&fs->handle,
		path != NULL && *path != '\0' ? path : DEFAULT_DB,
		load != NULL && strcmp(load, "map") == 0 ? FSK_DB_MAP
							 : FSK_DB_COPY) ||
	    !workers_init(&fs->workers, threads + 1, &fs->handle) ||
	    !tally_init(&fs->tally, threads + 1)) {
		state_free(fs);
		return NULL;
	}
	fsk_handle_on_open(&fs->handle, tally_note, &fs->tally);
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
	static const enum module_ext_state states[] = {
		[PATH_RESOLVE] = module_wait_module,
		[PATH_DONE] = module_finished,
		[PATH_WAIT] = module_wait_subquery,
	};
	struct fraudsink *fs = state_of(qstate->env, id);
	struct worker_slot *slot = fs != NULL ? workers_self(&fs->workers)
					      : NULL;

	(void)entry;
	switch (event) {
	case module_event_new:
	case module_event_pass:
		qstate->ext_state[id] = module_wait_module;
		if (slot != NULL)
			qstate->ext_state[id] =
			    states[path_new(fs, slot, qstate, id)];
		break;
	case module_event_moddone:
		qstate->ext_state[id] = module_finished;
		if (slot != NULL &&
		    path_done(fs, slot, qstate, id) == PATH_WAIT)
			qstate->ext_state[id] = module_wait_subquery;
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
	give_page(qstate, super, id);
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
