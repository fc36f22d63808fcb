/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_csv.c and csv_columns.c: tables, well-known and others */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/parse.h"
#include "tests/feeds/items.h"

#define ROWS(table) (sizeof(table) / sizeof(*(table)))
#define UNTOLD \
	"bad: which column?  set 'column' to its number or its name in " \
	"the header\n"

/* ---- the syntax ---- */

static const struct items syntax[] = {
	{ NULL, NULL, "", "" },
	{ NULL, NULL, "domain,why\na.example,x\n", "-\na.example\n" },
	{ NULL, NULL, "domain,why\r\na.example,x\r\n", "-\na.example\n" },
	{ NULL, NULL, "domain,why\na.example,x", "-\na.example\n" },
	{ NULL, NULL, "domain,why\n\n \t\na.example,x\n",
	    "-\n-\n-\na.example\n" },
	{ NULL, NULL, "\"domain\",\"why\"\n\"a.example\",\"x\"\n",
	    "-\na.example\n" },
	/* Blanks before quotes and behind, as ThreatFox has them. */
	{ NULL, NULL, "why, domain\n\"x\", \"a.example\" , \"y\"\n",
	    "-\nbad: more columns than the header has\n" },
	{ NULL, NULL, "why, domain, z\n\"x\", \"a.example\" , \"y\"\n",
	    "-\na.example\n" },
	{ NULL, NULL, "why,domain\n\"a,b\",c.example\n", "-\nc.example\n" },
	{ NULL, NULL, "why,domain\n\"a \"\"b\"\", c\",c.example\n",
	    "-\nc.example\n" },
	{ NULL, NULL, "why,domain\na \"b\" c,c.example\n", "-\nc.example\n" },
	/* A row over several lines: the last of them is the row. */
	{ NULL, NULL, "why,domain\n\"a\nb\r\n\n# c\",c.example\nd,d.example\n",
	    "-\n-\n-\n-\nc.example\nd.example\n" },
	{ NULL, NULL, "why,domain\nx,a.example\n\"a\nb,b.example\n",
	    "-\na.example\n-\n-\nbad: a quote without end\n" },
	/* Old Macintosh line ends make no list. */
	{ NULL, NULL, "domain,why\ra.example,x\r", UNTOLD },
	{ NULL, NULL, "domain,why\na.example\rb.example,x\n",
	    "-\nbad: a character that no name has\n" },
	/* The separator is what the header has more of. */
	{ NULL, NULL, "why;domain\na, b;c.example\n", "-\nc.example\n" },
	{ NULL, NULL, "why\tdomain\na, b\tc.example\n", "-\nc.example\n" },
	{ NULL, NULL, "why|domain\na; b|c.example\n", "-\nc.example\n" },
	{ NULL, NULL, "\"a;b;c\",domain\nx,c.example\n", "-\nc.example\n" },
	{ "1", NULL, "host\na.example,x\n",
	    "-\nbad: a character that no name has\n" },
	{ NULL, NULL, ",\n\"\"\n", UNTOLD UNTOLD },
	/* Rows that are not as the header says. */
	{ NULL, NULL, "why,domain\nx\n", "-\nbad: too few columns\n" },
	{ NULL, NULL, "why,domain\nx,\n", "-\n-\n" },
	{ NULL, NULL, "why,domain\n,,\n", "-\n-\n" },
	{ NULL, NULL, "domain,why\na.example,x, y\n",
	    "-\nbad: more columns than the header has\n" },
	{ NULL, NULL, "domain,why\na.example,x,,\n", "-\na.example\n" },
	/* Comments. */
	{ NULL, NULL, "# a\ndomain,why\n# b.example,x\n #\na.example,x\n",
	    "-\n-\n-\n-\na.example\n" },
	{ NULL, NULL, "domain,why\n\"#a.example\",x\n",
	    "-\nbad: a character that no name has\n" },
};

START_TEST(rows_are_read)
{
	items_check(&parse_csv, &syntax[_i]);
}
END_TEST

/* ---- columns ---- */

