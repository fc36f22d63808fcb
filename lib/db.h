/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * db.h - the blocklist database: reading
 *
 * A database is one immutable file (FORMAT.md).  fsk_db_open() checks all that
 * a look-up will rely on; from then on a look-up cannot fail, allocates
 * nothing, takes no lock and may run in any number of threads at once.  A
 * changed list is a new file, renamed over the old one; handle.h tells how
 * readers move from one to the next.
 *
 * Pointers that these functions give out point into the database and live as
 * long as it is open.
 */
#ifndef FRAUDSINK_DB_H
#define FRAUDSINK_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/hash.h"
#include "lib/name.h"

struct fsk_db;     /* an open database */
struct fsk_policy; /* policy.h */

/* What an entry covers. */
enum fsk_match_kind {
	FSK_SUBTREE = 0, /* its name and all names below */
	FSK_EXACT = 1,   /* its name alone */
	FSK_BELOW = 2,   /* all names below it, not itself (*.x) */
};

/* A higher number wins where feeds differ. */
enum fsk_severity {
	FSK_YELLOW = 1,
	FSK_RED = 2,
};

enum fsk_action {
	FSK_NXDOMAIN = 0,
	FSK_NODATA = 1,
	FSK_SINKHOLE = 2, /* A and AAAA with its addresses, else NODATA */
	FSK_CNAME = 3,    /* an alias to another name */
	FSK_REFUSE = 4,   /* REFUSED */
	FSK_DROP = 5,     /* no answer at all */
	FSK_TCP_ONLY = 6, /* truncated over UDP, resolved over TCP */
	FSK_SERVFAIL = 7,
	FSK_PASSTHRU = 8, /* resolved */
	FSK_LOG = 9,      /* resolved, and counted as if it were blocked */
	FSK_WARN = 10,    /* as sinkhole, to where people are warned */
	FSK_ACTIONS
};

/* The word for ACTION. */
const char *fsk_action_word(enum fsk_action action);

enum fsk_db_mode {
	FSK_NAMES = 1,  /* names are in the file and are compared */
	FSK_SECRET = 2, /* keyed fingerprints stand for the names */
};

#define FSK_ADDRS_MAX 4

/* INFO-CODEs of Extended DNS Errors (RFC 8914 section 4). */
#define FSK_EDE_FORGED   4
#define FSK_EDE_BLOCKED  15
#define FSK_EDE_CENSORED 16
#define FSK_EDE_FILTERED 17
#define FSK_EDE_NONE     0xffff /* none goes with the answer */

struct fsk_answer {
	enum fsk_action action;
	uint32_t ttl;     /* seconds */
	uint16_t ede;     /* FSK_EDE_... */
	const char *text; /* of EDE, with placeholders (FORMAT.md section 8);
			     NULL: the standard one */
	unsigned count4, count6;
	uint8_t addr4[FSK_ADDRS_MAX][4]; /* network byte order */
	uint8_t addr6[FSK_ADDRS_MAX][16];
	struct fsk_name cname;        /* FSK_CNAME: the other name */
	struct fsk_name mname, rname; /* of the SOA; len 0: the standard ones */
};

/* An attribute set: what is known of an entry besides its name. */
struct fsk_attr {
	enum fsk_match_kind match;
	bool allow;
	enum fsk_severity severity;
	const char *category;
	uint32_t since;          /* first seen, days since 1970-01-01 */
	const char *case_number; /* of who ordered it; "": none */
	unsigned class;          /* what decides about the answer (policy.h) */
	const struct fsk_answer *answer; /* for who is in no group */
	unsigned feeds;                  /* how many; see fsk_db_attr_feed() */
};

/* What is known of a feed; "" where nothing is. */
struct fsk_feed {
	const char *name;
	const char *authority;   /* who answers for it */
	const char *legal_basis; /* on which it lists names */
	const char *contact;     /* for who disagrees: a URI */
	uint64_t entries;        /* that it lists */
};

struct fsk_db_info {
	enum fsk_db_mode mode;
	uint64_t serial;
	int64_t created; /* seconds since 1970-01-01 */
	uint64_t entries, urls, lines, bytes;
	uint32_t attrs, feeds, answers;
	uint8_t build_id[16];
};

struct fsk_db_section {
	const char *name; /* "unknown" for an optional one of a later version */
	uint64_t offset, length;
};

/* What a look-up finds. */
struct fsk_found {
	bool covered;   /* an entry covers the name: the one that wins */
	bool touched;   /* some entry that blocks is at the name or above it */
	uint8_t labels; /* of the winning entry's name */
	uint32_t attr;  /* of the winning entry, see fsk_db_attr() */
};

/* An entry that stands at a name or above it. */
struct fsk_entry {
	uint8_t labels; /* of its name */
	uint32_t attr;
};

/* For each label one that blocks and one that allows of each kind. */
#define FSK_ENTRIES_MAX (6 * FSK_LABELS_MAX)

