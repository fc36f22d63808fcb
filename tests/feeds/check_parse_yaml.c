/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds/parse_yaml.c: sequences, mappings, and what YAML has beyond them */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/parse.h"
#include "tests/feeds/items.h"

#define ROWS(table) (sizeof(table) / sizeof(*(table)))
#define NO_SHAPE \
	"bad: a document in no shape that is known: set 'column' to the " \
	"path of its values\n"

static const struct items documents[] = {
	{ NULL, NULL, "", "" },
	{ NULL, NULL, "---\n", "" },
	{ NULL, NULL, "# a.example\n", "" },
	{ NULL, NULL, "- a.example\n- b.example\n", "a.example\nb.example\n" },
	{ NULL, NULL, "---\n- a.example # why\n# x\n-  b.example\r\n",
	    "a.example\nb.example\n" },
	/* Phantom */
	{ NULL, NULL,
	    "---\n  - url: a.example\n    versionTag: \"0.13.0\"\n"
	    "  - url: \"*.b.example\"\n",
	    "a.example\n*.b.example\n" },
	{ NULL, NULL, "blocklist:\n  - a.example\nallowlist:\n- b.example\n",
	    "a.example\n@@b.example\n" },
	{ NULL, NULL, "a.example:\n  - 0x1\nb.example: {}\n",
	    "a.example\nb.example\n" },
	{ NULL, NULL, "- [a.example]\n- {domain: b.example}\n",
	    "bad: no text where a value should be\nb.example\n" },
	{ NULL, NULL, "['a.example', \"b.ex\\x61mple\"]",
	    "a.example\nb.example\n" },
	/* JSON is YAML. */
	{ NULL, NULL, "{\"deny\":[\"a.example\"]}", "a.example\n" },
	/* A text is a text. */
	{ NULL, NULL, "- yes\n- ~\n- 192.0.2.1\n- 1.5\n-\n- ''\n",
	    "bad: a name without a dot\nbad: a name without a dot\n"
	    "skipped: an address\nbad: an IPv4 address, not a name\n-\n-\n" },
	{ NULL, NULL, "- >\n  a.example\n- |\n  b.example\n  c.example\n",
	    "bad: a character that no name has\n"
	    "bad: a character that no name has\n" },
	{ NULL, NULL, "- \"a.ex\\0ample\"\n- f\xc3\xa4\xc3\xa4.example\n",
	    "bad: a character that no name has\nxn--f-0faa.example\n" },
	{ NULL, NULL, "- !!str a.example\n- !x b.example\n",
	    "a.example\nb.example\n" },
	/* Aliases are nothing. */
	{ NULL, NULL, "- &x a.example\n- *x\n", "a.example\n-\n" },
	{ NULL, NULL, "- &x {url: a.example}\n- *x\n- {<<: *x, y: z}\n",
	    "a.example\n-\nbad: an object without a value\n" },
	/* Several documents; the last good one stays. */
	{ NULL, NULL, "---\n- a.example\n---\n- b.example\n...\n",
	    "a.example\nb.example\n" },
	{ NULL, NULL, "- a.example\n---\n- b.example\n--- [\n",
	    "a.example\nb.example\nbad: no YAML\n" },
	{ NULL, NULL, "- a.example\n b.example\n- c.example\n x: y\n",
	    "bad: no YAML\n" },
	{ NULL, NULL, "- \xff\n", "bad: no YAML\n" },
	{ NULL, NULL, "- \"a.example\n", "bad: no YAML\n" },
	{ NULL, NULL, "\t- a.example\n", "bad: no YAML\n" },
	{ NULL, NULL, "a.example\n", NO_SHAPE },
	{ NULL, NULL, "url: a.example\n", NO_SHAPE },
	{ NULL, NULL, "? [a]\n: b\n", "bad: a key that is no text\n" },
	{ NULL, NULL, "\"a\\0b\": c\n", "bad: a key that is no text\n" },
	/* A path. */
	{ "site", NULL, "- site: a.example\n  url: x.example\n- x: y\n",
	    "a.example\n-\n" },
	{ "a.b[]", NULL, "a:\n  b: [a.example]\n", "a.example\n" },
	{ "a", NULL, "b: c\n", "bad: the path leads nowhere\n" },
	{ "a.", NULL, "", "refused: a step of the path is empty" },
	{ NULL, "x=y", "", "refused: 'only' is for tables (csv)" },
};

