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
#define LOOK_PAUSE  300  /* until what failed without any feed is tried again */
#define ROUND_MAX   3600 /* seconds that a round may take besides fetching */
#define WISH_MAX    86400 /* seconds for which a server can keep us away */

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
	/* When to publish even if no feed is due: the configuration is another,
	 * or what it said could not be done. */
	int64_t look;
	int lock; /* that keeps another watch away */
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
due_at(const struct conf_feed *f, const struct feed_state *s, int64_t now)
{
	uint64_t pause = f->interval;
	int64_t at;

	if (!f->enabled)
		return INT64_MAX;
	/* In the future: the clock was wrong then, or is now. */
	if (s->tried == 0 || s->tried > now)
		return 0;
	if (s->failures > 0)
		pause /= 4;
	if (pause < LEAST_PAUSE)
		pause = LEAST_PAUSE;
	at = s->tried + (int64_t)(pause + chance(pause / 10));
	if (s->not_before > at && s->not_before <= now + WISH_MAX)
		at = s->not_before;
	return at;
}

static void
plan(struct watch *w, const bool *only)
{
	const int64_t now = (int64_t)time(NULL);

	for (size_t i = 0; i < w->c->nfeeds; i++) {
		struct feed_state s;

		if (only != NULL && !only[i])
			continue;
		state_read(w->c->state, w->c->feeds[i].head.title, &s);
		w->due[i] = due_at(&w->c->feeds[i], &s, now);
	}
}

/* Sleeps until AT (seconds since 1970-01-01) or a signal; false if the clock
 * was set back meanwhile. */
static bool
wait_until(int64_t at)
{
	int64_t last = (int64_t)time(NULL);
	bool forward = true;
	sigset_t ours, before;

	/* Blocked but in ppoll(), no signal can come between the look at the
	 * flags and the sleep. */
	sigemptyset(&ours);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ours, &before);
	while (!atomic_load(&stop) && !atomic_load(&again)) {
		const int64_t now = (int64_t)time(NULL), left = at - now;
		struct timespec t = { 0 };

		forward = now >= last;
		last = now;
		if (left <= 0 || !forward)
			break;
		/* The clock may be set; look at it now and then. */
		t.tv_sec = left < 60 ? left : 60;
		alive_for(t.tv_sec + 60);
		ppoll(NULL, 0, &t, &before);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return forward;
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
	w->look = 0;
	plan(w, NULL);
	return true;
}

/* Keeps other watches away; single rounds, such as `sync`, may come between
 * ours. */
static int
lock_watch(const struct conf *c, int *lock, struct fsk_error *err)
{
	return state_lock_file(c->state, "watch.lock", lock, err);
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
		if (lock_watch(c, &lock, &err) != FSK_OK) {
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

static int
locked_round(struct watch *w, struct round *r, struct fsk_error *err)
{
	int lock, rc = state_lock(w->c->state, &lock, err);

	if (rc != FSK_OK)
		return rc;
	rc = round_run(r, err);
	status_keep(w->c);
	state_unlock(lock);
	return rc;
}

static void
one_round(struct watch *w)
{
	const int64_t now = (int64_t)time(NULL);
	struct round r = {
		.c = w->c, .due = w->now, .quiet = w->quiet, .stop = &stop
	};
	struct fsk_error err;
	int rc;

	for (size_t i = 0; i < w->c->nfeeds; i++)
		w->now[i] = w->due[i] <= now;
	alive_for(longest(w) + ROUND_MAX);
	rc = locked_round(w, &r, &err);
	if (rc == FSK_OK)
		report(&r);
	else
		complain("%s; %s", err.text,
		    r.published ? "what is new is in force all the same"
				: "what was in force stays");
	w->look = rc == FSK_OK ? INT64_MAX : now + LOOK_PAUSE;
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
		int64_t first;

		if (atomic_exchange(&again, false)) {
			fsk_notify("RELOADING=1");
			reload(w);
			fsk_notify("READY=1");
		}
		first = w->look;
		for (size_t i = 0; i < w->c->nfeeds; i++)
			if (w->due[i] < first)
				first = w->due[i];
		if (first <= (int64_t)time(NULL))
			one_round(w);
		else if (!wait_until(first))
			plan(w, NULL);
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
	if (lock_watch(c, &w.lock, &err) != FSK_OK) {
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
