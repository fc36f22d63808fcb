/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/doc.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "feeds/host.h"
#include "feeds/value.h"

void
doc_item(const struct doc *d, enum parse_result result, const char *why,
    const char *text, size_t len)
{
	d->sink->why = why;
	d->item(d->sink, result, text, len);
}

void
doc_text(
    const struct doc *d, enum parse_kind kind, const char *text, size_t len)
{
	d->item(d->sink, value_take(d->sink, kind, text, len), text, len);
}

void
doc_value(const struct doc *d, enum parse_kind kind, json_t *v)
{
	const char *text = json_string_value(v);
	size_t len = json_string_length(v);

	if (text != NULL)
		doc_text(d, kind, text, len);
	else if (json_is_null(v))
		doc_item(d, PARSE_NOTHING, NULL, "", 0);
	else
		doc_item(
		    d, PARSE_BAD, "no text where a value should be", "", 0);
}

void
doc_value_typed(const struct doc *d, enum parse_kind kind, const char *type,
    size_t type_len, json_t *v)
{
	const char *text = json_string_value(v);
	size_t len = json_string_length(v);

	if (text == NULL)
		doc_value(d, kind, v);
	else
		d->item(d->sink,
		    value_take_typed(d->sink, kind, type, type_len, text, len),
		    text, len);
}

/* ---- lists of values and of objects ---- */

/* What an object says: the best of its values, and what goes with it. */
struct record {
	enum value_role role;
	json_t *value, *type, *end;
};

static bool
read_record(struct record *r, json_t *object)
{
	memset(r, 0, sizeof(*r));
	for (void *at = json_object_iter(object); at != NULL;
	     at = json_object_iter_next(object, at)) {
		const char *key = json_object_iter_key(at);
		json_t *member = json_object_iter_value(at);
		enum value_role role = value_role(key, strlen(key));

		if (role == VALUE_END)
			r->end = member;
		else if (role == VALUE_TYPE)
			r->type = member;
		else if (role >= VALUE_ADDRESS && role != VALUE_NAME &&
		    role > r->role) {
			r->role = role;
			r->value = member;
		}
	}
	return r->value != NULL;
}

static bool
has_ended(json_t *end)
{
	return end != NULL && !json_is_null(end) &&
	    (!json_is_string(end) || json_string_length(end) > 0);
}

static void
take_record(const struct doc *d, enum parse_kind kind, json_t *object)
{
	struct record r;

	if (!read_record(&r, object))
		doc_item(d, PARSE_BAD, "an object without a value", "", 0);
	else if (has_ended(r.end))
		doc_item(d, PARSE_SKIPPED, "listed no more", "", 0);
	else if (r.role == VALUE_INDICATOR && json_is_string(r.type))
		doc_value_typed(d, kind, json_string_value(r.type),
		    json_string_length(r.type), r.value);
	else
		doc_value(d, kind, r.value);
}

static void
take_list(const struct doc *d, enum parse_kind kind, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *v = json_array_get(list, i);

		if (json_is_object(v))
			take_record(d, kind, v);
		else
			doc_value(d, kind, v);
	}
}

static void
skip_list(const struct doc *d, const char *why, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		doc_item(d, PARSE_SKIPPED, why, "", 0);
}

/* ---- lists by name ---- */

static bool
is_one_of(const char *key, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(key, names[i]) == 0)
			return true;
	return false;
}
#define IS_ONE_OF(key, names) \
	is_one_of(key, names, sizeof(names) / sizeof(*(names)))

/* Takes LIST if its KEY says of what it is one.  The names are whole: a
 * "safe_domains" must not be taken for "domains". */
static bool
take_named(const struct doc *d, const char *key, json_t *list)
{
	static const char *const listed[] = { "deny", "denySub", "denylist",
		"deny_list", "block", "blocked", "blocklist", "block_list",
		"blacklist", "urls", "domains", "hosts", "hostnames",
		"detected_urls", "data", "results", "items", "entries",
		"indicators", "iocs", "denied-remote-domains",
		"denied-remote-hosts" };
	static const char *const excepted[] = { "allow", "allowed", "allowlist",
		"allow_list", "whitelist", "white_list" };

	if (!json_is_array(list))
		return false;
	if (IS_ONE_OF(key, listed))
		take_list(d, PARSE_LIST, list);
	else if (IS_ONE_OF(key, excepted))
		take_list(d, PARSE_ALLOW, list);
	else if (strcmp(key, "fuzzylist") == 0)
		skip_list(d, "for similar names, not for these", list);
	else if (strcmp(key, "denied-remote-addresses") == 0)
		skip_list(d, "an address", list);
	else
		return false;
	return true;
}

/* MISP's warninglists of names; of the other types nothing is a name. */
static bool
take_warninglist(const struct doc *d, json_t *root)
{
	const char *type = json_string_value(json_object_get(root, "type"));
	json_t *list = json_object_get(root, "list");

	if (type == NULL || !json_is_array(list))
		return false;
	if (strcmp(type, "hostname") == 0 || strcmp(type, "string") == 0)
		take_list(d, PARSE_LIST, list);
	else
		skip_list(d, "not in a warninglist of names", list);
	return true;
}

