/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds bypass: what passes for a while. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "feeds/state.h"
#include "lib/bypass.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

static void
setup(void)
{
	site_setup();
	site_file("one", "a.example\nb.example\n");
	site_write("feed \"one\" { url = \"@/one\" }\n"
		   "policy { group \"schools\" { prefixes = {\"10.0.0.0/8\"} } "
		   "}");
}

/* Runs "bypass" with ARGS, which must exit with STATUS. */
static struct run
bypass(const char *args, int status)
{
	char command[1000];
	struct run r;

	snprintf(command, sizeof(command), "bypass -c feeds.conf %s", args);
	run_feeds(&r, NULL, command);
	ck_assert_msg(r.status == status, "'%s': exit status %d: %s", args,
	    r.status, r.err);
	return r;
}

static void
bypass_ok(const char *args)
{
	struct run r = bypass(args, 0);

	ck_assert_str_eq(r.err, "");
	run_free(&r);
}

static void
bypass_fails(const char *args, const char *why)
{
	struct run r = bypass(args, 2);

	ck_assert_msg(strstr(r.err, why) != NULL, "'%s': %s", args, r.err);
	ck_assert_str_eq(r.out, "");
	run_free(&r);
}

/* The bypasses that a resolver reads. */
static struct fsk_bypasses
in_force(void)
{
	struct fsk_bypasses b;
	struct fsk_error err = { 0 };
	int rc = fsk_bypasses_read(&b, kit_path("list.fsdb.bypass"), &err);

	ck_assert_msg(rc == FSK_OK, "%s", err.text);
	return b;
}

