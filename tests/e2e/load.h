/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load.h - several clients that ask the same names at the same moments
 *
 * Each client is an address with sockets of its own.  Names are drawn at
 * random, and each is asked by all clients one directly after the other; so
 * many questions are on their way at any time as LOAD_WINDOW, and nothing is
 * asked twice: what is not answered is lost.  Meanwhile something can be
 * changed, with the load going on.
 */
#ifndef FRAUDSINK_TESTS_LOAD_H
#define FRAUDSINK_TESTS_LOAD_H

#include "tests/e2e/world.h"

#define LOAD_WINDOW  128
#define LOAD_CLIENTS 8

struct load {
	struct world *w;
	const char *const *name; /* "#" is replaced by a number, ever another */
	unsigned names;
	const char *const *client; /* addresses, up to LOAD_CLIENTS */
	unsigned clients;
	uint64_t queries; /* how many at least, all clients together */
	/* Says what is wrong with the answer that CLIENT got for NAME; NULL:
	 * nothing.  The last change that began is the one with number CHANGE
	 * (0: none yet).  Unless it was IN_FORCE when the question was asked,
	 * what held before it is right, too. */
	const char *(*wrong)(void *arg, unsigned name, unsigned client,
	    unsigned change, bool in_force, const struct reply *r);
	/* Makes change N and returns when it is in force; in a thread of its
	 * own, one after the other.  The load lasts until all are made. */
	void (*change)(void *arg, unsigned n);
	unsigned changes; /* how many; 0: `change` may be NULL */
	void *arg;
};

/* Asks; fails the test at the first answer that is wrong, and if one is lost.
 * Prints how many answers were right. */
void load_run(const struct load *l);

/* How many queries a test with load asks: FEW, or with FRAUDSINK_TEST_LONG
 * in the environment MANY; less of either under sanitizers. */
uint64_t load_size(uint64_t few, uint64_t many);

#endif
