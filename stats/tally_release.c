/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a researcher gets (tally.h).  Cells are looked at day by day in the
 * groups whose sums can be known from another answer:
 *
 *   names      those of a category, those of a feed
 *   others     all of the day; the hits of feeds do not add up to its sum, but
 *              a single withheld feed may still be what the others leave
 */
#include "stats/tally.h"

#include <stdlib.h>
#include <string.h>

struct group {
	uint64_t hits;  /* of all there is; may be more than the members have */
	size_t *member; /* cells */
	size_t n, room;
};

struct release {
	const struct ask *a;
	struct store *s;
	struct tally days;   /* by day and key */
	struct table groups; /* by day and a text */
	bool failed;
};

/* ---- groups ---- */

static struct group *
group_put(struct release *r, int64_t day, char kind, const char *key)
{
	char octets[sizeof(day) + 1 + 1024];
	const size_t len = strnlen(key, 1024);
	struct group *g;
	bool fresh;

	memcpy(octets, &day, sizeof(day));
	octets[sizeof(day)] = kind;
	memcpy(octets + sizeof(day) + 1, key, len);
	g = table_put(&r->groups, octets, sizeof(day) + 1 + len, &fresh);
	r->failed |= g == NULL;
	return g;
}

static void
join(struct release *r, struct group *g, size_t cell)
{
	if (g == NULL)
		return;
	if (g->n == g->room) {
		size_t room = g->room == 0 ? 8 : 2 * g->room;
		size_t *more = realloc(g->member, room * sizeof(*more));

		if (more == NULL) {
			r->failed = true;
			return;
		}
		g->member = more;
		g->room = room;
	}
	g->member[g->n++] = cell;
}

/* The sums of DIMENSION by day become those of groups of KIND. */
static int
sum_up(struct release *r, enum ask_dimension dimension, char kind,
    struct fsk_error *err)
{
	struct ask of = *r->a;
	struct tally t;
	int rc;

	of.what = dimension;
	tally_init(&t);
	rc = tally_facts(&t, &of, r->s, DAY, err);
	for (size_t i = 0; rc == FSK_OK && i < t.cells.n; i++) {
		const char *key, *part;
		int64_t day;
		const struct tally_cell *c = tally_at(&t, i, &day, &key, &part);
		struct group *g = group_put(r, day, kind, key);

		if (g != NULL)
			g->hits += c->hits;
	}
	tally_fini(&t);
	return rc;
}

static int
make_groups(struct release *r, struct fsk_error *err)
{
	const bool names = r->a->what == ASK_NAMES;
	int rc = FSK_OK;

	if (names) {
		rc = sum_up(r, ASK_CATEGORIES, 'c', err);
		if (rc == FSK_OK)
			rc = sum_up(r, ASK_FEEDS, 'f', err);
	} else if (r->a->what != ASK_FEEDS) {
		rc = sum_up(r, ASK_NOTHING, 'a', err);
	}
	for (size_t i = 0; rc == FSK_OK && i < r->days.cells.n; i++) {
		const char *key, *part;
		int64_t day;
		const struct tally_cell *c = tally_at(
		    &r->days, i, &day, &key, &part);

		if (!names) {
			join(r, group_put(r, day, 'a', ""), i);
			continue;
		}
		join(r, group_put(r, day, 'c', c->category), i);
		for (const char *f = c->feeds; *f != '\0';) {
			const size_t len = strcspn(f, "\n");
			char *feed = strndup(f, len);

			r->failed |= feed == NULL;
			if (feed != NULL)
				join(r, group_put(r, day, 'f', feed), i);
			free(feed);
			f += len + (f[len] != '\0');
		}
	}
	return rc;
}

/* ---- the rule ---- */

static bool
enough(struct sketch *clients, uint64_t least)
{
	/* Of one day: who was hashed with two keys would count twice. */
	if (clients->tag == SKETCH_MIXED)
		return false;
	/* An estimate costs; a list that short is less for sure. */
	if (!clients->dense && clients->n < least)
		return false;
	return sketch_estimate(clients) >= (double)least;
}

/* Whether what G withholds tells nothing: it is nothing, or there are enough
 * clients behind it. */
