/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/stats/stats.h"

#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/kit.h"

extern char **environ;

static void
tell(void *arg, const char *fault)
{
	(void)arg;
	fprintf(stderr, "%s\n", fault);
}

struct conf *
stats_conf(const char *extra)
{
	const char *path = kit_path("stats.conf");
	char text[4096];
	struct conf *c;
	unsigned faults;

	snprintf(text, sizeof(text),
	    "host = here\n"
	    "rings = { \"%s/ring\" }\n"
	    "database = \"%s/stats.db\"\n"
	    "key-file = \"%s/key\"\n"
	    "journal = \"%s/journal\"\n"
	    "%s",
	    kit_dir, kit_dir, kit_dir, kit_dir, extra);
	kit_write(path, text, strlen(text));
	c = conf_read(path, tell, NULL, &faults);
	ck_assert_ptr_nonnull(c);
	return c;
}

void
stats_good(int rc, const struct fsk_error *err)
{
	ck_assert_msg(rc == FSK_OK, "%s", err->text);
}

struct store *
stats_open(const struct conf *c, enum store_use use)
{
	struct fsk_error err;
	struct store *s;

	stats_good(store_open(&s, c, use, &err), &err);
	return s;
}

static int
add_fact(void *arg, const struct store_fact *f)
{
	*(uint64_t *)arg += f->hits;
	return 0;
}

uint64_t
stats_hits(const struct conf *c, const struct store_query *q)
{
	struct fsk_error err;
	struct store *s;
	uint64_t n = 0;

	if (store_open(&s, c, STORE_READ, &err) != FSK_OK)
		return 0;
	stats_good(store_facts(s, q, add_fact, &n, &err), &err);
	store_close(s);
	return n;
}

int
stats_start(const char *args)
{
	const char *program = getenv("FRAUDSINK_TEST_STATS");
	char first[] = "fraudsink-stats", *argv[32] = { first };
	char *words = strdup(args), *save, output[512];
	posix_spawn_file_actions_t act;
	unsigned n = 1;
	pid_t pid;

	ck_assert_msg(program != NULL, "FRAUDSINK_TEST_STATS is not set");
	snprintf(output, sizeof(output), "%s/output", kit_dir);
	for (char *w = strtok_r(words, " ", &save); w != NULL && n < 31;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_addchdir_np(&act, kit_dir);
	posix_spawn_file_actions_addopen(
	    &act, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&act, 1, 2);
	ck_assert_int_eq(
	    posix_spawn(&pid, program, &act, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&act);
	free(words);
	return pid;
}

int
stats_run(const char *args)
{
	pid_t pid = stats_start(args);
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

const char *
stats_output(void)
{
	static char text[65536];
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/output", kit_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge((int)n, 0);
	text[n] = '\0';
	close(fd);
	return text;
}
