/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams of records as no good server sends them, and the order of good ones,
 * through the whole of transfer(). */
#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/transfer.h"
#include "feeds/xfr.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/hostile.h"
#include "tests/lib/kit.h"

static char to[256], have[256];

static void
setup(void)
{
	kit_setup();
	snprintf(to, sizeof(to), "%s", kit_path("zone"));
	snprintf(have, sizeof(have), "%s", kit_path("kept"));
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The text of the zone that is written as "S3 a b c=5", for free(). */
static char *
text_of(const char *zone)
{
	char *copy = strdup(zone), *save, *text = NULL, *line[64];
	unsigned n = 0;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(copy);
	ck_assert_ptr_nonnull(f);
	fprintf(f,
	    HOSTILE_ZONE ".\t60\tIN\tSOA\tns.test. admin.test. %s 3600 1200 "
			 "604800 60\n",
	    strtok_r(copy, " ", &save) + 1);
	for (char *name; (name = strtok_r(NULL, " ", &save)) != NULL;) {
		char *ttl = strchr(name, '=');

		if (ttl != NULL)
			*ttl++ = '\0';
		ck_assert_int_ne(asprintf(&line[n++],
				     "%s." HOSTILE_ZONE ".\t%s\tIN\tCNAME\t.\n",
				     name, ttl != NULL ? ttl : "60"),
		    -1);
	}
	qsort(line, n, sizeof(*line), by_text);
	for (unsigned i = 0; i < n; i++) {
		fputs(line[i], f);
		free(line[i]);
	}
	ck_assert_int_eq(fclose(f), 0);
	free(copy);
	return text;
}

static struct transfer_request
request(const struct hostile *h, bool sign)
{
	return (struct transfer_request){
		.feed = "test",
		.server = h->server,
		.zone = HOSTILE_ZONE,
		.to = to,
		.tsig_name = sign ? HOSTILE_KEY : NULL,
		.tsig_algorithm = "hmac-sha256",
		.tsig_secret = HOSTILE_SECRET,
		.max_bytes = 4 << 20,
		.max_seconds = (uint64_t)patience(20000) / 1000,
		.connect_seconds = 5,
	};
}

/* Transfers; what must not be replaced is not, and nothing else is left. */
static struct transfer_result
get(const struct transfer_request *req, enum transfer_status want,
    const char *text)
{
	struct transfer_result res;
	char *got;

	write_file(to, "before", 6);
	transfer(req, &res);
	ck_assert_msg(res.status == want, "status %d: %s", res.status, res.why);
	got = read_text(to);
	ck_assert_str_eq(got, want == TRANSFER_NEW ? text : "before");
	free(got);
	ck_assert_uint_eq(kit_files(), req->have != NULL ? 2 : 1);
	ck_assert_ptr_null(strstr(res.why, HOSTILE_SECRET));
	return res;
}

/* ---- good and bad orders ---- */

#define REFUSED "the server answers REFUSED"
#define FOLLOW  "records follow"

static const struct {
	const char *have, *ixfr, *axfr; /* zone, scripts */
	const char *want;               /* a zone, "same", or why it failed */
	bool whole;                     /* not by differences */
} orders[] = {
	/* Whole zones. */
	{ NULL, NULL, "S1 a b c S1", "S1 a b c", true },
	{ NULL, NULL, "S1 S1", "S1", true },
	{ NULL, NULL, "S1 / c / b a / S1", "S1 a b c", true },
	{ NULL, NULL, "S1 a / !none b / c S1", "S1 a b c", true },
	{ NULL, NULL, "S1 b a b a S1", "S1 a b", true },
	{ NULL, NULL, "S1 A b S1", "S1 a b", true },
	{ NULL, NULL, "S1 a a=5 S1", "S1 a a=5", true },
	{ NULL, NULL, "a S1 S1", "does not begin with its SOA", false },
	{ NULL, NULL, "S1 a S2", "does not end with the SOA", false },
	{ NULL, NULL, "S1 a S1 b", FOLLOW, false },
	{ NULL, NULL, "S1 a S1 S1", FOLLOW, false },
	{ NULL, NULL, "Z1 a Z1", "a SOA is of another zone", false },
	{ NULL, NULL, "S1 a Z1", "a SOA is of another zone", false },
	{ NULL, NULL, "!type S1 a S1", "answers another question", false },
	{ NULL, NULL, "!zone S1 a S1", "answers another question", false },
	{ NULL, NULL, "!none S1 a S1", "answers another question", false },
	{ NULL, NULL, "!id S1 a S1", "another id", false },
	{ NULL, NULL, "S1 a / !id b S1", "another id", false },
	{ NULL, NULL, "!query S1 a S1", "is no answer", false },
	{ NULL, NULL, "!opcode S1 a S1", "is no answer", false },
	{ NULL, NULL, "!questions S1 a S1", "more than one question", false },
	{ NULL, NULL, "!class S1 a S1", "another class", false },
	{ NULL, NULL, "S1 a S1 !octets", "longer than its records", false },
	{ NULL, NULL, "S1 a S1 !count", "damaged", false },
	{ NULL, NULL, "S1 a S1 !short", "too short", false },
	{ NULL, NULL, "#0", "the answer is empty", false },
	{ NULL, NULL, "#5", REFUSED, false },
	{ NULL, NULL, "#2", "the server answers SERVFAIL", false },
	{ NULL, NULL, "#9", "the server answers NOTAUTH", false },
	{ NULL, NULL, "#15", "the server answers RCODE 15", false },
	{ NULL, NULL, "S1 a / #5", REFUSED, false },
	{ NULL, NULL, "S1 a %", "cut the connection off", false },
	{ NULL, NULL, NULL, "cut the connection off", false },
	{ NULL, NULL, "S1 a*", "over the limit of 4194304 octets", false },

	/* Differences. */
	{ "S1 a b", "S1", NULL, "same", false },
	{ "S1 a b", "S1 a b S1", NULL, "same", false },
	{ "S1 a b", "S2 S1 S2 S2", NULL, "S2 a b", false },
	{ "S1 a b", "S2 S1 a S2 c S2", NULL, "S2 b c", false },
	{ "S1 a b", "S2 / S1 / a S2 / c S2", NULL, "S2 b c", false },
	{ "S1 a b", "S2 S1 b a S2 S2", NULL, "S2", false },
	{ "S1", "S2 S1 S2 z a S2", NULL, "S2 a z", false },
	{ "S1 b", "S2 S1 b S2 a b=5 c S2", NULL, "S2 a b=5 c", false },
	{ "S1 a b", "S4 S1 a S2 c S2 c S3 a S3 b S4 d S4", NULL, "S4 a d",
	    false },
	{ "S1 a", "S3 S1 a S2 S2 S3 a S3", NULL, "S3 a", false },
	{ "S4294967295 a", "S3 S4294967295 a S1 S1 S3 b S3", NULL, "S3 b",
	    false },
	{ "S1 a", "S2147483648 S1 S2147483648 b S2147483648", NULL,
	    "S2147483648 a b", false },
	{ "S1 ab abc b", "S2 S1 ab S2 a abcd S2", NULL, "S2 a abc abcd b",
	    false },

	/* Differences that are none. */
	{ "S1 a b", "S2 a c S2", NULL, "S2 a c", true },
	{ "S1 a b", "S2 S2", NULL, "S2", true },
	{ "S1 a b", NULL, "S2 c S2", "S2 c", true },
	{ "S1 a b", "#4", "S2 c S2", "S2 c", true },
	{ "S1 a b", "#5", "#5", REFUSED, true },
	{ "S1 a b", "#1", "S1 a b S1", "same", true },
	{ "S1 a b", "#0", "S2 c S2", "S2 c", true },
	{ "S1 a b", "S2 / %", "S2 c S2", "S2 c", true },

	/* Differences that do not fit. */
	{ "S1 a b", "S2 S1 c S2 S2", "S2 d S2", "S2 d", true },
	{ "S1 a b", "S2 S1 a=5 S2 S2", "S2 d S2", "S2 d", true },
	{ "S1 a b", "S2 S1 S2 b S2", "S2 d S2", "S2 d", true },
	{ "S1 a b", "S2 S1 a a S2 S2", "S2 d S2", "S2 d", true },
	{ "S1 a b", "S2 S0 a S2 S2", "S2 d S2", "S2 d", true },
	{ "S1 a b", "S3 S1 a S1 S1 S3 S3", "S3 d S3", "S3 d", true },
	{ "S1 a b", "S3 S1 a S2 S1 S3 S3", "S3 d S3", "S3 d", true },
	{ "S1 a b", "S3 S1 a S2 S2 S1 S3", "S3 d S3", "S3 d", true },
	{ "S1 a b", "S3 S1 a S2 S3", "S3 d S3", "S3 d", true },

	/* Differences from a server that is not to be believed. */
	{ "S1 a b", "S2 S1 a S2 S2 c", NULL, FOLLOW, false },
	{ "S1 a b", "S2 S1 a / !id S2 S2", NULL, "another id", false },
	{ "S1 a b", "S2 S1 a / S2 c %", NULL, "cut the connection off", false },
	{ "S2 a b", "S1", NULL, "serial 1 is older than 2", false },
	{ "S1 a b", "S2147483649", NULL, "is older than 1", false },
	{ "S2 a b", "#4", "S1 a S1", "serial 1 is older than 2", true },
};
#define ORDERS (int)(sizeof(orders) / sizeof(*orders))

START_TEST(records_in_order)
{
	struct hostile h = { .ixfr = orders[_i].ixfr, .axfr = orders[_i].axfr };
	const char *want = orders[_i].want;
	struct transfer_request req;
	struct transfer_result res;
	enum transfer_status status = TRANSFER_FAILED;
	char *text = NULL;

	hostile_start(&h);
	req = request(&h, false);
	if (orders[_i].have != NULL) {
		text = text_of(orders[_i].have);
		write_file(have, text, strlen(text));
		free(text);
		text = NULL;
		req.have = have;
	}
	if (strcmp(want, "same") == 0) {
		status = TRANSFER_UNCHANGED;
	} else if (want[0] == 'S') {
		status = TRANSFER_NEW;
		text = text_of(want);
	}
	res = get(&req, status, text);
	hostile_stop(&h);
	if (status == TRANSFER_FAILED)
		ck_assert_msg(strstr(res.why, want) != NULL, "'%s' has no '%s'",
		    res.why, want);
	else if (status == TRANSFER_NEW)
		ck_assert_uint_eq(res.serial, strtoul(want + 1, NULL, 10));
	if (status == TRANSFER_NEW)
		ck_assert_int_eq(res.incremental, !orders[_i].whole);
	/* Nobody is asked more often than needed. */
	ck_assert_uint_eq(h.ixfrs, orders[_i].have != NULL);
	ck_assert_uint_eq(h.axfrs,
	    orders[_i].have == NULL ||
		(orders[_i].whole && orders[_i].axfr != NULL));
	free(text);
}
END_TEST

/* ---- signatures ---- */

static const struct {
	const char *have, *ixfr, *axfr, *want; /* as above */
} signatures[] = {
	{ NULL, NULL, "S1 a S1 $", "S1 a" },
	{ NULL, NULL, "S1 a $ / b $ / S1 $", "S1 a b" },
	{ NULL, NULL, "S1 a $ / b / c / d $ / e / S1 $", "S1 a b c d e" },
	{ NULL, NULL, "S1 $ / x99:a S1 $", NULL },
	{ NULL, NULL, "S1 $ / x99:a b $ / x99:c S1 $", NULL },
	{ "S1 a", "S2 S1 $ / a / S2 b S2 $", NULL, "S2 b" },
	{ "S1 a", "S1 $", NULL, "same" },

	{ NULL, NULL, "S1 $ / x100:a S1 $", "too many messages without" },
	{ NULL, NULL, "S1 a S1", "is not signed" },
	{ NULL, NULL, "S1 a / S1 $", "is not signed" },
	{ NULL, NULL, "S1 a $ / S1", "the last message is not signed" },
	{ "S1 a", "S1", NULL, "is not signed" },
	{ NULL, NULL, "S1 a S1 $mac", "signature is wrong" },
	{ NULL, NULL, "S1 a $ / b S1 $mac", "signature is wrong" },
	{ NULL, NULL, "S1 a $mac / b S1 $", "signature is wrong" },
	{ NULL, NULL, "S1 a S1 $short", "signature is wrong" },
	{ NULL, NULL, "S1 a S1 $key", "of another key" },
	{ NULL, NULL, "S1 a S1 $algorithm", "of another key" },
	{ NULL, NULL, "S1 a S1 $late", "BADTIME" },
	{ NULL, NULL, "S1 a $ / S1 $early", "BADTIME" },
	{ NULL, NULL, "S1 a S1 $moved", "signature at a wrong place" },
	{ NULL, NULL, "S1 a S1 $ $", "signature at a wrong place" },
	/* What was signed is not what came. */
	{ NULL, NULL, "S1 a S1 $ !opcode", "no answer" },
	{ NULL, NULL, "S1 a $ #2 / S1 $", "signature is wrong" },
	/* Refusals. */
	{ NULL, NULL, "#9 $badkey", "BADKEY" },
	{ NULL, NULL, "#9 $badsig", "BADSIG" },
	{ NULL, NULL, "#9 $badtime", "BADTIME" },
	{ NULL, NULL, "#5", REFUSED },
	{ NULL, NULL, "#5 $", REFUSED },
	{ NULL, NULL, "#5 $mac", "signature is wrong" },
	{ "S1 a", "#4", "S2 b S2 $", "S2 b" },
	{ "S1 a", "#4 $", "S2 b S2 $", "S2 b" },
	{ "S1 a", "#9 $badkey", NULL, "BADKEY" },
};
#define SIGNATURES (int)(sizeof(signatures) / sizeof(*signatures))

START_TEST(signatures_of_a_stream)
{
	struct hostile h = { .ixfr = signatures[_i].ixfr,
		.axfr = signatures[_i].axfr };
	const char *want = signatures[_i].want;
	struct transfer_request req;
	struct transfer_result res;
	char *text = NULL;

	hostile_start(&h);
	req = request(&h, true);
	if (signatures[_i].have != NULL) {
		text = text_of(signatures[_i].have);
		write_file(have, text, strlen(text));
		free(text);
		text = NULL;
		req.have = have;
	}
	if (want == NULL) { /* more names than one cares to write */
		transfer(&req, &res);
		ck_assert_msg(res.status == TRANSFER_NEW, "%s", res.why);
		ck_assert_uint_ge(res.records, 100);
	} else if (want[0] == 'S') {
		text = text_of(want);
		get(&req, TRANSFER_NEW, text);
	} else if (strcmp(want, "same") == 0) {
		get(&req, TRANSFER_UNCHANGED, NULL);
	} else {
		res = get(&req, TRANSFER_FAILED, NULL);
		ck_assert_msg(strstr(res.why, want) != NULL, "'%s' has no '%s'",
		    res.why, want);
	}
	hostile_stop(&h);
	free(text);
}
END_TEST

/* A signature that nobody asked for is no reason to refuse. */
START_TEST(a_signature_that_was_not_asked_for)
{
	struct hostile h = { .axfr = "S1 a S1 $" };
	struct transfer_request req;
	char *text = text_of("S1 a");

	hostile_start(&h);
	req = request(&h, false);
	get(&req, TRANSFER_NEW, text);
	hostile_stop(&h);
	free(text);
}
END_TEST

/* ---- time ---- */

START_TEST(a_server_that_hangs)
{
	static const char *const scripts[] = { "~", "S1 a / ~",
		"S1 a / b S1 !count ~" };
	struct hostile h = { .axfr = scripts[_i] };
	struct transfer_request req;
	struct transfer_result res;
	long start = now_ms();

	hostile_start(&h);
	req = request(&h, false);
	req.max_seconds = 1;
	res = get(&req, TRANSFER_FAILED, NULL);
	ck_assert_str_eq(res.why, "the time for it is up");
	ck_assert_int_lt(now_ms() - start, patience(3000));
	hostile_stop(&h);
}
END_TEST

START_TEST(a_server_that_is_silent_is_given_up)
{
	struct hostile h = { .axfr = "S1 a / ~" };
	struct transfer_request req;
	struct transfer_result res;

	hostile_start(&h);
	req = request(&h, false);
	req.max_seconds = 100;
	req.connect_seconds = 1;
	res = get(&req, TRANSFER_FAILED, NULL);
	hostile_stop(&h);
	ck_assert_ptr_nonnull(
	    strstr(res.why, "the server says nothing within 3 s"));
}
END_TEST

START_TEST(an_endless_stream_takes_no_more_than_the_time_given)
{
	struct hostile h = { .axfr = "S1 a*" };
	struct transfer_request req;
	struct transfer_result res;
	long start = now_ms();

	hostile_start(&h);
	req = request(&h, false);
	req.max_bytes = UINT64_MAX;
	req.max_seconds = 1;
	res = get(&req, TRANSFER_FAILED, NULL);
	ck_assert_str_eq(res.why, "the time for it is up");
	ck_assert_int_lt(now_ms() - start, patience(3000));
	hostile_stop(&h);
}
END_TEST

static void *
raise_flag(void *arg)
{
	atomic_bool *stop = arg;

	for (unsigned i = 0; i < 40; i++)
		breathe();
	atomic_store(stop, true);
	return NULL;
}

/* In what comes, in silence, and between two tries. */
START_TEST(the_flag_ends_it_soon)
{
	static const char *const scripts[] = { "S1 a*", "~", "#2" };
	struct hostile h = { .axfr = scripts[_i] };
	struct transfer_request req;
	struct transfer_result res;
	atomic_bool stop = false;
	long start = now_ms();
	pthread_t thread;

	hostile_start(&h);
	req = request(&h, false);
	req.max_bytes = UINT64_MAX;
	req.max_seconds = 100;
	req.retries = 10;
	req.backoff_ms = 50000;
	req.stop = &stop;
	ck_assert_int_eq(pthread_create(&thread, NULL, raise_flag, &stop), 0);
	res = get(&req, TRANSFER_FAILED, NULL);
	pthread_join(thread, NULL);
	ck_assert_str_eq(res.why, "stopped");
	ck_assert_int_lt(now_ms() - start, patience(3000));
	hostile_stop(&h);
}
END_TEST

START_TEST(what_may_pass_is_tried_again)
{
	static const struct {
		const char *axfr;
		unsigned tries;
	} cases[] = { { "#2", 4 }, { "S1 a %", 4 }, { NULL, 4 }, { "#5", 1 },
		{ "S1 a S2", 1 } };
	struct hostile h = { .axfr = cases[_i].axfr };
	struct transfer_request req;

	hostile_start(&h);
	req = request(&h, false);
	req.retries = 3;
	req.backoff_ms = 1;
	get(&req, TRANSFER_FAILED, NULL);
	hostile_stop(&h);
	ck_assert_uint_eq(h.connections, cases[_i].tries);
}
END_TEST

START_TEST(serials_go_in_a_circle)
{
	static const struct {
		uint32_t a, b;
		bool newer;
	} cases[] = {
		{ 1, 0, true },
		{ 0, 1, false },
		{ 5, 5, false },
		{ 0, 4294967295u, true },
		{ 4294967295u, 0, false },
		{ 2147483647u, 0, true },
		{ 2147483648u, 0, false }, /* neither is */
		{ 0, 2147483648u, false },
		{ 2147483649u, 0, false },
		{ 100, 4000000000u, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(
		    xfr_newer(cases[i].a, cases[i].b) == cases[i].newer,
		    "%u and %u", cases[i].a, cases[i].b);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/xfr.c");
	TCase *tc = tcase_create("streams");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_loop_test(tc, records_in_order, 0, ORDERS);
	tcase_add_loop_test(tc, signatures_of_a_stream, 0, SIGNATURES);
	tcase_add_test(tc, a_signature_that_was_not_asked_for);
	tcase_add_loop_test(tc, a_server_that_hangs, 0, 3);
	tcase_add_test(tc, a_server_that_is_silent_is_given_up);
	tcase_add_test(tc, an_endless_stream_takes_no_more_than_the_time_given);
	tcase_add_loop_test(tc, the_flag_ends_it_soon, 0, 3);
	tcase_add_loop_test(tc, what_may_pass_is_tried_again, 0, 5);
	tcase_add_test(tc, serials_go_in_a_circle);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
