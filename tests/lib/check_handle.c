/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/handle.c: from one database to the next while readers read */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/handle.h"
#include "tests/lib/kit.h"

static struct fsk_handle handle;
static struct fsk_reader own;
static char path[128];

static void
setup(void)
{
	kit_setup();
	snprintf(path, sizeof(path), "%s", kit_path("list.fsdb"));
	ck_assert(fsk_handle_init(&handle, path, FSK_DB_COPY));
	fsk_handle_attach(&handle, &own);
}

static void
teardown(void)
{
	fsk_handle_fini(&handle);
	kit_teardown();
}

/* Publishes a database that lists NAME and nothing else. */
static void
publish(const char *to, const char *name)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct fsk_writer_result result;
	struct kit_list list = { 0 };
	struct fsk_error err;

	kit_add_text(&list, name, FSK_SUBTREE, RED_A);
	ck_assert_int_eq(kit_publish(&list, to, &b, &result, &err), FSK_OK);
	kit_free(&list);
}

static bool
listed(const struct fsk_db *db, const char *text)
{
	return db != NULL && kit_ask(db, text).covered;
}

/* Whether the current database lists NAME. */
static bool
now_listed(const char *name)
{
	bool is = listed(fsk_reader_enter(&own, &handle)->db, name);

	fsk_reader_leave(&own);
	return is;
}

static enum fsk_refresh
refresh(void)
{
	struct fsk_error err = { 0 };
	enum fsk_refresh r = fsk_handle_refresh(&handle, &err);

	if (r == FSK_SWAPPED)
		fsk_handle_retire(&handle);
	else if (r != FSK_UNCHANGED)
		ck_assert_ptr_nonnull(strstr(err.text, path));
	return r;
}

START_TEST(without_a_file_there_is_nothing)
{
	ck_assert_int_eq(refresh(), FSK_ABSENT);
	ck_assert_ptr_null(fsk_reader_enter(&own, &handle)->db);
	fsk_reader_leave(&own);
}
END_TEST

