/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/e2e/lists.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
lists_file(struct world *w, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	write_file(path, text, strlen(text));
}

void
lists_conf(struct world *w, const char *conf)
{
	const size_t room = 2 * strlen(conf) + 65536;
	char *text = malloc(room);
	size_t len;

	ck_assert_ptr_nonnull(text);
	len = (size_t)snprintf(text, room,
	    "database = \"%s\"\nstate = \"%s/state\"\nthreads = 1\n"
	    "memory = 16M\n",
	    w->db, w->folder);
	for (; *conf != '\0'; conf++) {
		ck_assert_uint_lt(len + sizeof(w->folder), room);
		if (conf[0] == '@' && conf[1] == '/')
			len += (size_t)snprintf(
			    text + len, room - len, "%s", w->folder);
		else
			text[len++] = *conf;
	}
	text[len] = '\0';
	lists_file(w, "feeds.conf", text);
	free(text);
}

static char *
run(struct world *w, int status, const char *first, va_list ap)
{
	const char *argv[20] = { getenv("FRAUDSINK_TEST_FEEDS"), first, "-c" };
	char conf[256], log[256];
	unsigned n = 4;

	snprintf(conf, sizeof(conf), "%s/feeds.conf", w->folder);
	snprintf(log, sizeof(log), "%s/run.log", w->folder);
	argv[3] = conf;
	while ((argv[n] = va_arg(ap, const char *)) != NULL)
		ck_assert_uint_lt(++n, 19);
	unlink(log);
	proc_run(log, argv, status);
	return read_text(log);
}

char *
lists_run(struct world *w, int status, ...)
{
	const char *first;
	va_list ap;
	char *text;

	va_start(ap, status);
	first = va_arg(ap, const char *);
	text = run(w, status, first, ap);
	va_end(ap);
	return text;
}

void
lists_sync(struct world *w, const char *conf)
{
	const unsigned before = occurrences(w->log, "is in force");
	char *text;

	lists_conf(w, conf);
	text = lists_run(w, 0, "sync", NULL);
	ck_assert_msg(
	    strstr(text, "nothing changed") == NULL, "nothing is published");
	free(text);
	if (w->unbound.pid != 0)
		await_log(w, "is in force", before + 1);
}

/* ---- what is told ---- */

static struct fsk_ring_reader *
attached(struct world *w, bool read_only)
{
	struct fsk_error err = { 0 };
	struct fsk_ring_reader *r;

	ck_assert_msg(fsk_ring_attach(&r, w->ring, read_only, &err) == FSK_OK,
	    "%s", err.text);
	return r;
}

uint64_t
lists_counter(struct world *w, unsigned counter)
{
	struct fsk_ring_reader *r = attached(w, true);
	uint64_t n = 0;

	for (unsigned i = 0; i < fsk_ring_workers(r); i++)
		n += fsk_ring_counter(r, i, counter);
	fsk_ring_detach(r);
	return n;
}

size_t
lists_events(struct world *w, struct fsk_event *e, size_t n)
{
	struct fsk_ring_reader *r = attached(w, false);
	uint64_t damaged = 0;
	size_t all = 0;

	for (unsigned i = 0; i < fsk_ring_workers(r); i++) {
		all += fsk_ring_take(r, i, e + all, n - all, &damaged);
		fsk_ring_done(r, i);
	}
	ck_assert_uint_eq(damaged, 0);
	fsk_ring_detach(r);
	return all;
}
