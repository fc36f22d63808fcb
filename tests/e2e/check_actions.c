/* SPDX-License-Identifier: BSD-3-Clause */
/* Each action of a policy, for each type and transport, with and without EDNS,
 * of an entry, of a group and of what an alias leads to; what decides which one
 * it is; and what clients are told. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"
#include "tests/e2e/lists.h"

static struct world w;
static struct reply r;

static const char actions[] =
    "policy {\n"
    "  sinkhole = \"198.51.100.7,2001:db8::7\"\n"
    "  cname = \"page.test\"\n"
    "  action = nxdomain\n"
    "  soa-mname = \"ns.isp.example\"\n"
    "  soa-rname = \"abuse.isp.example\"\n"
    "  rule \"nxdomain\" { names = {\"nx.test\"} action = nxdomain ttl = 77 }\n"
    "  rule \"nodata\" { names = {\"nodata.test\"} action = nodata }\n"
    "  rule \"sinkhole\" { names = {\"sink.test\"} action = sinkhole }\n"
    "  rule \"cname\" { names = {\"cname.test\"} action = cname }\n"
    "  rule \"lost\" { names = {\"lost.test\"} action = cname\n"
    "    cname = \"gone.ns.test\" }\n"
    "  rule \"refused\" { names = {\"refused.test\"} action = refused }\n"
    "  rule \"drop\" { names = {\"drop.test\"} action = drop }\n"
    "  rule \"tcp\" { names = {\"tcp.test\"} action = tcp-only }\n"
    "  rule \"servfail\" { names = {\"servfail.test\"} action = servfail }\n"
    "  rule \"passthru\" { names = {\"pass.test\"} action = passthru }\n"
    "  rule \"log\" { names = {\"log.test\"} action = log }\n"
    "  rule \"warn\" { names = {\"warn.test\"} action = warn\n"
    "    sinkhole = \"198.51.100.8\" severity = yellow }\n"
    "}\n";

/* A name whose service bindings tell where it is, and an alias to it. */
/* clang-format off */
#define HOST(name) \
    name ".test. 300 IN A 192.0.2.1\n" \
    "*." name ".test. 300 IN A 192.0.2.1\n" \
    name ".test. 300 IN AAAA 2001:db8::1\n" \
    name ".test. 300 IN TXT \"true\"\n" \
    name ".test. 300 IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1\n" \
    name ".test. 300 IN SVCB 1 . alpn=h2 ipv6hint=2001:db8::1\n" \
    "to-" name ".test. 300 IN CNAME " name ".test.\n"

static const char records[] =
    "page.test. 300 IN A 192.0.2.80\n"
    "page.test. 300 IN AAAA 2001:db8::80\n"
    "page.test. 300 IN HTTPS 1 . alpn=h2\n"
    "page.test. 300 IN SVCB 1 . alpn=h2\n"
    "page.test. 300 IN TXT \"page\"\n"
    HOST("nx") HOST("nodata") HOST("sink") HOST("cname") HOST("lost")
    HOST("refused") HOST("drop") HOST("tcp") HOST("servfail") HOST("pass")
    HOST("log") HOST("warn") HOST("good") HOST("all");
/* clang-format on */

