/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds diff as its users run it */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/feeds/run.h"
#include "tests/lib/kit.h"

static void
setup(void)
{
	kit_setup();
	run_file("a1",
	    "same.example\ngone.example\n*.gone.example\nboth.example\n"
	    "left.example\nred.example\n");
	run_file("b1", "both.example\nkind.example\n");
	free(run_output("build -q -o old.fsdb --serial 1 --since 2026-01-01 "
			"--feed alpha a1 --feed beta b1"));
	run_file("a2", "same.example\nboth.example\nnew.example\n");
	run_file("b2", "both.example\n=kind.example\nleft.example\n");
	run_file("c2", "red.example\nold.example\n");
	run_file("d2", "fine.example\n");
	free(run_output("build -q -o new.fsdb --serial 2 --since 2026-01-01 "
			"--feed alpha a2 --feed beta b2 --feed gamma "
			"--severity yellow --category scam --since 2026-02-01 "
			"--action nodata c2 --feed delta --severity red "
			"--since 2026-01-01 --action allow d2"));
}

static int
by_text(const void *ap, const void *bp)
{
	const char *const *a = ap, *const *b = bp;

	return strcmp(*a, *b);
}

/* Puts those lines of TEXT in order that begin with a sign. */
static void
sort_names(char *text)
{
	char *copy = strdup(text), *line[64], *save, *out = text;
	size_t n = 0, names = 0;

	ck_assert_ptr_nonnull(copy);
	for (char *l = strtok_r(copy, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save)) {
		ck_assert_uint_lt(n, 64);
		line[n++] = l;
		if (strchr("+-~", *l) != NULL)
			names = n;
	}
	qsort(line, names, sizeof(*line), by_text);
	for (size_t i = 0; i < n; i++)
		out += sprintf(out, "%s\n", line[i]);
	free(copy);
}

#define TABLE \
	"feed                            added      removed      changed\n" \
	"alpha                               1            4            0\n" \
	"beta                                2            1            0\n" \
	"delta                               1            0            0\n" \
	"gamma                               2            0            0\n" \
	"all entries                         4            3            2\n" \
	"entries 7 -> 8, URLs 0 -> 0, serial 1 -> 2\n"

START_TEST(differences_are_counted_by_feed)
{
	struct run r;

	run_feeds(&r, NULL, "diff old.fsdb new.fsdb");
	ck_assert_int_eq(r.status, 1);
	ck_assert_str_eq(r.err, "");
	ck_assert_str_eq(r.out, TABLE);
	run_free(&r);
}
END_TEST

START_TEST(names_are_told_with_what_changed)
{
	struct run r;

	run_feeds(&r, NULL, "diff --names old.fsdb new.fsdb");
	ck_assert_int_eq(r.status, 1);
	sort_names(r.out);
	ck_assert_str_eq(r.out,
	    "+ =kind.example  beta\n"
	    "+ @@fine.example  delta\n"
	    "+ new.example  alpha\n"
	    "+ old.example  gamma\n"
	    "- *.gone.example  alpha\n"
	    "- gone.example  alpha\n"
	    "- kind.example  beta\n"
	    "~ left.example  feeds alpha -> beta\n"
	    "~ red.example  action nxdomain -> nodata, severity red -> yellow, "
	    "category fraud -> scam, since 2026-01-01 -> 2026-02-01, feeds "
	    "alpha -> gamma\n" TABLE);
	run_free(&r);
}
END_TEST

START_TEST(a_limit_is_for_each_kind)
{
	unsigned kinds[3] = { 0 };
	struct run r;
	char *save;

	run_feeds(&r, NULL, "diff --names --limit 1 old.fsdb new.fsdb");
	ck_assert_int_eq(r.status, 1);
	ck_assert_ptr_nonnull(strstr(r.out, TABLE));
	for (char *l = strtok_r(r.out, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save))
		if (strchr("+-~", *l) != NULL)
			kinds[strchr("+-~", *l) - "+-~"]++;
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(kinds[i], 1);
	run_free(&r);
}
END_TEST

/* What alone changes of an entry, seen by its feed. */
static const struct {
	const char *options, *what;
} changes[] = {
	{ "--severity yellow", "severity red -> yellow" },
	{ "--category scam", "category fraud -> scam" },
	{ "--since 2026-01-02", "since 2026-01-01 -> 2026-01-02" },
	{ "--ttl 61", "ttl 60 -> 61" },
	{ "--action nodata", "action nxdomain -> nodata" },
	{ "--sinkhole 192.0.2.1", "action nxdomain -> sinkhole" },
};

