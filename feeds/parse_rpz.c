/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Response policy zones, as text (draft-vixie-dnsop-dns-rpz-00).
 *
 * A record for a name lists it, whatever it would answer: NXDOMAIN, NODATA,
 * drop, TCP only or local data, for what is answered is the policy of who runs
 * the resolver.  "rpz-passthru." and its old form, a CNAME to the own name, are
 * exceptions.  A name stands for itself and "*.name" for what is below it;
 * several records of a name are one entry.  Policies for addresses in answers
 * and of name servers are entries where the sink takes those; those for clients
 * and for name servers' names are skipped.
 *
 * What makes it a zone is nothing to us: the records of its apex, the addresses
 * of its name servers, signatures.  A record within parentheses counts at the
 * line where it ends, the lines before count as nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feeds/parse.h"
#include "feeds/rpz_owner.h"
#include "feeds/zone.h"

#define SERVERS   8
#define LINES_MAX 100 /* of a record; more, and its parenthesis is a fault */

struct rpz {
	struct rpz_zone zone;
	struct rpz_owner owner; /* of the last record */
	bool taken;             /* an entry for it was, of this kind */
	enum parse_kind taken_kind;
	struct fsk_name server[SERVERS]; /* of the zone, named within it */
	unsigned servers;
	bool strong; /* something that only zones have was seen */

	/* The record under way. */
	struct zone_line text;
	unsigned lines;
	bool begun, typed;
	enum zone_type type;
	unsigned data; /* words behind the type */
	enum parse_kind kind;
	const char *fault; /* a constant */
};

/* ---- a record, word by word ---- */

static void
set_owner(struct rpz *z, const char *word, size_t len)
{
	struct rpz_owner owner;

	rpz_owner(&z->zone, &owner, word, len);
	if (!rpz_same(&owner, &z->owner))
		z->taken = false;
	z->owner = owner;
}

/* Notes a name server of the zone: its addresses are no policy. */
static void
note_server(struct rpz *z, const char *word, size_t len)
{
	struct rpz_owner o;

	rpz_name(&z->zone, &o, word, len);
	if (z->owner.what == RPZ_APEX && o.what == RPZ_NAME &&
	    z->servers < SERVERS)
		z->server[z->servers++] = o.name;
}

static bool
is_server(const struct rpz *z)
{
	for (unsigned i = 0; i < z->servers; i++)
		if (z->server[i].len == z->owner.name.len &&
		    memcmp(z->server[i].wire, z->owner.name.wire,
			z->owner.name.len) == 0)
			return z->owner.match == FSK_EXACT;
	return false;
}

static bool
is_text(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && strncasecmp(word, text, len) == 0;
}

/* What a CNAME's target says. */
static void
read_target(struct rpz *z, const char *word, size_t len)
{
	struct rpz_owner o;

	if (is_text(word, len, ".") || is_text(word, len, "*."))
		return;
	if (is_text(word, len, "rpz-passthru.")) {
		z->kind = PARSE_ALLOW;
		return;
	}
	if (is_text(word, len, "rpz-passthru")) {
		z->fault = "'rpz-passthru' without its dot is no action";
		return;
	}
	rpz_name(&z->zone, &o, word, len);
	if (o.what == RPZ_BAD)
		z->fault = o.why;
	else if (rpz_same(&o, &z->owner))
		z->kind = PARSE_ALLOW;
}

static void
take_data(struct rpz *z, const char *word, size_t len)
{
	if (++z->data > 1)
		return;
	if (z->type == ZONE_CNAME)
		read_target(z, word, len);
	if (z->type == ZONE_NS || z->type == ZONE_SOA)
		note_server(z, word, len);
}

static void
take_word(struct rpz *z, const char *word, size_t len, bool quoted)
{
	if (z->fault != NULL)
		return;
	if (z->typed) {
		take_data(z, word, len);
		return;
	}
	if (!z->begun && !quoted) {
		z->begun = true;
		set_owner(z, word, len);
		return;
	}
	if (!quoted && (zone_is_ttl(word, len) || zone_is_class(word, len)))
		return;
	z->type = quoted ? ZONE_NO_TYPE : zone_type(word, len);
	z->typed = true;
	if (z->type == ZONE_NO_TYPE)
		z->fault = "no record of a type that is known";
	if (z->type == ZONE_SOA)
		rpz_soa(&z->zone, &z->owner);
	z->strong |= z->type == ZONE_SOA || z->type == ZONE_CNAME;
}

/* ---- what it gives ---- */

static enum parse_result
bad(struct parse_sink *sink, const char *why)
{
	sink->why = why;
	return PARSE_BAD;
}

static enum parse_result
skipped(struct parse_sink *sink, const char *why)
{
	sink->why = why;
	return PARSE_SKIPPED;
}

static enum parse_result
take_policy(struct rpz *z, struct parse_sink *sink)
{
	struct parse_entry e = { .kind = z->kind, .match = z->owner.match };

	if (z->taken && z->taken_kind == z->kind)
		return PARSE_NAMES;
	e.name = z->owner.name;
	z->taken = true;
	z->taken_kind = z->kind;
	sink->take(sink, &e);
	return PARSE_NAMES;
}

