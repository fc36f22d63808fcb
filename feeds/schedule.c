/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/schedule.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ZONES    "/usr/share/zoneinfo/"
#define MIDNIGHT 1440
#define DAY      86400

/* ---- reading ---- */

static void
skip_blanks(const char **p)
{
	*p += strspn(*p, " \t");
}

/* Reads a day's name; -1 if there is none. */
static int
read_day(const char **p)
{
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri",
		"sat", "sun" };

	for (int i = 0; i < 7; i++)
		if (strncasecmp(*p, days[i], 3) == 0) {
			*p += 3;
			return i;
		}
	return -1;
}

/* Reads "Mon", "Mon-Fri", "Sat-Mon". */
static bool
read_days(const char **p, uint8_t *days)
{
	int from = read_day(p), to = from;

	if (from >= 0 && **p == '-') {
		++*p;
		to = read_day(p);
		if (to < 0)
			return false;
	}
	if (from >= 0)
		for (int d = from;; d = (d + 1) % 7) {
			*days |= (uint8_t)(1 << d);
			if (d == to)
				break;
		}
	return true;
}

static bool
read_time(const char **p, uint16_t *minutes)
{
	unsigned h, m;
	int colon = 0, len;

	/* The library would take blanks and signs. */
	if (**p < '0' || **p > '9' ||
	    sscanf(*p, "%2u:%n%2u%n", &h, &colon, &m, &len) != 2 ||
	    (*p)[colon] < '0' || (*p)[colon] > '9' || h > 24 || m > 59 ||
	    h * 60 + m > MIDNIGHT)
		return false;
	*p += len;
	*minutes = (uint16_t)(h * 60 + m);
	return true;
}

static const char *
read_span(struct schedule_span *s, const char **p)
{
	*s = (struct schedule_span){ .to = MIDNIGHT };
	if (!read_days(p, &s->days))
		return "no day after '-' (Mon, Tue, Wed, Thu, Fri, Sat, Sun)";
	skip_blanks(p);
	if (**p >= '0' && **p <= '9') {
		if (!read_time(p, &s->from) || **p != '-' ||
		    (++*p, !read_time(p, &s->to)))
			return "no span of hours (08:00-20:00)";
		if (s->from == s->to)
			return "a span of no time";
	} else if (s->days == 0) {
		return "neither days (Mon-Fri) nor hours (08:00-20:00)";
	}
	if (s->days == 0)
		s->days = 0x7f;
	skip_blanks(p);
	return NULL;
}

const char *
schedule_read(struct schedule *s, const char *text)
{
	s->n = 0;
	for (;;) {
		const char *wrong;

		if (s->n == SCHEDULE_SPANS)
			return "too many spans";
		skip_blanks(&text);
		wrong = read_span(&s->span[s->n++], &text);
		if (wrong != NULL)
			return wrong;
		if (*text == '\0')
			return NULL;
		if (*text++ != ',')
			return "no ',' between spans";
	}
}

bool
schedule_zone(const char *zone)
{
	char path[256], magic[4];
	struct stat st;
	bool good;
	int fd;

	if (strcmp(zone, "UTC") == 0)
		return true;
	if (*zone == '\0' || *zone == '/' || strstr(zone, "..") != NULL ||
	    strlen(zone) > 128)
		return false;
	snprintf(path, sizeof(path), ZONES "%s", zone);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return false;
	/* Folders lie there, too, and lists; RFC 8536. */
	good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	    memcmp(magic, "TZif", sizeof(magic)) == 0;
	close(fd);
	return good;
}

/* ---- working out ---- */

/* The library knows one zone at a time, which it takes from the environment. */
static char *
enter_zone(const char *zone)
{
	const char *was = getenv("TZ");
	char *kept = was != NULL ? strdup(was) : NULL;

	setenv("TZ", zone, 1);
	tzset();
	return kept;
}

