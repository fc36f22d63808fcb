/* SPDX-License-Identifier: BSD-3-Clause */
/* What passes for a while: at once, for whom it is meant, and not for longer.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/lists.h"
#include "tests/e2e/load.h"

#define SOON 2000 /* from the command to being in force */

static struct world w;
static struct reply r;

static const char conf[] =
    "feed \"bad\" { url = \"@/bad\" aliases = yes }\n"
    "policy {\n"
    "  rule \"net\" { prefixes = {\"203.0.113.0/24\"} }\n"
    "  group \"kids\" { prefixes = {\"127.0.0.0/24\"}\n"
    "    block = {\"kids.test\"} action = refused }\n"
    "  group \"office\" { prefixes = {\"127.0.1.0/24\"} }\n"
    "}\n";

static const char records[] = "to-evil.test. 300 IN CNAME evil.test.\n"
			      "to-bad.test. 300 IN CNAME bad.test.\n"
			      "hit.test. 300 IN A 203.0.113.9\n";

#define KIDS   "127.0.0.2"
#define KIDS_2 "127.0.0.3"
#define OFFICE "127.0.1.2"
#define NONE   "127.0.5.1"

static void
start(void)
{
	world_start(&w,
	    &(struct world_options){ .list = "other.example",
		.ring = "ring",
		.threads = 2,
		.records = records });
	lists_file(&w, "bad", "evil.test\nbad.test\n");
	lists_sync(&w, conf);
}

static void
stop(void)
{
	world_stop(&w);
}

static void
bypass(const char *what, const char *for_how_long)
{
	free(lists_run(&w, 0, "bypass", what, "--for", for_how_long, "--by",
	    "anna", "--why", "case 7", NULL));
}

static void
end(const char *what, int status)
{
	free(lists_run(&w, status, "bypass", "--end", what, "--by", "otto",
	    "--why", "done", NULL));
}

static unsigned
rcode_for(const char *name, const char *client)
{
	ask(&w, &r, (struct ask){ .name = name, .from = client });
	return r.rcode;
}

static void
expect(const char *name, const char *client, unsigned rcode)
{
	ck_assert_msg(rcode_for(name, client) == rcode, "%s for %s: %u", name,
	    client, r.rcode);
}

static void
await(const char *name, const char *client, unsigned rcode, long ms)
{
	const long until = now_ms() + patience(ms);

	while (rcode_for(name, client) != rcode) {
		ck_assert_msg(now_ms() < until, "%s for %s: still %u", name,
		    client, r.rcode);
		breathe();
	}
}

/* The bypass is in force: the log says how many there are. */
static void
await_count(unsigned n, unsigned times)
{
	char text[64];

	snprintf(text, sizeof(text), "fraudsink: %u bypasses", n);
	await_log(&w, text, times);
}

START_TEST(a_name_passes_for_all)
{
	start();
	expect("evil.test", NONE, NXDOMAIN);
	bypass("evil.test", "30m");
	await("evil.test", NONE, NOERROR, SOON);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const clients[] = { KIDS, OFFICE, NONE,
			KIDS_2 };

		expect("evil.test", clients[i], NOERROR);
		expect("www.evil.test", clients[i], NOERROR);
		/* And what leads to it. */
		expect("to-evil.test", clients[i], NOERROR);
		expect("bad.test", clients[i],
		    i == 0 || i == 3 ? REFUSED : NXDOMAIN);
	}
	ck_assert(!cached(&w, "evil.test"));
	ck_assert(!cached(&w, "to-evil.test"));
	end("evil.test", 0);
	await("evil.test", NONE, NXDOMAIN, SOON);
	expect("www.evil.test", KIDS, REFUSED);
	expect("to-evil.test", NONE, NXDOMAIN);
	end("evil.test", 1);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	stop();
}
END_TEST

/* What is asked for is not listed; where it leads to is. */
START_TEST(a_name_passes_wherever_it_leads)
{
	start();
	expect("to-bad.test", NONE, NXDOMAIN);
	expect("hit.test", NONE, NXDOMAIN);
	bypass("to-bad.test", "30m");
	bypass("hit.test", "30m");
	await_count(2, 1);
	for (unsigned i = 0; i < 2; i++) {
		expect("to-bad.test", NONE, NOERROR);
		expect("to-bad.test", KIDS, NOERROR);
		expect("hit.test", NONE, NOERROR);
		expect("bad.test", NONE, NXDOMAIN);
		expect("to-evil.test", NONE, NXDOMAIN);
	}
	ck_assert(!cached(&w, "to-bad.test"));
	end("to-bad.test", 0);
	await("to-bad.test", NONE, NXDOMAIN, SOON);
	stop();
}
END_TEST

