/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds bypass: let something pass for a while. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/host.h"
#include "feeds/json.h"
#include "feeds/options.h"
#include "feeds/printable.h"
#include "feeds/printable.h"
#include "feeds/state.h"
#include "lib/bypass.h"

static const char help[] =
    "usage: fraudsink-feeds bypass [-c FILE] WHAT --for TIME --by WHO --why "
    "TEXT\n"
    "       fraudsink-feeds bypass [-c FILE] --end WHAT --by WHO --why TEXT\n"
    "       fraudsink-feeds bypass [-c FILE] --list [--json]\n"
    "\n"
    "Lets something pass that is listed, within two seconds and for the time\n"
    "given: WHAT is a name (with all that is below it, for everybody), the "
    "name "
    "of\n"
    "a group of feeds.conf, or an address or prefix of clients.  Nothing is\n"
    "rebuilt; each bypass ends by itself.  What is done is appended to\n"
    "audit.log in the state folder.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "      --for TIME         30m, 2h, 7d; at most 366d\n"
    "      --by WHO           who decided\n"
    "      --why TEXT         for what reason\n"
    "      --end              end it now\n"
    "      --list             list those in force\n"
    "      --json             one object a line\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 done, 1 --end: there was none, 2 error.\n";

enum { OPT_FOR = 256, OPT_BY, OPT_WHY, OPT_END };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "for", required_argument, NULL, OPT_FOR },
	{ "by", required_argument, NULL, OPT_BY },
	{ "why", required_argument, NULL, OPT_WHY },
	{ "end", no_argument, NULL, OPT_END },
	{ "list", no_argument, NULL, 'l' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

#define FOR_MAX (366 * (uint64_t)86400)

struct request {
	const char *config, *what, *by, *why;
	uint64_t seconds;
	bool end, list, json;
};

/* ---- what is meant ---- */

static bool
is_group(const struct conf *c, const char *text)
{
	const struct conf_group *g = c->policy.groups.at;

	for (size_t i = 0; i < c->policy.groups.n; i++)
		if (strcmp(g[i].head.title, text) == 0)
			return true;
	return false;
}

/* Reads R->what; false after telling what is wrong. */
static bool
read_what(const struct conf *c, const struct request *r, struct fsk_bypass *b)
{
	const char *wrong;
	unsigned bits;

	if (fsk_prefix_read(r->what, b->addr, &bits) == NULL) {
		b->kind = FSK_BYPASS_ADDRESS;
		b->bits = (uint8_t)bits;
		return true;
	}
	if (is_group(c, r->what)) {
		b->kind = FSK_BYPASS_GROUP;
		snprintf(b->group, sizeof(b->group), "%s", r->what);
		return true;
	}
	b->kind = FSK_BYPASS_NAME;
	wrong = host_name(&b->name, r->what, strlen(r->what));
	/* More likely a group's name with a slip in it. */
	if (wrong == NULL && fsk_name_labels(b->name.wire) < 2)
		wrong = "a whole top-level domain";
	if (wrong != NULL)
		complain("'%s' is no prefix, no group of '%s', and no name: %s",
		    r->what, c->path, wrong);
	return wrong == NULL;
}

static bool
same(const struct fsk_bypass *a, const struct fsk_bypass *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case FSK_BYPASS_NAME:
		return a->name.len == b->name.len &&
		    memcmp(a->name.wire, b->name.wire, a->name.len) == 0;
	case FSK_BYPASS_GROUP:
		return strcmp(a->group, b->group) == 0;
	case FSK_BYPASS_ADDRESS:
		return a->bits == b->bits &&
		    memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
	}
	return false;
}

/* ---- changing it ---- */

/* Drops what has ended, and what is the same as B; how many of the latter. */
static size_t
drop(struct fsk_bypasses *all, const struct fsk_bypass *b, int64_t now)
{
	size_t left = 0, dropped = 0;

	for (size_t i = 0; i < all->n; i++) {
		const bool is = same(&all->at[i], b);

		dropped += is && all->at[i].until > now;
		if (!is && all->at[i].until > now)
			all->at[left++] = all->at[i];
	}
	all->n = left;
	return dropped;
}

static int
store(
    const struct conf *c, const struct fsk_bypasses *all, struct fsk_error *err)
{
	char *path = fsk_bypass_path(c->database);
	size_t len;
	uint8_t *bytes = fsk_bypasses_pack(all, &len);
	int rc = path != NULL && bytes != NULL
	    ? state_replace(path, bytes, len, err)
	    : fsk_fail(err, FSK_ENOMEM, "out of memory");

	free(bytes);
	free(path);
	return rc;
}

/* Appends a line to the log of what was done; before it is done, so that
 * nothing is done unseen. */
static int
audit(const struct conf *c, const struct request *r, int64_t now,
    struct fsk_error *err)
{
	char *path = state_path(c->state, NULL, "audit.log"), *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int fd = -1, rc = FSK_OK;
	bool good = path != NULL && f != NULL &&
	    json_audit(f, now, r->end ? "bypass-end" : "bypass", r->what,
		r->end ? 0 : now + (int64_t)r->seconds, r->by, r->why);

