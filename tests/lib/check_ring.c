/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ring.c: what workers store is what the collector finds, exactly, also
 * where one of them dies. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ring_layout.h"
#include "tests/lib/kit.h"

static char path[128];

static void
setup(void)
{
	kit_setup();
	snprintf(path, sizeof(path), "%s", kit_path("ring"));
}

static struct fsk_ring *
opened(const char *at, unsigned workers, unsigned events)
{
	struct fsk_error err = { 0 };
	struct fsk_ring *ring;

	ck_assert_msg(fsk_ring_open(&ring, at, workers, events, &err) == FSK_OK,
	    "%s", err.text);
	return ring;
}

static struct fsk_ring_reader *
attached(bool read_only)
{
	struct fsk_error err = { 0 };
	struct fsk_ring_reader *r;

	ck_assert_msg(fsk_ring_attach(&r, path, read_only, &err) == FSK_OK,
	    "%s", err.text);
	return r;
}

/* Fails unless opening PATH does, and says WHY. */
static void
refused(const char *at, const char *why)
{
	struct fsk_error err = { 0 };
	struct fsk_ring *ring = (struct fsk_ring *)(uintptr_t)1;

	ck_assert_int_eq(fsk_ring_open(&ring, at, 1, 4, &err), FSK_EIO);
	ck_assert_ptr_null(ring);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
}

/* Event I: all that it says follows from I. */
static struct fsk_event
event(uint64_t i)
{
	struct fsk_event e = { .time = i,
		.qtype = (uint16_t)(i * 7),
		.category = FSK_NO_LABEL,
		.group = FSK_NO_LABEL,
		.severity = (uint8_t)(1 + i % 2),
		.action = (uint8_t)(i % 3),
		.transport = (uint8_t)(FSK_UDP + i % 5),
		.entry = 2 };
	char text[128];
	struct fsk_name name;

	snprintf(text, sizeof(text), "%0*llu.evil.test", 1 + (int)(i % 60),
	    (unsigned long long)i);
	name = kit_name(text);
	memset(e.client, (int)i, sizeof(e.client));
	e.qname_len = name.len;
	memcpy(e.qname, name.wire, name.len);
	for (unsigned f = 0; f < FSK_EVENT_FEEDS; f++)
		e.feed[f] = FSK_NO_LABEL;
	snprintf(text, sizeof(text), "%.*s", (int)(i % 9), "2026/117");
	fsk_event_case(&e, text);
	return e;
}

static void
same_event(const struct fsk_event *e, uint64_t i)
{
	struct fsk_event want = event(i);

	ck_assert_uint_eq(e->time, i);
	ck_assert_mem_eq(e, &want, sizeof(want));
}

static void
store(struct fsk_ring_worker *w, uint64_t from, uint64_t n)
{
	for (uint64_t i = from; i < from + n; i++) {
		struct fsk_event e = event(i);

		fsk_ring_event(w, &e);
	}
}

/* Takes events of WORKER, which must be FROM to FROM + N - 1. */
static void
take(struct fsk_ring_reader *r, unsigned worker, uint64_t from, size_t n)
{
	uint64_t damaged = 0;
	struct fsk_event e;

	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(fsk_ring_take(r, worker, &e, 1, &damaged), 1);
		same_event(&e, from + i);
	}
	ck_assert_uint_eq(damaged, 0);
}

static void
nothing_left(struct fsk_ring_reader *r, unsigned worker)
{
	uint64_t damaged = 0;
	struct fsk_event e;

	ck_assert_uint_eq(fsk_ring_take(r, worker, &e, 1, &damaged), 0);
	ck_assert_uint_eq(damaged, 0);
}

/* ---- the file ---- */

START_TEST(a_new_file_is_empty)
{
	mode_t mask = umask(077);
	struct fsk_ring *ring = opened(path, 3, 8);
	struct fsk_ring_reader *r;
	enum fsk_label_kind kind;
	char name[FSK_LABEL_TEXT];
	struct stat st;

	umask(mask);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	ck_assert_uint_eq((size_t)st.st_size, fsk_ring_len(3, 8));
	ck_assert_uint_ge((size_t)st.st_blocks * 512, (size_t)st.st_size);
	ck_assert_uint_eq(kit_files(), 1);
	r = attached(false);
	ck_assert_uint_eq(fsk_ring_workers(r), 3);
	ck_assert_uint_eq(fsk_ring_room(r), 8);
	for (unsigned w = 0; w < 3; w++) {
		uint64_t hits, unique;

		for (unsigned c = 0; c < FSK_COUNTERS; c++)
			ck_assert_uint_eq(fsk_ring_counter(r, w, c), 0);
		fsk_ring_hits(r, w, 0, &hits, &unique);
		ck_assert(hits == 0 && unique == 0);
		ck_assert_uint_eq(fsk_ring_position(r, w), 0);
		nothing_left(r, w);
	}
	ck_assert(!fsk_ring_label_of(r, 0, &kind, name));
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_STARTS), 1);
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_SWAPS), 0);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

