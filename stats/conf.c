/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/conf.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stats/option.h"

#define FILE_MAX (1u << 20)
#define HOST_MAX 255

/* ---- the table of all options ---- */

#define CONF(f)  offsetof(struct conf, f)
#define DAYS(n)  ((uint64_t)(n)*86400)
#define FOREVER  DAYS(36500)
#define ROTATION "daily constant"

static const struct conf_option options[] = {
	{ "rings", TEXTS, CONF(rings), "/run/fraudsink/ring", 0, 0, NULL },
	{ "host", TEXT, CONF(host), NULL, 0, 0, NULL },
	{ "store", CHOICE, CONF(store), "sqlite", 0, 0, "sqlite clickhouse" },
	{ "database", TEXT, CONF(database), "/var/lib/fraudsink/stats.db", 0, 0,
	    NULL },
	{ "country-db", TEXT, CONF(country_db), NULL, 0, 0, NULL },
	{ "asn-db", TEXT, CONF(asn_db), NULL, 0, 0, NULL },
	{ "feeds-state", TEXT, CONF(feeds_state), "/var/lib/fraudsink/feeds", 0,
	    0, NULL },
	{ "interval", DURATION, CONF(interval), "10s", 1, 600, NULL },
	{ "journal", TEXT, CONF(journal), "/run/fraudsink-stats/journal", 0, 0,
	    NULL },
	{ "keep-minutes", DURATION, CONF(keep_minutes), "2d", 0, FOREVER,
	    NULL },
	{ "keep-hours", DURATION, CONF(keep_hours), "90d", 0, FOREVER, NULL },
	{ "keep-days", DURATION, CONF(keep_days), "0", 0, FOREVER, NULL },
	{ "keep-events", DURATION, CONF(keep_events), "7d", 0, FOREVER, NULL },
	{ "minute-keys", NUMBER, CONF(minute_keys), "2000", 10, 1000000, NULL },
	{ "hour-keys", NUMBER, CONF(hour_keys), "5000", 10, 1000000, NULL },
	{ "day-keys", NUMBER, CONF(day_keys), "20000", 10, 1000000, NULL },
	{ "tracked-names", NUMBER, CONF(tracked_names), "100000", 10, 10000000,
	    NULL },
	{ "hour-names", NUMBER, CONF(hour_names), "1000", 1, 10000000, NULL },
	{ "day-names", NUMBER, CONF(day_names), "5000", 1, 10000000, NULL },
	{ "least-hits", NUMBER, CONF(least_hits), "1", 1, UINT32_MAX, NULL },
	{ "names", CHOICE, CONF(names), "entry", 0, 0, "entry query" },
	{ "events", FLAG, CONF(events), "no", 0, 0, NULL },
	{ "privacy", CHOICE, CONF(privacy), "none", 0, 0,
	    "none prefix pseudonym" },
	/* Longer ones would be a subscriber's, if not a whole address. */
	{ "prefix4", NUMBER, CONF(prefix4), "24", 0, 28, NULL },
	{ "prefix6", NUMBER, CONF(prefix6), "48", 0, 56, NULL },
	{ "key-file", TEXT, CONF(key_file), "/var/lib/fraudsink/stats.key", 0,
	    0, NULL },
	{ "sketch-key", CHOICE, CONF(sketch_key), "daily", 0, 0, ROTATION },
	{ "pseudonym-key", CHOICE, CONF(pseudonym_key), "daily", 0, 0,
	    ROTATION },
	{ "sketch-precision", NUMBER, CONF(sketch_precision), "12", 10, 16,
	    NULL },
	{ "least-clients", NUMBER, CONF(least_clients), "20", 1, UINT32_MAX,
	    NULL },
	{ "answer-time", DURATION, CONF(answer_time), "30s", 1, 3600, NULL },
	{ "card-yellow-rate", NUMBER, CONF(card_yellow_rate), "5", 0,
	    UINT32_MAX, NULL },
	{ "card-red-rate", NUMBER, CONF(card_red_rate), "10", 0, UINT32_MAX,
	    NULL },
	{ "card-yellow-growth", NUMBER, CONF(card_yellow_growth), "50", 0,
	    UINT32_MAX, NULL },
	{ "card-red-growth", NUMBER, CONF(card_red_growth), "100", 0,
	    UINT32_MAX, NULL },
	{ "card-least-clients", NUMBER, CONF(card_least_clients), "20", 1,
	    UINT32_MAX, NULL },
};

