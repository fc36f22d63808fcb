/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_rpz.c, rpz_owner.c, zone.c: zones are names and exceptions */
#include <check.h>
#include <string.h>

#include "feeds/parse.h"
#include "tests/feeds/rows.h"

static void *
open_state(void)
{
	static const struct parse_options none;
	const char *why;
	void *state = parse_rpz.open(&none, &why);

	ck_assert_ptr_nonnull(state);
	return state;
}

/* ---- one record ---- */

static const struct row rows[] = {
	/* Whatever the answer would be, the name is listed. */
	{ "a.example CNAME .", PARSE_NAMES, "=a.example " },
	{ "*.a.example CNAME .", PARSE_NAMES, "*.a.example " },
	{ "a.example CNAME *.", PARSE_NAMES, "=a.example " },
	{ "a.example CNAME rpz-drop.", PARSE_NAMES, "=a.example " },
	{ "a.example CNAME rpz-tcp-only.", PARSE_NAMES, "=a.example " },
	{ "*.a.example CNAME garden.b.example.", PARSE_NAMES, "*.a.example " },
	{ "a.example CNAME *.garden.b.example.", PARSE_NAMES, "=a.example " },
	{ "a.example A 192.168.2.5", PARSE_NAMES, "=a.example " },
	{ "*.a.example AAAA 2001:db8::1", PARSE_NAMES, "*.a.example " },
	{ "a.example TXT \"why; ( not\" \"\"", PARSE_NAMES, "=a.example " },
	{ "a.example TYPE65 \\# 3 000100", PARSE_NAMES, "=a.example " },
	{ "1.2.0.192.in-addr.arpa PTR a.example.", PARSE_NAMES,
	    "=1.2.0.192.in-addr.arpa " },

	/* Exceptions, the old form among them. */
	{ "a.example CNAME rpz-passthru.", PARSE_NAMES, "@@=a.example " },
	{ "*.a.example CNAME RPZ-PassThru.", PARSE_NAMES, "@@*.a.example " },
	{ "a.example CNAME a.example.", PARSE_NAMES, "@@=a.example " },
	{ "A.example CNAME a.EXAMPLE", PARSE_NAMES, "@@=a.example " },
	{ "*.a.example CNAME *.a.example.", PARSE_NAMES, "@@*.a.example " },
	{ "*.a.example CNAME a.example.", PARSE_NAMES, "*.a.example " },
	{ "a.example CNAME rpz-passthru", PARSE_BAD,
	    "!'rpz-passthru' without its dot is no action" },

	/* TTL and class, in any order and case. */
	{ "a.example 3600 IN CNAME .", PARSE_NAMES, "=a.example " },
	{ "a.example in 1h30M cname .", PARSE_NAMES, "=a.example " },
	{ "a.example\tIN\tA\t192.0.2.1", PARSE_NAMES, "=a.example " },
	{ "a.example 2w CNAME .", PARSE_NAMES, "=a.example " },
	{ "a.example HS CNAME .", PARSE_NAMES, "=a.example " },
	{ "a.example 1h30 CNAME .", PARSE_NAMES, "=a.example " },
	{ "a.example 1hh CNAME .", PARSE_BAD,
	    "!no record of a type that is known" },

	/* Comments. */
	{ "", PARSE_NOTHING, "" },
	{ " \t ", PARSE_NOTHING, "" },
	{ "; a.example CNAME .", PARSE_NOTHING, "" },
	{ "  ; a.example CNAME .", PARSE_NOTHING, "" },
	{ ";", PARSE_NOTHING, "" },
	{ "a.example CNAME .;why", PARSE_NAMES, "=a.example " },
	{ "a.example CNAME . ; (why", PARSE_NAMES, "=a.example " },
	{ "a.example ;CNAME .", PARSE_BAD, "!no record" },
	{ "# a.example CNAME .", PARSE_BAD, "" },

	/* Names. */
	{ "A.Example CNAME .", PARSE_NAMES, "=a.example " },
	{ "a.example. CNAME .", PARSE_NAMES, "=a.example " },
	{ "a_b.example CNAME .", PARSE_NAMES, "=a_b.example " },
	{ "-a-.example CNAME .", PARSE_NAMES, "=-a-.example " },
	{ "b\303\274cher.example CNAME .", PARSE_NAMES,
	    "=xn--bcher-kva.example " },
	{ "a\\.b.example CNAME .", PARSE_NAMES, "=a\\046b.example " },
	{ "a\\046b.example CNAME .", PARSE_NAMES, "=a\\046b.example " },
	{ "a\\032\\(\\;\\\"\\ b.example CNAME .", PARSE_NAMES,
	    "=a\\032\\040\\059\\034\\032b.example " },
	{ "\\097.example\\.x. CNAME .", PARSE_NAMES, "=a.example\\046x " },
	{ "a.example\\. CNAME .", PARSE_NAMES, "=a.example\\046 " },
	{ "a.example\\\\. CNAME .", PARSE_NAMES, "=a.example\\092 " },
	{ "a\\25.example CNAME .", PARSE_BAD, "!bad escape" },
	{ "a.example\\", PARSE_BAD, "" },
	{ "io CNAME .", PARSE_NAMES, "=io " },
	{ "*.io CNAME .", PARSE_NAMES, "*.io " },
	{ "* CNAME .", PARSE_SKIPPED, "!a policy for all names" },
	{ "*. CNAME .", PARSE_SKIPPED, "!a policy for all names" },
	{ ". CNAME .", PARSE_BAD, "!the root" },
	{ "vg.no.* CNAME .", PARSE_SKIPPED, "!a pattern" },
	{ "vg.no.*. CNAME .", PARSE_SKIPPED, "!a pattern" },
	{ "a.*.no CNAME rpz-passthru.", PARSE_SKIPPED, "!a pattern" },
	{ "*.*.a.example CNAME .", PARSE_SKIPPED, "!a pattern" },
	{ "*a.example CNAME .", PARSE_SKIPPED, "!a pattern" },
	{ "a..example CNAME .", PARSE_BAD, "!empty label" },
	{ "a.example.. CNAME .", PARSE_BAD, "!empty label" },
	{ "a,b.example CNAME .", PARSE_BAD, "!a character that no name has" },
	{ "http://a.example/ CNAME .", PARSE_BAD,
	    "!an address, a path or a URL, not a name" },
	{ "!*.cas.ms", PARSE_BAD, "" },
	{ "a.example CNAME b..example.", PARSE_BAD, "!empty label" },

	/* Addresses as names, and triggers that are not the name. */
	{ "192.0.2.1 CNAME .", PARSE_SKIPPED, "!an address" },
	{ "192.0.2.1. CNAME .", PARSE_SKIPPED, "!an address" },
	{ "*.192.0.2.1 CNAME .", PARSE_SKIPPED, "!an address" },
	{ "104.160.10.0/24 CNAME .", PARSE_SKIPPED, "!a network" },
	{ "2001:67c:21e0::ad CNAME .", PARSE_SKIPPED, "!an address" },
	{ "32.2.0.0.10.rpz-ip CNAME .", PARSE_SKIPPED,
	    "!a trigger on addresses" },
	{ "128.1.zz.db8.2001.rpz-ip A 192.0.2.1", PARSE_SKIPPED,
	    "!a trigger on addresses" },
	{ "24.0.0.0.127.rpz-client-ip CNAME rpz-drop.", PARSE_SKIPPED,
	    "!a trigger on clients" },
	{ "32.1.0.0.10.RPZ-NSIP CNAME rpz-passthru.", PARSE_SKIPPED,
	    "!a trigger on addresses" },
	{ "ns.a.example.rpz-nsdname CNAME .", PARSE_SKIPPED,
	    "!a trigger on name servers" },
	{ "*.a.example.rpz-nsdname CNAME .", PARSE_SKIPPED,
	    "!a trigger on name servers" },
	{ "rpz-ip.example CNAME .", PARSE_NAMES, "=rpz-ip.example " },

	/* What makes it a zone. */
	{ "@ SOA a b 1 2 3 4 5", PARSE_NOTHING, "" },
	{ "@ 3600 IN SOA localhost. root.localhost. ( 1 12h 15m 3w 2h )",
	    PARSE_NOTHING, "" },
	{ "@ NS localhost.", PARSE_NOTHING, "" },
	{ "@ A 127.0.0.1", PARSE_NOTHING, "" },
	{ "@ CNAME .", PARSE_NOTHING, "" },
	{ "a.example RRSIG CNAME 8 2 300 2026 2025 1 rpz. AAAA=", PARSE_NOTHING,
	    "" },
	{ "@ DNSKEY 256 3 8 AAAA", PARSE_NOTHING, "" },
	{ "@ ZONEMD 1 1 1 AAAA", PARSE_NOTHING, "" },
	{ "a.example NS ns.b.example.", PARSE_SKIPPED,
	    "!NS and DNAME are no policy" },
	{ "a.example DNAME b.example.", PARSE_SKIPPED,
	    "!NS and DNAME are no policy" },
	{ "$TTL 1h", PARSE_NOTHING, "" },
	{ "$TTL 2h;", PARSE_NOTHING, "" },
	{ "$ttl 300 ; short", PARSE_NOTHING, "" },
	{ "$ORIGIN rpz.example.", PARSE_NOTHING, "" },
	{ "$ORIGIN .", PARSE_NOTHING, "" },
	{ "$TTL soon", PARSE_BAD, "!a TTL that is none" },
	{ "$TTL", PARSE_BAD, "!a directive without value" },
	{ "$ORIGIN a..b.", PARSE_BAD, "!empty label" },
	{ "$ORIGIN *.a.example.", PARSE_BAD, "!a pattern" },
	{ "$ORIGIN 192.0.2.1", PARSE_BAD, "!an address" },
	{ "$INCLUDE /etc/passwd", PARSE_BAD,
	    "!$INCLUDE and $GENERATE are not followed" },
	{ "$include", PARSE_BAD, "!$INCLUDE and $GENERATE are not followed" },
	{ "$GENERATE 1-9 a$ CNAME .", PARSE_BAD,
	    "!$INCLUDE and $GENERATE are not followed" },
	{ "$UNKNOWN x", PARSE_BAD, "!a directive that is unknown" },
	{ "$", PARSE_BAD, "!a directive without value" },
	{ "$(", PARSE_BAD, "!a directive without value" },

	/* No record. */
	{ "a.example", PARSE_BAD, "!no record" },
	{ "a.example CNAME", PARSE_BAD,
	    "!a record with too little or too much data" },
	{ "a.example CNAME . .", PARSE_BAD,
	    "!a record with too little or too much data" },
	{ "a.example b.example", PARSE_BAD,
	    "!no record of a type that is known" },
	{ "a.example \"CNAME\" .", PARSE_BAD,
	    "!no record of a type that is known" },
	{ "a.example TYPE .", PARSE_BAD, "!no record of a type that is known" },
	{ "a.example TYPE6x .", PARSE_BAD,
	    "!no record of a type that is known" },
	{ "\"a.example\" CNAME .", PARSE_BAD, "" },
	{ " CNAME .", PARSE_BAD, "!a record without owner" },
	{ "0.0.0.0 a.example", PARSE_BAD,
	    "!no record of a type that is known" },
	{ "a.example CNAME .)", PARSE_BAD, "!a parenthesis too many" },
	{ "a.example ((CNAME .))", PARSE_BAD, "!a parenthesis too many" },
	{ "a.example TXT \"open", PARSE_BAD, "!a quoted string without end" },
	{ "a.example TXT \"open\\\"", PARSE_BAD,
	    "!a quoted string without end" },
};

