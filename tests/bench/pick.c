/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pick.c - pick LIST LEGIT: the lines of LIST that block none of LEGIT
 *
 * LIST has a name a line, LEGIT rank and name.  Names that a legitimate name
 * ends in are left out; LEGIT's queries then find nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"

#define SLOTS (1u << 22)

static uint64_t seen[SLOTS]; /* hashes of all suffixes of legitimate names */

/* The slot of HASH, or the free one where it would stand. */
static uint64_t *
slot_of(uint64_t hash)
{
	size_t at = hash % SLOTS;

	while (seen[at] != 0 && seen[at] != hash)
		at = (at + 1) % SLOTS;
	return &seen[at];
}

int
main(int argc, char **argv)
{
	static const uint8_t raw[FSK_KEY_LEN] = { 7, 8, 9 };
	struct names legit = { 0 };
	struct fsk_query q;
	struct fsk_key key;
	char *line = NULL;
	size_t size = 0, used = 0;
	ssize_t len;
	FILE *f;

	if (argc != 3)
		die("usage: pick LIST LEGIT");
	fsk_key_init(&key, raw);
	names_read(&legit, argv[2]);
	for (size_t i = 0; i < legit.n; i++) {
		size_t n;
		const uint8_t *wire = names_get(&legit, i, &n);

		fsk_query_init(&q, &key, wire, n);
		for (unsigned k = 1; k <= q.labels; k++) {
			used += *slot_of(q.loc[k]) == 0;
			*slot_of(q.loc[k]) = q.loc[k];
		}
		if (used > SLOTS / 2)
			die("too many names in '%s'", argv[2]);
	}
	f = fopen(argv[1], "r");
	if (f == NULL)
		die("cannot open '%s': %s", argv[1], strerror(errno));
	while ((len = getline(&line, &size, f)) > 0) {
		struct fsk_name name;

		if (line[len - 1] == '\n')
			len--;
		if (fsk_name_from_text(&name, line, (size_t)len) != NULL)
			continue;
		fsk_query_init(&q, &key, name.wire, name.len);
		if (q.labels >= 2 && *slot_of(q.loc[q.labels]) == 0)
			printf("%.*s\n", (int)len, line);
	}
	fclose(f);
	free(line);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
