/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-stats collect: from the rings to the store, for ever.
 *
 * The resolver's workers call nobody when they store an event, so the rings
 * are looked at some times a second.  A batch is written every `interval`.  A
 * ring that is half full before is relieved by the journal, or by an early
 * batch.
 */
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/notify.h"
#include "stats/clock.h"
#include "stats/cmd.h"
#include "stats/collector.h"

#define LOOK_MS     50    /* from one look at the rings to the next, */
#define BUSY_MS     5     /* and when there was much to see: */
#define MUCH        500   /* events */
#define AT_ONCE     20000 /* events that are taken before the rest is seen to */
#define ATTACH_MS   1000  /* between tries to attach a ring */
#define MAINTAIN_MS 30000
#define RETRY_MS    1000 /* after a failed write; doubled */
#define RETRY_MOST  30000
#define AGAIN_MS    600000 /* after which a failure is told again */

static const char help[] =
    "usage: fraudsink-stats collect [-c FILE] [--once]\n"
    "\n"
    "Takes what the resolver tells out of its ring, and stores it.  Runs until "
    "SIGTERM\n"
    "or SIGINT, then writes what it has; SIGHUP reads the configuration again "
    "(a bad\n"
    "one is told and the one before stays).  Under systemd it tells when it is "
    "ready\n"
    "and feeds the watchdog.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "      --once             take what there is, store it, end\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 all is stored, 2 error.\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "once", no_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct collecting {
	const char *path;
	struct conf *c;
	struct collector *k;
	/* Milliseconds of a clock that is not set. */
	int64_t write_at, attach_at, maintain_at, alive_at;
	int64_t retry, told_at; /* after a failure */
	char told[512];
	int64_t watchdog; /* 0: there is none */
};

static volatile sig_atomic_t stop;  /* SIGTERM or SIGINT came */
static volatile sig_atomic_t again; /* SIGHUP came */

static void
on_signal(int number)
{
	if (number == SIGHUP)
		again = 1;
	else
		stop = 1;
}

/* ---- the configuration ---- */

static void
plan(struct collecting *g)
{
	const int64_t now = clock_ms();

	g->write_at = now + (int64_t)g->c->interval * 1000;
	g->attach_at = g->maintain_at = now;
	g->retry = RETRY_MS;
}

/* C is not taken up, nor its collector, as far as they are there. */
static void
refuse(struct conf *c, struct collector *k)
{
	complain("the configuration before stays");
	collector_free(k);
	conf_free(c);
}

/* False: the process must end. */
static bool
reload(struct collecting *g)
{
	struct conf *c = read_conf(g->path);
	struct collector *k = NULL;
	struct fsk_error err;
	int rc;

	if (c != NULL && collector_new(&k, c, &err) != FSK_OK)
		complain("%s", err.text);
	if (k == NULL) {
		refuse(c, k);
		return true;
	}
	/* What is not written stays in rings and journal, for the new one: but
	 * a ring that was replaced is not found again. */
	rc = collector_take(g->k, SIZE_MAX) < 0
	    ? fsk_fail(&err, FSK_ENOMEM, "out of memory")
	    : collector_write(g->k, true, &err);
	if (rc != FSK_OK)
		complain("%s", err.text);
	if (rc != FSK_OK && strcmp(c->journal, g->c->journal) != 0) {
		refuse(c, k);
		return rc != FSK_ENOMEM;
	}
	collector_free(g->k);
	conf_free(g->c);
	g->c = c;
	g->k = k;
	plan(g);
	complain("the configuration is read again");
	if (collector_begin(k, &err) == FSK_OK)
		return true;
	complain("%s", err.text);
	return false;
}

/* ---- rounds ---- */

/* Writes; false if the process must end.  LAST: it ends anyway. */
static bool
write_batch(struct collecting *g, bool last)
{
	struct fsk_error err;
	const bool failing = collector_failing(g->k);
	const int rc = collector_write(g->k, last, &err);
	const int64_t now = clock_ms();

	if (rc == FSK_OK) {
		if (failing)
			complain("batches are written again");
		g->told[0] = '\0';
		g->retry = RETRY_MS;
		g->write_at = now + (int64_t)g->c->interval * 1000;
		return true;
	}
	if (strcmp(err.text, g->told) != 0 || now - g->told_at >= AGAIN_MS) {
		complain(
		    "%s; events stay in the ring until it is full", err.text);
		strcpy(g->told, err.text);
		g->told_at = now;
	}
	g->write_at = now + g->retry;
	g->retry = 2 * g->retry < RETRY_MOST ? 2 * g->retry : RETRY_MOST;
	return rc != FSK_ENOMEM;
}

