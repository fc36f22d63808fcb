/* SPDX-License-Identifier: BSD-3-Clause */
/* What can happen to a site: damaged and unreadable files, folders that cannot
 * be written, a full disk, the power's end. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/state.h"
#include "tests/e2e/procs.h"
#include "tests/feeds/http.h"
#include "tests/feeds/run.h"
#include "tests/feeds/site.h"
#include "tests/feeds/step.h"
#include "tests/lib/kit.h"

static struct http *server;
static char *big; /* what it sends, for as long as it may */

static void
setup(void)
{
	site_setup();
	server = http_start();
}

static void
teardown(void)
{
	http_stop(server);
	free(big);
	kit_teardown();
}

/* A web feed and one of this machine, both with a name that stays. */
static void
make_site(void)
{
	char text[600];

	snprintf(text, sizeof(text),
	    "retries = 0\ngenerations = 3\n"
	    "feed \"web\" { url = \"%s\" }\nfeed \"file\" { url = \"@/one\" "
	    "}\n",
	    http_url(server, "/web"));
	http_clear(server);
	http_page(server,
	    &(struct http_page){
		.path = "/web", .body = "web.example\n", .etag = "\"1\"" });
	site_file("one", "file.example\n");
	site_write(text);
}

/* Runs "sync", which must exit with STATUS; what it said, for free(). */
static char *
sync_says(int status)
{
	struct run r;

	run_feeds(&r, NULL, "sync -c feeds.conf");
	ck_assert_msg(
	    r.status == status, "exit status %d: %s", r.status, r.err);
	free(r.out);
	return r.err;
}

static void
sync_ok(void)
{
	free(sync_says(0));
}

static void
in_force(const char *names, bool blocked)
{
	struct fsk_db *db = site_db("list.fsdb");

	site_blocks(db, names, blocked);
	fsk_db_close(db);
}

/* ---- damaged files ---- */

static const char *const files[] = { "state/web/meta", "state/web/list.fsdb",
	"state/web/urls", "state/web/body", "state/file/meta",
	"state/file/list.fsdb", "state/file/urls", "state/published",
	"state/refused", "state/status.json", "state/lock", "list.fsdb" };
#define FILES (sizeof(files) / sizeof(*files))

static void
remove_it(const char *name)
{
	ck_assert_int_eq(unlink(kit_path(name)), 0);
}

/* Whatever one file is damaged to, all is well after a round; OFFLINE: the
 * server is not there in that. */
static void
survives(unsigned file, unsigned damage, bool offline)
{
	static const char text[] = "\x89\x01garbage\n\n 7 \xff";
	const char *name = files[file];
	struct stat st;
	char *said;

	make_site();
	sync_ok();
	ck_assert_int_eq(stat(kit_path(name), &st), 0);
	switch (damage) {
	case 0:
		remove_it(name);
		break;
	case 1: /* never in place: it may be the database's other name */
		remove_it(name);
		kit_write(kit_path(name), "", 0);
		break;
	case 2:
		remove_it(name);
		kit_write(kit_path(name), text, sizeof(text));
		break;
	case 3: {
		size_t len;
		uint8_t *bytes = kit_read(kit_path(name), &len);

		remove_it(name);
		kit_write(kit_path(name), bytes, len / 2);
		free(bytes);
		break;
	}
	}
	if (offline)
		http_clear(server);
	said = sync_says(offline);
	free(said);
	in_force("web.example file.example", true);
	ck_assert_uint_eq(site_files("state/web"), 4);
	ck_assert_uint_eq(site_files("state/file"), 3);
	make_site();
	sync_ok();
	said = sync_says(0);
	ck_assert_ptr_nonnull(strstr(said, "nothing changed"));
	free(said);
	in_force("web.example file.example", true);
	free(run_output("status -c feeds.conf"));
}

START_TEST(a_damaged_file)
{
	survives((unsigned)_i / 4, (unsigned)_i % 4, false);
}
END_TEST

START_TEST(a_damaged_file_while_the_server_is_away)
{
	survives((unsigned)_i / 4, (unsigned)_i % 4, true);
}
END_TEST

START_TEST(the_content_is_lost_with_the_list)
{
	char *said;

	make_site();
	sync_ok();
	remove_it("state/web/list.fsdb");
	remove_it("state/web/body");
	http_clear(server);
	site_file("one", "other.example\n");
	said = sync_says(2);
	ck_assert_ptr_nonnull(
	    strstr(said, "the list of feed 'web' is gone, but 1 entries"));
	free(said);
	in_force("web.example file.example", true);
	make_site();
	sync_ok();
	in_force("web.example file.example", true);
}
END_TEST

START_TEST(a_folder_where_a_file_should_be)
{
	static const char *const names[] = { "state/web/meta",
		"state/web/list.fsdb", "state/web/urls", "state/web/body",
		"state/published", "state/refused", "state/lock" };
	char *said;

	make_site();
	sync_ok();
	remove_it(names[_i]);
	ck_assert_int_eq(mkdir(kit_path(names[_i]), 0755), 0);
	site_file("one", "file.example\nmore.example\n");
	/* It cannot go well, but does no harm. */
	run_status(NULL, "sync -c feeds.conf");
	in_force("web.example file.example", true);
	ck_assert_int_eq(rmdir(kit_path(names[_i])), 0);
	said = sync_says(0);
	free(said);
	in_force("web.example file.example more.example", true);
}
END_TEST

