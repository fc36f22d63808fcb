/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/publish.c and release.c: which database is in force. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "feeds/collect.h"
#include "feeds/publish.h"
#include "feeds/release.h"
#include "feeds/state.h"
#include "tests/feeds/site.h"
#include "tests/lib/kit.h"

#define NOW ((int64_t)1790000000)

static struct conf *conf;
static struct feed_state states[4];

static void
teardown(void)
{
	conf_free(conf);
	kit_teardown();
}

#define ONE "feed \"one\" { url = \"/x\" format = domains max-shrink = 100 }\n"

static void
with(const char *text)
{
	conf_free(conf);
	conf = site_conf(text);
}

static void
lists(const char *name, const char *body)
{
	const struct conf_feed *f = conf_feed(conf, name);
	char folder[300];
	struct fsk_error err = { 0 };

	snprintf(folder, sizeof(folder), "%s/%s", conf->state, name);
	ck_assert_int_eq(state_folder(folder, &err), FSK_OK);
	site_file("body", body);
	ck_assert_msg(
	    collect(conf, f, kit_path("body"), (uint32_t)(NOW / 86400),
		&states[f - conf->feeds], &err) == FSK_OK,
	    "%s", err.text);
}

/* What came of a release at NOW + AFTER. */
static struct release last;

static int
release_at(int64_t after, bool force, struct fsk_error *err)
{
	last = (struct release){
		.c = conf, .states = states, .now = NOW + after, .force = force
	};
	return release(&last, err);
}

/* Releases; fails the test if that does.  Whether something was published. */
static bool
released(int64_t after)
{
	struct fsk_error err = { 0 };
	int rc = release_at(after, false, &err);

	ck_assert_msg(rc == FSK_OK, "%s", err.text);
	return last.published;
}

/* Fails the test unless a release fails because of WHY and what was in force
 * stays. */
static void
not_released(int64_t after, const char *why)
{
	const uint64_t before = generation_in_force(conf);
	struct fsk_error err = { 0 };

	ck_assert_int_ne(release_at(after, false, &err), FSK_OK);
	ck_assert_msg(
	    strstr(err.text, why) != NULL, "'%s' has no '%s'", err.text, why);
	ck_assert(!last.published);
	ck_assert_uint_eq(generation_in_force(conf), before);
}

static size_t
how_many(void)
{
	struct fsk_error err;
	size_t n;

	free(generations(conf, &n, &err));
	return n;
}

/* ---- releases ---- */

START_TEST(a_release_publishes)
{
	struct fsk_db *db;
	struct stat a, b;
	char *path;

	with(ONE);
	lists("one", "a.example\nb.example\n");
	ck_assert_uint_eq(generation_in_force(conf), 0);
	ck_assert(released(0));
	ck_assert_uint_eq(last.serial, (uint64_t)NOW);
	ck_assert_uint_eq(last.entries, 2);
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW);
	db = site_db("list.fsdb");
	site_blocks(db, "a.example b.example", true);
	fsk_db_close(db);
	path = generation_path(conf, last.serial);
	ck_assert_int_eq(stat(path, &a), 0);
	ck_assert_int_eq(stat(conf->database, &b), 0);
	/* One file, so it takes its room once. */
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	ck_assert_uint_eq(b.st_mode & 0777, 0644);
	free(path);
	/* feeds.conf, body, list.fsdb, state. */
	ck_assert_uint_eq(kit_files(), 4);
}
END_TEST

START_TEST(nothing_new_is_no_release)
{
	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	ck_assert(!released(100));
	ck_assert(!released(86400 * 20));
	ck_assert_uint_eq(how_many(), 1);
	ck_assert(!last.held);
	/* Unless one says so. */
	ck_assert_int_eq(release_at(200, true, NULL), FSK_OK);
	ck_assert(last.published);
	ck_assert_uint_eq(how_many(), 2);
}
END_TEST

/* Moves the time of change of FILE; that it has the same length and text does
 * not matter. */
static void
touch(const char *file)
{
	const struct timespec t[2] = { { 1000000000, 7 }, { 1000000000, 7 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, kit_path(file), t, 0), 0);
}

