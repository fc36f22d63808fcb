/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "lib/db_inside.h"

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
