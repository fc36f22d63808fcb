/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy.c - what a policy costs a verdict
 *
 *   policy LEGIT LISTED PREFIXES NAME=DATABASE...
 *
 * The databases hold the same names, the first one without a policy.  LEGIT and
 * LISTED are files of names, PREFIXES one of the prefixes of groups, from which
 * clients come.  The databases take turns, so that a busy neighbour slows all
 * alike; medians of rounds, and of the ratios within a round, are printed.
 *
 * Targets go to descriptor 3: what, value and the most that is allowed, parted
 * by tabs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/policy.h"
#include "lib/verdict.h"
#include "tests/bench/bench.h"
#include "tests/bench/clock.h"

#define QUERIES 100000
#define CHUNK   500
#define CHUNKS  (QUERIES / CHUNK)
#define ROUNDS  15
#define LONELY  700 /* queries a round of the latency measurement */
#define ARENA   ((size_t)512 << 20)
#define DIRTY   512   /* cache lines touched before each */
#define CLIENTS 65536 /* a power of two */
#define KINDS   4
#define NOW     1790000000

enum { POPULAR, UNIQUE, LISTED, LOADS };
static const char *const load_names[LOADS] = { "popular", "unique", "listed" };

static struct names queries[LOADS];
static uint8_t clients[CLIENTS][FSK_ADDR_LEN];
static struct {
	const char *name;
	struct fsk_db *db;
	double open_ms[ROUNDS], ns[LOADS][ROUNDS];
	double lonely[LOADS][ROUNDS * LONELY];
} kind[KINDS];
static size_t kinds;

/* Clients within the prefixes of the file PATH, and these. */
static void
read_prefixes(const char *path, struct fsk_prefixes *all)
{
	FILE *f = fopen(path, "re");
	uint64_t state = 7;
	char line[128];

	if (f == NULL)
		die("cannot open '%s'", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		uint8_t addr[FSK_ADDR_LEN];
		unsigned bits;

		line[strcspn(line, "\n")] = '\0';
		if (fsk_prefix_read(line, addr, &bits) != NULL ||
		    !fsk_prefixes_add(all, addr, bits, (uint32_t)all->n + 1))
			die("'%s' is no prefix", line);
	}
	fclose(f);
	if (all->n == 0)
		die("'%s' has no prefixes", path);
	for (size_t i = 0; i < CLIENTS; i++) {
		const struct fsk_prefix
		    *p = &all->at[next_random(&state) % all->n];

		memcpy(clients[i], p->addr, FSK_ADDR_LEN);
		for (unsigned b = p->bits; b < 128; b++)
			if (next_random(&state) & 1)
				clients[i][b / 8] |= (uint8_t)(0x80 >> b % 8);
	}
}

/* ---- prefixes ---- */

static void
measure_prefixes(struct fsk_prefixes *all)
{
	double open_ms[ROUNDS], find[ROUNDS], worst[ROUNDS];
	struct fsk_prefix_table t;
	volatile uint64_t sum = 0;
	double made, from = now_ns();
	size_t len;
	uint8_t *bytes = fsk_prefixes_table(all, &len);

	if (bytes == NULL)
		die("out of memory");
	made = (now_ns() - from) / 1e6;
	for (size_t r = 0; r < ROUNDS; r++) {
		double v[CLIENTS / 64];

		from = now_ns();
		if (fsk_prefix_table_open(&t, bytes, len, UINT32_MAX) != NULL)
			die("the table of prefixes is not good");
		open_ms[r] = (now_ns() - from) / 1e6;
		for (size_t i = 0; i < CLIENTS; i += 64) {
			from = now_ns();
			for (size_t j = i; j < i + 64; j++)
				sum += fsk_prefix_find(&t, clients[j]);
			v[i / 64] = (now_ns() - from) / 64;
		}
		find[r] = quantile(v, CLIENTS / 64, 0.5);
		worst[r] = quantile(v, CLIENTS / 64, 0.99);
	}
	printf("\n### A table of %zu prefixes (%.1f MB)\n\n"
	       "made in %.1f ms, opened in %.2f ms; a match %.1f ns, p99 of 64 "
	       "in a row %.1f ns each\n",
	    all->n, (double)len / 1e6, made, quantile(open_ms, ROUNDS, 0.5),
	    quantile(find, ROUNDS, 0.5), quantile(worst, ROUNDS, 0.5));
	dprintf(3, "match among 100,000 prefixes, ns\t%.1f\t100\n",
	    quantile(find, ROUNDS, 0.5));
	free(bytes);
}

/* ---- verdicts ---- */

static void
open_kind(size_t k, const char *path, size_t round)
{
	struct fsk_error err = { 0 };
	const double from = now_ns();

	fsk_db_close(kind[k].db);
	if (fsk_db_open(&kind[k].db, path, FSK_DB_COPY, &err) != FSK_OK)
		die("%s", err.text);
	kind[k].open_ms[round] = (now_ns() - from) / 1e6;
}

