/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/tally.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/policy.h"

#define RETRY_S    10
#define CATEGORIES FSK_RING_LABELS /* more cannot have labels */

/* ---- the ring ---- */

static time_t
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* FRAUDSINK_RING_EVENTS, if that can be. */
static unsigned
wanted_events(void)
{
	const char *text = getenv("FRAUDSINK_RING_EVENTS");
	unsigned long n;
	char *end;

	if (text == NULL || *text == '\0')
		return DEFAULT_RING_EVENTS;
	n = strtoul(text, &end, 10);
	if (*end == '\0' && n > 0 && n <= FSK_RING_EVENTS_MAX &&
	    (n & (n - 1)) == 0)
		return (unsigned)n;
	log_warn("fraudsink: FRAUDSINK_RING_EVENTS is '%s' and should be a "
		 "power of two up to %u; %d is taken",
	    text, FSK_RING_EVENTS_MAX, DEFAULT_RING_EVENTS);
	return DEFAULT_RING_EVENTS;
}

/* Opens the file, and leads the workers to it. */
static bool
open_file(struct tally *t, struct fsk_error *err)
{
	t->tried = now_s();
	if (fsk_ring_open(&t->file, t->path, t->workers, t->events, err) !=
	    FSK_OK)
		return false;
	for (unsigned i = 0; i < FSK_COUNTERS; i++)
		t->before[i] = fsk_ring_sum(t->file, i);
	atomic_store_explicit(&t->ring, t->file, memory_order_release);
	log_info("fraudsink: counters and events go to '%s'", t->path);
	return true;
}

bool
tally_init(struct tally *t, unsigned workers)
{
	const char *path = getenv("FRAUDSINK_RING");
	struct fsk_error err = { 0 };

	if (path == NULL)
		path = DEFAULT_RING;
	t->workers = workers < FSK_RING_WORKERS ? workers : FSK_RING_WORKERS;
	t->events = wanted_events();
	if (*path != '\0') {
		t->path = strdup(path);
		if (t->path == NULL)
			return false;
		if (open_file(t, &err))
			return true;
		log_warn("fraudsink: %s; counters are kept in memory and no "
			 "events are told until there is a ring",
		    err.text);
	}
	if (fsk_ring_open(&t->memory, NULL, t->workers, 1, &err) != FSK_OK)
		return false;
	atomic_store(&t->ring, t->memory);
	return true;
}

void
tally_fini(struct tally *t)
{
	fsk_ring_close(t->file);
	fsk_ring_close(t->memory);
	free(t->path);
}

bool
tally_retry(struct tally *t)
{
	struct fsk_error err;

	if (t->file == NULL && t->path != NULL && now_s() - t->tried >= RETRY_S)
		return open_file(t, &err);
	return false;
}

void
tally_total(struct tally *t, enum fsk_total which, uint64_t value)
{
	if (t->file != NULL)
		fsk_ring_total(t->file, which, value);
}

void
tally_add(struct tally *t, enum fsk_total which, uint64_t n)
{
	if (t->file != NULL)
		fsk_ring_add(t->file, which, n);
}

uint64_t
tally_sum(const struct tally *t, unsigned counter)
{
	uint64_t sum = 0;

	if (t->memory != NULL)
		sum += fsk_ring_sum(t->memory, counter);
	if (t->file != NULL)
		sum += fsk_ring_sum(t->file, counter) - t->before[counter];
	return sum;
}

/* ---- labels ---- */

/* A database's note: the labels of its feeds by row, of its categories by
 * attribute set, and of the groups of its policy. */
struct labels {
	const uint16_t *feed, *category, *group;
	uint16_t all[];
};

/* Labels of categories so far; the same category is the same pointer. */
struct categories {
	unsigned n;
	struct {
		const char *name;
		uint16_t label;
	} known[CATEGORIES];
};

static uint32_t
groups_of(const struct fsk_db *db)
{
	const struct fsk_policy *p = fsk_db_policy(db);

	return p != NULL ? fsk_policy_groups(p) : 0;
}

