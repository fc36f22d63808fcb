/* SPDX-License-Identifier: BSD-3-Clause */
/* While the store is busy: from the rings to a journal, by a thread. */
#include <time.h>

#include "stats/collector_parts.h"

#define LOOK_NS     2000000 /* from one look at the rings to the next */
#define RECORD_MOST 4096    /* events about: what is recalled at once */

static void
forget_words(struct collector *k)
{
	for (size_t i = 0; i < k->c->rings.n; i++)
		source_forget_words(k->source[i]);
}

static size_t
count(const struct collector *k)
{
	return k->aside.n;
}

static void *
work(void *arg)
{
	const struct timespec pause = { 0, LOOK_NS };
	struct collector *k = arg;
	struct aside *a = &k->aside;
	bool good = true;

	while (good && !a->ending) {
		a->bad = collector_take_all(k, TAKEN_MOST, count) < 0;
		good = !a->bad;
		if (good &&
		    (collector_full(k) ||
			journal_noted(a->to) >= RECORD_MOST)) {
			good = journal_noted(a->to) == 0 ||
			    collector_record(k, a->to, &a->words, NULL);
			if (good)
				collector_let_go(k);
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

void
aside_begin(struct collector *k, struct journal *j)
{
	struct aside *a = &k->aside;

	/* It is begun only if nothing is there from before, and the rings may
	 * let go of what the roll-up has. */
	if (j == NULL || k->failing || a->to != NULL ||
	    (j == k->spare && journal_len(j) > 0) ||
	    (journal_noted(k->journal) > 0 &&
		!collector_record(
		    k, k->journal, rollup_words(k->rollup), NULL)))
		return;
	if (!words_init(&a->words)) {
		words_fini(&a->words);
		return;
	}
	forget_words(k);
	a->to = j;
	a->from = journal_len(j);
	a->n = 0;
	a->bad = false;
	a->ending = false;
	a->running = true;
	if (pthread_create(&a->thread, NULL, work, k) == 0)
		return;
	a->running = false;
	a->to = NULL;
	words_fini(&a->words);
	forget_words(k);
}

void
aside_end(struct collector *k)
{
	struct aside *a = &k->aside;

	if (!a->running)
		return;
	a->ending = true;
	pthread_join(a->thread, NULL);
	a->running = false;
	forget_words(k);
	if (!a->bad && journal_noted(a->to) > 0 &&
	    collector_record(k, a->to, &a->words, NULL))
		collector_let_go(k);
	if (a->n > 0 || a->bad)
		return;
	a->to = NULL;
	words_fini(&a->words);
}

bool
aside_unsaved(const struct collector *k)
{
	const struct aside *a = &k->aside;

	return a->to != NULL && (a->bad || journal_noted(a->to) > 0);
}

static bool
add(void *arg, const struct rollup_event *e)
{
	struct collector *k = arg;

	return rollup_add(k->rollup, e);
}

static bool
note(void *arg, const struct rollup_event *e)
{
	struct collector *k = arg;

	return journal_add(k->journal, e) && rollup_add(k->rollup, e);
}

int
aside_recall(struct collector *k, struct fsk_error *err)
{
	struct words *w = rollup_words(k->rollup);
	struct aside *a = &k->aside;
	size_t at = a->from, end;
	int rc = FSK_OK;

	if (a->to == NULL)
		return FSK_OK;
	end = journal_len(a->to);
	if (a->bad)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	else if (journal_noted(a->to) > 0)
		rc = journal_return(a->to, &a->words, w, note, k, err);
	while (rc == FSK_OK && at < end) {
		rc = journal_recall(a->to, &at, w, add, k, err);
		/* Meanwhile, rings fill. */
		if (rc == FSK_OK && collector_take(k, TAKEN_MOST) < 0)
			rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
		if (rc == FSK_OK && collector_full(k) &&
		    collector_record(k, k->journal, w, NULL))
			collector_let_go(k);
	}
	a->to = NULL;
	words_fini(&a->words);
	return rc == FSK_OK ? FSK_OK : FSK_ENOMEM;
}
