/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/conf_check.h"
#include "feeds/fetch.h"

/* ---- the table of all options ---- */

#define DAYS(n) ((uint64_t)(n)*86400)
#define ACTIONS \
	"nxdomain nodata sinkhole cname refused drop tcp-only servfail " \
	"passthru log warn"
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define TEXT(name, type, field, standard) \
	{ \
		name, OPTION_TEXT, offsetof(type, field), standard, 0, 0, NULL \
	}
#define PATH(name, type, field, standard) \
	{ \
		name, OPTION_PATH, offsetof(type, field), standard, 0, 0, NULL \
	}
#define TEXTS(name, type, field) \
	{ \
		name, OPTION_TEXTS, offsetof(type, field), NULL, 0, 0, NULL \
	}
#define FLAG(name, type, field, standard) \
	{ \
		name, OPTION_FLAG, offsetof(type, field), standard, 0, 0, NULL \
	}
#define CHOICE(name, type, field, standard, words) \
	{ \
		name, OPTION_CHOICE, offsetof(type, field), standard, 0, 0, \
		    words \
	}
#define NUMBER(name, kind, type, field, standard, least, most) \
	{ \
		name, OPTION_##kind, offsetof(type, field), standard, least, \
		    most, NULL \
	}

/* What every section may say that has an `answer`. */
#define ANSWER(t) \
	CHOICE("severity", t, answer.severity, NULL, "red yellow"), \
	    CHOICE("action", t, answer.action, NULL, ACTIONS), \
	    TEXT("sinkhole", t, answer.sinkhole, NULL), \
	    TEXT("cname", t, answer.cname, NULL), \
	    NUMBER("ttl", DURATION, t, answer.ttl, NULL, 0, DAYS(7)), \
	    CHOICE("ede", t, answer.ede, NULL, \
		"none forged blocked censored filtered"), \
	    TEXT("ede-text", t, answer.ede_text, NULL), \
	    TEXT("soa-mname", t, answer.soa_mname, NULL), \
	    TEXT("soa-rname", t, answer.soa_rname, NULL), \
	    TEXTS("types", t, answer.types), \
	    CHOICE("aliases", t, answer.aliases, NULL, "no yes"), \
	    NUMBER("minimum-feeds", NUMBER, t, answer.minimum_feeds, NULL, 1, \
		1000)

static const struct conf_option part_options[] = { ANSWER(struct conf_part) };

#define PARTS(name, type, field) \
	{ \
		name, part_options, COUNT(part_options), NULL, \
		    offsetof(type, field), true, sizeof(struct conf_part) \
	}

#define R struct conf_rule
static const struct conf_option rule_options[] = {
	TEXTS("names", R, names),
	TEXTS("files", R, files),
	TEXTS("prefixes", R, prefixes),
	TEXTS("countries", R, countries),
	TEXTS("networks", R, networks),
	CHOICE("match", R, match, "subtree", "subtree exact below"),
	TEXT("category", R, category, "order"),
	TEXT("case", R, case_number, NULL),
	TEXT("authority", R, authority, NULL),
	TEXT("legal-basis", R, legal_basis, NULL),
	TEXT("contact", R, contact, NULL),
	ANSWER(R),
};
#undef R

#define G struct conf_group
static const struct conf_option group_options[] = {
	TEXTS("prefixes", G, prefixes),
	TEXTS("prefix-files", G, prefix_files),
	TEXT("time", G, time, NULL),
	TEXT("timezone", G, timezone, "UTC"),
	FLAG("off", G, off, "no"),
	TEXTS("block", G, block),
	TEXTS("block-files", G, block_files),
	TEXTS("allow", G, allow),
	TEXTS("allow-files", G, allow_files),
	ANSWER(G),
};
static const struct section group_sections[] = {
	PARTS("category", G, categories),
	PARTS("grade", G, severities),
	PARTS("feed", G, feeds),
	{ 0 },
};
#undef G