START_TEST(a_line_is_a_record)
{
	void *state = open_state();

	rows_check(&parse_rpz, state, &rows[_i]);
	parse_rpz.close(state);
}
END_TEST

/* What it gives to who takes addresses. */
static const struct row prefixes[] = {
	{ "32.2.0.0.10.rpz-ip CNAME .", PARSE_NAMES, "url:ip:10.0.0.2/32 " },
	{ "24.0.2.0.192.rpz-ip A 192.0.2.1", PARSE_NAMES,
	    "url:ip:192.0.2.0/24 " },
	{ "128.1.zz.db8.2001.rpz-ip CNAME .", PARSE_NAMES,
	    "url:ip:2001:db8::1/128 " },
	{ "48.zz.101.db8.2001.RPZ-NSIP CNAME *.", PARSE_NAMES,
	    "url:nsip:2001:db8:101::/48 " },
	{ "128.1.zz.rpz-ip CNAME .", PARSE_NAMES, "url:ip:::1/128 " },
	{ "0.zz.rpz-ip CNAME .", PARSE_NAMES, "url:ip:::/0 " },
	{ "64.zz.3.2.1.rpz-ip CNAME .", PARSE_NAMES, "url:ip:1:2:3::/64 " },
	{ "128.8.7.6.5.4.3.2.1.rpz-ip CNAME .", PARSE_NAMES,
	    "url:ip:1:2:3:4:5:6:7:8/128 " },
	{ "32.1.0.0.10.rpz-ip CNAME rpz-passthru.", PARSE_SKIPPED,
	    "!an exception for addresses" },
	{ "24.1.2.0.192.rpz-ip CNAME .", PARSE_BAD,
	    "!bits are set behind the prefix" },
	{ "33.1.2.0.192.rpz-ip CNAME .", PARSE_BAD, "!no length after '/'" },
	{ "1234.1.2.0.192.rpz-ip CNAME .", PARSE_BAD, "!no address" },
	{ "24.2.0.192.rpz-ip CNAME .", PARSE_BAD, "!no address" },
	{ "24.0.300.0.192.rpz-ip CNAME .", PARSE_BAD, "!no address" },
	{ "64.zz.1.zz.1.rpz-ip CNAME .", PARSE_BAD, "!no address" },
	{ "64.zz.12345.rpz-ip CNAME .", PARSE_BAD, "!no address" },
	{ "32.rpz-ip CNAME .", PARSE_BAD, "!no address" },
	{ "*.24.0.2.0.192.rpz-ip CNAME .", PARSE_BAD, "!no address" },
	{ "24.0.0.0.127.rpz-client-ip CNAME .", PARSE_SKIPPED,
	    "!a trigger on clients" },
};

