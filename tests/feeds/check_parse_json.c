/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_json.c, doc*.c and stix.c: JSON and NDJSON, paths and shapes */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/parse.h"
#include "tests/feeds/items.h"

#define ROWS(table) (sizeof(table) / sizeof(*(table)))
#define NO_SHAPE \
	"bad: a document in no shape that is known: set 'column' to the " \
	"path of its values\n"
#define NO_KIND    "skipped: neither a name nor a URL\n"
#define NO_TRAFFIC "skipped: a rule for some traffic only\n"

/* ---- documents ---- */

static const struct items documents[] = {
	{ NULL, NULL, "", "" },
	{ NULL, NULL, " \n", "" },
	{ NULL, NULL, "[]", "" },
	{ NULL, NULL, "[\"a.example\",\"b.example\"]\n",
	    "a.example\nb.example\n" },
	/* Several behind each other, as the members of a zip file are. */
	{ NULL, NULL, "[\"a.example\"]\n[\"b.example\"][\"c.example\"]",
	    "a.example\nb.example\nc.example\n" },
	/* What is no JSON is one bad item; what came before stays. */
	{ NULL, NULL, "[\"a.example\",", "bad: no JSON\n" },
	{ NULL, NULL, "[\"a.example\"", "bad: no JSON\n" },
	{ NULL, NULL, "[\"a.example\"]\n{", "a.example\nbad: no JSON\n" },
	{ NULL, NULL, "a.example\n", "bad: no JSON\n" },
	{ NULL, NULL, "\"a.example\"\n", "bad: no JSON\n" },
	{ NULL, NULL, "[\"\xff\"]", "bad: no JSON\n" },
	{ NULL, NULL, "[\"\\ud800\"]", "bad: no JSON\n" },
	{ NULL, NULL, "[\"1.14.61.188 },\n\"a.example\"]", "bad: no JSON\n" },
	/* What one value has costs that value. */
	{ NULL, NULL, "[\"a.example\\u0000\",\"b.example\"]",
	    "bad: a character that no name has\nb.example\n" },
	{ NULL, NULL, "[123456789012345678901234567890,\"b.example\"]",
	    "bad: no text where a value should be\nb.example\n" },
	{ NULL, NULL, "[\"\\u0061.example\",\"f\xc3\xa4\xc3\xa4.example\"]",
	    "a.example\nxn--f-0faa.example\n" },
	{ NULL, NULL, "[null,true,1,[\"a.example\"],{},\"\",\" b.example \"]",
	    "-\nbad: no text where a value should be\n"
	    "bad: no text where a value should be\n"
	    "bad: no text where a value should be\n"
	    "bad: an object without a value\n-\nb.example\n" },
	{ NULL, NULL,
	    "[\"*.a.example\",\"=b.example\",\"192.0.2.1\",\"dummy\"]",
	    "*.a.example\n=b.example\nskipped: an address\n"
	    "bad: a name without a dot\n" },
	{ NULL, NULL, "[\"a*.example\",\"x@y.example\"]",
	    "skipped: a pattern\nbad: a character that no name has\n" },
};

START_TEST(documents_are_read)
{
	items_check(&parse_json, &documents[_i]);
}
END_TEST

/* ---- paths ---- */

