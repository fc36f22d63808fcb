/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A response policy zone (draft-vixie-dnsop-dns-rpz-00), as a master file whose
 * owners are relative to whatever name it is loaded under.
 *
 * A record for x is about x alone, one for "*.x" about what is below x, and the
 * rules of wildcards (RFC 4592) hold: "*.x" is not about y.x or what is below
 * that if anything in the zone has the name y.x or ends in it.  So one name
 * more takes names away from the wildcard above it: with
 *
 *	x		CNAME .
 *	*.x		CNAME .
 *	a.b.x		CNAME rpz-passthru.
 *
 * neither b.x (it exists, without records) nor c.b.x (its closest encloser is
 * b.x, and there is no *.b.x) nor c.a.b.x is blocked any more.  Each name that
 * is in the zone therefore says all that holds for it and, in a wildcard of its
 * own, for what is below it; and so does each name between it and the one whose
 * wildcard it takes something from.  Here *.a.b.x, b.x and *.b.x.  What says
 * nothing else than the names above is left out, and takes nothing away.
 *
 * Unbound looks for the closest encloser among the owners that it has, and
 * PowerDNS for the nearest wildcard, whether names exist between or not.  Where
 * each name in the zone has its own wildcard, all three come to the same.
 */
#include <stdlib.h>
#include <string.h>

#include "feeds/export.h"
#include "feeds/nameset.h"

/* Names between others, each written once. */
struct between {
	struct nameset names;
	bool failed; /* out of memory */
};

struct owner {
	struct export_run *x;
	const char *mark, *name;
	uint32_t ttl;
};

/* ---- records ---- */

static void
write_record(
    const struct owner *o, const char *type, const char *data, const char *end)
{
	fprintf(o->x->to, "%s%s ", o->mark, o->name);
	if (o->ttl != o->x->ttl) /* what $TTL says */
		fprintf(o->x->to, "%u ", o->ttl);
	fprintf(o->x->to, "%s %s%s\n", type, data, end);
}

static void
write_address(void *arg, const char *address, bool v6)
{
	write_record(arg, v6 ? "AAAA" : "A", address, "");
}

static void
write_answer(struct owner *o, const struct fsk_answer *a)
{
	char target[FSK_TEXT_MAX];

	switch (a->action) {
	case FSK_NODATA:
		write_record(o, "CNAME", "*.", "");
		return;
	case FSK_SINKHOLE:
	case FSK_WARN:
		if (export_is_sinkhole(a))
			export_addresses(a, write_address, o);
		else
			write_record(o, "CNAME", "*.", "");
		return;
	case FSK_CNAME:
		write_record(
		    o, "CNAME", fsk_name_to_text(a->cname.wire, target), ".");
		return;
	case FSK_DROP:
		write_record(o, "CNAME", "rpz-drop.", "");
		return;
	case FSK_TCP_ONLY:
		write_record(o, "CNAME", "rpz-tcp-only.", "");
		return;
	case FSK_NXDOMAIN:
	case FSK_REFUSE:
	case FSK_SERVFAIL:
	case FSK_PASSTHRU: /* never blocked, see export_walk.c */
	case FSK_LOG:
	case FSK_ACTIONS:
		break;
	}
	write_record(o, "CNAME", ".", "");
}

static void
write_rule(struct export_run *x, const char *mark, const uint8_t *wire,
    const struct export_rule *rule)
{
	char text[FSK_TEXT_MAX];
	struct owner o = { x, mark, fsk_name_to_text(wire, text),
		export_ttl(x, rule->answer) };

	if (rule->effect == EXPORT_PASS)
		write_record(&o, "CNAME", "rpz-passthru.", "");
	if (rule->effect == EXPORT_BLOCK)
		write_answer(&o, rule->answer);
}

/* ---- names ---- */

