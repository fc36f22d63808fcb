/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doc.h - the lists in JSON and YAML documents
 *
 * A document is read into a tree; the operator's path says where in it the
 * values are, or its shape is one of those that are known:
 *
 *	["a.example", ...]		values, or objects with a value in them,
 *	[{"url": ...}, ...]		called url, domain, host, ... (value.h)
 *	{"deny": [...], "allow": [...]}	lists by name: deny, blocklist, urls,
 *					domains, data, ...; allow, whitelist,
 *					... are exceptions (polkadot, MetaMask,
 *					URLhaus, spmedia)
 *	{"a.example": [...], ...}	the names are the keys (scamsniffer)
 *	{"17": [{"url": ...}], ...}	objects by their number (URLhaus,
 *					ThreatFox)
 *	MISP events, attributes and warninglists; STIX 2 bundles; Little Snitch
 *	rules
 *
 * Each value is an item; what is no value (a title, a relationship) is none.
 */
#ifndef FRAUDSINK_FEEDS_DOC_H
#define FRAUDSINK_FEEDS_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "feeds/parse.h"

struct json_t; /* jansson's */

struct doc {
	struct parse_sink *sink;
	/* As of parse_format.document. */
	void (*item)(struct parse_sink *sink, enum parse_result result,
	    const char *text, size_t len);
	/* One object is a list of one; elsewhere it may be a server's error
	 * that names a URL. */
	bool line;
};

/*
 * A path to values:
 *
 *	path  = way { "," way }
 *	way   = [ "!" ] step { "." step }	"!": what it leads to is
 *						excepted from the list
 *	step  = key | "*" | "{}"		of an object: the member called
 *						so; each member; each key
 *
 * Arrays are walked through wherever they are; "[]" behind a step, or for the
 * document itself, says so and may be left out: "data[].url" is "data.url".
 * '\' takes the meaning from the character that follows.
 */
struct doc_path;

/* A format's open() and close(): the state is the path, or says that there is
 * none. */
void *doc_open(const struct parse_options *opt, const char **why);
void doc_close(void *path);

/* Takes what PATH leads to from ROOT, or else what the shape of ROOT says. */
void doc_read(
    const struct doc *d, const struct doc_path *path, struct json_t *root);

/* What a tree takes of the memory, roughly; documents over the limit are not
 * read, for three octets of text can be 200 of tree. */
#define DOC_TREE_MAX  ((size_t)1 << 30)
#define DOC_CONTAINER 256
#define DOC_SCALAR    96

/* ---- for doc_*.c ---- */

/* Tells of an item; WHY as of the sink. */
void doc_item(const struct doc *d, enum parse_result result, const char *why,
    const char *text, size_t len);

/* Takes the value TEXT. */
void doc_text(
    const struct doc *d, enum parse_kind kind, const char *text, size_t len);

/* Takes the value V: a string; null is nothing. */
void doc_value(const struct doc *d, enum parse_kind kind, struct json_t *v);

/* Takes the value V of TYPE (value.h). */
void doc_value_typed(const struct doc *d, enum parse_kind kind,
    const char *type, size_t type_len, struct json_t *v);

/* Each reads ROOT and returns true if that is of its kind: if there is a path,
 * or if it is MISP's or STIX's. */
bool doc_walk(
    const struct doc *d, const struct doc_path *path, struct json_t *root);
bool doc_misp(const struct doc *d, struct json_t *root);
bool doc_stix(const struct doc *d, struct json_t *root);

#endif