/* ---- Little Snitch ---- */

/* Whether the rule says anything but "any" of KEY. */
static bool
narrows(json_t *rule, const char *key)
{
	json_t *v = json_object_get(rule, key);
	const char *text = json_string_value(v);

	return v != NULL && (text == NULL || strcmp(text, "any") != 0);
}

static void
take_rule(const struct doc *d, json_t *rule)
{
	static const char *const narrow[] = { "process", "via", "ports",
		"protocol" };
	static const char *const names[] = { "remote-domains", "remote-hosts" };
	const char *action = json_string_value(json_object_get(rule, "action"));
	const char *way = json_string_value(json_object_get(rule, "direction"));
	enum parse_kind kind = PARSE_LIST;
	const char *why = NULL;
	bool any = false;

	if (action != NULL && strcmp(action, "allow") == 0)
		kind = PARSE_ALLOW;
	else if (action == NULL || strcmp(action, "deny") != 0)
		why = "a rule that neither denies nor allows";
	for (size_t i = 0; i < sizeof(narrow) / sizeof(*narrow); i++)
		if (narrows(rule, narrow[i]))
			why = "a rule for some traffic only";
	if (way != NULL && strcmp(way, "incoming") == 0)
		why = "a rule for some traffic only";
	if (json_is_true(json_object_get(rule, "disabled")))
		why = "a rule that is not in force";
	for (size_t i = 0; i < 2 && why == NULL; i++) {
		json_t *v = json_object_get(rule, names[i]);

		any = any || v != NULL;
		if (json_is_array(v))
			take_list(d, kind, v);
		else if (v != NULL)
			doc_value(d, kind, v);
	}
	if (!any)
		doc_item(d, PARSE_SKIPPED,
		    why != NULL ? why : "a rule that is not for names", "", 0);
}

static bool
take_rules(const struct doc *d, json_t *rules)
{
	if (!json_is_array(rules))
		return false;
	for (size_t i = 0; i < json_array_size(rules); i++)
		take_rule(d, json_array_get(rules, i));
	return true;
}

/* ---- objects whose members are the list ---- */

static bool
is_name(const char *key)
{
	enum fsk_match_kind match;
	struct fsk_name name;

	return strchr(key, '.') != NULL &&
	    host_entry(&name, &match, FSK_SUBTREE, key, strlen(key)) == NULL;
}

/* Whether ROOT is made of names, or of arrays of objects with values: as far as
 * can be seen from its first members. */
static bool
look(json_t *root, bool *names, bool *records)
{
	size_t n = 0, good_names = 0, good_records = 0;

	for (void *at = json_object_iter(root); at != NULL;
	     at = json_object_iter_next(root, at)) {
		const char *key = json_object_iter_key(at);
		json_t *first = json_array_get(json_object_iter_value(at), 0);
		struct record r;

		if (n++ == 100)
			break;
		good_names += is_name(key);
		good_records += json_is_object(first) && read_record(&r, first);
	}
	*names = n > 0 && good_names > n / 2;
	*records = n > 0 && good_records > n / 2;
	return *names || *records;
}

static bool
take_members(const struct doc *d, json_t *root)
{
	bool names, records;

	if (!look(root, &names, &records))
		return false;
	for (void *at = json_object_iter(root); at != NULL;
	     at = json_object_iter_next(root, at)) {
		const char *key = json_object_iter_key(at);
		json_t *member = json_object_iter_value(at);

		if (!records)
			doc_text(d, PARSE_LIST, key, strlen(key));
		else if (json_is_array(member))
			take_list(d, PARSE_LIST, member);
		else
			doc_item(d, PARSE_BAD, "no list", key, strlen(key));
	}
	return true;
}

/* ---- the whole ---- */

/* Takes the lists that are O's members; false if there is none. */
static bool
take_lists(const struct doc *d, json_t *o)
{
	bool taken = false;

	for (void *at = json_object_iter(o); at != NULL;
	     at = json_object_iter_next(o, at)) {
		const char *key = json_object_iter_key(at);
		json_t *member = json_object_iter_value(at);

		taken |= take_named(d, key, member) ||
		    (strcmp(key, "rules") == 0 && take_rules(d, member));
	}
	return taken;
}

static bool
take_object(const struct doc *d, json_t *root)
{
	struct record r;

	if (take_warninglist(d, root) || take_lists(d, root) ||
	    /* Some wrap all in {"data": {...}}. */
	    take_lists(d, json_object_get(root, "data")) ||
	    take_members(d, root))
		return true;
	if (!d->line || !read_record(&r, root))
		return false;
	take_record(d, PARSE_LIST, root);
	return true;
}

void
doc_read(const struct doc *d, const struct doc_path *path, json_t *root)
{
	if (doc_walk(d, path, root) || doc_stix(d, root) || doc_misp(d, root))
		return;
	if (json_is_array(root))
		take_list(d, PARSE_LIST, root);
	else if (!json_is_object(root) || !take_object(d, root))
		doc_item(d, PARSE_BAD,
		    "a document in no shape that is known: set 'column' to the "
		    "path of its values",
		    "", 0);
}
