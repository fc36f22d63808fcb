/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-stats - counts what the resolver blocked, and answers for it
 *
 *   main.c     the commands; cmd.c what they share
 *     conf.c     stats.conf; check.c tells what would be stored
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/cmd.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "check", "check the configuration, tell what would be stored",
	    cmd_check },
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