static const struct conf_option clickhouse_options[] = {
	{ "url", TEXT, CONF(clickhouse.url), "http://127.0.0.1:8123", 0, 0,
	    NULL },
	{ "database", TEXT, CONF(clickhouse.database), "fraudsink", 0, 0,
	    NULL },
	{ "user", TEXT, CONF(clickhouse.user), "default", 0, 0, NULL },
	{ "password-file", TEXT, CONF(clickhouse.password_file), NULL, 0, 0,
	    NULL },
	{ "password-env", TEXT, CONF(clickhouse.password_env), NULL, 0, 0,
	    NULL },
	{ "cluster", TEXT, CONF(clickhouse.cluster), NULL, 0, 0, NULL },
	{ "backlog", NUMBER, CONF(clickhouse.backlog), "5000000", 1000,
	    INT32_MAX, NULL },
};

static const struct conf_option warnings_options[] = {
	{ "groups", TEXTS, CONF(warnings.groups), NULL, 0, 0, NULL },
	{ "folder", TEXT, CONF(warnings.folder), "/var/lib/fraudsink/warnings",
	    0, 0, NULL },
	{ "keep", DURATION, CONF(warnings.keep), "7d", 3600, FOREVER, NULL },
	{ "daily-megabytes", NUMBER, CONF(warnings.most), "1000", 1, 1u << 20,
	    NULL },
	{ "url", TEXT, CONF(warnings.url), NULL, 0, 0, NULL },
	{ "certificate", TEXT, CONF(warnings.certificate), NULL, 0, 0, NULL },
	{ "key", TEXT, CONF(warnings.key), NULL, 0, 0, NULL },
	{ "ca-file", TEXT, CONF(warnings.ca_file), NULL, 0, 0, NULL },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- reading ---- */

struct reader {
	const char *path;
	void (*tell)(void *arg, const char *fault);
	void *arg;
	unsigned faults;
	struct conf *c;
	/* What libconfuse stopped at. */
	unsigned stop_line;
	char stop[256];
};

static struct reader *the_reader; /* its callbacks get no argument */

static void __attribute__((format(printf, 3, 4)))
fault(struct reader *r, unsigned line, const char *fmt, ...)
{
	char what[512], text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (line != 0)
		snprintf(text, sizeof(text), "%s:%u: %s", r->path, line, what);
	else
		snprintf(text, sizeof(text), "%s: %s", r->path, what);
	r->tell(r->arg, text);
	r->faults++;
}

static void __attribute__((format(printf, 2, 0)))
stopped(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct reader *r = the_reader;

	r->stop_line = cfg != NULL && cfg->line > 0 ? (unsigned)cfg->line : 1;
	vsnprintf(r->stop, sizeof(r->stop), fmt, ap);
}

/* The library counts the lines of comments wrongly: they become blanks. */
static void
blank_comments(char *p)
{
	while (*p != '\0') {
		if (*p == '"' || *p == '\'') {
			char quote = *p++;

			while (*p != '\0' && *p != quote)
				p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
			p += *p != '\0';
		} else if (*p == '#' || (p[0] == '/' && p[1] == '/')) {
			while (*p != '\0' && *p != '\n')
				*p++ = ' ';
		} else if (p[0] == '/' && p[1] == '*') {
			char *end = strstr(p + 2, "*/");

			for (end = end != NULL ? end + 2 : p + strlen(p);
			     p < end; p++)
				if (*p != '\n')
					*p = ' ';
		} else {
			p++;
		}
	}
}

/* Makes line LINE of TEXT blank; false if it was. */
static bool
blank_line(char *text, unsigned line)
{
	bool was = false;

	while (line > 1 && (text = strchr(text, '\n')) != NULL) {
		text++;
		line--;
	}
	for (; text != NULL && *text != '\0' && *text != '\n'; text++) {
		was |= *text != ' ';
		*text = ' ';
	}
	return was;
}

static char *
read_file(const char *path, struct reader *r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	char *text;
	ssize_t n;

	if (fd == -1) {
		fault(r, 0, "cannot open it: %s", strerror(errno));
		return NULL;
	}
	text = malloc(FILE_MAX + 1);
	while (text != NULL && len < FILE_MAX &&
	    (n = read(fd, text + len, FILE_MAX - len)) != 0) {
		if (n == -1) {
			fault(r, 0, "cannot read it: %s", strerror(errno));
			free(text);
			text = NULL;
			break;
		}
		len += (size_t)n;
	}
	close(fd);
	if (text != NULL && (len == FILE_MAX || memchr(text, '\0', len))) {
		fault(r, 0, "it is no configuration: too large or with NUL");
		free(text);
		return NULL;
	}
	if (text != NULL)
		text[len] = '\0';
	return text;
}

/* Notes where the option stands, in its comment, which is not used otherwise.
 */
static int
note_line(cfg_t *cfg, cfg_opt_t *opt)
{
	char line[16];

	snprintf(line, sizeof(line), "%d", cfg->line);
	free(opt->comment);
	opt->comment = strdup(line);
	return 0;
}

/* Tells the library of the options, all as texts: their values are ours to
 * judge. */
static size_t
declare(cfg_opt_t *to, const struct conf_option *o, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = o[i].kind == TEXTS
		    ? (cfg_opt_t)CFG_STR_LIST(o[i].name, NULL, CFGF_NODEFAULT)
		    : (cfg_opt_t)CFG_STR(o[i].name, NULL, CFGF_NODEFAULT);
		to[i].validcb = note_line;
	}
	return n;
}

