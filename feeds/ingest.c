/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/ingest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/source.h"

#define BLOCK_LEN (512u << 10)

/* Whole lines of one input. */
struct block {
	struct block *next;
	struct ingest_input *in;
	uint64_t line; /* number of its first line */
	size_t len;
	char text[BLOCK_LEN];
};

struct ingest {
	const struct ingest_options *opt;
	struct fsk_writer *w;
	pthread_mutex_t lock; /* of all below and of the inputs' counts */
	pthread_cond_t change;
	struct block *full, **last, *free; /* full: in order of reading */
	bool end, stop;
	uint64_t names;
	struct fsk_error err; /* of the first failure */
};

/* One parsing thread. */
struct parser {
	struct parse_sink sink; /* first: take() gets this */
	struct ingest *g;
	pthread_t thread;
	struct fsk_lane *lane;
	struct ingest_input part; /* counts of the block under way */
	struct fsk_error err;
};

/* ---- parsing ---- */

static void
keep_sample(struct ingest_input *in, const struct ingest_bad *bad)
{
	unsigned at = in->samples;

	if (at == INGEST_SAMPLES && in->sample[at - 1].line < bad->line)
		return;
	if (at == INGEST_SAMPLES)
		at--;
	else
		in->samples++;
	for (; at > 0 && in->sample[at - 1].line > bad->line; at--)
		in->sample[at] = in->sample[at - 1];
	in->sample[at] = *bad;
}

static void
add_bad(struct ingest_input *in, uint64_t line, const char *why,
    const char *text, size_t len)
{
	struct ingest_bad bad = { .line = line, .why = why };
	size_t n = 0;

	in->bad++;
	for (; n < len && n < sizeof(bad.text) - 1; n++) {
		uint8_t c = (uint8_t)text[n];

		/* Feeds are strangers: nothing of theirs steers a terminal. */
		bad.text[n] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	bad.text[n] = '\0';
	keep_sample(in, &bad);
}

static bool
take(struct parse_sink *sink, const struct fsk_name *name,
    enum fsk_match_kind match)
{
	struct parser *p = (struct parser *)sink;

	if (fsk_lane_add(p->lane, name, match, p->part.claim, &p->err) !=
	    FSK_OK)
		return false;
	p->part.names++;
	p->part.single += name->wire[0] + 2u == name->len;
	return true;
}

/* Parses all lines of B; false if the writer failed. */
static bool
parse_block(struct parser *p, const struct block *b)
{
	const char *text = b->text, *end = b->text + b->len;
	uint64_t line = b->line;

	p->part = *b->in;
	p->part.lines = p->part.names = p->part.nothing = p->part.skipped = 0;
	p->part.bad = p->part.single = p->part.samples = 0;
	p->sink.match = b->in->match;
	for (; text < end && p->err.code == FSK_OK; line++) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((eol != NULL ? eol : end) - text);

		switch (b->in->format->line(&p->sink, text, len)) {
		case PARSE_NAMES:
			break;
		case PARSE_NOTHING:
			p->part.nothing++;
			break;
		case PARSE_SKIPPED:
			p->part.skipped++;
			break;
		case PARSE_BAD:
			add_bad(&p->part, line, p->sink.why, text, len);
			break;
		}
		p->part.lines++;
		text += len + 1;
	}
	return p->err.code == FSK_OK;
}

static void
add_counts(
    struct ingest *g, struct ingest_input *in, const struct ingest_input *part)
{
	in->lines += part->lines;
	in->names += part->names;
	in->nothing += part->nothing;
	in->skipped += part->skipped;
	in->bad += part->bad;
	in->single += part->single;
	for (unsigned i = 0; i < part->samples; i++)
		keep_sample(in, &part->sample[i]);
	g->names += part->names;
	if (g->opt->strict && in->bad > 0)
		g->stop = true;
	if (g->opt->progress != NULL)
		g->opt->progress(g->opt->progress_arg, g->names);
}

