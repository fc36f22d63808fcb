/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-feeds watch: rounds for ever.
 *
 * Each feed is due again after its interval and up to a tenth more, so that
 * not everybody asks at the full hour; a feed that fails is tried again after
 * a quarter of it, unless its server names a time.  Signals and time are
 * waited for in one place (wait_until()); a thread tells the service manager
 * that all is well as long as no round takes longer than any could.
 */
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "feeds/cmd.h"
#include "feeds/round.h"
#include "feeds/state.h"
#include "feeds/status.h"
#include "lib/notify.h"

#define LEAST_PAUSE 60   /* seconds between two tries of a feed */
#define ROUND_MAX   3600 /* seconds that a round may take besides fetching */

static const char help[] =
    "usage: fraudsink-feeds watch [-c FILE] [-q]\n"
    "\n"
    "Runs for ever: gets each feed at its interval, and publishes what "
    "changed.\n"
    "SIGHUP reads the configuration again (a bad one is told and the one "
    "before\n"
    "stays), SIGTERM and SIGINT end it.  Under systemd it tells when it is "
    "ready\n"
    "and feeds the watchdog.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "  -q, --quiet            tell failures only\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 ended by a signal, 2 error at the start.\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct watch {
	const char *path;
	struct conf *c;
	bool quiet;
	int64_t *due; /* when, as c->feeds; seconds since 1970-01-01 */
	bool *now;    /* which are due, for a round */
	int lock;
};

static atomic_bool stop;            /* SIGTERM or SIGINT came */
static atomic_bool again;           /* SIGHUP came */
static _Atomic int64_t alive_until; /* the watchdog is fed till then */

static void
on_signal(int number)
{
	atomic_store(number == SIGHUP ? &again : &stop, true);
}

static int64_t
monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* ---- the watchdog ---- */

