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

#include "feeds/parse.h"
#include "lib/db.h"

#define CONF_UNSET UINT64_MAX

struct conf_list {
	char **at;
	size_t n;
};

enum conf_trust { TRUST_LOW, TRUST_NORMAL, TRUST_HIGH };

/* What is answered; CONF_UNSET or NULL where the next wider one decides. */
struct conf_answer {
	uint64_t severity; /* 0 red, 1 yellow */
	uint64_t action;   /* 0 nxdomain, 1 nodata, 2 sinkhole */
	char *sinkhole;    /* addresses, separated by commas */
	uint64_t ttl;
	uint64_t minimum_feeds;
};

/* A section "feed" or "allow". */
struct conf_feed {
	char *name;
	unsigned line;
	bool allow, enabled;
	char *url, *server, *zone;
	const struct parse_format *format; /* NULL: told from the content */
	char *format_name, *column, *only;
	uint64_t match; /* 0 subtree, 1 exact, 2 below */
	char *category;
	struct conf_answer answer;
	uint64_t trust;
	bool subtree; /* allow: un-blocks what is listed below, too */
	/* Secrets: where they are, never what they are. */
	char *secret_file, *secret_env, *secret_header, *secret_query;
	char *tsig_name, *tsig_algorithm;
	char *proxy, *ca_file;
	uint64_t interval, timeout, max_size; /* s, s, octets */
	uint64_t min_names, max_shrink, max_growth,
	    max_bad;                   /* names, percent */
	uint64_t max_age, stale_after; /* s, 0: never */
};

/* A section "category" of the policy. */
struct conf_category {
	char *name;
	struct conf_answer answer;
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
	struct conf_list protected_files, own_names, shared_files;
	struct conf_list good, bad; /* canaries */
	struct conf_list hooks;
	struct conf_answer policy;
	struct conf_category *categories;
	size_t ncategories;
	struct conf_feed *feeds; /* both kinds, in order */
	size_t nfeeds;
};

/* Reads the file PATH.  Returns NULL after telling TELL each fault ("FILE:LINE:
 * what"), and how many there were in *FAULTS. */
struct conf *conf_read(const char *path,
    void (*tell)(void *arg, const char *fault), void *arg, unsigned *faults);

/* Frees C, which may be NULL. */
void conf_free(struct conf *c);

/* The answer for a feed: what it says itself, else its category's, else the
 * policy's.  Addresses stay texts; conf_read() has checked them. */
struct conf_answer conf_answer_of(
    const struct conf *c, const struct conf_feed *f);

/* The feed called NAME, or NULL. */
const struct conf_feed *conf_feed(const struct conf *c, const char *name);

/* Reads "90", "6h", "30m", "2d" as seconds, "512M", "1G" as octets; false if
 * TEXT is none. */
bool conf_duration(const char *text, uint64_t *seconds);
bool conf_size(const char *text, uint64_t *octets);

#endif
