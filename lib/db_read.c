/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lib/checksum.h"
#include "lib/code.h"
#include "lib/db_answer.h"
#include "lib/db_layout.h"
#include "lib/policy.h"

struct section {
	const uint8_t *at;
	uint64_t len;
};

/* What every look-up reads comes first and is small: in a busy resolver it
 * falls out of the cache between two look-ups. */
struct fsk_db {
	struct fsk_key key;
	const uint8_t *lines, *recs;
	uint8_t part_bits, attr_width, max_chain;
	uint8_t mean_len; /* octets of a record, about; only a guess */
	bool single, secret;
	/* [i], [i + 1]: where the lines of partition i begin and end. */
	uint32_t part_line[FSK_PARTS_MAX + 1];
	uint64_t part_recs[FSK_PARTS_MAX]; /* where its records begin */
	const uint8_t *attrs;
	_Atomic(void *) note; /* the user's */
	struct fsk_code code;

	struct section sec[FSK_SEC_KNOWN]; /* by enum fsk_section */
	struct fsk_answer *answers;
	struct fsk_policy *policy; /* NULL: none */
	uint32_t nattrs, nfeeds, nanswers;
	size_t nurls;
	const uint8_t *base;
	size_t len;
	size_t mapped; /* octets to unmap; 0: the caller's memory */
	void (*free_note)(void *note);
};

static const char *const section_names[FSK_SEC_KNOWN] = {
	[FSK_SEC_RECS] = "records",
	[FSK_SEC_LINES] = "lines",
	[FSK_SEC_PARTS] = "partitions",
	[FSK_SEC_CODE] = "code",
	[FSK_SEC_ATTRS] = "attributes",
	[FSK_SEC_FEEDSETS] = "feedsets",
	[FSK_SEC_FEEDS] = "feeds",
	[FSK_SEC_ANSWERS] = "answers",
	[FSK_SEC_STRINGS] = "strings",
	[FSK_SEC_URLS] = "urls",
	[FSK_SEC_POLICY] = "policy",
};

/* ---- look-up ---- */

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

/* The sum of the first N (at most 28) of the octets at P, of which 32 may be
 * read: without a loop, whose end could not be foreseen. */
