/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf.h - stats.conf
 *
 * conf_read() reads and checks all of a file: every wrong option, value and
 * combination is told at once, each with its line, and then nothing of the file
 * is used.  What is not said has its default here.
 */
#ifndef FRAUDSINK_STATS_CONF_H
#define FRAUDSINK_STATS_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_list {
	char **at;
	size_t n;
};

enum conf_store { CONF_SQLITE, CONF_CLICKHOUSE };

/* Which name a blocked query is counted under. */
enum conf_names {
	CONF_ENTRY, /* the listed one */
	CONF_QUERY, /* the one that was asked for, which may lie below */
};

/* What of a client's address an event keeps. */
enum conf_privacy {
	CONF_NOTHING,
	CONF_PREFIX,    /* its first bits */
	CONF_PSEUDONYM, /* another address, see privacy.h */
};

/* How long a key lives. */
enum conf_rotation { CONF_DAILY, CONF_CONSTANT };

struct conf_clickhouse {
	char *url, *database, *user;
	char *password_file, *password_env; /* NULL: none */
	char *cluster;                      /* NULL: one server */
	uint64_t backlog;                   /* rows that may wait for it */
};

/* Early warnings; off without groups. */
struct conf_warnings {
	struct conf_list groups;
	char *folder;
	uint64_t keep; /* seconds */
	uint64_t most; /* megabytes a day */
	/* Where orders are sent to; NULL: nowhere. */
	char *url, *certificate, *key, *ca_file;
};

struct conf {
	char *path;
	struct conf_list rings;
	char *host;     /* the resolver's name */
	uint64_t store; /* enum conf_store */
	char *database; /* SQLite's file */
	struct conf_clickhouse clickhouse;
	struct conf_warnings warnings;
	char *country_db, *asn_db; /* MMDB files; NULL: none */
	char *feeds_state;         /* fraudsink-feeds' state folder */
	uint64_t interval;         /* seconds from one batch to the next */
	char *journal;             /* see journal.h; "": none */
	/* Seconds; 0: for ever. */
	uint64_t keep_minutes, keep_hours, keep_days, keep_events;
	/* Keys of one minute, hour and day that are told apart. */
	uint64_t minute_keys, hour_keys, day_keys;
	uint64_t tracked_names;         /* of one hour or day, while it lasts */
	uint64_t hour_names, day_names; /* that stay when it is over */
	uint64_t least_hits;            /* which these must have */
	uint64_t names;                 /* enum conf_names */
	bool events;                    /* keep each of them */
	uint64_t privacy;               /* enum conf_privacy */
	uint64_t prefix4, prefix6;      /* bits */
	char *key_file;
	uint64_t sketch_key, pseudonym_key; /* enum conf_rotation */
	uint64_t sketch_precision;          /* see sketch.h */
	uint64_t least_clients;             /* behind what researchers see */
	uint64_t answer_time;               /* seconds a question, of serve */
	/* When reports give a country or group a card: hits a client and day;
	 * percent more than the month before; 0: never.  And the clients a day
	 * that it must have. */
	uint64_t card_yellow_rate, card_red_rate;
	uint64_t card_yellow_growth, card_red_growth, card_least_clients;
};

/* Reads the file PATH.  Returns NULL after telling TELL each fault ("FILE:LINE:
 * what"), and how many there were in *FAULTS. */
struct conf *conf_read(const char *path,
    void (*tell)(void *arg, const char *fault), void *arg, unsigned *faults);

/* Frees C, which may be NULL. */
void conf_free(struct conf *c);

/* Reads "90", "6h", "30m", "2d" as seconds; false if TEXT is none. */
bool conf_duration(const char *text, uint64_t *seconds);

#endif
