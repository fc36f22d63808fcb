/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.c - a DNS client with a watch in its hand
 *
 *   client ready PORT NAME SINCE blocked|passed
 *       asks until the answer is as told; prints the seconds from SINCE (of
 *       the clock, in nanoseconds) to then
 *   client swap PORT LEGIT NAME FILE TIMES COMMAND-ON COMMAND-OFF
 *       asks for the names in LEGIT all the time and for NAME and names below
 *       it; runs COMMAND-ON and COMMAND-OFF in turn, which replace FILE by a
 *       list with and without NAME; prints what the clients of the server saw
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define PACE  (100 * 1000)       /* ns from query to query */
#define LOST  (2000 * 1000000ll) /* ns after which an answer is given up */
#define QUIET (700 * 1000000ll)  /* ns of peace after a swap is through */
#define AROUND \
	(100 * 1000000ll) /* ns after a swap is through still part of it */
#define WATCHED  4
#define WAIT_MAX (60 * 1000000000ll)

enum seen { NOTHING, PASSED, BLOCKED, WRONG };

/* A query under way; its place in the table is its id. */
struct flight {
	int64_t sent;  /* 0: free */
	int watched;   /* -1: a legitimate name */
	bool swapping; /* it was sent while a swap was under way */
};

static struct flight flights[65536];
static unsigned next_id;
static uint64_t answers, lost[2], wrong; /* lost: in quiet time, at swaps */
static int64_t stalled; /* the longest that this client was kept waiting */
static int sock;

static int64_t
ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ns_of(t);
}

static void
open_socket(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1, room = 4 << 20;

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock == -1 ||
	    setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) !=
		0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) != 0 ||
	    connect(sock, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("no socket: %s", strerror(errno));
}

/* Asks for the address of WIRE. */
static void
ask(unsigned id, const uint8_t *wire, size_t len)
{
	uint8_t p[12 + FSK_NAME_MAX + 4] = { (uint8_t)(id >> 8), (uint8_t)id, 1,
		0, 0, 1 };

	memcpy(p + 12, wire, len);
	memcpy(p + 12 + len, "\0\1\0\1", 4);
	/* A server that is not there yet refuses: asked again later. */
	(void)!send(sock, p, 16 + len, 0);
}

/* What the next answer says, if one has come, and when it came: by the kernel's
 * watch, so that a client that was kept waiting does not blame the server. */
static enum seen
hear(unsigned *id, int64_t *when)
{
	uint8_t p[2048];
	_Alignas(struct cmsghdr) char control[256];
	struct iovec iov = { p, sizeof(p) };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &m, 0);

	if (n < 12)
		return NOTHING;
	*when = now();
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL;
	     c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof(t));
			*when = ns_of(t);
		}
	*id = (unsigned)p[0] << 8 | p[1];
	if ((p[3] & 15) == 3)
		return BLOCKED;
	return (p[3] & 15) == 0 && p[7] != 0 ? PASSED : WRONG;
}

static void
wire_of(struct fsk_name *name, const char *text)
{
	if (fsk_name_from_text(name, text, strlen(text)) != NULL)
		die("'%s' is not a name", text);
}

static void
ready(char **argv)
{
	const enum seen want = strcmp(argv[5], "blocked") == 0 ? BLOCKED
							       : PASSED;
	const int64_t since = strtoll(argv[4], NULL, 10);
	struct fsk_name name;

	open_socket(argv[2]);
	wire_of(&name, argv[3]);
	for (unsigned id = 1;; id++) {
		struct pollfd p = { sock, POLLIN, 0 };
		unsigned got;
		int64_t t;

		ask(id & 0xffff, name.wire, name.len);
		poll(&p, 1, 2);
		if (hear(&got, &t) == want)
			break;
		if (now() - since > 5 * WAIT_MAX)
			die("no such answer on port %s", argv[2]);
		if (p.revents & POLLERR)
			usleep(1000); /* nobody listens yet */
	}
	printf("%.3f\n", (double)(now() - since) / 1e9);
}