static inline unsigned
sum_octets(const uint8_t *p, unsigned n)
{
#ifdef __SSE2__
	static const uint8_t mask[64] = { 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	const __m128i *v = (const __m128i *)(const void *)p;
	const __m128i *m = (const __m128i *)(const void *)(mask + 32 - n);
	__m128i a = _mm_and_si128(_mm_loadu_si128(v), _mm_loadu_si128(m));
	__m128i b = _mm_and_si128(
	    _mm_loadu_si128(v + 1), _mm_loadu_si128(m + 1));
	__m128i sum = _mm_add_epi64(_mm_sad_epu8(a, _mm_setzero_si128()),
	    _mm_sad_epu8(b, _mm_setzero_si128()));

	return (unsigned)(_mm_cvtsi128_si32(sum) + _mm_extract_epi16(sum, 4));
#else
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += p[i];
	return sum;
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

/* ---- open: everything is checked here, and nowhere later ---- */

struct check {
	struct fsk_db *db;
	const char *path;
	bool nested; /* it lies within another */
	bool pass;   /* FSK_DB_PASS */
	struct fsk_error *err;
};

#define CORRUPT(c, ...) corrupt((c), __VA_ARGS__)

static int __attribute__((format(printf, 2, 3)))
corrupt(const struct check *c, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return fsk_fail(
	    c->err, FSK_ECORRUPT, "'%s' is damaged: %s", c->path, why);
}

static int
check_header(const struct check *c)
{
	struct fsk_db *db = c->db;
	const uint8_t *h = db->base;

	if (db->len < FSK_HEADER_LEN) {
		if (db->len < FSK_MAGIC_LEN ||
		    memcmp(h, FSK_MAGIC, FSK_MAGIC_LEN) != 0)
			return fsk_fail(c->err, FSK_EFORMAT,
			    "'%s' is not a fraudsink database", c->path);
		return CORRUPT(c, "cut off within its header");
	}
	if (memcmp(h, FSK_MAGIC, FSK_MAGIC_LEN) != 0)
		return fsk_fail(c->err, FSK_EFORMAT,
		    "'%s' is not a fraudsink database", c->path);
	if (fsk_get32(h + FSK_H_BYTE_ORDER) != FSK_BYTE_ORDER)
		return CORRUPT(c, "wrong byte order");
	if (fsk_get64(h + FSK_H_CHECKSUM) != fsk_checksum(h, FSK_H_CHECKSUM))
		return CORRUPT(c, "the header's checksum does not fit");
	if (fsk_get16(h + FSK_H_MAJOR) != FSK_MAJOR)
		return fsk_fail(c->err, FSK_EFORMAT,
		    "'%s' has format version %u, this program reads %u",
		    c->path, fsk_get16(h + FSK_H_MAJOR), FSK_MAJOR);
	if (fsk_get64(h + FSK_H_FILE_LEN) != db->len)
		return CORRUPT(c, "it has %zu octets, its header says %llu",
		    db->len, (unsigned long long)fsk_get64(h + FSK_H_FILE_LEN));
	if (h[FSK_H_MODE] != FSK_NAMES && h[FSK_H_MODE] != FSK_SECRET)
		return CORRUPT(c, "unknown mode %u", h[FSK_H_MODE]);
	if (h[FSK_H_PART_BITS] > FSK_PART_BITS_MAX || h[FSK_H_ATTR_WIDTH] > 3 ||
	    h[FSK_H_MAX_CHAIN] == 0 || h[FSK_H_MAX_CHAIN] > FSK_CHAIN_MAX)
		return CORRUPT(c, "a size in the header is out of range");
	if (fsk_get32(h + FSK_H_FLAGS) & ~FSK_FLAGS_KNOWN)
		return CORRUPT(c, "unknown flags in the header");
	db->secret = h[FSK_H_MODE] == FSK_SECRET;
	db->part_bits = h[FSK_H_PART_BITS];
	db->attr_width = h[FSK_H_ATTR_WIDTH];
	db->max_chain = h[FSK_H_MAX_CHAIN];
	db->single = fsk_get32(h + FSK_H_FLAGS) & FSK_FLAG_SINGLE;
	fsk_key_init(&db->key, h + FSK_H_KEY);
	return FSK_OK;
}

/* Gives back the memory of LEN octets of the file at P, if they will not be
 * needed.  They can be read again all the same. */
static void
pass_by(const struct check *c, const uint8_t *p, uint64_t len)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t at = (size_t)(p - c->db->base);
	const size_t from = (at + page - 1) / page * page;
	const size_t to = (at + len) / page * page;

	if (c->pass && from < to)
		madvise((uint8_t *)(uintptr_t)c->db->base + from, to - from,
		    MADV_DONTNEED);
}

/* As fsk_checksum(), in pieces that are given back. */
static uint64_t
sum_of(const struct check *c, const uint8_t *p, uint64_t len)
{
	static const size_t piece = (size_t)16 << 20;
	struct fsk_checksum *sum = c->pass ? fsk_checksum_new() : NULL;

	if (sum == NULL)
		return fsk_checksum(p, len);
	for (size_t n; len > 0; p += n, len -= n) {
		n = len < piece ? len : piece;
		fsk_checksum_add(sum, p, n);
		pass_by(c, p, n);
	}
	return fsk_checksum_end(sum);
}

static int
check_sections(const struct check *c)
{
	struct fsk_db *db = c->db;
	uint32_t n = fsk_get32(db->base + FSK_H_SECTIONS);

	if (n > FSK_SECTIONS_MAX)
		return CORRUPT(c, "too many sections");
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *row = db->base + FSK_H_TABLE +
		    i * FSK_SECTION_LEN;
		uint32_t type = fsk_get32(row + FSK_S_TYPE);
		uint64_t at = fsk_get64(row + FSK_S_OFFSET);
		uint64_t len = fsk_get64(row + FSK_S_LENGTH);

		if (at < FSK_HEADER_LEN || at % 64 != 0 || at > db->len ||
		    len > db->len - at)
			return CORRUPT(
			    c, "section %u lies outside the file", type);
		if (fsk_get64(row + FSK_S_CHECKSUM) !=
		    sum_of(c, db->base + at, len))
			return CORRUPT(
			    c, "the checksum of section %u does not fit", type);
		if (type == 0 || type >= FSK_SEC_KNOWN) {
			if (!(fsk_get32(row + FSK_S_FLAGS) &
				FSK_SECTION_OPTIONAL))
				return fsk_fail(c->err, FSK_EFORMAT,
				    "'%s' needs a later version of this "
				    "program (section %u)",
				    c->path, type);
			continue;
		}
		if (db->sec[type].at != NULL)
			return CORRUPT(c, "section %u comes twice", type);
		db->sec[type].at = db->base + at;
		db->sec[type].len = len;
	}
	for (unsigned t = 1; t < FSK_SEC_NEEDED; t++)
		if (db->sec[t].at == NULL)
			return CORRUPT(c, "section %u is missing", t);
	return FSK_OK;
}

