/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink.h - the module's own state
 *
 *   fraudsink.c  the six entry points, and what Unbound calls besides
 *   path.c       the path of a query
 *   judge.c      the verdict on it; give.c does what that says
 *   asker.c      who asks, and how
 *   answer.c     what a client gets instead
 *   inspect.c    what an answer leads to; places.c where addresses are
 *   sweep.c      Unbound's message cache without listed names
 *   tally.c      what is counted, and what is told of blocked queries
 *   watch.c      the background thread: notice, check, swap, sweep
 *   workers.c    what each worker thread has for itself
 *   unbound.h    Unbound's headers
 */
#ifndef FRAUDSINK_MODULE_FRAUDSINK_H
#define FRAUDSINK_MODULE_FRAUDSINK_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/handle.h"
#include "module/places.h"
#include "module/tally.h"
#include "module/unbound.h"
#include "module/workers.h"

#define DEFAULT_DB "/var/lib/fraudsink/blocklist.fsdb"

struct fraudsink {
	struct module_env *env; /* Unbound's, shared by all workers */
	struct fsk_handle handle;
	struct workers workers;
	struct tally tally;
	atomic_bool trying; /* a list beside the one in force: for workers who
			       would not look otherwise */
	_Atomic(struct places *) places; /* NULL: none; used by workers inside
					    a reader slot only */

	/* The background thread's. */
	pthread_t thread;
	pthread_mutex_t lock; /* of stop */
	pthread_cond_t wake;
	bool stop, running;
	bool complained;       /* about the file as it is now */
	bool no_places;        /* its files cannot be opened, as was told */
	uint64_t places_stamp; /* of its files when they were tried last */
	time_t places_tried;
	struct fsk_reader keeper;
	uint64_t swaps, refused, swept;
};

/* Takes the database up, if it is there and good, and starts the background
 * thread.  False if there is no thread to be had; the state is then passive,
 * or stays at the database that was taken up. */
bool watch_start(struct fraudsink *fs);

/* Stops and joins it. */
void watch_stop(struct fraudsink *fs);

/* Logs the counters. */
void log_counters(const struct fraudsink *fs, const char *when);

#endif
