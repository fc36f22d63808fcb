/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the steps: sets of claims become the attribute sets of the file. */
#include <stdlib.h>
#include <string.h>

#include "lib/db_build.h"

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

int
attrs_make(struct fsk_writer *w, struct worker *workers, uint8_t **attrs,
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
