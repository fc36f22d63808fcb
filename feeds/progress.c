/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/progress.h"

#include <stdio.h>
#include <unistd.h>

static double
since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) +
	    (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

void
progress_begin(struct progress *p, bool quiet)
{
	p->on = !quiet && isatty(STDERR_FILENO);
	p->shown = false;
	clock_gettime(CLOCK_MONOTONIC, &p->start);
	p->last = p->start;
}

void
progress_show(struct progress *p, const char *what, uint64_t done, uint64_t all)
{
	if (!p->on || since(&p->start) < 1 ||
	    (p->shown && since(&p->last) < 0.2))
		return;
	clock_gettime(CLOCK_MONOTONIC, &p->last);
	p->shown = true;
	fprintf(stderr, "\r\033[K%s: %llu", what, (unsigned long long)done);
	if (all != 0)
		fprintf(stderr, " of %llu", (unsigned long long)all);
	fflush(stderr);
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

double
progress_seconds(const struct progress *p)
{
	return since(&p->start);
}
