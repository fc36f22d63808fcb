/* SPDX-License-Identifier: BSD-3-Clause */
/* Zones from a real NSD; what no good server says is in check_xfr.c. */
#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/transfer.h"
#include "tests/e2e/nsd.h"
#include "tests/lib/kit.h"

#define SECRET "c2VjcmV0IG9mIGZyYXVkc2luaydzIHRlc3RzIQ=="
#define OTHER  "YW5vdGhlciBzZWNyZXQsIG9mIG5vIHVzZSBoZXJl"

static char folder[128], server[64], to[160], have[160];
static struct nsd nsd;

static const char sections[] =
    "key:\n name: one.test\n algorithm: hmac-sha1\n secret: \"" SECRET "\"\n"
    "key:\n name: two.test\n algorithm: hmac-sha256\n secret: \"" SECRET "\"\n"
    "key:\n name: three.test\n algorithm: hmac-sha384\n secret: \"" SECRET
    "\"\n"
    "key:\n name: five.test\n algorithm: hmac-sha512\n secret: \"" SECRET "\"\n"
    "key:\n name: idle.test\n algorithm: hmac-sha256\n secret: \"" SECRET "\"\n"
    "pattern:\n name: served\n store-ixfr: yes\n create-ixfr: yes\n"
    " ixfr-size: 100000000\n"
    "zone:\n name: open.test\n zonefile: open.zone\n"
    " include-pattern: served\n provide-xfr: 127.0.0.0/8 NOKEY\n"
    "zone:\n name: signed.test\n zonefile: signed.zone\n"
    " include-pattern: served\n"
    " provide-xfr: 127.0.0.0/8 one.test\n provide-xfr: 127.0.0.0/8 two.test\n"
    " provide-xfr: 127.0.0.0/8 three.test\n"
    " provide-xfr: 127.0.0.0/8 five.test\n"
    "zone:\n name: closed.test\n zonefile: open.zone\n";

/* ---- zones ---- */

static void
write_zone(const char *file, const char *text)
{
	char path[192], temporary[200];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	write_file(temporary, text, strlen(text));
	ck_assert_int_eq(rename(temporary, path), 0);
}

/* A zone of up to NAMES names as the test knows it: which are there, and with
 * which TTL. */
struct model {
	unsigned names;
	unsigned char *ttl; /* 0: not there */
};

static void
change(struct model *m, unsigned times)
{
	while (times-- > 0)
		m->ttl[kit_below(m->names)] = (unsigned char)kit_below(4);
}

static void
write_model(
    const struct model *m, const char *zone, const char *file, uint32_t serial)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	fprintf(f,
	    "%s. 60 IN SOA ns.test. admin.test. %u 3600 1200 604800 60\n"
	    "%s. 60 IN NS ns.test.\n",
	    zone, serial, zone);
	for (unsigned i = 0; i < m->names; i++)
		if (m->ttl[i] != 0)
			fprintf(f,
			    "bad%u.example.%s. %u IN CNAME .\n"
			    "*.bad%u.example.%s. 60 IN CNAME .\n",
			    i, zone, m->ttl[i], i, zone);
	ck_assert_int_eq(fclose(f), 0);
	write_zone(file, text);
	free(text);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Fails unless the file PATH is the text of M. */
static void
is_model(const struct model *m, const char *zone, uint32_t serial,
    const char *path, uint64_t records)
{
	char **line = calloc(2 * m->names + 1, sizeof(*line)), soa[256];
	char *text = read_text(path), *save, *got;
	size_t n = 0;

	snprintf(soa, sizeof(soa),
	    "%s.\t60\tIN\tSOA\tns.test. admin.test. %u 3600 1200 604800 60",
	    zone, serial);
	ck_assert_int_ne(
	    asprintf(&line[n++], "%s.\t60\tIN\tNS\tns.test.", zone), -1);
	for (unsigned i = 0; i < m->names; i++) {
		if (m->ttl[i] == 0)
			continue;
		ck_assert_int_ne(
		    asprintf(&line[n++], "bad%u.example.%s.\t%u\tIN\tCNAME\t.",
			i, zone, m->ttl[i]),
		    -1);
		ck_assert_int_ne(
		    asprintf(&line[n++],
			"*.bad%u.example.%s.\t60\tIN\tCNAME\t.", i, zone),
		    -1);
	}
	qsort(line, n, sizeof(*line), by_text);
	got = strtok_r(text, "\n", &save);
	ck_assert_ptr_nonnull(got);
	ck_assert_str_eq(got, soa);
	for (size_t i = 0; i < n; i++) {
		got = strtok_r(NULL, "\n", &save);
		ck_assert_ptr_nonnull(got);
		ck_assert_str_eq(got, line[i]);
		free(line[i]);
	}
	ck_assert_ptr_null(strtok_r(NULL, "\n", &save));
	ck_assert_uint_eq(records, n + 1);
	free(line);
	free(text);
}

