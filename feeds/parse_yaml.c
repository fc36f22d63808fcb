/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * YAML 1.1, as far as lists need it: sequences and mappings of texts become a
 * tree like that of a JSON document, and doc.h tells where in it the values
 * are.  "column" is a path.  A text is a text, "yes" and "1.5" too.  An alias
 * is nothing: what is never expanded cannot explode.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "feeds/doc.h"
#include "feeds/parse.h"

#define DEPTH    64
#define TREE_MAX (DOC_TREE_MAX / 4) /* lists in YAML are small */

/* A sequence or mapping under way. */
struct level {
	json_t *container;
	json_t *key; /* of a mapping: whose value comes next, or NULL */
};

/* A document under way. */
struct tree {
	json_t *root;
	struct level level[DEPTH];
	unsigned depth;
	size_t size;     /* of all documents, as TREE_MAX has it */
	const char *why; /* it is given up */
};

/* ---- from events to a tree ---- */

/* Adds V, which is given away, where the tree grows. */
static void
add(struct tree *t, json_t *v)
{
	struct level *l = t->depth > 0 ? &t->level[t->depth - 1] : NULL;
	int rc = 0;

	t->size += json_is_string(v) ? DOC_SCALAR + json_string_length(v)
				     : DOC_CONTAINER;
	if (v == NULL) {
		t->why = "out of memory";
		return;
	}
	if (l == NULL) {
		json_decref(t->root);
		t->root = v;
	} else if (json_is_array(l->container)) {
		rc = json_array_append_new(l->container, v);
	} else if (l->key == NULL) {
		if (json_is_string(v) &&
		    strlen(json_string_value(v)) == json_string_length(v)) {
			l->key = v;
			return;
		}
		t->why = "a key that is no text";
		json_decref(v);
	} else {
		rc = json_object_set_new(
		    l->container, json_string_value(l->key), v);
		json_decref(l->key);
		l->key = NULL;
	}
	if (rc == -1)
		t->why = "out of memory";
}

static void
open_level(struct tree *t, json_t *container)
{
	if (t->depth == DEPTH) {
		t->why = "nested too deeply";
		json_decref(container);
		return;
	}
	add(t, container);
	if (t->why == NULL)
		t->level[t->depth++] = (struct level){ container, NULL };
}

static void
close_level(struct tree *t)
{
	/* libyaml gives an empty value to a key without one. */
	json_decref(t->level[--t->depth].key);
}

/* Forgets the document. */
static void
clear(struct tree *t)
{
	while (t->depth > 0)
		close_level(t);
	json_decref(t->root);
	t->root = NULL;
}

static void
add_scalar(struct tree *t, const yaml_event_t *e)
{
	json_t *v = json_stringn(
	    (const char *)e->data.scalar.value, e->data.scalar.length);

	add(t, v);
}

/* Adds what the event E says to the tree; true: a document ends. */
static bool
grow(struct tree *t, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		add_scalar(t, e);
		break;
	case YAML_ALIAS_EVENT:
		add(t, json_null());
		break;
	case YAML_SEQUENCE_START_EVENT:
		open_level(t, json_array());
		break;
	case YAML_MAPPING_START_EVENT:
		open_level(t, json_object());
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_level(t);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		break;
	case YAML_DOCUMENT_END_EVENT:
		return true;
	}
	if (t->size > TREE_MAX)
		t->why = "too many values for one document";
	return false;
}

/* ---- documents ---- */

static void
no_yaml(const struct doc *d, const yaml_parser_t *p)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "line %zu: %s",
	    p->problem_mark.line + 1, p->problem != NULL ? p->problem : "");

	doc_item(d, PARSE_BAD, "no YAML", text,
	    (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* Reads all documents of the stream P. */
static void
read_stream(const struct doc *d, const struct doc_path *path, yaml_parser_t *p)
{
	struct tree t = { .root = NULL };
	bool end = false;

	while (!end && t.why == NULL) {
		yaml_event_t e;

		if (yaml_parser_parse(p, &e) != 1) {
			no_yaml(d, p);
			break;
		}
		end = e.type == YAML_STREAM_END_EVENT;
		if (grow(&t, &e)) {
			/* Nothing but comments is an empty text. */
			if (json_string_length(t.root) > 0 ||
			    !json_is_string(t.root))
				doc_read(d, path, t.root);
			clear(&t);
		}
		yaml_event_delete(&e);
	}
	if (t.why != NULL)
		doc_item(d, PARSE_BAD, t.why, "", 0);
	clear(&t);
}

static bool
document(struct parse_sink *sink, void *state, const char *text, size_t len,
    void (*item)(struct parse_sink *sink, enum parse_result result,
	const char *text, size_t len))
{
	const struct doc d = { sink, item, false };
	yaml_parser_t p;

	if (yaml_parser_initialize(&p) != 1) {
		doc_item(&d, PARSE_BAD, "out of memory", "", 0);
		return true;
	}
	yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
	read_stream(&d, state, &p);
	yaml_parser_delete(&p);
	return true;
}

/* ---- guesses ---- */

/* Whether a line is an element of a sequence. */
static bool
is_element(const char *text, size_t len)
{
	return len > 2 && text[0] == '-' && text[1] == ' ';
}

/* The first line that says something, less its blanks. */
static bool
next_line(const char **text, size_t *len, const char **row, size_t *row_len)
{
	while (parse_line(text, len, row, row_len)) {
		parse_trim(row, row_len);
		if (*row_len > 0)
			return true;
	}
	return false;
}

/* "- x", behind "---" or "key:" or at once. */
static unsigned
guess(const char *text, size_t len)
{
	const char *row;
	size_t row_len;

	if (!next_line(&text, &len, &row, &row_len))
		return 0;
	if (is_element(row, row_len))
		return 70;
	if (row_len == 3 && memcmp(row, "---", 3) == 0 &&
	    !next_line(&text, &len, &row, &row_len))
		return 0;
	if (is_element(row, row_len))
		return 85;
	return row[row_len - 1] == ':' &&
		next_line(&text, &len, &row, &row_len) &&
		is_element(row, row_len)
	    ? 70
	    : 0;
}

const struct parse_format parse_yaml = {
	.name = "yaml",
	.open = doc_open,
	.close = doc_close,
	.document = document,
	.guess = guess,
};
