/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds export: each form, read as its readers read it, says of every
 * name what the database says.  Lists are random and nest; the readers are
 * modelled here, as plainly as can be. */
#include <cdb.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db.h"
#include "tests/feeds/run.h"
#include "tests/lib/kit.h"

#define LISTS 12
#define ASKED 600

/* ---- a random list ---- */

static void
random_name(char *out, unsigned most)
{
	static const char *const labels[] = { "a", "b", "0", "z-z", "9" };

	*out = '\0';
	for (unsigned n = 1 + kit_below(most); n > 0; n--)
		strcat(strcat(out, labels[kit_below(5)]), ".");
	strcat(out, "t");
}

/* N entries, with the marks of all kinds of match or of none. */
static void
random_list(const char *file, unsigned n, unsigned depth, bool marks)
{
	static const char *const mark[] = { "", "", "", "=", "*." };
	FILE *f = fopen(kit_path(file), "w");
	char name[64];

	ck_assert_ptr_nonnull(f);
	for (; n > 0; n--) {
		random_name(name, depth);
		fprintf(f, "%s%s\n", marks ? mark[kit_below(5)] : "", name);
	}
	ck_assert_int_eq(fclose(f), 0);
}

static struct fsk_db *db;

static void
make_lists(uint64_t seed, unsigned depth, bool marks)
{
	struct fsk_error err;

	kit_seed(seed);
	random_list("black", 25, depth, marks);
	random_list("sink", 8, depth, marks);
	random_list("ok", 14, depth, marks);
	free(run_output("build -q -o a.fsdb black --action allow ok --action "
			"sinkhole --sinkhole 192.0.2.1 sink"));
	ck_assert_int_eq(
	    fsk_db_open(&db, kit_path("a.fsdb"), FSK_DB_MAP, &err), FSK_OK);
}

/* What the database says: "", "pass", "nxdomain" or "sinkhole". */
static const char *
verdict(const char *text)
{
	const struct fsk_found found = kit_ask(db, text);
	struct fsk_attr a;

	if (!found.covered)
		return "";
	fsk_db_attr(db, found.attr, &a);
	return a.allow ? "pass" : fsk_action_word(a.answer->action);
}

/* ---- what a form says, line by line ---- */

static struct line {
	char name[128]; /* as it stands there, with "*." */
	char what[16];
	unsigned level;
} line[4096];
static unsigned lines;

static void
add_line(const char *name, size_t len, const char *what, unsigned level)
{
	struct line *l = &line[lines++];

	ck_assert_uint_lt(lines, 4096);
	ck_assert_uint_lt(len, sizeof(l->name));
	memcpy(l->name, name, len);
	l->name[len] = '\0';
	snprintf(l->what, sizeof(l->what), "%s", what);
	l->level = level;
}

static const struct line *
find_line(const char *name)
{
	for (unsigned i = 0; i < lines; i++)
		if (strcmp(line[i].name, name) == 0)
			return &line[i];
	return NULL;
}

/* Whether NAME is X or ends in ".X". */
static bool
is_at_or_below(const char *name, const char *x)
{
	size_t n = strlen(name), m = strlen(x);

	return n >= m && strcmp(name + n - m, x) == 0 &&
	    (n == m || name[n - m - 1] == '.');
}

static const char *
parent(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? dot + 1 : NULL;
}

/* ---- policy zones ---- */

static void
read_rpz(const char *text)
{
	char owner[128], type[16], data[32];

	sscanf(text, "%127s %15s %31s", owner, type, data);
	if (*owner == ';' || *owner == '$' || *owner == '@')
		return;
	/* One name has one rule. */
	ck_assert_ptr_null(find_line(owner));
	if (strcmp(type, "A") == 0) {
		ck_assert_str_eq(data, "192.0.2.1");
		add_line(owner, strlen(owner), "sinkhole", 0);
		return;
	}
	ck_assert_str_eq(type, "CNAME");
	add_line(owner, strlen(owner),
	    strcmp(data, ".") == 0 ? "nxdomain" : "pass", 0);
	if (strcmp(data, ".") != 0)
		ck_assert_str_eq(data, "rpz-passthru.");
}

/* As DNS has it (RFC 4592): the wildcard below the closest encloser. */
static const char *
ask_rpz(const char *name)
{
	const struct line *l = find_line(name);
	char wild[160];

	if (l != NULL)
		return l->what;
	for (const char *up = name; up != NULL; up = parent(up)) {
		bool exists = false;

		for (unsigned i = 0; i < lines && !exists; i++)
			exists = is_at_or_below(line[i].name, up);
		if (!exists)
			continue;
		if (up == name) /* it exists, without records */
			return "";
		snprintf(wild, sizeof(wild), "*.%s", up);
		l = find_line(wild);
		return l != NULL ? l->what : "";
	}
	return "";
}

/* As PowerDNS has it: the nearest wildcard. */
static const char *
ask_rpz_nearest(const char *name)
{
	const struct line *l = find_line(name);
	char wild[160];

	for (const char *up = parent(name); l == NULL && up != NULL;
	     up = parent(up)) {
		snprintf(wild, sizeof(wild), "*.%s", up);
		l = find_line(wild);
	}
	return l != NULL ? l->what : "";
}

