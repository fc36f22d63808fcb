/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy.c - what a policy costs a verdict
 *
 *   policy PLAIN POLICY LEGIT LISTED PREFIXES
 *
 * PLAIN and POLICY are databases of the same names, one without and one with a
 * policy; LEGIT and LISTED are files of names, PREFIXES one of the prefixes in
 * POLICY's groups, from which clients come.  The databases take turns, so that
 * a busy neighbour slows both alike; medians of rounds are printed.
 *
 * Targets go to descriptor 3: what, value and the most that is allowed, parted
 * by tabs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/policy.h"
#include "lib/verdict.h"
#include "tests/bench/bench.h"

#define QUERIES 100000
#define ROUNDS  15
#define CLIENTS 65536 /* a power of two */

enum { LEGIT, LISTED, LOADS };
static const char *const load_names[LOADS] = { "legitimate", "listed" };

static struct names queries[LOADS];
static uint8_t clients[CLIENTS][FSK_ADDR_LEN];
static double ns[2][LOADS][ROUNDS], find_ns[ROUNDS], group_ns[ROUNDS],
    ratio[LOADS][ROUNDS];

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct fsk_db *
must_open(const char *path)
{
	struct fsk_error err = { 0 };
	struct fsk_db *db;

	if (fsk_db_open(&db, path, FSK_DB_COPY, &err) != FSK_OK)
		die("%s", err.text);
	return db;
}

/* Clients within the prefixes of the file PATH, and the table of these. */
static uint8_t *
read_prefixes(const char *path, struct fsk_prefix_table *t, size_t *n)
{
	struct fsk_prefixes all = { 0 };
	FILE *f = fopen(path, "r");
	uint64_t state = 7;
	uint8_t *bytes;
	char line[128];
	size_t len;

	if (f == NULL)
		die("cannot open '%s'", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		uint8_t addr[FSK_ADDR_LEN];
		unsigned bits;

		line[strcspn(line, "\n")] = '\0';
		if (fsk_prefix_read(line, addr, &bits) != NULL ||
		    !fsk_prefixes_add(&all, addr, bits, (uint32_t)all.n + 1))
			die("'%s' is no prefix", line);
	}
	fclose(f);
	*n = all.n;
	bytes = fsk_prefixes_table(&all, &len);
	if (all.n == 0 || bytes == NULL ||
	    fsk_prefix_table_open(t, bytes, len, UINT32_MAX) != NULL)
		die("no table of prefixes");
	for (size_t i = 0; i < CLIENTS; i++) {
		const struct fsk_prefix
		    *p = &all.at[next_random(&state) % all.n];

		memcpy(clients[i], p->addr, FSK_ADDR_LEN);
		for (unsigned b = p->bits; b < 128; b++)
			if (next_random(&state) & 1)
				clients[i][b / 8] |= (uint8_t)(0x80 >> b % 8);
	}
	fsk_prefixes_fini(&all);
	return bytes;
}

/* Nanoseconds a verdict of DB takes with Q's names; *BLOCKED of them block. */
static double __attribute__((noinline))
verdicts(const struct fsk_db *db, const struct names *q, size_t *blocked)
{
	const double from = now_ns();

	*blocked = 0;
	for (size_t i = 0; i < q->n; i++) {
		struct fsk_question asked = { .qtype = 1,
			.client = clients[i & (CLIENTS - 1)],
			.now = 1790000000 };
		struct fsk_verdict v;
		size_t len;
		const uint8_t *wire = names_get(q, i, &len);

		fsk_db_query(db, &asked.q, wire, len);
		fsk_verdict(db, NULL, &asked, &v);
		*blocked += v.block;
	}
	return (now_ns() - from) / (double)q->n;
}

static int
compare(const void *ap, const void *bp)
{
	const double *a = ap, *b = bp;

	return *a < *b ? -1 : *a > *b;
}

static double
median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

static void
target(const char *what, double is, double most)
{
	dprintf(3, "%s\t%.3f\t%g\n", what, is, most);
}

int
main(int argc, char **argv)
{
	struct names legit = { 0 }, listed = { 0 };
	struct fsk_prefix_table table;
	struct fsk_db *db[2];
	volatile uint64_t sum = 0;
	size_t prefixes, blocked;
	uint8_t *bytes;

	if (argc != 6)
		die("usage: policy PLAIN POLICY LEGIT LISTED PREFIXES");
	db[0] = must_open(argv[1]);
	db[1] = must_open(argv[2]);
	if (fsk_db_policy(db[1]) == NULL)
		die("'%s' has no policy", argv[2]);
	names_read(&legit, argv[3]);
	names_read(&listed, argv[4]);
	bytes = read_prefixes(argv[5], &table, &prefixes);
	queries_popular(&queries[LEGIT], &legit, QUERIES);
	queries_listed(&queries[LISTED], &listed, QUERIES);
	for (unsigned r = 0; r < ROUNDS; r++) {
		double from;

		for (unsigned l = 0; l < LOADS; l++) {
			for (unsigned d = 0; d < 2; d++) {
				ns[d][l][r] = verdicts(
				    db[d], &queries[l], &blocked);
				if (blocked != (l == LEGIT ? 0 : queries[l].n))
					die("%zu of %zu %s names are blocked",
					    blocked, queries[l].n,
					    load_names[l]);
			}
			ratio[l][r] = ns[1][l][r] / ns[0][l][r];
		}
		from = now_ns();
		for (size_t i = 0; i < CLIENTS; i++)
			sum += fsk_prefix_find(&table, clients[i]);
		find_ns[r] = (now_ns() - from) / CLIENTS;
		from = now_ns();
		for (size_t i = 0; i < CLIENTS; i++)
			sum += fsk_policy_group(
			    fsk_db_policy(db[1]), clients[i], 1790000000);
		group_ns[r] = (now_ns() - from) / CLIENTS;
	}
	printf("\n### Verdicts with a policy: %u groups, %zu prefixes\n\n",
	    fsk_policy_groups(fsk_db_policy(db[1])) - 1, prefixes);
	printf(
	    "| ns a verdict | without | with | ratio |\n|---|---|---|---|\n");
	for (unsigned l = 0; l < LOADS; l++)
		printf("| %-12s | %7.1f | %7.1f | %5.2f |\n", load_names[l],
		    median(ns[0][l]), median(ns[1][l]), median(ratio[l]));
	printf("\na prefix among %zu: %.1f ns; a client's group: %.1f ns\n",
	    prefixes, median(find_ns), median(group_ns));
	target("a prefix among 100,000, ns", median(find_ns), 100);
	free(bytes);
	fsk_db_close(db[0]);
	fsk_db_close(db[1]);
	return 0;
}