static int
check_string(const struct check *c, uint32_t at, const char *what)
{
	if (at >= c->db->sec[FSK_SEC_STRINGS].len)
		return CORRUPT(c, "the %s lies outside the strings", what);
	return FSK_OK; /* the section ends in NUL, see check_tables() */
}

static int
check_answers(const struct check *c)
{
	struct fsk_db *db = c->db;
	const struct section *answers = &db->sec[FSK_SEC_ANSWERS];
	const struct section *strings = &db->sec[FSK_SEC_STRINGS];

	if (answers->len % FSK_ANSWER_LEN != 0 ||
	    answers->len / FSK_ANSWER_LEN > UINT16_MAX)
		return CORRUPT(c, "wrong length of the answers");
	db->nanswers = (uint32_t)(answers->len / FSK_ANSWER_LEN);
	db->answers = calloc(db->nanswers + 1u, sizeof(*db->answers));
	if (db->answers == NULL)
		return fsk_fail(
		    c->err, FSK_ENOMEM, "out of memory opening '%s'", c->path);
	for (uint32_t i = 0; i < db->nanswers; i++) {
		const char *wrong = answer_read(&db->answers[i],
		    answers->at + (size_t)i * FSK_ANSWER_LEN,
		    (const char *)strings->at, strings->len);

		if (wrong != NULL)
			return CORRUPT(c, "answer %u: %s", i, wrong);
	}
	return FSK_OK;
}

static int
check_policy(const struct check *c)
{
	struct fsk_db *db = c->db;
	const struct section *s = &db->sec[FSK_SEC_POLICY];
	struct fsk_error why;
	int rc;

	if (s->at == NULL)
		return FSK_OK;
	if (c->nested)
		return CORRUPT(c, "a list within it has a policy of its own");
	rc = fsk_policy_open(&db->policy, s->at, s->len, db->base + FSK_H_KEY,
	    db->nanswers, &why);
	if (rc != FSK_OK)
		return fsk_fail(
		    c->err, (enum fsk_result)rc, "'%s': %s", c->path, why.text);
	return FSK_OK;
}

/* The texts of feed I. */
static int
check_feed(const struct check *c, const uint8_t *row)
{
	int rc = check_string(c, fsk_get32(row + FSK_F_NAME), "name of a feed");

	if (rc == FSK_OK)
		rc = check_string(
		    c, fsk_get32(row + FSK_F_AUTHORITY), "authority of a feed");
	if (rc == FSK_OK)
		rc = check_string(
		    c, fsk_get32(row + FSK_F_LEGAL), "legal basis of a feed");
	if (rc == FSK_OK)
		rc = check_string(
		    c, fsk_get32(row + FSK_F_CONTACT), "contact of a feed");
	return rc;
}

