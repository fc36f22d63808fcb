/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/shadow.c: a list that is tried, promoted or dropped. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/db.h"
#include "tests/feeds/run.h"
#include "tests/lib/kit.h"

/* Its canaries: good.example never, bad.example always. */
static void
setup(void)
{
	char conf[1024];

	kit_setup();
	snprintf(conf, sizeof(conf),
	    "database = \"%s/list.fsdb\"\nstate = \"%s/state\"\n"
	    "never-blocked = {\"good.example\"}\n"
	    "always-blocked = {\"bad.example\"}\n"
	    "hooks = {\"echo hook $FRAUDSINK_SERIAL\"}\n"
	    "policy { rule \"r\" { names = {\"bad.example\"} } }\n",
	    kit_dir, kit_dir);
	run_file("feeds.conf", conf);
	free(run_output("sync -q --no-hooks -c feeds.conf"));
}

/* Builds the database FILE of NAMES with SERIAL. */
static void
build(const char *file, const char *names, const char *serial)
{
	char args[256];
	struct run r;

	run_file("names", names);
	snprintf(args, sizeof(args), "build -q -o %s --serial %s names", file,
	    serial);
	run_feeds(&r, NULL, args);
	ck_assert_msg(r.status == 0, "%s", r.err);
	run_free(&r);
}

/* Runs `shadow` with ARGS, which must end with STATUS and say TEXT. */
static void
shadow(const char *args, int status, const char *text)
{
	char all[256];
	struct run r;

	snprintf(all, sizeof(all), "shadow -c feeds.conf %s", args);
	run_feeds(&r, NULL, all);
	ck_assert_msg(
	    r.status == status, "%s: %d, %s%s", args, r.status, r.out, r.err);
	ck_assert_msg(
	    strstr(r.out, text) != NULL || strstr(r.err, text) != NULL,
	    "'%s' is not in: %s%s", text, r.out, r.err);
	run_free(&r);
}

static bool
is_there(const char *file)
{
	return access(kit_path(file), F_OK) == 0;
}

/* The serial of the database FILE; 0: it is none. */
static uint64_t
serial_of(const char *file)
{
	struct fsk_db_info info = { .serial = 0 };
	struct fsk_db *db;

	if (fsk_db_open(&db, kit_path(file), FSK_DB_MAP, NULL) == FSK_OK) {
		fsk_db_info(db, &info);
		fsk_db_close(db);
	}
	return info.serial;
}

START_TEST(nothing_is_tried_at_first)
{
	shadow("--status", 1, "no list is tried");
	shadow("--drop", 1, "no list is tried");
	shadow("--promote", 1, "no list is tried");
	shadow("", 2, "say which");
	shadow("--drop new.fsdb", 2, "too many");
	shadow("--drop --promote", 2, "one at a time");
	shadow("absent.fsdb", 2, "cannot open");
	ck_assert(!is_there("list.fsdb.shadow"));
}
END_TEST

