/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-stats - counts what the resolver blocked, and answers for it
 *
 *   main.c     the commands; cmd.c what they share
 *     conf.c     stats.conf, option.c its values; check.c tells what would be
 *                stored
 *   collect.c  the daemon: signals, times, retries
 *     collector.c  from the rings to the store
 *       source.c     a ring, and how far it is stored; ring_state.c as octets
 *         counters.c   what the ring counts, as differences
 *       journal.c    what the rings let go of before it is stored
 *       geo.c        country and network of a client
 *       privacy.c    what becomes of its address
 *       rollup.c     events to rows, in bounded memory
 *         words.c      numbers for the names of feeds, categories, groups
 *         facts.c      hits by everything that is told apart
 *         names.c      hits by name
 *         uniques.c    how many clients; sketch.c about how many
 *         events.c     each event, if it is to be kept
 *         table.c      a map, which most of these are made of
 *       warn.c       early warnings; warn_send.c sends them
 *   warnings.c how many there were, and what became of them
 *   store.c    what is kept and asked for, whichever store it is (SCHEMA.md)
 *     store_sqlite.c         SQLite: batches
 *     store_sqlite_schema.c  its tables
 *     store_sqlite_read.c    questions
 *     store_sqlite_keep.c    what is let go of
 *       sql.c                the library
 *     store_clickhouse.c         ClickHouse: SQLite first, then
 *     store_clickhouse_outbox.c  what has changed
 *     store_clickhouse_send.c    is sent by a thread
 *     store_clickhouse_schema.c  the tables there
 *     store_clickhouse_read.c    questions
 *       clickhouse.c             requests to the server
 *   init.c     makes the tables
 *   ask.h      the questions; it says where each is answered, and
 *              tally.h what of it researchers get
 *     questions.c  by name; params.c what they can be told
 *     print_*.c    as text, JSON, CSV; html.c and report_html.c a page
 *   cmd_ask.c  asks them; live.c shows some again and again
 *   serve.c    the daemon that answers by HTTP
 *     serve_api.c  what is where; openapi.c describes it
 *     serve_http.c the library; serve_token.c who may ask
 *     metrics.c    what Prometheus gets
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/cmd.h"
#include "stats/cmd_ask.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "check", "check the configuration, tell what would be stored",
	    cmd_check },
	{ "init", "make the tables of the store", cmd_init },
	{ "collect", "store what the resolver tells, for ever", cmd_collect },
	{ "warnings", "early warnings: ordered, acknowledged", cmd_warnings },
	{ "top", "which names, feeds, countries ... had most hits", cmd_ask },
	{ "series", "how it went on, step by step", cmd_ask },
	{ "feeds", "what each feed is good for", cmd_ask },
	{ "name", "what is known of a name", cmd_ask },
	{ "hosts", "the resolvers, their lists and counters", cmd_ask },
	{ "report", "a month in figures", cmd_ask },
	{ "live", "a screen that shows what is blocked now", cmd_live },
	{ "serve", "metrics, answers and a dashboard by HTTP", cmd_serve },
};

static void
print_usage(FILE *to)
{
	fputs("usage: fraudsink-stats COMMAND [OPTION...] [ARGUMENT...]\n"
	      "\n"
	      "Counts what the resolver blocked: which names, by which feeds, "
	      "where, for how many.\n"
	      "\n",
	    to);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("\n'fraudsink-stats COMMAND --help' tells its options; "
	      "fraudsink-stats(8) tells all.\n",
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
			puts("fraudsink-stats " FRAUDSINK_VERSION);
			return finish_output(EXIT_SUCCESS);
		}
		complain("no command '%s'", argv[1]);
	}
	print_usage(stderr);
	return EXIT_ERROR;
}