START_TEST(each_file_has_an_id_of_its_own)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	struct fsk_ring_reader *r = attached(false);
	uint8_t first[16];

	memcpy(first, fsk_ring_id(r), sizeof(first));
	fsk_ring_detach(r);
	fsk_ring_close(ring);
	ck_assert_int_eq(unlink(path), 0);
	ring = opened(path, 1, 4);
	r = attached(false);
	ck_assert_mem_ne(fsk_ring_id(r), first, sizeof(first));
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	static const struct {
		unsigned workers, events;
	} bad[] = { { 0, 8 }, { FSK_RING_WORKERS + 1, 8 }, { 1, 0 }, { 1, 3 },
		{ 1, 2 * FSK_RING_EVENTS_MAX } };
	struct fsk_error err;
	struct fsk_ring *ring;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(fsk_ring_open(&ring, path, bad[i].workers,
				     bad[i].events, &err),
		    FSK_EINVAL);
	ck_assert_uint_eq(kit_files(), 0);
}
END_TEST

START_TEST(where_no_file_can_be_there_is_an_error)
{
	char longest[512];

	refused(kit_path("missing/ring"), "No such file or directory");
	ck_assert_int_eq(mkdir(path, 0755), 0);
	refused(path, "Is a directory");
	ck_assert_int_eq(symlink("elsewhere", kit_path("link")), 0);
	refused(kit_path("link"), "symbolic links");
	ck_assert_int_eq(mkfifo(kit_path("fifo"), 0600), 0);
	refused(kit_path("fifo"), "not a regular file");
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, kit_path(""), strlen(kit_path("")));
	longest[strlen(kit_path("")) + 250] = '\0';
	refused(longest, "File name too long");
	ck_assert_uint_eq(kit_files(), 3);
}
END_TEST

START_TEST(a_full_file_system_is_an_error_and_no_signal)
{
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", kit_dir, "tmpfs", 0, "size=120k") == -1) {
		fprintf(stderr, "skipped: no file system can be mounted\n");
		return;
	}
	refused(path, "No space left on device"); /* it takes 128k */
	ck_assert_uint_eq(kit_files(), 0);
	ck_assert_int_eq(umount(kit_dir), 0);
}
END_TEST

START_TEST(a_second_resolver_is_refused)
{
	struct fsk_ring *ring = opened(path, 1, 4);

	refused(path, "another resolver");
	fsk_ring_close(ring);
	fsk_ring_close(opened(path, 1, 4));
}
END_TEST

START_TEST(a_second_collector_is_refused)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	struct fsk_ring_reader *r = attached(false), *second;
	struct fsk_error err;

	ck_assert_int_eq(fsk_ring_attach(&second, path, false, &err), FSK_EIO);
	ck_assert_ptr_null(second);
	ck_assert_ptr_nonnull(strstr(err.text, "another collector"));
	/* Who only looks needs no lock. */
	second = attached(true);
	fsk_ring_detach(second);
	fsk_ring_detach(r);
	r = attached(false);
	/* The resolver's lock is another one. */
	fsk_ring_close(ring);
	ring = opened(path, 1, 4);
	fsk_ring_close(ring);
	fsk_ring_detach(r);
}
END_TEST

START_TEST(a_forked_worker_holds_the_file)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	int pipe_end[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(pipe_end), 0);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		close(pipe_end[1]);
		(void)!read(pipe_end[0], &c, 1); /* until the parent closes */
		_exit(0);
	}
	close(pipe_end[0]);
	fsk_ring_close(ring);
	refused(path, "another resolver");
	close(pipe_end[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	fsk_ring_close(opened(path, 1, 4));
}
END_TEST

/* ---- counters and labels ---- */

START_TEST(what_is_counted_is_read)
{
	struct fsk_ring *ring = opened(path, 2, 4);
	struct fsk_ring_worker *w[] = { fsk_ring_claim(ring),
		fsk_ring_claim(ring) };
	struct fsk_ring_reader *r = attached(true);
	uint64_t hits, unique;

	for (unsigned c = 0; c < FSK_COUNTERS; c++)
		for (unsigned i = 0; c != FSK_COUNT_EVENTS && i <= c; i++)
			fsk_ring_count(w[i % 2], c);
	for (unsigned c = 0; c < FSK_COUNTERS; c++) {
		unsigned n = c == FSK_COUNT_EVENTS ? 0 : c + 1;

		ck_assert_uint_eq(fsk_ring_counter(r, 0, c), (n + 1) / 2);
		ck_assert_uint_eq(fsk_ring_counter(r, 1, c), n / 2);
		ck_assert_uint_eq(fsk_ring_sum(ring, c), n);
	}
	for (unsigned i = 0; i < 5; i++)
		fsk_ring_hit(w[0], FSK_RING_LABELS - 1, i < 2);
	fsk_ring_hit(w[0], FSK_NO_LABEL, true);
	fsk_ring_hit(w[0], FSK_RING_LABELS, true);
	fsk_ring_hits(r, 0, FSK_RING_LABELS - 1, &hits, &unique);
	ck_assert(hits == 5 && unique == 2);
	fsk_ring_hits(r, 1, FSK_RING_LABELS - 1, &hits, &unique);
	ck_assert(hits == 0 && unique == 0);
	fsk_ring_total(ring, FSK_TOTAL_SERIAL, 77);
	fsk_ring_total(ring, FSK_TOTAL_SERIAL, 78);
	fsk_ring_add(ring, FSK_TOTAL_SWEPT, 5);
	fsk_ring_add(ring, FSK_TOTAL_SWEPT, 6);
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_SERIAL), 78);
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_SWEPT), 11);
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_SWAPS), 0);
	/* Beyond the last of each: nothing. */
	ck_assert_uint_eq(fsk_ring_counter(r, 2, 0), 0);
	ck_assert_uint_eq(fsk_ring_counter(r, 0, FSK_COUNTERS), 0);
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTALS), 0);
	ck_assert_uint_eq(fsk_ring_position(r, 2), 0);
	fsk_ring_hits(r, 2, 0, &hits, &unique);
	ck_assert(hits == 0 && unique == 0);
	fsk_ring_hits(r, 0, FSK_NO_LABEL, &hits, &unique);
	ck_assert(hits == 0 && unique == 0);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

