/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/db_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/db_build.h"

/* Fewer names than this in a partition are not worth their own. */
#define PART_NAMES 8192

/* What the steps themselves need besides the names that wait. */
#define MEMORY_OF_STEPS ((size_t)112 << 20)

/* ---- opening and closing ---- */

int
fsk_writer_open(struct fsk_writer **out, const char *path,
    const struct fsk_writer_options *opt, struct fsk_error *err)
{
	struct fsk_writer *w = calloc(1, sizeof(*w));
	const char *slash = strrchr(path, '/');
	size_t budget = opt->memory;
	int rc;

	*out = NULL;
	if (w == NULL)
		return out_of_memory(err);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->turn, NULL);
	w->lines_fd = -1;
	w->opt = *opt;
	w->path = strdup(path);
	w->folder = slash == NULL ? strdup(".")
	    : slash == path       ? strdup("/")
				  : strndup(path, (size_t)(slash - path));
	if (w->path == NULL || w->folder == NULL) {
		rc = out_of_memory(err);
		goto fail;
	}
	if (opt->threads == 0 || budget < FSK_MEMORY_MIN) {
		rc = fsk_fail(err, FSK_EINVAL,
		    "a writer needs a thread and %zu MB of memory",
		    FSK_MEMORY_MIN >> 20);
		goto fail;
	}
	if (opt->key != NULL) {
		memcpy(w->raw_key, opt->key, FSK_KEY_LEN);
	} else if (getrandom(w->raw_key, FSK_KEY_LEN, 0) != FSK_KEY_LEN) {
		rc = fsk_fail(
		    err, FSK_EIO, "cannot draw a key: %s", strerror(errno));
		goto fail;
	}
	fsk_key_init(&w->key, w->raw_key);
	budget = budget > 2 * MEMORY_OF_STEPS ? budget - MEMORY_OF_STEPS
					      : budget / 2;
	w->pool = fsk_pool_new(budget);
	rc = w->pool == NULL ? out_of_memory(err)
			     : fsk_spill_open(&w->in, w->folder, w->pool, err);
	if (rc == FSK_OK)
		rc = fsk_spill_open(&w->merged, w->folder, w->pool, err);
	if (rc == FSK_OK)
		rc = out_open(&w->out, w->path, err);
	if (rc != FSK_OK)
		goto fail;
	*out = w;
	return FSK_OK;

fail:
	fsk_writer_close(w);
	return rc;
}

/* Gives back the memory of the names, which are in the file by then. */
static void
free_names(struct fsk_writer *w)
{
	fsk_spill_close(w->in);
	fsk_spill_close(w->merged);
	fsk_pool_free(w->pool);
	w->in = w->merged = NULL;
	w->pool = NULL;
}

