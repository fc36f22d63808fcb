/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/policy_print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/printable.h"

/* ---- answers ---- */

static const char *const severities[] = { "red", "yellow" };

void
policy_print_action(const struct conf_answer *a)
{
	fputs(fsk_action_word((enum fsk_action)a->action), stdout);
	if (a->action == FSK_SINKHOLE || a->action == FSK_WARN)
		printf(" %s", a->sinkhole);
	if (a->action == FSK_CNAME)
		printf(" %s", a->cname);
	printf(", TTL %" PRIu64, a->ttl);
}

/* Prints one thing of a line, after what is to stand between it and the one
 * before. */
static void __attribute__((format(printf, 2, 3)))
item(const char **between, const char *fmt, ...)
{
	va_list ap;

	fputs(*between, stdout);
	*between = ", ";
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

static void
item_text(const char **between, const char *what, const char *text)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	if (copy != NULL)
		item(between, "%s %s", what, printable(copy));
	free(copy);
}

/* "3 names"; nothing for 0. */
static void
item_count(const char **between, size_t n, const char *one, const char *many)
{
	if (n > 0)
		item(between, "%zu %s", n, n == 1 ? one : many);
}

/* What A says that makes it not count everywhere. */
static void
print_limits(const char **between, const struct conf_answer *a)
{
	for (size_t i = 0; i < a->types.n; i++)
		if (i == 0)
			item(between, "only for %s", a->types.at[i]);
		else
			printf(" %s", a->types.at[i]);
	if (a->aliases == 1)
		item(between, "aliases count");
	if (a->minimum_feeds != OPTION_UNSET && a->minimum_feeds > 1)
		item(between, "%" PRIu64 " feeds must agree", a->minimum_feeds);
}

/* What the section of A says itself. */
static void
print_said(const char **between, const struct conf_answer *a)
{
	static const char *const ede[] = { "none", "forged", "blocked",
		"censored", "filtered" };

	if (a->severity != OPTION_UNSET)
		item(between, "%s", severities[a->severity]);
	if (a->action != OPTION_UNSET)
		item(
		    between, "%s", fsk_action_word((enum fsk_action)a->action));
	item_text(between, "sinkhole", a->sinkhole);
	item_text(between, "cname", a->cname);
	if (a->ttl != OPTION_UNSET)
		item(between, "TTL %" PRIu64, a->ttl);
	if (a->ede != OPTION_UNSET)
		item(between, "EDE %s", ede[a->ede]);
	item_text(between, "EDE text", a->ede_text);
	item_text(between, "soa-mname", a->soa_mname);
	item_text(between, "soa-rname", a->soa_rname);
	if (a->aliases == 0)
		item(between, "aliases do not count");
	print_limits(between, a);
}

/* ---- sections ---- */

static void
print_title(const char *kind, const char *title)
{
	char *copy = strdup(title);

	printf("%s %s:", kind, copy != NULL ? printable(copy) : "");
	free(copy);
}

static void
print_parts(const char *kind, const struct section_list *list)
{
	const struct conf_part *part = list->at;

	for (size_t i = 0; i < list->n; i++) {
		const char *between = " ";

		print_title(kind, part[i].head.title);
		print_said(&between, &part[i].answer);
		putchar('\n');
	}
}

static void
print_rule(const struct conf *c, const struct conf_rule *rule)
{
	const struct conf_answer a = conf_answer_of(c, NULL, rule, NULL);
	const char *b = " ";

	print_title("rule", rule->head.title);
	item_count(&b, rule->names.n, "name", "names");
	item_count(&b, rule->files.n, "file of names", "files of names");
	item_count(&b, rule->prefixes.n, "prefix", "prefixes");
	item_count(&b, rule->countries.n, "country", "countries");
	item_count(&b, rule->networks.n, "network", "networks");
	item_text(&b, "category", rule->category);
	item(&b, "%s, ", severities[a.severity]);
	policy_print_action(&a);
	print_limits(&b, &a);
	item_text(&b, "case", rule->case_number);
	putchar('\n');
}

static void
print_group(const struct conf_group *g)
{
	const char *b = " ";

	print_title("group", g->head.title);
	item_count(&b, g->prefixes.n, "prefix", "prefixes");
	item_count(
	    &b, g->prefix_files.n, "file of prefixes", "files of prefixes");
	if (g->time != NULL)
		item(&b, "%s (%s)", g->time, g->timezone);
	if (g->off)
		item(&b, "nothing is blocked");
	item_count(&b, g->block.n, "name of its own", "names of its own");
	item_count(&b, g->block_files.n, "file of its own", "files of its own");
	item_count(&b, g->allow.n, "name allowed", "names allowed");
	item_count(&b, g->allow_files.n, "file allowed", "files allowed");
	print_said(&b, &g->answer);
	putchar('\n');
	print_parts("  category", &g->categories);
	print_parts("  grade", &g->severities);
	print_parts("  feed", &g->feeds);
}

/* What is answered where nothing narrower says otherwise. */
static void
print_whole(const struct conf *c)
{
	static const char *const if_signed[] = { NULL, "servfail", "pass" };
	const struct conf_policy *p = &c->policy;
	const struct conf_rule any = { .category = (char *)(uintptr_t) "",
		.answer = p->answer };
	const char *b = ", ";
	struct conf plain = *c;
	struct conf_answer a;

	plain.policy.categories.n = plain.policy.severities.n = 0;
	a = conf_answer_of(&plain, NULL, &any, NULL);
	fputs("policy: ", stdout);
	policy_print_action(&a);
	print_limits(&b, &a);
	item_text(&b, "signed names", if_signed[p->if_signed]);
	if (p->trust_ecs)
		item(&b, "client subnets are trusted");
	putchar('\n');
}

void
policy_print(const struct conf *c)
{
	const struct conf_policy *p = &c->policy;
	const struct conf_rule *rule = p->rules.at;
	const struct conf_group *group = p->groups.at;

	/* The file has no such section. */
	if (p->head.line == 0)
		return;
	print_whole(c);
	print_parts("category", &p->categories);
	print_parts("grade", &p->severities);
	for (size_t i = 0; i < p->rules.n; i++)
		print_rule(c, &rule[i]);
	for (size_t i = 0; i < p->groups.n; i++)
		print_group(&group[i]);
}
