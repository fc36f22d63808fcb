/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "lib/policy.h"
#include "lib/policy_layout.h"

/* Octets that grow; what cannot is noted, and all that follows is lost. */
struct bytes {
	uint8_t *at;
	size_t len, room;
	bool failed;
};

/* Adds LEN octets, zero where P is NULL; returns where. */
static size_t
put(struct bytes *b, const void *p, size_t len)
{
	const size_t at = b->len;

	if (b->failed || len == 0)
		return at;
	if (len > b->room - b->len) {
		const size_t room = 2 * b->room + len + 4096;
		void *more = realloc(b->at, room);

		if (more == NULL) {
			b->failed = true;
			return at;
		}
		b->at = more;
		b->room = room;
	}
	if (p != NULL)
		memcpy(b->at + at, p, len);
	else
		memset(b->at + at, 0, len);
	b->len += len;
	return at;
}

static void
fill_to_64(struct bytes *b)
{
	put(b, NULL, (64 - b->len % 64) % 64);
}

static void
put_text(struct bytes *texts, uint8_t *where, const char *text)
{
	fsk_put32(where, (uint32_t)texts->len);
	if (text != NULL)
		put(texts, text, strlen(text));
	put(texts, "", 1);
}

/* Adds a list and notes where it stands. */
static void
put_list(struct bytes *lists, uint8_t *row, const void *list, size_t len)
{
	if (list == NULL)
		return;
	fill_to_64(lists);
	fsk_put64(row, lists->len);
	fsk_put64(row + 8, len);
	put(lists, list, len);
}

static void
put_head(
    uint8_t *head, const struct fsk_policy_settings *s, struct bytes *texts)
{
	fsk_put32(head, POLICY_VERSION);
	fsk_put32(head + POLICY_FLAGS,
	    (s->trust_ecs ? POLICY_TRUST_ECS : 0) |
		(s->look_at_answers ? POLICY_ANSWERS : 0) |
		(s->look_at_places ? POLICY_PLACES : 0) |
		(s->look_at_servers ? POLICY_SERVERS : 0));
	head[POLICY_SIGNED] = (uint8_t)s->if_signed;
	put_text(texts, head + POLICY_COUNTRY_DB, s->country_db);
	put_text(texts, head + POLICY_ASN_DB, s->asn_db);
	put_text(texts, head + POLICY_CONTACT, s->contact);
	put_text(texts, head + POLICY_ORGANISATION, s->organisation);
	put_text(texts, head + POLICY_INCIDENTS, s->incidents);
}

static void
put_groups(
    struct bytes *piece, uint8_t *head, const struct fsk_policy_spec *spec)
{
	put_list(
	    &piece[POLICY_LISTS], head + POLICY_ANY, spec->any, spec->any_len);
	for (uint32_t i = 0; i < spec->groups; i++) {
		const struct fsk_group_spec *g = &spec->group[i];
		uint8_t row[POLICY_GROUP_LEN] = { 0 };

		put_text(&piece[POLICY_TEXTS], row + POLICY_G_NAME, g->name);
		row[POLICY_G_OFF] = g->off;
		put_list(&piece[POLICY_LISTS], row + POLICY_G_LIST, g->list,
		    g->list_len);
		put(&piece[POLICY_GROUPS], row, sizeof(row));
	}
}

static void
put_classes(struct bytes *piece, const struct fsk_policy_spec *spec)
{
	for (uint32_t i = 0; i < spec->classes; i++) {
		const struct fsk_class *k = &spec->class[i];
		uint8_t row[POLICY_CLASS_LEN] = { 0 };

		row[POLICY_C_FLAGS] = (uint8_t)((k->aliases ? POLICY_C_ALIASES
							    : 0) |
		    (k->types_only ? POLICY_C_TYPES_ONLY : 0));
		row[POLICY_C_NTYPES] = (uint8_t)k->ntypes;
		for (unsigned j = 0; j < k->ntypes; j++)
			fsk_put16(row + POLICY_C_TYPES + 2 * j, k->type[j]);
		put(&piece[POLICY_CLASSES], row, sizeof(row));
	}
	for (size_t i = 0; i < (size_t)spec->groups * spec->classes; i++) {
		uint8_t row[2];

		fsk_put16(row, spec->answer[i]);
		put(&piece[POLICY_MATRIX], row, sizeof(row));
	}
}