START_TEST(a_file_is_taken_up_once)
{
	ck_assert_int_eq(refresh(), FSK_ABSENT);
	ck_assert_uint_eq(fsk_handle_changes(&handle), 0);
	publish(path, "a.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert_uint_eq(fsk_handle_changes(&handle), 1);
	ck_assert(now_listed("a.test"));
	ck_assert_int_eq(refresh(), FSK_UNCHANGED);
	ck_assert_uint_eq(fsk_handle_changes(&handle), 1);
	publish(path, "b.test");
	ck_assert(now_listed("a.test"));
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert(!now_listed("a.test"));
	ck_assert(now_listed("b.test"));
	ck_assert_int_eq(refresh(), FSK_UNCHANGED);
}
END_TEST

START_TEST(a_bad_file_is_refused_once_and_the_old_stays)
{
	uint8_t *bytes;
	size_t len;

	publish(path, "a.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	publish(path, "b.test");
	bytes = kit_read(path, &len);
	bytes[len / 2] ^= 1;
	kit_write(path, bytes, len);
	ck_assert_int_eq(refresh(), FSK_REFUSED);
	ck_assert_uint_eq(fsk_handle_changes(&handle), 1);
	ck_assert(now_listed("a.test"));
	ck_assert_int_eq(refresh(), FSK_UNCHANGED);
	kit_write(path, bytes, len / 2);
	ck_assert_int_eq(refresh(), FSK_REFUSED);
	kit_write(path, "", 0);
	ck_assert_int_eq(refresh(), FSK_REFUSED);
	ck_assert(now_listed("a.test"));
	bytes[len / 2] ^= 1;
	kit_write(path, bytes, len);
	free(bytes);
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert(now_listed("b.test"));
}
END_TEST

static unsigned failures;

/* Opens nothing for as long as there are failures left. */
static int
open_later(struct fsk_db **db, int fd, const char *name, enum fsk_db_load load,
    struct fsk_error *err)
{
	*db = NULL;
	if (failures > 0) {
		failures--;
		return fsk_fail(err, FSK_ENOMEM, "no luck with '%s'", name);
	}
	return fsk_db_open_fd(db, fd, name, load, err);
}

/* A list must not stay out of force because memory was short for a moment. */
START_TEST(what_may_pass_is_tried_again)
{
	publish(path, "a.test");
	handle.open = open_later;
	handle.retry = 0;
	failures = 2;
	ck_assert_int_eq(refresh(), FSK_REFUSED);
	ck_assert_int_eq(refresh(), FSK_REFUSED);
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert(now_listed("a.test"));
	ck_assert_int_eq(refresh(), FSK_UNCHANGED);
	/* But not all the time. */
	publish(path, "b.test");
	handle.retry = 3600 * (int64_t)1000000000;
	failures = 1;
	ck_assert_int_eq(refresh(), FSK_REFUSED);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(refresh(), FSK_UNCHANGED);
	publish(path, "c.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert(now_listed("c.test"));
}
END_TEST

START_TEST(a_removed_file_leaves_the_old_and_may_come_back)
{
	char aside[160];

	snprintf(aside, sizeof(aside), "%s.aside", path);
	publish(path, "a.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert_int_eq(rename(path, aside), 0);
	ck_assert_int_eq(refresh(), FSK_ABSENT);
	ck_assert(now_listed("a.test"));
	/* The very same file: taken up again, it may have changed meanwhile. */
	ck_assert_int_eq(rename(aside, path), 0);
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert(now_listed("a.test"));
}
END_TEST

START_TEST(a_reader_keeps_what_it_entered)
{
	const struct fsk_db *db;
	struct fsk_error err;

	publish(path, "a.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	db = fsk_reader_enter(&own, &handle)->db;
	publish(path, "b.test");
	ck_assert_int_eq(fsk_handle_refresh(&handle, &err), FSK_SWAPPED);
	ck_assert(fsk_handle_old_in_use(&handle));
	ck_assert(listed(db, "a.test"));
	fsk_reader_leave(&own);
	ck_assert(!fsk_handle_old_in_use(&handle));
	fsk_handle_retire(&handle);
	ck_assert(now_listed("b.test"));
}
END_TEST

/* ---- what lies beside it ---- */

/* Puts one bypass for NAME beside the database. */
static void
bypass(const char *name)
{
	struct fsk_bypass one = { .kind = FSK_BYPASS_NAME, .until = INT64_MAX };
	const struct fsk_bypasses all = { 1, &one };
	char *beside = fsk_bypass_path(path);
	uint8_t *bytes;
	size_t len;

	one.name = kit_name(name);
	bytes = fsk_bypasses_pack(&all, &len);
	ck_assert_ptr_nonnull(bytes);
	kit_write(beside, bytes, len);
	free(bytes);
	free(beside);
}

static bool
now_bypassed(const char *text)
{
	const struct fsk_list *list = fsk_reader_enter(&own, &handle);
	struct fsk_name name = kit_name(text);
	struct fsk_query q;
	bool is;

	fsk_db_query(list->db, &q, name.wire, name.len);
	is = fsk_bypass_find(&list->bypasses, &q, "", NULL, 0) != NULL;
	fsk_reader_leave(&own);
	return is;
}

START_TEST(bypasses_come_and_go_without_the_database)
{
	char *beside = fsk_bypass_path(path);
	struct fsk_error err;

	publish(path, "a.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_UNCHANGED);
	bypass("a.test");
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_SWAPPED);
	fsk_handle_retire(&handle);
	ck_assert(now_bypassed("www.a.test"));
	ck_assert(!now_bypassed("b.test"));
	ck_assert(now_listed("a.test"));
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_UNCHANGED);

	kit_write(beside, "nonsense", 8);
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, beside));
	ck_assert(now_bypassed("a.test"));

	/* They stay with the next database. */
	publish(path, "b.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert(now_bypassed("a.test"));

	ck_assert_int_eq(unlink(beside), 0);
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_SWAPPED);
	fsk_handle_retire(&handle);
	ck_assert(!now_bypassed("a.test"));
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_UNCHANGED);
	free(beside);
}
END_TEST

/* What cannot be looked at is told once, not with every look. */
START_TEST(bypasses_that_cannot_be_looked_at_stay)
{
	char *beside = fsk_bypass_path(path);
	struct fsk_error err;

	publish(path, "a.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	bypass("a.test");
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_SWAPPED);
	fsk_handle_retire(&handle);
	ck_assert_int_eq(unlink(beside), 0);
	ck_assert_int_eq(symlink(beside, beside), 0);
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_REFUSED);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(
		    fsk_handle_refresh_bypasses(&handle, &err), FSK_UNCHANGED);
	ck_assert(now_bypassed("a.test"));
	ck_assert_int_eq(unlink(beside), 0);
	bypass("b.test");
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_SWAPPED);
	fsk_handle_retire(&handle);
	ck_assert(now_bypassed("b.test"));
	free(beside);
}
END_TEST

