/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd.h - the commands of fraudsink-feeds, one file each
 */
#ifndef FRAUDSINK_FEEDS_CMD_H
#define FRAUDSINK_FEEDS_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "lib/db.h"

#define CONF_DEFAULT "/etc/fraudsink/feeds.conf"

/* Exit statuses; lookup gives 0 where a name is listed and 1 where none is. */
#define EXIT_FOUND 0
#define EXIT_NONE  1
#define EXIT_ERROR 2

#define QTYPE_A 1 /* what is asked for where nobody says */

/* Each command gets the arguments from its own name on and returns the exit
 * status of the program. */
int cmd_build(int argc, char **argv);
int cmd_lookup(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_sync(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_rollback(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_bypass(int argc, char **argv);
int cmd_shadow(int argc, char **argv);

/* Reads feeds.conf from PATH, for conf_free(); NULL after telling what is wrong
 * with it. */
struct conf *read_conf(const char *path);

/* Prints "fraudsink-feeds: " and the sentence to standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, then where help is to be found; returns EXIT_ERROR. */
int usage_error(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads a whole number from LEAST to MOST out of TEXT; false if it is none. */
bool read_number(
    const char *text, uint64_t least, uint64_t most, uint64_t *out);

/* "2026-10-31" from days since 1970-01-01, and back. */
char *day_text(uint32_t day, char text[static 16]);
bool read_day(const char *text, uint32_t *day);

/* Words for enumerations. */
const char *match_word(enum fsk_match_kind match);
const char *severity_word(enum fsk_severity severity);
const char *action_word(const struct fsk_attr *attr);

/* Flushes standard output; EXIT_ERROR if that fails, else STATUS. */
int finish_output(int status);

#endif
