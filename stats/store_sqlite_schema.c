/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables (SCHEMA.md).  Facts, counters and sketches have the same shape by
 * minute, hour and day; their keys begin with the time, so that a range of
 * time is a range of the table. */
#include <inttypes.h>
#include <stdio.h>

#include "stats/store_sqlite.h"

#define APPLICATION 1179864915 /* "FSKS" */

#define FACTS(step) \
	"CREATE TABLE fact_" step " (" \
	"time INTEGER NOT NULL, host INTEGER NOT NULL, " \
	"feedset INTEGER NOT NULL, category INTEGER NOT NULL, " \
	"severity INTEGER NOT NULL, action INTEGER NOT NULL, " \
	"client_group INTEGER NOT NULL, country TEXT NOT NULL, " \
	"asn INTEGER NOT NULL, would INTEGER NOT NULL, " \
	"hits INTEGER NOT NULL, " \
	"PRIMARY KEY (time, host, feedset, category, severity, action, " \
	"client_group, country, asn, would)) WITHOUT ROWID"

#define COUNTERS(step) \
	"CREATE TABLE counter_" step " (" \
	"time INTEGER NOT NULL, host INTEGER NOT NULL, " \
	"counter INTEGER NOT NULL, label INTEGER NOT NULL, " \
	"value INTEGER NOT NULL, " \
	"PRIMARY KEY (time, host, counter, label)) WITHOUT ROWID"

#define NAMES(step, sketches) \
	"CREATE TABLE name_" step " (" \
	"time INTEGER NOT NULL, host INTEGER NOT NULL, name TEXT NOT NULL, " \
	"feedset INTEGER NOT NULL, category INTEGER NOT NULL, " \
	"severity INTEGER NOT NULL, hits INTEGER NOT NULL, " \
	"would INTEGER NOT NULL, error INTEGER NOT NULL, " sketches \
	"PRIMARY KEY (time, host, name)) WITHOUT ROWID"

#define SKETCHES(step) \
	"CREATE TABLE sketch_" step " (" \
	"time INTEGER NOT NULL, host INTEGER NOT NULL, " \
	"kind INTEGER NOT NULL, would INTEGER NOT NULL, key TEXT NOT NULL, " \
	"sketch BLOB NOT NULL, " \
	"PRIMARY KEY (time, host, kind, would, key)) WITHOUT ROWID"

static const char *const version_1[] = {
	"CREATE TABLE label (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, "
	"text TEXT NOT NULL, UNIQUE (kind, text))",
	"CREATE TABLE feedset (id INTEGER PRIMARY KEY, "
	"feeds TEXT NOT NULL UNIQUE)",
	"CREATE TABLE feedset_feed (feed INTEGER NOT NULL, "
	"feedset INTEGER NOT NULL, PRIMARY KEY (feed, feedset)) WITHOUT ROWID",
	FACTS("minute"),
	FACTS("hour"),
	FACTS("day"),
	COUNTERS("minute"),
	COUNTERS("hour"),
	COUNTERS("day"),
	NAMES("hour", ""),
	NAMES("day", "sketch BLOB, would_sketch BLOB, "),
	"CREATE TABLE name_rest (step INTEGER NOT NULL, "
	"time INTEGER NOT NULL, host INTEGER NOT NULL, "
	"hits INTEGER NOT NULL, would INTEGER NOT NULL, most INTEGER NOT NULL, "
	"closed INTEGER NOT NULL, "
	"PRIMARY KEY (step, time, host)) WITHOUT ROWID",
	SKETCHES("hour"),
	SKETCHES("day"),
	"CREATE TABLE network (asn INTEGER PRIMARY KEY, "
	"organisation TEXT NOT NULL)",
	"CREATE TABLE ring (id BLOB PRIMARY KEY, host INTEGER NOT NULL, "
	"seen INTEGER NOT NULL, serial INTEGER NOT NULL, "
	"created INTEGER NOT NULL, entries INTEGER NOT NULL, "
	"state BLOB NOT NULL) WITHOUT ROWID",
	"CREATE TABLE event (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, "
	"host INTEGER NOT NULL, name TEXT NOT NULL, qtype INTEGER NOT NULL, "
	"feedset INTEGER NOT NULL, category INTEGER NOT NULL, "
	"client_group INTEGER NOT NULL, severity INTEGER NOT NULL, "
	"action INTEGER NOT NULL, transport INTEGER NOT NULL, "
	"would INTEGER NOT NULL, country TEXT NOT NULL, "
	"asn INTEGER NOT NULL, client BLOB)",
	"CREATE INDEX event_time ON event (time)",
	NULL,
};