static uint16_t
category_label(
    struct fsk_ring *ring, struct categories *c, const char *category)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		if (c->known[i].name == category)
			return c->known[i].label;
	if (i == CATEGORIES)
		return FSK_NO_LABEL;
	c->known[i].name = category;
	c->known[i].label = fsk_ring_label(ring, FSK_LABEL_CATEGORY, category);
	c->n++;
	return c->known[i].label;
}

static void
fill_labels(uint16_t *feed, uint16_t *category, uint16_t *group,
    struct categories *known, struct fsk_ring *ring, const struct fsk_db *db)
{
	const struct fsk_policy *p = fsk_db_policy(db);
	struct fsk_db_info info;

	for (uint32_t i = 0; i < groups_of(db); i++)
		group[i] = i == 0 ? FSK_NO_LABEL
				  : fsk_ring_label(ring, FSK_LABEL_GROUP,
					fsk_policy_group_name(p, i));

	fsk_db_info(db, &info);
	for (uint32_t i = 0; i < info.feeds; i++)
		feed[i] = fsk_ring_label(
		    ring, FSK_LABEL_FEED, fsk_db_feed(db, i, NULL));
	for (uint32_t i = 0; i < info.attrs; i++) {
		struct fsk_attr a;

		fsk_db_attr(db, i, &a);
		category[i] = a.allow ? FSK_NO_LABEL
				      : category_label(ring, known, a.category);
	}
}

static bool
note_one(struct fsk_ring *ring, const struct fsk_db *db)
{
	const uint32_t groups = groups_of(db);
	struct categories *known = calloc(1, sizeof(*known));
	struct fsk_db_info info;
	struct labels *l;

	fsk_db_info(db, &info);
	l = malloc(sizeof(*l) +
	    ((size_t)info.feeds + info.attrs + groups) * sizeof(l->all[0]));
	if (known == NULL || l == NULL) {
		free(known);
		free(l);
		return false;
	}
	l->feed = l->all;
	l->category = l->all + info.feeds;
	l->group = l->category + info.attrs;
	fill_labels(l->all, l->all + info.feeds,
	    l->all + info.feeds + info.attrs, known, ring, db);
	fsk_db_set_note(db, l, free);
	free(known);
	return true;
}

void
tally_note(void *arg, const struct fsk_db *db)
{
	struct tally *t = arg;
	const struct fsk_policy *p = fsk_db_policy(db);
	bool good;

	if (t->file == NULL)
		return;
	good = note_one(t->file, db);
	for (uint32_t i = 0; i < groups_of(db); i++)
		if (fsk_policy_list(p, i) != NULL)
			good &= note_one(t->file, fsk_policy_list(p, i));
	if (!good)
		log_err("fraudsink: out of memory; hits are not counted by "
			"feed and category until the next list");
}

/* ---- workers ---- */

/* Where SLOT counts; NULL if there are more workers than blocks. */
static struct fsk_ring_worker *
block_of(struct tally *t, struct worker_slot *slot)
{
	struct fsk_ring *ring = atomic_load_explicit(
	    &t->ring, memory_order_acquire);

	if (__builtin_expect(slot->ring != ring, 0)) {
		slot->ring = ring;
		slot->block = fsk_ring_claim(ring);
	}
	return slot->block;
}

void
tally_count(struct tally *t, struct worker_slot *slot, unsigned counter)
{
	struct fsk_ring_worker *w = block_of(t, slot);

	if (w != NULL)
		fsk_ring_count(w, counter);
}

/* Fills in of *E what does not depend on the client; returns the feeds of the
 * entry. */
static unsigned
describe(struct fsk_event *e, const struct fsk_db *main,
    const struct fsk_verdict *v, const struct fsk_question *q)
{
	const struct labels *l = fsk_db_note(v->db);
	const struct labels *groups = fsk_db_note(main);
	struct fsk_attr a;

	fsk_db_attr(v->db, v->found.attr, &a);
	memset(e, 0, offsetof(struct fsk_event, qname));
	e->qtype = q->qtype;
	e->group = groups != NULL && fsk_db_policy(main) != NULL
	    ? groups->group[v->group]
	    : FSK_NO_LABEL;
	e->category = l != NULL ? l->category[v->found.attr] : FSK_NO_LABEL;
	e->unique = a.feeds == 1;
	e->severity = (uint8_t)a.severity;
	e->action = (uint8_t)v->answer->action;
	e->entry = v->found.labels;
	e->would = v->would ? FSK_WOULD_BLOCK : FSK_BLOCKED;
	e->qname_len = (uint8_t)q->q.len;
	memcpy(e->qname, q->q.wire, q->q.len);
	if (*a.case_number != '\0')
		fsk_event_case(e, a.case_number);
	return a.feeds;
}