START_TEST(addresses_are_for_who_takes_them)
{
	const struct row *row = &prefixes[_i];
	const char *why = strchr(row->gives, '!');
	void *state = open_state();
	struct rows_sink s;

	rows_begin(&s);
	s.sink.addresses = true;
	ck_assert_int_eq(
	    rows_line(&s, &parse_rpz, state, row->line, strlen(row->line)),
	    row->result);
	ck_assert_str_eq(why != NULL ? s.sink.why : s.text,
	    why != NULL ? why + 1 : row->gives);
	parse_rpz.close(state);
}
END_TEST

START_TEST(a_nul_is_no_end)
{
	static const struct row in_name = { "a\0.example CNAME .", PARSE_BAD,
		"!a character that no name has" };
	void *state = open_state();

	rows_check_octets(&parse_rpz, state, &in_name, 18);
	parse_rpz.close(state);
}
END_TEST

/* ---- several lines ---- */

/* Parses the lines of TEXT; RESULTS gets a letter for each and one for what
 * the end says. */
static void
parse_zone(struct rows_sink *s, const char *text, char *results)
{
	static const char letters[] = {
		[PARSE_NAMES] = 'n',
		[PARSE_NOTHING] = '-',
		[PARSE_SKIPPED] = 's',
		[PARSE_BAD] = 'b',
	};
	size_t len = strlen(text), line_len;
	void *state = open_state();
	const char *line;

	rows_begin(s);
	while (parse_line(&text, &len, &line, &line_len)) {
		enum parse_result result = rows_line(
		    s, &parse_rpz, state, line, line_len);

		if (result == PARSE_BAD || result == PARSE_SKIPPED)
			ck_assert_ptr_nonnull(s->sink.why);
		*results++ = letters[result];
	}
	*results++ = letters[parse_rpz.end(&s->sink, state)];
	*results = '\0';
	parse_rpz.close(state);
}

