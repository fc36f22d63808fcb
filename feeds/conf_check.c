/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/conf_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/answer.h"
#include "feeds/host.h"
#include "feeds/schedule.h"
#include "feeds/state.h"
#include "lib/prefix.h"

/* A feed's name becomes a folder's. */
static bool
good_title(const char *name)
{
	size_t n = strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	    ".");

	return n > 0 && n < 64 && name[n] == '\0' && name[0] != '.';
}

/* Tells at LINE, or where the list L stands. */
static void
check_names(struct options_reader *r, unsigned line, const char *what,
    const struct option_texts *l)
{
	if (l->line != 0)
		line = l->line;
	for (size_t i = 0; i < l->n; i++) {
		struct fsk_name name;
		enum fsk_match_kind match;
		const char *wrong = host_entry(
		    &name, &match, FSK_SUBTREE, l->at[i], strlen(l->at[i]));

		if (wrong != NULL)
			options_fault(r, line, "%s: '%s' is no name: %s", what,
			    l->at[i], wrong);
	}
}

/* The same where marks ("*.") have no meaning. */
static void
check_plain_names(
    struct options_reader *r, const char *what, const struct option_texts *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct fsk_name name;
		const char *wrong = host_name(
		    &name, l->at[i], strlen(l->at[i]));

		if (wrong != NULL)
			options_fault(r, l->line, "%s: '%s' is no name: %s",
			    what, l->at[i], wrong);
	}
}

/* ---- answers ---- */

/* What the section of HEAD says of answers: each option taken alone, so that
 * all faults are told, and each at its line. */
static void
check_answer(struct options_reader *r, const struct section_head *head,
    const char *what, const struct conf_answer *a)
{
#define FIELD(f) \
	{ \
		offsetof(struct conf_answer, f), sizeof(a->f) \
	}
	static const struct {
		size_t at, size;
	} fields[] = { FIELD(sinkhole), FIELD(cname), FIELD(ede_text),
		FIELD(soa_mname), FIELD(soa_rname), FIELD(types) };
#undef FIELD

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct conf_answer one = { .severity = OPTION_UNSET,
			.action = OPTION_UNSET,
			.ttl = OPTION_UNSET,
			.ede = OPTION_UNSET,
			.aliases = OPTION_UNSET,
			.minimum_feeds = OPTION_UNSET };
		const char *field = (const char *)a + fields[i].at;
		struct fsk_answer unused;
		char why[128];

		memcpy((char *)&one + fields[i].at, field, fields[i].size);
		if (!answer_make(&one, &unused, why))
			options_fault(
			    r, options_line(head, field), "%s: %s", what, why);
	}
}

/* Whether what comes out for a feed or a rule, with all that it inherits, has
 * what its action needs. */
static bool
is_whole(const struct conf_answer *a)
{
	if (a->action == FSK_SINKHOLE || a->action == FSK_WARN)
		return a->sinkhole != NULL;
	return a->action != FSK_CNAME || a->cname != NULL;
}

static void
check_whole(struct options_reader *r, unsigned line, const char *what,
    const struct conf_answer *a)
{
	if (is_whole(a))
		return;
	if (a->action == FSK_CNAME)
		options_fault(r, line,
		    "%s: the action cname needs a 'cname' here, in its "
		    "category or in the policy",
		    what);
	else
		options_fault(r, line,
		    "%s: the action needs 'sinkhole' addresses here, in its "
		    "category or in the policy",
		    what);
}

/* What belongs to an entry, whoever asks, would do nothing where it is said for
 * some clients, unnoticed.  A group's own names have its severity. */
