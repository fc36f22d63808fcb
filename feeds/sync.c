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
#include "feeds/dry.h"
#include "feeds/round.h"
#include "feeds/state.h"
#include "feeds/status.h"

static const char help[] =
    "usage: fraudsink-feeds sync [-c FILE] [OPTION...] [FEED...]\n"
    "       fraudsink-feeds sync --dry-run [--queries FILE] [OPTION...] "
    "[FEED...]\n"
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
    "With --dry-run nothing is changed: the round is made aside, and how the\n"
    "database would differ is told as by 'diff'.\n"
    "\n"
    "      --queries FILE     a query name a line ('-': standard input): tells "
    "which\n"
    "                         would be answered otherwise, the most queried "
    "first\n"
    "      --names            the entries, too\n"
    "      --limit N          at most so many names of each kind (default: "
    "20; with\n"
    "                         --json all)\n"
    "      --json             one object\n"
    "\n"
    "Exit status: 0 all is well (published, or nothing to publish), 1 a feed\n"
    "failed (the others are published), 2 error (what was in force stays).\n";

enum {
	OPT_FORCE = 256,
	OPT_NO_HOOKS,
	OPT_DRY_RUN,
	OPT_QUERIES,
	OPT_NAMES,
	OPT_LIMIT,
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "no-hooks", no_argument, NULL, OPT_NO_HOOKS },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "queries", required_argument, NULL, OPT_QUERIES },
	{ "names", no_argument, NULL, OPT_NAMES },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "json", no_argument, NULL, 'j' },
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

/* What the command line says. */
struct command {
	const char *path;
	struct round r;
	bool dry;
	struct dry_options o;
};

static void
catch_signals(bool dry)
{
	const struct sigaction on = { .sa_handler = on_signal,
		.sa_flags = SA_RESTART };
	struct sigaction before;

	sigaction(SIGINT, &on, NULL);
	sigaction(SIGTERM, &on, NULL);
	/* A dry run must not leave anything when its terminal goes, unless
	 * nohup(1) lets it go on. */
	if (dry && sigaction(SIGHUP, NULL, &before) == 0 &&
	    before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &on, NULL);
}

static int
with_conf(struct command *m, struct conf *c, char **feeds, int n)
{
	bool *due = calloc(c->nfeeds + 1, sizeof(*due));
	int status = EXIT_ERROR;

	m->r.c = c;
	m->r.stop = &stop;
	if (due == NULL) {
		complain("out of memory");
	} else if (choose(c, feeds, n, due)) {
		m->r.due = n > 0 ? due : NULL;
		catch_signals(m->dry);
		status = m->dry ? dry_run(&m->r, &m->o) : run(&m->r);
	}
	free(due);
	return status;
}

/* The sentence for options that do not go together, or NULL. */
static const char *
contradiction(const struct command *m)
{
	if (m->dry)
		return NULL;
	return m->o.queries != NULL ? "--queries is for --dry-run"
	    : m->o.names            ? "--names is for --dry-run"
	    : m->o.limited          ? "--limit is for --dry-run"
	    : m->o.json             ? "--json is for --dry-run"
				    : NULL;
}

int
cmd_sync(int argc, char **argv)
{
	struct command m = { .path = CONF_DEFAULT };
	const char *wrong;
	struct conf *c;
	int o, status;

	while ((o = getopt_long(argc, argv, "c:qh", options, NULL)) != -1)
		switch (o) {
		case 'c':
			m.path = optarg;
			break;
		case 'q':
			m.r.quiet = true;
			break;
		case OPT_FORCE:
			m.r.force = true;
			break;
		case OPT_NO_HOOKS:
			m.r.no_hooks = true;
			break;
		case OPT_DRY_RUN:
			m.dry = true;
			break;
		case OPT_QUERIES:
			m.o.queries = optarg;
			break;
		case OPT_NAMES:
			m.o.names = true;
			break;
		case OPT_LIMIT:
			m.o.limited = true;
			if (!read_number(optarg, 0, UINT64_MAX, &m.o.limit))
				return usage_error(
				    "sync", "bad limit '%s'", optarg);
			break;
		case 'j':
			m.o.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("sync", "bad command line");
		}
	wrong = contradiction(&m);
	if (wrong != NULL)
		return usage_error("sync", "%s", wrong);
	c = read_conf(m.path);
	if (c == NULL)
		return EXIT_ERROR;
	status = with_conf(&m, c, argv + optind, argc - optind);
	conf_free(c);
	return finish_output(status);
}
