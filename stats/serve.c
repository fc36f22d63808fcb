/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-stats serve: metrics for Prometheus, the questions as JSON, and a
 * page that asks them.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/notify.h"
#include "stats/cmd.h"
#include "stats/cmd_ask.h"
#include "stats/serve_api.h"

#define LISTEN "127.0.0.1:9143"

static const struct http_limits limits = { 64, 10, 120 };

static const char help[] =
    "usage: fraudsink-stats serve [OPTION...]\n"
    "\n"
    "Answers by HTTP: /metrics for Prometheus, the questions under /api/v1/ "
    "(see\n"
    "/api/v1/openapi.json), and a dashboard at /.  All but these descriptions "
    "and\n"
    "the metrics needs a token.\n"
    "\n"
    "      --listen ADDRESS:PORT      default: " LISTEN "\n"
    "      --token-file FILE          the first line of it is the token\n"
    "      --researcher-token-file FILE\n"
    "                                 the token of the role researcher\n"
    "  -c, --config FILE              default: " CONF_DEFAULT "\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 after SIGTERM or SIGINT, 2 error.\n";

enum { OPT_LISTEN = 1, OPT_TOKEN, OPT_RESEARCHER };

static const struct option options[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "token-file", required_argument, NULL, OPT_TOKEN },
	{ "researcher-token-file", required_argument, NULL, OPT_RESEARCHER },
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* ---- the daemon ---- */

/* Until a signal ends it. */
static void
watch(struct http *h, const sigset_t *signals)
{
	const struct timespec second = { .tv_sec = 1 };
	const bool watched = fsk_notify_watchdog() != 0;

	while (sigtimedwait(signals, NULL, &second) == -1) {
		http_reap(h);
		if (watched)
			fsk_notify("WATCHDOG=1");
	}
}

static int
run(struct serve *s, const char *listen)
{
	struct fsk_error err;
	sigset_t signals;
	struct http *h;

	/* Before there are threads: they have it blocked, too. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (http_start(&h, listen, &limits, serve_handle, s, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	if (!http_is_loopback(h))
		complain("warning: tokens and answers travel in the clear; a "
			 "proxy with TLS belongs before this");
	printf("listening at %.*s:%u\n", (int)(strrchr(listen, ':') - listen),
	    listen, http_port(h));
	fflush(stdout);
	fsk_notify("READY=1");
	watch(h, &signals);
	fsk_notify("STOPPING=1");
	http_stop(h);
	return EXIT_SUCCESS;
}

int
cmd_serve(int argc, char **argv)
{
	const char *path = CONF_DEFAULT, *listen = LISTEN;
	static struct serve s;
	int o, status;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case OPT_LISTEN:
			listen = optarg;
			break;
		case OPT_TOKEN:
			if (!token_read(&s.operator, optarg))
				return EXIT_ERROR;
			break;
		case OPT_RESEARCHER:
			if (!token_read(&s.researcher, optarg))
				return EXIT_ERROR;
			break;
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("serve", "bad command line");
		}
	if (optind != argc)
		return usage_error("serve", "too many arguments");
	if (s.operator.len != 0 && token_is(&s.researcher, s.operator.text)) {
		complain("both roles have the same token");
		return EXIT_ERROR;
	}
	s.c = read_conf(path);
	if (s.c == NULL)
		return EXIT_ERROR;
	if (s.operator.len + s.researcher.len == 0)
		complain("no --token-file: only metrics are served");
	status = run(&s, listen);
	conf_free(s.c);
	return finish_output(status);
}
