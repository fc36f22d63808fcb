/* SPDX-License-Identifier: BSD-3-Clause */
/* Damaged and hostile files: a clear error, never a crash, never a wrong
 * verdict. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db.h"
#include "tests/lib/kit.h"
#include "tests/lib/sums.h"

static uint8_t *image; /* a good database */
static size_t len;
static struct kit_list list;

static void
setup(void)
{
	const struct kit_build b = { .mode = FSK_NAMES, .urls = 4 };
	struct fsk_writer_result result;
	struct fsk_error err;

	kit_setup();
	memset(&list, 0, sizeof(list));
	kit_add_text(&list, "evil.test", FSK_SUBTREE, RED_A);
	kit_add_text(&list, "evil.test", FSK_SUBTREE, YELLOW_B);
	kit_add_text(&list, "below.test", FSK_BELOW, YELLOW_B);
	kit_add_text(&list, "exact.test", FSK_EXACT, RED_C);
	kit_add_text(&list, "good.evil.test", FSK_SUBTREE, ALLOW_D);
	ck_assert_int_eq(
	    kit_publish(&list, kit_path("good"), &b, &result, &err), FSK_OK);
	image = kit_read(kit_path("good"), &len);
}

static void
teardown(void)
{
	free(image);
	kit_free(&list);
	kit_teardown();
}

/* Opens the octets at P as a file of its own. */
static int
open_image(
    const uint8_t *p, size_t n, struct fsk_db **db, struct fsk_error *err)
{
	kit_write(kit_path("damaged"), p, n);
	return fsk_db_open(db, kit_path("damaged"), FSK_DB_COPY, err);
}

static bool
blocks(const struct fsk_db *db, const char *text)
{
	struct fsk_name name = kit_name(text);
	struct fsk_found found;
	struct fsk_query q;
	struct fsk_attr a;

	fsk_db_query(db, &q, name.wire, name.len);
	fsk_db_find(db, &q, &found);
	if (found.covered)
		fsk_db_attr(db, found.attr, &a);
	return found.covered && !a.allow;
}

static void
expect_good_verdicts(const struct fsk_db *db)
{
	ck_assert(blocks(db, "evil.test"));
	ck_assert(blocks(db, "www.evil.test"));
	ck_assert(blocks(db, "exact.test"));
	ck_assert(blocks(db, "a.below.test"));
	ck_assert(!blocks(db, "below.test"));
	ck_assert(!blocks(db, "www.exact.test"));
	ck_assert(!blocks(db, "good.evil.test"));
	ck_assert(!blocks(db, "notevil.test"));
	ck_assert(!blocks(db, "test"));
}

START_TEST(every_truncation_is_refused)
{
	struct fsk_error err;
	struct fsk_db *db;

	for (size_t n = 0; n < len; n++) {
		ck_assert_int_ne(open_image(image, n, &db, &err), FSK_OK);
		ck_assert_ptr_null(db);
		ck_assert_ptr_nonnull(strstr(err.text, "damaged"));
	}
	ck_assert_int_eq(open_image(image, len, &db, &err), FSK_OK);
	expect_good_verdicts(db);
	fsk_db_close(db);
}
END_TEST

START_TEST(octets_behind_the_end_are_refused)
{
	uint8_t *longer = calloc(1, len + 64);
	struct fsk_error err;
	struct fsk_db *db;

	ck_assert_ptr_nonnull(longer);
	memcpy(longer, image, len);
	for (size_t n = 1; n <= 64; n++) {
		ck_assert_int_eq(
		    open_image(longer, len + n, &db, &err), FSK_ECORRUPT);
		ck_assert_ptr_null(db);
	}
	free(longer);
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
	uint8_t *copy = aligned_alloc(64, (len + 63) / 64 * 64);
	struct fsk_error err;
	struct fsk_db *db;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, image, len);
	for (size_t at = 0; at < len; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			int rc;

			copy[at] ^= (uint8_t)(1u << bit);
			rc = fsk_db_open_memory(&db, copy, len, &err);
			ck_assert_msg(
			    rc != FSK_OK, "octet %zu bit %u", at, bit);
			ck_assert_ptr_null(db);
			copy[at] ^= (uint8_t)(1u << bit);
		}
	free(copy);
}
END_TEST