static void
same_label(struct fsk_ring_reader *r, unsigned i, enum fsk_label_kind kind,
    const char *name)
{
	char text[FSK_LABEL_TEXT];
	enum fsk_label_kind k;

	ck_assert(fsk_ring_label_of(r, i, &k, text));
	ck_assert_int_eq(k, kind);
	ck_assert_str_eq(text, name);
}

START_TEST(a_name_keeps_its_label)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	struct fsk_ring_reader *r;
	uint16_t feed, category;

	feed = fsk_ring_label(ring, FSK_LABEL_FEED, "alpha");
	category = fsk_ring_label(ring, FSK_LABEL_CATEGORY, "alpha");
	ck_assert_uint_ne(feed, category);
	ck_assert_uint_eq(fsk_ring_label(ring, FSK_LABEL_FEED, "alpha"), feed);
	ck_assert_uint_ne(fsk_ring_label(ring, FSK_LABEL_FEED, "alph"), feed);
	fsk_ring_close(ring);
	ring = opened(path, 1, 4);
	ck_assert_uint_eq(
	    fsk_ring_label(ring, FSK_LABEL_CATEGORY, "alpha"), category);
	ck_assert_uint_eq(fsk_ring_label(ring, FSK_LABEL_FEED, "alpha"), feed);
	r = attached(true);
	same_label(r, feed, FSK_LABEL_FEED, "alpha");
	same_label(r, category, FSK_LABEL_CATEGORY, "alpha");
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(labels_are_short_and_printable)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	struct fsk_ring_reader *r = attached(true);
	char longer[200], want[200];
	unsigned i;

	i = fsk_ring_label(ring, FSK_LABEL_FEED, "a\033[2Jb\n\177");
	same_label(r, i, FSK_LABEL_FEED, "a?[2Jb??");
	memset(longer, 'x', 95);
	longer[95] = '\0';
	i = fsk_ring_label(ring, FSK_LABEL_FEED, longer);
	same_label(r, i, FSK_LABEL_FEED, longer);
	strcpy(want, longer);
	strcat(longer, "y");
	ck_assert_uint_eq(fsk_ring_label(ring, FSK_LABEL_FEED, longer), i);
	/* No half characters: U+20AC does not fit any more. */
	strcpy(longer + 93, "\xe2\x82\xac.");
	want[93] = '\0';
	i = fsk_ring_label(ring, FSK_LABEL_FEED, longer);
	same_label(r, i, FSK_LABEL_FEED, want);
	strcpy(longer + 92, "\xe2\x82\xac.");
	longer[96] = '\0';
	strcpy(want, longer);
	want[95] = '\0';
	i = fsk_ring_label(ring, FSK_LABEL_FEED, longer);
	same_label(r, i, FSK_LABEL_FEED, want);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(there_can_be_too_many_labels)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	char text[16];

	for (unsigned i = 0; i < FSK_RING_LABELS + 10; i++) {
		snprintf(text, sizeof(text), "feed%u", i);
		ck_assert_uint_eq(fsk_ring_label(ring, FSK_LABEL_FEED, text),
		    i < FSK_RING_LABELS ? i : FSK_NO_LABEL);
	}
	ck_assert_uint_eq(fsk_ring_label(ring, FSK_LABEL_FEED, "feed7"), 7);
	fsk_ring_close(ring);
}
END_TEST

/* ---- events ---- */

