/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * params.h - what a question can be told, from the command line or by HTTP
 *
 * One table: the options of the commands, the parameters of the interface, the
 * help and the OpenAPI text are all made of it.
 */
#ifndef FRAUDSINK_STATS_PARAMS_H
#define FRAUDSINK_STATS_PARAMS_H

#include <stddef.h>

#include "stats/ask.h"

enum {
	PARAM_TIME = 1,    /* since, until */
	PARAM_BY = 2,      /* by */
	PARAM_LIMIT = 4,   /* limit */
	PARAM_WOULD = 8,   /* would */
	PARAM_FILTER = 16, /* feed, category, group, country */
	PARAM_HOST = 32,   /* host */
	PARAM_STEP = 64,   /* step */
	PARAM_LISTS = 128, /* lists */
	PARAM_MONTH = 256, /* month */
	PARAM_CARDS = 512, /* limits for cards */
	PARAM_ROLE = 1024, /* role */
};

struct param {
	const char *name;
	unsigned use;      /* PARAM_..., of the questions that have it */
	const char *value; /* what it is, in capitals; NULL: a flag */
	const char *help;
	const char *type;           /* of JSON schema */
	const char *const *choices; /* NULL-terminated; NULL: none */
	bool local;                 /* not by HTTP */
	/* NULL, or what is wrong with TEXT (which must outlive A). */
	const char *(*set)(struct ask *a, const char *text);
};

extern const struct param params[];
extern const size_t params_n;

/* The parameter NAME among those of USE; NULL if there is none. */
const struct param *param_find(unsigned use, const char *name);

/* Sets the parameter P of A; FSK_EINVAL, and a sentence, if TEXT is no value.
 */
int param_set(const struct param *p, struct ask *a, const char *text,
    struct fsk_error *err);

/* The dimension called by WORD, as one or many. */
bool param_dimension(const char *word, bool many, enum ask_dimension *d);

/* The words for --by, and of `top`. */
extern const char *const param_ones[], *const param_manies[];

#endif
