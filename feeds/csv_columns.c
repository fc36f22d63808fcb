/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/csv_columns.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "feeds/value.h"

const char *
csv_field(const struct csv_row *r, int i, size_t *len)
{
	const char *text;

	*len = 0;
	if (i < 0 || i >= CSV_COLUMNS || (unsigned)i >= r->n ||
	    r->field[i].len == 0) /* a row of nothing else has no text */
		return "";
	text = r->text + r->field[i].at;
	*len = r->field[i].len;
	parse_blanks(&text, len);
	return text;
}

/* ---- what the operator says ---- */

/* Reads a column: a number from 1, or else a name. */
static bool
read_column(const char *text, size_t len, int *number, const char **name,
    size_t *name_len)
{
	int n = 0;

	parse_blanks(&text, &len);
	*name = NULL;
	*number = -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9') {
			*name = text;
			*name_len = len;
			return true;
		}
		if (n <= CSV_COLUMNS)
			n = n * 10 + (text[i] - '0');
	}
	*number = n - 1;
	return n >= 1 && n <= CSV_COLUMNS;
}

const char *
csv_wish(struct csv_wish *w, const struct parse_options *opt)
{
	*w = (struct csv_wish){ .column = -1, .only = -1 };
	if (opt->column != NULL &&
	    !read_column(opt->column, strlen(opt->column), &w->column,
		&w->column_name, &w->column_len))
		return "'column' must be the number of a column, 1 to 256, or "
		       "its name in the header";
	if (opt->only != NULL) {
		const char *is = strchr(opt->only, '=');

		if (is == NULL ||
		    !read_column(opt->only, (size_t)(is - opt->only), &w->only,
			&w->only_name, &w->only_len))
			return "'only' must be COLUMN=VALUE";
		w->only_value = is + 1;
	}
	return NULL;
}

/* ---- from the header ---- */

static bool
field_is(const struct csv_row *r, int i, const char *text, size_t len)
{
	size_t field_len;
	const char *field = csv_field(r, i, &field_len);

	return field_len == len && strncasecmp(field, text, len) == 0;
}

static int
find_name(const struct csv_row *header, const char *name, size_t len)
{
	for (int i = 0; (unsigned)i < header->n && i < CSV_COLUMNS; i++)
		if (field_is(header, i, name, len))
			return i;
	return -1;
}

/* Whether a field has a time, a name or a URL in it: a header has none. */
static bool
has_data(const struct csv_row *r)
{
	for (int i = 0; (unsigned)i < r->n && i < CSV_COLUMNS; i++) {
		size_t len;
		const char *text = csv_field(r, i, &len);

		for (size_t j = 0; j + 1 < len; j++)
			if ((text[j] == '.' || text[j] == ':') &&
			    (text[j + 1] == '/' ||
				isalnum((unsigned char)text[j + 1])))
				return true;
	}
	return false;
}

/* Finds the columns by their names; returns the role of the value. */
static enum value_role
find_roles(struct csv_columns *c, const struct csv_row *header)
{
	enum value_role best = VALUE_OTHER;
	int type = -1;

	if (has_data(header))
		return VALUE_OTHER;
	for (int i = 0; (unsigned)i < header->n && i < CSV_COLUMNS; i++) {
		size_t len;
		const char *name = csv_field(header, i, &len);
		enum value_role role = value_role(name, len);

		if (role == VALUE_END)
			c->end = i;
		else if (role == VALUE_TYPE && type == -1)
			type = i;
		else if (role >= VALUE_ADDRESS && role > best) {
			best = role;
			c->value = i;
		}
	}
	/* The type of an indicator is what it is; of a URL it may be anything,
	 * "phishing" for one. */
	if (best == VALUE_INDICATOR)
		c->type = type;
	return best;
}