/* ---- dnsmasq ---- */

static void
read_dnsmasq(const char *text)
{
	char option[16], name[128], target[32] = "";

	if (*text == '#')
		return;
	sscanf(text, "%15[a-z]=/%127[^/]/%31s", option, name, target);
	if (strcmp(option, "address") == 0)
		add_line(name, strlen(name), "sinkhole", 1);
	else if (strcmp(option, "local") == 0)
		add_line(name, strlen(name), "nxdomain", 0);
	else
		add_line(name, strlen(name), "pass", 0);
	ck_assert_str_eq(target,
	    strcmp(option, "address") == 0     ? "192.0.2.1"
		: strcmp(option, "local") == 0 ? ""
					       : "#");
}

/* The longest that fits; "*.x" is longer than "x". */
static const char *
ask_dnsmasq(const char *name)
{
	const struct line *best = NULL;
	size_t longest = 0;

	for (unsigned i = 0; i < lines; i++) {
		const bool wild = line[i].name[0] == '*';
		const char *x = line[i].name + (wild ? 2 : 0);
		size_t len = 2 * strlen(x) + wild;

		if (!is_at_or_below(name, x) ||
		    (wild && strlen(x) == strlen(name)))
			continue;
		/* An address is for A, beside what is for the rest. */
		if (len > longest ||
		    (len == longest && line[i].level > best->level)) {
			longest = len;
			best = &line[i];
		}
	}
	return best != NULL ? best->what : "";
}

/* ---- adblock ---- */

static void
read_adblock(const char *text)
{
	const char *p = text, *end = strchr(text, '^');
	bool allow = strncmp(p, "@@", 2) == 0;
	unsigned level;

	if (*text == '!')
		return;
	ck_assert_ptr_nonnull(end);
	p += allow ? 2 : 0;
	level = allow + (strcmp(end, "^$important") == 0 ? 2u : 0u);
	if (level < 2)
		ck_assert_str_eq(end, "^");
	add_line(p, (size_t)(end - p), allow ? "pass" : "block", level);
}

static bool
fits_pattern(const char *name, const char *p)
{
	if (strncmp(p, "||*.", 4) == 0)
		return is_at_or_below(name, p + 4) && strcmp(name, p + 4) != 0;
	if (strncmp(p, "||", 2) == 0)
		return is_at_or_below(name, p + 2);
	ck_assert_int_eq(*p, '|');
	return strcmp(name, p + 1) == 0;
}

/* The strongest that fits. */
static const char *
ask_adblock(const char *name)
{
	const struct line *best = NULL;

	for (unsigned i = 0; i < lines; i++)
		if (fits_pattern(name, line[i].name) &&
		    (best == NULL || line[i].level > best->level))
			best = &line[i];
	return best != NULL ? best->what : "";
}

/* ---- Unbound ---- */

static void
read_unbound(const char *text)
{
	char name[128], type[32];

	if (sscanf(text, "local-zone: \"%127[^\"]\" %31s", name, type) != 2)
		return;
	add_line(name, strlen(name) - 1,
	    strcmp(type, "redirect") == 0              ? "sinkhole"
		: strcmp(type, "always_nxdomain") == 0 ? "nxdomain"
						       : "pass",
	    0);
}

static const char *
ask_unbound(const char *name)
{
	for (const char *up = name; up != NULL; up = parent(up)) {
		const struct line *l = find_line(up);

		if (l != NULL)
			return l->what;
	}
	return "";
}

/* ---- dnsdist ---- */

static struct cdb cdb;

static const char *
ask_cdb(const char *text)
{
	static char value[16];
	const struct fsk_name name = kit_name(text);

	for (const uint8_t *up = name.wire; *up != 0; up += *up + 1u) {
		unsigned len = (unsigned)(name.wire + name.len - up), n;

		if (cdb_find(&cdb, up, len) <= 0)
			continue;
		n = cdb_datalen(&cdb);
		ck_assert_uint_lt(n, sizeof(value));
		ck_assert_int_eq(cdb_readdata(&cdb, value), 0);
		value[n] = '\0';
		return strcmp(value, "allow") == 0 ? "pass" : value;
	}
	return "";
}

/* ---- all of them ---- */

static const struct form {
	const char *name;
	void (*read)(const char *text);
	const char *(*ask)(const char *name);
	bool marks;     /* can tell a name from what is below it */
	bool passes;    /* says of a name that passes that it does */
	bool answers;   /* tells answers */
	unsigned depth; /* of the lists, most */
} forms[] = {
	{ "rpz", read_rpz, ask_rpz, true, true, true, 5 },
	{ "rpz", read_rpz, ask_rpz_nearest, true, true, true, 5 },
	{ "dnsmasq", read_dnsmasq, ask_dnsmasq, true, false, true, 5 },
	/* Four levels, and "t" is not listed. */
	{ "adblock", read_adblock, ask_adblock, true, false, false, 4 },
	{ "unbound", read_unbound, ask_unbound, false, false, true, 5 },
	{ "cdb", NULL, ask_cdb, false, false, true, 5 },
};
#define FORMS (sizeof(forms) / sizeof(*forms))

