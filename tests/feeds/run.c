/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/run.h"

#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/kit.h"

extern char **environ;

static int
nameless(const char *text)
{
	char path[] = "/tmp/fraudsink-run-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	unlink(path);
	if (text != NULL)
		ck_assert_int_eq(
		    write(fd, text, strlen(text)), (ssize_t)strlen(text));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

void
run_start(
    struct run_on *p, const char *input, const char *args, const char *env[])
{
	const char *program = getenv("FRAUDSINK_TEST_FEEDS");
	char first[] = "fraudsink-feeds", *argv[64] = { first };
	char *words = strdup(args), *save, *envp[256];
	int fd[3] = { nameless(input), nameless(NULL), nameless(NULL) };
	posix_spawn_file_actions_t act;
	unsigned n = 1, e = 0;

	ck_assert_msg(program != NULL, "FRAUDSINK_TEST_FEEDS is not set");
	for (char *w = strtok_r(words, " ", &save); w != NULL && n < 63;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	for (; env != NULL && env[e] != NULL; e++)
		envp[e] = (char *)(uintptr_t)env[e];
	for (char **v = environ; *v != NULL && e < 255; v++)
		envp[e++] = *v; /* the first of a name counts */
	envp[e] = NULL;
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_addchdir_np(&act, kit_dir);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&act, fd[i], i);
	ck_assert_int_eq(
	    posix_spawn(&p->pid, program, &act, NULL, argv, envp), 0);
	posix_spawn_file_actions_destroy(&act);
	free(words);
	close(fd[0]);
	p->out = fd[1];
	p->err = fd[2];
}

/* The text of the open file FD. */
static char *
text_so_far(int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	ck_assert_int_eq(fstat(fd, &st), 0);
	text = malloc((size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(text);
	n = pread(fd, text, (size_t)st.st_size, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

char *
run_said(const struct run_on *p)
{
	return text_so_far(p->err);
}

void
run_until(struct run_on *p, const char *text)
{
	for (;;) {
		int status;
		const pid_t pid = waitpid(p->pid, &status, WNOHANG);
		char *said = run_said(p);
		const bool found = strstr(said, text) != NULL;

		ck_assert_msg(
		    pid == 0, "it ends before it says '%s': %s", text, said);
		free(said);
		if (found)
			return;
		nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	}
}

void
run_end(struct run_on *p, struct run *r)
{
	int status;

	ck_assert_int_eq(waitpid(p->pid, &status, 0), p->pid);
	r->status = WIFEXITED(status) ? WEXITSTATUS(status)
				      : 128 + WTERMSIG(status);
	r->out = text_so_far(p->out);
	r->err = text_so_far(p->err);
	close(p->out);
	close(p->err);
	p->pid = 0;
}

void
run_feeds(struct run *r, const char *input, const char *args)
{
	struct run_on p;

	run_start(&p, input, args, NULL);
	run_end(&p, r);
}

void
run_free(struct run *r)
{
	free(r->out);
	free(r->err);
}

int
run_status(const char *input, const char *args)
{
	struct run r;

	run_feeds(&r, input, args);
	run_free(&r);
	return r.status;
}

char *
run_output(const char *args)
{
	struct run r;

	run_feeds(&r, NULL, args);
	ck_assert_msg(
	    r.status == 0, "'%s' exits with %d: %s", args, r.status, r.err);
	free(r.err);
	return r.out;
}

void
run_file(const char *name, const char *text)
{
	kit_write(kit_path(name), text, strlen(text));
}

json_t *
run_json(const char *text)
{
	json_error_t e;
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &e);

	ck_assert_msg(j != NULL, "no JSON (%s): %s", e.text, text);
	return j;
}
