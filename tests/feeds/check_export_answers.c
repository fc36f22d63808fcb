/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds export: what each form makes of each answer, and of what a
 * policy says. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db_write.h"
#include "lib/policy.h"
#include "tests/feeds/run.h"
#include "tests/lib/kit.h"

/* One name for each action, "ACTION.test", one for a sinkhole without
 * addresses, and one that is blocked for some types only. */
#define ROWS     (FSK_ACTIONS + 1)
#define CLASSES  (ROWS + 1)
#define NO_ADDRS FSK_ACTIONS
#define TYPES    ROWS

static const char *
name_of(unsigned class)
{
	return class == NO_ADDRS ? "empty"
	    : class == TYPES     ? "types"
				 : fsk_action_word((enum fsk_action) class);
}

static void
pack_policy(struct fsk_writer *w, uint8_t **packed)
{
	static const struct fsk_group_spec group[] = { { .name = "" },
		{ .name = "children", .off = true } };
	struct fsk_class class[CLASSES] = { 0 };
	uint16_t answer[2 * CLASSES];
	const struct fsk_policy_spec spec = {
		.settings = { .country_db = "",
		    .asn_db = "",
		    .contact = "",
		    .organisation = "",
		    .incidents = "" },
		.groups = 2,
		.group = group,
		.classes = CLASSES,
		.class = class,
		.answer = answer,
	};
	size_t len;

	for (unsigned i = 0; i < 2 * CLASSES; i++)
		answer[i] = (uint16_t)(i % CLASSES);
	answer[TYPES] = answer[CLASSES + TYPES] = FSK_NXDOMAIN;
	class[TYPES].types_only = true;
	class[TYPES].ntypes = 1;
	class[TYPES].type[0] = 1;
	*packed = fsk_policy_pack(&spec, &len);
	ck_assert_ptr_nonnull(*packed);
	fsk_writer_policy(w, *packed, len);
}

static void
setup(void)
{
	const struct fsk_writer_options opt = {
		.mode = FSK_NAMES, .threads = 1, .memory = FSK_MEMORY_MIN
	};
	struct fsk_writer_result result;
	struct fsk_writer *w;
	struct fsk_lane *lane;
	struct fsk_error err;
	uint8_t *packed;

	kit_setup();
	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("a.fsdb"), &opt, &err), FSK_OK);
	ck_assert_int_eq(fsk_writer_lane(w, &lane, &err), FSK_OK);
	for (unsigned i = 0; i < ROWS; i++) {
		struct fsk_answer a = { .action = (enum fsk_action)i,
			.ttl = 60,
			.ede = FSK_EDE_BLOCKED };
		unsigned row;

		if (i == NO_ADDRS) {
			a.action = FSK_SINKHOLE;
		} else if (i == FSK_SINKHOLE || i == FSK_WARN) {
			a.count4 = 1;
			memcpy(a.addr4[0], "\300\0\2\1", 4);
		}
		if (i == FSK_CNAME)
			a.cname = kit_name("garden.test");
		ck_assert_int_eq(fsk_writer_answer(w, &a, &row, &err), FSK_OK);
		ck_assert_uint_eq(row, i);
	}
	pack_policy(w, &packed);
	for (unsigned i = 0; i < CLASSES; i++) {
		const struct fsk_claim claim = { .feed = "f",
			.category = "fraud",
			.severity = FSK_RED,
			.class = i };
		char text[64];
		struct fsk_name name;
		uint32_t c;

		snprintf(text, sizeof(text), "%s.test", name_of(i));
		name = kit_name(text);
		ck_assert_int_eq(fsk_writer_claim(w, &claim, &c, &err), FSK_OK);
		ck_assert_int_eq(
		    fsk_lane_add(lane, &name, FSK_SUBTREE, c, &err), FSK_OK);
		ck_assert_int_eq(
		    fsk_lane_add_url(lane, "host.test/a", c, &err), FSK_OK);
	}
	ck_assert_msg(
	    fsk_writer_publish(w, &result, &err) == FSK_OK, "%s", err.text);
	fsk_writer_close(w);
	free(packed);
}

#define ALWAYS(form) \
	"fraudsink-feeds: " form ": 1 URLs left out: resolvers see names " \
	"only\nfraudsink-feeds: " form ": what the policy says of groups of " \
	"clients is left out\n"
#define NO_TYPES(form) \
	"fraudsink-feeds: " form ": 1 entries left out: they block some " \
	"query types only\n"
#define NO_TCP(form) \
	"fraudsink-feeds: " form ": 1 entries left out: they only send " \
	"clients to TCP\n"
#define OTHERWISE(form, n) \
	"fraudsink-feeds: " form ": " n " entries block, but are answered " \
	"otherwise than in the database\n"
#define BELOW(form, n) \
	"fraudsink-feeds: " form ": " n " names are listed without what is " \
	"below them\n"