void
fsk_writer_close(struct fsk_writer *w)
{
	if (w == NULL)
		return;
	while (w->lanes != NULL) {
		struct fsk_lane *next = w->lanes->next;

		free(w->lanes->urls.at);
		free(w->lanes);
		w->lanes = next;
	}
	out_close(w->out);
	free_names(w);
	sets_fini(&w->sets);
	if (w->lines_fd != -1)
		close(w->lines_fd);
	free(w->claims);
	free(w->answers);
	free(w->feeds);
	free(w->strings.at);
	free(w->singles);
	free(w->urls.at);
	free(w->attr_of);
	free(w->path);
	free(w->folder);
	pthread_cond_destroy(&w->turn);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* ---- running a step in several threads ---- */

static void
step_failed(struct fsk_writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->failed = true;
	pthread_cond_broadcast(&w->turn);
	pthread_mutex_unlock(&w->lock);
}

static void *
run_worker(void *arg)
{
	struct worker *me = arg;
	struct fsk_writer *w = me->w;
	unsigned i;

	while (!w->failed &&
	    (i = atomic_fetch_add(&w->next_step, 1)) < w->nsteps) {
		if (w->step(me, i) != FSK_OK) {
			step_failed(w);
			break;
		}
		if (w->opt.progress != NULL) {
			pthread_mutex_lock(&w->lock);
			w->progress_done += FSK_BUCKETS / w->nsteps;
			w->opt.progress(w->opt.progress_arg, w->progress_done,
			    2 * FSK_BUCKETS);
			pthread_mutex_unlock(&w->lock);
		}
	}
	return NULL;
}

/* Runs STEP for 0 to N - 1 in all of WORKERS. */
static int
run_step(struct fsk_writer *w, struct worker *workers,
    int (*step)(struct worker *, unsigned), unsigned n, struct fsk_error *err)
{
	unsigned started = 0;

	w->step = step;
	w->nsteps = n;
	atomic_store(&w->next_step, 0);
	for (unsigned i = 1; i < w->opt.threads; i++, started++)
		if (pthread_create(
			&workers[i].thread, NULL, run_worker, &workers[i]) != 0)
			break; /* the others do its work */
	run_worker(&workers[0]);
	for (unsigned i = 1; i <= started; i++)
		pthread_join(workers[i].thread, NULL);
	if (!w->failed)
		return FSK_OK;
	for (unsigned i = 0; i < w->opt.threads; i++)
		if (workers[i].err.code != FSK_OK)
			return fsk_fail(err,
			    (enum fsk_result)workers[i].err.code, "%s",
			    workers[i].err.text);
	return fsk_fail(err, FSK_EIO, "a step failed for no known reason");
}

/* ---- between the steps ---- */

static int
make_code(struct fsk_writer *w, struct worker *workers, struct fsk_error *err)
{
	for (unsigned i = 1; i < w->opt.threads; i++)
		fsk_code_add(workers[0].stats, workers[i].stats);
	w->code_len = fsk_code_make(workers[0].stats, w->code_section);
	return fsk_code_read(&w->code, w->code_section, w->code_len, err);
}

/* ---- publishing ---- */

static int
compare_singles(const void *ap, const void *bp)
{
	const struct single *a = ap, *b = bp;
	int c = memcmp(a->label, b->label, sizeof(a->label));

	if (c != 0)
		return c;
	if (a->allow != b->allow)
		return a->allow - b->allow;
	return a->set < b->set ? -1 : a->set > b->set;
}

static int
temp_lines(struct fsk_writer *w, struct fsk_error *err)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/.fraudsink-XXXXXX", w->folder);
	w->lines_fd = mkostemp(path, O_CLOEXEC);
	if (w->lines_fd == -1)
		return fsk_fail(err, FSK_EIO,
		    "cannot make a temporary file in '%s': %s", w->folder,
		    strerror(errno));
	unlink(path);
	return FSK_OK;
}

static int
copy_lines(struct fsk_writer *w, struct fsk_error *err)
{
	static const size_t piece = 1 << 20;
	uint8_t *buffer = malloc(piece);
	uint64_t left = w->nlines * FSK_LINE_LEN, at = 0;
	int rc = FSK_OK;

	if (buffer == NULL)
		return out_of_memory(err);
	while (left > 0 && rc == FSK_OK) {
		ssize_t n = pread(w->lines_fd, buffer,
		    left < piece ? (size_t)left : piece, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = fsk_fail(err, FSK_EIO,
			    "cannot read a temporary file in '%s': %s",
			    w->folder,
			    n == 0 ? "it is cut off" : strerror(errno));
			break;
		}
		rc = out_write(w->out, buffer, (size_t)n, err);
		at += (uint64_t)n;
		left -= (uint64_t)n;
	}
	free(buffer);
	return rc;
}

static int
write_feeds(struct fsk_writer *w, const struct worker *workers,
    const uint8_t *attrs, const struct text *feedsets, struct fsk_error *err)
{
	uint64_t *entries = calloc(w->nfeeds + 1u, sizeof(*entries));
	int rc = FSK_OK;

	if (entries == NULL)
		return out_of_memory(err);
	for (uint32_t a = 0; a < w->nattrs; a++) {
		const uint8_t *attr = attrs + (size_t)a * FSK_ATTR_LEN;
		const uint8_t *set = (const uint8_t *)feedsets->at +
		    2 * (size_t)fsk_get32(attr + FSK_A_FEEDSET);
		uint64_t n = 0;

		for (unsigned i = 0; i < w->opt.threads; i++)
			n += workers[i].count[a];
		for (unsigned i = 0; i < fsk_get16(attr + FSK_A_FEEDS); i++)
			entries[fsk_get16(set + 2 * i)] += n;
	}
	for (uint32_t i = 0; i < w->nfeeds && rc == FSK_OK; i++) {
		uint8_t row[FSK_FEED_LEN] = { 0 };

		fsk_put32(row + FSK_F_NAME, w->feeds[i].name);
		fsk_put32(row + FSK_F_AUTHORITY, w->feeds[i].authority);
		fsk_put32(row + FSK_F_LEGAL, w->feeds[i].legal);
		fsk_put32(row + FSK_F_CONTACT, w->feeds[i].contact);
		fsk_put64(row + FSK_F_ENTRIES, entries[i]);
		rc = out_write(w->out, row, sizeof(row), err);
	}
	free(entries);
	return rc;
}