START_TEST(events_come_back_as_they_were)
{
	struct fsk_ring *ring = opened(path, 1, 64);
	struct fsk_ring_worker *w = fsk_ring_claim(ring);
	struct fsk_ring_reader *r = attached(false);
	struct fsk_event in = event(61), out;
	uint64_t damaged = 0;

	in.time = UINT64_MAX;
	in.category = fsk_ring_label(ring, FSK_LABEL_CATEGORY, "scam");
	in.group = fsk_ring_label(ring, FSK_LABEL_GROUP, "school");
	in.feeds = FSK_EVENT_FEEDS;
	for (unsigned i = 0; i < FSK_EVENT_FEEDS; i++) {
		char text[] = { 'f', (char)('a' + i), '\0' };

		in.feed[i] = fsk_ring_label(ring, FSK_LABEL_FEED, text);
	}
	in.unique = in.would = 1;
	in.qname_len = 255;
	memcpy(in.qname, kit_any_name(255).wire, 255);
	in.entry = 1;
	fsk_event_case(&in, "12345678901234567890123456789012345678901234567X");
	ck_assert_uint_eq(in.case_len, FSK_EVENT_CASE - 1);
	fsk_ring_event(w, &in);
	ck_assert_uint_eq(fsk_ring_take(r, 0, &out, 1, &damaged), 1);
	ck_assert_mem_eq(&in, &out, sizeof(in));
	fsk_ring_done(r, 0);
	/* Of an earlier, longer event in the same slot nothing is left. */
	store(w, 0, 64);
	take(r, 0, 0, 64);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(a_case_number_is_cut_and_cleaned)
{
	struct fsk_event e = { .case_len = 9, .case_number = "123456789" };
	char text[100] = "";

	fsk_event_case(&e, "");
	ck_assert_uint_eq(e.case_len, 0);
	ck_assert_str_eq(e.case_number, "");
	fsk_event_case(&e, "7\n\x1b[31m\x7f");
	ck_assert_str_eq(e.case_number, "7??[31m?");
	/* Not within a character. */
	memset(text, 'x', FSK_EVENT_CASE - 3);
	strcat(text, "\xe2\x82\xac");
	fsk_event_case(&e, text);
	ck_assert_uint_eq(e.case_len, FSK_EVENT_CASE - 3);
	ck_assert_uint_eq(strlen(e.case_number), FSK_EVENT_CASE - 3);
}
END_TEST

START_TEST(what_is_not_done_is_found_again)
{
	struct fsk_ring *ring = opened(path, 2, 8);
	struct fsk_ring_worker *w[] = { fsk_ring_claim(ring),
		fsk_ring_claim(ring) };
	struct fsk_ring_reader *r = attached(false);

	store(w[0], 100, 6);
	store(w[1], 200, 3);
	take(r, 0, 100, 2);
	take(r, 0, 102, 2); /* goes on */
	ck_assert_uint_eq(fsk_ring_position(r, 0), 0);
	ck_assert_uint_eq(fsk_ring_taken(r, 0), 4);
	fsk_ring_done(r, 0);
	ck_assert_uint_eq(fsk_ring_position(r, 0), 4);
	take(r, 0, 104, 2);
	nothing_left(r, 0);
	take(r, 1, 200, 3);
	ck_assert_uint_eq(fsk_ring_position(r, 1), 0);
	fsk_ring_detach(r);
	r = attached(false);
	ck_assert_uint_eq(fsk_ring_position(r, 0), 4);
	ck_assert_uint_eq(fsk_ring_taken(r, 0), 4);
	take(r, 0, 104, 2);
	take(r, 1, 200, 3);
	fsk_ring_done(r, 0);
	fsk_ring_done(r, 1);
	nothing_left(r, 0);
	nothing_left(r, 1);
	fsk_ring_done(r, 2); /* no such worker */
	nothing_left(r, 2);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(who_only_looks_takes_nothing)
{
	struct fsk_ring *ring = opened(path, 1, 8);
	struct fsk_ring_reader *look = attached(true), *r = attached(false);

	store(fsk_ring_claim(ring), 0, 5);
	nothing_left(look, 0);
	fsk_ring_done(look, 0);
	ck_assert_uint_eq(fsk_ring_counter(look, 0, FSK_COUNT_EVENTS), 5);
	take(r, 0, 0, 3);
	fsk_ring_done(r, 0);
	ck_assert_uint_eq(fsk_ring_position(look, 0), 3);
	ck_assert_uint_eq(fsk_ring_taken(look, 0), 3);
	fsk_ring_detach(r);
	fsk_ring_detach(look);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(a_full_ring_drops_and_counts)
{
	struct fsk_ring *ring = opened(path, 1, 8);
	struct fsk_ring_worker *w = fsk_ring_claim(ring);
	struct fsk_ring_reader *r = attached(false);

	store(w, 0, 11);
	ck_assert_uint_eq(fsk_ring_counter(r, 0, FSK_COUNT_EVENTS), 8);
	ck_assert_uint_eq(fsk_ring_counter(r, 0, FSK_COUNT_DROPPED), 3);
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_EVENTS), 8);
	/* Taken is not done: still no room. */
	take(r, 0, 0, 8);
	store(w, 11, 1);
	ck_assert_uint_eq(fsk_ring_counter(r, 0, FSK_COUNT_DROPPED), 4);
	nothing_left(r, 0);
	fsk_ring_done(r, 0);
	store(w, 12, 3);
	take(r, 0, 12, 3);
	nothing_left(r, 0);
	ck_assert_uint_eq(fsk_ring_counter(r, 0, FSK_COUNT_EVENTS), 11);
	ck_assert_uint_eq(fsk_ring_counter(r, 0, FSK_COUNT_DROPPED), 4);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(events_go_round_and_round)
{
	unsigned events = 1u << _i;
	struct fsk_ring *ring = opened(path, 1, events);
	struct fsk_ring_worker *w = fsk_ring_claim(ring);
	struct fsk_ring_reader *r = attached(false);
	uint64_t in = 0, out = 0, done = 0;

	kit_seed(7);
	for (unsigned round = 0; round < 500; round++) {
		uint64_t room = events - (in - done);
		unsigned n = kit_below((unsigned)room + 1);

		store(w, in, n);
		in += n;
		n = kit_below((unsigned)(in - out) + 1);
		take(r, 0, out, n);
		out += n;
		ck_assert_uint_eq(fsk_ring_taken(r, 0), out);
		if (kit_below(3) != 0) {
			fsk_ring_done(r, 0);
			done = out;
		}
		ck_assert_uint_eq(fsk_ring_position(r, 0), done);
	}
	ck_assert_uint_gt(in, 3 * events);
	ck_assert_uint_eq(fsk_ring_counter(r, 0, FSK_COUNT_DROPPED), 0);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(few_slots_are_used_while_the_collector_keeps_up)
{
	struct fsk_ring *ring = opened(path, 1, 64);
	struct fsk_ring_worker *w = fsk_ring_claim(ring);
	struct fsk_ring_reader *r = attached(false);
	static const uint8_t unused[sizeof(struct fsk_ring_slot)];
	struct fsk_ring_block *b;
	size_t len;

	b = fsk_ring_block(fsk_ring_memory(ring, &len), 64, 0);
	for (uint64_t i = 0; i < 300; i += 3) {
		store(w, i, 3);
		take(r, 0, i, 3);
		fsk_ring_done(r, 0);
	}
	ck_assert_mem_ne(&b->slot[2], unused, sizeof(unused));
	for (unsigned i = 3; i < 64; i++)
		ck_assert_mem_eq(&b->slot[i], unused, sizeof(unused));
	/* What is not done stays where it is, over a restart, too. */
	store(w, 300, 2);
	take(r, 0, 300, 1);
	fsk_ring_done(r, 0);
	fsk_ring_close(ring);
	ring = opened(path, 1, 64);
	store(fsk_ring_claim(ring), 302, 63);
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_DROPPED), 0);
	take(r, 0, 301, 64);
	nothing_left(r, 0);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

/* ---- a resolver starts again ---- */

START_TEST(the_same_shape_is_taken_over)
{
	struct fsk_ring *ring = opened(path, 2, 8);
	struct fsk_ring_worker *w = fsk_ring_claim(ring);
	struct fsk_ring_reader *r = attached(false);

	ck_assert_ptr_nonnull(fsk_ring_claim(ring));
	ck_assert_ptr_null(fsk_ring_claim(ring));
	store(w, 0, 5);
	fsk_ring_count(w, FSK_COUNT_ANSWERED);
	take(r, 0, 0, 2);
	fsk_ring_done(r, 0);
	fsk_ring_close(ring);
	ring = opened(path, 2, 8);
	ck_assert(!fsk_ring_replaced(r));
	ck_assert_uint_eq(fsk_ring_total_of(r, FSK_TOTAL_STARTS), 2);
	w = fsk_ring_claim(ring);
	ck_assert_ptr_nonnull(fsk_ring_claim(ring));
	ck_assert_ptr_null(fsk_ring_claim(ring));
	fsk_ring_count(w, FSK_COUNT_ANSWERED);
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_ANSWERED), 2);
	store(w, 5, 8);
	take(r, 0, 2, 8); /* 3 from before, and 5 that had room */
	nothing_left(r, 0);
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_DROPPED), 3);
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_EVENTS), 10);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(another_shape_replaces_the_file)
{
	static const unsigned shape[][2] = { { 2, 8 }, { 1, 16 }, { 3, 8 } };
	struct fsk_ring *ring = opened(path, 1, 8);
	struct fsk_ring_reader *r = attached(false);

	for (size_t i = 0; i < 3; i++) {
		struct fsk_ring_worker *w = fsk_ring_claim(ring);
		struct fsk_ring_reader *next;

		store(w, 0, 5);
		fsk_ring_close(ring);
		ck_assert(!fsk_ring_replaced(r));
		ring = opened(path, shape[i][0], shape[i][1]);
		ck_assert(fsk_ring_replaced(r));
		ck_assert_uint_eq(kit_files(), 1);
		take(r, 0, 0, 5); /* the old one to its end */
		fsk_ring_done(r, 0);
		next = attached(false);
		ck_assert_mem_ne(fsk_ring_id(r), fsk_ring_id(next), 16);
		ck_assert_uint_eq(fsk_ring_workers(next), shape[i][0]);
		ck_assert_uint_eq(fsk_ring_total_of(next, FSK_TOTAL_STARTS), 1);
		nothing_left(next, 0);
		fsk_ring_detach(r);
		r = next;
	}
	/* A file that is gone is not replaced. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(!fsk_ring_replaced(r));
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(what_is_no_ring_is_left_alone)
{
	struct fsk_error err = { 0 };
	struct fsk_ring *ring;
	uint8_t *bytes;
	size_t len;

	kit_write(path, "root:x:0:0", 10);
	ck_assert_int_eq(fsk_ring_open(&ring, path, 1, 4, &err), FSK_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "no ring"));
	bytes = kit_read(path, &len);
	ck_assert_uint_eq(len, 10);
	ck_assert_mem_eq(bytes, "root:x:0:0", 10);
	free(bytes);
	/* Files without content are what a crash may leave. */
	kit_write(path, "", 0);
	fsk_ring_close(opened(path, 1, 4));
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(truncate(path, (off_t)fsk_ring_len(1, 4)), 0);
	fsk_ring_close(opened(path, 1, 4));
}
END_TEST

