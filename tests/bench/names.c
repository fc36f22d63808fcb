/* SPDX-License-Identifier: BSD-3-Clause */
/* names.c - lists and queries for the look-up benchmark */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/bench/bench.h"

void
die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("bench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void *
must_alloc(size_t len)
{
	void *p = malloc(len);

	if (p == NULL)
		die("out of memory");
	return p;
}

void *
must_alloc_pages(size_t len, bool huge)
{
	const size_t page = (size_t)2 << 20;
	size_t whole = (len + page - 1) / page * page;
	void *p = aligned_alloc(page, whole);

	if (p == NULL)
		die("out of memory");
	madvise(p, whole, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return p;
}

char *
path_in(const char *folder, const char *file)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, file) == -1)
		die("out of memory");
	return path;
}

uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A random number below N. */
static size_t
below(uint64_t *state, size_t n)
{
	return (size_t)((fsk_u128)next_random(state) * n >> 64);
}

void
names_add(struct names *to, const uint8_t *wire, size_t len)
{
	if (to->n + 1 >= to->room) {
		to->room = to->room * 2 + 1024;
		to->at = realloc(to->at, to->room * sizeof(*to->at));
		if (to->at == NULL)
			die("out of memory");
		if (to->n == 0)
			to->at[0] = 0;
	}
	if (to->heap_room - to->at[to->n] < len + 8) {
		to->heap_room = to->heap_room * 2 + 65536;
		to->heap = realloc(to->heap, to->heap_room);
		if (to->heap == NULL || to->heap_room > UINT32_MAX)
			die("out of memory");
	}
	memcpy(to->heap + to->at[to->n], wire, len);
	to->at[to->n + 1] = to->at[to->n] + (uint32_t)len;
	to->n++;
}

void
names_read(struct names *to, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (f == NULL)
		die("cannot open '%s': %s", path, strerror(errno));
	while ((len = getline(&line, &size, f)) > 0) {
		const char *comma = strchr(line, ',');
		const char *text = comma != NULL ? comma + 1 : line;
		struct fsk_name name;

		len -= text - line;
		while (
		    len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
			len--;
		if (fsk_name_from_text(&name, text, (size_t)len) == NULL)
			names_add(to, name.wire, name.len);
	}
	free(line);
	fclose(f);
	if (to->n == 0)
		die("no names in '%s'", path);
}

/* Popularity falls with the rank (Zipf's law, exponent 1). */
void
queries_popular(struct names *to, const struct names *legit, size_t n)
{
	double *sum = must_alloc(legit->n * sizeof(*sum));
	uint64_t seed = 1;
	double all = 0;

	for (size_t i = 0; i < legit->n; i++)
		sum[i] = all += 1.0 / (double)(i + 1);
	for (size_t i = 0; i < n; i++) {
		double x = (double)(next_random(&seed) >> 11) * 0x1p-53 * all;
		size_t lo = 0, hi = legit->n - 1, len;
		const uint8_t *wire;

		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (sum[mid] < x)
				lo = mid + 1;
			else
				hi = mid;
		}
		wire = names_get(legit, lo, &len);
		names_add(to, wire, len);
	}
	free(sum);
}

/* Every name once, in random order (again from the start if they run out). */
void
queries_unique(struct names *to, const struct names *legit, size_t n)
{
	size_t *order = must_alloc(legit->n * sizeof(*order));
	uint64_t seed = 2;

	for (size_t i = 0; i < legit->n; i++) {
		size_t j = below(&seed, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < n; i++) {
		size_t len;
		const uint8_t *wire = names_get(
		    legit, order[i % legit->n], &len);

		names_add(to, wire, len);
	}
	free(order);
}

/* Uniform over the list; half of them one or two labels below a listed name,
 * a quarter with letters in upper case. */
void
queries_listed(struct names *to, const struct names *list, size_t n)
{
	static const char *const words[] = { "www", "m", "login", "secure",
		"mail", "cdn-3", "static", "a1b2c3" };
	uint64_t seed = 3;

	for (size_t i = 0; i < n; i++) {
		uint64_t dice = next_random(&seed);
		unsigned more = dice & 1 ? 1 + (dice >> 1 & 1) : 0;
		uint8_t wire[FSK_NAME_MAX + 32];
		size_t at = 0, len;
		const uint8_t *name = names_get(
		    list, below(&seed, list->n), &len);

		for (unsigned j = 0; j < more; j++) {
			const char *w = words[dice >> (8 + 3 * j) & 7];

			wire[at] = (uint8_t)strlen(w);
			memcpy(wire + at + 1, w, wire[at]);
			at += wire[at] + 1u;
		}
		if (at + len > FSK_NAME_MAX)
			at = 0;
		memcpy(wire + at, name, len);
		len += at;
		if ((dice >> 2 & 3) == 0)
			for (size_t j = 0; j < len; j++)
				if (wire[j] >= 'a' && wire[j] <= 'z' &&
				    dice >> (j % 64) & 1)
					wire[j] = (uint8_t)(wire[j] - 32);
		names_add(to, wire, len);
	}
}
