/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/bypass.c */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bypass.h"
#include "lib/bytes.h"
#include "lib/checksum.h"
#include "tests/lib/kit.h"

#define HEAD 64
#define ROW  704

static struct fsk_bypass
by_name(const char *name)
{
	return (struct fsk_bypass){ .kind = FSK_BYPASS_NAME,
		.since = 100,
		.until = 200,
		.name = kit_name(name),
		.by = "me",
		.why = "because" };
}

static struct fsk_bypass
by_group(const char *group)
{
	struct fsk_bypass b = {
		.kind = FSK_BYPASS_GROUP, .since = 100, .until = 200
	};

	snprintf(b.group, sizeof(b.group), "%s", group);
	return b;
}

static struct fsk_bypass
by_address(const char *prefix)
{
	struct fsk_bypass b = {
		.kind = FSK_BYPASS_ADDRESS, .since = 100, .until = 200
	};
	unsigned bits;

	ck_assert_ptr_null(fsk_prefix_read(prefix, b.addr, &bits));
	b.bits = (uint8_t)bits;
	return b;
}

/* ---- files ---- */

static const char *
store(const void *bytes, size_t len)
{
	const char *path = kit_path("db.bypass");

	kit_write(path, bytes, len);
	return path;
}

START_TEST(what_is_packed_comes_back)
{
	struct fsk_bypass at[3] = { by_name("a.example"), by_group("schools"),
		by_address("192.0.2.0/24") };
	const struct fsk_bypasses all = { 3, at };
	struct fsk_bypasses back;
	struct fsk_error err = { 0 };
	size_t len;
	uint8_t *bytes = fsk_bypasses_pack(&all, &len);

	ck_assert_uint_eq(len, HEAD + 3 * ROW);
	ck_assert_msg(
	    fsk_bypasses_read(&back, store(bytes, len), &err) == FSK_OK, "%s",
	    err.text);
	ck_assert_uint_eq(back.n, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq((int)back.at[i].kind, (int)at[i].kind);
		ck_assert_int_eq(back.at[i].since, 100);
		ck_assert_int_eq(back.at[i].until, 200);
		ck_assert_uint_eq(back.at[i].bits, at[i].bits);
		ck_assert_mem_eq(back.at[i].addr, at[i].addr, 16);
		ck_assert_str_eq(back.at[i].group, at[i].group);
		ck_assert_str_eq(back.at[i].by, at[i].by);
		ck_assert_str_eq(back.at[i].why, at[i].why);
	}
	ck_assert_uint_eq(back.at[0].name.len, at[0].name.len);
	ck_assert_mem_eq(back.at[0].name.wire, at[0].name.wire, at[0].name.len);
	fsk_bypasses_fini(&back);
	ck_assert_uint_eq(back.n, 0);
	fsk_bypasses_fini(&back);
	free(bytes);
}
END_TEST

START_TEST(no_file_is_no_bypass)
{
	struct fsk_bypasses b;
	struct fsk_error err;
	const struct fsk_bypasses none = { 0, NULL };
	size_t len;
	uint8_t *bytes;

	memset(&b, 0xff, sizeof(b));
	ck_assert_int_eq(fsk_bypasses_read(&b, kit_path("x"), &err), FSK_OK);
	ck_assert_uint_eq(b.n, 0);
	bytes = fsk_bypasses_pack(&none, &len);
	ck_assert_uint_eq(len, HEAD);
	ck_assert_int_eq(
	    fsk_bypasses_read(&b, store(bytes, len), &err), FSK_OK);
	ck_assert_uint_eq(b.n, 0);
	fsk_bypasses_fini(&b);
	free(bytes);
}
END_TEST

START_TEST(the_most_there_can_be)
{
	struct fsk_bypasses all = { FSK_BYPASSES_MAX,
		calloc(FSK_BYPASSES_MAX, sizeof(*all.at)) };
	struct fsk_bypasses back;
	struct fsk_error err;
	size_t len;
	uint8_t *bytes;

	for (unsigned i = 0; i < FSK_BYPASSES_MAX; i++)
		all.at[i] = by_name("a.example");
	bytes = fsk_bypasses_pack(&all, &len);
	ck_assert_int_eq(
	    fsk_bypasses_read(&back, store(bytes, len), &err), FSK_OK);
	ck_assert_uint_eq(back.n, FSK_BYPASSES_MAX);
	fsk_bypasses_fini(&back);
	/* One more, as far as the file says. */
	bytes = realloc(bytes, len + ROW);
	memset(bytes + len, 0, ROW);
	fsk_put32(bytes + 12, FSK_BYPASSES_MAX + 1);
	ck_assert_int_eq(
	    fsk_bypasses_read(&back, store(bytes, len + ROW), &err),
	    FSK_ECORRUPT);
	ck_assert_uint_eq(back.n, 0);
	free(bytes);
	free(all.at);
}
END_TEST

