/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "feeds/dnswire.h"
#include "tests/lib/kit.h"

static uint8_t message[65535];
static size_t len;
static struct dns_line line;

static void
put(const void *p, size_t n)
{
	ck_assert_uint_le(len + n, sizeof(message));
	memcpy(message + len, p, n);
	len += n;
}

/* An answer with a question for zone.test (at 12) and one record of it. */
static void
make(unsigned type, const void *rdata, size_t n)
{
	const uint8_t fixed[] = { 0xc0, 12, (uint8_t)(type >> 8), (uint8_t)type,
		0, 1, 0, 0, 0, 60, (uint8_t)(n >> 8), (uint8_t)n };

	len = 0;
	put("\x12\x34\x84\0\0\1\0\1\0\0\0\0", 12);
	put("\4zone\4test\0\0\xfc\0\1", 15);
	put(fixed, sizeof(fixed));
	put(rdata, n);
}

#define TEXT "zone.test.\t60\tIN\t"

/* ---- records ---- */

static const struct {
	unsigned type;
	const char *rdata;
	size_t len;
	const char *text; /* NULL: damaged */
} records[] = {
#define R(type, rdata, text) \
	{ \
		type, rdata, sizeof(rdata) - 1, text \
	}
	R(1, "\300\0\2\1", "A\t192.0.2.1"),
	R(1, "\300\0\2", NULL),
	R(1, "\300\0\2\1\0", NULL),
	R(1, "", NULL),
	R(28, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", "AAAA\t2001:db8::1"),
	R(28, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0", NULL),
	R(5, "\0", "CNAME\t."),
	R(5, "\1*\0", "CNAME\t*."),
	R(5, "\3Www\300\14", "CNAME\twww.zone.test."),
	R(5, "\300\14", "CNAME\tzone.test."),
	R(5, "\300\14\0", NULL),
	R(5, "\300", NULL),
	R(5, "\3ww", NULL),
	R(5, "", NULL),
	R(5, "\300\0", NULL),     /* points to nowhere */
	R(5, "\300\47", NULL),    /* to itself */
	R(5, "\1a\300\47", NULL), /* in a circle that grows */
	R(5, "\377\377", NULL),   /* past the end */
	R(5, "\100a\0", NULL),    /* a label of no known kind */
	R(5, "\5a.\"$\\\0", "CNAME\ta\\046\\034\\036\\092."),
	R(5, "\6 ;()@\177\0", "CNAME\t\\032\\059\\040\\041\\064\\127."),
	R(5, "\4\0\n\377/\0", "CNAME\t\\000\\010\\255/."),
	R(39, "\1x\0", "DNAME\tx."),
	R(2, "\2NS\300\14", "NS\tns.zone.test."),
	R(15, "\0\12\300\14", "MX\t10 zone.test."),
	R(15, "\0\12", NULL),
	R(33, "\0\1\0\2\377\377\1a\0", "SRV\t1 2 65535 a."),
	R(35, "\0\1\0\2\1u\0\3a\"\n\0",
	    "NAPTR\t1 2 \"u\" \"\" \"a\\034\\010\" ."),
	R(16, "\1a\0\3b c", "TXT\t\"a\" \"\" \"b c\""),
	R(16, "\0", "TXT\t\"\""),
	R(16, "\4\"\\;\t", "TXT\t\"\\034\\092;\\009\""),
	R(16, "", NULL),
	R(16, "\2a", NULL),
	R(16, "\1a\1", NULL),
	R(6, "\0\0\0\0\0\7\0\0\0\1\0\0\0\2\0\0\0\3\377\377\377\377",
	    "SOA\t. . 7 1 2 3 4294967295"),
	R(6, "\0\0\0\0\0\7\0\0\0\1\0\0\0\2\0\0\0\3", NULL),
	R(6, "\0\0\0\0\0\7\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0", NULL),
	R(6, "\0\0", NULL),
	R(99, "\1a", "SPF\t\\# 2 0161"),
	R(46, "\0\1", "RRSIG\t\\# 2 0001"),
	R(11, "\1", "WKS\t\\# 1 01"),
	R(65280, "", "TYPE65280\t\\# 0"),
	R(65280, "\xab\xcd", "TYPE65280\t\\# 2 abcd"),
	R(0, "\1", "TYPE0\t\\# 1 01"),
};
#define RECORDS (int)(sizeof(records) / sizeof(*records))

START_TEST(records_become_text)
{
	struct dns_message m;
	const char *why;

	make(records[_i].type, records[_i].rdata, records[_i].len);
	ck_assert_ptr_null(dns_open(&m, message, len));
	ck_assert_uint_eq(m.id, 0x1234);
	ck_assert_uint_eq(m.questions, 1);
	ck_assert_uint_eq(m.answers, 1);
	ck_assert_uint_eq(m.type, DNS_AXFR);
	ck_assert_uint_eq(m.tsig, 0);
	why = dns_next(&m, &line);
	if (records[_i].text == NULL) {
		ck_assert_ptr_nonnull(why);
		return;
	}
	ck_assert_msg(why == NULL, "%s", why);
	line.text[line.len] = '\0';
	ck_assert_int_eq(strncmp(line.text, TEXT, strlen(TEXT)), 0);
	ck_assert_str_eq(line.text + strlen(TEXT), records[_i].text);
	ck_assert_int_eq(line.soa, records[_i].type == DNS_SOA);
	if (line.soa)
		ck_assert_uint_eq(line.serial, 7);
}
END_TEST

/* The longest texts there are, without more memory than they need. */
START_TEST(the_longest_records)
{
	static uint8_t rdata[65000];
	static const unsigned types[] = { 16, 16, 16, 65280 };
	struct dns_message m;
	struct rusage before, after;

	memset(rdata, _i == 1 ? 1 : 0, sizeof(rdata));
	if (_i == 2)
		memset(rdata, 255, sizeof(rdata) / 256 * 256);
	getrusage(RUSAGE_SELF, &before);
	make(types[_i], rdata,
	    _i == 2 ? sizeof(rdata) / 256 * 256 : sizeof(rdata));
	ck_assert_ptr_null(dns_open(&m, message, len));
	ck_assert_ptr_null(dns_next(&m, &line));
	getrusage(RUSAGE_SELF, &after);
	ck_assert_uint_gt(line.len, 2 * sizeof(rdata));
	ck_assert_uint_lt(line.len, sizeof(line.text));
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 4096);
}
END_TEST

/* ---- messages ---- */

START_TEST(messages_that_are_none)
{
	static const struct {
		size_t at;
		uint8_t octet;
		const char *why;
	} cases[] = {
		{ 5, 2, "more than one question" },
		{ 4, 1, "more than one question" },
		{ 7, 2, "damaged" },
		{ 7, 0, "longer than its records" },
		{ 9, 1, "damaged" },
		{ 11, 1, "damaged" },
		{ 6, 255, "damaged" },
		{ 12, 64, "damaged" },
		{ 12, 63, "damaged" },
		{ 12, 0xc0, "damaged" },
		{ 26, 3, "another class" },
		{ 38, 5, "damaged" },
		{ 38, 3, "longer than its records" },
		{ 37, 255, "damaged" },
	};
	struct dns_message m;
	const char *why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		make(1, "\300\0\2\1", 4);
		message[cases[i].at] = cases[i].octet;
		why = dns_open(&m, message, len);
		ck_assert_msg(why != NULL && strstr(why, cases[i].why) != NULL,
		    "octet %zu: %s", cases[i].at, why != NULL ? why : "good");
	}
	for (size_t n = 0; n < 43; n++) {
		make(1, "\300\0\2\1", 4);
		ck_assert_ptr_nonnull(dns_open(&m, message, n));
	}
	/* A record of another class is found when its turn comes. */
	make(1, "\300\0\2\1", 4);
	message[32] = 3;
	ck_assert_ptr_null(dns_open(&m, message, len));
	ck_assert_str_eq(dns_next(&m, &line), "a record is of another class");
}
END_TEST

