/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/sql.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats/clock.h"
#include "stats/sketch.h"

#define BUSY_MS    10000 /* that another process may take for its transaction */
#define LOOK_STEPS 1000  /* of its machine, from one look at the clock on */

struct sql {
	sqlite3 *handle;
	char *path;
	int64_t deadline; /* by clock_ms(); 0: none */
};

struct sql_stmt {
	sqlite3_stmt *handle;
	struct sql *db;
};

/* ---- sketches in SQL ---- */

/* Adds the packed sketch V to S.  False when out of memory. */
static bool
unite(struct sketch *s, sqlite3_value *v)
{
	const int len = sqlite3_value_bytes(v);
	const uint8_t *octets = sqlite3_value_blob(v);
	struct sketch other;
	bool good;

	if (octets == NULL || len <= 0 ||
	    sketch_unpack(&other, octets, (size_t)len) != NULL)
		return true;
	if (s->tag == SKETCH_EMPTY && s->n == 0 && !s->dense) {
		sketch_fini(s);
		*s = other;
		return true;
	}
	good = sketch_merge(s, &other);
	sketch_fini(&other);
	return good;
}

static void
give(sqlite3_context *ctx, struct sketch *s)
{
	uint8_t *out = sqlite3_malloc(SKETCH_PACKED_MAX);

	if (out == NULL)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_blob(
		    ctx, out, (int)sketch_pack(s, out), sqlite3_free);
	sketch_fini(s);
}

static void
union_of_two(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct sketch s;

	(void)argc;
	/* Mostly one of them is not there. */
	for (int i = 0; i < 2; i++)
		if (sqlite3_value_type(argv[i]) == SQLITE_NULL) {
			sqlite3_result_value(ctx, argv[1 - i]);
			return;
		}
	sketch_init(&s, SKETCH_MOST);
	if (unite(&s, argv[0]) && unite(&s, argv[1])) {
		give(ctx, &s);
		return;
	}
	sqlite3_result_error_nomem(ctx);
	sketch_fini(&s);
}

static void
union_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct sketch *s = sqlite3_aggregate_context(ctx, sizeof(*s));

	(void)argc;
	if (s == NULL) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	if (s->p == 0) /* it begins as zeroes */
		sketch_init(s, SKETCH_MOST);
	if (!unite(s, argv[0]))
		sqlite3_result_error_nomem(ctx);
}

static void
union_end(sqlite3_context *ctx)
{
	struct sketch *s = sqlite3_aggregate_context(ctx, 0);

	if (s != NULL)
		give(ctx, s);
}

static int
add_functions(sqlite3 *handle)
{
	const int how = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
	int rc = sqlite3_create_function(
	    handle, "sketch_union", 2, how, NULL, union_of_two, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(handle, "sketch_union", 1, how,
		    NULL, NULL, union_step, union_end);
	return rc;
}

/* ---- connections ---- */

static int
late(const struct sql *db, struct fsk_error *err)
{
	return fsk_fail(
	    err, FSK_ELATE, "'%s' takes too long to answer", db->path);
}

static int
fail(const struct sql *db, struct fsk_error *err, const char *what)
{
	const int rc = sqlite3_errcode(db->handle);
	enum fsk_result code = FSK_EIO;

	if (rc == SQLITE_INTERRUPT)
		return late(db, err);
	if (rc == SQLITE_NOMEM)
		code = FSK_ENOMEM;
	else if (rc == SQLITE_NOTADB)
		code = FSK_EFORMAT;
	else if (rc == SQLITE_CORRUPT)
		code = FSK_ECORRUPT;
	return fsk_fail(err, code, "cannot %s '%s': %s", what, db->path,
	    sqlite3_errmsg(db->handle));
}

/* Makes the file if there is none, which others may not read: the library would
 * let them.  Its other files get the mode of this one.  One that is there is
 * not even opened, since to close it would end the locks of this process. */
static void
make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd != -1)
		close(fd);
}

