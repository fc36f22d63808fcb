/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything is checked here, and nowhere later. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/checksum.h"
#include "lib/db_answer.h"
#include "lib/db_inside.h"

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

/* No checksum covers the octets between sections, so they are all zero. */
static int
check_gaps(const struct check *c)
{
	const uint8_t *base = c->db->base;
	const uint32_t n = fsk_get32(base + FSK_H_SECTIONS);
	uint64_t at = FSK_HEADER_LEN;

	while (at < c->db->len) {
		uint64_t end = at, next = c->db->len;

		for (uint32_t i = 0; i < n; i++) {
			const uint8_t *row = base + FSK_H_TABLE +
			    i * FSK_SECTION_LEN;
			uint64_t from = fsk_get64(row + FSK_S_OFFSET);
			uint64_t to = from + fsk_get64(row + FSK_S_LENGTH);

			if (from > at)
				next = from < next ? from : next;
			else
				end = to > end ? to : end;
		}
		if (end > at) {
			at = end;
			continue;
		}
		for (; at < next; at++)
			if (base[at] != 0)
				return CORRUPT(c, "octet %llu is in no section",
				    (unsigned long long)at);
	}
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
	if (fsk_get64(db->base + FSK_H_LINES) != lines->len / FSK_LINE_LEN)
		return CORRUPT(c, "its header has another number of lines");
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

int
db_check_header(struct fsk_db *db, const char *path, struct fsk_error *err)
{
	const struct check c = { .db = db, .path = path, .err = err };

	return check_header(&c);
}

int
db_check(struct fsk_db *db, const char *path, bool nested, bool pass,
    struct fsk_error *err)
{
	const struct check c = { db, path, nested, pass, err };
	int rc = check_header(&c);

	if (rc == FSK_OK)
		rc = check_sections(&c);
	if (rc == FSK_OK)
		rc = check_gaps(&c);
	if (rc == FSK_OK)
		rc = check_tables(&c);
	if (rc == FSK_OK)
		rc = check_lines(&c);
	if (rc == FSK_OK)
		rc = check_urls(&c);
	return rc;
}
