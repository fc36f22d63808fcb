/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ring_read.c: whatever a file holds, it is an error or it can be read. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/checksum.h"
#include "lib/ring_layout.h"
#include "tests/lib/kit.h"

#define WORKERS 2
#define EVENTS  8
#define STORED  5

static char path[128];
static uint8_t *good; /* a file with all kinds of things in it */
static size_t len;
static uint16_t feed, category, group;

/* An event that says all that one can say. */
static struct fsk_event
full_event(void)
{
	struct fsk_name name = kit_name("www.evil.test");
	struct fsk_event e = { .time = 1700000000000000,
		.qtype = 28,
		.category = category,
		.group = group,
		.feed = { feed },
		.feeds = 1,
		.unique = 1,
		.severity = 2,
		.action = 1,
		.transport = FSK_TLS,
		.entry = 2,
		.qname_len = name.len };

	memcpy(e.qname, name.wire, name.len);
	for (unsigned i = 1; i < FSK_EVENT_FEEDS; i++)
		e.feed[i] = FSK_NO_LABEL;
	return e;
}

static void
setup(void)
{
	struct fsk_error err = { 0 };
	struct fsk_ring *ring;

	kit_setup();
	snprintf(path, sizeof(path), "%s", kit_path("ring"));
	ck_assert_msg(
	    fsk_ring_open(&ring, path, WORKERS, EVENTS, &err) == FSK_OK, "%s",
	    err.text);
	feed = fsk_ring_label(ring, FSK_LABEL_FEED, "alpha");
	category = fsk_ring_label(ring, FSK_LABEL_CATEGORY, "scam");
	group = fsk_ring_label(ring, FSK_LABEL_GROUP, "school");
	for (unsigned w = 0; w < WORKERS; w++) {
		struct fsk_ring_worker *worker = fsk_ring_claim(ring);
		struct fsk_event e = full_event();

		for (unsigned i = 0; i < STORED; i++) {
			fsk_ring_event(worker, &e);
			fsk_ring_count(worker, FSK_COUNT_ANSWERED);
			fsk_ring_hit(worker, feed, true);
		}
	}
	fsk_ring_close(ring);
	good = kit_read(path, &len);
}

static void
teardown(void)
{
	free(good);
	kit_teardown();
}

static struct fsk_ring_block *
block(uint8_t *base, unsigned worker)
{
	return fsk_ring_block(base, EVENTS, worker);
}

static void
fix_checksum(uint8_t *base)
{
	struct fsk_ring_header *h = fsk_ring_header(base);

	h->checksum = fsk_checksum(
	    h, offsetof(struct fsk_ring_header, checksum));
}

/* Uses all of R: takes what is there, and looks at everything. */
static void
use(struct fsk_ring_reader *r)
{
	struct fsk_event e[3];
	uint64_t damaged = 0, a, b;

	ck_assert_uint_le(fsk_ring_workers(r), FSK_RING_WORKERS);
	for (unsigned w = 0; w < fsk_ring_workers(r); w++) {
		size_t n, all = 0;

		while ((n = fsk_ring_take(r, w, e, 3, &damaged)) > 0) {
			all += n;
			for (size_t i = 0; i < n; i++) {
				struct fsk_name name;

				ck_assert(fsk_name_from_wire(
				    &name, e[i].qname, e[i].qname_len));
				ck_assert_mem_eq(
				    name.wire, e[i].qname, name.len);
				ck_assert_uint_le(
				    e[i].entry, fsk_name_labels(e[i].qname));
				ck_assert_uint_le(e[i].feeds, FSK_EVENT_FEEDS);
			}
		}
		ck_assert_uint_le(all, FSK_RING_EVENTS_MAX);
		fsk_ring_done(r, w);
		for (unsigned c = 0; c < FSK_COUNTERS; c++)
			fsk_ring_counter(r, w, c);
		for (uint16_t l = 0; l < FSK_RING_LABELS; l++)
			fsk_ring_hits(r, w, l, &a, &b);
	}
	for (unsigned i = 0; i < FSK_RING_LABELS + 1; i++) {
		enum fsk_label_kind kind;
		char name[FSK_LABEL_TEXT];

		if (!fsk_ring_label_of(r, i, &kind, name))
			continue;
		ck_assert(kind >= FSK_LABEL_FEED && kind <= FSK_LABEL_GROUP);
		ck_assert_ptr_nonnull(memchr(name, '\0', sizeof(name)));
	}
	for (int t = 0; t < FSK_TOTALS; t++)
		fsk_ring_total_of(r, (enum fsk_total)t);
}

