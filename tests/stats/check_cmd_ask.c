/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/cmd_ask.c, params.c, questions.c, live.c and terminal.c: the commands
 * as they are run */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "stats/params.h"
#include "tests/lib/kit.h"
#include "tests/stats/model.h"
#include "tests/stats/stats.h"

/* The time that the model has. */
#define TIME " --since 2026-09-15 --until 2026-09-22 -c stats.conf"

static struct model m;

static void
setup(void)
{
	kit_setup();
	kit_seed(5);
	model_init(&m, "least-clients = 10\n");
	model_random(&m, 800, 6);
	model_store(&m);
}

static void
teardown(void)
{
	model_fini(&m);
	kit_teardown();
}

/* What is run, its exit status, and something that it must print. */
static const struct {
	const char *args;
	int status;
	const char *want;
} runs[] = {
	{ "top names" TIME, 0, "a.example" },
	{ "top names --json" TIME, 0, "\"names\": [\n  {\"name\": \"" },
	{ "top names --csv" TIME, 0,
	    "name,hits,share,clients,error,category," },
	{ "top feeds --by country --limit 2" TIME, 0, "top feeds by country" },
	{ "top --limit 1 names" TIME, 0, "hits in all" },
	{ "top names --since 1h -c stats.conf", 1, "nothing" },
	{ "top names --would" TIME, 0, "only counted" },
	{ "series --step 1d" TIME, 0, "2026-09-20" },
	{ "series --by severity --csv" TIME, 0, "time,severity,hits,clients" },
	{ "feeds" TIME, 0, "of the hits of" },
	{ "feeds --csv --table overlap" TIME, 0, "feed,other,hits,share" },
	{ "feeds --csv --table nothing" TIME, 2, "there is no table" },
	{ "name a.example -c stats.conf", 0, "its latest days:" },
	{ "name nobody.example -c stats.conf", 1, "nothing" },
	{ "name a..b -c stats.conf", 2, "is no name" },
	{ "hosts" TIME, 1, "nothing" },
	{ "report --month 2026-09 -c stats.conf", 0, "by feed:" },
	{ "report --month 2026-09 --json -c stats.conf", 0, "\"totals\"" },
	{ "report --month 2026-09 --format html -c stats.conf", 0,
	    "<h1>Blocked fraud, September 2026</h1>" },
	{ "report --month 2024-02 -c stats.conf", 1, "report" },
	{ "report --month 2026-13 -c stats.conf", 2, "a month such as" },
	{ "report --format pdf -c stats.conf", 2, "'pdf' is no format" },
	{ "top names --role researcher" TIME, 0, "as a researcher sees it" },
	{ "top networks --role researcher" TIME, 2, "withheld from" },
	{ "top names --role boss" TIME, 2, "one of operator researcher" },
	{ "top", 2, "WHAT is missing" },
	{ "top names feeds", 2, "too many arguments" },
	{ "top everything -c stats.conf", 2, "'everything' is no WHAT" },
	{ "top names --limit many" TIME, 2, "'many' is no value" },
	{ "top names --limit -1" TIME, 2, "'-1' is no value" },
	{ "top names --limit 100001" TIME, 2, "is no value" },
	{ "top names --since yesterday -c stats.conf", 2, "a span such as" },
	{ "top names --since 2026-02-30 -c stats.conf", 2, "a span such as" },
	{ "top names --since 2026-09-22 --until 2026-09-21 -c stats.conf", 2,
	    "no span of time" },
	{ "top names --by colour -c stats.conf", 2, "it must be one of feed" },
	{ "series --step 1w -c stats.conf", 2, "one of 1m 1h 1d" },
	{ "top names --nonsense", 2, "bad command line" },
	{ "top names -c nothing.conf", 2, "nothing.conf" },
	{ "top names -o /nonexistent/x" TIME, 2, "cannot write" },
	{ "live -c stats.conf", 2, "no terminal" },
	{ "live --once -c stats.conf", 0, "names, this hour" },
	{ "live --every 0", 2, "is not 1 to 3600" },
	{ "serve --listen nowhere -c stats.conf", 2, "is no address" },
	{ "serve --token-file /nonexistent -c stats.conf", 2, "cannot open" },
};

