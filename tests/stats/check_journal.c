/* SPDX-License-Identifier: BSD-3-Clause */
/* stats/journal.c: what was written whole comes back, whatever is behind it */
#include <check.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stats/journal.h"
#include "tests/lib/kit.h"
#include "tests/stats/stats.h"

#define EVENTS 200

static struct fsk_error err;
static struct words before, after; /* of the process that wrote, that reads */

static void
setup(void)
{
	kit_setup();
	kit_seed(1);
	ck_assert(words_init(&before) && words_init(&after));
	/* The same names have other numbers. */
	words_number(&after, FSK_LABEL_CATEGORY, "other");
	words_number(&after, FSK_LABEL_FEED, "gamma");
}

static void
teardown(void)
{
	words_fini(&before);
	words_fini(&after);
	kit_teardown();
}

static struct journal *
open_it(void)
{
	struct journal *j;

	stats_good(journal_open(&j, kit_path("journal"), &err), &err);
	return j;
}

/* Event I of the test, in the numbers of W. */
static struct rollup_event
event(unsigned i, struct words *w, struct fsk_name *name)
{
	static const uint8_t kept[16] = { 1, 2, 3 };
	static const char *const feed[] = { "beta", "gamma", "alpha" };
	static const char *const cases[] = { "", "2026/117", "7\n" };
	uint16_t feeds[3];
	char text[32];

	for (unsigned f = 0; f < 3; f++)
		feeds[f] = words_number(w, FSK_LABEL_FEED, feed[f]);
	snprintf(text, sizeof(text), "www.n%u.example", i);
	*name = kit_name(text);
	return (struct rollup_event){ .time = 1000000000ull * i,
		.feeds = words_set(w, feeds, i % 4),
		.category = words_number(
		    w, FSK_LABEL_CATEGORY, i % 3 ? "scam" : ""),
		.group = words_number(w, FSK_LABEL_GROUP, i % 2 ? "bank" : ""),
		.case_number = words_number(w, WORDS_CASE, cases[i % 3]),
		.qtype = (uint16_t)i,
		.severity = (uint8_t)(1 + i % 2),
		.action = (uint8_t)(i % 9),
		.transport = (uint8_t)(1 + i % 5),
		.would = i % 7 == 0,
		.country = { i % 2 ? 'B' : '\0', i % 2 ? 'E' : '\0' },
		.asn = 64500 + i,
		.qname = name->wire,
		.qname_len = name->len,
		.entry = i % 4,
		.client = i * 0x123456789abcdefull,
		.tag = i,
		.kept = i % 3 == 0 ? kept : NULL };
}

struct seen {
	unsigned n, records;
	unsigned unwanted; /* record that is not wanted, from 1 */
};

static bool
want(void *arg, const struct journal_ring *rings, unsigned n, bool *yes)
{
	struct seen *s = arg;

	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(rings[0].id[0], 7);
	ck_assert_uint_eq(rings[1].id[15], 8);
	ck_assert_uint_eq(rings[0].workers, 3);
	ck_assert_uint_eq(rings[0].position[2], UINT64_MAX);
	ck_assert_uint_eq(rings[1].workers, 1);
	s->records++;
	*yes = s->records != s->unwanted;
	if (!*yes)
		s->n += EVENTS;
	return true;
}

static bool
compare(void *arg, const struct rollup_event *got)
{
	struct seen *s = arg;
	struct fsk_name name;
	const struct rollup_event e = event(s->n++, &after, &name);

	ck_assert_uint_eq(got->time, e.time);
	ck_assert_uint_eq(got->feeds, e.feeds);
	ck_assert_uint_eq(got->category, e.category);
	ck_assert_uint_eq(got->group, e.group);
	ck_assert_uint_eq(got->case_number, e.case_number);
	ck_assert_uint_eq(got->qtype, e.qtype);
	ck_assert_uint_eq(got->severity, e.severity);
	ck_assert_uint_eq(got->action, e.action);
	ck_assert_uint_eq(got->transport, e.transport);
	ck_assert(got->would == e.would);
	ck_assert_str_eq(got->country, e.country);
	ck_assert_uint_eq(got->asn, e.asn);
	ck_assert_uint_eq(got->qname_len, e.qname_len);
	ck_assert_mem_eq(got->qname, e.qname, e.qname_len);
	ck_assert_uint_eq(got->entry, e.entry);
	ck_assert_uint_eq(got->client, e.client);
	ck_assert_uint_eq(got->tag, e.tag);
	ck_assert((got->kept == NULL) == (e.kept == NULL));
	if (e.kept != NULL)
		ck_assert_mem_eq(got->kept, e.kept, 16);
	return true;
}

static const struct journal_ring both[2] = {
	{ .id = { 7 }, .workers = 3, .position = { 1, 2, UINT64_MAX } },
	{ .id = { [15] = 8 }, .workers = 1, .position = { 9 } },
};

static void
note_events(struct journal *j, unsigned first)
{
	for (unsigned i = first; i < first + EVENTS; i++) {
		struct fsk_name name;
		const struct rollup_event e = event(i, &before, &name);

		ck_assert(journal_add(j, &e));
	}
}

