/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/stats/clickhouse.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/kit.h"

#define PROGRAM "/usr/sbin/clickhouse-server"
#define WAIT_S  60

bool
server_is_there(void)
{
	if (access(PROGRAM, X_OK) == 0)
		return true;
	printf("skipped: there is no %s\n", PROGRAM);
	return false;
}

/* A socket on a free port of loopback, to keep others from it. */
static int
take_port(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void
write_file(const struct server *s, const char *name, const char *text)
{
	char path[500];

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	kit_write(path, text, strlen(text));
}

static void
write_config(const struct server *s, const struct server *all, unsigned n)
{
	char shards[2048] = "", text[4096];

	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(shards);

		snprintf(shards + len, sizeof(shards) - len,
		    "<shard><replica><host>127.0.0.1</host><port>%u</port>"
		    "</replica></shard>",
		    all[i].tcp);
	}
	snprintf(text, sizeof(text),
	    "<yandex><logger><level>warning</level><log>%s/log</log>"
	    "<errorlog>%s/err</errorlog></logger>"
	    "<http_port>%u</http_port><tcp_port>%u</tcp_port>"
	    "<listen_host>127.0.0.1</listen_host>"
	    "<path>%s/data/</path><tmp_path>%s/tmp/</tmp_path>"
	    "<mark_cache_size>67108864</mark_cache_size>"
	    "<users_config>users.xml</users_config>"
	    "<default_profile>default</default_profile>"
	    "<default_database>default</default_database>"
	    "<remote_servers><both>%s</both></remote_servers></yandex>",
	    s->dir, s->dir, s->http, s->tcp, s->dir, s->dir, shards);
	write_file(s, "config.xml", text);
	write_file(s, "users.xml",
	    "<yandex><profiles><default/></profiles><users><default>"
	    "<password></password><networks><ip>127.0.0.1</ip></networks>"
	    "<profile>default</profile><quota>default</quota></default>"
	    "<writer><password>s3cret</password><networks><ip>127.0.0.1</ip>"
	    "</networks><profile>default</profile><quota>default</quota>"
	    "</writer></users><quotas><default/></quotas></yandex>");
}

void
server_prepare(struct server *s, unsigned n)
{
	static const char *const dirs[] = { "", "/data", "/tmp" };
	int fd[8];

	for (unsigned i = 0; i < n; i++) {
		s[i].pid = 0;
		snprintf(s[i].dir, sizeof(s[i].dir), "%s/ch%u", kit_dir, i);
		for (unsigned j = 0; j < 3; j++) {
			char path[500];

			snprintf(path, sizeof(path), "%s%s", s[i].dir, dirs[j]);
			ck_assert_int_eq(mkdir(path, 0700), 0);
		}
		fd[2 * i] = take_port(&s[i].http);
		fd[2 * i + 1] = take_port(&s[i].tcp);
	}
	for (unsigned i = 0; i < n; i++) {
		write_config(&s[i], s, n);
		close(fd[2 * i]);
		close(fd[2 * i + 1]);
	}
}

static bool
answers(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static const char ask[] = "GET /ping HTTP/1.0\r\n\r\n";
	char answer[64] = "";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    write(fd, ask, sizeof(ask) - 1) > 0 &&
	    read(fd, answer, sizeof(answer) - 1) > 0;

	close(fd);
	return good && strstr(answer, "200") != NULL;
}

void
server_start(struct server *s)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	const time_t end = time(NULL) + WAIT_S;

	s->pid = fork();
	ck_assert_int_ne(s->pid, -1);
	if (s->pid == 0) {
		int fd;

		/* Whatever becomes of the test, it does not stay. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (chdir(s->dir) == -1)
			_exit(127);
		fd = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, 1);
		dup2(fd, 2);
		execl(PROGRAM, "clickhouse-server", "--config-file=config.xml",
		    (char *)NULL);
		_exit(127);
	}
	while (!answers(s->http)) {
		ck_assert_int_eq(waitpid(s->pid, NULL, WNOHANG), 0);
		ck_assert_msg(time(NULL) < end, "the server does not start");
		nanosleep(&pause, NULL);
	}
}

void
server_end(struct server *s, int signal)
{
	if (s->pid == 0)
		return;
	kill(s->pid, signal);
	ck_assert_int_eq(waitpid(s->pid, NULL, 0), s->pid);
	s->pid = 0;
}
