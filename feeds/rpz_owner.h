/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rpz_owner.h - what the owners of a response policy zone stand for; for
 * parse_rpz.c only
 *
 * "x.example.rpz." in the zone "rpz." is a policy for x.example.  Files name
 * their zone in $ORIGIN or in the SOA record, or nowhere: then a relative owner
 * is the name itself, and so is an absolute one, unless it has a label that
 * begins with "rpz" where a zone's name may begin.  An absolute owner that is
 * not in the zone is a name as well: name servers leave it out, but it is clear
 * what was meant.
 */
#ifndef FRAUDSINK_FEEDS_RPZ_OWNER_H
#define FRAUDSINK_FEEDS_RPZ_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/db.h"
#include "lib/name.h"
#include "lib/prefix.h"

struct rpz_zone {
	bool has_name, has_origin;
	bool soa;    /* the name is final */
	bool looked; /* at an absolute owner, for the zone's name */
	struct fsk_name name, origin;
};

enum rpz_what {
	RPZ_NONE, /* no owner yet */
	RPZ_APEX,
	RPZ_NAME,    /* a policy for `name` */
	RPZ_PREFIX,  /* one for `prefix` */
	RPZ_SKIPPED, /* for something else: `why` */
	RPZ_BAD,     /* `why` */
};

struct rpz_owner {
	enum rpz_what what;
	enum fsk_match_kind match;   /* FSK_EXACT, or FSK_BELOW for "*." */
	const char *why;             /* a constant */
	struct fsk_name name;        /* without the zone's; root: the apex */
	char prefix[FSK_PREFIX_KEY]; /* as parse_entry's url */
	/* With the zone's, as far as it is known; unset if it cannot be read.
	 */
	struct fsk_name whole;
};

/* Reads the name at TEXT, which a record leads to. */
void rpz_name(const struct rpz_zone *z, struct rpz_owner *o, const char *text,
    size_t len);

/* The same for the owner of a record, which may tell the zone's name. */
void rpz_owner(
    struct rpz_zone *z, struct rpz_owner *o, const char *text, size_t len);

/* The zone has a SOA record at O, which is its apex then. */
void rpz_soa(struct rpz_zone *z, struct rpz_owner *o);

/* $ORIGIN: returns NULL, or what is wrong with it (a constant). */
const char *rpz_origin(struct rpz_zone *z, const char *text, size_t len);

bool rpz_same(const struct rpz_owner *a, const struct rpz_owner *b);

#endif
