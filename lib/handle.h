/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handle.h - the current database, and moving on to the next
 *
 * Many readers, one keeper.  A reader announces the database it uses in a slot
 * of its own (a hazard pointer), looks up, and withdraws; that costs two
 * stores and no lock.  The keeper notices that the file was replaced, opens
 * and checks the new one, swaps one pointer, and closes the old database when
 * no slot names it any more.  A missing or bad file changes nothing.
 */
#ifndef FRAUDSINK_HANDLE_H
#define FRAUDSINK_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/db.h"

/* One reading thread's slot.  It must lie in a cache line of its own to be
 * cheap, and outlive the handle that it is attached to. */
struct fsk_reader {
	_Atomic(const struct fsk_db *) using; /* NULL: none */
	struct fsk_reader *next;              /* the handle's */
};

struct fsk_handle {
	_Atomic(struct fsk_db *) current; /* NULL: none yet */
	_Atomic uint64_t
	    changes; /* counted when `current` is another already */
	_Atomic(struct fsk_reader *) readers;
	/* The keeper's: */
	const char *path;
	enum fsk_db_load load;
	/* fsk_db_open_fd(), or one of the keeper's that does it elsewhere. */
	int (*open)(struct fsk_db **db, int fd, const char *path,
	    enum fsk_db_load load, struct fsk_error *err);
	struct fsk_db *old; /* swapped out, still to be closed */
	struct fsk_file_id {
		uint64_t dev, ino, size;
		int64_t mtime, ctime; /* nanoseconds */
	} seen; /* what was opened or refused last; all 0: nothing */
};

enum fsk_refresh {
	FSK_UNCHANGED, /* nothing new since the last call */
	FSK_SWAPPED,   /* a new database is current; see fsk_handle_retire() */
	FSK_REFUSED,   /* the file changed and cannot be used; ERR says why */
	FSK_ABSENT,    /* there is no such file; ERR says so */
};

/* Prepares *H for the file PATH, which must outlive it.  Opens nothing. */
void fsk_handle_init(
    struct fsk_handle *h, const char *path, enum fsk_db_load load);

/* Closes what is open.  No reader may be inside. */
void fsk_handle_fini(struct fsk_handle *h);

/* Adds the slot R.  Any thread, any time. */
void fsk_handle_attach(struct fsk_handle *h, struct fsk_reader *r);

/* Keeper: looks whether the file is another one than last time and takes it up
 * if it is good.  Must not be called again before fsk_handle_retire() once it
 * returned FSK_SWAPPED.  What is refused is not tried again until it
 * changes. */
enum fsk_refresh fsk_handle_refresh(
    struct fsk_handle *h, struct fsk_error *err);

/* Keeper: whether some reader still uses the database that was swapped out. */
bool fsk_handle_old_in_use(const struct fsk_handle *h);

/* Keeper: waits until no reader uses the old database, then closes it. */
void fsk_handle_retire(struct fsk_handle *h);

/* How often the current database was replaced.  What fsk_reader_enter() gives
 * after this was read is not an older one. */
static inline uint64_t
fsk_handle_changes(const struct fsk_handle *h)
{
	return atomic_load_explicit(&h->changes, memory_order_acquire);
}

/* Reader: the current database, which stays open until fsk_reader_leave(); NULL
 * if there is none yet.  Does not nest. */
static inline const struct fsk_db *
fsk_reader_enter(struct fsk_reader *r, struct fsk_handle *h)
{
	const struct fsk_db *db = atomic_load(&h->current);

	for (;;) {
		const struct fsk_db *again;

		atomic_store(&r->using, db);
		/* If it is still current after it was announced, the keeper
		 * will see the announcement before it closes. */
		again = atomic_load(&h->current);
		if (again == db)
			return db;
		db = again;
	}
}

static inline void
fsk_reader_leave(struct fsk_reader *r)
{
	atomic_store_explicit(&r->using, NULL, memory_order_release);
}

#endif
