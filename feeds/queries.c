/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/queries.h"

#include <string.h>

#include "feeds/cmd.h"
#include "feeds/diff.h"
#include "feeds/host.h"
#include "feeds/lines.h"
#include "feeds/linesort.h"
#include "feeds/progress.h"

/* A line of the second sorter: the change, all ones less the count, the name
 * as text, so that its order is ours. */
#define RANK_COUNT 1
#define RANK_NAME  (RANK_COUNT + 8)
#define RANK_MAX   (RANK_NAME + FSK_TEXT_MAX)

struct reading {
	struct queries *q;
	struct linesort *seen; /* a name in wire form for each query */
	struct progress progress;
};

/* ---- words ---- */

const char *
query_change_key(enum query_change change)
{
	static const char *const keys[] = { "same", "newly_blocked",
		"no_longer_blocked", "answered_otherwise" };

	return change < QUERY_CHANGES ? keys[change] : "?";
}

const char *
query_change_text(enum query_change change)
{
	static const char *const texts[] = { "be answered as before",
		"be newly blocked", "no longer be blocked",
		"be answered otherwise" };

	return change < QUERY_CHANGES ? texts[change] : "?";
}

const char *
query_word(const struct query_side *s)
{
	return s->v.block ? fsk_action_word(s->v.answer->action) : "resolved";
}

const char *
query_entry(const struct query_side *s, char entry[static FSK_TEXT_MAX])
{
	const struct fsk_query *q = &s->asked.q;

	if (!s->v.found.covered)
		return NULL;
	return fsk_name_to_text(
	    q->wire + fsk_query_at(q, s->v.found.labels), entry);
}

const struct query_side *
query_behind(const struct query *q)
{
	return q->change == QUERY_FREED ? &q->before : &q->after;
}

/* ---- asking both ---- */

static void
ask(const struct queries *q, const struct fsk_db *db, const uint8_t *wire,
    size_t len, struct query_side *s)
{
	s->asked.qtype = QTYPE_A;
	s->asked.client = NULL;
	s->asked.now = q->now;
	fsk_db_query(db, &s->asked.q, wire, len);
	fsk_verdict(db, q->bypasses, &s->asked, &s->v);
}

static enum query_change
ask_both(const struct queries *q, const uint8_t *wire, size_t len,
    struct query_side *before, struct query_side *after)
{
	ask(q, q->before, wire, len, before);
	ask(q, q->after, wire, len, after);
	if (before->v.block != after->v.block)
		return after->v.block ? QUERY_BLOCKED : QUERY_FREED;
	if (!after->v.block ||
	    diff_same_answer(before->v.answer, after->v.answer))
		return QUERY_SAME;
	return QUERY_OTHERWISE;
}

/* ---- reading ---- */

/* What is asked for may be any name, and not only one that feeds may list; but
 * a URL, or a row of a table, was not meant as one. */
static bool
read_name(struct fsk_name *name, const char *line, size_t len)
{
	static const char tables[] = " \t,;\"";

	if (host_name(name, line, len) == NULL)
		return true;
	for (const char *p = tables; *p != '\0'; p++)
		if (memchr(line, *p, len) != NULL)
			return false;
	return memmem(line, len, "://", 3) == NULL &&
	    fsk_name_from_text(name, line, len) == NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int
take_line(void *arg, const char *line, size_t len, struct fsk_error *err)
{
	struct reading *r = arg;
	struct query_side before, after;
	struct fsk_name name;

	while (len > 0 && is_blank(*line)) {
		line++;
		len--;
	}
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	if (len == 0 || *line == '#')
		return FSK_OK;
	if (!read_name(&name, line, len)) {
		r->q->bad++;
		return FSK_OK;
	}
	if ((++r->q->all & 4095) == 0)
		progress_show(&r->progress, "queries", r->q->all, 0);
	if (ask_both(r->q, name.wire, name.len, &before, &after) == QUERY_SAME)
		return FSK_OK;
	return linesort_add(r->seen, (const char *)name.wire, name.len, err);
}

/* ---- ranking ---- */

/* Counts and ranks the name at WIRE, for which there were COUNT queries. */
static int
rank(struct queries *q, const char *wire, size_t len, uint64_t count,
    struct fsk_error *err)
{
	const uint8_t *octets = (const uint8_t *)wire;
	struct query_side before, after;
	char line[RANK_MAX];
	const enum query_change change = ask_both(
	    q, octets, len, &before, &after);

	q->count[change].queries += count;
	q->count[change].names++;
	line[0] = (char)change;
	for (unsigned i = 0; i < 8; i++)
		line[RANK_COUNT + i] = (char)(~count >> (56 - 8 * i));
	fsk_name_to_text(octets, line + RANK_NAME);
	return linesort_add(
	    q->ranked, line, RANK_NAME + strlen(line + RANK_NAME), err);
}

static int
rank_all(struct queries *q, struct linesort *seen, struct fsk_error *err)
{
	const char *line, *last = NULL;
	size_t len, last_len = 0;
	uint64_t count = 0;
	int rc = linesort_begin(seen, err);

	while (rc == FSK_OK && linesort_next(seen, &line, &len)) {
		if (last != NULL &&
		    linesort_compare(line, len, last, last_len) != 0) {
			rc = rank(q, last, last_len, count, err);
			count = 0;
		}
		last = line;
		last_len = len;
		count++;
	}
	if (rc == FSK_OK && last != NULL)
		rc = rank(q, last, last_len, count, err);
	return rc == FSK_OK ? linesort_begin(q->ranked, err) : rc;
}

int
queries_read(struct queries *q, const char *path, struct fsk_error *err)
{
	struct reading r = { .q = q };
	int rc = linesort_open(&q->ranked, q->folder, err);

	if (rc == FSK_OK)
		rc = linesort_open(&r.seen, q->folder, err);
	progress_begin(&r.progress, false);
	if (rc == FSK_OK)
		rc = lines_read(path, take_line, &r, err);
	progress_end(&r.progress);
	if (rc == FSK_OK)
		rc = rank_all(q, r.seen, err);
	linesort_close(r.seen);
	return rc;
}

void
queries_fini(struct queries *q)
{
	linesort_close(q->ranked);
	q->ranked = NULL;
}

/* ---- giving out ---- */

bool
queries_next(struct queries *q, struct query *out)
{
	struct fsk_name name;
	const char *line;
	size_t len;

	if (!linesort_next(q->ranked, &line, &len))
		return false;
	out->count = 0;
	for (unsigned i = 0; i < 8; i++)
		out->count = out->count << 8 | (uint8_t)line[RANK_COUNT + i];
	out->count = ~out->count;
	memcpy(out->name, line + RANK_NAME, len - RANK_NAME);
	out->name[len - RANK_NAME] = '\0';
	/* It came from a name. */
	fsk_name_from_text(&name, out->name, len - RANK_NAME);
	out->change = ask_both(
	    q, name.wire, name.len, &out->before, &out->after);
	return true;
}
