/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/conf.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/answer.h"
#include "feeds/host.h"

#define FILE_MAX (16u << 20)

/* ---- the table of all options ---- */

enum kind {
	TEXT,   /* char * */
	TEXTS,  /* struct conf_list */
	NUMBER, /* uint64_t, as all below */
	SIZE,
	DURATION,
	CHOICE, /* its place in `choices` */
	FLAG,   /* bool */
};

struct option {
	const char *name;
	enum kind kind;
	size_t at;
	const char *standard; /* as it would be written; NULL: unset */
	uint64_t least, most;
	const char *choices; /* separated by blanks */
};

#define GLOBAL(f)  offsetof(struct conf, f)
#define FEED(f)    offsetof(struct conf_feed, f)
#define ANSWER(f)  offsetof(struct conf_answer, f)
#define DAYS(n)    ((uint64_t)(n)*86400)
#define SEVERITIES "red yellow"
#define ACTIONS    "nxdomain nodata sinkhole"

static const struct option global_options[] = {
	{ "database", TEXT, GLOBAL(database),
	    "/var/lib/fraudsink/blocklist.fsdb", 0, 0, NULL },
	{ "state", TEXT, GLOBAL(state), "/var/lib/fraudsink/feeds", 0, 0,
	    NULL },
	{ "memory", SIZE, GLOBAL(memory), "1G", 16u << 20, 1ull << 40, NULL },
	{ "threads", NUMBER, GLOBAL(threads), "0", 0, 256, NULL },
	{ "generations", NUMBER, GLOBAL(generations), "5", 1, 1000, NULL },
	{ "parallel", NUMBER, GLOBAL(parallel), "8", 1, 64, NULL },
	{ "redirects", NUMBER, GLOBAL(redirects), "5", 0, 20, NULL },
	{ "retries", NUMBER, GLOBAL(retries), "3", 0, 10, NULL },
	{ "connect-timeout", DURATION, GLOBAL(connect_timeout), "15s", 1, 600,
	    NULL },
	{ "low-speed", SIZE, GLOBAL(low_speed), "100", 0, 1u << 30, NULL },
	{ "low-speed-time", DURATION, GLOBAL(low_speed_time), "60s", 1, 3600,
	    NULL },
	{ "proxy", TEXT, GLOBAL(proxy), NULL, 0, 0, NULL },
	{ "ca-file", TEXT, GLOBAL(ca_file), NULL, 0, 0, NULL },
	{ "secret", FLAG, GLOBAL(secret), "no", 0, 0, NULL },
	{ "user-agent", TEXT, GLOBAL(user_agent),
	    "fraudsink/" FRAUDSINK_VERSION, 0, 0, NULL },
	{ "protected", TEXTS, GLOBAL(protected_files), NULL, 0, 0, NULL },
	{ "protected-rank", NUMBER, GLOBAL(protected_rank), "1000", 0,
	    UINT32_MAX, NULL },
	{ "protected-feeds", NUMBER, GLOBAL(protected_feeds), "3", 1, 1000,
	    NULL },
	{ "shared-hosts", TEXTS, GLOBAL(shared_files), NULL, 0, 0, NULL },
	{ "own-names", TEXTS, GLOBAL(own_names), NULL, 0, 0, NULL },
	{ "never-blocked", TEXTS, GLOBAL(good), NULL, 0, 0, NULL },
	{ "always-blocked", TEXTS, GLOBAL(bad), NULL, 0, 0, NULL },
	{ "hooks", TEXTS, GLOBAL(hooks), NULL, 0, 0, NULL },
};

#define ANSWER_OPTIONS(base) \
	{ "severity", CHOICE, (base) + ANSWER(severity), NULL, 0, 0, \
		SEVERITIES }, \
	    { "action", CHOICE, (base) + ANSWER(action), NULL, 0, 0, \
		    ACTIONS }, \
	    { "sinkhole", TEXT, (base) + ANSWER(sinkhole), NULL, 0, 0, NULL }, \
	    { "ttl", DURATION, (base) + ANSWER(ttl), NULL, 0, DAYS(7), NULL }, \
	{ \
		"minimum-feeds", NUMBER, (base) + ANSWER(minimum_feeds), NULL, \
		    1, 1000, NULL \
	}

