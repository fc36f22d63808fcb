/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer.h - what a client gets instead of a listed name's records
 */
#ifndef FRAUDSINK_MODULE_ANSWER_H
#define FRAUDSINK_MODULE_ANSWER_H

#include "lib/ede.h"
#include "lib/verdict.h"
#include "module/unbound.h"

/* What the reply callback needs of a blocked query, in the query's region. */
struct answer {
	struct dns_msg *msg;
	/* Data of EDE options (RFC 8914): for people, and for clients that
	 * read JSON; 0 octets: none. */
	size_t text_len, json_len;
	uint8_t text[2 + FSK_EDE_TEXT_MAX];
	uint8_t json[2 + FSK_EDE_JSON_MAX];
};

/* Builds the answer that V asks for to QINFO in REGION, with all that it needs
 * of MAIN, the database of the question, copied; NULL if the region is out of
 * memory. */
struct answer *answer_build(const struct fsk_db *main,
    const struct fsk_verdict *v, const struct query_info *qinfo,
    struct regional *region);

/* Adds to A, an alias, copies in REGION of what its target resolves to; where
 * there is no memory for them, the alias stays alone. */
void answer_add(
    struct answer *a, struct reply_info *page, struct regional *region);

/* The same, but SERVFAIL whatever V asks for. */
struct answer *answer_servfail(const struct fsk_db *main,
    const struct fsk_verdict *v, const struct query_info *qinfo,
    struct regional *region);

/* Appends to OPTIONS what the client with EDNS is told of A. */
void answer_tell(const struct answer *a, const struct edns_data *edns,
    struct edns_option **options, struct regional *region);

#endif
