/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "lib/name.h"
#include "stats/events.h"
#include "stats/facts.h"
#include "stats/names.h"
#include "stats/uniques.h"

#define FACT_LEVELS 3
#define NAME_LEVELS 2

struct rollup {
	const struct conf *c;
	struct words words;
	size_t pending;
	/* The batch. */
	struct table facts; /* struct fact_key, by minute: uint64_t */
	struct names names;
	struct uniques uniques;
	struct events events;
	struct table networks; /* ASN: its name, char * */
	/* The levels. */
	struct facts_level fact_level[FACT_LEVELS];
	struct names_level name_level[NAME_LEVELS];
};

struct rollup *
rollup_new(const struct conf *c)
{
	struct rollup *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->c = c;
	table_init(&r->facts, sizeof(uint64_t));
	table_init(&r->networks, sizeof(char *));
	names_init(&r->names, (unsigned)c->sketch_precision);
	uniques_init(&r->uniques, (unsigned)c->sketch_precision);
	facts_init(&r->fact_level[0], STORE_MINUTE, c->minute_keys);
	facts_init(&r->fact_level[1], STORE_HOUR, c->hour_keys);
	facts_init(&r->fact_level[2], STORE_DAY, c->day_keys);
	names_level_init(&r->name_level[0], STORE_HOUR, c->tracked_names);
	names_level_init(&r->name_level[1], STORE_DAY, c->tracked_names);
	if (!words_init(&r->words)) {
		rollup_free(r);
		return NULL;
	}
	return r;
}

static void
clear_networks(struct rollup *r)
{
	for (size_t i = 0; i < r->networks.n; i++)
		free(*(char **)table_value(&r->networks, i));
	table_clear(&r->networks);
}

void
rollup_free(struct rollup *r)
{
	if (r == NULL)
		return;
	clear_networks(r);
	table_fini(&r->networks);
	table_fini(&r->facts);
	names_fini(&r->names);
	uniques_fini(&r->uniques);
	events_fini(&r->events);
	for (unsigned i = 0; i < FACT_LEVELS; i++)
		facts_fini(&r->fact_level[i]);
	for (unsigned i = 0; i < NAME_LEVELS; i++)
		names_level_fini(&r->name_level[i]);
	words_fini(&r->words);
	free(r);
}

struct words *
rollup_words(struct rollup *r)
{
	return &r->words;
}

size_t
rollup_pending(const struct rollup *r)
{
	return r->pending;
}

/* ---- the batch ---- */

bool
rollup_network(struct rollup *r, uint32_t asn, const char *organisation)
{
	bool fresh;
	char **name = table_put(&r->networks, &asn, sizeof(asn), &fresh);

	if (name == NULL)
		return false;
	free(*name);
	*name = strdup(organisation);
	return *name != NULL;
}

/* The name under which E is counted: the listed one or all of it. */
static const uint8_t *
counted_name(const struct rollup *r, const struct rollup_event *e, size_t *len)
{
	const uint8_t *name = e->qname;

	if (r->c->names == CONF_ENTRY)
		name = fsk_name_parent(name, fsk_name_labels(name) - e->entry);
	*len = e->qname_len - (size_t)(name - e->qname);
	return name;
}

bool
rollup_add(struct rollup *r, const struct rollup_event *e)
{
	const struct fact_key key = {
		.time = (uint32_t)(e->time / 1000000 / STORE_MINUTE),
		.feeds = e->feeds,
		.asn = e->asn,
		.category = e->category,
		.group = e->group,
		.country = (uint16_t)((uint8_t)e->country[0] |
		    (uint8_t)e->country[1] << 8),
		.severity = e->severity,
		.action = e->action,
		.would = e->would,
	};
	const struct client client = { e->client, e->tag };
	const uint8_t *name;
	uint64_t *hits;
	size_t len;
	bool fresh;

	r->pending++;
	hits = table_put(&r->facts, &key, sizeof(key), &fresh);
	if (hits == NULL)
		return false;
	++*hits;
	name = counted_name(r, e, &len);
	return names_add(&r->names, &key, name, len, client) &&
	    uniques_add(&r->uniques, &r->words, &key, client) &&
	    (!r->c->events || events_add(&r->events, e));
}

/* ---- to the levels: what can fail for others' reasons comes first ---- */

static int
load(struct rollup *r, const struct counting *c, struct fsk_error *err)
{
	int rc = FSK_OK;

	for (size_t i = 0; rc == FSK_OK && i < r->facts.n; i++) {
		struct fact_key key;
		size_t len;

		memcpy(&key, table_key(&r->facts, i, &len), sizeof(key));
		for (unsigned l = 0; rc == FSK_OK && l < FACT_LEVELS; l++)
			rc = facts_load(&r->fact_level[l], c, key.time, err);
	}
	for (unsigned l = 0; rc == FSK_OK && l < NAME_LEVELS; l++)
		rc = names_load(&r->name_level[l], c, &r->names, err);
	return rc;
}

static bool
fold(struct rollup *r)
{
	bool good = true;

	for (size_t i = 0; good && i < r->facts.n; i++) {
		uint64_t *hits = table_value(&r->facts, i);
		struct fact_key key;
		size_t len;

		memcpy(&key, table_key(&r->facts, i, &len), sizeof(key));
		for (unsigned l = 0; good && l < FACT_LEVELS; l++)
			good = facts_add(&r->fact_level[l], &key, *hits);
	}
	table_clear(&r->facts);
	for (unsigned l = 0; good && l < NAME_LEVELS; l++)
		good = names_fold(&r->name_level[l], &r->names);
	names_folded(&r->names);
	return good;
}

int
rollup_put(struct rollup *r, struct store *s, struct fsk_error *err)
{
	const struct counting c = { &r->words, s, r->c->host };
	int rc = load(r, &c, err);

	if (rc != FSK_OK)
		return rc;
	if (!fold(r))
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (unsigned l = 0; l < FACT_LEVELS; l++)
		facts_put(&r->fact_level[l], &c);
	for (unsigned l = 0; l < NAME_LEVELS; l++)
		names_put(&r->name_level[l], &c, &r->names);
	uniques_put(&r->uniques, &c);
	events_put(&r->events, &c);
	for (size_t i = 0; i < r->networks.n; i++) {
		uint32_t asn;
		size_t len;

		memcpy(&asn, table_key(&r->networks, i, &len), sizeof(asn));
		store_put_network(
		    s, asn, *(char **)table_value(&r->networks, i));
	}
	return FSK_OK;
}

void
rollup_stored(struct rollup *r)
{
	for (unsigned l = 0; l < FACT_LEVELS; l++)
		facts_stored(&r->fact_level[l]);
	for (unsigned l = 0; l < NAME_LEVELS; l++)
		names_stored(&r->name_level[l]);
	names_clear(&r->names);
	uniques_clear(&r->uniques);
	events_clear(&r->events);
	clear_networks(r);
	r->pending = 0;
}
