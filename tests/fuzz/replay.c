/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzzer's function over all files of the folders given, without a
 * fuzzing compiler: kept inputs are part of `make check`. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *path)
{
	FILE *f = fopen(path, "re");
	uint8_t *data;
	size_t len;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	data = malloc(1 << 20);
	len = data != NULL ? fread(data, 1, 1 << 20, f) : 0;
	fclose(f);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *e;

		while (d != NULL && (e = readdir(d)) != NULL) {
			char path[4096];

			if (e->d_name[0] == '.')
				continue;
			snprintf(
			    path, sizeof(path), "%s/%s", argv[i], e->d_name);
			if (run_file(path) == -1)
				return EXIT_FAILURE;
			n++;
		}
		if (d != NULL)
			closedir(d);
	}
	printf("%u inputs\n", n);
	return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
