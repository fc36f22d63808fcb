/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Step two: a partition's entries get their anchors, their lines and their
 * records, as FORMAT.md says.  All ancestors of a name with two labels or more
 * share its last two labels and so its partition; nothing outside matters, but
 * for entries with a single label, which are few.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db_build.h"

struct place {
	struct worker *me;
	struct batch b;
	struct entry {
		uint64_t own, anchor; /* locators */
		uint32_t rec;         /* offset in b.recs */
		uint8_t labels;
	} * entry;
	size_t n;
	struct keyed *by_anchor; /* of: index of entry; in place of b.k */
	uint64_t *heavy;         /* locators of heavy anchors */
	size_t nheavy, room_heavy;
	uint8_t *lines;
	uint32_t nlines;
	uint32_t *slot; /* [line * FSK_LINE_SLOTS + i]: index of entry */
	uint8_t *recs;
	size_t recs_len;
};

static int
no_memory(struct place *p)
{
	return out_of_memory(&p->me->err);
}

static uint32_t
set_of(const struct place *p, const struct entry *e)
{
	return fsk_get32(p->b.recs + e->rec + REC_NUMBER);
}

static unsigned
kind_of(const struct place *p, const struct entry *e)
{
	return p->b.recs[e->rec + REC_KIND];
}

static bool
same_owner(const struct place *p, const struct entry *a, const struct entry *b)
{
	const uint8_t *x = p->b.recs + a->rec, *y = p->b.recs + b->rec;

	return x[REC_LEN] == y[REC_LEN] &&
	    memcmp(x + REC_HEAD, y + REC_HEAD, x[REC_LEN]) == 0;
}

/* ---- pruning ---- */

static int
compare_single(const void *label, const void *single)
{
	const struct single *s = single;

	return memcmp(label, s->label, sizeof(s->label));
}

/* The set that decides for names below the top-level domain at LABEL; false if
 * none does.  The singles are sorted by label, allow last. */
static bool
single_cover(const struct fsk_writer *w, const uint8_t *label, uint32_t *set)
{
	uint8_t key[FSK_LABEL_MAX + 1] = { 0 };
	const struct single *s;

	if (w->nsingles == 0)
		return false;
	memcpy(key, label, label[0] + 1u);
	s = bsearch(key, w->singles, w->nsingles, sizeof(*s), compare_single);
	if (s == NULL)
		return false;
	while (s + 1 < w->singles + w->nsingles &&
	    memcmp(s[1].label, key, sizeof(key)) == 0)
		s++;
	*set = s->set;
	return true;
}

/* The set that decides for names below the owner of entry AT, the first of
 * its owner; false if only exact entries stand there. */
static bool
owner_cover(const struct place *p, size_t at, uint32_t *set)
{
	bool found = false, allow = false;

	for (size_t i = at;
	     i < p->n && same_owner(p, &p->entry[at], &p->entry[i]); i++) {
		unsigned kind = kind_of(p, &p->entry[i]);

		if ((kind & ~REC_ALLOW) == FSK_EXACT)
			continue;
		if (!found || (!allow && (kind & REC_ALLOW))) {
			*set = set_of(p, &p->entry[i]);
			allow = kind & REC_ALLOW;
			found = true;
		}
	}
	return found;
}

/* The first entry whose owner is the last K labels of Q, or -1. */
static ptrdiff_t
find_owner(const struct place *p, const struct fsk_query *q, unsigned k)
{
	size_t lo = 0, hi = p->n;
	unsigned len = q->len - 1 - fsk_query_at(q, k);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->entry[mid].own < q->loc[k])
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < p->n && p->entry[lo].own == q->loc[k]; lo++) {
		const uint8_t *rec = p->b.recs + p->entry[lo].rec;

		if (rec[REC_LEN] == len &&
		    memcmp(rec + REC_HEAD, q->wire + fsk_query_at(q, k), len) ==
			0)
			return (ptrdiff_t)lo;
	}
	return -1;
}

/* Whether every entry of an owner says what its nearest cover says.  A cover
 * that is itself superfluous says what its own cover says, so the order does
 * not matter. */
