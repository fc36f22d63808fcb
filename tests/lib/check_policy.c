/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/policy.c, policy_pack.c and what verdict.c makes of them */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ede.h"
#include "lib/policy.h"
#include "lib/verdict.h"
#include "tests/lib/kit.h"
#include "tests/lib/sums.h"

/* Answer rows of the kit. */
enum { NX, ND, SINK };

/* Groups. */
enum { EVERYONE, SCHOOLS, OFF, SHOPS, GROUPS };

#define DAY   86400
#define OPEN  (10 * DAY) /* the schedule's first interval */
#define CLOSE (OPEN + 3600)

static uint8_t *packed;
static size_t packed_len;
static struct fsk_db *db;

/* The octets of a small database with the kit's key. */
static uint8_t *
small_db(const char *block, const char *allow, const char *also, size_t *len)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct fsk_writer_result result;
	struct kit_list list = { 0 };
	struct fsk_error err;

	if (block != NULL)
		kit_add_text(&list, block, FSK_SUBTREE, YELLOW_B);
	if (allow != NULL)
		kit_add_text(&list, allow, FSK_SUBTREE, ALLOW_D);
	if (also != NULL)
		kit_add_text(&list, also, FSK_SUBTREE, ALLOW_D);
	ck_assert_int_eq(
	    kit_publish(&list, kit_path("small"), &b, &result, &err), FSK_OK);
	kit_free(&list);
	return kit_read(kit_path("small"), len);
}

static void
add_network(struct fsk_prefixes *p, const char *text, uint32_t place)
{
	uint8_t addr[FSK_ADDR_LEN];
	unsigned bits;

	ck_assert_ptr_null(fsk_prefix_read(text, addr, &bits));
	ck_assert(fsk_prefixes_add(p, addr, bits, place + 1));
}

static void
setup(void)
{
	static const struct fsk_class classes[KIT_ANSWERS] = {
		[NX] = { .aliases = true },
		[ND] = { .types_only = true, .ntypes = 2, .type = { 1, 28 } },
	};
	static const uint16_t answers[GROUPS][KIT_ANSWERS] = {
		[EVERYONE] = { NX, ND, SINK },
		[SCHOOLS] = { SINK, ND, SINK },
		[OFF] = { NX, ND, SINK },
		[SHOPS] = { FSK_ANSWER_PASS, ND, SINK },
	};
	static const struct fsk_membership memberships[] = {
		{ SCHOOLS, 0 }, /* place 0: in hours, then shops */
		{ SHOPS, FSK_NO_SCHEDULE },
		{ OFF, FSK_NO_SCHEDULE },   /* place 1 */
		{ SHOPS, FSK_NO_SCHEDULE }, /* place 2 */
	};
	static const struct fsk_place places[] = { { 0, 2 }, { 2, 1 },
		{ 3, 1 } };
	static const struct fsk_interval intervals[] = { { OPEN, CLOSE },
		{ CLOSE + 60, CLOSE + 120 } };
	static const struct fsk_schedule schedules[] = { { 0, 2 } };
	struct fsk_group_spec groups[GROUPS] = {
		[EVERYONE] = { .name = "" },
		[SCHOOLS] = { .name = "schools" },
		[OFF] = { .name = "off", .off = true },
		[SHOPS] = { .name = "shops" },
	};
	struct fsk_prefixes networks = { 0 }, addresses = { 0 };
	struct fsk_policy_spec spec = {
		.settings = { .if_signed = FSK_SIGNED_PASS,
		    .look_at_answers = true,
		    .contact = "mailto:a@isp.example tel:+1",
		    .organisation = "An \"ISP\"",
		    .incidents = "lumen" },
		.groups = GROUPS,
		.group = groups,
		.classes = KIT_ANSWERS,
		.class = classes,
		.answer = &answers[0][0],
		.networks = &networks,
		.places = 3,
		.place = places,
		.memberships = 4,
		.membership = memberships,
		.schedules = 1,
		.schedule = schedules,
		.intervals = 2,
		.interval = intervals,
		.addresses = &addresses,
	};
	struct kit_build b = { .mode = FSK_NAMES };
	struct kit_list list = { 0 };
	uint8_t *own, *any;

	kit_setup();
	add_network(&networks, "10.0.0.0/8", 0);
	add_network(&networks, "10.2.0.0/16", 1);
	add_network(&networks, "2001:db8::/32", 2);
	add_network(&addresses, "203.0.113.0/24", 0);
	own = small_db("games.example", "bad.example", "alone.example",
	    &groups[SCHOOLS].list_len);
	any = small_db("games.example", NULL, NULL, &spec.any_len);
	groups[SCHOOLS].list = own;
	spec.any = any;
	packed = fsk_policy_pack(&spec, &packed_len);
	ck_assert_ptr_nonnull(packed);
	free(own);
	free(any);
	fsk_prefixes_fini(&networks);
	fsk_prefixes_fini(&addresses);

	b.policy = packed;
	b.policy_len = packed_len;
	b.expression = "ip:203.0.113.0/24";
	kit_add_text(&list, "bad.example", FSK_SUBTREE, RED_A);      /* NX */
	kit_add_text(&list, "types.example", FSK_SUBTREE, YELLOW_B); /* ND */
	kit_add_text(&list, "sink.example", FSK_SUBTREE, RED_C);     /* SINK */
	kit_add_text(&list, "good.bad.example", FSK_SUBTREE, ALLOW_D);
	db = kit_open(&list, &b);
	kit_free(&list);
}