START_TEST(documents_are_read)
{
	items_check(&parse_yaml, &documents[_i]);
}
END_TEST

START_TEST(values_may_be_urls)
{
	static const struct items i = { NULL, NULL,
		"- url: https://a.example/b\n- url: 'https://b.example'\n",
		"url:a.example/b\nb.example\n" };

	items_check(&parse_yaml, &i);
}
END_TEST

/* ---- hostile ones ---- */

/* N times TEXT, to be freed. */
static char *
repeat(const char *text, size_t n)
{
	size_t len = strlen(text);
	char *all = malloc(n * len + 1);

	ck_assert_ptr_nonnull(all);
	for (size_t i = 0; i < n; i++)
		memcpy(all + i * len, text, len);
	all[n * len] = '\0';
	return all;
}

START_TEST(laughs_are_not_multiplied)
{
	static const struct items i = { NULL, NULL,
		"a: &a [x,x,x,x,x,x,x,x,x]\n"
		"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
		"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
		"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
		"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
		"domains: [*e,*e]\n",
		"-\n-\n" };

	items_check(&parse_yaml, &i);
}
END_TEST

START_TEST(deep_nesting_is_given_up)
{
	static const char *const texts[] = { "[", "{x: ", "- ", "? " };

	for (size_t n = 0; n < ROWS(texts); n++) {
		struct items i = { NULL, NULL, repeat(texts[n], 50000),
			"bad: nested too deeply\n" };

		/* A key is no text before it is too deep. */
		if (n == 3)
			i.gives = "bad: a key that is no text\n";
		items_check(&parse_yaml, &i);
		free((char *)(uintptr_t)i.text);
	}
}
END_TEST

START_TEST(what_would_fill_the_memory_is_not_read)
{
	struct items i = { "x", NULL, repeat("- {}\n", 1100000),
		"bad: too many values for one document\n" };

	items_check(&parse_yaml, &i);
	free((char *)(uintptr_t)i.text);
}
END_TEST

/* ---- guesses ---- */

static const struct {
	const char *text;
	bool yaml;
} guesses[] = {
	{ "---\n  - url: a.example\n", true },
	{ "---\n# x\n\n- a.example\n", true },
	{ "- a.example\n- b.example\n", true },
	{ "# x\n\nblocklist:\n  - a.example\n", true },
	{ "---\nblocklist:\n  - a.example\n", true },
	{ "---\na.example\n", false },
	{ "---\n", false },
	{ "-a.example\n", false },
	{ "-\n", false },
	{ "server:\n\tlocal-zone: \"a.example\" static\n", false },
	{ "ALL: a.example\n", false },
	{ "", false },
};

START_TEST(documents_are_told_from_lists)
{
	const struct parse_format *f = parse_guess(
	    guesses[_i].text, strlen(guesses[_i].text));

	ck_assert_msg((f == &parse_yaml) == guesses[_i].yaml, "'%s' is %s",
	    guesses[_i].text, f != NULL ? f->name : "nothing");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("feeds/parse_yaml.c");
	TCase *tc = tcase_create("documents");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, documents_are_read, 0, ROWS(documents));
	tcase_add_test(tc, values_may_be_urls);
	tcase_add_test(tc, laughs_are_not_multiplied);
	tcase_add_test(tc, deep_nesting_is_given_up);
	tcase_add_test(tc, what_would_fill_the_memory_is_not_read);
	tcase_add_loop_test(
	    tc, documents_are_told_from_lists, 0, ROWS(guesses));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
