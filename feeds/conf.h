/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf.h - feeds.conf
 *
 * conf_read() reads and checks all of a file: every wrong option, value and
 * combination is told at once, each with its line, and then nothing of the file
 * is used.  What is not said has its default here.
 */
#ifndef FRAUDSINK_FEEDS_CONF_H
#define FRAUDSINK_FEEDS_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feeds/options.h"
#include "feeds/parse.h"
#include "lib/db.h"

enum conf_trust { TRUST_LOW, TRUST_NORMAL, TRUST_HIGH };

/* What is answered; OPTION_UNSET, NULL or empty where the next wider one
 * decides. */
struct conf_answer {
	uint64_t severity; /* 0 red, 1 yellow */
	uint64_t action;   /* enum fsk_action */
	char *sinkhole;    /* addresses, separated by commas */
	char *cname;
	uint64_t ttl;
	uint64_t ede; /* its place in "none forged blocked censored filtered" */
	char *ede_text, *soa_mname, *soa_rname;
	struct option_texts types; /* query types; none: all */
	uint64_t aliases;          /* 0 no, 1 yes */
	uint64_t minimum_feeds;
};

/* A section "feed" or "allow". */
struct conf_feed {
	struct section_head head;
	bool allow, enabled;
	char *url, *server, *zone;
	const struct parse_format *format; /* NULL: told from the content */
	char *format_name, *column, *only;
	uint64_t match; /* enum fsk_match_kind */
	char *category;
	struct conf_answer answer;
	uint64_t trust;
	bool subtree;   /* allow: un-blocks what is listed below, too */
	bool addresses; /* its addresses count in answers */
	char *authority, *legal_basis, *contact, *case_number;
	/* Secrets: where they are, never what they are. */
	char *secret_file, *secret_env, *secret_header, *secret_query;
	char *tsig_name, *tsig_algorithm;
	char *proxy, *ca_file;
	uint64_t interval, timeout, max_size; /* s, s, octets */
	uint64_t min_names, max_shrink, max_growth,
	    max_bad;                   /* names, percent */
	uint64_t max_age, stale_after; /* s, 0: never */
};

/* A section that says the answer for a category, a severity or a feed. */
struct conf_part {
	struct section_head head;
	struct conf_answer answer;
};

/* Names that the operator lists himself, with an answer that nothing
 * overrides. */
struct conf_rule {
	struct section_head head;
	struct option_texts names, files;
	struct option_texts prefixes, countries, networks; /* of answers */
	uint64_t match;
	char *category, *case_number, *authority, *legal_basis, *contact;
	struct conf_answer answer;
};

struct conf_group {
	struct section_head head;
	struct option_texts prefixes, prefix_files;
	char *time, *timezone;
	bool off;
	struct option_texts block, allow, block_files, allow_files;
	struct conf_answer answer;
	struct section_list categories, severities, feeds; /* conf_part */
};

struct conf_policy {
	struct section_head head;
	struct conf_answer answer;
	char *organisation, *contact, *incidents;
	uint64_t if_signed; /* enum fsk_signed */
	bool trust_ecs;
	char *country_db, *asn_db;
	struct section_list categories, severities; /* conf_part */
	struct section_list rules;                  /* conf_rule */
	struct section_list groups;                 /* conf_group */
};

struct conf {
	char *path;
	char *database, *state;
	uint64_t memory, threads; /* octets; 0: one a processor */
	uint64_t generations, parallel, redirects, retries;
	uint64_t connect_timeout, low_speed, low_speed_time;
	bool secret; /* keep no names */
	char *user_agent, *proxy, *ca_file;
	uint64_t protected_rank, protected_feeds;
	struct option_texts protected_files, own_names, shared_files;
	struct option_texts good, bad; /* canaries */
	struct option_texts hooks;
	struct conf_policy policy;
	struct section_list feed_list, allow_list;
	struct conf_feed *feeds; /* of both, in order; borrowed texts */
	size_t nfeeds;
};

/* Reads the file PATH.  Returns NULL after telling TELL each fault ("FILE:LINE:
 * what"), and how many there were in *FAULTS. */
struct conf *conf_read(const char *path,
    void (*tell)(void *arg, const char *fault), void *arg, unsigned *faults);

/* Frees C, which may be NULL. */
void conf_free(struct conf *c);

/* The answer for what the feed F lists (NULL: for RULE) and, unless GROUP is
 * NULL, for the clients of GROUP: of the sections that say something the most
 * exact one.  Texts are C's; conf_read() has checked them. */
struct conf_answer conf_answer_of(const struct conf *c,
    const struct conf_feed *f, const struct conf_rule *rule,
    const struct conf_group *group);

/* Where F's content comes from, for messages: without what may be a secret
 * (user, password, query); "{key}" stays as it is.  Returns TEXT. */
#define CONF_SOURCE 256
char *conf_source(const struct conf_feed *f, char text[static CONF_SOURCE]);

/* Whether F's URL, of a web server, has a place for its secret ("{key}"). */
bool conf_has_key(const struct conf_feed *f);

/* The name or address of the server that F's content comes from; returns TEXT,
 * "" where it is a file of this machine. */
char *conf_host(const struct conf_feed *f, char text[static CONF_SOURCE]);

/* The feed called NAME, or NULL. */
const struct conf_feed *conf_feed(const struct conf *c, const char *name);

#endif