static int
check_tables(const struct check *c)
{
	struct fsk_db *db = c->db;
	const struct section *attrs = &db->sec[FSK_SEC_ATTRS];
	const struct section *sets = &db->sec[FSK_SEC_FEEDSETS];
	const struct section *feeds = &db->sec[FSK_SEC_FEEDS];
	const struct section *strings = &db->sec[FSK_SEC_STRINGS];
	uint32_t classes;
	int rc;

	if (strings->len == 0 || strings->at[strings->len - 1] != '\0')
		return CORRUPT(c, "the strings do not end");
	if (feeds->len % FSK_FEED_LEN != 0 ||
	    feeds->len / FSK_FEED_LEN > UINT16_MAX + 1u)
		return CORRUPT(c, "wrong length of the feeds");
	db->nfeeds = (uint32_t)(feeds->len / FSK_FEED_LEN);
	for (uint32_t i = 0; i < db->nfeeds; i++) {
		rc = check_feed(c, feeds->at + (size_t)i * FSK_FEED_LEN);
		if (rc != FSK_OK)
			return rc;
	}
	if (sets->len % 2 != 0)
		return CORRUPT(c, "wrong length of the feed sets");
	for (uint64_t i = 0; i < sets->len; i += 2)
		if (fsk_get16(sets->at + i) >= db->nfeeds)
			return CORRUPT(c, "a feed set names an unknown feed");

	rc = check_answers(c);
	if (rc == FSK_OK)
		rc = check_policy(c);
	if (rc != FSK_OK)
		return rc;
	classes = db->policy != NULL ? fsk_policy_classes(db->policy)
				     : db->nanswers;

	if (attrs->len % FSK_ATTR_LEN != 0 ||
	    attrs->len / FSK_ATTR_LEN > FSK_ATTRS_MAX)
		return CORRUPT(c, "wrong length of the attribute sets");
	db->nattrs = (uint32_t)(attrs->len / FSK_ATTR_LEN);
	db->attrs = attrs->at;
	for (uint32_t i = 0; i < db->nattrs; i++) {
		const uint8_t *a = attrs->at + (size_t)i * FSK_ATTR_LEN;
		uint32_t first = fsk_get32(a + FSK_A_FEEDSET);

		if (a[FSK_A_MATCH] > FSK_BELOW || a[FSK_A_ALLOW] > 1 ||
		    a[FSK_A_SEVERITY] < FSK_YELLOW ||
		    a[FSK_A_SEVERITY] > FSK_RED ||
		    fsk_get16(a + FSK_A_CLASS) >= classes)
			return CORRUPT(
			    c, "attribute set %u is out of range", i);
		if (first > sets->len / 2 ||
		    fsk_get16(a + FSK_A_FEEDS) > sets->len / 2 - first)
			return CORRUPT(
			    c, "the feeds of attribute set %u do not exist", i);
		rc = check_string(c, fsk_get32(a + FSK_A_CATEGORY),
		    "category of an attribute set");
		if (rc == FSK_OK)
			rc = check_string(c, fsk_get32(a + FSK_A_CASE),
			    "case number of an attribute set");
		if (rc != FSK_OK)
			return rc;
	}
	return fsk_code_read(&db->code, db->sec[FSK_SEC_CODE].at,
		   db->sec[FSK_SEC_CODE].len, c->err) == FSK_OK
	    ? FSK_OK
	    : CORRUPT(c, "its code table cannot be used");
}

/* Whether the COUNT attribute numbers at P, STEP octets from each to the next,
 * are those of attribute sets. */
static bool
known_attrs(
    const struct fsk_db *db, const uint8_t *p, size_t step, unsigned count)
{
	const unsigned width = db->attr_width;

	if (width == 0)
		return db->nattrs > 0;
	for (unsigned i = 0; i < count; i++, p += step)
		if (fsk_get_width(p, width) >= db->nattrs)
			return false;
	return true;
}

/* Whether the block of COUNT records (at least one) at BLOCK fits into the
 * AVAIL octets that are there, and names only attribute sets that there are. */
static bool
block_fits(const struct fsk_db *db, const uint8_t *block, uint64_t avail,
    unsigned count)
{
	const unsigned width = db->attr_width;

	if (db->secret)
		return (uint64_t)count * (FSK_REC_PRINT_LEN + width) <= avail &&
		    known_attrs(db, block + FSK_REC_PRINT_LEN,
			FSK_REC_PRINT_LEN + width, count);
	/* The end of the section may be read, see FSK_RECS_PAD. */
	return (uint64_t)count * (1 + width) <= avail &&
	    sum_octets(block, count) <= avail - (uint64_t)count * (1 + width) &&
	    known_attrs(db, block + count, width, count);
}

/* Checks the lines of the partition PART, whose records take RECS_LEN octets;
 * adds its entries to *ENTRIES. */
static int
check_part(
    const struct check *c, unsigned part, uint64_t recs_len, uint64_t *entries)
{
	const struct fsk_db *db = c->db;
	const uint8_t *recs = db->recs + db->part_recs[part];

	for (uint32_t i = db->part_line[part]; i < db->part_line[part + 1];
	     i++) {
		const uint8_t *line = db->lines + (size_t)i * FSK_LINE_LEN;
		uint64_t block = fsk_get32(line + FSK_L_BLOCK);
		unsigned count = line[FSK_L_COUNT];

		if (count > FSK_LINE_SLOTS || block > recs_len ||
		    (count > 0 &&
			!block_fits(db, recs + block, recs_len - block, count)))
			return CORRUPT(c, "line %u cannot be used", i);
		*entries += count;
	}
	return FSK_OK;
}

