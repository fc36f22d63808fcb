/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds export as its users run it: each form, whole; what cannot be
 * said; files. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/feeds/run.h"
#include "tests/lib/kit.h"

/* One entry of each kind: matches, answers, exceptions above and below. */
static void
make_list(void)
{
	run_file("evil",
	    "evil.example\ndeep.a.b.evil.example\n*.below.example\n"
	    "=exact.example\n");
	run_file("bad", "bad.good.evil.example\n");
	run_file("ok",
	    "good.evil.example\n=self.two.evil.example\n"
	    "*.sub.evil.example\nbank.example\n");
	run_file("sink", "sink.example\n=esink.example\n");
	run_file("nodata", "nodata.example\n");
	free(run_output("build -q -o a.fsdb --serial 9 --category phishing "
			"evil bad --action allow ok --action sinkhole "
			"--sinkhole 192.0.2.1,2001:db8::1 --severity yellow "
			"--category scam --ttl 30 sink --action nodata "
			"--ttl 60 nodata"));
}

static void
setup(void)
{
	kit_setup();
	make_list();
}

static int
by_text(const void *ap, const void *bp)
{
	const char *const *a = ap, *const *b = bp;

	return strcmp(*a, *b);
}

/* The lines of TEXT in order: names come in that of the database, which has a
 * new key each time. */
static char *
sorted(char *text)
{
	char *line[256], *save, *out = calloc(1, strlen(text) + 2);
	size_t n = 0;

	ck_assert_ptr_nonnull(out);
	for (char *l = strtok_r(text, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save)) {
		ck_assert_uint_lt(n, 256);
		line[n++] = l;
	}
	qsort(line, n, sizeof(*line), by_text);
	for (size_t i = 0; i < n; i++) {
		strcat(out, line[i]);
		strcat(out, "\n");
	}
	return out;
}

/* ---- each form, whole ---- */