static void
check_for_clients(struct options_reader *r, const struct section_head *head,
    const char *what, const struct conf_answer *a, bool own)
{
	const struct {
		const char *name;
		const void *field;
		bool said;
	} row[] = {
		{ "types", &a->types, a->types.n > 0 },
		{ "aliases", &a->aliases, a->aliases != OPTION_UNSET },
		{ "minimum-feeds", &a->minimum_feeds,
		    a->minimum_feeds != OPTION_UNSET },
		{ "severity", &a->severity,
		    !own && a->severity != OPTION_UNSET },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		if (row[i].said)
			options_fault(r, options_line(head, row[i].field),
			    "%s: '%s' is not for groups: an entry has it for "
			    "all clients",
			    what, row[i].name);
}

static void
check_parts(struct options_reader *r, const char *of, const char *kind,
    const struct section_list *list)
{
	const struct conf_part *part = list->at;

	for (size_t i = 0; i < list->n; i++) {
		char what[256];

		snprintf(what, sizeof(what), "%s%s \"%s\"", of, kind,
		    part[i].head.title);
		check_answer(r, &part[i].head, what, &part[i].answer);
		if (*of != '\0')
			check_for_clients(
			    r, &part[i].head, what, &part[i].answer, false);
		if (strcmp(kind, "grade") == 0 &&
		    strcmp(part[i].head.title, "red") != 0 &&
		    strcmp(part[i].head.title, "yellow") != 0)
			options_fault(r, part[i].head.line,
			    "%s: a grade is \"red\" or \"yellow\"", what);
	}
}

/* ---- feeds ---- */

/* What the name of a header is (RFC 9110 section 5.6.2). */
static bool
is_token(const char *text)
{
	size_t n = strspn(text,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "!#$%&'*+-.^_`|~");

	return n > 0 && text[n] == '\0';
}

static void
check_source(
    struct options_reader *r, const struct conf_feed *f, const char *what)
{
	const bool secret = f->secret_file != NULL || f->secret_env != NULL;
	const struct section_head *head = &f->head;
	char host[CONF_SOURCE];

	if ((f->url == NULL) == (f->server == NULL))
		options_fault(
		    r, head->line, "%s: needs either 'url' or 'server'", what);
	if ((f->server == NULL) != (f->zone == NULL))
		options_fault(
		    r, head->line, "%s: 'server' and 'zone' go together", what);
	if (f->url != NULL && f->url[0] != '/' &&
	    strncmp(f->url, "https://", 8) != 0 &&
	    strncmp(f->url, "http://", 7) != 0 &&
	    strncmp(f->url, "file:///", 8) != 0)
		options_fault(r, options_line(head, &f->url),
		    "%s: 'url' must be https, http, file or a whole path",
		    what);
	if (f->secret_file != NULL && f->secret_env != NULL)
		options_fault(r, options_line(head, &f->secret_env),
		    "%s: either 'secret-file' or 'secret-env', not both", what);
	if (secret !=
	    (f->secret_header != NULL || f->secret_query != NULL ||
		f->tsig_name != NULL || conf_has_key(f)))
		options_fault(r, head->line,
		    "%s: a secret needs a source ('secret-file' or "
		    "'secret-env') and a use ('secret-header', 'secret-query', "
		    "'tsig-name' or '{key}' in the URL)",
		    what);
	if (conf_has_key(f) && strstr(conf_host(f, host), "{") != NULL)
		options_fault(r, options_line(head, &f->url),
		    "%s: '{key}' may not be in the name of the server", what);
	if (f->secret_header != NULL && !is_token(f->secret_header))
		options_fault(r, options_line(head, &f->secret_header),
		    "%s: 'secret-header' is the name of a header, without "
		    "':'",
		    what);
	if (f->tsig_name != NULL && f->server == NULL)
		options_fault(r, options_line(head, &f->tsig_name),
		    "%s: 'tsig-name' is for a 'server'", what);
}

static void
check_feed(struct options_reader *r, struct conf *c, struct conf_feed *f)
{
	const unsigned line = f->head.line;
	char what[128];

	snprintf(what, sizeof(what), "%s \"%s\"", f->allow ? "allow" : "feed",
	    f->head.title);
	if (!good_title(f->head.title))
		options_fault(r, line,
		    "%s: a name has 1 to 63 letters, digits, '-', '_' and '.'",
		    what);
	if (state_is_ours(f->head.title))
		options_fault(r, line,
		    "%s: a file of the state folder has this name", what);
	if (conf_feed(c, f->head.title) != f)
		options_fault(
		    r, line, "%s: another section has this name", what);
	check_source(r, f, what);
	if (strcmp(f->format_name, "auto") != 0) {
		f->format = parse_find(f->format_name);
		if (f->format == NULL)
			options_fault(r,
			    options_line(&f->head, &f->format_name),
			    "%s: no format '%s'", what, f->format_name);
	}
	if (*f->category == '\0')
		options_fault(r, options_line(&f->head, &f->category),
		    "%s: an empty category", what);
	check_answer(r, &f->head, what, &f->answer);
	if (!f->allow) {
		const struct conf_answer a = conf_answer_of(c, f, NULL, NULL);

		check_whole(
		    r, options_line(&f->head, &f->answer.action), what, &a);
	}
	if (f->subtree && !f->allow)
		options_fault(r, options_line(&f->head, &f->subtree),
		    "%s: 'subtree' is for allow sections", what);
}

/* ---- policy ---- */

static void
check_prefixes(struct options_reader *r, unsigned line, const char *what,
    const struct option_texts *l)
{
	if (l->line != 0)
		line = l->line;
	for (size_t i = 0; i < l->n; i++) {
		uint8_t addr[FSK_ADDR_LEN];
		unsigned bits;
		const char *wrong = fsk_prefix_read(l->at[i], addr, &bits);

		if (wrong != NULL)
			options_fault(r, line, "%s: '%s' is no prefix: %s",
			    what, l->at[i], wrong);
	}
}

static bool
is_country(const char *text)
{
	return strlen(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' &&
	    text[1] >= 'A' && text[1] <= 'Z';
}

/* "64496" or "AS64496". */
static bool
is_network(const char *text)
{
	unsigned long n;
	char *end;

	text += strncmp(text, "AS", 2) == 0 ? 2 : 0;
	n = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && n > 0 &&
	    n <= UINT32_MAX;
}

static void
check_places(struct options_reader *r, const struct conf *c,
    const struct conf_rule *rule, const char *what)
{
	check_prefixes(r, rule->head.line, what, &rule->prefixes);
	for (size_t i = 0; i < rule->countries.n; i++)
		if (!is_country(rule->countries.at[i]))
			options_fault(r, rule->countries.line,
			    "%s: '%s' is no country (two capitals)", what,
			    rule->countries.at[i]);
	for (size_t i = 0; i < rule->networks.n; i++)
		if (!is_network(rule->networks.at[i]))
			options_fault(r, rule->networks.line,
			    "%s: '%s' is no network (AS and a number)", what,
			    rule->networks.at[i]);
	if (rule->countries.n > 0 && c->policy.country_db == NULL)
		options_fault(r, rule->countries.line,
		    "%s: 'countries' need a 'country-db' in the policy", what);
	if (rule->networks.n > 0 && c->policy.asn_db == NULL)
		options_fault(r, rule->networks.line,
		    "%s: 'networks' need an 'asn-db' in the policy", what);
}

/* A rule's name is shown to people, and is no file's. */
static bool
good_rule_title(const char *name)
{
	size_t n = 0;

	while ((unsigned char)name[n] >= 0x20 && name[n] != 0x7f)
		n++;
	return n > 0 && n < 128 && name[n] == '\0';
}

static void
check_rule(struct options_reader *r, const struct conf *c,
    const struct conf_rule *rule)
{
	const struct conf_answer a = conf_answer_of(c, NULL, rule, NULL);
	char what[128];

	snprintf(what, sizeof(what), "rule \"%s\"", rule->head.title);
	if (!good_rule_title(rule->head.title))
		options_fault(r, rule->head.line,
		    "%s: a name has 1 to 127 octets, none for control", what);
	check_names(r, rule->head.line, what, &rule->names);
	check_answer(r, &rule->head, what, &rule->answer);
	check_whole(
	    r, options_line(&rule->head, &rule->answer.action), what, &a);
	check_places(r, c, rule, what);
	if (rule->names.n + rule->files.n + rule->prefixes.n +
		rule->countries.n + rule->networks.n ==
	    0)
		options_fault(r, rule->head.line,
		    "%s: needs 'names', 'files', 'prefixes', 'countries' or "
		    "'networks'",
		    what);
	if (conf_feed(c, rule->head.title) != NULL)
		options_fault(
		    r, rule->head.line, "%s: a feed has this name", what);
}

/* A section for a feed that is not there would do nothing, unnoticed. */
static void
check_group_feeds(struct options_reader *r, const struct conf *c,
    const struct conf_group *g, const char *what)
{
	const struct conf_part *part = g->feeds.at;

	for (size_t i = 0; i < g->feeds.n; i++) {
		const struct conf_feed *f = conf_feed(c, part[i].head.title);

		if (f == NULL || f->allow)
			options_fault(r, part[i].head.line,
			    "%s: there is no feed \"%s\"", what,
			    part[i].head.title);
	}
}

/* What comes out for the group's clients; once is enough, and what is wrong
 * without the group is told there. */
static void
check_group_answers(struct options_reader *r, const struct conf *c,
    const struct conf_group *g, const char *what)
{
	const unsigned line = options_line(&g->head, &g->answer.action);
	const struct conf_rule *rule = c->policy.rules.at;
	/* As group_list() has it. */
	const struct conf_rule own = { .category = (char *)(uintptr_t) "group",
		.answer = g->answer };
	struct conf_answer a = conf_answer_of(c, NULL, &own, g), without;

	if (g->block.n + g->block_files.n > 0 && !is_whole(&a)) {
		check_whole(r, line, what, &a);
		return;
	}
	for (size_t i = 0; i < c->nfeeds + c->policy.rules.n; i++) {
		const bool feed = i < c->nfeeds;
		const struct conf_feed *f = feed ? &c->feeds[i] : NULL;
		const struct conf_rule *of = feed ? NULL : rule + i - c->nfeeds;

		if (feed && f->allow)
			continue;
		a = conf_answer_of(c, f, of, g);
		without = conf_answer_of(c, f, of, NULL);
		if (!is_whole(&a) && is_whole(&without)) {
			check_whole(r, line, what, &a);
			return;
		}
	}
}

static void
check_group(
    struct options_reader *r, const struct conf *c, const struct conf_group *g)
{
	const unsigned line = g->head.line;
	struct schedule unused;
	const char *wrong;
	char what[128];

	snprintf(what, sizeof(what), "group \"%s\" ", g->head.title);
	check_parts(r, what, "category", &g->categories);
	check_parts(r, what, "grade", &g->severities);
	check_parts(r, what, "feed", &g->feeds);
	what[strlen(what) - 1] = '\0';
	if (!good_title(g->head.title))
		options_fault(r, line,
		    "%s: a name has 1 to 63 letters, digits, '-', '_' and '.'",
		    what);
	if (g->prefixes.n + g->prefix_files.n == 0)
		options_fault(
		    r, line, "%s: needs 'prefixes' or 'prefix-files'", what);
	check_prefixes(r, line, what, &g->prefixes);
	check_names(r, line, what, &g->block);
	check_names(r, line, what, &g->allow);
	check_answer(r, &g->head, what, &g->answer);
	check_for_clients(r, &g->head, what, &g->answer, true);
	if (g->time != NULL &&
	    (wrong = schedule_read(&unused, g->time)) != NULL)
		options_fault(r, options_line(&g->head, &g->time),
		    "%s: the time '%s': %s", what, g->time, wrong);
	if (!schedule_zone(g->timezone))
		options_fault(r, options_line(&g->head, &g->timezone),
		    "%s: no time zone '%s' on this machine (tzdata)", what,
		    g->timezone);
	check_group_feeds(r, c, g, what);
	check_group_answers(r, c, g, what);
}

static void
check_policy(struct options_reader *r, const struct conf *c)
{
	const struct conf_policy *p = &c->policy;
	const struct conf_rule *rule = p->rules.at;
	const struct conf_group *group = p->groups.at;

	check_answer(r, &p->head, "policy", &p->answer);
	check_parts(r, "", "category", &p->categories);
	check_parts(r, "", "grade", &p->severities);
	for (size_t i = 0; i < p->rules.n; i++)
		check_rule(r, c, &rule[i]);
	for (size_t i = 0; i < p->groups.n; i++)
		check_group(r, c, &group[i]);
}

void
conf_check(struct options_reader *r, struct conf *c)
{
	check_plain_names(r, "own-names", &c->own_names);
	check_plain_names(r, "never-blocked", &c->good);
	check_plain_names(r, "always-blocked", &c->bad);
	for (size_t i = 0; i < c->nfeeds; i++)
		check_feed(r, c, &c->feeds[i]);
	check_policy(r, c);
	if (c->nfeeds + c->policy.rules.n == 0 && r->faults == 0)
		options_fault(r, 0, "it names no feed and no rule");
}
