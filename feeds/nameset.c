/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/nameset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void
nameset_init(struct nameset *s)
{
	uint8_t key[FSK_KEY_LEN] = { 0 };

	memset(s, 0, sizeof(*s));
	/* Without randomness names could be made to collide; the lists are
	 * the operator's own, so that is no reason to fail. */
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		key[0] = 1;
	fsk_key_init(&s->key, key);
}

void
nameset_fini(struct nameset *s)
{
	free(s->slot);
	memset(s, 0, sizeof(*s));
}

static uint64_t
hash_of(const struct fsk_query *q, unsigned labels)
{
	return q->loc[labels] | 1; /* 0 is for free slots */
}

static struct nameset_slot *
place(const struct nameset *s, uint64_t hash)
{
	size_t at = (size_t)(hash >> 8) & (s->room - 1);

	while (s->slot[at].hash != 0 && s->slot[at].hash != hash)
		at = (at + 1) & (s->room - 1);
	return &s->slot[at];
}

static bool
grow(struct nameset *s)
{
	struct nameset bigger = *s;

	bigger.room = s->room == 0 ? 1024 : 2 * s->room;
	bigger.slot = calloc(bigger.room, sizeof(*bigger.slot));
	if (bigger.slot == NULL)
		return false;
	for (size_t i = 0; i < s->room; i++)
		if (s->slot[i].hash != 0)
			*place(&bigger, s->slot[i].hash) = s->slot[i];
	free(s->slot);
	*s = bigger;
	return true;
}

bool
nameset_add(struct nameset *s, const struct fsk_query *q, unsigned labels,
    uint32_t value)
{
	const uint64_t hash = hash_of(q, labels);
	struct nameset_slot *at;

	if (2 * (s->n + 1) > s->room && !grow(s))
		return false;
	at = place(s, hash);
	if (at->hash == 0) {
		at->hash = hash;
		at->value = value;
		s->n++;
	} else if (value < at->value) {
		at->value = value;
	}
	return true;
}

void
nameset_query(
    const struct nameset *s, struct fsk_query *q, const struct fsk_name *name)
{
	fsk_query_init(q, &s->key, name->wire, name->len);
}

bool
nameset_find(const struct nameset *s, const struct fsk_query *q,
    unsigned labels, uint32_t *value)
{
	const struct nameset_slot *at;

	if (s->n == 0 || labels == 0)
		return false;
	at = place(s, hash_of(q, labels));
	if (at->hash == 0)
		return false;
	*value = at->value;
	return true;
}

bool
nameset_covers(
    const struct nameset *s, const struct fsk_name *name, bool itself)
{
	struct fsk_query q;
	uint32_t value;

	if (s->n == 0)
		return false;
	nameset_query(s, &q, name);
	for (unsigned k = itself ? q.labels : q.labels - 1; k > 0; k--)
		if (nameset_find(s, &q, k, &value))
			return true;
	return false;
}