/* Writes RECORDS records of EVENTS events each. */
static void
write_records(struct journal *j, unsigned records)
{
	for (unsigned i = 0; i < records; i++) {
		note_events(j, i * EVENTS);
		stats_good(journal_write(j, &before, both, 2, &err), &err);
	}
}

/* How many events come back. */
static unsigned
replay(unsigned unwanted, unsigned *records)
{
	struct seen s = { .unwanted = unwanted };
	struct journal *j = open_it();

	stats_good(journal_replay(j, &after, want, compare, &s, &err), &err);
	journal_close(j);
	*records = s.records;
	return s.n;
}

START_TEST(what_was_written_comes_back)
{
	struct journal *j = open_it();
	unsigned records;

	ck_assert_uint_eq(EVENTS % 4, 0);
	write_records(j, 3);
	journal_close(j);
	ck_assert_uint_eq(replay(0, &records), 3 * EVENTS);
	ck_assert_uint_eq(records, 3);
	/* Reading changes nothing. */
	ck_assert_uint_eq(replay(0, &records), 3 * EVENTS);
	/* One that is stored already is passed over. */
	ck_assert_uint_eq(replay(2, &records), 3 * EVENTS);
	ck_assert_uint_eq(records, 3);
}
END_TEST

START_TEST(a_record_can_be_empty)
{
	struct journal *j = open_it();
	unsigned records;

	stats_good(journal_write(j, &before, NULL, 0, &err), &err);
	stats_good(journal_clear(j, &err), &err);
	stats_good(journal_write(j, &before,
		       (struct journal_ring[2]){
			   { .id = { 7 },
			       .workers = 3,
			       .position = { [2] = UINT64_MAX } },
			   { .id = { [15] = 8 }, .workers = 1 } },
		       2, &err),
	    &err);
	journal_close(j);
	ck_assert_uint_eq(replay(0, &records), 0);
	ck_assert_uint_eq(records, 1);
}
END_TEST

START_TEST(an_emptied_journal_has_nothing)
{
	struct journal *j = open_it();
	unsigned records;

	write_records(j, 2);
	stats_good(journal_clear(j, &err), &err);
	journal_close(j);
	ck_assert_uint_eq(replay(0, &records), 0);
	j = open_it();
	write_records(j, 1);
	journal_close(j);
	ck_assert_uint_eq(replay(0, &records), EVENTS);
}
END_TEST

/* After a replay, more is written behind what was whole. */
START_TEST(it_goes_on_behind_the_last_whole_record)
{
	struct seen s = { .n = 0 };
	struct journal *j = open_it();
	unsigned records;
	uint8_t *whole;
	size_t len;

	write_records(j, 2);
	journal_close(j);
	whole = kit_read(kit_path("journal"), &len);
	kit_write(kit_path("journal"), whole, len - 5);
	free(whole);
	j = open_it();
	stats_good(journal_replay(j, &after, want, compare, &s, &err), &err);
	ck_assert_uint_eq(s.n, EVENTS);
	write_records(j, 1);
	journal_close(j);
	/* The second record has the same events as the first. */
	ck_assert_uint_eq(replay(2, &records), 2 * EVENTS);
	ck_assert_uint_eq(records, 2);
}
END_TEST

static bool
count_only(void *arg, const struct rollup_event *e)
{
	(void)e;
	++*(unsigned *)arg;
	return true;
}

static bool
want_all(void *arg, const struct journal_ring *rings, unsigned n, bool *yes)
{
	(void)arg;
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_le(rings[i].workers, FSK_RING_WORKERS);
	*yes = true;
	return true;
}

START_TEST(what_is_cut_off_or_damaged_ends_it)
{
	struct journal *j = open_it();
	uint8_t *whole;
	size_t len;

	write_records(j, 2);
	journal_close(j);
	whole = kit_read(kit_path("journal"), &len);
	for (unsigned i = 0; i < 600; i++) {
		size_t n = i < 300 ? kit_below((unsigned)len) : len;
		uint8_t *at = &whole[kit_below((unsigned)len)], was = *at;
		unsigned got = 0;

		if (i >= 300)
			*at ^= 0x10;
		kit_write(kit_path("journal"), whole, n);
		*at = was;
		j = open_it();
		stats_good(
		    journal_replay(j, &after, want_all, count_only, &got, &err),
		    &err);
		ck_assert(got == 0 || got == EVENTS);
		journal_close(j);
	}
	free(whole);
}
END_TEST

static size_t
length(void)
{
	size_t len;

	free(kit_read(kit_path("journal"), &len));
	return len;
}

/* Half a record would only keep others from the memory that it takes. */
START_TEST(what_cannot_be_written_leaves_the_file_as_it_was)
{
	struct journal *j = open_it();
	struct rlimit limit, full;
	unsigned records;
	size_t len;

	write_records(j, 1);
	len = length();
	note_events(j, EVENTS);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	full = limit;
	full.rlim_cur = len + len / 2;
	setrlimit(RLIMIT_FSIZE, &full);
	ck_assert_int_eq(journal_write(j, &before, both, 2, &err), FSK_EIO);
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_uint_eq(length(), len);
	ck_assert_uint_eq(journal_noted(j), EVENTS);
	/* When there is room again, it goes on. */
	stats_good(journal_write(j, &before, both, 2, &err), &err);
	journal_close(j);
	ck_assert_uint_eq(replay(2, &records), 2 * EVENTS);
	ck_assert_uint_eq(records, 2);
}
END_TEST