START_TEST(a_feed_changes_an_entry)
{
	char args[256], want[512];
	struct run r;

	run_file("in", "x.example\n");
	free(run_output("build -q -o a.fsdb --serial 1 --since 2026-01-01 in"));
	snprintf(args, sizeof(args),
	    "build -q -o b.fsdb --serial 1 --since 2026-01-01 %s in",
	    changes[_i].options);
	free(run_output(args));
	run_feeds(&r, NULL, "diff --names a.fsdb b.fsdb");
	ck_assert_int_eq(r.status, 1);
	snprintf(want, sizeof(want),
	    "~ x.example  %s\n"
	    "feed                            added      removed      changed\n"
	    "in                                  0            0            1\n"
	    "all entries                         0            0            1\n"
	    "entries 1 -> 1, URLs 0 -> 0, serial 1 -> 1\n",
	    changes[_i].what);
	ck_assert_str_eq(r.out, want);
	run_free(&r);
}
END_TEST

START_TEST(other_addresses_are_a_change)
{
	struct run r;

	run_file("in", "x.example\n");
	free(run_output("build -q -o a.fsdb --sinkhole 192.0.2.1 in"));
	free(run_output("build -q -o b.fsdb --sinkhole 192.0.2.2 in"));
	run_feeds(&r, NULL, "diff --names a.fsdb b.fsdb");
	ck_assert_int_eq(r.status, 1);
	ck_assert_ptr_nonnull(strstr(r.out, "~ x.example  answer\n"));
	run_free(&r);
}
END_TEST

static json_t *
entry_of(json_t *array, const char *name)
{
	json_t *v;
	size_t i;

	json_array_foreach(array, i, v)
	{
		const char *is = json_string_value(json_object_get(v, "entry"));

		if (is != NULL && strcmp(is, name) == 0)
			return v;
	}
	ck_abort_msg("no '%s'", name);
	return NULL;
}

START_TEST(json_has_all)
{
	struct run r;
	json_t *j, *v;

	run_feeds(&r, NULL, "diff --json old.fsdb new.fsdb");
	ck_assert_int_eq(r.status, 1);
	j = run_json(r.out);
#define AT(o, key)     json_object_get(o, key)
#define NUMBER(o, key) json_integer_value(AT(o, key))
#define STRING(o, key) json_string_value(AT(o, key))
	ck_assert_int_eq(NUMBER(AT(j, "before"), "serial"), 1);
	ck_assert_int_eq(NUMBER(AT(j, "before"), "entries"), 7);
	ck_assert_int_eq(NUMBER(AT(j, "after"), "entries"), 8);
	ck_assert_int_eq(NUMBER(AT(j, "after"), "urls"), 0);
	ck_assert_int_eq(NUMBER(AT(j, "total"), "added"), 4);
	ck_assert_int_eq(NUMBER(AT(j, "total"), "removed"), 3);
	ck_assert_int_eq(NUMBER(AT(j, "total"), "changed"), 2);
	ck_assert_uint_eq(json_array_size(AT(j, "feeds")), 4);
	v = json_array_get(AT(j, "feeds"), 0);
	ck_assert_str_eq(STRING(v, "name"), "alpha");
	ck_assert_int_eq(NUMBER(v, "added"), 1);
	ck_assert_int_eq(NUMBER(v, "removed"), 4);
	ck_assert_int_eq(NUMBER(v, "changed"), 0);
	ck_assert_uint_eq(json_array_size(AT(j, "added")), 4);
	ck_assert_uint_eq(json_array_size(AT(j, "removed")), 3);
	ck_assert_uint_eq(json_array_size(AT(j, "changed")), 2);
	v = entry_of(AT(j, "added"), "kind.example");
	ck_assert_str_eq(STRING(v, "match"), "exact");
	ck_assert_str_eq(
	    json_string_value(json_array_get(AT(v, "feeds"), 0)), "beta");
	v = entry_of(AT(j, "changed"), "red.example");
	ck_assert_str_eq(STRING(AT(v, "before"), "severity"), "red");
	ck_assert_str_eq(STRING(AT(v, "after"), "severity"), "yellow");
	json_decref(j);
	run_free(&r);

	run_feeds(&r, NULL, "diff --json --limit 0 old.fsdb new.fsdb");
	ck_assert_int_eq(r.status, 1);
	j = run_json(r.out);
	ck_assert_int_eq(NUMBER(AT(j, "total"), "added"), 4);
	ck_assert_uint_eq(json_array_size(AT(j, "added")), 0);
	ck_assert_uint_eq(json_array_size(AT(j, "changed")), 0);
	json_decref(j);
	run_free(&r);
#undef AT
#undef NUMBER
#undef STRING
}
END_TEST

