/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/db_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/db_answer.h"
#include "lib/db_build.h"

struct fsk_lane {
	struct fsk_writer *w;
	struct fsk_lane *next;
	struct fsk_spill_lane *spill;
	struct urls urls;
	uint64_t claims;
};

/* Fewer names than this in a partition are not worth their own. */
#define PART_NAMES 8192

/* What the steps themselves need besides the names that wait. */
#define MEMORY_OF_STEPS ((size_t)112 << 20)

static int
out_of_memory(struct fsk_error *err)
{
	return fsk_fail(err, FSK_ENOMEM, "out of memory");
}

/* ---- taking names in ---- */

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

/* The offset of S in the strings, which it is added to if need be. */
static int
add_string(struct text *t, const char *s, uint32_t *at, struct fsk_error *err)
{
	size_t len = strlen(s) + 1;

	for (size_t i = 0; i < t->len; i += strlen(t->at + i) + 1)
		if (strcmp(t->at + i, s) == 0) {
			*at = (uint32_t)i;
			return FSK_OK;
		}
	if (t->room - t->len < len) {
		size_t room = 2 * t->room + len + 256;
		char *p = realloc(t->at, room);

		if (p == NULL)
			return out_of_memory(err);
		t->at = p;
		t->room = room;
	}
	memcpy(t->at + t->len, s, len);
	*at = (uint32_t)t->len;
	t->len += len;
	return FSK_OK;
}

/* Adds the text of NAME to the strings and notes it at WHERE; none is "". */
static int
add_name(struct fsk_writer *w, const struct fsk_name *name, uint8_t *where,
    struct fsk_error *err)
{
	char text[FSK_TEXT_MAX] = "";
	uint32_t at;
	int rc;

	if (name->len != 0)
		fsk_name_to_text(name->wire, text);
	rc = add_string(&w->strings, text, &at, err);
	fsk_put32(where, at);
	return rc;
}

int
fsk_writer_answer(struct fsk_writer *w, const struct fsk_answer *answer,
    unsigned *row, struct fsk_error *err)
{
	uint8_t packed[FSK_ANSWER_LEN] = { 0 };
	uint32_t text;
	void *p;
	int rc;

	if (!answer_write(packed, answer))
		return fsk_fail(err, FSK_EINVAL, "impossible answer");
	rc = add_string(
	    &w->strings, answer->text != NULL ? answer->text : "", &text, err);
	fsk_put32(packed + FSK_N_TEXT, text);
	if (rc == FSK_OK)
		rc = add_name(w, &answer->cname, packed + FSK_N_CNAME, err);
	if (rc == FSK_OK)
		rc = add_name(w, &answer->mname, packed + FSK_N_MNAME, err);
	if (rc == FSK_OK)
		rc = add_name(w, &answer->rname, packed + FSK_N_RNAME, err);
	if (rc != FSK_OK)
		return rc;
	for (*row = 0; *row < w->nanswers; ++*row)
		if (memcmp(w->answers[*row], packed, sizeof(packed)) == 0)
			return FSK_OK;
	if (w->nanswers >= UINT16_MAX)
		return fsk_fail(err, FSK_EINVAL, "too many answers");
	p = realloc(w->answers, (w->nanswers + 1) * sizeof(*w->answers));
	if (p == NULL)
		return out_of_memory(err);
	w->answers = p;
	memcpy(w->answers[w->nanswers++], packed, sizeof(packed));
	return FSK_OK;
}

void
fsk_writer_policy(struct fsk_writer *w, const void *bytes, size_t len)
{
	w->policy = bytes;
	w->policy_len = len;
}

/* The row of the feed whose name is at NAME in the strings. */
static int
add_feed(
    struct fsk_writer *w, uint32_t name, uint32_t *row, struct fsk_error *err)
{
	struct feed *p;
	int rc;

	for (*row = 0; *row < w->nfeeds; ++*row)
		if (w->feeds[*row].name == name)
			return FSK_OK;
	if (w->nfeeds >= UINT16_MAX)
		return fsk_fail(err, FSK_EINVAL, "too many feeds");
	p = realloc(w->feeds, (w->nfeeds + 1) * sizeof(*p));
	if (p == NULL)
		return out_of_memory(err);
	w->feeds = p;
	p += w->nfeeds++;
	*p = (struct feed){ .name = name };
	rc = add_string(&w->strings, "", &p->authority, err);
	p->legal = p->contact = p->authority;
	return rc;
}

int
fsk_writer_feed(
    struct fsk_writer *w, const struct fsk_feed *feed, struct fsk_error *err)
{
	uint32_t name, row;
	int rc = add_string(&w->strings, feed->name, &name, err);

