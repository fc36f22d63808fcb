/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fills the store of a stats.conf with a year (or so) of made-up counts:
 *
 *   year CONF [days=365] [keys=5000] [names=5000] [hours=7] [minutes=1]
 *       [until=SECONDS]
 *
 * keys and names are those of a day; by hour there are a fifth of them, for the
 * last so many days, by minute a fiftieth, for the last so many hours.  Names
 * are hit as words are used (Zipf), weekdays more than Sundays, and it becomes
 * more over the year; one feed is new in the last month, one country grows.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/bytes.h"
#include "lib/db.h"
#include "lib/hash.h"
#include "stats/store.h"

#define DAY 86400

static const char *const feeds[] = { "certpl", "openphish", "phishtank",
	"police", "scamlist", "threatfox", "urlhaus" };
static const char *const sets[] = { "police", "certpl", "openphish\nphishtank",
	"openphish", "phishtank", "scamlist", "certpl\npolice",
	"openphish\nphishtank\nscamlist", "urlhaus", "threatfox\nurlhaus",
	"threatfox", "certpl\nopenphish\nphishtank\npolice\nscamlist" };
static const char *const categories[] = { "phishing", "scam", "fake-shop",
	"investment", "malware", "impersonation" };
static const char *const groups[] = { "", "schools", "banks", "mobile" };
static const char *const countries[] = { "CN", "PL", "DE", "BE", "TW", "SE",
	"FR", "NL", "AT", "CZ", "SK", "LT", "LV", "EE", "FI", "NO", "DK", "IT",
	"ES", "PT", "GB", "IE", "US", "CA", "JP", "KR", "SG", "" };
static const struct {
	uint32_t asn;
	const char *name;
} networks[] = { { 64496, "Example Telecom" }, { 64497, "Cable \"North\"" },
	{ 64498, "University Net" }, { 64499, "Mobile One" },
	{ 64500, "City Fibre" }, { 64501, "Hosting & Co" } };

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct {
	int64_t days, keys, names, hours, minutes, until;
} o = { 365, 5000, 5000, 7, 1, 0 };

static uint64_t state = 88172645463325252u;

static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 2685821657736338717u;
}

static unsigned
below(size_t n)
{
	return (unsigned)((next() >> 32) * n >> 32);
}

/* The lower, the more often. */
static unsigned
skewed(size_t n)
{
	const double x = (double)(next() >> 11) / 9007199254740992.0;

	return (unsigned)((double)n * x * x * x);
}

static void
check(int rc, const struct fsk_error *err)
{
	if (rc == FSK_OK)
		return;
	fprintf(stderr, "year: %s\n", err->text);
	exit(2);
}

/* How busy the time is: 1 is usual. */
static double
busy(int64_t time)
{
	static const double week[] = { 1, 1.1, 1.1, 0.8, 0.7, 1.2, 1.2 };
	const double age = (double)(o.until - time) / (365.0 * DAY);

	return week[time / DAY % 7] * (1.3 - 0.6 * age) *
	    (0.8 + 0.4 * (double)(next() % 1000) / 1000);
}

/* ---- rows of one time ---- */

static bool
is_new(const char *set, int64_t time)
{
	return strncmp(set, "threatfox", 9) == 0 && o.until - time > 40 * DAY;
}

/* Returns how many were blocked. */
static uint64_t
facts(struct store *s, enum store_step step, int64_t time, int64_t n)
{
	const double more = busy(time);
	uint64_t blocked = 0;

	for (int64_t i = 0; i < n; i++) {
		struct store_fact f = {
			.time = time,
			.feeds = sets[skewed(COUNT(sets))],
			.category = categories[skewed(COUNT(categories))],
			.group = groups[skewed(COUNT(groups))],
			.country = countries[skewed(COUNT(countries))],
			.severity = below(4) == 0 ? FSK_YELLOW : FSK_RED,
			.action = below(3) == 0 ? FSK_NXDOMAIN : FSK_SINKHOLE,
			.would = below(12) == 0,
		};

		if (is_new(f.feeds, time))
			f.feeds = "urlhaus";
		/* Keys that are told apart. */
		f.asn = i < (int64_t)COUNT(networks) * 8
		    ? networks[below(COUNT(networks))].asn
		    : (uint32_t)(64512 + i);
		f.hits = (uint64_t)((1 + 4 * (double)n / (double)(i + 1)) *
		    more *
		    (strcmp(f.country, "TW") == 0 && o.until - time < 30 * DAY
			    ? 3
			    : 1));
		if (f.hits > 0)
			store_put_fact(s, step, &f);
		if (!f.would)
			blocked += f.hits;
	}
	return blocked;
}

