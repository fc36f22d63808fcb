/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clickhouse.h - a ClickHouse server of a test's own, on loopback
 */
#ifndef FRAUDSINK_TESTS_CLICKHOUSE_H
#define FRAUDSINK_TESTS_CLICKHOUSE_H

#include <stdbool.h>
#include <sys/types.h>

struct server {
	char dir[400];
	unsigned http, tcp; /* ports */
	pid_t pid;          /* 0: it does not run */
};

/* Whether the package is there; tells what is skipped if not. */
bool server_is_there(void);

/* Prepares N servers in kit_dir, of which a cluster "both" is made. */
void server_prepare(struct server *s, unsigned n);

/* Starts it and waits until it answers. */
void server_start(struct server *s);

/* Ends it by SIGNAL and waits for its end. */
void server_end(struct server *s, int signal);

#endif