#define P struct conf_policy
static const struct conf_option policy_options[] = {
	TEXT("organisation", P, organisation, NULL),
	TEXT("contact", P, contact, NULL),
	TEXT("incidents", P, incidents, NULL),
	CHOICE("signed", P, if_signed, "answer", "answer servfail pass"),
	FLAG("trust-ecs", P, trust_ecs, "no"),
	TEXT("country-db", P, country_db, NULL),
	TEXT("asn-db", P, asn_db, NULL),
	ANSWER(P),
};
static const struct section policy_sections[] = {
	PARTS("category", P, categories),
	PARTS("grade", P, severities),
	{ "rule", rule_options, COUNT(rule_options), NULL, offsetof(P, rules),
	    true, sizeof(struct conf_rule) },
	{ "group", group_options, COUNT(group_options), group_sections,
	    offsetof(P, groups), true, sizeof(struct conf_group) },
	{ 0 },
};
#undef P

#define F struct conf_feed
static const struct conf_option feed_options[] = {
	TEXT("url", F, url, NULL),
	TEXT("server", F, server, NULL),
	TEXT("zone", F, zone, NULL),
	FLAG("enabled", F, enabled, "yes"),
	TEXT("format", F, format_name, "auto"),
	TEXT("column", F, column, NULL),
	TEXT("only", F, only, NULL),
	CHOICE("match", F, match, "subtree", "subtree exact below"),
	TEXT("category", F, category, "fraud"),
	ANSWER(F),
	CHOICE("trust", F, trust, "normal", "low normal high"),
	FLAG("subtree", F, subtree, "no"),
	FLAG("addresses", F, addresses, "no"),
	TEXT("authority", F, authority, NULL),
	TEXT("legal-basis", F, legal_basis, NULL),
	TEXT("contact", F, contact, NULL),
	TEXT("case", F, case_number, NULL),
	TEXT("secret-file", F, secret_file, NULL),
	TEXT("secret-env", F, secret_env, NULL),
	TEXT("secret-header", F, secret_header, NULL),
	TEXT("secret-query", F, secret_query, NULL),
	TEXT("tsig-name", F, tsig_name, NULL),
	TEXT("tsig-algorithm", F, tsig_algorithm, "hmac-sha256"),
	TEXT("proxy", F, proxy, NULL),
	TEXT("ca-file", F, ca_file, NULL),
	NUMBER("interval", DURATION, F, interval, "6h", 60, DAYS(365)),
	NUMBER("timeout", DURATION, F, timeout, "10m", 1, DAYS(1)),
	NUMBER("max-size", SIZE, F, max_size, "512M", 1, 1ull << 40),
	NUMBER("min-names", NUMBER, F, min_names, "1", 0, UINT32_MAX),
	NUMBER("max-shrink", NUMBER, F, max_shrink, "50", 0, 100),
	NUMBER("max-growth", NUMBER, F, max_growth, "400", 0, 1000000),
	NUMBER("max-bad", NUMBER, F, max_bad, "10", 0, 100),
	NUMBER("max-age", DURATION, F, max_age, "0", 0, DAYS(36500)),
	NUMBER("stale-after", DURATION, F, stale_after, "3d", 0, DAYS(3650)),
};
#undef F

