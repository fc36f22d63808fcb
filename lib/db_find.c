/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "lib/db_inside.h"

#ifdef __SSE2__
/* Where eight tags of the line at V (its header is the first four) are TAG. */
static inline __m128i
equal_tags(const uint8_t *v, __m128i tag)
{
	return _mm_cmpeq_epi16(
	    _mm_load_si128((const __m128i *)(const void *)v), tag);
}
#endif

/* Bit I is set where slot I of LINE holds TAG. */
static inline uint32_t
slots_with(const uint8_t *line, uint16_t tag)
{
#ifdef __SSE2__
	const __m128i want = _mm_set1_epi16((short)tag);
	__m128i a = _mm_packs_epi16(
	    equal_tags(line, want), equal_tags(line + 16, want));
	__m128i b = _mm_packs_epi16(
	    equal_tags(line + 32, want), equal_tags(line + 48, want));

	return ((uint32_t)_mm_movemask_epi8(a) |
		   (uint32_t)_mm_movemask_epi8(b) << 16) >>
	    4;
#else
	uint32_t hit = 0;

	for (unsigned i = 0; i < FSK_LINE_SLOTS; i++)
		hit |= (uint32_t)(fsk_get16(line + FSK_L_TAGS + 2 * i) == tag)
		    << i;
	return hit;
#endif
}

/* Whether LINE may hold the tag of one of LOC[FROM] to LOC[TO].  Slots that are
 * not used and the header are looked at, too; slots_with() decides. */
static inline bool
any_slot(const uint8_t *line, const uint64_t *loc, unsigned from, unsigned to)
{
#ifdef __SSE2__
	__m128i any = _mm_setzero_si128();

	for (unsigned k = from; k <= to; k++) {
		const __m128i want = _mm_set1_epi16((short)fsk_tag_of(loc[k]));

		any = _mm_or_si128(any,
		    _mm_or_si128(_mm_or_si128(equal_tags(line, want),
				     equal_tags(line + 16, want)),
			_mm_or_si128(equal_tags(line + 32, want),
			    equal_tags(line + 48, want))));
	}
	return _mm_movemask_epi8(any) != 0;
#else
	uint32_t any = 0;

	for (unsigned k = from; k <= to; k++)
		any |= slots_with(line, fsk_tag_of(loc[k]));
	return any != 0;
#endif
}

/* What has been found in one line. */
struct search {
	const struct fsk_db *db;
	const struct fsk_query *q;
	struct fsk_found *found;
	unsigned coded; /* names only: `name` has this many labels */
	struct fsk_coded name;
	struct fsk_entry *all; /* every entry goes here; or NULL */
	unsigned nall;
};

/* Keeps the entry with attribute set ATTR at the last LABELS labels, in order.
 * A line that is the home of several anchors is seen once for each. */
static void __attribute__((noinline))
keep(struct search *s, uint32_t attr, unsigned labels)
{
	unsigned at = s->nall;

	for (unsigned i = 0; i < s->nall; i++)
		if (s->all[i].labels == labels && s->all[i].attr == attr)
			return;
	if (s->nall == FSK_ENTRIES_MAX) /* no writer of ours made that */
		return;
	for (; at > 0 && s->all[at - 1].labels > labels; at--)
		s->all[at] = s->all[at - 1];
	s->all[at].labels = (uint8_t)labels;
	s->all[at].attr = attr;
	s->nall++;
}

/* What decides among entries of equal labels: the higher. */
static inline int
rank_of(const uint8_t *attr)
{
	return 2 * attr[FSK_A_ALLOW] + (attr[FSK_A_MATCH] == FSK_EXACT);
}

/* Weighs the entry with attribute set ATTR at the last LABELS labels. */
static void
consider(struct search *s, uint32_t attr, unsigned labels)
{
	const uint8_t *a = s->db->attrs + (size_t)attr * FSK_ATTR_LEN;
	const bool whole = labels == s->q->labels;
	struct fsk_found *f = s->found;

	if (__builtin_expect(s->all != NULL, 0)) {
		keep(s, attr, labels);
		return;
	}
	f->touched |= !a[FSK_A_ALLOW];
	if (a[FSK_A_MATCH] == (whole ? FSK_BELOW : FSK_EXACT))
		return;
	if (f->covered &&
	    (labels < f->labels ||
		(labels == f->labels &&
		    rank_of(a) <= rank_of(s->db->attrs +
				      (size_t)f->attr * FSK_ATTR_LEN))))
		return;
	f->covered = true;
	f->labels = (uint8_t)labels;
	f->attr = attr;
}