static const struct items paths[] = {
	{ "[]", NULL, "[\"a.example\"]", "a.example\n" },
	{ "data[].url", NULL, "{\"data\":[{\"url\":\"a.example\",\"x\":1}]}",
	    "a.example\n" },
	{ "data.url", NULL, "{\"data\":[{\"url\":\"a.example\"}]}",
	    "a.example\n" },
	{ "data.url[]", NULL, "{\"data\":{\"url\":[\"a.example\"]}}",
	    "a.example\n" },
	{ "[].url", NULL, "[{\"url\":\"a.example\"},{\"x\":1}]",
	    "a.example\n-\n" },
	{ "url", NULL, "[{\"url\":\"a.example\"},null,{\"url\":null}]",
	    "a.example\n-\n-\n" },
	{ "[][]", NULL, "[[\"a.example\"],[\"b.example\"]]",
	    "a.example\nb.example\n" },
	{ "deny[]", NULL,
	    "{\"deny\":[\"a.example\"],\"allow\":[\"b.example\"]}",
	    "a.example\n" },
	{ "deny,!allow", NULL,
	    "{\"deny\":[\"a.example\"],\"allow\":[\"b.example\"]}",
	    "a.example\n@@b.example\n" },
	{ "![]", NULL, "[\"a.example\"]", "@@a.example\n" },
	{ "*", NULL, "{\"x\":\"a.example\",\"y\":[\"b.example\"]}",
	    "a.example\nb.example\n" },
	{ "*.url", NULL, "{\"1\":[{\"url\":\"a.example\"}],\"2\":{}}",
	    "a.example\n-\n" },
	{ "{}", NULL, "{\"a.example\":[\"0x1\"],\"b.example\":1}",
	    "a.example\nb.example\n" },
	{ "x.{}", NULL, "{\"x\":{\"a.example\":1}}", "a.example\n" },
	{ "a\\.b.\\*", NULL, "{\"a.b\":{\"*\":\"a.example\",\"x\":1}}",
	    "a.example\n" },
	{ "\\{}", NULL, "{\"{}\":\"a.example\"}", "a.example\n" },
	/* A path that leads nowhere is no empty list. */
	{ "deny", NULL, "{\"allow\":[]}", "bad: the path leads nowhere\n" },
	{ "deny", NULL, "{\"deny\":[]}", "" },
	{ "deny", NULL, "[]", "" },
	{ "deny.x", NULL, "{\"deny\":\"a.example\"}",
	    "bad: the path goes on, but here is no object\n" },
	{ "deny", NULL, "{\"deny\":{\"a.example\":1}}",
	    "bad: no text where a value should be\n" },
	/* What is no path. */
	{ "", NULL, "[]", "refused: a step of the path is empty" },
	{ ".", NULL, "[]", "refused: a step of the path is empty" },
	{ "a..b", NULL, "[]", "refused: a step of the path is empty" },
	{ "a.", NULL, "[]", "refused: a step of the path is empty" },
	{ "a,", NULL, "[]", "refused: a step of the path is empty" },
	{ ",a", NULL, "[]", "refused: a step of the path is empty" },
	{ "!", NULL, "[]", "refused: a step of the path is empty" },
	{ "a[", NULL, "[]", "refused: '[' in the path without ']'" },
	{ "a[0]", NULL, "[]", "refused: '[' in the path without ']'" },
	{ "a[]b", NULL, "[]", "refused: something follows '[]' in the path" },
	{ "[]b", NULL, "[]", "refused: something follows '[]' in the path" },
	{ "{}.a", NULL, "[]", "refused: the path goes on behind '{}'" },
	{ "{}[].a", NULL, "[]", "refused: the path goes on behind '{}'" },
	{ "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25."
	  "26.27.28.29.30.31.32",
	    NULL, "[]", "refused: the path is too long" },
	{ "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25."
	  "26.27.28.29.30,x",
	    NULL, "[]", "refused: the path is too long" },
	{ NULL, "x=y", "[]", "refused: 'only' is for tables (csv)" },
};

START_TEST(paths_lead_to_values)
{
	items_check(&parse_json, &paths[_i]);
}
END_TEST

/* ---- shapes ---- */

static const struct items shapes[] = {
	/* Objects with a value in them; the one that says most. */
	{ NULL, NULL,
	    "[{\"domain\":\"a.example\"},{\"Host\":\"b.example\"},"
	    "{\"fqdn\":\"c.example\",\"id\":1},{\"name\":\"d.example\"}]",
	    "a.example\nb.example\nc.example\n"
	    "bad: an object without a value\n" },
	{ NULL, NULL, "[{\"domain\":\"a.example\",\"ioc\":\"b.example\"}]",
	    "b.example\n" },
	/* CERT Polska */
	{ NULL, NULL,
	    "[{\"RegisterPositionId\":1,\"DomainAddress\":\"a.example\","
	    "\"InsertDate\":\"2026-09-20T00:00:00\",\"DeleteDate\":null},"
	    "{\"RegisterPositionId\":2,\"DomainAddress\":\"b.example\","
	    "\"InsertDate\":\"2026-09-20T00:00:00\",\"DeleteDate\":\"2026\"},"
	    "{\"DomainAddress\":\"c.example\",\"DeleteDate\":\"\"}]",
	    "a.example\nskipped: listed no more\nc.example\n" },
	/* polkadot */
	{ NULL, NULL, "{\"allow\":[\"*.a.example\"],\"deny\":[\"b.example\"]}",
	    "@@*.a.example\nb.example\n" },
	/* MetaMask */
	{ NULL, NULL,
	    "{\"version\":2,\"tolerance\":1,\"fuzzylist\":[\"x.example\"],"
	    "\"whitelist\":[\"y.example\"],\"blacklist\":[\"a.example\"]}",
	    "skipped: for similar names, not for these\n"
	    "@@y.example\na.example\n" },
	{ NULL, NULL,
	    "{\"data\":{\"blocklist\":[\"a.example\"],"
	    "\"allowlist\":[\"b.example\"]}}",
	    "a.example\n@@b.example\n" },
	/* spmedia */
	{ NULL, NULL,
	    "{\"metadata\":{\"title\":\"x\",\"source\":\"https://x.example\"},"
	    "\"detected_urls\":[\"A.example\"]}",
	    "a.example\n" },
	/* scamsniffer: the names are the keys. */
	{ NULL, NULL,
	    "{\"a.example\":[\"0x3d\"],\"\":[],\"b.example\":[\"0x39\"]}",
	    "a.example\n-\nb.example\n" },
	/* ThreatFox, by number */
	{ NULL, NULL,
	    "{\"17\":[{\"ioc_value\":\"a.example\",\"ioc_type\":\"domain\"}],"
	    "\"18\":[{\"ioc_value\":\"0123\",\"ioc_type\":\"md5_hash\"}],"
	    "\"x\":1}",
	    "a.example\n" NO_KIND "bad: no list\n" },
	/* and by its API */
	{ NULL, NULL,
	    "{\"query_status\":\"ok\",\"data\":[{\"ioc\":\"a.example\","
	    "\"ioc_type\":\"domain\",\"threat_type\":\"x\"}]}",
	    "a.example\n" },
	/* AlienVault OTX */
	{ NULL, NULL,
	    "{\"name\":\"x\",\"indicators\":["
	    "{\"indicator\":\"a.example\",\"type\":\"hostname\"},"
	    "{\"indicator\":\"192.0.2.1\",\"type\":\"IPv4\"}]}",
	    "a.example\n" NO_KIND },
	/* Lists that are none of ours, and documents that are no list. */
	{ NULL, NULL, "{\"safe_domains\":[\"a.example\"]}", NO_SHAPE },
	{ NULL, NULL, "{\"deny\":\"a.example\"}", NO_SHAPE },
	{ NULL, NULL, "{}", NO_SHAPE },
	{ NULL, NULL, "{\"query_status\":\"no_results\"}", NO_SHAPE },
	{ NULL, NULL, "{\"error\":403,\"url\":\"https://feed.example/x\"}",
	    NO_SHAPE },
};

