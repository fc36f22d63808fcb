/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stats/utf8.h"

#define TEXT_MOST 2048

/* Makes TEXT of FMT, and of what would act on a terminal '?': paths and errors
 * of others are in it. */
static void __attribute__((format(printf, 2, 0)))
make_text(char text[static TEXT_MOST], const char *fmt, va_list ap)
{
	size_t len;

	vsnprintf(text, TEXT_MOST, fmt, ap);
	for (char *p = text; *p != '\0'; p += len) {
		uint32_t c;

		len = utf8_next(p, &c);
		if (utf8_acts(c) || (c == 0xfffd && len == 1))
			memset(p, '?', len);
	}
}

void
complain(const char *fmt, ...)
{
	char text[TEXT_MOST];
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	make_text(text, fmt, ap);
	va_end(ap);
	fprintf(stderr, "fraudsink-stats: %s\n", text);
}

int
usage_error(const char *command, const char *fmt, ...)
{
	char text[TEXT_MOST];
	va_list ap;

	va_start(ap, fmt);
	make_text(text, fmt, ap);
	va_end(ap);
	fprintf(stderr,
	    "fraudsink-stats %s: %s\nTry 'fraudsink-stats %s --help'.\n",
	    command, text, command);
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
