/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/source.c and unpack_*.c: plain and compressed inputs, whole and not */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>

#include "feeds/source.h"
#include "tests/lib/kit.h"

#define LEN 700000 /* more than all buffers */

static const char *const packers[] = { "cat", "gzip -c", "xz -c", "zstd -qc",
	"bzip2 -c", NULL };
static const char *const names[] = { "plain", "gzip", "xz", "zstd", "bzip2",
	"zip" };
#define PACKERS (sizeof(packers) / sizeof(*packers))

static uint8_t *original;

/* ---- zip files ---- */

/* A member to be; a name that ends with '/' is a folder. */
struct member {
	const char *name;
	const void *bytes;
	size_t len;
	const char *password;
};

static void
write_zip(const char *path, const struct member *m, size_t n)
{
	zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);

	ck_assert_ptr_nonnull(z);
	for (size_t i = 0; i < n; i++) {
		zip_int64_t at;

		if (m[i].bytes == NULL) {
			ck_assert_int_ge(zip_dir_add(z, m[i].name, 0), 0);
			continue;
		}
		at = zip_file_add(z, m[i].name,
		    zip_source_buffer(z, m[i].bytes, m[i].len, 0), 0);
		ck_assert_int_ge(at, 0);
		if (m[i].password != NULL)
			ck_assert_int_eq(
			    zip_file_set_encryption(z, (zip_uint64_t)at,
				ZIP_EM_AES_128, m[i].password),
			    0);
	}
	ck_assert_int_eq(zip_close(z), 0);
}

/* ---- files of all kinds ---- */

/* Makes LEN octets that compress somewhat, and packs them PIECES times, one
 * behind the other, to "packed". */
