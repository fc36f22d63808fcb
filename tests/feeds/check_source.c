/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/source.c and unpack_*.c: plain and compressed inputs, whole and not */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feeds/source.h"
#include "tests/lib/kit.h"

#define LEN 700000 /* more than all buffers */

static const char *const packers[] = { "cat", "gzip -c", "xz -c", "zstd -qc" };
static const char *const names[] = { "plain", "gzip", "xz", "zstd" };
#define PACKERS (sizeof(packers) / sizeof(*packers))

static uint8_t *original;

/* Makes LEN octets that compress somewhat, and packs them PIECES times, one
 * behind the other, to "packed". */
static void
pack(int packer, unsigned pieces)
{
	char command[512];

	kit_seed(1);
	original = malloc(LEN);
	ck_assert_ptr_nonnull(original);
	for (size_t i = 0; i < LEN; i++)
		original[i] = (uint8_t)('a' + kit_below(7));
	kit_write(kit_path("original"), original, LEN);
	unlink(kit_path("packed"));
	for (unsigned i = 0; i < pieces; i++) {
		snprintf(command, sizeof(command),
		    "cd %s && %s original >>packed", kit_dir, packers[packer]);
		ck_assert_int_eq(system(command), 0);
	}
}

/* Reads all of PATH in steps of STEP octets; returns what source_read() said
 * at the end, the octets in *GOT. */
static int
read_all(const char *path, size_t step, uint8_t **got, size_t *len,
    struct fsk_error *err)
{
	size_t room = 3 * LEN;
	struct source *s;
	ssize_t n;

	*got = malloc(room);
	ck_assert_ptr_nonnull(*got);
	*len = 0;
	n = source_open(&s, path, err);
	if (n != FSK_OK)
		return (int)n;
	while ((n = source_read(s, *got + *len,
		    step < room - *len ? step : room - *len, err)) > 0)
		*len += (size_t)n;
	source_close(s);
	return (int)n;
}

START_TEST(what_was_packed_comes_out)
{
	static const size_t steps[] = { 1000, 65536, 1 << 20 };
	struct fsk_error err;

	pack(_i, 2);
	for (size_t i = 0; i < 3; i++) {
		uint8_t *got;
		size_t len;

		ck_assert_int_eq(
		    read_all(kit_path("packed"), steps[i], &got, &len, &err),
		    0);
		ck_assert_uint_eq(len, 2 * LEN);
		ck_assert_int_eq(memcmp(got, original, LEN), 0);
		ck_assert_int_eq(memcmp(got + LEN, original, LEN), 0);
		free(got);
	}
	free(original);
}
END_TEST

/* Cut off anywhere, a packed file is an error that names the file; a plain one
 * is a shorter file. */
START_TEST(what_is_cut_off_is_an_error)
{
	struct fsk_error err;
	uint8_t *whole;
	size_t len;

	pack(_i, 1);
	whole = kit_read(kit_path("packed"), &len);
	for (unsigned i = 0; i < 60; i++) {
		size_t cut = i < 20 ? len - 1 - i
				    : 6 + kit_below((unsigned)len - 6);
		uint8_t *got;
		size_t n;
		int rc;

		kit_write(kit_path("cut"), whole, cut);
		rc = read_all(kit_path("cut"), 65536, &got, &n, &err);
		ck_assert_uint_le(n, LEN);
		ck_assert_int_eq(memcmp(got, original, n), 0);
		free(got);
		if (_i == 0) {
			ck_assert_int_eq(rc, 0);
			ck_assert_uint_eq(n, cut);
			continue;
		}
		ck_assert_msg(
		    rc == FSK_EFORMAT, "%zu of %zu octets: %d", cut, len, rc);
		ck_assert_ptr_nonnull(strstr(err.text, "/cut'"));
		ck_assert_ptr_nonnull(strstr(err.text, names[_i]));
	}
	free(whole);
	free(original);
}
END_TEST

/* An octet changed anywhere: an error, or (in what no check covers) the same
 * octets; never others and then success. */
START_TEST(what_is_damaged_never_succeeds_with_other_octets)
{
	struct fsk_error err;
	unsigned refused = 0;
	uint8_t *whole;
	size_t len;

	pack(_i, 1);
	whole = kit_read(kit_path("packed"), &len);
	for (unsigned i = 0; i < 60; i++) {
		size_t at = i < 12 ? i : kit_below((unsigned)len);
		uint8_t *got;
		size_t n;

		whole[at] ^= 0x10;
		kit_write(kit_path("bad"), whole, len);
		whole[at] ^= 0x10;
		if (read_all(kit_path("bad"), 65536, &got, &n, &err) < 0)
			refused++;
		/* In its magic: then it is a plain file of other octets. */
		else if (at >= 6)
			ck_assert(n == LEN && memcmp(got, original, n) == 0);
		free(got);
	}
	ck_assert_uint_gt(refused, 40);
	free(whole);
	free(original);
}
END_TEST

START_TEST(what_is_not_there_is_an_error)
{
	struct fsk_error err;
	struct source *s;

	ck_assert_int_eq(source_open(&s, kit_path("absent"), &err), FSK_EIO);
	ck_assert_ptr_null(s);
	ck_assert_ptr_nonnull(strstr(err.text, "absent"));
	ck_assert_ptr_nonnull(strstr(err.text, strerror(ENOENT)));
	source_close(NULL);
}
END_TEST

START_TEST(a_folder_is_an_error_when_read)
{
	struct fsk_error err;
	struct source *s;

	ck_assert_int_eq(source_open(&s, kit_dir, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, kit_dir));
}
END_TEST

START_TEST(an_empty_file_ends_at_once)
{
	struct fsk_error err;
	uint8_t *got;
	size_t len;

	kit_write(kit_path("empty"), "", 0);
	ck_assert_int_eq(read_all(kit_path("empty"), 10, &got, &len, &err), 0);
	ck_assert_uint_eq(len, 0);
	free(got);
	/* Shorter than any magic. */
	kit_write(kit_path("tiny"), "a\n", 2);
	ck_assert_int_eq(read_all(kit_path("tiny"), 10, &got, &len, &err), 0);
	ck_assert_uint_eq(len, 2);
	free(got);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/source.c");
	TCase *tc = tcase_create("inputs");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(tc, what_was_packed_comes_out, 0, PACKERS);
	tcase_add_loop_test(tc, what_is_cut_off_is_an_error, 0, PACKERS);
	tcase_add_loop_test(
	    tc, what_is_damaged_never_succeeds_with_other_octets, 1, PACKERS);
	tcase_add_test(tc, what_is_not_there_is_an_error);
	tcase_add_test(tc, a_folder_is_an_error_when_read);
	tcase_add_test(tc, an_empty_file_ends_at_once);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