/* Attaches to N octets at BASE and uses them if that works; the result. */
static int
try_memory(uint8_t *base, size_t n)
{
	struct fsk_ring_reader *r;
	struct fsk_error err = { 0 };
	int rc = fsk_ring_attach_memory(&r, base, n, false, "tried", &err);

	if (rc == FSK_OK) {
		use(r);
		fsk_ring_detach(r);
	} else {
		ck_assert_ptr_null(r);
		ck_assert_msg(
		    strstr(err.text, "'tried'") != NULL, "%s", err.text);
	}
	return rc;
}

static void
refused(int code, const char *why)
{
	struct fsk_error err = { 0 };
	struct fsk_ring_reader *r;

	for (int read_only = 0; read_only < 2; read_only++) {
		ck_assert_int_eq(
		    fsk_ring_attach(&r, path, read_only, &err), code);
		ck_assert_ptr_null(r);
		ck_assert_msg(strstr(err.text, why) != NULL &&
			strstr(err.text, path) != NULL,
		    "%s", err.text);
	}
}

START_TEST(what_is_no_ring_is_refused)
{
	ck_assert_int_eq(unlink(path), 0);
	refused(FSK_EIO, "No such file");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	refused(FSK_EFORMAT, "no ring");
	ck_assert_int_eq(unlink(path), 0);
	kit_write(path, "", 0);
	refused(FSK_EFORMAT, "no ring");
	kit_write(path, good, FSK_RING_PAGE - 1);
	refused(FSK_EFORMAT, "no ring");
	kit_write(path, good, FSK_RING_PAGE);
	refused(FSK_ECORRUPT, "octets long");
	kit_write(path, good, len - 1);
	refused(FSK_ECORRUPT, "octets long");
	good = realloc(good, len + 1);
	good[len] = 0;
	kit_write(path, good, len + 1);
	refused(FSK_ECORRUPT, "octets long");
	good[8]++;
	kit_write(path, good, len);
	refused(FSK_EFORMAT, "has version 3");
	good[8]--;
	good[12] = 1;
	kit_write(path, good, len);
	refused(FSK_EFORMAT, "another kind of machine");
}
END_TEST

START_TEST(each_octet_of_the_header_counts)
{
	for (size_t at = 0; at < FSK_RING_PAGE; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			int rc;

			good[at] ^= (uint8_t)(1u << bit);
			rc = try_memory(good, len);
			good[at] ^= (uint8_t)(1u << bit);
			if (at < offsetof(struct fsk_ring_header, checksum) + 8)
				ck_assert_msg(
				    rc == FSK_EFORMAT || rc == FSK_ECORRUPT,
				    "octet %zu, bit %u: %d", at, bit, rc);
			else
				ck_assert_int_eq(rc, FSK_OK);
		}
}
END_TEST

/* Numbers that cannot be, with a checksum that fits. */
START_TEST(impossible_shapes_are_refused)
{
	struct fsk_ring_header *h = fsk_ring_header(good), was = *h;
	static const uint32_t odd[] = { 0, 1, 3, 7, 257, 0x7fffffff, 0x80000000,
		0xffffffff };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		uint32_t *const field[] = { &h->workers, &h->events,
			&h->counters, &h->totals, &h->labels, &h->label_len,
			&h->slot_len, &h->flags };

		for (size_t f = 0; f < sizeof(field) / sizeof(*field); f++) {
			uint32_t before = *field[f];

			if (field[f] == &h->flags && odd[i] == 0)
				continue;
			*field[f] = odd[i];
			fix_checksum(good);
			ck_assert_int_ne(try_memory(good, len), FSK_OK);
			*field[f] = before;
		}
		h->file_len = odd[i];
		fix_checksum(good);
		ck_assert_int_eq(try_memory(good, len), FSK_ECORRUPT);
		h->file_len = was.file_len;
	}
	fix_checksum(good);
	ck_assert_int_eq(try_memory(good, len), FSK_OK);
	/* A later minor version is read. */
	h->minor++;
	fix_checksum(good);
	ck_assert_int_eq(try_memory(good, len), FSK_OK);
}
END_TEST

START_TEST(a_head_that_cannot_be_is_refused)
{
	static const uint64_t head[] = { EVENTS + 1, UINT64_MAX, 1ull << 63 };
	struct fsk_ring_reader *r;
	struct fsk_error err = { 0 };

	for (size_t i = 0; i < 3; i++) {
		block(good, 1)->head = head[i];
		ck_assert_int_eq(try_memory(good, len), FSK_ECORRUPT);
		/* Counters can be looked at all the same. */
		ck_assert_int_eq(fsk_ring_attach_memory(
				     &r, good, len, true, "looked at", &err),
		    FSK_OK);
		ck_assert_uint_eq(
		    fsk_ring_counter(r, 1, FSK_COUNT_ANSWERED), STORED);
		fsk_ring_detach(r);
	}
	block(good, 1)->head = 3;
	block(good, 1)->tail = 4;
	ck_assert_int_eq(try_memory(good, len), FSK_ECORRUPT);
	block(good, 1)->tail = 3;
	ck_assert_int_eq(try_memory(good, len), FSK_OK);
	/* Numbers may run over. */
	block(good, 1)->tail = UINT64_MAX - 1;
	ck_assert_int_eq(try_memory(good, len), FSK_OK);
}
END_TEST