/* Values that someone wrote on purpose, with checksums that fit.  SECTION 0 is
 * the header, above 100 the row of section N - 100 in the section table. */
static const struct {
	const char *what;
	unsigned section, at, width;
	uint64_t to;
} hostile[] = {
	{ "major version", 0, FSK_H_MAJOR, 2, FSK_MAJOR + 1 },
	{ "byte order", 0, FSK_H_BYTE_ORDER, 4, 0x04030201 },
	{ "file length", 0, FSK_H_FILE_LEN, 8, 1 },
	{ "mode", 0, FSK_H_MODE, 1, 3 },
	{ "partition bits", 0, FSK_H_PART_BITS, 1, 9 },
	{ "more partitions than there are", 0, FSK_H_PART_BITS, 1, 8 },
	{ "attribute width", 0, FSK_H_ATTR_WIDTH, 1, 4 },
	{ "no chain", 0, FSK_H_MAX_CHAIN, 1, 0 },
	{ "endless chain", 0, FSK_H_MAX_CHAIN, 1, 9 },
	{ "unknown flag", 0, FSK_H_FLAGS, 4, 2 },
	{ "entries", 0, FSK_H_ENTRIES, 8, 99 },
	{ "lines", 0, FSK_H_LINES, 8, 99 },
	{ "sections", 0, FSK_H_SECTIONS, 4, 65 },
	{ "a section too few", 0, FSK_H_SECTIONS, 4, 8 },
	{ "section beyond the file", 102, FSK_S_OFFSET, 8, 1 << 20 },
	{ "section that overflows", 102, FSK_S_OFFSET, 8, ~63ull },
	{ "section length that overflows", 102, FSK_S_LENGTH, 8, ~0ull },
	{ "section in the header", 102, FSK_S_OFFSET, 8, 64 },
	{ "unaligned section", 102, FSK_S_OFFSET, 8, 4097 },
	{ "section twice", 102, FSK_S_TYPE, 4, 1 },
	{ "unknown section", 102, FSK_S_TYPE, 4, 1000 },
	{ "records too short", 101, FSK_S_LENGTH, 8, 63 },
	{ "partition without lines", 3, FSK_P_LINES, 4, 0 },
	{ "partition with too many lines", 3, FSK_P_LINES, 4, 1000 },
	{ "partition beyond the lines", 3, FSK_P_LINE, 4, ~0u },
	{ "partition beyond the records", 3, FSK_P_RECS, 8, 1 << 20 },
	{ "records that overflow", 3, FSK_P_RECS_LEN, 8, ~0ull },
	{ "too many slots", 2, FSK_L_COUNT, 1, 29 },
	{ "more slots than records", 2, FSK_L_COUNT, 1, 28 },
	{ "block beyond", 2, FSK_L_BLOCK, 4, ~0u },
	{ "name longer than the block", 1, 0, 1, 254 },
	{ "code word of no length", 4, 0, 1, 0 },
	{ "code word too long", 4, 5, 1, 13 },
	{ "code not complete", 4, 7, 1, 1 },
	{ "too many top-level domains", 4, 1600, 2, 256 },
	{ "match", 5, FSK_A_MATCH, 1, 3 },
	{ "allow", 5, FSK_A_ALLOW, 1, 2 },
	{ "severity", 5, FSK_A_SEVERITY, 1, 0 },
	{ "class", 5, FSK_A_CLASS, 2, 77 },
	{ "number of feeds", 5, FSK_A_FEEDS, 2, 999 },
	{ "feed set", 5, FSK_A_FEEDSET, 4, ~0u },
	{ "category", 5, FSK_A_CATEGORY, 4, 1 << 20 },
	{ "case number", 5, FSK_A_CASE, 4, 1 << 20 },
	{ "feed in a set", 6, 0, 2, 99 },
	{ "name of a feed", 7, FSK_F_NAME, 4, 1 << 20 },
	{ "authority of a feed", 7, FSK_F_AUTHORITY, 4, 1 << 20 },
	{ "legal basis of a feed", 7, FSK_F_LEGAL, 4, 1 << 20 },
	{ "contact of a feed", 7, FSK_F_CONTACT, 4, 1 << 20 },
	{ "action", 8, FSK_N_ACTION, 1, FSK_ACTIONS },
	{ "too many addresses", 8, FSK_N_COUNT4, 1, 5 },
	{ "too many IPv6 addresses", 8, FSK_N_COUNT6, 1, 255 },
	{ "TTL", 8, FSK_N_TTL, 4, 1ull << 31 },
	{ "text of an answer", 8, FSK_N_TEXT, 4, 1 << 20 },
	{ "alias of an answer", 8, FSK_N_CNAME, 4, 1 << 20 },
	{ "alias to nowhere", 8, FSK_N_ACTION, 1, FSK_CNAME },
	{ "SOA of an answer", 8, FSK_N_RNAME, 4, 1 << 20 },
	{ "URLs out of order", 10, 0, 8, ~0ull },
	{ "attribute set of a URL", 10, 8, 4, 999 },
};