static void *
feed_watchdog(void *arg)
{
	const uint64_t every = *(const uint64_t *)arg;
	const struct timespec pause = { (time_t)(every / 1000000),
		(long)(every % 1000000) * 1000 };

	for (;;) {
		if (monotonic() <= atomic_load(&alive_until))
			fsk_notify("WATCHDOG=1");
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Without a watchdog there is nobody to feed; without a thread it will bark,
 * which is its job. */
static void
start_watchdog(void)
{
	static uint64_t every;
	pthread_t thread;
	sigset_t all, before;

	every = fsk_notify_watchdog();
	if (every == 0)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, feed_watchdog, &every) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
alive_for(int64_t seconds)
{
	atomic_store(&alive_until, monotonic() + seconds);
}

/* ---- when ---- */

static uint64_t
chance(uint64_t below)
{
	uint64_t r;

	if (below == 0 || getrandom(&r, sizeof(r), 0) != sizeof(r))
		return 0;
	return r % below;
}

/* When F is due, given how it is. */
static int64_t
due_at(const struct conf_feed *f, const struct feed_state *s)
{
	uint64_t pause = f->interval;
	int64_t at;

	if (!f->enabled)
		return INT64_MAX;
	if (s->tried == 0)
		return 0;
	if (s->failures > 0)
		pause /= 4;
	if (pause < LEAST_PAUSE)
		pause = LEAST_PAUSE;
	at = s->tried + (int64_t)(pause + chance(pause / 10));
	return at > s->not_before ? at : s->not_before;
}

static void
plan(struct watch *w, const bool *only)
{
	for (size_t i = 0; i < w->c->nfeeds; i++) {
		struct feed_state s;

		if (only != NULL && !only[i])
			continue;
		state_read(w->c->state, w->c->feeds[i].head.title, &s);
		w->due[i] = due_at(&w->c->feeds[i], &s);
	}
}

/* Sleeps until AT (seconds since 1970-01-01) or a signal. */
static void
wait_until(int64_t at)
{
	sigset_t ours, before;

	/* Blocked but in ppoll(), no signal can come between the look at the
	 * flags and the sleep. */
	sigemptyset(&ours);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ours, &before);
	while (!atomic_load(&stop) && !atomic_load(&again)) {
		int64_t left = at - (int64_t)time(NULL);
		struct timespec t = { 0 };

		if (left <= 0)
			break;
		/* The clock may be set; look at it now and then. */
		t.tv_sec = left < 60 ? left : 60;
		alive_for(t.tv_sec + 60);
		ppoll(NULL, 0, &t, &before);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- the configuration ---- */

/* Makes C what is watched. */
static bool
use_conf(struct watch *w, struct conf *c)
{
	int64_t *due = calloc(c->nfeeds, sizeof(*due));
	bool *now = calloc(c->nfeeds, sizeof(*now));

	if (due == NULL || now == NULL) {
		complain("out of memory");
		free(due);
		free(now);
		return false;
	}
	free(w->due);
	free(w->now);
	conf_free(w->c);
	w->due = due;
	w->now = now;
	w->c = c;
	plan(w, NULL);
	return true;
}

static void
reload(struct watch *w)
{
	struct conf *c = read_conf(w->path);
	struct fsk_error err;
	int lock;

	if (c == NULL) {
		complain("the configuration before stays");
		return;
	}
	if (strcmp(c->state, w->c->state) != 0) {
		if (state_lock(c->state, &lock, &err) != FSK_OK) {
			complain(
			    "%s; the configuration before stays", err.text);
			conf_free(c);
			return;
		}
		state_unlock(w->lock);
		w->lock = lock;
	}
	if (!use_conf(w, c))
		conf_free(c);
	else if (!w->quiet)
		complain("the configuration is read again");
}

/* ---- rounds ---- */

static void
report(const struct round *r)
{
	char text[256];

	snprintf(text, sizeof(text),
	    "STATUS=%s: %u feeds new, %u unchanged, %u failed",
	    r->published  ? "published"
		: r->held ? "held by a rollback"
			  : "nothing changed",
	    r->fresh, r->unchanged, r->failed);
	fsk_notify(text);
	if (r->published && !r->quiet)
		complain("%s: %" PRIu64 " entries, %" PRIu64 " URLs, serial "
			 "%" PRIu64,
		    r->c->database, r->entries, r->urls, r->serial);
}

/* The seconds that fetching what is due may take. */
static int64_t
longest(const struct watch *w)
{
	uint64_t most = 0;

	for (size_t i = 0; i < w->c->nfeeds; i++)
		if (w->now[i] && w->c->feeds[i].timeout > most)
			most = w->c->feeds[i].timeout;
	return (int64_t)most * (int64_t)w->c->nfeeds;
}

static void
one_round(struct watch *w)
{
	const int64_t now = (int64_t)time(NULL);
	struct round r = {
		.c = w->c, .due = w->now, .quiet = w->quiet, .stop = &stop
	};
	struct fsk_error err;

	for (size_t i = 0; i < w->c->nfeeds; i++)
		w->now[i] = w->due[i] <= now;
	alive_for(longest(w) + ROUND_MAX);
	if (round_run(&r, &err) == FSK_OK)
		report(&r);
	else
		complain("%s; what was in force stays", err.text);
	status_keep(w->c);
	plan(w, w->now);
	/* A round that could not even keep its state must not spin. */
	for (size_t i = 0; i < w->c->nfeeds; i++)
		if (w->now[i] && w->due[i] < now + LEAST_PAUSE)
			w->due[i] = now + LEAST_PAUSE;
}

static void
run(struct watch *w)
{
	while (!atomic_load(&stop)) {
		int64_t first = INT64_MAX;

		if (atomic_exchange(&again, false)) {
			fsk_notify("RELOADING=1");
			reload(w);
			fsk_notify("READY=1");
		}
		for (size_t i = 0; i < w->c->nfeeds; i++)
			if (w->due[i] < first)
				first = w->due[i];
		if (first <= (int64_t)time(NULL))
			one_round(w);
		else
			wait_until(first);
	}
	fsk_notify("STOPPING=1");
}

int
cmd_watch(int argc, char **argv)
{
	const struct sigaction on = { .sa_handler = on_signal,
		.sa_flags = SA_RESTART };
	struct watch w = { .path = CONF_DEFAULT, .lock = -1 };
	struct fsk_error err;
	struct conf *c;
	int o;

	while ((o = getopt_long(argc, argv, "c:qh", options, NULL)) != -1)
		switch (o) {
		case 'c':
			w.path = optarg;
			break;
		case 'q':
			w.quiet = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("watch", "bad command line");
		}
	if (optind != argc)
		return usage_error("watch", "too many arguments");
	c = read_conf(w.path);
	if (c == NULL)
		return EXIT_ERROR;
	if (state_lock(c->state, &w.lock, &err) != FSK_OK) {
		complain("%s", err.text);
		conf_free(c);
		return EXIT_ERROR;
	}
	sigaction(SIGHUP, &on, NULL);
	sigaction(SIGTERM, &on, NULL);
	sigaction(SIGINT, &on, NULL);
	start_watchdog();
	if (use_conf(&w, c)) {
		fsk_notify("READY=1");
		run(&w);
	} else {
		conf_free(c);
	}
	free(w.due);
	free(w.now);
	conf_free(w.c);
	state_unlock(w.lock);
	return EXIT_SUCCESS;
}
