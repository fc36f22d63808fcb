/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-stats check: is stats.conf good, and what would be stored? */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stats/cmd.h"

static const char help[] =
    "usage: fraudsink-stats check [-c FILE]\n"
    "\n"
    "Reads the configuration, tells every fault with its line, and prints "
    "what\n"
    "would be stored and for how long.  Changes nothing.\n"
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
print_keep(const char *what, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = { { 86400, "days" }, { 3600, "hours" }, { 60, "minutes" },
		{ 1, "seconds" } };
	size_t i = 0;

	if (seconds == 0) {
		printf("  %s: for ever\n", what);
		return;
	}
	while (seconds % units[i].seconds != 0)
		i++;
	printf("  %s: %" PRIu64 " %s\n", what, seconds / units[i].seconds,
	    units[i].unit);
}

static void
print_clients(const struct conf *c)
{
	printf("of clients: country, network, group, and about how many they "
	       "were (sketches of 2^%" PRIu64 " registers; %s)\n",
	    c->sketch_precision,
	    c->sketch_key == CONF_DAILY
		? "their key changes each day, so that over several days "
		  "client-days are counted"
		: "their key stays the same");
	if (!c->events)
		return;
	if (c->privacy == CONF_NOTHING)
		puts("of each event: when, name, answer, feeds; nothing of the "
		     "address");
	else if (c->privacy == CONF_PREFIX)
		printf("of each event: when, name, answer, feeds, and the "
		       "first %" PRIu64 " (IPv4) or %" PRIu64
		       " (IPv6) bits of the address\n",
		    c->prefix4, c->prefix6);
	else
		printf("of each event: when, name, answer, feeds, and a "
		       "pseudonym of the address, %s\n",
		    c->pseudonym_key == CONF_DAILY ? "another one each day"
						   : "always the same");
}

/* What is no fault, but will not work as things are. */
static void
warn_about(const struct conf *c)
{
	const char *const files[] = { c->country_db, c->asn_db };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (files[i] != NULL && access(files[i], R_OK) != 0)
			complain("warning: cannot read '%s': its answers will "
				 "be 'unknown'",
			    files[i]);
	for (size_t i = 0; i < c->rings.n; i++)
		if (access(c->rings.at[i], F_OK) != 0)
			complain(
			    "warning: '%s' is not there (yet)", c->rings.at[i]);
}

static void
print_conf(const struct conf *c)
{
	for (size_t i = 0; i < c->rings.n; i++)
		printf("ring %s\n", c->rings.at[i]);
	if (c->store == CONF_SQLITE)
		printf("stored as '%s' in %s\n", c->host, c->database);
	else
		printf("stored as '%s' in %s, and from there in ClickHouse, "
		       "database %s at %s\n",
		    c->host, c->database, c->clickhouse.database,
		    c->clickhouse.url);
	print_keep("counts by minute", c->keep_minutes);
	print_keep("counts by hour", c->keep_hours);
	print_keep("counts by day", c->keep_days);
	if (c->events)
		print_keep("events", c->keep_events);
	printf("names are %s, of an hour the %" PRIu64 " and of a day the "
	       "%" PRIu64 " most frequent\n",
	    c->names == CONF_ENTRY ? "the listed ones" : "those asked for",
	    c->hour_names, c->day_names);
	print_clients(c);
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
	print_conf(c);
	warn_about(c);
	conf_free(c);
	return finish_output(EXIT_SUCCESS);
}