START_TEST(hostile_values_are_refused)
{
	uint8_t *at = image, value[8];
	struct fsk_error err = { 0 };
	struct fsk_db *db;

	if (hostile[_i].section > 100)
		at = section_row(image, hostile[_i].section - 100);
	else if (hostile[_i].section > 0)
		at = image +
		    fsk_get64(
			section_row(image, hostile[_i].section) + FSK_S_OFFSET);
	fsk_put64(value, hostile[_i].to);
	memcpy(at + hostile[_i].at, value, hostile[_i].width);
	fix_sums(image, len);
	ck_assert_msg(open_image(image, len, &db, &err) != FSK_OK, "%s",
	    hostile[_i].what);
	ck_assert_ptr_null(db);
	ck_assert(err.code == FSK_ECORRUPT || err.code == FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "damaged"));
	/* The change, not the summing up, is what is refused. */
	ck_assert_ptr_null(strstr(err.text, "checksum"));
}
END_TEST

/* A look-up takes the end of a partition's lines from the next one's start. */
START_TEST(partitions_out_of_order_are_refused)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct fsk_writer_result result;
	uint8_t first[FSK_PART_LEN], *rows, *many;
	struct kit_list l = { 0 };
	struct fsk_error err = { 0 };
	struct fsk_db *db;
	size_t n;

	for (unsigned i = 0; i < 10000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "name%u.test", i);
		kit_add_text(&l, text, FSK_SUBTREE, RED_A);
	}
	ck_assert_int_eq(
	    kit_publish(&l, kit_path("many"), &b, &result, &err), FSK_OK);
	many = kit_read(kit_path("many"), &n);
	ck_assert_int_ge(many[FSK_H_PART_BITS], 1);
	rows = many +
	    fsk_get64(section_row(many, FSK_SEC_PARTS) + FSK_S_OFFSET);
	memcpy(first, rows, sizeof(first));
	memcpy(rows, rows + FSK_PART_LEN, sizeof(first));
	memcpy(rows + FSK_PART_LEN, first, sizeof(first));
	fix_sums(many, n);
	ck_assert_int_eq(open_image(many, n, &db, &err), FSK_ECORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "partition 0"));
	free(many);
	kit_free(&l);
}
END_TEST

