/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-stats live: what is blocked now, on a screen of at least 80 columns
 * and 24 rows.  Rates come from the rings, all else from the store.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stats/ask.h"
#include "stats/cmd.h"
#include "stats/cmd_ask.h"
#include "stats/print.h"
#include "stats/rings.h"
#include "stats/terminal.h"
#include "stats/utf8.h"

#define MINUTES    60 /* that are drawn */
#define CHART_ROWS 5
#define ABOVE      10 /* rows before the tables */

static const char help[] =
    "usage: fraudsink-stats live [OPTION...]\n"
    "\n"
    "A screen that shows what is blocked: the last hour minute by minute, the "
    "names,\n"
    "feeds, categories and countries of this hour.  'q' or Ctrl-C ends it.\n"
    "\n"
    "      --every N            seconds from one look to the next; default 2\n"
    "      --once               one look, without a screen\n"
    "      --host HOST          only what this resolver did\n"
    "  -c, --config FILE        default: " CONF_DEFAULT "\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0, or 2 after an error.\n";

enum { OPT_EVERY = 1, OPT_ONCE, OPT_HOST };

static const struct option options[] = {
	{ "every", required_argument, NULL, OPT_EVERY },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "host", required_argument, NULL, OPT_HOST },
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Counters of the rings at a time. */
struct sample {
	double time;
	unsigned rings;
	uint64_t answered, blocked;
};

struct live {
	struct conf *c;
	const char *host;
	unsigned columns, rows;
	bool utf8;
	bool failed; /* the last look at the store did */
	struct sample before;
};

/* ---- questions ---- */

enum { SERIES, NAMES, FEEDS, CATEGORIES, COUNTRIES, QUESTIONS };

struct look {
	struct answers as[QUESTIONS];
	struct fsk_error err; /* of the last that failed */
	bool failed;
};

static void
look_at(struct look *l, const struct live *v, struct store *s, unsigned which)
{
	static const enum ask_dimension what[] = { ASK_NOTHING, ASK_NAMES,
		ASK_FEEDS, ASK_CATEGORIES, ASK_COUNTRIES };
	struct ask a;

	ask_init(&a, v->c, (int64_t)time(NULL));
	a.host = v->host;
	a.what = what[which];
	a.limit = v->rows;
	a.since.seconds = which == SERIES ? (MINUTES - 1) * 60 : 0;
	a.step = which == SERIES ? STORE_MINUTE : STORE_HOUR;
	if (which != SERIES)
		a.since.seconds = a.now % 3600;
	if ((which == SERIES ? ask_series : ask_top)(
		&a, s, &l->as[which], &l->err) != FSK_OK)
		l->failed = true;
}

static void
look(struct look *l, const struct live *v)
{
	struct store *s;

	l->failed = false;
	for (unsigned i = 0; i < QUESTIONS; i++)
		answers_init(&l->as[i]);
	if (store_open(&s, v->c, STORE_READ, &l->err) != FSK_OK) {
		l->failed = true;
		return;
	}
	for (unsigned i = 0; i < QUESTIONS && !l->failed; i++)
		look_at(l, v, s, i);
	store_close(s);
}

static void
look_away(struct look *l)
{
	for (unsigned i = 0; i < QUESTIONS; i++)
		answers_fini(&l->as[i]);
}

/* ---- the upper part ---- */

static struct sample
take_sample(const struct live *v)
{
	struct sample s;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	s.time = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	s.rings = rings_sum(v->c, &s.answered, &s.blocked);
	return s;
}

static void
put_rates(FILE *to, struct live *v)
{
	const struct sample now = take_sample(v), *before = &v->before;
	const double seconds = now.time - before->time;

	if (now.rings == 0)
		fputs("no resolver's counters can be read\n", to);
	else if (before->rings != now.rings || seconds <= 0 ||
	    now.answered < before->answered || now.blocked < before->blocked)
		fprintf(to, "%u resolver%s\n", now.rings,
		    now.rings == 1 ? "" : "s");
	else
		fprintf(to,
		    "%u resolver%s: %.1f queries answered a second, %.1f "
		    "blocked a second\n",
		    now.rings, now.rings == 1 ? "" : "s",
		    (double)(now.answered - before->answered) / seconds,
		    (double)(now.blocked - before->blocked) / seconds);
	v->before = now;
}

static uint64_t
hits(const struct answer *series, size_t row)
{
	return row < series->rows ? answer_at(series, row, 1)->count : 0;
}