/* What clients get for one name. */
static const struct row {
	const char *name;
	unsigned rcode;
	enum fsk_action action;
	const char *a, *aaaa; /* in the answer section; NULL: none */
	uint32_t ttl;         /* of what we made */
	bool alias, resolved, silent, truncated;
} rows[] = {
	{ .name = "nx.test", NXDOMAIN, FSK_NXDOMAIN, .ttl = 77 },
	{ .name = "nodata.test", NOERROR, FSK_NODATA, .ttl = 60 },
	{ .name = "sink.test",
	    NOERROR,
	    FSK_SINKHOLE,
	    "198.51.100.7",
	    "2001:db8::7",
	    .ttl = 60 },
	{ .name = "cname.test",
	    NOERROR,
	    FSK_CNAME,
	    "192.0.2.80",
	    "2001:db8::80",
	    .ttl = 60,
	    .alias = true },
	{ .name = "lost.test", NOERROR, FSK_CNAME, .ttl = 60, .alias = true },
	{ .name = "refused.test", REFUSED, FSK_REFUSE },
	{ .name = "drop.test", NOERROR, FSK_DROP, .silent = true },
	{ .name = "tcp.test", NOERROR, FSK_TCP_ONLY, .truncated = true },
	{ .name = "servfail.test", SERVFAIL, FSK_SERVFAIL },
	{ .name = "pass.test",
	    NOERROR,
	    FSK_PASSTHRU,
	    "192.0.2.1",
	    "2001:db8::1",
	    .resolved = true },
	{ .name = "log.test",
	    NOERROR,
	    FSK_LOG,
	    "192.0.2.1",
	    "2001:db8::1",
	    .resolved = true },
	{ .name = "warn.test", NOERROR, FSK_WARN, "198.51.100.8", .ttl = 10 },
	{ .name = "good.test",
	    NOERROR,
	    FSK_PASSTHRU,
	    "192.0.2.1",
	    "2001:db8::1",
	    .resolved = true },
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static const uint16_t types[] = { T_A, T_AAAA, T_HTTPS, T_SVCB, T_TXT, T_ANY,
	T_CNAME };
#define TYPES (sizeof(types) / sizeof(*types))
#define WAYS \
	(4 * (unsigned)TYPES) /* each type by UDP and TCP, with EDNS or not */

static void
start(void)
{
	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.ring = "ring",
		.threads = 2,
		.records = records });
	lists_sync(&w, actions);
}

static void
stop(void)
{
	world_stop(&w);
}

/* Whether the answer section has the address TEXT and no other one of TYPE. */
static void
has_address(const char *name, uint16_t type, const char *text)
{
	const struct rr *rr = dns_first(&r, 1, type);
	uint8_t want[16];

	ck_assert_msg(dns_count(&r, 1, type) == (text != NULL),
	    "%s, type %u: %u addresses", name, type, dns_count(&r, 1, type));
	if (text == NULL)
		return;
	ck_assert_int_eq(
	    inet_pton(type == T_A ? AF_INET : AF_INET6, text, want), 1);
	ck_assert_uint_eq(rr->rdlen, type == T_A ? 4 : 16);
	ck_assert_mem_eq(r.wire + rr->rdata, want, rr->rdlen);
}

static void
has_soa(const struct row *row)
{
	const struct rr *soa = dns_first(&r, 2, T_SOA);
	uint8_t want[512], owner[256];
	const size_t len = dns_wire(row->name, owner);
	size_t n = dns_wire("ns.isp.example", want);

	n += dns_wire("abuse.isp.example", want + n);
	ck_assert_ptr_nonnull(soa);
	ck_assert_uint_eq(dns_count(&r, 2, 0), 1);
	ck_assert_uint_eq(soa->ttl, row->ttl);
	ck_assert_uint_eq(soa->owner_len, len);
	ck_assert_mem_eq(soa->owner, owner, len);
	/* Unbound compresses names in it; the serial and the rest are 20. */
	ck_assert_uint_le(soa->rdlen, n + 20);
	ck_assert_mem_eq(r.wire + soa->rdata, want, 3);
	ck_assert_uint_eq(r.wire[soa->rdata + soa->rdlen - 1], row->ttl);
}

