/* SPDX-License-Identifier: BSD-3-Clause */
#include "module/sweep.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/verdict.h"
#include "module/inspect.h"

/* Questions to remove: head, then the name, one after the other. */
struct found {
	uint16_t qtype, qclass;
	uint16_t len;
};

struct sweep {
	const struct fsk_list *list;
	const struct places *places;
	time_t now;
	bool inspect; /* what answers lead to matters */
	uint8_t *found;
	size_t len, room;
	bool failed;
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
    const struct sweep *s, const struct fsk_question *q, struct reply_info *rep)
{
	struct fsk_verdict v;
	bool touched = false;

	/* What cannot be looked at, because it is old, does not stay. */
	if (!rrset_array_lock(rep->ref, rep->rrset_count, s->now))
		return true;
	inspect_answer(s->list, s->places, q, rep, &v, &touched);
	rrset_array_unlock(rep->ref, rep->rrset_count);
	return touched;
}

/* Called for each cached message, under the locks of its place: notes it. */
static void
note(struct lruhash_entry *entry, void *arg)
{
	const struct msgreply_entry *m = entry->key;
	const struct query_info *qi = &m->key;
	struct sweep *s = arg;
	struct found head = { qi->qtype, qi->qclass, (uint16_t)qi->qname_len };
	struct fsk_question q = { .qtype = qi->qtype, .now = s->now };
	struct fsk_verdict v;

	if (qi->qclass != LDNS_RR_CLASS_IN || qi->qname_len > FSK_NAME_MAX)
		return;
	fsk_db_query(s->list->db, &q.q, qi->qname, qi->qname_len);
	fsk_verdict(s->list->db, NULL, &q, &v);
	if (!v.touched && !(s->inspect && leads_astray(s, &q, entry->data)))
		return;
	if (s->room - s->len < sizeof(head) + head.len) {
		size_t room = 2 * s->room + 4096;
		uint8_t *p = realloc(s->found, room);

		if (p == NULL) {
			s->failed = true;
			return;
		}
		s->found = p;
		s->room = room;
	}
	memcpy(s->found + s->len, &head, sizeof(head));
	memcpy(s->found + s->len + sizeof(head), qi->qname, head.len);
	s->len += sizeof(head) + head.len;
}

long
sweep_cache(struct module_env *env, const struct fsk_list *list,
    const struct places *places)
{
	struct sweep s = { .list = list,
		.places = places,
		.now = time(NULL), /* the workers' clocks are theirs */
		.inspect = inspect_wanted(list->db) };
	long removed = 0;

	slabhash_traverse(env->msg_cache, 0, note, &s);
	for (size_t at = 0; at < s.len;) {
		struct found head;

		memcpy(&head, s.found + at, sizeof(head));
		at += sizeof(head);
		sweep_message(
		    env, s.found + at, head.len, head.qtype, head.qclass);
		at += head.len;
		removed++;
	}
	free(s.found);
	return s.failed ? -1 : removed;
}
