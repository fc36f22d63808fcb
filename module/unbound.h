/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unbound.h - the only file that includes Unbound's headers
 *
 * They are no stable interface: struct layouts follow the version and the
 * configuration of one very build.  The set used here is small and the same
 * in all versions from 1.17 to 1.26, but for what has a name of ours below.
 */
#ifndef FRAUDSINK_MODULE_UNBOUND_H
#define FRAUDSINK_MODULE_UNBOUND_H

#include "config.h"

#include <stdbool.h>

#include "dynlibmod/dynlibmod.h"
#include "services/cache/dns.h"
#include "services/cache/rrset.h"
#include "services/mesh.h"
#include "sldns/rrdef.h"
#include "util/config_file.h"
#include "util/data/msgreply.h"
#include "util/data/packed_rrset.h"
#include "util/log.h"
#include "util/module.h"
#include "util/net_help.h"
#include "util/regional.h"
#include "util/storage/slabhash.h"

#ifndef WITH_DYNLIBMODULE
#error "this Unbound is configured without --with-dynlibmodule"
#endif

/* The background thread removes what becomes listed from Unbound's cache, whose
 * locks are nothing in a build whose workers are forked processes. */
#ifdef THREADS_DISABLED
#error "this Unbound is configured without threads"
#endif

/* Attaches to QSTATE a query of its own for QINFO, for no client in particular;
 * 0 if that cannot be.  Later versions want to know for which client. */
#define unbound_attach(qstate, qinfo, flags, newq) \
	_Generic((qstate)->env->attach_sub, unbound_attach_6 * \
		 : unbound_attach_old, unbound_attach_7 * \
		 : unbound_attach_new)( \
	    (void (*)(void))(qstate)->env->attach_sub, qstate, qinfo, flags, \
	    newq)

struct respip_client_info;
typedef int unbound_attach_6(struct module_qstate *, struct query_info *,
    uint16_t, int, int, struct module_qstate **);
typedef int unbound_attach_7(struct module_qstate *, struct query_info *,
    struct respip_client_info *, uint16_t, int, int, struct module_qstate **);

static inline int
unbound_attach_old(void (*f)(void), struct module_qstate *qstate,
    struct query_info *qinfo, uint16_t flags, struct module_qstate **newq)
{
	return ((unbound_attach_6 *)f)(qstate, qinfo, flags, 0, 0, newq);
}

static inline int
unbound_attach_new(void (*f)(void), struct module_qstate *qstate,
    struct query_info *qinfo, uint16_t flags, struct module_qstate **newq)
{
	return ((unbound_attach_7 *)f)(qstate, qinfo, NULL, flags, 0, 0, newq);
}

/* Whether a question of QCLASS may be answered with names of the class IN,
 * which lists are about. */
static inline bool
asks_for_names(uint16_t qclass)
{
	return qclass == LDNS_RR_CLASS_IN || qclass == LDNS_RR_CLASS_ANY;
}

#endif
