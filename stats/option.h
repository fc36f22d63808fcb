/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option.h - the options of a configuration as a table, and their values
 *
 * A row says what an option is called, of which kind it is, where its value
 * stands in the struct that the caller keeps, its bounds and its default.
 */
#ifndef FRAUDSINK_STATS_OPTION_H
#define FRAUDSINK_STATS_OPTION_H

#include <stddef.h>
#include <stdint.h>

enum conf_kind {
	TEXT,     /* char * */
	TEXTS,    /* struct conf_list */
	NUMBER,   /* uint64_t, as all below */
	DURATION, /* seconds */
	CHOICE,   /* its place in `choices` */
	FLAG,     /* bool */
};

struct conf_option {
	const char *name;
	enum conf_kind kind;
	size_t at;
	const char *standard; /* as it would be written; NULL: unset */
	uint64_t least, most;
	const char *choices; /* separated by blanks */
};

/* Stores TEXT as the value of O in *BASE; one of TEXTS is added.  Returns NULL,
 * or what TEXT should be: "in range" stands for a number within the bounds. */
const char *option_store(
    const struct conf_option *o, void *base, const char *text);

/* Stores the defaults of the N options O. */
void option_defaults(const struct conf_option *o, size_t n, void *base);

/* Frees their texts; none is there afterwards. */
void option_free(const struct conf_option *o, size_t n, void *base);

#endif