#define EVERYTHING \
	"protected = {\"@/protected\"} shared-hosts = {\"@/shared\"}\n" ONE \
	"policy { rule \"r\" { files = {\"@/rule\"} }\n" \
	"group \"g\" { prefix-files = {\"@/prefixes\"} " \
	"block-files = {\"@/block\"} allow-files = {\"@/allow\"} } }"

static const char *const files[] = { "feeds.conf", "protected", "shared",
	"rule", "prefixes", "block", "allow", "state/one/list.fsdb" };

START_TEST(all_that_it_is_made_of_is_looked_at)
{
	site_file("protected", "p.example\n");
	site_file("shared", "s.example\n");
	site_file("rule", "r.example\n");
	site_file("prefixes", "192.0.2.0/24\n");
	site_file("block", "bl.example\n");
	site_file("allow", "al.example\n");
	with(EVERYTHING);
	lists("one", "a.example\n");
	ck_assert(released(0));
	ck_assert(!released(1));
	touch(files[_i]);
	ck_assert(released(2));
	ck_assert(!released(3));
}
END_TEST

START_TEST(a_database_that_is_gone_is_made_again)
{
	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	ck_assert_int_eq(unlink(conf->database), 0);
	ck_assert(released(1));
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW + 1);
	/* Or not whole. */
	ck_assert_int_eq(unlink(conf->database), 0);
	kit_write(conf->database, "garbage", 7);
	ck_assert(released(2));
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW + 2);
}
END_TEST

START_TEST(entries_that_grow_old_are_a_reason)
{
	with("feed \"one\" { url = \"/x\" format = domains max-age = 5d }\n");
	lists("one", "a.example\n");
	ck_assert(released(0));
	ck_assert(!released(10));
	ck_assert(released(86400));
	/* When all are too old, nothing is left to publish. */
	not_released(86400 * 7, "an empty database is not published");
}
END_TEST

START_TEST(times_of_the_day_are_worked_out_again)
{
	with(ONE "policy { group \"g\" { prefixes = {\"10.0.0.0/8\"} "
		 "time = \"08:00-20:00\" action = nodata } }");
	lists("one", "a.example\n");
	ck_assert(released(0));
	ck_assert(!released(1));
	ck_assert(released(31 * 86400));
	ck_assert(!released(31 * 86400 + 1));
}
END_TEST

/* ---- the dates of rules ---- */

/* On which day after the first the entry of NAME, or the URL NAME, was first
 * seen. */
static int
day_of(const char *name)
{
	struct fsk_db *d = site_db("list.fsdb");
	struct fsk_found found;
	struct fsk_name n;
	struct fsk_query q;
	struct fsk_attr a;
	uint32_t attr;

	if (strpbrk(name, ":/") != NULL) {
		ck_assert_msg(fsk_db_find_url(d, name, &attr), "%s", name);
	} else {
		ck_assert_ptr_null(fsk_name_from_text(&n, name, strlen(name)));
		fsk_db_query(d, &q, n.wire, n.len);
		fsk_db_find(d, &q, &found);
		ck_assert_msg(found.covered, "%s", name);
		attr = found.attr;
	}
	fsk_db_attr(d, attr, &a);
	fsk_db_close(d);
	return (int)a.since - (int)(NOW / 86400);
}

#define DAY 86400

START_TEST(dates_of_rules_survive)
{
	site_file("rule", "c.example\n");
	site_file("urls", "http://u.example/x\n");
	with("policy { asn-db = \"/a\" rule \"r 7/26\" { names = "
	     "{\"a.example\", "
	     "\"*.b.example\"} files = {\"@/rule\", \"@/urls\"} "
	     "prefixes = {\"203.0.113.7\"} networks = {\"AS64496\"} } }");
	ck_assert(released(0));
	site_file("rule", "c.example\nd.example\n=a.example\n");
	ck_assert(released(DAY));
	ck_assert(!released(2 * DAY));
	site_file("rule", "d.example\ne.example\n");
	ck_assert(released(3 * DAY));
	ck_assert_int_eq(day_of("a.example"), 0);
	ck_assert_int_eq(day_of("x.b.example"), 0);
	ck_assert_int_eq(day_of("ip:203.0.113.7/32"), 0);
	ck_assert_int_eq(day_of("asn:64496"), 0);
	ck_assert_int_eq(day_of("u.example/x"), 0);
	ck_assert_int_eq(day_of("d.example"), 1);
	ck_assert_int_eq(day_of("e.example"), 3);
	/* What was gone in between begins anew. */
	site_file("rule", "c.example\nd.example\n");
	ck_assert(released(4 * DAY));
	ck_assert_int_eq(day_of("c.example"), 4);
	ck_assert_int_eq(day_of("d.example"), 1);
	/* A clock that is set back changes no date that it can keep. */
	site_file("rule", "c.example\nd.example\nf.example\n");
	ck_assert(released(2 * DAY));
	ck_assert_int_eq(day_of("c.example"), 2);
	ck_assert_int_eq(day_of("d.example"), 1);
}
END_TEST

