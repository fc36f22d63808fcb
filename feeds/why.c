/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds why: what happens to a query, and what led to it. */
#include "feeds/why.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feeds/cmd.h"
#include "feeds/host.h"
#include "feeds/json.h"
#include "feeds/printable.h"
#include "lib/qtype.h"

static const char help[] =
    "usage: fraudsink-feeds why -d DB [OPTION...] NAME|URL...\n"
    "\n"
    "Tells what the resolver does with a query, and each rule that was\n"
    "considered, in order: bypasses, the client's group and its list, the\n"
    "entries of the list, query types, and where the answer comes from.  The\n"
    "verdict is the resolver's own.  Of a URL it knows the host only; whether "
    "the\n"
    "URL is listed is told beside it.\n"
    "\n"
    "  -d, --database FILE    required\n"
    "      --client ADDRESS   who asks (default: somebody in no group)\n"
    "      --type TYPE        what is asked for (default: A)\n"
    "      --at TIME          when, YYYY-MM-DDTHH:MM[:SS]Z (default: now)\n"
    "      --json             one object a line\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 some name is blocked, 1 none is, 2 error.\n";

enum { OPT_CLIENT = 256, OPT_TYPE, OPT_AT };

static const struct option options[] = {
	{ "database", required_argument, NULL, 'd' },
	{ "client", required_argument, NULL, OPT_CLIENT },
	{ "type", required_argument, NULL, OPT_TYPE },
	{ "at", required_argument, NULL, OPT_AT },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* ---- gathering ---- */

const char *
why_reason(const struct fsk_verdict *v)
{
	switch (v->reason) {
	case FSK_NOT_LISTED:
		return "not listed";
	case FSK_BYPASSED:
		return "a bypass";
	case FSK_GROUP_OFF:
		return "nothing is blocked for the group";
	case FSK_ALLOWED:
		return "an entry allows it";
	case FSK_OTHER_TYPE:
		return "the entry is for other query types";
	case FSK_PASSED:
		return "the policy lets it pass";
	case FSK_LISTED:
		return v->would ? "listed, only counted" : "listed";
	}
	return "?";
}

/* Whether an entry with MATCH, LABELS labels deep, covers the queried name. */
static bool
covers(const struct why *w, enum fsk_match_kind match, unsigned labels)
{
	switch (match) {
	case FSK_SUBTREE:
		return true;
	case FSK_EXACT:
		return labels == w->q.q.labels;
	case FSK_BELOW:
		return labels < w->q.q.labels;
	}
	return false;
}

/* Adds what stands in DB at the queried name and above it, and covers it. */
static void
add_entries(struct why *w, const struct fsk_db *db, bool own)
{
	struct fsk_entry at[FSK_ENTRIES_MAX];

	for (unsigned n = fsk_db_entries(db, &w->q.q, at);
	     n > 0 && w->entries < WHY_ENTRIES; n--) {
		const struct fsk_entry *e = &at[n - 1];
		struct fsk_attr a;

		fsk_db_attr(db, e->attr, &a);
		if (!covers(w, a.match, e->labels))
			continue;
		w->entry[w->entries++] = (struct why_entry){ .db = db,
			.own = own,
			.attr = e->attr,
			.labels = e->labels,
			.wins = w->v.found.covered && w->v.db == db &&
			    w->v.found.labels == e->labels &&
			    w->v.found.attr == e->attr };
	}
}

static void
gather(struct why *w, const struct fsk_bypasses *bypasses)
{
	const struct fsk_policy *p = fsk_db_policy(w->db);

	fsk_verdict(w->db, bypasses, &w->q, &w->v);
	w->group = "";
	if (p != NULL) {
		/* The verdict looks for it only where it matters. */
		const unsigned group = w->q.client != NULL
		    ? fsk_policy_group(p, w->q.client, w->q.now)
		    : 0;

		w->group = fsk_policy_group_name(p, group);
		w->off = fsk_policy_off(p, group);
		if (fsk_policy_list(p, group) != NULL)
			add_entries(w, fsk_policy_list(p, group), true);
	}
	add_entries(w, w->db, false);
	w->bypass = fsk_bypass_find(
	    bypasses, &w->q.q, w->group, w->q.client, w->q.now);
	if (w->v.answer != NULL)
		w->text[fsk_ede_text(w->db, &w->v, w->text)] = '\0';
}

/* ---- the answer in words ---- */

/* Adds to the text of *LEN octets. */
static void __attribute__((format(printf, 3, 4)))
add(char *text, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (*len >= WHY_ANSWER)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text + *len, WHY_ANSWER - *len, fmt, ap);
	va_end(ap);
	if (n > 0)
		*len += (size_t)n;
}

