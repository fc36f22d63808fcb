/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/db_write.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/verdict.h"
#include "tests/lib/kit.h"

static const enum fsk_db_mode modes[] = { FSK_NAMES, FSK_SECRET };

/* ---- the same file ---- */

/* A list of many kinds of names; large enough for several partitions. */
static void
make_mixed(struct kit_list *l, unsigned n)
{
	struct fsk_name name;

	kit_seed(4);
	kit_add_nested(l, 1000);
	for (unsigned i = 0; i < n; i++) {
		name = kit_any_name(4 + kit_below(i % 100 == 0 ? 252 : 30));
		kit_add(l, &name, (enum fsk_match_kind)kit_below(3),
		    kit_below(KIT_CLAIMS));
	}
	for (unsigned i = 0; i < 3000; i++) {
		char text[64];

		snprintf(text, sizeof(text), "x%u.heavy.example", i);
		kit_add_text(l, text, FSK_SUBTREE, i % KIT_CLAIMS);
	}
}

START_TEST(file_does_not_depend_on_order_threads_or_memory)
{
	static const struct kit_build builds[] = {
		{ .threads = 1 },
		{ .threads = 2, .lanes = 3, .shuffle = true },
		{ .threads = 3, .lanes = 1, .memory = 1 << 30 },
		{ .threads = 4, .lanes = 8, .shuffle = true },
		{ .threads = 1,
		    .lanes = 5,
		    .memory = 64 << 20,
		    .shuffle = true },
	};
	struct kit_list l = { 0 };
	size_t first_len = 0, len;
	uint8_t *first = NULL;

	make_mixed(&l, _i < 2 ? 20000 : 100);
	for (size_t i = 0; i < sizeof(builds) / sizeof(*builds); i++) {
		struct kit_build b = builds[i];
		struct fsk_error err = { 0 };
		uint8_t *bytes;

		b.mode = modes[_i % 2];
		b.prune = _i == 3;
		ck_assert_msg(
		    kit_publish(&l, kit_path("db"), &b, NULL, &err) == FSK_OK,
		    "%s", err.text);
		bytes = kit_read(kit_path("db"), &len);
		if (first == NULL) {
			first = bytes;
			first_len = len;
			continue;
		}
		ck_assert_uint_eq(len, first_len);
		ck_assert_msg(memcmp(bytes, first, len) == 0, "build %zu", i);
		free(bytes);
	}
	free(first);
	kit_free(&l);
}
END_TEST

/* So many names that the least memory does not hold them. */
START_TEST(names_that_do_not_fit_memory_are_all_there)
{
	const struct kit_build small = {
		.mode = FSK_NAMES, .threads = 2, .lanes = 2
	};
	const struct kit_build large = { .mode = FSK_NAMES, .memory = 1 << 30 };
	struct kit_list l = { 0 };
	struct fsk_writer_result result;
	uint8_t *a, *b;
	size_t na, nb;

	kit_seed(5);
	for (unsigned i = 0; i < 60000; i++) {
		struct fsk_name name = kit_any_name(200 + kit_below(55));

		kit_add(&l, &name, FSK_SUBTREE, RED_A);
	}
	ck_assert_int_eq(
	    kit_publish(&l, kit_path("a"), &small, &result, NULL), FSK_OK);
	ck_assert_uint_eq(result.entries, l.n);
	ck_assert_uint_eq(result.claims, l.n);
	ck_assert_int_eq(
	    kit_publish(&l, kit_path("b"), &large, NULL, NULL), FSK_OK);
	a = kit_read(kit_path("a"), &na);
	b = kit_read(kit_path("b"), &nb);
	ck_assert_uint_eq(na, result.bytes);
	ck_assert_uint_eq(na, nb);
	ck_assert(memcmp(a, b, na) == 0);
	free(a);
	free(b);
	kit_free(&l);
}
END_TEST