static void *
run_parser(void *arg)
{
	struct parser *p = arg;
	struct ingest *g = p->g;

	pthread_mutex_lock(&g->lock);
	for (;;) {
		struct block *b;
		bool good;

		while (g->full == NULL && !g->end && !g->stop)
			pthread_cond_wait(&g->change, &g->lock);
		/* Blocks already read are parsed even when strict has found
		 * something: the first bad line may be in one of them. */
		b = g->full;
		if (b == NULL)
			break;
		g->full = b->next;
		if (g->full == NULL)
			g->last = &g->full;
		pthread_mutex_unlock(&g->lock);
		good = parse_block(p, b);
		pthread_mutex_lock(&g->lock);
		add_counts(g, b->in, &p->part);
		b->next = g->free;
		g->free = b;
		if (!good) {
			if (g->err.code == FSK_OK)
				g->err = p->err;
			g->stop = true;
		}
		pthread_cond_broadcast(&g->change);
		if (!good)
			break;
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* ---- reading ---- */

static struct block *
get_block(struct ingest *g)
{
	struct block *b;

	pthread_mutex_lock(&g->lock);
	while (g->free == NULL && !g->stop)
		pthread_cond_wait(&g->change, &g->lock);
	b = g->stop ? NULL : g->free;
	if (b != NULL)
		g->free = b->next;
	pthread_mutex_unlock(&g->lock);
	return b;
}

static void
put_block(struct ingest *g, struct block *b)
{
	pthread_mutex_lock(&g->lock);
	b->next = NULL;
	*g->last = b;
	g->last = &b->next;
	pthread_cond_broadcast(&g->change);
	pthread_mutex_unlock(&g->lock);
}

static uint64_t
count_lines(const char *text, size_t len)
{
	uint64_t n = 0;

	for (const char *p = text, *end = text + len;
	     (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		n++;
	return n;
}

/* What of a block's beginning is no text: a byte order mark, or the whole of
 * what UTF-16 would be. */
static size_t
skip_mark(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* Fills B with what follows, after what it already holds; sets *END.  */
static int
fill_block(struct source *s, struct block *b, bool *end, struct fsk_error *err)
{
	while (b->len < BLOCK_LEN) {
		ssize_t n = source_read(
		    s, (uint8_t *)b->text + b->len, BLOCK_LEN - b->len, err);

		if (n < 0)
			return (int)n;
		if (n == 0) {
			*end = true;
			break;
		}
		b->len += (size_t)n;
	}
	return FSK_OK;
}

static int
read_input(struct ingest *g, struct ingest_input *in, struct fsk_error *err)
{
	struct source *s;
	struct block *b = NULL, *next;
	uint64_t line = 1;
	bool end = false, first = true;
	int rc = source_open(&s, in->path, err);

	if (rc != FSK_OK)
		return rc;
	b = get_block(g);
	if (b != NULL)
		b->len = 0;
	while (b != NULL) {
		size_t whole, rest;

		rc = fill_block(s, b, &end, err);
		if (rc != FSK_OK)
			break;
		if (first) {
			size_t mark = skip_mark(b->text, b->len);

			memmove(b->text, b->text + mark, b->len - mark);
			b->len -= mark;
			first = false;
			if (in->format == NULL)
				in->format = parse_guess(b->text, b->len);
		}
		whole = b->len;
		while (!end && whole > 0 && b->text[whole - 1] != '\n')
			whole--;
		if (whole == 0 && !end) {
			rc = fsk_fail(err, FSK_EFORMAT,
			    "%s:%llu: a line over %u octets: this is no list",
			    source_name(in->path), (unsigned long long)line,
			    BLOCK_LEN);
			break;
		}
		next = end ? NULL : get_block(g);
		if (next != NULL) {
			rest = b->len - whole;
			memcpy(next->text, b->text + whole, rest);
			next->len = rest;
		} else if (!end) {
			break; /* stopped */
		}
		b->in = in;
		b->len = whole;
		b->line = line;
		line += count_lines(b->text, whole);
		put_block(g, b);
		b = next;
	}
	if (b != NULL) { /* ours still */
		pthread_mutex_lock(&g->lock);
		b->next = g->free;
		g->free = b;
		pthread_mutex_unlock(&g->lock);
	}
	source_close(s);
	return rc;
}

int
ingest(struct ingest_input *in, size_t n, struct fsk_writer *w,
    const struct ingest_options *opt, struct fsk_error *err)
{
	struct ingest g = { .opt = opt, .w = w };
	struct parser *parsers = calloc(opt->threads, sizeof(*parsers));
	unsigned started = 0;
	int rc = FSK_OK;

	if (parsers == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	pthread_mutex_init(&g.lock, NULL);
	pthread_cond_init(&g.change, NULL);
	g.last = &g.full;
	for (unsigned i = 0; i < opt->threads + 2 && rc == FSK_OK; i++) {
		struct block *b = malloc(sizeof(*b));

		if (b == NULL) {
			rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
			break;
		}
		b->next = g.free;
		g.free = b;
	}
	for (unsigned i = 0; i < opt->threads && rc == FSK_OK; i++) {
		struct parser *p = &parsers[i];

		p->g = &g;
		p->sink.take = take;
		rc = fsk_writer_lane(w, &p->lane, err);
		if (rc == FSK_OK &&
		    pthread_create(&p->thread, NULL, run_parser, p) != 0)
			rc = fsk_fail(err, FSK_EIO, "cannot start a thread");
		if (rc == FSK_OK)
			started++;
	}
	for (size_t i = 0; i < n && rc == FSK_OK; i++)
		rc = read_input(&g, &in[i], err);

	pthread_mutex_lock(&g.lock);
	g.end = true;
	pthread_cond_broadcast(&g.change);
	pthread_mutex_unlock(&g.lock);
	for (unsigned i = 0; i < started; i++)
		pthread_join(parsers[i].thread, NULL);
	if (rc == FSK_OK && g.err.code != FSK_OK) {
		rc = g.err.code;
		if (err != NULL)
			*err = g.err;
	}
	for (size_t i = 0; i < n && rc == FSK_OK && opt->strict; i++)
		if (in[i].bad > 0)
			rc = fsk_fail(err, FSK_ENAME, "%s:%llu: %s: '%s'",
			    source_name(in[i].path),
			    (unsigned long long)in[i].sample[0].line,
			    in[i].sample[0].why, in[i].sample[0].text);
	for (unsigned i = 0; i < 2; i++) {
		struct block *b = i == 0 ? g.full : g.free, *after;

		for (; b != NULL; b = after) {
			after = b->next;
			free(b);
		}
	}
	pthread_cond_destroy(&g.change);
	pthread_mutex_destroy(&g.lock);
	free(parsers);
	return rc;
}