static const struct option policy_options[] = {
	ANSWER_OPTIONS(GLOBAL(policy)),
};

static const struct option category_options[] = {
	ANSWER_OPTIONS(offsetof(struct conf_category, answer)),
};

static const struct option feed_options[] = {
	{ "url", TEXT, FEED(url), NULL, 0, 0, NULL },
	{ "server", TEXT, FEED(server), NULL, 0, 0, NULL },
	{ "zone", TEXT, FEED(zone), NULL, 0, 0, NULL },
	{ "enabled", FLAG, FEED(enabled), "yes", 0, 0, NULL },
	{ "format", TEXT, FEED(format_name), "auto", 0, 0, NULL },
	{ "column", TEXT, FEED(column), NULL, 0, 0, NULL },
	{ "only", TEXT, FEED(only), NULL, 0, 0, NULL },
	{ "match", CHOICE, FEED(match), "subtree", 0, 0,
	    "subtree exact below" },
	{ "category", TEXT, FEED(category), "fraud", 0, 0, NULL },
	ANSWER_OPTIONS(FEED(answer)),
	{ "trust", CHOICE, FEED(trust), "normal", 0, 0, "low normal high" },
	{ "secret-file", TEXT, FEED(secret_file), NULL, 0, 0, NULL },
	{ "secret-env", TEXT, FEED(secret_env), NULL, 0, 0, NULL },
	{ "secret-header", TEXT, FEED(secret_header), NULL, 0, 0, NULL },
	{ "secret-query", TEXT, FEED(secret_query), NULL, 0, 0, NULL },
	{ "tsig-name", TEXT, FEED(tsig_name), NULL, 0, 0, NULL },
	{ "tsig-algorithm", TEXT, FEED(tsig_algorithm), "hmac-sha256", 0, 0,
	    NULL },
	{ "proxy", TEXT, FEED(proxy), NULL, 0, 0, NULL },
	{ "ca-file", TEXT, FEED(ca_file), NULL, 0, 0, NULL },
	{ "interval", DURATION, FEED(interval), "6h", 60, DAYS(365), NULL },
	{ "timeout", DURATION, FEED(timeout), "10m", 1, DAYS(1), NULL },
	{ "max-size", SIZE, FEED(max_size), "512M", 1, 1ull << 40, NULL },
	{ "min-names", NUMBER, FEED(min_names), "1", 0, UINT32_MAX, NULL },
	{ "max-shrink", NUMBER, FEED(max_shrink), "50", 0, 100, NULL },
	{ "max-growth", NUMBER, FEED(max_growth), "400", 0, 1000000, NULL },
	{ "max-bad", NUMBER, FEED(max_bad), "10", 0, 100, NULL },
	{ "max-age", DURATION, FEED(max_age), "0", 0, DAYS(36500), NULL },
	{ "stale-after", DURATION, FEED(stale_after), "3d", 0, DAYS(3650),
	    NULL },
};

static const struct option allow_options[] = {
	{ "subtree", FLAG, FEED(subtree), "no", 0, 0, NULL },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- values ---- */

static bool
with_unit(
    const char *text, const char *units, const uint64_t *factors, uint64_t *out)
{
	unsigned long long v;
	const char *unit;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	if (*end == '\0') {
		*out = v;
		return true;
	}
	unit = strchr(units, *end);
	if (unit == NULL || end[1] != '\0' ||
	    v > UINT64_MAX / factors[unit - units])
		return false;
	*out = v * factors[unit - units];
	return true;
}

bool
conf_duration(const char *text, uint64_t *seconds)
{
	static const uint64_t factors[] = { 1, 60, 3600, 86400, 604800 };

	return with_unit(text, "smhdw", factors, seconds);
}

bool
conf_size(const char *text, uint64_t *octets)
{
	static const uint64_t factors[] = { 1 << 10, 1 << 20, 1 << 30, 1 << 10,
		1 << 20, 1 << 30 };

	return with_unit(text, "KMGkmg", factors, octets);
}

/* The place of WORD among the words of CHOICES, or CONF_UNSET. */
static uint64_t
choice(const char *choices, const char *word)
{
	size_t len = strlen(word);
	uint64_t i = 0;

	for (const char *c = choices; *c != '\0'; i++) {
		size_t n = strcspn(c, " ");

		if (n == len && strncmp(c, word, n) == 0)
			return i;
		c += n + (c[n] == ' ');
	}
	return CONF_UNSET;
}

static bool
flag(const char *word, bool *out)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false",
		"true", "0", "1" };

	for (unsigned i = 0; i < COUNT(words); i++)
		if (strcmp(words[i], word) == 0) {
			*out = i % 2;
			return true;
		}
	return false;
}

