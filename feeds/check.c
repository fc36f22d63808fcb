/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds check: is feeds.conf good, and what would it do? */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/conf.h"
#include "feeds/policy_print.h"

static const char help[] =
    "usage: fraudsink-feeds check [-c FILE]\n"
    "\n"
    "Reads the configuration, tells every fault with its line, and prints "
    "what\n"
    "would be done.  Fetches nothing and changes nothing.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 it is good, 2 it is not.\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
print_duration(const char *what, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (seconds % units[i].seconds == 0) {
			printf("%s%" PRIu64 "%s", what,
			    seconds / units[i].seconds, units[i].unit);
			return;
		}
}

static void
print_feed(const struct conf *c, const struct conf_feed *f)
{
	static const char *const severities[] = { "red", "yellow" };
	static const char *const trusts[] = { "low", "normal", "high" };
	const struct conf_answer a = conf_answer_of(c, f, NULL, NULL);
	char source[CONF_SOURCE];

	printf("%s %s: %s%s", f->allow ? "allow" : "feed", f->head.title,
	    f->url == NULL ? "zone " : "", conf_source(f, source));
	print_duration(" every ", f->interval);
	printf(", format %s", f->format_name);
	if (f->allow) {
		printf(
		    ", allowed%s", f->subtree ? " with all that is below" : "");
	} else {
		printf(", %s, %s, ", f->category, severities[a.severity]);
		policy_print_action(&a);
		printf(", trust %s", trusts[f->trust]);
		if (a.minimum_feeds > 1)
			printf(
			    ", %" PRIu64 " feeds must agree", a.minimum_feeds);
	}
	if (f->max_age > 0)
		print_duration(", entries for ", f->max_age);
	if (!f->enabled)
		printf(", DISABLED");
	putchar('\n');
}

static void
warn_about_files(
    const char *kind, const char *title, const struct option_texts *files)
{
	for (size_t i = 0; i < files->n; i++)
		if (access(files->at[i], R_OK) != 0)
			complain("warning: %s%s: cannot read '%s'", kind, title,
			    files->at[i]);
}

static bool
is_category(const struct conf *c, const char *title)
{
	const struct conf_rule *rule = c->policy.rules.at;

	for (size_t i = 0; i < c->nfeeds; i++)
		if (!c->feeds[i].allow &&
		    strcmp(c->feeds[i].category, title) == 0)
			return true;
	for (size_t i = 0; i < c->policy.rules.n; i++)
		if (strcmp(rule[i].category, title) == 0)
			return true;
	return false;
}

/* A section for a category that nothing has: a slip of the pen, or its feed is
 * gone. */
static void
warn_about_categories(const struct conf *c, const char *kind, const char *title,
    const struct section_list *list)
{
	const struct conf_part *part = list->at;

	for (size_t i = 0; i < list->n; i++)
		if (!is_category(c, part[i].head.title))
			complain("warning: %s%s: no feed or rule has the "
				 "category '%s'",
			    kind, title, part[i].head.title);
}

/* Without its files there is no policy, and nothing is published. */
static void
warn_about_policy(const struct conf *c)
{
	const struct conf_rule *rule = c->policy.rules.at;
	const struct conf_group *group = c->policy.groups.at;

	warn_about_files("", "protected", &c->protected_files);
	warn_about_files("", "shared-hosts", &c->shared_files);
	warn_about_categories(c, "policy", "", &c->policy.categories);
	for (size_t i = 0; i < c->policy.rules.n; i++)
		warn_about_files("rule ", rule[i].head.title, &rule[i].files);
	for (size_t i = 0; i < c->policy.groups.n; i++) {
		const struct conf_group *g = &group[i];

		warn_about_files("group ", g->head.title, &g->prefix_files);
		warn_about_files("group ", g->head.title, &g->block_files);
		warn_about_files("group ", g->head.title, &g->allow_files);
		warn_about_categories(
		    c, "group ", g->head.title, &g->categories);
	}
}

/* What is no fault, but will not work as things are. */
static void
warn_about(const struct conf *c)
{
	warn_about_policy(c);
	for (size_t i = 0; i < c->nfeeds; i++) {
		const struct conf_feed *f = &c->feeds[i];

		if (!f->enabled)
			continue;
		if (f->secret_file != NULL && access(f->secret_file, R_OK) != 0)
			complain("warning: %s: cannot read the secret '%s'",
			    f->head.title, f->secret_file);
		if (f->secret_env != NULL && getenv(f->secret_env) == NULL)
			complain("warning: %s: the variable '%s' is not set",
			    f->head.title, f->secret_env);
		if ((f->secret_header != NULL || f->secret_query != NULL ||
			conf_has_key(f)) &&
		    f->url != NULL && strncmp(f->url, "http://", 7) == 0)
			complain("warning: %s: its secret travels in the clear "
				 "(http)",
			    f->head.title);
	}
	if (c->good.n == 0)
		complain("warning: no 'never-blocked' names are given: no "
			 "canary would sing");
}

int
cmd_check(int argc, char **argv)
{
	const char *path = CONF_DEFAULT;
	struct conf *c;
	int o;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("check", "bad command line");
		}
	if (optind != argc)
		return usage_error("check", "too many arguments");
	c = read_conf(path);
	if (c == NULL)
		return EXIT_ERROR;
	printf("database %s, state in %s, %" PRIu64 " generations kept\n",
	    c->database, c->state, c->generations);
	for (size_t i = 0; i < c->nfeeds; i++)
		print_feed(c, &c->feeds[i]);
	policy_print(c);
	for (size_t i = 0; i < c->hooks.n; i++)
		printf("then: %s\n", c->hooks.at[i]);
	warn_about(c);
	conf_free(c);
	return finish_output(EXIT_SUCCESS);
}