/* Any octets changed: an answer or a reason, and nothing outside. */
START_TEST(spoilt_messages)
{
	uint8_t *copy;
	struct dns_message m;
	struct dns_tsig tsig;

	for (unsigned n = 0; n < 200000; n++) {
		unsigned i = kit_below(RECORDS);

		make(records[i].type, records[i].rdata, records[i].len);
		for (unsigned k = kit_below(4) + 1; k > 0; k--)
			message[kit_below((unsigned)len)] = (uint8_t)
			    kit_random();
		copy = malloc(len);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, message, len);
		if (dns_open(&m, copy, len) == NULL) {
			for (unsigned k = 0; k < m.answers; k++)
				if (dns_next(&m, &line) != NULL)
					break;
			if (m.tsig != 0)
				dns_tsig(&m, &tsig);
		}
		free(copy);
	}
}
END_TEST

START_TEST(questions)
{
	static const uint8_t axfr[] = "\xab\xcd\0\0\0\1\0\0\0\0\0\0"
				      "\4zone\4test\0\0\xfc\0\1";
	struct fsk_name zone = kit_name("Zone.Test");
	uint8_t query[DNS_QUERY_MAX];
	struct dns_message m;
	size_t n = dns_query(query, 0xabcd, &zone, DNS_AXFR, 0);

	ck_assert_uint_eq(n, sizeof(axfr) - 1);
	ck_assert_int_eq(memcmp(query, axfr, n), 0);
	n = dns_query(query, 1, &zone, DNS_IXFR, 4294967290u);
	ck_assert_ptr_null(dns_open(&m, query, n));
	ck_assert_uint_eq(m.type, DNS_IXFR);
	ck_assert_uint_eq(query[9], 1); /* in the authority section */
	ck_assert_ptr_null(dns_next(&m, &line));
	ck_assert_uint_eq(line.serial, 4294967290u);
	ck_assert_uint_eq(line.name.len, zone.len);
	ck_assert_int_eq(memcmp(line.name.wire, zone.wire, zone.len), 0);
	/* The longest name there is, of the longest text. */
	zone = kit_any_name(255);
	n = dns_query(query, 1, &zone, DNS_IXFR, 7);
	ck_assert_ptr_null(dns_open(&m, query, n));
	ck_assert_int_eq(memcmp(m.name.wire, zone.wire, zone.len), 0);
}
END_TEST

