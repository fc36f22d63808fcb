/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/cmd.h"
#include "feeds/printable.h"
#include "lib/qtype.h"

/* Prints and frees O.  All but ASCII is escaped: there are control characters
 * among the rest, too. */
static bool
print(FILE *to, json_t *o, size_t flags)
{
	bool good = o != NULL &&
	    json_dumpf(o, to, flags | JSON_ENSURE_ASCII) == 0 &&
	    fputc('\n', to) != EOF;

	json_decref(o);
	return good;
}

static void
add_number(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, json_integer((json_int_t)value));
}

static json_t *
text(const char *s)
{
	json_t *j = json_string(s);
	char *copy;

	if (j != NULL || s == NULL || (copy = strdup(s)) == NULL)
		return j;
	/* What is said on a command line may be no UTF-8. */
	j = json_string(printable(copy));
	free(copy);
	return j;
}

static void
add_entry(json_t *o, const struct json_entry *e)
{
	json_t *feeds = json_array();
	struct fsk_attr a;
	char day[16];

	json_object_set_new(o, "feeds", feeds);
	if (e->entry == NULL) {
		static const char *const none[] = { "action", "entry", "match",
			"category", "severity", "since", "case" };

		for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
			json_object_set_new(o, none[i], json_null());
		return;
	}
	fsk_db_attr(e->db, e->attr, &a);
	json_object_set_new(o, "action", text(action_word(&a)));
	json_object_set_new(o, "entry", text(e->entry));
	json_object_set_new(o, "match", text(match_word(a.match)));
	for (unsigned i = 0; i < a.feeds; i++)
		json_array_append_new(
		    feeds, text(fsk_db_attr_feed(e->db, e->attr, i)));
	json_object_set_new(o, "category", text(a.category));
	json_object_set_new(o, "severity", text(severity_word(a.severity)));
	json_object_set_new(o, "since", text(day_text(a.since, day)));
	json_object_set_new(o, "case",
	    a.case_number[0] != '\0' ? text(a.case_number) : json_null());
}

/* Adds who answers for the feeds of E, where they say so. */
static void
add_authorities(json_t *o, const struct json_entry *e)
{
	json_t *all = json_array();
	struct fsk_attr a = { .feeds = 0 };

	if (e->entry != NULL)
		fsk_db_attr(e->db, e->attr, &a);
	for (unsigned i = 0; i < a.feeds; i++) {
		struct fsk_feed f;
		json_t *one;

		fsk_db_feed_info(
		    e->db, fsk_db_attr_feed_row(e->db, e->attr, i), &f);
		if (f.authority[0] == '\0' && f.legal_basis[0] == '\0' &&
		    f.contact[0] == '\0')
			continue;
		one = json_object();
		json_object_set_new(one, "feed", text(f.name));
		json_object_set_new(one, "authority", text(f.authority));
		json_object_set_new(one, "legal_basis", text(f.legal_basis));
		json_object_set_new(one, "contact", text(f.contact));
		json_array_append_new(all, one);
	}
	json_object_set_new(o, "authorities", all);
}

bool
json_lookup(
    FILE *to, const char *name, const struct json_entry *e, const char *kind)
{
	json_t *o = json_object();
	struct fsk_attr a = { .allow = true };

	if (e->entry != NULL)
		fsk_db_attr(e->db, e->attr, &a);
	json_object_set_new(o, "name", text(name));
	json_object_set_new(o, "listed", json_boolean(!a.allow));
	add_entry(o, e);
	add_authorities(o, e);
	if (kind != NULL)
		json_object_set_new(o, "match", text(kind));
	/* Nothing is done to the host of a URL. */
	if (kind != NULL && strcmp(kind, "url") == 0 && !a.allow)
		json_object_set_new(o, "action", json_null());
	return print(to, o, JSON_COMPACT);
}

bool
json_dump(FILE *to, const struct json_entry *e)
{
	json_t *o = json_object();

	add_entry(o, e);
	return print(to, o, JSON_COMPACT);
}