START_TEST(shapes_are_known)
{
	items_check(&parse_json, &shapes[_i]);
}
END_TEST

static const struct items url_shapes[] = {
	/* URLhaus: its API, its export by number */
	{ NULL, NULL,
	    "{\"query_status\":\"ok\",\"urls\":[{\"id\":\"1\","
	    "\"urlhaus_reference\":\"https://x.example/1/\","
	    "\"url\":\"http://192.0.2.1:43630/i\",\"host\":\"192.0.2.1\"},"
	    "{\"url\":\"http://a.example/ndt.sh\",\"tags\":[\"sh\"]}]}",
	    "skipped: an address\nurl:a.example/ndt.sh\n" },
	{ NULL, NULL,
	    "{\"3770706\":[{\"url\":\"http://a.example/\",\"tags\":[]}],"
	    "\"3770705\":[{\"url\":\"http://b.example/c\"}]}",
	    "a.example\nurl:b.example/c\n" },
	/* PhishTank */
	{ NULL, NULL,
	    "[{\"phish_id\":1,\"url\":\"http:\\/\\/a.example\\/b\","
	    "\"phish_detail_url\":\"http:\\/\\/x.example\\/1\","
	    "\"details\":[{\"ip_address\":\"192.0.2.1\"}]}]",
	    "url:a.example/b\n" },
	/* polkadot: a path without a scheme is not the host. */
	{ NULL, NULL, "{\"denySub\":[\"x.example/AcalaNetworks\"]}",
	    "url:x.example/AcalaNetworks\n" },
	{ NULL, NULL,
	    "[\"https://https://a.example/\",\"hxxps://a[.]example/b\"]",
	    "bad: a host without a dot\nurl:a.example/b\n" },
};

START_TEST(shapes_with_urls_are_known)
{
	items_check(&parse_json, &url_shapes[_i]);
}
END_TEST

/* ---- Little Snitch ---- */

