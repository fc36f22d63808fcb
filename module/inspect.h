/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inspect.h - what an answer leads to
 *
 * A name that is not listed may be an alias of one that is, or have a listed
 * address.  The policy says whether that counts; where it says nothing of it,
 * nothing is looked at.
 */
#ifndef FRAUDSINK_MODULE_INSPECT_H
#define FRAUDSINK_MODULE_INSPECT_H

#include <stdbool.h>

#include "lib/handle.h"
#include "lib/verdict.h"
#include "module/places.h"
#include "module/unbound.h"

/* Looks at the answer section of REP, the answer to Q: the targets of aliases
 * and of service bindings, addresses, and the addresses within service bindings
 * (RFC 9460 section 7.3).  PLACES may be NULL.  True with the verdict in *V
 * where something in it is listed; *TOUCHED is set where something is for
 * somebody, so that the answer must not be given to others from a cache. */
bool inspect_answer(const struct fsk_list *list, const struct places *places,
    const struct fsk_question *q, const struct reply_info *rep,
    struct fsk_verdict *v, bool *touched);

/* Whether the policy of DB lets answers be looked at at all. */
bool inspect_wanted(const struct fsk_db *db);

#endif
