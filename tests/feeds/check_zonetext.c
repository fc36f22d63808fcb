/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feeds/zonetext.h"
#include "tests/lib/kit.h"

#define SOA(serial) \
	"zone.test.\t60\tIN\tSOA\tns.test. a.test. " serial " 1 2 3 4"

static char to[256], have[256];

static void
setup(void)
{
	kit_setup();
	snprintf(to, sizeof(to), "%s", kit_path("zone"));
	snprintf(have, sizeof(have), "%s", kit_path("kept"));
}

static struct zonetext *
open_text(uint64_t max)
{
	struct fsk_error err;
	struct zonetext *z;

	ck_assert_int_eq(zonetext_open(&z, to, max, NULL, &err), 0);
	return z;
}

/* Fails unless the file PATH is TEXT; NULL: is not there. */
static void
is_file(const char *path, const char *text)
{
	size_t len;
	uint8_t *got;

	if (text == NULL) {
		ck_assert_int_eq(access(path, F_OK), -1);
		return;
	}
	got = kit_read(path, &len);
	ck_assert_uint_eq(len, strlen(text));
	ck_assert_int_eq(memcmp(got, text, len), 0);
	free(got);
}

START_TEST(a_zone_is_written_in_order_each_record_once)
{
	static const char *const lines[] = { "b", "a\tx", "a", "b", "c", "a" };
	struct zonetext *z = open_text(1000);
	struct fsk_error err;
	uint64_t records;
	struct stat st;

	for (unsigned i = 0; i < 6; i++)
		ck_assert_int_eq(
		    zonetext_add(z, lines[i], strlen(lines[i]), &err), 0);
	ck_assert_int_eq(zonetext_write(z, SOA("1"), &records, &err), 0);
	zonetext_close(z);
	is_file(to, SOA("1") "\na\na\tx\nb\nc\n");
	ck_assert_uint_eq(records, 5);
	ck_assert_uint_eq(kit_files(), 1);
	ck_assert_int_eq(stat(to, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
}
END_TEST

START_TEST(what_is_not_written_leaves_what_was)
{
	struct zonetext *z = open_text(60);
	struct fsk_error err;
	uint64_t records;

	kit_write(to, "before", 6);
	ck_assert_int_eq(zonetext_add(z, "a", 1, &err), 0);
	zonetext_close(z);
	/* One octet too many: first to hold, then with the SOA to write. */
	z = open_text(1);
	ck_assert_int_eq(zonetext_add(z, "a", 1, &err), FSK_EFORMAT);
	ck_assert_str_eq(err.text, "the zone is over the limit of 1 octets");
	zonetext_close(z);
	z = open_text(sizeof(SOA("1")) + 2);
	ck_assert_int_eq(zonetext_add(z, "a", 1, &err), 0);
	ck_assert_int_eq(zonetext_write(z, SOA("1"), &records, &err), 0);
	zonetext_close(z);
	kit_write(to, "before", 6);
	z = open_text(sizeof(SOA("1")) + 1);
	ck_assert_int_eq(zonetext_add(z, "a", 1, &err), 0);
	ck_assert_int_eq(
	    zonetext_write(z, SOA("1"), &records, &err), FSK_EFORMAT);
	zonetext_close(z);
	zonetext_close(NULL);
	is_file(to, "before");
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

/* Whoever is killed leaves one file at most, which the next one takes. */
START_TEST(what_killed_runs_left_does_not_add_up)
{
	struct fsk_error err;
	struct zonetext *z;
	uint64_t records;

	for (unsigned i = 0; i < 3; i++) {
		const struct rlimit small = { 1 << 10, 1 << 10 };
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			char line[2000];

			z = open_text(1 << 20);
			memset(line, 'a', sizeof(line));
			zonetext_add(z, line, sizeof(line), &err);
			signal(SIGXFSZ, SIG_DFL);
			setrlimit(RLIMIT_FSIZE, &small);
			zonetext_write(z, SOA("1"), &records, &err);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		ck_assert_uint_le(kit_files(), 1);
	}
	ck_assert_uint_eq(kit_files(), 1);
	z = open_text(1000);
	ck_assert_int_eq(zonetext_write(z, SOA("1"), &records, &err), 0);
	zonetext_close(z);
	is_file(to, SOA("1") "\n");
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

/* ---- differences ---- */

/* Differences as "+a -b". */
static void
make_changes(struct zonetext *z, const char *changes)
{
	char *copy = strdup(changes), *save;
	struct fsk_error err;

	ck_assert_ptr_nonnull(copy);
	for (char *word = strtok_r(copy, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save))
		ck_assert_int_eq(zonetext_change(z, word[0] == '+', word + 1,
				     strlen(word + 1), &err),
		    0);
	free(copy);
}

static const struct {
	const char *have, *changes, *want; /* NULL: they do not fit */
} cases[] = {
	{ "S\n", "", "S\n" },
	{ "S\na\nb\nd\n", "", "S\na\nb\nd\n" },
	{ "S\na\nb\nd\n", "-a +c", "S\nb\nc\nd\n" },
	{ "S\na\nb\nd\n", "+e -d +0", "S\n0\na\nb\ne\n" },
	{ "S\na\nb\nd\n", "-a -b -d", "S\n" },
	{ "S\n", "+b +a", "S\na\nb\n" },
	{ "S\na\n", "-a +a -a +a", "S\na\n" },
	{ "S\na\n", "+b -b +b -b", "S\na\n" },
	{ "S\nab\n", "+a +abc +ac", "S\na\nab\nabc\nac\n" },
	{ "S\na\nb\n", "-c", NULL },
	{ "S\na\nb\n", "-0", NULL },
	{ "S\na\nb\n", "-aa", NULL },
	{ "S\na\nb\n", "+a", NULL },
	{ "S\na\nb\n", "-a -a", NULL },
	{ "S\na\nb\n", "+c +c", NULL },
	{ "S\na\nb\n", "+c -c -c", NULL },
	/* Not a text of ours. */
	{ "", "", "S\n" },
	{ "S", "", NULL },
	{ "S\na\nb", "+c", NULL },
	{ "S\nb\na\n", "+c", NULL },
	{ "S\na\na\n", "+c", NULL },
	{ "S\nb\n\nc\n", "+d", NULL },
	{ NULL, "", NULL },
};
#define CASES (int)(sizeof(cases) / sizeof(*cases))

START_TEST(differences)
{
	struct zonetext *z = open_text(1000);
	struct fsk_error err = { 0 };
	uint64_t records;
	int rc;

	if (cases[_i].have != NULL)
		kit_write(have, cases[_i].have, strlen(cases[_i].have));
	kit_write(to, "before", 6);
	make_changes(z, cases[_i].changes);
	rc = zonetext_apply(z, have, "S", &records, &err);
	zonetext_close(z);
	ck_assert_msg(rc == (cases[_i].want != NULL ? FSK_OK : FSK_EINVAL),
	    "%d: %s", rc, err.text);
	is_file(to, cases[_i].want != NULL ? cases[_i].want : "before");
	ck_assert_uint_eq(kit_files(), cases[_i].have != NULL ? 2 : 1);
}
END_TEST

/* So many that they do not stay in memory, against a table of what is there. */
START_TEST(many_differences)
{
	enum { NAMES = 200000 };
	static bool there[NAMES];
	char line[400], filler[300];
	struct zonetext *z = open_text(UINT64_MAX);
	struct fsk_error err;
	uint64_t records, want = 1;
	char *text;
	size_t len;
	FILE *f;

	memset(filler, 'x', sizeof(filler));
	for (unsigned i = 0; i < NAMES; i++) {
		there[i] = kit_below(2) == 0;
		if (!there[i])
			continue;
		snprintf(line, sizeof(line), "%06u%.*s", i, i % 300, filler);
		ck_assert_int_eq(zonetext_add(z, line, strlen(line), &err), 0);
	}
	ck_assert_int_eq(zonetext_write(z, "S", &records, &err), 0);
	zonetext_close(z);
	ck_assert_int_eq(rename(to, have), 0);

	z = open_text(UINT64_MAX);
	for (unsigned n = 0; n < 300000; n++) {
		unsigned i = kit_below(NAMES);

		there[i] = !there[i];
		snprintf(line, sizeof(line), "%06u%.*s", i, i % 300, filler);
		ck_assert_int_eq(
		    zonetext_change(z, there[i], line, strlen(line), &err), 0);
	}
	ck_assert_int_eq(zonetext_apply(z, have, "S", &records, &err), 0);
	zonetext_close(z);

	f = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(f);
	fputs("S\n", f);
	for (unsigned i = 0; i < NAMES; i++)
		if (there[i]) {
			fprintf(f, "%06u%.*s\n", i, i % 300, filler);
			want++;
		}
	ck_assert_int_eq(fclose(f), 0);
	is_file(to, text);
	ck_assert_uint_eq(records, want);
	free(text);
}
END_TEST

START_TEST(the_flag_ends_the_writing)
{
	atomic_bool stop = true;
	struct fsk_error err;
	struct zonetext *z;
	uint64_t records;

	ck_assert_int_eq(zonetext_open(&z, to, 1000, &stop, &err), 0);
	ck_assert_int_eq(zonetext_write(z, "S", &records, &err), FSK_EIO);
	ck_assert_str_eq(err.text, "stopped");
	zonetext_close(z);
	ck_assert_uint_eq(kit_files(), 0);
}
END_TEST

/* ---- what is kept ---- */

START_TEST(the_soa_of_what_is_kept)
{
	static const struct {
		const char *text;
		uint32_t serial; /* 0: none */
	} texts[] = {
		{ SOA("7") "\n", 7 },
		{ SOA("7") "\na\n", 7 },
		{ SOA("4294967295") "\n", 4294967295u },
		{ SOA("7"), 0 },
		{ SOA("4294967296") "\n", 0 },
		{ SOA("99999999999999999999") "\n", 0 },
		{ SOA("-7") "\n", 0 },
		{ SOA("") "\n", 0 },
		{ SOA("7x") "\n", 0 },
		{ "", 0 },
		{ "\n", 0 },
		{ "zone.test.\n", 0 },
		{ "zone.test.\t60\tIN\tSOA\n", 0 },
		{ "zone.test.\t60\tIN\tSOA\t\n", 0 },
		{ "zone.test.\t60\tIN\tSOA\tns.test.\n", 0 },
		{ "zone.test.\t60\tIN\tNS\tns.test. a.test. 7 1 2 3 4\n", 0 },
		{ "zone.tes.\t60\tIN\tSOA\tns.test. a.test. 7 1 2 3 4\n", 0 },
		{ "zone.test.x\t60\tIN\tSOA\tns.test. a.test. 7 1 2 3\n", 0 },
		{ "<html>\n", 0 },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		uint32_t serial = 0;
		char *soa;

		kit_write(have, texts[i].text, strlen(texts[i].text));
		soa = zonetext_soa(have, "zone.test.", &serial);
		ck_assert_msg((soa != NULL) == (texts[i].serial != 0), "'%s'",
		    texts[i].text);
		if (soa != NULL) {
			ck_assert_uint_eq(serial, texts[i].serial);
			ck_assert_uint_eq(
			    strlen(soa), strcspn(texts[i].text, "\n"));
		}
		free(soa);
	}
	ck_assert_int_eq(unlink(have), 0);
	ck_assert_ptr_null(zonetext_soa(have, "zone.test.", &(uint32_t){ 0 }));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/zonetext.c");
	TCase *tc = tcase_create("texts");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_test(tc, a_zone_is_written_in_order_each_record_once);
	tcase_add_test(tc, what_is_not_written_leaves_what_was);
	tcase_add_test(tc, what_killed_runs_left_does_not_add_up);
	tcase_add_loop_test(tc, differences, 0, CASES);
	tcase_add_test(tc, many_differences);
	tcase_add_test(tc, the_flag_ends_the_writing);
	tcase_add_test(tc, the_soa_of_what_is_kept);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
