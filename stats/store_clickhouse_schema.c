/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables: those of SQLite, with texts in the place of their numbers.  On a
 * cluster each has a part on every server, called NAME_local, and NAME is
 * Distributed over them by host, so that all versions of a row meet on one
 * server.
 *
 * "ON CLUSTER" would need ZooKeeper: instead the tables are made server by
 * server.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/store_clickhouse.h"

#define VERSION 2

#define FACTS \
	"time Int64, host String, origin UInt64, feeds String, " \
	"category String, severity UInt8, action UInt8, " \
	"client_group String, country String, asn UInt32, would UInt8, " \
	"hits UInt64, version UInt64"
#define FACTS_KEY \
	"time, host, origin, feeds, category, severity, action, " \
	"client_group, country, asn, would"
#define COUNTERS \
	"time Int64, host String, origin UInt64, counter UInt16, " \
	"label String, value UInt64, version UInt64"
#define COUNTERS_KEY "time, host, origin, counter, label"
#define NAMES \
	"time Int64, host String, origin UInt64, name String, " \
	"feeds String, category String, severity UInt8, hits UInt64, " \
	"would UInt64, error UInt64, gone UInt8, version UInt64"
#define NAMES_KEY "time, host, origin, name"
#define RESTS \
	"time Int64, host String, origin UInt64, hits UInt64, would UInt64, " \
	"most UInt64, version UInt64"
#define RESTS_KEY "time, host, origin"
#define SKETCHES \
	"time Int64, host String, origin UInt64, kind UInt8, would UInt8, " \
	"key String, sketch String, gone UInt8, version UInt64"
#define SKETCHES_KEY "time, kind, would, key, host, origin"
#define EVENTS \
	"time Int64, host String, origin UInt64, id UInt64, name String, " \
	"qtype UInt16, feeds String, category String, client_group String, " \
	"severity UInt8, action UInt8, transport UInt8, would UInt8, " \
	"country String, asn UInt32, client String, case_number String, " \
	"version UInt64"
#define EVENTS_KEY "time, host, origin, id"
#define RINGS \
	"id String, host String, origin UInt64, seen Int64, serial UInt64, " \
	"created UInt64, entries UInt64, version UInt64"
#define RINGS_KEY "host, origin, id"
#define NETWORKS \
	"asn UInt32, host String, origin UInt64, organisation String, " \
	"version UInt64"
#define NETWORKS_KEY "asn, host, origin"

#define BY_DAY   "toYYYYMMDD(toDateTime(time))"
#define BY_MONTH "toYYYYMM(toDateTime(time))"
#define KEEP(f)  offsetof(struct conf, f)
#define NEVER    SIZE_MAX

static const struct {
	const char *name, *columns, *key, *partition;
	size_t keep;      /* seconds, of struct conf */
	unsigned seconds; /* that a row stands for */
	const char *time; /* in seconds */
} tables[] = {
	{ "fact_minute", FACTS, FACTS_KEY, BY_DAY, KEEP(keep_minutes), 60,
	    "time" },
	{ "fact_hour", FACTS, FACTS_KEY, BY_MONTH, KEEP(keep_hours), 3600,
	    "time" },
	{ "fact_day", FACTS, FACTS_KEY, BY_MONTH, KEEP(keep_days), 86400,
	    "time" },
	{ "counter_minute", COUNTERS, COUNTERS_KEY, BY_DAY, KEEP(keep_minutes),
	    60, "time" },
	{ "counter_hour", COUNTERS, COUNTERS_KEY, BY_MONTH, KEEP(keep_hours),
	    3600, "time" },
	{ "counter_day", COUNTERS, COUNTERS_KEY, BY_MONTH, KEEP(keep_days),
	    86400, "time" },
	{ "name_hour", NAMES, NAMES_KEY, BY_MONTH, KEEP(keep_hours), 3600,
	    "time" },
	{ "name_day", NAMES, NAMES_KEY, BY_MONTH, KEEP(keep_days), 86400,
	    "time" },
	{ "rest_hour", RESTS, RESTS_KEY, BY_MONTH, KEEP(keep_hours), 3600,
	    "time" },
	{ "rest_day", RESTS, RESTS_KEY, BY_MONTH, KEEP(keep_days), 86400,
	    "time" },
	{ "sketch_hour", SKETCHES, SKETCHES_KEY, BY_MONTH, KEEP(keep_hours),
	    3600, "time" },
	{ "sketch_day", SKETCHES, SKETCHES_KEY, BY_MONTH, KEEP(keep_days),
	    86400, "time" },
	{ "event", EVENTS, EVENTS_KEY,
	    "toYYYYMMDD(toDateTime(intDiv(time, "
	    "1000000)))",
	    KEEP(keep_events), 0, "intDiv(time, 1000000)" },
	{ "ring", RINGS, RINGS_KEY, "tuple()", NEVER, 0, NULL },
	{ "network", NETWORKS, NETWORKS_KEY, "tuple()", NEVER, 0, NULL },
};

