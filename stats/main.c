/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-stats - counts what the resolver blocked, and answers for it
 *
 *   main.c     the commands; cmd.c what they share
 *     conf.c     stats.conf; check.c tells what would be stored
 *     ask.c      the questions (ask.h says where); cmd_ask.c asks them,
 *                live.c shows some again and again, serve.c does by HTTP
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
