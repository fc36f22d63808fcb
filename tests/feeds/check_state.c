/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/state.c */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feeds/state.h"
#include "tests/lib/kit.h"

/* ---- what is known of a feed ---- */

static const struct feed_state full = {
	.etag = "W/\"a b\"",
	.last_modified = "Sat, 01 Aug 2026 00:00:00 GMT",
	.source = "fedcba9876543210",
	.form = "0123456789abcdef",
	.format = "domains",
	.why = "the server says 500 (tried 4 times)",
	.tried = 1790000001,
	.good = 1790000002,
	.not_before = 1790000003,
	.http = 500,
	.failures = 4,
	.serial = 4294967296,
	.bytes = 1,
	.lines = 2,
	.names = 3,
	.urls = 5,
	.excepted = 6,
	.nothing = 7,
	.skipped = 8,
	.bad = 9,
	.refused = 10,
	.unique = 11,
	.entries = 12,
};

static void
same_state(const struct feed_state *a, const struct feed_state *b)
{
	ck_assert_str_eq(a->etag, b->etag);
	ck_assert_str_eq(a->last_modified, b->last_modified);
	ck_assert_str_eq(a->source, b->source);
	ck_assert_str_eq(a->form, b->form);
	ck_assert_str_eq(a->format, b->format);
	ck_assert_str_eq(a->why, b->why);
	ck_assert_int_eq(a->tried, b->tried);
	ck_assert_int_eq(a->good, b->good);
	ck_assert_int_eq(a->not_before, b->not_before);
	/* All that follows are numbers of one kind. */
	ck_assert_mem_eq(
	    &a->http, &b->http, sizeof(*a) - offsetof(struct feed_state, http));
}