static const struct items rules[] = {
	{ NULL, NULL,
	    "{\"name\":\"x\",\"denied-remote-domains\":[\"a.example\","
	    "\"dummy\"],"
	    "\"denied-remote-hosts\":[\"b.example\"],"
	    "\"denied-remote-addresses\":[\"192.0.2.1\"]}",
	    "a.example\nbad: a name without a dot\nb.example\n"
	    "skipped: an address\n" },
	{ NULL, NULL,
	    "{\"title\":\"x\",\"rules\":["
	    "{\"action\":\"deny\",\"process\":\"any\","
	    "\"remote-domains\":\"a.example\"},"
	    "{\"action\":\"deny\",\"remote-hosts\":[\"b.example\","
	    "\"c.example\"],\"direction\":\"outgoing\"},"
	    "{\"action\":\"allow\",\"remote-domains\":\"d.example\"}]}",
	    "a.example\nb.example\nc.example\n@@d.example\n" },
	/* Rules that are not for all traffic to a name. */
	{ NULL, NULL,
	    "{\"rules\":["
	    "{\"action\":\"deny\",\"process\":\"/x\","
	    "\"remote-domains\":\"a.example\"},"
	    "{\"action\":\"deny\",\"ports\":\"25\","
	    "\"remote-domains\":\"a.example\"},"
	    "{\"action\":\"deny\",\"protocol\":17,"
	    "\"remote-domains\":\"a.example\"},"
	    "{\"action\":\"deny\",\"direction\":\"incoming\","
	    "\"remote-domains\":\"a.example\"},"
	    "{\"action\":\"deny\",\"disabled\":true,"
	    "\"remote-domains\":\"a.example\"},"
	    "{\"action\":\"ask\",\"remote-domains\":\"a.example\"},"
	    "{\"remote-domains\":\"a.example\"},"
	    "{\"action\":\"deny\",\"remote\":\"any\"},"
	    "{\"action\":\"deny\",\"remote-addresses\":\"192.0.2.1\"},"
	    "7]}",
	    NO_TRAFFIC NO_TRAFFIC NO_TRAFFIC NO_TRAFFIC
	    "skipped: a rule that is not in force\n"
	    "skipped: a rule that neither denies nor allows\n"
	    "skipped: a rule that neither denies nor allows\n"
	    "skipped: a rule that is not for names\n"
	    "skipped: a rule that is not for names\n"
	    "skipped: a rule that neither denies nor allows\n" },
};

START_TEST(rules_of_little_snitch)
{
	items_check(&parse_json, &rules[_i]);
}
END_TEST

/* ---- MISP ---- */

static const struct items misp[] = {
	{ NULL, NULL,
	    "{\"Event\":{\"info\":\"x\",\"Attribute\":["
	    "{\"type\":\"domain\",\"to_ids\":true,\"value\":\"a.example\"},"
	    "{\"type\":\"hostname\",\"to_ids\":\"1\",\"value\":\"b.example\"},"
	    "{\"type\":\"domain|ip\",\"to_ids\":1,"
	    "\"value\":\"c.example|192.0.2.1\"},"
	    "{\"type\":\"hostname|port\",\"to_ids\":true,"
	    "\"value\":\"d.example|443\"},"
	    "{\"type\":\"domain\",\"to_ids\":false,\"value\":\"x.example\"},"
	    "{\"type\":\"domain\",\"value\":\"x.example\"},"
	    "{\"type\":\"domain\",\"to_ids\":true,\"deleted\":true,"
	    "\"value\":\"x.example\"},"
	    "{\"type\":\"ip-dst\",\"to_ids\":true,\"value\":\"192.0.2.1\"},"
	    "{\"type\":\"md5\",\"to_ids\":true,\"value\":\"0123\"},"
	    "{\"type\":\"text\",\"to_ids\":true,\"value\":\"x.example\"},"
	    "{\"to_ids\":true,\"value\":\"x.example\"}],"
	    "\"Object\":[{\"name\":\"x\",\"Attribute\":["
	    "{\"type\":\"domain\",\"to_ids\":true,\"value\":\"e.example\"}]}]}"
	    "}",
	    "a.example\nb.example\nc.example\nd.example\n"
	    "skipped: not for detection (to_ids)\n"
	    "skipped: not for detection (to_ids)\n"
	    "skipped: listed no more\n" NO_KIND NO_KIND NO_KIND
	    "bad: an attribute without type and value\n"
	    "e.example\n" },
	/* As the REST interface answers, for events and for attributes. */
	{ NULL, NULL,
	    "{\"response\":[{\"Event\":{\"Attribute\":[{\"type\":\"domain\","
	    "\"to_ids\":true,\"value\":\"a.example\"}]}},{\"Event\":{}}]}",
	    "a.example\nbad: an event without attributes\n" },
	{ NULL, NULL,
	    "[{\"Event\":{\"Attribute\":[],\"Object\":[{\"Attribute\":["
	    "{\"type\":\"domain\",\"to_ids\":true,\"value\":\"a.example\"}]}]"
	    "}}]",
	    "a.example\n" },
	{ NULL, NULL,
	    "{\"response\":{\"Attribute\":[{\"type\":\"domain\","
	    "\"to_ids\":true,\"value\":\"a.example\"}]}}",
	    "a.example\n" },
	/* Warninglists. */
	{ NULL, NULL,
	    "{\"name\":\"x\",\"type\":\"hostname\",\"version\":1,"
	    "\"matching_attributes\":[\"domain\",\"url\"],"
	    "\"list\":[\"a.example\",\".b.example\"]}",
	    "a.example\nb.example\n" },
	{ NULL, NULL, "{\"type\":\"string\",\"list\":[\"a.example\"]}",
	    "a.example\n" },
	{ NULL, NULL,
	    "{\"type\":\"cidr\",\"list\":[\"192.0.2.0/24\",\"192.0.2.1\"]}",
	    "skipped: not in a warninglist of names\n"
	    "skipped: not in a warninglist of names\n" },
	{ NULL, NULL, "{\"type\":\"regex\",\"list\":[\"a.example\"]}",
	    "skipped: not in a warninglist of names\n" },
	{ NULL, NULL, "{\"type\":\"substring\",\"list\":[\"a.example\"]}",
	    "skipped: not in a warninglist of names\n" },
};

