/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/json.h"

#include <jansson.h>

#include "feeds/cmd.h"

/* Prints and frees O. */
static bool
print(FILE *to, json_t *o, size_t flags)
{
	bool good = o != NULL && json_dumpf(o, to, flags) == 0 &&
	    fputc('\n', to) != EOF;

	json_decref(o);
	return good;
}

static json_t *
text(const char *s)
{
	json_t *j = json_string(s);

	/* A name from the command line may be no UTF-8; then it is no name
	 * that could be listed under these octets, and is shown empty. */
	return j != NULL ? j : json_string("");
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
			"category", "severity", "since" };

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
}

bool
json_lookup(FILE *to, const char *name, const struct json_entry *e, bool url)
{
	json_t *o = json_object();
	struct fsk_attr a = { .allow = true };

	if (e->entry != NULL)
		fsk_db_attr(e->db, e->attr, &a);
	json_object_set_new(o, "name", text(name));
	json_object_set_new(o, "listed", json_boolean(!a.allow));
	add_entry(o, e);
	if (url)
		json_object_set_new(o, "match", text("url"));
	if (url && !a.allow) /* nothing is done to its host */
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
