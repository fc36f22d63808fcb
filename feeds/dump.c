/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds dump: all entries of a database as text. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/entry.h"
#include "feeds/json.h"
#include "feeds/progress.h"
#include "lib/db.h"

static const char help[] =
    "usage: fraudsink-feeds dump -d DB [--json]\n"
    "\n"
    "Prints every entry, one a line, in no particular order and in the form\n"
    "that 'build --format domains' reads: 'x' covers x and all below, '*.x' "
    "all\n"
    "below x, '=x' x alone.  Entries that allow are marked '@@' in front, "
    "which\n"
    "build does not read.\n"
    "\n"
    "  -d, --database FILE    required\n"
    "      --json             one object a line with all attributes\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0, or 2 on error (a secret database keeps no names).\n";

static const struct option options[] = {
	{ "database", required_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct dump {
	const struct fsk_db *db;
	bool json;
	uint64_t done, all;
	struct progress progress;
};

static int
each(void *arg, const struct fsk_name *name, uint32_t attr)
{
	struct dump *d = arg;
	char text[FSK_TEXT_MAX];
	struct fsk_attr a;

	if ((++d->done & 4095) == 0)
		progress_show(&d->progress, "entries", d->done, d->all);
	fsk_name_to_text(name->wire, text);
	if (d->json) {
		const struct json_entry e = { d->db, text, attr };

		return json_dump(stdout, &e) ? 0 : 1;
	}
	fsk_db_attr(d->db, attr, &a);
	return printf("%s%s%s\n", a.allow ? "@@" : "", entry_mark(a.match),
		   text) < 0;
}

int
cmd_dump(int argc, char **argv)
{
	struct dump d = { 0 };
	struct fsk_db_info info;
	const char *path = NULL;
	struct fsk_error err;
	struct fsk_db *db;
	int c, rc;

	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1)
		switch (c) {
		case 'd':
			path = optarg;
			break;
		case 'j':
			d.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("dump", "bad command line");
		}
	if (path == NULL)
		return usage_error("dump", "no database given (-d)");
	if (optind != argc)
		return usage_error("dump", "too many arguments");
	if (fsk_db_open(&db, path, FSK_DB_MAP, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	d.db = db;
	fsk_db_info(db, &info);
	d.all = info.entries;
	/* Entries and a line of progress do not go together. */
	progress_begin(&d.progress, isatty(STDOUT_FILENO));
	rc = fsk_db_each(db, each, &d, &err);
	progress_end(&d.progress);
	fsk_db_close(db);
	if (rc < 0) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	return finish_output(rc == 0 ? EXIT_SUCCESS : EXIT_ERROR);
}
