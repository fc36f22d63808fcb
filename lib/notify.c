/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/notify.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Read once: other threads may change the environment. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sockaddr_un to = { .sun_family = AF_UNIX };
static socklen_t to_len; /* 0: nobody wants to know */

static void
read_environment(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len;

	/* A path, or with '@' a name in the abstract space. */
	if (path == NULL || (*path != '/' && *path != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void
fsk_notify(const char *text)
{
	int fd;

	pthread_once(&once, read_environment);
	if (to_len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (const struct sockaddr *)&to, to_len);
	close(fd);
}

uint64_t
fsk_notify_watchdog(void)
{
	const char *every = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (every == NULL || (pid != NULL && atol(pid) != (long)getpid()))
		return 0;
	return strtoull(every, NULL, 10) / 2;
}
