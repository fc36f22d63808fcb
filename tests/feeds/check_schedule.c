/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/schedule.c */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feeds/schedule.h"
#include "tests/lib/kit.h"

/* ---- reading ---- */

#define MON 1
#define FRI 16
#define SAT 32
#define SUN 64
#define ALL 127

static const struct {
	const char *text;
	unsigned n; /* 0: it is none */
	uint8_t days;
	uint16_t from, to; /* of the first span */
} texts[] = {
	{ "Mon", 1, MON, 0, 1440 },
	{ "Mon-Fri", 1, 31, 0, 1440 },
	{ "mon-FRI 08:00-20:00", 1, 31, 480, 1200 },
	{ "Mon-Fri 08:00-20:00, Sat 10:00-14:00", 2, 31, 480, 1200 },
	{ "Sat-Mon", 1, SAT | SUN | MON, 0, 1440 },
	{ "Sun-Sun", 1, SUN, 0, 1440 },
	{ "Tue-Mon", 1, ALL, 0, 1440 },
	{ "22:00-06:00", 1, ALL, 1320, 360 },
	{ "00:00-24:00", 1, ALL, 0, 1440 },
	{ "Fri 00:00-00:01", 1, FRI, 0, 1 },
	{ "Sun 23:59-00:00", 1, SUN, 1439, 0 },
	{ " \tMon\t08:00-9:30 ,Sat ", 2, MON, 480, 570 },
	{ "Mon08:00-09:00", 1, MON, 480, 540 },
	{ "", 0, 0, 0, 0 },
	{ ",", 0, 0, 0, 0 },
	{ "Mon,", 0, 0, 0, 0 },
	{ "Mon Tue", 0, 0, 0, 0 },
	{ "Monday", 0, 0, 0, 0 },
	{ "Mon-", 0, 0, 0, 0 },
	{ "Mon-8", 0, 0, 0, 0 },
	{ "8", 0, 0, 0, 0 },
	{ "08:00", 0, 0, 0, 0 },
	{ "08:00-", 0, 0, 0, 0 },
	{ "08:00-08:00", 0, 0, 0, 0 },
	{ "24:00-24:00", 0, 0, 0, 0 },
	{ "08:00-25:00", 0, 0, 0, 0 },
	{ "08:00-24:01", 0, 0, 0, 0 },
	{ "08:60-09:00", 0, 0, 0, 0 },
	{ "08:00--0:30", 0, 0, 0, 0 },
	{ "08:00-+9:00", 0, 0, 0, 0 },
	{ "08:00- 9:00", 0, 0, 0, 0 },
	{ "08: 0-09:00", 0, 0, 0, 0 },
	{ "08:-1-09:00", 0, 0, 0, 0 },
	{ "08:000-09:00", 0, 0, 0, 0 },
	{ "008:00-09:00", 0, 0, 0, 0 },
	{ "never", 0, 0, 0, 0 },
};

START_TEST(texts_are_the_times_they_look_like)
{
	struct schedule s;
	const char *wrong = schedule_read(&s, texts[_i].text);

	ck_assert_msg((wrong == NULL) == (texts[_i].n > 0), "'%s': %s",
	    texts[_i].text, wrong != NULL ? wrong : "taken");
	if (wrong != NULL)
		return;
	ck_assert_uint_eq(s.n, texts[_i].n);
	ck_assert_uint_eq(s.span[0].days, texts[_i].days);
	ck_assert_uint_eq(s.span[0].from, texts[_i].from);
	ck_assert_uint_eq(s.span[0].to, texts[_i].to);
}
END_TEST

START_TEST(spans_have_a_limit)
{
	char text[8 * SCHEDULE_SPANS + 16] = "Mon";
	struct schedule s;

	for (unsigned i = 1; i < SCHEDULE_SPANS; i++)
		strcat(text, ", Mon");
	ck_assert_ptr_null(schedule_read(&s, text));
	ck_assert_uint_eq(s.n, SCHEDULE_SPANS);
	strcat(text, ", Mon");
	ck_assert_str_eq(schedule_read(&s, text), "too many spans");
}
END_TEST