static const struct items columns[] = {
	/* By number, with a header and without. */
	{ "2", NULL, "x,a.example\n", "a.example\n" },
	{ "2", NULL, "when,what\nx,a.example\n", "-\na.example\n" },
	{ " 2 ", NULL, "x,a.example\n", "a.example\n" },
	{ "3", NULL, "x,a.example\n", "-\n" },
	{ "1", NULL, "a.example\nb.example\n", "a.example\nb.example\n" },
	{ "2", NULL, "# id,domain\nx,a.example\n", "-\na.example\n" },
	/* By name, which decides against what is well-known. */
	{ "what", NULL, "domain,what\nb.example,a.example\n",
	    "-\na.example\n" },
	{ "WHAT", NULL, "domain, What \nb.example,a.example\n",
	    "-\na.example\n" },
	{ "what", NULL, "# what,domain\nb.example,a.example\n",
	    "-\nb.example\n" },
	{ "what", NULL, "domain,why\nb.example,x\n",
	    "bad: no column has the name that 'column' or 'only' says\n"
	    "bad: no column has the name that 'column' or 'only' says\n" },
	/* Only some rows. */
	{ "2", "1=bad", "bad,a.example\ngood,b.example\nBAD,c.example\n",
	    "a.example\nskipped: not what 'only' says\nc.example\n" },
	{ NULL, "why=bad", "why,domain\nbad,a.example\nbadly,b.example\n",
	    "-\na.example\nskipped: not what 'only' says\n" },
	{ NULL, "why=", "why,domain\n,a.example\nx,b.example\n",
	    "-\na.example\nskipped: not what 'only' says\n" },
	{ "2", "why=a=b", "why,x\na=b,a.example\n", "-\na.example\n" },
	{ NULL, "when=bad", "why,domain\nbad,a.example\n",
	    "bad: no column has the name that 'column' or 'only' says\n"
	    "bad: no column has the name that 'column' or 'only' says\n" },
	{ "0", NULL, "a.example\n",
	    "refused: 'column' must be the number of a column, 1 to 256, or "
	    "its name in the header" },
	{ "257", NULL, "a.example\n",
	    "refused: 'column' must be the number of a column, 1 to 256, or "
	    "its name in the header" },
	{ "99999999999999999999", NULL, "a.example\n",
	    "refused: 'column' must be the number of a column, 1 to 256, or "
	    "its name in the header" },
	{ "", NULL, "a.example\n",
	    "refused: 'column' must be the number of a column, 1 to 256, or "
	    "its name in the header" },
	{ NULL, "why", "a.example\n", "refused: 'only' must be COLUMN=VALUE" },
	{ NULL, "=x", "a.example\n", "refused: 'only' must be COLUMN=VALUE" },
	/* Well-known names; a URL says more than a host, and an indicator more
	 * than what merely has a name. */
	{ NULL, NULL, "Host,why\na.example,x\n", "-\na.example\n" },
	{ NULL, NULL, "x,HOSTNAME\nx,a.example\n", "-\na.example\n" },
	{ NULL, NULL, "x,fqdn\nx,a.example\n", "-\na.example\n" },
	{ NULL, NULL, "x,Indicator\nx,a.example\n", "-\na.example\n" },
	{ NULL, NULL, "x,ioc\nx,a.example\n", "-\na.example\n" },
	{ NULL, NULL, "x,name\nx,a.example\n", "-\na.example\n" },
	{ NULL, NULL, "host,ioc,name\na.example,b.example,c.example\n",
	    "-\nb.example\n" },
	{ NULL, NULL, "domain\na.example\n", "-\na.example\n" },
	{ NULL, NULL, "No.,domain\n1,a.example\n", "-\na.example\n" },
	/* Nothing tells. */
	{ NULL, NULL, "x,a.example\ny,b.example\n", UNTOLD UNTOLD },
	{ NULL, NULL, "when,what\ny,b.example\n", UNTOLD UNTOLD },
	{ NULL, NULL, "# domain\ny,b.example\n", "-\n" UNTOLD },
	/* A word of the header in a row is no header. */
	{ NULL, NULL, "2026-01-02,domain,a.example\nx,url,b.example\n",
	    UNTOLD UNTOLD },
};

START_TEST(columns_are_found)
{
	items_check(&parse_csv, &columns[_i]);
}
END_TEST

/* ---- values ---- */