/* Takes the value TEXT that stands in line LINE. */
static void
take_value(struct reader *r, const struct conf_option *o, const char *text,
    unsigned line)
{
	const char *want = option_store(o, r->c, text);

	if (want != NULL && strcmp(want, "in range") == 0)
		fault(r, line,
		    "'%s' is no value for '%s': a number from %llu to %llu%s",
		    text, o->name, (unsigned long long)o->least,
		    (unsigned long long)o->most,
		    o->kind == DURATION ? " (seconds; or with s, m, h, d, w)"
					: "");
	else if (want != NULL)
		fault(r, line,
		    "'%s' is no value for '%s': it must be one of %s", text,
		    o->name, want);
}

/* Moves what the section CFG says from the library to r->c. */
static void
take_values(struct reader *r, cfg_t *cfg, const struct conf_option *o, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned values = cfg_size(cfg, o[i].name), line = 0;
		const cfg_opt_t *opt = cfg_getopt(cfg, o[i].name);

		if (opt->comment == NULL)
			continue; /* it is not there */
		line = (unsigned)atoi(opt->comment);
		if (o[i].kind == TEXTS)
			option_free(&o[i], 1, r->c);
		for (unsigned j = 0; j < values; j++) {
			const char *text = cfg_getnstr(cfg, o[i].name, j);

			if (text != NULL)
				take_value(r, &o[i], text, line);
		}
	}
}

/* Parses TEXT as often as it takes to find all unknown options. */
static cfg_t *
parse_text(struct reader *r, char *text, cfg_opt_t *opts)
{
	cfg_t *cfg = NULL;
	int rc = CFG_SUCCESS;

	the_reader = r;
	do {
		cfg_free(cfg);
		cfg = cfg_init(opts, CFGF_NONE);
		if (cfg == NULL) {
			fault(r, 0, "out of memory");
			break;
		}
		cfg_set_error_function(cfg, stopped);
		rc = cfg_parse_buf(cfg, text);
		if (rc != CFG_SUCCESS)
			fault(r, r->stop_line, "%s", r->stop);
	} while (rc != CFG_SUCCESS &&
	    strncmp(r->stop, "no such option", 14) == 0 &&
	    blank_line(text, r->stop_line));
	the_reader = NULL;
	return cfg;
}

/* ---- what must fit together ---- */

static void
check_path(struct reader *r, const char *option, const char *path)
{
	if (path != NULL && *path != '/')
		fault(
		    r, 0, "'%s' must be a whole path, not '%s'", option, path);
}

/* The machine's name, if none is given. */
static void
check_host(struct reader *r)
{
	struct conf *c = r->c;
	char name[HOST_MAX + 1] = "";

	if (c->host == NULL) {
		if (gethostname(name, sizeof(name) - 1) == -1 || *name == '\0')
			strcpy(name, "localhost");
		c->host = strdup(name);
	}
	if (c->host == NULL || *c->host == '\0' || strlen(c->host) > HOST_MAX) {
		fault(r, 0, "'host' must have 1 to %d octets", HOST_MAX);
		return;
	}
	for (const char *p = c->host; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 127) {
			fault(r, 0, "'host' has a control character");
			return;
		}
}

