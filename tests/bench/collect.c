/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many events a second the collector stores: a ring is written at a steady
 * RATE for SECONDS, and the collector's processor time is what counts; the wall
 * clock only shows that nothing was dropped.
 *
 *   collect STATS FOLDER RING-FOLDER ROOM RATE SECONDS [LINE...]
 *
 * STATS is the program, FOLDER is for its files, LINEs go to its configuration;
 * the ring has four workers with room for ROOM events each.
 * Names, clients and sets of feeds are as skewed as real ones: few make up
 * most.  Prints one line: events written, dropped, stored, seconds of processor
 * time, of wall clock, octets of the database, kilobytes of memory.
 */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/db.h"
#include "lib/ring.h"

#define WORKERS  4
#define ROOM     65536
#define NAMES    100000
#define CLIENTS  1000000
#define FEEDS    30
#define SETS     200
#define PREPARED (1 << 20) /* events, written again and again */

static void __attribute__((format(printf, 1, 2), noreturn))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t
next_random(void)
{
	static uint64_t state = 1;
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 to N - 1, of which number I comes about 1 / (I + 1) as often as 0. */
static uint32_t
skewed(uint32_t n)
{
	const double x = (double)(next_random() >> 11) / 9007199254740992.0;

	return (uint32_t)(pow(n + 1.0, x) - 1);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- events ---- */

struct labels {
	uint16_t feed[FEEDS], category[4], group[6];
	struct {
		uint16_t feed[3];
		uint8_t n;
	} set[SETS];
};

static void
make_labels(struct fsk_ring *ring, struct labels *l)
{
	char text[32];

	for (unsigned i = 0; i < FEEDS; i++) {
		snprintf(text, sizeof(text), "feed-%u", i);
		l->feed[i] = fsk_ring_label(ring, FSK_LABEL_FEED, text);
	}
	for (unsigned i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "category-%u", i);
		l->category[i] = fsk_ring_label(ring, FSK_LABEL_CATEGORY, text);
	}
	l->group[0] = FSK_NO_LABEL;
	for (unsigned i = 1; i < 6; i++) {
		snprintf(text, sizeof(text), "group-%u", i);
		l->group[i] = fsk_ring_label(ring, FSK_LABEL_GROUP, text);
	}
	for (unsigned i = 0; i < SETS; i++) {
		l->set[i].n = (uint8_t)(1 + next_random() % 3);
		for (unsigned j = 0; j < l->set[i].n; j++)
			l->set[i]
			    .feed[j] = l->feed[(skewed(FEEDS) + j) % FEEDS];
	}
}

/* An event of name I; what it is listed as follows from the name. */
static void
make_event(struct fsk_event *e, const struct labels *l)
{
	const uint32_t name = skewed(NAMES), client = skewed(CLIENTS);
	const uint32_t mixed = name * 0x9e3779b1u;
	const unsigned set = (unsigned)((uint64_t)mixed * SETS >> 32);
	char text[32];
	int n;

	*e = (struct fsk_event){ .qtype = 1,
		.client = { [10] = 255, [11] = 255 },
		.category = l->category[mixed >> 8 & 3],
		.group = l->group[client % 6],
		.feeds = l->set[set].n,
		.severity = mixed >> 12 & 7 ? FSK_RED : FSK_YELLOW,
		.action = mixed >> 16 & 1 ? FSK_SINKHOLE : FSK_NXDOMAIN,
		.transport = FSK_UDP,
		.entry = 2 };
	/* Most are an operator's own, the others all over the world. */
	if (client % 16 != 0)
		memcpy(e->client + 12,
		    (const uint8_t[4]){ 193, 190 + (client & 1),
			(uint8_t)(client >> 1), (uint8_t)(client >> 9) },
		    4);
	else
		fsk_put32(e->client + 12, client * 0x85ebca6bu);
	memcpy(e->feed, l->set[set].feed, sizeof(l->set[set].feed));
	n = snprintf(text, sizeof(text), "fraud-%08x", mixed);
	memcpy(e->qname, "\3www", 4);
	e->qname[4] = (uint8_t)n;
	memcpy(e->qname + 5, text, (size_t)n);
	memcpy(e->qname + 5 + n, "\7example", 9);
	e->qname_len = (uint8_t)(5 + n + 9);
}

/* Writes RATE events a second for LENGTH seconds; how many. */
static uint64_t
write_events(struct fsk_ring_worker **w, struct fsk_event *event, double rate,
    double length)
{
	const double begin = seconds();
	const struct timespec ms = { 0, 1000000 };
	uint64_t n = 0;

	for (double now = begin; now - begin < length; now = seconds()) {
		const uint64_t due = (uint64_t)((now - begin) * rate);
		const uint64_t time = (uint64_t)(now * 1e6);

		for (; n < due; n++) {
			struct fsk_event *e = &event[n % PREPARED];

			e->time = time;
			fsk_ring_count(w[n % WORKERS], FSK_COUNT_ANSWERED);
			fsk_ring_event(w[n % WORKERS], e);
		}
		nanosleep(&ms, NULL);
	}
	return n;
}

/* ---- the collector ---- */

static pid_t
start(const char *program, const char *conf)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(program, program, "collect", "-c", conf, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Kilobytes that PID had in memory at most.  What wait4() tells has this
 * process in it, which was copied to start the other. */
static long
peak(pid_t pid)
{
	char path[32], line[256];
	long kilobytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kilobytes;
}

static void
write_conf(
    const char *path, const char *folder, const char *ring, char **lines, int n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		die("cannot write '%s'", path);
	fprintf(f,
	    "rings = { \"%s\" }\ndatabase = \"%s/stats.db\"\n"
	    "key-file = \"%s/key\"\njournal = \"%s.journal\"\nhost = bench\n",
	    ring, folder, folder, ring);
	for (int i = 0; i < n; i++)
		fprintf(f, "%s\n", lines[i]);
	if (fclose(f) != 0)
		die("cannot write '%s'", path);
}

int
main(int argc, char **argv)
{
	static struct fsk_event *event;
	struct fsk_ring_worker *worker[WORKERS];
	char conf[512], ring_path[512], db[512];
	struct fsk_ring *ring;
	struct fsk_error err;
	struct rusage used;
	struct labels labels;
	struct stat st = { 0 };
	double begin;
	uint64_t n;
	long memory;
	int status;
	pid_t pid;

	if (argc < 7)
		die("usage: collect STATS FOLDER RING-FOLDER ROOM RATE "
		    "SECONDS [LINE...]");
	snprintf(conf, sizeof(conf), "%s/stats.conf", argv[2]);
	snprintf(db, sizeof(db), "%s/stats.db", argv[2]);
	snprintf(ring_path, sizeof(ring_path), "%s/ring", argv[3]);
	if (fsk_ring_open(&ring, ring_path, WORKERS, (unsigned)atoi(argv[4]),
		&err) != FSK_OK)
		die("%s", err.text);
	for (unsigned i = 0; i < WORKERS; i++)
		worker[i] = fsk_ring_claim(ring);
	make_labels(ring, &labels);
	event = malloc(PREPARED * sizeof(*event));
	if (event == NULL)
		die("out of memory");
	for (unsigned i = 0; i < PREPARED; i++)
		make_event(&event[i], &labels);
	write_conf(conf, argv[2], ring_path, argv + 7, argc - 7);
	pid = start(argv[1], conf);
	while (access(db, F_OK) == -1 && waitpid(pid, &status, WNOHANG) == 0)
		usleep(1000);
	begin = seconds();
	n = write_events(worker, event, atof(argv[5]), atof(argv[6]));
	memory = peak(pid);
	kill(pid, SIGTERM);
	if (wait4(pid, &status, 0, &used) != pid || status != 0)
		die("the collector ended with %d", status);
	stat(db, &st);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %.2f %.2f %lld %ld\n", n,
	    fsk_ring_sum(ring, FSK_COUNT_DROPPED),
	    fsk_ring_sum(ring, FSK_COUNT_EVENTS),
	    (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
	    seconds() - begin, (long long)st.st_size, memory);
	fsk_ring_close(ring);
	unlink(ring_path);
	return 0;
}
