/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-stats init: makes the tables on a ClickHouse server */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/cmd.h"
#include "stats/store.h"

static const char help[] =
    "usage: fraudsink-stats init [-c FILE] [-u URL]\n"
    "\n"
    "Makes the tables that the configuration's store needs, or brings them to "
    "this\n"
    "version; what is there stays.  With 'cluster' it is to be run once for "
    "each\n"
    "server of it.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "  -u, --url URL          the server, instead of the configuration's\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 they are there, 2 they are not.\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "url", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int
make(struct conf *c, const char *url)
{
	struct fsk_error err;
	int rc = FSK_OK;

	if (url != NULL) {
		free(c->clickhouse.url);
		c->clickhouse.url = strdup(url);
		if (c->clickhouse.url == NULL)
			rc = fsk_fail(&err, FSK_ENOMEM, "out of memory");
	}
	if (rc == FSK_OK)
		rc = store_init(c, &err);
	if (rc == FSK_OK)
		return EXIT_SUCCESS;
	complain("%s", err.text);
	return EXIT_ERROR;
}

int
cmd_init(int argc, char **argv)
{
	const char *path = CONF_DEFAULT, *url = NULL;
	struct conf *c;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "c:u:h", options, NULL)) != -1)
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'u':
			url = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("init", "bad command line");
		}
	if (optind != argc)
		return usage_error("init", "it takes no arguments");
	if (url != NULL && strncmp(url, "http://", 7) != 0 &&
	    strncmp(url, "https://", 8) != 0)
		return usage_error("init", "'%s' must be http or https", url);
	c = read_conf(path);
	if (c == NULL)
		return EXIT_ERROR;
	rc = make(c, url);
	conf_free(c);
	return rc;
}
