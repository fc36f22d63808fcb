/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/collect.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/ingest.h"
#include "lib/db_write.h"

/* The claims of a first-seen date. */
struct dated {
	uint32_t day;
	uint32_t name, path, allow;
};

struct collection {
	const struct conf_feed *f;
	struct fsk_db *before; /* NULL: there was none */
	struct dated *dated;   /* in order of their days; the last is today */
	size_t n;
	uint32_t cancel;
	pthread_mutex_t lock; /* of the URLs' texts */
	struct state_file urls;
};

/* ---- dates ---- */

static int
compare_days(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	return x->day < y->day ? -1 : x->day > y->day;
}

static const struct dated *
dated(const struct collection *k, uint32_t day)
{
	const struct dated want = { .day = day };
	const struct dated *d = bsearch(
	    &want, k->dated, k->n, sizeof(*k->dated), compare_days);

	/* Every day of the list before has its row; be safe all the same. */
	return d != NULL ? d : &k->dated[k->n - 1];
}

/* The day on which the feed first listed the entry E. */
static uint32_t
first_seen(
    const struct collection *k, const struct parse_entry *e, uint32_t today)
{
	struct fsk_found found;
	struct fsk_query q;
	struct fsk_attr a;
	uint32_t attr;

	if (k->before == NULL)
		return today;
	if (e->url != NULL) {
		if (!fsk_db_find_url(k->before, e->url, &attr))
			return today;
	} else {
		/* "*.x" does not cover x: ask for a name below. */
		const unsigned below = e->match == FSK_BELOW &&
			e->name.len + 2u <= FSK_NAME_MAX
		    ? 2
		    : 0;
		uint8_t wire[FSK_NAME_MAX + 2] = { 1, '*' };

		memcpy(wire + below, e->name.wire, e->name.len);
		fsk_db_query(k->before, &q, wire, e->name.len + below);
		fsk_db_find(k->before, &q, &found);
		if (!found.covered || found.labels != q.labels - below / 2)
			return today;
		attr = found.attr;
	}
	fsk_db_attr(k->before, attr, &a);
	return a.since < today ? a.since : today;
}

static int
add_claims(struct fsk_writer *w, struct dated *d, struct fsk_error *err)
{
	struct fsk_claim c = {
		.category = "", .severity = FSK_RED, .since = d->day
	};
	int rc;

	c.feed = COLLECT_NAME;
	rc = fsk_writer_claim(w, &c, &d->name, err);
	if (rc == FSK_OK) {
		c.feed = COLLECT_PATH;
		rc = fsk_writer_claim(w, &c, &d->path, err);
	}
	if (rc == FSK_OK) {
		c.feed = COLLECT_NAME;
		c.allow = true;
		rc = fsk_writer_claim(w, &c, &d->allow, err);
	}
	return rc;
}

/* Enters claims for today and for every day of the list before. */
static int
make_claims(struct collection *k, struct fsk_writer *w, uint32_t today,
    struct fsk_error *err)
{
	const struct fsk_answer answer = { .ttl = 0 };
	struct fsk_claim cancel = { .feed = COLLECT_NAME,
		.category = "",
		.severity = FSK_RED,
		.cancel = true };
	struct fsk_db_info info = { 0 };
	unsigned row;
	size_t n = 0;
	int rc = fsk_writer_answer(w, &answer, &row, err);

	if (k->before != NULL)
		fsk_db_info(k->before, &info);
	k->dated = calloc(info.attrs + 1u, sizeof(*k->dated));
	if (k->dated == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < info.attrs; i++) {
		struct fsk_attr a;

		fsk_db_attr(k->before, i, &a);
		if (a.since < today)
			k->dated[n++].day = a.since;
	}
	k->dated[n++].day = today;
	qsort(k->dated, n, sizeof(*k->dated), compare_days);
	for (size_t i = 0; i < n; i++)
		if (k->n == 0 || k->dated[k->n - 1].day != k->dated[i].day)
			k->dated[k->n++].day = k->dated[i].day;
	for (size_t i = 0; i < k->n && rc == FSK_OK; i++)
		rc = add_claims(w, &k->dated[i], err);
	if (rc == FSK_OK)
		rc = fsk_writer_claim(w, &cancel, &k->cancel, err);
	return rc;
}

/* ---- entries ---- */