static void
teardown(void)
{
	fsk_db_close(db);
	free(packed);
	kit_teardown();
}

/* ---- verdicts ---- */

static struct fsk_verdict
ask_as(const struct fsk_bypasses *bypasses, const char *name,
    const char *client, int64_t now, uint16_t qtype)
{
	struct fsk_name wire = kit_name(name);
	static uint8_t addr[FSK_ADDR_LEN];
	struct fsk_question q = { .qtype = qtype, .now = now };
	struct fsk_verdict v;

	if (client != NULL) {
		ck_assert(fsk_addr_read(client, addr));
		q.client = addr;
	}
	fsk_db_query(db, &q.q, wire.wire, wire.len);
	fsk_verdict(db, bypasses, &q, &v);
	return v;
}

static const struct {
	const char *name, *client;
	int64_t now;
	uint16_t qtype;
	enum fsk_reason reason;
	unsigned group;
	enum fsk_action action; /* where FSK_LISTED */
	bool touched;
} rows[] = {
	/* Nobody, and clients in no group. */
	{ "www.bad.example", NULL, 0, 1, FSK_LISTED, 0, FSK_NXDOMAIN, true },
	{ "bad.example", "192.0.2.1", 0, 1, FSK_LISTED, 0, FSK_NXDOMAIN, true },
	{ "good.bad.example", NULL, 0, 1, FSK_ALLOWED, 0, 0, true },
	{ "other.example", NULL, 0, 1, FSK_NOT_LISTED, 0, 0, false },
	/* Listed for one group only: it matters for all caches. */
	{ "games.example", NULL, 0, 1, FSK_NOT_LISTED, 0, 0, true },
	{ "x.games.example", "192.0.2.1", 0, 1, FSK_NOT_LISTED, 0, 0, true },
	/* Schools in their hours: another answer, a list of their own. */
	{ "sink.example", "10.1.1.1", OPEN, 1, FSK_LISTED, SCHOOLS,
	    FSK_SINKHOLE, true },
	{ "games.example", "10.1.1.1", OPEN, 1, FSK_LISTED, SCHOOLS, FSK_NODATA,
	    true },
	{ "games.example", "10.1.1.1", CLOSE - 1, 1, FSK_LISTED, SCHOOLS,
	    FSK_NODATA, true },
	{ "bad.example", "10.1.1.1", OPEN, 1, FSK_ALLOWED, SCHOOLS, 0, true },
	/* What nobody lists may lead to what is listed. */
	{ "alone.example", "10.1.1.1", OPEN, 1, FSK_ALLOWED, SCHOOLS, 0,
	    false },
	{ "alone.example", "10.1.1.1", CLOSE, 1, FSK_NOT_LISTED, SHOPS, 0,
	    false },
	{ "alone.example", NULL, 0, 1, FSK_NOT_LISTED, 0, 0, false },
	/* Out of hours they are shops. */
	{ "games.example", "10.1.1.1", OPEN - 1, 1, FSK_NOT_LISTED, SHOPS, 0,
	    true },
	{ "games.example", "10.1.1.1", CLOSE, 1, FSK_NOT_LISTED, SHOPS, 0,
	    true },
	{ "games.example", "10.1.1.1", CLOSE + 60, 1, FSK_LISTED, SCHOOLS,
	    FSK_NODATA, true },
	{ "games.example", "10.1.1.1", CLOSE + 120, 1, FSK_NOT_LISTED, SHOPS, 0,
	    true },
	{ "bad.example", "10.1.1.1", CLOSE, 1, FSK_PASSED, SHOPS, 0, true },
	{ "bad.example", "2001:db8::1", 0, 1, FSK_PASSED, SHOPS, 0, true },
	{ "bad.example", "2001:db9::1", 0, 1, FSK_LISTED, 0, FSK_NXDOMAIN,
	    true },
	/* The longest prefix counts. */
	{ "bad.example", "10.2.1.1", OPEN, 1, FSK_GROUP_OFF, OFF, 0, true },
	{ "sink.example", "10.2.1.1", OPEN, 1, FSK_GROUP_OFF, OFF, 0, true },
	{ "sink.example", "10.3.1.1", OPEN, 1, FSK_LISTED, SCHOOLS,
	    FSK_SINKHOLE, true },
	/* Some types only. */
	{ "types.example", NULL, 0, 1, FSK_LISTED, 0, FSK_NODATA, true },
	{ "types.example", NULL, 0, 28, FSK_LISTED, 0, FSK_NODATA, true },
	{ "types.example", NULL, 0, 16, FSK_OTHER_TYPE, 0, 0, true },
};