/* Compares the name of LEN octets (the length octet's value) at REC. */
static bool
same_name(struct search *s, const uint8_t *rec, unsigned len, unsigned labels)
{
	const struct fsk_query *q = s->q;
	uint64_t want, is;
	unsigned bits, at;

	if (len == FSK_REC_RAW) {
		unsigned wire = q->len - fsk_query_at(q, labels);

		if (memcmp(rec, q->wire + fsk_query_at(q, labels), wire) != 0)
			return false;
		for (unsigned i = wire; i < FSK_REC_RAW; i++)
			if (rec[i] != 0)
				return false;
		return true;
	}
	bits = s->name.end[labels];
	if (len != fsk_coded_len(bits))
		return false;
	for (at = 0; at < bits / 64; at++)
		if (fsk_get64(rec + 8 * at) !=
		    fsk_get64(s->name.octet + 8 * at))
			return false;
	/* Then the bits left, the closing 1, zeroes to the end of the octet.
	 * The 64 octets behind the last record may be read. */
	want = __builtin_bswap64(fsk_get64(s->name.octet + 8 * at));
	is = __builtin_bswap64(fsk_get64(rec + 8 * at));
	want = (want & ~(~0ull >> bits % 64)) | 1ull << 63 >> bits % 64;
	return ((want ^ is) & ~(~0ull >> 8 >> bits % 64 / 8 * 8)) == 0;
}

/* Follows the tags found in LINE (bit I of HITS: slot I) to their records. */
static inline void
follow(struct search *s, unsigned part, const uint8_t *line, uint32_t hits,
    unsigned labels)
{
	const struct fsk_db *db = s->db;
	const unsigned count = line[FSK_L_COUNT], width = db->attr_width;
	const uint8_t *block = db->recs + db->part_recs[part] +
	    fsk_get32(line + FSK_L_BLOCK);
	const uint8_t *rec;
	unsigned at;

	if (db->secret) {
		const uint8_t *wire = s->q->wire + fsk_query_at(s->q, labels);
		uint64_t print;

		__builtin_prefetch(block +
		    (size_t)__builtin_ctz(hits) * (FSK_REC_PRINT_LEN + width));
		print = fsk_siphash(
		    db->key.sip, wire, s->q->len - fsk_query_at(s->q, labels));

		for (; hits != 0; hits &= hits - 1) {
			rec = block +
			    (size_t)__builtin_ctz(hits) *
				(FSK_REC_PRINT_LEN + width);
			if (fsk_get64(rec) == print)
				consider(s,
				    fsk_get_width(
					rec + FSK_REC_PRINT_LEN, width),
				    labels);
		}
		return;
	}
	/* The lengths are needed first; the name a moment later, and about
	 * there. */
	rec = block + (size_t)count * (1 + width);
	__builtin_prefetch(block);
	at = (unsigned)__builtin_ctz(hits) * db->mean_len;
	__builtin_prefetch(rec + at - (at < 16 ? at : 16));
	__builtin_prefetch(rec + at + 24);
	if (s->coded < labels) {
		fsk_code_name(&db->code, s->q, s->coded, labels, &s->name);
		s->coded = labels;
	}
	for (; hits != 0; hits &= hits - 1) {
		unsigned slot = (unsigned)__builtin_ctz(hits);

		if (same_name(
			s, rec + sum_octets(block, slot), block[slot], labels))
			consider(s,
			    fsk_get_width(
				block + count + (size_t)slot * width, width),
			    labels);
	}
}

/* Follows what search_anchor() has seen in LINE. */
static void __attribute__((noinline)) follow_all(const struct fsk_db *db,
    const struct fsk_query *q, struct fsk_found *found, unsigned part,
    const uint8_t *line, unsigned anchor, unsigned last)
{
	const uint32_t used = (1u << line[FSK_L_COUNT]) - 1;
	struct search s; /* large: filled in only as needed */

	s.db = db;
	s.q = q;
	s.found = found;
	s.coded = 0;
	s.all = NULL;
	for (unsigned k = anchor; k <= last; k++) {
		uint32_t hits = slots_with(line, fsk_tag_of(q->loc[k])) & used;

		if (hits != 0)
			follow(&s, part, line, hits, k);
	}
}

/* A partition at hand: its number and its lines. */
struct part {
	unsigned i;
	uint32_t count;
	const uint8_t *lines;
};

static inline struct part
part_of(const struct fsk_db *db, uint64_t loc)
{
	const unsigned i = fsk_part_of(loc, db->part_bits);
	const uint32_t first = db->part_line[i];

	return (struct part){ i, db->part_line[i + 1] - first,
		db->lines + (size_t)first * FSK_LINE_LEN };
}

/* The line where the anchor at LOC is at home. */
static inline const uint8_t *
home_line(const struct part *p, uint64_t loc)
{
	return p->lines + (size_t)fsk_line_of(loc, p->count) * FSK_LINE_LEN;
}

/* Looks on in the lines after LINE, as far as entries with the tags of the last
 * ANCHOR to LAST labels may have gone on to them. */