/* One of CHART_ROWS rows, from the top: a column a minute. */
static void
put_chart_row(FILE *to, const struct live *v, const struct answer *series,
    uint64_t most, unsigned row)
{
	static const char *const eighths[] = { " ", "\u2581", "\u2582",
		"\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
	const uint64_t below = (CHART_ROWS - 1 - row) * 8;

	if (row == 0)
		fprintf(to, "%10" PRIu64 " ", most);
	else
		fprintf(to, "%10s ", row + 1 == CHART_ROWS ? "0" : "");
	for (size_t i = 0; i < series->rows; i++) {
		/* Anything at all shows. */
		const uint64_t n = most == 0
		    ? 0
		    : (hits(series, i) * CHART_ROWS * 8 + most - 1) / most;
		const uint64_t part = n <= below ? 0
		    : n - below > 8              ? 8
						 : n - below;

		fputs(v->utf8       ? eighths[part]
			: part >= 4 ? "#"
			: part > 0  ? "."
				    : " ",
		    to);
	}
	fputc('\n', to);
}

static void
put_chart(FILE *to, const struct live *v, const struct answers *as)
{
	static const struct answer none = { .rows = 0 };
	const struct answer *series = as->n > 0 ? &as->at[0] : &none;
	uint64_t most = 0;

	for (size_t i = 0; i < series->rows; i++)
		most = hits(series, i) > most ? hits(series, i) : most;
	for (unsigned r = 0; r < CHART_ROWS; r++)
		put_chart_row(to, v, series, most, r);
	fprintf(to, "%10s %-30s%30s\n", "", "an hour ago", "now");
}

/* ---- the tables ---- */

/* Row R of table W's first text and its hits in WIDTH columns; R 0 is its
 * head. */
static void
put_entry(FILE *to, const struct answers *as, const char *head, size_t r,
    unsigned width)
{
	const struct answer *a = &as->at[0];
	unsigned column = 1;
	char text[CELL_TEXT];

	if (r == 0) {
		utf8_field(to, head, width - 9, true);
		utf8_field(to, "hits", 9, false);
		return;
	}
	if (as->n == 0 || r > a->rows) {
		utf8_field(to, "", width, true);
		return;
	}
	while (strcmp(a->column[column].name, "hits") != 0)
		column++;
	utf8_field(to, answer_at(a, r - 1, 0)->text, width - 9, true);
	utf8_field(to,
	    print_cell(&a->column[column], answer_at(a, r - 1, column), text),
	    9, false);
}

/* Names to the left; feeds, and below them categories and countries side by
 * side, to the right. */
static void
put_tables(FILE *to, const struct look *l, const struct live *v)
{
	const unsigned rows = v->rows > ABOVE + 4 ? v->rows - ABOVE : 4;
	const unsigned upper = rows / 2, right = 38, half = right / 2 - 1;
	const unsigned left = v->columns - right - 2;

	for (unsigned r = 0; r < rows; r++) {
		put_entry(to, &l->as[NAMES], "names, this hour", r, left);
		fputs("  ", to);
		if (r < upper - 1) {
			put_entry(to, &l->as[FEEDS], "feeds", r, right);
		} else if (r >= upper) {
			put_entry(to, &l->as[CATEGORIES], "categories",
			    r - upper, half + 2);
			fputs("  ", to);
			put_entry(to, &l->as[COUNTRIES], "country", r - upper,
			    half - 2);
		}
		fputc('\n', to);
	}
}

static void
put_screen(FILE *to, struct live *v)
{
	const struct answer_column column = { .type = ANSWER_TIME };
	struct answer_cell now = { .given = true, .time = (int64_t)time(NULL) };
	char text[TIME_TEXT];
	struct look l;

	look(&l, v);
	v->failed = l.failed;
	time_text(now.time, column.type, text);
	fputs("fraudsink  ", to);
	utf8_field(to, text, v->columns - 11 - 9, true);
	fputs("q: quit\n", to);
	put_rates(to, v);
	if (l.failed) {
		utf8_field(to, l.err.text, v->columns, true);
		fputc('\n', to);
	} else {
		fprintf(to, "%" PRIu64 " blocked in the last 60 minutes",
		    l.as[SERIES].hits);
		if (l.as[NAMES].total >= 0)
			fprintf(to,
			    ", %" PRIu64 " in this hour for %.0f clients",
			    l.as[NAMES].hits, l.as[NAMES].total);
		fputc('\n', to);
	}
	put_chart(to, v, &l.as[SERIES]);
	fputc('\n', to);
	put_tables(to, &l, v);
	look_away(&l);
}

/* ---- the command ---- */

/* One look; to a terminal or, if it is not OPEN, standard output. */
static bool
show(struct live *v, bool open)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (open)
		terminal_size(&v->columns, &v->rows);
	if (v->columns < 80)
		v->columns = 80;
	if (to == NULL)
		return false;
	put_screen(to, v);
	if (fclose(to) == EOF) {
		free(text);
		return false;
	}
	if (open)
		terminal_show(text, len);
	else
		fwrite(text, 1, len, stdout);
	free(text);
	return true;
}

static int
run(struct live *v, unsigned every, bool once)
{
	int status = EXIT_SUCCESS;

	setlocale(LC_CTYPE, "");
	v->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (once) {
		v->columns = 80;
		v->rows = 24;
		status = show(v, false) && !v->failed ? EXIT_SUCCESS
						      : EXIT_ERROR;
		return finish_output(status);
	}
	if (!terminal_open()) {
		complain("standard input and output are no terminal; --once "
			 "needs none");
		return EXIT_ERROR;
	}
	do
		if (!show(v, true)) {
			status = EXIT_ERROR;
			break;
		}
	while (terminal_wait(every));
	terminal_close();
	if (status != EXIT_SUCCESS)
		complain("out of memory");
	return status;
}

int
cmd_live(int argc, char **argv)
{
	const char *path = CONF_DEFAULT;
	struct live v = { .host = NULL };
	unsigned long every = 2;
	bool once = false;
	char *end;
	int o, status;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case OPT_EVERY:
			every = strtoul(optarg, &end, 10);
			if (*optarg < '0' || *optarg > '9' || *end != '\0' ||
			    every < 1 || every > 3600)
				return usage_error(
				    "live", "'%s' is not 1 to 3600", optarg);
			break;
		case OPT_ONCE:
			once = true;
			break;
		case OPT_HOST:
			v.host = optarg;
			break;
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("live", "bad command line");
		}
	if (optind != argc)
		return usage_error("live", "too many arguments");
	v.c = read_conf(path);
	if (v.c == NULL)
		return EXIT_ERROR;
	status = run(&v, (unsigned)every, once);
	conf_free(v.c);
	return status;
}