/* The label of feed I of V's entry. */
static uint16_t
feed_label(const struct fsk_verdict *v, unsigned i)
{
	const struct labels *l = fsk_db_note(v->db);

	return l == NULL
	    ? FSK_NO_LABEL
	    : l->feed[fsk_db_attr_feed_row(v->db, v->found.attr, i)];
}

struct tally_hit *
tally_prepare(const struct fsk_db *main, const struct fsk_verdict *v,
    const struct fsk_question *q, struct regional *region)
{
	struct fsk_attr a;
	struct tally_hit *hit;
	unsigned feeds;

	fsk_db_attr(v->db, v->found.attr, &a);
	hit = regional_alloc(
	    region, sizeof(*hit) + a.feeds * sizeof(hit->feed[0]));
	if (hit == NULL)
		return NULL;
	hit->ecs = fsk_db_policy(main) != NULL &&
	    fsk_policy_settings(fsk_db_policy(main))->trust_ecs;
	feeds = describe(&hit->event, main, v, q);
	hit->feeds = 0;
	for (unsigned i = 0; i < feeds; i++) {
		uint16_t label = feed_label(v, i);

		if (label == FSK_NO_LABEL)
			continue;
		hit->feed[hit->feeds++] = label;
		if (hit->event.feeds < FSK_EVENT_FEEDS)
			hit->event.feed[hit->event.feeds++] = label;
	}
	return hit;
}

/* Notes when, and who asked. */
static void
note_client(
    struct fsk_event *e, const struct asker *who, const struct timeval *now)
{
	e->time = (uint64_t)now->tv_sec * 1000000 + (uint64_t)now->tv_usec;
	memcpy(e->client, who->addr, sizeof(e->client));
	e->transport = (uint8_t)who->transport;
}

void
tally_blocked(struct tally *t, struct worker_slot *slot, struct tally_hit *hit,
    const struct asker *who, const struct timeval *now)
{
	struct fsk_ring_worker *w = block_of(t, slot);
	struct fsk_event *e = &hit->event;

	if (w == NULL)
		return;
	/* Early, so that it is in memory when the event is copied. */
	note_client(e, who, now);
	if (e->would == FSK_BLOCKED)
		fsk_ring_count(w, FSK_COUNT_SEVERITY + e->severity);
	fsk_ring_count(w, FSK_COUNT_ACTION + e->action);
	if (slot->ring == t->memory)
		return;
	for (unsigned i = 0; i < hit->feeds; i++)
		fsk_ring_hit(w, hit->feed[i], e->unique);
	fsk_ring_hit(w, e->category, e->unique);
	fsk_ring_hit(w, e->group, e->unique);
	fsk_ring_event(w, e);
}

void
tally_tried(struct tally *t, struct worker_slot *slot,
    const struct fsk_question *q, const struct fsk_verdict *v,
    const struct asker *who, const struct timeval *now)
{
	struct fsk_ring_worker *w = block_of(t, slot);
	struct fsk_event e = { .qtype = q->qtype,
		.category = FSK_NO_LABEL,
		.group = FSK_NO_LABEL,
		.severity = FSK_RED,
		.would = v->block ? FSK_TRIED_PASSES : FSK_TRIED_BLOCKS,
		.entry = v->found.labels,
		.qname_len = (uint8_t)q->q.len };

	if (w == NULL)
		return;
	fsk_ring_count(
	    w, v->block ? FSK_COUNT_TRIED_PASSES : FSK_COUNT_TRIED_BLOCKS);
	if (slot->ring == t->memory)
		return;
	memcpy(e.qname, q->q.wire, q->q.len);
	note_client(&e, who, now);
	fsk_ring_event(w, &e);
}
