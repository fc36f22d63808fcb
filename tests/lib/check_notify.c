/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/notify.c; each test is a process of its own, with its environment. */
#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/notify.h"
#include "tests/lib/kit.h"

/* Listens at NAME, with '@' in the abstract space, and tells fsk_notify(). */
static int
listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	memcpy(at.sun_path, name, len);
	if (*name == '@')
		at.sun_path[0] = '\0';
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	    0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void
has_got(int fd, const char *text)
{
	char got[100];
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	ck_assert_int_ge(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, text);
}

START_TEST(lines_are_sent)
{
	char name[64];
	int fd;

	if (_i == 0)
		snprintf(name, sizeof(name), "%s/socket", kit_dir);
	else
		snprintf(
		    name, sizeof(name), "@fraudsink-check-%ld", (long)getpid());
	fd = listen_at(name);
	fsk_notify("READY=1");
	has_got(fd, "READY=1");
	fsk_notify("STATUS=a\nWATCHDOG=1");
	has_got(fd, "STATUS=a\nWATCHDOG=1");
	/* The environment is read once. */
	setenv("NOTIFY_SOCKET", "/nonexistent", 1);
	fsk_notify("STOPPING=1");
	has_got(fd, "STOPPING=1");
	close(fd);
	/* Nobody there any more: no signal, no matter. */
	fsk_notify("STOPPING=1");
}
END_TEST

START_TEST(what_is_no_address_gets_nothing)
{
	static char deep[300];
	const char *const addresses[] = { NULL, "", "socket", "vsock:2:1",
		"/nonexistent/socket", deep };

	memset(deep, '/', sizeof(deep) - 1);
	if (addresses[_i] != NULL)
		setenv("NOTIFY_SOCKET", addresses[_i], 1);
	else
		unsetenv("NOTIFY_SOCKET");
	fsk_notify("READY=1");
}
END_TEST

START_TEST(watchdogs)
{
	char pid[32];

	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	ck_assert_uint_eq(fsk_notify_watchdog(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	ck_assert_uint_eq(fsk_notify_watchdog(), 15000000);
	/* Ours, and another's. */
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	ck_assert_uint_eq(fsk_notify_watchdog(), 15000000);
	setenv("WATCHDOG_PID", "1", 1);
	ck_assert_uint_eq(fsk_notify_watchdog(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "often", 1);
	ck_assert_uint_eq(fsk_notify_watchdog(), 0);
	setenv("WATCHDOG_USEC", "0", 1);
	ck_assert_uint_eq(fsk_notify_watchdog(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/notify.c");
	TCase *tc = tcase_create("messages");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(tc, lines_are_sent, 0, 2);
	tcase_add_loop_test(tc, what_is_no_address_gets_nothing, 0, 6);
	tcase_add_test(tc, watchdogs);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