static bool
superfluous(const struct place *p, size_t at, size_t end)
{
	struct fsk_query q;
	uint32_t set = 0;
	bool covered = false;

	query_of(&q, &p->me->w->key, p->b.recs + p->entry[at].rec);
	for (unsigned k = q.labels - 1; k >= 2 && !covered; k--) {
		ptrdiff_t owner = find_owner(p, &q, k);

		covered = owner != -1 && owner_cover(p, (size_t)owner, &set);
	}
	if (!covered && q.labels > 1)
		covered = single_cover(
		    p->me->w, q.wire + fsk_query_at(&q, 1), &set);
	if (!covered)
		return false;
	for (; at < end; at++)
		if (set_of(p, &p->entry[at]) != set)
			return false;
	return true;
}

static int
prune(struct place *p)
{
	uint8_t *drop = calloc(p->n + 1, 1);
	size_t kept = 0;

	if (drop == NULL)
		return no_memory(p);
	for (size_t i = 0, next; i < p->n; i = next) {
		for (next = i + 1; next < p->n &&
		     same_owner(p, &p->entry[i], &p->entry[next]);
		     next++)
			;
		if (superfluous(p, i, next))
			memset(drop + i, 1, next - i);
	}
	for (size_t i = 0; i < p->n; i++)
		if (!drop[i])
			p->entry[kept++] = p->entry[i];
	p->me->pruned += p->n - kept;
	p->n = kept;
	free(drop);
	return FSK_OK;
}

/* ---- anchors ---- */

static int
add_heavy(struct place *p, uint64_t loc)
{
	if (p->nheavy == p->room_heavy) {
		size_t room = p->room_heavy * 2 + 64;
		uint64_t *h = realloc(p->heavy, room * sizeof(*h));

		if (h == NULL)
			return no_memory(p);
		p->heavy = h;
		p->room_heavy = room;
	}
	p->heavy[p->nheavy++] = loc;
	return FSK_OK;
}

/* Anchors the N entries at K, whose keys are the locators of their last LEVEL
 * labels: names that share an anchor share a line, unless they are too many;
 * then those with more labels are anchored one label further down. */
static int
anchor(struct place *p, struct keyed *k, size_t n, unsigned level)
{
	sort_keyed(k, n, p->b.scratch);
	for (size_t i = 0, next; i < n; i = next) {
		size_t deeper = i;
		int rc;

		for (next = i; next < n && k[next].key == k[i].key; next++)
			if (p->entry[k[next].of].labels > level)
				deeper++;
		deeper -= i;
		if (next - i <= FSK_ANCHOR_MAX || deeper < 2) {
			for (size_t j = i; j < next; j++)
				p->entry[k[j].of].anchor = k[j].key;
			continue;
		}
		rc = add_heavy(p, k[i].key);
		if (rc != FSK_OK)
			return rc;
		/* Those that stay are settled; the others move to the front. */
		deeper = i;
		for (size_t j = i; j < next; j++) {
			struct entry *e = &p->entry[k[j].of];
			struct fsk_query q;

			if (e->labels <= level) {
				e->anchor = k[j].key;
				continue;
			}
			query_of(&q, &p->me->w->key, p->b.recs + e->rec);
			k[deeper].of = k[j].of;
			k[deeper++].key = q.loc[level + 1];
		}
		rc = anchor(p, k + i, deeper - i, level + 1);
		if (rc != FSK_OK)
			return rc;
	}
	return FSK_OK;
}

static int
anchor_all(struct place *p)
{
	size_t n = 0;

	p->by_anchor = p->b.k; /* the entries have its content by now */
	for (size_t i = 0; i < p->n; i++) {
		struct fsk_query q;

		query_of(&q, &p->me->w->key, p->b.recs + p->entry[i].rec);
		p->entry[i].labels = (uint8_t)q.labels;
		if (q.labels == 1)
			p->entry[i].anchor = p->entry[i].own;
		else
			p->by_anchor[n++] = (struct keyed){ q.loc[2],
				(uint32_t)i };
	}
	return anchor(p, p->by_anchor, n, 2);
}

/* ---- lines ---- */

