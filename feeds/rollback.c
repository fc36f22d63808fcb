/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds rollback: an earlier generation in force again. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "feeds/cmd.h"
#include "feeds/publish.h"
#include "feeds/release.h"
#include "feeds/state.h"
#include "feeds/status.h"

static const char help[] =
    "usage: fraudsink-feeds rollback [-c FILE] [--list | --resume | SERIAL]\n"
    "\n"
    "Puts an earlier generation of the database in force again: the one "
    "before\n"
    "the present one, or SERIAL.  From then on nothing new is published, "
    "however\n"
    "the feeds change, until --resume or 'sync --force'.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "      --list             only list the generations\n"
    "      --resume           let the next sync publish again\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 done, 2 error (what was in force stays).\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "list", no_argument, NULL, 'l' },
	{ "resume", no_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int
list(const struct conf *c)
{
	const uint64_t now = generation_in_force(c);
	struct fsk_error err;
	size_t n;
	uint64_t *serials = generations(c, &n, &err);

	if (serials == NULL) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	for (size_t i = 0; i < n; i++) {
		char *path = generation_path(c, serials[i]);
		struct fsk_db_info info;
		struct fsk_db *db;

		if (path != NULL &&
		    fsk_db_open(&db, path, FSK_DB_MAP, &err) == FSK_OK) {
			char created[32] = "unknown";
			struct tm tm;
			time_t t;

			fsk_db_info(db, &info);
			t = (time_t)info.created;
			if (gmtime_r(&t, &tm) != NULL)
				strftime(
				    created, sizeof(created), "%FT%TZ", &tm);
			printf("%" PRIu64 "  %s  %12" PRIu64 " entries%s\n",
			    serials[i], created, info.entries,
			    serials[i] == now ? "  in force" : "");
			fsk_db_close(db);
		} else {
			printf("%" PRIu64 "  damaged\n", serials[i]);
		}
		free(path);
	}
	free(serials);
	return EXIT_SUCCESS;
}

/* The newest generation before the one in force; 0 if there is none. */
static uint64_t
one_before(const struct conf *c)
{
	const uint64_t now = generation_in_force(c);
	struct fsk_error err;
	uint64_t found = 0;
	size_t n;
	uint64_t *serials = generations(c, &n, &err);

	for (size_t i = 0; serials != NULL && i < n && found == 0; i++)
		if (serials[i] < now || now == 0)
			found = serials[i];
	free(serials);
	return found;
}

static int
go_back(const struct conf *c, uint64_t serial)
{
	const bool held = release_is_held(c);
	struct fsk_error err;

	if (serial == 0)
		serial = one_before(c);
	if (serial == 0) {
		complain("there is no earlier generation");
		return EXIT_ERROR;
	}
	/* The hold first: a crash between the two must not let the next sync
	 * undo what was done. */
	if (generation_verify(c, serial, &err) != FSK_OK ||
	    release_hold(c, serial, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	if (generation_install(c, serial, &err) != FSK_OK) {
		complain("%s; what was in force stays", err.text);
		if (!held && release_unhold(c, &err) != FSK_OK)
			complain("%s", err.text);
		return EXIT_ERROR;
	}
	printf("generation %" PRIu64 " is in force; nothing new is published "
	       "until 'rollback --resume'\n",
	    serial);
	status_keep(c);
	release_hooks(c, serial);
	return EXIT_SUCCESS;
}

static int
resume(const struct conf *c)
{
	struct fsk_error err;

	if (release_resume(c, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	puts("the next sync publishes again");
	return EXIT_SUCCESS;
}

int
cmd_rollback(int argc, char **argv)
{
	const char *path = CONF_DEFAULT;
	int mode = 0, o, lock, status;
	uint64_t serial = 0;
	struct fsk_error err;
	struct conf *c;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case 'l':
		case 'r':
			mode = o;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("rollback", "bad command line");
		}
	if (argc - optind > (mode == 0))
		return usage_error("rollback", "too many arguments");
	if (optind < argc && !read_number(argv[optind], 1, UINT64_MAX, &serial))
		return usage_error(
		    "rollback", "'%s' is no serial", argv[optind]);
	c = read_conf(path);
	if (c == NULL)
		return EXIT_ERROR;
	if (mode == 'l') {
		status = list(c);
	} else if (state_lock(c->state, &lock, &err) != FSK_OK) {
		complain("%s", err.text);
		status = EXIT_ERROR;
	} else {
		status = mode == 'r' ? resume(c) : go_back(c, serial);
		state_unlock(lock);
	}
	conf_free(c);
	return finish_output(status);
}