START_TEST(verdicts_follow_the_policy)
{
	struct fsk_verdict v = ask_as(
	    NULL, rows[_i].name, rows[_i].client, rows[_i].now, rows[_i].qtype);

	ck_assert_int_eq(v.reason, rows[_i].reason);
	ck_assert_uint_eq(v.group, rows[_i].group);
	ck_assert_int_eq(v.touched, rows[_i].touched);
	ck_assert_int_eq(v.block, rows[_i].reason == FSK_LISTED);
	if (v.block)
		ck_assert_int_eq(v.answer->action, rows[_i].action);
	else
		ck_assert_ptr_null(v.answer);
}
END_TEST

START_TEST(bypasses_go_before_all)
{
	struct fsk_bypass one = { .since = 100, .until = 200 };
	const struct fsk_bypasses all = { 1, &one };
	unsigned bits;

	one.kind = FSK_BYPASS_NAME;
	one.name = kit_name("sink.example");
	ck_assert(!ask_as(&all, "www.sink.example", NULL, 100, 1).block);
	ck_assert_int_eq(
	    ask_as(&all, "sink.example", "10.1.1.1", 199, 1).reason,
	    FSK_BYPASSED);
	ck_assert(ask_as(&all, "sink.example", NULL, 99, 1).block);
	ck_assert(ask_as(&all, "sink.example", NULL, 200, 1).block);
	ck_assert(ask_as(&all, "bad.example", NULL, 100, 1).block);
	ck_assert(!fsk_bypasses_differ(&all));

	one.kind = FSK_BYPASS_GROUP;
	strcpy(one.group, "shops");
	ck_assert(!ask_as(&all, "sink.example", "2001:db8::1", 100, 1).block);
	ck_assert(ask_as(&all, "sink.example", "192.0.2.1", 100, 1).block);
	ck_assert(fsk_bypasses_differ(&all));

	one.kind = FSK_BYPASS_ADDRESS;
	ck_assert_ptr_null(fsk_prefix_read("192.0.2.0/24", one.addr, &bits));
	one.bits = (uint8_t)bits;
	ck_assert(!ask_as(&all, "sink.example", "192.0.2.1", 100, 1).block);
	ck_assert(ask_as(&all, "sink.example", "192.0.3.1", 100, 1).block);
	ck_assert(ask_as(&all, "sink.example", NULL, 100, 1).block);
}
END_TEST

START_TEST(aliases_count_where_the_class_says_so)
{
	struct fsk_question q = { .qtype = 1 };
	struct fsk_name bad = kit_name("x.bad.example");
	struct fsk_name sink = kit_name("sink.example");
	struct fsk_verdict v;

	fsk_db_query(db, &q.q, bad.wire, bad.len);
	fsk_verdict_alias(db, NULL, &q, &v);
	ck_assert(v.block);
	ck_assert_int_eq(v.answer->action, FSK_NXDOMAIN);
	fsk_db_query(db, &q.q, sink.wire, sink.len);
	fsk_verdict_alias(db, NULL, &q, &v);
	ck_assert(!v.block);
	fsk_verdict(db, NULL, &q, &v);
	ck_assert(v.block);
}
END_TEST