/* Puts every entry into a line; false if some chain would be too long. */
static bool
fill_lines(struct place *p, const struct keyed *by_line)
{
	memset(p->lines, 0, (size_t)p->nlines * FSK_LINE_LEN);
	for (size_t i = 0; i < p->n; i++) {
		const struct entry *e = &p->entry[by_line[i].of];
		uint32_t at = (uint32_t)by_line[i].key;
		uint16_t tag = fsk_tag_of(e->own);
		uint8_t *line = p->lines + (size_t)at * FSK_LINE_LEN;
		unsigned chain = 1, slot;

		while (line[FSK_L_COUNT] == FSK_LINE_SLOTS) {
			if (++chain > FSK_CHAIN_MAX || chain > p->nlines)
				return false;
			fsk_put16(line + FSK_L_SPILL,
			    (uint16_t)(fsk_get16(line + FSK_L_SPILL) |
				fsk_spill_of(tag)));
			at = at + 1 == p->nlines ? 0 : at + 1;
			line = p->lines + (size_t)at * FSK_LINE_LEN;
		}
		slot = line[FSK_L_COUNT]++;
		fsk_put16(line + FSK_L_TAGS + 2 * slot, tag);
		p->slot[(size_t)at * FSK_LINE_SLOTS + slot] = by_line[i].of;
	}
	for (size_t i = 0; i < p->nheavy; i++)
		p->lines[(size_t)fsk_line_of(p->heavy[i], p->nlines) *
			FSK_LINE_LEN +
		    FSK_L_HEAVY] |= fsk_heavy_of(p->heavy[i]);
	return true;
}

static int
make_lines(struct place *p)
{
	/* Sorting by line is stable: within a line, order of own locator. */
	struct keyed *by_line = p->by_anchor;
	uint64_t want = (p->n + FSK_LINE_FILL - 1) / FSK_LINE_FILL;

	if (want == 0)
		want = 1;
	for (;; want += want / 8 + 1) {
		if (want > UINT32_MAX / 2)
			return fsk_fail(&p->me->err, FSK_EINVAL,
			    "too many names below one domain");
		p->nlines = (uint32_t)want;
		free(p->lines);
		free(p->slot);
		p->lines = malloc((size_t)want * FSK_LINE_LEN);
		p->slot = malloc(
		    (size_t)want * FSK_LINE_SLOTS * sizeof(*p->slot));
		if (p->lines == NULL || p->slot == NULL)
			return no_memory(p);
		for (size_t i = 0; i < p->n; i++)
			by_line[i] = (struct keyed){
				fsk_line_of(p->entry[i].anchor, p->nlines),
				(uint32_t)i
			};
		sort_keyed(by_line, p->n, p->b.scratch);
		if (fill_lines(p, by_line))
			return FSK_OK;
	}
}

/* ---- records ---- */

/* Writes the record of a name; returns its length octet's value. */
static unsigned
put_name(const struct place *p, const struct entry *e, uint8_t *out)
{
	const struct fsk_writer *w = p->me->w;
	struct fsk_coded coded;
	struct fsk_query q;
	unsigned bits, len;

	query_of(&q, &w->key, p->b.recs + e->rec);
	fsk_code_name(&w->code, &q, 0, q.labels, &coded);
	bits = coded.end[q.labels];
	len = fsk_coded_len(bits);
	if (len >= FSK_REC_RAW) {
		memset(out, 0, FSK_REC_RAW);
		memcpy(out, q.wire, q.len);
		return FSK_REC_RAW;
	}
	memcpy(out, coded.octet, len);
	out[len - 1] = (uint8_t)((out[len - 1] & ~(0xffu >> bits % 8)) |
	    0x80u >> bits % 8);
	return len;
}

static void
put_block(struct place *p, const uint32_t *slot, unsigned count)
{
	const struct fsk_writer *w = p->me->w;
	const unsigned width = w->attr_width;
	const bool secret = w->opt.mode == FSK_SECRET;
	uint8_t *block = p->recs + p->recs_len;
	uint8_t *out = block + (size_t)count * (width + 1);

	for (unsigned i = 0; i < count; i++) {
		const struct entry *e = &p->entry[slot[i]];
		const uint8_t *rec = p->b.recs + e->rec;
		uint32_t attr = w->attr_of[set_of(p, e) * (size_t)3 +
		    (kind_of(p, e) & ~REC_ALLOW)];

		p->me->count[attr]++;
		if (secret) {
			uint8_t wire[FSK_NAME_MAX];

			memcpy(wire, rec + REC_HEAD, rec[REC_LEN]);
			wire[rec[REC_LEN]] = 0;
			out = block + i * (FSK_REC_PRINT_LEN + width);
			fsk_put64(out,
			    fsk_siphash(w->key.sip, wire, rec[REC_LEN] + 1u));
			fsk_put_width(out + FSK_REC_PRINT_LEN, width, attr);
			out += FSK_REC_PRINT_LEN + width;
		} else {
			unsigned len = put_name(p, e, out);

			block[i] = (uint8_t)len;
			fsk_put_width(
			    block + count + (size_t)i * width, width, attr);
			out += len;
		}
	}
	p->recs_len += (size_t)(out - block);
}

