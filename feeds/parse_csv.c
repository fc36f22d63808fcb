/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of comma-separated values (RFC 4180, read generously): quotes, doubled
 * quotes, line ends within quotes, blanks before a quote.  The separator is a
 * comma, or whichever of ';', tab and '|' the header has more of.  Lines that
 * begin with '#' are comments; one of them may be the header.
 *
 * A row over several lines counts as its last line, the others are nothing.  A
 * quote that does not close within 64 KB is given up: rows go on with the next
 * line.
 */
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/csv_columns.h"
#include "feeds/parse.h"

#define ROW_MAX      (64u << 10) /* octets, over several lines */
#define NO_SEPARATOR 0x1f

/* Lines to rows. */
struct splitter {
	struct csv_parser csv;
	struct csv_row row;
	bool whole;  /* the row */
	bool failed; /* out of memory */
};

struct table {
	struct splitter rows;
	struct csv_row header; /* from the comments; n is 0: there was none */
	struct csv_wish wish;
	struct csv_columns columns;
	const char *why; /* the columns cannot be told */
	bool begun;      /* the separator is known */
	bool told;       /* the columns are */
	bool inside;     /* a quote */
	size_t held;     /* octets of the lines of the row under way */
};

/* ---- libcsv ---- */

static void
add_field(void *text, size_t len, void *arg)
{
	struct splitter *s = arg;
	struct csv_row *r = &s->row;

	if (r->n < CSV_COLUMNS) {
		if (r->len + len > r->room) {
			size_t room = 2 * (r->len + len);
			char *more = realloc(r->text, room);

			if (more == NULL) {
				s->failed = true;
				return;
			}
			r->text = more;
			r->room = room;
		}
		if (len > 0)
			memcpy(r->text + r->len, text, len);
		r->field[r->n].at = r->len;
		r->field[r->n].len = len;
		r->len += len;
	}
	r->n++;
}

static void
end_row(int c, void *arg)
{
	struct splitter *s = arg;

	(void)c;
	s->whole = true;
}

/* Lines come without their ends; a carriage return within one is no end. */
static int
is_end(unsigned char c)
{
	return c == '\n';
}

/* What of ",;\t|" the line at TEXT has most of, outside of quotes. */
static unsigned char
separator_of(const char *text, size_t len)
{
	static const char separators[] = ",;\t|";
	size_t count[sizeof(separators) - 1] = { 0 }, best = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		const char *at = text[i] != '\0' && !quoted
		    ? strchr(separators, text[i])
		    : NULL;

		quoted ^= text[i] == '"';
		if (at != NULL)
			count[at - separators]++;
	}
	for (size_t i = 1; i < sizeof(count) / sizeof(*count); i++)
		if (count[i] > count[best])
			best = i;
	/* One column: then values may have any of these. */
	return count[best] > 0 ? (unsigned char)separators[best] : NO_SEPARATOR;
}

static void
begin_splitter(struct splitter *s, const char *text, size_t len)
{
	csv_init(&s->csv, 0); /* fails for NULL only */
	csv_set_term_func(&s->csv, is_end);
	csv_set_delim(&s->csv, separator_of(text, len));
}

static void
begin_row(struct splitter *s)
{
	s->row.n = 0;
	s->row.len = 0;
	s->whole = false;
}

/* Adds a line to the row. */
static void
add_line(struct splitter *s, const char *text, size_t len)
{
	if (csv_parse(&s->csv, text, len, add_field, end_row, s) != len ||
	    csv_parse(&s->csv, "\n", 1, add_field, end_row, s) != 1)
		s->failed = true;
}

/* Gives the row up. */
static void
drop_row(struct splitter *s)
{
	csv_fini(&s->csv, NULL, NULL, NULL);
	s->failed = false;
}

static void
end_splitter(struct splitter *s)
{
	csv_free(&s->csv);
	free(s->row.text);
}

/* Reads one line as a row of a table of its own; S is to be ended. */
static void
split(struct splitter *s, const char *text, size_t len)
{
	memset(s, 0, sizeof(*s));
	begin_splitter(s, text, len);
	add_line(s, text, len);
}

/* ---- comments ---- */

static bool
is_comment(const char *text, size_t len)
{
	return len > 0 && *text == '#';
}

/* Whether the comment TEXT is the header of a list; then its row is in S, which
 * is to be ended in any case. */