/* What we made, or did not touch, is in R. */
static void
is_as(const struct row *row, uint16_t type, bool tcp, bool edns)
{
	const bool truncated = row->truncated && !tcp;
	const bool resolved = row->resolved || (row->truncated && tcp);
	const bool made = row->alias ||
	    (type == T_A && row->a != NULL && !row->truncated) ||
	    (type == T_AAAA && row->aaaa != NULL && !row->truncated);

	ck_assert_msg(r.rcode == row->rcode, "%s, type %u, %s: rcode %u",
	    row->name, type, tcp ? "TCP" : "UDP", r.rcode);
	ck_assert(!(r.flags & (F_AD | F_AA)));
	ck_assert(r.flags & F_RA);
	ck_assert_int_eq(!!(r.flags & F_TC), truncated);
	ck_assert_int_eq(r.edns, edns);
	ck_assert_msg(
	    r.edes == (edns && !resolved), "%s: %u EDEs", row->name, r.edes);
	if (edns && !resolved)
		ck_assert_int_eq(r.ede, EDE_BLOCKED);
	if (resolved) {
		if (type == T_A)
			has_address(row->name, T_A, "192.0.2.1");
		if (type == T_AAAA)
			has_address(row->name, T_AAAA, "2001:db8::1");
		if (type == T_TXT || type == T_HTTPS || type == T_SVCB)
			ck_assert_uint_eq(dns_count(&r, 1, type), 1);
		if (type == T_ANY) /* some of it (RFC 8482) */
			ck_assert_uint_ge(dns_count(&r, 1, 0), 1);
		return;
	}
	ck_assert_uint_eq(dns_count(&r, 1, T_CNAME), row->alias);
	if (type == T_A || type == T_AAAA) {
		has_address(row->name, T_A, type == T_A ? row->a : NULL);
		has_address(
		    row->name, T_AAAA, type == T_AAAA ? row->aaaa : NULL);
	}
	if (row->alias) {
		uint8_t owner[256];
		const size_t len = dns_wire(row->name, owner);

		ck_assert_uint_eq(r.rr[0].type, T_CNAME);
		ck_assert_uint_eq(r.rr[0].ttl, row->ttl);
		ck_assert_uint_eq(r.rr[0].owner_len, len);
		ck_assert_mem_eq(r.rr[0].owner, owner, len);
		if (type == T_HTTPS || type == T_SVCB || type == T_TXT)
			ck_assert_uint_eq(
			    dns_count(&r, 1, type), row->a != NULL);
		if (type == T_CNAME)
			ck_assert_uint_eq(dns_count(&r, 1, 0), 1);
		return;
	}
	if (made) {
		ck_assert_uint_eq(dns_count(&r, 1, 0), 1);
		ck_assert_uint_eq(r.rr[0].ttl, row->ttl);
	} else {
		ck_assert_uint_eq(dns_count(&r, 1, 0), 0);
		if (row->action == FSK_NXDOMAIN || row->action == FSK_NODATA ||
		    row->action == FSK_SINKHOLE || row->action == FSK_WARN)
			has_soa(row);
		else
			ck_assert_uint_eq(dns_count(&r, 2, 0), 0);
	}
}

/* Asks for ROW's name once more, FROM an address (NULL: any); returns whether
 * that counts as blocked. */
static bool
try(const struct row *row, unsigned way, const char *from)
{
	struct ask a = { .name = row->name,
		.qtype = types[way / 4],
		.tcp = way & 1,
		.edns = way & 2,
		.from = from };

	if (row->silent) {
		a.timeout_ms = 40;
		ck_assert(!dns_ask(own_address(), w.port, &a, &r));
	} else {
		ask(&w, &r, a);
		is_as(row, a.qtype, a.tcp, a.edns);
	}
	return row->action != FSK_PASSTHRU &&
	    (row->action != FSK_TCP_ONLY || !a.tcp);
}

/* So many were answered with ACTION, and counted. */
static void
counted(enum fsk_action action, unsigned n)
{
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_ACTION + action), n);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
}

