/* SPDX-License-Identifier: BSD-3-Clause */
/* Whatever happens to the file, the resolver resolves. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/world.h"

static struct world w;

/* A good database that lists other.test, in memory. */
static char *
good_file(size_t *len)
{
	char path[256];
	struct stat st;
	FILE *f;
	char *bytes;

	snprintf(path, sizeof(path), "%s/other.fsdb", w.folder);
	publish_to(&w, path, "other.test", NULL);
	ck_assert_int_eq(stat(path, &st), 0);
	*len = (size_t)st.st_size;
	bytes = malloc(*len);
	f = fopen(path, "re");
	ck_assert(bytes != NULL && f != NULL);
	ck_assert_uint_eq(fread(bytes, 1, *len, f), *len);
	fclose(f);
	return bytes;
}

enum damage { EMPTY, TEXT, HALF, HEADER_ONLY, BIT, LAST_OCTET, DAMAGES };

/* Puts a damaged file in the list's place: renamed over it, or IN_PLACE as cp
 * does it. */
static void
put_damaged(enum damage kind, bool in_place)
{
	char path[256];
	size_t len;
	char *bytes = good_file(&len);

	switch (kind) {
	case EMPTY:
		len = 0;
		break;
	case TEXT:
		len = (size_t)snprintf(bytes, len, "other.test\n");
		break;
	case HALF:
		len /= 2;
		break;
	case HEADER_ONLY:
		len = 4096;
		break;
	case BIT:
		bytes[4097] ^= 4;
		break;
	case LAST_OCTET:
		len--;
		break;
	case DAMAGES:
		break;
	}
	snprintf(path, sizeof(path), "%s/damaged", w.folder);
	write_file(in_place ? w.db : path, bytes, len);
	if (!in_place)
		ck_assert_int_eq(rename(path, w.db), 0);
	free(bytes);
}

START_TEST(a_damaged_list_changes_nothing)
{
	bool in_place = _i >= DAMAGES;

	world_start(&w, &(struct world_options){ .list = "evil.test" });
	put_damaged((enum damage)(_i % DAMAGES), in_place);
	await_log(&w, "the list before stays in force", 1);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_uint_eq(rcode_of(&w, "evil.test"), NXDOMAIN);
		ck_assert_uint_eq(rcode_of(&w, "other.test"), NOERROR);
	}
	/* A good one is taken up as if nothing had been. */
	publish(&w, "third.test", NULL);
	await_rcode(&w, "third.test", NXDOMAIN, 2000);
	await_rcode(&w, "evil.test", NOERROR, 2000);
	world_stop(&w);
	/* Told once a file, twice where a poll saw it half written. */
	ck_assert_uint_le(occurrences(w.log, "stays in force"), 2);
}
END_TEST

START_TEST(a_removed_list_stays_in_force)
{
	world_start(&w, &(struct world_options){ .list = "evil.test" });
	ck_assert_int_eq(unlink(w.db), 0);
	await_log(&w, "the list before stays in force", 1);
	ck_assert_uint_eq(rcode_of(&w, "evil.test"), NXDOMAIN);
	publish(&w, "other.test", NULL);
	await_rcode(&w, "other.test", NXDOMAIN, 2000);
	ck_assert_uint_eq(rcode_of(&w, "evil.test"), NOERROR);
	world_stop(&w);
}
END_TEST

START_TEST(a_start_without_a_list_resolves_all)
{
	world_start(&w, &(struct world_options){ .threads = 2 });
	ck_assert_uint_eq(rcode_of(&w, "evil.test"), NOERROR);
	await_log(&w, "nothing is blocked until there is a good one", 1);
	/* The module looks for it several times in that, and tells once. */
	for (long end = now_ms() + 1000; now_ms() < end;)
		ck_assert_uint_eq(rcode_of(&w, "evil.test"), NOERROR);
	publish(&w, "evil.test", NULL);
	await_rcode(&w, "evil.test", NXDOMAIN, 2000);
	ck_assert(!cached(&w, "evil.test"));
	world_stop(&w);
	ck_assert_uint_eq(occurrences(w.log, "nothing is blocked"), 1);
}
END_TEST

START_TEST(a_start_with_a_damaged_list_resolves_all)
{
	world_start(
	    &w, &(struct world_options){ .list = "evil.test", .bare = true });
	put_damaged((enum damage)_i, false);
	world_start_unbound(&w);
	ck_assert_uint_eq(rcode_of(&w, "evil.test"), NOERROR);
	ck_assert_uint_eq(rcode_of(&w, "other.test"), NOERROR);
	await_log(&w, "nothing is blocked until there is a good one", 1);
	publish(&w, "evil.test", NULL);
	await_rcode(&w, "evil.test", NXDOMAIN, 2000);
	world_stop(&w);
}
END_TEST

/* How many lists Unbound has mapped. */
static unsigned
mapped_lists(void)
{
	char path[64], line[1024];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)w.unbound.pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, w.db) != NULL;
	fclose(f);
	return n;
}

START_TEST(lists_that_are_over_are_let_go_of)
{
	static const char *const lists[] = { "evil.test", "other.test" };
	const long end = now_ms() + patience(10000);

	setenv("FRAUDSINK_LOAD", "map", 1);
	world_start(
	    &w, &(struct world_options){ .list = lists[0], .threads = 2 });
	unsetenv("FRAUDSINK_LOAD");
	for (unsigned i = 1; i <= 8; i++) {
		publish(&w, lists[i % 2], NULL);
		await_rcode(&w, lists[i % 2], NXDOMAIN, 2000);
	}
	while (mapped_lists() != 1) {
		ck_assert_msg(now_ms() < end, "%u lists", mapped_lists());
		breathe();
	}
	world_stop(&w);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_no_reason_to_fail)
{
	world_start(&w, &(struct world_options){ .bare = true });
	snprintf(w.db, sizeof(w.db), "%s", "/nonexistent/list.fsdb");
	world_start_unbound(&w);
	ck_assert_uint_eq(rcode_of(&w, "evil.test"), NOERROR);
	world_stop(&w);
	/* The default path, which no test has made. */
	w.db[0] = '\0';
	world_start(&w, &(struct world_options){ .bare = true });
	w.db[0] = '\0';
	world_start_unbound(&w);
	ck_assert_uint_eq(rcode_of(&w, "innocent.test"), NOERROR);
	world_stop(&w);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/robust");
	TCase *tc = tcase_create("robust");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, a_damaged_list_changes_nothing, 0, 2 * DAMAGES);
	tcase_add_test(tc, a_removed_list_stays_in_force);
	tcase_add_test(tc, lists_that_are_over_are_let_go_of);
	tcase_add_test(tc, a_start_without_a_list_resolves_all);
	tcase_add_loop_test(
	    tc, a_start_with_a_damaged_list_resolves_all, 0, DAMAGES);
	tcase_add_test(tc, a_folder_that_is_not_there_is_no_reason_to_fail);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