enum fsk_db_load {
	/* Map the file: shared by all processes, in memory as far as used.
	 * Who truncates or rewrites the file in place kills its readers. */
	FSK_DB_MAP,
	/* Read it into memory of our own: whatever happens to the file later
	 * cannot touch us. */
	FSK_DB_COPY,
	/* Map it to see whether it is good, and be closed: memory is given back
	 * on the way. */
	FSK_DB_PASS,
};

/* Opens the database at PATH, checks all of it and stores in *DB a handle for
 * fsk_db_close().  On failure *DB is NULL, the sentence names the file, and
 * the code is FSK_EIO, FSK_ENOMEM, FSK_EFORMAT or FSK_ECORRUPT. */
int fsk_db_open(struct fsk_db **db, const char *path, enum fsk_db_load load,
    struct fsk_error *err);

/* The same for the open descriptor FD, which stays open; PATH is for the
 * sentence. */
int fsk_db_open_fd(struct fsk_db **db, int fd, const char *path,
    enum fsk_db_load load, struct fsk_error *err);

/* The same for LEN octets at BYTES, a multiple of 16, which must outlive *DB;
 * FSK_EINVAL where they begin elsewhere. */
int fsk_db_open_memory(
    struct fsk_db **db, const void *bytes, size_t len, struct fsk_error *err);

/* The same for a list within a policy: it has no policy of its own, and its
 * key is KEY. */
int fsk_db_open_nested(struct fsk_db **db, const void *bytes, size_t len,
    const uint8_t *key, struct fsk_error *err);

/* Frees DB, which may be NULL. */
void fsk_db_close(struct fsk_db *db);

/* The key with which queries for DB are made (fsk_query_init()). */
const struct fsk_key *fsk_db_key(const struct fsk_db *db);

/* As fsk_query_init() with DB's key; memory that the look-up will need is on
 * its way before the name is hashed to its end. */
void fsk_db_query(const struct fsk_db *db, struct fsk_query *q,
    const uint8_t *wire, size_t len);

/* Looks up the name Q and all its ancestors.  The entry with the most labels
 * wins; at equal labels allow beats block, then exact beats the rest. */
void fsk_db_find(const struct fsk_db *db, const struct fsk_query *q,
    struct fsk_found *found);

/* All entries that stand at the name Q and above it, whether they cover it or
 * not, into AT, those with the fewest labels first; returns how many.  For
 * people and tools: fsk_db_find() tells faster which of them decides. */
unsigned fsk_db_entries(const struct fsk_db *db, const struct fsk_query *q,
    struct fsk_entry at[static FSK_ENTRIES_MAX]);

/* Finds the URL whose canonical expression ("host/path?query") is EXPRESSION;
 * if it is listed, *ATTR tells by whom.  For people: the resolver sees names
 * only. */
bool fsk_db_find_url(
    const struct fsk_db *db, const char *expression, uint32_t *attr);

/* Describes the attribute set ATTR, a number that came from DB. */
void fsk_db_attr(const struct fsk_db *db, uint32_t attr, struct fsk_attr *out);

/* The name of feed I (below out->feeds) of the attribute set ATTR. */
const char *fsk_db_attr_feed(
    const struct fsk_db *db, uint32_t attr, unsigned i);

/* The row of feed I of the attribute set ATTR, for fsk_db_feed(). */
uint32_t fsk_db_attr_feed_row(
    const struct fsk_db *db, uint32_t attr, unsigned i);

/* Name and number of entries of feed I (below info.feeds). */
const char *fsk_db_feed(const struct fsk_db *db, uint32_t i, uint64_t *entries);

/* All that is known of feed I. */
void fsk_db_feed_info(
    const struct fsk_db *db, uint32_t i, struct fsk_feed *out);

/* Answer I (below info.answers). */
const struct fsk_answer *fsk_db_answer(const struct fsk_db *db, uint32_t i);

/* The policy of DB; NULL if it has none: then all clients are the same, and
 * classes are rows of answers. */
const struct fsk_policy *fsk_db_policy(const struct fsk_db *db);

void fsk_db_info(const struct fsk_db *db, struct fsk_db_info *info);

/* Ties NOTE to DB: what its user wants to find again with it, and no part of
 * it.  Once for a database, but also while others read it.  FREE_NOTE is
 * called with it when DB is closed. */
void fsk_db_set_note(
    const struct fsk_db *db, void *note, void (*free_note)(void *note));

/* The note of DB, which lives as long as it; NULL: none. */
const void *fsk_db_note(const struct fsk_db *db);

/* Section I of the file, in the order of its table; false past the last. */
bool fsk_db_section(
    const struct fsk_db *db, unsigned i, struct fsk_db_section *out);

/* Adds to COUNT[i] (info.attrs of them) how many entries have attribute set i.
 * For databases of both modes. */
void fsk_db_count(const struct fsk_db *db, uint64_t *count);

/* Calls EACH for every entry, in the order of the file, until it returns other
 * than 0, and returns that; 0 at the end; FSK_ECORRUPT if a name cannot be
 * decoded; FSK_EINVAL if DB keeps no names. */
int fsk_db_each(const struct fsk_db *db,
    int (*each)(void *arg, const struct fsk_name *name, uint32_t attr),
    void *arg, struct fsk_error *err);

#endif
