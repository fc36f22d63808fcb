/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of names, which other programs make something of:
 *
 *	hosts		an address and a name: the name alone is blocked
 *	domains		names alone, one a line, each for itself
 *	wildcard	"x" for x alone, "*.x" for all below it
 *	adblock		"||x^" for x and all below it, "|x^" for x alone,
 *			"||*.x^" for all below it; "@@" in front excepts
 *
 * None but hosts says what is answered.  A list of hosts or domains needs no
 * exceptions, as it blocks nothing below its names; a list of wildcards has
 * none.  In an adblock list, exceptions beat all rules whatever their depth;
 * "$important" makes a rule beat exceptions, and an important exception beats
 * that.  So a rule has one of four levels, and with each change from blocked
 * to allowed or back on the way down to a name they rise by one.
 */
#include <string.h>

#include "feeds/export.h"

static int
begin_list(struct export_run *x, struct fsk_error *err)
{
	(void)err; /* told by who closes the file */
	fprintf(x->to, "# fraudsink-feeds export, serial %llu\n",
	    (unsigned long long)x->serial);
	return FSK_OK;
}

/* ---- names alone ---- */

struct host_line {
	struct export_run *x;
	const char *name;
};

static void
host_line(void *arg, const char *address, bool v6)
{
	const struct host_line *l = arg;

	(void)v6;
	fprintf(l->x->to, "%s %s\n", address, l->name);
}

static void
write_host(struct export_run *x, const char *name, const struct fsk_answer *a)
{
	struct host_line l = { x, name };

	if (a == NULL)
		fprintf(x->to, "%s\n", name);
	else if (export_is_sinkhole(a))
		export_addresses(a, host_line, &l);
	else
		fprintf(x->to, "0.0.0.0 %s\n", name);
}

static struct export_rule
alone(struct export_run *x, const struct export_name *n, bool write)
{
	char text[FSK_TEXT_MAX];

	if (!write)
		return n->below;
	if (n->self.effect == EXPORT_BLOCK && export_plain(n->wire, text))
		write_host(x, text, n->self.answer);
	else if (n->self.effect == EXPORT_BLOCK)
		export_lose(x, LOST_OCTETS, true);
	if (n->below.effect == EXPORT_BLOCK)
		export_lose(x, LOST_BELOW, true);
	return n->below;
}

/* All that is no address is 0.0.0.0, which is what such files mean by
 * "blocked". */
static bool
hosts_answers(const struct fsk_answer *a)
{
	(void)a;
	return true;
}

/* ---- wildcards ---- */

static struct export_rule
wildcard(struct export_run *x, const struct export_name *n, bool write)
{
	const struct export_rule none = { .effect = EXPORT_NONE };
	char text[FSK_TEXT_MAX];

	if (n->above.effect == EXPORT_BLOCK) { /* and there is no way back */
		if (n->self.effect != EXPORT_BLOCK ||
		    n->below.effect != EXPORT_BLOCK)
			export_lose(x, LOST_ALLOW, write);
		return n->above;
	}
	if (n->self.effect != EXPORT_BLOCK && n->below.effect != EXPORT_BLOCK)
		return none;
	if (!export_plain(n->wire, text)) {
		export_lose(x, LOST_OCTETS, write);
		return none;
	}
	if (write && n->self.effect == EXPORT_BLOCK)
		fprintf(x->to, "%s\n", text);
	if (write && n->below.effect == EXPORT_BLOCK)
		fprintf(x->to, "*.%s\n", text);
	return n->below.effect == EXPORT_BLOCK ? n->below : none;
}

/* ---- adblock ---- */

#define LEVEL_MAX 3 /* of an important exception */

/* Gives RULE the level that it needs to hold where ABOVE did; false if there is
 * none. */
static bool
raise_level(struct export_rule *rule, const struct export_rule *above)
{
	if (above->effect == EXPORT_NONE) {
		/* An exception of nothing is not written. */
		if (rule->effect == EXPORT_PASS)
			rule->effect = EXPORT_NONE;
		rule->level = 0;
		return true;
	}
	rule->level = above->level + (rule->effect != above->effect);
	return rule->level <= LEVEL_MAX;
}

static void
write_rule(struct export_run *x, const char *mark, const char *text,
    const struct export_rule *rule)
{
	fprintf(x->to, "%s%s%s^%s\n", rule->effect == EXPORT_PASS ? "@@" : "",
	    mark, text, rule->level >= 2 ? "$important" : "");
}

static struct export_rule
adblock(struct export_run *x, const struct export_name *n, bool write)
{
	struct export_rule self = n->self, below = n->below;
	char text[FSK_TEXT_MAX];

	if (!raise_level(&self, &n->above) || !raise_level(&below, &n->above)) {
		export_lose(x, LOST_NESTED, write);
		return n->above;
	}
	if (self.effect == n->above.effect && below.effect == n->above.effect)
		return below;
	if (!export_plain(n->wire, text)) {
		export_lose(x, LOST_OCTETS, write);
		return n->above;
	}
	if (!write)
		return below;
	if (self.effect == below.effect) {
		write_rule(x, "||", text, &self);
		return below;
	}
	if (self.effect != n->above.effect)
		write_rule(x, "|", text, &self);
	if (below.effect != n->above.effect)
		write_rule(x, "||*.", text, &below);
	return below;
}

static int
begin_adblock(struct export_run *x, struct fsk_error *err)
{
	(void)err;
	fprintf(x->to, "! fraudsink-feeds export, serial %llu\n",
	    (unsigned long long)x->serial);
	return FSK_OK;
}

const struct export_format export_hosts = {
	.name = "hosts",
	.answers = hosts_answers,
	.begin = begin_list,
	.name_rules = alone,
};

const struct export_format export_domains = {
	.name = "domains",
	.begin = begin_list,
	.name_rules = alone,
};

const struct export_format export_wildcard = {
	.name = "wildcard",
	.begin = begin_list,
	.name_rules = wildcard,
};

const struct export_format export_adblock = {
	.name = "adblock",
	.begin = begin_adblock,
	.name_rules = adblock,
};
