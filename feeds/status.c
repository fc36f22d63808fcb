/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds status: how the feeds are. */
#include "feeds/status.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feeds/cmd.h"
#include "feeds/json.h"
#include "feeds/release.h"
#include "lib/db.h"

static const char help[] =
    "usage: fraudsink-feeds status [-c FILE] [--json]\n"
    "\n"
    "Tells for each feed when it was last tried and last good, how old its "
    "list\n"
    "is, what the server said, how many names it lists, how many of them no\n"
    "other feed has, and why it failed or what was refused.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "      --json             one object\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 all is well, 1 a feed fails, is stale or has no list, or\n"
    "there is no database, 2 error.\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

const char *
health_word(enum health health)
{
	switch (health) {
	case HEALTH_GOOD:
		return "good";
	case HEALTH_FAILING:
		return "failing";
	case HEALTH_STALE:
		return "stale";
	case HEALTH_NONE:
		return "no list";
	case HEALTH_DISABLED:
		return "disabled";
	}
	return "?";
}

static enum health
health_of(const struct status_feed *f)
{
	if (!f->f->enabled)
		return HEALTH_DISABLED;
	if (f->age < 0)
		return HEALTH_NONE;
	if (f->f->stale_after > 0 && (uint64_t)f->age > f->f->stale_after)
		return HEALTH_STALE;
	return f->s.failures > 0 ? HEALTH_FAILING : HEALTH_GOOD;
}

bool
status_read(struct status *s, const struct conf *c)
{
	struct fsk_db_info info = { 0 };
	struct fsk_error unused;
	struct fsk_db *db;

	*s = (struct status){ .c = c, .now = (int64_t)time(NULL) };
	s->feed = calloc(c->nfeeds + 1, sizeof(*s->feed));
	if (s->feed == NULL)
		return false;
	s->held = release_is_held(c);
	if (fsk_db_open(&db, c->database, FSK_DB_MAP, &unused) == FSK_OK) {
		fsk_db_info(db, &info);
		fsk_db_close(db);
		s->good = true;
	}
	s->serial = info.serial;
	s->entries = info.entries;
	s->urls = info.urls;
	s->bytes = info.bytes;
	s->created = info.created;
	for (size_t i = 0; i < c->nfeeds; i++) {
		struct status_feed *f = &s->feed[i];

		f->f = &c->feeds[i];
		state_read(c->state, f->f->head.title, &f->s);
		f->age = f->s.good == 0  ? -1
		    : s->now > f->s.good ? s->now - f->s.good
					 : 0;
		f->health = health_of(f);
		s->good &= f->health == HEALTH_GOOD ||
		    f->health == HEALTH_DISABLED;
	}
	return true;
}

void
status_fini(struct status *s)
{
	free(s->feed);
	s->feed = NULL;
}

void
status_keep(const struct conf *c)
{
	char *path = state_path(c->state, NULL, "status.json"), *text = NULL;
	struct fsk_error err = { .text = "out of memory" };
	struct status s = { 0 };
	size_t len;
	FILE *f = open_memstream(&text, &len);
	bool good = path != NULL && f != NULL && status_read(&s, c) &&
	    json_status(f, &s);

	if (f != NULL && fclose(f) != 0)
		good = false;
	if (!good || state_replace(path, text, len, &err) != FSK_OK)
		complain("cannot keep the status: %s", err.text);
	status_fini(&s);
	free(text);
	free(path);
}

/* ---- for people ---- */

static void
print_age(int64_t seconds)
{
	if (seconds < 0)
		printf("  %8s", "never");
	else if (seconds < 7200)
		printf("  %6" PRId64 " m", seconds / 60);
	else if (seconds < 2 * 86400)
		printf("  %6" PRId64 " h", seconds / 3600);
	else
		printf("  %6" PRId64 " d", seconds / 86400);
}

static void
print_text(const struct status *s)
{
	char created[32] = "unknown";
	time_t t = (time_t)s->created;
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(created, sizeof(created), "%FT%TZ", &tm);
	if (s->serial == 0 && s->bytes == 0)
		printf("%s: none\n", s->c->database);
	else
		printf("%s: %" PRIu64 " entries, %" PRIu64
		       " URLs, serial %" PRIu64 ", created %s%s\n",
		    s->c->database, s->entries, s->urls, s->serial, created,
		    s->held ? ", HELD by a rollback" : "");
	printf("\n%-20s  %-8s  %8s  %8s  %4s  %9s  %8s  %9s  %9s  %7s  %7s\n",
	    "feed", "health", "list age", "tried", "HTTP", "names", "URLs",
	    "in force", "unique", "bad", "refused");
	for (size_t i = 0; i < s->c->nfeeds; i++) {
		const struct status_feed *f = &s->feed[i];

		printf("%-20s  %-8s", f->f->head.title, health_word(f->health));
		print_age(f->age);
		print_age(f->s.tried != 0 ? s->now - f->s.tried : -1);
		printf("  %4" PRIu64 "  %9" PRIu64 "  %8" PRIu64 "  %9" PRIu64
		       "  %9" PRIu64 "  %7" PRIu64 "  %7" PRIu64 "\n",
		    f->s.http, f->s.names, f->s.urls, f->s.entries, f->s.unique,
		    f->s.bad, f->s.refused);
	}
	for (size_t i = 0; i < s->c->nfeeds; i++)
		if (s->feed[i].s.why[0] != '\0' && s->feed[i].f->enabled)
			printf("\n%s: failed %" PRIu64 " times: %s\n",
			    s->feed[i].f->head.title, s->feed[i].s.failures,
			    s->feed[i].s.why);
}

int
cmd_status(int argc, char **argv)
{
	const char *path = CONF_DEFAULT;
	bool json = false, good;
	struct status s;
	struct conf *c;
	int o, status;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("status", "bad command line");
		}
	if (optind != argc)
		return usage_error("status", "too many arguments");
	c = read_conf(path);
	if (c == NULL)
		return EXIT_ERROR;
	good = status_read(&s, c);
	if (!good)
		complain("out of memory");
	else if (json)
		good = json_status(stdout, &s);
	else
		print_text(&s);
	status = !good ? EXIT_ERROR : s.good ? EXIT_SUCCESS : 1;
	status_fini(&s);
	conf_free(c);
	return finish_output(status);
}