START_TEST(an_unknown_optional_section_is_passed_over)
{
	uint8_t *row = image + FSK_H_TABLE +
	    fsk_get32(image + FSK_H_SECTIONS) * FSK_SECTION_LEN;
	struct fsk_error err;
	struct fsk_db *db;

	fsk_put32(row + FSK_S_TYPE, 48);
	fsk_put32(row + FSK_S_FLAGS, FSK_SECTION_OPTIONAL);
	fsk_put64(row + FSK_S_OFFSET, FSK_HEADER_LEN);
	fsk_put64(row + FSK_S_LENGTH, 0);
	fsk_put32(
	    image + FSK_H_SECTIONS, fsk_get32(image + FSK_H_SECTIONS) + 1);
	fix_sums(image, len);
	ck_assert_int_eq(open_image(image, len, &db, &err), FSK_OK);
	expect_good_verdicts(db);
	fsk_db_close(db);
}
END_TEST

START_TEST(a_copy_survives_what_happens_to_the_file)
{
	struct fsk_error err;
	struct fsk_db *db;

	ck_assert_int_eq(
	    fsk_db_open(&db, kit_path("good"), FSK_DB_COPY, &err), FSK_OK);
	ck_assert_int_eq(truncate(kit_path("good"), 10), 0);
	expect_good_verdicts(db);
	kit_write(kit_path("good"), "rubbish", 7);
	expect_good_verdicts(db);
	ck_assert_int_eq(unlink(kit_path("good")), 0);
	expect_good_verdicts(db);
	fsk_db_close(db);
}
END_TEST

/* Not all of it is read to find out that it is none. */
START_TEST(a_huge_file_is_refused_by_its_header)
{
	const char *path = kit_path("huge");
	struct fsk_error err = { 0 };
	struct fsk_db *db;

	kit_write(path, image, len);
	ck_assert_int_eq(truncate(path, 1ll << 40), 0);
	ck_assert_int_eq(
	    fsk_db_open(&db, path, FSK_DB_COPY, &err), FSK_ECORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "its header says"));
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(truncate(path, 1ll << 40), 0);
	ck_assert_int_eq(
	    fsk_db_open(&db, path, FSK_DB_COPY, &err), FSK_EFORMAT);
	ck_assert_ptr_null(db);
}
END_TEST

START_TEST(memory_must_be_aligned)
{
	uint8_t *memory = aligned_alloc(64, (len + 64) / 64 * 64 + 64);
	struct fsk_error err = { 0 };
	struct fsk_db *db;

	ck_assert_ptr_nonnull(memory);
	for (unsigned at = 0; at <= 16; at++) {
		memcpy(memory + at, image, len);
		if (at % 16 == 0) {
			ck_assert_int_eq(
			    fsk_db_open_memory(&db, memory + at, len, &err),
			    FSK_OK);
			expect_good_verdicts(db);
			fsk_db_close(db);
		} else {
			ck_assert_int_eq(
			    fsk_db_open_memory(&db, memory + at, len, &err),
			    FSK_EINVAL);
			ck_assert_ptr_null(db);
		}
	}
	free(memory);
}
END_TEST

START_TEST(what_is_no_database_is_told_by_name)
{
	struct fsk_error err;
	struct fsk_db *db;

	for (int load = FSK_DB_MAP; load <= FSK_DB_COPY; load++) {
		enum fsk_db_load how = (enum fsk_db_load)load;

		ck_assert_int_eq(
		    fsk_db_open(&db, kit_path("absent"), how, &err), FSK_EIO);
		ck_assert_ptr_nonnull(strstr(err.text, "absent"));
		kit_write(kit_path("empty"), "", 0);
		ck_assert_int_eq(fsk_db_open(&db, kit_path("empty"), how, &err),
		    FSK_EFORMAT);
		ck_assert_ptr_nonnull(strstr(err.text, "is empty"));
		kit_write(kit_path("text"), "evil.test\n", 10);
		ck_assert_int_eq(
		    fsk_db_open(&db, kit_path("text"), how, &err), FSK_EFORMAT);
		ck_assert_ptr_nonnull(strstr(err.text, "text"));
		ck_assert_int_eq(
		    fsk_db_open(&db, kit_dir, how, &err), FSK_EFORMAT);
		ck_assert_ptr_null(db);
	}
}
END_TEST