/* Nobody writes to it: who waits for that waits for ever. */
START_TEST(a_pipe_under_the_name_is_refused)
{
	char *beside = fsk_bypass_path(path);
	struct fsk_error err;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(mkfifo(beside, 0600), 0);
	ck_assert_int_eq(refresh(), FSK_REFUSED);
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_REFUSED);
	ck_assert_int_eq(refresh(), FSK_UNCHANGED);
	ck_assert_int_eq(
	    fsk_handle_refresh_bypasses(&handle, &err), FSK_UNCHANGED);
	free(beside);
}
END_TEST

START_TEST(a_shadow_comes_and_goes)
{
	char shadow[160];
	struct fsk_error err;

	snprintf(shadow, sizeof(shadow), "%s.shadow", path);
	publish(path, "a.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	ck_assert_int_eq(
	    fsk_handle_refresh_shadow(&handle, &err), FSK_UNCHANGED);
	publish(shadow, "b.test");
	ck_assert_int_eq(fsk_handle_refresh_shadow(&handle, &err), FSK_SWAPPED);
	fsk_handle_retire(&handle);
	ck_assert(listed(fsk_reader_enter(&own, &handle)->shadow, "b.test"));
	fsk_reader_leave(&own);
	ck_assert(now_listed("a.test"));
	ck_assert(!now_listed("b.test"));
	kit_write(shadow, "nonsense", 8);
	ck_assert_int_eq(fsk_handle_refresh_shadow(&handle, &err), FSK_REFUSED);
	ck_assert(listed(fsk_reader_enter(&own, &handle)->shadow, "b.test"));
	fsk_reader_leave(&own);
	ck_assert_int_eq(unlink(shadow), 0);
	ck_assert_int_eq(fsk_handle_refresh_shadow(&handle, &err), FSK_SWAPPED);
	fsk_handle_retire(&handle);
	ck_assert_ptr_null(fsk_reader_enter(&own, &handle)->shadow);
	fsk_reader_leave(&own);
}
END_TEST

/* A note of N, and how many were freed. */
static unsigned notes_freed;

static void
free_note(void *note)
{
	notes_freed++;
	free(note);
}

static void
add_note(void *arg, const struct fsk_db *db)
{
	unsigned *n = arg, *note = malloc(sizeof(*note));

	ck_assert_ptr_nonnull(note);
	/* It is not current yet. */
	ck_assert_ptr_ne(db, fsk_reader_enter(&own, &handle)->db);
	fsk_reader_leave(&own);
	ck_assert_ptr_null(fsk_db_note(db));
	*note = ++*n;
	fsk_db_set_note(db, note, free_note);
}

