/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/release.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/guard.h"
#include "feeds/merge.h"
#include "feeds/publish.h"
#include "lib/db.h"

#define TIMES_DAYS 30 /* of the SCHEDULE_DAYS that were worked out */

static uint32_t
today(const struct release *r)
{
	return (uint32_t)(r->now / 86400);
}

/* ---- what a database was made of ---- */

/* Adds to F what tells whether the file PATH is the same as last time. */
static void
identify(FILE *f, const char *name, const char *path)
{
	struct stat st;

	if (path == NULL || stat(path, &st) == -1)
		fprintf(f, "%s absent\n", name);
	else
		fprintf(f, "%s %llu %lld %lld.%09ld\n", name,
		    (unsigned long long)st.st_ino, (long long)st.st_size,
		    (long long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec);
}

static void
identify_all(FILE *f, const char *name, const struct option_texts *l)
{
	for (size_t i = 0; i < l->n; i++)
		identify(f, name, l->at[i]);
}

/* The files of rules and groups.  Times of the day are worked out for some
 * time to come: now and then that is to be done again. */
static void
identify_policy(FILE *f, const struct conf_policy *p, int64_t now)
{
	const struct conf_rule *rule = p->rules.at;
	const struct conf_group *group = p->groups.at;

	for (size_t i = 0; i < p->rules.n; i++)
		identify_all(f, "rule", &rule[i].files);
	for (size_t i = 0; i < p->groups.n; i++) {
		identify_all(f, "prefixes", &group[i].prefix_files);
		identify_all(f, "block", &group[i].block_files);
		identify_all(f, "allow", &group[i].allow_files);
		if (group[i].time != NULL)
			fprintf(f, "times %lld\n",
			    (long long)(now / ((int64_t)TIMES_DAYS * 86400)));
	}
}

/* All that the published database depends on, as text, for free(). */
static char *
dependencies(const struct release *r)
{
	const struct conf *c = r->c;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	identify(f, "configuration", c->path);
	identify_all(f, "protected", &c->protected_files);
	identify_all(f, "shared", &c->shared_files);
	identify_policy(f, &c->policy, r->now);
	for (size_t i = 0; i < c->nfeeds; i++) {
		char *list = state_path(
		    c->state, c->feeds[i].head.title, "list.fsdb");

		if (c->feeds[i].enabled)
			identify(f, c->feeds[i].head.title, list);
		/* Entries grow old by the day. */
		if (c->feeds[i].max_age > 0)
			fprintf(f, "day %u\n", today(r));
		free(list);
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- making it ---- */

/* The feeds' own hosts are not for feeds to block. */
static int
protect_feeds(const struct conf *c, struct guard *g, struct fsk_error *err)
{
	int rc = FSK_OK;

	for (size_t i = 0; i < c->nfeeds && rc == FSK_OK; i++) {
		char host[CONF_SOURCE];
		struct fsk_error unused;

		/* An address is no name, and needs no guard. */
		rc = guard_never(g, conf_host(&c->feeds[i], host), &unused);
		if (rc == FSK_ENAME)
			rc = FSK_OK;
		else if (rc != FSK_OK && err != NULL)
			*err = unused;
	}
	return rc;
}

/* A feed whose list was lost must not take its entries out of force. */
static int
check_complete(const struct conf *c, struct fsk_error *err)
{
	struct fsk_db_info info = { 0 };
	struct fsk_error unused;
	struct fsk_db *db;
	int rc = FSK_OK;

	if (fsk_db_open(&db, c->database, FSK_DB_MAP, &unused) != FSK_OK)
		return FSK_OK;
	fsk_db_info(db, &info);
	for (uint32_t i = 0; i < info.feeds && rc == FSK_OK; i++) {
		uint64_t entries;
		const char *name = fsk_db_feed(db, i, &entries);
		const struct conf_feed *f = conf_feed(c, name);
		char *list = state_path(c->state, name, "list.fsdb");

		if (entries > 0 && f != NULL && f->enabled &&
		    (list == NULL || access(list, R_OK) == -1))
			rc = fsk_fail(err, FSK_EINVAL,
			    "the list of feed '%s' is gone, but %" PRIu64
			    " entries in force are its: nothing is published "
			    "until it is fetched again (or with --force)",
			    name, entries);
		free(list);
	}
	fsk_db_close(db);
	return rc;
}

/* What rules list counts from the day on which it came IN_FORCE.  Dates that
 * cannot be kept are no reason to take a database back. */
static void
keep_dates(const struct conf *c, const char *from, bool in_force)
{
	char *to = state_path(c->state, NULL, "rules.fsdb");

	if (!in_force)
		unlink(from);
	else if (to == NULL ||
	    (rename(from, to) == -1 &&
		/* There are no rules any more. */
		(errno != ENOENT || (unlink(to) == -1 && errno != ENOENT))))
		complain("cannot keep the dates of rules: %s", strerror(errno));
	free(to);
}

static int
make_generation(struct release *r, struct guard *g, struct fsk_error *err)
{
	const struct conf *c = r->c;
	char *folder = state_path(c->state, NULL, "generations");
	char *refused = state_path(c->state, NULL, "refused");
	char *dates = state_path(c->state, NULL, "rules.fsdb.new");
	char *to = generation_candidate(c);
	struct merge_request request = { .c = c,
		.g = g,
		.states = r->states,
		.today = today(r),
		.serial = r->serial,
		.now = r->now,
		.to = to,
		.refused = refused,
		.dates = dates };
	struct fsk_writer_result result;
	int rc;

	if (folder == NULL || refused == NULL || dates == NULL || to == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else
		rc = state_folder(folder, err);
	if (rc == FSK_OK)
		unlink(to); /* of a run that was killed */
	if (rc == FSK_OK)
		rc = merge(&request, &result, err);
	if (rc == FSK_OK) {
		r->entries = result.entries;
		r->urls = result.urls;
		rc = r->entries + r->urls > 0
		    ? generation_check(c, err)
		    : fsk_fail(err, FSK_EINVAL,
			  "no feed has anything to list: an empty database is "
			  "not published");
		if (rc != FSK_OK)
			unlink(to);
	}
	if (rc == FSK_OK)
		rc = generation_admit(c, r->serial, err);
	if (rc == FSK_OK)
		rc = generation_install(c, r->serial, err);
	if (dates != NULL)
		keep_dates(c, dates, rc == FSK_OK);
	free(folder);
	free(refused);
	free(dates);
	free(to);
	return rc;
}

/* Removes the file NAME of the state, if it is there. */
static int
remove_file(const struct conf *c, const char *name, struct fsk_error *err)
{
	char *path = state_path(c->state, NULL, name);
	int rc = FSK_OK;

	if (path == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else if (unlink(path) == -1 && errno != ENOENT)
		rc = fsk_fail(err, FSK_EIO, "cannot remove '%s': %s", path,
		    strerror(errno));
	free(path);
	return rc;
}

/* A serial that is newer than all that were. */
static int
next_serial(const struct release *r, uint64_t *serial, struct fsk_error *err)
{
	size_t n;
	uint64_t *before = generations(r->c, &n, err);

	if (before == NULL)
		return FSK_ENOMEM;
	*serial = (uint64_t)r->now;
	if (n > 0 && before[0] >= *serial)
		*serial = before[0] + 1;
	free(before);
	return FSK_OK;
}

/* What is counted of each feed is of the database in force: gives back to TO
 * what FROM counted, if no other came into force. */
static void
restore_counts(struct feed_state *to, const struct feed_state *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		to[i].refused = from[i].refused;
		to[i].unique = from[i].unique;
		to[i].entries = from[i].entries;
	}
}

static int
make_and_install(struct release *r, struct fsk_error *err)
{
	const size_t n = r->c->nfeeds;
	struct feed_state *before = calloc(n + 1, sizeof(*before));
	struct guard *g = NULL;
	int rc = before == NULL ? fsk_fail(err, FSK_ENOMEM, "out of memory")
	    : r->force          ? FSK_OK
				: check_complete(r->c, err);

	if (before != NULL)
		memcpy(before, r->states, n * sizeof(*before));

	if (rc == FSK_OK)
		rc = next_serial(r, &r->serial, err);
	if (rc == FSK_OK)
		rc = guard_open(&g, r->c, err);
	if (rc == FSK_OK)
		rc = protect_feeds(r->c, g, err);
	if (rc == FSK_OK)
		rc = make_generation(r, g, err);
	if (rc != FSK_OK && before != NULL)
		restore_counts(r->states, before, n);
	free(before);
	guard_close(g);
	return rc;
}

int
release(struct release *r, struct fsk_error *err)
{
	const struct conf *c = r->c;
	char *path = state_path(c->state, NULL, "published");
	char *now = dependencies(r), *before = NULL;
	size_t len;
	int rc = FSK_OK;

	if (path == NULL || now == NULL) {
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
		goto out;
	}
	before = state_text(path, &len);
	if (!r->force && before != NULL && strcmp(before, now) == 0 &&
	    generation_in_force(c) != 0) {
		/* What a killed run did not get to. */
		generations_prune(c);
		goto out; /* nothing changed */
	}
	r->held = !r->force && release_is_held(c);
	if (r->held)
		goto out;
	rc = make_and_install(r, err);
	if (rc == FSK_OK)
		rc = state_replace(path, now, strlen(now), err);
	if (rc == FSK_OK && r->force)
		rc = remove_file(c, "hold", err);
	if (rc == FSK_OK) {
		r->published = true;
		generations_prune(c);
	}
out:
	free(before);
	free(now);
	free(path);
	return rc;
}

/* ---- holding it back ---- */

bool
release_is_held(const struct conf *c)
{
	char *path = state_path(c->state, NULL, "hold");
	/* In doubt nothing changes. */
	bool held = path == NULL || access(path, F_OK) == 0;

	free(path);
	return held;
}

int
release_hold(const struct conf *c, uint64_t serial, struct fsk_error *err)
{
	char *path = state_path(c->state, NULL, "hold"), why[64];
	int rc;

	snprintf(why, sizeof(why), "rolled back to %" PRIu64 "\n", serial);
	rc = path != NULL ? state_replace(path, why, strlen(why), err)
			  : fsk_fail(err, FSK_ENOMEM, "out of memory");
	free(path);
	return rc;
}

int
release_unhold(const struct conf *c, struct fsk_error *err)
{
	return remove_file(c, "hold", err);
}

int
release_resume(const struct conf *c, struct fsk_error *err)
{
	int rc = remove_file(c, "published", err);

	return rc == FSK_OK ? release_unhold(c, err) : rc;
}

/* ---- afterwards ---- */

void
release_hooks(const struct conf *c, uint64_t serial)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, serial);
	for (size_t i = 0; i < c->hooks.n; i++) {
		const char *hook = c->hooks.at[i];
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			signal(SIGPIPE, SIG_DFL); /* we ignore it */
			setenv("FRAUDSINK_DB", c->database, 1);
			setenv("FRAUDSINK_SERIAL", text, 1);
			execl("/bin/sh", "sh", "-c", hook, (char *)NULL);
			_exit(127);
		}
		if (pid == -1 || waitpid(pid, &status, 0) != pid)
			complain("cannot run the hook '%s': %s", hook,
			    strerror(errno));
		else if (status != 0)
			complain("the hook '%s' failed with status %d", hook,
			    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	}
}