static void
pack(int packer, unsigned pieces, size_t len)
{
	char command[512];

	kit_seed(1);
	original = malloc(len);
	ck_assert_ptr_nonnull(original);
	for (size_t i = 0; i < len; i++)
		original[i] = (uint8_t)('a' + kit_below(7));
	original[len - 1] = '\n';
	kit_write(kit_path("original"), original, len);
	unlink(kit_path("packed"));
	if (packers[packer] == NULL) {
		const struct member m[] = { { "a", original, len, NULL },
			{ "b", original, len, NULL } };

		write_zip(kit_path("packed"), m, pieces);
		return;
	}
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

	pack(_i, 2, LEN);
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

	pack(_i, 1, LEN);
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

START_TEST(what_is_cut_off_at_every_tenth_octet_is_an_error)
{
	const size_t small = 5000;
	struct fsk_error err;
	uint8_t *whole;
	size_t len;

	pack(_i, 2, small);
	whole = kit_read(kit_path("packed"), &len);
	for (size_t cut = 10; cut < len; cut += 10) {
		uint8_t *got;
		size_t n;
		int rc;

		kit_write(kit_path("cut"), whole, cut);
		rc = read_all(kit_path("cut"), 65536, &got, &n, &err);
		/* Between two streams the file is whole. */
		ck_assert(rc == FSK_EFORMAT || (rc == 0 && n == small));
		free(got);
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

	pack(_i, 1, LEN);
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

/* ---- zip ---- */

/* Reads PATH and fails the test unless it gives WANT, or an error with WHY in
 * it. */
static void
check_file(const char *path, const char *want, const char *why)
{
	struct fsk_error err;
	uint8_t *got;
	size_t len;
	int rc = read_all(path, 1000, &got, &len, &err);

	if (why != NULL) {
		ck_assert_int_eq(rc, FSK_EFORMAT);
		ck_assert_msg(strstr(err.text, why) != NULL, "'%s'", err.text);
		if (strcmp(path, "-") != 0)
			ck_assert_ptr_nonnull(strstr(err.text, path));
	} else {
		ck_assert_msg(rc == FSK_OK, "%s", err.text);
		ck_assert_uint_eq(len, strlen(want));
		ck_assert_mem_eq(got, want, len);
	}
	free(got);
}

START_TEST(members_of_a_zip_file_follow_each_other)
{
	static const struct member m[] = { { "x/", NULL, 0, NULL },
		{ "x/a", "a.example\n", 10, NULL }, { "empty", "", 0, NULL },
		{ "y/", NULL, 0, NULL },
		/* Without a line end, or the next name would be joined. */
		{ "b", "b.example", 9, NULL }, { "c", "c.example", 9, NULL } };

	write_zip(kit_path("z"), m, sizeof(m) / sizeof(*m));
	check_file(kit_path("z"), "a.example\nb.example\nc.example\n", NULL);
	write_zip(kit_path("folders"), m, 1);
	check_file(kit_path("folders"), "", NULL);
}
END_TEST

START_TEST(a_zip_file_cannot_come_from_a_pipe)
{
	static const struct member m = { "a", "a.example\n", 10, NULL };
	uint8_t *bytes;
	size_t len;
	int fd[2];

	write_zip(kit_path("z"), &m, 1);
	fd[0] = open(kit_path("z"), O_RDONLY);
	ck_assert_int_eq(dup2(fd[0], STDIN_FILENO), STDIN_FILENO);
	check_file("-", "a.example\n", NULL);
	bytes = kit_read(kit_path("z"), &len);
	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(write(fd[1], bytes, len), (ssize_t)len);
	close(fd[1]);
	ck_assert_int_eq(dup2(fd[0], STDIN_FILENO), STDIN_FILENO);
	check_file("-", NULL, "save it first");
	free(bytes);
}
END_TEST

START_TEST(an_encrypted_zip_file_is_an_error)
{
	static const struct member m[] = { { "a", "a.example\n", 10, NULL },
		{ "b", "b.example\n", 10, "secret" } };

	write_zip(kit_path("z"), m, 2);
	check_file(kit_path("z"), NULL, "encrypted");
}
END_TEST

/* What a directory claims is not believed. */
START_TEST(a_member_is_as_long_as_the_directory_says)
{
	static const struct member m = { "a", "a.example\nb.example\n", 20,
		NULL };
	uint8_t *bytes;
	size_t len, at;

	write_zip(kit_path("z"), &m, 1);
	bytes = kit_read(kit_path("z"), &len);
	for (at = len - 46; memcmp(bytes + at, "PK\1\2", 4) != 0; at--)
		;
	ck_assert_uint_eq(bytes[at + 24], 20);
	bytes[at + 24] = 10;
	kit_write(kit_path("z"), bytes, len);
	check_file(kit_path("z"), NULL, "z' (zip): ");
	bytes[at + 24] = 30;
	kit_write(kit_path("z"), bytes, len);
	check_file(kit_path("z"), NULL, "z' (zip): ");
	free(bytes);
}
END_TEST

/* ---- bombs ---- */

START_TEST(a_bomb_in_a_zip_file_is_not_unpacked)
{
	const size_t len = 40u << 20;
	const struct member m = { "a", calloc(1, len), len, NULL };

	ck_assert_ptr_nonnull(m.bytes);
	write_zip(kit_path("z"), &m, 1);
	check_file(kit_path("z"), NULL, "more than 200 times its size");
	free((void *)(uintptr_t)m.bytes);
}
END_TEST

START_TEST(a_limit_holds_whatever_the_file_is)
{
	const uint64_t limits[] = { 0, LEN, LEN - 1, LEN / 2, 1 };
	uint8_t *got = malloc(LEN);

	ck_assert_ptr_nonnull(got);
	pack(_i, 1, LEN);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct fsk_error err;
		struct source *s;
		size_t len = 0;
		ssize_t n;

		ck_assert_int_eq(
		    source_open(&s, kit_path("packed"), &err), FSK_OK);
		source_limit(s, limits[i]);
		while ((n = source_read(s, got, LEN, &err)) > 0)
			len += (size_t)n;
		source_close(s);
		if (limits[i] == 0 || limits[i] >= LEN) {
			ck_assert_int_eq(n, 0);
			ck_assert_uint_eq(len, LEN);
			continue;
		}
		ck_assert_int_eq(n, FSK_EFORMAT);
		ck_assert_uint_le(len, limits[i]);
		ck_assert_ptr_nonnull(strstr(err.text,
		    _i == 0 ? "packed' holds more than "
			    : "packed' unpacks to more than "));
	}
	free(original);
	free(got);
}
END_TEST

START_TEST(a_bomb_stops_at_the_limit)
{
	char command[512];
	struct fsk_error err;
	struct source *s;
	uint8_t got[65536];
	size_t len = 0;
	ssize_t n;

	snprintf(command, sizeof(command),
	    "head -c 40000000 /dev/zero | %s >%s", packers[_i],
	    kit_path("bomb"));
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(source_open(&s, kit_path("bomb"), &err), FSK_OK);
	source_limit(s, 3u << 20);
	while ((n = source_read(s, got, sizeof(got), &err)) > 0)
		len += (size_t)n;
	source_close(s);
	ck_assert_int_eq(n, FSK_EFORMAT);
	ck_assert_uint_le(len, 3u << 20);
	ck_assert_ptr_nonnull(strstr(err.text, "unpacks to more than 3 MB"));
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
	tcase_add_loop_test(
	    tc, what_is_cut_off_at_every_tenth_octet_is_an_error, 1, PACKERS);
	tcase_add_test(tc, what_is_not_there_is_an_error);
	tcase_add_test(tc, a_folder_is_an_error_when_read);
	tcase_add_test(tc, an_empty_file_ends_at_once);
	tcase_add_test(tc, members_of_a_zip_file_follow_each_other);
	tcase_add_test(tc, a_zip_file_cannot_come_from_a_pipe);
	tcase_add_test(tc, an_encrypted_zip_file_is_an_error);
	tcase_add_test(tc, a_member_is_as_long_as_the_directory_says);
	tcase_add_test(tc, a_bomb_in_a_zip_file_is_not_unpacked);
	tcase_add_loop_test(tc, a_limit_holds_whatever_the_file_is, 0, PACKERS);
	tcase_add_loop_test(tc, a_bomb_stops_at_the_limit, 1, PACKERS - 1);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