static bool
safe(struct release *r, const struct group *g)
{
	struct sketch clients;
	uint64_t hits = 0;
	bool all = true, good = false;

	sketch_init(&clients, SKETCH_MOST);
	for (size_t i = 0; i < g->n && !good; i++) {
		struct tally_cell *c = table_value(
		    &r->days.cells, g->member[i]);

		hits += c->hits;
		if (!c->withheld)
			continue;
		all = false;
		r->failed |= !sketch_merge(&clients, &c->clients);
		good = enough(&clients, r->a->c->least_clients);
	}
	if (all && hits >= g->hits)
		good = true;
	sketch_fini(&clients);
	return good;
}

/* Withholds the member with the least hits that is not withheld yet; false if
 * there is none. */
static bool
withhold_one(struct release *r, const struct group *g)
{
	struct tally_cell *least = NULL;

	for (size_t i = 0; i < g->n; i++) {
		struct tally_cell *c = table_value(
		    &r->days.cells, g->member[i]);

		if (!c->withheld && (least == NULL || c->hits < least->hits))
			least = c;
	}
	if (least != NULL)
		least->withheld = true;
	return least != NULL;
}

static void
decide(struct release *r)
{
	bool changed;

	for (size_t i = 0; i < r->days.cells.n; i++) {
		struct tally_cell *c = table_value(&r->days.cells, i);

		c->withheld = !c->known ||
		    !enough(&c->clients, r->a->c->least_clients);
	}
	/* What one group withholds, another one that has it does, too. */
	do {
		changed = false;
		for (size_t i = 0; i < r->groups.n; i++) {
			const struct group *g = table_value(&r->groups, i);

			while (!r->failed && !safe(r, g) && withhold_one(r, g))
				changed = true;
		}
	} while (changed);
}

/* ---- what comes out ---- */

static bool
replace(char **text, const char *by)
{
	free(*text);
	*text = by != NULL ? strdup(by) : NULL;
	return by == NULL || *text != NULL;
}

static void
fold(struct release *r, struct tally *t, uint32_t bucket)
{
	for (size_t i = 0; i < r->days.cells.n && !r->failed; i++) {
		const char *key, *part;
		int64_t day;
		const struct tally_cell *c = tally_at(
		    &r->days, i, &day, &key, &part);
		struct tally_cell *to;

		if (c->withheld)
			continue;
		to = tally_put(t,
		    bucket == 0 ? r->a->from : ask_floor(day, bucket), key, "");
		if (to == NULL)
			return;
		to->hits += c->hits;
		to->error += c->error;
		to->severity = c->severity;
		to->known = true;
		r->failed |= !sketch_merge(&to->clients, &c->clients) ||
		    !replace(&to->feeds, c->feeds) ||
		    !replace(&to->category, c->category);
	}
}

/* Keys that have cells, and none of them released. */
static uint64_t
count_withheld(struct release *r)
{
	struct table keys;
	uint64_t n = 0;

	table_init(&keys, sizeof(bool));
	for (size_t i = 0; i < r->days.cells.n; i++) {
		const char *key, *part;
		int64_t day;
		const struct tally_cell *c = tally_at(
		    &r->days, i, &day, &key, &part);
		bool fresh,
		    *shown = table_put(&keys, key, strlen(key) + 1, &fresh);

		r->failed |= shown == NULL;
		if (shown != NULL)
			*shown |= !c->withheld;
	}
	for (size_t i = 0; i < keys.n; i++)
		n += !*(bool *)table_value(&keys, i);
	table_fini(&keys);
	return n;
}

int
tally_released(struct tally *t, const struct ask *a, struct store *s,
    uint32_t bucket, uint64_t *withheld, struct fsk_error *err)
{
	struct ask all = *a; /* what is withheld depends on all the names */
	struct release r = { .a = &all, .s = s };
	int rc;

	all.name[0] = '\0';
	a = &all;
	tally_init(&r.days);
	table_init(&r.groups, sizeof(struct group));
	if (a->what == ASK_NAMES)
		rc = tally_names(&r.days, a, s, DAY, 0, err);
	else
		rc = tally_facts(&r.days, a, s, DAY, err);
	if (rc == FSK_OK)
		rc = tally_clients(&r.days, a, s, DAY, err);
	if (rc == FSK_OK)
		rc = make_groups(&r, err);
	if (rc == FSK_OK) {
		decide(&r);
		fold(&r, t, bucket);
		*withheld = count_withheld(&r);
		if (r.failed || t->failed)
			rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < r.groups.n; i++)
		free(((struct group *)table_value(&r.groups, i))->member);
	table_fini(&r.groups);
	tally_fini(&r.days);
	return rc;
}