static bool
is_alphanumeric(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Whether it is a host name (RFC 1123 section 2.1), as BIND demands of names
 * with addresses. */
static bool
is_host(const uint8_t *wire)
{
	for (; *wire != 0; wire += *wire + 1u) {
		if (!is_alphanumeric(wire[1]) || !is_alphanumeric(wire[*wire]))
			return false;
		for (unsigned i = 2; i < *wire; i++)
			if (!is_alphanumeric(wire[i]) && wire[i] != '-')
				return false;
	}
	return true;
}

static bool
has_addresses(const struct export_rule *rule)
{
	return rule->effect == EXPORT_BLOCK && export_is_sinkhole(rule->answer);
}

static void
write_name(struct export_run *x, const uint8_t *wire,
    const struct export_rule *self, const struct export_rule *below)
{
	write_rule(x, "", wire, self);
	write_rule(x, "*.", wire, below);
	if ((has_addresses(self) || has_addresses(below)) && !is_host(wire))
		export_lose(x, LOST_CHECKED, true);
}

/* Whether the name has room under that of the zone, with MORE octets. */
static bool
fits(const struct export_run *x, size_t len, size_t more)
{
	return len - 1 + more + x->zone.len <= FSK_NAME_MAX;
}

/* Whether a policy zone would take the name for something else: "rpz-ip" and
 * its like for triggers of other kinds, "*" for a wildcard. */
static bool
is_trigger(const uint8_t *wire)
{
	for (; *wire != 0; wire += *wire + 1u) {
		if (wire[0] == 1 && wire[1] == '*')
			return true;
		if (wire[*wire + 1u] == 0 && *wire >= 4 &&
		    memcmp(wire + 1, "rpz-", 4) == 0)
			return true;
	}
	return false;
}

/* Writes the names between that of LABELS labels and those above it. */
static void
write_between(struct export_run *x, const struct export_name *n)
{
	struct between *b = x->state;
	struct fsk_name name = { .len = (uint8_t)n->len };
	struct fsk_query q;
	uint32_t value;

	memcpy(name.wire, n->wire, n->len);
	nameset_query(&b->names, &q, &name);
	for (unsigned k = n->labels - 1; k > 0; k--) {
		const struct export_rule *rule = &x->holds[k - 1];
		const uint8_t *wire = q.wire + fsk_query_at(&q, k);

		if (rule->effect == EXPORT_NONE)
			break; /* nor above */
		if (x->wrote[k] || nameset_find(&b->names, &q, k, &value))
			continue;
		b->failed |= !nameset_add(&b->names, &q, k, 0);
		write_name(x, wire, rule, rule);
	}
}

static struct export_rule
rpz(struct export_run *x, const struct export_name *n, bool write)
{
	static const struct export_rule none = { .effect = EXPORT_NONE };

	if (export_same(&n->self, &n->above) &&
	    export_same(&n->below, &n->above))
		return n->below;
	if (!fits(x, n->len, 0) || is_trigger(n->wire)) {
		/* What is below it cannot be written, either. */
		export_lose(
		    x, fits(x, n->len, 0) ? LOST_TRIGGER : LOST_LONG, write);
		return n->above;
	}
	x->wrote[n->labels] = true;
	if (!write)
		return n->below;
	if (!fits(x, n->len, 2) && n->below.effect != EXPORT_NONE) {
		export_lose(x, LOST_LONG, true);
		write_name(x, n->wire, &n->self, &none);
	} else {
		write_name(x, n->wire, &n->self, &n->below);
	}
	write_between(x, n);
	return n->below;
}

/* ---- the file ---- */

static bool
answers(const struct fsk_answer *a)
{
	return a->action != FSK_REFUSE && a->action != FSK_SERVFAIL;
}

static int
begin(struct export_run *x, struct fsk_error *err)
{
	struct between *b = calloc(1, sizeof(*b));
	char zone[FSK_TEXT_MAX];

	if (b == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	nameset_init(&b->names);
	x->state = b;
	/* Serials of zones have 32 bits and go round (RFC 1982); a database's,
	 * cut to that, rises as that of a zone must as long as no step is 2^31
	 * or more. */
	fprintf(x->to,
	    "; fraudsink-feeds export, serial %llu, for the zone %s\n"
	    "$TTL %u\n"
	    "@ SOA localhost. root.localhost. %u 3600 600 604800 %u\n"
	    "@ NS localhost.\n",
	    (unsigned long long)x->serial, fsk_name_to_text(x->zone.wire, zone),
	    x->ttl, (uint32_t)x->serial, x->ttl);
	return FSK_OK;
}

static int
end(struct export_run *x, bool good, struct fsk_error *err)
{
	struct between *b = x->state;
	int rc = FSK_OK;

	if (good && b->failed)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	nameset_fini(&b->names);
	free(b);
	return rc;
}

const struct export_format export_rpz = {
	.name = "rpz",
	.has_zone = true,
	.has_ttl = true,
	.has_tcp = true,
	.answers = answers,
	.begin = begin,
	.name_rules = rpz,
	.end = end,
};
