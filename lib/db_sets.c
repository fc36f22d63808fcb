/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "lib/db_build.h"

int
sets_init(struct sets *s, uint32_t nclaims, struct fsk_error *err)
{
	memset(s, 0, sizeof(*s));
	s->nclaims = nclaims;
	s->nslot = 1024;
	s->slot = calloc(s->nslot, sizeof(*s->slot));
	if (s->slot == NULL)
		return out_of_memory(err);
	pthread_mutex_init(&s->lock, NULL);
	return FSK_OK;
}

void
sets_fini(struct sets *s)
{
	if (s->slot == NULL)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s->slot);
	free(s->set);
	free(s->pool);
}

const uint32_t *
sets_claims(const struct sets *s, const uint32_t *number, uint32_t *n)
{
	if (*number < s->nclaims) {
		*n = 1;
		return number;
	}
	*n = s->set[*number - s->nclaims].n;
	return s->pool + s->set[*number - s->nclaims].first;
}

static uint32_t
slot_of(const struct sets *s, const uint32_t *claim, uint32_t n)
{
	const uint64_t key[2] = { 1, 2 };

	return (uint32_t)fsk_siphash(
		   key, (const uint8_t *)claim, n * sizeof(*claim)) &
	    (s->nslot - 1);
}

static int
grow_slots(struct sets *s)
{
	uint32_t n = s->nslot * 2;
	uint32_t *slot = calloc(n, sizeof(*slot));

	if (slot == NULL)
		return -1;
	free(s->slot);
	s->slot = slot;
	s->nslot = n;
	for (uint32_t i = 0; i < s->nset; i++) {
		uint32_t at = slot_of(
		    s, s->pool + s->set[i].first, s->set[i].n);

		while (slot[at] != 0)
			at = (at + 1) & (n - 1);
		slot[at] = i + 1;
	}
	return 0;
}

/* Appends a set; returns its row, or -1 if memory is out. */
static int64_t
append_set(struct sets *s, const uint32_t *claim, uint32_t n)
{
	if (s->nset == s->room_set) {
		uint32_t room = s->room_set * 2 + 64;
		void *p = realloc(s->set, room * sizeof(*s->set));

		if (p == NULL)
			return -1;
		s->set = p;
		s->room_set = room;
	}
	if (s->room_pool - s->npool < n) {
		uint32_t room = s->room_pool * 2 + n + 256;
		void *p = realloc(s->pool, room * sizeof(*s->pool));

		if (p == NULL)
			return -1;
		s->pool = p;
		s->room_pool = room;
	}
	memcpy(s->pool + s->npool, claim, n * sizeof(*claim));
	s->set[s->nset].first = s->npool;
	s->set[s->nset].n = n;
	s->npool += n;
	return s->nset++;
}

int
sets_intern(struct sets *s, const uint32_t *claim, uint32_t n, uint32_t *number,
    struct fsk_error *err)
{
	int64_t row = -1;
	uint32_t at;

	if (n == 1) {
		*number = *claim;
		return FSK_OK;
	}
	pthread_mutex_lock(&s->lock);
	for (at = slot_of(s, claim, n); s->slot[at] != 0;
	     at = (at + 1) & (s->nslot - 1)) {
		uint32_t i = s->slot[at] - 1;

		if (s->set[i].n == n &&
		    memcmp(s->pool + s->set[i].first, claim,
			n * sizeof(*claim)) == 0) {
			row = i;
			break;
		}
	}
	if (row == -1 && (row = append_set(s, claim, n)) != -1) {
		s->slot[at] = (uint32_t)row + 1;
		if (s->nset > s->nslot / 2 && grow_slots(s) == -1)
			row = -1;
	}
	pthread_mutex_unlock(&s->lock);
	if (row == -1)
		return out_of_memory(err);
	*number = s->nclaims + (uint32_t)row;
	return FSK_OK;
}