static const struct {
	const char *zone;
	bool known;
} zones[] = {
	{ "UTC", true },
	{ "Europe/Berlin", true },
	{ "America/Argentina/Buenos_Aires", true },
	{ "Asia/Taipei", true },
	{ "", false },
	{ "Europe", false },
	{ "Europe/", false },
	{ ".", false },
	{ "Europe/Atlantis", false },
	{ "/usr/share/zoneinfo/UTC", false },
	{ "../zoneinfo/UTC", false },
	{ "zone.tab", false },
	{ "tzdata.zi", false },
	{ "CET-1CEST", false },
	{ ":UTC", false },
};

START_TEST(zones_are_those_of_the_system)
{
	ck_assert_int_eq(schedule_zone(zones[_i].zone), zones[_i].known);
}
END_TEST

/* ---- working out ---- */

/* "2026-03-29T01:00:00" in UTC. */
static int64_t
utc(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	ck_assert(end != NULL && *end == '\0');
	return (int64_t)timegm(&tm);
}

struct intervals {
	struct fsk_interval *at;
	uint32_t n;
};

static struct intervals
expand(const char *text, const char *zone, int64_t now)
{
	struct intervals out = { NULL, 0 };
	struct schedule s;

	ck_assert_ptr_null(schedule_read(&s, text));
	ck_assert(schedule_expand(&s, zone, now, &out.at, &out.n));
	for (uint32_t i = 0; i < out.n; i++) {
		ck_assert_int_lt(out.at[i].from, out.at[i].to);
		if (i > 0)
			ck_assert_int_lt(out.at[i - 1].to, out.at[i].from);
	}
	return out;
}

static bool
is_in(const struct intervals *v, int64_t t)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (t >= v->at[i].from && t < v->at[i].to)
			return true;
	return false;
}

/* The interval with T in it or the first after it. */
static const struct fsk_interval *
next_of(const struct intervals *v, int64_t t)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (v->at[i].to > t)
			return &v->at[i];
	ck_abort_msg("no interval after %lld", (long long)t);
}