/* It stands in SQL as it is. */
static void
check_identifier(struct reader *r, const char *option, const char *text)
{
	const size_t len = text != NULL ? strlen(text) : 1;

	if (text != NULL &&
	    strspn(text,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_") != len)
		fault(
		    r, 0, "'%s' may have letters, digits and '_' only", option);
	if (len == 0 || len > 64)
		fault(r, 0, "'%s' must have 1 to 64 octets", option);
}

static void
check_clickhouse(struct reader *r)
{
	const struct conf_clickhouse *h = &r->c->clickhouse;

	check_path(r, "clickhouse: password-file", h->password_file);
	check_identifier(r, "clickhouse: database", h->database);
	check_identifier(r, "clickhouse: cluster", h->cluster);
	if (strncmp(h->url, "http://", 7) != 0 &&
	    strncmp(h->url, "https://", 8) != 0)
		fault(r, 0, "'clickhouse: url' must be http or https");
	if (h->password_file != NULL && h->password_env != NULL)
		fault(r, 0,
		    "'clickhouse: password-file' and 'password-env' exclude "
		    "each other");
}

static void
check_warnings(struct reader *r)
{
	const struct conf_warnings *w = &r->c->warnings;

	check_path(r, "warnings: folder", w->folder);
	check_path(r, "warnings: certificate", w->certificate);
	check_path(r, "warnings: key", w->key);
	check_path(r, "warnings: ca-file", w->ca_file);
	if (w->url != NULL && strncmp(w->url, "https://", 8) != 0)
		fault(r, 0, "'warnings: url' must be https");
	if (w->url != NULL && w->groups.n == 0)
		fault(r, 0, "'warnings: url' needs 'groups' to warn");
	if ((w->certificate == NULL) != (w->key == NULL))
		fault(r, 0, "'warnings: certificate' and 'key' go together");
}

static void
check_all(struct reader *r)
{
	struct conf *c = r->c;

	for (size_t i = 0; i < c->rings.n; i++) {
		check_path(r, "rings", c->rings.at[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->rings.at[i], c->rings.at[j]) == 0)
				fault(r, 0, "'rings' names '%s' twice",
				    c->rings.at[i]);
	}
	check_host(r);
	check_path(r, "database", c->database);
	if (*c->journal != '\0')
		check_path(r, "journal", c->journal);
	check_path(r, "country-db", c->country_db);
	check_path(r, "asn-db", c->asn_db);
	check_path(r, "feeds-state", c->feeds_state);
	check_path(r, "key-file", c->key_file);
	check_clickhouse(r);
	if (c->keep_minutes != 0 && c->keep_minutes < 3600)
		fault(r, 0, "'keep-minutes' must be an hour at least");
	if (c->keep_hours != 0 && c->keep_hours < DAYS(1))
		fault(r, 0, "'keep-hours' must be a day at least");
	if (c->keep_days != 0 && c->keep_days < DAYS(2))
		fault(r, 0, "'keep-days' must be two days at least");
	if (c->hour_names > c->tracked_names || c->day_names > c->tracked_names)
		fault(r, 0,
		    "'hour-names' and 'day-names' cannot be more than "
		    "'tracked-names'");
	check_warnings(r);
	if (c->privacy != CONF_NOTHING && !c->events)
		fault(
		    r, 0, "'privacy' is about events: it needs 'events = yes'");
}

/* ---- the whole ---- */

struct conf *
conf_read(const char *path, void (*tell)(void *arg, const char *fault),
    void *arg, unsigned *faults)
{
	cfg_opt_t clickhouse[COUNT(clickhouse_options) + 1] = { CFG_END() };
	cfg_opt_t warnings[COUNT(warnings_options) + 1] = { CFG_END() };
	cfg_opt_t all[COUNT(options) + 3] = { CFG_END() };
	struct reader r = { .path = path, .tell = tell, .arg = arg };
	char *text = read_file(path, &r);
	cfg_t *cfg = NULL;
	size_t n;

	r.c = calloc(1, sizeof(*r.c));
	if (text == NULL || r.c == NULL) {
		r.faults += r.faults == 0;
		goto out;
	}
	n = declare(clickhouse, clickhouse_options, COUNT(clickhouse_options));
	clickhouse[n] = (cfg_opt_t)CFG_END();
	n = declare(warnings, warnings_options, COUNT(warnings_options));
	warnings[n] = (cfg_opt_t)CFG_END();
	n = declare(all, options, COUNT(options));
	all[n++] = (cfg_opt_t)CFG_SEC("clickhouse", clickhouse, CFGF_NODEFAULT);
	all[n++] = (cfg_opt_t)CFG_SEC("warnings", warnings, CFGF_NODEFAULT);
	all[n] = (cfg_opt_t)CFG_END();

	r.c->path = strdup(path);
	option_defaults(options, COUNT(options), r.c);
	option_defaults(clickhouse_options, COUNT(clickhouse_options), r.c);
	option_defaults(warnings_options, COUNT(warnings_options), r.c);
	blank_comments(text);
	cfg = parse_text(&r, text, all);
	if (cfg == NULL)
		goto out;
	take_values(&r, cfg, options, COUNT(options));
	if (cfg_size(cfg, "clickhouse") > 0)
		take_values(&r, cfg_getnsec(cfg, "clickhouse", 0),
		    clickhouse_options, COUNT(clickhouse_options));
	if (cfg_size(cfg, "warnings") > 0)
		take_values(&r, cfg_getnsec(cfg, "warnings", 0),
		    warnings_options, COUNT(warnings_options));
	check_all(&r);
out:
	cfg_free(cfg);
	free(text);
	*faults = r.faults;
	if (r.faults > 0) {
		conf_free(r.c);
		r.c = NULL;
	}
	return r.c;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	option_free(options, COUNT(options), c);
	option_free(clickhouse_options, COUNT(clickhouse_options), c);
	option_free(warnings_options, COUNT(warnings_options), c);
	free(c->path);
	free(c);
}
