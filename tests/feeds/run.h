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

/* A run that goes on. */
struct run_on {
	int pid; /* 0: it has ended */
	int out, err;
};

/* Starts one, with the NAME=VALUE strings of ENV (ends with NULL; may be NULL)
 * in addition to the environment. */
void run_start(
    struct run_on *p, const char *input, const char *args, const char *env[]);

/* What it has printed to standard error so far, for free(). */
char *run_said(const struct run_on *p);

/* Waits until it has said TEXT; the test fails if it ends before. */
void run_until(struct run_on *p, const char *text);

/* Waits for its end; for run_free(). */
void run_end(struct run_on *p, struct run *r);

/* The same where only the exit status counts. */
int run_status(const char *input, const char *args);

/* The same where it must succeed; returns what it printed, for free(). */
char *run_output(const char *args);

/* Writes TEXT to the file NAME in kit_dir. */
void run_file(const char *name, const char *text);

/* Reads what a run printed as one JSON value; the test fails if it is none. */
json_t *run_json(const char *text);

#endif