START_TEST(events_and_warninglists_of_misp)
{
	items_check(&parse_json, &misp[_i]);
}
END_TEST

START_TEST(urls_of_misp)
{
	static const struct items i = { NULL, NULL,
		"{\"Event\":{\"Attribute\":[{\"type\":\"url\",\"to_ids\":true,"
		"\"value\":\"https://a.example/b|c\"},{\"type\":\"uri\","
		"\"to_ids\":true,\"value\":\"https://a.example\"}]}}",
		"url:a.example/b|c\na.example\n" };

	items_check(&parse_json, &i);
}
END_TEST

/* ---- STIX ---- */

#define BUNDLE(objects) \
	"{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[" objects "]}"
#define INDICATOR(pattern, more) \
	"{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":" \
	"\"" pattern "\"" more "}"

static const struct items stix[] = {
	{ NULL, NULL,
	    BUNDLE("{\"type\":\"malware\",\"id\":\"malware--1\"}," INDICATOR(
		"[domain-name:value='a.example']",
		"") ",{\"type\":\"relationship\",\"id\":\"relationship--1\"}"),
	    "a.example\n" },
	{ NULL, NULL, BUNDLE(""), "" },
	{ NULL, NULL, "{\"type\":\"bundle\",\"id\":\"bundle--1\"}", "" },
	/* As TAXII sends it, and as NDJSON would have it. */
	{ NULL, NULL,
	    "{\"more\":false,\"objects\":[" INDICATOR(
		"[domain-name:value='a.example']", "") "]}",
	    "a.example\n" },
	{ NULL, NULL, INDICATOR("[domain-name:value='a.example']", ""),
	    "a.example\n" },
	/* In force or not, by the clock. */
	{ NULL, NULL,
	    BUNDLE(INDICATOR("[domain-name:value='a.example']",
		",\"revoked\":true") "," INDICATOR("[domain-name:value='b."
						   "example']",
		",\"revoked\":false") "," INDICATOR("[domain-name:value='c."
						    "example']",
		",\"valid_until\":\"2001-02-03T04:05:06.789Z\"") "," INDICATOR("[domain-name:value='d.example']",
		",\"valid_until\":\"2999-02-03T04:05:06Z\"") "," INDICATOR("[do"
									   "mai"
									   "n-"
									   "nam"
									   "e:"
									   "val"
									   "ue="
									   "'e."
									   "exa"
									   "mpl"
									   "e'"
									   "]",
		",\"valid_until\":null") "," INDICATOR("[domain-name:value='f."
						       "example']",
		",\"valid_until\":\"tomorrow\"")),
	    "skipped: revoked\nb.example\nskipped: valid no more\nd.example\n"
	    "e.example\nbad: valid_until is no time\n" },
	{ NULL, NULL,
	    BUNDLE(INDICATOR("rule x { condition: true }",
		",\"pattern_type\":\"yara\"") "," INDICATOR("[domain-name:"
							    "value='a.example'"
							    "]",
		",\"pattern_type\":\"stix\"") ","
					      "{\"type\":\"indicator\",\"id\":"
					      "\"indicator--1\"},7,{}"),
	    "skipped: a pattern in another language than STIX's\na.example\n"
	    "bad: an indicator without a pattern\n"
	    "bad: an object without a type\nbad: an object without a type\n" },
	/* Objects that are the thing itself. */
	{ NULL, NULL,
	    BUNDLE("{\"type\":\"domain-name\",\"id\":\"domain-name--1\","
		   "\"value\":\"a.example\"},"
		   "{\"type\":\"ipv4-addr\",\"id\":\"ipv4-addr--1\","
		   "\"value\":\"192.0.2.1\"},"
		   "{\"type\":\"domain-name\",\"id\":\"domain-name--1\"}"),
	    "a.example\nskipped: an address\n"
	    "bad: no text where a value should be\n" },
};

START_TEST(bundles_of_stix)
{
	items_check(&parse_json, &stix[_i]);
}
END_TEST

#define COMPLEX "skipped: a pattern for more than one thing\n"

