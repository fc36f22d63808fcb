/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy.h - who gets which answer
 *
 * The policy of a database is one section of it (FORMAT.md section 11), made
 * by the tool and only looked at here.  It knows
 *
 *   classes    what entries have in common that decides about their answer;
 *              each attribute set names one
 *   groups     of clients; group 0 is everyone who is in no other.  For each
 *              group and class there is an answer, or the query passes.  A
 *              group may have a list of its own, a small database of entries
 *              that block or allow for its clients only
 *   networks   which prefixes belong to which groups, each at all times or by
 *              a schedule.  Schedules are intervals of absolute time, so that
 *              time zones were the tool's to know
 *   addresses  of answers: prefixes that are listed.  The entry behind one is
 *              found like a URL, under "ip:PREFIX", "country:CC", "asn:NUMBER"
 *
 * As with the database, all is checked at open; afterwards nothing can fail,
 * and nothing allocates or locks.
 */
#ifndef FRAUDSINK_POLICY_H
#define FRAUDSINK_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/db.h"
#include "lib/err.h"
#include "lib/prefix.h"

#define FSK_POLICY_TYPES_MAX 8      /* query types that a class can name */
#define FSK_ANSWER_PASS      0xffff /* in place of an answer: resolve */
#define FSK_NO_SCHEDULE      0xffff

/* What a class says besides its answers. */
struct fsk_class {
	bool aliases;    /* an alias that leads to the entry counts as listed */
	bool types_only; /* it is only for these query types: */
	unsigned ntypes;
	uint16_t type[FSK_POLICY_TYPES_MAX];
};

/* What is done about listed names that are signed, for clients that would see
 * it (DO bit). */
enum fsk_signed {
	FSK_SIGNED_ANSWER = 0,   /* as all others: unsigned */
	FSK_SIGNED_SERVFAIL = 1, /* SERVFAIL, with EDE */
	FSK_SIGNED_PASS = 2,     /* resolve */
};

/* What concerns all. */
struct fsk_policy_settings {
	bool trust_ecs;       /* the client is who ECS (RFC 7871) says */
	bool look_at_answers; /* `addresses` or places are listed */
	bool look_at_places;  /* countries or networks are listed */
	bool look_at_servers; /* addresses of name servers are listed */
	enum fsk_signed if_signed;
	/* "" where there is none. */
	const char *country_db, *asn_db; /* paths of MMDB files */
	const char *contact;             /* URIs with blanks between */
	const char *organisation;        /* for EDE's JSON */
	const char *incidents;           /* the database of its case numbers */
};

struct fsk_policy; /* an open policy */

/* Opens the LEN octets at BYTES, which must stay; for a database with the key
 * KEY and ANSWERS answers.  FSK_ECORRUPT or FSK_ENOMEM. */
int fsk_policy_open(struct fsk_policy **p, const uint8_t *bytes, size_t len,
    const uint8_t *key, uint32_t answers, struct fsk_error *err);
void fsk_policy_close(struct fsk_policy *p);

const struct fsk_policy_settings *fsk_policy_settings(
    const struct fsk_policy *p);

uint32_t fsk_policy_groups(const struct fsk_policy *p);
uint32_t fsk_policy_classes(const struct fsk_policy *p);
const char *fsk_policy_group_name(const struct fsk_policy *p, unsigned group);
const struct fsk_class *fsk_policy_class(
    const struct fsk_policy *p, unsigned class);

/* The group of the client ADDR at NOW (seconds since 1970-01-01). */
unsigned fsk_policy_group(const struct fsk_policy *p,
    const uint8_t addr[static FSK_ADDR_LEN], int64_t now);

/* Whether nothing is blocked for GROUP. */
bool fsk_policy_off(const struct fsk_policy *p, unsigned group);

/* The group's own list, NULL if it has none; and the list of all names that
 * some group's list blocks, for who must know which names matter to anybody. */
const struct fsk_db *fsk_policy_list(
    const struct fsk_policy *p, unsigned group);
const struct fsk_db *fsk_policy_any(const struct fsk_policy *p);

/* The answer for GROUP and CLASS: a row of the database's answers or
 * FSK_ANSWER_PASS. */
uint16_t fsk_policy_answer(
    const struct fsk_policy *p, unsigned group, unsigned class);

/* Whether some group's list lets names pass. */
bool fsk_policy_allows(const struct fsk_policy *p);

/* Whether two clients may get different answers to one question. */
bool fsk_policy_differs(const struct fsk_policy *p);

/* Whether there is a class to which aliases count. */
bool fsk_policy_aliases(const struct fsk_policy *p);

/* The listed prefix that holds ADDR: how many bits of it; -1 if none does.  The
 * second is about the addresses of name servers ("nsip:PREFIX"). */
int fsk_policy_address(
    const struct fsk_policy *p, const uint8_t addr[static FSK_ADDR_LEN]);
int fsk_policy_server(
    const struct fsk_policy *p, const uint8_t addr[static FSK_ADDR_LEN]);

/* ---- making one ---- */

struct fsk_policy_spec {
	struct fsk_policy_settings settings;
	uint32_t groups; /* at least 1 */
	const struct fsk_group_spec {
		const char *name;
		bool off;
		const void *list; /* a whole database; NULL: none */
		size_t list_len;
	} * group;
	const void *any; /* a whole database; NULL if no group blocks names */
	size_t any_len;
	uint32_t classes;
	const struct fsk_class *class;
	const uint16_t *answer; /* [group * classes + class] */
	/* A value is the number of a place, plus 1. */
	const struct fsk_prefixes *networks;
	uint32_t places;
	const struct fsk_place {
		uint32_t first, n; /* of memberships, the first that is active
				      counts */
	} * place;
	uint32_t memberships;
	const struct fsk_membership {
		uint16_t group, schedule;
	} * membership;
	uint32_t schedules;
	const struct fsk_schedule {
		uint32_t first, n; /* of intervals, in order */
	} * schedule;
	uint32_t intervals;
	const struct fsk_interval {
		int64_t from, to; /* seconds since 1970-01-01, TO excluded */
	} * interval;
	/* Of which values do not matter. */
	const struct fsk_prefixes *addresses, *servers;
};

/* Makes the policy's octets of SPEC, for free(); NULL when out of memory. */
uint8_t *fsk_policy_pack(const struct fsk_policy_spec *spec, size_t *len);

#endif
