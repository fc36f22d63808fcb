/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/rpz_owner.h"

#include <stdio.h>
#include <string.h>

#include "feeds/parse.h"

static bool
is_label(const uint8_t *label, const char *text)
{
	return *label == strlen(text) && memcmp(label + 1, text, *label) == 0;
}

/* Whether LABEL, before the zone's name, says that addresses or name servers
 * are meant and not the name that is asked for. */
static bool
is_trigger(const uint8_t *label)
{
	return is_label(label, "rpz-ip") || is_label(label, "rpz-client-ip") ||
	    is_label(label, "rpz-nsip") || is_label(label, "rpz-nsdname");
}

/* ---- names ---- */

/* Whether NAME is what an IPv4 address looks like. */
static bool
is_ipv4(const struct fsk_name *name)
{
	const uint8_t *p = name->wire;
	unsigned labels = 0;

	for (; *p != 0; p += *p + 1, labels++)
		for (unsigned i = 1; i <= *p; i++)
			if (p[i] < '0' || p[i] > '9')
				return false;
	return labels == 4;
}

/* Whether the dot at the end of TEXT is one, not an escaped character. */
static bool
is_absolute(const char *text, size_t len)
{
	size_t n = 0;

	if (len == 0 || text[len - 1] != '.')
		return false;
	while (n + 1 < len && text[len - 2 - n] == '\\')
		n++;
	return n % 2 == 0;
}

/* As parse_name(), but a backslash may stand before any character, and a dot
 * at the end of anything. */
static enum parse_result
read_name(struct fsk_name *name, const char *text, size_t len, const char **why)
{
	struct parse_sink sink = { .why = NULL }, without = { .why = NULL };
	enum parse_result result;

	if (memchr(text, '\\', len) != NULL) {
		*why = fsk_name_from_text(name, text, len);
		return *why == NULL ? PARSE_NAMES : PARSE_BAD;
	}
	result = parse_name(&sink, name, text, len);
	if (result == PARSE_BAD && is_absolute(text, len) &&
	    parse_name(&without, name, text, len - 1) == PARSE_SKIPPED) {
		result = PARSE_SKIPPED;
		sink = without;
	}
	*why = sink.why;
	return result;
}

static bool
append(struct fsk_name *name, const struct fsk_name *origin)
{
	if (name->len - 1 + origin->len > FSK_NAME_MAX)
		return false;
	memcpy(name->wire + name->len - 1, origin->wire, origin->len);
	name->len = (uint8_t)(name->len - 1 + origin->len);
	return true;
}

/* Takes ZONE off the end of NAME, if it stands there. */
static void
strip(struct fsk_name *name, const struct fsk_name *zone)
{
	const uint8_t *p = name->wire;
	unsigned left = name->len, len = zone->len;

	/* The octets first: they seldom are the same by chance. */
	if (left < len || memcmp(p + left - len, zone->wire, len) != 0)
		return;
	for (; left > len; p += *p + 1)
		left -= *p + 1u;
	if (left != len)
		return;
	name->len = (uint8_t)(name->len - len + 1);
	name->wire[name->len - 1] = 0;
}

/* Looks for the zone's name in NAME, an absolute owner. */
static void
look_for_zone(struct rpz_zone *z, const struct fsk_name *name)
{
	const uint8_t *p = name->wire, *zone = NULL;

	z->looked = true;
	for (unsigned before = 0; *p != 0 && zone == NULL; before++) {
		const uint8_t *next = p + *p + 1;
		bool named = *p >= 3 && memcmp(p + 1, "rpz", 3) == 0;

		/* There are names like that: "www.rpz.example". */
		if (is_trigger(p) && *next != 0)
			zone = next;
		else if (named && (before >= 2 || (before == 1 && *next == 0)))
			zone = p;
		p = next;
	}
	if (zone == NULL)
		return;
	z->has_name = true;
	z->name.len = (uint8_t)(name->wire + name->len - zone);
	memcpy(z->name.wire, zone, z->name.len);
}

/* ---- owners ---- */

static void
not_a_name(struct rpz_owner *o, enum rpz_what what, const char *why)
{
	o->what = what;
	o->why = why;
}

/* Reads the name without its "*." into O, which is RPZ_NAME. */
static void
read_whole(
    const struct rpz_zone *z, struct rpz_owner *o, const char *text, size_t len)
{
	bool absolute = is_absolute(text, len);

	if (len == 0 || (len == 1 && *text == '@')) {
		o->whole = (struct fsk_name){ .len = 1 };
	} else {
		const char *why;
		enum parse_result result = read_name(
		    &o->whole, text, len, &why);

		if (result != PARSE_NAMES) {
			not_a_name(o,
			    result == PARSE_SKIPPED ? RPZ_SKIPPED : RPZ_BAD,
			    why);
			o->whole.len = 0;
			return;
		}
	}
	if (!absolute && z->has_origin && !append(&o->whole, &z->origin))
		not_a_name(o, RPZ_BAD, "name over 255 octets");
}

/* Writes to TEXT the address whose LABELS labels from P on are in reverse: four
 * octets, or the words of IPv6 with "zz" for "::". */