/* The next interval after AT; "" as FROM: none begins within a day. */
static const struct {
	const char *text, *zone, *at, *from, *to;
} cases[] = {
	/* Nothing special. */
	{ "08:00-20:00", "UTC", "2026-06-10T00:00:00", "2026-06-10T08:00:00",
	    "2026-06-10T20:00:00" },
	{ "08:00-20:00", "Asia/Taipei", "2026-06-10T00:00:00",
	    "2026-06-10T00:00:00", "2026-06-10T12:00:00" },
	{ "08:00-20:00", "Pacific/Kiritimati", "2026-06-10T12:00:00",
	    "2026-06-10T18:00:00", "2026-06-11T06:00:00" },
	{ "08:00-20:00", "Pacific/Pago_Pago", "2026-06-10T08:00:00",
	    "2026-06-10T19:00:00", "2026-06-11T07:00:00" },
	/* Over midnight, also from yesterday. */
	{ "22:00-06:00", "UTC", "2026-06-10T03:00:00", "2026-06-09T22:00:00",
	    "2026-06-10T06:00:00" },
	{ "Sun 22:00-06:00", "UTC", "2026-06-14T12:00:00",
	    "2026-06-14T22:00:00", "2026-06-15T06:00:00" },
	{ "Sun 22:00-06:00", "UTC", "2026-06-15T07:00:00",
	    "2026-06-21T22:00:00", "2026-06-22T06:00:00" },
	/* What touches is one, also over the week's end. */
	{ "Sat, Sun, Mon", "UTC", "2026-06-12T12:00:00", "2026-06-13T00:00:00",
	    "2026-06-16T00:00:00" },
	{ "Sat 20:00-24:00, Sun 00:00-04:00", "UTC", "2026-06-12T12:00:00",
	    "2026-06-13T20:00:00", "2026-06-14T04:00:00" },
	{ "08:00-12:00, 10:00-11:00, 11:00-13:00", "UTC", "2026-06-12T07:00:00",
	    "2026-06-12T08:00:00", "2026-06-12T13:00:00" },
	/* Berlin, the hour from 2 is skipped on 2026-03-29 (01:00 UTC). */
	{ "08:00-20:00", "Europe/Berlin", "2026-03-28T00:00:00",
	    "2026-03-28T07:00:00", "2026-03-28T19:00:00" },
	{ "08:00-20:00", "Europe/Berlin", "2026-03-29T00:00:00",
	    "2026-03-29T06:00:00", "2026-03-29T18:00:00" },
	{ "22:00-06:00", "Europe/Berlin", "2026-03-28T12:00:00",
	    "2026-03-28T21:00:00", "2026-03-29T04:00:00" },
	{ "02:30-05:00", "Europe/Berlin", "2026-03-28T12:00:00",
	    "2026-03-29T01:00:00", "2026-03-29T03:00:00" },
	{ "01:00-02:30", "Europe/Berlin", "2026-03-28T12:00:00",
	    "2026-03-29T00:00:00", "2026-03-29T01:00:00" },
	{ "02:00-03:00", "Europe/Berlin", "2026-03-28T12:00:00",
	    "2026-03-30T00:00:00", "2026-03-30T01:00:00" },
	{ "02:15-02:45", "Europe/Berlin", "2026-03-28T12:00:00",
	    "2026-03-30T00:15:00", "2026-03-30T00:45:00" },
	{ "Sun", "Europe/Berlin", "2026-03-28T12:00:00", "2026-03-28T23:00:00",
	    "2026-03-29T22:00:00" },
	/* Berlin, the hour from 2 comes twice on 2026-10-25 (01:00 UTC). */
	{ "08:00-20:00", "Europe/Berlin", "2026-10-25T00:00:00",
	    "2026-10-25T07:00:00", "2026-10-25T19:00:00" },
	{ "22:00-06:00", "Europe/Berlin", "2026-10-24T12:00:00",
	    "2026-10-24T20:00:00", "2026-10-25T05:00:00" },
	{ "02:00-03:00", "Europe/Berlin", "2026-10-24T12:00:00",
	    "2026-10-25T00:00:00", "2026-10-25T02:00:00" },
	{ "01:00-02:30", "Europe/Berlin", "2026-10-24T12:00:00",
	    "2026-10-24T23:00:00", "2026-10-25T01:30:00" },
	{ "02:30-05:00", "Europe/Berlin", "2026-10-24T12:00:00",
	    "2026-10-25T00:30:00", "2026-10-25T04:00:00" },
	{ "Sun", "Europe/Berlin", "2026-10-24T12:00:00", "2026-10-24T22:00:00",
	    "2026-10-25T23:00:00" },
	/* New York, 2026-03-08 (07:00 UTC) and 2026-11-01 (06:00 UTC). */
	{ "01:30-02:30", "America/New_York", "2026-03-08T00:00:00",
	    "2026-03-08T06:30:00", "2026-03-08T07:00:00" },
	{ "Sun 02:30-03:30", "America/New_York", "2026-03-07T12:00:00",
	    "2026-03-08T07:00:00", "2026-03-08T07:30:00" },
	{ "20:00-08:00", "America/New_York", "2026-03-07T23:00:00",
	    "2026-03-08T01:00:00", "2026-03-08T12:00:00" },
	{ "00:30-01:30", "America/New_York", "2026-10-31T12:00:00",
	    "2026-11-01T04:30:00", "2026-11-01T06:30:00" },
	{ "20:00-08:00", "America/New_York", "2026-10-31T18:00:00",
	    "2026-11-01T00:00:00", "2026-11-01T13:00:00" },
	/* Half an hour only. */
	{ "01:00-03:00", "Australia/Lord_Howe", "2026-04-04T00:00:00",
	    "2026-04-04T14:00:00", "2026-04-04T16:30:00" },
	/* Winter time is the deviation there. */
	{ "00:00-12:00", "Europe/Dublin", "2026-10-24T18:00:00",
	    "2026-10-24T23:00:00", "2026-10-25T12:00:00" },
};

START_TEST(intervals_are_those_of_the_clock)
{
	const int64_t at = utc(cases[_i].at);
	struct intervals v = expand(cases[_i].text, cases[_i].zone, at);
	const struct fsk_interval *next = next_of(&v, at);

	ck_assert_int_eq(next->from, utc(cases[_i].from));
	ck_assert_int_eq(next->to, utc(cases[_i].to));
	free(v.at);
}
END_TEST

/* Whether the clock of the zone in force shows a time of S at T, looked at day
 * by day. */
static bool
shows(const struct schedule *s, int64_t t)
{
	const time_t at = (time_t)t;
	unsigned minutes, day;
	struct tm tm;

	localtime_r(&at, &tm);
	minutes = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
	day = (unsigned)(tm.tm_wday + 6) % 7;
	for (unsigned i = 0; i < s->n; i++) {
		const struct schedule_span *p = &s->span[i];
		const bool today = p->days >> day & 1;
		const bool yesterday = p->days >> (day + 6) % 7 & 1;

		if (p->to > p->from
			? today && minutes >= p->from && minutes < p->to
			: (today && minutes >= p->from) ||
			    (yesterday && minutes < p->to))
			return true;
	}
	return false;
}

