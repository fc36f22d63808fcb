/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * STIX 2.0 and 2.1: bundles, what TAXII servers send ("objects"), and single
 * objects.  Indicators count unless revoked or past their valid_until, by the
 * machine's clock when they are read; so do domain-name and url objects, and
 * addresses for who takes them.
 */
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "feeds/doc.h"
#include "feeds/stix.h"

#define TIME_LEN (sizeof("2026-01-02T03:04:05") - 1)

struct objects {
	const struct doc *d;
	char now[TIME_LEN + 1]; /* in UTC, as STIX writes it */
};

static bool
is_object(json_t *v)
{
	const char *id = json_string_value(json_object_get(v, "id"));

	return id != NULL && strstr(id, "--") != NULL &&
	    json_is_string(json_object_get(v, "type"));
}

/* ---- indicators ---- */

static bool
is_path(const char *path, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(path, name, len) == 0;
}

static void
take_comparison(
    void *arg, const char *path, size_t path_len, const char *value, size_t len)
{
	const struct objects *o = arg;

	if (is_path(path, path_len, "domain-name:value") ||
	    is_path(path, path_len, "hostname:value") ||
	    is_path(path, path_len, "url:value"))
		doc_text(o->d, PARSE_LIST, value, len);
	else if (o->d->sink->addresses &&
	    (is_path(path, path_len, "ipv4-addr:value") ||
		is_path(path, path_len, "ipv6-addr:value")))
		doc_text(o->d, PARSE_LIST, value, len);
	else
		doc_item(o->d, PARSE_SKIPPED, "neither a name nor a URL", value,
		    len);
}

/* Why the indicator V, whose pattern is a string, is skipped or bad; NULL if it
 * is in force. */
static const char *
out_of_force(const struct objects *o, json_t *v, enum parse_result *result)
{
	const char *type = json_string_value(
	    json_object_get(v, "pattern_type"));
	json_t *until = json_object_get(v, "valid_until");
	const char *text = json_string_value(until);

	*result = PARSE_SKIPPED;
	if (json_is_true(json_object_get(v, "revoked")))
		return "revoked";
	if (type != NULL && strcmp(type, "stix") != 0)
		return "a pattern in another language than STIX's";
	if (until == NULL || json_is_null(until))
		return NULL;
	if (text == NULL || strlen(text) < TIME_LEN || text[4] != '-' ||
	    text[10] != 'T' || text[16] != ':') {
		*result = PARSE_BAD;
		return "valid_until is no time";
	}
	return strncmp(text, o->now, TIME_LEN) < 0 ? "valid no more" : NULL;
}

static void
take_indicator(struct objects *o, json_t *v)
{
	json_t *pattern = json_object_get(v, "pattern");
	const char *text = json_string_value(pattern), *why;
	size_t len = json_string_length(pattern);
	enum parse_result result;

	if (text == NULL) {
		doc_item(
		    o->d, PARSE_BAD, "an indicator without a pattern", "", 0);
		return;
	}
	why = out_of_force(o, v, &result);
	if (why != NULL)
		doc_item(o->d, result, why, text, len);
	else if (!stix_pattern(text, len, take_comparison, o))
		doc_item(o->d, PARSE_SKIPPED,
		    "a pattern for more than one thing", text, len);
}

/* ---- objects ---- */

static void
take_object(struct objects *o, json_t *v)
{
	static const char *const values[] = { "domain-name", "hostname", "url",
		"ipv4-addr", "ipv6-addr" };
	const char *type = json_string_value(json_object_get(v, "type"));

	if (type == NULL) {
		doc_item(o->d, PARSE_BAD, "an object without a type", "", 0);
		return;
	}
	if (strcmp(type, "indicator") == 0)
		take_indicator(o, v);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (strcmp(type, values[i]) == 0)
			doc_value(
			    o->d, PARSE_LIST, json_object_get(v, "value"));
}

bool
doc_stix(const struct doc *d, json_t *root)
{
	json_t *list = json_is_array(root) ? root
					   : json_object_get(root, "objects");
	const char *type = json_string_value(json_object_get(root, "type"));
	const bool bundle = type != NULL && strcmp(type, "bundle") == 0;
	struct objects o = { .d = d };
	time_t now = time(NULL);
	struct tm utc;

	if (gmtime_r(&now, &utc) == NULL ||
	    strftime(o.now, sizeof(o.now), "%Y-%m-%dT%H:%M:%S", &utc) == 0)
		return false;
	/* A bundle of nothing has no "objects". */
	if (bundle || is_object(json_array_get(list, 0))) {
		for (size_t i = 0; i < json_array_size(list); i++)
			take_object(&o, json_array_get(list, i));
		return true;
	}
	if (!is_object(root))
		return false;
	take_object(&o, root);
	return true;
}