static const struct {
	const char *text, *results, *gives;
} zones[] = {
	{ "", "-", "" },

	/* The owner before. */
	{ "@ SOA a b 1 2 3 4 5\n NS localhost.\n\tA 127.0.0.1\n", "----", "" },
	{ "a.example A 192.0.2.1\n AAAA ::\n\n TXT x\nb.example A 192.0.2.1\n",
	    "nn-nn-", "=a.example =b.example " },
	{ "a.example A 192.0.2.1\na.EXAMPLE AAAA ::\n*.a.example CNAME .\n"
	  "a.example A 192.0.2.2\n",
	    "nnnn-", "=a.example *.a.example =a.example " },
	{ "a.example CNAME .\n CNAME rpz-passthru.\n", "nn-",
	    "=a.example @@=a.example " },
	{ "a..b CNAME .\n CNAME .\n", "bb-", "" },
	{ "1.2.3.4 CNAME .\n CNAME .\n", "ss-", "" },
	{ "a.example CNAME .\n$TTL 5\n; x\n TXT x\n", "n--n-", "=a.example " },

	/* Parentheses. */
	{ "@ IN SOA localhost. root.localhost. (\n  2026032522 ; serial\n"
	  "  1h ; refresh\n  15m\n  30d\n  1h ) ; minimum\n@ NS localhost.\n"
	  "a.example CNAME .\n",
	    "-------n-", "=a.example " },
	{ "a.example (\n CNAME\n\n; (\n . )\nb.example CNAME .\n", "----nn-",
	    "=a.example =b.example " },
	{ "a.example TXT ( \"(\" \")\"\n )\n", "-n-", "=a.example " },
	{ "a.example TXT (x\n$INCLUDE y )\n", "-n-", "=a.example " },
	{ "(a.example CNAME\n.)\n", "-n-", "=a.example " },
	{ "a.example (\n CNAME .\n", "--b", "" },
	{ "a.example (\n (CNAME .)\nb.example CNAME .\n", "-bn-",
	    "=b.example " },
	{ "a..example (\n CNAME .\n)\nb.example CNAME .\n", "--bn-",
	    "=b.example " },

	/* The zone's name: from $ORIGIN ... */
	{ "$ORIGIN rpz.example.\n@ SOA a b 1 2 3 4 5\na.example CNAME .\n"
	  "b.example.rpz.example. CNAME .\n*.c.example.RPZ.example. CNAME .\n"
	  "rpz.example. A 192.0.2.1\nxrpz.example. CNAME .\n",
	    "--nnn-n-", "=a.example =b.example *.c.example =xrpz.example " },
	/* ... from the SOA record ... */
	{ "rpz.example. 60 IN SOA a b 1 2 3 4 5\n NS ns.rpz.example.\n"
	  "a.example CNAME .\nb.example.rpz.example. CNAME .\n"
	  "*.rpz.example. CNAME .\nc.example. CNAME .\n"
	  "32.1.2.0.192.rpz-ip.rpz.example. CNAME .\n"
	  "1.2.3.4.rpz.example. CNAME .\n",
	    "--nnsnss-", "=a.example =b.example =c.example " },
	{ "$ORIGIN testdomain.\n$TTL 30\ntestdomain. SOA a b 1 2 3 4 5\n"
	  "\tNS a.testdomain.\nx A 192.0.2.1\n"
	  "testdomain.y.testdomain. A 192.0.2.1\n",
	    "----nn-", "=x =testdomain.y " },
	/* ... as BIND writes zones ... */
	{ "$ORIGIN .\n$TTL 300\nrpz.example IN SOA a. b. (\n 1 2 3 4 5 )\n"
	  "\tNS localhost.\n$ORIGIN example.rpz.example.\n$TTL 60\n"
	  "a CNAME .\n$ORIGIN a.example.rpz.example.\n* CNAME .\n"
	  "$ORIGIN rpz.example.\nb.example CNAME .\n* CNAME .\n"
	  "$ORIGIN deep\nc CNAME .\n",
	    "-------n-n-ns-n-", "=a.example *.a.example =b.example =c.deep " },
	/* ... and from nowhere. */
	{ "@ IN SOA localhost. root.localhost. 1 2 3 4 5\n@ IN NS localhost.\n"
	  "tiktok.com.rpz. CNAME .\n*.tiktok.com.rpz. CNAME .\n"
	  "x.rpz. CNAME .\nb.example CNAME .\nc.example. CNAME .\n",
	    "--nnnnn-", "=tiktok.com *.tiktok.com =x =b.example =c.example " },
	{ "*.io.rpz. CNAME .\na.io.rpz. CNAME .\n", "nn-", "*.io =a.io " },
	{ "a.b.rpz1.example. CNAME .\nc.d.rpz1.example. CNAME .\n", "nn-",
	    "=a.b =c.d " },
	{ "32.1.2.0.192.rpz-ip.block. CNAME .\na.example.block. CNAME .\n",
	    "sn-", "=a.example " },
	{ "www.rpz.example. CNAME .\nb.example. CNAME .\n", "nn-",
	    "=www.rpz.example =b.example " },
	{ "a.example. CNAME .\nb.c.rpz.example. CNAME .\n", "nn-",
	    "=a.example =b.c.rpz.example " },

	/* The addresses of its servers. */
	{ "@ SOA dummy-ns hostmaster 1 2 3 4 5\n@ NS dummy-ns\n"
	  "dummy-ns A 0.0.0.0\ndummy-ns AAAA ::\nother-ns A 0.0.0.0\n"
	  "dummy-ns CNAME .\n*.dummy-ns A 0.0.0.0\n",
	    "----nnn-", "=other-ns =dummy-ns *.dummy-ns " },
	{ "@ 3600 IN SOA blocked blocked 1 60 60 60 60\n@ 3600 IN NS blocked\n"
	  "blocked IN A 0.0.0.0\n",
	    "----", "" },
	{ "rpz. IN SOA ns.rpz. a.rpz. 1 2 3 4 5\nns.rpz. A 192.0.2.1\n"
	  "ns.example.rpz. A 192.0.2.1\n",
	    "--n-", "=ns.example " },
	/* A delegation makes nobody a server of the zone. */
	{ "a.example NS b.example\nb.example A 192.0.2.1\n", "sn-",
	    "=b.example " },

	/* A second SOA record changes nothing, as at a transfer's end. */
	{ "rpz. SOA a. b. 1 2 3 4 5\na.example.rpz. CNAME .\n"
	  "rpz. SOA a. b. 1 2 3 4 5\nexample. SOA a. b. 1 2 3 4 5\n"
	  "c.example.rpz. CNAME .\n",
	    "-n--n-", "=a.example =c.example " },
};