static bool
address_text(const uint8_t *p, unsigned labels, char text[static 64])
{
	char dot = labels == 4 ? '.' : ':', *at = text + 63;
	const uint8_t *label = p;

	for (unsigned i = 0; i < labels; i++, label += *label + 1)
		if (is_label(label, "zz"))
			dot = ':';
	*at = '\0';
	for (unsigned i = 0; i < labels; i++, p += *p + 1) {
		const bool gap = is_label(p, "zz");

		if (*p > 4 || at - text < 8)
			return false;
		if (i > 0 || gap)
			*--at = dot;
		if (gap && i + 1 == labels)
			*--at = dot;
		if (!gap) {
			at -= *p;
			memcpy(at, p + 1, *p);
		}
	}
	memmove(text, at, (size_t)(text + 64 - at));
	return true;
}

/* The policy for addresses whose LABELS labels are before the trigger KIND: a
 * length, then the address. */
static void
judge_prefix(struct rpz_owner *o, unsigned labels, const char *kind)
{
	const uint8_t *bits_label = o->name.wire;
	char alone[64], text[80];
	uint8_t addr[FSK_ADDR_LEN];
	const char *why = "no address";
	unsigned bits;

	if (labels > 1 && *bits_label <= 3 && o->match == FSK_EXACT &&
	    address_text(bits_label + *bits_label + 1, labels - 1, alone)) {
		snprintf(text, sizeof(text), "%s/%.*s", alone, *bits_label,
		    (const char *)bits_label + 1);
		why = fsk_prefix_read(text, addr, &bits);
	}
	if (why != NULL) {
		not_a_name(o, RPZ_BAD, why);
		return;
	}
	o->what = RPZ_PREFIX;
	fsk_prefix_key(kind, addr, bits, o->prefix);
}

/* What the name is, now that the zone's is off. */
static void
judge(struct rpz_owner *o)
{
	const uint8_t *last = o->name.wire;
	unsigned before = 0;

	if (o->name.len == 1) {
		if (o->match == FSK_BELOW)
			not_a_name(o, RPZ_SKIPPED, "a policy for all names");
		else
			o->what = RPZ_APEX;
		return;
	}
	for (; last[*last + 1] != 0; before++)
		last += *last + 1;
	if (is_label(last, "rpz-ip"))
		judge_prefix(o, before, "ip");
	else if (is_label(last, "rpz-nsip"))
		judge_prefix(o, before, "nsip");
	else if (is_label(last, "rpz-nsdname"))
		not_a_name(o, RPZ_SKIPPED, "a trigger on name servers");
	else if (is_trigger(last))
		not_a_name(o, RPZ_SKIPPED, "a trigger on clients");
	else if (is_ipv4(&o->name))
		not_a_name(o, RPZ_SKIPPED, "an address");
}

void
rpz_name(
    const struct rpz_zone *z, struct rpz_owner *o, const char *text, size_t len)
{
	o->what = RPZ_NAME;
	o->match = FSK_EXACT;
	if (len > 0 && *text == '*' && (len == 1 || text[1] == '.')) {
		o->match = FSK_BELOW;
		text += len == 1 ? 1 : 2;
		len -= len == 1 ? 1 : 2;
	}
	read_whole(z, o, text, len);
	if (o->what != RPZ_NAME)
		return;
	o->name = o->whole;
	if (z->has_name)
		strip(&o->name, &z->name);
	judge(o);
}

void
rpz_owner(struct rpz_zone *z, struct rpz_owner *o, const char *text, size_t len)
{
	rpz_name(z, o, text, len);
	if (z->has_name || z->looked || o->whole.len == 0 ||
	    !is_absolute(text, len))
		return;
	look_for_zone(z, &o->whole);
	if (z->has_name)
		rpz_name(z, o, text, len);
}

void
rpz_soa(struct rpz_zone *z, struct rpz_owner *o)
{
	if (z->soa || o->match != FSK_EXACT ||
	    (o->what != RPZ_NAME && o->what != RPZ_APEX))
		return;
	z->soa = true;
	o->what = RPZ_APEX;
	if (o->whole.len == 1) /* '@', and no $ORIGIN: still unknown */
		return;
	z->name = o->whole;
	z->has_name = true;
	if (!z->has_origin)
		z->origin = z->name;
	z->has_origin = true;
}

const char *
rpz_origin(struct rpz_zone *z, const char *text, size_t len)
{
	struct fsk_name name = { .len = 1 };
	const char *wrong = NULL;

	if (len != 1 || *text != '.')
		read_name(&name, text, len, &wrong);
	if (wrong == NULL && !is_absolute(text, len) && z->has_origin &&
	    !append(&name, &z->origin))
		wrong = "name over 255 octets";
	if (wrong != NULL)
		return wrong;
	z->origin = name;
	z->has_origin = true;
	if (!z->has_name && name.len > 1) {
		z->name = name;
		z->has_name = true;
	}
	return NULL;
}

bool
rpz_same(const struct rpz_owner *a, const struct rpz_owner *b)
{
	return a->what == RPZ_NAME && b->what == RPZ_NAME &&
	    a->match == b->match && a->name.len == b->name.len &&
	    memcmp(a->name.wire, b->name.wire, a->name.len) == 0;
}
