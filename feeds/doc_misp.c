/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MISP: events with their attributes and objects, as the REST interface and
 * published feeds have them.  What counts is what the event says is for
 * detection (to_ids); the rest of it describes.
 */
#include <jansson.h>
#include <string.h>

#include "feeds/doc.h"

/* Booleans, for some versions say 1 or "1". */
static bool
is_true(json_t *v)
{
	const char *text = json_string_value(v);

	return json_is_true(v) || json_number_value(v) != 0 ||
	    (text != NULL && strcmp(text, "1") == 0);
}

static void
take_attribute(const struct doc *d, json_t *a)
{
	json_t *value = json_object_get(a, "value");
	json_t *type = json_object_get(a, "type");
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (text == NULL || !json_is_string(type))
		doc_item(
		    d, PARSE_BAD, "an attribute without type and value", "", 0);
	else if (is_true(json_object_get(a, "deleted")))
		doc_item(d, PARSE_SKIPPED, "listed no more", text, len);
	else if (!is_true(json_object_get(a, "to_ids")))
		doc_item(
		    d, PARSE_SKIPPED, "not for detection (to_ids)", text, len);
	else
		doc_value_typed(d, PARSE_LIST, json_string_value(type),
		    json_string_length(type), value);
}

static void
take_attributes(const struct doc *d, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		take_attribute(d, json_array_get(list, i));
}

/* Reads an event, or what has attributes like one. */
static bool
take_event(const struct doc *d, json_t *event)
{
	json_t *attributes = json_object_get(event, "Attribute");
	json_t *objects = json_object_get(event, "Object");

	if (!json_is_array(attributes) && !json_is_array(objects))
		return false;
	take_attributes(d, attributes);
	for (size_t i = 0; i < json_array_size(objects); i++)
		take_attributes(d,
		    json_object_get(json_array_get(objects, i), "Attribute"));
	return true;
}

static void
take_events(const struct doc *d, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!take_event(
			d, json_object_get(json_array_get(list, i), "Event")))
			doc_item(
			    d, PARSE_BAD, "an event without attributes", "", 0);
}

bool
doc_misp(const struct doc *d, json_t *root)
{
	json_t *response = json_object_get(root, "response");
	json_t *list = json_is_array(root) ? root : response;

	if (json_object_get(json_array_get(list, 0), "Event") != NULL) {
		take_events(d, list);
		return true;
	}
	return take_event(d, json_object_get(root, "Event")) ||
	    take_event(d, response) || take_event(d, root);
}