/* All sections that follow the records, then the header. */
static int
write_rest(struct fsk_writer *w, const struct worker *workers,
    const uint8_t *attrs, const struct text *feedsets, uint64_t *bytes,
    struct fsk_error *err)
{
	static const uint8_t pad[FSK_RECS_PAD];
	uint8_t *header;
	int rc;

	rc = out_write(w->out, pad, sizeof(pad), err);
	out_section(w->out, FSK_SEC_LINES);
	if (rc == FSK_OK)
		rc = copy_lines(w, err);
	out_section(w->out, FSK_SEC_PARTS);
	if (rc == FSK_OK)
		rc = out_write(w->out, w->parts,
		    (size_t)FSK_PART_LEN << w->part_bits, err);
	out_section(w->out, FSK_SEC_CODE);
	if (rc == FSK_OK)
		rc = out_write(w->out, w->code_section, w->code_len, err);
	out_section(w->out, FSK_SEC_ATTRS);
	if (rc == FSK_OK)
		rc = out_write(
		    w->out, attrs, (size_t)w->nattrs * FSK_ATTR_LEN, err);
	out_section(w->out, FSK_SEC_FEEDSETS);
	if (rc == FSK_OK)
		rc = out_write(w->out, feedsets->at, feedsets->len, err);
	out_section(w->out, FSK_SEC_FEEDS);
	if (rc == FSK_OK)
		rc = write_feeds(w, workers, attrs, feedsets, err);
	out_section(w->out, FSK_SEC_ANSWERS);
	if (rc == FSK_OK)
		rc = out_write(w->out, w->answers,
		    (size_t)w->nanswers * FSK_ANSWER_LEN, err);
	out_section(w->out, FSK_SEC_STRINGS);
	if (rc == FSK_OK)
		rc = out_write(w->out, w->strings.at, w->strings.len, err);
	if (rc == FSK_OK && w->urls.n > 0) {
		out_section(w->out, FSK_SEC_URLS);
		rc = urls_write(w, &w->urls, err);
	}
	if (rc == FSK_OK && w->policy != NULL) {
		out_section(w->out, FSK_SEC_POLICY);
		rc = out_write(w->out, w->policy, w->policy_len, err);
	}
	if (rc != FSK_OK)
		return rc;

	header = calloc(1, FSK_HEADER_LEN);
	if (header == NULL)
		return out_of_memory(err);
	memcpy(header + FSK_H_MAGIC, FSK_MAGIC, FSK_MAGIC_LEN);
	fsk_put16(header + FSK_H_MAJOR, FSK_MAJOR);
	fsk_put16(header + FSK_H_MINOR, FSK_MINOR);
	fsk_put32(header + FSK_H_BYTE_ORDER, FSK_BYTE_ORDER);
	fsk_put64(header + FSK_H_SERIAL, w->opt.serial);
	fsk_put64(header + FSK_H_CREATED, (uint64_t)w->opt.created);
	fsk_put64(header + FSK_H_ENTRIES, w->entries);
	fsk_put64(header + FSK_H_LINES, w->nlines);
	header[FSK_H_MODE] = (uint8_t)w->opt.mode;
	header[FSK_H_PART_BITS] = (uint8_t)w->part_bits;
	header[FSK_H_ATTR_WIDTH] = (uint8_t)w->attr_width;
	header[FSK_H_MAX_CHAIN] = FSK_CHAIN_MAX;
	fsk_put32(header + FSK_H_FLAGS, w->has_single ? FSK_FLAG_SINGLE : 0);
	memcpy(header + FSK_H_KEY, w->raw_key, FSK_KEY_LEN);
	rc = out_publish(w->out, header, bytes, err);
	free(header);
	return rc;
}