START_TEST(keys_are_drawn_anew)
{
	struct fsk_writer_options opt = {
		.mode = FSK_NAMES, .threads = 1, .memory = FSK_MEMORY_MIN
	};
	struct fsk_writer_result result;
	struct fsk_writer *w;
	uint8_t *a[2];
	size_t len;

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    fsk_writer_open(&w, kit_path("db"), &opt, NULL), FSK_OK);
		ck_assert_int_eq(fsk_writer_publish(w, &result, NULL), FSK_OK);
		fsk_writer_close(w);
		a[i] = kit_read(kit_path("db"), &len);
	}
	ck_assert(memcmp(a[0] + 80, a[1] + 80, FSK_KEY_LEN) != 0);
	free(a[0]);
	free(a[1]);
}
END_TEST

/* ---- merging ---- */

START_TEST(claims_on_one_name_are_merged)
{
	static const struct {
		uint32_t claims;
		const char *category;
		enum fsk_severity severity;
		enum fsk_action action;
		uint32_t since;
		const char *feeds[4];
	} rows[] = {
		{ 1 << RED_A, "phishing", FSK_RED, FSK_NXDOMAIN, 20000,
		    { "alpha" } },
		{ 1 << RED_A | 1 << YELLOW_B, "phishing", FSK_RED, FSK_NXDOMAIN,
		    19000, { "alpha", "beta" } },
		{ 1 << YELLOW_B | 1 << RED_C, "scam", FSK_RED, FSK_SINKHOLE,
		    19000, { "beta", "gamma" } },
		{ 1 << YELLOW_B | 1 << YELLOW_F, "malware", FSK_YELLOW,
		    FSK_NODATA, 17000, { "beta", "zeta" } },
		{ 1 << RED_A | 1 << RED_A2, "phishing", FSK_RED, FSK_NXDOMAIN,
		    20000, { "alpha" } },
		{ 1 << RED_C | 1 << RED_A2 | 1 << YELLOW_F, "scam", FSK_RED,
		    FSK_SINKHOLE, 17000, { "alpha", "gamma", "zeta" } },
	};
	const struct kit_build b = { .mode = modes[_i % 2], .lanes = 2 };
	struct kit_list l = { 0 };
	struct fsk_found found;
	struct fsk_attr a;
	struct fsk_db *db;
	unsigned n = 0;

	for (unsigned c = 0; c < KIT_CLAIMS; c++)
		if (rows[_i / 2].claims >> c & 1)
			kit_add_text(&l, "a.example", FSK_SUBTREE, c);
	db = kit_open(&l, &b);
	found = kit_ask(db, "a.example");
	ck_assert(found.covered);
	fsk_db_attr(db, found.attr, &a);
	ck_assert_str_eq(a.category, rows[_i / 2].category);
	ck_assert_int_eq(a.severity, rows[_i / 2].severity);
	ck_assert_int_eq(a.answer->action, rows[_i / 2].action);
	ck_assert_uint_eq(a.since, rows[_i / 2].since);
	for (; n < 4 && rows[_i / 2].feeds[n] != NULL; n++)
		ck_assert_str_eq(
		    fsk_db_attr_feed(db, found.attr, n), rows[_i / 2].feeds[n]);
	ck_assert_uint_eq(a.feeds, n);
	fsk_db_close(db);
	kit_free(&l);
}
END_TEST

START_TEST(results_and_feeds_are_counted)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct fsk_writer_result result;
	struct kit_list l = { 0 };
	struct fsk_db *db;
	uint64_t n;

	kit_add_text(&l, "a.example", FSK_SUBTREE, RED_A);
	kit_add_text(&l, "a.example", FSK_SUBTREE, RED_A2); /* alpha too */
	kit_add_text(&l, "a.example", FSK_EXACT, RED_A);
	kit_add_text(&l, "b.example", FSK_SUBTREE, YELLOW_B);
	kit_add_text(&l, "b.example", FSK_SUBTREE, RED_A);
	kit_add_text(&l, "b.example", FSK_SUBTREE, ALLOW_D);
	ck_assert_int_eq(
	    kit_publish(&l, kit_path("db"), &b, &result, NULL), FSK_OK);
	ck_assert_uint_eq(result.claims, 6);
	ck_assert_uint_eq(result.entries, 4);
	ck_assert_uint_eq(result.pruned, 0);
	ck_assert_int_eq(
	    fsk_db_open(&db, kit_path("db"), FSK_DB_MAP, NULL), FSK_OK);
	ck_assert_str_eq(fsk_db_feed(db, 0, &n), "alpha");
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(fsk_db_feed(db, 1, &n), "beta");
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(fsk_db_feed(db, 2, &n), "gamma");
	ck_assert_uint_eq(n, 0);
	fsk_db_close(db);
	kit_free(&l);
}
END_TEST