static int
make_records(struct place *p)
{
	size_t most = 64;

	for (size_t i = 0; i < p->n; i++) /* octets with 8 bits and more */
		most += 16 + 3u * p->b.recs[p->entry[i].rec + REC_LEN];
	p->recs = malloc(most);
	if (p->recs == NULL)
		return no_memory(p);
	for (uint32_t i = 0; i < p->nlines; i++) {
		uint8_t *line = p->lines + (size_t)i * FSK_LINE_LEN;

		if (p->recs_len > UINT32_MAX)
			return fsk_fail(&p->me->err, FSK_EINVAL,
			    "too many names below one domain");
		fsk_put32(line + FSK_L_BLOCK, (uint32_t)p->recs_len);
		put_block(
		    p, p->slot + (size_t)i * FSK_LINE_SLOTS, line[FSK_L_COUNT]);
	}
	return FSK_OK;
}

/* ---- in its turn ---- */

static int
write_lines(struct place *p)
{
	const struct fsk_writer *w = p->me->w;
	size_t len = (size_t)p->nlines * FSK_LINE_LEN;
	uint64_t at = w->nlines * FSK_LINE_LEN;

	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(w->lines_fd, p->lines + done, len - done,
		    (off_t)(at + done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fsk_fail(&p->me->err, FSK_EIO,
			    "cannot write a temporary file in '%s': %s",
			    w->folder, strerror(errno));
		done += (size_t)n;
	}
	return FSK_OK;
}

/* Waits until all partitions before I are out, then writes this one. */
static int
hand_over(struct place *p, unsigned i)
{
	struct fsk_writer *w = p->me->w;
	uint8_t *row = w->parts + (size_t)i * FSK_PART_LEN;
	int rc = FSK_OK;

	pthread_mutex_lock(&w->lock);
	while (w->next_out != i && !w->failed)
		pthread_cond_wait(&w->turn, &w->lock);
	if (!w->failed) {
		if (w->nlines + p->nlines > UINT32_MAX)
			rc = fsk_fail(&p->me->err, FSK_EINVAL,
			    "too many names for one database");
		fsk_put64(row + FSK_P_RECS, w->recs_len);
		fsk_put64(row + FSK_P_RECS_LEN, p->recs_len);
		fsk_put32(row + FSK_P_LINE, (uint32_t)w->nlines);
		fsk_put32(row + FSK_P_LINES, p->nlines);
		if (rc == FSK_OK)
			rc = out_write(
			    w->out, p->recs, p->recs_len, &p->me->err);
		if (rc == FSK_OK)
			rc = write_lines(p);
		w->recs_len += p->recs_len;
		w->nlines += p->nlines;
		w->entries += p->n;
		w->next_out++;
	}
	pthread_cond_broadcast(&w->turn);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int
place_partition(struct worker *me, unsigned i)
{
	const unsigned buckets = FSK_BUCKETS >> me->w->part_bits;
	struct place p = { .me = me };
	int rc;

	rc = load_sorted(me, me->w->merged, i * buckets, buckets, &p.b);
	if (rc != FSK_OK)
		goto out;
	p.n = p.b.n;
	p.entry = calloc(p.n + 1, sizeof(*p.entry));
	if (p.entry == NULL) {
		rc = no_memory(&p);
		goto out;
	}
	for (size_t j = 0; j < p.n; j++) {
		p.entry[j].own = p.b.k[j].key;
		p.entry[j].rec = p.b.k[j].of;
	}
	rc = me->w->opt.prune ? prune(&p) : FSK_OK;
	if (rc == FSK_OK)
		rc = anchor_all(&p);
	if (rc == FSK_OK)
		rc = make_lines(&p);
	if (rc == FSK_OK)
		rc = make_records(&p);
	if (rc == FSK_OK)
		rc = hand_over(&p, i);
out:
	batch_fini(&p.b);
	free(p.entry);
	free(p.heavy);
	free(p.lines);
	free(p.slot);
	free(p.recs);
	return rc;
}