static const struct {
	const char *format, *out, *err;
} forms[] = {
	{ "rpz",
	    "$TTL 60\n"
	    "*.bad.good.evil.example CNAME .\n"
	    "*.bank.example CNAME rpz-passthru.\n"
	    "*.below.example CNAME .\n"
	    "*.evil.example CNAME .\n"
	    "*.good.evil.example CNAME rpz-passthru.\n"
	    "*.nodata.example CNAME *.\n"
	    "*.self.two.evil.example CNAME .\n"
	    "*.sink.example 30 A 192.0.2.1\n"
	    "*.sink.example 30 AAAA 2001:db8::1\n"
	    "*.sub.evil.example CNAME rpz-passthru.\n"
	    "*.two.evil.example CNAME .\n"
	    "; fraudsink-feeds export, serial 9, for the zone rpz.invalid\n"
	    "@ NS localhost.\n"
	    "@ SOA localhost. root.localhost. 9 3600 600 604800 60\n"
	    "bad.good.evil.example CNAME .\n"
	    "bank.example CNAME rpz-passthru.\n"
	    "esink.example 30 A 192.0.2.1\n"
	    "esink.example 30 AAAA 2001:db8::1\n"
	    "evil.example CNAME .\n"
	    "exact.example CNAME .\n"
	    "good.evil.example CNAME rpz-passthru.\n"
	    "nodata.example CNAME *.\n"
	    "self.two.evil.example CNAME rpz-passthru.\n"
	    "sink.example 30 A 192.0.2.1\n"
	    "sink.example 30 AAAA 2001:db8::1\n"
	    "sub.evil.example CNAME .\n"
	    "two.evil.example CNAME .\n",
	    "" },
	{ "hosts",
	    "# fraudsink-feeds export, serial 9\n"
	    "0.0.0.0 bad.good.evil.example\n"
	    "0.0.0.0 deep.a.b.evil.example\n"
	    "0.0.0.0 evil.example\n"
	    "0.0.0.0 exact.example\n"
	    "0.0.0.0 nodata.example\n"
	    "0.0.0.0 sub.evil.example\n"
	    "192.0.2.1 esink.example\n"
	    "192.0.2.1 sink.example\n"
	    "2001:db8::1 esink.example\n"
	    "2001:db8::1 sink.example\n",
	    "fraudsink-feeds: hosts: 7 names are listed without what is below "
	    "them\n" },
	{ "domains",
	    "# fraudsink-feeds export, serial 9\n"
	    "bad.good.evil.example\n"
	    "deep.a.b.evil.example\n"
	    "esink.example\n"
	    "evil.example\n"
	    "exact.example\n"
	    "nodata.example\n"
	    "sink.example\n"
	    "sub.evil.example\n",
	    "fraudsink-feeds: domains: 7 names are listed without what is "
	    "below them\n" },
	{ "wildcard",
	    "# fraudsink-feeds export, serial 9\n"
	    "*.below.example\n"
	    "*.evil.example\n"
	    "*.nodata.example\n"
	    "*.sink.example\n"
	    "esink.example\n"
	    "evil.example\n"
	    "exact.example\n"
	    "nodata.example\n"
	    "sink.example\n",
	    "fraudsink-feeds: wildcard: 3 names stay blocked that an entry "
	    "allows: there are no exceptions\n" },
	{ "adblock",
	    "! fraudsink-feeds export, serial 9\n"
	    "@@|self.two.evil.example^\n"
	    "@@||*.sub.evil.example^\n"
	    "@@||good.evil.example^\n"
	    "|esink.example^\n"
	    "|exact.example^\n"
	    "||*.below.example^\n"
	    "||bad.good.evil.example^$important\n"
	    "||evil.example^\n"
	    "||nodata.example^\n"
	    "||sink.example^\n",
	    "" },
	{ "dnsmasq",
	    "# fraudsink-feeds export, serial 9\n"
	    "address=/esink.example/192.0.2.1\n"
	    "address=/esink.example/2001:db8::1\n"
	    "address=/sink.example/192.0.2.1\n"
	    "address=/sink.example/2001:db8::1\n"
	    "local=/*.below.example/\n"
	    "local=/*.self.two.evil.example/\n"
	    "local=/bad.good.evil.example/\n"
	    "local=/esink.example/\n"
	    "local=/evil.example/\n"
	    "local=/exact.example/\n"
	    "local=/nodata.example/\n"
	    "local=/sink.example/\n"
	    "server=/*.esink.example/#\n"
	    "server=/*.exact.example/#\n"
	    "server=/*.sub.evil.example/#\n"
	    "server=/good.evil.example/#\n"
	    "server=/self.two.evil.example/#\n",
	    "fraudsink-feeds: dnsmasq: 1 entries block, but are answered "
	    "otherwise than in the database\n" },
	{ "unbound",
	    "# fraudsink-feeds export, serial 9\n"
	    "local-data: \"esink.example. 30 IN A 192.0.2.1\"\n"
	    "local-data: \"esink.example. 30 IN AAAA 2001:db8::1\"\n"
	    "local-data: \"sink.example. 30 IN A 192.0.2.1\"\n"
	    "local-data: \"sink.example. 30 IN AAAA 2001:db8::1\"\n"
	    "local-zone: \"bad.good.evil.example.\" always_nxdomain\n"
	    "local-zone: \"esink.example.\" transparent\n"
	    "local-zone: \"evil.example.\" always_nxdomain\n"
	    "local-zone: \"good.evil.example.\" always_transparent\n"
	    "local-zone: \"nodata.example.\" always_nodata\n"
	    "local-zone: \"sink.example.\" redirect\n"
	    "server:\n",
	    "fraudsink-feeds: unbound: 4 names left out: a name and what is "
	    "below it cannot be told apart\n" },
};

START_TEST(a_form_says_what_it_can_and_tells_the_rest)
{
	char args[64], *out;
	struct run r;

	snprintf(
	    args, sizeof(args), "export -d a.fsdb -f %s", forms[_i].format);
	run_feeds(&r, NULL, args);
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(r.err, forms[_i].err);
	out = sorted(r.out);
	ck_assert_str_eq(out, forms[_i].out);
	free(out);
	run_free(&r);
}
END_TEST