START_TEST(each_action)
{
	const struct row *row = &rows[_i];
	unsigned blocked = 0;
	char name[64];

	for (unsigned i = 0; i < WAYS; i++)
		blocked += try(row, i, NULL);
	/* What is below is as what is above. */
	snprintf(name, sizeof(name), "wWw.%s", row->name);
	if (!row->silent) {
		uint8_t want[256];
		const size_t len = dns_wire(name, want);

		ask(&w, &r, (struct ask){ .name = name });
		blocked += row->action != FSK_PASSTHRU;
		ck_assert_uint_eq(r.rcode, row->rcode);
		ck_assert_uint_eq(r.qname_len, len);
		ck_assert_mem_eq(r.qname, want, len);
		if (dns_count(&r, 1, 0) > 0)
			ck_assert_mem_eq(r.rr[0].owner, want, len);
	}
	ck_assert(
	    !cached(&w, row->name) || strcmp(row->name, "good.test") == 0);
	counted(row->action, blocked);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_EVENTS), blocked);
}
END_TEST

/* ---- the same for a group's clients ---- */

static const char by_group[] =
    "feed \"all\" { url = \"@/all\" action = nxdomain }\n"
    "policy {\n"
    "  sinkhole = \"198.51.100.7,2001:db8::7\"\n"
    "  cname = \"page.test\"\n"
    "  soa-mname = \"ns.isp.example\"\n"
    "  soa-rname = \"abuse.isp.example\"\n"
    "  group \"0\" { prefixes = {\"127.0.1.0\"} action = nxdomain ttl = 77 }\n"
    "  group \"1\" { prefixes = {\"127.0.1.1\"} action = nodata }\n"
    "  group \"2\" { prefixes = {\"127.0.1.2\"} action = sinkhole }\n"
    "  group \"3\" { prefixes = {\"127.0.1.3\"} action = cname }\n"
    "  group \"4\" { prefixes = {\"127.0.1.4\"} action = cname\n"
    "    cname = \"gone.ns.test\" }\n"
    "  group \"5\" { prefixes = {\"127.0.1.5\"} action = refused }\n"
    "  group \"6\" { prefixes = {\"127.0.1.6\"} action = drop }\n"
    "  group \"7\" { prefixes = {\"127.0.1.7\"} action = tcp-only }\n"
    "  group \"8\" { prefixes = {\"127.0.1.8\"} action = servfail }\n"
    "  group \"9\" { prefixes = {\"127.0.1.9\"} action = passthru }\n"
    "  group \"10\" { prefixes = {\"127.0.1.10\"} action = log }\n"
    "  group \"11\" { prefixes = {\"127.0.1.11\"} action = warn\n"
    "    sinkhole = \"198.51.100.8\" }\n"
    "}\n";

START_TEST(each_action_of_a_group)
{
	unsigned blocked[FSK_ACTIONS] = { 0 };

	lists_file(&w, "all", "all.test\n");
	lists_sync(&w, by_group);
	/* The rows follow each other with their clients. */
	for (unsigned i = 0; i < WAYS; i++)
		for (unsigned g = 0; g < ROWS - 1; g++) {
			struct row row = rows[g];
			char from[32];

			row.name = "all.test";
			snprintf(from, sizeof(from), "127.0.1.%u", g);
			blocked[row.action] += try(&row, i, from);
		}
	for (unsigned a = 0; a < FSK_ACTIONS; a++)
		counted((enum fsk_action)a, blocked[a]);
	ck_assert(!cached(&w, "all.test"));
}
END_TEST

/* ---- the same for an alias ---- */

/* A feed for each of these, called as the name; its answer is that of the rule
 * above. */
static const char *const answers[] = { "action = nxdomain ttl = 77",
	"action = nodata", "action = sinkhole", "action = cname",
	"action = cname cname = \"gone.ns.test\"", "action = refused",
	"action = drop", "action = tcp-only", "action = servfail",
	"action = passthru", "action = log",
	"action = warn sinkhole = \"198.51.100.8\" severity = yellow" };