static void
feed_watchdog(struct collecting *g)
{
	char text[128];

	if (g->watchdog == 0 || clock_ms() < g->alive_at)
		return;
	snprintf(text, sizeof(text),
	    "WATCHDOG=1\nSTATUS=%" PRIu64 " events stored%s",
	    collector_stored(g->k),
	    collector_failing(g->k) ? ", batches cannot be written" : "");
	fsk_notify(text);
	g->alive_at = clock_ms() + g->watchdog;
}

/* Whether a batch cannot wait for its time. */
static bool
is_urgent(struct collecting *g)
{
	return !collector_failing(g->k) && collector_pressed(g->k) &&
	    !collector_relieve(g->k);
}

/* One look at the rings; how many events were taken, or below 0: the process
 * must end. */
static long
look(struct collecting *g)
{
	const int64_t now = clock_ms();
	struct fsk_error err;
	long n;

	if (now >= g->attach_at) {
		collector_attach(g->k);
		g->attach_at = now + ATTACH_MS;
	}
	n = collector_take(g->k, AT_ONCE);
	if (n < 0)
		return n;
	if ((now >= g->write_at || is_urgent(g)) && !write_batch(g, false))
		return FSK_ENOMEM;
	if (now >= g->maintain_at && !collector_failing(g->k)) {
		if (collector_maintain(g->k, false, &err) != FSK_OK) {
			complain("%s", err.text);
			return FSK_ENOMEM;
		}
		g->maintain_at = now + MAINTAIN_MS;
	}
	return n;
}

/* Sleeps until it is time to look again, or a signal comes: they are blocked
 * but in here. */
static void
pause_for(long ms, const sigset_t *signals)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	if (!stop && !again)
		ppoll(NULL, 0, &t, signals);
}

static int
run(struct collecting *g, const sigset_t *signals)
{
	long n = 0;

	while (!stop) {
		if (again) {
			again = 0;
			fsk_notify("RELOADING=1");
			if (!reload(g))
				return EXIT_ERROR;
			fsk_notify("READY=1");
		}
		n = look(g);
		if (n < 0)
			break;
		feed_watchdog(g);
		pause_for(n >= AT_ONCE ? 0
			: n >= MUCH    ? BUSY_MS
				       : LOOK_MS,
		    signals);
	}
	fsk_notify("STOPPING=1");
	if (n >= 0) {
		collector_attach(g->k); /* it may have had no time yet */
		n = collector_take(g->k, SIZE_MAX);
	}
	if (n < 0) {
		complain("out of memory; what was not stored stays in the "
			 "ring");
		return EXIT_ERROR;
	}
	return write_batch(g, true) ? EXIT_SUCCESS : EXIT_ERROR;
}

static int
run_once(struct collecting *g)
{
	struct fsk_error err;
	long n;

	if (collector_attach(g->k) == 0)
		return EXIT_ERROR; /* it said why */
	do {
		n = collector_take(g->k, SIZE_MAX);
		if (n < 0 || collector_write(g->k, true, &err) != FSK_OK) {
			complain("%s", n < 0 ? "out of memory" : err.text);
			return EXIT_ERROR;
		}
	} while (n >= AT_ONCE); /* less: that was all of it */
	collector_maintain(g->k, true, &err);
	return EXIT_SUCCESS;
}

static int
collect(struct collecting *g, bool once)
{
	const struct sigaction on = { .sa_handler = on_signal,
		.sa_flags = SA_RESTART };
	sigset_t ours, before;
	struct fsk_error err;
	int status;

	sigemptyset(&ours);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigprocmask(SIG_BLOCK, &ours, &before);
	sigaction(SIGHUP, &on, NULL);
	sigaction(SIGTERM, &on, NULL);
	sigaction(SIGINT, &on, NULL);
	if (collector_new(&g->k, g->c, &err) != FSK_OK ||
	    collector_begin(g->k, &err) != FSK_OK) {
		complain("%s", err.text);
		collector_free(g->k);
		return EXIT_ERROR;
	}
	g->watchdog = (int64_t)(fsk_notify_watchdog() / 1000);
	plan(g);
	if (once) {
		status = run_once(g);
	} else {
		fsk_notify("READY=1");
		status = run(g, &before);
	}
	collector_free(g->k);
	return status;
}

int
cmd_collect(int argc, char **argv)
{
	struct collecting g = { .path = CONF_DEFAULT };
	bool once = false;
	int o, status;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case 'c':
			g.path = optarg;
			break;
		case 'o':
			once = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("collect", "bad command line");
		}
	if (optind != argc)
		return usage_error("collect", "too many arguments");
	g.c = read_conf(g.path);
	if (g.c == NULL)
		return EXIT_ERROR;
	status = collect(&g, once);
	conf_free(g.c);
	return status;
}