START_TEST(of_a_zone_the_soa_comes_first)
{
	static const char first[] =
	    "; fraudsink-feeds export, serial 9, for the zone rpz.invalid\n"
	    "$TTL 5\n"
	    "@ SOA localhost. root.localhost. 9 3600 600 604800 5\n"
	    "@ NS localhost.\n";
	char *out = run_output("export -d a.fsdb -f rpz --ttl 5");

	ck_assert_int_eq(strncmp(out, first, strlen(first)), 0);
	/* One TTL for all. */
	ck_assert_ptr_nonnull(strstr(out, "\nsink.example A 192.0.2.1\n"));
	free(out);
	out = run_output("export -d a.fsdb -f unbound --ttl 5");
	ck_assert_ptr_nonnull(strstr(out,
	    "local-zone: \"sink.example.\" redirect\n"
	    "local-data: \"sink.example. 5 IN A 192.0.2.1\"\n"));
	free(out);
}
END_TEST

START_TEST(a_zones_serial_has_32_bits)
{
	char *out;

	run_file("in", "a.example\n");
	free(run_output("build -q -o b.fsdb --serial 4294967301 in"));
	out = run_output("export -d b.fsdb -f rpz");
	ck_assert_ptr_nonnull(strstr(out, "root.localhost. 5 3600"));
	free(out);
}
END_TEST

/* ---- others that read it ---- */

static void
check_with(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line),
	    "cd %s && (%s) >log 2>&1 || { cat log; "
	    "false; }",
	    kit_dir, command);
	ck_assert_int_eq(system(line), 0);
}

/* Names that need care: octets of all kinds, deep ones, long ones. */
static void
make_odd_list(void)
{
	FILE *f = fopen(kit_path("odd"), "w");

	ck_assert_ptr_nonnull(f);
	kit_seed(11);
	for (unsigned i = 0; i < 300; i++) {
		struct fsk_name name = kit_any_name(3 + kit_below(200));
		char text[FSK_TEXT_MAX];

		fprintf(f, "%s\n", fsk_name_to_text(name.wire, text));
	}
	fprintf(f, "a\\034b\\059c\\092.example\n_x.example\n");
	ck_assert_int_eq(fclose(f), 0);
	free(run_output("build -q -o odd.fsdb --sinkhole 192.0.2.1 odd"));
}

START_TEST(bind_takes_the_zone)
{
	if (system("command -v named-checkzone >/dev/null") != 0) {
		printf("skipped: bind_takes_the_zone: no named-checkzone\n");
		return;
	}
	free(run_output("export -d a.fsdb -f rpz -o a.rpz"));
	check_with("named-checkzone -k fail rpz.invalid a.rpz");
	make_odd_list();
	free(run_output("export -d odd.fsdb -f rpz -o odd.rpz"));
	check_with("named-checkzone rpz.invalid odd.rpz");
}
END_TEST

START_TEST(unbound_takes_its_configuration)
{
	char command[512];
	const char *unbound = getenv("FRAUDSINK_TEST_UNBOUND");

	if (unbound == NULL) {
		printf(
		    "skipped: unbound_takes_its_configuration: no Unbound\n");
		return;
	}
	make_odd_list();
	free(run_output("export -d a.fsdb -f unbound -o a.conf"));
	free(run_output("export -d odd.fsdb -f unbound -o odd.conf"));
	/* Alone, and within a section. */
	run_file("main.conf",
	    "server:\n chroot: \"\"\n directory: \".\"\n username: \"\"\n"
	    " pidfile: \"\"\n include: a.conf\ninclude: odd.conf\n");
	snprintf(command, sizeof(command), "'%.*s/unbound-checkconf' main.conf",
	    (int)(strrchr(unbound, '/') - unbound), unbound);
	check_with(command);
}
END_TEST

START_TEST(dnsmasq_takes_its_configuration)
{
	if (system("command -v dnsmasq >/dev/null") != 0) {
		printf("skipped: dnsmasq_takes_its_configuration: no "
		       "dnsmasq\n");
		return;
	}
	free(run_output("export -d a.fsdb -f dnsmasq -o a.dnsmasq"));
	check_with("dnsmasq --test -C a.dnsmasq");
}
END_TEST