/* Stores TEXT as the value of O in *BASE.  Returns NULL, or what TEXT should
 * be. */
static const char *
store(const struct option *o, void *base, const char *text)
{
	void *to = (char *)base + o->at;
	uint64_t v = 0;
	bool good = true;

	switch (o->kind) {
	case TEXT:
		free(*(char **)to);
		*(char **)to = strdup(text);
		return *(char **)to != NULL ? NULL : "shorter (out of memory)";
	case TEXTS: {
		struct conf_list *l = to;
		char **more = realloc(l->at, (l->n + 1) * sizeof(*more));

		if (more == NULL || (more[l->n] = strdup(text)) == NULL)
			return "shorter (out of memory)";
		l->at = more;
		l->n++;
		return NULL;
	}
	case FLAG:
		return flag(text, to) ? NULL : "yes or no";
	case CHOICE:
		v = choice(o->choices, text);
		if (v == CONF_UNSET)
			return o->choices;
		break;
	case NUMBER:
		good = with_unit(text, "", NULL, &v);
		break;
	case SIZE:
		good = conf_size(text, &v);
		break;
	case DURATION:
		good = conf_duration(text, &v);
		break;
	}
	if (o->kind != CHOICE && (!good || v < o->least || v > o->most))
		return "in range";
	*(uint64_t *)to = v;
	return NULL;
}

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
	struct stat st;
	ssize_t n;

	if (fd == -1 || fstat(fd, &st) == -1) {
		fault(r, 0, "cannot open it: %s", strerror(errno));
		if (fd != -1)
			close(fd);
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
declare(cfg_opt_t *to, const struct option *o, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = o[i].kind == TEXTS
		    ? (cfg_opt_t)CFG_STR_LIST(o[i].name, NULL, CFGF_NODEFAULT)
		    : (cfg_opt_t)CFG_STR(o[i].name, NULL, CFGF_NODEFAULT);
		to[i].validcb = note_line;
	}
	return n;
}

/* Sets all defaults of the N options O in *BASE. */
static void
set_defaults(const struct option *o, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		if (o[i].standard != NULL)
			store(&o[i], base, o[i].standard);
		else if (o[i].kind != TEXT && o[i].kind != TEXTS &&
		    o[i].kind != FLAG)
			*(uint64_t *)(void *)((char *)base +
			    o[i].at) = CONF_UNSET;
	}
}

/* Moves what the section CFG says from the library to *BASE. */
static void
take_values(
    struct reader *r, cfg_t *cfg, const struct option *o, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		unsigned values = cfg_size(cfg, o[i].name);

		for (unsigned j = 0; j < values; j++) {
			const char *text = cfg_getnstr(cfg, o[i].name, j);
			cfg_opt_t *opt = cfg_getopt(cfg, o[i].name);
			const char *want;
			unsigned line = 0;

			if (opt->comment != NULL)
				line = (unsigned)atoi(opt->comment);
			if (text == NULL)
				continue;
			want = store(&o[i], base, text);
			if (want != NULL && strcmp(want, "in range") == 0)
				fault(r, line,
				    "'%s' is no value for '%s': a number from "
				    "%llu to %llu%s",
				    text, o[i].name,
				    (unsigned long long)o[i].least,
				    (unsigned long long)o[i].most,
				    o[i].kind == DURATION
					? " (seconds; or with s, m, h, d, w)"
					: o[i].kind == SIZE
					? " (octets; or with K, M, G)"
					: "");
			else if (want != NULL)
				fault(r, line,
				    "'%s' is no value for '%s': it must be one "
				    "of %s",
				    text, o[i].name, want);
		}
	}
}