#define C struct conf
static const struct conf_option global_options[] = {
	PATH("database", C, database, "/var/lib/fraudsink/blocklist.fsdb"),
	PATH("state", C, state, "/var/lib/fraudsink/feeds"),
	NUMBER("memory", SIZE, C, memory, "1G", 16u << 20, 1ull << 40),
	NUMBER("threads", NUMBER, C, threads, "0", 0, 256),
	NUMBER("generations", NUMBER, C, generations, "5", 1, 1000),
	NUMBER("parallel", NUMBER, C, parallel, "8", 1, 64),
	NUMBER("redirects", NUMBER, C, redirects, "5", 0, 20),
	NUMBER("retries", NUMBER, C, retries, "3", 0, 10),
	NUMBER("connect-timeout", DURATION, C, connect_timeout, "15s", 1, 600),
	NUMBER("low-speed", SIZE, C, low_speed, "100", 0, 1u << 30),
	NUMBER("low-speed-time", DURATION, C, low_speed_time, "60s", 1, 3600),
	FLAG("secret", C, secret, "no"),
	TEXT("user-agent", C, user_agent, "fraudsink/" FRAUDSINK_VERSION),
	TEXT("proxy", C, proxy, NULL),
	TEXT("ca-file", C, ca_file, NULL),
	TEXTS("protected", C, protected_files),
	NUMBER(
	    "protected-rank", NUMBER, C, protected_rank, "1000", 0, UINT32_MAX),
	NUMBER("protected-feeds", NUMBER, C, protected_feeds, "3", 1, 1000),
	TEXTS("shared-hosts", C, shared_files),
	TEXTS("own-names", C, own_names),
	TEXTS("never-blocked", C, good),
	TEXTS("always-blocked", C, bad),
	TEXTS("hooks", C, hooks),
};
static const struct section global_sections[] = {
	{ "policy", policy_options, COUNT(policy_options), policy_sections,
	    offsetof(C, policy), false, 0 },
	{ "feed", feed_options, COUNT(feed_options), NULL,
	    offsetof(C, feed_list), true, sizeof(struct conf_feed) },
	{ "allow", feed_options, COUNT(feed_options), NULL,
	    offsetof(C, allow_list), true, sizeof(struct conf_feed) },
	{ 0 },
};
static const struct section file = { NULL, global_options,
	COUNT(global_options), global_sections, 0, false, sizeof(C) };
#undef C

/* ---- the whole ---- */

/* Puts feeds and allow sections into one array. */
static void
join_feeds(struct options_reader *r, struct conf *c)
{
	const struct section_list *lists[] = { &c->feed_list, &c->allow_list };

	c->feeds = calloc(
	    c->feed_list.n + c->allow_list.n + 1, sizeof(*c->feeds));
	if (c->feeds == NULL) {
		options_fault(r, 0, "out of memory");
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		for (size_t j = 0; j < lists[i]->n; j++) {
			struct conf_feed *f = &c->feeds[c->nfeeds++];

			*f = ((struct conf_feed *)lists[i]->at)[j];
			f->allow = i == 1;
		}
}

struct conf *
conf_read(const char *path, void (*tell)(void *arg, const char *fault),
    void *arg, unsigned *faults)
{
	struct options_reader r = { .path = path, .tell = tell, .arg = arg };
	struct conf *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->path = strdup(path)) == NULL) {
		options_fault(&r, 0, "out of memory");
	} else {
		if (options_read(&r, &file, c))
			join_feeds(&r, c);
		if (c->feeds != NULL)
			conf_check(&r, c);
	}
	*faults = r.faults;
	if (r.faults > 0) {
		conf_free(c);
		c = NULL;
	}
	return c;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	options_free(&file, c);
	free(c->feeds);
	free(c->path);
	free(c);
}

const struct conf_feed *
conf_feed(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->nfeeds; i++)
		if (strcmp(c->feeds[i].head.title, name) == 0)
			return &c->feeds[i];
	return NULL;
}

/* Behind scheme and user of the web address URL. */
static const char *
host_at(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	const char *user = memrchr(host, '@', strcspn(host, "/?#"));

	return user != NULL ? user + 1 : host;
}

static bool
is_web(const struct conf_feed *f)
{
	return f->url != NULL && strncmp(f->url, "http", 4) == 0;
}

bool
conf_has_key(const struct conf_feed *f)
{
	return is_web(f) && strstr(f->url, FETCH_KEY) != NULL;
}

char *
conf_source(const struct conf_feed *f, char text[static CONF_SOURCE])
{
	if (f->url == NULL) {
		snprintf(text, CONF_SOURCE, "%s from %s", f->zone, f->server);
	} else if (is_web(f)) {
		const char *host = host_at(f->url);
		const size_t len = strcspn(host, "?#");

		snprintf(text, CONF_SOURCE, "%.*s%.*s%s",
		    f->url[4] == 's' ? 8 : 7, f->url, (int)len, host,
		    host[len] != '\0' ? "?..." : "");
	} else {
		snprintf(text, CONF_SOURCE, "%s", f->url);
	}
	return text;
}

char *
conf_host(const struct conf_feed *f, char text[static CONF_SOURCE])
{
	const char *host = is_web(f) ? host_at(f->url)
	    : f->url != NULL         ? ""
				     : f->server;
	const bool v6 = *host == '[';

	snprintf(text, CONF_SOURCE, "%.*s",
	    (int)strcspn(host + v6, v6 ? "]" : "/:?#"), host + v6);
	return text;
}