START_TEST(each_action_of_an_alias)
{
	unsigned blocked[FSK_ACTIONS] = { 0 };
	char conf[4096], text[64];
	size_t len = 0;

	for (unsigned i = 0; i < ROWS - 1; i++) {
		const char *name = rows[i].name;

		snprintf(text, sizeof(text), "%s\n", name);
		lists_file(&w, name, text);
		len += (size_t)snprintf(conf + len, sizeof(conf) - len,
		    "feed \"f%u\" { url = \"@/%s\" aliases = yes %s }\n", i,
		    name, answers[i]);
	}
	snprintf(conf + len, sizeof(conf) - len,
	    "policy { sinkhole = \"198.51.100.7,2001:db8::7\"\n"
	    "  cname = \"page.test\" soa-mname = \"ns.isp.example\"\n"
	    "  soa-rname = \"abuse.isp.example\" }\n");
	lists_sync(&w, conf);
	for (unsigned i = 0; i < WAYS; i++)
		for (unsigned n = 0; n < ROWS; n++) {
			struct row row = rows[n];

			snprintf(text, sizeof(text), "to-%s", row.name);
			row.name = text;
			blocked[row.action] += try(&row, i, NULL);
		}
	for (unsigned a = 0; a < FSK_ACTIONS; a++)
		counted((enum fsk_action)a, blocked[a]);
	ck_assert(!cached(&w, "to-nx.test"));
	ck_assert(cached(&w, "to-good.test"));
}
END_TEST

/* ---- what decides ---- */

/* Each level has an address of its own; the TTL comes from the policy, but for
 * the rule. */
static const char levels[] =
    "feed \"plain\" { url = \"@/plain\" category = other severity = yellow }\n"
    "feed \"red\" { url = \"@/red\" category = other }\n"
    "feed \"fish\" { url = \"@/fish\" category = phishing }\n"
    "feed \"own\" { url = \"@/own\" category = phishing\n"
    "  sinkhole = \"192.0.2.204\" }\n"
    "feed \"mixed\" { url = \"@/mixed\" category = other severity = yellow\n"
    "  sinkhole = \"192.0.2.210\" }\n"
    "allow \"good\" { url = \"@/good\" }\n"
    "policy {\n"
    "  action = sinkhole sinkhole = \"192.0.2.201\" ttl = 11\n"
    "  grade \"red\" { sinkhole = \"192.0.2.202\" }\n"
    "  category \"phishing\" { sinkhole = \"192.0.2.203\" }\n"
    "  group \"g\" { prefixes = {\"127.0.0.2\"} sinkhole = \"192.0.2.205\"\n"
    "    grade \"red\" { sinkhole = \"192.0.2.206\" }\n"
    "    category \"phishing\" { sinkhole = \"192.0.2.207\" }\n"
    "    feed \"own\" { sinkhole = \"192.0.2.208\" } }\n"
    "  rule \"r\" { names = {\"rule.test\", \"=exact.test\"} ttl = 12\n"
    "    sinkhole = \"192.0.2.209\" }\n"
    "  rule \"q\" { names = {\"quiet.test\"} }\n"
    "}\n";

static const struct level {
	const char *name, *client;
	unsigned last; /* octet of the address; 1: it is resolved */
	uint32_t ttl;
} level[] = {
	{ "plain.test", "127.0.0.1", 201, 11 },
	{ "red.test", "127.0.0.1", 202, 11 },
	{ "fish.test", "127.0.0.1", 203, 11 },
	{ "own.test", "127.0.0.1", 204, 11 },
	{ "plain.test", "127.0.0.2", 205, 11 },
	{ "red.test", "127.0.0.2", 206, 11 },
	{ "fish.test", "127.0.0.2", 207, 11 },
	{ "own.test", "127.0.0.2", 208, 11 },
	{ "rule.test", "127.0.0.1", 209, 12 },
	{ "x.rule.test", "127.0.0.2", 209, 12 },
	{ "exact.test", "127.0.0.1", 209, 12 },
	{ "x.exact.test", "127.0.0.1", 1, 300 },
	/* A rule that says no address takes the group's, then the grade's. */
	{ "quiet.test", "127.0.0.2", 206, 11 },
	{ "quiet.test", "127.0.0.1", 202, 11 },
	/* Of two feeds the one with the higher severity. */
	{ "both.test", "127.0.0.1", 204, 11 },
	{ "both.test", "127.0.0.2", 208, 11 },
	{ "mixed.test", "127.0.0.1", 210, 11 },
	/* The most exact entry, whatever its level; allow before block. */
	{ "deep.plain.test", "127.0.0.1", 202, 11 },
	{ "www.deep.plain.test", "127.0.0.1", 202, 11 },
	{ "good.red.test", "127.0.0.1", 1, 300 },
	{ "good.red.test", "127.0.0.2", 1, 300 },
	{ "bad.good.red.test", "127.0.0.1", 201, 11 },
	{ "good.rule.test", "127.0.0.1", 1, 300 },
	{ "other.test", "127.0.0.2", 1, 300 },
};
#define LEVELS (sizeof(level) / sizeof(*level))