static enum parse_result
take_prefix(struct rpz *z, struct parse_sink *sink)
{
	const struct parse_entry e = { .kind = PARSE_LIST,
		.url = z->owner.prefix };

	if (!sink->addresses)
		return skipped(sink, "a trigger on addresses");
	if (z->kind != PARSE_LIST)
		return skipped(sink, "an exception for addresses");
	sink->take(sink, &e);
	return PARSE_NAMES;
}

static enum parse_result
take_record(struct rpz *z, struct parse_sink *sink)
{
	const struct rpz_owner *o = &z->owner;

	if (z->fault != NULL)
		return bad(sink, z->fault);
	if (!z->typed)
		return bad(sink, "no record");
	if (z->data == 0 || (z->type == ZONE_CNAME && z->data > 1))
		return bad(sink, "a record with too little or too much data");
	if (o->what == RPZ_NONE)
		return bad(sink, "a record without owner");
	if (o->what == RPZ_BAD)
		return bad(sink, o->why);
	if (o->what == RPZ_APEX || z->type == ZONE_SOA ||
	    z->type == ZONE_KEEPING)
		return PARSE_NOTHING;
	if (o->what == RPZ_SKIPPED)
		return skipped(sink, o->why);
	if (z->type == ZONE_NS || z->type == ZONE_DNAME)
		return skipped(sink, "NS and DNAME are no policy");
	if (z->type == ZONE_ADDRESS && is_server(z))
		return PARSE_NOTHING;
	return o->what == RPZ_PREFIX ? take_prefix(z, sink)
				     : take_policy(z, sink);
}

/* A line that begins with '$'. */
static enum parse_result
directive(struct rpz *z, struct parse_sink *sink)
{
	const char *word, *value, *wrong = NULL;
	size_t len, value_len;

	if (zone_next(&z->text, &word, &len) != ZONE_WORD)
		return bad(sink, "a directive that is none");
	if (is_text(word, len, "$INCLUDE") || is_text(word, len, "$GENERATE"))
		return bad(sink, "$INCLUDE and $GENERATE are not followed");
	if (zone_next(&z->text, &value, &value_len) != ZONE_WORD)
		wrong = "a directive without value";
	else if (is_text(word, len, "$ORIGIN"))
		wrong = rpz_origin(&z->zone, value, value_len);
	else if (!is_text(word, len, "$TTL"))
		wrong = "a directive that is unknown";
	else if (!zone_is_ttl(value, value_len))
		wrong = "a TTL that is none";
	z->text.open = false;
	if (wrong != NULL)
		return bad(sink, wrong);
	z->strong = true;
	return PARSE_NOTHING;
}

static void
begin_record(struct rpz *z, const char *text)
{
	/* A blank in the first place stands for the owner before. */
	z->begun = *text == ' ' || *text == '\t';
	z->typed = false;
	z->type = ZONE_NO_TYPE;
	z->data = 0;
	z->kind = PARSE_LIST;
	z->fault = NULL;
	z->lines = 0;
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	struct rpz *z = state;
	bool words = z->text.open;
	enum zone_word kind;
	const char *word;

	z->text.at = text;
	z->text.end = text + len;
	if (!z->text.open) {
		if (len == 0)
			return PARSE_NOTHING;
		if (*text == '$')
			return directive(z, sink);
		begin_record(z, text);
	}
	while ((kind = zone_next(&z->text, &word, &len)) == ZONE_WORD ||
	    kind == ZONE_STRING) {
		take_word(z, word, len, kind == ZONE_STRING);
		words = true;
	}
	if (kind == ZONE_FAULT || (z->text.open && ++z->lines == LINES_MAX)) {
		z->text.open = false;
		return bad(sink,
		    kind == ZONE_FAULT ? word
				       : "a parenthesis open for 100 lines");
	}
	if (z->text.open || !words)
		return PARSE_NOTHING;
	return take_record(z, sink);
}

static enum parse_result
end(struct parse_sink *sink, void *state)
{
	const struct rpz *z = state;

	return z->text.open ? bad(sink, "a parenthesis that stays open")
			    : PARSE_NOTHING;
}

/* ---- the format ---- */

static void *
open_zone(const struct parse_options *opt, const char **why)
{
	struct rpz *z = calloc(1, sizeof(*z));

	(void)opt;
	if (z == NULL)
		*why = "out of memory";
	return z;
}

static bool
ignore(struct parse_sink *sink, const struct parse_entry *e)
{
	(void)sink;
	(void)e;
	return true;
}

/* More records than other lines, and something of a zone: "x A y" may be words
 * of other formats. */
static unsigned
guess(const char *text, size_t len)
{
	struct parse_sink sink = { .take = ignore };
	struct rpz z = { .servers = 0 };
	size_t records = 0, others = 0, row_len;
	const char *row;

	while (parse_line(&text, &len, &row, &row_len)) {
		enum parse_result result = line(&sink, &z, row, row_len);

		records += z.typed && z.type != ZONE_NO_TYPE && !z.text.open &&
		    result != PARSE_BAD;
		others += result == PARSE_BAD;
	}
	return z.strong && records > others ? 90 : 0;
}

const struct parse_format parse_rpz = {
	.name = "rpz",
	.open = open_zone,
	.close = free,
	.line = line,
	.end = end,
	.guess = guess,
};