/* ---- folders that cannot be written ---- */

/* Becomes somebody whom modes bind; false where that cannot be. */
static bool
be_nobody(void)
{
	char command[200];

	if (geteuid() != 0)
		return true;
	snprintf(command, sizeof(command), "chown -R 65534 %s", kit_dir);
	if (system(command) != 0 || setresuid(65534, 65534, 65534) == -1 ||
	    access(getenv("FRAUDSINK_TEST_FEEDS"), X_OK) == -1) {
		puts("skipped: folders without permission: cannot be nobody");
		return false;
	}
	return true;
}

static const struct {
	const char *path;
	mode_t mode, back;
	int status;
	const char *says;
} locked[] = {
	{ "state", 0555, 0755, 2, "Permission denied" },
	{ "state", 0000, 0755, 2, "Permission denied" },
	{ "state/web", 0555, 0755, 2, "Permission denied" },
	{ "state/generations", 0555, 0755, 2, "Permission denied" },
	{ ".", 0555, 0755, 2, "Permission denied" },
	{ "state/lock", 0000, 0644, 2, "cannot open" },
	{ "state/web/meta", 0000, 0644, 0, "" },
	{ "state/web/list.fsdb", 0000, 0644, 0, "" },
	{ "state/web/urls", 0000, 0644, 0, "" },
	{ "state/published", 0000, 0644, 0, "" },
	{ "one", 0000, 0644, 0, "file: unchanged" },
	{ "feeds.conf", 0000, 0644, 2, "cannot open it: Permission denied" },
};

START_TEST(what_may_not_be_read_or_written)
{
	char *said;

	make_site();
	sync_ok();
	if (!be_nobody())
		return;
	http_clear(server);
	http_page(server,
	    &(struct http_page){
		.path = "/web", .body = "web.example\nnew.example\n" });
	ck_assert_int_eq(chmod(kit_path(locked[_i].path), locked[_i].mode), 0);
	said = sync_says(locked[_i].status);
	ck_assert_msg(strstr(said, locked[_i].says) != NULL, "%s", said);
	free(said);
	chmod(kit_path(locked[_i].path), locked[_i].back);
	in_force("web.example file.example", true);
	if (locked[_i].status == 2)
		in_force("new.example", false);
	sync_ok();
	in_force("web.example file.example new.example", true);
}
END_TEST

/* ---- a full disk ---- */

/* Puts a file system of KB kilobytes at the folder NAME, for this process and
 * those that it starts. */
