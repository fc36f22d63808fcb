/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The background thread.  It polls the file's identity a few times a second,
 * which works on every file system and costs nothing, and does all that could
 * make a worker wait: opening, checking, sweeping, logging.
 *
 * Reading and checking a list takes a tenth of a second and no lock: a thread
 * does that which has a lower priority.  All else is left to one that has the
 * workers' own priority: while it holds a lock of Unbound's cache, workers
 * spin, and it must not have to wait for them.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/policy.h"
#include "module/fraudsink.h"
#include "module/sweep.h"

#define POLL_MS        100
#define PLACES_RETRY_S 60

/* Of the thread that reads: enough weight for a list to be in force within two
 * seconds where all processors are busy, and short turns. */
#define READ_NICE     5
#define READ_SLICE_NS 100000

/* Tells which list is in force. */
static void
tell_list(struct fraudsink *fs, const struct fsk_db_info *info)
{
	tally_total(&fs->tally, FSK_TOTAL_SERIAL, info->serial);
	tally_total(&fs->tally, FSK_TOTAL_CREATED, (uint64_t)info->created);
	tally_total(&fs->tally, FSK_TOTAL_ENTRIES, info->entries);
}

static time_t
monotonic_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Whether the files of places are others than those that were tried last; after
 * a failure, which may pass, also when that is a while ago. */
static bool
is_time_for_places(
    struct fraudsink *fs, const struct fsk_policy_settings *wanted)
{
	const uint64_t stamp = places_stamp(wanted->country_db, wanted->asn_db);
	const time_t now = monotonic_s();

	if (stamp == fs->places_stamp &&
	    (!fs->no_places || now - fs->places_tried < PLACES_RETRY_S))
		return false;
	fs->places_stamp = stamp;
	fs->places_tried = now;
	return true;
}

/* Opens the files that tell where addresses are, if the policy wants them and
 * they are others than those that are open.  Whether there are others now. */
static bool
look_for_places(struct fraudsink *fs)
{
	const struct fsk_list *list = fsk_reader_enter(
	    &fs->keeper, &fs->handle);
	const struct fsk_policy *p = list->db != NULL ? fsk_db_policy(list->db)
						      : NULL;
	const struct fsk_policy_settings *s = p != NULL ? fsk_policy_settings(p)
							: NULL;
	struct places *now = atomic_load(&fs->places), *next = NULL;
	const bool wanted = s != NULL && s->look_at_places;
	bool change = now != NULL && !wanted;
	char why[256] = "";

	if (!wanted)
		fs->places_stamp = 0;
	if (wanted && is_time_for_places(fs, s)) {
		next = places_open(s->country_db, s->asn_db, why);
		/* Half of it is better than nothing, but not than all. */
		change = next != NULL && (why[0] == '\0' || now == NULL);
		if (!change) {
			places_close(next);
			next = NULL;
		}
		if (why[0] != '\0' && !fs->no_places)
			log_warn("fraudsink: %s; %s", why,
			    now != NULL ? "the files before stay in use"
					: "nothing is known of it");
		fs->no_places = why[0] != '\0';
	}
	fsk_reader_leave(&fs->keeper);
	if (!change)
		return false;
	atomic_store(&fs->places, next);
	/* Workers use it inside their reader slot only. */
	fsk_handle_drain(&fs->handle);
	places_close(now);
	return true;
}

/* Removes from Unbound's cache what must not be in it; how much. */
static long
sweep(struct fraudsink *fs, struct fsk_db_info *info)
{
	const struct fsk_list *list = fsk_reader_enter(
	    &fs->keeper, &fs->handle);
	long removed;

	fsk_db_info(list->db, info);
	removed = sweep_cache(fs->env, list, atomic_load(&fs->places));
	fsk_reader_leave(&fs->keeper);
	if (removed > 0) {
		fs->swept += (uint64_t)removed;
		tally_add(&fs->tally, FSK_TOTAL_SWEPT, (uint64_t)removed);
	}
	if (removed == -1)
		log_err("fraudsink: out of memory while sweeping the cache; "
			"some listed names may be answered until their TTL "
			"ends");
	return removed;
}