#define TABLES (sizeof(tables) / sizeof(*tables))

/* For how long rows of table I stay; 0: for ever. */
static uint64_t
keep(const struct conf *c, size_t i)
{
	uint64_t seconds = 0;

	if (tables[i].keep != NEVER)
		memcpy(&seconds, (const char *)c + tables[i].keep,
		    sizeof(seconds));
	return seconds != 0 ? seconds + tables[i].seconds : 0;
}

/* ---- what the server is ---- */

static int
take_number(void *arg, const struct row *r)
{
	*(int64_t *)arg = strtoll(r->at[0], NULL, 10);
	return 0;
}

static int
ask_number(
    struct clickhouse *h, const char *query, int64_t *n, struct fsk_error *err)
{
	struct text t = { .at = NULL };
	int rc;

	*n = 0;
	text_say(&t, "%s", query);
	rc = clickhouse_ask(h, &t, take_number, n, err);
	free(t.at);
	return rc;
}

/* TTL is there since 19.6. */
static int
has_ttl(struct clickhouse *h, bool *has, struct fsk_error *err)
{
	int64_t n;
	int rc = ask_number(h,
	    "SELECT toUInt32(splitByChar('.', version())[1]) * 1000 + "
	    "toUInt32(splitByChar('.', version())[2])",
	    &n, err);

	*has = n >= 19006;
	return rc;
}

static int
schema_version(struct clickhouse *h, const struct conf *c, int64_t *version,
    struct fsk_error *err)
{
	char query[512];
	int64_t there;
	int rc;

	*version = 0;
	snprintf(query, sizeof(query),
	    "SELECT count() FROM system.tables WHERE database = '%s' AND "
	    "name = 'schema_version'",
	    c->clickhouse.database);
	rc = ask_number(h, query, &there, err);
	if (rc != FSK_OK || there == 0)
		return rc;
	snprintf(query, sizeof(query),
	    "SELECT max(version) FROM `%s`.schema_version",
	    c->clickhouse.database);
	return ask_number(h, query, version, err);
}

static int
later(const struct conf *c, int64_t version, struct fsk_error *err)
{
	return fsk_fail(err, FSK_EFORMAT,
	    "database '%s' at '%s' is of version %" PRId64
	    ", this program knows up to %d",
	    c->clickhouse.database, c->clickhouse.url, version, VERSION);
}

int
clickhouse_check_schema(
    struct clickhouse *h, const struct conf *c, struct fsk_error *err)
{
	int64_t version;
	int rc = schema_version(h, c, &version, err);

	if (rc == FSK_OK && version == 0)
		return fsk_fail(err, FSK_EFORMAT,
		    "there are no tables in database '%s' at '%s': "
		    "'fraudsink-stats init' makes them",
		    c->clickhouse.database, c->clickhouse.url);
	if (rc == FSK_OK && version > VERSION)
		return later(c, version, err);
	if (rc == FSK_OK && version < VERSION)
		return fsk_fail(err, FSK_EFORMAT,
		    "database '%s' at '%s' is of version %" PRId64
		    ": 'fraudsink-stats init' brings it to %d",
		    c->clickhouse.database, c->clickhouse.url, version,
		    VERSION);
	return rc;
}

/* ---- making ---- */

static int
run(struct clickhouse *h, struct text *t, struct fsk_error *err)
{
	int rc = clickhouse_ask(h, t, NULL, NULL, err);

	free(t->at);
	*t = (struct text){ .at = NULL };
	return rc;
}

static int
make_table(struct clickhouse *h, const struct conf *c, size_t i, bool ttl,
    struct fsk_error *err)
{
	const char *database = c->clickhouse.database;
	const char *cluster = c->clickhouse.cluster;
	const char *local = cluster != NULL ? "_local" : "";
	struct text t = { .at = NULL };
	int rc;