/* Parses TEXT as often as it takes to find all unknown options. */
static cfg_t *
parse_text(struct reader *r, char *text, cfg_opt_t *options)
{
	cfg_t *cfg = NULL;
	int rc = CFG_SUCCESS;

	the_reader = r;
	do {
		cfg_free(cfg);
		cfg = cfg_init(options, CFGF_NONE);
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

/* A feed's name becomes a folder's. */
static bool
good_title(const char *name)
{
	size_t n = strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	    ".");

	return n > 0 && n < 64 && name[n] == '\0' && name[0] != '.';
}

static void
check_answer(struct reader *r, unsigned line, const char *what,
    const struct conf_answer *a)
{
	struct fsk_answer unused = { 0 };

	if (a->sinkhole != NULL && !answer_addresses(a->sinkhole, &unused))
		fault(r, line,
		    "%s: '%s' is no list of up to %d IPv4 and %d "
		    "IPv6 addresses",
		    what, a->sinkhole, FSK_ADDRS_MAX, FSK_ADDRS_MAX);
}

static void
check_feed(struct reader *r, struct conf_feed *f)
{
	const bool secret = f->secret_file != NULL || f->secret_env != NULL;
	const struct conf_answer a = conf_answer_of(r->c, f);
	char what[128];

	snprintf(what, sizeof(what), "%s \"%s\"", f->allow ? "allow" : "feed",
	    f->name);
	if (!good_title(f->name))
		fault(r, f->line,
		    "%s: a name has 1 to 63 letters, digits, '-', '_' and '.'",
		    what);
	if (conf_feed(r->c, f->name) != f)
		fault(r, f->line, "%s: another section has this name", what);
	if ((f->url == NULL) == (f->server == NULL))
		fault(r, f->line, "%s: needs either 'url' or 'server'", what);
	if ((f->server == NULL) != (f->zone == NULL))
		fault(r, f->line, "%s: 'server' and 'zone' go together", what);
	if (f->url != NULL && f->url[0] != '/' &&
	    strncmp(f->url, "https://", 8) != 0 &&
	    strncmp(f->url, "http://", 7) != 0 &&
	    strncmp(f->url, "file:///", 8) != 0)
		fault(r, f->line,
		    "%s: 'url' must be https, http, file or a whole path",
		    what);
	if (strcmp(f->format_name, "auto") != 0) {
		f->format = parse_find(f->format_name);
		if (f->format == NULL)
			fault(r, f->line, "%s: no format '%s'", what,
			    f->format_name);
	}
	if (f->secret_file != NULL && f->secret_env != NULL)
		fault(r, f->line,
		    "%s: either 'secret-file' or 'secret-env', not both", what);
	if (secret !=
	    (f->secret_header != NULL || f->secret_query != NULL ||
		f->tsig_name != NULL))
		fault(r, f->line,
		    "%s: a secret needs a source ('secret-file' or "
		    "'secret-env') and a use ('secret-header', 'secret-query' "
		    "or 'tsig-name')",
		    what);
	if (*f->category == '\0')
		fault(r, f->line, "%s: an empty category", what);
	check_answer(r, f->line, what, &f->answer);
	if (!f->allow && a.action == 2 && a.sinkhole == NULL)
		fault(r, f->line,
		    "%s: the action sinkhole needs 'sinkhole' addresses here, "
		    "in its category or in the policy",
		    what);
}

static void
check_names(struct reader *r, const char *what, const struct conf_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct fsk_name name;
		const char *wrong = host_name(
		    &name, l->at[i], strlen(l->at[i]));

		if (wrong != NULL)
			fault(r, 0, "%s: '%s' is no name: %s", what, l->at[i],
			    wrong);
	}
}