/* What a resolver finds that is no good ring. */
static const struct {
	const char *what;
	size_t at;
	uint8_t flip;
} damage[] = {
	{ "nothing", 0, 0 },
	{ "version", 8, 2 },
	{ "id", 24, 1 },
	{ "label's kind", FSK_RING_PAGE, 8 },
	{ "label's text", FSK_RING_PAGE + 8 + FSK_LABEL_TEXT - 1, 'x' },
	{ "head",
	    FSK_RING_PAGE + FSK_RING_ROWS_LEN +
		offsetof(struct fsk_ring_block, head),
	    16 },
	{ "tail",
	    FSK_RING_PAGE + FSK_RING_ROWS_LEN +
		offsetof(struct fsk_ring_block, tail),
	    6 },
};
#define DAMAGES (sizeof(damage) / sizeof(*damage))

START_TEST(a_damaged_file_is_replaced)
{
	struct fsk_ring *ring = opened(path, 1, 8);
	struct fsk_ring_reader *r;
	bool whole = damage[_i].flip == 0;
	uint8_t *bytes, id[16];
	size_t len;

	store(fsk_ring_claim(ring), 0, 5);
	fsk_ring_label(ring, FSK_LABEL_FEED, "a");
	fsk_ring_close(ring);
	bytes = kit_read(path, &len);
	memcpy(id, bytes + 24, sizeof(id));
	bytes[damage[_i].at] ^= damage[_i].flip;
	if (strstr(damage[_i].what, "text") != NULL)
		memset(bytes + FSK_RING_PAGE + 8, 'x', FSK_LABEL_TEXT);
	kit_write(path, bytes, len);
	free(bytes);
	ring = opened(path, 1, 8);
	r = attached(false);
	ck_assert_int_eq(memcmp(id, fsk_ring_id(r), 16) == 0, whole);
	ck_assert_uint_eq(
	    fsk_ring_counter(r, 0, FSK_COUNT_EVENTS), whole ? 5 : 0);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

/* ---- memory only ---- */

START_TEST(without_a_file_counters_are_exact)
{
	struct fsk_ring *ring = opened(NULL, 2, 1);
	struct fsk_ring_worker *w = fsk_ring_claim(ring);
	pid_t pid;

	fsk_ring_count(w, FSK_COUNT_ANSWERED);
	store(w, 0, 3);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		w = fsk_ring_claim(ring);
		for (unsigned i = 0; w != NULL && i < 1000; i++)
			fsk_ring_count(w, FSK_COUNT_ANSWERED);
		_exit(w == NULL);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_ANSWERED), 1001);
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_EVENTS), 1);
	ck_assert_uint_eq(fsk_ring_sum(ring, FSK_COUNT_DROPPED), 2);
	ck_assert_uint_eq(kit_files(), 0);
	fsk_ring_close(ring);
	fsk_ring_close(NULL);
}
END_TEST

