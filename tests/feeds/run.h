/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run.h - the built fraudsink-feeds, run as its users run it
 */
#ifndef FRAUDSINK_TESTS_FEEDS_RUN_H
#define FRAUDSINK_TESTS_FEEDS_RUN_H

#include <jansson.h>
#include <stddef.h>

struct run {
	int status;      /* exit status; 128 and more: killed by a signal */
	char *out, *err; /* what it printed */
};

/* Runs fraudsink-feeds in kit_dir with the words of ARGS (cut at blanks) and
 * INPUT (NULL: none) as its standard input. */
void run_feeds(struct run *r, const char *input, const char *args);
void run_free(struct run *r);

/* The same where only the exit status counts. */
int run_status(const char *input, const char *args);

/* The same where it must succeed; returns what it printed, for free(). */
char *run_output(const char *args);

/* Writes TEXT to the file NAME in kit_dir. */
void run_file(const char *name, const char *text);

/* Reads what a run printed as one JSON value; the test fails if it is none. */
json_t *run_json(const char *text);

#endif