static void
add_addresses(
    const struct fsk_answer *a, uint16_t qtype, char *text, size_t *len)
{
	const bool v4 = qtype == 1;
	const unsigned n = v4 ? a->count4 : qtype == 28 ? a->count6 : 0;
	char one[INET6_ADDRSTRLEN];

	if (n == 0) {
		add(text, len, "NODATA (no addresses of this type)");
		return;
	}
	for (unsigned i = 0; i < n; i++)
		add(text, len, "%s%s", i > 0 ? ", " : "",
		    inet_ntop(v4 ? AF_INET : AF_INET6,
			v4 ? a->addr4[i] : a->addr6[i], one, sizeof(one)));
}

char *
why_answer(const struct why *w, char text[static WHY_ANSWER])
{
	const struct fsk_answer *a = w->v.answer;
	char name[FSK_TEXT_MAX];
	size_t len = 0;

	text[0] = '\0';
	if (!w->v.block) {
		add(text, &len, "it is resolved");
		return text;
	}
	switch (a->action) {
	case FSK_NXDOMAIN:
		add(text, &len, "NXDOMAIN");
		break;
	case FSK_NODATA:
		add(text, &len, "NODATA");
		break;
	case FSK_SINKHOLE:
	case FSK_WARN:
		add_addresses(a, w->q.qtype, text, &len);
		break;
	case FSK_CNAME:
		add(text, &len, "CNAME %s",
		    fsk_name_to_text(a->cname.wire, name));
		break;
	case FSK_REFUSE:
		add(text, &len, "REFUSED");
		break;
	case FSK_SERVFAIL:
		add(text, &len, "SERVFAIL");
		break;
	case FSK_DROP:
		add(text, &len, "no answer");
		return text;
	case FSK_TCP_ONLY:
		add(text, &len,
		    "over UDP a truncated answer, over TCP it is resolved");
		return text;
	case FSK_PASSTHRU:
	case FSK_LOG:
	case FSK_ACTIONS:
		break;
	}
	add(text, &len, ", TTL %u", a->ttl);
	if (a->ede != FSK_EDE_NONE)
		add(text, &len, ", EDE %u \"%s\"", a->ede, w->text);
	return text;
}

static void
add_unless(char *text, size_t *len, const char *what)
{
	add(text, len, "%s%s", *len == 0 ? "unless its answer leads to " : ", ",
	    what);
}

char *
why_unless(const struct why *w, char text[static WHY_ANSWER])
{
	const struct fsk_policy *p = fsk_db_policy(w->db);
	const struct fsk_policy_settings *settings;
	size_t len = 0;

	text[0] = '\0';
	if (p == NULL)
		return text;
	settings = fsk_policy_settings(p);
	if (w->v.block) {
		if (settings->if_signed != FSK_SIGNED_ANSWER)
			add(text, &len,
			    "unless the name is signed and the client has the "
			    "DO bit: then %s",
			    settings->if_signed == FSK_SIGNED_PASS
				? "it is resolved"
				: "SERVFAIL");
		return text;
	}
	if (w->off || w->v.would || w->v.reason == FSK_BYPASSED ||
	    w->v.reason == FSK_ALLOWED)
		return text;
	if (fsk_policy_aliases(p))
		add_unless(text, &len, "a listed alias");
	if (settings->look_at_answers)
		add_unless(text, &len, "a listed address");
	if (settings->look_at_places)
		add_unless(text, &len, "a listed country or network");
	if (settings->look_at_servers)
		add_unless(text, &len, "a listed name server");
	return text;
}

