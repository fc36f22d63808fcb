/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lookup.c - look-ups in our database against other structures
 *
 *   lookup FOLDER LEGIT           measure, print tables
 *   lookup --count FOLDER LEGIT   under callgrind: a dump for each
 *                                 structure and workload
 *
 * Targets go to descriptor 3: what, value and the most that is allowed, parted
 * by tabs.
 *
 * FOLDER holds listed.txt (sorted), exact.fsdb and secret.fsdb; LEGIT is a
 * file of ranked legitimate names.  The structures take turns in rounds within
 * one process, so that a busy neighbour slows all of them alike; medians of
 * rounds, and of the ratios within a round, are printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "tests/bench/bench.h"
#include "tests/bench/clock.h"

#define QUERIES 100000
#define COUNTED 2000
#define CHUNK   500
#define CHUNKS  (QUERIES / CHUNK)
#define ROUNDS  15
#define LONELY  700 /* queries a round of the latency measurement */
#define ARENA   ((size_t)512 << 20)
#define DIRTY   512 /* cache lines touched before each */

static const struct kind *const kinds[] = { &kind_null, &kind_line, &kind_exact,
	&kind_exact_map, &kind_secret, &kind_cdb, &kind_lmdb, &kind_hash,
	&kind_hash_huge };
#define KINDS (sizeof(kinds) / sizeof(*kinds))
enum { FRONT, LINE, EXACT, EXACT_MAP, SECRET, CDB, LMDB, HASH, HASH_HUGE };

enum { POPULAR, UNIQUE, LISTED, LOADS };
static const char *const load_names[LOADS] = { "popular", "unique", "listed" };

static struct names queries[LOADS];
static void *held[KINDS];
static uint64_t bytes[KINDS];
static size_t hits[KINDS][LOADS];
/* Nanoseconds a query, [..][ROUNDS]. */
static double ns[KINDS][LOADS][ROUNDS];
static double p50[KINDS][LOADS], p99[KINDS][LOADS];

/* The loop that is measured, the same for all. */
static size_t __attribute__((noinline))
run(size_t k, const struct names *q, size_t from, size_t to)
{
	bool (*find)(void *, const uint8_t *, size_t) = kinds[k]->find;
	void *s = held[k];
	size_t found = 0;

	for (size_t i = from; i < to; i++) {
		size_t len;
		const uint8_t *wire = names_get(q, i, &len);

		found += find(s, wire, len);
	}
	return found;
}

static double
median_ns(size_t k, size_t load)
{
	double v[ROUNDS];

	memcpy(v, ns[k][load], sizeof(v));
	return quantile(v, ROUNDS, 0.5);
}

/* The median of the rounds' ratios of structure A to B. */
static double
ratio(size_t a, size_t b, size_t load)
{
	double v[ROUNDS];

	for (size_t r = 0; r < ROUNDS; r++)
		v[r] = ns[a][load][r] / ns[b][load][r];
	return quantile(v, ROUNDS, 0.5);
}

/* Back to back, as fast as it goes. */
static void
measure_throughput(void)
{
	for (size_t r = 0; r < ROUNDS; r++)
		for (size_t load = 0; load < LOADS; load++)
			for (size_t turn = 0; turn < KINDS; turn++) {
				size_t k = (turn + r) % KINDS;
				double v[CHUNKS], t = now_ns();

				hits[k][load] = 0;
				for (size_t c = 0; c < CHUNKS; c++) {
					double u;

					hits[k][load] += run(k, &queries[load],
					    c * CHUNK, (c + 1) * CHUNK);
					u = now_ns();
					v[c] = (u - t) / CHUNK;
					t = u;
				}
				ns[k][load][r] = quantile(v, CHUNKS, 0.5);
			}
}

/* ---- latency in a process that does other things in between ---- */

static void
measure_latency(void)
{
	static double v[KINDS][LOADS][ROUNDS * LONELY];
	uint8_t *arena = must_alloc(ARENA);
	const double scale = tick_ns();
	uint64_t seed = 9, sum = 0;

	memset(arena, 1, ARENA);
	for (size_t r = 0; r < ROUNDS; r++)
		for (size_t load = 0; load < LOADS; load++)
			for (size_t turn = 0; turn < KINDS; turn++) {
				size_t k = (turn + r) % KINDS;

				for (size_t i = 0; i < LONELY; i++) {
					size_t at = r * LONELY + i;
					uint64_t t;

					for (size_t j = 0; j < DIRTY; j++)
						sum +=
						    arena[next_random(&seed) %
							ARENA];
					t = ticks();
					sum += run(
					    k, &queries[load], at, at + 1);
					v[k][load][at] = (double)(ticks() - t) *
					    scale;
				}
			}
	__asm__ volatile("" : : "r"(sum));
	for (size_t k = 0; k < KINDS; k++)
		for (size_t load = 0; load < LOADS; load++) {
			p50[k][load] = quantile(
			    v[k][load], ROUNDS * LONELY, 0.5);
			p99[k][load] = v[k][load]
					[(size_t)(ROUNDS * LONELY * 0.99)];
		}
	free(arena);
}

/* ---- what is printed ---- */

/* A line for run.sh's table of targets. */
static void
target(const char *what, double value, double most)
{
	dprintf(3, "%s\t%.2f\t%.2f\n", what, value, most);
}