static size_t
memory_used(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	size_t pages;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%zu", &pages), 1);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* What cannot be read for the moment is there for the next. */
START_TEST(without_memory_it_is_not_taken_for_empty)
{
	const char *san = getenv("FRAUDSINK_TEST_SAN");
	struct journal *j = open_it();
	struct rlimit limit, little;
	unsigned got = 0;
	size_t len;

	if (san != NULL && *san != '\0') {
		printf("skipped: a sanitizer does not live with a limit\n");
		journal_close(j);
		return;
	}
	write_records(j, 1);
	for (unsigned i = 0; i < 1000; i++)
		note_events(j, i);
	stats_good(journal_write(j, &before, both, 2, &err), &err);
	journal_close(j);
	j = open_it();
	len = length();
	malloc_trim(0); /* what the other journal had */
	getrlimit(RLIMIT_AS, &limit);
	little = limit;
	little.rlim_cur = memory_used() + len / 2;
	setrlimit(RLIMIT_AS, &little);
	ck_assert_int_eq(
	    journal_replay(j, &after, want_all, count_only, &got, &err),
	    FSK_ENOMEM);
	setrlimit(RLIMIT_AS, &limit);
	ck_assert_uint_eq(got, EVENTS);
	stats_good(
	    journal_replay(j, &after, want_all, count_only, &got, &err), &err);
	ck_assert_uint_eq(got, 1001 * EVENTS);
	journal_close(j);
}
END_TEST

struct back {
	struct seen seen;
	struct journal *again; /* where it is noted, too */
};

static bool
note_back(void *arg, const struct rollup_event *e)
{
	struct back *b = arg;

	return compare(&b->seen, e) &&
	    (b->again == NULL || journal_add(b->again, e));
}

/* A process hands itself back what it has written, and what it has not. */
START_TEST(records_and_notes_can_be_had_back)
{
	struct journal *j = open_it();
	struct back b = { .again = NULL };
	size_t at = 0, end;
	unsigned records;

	write_records(j, 2);
	end = journal_len(j);
	ck_assert_uint_eq(journal_noted(j), 0);
	while (at < end) {
		stats_good(
		    journal_recall(j, &at, &after, note_back, &b, &err), &err);
		ck_assert_uint_eq(b.seen.n % EVENTS, 0);
	}
	ck_assert_uint_eq(at, end);
	ck_assert_uint_eq(b.seen.n, 2 * EVENTS);
	/* Behind the last one there is nothing. */
	ck_assert_int_eq(
	    journal_recall(j, &at, &after, note_back, &b, &err), FSK_ECORRUPT);
	/* Notes get the numbers of other words, and can be written with those.
	 */
	note_events(j, 0);
	ck_assert_uint_eq(journal_noted(j), EVENTS);
	b = (struct back){ .again = j };
	stats_good(
	    journal_return(j, &before, &after, note_back, &b, &err), &err);
	ck_assert_uint_eq(b.seen.n, EVENTS);
	ck_assert_uint_eq(journal_noted(j), EVENTS);
	b = (struct back){ .again = NULL };
	stats_good(
	    journal_return(j, &after, &after, note_back, &b, &err), &err);
	ck_assert_uint_eq(b.seen.n, EVENTS);
	ck_assert_uint_eq(journal_noted(j), 0);
	journal_close(j);
	ck_assert_uint_eq(replay(0, &records), 2 * EVENTS);
}
END_TEST

START_TEST(one_process_at_a_time_has_it)
{
	struct journal *j = open_it(), *other;

	ck_assert_int_eq(
	    journal_open(&other, kit_path("journal"), &err), FSK_EIO);
	ck_assert_ptr_null(other);
	ck_assert_ptr_nonnull(strstr(err.text, "another collector"));
	journal_close(j);
	journal_close(open_it());
	ck_assert_int_eq(journal_open(&other, kit_dir, &err), FSK_EIO);
	ck_assert_int_eq(
	    journal_open(&other, "/nonexistent/journal", &err), FSK_EIO);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats/journal.c");
	TCase *tc = tcase_create("journal");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_written_comes_back);
	tcase_add_test(tc, a_record_can_be_empty);
	tcase_add_test(tc, an_emptied_journal_has_nothing);
	tcase_add_test(tc, it_goes_on_behind_the_last_whole_record);
	tcase_add_test(tc, what_is_cut_off_or_damaged_ends_it);
	tcase_add_test(tc, what_cannot_be_written_leaves_the_file_as_it_was);
	tcase_add_test(tc, without_memory_it_is_not_taken_for_empty);
	tcase_add_test(tc, records_and_notes_can_be_had_back);
	tcase_add_test(tc, one_process_at_a_time_has_it);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
