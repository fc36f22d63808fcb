/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd.h - the commands of fraudsink-stats, one file each
 */
#ifndef FRAUDSINK_STATS_CMD_H
#define FRAUDSINK_STATS_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/conf.h"

#define CONF_DEFAULT "/etc/fraudsink/stats.conf"

#define EXIT_ERROR 2

/* Each command gets the arguments from its own name on and returns the exit
 * status of the program. */
int cmd_check(int argc, char **argv);
int cmd_collect(int argc, char **argv);
int cmd_warnings(int argc, char **argv);
int cmd_init(int argc, char **argv);

/* Reads stats.conf from PATH, for conf_free(); NULL after telling what is wrong
 * with it. */
struct conf *read_conf(const char *path);

/* Prints "fraudsink-stats: " and the sentence to standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, then where help is to be found; returns EXIT_ERROR. */
int usage_error(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Flushes standard output; EXIT_ERROR if that fails, else STATUS. */
int finish_output(int status);

#endif
