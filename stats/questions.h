/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * questions.h - the questions by name, as commands and as paths
 */
#ifndef FRAUDSINK_STATS_QUESTIONS_H
#define FRAUDSINK_STATS_QUESTIONS_H

#include "stats/params.h"

struct question {
	const char *name;
	const char *argument;       /* what follows it; NULL: nothing */
	const char *const *choices; /* of the argument; NULL: any text */
	const char *summary;        /* a few words */
	const char *help;           /* sentences */
	unsigned params;            /* PARAM_... */
	const char *(*take)(struct ask *a, const char *argument);
	int (*run)(struct ask *a, struct store *s, struct answers *as,
	    struct fsk_error *err);
};

extern const struct question questions[];
extern const size_t questions_n;

/* NULL if there is none. */
const struct question *question_find(const char *name);

/* Takes the argument of Q; FSK_EINVAL, and a sentence, if it is none. */
int question_take(const struct question *q, struct ask *a, const char *argument,
    struct fsk_error *err);

/* Opens the store of a->c, answers, and notes whether there is nothing. */
int question_run(const struct question *q, struct ask *a, struct answers *as,
    struct fsk_error *err);

#endif