static void
read_form(const struct form *f)
{
	char args[64], *text, *save;
	struct run r;
	int fd;

	snprintf(args, sizeof(args), "export -d a.fsdb -f %s -o out", f->name);
	run_feeds(&r, NULL, args);
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(r.err, ""); /* nothing was lost */
	run_free(&r);
	lines = 0;
	if (f->read == NULL) {
		fd = open(kit_path("out"), O_RDONLY | O_CLOEXEC);
		ck_assert_int_ne(fd, -1);
		ck_assert_int_eq(cdb_init(&cdb, fd), 0);
		close(fd);
		return;
	}
	snprintf(args, sizeof(args), "export -d a.fsdb -f %s", f->name);
	text = run_output(args);
	for (char *l = strtok_r(text, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save))
		f->read(l);
	free(text);
}

static bool
says_the_same(const struct form *f, const char *want, const char *got)
{
	if (!f->passes && strcmp(want, "pass") == 0)
		want = "";
	if (!f->passes && strcmp(got, "pass") == 0)
		got = "";
	if (!f->answers)
		return (*want == '\0') == (*got == '\0');
	return strcmp(want, got) == 0;
}

START_TEST(a_form_blocks_what_the_database_blocks)
{
	const struct form *f = &forms[(size_t)_i % FORMS];
	unsigned blocked = 0, passed = 0;

	make_lists((uint64_t)_i, f->depth, f->marks);
	read_form(f);
	for (unsigned i = 0; i < ASKED; i++) {
		char name[64];
		const char *want, *got;

		random_name(name, 7);
		want = verdict(name);
		got = f->ask(name);
		ck_assert_msg(says_the_same(f, want, got),
		    "%s, list %d: of '%s' it says '%s', the database '%s'",
		    f->name, _i, name, got, want);
		blocked += *want != '\0' && strcmp(want, "pass") != 0;
		passed += strcmp(want, "pass") == 0;
	}
	ck_assert_uint_gt(blocked, 20);
	ck_assert_uint_gt(passed, 20);
	if (f->read == NULL)
		cdb_free(&cdb);
	fsk_db_close(db);
}
END_TEST

/* Lists of names alone have those that are blocked and have an entry, and no
 * others. */
START_TEST(a_list_has_the_names_that_are_blocked)
{
	static const char *const format[] = { "domains", "hosts" };
	char args[64], *text, *save;
	unsigned n = 0;

	make_lists((uint64_t)_i, 5, true);
	snprintf(args, sizeof(args), "export -d a.fsdb -f %s", format[_i % 2]);
	text = run_output(args);
	lines = 0;
	for (char *l = strtok_r(text, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save)) {
		char *name = strrchr(l, ' ');

		if (*l == '#')
			continue;
		name = name != NULL ? name + 1 : l;
		ck_assert_ptr_null(find_line(name));
		add_line(name, strlen(name), "", 0);
		ck_assert_str_ne(verdict(name), "");
		ck_assert_str_ne(verdict(name), "pass");
	}
	free(text);
	text = run_output("dump -d a.fsdb");
	for (char *l = strtok_r(text, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save)) {
		const char *name = l + strspn(l, "@=");
		const char *v;

		name += strncmp(name, "*.", 2) == 0 ? 2 : 0;
		v = verdict(name);
		if (*v == '\0' || strcmp(v, "pass") == 0)
			continue;
		ck_assert_ptr_nonnull(find_line(name));
		n++;
	}
	ck_assert_uint_gt(n, 10);
	free(text);
	fsk_db_close(db);
}
END_TEST

/* Our own reader of zones takes the same from it. */
START_TEST(a_zone_makes_the_same_database)
{
	struct fsk_db *first, *second;
	struct fsk_error err;

	make_lists((uint64_t)_i, 5, true);
	first = db;
	free(run_output("export -d a.fsdb -f rpz -o out"));
	free(run_output("build -q --strict -o b.fsdb --format rpz out"));
	ck_assert_int_eq(
	    fsk_db_open(&second, kit_path("b.fsdb"), FSK_DB_MAP, &err), FSK_OK);
	for (unsigned i = 0; i < ASKED; i++) {
		char name[64];
		const char *want, *got;

		random_name(name, 7);
		db = first;
		want = verdict(name);
		db = second;
		got = verdict(name);
		if (strcmp(want, "sinkhole") == 0)
			want = "nxdomain"; /* that is ours to say */
		ck_assert_str_eq(want, got);
	}
	fsk_db_close(first);
	fsk_db_close(second);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/export_walk");
	TCase *tc = tcase_create("forms");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(tc, a_form_blocks_what_the_database_blocks, 0,
	    (int)(FORMS * LISTS));
	tcase_add_loop_test(tc, a_list_has_the_names_that_are_blocked, 0, 6);
	tcase_add_loop_test(tc, a_zone_makes_the_same_database, 0, 4);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
