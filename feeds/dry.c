/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/dry.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/diff.h"
#include "feeds/entry.h"
#include "feeds/json.h"
#include "feeds/printable.h"
#include "feeds/queries.h"
#include "feeds/replica.h"
#include "lib/db_write.h"

#define LIMIT 20 /* of names, for people who say nothing */

struct dry {
	const struct conf *c;
	const struct dry_options *o;
	struct round *r;
	struct replica replica;
	struct fsk_db *before, *after; /* may be the same */
	struct status feeds;
	struct fsk_bypasses bypasses;
	struct queries q;
	uint64_t limit;
};

/* ---- the databases ---- */

/* Opens the database in force; *DB stays NULL where there is none, or where
 * sync would take it for none. */
static int
open_in_force(const struct conf *c, struct fsk_db **db, struct fsk_error *err)
{
	int rc;

	*db = NULL;
	if (access(c->database, F_OK) == -1 && errno == ENOENT)
		return FSK_OK;
	rc = fsk_db_open(db, c->database, FSK_DB_MAP, err);
	if (rc != FSK_EFORMAT && rc != FSK_ECORRUPT)
		return rc;
	complain("%s; it counts as empty", err->text);
	return FSK_OK;
}

/* Makes an empty database, to stand for none. */
static int
open_nothing(const struct replica *r, struct fsk_db **db, struct fsk_error *err)
{
	const struct fsk_writer_options options = {
		.mode = FSK_NAMES, .threads = 1, .memory = FSK_MEMORY_MIN
	};
	char *path = replica_path(r, "nothing.fsdb");
	struct fsk_writer_result result;
	struct fsk_writer *w = NULL;
	int rc = path != NULL ? fsk_writer_open(&w, path, &options, err)
			      : fsk_fail(err, FSK_ENOMEM, "out of memory");

	if (rc == FSK_OK)
		rc = fsk_writer_publish(w, &result, err);
	if (rc == FSK_OK)
		rc = fsk_db_open(db, path, FSK_DB_MAP, err);
	fsk_writer_close(w);
	free(path);
	return rc;
}

/* ---- the round ---- */

static int
do_round(struct dry *d, struct fsk_error *err)
{
	int rc;

	d->r->c = &d->replica.c;
	d->r->no_hooks = true;
	d->r->quiet |= d->o->json;
	rc = round_run(d->r, err);
	if (rc == FSK_OK && d->before == NULL)
		rc = open_nothing(&d->replica, &d->before, err);
	if (rc == FSK_OK && d->r->published)
		rc = fsk_db_open(
		    &d->after, d->replica.c.database, FSK_DB_MAP, err);
	else
		d->after = d->before;
	if (rc == FSK_OK && !status_read(&d->feeds, &d->replica.c))
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	d->feeds.c = d->c;
	d->r->c = d->c;
	return rc;
}