int
sql_open(struct sql **out, const char *path, bool write, struct fsk_error *err)
{
	const int how = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
			      : SQLITE_OPEN_READONLY;
	struct sql *db = calloc(1, sizeof(*db));
	int rc;

	*out = NULL;
	if (db == NULL || (db->path = strdup(path)) == NULL) {
		free(db);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	if (write)
		make_file(path);
	rc = sqlite3_open_v2(
	    path, &db->handle, how | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = add_functions(db->handle);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db->handle, BUSY_MS);
	if (rc != SQLITE_OK) {
		rc = db->handle != NULL
		    ? fail(db, err, "open")
		    : fsk_fail(err, FSK_ENOMEM, "out of memory");
		sql_close(db);
		return rc;
	}
	*out = db;
	return FSK_OK;
}

static int
is_late(void *arg)
{
	const struct sql *db = arg;

	return db->deadline != 0 && clock_ms() >= db->deadline;
}

void
sql_deadline(struct sql *db, int64_t ms)
{
	db->deadline = clock_ms() + ms;
	sqlite3_progress_handler(db->handle, LOOK_STEPS, is_late, db);
}

void
sql_close(struct sql *db)
{
	if (db == NULL)
		return;
	sqlite3_close(db->handle);
	free(db->path);
	free(db);
}

int
sql_run(struct sql *db, const char *script, struct fsk_error *err)
{
	if (sqlite3_exec(db->handle, script, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, err, "use");
	return FSK_OK;
}

bool
sql_in_transaction(const struct sql *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

int64_t
sql_changed(const struct sql *db)
{
	return sqlite3_changes64(db->handle);
}

/* ---- statements ---- */

struct sql_stmt *
sql_prepare(struct sql *db, const char *text, struct fsk_error *err)
{
	struct sql_stmt *st = calloc(1, sizeof(*st));

	if (st == NULL) {
		fsk_fail(err, FSK_ENOMEM, "out of memory");
		return NULL;
	}
	st->db = db;
	if (sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT,
		&st->handle, NULL) != SQLITE_OK) {
		fail(db, err, "ask");
		free(st);
		return NULL;
	}
	return st;
}

void
sql_free(struct sql_stmt *st)
{
	if (st == NULL)
		return;
	sqlite3_finalize(st->handle);
	free(st);
}

/* What binding could fail for, the next step tells, too. */

void
sql_int(struct sql_stmt *st, int i, int64_t value)
{
	sqlite3_bind_int64(st->handle, i, value);
}

void
sql_text(struct sql_stmt *st, int i, const char *text)
{
	sqlite3_bind_text(st->handle, i, text, -1, SQLITE_STATIC);
}

void
sql_blob(struct sql_stmt *st, int i, const void *blob, size_t len)
{
	sqlite3_bind_blob64(st->handle, i, blob, len, SQLITE_STATIC);
}

void
sql_null(struct sql_stmt *st, int i)
{
	sqlite3_bind_null(st->handle, i);
}

int
sql_step(struct sql_stmt *st, struct fsk_error *err)
{
	int rc, code = 0;

	/* What is done with the rows takes time as well. */
	if (is_late(st->db)) {
		sqlite3_reset(st->handle);
		return late(st->db, err);
	}
	rc = sqlite3_step(st->handle);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		code = fail(st->db, err, "use");
	sqlite3_reset(st->handle);
	return code;
}

void
sql_reset(struct sql_stmt *st)
{
	sqlite3_reset(st->handle);
}

int64_t
sql_get_int(struct sql_stmt *st, int i)
{
	return sqlite3_column_int64(st->handle, i);
}

const char *
sql_get_text(struct sql_stmt *st, int i)
{
	const unsigned char *text = sqlite3_column_text(st->handle, i);

	return text != NULL ? (const char *)text : "";
}

const uint8_t *
sql_get_blob(struct sql_stmt *st, int i, size_t *len)
{
	const void *blob = sqlite3_column_blob(st->handle, i);

	*len = (size_t)sqlite3_column_bytes(st->handle, i);
	return blob;
}