#define RUNS ((int)(sizeof(runs) / sizeof(*runs)))

START_TEST(commands_do_what_they_say)
{
	const int status = stats_run(runs[_i].args);
	const char *output = stats_output();

	ck_assert_msg(status == runs[_i].status, "'%s': %d\n%s", runs[_i].args,
	    status, output);
	ck_assert_msg(strstr(output, runs[_i].want) != NULL,
	    "'%s' does not print '%s':\n%s", runs[_i].args, runs[_i].want,
	    output);
}
END_TEST

START_TEST(one_look_at_nothing_is_an_error)
{
	static const char text[] = "database = /nonexistent/stats.db\n";

	kit_write(kit_path("other.conf"), text, sizeof(text) - 1);
	ck_assert_int_eq(stats_run("live --once -c other.conf"), 2);
	ck_assert_ptr_nonnull(strstr(stats_output(), "cannot open"));
}
END_TEST

START_TEST(no_complaint_acts_on_a_terminal)
{
	ck_assert_int_eq(
	    stats_run("top names -c /\033[31m\xc2\x9bx\xe2\x80\xae"), 2);
	ck_assert_ptr_nonnull(
	    strstr(stats_output(), "/?[31m??x???: cannot open it"));
	ck_assert_int_eq(stats_run("warnings \033[31m"), 2);
	ck_assert_ptr_null(strchr(stats_output(), '\033'));
}
END_TEST

START_TEST(every_command_has_help)
{
	static const char *const commands[] = { "top", "series", "feeds",
		"name", "hosts", "report", "live", "serve" };
	const char *output;
	char args[64];

	snprintf(args, sizeof(args), "%s --help", commands[_i]);
	ck_assert_int_eq(stats_run(args), 0);
	output = stats_output();
	ck_assert_ptr_nonnull(strstr(output, "usage: fraudsink-stats "));
	ck_assert_ptr_nonnull(strstr(output, "--config FILE"));
	ck_assert_ptr_nonnull(strstr(output, "Exit status:"));
	for (const char *l = output; *l != '\0';) {
		const size_t n = strcspn(l, "\n");

		ck_assert_msg(n <= 80, "%.*s", (int)n, l);
		l += n + 1;
	}
}
END_TEST

START_TEST(output_goes_to_a_file)
{
	size_t len;
	uint8_t *bytes;

	ck_assert_int_eq(stats_run("top feeds --csv -o rows.csv" TIME), 0);
	bytes = kit_read(kit_path("rows.csv"), &len);
	ck_assert_int_eq(
	    strncmp((char *)bytes, "feed,hits,share,unique,clients\r\n", 32),
	    0);
	free(bytes);
}
END_TEST

/* A CSV file has no place for it. */
START_TEST(what_csv_cannot_say_is_told_besides)
{
	ck_assert_int_eq(
	    stats_run("top names --csv --role researcher" TIME), 0);
	ck_assert_ptr_nonnull(strstr(stats_output(), "rows are withheld"));
	ck_assert_ptr_nonnull(strstr(stats_output(), "client-days"));
}
END_TEST

/* Every parameter takes its choices, and its help fits the words. */
START_TEST(parameters_take_their_choices)
{
	struct fsk_error err;
	struct ask a;

	ask_init(&a, m.c, MODEL_NOW);
	for (size_t i = 0; i < params_n; i++) {
		ck_assert_ptr_eq(
		    param_find(params[i].use, params[i].name), &params[i]);
		ck_assert_ptr_null(
		    param_find(params[i].use << 11, params[i].name));
		for (const char *const *c = params[i].choices;
		     c != NULL && *c != NULL; c++)
			stats_good(param_set(&params[i], &a, *c, &err), &err);
		if (params[i].choices != NULL ||
		    strcmp(params[i].type, "string") != 0)
			ck_assert_int_eq(
			    param_set(&params[i], &a, "?", &err), FSK_EINVAL);
	}
}
END_TEST

/* ---- the screen ---- */

