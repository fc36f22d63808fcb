/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * procs.h - programs that tests start, and their end
 *
 * procs_main() makes three layers: a guardian, which does nothing but wait; the
 * test runner; and a process for each test (Check forks it), whose children are
 * the servers.  A server dies with the test that started it, however that ends,
 * and when the runner is gone the guardian ends what is left and removes the
 * folder.  Servers must be started from a test's main thread.
 */
#ifndef FRAUDSINK_TESTS_PROCS_H
#define FRAUDSINK_TESTS_PROCS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Runs the suites under the guardian; returns the exit status for main().
 * FRAUDSINK_TEST_KEEP in the environment keeps the folder. */
int procs_main(Suite *(*make_suite)(void));

/* The same for suites that start neither Unbound nor our programs. */
int procs_guard(Suite *(*make_suite)(void));

/* The folder of this run; each test makes its own in it. */
const char *procs_folder(void);

/* ---- time ---- */

/* Milliseconds of the monotonic clock. */
long now_ms(void);

/* Milliseconds that a deadline of MS has here: more under sanitizers. */
long patience(long ms);

/* Gives others the processor for a moment, between two polls. */
void breathe(void);

/* ---- sanitizers ---- */

enum procs_san { SAN_NONE, SAN_ADDRESS, SAN_THREAD };
enum procs_san procs_san(void);

/* ---- processes ---- */

struct proc {
	pid_t pid; /* 0: none */
	char log[256];
};

/* Starts ARGV with the NAME=VALUE strings of ENV (both end with NULL, ENV may
 * be NULL) in addition to the environment; its output goes to the file LOG.
 * INSTRUMENTED: it loads the module, so it gets the sanitizers' runtime. */
void proc_start(struct proc *p, const char *log, const char *const argv[],
    const char *const env[], bool instrumented);

/* Whether it has ended; *STATUS as from waitpid(). */
bool proc_ended(struct proc *p, int *status);

/* Waits for its end; fails the test, with its log, after MS. */
int proc_wait(struct proc *p, long ms);

/* Runs ARGV to its end, which must be exit status WANT. */
void proc_run(const char *log, const char *const argv[], int want);

/* The whole of a file, terminated, to be freed; "" if there is none. */
char *read_text(const char *path);
void write_file(const char *path, const void *bytes, size_t len);

/* How often WHAT occurs in the file. */
unsigned occurrences(const char *path, const char *what);

/* Prints the last lines of a file to standard error. */
void show_tail(const char *path);

/* ---- addresses ---- */

/* An address on the loopback network that no other running test has. */
const char *own_address(void);

/* The same, another one: I is 1 or 2. */
const char *other_address(unsigned i);

#endif