START_TEST(a_head_that_goes_astray_gives_nothing)
{
	static const uint64_t head[] = { 0, 1, EVENTS + 1, UINT64_MAX };
	struct fsk_ring_reader *r;
	struct fsk_event e[EVENTS];
	uint64_t damaged = 0;

	ck_assert_int_eq(
	    fsk_ring_attach_memory(&r, good, len, false, "m", NULL), FSK_OK);
	ck_assert_uint_eq(fsk_ring_take(r, 0, e, 2, &damaged), 2);
	for (size_t i = 0; i < 4; i++) {
		block(good, 0)->head = head[i];
		for (unsigned n = 0; n < 3; n++)
			ck_assert_uint_eq(
			    fsk_ring_take(r, 0, e, EVENTS, &damaged), 0);
	}
	ck_assert_uint_eq(damaged, 1); /* told once */
	/* The other worker's events are none the worse. */
	ck_assert_uint_eq(fsk_ring_take(r, 1, e, EVENTS, &damaged), STORED);
	block(good, 0)->head = STORED;
	ck_assert_uint_eq(fsk_ring_take(r, 0, e, EVENTS, &damaged), STORED - 2);
	ck_assert_uint_eq(damaged, 1);
	fsk_ring_detach(r);
}
END_TEST

/* Of an event with one feed. */
#define NAME_AT (FSK_RING_EVENT_FIXED + 2)

/* One thing wrong with an event a row. */
static const struct {
	const char *what;
	size_t at;
	uint8_t to;
} wrong[] = {
	{ "no such category", offsetof(struct fsk_event, category), 77 },
	{ "a feed as category", offsetof(struct fsk_event, category), 0 },
	{ "category far out", offsetof(struct fsk_event, category) + 1, 0x80 },
	{ "no such group", offsetof(struct fsk_event, group), 77 },
	{ "no such feed", offsetof(struct fsk_event, feed), 77 },
	{ "no feed", offsetof(struct fsk_event, feed) + 1, 0xff },
	{ "too many feeds", offsetof(struct fsk_event, feeds), 17 },
	{ "feeds without a label", offsetof(struct fsk_event, feeds), 2 },
	{ "unique", offsetof(struct fsk_event, unique), 2 },
	{ "severity", offsetof(struct fsk_event, severity), 4 },
	{ "action", offsetof(struct fsk_event, action), 32 },
	{ "no transport", offsetof(struct fsk_event, transport), 0 },
	{ "transport", offsetof(struct fsk_event, transport), 6 },
	{ "entry longer than the name", offsetof(struct fsk_event, entry), 4 },
	{ "would", offsetof(struct fsk_event, would), FSK_TRIED_PASSES + 1 },
	{ "no name", offsetof(struct fsk_event, qname_len), 0 },
	{ "name cut off", offsetof(struct fsk_event, qname_len), 14 },
	{ "name too long", offsetof(struct fsk_event, qname_len), 255 },
	{ "case number too long", offsetof(struct fsk_event, case_len), 48 },
	{ "case number with NUL", offsetof(struct fsk_event, case_len), 47 },
	{ "label too long", NAME_AT, 64 },
	{ "compressed name", NAME_AT, 0xc0 },
	{ "label beyond the name", NAME_AT + 4, 30 },
};
#define WRONGS (sizeof(wrong) / sizeof(*wrong))

START_TEST(an_event_that_cannot_be_is_passed_over)
{
	struct fsk_event e[EVENTS], want = full_event();
	struct fsk_ring_reader *r;
	uint64_t damaged = 10;

	block(good, 0)->slot[2].octet[wrong[_i].at] = wrong[_i].to;
	ck_assert_int_eq(
	    fsk_ring_attach_memory(&r, good, len, false, "m", NULL), FSK_OK);
	ck_assert_msg(fsk_ring_take(r, 0, e, EVENTS, &damaged) == STORED - 1,
	    "%s", wrong[_i].what);
	ck_assert_uint_eq(damaged, 11);
	for (unsigned i = 0; i < STORED - 1; i++)
		ck_assert_mem_eq(&e[i], &want, sizeof(want));
	ck_assert_uint_eq(fsk_ring_taken(r, 0), STORED); /* it has a number */
	fsk_ring_done(r, 0);
	ck_assert_uint_eq(fsk_ring_position(r, 0), STORED);
	fsk_ring_detach(r);
}
END_TEST