START_TEST(a_group_passes)
{
	start();
	bypass("kids", "1h");
	await("evil.test", KIDS, NOERROR, SOON);
	for (unsigned i = 0; i < 4; i++) {
		expect("evil.test", i & 1 ? KIDS : KIDS_2, NOERROR);
		expect("evil.test", i & 1 ? NONE : OFFICE, NXDOMAIN);
		expect("kids.test", KIDS, NOERROR);
		expect("to-evil.test", KIDS, NOERROR);
		expect("to-evil.test", NONE, NXDOMAIN);
		expect("hit.test", KIDS, NOERROR);
		expect("hit.test", OFFICE, NXDOMAIN);
	}
	end("kids", 0);
	await("evil.test", KIDS, REFUSED, SOON);
	expect("kids.test", KIDS, REFUSED);
	expect("hit.test", KIDS, REFUSED);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	stop();
}
END_TEST

START_TEST(an_address_passes)
{
	start();
	bypass(KIDS_2, "1h");
	bypass("127.0.5.0/24", "1h");
	await("evil.test", NONE, NOERROR, SOON);
	for (unsigned i = 0; i < 4; i++) {
		expect("evil.test", KIDS, REFUSED);
		expect("evil.test", KIDS_2, NOERROR);
		expect("evil.test", OFFICE, NXDOMAIN);
		expect("evil.test", "127.0.5.255", NOERROR);
		expect("evil.test", "127.0.6.0", NXDOMAIN);
		expect("hit.test", NONE, NOERROR);
		expect("hit.test", OFFICE, NXDOMAIN);
	}
	end("127.0.5.0/24", 0);
	await("evil.test", NONE, NXDOMAIN, SOON);
	expect("evil.test", KIDS_2, NOERROR);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	stop();
}
END_TEST

START_TEST(it_ends_by_itself)
{
	long before;

	start();
	before = now_ms();
	bypass("evil.test", "3s");
	await("evil.test", NONE, NOERROR, SOON);
	await("evil.test", NONE, NXDOMAIN, 5000);
	ck_assert_int_ge(now_ms() - before, 1900);
	/* What was resolved meanwhile is not what is answered. */
	ck_assert(!cached(&w, "evil.test"));
	stop();
}
END_TEST

START_TEST(it_is_listed_and_written_down)
{
	char path[256], *text;

	start();
	bypass("evil.test", "30m");
	bypass("kids", "2h");
	bypass("2001:db8::/32", "366d");
	free(lists_run(&w, 0, "bypass", "127.0.0.9", "--for", "1s", "--by",
	    "anna\033[31m", "--why", "a\nb", NULL));
	text = lists_run(&w, 0, "bypass", "--list", NULL);
	ck_assert_ptr_nonnull(strstr(text, "evil.test"));
	ck_assert_ptr_nonnull(strstr(text, "kids"));
	ck_assert_ptr_nonnull(strstr(text, "2001:db8::/32"));
	ck_assert_ptr_nonnull(strstr(text, "by anna: case 7"));
	/* Nothing that a terminal would obey. */
	for (const char *p = text; *p != '\0'; p++)
		ck_assert_msg(*p == '\n' || (unsigned char)*p >= 0x20,
		    "octet %d is printed", *p);
	free(text);
	text = lists_run(&w, 0, "bypass", "--list", "--json", NULL);
	ck_assert_ptr_nonnull(strstr(text, "\"what\":\"evil.test\""));
	ck_assert_ptr_nonnull(strstr(text, "\"kind\":\"group\""));
	free(text);
	end("kids", 0);
	end("kids", 1);
	end("nobody.example", 1);
	text = lists_run(&w, 0, "bypass", "--list", NULL);
	ck_assert_ptr_null(strstr(text, "kids"));
	free(text);
	free(lists_run(&w, 2, "bypass", "evil.test", "--for", "367d", "--by",
	    "a", "--why", "b", NULL));
	free(lists_run(&w, 2, "bypass", "evil.test", "--for", "1h", NULL));
	free(lists_run(&w, 2, "bypass", "-x-", "--for", "1h", "--by", "a",
	    "--why", "b", NULL));
	snprintf(path, sizeof(path), "%s/state/audit.log", w.folder);
	ck_assert_uint_eq(occurrences(path, "\n"), 5);
	ck_assert_uint_eq(occurrences(path, "\"bypass\""), 4);
	ck_assert_uint_eq(occurrences(path, "\"bypass-end\""), 1);
	ck_assert_uint_eq(occurrences(path, "\"otto\""), 1);
	/* A line for each, whatever was said. */
	ck_assert_uint_eq(occurrences(path, "a?b"), 1);
	stop();
}
END_TEST