/* ---- for people ---- */

static void
print_entry(const struct why *w, const struct why_entry *e)
{
	static const char *const marks[] = { "", "=", "*." };
	const struct fsk_query *q = &w->q.q;
	char name[FSK_TEXT_MAX], day[16];
	struct fsk_attr a;

	fsk_db_attr(e->db, e->attr, &a);
	printf("                 %s %s%s (%s), %s", e->wins ? "->" : "  ",
	    marks[a.match],
	    fsk_name_to_text(q->wire + fsk_query_at(q, e->labels), name),
	    match_word(a.match), a.allow ? "allows, by" : "by");
	for (unsigned i = 0; i < a.feeds; i++)
		printf("%s %s", i > 0 ? "," : "",
		    printable_copy(fsk_db_attr_feed(e->db, e->attr, i)));
	printf(": %s, %s, since %s", printable_copy(a.category),
	    severity_word(a.severity), day_text(a.since, day));
	if (a.case_number[0] != '\0')
		printf(", case %s", printable_copy(a.case_number));
	putchar('\n');
}

static void
print_entries(const struct why *w, bool own, const char *none)
{
	bool any = false;

	for (unsigned i = 0; i < w->entries; i++)
		if (w->entry[i].own == own) {
			if (!any)
				putchar('\n');
			print_entry(w, &w->entry[i]);
			any = true;
		}
	if (!any)
		printf("%s\n", none);
}

static void
print_url(const struct why *w)
{
	struct fsk_attr a;
	char day[16];

	fsk_db_attr(w->db, w->url->attr, &a);
	printf("    the URL      is listed as %s, by", w->url->expression);
	for (unsigned i = 0; i < a.feeds; i++)
		printf("%s %s", i > 0 ? "," : "",
		    printable_copy(fsk_db_attr_feed(w->db, w->url->attr, i)));
	printf(": %s, %s, since %s\n", printable_copy(a.category),
	    severity_word(a.severity), day_text(a.since, day));
}

/* Whether clients of no group get another answer: a rule's goes before that of
 * any group. */
static bool
is_for_group(const struct why *w)
{
	const struct fsk_policy *p = fsk_db_policy(w->db);
	struct fsk_attr a;

	if (p == NULL || w->v.group == 0 || w->v.db != w->db)
		return false;
	fsk_db_attr(w->db, w->v.found.attr, &a);
	return fsk_policy_answer(p, w->v.group, a.class) !=
	    fsk_policy_answer(p, 0, a.class);
}

static void
print_text(const struct why *w)
{
	char type[FSK_QTYPE_TEXT], answer[WHY_ANSWER];

	printf("%s, type %s:\n", printable_copy(w->name),
	    fsk_qtype_text(w->q.qtype, type));
	if (w->url != NULL)
		print_url(w);
	printf("  1 bypass       ");
	if (w->bypass != NULL) {
		struct fsk_bypass b = *w->bypass;

		printf("by %s: %s\n", printable(b.by), printable(b.why));
	} else
		printf("none\n");
	printf("  2 group        %s%s\n",
	    *w->group != '\0' ? printable_copy(w->group) : "none",
	    w->off ? ", for which nothing is blocked" : "");
	printf("  3 group's list ");
	print_entries(w, true, "no entry");
	printf("  4 list         ");
	print_entries(w, false, "no entry");
	printf("  5 decided by   %s\n", why_reason(&w->v));
	if (w->v.answer != NULL)
		printf("  6 action       %s%s%s\n",
		    fsk_action_word(w->v.answer->action),
		    is_for_group(w) ? ", for the group " : "",
		    is_for_group(w) ? printable_copy(w->group) : "");
	printf("  => %s\n", printable(why_answer(w, answer)));
	if (*why_unless(w, answer) != '\0')
		printf("     %s\n", answer);
}

/* ---- the command ---- */

