/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Step one: all claims of a bucket are sorted by name and merged to one record
 * a name and kind.  What comes out is in order, so that step two need not
 * sort again; what it depends on is only the claims, not how they came.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/db_build.h"

/* ---- sorting ---- */

#define DIGIT_MAX 12 /* bits */

/* Sorts by insertion: fast where hardly anything is out of order. */
static void
insert_keyed(struct keyed *k, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct keyed x = k[i];
		size_t j = i;

		for (; j > 0 && k[j - 1].key > x.key; j--)
			k[j] = k[j - 1];
		k[j] = x;
	}
}

/* Distributes the N keys at FROM to TO by the BITS bits from bit SHIFT on. */
static void
distribute(const struct keyed *from, struct keyed *to, size_t n, unsigned shift,
    unsigned bits)
{
	const uint32_t mask = (1u << bits) - 1;
	uint32_t at[1 << DIGIT_MAX], sum = 0;

	memset(at, 0, (mask + 1) * sizeof(*at));
	for (size_t i = 0; i < n; i++)
		at[from[i].key >> shift & mask]++;
	for (uint32_t d = 0; d <= mask; d++) {
		uint32_t c = at[d];

		at[d] = sum;
		sum += c;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i].key >> shift & mask]++] = from[i];
}

/* The keys are locators or numbers of lines, as random as hashes are.  The two
 * highest digits in which they differ put all but a few into order, in two
 * passes; equal keys stay in theirs. */
void
sort_keyed(struct keyed *k, size_t n, struct keyed *scratch)
{
	const unsigned digit = n < 2048 ? 8 : DIGIT_MAX;
	uint64_t differ = 0;
	unsigned low = 0;

	if (n < 64) {
		insert_keyed(k, n);
		return;
	}
	for (size_t i = 1; i < n; i++)
		differ |= k[i].key ^ k[0].key;
	if (differ >> (2 * digit) != 0)
		low = 64 - 2 * digit - (unsigned)__builtin_clzll(differ);
	distribute(k, scratch, n, low, digit);
	distribute(scratch, k, n, low + digit, digit);
	insert_keyed(k, n);
}

/* Orders records: name, kind, number. */
static int
compare_records(const uint8_t *a, const uint8_t *b)
{
	uint32_t na, nb;
	int c;

	if (a[REC_LEN] != b[REC_LEN])
		return a[REC_LEN] < b[REC_LEN] ? -1 : 1;
	c = memcmp(a + REC_HEAD, b + REC_HEAD, a[REC_LEN]);
	if (c != 0)
		return c;
	if (a[REC_KIND] != b[REC_KIND])
		return a[REC_KIND] < b[REC_KIND] ? -1 : 1;
	na = fsk_get32(a + REC_NUMBER);
	nb = fsk_get32(b + REC_NUMBER);
	return na < nb ? -1 : na > nb;
}

static bool
same_entry(const uint8_t *a, const uint8_t *b)
{
	return a[REC_LEN] == b[REC_LEN] && a[REC_KIND] == b[REC_KIND] &&
	    memcmp(a + REC_HEAD, b + REC_HEAD, a[REC_LEN]) == 0;
}

static int
compare_pointers(const void *ap, const void *bp)
{
	const uint8_t *const *a = ap, *const *b = bp;

	return compare_records(*a, *b);
}

/* Orders the N keyed records, which have equal keys, by their content. */
static int
order_equals(struct keyed *k, size_t n, const uint8_t *recs)
{
	const uint8_t **p;

	if (n == 2) { /* the most common case: a name listed twice */
		if (compare_records(recs + k[0].of, recs + k[1].of) > 0) {
			struct keyed t = k[0];

			k[0] = k[1];
			k[1] = t;
		}
		return 0;
	}
	p = malloc(n * sizeof(*p));
	if (p == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		p[i] = recs + k[i].of;
	qsort(p, n, sizeof(*p), compare_pointers);
	for (size_t i = 0; i < n; i++)
		k[i].of = (uint32_t)(p[i] - recs);
	free(p);
	return 0;
}

/* ---- merging ---- */

int
mark_used(struct worker *me, uint32_t set, unsigned match)
{
	if (set >= me->nused) {
		uint32_t n = set * 2 + 64;
		uint8_t *p = realloc(me->used, n * (size_t)3);

		if (p == NULL)
			return out_of_memory(&me->err);
		memset(
		    p + me->nused * (size_t)3, 0, (n - me->nused) * (size_t)3);
		me->used = p;
		me->nused = n;
	}
	me->used[set * (size_t)3 + match] = 1;
	return FSK_OK;
}

static int
keep_single(struct worker *me, const uint8_t *rec, uint32_t set)
{
	struct fsk_writer *w = me->w;
	struct single *s;

	pthread_mutex_lock(&w->lock);
	w->has_single = true;
	if ((rec[REC_KIND] & ~REC_ALLOW) == FSK_EXACT) {
		pthread_mutex_unlock(&w->lock);
		return FSK_OK;
	}
	s = realloc(w->singles, (w->nsingles + 1) * sizeof(*s));
	if (s != NULL) {
		w->singles = s;
		s += w->nsingles++;
		memset(s, 0, sizeof(*s));
		memcpy(s->label, rec + REC_HEAD, rec[REC_LEN]);
		s->set = set;
		s->allow = rec[REC_KIND] & REC_ALLOW;
	}
	pthread_mutex_unlock(&w->lock);
	return s != NULL ? FSK_OK : out_of_memory(&me->err);
}

/* Hands on the entry REC with the set SET. */
static int
emit(struct worker *me, unsigned bucket, uint8_t *rec, uint32_t set)
{
	struct fsk_query q;
	int rc;

	fsk_put32(rec + REC_NUMBER, set);
	me->merged++;
	rc = mark_used(me, set, rec[REC_KIND] & ~REC_ALLOW);
	if (rc != FSK_OK)
		return rc;
	if (rec[REC_HEAD] + 1u == rec[REC_LEN]) { /* a single label */
		rc = keep_single(me, rec, set);
		if (rc != FSK_OK)
			return rc;
	}
	if (me->w->opt.mode == FSK_NAMES) {
		query_of(&q, &me->w->key, rec);
		fsk_code_count(me->stats, &q);
	}
	return fsk_spill_add(
	    me->out, bucket, rec, REC_HEAD + rec[REC_LEN], &me->err);
}

/* Takes out of the N claims on an entry those that their feeds have taken back;
 * returns how many are left. */
static uint32_t
cancel_claims(const struct fsk_writer *w, uint32_t *claims, uint32_t n)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t feed = w->claims[claims[i]].feed;
		bool cancelled = false;

		for (uint32_t j = 0; j < n && !cancelled; j++)
			cancelled = w->claims[claims[j]].cancel &&
			    w->claims[claims[j]].feed == feed;
		if (!cancelled) { /* exchanged: all claims stay in sight */
			uint32_t t = claims[left];

			claims[left++] = claims[i];
			claims[i] = t;
		}
	}
	return left;
}