/* Makes the checksum of BYTES fit what follows the head. */
static void
seal(uint8_t *bytes, size_t len)
{
	fsk_put64(bytes + 16, fsk_checksum(bytes + HEAD, len - HEAD));
}

/* An octet of the row that is set to something, and whether that is good. */
static const struct {
	size_t at;
	uint8_t value;
	bool good;
} rows[] = {
	{ 16, 0, false }, /* kind */
	{ 16, 4, false },
	{ 16, 255, false },
	{ 16, 2, true },
	{ 17, 129, false }, /* bits */
	{ 17, 128, true },
	{ 18, 0, false }, /* length of the name */
	{ 18, 10, false },
	{ 18, 12, false },
	{ 18, 255, false },
	{ 40, 64, false }, /* its first label */
	{ 40, 200, false },
	{ 40, 0, false },
	{ 41, 'A', true },
	{ 41, 0, true },
};

START_TEST(rows_that_cannot_be)
{
	struct fsk_bypass at[1] = { by_name("a.example") };
	const struct fsk_bypasses all = { 1, at };
	struct fsk_bypasses back;
	struct fsk_error err = { 0 };
	size_t len;
	uint8_t *bytes = fsk_bypasses_pack(&all, &len);
	int rc;

	bytes[HEAD + rows[_i].at] = rows[_i].value;
	/* Found out by the checksum, and where that fits by itself. */
	ck_assert_int_eq(
	    fsk_bypasses_read(&back, store(bytes, len), &err), FSK_ECORRUPT);
	seal(bytes, len);
	rc = fsk_bypasses_read(&back, store(bytes, len), &err);
	ck_assert_int_eq(rc, rows[_i].good ? FSK_OK : FSK_ECORRUPT);
	if (!rows[_i].good)
		ck_assert_ptr_nonnull(
		    strstr(err.text, "a row is out of range"));
	fsk_bypasses_fini(&back);
	free(bytes);
}
END_TEST

START_TEST(texts_without_an_end)
{
	static const size_t texts[] = { 296, 424, 552 };
	struct fsk_bypass at[1] = { by_name("a.example") };
	const struct fsk_bypasses all = { 1, at };
	struct fsk_bypasses back;
	struct fsk_error err;
	size_t len;
	uint8_t *bytes = fsk_bypasses_pack(&all, &len);

	memset(bytes + HEAD + texts[_i], 'x', FSK_BYPASS_TEXT);
	seal(bytes, len);
	ck_assert_int_eq(
	    fsk_bypasses_read(&back, store(bytes, len), &err), FSK_ECORRUPT);
	ck_assert_uint_eq(back.n, 0);
	free(bytes);
}
END_TEST

START_TEST(damaged_files)
{
	struct fsk_bypass at[2] = { by_name("a.example"), by_group("g") };
	const struct fsk_bypasses all = { 2, at };
	struct fsk_bypasses back;
	struct fsk_error err = { 0 };
	size_t len;
	uint8_t *bytes = fsk_bypasses_pack(&all, &len);

	/* Cut off anywhere, or too long. */
	for (size_t n = 0; n < len; n += 13) {
		ck_assert_int_ne(
		    fsk_bypasses_read(&back, store(bytes, n), &err), FSK_OK);
		ck_assert_uint_eq(back.n, 0);
		ck_assert_ptr_nonnull(strstr(err.text, "db.bypass"));
	}
	bytes = realloc(bytes, len + 1);
	bytes[len] = 0;
	ck_assert_int_eq(fsk_bypasses_read(&back, store(bytes, len + 1), &err),
	    FSK_ECORRUPT);
	/* A bit anywhere but in the head's unused part. */
	for (size_t i = 0; i < len; i += 7) {
		if (i >= 24 && i < HEAD)
			continue;
		bytes[i] ^= 4;
		ck_assert_int_ne(
		    fsk_bypasses_read(&back, store(bytes, len), &err), FSK_OK);
		bytes[i] ^= 4;
	}
	/* A later version. */
	fsk_put32(bytes + 8, 2);
	ck_assert_int_eq(
	    fsk_bypasses_read(&back, store(bytes, len), &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "needs a later version"));
	/* A folder, and what cannot be opened. */
	ck_assert_int_eq(mkdir(kit_path("folder"), 0755), 0);
	ck_assert_int_ne(
	    fsk_bypasses_read(&back, kit_path("folder"), &err), FSK_OK);
	ck_assert_int_eq(
	    fsk_bypasses_read(&back, kit_path("folder/a/b"), &err), FSK_OK);
	ck_assert_int_eq(
	    fsk_bypasses_read(&back, kit_path("db.bypass/a"), &err), FSK_EIO);
	free(bytes);
}
END_TEST

