/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/e2e/procs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/fraudsink-e2e.XXXXXX";

const char *
procs_folder(void)
{
	return folder;
}

/* ---- time ---- */

long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum procs_san
procs_san(void)
{
	const char *san = getenv("FRAUDSINK_TEST_SAN");

	if (san == NULL || *san == '\0')
		return SAN_NONE;
	return strcmp(san, "thread") == 0 ? SAN_THREAD : SAN_ADDRESS;
}

long
patience(long ms)
{
	switch (procs_san()) {
	case SAN_NONE:
		return ms;
	case SAN_ADDRESS:
		return 4 * ms;
	case SAN_THREAD:
		return 8 * ms;
	}
	return ms;
}

void
breathe(void)
{
	nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
}

/* ---- files ---- */

char *
read_text(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t len = 0, room = 1 << 16, n;
	char *text = malloc(room);

	ck_assert_ptr_nonnull(text);
	while (f != NULL && (n = fread(text + len, 1, room - len - 1, f)) > 0) {
		len += n;
		if (room - len < 2) {
			room *= 2;
			text = realloc(text, room);
			ck_assert_ptr_nonnull(text);
		}
	}
	if (f != NULL)
		fclose(f);
	text[len] = '\0';
	return text;
}

void
write_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "we");

	ck_assert_msg(
	    f != NULL, "cannot create '%s': %s", path, strerror(errno));
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

unsigned
occurrences(const char *path, const char *what)
{
	char *text = read_text(path);
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	free(text);
	return n;
}

void
show_tail(const char *path)
{
	char *text = read_text(path);
	char *from = text + strlen(text);

	for (unsigned lines = 0; from > text; from--)
		if (from[-1] == '\n' && ++lines > 60)
			break;
	fprintf(stderr, "---- %s\n%s----\n", path, from);
	free(text);
}

/* ---- processes ---- */

/* The sanitizers' runtimes that the module is linked with, for LD_PRELOAD. */
static char *
runtimes(void)
{
	static char list[1024] = "LD_PRELOAD=";
	char command[512], line[512];
	FILE *f;

	if (list[11] != '\0')
		return list;
	snprintf(command, sizeof(command), "ldd '%s'",
	    getenv("FRAUDSINK_TEST_MODULE"));
	f = popen(command, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		char *path = strstr(line, "=> /");

		if (path == NULL || strstr(line, "san") == NULL)
			continue;
		path += 3;
		path[strcspn(path, " ")] = '\0';
		if (strlen(list) + strlen(path) + 2 < sizeof(list)) {
			strcat(list, path);
			strcat(list, ":");
		}
	}
	ck_assert_int_eq(pclose(f), 0);
	return list;
}

#define ENV_MAX 256

/* Environment, ENV over it, and what sanitizers need, in OUT. */
static void
environment(
    const char *out[static ENV_MAX], const char *const env[], bool instrumented)
{
	size_t n = 0;

	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		out[n++] = env[i];
	if (instrumented && procs_san() != SAN_NONE) {
		out[n++] = runtimes();
		out[n++] = "ASAN_OPTIONS=verify_asan_link_order=0:"
			   "detect_leaks=0:exitcode=99";
		out[n++] = "UBSAN_OPTIONS=print_stacktrace=1:exitcode=99";
		out[n++] = "TSAN_OPTIONS=ignore_noninstrumented_modules=1:"
			   "exitcode=99";
	}
	for (char **e = environ; *e != NULL && n < ENV_MAX - 1; e++)
		out[n++] = *e; /* the first of a name counts */
	out[n] = NULL;
}