/* ---- transfers ---- */

static void
setup(void)
{
	char out[160];

	kit_seed(7);
	snprintf(
	    folder, sizeof(folder), "%s/%ld", procs_folder(), (long)getpid());
	snprintf(out, sizeof(out), "%s/out", folder);
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	ck_assert_int_eq(mkdir(out, 0755), 0);
	snprintf(to, sizeof(to), "%s/out/zone", folder);
	snprintf(have, sizeof(have), "%s/out/kept", folder);
	snprintf(server, sizeof(server), "%s:5301", own_address());
}

static struct model
serve(unsigned names)
{
	struct model m = { .names = names };

	m.ttl = malloc(names);
	ck_assert_ptr_nonnull(m.ttl);
	memset(m.ttl, 60, names);
	write_model(&m, "open.test", "open.zone", 1);
	write_model(&m, "signed.test", "signed.zone", 1);
	nsd_start(&nsd, folder, 5301, sections);
	return m;
}

static unsigned
files_left(void)
{
	char out[160];
	unsigned n = 0;
	DIR *d;

	snprintf(out, sizeof(out), "%s/out", folder);
	d = opendir(out);
	ck_assert_ptr_nonnull(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(d);
	return n;
}

static struct transfer_request
request(const char *zone)
{
	return (struct transfer_request){
		.feed = "test",
		.server = server,
		.zone = zone,
		.to = to,
		.max_bytes = 1 << 30,
		.max_seconds = (uint64_t)patience(30000) / 1000,
		.connect_seconds = 5,
	};
}

static struct transfer_request
signed_request(const char *key, const char *algorithm)
{
	struct transfer_request req = request("signed.test");

	req.tsig_name = key;
	req.tsig_algorithm = algorithm;
	req.tsig_secret = SECRET;
	return req;
}

static struct transfer_result
get(const struct transfer_request *req, enum transfer_status want)
{
	const unsigned before = files_left();
	struct transfer_result res;

	transfer(req, &res);
	ck_assert_msg(res.status == want, "status %d: %s", res.status, res.why);
	/* Nothing is left behind, and no message has a secret. */
	if (want != TRANSFER_NEW)
		ck_assert_uint_eq(files_left(), before);
	ck_assert_ptr_null(strstr(res.why, SECRET));
	ck_assert_ptr_null(strstr(res.why, OTHER));
	ck_assert(want != TRANSFER_FAILED || res.why[0] != '\0');
	return res;
}

static void
says(const struct transfer_result *res, const char *what)
{
	ck_assert_msg(
	    strstr(res->why, what) != NULL, "'%s' has no '%s'", res->why, what);
}

/* ---- whole zones ---- */

START_TEST(a_whole_zone_becomes_text)
{
	static const char zone[] =
	    "$ORIGIN open.test.\n"
	    "@ 300 IN SOA ns.test. admin.test. 4294967295 3600 1200 604800 60\n"
	    "@ 300 IN NS localhost.\n"
	    "bad.example 300 IN CNAME .\n"
	    "*.bad.example 300 IN CNAME .\n"
	    "nodata.example 300 IN CNAME *.\n"
	    "good.example 300 IN CNAME rpz-passthru.\n"
	    "32.1.2.0.192.rpz-ip 300 IN CNAME .\n"
	    "local.example 300 IN A 192.0.2.1\n"
	    "local.example 300 IN AAAA 2001:db8::1\n"
	    "local.example 300 IN MX 10 mail.example.\n"
	    "local.example 300 IN TXT \"a b\" \"q\\\"uo\\\\te;\" \"\\001\" "
	    "\"\"\n"
	    "local.example 300 IN CAA 0 issue \"ca.test\"\n"
	    "local.example 300 IN TYPE65280 \\# 3 01ab03\n"
	    "empty.example 300 IN TYPE65280 \\# 0\n"
	    "_x._tcp.example 300 IN SRV 1 2 3 target.example.\n"
	    "naptr.example 300 IN NAPTR 1 2 \"u\" \"E2U+sip\" \"!^.*$!x!\" .\n"
	    "a\\.b\\\"c\\;d\\032e\\\\f\\@g/h.example 300 IN CNAME .\n"
	    "\\$origin.example 300 IN CNAME .\n";
	static const char text[] =
	    "open.test.\t300\tIN\tSOA\tns.test. admin.test. 4294967295 3600 "
	    "1200 604800 60\n"
	    "*.bad.example.open.test.\t300\tIN\tCNAME\t.\n"
	    "32.1.2.0.192.rpz-ip.open.test.\t300\tIN\tCNAME\t.\n"
	    "\\036origin.example.open.test.\t300\tIN\tCNAME\t.\n"
	    "_x._tcp.example.open.test.\t300\tIN\tSRV\t1 2 3 target.example.\n"
	    "a\\046b\\034c\\059d\\032e\\092f\\064g/h.example.open.test.\t300\t"
	    "IN\tCNAME\t.\n"
	    "bad.example.open.test.\t300\tIN\tCNAME\t.\n"
	    "empty.example.open.test.\t300\tIN\tTYPE65280\t\\# 0\n"
	    "good.example.open.test.\t300\tIN\tCNAME\trpz-passthru.\n"
	    "local.example.open.test.\t300\tIN\tA\t192.0.2.1\n"
	    "local.example.open.test.\t300\tIN\tAAAA\t2001:db8::1\n"
	    "local.example.open.test.\t300\tIN\tCAA\t\\# 14 "
	    "0005697373756563612e74657374\n"
	    "local.example.open.test.\t300\tIN\tMX\t10 mail.example.\n"
	    "local.example.open.test.\t300\tIN\tTXT\t\"a b\" "
	    "\"q\\034uo\\092te;\" \"\\001\" \"\"\n"
	    "local.example.open.test.\t300\tIN\tTYPE65280\t\\# 3 01ab03\n"
	    "naptr.example.open.test.\t300\tIN\tNAPTR\t1 2 \"u\" \"E2U+sip\" "
	    "\"!^.*$!x!\" .\n"
	    "nodata.example.open.test.\t300\tIN\tCNAME\t*.\n"
	    "open.test.\t300\tIN\tNS\tlocalhost.\n";
	struct transfer_request req = request("Open.Test.");
	struct transfer_result res;
	char command[1024], log[192], *got;

	write_zone("open.zone", zone);
	write_zone("signed.zone", "");
	nsd_start(&nsd, folder, 5301, sections);
	res = get(&req, TRANSFER_NEW);
	got = read_text(to);
	ck_assert_str_eq(got, text);
	free(got);
	ck_assert_uint_eq(res.serial, 4294967295u);
	ck_assert_uint_eq(res.records, 18);
	ck_assert_uint_gt(res.bytes, 400);
	ck_assert(!res.incremental);
	/* Another reader of zone text finds the same in it. */
	snprintf(command, sizeof(command),
	    "cd '%s' && PATH=$PATH:/usr/sbin && o='-q -i none -k ignore' && "
	    "named-compilezone $o -o a open.test open.zone && "
	    "named-compilezone $o -o b open.test out/zone && cmp a b",
	    folder);
	snprintf(log, sizeof(log), "%s/compile.log", folder);
	proc_run(
	    log, (const char *const[]){ "/bin/sh", "-c", command, NULL }, 0);
	nsd_stop(&nsd);
}
END_TEST

/* Over 96 messages: NSD signs the first, each 96th and the last. */
START_TEST(a_large_signed_zone_comes_whole)
{
	struct model m = serve(60000);
	struct transfer_request req = signed_request("two.test", "hmac-sha256");
	struct transfer_result res = get(&req, TRANSFER_NEW);

	ck_assert_uint_gt(res.bytes, 97 * 16384);
	is_model(&m, "signed.test", 1, to, res.records);
	free(m.ttl);
	nsd_stop(&nsd);
}
END_TEST

static const struct {
	const char *key, *algorithm, *secret, *why;
} keys[] = {
	{ "one.test", "hmac-sha1", SECRET, NULL },
	{ "two.test", "hmac-sha256", SECRET, NULL },
	{ "Two.Test.", "HMAC-SHA256.", SECRET, NULL },
	{ "two.test", NULL, SECRET, NULL },
	{ "two.test", NULL, NULL, "base64" },
	{ "three.test", "hmac-sha384", SECRET, NULL },
	{ "five.test", "hmac-sha512", SECRET, NULL },
	{ "two.test", "hmac-sha256", OTHER, "BADSIG" },
	{ "none.test", "hmac-sha256", SECRET, "BADKEY" },
	{ "two.test", "hmac-sha512", SECRET, "the server answers REFUSED" },
	{ "idle.test", "hmac-sha256", SECRET, "the server answers" },
	{ NULL, NULL, NULL, "the server answers" },
	{ "two.test", "hmac-md5", SECRET, "algorithm is not known" },
	{ "two.test", "hmac-sha2567", SECRET, "algorithm is not known" },
	{ "two.test", "", SECRET, "algorithm is not known" },
	{ "two..test", "hmac-sha256", SECRET, "TSIG name" },
	{ "two.test", "hmac-sha256", "no base64!", "base64" },
	{ "two.test", "hmac-sha256", "", "base64" },
	{ "two.test", "hmac-sha256", SECRET "=", "base64" },
};
#define KEYS (int)(sizeof(keys) / sizeof(*keys))

START_TEST(signatures)
{
	struct model m = serve(10);
	struct transfer_request req = signed_request(
	    keys[_i].key, keys[_i].algorithm);
	struct transfer_result res;

	req.tsig_secret = keys[_i].secret;
	res = get(&req, keys[_i].why == NULL ? TRANSFER_NEW : TRANSFER_FAILED);
	if (keys[_i].why == NULL)
		is_model(&m, "signed.test", 1, to, res.records);
	else
		says(&res, keys[_i].why);
	ck_assert_ptr_null(strstr(res.why, "no base64!"));
	free(m.ttl);
	nsd_stop(&nsd);
}
END_TEST

/* ---- differences ---- */

/* Versions that follow each other, got one by one and several at once; each
 * time the text is that of a whole transfer. */
START_TEST(differences_make_the_same_text_as_a_whole_zone)
{
	struct model m = serve(2000);
	struct transfer_request req = _i == 0
	    ? request("open.test")
	    : signed_request("two.test", "hmac-sha256");
	const char *file = _i == 0 ? "open.zone" : "signed.zone";
	struct transfer_result res = get(&req, TRANSFER_NEW);
	char *whole, *changed;

	req.have = have;
	for (uint32_t serial = 2; serial < 12; serial++) {
		/* The first time for what was just got, then for more. */
		if (serial == 2 || serial % 3 == 0) {
			ck_assert_int_eq(rename(to, have), 0);
			res = get(&req, TRANSFER_UNCHANGED);
			ck_assert_uint_eq(res.serial, serial - 1);
			ck_assert_uint_lt(res.bytes, 1000);
		}
		change(&m, serial == 7 ? 1 : 300);
		write_model(&m, req.zone, file, serial);
		nsd_reload(&nsd, req.zone, serial);
		res = get(&req, TRANSFER_NEW);
		ck_assert(res.incremental);
		ck_assert_uint_eq(res.serial, serial);
		is_model(&m, req.zone, serial, to, res.records);
		changed = read_text(to);
		req.have = NULL;
		res = get(&req, TRANSFER_NEW);
		ck_assert(!res.incremental);
		req.have = have;
		whole = read_text(to);
		ck_assert_str_eq(whole, changed);
		free(whole);
		free(changed);
	}
	free(m.ttl);
	nsd_stop(&nsd);
}
END_TEST

/* What is kept is of no use: then the whole zone comes. */
static const struct {
	const char *from, *to; /* what is changed in the kept text */
} kept[] = {
	{ "open.test.\t60\tIN\tSOA", "opera.test.\t60\tIN\tSOA" },
	{ " 1 3600 ", " 1x3600 " },
	{ " 1 3600 ", " 99999999999 3600 " },
	{ "\t60\tIN\tSOA", "\t61\tIN\tSOA" },
	{ "bad1.example.open.test.\t60\t", "bad1.example.open.test.\t59\t" },
	{ "\nbad1.example.open.test.\t60\tIN\tCNAME\t.\n", "\n" },
	{ "\nbad2.example.open.test.\t60\tIN\tCNAME\t.\n",
	    "\nbad2.example.open.test.\t60\tIN\tCNAME\t.\n"
	    "bad2.example.open.test.\t60\tIN\tCNAME\t.\n" },
	{ "\tIN\tNS\tns.test.\n", "\tIN\tNS\tns.test." },
	{ "open.test.", "" },
};
#define KEPT (int)(sizeof(kept) / sizeof(*kept))

START_TEST(what_is_kept_but_of_no_use)
{
	struct model m = serve(5);
	struct transfer_request req = request("open.test");
	struct transfer_result res = get(&req, TRANSFER_NEW);
	char *text = read_text(to), *at = strstr(text, kept[_i].from);
	FILE *f = fopen(have, "we");

	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%.*s%s%s", (int)(at - text), text, kept[_i].to,
	    at + strlen(kept[_i].from));
	ck_assert_int_eq(fclose(f), 0);
	free(text);
	m.ttl[1] = 0;
	write_model(&m, "open.test", "open.zone", 2);
	nsd_reload(&nsd, "open.test", 2);
	req.have = have;
	res = get(&req, TRANSFER_NEW);
	ck_assert(!res.incremental);
	is_model(&m, "open.test", 2, to, res.records);
	/* Nor is a file that is not there, or empty. */
	ck_assert_int_eq(unlink(have), 0);
	res = get(&req, TRANSFER_NEW);
	ck_assert(!res.incremental);
	write_file(have, "", 0);
	res = get(&req, TRANSFER_NEW);
	ck_assert(!res.incremental);
	free(m.ttl);
	nsd_stop(&nsd);
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(refusals_and_limits)
{
	struct model m = serve(500);
	struct transfer_request req = request("closed.test");
	struct transfer_result res = get(&req, TRANSFER_FAILED);
	atomic_bool stop = true;

	says(&res, "the server answers REFUSED");
	says(&res, server);
	req = request("absent.test");
	res = get(&req, TRANSFER_FAILED);
	says(&res, "the server answers");
	req = request("open..test");
	res = get(&req, TRANSFER_FAILED);
	says(&res, "'open..test'");

	/* What comes is within the limit, the text of it is not. */
	req = request("open.test");
	res = get(&req, TRANSFER_NEW);
	write_file(to, "kept", 4);
	req.max_bytes = res.bytes;
	res = get(&req, TRANSFER_FAILED);
	says(&res, "the zone is over the limit");
	req.max_bytes = 1000;
	res = get(&req, TRANSFER_FAILED);
	says(&res, "the answer is over the limit of 1000 octets");

	req = request("open.test");
	req.stop = &stop;
	res = get(&req, TRANSFER_FAILED);
	says(&res, "stopped");
	req.stop = NULL;
	req.max_seconds = 0;
	res = get(&req, TRANSFER_FAILED);
	says(&res, "time");
	ck_assert_uint_eq(occurrences(to, "kept"), 1);

	req = request("open.test");
	req.to = "/proc/nowhere/zone";
	res = get(&req, TRANSFER_FAILED);
	says(&res, "/proc/nowhere");
	free(m.ttl);
	nsd_stop(&nsd);
	req.to = to;
	res = get(&req, TRANSFER_FAILED);
	says(&res, "Connection refused");
	says(&res, own_address());
}
END_TEST

START_TEST(servers_that_are_none)
{
	static const char *const bad[] = { "", ":53", "host:", "host:0",
		"host:65536", "host:http", "[::1", "[::1]53", "[]:53",
		"host:-1" };
	struct transfer_request req = request("open.test");
	struct transfer_result res;
	char text[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		req.server = bad[i];
		res = get(&req, TRANSFER_FAILED);
		snprintf(text, sizeof(text), "'%s' is no address", bad[i]);
		says(&res, text);
	}
	req.server = "nowhere.invalid";
	res = get(&req, TRANSFER_FAILED);
	says(&res, "cannot find 'nowhere.invalid'");
}
END_TEST

/* ---- addresses ---- */

/* Stands before libc's: the name "many.test" has three addresses, and the
 * server listens on the last. */
int
getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
    struct addrinfo **list)
{
	static const char *const many[] = { "::1", "127.0.0.1" };
	int (*real)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	int rc;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (strcmp(name, "many.test") != 0)
		return real(name, port, hints, list);
	for (unsigned i = 0; i < 2; i++) {
		rc = real(many[i], port, hints, list);
		if (rc != 0)
			return rc;
		list = &(*list)->ai_next;
	}
	return real(own_address(), port, hints, list);
}

