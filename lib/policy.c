/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/policy.h"

#include <stdlib.h>
#include <string.h>

#include "lib/policy_layout.h"

struct fsk_policy {
	struct fsk_policy_settings settings;
	uint32_t groups, classes;
	struct fsk_class *class;
	struct group {
		const char *name;
		bool off;
		struct fsk_db *list;
	} * group;
	struct fsk_db *any;
	bool differs, aliases, allows;
	const uint8_t *matrix, *places, *memberships, *schedules, *intervals;
	struct fsk_prefix_table networks, addresses, servers;
	/* While it is opened. */
	const uint8_t *key;
	uint32_t answers;
	struct piece {
		const uint8_t *at;
		size_t len;
	} piece[POLICY_PIECES];
};

/* ---- open ---- */

static int
damaged(struct fsk_error *err, const char *what)
{
	return fsk_fail(err, FSK_ECORRUPT, "the policy is damaged: %s", what);
}

static int
open_pieces(struct fsk_policy *p, const uint8_t *bytes, size_t len,
    struct fsk_error *err)
{
	if (len < POLICY_HEAD_LEN || fsk_get32(bytes) != POLICY_VERSION)
		return damaged(err, "unknown version");
	for (unsigned i = 0; i < POLICY_PIECES; i++) {
		const uint8_t *row = bytes + POLICY_TABLE + 16 * i;
		const uint64_t at = fsk_get64(row), n = fsk_get64(row + 8);

		if (at % 64 != 0 || at > len || n > len - at)
			return damaged(err, "a part lies outside");
		p->piece[i] = (struct piece){ bytes + at, n };
	}
	return FSK_OK;
}

/* The text at AT of the texts; NULL if there is none. */
static const char *
text_at(const struct fsk_policy *p, uint32_t at)
{
	const struct piece *t = &p->piece[POLICY_TEXTS];

	return at < t->len ? (const char *)t->at + at : NULL;
}

static int
open_settings(struct fsk_policy *p, const uint8_t *head, struct fsk_error *err)
{
	const struct piece *t = &p->piece[POLICY_TEXTS];
	struct fsk_policy_settings *s = &p->settings;
	const uint32_t flags = fsk_get32(head + POLICY_FLAGS);

	if (t->len == 0 || t->at[t->len - 1] != '\0')
		return damaged(err, "the texts do not end");
	if (head[POLICY_SIGNED] > FSK_SIGNED_PASS ||
	    (flags & ~POLICY_FLAGS_KNOWN) != 0)
		return damaged(err, "a setting is out of range");
	s->trust_ecs = flags & POLICY_TRUST_ECS;
	s->look_at_answers = flags & POLICY_ANSWERS;
	s->look_at_places = flags & POLICY_PLACES;
	s->look_at_servers = flags & POLICY_SERVERS;
	s->if_signed = (enum fsk_signed)head[POLICY_SIGNED];
	s->country_db = text_at(p, fsk_get32(head + POLICY_COUNTRY_DB));
	s->asn_db = text_at(p, fsk_get32(head + POLICY_ASN_DB));
	s->contact = text_at(p, fsk_get32(head + POLICY_CONTACT));
	s->organisation = text_at(p, fsk_get32(head + POLICY_ORGANISATION));
	s->incidents = text_at(p, fsk_get32(head + POLICY_INCIDENTS));
	if (s->country_db == NULL || s->asn_db == NULL || s->contact == NULL ||
	    s->organisation == NULL || s->incidents == NULL)
		return damaged(err, "a text lies outside");
	return FSK_OK;
}

/* A group's list, or the list of all. */
static int
open_list(const struct fsk_policy *p, const uint8_t *row, struct fsk_db **db,
    struct fsk_error *err)
{
	const struct piece *lists = &p->piece[POLICY_LISTS];
	const uint64_t at = fsk_get64(row), len = fsk_get64(row + 8);

	*db = NULL;
	if (len == 0)
		return FSK_OK;
	if (at % 64 != 0 || at > lists->len || len > lists->len - at)
		return damaged(err, "a list lies outside");
	return fsk_db_open_nested(db, lists->at + at, len, p->key, err);
}

/* Whether some entry of LIST lets names pass. */
static bool
lets_pass(const struct fsk_db *list)
{
	struct fsk_db_info info;
	struct fsk_attr a;

	fsk_db_info(list, &info);
	for (uint32_t i = 0; i < info.attrs; i++) {
		fsk_db_attr(list, i, &a);
		if (a.allow)
			return true;
	}
	return false;
}