START_TEST(rules_are_dated_one_by_one)
{
	with(ONE "policy { rule \"r\" { names = {\"a.example\"} } }");
	lists("one", "b.example\n");
	ck_assert(released(0));
	with(ONE "policy { rule \"r\" { names = {\"a.example\"} }\n"
		 "rule \"s\" { names = {\"a.example\", \"b.example\", "
		 "\"=a.example\"} } }");
	ck_assert(released(DAY));
	ck_assert_int_eq(day_of("x.a.example"), 0);
	ck_assert_int_eq(day_of("a.example"), 1); /* the exact one */
	ck_assert_int_eq(day_of("b.example"), 0); /* the feed's */
	with(
	    "policy { rule \"s\" { names = {\"a.example\", \"b.example\"} } }");
	ck_assert(released(2 * DAY));
	ck_assert_int_eq(day_of("a.example"), 1);
	ck_assert_int_eq(day_of("b.example"), 1);
	/* Under another name it is another rule. */
	with("policy { rule \"t\" { names = {\"a.example\"} } }");
	ck_assert(released(3 * DAY));
	ck_assert_int_eq(day_of("a.example"), 3);
}
END_TEST

START_TEST(a_rule_counts_from_when_it_is_in_force)
{
	char path[300];

	with(ONE "never-blocked = {\"good.example\"}\n"
		 "policy { rule \"r\" { names = {\"a.example\"} } }");
	lists("one", "b.example\n");
	ck_assert(released(0));
	with(ONE "never-blocked = {\"good.example\"}\n"
		 "policy { rule \"r\" { names = {\"a.example\", \"c.example\", "
		 "\"good.example\"} } }");
	not_released(DAY, "good.example");
	with(ONE "policy { rule \"r\" { names = {\"a.example\", "
		 "\"c.example\"} } }");
	ck_assert(released(2 * DAY));
	ck_assert_int_eq(day_of("a.example"), 0);
	ck_assert_int_eq(day_of("c.example"), 2);
	/* Without rules there are no dates. */
	snprintf(path, sizeof(path), "%s/rules.fsdb", conf->state);
	ck_assert_int_eq(access(path, R_OK), 0);
	with(ONE);
	ck_assert(released(3 * DAY));
	ck_assert_int_ne(access(path, F_OK), 0);
	/* Dates that are damaged are lost, and nothing else is. */
	with(ONE "policy { rule \"r\" { names = {\"a.example\"} } }");
	ck_assert(released(4 * DAY));
	kit_write(path, "garbage", 7);
	with(ONE "policy { rule \"r\" { names = {\"a.example\"} ttl = 7 } }");
	ck_assert(released(5 * DAY));
	ck_assert_int_eq(day_of("a.example"), 5);
}
END_TEST

START_TEST(dates_are_kept_of_names_that_are_not)
{
	with("secret = yes\npolicy { rule \"r\" { names = {\"a.example\"} } }");
	ck_assert(released(0));
	with("secret = yes\n"
	     "policy { rule \"r\" { names = {\"a.example\"} ttl = 7 } }");
	ck_assert(released(DAY));
	ck_assert_int_eq(day_of("a.example"), 0);
}
END_TEST

START_TEST(serials_only_grow)
{
	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	lists("one", "a.example\nb.example\n");
	/* In the same second, then with a clock that was set back. */
	ck_assert(released(0));
	ck_assert_uint_eq(last.serial, (uint64_t)NOW + 1);
	lists("one", "a.example\nc.example\n");
	ck_assert(released(-86400));
	ck_assert_uint_eq(last.serial, (uint64_t)NOW + 2);
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW + 2);
}
END_TEST