START_TEST(addresses_in_brackets)
{
	struct model m = serve(10);
	struct transfer_request req = request("open.test");
	struct transfer_result res;
	char text[64];

	snprintf(text, sizeof(text), "[%s]:5301", own_address());
	req.server = text;
	get(&req, TRANSFER_NEW);
	nsd_stop(&nsd);
	req.server = "[::1]:1";
	res = get(&req, TRANSFER_FAILED);
	says(&res, "[::1]:1: cannot connect to ::1: ");
	free(m.ttl);
}
END_TEST

START_TEST(all_addresses_of_a_name_are_tried)
{
	struct model m = serve(10);
	struct transfer_request req = request("open.test");
	struct transfer_result res;
	long start;

	req.server = "many.test:5301";
	res = get(&req, TRANSFER_NEW);
	is_model(&m, "open.test", 1, to, res.records);
	/* One refuses, but the others may come up: they are asked again. */
	req.zone = "closed.test";
	req.retries = 1;
	req.backoff_ms = 300;
	start = now_ms();
	res = get(&req, TRANSFER_FAILED);
	says(&res, "many.test:5301: the server answers REFUSED");
	ck_assert_int_ge(now_ms() - start, 300);
	nsd_stop(&nsd);
	res = get(&req, TRANSFER_FAILED);
	says(&res, "many.test:5301: cannot connect to 127.");
	free(m.ttl);
}
END_TEST