/* ---- answers ---- */

static void
inherit(struct conf_answer *a, const struct conf_answer *from)
{
	if (a->severity == OPTION_UNSET)
		a->severity = from->severity;
	/* Who names an address or an alias means to use it. */
	if (a->action == OPTION_UNSET)
		a->action = from->action != OPTION_UNSET ? from->action
		    : from->cname != NULL                ? FSK_CNAME
		    : from->sinkhole != NULL             ? FSK_SINKHOLE
							 : OPTION_UNSET;
	if (a->sinkhole == NULL)
		a->sinkhole = from->sinkhole;
	if (a->cname == NULL)
		a->cname = from->cname;
	if (a->ttl == OPTION_UNSET)
		a->ttl = from->ttl;
	if (a->ede == OPTION_UNSET)
		a->ede = from->ede;
	if (a->ede_text == NULL)
		a->ede_text = from->ede_text;
	if (a->soa_mname == NULL)
		a->soa_mname = from->soa_mname;
	if (a->soa_rname == NULL)
		a->soa_rname = from->soa_rname;
	if (a->types.n == 0)
		a->types = from->types;
	if (a->aliases == OPTION_UNSET)
		a->aliases = from->aliases;
	if (a->minimum_feeds == OPTION_UNSET)
		a->minimum_feeds = from->minimum_feeds;
}

static void
inherit_part(
    struct conf_answer *a, const struct section_list *list, const char *title)
{
	const struct conf_part *part = list->at;

	for (size_t i = 0; i < list->n; i++)
		if (strcmp(part[i].head.title, title) == 0)
			inherit(a, &part[i].answer);
}

/* The severity that F or RULE has, whatever its answer. */
static uint64_t
severity_of(
    const struct conf *c, const struct conf_answer *own, const char *category)
{
	const struct conf_part *part = c->policy.categories.at;

	if (own->severity != OPTION_UNSET)
		return own->severity;
	for (size_t i = 0; i < c->policy.categories.n; i++)
		if (strcmp(part[i].head.title, category) == 0 &&
		    part[i].answer.severity != OPTION_UNSET)
			return part[i].answer.severity;
	return c->policy.answer.severity != OPTION_UNSET
	    ? c->policy.answer.severity
	    : 0;
}

struct conf_answer
conf_answer_of(const struct conf *c, const struct conf_feed *f,
    const struct conf_rule *rule, const struct conf_group *group)
{
	static const char *const severities[] = { "red", "yellow" };
	static const struct conf_answer nothing = { OPTION_UNSET, OPTION_UNSET,
		NULL, NULL, OPTION_UNSET, OPTION_UNSET, NULL, NULL, NULL,
		{ NULL, 0, 0 }, OPTION_UNSET, OPTION_UNSET };
	static const struct conf_answer standard = { 0, FSK_NXDOMAIN, NULL,
		NULL, 60, 2, NULL, NULL, NULL, { NULL, 0, 0 }, 0, 1 };
	const char *category = f != NULL ? f->category : rule->category;
	const struct conf_answer *own = f != NULL ? &f->answer : &rule->answer;
	const char *severity = severities[severity_of(c, own, category)];
	struct conf_answer a = nothing;

	if (f == NULL)
		inherit(&a, own);
	if (group != NULL) {
		if (f != NULL)
			inherit_part(&a, &group->feeds, f->head.title);
		inherit_part(&a, &group->categories, category);
		inherit_part(&a, &group->severities, severity);
		inherit(&a, &group->answer);
	}
	if (f != NULL)
		inherit(&a, own);
	inherit_part(&a, &c->policy.categories, category);
	inherit_part(&a, &c->policy.severities, severity);
	inherit(&a, &c->policy.answer);
	/* People read a warning: it may not outlive the reason for it. */
	if (a.action == FSK_WARN && a.ttl == OPTION_UNSET)
		a.ttl = 10;
	inherit(&a, &standard);
	a.severity = severity_of(c, own, category);
	return a;
}
