/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds sync: one round over all feeds. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/cmd.h"
#include "feeds/round.h"
#include "feeds/state.h"
#include "feeds/status.h"

static const char help[] =
    "usage: fraudsink-feeds sync [-c FILE] [OPTION...] [FEED...]\n"
    "\n"
    "Gets all feeds (or those named), reads what changed, merges the lists of\n"
    "all, and publishes one database if it differs from the one in force.  A\n"
    "feed that fails or is refused keeps its last good list.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "      --force            publish even if nothing changed, a rollback "
    "holds,\n"
    "                         or a feed's list is gone\n"
    "      --no-hooks         do not run the hooks\n"
    "  -q, --quiet            tell failures only\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 all is well (published, or nothing to publish), 1 a feed\n"
    "failed (the others are published), 2 error (what was in force stays).\n";

enum { OPT_FORCE = 256, OPT_NO_HOOKS };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "no-hooks", no_argument, NULL, OPT_NO_HOOKS },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static atomic_bool stop;

static void
on_signal(int number)
{
	(void)number;
	atomic_store(&stop, true);
}

static void
report(const struct round *r)
{
	if (r->published)
		fprintf(stderr,
		    "%s: %" PRIu64 " entries, %" PRIu64 " URLs, %" PRIu64
		    " refused, serial %" PRIu64 "\n",
		    r->c->database, r->entries, r->urls, r->refused, r->serial);
	else if (r->held)
		fprintf(stderr,
		    "%s: a rollback holds it; nothing is published\n",
		    r->c->database);
	else
		fprintf(stderr, "%s: nothing changed\n", r->c->database);
}

/* Notes in DUE which of C's feeds are named; false if one is none. */
static bool
choose(const struct conf *c, char **names, int n, bool *due)
{
	for (int i = 0; i < n; i++) {
		const struct conf_feed *f = conf_feed(c, names[i]);

		if (f == NULL) {
			complain("'%s' has no feed '%s'", c->path, names[i]);
			return false;
		}
		due[f - c->feeds] = true;
	}
	return true;
}

static int
run(struct round *r)
{
	struct fsk_error err;
	int lock, rc;

	if (state_lock(r->c->state, &lock, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	rc = round_run(r, &err);
	if (rc != FSK_OK)
		complain("%s; %s", err.text,
		    r->published ? "what is new is in force all the same"
				 : "what was in force stays");
	status_keep(r->c);
	state_unlock(lock);
	if (rc != FSK_OK)
		return EXIT_ERROR;
	if (!r->quiet)
		report(r);
	return r->failed > 0 ? EXIT_NONE : EXIT_SUCCESS;
}

int
cmd_sync(int argc, char **argv)
{
	const struct sigaction on = { .sa_handler = on_signal,
		.sa_flags = SA_RESTART };
	const char *path = CONF_DEFAULT;
	struct round r = { .stop = &stop };
	int o, status = EXIT_ERROR;
	struct conf *c;
	bool *due;

	while ((o = getopt_long(argc, argv, "c:qh", options, NULL)) != -1)
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case 'q':
			r.quiet = true;
			break;
		case OPT_FORCE:
			r.force = true;
			break;
		case OPT_NO_HOOKS:
			r.no_hooks = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("sync", "bad command line");
		}
	c = read_conf(path);
	if (c == NULL)
		return EXIT_ERROR;
	r.c = c;
	due = calloc(c->nfeeds, sizeof(*due));
	if (due == NULL) {
		complain("out of memory");
	} else if (choose(c, argv + optind, argc - optind, due)) {
		r.due = optind < argc ? due : NULL;
		sigaction(SIGINT, &on, NULL);
		sigaction(SIGTERM, &on, NULL);
		status = run(&r);
	}
	free(due);
	conf_free(c);
	return finish_output(status);
}