	text_say(&t,
	    "CREATE TABLE IF NOT EXISTS `%s`.%s%s (%s) ENGINE = "
	    "ReplacingMergeTree(version) PARTITION BY %s ORDER BY (%s)",
	    database, tables[i].name, local, tables[i].columns,
	    tables[i].partition, tables[i].key);
	rc = run(h, &t, err);
	/* Also of a table that was there: the configuration may be new. */
	if (rc == FSK_OK && ttl && keep(c, i) != 0) {
		text_say(&t,
		    "ALTER TABLE `%s`.%s%s MODIFY TTL toDateTime(%s) + "
		    "toIntervalSecond(%" PRIu64 ")",
		    database, tables[i].name, local, tables[i].time,
		    keep(c, i));
		rc = run(h, &t, err);
	}
	if (rc != FSK_OK || cluster == NULL)
		return rc;
	text_say(&t,
	    "CREATE TABLE IF NOT EXISTS `%s`.%s (%s) ENGINE = "
	    "Distributed(%s, %s, %s_local, cityHash64(host))",
	    database, tables[i].name, tables[i].columns, cluster, database,
	    tables[i].name);
	return run(h, &t, err);
}

/* Adds COLUMN to TABLE if it lacks it; a server of 2018 cannot be told to do so
 * in one query. */
static int
add_column(struct clickhouse *h, const struct conf *c, const char *table,
    const char *column, const char *type, struct fsk_error *err)
{
	struct text t = { .at = NULL };
	char query[512];
	int64_t there;
	int rc;

	snprintf(query, sizeof(query),
	    "SELECT count() FROM system.columns WHERE database = '%s' AND "
	    "table = '%s' AND name = '%s'",
	    c->clickhouse.database, table, column);
	rc = ask_number(h, query, &there, err);
	if (rc != FSK_OK || there != 0)
		return rc;
	text_say(&t, "ALTER TABLE `%s`.%s ADD COLUMN %s %s",
	    c->clickhouse.database, table, column, type);
	return run(h, &t, err);
}

/* Brings tables of an earlier version to this one. */
static int
bring_up(struct clickhouse *h, const struct conf *c, struct fsk_error *err)
{
	int rc = FSK_OK;

	if (c->clickhouse.cluster != NULL)
		rc = add_column(
		    h, c, "event_local", "case_number", "String", err);
	if (rc == FSK_OK)
		rc = add_column(h, c, "event", "case_number", "String", err);
	return rc;
}

int
store_clickhouse_init(const struct conf *c, struct fsk_error *err)
{
	struct text t = { .at = NULL };
	struct clickhouse *h;
	int64_t version = 0;
	bool ttl = false;
	int rc = clickhouse_open(&h, c, err);

	if (rc != FSK_OK)
		return rc;
	text_say(
	    &t, "CREATE DATABASE IF NOT EXISTS `%s`", c->clickhouse.database);
	rc = run(h, &t, err);
	if (rc == FSK_OK)
		rc = schema_version(h, c, &version, err);
	if (rc == FSK_OK && version > VERSION)
		rc = later(c, version, err);
	if (rc == FSK_OK)
		rc = has_ttl(h, &ttl, err);
	for (size_t i = 0; rc == FSK_OK && i < TABLES; i++)
		rc = make_table(h, c, i, ttl, err);
	if (rc == FSK_OK)
		rc = bring_up(h, c, err);
	/* The last, so that whoever finds it finds all. */
	if (rc == FSK_OK) {
		text_say(&t,
		    "CREATE TABLE IF NOT EXISTS `%s`.schema_version "
		    "(version UInt32) ENGINE = ReplacingMergeTree() "
		    "PARTITION BY tuple() ORDER BY (version)",
		    c->clickhouse.database);
		rc = run(h, &t, err);
	}
	if (rc == FSK_OK && version < VERSION) {
		text_say(&t, "INSERT INTO `%s`.schema_version VALUES (%d)",
		    c->clickhouse.database, VERSION);
		rc = run(h, &t, err);
	}
	clickhouse_close(h);
	return rc;
}

/* ---- letting go ---- */

int
clickhouse_expire(struct clickhouse *h, const struct conf *c, int64_t now,
    struct fsk_error *err)
{
	bool ttl;
	int rc = has_ttl(h, &ttl, err);

	for (size_t i = 0; rc == FSK_OK && !ttl && i < TABLES; i++) {
		struct text t = { .at = NULL };

		if (keep(c, i) == 0)
			continue;
		text_say(&t, "ALTER TABLE `%s`.%s%s DELETE WHERE %s < %" PRId64,
		    c->clickhouse.database, tables[i].name,
		    c->clickhouse.cluster != NULL ? "_local" : "",
		    tables[i].time, now - (int64_t)keep(c, i) + 1);
		rc = run(h, &t, err);
	}
	return rc;
}