static const char *const version_2[] = {
	"ALTER TABLE event ADD COLUMN case_number TEXT NOT NULL DEFAULT ''",
	NULL,
};

/* [I] leads from version I to I + 1. */
static const char *const *const scripts[] = {
	version_1,
	version_2,
};

#define VERSION (sizeof(scripts) / sizeof(*scripts))

/* The one number that the PRAGMA or query TEXT gives. */
static int
ask(struct sql *db, const char *text, int64_t *out, struct fsk_error *err)
{
	struct sql_stmt *st = sql_prepare(db, text, err);
	int rc;

	*out = 0;
	if (st == NULL)
		return err != NULL ? err->code : FSK_EIO;
	rc = sql_step(st, err);
	if (rc == 1) {
		*out = sql_get_int(st, 0);
		rc = FSK_OK;
	}
	sql_free(st);
	return rc;
}

/* What version DB is of; 0: it has nothing. */
static int
version_of(
    struct sql *db, const char *path, int64_t *version, struct fsk_error *err)
{
	int64_t application = 0, tables = 0;
	int rc = ask(db, "SELECT count(*) FROM sqlite_schema", &tables, err);

	if (rc == FSK_OK)
		rc = ask(db, "PRAGMA application_id", &application, err);
	if (rc == FSK_OK)
		rc = ask(db, "PRAGMA user_version", version, err);
	if (rc == FSK_OK && tables > 0 && application != APPLICATION)
		rc = fsk_fail(err, FSK_EFORMAT,
		    "'%s' is a database, but not of fraudsink-stats", path);
	return rc;
}

/* One step, or none of it. */
static int
apply(struct sql *db, const char *const *script, unsigned to,
    struct fsk_error *err)
{
	char end[96];
	int rc = FSK_OK;

	for (; rc == FSK_OK && *script != NULL; script++)
		rc = sql_run(db, *script, err);
	snprintf(end, sizeof(end),
	    "PRAGMA application_id = %d; PRAGMA user_version = %u; COMMIT",
	    APPLICATION, to);
	if (rc == FSK_OK)
		rc = sql_run(db, end, err);
	return rc;
}

int
sqlite_migrate(struct sql *db, const char *path, bool write,
    const char *const *const *script, unsigned n, struct fsk_error *err)
{
	int64_t version;
	int rc = version_of(db, path, &version, err);

	if (rc != FSK_OK)
		return rc;
	if (version < 0 || version > n)
		return fsk_fail(err, FSK_EFORMAT,
		    "'%s' has version %" PRId64 ", this program knows %u", path,
		    version, n);
	if (version < n && !write)
		return fsk_fail(err, FSK_EFORMAT,
		    "'%s' has version %" PRId64 "; 'fraudsink-stats collect' "
		    "brings it to %u",
		    path, version, n);
	while (version < n) {
		/* Another process may have done it meanwhile. */
		rc = sql_run(db, "BEGIN IMMEDIATE", err);
		if (rc != FSK_OK)
			return rc;
		rc = version_of(db, path, &version, err);
		if (rc == FSK_OK && version < n) {
			rc = apply(
			    db, script[version], (unsigned)version + 1, err);
			version++;
		}
		if (sql_in_transaction(db))
			sql_run(db, "ROLLBACK", NULL);
		if (rc != FSK_OK)
			return rc;
	}
	return FSK_OK;
}

int
sqlite_schema(
    struct sql *db, const char *path, bool write, struct fsk_error *err)
{
	return sqlite_migrate(db, path, write, scripts, VERSION, err);
}