	if (rc == FSK_OK)
		rc = add_feed(w, name, &row, err);
	if (rc == FSK_OK)
		rc = add_string(&w->strings, feed->authority,
		    &w->feeds[row].authority, err);
	if (rc == FSK_OK)
		rc = add_string(
		    &w->strings, feed->legal_basis, &w->feeds[row].legal, err);
	if (rc == FSK_OK)
		rc = add_string(
		    &w->strings, feed->contact, &w->feeds[row].contact, err);
	return rc;
}

static bool
same_claim(const struct claim *a, const struct claim *b)
{
	return a->feed == b->feed && a->category == b->category &&
	    a->since == b->since && a->class == b->class &&
	    a->case_number == b->case_number && a->severity == b->severity &&
	    a->allow == b->allow && a->cancel == b->cancel;
}

int
fsk_writer_claim(struct fsk_writer *w, const struct fsk_claim *c,
    uint32_t *number, struct fsk_error *err)
{
	struct claim claim = { .since = c->since,
		.allow = c->allow,
		.cancel = c->cancel,
		.decides = c->decides };
	struct claim *p;
	uint32_t name;
	int rc;

	/* Whether the class exists is seen when all are known. */
	if (c->class > UINT16_MAX || c->severity < FSK_YELLOW ||
	    c->severity > FSK_RED)
		return fsk_fail(err, FSK_EINVAL, "impossible claim");
	claim.class = (uint16_t)c->class;
	claim.severity = (uint8_t)c->severity;
	pthread_mutex_lock(&w->lock);
	rc = add_string(&w->strings, c->feed, &name, err);
	if (rc == FSK_OK)
		rc = add_feed(w, name, &claim.feed, err);
	if (rc == FSK_OK)
		rc = add_string(&w->strings, c->category, &claim.category, err);
	if (rc == FSK_OK)
		rc = add_string(&w->strings,
		    c->case_number != NULL ? c->case_number : "",
		    &claim.case_number, err);
	*number = 0;
	while (rc == FSK_OK && *number < w->nclaims &&
	    !same_claim(&w->claims[*number], &claim))
		++*number;
	if (rc == FSK_OK && *number == w->nclaims) {
		p = realloc(w->claims, (w->nclaims + 1) * sizeof(*p));
		if (p == NULL) {
			rc = out_of_memory(err);
		} else {
			w->claims = p;
			w->claims[w->nclaims++] = claim;
		}
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int
fsk_writer_lane(
    struct fsk_writer *w, struct fsk_lane **out, struct fsk_error *err)
{
	struct fsk_lane *lane = calloc(1, sizeof(*lane));
	int rc;

	*out = NULL;
	if (lane == NULL)
		return out_of_memory(err);
	lane->w = w;
	rc = fsk_spill_lane(w->in, &lane->spill, err);
	if (rc != FSK_OK) {
		free(lane);
		return rc;
	}
	pthread_mutex_lock(&w->lock);
	lane->next = w->lanes;
	w->lanes = lane;
	pthread_mutex_unlock(&w->lock);
	*out = lane;
	return FSK_OK;
}

int
fsk_lane_add(struct fsk_lane *lane, const struct fsk_name *name,
    enum fsk_match_kind match, uint32_t claim, struct fsk_error *err)
{
	struct fsk_writer *w = lane->w;
	uint8_t rec[REC_MAX + 16];
	const uint8_t *tld, *p;
	uint64_t loc;

	if (name->len < 2 || match > FSK_BELOW || claim >= w->nclaims)
		return fsk_fail(err, FSK_EINVAL, "impossible entry");
	rec[REC_LEN] = (uint8_t)(name->len - 1);
	rec[REC_KIND] = (uint8_t)(match |
	    (w->claims[claim].allow ? REC_ALLOW : 0));
	fsk_put32(rec + REC_NUMBER, claim);
	memcpy(rec + REC_HEAD, name->wire, name->len);
	memset(rec + REC_HEAD + name->len, 0, 16);
	/* The last two labels say where it belongs. */
	p = tld = NULL;
	for (const uint8_t *at = rec + REC_HEAD; *at != 0; at += *at + 1u) {
		p = tld;
		tld = at;
	}
	loc = fsk_locate_label(&w->key, w->key.start, tld);
	if (p != NULL)
		loc = fsk_locate_label(&w->key, loc, p);
	lane->claims++;
	return fsk_spill_add(lane->spill, fsk_part_of(loc, FSK_PART_BITS_MAX),
	    rec, REC_HEAD + rec[REC_LEN], err);
}

int
fsk_lane_add_url(struct fsk_lane *lane, const char *expression, uint32_t claim,
    struct fsk_error *err)
{
	const struct fsk_writer *w = lane->w;

	if (claim >= w->nclaims)
		return fsk_fail(err, FSK_EINVAL, "impossible URL");
	lane->claims++;
	return urls_add(&lane->urls,
	    fsk_siphash(
		w->key.sip, (const uint8_t *)expression, strlen(expression)),
	    claim, err);
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

/* ---- between the steps: code, attribute sets ---- */

static int
make_code(struct fsk_writer *w, struct worker *workers, struct fsk_error *err)
{
	for (unsigned i = 1; i < w->opt.threads; i++)
		fsk_code_add(workers[0].stats, workers[i].stats);
	w->code_len = fsk_code_make(workers[0].stats, w->code_section);
	return fsk_code_read(&w->code, w->code_section, w->code_len, err);
}

/* What is put into order to number the attribute sets: the order follows from
 * the content alone. */
struct attr_key {
	const struct sets *sets;
	uint32_t set;
	uint8_t match;
};

static int
compare_attrs(const void *ap, const void *bp)
{
	const struct attr_key *a = ap, *b = bp;
	uint32_t na, nb;
	const uint32_t *ca = sets_claims(a->sets, &a->set, &na);
	const uint32_t *cb = sets_claims(b->sets, &b->set, &nb);

	for (uint32_t i = 0; i < na && i < nb; i++)
		if (ca[i] != cb[i])
			return ca[i] < cb[i] ? -1 : 1;
	if (na != nb)
		return na < nb ? -1 : 1;
	return a->match - b->match;
}

static int
compare_u16(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The case number of LEAD or else of the first of the N claims that has one. */
static uint32_t
case_of(const struct fsk_writer *w, const struct claim *lead,
    const uint32_t *claims, uint32_t n)
{
	for (uint32_t i = 0; i < n && w->strings.at[lead->case_number] == '\0';
	     i++)
		if (w->strings.at[w->claims[claims[i]].case_number] != '\0')
			lead = &w->claims[claims[i]];
	return lead->case_number;
}

/* Writes the attribute set made of the claims of K to ATTR, appends its feeds
 * to FEEDSETS (octets). */
static int
describe(const struct fsk_writer *w, const struct attr_key *k, uint8_t *attr,
    struct text *feedsets, struct fsk_error *err)
{
	uint32_t n, nfeeds = 0;
	const uint32_t *claims = sets_claims(&w->sets, &k->set, &n);
	const struct claim *lead = &w->claims[claims[0]];
	uint32_t since = UINT32_MAX;
	uint8_t severity = 0;
	uint16_t *feeds = malloc(n * sizeof(*feeds));

	if (feeds == NULL)
		return out_of_memory(err);
	for (uint32_t i = 0; i < n; i++) {
		const struct claim *c = &w->claims[claims[i]];

		if (c->decides != lead->decides ? c->decides
						: c->severity > lead->severity)
			lead = c;
		if (c->severity > severity)
			severity = c->severity;
		if (c->since < since)
			since = c->since;
		feeds[i] = (uint16_t)c->feed;
	}
	qsort(feeds, n, sizeof(*feeds), compare_u16);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || feeds[i] != feeds[i - 1])
			feeds[nfeeds++] = feeds[i];

	memset(attr, 0, FSK_ATTR_LEN);
	attr[FSK_A_MATCH] = k->match;
	attr[FSK_A_ALLOW] = lead->allow;
	attr[FSK_A_SEVERITY] = severity;
	fsk_put16(attr + FSK_A_CLASS, lead->class);
	fsk_put16(attr + FSK_A_FEEDS, (uint16_t)nfeeds);
	fsk_put32(attr + FSK_A_FEEDSET, (uint32_t)(feedsets->len / 2));
	fsk_put32(attr + FSK_A_CATEGORY, lead->category);
	fsk_put32(attr + FSK_A_SINCE, since);
	fsk_put32(attr + FSK_A_CASE, case_of(w, lead, claims, n));

	if (feedsets->room - feedsets->len < 2 * (size_t)nfeeds) {
		size_t room = 2 * feedsets->room + 2 * (size_t)nfeeds + 64;
		char *p = realloc(feedsets->at, room);

		if (p == NULL) {
			free(feeds);
			return out_of_memory(err);
		}
		feedsets->at = p;
		feedsets->room = room;
	}
	for (uint32_t i = 0; i < nfeeds; i++, feedsets->len += 2)
		fsk_put16((uint8_t *)feedsets->at + feedsets->len, feeds[i]);
	free(feeds);
	return FSK_OK;
}

/* Finds the row before row N of ATTRS that says the same as row N, in the hash
 * table SLOT (rows + 1, 0 free; ROOM, a power of two); N itself, which is then
 * entered, if there is none. */
static uint32_t
same_attr(const uint8_t *attrs, const struct text *feedsets, uint32_t n,
    uint32_t *slot, uint32_t room)
{
	static const uint64_t key[2] = { 1, 2 };
	const uint8_t *feeds = (const uint8_t *)feedsets->at;
	const uint8_t *row = attrs + (size_t)n * FSK_ATTR_LEN;
	const size_t len = 2 * (size_t)fsk_get16(row + FSK_A_FEEDS);
	const uint8_t *mine = feeds +
	    2 * (size_t)fsk_get32(row + FSK_A_FEEDSET);
	uint8_t said[FSK_ATTR_LEN], other[FSK_ATTR_LEN];
	uint32_t at;

	memcpy(said, row, sizeof(said));
	fsk_put32(said + FSK_A_FEEDSET, 0);
	at = (uint32_t)(fsk_siphash(key, said, sizeof(said)) ^
	    fsk_siphash(key, mine, len));
	for (at &= room - 1; slot[at] != 0; at = (at + 1) & (room - 1)) {
		const uint8_t *r = attrs +
		    (size_t)(slot[at] - 1) * FSK_ATTR_LEN;

		memcpy(other, r, sizeof(other));
		fsk_put32(other + FSK_A_FEEDSET, 0);
		if (memcmp(said, other, sizeof(said)) == 0 &&
		    memcmp(mine,
			feeds + 2 * (size_t)fsk_get32(r + FSK_A_FEEDSET),
			len) == 0)
			return slot[at] - 1;
	}
	slot[at] = n + 1;
	return n;
}

/* Numbers all attribute sets in use and fills w->attr_of.  *ATTRS (octets of
 * the section) and FEEDSETS are the caller's to free. */
static int
make_attrs(struct fsk_writer *w, struct worker *workers, uint8_t **attrs,
    struct text *feedsets, struct fsk_error *err)
{
	const uint32_t nsets = w->sets.nclaims + w->sets.nset;
	struct attr_key *keys = NULL;
	uint32_t *slot = NULL, room = 64, n = 0;
	int rc = FSK_OK;

	keys = malloc((nsets * (size_t)3 + 1) * sizeof(*keys));
	w->attr_of = calloc(nsets * (size_t)3 + 1, sizeof(*w->attr_of));
	if (keys == NULL || w->attr_of == NULL) {
		rc = out_of_memory(err);
		goto out;
	}
	n = 0;
	for (uint32_t s = 0; s < nsets; s++)
		for (uint8_t m = 0; m < 3; m++)
			for (unsigned i = 0; i < w->opt.threads; i++)
				if (s < workers[i].nused &&
				    workers[i].used[s * (size_t)3 + m]) {
					keys[n++] = (struct attr_key){ &w->sets,
						s, m };
					break;
				}
	if (n > FSK_ATTRS_MAX) {
		rc = fsk_fail(
		    err, FSK_EINVAL, "too many different attribute sets");
		goto out;
	}
	qsort(keys, n, sizeof(*keys), compare_attrs);
	while (room < 2 * n)
		room *= 2;
	*attrs = malloc((n + 1) * (size_t)FSK_ATTR_LEN);
	slot = calloc(room, sizeof(*slot));
	if (*attrs == NULL || slot == NULL) {
		rc = out_of_memory(err);
		goto out;
	}
	for (uint32_t i = 0; i < n; i++) {
		size_t before = feedsets->len;
		uint32_t row;

		rc = describe(w, &keys[i],
		    *attrs + (size_t)w->nattrs * FSK_ATTR_LEN, feedsets, err);
		if (rc != FSK_OK)
			goto out;
		row = same_attr(*attrs, feedsets, w->nattrs, slot, room);
		w->attr_of[keys[i].set * (size_t)3 + keys[i].match] = row;
		if (row == w->nattrs)
			w->nattrs++;
		else
			feedsets->len = before;
	}
	n = w->nattrs;
	w->attr_width = n <= 1 ? 0 : n <= 1u << 8 ? 1 : n <= 1u << 16 ? 2 : 3;
out:
	free(keys);
	free(slot);
	return rc;
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
	rc = add_string(&w->strings, "", &empty, err);
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
		rc = make_attrs(w, workers, &attrs, &feedsets, err);
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
