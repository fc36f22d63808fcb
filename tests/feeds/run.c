/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/run.h"

#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/kit.h"

extern char **environ;

/* The text of the open file FD, which is unlinked already. */
static char *
text_of(int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);
	char *text = malloc((size_t)len + 1);

	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(pread(fd, text, (size_t)len, 0), len);
	text[len] = '\0';
	close(fd);
	return text;
}

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
run_feeds(struct run *r, const char *input, const char *args)
{
	const char *program = getenv("FRAUDSINK_TEST_FEEDS");
	char first[] = "fraudsink-feeds", *argv[64] = { first };
	char *words = strdup(args), *save;
	int fd[3] = { nameless(input), nameless(NULL), nameless(NULL) };
	posix_spawn_file_actions_t act;
	unsigned n = 1;
	int status;
	pid_t pid;

	ck_assert_msg(program != NULL, "FRAUDSINK_TEST_FEEDS is not set");
	for (char *w = strtok_r(words, " ", &save); w != NULL && n < 63;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_addchdir_np(&act, kit_dir);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&act, fd[i], i);
	ck_assert_int_eq(
	    posix_spawn(&pid, program, &act, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&act);
	free(words);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	r->status = WIFEXITED(status) ? WEXITSTATUS(status)
				      : 128 + WTERMSIG(status);
	close(fd[0]);
	r->out = text_of(fd[1]);
	r->err = text_of(fd[2]);
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
