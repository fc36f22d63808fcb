/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/doc.h"

#define STEPS 32 /* of all ways together */

enum step_kind { STEP_KEY, STEP_MEMBERS, STEP_KEYS, STEP_END };

struct step {
	enum step_kind kind;
	enum parse_kind list; /* of STEP_END */
	const char *key;      /* in `text` below */
};

struct doc_path {
	struct step step[STEPS]; /* ways, each with its end */
	unsigned n;              /* 0: the shape tells */
	char text[];             /* the keys, each with its NUL */
};

/* ---- reading ---- */

/* Reads a step at *AT, its key to *TO; false if there is none. */
static bool
read_step(struct step *s, const char **at, char **to)
{
	const char *p = *at;
	char *key = *to;
	size_t len = 0;
	bool plain = true;

	while (*p != '\0' && *p != '.' && *p != ',' && *p != '[') {
		if (*p == '\\' && p[1] != '\0') {
			plain = false;
			p++;
		}
		key[len++] = *p++;
	}
	key[len] = '\0';
	*s = (struct step){ .kind = STEP_KEY, .key = key };
	if (plain && strcmp(key, "*") == 0)
		s->kind = STEP_MEMBERS;
	else if (plain && strcmp(key, "{}") == 0)
		s->kind = STEP_KEYS;
	while (p[0] == '[' && p[1] == ']')
		p += 2;
	*at = p;
	*to = key + len + 1;
	return len > 0;
}

/* Reads one way at *AT. */
static const char *
read_way(struct doc_path *path, const char **at, char **to)
{
	enum parse_kind list = PARSE_LIST;
	const char *p = *at;

	if (*p == '!') {
		list = PARSE_ALLOW;
		p++;
	}
	if (p[0] == '[' && p[1] == ']') { /* of the document itself */
		p += 2;
		if (*p == '.')
			p++;
		else if (*p != '[' && *p != ',' && *p != '\0')
			return "something follows '[]' in the path";
		else
			goto end;
	}
	for (;;) {
		struct step *s = &path->step[path->n];

		if (path->n > 0 && s[-1].kind == STEP_KEYS)
			return "the path goes on behind '{}'";
		if (!read_step(s, &p, to))
			return "a step of the path is empty";
		if (++path->n == STEPS)
			return "the path is too long";
		if (*p != '.')
			break;
		p++;
	}
end:
	while (p[0] == '[' && p[1] == ']')
		p += 2;
	if (*p == '[')
		return "'[' in the path without ']'";
	if (*p != ',' && *p != '\0')
		return "something follows '[]' in the path";
	path->step[path->n++] = (struct step){ STEP_END, list, NULL };
	*at = p;
	return path->n == STEPS ? "the path is too long" : NULL;
}

/* Reads all ways. */
static const char *
read_ways(struct doc_path *path, const char *text)
{
	char *to = path->text;

	for (;;) {
		const char *why = read_way(path, &text, &to);

		if (why != NULL || *text == '\0')
			return why;
		text++;
	}
}

void *
doc_open(const struct parse_options *opt, const char **why)
{
	const char *column = opt->column != NULL ? opt->column : "", *wrong;
	/* Every key has a NUL where the text has a separator. */
	struct doc_path *path = calloc(1, sizeof(*path) + strlen(column) + 2);

	if (path == NULL)
		return NULL;
	wrong = opt->only != NULL ? "'only' is for tables (csv)"
	    : opt->column != NULL ? read_ways(path, column)
				  : NULL;
	if (wrong == NULL)
		return path;
	*why = wrong;
	free(path);
	return NULL;
}

void
doc_close(void *path)
{
	free(path);
}

/* ---- walking ---- */

/* Goes on from V with the steps at S; LIST is the kind of their way.  INNER: V
 * is one of several, which may lack what others have. */
static void
walk(const struct doc *d, const struct step *s, enum parse_kind list, json_t *v,
    bool inner)
{
	json_t *member;

	if (json_is_array(v)) {
		for (size_t i = 0; i < json_array_size(v); i++)
			walk(d, s, list, json_array_get(v, i), true);
		return;
	}
	if (s->kind == STEP_END) {
		doc_value(d, list, v);
		return;
	}
	if (!json_is_object(v)) {
		doc_item(d, json_is_null(v) ? PARSE_NOTHING : PARSE_BAD,
		    "the path goes on, but here is no object", "", 0);
		return;
	}
	switch (s->kind) {
	case STEP_KEY:
		member = json_object_get(v, s->key);
		if (member != NULL)
			walk(d, s + 1, list, member, inner);
		else
			doc_item(d, inner ? PARSE_NOTHING : PARSE_BAD,
			    "the path leads nowhere", s->key, strlen(s->key));
		break;
	case STEP_MEMBERS:
		for (void *at = json_object_iter(v); at != NULL;
		     at = json_object_iter_next(v, at))
			walk(d, s + 1, list, json_object_iter_value(at), true);
		break;
	case STEP_KEYS:
		for (void *at = json_object_iter(v); at != NULL;
		     at = json_object_iter_next(v, at))
			doc_text(d, list, json_object_iter_key(at),
			    json_object_iter_key_len(at));
		break;
	case STEP_END:
		break;
	}
}

bool
doc_walk(const struct doc *d, const struct doc_path *path, json_t *root)
{
	for (unsigned i = 0; i < path->n;) {
		unsigned end = i;

		while (path->step[end].kind != STEP_END)
			end++;
		walk(d, &path->step[i], path->step[end].list, root, false);
		i = end + 1;
	}
	return path->n > 0;
}