/* ---- what cannot be said ---- */

START_TEST(names_that_do_not_fit_a_zone_are_told)
{
	/* 245 octets on the wire: with rpz.invalid (13) too long; 242: its
	 * wildcard is; and without a zone's name to speak of they fit. */
	char text[800], args[128];
	struct run r;
	char *at = text;

	for (unsigned len = 245; len >= 242; len -= 3) {
		for (unsigned i = 0; i < len - 10; i++)
			*at++ = i % 50 == 49 ? '.' : 'a';
		at += sprintf(at, ".example\n");
	}
	run_file("long", text);
	free(run_output("build -q -o b.fsdb long"));
	run_feeds(&r, NULL, "export -d b.fsdb -f rpz");
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(r.err,
	    "fraudsink-feeds: rpz: 2 names left out, or what is below them: "
	    "too long with the name of the zone\n");
	ck_assert_ptr_null(strstr(r.out, "*.aaa"));
	ck_assert_ptr_nonnull(strstr(r.out, "\naaa"));
	run_free(&r);
	snprintf(args, sizeof(args), "export -d b.fsdb -f rpz --zone x");
	run_feeds(&r, NULL, args);
	ck_assert_str_eq(r.err, "");
	ck_assert_ptr_nonnull(strstr(r.out, "for the zone x\n"));
	run_free(&r);
}
END_TEST

START_TEST(names_that_mean_something_else_are_told)
{
	struct run r;

	run_file("in",
	    "32.1.2.0.192.rpz-ip\n\\042.a.example\nb.\\042.example\n"
	    "rpz-ip.example\nc\\032d.example\n");
	free(run_output("build -q -o b.fsdb in"));
	run_feeds(&r, NULL, "export -d b.fsdb -f rpz");
	ck_assert_str_eq(r.err,
	    "fraudsink-feeds: rpz: 3 names left out: they mean something else "
	    "in a policy zone\n");
	ck_assert_ptr_nonnull(strstr(r.out, "\nrpz-ip.example CNAME .\n"));
	ck_assert_ptr_nonnull(strstr(r.out, "\nc\\032d.example CNAME .\n"));
	ck_assert_ptr_null(strstr(r.out, "192"));
	ck_assert_ptr_null(strstr(r.out, "\\042"));
	run_free(&r);
	run_feeds(&r, NULL, "export -d b.fsdb -f dnsmasq");
	ck_assert_str_eq(r.err,
	    "fraudsink-feeds: dnsmasq: 3 names left out: they have characters "
	    "that cannot be written\n");
	run_free(&r);
}
END_TEST

START_TEST(addresses_of_what_is_no_host_are_told)
{
	struct run r;

	run_file("in", "_a.example\n-b.example\nc.example\n");
	free(run_output("build -q -o b.fsdb --sinkhole 192.0.2.1 in"));
	run_feeds(&r, NULL, "export -d b.fsdb -f rpz");
	ck_assert_str_eq(r.err,
	    "fraudsink-feeds: rpz: 2 names with addresses are no host names: "
	    "BIND needs 'check-names ignore' for this zone\n");
	run_free(&r);
}
END_TEST

START_TEST(exceptions_in_exceptions_have_an_end)
{
	struct run r;

	run_file("a", "a\nc.b.a\ne.d.c.b.a\n");
	run_file("b", "b.a\nd.c.b.a\n");
	free(run_output("build -q -o b.fsdb a --action allow b"));
	run_feeds(&r, NULL, "export -d b.fsdb -f adblock");
	ck_assert_ptr_nonnull(strstr(r.out, "\n||a^\n"));
	ck_assert_ptr_nonnull(strstr(r.out, "\n@@||b.a^\n"));
	ck_assert_ptr_nonnull(strstr(r.out, "\n||c.b.a^$important\n"));
	ck_assert_ptr_nonnull(strstr(r.out, "\n@@||d.c.b.a^$important\n"));
	ck_assert_ptr_null(strstr(r.out, "e.d.c.b.a"));
	ck_assert_str_eq(r.err,
	    "fraudsink-feeds: adblock: 1 names left out: too many exceptions "
	    "within exceptions\n");
	run_free(&r);
}
END_TEST

