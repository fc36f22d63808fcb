/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/ingest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/printable.h"
#include "feeds/source.h"

#define BLOCK_LEN    (512u << 10)
#define DOCUMENT_MAX (512u << 20) /* octets; it is held in memory */

/* Whole lines of one input. */
struct block {
	struct block *next;
	struct ingest_input *in;
	uint64_t line; /* number of its first line */
	size_t len;
	char text[BLOCK_LEN];
};

/* One parsing thread. */
struct parser {
	struct parse_sink sink; /* first: take() gets this */
	struct ingest *g;
	pthread_t thread;
	struct fsk_lane *lane;
	struct ingest_input part; /* counts of the block under way */
	uint64_t line;            /* the number of its next line */
	struct fsk_error err;
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
	struct parser reader; /* for formats that are parsed in order */
};

/* What messages call IN. */
static const char *
name_of(const struct ingest_input *in)
{
	return in->title != NULL ? in->title : source_name(in->path);
}

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
	const size_t n = len < sizeof(bad.text) ? len : sizeof(bad.text) - 1;

	in->bad++;
	for (size_t i = 0; i < n; i++)
		bad.text[i] = text[i] != '\0' ? text[i] : '?';
	bad.text[n] = '\0';
	/* Feeds are strangers: nothing of theirs steers a terminal. */
	printable(bad.text);
	keep_sample(in, &bad);
}

static bool
take(struct parse_sink *sink, const struct parse_entry *e)
{
	struct parser *p = (struct parser *)sink;

	if (p->err.code != FSK_OK ||
	    p->part.take(&p->part, p->lane, e, &p->err) != FSK_OK)
		return false;
	if (e->kind != PARSE_LIST)
		p->part.excepted++;
	else if (e->url != NULL)
		p->part.urls++;
	else
		p->part.names++;
	p->part.single += e->name.wire[0] + 2u == e->name.len;
	return true;
}

static void
count(struct parse_sink *sink, enum parse_result result, const char *text,
    size_t len)
{
	struct parser *p = (struct parser *)sink;

	p->part.lines++;
	switch (result) {
	case PARSE_NAMES:
		break;
	case PARSE_NOTHING:
		p->part.nothing++;
		break;
	case PARSE_SKIPPED:
		p->part.skipped++;
		break;
	case PARSE_BAD:
		add_bad(&p->part, p->line, p->sink.why, text, len);
		break;
	}
	p->line++;
}

/* Begins a part of IN's counts. */
static void
begin_part(struct parser *p, const struct ingest_input *in, uint64_t line)
{
	p->part = (struct ingest_input){
		.path = in->path,
		.format = in->format,
		.form = in->form,
		.match = in->match,
		.addresses = in->addresses,
		.take = in->take,
		.arg = in->arg,
	};
	p->sink.match = in->match;
	p->sink.addresses = in->addresses;
	p->line = line;
}

/* Parses all lines of B; false if what takes the entries failed. */
static bool
parse_block(struct parser *p, void *state, const struct block *b)
{
	const char *text = b->text, *line;
	size_t len = b->len, line_len;

	begin_part(p, b->in, b->line);
	while (
	    p->err.code == FSK_OK && parse_line(&text, &len, &line, &line_len))
		count(&p->sink,
		    b->in->format->line(&p->sink, state, line, line_len), line,
		    line_len);
	return p->err.code == FSK_OK;
}

