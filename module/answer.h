/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer.h - what a client gets instead of a listed name's records
 */
#ifndef FRAUDSINK_MODULE_ANSWER_H
#define FRAUDSINK_MODULE_ANSWER_H

#include "lib/verdict.h"
#include "module/unbound.h"

/* EDE INFO-CODE 15, "Blocked" (RFC 8914 section 4.16). */
#define ANSWER_EDE_CODE    15
#define ANSWER_EDE_OPTION  15 /* the EDNS option code of EDE */
#define ANSWER_EDE_TEXTMAX 64

/* What the reply callback needs of a blocked query, in the query's region. */
struct answer {
	struct dns_msg *msg;
	enum fsk_action action;
	size_t ede_len; /* octets of the option's data */
	uint8_t ede[2 + ANSWER_EDE_TEXTMAX];
};

/* Builds the answer that V asks for to QINFO in REGION, with all that it needs
 * of DB copied; NULL if the region is out of memory. */
struct answer *answer_build(const struct fsk_db *db,
    const struct fsk_verdict *v, const struct query_info *qinfo,
    struct regional *region);

#endif
