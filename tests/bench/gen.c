/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gen.c - names that nobody owns, always the same
 *
 *   gen list N     N names of the kind that blocklists hold, some twice
 *   gen ranked N   RANK,NAME: N names of the kind that people visit
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"

static uint64_t seed;

static unsigned
dice(unsigned n)
{
	return (unsigned)(next_random(&seed) >> 32) % n;
}

static const char *
one_of(const char *const *words, unsigned n)
{
	return words[dice(n)];
}
#define ONE_OF(words) one_of(words, sizeof(words) / sizeof(*words))

/* Writes a random label to TEXT. */
static void
label(char text[static 32])
{
	static const char alphabet[] =
	    "etaoinshrdlcumwfgypbvkjxqzeaion0123456789-";
	unsigned len = 4 + dice(6) + dice(6) + dice(6);

	for (unsigned i = 0; i < len; i++) {
		bool edge = i == 0 || i + 1 == len;

		text[i] = alphabet[dice(sizeof(alphabet) - (edge ? 2 : 1))];
	}
	text[len] = '\0';
}

int
main(int argc, char **argv)
{
	static const char *const ends[] = { "com", "com", "com", "com", "com",
		"com", "com", "net", "net", "org", "top", "top", "xyz", "ru",
		"cn", "info", "de", "shop", "online", "co.uk", "com.br" };
	static const char *const hosts[] = { "pages.dev", "blogspot.com",
		"weebly.com", "github.io", "web.app" };
	static const char *const fronts[] = { "www", "login", "secure", "m",
		"mail", "a1", "account.verify", "cdn" };
	bool ranked = argc == 3 && strcmp(argv[1], "ranked") == 0;
	unsigned long n;
	char text[32], base[64] = "example.com";

	if (argc != 3 || (!ranked && strcmp(argv[1], "list") != 0))
		die("usage: gen list|ranked N");
	n = strtoul(argv[2], NULL, 10);
	seed = ranked ? 100 : 200;
	for (unsigned long i = 0; i < n; i++) {
		if (ranked) {
			/* Several hosts of one site in a row. */
			if (dice(3) == 0) {
				label(text);
				snprintf(base, sizeof(base), "%s.%s", text,
				    ONE_OF(ends));
				printf("%lu,%s\n", i + 1, base);
				continue;
			}
			label(text);
			printf("%lu,%s.%s\n", i + 1,
			    dice(2) ? ONE_OF(fronts) : text, base);
			continue;
		}
		label(text);
		if (dice(8) == 0)
			printf("%s.%s\n", text, ONE_OF(hosts));
		else if (dice(3) == 0)
			printf(
			    "%s.%s.%s\n", ONE_OF(fronts), text, ONE_OF(ends));
		else
			printf("%s.%s\n", text, ONE_OF(ends));
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