static int
take_url(struct collection *k, struct fsk_lane *lane,
    const struct parse_entry *e, const struct dated *d, struct fsk_error *err)
{
	bool failed;
	int rc;

	pthread_mutex_lock(&k->lock);
	failed = fprintf(k->urls.to, "%u %s\n", d->day, e->url) < 0;
	pthread_mutex_unlock(&k->lock);
	if (failed)
		return fsk_fail(
		    err, FSK_EIO, "cannot keep a URL: %s", strerror(errno));
	rc = fsk_lane_add_url(lane, e->url, d->path, err);
	/* Its host is noted; whether it is listed is for the merge to say. */
	if (rc == FSK_OK && e->name.len > 0)
		rc = fsk_lane_add(lane, &e->name, e->match, d->path, err);
	return rc;
}

static int
take(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	struct collection *k = in->arg;
	const struct dated *d = dated(
	    k, first_seen(k, e, k->dated[k->n - 1].day));

	if (e->url != NULL)
		return e->kind == PARSE_LIST ? take_url(k, lane, e, d, err)
					     : FSK_OK;
	return fsk_lane_add(lane, &e->name, e->match,
	    e->kind == PARSE_ALLOW        ? d->allow
		: e->kind == PARSE_CANCEL ? k->cancel
					  : d->name,
	    err);
}

/* ---- the feed's own guards ---- */

/* Whether F, which had WAS names, or none yet, may have IS of them; KIND: what
 * is counted. */
static int
judge_fewer(const struct conf_feed *f, uint64_t was, uint64_t is,
    const char *kind, struct fsk_error *err)
{
	if (is < f->min_names)
		return fsk_fail(err, FSK_EINVAL,
		    "only %llu %s, at least %llu are wanted (min-names)",
		    (unsigned long long)is, kind,
		    (unsigned long long)f->min_names);
	if (is * 100 < was * (100 - f->max_shrink))
		return fsk_fail(err, FSK_EINVAL,
		    "it shrank from %llu to %llu %s, by more than %llu %% "
		    "(max-shrink)",
		    (unsigned long long)was, (unsigned long long)is, kind,
		    (unsigned long long)f->max_shrink);
	return FSK_OK;
}

/* How much F lists: of what is to pass, exceptions are names, too. */
static uint64_t
weight(
    const struct conf_feed *f, uint64_t names, uint64_t urls, uint64_t excepted)
{
	return names + urls + (f->allow ? excepted : 0);
}

static int
judge(const struct conf_feed *f, const struct ingest_input *in,
    const struct feed_state *before, struct fsk_error *err)
{
	const uint64_t is = weight(f, in->names, in->urls, in->excepted);
	const uint64_t was = weight(
	    f, before->names, before->urls, before->excepted);
	const uint64_t content = in->lines - in->nothing;
	int rc = judge_fewer(f, was, is, "names", err);

	if (rc != FSK_OK)
		return rc;
	if (in->bad * 100 > content * f->max_bad)
		return fsk_fail(err, FSK_EINVAL,
		    "%llu of %llu lines are bad, over %llu %% (max-bad); the "
		    "first: line %llu: %s: '%s'",
		    (unsigned long long)in->bad, (unsigned long long)content,
		    (unsigned long long)f->max_bad,
		    (unsigned long long)in->sample[0].line, in->sample[0].why,
		    in->sample[0].text);
	/* A list may grow by a hundred names whatever that is in percent. */
	if (was > 0 && is > was + 100 && is * 100 > was * (100 + f->max_growth))
		return fsk_fail(err, FSK_EINVAL,
		    "it grew from %llu to %llu names, by more than %llu %% "
		    "(max-growth)",
		    (unsigned long long)was, (unsigned long long)is,
		    (unsigned long long)f->max_growth);
	return FSK_OK;
}

/* How many different names and URLs of what F lists are in DB. */
static int
count_different(const struct conf_feed *f, const struct fsk_db *db, uint64_t *n,
    struct fsk_error *err)
{
	struct fsk_db_info info;
	uint64_t *count;

	fsk_db_info(db, &info);
	count = calloc(info.attrs + 1u, sizeof(*count));
	if (count == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	fsk_db_count(db, count);
	*n = info.urls;
	for (uint32_t i = 0; i < info.attrs; i++) {
		struct fsk_attr a;

		fsk_db_attr(db, i, &a);
		if (f->allow || !a.allow)
			*n += count[i];
	}
	free(count);
	return FSK_OK;
}

/* The same line again and again makes no list longer: judges the finished list
 * PATH by what is different in it.  KNOWN: the list before is of this source.
 */
static int
judge_different(const struct collection *k, const char *path, bool known,
    struct fsk_error *err)
{
	const struct conf_feed *f = k->f;
	struct fsk_db *db;
	uint64_t is, was = 0;
	int rc = fsk_db_open(&db, path, FSK_DB_MAP, err);