bool
csv_is_tweetfeed(const struct csv_row *r)
{
	static const char *const others[] = { "ip", "md5", "sha256" };
	size_t len, type_len;
	const char *date = csv_field(r, 0, &len),
		   *type = csv_field(r, 2, &type_len);

	if (r->n != 6 || len != strlen("2026-01-02 03:04:05") ||
	    date[4] != '-' || date[7] != '-' || date[13] != ':')
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (field_is(r, 2, others[i], strlen(others[i])))
			return true;
	return value_wanted(type, type_len);
}

/* Whether what stands in the column of values is none, but the column's name:
 * neither a dot nor a colon. */
static bool
names_a_column(const struct csv_row *r, int column)
{
	size_t len;
	const char *text = csv_field(r, column, &len);

	return memchr(text, '.', len) == NULL && memchr(text, ':', len) == NULL;
}

const char *
csv_find(struct csv_columns *c, const struct csv_wish *w,
    const struct csv_row *header, const struct csv_row *first, bool *is_header)
{
	bool named = w->column_name != NULL || w->only_name != NULL;
	const char *none = "no column has the name that 'column' or 'only' "
			   "says";

	*c = (struct csv_columns){ w->column, -1, -1, w->only, 0 };
	*is_header = false;
	if (w->column_name == NULL && w->column == -1) {
		if (find_roles(c, header != NULL ? header : first) !=
		    VALUE_OTHER) {
			*is_header = header == NULL;
		} else if (csv_is_tweetfeed(first)) {
			c->type = 2;
			c->value = 3;
		} else {
			return "which column?  set 'column' to its number or "
			       "its name in the header";
		}
	} else if (header == NULL) {
		*is_header = named || names_a_column(first, w->column);
	}
	if (header == NULL && (*is_header || named))
		header = first;
	if (header != NULL)
		c->n = header->n;
	if (w->column_name != NULL)
		c->value = find_name(header, w->column_name, w->column_len);
	if (w->only_name != NULL)
		c->only = find_name(header, w->only_name, w->only_len);
	if (c->value == -1 || (w->only_value != NULL && c->only == -1))
		return none;
	return NULL;
}

unsigned
csv_header_guess(const struct csv_row *r)
{
	struct csv_columns c;

	switch (find_roles(&c, r)) {
	case VALUE_OTHER:
	case VALUE_TYPE:
	case VALUE_END:
		return 0;
	case VALUE_ADDRESS:
		return r->n > 1 ? 90 : 0;
	case VALUE_NAME: /* a word like others; "name" is even a TLD */
		return r->n > 1 ? 50 : 0;
	case VALUE_HOST:
	case VALUE_INDICATOR:
	case VALUE_URL:
		break;
	}
	return r->n > 1 ? 90 : 70;
}

/* ---- rows ---- */

enum parse_result
csv_take(struct parse_sink *sink, const struct csv_columns *c,
    const struct csv_wish *w, const struct csv_row *r)
{
	unsigned n = r->n;
	size_t len, type_len;
	const char *text, *type;

	/* A separator in a field without quotes has cut a value somewhere. */
	while (c->n > 0 && n > c->n && n <= CSV_COLUMNS &&
	    r->field[n - 1].len == 0)
		n--;
	if (c->n > 0 && n > c->n) {
		sink->why = "more columns than the header has";
		return PARSE_BAD;
	}
	if ((unsigned)c->value >= r->n) {
		sink->why = "too few columns";
		return PARSE_BAD;
	}
	csv_field(r, c->end, &len);
	if (len > 0) {
		sink->why = "listed no more";
		return PARSE_SKIPPED;
	}
	if (w->only_value != NULL &&
	    !field_is(r, c->only, w->only_value, strlen(w->only_value))) {
		sink->why = "not what 'only' says";
		return PARSE_SKIPPED;
	}
	text = csv_field(r, c->value, &len);
	if (c->type == -1)
		return value_take(sink, PARSE_LIST, text, len);
	type = csv_field(r, c->type, &type_len);
	return value_take_typed(sink, PARSE_LIST, type, type_len, text, len);
}