/* ---- keyed hashes ---- */

/* RFC 2202 section 3 and RFC 4231 section 4: cases 1 and 6. */
static const struct {
	const char *algorithm;
	unsigned key, octet; /* so many of this */
	const char *data, *mac;
} macs[] = {
	{ "hmac-sha1", 20, 0x0b, "Hi There",
	    "b617318655057264e28bc0b6fb378c8ef146be00" },
	{ "hmac-sha1", 80, 0xaa,
	    "Test Using Larger Than Block-Size Key - Hash Key First",
	    "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
	{ "HMAC-SHA256.", 20, 0x0b, "Hi There",
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff"
	    "7" },
	{ "hmac-sha256", 131, 0xaa,
	    "Test Using Larger Than Block-Size Key - Hash Key First",
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f5"
	    "4" },
	{ "hmac-sha384", 20, 0x0b, "Hi There",
	    "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	    "faea9ea9076ede7f4af152e8b2fa9cb6" },
	{ "hmac-sha384", 131, 0xaa,
	    "Test Using Larger Than Block-Size Key - Hash Key First",
	    "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
	    "0c2ef6ab4030fe8296248df163f44952" },
	{ "hmac-sha512", 20, 0x0b, "Hi There",
	    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	    "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a12685"
	    "4" },
	{ "hmac-sha512", 131, 0xaa,
	    "Test Using Larger Than Block-Size Key - Hash Key First",
	    "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	    "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d78659"
	    "8" },
};
#define MACS (int)(sizeof(macs) / sizeof(*macs))

static void
base64(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)p[i] << 16;

		v |= i + 1 < n ? (unsigned)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*out++ = i + 2 < n ? digits[v & 63] : '=';
	}
	*out = '\0';
}

START_TEST(keyed_hashes)
{
	const char *data = macs[_i].data;
	uint8_t key[131], mac[DNS_MAC_MAX];
	char secret[200], text[2 * DNS_MAC_MAX + 1];
	struct dns_mac *m;
	const char *why;

	memset(key, (int)macs[_i].octet, sizeof(key));
	base64(key, macs[_i].key, secret);
	m = dns_mac_new(macs[_i].algorithm, secret, &why);
	ck_assert_ptr_nonnull(m);
	/* Twice: it begins anew, and takes pieces. */
	for (unsigned k = 0; k < 2; k++) {
		dns_mac_add(m, data, 3);
		dns_mac_add(m, data + 3, strlen(data) - 3);
		dns_mac_end(m, mac);
		for (size_t i = 0; i < dns_mac_len(m); i++)
			snprintf(text + 2 * i, 3, "%02x", mac[i]);
		ck_assert_str_eq(text, macs[_i].mac);
	}
	dns_mac_free(m);
	dns_mac_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/dnswire.c");
	TCase *tc = tcase_create("messages");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, records_become_text, 0, RECORDS);
	tcase_add_loop_test(tc, the_longest_records, 0, 4);
	tcase_add_test(tc, messages_that_are_none);
	tcase_add_test(tc, spoilt_messages);
	tcase_add_test(tc, questions);
	tcase_add_loop_test(tc, keyed_hashes, 0, MACS);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