static int
merge_sorted(struct worker *me, unsigned bucket, uint8_t *recs,
    const struct keyed *k, size_t n)
{
	uint32_t few[64], *claims = few;
	size_t room = sizeof(few) / sizeof(*few);
	int rc = FSK_OK;

	for (size_t i = 0, next; i < n && rc == FSK_OK; i = next) {
		uint32_t nclaims = 0, set;
		bool cancels = false;

		for (next = i;
		     next < n && same_entry(recs + k[i].of, recs + k[next].of);
		     next++) {
			uint32_t c = fsk_get32(recs + k[next].of + REC_NUMBER);

			if (nclaims > 0 && claims[nclaims - 1] == c)
				continue;
			if (nclaims == room) {
				uint32_t *more = malloc(
				    2 * room * sizeof(*more));

				if (more == NULL) {
					rc = out_of_memory(&me->err);
					goto out;
				}
				memcpy(more, claims, room * sizeof(*more));
				if (claims != few)
					free(claims);
				claims = more;
				room *= 2;
			}
			claims[nclaims++] = c;
			cancels |= me->w->claims[c].cancel;
		}
		if (cancels)
			nclaims = cancel_claims(me->w, claims, nclaims);
		if (nclaims == 0)
			continue;
		rc = sets_intern(&me->w->sets, claims, nclaims, &set, &me->err);
		if (rc == FSK_OK)
			rc = emit(me, bucket, recs + k[i].of, set);
	}
out:
	if (claims != few)
		free(claims);
	return rc;
}

int
load_sorted(struct worker *me, struct fsk_spill *from, unsigned first,
    unsigned count, struct batch *b)
{
	size_t len = 0;
	uint8_t *to;

	memset(b, 0, sizeof(*b));
	for (unsigned i = first; i < first + count; i++)
		len += fsk_spill_size(from, i);
	if (len > UINT32_MAX)
		return fsk_fail(
		    &me->err, FSK_EINVAL, "too many names below one domain");
	b->recs = to = malloc(len + 1);
	if (to == NULL)
		goto no_memory;
	for (unsigned i = first; i < first + count; i++) {
		size_t n = fsk_spill_size(from, i);
		int rc = fsk_spill_take(from, i, to, &me->err);

		if (rc != FSK_OK)
			return rc;
		to += n;
	}
	for (size_t at = 0; at < len; at += REC_HEAD + b->recs[at + REC_LEN])
		b->n++;
	b->k = malloc((2 * b->n + 1) * sizeof(*b->k));
	if (b->k == NULL)
		goto no_memory;
	b->scratch = b->k + b->n;
	b->n = 0;
	for (size_t at = 0; at < len; at += REC_HEAD + b->recs[at + REC_LEN]) {
		struct fsk_query q;

		query_of(&q, &me->w->key, b->recs + at);
		b->k[b->n++] = (struct keyed){ q.loc[q.labels], (uint32_t)at };
	}
	sort_keyed(b->k, b->n, b->scratch);
	for (size_t i = 0, next; i < b->n; i = next) {
		for (next = i + 1; next < b->n && b->k[next].key == b->k[i].key;
		     next++)
			;
		if (next - i > 1 &&
		    order_equals(b->k + i, next - i, b->recs) == -1)
			goto no_memory;
	}
	return FSK_OK;

no_memory:
	return out_of_memory(&me->err);
}

void
batch_fini(struct batch *b)
{
	free(b->recs);
	free(b->k);
}

int
merge_bucket(struct worker *me, unsigned bucket)
{
	struct batch b;
	int rc = load_sorted(me, me->w->in, bucket, 1, &b);

	if (rc == FSK_OK)
		rc = merge_sorted(me, bucket, b.recs, b.k, b.n);
	batch_fini(&b);
	return rc;
}