START_TEST(a_list_that_is_lost_holds_it)
{
	struct fsk_error err;

	with(ONE "feed \"two\" { url = \"/x\" format = domains }\n");
	lists("one", "a.example\n");
	lists("two", "b.example\nc.example\n");
	ck_assert(released(0));
	ck_assert_int_eq(unlink(kit_path("state/two/list.fsdb")), 0);
	not_released(1, "the list of feed 'two' is gone, but 2 entries");
	ck_assert_int_eq(release_at(2, true, &err), FSK_OK);
	ck_assert(last.published);
	/* Now it is not in force any more. */
	lists("one", "a.example\nd.example\n");
	ck_assert(released(3));
}
END_TEST

START_TEST(what_is_taken_out_of_the_configuration_goes)
{
	struct fsk_db *db;

	with(ONE "feed \"two\" { url = \"/x\" format = domains }\n");
	lists("one", "a.example\n");
	lists("two", "b.example\n");
	ck_assert(released(0));
	with(ONE "feed \"two\" { url = \"/x\" enabled = no }\n");
	ck_assert(released(1));
	with(ONE);
	ck_assert(released(2));
	db = site_db("list.fsdb");
	site_blocks(db, "a.example", true);
	site_blocks(db, "b.example", false);
	fsk_db_close(db);
}
END_TEST

START_TEST(an_empty_database_is_not_published)
{
	with(ONE);
	not_released(0, "no feed has anything to list");
	ck_assert_uint_eq(how_many(), 0);
	lists("one", "google.com\n");
	not_released(1, "an empty database is not published");
	ck_assert_uint_eq(how_many(), 0);
}
END_TEST

/* ---- canaries ---- */

START_TEST(canaries)
{
	with("never-blocked = {\"good.example\", \"www.good.example\"}\n"
	     "always-blocked = {\"bad.example\", \"x.worse.example\"}\n" ONE
	     "policy { rule \"r\" { names = {\"bad.example\"} files = "
	     "{\"@/rule\"} } }");
	site_file("rule", "");
	lists("one", "a.example\n");
	not_released(0,
	    "'x.worse.example' would not be blocked, but it must be "
	    "(always-blocked)");
	ck_assert_uint_eq(how_many(), 0);
	ck_assert_int_eq(access(conf->database, F_OK), -1);
	lists("one", "worse.example\n");
	ck_assert(released(1));
	/* A feed cannot list a canary; a rule can. */
	lists("one", "worse.example\ngood.example\n");
	ck_assert(released(2));
	site_file("rule", "=www.good.example\n");
	not_released(3,
	    "'www.good.example' would be blocked, for feed 'r', but it must "
	    "not be (never-blocked)");
	ck_assert_uint_eq(how_many(), 2);
	site_file("rule", "x.www.good.example\n");
	ck_assert(released(4));
}
END_TEST

START_TEST(canaries_sing_for_groups)
{
	/* Passed for all but one group. */
	with("never-blocked = {\"good.example\"}\n" ONE
	     "policy { rule \"r\" { names = {\"good.example\"} }\n"
	     "group \"g\" { prefixes = {\"10.0.0.0/8\"} category \"order\" "
	     "{ action = nxdomain } }\n"
	     "category \"order\" { action = passthru } }");
	lists("one", "a.example\n");
	not_released(0, "'good.example' would be blocked");
}
END_TEST

#define GROUP(more) \
	"never-blocked = {\"www.good.example\"}\n" ONE \
	"policy { group \"schools\" { prefixes = {\"192.0.2.0/24\"} " more \
	" } }\n"

START_TEST(canaries_sing_for_the_lists_of_groups)
{
	with(GROUP("block = {\"good.example\"}"));
	lists("one", "a.example\n");
	not_released(0,
	    "'www.good.example' would be blocked for the group 'schools', by "
	    "its own list, but it must not be (never-blocked)");
	with(GROUP("block = {\"=good.example\", \"x.example\"}"));
	ck_assert(released(1));
	with(GROUP("block = {\"good.example\"} action = log"));
	ck_assert(released(2));
	with(GROUP("block = {\"good.example\"} off = yes"));
	ck_assert(released(3));
	with(GROUP("block = {\"good.example\"} "
		   "allow = {\"www.good.example\"}"));
	ck_assert(released(4));
}
END_TEST

