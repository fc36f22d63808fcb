/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
complain(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("fraudsink-stats: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
usage_error(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "fraudsink-stats %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry 'fraudsink-stats %s --help'.\n", command);
	return EXIT_ERROR;
}

static void
tell_fault(void *arg, const char *fault)
{
	(void)arg;
	complain("%s", fault);
}

struct conf *
read_conf(const char *path)
{
	unsigned faults;
	struct conf *c = conf_read(path, tell_fault, NULL, &faults);

	if (c == NULL && faults > 1)
		complain("%u faults; nothing was done", faults);
	return c;
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