/* ---- swaps ---- */

/* Times of answers, in ns. */
struct times {
	double *v;
	size_t n, room;
};
static struct times quiet_times, swap_times;

static void
times_add(struct times *t, int64_t v)
{
	if (t->n == t->room) {
		t->room = t->room * 2 + 4096;
		t->v = realloc(t->v, t->room * sizeof(*t->v));
		if (t->v == NULL)
			die("out of memory");
	}
	t->v[t->n++] = (double)v;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value at share P, in microseconds. */
static double
quantile(struct times *t, double p)
{
	if (t->n == 0)
		return 0;
	qsort(t->v, t->n, sizeof(*t->v), by_value);
	return t->v[(size_t)((double)(t->n - 1) * p)] / 1e3;
}

/* One swap as the client sees it. */
struct swap {
	const char *file;
	pid_t child;     /* of the command; 0: over */
	ino_t old;       /* the file before */
	int64_t renamed; /* when it was another; 0: not yet */
	enum seen want;
	int64_t changed[WATCHED]; /* when the answer changed; 0: not yet */
	int64_t first, all;
};

static ino_t
inode(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void
swap_begin(
    struct swap *s, const char *file, const char *command, enum seen want)
{
	memset(s, 0, sizeof(*s));
	s->file = file;
	s->old = inode(file);
	s->want = want;
	s->child = fork();
	if (s->child == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
}

static void
look_for_rename(struct swap *s)
{
	if (s->renamed == 0 && inode(s->file) != s->old)
		s->renamed = now();
}

/* Notes an ANSWER to the watched name W that was asked at SENT. */
static void
swap_answer(struct swap *s, int w, enum seen answer, int64_t sent, int64_t t)
{
	const enum seen before = s->want == BLOCKED ? PASSED : BLOCKED;

	if (answer == s->want)
		look_for_rename(s);
	if (answer == s->want && s->renamed != 0) {
		if (s->changed[w] == 0)
			s->changed[w] = t;
		if (s->first == 0)
			s->first = t;
	} else if (answer != before ||
	    (s->changed[w] != 0 && sent > s->changed[w])) {
		wrong++; /* neither list says so, or the new one was forgotten
			  */
	}
	if (s->renamed == 0)
		return;
	for (int i = 0; i < WATCHED; i++)
		if (s->changed[i] == 0)
			return;
	if (s->all == 0)
		s->all = t;
}

/* Whether the swap is through and some quiet time after it. */
static bool
swap_over(struct swap *s, int64_t t)
{
	int status;

	look_for_rename(s);
	if (s->child > 0 && waitpid(s->child, &status, WNOHANG) == s->child) {
		if (status != 0)
			die("the command to swap failed");
		s->child = 0;
	}
	return s->child == 0 && s->all != 0 && t - s->all > QUIET;
}

/* Whether at T the file is another and its list is being taken up. */
static bool
under_way(const struct swap *s, int64_t t)
{
	return s->renamed != 0 && (s->all == 0 || t - s->all < AROUND);
}

static void
collect(struct swap *s)
{
	enum seen answer;
	unsigned id;
	int64_t t;

	while ((answer = hear(&id, &t)) != NOTHING) {
		struct flight *f = &flights[id];

		if (f->sent == 0)
			continue; /* given up before */
		answers++;
		if (f->watched >= 0)
			swap_answer(s, f->watched, answer, f->sent, t);
		else if (answer != PASSED)
			wrong++;
		else if (under_way(s, t))
			times_add(&swap_times, t - f->sent);
		else if (s->child == 0)
			times_add(&quiet_times, t - f->sent);
		f->sent = 0;
	}
}

static void
send_next(const struct swap *s, const struct names *legit,
    const struct fsk_name *watched)
{
	static size_t turn;
	const unsigned id = next_id++ & 0xffff;
	struct flight *f = &flights[id];
	/* Every fourth query is for a watched name. */
	const int w = turn % 4 == 3 ? (int)(turn / 4 % WATCHED) : -1;
	const uint8_t *wire;
	size_t len;

	if (f->sent != 0)
		lost[f->swapping]++;
	if (w >= 0)
		wire = watched[w].wire, len = watched[w].len;
	else
		wire = names_get(legit, turn % legit->n, &len);
	turn++;
	f->watched = w;
	f->sent = now();
	f->swapping = under_way(s, f->sent);
	ask(id, wire, len);
}

/* Receives until it is time for the next query, DUE; returns when that was.  A
 * client that was kept waiting does not make up for it in a burst. */
static int64_t
step(struct swap *s, int64_t due)
{
	int64_t late;

	for (;;) {
		int64_t left = due - now();
		struct timespec wait = { 0, left > 0 ? (long)left : 0 };
		struct pollfd p = { sock, POLLIN, 0 };

		if (left <= 0)
			break;
		ppoll(&p, 1, &wait, NULL);
		collect(s);
	}
	collect(s);
	late = now() - due;
	if (late > stalled)
		stalled = late;
	return late > 10 * PACE ? due + late : due;
}

static void
swap(char **argv)
{
	static const char *const fronts[WATCHED] = { "", "www.", "a.b.",
		"x1." };
	struct times first[2] = { 0 }, all[2] = { 0 };
	struct fsk_name watched[WATCHED];
	struct names legit = { 0 };
	const int times = atoi(argv[6]);
	int64_t due, end;
	struct swap s = { .want = PASSED };

	prctl(PR_SET_TIMERSLACK, 1);
	open_socket(argv[2]);
	names_read(&legit, argv[3]);
	for (int w = 0; w < WATCHED; w++) {
		char text[FSK_TEXT_MAX];

		snprintf(text, sizeof(text), "%s%s", fronts[w], argv[4]);
		wire_of(&watched[w], text);
	}
	due = now();
	for (int i = 0; i < times; i++) {
		const int64_t began = due;

		swap_begin(&s, argv[5], argv[7 + i % 2],
		    i % 2 == 0 ? BLOCKED : PASSED);
		while (!swap_over(&s, due)) {
			send_next(&s, &legit, watched);
			due = step(&s, due + PACE);
			if (due - began > WAIT_MAX)
				die("a swap was not noticed in a minute");
		}
		times_add(&first[i % 2], s.first - s.renamed);
		times_add(&all[i % 2], s.all - s.renamed);
	}
	for (end = due + LOST; due < end; due += PACE)
		step(&s, due);
	for (size_t i = 0; i < 65536; i++)
		lost[flights[i].swapping] += flights[i].sent != 0;
	printf("%llu %llu %llu", (unsigned long long)answers,
	    (unsigned long long)lost[1], (unsigned long long)wrong);
	printf(" %.0f %.0f %.0f %.0f %.0f %.0f", quantile(&quiet_times, 0.5),
	    quantile(&quiet_times, 0.999), quantile(&quiet_times, 1),
	    quantile(&swap_times, 0.5), quantile(&swap_times, 0.999),
	    quantile(&swap_times, 1));
	for (int i = 0; i < 2; i++)
		printf(" %.1f %.1f %.1f %.1f", quantile(&first[i], 0.5) / 1e3,
		    quantile(&first[i], 1) / 1e3, quantile(&all[i], 0.5) / 1e3,
		    quantile(&all[i], 1) / 1e3);
	printf(
	    " %.1f %llu\n", (double)stalled / 1e6, (unsigned long long)lost[0]);
}

int
main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "ready") == 0)
		ready(argv);
	else if (argc == 9 && strcmp(argv[1], "swap") == 0)
		swap(argv);
	else
		die("usage: client ready|swap ...");
	return 0;
}