static int
open_groups(struct fsk_policy *p, const uint8_t *head, struct fsk_error *err)
{
	const struct piece *rows = &p->piece[POLICY_GROUPS];
	int rc = open_list(p, head + POLICY_ANY, &p->any, err);

	p->groups = (uint32_t)(rows->len / POLICY_GROUP_LEN);
	if (rows->len % POLICY_GROUP_LEN != 0 || p->groups == 0 ||
	    p->groups > UINT16_MAX)
		return damaged(err, "wrong length of the groups");
	p->group = calloc(p->groups, sizeof(*p->group));
	if (p->group == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < p->groups && rc == FSK_OK; i++) {
		const uint8_t *row = rows->at + (size_t)i * POLICY_GROUP_LEN;
		struct group *g = &p->group[i];

		g->name = text_at(p, fsk_get32(row + POLICY_G_NAME));
		g->off = row[POLICY_G_OFF];
		if (g->name == NULL || row[POLICY_G_OFF] > 1)
			return damaged(err, "a group is out of range");
		rc = open_list(p, row + POLICY_G_LIST, &g->list, err);
		p->allows |= g->list != NULL && lets_pass(g->list);
	}
	return rc;
}

static int
open_classes(struct fsk_policy *p, struct fsk_error *err)
{
	const struct piece *rows = &p->piece[POLICY_CLASSES];
	const struct piece *matrix = &p->piece[POLICY_MATRIX];

	p->classes = (uint32_t)(rows->len / POLICY_CLASS_LEN);
	if (rows->len % POLICY_CLASS_LEN != 0 || p->classes > UINT16_MAX ||
	    matrix->len != (uint64_t)2 * p->groups * p->classes)
		return damaged(err, "wrong length of the classes");
	p->class = calloc(p->classes + 1u, sizeof(*p->class));
	if (p->class == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < p->classes; i++) {
		const uint8_t *row = rows->at + (size_t)i * POLICY_CLASS_LEN;
		struct fsk_class *k = &p->class[i];

		if (row[POLICY_C_FLAGS] & ~POLICY_C_FLAGS_KNOWN ||
		    row[POLICY_C_NTYPES] > FSK_POLICY_TYPES_MAX)
			return damaged(err, "a class is out of range");
		k->aliases = row[POLICY_C_FLAGS] & POLICY_C_ALIASES;
		p->aliases |= k->aliases;
		k->types_only = row[POLICY_C_FLAGS] & POLICY_C_TYPES_ONLY;
		k->ntypes = row[POLICY_C_NTYPES];
		for (unsigned j = 0; j < k->ntypes; j++)
			k->type[j] = fsk_get16(row + POLICY_C_TYPES + 2 * j);
	}
	p->matrix = matrix->at;
	for (size_t i = 0; i < (size_t)p->groups * p->classes; i++) {
		const uint16_t row = fsk_get16(p->matrix + 2 * i);

		if (row != FSK_ANSWER_PASS && row >= p->answers)
			return damaged(err, "an answer does not exist");
	}
	return FSK_OK;
}

/* Rows `u32 first, u32 n` of PIECE name rows of NEXT, which has N. */
static bool
good_spans(const struct piece *piece, uint64_t n)
{
	if (piece->len % POLICY_SPAN_LEN != 0)
		return false;
	for (size_t i = 0; i < piece->len; i += POLICY_SPAN_LEN) {
		const uint32_t first = fsk_get32(piece->at + i);

		if (first > n || fsk_get32(piece->at + i + 4) > n - first)
			return false;
	}
	return true;
}

static int
open_times(struct fsk_policy *p, struct fsk_error *err)
{
	const struct piece *places = &p->piece[POLICY_PLACES_OF];
	const struct piece *members = &p->piece[POLICY_MEMBERSHIPS];
	const struct piece *schedules = &p->piece[POLICY_SCHEDULES];
	const struct piece *intervals = &p->piece[POLICY_INTERVALS];
	const uint64_t nschedules = schedules->len / POLICY_SPAN_LEN;

	if (members->len % POLICY_MEMBER_LEN != 0 ||
	    intervals->len % POLICY_INTERVAL_LEN != 0 ||
	    !good_spans(places, members->len / POLICY_MEMBER_LEN) ||
	    !good_spans(schedules, intervals->len / POLICY_INTERVAL_LEN))
		return damaged(err, "memberships or schedules do not fit");
	for (size_t i = 0; i < members->len; i += POLICY_MEMBER_LEN) {
		const uint16_t schedule = fsk_get16(members->at + i + 2);

		if (fsk_get16(members->at + i) >= p->groups ||
		    (schedule != FSK_NO_SCHEDULE && schedule >= nschedules))
			return damaged(err, "a membership is out of range");
	}
	p->places = places->at;
	p->memberships = members->at;
	p->schedules = schedules->at;
	p->intervals = intervals->at;
	return FSK_OK;
}

static int
open_prefixes(struct fsk_policy *p, struct fsk_error *err)
{
	const struct piece *networks = &p->piece[POLICY_NETWORKS];
	const struct piece *addresses = &p->piece[POLICY_ADDRESSES];
	const struct piece *servers = &p->piece[POLICY_SERVERS_AT];
	const char *wrong = fsk_prefix_table_open(&p->networks, networks->at,
	    networks->len,
	    (uint32_t)(p->piece[POLICY_PLACES_OF].len / POLICY_SPAN_LEN));

	if (wrong == NULL)
		wrong = fsk_prefix_table_open(
		    &p->addresses, addresses->at, addresses->len, 129);
	if (wrong == NULL)
		wrong = fsk_prefix_table_open(
		    &p->servers, servers->at, servers->len, 129);
	return wrong == NULL ? FSK_OK : damaged(err, wrong);
}