/* The loop that is measured, the same for all; how many are blocked. */
static size_t __attribute__((noinline))
run(const struct fsk_db *db, const struct names *q, size_t from, size_t to)
{
	size_t blocked = 0;

	for (size_t i = from; i < to; i++) {
		struct fsk_question asked = { .qtype = 1,
			.client = clients[i & (CLIENTS - 1)],
			.now = NOW };
		struct fsk_verdict v;
		size_t len;
		const uint8_t *wire = names_get(q, i, &len);

		fsk_db_query(db, &asked.q, wire, len);
		fsk_verdict(db, NULL, &asked, &v);
		blocked += v.block;
	}
	return blocked;
}

static void
measure_throughput(size_t r)
{
	for (size_t load = 0; load < LOADS; load++)
		for (size_t turn = 0; turn < kinds; turn++) {
			const size_t k = (turn + r) % kinds;
			double v[CHUNKS], t = now_ns();
			size_t blocked = 0;

			for (size_t c = 0; c < CHUNKS; c++) {
				double u;

				blocked += run(kind[k].db, &queries[load],
				    c * CHUNK, (c + 1) * CHUNK);
				u = now_ns();
				v[c] = (u - t) / CHUNK;
				t = u;
			}
			kind[k].ns[load][r] = quantile(v, CHUNKS, 0.5);
			if (blocked != (load == LISTED ? QUERIES : 0))
				die("%s: %zu of %d %s names are blocked",
				    kind[k].name, blocked, QUERIES,
				    load_names[load]);
		}
}

/* In a process that does other things in between. */
static void
measure_latency(size_t r, const uint8_t *arena, double scale)
{
	static uint64_t seed = 9;
	uint64_t sum = 0;

	for (size_t load = 0; load < LOADS; load++)
		for (size_t turn = 0; turn < kinds; turn++) {
			const size_t k = (turn + r) % kinds;

			for (size_t i = 0; i < LONELY; i++) {
				const size_t at = r * LONELY + i;
				uint64_t t;

				for (size_t j = 0; j < DIRTY; j++)
					sum +=
					    arena[next_random(&seed) % ARENA];
				t = ticks();
				sum += run(
				    kind[k].db, &queries[load], at, at + 1);
				kind[k].lonely[load][at] = (double)(ticks() -
							       t) *
				    scale;
			}
		}
	__asm__ volatile("" : : "r"(sum));
}

/* The median of the rounds' ratios of K to the first. */
static double
ratio(size_t k, size_t load)
{
	double v[ROUNDS];

	for (size_t r = 0; r < ROUNDS; r++)
		v[r] = kind[k].ns[load][r] / kind[0].ns[load][r];
	return quantile(v, ROUNDS, 0.5);
}

static void
print(void)
{
	printf("\n### Verdicts\n\nns: one after the other, and to the first; "
	       "p50: one after %d random cache lines were touched\n\n"
	       "| %-22s | groups | classes | open ms |",
	    DIRTY, "");
	for (size_t load = 0; load < LOADS; load++)
		printf(" %-7s: ns | ratio |   p50 |", load_names[load]);
	printf("\n|---|---|---|---|---|---|---|---|---|---|---|---|---|");
	for (size_t k = 0; k < kinds; k++) {
		const struct fsk_policy *p = fsk_db_policy(kind[k].db);

		printf("\n| %-22s | %6u | %7u | %7.1f |", kind[k].name,
		    p != NULL ? fsk_policy_groups(p) - 1 : 0,
		    p != NULL ? fsk_policy_classes(p) : 0,
		    quantile(kind[k].open_ms, ROUNDS, 0.5));
		for (size_t load = 0; load < LOADS; load++) {
			const double to_first = ratio(k, load);

			printf(" %11.1f | %5.2f | %5.0f |",
			    quantile(kind[k].ns[load], ROUNDS, 0.5), to_first,
			    quantile(
				kind[k].lonely[load], ROUNDS * LONELY, 0.5));
		}
	}
	puts("");
}

int
main(int argc, char **argv)
{
	struct names legit = { 0 }, listed = { 0 };
	uint8_t *arena = must_alloc(ARENA);
	struct fsk_prefixes all = { 0 };
	const double scale = tick_ns();
	const char *path[KINDS];

	kinds = argc > 4 ? (size_t)argc - 4 : 0;
	if (kinds == 0 || kinds > KINDS)
		die("usage: policy LEGIT LISTED PREFIXES NAME=DATABASE...");
	memset(arena, 1, ARENA);
	names_read(&legit, argv[1]);
	names_read(&listed, argv[2]);
	read_prefixes(argv[3], &all);
	for (size_t k = 0; k < kinds; k++) {
		char *end = strchr(argv[4 + k], '=');

		if (end == NULL)
			die("'%s' is no NAME=DATABASE", argv[4 + k]);
		*end = '\0';
		kind[k].name = argv[4 + k];
		path[k] = end + 1;
	}
	queries_popular(&queries[POPULAR], &legit, QUERIES);
	queries_unique(&queries[UNIQUE], &legit, QUERIES);
	queries_listed(&queries[LISTED], &listed, QUERIES);
	for (size_t r = 0; r < ROUNDS; r++) {
		for (size_t k = 0; k < kinds; k++)
			open_kind(k, path[k], r);
		measure_throughput(r);
		measure_latency(r, arena, scale);
	}
	measure_prefixes(&all);
	print();
	for (size_t k = 0; k < kinds; k++)
		fsk_db_close(kind[k].db);
	fsk_prefixes_fini(&all);
	free(arena);
	return 0;
}