static const struct {
	const char *form, *err;
	const char *lines[24]; /* all that are of names themselves */
} forms[] = {
	{ "rpz", NO_TYPES("rpz") OTHERWISE("rpz", "2") ALWAYS("rpz"),
	    { "nxdomain.test CNAME .", "nodata.test CNAME *.",
		"sinkhole.test A 192.0.2.1", "cname.test CNAME garden.test.",
		"refused.test CNAME .", "drop.test CNAME rpz-drop.",
		"tcp-only.test CNAME rpz-tcp-only.", "servfail.test CNAME .",
		"passthru.test CNAME rpz-passthru.",
		"log.test CNAME rpz-passthru.", "warn.test A 192.0.2.1",
		"empty.test CNAME *." } },
	{ "hosts",
	    NO_TYPES("hosts") NO_TCP("hosts") BELOW("hosts", "9")
		ALWAYS("hosts"),
	    { "0.0.0.0 nxdomain.test", "0.0.0.0 nodata.test",
		"192.0.2.1 sinkhole.test", "0.0.0.0 cname.test",
		"0.0.0.0 refused.test", "0.0.0.0 drop.test",
		"0.0.0.0 servfail.test", "192.0.2.1 warn.test",
		"0.0.0.0 empty.test" } },
	{ "dnsmasq",
	    NO_TYPES("dnsmasq") NO_TCP("dnsmasq") OTHERWISE("dnsmasq", "6")
		ALWAYS("dnsmasq"),
	    { "local=/nxdomain.test/", "local=/nodata.test/",
		"address=/sinkhole.test/192.0.2.1", "local=/sinkhole.test/",
		"local=/cname.test/", "local=/refused.test/",
		"local=/drop.test/", "local=/servfail.test/",
		"address=/warn.test/192.0.2.1", "local=/warn.test/",
		"local=/empty.test/" } },
	{ "unbound",
	    NO_TYPES("unbound") NO_TCP("unbound") OTHERWISE("unbound", "1")
		ALWAYS("unbound"),
	    { "server:", "local-zone: \"nxdomain.test.\" always_nxdomain",
		"local-zone: \"nodata.test.\" always_nodata",
		"local-zone: \"sinkhole.test.\" redirect",
		"local-data: \"sinkhole.test. 60 IN A 192.0.2.1\"",
		"local-zone: \"cname.test.\" redirect",
		"local-data: \"cname.test. 60 IN CNAME garden.test.\"",
		"local-zone: \"refused.test.\" always_refuse",
		"local-zone: \"drop.test.\" always_deny",
		"local-zone: \"servfail.test.\" always_nxdomain",
		"local-zone: \"warn.test.\" redirect",
		"local-data: \"warn.test. 60 IN A 192.0.2.1\"",
		"local-zone: \"empty.test.\" always_nodata" } },
};

START_TEST(each_form_says_what_it_can_of_each_answer)
{
	char args[64], *save;
	struct run r;
	unsigned lines = 0, want = 0;

	snprintf(args, sizeof(args), "export -d a.fsdb -f %s", forms[_i].form);
	run_feeds(&r, NULL, args);
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(r.err, forms[_i].err);
	for (const char *const *l = forms[_i].lines; *l != NULL; l++, want++) {
		char line[128];

		snprintf(line, sizeof(line), "\n%s\n", *l);
		ck_assert_msg(
		    strstr(r.out, line) != NULL, "no '%s' in %s", *l, r.out);
	}
	for (char *l = strtok_r(r.out, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save))
		lines += strchr(";#$@*", *l) == NULL;
	ck_assert_uint_eq(lines, want);
	run_free(&r);
}
END_TEST

START_TEST(a_cdb_has_the_words)
{
	struct run r;

	run_feeds(&r, NULL, "export -d a.fsdb -f cdb -o out");
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(r.err, NO_TYPES("cdb") ALWAYS("cdb"));
	run_free(&r);
	for (unsigned i = 0; i < CLASSES; i++) {
		char key[64];
		size_t len;
		uint8_t *file = kit_read(kit_path("out"), &len);
		const char *word = i == NO_ADDRS ? "sinkhole" : name_of(i);
		const bool there = i != FSK_PASSTHRU && i != FSK_LOG &&
		    i != TYPES;
		size_t n = (size_t)snprintf(key, sizeof(key), "%c%s\4test",
		    (char)strlen(name_of(i)), name_of(i));

		/* The value follows its key, and both their lengths. */
		n = n + 1 +
		    (size_t)snprintf(
			key + n + 1, sizeof(key) - n - 1, "%s", word);
		ck_assert_msg((memmem(file, len, key, n) != NULL) == there,
		    "'%s'", name_of(i));
		free(file);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/export answers");
	TCase *tc = tcase_create("answers");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, kit_teardown);
	tcase_add_loop_test(tc, each_form_says_what_it_can_of_each_answer, 0,
	    sizeof(forms) / sizeof(*forms));
	tcase_add_test(tc, a_cdb_has_the_words);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
