/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dnsmasq's configuration, of version 2.86 and later.  Of the domains that fit,
 * the longest counts; "x" is x and all below it, "*.x" all below it and longer
 * than "x":
 *
 *	local=/x/		NXDOMAIN
 *	address=/x/192.0.2.1	this address; with local=/x/ nothing for other
 *				types
 *	server=/x/#		resolved as usual: an exception, which is
 *				written only where something above is blocked
 *
 * NODATA alone cannot be said.
 */
#include "feeds/export.h"

struct domain {
	struct export_run *x;
	const char *mark, *name;
};

static void
address_line(void *arg, const char *address, bool v6)
{
	const struct domain *d = arg;

	(void)v6;
	fprintf(d->x->to, "address=/%s%s/%s\n", d->mark, d->name, address);
}

static void
write_domain(struct export_run *x, const char *mark, const char *name,
    const struct export_rule *rule)
{
	struct domain d = { x, mark, name };

	if (rule->effect != EXPORT_BLOCK) {
		fprintf(x->to, "server=/%s%s/#\n", mark, name);
		return;
	}
	if (export_is_sinkhole(rule->answer))
		export_addresses(rule->answer, address_line, &d);
	fprintf(x->to, "local=/%s%s/\n", mark, name);
}

static struct export_rule
dnsmasq(struct export_run *x, const struct export_name *n, bool write)
{
	const bool self = !export_alike(&n->self, &n->above);
	const bool below = !export_alike(&n->below, &n->above);
	char text[FSK_TEXT_MAX];

	if (!self && !below)
		return n->below;
	if (!export_plain(n->wire, text)) {
		export_lose(x, LOST_OCTETS, write);
		return n->above;
	}
	if (!write)
		return n->below;
	if (self)
		write_domain(x, "", text, &n->self);
	/* What is said of the name would hold below it, too. */
	if (!export_alike(&n->self, &n->below))
		write_domain(x, "*.", text, &n->below);
	return n->below;
}

static bool
answers(const struct fsk_answer *a)
{
	return a->action == FSK_NXDOMAIN || export_is_sinkhole(a);
}

static int
begin(struct export_run *x, struct fsk_error *err)
{
	(void)err; /* told by who closes the file */
	fprintf(x->to, "# fraudsink-feeds export, serial %llu\n",
	    (unsigned long long)x->serial);
	return FSK_OK;
}

const struct export_format export_dnsmasq = {
	.name = "dnsmasq",
	.answers = answers,
	.begin = begin,
	.name_rules = dnsmasq,
};