static void __attribute__((noinline)) search_on(const struct fsk_db *db,
    const struct fsk_query *q, struct fsk_found *found, const struct part *part,
    const uint8_t *line, unsigned anchor, unsigned last)
{
	uint16_t bits = 0;

	for (unsigned k = anchor; k <= last; k++)
		bits |= fsk_spill_of(fsk_tag_of(q->loc[k]));
	for (unsigned chain = 1; chain < db->max_chain &&
	     (fsk_get16(line + FSK_L_SPILL) & bits) != 0;
	     chain++) {
		line += FSK_LINE_LEN;
		if (line == part->lines + (size_t)part->count * FSK_LINE_LEN)
			line = part->lines;
		if (any_slot(line, q->loc, anchor, last))
			follow_all(db, q, found, part->i, line, anchor, last);
	}
}

/* Looks into the home line of the anchor made of the last ANCHOR labels, for
 * the names made of the last ANCHOR to LAST labels.  Returns whether the anchor
 * is heavy: names with more labels stand elsewhere too. */
static inline bool
search_anchor(const struct fsk_db *db, const struct fsk_query *q,
    struct fsk_found *found, const struct part *part, unsigned anchor,
    unsigned last)
{
	const uint64_t *loc = q->loc;
	const uint8_t *line = home_line(part, loc[anchor]);

	if (__builtin_expect(any_slot(line, loc, anchor, last), 0))
		follow_all(db, q, found, part->i, line, anchor, last);
	if (__builtin_expect(fsk_get16(line + FSK_L_SPILL) != 0, 0))
		search_on(db, q, found, part, line, anchor, last);
	return line[FSK_L_HEAVY] & fsk_heavy_of(loc[anchor]);
}

void
fsk_db_query(const struct fsk_db *db, struct fsk_query *q, const uint8_t *wire,
    size_t len)
{
	struct part part;

	fsk_query_fold(q, wire, len);
	fsk_query_cut(q, wire);
	if (q->labels < 2) {
		fsk_query_locate(q, &db->key, 0, q->labels);
		return;
	}
	fsk_query_locate(q, &db->key, 0, 2);
	part = part_of(db, q->loc[2]);
	__builtin_prefetch(home_line(&part, q->loc[2]));
	fsk_query_locate(q, &db->key, 2, q->labels);
	/* One in three popular names needs the second line, too. */
	if (q->labels > 2)
		__builtin_prefetch(home_line(&part, q->loc[3]));
}

/* For databases with entries of a single label, which have a line of their
 * own. */
static void __attribute__((noinline)) search_single(
    const struct fsk_db *db, const struct fsk_query *q, struct fsk_found *found)
{
	const struct part part = part_of(db, q->loc[1]);

	search_anchor(db, q, found, &part, 1, 1);
}

void
fsk_db_find(
    const struct fsk_db *db, const struct fsk_query *q, struct fsk_found *found)
{
	struct part part;

	*found = (struct fsk_found){ 0 };
	if (__builtin_expect(db->single, 0) && q->labels >= 1)
		search_single(db, q, found);
	if (q->labels < 2)
		return;
	part = part_of(db, q->loc[2]);
	for (unsigned k = 2; k <= q->labels; k++)
		if (!search_anchor(db, q, found, &part, k, q->labels))
			break;
}

/* Follows all that may stand in the line of the last ANCHOR labels of S, and in
 * the lines after it, to entries of up to LAST labels. */
static void
collect(
    struct search *s, const struct part *part, unsigned anchor, unsigned last)
{
	const struct fsk_db *db = s->db;
	const uint8_t *line = home_line(part, s->q->loc[anchor]);

	for (unsigned chain = 0; chain < db->max_chain; chain++) {
		const uint32_t used = (1u << line[FSK_L_COUNT]) - 1;

		for (unsigned k = anchor; k <= last; k++) {
			uint32_t hits = slots_with(
					    line, fsk_tag_of(s->q->loc[k])) &
			    used;

			if (hits != 0)
				follow(s, part->i, line, hits, k);
		}
		line += FSK_LINE_LEN;
		if (line == part->lines + (size_t)part->count * FSK_LINE_LEN)
			line = part->lines;
	}
}

unsigned
fsk_db_entries(const struct fsk_db *db, const struct fsk_query *q,
    struct fsk_entry at[static FSK_ENTRIES_MAX])
{
	struct search s = { .db = db, .q = q, .all = at };
	struct part part;

	if (db->single && q->labels >= 1) {
		part = part_of(db, q->loc[1]);
		collect(&s, &part, 1, 1);
	}
	if (q->labels >= 2)
		part = part_of(db, q->loc[2]);
	for (unsigned k = 2; k <= q->labels; k++)
		collect(&s, &part, k, q->labels);
	return s.nall;
}

bool
fsk_db_find_url(const struct fsk_db *db, const char *expression, uint32_t *attr)
{
	const uint64_t want = fsk_siphash(
	    db->key.sip, (const uint8_t *)expression, strlen(expression));
	const uint8_t *rows = db->sec[FSK_SEC_URLS].at;
	size_t lo = 0, hi = db->nurls;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t is = fsk_get64(rows + mid * FSK_URL_LEN);

		if (is == want) {
			*attr = fsk_get32(rows + mid * FSK_URL_LEN + 8);
			return true;
		}
		if (is < want)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}
