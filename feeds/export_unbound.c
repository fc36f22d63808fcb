/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unbound's configuration: local zones.  The one with the most labels counts,
 * for its name and all below:
 *
 *	always_nxdomain, always_nodata, always_refuse, always_deny
 *			that answer, or none
 *	redirect	what local-data says of the zone's name
 *	always_transparent
 *			an exception, which is written only where something
 *			above is blocked
 *	transparent	with local-data: its name has that data, what is below
 *			is resolved
 *
 * So a name cannot be blocked and what is below it not, unless the name is
 * answered with data.
 */
#include <string.h>

#include "feeds/export.h"

struct data {
	struct export_run *x;
	const char *name;
	uint32_t ttl;
};

static void
address_data(void *arg, const char *address, bool v6)
{
	const struct data *d = arg;

	fprintf(d->x->to, "local-data: \"%s. %u IN %s %s\"\n", d->name, d->ttl,
	    v6 ? "AAAA" : "A", address);
}

/* The type of the zone that answers A; "redirect" is followed by data. */
static const char *
type_of(const struct fsk_answer *a)
{
	switch (a->action) {
	case FSK_NODATA:
		return "always_nodata";
	case FSK_SINKHOLE:
	case FSK_WARN:
		return export_is_sinkhole(a) ? "redirect" : "always_nodata";
	case FSK_CNAME:
		return "redirect";
	case FSK_REFUSE:
		return "always_refuse";
	case FSK_DROP:
		return "always_deny";
	case FSK_NXDOMAIN:
	case FSK_SERVFAIL:
	case FSK_TCP_ONLY: /* never blocked, see export_walk.c */
	case FSK_PASSTHRU:
	case FSK_LOG:
	case FSK_ACTIONS:
		break;
	}
	return "always_nxdomain";
}

static bool
has_data(const struct fsk_answer *a)
{
	return a->action == FSK_CNAME || export_is_sinkhole(a);
}

static void
write_zone(struct export_run *x, const char *name, const char *type,
    const struct fsk_answer *a)
{
	struct data d = { x, name, export_ttl(x, a) };
	char target[FSK_TEXT_MAX];

	fprintf(x->to, "local-zone: \"%s.\" %s\n", name, type);
	if (a == NULL)
		return;
	if (a->action == FSK_CNAME)
		fprintf(x->to, "local-data: \"%s. %u IN CNAME %s.\"\n", name,
		    d.ttl, fsk_name_to_text(a->cname.wire, target));
	else if (export_is_sinkhole(a))
		export_addresses(a, address_data, &d);
}

static struct export_rule
unbound(struct export_run *x, const struct export_name *n, bool write)
{
	const bool self = n->self.effect == EXPORT_BLOCK;
	const bool below = n->below.effect == EXPORT_BLOCK;
	char text[FSK_TEXT_MAX];

	if (self != below && !(self && has_data(n->self.answer))) {
		export_lose(x, LOST_ALONE, write);
		return n->above;
	}
	if (self && below && !export_same(&n->self, &n->below))
		export_lose(x, LOST_ANSWER, write);
	if (!write || (!self && export_alike(&n->below, &n->above)) ||
	    (below && export_same(&n->below, &n->above)))
		return n->below;
	fsk_name_to_text(n->wire, text);
	if (self != below)
		write_zone(x, text, "transparent", n->self.answer);
	else if (below)
		write_zone(x, text, type_of(n->below.answer), n->below.answer);
	else
		write_zone(x, text, "always_transparent", NULL);
	return n->below;
}

static bool
answers(const struct fsk_answer *a)
{
	return a->action != FSK_SERVFAIL;
}

static int
begin(struct export_run *x, struct fsk_error *err)
{
	(void)err; /* told by who closes the file */
	fprintf(x->to, "# fraudsink-feeds export, serial %llu\nserver:\n",
	    (unsigned long long)x->serial);
	return FSK_OK;
}

const struct export_format export_unbound = {
	.name = "unbound",
	.has_ttl = true,
	.answers = answers,
	.begin = begin,
	.name_rules = unbound,
};
