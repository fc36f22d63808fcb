/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/faults.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/kit.h"

void
faults_tell(void *arg, const char *fault)
{
	struct faults *f = arg;
	const size_t len = strlen(kit_dir);

	ck_assert_uint_lt(f->n, FAULTS_MAX);
	if (strncmp(fault, kit_dir, len) == 0) {
		fault += len;
		fault += strcspn(fault, ":");
		fault += *fault == ':';
	}
	snprintf(f->text[f->n++], sizeof(f->text[0]), "%s", fault);
}

static void
show(const struct faults *f)
{
	for (unsigned i = 0; i < f->n; i++)
		fprintf(stderr, "  told: %s\n", f->text[i]);
}

void
faults_has(const struct faults *f, unsigned line, const char *what)
{
	char start[16] = " ";

	if (line != 0)
		snprintf(start, sizeof(start), "%u: ", line);
	for (unsigned i = 0; i < f->n; i++)
		if (strncmp(f->text[i], start, strlen(start)) == 0 &&
		    strstr(f->text[i], what) != NULL)
			return;
	show(f);
	ck_abort_msg("not told: line %u: %s", line, what);
}

void
faults_count(const struct faults *f, unsigned n)
{
	if (f->n != n)
		show(f);
	ck_assert_uint_eq(f->n, n);
}