/* Who may see where an alias leads to is not the only one who asks. */
START_TEST(aliases_matter_to_all_if_to_one)
{
	static const struct {
		const char *target, *client;
		int64_t now;
		bool block, touched;
	} alias[] = {
		{ "bad.example", NULL, 0, true, true },
		{ "bad.example", "10.1.1.1", OPEN, false, true }, /* allowed */
		{ "bad.example", "10.2.1.1", OPEN, false, true }, /* off */
		{ "bad.example", "2001:db8::1", OPEN, false, true }, /* pass */
		{ "good.bad.example", NULL, 0, false, false },
		{ "games.example", NULL, 0, false, false },
		{ "games.example", "10.1.1.1", OPEN, false, false },
		{ "sink.example", "10.2.1.1", OPEN, false, false },
		{ "other.example", "10.2.1.1", OPEN, false, false },
	};

	for (size_t i = 0; i < sizeof(alias) / sizeof(*alias); i++) {
		struct fsk_name name = kit_name(alias[i].target);
		struct fsk_question q = { .qtype = 1, .now = alias[i].now };
		uint8_t addr[FSK_ADDR_LEN];
		struct fsk_verdict v;

		if (alias[i].client != NULL) {
			ck_assert(fsk_addr_read(alias[i].client, addr));
			q.client = addr;
		}
		memset(&v, 0xa5, sizeof(v));
		fsk_db_query(db, &q.q, name.wire, name.len);
		fsk_verdict_alias(db, NULL, &q, &v);
		ck_assert_msg(v.block == alias[i].block &&
			v.touched == alias[i].touched && !v.would,
		    "%s for %s: %d, %d", alias[i].target,
		    alias[i].client != NULL ? alias[i].client : "nobody",
		    v.block, v.touched);
	}
}
END_TEST

START_TEST(listed_addresses_are_found)
{
	const struct fsk_policy *p = fsk_db_policy(db);
	struct fsk_name name = kit_name("innocent.example");
	struct fsk_question q = { .qtype = 1 };
	uint8_t addr[FSK_ADDR_LEN];
	char key[FSK_PREFIX_KEY];
	struct fsk_verdict v;
	uint32_t attr;
	int bits;

	ck_assert(fsk_addr_read("203.0.114.1", addr));
	ck_assert_int_eq(fsk_policy_address(p, addr), -1);
	ck_assert(fsk_addr_read("203.0.113.77", addr));
	bits = fsk_policy_address(p, addr);
	ck_assert_int_eq(bits, 120);
	fsk_prefix_key("ip", addr, (unsigned)bits, key);
	ck_assert_str_eq(key, "ip:203.0.113.0/24");
	ck_assert(fsk_db_find_url(db, key, &attr));
	fsk_db_query(db, &q.q, name.wire, name.len);
	fsk_verdict_attr(db, NULL, &q, attr, &v);
	ck_assert(v.block);
	ck_assert_int_eq(v.answer->action, FSK_SINKHOLE);
	ck_assert(fsk_addr_read("10.2.0.1", addr));
	q.client = addr;
	fsk_verdict_attr(db, NULL, &q, attr, &v);
	ck_assert_int_eq(v.reason, FSK_GROUP_OFF);
}
END_TEST

START_TEST(settings_are_kept)
{
	const struct fsk_policy *p = fsk_db_policy(db);
	const struct fsk_policy_settings *s = fsk_policy_settings(p);

	ck_assert_int_eq(s->if_signed, FSK_SIGNED_PASS);
	ck_assert(s->look_at_answers);
	ck_assert(!s->look_at_places);
	ck_assert(!s->trust_ecs);
	ck_assert_str_eq(s->organisation, "An \"ISP\"");
	ck_assert_str_eq(s->country_db, "");
	ck_assert_uint_eq(fsk_policy_groups(p), GROUPS);
	ck_assert_str_eq(fsk_policy_group_name(p, SHOPS), "shops");
	ck_assert(fsk_verdict_differs(db, NULL));
}
END_TEST

/* ---- words ---- */

START_TEST(the_reason_is_told)
{
	struct fsk_verdict v = ask_as(NULL, "bad.example", NULL, 0, 1);
	char text[FSK_EDE_TEXT_MAX], json[FSK_EDE_JSON_MAX];
	size_t len = fsk_ede_text(db, &v, text);

	ck_assert_uint_eq(len, strlen("listed: phishing"));
	ck_assert_mem_eq(text, "listed: phishing", len);
	len = fsk_ede_json(db, &v, json);
	ck_assert_uint_lt(len, sizeof(json));
	json[len] = '\0';
	ck_assert_str_eq(json,
	    "{\"c\":[\"mailto:a@isp.example\",\"tel:+1\"],"
	    "\"j\":\"listed: phishing\",\"s\":2,\"o\":\"An \\\"ISP\\\"\"}");
	ck_assert_uint_eq(fsk_ede_code(&v, true), FSK_EDE_BLOCKED);
}
END_TEST

