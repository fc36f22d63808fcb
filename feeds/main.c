/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-feeds - makes blocklist databases from feeds, and reads them
 *
 *   main.c     commands and what they share
 *   build.c    inputs to a database
 *     ingest.c   reads and parses in several threads
 *       source.c   files and standard input, unpack_*.c compressed ones
 *       parse.c    the formats, parse_*.c one each
 *       host.c     what is a name in a feed; idn.c international ones
 *   lookup.c   is this name listed, by whom, since when
 *   info.c     what is in a database
 *   dump.c     its entries as text
 *   json.c     JSON, progress.c a line on the terminal
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feeds/cmd.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "build", "compile lists of names to a database", cmd_build },
	{ "lookup", "tell whether names are listed, by which feeds, since when",
	    cmd_lookup },
	{ "info", "describe a database", cmd_info },
	{ "dump", "print all entries of a database", cmd_dump },
};

void
complain(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("fraudsink-feeds: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
usage_error(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "fraudsink-feeds %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry 'fraudsink-feeds %s --help'.\n", command);
	return EXIT_ERROR;
}

bool
read_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	char *end;
	unsigned long long v;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || v < least || v > most)
		return false;
	*out = v;
	return true;
}

char *
day_text(uint32_t day, char text[static 16])
{
	time_t t = (time_t)day * 86400;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(text, 16, "%F", &tm) == 0)
		strcpy(text, "unknown");
	return text;
}

bool
read_day(const char *text, uint32_t *day)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	time_t t;

	if (end == NULL || *end != '\0')
		return false;
	t = timegm(&tm);
	if (t < 0 || t / 86400 > UINT32_MAX)
		return false;
	*day = (uint32_t)(t / 86400);
	return true;
}

const char *
match_word(enum fsk_match_kind match)
{
	switch (match) {
	case FSK_SUBTREE:
		return "subtree";
	case FSK_EXACT:
		return "exact";
	case FSK_BELOW:
		return "below";
	}
	return "?";
}

const char *
severity_word(enum fsk_severity severity)
{
	return severity == FSK_RED ? "red" : "yellow";
}

const char *
action_word(const struct fsk_attr *attr)
{
	if (attr->allow)
		return "allow";
	switch (attr->answer->action) {
	case FSK_NXDOMAIN:
		return "nxdomain";
	case FSK_NODATA:
		return "nodata";
	case FSK_SINKHOLE:
		return "sinkhole";
	case FSK_ACTIONS:
		break;
	}
	return "?";
}

int
finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		complain("cannot write standard output: %s", strerror(errno));
	return EXIT_ERROR;
}

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
