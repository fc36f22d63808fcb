/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds info: what is in a database. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "feeds/cmd.h"
#include "feeds/json.h"
#include "feeds/printable.h"
#include "lib/db.h"

static const char help[] =
    "usage: fraudsink-feeds info -d DB [--json]\n"
    "\n"
    "Checks a database from end to end and describes it.\n"
    "\n"
    "  -d, --database FILE    required\n"
    "      --json\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 the database is good, 2 it is not.\n";

static const struct option options[] = {
	{ "database", required_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
print_text(const struct fsk_db *db)
{
	struct fsk_db_section s;
	struct fsk_db_info info;
	char created[32] = "unknown";
	struct tm tm;
	time_t t;

	fsk_db_info(db, &info);
	t = (time_t)info.created;
	if (gmtime_r(&t, &tm) != NULL)
		strftime(created, sizeof(created), "%FT%TZ", &tm);
	printf("entries         %llu\n", (unsigned long long)info.entries);
	printf("serial          %llu\n", (unsigned long long)info.serial);
	printf("created         %s\n", created);
	printf("mode            %s\n",
	    info.mode == FSK_NAMES ? "names" : "secret");
	printf("bytes           %llu\n", (unsigned long long)info.bytes);
	if (info.entries > 0)
		printf("bytes an entry  %.2f\n",
		    (double)info.bytes / (double)info.entries);
	printf("attribute sets  %u\n", info.attrs);
	printf("feeds\n");
	for (uint32_t i = 0; i < info.feeds; i++) {
		uint64_t entries;
		const char *name = fsk_db_feed(db, i, &entries);

		printf("  %-24s %12llu entries\n", printable_copy(name),
		    (unsigned long long)entries);
	}
	printf("sections\n");
	for (unsigned i = 0; fsk_db_section(db, i, &s); i++)
		printf("  %-24s %12llu bytes at %llu\n", s.name,
		    (unsigned long long)s.length, (unsigned long long)s.offset);
}

int
cmd_info(int argc, char **argv)
{
	int status = EXIT_SUCCESS, c;
	const char *path = NULL;
	struct fsk_error err;
	struct fsk_db *db;
	bool json = false;

	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1)
		switch (c) {
		case 'd':
			path = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("info", "bad command line");
		}
	if (path == NULL)
		return usage_error("info", "no database given (-d)");
	if (optind != argc)
		return usage_error("info", "too many arguments");
	if (fsk_db_open(&db, path, FSK_DB_MAP, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	if (!json)
		print_text(db);
	else if (!json_info(stdout, db))
		status = EXIT_ERROR;
	fsk_db_close(db);
	return finish_output(status);
}
