/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export.h - a database in the forms of other resolvers
 *
 * In a database the entry with the most labels decides, and a name may have
 * entries for itself alone, for what is below it, or for both.  Most forms can
 * say less.  So a format is not given entries but names, with what holds for
 * the name itself and what for the names below it, and what would hold without
 * them because of what was written of the names above.  It writes what makes
 * the difference, and tells what then holds below the name as far as its form
 * could say.  What the form cannot say is counted and told.
 */
#ifndef FRAUDSINK_FEEDS_EXPORT_H
#define FRAUDSINK_FEEDS_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/db.h"

/* What holds for a name. */
struct export_rule {
	enum export_effect {
		EXPORT_NONE, /* no entry covers it */
		EXPORT_PASS, /* it is resolved because an entry says so */
		EXPORT_BLOCK,
	} effect;
	/* Where it is blocked, and the format tells answers; else NULL. */
	const struct fsk_answer *answer;
	unsigned level; /* adblock: how strong a rule must be to change it */
};

/* A name with entries. */
struct export_name {
	const uint8_t *wire;
	size_t len;
	unsigned labels;
	struct export_rule above; /* what would hold for it, and below it */
	struct export_rule self, below;
};

/* What a format cannot say. */
enum export_loss {
	LOST_TYPES,   /* only some query types are blocked */
	LOST_TCP,     /* clients are only sent to TCP */
	LOST_ANSWER,  /* answered otherwise, but blocked */
	LOST_BELOW,   /* what is below the name */
	LOST_ALONE,   /* other things for a name than for what is below */
	LOST_ALLOW,   /* that a name is allowed */
	LOST_NESTED,  /* exceptions in exceptions in exceptions */
	LOST_OCTETS,  /* names with such octets */
	LOST_LONG,    /* names so long */
	LOST_TRIGGER, /* names that mean something else there */
	LOST_CHECKED, /* nothing, but a server may refuse it */
	EXPORT_LOSSES
};

struct export_run {
	const struct fsk_db *db;
	const struct export_format *format;
	FILE *to; /* of formats that are text */
	int fd;   /* of the others */
	uint64_t serial;
	struct fsk_name zone;
	bool ttl_given;
	uint32_t ttl;
	uint64_t lost[EXPORT_LOSSES];
	void *state; /* the format's */

	/* Of the name at hand and those above it, by their labels: what holds
	 * below, and whether the format has something of the name in the file;
	 * that is for the format to say, if it wants to know. */
	struct export_rule holds[FSK_LABELS_MAX + 1];
	bool wrote[FSK_LABELS_MAX + 1];
};

struct export_format {
	const char *name;
	bool binary;   /* is for a file, whose descriptor it gets */
	bool has_zone; /* knows what --zone is about */
	bool has_ttl;  /* and --ttl */
	bool has_tcp;  /* can send clients to TCP */
	/* Whether it can tell A; all others are as NXDOMAIN to it.  NULL: it
	 * tells no answers. */
	bool (*answers)(const struct fsk_answer *a);
	/* Begins a file.  May be NULL. */
	int (*begin)(struct export_run *x, struct fsk_error *err);
	/* Returns what then holds below N; writes what N makes different if
	 * WRITE.  Each name is written once, but asked about for each name
	 * below it. */
	struct export_rule (*name_rules)(
	    struct export_run *x, const struct export_name *n, bool write);
	/* Ends the file, or, not GOOD, frees what begin() made.  May be
	 * NULL. */
	int (*end)(struct export_run *x, bool good, struct fsk_error *err);
};

/* Each in the file of its kind, export_KIND.c. */
extern const struct export_format export_rpz, export_hosts, export_domains,
    export_wildcard, export_adblock, export_dnsmasq, export_unbound, export_cdb;

/* ---- what formats share ---- */

/* Whether A and B are the same. */
bool export_same(const struct export_rule *a, const struct export_rule *b);

/* The same where it does not matter why a name is resolved. */
bool export_alike(const struct export_rule *a, const struct export_rule *b);

/* Counts a loss if the name is to be written. */
void export_lose(struct export_run *x, enum export_loss loss, bool write);

/* Writes WIRE to TEXT and returns true if it consists of letters, digits, '-'
 * and '_': what forms without escapes can carry. */
bool export_plain(const uint8_t *wire, char text[static FSK_TEXT_MAX]);

/* Of records for A: the user's TTL, or the answer's. */
uint32_t export_ttl(const struct export_run *x, const struct fsk_answer *a);

/* Calls EACH with the text of each address of A, and whether it is IPv6. */
void export_addresses(const struct fsk_answer *a,
    void (*each)(void *arg, const char *address, bool v6), void *arg);

/* Whether A is addresses, and there are any. */
bool export_is_sinkhole(const struct fsk_answer *a);

#endif
