/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds sync --dry-run, the real program over a scripted server: it
 * says what a sync does, and changes nothing. */
#include <check.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/state.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/http.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

static struct http *server;

static void
setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	/* nohup has it ignored, and then what it starts does that, too. */
	signal(SIGHUP, SIG_DFL);
	site_setup();
	server = http_start();
	ck_assert_int_eq(mkdir(kit_path("tmp"), 0755), 0);
	setenv("TMPDIR", kit_path("tmp"), 1);
}

static void
teardown(void)
{
	http_stop(server);
	kit_teardown();
}

/* ---- sites ---- */

/* A configuration: MORE, and a feed for each of the N paths "/0", "/1" of the
 * server, called f0, f1. */
static void
with(unsigned n, const char *more)
{
	char text[4000];
	size_t len = (size_t)snprintf(
	    text, sizeof(text), "retries = 0\n%s\n", more);

	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "feed \"f%u\" { url = \"%s%u\" max-shrink = 100 "
		    "timeout = 60 }\n",
		    i, http_url(server, "/"), i);
	site_write(text);
}

static void
also_serves(const char *path, const char *body, const char *etag)
{
	http_page(server,
	    &(struct http_page){ .path = path, .body = body, .etag = etag });
}

/* What PATH gives from now on. */
static void
serves(const char *path, const char *body, const char *etag)
{
	http_clear(server);
	also_serves(path, body, etag);
}

static void
says(const char *text, const char *what)
{
	ck_assert_msg(
	    strstr(text, what) != NULL, "no '%s' in:\n%s", what, text);
}

static void
run_sync(struct run *r, const char *input, const char *args, int status)
{
	char command[300];

	snprintf(command, sizeof(command), "sync -c feeds.conf %s", args);
	run_feeds(r, input, command);
	ck_assert_msg(
	    r->status == status, "exit status %d: %s", r->status, r->err);
}

static void
sync_ok(void)
{
	struct run r;

	run_sync(&r, NULL, "", 0);
	run_free(&r);
}

/* ---- what must not change ---- */

static char *facts[200];
static size_t nfacts;

static uint32_t
sum_of(const char *path)
{
	size_t len;
	uint8_t *bytes = kit_read(path, &len);
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + bytes[i];
	free(bytes);
	return sum;
}

