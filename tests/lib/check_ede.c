/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ede.c: what a client is told of a listed name. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ede.h"
#include "lib/policy.h"
#include "tests/lib/kit.h"

static struct fsk_db *db;
static struct fsk_verdict verdict;
static uint8_t *packed;

/* What a test says of the one entry there is. */
struct entry {
	const char *text; /* of its answer */
	uint16_t ede;
	const char *category, *case_number;
	struct fsk_feed feed[2]; /* name NULL: none */
	/* The policy's; NULL: there is no policy. */
	const char *contact, *organisation, *incidents;
};

static size_t
make_policy(const struct entry *e)
{
	static const struct fsk_class class;
	static const uint16_t answer;
	const struct fsk_group_spec group = { .name = "" };
	const struct fsk_prefixes none = { 0 };
	const struct fsk_policy_spec spec = {
		.settings = { .contact = e->contact,
		    .organisation = e->organisation,
		    .incidents = e->incidents,
		    .country_db = "",
		    .asn_db = "" },
		.groups = 1,
		.group = &group,
		.classes = 1,
		.class = &class,
		.answer = &answer,
		.networks = &none,
		.addresses = &none,
		.servers = &none,
	};
	size_t len;

	packed = fsk_policy_pack(&spec, &len);
	ck_assert_ptr_nonnull(packed);
	return len;
}

/* Makes a database with E and asks it. */
static void
with(const struct entry *e)
{
	const struct fsk_writer_options options = { .mode = FSK_NAMES,
		.threads = 1,
		.memory = FSK_MEMORY_MIN,
		.key = kit_key };
	const struct fsk_answer answer = { .action = FSK_NXDOMAIN,
		.ttl = 60,
		.ede = e->ede,
		.text = e->text };
	const struct fsk_name name = kit_name("a.example");
	struct fsk_question q = { .qtype = 1 };
	struct fsk_writer_result result;
	struct fsk_writer *w;
	struct fsk_lane *lane;
	struct fsk_error err;
	unsigned row;

	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("db"), &options, &err), FSK_OK);
	ck_assert_int_eq(fsk_writer_answer(w, &answer, &row, &err), FSK_OK);
	ck_assert_int_eq(fsk_writer_lane(w, &lane, &err), FSK_OK);
	for (unsigned i = 0; i < 2 && e->feed[i].name != NULL; i++) {
		const struct fsk_claim c = { .feed = e->feed[i].name,
			.category = e->category,
			.severity = FSK_RED,
			.case_number = e->case_number,
			.class = row };
		uint32_t claim;

		ck_assert_int_eq(fsk_writer_feed(w, &e->feed[i], &err), FSK_OK);
		ck_assert_int_eq(fsk_writer_claim(w, &c, &claim, &err), FSK_OK);
		ck_assert_int_eq(
		    fsk_lane_add(lane, &name, FSK_SUBTREE, claim, &err),
		    FSK_OK);
	}
	if (e->contact != NULL) {
		const size_t len = make_policy(e);

		fsk_writer_policy(w, packed, len);
	}
	ck_assert_int_eq(fsk_writer_publish(w, &result, &err), FSK_OK);
	fsk_writer_close(w);
	ck_assert_msg(
	    fsk_db_open(&db, kit_path("db"), FSK_DB_MAP, &err) == FSK_OK, "%s",
	    err.text);
	fsk_db_query(db, &q.q, name.wire, name.len);
	fsk_verdict(db, NULL, &q, &verdict);
	ck_assert(verdict.block);
}

static void
teardown(void)
{
	fsk_db_close(db);
	free(packed);
	kit_teardown();
}

static const struct fsk_feed plain = { "alpha", "", "", "", 0 };
static const struct fsk_feed office = { "office", "The Office", "Act 7",
	"mailto:a@b.example tel:+1", 0 };

/* ---- plain text ---- */

static const struct {
	const char *template, *text;
} templates[] = {
	{ NULL, "listed: scam" },
	{ "", "listed: scam" },
	{ "blocked", "blocked" },
	{ "{feed}", "office" },
	{ "{category}/{case}/{authority}/{legal-basis}/{contact}",
	    "scam/7-26/The Office/Act 7/mailto:a@b.example tel:+1" },
	{ "{feed}{feed}", "officeoffice" },
	{ "a {unknown} b", "a {unknown} b" },
	{ "a {feed", "a {feed" },
	{ "a {", "a {" },
	{ "}{}{feed}{", "}{}office{" },
	{ "{{feed}}", "{office}" },
	{ "{Feed}", "{Feed}" },
	{ "{feed }", "{feed }" },
	{ "%s%n {case}", "%s%n 7-26" },
	{ "\303\244 {feed}", "\303\244 office" },
};

