/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters are the rings' own: exact, and as old as the ring.  A label `ring`
 * tells resolvers on one host apart; a new ring begins at zero, which
 * Prometheus takes for a restart.
 */
#include "stats/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"
#include "stats/ask.h"
#include "stats/feed_status.h"
#include "stats/rings.h"
#include "stats/utf8.h"

/* ---- the format ---- */

static void
family(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_label(FILE *to, const char *value)
{
	fputc('"', to);
	while (*value != '\0') {
		uint32_t c;
		const size_t len = utf8_next(value, &c);

		if (c == '\n')
			fputs("\\n", to);
		else if (c == '"' || c == '\\')
			fprintf(to, "\\%c", (char)c);
		else if (c == 0xfffd)
			fputs("\xef\xbf\xbd", to);
		else
			fwrite(value, 1, len, to);
		value += len;
	}
	fputc('"', to);
}

/* A sample with one label or, if OTHER is not NULL, two. */
static void
sample(FILE *to, const char *name, const char *label, const char *value,
    const char *other, const char *other_value, uint64_t n)
{
	fprintf(to, "%s{%s=", name, label);
	put_label(to, value);
	if (other_value != NULL) {
		fprintf(to, ",%s=", other);
		put_label(to, other_value);
	}
	fprintf(to, "} %" PRIu64 "\n", n);
}

/* ---- rings ---- */

struct rings {
	struct ring {
		struct fsk_ring_reader *reader;
		const char *path;
	} * at; /* those that can be read */
	size_t n;
};

static const struct {
	unsigned counter;
	const char *name, *help;
} counters[] = {
	{ FSK_COUNT_ANSWERED, "fraudsink_queries_answered_total",
	    "Replies to clients." },
	{ FSK_COUNT_LOOKED_UP, "fraudsink_queries_looked_up_total",
	    "Names looked up in the list." },
	{ FSK_COUNT_LEAKED, "fraudsink_leaks_total",
	    "Listed names that were answered from the cache." },
	{ FSK_COUNT_EVENTS, "fraudsink_events_stored_total",
	    "Block events stored in the ring." },
	{ FSK_COUNT_DROPPED, "fraudsink_events_dropped_total",
	    "Block events for which the ring had no room." },
	{ FSK_COUNT_TRIED_BLOCKS, "fraudsink_tried_blocks_total",
	    "Queries that only the list that is tried would block." },
	{ FSK_COUNT_TRIED_PASSES, "fraudsink_tried_passes_total",
	    "Blocked queries that the list that is tried would let pass." },
};

static const struct {
	enum fsk_total total;
	const char *name, *type, *help;
} totals[] = {
	{ FSK_TOTAL_STARTS, "fraudsink_resolver_starts_total", "counter",
	    "How often a resolver took the ring over." },
	{ FSK_TOTAL_SWAPS, "fraudsink_list_swaps_total", "counter",
	    "Lists that were taken up." },
	{ FSK_TOTAL_REFUSED, "fraudsink_list_refused_total", "counter",
	    "Lists that were not taken up." },
	{ FSK_TOTAL_SWEPT, "fraudsink_cache_swept_total", "counter",
	    "Messages removed from the cache because a name became listed." },
	{ FSK_TOTAL_SERIAL, "fraudsink_list_serial", "gauge",
	    "Serial of the list in force." },
	{ FSK_TOTAL_ENTRIES, "fraudsink_list_entries", "gauge",
	    "Entries of the list in force." },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void
put_counters(FILE *to, const struct rings *r)
{
	for (size_t i = 0; i < COUNT(counters); i++) {
		family(to, counters[i].name, "counter", counters[i].help);
		for (const struct ring *g = r->at; g < r->at + r->n; g++)
			sample(to, counters[i].name, "ring", g->path, NULL,
			    NULL, ring_counter(g->reader, counters[i].counter));
	}
	for (size_t i = 0; i < COUNT(totals); i++) {
		family(to, totals[i].name, totals[i].type, totals[i].help);
		for (const struct ring *g = r->at; g < r->at + r->n; g++)
			sample(to, totals[i].name, "ring", g->path, NULL, NULL,
			    fsk_ring_total_of(g->reader, totals[i].total));
	}
}

static void
put_blocked(FILE *to, const struct rings *r)
{
	static const char severity[] = "fraudsink_blocked_total";
	static const char action[] = "fraudsink_actions_total";

	family(to, severity, "counter", "Blocked queries, by severity.");
	for (const struct ring *g = r->at; g < r->at + r->n; g++)
		for (unsigned i = 1; i <= 2; i++)
			sample(to, severity, "ring", g->path, "severity",
			    ask_severity(i),
			    ring_counter(g->reader, FSK_COUNT_SEVERITY + i));
	family(to, action, "counter", "Queries decided about, by action.");
	for (const struct ring *g = r->at; g < r->at + r->n; g++)
		for (unsigned i = 0; i < FSK_ACTIONS; i++)
			sample(to, action, "ring", g->path, "action",
			    ask_action(i),
			    ring_counter(g->reader, FSK_COUNT_ACTION + i));
}

static void
put_age(FILE *to, const struct rings *r, int64_t now)
{
	static const char created[] =
	    "fraudsink_list_created_timestamp_seconds";
	static const char age[] = "fraudsink_list_age_seconds";

	family(to, created, "gauge", "When the list in force was made.");
	for (const struct ring *g = r->at; g < r->at + r->n; g++)
		sample(to, created, "ring", g->path, NULL, NULL,
		    fsk_ring_total_of(g->reader, FSK_TOTAL_CREATED));
	family(to, age, "gauge", "How old the list in force is.");
	for (const struct ring *g = r->at; g < r->at + r->n; g++) {
		const uint64_t t = fsk_ring_total_of(
		    g->reader, FSK_TOTAL_CREATED);

		if (t != 0)
			sample(to, age, "ring", g->path, NULL, NULL,
			    (uint64_t)now > t ? (uint64_t)now - t : 0);
	}
}

static void
sum_label(const struct fsk_ring_reader *ring, unsigned label, uint64_t *hits,
    uint64_t *unique)
{
	*hits = *unique = 0;
	for (unsigned w = 0; w < fsk_ring_workers(ring); w++) {
		uint64_t h, u;

		fsk_ring_hits(ring, w, (uint16_t)label, &h, &u);
		*hits += h;
		*unique += u;
	}
}

/* Whether an earlier label says the same: no ring has that, but a damaged one
 * may, and then Prometheus would take nothing of all this. */
static bool
is_repeated(const struct fsk_ring_reader *ring, unsigned label,
    enum fsk_label_kind kind, const char *text)
{
	for (unsigned i = 0; i < label; i++) {
		char other[FSK_LABEL_TEXT];
		enum fsk_label_kind is;

		if (fsk_ring_label_of(ring, i, &is, other) && is == kind &&
		    strcmp(other, text) == 0)
			return true;
	}
	return false;
}

/* Hits of what has a label, all of one kind. */
static void
put_labels(FILE *to, const struct rings *r, enum fsk_label_kind kind,
    const char *name, const char *label, bool want_unique, const char *help)
{
	family(to, name, "counter", help);
	for (const struct ring *g = r->at; g < r->at + r->n; g++)
		for (unsigned i = 0; i < FSK_RING_LABELS; i++) {
			char text[FSK_LABEL_TEXT];
			enum fsk_label_kind is;
			uint64_t hits, unique;

			if (!fsk_ring_label_of(g->reader, i, &is, text) ||
			    is != kind || is_repeated(g->reader, i, kind, text))
				continue;
			sum_label(g->reader, i, &hits, &unique);
			sample(to, name, "ring", g->path, label, text,
			    want_unique ? unique : hits);
		}
}

static void
put_rings(FILE *to, const struct conf *c, int64_t now)
{
	struct rings r = { calloc(c->rings.n + 1, sizeof(*r.at)), 0 };

	if (r.at == NULL)
		return;
	family(to, "fraudsink_ring_up", "gauge",
	    "1: the resolver's counters can be read.");
	for (size_t i = 0; i < c->rings.n; i++) {
		struct ring *g = &r.at[r.n];
		bool up;

		g->path = c->rings.at[i];
		up = fsk_ring_attach(&g->reader, g->path, true, NULL) == FSK_OK;
		r.n += up;
		sample(to, "fraudsink_ring_up", "ring", c->rings.at[i], NULL,
		    NULL, up);
	}
	put_counters(to, &r);
	put_blocked(to, &r);
	put_age(to, &r, now);
	put_labels(to, &r, FSK_LABEL_FEED, "fraudsink_feed_hits_total", "feed",
	    false, "Hits of names that the feed lists.");
	put_labels(to, &r, FSK_LABEL_FEED, "fraudsink_feed_unique_hits_total",
	    "feed", true, "Hits of names that no other feed lists.");
	put_labels(to, &r, FSK_LABEL_CATEGORY, "fraudsink_category_hits_total",
	    "category", false, "Hits by category.");
	put_labels(to, &r, FSK_LABEL_GROUP, "fraudsink_group_hits_total",
	    "group", false, "Hits by group of clients.");
	for (size_t i = 0; i < r.n; i++)
		fsk_ring_detach(r.at[i].reader);
	free(r.at);
}

/* ---- feeds ---- */

static void
put_feed(FILE *to, const struct feed_status *s, const char *name,
    const char *help, uint64_t (*value)(const struct feed_health *f),
    bool listed)
{
	family(to, name, "gauge", help);
	for (size_t i = 0; i < s->n; i++)
		if (!s->feed[i].disabled && (!listed || s->feed[i].age >= 0))
			sample(to, name, "feed", s->feed[i].name, NULL, NULL,
			    value(&s->feed[i]));
}

static uint64_t
good_of(const struct feed_health *f)
{
	return f->good;
}

static uint64_t
age_of(const struct feed_health *f)
{
	return (uint64_t)f->age;
}

static uint64_t
names_of(const struct feed_health *f)
{
	return f->names;
}

static uint64_t
failures_of(const struct feed_health *f)
{
	return f->failures;
}

static void
put_feeds(FILE *to, const struct conf *c, int64_t now)
{
	struct feed_status s;
	const bool up = feed_status_read(&s, c->feeds_state, now);

	family(to, "fraudsink_feeds_up", "gauge",
	    "1: the feeds' status can be read.");
	fprintf(to, "fraudsink_feeds_up %d\n", up);
	if (!up)
		return;
	family(to, "fraudsink_feeds_status_timestamp_seconds", "gauge",
	    "When the feeds' status was written.");
	fprintf(to, "fraudsink_feeds_status_timestamp_seconds %" PRId64 "\n",
	    s.written);
	put_feed(to, &s, "fraudsink_feed_good",
	    "1: the feed's last run was good and its list is not stale.",
	    good_of, false);
	put_feed(to, &s, "fraudsink_feed_age_seconds",
	    "How old the feed's list is.", age_of, true);
	put_feed(to, &s, "fraudsink_feed_names", "Names that the feed lists.",
	    names_of, false);
	put_feed(to, &s, "fraudsink_feed_failures",
	    "Runs in a row that failed.", failures_of, false);
	feed_status_fini(&s);
}

/* ---- the store ---- */

/* A host may have had several rings; the last one counts. */
struct seen {
	FILE *to;
	char host[256];
	int64_t seen;
};

static void
put_last(struct seen *last)
{
	if (last->seen != 0)
		sample(last->to, "fraudsink_collected_timestamp_seconds",
		    "host", last->host, NULL, NULL, (uint64_t)last->seen);
}

static int
note_seen(void *arg, const struct store_ring *r)
{
	struct seen *last = arg;

	if (strcmp(r->host, last->host) != 0) {
		put_last(last);
		snprintf(last->host, sizeof(last->host), "%s", r->host);
		last->seen = 0;
	}
	if (r->seen > last->seen)
		last->seen = r->seen;
	return FSK_OK;
}

static void
put_store(FILE *to, const struct conf *c)
{
	struct seen last = { .to = to };
	struct store *s;
	bool up = store_open(&s, c, STORE_READ, NULL) == FSK_OK;

	family(to, "fraudsink_store_up", "gauge", "1: the store can be read.");
	fprintf(to, "fraudsink_store_up %d\n", up);
	if (!up)
		return;
	family(to, "fraudsink_collected_timestamp_seconds", "gauge",
	    "When the collector stored something of the resolver last.");
	store_rings(s, note_seen, &last, NULL);
	put_last(&last);
	store_close(s);
}

void
metrics_print(FILE *to, const struct conf *c, int64_t now)
{
	put_rings(to, c, now);
	put_feeds(to, c, now);
	put_store(to, c);
	family(to, "fraudsink_stats_info", "gauge",
	    "The version of fraudsink-stats.");
	fputs(
	    "fraudsink_stats_info{version=\"" FRAUDSINK_VERSION "\"} 1\n", to);
}