static int
add_fact(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	ck_assert_uint_lt(nfacts, 200);
	ck_assert_int_ne(
	    asprintf(&facts[nfacts++],
		"%s inode %llu links %llu size %lld mode %o at %lld.%09ld, "
		"%lld.%09ld: %08x\n",
		path, (unsigned long long)st->st_ino,
		(unsigned long long)st->st_nlink, (long long)st->st_size,
		st->st_mode, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
		(long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec,
		type == FTW_F ? sum_of(path) : 0),
	    -1);
	return 0;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All there is to know of the files of state and database, for free(). */
static char *
all_facts(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	nfacts = 0;
	if (access(kit_path("state"), F_OK) == 0)
		nftw(kit_path("state"), add_fact, 8, FTW_PHYS);
	if (access(kit_path("list.fsdb"), F_OK) == 0)
		nftw(kit_path("list.fsdb"), add_fact, 8, FTW_PHYS);
	qsort(facts, nfacts, sizeof(*facts), by_text);
	for (size_t i = 0; i < nfacts; i++) {
		fputs(facts[i], f);
		free(facts[i]);
	}
	/* The folder of both: nothing came or went. */
	fprintf(f, "%u files\n", kit_files());
	fclose(f);
	return text;
}

/* Fails the test, with the first line that differs, unless AFTER is BEFORE. */
static void
unchanged(const char *before, const char *after)
{
	while (*before != '\0' || *after != '\0') {
		const int a = (int)strcspn(before, "\n");
		const int b = (int)strcspn(after, "\n");

		if (a != b || strncmp(before, after, (size_t)a) != 0)
			ck_abort_msg("was %.*s\nis  %.*s", a, before, b, after);
		before += a + (before[a] == '\n');
		after += b + (after[b] == '\n');
	}
}

/* Runs a dry run with ARGS, which must exit with STATUS, change nothing and
 * leave nothing. */
static struct run
dry(const char *input, const char *args, int status)
{
	char command[300], *before = all_facts(), *after;
	struct run r;

	snprintf(command, sizeof(command), "--dry-run %s", args);
	run_sync(&r, input, command, status);
	after = all_facts();
	unchanged(before, after);
	ck_assert_uint_eq(site_files("tmp"), 0);
	free(before);
	free(after);
	return r;
}

/* The same with --json. */
static json_t *
dry_json(const char *input, const char *args, int status)
{
	char more[300];
	struct run r;
	json_t *j;

	snprintf(more, sizeof(more), "--json %s", args);
	r = dry(input, more, status);
	j = run_json(r.out);
	run_free(&r);
	return j;
}

/* The member of J that is called NAME, or further in: "a.b". */
static json_t *
get(json_t *j, const char *name)
{
	char *copy = strdup(name), *save;

	for (char *key = strtok_r(copy, ".", &save); key != NULL;
	     key = strtok_r(NULL, ".", &save)) {
		j = json_object_get(j, key);
		ck_assert_msg(j != NULL, "there is no '%s' of %s", key, name);
	}
	free(copy);
	return j;
}

static void
is_number(json_t *j, const char *name, long long want)
{
	const long long is = (long long)json_integer_value(get(j, name));

	ck_assert_msg(is == want, "%s is %lld, not %lld", name, is, want);
}

static void
is_text(json_t *j, const char *name, const char *want)
{
	ck_assert_pstr_eq(json_string_value(get(j, name)), want);
}

/* ---- what it tells ---- */

static int
by_entry(const void *a, const void *b)
{
	return strcmp(json_string_value(get(*(json_t *const *)a, "entry")),
	    json_string_value(get(*(json_t *const *)b, "entry")));
}

/* Fails the test unless A and B have the same NAME; arrays of entries are in no
 * order. */
static void
same(json_t *a, json_t *b, const char *name)
{
	json_t *both[2] = { get(a, name), get(b, name) };
	char *text[2];

	for (unsigned i = 0; i < 2; i++) {
		json_t *sorted = json_is_array(both[i]) ? json_array()
							: json_incref(both[i]);
		json_t *one[100];
		size_t n = json_is_array(both[i]) ? json_array_size(both[i])
						  : 0;

		ck_assert_uint_le(n, 100);
		for (size_t k = 0; k < n; k++)
			one[k] = json_array_get(both[i], k);
		if (n > 0 && json_object_get(one[0], "entry") != NULL)
			qsort(one, n, sizeof(*one), by_entry);
		for (size_t k = 0; k < n; k++)
			json_array_append(sorted, one[k]);
		text[i] = json_dumps(sorted, JSON_SORT_KEYS | JSON_ENCODE_ANY);
		json_decref(sorted);
	}
	ck_assert_str_eq(text[0], text[1]);
	free(text[0]);
	free(text[1]);
}

START_TEST(it_says_what_the_sync_then_does)
{
	static const char *const members[] = { "added", "removed", "changed",
		"total", "feeds", "before", "after.entries", "after.urls" };
	struct run r;
	json_t *told, *done;
	uint8_t *old;
	size_t len;

	with(3, "");
	serves("/0", "a.example\nb.example\nboth.example\n", "\"1\"");
	also_serves("/1", "both.example\nc.example\n", "\"1\"");
	also_serves("/2", "http://u.example/path\n", "\"1\"");
	sync_ok();
	old = kit_read(kit_path("list.fsdb"), &len);
	kit_write(kit_path("old.fsdb"), old, len);
	free(old);

	serves("/0", "b.example\nd.example\n", "\"2\"");
	also_serves("/1", "both.example\nc.example\n", "\"1\"");
	also_serves(
	    "/2", "http://u.example/path\nhttp://u.example/two\n", NULL);
	told = dry_json(NULL, "", 0);
	is_number(told, "total.added", 1);
	is_number(told, "total.removed", 1);
	is_number(told, "total.changed", 1);
	is_number(told, "round.failed", 0);
	ck_assert(json_is_true(get(told, "round.published")));
	ck_assert(json_is_null(get(told, "queries")));
	is_text(json_array_get(get(told, "round.feeds"), 0), "outcome", "new");
	is_text(json_array_get(get(told, "round.feeds"), 1), "outcome",
	    "unchanged");
	is_text(told, "round.database", kit_path("list.fsdb"));
	/* Its serial is newer, too, even within the same second. */
	ck_assert_int_gt(json_integer_value(get(told, "after.serial")),
	    json_integer_value(get(told, "before.serial")));
	is_number(json_array_get(get(told, "round.feeds"), 0), "names", 2);

	sync_ok();
	run_feeds(&r, NULL, "diff --json old.fsdb list.fsdb");
	ck_assert_int_eq(r.status, 1);
	done = run_json(r.out);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		same(told, done, members[i]);
	run_free(&r);
	json_decref(told);
	json_decref(done);
}
END_TEST

START_TEST(it_tells_people)
{
	struct run r;

	with(2, "");
	serves("/0", "a.example\n", "\"1\"");
	also_serves("/1", "b.example\n", "\"1\"");
	sync_ok();
	also_serves("/1", "b.example\n", "\"1\"");
	serves("/0", "a.example\nc.example\n", "\"2\"");
	also_serves("/1", "b.example\n", "\"1\"");
	r = dry(NULL, "", 0);
	says(r.err, "f0: new (domains): 2 names, 0 URLs");
	says(r.err, "f1: unchanged, 1 names and URLs\n");
	says(r.err,
	    "list.fsdb: would be published: 3 entries, 0 URLs, 0 refused\n");
	says(r.out,
	    "feed                            added      removed      changed\n"
	    "f0                                  1            0            0\n"
	    "f1                                  0            0            0\n"
	    "all entries                         1            0            0\n"
	    "entries 2 -> 3, URLs 0 -> 0, serial ");
	ck_assert_ptr_null(strstr(r.out, "c.example"));
	run_free(&r);
	r = dry(NULL, "--names -q", 0);
	ck_assert_str_eq(r.err, "");
	says(r.out, "+ c.example  f0\n");
	run_free(&r);
	r = dry(NULL, "--names -q --limit 0", 0);
	ck_assert_ptr_null(strstr(r.out, "c.example"));
	run_free(&r);
}
END_TEST

START_TEST(the_first_one_is_all_new)
{
	json_t *j;

	with(1, "");
	serves("/0", "a.example\nb.example\n", NULL);
	j = dry_json("x.a.example\nother.example\n", "--queries -", 0);
	is_number(j, "before.entries", 0);
	is_number(j, "after.entries", 2);
	is_number(j, "total.added", 2);
	is_number(j, "queries.all", 2);
	is_number(j, "queries.newly_blocked.names", 1);
	json_decref(j);
	ck_assert_int_eq(access(kit_path("state"), F_OK), -1);
	ck_assert_int_eq(access(kit_path("list.fsdb"), F_OK), -1);
	sync_ok();
}
END_TEST

START_TEST(a_damaged_database_counts_as_empty)
{
	struct run r;
	json_t *j;

	with(1, "");
	serves("/0", "a.example\n", NULL);
	sync_ok();
	site_file("list.fsdb", "junk");
	r = dry(NULL, "--json", 0);
	says(r.err, "it counts as empty\n");
	j = run_json(r.out);
	is_number(j, "total.added", 1);
	json_decref(j);
	run_free(&r);
}
END_TEST

START_TEST(a_later_sync_fetches_all_the_same)
{
	struct feed_state s;
	struct run r;

	with(1, "");
	serves("/0", "a.example\n", "\"1\"");
	sync_ok();
	serves("/0", "a.example\nb.example\n", "\"2\"");
	r = dry(NULL, "", 0);
	run_free(&r);
	r = dry(NULL, "", 0);
	says(r.err, "f0: new");
	run_free(&r);
	/* The second one asked as the first one did. */
	for (unsigned i = 0; i < 2; i++) {
		char *mark = http_header(http_seen(server, i), "If-None-Match");

		ck_assert_pstr_eq(mark, "\"1\"");
		free(mark);
	}
	run_sync(&r, NULL, "", 0);
	says(r.err, "f0: new");
	run_free(&r);
	state_read(kit_path("state"), "f0", &s);
	ck_assert_uint_eq(s.http, 200);
	ck_assert_str_eq(s.etag, "\"2\"");
}
END_TEST

START_TEST(nothing_new_is_no_difference)
{
	struct run r;

	with(1, "");
	serves("/0", "a.example\n", "\"1\"");
	sync_ok();
	r = dry("a.example\n", "--queries -", 0);
	says(r.err, "f0: unchanged");
	says(r.err, "list.fsdb: nothing would change\n");
	says(r.out,
	    "all entries                         0            0            0");
	says(r.out, "0 of 1 queries (0 names) would be newly blocked\n");
	run_free(&r);
}
END_TEST

START_TEST(another_configuration_is_tried)
{
	json_t *j;

	with(1, "");
	serves("/0", "a.example\nb.example\n", "\"1\"");
	sync_ok();
	with(1,
	    "policy { action = nodata }\n"
	    "allow \"bank\" { url = \"@/bank\" }");
	site_file("bank", "b.example\n");
	j = dry_json("a.example\nb.example\nb.example\n", "--queries -", 0);
	is_number(j, "queries.newly_blocked.queries", 0);
	is_number(j, "queries.no_longer_blocked.queries", 2);
	is_number(j, "queries.no_longer_blocked.names", 1);
	is_number(j, "queries.answered_otherwise.queries", 1);
	is_text(json_array_get(get(j, "queries.answered_otherwise.list"), 0),
	    "before", "nxdomain");
	is_text(json_array_get(get(j, "queries.answered_otherwise.list"), 0),
	    "after", "nodata");
	json_decref(j);
	ck_assert_uint_eq(http_count(server, "/0"), 2);
	with(1, "");
	j = dry_json(NULL, "", 0);
	is_number(j, "total.added", 0);
	json_decref(j);
}
END_TEST

START_TEST(hooks_do_not_run)
{
	struct run r;

	with(1, "hooks = { \"touch @/hook\" }");
	serves("/0", "a.example\n", NULL);
	r = dry(NULL, "--force", 0);
	run_free(&r);
	ck_assert_int_eq(access(kit_path("hook"), F_OK), -1);
	sync_ok();
	ck_assert_int_eq(access(kit_path("hook"), F_OK), 0);
}
END_TEST

START_TEST(only_some_feeds)
{
	json_t *j;

	with(2, "");
	serves("/0", "a.example\n", NULL);
	also_serves("/1", "b.example\n", NULL);
	j = dry_json(NULL, "f1", 0);
	is_number(j, "total.added", 1);
	is_text(
	    json_array_get(get(j, "round.feeds"), 0), "outcome", "not asked");
	json_decref(j);
	ck_assert_uint_eq(http_count(server, "/0"), 0);
}
END_TEST

/* ---- queries ---- */

START_TEST(queries_are_counted)
{
	static const char text[] =
	    "fine.example\nnew.example\nWWW.New.example.\nnew.example\n"
	    "old.example\n\n# a comment\nnew2.example\r\nno name at all\n"
	    "new.example\nstays.example\n";
	json_t *j, *list;
	struct run r;

	with(1, "");
	serves("/0", "old.example\nstays.example\n", NULL);
	sync_ok();
	serves("/0", "stays.example\nnew.example\nnew2.example\n", NULL);
	site_file("queries", text);
	r = dry(NULL, "-q --queries queries", 0);
	says(r.out,
	    "5 of 8 queries (3 names) would be newly blocked\n"
	    "           3  new.example: resolved -> nxdomain, entry "
	    "new.example, feed f0\n"
	    "           1  new2.example: resolved -> nxdomain, entry "
	    "new2.example, feed f0\n"
	    "           1  www.new.example: resolved -> nxdomain, entry "
	    "new.example, feed f0\n"
	    "1 of 8 queries (1 names) would no longer be blocked\n"
	    "           1  old.example: nxdomain -> resolved, entry "
	    "old.example, feed f0\n"
	    "0 of 8 queries (0 names) would be answered otherwise\n"
	    "1 lines are no names\n");
	run_free(&r);
	r = dry(text, "-q --queries - --limit 1", 0);
	says(r.out, "3 names) would be newly blocked\n           3  new.ex");
	says(r.out, "feed f0\n1 of 8 queries (1 names) would no longer");
	run_free(&r);
	j = dry_json(text, "--queries -", 0);
	is_number(j, "queries.all", 8);
	is_number(j, "queries.bad", 1);
	is_number(j, "queries.newly_blocked.queries", 5);
	is_number(j, "queries.newly_blocked.names", 3);
	is_number(j, "queries.no_longer_blocked.queries", 1);
	is_number(j, "queries.answered_otherwise.names", 0);
	list = get(j, "queries.newly_blocked.list");
	ck_assert_uint_eq(json_array_size(list), 3);
	is_text(json_array_get(list, 2), "name", "www.new.example");
	is_text(json_array_get(list, 2), "entry", "new.example");
	is_number(json_array_get(list, 0), "queries", 3);
	json_decref(j);
	/* As the resolver then does. */
	sync_ok();
	run_feeds(&r, NULL,
	    "lookup -d list.fsdb new.example www.new.example new2.example");
	ck_assert_int_eq(r.status, 0);
	ck_assert_ptr_null(strstr(r.out, "not listed"));
	run_free(&r);
}
END_TEST

START_TEST(a_bypass_counts)
{
	json_t *j;

	with(1, "");
	serves("/0", "a.example\n", NULL);
	sync_ok();
	ck_assert_int_eq(
	    run_status(NULL,
		"bypass -c feeds.conf new.example --for 1h --by me --why so"),
	    0);
	serves("/0", "a.example\nnew.example\nnext.example\n", NULL);
	j = dry_json("x.new.example\nnext.example\n", "--queries -", 0);
	is_number(j, "queries.newly_blocked.names", 1);
	json_decref(j);
}
END_TEST

START_TEST(queries_that_cannot_be_read)
{
	struct run r;

	with(1, "");
	serves("/0", "a.example\n", NULL);
	/* Before anything is asked for. */
	r = dry(NULL, "--queries none", 2);
	says(r.err, "cannot open 'none': No such file or directory\n");
	ck_assert_uint_eq(http_count(server, NULL), 0);
	run_free(&r);
	r = dry(NULL, "--json --queries tmp", 2);
	says(r.err, "cannot read 'tmp': Is a directory\n");
	ck_assert_str_eq(r.out, "");
	run_free(&r);
	run_sync(&r, NULL, "--queries feeds.conf", 2);
	says(r.err, "--queries is for --dry-run\n");
	run_free(&r);
}
END_TEST

/* ---- what a sync would refuse ---- */

START_TEST(a_canary_refuses_as_in_a_sync)
{
	struct run r, real;

	with(1, "always-blocked = { \"a.example\" }");
	serves("/0", "a.example\nb.example\n", NULL);
	sync_ok();
	serves("/0", "b.example\nc.example\n", NULL);
	r = dry("c.example\n", "--json --queries -", 2);
	says(r.err,
	    "'a.example' would not be blocked, but it must be "
	    "(always-blocked); what was in force stays\n");
	ck_assert_str_eq(r.out, "");
	run_free(&r);
	r = dry(NULL, "", 2);
	run_sync(&real, NULL, "", 2);
	ck_assert_str_eq(r.err, real.err);
	run_free(&r);
	run_free(&real);
}
END_TEST

START_TEST(a_feed_that_fails)
{
	struct run r, real;
	json_t *j;

	with(2, "");
	serves("/0", "a.example\n", NULL);
	also_serves("/1", "b.example\n", NULL);
	sync_ok();
	serves("/0", "a.example\nc.example\n", NULL);
	r = dry(NULL, "--json", 1);
	says(r.err, "f1: FAILED: the server says 404; its list of ");
	j = run_json(r.out);
	is_number(j, "total.added", 1);
	is_number(j, "total.removed", 0);
	is_number(j, "round.failed", 1);
	is_text(json_array_get(get(j, "round.feeds"), 1), "outcome", "failed");
	is_text(json_array_get(get(j, "round.feeds"), 1), "why",
	    "the server says 404");
	json_decref(j);
	run_free(&r);
	run_sync(&real, NULL, "", 1);
	run_free(&real);
}
END_TEST

START_TEST(a_rollback_holds)
{
	struct run r;

	with(1, "");
	serves("/0", "a.example\n", NULL);
	sync_ok();
	serves("/0", "b.example\n", NULL);
	sync_ok();
	ck_assert_int_eq(run_status(NULL, "rollback -c feeds.conf"), 0);
	serves("/0", "c.example\n", NULL);
	r = dry(NULL, "", 0);
	says(r.err, "a rollback holds it; nothing would be published\n");
	says(r.out, "entries 1 -> 1,");
	run_free(&r);
	r = dry(NULL, "--force --names", 0);
	says(r.out, "+ c.example  f0\n");
	says(r.out, "- a.example  f0\n");
	run_free(&r);
	ck_assert_int_eq(access(kit_path("state/hold"), F_OK), 0);
}
END_TEST

START_TEST(a_secret_list_gives_numbers_only)
{
	struct run r;
	json_t *j;

	with(1, "secret = yes");
	serves("/0", "a.example\n", NULL);
	sync_ok();
	serves("/0", "b.example\nc.example\n", NULL);
	r = dry("a.example\nb.example\n", "--names --queries -", 0);
	says(r.out, "names are kept secret, and are not compared\n");
	says(r.out, "entries 1 -> 2,");
	says(r.out, "1 of 2 queries (1 names) would be newly blocked\n");
	says(r.out, "1 of 2 queries (1 names) would no longer be blocked\n");
	run_free(&r);
	j = dry_json("a.example\n", "--queries -", 0);
	ck_assert(json_is_null(get(j, "total")));
	is_number(j, "queries.no_longer_blocked.names", 1);
	json_decref(j);
}
END_TEST

/* ---- others at work, and the end ---- */

static void
wait_for_request(const char *path)
{
	while (http_count(server, path) == 0)
		breathe();
}

START_TEST(while_a_sync_is_at_work)
{
	struct run_on first;
	struct run r;

	with(2, "");
	serves("/0", "a.example\n", "\"1\"");
	also_serves("/1", "b.example\n", "\"1\"");
	sync_ok();
	http_clear(server);
	also_serves("/0", "a.example\nc.example\n", "\"2\"");
	http_page(server,
	    &(struct http_page){ .path = "/1",
		.body = "b.example\nd.example\n",
		.trick = HTTP_SILENT,
		.times = 1 });
	also_serves("/1", "b.example\nd.example\n", "\"2\"");
	run_start(&first, NULL, "sync -c feeds.conf", NULL);
	wait_for_request("/1");
	/* It has the lock; the dry run cares as little as `status` does. */
	run_sync(&r, NULL, "--dry-run --names -q", 0);
	says(r.out, "+ c.example  f0\n");
	says(r.out, "+ d.example  f1\n");
	run_free(&r);
	/* And another may begin while it goes on. */
	ck_assert_int_eq(run_status(NULL, "sync -c feeds.conf"), 2);
	kill(first.pid, SIGTERM);
	run_end(&first, &r);
	ck_assert_msg(r.status == 2, "%s", r.err);
	run_free(&r);
	sync_ok();
}
END_TEST

START_TEST(while_a_watch_runs)
{
	struct run_on watch;
	struct run r;

	with(1, "");
	serves("/0", "a.example\n", "\"1\"");
	run_start(&watch, NULL, "watch -c feeds.conf", NULL);
	run_until(&watch, "entries, 0 URLs, serial ");
	serves("/0", "a.example\nb.example\n", "\"2\"");
	r = dry(NULL, "--names -q", 0);
	says(r.out, "+ b.example  f0\n");
	run_free(&r);
	kill(watch.pid, SIGTERM);
	run_end(&watch, &r);
	ck_assert_int_eq(r.status, 0);
	run_free(&r);
}
END_TEST

START_TEST(it_keeps_nobody_away)
{
	struct run_on first;
	struct run r;

	with(1, "");
	serves("/0", "a.example\n", NULL);
	sync_ok();
	http_clear(server);
	http_page(server,
	    &(struct http_page){
		.path = "/0", .trick = HTTP_SILENT, .times = 1 });
	also_serves("/0", "a.example\nb.example\n", NULL);
	run_start(&first, NULL, "sync -c feeds.conf --dry-run", NULL);
	wait_for_request("/0");
	sync_ok();
	kill(first.pid, SIGTERM);
	run_end(&first, &r);
	ck_assert_int_eq(r.status, 2);
	run_free(&r);
	ck_assert_uint_eq(site_files("tmp"), 0);
}
END_TEST

static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

START_TEST(a_signal_leaves_nothing)
{
	struct run_on p;
	struct run r;
	char *before, *after;

	with(2, "");
	serves("/0", "a.example\n", "\"1\"");
	also_serves("/1", "b.example\n", "\"1\"");
	sync_ok();
	before = all_facts();
	serves("/0", "c.example\n", "\"2\"");
	http_page(
	    server, &(struct http_page){ .path = "/1", .trick = HTTP_SILENT });
	run_start(&p, NULL, "sync -c feeds.conf --dry-run", NULL);
	wait_for_request("/1");
	ck_assert_uint_eq(site_files("tmp"), 1);
	kill(p.pid, signals[_i]);
	run_end(&p, &r);
	ck_assert_int_eq(r.status, 2);
	says(r.err, "stopped; what was in force stays\n");
	ck_assert_str_eq(r.out, "");
	run_free(&r);
	ck_assert_uint_eq(site_files("tmp"), 0);
	after = all_facts();
	unchanged(before, after);
	free(before);
	free(after);
}
END_TEST

/* After the round nothing is left that a signal could leave. */
START_TEST(a_signal_while_queries_are_read)
{
	struct run_on p;
	struct run r;
	char args[200];

	with(1, "");
	serves("/0", "a.example\n", NULL);
	ck_assert_int_eq(mkfifo(kit_path("queries"), 0600), 0);
	snprintf(args, sizeof(args),
	    "sync -c feeds.conf --dry-run --queries queries");
	run_start(&p, NULL, args, NULL);
	run_until(&p, "would be published");
	ck_assert_uint_eq(site_files("tmp"), 0);
	kill(p.pid, SIGTERM);
	run_end(&p, &r);
	ck_assert_int_eq(r.status, 128 + SIGTERM);
	ck_assert_str_eq(r.out, "");
	run_free(&r);
	ck_assert_uint_eq(site_files("tmp"), 0);
}
END_TEST

START_TEST(who_is_killed_leaves_it_to_the_next)
{
	struct run_on p;
	struct run r;
	char *before, *after;

	with(1, "");
	serves("/0", "a.example\n", "\"1\"");
	sync_ok();
	before = all_facts();
	http_clear(server);
	http_page(server,
	    &(struct http_page){
		.path = "/0", .trick = HTTP_SILENT, .times = 1 });
	also_serves("/0", "a.example\n", "\"1\"");
	run_start(&p, NULL, "sync -c feeds.conf --dry-run", NULL);
	wait_for_request("/0");
	kill(p.pid, SIGKILL);
	run_end(&p, &r);
	run_free(&r);
	after = all_facts();
	unchanged(before, after);
	ck_assert_uint_eq(site_files("tmp"), 1);
	r = dry(NULL, "", 0);
	run_free(&r);
	free(before);
	free(after);
}
END_TEST

START_TEST(without_a_place_nothing_is_asked)
{
	struct run r;

	with(1, "");
	serves("/0", "a.example\n", NULL);
	setenv("TMPDIR", "/nonexistent", 1);
	r = dry(NULL, "", 2);
	says(r.err, "cannot find '/nonexistent': No such file or directory\n");
	run_free(&r);
	ck_assert_uint_eq(http_count(server, NULL), 0);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/dry.c");
	TCase *tc = tcase_create("dry runs");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_says_what_the_sync_then_does);
	tcase_add_test(tc, it_tells_people);
	tcase_add_test(tc, the_first_one_is_all_new);
	tcase_add_test(tc, a_damaged_database_counts_as_empty);
	tcase_add_test(tc, a_later_sync_fetches_all_the_same);
	tcase_add_test(tc, nothing_new_is_no_difference);
	tcase_add_test(tc, another_configuration_is_tried);
	tcase_add_test(tc, hooks_do_not_run);
	tcase_add_test(tc, only_some_feeds);
	tcase_add_test(tc, queries_are_counted);
	tcase_add_test(tc, a_bypass_counts);
	tcase_add_test(tc, queries_that_cannot_be_read);
	tcase_add_test(tc, a_canary_refuses_as_in_a_sync);
	tcase_add_test(tc, a_feed_that_fails);
	tcase_add_test(tc, a_rollback_holds);
	tcase_add_test(tc, a_secret_list_gives_numbers_only);
	tcase_add_test(tc, while_a_sync_is_at_work);
	tcase_add_test(tc, while_a_watch_runs);
	tcase_add_test(tc, it_keeps_nobody_away);
	tcase_add_loop_test(tc, a_signal_leaves_nothing, 0, 3);
	tcase_add_test(tc, a_signal_while_queries_are_read);
	tcase_add_test(tc, who_is_killed_leaves_it_to_the_next);
	tcase_add_test(tc, without_a_place_nothing_is_asked);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