/* A swap: the new database is current already; once no worker uses the old one
 * any more, nothing that it let pass can enter the cache unseen, and the cache
 * is swept. */
static void
swapped(struct fraudsink *fs)
{
	struct fsk_db_info info;
	long removed;

	fsk_handle_retire(&fs->handle);
	look_for_places(fs);
	removed = sweep(fs, &info);
	fs->swaps++;
	tally_add(&fs->tally, FSK_TOTAL_SWAPS, 1);
	tell_list(fs, &info);
	log_info("fraudsink: '%s' is in force: %llu entries, serial %llu, %ld "
		 "messages removed from the cache",
	    fs->handle.path, (unsigned long long)info.entries,
	    (unsigned long long)info.serial, removed);
	if (fs->swaps > 1)
		log_counters(fs, "at swap");
}

/* Other files say where addresses are: what was in no listed country may be in
 * one now. */
static void
places_changed(struct fraudsink *fs)
{
	struct fsk_db_info info;
	const long removed = sweep(fs, &info);

	log_info("fraudsink: other files tell countries and networks; %ld "
		 "messages removed from the cache",
	    removed);
}

static const char *
what_stays(const struct fraudsink *fs)
{
	return atomic_load(&fs->handle.current)->db != NULL
	    ? "the list before stays in force"
	    : "nothing is blocked until there is a good one";
}

/* What lies beside the database. */
static void
look_beside(struct fraudsink *fs)
{
	struct fsk_error err = { 0 };
	bool trying;

	switch (fsk_handle_refresh_bypasses(&fs->handle, &err)) {
	case FSK_SWAPPED:
		fsk_handle_retire(&fs->handle);
		log_info("fraudsink: %zu bypasses",
		    atomic_load(&fs->handle.current)->bypasses.n);
		break;
	case FSK_REFUSED:
		log_err("fraudsink: %s; the bypasses before stay", err.text);
		break;
	case FSK_ABSENT:
	case FSK_UNCHANGED:
		break;
	}
	switch (fsk_handle_refresh_shadow(&fs->handle, &err)) {
	case FSK_SWAPPED:
		fsk_handle_retire(&fs->handle);
		trying = atomic_load(&fs->handle.current)->shadow != NULL;
		atomic_store(&fs->trying, trying);
		log_info("fraudsink: %s",
		    trying ? "another list is tried beside the one in force"
			   : "no other list is tried any more");
		break;
	case FSK_REFUSED:
		log_err("fraudsink: %s; %s", err.text,
		    atomic_load(&fs->trying)
			? "the list that was tried before still is"
			: "it is not tried");
		break;
	case FSK_ABSENT:
	case FSK_UNCHANGED:
		break;
	}
}

/* As in sched_setattr(2), for which older C libraries have nothing. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Makes the calling thread, on Linux it alone, wait for the workers rather than
 * they for it: from Linux 6.12 on a thread that asks for short turns is not
 * given longer ones. */
static void
be_gentle(void)
{
	const id_t me = (id_t)gettid();
	const int nice = getpriority(PRIO_PROCESS, me) + READ_NICE;
	struct attributes a = { .size = sizeof(a),
		.policy = SCHED_BATCH,
		.nice = nice < 19 ? nice : 19,
		.runtime = READ_SLICE_NS };

	if (syscall(SYS_sched_setattr, 0, &a, 0) != 0)
		setpriority(PRIO_PROCESS, me, nice);
}

/* A database to be opened. */
struct opening {
	struct fsk_db **db;
	int fd;
	const char *path;
	enum fsk_db_load load;
	struct fsk_error *err;
	int rc;
};

static void *
open_here(void *arg)
{
	struct opening *o = arg;

	be_gentle();
	o->rc = fsk_db_open_fd(o->db, o->fd, o->path, o->load, o->err);
	return NULL;
}

