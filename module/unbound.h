/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unbound.h - the only file that includes Unbound's headers
 *
 * They are no stable interface: struct layouts follow the version and the
 * configuration of one very build.  The set used here is small and the same
 * in all versions from 1.17 to 1.26.
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

/* Whether a question of QCLASS may be answered with names of the class IN,
 * which lists are about. */
static inline bool
asks_for_names(uint16_t qclass)
{
	return qclass == LDNS_RR_CLASS_IN || qclass == LDNS_RR_CLASS_ANY;
}

#endif