static int
check_lines(const struct check *c)
{
	struct fsk_db *db = c->db;
	const struct section *parts = &db->sec[FSK_SEC_PARTS];
	const struct section *lines = &db->sec[FSK_SEC_LINES];
	const struct section *recs = &db->sec[FSK_SEC_RECS];
	const unsigned n = 1u << db->part_bits;
	uint64_t entries = 0;
	int rc;

	if (lines->len / FSK_LINE_LEN > UINT32_MAX)
		return CORRUPT(c, "too many lines");
	if (parts->len != (uint64_t)n * FSK_PART_LEN)
		return CORRUPT(c, "wrong length of the partitions");
	if (lines->len % FSK_LINE_LEN != 0 || recs->len < FSK_RECS_PAD)
		return CORRUPT(c, "wrong length of the lines or records");
	db->lines = lines->at;
	db->recs = recs->at;
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *row = parts->at + (size_t)i * FSK_PART_LEN;
		uint64_t rec = fsk_get64(row + FSK_P_RECS);
		uint64_t rec_len = fsk_get64(row + FSK_P_RECS_LEN);
		uint32_t line = fsk_get32(row + FSK_P_LINE);
		uint32_t count = fsk_get32(row + FSK_P_LINES);
		uint64_t all = lines->len / FSK_LINE_LEN;
		uint64_t room = recs->len - FSK_RECS_PAD;

		if (line != db->part_line[i] || count == 0 ||
		    count > all - line || rec > room || rec_len > room - rec)
			return CORRUPT(c, "partition %u lies outside", i);
		db->part_line[i + 1] = line + count;
		db->part_recs[i] = rec;
		rc = check_part(c, i, rec_len, &entries);
		if (rc != FSK_OK)
			return rc;
		pass_by(c, recs->at + rec, rec_len);
	}
	if (entries != fsk_get64(db->base + FSK_H_ENTRIES))
		return CORRUPT(c, "it has %llu entries, its header says %llu",
		    (unsigned long long)entries,
		    (unsigned long long)fsk_get64(db->base + FSK_H_ENTRIES));
	if (entries != 0 && !db->secret)
		db->mean_len = (uint8_t)(recs->len / entries % 64);
	return FSK_OK;
}

static int
check_urls(const struct check *c)
{
	struct fsk_db *db = c->db;
	const struct section *urls = &db->sec[FSK_SEC_URLS];

	if (urls->len % FSK_URL_LEN != 0)
		return CORRUPT(c, "wrong length of the URLs");
	db->nurls = urls->len / FSK_URL_LEN;
	for (size_t i = 0; i < db->nurls; i++) {
		const uint8_t *row = urls->at + i * FSK_URL_LEN;

		if (fsk_get32(row + 8) >= db->nattrs)
			return CORRUPT(
			    c, "URL %zu has an unknown attribute set", i);
		if (i > 0 && fsk_get64(row - FSK_URL_LEN) >= fsk_get64(row))
			return CORRUPT(c, "URL %zu is out of order", i);
	}
	return FSK_OK;
}

static int
check_all(struct fsk_db *db, const char *path, bool nested, bool pass,
    struct fsk_error *err)
{
	const struct check c = { db, path, nested, pass, err };
	int rc = check_header(&c);

	if (rc == FSK_OK)
		rc = check_sections(&c);
	if (rc == FSK_OK)
		rc = check_tables(&c);
	if (rc == FSK_OK)
		rc = check_lines(&c);
	if (rc == FSK_OK)
		rc = check_urls(&c);
	return rc;
}

/* An empty handle at the start of a cache line, so that one line holds what a
 * look-up reads first. */
static struct fsk_db *
new_db(void)
{
	struct fsk_db *db = aligned_alloc(
	    FSK_LINE_LEN, (sizeof(*db) + 63) / FSK_LINE_LEN * FSK_LINE_LEN);

	if (db != NULL)
		memset(db, 0, sizeof(*db));
	return db;
}