/* ---- pruning ---- */

static bool
same_set(const struct fsk_db *a, uint32_t x, const struct fsk_db *b, uint32_t y)
{
	struct fsk_attr p, q;

	fsk_db_attr(a, x, &p);
	fsk_db_attr(b, y, &q);
	if (p.allow != q.allow || p.severity != q.severity ||
	    p.since != q.since || p.feeds != q.feeds ||
	    strcmp(p.category, q.category) != 0 ||
	    memcmp(p.answer, q.answer, sizeof(*p.answer)) != 0)
		return false;
	for (unsigned i = 0; i < p.feeds; i++)
		if (strcmp(fsk_db_attr_feed(a, x, i),
			fsk_db_attr_feed(b, y, i)) != 0)
			return false;
	return true;
}

START_TEST(pruning_drops_what_is_superfluous_and_changes_no_verdict)
{
	struct kit_build b = { .mode = modes[_i % 2] };
	struct fsk_writer_result result;
	struct kit_list l = { 0 };
	struct fsk_db *all, *few;
	char text[FSK_TEXT_MAX];

	kit_seed((uint64_t)_i + 100);
	kit_add_nested(&l, 20u << _i / 2);
	all = kit_open(&l, &b);
	b.prune = true;
	ck_assert_int_eq(
	    kit_publish(&l, kit_path("few"), &b, &result, NULL), FSK_OK);
	ck_assert_int_eq(
	    fsk_db_open(&few, kit_path("few"), FSK_DB_MAP, NULL), FSK_OK);
	ck_assert_uint_eq(result.entries + result.pruned, l.n);
	ck_assert_uint_eq(result.entries, kit_pruned(&l));
	for (unsigned i = 0; i < 10000; i++) {
		struct fsk_name name = i < l.n ? l.entry[i].name
					       : kit_question(&l);
		struct fsk_verdict v, w;
		struct fsk_question asked = { .qtype = 1 };

		fsk_query_init(&asked.q, fsk_db_key(all), name.wire, name.len);
		fsk_verdict(all, NULL, &asked, &v);
		fsk_verdict(few, NULL, &asked, &w);
		fsk_name_to_text(name.wire, text);
		ck_assert_msg(
		    v.found.covered == w.found.covered && v.block == w.block,
		    "%s", text);
		ck_assert_msg(!v.found.covered ||
			same_set(all, v.found.attr, few, w.found.attr),
		    "%s", text);
	}
	fsk_db_close(all);
	fsk_db_close(few);
	kit_free(&l);
}
END_TEST