START_TEST(lines_make_a_zone)
{
	struct rows_sink s;
	char results[64];

	parse_zone(&s, zones[_i].text, results);
	ck_assert_str_eq(results, zones[_i].results);
	ck_assert_str_eq(s.text, zones[_i].gives);
}
END_TEST

START_TEST(an_open_parenthesis_swallows_a_hundred_lines_only)
{
	char text[4096] = "a.example TXT (\n", results[256], want[256] = "";
	struct rows_sink s;

	for (unsigned i = 0; i < 120; i++)
		strcat(text, "b.example CNAME .\n");
	memset(want, '-', 99);
	want[99] = 'b';
	memset(want + 100, 'n', 21);
	strcpy(want + 121, "-");
	parse_zone(&s, text, results);
	ck_assert_str_eq(results, want);
	ck_assert_str_eq(s.text, "=b.example ");
}
END_TEST

START_TEST(a_name_grows_no_longer_than_names_are)
{
	static const char label[] = "a23456789b123456789c123456789d123456789e1"
				    "23456789f123456789.";
	char text[2048] = "$ORIGIN ", results[8];
	struct rows_sink s;

	for (unsigned i = 0; i < 4; i++)
		strcat(text, label);
	strcat(text, "rpz.\nx CNAME .\n");
	strcat(text, label);
	strcat(text, "x CNAME .\n$ORIGIN ");
	strcat(text, label);
	strcat(text, "x\n");
	parse_zone(&s, text, results);
	ck_assert_str_eq(results, "-nbb-");
	ck_assert_str_eq(s.text, "=x ");
}
END_TEST

