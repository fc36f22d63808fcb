/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * URLs that are listed: hashed expressions with their attribute sets, for
 * look-ups by people; the resolver never asks for them.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/db_build.h"

int
urls_add(struct urls *u, uint64_t hash, uint32_t claim, struct fsk_error *err)
{
	if (u->n == u->room) {
		size_t room = 2 * u->room + 1024;
		struct url_claim *p = realloc(u->at, room * sizeof(*p));

		if (p == NULL)
			return out_of_memory(err);
		u->at = p;
		u->room = room;
	}
	u->at[u->n++] = (struct url_claim){ hash, claim };
	return FSK_OK;
}

static int
compare(const void *ap, const void *bp)
{
	const struct url_claim *a = ap, *b = bp;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->claim < b->claim ? -1 : a->claim > b->claim;
}

/* The set of the N claims at AT, which are in order; equal ones count once, and
 * as with names, where some allow, the others do not count. */
static int
intern(struct worker *me, const struct url_claim *at, size_t n, uint32_t *set)
{
	uint32_t *claims = malloc(n * sizeof(*claims)), different = 0;
	const struct claim *all = me->w->claims;
	bool allow = false;
	int rc;

	if (claims == NULL)
		return out_of_memory(&me->err);
	for (size_t i = 0; i < n; i++)
		allow |= all[at[i].claim].allow;
	for (size_t i = 0; i < n; i++)
		if (all[at[i].claim].allow == allow &&
		    (different == 0 || claims[different - 1] != at[i].claim))
			claims[different++] = at[i].claim;
	rc = sets_intern(&me->w->sets, claims, different, set, &me->err);
	free(claims);
	if (rc == FSK_OK)
		rc = mark_used(me, *set, FSK_EXACT);
	return rc;
}

int
urls_merge(struct worker *me, struct urls *u)
{
	size_t left = 0;

	if (u->n > 1)
		qsort(u->at, u->n, sizeof(*u->at), compare);
	for (size_t i = 0, next; i < u->n; i = next) {
		uint32_t set;
		int rc;

		for (next = i + 1;
		     next < u->n && u->at[next].hash == u->at[i].hash; next++)
			;
		rc = intern(me, u->at + i, next - i, &set);
		if (rc != FSK_OK)
			return rc;
		u->at[left++] = (struct url_claim){ u->at[i].hash, set };
	}
	u->n = left;
	return FSK_OK;
}

int
urls_write(
    const struct fsk_writer *w, const struct urls *u, struct fsk_error *err)
{
	uint8_t rows[4096 / FSK_URL_LEN * FSK_URL_LEN];
	size_t len = 0;
	int rc = FSK_OK;

	for (size_t i = 0; i < u->n && rc == FSK_OK; i++) {
		fsk_put64(rows + len, u->at[i].hash);
		fsk_put32(rows + len + 8,
		    w->attr_of[u->at[i].claim * (size_t)3 + FSK_EXACT]);
		len += FSK_URL_LEN;
		if (len == sizeof(rows) || i + 1 == u->n) {
			rc = out_write(w->out, rows, len, err);
			len = 0;
		}
	}
	return rc;
}