/* ---- which entries ---- */

static const struct {
	const char *args, *out;
} choices[] = {
	{ "--feed bad --feed nodata",
	    "bad.good.evil.example\nnodata.example\n" },
	{ "--feed ok", "" },
	{ "--category scam", "esink.example\nnodata.example\nsink.example\n" },
	{ "--category scam --feed sink", "esink.example\nsink.example\n" },
	{ "--severity yellow",
	    "esink.example\nnodata.example\nsink.example\n" },
	{ "--severity red --feed sink", "" },
	{ "--severity red",
	    "bad.good.evil.example\ndeep.a.b.evil.example\nevil.example\n"
	    "exact.example\nsub.evil.example\n" },
};

START_TEST(a_choice_of_entries)
{
	char args[128], *out, *all;

	snprintf(args, sizeof(args), "export -d a.fsdb -f domains %s",
	    choices[_i].args);
	all = run_output(args);
	out = sorted(strchr(all, '\n') + 1);
	ck_assert_str_eq(out, choices[_i].out);
	free(all);
	free(out);
}
END_TEST

START_TEST(exceptions_are_always_chosen)
{
	char *out = run_output("export -d a.fsdb -f rpz --feed evil");

	ck_assert_ptr_nonnull(
	    strstr(out, "\ngood.evil.example CNAME rpz-passthru.\n"));
	ck_assert_ptr_null(strstr(out, "bad.good"));
	free(out);
}
END_TEST

/* An entry that is not chosen is as if it were not there, also where it would
 * decide. */
START_TEST(what_is_not_chosen_hides_nothing)
{
	char *out;

	run_file("one", "=x.example\n");
	run_file("two", "x.example\n");
	free(run_output("build -q -o b.fsdb --action nodata one --action "
			"nxdomain two"));
	out = run_output("export -d b.fsdb -f rpz --feed two");
	ck_assert_ptr_nonnull(strstr(out, "\nx.example CNAME .\n"));
	free(out);
	out = run_output("export -d b.fsdb -f rpz");
	ck_assert_ptr_nonnull(strstr(out, "\nx.example CNAME *.\n"));
	free(out);
}
END_TEST

/* ---- errors, files ---- */

static const struct {
	const char *args, *word;
} wrong[] = {
	{ "-f rpz", "-d" },
	{ "-d a.fsdb", "-f" },
	{ "-d a.fsdb -f nonsense", "nonsense" },
	{ "-d a.fsdb -f cdb", "-o" },
	{ "-d a.fsdb -f hosts --zone x", "--zone" },
	{ "-d a.fsdb -f dnsmasq --ttl 5", "--ttl" },
	{ "-d a.fsdb -f rpz --zone a..b", "a..b" },
	{ "-d a.fsdb -f rpz --ttl 604801", "604801" },
	{ "-d a.fsdb -f rpz --severity orange", "orange" },
	{ "-d a.fsdb -f rpz --feed absent", "absent" },
	{ "-d a.fsdb -f rpz --category absent", "absent" },
	{ "-d a.fsdb -f rpz more", "too many" },
	{ "-d absent.fsdb -f rpz", "absent.fsdb" },
	{ "-d secret.fsdb -f rpz", "secret.fsdb" },
	{ "-d secret.fsdb -f cdb -o out", "secret.fsdb" },
	{ "-d a.fsdb -f rpz -o no/such/folder", "no/such/folder" },
	{ "-d a.fsdb -f rpz -o /dev/null", "/dev/null" },
	{ "-d a.fsdb -f rpz -o .", "not a file" },
};