START_TEST(placeholders_are_replaced)
{
	char text[FSK_EDE_TEXT_MAX];
	size_t len;

	with(&(struct entry){ .text = templates[_i].template,
	    .ede = FSK_EDE_BLOCKED,
	    .category = "scam",
	    .case_number = "7-26",
	    .feed = { plain, office } });
	len = fsk_ede_text(db, &verdict, text);
	ck_assert_uint_eq(len, strlen(templates[_i].text));
	ck_assert_mem_eq(text, templates[_i].text, len);
}
END_TEST

START_TEST(the_contact_of_the_policy_is_a_placeholder_too)
{
	static const char want[] = "ask tel:+2 of alpha";
	char text[FSK_EDE_TEXT_MAX];
	size_t len;

	with(&(struct entry){ .text = "ask {contact} of {feed}",
	    .category = "scam",
	    .feed = { plain },
	    .contact = "tel:+2",
	    .organisation = "",
	    .incidents = "" });
	len = fsk_ede_text(db, &verdict, text);
	ck_assert_uint_eq(len, strlen(want));
	ck_assert_mem_eq(text, want, len);
}
END_TEST

START_TEST(who_answers_for_it_is_told)
{
	char text[FSK_EDE_TEXT_MAX];
	size_t len;

	/* Of several the one with an authority; without any the first. */
	with(&(struct entry){ .text = "{feed}",
	    .category = "",
	    .feed = { _i == 0 ? office : plain,
		_i == 0       ? plain
		    : _i == 1 ? office
			      : (struct fsk_feed){ "beta", "", "", "", 0 } } });
	len = fsk_ede_text(db, &verdict, text);
	ck_assert_uint_eq(len, _i == 2 ? 5 : 6);
	ck_assert_mem_eq(text, _i == 2 ? "alpha" : "office", len);
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
	char template[256], text[FSK_EDE_TEXT_MAX + 16];
	size_t len;

	/* 251 octets and a name of characters with two octets each. */
	memset(template, 'x', sizeof(template));
	snprintf(template + 245 + _i, 16, "{case}");
	with(&(struct entry){ .text = template,
	    .category = "",
	    .case_number = "\303\244\303\244\303\244\303\244\303\244\303\244"
			   "\303\244\303\244\303\244\303\244",
	    .feed = { plain } });
	memset(text, 7, sizeof(text));
	len = fsk_ede_text(db, &verdict, text);
	ck_assert_uint_le(len, FSK_EDE_TEXT_MAX);
	ck_assert_uint_ge(len, FSK_EDE_TEXT_MAX - 3);
	ck_assert_uint_eq((len - 245 - (unsigned)_i) % 2, 0);
	for (size_t i = FSK_EDE_TEXT_MAX; i < sizeof(text); i++)
		ck_assert_int_eq(text[i], 7);
}
END_TEST

/* ---- codes ---- */

START_TEST(codes_of_errors)
{
	static const struct {
		uint16_t ede, json;
	} codes[] = { { FSK_EDE_FORGED, FSK_EDE_BLOCKED },
		{ FSK_EDE_BLOCKED, FSK_EDE_BLOCKED },
		{ FSK_EDE_CENSORED, FSK_EDE_CENSORED },
		{ FSK_EDE_FILTERED, FSK_EDE_FILTERED },
		{ FSK_EDE_NONE, FSK_EDE_NONE } };

	with(&(struct entry){
	    .ede = codes[_i].ede, .category = "", .feed = { plain } });
	ck_assert_uint_eq(fsk_ede_code(&verdict, false), codes[_i].ede);
	ck_assert_uint_eq(fsk_ede_code(&verdict, true), codes[_i].json);
}
END_TEST

/* ---- JSON ---- */

static void
json_is(const char *want)
{
	char text[FSK_EDE_JSON_MAX];
	const size_t len = fsk_ede_json(db, &verdict, text);

	ck_assert_msg(len == strlen(want) && memcmp(text, want, len) == 0,
	    "%.*s", (int)len, text);
}