/* From here on a signal ends the process at once: nothing would be left. */
static int
let_signals_end(const struct round *r, struct fsk_error *err)
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction end = { .sa_handler = SIG_DFL };
	struct sigaction now;

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (sigaction(ours[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			sigaction(ours[i], &end, NULL);
	return r->stop != NULL && atomic_load(r->stop)
	    ? fsk_fail(err, FSK_EIO, "stopped")
	    : FSK_OK;
}

static void
tell_round(const struct round *r)
{
	if (r->published)
		fprintf(stderr,
		    "%s: would be published: %" PRIu64 " entries, %" PRIu64
		    " URLs, %" PRIu64 " refused\n",
		    r->c->database, r->entries, r->urls, r->refused);
	else if (r->held)
		fprintf(stderr,
		    "%s: a rollback holds it; nothing would be published\n",
		    r->c->database);
	else
		fprintf(stderr, "%s: nothing would change\n", r->c->database);
}

/* ---- queries ---- */

static int
ask_queries(struct dry *d, struct fsk_error *err)
{
	char *path = fsk_bypass_path(d->c->database);
	int rc = path != NULL ? fsk_bypasses_read(&d->bypasses, path, err)
			      : fsk_fail(err, FSK_ENOMEM, "out of memory");

	free(path);
	d->q = (struct queries){ .before = d->before,
		.after = d->after,
		.bypasses = &d->bypasses,
		.now = (int64_t)time(NULL),
		.folder = replica_place() };
	return rc == FSK_OK ? queries_read(&d->q, d->o->queries, err) : rc;
}

static void
print_query(const struct query *q)
{
	const struct query_side *s = query_behind(q);
	char entry[FSK_TEXT_MAX];
	struct fsk_attr a;

	printf("%12" PRIu64 "  %s: %s -> %s", q->count, q->name,
	    query_word(&q->before), query_word(&q->after));
	if (query_entry(s, entry) != NULL) {
		fsk_db_attr(s->v.db, s->v.found.attr, &a);
		printf(", entry %s%s, feed", entry_mark(a.match), entry);
		for (unsigned i = 0; i < a.feeds; i++)
			printf("%s%s", i == 0 ? " " : ",",
			    printable_copy(
				fsk_db_attr_feed(s->v.db, s->v.found.attr, i)));
	}
	putchar('\n');
}

static void
print_queries(struct dry *d)
{
	struct queries *q = &d->q;
	struct query one;
	bool more = queries_next(q, &one);

	for (int k = QUERY_SAME + 1; k < QUERY_CHANGES; k++) {
		printf("%" PRIu64 " of %" PRIu64 " queries (%" PRIu64
		       " names) would %s\n",
		    q->count[k].queries, q->all, q->count[k].names,
		    query_change_text((enum query_change)k));
		for (uint64_t i = 0; more && (int)one.change == k; i++) {
			if (i < d->limit)
				print_query(&one);
			more = queries_next(q, &one);
		}
	}
	if (q->bad > 0)
		printf("%" PRIu64 " lines are no names\n", q->bad);
}

static bool
print_queries_json(struct dry *d)
{
	struct queries *q = &d->q;
	struct query one;
	bool more = queries_next(q, &one), good = true;

	printf(",\n\"queries\": {\"all\": %" PRIu64 ", \"bad\": %" PRIu64,
	    q->all, q->bad);
	for (int k = QUERY_SAME + 1; k < QUERY_CHANGES; k++) {
		printf(",\n\"%s\": {\"queries\": %" PRIu64
		       ", \"names\": %" PRIu64 ", \"list\": [",
		    query_change_key((enum query_change)k), q->count[k].queries,
		    q->count[k].names);
		for (uint64_t i = 0; more && (int)one.change == k; i++) {
			if (i < d->limit) {
				fputs(i == 0 ? "\n" : ",", stdout);
				good &= json_query(stdout, &one);
			}
			more = queries_next(q, &one);
		}
		fputs("]}", stdout);
	}
	fputs("}", stdout);
	return good;
}

/* ---- telling ---- */

/* The rest of the object that `diff` has begun. */
static bool
print_rest_json(struct dry *d)
{
	const struct dry_round round = { d->r, &d->feeds };

	fputs(",\n", stdout);
	if (!json_round(stdout, &round))
		return false;
	if (d->o->queries == NULL)
		fputs(",\n\"queries\": null", stdout);
	else if (!print_queries_json(d))
		return false;
	return puts("}") != EOF;
}

static int
print(struct dry *d, struct fsk_error *err)
{
	struct diff diff = { .before.db = d->before,
		.after.db = d->after,
		.names = d->o->names,
		.json = d->o->json,
		.limit = d->limit };
	int rc = diff_run(&diff, err);

	diff_fini(&diff);
	if (rc == 0 && d->o->json)
		rc = !print_rest_json(d);
	else if (rc == 0 && d->o->queries != NULL)
		print_queries(d);
	return rc;
}

/* Looks and tells, once nothing is left but what is open. */
static int
conclude(struct dry *d)
{
	struct fsk_error err;
	int rc = let_signals_end(d->r, &err);

	if (rc == FSK_OK && !d->r->quiet)
		tell_round(d->r);
	if (rc == FSK_OK && d->o->queries != NULL)
		rc = ask_queries(d, &err);
	if (rc == FSK_OK)
		rc = print(d, &err);
	if (rc < 0)
		complain("%s", err.text);
	queries_fini(&d->q);
	fsk_bypasses_fini(&d->bypasses);
	if (rc != FSK_OK)
		return EXIT_ERROR;
	return d->r->failed > 0 ? EXIT_NONE : EXIT_SUCCESS;
}

/* Not after an hour of work. */
static int
check_readable(const char *path, struct fsk_error *err)
{
	if (path == NULL || strcmp(path, "-") == 0 || access(path, R_OK) == 0)
		return FSK_OK;
	return fsk_fail(
	    err, FSK_EIO, "cannot open '%s': %s", path, strerror(errno));
}

int
dry_run(struct round *r, const struct dry_options *o)
{
	struct dry d = { .c = r->c,
		.o = o,
		.r = r,
		.limit = o->limited ? o->limit
		    : o->json       ? UINT64_MAX
				    : LIMIT };
	struct fsk_error err;
	int rc, status = EXIT_ERROR;

	rc = check_readable(o->queries, &err);
	r->outcome = calloc(r->c->nfeeds + 1, sizeof(*r->outcome));
	if (rc == FSK_OK && r->outcome == NULL)
		rc = fsk_fail(&err, FSK_ENOMEM, "out of memory");
	if (rc == FSK_OK)
		rc = open_in_force(d.c, &d.before, &err);
	if (rc == FSK_OK)
		rc = replica_open(&d.replica, d.c, &err);
	if (rc != FSK_OK)
		complain("%s", err.text);
	else if ((rc = do_round(&d, &err)) != FSK_OK)
		complain("%s; what was in force stays", err.text);
	replica_close(&d.replica);
	if (rc == FSK_OK)
		status = conclude(&d);
	status_fini(&d.feeds);
	if (d.after != d.before)
		fsk_db_close(d.after);
	fsk_db_close(d.before);
	free(r->outcome);
	r->outcome = NULL;
	return status;
}