/* N queries of clients. */
static void
sketch_some(struct sketch *sketch, int64_t time, uint64_t n)
{
	const uint64_t secret[2] = { (uint64_t)(time / DAY), 7 };
	const uint32_t tag = (uint32_t)(time / DAY) | 1u << 31;

	sketch_init(sketch, 12);
	for (uint64_t i = 0; i < n; i++) {
		uint8_t client[4];

		fsk_put32(client, skewed(200000));
		sketch_add(
		    sketch, fsk_siphash(secret, client, sizeof(client)), tag);
	}
}

static void
clients(struct store *s, enum store_step step, int64_t time,
    enum store_sketch_kind kind, bool would, const char *key, uint64_t n)
{
	struct sketch sketch;
	const struct store_sketch k = { .time = time,
		.kind = kind,
		.would = would,
		.key = key,
		.sketch = &sketch };

	sketch_some(&sketch, time, n);
	store_put_sketch(s, step, &k);
	sketch_fini(&sketch);
}

static void
all_clients(struct store *s, enum store_step step, int64_t time, uint64_t n)
{
	clients(s, step, time, STORE_ALL, false, "", n);
	clients(s, step, time, STORE_ALL, true, "", n / 12);
	for (size_t i = 0; i < COUNT(feeds); i++)
		if (!is_new(feeds[i], time))
			clients(s, step, time, STORE_FEED, false, feeds[i],
			    n / (i + 2));
	for (size_t i = 0; i < COUNT(categories); i++)
		clients(s, step, time, STORE_CATEGORY, false, categories[i],
		    n / (i + 2));
	for (size_t i = 0; i < COUNT(groups); i++)
		clients(
		    s, step, time, STORE_GROUP, false, groups[i], n / (i + 2));
	for (size_t i = 0; i < COUNT(countries); i++)
		clients(s, step, time, STORE_COUNTRY, false, countries[i],
		    n / (6 * i + 2));
}

static void
names(struct store *s, enum store_step step, int64_t time, int64_t n,
    uint64_t blocked)
{
	static const char *const what[] = { "login", "secure", "bank", "parcel",
		"tax", "shop", "wallet", "prize" };
	/* Together nine tenths of all. */
	const double most = 0.9 * (double)blocked / (log((double)n) + 0.58);
	uint64_t rest = blocked;

	for (int64_t i = 0; i < n; i++) {
		/* Which names are in front changes from week to week. */
		const uint64_t which = (uint64_t)i +
		    (i > 20 ? (uint64_t)(time / (7 * DAY)) % 50 * 100 : 0);
		struct sketch sketch;
		char text[64];
		struct store_name name = { .time = time,
			.name = text,
			.feeds = sets[which % COUNT(sets)],
			.category = categories[which % COUNT(categories)],
			.severity = which % 4 == 0 ? FSK_YELLOW : FSK_RED,
			.hits = (uint64_t)(most / (double)(i + 1)),
			.would = i % 50 == 7 ? 3 : 0 };

		snprintf(text, sizeof(text), "%s-%" PRIu64 ".example",
		    what[which % COUNT(what)], which);
		if (is_new(name.feeds, time))
			name.feeds = "urlhaus";
		if (name.hits > rest)
			name.hits = rest;
		rest -= name.hits;
		if (name.hits + name.would == 0)
			continue;
		sketch_some(&sketch, time,
		    step != STORE_DAY      ? 0
			: name.hits < 3000 ? name.hits
					   : 3000);
		if (step == STORE_DAY)
			name.clients[0] = &sketch;
		store_put_name(s, step, &name);
		sketch_fini(&sketch);
	}
	store_put_rest(s, step,
	    &(struct store_rest){
		.time = time, .hits = rest, .would = 20, .most = 2 });
}