START_TEST(canaries_sing_for_all_types)
{
	with("never-blocked = {\"good.example\"}\n" ONE
	     "policy { rule \"r\" { names = {\"good.example\"} "
	     "types = {\"HTTPS\"} } }");
	lists("one", "a.example\n");
	not_released(0, "'good.example' would be blocked");
}
END_TEST

START_TEST(counts_are_those_of_what_is_in_force)
{
	with("never-blocked = {\"good.example\"}\n" ONE
	     "policy { rule \"r\" { names = {\"b.example\"} files = "
	     "{\"@/rule\"} } }");
	site_file("rule", "");
	lists("one", "a.example\nc.example\ngoogle.com\n");
	ck_assert(released(0));
	ck_assert_uint_eq(states[0].entries, 2);
	ck_assert_uint_eq(states[0].unique, 2);
	ck_assert_uint_eq(states[0].refused, 1);
	site_file("rule", "good.example\n");
	lists("one", "a.example\n");
	not_released(1, "'good.example' would be blocked");
	ck_assert_uint_eq(states[0].entries, 2);
	ck_assert_uint_eq(states[0].unique, 2);
	ck_assert_uint_eq(states[0].refused, 1);
}
END_TEST

/* ---- generations ---- */

START_TEST(generations_are_pruned)
{
	struct fsk_error err;
	uint64_t *serials;
	char body[400] = "";
	size_t n;

	with("generations = 3\n" ONE);
	for (unsigned i = 0; i < 6; i++) {
		sprintf(body + strlen(body), "n%u.example\n", i);
		lists("one", body);
		ck_assert(released(i));
	}
	serials = generations(conf, &n, &err);
	ck_assert_uint_eq(n, 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(serials[i], (uint64_t)NOW + 5 - i);
	free(serials);
	ck_assert_uint_eq(site_files("state/generations"), 3);
}
END_TEST

START_TEST(the_one_in_force_is_not_pruned)
{
	struct fsk_error err;
	char body[400] = "";

	with("generations = 2\n" ONE);
	for (unsigned i = 0; i < 2; i++) {
		sprintf(body + strlen(body), "n%u.example\n", i);
		lists("one", body);
		ck_assert(released(i));
	}
	ck_assert_int_eq(generation_install(conf, (uint64_t)NOW, &err), FSK_OK);
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW);
	conf->generations = 1;
	generations_prune(conf);
	ck_assert_uint_eq(how_many(), 2);
	ck_assert_int_eq(generation_verify(conf, (uint64_t)NOW, &err), FSK_OK);
}
END_TEST

START_TEST(what_is_no_generation_is_left_alone)
{
	struct fsk_error err;
	uint64_t *serials;
	size_t n;

	with("generations = 1\n" ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	site_file("state/generations/notes.txt", "x");
	site_file("state/generations/.fsdb", "x");
	site_file("state/generations/12", "x");
	site_file("state/generations/99999999999999999999999.fsdb", "x");
	site_file("state/generations/-1.fsdb", "x");
	site_file("state/generations/7.fsdb", "x");
	serials = generations(conf, &n, &err);
	ck_assert_uint_eq(n, 1);
	free(serials);
	lists("one", "a.example\nb.example\n");
	ck_assert(released(1));
	ck_assert_uint_eq(last.serial, (uint64_t)NOW + 1);
	ck_assert_uint_eq(site_files("state/generations"), 7);
}
END_TEST

START_TEST(a_generation_is_installed_in_one_step)
{
	struct fsk_error err = { 0 };
	struct stat before, after;

	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	lists("one", "b.example\n");
	ck_assert(released(1));
	ck_assert_int_eq(stat(conf->database, &before), 0);
	/* What a run left that was killed. */
	site_file("list.fsdb.next", "garbage");
	ck_assert_int_eq(generation_install(conf, (uint64_t)NOW, &err), FSK_OK);
	ck_assert_int_eq(stat(conf->database, &after), 0);
	ck_assert_uint_ne(before.st_ino, after.st_ino);
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW);
	/* Again. */
	ck_assert_int_eq(generation_install(conf, (uint64_t)NOW, &err), FSK_OK);
	ck_assert_uint_eq(kit_files(), 4);
	ck_assert_int_eq(generation_install(conf, 5, &err), FSK_EIO);
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW);
	ck_assert_uint_eq(kit_files(), 4);
}
END_TEST