static void
check_all(struct reader *r)
{
	struct conf *c = r->c;

	if (c->database[0] != '/' || c->state[0] != '/')
		fault(r, 0, "'database' and 'state' must be whole paths");
	check_names(r, "own-names", &c->own_names);
	check_names(r, "never-blocked", &c->good);
	check_names(r, "always-blocked", &c->bad);
	check_answer(r, 0, "policy", &c->policy);
	for (size_t i = 0; i < c->ncategories; i++)
		check_answer(
		    r, 0, c->categories[i].name, &c->categories[i].answer);
	for (size_t i = 0; i < c->nfeeds; i++)
		check_feed(r, &c->feeds[i]);
	if (c->nfeeds == 0)
		fault(r, 0, "it names no feed");
}

/* ---- the whole ---- */

static unsigned
first_line(cfg_t *cfg, const struct option *o, size_t n)
{
	unsigned first = 0;

	for (size_t i = 0; i < n; i++) {
		const cfg_opt_t *opt = cfg_getopt(cfg, o[i].name);
		unsigned line = opt != NULL && opt->comment != NULL
		    ? (unsigned)atoi(opt->comment)
		    : 0;

		if (line != 0 && (first == 0 || line < first))
			first = line;
	}
	return first;
}

static void
take_feeds(struct reader *r, cfg_t *cfg, const char *kind)
{
	struct conf *c = r->c;

	for (unsigned i = 0; i < cfg_size(cfg, kind); i++) {
		cfg_t *sec = cfg_getnsec(cfg, kind, i);
		struct conf_feed *f = realloc(
		    c->feeds, (c->nfeeds + 1) * sizeof(*f));

		if (f == NULL) {
			fault(r, 0, "out of memory");
			return;
		}
		c->feeds = f;
		f += c->nfeeds++;
		memset(f, 0, sizeof(*f));
		f->allow = strcmp(kind, "allow") == 0;
		f->name = strdup(cfg_title(sec));
		f->line = first_line(sec, feed_options, COUNT(feed_options));
		set_defaults(feed_options, COUNT(feed_options), f);
		take_values(r, sec, feed_options, COUNT(feed_options), f);
		if (f->allow)
			take_values(
			    r, sec, allow_options, COUNT(allow_options), f);
	}
}

static void
take_categories(struct reader *r, cfg_t *policy)
{
	struct conf *c = r->c;

	for (unsigned i = 0; i < cfg_size(policy, "category"); i++) {
		cfg_t *sec = cfg_getnsec(policy, "category", i);
		struct conf_category *k = realloc(
		    c->categories, (c->ncategories + 1) * sizeof(*k));

		if (k == NULL) {
			fault(r, 0, "out of memory");
			return;
		}
		c->categories = k;
		k += c->ncategories++;
		memset(k, 0, sizeof(*k));
		k->name = strdup(cfg_title(sec));
		set_defaults(category_options, COUNT(category_options), k);
		take_values(
		    r, sec, category_options, COUNT(category_options), k);
	}
}

