/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats.h - what the tests of stats/ share
 */
#ifndef FRAUDSINK_TESTS_STATS_H
#define FRAUDSINK_TESTS_STATS_H

#include "stats/conf.h"
#include "stats/store.h"

/* A configuration whose files lie in kit_dir, with the lines EXTRA, for
 * conf_free(); the test fails if it is none.  It stays in "stats.conf". */
struct conf *stats_conf(const char *extra);

/* The store of C, for store_close(). */
struct store *stats_open(const struct conf *c, enum store_use use);

/* Hits of what Q asks the store of C for; 0 if there is no store yet. */
uint64_t stats_hits(const struct conf *c, const struct store_query *q);

/* Fails the test unless RC is FSK_OK. */
void stats_good(int rc, const struct fsk_error *err);

/* Runs fraudsink-stats in kit_dir with the words of ARGS (cut at blanks); it
 * has ended.  Its exit status; 128 and more: killed by a signal. */
int stats_run(const char *args);

/* Starts it; its process. */
int stats_start(const char *args);

/* What the last run wrote to standard output and error; valid until the next
 * run. */
const char *stats_output(void);

#endif