static const struct items values[] = {
	{ "1", NULL, "*.a.example", "*.a.example\n" },
	{ "1", NULL, "=a.example", "=a.example\n" },
	{ "1", NULL, ".a.example", "a.example\n" },
	{ "1", NULL, "A.Example.", "a.example\n" },
	{ "1", NULL, "f\xc3\xa4\xc3\xa4.example", "xn--f-0faa.example\n" },
	{ "1", NULL, "a_b.example", "a_b.example\n" },
	/* Hashes, words and whole TLDs: the second rows, for what the first
	 * one's column holds is to be no header. */
	{ "1", NULL, "a.example\nd41d8cd98f00b204e9800998ecf8427e\n",
	    "a.example\nbad: a name without a dot\n" },
	{ "1", NULL, "a.example\nlocalhost\n",
	    "a.example\nbad: a name without a dot\n" },
	{ "1", NULL, "a.example\ncom.\n",
	    "a.example\nbad: a name without a dot\n" },
	{ "1", NULL, "a.example\n*.com\n",
	    "a.example\nbad: a name without a dot\n" },
	{ "1", NULL, "a.example\n.\n",
	    "a.example\nbad: a name without a dot\n" },
	{ "1", NULL, "192.0.2.1", "skipped: an address\n" },
	{ "1", NULL, "2001:db8::1", "skipped: an address\n" },
	{ "1", NULL, "192.0.2.0/24", "skipped: an address or a network\n" },
	{ "1", NULL, "2001:db8::/32", "skipped: an address or a network\n" },
	{ "1", NULL, "a*.example", "skipped: a pattern\n" },
	{ "1", NULL, "a b.example", "bad: a character that no name has\n" },
	{ "1", NULL, "x@a.example", "bad: a character that no name has\n" },
};

START_TEST(values_are_names)
{
	items_check(&parse_csv, &values[_i]);
}
END_TEST

/* All kinds of odd URLs that real tables have. */
static const struct items urls[] = {
	{ "1", NULL, "http://a.example/", "a.example\n" },
	{ "1", NULL, "https://a.example", "a.example\n" },
	{ "1", NULL, "https://a.example/b?c=d#e", "url:a.example/b?c=d\n" },
	{ "1", NULL, "http://192.0.2.1:8080/x.sh", "skipped: an address\n" },
	{ "1", NULL, "http://94.0x4A.164.136/x.odd", "skipped: an address\n" },
	{ "1", NULL, "http://a.example:443/k2Tl", "url:a.example/k2Tl\n" },
	{ "1", NULL, "https://rNHNpr.A.example", "rnhnpr.a.example\n" },
	{ "1", NULL, "ftp://u:p@a.example/all.sh", "url:a.example/all.sh\n" },
	{ "1", NULL, "tftp://192.0.2.1/.i", "skipped: an address\n" },
	{ "1", NULL, "tcp://192.0.2.1/x.sh", "skipped: an address\n" },
	{ "1", NULL, "hxxp://a[.]example/x", "url:a.example/x\n" },
	{ "1", NULL, "a[.]example", "a.example\n" },
	{ "1", NULL, "http://a.example/?hxxp:/b.example/c",
	    "url:a.example/?hxxp:/b.example/c\n" },
	{ "1", NULL, "https://https://a.example/jobs/",
	    "bad: a host without a dot\n" },
	{ "1", NULL, "https://moufflcmgz/api", "bad: a host without a dot\n" },
	{ "1", NULL, "https://a_b.example", "a_b.example\n" },
	{ "1", NULL, "http://a.example./out.php", "url:a.example/out.php\n" },
	{ "1", NULL, "http://f\xc3\xa4\xc3\xa4.example",
	    "xn--f-0faa.example\n" },
	{ "1", NULL, "https://a.example/m?x=http://b.example&e=c@b.example",
	    "url:a.example/m?x=http://b.example&e=c@b.example\n" },
	/* Without a scheme. */
	{ "1", NULL, "a.example/b", "url:a.example/b\n" },
	{ "1", NULL, "a.example?b", "url:a.example/?b\n" },
	{ "1", NULL, "a.example:8080", "a.example\n" },
	{ "1", NULL, "192.0.2.1:8080", "skipped: an address\n" },
	/* A comma that is not in quotes: the URL would be a shorter one. */
	{ NULL, NULL, "id,url\n1,http://a.example/b,c\n",
	    "-\nbad: more columns than the header has\n" },
	{ NULL, NULL, "url\nhttp://a.example/b,c;d\n",
	    "-\nurl:a.example/b,c;d\n" },
};