static int
workers_init(
    struct fsk_writer *w, struct worker *workers, struct fsk_error *err)
{
	for (unsigned i = 0; i < w->opt.threads; i++) {
		workers[i].w = w;
		workers[i].stats = calloc(1, sizeof(*workers[i].stats));
		if (workers[i].stats == NULL)
			return out_of_memory(err);
		if (fsk_spill_lane(w->merged, &workers[i].out, err) != FSK_OK)
			return FSK_ENOMEM;
	}
	return FSK_OK;
}

static void
workers_free(struct fsk_writer *w, struct worker *workers)
{
	for (unsigned i = 0; workers != NULL && i < w->opt.threads; i++) {
		free(workers[i].stats);
		free(workers[i].used);
		free(workers[i].count);
	}
	free(workers);
}

/* Puts the URLs of all lanes together. */
static int
merge_urls(struct fsk_writer *w, struct worker *me, struct fsk_error *err)
{
	int rc = FSK_OK;

	for (struct fsk_lane *l = w->lanes; l != NULL && rc == FSK_OK;
	     l = l->next) {
		for (size_t i = 0; i < l->urls.n && rc == FSK_OK; i++)
			rc = urls_add(&w->urls, l->urls.at[i].hash,
			    l->urls.at[i].claim, err);
		free(l->urls.at);
		memset(&l->urls, 0, sizeof(l->urls));
	}
	if (rc == FSK_OK && urls_merge(me, &w->urls) != FSK_OK)
		rc = fsk_fail(
		    err, (enum fsk_result)me->err.code, "%s", me->err.text);
	return rc;
}

int
fsk_writer_publish(struct fsk_writer *w, struct fsk_writer_result *result,
    struct fsk_error *err)
{
	struct worker *workers = calloc(w->opt.threads, sizeof(*workers));
	struct text feedsets = { 0 };
	uint8_t *attrs = NULL;
	uint64_t merged = 0;
	uint32_t empty;
	int rc;

	memset(result, 0, sizeof(*result));
	if (workers == NULL)
		return out_of_memory(err);
	rc = text_string(&w->strings, "", &empty, err);
	if (rc == FSK_OK)
		rc = workers_init(w, workers, err);
	if (rc == FSK_OK)
		rc = sets_init(&w->sets, w->nclaims, err);
	if (rc == FSK_OK)
		rc = temp_lines(w, err);
	if (rc != FSK_OK)
		goto out;
	for (uint32_t i = 0; i < w->nclaims && w->policy == NULL; i++)
		if (w->claims[i].class >= w->nanswers) {
			rc = fsk_fail(err, FSK_EINVAL, "impossible claim");
			goto out;
		}
	for (const struct fsk_lane *l = w->lanes; l != NULL; l = l->next)
		result->claims += l->claims;

	rc = run_step(w, workers, merge_bucket, FSK_BUCKETS, err);
	if (rc == FSK_OK)
		rc = make_code(w, workers, err);
	if (rc == FSK_OK)
		rc = merge_urls(w, &workers[0], err);
	if (rc == FSK_OK)
		rc = attrs_make(w, workers, &attrs, &feedsets, err);
	if (rc != FSK_OK)
		goto out;
	if (w->nsingles > 1)
		qsort(w->singles, w->nsingles, sizeof(*w->singles),
		    compare_singles);
	for (unsigned i = 0; i < w->opt.threads; i++) {
		workers[i].count = calloc(
		    w->nattrs + 1u, sizeof(*workers[i].count));
		if (workers[i].count == NULL) {
			rc = out_of_memory(err);
			goto out;
		}
		merged += workers[i].merged;
	}
	while (w->part_bits < FSK_PART_BITS_MAX &&
	    merged >> w->part_bits > PART_NAMES)
		w->part_bits++;
	out_section(w->out, FSK_SEC_RECS);
	fsk_pool_drain(w->pool);
	rc = run_step(w, workers, place_partition, 1u << w->part_bits, err);
	free_names(w);
	if (rc == FSK_OK)
		rc = write_rest(
		    w, workers, attrs, &feedsets, &result->bytes, err);
	result->entries = w->entries;
	result->urls = w->urls.n;
	for (unsigned i = 0; i < w->opt.threads; i++)
		result->pruned += workers[i].pruned;
out:
	free(attrs);
	free(feedsets.at);
	workers_free(w, workers);
	return rc;
}