/* ---- several at once ---- */

#define THREADS  3
#define EACH     100000ull
#define CAPACITY 256

static atomic_uint running;

static void *
produce(void *arg)
{
	struct fsk_ring_worker *w = fsk_ring_claim(arg);
	struct fsk_event e = event(0);

	for (uint64_t i = 0; w != NULL && i < EACH; i++) {
		e.time = i;
		memset(e.client, (int)i, sizeof(e.client));
		e.qname[1] = (uint8_t)('0' + i % 10);
		fsk_ring_count(w, FSK_COUNT_ANSWERED);
		fsk_ring_hit(w, 3, i % 2);
		fsk_ring_event(w, &e);
		if (i % 64 == 0)
			sched_yield();
	}
	atomic_fetch_sub(&running, 1);
	return NULL;
}

/* Takes what there is; returns how many, and checks each. */
static uint64_t
drain(struct fsk_ring_reader *r, unsigned worker, uint64_t *next)
{
	static struct fsk_event e[64];
	uint64_t damaged = 0;
	size_t n = fsk_ring_take(r, worker, e, 64, &damaged);

	ck_assert_uint_eq(damaged, 0);
	for (size_t i = 0; i < n; i++) {
		uint8_t want[16];

		ck_assert_uint_ge(e[i].time, *next); /* some were dropped */
		*next = e[i].time + 1;
		memset(want, (int)e[i].time, sizeof(want));
		ck_assert_mem_eq(e[i].client, want, sizeof(want));
		ck_assert_uint_eq(e[i].qname[1], '0' + e[i].time % 10);
	}
	fsk_ring_done(r, worker);
	return n;
}

/* In one mapping, so that the thread sanitizer sees both sides. */
START_TEST(nothing_is_lost_between_threads)
{
	struct fsk_ring *ring = opened(
	    _i == 0 ? NULL : path, THREADS, CAPACITY);
	uint64_t next[THREADS] = { 0 }, taken[THREADS] = { 0 };
	struct fsk_ring_reader *r;
	pthread_t thread[THREADS];
	struct fsk_error err;
	bool last;
	size_t len;
	uint8_t *base = fsk_ring_memory(ring, &len);

	if (_i == 0)
		ck_assert_int_eq(fsk_ring_attach_memory(
				     &r, base, len, false, "memory", &err),
		    FSK_OK);
	else
		r = attached(false);
	atomic_store(&running, THREADS);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&thread[i], NULL, produce, ring), 0);
	do {
		last = atomic_load(&running) == 0;
		for (unsigned i = 0; i < THREADS; i++)
			taken[i] += drain(r, i, &next[i]);
		/* Labels and sums are for other threads than the workers. */
		fsk_ring_label(ring, FSK_LABEL_FEED, last ? "a" : "b");
		fsk_ring_sum(ring, FSK_COUNT_ANSWERED);
	} while (!last);
	for (unsigned i = 0; i < THREADS; i++) {
		uint64_t hits, unique;

		pthread_join(thread[i], NULL);
		while (drain(r, i, &next[i]) > 0)
			taken[i] += 0;
		ck_assert_uint_eq(
		    fsk_ring_counter(r, i, FSK_COUNT_ANSWERED), EACH);
		fsk_ring_hits(r, i, 3, &hits, &unique);
		ck_assert(hits == EACH && unique == EACH / 2);
		ck_assert_uint_eq(fsk_ring_counter(r, i, FSK_COUNT_EVENTS) +
			fsk_ring_counter(r, i, FSK_COUNT_DROPPED),
		    EACH);
		ck_assert_uint_eq(fsk_ring_position(r, i),
		    fsk_ring_counter(r, i, FSK_COUNT_EVENTS));
	}
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