START_TEST(a_database_on_another_file_system_is_a_copy)
{
	char folder[] = "/tmp/fraudsink-check-XXXXXX", path[64];
	struct stat here, there, a, b;
	char *generation;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	with(ONE);
	lists("one", "a.example\n");
	free(conf->database);
	conf->database = strdup(strcat(strcpy(path, folder), "/list.fsdb"));
	ck_assert_int_eq(stat(kit_dir, &here), 0);
	ck_assert_int_eq(stat(folder, &there), 0);
	if (here.st_dev == there.st_dev)
		puts("skipped: another file system: there is only one");
	ck_assert(released(0));
	generation = generation_path(conf, last.serial);
	ck_assert_int_eq(stat(generation, &a), 0);
	ck_assert_int_eq(stat(path, &b), 0);
	ck_assert_int_eq(a.st_size, b.st_size);
	ck_assert_int_eq(a.st_ino == b.st_ino && a.st_dev == b.st_dev,
	    here.st_dev == there.st_dev);
	ck_assert_uint_eq(b.st_mode & 0777, 0644);
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW);
	free(generation);
	lists("one", "b.example\n");
	ck_assert(released(1));
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW + 1);
	ck_assert_int_eq(unlink(path), 0);
	/* Nothing else lies there. */
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(a_damaged_generation_is_told)
{
	struct fsk_error err = { 0 };
	char *path;

	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	ck_assert_int_ne(generation_verify(conf, 1, &err), FSK_OK);
	path = generation_path(conf, 1);
	kit_write(path, "garbage", 7);
	ck_assert_int_ne(generation_verify(conf, 1, &err), FSK_OK);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	free(path);
}
END_TEST

START_TEST(what_cannot_be_installed_stays_out)
{
	with(ONE);
	lists("one", "a.example\n");
	/* Where the database should be, there is a folder with something. */
	ck_assert_int_eq(mkdir(conf->database, 0755), 0);
	site_file("list.fsdb/x", "");
	not_released(0, "cannot replace");
	ck_assert_int_eq(access(kit_path("list.fsdb.next"), F_OK), -1);
	ck_assert_int_eq(unlink(kit_path("list.fsdb/x")), 0);
	ck_assert_int_eq(rmdir(conf->database), 0);
	ck_assert(released(1));
}
END_TEST

/* ---- holding it back ---- */

START_TEST(a_rollback_holds)
{
	struct fsk_error err;

	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	lists("one", "a.example\nb.example\n");
	ck_assert(released(1));
	ck_assert(!release_is_held(conf));
	ck_assert_int_eq(release_hold(conf, (uint64_t)NOW, &err), FSK_OK);
	ck_assert(release_is_held(conf));
	ck_assert_int_eq(generation_install(conf, (uint64_t)NOW, &err), FSK_OK);
	/* Nothing new: nothing to hold. */
	ck_assert(!released(2));
	ck_assert(!last.held);
	lists("one", "a.example\nc.example\n");
	ck_assert(!released(3));
	ck_assert(last.held);
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW);
	ck_assert_int_eq(release_resume(conf, &err), FSK_OK);
	ck_assert(!release_is_held(conf));
	ck_assert(released(4));
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW + 4);
	ck_assert_int_eq(release_resume(conf, &err), FSK_OK);
}
END_TEST

START_TEST(resuming_publishes_even_if_nothing_changed)
{
	struct fsk_error err;

	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	ck_assert_int_eq(release_hold(conf, (uint64_t)NOW, &err), FSK_OK);
	ck_assert(!released(1));
	ck_assert_int_eq(release_resume(conf, &err), FSK_OK);
	ck_assert(released(2));
	ck_assert(!released(3));
}
END_TEST

START_TEST(force_ends_a_hold)
{
	struct fsk_error err;

	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	ck_assert_int_eq(release_hold(conf, (uint64_t)NOW, &err), FSK_OK);
	ck_assert_int_eq(release_at(1, true, &err), FSK_OK);
	ck_assert(last.published);
	ck_assert(!release_is_held(conf));
}
END_TEST