bool
json_info(FILE *to, const struct fsk_db *db)
{
	json_t *o = json_object(), *feeds = json_array(),
	       *sections = json_array();
	struct fsk_db_section s;
	struct fsk_db_info info;

	fsk_db_info(db, &info);
	json_object_set_new(
	    o, "entries", json_integer((json_int_t)info.entries));
	json_object_set_new(o, "serial", json_integer((json_int_t)info.serial));
	json_object_set_new(
	    o, "created", json_integer((json_int_t)info.created));
	json_object_set_new(o, "mode",
	    json_string(info.mode == FSK_NAMES ? "names" : "secret"));
	json_object_set_new(o, "bytes", json_integer((json_int_t)info.bytes));
	json_object_set_new(o, "bytes_per_entry",
	    info.entries == 0
		? json_null()
		: json_real((double)info.bytes / (double)info.entries));
	json_object_set_new(o, "attribute_sets", json_integer(info.attrs));
	json_object_set_new(o, "feeds", feeds);
	for (uint32_t i = 0; i < info.feeds; i++) {
		json_t *f = json_object();
		uint64_t entries;

		json_object_set_new(
		    f, "name", text(fsk_db_feed(db, i, &entries)));
		json_object_set_new(
		    f, "entries", json_integer((json_int_t)entries));
		json_array_append_new(feeds, f);
	}
	json_object_set_new(o, "sections", sections);
	for (unsigned i = 0; fsk_db_section(db, i, &s); i++) {
		json_t *j = json_object();

		json_object_set_new(j, "name", text(s.name));
		json_object_set_new(
		    j, "offset", json_integer((json_int_t)s.offset));
		json_object_set_new(
		    j, "bytes", json_integer((json_int_t)s.length));
		json_array_append_new(sections, j);
	}
	return print(to, o, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
}

/* ---- diff ---- */

bool
json_change(
    FILE *to, const struct json_entry *before, const struct json_entry *after)
{
	json_t *o = json_object(), *a = json_object(), *b = json_object();

	json_object_set_new(o, "entry", text(after->entry));
	json_object_set_new(o, "before", a);
	json_object_set_new(o, "after", b);
	add_entry(a, before);
	add_entry(b, after);
	return print(to, o, JSON_COMPACT);
}

static void
add_counts(json_t *o, const struct diff_count *c)
{
	add_number(o, "added", c->added);
	add_number(o, "removed", c->removed);
	add_number(o, "changed", c->changed);
}

static json_t *
diff_side(const struct fsk_db_info *info)
{
	json_t *o = json_object();

	add_number(o, "serial", info->serial);
	add_number(o, "entries", info->entries);
	add_number(o, "urls", info->urls);
	return o;
}

bool
json_diff(FILE *to, const struct diff *d)
{
	json_t *o = json_object(), *feeds = json_array();
	json_t *total = d->secret ? json_null() : json_object();

	json_object_set_new(o, "before", diff_side(&d->before.info));
	json_object_set_new(o, "after", diff_side(&d->after.info));
	json_object_set_new(o, "total", total);
	if (!d->secret)
		add_counts(total, &d->total);
	json_object_set_new(o, "feeds", feeds);
	for (size_t i = 0; i < d->nfeeds && !d->secret; i++) {
		json_t *f = json_object();

		json_object_set_new(f, "name", text(d->feeds[i].name));
		add_counts(f, &d->feeds[i].count);
		json_array_append_new(feeds, f);
	}
	return print(to, o, JSON_COMPACT | JSON_EMBED);
}

/* ---- status ---- */

/* A time or an age, null where there is none. */
static void
add_time(json_t *o, const char *name, int64_t value, bool known)
{
	json_object_set_new(
	    o, name, known ? json_integer((json_int_t)value) : json_null());
}

static json_t *
status_feed(const struct status_feed *f)
{
	json_t *o = json_object();
	const struct feed_state *s = &f->s;

	json_object_set_new(o, "name", text(f->f->head.title));
	json_object_set_new(o, "kind", text(f->f->allow ? "allow" : "feed"));
	json_object_set_new(o, "category", text(f->f->category));
	json_object_set_new(o, "health", text(health_word(f->health)));
	add_time(o, "list_age", f->age, f->age >= 0);
	add_time(o, "tried", s->tried, s->tried != 0);
	add_time(o, "good", s->good, s->good != 0);
	add_time(o, "not_before", s->not_before, s->not_before != 0);
	add_number(o, "failures", s->failures);
	json_object_set_new(
	    o, "why", s->why[0] != '\0' ? text(s->why) : json_null());
	add_number(o, "http", s->http);
	json_object_set_new(o, "format", text(s->format));
	add_number(o, "bytes", s->bytes);
	add_number(o, "lines", s->lines);
	add_number(o, "names", s->names);
	add_number(o, "urls", s->urls);
	add_number(o, "exceptions", s->excepted);
	add_number(o, "not_applicable", s->skipped);
	add_number(o, "bad", s->bad);
	add_number(o, "refused", s->refused);
	add_number(o, "entries", s->entries);
	add_number(o, "unique", s->unique);
	return o;
}

bool
json_status(FILE *to, const struct status *s)
{
	json_t *o = json_object(), *feeds = json_array();

	json_object_set_new(o, "database", text(s->c->database));
	add_number(o, "serial", s->serial);
	add_time(o, "created", s->created, s->serial != 0);
	add_number(o, "entries", s->entries);
	add_number(o, "urls", s->urls);
	add_number(o, "bytes", s->bytes);
	json_object_set_new(o, "held", json_boolean(s->held));
	json_object_set_new(o, "good", json_boolean(s->good));
	add_number(o, "now", (uint64_t)s->now);
	json_object_set_new(o, "feeds", feeds);
	for (size_t i = 0; i < s->c->nfeeds; i++)
		json_array_append_new(feeds, status_feed(&s->feed[i]));
	return print(to, o, JSON_INDENT(2));
}

/* ---- a round that changes nothing ---- */

static const char *
outcome_word(enum round_outcome outcome)
{
	switch (outcome) {
	case ROUND_NOT_DUE:
		return "not asked";
	case ROUND_NEW:
		return "new";
	case ROUND_READ_AGAIN:
		return "read again";
	case ROUND_UNCHANGED:
		return "unchanged";
	case ROUND_FAILED:
		return "failed";
	}
	return "?";
}

bool
json_round(FILE *to, const struct dry_round *d)
{
	json_t *o = json_object(), *round = json_object();
	json_t *feeds = json_array();
	const struct round *r = d->r;

	json_object_set_new(o, "round", round);
	json_object_set_new(round, "database", text(r->c->database));
	json_object_set_new(round, "published", json_boolean(r->published));
	json_object_set_new(round, "held", json_boolean(r->held));
	add_number(round, "failed", r->failed);
	add_number(round, "refused", r->refused);
	json_object_set_new(round, "feeds", feeds);
	for (size_t i = 0; i < r->c->nfeeds; i++) {
		json_t *f = status_feed(&d->feeds->feed[i]);

		json_object_set_new(
		    f, "outcome", text(outcome_word(r->outcome[i])));
		json_array_append_new(feeds, f);
	}
	return print(to, o, JSON_COMPACT | JSON_EMBED);
}

bool
json_query(FILE *to, const struct query *q)
{
	const struct query_side *s = query_behind(q);
	char entry[FSK_TEXT_MAX];
	const struct json_entry e = { s->v.db, query_entry(s, entry),
		s->v.found.attr };
	json_t *o = json_object();

	json_object_set_new(o, "name", text(q->name));
	add_number(o, "queries", q->count);
	json_object_set_new(o, "before", text(query_word(&q->before)));
	json_object_set_new(o, "after", text(query_word(&q->after)));
	add_entry(o, &e);
	return print(to, o, JSON_COMPACT);
}

/* ---- why, bypass ---- */

static json_t *
why_entry(const struct why *w, const struct why_entry *e)
{
	const struct fsk_query *q = &w->q.q;
	char name[FSK_TEXT_MAX];
	const struct json_entry entry = { e->db,
		fsk_name_to_text(q->wire + fsk_query_at(q, e->labels), name),
		e->attr };
	json_t *o = json_object();

	add_entry(o, &entry);
	json_object_set_new(o, "list", text(e->own ? "group" : "all"));
	json_object_set_new(o, "decides", json_boolean(e->wins));
	return o;
}

bool
json_why(FILE *to, const struct why *w)
{
	json_t *o = json_object(), *entries = json_array();
	char type[FSK_QTYPE_TEXT], answer[WHY_ANSWER];
	const struct fsk_answer *a = w->v.answer;

	json_object_set_new(o, "name", text(w->name));
	json_object_set_new(o, "type", text(fsk_qtype_text(w->q.qtype, type)));
	if (w->url != NULL)
		json_object_set_new(o, "url", text(w->url->expression));
	add_time(o, "at", w->q.now, true);
	json_object_set_new(o, "bypass",
	    w->bypass != NULL ? text(w->bypass->why) : json_null());
	json_object_set_new(
	    o, "group", *w->group != '\0' ? text(w->group) : json_null());
	json_object_set_new(o, "off", json_boolean(w->off));
	json_object_set_new(o, "entries", entries);
	for (unsigned i = 0; i < w->entries; i++)
		json_array_append_new(entries, why_entry(w, &w->entry[i]));
	json_object_set_new(o, "reason", text(why_reason(&w->v)));
	json_object_set_new(o, "blocked", json_boolean(w->v.block));
	json_object_set_new(o, "action",
	    text(a != NULL ? fsk_action_word(a->action) : "passthru"));
	json_object_set_new(
	    o, "ttl", w->v.block ? json_integer(a->ttl) : json_null());
	json_object_set_new(o, "ede",
	    w->v.block && a->ede != FSK_EDE_NONE ? json_integer(a->ede)
						 : json_null());
	json_object_set_new(o, "ede_text",
	    w->v.block && a->ede != FSK_EDE_NONE ? text(w->text) : json_null());
	json_object_set_new(o, "answer", text(why_answer(w, answer)));
	json_object_set_new(o, "unless",
	    *why_unless(w, answer) != '\0' ? text(answer) : json_null());
	return print(to, o, JSON_COMPACT);
}

bool
json_bypass(
    FILE *to, const char *kind, const char *what, const struct fsk_bypass *b)
{
	json_t *o = json_object();

	json_object_set_new(o, "kind", text(kind));
	json_object_set_new(o, "what", text(what));
	add_time(o, "since", b->since, true);
	add_time(o, "until", b->until, true);
	json_object_set_new(o, "by", text(b->by));
	json_object_set_new(o, "why", text(b->why));
	return print(to, o, JSON_COMPACT);
}

bool
json_audit(FILE *to, int64_t now, const char *done, const char *what,
    int64_t until, const char *by, const char *why)
{
	json_t *o = json_object();

	add_time(o, "time", now, true);
	json_object_set_new(o, "done", text(done));
	json_object_set_new(o, "what", text(what));
	add_time(o, "until", until, until != 0);
	json_object_set_new(o, "by", text(by));
	json_object_set_new(o, "why", text(why));
	return print(to, o, JSON_COMPACT);
}
