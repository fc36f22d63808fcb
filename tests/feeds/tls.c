/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/tls.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPENSSL "/usr/bin/openssl"

/* A port that is free now. */
static unsigned
free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

/* False if it has ended: somebody else has the port by now. */
static bool
wait_until_ready(struct tls *t)
{
	const long end = now_ms() + patience(30000);
	int status;

	/* What it prints once it listens. */
	while (occurrences(t->proc.log, "ACCEPT") == 0) {
		if (proc_ended(&t->proc, &status))
			return false;
		ck_assert_msg(now_ms() < end, "s_server does not start");
		breathe();
	}
	return true;
}

void
tls_start(struct tls *t)
{
	static unsigned number;
	char key[160], log[160], accept[32];
	const char *const make[] = { OPENSSL, "req", "-x509", "-newkey", "ec",
		"-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
		key, "-out", t->ca, "-days", "2", "-subj", "/CN=127.0.0.1",
		"-addext", "subjectAltName=IP:127.0.0.1", NULL };
	const char *const serve[] = { "/usr/bin/env", "-C", t->folder, OPENSSL,
		"s_server", "-accept", accept, "-cert", t->ca, "-key", key,
		"-HTTP", NULL };

	snprintf(t->folder, sizeof(t->folder), "%s/tls-%ld-%u", procs_folder(),
	    (long)getpid(), number++);
	ck_assert_int_eq(mkdir(t->folder, 0700), 0);
	snprintf(key, sizeof(key), "%s.key", t->folder);
	snprintf(t->ca, sizeof(t->ca), "%s.pem", t->folder);
	snprintf(log, sizeof(log), "%s.log", t->folder);
	proc_run(log, make, 0);
	for (unsigned tries = 0;; tries++) {
		t->port = free_port();
		snprintf(accept, sizeof(accept), "%u", t->port);
		proc_start(&t->proc, log, serve, NULL, false);
		if (wait_until_ready(t))
			break;
		ck_assert_msg(tries < 10, "s_server does not start");
	}
}

void
tls_stop(struct tls *t)
{
	if (t->proc.pid == 0)
		return;
	kill(t->proc.pid, SIGKILL);
	proc_wait(&t->proc, 10000);
}

void
tls_page(struct tls *t, const char *name, const char *answer)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", t->folder, name);
	write_file(path, answer, strlen(answer));
}

const char *
tls_url(const struct tls *t, const char *path)
{
	static char url[8][200];
	static unsigned next;
	char *at = url[next++ % 8];

	snprintf(at, sizeof(url[0]), "https://127.0.0.1:%u%s", t->port, path);
	return at;
}
