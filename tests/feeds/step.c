/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/step.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/kit.h"

/* Whether the system call changes files. */
static bool
is_step(const struct __ptrace_syscall_info *i)
{
	switch (i->entry.nr) {
	case SYS_openat:
		return (i->entry.args[2] & (O_CREAT | O_TRUNC)) != 0;
	case SYS_write:
	case SYS_pwrite64:
		return i->entry.args[0] > 2;
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_linkat:
	case SYS_unlinkat:
	case SYS_mkdirat:
	case SYS_ftruncate:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_fchmod:
	case SYS_flock:
#ifdef SYS_rename
	case SYS_rename:
	case SYS_link:
	case SYS_unlink:
	case SYS_mkdir:
#endif
		return true;
	default: /* of some hundred others none */
		return false;
	}
}

static pid_t
start(const char *args)
{
	const char *program = getenv("FRAUDSINK_TEST_FEEDS");
	char first[] = "fraudsink-feeds", *argv[32] = { first };
	char *words = strdup(args), *save;
	unsigned n = 1;
	pid_t pid;

	ck_assert_msg(program != NULL, "FRAUDSINK_TEST_FEEDS is not set");
	for (char *w = strtok_r(words, " ", &save); w != NULL && n < 31;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	/* The leak sanitizer traces, too. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (chdir(kit_dir) == -1 ||
		    ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			_exit(127);
		raise(SIGSTOP);
		execv(program, argv);
		_exit(126);
	}
	ck_assert_int_ne(pid, -1);
	free(words);
	return pid;
}

/* Lets the stopped thread PID go on; SIG: with this signal. */
static void
go_on(pid_t pid, int sig)
{
	ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(uintptr_t)(unsigned)sig);
}

bool
step_run(const char *args, unsigned last, int *status, bool *can)
{
	const pid_t pid = start(args);
	unsigned steps = 0;
	bool killed = false;
	pid_t tid;
	int s;

	*can = true;
	ck_assert_int_eq(waitpid(pid, &s, __WALL), pid);
	if (!WIFSTOPPED(s)) {
		*can = false;
		return false;
	}
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	    (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
		PTRACE_O_EXITKILL));
	go_on(pid, 0);
	while ((tid = waitpid(-1, &s, __WALL)) != -1) {
		struct __ptrace_syscall_info i = { 0 };

		if (!WIFSTOPPED(s)) {
			if (tid == pid)
				*status = WIFEXITED(s) ? WEXITSTATUS(s)
						       : 128 + WTERMSIG(s);
			continue;
		}
		if (WSTOPSIG(s) != (SIGTRAP | 0x80)) {
			/* New threads begin with a SIGSTOP, which is ours. */
			go_on(tid,
			    WSTOPSIG(s) == SIGTRAP || WSTOPSIG(s) == SIGSTOP
				? 0
				: WSTOPSIG(s));
			continue;
		}
		if (!killed &&
		    ptrace(PTRACE_GET_SYSCALL_INFO, tid,
			(void *)(uintptr_t)sizeof(i), &i) > 0 &&
		    i.op == PTRACE_SYSCALL_INFO_ENTRY && is_step(&i) &&
		    ++steps == last) {
			kill(pid, SIGKILL);
			killed = true;
		}
		go_on(tid, 0);
	}
	return killed;
}