START_TEST(errors_are_told_and_keep_the_old_file)
{
	char args[128];
	uint8_t *text;
	size_t len;
	struct run r;
	unsigned files;

	free(run_output("build -q --secret -o secret.fsdb evil"));
	run_file("out", "old");
	files = kit_files();
	snprintf(args, sizeof(args), "export %s%s", wrong[_i].args,
	    strstr(wrong[_i].args, "-o") != NULL ||
		    strcmp(wrong[_i].word, "-o") == 0
		? ""
		: " -o out");
	run_feeds(&r, NULL, args);
	ck_assert_int_eq(r.status, 2);
	ck_assert_msg(strstr(r.err, wrong[_i].word) != NULL, "%s", r.err);
	ck_assert_str_eq(r.out, "");
	run_free(&r);
	ck_assert_uint_eq(kit_files(), files);
	text = kit_read(kit_path("out"), &len);
	ck_assert_uint_eq(len, 3);
	free(text);
}
END_TEST

START_TEST(a_file_is_replaced_as_a_whole)
{
	struct stat before, after;
	unsigned files;
	char *out;
	uint8_t *text;
	size_t len;
	mode_t mask = umask(022);

	umask(mask);
	run_file("out", "old");
	ck_assert_int_eq(stat(kit_path("out"), &before), 0);
	files = kit_files();
	out = run_output("export -d a.fsdb -f hosts -o out");
	ck_assert_str_eq(out, "");
	free(out);
	ck_assert_uint_eq(kit_files(), files);
	ck_assert_int_eq(stat(kit_path("out"), &after), 0);
	ck_assert_uint_ne(before.st_ino, after.st_ino);
	ck_assert_int_eq(after.st_mode & 0777, 0644 & ~mask);
	out = run_output("export -d a.fsdb -f hosts");
	text = kit_read(kit_path("out"), &len);
	ck_assert_uint_eq(len, strlen(out));
	ck_assert(memcmp(text, out, len) == 0);
	free(text);
	free(out);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	char command[512];

	if (access("/dev/full", W_OK) != 0) {
		printf("skipped: a_full_disk_is_told: no /dev/full\n");
		return;
	}
	snprintf(command, sizeof(command),
	    "cd %s && \"$FRAUDSINK_TEST_FEEDS\" export -d a.fsdb -f rpz "
	    ">/dev/full 2>err; test $? = 2 && grep -q 'cannot write' err",
	    kit_dir);
	ck_assert_int_eq(system(command), 0);
	/* A file that may not grow: what was there stays. */
	snprintf(command, sizeof(command),
	    "cd %s && seq -f 'n%%g.example' 5000 >in && "
	    "\"$FRAUDSINK_TEST_FEEDS\" build -q -o big.fsdb in && "
	    "echo old >out && trap '' XFSZ && ulimit -f 8 && for f in rpz cdb; "
	    "do \"$FRAUDSINK_TEST_FEEDS\" export -d big.fsdb -f $f -o out "
	    "2>err; test $? = 2 && grep -q 'cannot write' err && "
	    "test \"$(cat out)\" = old || exit 1; done",
	    kit_dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/export");
	TCase *tc = tcase_create("command");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_loop_test(tc, a_form_says_what_it_can_and_tells_the_rest, 0,
	    sizeof(forms) / sizeof(*forms));
	tcase_add_test(tc, of_a_zone_the_soa_comes_first);
	tcase_add_test(tc, a_zones_serial_has_32_bits);
	tcase_add_test(tc, bind_takes_the_zone);
	tcase_add_test(tc, unbound_takes_its_configuration);
	tcase_add_test(tc, dnsmasq_takes_its_configuration);
	tcase_add_test(tc, names_that_do_not_fit_a_zone_are_told);
	tcase_add_test(tc, names_that_mean_something_else_are_told);
	tcase_add_test(tc, addresses_of_what_is_no_host_are_told);
	tcase_add_test(tc, exceptions_in_exceptions_have_an_end);
	tcase_add_loop_test(
	    tc, a_choice_of_entries, 0, sizeof(choices) / sizeof(*choices));
	tcase_add_test(tc, exceptions_are_always_chosen);
	tcase_add_test(tc, what_is_not_chosen_hides_nothing);
	tcase_add_loop_test(tc, errors_are_told_and_keep_the_old_file, 0,
	    sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(tc, a_file_is_replaced_as_a_whole);
	tcase_add_test(tc, a_full_disk_is_told);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
