/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handle.h - what is in force, and moving on to the next
 *
 * Many readers, one keeper.  A reader announces the list it uses in a slot of
 * its own (a hazard pointer), looks up, and withdraws; that costs two stores
 * and no lock.  The keeper notices that a file was replaced, opens and checks
 * the new one, swaps one pointer, and closes what was replaced when no slot
 * names it any more.  A missing or bad file changes nothing.
 *
 * Three files make the list: the database at PATH, the bypasses beside it
 * (bypass.h), and at PATH.shadow a database that is only tried.
 */
#ifndef FRAUDSINK_HANDLE_H
#define FRAUDSINK_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/bypass.h"
#include "lib/db.h"

/* What is in force; never changed once it is current. */
struct fsk_list {
	struct fsk_db *db;     /* NULL: none yet */
	struct fsk_db *shadow; /* NULL: none is tried */
	struct fsk_bypasses bypasses;
};

/* One reading thread's slot.  It must lie in a cache line of its own to be
 * cheap, and outlive the handle that it is attached to. */
struct fsk_reader {
	_Atomic(const struct fsk_list *) using; /* NULL: none */
	struct fsk_reader *next;                /* the handle's */
};

/* A file as it was looked at last; all 0: not at all. */
struct fsk_file_id {
	uint64_t dev, ino, size;
	int64_t mtime, ctime; /* nanoseconds */
	/* When it is to be tried again, in nanoseconds of the monotonic clock:
	 * it was not the file's fault; 0: never. */
	int64_t again;
};

struct fsk_handle {
	_Atomic(struct fsk_list *) current; /* never NULL */
	/* Counted when `current` is another already. */
	_Atomic uint64_t changes;
	_Atomic(struct fsk_reader *) readers;
	/* The keeper's: */
	char *path, *bypass_path, *shadow_path;
	enum fsk_db_load load;
	/* fsk_db_open_fd(), or one of the keeper's that does it elsewhere. */
	int (*open)(struct fsk_db **db, int fd, const char *path,
	    enum fsk_db_load load, struct fsk_error *err);
	struct fsk_file_id seen, bypass_seen, shadow_seen;
	int64_t retry; /* ns until `again`; a minute if nobody changes it */
	void (*opened)(void *arg, const struct fsk_db *db);
	void *arg;
	struct fsk_list *old; /* swapped out, still to be freed with: */
	struct fsk_db *old_db;
	struct fsk_bypasses old_bypasses;
};

enum fsk_refresh {
	FSK_UNCHANGED, /* nothing new since the last call */
	FSK_SWAPPED,   /* something new is in force; see fsk_handle_retire() */
	FSK_REFUSED,   /* the file changed and cannot be used; ERR says why */
	FSK_ABSENT,    /* there is no such file; ERR says so */
};

/* Prepares *H for the database PATH.  Opens nothing.  False when out of
 * memory. */
bool fsk_handle_init(
    struct fsk_handle *h, const char *path, enum fsk_db_load load);

/* OPENED is called by the keeper with each database that it has opened, before
 * it becomes current: the moment for fsk_db_set_note(). */
void fsk_handle_on_open(struct fsk_handle *h,
    void (*opened)(void *arg, const struct fsk_db *db), void *arg);

/* Closes what is open.  No reader may be inside. */
void fsk_handle_fini(struct fsk_handle *h);

/* Adds the slot R.  Any thread, any time. */
void fsk_handle_attach(struct fsk_handle *h, struct fsk_reader *r);

/* Keeper: looks whether the database is another file than last time and takes
 * it up if it is good.  What is refused is not tried again until it changes; if
 * it was for want of memory or could not be read, in a minute.  None of the
 * three may be called again before fsk_handle_retire() once one returned
 * FSK_SWAPPED. */
enum fsk_refresh fsk_handle_refresh(
    struct fsk_handle *h, struct fsk_error *err);

/* Keeper: the same for the bypasses.  None are in force where there is no
 * file (FSK_SWAPPED once, then FSK_UNCHANGED); those before stay where it is
 * bad. */
enum fsk_refresh fsk_handle_refresh_bypasses(
    struct fsk_handle *h, struct fsk_error *err);

/* Keeper: the same for the database that is tried. */
enum fsk_refresh fsk_handle_refresh_shadow(
    struct fsk_handle *h, struct fsk_error *err);

/* Keeper: whether some reader still uses what was swapped out. */
bool fsk_handle_old_in_use(const struct fsk_handle *h);

/* Keeper: waits until no reader uses what was swapped out, then frees it. */
void fsk_handle_retire(struct fsk_handle *h);

/* Keeper: waits until every reader that is inside now has left at least once:
 * what was withdrawn from readers before, apart from lists, can then be freed.
 */
void fsk_handle_drain(struct fsk_handle *h);

/* How often the current list was replaced.  What fsk_reader_enter() gives
 * after this was read is not an older one. */
static inline uint64_t
fsk_handle_changes(const struct fsk_handle *h)
{
	return atomic_load_explicit(&h->changes, memory_order_acquire);
}

/* Reader: the current list, which stays until fsk_reader_leave().  Does not
 * nest. */
static inline const struct fsk_list *
fsk_reader_enter(struct fsk_reader *r, struct fsk_handle *h)
{
	const struct fsk_list *list = atomic_load(&h->current);

	for (;;) {
		const struct fsk_list *again;

		atomic_store(&r->using, list);
		/* If it is still current after it was announced, the keeper
		 * will see the announcement before it frees anything. */
		again = atomic_load(&h->current);
		if (again == list)
			return list;
		list = again;
	}
}

static inline void
fsk_reader_leave(struct fsk_reader *r)
{
	atomic_store_explicit(&r->using, NULL, memory_order_release);
}

#endif
