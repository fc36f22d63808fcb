/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zone.h - the text of zones (RFC 1035 section 5.1), line by line
 */
#ifndef FRAUDSINK_FEEDS_ZONE_H
#define FRAUDSINK_FEEDS_ZONE_H

#include <stdbool.h>
#include <stddef.h>

/* A line that is cut into words; OPEN stays from line to line. */
struct zone_line {
	const char *at, *end;
	bool open; /* within parentheses: the record goes on */
};

enum zone_word {
	ZONE_END,    /* of the line, or a comment begins */
	ZONE_WORD,   /* escapes are still in it */
	ZONE_STRING, /* it was quoted */
	ZONE_FAULT,
};

/* Cuts the next word off L; after ZONE_FAULT, *WORD is what is wrong (a
 * constant). */
enum zone_word zone_next(struct zone_line *l, const char **word, size_t *len);

/* "3600", "1h30m" */
bool zone_is_ttl(const char *word, size_t len);

bool zone_is_class(const char *word, size_t len);

/* What a record of some type is in a response policy zone. */
enum zone_type {
	ZONE_CNAME,
	ZONE_ADDRESS, /* A, AAAA */
	ZONE_DATA,    /* others that can be answered */
	ZONE_SOA,
	ZONE_NS,
	ZONE_DNAME,
	ZONE_KEEPING, /* what signs a zone */
	ZONE_NO_TYPE, /* WORD is none */
};

enum zone_type zone_type(const char *word, size_t len);

#endif