START_TEST(long_texts_are_cut)
{
	struct fsk_bypass at[1] = { by_name("a.example") };
	const struct fsk_bypasses all = { 1, at };
	struct fsk_bypasses back;
	struct fsk_error err;
	size_t len;
	uint8_t *bytes;

	memset(at[0].why, 'x', sizeof(at[0].why)); /* without an end */
	bytes = fsk_bypasses_pack(&all, &len);
	ck_assert_int_eq(
	    fsk_bypasses_read(&back, store(bytes, len), &err), FSK_OK);
	ck_assert_uint_eq(strlen(back.at[0].why), FSK_BYPASS_TEXT - 1);
	fsk_bypasses_fini(&back);
	free(bytes);
}
END_TEST

/* ---- look-ups ---- */

static const struct fsk_bypass *
find(const struct fsk_bypasses *all, const char *name, const char *group,
    const char *client, int64_t now)
{
	const struct fsk_name n = kit_name(name);
	uint8_t addr[FSK_ADDR_LEN];
	struct fsk_query q;
	struct fsk_key key;

	fsk_key_init(&key, kit_key);
	fsk_query_init(&q, &key, n.wire, n.len);
	if (client != NULL)
		ck_assert(fsk_addr_read(client, addr));
	return fsk_bypass_find(
	    all, &q, group, client != NULL ? addr : NULL, now);
}

START_TEST(names_with_all_below)
{
	struct fsk_bypass at[2] = { by_name("a.example"),
		by_name("x.b.example") };
	const struct fsk_bypasses all = { 2, at };

	ck_assert_ptr_eq(find(&all, "a.example", "", NULL, 150), &at[0]);
	ck_assert_ptr_eq(find(&all, "A.EXAMPLE", "", NULL, 150), &at[0]);
	ck_assert_ptr_eq(find(&all, "x.y.a.example", "g", "::1", 150), &at[0]);
	ck_assert_ptr_eq(find(&all, "x.b.example", "", NULL, 150), &at[1]);
	ck_assert_ptr_null(find(&all, "b.example", "", NULL, 150));
	ck_assert_ptr_null(find(&all, "xa.example", "", NULL, 150));
	ck_assert_ptr_null(find(&all, "example", "", NULL, 150));
	ck_assert_ptr_null(find(&all, "a.example.org", "", NULL, 150));
}
END_TEST

START_TEST(from_since_until_until)
{
	struct fsk_bypass at[1] = { by_name("a.example") };
	const struct fsk_bypasses all = { 1, at };

	ck_assert_ptr_null(find(&all, "a.example", "", NULL, 99));
	ck_assert_ptr_nonnull(find(&all, "a.example", "", NULL, 100));
	ck_assert_ptr_nonnull(find(&all, "a.example", "", NULL, 199));
	ck_assert_ptr_null(find(&all, "a.example", "", NULL, 200));
	ck_assert_ptr_null(find(&all, "a.example", "", NULL, INT64_MAX));
	ck_assert_ptr_null(find(&all, "a.example", "", NULL, INT64_MIN));
}
END_TEST

START_TEST(groups_and_addresses)
{
	struct fsk_bypass at[3] = { by_group("schools"),
		by_address("192.0.2.0/24"), by_address("2001:db8::/32") };
	const struct fsk_bypasses all = { 3, at };

	ck_assert_ptr_eq(find(&all, "a.example", "schools", NULL, 150), &at[0]);
	ck_assert_ptr_null(find(&all, "a.example", "school", NULL, 150));
	ck_assert_ptr_null(find(&all, "a.example", "", NULL, 150));
	ck_assert_ptr_eq(
	    find(&all, "a.example", "", "192.0.2.255", 150), &at[1]);
	ck_assert_ptr_null(find(&all, "a.example", "", "192.0.3.0", 150));
	ck_assert_ptr_eq(
	    find(&all, "a.example", "", "2001:db8:ffff::1", 150), &at[2]);
	ck_assert_ptr_null(find(&all, "a.example", "", "2001:db9::1", 150));
	/* The first that fits. */
	ck_assert_ptr_eq(
	    find(&all, "a.example", "schools", "192.0.2.1", 150), &at[0]);
}
END_TEST

START_TEST(whether_clients_differ)
{
	struct fsk_bypass at[2] = { by_name("a.example"),
		by_name("b.example") };
	const struct fsk_bypasses all = { 2, at };

	ck_assert(!fsk_bypasses_differ(&all));
	at[1] = by_group("g");
	ck_assert(fsk_bypasses_differ(&all));
	at[1] = by_address("::1");
	ck_assert(fsk_bypasses_differ(&all));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/bypass.c");
	TCase *tc = tcase_create("bypasses");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, what_is_packed_comes_back);
	tcase_add_test(tc, no_file_is_no_bypass);
	tcase_add_test(tc, the_most_there_can_be);
	tcase_add_loop_test(
	    tc, rows_that_cannot_be, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_loop_test(tc, texts_without_an_end, 0, 3);
	tcase_add_test(tc, damaged_files);
	tcase_add_test(tc, long_texts_are_cut);
	tcase_add_test(tc, names_with_all_below);
	tcase_add_test(tc, from_since_until_until);
	tcase_add_test(tc, groups_and_addresses);
	tcase_add_test(tc, whether_clients_differ);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