/* Patterns, and what an indicator with them gives. */
static const struct {
	const char *pattern, *gives;
} patterns[] = {
	{ "[domain-name:value = 'a.example']", "a.example\n" },
	{ " [ domain-name:value='a.example' ] ", "a.example\n" },
	{ "[domain-name:value == 'a.example']", "a.example\n" },
	{ "[domain-name:value = 'a.example' OR domain-name:value = "
	  "'b.example']",
	    "a.example\nb.example\n" },
	{ "[domain-name:value = 'a.example'] OR [domain-name:value = "
	  "'b.example']",
	    "a.example\nb.example\n" },
	{ "([domain-name:value = 'a.example'] OR [(domain-name:value = "
	  "'b.example')])",
	    "a.example\nb.example\n" },
	{ "[domain-name:value IN ('a.example', 'b.example')]",
	    "a.example\nb.example\n" },
	{ "[hostname:value = 'a.example']", "a.example\n" },
	{ "[domain-name:value = 'a.example' OR ipv4-addr:value = "
	  "'192.0.2.1']",
	    "a.example\n" NO_KIND },
	{ "[file:hashes.'SHA-256' = '01' OR file:size = 12 OR "
	  "x:y[*].z = 1.5]",
	    NO_KIND NO_KIND NO_KIND },
	{ "[file:hashes.'a]b' = '01']", NO_KIND },
	{ "[network-traffic:dst_ref.value = 'a.example']", NO_KIND },
	/* Escapes: of a quote and of itself. */
	{ "[domain-name:value = 'a\\\\'b.example']",
	    "bad: a character that no name has\n" },
	{ "[domain-name:value = 'a\\\\.example' OR file:name = 'OR\\\\' ]']",
	    "a.example\n" NO_KIND },
	/* What one name cannot show. */
	{ "[domain-name:value = 'a.example' AND url:value = 'x']", COMPLEX },
	{ "[domain-name:value = 'a.example'] AND [url:value = 'x']", COMPLEX },
	{ "[domain-name:value = 'a.example'] FOLLOWEDBY [url:value = 'x']",
	    COMPLEX },
	{ "[domain-name:value LIKE '%.example']", COMPLEX },
	{ "[domain-name:value MATCHES 'x']", COMPLEX },
	{ "[domain-name:value != 'a.example']", COMPLEX },
	{ "[domain-name:value NOT = 'a.example']", COMPLEX },
	{ "[NOT domain-name:value = 'a.example']", COMPLEX },
	{ "[domain-name:value > 'a.example']", COMPLEX },
	{ "[domain-name:value = 'a.example'] WITHIN 5 SECONDS", COMPLEX },
	{ "[EXISTS domain-name:value]", COMPLEX },
	/* Broken ones. */
	{ "", COMPLEX },
	{ "[", COMPLEX },
	{ "[]", COMPLEX },
	{ "domain-name:value = 'a.example'", COMPLEX },
	{ "[domain-name:value = 'a.example'", COMPLEX },
	{ "[domain-name:value = 'a.example']]", COMPLEX },
	{ "([domain-name:value = 'a.example']", COMPLEX },
	{ "[domain-name:value = 'a.example' OR]", COMPLEX },
	{ "[domain-name:value = 'a.example' ORx:y = '1']", COMPLEX },
	{ "[domain-name:value = 'a.example]", COMPLEX },
	{ "[domain-name:value = 'a.example\\\\", COMPLEX },
	{ "[domain-name:value = ]", COMPLEX },
	{ "[domain-name = 'a.example']", COMPLEX },
	{ "[domain-name:value IN 'a.example']", COMPLEX },
	{ "[domain-name:value IN ('a.example']", COMPLEX },
	{ "[domain-name:value IN ('a.example',)]", COMPLEX },
	{ "[domain-name:value IN ()]", COMPLEX },
};

/* ---- for who takes addresses ---- */