START_TEST(the_most_exact_level_decides)
{
	world_start(&w,
	    &(struct world_options){
		.list = "other.example", .ring = "ring", .threads = 2 });
	lists_file(&w, "plain", "plain.test\nbad.good.red.test\nboth.test\n");
	lists_file(&w, "red", "red.test\ndeep.plain.test\n");
	lists_file(&w, "fish", "fish.test\n");
	lists_file(&w, "own", "own.test\nboth.test\nrule.test\n");
	lists_file(&w, "mixed", "mixed.test\nboth.test\n");
	lists_file(&w, "good", "good.red.test\ngood.rule.test\n");
	lists_sync(&w, levels);
	for (unsigned i = 0; i < 4 * LEVELS; i++) {
		const struct level *l = &level[i % LEVELS];
		const uint8_t want[] = { 192, 0, 2, (uint8_t)l->last };
		const struct rr *a;

		ask(&w, &r,
		    (struct ask){ .name = l->name,
			.from = l->client,
			.tcp = i / LEVELS & 1 });
		a = dns_first(&r, 1, T_A);
		ck_assert_ptr_nonnull(a);
		ck_assert_msg(memcmp(r.wire + a->rdata, want, 4) == 0,
		    "%s for %s: %u, not %u", l->name, l->client,
		    r.wire[a->rdata + 3], l->last);
		if (l->last != 1)
			ck_assert_uint_eq(a->ttl, l->ttl);
	}
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	world_stop(&w);
}
END_TEST

START_TEST(types_limit_a_rule)
{
	static const struct {
		uint16_t type;
		bool blocked;
	} rows_of_types[] = { { T_A, true }, { T_HTTPS, true },
		{ T_AAAA, false }, { T_TXT, false }, { T_ANY, false },
		{ 65280, true }, { T_A, true }, { T_TXT, false } };

	lists_sync(&w,
	    "policy { rule \"t\" { names = {\"t.test\"} action = refused\n"
	    "  types = {\"A\", \"https\", \"TYPE65280\"} } }\n");
	for (unsigned i = 0; i < 2 * 8; i++) {
		ask(&w, &r,
		    (struct ask){ .name = "www.t.test",
			.qtype = rows_of_types[i / 2].type,
			.tcp = i & 1 });
		ck_assert_msg(r.rcode ==
			(rows_of_types[i / 2].blocked ? REFUSED + 0u
						      : NOERROR + 0u),
		    "type %u: %u", rows_of_types[i / 2].type, r.rcode);
	}
	ck_assert(!cached(&w, "www.t.test"));
}
END_TEST

/* ---- what clients are told ---- */

#define E   "\303\251" /* a character of two octets */
#define E16 E E E E E E E E E E E E E E E E
#define E32 E16 E16