START_TEST(values_are_urls)
{
	items_check(&parse_csv, &urls[_i]);
}
END_TEST

/* ---- well-known feeds ---- */

static const struct items shapes[] = {
	/* URLhaus */
	{ NULL, NULL,
	    "####################################\n"
	    "# abuse.ch URLhaus Database Dump   #\n"
	    "# Terms Of Use: https://x.example/ #\n"
	    "####################################\n"
	    "#\n"
	    "# id,dateadded,url,url_status,threat,tags,reporter\n"
	    "\"1\",\"2026-02-07 04:31:13\",\"http://192.0.2.1/a,b\",\"online\","
	    "\"malware_download\",\"elf,ua-wget\",\"x\"\n"
	    "\"2\",\"2026-02-07 04:31:13\",\"http://a.example/\",\"offline\","
	    "\"malware_download\",\"elf\",\"x\"\n",
	    "-\n-\n-\n-\n-\n-\nskipped: an address\na.example\n" },
	/* ThreatFox */
	{ NULL, NULL,
	    "#\n# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\","
	    "\"tags\"\n"
	    "\"2025\", \"1\", \"https://a.example\", \"url\", \"x,y\"\n"
	    "\"2025\", \"2\", \"b.example\", \"domain\", \"\"\n"
	    "\"2025\", \"3\", \"192.0.2.1:80\", \"ip:port\", \"\"\n"
	    "\"2025\", \"4\", \"0123abcd\", \"md5_hash\", \"\"\n"
	    "# Number of entries: 4",
	    "-\n-\na.example\nb.example\n"
	    "skipped: neither a name nor a URL\n"
	    "skipped: neither a name nor a URL\n-\n" },
	/* PhishTank */
	{ NULL, NULL,
	    "phish_id,url,phish_detail_url,submission_time,target\n"
	    "1,https://a.example/,http://www.example/?id=1,2024,Other\n"
	    "2,\"https://b.example\",http://www.example/?id=2,2024,\"A, B\"\n",
	    "-\na.example\nb.example\n" },
	/* JPCERT */
	{ NULL, NULL,
	    "date,URL,description\n"
	    "2025/10/01 10:25:00,https://a.example,"
	    "\xe4\xb8\x89\xe4\xba\x95\xe4\xbd\x8f\xe5\x8f\x8b\n",
	    "-\na.example\n" },
	/* PhishStats */
	{ NULL, NULL,
	    "############\n"
	    "# x, y     #\n"
	    "# CSV: Date,Score,URL,IP       #\n"
	    "############\n"
	    "\"2026-01-02\",\"5.00\",\"https://a.example/\",\"192.0.2.1\"\n",
	    "-\n-\n-\n-\na.example\n" },
};

START_TEST(well_known_tables_of_urls_need_no_column)
{
	items_check(&parse_csv, &shapes[_i]);
}
END_TEST

static const struct items name_shapes[] = {
	/* TweetFeed */
	{ NULL, NULL,
	    "2026-07-23 01:31:00,x,domain,a.example,#phishing,https://t/1\r\n"
	    "2026-07-23 01:31:00,x,ip,192.0.2.1,,https://t/1\r\n"
	    "2026-07-23 01:31:00,x,sha256,0123,,https://t/1\r\n"
	    "2026-07-23 01:31:00,x,md5,0123,,https://t/1\r\n",
	    "a.example\n"
	    "skipped: neither a name nor a URL\n"
	    "skipped: neither a name nor a URL\n"
	    "skipped: neither a name nor a URL\n" },
	{ NULL, "2=x",
	    "2026-07-23 01:31:00,x,domain,a.example,,https://t/1\n"
	    "2026-07-23 01:31:00,y,domain,b.example,,https://t/1\n",
	    "a.example\nskipped: not what 'only' says\n" },
	/* blackbook */
	{ NULL, NULL,
	    "Domain,Malware,Date added,Source\n"
	    "a.example,keitaro,2024-09-01,ViriBack\n",
	    "-\na.example\n" },
	/* CERT Polska */
	{ NULL, NULL,
	    "PozycjaRejestru\tAdresDomeny\tDataWpisu\tDataWykreslenia\n"
	    "2\ta.example\t2026-08-12T12:22:21+00:00\t\n"
	    "1\tb.example\t2026-05-29T16:26:59\t2026-06-01T00:00:00\n",
	    "-\na.example\nskipped: listed no more\n" },
	/* AlienVault OTX, MISP */
	{ NULL, NULL,
	    "Indicator type,Indicator,Description\n"
	    "domain,a.example,\nFileHash-MD5,0123,\nhostname,b.example,x\n",
	    "-\na.example\nskipped: neither a name nor a URL\nb.example\n" },
	{ NULL, NULL,
	    "uuid,category,type,value\n"
	    "x,y,domain|ip,a.example|192.0.2.1\nx,y,ip-dst,192.0.2.1\n",
	    "-\na.example\nskipped: neither a name nor a URL\n" },
	/* Of a URL or a name the type is its publisher's word. */
	{ NULL, NULL, "domain,type\na.example,phishing\n", "-\na.example\n" },
};