START_TEST(what_may_be_is_let_through)
{
	uint8_t *p = block(good, 0)->slot[0].octet;
	struct fsk_ring_reader *r;
	struct fsk_event out;
	uint64_t damaged = 0;

	memset(p + offsetof(struct fsk_event, category), 0xff, 4);
	p[offsetof(struct fsk_event, severity)] = 0;
	p[offsetof(struct fsk_event, action)] = 31;
	p[NAME_AT + 2] = 'W'; /* and made lower case */
	p[offsetof(struct fsk_event, feeds)] = 0;
	memmove(p + FSK_RING_EVENT_FIXED, p + NAME_AT, 15);
	ck_assert_int_eq(
	    fsk_ring_attach_memory(&r, good, len, false, "m", NULL), FSK_OK);
	ck_assert_uint_eq(fsk_ring_take(r, 0, &out, 1, &damaged), 1);
	ck_assert_uint_eq(out.category, FSK_NO_LABEL);
	ck_assert_uint_eq(out.group, FSK_NO_LABEL);
	ck_assert_uint_eq(out.feeds, 0);
	ck_assert_uint_eq(out.feed[0], FSK_NO_LABEL);
	ck_assert_uint_eq(out.qname[2], 'w');
	fsk_ring_detach(r);
}
END_TEST

START_TEST(a_label_without_an_end_is_none)
{
	struct fsk_ring_row *row = fsk_ring_rows(good);
	struct fsk_ring_reader *r;
	enum fsk_label_kind kind;
	char name[FSK_LABEL_TEXT];

	ck_assert_int_eq(
	    fsk_ring_attach_memory(&r, good, len, true, "m", NULL), FSK_OK);
	ck_assert(fsk_ring_label_of(r, feed, &kind, name));
	ck_assert_str_eq(name, "alpha");
	memset(row[feed].name, 'x', FSK_LABEL_TEXT - 1);
	ck_assert(fsk_ring_label_of(r, feed, &kind, name));
	row[feed].name[FSK_LABEL_TEXT - 1] = 'x';
	ck_assert(!fsk_ring_label_of(r, feed, &kind, name));
	row[category].name[1] = '\033';
	ck_assert(!fsk_ring_label_of(r, category, &kind, name));
	row[group].kind = FSK_LABEL_GROUP + 1;
	ck_assert(!fsk_ring_label_of(r, group, &kind, name));
	row[group].kind = UINT32_MAX;
	ck_assert(!fsk_ring_label_of(r, group, &kind, name));
	ck_assert(!fsk_ring_label_of(r, FSK_RING_LABELS, &kind, name));
	ck_assert(!fsk_ring_label_of(r, UINT32_MAX, &kind, name));
	fsk_ring_detach(r);
}
END_TEST

START_TEST(damage_anywhere_is_no_crash)
{
	kit_seed(11);
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t *p = aligned_alloc(64, (len + 63) / 64 * 64);
		unsigned n = 1 + kit_below(20);
		size_t most = len;

		memcpy(p, good, len);
		for (unsigned i = 0; i < n; i++) {
			struct fsk_ring_block *k = block(p, kit_below(2));
			uint8_t *q;

			/* Mostly where there is something. */
			switch (kit_below(4)) {
			case 0:
				q = p + kit_below((unsigned)len);
				break;
			case 1:
				q = p + kit_below(400);
				break;
			case 2:
				q = (uint8_t *)k + kit_below(400);
				break;
			default:
				q = (uint8_t *)&k->slot[kit_below(EVENTS)] +
				    kit_below(384);
				break;
			}
			*q = (uint8_t)kit_random();
		}
		if (kit_below(2) == 0)
			fix_checksum(p);
		if (kit_below(8) == 0)
			most = kit_below((unsigned)len);
		try_memory(p, most);
		free(p);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/ring_read.c");
	TCase *tc = tcase_create("ring_read");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_no_ring_is_refused);
	tcase_add_test(tc, each_octet_of_the_header_counts);
	tcase_add_test(tc, impossible_shapes_are_refused);
	tcase_add_test(tc, a_head_that_cannot_be_is_refused);
	tcase_add_test(tc, a_head_that_goes_astray_gives_nothing);
	tcase_add_loop_test(
	    tc, an_event_that_cannot_be_is_passed_over, 0, WRONGS);
	tcase_add_test(tc, what_may_be_is_let_through);
	tcase_add_test(tc, a_label_without_an_end_is_none);
	tcase_add_test(tc, damage_anywhere_is_no_crash);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