	if (rc != FSK_OK)
		return rc;
	rc = count_different(f, db, &is, err);
	fsk_db_close(db);
	if (rc == FSK_OK && known && k->before != NULL)
		rc = count_different(f, k->before, &was, err);
	return rc == FSK_OK ? judge_fewer(f, was, is, "different names", err)
			    : rc;
}

/* ---- the whole ---- */

void
collect_form(const struct conf_feed *f, char form[static 24])
{
	const uint64_t key[2] = { 1, 2 };
	char text[1024];
	int n = snprintf(text, sizeof(text), "4 %s|%s|%s|%llu|%d",
	    f->format_name, f->column != NULL ? f->column : "",
	    f->only != NULL ? f->only : "", (unsigned long long)f->match,
	    f->addresses);

	snprintf(form, 24, "%016llx",
	    (unsigned long long)fsk_siphash(key, (const uint8_t *)text,
		(size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
}

static void
note(struct feed_state *s, const struct conf_feed *f,
    const struct ingest_input *in)
{
	s->lines = in->lines;
	s->names = in->names;
	s->urls = in->urls;
	s->excepted = in->excepted;
	s->nothing = in->nothing;
	s->skipped = in->skipped;
	s->bad = in->bad;
	snprintf(s->format, sizeof(s->format), "%s", in->format->name);
	collect_form(f, s->form);
}

/* Puts the finished files in place: the URLs first, they mean nothing without
 * the list. */
static int
accept(const char *new_list, const char *list, struct state_file *urls,
    struct fsk_error *err)
{
	int rc = state_file_replace(urls, err);

	if (rc == FSK_OK && rename(new_list, list) == -1)
		rc = fsk_fail(err, FSK_EIO, "cannot replace '%s'", list);
	return rc;
}

int
collect(const struct conf *c, const struct conf_feed *f, const char *body,
    uint32_t today, struct feed_state *s, struct fsk_error *err)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct ingest_options ingest_options = {
		.threads = c->threads != 0 ? (unsigned)c->threads
		    : cpus > 0             ? (unsigned)cpus
					   : 1,
	};
	const struct fsk_writer_options options = {
		.mode = FSK_NAMES,
		.threads = ingest_options.threads,
		.memory = c->memory,
		.created = (int64_t)today * 86400,
	};
	struct collection k = { .f = f, .lock = PTHREAD_MUTEX_INITIALIZER };
	char source[CONF_SOURCE];
	struct ingest_input in = { .path = body,
		.title = conf_source(f, source),
		.max_bytes = f->max_size,
		.format = f->format,
		.form = { f->column, f->only },
		.match = (enum fsk_match_kind)f->match,
		.addresses = f->addresses,
		.take = take,
		.arg = &k };
	char *list = state_path(c->state, f->head.title, "list.fsdb");
	char *new_list = state_path(c->state, f->head.title, "list.new");
	char *urls = state_path(c->state, f->head.title, "urls");
	struct fsk_writer_result result;
	struct fsk_writer *w = NULL;
	struct fsk_error unused;
	int rc;

	if (list == NULL || new_list == NULL || urls == NULL) {
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
		goto out;
	}
	/* Without the list before, all dates begin anew. */
	fsk_db_open(&k.before, list, FSK_DB_MAP, &unused);
	unlink(new_list); /* of a run that was killed */
	rc = state_file_open(&k.urls, urls, err);
	if (rc == FSK_OK)
		rc = fsk_writer_open(&w, new_list, &options, err);
	if (rc == FSK_OK)
		rc = make_claims(&k, w, today, err);
	if (rc == FSK_OK)
		rc = ingest(&in, 1, w, &ingest_options, err);
	if (rc == FSK_OK)
		rc = judge(f, &in, s, err);
	if (rc == FSK_OK)
		rc = fsk_writer_publish(w, &result, err);
	if (rc == FSK_OK) {
		rc = judge_different(&k, new_list,
		    weight(f, s->names, s->urls, s->excepted) > 0, err);
		if (rc != FSK_OK)
			unlink(new_list);
	}
	if (rc == FSK_OK)
		rc = accept(new_list, list, &k.urls, err);
	if (rc == FSK_OK)
		note(s, f, &in);
out:
	fsk_writer_close(w);
	fsk_db_close(k.before);
	state_file_close(&k.urls);
	free(k.dated);
	free(list);
	free(new_list);
	free(urls);
	return rc;
}
