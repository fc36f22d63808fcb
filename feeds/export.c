/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds export: a database in the forms of other resolvers. */
#include "feeds/export.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/aside.h"
#include "feeds/cmd.h"
#include "feeds/host.h"
#include "feeds/export_walk.h"
#include "lib/policy.h"

/* A name that no public zone has (RFC 6761 section 6.4), and short. */
#define DEFAULT_ZONE "rpz.invalid"
#define DEFAULT_TTL  60
#define TTL_MAX      (7 * 86400)

static const char help[] =
    "usage: fraudsink-feeds export -d DB -f FORMAT [OPTION...]\n"
    "\n"
    "Writes a database in a form that other resolvers load: rpz, hosts, "
    "domains,\n"
    "wildcard, adblock, dnsmasq, unbound, or cdb for dnsdist.  What a form "
    "cannot\n"
    "say is counted and told on standard error.\n"
    "\n"
    "  -d, --database FILE    required\n"
    "  -f, --format FORMAT    required\n"
    "  -o, --output FILE      replaced in one step (default: standard output; "
    "cdb\n"
    "                         needs a file)\n"
    "      --zone NAME        rpz: the name that the zone will have (default:\n"
    "                         " DEFAULT_ZONE ")\n"
    "      --ttl SECONDS      rpz, unbound: of all records (default: each "
    "entry's)\n"
    "\n"
    "Of the entries that block, only those\n"
    "      --feed NAME        that a feed of these lists\n"
    "      --category NAME    in one of these categories\n"
    "      --severity LEVEL   that are red, or yellow\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0, or 2 on error (a secret database keeps no names; an old\n"
    "FILE stays).\n";

enum { OPT_ZONE = 256, OPT_TTL, OPT_FEED, OPT_CATEGORY, OPT_SEVERITY };

static const struct option options[] = {
	{ "database", required_argument, NULL, 'd' },
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "zone", required_argument, NULL, OPT_ZONE },
	{ "ttl", required_argument, NULL, OPT_TTL },
	{ "feed", required_argument, NULL, OPT_FEED },
	{ "category", required_argument, NULL, OPT_CATEGORY },
	{ "severity", required_argument, NULL, OPT_SEVERITY },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const struct export_format *const formats[] = { &export_rpz,
	&export_hosts, &export_domains, &export_wildcard, &export_adblock,
	&export_dnsmasq, &export_unbound, &export_cdb };
#define FORMATS (sizeof(formats) / sizeof(*formats))

struct request {
	const char *database, *output;
	struct export_choice choice;
};

/* ---- what was lost ---- */

static void
tell_losses(const struct export_run *x)
{
	static const char *const what[EXPORT_LOSSES] = {
		[LOST_TYPES] = "entries left out: they block some query types "
			       "only",
		[LOST_TCP] = "entries left out: they only send clients to TCP",
		[LOST_ANSWER] = "entries block, but are answered otherwise "
				"than in the database",
		[LOST_BELOW] = "names are listed without what is below them",
		[LOST_ALONE] = "names left out: a name and what is below it "
			       "cannot be told apart",
		[LOST_ALLOW] = "names stay blocked that an entry allows: there "
			       "are no exceptions",
		[LOST_NESTED] = "names left out: too many exceptions within "
				"exceptions",
		[LOST_OCTETS] = "names left out: they have characters that "
				"cannot be written",
		[LOST_LONG] = "names left out, or what is below them: too long "
			      "with the name of the zone",
		[LOST_TRIGGER] = "names left out: they mean something else in "
				 "a policy zone",
		[LOST_CHECKED] = "names with addresses are no host names: BIND "
				 "needs 'check-names ignore' for this zone",
	};
	const struct fsk_policy *p = fsk_db_policy(x->db);
	struct fsk_db_info info;

	for (unsigned i = 0; i < EXPORT_LOSSES; i++)
		if (x->lost[i] != 0)
			complain("%s: %llu %s", x->format->name,
			    (unsigned long long)x->lost[i], what[i]);
	fsk_db_info(x->db, &info);
	if (info.urls != 0)
		complain("%s: %llu URLs left out: resolvers see names only",
		    x->format->name, (unsigned long long)info.urls);
	if (p != NULL && fsk_policy_groups(p) > 1)
		complain("%s: what the policy says of groups of clients is "
			 "left out",
		    x->format->name);
}

/* ---- the file ---- */

static int
write_all(struct export_run *x, struct export_choice *c, struct fsk_error *err)
{
	const struct export_format *f = x->format;
	struct progress p;
	int rc = f->begin != NULL ? f->begin(x, err) : FSK_OK;

	if (rc != FSK_OK)
		return rc;
	progress_begin(&p, x->to == stdout && isatty(STDOUT_FILENO));
	rc = export_walk(x, c, &p, err);
	if (f->end == NULL)
		return rc;
	if (rc == FSK_OK)
		return f->end(x, true, err);
	f->end(x, false, NULL);
	return rc;
}

/* Opens X->to for the descriptor FD, which is not closed with it. */
static int
open_text(struct export_run *x, int fd, const char *path, struct fsk_error *err)
{
	int own = dup(fd);

	x->to = own == -1 ? NULL : fdopen(own, "w");
	if (x->to != NULL)
		return FSK_OK;
	fsk_fail(err, FSK_EIO, "cannot write '%s': %s", path, strerror(errno));
	if (own != -1)
		close(own);
	return FSK_EIO;
}