static void
tell_targets(double n)
{
	static const struct {
		const char *what;
		size_t ours, theirs, load;
		double most;
	} row[] = {
		{ "time to tinycdb, popular", EXACT, CDB, POPULAR, 0.45 },
		{ "time to tinycdb, unique", EXACT, CDB, UNIQUE, 0.42 },
		{ "time to tinycdb, listed", EXACT, CDB, LISTED, 0.65 },
		{ "time to a hash table, popular", EXACT, HASH, POPULAR, 0.60 },
		{ "time to a hash table, unique", EXACT, HASH, UNIQUE, 0.55 },
		{ "time to LMDB, popular", EXACT, LMDB, POPULAR, 0.08 },
		{ "time to LMDB, unique", EXACT, LMDB, UNIQUE, 0.08 },
		{ "time to tinycdb, listed, secret mode", SECRET, CDB, LISTED,
		    0.50 },
		{ "time to secret mode, listed", EXACT, SECRET, LISTED, 1.50 },
	};
	static const double p50_most[LOADS] = { 0.48, 0.40, 0.53 };

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		target(row[i].what,
		    ratio(row[i].ours, row[i].theirs, row[i].load),
		    row[i].most);
	for (size_t load = 0; load < LOADS; load++) {
		char what[64];

		snprintf(
		    what, sizeof(what), "p50 to tinycdb, %s", load_names[load]);
		target(what, p50[EXACT][load] / p50[CDB][load], p50_most[load]);
	}
	target("p99 to tinycdb, popular",
	    p99[EXACT][POPULAR] / p99[CDB][POPULAR], 0.35);
	/* What memory allows: less cannot be had. */
	for (size_t load = 0; load < LISTED; load++) {
		char what[64];

		snprintf(what, sizeof(what),
		    "p50 less front end to one line, %s", load_names[load]);
		target(what,
		    (p50[EXACT][load] - p50[FRONT][load]) /
			(p50[LINE][load] - p50[FRONT][load]),
		    1.40);
	}
	target(
	    "size to tinycdb", (double)bytes[EXACT] / (double)bytes[CDB], 0.33);
	target("octets a name", (double)bytes[EXACT] / n, 16);
	target("octets a name, secret mode", (double)bytes[SECRET] / n, 13.5);
}

static void
print(size_t entries)
{
	const double n = (double)entries;

	printf("\n### Look-ups, %zu names, ns a query\n\n"
	       "ns: one after the other; p50, p99: one query after %d random "
	       "cache lines were touched\n\n",
	    entries, DIRTY);
	printf("| %-19s | octets a name |", "");
	for (size_t load = 0; load < LOADS; load++)
		printf(" %-7s: ns |   p50 |   p99 |", load_names[load]);
	printf("\n|%.21s|%.15s|", "---------------------", "---------------");
	for (size_t load = 0; load < LOADS; load++)
		printf(
		    "%.13s|%.7s|%.7s|", "-------------", "-------", "-------");
	for (size_t k = 0; k < KINDS; k++) {
		printf("\n| %-19s | %13.2f |", kinds[k]->name,
		    (double)bytes[k] / n);
		for (size_t load = 0; load < LOADS; load++)
			printf(" %11.1f | %5.0f | %5.0f |", median_ns(k, load),
			    p50[k][load], p99[k][load]);
	}
	printf(
	    "\n\nFor information: to a hash table listed %.2f; to one on huge "
	    "pages popular %.2f, unique %.2f, listed %.2f; to LMDB listed "
	    "%.2f\n",
	    ratio(EXACT, HASH, LISTED), ratio(EXACT, HASH_HUGE, POPULAR),
	    ratio(EXACT, HASH_HUGE, UNIQUE), ratio(EXACT, HASH_HUGE, LISTED),
	    ratio(EXACT, LMDB, LISTED));
	tell_targets(n);
}

/* All structures must have found the same. */
static void
compare_hits(void)
{
	for (size_t load = 0; load < LOADS; load++) {
		for (size_t k = EXACT; k < KINDS; k++)
			if (hits[k][load] != hits[EXACT][load])
				die("%s found %zu of the %s queries, "
				    "fraudsink %zu",
				    kinds[k]->name, hits[k][load],
				    load_names[load], hits[EXACT][load]);
		printf("%s queries: all structures found %zu of %d\n",
		    load_names[load], hits[EXACT][load], QUERIES);
	}
}

static void
count_instructions(void)
{
	for (size_t load = 0; load < LOADS; load++)
		for (size_t k = 0; k < KINDS; k++) {
			char label[64];

			snprintf(label, sizeof(label), "%s:%s:%d",
			    load_names[load], kinds[k]->name, COUNTED);
			CALLGRIND_START_INSTRUMENTATION;
			run(k, &queries[load], 0, COUNTED);
			CALLGRIND_STOP_INSTRUMENTATION;
			CALLGRIND_DUMP_STATS_AT(label);
		}
}

int
main(int argc, char **argv)
{
	bool count = argc == 4 && strcmp(argv[1], "--count") == 0;
	struct names list = { 0 }, legit = { 0 };
	const char *folder;

	if (argc != 3 && !count)
		die("usage: lookup [--count] FOLDER LEGIT");
	folder = argv[argc - 2];
	names_read(&legit, argv[argc - 1]);
	names_read(&list, path_in(folder, "listed.txt"));
	queries_popular(&queries[POPULAR], &legit, QUERIES);
	queries_unique(&queries[UNIQUE], &legit, QUERIES);
	queries_listed(&queries[LISTED], &list, QUERIES);
	for (size_t k = 0; k < KINDS; k++)
		held[k] = kinds[k]->open(folder, &list, &bytes[k]);
	if (count) {
		count_instructions();
		return 0;
	}
	measure_throughput();
	compare_hits();
	measure_latency();
	print(list.n);
	return 0;
}
