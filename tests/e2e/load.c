/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/e2e/load.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS 4 /* a client, so that all of Unbound's threads are met */
#define LOST_MS 10000

/* A question that is on its way: its ID is its place. */
struct sent {
	bool used;
	unsigned name, client;
	long at;
	char text[128];
};

struct run {
	const struct load *l;
	int fd[LOAD_CLIENTS][SOCKETS];
	struct sent sent[LOAD_CLIENTS][SOCKETS][LOAD_WINDOW];
	unsigned waiting;
	uint64_t asked, answered, number;
	unsigned name; /* that is being asked, by: */
	unsigned client;
	char text[128];
	struct reply r;
	/* Changes. */
	pthread_t thread;
	bool changing;
	atomic_bool changed; /* the thread is done */
	unsigned change;
	long in_force;  /* since when */
	uint64_t since; /* by the number of answers */
};

uint64_t
load_size(uint64_t few, uint64_t many)
{
	const char *wanted = getenv("FRAUDSINK_TEST_LONG");
	const uint64_t n = wanted != NULL && *wanted == '1' ? many : few;

	switch (procs_san()) {
	case SAN_NONE:
		return n;
	case SAN_ADDRESS:
		return n / 4;
	case SAN_THREAD:
		return n / 16;
	}
	return n;
}

static void
open_sockets(struct run *run)
{
	const struct load *l = run->l;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)l->w->port) };

	inet_pton(AF_INET, own_address(), &to.sin_addr);
	for (unsigned c = 0; c < l->clients; c++)
		for (unsigned s = 0; s < SOCKETS; s++) {
			struct sockaddr_in from = { .sin_family = AF_INET };
			int fd = socket(AF_INET,
			    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

			ck_assert_int_ne(fd, -1);
			inet_pton(AF_INET, l->client[c], &from.sin_addr);
			ck_assert_int_eq(
			    bind(fd, (struct sockaddr *)&from, sizeof(from)),
			    0);
			ck_assert_int_eq(
			    connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
			run->fd[c][s] = fd;
		}
}

/* Draws the next name. */
static void
draw(struct run *run)
{
	const char *p;
	size_t n;

	run->name = (unsigned)random() % run->l->names;
	p = run->l->name[run->name];
	n = strcspn(p, "#");
	if (p[n] == '\0')
		snprintf(run->text, sizeof(run->text), "%s", p);
	else
		snprintf(run->text, sizeof(run->text), "%.*s%llu%s", (int)n, p,
		    (unsigned long long)run->number++, p + n + 1);
}

static void
send_one(struct run *run)
{
	const unsigned c = run->client, s = (unsigned)random() % SOCKETS;
	struct sent *sent = run->sent[c][s];
	unsigned id = 0;
	uint8_t q[600];
	struct ask a;
	size_t len;

	while (sent[id].used)
		id++; /* there are as many as can be on their way */
	sent += id;
	sent->used = true;
	sent->name = run->name;
	sent->client = c;
	sent->at = now_ms();
	memcpy(sent->text, run->text, sizeof(sent->text));
	a = (struct ask){ .name = sent->text };
	len = dns_make(&a, (uint16_t)id, q);
	ck_assert_int_eq(send(run->fd[c][s], q, len, 0), (ssize_t)len);
	run->asked++;
	run->waiting++;
	if (++run->client == run->l->clients) {
		run->client = 0;
		draw(run);
	}
}

static void
take(struct run *run, unsigned c, unsigned s)
{
	const struct load *l = run->l;
	const char *wrong;
	struct sent *sent;
	unsigned id;
	ssize_t n;

	while ((n = recv(run->fd[c][s], run->r.wire, sizeof(run->r.wire), 0)) >
	    0) {
		run->r.len = (size_t)n;
		dns_read(&run->r);
		id = run->r.wire[0] * 256u + run->r.wire[1];
		ck_assert_uint_lt(id, LOAD_WINDOW);
		sent = &run->sent[c][s][id];
		ck_assert(sent->used);
		wrong = l->wrong(l->arg, sent->name, sent->client, run->change,
		    !run->changing && sent->at > run->in_force, &run->r);
		if (wrong != NULL)
			ck_abort_msg("query %llu, %s for %s: %s (rcode %u), "
				     "after change %u",
			    (unsigned long long)run->answered, sent->text,
			    l->client[sent->client], wrong, run->r.rcode,
			    run->change);
		sent->used = false;
		run->waiting--;
		run->answered++;
	}
}

/* Fails if something waits for too long. */
static void
look_for_lost(const struct run *run)
{
	const long now = now_ms();

	for (unsigned c = 0; c < run->l->clients; c++)
		for (unsigned s = 0; s < SOCKETS; s++)
			for (unsigned i = 0; i < LOAD_WINDOW; i++) {
				const struct sent *at = &run->sent[c][s][i];

				ck_assert_msg(!at->used ||
					now - at->at < patience(LOST_MS),
				    "lost: %s for %s", at->text,
				    run->l->client[c]);
			}
}

static void *
make_change(void *arg)
{
	struct run *run = arg;

	run->l->change(run->l->arg, run->change);
	atomic_store(&run->changed, true);
	return NULL;
}

/* Ends a change that is made, and begins the next when it is time. */
static void
go_on_changing(struct run *run)
{
	const struct load *l = run->l;

	if (run->changing) {
		if (!atomic_load(&run->changed))
			return;
		pthread_join(run->thread, NULL);
		run->changing = false;
		run->in_force = now_ms();
		run->since = run->answered;
	}
	if (run->change == l->changes ||
	    run->answered - run->since < l->queries / (2 * l->changes))
		return;
	run->change++;
	run->changing = true;
	atomic_store(&run->changed, false);
	ck_assert_int_eq(
	    pthread_create(&run->thread, NULL, make_change, run), 0);
}

/* Whether there is more to ask. */
static bool
is_going_on(const struct run *run)
{
	return run->asked < run->l->queries || run->changing ||
	    run->change < run->l->changes;
}

void
load_run(const struct load *l)
{
	struct run *run = calloc(1, sizeof(*run));
	struct pollfd p[LOAD_CLIENTS * SOCKETS];
	const nfds_t n = l->clients * SOCKETS;

	ck_assert_ptr_nonnull(run);
	ck_assert_uint_le(l->clients, LOAD_CLIENTS);
	run->l = l;
	open_sockets(run);
	for (nfds_t i = 0; i < n; i++)
		p[i] = (struct pollfd){ run->fd[i / SOCKETS][i % SOCKETS],
			POLLIN, 0 };
	draw(run);
	while (run->waiting > 0 || is_going_on(run)) {
		while (run->waiting < LOAD_WINDOW && is_going_on(run))
			send_one(run);
		if (poll(p, n, 100) == 0)
			look_for_lost(run);
		for (nfds_t i = 0; i < n; i++)
			if (p[i].revents != 0)
				take(run, (unsigned)(i / SOCKETS),
				    (unsigned)(i % SOCKETS));
		if (l->changes > 0)
			go_on_changing(run);
	}
	ck_assert_uint_eq(run->answered, run->asked);
	printf("counted: %llu answers, %u changes, 0 wrong\n",
	    (unsigned long long)run->answered, run->change);
	for (nfds_t i = 0; i < n; i++)
		close(p[i].fd);
	free(run);
}
