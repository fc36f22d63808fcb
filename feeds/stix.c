/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/stix.h"

#include <stdlib.h>
#include <string.h>

typedef void each_function(void *arg, const char *path, size_t path_len,
    const char *value, size_t value_len);

struct reader {
	const char *p, *end;
	each_function *each; /* NULL: only look */
	void *arg;
	char *value; /* as long as the pattern */
};

static bool
in(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static void
skip_blanks(struct reader *r)
{
	while (r->p < r->end && in(" \t\r\n", *r->p))
		r->p++;
}

/* Whether C stands next, which is read then. */
static bool
accept(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || in("-_", c);
}

/* Whether WORD stands next, as a whole word, which is read then. */
static bool
accept_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	skip_blanks(r);
	if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0 ||
	    (r->p + len < r->end && is_word(r->p[len])))
		return false;
	r->p += len;
	return true;
}

/* Reads a string in quotes, the first of which stands next; NULL: it has no
 * end. */
static const char *
read_string(struct reader *r, size_t *len)
{
	*len = 0;
	for (r->p++; r->p < r->end && *r->p != '\''; r->p++) {
		if (*r->p == '\\' && ++r->p == r->end)
			return NULL;
		r->value[(*len)++] = *r->p;
	}
	if (r->p == r->end)
		return NULL;
	r->p++;
	return r->value;
}

/* Reads an object path: words, ':', '.', indices, strings in quotes. */
static bool
read_path(struct reader *r, const char **path, size_t *len)
{
	size_t unused;

	skip_blanks(r);
	*path = r->p;
	while (r->p < r->end) {
		if (is_word(*r->p) || in(":.[]*", *r->p))
			r->p++;
		else if (*r->p != '\'' || read_string(r, &unused) == NULL)
			break;
	}
	*len = (size_t)(r->p - *path);
	return memchr(*path, ':', *len) != NULL;
}

/* Reads a value and tells EACH that PATH is to equal it. */
static bool
read_value(struct reader *r, const char *path, size_t path_len)
{
	const char *value;
	size_t len;

	skip_blanks(r);
	if (r->p < r->end && *r->p == '\'') {
		value = read_string(r, &len);
		if (value == NULL)
			return false;
	} else {
		value = r->p;
		while (r->p < r->end && (is_word(*r->p) || in(".+", *r->p)))
			r->p++;
		len = (size_t)(r->p - value);
		if (len == 0)
			return false;
	}
	if (r->each != NULL)
		r->each(r->arg, path, path_len, value, len);
	return true;
}

static bool
read_comparison(struct reader *r)
{
	const char *path;
	size_t path_len;

	if (!read_path(r, &path, &path_len))
		return false;
	if (accept(r, '=')) {
		accept(r, '='); /* "==" is the same */
		return read_value(r, path, path_len);
	}
	if (!accept_word(r, "IN") || !accept(r, '('))
		return false;
	do
		if (!read_value(r, path, path_len))
			return false;
	while (accept(r, ','));
	return accept(r, ')');
}

/* With nothing but OR between them, which brackets belong together does not
 * matter, only that all are closed. */
static bool
read_pattern(struct reader *r)
{
	size_t observations = 0, groups = 0;

	do {
		for (;;) {
			if (accept(r, '['))
				observations++;
			else if (accept(r, '('))
				groups++;
			else
				break;
		}
		if (observations == 0 || !read_comparison(r))
			return false;
		for (;;) {
			if (observations > 0 && accept(r, ']'))
				observations--;
			else if (groups > 0 && accept(r, ')'))
				groups--;
			else
				break;
		}
	} while (accept_word(r, "OR"));
	skip_blanks(r);
	return r->p == r->end && observations == 0 && groups == 0;
}

bool
stix_pattern(const char *pattern, size_t len, each_function *each, void *arg)
{
	struct reader r = { pattern, pattern + len, NULL, arg,
		malloc(len + 1) };
	bool good = r.value != NULL && read_pattern(&r);

	if (good) {
		r.p = pattern;
		r.each = each;
		read_pattern(&r);
	}
	free(r.value);
	return good;
}