static const struct {
	const char *text;
	bool rpz;
} guesses[] = {
	{ "a.example CNAME .\n*.a.example CNAME .\n", true },
	{ "; title\n\n$TTL 60\n@ SOA a b 1 2 3 4 5\n NS a\n", true },
	{ "@ 3600 IN SOA b b 1 2 3 4 5\nb A 0.0.0.0\n", true },
	{ "@ IN SOA a. b. (\n 1\n 2\n 3\n 4\n 5 )\nx A 192.0.2.1\n", true },
	{ "1.2.3.4 CNAME .\na.example CNAME .\n", true },
	{ "!*.cas.ms\na.example CNAME .\nvg.no.* CNAME .\nb.example CNAME .\n"
	  "c.example CNAME .\n",
	    true },
	{ "0.0.0.0 a\n", false },
	{ "a.example A x\n", false },
	{ "; title\na.example\nb.example\n", false },
	{ "a.example\nb.example CNAME .\nc.example\n", false },
	{ "$TTL 60\n<html>\nx y\n", false },
};

START_TEST(zones_are_told)
{
	const struct parse_format *format = parse_guess(
	    guesses[_i].text, strlen(guesses[_i].text));

	ck_assert_int_eq(format == &parse_rpz, guesses[_i].rpz);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_rpz.c");
	TCase *tc = tcase_create("zones");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, a_line_is_a_record, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_loop_test(tc, addresses_are_for_who_takes_them, 0,
	    sizeof(prefixes) / sizeof(*prefixes));
	tcase_add_test(tc, a_nul_is_no_end);
	tcase_add_loop_test(
	    tc, lines_make_a_zone, 0, sizeof(zones) / sizeof(*zones));
	tcase_add_test(tc, an_open_parenthesis_swallows_a_hundred_lines_only);
	tcase_add_test(tc, a_name_grows_no_longer_than_names_are);
	tcase_add_loop_test(
	    tc, zones_are_told, 0, sizeof(guesses) / sizeof(*guesses));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