static int
close_text(struct export_run *x, const char *path, struct fsk_error *err)
{
	bool failed = ferror(x->to);

	errno = EIO; /* of a write before, if nothing else is known */
	if (fclose(x->to) == 0 && !failed)
		return FSK_OK;
	return fsk_fail(
	    err, FSK_EIO, "cannot write '%s': %s", path, strerror(errno));
}

static int
to_file(struct export_run *x, struct request *r, struct fsk_error *err)
{
	struct aside a;
	int rc = aside_open(&a, r->output, err);

	if (rc == FSK_OK && !x->format->binary)
		rc = open_text(x, a.fd, r->output, err);
	if (rc == FSK_OK) {
		x->fd = a.fd;
		rc = write_all(x, &r->choice, err);
	}
	if (x->to != NULL) {
		int closed = close_text(
		    x, r->output, rc == FSK_OK ? err : NULL);

		rc = rc == FSK_OK ? closed : rc;
	}
	if (rc == FSK_OK)
		rc = aside_publish(&a, err);
	aside_close(&a);
	return rc;
}

static int
run_export(struct export_run *x, struct request *r)
{
	struct fsk_db_info info;
	struct fsk_error err;
	struct fsk_db *db;
	int rc;

	if (fsk_db_open(&db, r->database, FSK_DB_MAP, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	fsk_db_info(db, &info);
	x->db = db;
	x->serial = info.serial;
	if (info.mode == FSK_SECRET) {
		rc = fsk_fail(&err, FSK_EINVAL,
		    "'%s' is secret: it keeps no names that could be exported",
		    r->database);
	} else if (r->output != NULL) {
		rc = to_file(x, r, &err);
	} else {
		x->to = stdout;
		rc = write_all(x, &r->choice, &err);
	}
	if (rc != FSK_OK)
		complain("%s", err.text);
	else
		tell_losses(x);
	fsk_db_close(db);
	return finish_output(rc == FSK_OK ? EXIT_SUCCESS : EXIT_ERROR);
}

/* ---- the command line ---- */

static bool
add_word(struct export_words *w, const char *word)
{
	const char **at = realloc(w->at, (w->n + 1) * sizeof(*at));
	bool *used;

	if (at == NULL)
		return false;
	w->at = at;
	used = realloc(w->used, (w->n + 1) * sizeof(*used));
	if (used == NULL)
		return false;
	w->used = used;
	w->at[w->n] = word;
	w->used[w->n++] = false;
	return true;
}

static const struct export_format *
find_format(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

/* Reads an option that takes a value; returns -1 or an exit status. */
static int
read_option(struct export_run *x, struct request *r, int c, bool *zone)
{
	uint64_t ttl;

	switch (c) {
	case 'd':
		r->database = optarg;
		return -1;
	case 'f':
		x->format = find_format(optarg);
		return x->format != NULL
		    ? -1
		    : usage_error("export", "bad format '%s'", optarg);
	case 'o':
		r->output = optarg;
		return -1;
	case OPT_ZONE:
		*zone = true;
		return host_name(&x->zone, optarg, strlen(optarg)) == NULL
		    ? -1
		    : usage_error("export", "bad zone '%s'", optarg);
	case OPT_TTL:
		if (!read_number(optarg, 0, TTL_MAX, &ttl))
			return usage_error("export",
			    "bad TTL '%s': 0 to %d seconds", optarg, TTL_MAX);
		x->ttl = (uint32_t)ttl;
		x->ttl_given = true;
		return -1;
	case OPT_FEED:
	case OPT_CATEGORY:
		if (add_word(c == OPT_FEED ? &r->choice.feeds
					   : &r->choice.categories,
			optarg))
			return -1;
		complain("out of memory");
		return EXIT_ERROR;
	case OPT_SEVERITY:
		if (strcmp(optarg, "red") == 0)
			r->choice.severity = FSK_RED;
		else if (strcmp(optarg, "yellow") == 0)
			r->choice.severity = FSK_YELLOW;
		else
			return usage_error(
			    "export", "bad severity '%s'", optarg);
		return -1;
	default:
		return usage_error("export", "bad command line");
	}
}

static int
read_arguments(struct export_run *x, struct request *r, int argc, char **argv)
{
	const struct export_format *f;
	bool zone = false;
	int c;

	while ((c = getopt_long(argc, argv, "d:f:o:h", options, NULL)) != -1) {
		int status;

		if (c == 'h') {
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		}
		status = read_option(x, r, c, &zone);
		if (status != -1)
			return status;
	}
	f = x->format;
	if (r->database == NULL)
		return usage_error("export", "no database given (-d)");
	if (f == NULL)
		return usage_error("export", "no format given (-f)");
	if (optind != argc)
		return usage_error("export", "too many arguments");
	if (f->binary && r->output == NULL)
		return usage_error("export", "%s needs a file (-o)", f->name);
	if (zone && !f->has_zone)
		return usage_error("export", "%s has no --zone", f->name);
	if (x->ttl_given && !f->has_ttl)
		return usage_error("export", "%s has no --ttl", f->name);
	return -1;
}

static void
free_words(struct export_words *w)
{
	free(w->at);
	free(w->used);
}

int
cmd_export(int argc, char **argv)
{
	struct export_run x = { .fd = -1, .ttl = DEFAULT_TTL };
	struct request r = { 0 };
	int status;

	host_name(&x.zone, DEFAULT_ZONE, strlen(DEFAULT_ZONE));
	status = read_arguments(&x, &r, argc, argv);
	if (status == -1)
		status = run_export(&x, &r);
	free_words(&r.choice.feeds);
	free_words(&r.choice.categories);
	return status;
}
