/* SPDX-License-Identifier: BSD-3-Clause */
/* A file that takes its name in one step */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feeds/aside.h"
#include "tests/lib/kit.h"

static void
expect(const char *name, const char *text)
{
	size_t len;
	uint8_t *is = kit_read(kit_path(name), &len);

	ck_assert_uint_eq(len, strlen(text));
	ck_assert(memcmp(is, text, len) == 0);
	free(is);
}

static void
begin(struct aside *a)
{
	struct fsk_error err;

	kit_write(kit_path("file"), "old", 3);
	ck_assert_int_eq(aside_open(a, kit_path("file"), &err), FSK_OK);
	ck_assert_int_eq(write(a->fd, "new!", 4), 4);
	expect("file", "old");
}

START_TEST(what_is_published_replaces_the_old)
{
	struct fsk_error err;
	struct aside a;

	begin(&a);
	ck_assert_int_eq(aside_publish(&a, &err), FSK_OK);
	aside_close(&a);
	expect("file", "new!");
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

START_TEST(what_is_not_published_leaves_nothing)
{
	struct aside a;

	begin(&a);
	aside_close(&a);
	expect("file", "old");
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

START_TEST(who_is_killed_leaves_nothing)
{
	struct aside a;
	pid_t pid;
	int status;

	pid = fork();
	if (pid == 0) {
		begin(&a);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	expect("file", "old");
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

START_TEST(what_is_no_file_stays)
{
	struct fsk_error err;
	struct aside a;

	ck_assert_int_eq(mkdir(kit_path("folder"), 0755), 0);
	ck_assert_int_eq(aside_open(&a, kit_path("folder"), &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "folder"));
	aside_close(&a);
	ck_assert_int_eq(mkfifo(kit_path("pipe"), 0600), 0);
	ck_assert_int_eq(aside_open(&a, kit_path("pipe"), &err), FSK_EIO);
	aside_close(&a);
	ck_assert_int_eq(
	    aside_open(&a, kit_path("no/such/file"), &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "no/such/file"));
	aside_close(&a);
	ck_assert_uint_eq(kit_files(), 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/aside");
	TCase *tc = tcase_create("aside");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_test(tc, what_is_published_replaces_the_old);
	tcase_add_test(tc, what_is_not_published_leaves_nothing);
	tcase_add_test(tc, who_is_killed_leaves_nothing);
	tcase_add_test(tc, what_is_no_file_stays);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