START_TEST(what_is_kept_comes_back)
{
	struct feed_state s;
	struct fsk_error err;
	struct stat st;

	ck_assert_int_eq(state_write(kit_dir, "one", &full, &err), FSK_OK);
	state_read(kit_dir, "one", &s);
	same_state(&s, &full);
	/* Nothing else is left. */
	ck_assert_uint_eq(kit_files(), 1);
	ck_assert_int_eq(stat(kit_path("one/meta"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
}
END_TEST

START_TEST(what_is_not_there_is_nothing)
{
	static const struct feed_state none;
	struct feed_state s;

	memset(&s, 0xff, sizeof(s));
	state_read(kit_dir, "one", &s);
	ck_assert_mem_eq(&s, &none, sizeof(s));
	state_read("/nonexistent", "one", &s);
	ck_assert_mem_eq(&s, &none, sizeof(s));
}
END_TEST

START_TEST(a_line_of_a_stranger_stays_a_line)
{
	struct feed_state s = full, back;
	struct fsk_error err;

	strcpy(s.why, "said 'a\ngood 99\r\x1b[31m'");
	ck_assert_int_eq(state_write(kit_dir, "one", &s, &err), FSK_OK);
	state_read(kit_dir, "one", &back);
	ck_assert_str_eq(back.why, "said 'a?good 99??[31m'");
	strcpy(back.why, s.why);
	same_state(&back, &s);
}
END_TEST

static const char *const garbage[] = {
	"",
	"\n\n\n",
	"good",
	"good \ntried\n \netag\n",
	"good -9223372036854775808\ntried 99999999999999999999999\n",
	("good 9223372036854775807\ntried 18446744073709551615\n"
	 "not-before 9223372036854775808\nfailures -1\nnames 1e9\n"),
	"etag a\rX: y\nlast-modified \x1b[31m\nform \x7f\n",
	"why \x1b]0;title\x07\233\302\233 half \303",
	"\x89PNG\r\n\x1a\n\xff\xfe",
};

START_TEST(garbage_is_no_state)
{
	struct feed_state s;

	ck_assert_int_eq(mkdir(kit_path("one"), 0755), 0);
	kit_write(kit_path("one/meta"), garbage[_i], strlen(garbage[_i]));
	state_read(kit_dir, "one", &s);
	/* Times that can be reckoned with, texts that can be sent and shown. */
	ck_assert_int_ge(s.good, 0);
	ck_assert_int_le(s.good, INT64_MAX / 4);
	ck_assert_int_ge(s.tried, 0);
	ck_assert_int_le(s.tried, INT64_MAX / 4);
	ck_assert_int_ge(s.not_before, 0);
	ck_assert_int_le(s.not_before, INT64_MAX / 4);
	ck_assert_uint_le(s.failures, UINT64_MAX / 4);
	ck_assert_uint_le(s.names, UINT64_MAX / 200);
	for (const char *p = s.why; *p != '\0'; p++)
		ck_assert((unsigned char)*p >= 0x20 && *p != 0x7f);
	ck_assert_str_eq(s.etag, "");
	ck_assert_str_eq(s.last_modified, "");
	ck_assert_str_eq(s.form, "");
}
END_TEST

START_TEST(long_lines_are_cut)
{
	char text[5000];
	struct feed_state s;

	memset(text, 'x', sizeof(text));
	memcpy(text, "format ", 7);
	text[2000] = '\n';
	memcpy(text + 2001, "why ", 4);
	ck_assert_int_eq(mkdir(kit_path("one"), 0755), 0);
	kit_write(kit_path("one/meta"), text, sizeof(text));
	state_read(kit_dir, "one", &s);
	ck_assert_uint_eq(strlen(s.format), sizeof(s.format) - 1);
	ck_assert_uint_eq(strlen(s.why), sizeof(s.why) - 1);
}
END_TEST

START_TEST(what_is_no_file_is_no_state)
{
	static const struct feed_state none;
	struct feed_state s;

	ck_assert_int_eq(mkdir(kit_path("one"), 0755), 0);
	if (_i == 0)
		ck_assert_int_eq(mkdir(kit_path("one/meta"), 0755), 0);
	else
		ck_assert_int_eq(mkfifo(kit_path("one/meta"), 0644), 0);
	state_read(kit_dir, "one", &s);
	ck_assert_mem_eq(&s, &none, sizeof(s));
}
END_TEST

START_TEST(what_cannot_be_kept_is_told)
{
	struct fsk_error err = { 0 };

	/* Instead of the feed's folder there is a file. */
	kit_write(kit_path("one"), "x", 1);
	ck_assert_int_eq(state_write(kit_dir, "one", &full, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "one/meta"));
	ck_assert_ptr_nonnull(strstr(err.text, strerror(ENOTDIR)));
}
END_TEST

/* ---- files ---- */

START_TEST(a_file_is_replaced_in_one_step)
{
	struct fsk_error err = { 0 };
	const char *path = kit_path("file");
	struct stat before, after;
	size_t len;
	char *text;

	ck_assert_int_eq(state_replace(path, "one", 3, &err), FSK_OK);
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_int_eq(state_replace(path, "second", 6, &err), FSK_OK);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_uint_ne(before.st_ino, after.st_ino);
	/* What a run left that was killed. */
	kit_write(kit_path("file.new"), "garbage that is longer", 22);
	ck_assert_int_eq(state_replace(path, "second", 6, &err), FSK_OK);
	text = state_text(path, &len);
	ck_assert_str_eq(text, "second");
	ck_assert_uint_eq(len, 6);
	free(text);
	ck_assert_uint_eq(kit_files(), 1);
	ck_assert_int_eq(
	    state_replace(kit_path("no/file"), "x", 1, &err), FSK_EIO);
	/* Nothing of what failed is left, and what was there is. */
	ck_assert_int_eq(mkdir(kit_path("folder"), 0755), 0);
	ck_assert_int_eq(
	    state_replace(kit_path("folder"), "x", 1, &err), FSK_EIO);
	ck_assert_uint_eq(kit_files(), 2);
}
END_TEST

START_TEST(files_in_one_step)
{
	const struct rlimit small = { 4096, RLIM_INFINITY };
	struct state_file f = { .path = NULL };
	struct fsk_error err = { 0 };
	const char *path = kit_path("file");
	char page[5000] = { 0 };
	size_t len;
	char *text;

	state_file_close(&f);
	kit_write(path, "old", 3);
	/* One that is given up leaves nothing. */
	ck_assert_int_eq(state_file_open(&f, path, &err), FSK_OK);
	fputs("new", f.to);
	state_file_close(&f);
	ck_assert_uint_eq(kit_files(), 1);
	/* One that cannot be written neither. */
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(state_file_open(&f, path, &err), FSK_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	fwrite(page, 1, sizeof(page), f.to);
	ck_assert_int_eq(state_file_replace(&f, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "File too large"));
	state_file_close(&f);
	text = state_text(path, &len);
	ck_assert_str_eq(text, "old");
	free(text);
	ck_assert_uint_eq(kit_files(), 1);
	/* Nothing is written through a link. */
	ck_assert_int_eq(symlink("elsewhere", kit_path("file.new")), 0);
	ck_assert_int_eq(state_file_open(&f, path, &err), FSK_EIO);
	state_file_close(&f);
	ck_assert_int_eq(access(kit_path("elsewhere"), F_OK), -1);
	ck_assert_int_eq(unlink(kit_path("file.new")), 0);
	ck_assert_int_eq(state_file_open(&f, path, &err), FSK_OK);
	fputs("new", f.to);
	ck_assert_int_eq(state_file_replace(&f, &err), FSK_OK);
	state_file_close(&f);
	text = state_text(path, &len);
	ck_assert_str_eq(text, "new");
	free(text);
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

START_TEST(texts_are_whole)
{
	size_t len;
	char *text;

	kit_write(kit_path("empty"), "", 0);
	text = state_text(kit_path("empty"), &len);
	ck_assert_str_eq(text, "");
	free(text);
	kit_write(kit_path("nul"), "a\0b", 3);
	text = state_text(kit_path("nul"), &len);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(text, "a\0b", 4);
	free(text);
	ck_assert_ptr_null(state_text(kit_path("none"), &len));
	ck_assert_ptr_null(state_text(kit_dir, &len));
}
END_TEST

START_TEST(paths)
{
	static const struct {
		const char *feed, *file, *path;
	} parts[] = { { "f", "meta", "/s/f/meta" }, { NULL, "lock", "/s/lock" },
		{ "f", NULL, "/s/f" }, { NULL, NULL, "/s" } };

	for (size_t i = 0; i < 4; i++) {
		char *path = state_path("/s", parts[i].feed, parts[i].file);

		ck_assert_str_eq(path, parts[i].path);
		free(path);
	}
}
END_TEST

START_TEST(folders_are_made)
{
	struct fsk_error err = { 0 };
	char path[200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/a/b//c/", kit_dir);
	ck_assert_int_eq(state_folder(path, &err), FSK_OK);
	ck_assert_int_eq(state_folder(path, &err), FSK_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	kit_write(kit_path("file"), "", 0);
	snprintf(path, sizeof(path), "%s/file/a", kit_dir);
	ck_assert_int_eq(state_folder(path, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "file/a"));
}
END_TEST

/* ---- the lock ---- */

START_TEST(one_at_a_time)
{
	struct fsk_error err = { 0 };
	char folder[200];
	int a, b, status;
	pid_t pid;

	snprintf(folder, sizeof(folder), "%s/new/state", kit_dir);
	ck_assert_int_eq(state_lock(folder, &a, &err), FSK_OK);
	ck_assert_int_ge(a, 0);
	pid = fork();
	if (pid == 0) {
		int rc = state_lock(folder, &b, &err);

		_exit(rc == FSK_EIO && b == -1 &&
			    strstr(err.text, "another run is at work on '") !=
				NULL &&
			    strstr(err.text, folder) != NULL
			? 7
			: 8);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	/* Another lock is another lock. */
	ck_assert_int_eq(
	    state_lock_file(folder, "bypass.lock", &b, &err), FSK_OK);
	state_unlock(b);
	state_unlock(a);
	ck_assert_int_eq(state_lock(folder, &a, &err), FSK_OK);
	state_unlock(a);
	state_unlock(-1);
}
END_TEST

START_TEST(a_lock_dies_with_its_holder)
{
	struct fsk_error err = { 0 };
	int fd, status;
	pid_t pid = fork();

	if (pid == 0) {
		state_lock(kit_dir, &fd, &err);
		abort();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(state_lock(kit_dir, &fd, &err), FSK_OK);
	state_unlock(fd);
}
END_TEST

START_TEST(a_lock_that_is_no_file)
{
	struct fsk_error err = { 0 };
	int fd;

	ck_assert_int_eq(mkdir(kit_path("lock"), 0755), 0);
	ck_assert_int_eq(state_lock(kit_dir, &fd, &err), FSK_EIO);
	ck_assert_int_eq(fd, -1);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot open"));
	ck_assert_int_eq(rmdir(kit_path("lock")), 0);
	/* What is in it does not matter. */
	kit_write(kit_path("lock"), "12345\n", 6);
	ck_assert_int_eq(state_lock(kit_dir, &fd, &err), FSK_OK);
	state_unlock(fd);
	ck_assert_int_eq(
	    state_lock("/proc/nonexistent/state", &fd, &err), FSK_EIO);
}
END_TEST

START_TEST(names_that_are_ours)
{
	ck_assert(state_is_ours("lock"));
	ck_assert(state_is_ours("generations"));
	ck_assert(!state_is_ours("openphish"));
	ck_assert(!state_is_ours("locks"));
	/* On the way there. */
	ck_assert(state_is_ours("hold.new"));
	ck_assert(!state_is_ours("hold.newer"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/state.c");
	TCase *tc = tcase_create("states");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, what_is_kept_comes_back);
	tcase_add_test(tc, what_is_not_there_is_nothing);
	tcase_add_test(tc, a_line_of_a_stranger_stays_a_line);
	tcase_add_loop_test(
	    tc, garbage_is_no_state, 0, sizeof(garbage) / sizeof(*garbage));
	tcase_add_test(tc, long_lines_are_cut);
	tcase_add_loop_test(tc, what_is_no_file_is_no_state, 0, 2);
	tcase_add_test(tc, what_cannot_be_kept_is_told);
	tcase_add_test(tc, a_file_is_replaced_in_one_step);
	tcase_add_test(tc, files_in_one_step);
	tcase_add_test(tc, texts_are_whole);
	tcase_add_test(tc, paths);
	tcase_add_test(tc, folders_are_made);
	tcase_add_test(tc, one_at_a_time);
	tcase_add_test(tc, a_lock_dies_with_its_holder);
	tcase_add_test(tc, a_lock_that_is_no_file);
	tcase_add_test(tc, names_that_are_ours);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