static void
add_counts(
    struct ingest *g, struct ingest_input *in, const struct ingest_input *part)
{
	in->lines += part->lines;
	in->names += part->names;
	in->urls += part->urls;
	in->excepted += part->excepted;
	in->nothing += part->nothing;
	in->skipped += part->skipped;
	in->bad += part->bad;
	in->single += part->single;
	for (unsigned i = 0; i < part->samples; i++)
		keep_sample(in, &part->sample[i]);
	g->names += part->names + part->urls;
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
		good = parse_block(p, NULL, b);
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
free_block(struct ingest *g, struct block *b)
{
	pthread_mutex_lock(&g->lock);
	b->next = g->free;
	g->free = b;
	pthread_mutex_unlock(&g->lock);
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

/* What of a file's beginning is no text: a byte order mark. */
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
no_format(
    const struct ingest_input *in, const struct block *b, struct fsk_error *err)
{
	const char *what = parse_unsupported(b->text, b->len);

	if (what != NULL)
		return fsk_fail(err, FSK_EFORMAT,
		    "'%s' is %s: that format is not supported", name_of(in),
		    what);
	if (parse_is_prefixes(b->text, b->len, false))
		return fsk_fail(err, FSK_EFORMAT,
		    "'%s' has addresses alone, which a feed takes with "
		    "'addresses = yes'",
		    name_of(in));
	return fsk_fail(err, FSK_EFORMAT,
	    "'%s' is in no format that is known (is it a page for people?)",
	    name_of(in));
}

/* Prefixes alone look like URLs, too: 192.0.2.0 has a path "24". */
static const struct parse_format *
guess_format(const struct ingest_input *in, const struct block *b)
{
	const struct parse_format *format = parse_guess(b->text, b->len);

	if (in->addresses && (format == NULL || format == &parse_urls) &&
	    parse_is_prefixes(b->text, b->len, format != NULL))
		return &parse_domains;
	return format;
}

/* The beginning of an input: its format and the state of that. */
static int
begin_input(struct ingest_input *in, struct block *b, void **state,
    struct fsk_error *err)
{
	size_t mark = skip_mark(b->text, b->len);
	const char *why = "out of memory";

	memmove(b->text, b->text + mark, b->len - mark);
	b->len -= mark;
	if (in->format == NULL)
		in->format = guess_format(in, b);
	if (in->format == NULL)
		return no_format(in, b, err);
	if (in->format->open != NULL) {
		*state = in->format->open(&in->form, &why);
		if (*state == NULL)
			return fsk_fail(err, FSK_EINVAL, "'%s' as %s: %s",
			    name_of(in), in->format->name, why);
	}
	return FSK_OK;
}

/* Leaves in B whole lines only, and puts the rest at the start of REST. */
static int
cut_block(const struct ingest_input *in, struct block *b, uint64_t line,
    struct block *rest, struct fsk_error *err)
{
	size_t whole = b->len;

	while (whole > 0 && b->text[whole - 1] != '\n')
		whole--;
	if (whole == 0)
		return fsk_fail(err, FSK_EFORMAT,
		    "%s:%llu: a line over %u octets: this is no list",
		    name_of(in), (unsigned long long)line, BLOCK_LEN);
	rest->len = b->len - whole;
	memcpy(rest->text, b->text + whole, rest->len);
	b->len = whole;
	return FSK_OK;
}

/* The whole of a document that begins with B. */
static int
read_document(struct ingest *g, struct source *s, struct ingest_input *in,
    void *state, struct block *b, bool end, struct fsk_error *err)
{
	size_t room = 4 * BLOCK_LEN, len = b->len;
	char *text = malloc(room);
	int rc = FSK_OK;

	if (text == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	memcpy(text, b->text, len);
	while (!end) {
		ssize_t n;

		if (len == room) {
			char *more = room < DOCUMENT_MAX
			    ? realloc(text, 2 * room)
			    : NULL;

			if (more == NULL) {
				rc = fsk_fail(err, FSK_EFORMAT,
				    "'%s' is over %u MB: too large for %s",
				    name_of(in), DOCUMENT_MAX >> 20,
				    in->format->name);
				goto out;
			}
			text = more;
			room *= 2;
		}
		n = source_read(s, (uint8_t *)text + len, room - len, err);
		if (n < 0) {
			rc = (int)n;
			goto out;
		}
		len += (size_t)n;
		end = n == 0;
	}
	begin_part(&g->reader, in, 1);
	in->format->document(&g->reader.sink, state, text, len, count);
	pthread_mutex_lock(&g->lock);
	add_counts(g, in, &g->reader.part);
	pthread_mutex_unlock(&g->lock);
out:
	free(text);
	return rc;
}

/* Parses B here, in order. */
static bool
parse_here(struct ingest *g, void *state, const struct block *b, bool end)
{
	struct ingest_input *in = b->in;
	bool good = parse_block(&g->reader, state, b);

	if (good && end && in->format->end != NULL) {
		enum parse_result left = in->format->end(
		    &g->reader.sink, state);

		if (left != PARSE_NOTHING) {
			count(&g->reader.sink, left, "", 0);
			g->reader.part.lines--; /* it is no line of its own */
		}
	}
	pthread_mutex_lock(&g->lock);
	add_counts(g, in, &g->reader.part);
	good = !g->stop;
	pthread_mutex_unlock(&g->lock);
	return good && g->reader.err.code == FSK_OK;
}

static int
read_input(struct ingest *g, struct ingest_input *in, struct fsk_error *err)
{
	struct source *s;
	struct block *b = NULL, *next;
	void *state = NULL;
	uint64_t line = 1;
	bool end = false, first = true, here = false;
	int rc = source_open(&s, in->path, err);

	if (rc != FSK_OK)
		return rc;
	source_call(s, name_of(in));
	source_limit(s, in->max_bytes);
	b = get_block(g);
	if (b != NULL)
		b->len = 0;
	while (b != NULL) {
		rc = fill_block(s, b, &end, err);
		if (rc == FSK_OK && first) {
			rc = begin_input(in, b, &state, err);
			first = false;
			if (rc == FSK_OK && in->format->document != NULL) {
				rc = read_document(
				    g, s, in, state, b, end, err);
				break;
			}
			here = state != NULL;
		}
		if (rc != FSK_OK)
			break;
		next = end ? NULL : get_block(g);
		if (next == NULL && !end)
			break; /* stopped */
		if (!end)
			rc = cut_block(in, b, line, next, err);
		b->in = in;
		b->line = line;
		line += count_lines(b->text, b->len);
		if (here || rc != FSK_OK) {
			if (rc == FSK_OK && parse_here(g, state, b, end)) {
				free_block(g, b);
				b = next;
				continue;
			}
			if (next != NULL)
				free_block(g, next);
			break;
		}
		put_block(g, b);
		b = next;
	}
	if (b != NULL) /* ours still */
		free_block(g, b);
	if (state != NULL && in->format->close != NULL)
		in->format->close(state);
	source_close(s);
	if (rc == FSK_OK && g->reader.err.code != FSK_OK) {
		rc = g->reader.err.code;
		if (err != NULL)
			*err = g->reader.err;
	}
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
	g.reader.g = &g;
	g.reader.sink.take = take;
	if (rc == FSK_OK)
		rc = fsk_writer_lane(w, &g.reader.lane, err);
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
			    name_of(&in[i]),
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