START_TEST(well_known_tables_of_names_need_no_column)
{
	items_check(&parse_csv, &name_shapes[_i]);
}
END_TEST

/* ---- hostile ones ---- */

static char *
repeat(char *to, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to = stpcpy(to, text);
	return to;
}

/* ---- for who takes addresses ---- */

static const struct items addresses[] = {
	/* Feodo Tracker, Abuse.ch's SSL blacklist. */
	{ NULL, NULL,
	    "first_seen_utc,dst_ip,dst_port,c2_status\n"
	    "2026-07-23 01:31:00,192.0.2.1,443,online\n"
	    "2026-07-23 01:31:00,2001:db8::1,443,online\n"
	    "2026-07-23 01:31:00,a.example,443,online\n",
	    "-\nurl:ip:192.0.2.1/32\nurl:ip:2001:db8::1/128\na.example\n" },
	/* ThreatFox. */
	{ NULL, NULL,
	    "\"ioc_value\", \"ioc_type\"\n"
	    "\"192.0.2.1:8080\", \"ip:port\"\n"
	    "\"[2001:db8::1]:80\", \"ip:port\"\n"
	    "\"a.example\", \"domain\"\n"
	    "\"a.example:80\", \"ip:port\"\n"
	    "\"\", \"ip:port\"\n"
	    "\"0123\", \"md5_hash\"\n",
	    "-\nurl:ip:192.0.2.1/32\nurl:ip:2001:db8::1/128\na.example\n"
	    "bad: no address\nbad: no address\n"
	    "skipped: neither a name nor a URL\n" },
	/* TweetFeed. */
	{ NULL, NULL,
	    "2026-07-23 01:31:00,x,ip,192.0.2.1,,https://x.example/1\n"
	    "2026-07-23 01:31:00,x,domain,a.example,,https://x.example/1\n",
	    "url:ip:192.0.2.1/32\na.example\n" },
	{ "2", NULL, "x,192.0.2.0/24\ny,2001:db8::/32\nz,192.0.2.1/24\n",
	    "url:ip:192.0.2.0/24\nurl:ip:2001:db8::/32\n"
	    "skipped: an address or a network\n" },
	{ "where", "kind=ip", "kind,where\nip,192.0.2.1\nnet,192.0.2.2\n",
	    "-\nurl:ip:192.0.2.1/32\nskipped: not what 'only' says\n" },
	/* The address of a name is not listed with it. */
	{ NULL, NULL, "ip,domain\n192.0.2.1,a.example\n", "-\na.example\n" },
	{ NULL, NULL, "name,ip\na.example,192.0.2.1\n", "-\na.example\n" },
};

START_TEST(addresses_are_for_who_takes_them)
{
	items_check_addresses(&parse_csv, &addresses[_i]);
}
END_TEST

START_TEST(addresses_are_skipped_by_others)
{
	const struct items i = { NULL, NULL,
		"ip,port\n192.0.2.1,80\n2001:db8::1,80\n",
		"-\nskipped: an address\nskipped: an address\n" };

	items_check(&parse_csv, &i);
}
END_TEST

