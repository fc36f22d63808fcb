/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * value.h - values of tables and documents
 *
 * CSV, JSON and YAML feeds give their values names, and publishers agree on
 * them well enough: the same names mean the same in all three.
 */
#ifndef FRAUDSINK_FEEDS_VALUE_H
#define FRAUDSINK_FEEDS_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "feeds/parse.h"

/* What a column or a key holds. */
enum value_role {
	VALUE_OTHER,
	VALUE_TYPE, /* the kind of thing that the indicator is */
	VALUE_END,  /* since when it is listed no more; empty: it is listed */
	/* An address: what is listed where there is nothing else, for a name's
	 * address may be that of many. */
	VALUE_ADDRESS,
	/* The thing itself.  Where a feed has several of these, the last of
	 * them counts: a URL says more than the host it is on. */
	VALUE_NAME,      /* called "name", which may be anyone's */
	VALUE_HOST,      /* a name */
	VALUE_INDICATOR, /* whatever the type says */
	VALUE_URL,
};

/* The role of what is called NAME; case does not count. */
enum value_role value_role(const char *name, size_t len);

/* Whether TYPE is a word for names or URLs ("domain"). */
bool value_wanted(const char *type, size_t len);

/* Takes the entry that TEXT is, as parse_indicator() does, and more: what has a
 * path, a port or a dot in brackets but no scheme is read as a URL.  A name
 * without a dot is bad: in a table it is a hash or a word of somebody's. */
enum parse_result value_take(struct parse_sink *sink, enum parse_kind kind,
    const char *text, size_t len);

/* The same for an indicator of TYPE: of "domain|ip" the first half counts, of
 * "ip:port" the address, if SINK takes any; what is neither name nor URL is
 * skipped. */
enum parse_result value_take_typed(struct parse_sink *sink,
    enum parse_kind kind, const char *type, size_t type_len, const char *text,
    size_t len);

#endif