START_TEST(what_is_tried_is_a_copy)
{
	struct stat st;

	build("new.fsdb", "bad.example\nnew.example\n", "4242424242");
	shadow("new.fsdb", 0, "2 entries, serial 4242424242");
	shadow("--status", 0, "serial 4242424242");
	ck_assert_uint_eq(serial_of("list.fsdb.shadow"), 4242424242);
	ck_assert_int_eq(stat(kit_path("list.fsdb.shadow"), &st), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
	unlink(kit_path("new.fsdb"));
	/* Another one takes its place; what was in force still is. */
	build("new.fsdb", "bad.example\n", "4242424243");
	shadow("new.fsdb", 0, "1 entries");
	ck_assert_uint_eq(serial_of("list.fsdb.shadow"), 4242424243);
	ck_assert_uint_ne(serial_of("list.fsdb"), 4242424243);
	shadow("--drop", 0, "");
	ck_assert(!is_there("list.fsdb.shadow"));
}
END_TEST

START_TEST(what_is_damaged_is_not_tried)
{
	size_t len;
	uint8_t *bytes;

	build("new.fsdb", "bad.example\nnew.example\n", "4242424242");
	shadow("new.fsdb", 0, "is tried");
	bytes = kit_read(kit_path("new.fsdb"), &len);
	bytes[len / 2] ^= 1;
	kit_write(kit_path("damaged.fsdb"), bytes, len);
	free(bytes);
	shadow("damaged.fsdb", 2, "damaged");
	run_file("none.fsdb", "no database");
	shadow("none.fsdb", 2, "none.fsdb");
	run_file("empty.fsdb", "");
	shadow("empty.fsdb", 2, "empty.fsdb");
	/* The one before is still tried, and nothing else was left. */
	ck_assert_uint_eq(serial_of("list.fsdb.shadow"), 4242424242);
	/* What was damaged there is told, and can be dropped. */
	bytes = kit_read(kit_path("damaged.fsdb"), &len);
	kit_write(kit_path("list.fsdb.shadow"), bytes, len);
	free(bytes);
	shadow("--status", 2, "damaged");
	shadow("--promote", 2, "damaged");
	shadow("--drop", 0, "");
}
END_TEST

START_TEST(it_is_promoted)
{
	const uint64_t before = serial_of("list.fsdb");
	char line[64];
	struct run r;

	build("new.fsdb", "bad.example\nnew.example\n", "4242424242");
	shadow("new.fsdb", 0, "is tried");
	shadow("--promote", 0, "hook 4242424242");
	ck_assert_uint_eq(serial_of("list.fsdb"), 4242424242);
	ck_assert_uint_eq(
	    serial_of("state/generations/00000000004242424242.fsdb"),
	    4242424242);
	ck_assert(!is_there("list.fsdb.shadow"));
	ck_assert(!is_there("state/generations/candidate.fsdb"));
	shadow("--promote", 1, "no list is tried");
	/* As with all generations, there is a way back. */
	run_feeds(&r, NULL, "rollback -c feeds.conf");
	ck_assert_int_eq(r.status, 0);
	run_free(&r);
	ck_assert_uint_eq(serial_of("list.fsdb"), before);
	snprintf(line, sizeof(line), "%llu", (unsigned long long)before);
	run_feeds(&r, NULL, "rollback -c feeds.conf --list");
	ck_assert_ptr_nonnull(strstr(r.out, "4242424242"));
	ck_assert_ptr_nonnull(strstr(r.out, line));
	run_free(&r);
	/* The same again is no other one. */
	shadow("new.fsdb", 0, "is tried");
	shadow("--promote", 0, "hook 4242424242");
	ck_assert_uint_eq(serial_of("list.fsdb"), 4242424242);
}
END_TEST

START_TEST(canaries_hold_for_it)
{
	static const struct {
		const char *names, *serial, *why;
	} bad[] = {
		{ "bad.example\ngood.example\n", "4242424242",
		    "never-blocked" },
		{ "new.example\n", "4242424242", "always-blocked" },
		{ "bad.example\n", "0", "serial 0" },
		{ "bad.example\nnew.example\n", "in force", "serial" },
	};
	const uint64_t before = serial_of("list.fsdb");

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char serial[32];

		snprintf(
		    serial, sizeof(serial), "%llu", (unsigned long long)before);
		build("new.fsdb", bad[i].names,
		    bad[i].serial[0] == 'i' ? serial : bad[i].serial);
		shadow("new.fsdb", 0, "is tried");
		shadow("--promote", 2, bad[i].why);
		ck_assert_uint_eq(serial_of("list.fsdb"), before);
		ck_assert(is_there("list.fsdb.shadow"));
		ck_assert(!is_there("state/generations/candidate.fsdb"));
		ck_assert(
		    !is_there("state/generations/00000000004242424242.fsdb"));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/shadow.c");
	TCase *tc = tcase_create("shadow");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_test(tc, nothing_is_tried_at_first);
	tcase_add_test(tc, what_is_tried_is_a_copy);
	tcase_add_test(tc, what_is_damaged_is_not_tried);
	tcase_add_test(tc, it_is_promoted);
	tcase_add_test(tc, canaries_hold_for_it);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
