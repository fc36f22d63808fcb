/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
	return fsk_action_word(attr->answer->action);
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