static const struct items addresses[] = {
	{ NULL, NULL, "[\"192.0.2.1\",\"2001:db8::/32\",\"a.example\"]",
	    "url:ip:192.0.2.1/32\nurl:ip:2001:db8::/32\na.example\n" },
	{ NULL, NULL,
	    "[{\"ip\":\"192.0.2.1\",\"port\":80},"
	    "{\"ip\":\"192.0.2.2\",\"domain\":\"a.example\"}]",
	    "url:ip:192.0.2.1/32\na.example\n" },
	{ "data[].ip", NULL, "{\"data\":[{\"ip\":\"192.0.2.1\"}]}",
	    "url:ip:192.0.2.1/32\n" },
	/* ThreatFox. */
	{ NULL, NULL,
	    "{\"17\":[{\"ioc_value\":\"192.0.2.1:80\","
	    "\"ioc_type\":\"ip:port\"}]}",
	    "url:ip:192.0.2.1/32\n" },
	/* MISP. */
	{ NULL, NULL,
	    "{\"Event\":{\"Attribute\":["
	    "{\"type\":\"ip-dst\",\"to_ids\":true,\"value\":\"192.0.2.1\"},"
	    "{\"type\":\"ip-dst|port\",\"to_ids\":true,"
	    "\"value\":\"192.0.2.2|80\"},"
	    "{\"type\":\"ip-dst|port\",\"to_ids\":true,"
	    "\"value\":\"2001:db8::1|80\"},"
	    "{\"type\":\"ip-dst\",\"to_ids\":false,\"value\":\"192.0.2.3\"},"
	    "{\"type\":\"ip-src\",\"to_ids\":true,\"value\":\"192.0.2.4\"},"
	    "{\"type\":\"domain|ip\",\"to_ids\":true,"
	    "\"value\":\"a.example|192.0.2.5\"}]}}",
	    "url:ip:192.0.2.1/32\nurl:ip:192.0.2.2/32\n"
	    "url:ip:2001:db8::1/128\n"
	    "skipped: not for detection (to_ids)\n" NO_KIND "a.example\n" },
	/* STIX. */
	{ NULL, NULL,
	    "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":["
	    "{\"type\":\"indicator\",\"id\":\"indicator--1\","
	    "\"pattern\":\"[ipv4-addr:value = '192.0.2.0/24' OR "
	    "ipv6-addr:value = '2001:db8::1']\"},"
	    "{\"type\":\"ipv4-addr\",\"id\":\"ipv4-addr--1\","
	    "\"value\":\"192.0.2.1\"}]}",
	    "url:ip:192.0.2.0/24\nurl:ip:2001:db8::1/128\n"
	    "url:ip:192.0.2.1/32\n" },
};

START_TEST(addresses_are_for_who_takes_them)
{
	items_check_addresses(&parse_json, &addresses[_i]);
}
END_TEST

START_TEST(addresses_may_come_line_by_line)
{
	const struct items i = { NULL, NULL,
		"{\"ip\":\"192.0.2.1\"}\n{\"ip\":\"2001:db8::1\"}\n",
		"url:ip:192.0.2.1/32\nurl:ip:2001:db8::1/128\n" };

	items_check_addresses(&parse_ndjson, &i);
}
END_TEST

START_TEST(patterns_of_stix)
{
	char text[512];
	const struct items i = { NULL, NULL, text, patterns[_i].gives };

	ck_assert_uint_lt(strlen(patterns[_i].pattern), 400);
	stpcpy(stpcpy(stpcpy(text,
			  "{\"type\":\"indicator\",\"id\":"
			  "\"indicator--1\",\"pattern\":\""),
		   patterns[_i].pattern),
	    "\"}");
	items_check(&parse_json, &i);
}
END_TEST

START_TEST(urls_of_stix)
{
	static const struct items i = { NULL, NULL,
		BUNDLE(INDICATOR("[url:value = 'http://a.example/b?c=[d]']",
		    "") ",{\"type\":\"url\",\"id\":\"url--1\","
			"\"value\":\"https://b.example/\"}"),
		"url:a.example/b?c=[d]\nb.example\n" };

	items_check(&parse_json, &i);
}
END_TEST

/* ---- ndjson ---- */

static const struct items lines[] = {
	{ NULL, NULL, "", "" },
	{ NULL, NULL,
	    "{\"domain\":\"a.example\"}\r\n\n "
	    "\n[\"b.example\",\"c.example\"]\n",
	    "a.example\n-\n-\nb.example c.example\n" },
	{ NULL, NULL, "{\"domain\":\"a.example\"", "bad: no JSON\n" },
	{ NULL, NULL, "{\"domain\":\"a.example\"} {}", "bad: no JSON\n" },
	{ NULL, NULL, "a.example\n", "bad: no JSON\n" },
	{ NULL, NULL, "{\"x\":\"a.example\"}\n", NO_SHAPE },
	/* All of a line is one: bad if something is, but the rest is taken. */
	{ NULL, NULL,
	    "[\"a.example\",\"x y.example\",\"192.0.2.1\",\"b.example\"]\n",
	    "a.example b.example bad: a character that no name has\n" },
	{ NULL, NULL, "[\"192.0.2.1\",\"a.example\",null]\n", "a.example\n" },
	{ NULL, NULL, "[\"192.0.2.1\",null]\n[null]\n[]\n",
	    "skipped: an address\n-\n-\n" },
	{ "x.y", NULL, "{\"x\":{\"y\":\"a.example\"}}\n{\"x\":1}\n",
	    "a.example\nbad: the path goes on, but here is no object\n" },
	{ "x.", NULL, "", "refused: a step of the path is empty" },
	{ NULL, NULL, INDICATOR("[domain-name:value='a.example']", "") "\n",
	    "a.example\n" },
};

START_TEST(lines_are_documents)
{
	items_check(&parse_ndjson, &lines[_i]);
}
END_TEST

/* ---- hostile ones ---- */

/* N times TEXT, to be freed. */
static char *
repeat(const char *text, size_t n)
{
	size_t len = strlen(text);
	char *all = malloc(n * len + 1);

	ck_assert_ptr_nonnull(all);
	for (size_t i = 0; i < n; i++)
		memcpy(all + i * len, text, len);
	all[n * len] = '\0';
	return all;
}

START_TEST(deep_nesting_is_no_json)
{
	struct items i = { NULL, NULL, repeat("[", 1000000), "bad: no JSON\n" };

	items_check(&parse_json, &i);
	free((char *)(uintptr_t)i.text);
	i.column = "a.a.a";
	i.text = repeat("{\"a\":", 1000000);
	items_check(&parse_json, &i);
	free((char *)(uintptr_t)i.text);
}
END_TEST

START_TEST(what_would_fill_the_memory_is_not_read)
{
	struct items i = { NULL, NULL, repeat("{},", 5000000),
		"bad: too many values for one document\n" };

	items_check(&parse_json, &i);
	free((char *)(uintptr_t)i.text);
	/* The same within a text is harmless. */
	i.text = repeat("\\\"{},", 2500000);
	((char *)(uintptr_t)i.text)[0] = '[';
	((char *)(uintptr_t)i.text)[1] = '"';
	((char *)(uintptr_t)i.text)[12499999] = ']';
	((char *)(uintptr_t)i.text)[12499998] = '"';
	i.gives = "bad: a name without a dot\n";
	items_check(&parse_json, &i);
	free((char *)(uintptr_t)i.text);
}
END_TEST

/* ---- guesses ---- */

static const struct {
	const char *text;
	const struct parse_format *format;
} guesses[] = {
	{ "[\"a.example\"]", &parse_json },
	{ "\n {\n\t\"deny\": [", &parse_json },
	{ "[]", &parse_json },
	{ "[[", &parse_json },
	{ "[ {\"url\":\"http://a.example/\"}", &parse_json },
	{ "{\"domain\":\"a.example\"}\n", &parse_json },
	{ "{\"a\":\n{\"b\":1}\n}\n", &parse_json },
	{ "{\"domain\":\"a.example\"}\n{\"domain\":\"b.example\"}\n",
	    &parse_ndjson },
	{ "\n{\"a\":1}\r\n\r\n{\"a\":2}", &parse_ndjson },
};

START_TEST(documents_are_told_from_lists)
{
	ck_assert_ptr_eq(
	    parse_guess(guesses[_i].text, strlen(guesses[_i].text)),
	    guesses[_i].format);
}
END_TEST

static const char *const others[] = {
	"[Adblock Plus 2.0]\n||a.example^\n",
	"{ +block{x} }\n.a.example\n",
	"{",
	"[",
	"a.example\n",
	"",
};

START_TEST(brackets_alone_are_no_document)
{
	const struct parse_format *f = parse_guess(
	    others[_i], strlen(others[_i]));

	ck_assert(f != &parse_json && f != &parse_ndjson);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_json.c");
	TCase *tc = tcase_create("documents");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, documents_are_read, 0, ROWS(documents));
	tcase_add_loop_test(tc, paths_lead_to_values, 0, ROWS(paths));
	tcase_add_loop_test(tc, shapes_are_known, 0, ROWS(shapes));
	tcase_add_loop_test(
	    tc, shapes_with_urls_are_known, 0, ROWS(url_shapes));
	tcase_add_loop_test(tc, rules_of_little_snitch, 0, ROWS(rules));
	tcase_add_loop_test(tc, events_and_warninglists_of_misp, 0, ROWS(misp));
	tcase_add_test(tc, urls_of_misp);
	tcase_add_loop_test(tc, bundles_of_stix, 0, ROWS(stix));
	tcase_add_loop_test(
	    tc, addresses_are_for_who_takes_them, 0, ROWS(addresses));
	tcase_add_test(tc, addresses_may_come_line_by_line);
	tcase_add_loop_test(tc, patterns_of_stix, 0, ROWS(patterns));
	tcase_add_test(tc, urls_of_stix);
	tcase_add_loop_test(tc, lines_are_documents, 0, ROWS(lines));
	tcase_add_test(tc, deep_nesting_is_no_json);
	tcase_add_test(tc, what_would_fill_the_memory_is_not_read);
	tcase_add_loop_test(
	    tc, documents_are_told_from_lists, 0, ROWS(guesses));
	tcase_add_loop_test(
	    tc, brackets_alone_are_no_document, 0, ROWS(others));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
