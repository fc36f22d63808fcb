/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spend.c - spend COMMAND [ARGUMENT...]: what a command takes
 *
 * Writes "SECONDS MEGABYTES CPU" (elapsed; the most memory it had at a time;
 * seconds of user and system time) to descriptor 3.  Exits as the command does.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage use;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (pid == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (pid == -1 || wait4(pid, &status, 0, &use) == -1) {
		perror("spend");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	dprintf(3, "%.3f %.1f %.3f\n",
	    (double)(to.tv_sec - from.tv_sec) +
		(double)(to.tv_nsec - from.tv_nsec) / 1e9,
	    (double)use.ru_maxrss / 1024,
	    seconds(use.ru_utime) + seconds(use.ru_stime));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