void
proc_start(struct proc *p, const char *log, const char *const argv[],
    const char *const env[], bool instrumented)
{
	const char *envp[ENV_MAX];
	pid_t parent = getpid();
	int fd;

	environment(envp, env, instrumented);
	snprintf(p->log, sizeof(p->log), "%s", log);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	ck_assert_msg(fd != -1, "cannot create '%s': %s", log, strerror(errno));
	p->pid = fork();
	if (p->pid == 0) { /* no asserts here: Check's lock may be held */
		sigset_t none;

		/* SIGTERM, so that it can end its own children. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(127);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (instrumented && procs_san() == SAN_THREAD)
			personality(ADDR_NO_RANDOMIZE);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execve(argv[0], (char *const *)(uintptr_t)argv,
		    (char *const *)(uintptr_t)envp);
		dprintf(fd, "cannot run '%s': %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	ck_assert_int_ne(p->pid, -1);
	close(fd);
}

bool
proc_ended(struct proc *p, int *status)
{
	pid_t pid = waitpid(p->pid, status, WNOHANG);

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		return false;
	p->pid = 0;
	return true;
}

int
proc_wait(struct proc *p, long ms)
{
	long end = now_ms() + patience(ms);
	int status = -1;

	while (!proc_ended(p, &status)) {
		if (now_ms() > end) {
			show_tail(p->log);
			kill(p->pid, SIGKILL);
			ck_abort_msg("a program does not end: %s", p->log);
		}
		breathe();
	}
	return status;
}

void
proc_run(const char *log, const char *const argv[], int want)
{
	struct proc p;
	int status;

	proc_start(&p, log, argv, NULL, false);
	status = proc_wait(&p, 30000);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != want) {
		show_tail(log);
		ck_abort_msg("'%s %s' ended with status %#x", argv[0],
		    argv[1] != NULL ? argv[1] : "", (unsigned)status);
	}
}

/* ---- addresses ---- */

static const char *
address(unsigned i)
{
	static char text[3][INET_ADDRSTRLEN];
	unsigned pid = (unsigned)getpid();

	/* A process number has 22 bits at most. */
	if (text[i][0] == '\0')
		snprintf(text[i], sizeof(text[i]), "127.%u.%u.%u",
		    64 * (i + 1) + (pid >> 16 & 63), pid >> 8 & 255, pid & 255);
	return text[i];
}

const char *
own_address(void)
{
	return address(0);
}

const char *
other_address(unsigned i)
{
	return address(i);
}

/* ---- the guardian ---- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Ends all that is left; as their subreaper the guardian has inherited it. */
static void
end_all_children(void)
{
	char path[64];

	snprintf(
	    path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	for (;;) {
		FILE *f = fopen(path, "re");
		int pid;

		while (f != NULL && fscanf(f, "%d", &pid) == 1)
			kill(pid, SIGKILL);
		if (f != NULL)
			fclose(f);
		if (waitpid(-1, NULL, f == NULL ? WNOHANG : 0) == -1 &&
		    errno == ECHILD)
			return;
	}
}

static int
run_tests(Suite *(*make_suite)(void))
{
	SRunner *runner = srunner_create(make_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
guard(pid_t tests, const sigset_t *watched)
{
	int sig, status = 0;

	for (;;) {
		if (sigwait(watched, &sig) != 0)
			continue;
		if (sig != SIGCHLD) {
			kill(tests, sig == SIGHUP ? SIGTERM : sig);
			continue;
		}
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
			if (pid == tests)
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : EXIT_FAILURE;
	}
}

int
procs_main(Suite *(*make_suite)(void))
{
	static const char *const needed[] = { "FRAUDSINK_TEST_UNBOUND",
		"FRAUDSINK_TEST_CONTROL", "FRAUDSINK_TEST_MODULE",
		"FRAUDSINK_TEST_FEEDS" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (getenv(needed[i]) == NULL) {
			fprintf(stderr, "%s is not set: run 'make check'\n",
			    needed[i]);
			return EXIT_FAILURE;
		}
	return procs_guard(make_suite);
}

int
procs_guard(Suite *(*make_suite)(void))
{
	sigset_t watched, before;
	pid_t parent = getpid(), tests;
	int status;

	if (mkdtemp(folder) == NULL) {
		perror("mkdtemp");
		return EXIT_FAILURE;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &watched, &before);
	tests = fork();
	if (tests == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		sigprocmask(SIG_SETMASK, &before, NULL);
		exit(run_tests(make_suite));
	}
	status = tests == -1 ? EXIT_FAILURE : guard(tests, &watched);
	end_all_children();
	if (getenv("FRAUDSINK_TEST_KEEP") == NULL)
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	else
		fprintf(stderr, "kept: %s\n", folder);
	return status;
}