/* Reads from FD until WANT came, or for ten seconds. */
static void
read_until(int fd, char *text, size_t size, const char *want)
{
	const time_t until = time(NULL) + 10;
	size_t len = strlen(text);

	while (strstr(text, want) == NULL) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		ck_assert_msg(
		    time(NULL) < until, "no '%s' in '%s'", want, text);
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(fd, text + len, size - len - 1);
		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
	}
	ck_assert_msg(
	    strstr(text, want) != NULL, "no '%s' in '%s'", want, text);
}

/* Starts `live` on a terminal of its own; -1 where none can be had, as in a
 * chroot without /dev/pts. */
static pid_t
start_live(int *terminal, char *name, size_t size)
{
	const struct winsize w = { .ws_row = 24, .ws_col = 80 };
	const char *program = getenv("FRAUDSINK_TEST_STATS");
	pid_t pid;

	*terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*terminal == -1)
		return -1;
	ck_assert_int_eq(grantpt(*terminal), 0);
	ck_assert_int_eq(unlockpt(*terminal), 0);
	ck_assert_int_eq(ptsname_r(*terminal, name, size), 0);
	ck_assert_int_eq(ioctl(*terminal, TIOCSWINSZ, &w), 0);
	pid = fork();
	if (pid == 0) {
		int fd;

		setsid();
		fd = open(name, O_RDWR); /* it becomes the controlling one */
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execl(program, "fraudsink-stats", "live", "--every", "1", "-c",
		    kit_path("stats.conf"), (char *)NULL);
		_exit(127);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

/* After 80 characters the cursor stands on the last of them: who clears the
 * rest of the line then takes a number's last digit. */
static void
check_full_lines(const char *text)
{
	const char *head = strstr(text, "names, this hour");
	const char *end = strpbrk(head, "\033\r");

	ck_assert_int_eq(end - head, 80);
	ck_assert_int_eq(*end, '\r');
	ck_assert_ptr_nonnull(strstr(text, "\033[K"));
}

/* 'q', Ctrl-C and SIGTERM. */
START_TEST(the_screen_leaves_the_terminal_as_it_was)
{
	static const char *const keys[] = { "q", "\003", NULL };
	struct termios before, after;
	char name[64], text[65536] = "";
	int terminal, keep, status;
	pid_t pid = start_live(&terminal, name, sizeof(name));

	if (pid == -1) {
		puts("skipped: the screen, without pseudo terminals");
		return;
	}
	keep = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_eq(tcgetattr(keep, &before), 0);
	read_until(terminal, text, sizeof(text), "\033[?1049h");
	read_until(terminal, text, sizeof(text), "names, this hour");
	read_until(terminal, text, sizeof(text), "categories");
	check_full_lines(text);
	/* It fits: 24 rows, nothing scrolls. */
	{
		unsigned rows = 0;

		for (const char *p = strstr(text, "\033[H");
		     p != NULL && (p = strstr(p, "\r\n")) != NULL; p++)
			rows++;
		ck_assert_uint_lt(rows, 24 * 2);
	}
	if (keys[_i] != NULL)
		ck_assert_int_eq((int)write(terminal, keys[_i], 1), 1);
	else
		kill(pid, SIGTERM);
	read_until(terminal, text, sizeof(text), "\033[?1049l");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_ptr_nonnull(strstr(text, "\033[?25h"));
	ck_assert_ptr_nonnull(strstr(text, "\033[?7h"));
	ck_assert_int_eq(tcgetattr(keep, &after), 0);
	ck_assert_uint_eq(before.c_lflag, after.c_lflag);
	ck_assert_uint_eq(before.c_iflag, after.c_iflag);
	close(keep);
	close(terminal);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cmd_ask");
	TCase *t = tcase_create("cmd_ask");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, commands_do_what_they_say, 0, RUNS);
	tcase_add_loop_test(t, every_command_has_help, 0, 8);
	tcase_add_test(t, one_look_at_nothing_is_an_error);
	tcase_add_test(t, no_complaint_acts_on_a_terminal);
	tcase_add_test(t, output_goes_to_a_file);
	tcase_add_test(t, what_csv_cannot_say_is_told_besides);
	tcase_add_test(t, parameters_take_their_choices);
	tcase_add_loop_test(t, the_screen_leaves_the_terminal_as_it_was, 0, 3);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
