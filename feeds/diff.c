/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fraudsink-feeds diff: how two databases differ.
 *
 * Each entry of one is looked up in the other, so nothing needs to be sorted or
 * kept.  An entry is a name with its match, to block or to allow; what else is
 * known of it may change.  To a feed an entry is added when the feed begins to
 * list it, whoever else did before.
 */
#include "feeds/diff.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/entry.h"
#include "feeds/progress.h"

#define EXIT_SAME  0
#define EXIT_OTHER 1

static const char help[] =
    "usage: fraudsink-feeds diff OLD NEW [--names] [--limit N] [--json]\n"
    "\n"
    "Tells how many entries the database NEW has more, has no more, and has "
    "with\n"
    "other attributes than OLD; for each feed, and in all.\n"
    "\n"
    "      --names            the entries, too: '+' added, '-' removed, '~' "
    "changed\n"
    "      --limit N          at most so many of each (default: all)\n"
    "      --json             one object, with the entries\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 no difference, 1 some, 2 error (a secret database keeps "
    "no\n"
    "names).\n";

enum { OPT_NAMES = 256, OPT_LIMIT };

static const struct option options[] = {
	{ "names", no_argument, NULL, OPT_NAMES },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct run {
	struct diff *d;
	uint64_t done, met;
	struct progress progress;
};

/* ---- feeds ---- */

static int
by_name(const void *ap, const void *bp)
{
	const struct diff_feed *a = ap, *b = bp;

	return strcmp(a->name, b->name);
}

static int
by_number(const void *ap, const void *bp)
{
	const uint32_t *a = ap, *b = bp;

	return *a < *b ? -1 : *a > *b;
}

/* Makes the table of the feeds of both. */
static bool
unite_feeds(struct diff *d)
{
	const struct diff_side *const sides[] = { &d->before, &d->after };
	size_t n = 0;

	d->feeds = calloc(
	    (size_t)d->before.info.feeds + d->after.info.feeds + 1,
	    sizeof(*d->feeds));
	if (d->feeds == NULL)
		return false;
	for (unsigned i = 0; i < 2; i++)
		for (uint32_t j = 0; j < sides[i]->info.feeds; j++)
			d->feeds[n++].name = fsk_db_feed(sides[i]->db, j, NULL);
	qsort(d->feeds, n, sizeof(*d->feeds), by_name);
	for (size_t i = 0; i < n; i++)
		if (d->nfeeds == 0 ||
		    strcmp(d->feeds[d->nfeeds - 1].name, d->feeds[i].name) != 0)
			d->feeds[d->nfeeds++] = d->feeds[i];
	return true;
}

/* The row of feed I of S in the table. */
static uint32_t
row_of(const struct diff *d, const struct diff_side *s, uint32_t i)
{
	const struct diff_feed key = { .name = fsk_db_feed(s->db, i, NULL) };
	const struct diff_feed *at = bsearch(
	    &key, d->feeds, d->nfeeds, sizeof(key), by_name);

	return (uint32_t)(at - d->feeds);
}

/* Notes which feeds of the table the attribute sets of S have. */
static bool
number_feeds(const struct diff *d, struct diff_side *s)
{
	struct fsk_attr a;
	size_t n = 0;

	s->first = calloc(s->info.attrs + 1u, sizeof(*s->first));
	if (s->first == NULL)
		return false;
	for (uint32_t i = 0; i < s->info.attrs; i++) {
		fsk_db_attr(s->db, i, &a);
		n += a.feeds;
		s->first[i + 1] = (uint32_t)n;
	}
	s->list = calloc(n + 1, sizeof(*s->list));
	if (s->list == NULL || n > UINT32_MAX)
		return false;
	for (uint32_t i = 0; i < s->info.attrs; i++) {
		uint32_t *list = s->list + s->first[i];
		const uint32_t count = s->first[i + 1] - s->first[i];

		for (uint32_t j = 0; j < count; j++)
			list[j] = row_of(
			    d, s, fsk_db_attr_feed_row(s->db, i, j));
		qsort(list, count, sizeof(*list), by_number);
	}
	return true;
}

/* ---- the two passes ---- */

/* Counts for the feeds of an entry that both have. */
static void
count_feeds(
    struct run *r, struct diff_feeds a, struct diff_feeds b, bool changed)
{
	struct diff_feed *table = r->d->feeds;

	while (a.n > 0 || b.n > 0) {
		if (b.n == 0 || (a.n > 0 && *a.at < *b.at)) {
			table[*a.at++].count.removed++;
			a.n--;
		} else if (a.n == 0 || *b.at < *a.at) {
			table[*b.at++].count.added++;
			b.n--;
		} else {
			table[*a.at].count.changed += changed;
			a.at++, a.n--;
			b.at++, b.n--;
		}
	}
}

static void
show_progress(struct run *r)
{
	if ((++r->done & 4095) == 0)
		progress_show(&r->progress, "comparing", r->done,
		    r->d->before.info.entries + r->d->after.info.entries);
}

/* An entry of NEW: it was added, or changed, or is the same. */
static int
each_after(void *arg, const struct fsk_name *name, uint32_t attr)
{
	struct run *r = arg;
	struct diff *d = r->d;
	struct diff_feeds fa, fb = diff_feeds_of(&d->after, attr);
	struct fsk_attr a, b;
	uint32_t before;
	bool same;

	show_progress(r);
	fsk_db_attr(d->after.db, attr, &b);
	if (!db_has_entry(d->before.db, name, b.match, b.allow, &before)) {
		for (size_t i = 0; i < fb.n; i++)
			d->feeds[fb.at[i]].count.added++;
		return !diff_print_one(
		    d, &d->after, name, attr, ++d->total.added);
	}
	r->met++;
	fa = diff_feeds_of(&d->before, before);
	fsk_db_attr(d->before.db, before, &a);
	same = diff_same_attr(&a, &b);
	if (same && diff_same_feeds(fa, fb))
		return 0;
	count_feeds(r, fa, fb, !same);
	d->total.changed++;
	return !diff_print_change(d, name, before, attr);
}

/* An entry of OLD: it was removed, or was seen above. */
static int
each_before(void *arg, const struct fsk_name *name, uint32_t attr)
{
	struct run *r = arg;
	struct diff *d = r->d;
	const struct diff_feeds f = diff_feeds_of(&d->before, attr);
	struct fsk_attr a;
	uint32_t after;

	show_progress(r);
	fsk_db_attr(d->before.db, attr, &a);
	if (db_has_entry(d->after.db, name, a.match, a.allow, &after))
		return 0;
	for (size_t i = 0; i < f.n; i++)
		d->feeds[f.at[i]].count.removed++;
	return !diff_print_one(d, &d->before, name, attr, ++d->total.removed);
}

/* Returns 0, 1 where output failed and that was told or will be, or an error.
 */
static int
compare(struct run *r, struct fsk_error *err)
{
	struct diff *d = r->d;
	const bool same = d->secret ||
	    memcmp(d->before.info.build_id, d->after.info.build_id,
		sizeof(d->before.info.build_id)) == 0;
	int rc = 0;

	if (!diff_print_begin(d))
		return 1;
	if (!same)
		rc = fsk_db_each(d->after.db, each_after, r, err);
	progress_end(&r->progress);
	if (rc != 0)
		return rc;
	if (!diff_print_middle(d))
		return 1;
	/* Where NEW has all that OLD has, there is nothing more to find. */
	if (!same && r->met < d->before.info.entries)
		rc = fsk_db_each(d->before.db, each_before, r, err);
	progress_end(&r->progress);
	if (rc != 0)
		return rc;
	return diff_print_end(d) ? 0 : 1;
}

int
diff_run(struct diff *d, struct fsk_error *err)
{
	struct run r = { .d = d };

	fsk_db_info(d->before.db, &d->before.info);
	fsk_db_info(d->after.db, &d->after.info);
	d->secret = d->before.info.mode == FSK_SECRET ||
	    d->after.info.mode == FSK_SECRET;
	if (!unite_feeds(d) || !number_feeds(d, &d->before) ||
	    !number_feeds(d, &d->after))
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	/* Names and a line of progress do not go together. */
	progress_begin(
	    &r.progress, (d->names || d->json) && isatty(STDOUT_FILENO));
	return compare(&r, err);
}

bool
diff_any(const struct diff *d)
{
	const struct diff_count *t = &d->total;

	return t->added + t->removed + t->changed != 0 ||
	    d->before.info.urls != d->after.info.urls;
}

void
diff_fini(struct diff *d)
{
	if (d->changes != NULL)
		fclose(d->changes);
	free(d->feeds);
	free(d->before.first);
	free(d->before.list);
	free(d->after.first);
	free(d->after.list);
}

/* ---- the command ---- */

static bool
open_side(struct diff_side *s, const char *path)
{
	struct fsk_db_info info;
	struct fsk_error err;

	if (fsk_db_open(&s->db, path, FSK_DB_MAP, &err) != FSK_OK) {
		complain("%s", err.text);
		return false;
	}
	fsk_db_info(s->db, &info);
	if (info.mode == FSK_SECRET) {
		complain("'%s' is secret: it keeps no names that could be "
			 "compared",
		    path);
		return false;
	}
	return true;
}

static int
diff(struct diff *d, const char *before, const char *after)
{
	struct fsk_error err;
	int rc;

	if (!open_side(&d->before, before) || !open_side(&d->after, after))
		return EXIT_ERROR;
	rc = diff_run(d, &err);
	if (rc < 0)
		complain("%s", err.text);
	if (rc != 0 || (d->json && puts("}") == EOF))
		return EXIT_ERROR;
	return diff_any(d) ? EXIT_OTHER : EXIT_SAME;
}

int
cmd_diff(int argc, char **argv)
{
	struct diff d = { .limit = UINT64_MAX };
	int c, status;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case OPT_NAMES:
			d.names = true;
			break;
		case OPT_LIMIT:
			if (!read_number(optarg, 0, UINT64_MAX, &d.limit))
				return usage_error(
				    "diff", "bad limit '%s'", optarg);
			break;
		case 'j':
			d.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("diff", "bad command line");
		}
	if (argc - optind != 2)
		return usage_error("diff", "two databases are needed");
	status = diff(&d, argv[optind], argv[optind + 1]);
	diff_fini(&d);
	fsk_db_close(d.before.db);
	fsk_db_close(d.after.db);
	return finish_output(status);
}
