/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-feeds - makes blocklist databases from feeds, and reads them
 *
 *   main.c     the commands; cmd.c what they share
 *   sync.c     one round over all feeds; watch.c rounds for ever
 *     conf.c     feeds.conf; check.c tells what it would do
 *     round.c    a round
 *       contents.c   gets what feeds serve; fetch.c from web servers
 *                    (reach.c), transfer.c from name servers
 *       collect.c    makes a feed's list of it, if its guards agree
 *       release.c    makes and publishes a database, if anything changed
 *         merge.c      the lists of all feeds to one: merge_walk.c goes
 *                      through them, merge_judge.c says what counts,
 *                      merge_rules.c adds the operator's own
 *           policy.c     who gets which answer; group_list.c, schedule.c
 *           guard.c      what no feed may block; psl.c, nameset.c
 *         publish.c    generations, and which is in force
 *     state.c    what is kept from round to round
 *     dry.c      a round that changes nothing, in a replica.c of the state;
 *                queries.c what it would change for real queries
 *   status.c   how the feeds are
 *   rollback.c an earlier generation in force again
 *   shadow.c   a list that is only tried
 *   build.c    inputs to a database, without any configuration
 *     ingest.c   reads and parses in several threads
 *       source.c   files and standard input, unpack_*.c compressed ones
 *       parse.c    the formats, parse_*.c one each
 *       host.c     what is a name in a feed; idn.c international ones
 *       url.c      URLs in one form, url_host.c their hosts
 *       zone.c     the text of zones, rpz_owner.c names in policy zones
 *       value.c    values of tables (csv_columns.c) and documents (doc.c)
 *   bypass.c   something passes for a while
 *   why.c      what happens to a query, and why
 *   lookup.c   is this name or URL listed, by whom, since when
 *   info.c     what is in a database
 *   dump.c     its entries as text
 *   diff.c     how it differs from another; entry.c its entries one by one
 *   export.c   a database for other resolvers
 *     export_walk.c   its names and what holds for them
 *     export_*.c      the forms
 *     aside.c         files that are replaced in one step
 *   json.c     JSON, progress.c a line on the terminal
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/cmd.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "check", "check the configuration, tell what it would do",
	    cmd_check },
	{ "sync", "get all feeds, publish what changed", cmd_sync },
	{ "watch", "do so for ever, each feed at its interval", cmd_watch },
	{ "status", "tell how the feeds are", cmd_status },
	{ "rollback", "put an earlier database in force again", cmd_rollback },
	{ "build", "compile lists of names to a database", cmd_build },
	{ "shadow", "try a database beside the one in force", cmd_shadow },
	{ "bypass", "let something pass for a while", cmd_bypass },
	{ "why", "tell what happens to a query, and why", cmd_why },
	{ "lookup",
	    "tell whether names or URLs are listed, by which feeds, since when",
	    cmd_lookup },
	{ "info", "describe a database", cmd_info },
	{ "dump", "print all entries of a database", cmd_dump },
	{ "diff", "tell how two databases differ", cmd_diff },
	{ "export", "write a database for other resolvers", cmd_export },
};

static void
print_usage(FILE *to)
{
	fputs("usage: fraudsink-feeds COMMAND [OPTION...] [ARGUMENT...]\n"
	      "\n"
	      "Compiles feeds of fraud domains to one database for the "
	      "resolver, and reads it.\n"
	      "\n",
	    to);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("\n'fraudsink-feeds COMMAND --help' tells its options; "
	      "fraudsink-feeds(8) tells all.\n",
	    to);
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc >= 2) {
		for (size_t i = 0; i < sizeof(commands) / sizeof(*commands);
		     i++)
			if (strcmp(argv[1], commands[i].name) == 0)
				return commands[i].run(argc - 1, argv + 1);
		if (strcmp(argv[1], "--help") == 0 ||
		    strcmp(argv[1], "-h") == 0) {
			print_usage(stdout);
			return finish_output(EXIT_SUCCESS);
		}
		if (strcmp(argv[1], "--version") == 0) {
			puts("fraudsink-feeds " FRAUDSINK_VERSION);
			return finish_output(EXIT_SUCCESS);
		}
		complain("no command '%s'", argv[1]);
	}
	print_usage(stderr);
	return EXIT_ERROR;
}
