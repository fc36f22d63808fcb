/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verdict.h - what is to be done about a name
 *
 * A pure function of the database and the question.  The resolver and the
 * tools ask the same function, so what a tool explains is what happens.
 */
#ifndef FRAUDSINK_VERDICT_H
#define FRAUDSINK_VERDICT_H

#include <stdbool.h>

#include "lib/db.h"

struct fsk_verdict {
	bool block; /* answer with *answer; else resolve */
	const struct fsk_answer
	    *answer;            /* where block; as long as the database */
	struct fsk_found found; /* the entry behind it, where covered */
};

/* Decides about Q, made with DB's key. */
void fsk_verdict(
    const struct fsk_db *db, const struct fsk_query *q, struct fsk_verdict *v);

#endif
