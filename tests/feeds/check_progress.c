/* SPDX-License-Identifier: BSD-3-Clause */
/* the line on the terminal for work that takes over a second */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/feeds/run.h"
#include "tests/lib/kit.h"

extern char **environ;

/* fraudsink-feeds with a terminal as standard error.  The test feeds it by one
 * pipe, and takes what it prints from another as slowly as it likes. */
struct work {
	pid_t pid;
	int in, out, terminal;
	char said[65536]; /* on the terminal */
	size_t len;
	struct timespec start;
};

static double
seconds(const struct work *w)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - w->start.tv_sec) +
	    (double)(now.tv_nsec - w->start.tv_nsec) / 1e9;
}

/* Opens the other end of the terminal. */
static int
open_terminal(struct work *w)
{
	int fd;

	w->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ne(w->terminal, -1);
	ck_assert_int_eq(grantpt(w->terminal), 0);
	ck_assert_int_eq(unlockpt(w->terminal), 0);
	fd = open(ptsname(w->terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	return fd;
}

/* Starts it with three words. */
static void
start(struct work *w, char *command, char *option, char *input)
{
	const char *program = getenv("FRAUDSINK_TEST_FEEDS");
	char name[] = "fraudsink-feeds", db[] = "a.fsdb";
	char *argv[] = { name, command, option, db, input, NULL };
	posix_spawn_file_actions_t act;
	int in[2], out[2], err;

	memset(w, 0, sizeof(*w));
	ck_assert_msg(program != NULL, "FRAUDSINK_TEST_FEEDS is not set");
	err = open_terminal(w);
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_addchdir_np(&act, kit_dir);
	posix_spawn_file_actions_adddup2(&act, in[0], 0);
	posix_spawn_file_actions_adddup2(&act, out[1], 1);
	posix_spawn_file_actions_adddup2(&act, err, 2);
	clock_gettime(CLOCK_MONOTONIC, &w->start);
	ck_assert_int_eq(
	    posix_spawn(&w->pid, program, &act, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&act);
	close(in[0]);
	close(out[1]);
	close(err);
	w->in = in[1];
	w->out = out[0];
}

/* Takes what it says on the terminal within MS; 0 at the end of that. */
static ssize_t
listen_to(struct work *w, int ms)
{
	struct pollfd p = { .fd = w->terminal, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, ms) == 0)
		return 0;
	n = read(w->terminal, w->said + w->len, sizeof(w->said) - 1 - w->len);
	if (n > 0)
		w->len += (size_t)n;
	return n < 0 ? 0 : n; /* its other end is closed: EIO */
}

/* Takes a piece of what it prints, if there is one within MS. */
static ssize_t
take(struct work *w, int ms)
{
	struct pollfd p = { .fd = w->out, .events = POLLIN };
	char octets[4096];

	return poll(&p, 1, ms) == 0 ? 0 : read(w->out, octets, sizeof(octets));
}

/* Lets it end well; the line is wiped by then. */
static void
end(struct work *w)
{
	char *last;
	int status;

	close(w->in);
	while (take(w, -1) > 0)
		listen_to(w, 0);
	ck_assert_int_eq(waitpid(w->pid, &status, 0), w->pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_lt(WEXITSTATUS(status), 2);
	while (listen_to(w, 0) > 0)
		;
	close(w->out);
	close(w->terminal);
	last = strrchr(w->said, '\r');
	while (last > w->said && last[1] == '\n') /* "\n" to a terminal */
		for (last--; last > w->said && *last != '\r'; last--)
			;
	ck_assert_int_eq(strncmp(last, "\r\033[K", 4), 0);
	ck_assert_ptr_null(strstr(last, "of 40000"));
	ck_assert_ptr_null(strstr(last, "\033[Knames: "));
}

static void
publish(void)
{
	FILE *f = fopen(kit_path("in"), "w");

	ck_assert_ptr_nonnull(f);
	for (unsigned i = 0; i < 40000; i++)
		fprintf(f, "name-%u.example.test\n", i);
	ck_assert_int_eq(fclose(f), 0);
	free(run_output("build -q -o a.fsdb in"));
}

/* Gives names to COMMAND until it tells how many they are. */
static void
feed(char *command, char *option)
{
	char names[64 * 128], input[] = "-";
	struct work w;
	size_t len = 0;

	for (unsigned i = 0; i < 128; i++)
		len += (size_t)sprintf(names + len, "x%u.none.test\n", i);
	start(&w, command, option, input);
	while (strstr(w.said, "\r\033[Knames: ") == NULL) {
		ck_assert_msg(seconds(&w) < 20, "it says '%s'", w.said);
		ck_assert_int_eq(write(w.in, names, len), (ssize_t)len);
		take(&w, 0);
		listen_to(&w, 1);
	}
	ck_assert(seconds(&w) >= 1);
	end(&w);
}

START_TEST(build_tells_how_many_names_it_has_read)
{
	char command[] = "build", option[] = "-o";

	feed(command, option);
}
END_TEST

START_TEST(lookup_tells_how_many_names_it_has_read)
{
	char command[] = "lookup", option[] = "-d";

	publish();
	feed(command, option);
}
END_TEST

/* Who takes the entries slowly is told how far they are. */
START_TEST(dump_tells_how_many_entries_it_has_printed)
{
	char command[] = "dump", option[] = "-d";
	struct work w;

	publish();
	start(&w, command, option, NULL);
	while (strstr(w.said, " of 40000") == NULL) {
		ck_assert_int_gt(take(&w, -1), 0);
		listen_to(&w, 20);
	}
	ck_assert(seconds(&w) >= 1);
	ck_assert_ptr_nonnull(strstr(w.said, "\r\033[Kentries: "));
	end(&w);
}
END_TEST

START_TEST(what_is_done_at_once_says_nothing)
{
	char command[] = "dump", option[] = "-d";
	struct work w;

	publish();
	start(&w, command, option, NULL);
	while (take(&w, -1) > 0)
		listen_to(&w, 0);
	ck_assert(seconds(&w) >= 1 || w.len == 0);
	close(w.in);
	close(w.out);
	close(w.terminal);
	ck_assert_int_eq(waitpid(w.pid, NULL, 0), w.pid);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/progress");
	TCase *tc = tcase_create("terminal");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, build_tells_how_many_names_it_has_read);
	tcase_add_test(tc, lookup_tells_how_many_names_it_has_read);
	tcase_add_test(tc, dump_tells_how_many_entries_it_has_printed);
	tcase_add_test(tc, what_is_done_at_once_says_nothing);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