static bool
read_banner(struct splitter *s, const char *text, size_t len)
{
	while (len > 0 && (*text == '#' || *text == ' ')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == '#' || text[len - 1] == ' '))
		len--;
	split(s, text, len);
	return s->whole && s->row.n > 1 && csv_header_guess(&s->row) > 0;
}

static void
keep_banner(struct table *t, const char *text, size_t len)
{
	struct splitter s;

	if (read_banner(&s, text, len)) {
		free(t->header.text);
		t->header = s.row;
		s.row.text = NULL;
	}
	end_splitter(&s);
}

/* ---- rows ---- */

static enum parse_result
read_row(struct table *t, struct parse_sink *sink)
{
	if (!t->told) {
		bool is_header;

		t->told = true;
		t->why = csv_find(&t->columns, &t->wish,
		    t->header.n > 0 ? &t->header : NULL, &t->rows.row,
		    &is_header);
		if (t->why == NULL && is_header)
			return PARSE_NOTHING;
	}
	if (t->why != NULL) {
		sink->why = t->why;
		return PARSE_BAD;
	}
	return csv_take(sink, &t->columns, &t->wish, &t->rows.row);
}

static enum parse_result
line(struct parse_sink *sink, void *state, const char *text, size_t len)
{
	struct table *t = state;

	if (!t->inside) {
		const char *word = text;
		size_t word_len = len;

		parse_blanks(&word, &word_len);
		if (word_len == 0)
			return PARSE_NOTHING;
		if (is_comment(word, word_len)) {
			if (!t->told)
				keep_banner(t, word, word_len);
			return PARSE_NOTHING;
		}
		if (!t->begun)
			begin_splitter(&t->rows, text, len);
		t->begun = true;
		begin_row(&t->rows);
		t->held = 0;
	}
	t->held += len + 1;
	add_line(&t->rows, text, len);
	t->inside = !t->rows.whole && !t->rows.failed && t->held <= ROW_MAX;
	if (t->inside)
		return PARSE_NOTHING;
	if (t->rows.whole && !t->rows.failed)
		return read_row(t, sink);
	sink->why = t->rows.failed ? "out of memory" : "a quote without end";
	drop_row(&t->rows);
	return PARSE_BAD;
}

static enum parse_result
end(struct parse_sink *sink, void *state)
{
	struct table *t = state;

	if (!t->inside)
		return PARSE_NOTHING;
	sink->why = "a quote without end";
	return PARSE_BAD;
}

static void *
open_table(const struct parse_options *opt, const char **why)
{
	struct table *t = calloc(1, sizeof(*t));
	const char *wrong = t != NULL ? csv_wish(&t->wish, opt) : NULL;

	if (wrong == NULL)
		return t;
	*why = wrong;
	free(t);
	return NULL;
}

static void
close_table(void *state)
{
	struct table *t = state;

	if (t->begun)
		end_splitter(&t->rows);
	free(t->header.text);
	free(t);
}

/* How sure the first row says that this is a table; BANNER: a comment said so.
 */
static unsigned
guess_row(const char *text, size_t len, bool banner, bool *single)
{
	struct splitter s;
	unsigned sure = 0;

	split(&s, text, len);
	if (s.whole) {
		*single = s.row.n == 1;
		if ((banner && !*single) || csv_is_tweetfeed(&s.row))
			sure = 90;
		else
			sure = csv_header_guess(&s.row);
	}
	end_splitter(&s);
	return sure;
}

/* A header whose names are known, or TweetFeed, which has none. */
static unsigned
guess(const char *text, size_t len)
{
	const char *row;
	size_t row_len;
	bool banner = false, single = false;

	while (parse_line(&text, &len, &row, &row_len)) {
		struct splitter s;
		unsigned sure;

		parse_blanks(&row, &row_len);
		if (row_len == 0)
			continue;
		if (is_comment(row, row_len)) {
			banner |= read_banner(&s, row, row_len);
			end_splitter(&s);
			continue;
		}
		sure = guess_row(row, row_len, banner, &single);
		/* One word: then the next line is to be what it says. */
		if (single && sure > 0 &&
		    (!parse_line(&text, &len, &row, &row_len) ||
			memchr(row, '.', row_len) == NULL))
			return 0;
		return sure;
	}
	return 0;
}

const struct parse_format parse_csv = {
	.name = "csv",
	.open = open_table,
	.close = close_table,
	.line = line,
	.end = end,
	.guess = guess,
};