/* ---- damage ---- */

static void
put_bypass(const void *bytes, size_t len)
{
	char path[256], next[256];

	snprintf(path, sizeof(path), "%s.bypass", w.db);
	snprintf(next, sizeof(next), "%s.bypass.next", w.db);
	write_file(next, bytes, len);
	ck_assert_int_eq(rename(next, path), 0);
}

START_TEST(a_damaged_file_changes_nothing)
{
	char path[256], *bytes;
	struct stat st;
	FILE *f;
	size_t len;

	start();
	bypass("evil.test", "1h");
	await("evil.test", NONE, NOERROR, SOON);
	snprintf(path, sizeof(path), "%s.bypass", w.db);
	ck_assert_int_eq(stat(path, &st), 0);
	len = (size_t)st.st_size;
	bytes = malloc(len);
	ck_assert_ptr_nonnull(bytes);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(bytes, 1, len, f), len);
	fclose(f);
	for (unsigned i = 0; i < 6; i++) {
		const size_t at[] = { 0, 9, 13, 20, 64, len - 1 };

		bytes[at[i]] ^= 1;
		put_bypass(bytes, len);
		bytes[at[i]] ^= 1;
		await_log(&w, "the bypasses before stay", i + 1);
		expect("evil.test", NONE, NOERROR);
		expect("bad.test", NONE, NXDOMAIN);
	}
	put_bypass(bytes, len / 2);
	await_log(&w, "the bypasses before stay", 7);
	put_bypass("", 0);
	await_log(&w, "the bypasses before stay", 8);
	expect("evil.test", NONE, NOERROR);
	/* The command does not build on what it cannot read. */
	free(lists_run(&w, 2, "bypass", "bad.test", "--for", "1h", "--by", "a",
	    "--why", "b", NULL));
	free(lists_run(&w, 2, "bypass", "--list", NULL));
	/* At a start there are none, and names are blocked. */
	world_stop_unbound(&w);
	world_start_unbound(&w);
	expect("evil.test", NONE, NXDOMAIN);
	put_bypass(bytes, len);
	await("evil.test", NONE, NOERROR, SOON);
	unlink(path);
	await("evil.test", NONE, NXDOMAIN, SOON);
	free(bytes);
	stop();
}
END_TEST

/* ---- under load ---- */

static const char *const load_names[] = { "evil.test", "n#.evil.test",
	"kids.test", "to-evil.test", "free.test", "n#.test" };
static const char *const load_clients[] = { KIDS, KIDS_2, OFFICE, NONE };

static unsigned
expected(unsigned name, unsigned client, bool on)
{
	const bool kids = client < 2;

	if (name > 3 || (kids && on) || (name == 2 && !kids))
		return NOERROR;
	return kids ? REFUSED : NXDOMAIN;
}

static const char *
wrong(void *arg, unsigned name, unsigned client, unsigned change, bool in_force,
    const struct reply *reply)
{
	const bool on = change & 1;

	(void)arg;
	if (reply->rcode == expected(name, client, on) ||
	    (!in_force && reply->rcode == expected(name, client, !on)))
		return NULL;
	return on ? "with the bypass" : "without a bypass";
}

static void
turn(void *arg, unsigned n)
{
	(void)arg;
	if (n & 1)
		bypass("kids", "1h");
	else
		end("kids", 0);
	await_count(n & 1, (n + 1) / 2);
}

START_TEST(a_group_passes_under_load)
{
	const struct load l = { .w = &w,
		.name = load_names,
		.names = 6,
		.client = load_clients,
		.clients = 4,
		.queries = load_size(10000, 100000),
		.wrong = wrong,
		.change = turn,
		.changes = 6 };

	start();
	load_run(&l);
	ck_assert_uint_eq(lists_counter(&w, FSK_COUNT_LEAKED), 0);
	stop();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("e2e/bypass");
	TCase *tc = tcase_create("bypass");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, a_name_passes_for_all);
	tcase_add_test(tc, a_name_passes_wherever_it_leads);
	tcase_add_test(tc, a_group_passes);
	tcase_add_test(tc, an_address_passes);
	tcase_add_test(tc, it_ends_by_itself);
	tcase_add_test(tc, it_is_listed_and_written_down);
	tcase_add_test(tc, a_damaged_file_changes_nothing);
	tcase_add_test(tc, a_group_passes_under_load);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return procs_main(make_suite);
}