static const char told[] =
    "feed \"alpha\" { url = \"@/alpha\" category = phishing case = \"F-7\"\n"
    "  authority = \"CERT\" legal-basis = \"Art. 42\"\n"
    "  contact = \"mailto:cert@isp.example\"\n"
    "  ede = censored\n"
    "  ede-text = \"{feed}|{category}|{case}|{contact}|{authority}|"
    "{legal-basis}|{none}|{\" }\n"
    "policy {\n"
    "  organisation = \"The \\\"ISP\\\"\" incidents = \"lumen\"\n"
    "  contact = \"https://isp.example/x tel:+1\"\n"
    "  rule \"forged\" { names = {\"forged.test\"} action = sinkhole\n"
    "    sinkhole = \"192.0.2.7\" ede = forged ede-text = \"\" }\n"
    "  rule \"filtered\" { names = {\"filtered.test\"} ede = filtered\n"
    "    case = \"2026/1\" category = malware }\n"
    "  rule \"none\" { names = {\"none.test\"} ede = none }\n"
    "  rule \"long\" { names = {\"long.test\"} ede-text = \"" E32 E32 E32 E16
    "{category}{category}{category}\" category = \"" E E E E E E E E E E "\" "
    "}\n"
    "}\n";

static const struct {
	const char *name;
	int ede; /* -1: none */
	const char *text;
	int json_ede;
	const char *json; /* NULL: as the text */
} words[] = {
	{ "alpha.test", EDE_CENSORED,
	    "alpha|phishing|F-7|mailto:cert@isp.example|CERT|Art. 42|{none}|{",
	    EDE_CENSORED,
	    "{\"c\":[\"mailto:cert@isp.example\"],\"j\":\"alpha|phishing|F-7|"
	    "mailto:cert@isp.example|CERT|Art. 42|{none}|{\",\"s\":2,"
	    "\"o\":\"The \\\"ISP\\\"\","
	    "\"fdbs\":[{\"db\":\"lumen\",\"id\":\"F-7\"}]}" },
	{ "forged.test", EDE_FORGED, "listed: order", EDE_BLOCKED,
	    "{\"c\":[\"https://isp.example/x\",\"tel:+1\"],"
	    "\"j\":\"listed: order\",\"s\":6,\"o\":\"The \\\"ISP\\\"\"}" },
	{ "filtered.test", EDE_FILTERED, "listed: malware", EDE_FILTERED,
	    "{\"c\":[\"https://isp.example/x\",\"tel:+1\"],"
	    "\"j\":\"listed: malware\",\"s\":1,\"o\":\"The \\\"ISP\\\"\","
	    "\"fdbs\":[{\"db\":\"lumen\",\"id\":\"2026/1\"}]}" },
	{ "none.test", -1, "", -1, NULL },
	{ "good.test", -1, "", -1, NULL },
};
#define WORDS (sizeof(words) / sizeof(*words))

/* Options of clients; the first two ask for JSON. */
static const struct {
	const uint8_t *octets;
	size_t len;
	bool json;
} options[] = {
	{ (const uint8_t *)"\0\17\0\2\0\0", 6, true },
	{ (const uint8_t *)"\0\32\0\0", 4, true },
	{ (const uint8_t *)"\0\12\0\10abcdefgh\0\32\0\0", 16, true },
	{ (const uint8_t *)"", 0, false },
	{ (const uint8_t *)"\0\3\0\0", 4, false },
	{ (const uint8_t *)"\xfd\xe9\0\2\0\0", 6, false },
};