static const struct {
	const char *what;
	struct {
		const char *name;
		enum fsk_match_kind match;
		unsigned claim;
	} entry[4];
	unsigned kept;
} prunes[] = {
	{ "child of the same",
	    { { "x.example", FSK_SUBTREE, RED_A },
		{ "a.x.example", FSK_SUBTREE, RED_A } },
	    1 },
	{ "deep below",
	    { { "x.example", FSK_SUBTREE, RED_A },
		{ "a.b.c.x.example", FSK_EXACT, RED_A } },
	    1 },
	{ "below what covers all below",
	    { { "x.example", FSK_BELOW, RED_A },
		{ "a.x.example", FSK_BELOW, RED_A } },
	    1 },
	{ "exact covers nothing",
	    { { "x.example", FSK_EXACT, RED_A },
		{ "a.x.example", FSK_SUBTREE, RED_A } },
	    2 },
	{ "another feed says it",
	    { { "x.example", FSK_SUBTREE, RED_A },
		{ "a.x.example", FSK_SUBTREE, RED_G } },
	    2 },
	{ "an allow between",
	    { { "x.example", FSK_SUBTREE, RED_A },
		{ "a.x.example", FSK_SUBTREE, ALLOW_D },
		{ "b.a.x.example", FSK_SUBTREE, RED_A } },
	    3 },
	{ "a superfluous one between",
	    { { "x.example", FSK_SUBTREE, RED_A },
		{ "a.x.example", FSK_SUBTREE, RED_A },
		{ "b.a.x.example", FSK_SUBTREE, RED_A } },
	    1 },
	{ "top-level domain",
	    { { "example", FSK_SUBTREE, RED_A },
		{ "x.example", FSK_SUBTREE, RED_A },
		{ "b.x.example", FSK_SUBTREE, RED_C },
		{ "x.test", FSK_SUBTREE, RED_A } },
	    3 },
	{ "subtree and exact, one name",
	    { { "x.example", FSK_SUBTREE, RED_A },
		{ "x.example", FSK_EXACT, RED_A } },
	    2 },
};

START_TEST(what_pruning_drops)
{
	const struct kit_build b = { .mode = modes[_i % 2], .prune = true };
	struct fsk_writer_result result;
	struct kit_list l = { 0 };

	for (unsigned i = 0; i < 4; i++)
		if (prunes[_i / 2].entry[i].name != NULL)
			kit_add_text(&l, prunes[_i / 2].entry[i].name,
			    prunes[_i / 2].entry[i].match,
			    prunes[_i / 2].entry[i].claim);
	ck_assert_int_eq(
	    kit_publish(&l, kit_path("db"), &b, &result, NULL), FSK_OK);
	ck_assert_msg(result.entries == prunes[_i / 2].kept, "%s: %u",
	    prunes[_i / 2].what, (unsigned)result.entries);
	kit_free(&l);
}
END_TEST

/* ---- publishing ---- */

START_TEST(empty_database_is_a_database)
{
	const struct kit_build b = { .mode = modes[_i] };
	struct kit_list l = { 0 };
	struct fsk_db *db = kit_open(&l, &b);
	struct fsk_db_info info;

	fsk_db_info(db, &info);
	ck_assert_uint_eq(info.entries, 0);
	ck_assert_uint_eq(info.serial, 7);
	ck_assert_int_eq(info.created, 1000000000);
	ck_assert_int_eq(info.mode, modes[_i]);
	ck_assert(!kit_ask(db, "www.example").touched);
	ck_assert(!kit_ask(db, "example").touched);
	ck_assert(!kit_ask(db, ".").touched);
	fsk_db_close(db);
}
END_TEST

START_TEST(publishing_replaces_the_old_file)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct kit_list l = { 0 };
	struct fsk_db *old = kit_open(&l, &b), *new;

	kit_add_text(&l, "a.example", FSK_SUBTREE, RED_A);
	new = kit_open(&l, &b);
	ck_assert(kit_ask(new, "a.example").covered);
	/* Who still reads the old one reads the old one. */
	ck_assert(!kit_ask(old, "a.example").covered);
	ck_assert_uint_eq(kit_files(), 1);
	fsk_db_close(old);
	fsk_db_close(new);
	kit_free(&l);
}
END_TEST

START_TEST(failure_leaves_everything_as_it_was)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct kit_list l = { 0 };
	struct fsk_error err = { 0 };
	const char *target;

	kit_add_text(&l, "a.example", FSK_SUBTREE, RED_A);
	if (_i == 0) { /* the target is a folder */
		target = kit_path("target");
		ck_assert_int_eq(mkdir(target, 0777), 0);
	} else if (_i == 1) { /* no such folder */
		target = kit_path("absent/db");
	} else { /* the folder is a file */
		target = kit_path("file/db");
		kit_write(kit_path("file"), "old", 3);
	}
	ck_assert_int_eq(kit_publish(&l, target, &b, NULL, &err), FSK_EIO);
	ck_assert_msg(strstr(err.text, target) != NULL, "%s", err.text);
	ck_assert_uint_eq(kit_files(), _i != 1);
	kit_free(&l);
}
END_TEST