static void
counters(struct store *s, int64_t time, uint64_t n)
{
	const struct {
		unsigned counter;
		uint64_t value;
	} row[] = { { STORE_RING + FSK_COUNT_ANSWERED, n * 40 },
		{ STORE_RING + FSK_COUNT_LOOKED_UP, n * 40 },
		{ STORE_RING + FSK_COUNT_EVENTS, n },
		{ STORE_RING + FSK_COUNT_DROPPED, n / 1000 },
		{ STORE_RING + FSK_COUNT_SEVERITY + FSK_RED, n * 3 / 4 },
		{ STORE_RING + FSK_COUNT_SEVERITY + FSK_YELLOW, n / 4 },
		{ STORE_TOTAL + FSK_TOTAL_SWAPS, 4 } };

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct store_counter c = { .time = time,
			.label = "",
			.counter = row[i].counter,
			.value = row[i].value };

		store_put_counter(s, &c);
	}
}

/* ---- the whole ---- */

static void
steps(struct store *s, const char *host, enum store_step step, int64_t from,
    int64_t keys, int64_t n)
{
	struct fsk_error err;
	uint64_t blocked;

	for (int64_t t = from; t < o.until; t += step) {
		check(store_begin(s, host, &err), &err);
		blocked = facts(s, step, t, keys);
		if (step != STORE_MINUTE) {
			names(s, step, t, n, blocked);
			all_clients(s, step, t, (uint64_t)(2000 * busy(t)));
		}
		if (step == STORE_DAY)
			counters(s, t, blocked);
		check(store_commit(s, &err), &err);
	}
}

static void
tell(void *arg, const char *fault)
{
	(void)arg;
	fprintf(stderr, "year: %s\n", fault);
}

static void
option(const char *text)
{
	const struct {
		const char *name;
		int64_t *to;
	} all[] = { { "days=", &o.days }, { "keys=", &o.keys },
		{ "names=", &o.names }, { "hours=", &o.hours },
		{ "minutes=", &o.minutes }, { "until=", &o.until } };

	for (size_t i = 0; i < COUNT(all); i++)
		if (strncmp(text, all[i].name, strlen(all[i].name)) == 0) {
			*all[i].to = atoll(text + strlen(all[i].name));
			return;
		}
	fprintf(stderr, "year: what is '%s'?\n", text);
	exit(2);
}

int
main(int argc, char **argv)
{
	const char *const hosts[] = { "resolver-1" };
	struct fsk_error err;
	struct store *s;
	struct conf *c;
	unsigned faults;

	if (argc < 2)
		return 2;
	for (int i = 2; i < argc; i++)
		option(argv[i]);
	if (o.until == 0)
		o.until = (int64_t)time(NULL);
	c = conf_read(argv[1], tell, NULL, &faults);
	if (c == NULL)
		return 2;
	check(store_open(&s, c, STORE_WRITE, &err), &err);
	for (size_t i = 0; i < COUNT(hosts); i++) {
		const int64_t today = o.until - o.until % DAY;
		const int64_t hour = o.until - o.until % 3600;
		struct store_ring ring = { .id = { 1 },
			.host = hosts[i],
			.seen = o.until,
			.serial = 4711,
			.created = (uint64_t)o.until - 3000,
			.entries = 1234567 };

		steps(s, hosts[i], STORE_DAY, today - (o.days - 1) * DAY,
		    o.keys, o.names);
		steps(s, hosts[i], STORE_HOUR, hour - o.hours * DAY + 3600,
		    o.keys / 5, o.names / 5);
		steps(s, hosts[i], STORE_MINUTE,
		    o.until - o.until % 60 - o.minutes * 3600 + 60, o.keys / 50,
		    0);
		check(store_begin(s, hosts[i], &err), &err);
		for (size_t j = 0; j < COUNT(networks); j++)
			store_put_network(s, networks[j].asn, networks[j].name);
		store_put_ring(s, &ring);
		check(store_commit(s, &err), &err);
	}
	store_close(s);
	conf_free(c);
	return 0;
}