/* A reader that knows no policies must refuse the file: the classes of its
 * entries would be answers to it. */
START_TEST(it_cannot_be_passed_over)
{
	size_t len;
	uint8_t *image = kit_read(kit_path("kit.fsdb"), &len);

	ck_assert_ptr_nonnull(section_row(image, FSK_SEC_POLICY));
	ck_assert_uint_eq(
	    fsk_get32(section_row(image, FSK_SEC_POLICY) + FSK_S_FLAGS), 0);
	free(image);
}
END_TEST

/* ---- damage ---- */

/* No flipped bit of a policy with checksums that fit leads astray: it is
 * refused, or verdicts stay within what exists. */
START_TEST(damage_leads_nowhere)
{
	struct fsk_error err;
	struct fsk_policy *p;
	uint8_t *copy = aligned_alloc(64, (packed_len + 63) / 64 * 64);
	uint8_t addr[FSK_ADDR_LEN];
	unsigned refused = 0;

	ck_assert_ptr_nonnull(copy);
	ck_assert(fsk_addr_read("10.1.1.1", addr));
	for (size_t at = 0; at < packed_len; at++) {
		memcpy(copy, packed, packed_len);
		copy[at] ^= (uint8_t)(1u << at % 8);
		if (fsk_policy_open(&p, copy, packed_len, kit_key, KIT_ANSWERS,
			&err) != FSK_OK) {
			ck_assert_ptr_null(p);
			ck_assert_str_ne(err.text, "");
			refused++;
			continue;
		}
		for (unsigned i = 0; i < 5; i++) {
			unsigned g = fsk_policy_group(p, addr, OPEN + i * 1800);

			ck_assert_uint_lt(g, fsk_policy_groups(p));
			for (unsigned k = 0; k < fsk_policy_classes(p); k++) {
				uint16_t row = fsk_policy_answer(p, g, k);

				ck_assert(row == FSK_ANSWER_PASS ||
				    row < KIT_ANSWERS);
			}
		}
		fsk_policy_close(p);
	}
	ck_assert_uint_gt(refused, 1000); /* most of it are databases */
	free(copy);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	struct fsk_error err;
	struct fsk_policy *p;

	for (size_t n = 0; n < packed_len; n += 7) {
		uint8_t *copy = aligned_alloc(64, (n + 63) / 64 * 64 + 64);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, packed, n);
		ck_assert_int_ne(
		    fsk_policy_open(&p, copy, n, kit_key, KIT_ANSWERS, &err),
		    FSK_OK);
		free(copy);
	}
}
END_TEST

START_TEST(a_list_with_another_key_is_refused)
{
	static const uint8_t other[FSK_KEY_LEN] = { 1, 2, 3 };
	struct fsk_error err;
	struct fsk_policy *p;
	uint8_t *copy = aligned_alloc(64, (packed_len + 63) / 64 * 64);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, packed, packed_len);
	ck_assert_int_eq(
	    fsk_policy_open(&p, copy, packed_len, other, KIT_ANSWERS, &err),
	    FSK_ECORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "key"));
	ck_assert_int_eq(
	    fsk_policy_open(&p, copy, packed_len, kit_key, 2, &err),
	    FSK_ECORRUPT); /* an answer that does not exist */
	free(copy);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/policy.c");
	TCase *tc = tcase_create("policy");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, verdicts_follow_the_policy, 0,
	    (int)(sizeof(rows) / sizeof(*rows)));
	tcase_add_test(tc, bypasses_go_before_all);
	tcase_add_test(tc, aliases_count_where_the_class_says_so);
	tcase_add_test(tc, aliases_matter_to_all_if_to_one);
	tcase_add_test(tc, listed_addresses_are_found);
	tcase_add_test(tc, settings_are_kept);
	tcase_add_test(tc, the_reason_is_told);
	tcase_add_test(tc, it_cannot_be_passed_over);
	tcase_add_test(tc, damage_leads_nowhere);
	tcase_add_test(tc, every_truncation_is_refused);
	tcase_add_test(tc, a_list_with_another_key_is_refused);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
