/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verdict.h - what is to be done about a name, for whom
 *
 * A pure function of the database, the bypasses and the question.  The
 * resolver and the tools ask the same function, so what a tool explains is
 * what happens.  In this order, the first that says something decides:
 *
 *   1. a bypass for the name, the client or its group: resolve
 *   2. the client's group is `off`: resolve
 *   3. the list of the client's group, if that covers the name
 *   4. the list of all: the entry with the most labels; at equal labels allow
 *      beats block, then exact beats the rest
 *   5. the entry's class is for other query types: resolve
 *   6. the answer for the group and the class; an alias to the name itself
 *      is none: resolve
 */
#ifndef FRAUDSINK_VERDICT_H
#define FRAUDSINK_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bypass.h"
#include "lib/db.h"

struct fsk_question {
	struct fsk_query q; /* the name, made with the database's key */
	uint16_t qtype;
	const uint8_t *client; /* 16 octets (prefix.h); NULL: nobody */
	int64_t now;           /* seconds since 1970-01-01 */
};

/* What decided. */
enum fsk_reason {
	FSK_NOT_LISTED,
	FSK_BYPASSED,
	FSK_GROUP_OFF,
	FSK_ALLOWED,    /* by an entry that allows */
	FSK_OTHER_TYPE, /* the entry is for other query types */
	FSK_PASSED,     /* listed, but the answer is to resolve */
	FSK_LISTED,     /* listed, and *answer is what to do */
};

struct fsk_verdict {
	bool block; /* answer with *answer; else resolve */
	bool would; /* resolve, but count it as blocked */
	/* The name matters to someone: what is resolved for it must not be
	 * answered to others from a cache. */
	bool touched;
	enum fsk_reason reason;
	unsigned group; /* 0 where the name concerns no group */
	const struct fsk_answer *answer; /* where block or would */
	/* The entry behind it, where it is covered, and the database that it is
	 * in: that of the question, or the group's list. */
	const struct fsk_db *db;
	struct fsk_found found;
};

/* Decides about Q.  BYPASSES may be NULL. */
void fsk_verdict(const struct fsk_db *db, const struct fsk_bypasses *bypasses,
    const struct fsk_question *q, struct fsk_verdict *v);

/* The same for an alias on the way to Q's name: only entries of the list of all
 * whose class says so count (fsk_class.aliases), unless the list of the group
 * lets the name pass.  `touched` where there is such an entry. */
void fsk_verdict_alias(const struct fsk_db *db,
    const struct fsk_bypasses *bypasses, const struct fsk_question *q,
    struct fsk_verdict *v);

/* The same for the attribute set ATTR of a listed address or place that was
 * found in the answer to Q. */
void fsk_verdict_attr(const struct fsk_db *db,
    const struct fsk_bypasses *bypasses, const struct fsk_question *q,
    uint32_t attr, struct fsk_verdict *v);

/* Whether two clients may get different verdicts on one name. */
bool fsk_verdict_differs(
    const struct fsk_db *db, const struct fsk_bypasses *bypasses);

#endif