START_TEST(clients_are_told_why)
{
	char log[192];

	lists_file(&w, "alpha", "alpha.test\n");
	lists_sync(&w, told);
	for (size_t i = 0; i < WORDS; i++)
		for (size_t o = 0; o < sizeof(options) / sizeof(*options);
		     o++) {
			const bool json = options[o].json;

			ask(&w, &r,
			    (struct ask){ .name = words[i].name,
				.edns = true,
				.tcp = o & 1,
				.options = options[o].octets,
				.options_len = options[o].len });
			ck_assert_msg(
			    r.ede == (json ? words[i].json_ede : words[i].ede),
			    "%s: EDE %d", words[i].name, r.ede);
			ck_assert_uint_eq(r.edes, words[i].ede != -1);
			ck_assert_str_eq(r.ede_text,
			    json && words[i].json != NULL ? words[i].json
							  : words[i].text);
			ck_assert(!(r.flags & F_AD));
		}
	/* A long text is cut between characters. */
	ask(&w, &r, (struct ask){ .name = "long.test", .edns = true });
	ck_assert_uint_ge(strlen(r.ede_text), 250);
	ck_assert_uint_le(strlen(r.ede_text), 256);
	ck_assert_int_eq(r.ede_text[strlen(r.ede_text) - 1], (char)0xa9);
	/* The case is told to who looks it up. */
	snprintf(log, sizeof(log), "%s/lookup", w.folder);
	proc_run(log,
	    (const char *const[]){ getenv("FRAUDSINK_TEST_FEEDS"), "lookup",
		"-d", w.db, "alpha.test", "filtered.test", NULL },
	    0);
	ck_assert_uint_eq(occurrences(log, "F-7"), 1);
	ck_assert_uint_eq(occurrences(log, "2026/1"), 1);
	ck_assert_uint_ge(occurrences(log, "CERT"), 1);
}
END_TEST

START_TEST(events_tell_the_case)
{
	static const char *const names[][2] = { { "alpha.test", "F-7" },
		{ "filtered.test", "2026/1" }, { "none.test", "" } };
	struct fsk_event e[3];

	lists_file(&w, "alpha", "alpha.test\n");
	lists_sync(&w, told);
	for (size_t i = 0; i < 3; i++)
		ask(&w, &r, (struct ask){ .name = names[i][0] });
	ck_assert_uint_eq(lists_events(&w, e, 3), 3);
	/* Of several workers, so in any order. */
	for (size_t i = 0; i < 3; i++) {
		char name[FSK_TEXT_MAX];
		size_t at = 0;

		fsk_name_to_text(e[i].qname, name);
		while (at < 3 && strcmp(names[at][0], name) != 0)
			at++;
		ck_assert_uint_lt(at, 3);
		ck_assert_str_eq(e[i].case_number, names[at][1]);
	}
}
END_TEST

/* Structured errors need somebody to ask: the feed's contact is enough. */
START_TEST(a_feed_has_a_contact_of_its_own)
{
	static const struct {
		const char *name, *text;
	} row[] = {
		{ "alpha.test",
		    "{\"c\":[\"tel:+7\"],\"j\":\"tel:+7\",\"s\":6}" },
		{ "nobody.test", "" },
	};

	lists_file(&w, "alpha", "alpha.test\n");
	lists_sync(&w,
	    "feed \"alpha\" { url = \"@/alpha\" contact = \"tel:+7\" }\n"
	    "policy { ede-text = \"{contact}\"\n"
	    "  rule \"nobody\" { names = {\"nobody.test\"} } }\n");
	for (size_t i = 0; i < 2; i++) {
		ask(&w, &r,
		    (struct ask){ .name = row[i].name,
			.edns = true,
			.options = options[1].octets,
			.options_len = options[1].len });
		ck_assert_int_eq(r.ede, EDE_BLOCKED);
		ck_assert_str_eq(r.ede_text, row[i].text);
	}
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/actions");
	TCase *tc = tcase_create("actions");

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_loop_test(tc, each_action, 0, (int)ROWS);
	tcase_add_test(tc, each_action_of_a_group);
	tcase_add_test(tc, each_action_of_an_alias);
	tcase_add_test(tc, types_limit_a_rule);
	tcase_add_test(tc, clients_are_told_why);
	tcase_add_test(tc, events_tell_the_case);
	tcase_add_test(tc, a_feed_has_a_contact_of_its_own);
	suite_add_tcase(s, tc);
	tc = tcase_create("levels");
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, the_most_exact_level_decides);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