static bool
read_time(const char *text, int64_t *out)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ",
		"%Y-%m-%dT%H:%MZ", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (end != NULL && *end == '\0') {
			*out = (int64_t)timegm(&tm);
			return true;
		}
	}
	return false;
}

struct asked {
	const struct fsk_db *db;
	struct fsk_bypasses bypasses;
	const uint8_t *client;
	uint16_t qtype;
	int64_t now;
	bool json, blocked, failed;
};

/* Reads the name that TEXT is, or is about; of a URL that is listed, *URL gets
 * where. */
static const char *
read_name(const struct fsk_db *db, const char *text, struct fsk_name *name,
    struct url_listed *found, const struct url_listed **url)
{
	struct url u;
	const char *wrong;

	*url = NULL;
	if (!url_is_meant(text))
		return host_name(name, text, strlen(text));
	wrong = url_read(&u, text, strlen(text), true);
	if (wrong != NULL)
		return wrong;
	if (u.address)
		return "a URL of an address, which no resolver is asked for";
	*name = u.host;
	if (url_listed(db, &u, found))
		*url = found;
	return NULL;
}

static void
explain(struct asked *a, const char *text)
{
	struct why *w = calloc(1, sizeof(*w));
	struct url_listed found;
	struct fsk_name name;
	const char *wrong = "out of memory";

	if (w != NULL)
		wrong = read_name(a->db, text, &name, &found, &w->url);
	if (wrong != NULL) {
		complain("'%s' is no domain name or URL: %s",
		    printable_copy(text), wrong);
		a->failed = true;
		free(w);
		return;
	}
	w->db = a->db;
	w->name = text;
	w->q.qtype = a->qtype;
	w->q.client = a->client;
	w->q.now = a->now;
	fsk_db_query(a->db, &w->q.q, name.wire, name.len);
	gather(w, &a->bypasses);
	a->blocked |= w->v.block;
	if (!a->json)
		print_text(w);
	else if (!json_why(stdout, w))
		a->failed = true;
	free(w);
}

static int
run(struct asked *a, const char *path, char **names, int n)
{
	struct fsk_error err;
	struct fsk_db *db;
	char *beside;

	if (fsk_db_open(&db, path, FSK_DB_MAP, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	beside = fsk_bypass_path(path);
	if (beside == NULL ||
	    fsk_bypasses_read(&a->bypasses, beside, &err) != FSK_OK) {
		complain("%s", beside != NULL ? err.text : "out of memory");
		a->failed = true;
	}
	a->db = db;
	for (int i = 0; i < n; i++)
		explain(a, names[i]);
	fsk_bypasses_fini(&a->bypasses);
	free(beside);
	fsk_db_close(db);
	return a->failed ? EXIT_ERROR : a->blocked ? EXIT_FOUND : EXIT_NONE;
}

int
cmd_why(int argc, char **argv)
{
	struct asked a = { .qtype = QTYPE_A, .now = (int64_t)time(NULL) };
	uint8_t client[FSK_ADDR_LEN];
	const char *path = NULL;
	int o;

	while ((o = getopt_long(argc, argv, "d:h", options, NULL)) != -1)
		switch (o) {
		case 'd':
			path = optarg;
			break;
		case OPT_CLIENT:
			if (!fsk_addr_read(optarg, client))
				return usage_error(
				    "why", "'%s' is no address", optarg);
			a.client = client;
			break;
		case OPT_TYPE:
			if (!fsk_qtype_read(optarg, &a.qtype))
				return usage_error(
				    "why", "'%s' is no query type", optarg);
			break;
		case OPT_AT:
			if (!read_time(optarg, &a.now))
				return usage_error("why",
				    "'%s' is no time (YYYY-MM-DDTHH:MMZ)",
				    optarg);
			break;
		case 'j':
			a.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("why", "bad command line");
		}
	if (path == NULL)
		return usage_error("why", "no database given (-d)");
	if (optind == argc)
		return usage_error("why", "no name given");
	return finish_output(run(&a, path, argv + optind, argc - optind));
}