/* Keys, serials, order and threads are no difference. */
START_TEST(equal_lists_have_none)
{
	char *out;
	json_t *j;

	free(run_output("build -q -o again.fsdb --serial 3 --since 2026-01-01 "
			"--feed beta b1 --feed alpha a1"));
	out = run_output("diff --names old.fsdb again.fsdb");
	ck_assert_str_eq(out,
	    "feed                            added      removed      changed\n"
	    "alpha                               0            0            0\n"
	    "beta                                0            0            0\n"
	    "all entries                         0            0            0\n"
	    "entries 7 -> 7, URLs 0 -> 0, serial 1 -> 3\n");
	free(out);
	free(run_output("diff old.fsdb old.fsdb"));
	out = run_output("diff --json old.fsdb old.fsdb");
	j = run_json(out);
	ck_assert_uint_eq(json_array_size(json_object_get(j, "added")), 0);
	json_decref(j);
	free(out);
}
END_TEST

/* From OLD to NEW and back, with lists that nest, against sort and comm. */
START_TEST(random_lists_differ_as_their_lines_do)
{
	char command[512];

	kit_seed((uint64_t)_i);
	for (unsigned i = 0; i < 2; i++) {
		FILE *f = fopen(kit_path(i == 0 ? "in1" : "in2"), "w");

		ck_assert_ptr_nonnull(f);
		for (unsigned n = 0; n < 3000; n++)
			fprintf(f, "%s%c%u.%c%u.example\n",
			    (const char *const[]){
				"", "=", "*." }[kit_below(3)],
			    'a' + (int)kit_below(3), kit_below(40),
			    'a' + (int)kit_below(3), kit_below(40));
		ck_assert_int_eq(fclose(f), 0);
	}
	free(run_output("build -q -o a.fsdb --feed f in1"));
	free(run_output("build -q -o b.fsdb --feed f in2"));
	snprintf(command, sizeof(command),
	    "cd %s && export LC_ALL=C && sort -u in1 >s1 && sort -u in2 >s2 && "
	    "{ comm -13 s1 s2 | sed 's/.*/+ &  f/'; comm -23 s1 s2 | "
	    "sed 's/.*/- &  f/'; } | sort >want; \"$FRAUDSINK_TEST_FEEDS\" "
	    "diff "
	    "--names a.fsdb b.fsdb | grep '^[-+~]' | sort | cmp - want",
	    kit_dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

static const struct {
	const char *args, *word;
} wrong[] = {
	{ "diff", "two databases" },
	{ "diff old.fsdb", "two databases" },
	{ "diff old.fsdb new.fsdb new.fsdb", "two databases" },
	{ "diff old.fsdb absent", "absent" },
	{ "diff absent new.fsdb", "absent" },
	{ "diff a1 new.fsdb", "not a fraudsink database" },
	{ "diff secret.fsdb new.fsdb", "'secret.fsdb' is secret" },
	{ "diff old.fsdb secret.fsdb", "'secret.fsdb' is secret" },
	{ "diff --limit x old.fsdb new.fsdb", "bad limit 'x'" },
	{ "diff --nonsense old.fsdb new.fsdb", "nonsense" },
};

START_TEST(errors_are_told)
{
	struct run r;

	free(run_output("build -q --secret -o secret.fsdb a1"));
	run_feeds(&r, NULL, wrong[_i].args);
	ck_assert_int_eq(r.status, 2);
	ck_assert_str_eq(r.out, "");
	ck_assert_msg(strstr(r.err, wrong[_i].word) != NULL, "%s", r.err);
	run_free(&r);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	char command[256];

	if (access("/dev/full", W_OK) != 0) {
		printf("skipped: a_full_disk_is_told: no /dev/full\n");
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
		    "cd %s && \"$FRAUDSINK_TEST_FEEDS\" diff %s old.fsdb "
		    "new.fsdb >/dev/full 2>err; test $? = 2 && grep -q "
		    "'cannot write' err",
		    kit_dir, i == 0 ? "--names" : "--json");
		ck_assert_int_eq(system(command), 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/diff");
	TCase *tc = tcase_create("command");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_test(tc, differences_are_counted_by_feed);
	tcase_add_test(tc, names_are_told_with_what_changed);
	tcase_add_test(tc, a_limit_is_for_each_kind);
	tcase_add_loop_test(
	    tc, a_feed_changes_an_entry, 0, sizeof(changes) / sizeof(*changes));
	tcase_add_test(tc, other_addresses_are_a_change);
	tcase_add_test(tc, json_has_all);
	tcase_add_test(tc, equal_lists_have_none);
	tcase_add_loop_test(tc, random_lists_differ_as_their_lines_do, 0, 3);
	tcase_add_loop_test(
	    tc, errors_are_told, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(tc, a_full_disk_is_told);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
