/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/dates.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/db.h"
#include "lib/db_write.h"

struct dates {
	uint32_t today;
	struct fsk_db *before; /* NULL: there was none */
	struct fsk_writer *w;  /* NULL: nothing is written */
	struct fsk_lane *lane;
	struct day {
		uint32_t day, claim;
	} * day; /* that came up so far */
	size_t n;
};

static int
open_writer(struct dates *d, const char *path, struct fsk_error *err)
{
	const struct fsk_writer_options options = {
		.mode = FSK_NAMES,
		.threads = 1,
		.memory = FSK_MEMORY_MIN,
		.created = (int64_t)d->today * 86400,
	};
	const struct fsk_answer answer = { .ttl = 0 };
	unsigned row;
	int rc;

	unlink(path); /* of a run that was killed */
	rc = fsk_writer_open(&d->w, path, &options, err);
	if (rc == FSK_OK)
		rc = fsk_writer_answer(d->w, &answer, &row, err);
	return rc == FSK_OK ? fsk_writer_lane(d->w, &d->lane, err) : rc;
}

int
dates_open(struct dates **out, const char *before, const char *after,
    uint32_t today, struct fsk_error *err)
{
	struct dates *d = calloc(1, sizeof(*d));
	struct fsk_error unused;
	int rc = FSK_OK;

	*out = NULL;
	if (d == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	d->today = today;
	fsk_db_open(&d->before, before, FSK_DB_MAP, &unused);
	if (after != NULL)
		rc = open_writer(d, after, err);
	if (rc != FSK_OK) {
		dates_close(d);
		return rc;
	}
	*out = d;
	return FSK_OK;
}

/* The claim that stands for DAY. */
static int
claim_of(struct dates *d, uint32_t day, uint32_t *claim, struct fsk_error *err)
{
	const struct fsk_claim c = {
		.feed = "", .category = "", .severity = FSK_RED, .since = day
	};
	struct day *more;
	int rc;

	for (size_t i = 0; i < d->n; i++)
		if (d->day[i].day == day) {
			*claim = d->day[i].claim;
			return FSK_OK;
		}
	more = realloc(d->day, (d->n + 1) * sizeof(*more));
	if (more == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	d->day = more;
	/* The only lane is at rest now. */
	rc = fsk_writer_claim(d->w, &c, claim, err);
	if (rc == FSK_OK)
		d->day[d->n++] = (struct day){ day, *claim };
	return rc;
}

int
dates_since(struct dates *d, const char *rule, const char *entry, uint32_t *day,
    struct fsk_error *err)
{
	struct fsk_attr a;
	uint32_t number, claim;
	char *pair;
	int rc = FSK_OK;

	/* No name of a rule has a line's end in it. */
	if (asprintf(&pair, "%s\n%s", rule, entry) == -1)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	*day = d->today;
	if (d->before != NULL && fsk_db_find_url(d->before, pair, &number)) {
		fsk_db_attr(d->before, number, &a);
		/* A clock may go back. */
		if (a.since < d->today)
			*day = a.since;
	}
	if (d->w != NULL) {
		rc = claim_of(d, *day, &claim, err);
		if (rc == FSK_OK)
			rc = fsk_lane_add_url(d->lane, pair, claim, err);
	}
	free(pair);
	return rc;
}

int
dates_finish(struct dates *d, struct fsk_error *err)
{
	struct fsk_writer_result unused;

	return d->w != NULL ? fsk_writer_publish(d->w, &unused, err) : FSK_OK;
}

void
dates_close(struct dates *d)
{
	if (d == NULL)
		return;
	fsk_writer_close(d->w);
	fsk_db_close(d->before);
	free(d->day);
	free(d);
}
