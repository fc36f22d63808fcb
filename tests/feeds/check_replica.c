/* SPDX-License-Identifier: BSD-3-Clause */
/* A state and a database that can be changed without harm. */
#include "feeds/replica.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/publish.h"
#include "feeds/state.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

static struct conf *c;
static struct replica r;
static struct fsk_error err;

static void
setup(void)
{
	kit_setup();
	ck_assert_int_eq(mkdir(kit_path("tmp"), 0755), 0);
	setenv("TMPDIR", kit_path("tmp"), 1);
	c = site_conf("feed \"one\" { url = \"https://a.example/\" }\n"
		      "feed \"two\" { url = \"https://b.example/\" }\n"
		      "feed \"off\" { url = \"https://c.example/\" "
		      "enabled = no }\n");
}

static void
teardown(void)
{
	replica_close(&r);
	conf_free(c);
	kit_teardown();
}

/* A state in which something is known. */
static void
make_state(void)
{
	static const char *const folders[] = { "state", "state/one",
		"state/off", "state/generations" };
	static const char *const files[] = { "list.fsdb", "state/published",
		"state/hold", "state/one/meta", "state/one/body",
		"state/one/body.new", "state/one/list.fsdb", "state/one/urls",
		"state/off/body", "state/status.json", "state/lock",
		"state/generations/00000000000000000007.fsdb" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		ck_assert_int_eq(mkdir(kit_path(folders[i]), 0755), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		site_file(files[i], files[i]);
}

static void
open_it(void)
{
	ck_assert_msg(replica_open(&r, c, &err) == FSK_OK, "%s", err.text);
}

/* What the file NAME holds, "-" if it is not there; the last 4 results stay. */
static const char *
holds(const char *state, const char *name)
{
	static char *text[4];
	static unsigned next;
	char **at = &text[next++ % 4], *path = state_path(state, NULL, name);
	size_t len;

	free(*at);
	*at = state_text(path, &len);
	free(path);
	return *at != NULL ? *at : "-";
}

START_TEST(it_has_what_a_round_reads)
{
	uint64_t *serials;
	size_t n;

	make_state();
	open_it();
	ck_assert_str_ne(r.c.state, c->state);
	ck_assert_str_ne(r.c.database, c->database);
	ck_assert_ptr_eq(r.c.feeds, c->feeds);
	ck_assert_str_eq(holds(r.c.database, NULL), "list.fsdb");
	ck_assert_str_eq(holds(r.c.state, "hold"), "state/hold");
	ck_assert_str_eq(holds(r.c.state, "published"), "state/published");
	ck_assert_str_eq(holds(r.c.state, "one/meta"), "state/one/meta");
	ck_assert_str_eq(holds(r.c.state, "one/body"), "state/one/body");
	ck_assert_str_eq(
	    holds(r.c.state, "one/list.fsdb"), "state/one/list.fsdb");
	ck_assert_str_eq(holds(r.c.state, "one/urls"), "state/one/urls");
	serials = generations(&r.c, &n, &err);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(serials[0], 7);
	free(serials);
}
END_TEST

/* What is written to where it lies would be written through a link. */
START_TEST(it_has_nothing_else)
{
	make_state();
	open_it();
	ck_assert_str_eq(holds(r.c.state, "one/body.new"), "-");
	ck_assert_str_eq(holds(r.c.state, "off/body"), "-");
	ck_assert_str_eq(holds(r.c.state, "lock"), "-");
	ck_assert_str_eq(holds(r.c.state, "status.json"), "-");
}
END_TEST

START_TEST(what_is_done_to_it_stays_in_it)
{
	char *path;

	make_state();
	open_it();
	path = state_path(r.c.state, "one", "body");
	ck_assert_int_eq(state_replace(path, "new", 3, &err), FSK_OK);
	ck_assert_str_eq(holds(r.c.state, "one/body"), "new");
	free(path);
	path = state_path(r.c.state, NULL, "hold");
	ck_assert_int_eq(unlink(path), 0);
	free(path);
	ck_assert_int_eq(state_replace(r.c.database, "db", 2, &err), FSK_OK);
	ck_assert_str_eq(holds(c->state, "one/body"), "state/one/body");
	ck_assert_str_eq(holds(c->state, "hold"), "state/hold");
	ck_assert_str_eq(holds(c->database, NULL), "list.fsdb");
}
END_TEST

START_TEST(only_its_own_is_removed)
{
	char *path;

	make_state();
	open_it();
	path = replica_path(&r, "state/one/folder");
	ck_assert_int_eq(symlink(kit_path("state/one"), path), 0);
	free(path);
	path = replica_path(&r, "more");
	ck_assert_int_eq(mkdir(path, 0755), 0);
	free(path);
	replica_close(&r);
	ck_assert_uint_eq(site_files("tmp"), 0);
	ck_assert_uint_eq(site_files("state/one"), 5);
	ck_assert_uint_eq(site_files("state/generations"), 1);
	ck_assert_str_eq(holds(c->state, "one/body"), "state/one/body");
	replica_close(&r);
}
END_TEST

START_TEST(others_cannot_look_in)
{
	struct stat st;

	open_it();
	ck_assert_int_eq(stat(r.folder, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(where_there_is_no_state)
{
	open_it();
	ck_assert_int_eq(access(r.c.state, F_OK), 0);
	ck_assert_int_eq(access(r.c.database, F_OK), -1);
	ck_assert_int_eq(access(c->state, F_OK), -1);
}
END_TEST

START_TEST(relative_paths)
{
	struct conf relative = *c;
	char state[] = "state", database[] = "list.fsdb";

	make_state();
	ck_assert_int_eq(chdir(kit_dir), 0);
	relative.state = state;
	relative.database = database;
	setenv("TMPDIR", "tmp", 1);
	ck_assert_msg(
	    replica_open(&r, &relative, &err) == FSK_OK, "%s", err.text);
	ck_assert_str_eq(holds(r.c.state, "one/meta"), "state/one/meta");
	ck_assert_str_eq(holds(r.c.database, NULL), "list.fsdb");
	replica_close(&r);
	ck_assert_uint_eq(site_files("tmp"), 0);
}
END_TEST

START_TEST(what_only_others_may_read)
{
	const bool root = geteuid() == 0;

	make_state();
	ck_assert_int_eq(chmod(kit_path("state/one/meta"), 0), 0);
	/* Root may read everything; what counts is the real user. */
	if (root) {
		ck_assert_int_eq(chmod(kit_dir, 0711), 0);
		ck_assert_int_eq(setreuid(65534, 0), 0);
	}
	ck_assert_int_eq(replica_open(&r, c, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "one/meta': Permission denied"));
	if (root)
		ck_assert_int_eq(setreuid(0, 0), 0);
}
END_TEST

START_TEST(what_was_left_is_removed)
{
	struct replica other;
	char *path;

	make_state();
	ck_assert_int_eq(
	    mkdir(kit_path("tmp/fraudsink-dry-run-killed"), 0700), 0);
	ck_assert_int_eq(
	    mkdir(kit_path("tmp/fraudsink-dry-run-killed/state"), 0700), 0);
	ck_assert_int_eq(symlink(kit_path("state/one"),
			     kit_path("tmp/fraudsink-dry-run-killed/one")),
	    0);
	/* Nothing else, and nothing that is in use. */
	ck_assert_int_eq(mkdir(kit_path("tmp/other"), 0700), 0);
	site_file("tmp/fraudsink-dry-run-file", "x");
	ck_assert_int_eq(
	    symlink(kit_path("state"), kit_path("tmp/fraudsink-dry-run-link")),
	    0);
	ck_assert_int_eq(replica_open(&other, c, &err), FSK_OK);
	ck_assert_uint_eq(site_files("tmp"), 4);
	open_it();
	ck_assert_uint_eq(site_files("tmp"), 5);
	ck_assert_str_eq(holds(other.c.state, "one/body"), "state/one/body");
	path = replica_path(&other, "state/one/body");
	ck_assert_int_eq(access(path, F_OK), 0);
	free(path);
	replica_close(&other);
	ck_assert_uint_eq(site_files("tmp"), 4);
	ck_assert_uint_eq(site_files("state/one"), 5);
}
END_TEST

START_TEST(what_others_left_stays)
{
	const char *path = kit_path("tmp/fraudsink-dry-run-theirs");

	ck_assert_int_eq(mkdir(path, 0777), 0);
	if (chown(path, 65534, 65534) == 0) {
		open_it();
		ck_assert_uint_eq(site_files("tmp"), 2);
	}
}
END_TEST

START_TEST(without_a_place)
{
	setenv("TMPDIR", "/nonexistent", 1);
	ck_assert_int_eq(replica_open(&r, c, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "'/nonexistent'"));
	unsetenv("TMPDIR");
	ck_assert_str_eq(replica_place(), "/var/tmp");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/replica");
	TCase *tc = tcase_create("replica");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_has_what_a_round_reads);
	tcase_add_test(tc, it_has_nothing_else);
	tcase_add_test(tc, what_is_done_to_it_stays_in_it);
	tcase_add_test(tc, only_its_own_is_removed);
	tcase_add_test(tc, others_cannot_look_in);
	tcase_add_test(tc, where_there_is_no_state);
	tcase_add_test(tc, relative_paths);
	tcase_add_test(tc, what_only_others_may_read);
	tcase_add_test(tc, what_was_left_is_removed);
	tcase_add_test(tc, what_others_left_stays);
	tcase_add_test(tc, without_a_place);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