/* fsk_db_open_fd() in a thread of lower priority. */
static int
open_gently(struct fsk_db **db, int fd, const char *path, enum fsk_db_load load,
    struct fsk_error *err)
{
	struct opening o = { db, fd, path, load, err, FSK_OK };
	pthread_t thread;

	if (pthread_create(&thread, NULL, open_here, &o) != 0)
		return fsk_db_open_fd(db, fd, path, load, err);
	pthread_join(thread, NULL);
	return o.rc;
}

static void
look(struct fraudsink *fs)
{
	struct fsk_error err = { 0 };

	switch (fsk_handle_refresh(&fs->handle, &err)) {
	case FSK_SWAPPED:
		fs->complained = false;
		swapped(fs);
		break;
	case FSK_REFUSED:
		fs->refused++;
		tally_add(&fs->tally, FSK_TOTAL_REFUSED, 1);
		log_err("fraudsink: %s; %s", err.text, what_stays(fs));
		break;
	case FSK_ABSENT:
		if (!fs->complained)
			log_warn("fraudsink: %s; %s", err.text, what_stays(fs));
		fs->complained = true;
		break;
	case FSK_UNCHANGED:
		break;
	}
}

/* A ring that has come only now learns of the list in force. */
static void
look_for_ring(struct fraudsink *fs)
{
	struct fsk_db_info info;
	const struct fsk_db *db;

	if (!tally_retry(&fs->tally))
		return;
	db = fsk_reader_enter(&fs->keeper, &fs->handle)->db;
	if (db != NULL) {
		tally_note(&fs->tally, db);
		fsk_db_info(db, &info);
		tell_list(fs, &info);
	}
	fsk_reader_leave(&fs->keeper);
}

/* Removes from the cache what workers saw answered from it. */
static void
remove_leaks(struct fraudsink *fs)
{
	struct leak l;

	for (unsigned i = 0; i < fs->workers.slots; i++)
		while (worker_take_leak(&fs->workers.slot[i], &l))
			sweep_message(
			    fs->env, l.qname, l.len, l.qtype, l.qclass);
}

static void *
run(void *arg)
{
	struct fraudsink *fs = arg;
	struct timespec until;

	fs->handle.open = open_gently; /* workers run from now on */
	pthread_mutex_lock(&fs->lock);
	while (!fs->stop) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += POLL_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&fs->wake, &fs->lock, &until);
		if (fs->stop)
			break;
		pthread_mutex_unlock(&fs->lock);
		look(fs);
		look_beside(fs);
		if (look_for_places(fs))
			places_changed(fs);
		remove_leaks(fs);
		look_for_ring(fs);
		pthread_mutex_lock(&fs->lock);
	}
	pthread_mutex_unlock(&fs->lock);
	return NULL;
}

static bool
start_thread(struct fraudsink *fs)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int rc;

	pthread_mutex_init(&fs->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&fs->wake, &attr);
	pthread_condattr_destroy(&attr);
	fs->stop = false;
	/* Unbound's signals are for Unbound's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&fs->thread, NULL, run, fs);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	fs->running = rc == 0;
	if (rc != 0)
		log_err("fraudsink: cannot start the background thread: %s; "
			"changes of the list will not be noticed",
		    strerror(rc));
	return rc == 0;
}

bool
watch_start(struct fraudsink *fs)
{
	fsk_handle_attach(&fs->handle, &fs->keeper);
	look(fs);
	look_beside(fs);
	return start_thread(fs);
}

void
watch_stop(struct fraudsink *fs)
{
	if (!fs->running)
		return;
	pthread_mutex_lock(&fs->lock);
	fs->stop = true;
	pthread_cond_signal(&fs->wake);
	pthread_mutex_unlock(&fs->lock);
	pthread_join(fs->thread, NULL);
	pthread_cond_destroy(&fs->wake);
	pthread_mutex_destroy(&fs->lock);
	fs->running = false;
}
