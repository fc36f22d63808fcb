/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer.h - what a question is answered with: plain rows
 *
 * A question gives one answer or several, each with its columns; who asked
 * prints them as text, JSON, CSV or a page.  A cell has a value or none; none
 * is "not known", never zero.
 *
 * Memory is checked once, at the end: after a failure the functions do nothing,
 * and answers_failed() tells it.
 */
#ifndef FRAUDSINK_STATS_ANSWER_H
#define FRAUDSINK_STATS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum answer_type {
	ANSWER_TEXT,
	ANSWER_COUNT,  /* uint64_t */
	ANSWER_ABOUT,  /* an estimate: double, shown as a whole number */
	ANSWER_RATE,   /* double */
	ANSWER_SHARE,  /* double, 1 is all */
	ANSWER_CHANGE, /* double, 0.5 is half as much again */
	ANSWER_TIME,   /* int64_t, seconds since 1970-01-01 UTC */
	ANSWER_DAY,    /* the same, but only its day is meant */
	ANSWER_MONTH,  /* or its month */
};

struct answer_column {
	const char *name;  /* for programs: a word */
	const char *title; /* for people */
	enum answer_type type;
};

struct answer_cell {
	bool given;
	union {
		char *text;
		uint64_t count;
		double real;
		int64_t time;
	};
};

#define COLUMNS_MAX 24

struct answer {
	const char *name, *title;
	struct answer_column column[COLUMNS_MAX];
	unsigned columns;
	size_t rows, room;
	struct answer_cell *cell; /* row by row */
	uint64_t withheld;        /* rows that the role must not see */
	/* Rows are the cells of a matrix: its rows are named by column 0, its
	 * columns by column 1, and this column is in it.  0: a plain table. */
	unsigned matrix;
	bool failed;
};

#define ANSWERS_MAX 16
#define NOTES_MAX   16

/* What the clients in an answer are. */
enum answer_clients {
	CLIENTS_NONE, /* there are none in it */
	CLIENTS_DIFFERENT,
	CLIENT_DAYS, /* one who came on three days counts three times */
};

struct answers {
	char question[64], role[16];
	int64_t now, from, to; /* TO excluded */
	uint32_t step;         /* seconds: times are whole ones of these */
	enum answer_clients clients;
	bool nothing; /* there is nothing to tell */
	bool has_total;
	uint64_t hits; /* all of the question's time */
	double total;  /* their clients; below 0: not known */
	unsigned n;    /* the first is the main one */
	struct answer at[ANSWERS_MAX];
	unsigned notes;
	char *note[NOTES_MAX]; /* sentences */
	bool failed;
};

void answers_init(struct answers *as);
void answers_fini(struct answers *as);
bool answers_failed(const struct answers *as);

/* Another answer, which lives as long as AS; the columns are copied, all texts
 * must outlive it. */
struct answer *answers_add(struct answers *as, const char *name,
    const char *title, const struct answer_column *column, unsigned columns);

/* Adds a sentence, unless it is there already. */
void answers_note(struct answers *as, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The answer called NAME; NULL if there is none. */
const struct answer *answers_find(const struct answers *as, const char *name);

/* A new last row, all of whose cells are empty; then its cells. */
void answer_row(struct answer *a);
void answer_text(struct answer *a, unsigned column, const char *text);
void answer_count(struct answer *a, unsigned column, uint64_t count);
void answer_real(struct answer *a, unsigned column, double real);
void answer_time(struct answer *a, unsigned column, int64_t time);

/* PART / WHOLE; empty if WHOLE is 0. */
void answer_share(
    struct answer *a, unsigned column, uint64_t part, uint64_t whole);

static inline const struct answer_cell *
answer_at(const struct answer *a, size_t row, unsigned column)
{
	return &a->cell[row * a->columns + column];
}

/* Brings the rows into the order of their texts in COLUMN, which all have;
 * equal ones stay as they are. */
void answer_order(struct answer *a, unsigned column);

/* ---- times as text, for all who print ---- */

#define TIME_TEXT 32

/* "2026-10-31T23:59:00Z", of ANSWER_DAY "2026-10-31", of ANSWER_MONTH
 * "2026-10"; "" if there is no such time.  Returns TEXT. */
char *time_text(
    int64_t time, enum answer_type type, char text[static TIME_TEXT]);

#endif