START_TEST(unwritable_folder_keeps_its_file)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct kit_list l = { 0 };
	struct fsk_error err = { 0 };
	uint8_t *bytes;
	size_t len;

	kit_write(kit_path("db"), "old", 3);
	ck_assert_int_eq(chmod(kit_dir, 0555), 0);
	if (geteuid() == 0) /* whom modes do not bind */
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(
	    kit_publish(&l, kit_path("db"), &b, NULL, &err), FSK_EIO);
	ck_assert(strstr(err.text, kit_path("db")) != NULL);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod(kit_dir, 0755), 0);
	ck_assert_uint_eq(kit_files(), 1);
	bytes = kit_read(kit_path("db"), &len);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(bytes, "old", 3);
	free(bytes);
}
END_TEST

START_TEST(what_is_no_file_is_not_replaced)
{
	const struct fsk_writer_options options = {
		.mode = FSK_NAMES, .threads = 1, .memory = FSK_MEMORY_MIN
	};
	struct fsk_error err = { 0 };
	struct fsk_writer *w;
	struct stat st;

	ck_assert_int_eq(mkfifo(kit_path("pipe"), 0600), 0);
	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("pipe"), &options, &err), FSK_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "pipe' is not a file"));
	ck_assert_ptr_null(w);
	ck_assert_int_eq(stat(kit_path("pipe"), &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_uint_eq(kit_files(), 1);
}
END_TEST

START_TEST(closing_unpublished_leaves_nothing)
{
	const struct fsk_writer_options opt = {
		.mode = FSK_NAMES, .threads = 1, .memory = FSK_MEMORY_MIN
	};
	struct fsk_writer *w;

	fsk_writer_close(NULL);
	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("db"), &opt, NULL), FSK_OK);
	fsk_writer_close(w);
	ck_assert_uint_eq(kit_files(), 0);
}
END_TEST

START_TEST(mode_of_the_file_follows_the_umask)
{
	static const struct {
		mode_t mask, mode;
	} rows[] = { { 0, 0644 }, { 022, 0644 }, { 027, 0640 }, { 077, 0600 } };
	const struct kit_build b = { .mode = FSK_NAMES };
	struct kit_list l = { 0 };
	struct stat st;

	umask(rows[_i].mask);
	ck_assert_int_eq(
	    kit_publish(&l, kit_path("db"), &b, NULL, NULL), FSK_OK);
	ck_assert_int_eq(stat(kit_path("db"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, rows[_i].mode);
	ck_assert_uint_eq(umask(0), rows[_i].mask);
}
END_TEST

/* ---- what a caller can do wrong ---- */

START_TEST(impossible_things_are_refused)
{
	struct fsk_writer_options opt = {
		.mode = FSK_NAMES, .threads = 1, .memory = FSK_MEMORY_MIN
	};
	struct fsk_answer answer = { .action = FSK_NODATA };
	struct fsk_claim claim = kit_claims[RED_A];
	struct fsk_name name = kit_name("a.example"), root = kit_name(".");
	struct fsk_lane *lane;
	struct fsk_writer *w;
	uint32_t n;
	unsigned row;

	opt.threads = 0;
	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("db"), &opt, NULL), FSK_EINVAL);
	ck_assert_ptr_null(w);
	opt.threads = 1;
	opt.memory--;
	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("db"), &opt, NULL), FSK_EINVAL);
	opt.memory++;
	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("db"), &opt, NULL), FSK_OK);
	ck_assert_int_eq(fsk_writer_answer(w, &answer, &row, NULL), FSK_OK);
	ck_assert_int_eq(fsk_writer_answer(w, &answer, &row, NULL), FSK_OK);
	ck_assert_uint_eq(row, 0); /* the same one once */
	answer.count4 = FSK_ADDRS_MAX + 1;
	ck_assert_int_eq(fsk_writer_answer(w, &answer, &row, NULL), FSK_EINVAL);
	answer.count4 = 0;
	answer.ttl = UINT32_MAX;
	ck_assert_int_eq(fsk_writer_answer(w, &answer, &row, NULL), FSK_EINVAL);
	answer.ttl = 0;
	answer.action = FSK_CNAME; /* to nowhere */
	ck_assert_int_eq(fsk_writer_answer(w, &answer, &row, NULL), FSK_EINVAL);
	claim.severity = (enum fsk_severity)3;
	ck_assert_int_eq(fsk_writer_claim(w, &claim, &n, NULL), FSK_EINVAL);
	claim.severity = FSK_RED;
	ck_assert_int_eq(fsk_writer_claim(w, &claim, &n, NULL), FSK_OK);
	ck_assert_int_eq(fsk_writer_lane(w, &lane, NULL), FSK_OK);
	ck_assert_int_eq(
	    fsk_lane_add(lane, &root, FSK_SUBTREE, n, NULL), FSK_EINVAL);
	ck_assert_int_eq(
	    fsk_lane_add(lane, &name, FSK_SUBTREE, n + 1, NULL), FSK_EINVAL);
	ck_assert_int_eq(
	    fsk_lane_add(lane, &name, (enum fsk_match_kind)3, n, NULL),
	    FSK_EINVAL);
	fsk_writer_close(w);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof(*(a)))