static void
put_span(struct bytes *b, uint32_t first, uint32_t n)
{
	uint8_t row[POLICY_SPAN_LEN];

	fsk_put32(row, first);
	fsk_put32(row + 4, n);
	put(b, row, sizeof(row));
}

static void
put_times(struct bytes *piece, const struct fsk_policy_spec *spec)
{
	for (uint32_t i = 0; i < spec->places; i++)
		put_span(&piece[POLICY_PLACES_OF], spec->place[i].first,
		    spec->place[i].n);
	for (uint32_t i = 0; i < spec->memberships; i++) {
		uint8_t row[POLICY_MEMBER_LEN];

		fsk_put16(row, spec->membership[i].group);
		fsk_put16(row + 2, spec->membership[i].schedule);
		put(&piece[POLICY_MEMBERSHIPS], row, sizeof(row));
	}
	for (uint32_t i = 0; i < spec->schedules; i++)
		put_span(&piece[POLICY_SCHEDULES], spec->schedule[i].first,
		    spec->schedule[i].n);
	for (uint32_t i = 0; i < spec->intervals; i++) {
		uint8_t row[POLICY_INTERVAL_LEN];

		fsk_put64(row, (uint64_t)spec->interval[i].from);
		fsk_put64(row + 8, (uint64_t)spec->interval[i].to);
		put(&piece[POLICY_INTERVALS], row, sizeof(row));
	}
}

static void
put_prefixes(struct bytes *b, const struct fsk_prefixes *p)
{
	static const struct fsk_prefixes none;
	size_t len;
	uint8_t *table = fsk_prefixes_table(p != NULL ? p : &none, &len);

	if (table == NULL)
		b->failed = true;
	else
		put(b, table, len);
	free(table);
}

/* The addresses with their lengths, plus 1, as values. */
static void
put_addresses(struct bytes *b, const struct fsk_prefixes *p)
{
	struct fsk_prefixes sized = { 0 };

	for (size_t i = 0; p != NULL && i < p->n; i++)
		b->failed |= !fsk_prefixes_add(
		    &sized, p->at[i].addr, p->at[i].bits, p->at[i].bits + 1u);
	put_prefixes(b, &sized);
	fsk_prefixes_fini(&sized);
}

uint8_t *
fsk_policy_pack(const struct fsk_policy_spec *spec, size_t *len)
{
	struct bytes piece[POLICY_PIECES] = { { 0 } }, out = { 0 };
	uint8_t head[POLICY_HEAD_LEN] = { 0 };

	put_head(head, &spec->settings, &piece[POLICY_TEXTS]);
	put_groups(piece, head, spec);
	put_classes(piece, spec);
	put_times(piece, spec);
	put_prefixes(&piece[POLICY_NETWORKS], spec->networks);
	put_addresses(&piece[POLICY_ADDRESSES], spec->addresses);
	put_addresses(&piece[POLICY_SERVERS_AT], spec->servers);

	put(&out, NULL, sizeof(head));
	for (unsigned i = 0; i < POLICY_PIECES; i++) {
		fill_to_64(&out);
		fsk_put64(head + POLICY_TABLE + 16 * i, out.len);
		fsk_put64(head + POLICY_TABLE + 16 * i + 8, piece[i].len);
		put(&out, piece[i].at, piece[i].len);
		out.failed |= piece[i].failed;
		free(piece[i].at);
	}
	if (out.failed) {
		free(out.at);
		return NULL;
	}
	memcpy(out.at, head, sizeof(head));
	*len = out.len;
	return out.at;
}