START_TEST(a_server_that_comes_back_is_asked_again)
{
	struct model m;
	struct transfer_request req = request("open.test");
	struct transfer_result res;
	long start = now_ms();

	req.retries = 2;
	req.backoff_ms = 50;
	res = get(&req, TRANSFER_FAILED);
	says(&res, "Connection refused");
	ck_assert_int_ge(now_ms() - start, 150);
	m = serve(10);
	res = get(&req, TRANSFER_NEW);
	free(m.ttl);
	nsd_stop(&nsd);
}
END_TEST

/* Sends half of a message to each that comes. */
static void *
cut_off(void *arg)
{
	static const uint8_t half[302] = { 600 >> 8, 600 & 0xff };
	const int listener = *(const int *)arg;
	uint8_t question[512];

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd == -1)
			return NULL;
		if (read(fd, question, sizeof(question)) > 0)
			ck_assert_int_eq(
			    write(fd, half, sizeof(half)), sizeof(half));
		close(fd);
	}
}

START_TEST(each_try_has_the_whole_limit)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct transfer_request req = request("open.test");
	struct transfer_result res;
	socklen_t len = sizeof(at);
	pthread_t thread;
	char text[64];

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(
	    getsockname(listener, (struct sockaddr *)&at, &len), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, cut_off, &listener), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(at.sin_port));
	req.server = text;
	req.max_bytes = 1000;
	req.retries = 2;
	req.backoff_ms = 1;
	res = get(&req, TRANSFER_FAILED);
	says(&res, "the server cut the connection off");
	shutdown(listener, SHUT_RDWR);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	close(listener);
}
END_TEST