/* ---- all entries of a name ---- */

/* How many entries of L stand at WIRE or above it. */
static unsigned
standing(const struct kit_list *l, const struct fsk_name *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct fsk_name *e = &l->entry[i].name;
		const uint8_t *up = name->wire;

		while (name->wire + name->len - up > e->len)
			up += *up + 1u;
		n += name->wire + name->len - up == e->len &&
		    memcmp(up, e->wire, e->len) == 0;
	}
	return n;
}

/* Whether L has what E says of NAME. */
static bool
is_listed(const struct fsk_db *db, const struct kit_list *l,
    const struct fsk_name *name, const struct fsk_entry *e)
{
	const uint8_t *at = fsk_name_parent(
	    name->wire, fsk_name_labels(name->wire) - e->labels);
	struct fsk_attr a;

	fsk_db_attr(db, e->attr, &a);
	for (size_t i = 0; i < l->n; i++)
		if (l->entry[i].match == a.match &&
		    l->entry[i].allow == a.allow &&
		    l->entry[i].name.len == name->wire + name->len - at &&
		    memcmp(l->entry[i].name.wire, at, l->entry[i].name.len) ==
			0)
			return true;
	return false;
}

START_TEST(all_entries_at_and_above_a_name_are_told)
{
	const struct kit_build b = { .mode = _i ? FSK_SECRET : FSK_NAMES };
	struct fsk_entry at[FSK_ENTRIES_MAX];
	struct kit_list l = { 0 };
	struct fsk_db *db;
	unsigned several = 0;

	kit_seed(21);
	kit_add_nested(&l, 1500);
	db = kit_open(&l, &b);
	for (unsigned i = 0; i < 3000; i++) {
		struct fsk_name name = kit_question(&l);
		bool blocks = false;
		struct fsk_found found;
		struct fsk_query q;
		struct fsk_attr a;
		unsigned n;

		fsk_db_query(db, &q, name.wire, name.len);
		n = fsk_db_entries(db, &q, at);
		ck_assert_uint_eq(n, standing(&l, &name));
		for (unsigned j = 0; j < n; j++) {
			ck_assert(is_listed(db, &l, &name, &at[j]));
			if (j > 0)
				ck_assert_uint_le(
				    at[j - 1].labels, at[j].labels);
			for (unsigned k = 0; k < j; k++)
				ck_assert(at[j].labels != at[k].labels ||
				    at[j].attr != at[k].attr);
			fsk_db_attr(db, at[j].attr, &a);
			blocks |= !a.allow;
		}
		fsk_db_find(db, &q, &found);
		ck_assert_int_eq(found.touched, blocks);
		several += n > 4;
	}
	ck_assert_uint_gt(several, 100);
	fsk_db_close(db);
	kit_free(&l);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/db_read");
	TCase *tc = tcase_create("damage");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_truncation_is_refused);
	tcase_add_test(tc, octets_behind_the_end_are_refused);
	tcase_add_test(tc, every_flipped_bit_is_refused);
	tcase_add_loop_test(tc, hostile_values_are_refused, 0,
	    sizeof(hostile) / sizeof(*hostile));
	tcase_add_test(tc, partitions_out_of_order_are_refused);
	tcase_add_test(tc, an_unknown_optional_section_is_passed_over);
	tcase_add_test(tc, a_copy_survives_what_happens_to_the_file);
	tcase_add_test(tc, a_huge_file_is_refused_by_its_header);
	tcase_add_test(tc, memory_must_be_aligned);
	tcase_add_test(tc, what_is_no_database_is_told_by_name);
	suite_add_tcase(s, tc);
	tc = tcase_create("entries");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(tc, all_entries_at_and_above_a_name_are_told, 0, 2);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
