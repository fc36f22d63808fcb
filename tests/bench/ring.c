/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring.c - what telling costs
 *
 *   ring time PATH    nanoseconds that a worker spends to store an event, to
 *                     drop one, and to count
 *   ring drain PATH   a collector that throws away what it takes, until it is
 *                     killed or the file is gone; then how many it took
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/ring.h"
#include "tests/bench/bench.h"

#define EVENTS 8192
#define ROUNDS 51
#define NAMES  1024

static volatile sig_atomic_t ended;

static void
end(int sig)
{
	(void)sig;
	ended = 1;
}

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

static uint64_t
drain(struct fsk_ring_reader *r)
{
	static struct fsk_event e[256];
	uint64_t damaged = 0, all = 0;

	for (unsigned w = 0; w < fsk_ring_workers(r); w++)
		for (size_t n; (n = fsk_ring_take(r, w, e, 256, &damaged)) > 0;
		     all += n)
			fsk_ring_done(r, w);
	if (damaged != 0)
		die("%llu damaged events", (unsigned long long)damaged);
	return all;
}

/* Events as they come: names of all lengths, some feeds. */
static void
make_events(struct fsk_event *e)
{
	uint64_t seed = 5;

	for (unsigned i = 0; i < NAMES; i++) {
		uint64_t x = next_random(&seed);
		uint8_t label = (uint8_t)(4 + x % 8 + (x >> 8) % 12);

		e[i] = (struct fsk_event){ .time = x,
			.qtype = 1,
			.category = FSK_NO_LABEL,
			.group = FSK_NO_LABEL,
			.severity = 2,
			.transport = FSK_UDP,
			.entry = 2,
			.qname_len = (uint8_t)(label + 6) };
		e[i].qname[0] = label;
		memset(e[i].qname + 1, 'a' + (int)(x % 26), label);
		memcpy(e[i].qname + 1 + label, "\3com", 5);
	}
}

static void
print_row(const char *what, double ns, double most)
{
	printf("| %-34s | %7.1f | %6.0f | %s |\n", what, ns, most,
	    ns <= most ? "met" : "MISSED");
}

static void
measure(const char *path)
{
	static double stored[ROUNDS], dropped[ROUNDS], counted[ROUNDS],
	    hit[ROUNDS];
	struct fsk_event *e = must_alloc(NAMES * sizeof(*e));
	struct fsk_ring_worker *w;
	struct fsk_ring_reader *r;
	struct fsk_error err;
	struct fsk_ring *ring;
	uint64_t before;

	if (fsk_ring_open(&ring, path, 1, EVENTS, &err) != FSK_OK ||
	    fsk_ring_attach(&r, path, false, &err) != FSK_OK)
		die("%s", err.text);
	before = fsk_ring_sum(ring, FSK_COUNT_EVENTS);
	w = fsk_ring_claim(ring);
	make_events(e);
	for (unsigned round = 0; round < ROUNDS; round++) {
		double t[5];

		drain(r);
		t[0] = now_ns();
		for (unsigned i = 0; i < EVENTS; i++)
			fsk_ring_event(w, &e[i % NAMES]);
		t[1] = now_ns();
		for (unsigned i = 0; i < EVENTS; i++)
			fsk_ring_event(w, &e[i % NAMES]);
		t[2] = now_ns();
		for (unsigned i = 0; i < EVENTS; i++)
			fsk_ring_count(w, i % FSK_COUNTERS);
		t[3] = now_ns();
		for (unsigned i = 0; i < EVENTS; i++)
			fsk_ring_hit(w, (uint16_t)(i * 37 % 256), i % 2);
		t[4] = now_ns();
		stored[round] = (t[1] - t[0]) / EVENTS;
		dropped[round] = (t[2] - t[1]) / EVENTS;
		counted[round] = (t[3] - t[2]) / EVENTS;
		hit[round] = (t[4] - t[3]) / EVENTS;
	}
	if (fsk_ring_sum(ring, FSK_COUNT_EVENTS) - before != ROUNDS * EVENTS)
		die("events are missing");
	print_row("an event stored", median(stored), 100);
	print_row("an event dropped, nobody drains", median(dropped), 100);
	print_row("a counter", median(counted), 10);
	print_row("a hit by label", median(hit), 10);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
	free(e);
}

static void
collect(const char *path)
{
	const struct timespec pause = { 0, 5000000 };
	struct fsk_ring_reader *r;
	struct fsk_error err;
	uint64_t all = 0;

	signal(SIGTERM, end);
	if (fsk_ring_attach(&r, path, false, &err) != FSK_OK)
		die("%s", err.text);
	while (!ended && access(path, F_OK) == 0) {
		all += drain(r);
		nanosleep(&pause, NULL);
	}
	all += drain(r);
	printf("%llu\n", (unsigned long long)all);
	fsk_ring_detach(r);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "time") == 0)
		measure(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "drain") == 0)
		collect(argv[2]);
	else
		die("usage: ring time|drain PATH");
	return 0;
}