START_TEST(a_name_a_group_a_prefix)
{
	const int64_t now = (int64_t)time(NULL);
	struct fsk_bypasses b;
	struct stat st;

	bypass_ok("A.Example --for 30m --by me --why wrongly-listed");
	bypass_ok("schools --for 2h --by you --why exam");
	bypass_ok("192.0.2.0/24 --for 7d --by him --why test");
	bypass_ok("2001:db8::1 --for 366d --by her --why test");
	b = in_force();
	ck_assert_uint_eq(b.n, 4);
	ck_assert_int_eq((int)b.at[0].kind, FSK_BYPASS_NAME);
	ck_assert_uint_eq(b.at[0].name.len, kit_name("a.example").len);
	ck_assert_str_eq(b.at[0].by, "me");
	ck_assert_str_eq(b.at[0].why, "wrongly-listed");
	ck_assert_int_ge(b.at[0].since, now);
	ck_assert_int_eq(b.at[0].until - b.at[0].since, 1800);
	ck_assert_int_eq((int)b.at[1].kind, FSK_BYPASS_GROUP);
	ck_assert_str_eq(b.at[1].group, "schools");
	ck_assert_int_eq((int)b.at[2].kind, FSK_BYPASS_ADDRESS);
	ck_assert_uint_eq(b.at[2].bits, 120);
	ck_assert_uint_eq(b.at[3].bits, 128);
	ck_assert_int_eq(b.at[3].until - b.at[3].since, 366 * 86400);
	fsk_bypasses_fini(&b);
	/* The resolver is somebody else. */
	ck_assert_int_eq(stat(kit_path("list.fsdb.bypass"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
	/* No database is needed, and none is made. */
	ck_assert_int_eq(access(kit_path("list.fsdb"), F_OK), -1);
}
END_TEST

START_TEST(the_same_again_replaces_it)
{
	struct fsk_bypasses b;

	bypass_ok("a.example --for 1h --by me --why first");
	bypass_ok("b.example --for 1h --by me --why other");
	bypass_ok("A.EXAMPLE. --for 2h --by you --why second");
	b = in_force();
	ck_assert_uint_eq(b.n, 2);
	ck_assert_str_eq(b.at[0].why, "other");
	ck_assert_str_eq(b.at[1].why, "second");
	ck_assert_int_eq(b.at[1].until - b.at[1].since, 7200);
	fsk_bypasses_fini(&b);
}
END_TEST

START_TEST(ended_by_hand)
{
	struct fsk_bypasses b;
	struct run r;

	bypass_ok("a.example --for 1h --by me --why x");
	bypass_ok("10.0.0.0/8 --for 1h --by me --why x");
	bypass_ok("schools --for 1h --by me --why x");
	bypass_ok("--end 10.0.0.0/8 --by me --why y");
	b = in_force();
	ck_assert_uint_eq(b.n, 2);
	fsk_bypasses_fini(&b);
	r = bypass("--end 10.0.0.0/8 --by me --why y", 1);
	ck_assert_ptr_nonnull(
	    strstr(r.err, "there is no bypass for '10.0.0.0/8'"));
	run_free(&r);
	bypass_ok("--end a.example --by me --why y");
	bypass_ok("--end schools --by me --why y");
	b = in_force();
	ck_assert_uint_eq(b.n, 0);
	fsk_bypasses_fini(&b);
}
END_TEST

START_TEST(ended_by_itself)
{
	struct fsk_bypass at[2] = { { .kind = FSK_BYPASS_NAME,
	    .since = 100,
	    .until = 200,
	    .name = kit_name("old.example"),
	    .by = "x",
	    .why = "x" } };
	const struct fsk_bypasses old = { 1, at };
	struct fsk_bypasses b;
	size_t len;
	uint8_t *bytes = fsk_bypasses_pack(&old, &len);
	struct run r;

	kit_write(kit_path("list.fsdb.bypass"), bytes, len);
	free(bytes);
	r = bypass("--list", 0);
	ck_assert_str_eq(r.out, "");
	run_free(&r);
	r = bypass("--end old.example --by me --why y", 1);
	run_free(&r);
	/* It goes when the file is written anyway. */
	bypass_ok("a.example --for 1h --by me --why x");
	b = in_force();
	ck_assert_uint_eq(b.n, 1);
	fsk_bypasses_fini(&b);
}
END_TEST

START_TEST(lists)
{
	char until[40];
	struct run r;
	json_t *j;
	time_t t;
	struct tm tm;

	bypass_ok("a.example --for 1d --by me --why because");
	bypass_ok("192.0.2.0/24 --for 1d --by me --why because");
	r = bypass("--list --json", 0);
	*strchr(r.out, '\n') = '\0';
	j = run_json(r.out);
#define STRING(key) json_string_value(json_object_get(j, key))
#define NUMBER(key) json_integer_value(json_object_get(j, key))
	ck_assert_str_eq(STRING("kind"), "name");
	ck_assert_str_eq(STRING("what"), "a.example");
	ck_assert_str_eq(STRING("by"), "me");
	ck_assert_str_eq(STRING("why"), "because");
	ck_assert_int_eq(NUMBER("until") - NUMBER("since"), 86400);
	t = (time_t)NUMBER("until");
	json_decref(j);
	run_free(&r);
	gmtime_r(&t, &tm);
	strftime(until, sizeof(until), "until %FT%TZ", &tm);
	r = bypass("--list", 0);
	site_has_line(r.out, "name     a.example  until ", ", by me: because");
	site_has_line(r.out, "name     a.example  ", until);
	site_has_line(r.out, "address  192.0.2.0/24  until ", "because");
	run_free(&r);
}
END_TEST

START_TEST(all_that_is_done_is_in_the_log)
{
	char *log, *line, *save;
	unsigned n = 0;
	struct stat st;
	size_t len;
	json_t *j;

	bypass_ok("a.example --for 1h --by J\303\266rg --why b\"c");
	bypass_ok("schools --for 1h --by J\366rg --why x");
	bypass_ok("--end a.example --by me --why done");
	{
		struct run r = bypass("--end a.example --by me --why done", 1);

		run_free(&r); /* nothing was done */
	}
	log = state_text(kit_path("state/audit.log"), &len);
	ck_assert_ptr_nonnull(log);
	for (line = strtok_r(log, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save), n++) {
		static const char *const done[] = { "bypass", "bypass",
			"bypass-end" };
		static const char *const what[] = { "a.example", "schools",
			"a.example" };
		static const char *const by[] = { "J\303\266rg", "J?rg", "me" };

		j = run_json(line);
		ck_assert_uint_lt(n, 3);
		ck_assert_str_eq(STRING("done"), done[n]);
		ck_assert_str_eq(STRING("what"), what[n]);
		/* Who did it is never lost. */
		ck_assert_str_eq(STRING("by"), by[n]);
		ck_assert_int_eq(
		    json_is_null(json_object_get(j, "until")), n == 2);
		json_decref(j);
	}
	ck_assert_uint_eq(n, 3);
	free(log);
	ck_assert_int_eq(stat(kit_path("state/audit.log"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
}
END_TEST

START_TEST(nothing_is_done_unseen)
{
	bypass_ok("a.example --for 1h --by me --why x");
	ck_assert_int_eq(unlink(kit_path("state/audit.log")), 0);
	ck_assert_int_eq(mkdir(kit_path("state/audit.log"), 0755), 0);
	bypass_fails("b.example --for 1h --by me --why x", "cannot append to");
	bypass_fails("--end a.example --by me --why x", "cannot append to");
	{
		struct fsk_bypasses b = in_force();

		ck_assert_uint_eq(b.n, 1);
		fsk_bypasses_fini(&b);
	}
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
	char args[600], text[260] = "";
	struct fsk_bypasses b;

	for (unsigned i = 0; i < 126; i++)
		strcat(text, i == 0 ? "x" : "\303\244");
	snprintf(
	    args, sizeof(args), "a.example --for 1h --by me --why %s", text);
	bypass_ok(args);
	b = in_force();
	ck_assert_uint_eq(strlen(b.at[0].why), 127);
	fsk_bypasses_fini(&b);
	snprintf(
	    args, sizeof(args), "a.example --for 1h --by me --why x%s", text);
	bypass_ok(args);
	b = in_force();
	ck_assert_uint_eq(strlen(b.at[0].why), 126);
	fsk_bypasses_fini(&b);
}
END_TEST

static const struct {
	const char *args, *why;
} wrong[] = {
	{ "", "say what" },
	{ "a.example", "say who decided it" },
	{ "a.example --for 1h", "say who decided it" },
	{ "a.example --for 1h --by me", "say who decided it" },
	{ "a.example --by me --why x", "say --for how long" },
	{ "a.example --for 0 --by me --why x", "'0' is no time" },
	{ "a.example --for 367d --by me --why x", "'367d' is no time" },
	{ "a.example --for -1h --by me --why x", "is no time" },
	{ "a.example --for ever --by me --why x", "is no time" },
	{ "a.example b.example --for 1h --by me --why x", "say what" },
	{ "a..b --for 1h --by me --why x", "'a..b' is no prefix, no group of" },
	{ "shcools --for 1h --by me --why x", "a whole top-level domain" },
	{ "com --for 1h --by me --why x", "a whole top-level domain" },
	{ ". --for 1h --by me --why x", "is no prefix, no group" },
	{ "10.0.0.0/33 --for 1h --by me --why x", "is no prefix, no group" },
	{ "--end --by me --why x", "say what" },
	{ "--end a.example", "say who decided it" },
	{ "--list a.example", "too many arguments" },
	{ "--bogus", "bad command line" },
};

START_TEST(what_is_wrong_is_told)
{
	bypass_fails(wrong[_i].args, wrong[_i].why);
	ck_assert_int_eq(access(kit_path("list.fsdb.bypass"), F_OK), -1);
	ck_assert_int_eq(access(kit_path("state/audit.log"), F_OK), -1);
}
END_TEST

START_TEST(a_damaged_file_is_told)
{
	site_file("list.fsdb.bypass", "garbage");
	bypass_fails("--list", "holds no bypasses");
	bypass_fails("a.example --for 1h --by me --why x", "holds no bypasses");
	ck_assert_int_eq(access(kit_path("state/audit.log"), F_OK), -1);
}
END_TEST

START_TEST(many_at_once_lose_none)
{
	struct run_on p[6];
	struct fsk_bypasses b;
	unsigned good = 0;

	ck_assert_int_eq(mkdir(kit_path("state"), 0755), 0);
	for (unsigned i = 0; i < 6; i++) {
		char args[200];

		snprintf(args, sizeof(args),
		    "bypass -c feeds.conf n%u.example --for 1h --by me --why x",
		    i);
		run_start(&p[i], NULL, args, NULL);
	}
	for (unsigned i = 0; i < 6; i++) {
		struct run r;

		run_end(&p[i], &r);
		good += r.status == 0;
		/* One at a time; the others are told so. */
		if (r.status != 0)
			ck_assert_ptr_nonnull(
			    strstr(r.err, "another run is at work on"));
		run_free(&r);
	}
	b = in_force();
	ck_assert_uint_ge(good, 1);
	ck_assert_uint_eq(b.n, good);
	fsk_bypasses_fini(&b);
}
END_TEST

START_TEST(it_does_not_wait_for_a_round)
{
	int lock;
	struct fsk_error err;

	ck_assert_int_eq(state_lock(kit_path("state"), &lock, &err), FSK_OK);
	bypass_ok("a.example --for 1h --by me --why x");
	state_unlock(lock);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/bypass.c");
	TCase *tc = tcase_create("bypasses");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_test(tc, a_name_a_group_a_prefix);
	tcase_add_test(tc, the_same_again_replaces_it);
	tcase_add_test(tc, ended_by_hand);
	tcase_add_test(tc, ended_by_itself);
	tcase_add_test(tc, lists);
	tcase_add_test(tc, all_that_is_done_is_in_the_log);
	tcase_add_test(tc, nothing_is_done_unseen);
	tcase_add_test(tc, long_texts_are_cut_between_characters);
	tcase_add_loop_test(
	    tc, what_is_wrong_is_told, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(tc, a_damaged_file_is_told);
	tcase_add_test(tc, many_at_once_lose_none);
	tcase_add_test(tc, it_does_not_wait_for_a_round);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
