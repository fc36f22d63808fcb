/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/events.h"

#include <stdlib.h>
#include <string.h>

#include "lib/name.h"

struct kept_event {
	struct rollup_event is;
	size_t name;        /* where it begins */
	uint8_t client[16]; /* what is.kept points to, if to anything */
};

/* Makes *AT have room for N + MORE of SIZE octets. */
static bool
make_room(void **at, size_t n, size_t more, size_t *room, size_t size)
{
	size_t want = 2 * *room + more + 64;
	void *new;

	if (more <= *room - n)
		return true;
	new = realloc(*at, want * size);
	if (new == NULL)
		return false;
	*at = new;
	*room = want;
	return true;
}

bool
events_add(struct events *v, const struct rollup_event *e)
{
	void *event = v->event, *names = v->names;
	struct kept_event *k;
	bool good;

	good = make_room(&event, v->n, 1, &v->room, sizeof(*k)) &&
	    make_room(&names, v->names_len, e->qname_len, &v->names_room, 1);
	v->event = event;
	v->names = names;
	if (!good)
		return false;
	k = &v->event[v->n++];
	k->is = *e;
	k->name = v->names_len;
	if (e->kept != NULL)
		memcpy(k->client, e->kept, sizeof(k->client));
	memcpy(v->names + v->names_len, e->qname, e->qname_len);
	v->names_len += e->qname_len;
	return true;
}

void
events_put(const struct events *v, const struct counting *c)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct kept_event *k = &v->event[i];
		const struct rollup_event *e = &k->is;
		char text[FSK_TEXT_MAX];

		store_put_event(c->store,
		    &(struct store_event){
			.time = e->time,
			.name = fsk_name_to_text(v->names + k->name, text),
			.qtype = e->qtype,
			.feeds = words_set_text(c->words, e->feeds),
			.category = words_text(
			    c->words, FSK_LABEL_CATEGORY, e->category),
			.group = words_text(
			    c->words, FSK_LABEL_GROUP, e->group),
			.case_number = words_text(
			    c->words, WORDS_CASE, e->case_number),
			.severity = e->severity,
			.action = e->action,
			.transport = e->transport,
			.would = e->would,
			.country = e->country,
			.asn = e->asn,
			.client = e->kept != NULL ? k->client : NULL,
		    });
	}
}

void
events_clear(struct events *v)
{
	v->n = v->names_len = 0;
}

void
events_fini(struct events *v)
{
	free(v->event);
	free(v->names);
	*v = (struct events){ 0 };
}