static bool
small_disk(const char *name, unsigned kb)
{
	char options[64];

	mkdir(kit_path(name), 0755);
	snprintf(options, sizeof(options), "size=%uk,mode=755", kb);
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", kit_path(name), "tmpfs", 0, options) == -1) {
		printf("skipped: a full disk: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static void
grow_disk(const char *name, unsigned kb)
{
	char options[64];

	snprintf(options, sizeof(options), "size=%uk,mode=755", kb);
	ck_assert_int_eq(
	    mount("none", kit_path(name), "tmpfs", MS_REMOUNT, options), 0);
}

/* Kilobytes that are left for the second round. */
static const unsigned rooms[] = { 0, 4, 8, 40, 200, 400, 700, 1000, 1300, 1600,
	2000, 2500, 3000, 4000 };

START_TEST(a_full_disk)
{
	char text[600], *p = big = malloc(2000000);
	struct run r;

	/* All of it lies there: the database, the state. */
	if (!small_disk("disk", 2048))
		return;
	snprintf(text, sizeof(text),
	    "database = \"@/disk/list.fsdb\"\nstate = \"@/disk/state\"\n"
	    "memory = 32M\nthreads = 2\nretries = 0\n"
	    "feed \"web\" { url = \"%s\" max-growth = 1000000 }",
	    http_url(server, "/web"));
	site_file("feeds.conf", site_text(text));
	http_page(server,
	    &(struct http_page){ .path = "/web",
		.body = "old.example\nb.example\n"
			"c.example\nd.example\ne.example\nf.example\n" });
	sync_ok();
	for (unsigned i = 0; i < 40000; i++)
		p += sprintf(p, "a-name-of-some-length-%u.example\n", i);
	sprintf(p, "new.example\n");
	http_clear(server);
	http_page(server, &(struct http_page){ .path = "/web", .body = big });
	{
		struct stat st;
		char command[200], kb[32] = "";
		FILE *f;

		snprintf(
		    command, sizeof(command), "du -sk %s", kit_path("disk"));
		f = popen(command, "re");
		ck_assert_ptr_nonnull(fgets(kb, sizeof(kb), f));
		pclose(f);
		ck_assert_int_eq(stat(kit_path("disk"), &st), 0);
		grow_disk(
		    "disk", (unsigned)strtoul(kb, NULL, 10) + 4 + rooms[_i]);
	}
	run_feeds(&r, NULL, "sync -c feeds.conf");
	if (r.status == 0) {
		struct fsk_db *db = site_db("disk/list.fsdb");

		site_blocks(db, "new.example", true);
		fsk_db_close(db);
	} else {
		struct fsk_db *db = site_db("disk/list.fsdb");

		ck_assert_msg(strstr(r.err, "No space left on device") != NULL,
		    "%s", r.err);
		site_blocks(db, "old.example", true);
		fsk_db_close(db);
	}
	run_free(&r);
	grow_disk("disk", 64 << 10);
	sync_ok();
	{
		struct fsk_db *db = site_db("disk/list.fsdb");

		site_blocks(db, "new.example", true);
		site_blocks(db, "old.example", false);
		fsk_db_close(db);
	}
	/* body, list.fsdb, meta, urls. */
	ck_assert_uint_eq(site_files("disk/state/web"), 4);
	/* In a place of its own it is removed with its space. */
	ck_assert_int_eq(umount2(kit_path("disk"), MNT_DETACH), 0);
}
END_TEST

/* ---- the power's end ---- */

/* A round is killed at every step; afterwards the list is that of before or
 * that after, and the next round works. */
START_TEST(killed_at_every_step)
{
	char body[80];
	unsigned step = 0, before = 0, after = 0, fewest;
	bool killed = true, can;
	int status;

	make_site();
	sync_ok();
	fewest = site_files("state");
	while (killed) {
		struct fsk_db *db;
		char old[64], new[64];

		snprintf(old, sizeof(old), "n%u.example", step);
		if (step == 0)
			strcpy(old, "file.example");
		step++;
		snprintf(new, sizeof(new), "n%u.example", step);
		snprintf(body, sizeof(body), "%s\n", new);
		site_file("one", body);
		killed = step_run("sync -c feeds.conf", step, &status, &can);
		if (!can) {
			puts("skipped: killed at every step: no ptrace");
			return;
		}
		db = site_db("list.fsdb");
		site_blocks(db, "web.example", true);
		if (strcmp(site_ask(db, old, 0, NULL, 0), "nxdomain") == 0) {
			site_blocks(db, new, false);
			ck_assert(killed);
			before++;
		} else {
			site_blocks(db, new, true);
			after++;
		}
		fsk_db_close(db);
		if (!killed)
			ck_assert_int_eq(status, 0);
		sync_ok();
		db = site_db("list.fsdb");
		site_blocks(db, "web.example", true);
		site_blocks(db, new, true);
		site_blocks(db, old, false);
		fsk_db_close(db);
		/* What was under way does not pile up. */
		ck_assert_uint_le(site_files("state/web"), 6);
		ck_assert_uint_le(site_files("state/file"), 5);
		ck_assert_uint_le(site_files("state"), fewest + 4);
		ck_assert_uint_le(site_files("state/generations"), 4);
		ck_assert_uint_le(kit_files(), 5);
	}
	ck_assert_uint_gt(before, 20);
	ck_assert_uint_gt(after, 3);
}
END_TEST

/* The same for a rollback: it is done, or not, and held if it is. */
START_TEST(a_rollback_killed_at_every_step)
{
	bool killed = true, can;
	int status;

	for (unsigned step = 1; killed; step++) {
		struct fsk_db *db;
		bool back;

		make_site();
		free(run_output("sync -c feeds.conf --force"));
		site_file("one", "later.example\n");
		free(run_output("sync -c feeds.conf"));
		killed = step_run(
		    "rollback -c feeds.conf", step, &status, &can);
		if (!can)
			return;
		db = site_db("list.fsdb");
		back = strcmp(site_ask(db, "later.example", 0, NULL, 0),
			   "nxdomain") != 0;
		site_blocks(db, "web.example", true);
		fsk_db_close(db);
		if (back)
			ck_assert_int_eq(
			    access(kit_path("state/hold"), F_OK), 0);
		free(run_output("rollback -c feeds.conf --resume"));
		sync_ok();
		in_force("web.example later.example", true);
	}
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("feeds/damage");
	TCase *tc = tcase_create("files");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_damaged_file, 0, 4 * FILES);
	/* Of the web feed, less what only its server knows. */
	tcase_add_loop_test(
	    tc, a_damaged_file_while_the_server_is_away, 0, 4 * 3);
	tcase_add_test(tc, the_content_is_lost_with_the_list);
	tcase_add_loop_test(tc, a_folder_where_a_file_should_be, 0, 7);
	tcase_add_loop_test(tc, what_may_not_be_read_or_written, 0,
	    sizeof(locked) / sizeof(*locked));
	tcase_add_loop_test(tc, a_full_disk, 0, sizeof(rooms) / sizeof(*rooms));
	suite_add_tcase(s, tc);
	tc = tcase_create("kill -9");
	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, killed_at_every_step);
	tcase_add_test(tc, a_rollback_killed_at_every_step);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_guard(make_suite);
}