START_TEST(each_database_has_a_note_before_it_is_current)
{
	unsigned n = 0;

	fsk_handle_on_open(&handle, add_note, &n);
	for (unsigned i = 1; i <= 3; i++) {
		const struct fsk_db *db;

		publish(path, i % 2 ? "a.test" : "b.test");
		ck_assert_int_eq(refresh(), FSK_SWAPPED);
		ck_assert_uint_eq(n, i);
		db = fsk_reader_enter(&own, &handle)->db;
		ck_assert_uint_eq(*(const unsigned *)fsk_db_note(db), i);
		fsk_reader_leave(&own);
		ck_assert_uint_eq(notes_freed, i - 1);
	}
	kit_write(path, "", 0);
	ck_assert_int_eq(refresh(), FSK_REFUSED);
	ck_assert_uint_eq(n, 3);
	fsk_handle_fini(&handle);
	ck_assert_uint_eq(notes_freed, 3);
}
END_TEST

/* ---- many readers ---- */

#define READERS 3
#define SWAPS   300

static _Atomic bool stop;
static _Atomic unsigned reads, wrong;

static void *
read_on(void *arg)
{
	struct fsk_reader *slot = arg;
	unsigned seen = 0;

	while (!atomic_load(&stop)) {
		const struct fsk_db *db = fsk_reader_enter(slot, &handle)->db;

		/* One of the two, and the same one all the time. */
		if (listed(db, "a.test") == listed(db, "b.test") ||
		    listed(db, "c.test"))
			atomic_fetch_add(&wrong, 1);
		fsk_reader_leave(slot);
		if (++seen % 64 == 0)
			atomic_fetch_add(&reads, 64);
	}
	return NULL;
}

START_TEST(readers_see_whole_databases_while_they_are_swapped)
{
	static struct fsk_reader slot[READERS];
	pthread_t thread[READERS];
	char to[2][128], next[128];

	snprintf(to[0], sizeof(to[0]), "%s", kit_path("a"));
	snprintf(to[1], sizeof(to[1]), "%s", kit_path("b"));
	snprintf(next, sizeof(next), "%s", kit_path("next"));
	publish(to[0], "a.test");
	publish(to[1], "b.test");
	publish(path, "a.test");
	ck_assert_int_eq(refresh(), FSK_SWAPPED);
	for (int i = 0; i < READERS; i++) {
		fsk_handle_attach(&handle, &slot[i]);
		ck_assert_int_eq(
		    pthread_create(&thread[i], NULL, read_on, &slot[i]), 0);
	}
	for (int i = 0; i < SWAPS; i++) {
		unsigned before = atomic_load(&reads);

		unlink(next);
		ck_assert_int_eq(link(to[(i + 1) % 2], next), 0);
		ck_assert_int_eq(rename(next, path), 0);
		ck_assert_int_eq(refresh(), FSK_SWAPPED);
		while (atomic_load(&reads) == before)
			;
	}
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	ck_assert_uint_eq(atomic_load(&wrong), 0);
	ck_assert_uint_gt(atomic_load(&reads), SWAPS * 32);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/handle.c");
	TCase *tc = tcase_create("handle");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_a_file_there_is_nothing);
	tcase_add_test(tc, a_file_is_taken_up_once);
	tcase_add_test(tc, a_bad_file_is_refused_once_and_the_old_stays);
	tcase_add_test(tc, what_may_pass_is_tried_again);
	tcase_add_test(tc, a_removed_file_leaves_the_old_and_may_come_back);
	tcase_add_test(tc, a_reader_keeps_what_it_entered);
	tcase_add_test(tc, bypasses_come_and_go_without_the_database);
	tcase_add_test(tc, bypasses_that_cannot_be_looked_at_stay);
	tcase_add_test(tc, a_pipe_under_the_name_is_refused);
	tcase_add_test(tc, a_shadow_comes_and_goes);
	tcase_add_test(tc, each_database_has_a_note_before_it_is_current);
	tcase_add_test(tc, readers_see_whole_databases_while_they_are_swapped);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
