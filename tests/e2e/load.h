/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load.h - several clients that ask the same names at the same moments
 *
 * Each client is an address with sockets of its own.  Names are drawn at
 * random, and each is asked by all clients one directly after the other; so
 * many questions are on their way at any time as LOAD_WINDOW, and nothing is
 * asked twice: what is not answered is lost.
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
	uint64_t queries; /* how many, all clients together */
	/* Says what is wrong with the answer that CLIENT got for NAME, which
	 * was asked at ASKED (now_ms()); NULL: nothing. */
	const char *(*wrong)(void *arg, unsigned name, unsigned client,
	    long asked, const struct reply *r);
	/* Called now and then between two answers; may be NULL. */
	void (*meanwhile)(void *arg, uint64_t answered);
	void *arg;
};

/* Asks; fails the test at the first answer that is wrong, and if one is lost.
 */
void load_run(const struct load *l);

/* How many queries a test with load asks: FEW, or with FRAUDSINK_TEST_LONG
 * in the environment MANY; less of either under sanitizers. */
uint64_t load_size(uint64_t few, uint64_t many);

#endif
