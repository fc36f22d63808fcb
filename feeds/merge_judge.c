/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether an entry of one feed's list goes into the database: what the guards,
 * the other feeds, the operator's rules and his allow sections say of it.
 */
#include "feeds/merge_in.h"

#include <string.h>

/* ---- who else lists a name ---- */

/* The last LABELS labels of Q. */
static void
owner_at(const struct fsk_query *q, unsigned labels, struct fsk_name *owner)
{
	const size_t at = fsk_query_at(q, labels);

	owner->len = (uint8_t)(q->len - at);
	memcpy(owner->wire, q->wire + at, owner->len);
}

/* Whether an entry of ME, of the domain LABELS labels deep on the way to Q,
 * makes it block that. */
static bool
takes_part(const struct merger *m, const struct known *k,
    const struct fsk_query *q, unsigned labels)
{
	struct fsk_name owner;

	if (k->allow || k->expired)
		return false;
	if (!k->path_only)
		return true;
	/* Of a shared host its URLs are listed only. */
	owner_at(q, labels, &owner);
	return !guard_shared(m->r->g, &owner);
}

/* Whether ME lists what an entry with MATCH for NAME covers: by an entry for
 * the very NAME (OWNER), or by any. */
static bool
lists(const struct merger *m, const struct member *me,
    const struct fsk_name *name, enum fsk_match_kind match, bool owner)
{
	/* "*.x" does not cover x: ask for a name below. */
	const unsigned below = match == FSK_BELOW &&
		name->len + 2u <= FSK_NAME_MAX
	    ? 2
	    : 0;
	uint8_t wire[FSK_NAME_MAX + 2] = { 1, '*' };
	struct fsk_found found;
	struct fsk_query q;

	if (me->db == NULL || me->f->allow)
		return false;
	memcpy(wire + below, name->wire, name->len);
	fsk_db_query(me->db, &q, wire, name->len + below);
	fsk_db_find(me->db, &q, &found);
	return found.covered &&
	    (!owner || found.labels == q.labels - below / 2) &&
	    takes_part(m, &me->known[found.attr], &q, found.labels);
}

static unsigned
count_feeds(const struct merger *m, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += lists(m, &m->members[i], name, match, true);
	return n;
}

/* Whether another feed lists anything that an exception with MATCH for NAME
 * would take away. */
static bool
other_covers(const struct walker *t, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	for (size_t i = 0; i < t->m->n; i++) {
		const struct member *other = &t->m->members[i];

		if (other == t->at)
			continue;
		if (lists(t->m, other, name, match, false))
			return true;
		/* One for x beats "*.x", too, which does not cover x. */
		if (match == FSK_SUBTREE &&
		    lists(t->m, other, name, FSK_BELOW, false))
			return true;
	}
	return false;
}

/* ---- the entries ---- */

/* Why the member at hand does not block NAME, which it lists; NULL: it does. */
static const char *
not_blocked(
    const struct walker *t, const struct fsk_name *name, const struct known *k)
{
	const struct merger *m = t->m;
	const struct member *me = t->at;
	unsigned agree, feeds;
	const char *why = guard_refuses(
	    m->r->g, name, k->match, (enum conf_trust)me->f->trust, &agree);

	if (why != NULL && why != GUARD_AGREE)
		return why;
	if (k->path_only && guard_shared(m->r->g, name))
		return "a shared host: only its listed URLs are known";
	if (nameset_covers(&m->allowed, name, true))
		return "allowed with all that is below";
	if (agree < me->minimum)
		agree = me->minimum;
	if (agree <= 1)
		return NULL;
	feeds = count_feeds(m, name, k->match);
	if (feeds >= agree)
		return NULL;
	return why != NULL ? why : "too few feeds list it";
}

/* Whether an exception for NAME takes anything from what the member at hand
 * blocks.  What is excepted passes whatever its answer is: that is for no feed
 * to say of names that are no matter of its list. */
static bool
is_of_own_list(const struct walker *t, const struct fsk_name *name)
{
	const struct member *me = t->at;
	struct fsk_entry at[FSK_ENTRIES_MAX];
	struct fsk_query q;
	unsigned n;

	fsk_db_query(me->db, &q, name->wire, name->len);
	n = fsk_db_entries(me->db, &q, at);
	for (unsigned i = 0; i < n; i++) {
		const struct known *k = &me->known[at[i].attr];
		struct fsk_name owner;

		if (k->allow || k->expired ||
		    (k->match == FSK_EXACT && at[i].labels < q.labels))
			continue;
		owner_at(&q, at[i].labels, &owner);
		if (not_blocked(t, &owner, k) == NULL)
			return true;
	}
	return false;
}

const char *
merge_left_out(
    const struct walker *t, const struct fsk_name *name, const struct known *k)
{
	if (k->expired)
		return "older than the feed's max-age";
	if (t->at->f->allow)
		return NULL;
	if (!k->allow)
		return not_blocked(t, name, k);
	if (merge_rule_covers(t->m, name, k->match))
		return "an exception, but a rule lists it";
	if (other_covers(t, name, k->match))
		return "an exception, but another feed lists it";
	return is_of_own_list(t, name)
	    ? NULL
	    : "excepted from nothing that the feed blocks";
}