int
fsk_policy_open(struct fsk_policy **out, const uint8_t *bytes, size_t len,
    const uint8_t *key, uint32_t answers, struct fsk_error *err)
{
	struct fsk_policy *p = calloc(1, sizeof(*p));
	int rc;

	*out = NULL;
	if (p == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	p->key = key;
	p->answers = answers;
	rc = open_pieces(p, bytes, len, err);
	if (rc == FSK_OK)
		rc = open_settings(p, bytes, err);
	if (rc == FSK_OK)
		rc = open_groups(p, bytes, err);
	if (rc == FSK_OK)
		rc = open_classes(p, err);
	if (rc == FSK_OK)
		rc = open_times(p, err);
	if (rc == FSK_OK)
		rc = open_prefixes(p, err);
	if (rc != FSK_OK) {
		fsk_policy_close(p);
		return rc;
	}
	p->differs = p->groups > 1;
	*out = p;
	return FSK_OK;
}

void
fsk_policy_close(struct fsk_policy *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; p->group != NULL && i < p->groups; i++)
		fsk_db_close(p->group[i].list);
	fsk_db_close(p->any);
	free(p->group);
	free(p->class);
	free(p);
}

/* ---- asking it ---- */

const struct fsk_policy_settings *
fsk_policy_settings(const struct fsk_policy *p)
{
	return &p->settings;
}

uint32_t
fsk_policy_groups(const struct fsk_policy *p)
{
	return p->groups;
}

uint32_t
fsk_policy_classes(const struct fsk_policy *p)
{
	return p->classes;
}

const char *
fsk_policy_group_name(const struct fsk_policy *p, unsigned group)
{
	return p->group[group].name;
}

const struct fsk_class *
fsk_policy_class(const struct fsk_policy *p, unsigned class)
{
	return &p->class[class];
}

static bool
is_active(const struct fsk_policy *p, unsigned schedule, int64_t now)
{
	const uint8_t *span = p->schedules + POLICY_SPAN_LEN * schedule;
	const uint8_t *rows = p->intervals +
	    (size_t)fsk_get32(span) * POLICY_INTERVAL_LEN;
	uint32_t lo = 0, hi = fsk_get32(span + 4);

	/* The last interval that begins at or before NOW. */
	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;

		if ((int64_t)fsk_get64(
			rows + (size_t)mid * POLICY_INTERVAL_LEN) <= now)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 &&
	    now < (int64_t)fsk_get64(
		      rows + (size_t)(lo - 1) * POLICY_INTERVAL_LEN + 8);
}

unsigned
fsk_policy_group(const struct fsk_policy *p,
    const uint8_t addr[static FSK_ADDR_LEN], int64_t now)
{
	const uint32_t place = fsk_prefix_find(&p->networks, addr);
	const uint8_t *span, *row;

	if (place == 0)
		return 0;
	span = p->places + POLICY_SPAN_LEN * (size_t)(place - 1);
	row = p->memberships + (size_t)fsk_get32(span) * POLICY_MEMBER_LEN;
	for (uint32_t n = fsk_get32(span + 4); n > 0;
	     n--, row += POLICY_MEMBER_LEN) {
		const uint16_t schedule = fsk_get16(row + 2);

		if (schedule == FSK_NO_SCHEDULE || is_active(p, schedule, now))
			return fsk_get16(row);
	}
	return 0;
}

bool
fsk_policy_off(const struct fsk_policy *p, unsigned group)
{
	return p->group[group].off;
}

const struct fsk_db *
fsk_policy_list(const struct fsk_policy *p, unsigned group)
{
	return p->group[group].list;
}

const struct fsk_db *
fsk_policy_any(const struct fsk_policy *p)
{
	return p->any;
}

uint16_t
fsk_policy_answer(const struct fsk_policy *p, unsigned group, unsigned class)
{
	return fsk_get16(p->matrix + 2 * ((size_t)group * p->classes + class));
}

bool
fsk_policy_allows(const struct fsk_policy *p)
{
	return p->allows;
}

bool
fsk_policy_differs(const struct fsk_policy *p)
{
	return p->differs;
}

bool
fsk_policy_aliases(const struct fsk_policy *p)
{
	return p->aliases;
}

int
fsk_policy_address(
    const struct fsk_policy *p, const uint8_t addr[static FSK_ADDR_LEN])
{
	return (int)fsk_prefix_find(&p->addresses, addr) - 1;
}

int
fsk_policy_server(
    const struct fsk_policy *p, const uint8_t addr[static FSK_ADDR_LEN])
{
	return (int)fsk_prefix_find(&p->servers, addr) - 1;
}
