/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/e2e/hold.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/procs.h"

#define QUESTIONS 256

/* A question with who asked it. */
struct question {
	struct sockaddr_in from;
	uint8_t q[1500];
	ssize_t len;
};

static struct {
	pthread_t thread;
	int front, back; /* towards Unbound, towards NSD */
	atomic_bool holding, stop;
	atomic_uint held;
	/* By the ID that goes to NSD. */
	struct question at[QUESTIONS];
	unsigned in, out; /* questions so far, those passed on */
} h;

static void
pass_on(struct question *q, unsigned id)
{
	uint8_t copy[1500];

	memcpy(copy, q->q, (size_t)q->len);
	copy[0] = (uint8_t)(id >> 8);
	copy[1] = (uint8_t)id;
	send(h.back, copy, (size_t)q->len, 0);
}

static void
take_question(void)
{
	struct question *q = &h.at[h.in % QUESTIONS];
	socklen_t n = sizeof(q->from);

	q->len = recvfrom(
	    h.front, q->q, sizeof(q->q), 0, (struct sockaddr *)&q->from, &n);
	if (q->len > 2)
		h.in++;
}

static void
take_answer(void)
{
	uint8_t a[4096];
	ssize_t len = recv(h.back, a, sizeof(a), 0);
	const struct question *q;

	if (len <= 2)
		return;
	q = &h.at[(a[0] * 256u + a[1]) % QUESTIONS];
	memcpy(a, q->q, 2);
	sendto(h.front, a, (size_t)len, 0, (const struct sockaddr *)&q->from,
	    sizeof(q->from));
}

static void *
run(void *arg)
{
	struct pollfd p[2] = { { h.front, POLLIN, 0 }, { h.back, POLLIN, 0 } };

	(void)arg;
	while (!atomic_load(&h.stop)) {
		if (poll(p, 2, 5) > 0) {
			if (p[0].revents != 0)
				take_question();
			if (p[1].revents != 0)
				take_answer();
		}
		while (!atomic_load(&h.holding) && h.out != h.in) {
			pass_on(&h.at[h.out % QUESTIONS], h.out % QUESTIONS);
			h.out++;
		}
		atomic_store(&h.held, h.in - h.out);
	}
	return NULL;
}

void
hold_start(const char *address, unsigned port)
{
	struct sockaddr_in front = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	struct sockaddr_in back = front;

	memset(&h, 0, sizeof(h));
	ck_assert_int_eq(inet_pton(AF_INET, address, &front.sin_addr), 1);
	ck_assert_int_eq(inet_pton(AF_INET, own_address(), &back.sin_addr), 1);
	h.front = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	h.back = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    bind(h.front, (struct sockaddr *)&front, sizeof(front)), 0);
	ck_assert_int_eq(
	    connect(h.back, (struct sockaddr *)&back, sizeof(back)), 0);
	ck_assert_int_eq(pthread_create(&h.thread, NULL, run, NULL), 0);
}

void
hold_stop(void)
{
	atomic_store(&h.stop, true);
	pthread_join(h.thread, NULL);
	close(h.front);
	close(h.back);
}

void
hold_on(void)
{
	atomic_store(&h.holding, true);
}

void
hold_off(void)
{
	atomic_store(&h.holding, false);
}

void
hold_await(unsigned n)
{
	const long end = now_ms() + patience(5000);

	while (atomic_load(&h.held) < n) {
		ck_assert_msg(now_ms() < end, "%u are held, not %u",
		    atomic_load(&h.held), n);
		breathe();
	}
}