/* ---- URLs ---- */

START_TEST(urls_are_found_with_all_their_feeds)
{
	const struct kit_build b = {
		.mode = _i == 0 ? FSK_NAMES : FSK_SECRET,
		.urls = 500,
		.threads = 2,
		.lanes = 3,
	};
	struct kit_list list = { 0 };
	struct fsk_db_info info;
	struct fsk_attr a;
	struct fsk_db *db;
	uint32_t attr;

	kit_add_text(&list, "a.test", FSK_SUBTREE, RED_A);
	db = kit_open(&list, &b);
	fsk_db_info(db, &info);
	ck_assert_uint_eq(info.urls, b.urls);
	ck_assert_uint_eq(info.entries, 1);
	for (unsigned i = 0; i < b.urls; i++) {
		bool two = i % 2 == 0;

		ck_assert(fsk_db_find_url(db, kit_url(i), &attr));
		fsk_db_attr(db, attr, &a);
		ck_assert_uint_eq(a.feeds, 1u + two);
		ck_assert_str_eq(
		    fsk_db_attr_feed(db, attr, 0), kit_claims[i % 3].feed);
		if (two)
			ck_assert_str_eq(fsk_db_attr_feed(db, attr, 1),
			    kit_claims[RED_G].feed);
	}
	ck_assert(!fsk_db_find_url(db, kit_url(b.urls), &attr));
	ck_assert(!fsk_db_find_url(db, "host1.example/", &attr));
	ck_assert(!fsk_db_find_url(db, "", &attr));
	/* The host is not listed by that. */
	ck_assert(!kit_ask(db, "host1.example").covered);
	fsk_db_close(db);
	kit_free(&list);
}
END_TEST

START_TEST(without_urls_there_is_no_section_for_them)
{
	const struct kit_build b = { .mode = FSK_NAMES };
	struct kit_list list = { 0 };
	struct fsk_db_section section;
	struct fsk_db *db;
	uint32_t attr;
	unsigned n = 0;

	kit_add_text(&list, "a.test", FSK_SUBTREE, RED_A);
	db = kit_open(&list, &b);
	ck_assert(!fsk_db_find_url(db, kit_url(0), &attr));
	while (fsk_db_section(db, n, &section))
		n++;
	ck_assert_uint_eq(n, 9);
	fsk_db_close(db);
	kit_free(&list);
}
END_TEST

/* ---- what a feed takes back ---- */