START_TEST(as_little_as_there_is)
{
	with(&(struct entry){ .category = "scam", .feed = { plain } });
	json_is("{\"c\":[],\"j\":\"listed: scam\",\"s\":6}");
}
END_TEST

START_TEST(all_that_there_is)
{
	with(&(struct entry){ .text = "why",
	    .category = "phishing",
	    .case_number = "7/26",
	    .feed = { office },
	    .contact = "https://policy.example",
	    .organisation = "ISP \"A\"\\\t",
	    .incidents = "db1" });
	json_is("{\"c\":[\"mailto:a@b.example\",\"tel:+1\"],\"j\":\"why\","
		"\"s\":2,\"o\":\"ISP \\\"A\\\"\\\\\\u0009\",\"fdbs\":[{\"db\":"
		"\"db1\",\"id\":\"7/26\"}]}");
}
END_TEST

START_TEST(the_contact_of_the_policy_where_the_feed_has_none)
{
	with(&(struct entry){ .text = "",
	    .category = "spyware",
	    .case_number = "7",
	    .feed = { plain },
	    .contact = "  https://a.example   mailto:b@c.example ",
	    .organisation = "",
	    .incidents = "" });
	ck_assert_str_eq(fsk_ede_contact(db, &verdict),
	    "  https://a.example   mailto:b@c.example ");
	/* A case without a database of cases is not told. */
	json_is("{\"c\":[\"https://a.example\",\"mailto:b@c.example\"],"
		"\"j\":\"listed: spyware\",\"s\":4}");
}
END_TEST

static const struct {
	const char *category;
	char sub_error;
} sub_errors[] = {
	{ "malware", '1' },
	{ "phishing", '2' },
	{ "spam", '3' },
	{ "spyware", '4' },
	{ "fraud", '6' },
	{ "", '6' },
	{ "Phishing", '6' },
};

START_TEST(sub_errors_of_categories)
{
	char text[FSK_EDE_JSON_MAX], want[8] = "\"s\":?}";
	size_t len;

	with(&(struct entry){ .text = "",
	    .category = sub_errors[_i].category,
	    .feed = { plain } });
	want[4] = sub_errors[_i].sub_error;
	len = fsk_ede_json(db, &verdict, text);
	ck_assert_mem_eq(text + len - 6, want, 6);
}
END_TEST

START_TEST(what_does_not_fit_is_not_told)
{
	char text[FSK_EDE_JSON_MAX], organisation[600];
	size_t len, before = 1;

	memset(organisation, 'o', sizeof(organisation));
	for (size_t n = 400; n < 500; n++) {
		organisation[n] = '\0';
		with(&(struct entry){ .text = "",
		    .category = "",
		    .feed = { plain },
		    .contact = "",
		    .organisation = organisation,
		    .incidents = "" });
		len = fsk_ede_json(db, &verdict, text);
		if (len > 0) {
			ck_assert_uint_le(len, FSK_EDE_JSON_MAX);
			ck_assert_int_eq(text[0], '{');
			ck_assert_int_eq(text[len - 1], '}');
			ck_assert_uint_ne(before, 0);
		}
		before = len;
		organisation[n] = 'o';
		fsk_db_close(db);
		db = NULL;
		free(packed);
		packed = NULL;
	}
	ck_assert_uint_eq(before, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/ede.c");
	TCase *tc = tcase_create("texts");
	SRunner *sr;
	int failed;

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))
	tcase_add_checked_fixture(tc, kit_setup, teardown);
	tcase_add_loop_test(tc, placeholders_are_replaced, 0, COUNT(templates));
	tcase_add_test(tc, the_contact_of_the_policy_is_a_placeholder_too);
	tcase_add_loop_test(tc, who_answers_for_it_is_told, 0, 3);
	tcase_add_loop_test(tc, long_texts_are_cut_between_characters, 0, 3);
	tcase_add_loop_test(tc, codes_of_errors, 0, 5);
	tcase_add_test(tc, as_little_as_there_is);
	tcase_add_test(tc, all_that_there_is);
	tcase_add_test(tc, the_contact_of_the_policy_where_the_feed_has_none);
	tcase_add_loop_test(tc, sub_errors_of_categories, 0, COUNT(sub_errors));
	tcase_add_test(tc, what_does_not_fit_is_not_told);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
