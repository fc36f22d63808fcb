/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.h - configuration files as tables of options
 *
 * A program describes its file once: which options there are, of what kind and
 * range, with which default, and where in a struct each goes; and which
 * sections hold others.  options_read() fills the struct, and tells everything
 * that is wrong with a file at once, each fault with its line.  The only user
 * of libconfuse.
 */
#ifndef FRAUDSINK_FEEDS_OPTIONS_H
#define FRAUDSINK_FEEDS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_UNSET UINT64_MAX

enum option_kind {
	OPTION_TEXT,   /* char * */
	OPTION_PATH,   /* the same, from the root on */
	OPTION_TEXTS,  /* struct option_texts */
	OPTION_NUMBER, /* uint64_t, as all below */
	OPTION_SIZE,
	OPTION_DURATION,
	OPTION_CHOICE, /* its place in `choices` */
	OPTION_FLAG,   /* bool */
};

struct option_texts {
	char **at;
	size_t n;
	unsigned line; /* where they stand; 0: nowhere */
};

struct conf_option {
	const char *name;
	enum option_kind kind;
	size_t at;            /* where in the section's struct */
	const char *standard; /* as it would be written; NULL: unset */
	uint64_t least, most; /* of numbers */
	const char *choices;  /* separated by blanks */
};

/* What the structs of all sections begin with, but that of the file. */
struct section_head {
	char *title;   /* NULL: it is without */
	unsigned line; /* of its first option, or of its end; 0: nowhere */
	struct option_line {
		size_t at; /* where in the section's struct */
		unsigned line;
	} * lines; /* of the options that are said */
	size_t nlines;
};

/* Where the structs of such sections go. */
struct section_list {
	void *at;
	size_t n;
};

struct section {
	const char *name; /* NULL: ends a table of sections */
	const struct conf_option *options;
	size_t n;
	const struct section *inner; /* NULL: it holds no sections */
	/* Where in the outer struct: a struct section_list, or, of a section
	 * without title, which comes once at most, the outer struct itself. */
	size_t at;
	bool titled;
	size_t size; /* of its own struct */
};

/* Collects faults. */
struct options_reader {
	const char *path;
	void (*tell)(void *arg, const char *fault);
	void *arg;
	unsigned faults;
};

/* Tells a fault: "PATH:LINE: what"; LINE 0: nowhere in particular. */
void options_fault(struct options_reader *r, unsigned line, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* The line of the option that fills FIELD of the struct that HEAD begins; where
 * it is not said, that of the section. */
unsigned options_line(const struct section_head *head, const void *field);

/* Reads R->path as what FILE describes into *BASE, which is zero; FILE's own
 * name does not matter.  What is wrong is told and counted in R; false where
 * the file could not be read to its end. */
bool options_read(
    struct options_reader *r, const struct section *file, void *base);

/* Frees what options_read() has put into *BASE, but not BASE. */
void options_free(const struct section *file, void *base);

/* Reads "90", "6h", "30m", "2d" as seconds, "512M", "1G" as octets; false if
 * TEXT is none. */
bool option_duration(const char *text, uint64_t *seconds);
bool option_size(const char *text, uint64_t *octets);

#endif
