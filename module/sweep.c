/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unbound's locks on its cache spin: a worker that meets one burns its time
 * until we let go, and if we are not running just then, until we run again.
 * slabhash_traverse() would hold the lock of a whole table while all of it is
 * looked at.  So we go from bin to bin as look-ups do, hold the table only to
 * find the bin and the bin only to copy the questions in it, and look them up
 * when all is free again.
 */
#include "module/sweep.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/verdict.h"
#include "module/inspect.h"

/* Questions out of the cache, one after the other. */
struct questions {
	uint8_t *at;
	size_t len, room;
};

struct sweep {
	const struct fsk_list *list;
	const struct places *places;
	time_t now;
	bool inspect; /* what answers lead to matters */
};

/* One of them; the name follows. */
struct question {
	uint16_t qtype, qclass, len;
	bool astray; /* the message leads to something that matters */
};

void
sweep_message(struct module_env *env, uint8_t *qname, size_t len,
    uint16_t qtype, uint16_t qclass)
{
	/* The hash of a message covers the CD bit for some types. */
	msg_cache_remove(env, qname, len, qtype, qclass, 0);
	msg_cache_remove(env, qname, len, qtype, qclass, BIT_CD);
}

/* Whether the message leads to something that matters. */
static bool
leads_astray(
    const struct sweep *s, const struct query_info *qi, struct reply_info *rep)
{
	struct fsk_question q = { .qtype = qi->qtype, .now = s->now };
	struct fsk_verdict v;
	bool touched = false;

	fsk_db_query(s->list->db, &q.q, qi->qname, qi->qname_len);
	/* What cannot be looked at, because it is old, does not stay. */
	if (!rrset_array_lock(rep->ref, rep->rrset_count, s->now))
		return true;
	inspect_answer(s->list, s->places, &q, rep, &v, &touched);
	rrset_array_unlock(rep->ref, rep->rrset_count);
	return touched;
}

/* Makes room for LEN octets more. */
static bool
make_room(struct questions *q, size_t len)
{
	size_t room = 2 * q->room + len + 4096;
	uint8_t *p;

	if (q->room - q->len >= len)
		return true;
	p = realloc(q->at, room);
	if (p == NULL)
		return false;
	q->at = p;
	q->room = room;
	return true;
}

static void
append(struct questions *q, struct question head, const uint8_t *name)
{
	memcpy(q->at + q->len, &head, sizeof(head));
	memcpy(q->at + q->len + sizeof(head), name, head.len);
	q->len += sizeof(head) + head.len;
}

/* Takes the question at *AT, which moves on to the next; returns its name. */
static uint8_t *
take(const struct questions *q, size_t *at, struct question *head)
{
	uint8_t *name = q->at + *at + sizeof(*head);

	memcpy(head, q->at + *at, sizeof(*head));
	*at += sizeof(*head) + head->len;
	return name;
}

/* Appends the question of ENTRY, which is locked, if it concerns us; returns
 * how many octets there was no room for. */
static size_t
copy_question(const struct sweep *s, struct questions *q,
    const struct lruhash_entry *entry)
{
	const struct query_info
	    *qi = &((const struct msgreply_entry *)entry->key)->key;
	struct question head = { qi->qtype, qi->qclass, (uint16_t)qi->qname_len,
		false };

	if (!asks_for_names(qi->qclass) || qi->qname_len > FSK_NAME_MAX)
		return 0;
	if (q->room - q->len < sizeof(head) + head.len)
		return sizeof(head) + head.len;
	head.astray = s->inspect && leads_astray(s, qi, entry->data);
	append(q, head, qi->qname);
	return 0;
}

/* Copies the questions in bin I of TABLE to Q, as far as there is room;
 * *MISSING gets how many octets are not there.  False if there are not so many
 * bins.  A table that grows meanwhile puts the entries of a bin into that bin
 * and one past those before, so none is missed. */
static bool
copy_bin(const struct sweep *s, struct lruhash *table, size_t i,
    struct questions *q, size_t *missing)
{
	struct lruhash_bin *bin;

	q->len = *missing = 0;
	lock_quick_lock(&table->lock);
	if (i >= table->size) {
		lock_quick_unlock(&table->lock);
		return false;
	}
	bin = &table->array[i];
	lock_quick_lock(&bin->lock);
	lock_quick_unlock(&table->lock);
	for (struct lruhash_entry *e = bin->overflow_list; e != NULL;
	     e = e->overflow_next) {
		lock_rw_rdlock(&e->lock);
		*missing += copy_question(s, q, e);
		lock_rw_unlock(&e->lock);
	}
	lock_quick_unlock(&bin->lock);
	return true;
}

/* Adds to FOUND those of Q that must go; false when out of memory. */
static bool
judge(const struct sweep *s, struct questions *q, struct questions *found)
{
	bool all = true;

	for (size_t at = 0; at < q->len;) {
		struct fsk_question asked = { .now = s->now };
		struct fsk_verdict v;
		struct question head;
		const uint8_t *name = take(q, &at, &head);

		asked.qtype = head.qtype;
		fsk_db_query(s->list->db, &asked.q, name, head.len);
		fsk_verdict(s->list->db, NULL, &asked, &v);
		if (!v.touched && !head.astray)
			continue;
		if (make_room(found, sizeof(head) + head.len))
			append(found, head, name);
		else
			all = false;
	}
	return all;
}

/* They are removed when all are found: then clients see the change of the whole
 * list within a moment, whatever the size of the cache. */
long
sweep_cache(struct module_env *env, const struct fsk_list *list,
    const struct places *places)
{
	const struct sweep sweep = { .list = list,
		.places = places,
		.now = time(NULL), /* the workers' clocks are theirs */
		.inspect = inspect_wanted(list->db) };
	struct questions bin = { 0 }, found = { 0 };
	struct question head;
	long removed = 0;
	bool all = true;

	for (size_t s = 0; s < env->msg_cache->size; s++) {
		struct lruhash *table = env->msg_cache->array[s];
		size_t missing;

		for (size_t i = 0; copy_bin(&sweep, table, i, &bin, &missing);
		     i++)
			if (missing == 0)
				all &= judge(&sweep, &bin, &found);
			else if (make_room(&bin, bin.len + missing))
				i--; /* once more */
			else
				all = false;
	}
	for (size_t at = 0; at < found.len; removed++) {
		uint8_t *name = take(&found, &at, &head);

		sweep_message(env, name, head.len, head.qtype, head.qclass);
	}
	free(bin.at);
	free(found.at);
	return all ? removed : -1;
}