	if (f != NULL && fclose(f) != 0)
		good = false;
	if (!good)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else
		fd = open(
		    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (rc == FSK_OK &&
	    (fd == -1 || write(fd, text, len) != (ssize_t)len ||
		fsync(fd) == -1))
		rc = fsk_fail(err, FSK_EIO, "cannot append to '%s': %s", path,
		    strerror(errno));
	if (fd != -1)
		close(fd);
	free(text);
	free(path);
	return rc;
}

static int
change(const struct conf *c, const struct request *r, struct fsk_bypasses *all)
{
	const int64_t now = (int64_t)time(NULL);
	struct fsk_bypass b = { .since = now,
		.until = now + (int64_t)r->seconds };
	struct fsk_error err;
	void *more;

	if (!read_what(c, r, &b))
		return EXIT_ERROR;
	/* They may be cut, and are shown to others. */
	snprintf(b.by, sizeof(b.by), "%s", r->by);
	snprintf(b.why, sizeof(b.why), "%s", r->why);
	printable(b.by);
	printable(b.why);
	if (drop(all, &b, now) == 0 && r->end) {
		complain("there is no bypass for '%s'", r->what);
		return EXIT_NONE;
	}
	if (!r->end) {
		more = realloc(all->at, (all->n + 1) * sizeof(*all->at));
		if (more == NULL || all->n == FSK_BYPASSES_MAX) {
			complain("too many bypasses");
			return EXIT_ERROR;
		}
		all->at = more;
		all->at[all->n++] = b;
	}
	if (audit(c, r, now, &err) != FSK_OK || store(c, all, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	return EXIT_SUCCESS;
}

/* ---- listing ---- */

static char *
what_of(const struct fsk_bypass *b, char text[static FSK_TEXT_MAX])
{
	char key[FSK_PREFIX_KEY];

	switch (b->kind) {
	case FSK_BYPASS_NAME:
		return fsk_name_to_text(b->name.wire, text);
	case FSK_BYPASS_GROUP:
		snprintf(text, FSK_TEXT_MAX, "%s", b->group);
		return text;
	case FSK_BYPASS_ADDRESS:
		fsk_prefix_key("", b->addr, b->bits, key);
		snprintf(text, FSK_TEXT_MAX, "%s", key + 1);
		return text;
	}
	return text;
}

static int
list(struct fsk_bypasses *all, bool json)
{
	static const char *const kinds[] = { "", "name", "group", "address" };
	const int64_t now = (int64_t)time(NULL);

	for (size_t i = 0; i < all->n; i++) {
		struct fsk_bypass *b = &all->at[i];
		char what[FSK_TEXT_MAX], until[32] = "";
		time_t t = (time_t)b->until;
		struct tm tm;

		if (b->until <= now)
			continue;
		what_of(b, what);
		/* Who wrote the file is not known here. */
		printable(what);
		printable(b->by);
		printable(b->why);
		if (json) {
			if (!json_bypass(stdout, kinds[b->kind], what, b))
				return EXIT_ERROR;
			continue;
		}
		if (gmtime_r(&t, &tm) != NULL)
			strftime(until, sizeof(until), "%FT%TZ", &tm);
		printf("%-7s  %s  until %s, by %s: %s\n", kinds[b->kind], what,
		    until, b->by, b->why);
	}
	return EXIT_SUCCESS;
}

/* ---- the command ---- */

static int
run(const struct conf *c, const struct request *r)
{
	struct fsk_bypasses all = { 0 };
	char *path = fsk_bypass_path(c->database);
	struct fsk_error err = { .text = "out of memory" };
	int status = EXIT_ERROR, lock = -1;

	/* A round does not touch the bypasses: two who do are enough to keep
	 * apart. */
	if (path == NULL ||
	    (!r->list &&
		state_lock_file(c->state, "bypass.lock", &lock, &err) !=
		    FSK_OK) ||
	    fsk_bypasses_read(&all, path, &err) != FSK_OK)
		complain("%s", err.text);
	else
		status = r->list ? list(&all, r->json) : change(c, r, &all);
	state_unlock(lock);
	fsk_bypasses_fini(&all);
	free(path);
	return status;
}

int
cmd_bypass(int argc, char **argv)
{
	struct request r = { .config = CONF_DEFAULT };
	struct conf *c;
	int o, status;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case 'c':
			r.config = optarg;
			break;
		case OPT_FOR:
			if (!option_duration(optarg, &r.seconds) ||
			    r.seconds == 0 || r.seconds > FOR_MAX)
				return usage_error("bypass",
				    "'%s' is no time (30m, 2h, up to 366d)",
				    optarg);
			break;
		case OPT_BY:
			r.by = printable(optarg);
			break;
		case OPT_WHY:
			r.why = printable(optarg);
			break;
		case OPT_END:
			r.end = true;
			break;
		case 'l':
			r.list = true;
			break;
		case 'j':
			r.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("bypass", "bad command line");
		}
	if (argc - optind != !r.list)
		return usage_error("bypass",
		    r.list ? "too many arguments"
			   : "say what: a name, a group or an address");
	r.what = argv[optind];
	if (!r.list &&
	    (r.by == NULL || r.why == NULL || *r.by == '\0' || *r.why == '\0'))
		return usage_error(
		    "bypass", "say who decided it (--by) and --why");
	if (!r.list && !r.end && r.seconds == 0)
		return usage_error("bypass", "say --for how long");
	c = read_conf(r.config);
	if (c == NULL)
		return EXIT_ERROR;
	status = run(c, &r);
	conf_free(c);
	return finish_output(status);
}