static const char *const walked[] = { "UTC", "Europe/Berlin",
	"America/New_York", "America/Los_Angeles", "Asia/Kolkata",
	"Africa/Casablanca", "Australia/Adelaide", "Pacific/Chatham" };

START_TEST(a_year_is_as_the_clock_shows_it)
{
	const int64_t now = utc("2026-02-01T00:00:00");

	kit_seed((uint64_t)_i + 1);
	for (unsigned turn = 0; turn < 6; turn++) {
		char text[128];
		struct intervals v;
		struct schedule s;

		/* No bound in the night, where it may come twice or never. */
		snprintf(text, sizeof(text),
		    "Mon-%s %02u:%02u-%02u:%02u, Sat "
		    "%02u:00-%02u:%02u",
		    kit_below(2) ? "Fri" : "Sun", 4 + kit_below(20),
		    kit_below(60), 4 + kit_below(20), kit_below(60),
		    4 + kit_below(20), 4 + kit_below(20), 1 + kit_below(59));
		if (schedule_read(&s, text) != NULL)
			continue; /* of no time */
		v = expand(text, walked[_i], now);
		setenv("TZ", walked[_i], 1);
		tzset();
		for (int64_t t = now; t < now + 397 * 86400; t += 23 * 60)
			ck_assert_msg(is_in(&v, t) == shows(&s, t),
			    "'%s' in %s at %lld", text, walked[_i],
			    (long long)t);
		free(v.at);
	}
}
END_TEST

START_TEST(they_reach_over_a_year)
{
	const int64_t now = utc("2026-06-10T12:00:00");
	struct intervals v = expand("08:00-20:00", "Europe/Berlin", now);

	ck_assert_uint_eq(v.n, SCHEDULE_DAYS);
	ck_assert_int_gt(v.at[v.n - 1].to, now + 397 * 86400);
	free(v.at);
	/* "Always" is one. */
	v = expand("00:00-24:00", "Europe/Berlin", now);
	ck_assert_uint_eq(v.n, 1);
	free(v.at);
}
END_TEST

START_TEST(they_follow_those_of_others)
{
	const int64_t now = utc("2026-06-10T12:00:00");
	struct intervals v = expand("08:00-20:00", "UTC", now);
	const struct fsk_interval first = v.at[0];
	const uint32_t n = v.n;
	struct schedule s;

	ck_assert_ptr_null(schedule_read(&s, "08:00-20:00"));
	ck_assert(schedule_expand(&s, "UTC", now, &v.at, &v.n));
	ck_assert_uint_eq(v.n, 2 * n);
	ck_assert_mem_eq(&v.at[0], &first, sizeof(first));
	ck_assert_mem_eq(&v.at[n], &first, sizeof(first));
	free(v.at);
}
END_TEST

START_TEST(the_zone_of_the_program_stays)
{
	struct intervals v;

	setenv("TZ", "Asia/Tokyo", 1);
	v = expand("08:00-20:00", "Europe/Berlin", 1000000000);
	free(v.at);
	ck_assert_str_eq(getenv("TZ"), "Asia/Tokyo");
	ck_assert_int_eq(timezone, -9 * 3600);
	unsetenv("TZ");
	v = expand("08:00-20:00", "Europe/Berlin", 1000000000);
	free(v.at);
	ck_assert_ptr_null(getenv("TZ"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/schedule.c");
	TCase *tc = tcase_create("schedules");
	SRunner *sr;
	int failed;

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(
	    tc, texts_are_the_times_they_look_like, 0, COUNT(texts));
	tcase_add_test(tc, spans_have_a_limit);
	tcase_add_loop_test(tc, zones_are_those_of_the_system, 0, COUNT(zones));
	tcase_add_loop_test(
	    tc, intervals_are_those_of_the_clock, 0, COUNT(cases));
	tcase_add_loop_test(
	    tc, a_year_is_as_the_clock_shows_it, 0, COUNT(walked));
	tcase_add_test(tc, they_reach_over_a_year);
	tcase_add_test(tc, they_follow_those_of_others);
	tcase_add_test(tc, the_zone_of_the_program_stays);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