/* A worker process: claims a block and works until it is killed, or N times.
 * Says which block by the first client octet of its events. */
static void
work(struct fsk_ring *ring, uint64_t n)
{
	struct fsk_ring_worker *w = fsk_ring_claim(ring);
	struct fsk_event e = event(0);

	if (w == NULL)
		_exit(1);
	for (uint64_t i = 0; i < n; i++) {
		e.time = i;
		memset(e.client, (int)i, sizeof(e.client));
		e.qname[1] = (uint8_t)('0' + i % 10);
		fsk_ring_count(w, FSK_COUNT_ANSWERED);
		fsk_ring_event(w, &e);
	}
	_exit(0);
}

#define PROCESSES 8

START_TEST(forked_workers_have_blocks_of_their_own)
{
	struct fsk_ring *ring = opened(path, PROCESSES, 64);
	struct fsk_ring_reader *r = attached(false);
	pid_t pid[PROCESSES];
	int status;

	for (unsigned i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		ck_assert_int_ne(pid[i], -1);
		if (pid[i] == 0)
			work(ring, 1000);
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_ptr_null(fsk_ring_claim(ring));
	for (unsigned i = 0; i < PROCESSES; i++) {
		uint64_t next = 0;

		ck_assert_uint_eq(
		    fsk_ring_counter(r, i, FSK_COUNT_ANSWERED), 1000);
		ck_assert_uint_eq(drain(r, i, &next), 64);
		ck_assert_uint_eq(next, 64);
		ck_assert_uint_eq(
		    fsk_ring_counter(r, i, FSK_COUNT_DROPPED), 936);
	}
	ck_assert_uint_eq(
	    fsk_ring_sum(ring, FSK_COUNT_ANSWERED), PROCESSES * 1000);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(labels_of_forked_workers_agree)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	struct fsk_ring_reader *r = attached(true);
	pid_t pid[PROCESSES];
	enum fsk_label_kind kind;
	char name[FSK_LABEL_TEXT];
	bool seen[100] = { false };
	unsigned n, status;

	for (unsigned i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		ck_assert_int_ne(pid[i], -1);
		if (pid[i] == 0) {
			for (n = 0; n < 100; n++) {
				char text[8];

				snprintf(text, sizeof(text), "%u",
				    (n * 37 + i * 11) % 100);
				if (fsk_ring_label(
					ring, FSK_LABEL_FEED, text) >= 100)
					_exit(1);
			}
			_exit(0);
		}
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pid[i], (int *)&status, 0), pid[i]);
		ck_assert_uint_eq(status, 0);
	}
	for (n = 0; fsk_ring_label_of(r, n, &kind, name); n++) {
		unsigned long v = strtoul(name, NULL, 10);

		ck_assert(v < 100 && !seen[v]);
		seen[v] = true;
	}
	ck_assert_uint_eq(n, 100);
	fsk_ring_detach(r);
	fsk_ring_close(ring);
}
END_TEST

START_TEST(a_process_that_died_making_a_label_is_passed_over)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	struct fsk_ring_header *h;
	size_t len;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	h = (struct fsk_ring_header *)(void *)fsk_ring_memory(ring, &len);
	atomic_store(&h->labelling, (uint32_t)pid);
	ck_assert_uint_eq(fsk_ring_label(ring, FSK_LABEL_FEED, "a"), 0);
	atomic_store(&h->labelling, UINT32_MAX);
	ck_assert_uint_eq(fsk_ring_label(ring, FSK_LABEL_FEED, "b"), 1);
	fsk_ring_close(ring);
}
END_TEST

/* A process that lives, but not one of ours: its number was given out again, or
 * who may write to the file wrote it. */
START_TEST(nobody_makes_labels_for_ever)
{
	struct fsk_ring *ring = opened(path, 1, 4);
	struct fsk_ring_header *h;
	size_t len;

	h = (struct fsk_ring_header *)(void *)fsk_ring_memory(ring, &len);
	atomic_store(&h->labelling, (uint32_t)getppid());
	ck_assert_uint_eq(fsk_ring_label(ring, FSK_LABEL_FEED, "a"), 0);
	ck_assert_uint_eq(atomic_load(&h->labelling), 0);
	fsk_ring_close(ring);
}
END_TEST

/* Killed anywhere: what the collector takes is whole and in order, and the
 * next one goes on behind it. */