START_TEST(a_quote_without_end_costs_a_part_only)
{
	const size_t lines = 100;
	const struct items i = { "2", NULL, malloc(200000), malloc(2000) };
	char *text = (char *)(uintptr_t)i.text,
	     *gives = (char *)(uintptr_t)i.gives;
	char line[1024];

	ck_assert(text != NULL && gives != NULL);
	memset(line, 'a', sizeof(line));
	strcpy(line + sizeof(line) - 3, "\n");
	text = stpcpy(text, "x,a.example\n\"");
	text = repeat(text, line, lines);
	stpcpy(text, "x,b.example\n");
	gives = stpcpy(gives, "a.example\n");
	/* 64 lines of 1022 octets are under 64 KB. */
	gives = repeat(gives, "-\n", 64);
	gives = stpcpy(gives, "bad: a quote without end\n");
	gives = repeat(gives, "bad: too few columns\n", lines - 65);
	stpcpy(gives, "b.example\n");
	items_check(&parse_csv, &i);
	free((char *)(uintptr_t)i.text);
	free((char *)(uintptr_t)i.gives);
}
END_TEST

START_TEST(columns_without_number_are_counted_not_kept)
{
	struct items i = { "1", NULL, NULL, "a.example\n" };
	char text[5000] = "a.example";

	repeat(text + strlen(text), ",x", 2000);
	i.text = text;
	items_check(&parse_csv, &i);
	i.column = "256";
	i.gives = "-\nbad: a name without a dot\n";
	repeat(text + strlen(text), "\nx", 1);
	repeat(text + strlen(text), ",x", 2000 - 1745);
	items_check(&parse_csv, &i);
}
END_TEST

START_TEST(octets_of_all_kinds_are_no_name)
{
	const struct items i = { "1", NULL, "\0,a\na\0.example,\xff\n",
		"-\nbad: a character that no name has\n" };

	items_check_octets(&parse_csv, &i, 17);
}
END_TEST

/* ---- guesses ---- */

static const struct {
	const char *text;
	bool csv;
} guesses[] = {
	{ "domain,why\na.example,x\n", true },
	{ "id;url;x\n1;http://a.example/;\n", true },
	{ "# x\n#\n# id,url,x\n\"1\",\"http://a.example/\",\"\"\n", true },
	{ "# x\n\n\"Domain\",\"x\"\r\n", true },
	{ "2026-07-23 01:31:00,x,ip,192.0.2.1,,https://x.example/1\n", true },
	{ "domain\na.example\n", true },
	{ "ip,port\n192.0.2.1,80\n", true },
	{ "ip\n192.0.2.1\n", false },
	{ "url\nhttp://a.example/\n", true },
	{ "# domain\nurl\nhttp://a.example/\n", true },
	/* A list of TLDs. */
	{ "host\nicu\n", false },
	{ "name\na.example\n", false },
	{ "domain", false },
	{ "a.example\nb.example\n", false },
	{ "# domain, url\na.example\n", false },
	{ "a.example,domain\nb.example,url\n", false },
	{ "", false },
};

START_TEST(tables_are_told_from_lists)
{
	const struct parse_format *f = parse_guess(
	    guesses[_i].text, strlen(guesses[_i].text));

	ck_assert_msg((f == &parse_csv) == guesses[_i].csv, "'%s' is %s",
	    guesses[_i].text, f != NULL ? f->name : "nothing");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_csv.c");
	TCase *tc = tcase_create("tables");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, rows_are_read, 0, ROWS(syntax));
	tcase_add_loop_test(tc, columns_are_found, 0, ROWS(columns));
	tcase_add_loop_test(tc, values_are_names, 0, ROWS(values));
	tcase_add_loop_test(tc, values_are_urls, 0, ROWS(urls));
	tcase_add_loop_test(
	    tc, well_known_tables_of_urls_need_no_column, 0, ROWS(shapes));
	tcase_add_loop_test(tc, well_known_tables_of_names_need_no_column, 0,
	    ROWS(name_shapes));
	tcase_add_loop_test(
	    tc, addresses_are_for_who_takes_them, 0, ROWS(addresses));
	tcase_add_test(tc, addresses_are_skipped_by_others);
	tcase_add_test(tc, a_quote_without_end_costs_a_part_only);
	tcase_add_test(tc, columns_without_number_are_counted_not_kept);
	tcase_add_test(tc, octets_of_all_kinds_are_no_name);
	tcase_add_loop_test(tc, tables_are_told_from_lists, 0, ROWS(guesses));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