static void
leave_zone(char *kept)
{
	if (kept != NULL)
		setenv("TZ", kept, 1);
	else
		unsetenv("TZ");
	tzset();
	free(kept);
}

/* How far the zone's clock is ahead of UTC at T. */
static int64_t
ahead(int64_t t)
{
	const time_t at = (time_t)t;
	struct tm tm;

	return localtime_r(&at, &tm) != NULL ? tm.tm_gmtoff : 0;
}

/* When the clock changed between FROM and TO, at which it is differently far
 * ahead. */
static int64_t
change(int64_t from, int64_t to)
{
	const int64_t before = ahead(from);

	while (to - from > 1) {
		const int64_t middle = from + (to - from) / 2;

		*(ahead(middle) == before ? &from : &to) = middle;
	}
	return to;
}

/* The moment at which the clock shows MINUTES after midnight of the day that is
 * OFFSET days after DAY.  A time that is skipped is the moment of the change;
 * one that comes twice, is the first or the LAST. */
static int64_t
moment(const struct tm *day, int offset, unsigned minutes, bool last)
{
	struct tm t = { .tm_year = day->tm_year,
		.tm_mon = day->tm_mon,
		.tm_mday = day->tm_mday + offset,
		.tm_hour = (int)(minutes / 60),
		.tm_min = (int)(minutes % 60) };
	const int64_t shown = (int64_t)timegm(&t);
	/* Whether it changes on that day: no zone does twice. */
	const int64_t before = shown - ahead(shown - DAY),
		      after = shown - ahead(shown + DAY);
	const bool good_before = shown - ahead(before) == before,
		   good_after = shown - ahead(after) == after;

	if (good_before && good_after)
		return (before < after) == last ? after : before;
	if (good_before || good_after)
		return good_before ? before : after;
	return change(shown - DAY, shown + DAY);
}

static int
compare(const void *ap, const void *bp)
{
	const struct fsk_interval *a = ap, *b = bp;

	return a->from < b->from ? -1 : a->from > b->from;
}

/* Sorts the N intervals at AT and joins those that touch; how many are left. */
static uint32_t
join(struct fsk_interval *at, uint32_t n)
{
	uint32_t left = 0;

	qsort(at, n, sizeof(*at), compare);
	for (uint32_t i = 0; i < n; i++) {
		if (at[i].to <= at[i].from)
			continue;
		if (left > 0 && at[i].from <= at[left - 1].to) {
			if (at[i].to > at[left - 1].to)
				at[left - 1].to = at[i].to;
		} else {
			at[left++] = at[i];
		}
	}
	return left;
}

bool
schedule_expand(const struct schedule *s, const char *zone, int64_t now,
    struct fsk_interval **at, uint32_t *n)
{
	const time_t start = (time_t)now;
	const size_t room = *n + (size_t)s->n * SCHEDULE_DAYS;
	struct fsk_interval *all = realloc(*at, (room + 1) * sizeof(*all));
	uint32_t first = *n;
	struct tm today;
	char *kept;

	if (all == NULL)
		return false;
	*at = all;
	kept = enter_zone(zone);
	localtime_r(&start, &today);
	for (int day = -1; day < SCHEDULE_DAYS - 1; day++) {
		/* Noon is on that day in every zone. */
		const time_t noon = (time_t)moment(&today, day, 12 * 60, false);
		struct tm t;
		int weekday;

		localtime_r(&noon, &t);
		weekday = (t.tm_wday + 6) % 7;
		for (unsigned i = 0; i < s->n; i++) {
			const struct schedule_span *span = &s->span[i];

			if (!(span->days >> weekday & 1))
				continue;
			all[(*n)++] = (struct fsk_interval){
				.from = moment(&today, day, span->from, false),
				.to = moment(&today,
				    day + (span->to <= span->from), span->to,
				    true),
			};
		}
	}
	leave_zone(kept);
	*n = first + join(all + first, *n - first);
	return true;
}