struct conf *
conf_read(const char *path, void (*tell)(void *arg, const char *fault),
    void *arg, unsigned *faults)
{
	cfg_opt_t feed[COUNT(feed_options) + 1] = { CFG_END() };
	cfg_opt_t allow[COUNT(feed_options) + COUNT(allow_options) + 1] = {
		CFG_END()
	};
	cfg_opt_t category[COUNT(category_options) + 1] = { CFG_END() };
	cfg_opt_t policy[COUNT(policy_options) + 2] = { CFG_END() };
	cfg_opt_t all[COUNT(global_options) + 4] = { CFG_END() };
	struct reader r = { .path = path, .tell = tell, .arg = arg };
	char *text = read_file(path, &r);
	cfg_t *cfg = NULL;
	size_t n;

	r.c = calloc(1, sizeof(*r.c));
	if (text == NULL || r.c == NULL)
		goto out;
	n = declare(feed, feed_options, COUNT(feed_options));
	feed[n] = (cfg_opt_t)CFG_END();
	n = declare(allow, feed_options, COUNT(feed_options));
	n += declare(allow + n, allow_options, COUNT(allow_options));
	allow[n] = (cfg_opt_t)CFG_END();
	n = declare(category, category_options, COUNT(category_options));
	category[n] = (cfg_opt_t)CFG_END();
	n = declare(policy, policy_options, COUNT(policy_options));
	policy[n++] = (cfg_opt_t)CFG_SEC("category", category,
	    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	policy[n] = (cfg_opt_t)CFG_END();
	n = declare(all, global_options, COUNT(global_options));
	all[n++] = (cfg_opt_t)CFG_SEC("feed", feed, CFGF_MULTI | CFGF_TITLE);
	all[n++] = (cfg_opt_t)CFG_SEC("allow", allow, CFGF_MULTI | CFGF_TITLE);
	all[n++] = (cfg_opt_t)CFG_SEC("policy", policy, CFGF_NODEFAULT);
	all[n] = (cfg_opt_t)CFG_END();

	r.c->path = strdup(path);
	set_defaults(global_options, COUNT(global_options), r.c);
	set_defaults(policy_options, COUNT(policy_options), r.c);
	blank_comments(text);
	cfg = parse_text(&r, text, all);
	if (cfg == NULL)
		goto out;
	take_values(&r, cfg, global_options, COUNT(global_options), r.c);
	if (cfg_size(cfg, "policy") > 0) {
		cfg_t *sec = cfg_getnsec(cfg, "policy", 0);

		take_values(
		    &r, sec, policy_options, COUNT(policy_options), r.c);
		take_categories(&r, sec);
	}
	take_feeds(&r, cfg, "feed");
	take_feeds(&r, cfg, "allow");
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

static void
free_values(const struct option *o, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		void *at = (char *)base + o[i].at;

		if (o[i].kind == TEXT)
			free(*(char **)at);
		if (o[i].kind != TEXTS)
			continue;
		for (size_t j = 0; j < ((struct conf_list *)at)->n; j++)
			free(((struct conf_list *)at)->at[j]);
		free(((struct conf_list *)at)->at);
	}
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->nfeeds; i++) {
		free_values(feed_options, COUNT(feed_options), &c->feeds[i]);
		free(c->feeds[i].name);
	}
	for (size_t i = 0; i < c->ncategories; i++) {
		free_values(category_options, COUNT(category_options),
		    &c->categories[i]);
		free(c->categories[i].name);
	}
	free_values(policy_options, COUNT(policy_options), c);
	free_values(global_options, COUNT(global_options), c);
	free(c->feeds);
	free(c->categories);
	free(c->path);
	free(c);
}

static void
inherit(struct conf_answer *a, const struct conf_answer *from)
{
	if (a->severity == CONF_UNSET)
		a->severity = from->severity;
	if (a->action == CONF_UNSET && a->sinkhole == NULL)
		a->action = from->action;
	if (a->sinkhole == NULL)
		a->sinkhole = from->sinkhole;
	if (a->ttl == CONF_UNSET)
		a->ttl = from->ttl;
	if (a->minimum_feeds == CONF_UNSET)
		a->minimum_feeds = from->minimum_feeds;
}

struct conf_answer
conf_answer_of(const struct conf *c, const struct conf_feed *f)
{
	static const struct conf_answer standard = { 0, 0, NULL, 60, 1 };
	struct conf_answer a = f->answer;

	for (size_t i = 0; i < c->ncategories; i++)
		if (strcmp(c->categories[i].name, f->category) == 0)
			inherit(&a, &c->categories[i].answer);
	inherit(&a, &c->policy);
	if (a.action == CONF_UNSET && a.sinkhole != NULL)
		a.action = 2;
	inherit(&a, &standard);
	if (a.action == CONF_UNSET)
		a.action = 0;
	return a;
}

const struct conf_feed *
conf_feed(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->nfeeds; i++)
		if (strcmp(c->feeds[i].name, name) == 0)
			return &c->feeds[i];
	return NULL;
}
