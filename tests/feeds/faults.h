/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * faults.h - the faults of a configuration, collected
 */
#ifndef FRAUDSINK_TESTS_FEEDS_FAULTS_H
#define FRAUDSINK_TESTS_FEEDS_FAULTS_H

#define FAULTS_MAX 64

struct faults {
	unsigned n;
	char text[FAULTS_MAX][1200]; /* without the path of the file */
};

/* A tell() for struct faults. */
void faults_tell(void *arg, const char *fault);

/* Fails the test unless one of F begins with LINE (0: has none) and holds
 * WHAT. */
void faults_has(const struct faults *f, unsigned line, const char *what);

/* Fails the test, with all of them, unless there are N. */
void faults_count(const struct faults *f, unsigned n);

#endif