/* What is at the place of a file of the state: garbage, a folder. */
START_TEST(a_damaged_state_costs_a_release)
{
	struct fsk_error err = { 0 };

	with(ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	site_file("state/published", "\0\xff garbage");
	site_file("state/refused", "garbage");
	ck_assert(released(1));
	ck_assert(!released(2));
	ck_assert_int_eq(unlink(kit_path("state/published")), 0);
	ck_assert_int_eq(mkdir(kit_path("state/published"), 0755), 0);
	ck_assert_int_eq(release_at(3, false, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "state/published"));
	/* It was in force before that could be noted. */
	ck_assert_uint_eq(generation_in_force(conf), (uint64_t)NOW + 3);
	/* Garbage holds, too: in doubt nothing changes. */
	ck_assert_int_eq(rmdir(kit_path("state/published")), 0);
	site_file("state/hold", "");
	ck_assert(!released(4));
	ck_assert(last.held);
}
END_TEST

/* ---- hooks ---- */

START_TEST(hooks_know_what_was_published)
{
	char *text;
	size_t len;

	with("hooks = { \"echo $FRAUDSINK_SERIAL >>@/log\", "
	     "\"cat $FRAUDSINK_DB >@/copy\", \"exit 3\", "
	     "\"kill -9 $$\", \"echo last >>@/log\" }\n" ONE);
	lists("one", "a.example\n");
	ck_assert(released(0));
	release_hooks(conf, last.serial);
	text = state_text(kit_path("log"), &len);
	ck_assert_str_eq(text, "1790000000\nlast\n");
	free(text);
	fsk_db_close(site_db("copy"));
}
END_TEST

START_TEST(hooks_die_of_a_closed_pipe_as_others_do)
{
	char *text;
	size_t len;

	/* As main() does. */
	signal(SIGPIPE, SIG_IGN);
	with(
	    "hooks = { \"(yes; echo $? >@/log) | head -1 >/dev/null\" }\n" ONE);
	lists("one", "a.example\n");
	release_hooks(conf, 1);
	text = state_text(kit_path("log"), &len);
	ck_assert_str_eq(text, "141\n"); /* by SIGPIPE */
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/publish.c");
	TCase *tc = tcase_create("releases");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, site_setup, teardown);
	tcase_add_test(tc, a_release_publishes);
	tcase_add_test(tc, nothing_new_is_no_release);
	tcase_add_loop_test(tc, all_that_it_is_made_of_is_looked_at, 0,
	    sizeof(files) / sizeof(*files));
	tcase_add_test(tc, a_database_that_is_gone_is_made_again);
	tcase_add_test(tc, entries_that_grow_old_are_a_reason);
	tcase_add_test(tc, times_of_the_day_are_worked_out_again);
	tcase_add_test(tc, dates_of_rules_survive);
	tcase_add_test(tc, rules_are_dated_one_by_one);
	tcase_add_test(tc, a_rule_counts_from_when_it_is_in_force);
	tcase_add_test(tc, dates_are_kept_of_names_that_are_not);
	tcase_add_test(tc, serials_only_grow);
	tcase_add_test(tc, a_list_that_is_lost_holds_it);
	tcase_add_test(tc, what_is_taken_out_of_the_configuration_goes);
	tcase_add_test(tc, an_empty_database_is_not_published);
	tcase_add_test(tc, canaries);
	tcase_add_test(tc, canaries_sing_for_groups);
	tcase_add_test(tc, canaries_sing_for_the_lists_of_groups);
	tcase_add_test(tc, canaries_sing_for_all_types);
	tcase_add_test(tc, counts_are_those_of_what_is_in_force);
	tcase_add_test(tc, generations_are_pruned);
	tcase_add_test(tc, the_one_in_force_is_not_pruned);
	tcase_add_test(tc, what_is_no_generation_is_left_alone);
	tcase_add_test(tc, a_generation_is_installed_in_one_step);
	tcase_add_test(tc, a_database_on_another_file_system_is_a_copy);
	tcase_add_test(tc, a_damaged_generation_is_told);
	tcase_add_test(tc, what_cannot_be_installed_stays_out);
	tcase_add_test(tc, a_rollback_holds);
	tcase_add_test(tc, resuming_publishes_even_if_nothing_changed);
	tcase_add_test(tc, force_ends_a_hold);
	tcase_add_test(tc, a_damaged_state_costs_a_release);
	tcase_add_test(tc, hooks_know_what_was_published);
	tcase_add_test(tc, hooks_die_of_a_closed_pipe_as_others_do);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