/* ---- threads ---- */

static void *
run(void *arg)
{
	struct transfer_request req = signed_request("two.test", "hmac-sha256");
	char path[200];
	struct transfer_result *res = arg;

	snprintf(path, sizeof(path), "%s.%p", to, arg);
	req.to = path;
	transfer(&req, res);
	return NULL;
}

START_TEST(many_at_once)
{
	struct model m = serve(5000);
	struct transfer_result res[4];
	pthread_t thread[4];
	char path[200];

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(
		    pthread_create(&thread[i], NULL, run, &res[i]), 0);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		ck_assert_msg(res[i].status == TRANSFER_NEW, "%s", res[i].why);
		snprintf(path, sizeof(path), "%s.%p", to, (void *)&res[i]);
		is_model(&m, "signed.test", 1, path, res[i].records);
	}
	free(m.ttl);
	nsd_stop(&nsd);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/transfer.c");
	TCase *tc = tcase_create("transfers");

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_whole_zone_becomes_text);
	tcase_add_test(tc, a_large_signed_zone_comes_whole);
	tcase_add_loop_test(tc, signatures, 0, KEYS);
	tcase_add_loop_test(
	    tc, differences_make_the_same_text_as_a_whole_zone, 0, 2);
	tcase_add_loop_test(tc, what_is_kept_but_of_no_use, 0, KEPT);
	tcase_add_test(tc, refusals_and_limits);
	tcase_add_test(tc, servers_that_are_none);
	tcase_add_test(tc, addresses_in_brackets);
	tcase_add_test(tc, all_addresses_of_a_name_are_tried);
	tcase_add_test(tc, a_server_that_comes_back_is_asked_again);
	tcase_add_test(tc, each_try_has_the_whole_limit);
	tcase_add_test(tc, many_at_once);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