static int
open_memory(struct fsk_db **out, const void *bytes, size_t len,
    const char *name, bool nested, struct fsk_error *err)
{
	struct fsk_db *db = new_db();
	int rc;

	*out = NULL;
	if (db == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	db->base = bytes;
	db->len = len;
	/* Lines are loaded sixteen octets at a time. */
	rc = (uintptr_t)bytes % 16 == 0
	    ? check_all(db, name, nested, false, err)
	    : fsk_fail(err, FSK_EINVAL, "'%s' is not aligned", name);
	if (rc != FSK_OK) {
		fsk_db_close(db);
		return rc;
	}
	*out = db;
	return FSK_OK;
}

int
fsk_db_open_memory(
    struct fsk_db **out, const void *bytes, size_t len, struct fsk_error *err)
{
	return open_memory(out, bytes, len, "memory", false, err);
}

int
fsk_db_open_nested(struct fsk_db **out, const void *bytes, size_t len,
    const uint8_t *key, struct fsk_error *err)
{
	int rc = open_memory(out, bytes, len, "a list", true, err);

	if (rc == FSK_OK &&
	    memcmp((*out)->base + FSK_H_KEY, key, FSK_KEY_LEN) != 0) {
		fsk_db_close(*out);
		*out = NULL;
		rc = fsk_fail(err, FSK_ECORRUPT, "a list has a key of its own");
	}
	return rc;
}

/* Huge pages make a look-up a third faster where the list is large. */
#define HUGE_PAGE (2u << 20)

/* Maps LEN octets of anonymous memory on huge pages where there are any. */
static void *
map_anonymous(size_t len)
{
	size_t whole = len + HUGE_PAGE;
	uint8_t *p, *start;

	p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return MAP_FAILED;
	/* Cut it to a start on a huge page and the length asked for. */
	start = p + (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	if (start > p)
		munmap(p, (size_t)(start - p));
	munmap(start + len, (size_t)(p + whole - (start + len)));
	if (len >= HUGE_PAGE)
		madvise(start, len - len % HUGE_PAGE, MADV_HUGEPAGE);
	return start;
}

/* In pieces: a kernel that does not interrupt itself lets others run between
 * two calls. */
static int
read_octets(int fd, uint8_t *to, size_t len)
{
	static const size_t piece = 1 << 20;
	size_t at = 0;

	while (at < len) {
		ssize_t n = pread(fd, to + at,
		    len - at < piece ? len - at : piece, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0) {
			errno = ESTALE; /* it shrank while we read */
			return -1;
		}
		at += (size_t)n;
	}
	return 0;
}

/* Looks whether the header of the file FD is good, before memory is taken for
 * the rest: whatever lies under the name of a list might be larger than that.
 */
static int
check_head(struct fsk_db *db, int fd, const char *path, struct fsk_error *err)
{
	const struct check c = { .db = db, .path = path, .err = err };
	uint8_t head[FSK_HEADER_LEN];
	int rc;

	if (read_octets(fd, head,
		db->len < sizeof(head) ? db->len : sizeof(head)) == -1)
		return fsk_fail(err, FSK_EIO, "cannot read '%s': %s", path,
		    strerror(errno));
	db->base = head;
	rc = check_header(&c);
	db->base = NULL;
	return rc;
}

/* Maps the file FD, or copies it to memory of our own. */
static int
take_file(struct fsk_db *db, int fd, const char *path, enum fsk_db_load load,
    struct fsk_error *err)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t whole = (db->len + page - 1) / page * page;
	void *base = load == FSK_DB_COPY
	    ? map_anonymous(whole)
	    : mmap(NULL, db->len, PROT_READ, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return fsk_fail(
		    err, FSK_EIO, "cannot map '%s': %s", path, strerror(errno));
	db->base = base;
	db->mapped = whole;
	if (load != FSK_DB_COPY) {
		madvise(base, db->len, MADV_HUGEPAGE);
		return FSK_OK;
	}
	if (read_octets(fd, base, db->len) == -1)
		return fsk_fail(err, FSK_EIO, "cannot read '%s': %s", path,
		    strerror(errno));
	mprotect(base, whole, PROT_READ);
	return FSK_OK;
}

int
fsk_db_open_fd(struct fsk_db **out, int fd, const char *path,
    enum fsk_db_load load, struct fsk_error *err)
{
	struct fsk_db *db;
	struct stat st;
	int rc;

	*out = NULL;
	if (fstat(fd, &st) == -1)
		return fsk_fail(err, FSK_EIO, "cannot stat '%s': %s", path,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fsk_fail(err, FSK_EFORMAT, "'%s' is not a file", path);
	if (st.st_size == 0) /* mmap() would call this EINVAL */
		return fsk_fail(err, FSK_EFORMAT, "'%s' is empty", path);
	db = new_db();
	if (db == NULL)
		return fsk_fail(
		    err, FSK_ENOMEM, "out of memory opening '%s'", path);
	db->len = (size_t)st.st_size;
	rc = check_head(db, fd, path, err);
	if (rc == FSK_OK)
		rc = take_file(db, fd, path, load, err);
	if (rc == FSK_OK)
		rc = check_all(db, path, false, load == FSK_DB_PASS, err);
	if (rc != FSK_OK) {
		fsk_db_close(db);
		return rc;
	}
	*out = db;
	return FSK_OK;
}

int
fsk_db_open(struct fsk_db **out, const char *path, enum fsk_db_load load,
    struct fsk_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	*out = NULL;
	if (fd == -1)
		return fsk_fail(err, FSK_EIO, "cannot open '%s': %s", path,
		    strerror(errno));
	rc = fsk_db_open_fd(out, fd, path, load, err);
	close(fd);
	return rc;
}

void
fsk_db_close(struct fsk_db *db)
{
	void *note;

	if (db == NULL)
		return;
	note = atomic_load(&db->note);
	if (note != NULL)
		db->free_note(note);
	if (db->mapped != 0)
		munmap((void *)(uintptr_t)db->base, db->mapped);
	fsk_policy_close(db->policy);
	free(db->answers);
	free(db);
}

/* ---- descriptions ---- */

const struct fsk_key *
fsk_db_key(const struct fsk_db *db)
{
	return &db->key;
}

static const char *
string_at(const struct fsk_db *db, const uint8_t *offset)
{
	return (const char *)db->sec[FSK_SEC_STRINGS].at + fsk_get32(offset);
}

/* The answer of CLASS for who is in no group. */
static const struct fsk_answer *
answer_of(const struct fsk_db *db, unsigned class)
{
	static const struct fsk_answer pass = { .action = FSK_PASSTHRU,
		.ede = FSK_EDE_NONE };
	uint16_t row = (uint16_t) class;

	if (db->policy != NULL)
		row = fsk_policy_answer(db->policy, 0, class);
	return row == FSK_ANSWER_PASS ? &pass : &db->answers[row];
}

void
fsk_db_attr(const struct fsk_db *db, uint32_t attr, struct fsk_attr *out)
{
	const uint8_t *a = db->attrs + (size_t)attr * FSK_ATTR_LEN;

	out->match = (enum fsk_match_kind)a[FSK_A_MATCH];
	out->allow = a[FSK_A_ALLOW];
	out->severity = (enum fsk_severity)a[FSK_A_SEVERITY];
	out->category = string_at(db, a + FSK_A_CATEGORY);
	out->since = fsk_get32(a + FSK_A_SINCE);
	out->case_number = string_at(db, a + FSK_A_CASE);
	out->class = fsk_get16(a + FSK_A_CLASS);
	out->answer = answer_of(db, out->class);
	out->feeds = fsk_get16(a + FSK_A_FEEDS);
}

const struct fsk_answer *
fsk_db_answer(const struct fsk_db *db, uint32_t i)
{
	return &db->answers[i];
}

const struct fsk_policy *
fsk_db_policy(const struct fsk_db *db)
{
	return db->policy;
}

void
fsk_db_feed_info(const struct fsk_db *db, uint32_t i, struct fsk_feed *out)
{
	const uint8_t *f = db->sec[FSK_SEC_FEEDS].at + (size_t)i * FSK_FEED_LEN;

	out->name = string_at(db, f + FSK_F_NAME);
	out->authority = string_at(db, f + FSK_F_AUTHORITY);
	out->legal_basis = string_at(db, f + FSK_F_LEGAL);
	out->contact = string_at(db, f + FSK_F_CONTACT);
	out->entries = fsk_get64(f + FSK_F_ENTRIES);
}

const char *
fsk_db_feed(const struct fsk_db *db, uint32_t i, uint64_t *entries)
{
	const uint8_t *f = db->sec[FSK_SEC_FEEDS].at + (size_t)i * FSK_FEED_LEN;

	if (entries != NULL)
		*entries = fsk_get64(f + FSK_F_ENTRIES);
	return string_at(db, f + FSK_F_NAME);
}

uint32_t
fsk_db_attr_feed_row(const struct fsk_db *db, uint32_t attr, unsigned i)
{
	const uint8_t *a = db->attrs + (size_t)attr * FSK_ATTR_LEN;
	size_t row = (size_t)fsk_get32(a + FSK_A_FEEDSET) + i;

	return fsk_get16(db->sec[FSK_SEC_FEEDSETS].at + 2 * row);
}

const char *
fsk_db_attr_feed(const struct fsk_db *db, uint32_t attr, unsigned i)
{
	return fsk_db_feed(db, fsk_db_attr_feed_row(db, attr, i), NULL);
}

void
fsk_db_set_note(
    const struct fsk_db *db, void *note, void (*free_note)(void *note))
{
	struct fsk_db *own = (struct fsk_db *)(uintptr_t)db;

	own->free_note = free_note;
	atomic_store_explicit(&own->note, note, memory_order_release);
}

const void *
fsk_db_note(const struct fsk_db *db)
{
	return atomic_load_explicit(&db->note, memory_order_acquire);
}

void
fsk_db_info(const struct fsk_db *db, struct fsk_db_info *info)
{
	const uint8_t *h = db->base;

	info->mode = (enum fsk_db_mode)h[FSK_H_MODE];
	info->serial = fsk_get64(h + FSK_H_SERIAL);
	info->created = (int64_t)fsk_get64(h + FSK_H_CREATED);
	info->entries = fsk_get64(h + FSK_H_ENTRIES);
	info->lines = db->sec[FSK_SEC_LINES].len / FSK_LINE_LEN;
	info->bytes = db->len;
	info->attrs = db->nattrs;
	info->feeds = db->nfeeds;
	info->answers = db->nanswers;
	info->urls = db->nurls;
	memcpy(info->build_id, h + FSK_H_BUILD_ID, sizeof(info->build_id));
}

bool
fsk_db_section(const struct fsk_db *db, unsigned i, struct fsk_db_section *out)
{
	const uint8_t *row;
	uint32_t type;

	if (i >= fsk_get32(db->base + FSK_H_SECTIONS))
		return false;
	row = db->base + FSK_H_TABLE + i * FSK_SECTION_LEN;
	type = fsk_get32(row + FSK_S_TYPE);
	out->name = type > 0 && type < FSK_SEC_KNOWN ? section_names[type]
						     : "unknown";
	out->offset = fsk_get64(row + FSK_S_OFFSET);
	out->length = fsk_get64(row + FSK_S_LENGTH);
	return true;
}

void
fsk_db_count(const struct fsk_db *db, uint64_t *count)
{
	const unsigned width = db->attr_width;
	const size_t step = db->secret ? FSK_REC_PRINT_LEN + width : width;

	for (unsigned i = 0; i < 1u << db->part_bits; i++) {
		for (uint32_t j = db->part_line[i]; j < db->part_line[i + 1];
		     j++) {
			const uint8_t *line = db->lines +
			    (size_t)j * FSK_LINE_LEN;
			const unsigned n = line[FSK_L_COUNT];
			const uint8_t *attr = db->recs + db->part_recs[i] +
			    fsk_get32(line + FSK_L_BLOCK) +
			    (db->secret ? FSK_REC_PRINT_LEN : n);

			for (unsigned k = 0; k < n; k++, attr += step)
				count[fsk_get_width(attr, width)]++;
		}
	}
}

/* Reads the name that stands at REC as it is, filled up with zeroes. */
static bool
raw_name(struct fsk_name *name, const uint8_t *rec)
{
	size_t len = 0;

	while (len < FSK_REC_RAW && rec[len] != 0)
		len += rec[len] + 1u;
	return len < FSK_REC_RAW && fsk_name_from_wire(name, rec, len + 1);
}

int
fsk_db_each(const struct fsk_db *db,
    int (*each)(void *arg, const struct fsk_name *name, uint32_t attr),
    void *arg, struct fsk_error *err)
{
	const unsigned width = db->attr_width;

	if (db->secret)
		return fsk_fail(
		    err, FSK_EINVAL, "a secret database keeps no names");
	for (unsigned i = 0; i < 1u << db->part_bits; i++) {
		for (uint32_t j = db->part_line[i]; j < db->part_line[i + 1];
		     j++) {
			const uint8_t *line = db->lines +
			    (size_t)j * FSK_LINE_LEN;
			const uint8_t *block = db->recs + db->part_recs[i] +
			    fsk_get32(line + FSK_L_BLOCK);
			unsigned count = line[FSK_L_COUNT];
			const uint8_t *rec = block +
			    (size_t)count * (1 + width);

			for (unsigned k = 0; k < count; rec += block[k++]) {
				struct fsk_name name;
				int rc;

				if (block[k] == FSK_REC_RAW
					? !raw_name(&name, rec)
					: !fsk_code_decode(
					      &db->code, rec, block[k], &name))
					return fsk_fail(err, FSK_ECORRUPT,
					    "a name in line %u cannot be "
					    "decoded",
					    j);
				rc = each(arg, &name,
				    fsk_get_width(
					block + count + (size_t)k * width,
					width));
				if (rc != 0)
					return rc;
			}
		}
	}
	return 0;
}