START_TEST(a_worker_may_be_killed_while_it_stores)
{
	struct fsk_ring_reader *r = NULL;
	uint64_t taken = 0;

	kit_seed(3);
	for (unsigned round = 0; round < 30; round++) {
		struct fsk_ring *ring = opened(path, 1, CAPACITY);
		uint64_t stop, next = 0;
		pid_t pid;

		if (r == NULL)
			r = attached(false);
		stop = taken + 1 + kit_below(2000);
		pid = fork();
		ck_assert_int_ne(pid, -1);
		if (pid == 0)
			work(ring, UINT64_MAX);
		fsk_ring_close(ring); /* the child has it, as Unbound would */
		while (taken < stop)
			taken += drain(r, 0, &next);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		for (uint64_t n; (n = drain(r, 0, &next)) > 0;)
			taken += n;
		ck_assert_uint_eq(
		    fsk_ring_counter(r, 0, FSK_COUNT_EVENTS), taken);
		ck_assert_uint_eq(fsk_ring_position(r, 0), taken);
		/* It had counted one more, at most. */
		ck_assert_uint_le(fsk_ring_counter(r, 0, FSK_COUNT_ANSWERED) -
			taken - fsk_ring_counter(r, 0, FSK_COUNT_DROPPED),
		    round + 1);
	}
	fsk_ring_detach(r);
}
END_TEST

/* Resolvers that start at the same moment: one of them has the file. */
START_TEST(one_of_many_resolvers_gets_the_file)
{
	for (unsigned round = 0; round < 20; round++) {
		pid_t pid[PROCESSES];
		unsigned got = 0;
		int gate[2], status;

		ck_assert_int_eq(pipe(gate), 0);
		for (unsigned i = 0; i < PROCESSES; i++) {
			pid[i] = fork();
			ck_assert_int_ne(pid[i], -1);
			if (pid[i] == 0) {
				struct fsk_ring *ring;
				struct fsk_error err;
				int rc = fsk_ring_open(
				    &ring, path, 1 + round % 3, 4, &err);

				/* All stay until all have tried. */
				if (rc == FSK_OK)
					fsk_ring_count(fsk_ring_claim(ring), 0);
				(void)!write(gate[1], "", 1);
				pause();
				_exit(1);
			}
		}
		for (unsigned i = 0; i < PROCESSES; i++) {
			char c;

			ck_assert_int_eq(read(gate[0], &c, 1), 1);
		}
		for (unsigned i = 0; i < PROCESSES; i++) {
			kill(pid[i], SIGKILL);
			ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		}
		close(gate[0]);
		close(gate[1]);
		ck_assert_uint_eq(kit_files(), 1);
		{
			struct fsk_ring_reader *r = attached(true);

			for (unsigned i = 0; i < fsk_ring_workers(r); i++)
				got += (unsigned)fsk_ring_counter(r, i, 0);
			ck_assert_uint_eq(
			    got, fsk_ring_total_of(r, FSK_TOTAL_STARTS));
			ck_assert_uint_eq(got, 1);
			fsk_ring_detach(r);
		}
		if (round % 2 == 0)
			ck_assert_int_eq(unlink(path), 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/ring.c");
	TCase *tc = tcase_create("ring");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_test(tc, a_new_file_is_empty);
	tcase_add_test(tc, each_file_has_an_id_of_its_own);
	tcase_add_test(tc, what_cannot_be_is_refused);
	tcase_add_test(tc, where_no_file_can_be_there_is_an_error);
	tcase_add_test(tc, a_full_file_system_is_an_error_and_no_signal);
	tcase_add_test(tc, a_second_resolver_is_refused);
	tcase_add_test(tc, a_second_collector_is_refused);
	tcase_add_test(tc, a_forked_worker_holds_the_file);
	tcase_add_test(tc, what_is_counted_is_read);
	tcase_add_test(tc, a_name_keeps_its_label);
	tcase_add_test(tc, labels_are_short_and_printable);
	tcase_add_test(tc, there_can_be_too_many_labels);
	tcase_add_test(tc, events_come_back_as_they_were);
	tcase_add_test(tc, a_case_number_is_cut_and_cleaned);
	tcase_add_test(tc, what_is_not_done_is_found_again);
	tcase_add_test(tc, who_only_looks_takes_nothing);
	tcase_add_test(tc, a_full_ring_drops_and_counts);
	tcase_add_loop_test(tc, events_go_round_and_round, 0, 8);
	tcase_add_test(tc, few_slots_are_used_while_the_collector_keeps_up);
	tcase_add_test(tc, the_same_shape_is_taken_over);
	tcase_add_test(tc, another_shape_replaces_the_file);
	tcase_add_test(tc, what_is_no_ring_is_left_alone);
	tcase_add_loop_test(tc, a_damaged_file_is_replaced, 0, DAMAGES);
	tcase_add_test(tc, without_a_file_counters_are_exact);
	tcase_add_loop_test(tc, nothing_is_lost_between_threads, 0, 2);
	tcase_add_test(tc, forked_workers_have_blocks_of_their_own);
	tcase_add_test(tc, labels_of_forked_workers_agree);
	tcase_add_test(tc, a_process_that_died_making_a_label_is_passed_over);
	tcase_add_test(tc, nobody_makes_labels_for_ever);
	tcase_add_test(tc, a_worker_may_be_killed_while_it_stores);
	tcase_add_test(tc, one_of_many_resolvers_gets_the_file);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
