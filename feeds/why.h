/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * why.h - a verdict with all that led to it
 */
#ifndef FRAUDSINK_FEEDS_WHY_H
#define FRAUDSINK_FEEDS_WHY_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/url_listed.h"
#include "lib/ede.h"
#include "lib/policy.h"
#include "lib/prefix.h"
#include "lib/verdict.h"

#define WHY_ENTRIES 16 /* of those that stand at the name or above it */

struct why_entry {
	const struct fsk_db *db;
	bool own;  /* it is in the group's list */
	bool wins; /* it decides */
	uint32_t attr;
	unsigned labels; /* of the entry's name, a suffix of the queried one */
};

struct why {
	const struct fsk_db *db;
	const char *name; /* or URL, as asked */
	/* Of a URL: where it is listed, which the resolver does not look at;
	 * its name is the host. */
	const struct url_listed *url;
	struct fsk_question q;
	bool has_client;
	uint8_t client[FSK_ADDR_LEN];
	const struct fsk_bypass *bypass; /* that lets it pass */
	const char *group;               /* "": none */
	bool off;                        /* nothing is blocked for the group */
	struct why_entry entry[WHY_ENTRIES]; /* the most exact first */
	unsigned entries;
	struct fsk_verdict v; /* what the resolver's own function says */
	char text[FSK_EDE_TEXT_MAX + 1]; /* of EDE, where it blocks */
};

/* The words for V's reason. */
const char *why_reason(const struct fsk_verdict *v);

/* What the client gets, in a sentence; returns TEXT. */
#define WHY_ANSWER 1024
char *why_answer(const struct why *w, char text[static WHY_ANSWER]);

/* What may change that when the real answer is there, which the question alone
 * does not tell; "" if nothing.  Returns TEXT. */
char *why_unless(const struct why *w, char text[static WHY_ANSWER]);

#endif