START_TEST(a_feed_takes_back_what_it_lists_and_no_other)
{
	const struct fsk_writer_options opt = {
		.mode = FSK_NAMES, .threads = 1, .memory = FSK_MEMORY_MIN
	};
	const struct fsk_answer answer = { .ttl = 1 };
	/* In every order of the claims' numbers. */
	const unsigned other = (unsigned)_i % 3, cancel = (other + 1) % 3,
		       lists = (other + 2) % 3;
	struct fsk_claim c = { .category = "c", .severity = FSK_RED };
	struct fsk_writer_result result;
	struct fsk_name only = kit_name("only.test"),
			both = kit_name("both.test");
	struct fsk_found found;
	struct fsk_writer *w;
	struct fsk_lane *lane;
	struct fsk_error err;
	struct fsk_attr a;
	struct fsk_db *db;
	uint32_t n;

	ck_assert_int_eq(
	    fsk_writer_open(&w, kit_path("c"), &opt, &err), FSK_OK);
	ck_assert_int_eq(fsk_writer_answer(w, &answer, &c.class, &err), FSK_OK);
	for (unsigned i = 0; i < 3; i++) {
		c.feed = i == other ? "other" : "mine";
		c.cancel = i == cancel;
		ck_assert_int_eq(fsk_writer_claim(w, &c, &n, &err), FSK_OK);
		ck_assert_uint_eq(n, i);
	}
	ck_assert_int_eq(fsk_writer_lane(w, &lane, &err), FSK_OK);
	fsk_lane_add(lane, &only, FSK_SUBTREE, lists, &err);
	fsk_lane_add(lane, &only, FSK_SUBTREE, cancel, &err);
	fsk_lane_add(lane, &both, FSK_SUBTREE, lists, &err);
	fsk_lane_add(lane, &both, FSK_SUBTREE, cancel, &err);
	fsk_lane_add(lane, &both, FSK_SUBTREE, other, &err);
	ck_assert_int_eq(fsk_writer_publish(w, &result, &err), FSK_OK);
	fsk_writer_close(w);
	ck_assert_uint_eq(result.entries, 1);
	ck_assert_int_eq(
	    fsk_db_open(&db, kit_path("c"), FSK_DB_MAP, &err), FSK_OK);
	ck_assert(!kit_ask(db, "only.test").covered);
	found = kit_ask(db, "both.test");
	ck_assert(found.covered);
	fsk_db_attr(db, found.attr, &a);
	ck_assert_uint_eq(a.feeds, 1);
	ck_assert_str_eq(fsk_db_attr_feed(db, found.attr, 0), "other");
	fsk_db_close(db);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lib/db_write.c");
	TCase *tc = tcase_create("db_write");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, kit_setup, kit_teardown);
	tcase_add_loop_test(
	    tc, file_does_not_depend_on_order_threads_or_memory, 0, 4);
	tcase_add_test(tc, names_that_do_not_fit_memory_are_all_there);
	tcase_add_test(tc, keys_are_drawn_anew);
	tcase_add_loop_test(tc, claims_on_one_name_are_merged, 0, 12);
	tcase_add_test(tc, results_and_feeds_are_counted);
	tcase_add_loop_test(tc,
	    pruning_drops_what_is_superfluous_and_changes_no_verdict, 0, 16);
	tcase_add_loop_test(tc, what_pruning_drops, 0, 2 * ROWS(prunes));
	tcase_add_loop_test(tc, empty_database_is_a_database, 0, 2);
	tcase_add_test(tc, publishing_replaces_the_old_file);
	tcase_add_loop_test(tc, failure_leaves_everything_as_it_was, 0, 3);
	tcase_add_test(tc, unwritable_folder_keeps_its_file);
	tcase_add_test(tc, what_is_no_file_is_not_replaced);
	tcase_add_test(tc, closing_unpublished_leaves_nothing);
	tcase_add_loop_test(tc, mode_of_the_file_follows_the_umask, 0, 4);
	tcase_add_test(tc, impossible_things_are_refused);
	tcase_add_loop_test(tc, urls_are_found_with_all_their_feeds, 0, 2);
	tcase_add_test(tc, without_urls_there_is_no_section_for_them);
	tcase_add_loop_test(
	    tc, a_feed_takes_back_what_it_lists_and_no_other, 0, 3);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
