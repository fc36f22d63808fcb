/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds lookup: is this name, URL or address listed, by whom, since
 * when. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/cmd.h"
#include "feeds/host.h"
#include "feeds/json.h"
#include "feeds/printable.h"
#include "feeds/progress.h"
#include "feeds/url_listed.h"
#include "lib/db.h"
#include "lib/policy.h"
#include "lib/prefix.h"
#include "lib/verdict.h"

static const char help[] =
    "usage: fraudsink-feeds lookup -d DB [--json] NAME|URL|ADDRESS...\n"
    "\n"
    "Tells for each NAME what the resolver does with it, and the entry, "
    "feeds,\n"
    "category, severity and first-seen date behind that.  For a URL, which "
    "has a\n"
    "scheme or a '/', it tells that of its host, or if that is not blocked, "
    "whether\n"
    "the URL itself is listed.  For an ADDRESS it tells the prefix that holds "
    "it, if\n"
    "one is listed for answers.  '-' reads them from standard input, one a "
    "line.\n"
    "\n"
    "  -d, --database FILE    required\n"
    "      --json             one object a line\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 some of them is listed, 1 none is, 2 error (a NAME "
    "that is\n"
    "no name among them; the others are answered).\n";

static const struct option options[] = {
	{ "database", required_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct lookup {
	const struct fsk_db *db;
	bool json, found, failed;
	struct progress progress;
};

/* Who answers for feed I of the entry. */
static void
print_authority(const struct json_entry *e, unsigned i)
{
	struct fsk_feed f;

	fsk_db_feed_info(e->db, fsk_db_attr_feed_row(e->db, e->attr, i), &f);
	if (f.authority[0] != '\0')
		printf(", authority %s", printable_copy(f.authority));
	if (f.legal_basis[0] != '\0')
		printf(", legal basis %s", printable_copy(f.legal_basis));
	if (f.contact[0] != '\0')
		printf(", contact %s", printable_copy(f.contact));
}

static void
print_text(const char *text, const struct json_entry *e, const char *kind)
{
	const bool url = kind != NULL && strcmp(kind, "url") == 0;
	struct fsk_attr a;
	char day[16];

	if (e->entry == NULL) {
		printf("%s: not listed\n", text);
		return;
	}
	fsk_db_attr(e->db, e->attr, &a);
	printf("%s: %s, entry %s%s (%s), feed", text,
	    url && !a.allow ? "URL listed" : action_word(&a),
	    a.match == FSK_BELOW ? "*." : "", e->entry,
	    kind != NULL ? kind : match_word(a.match));
	for (unsigned i = 0; i < a.feeds; i++)
		printf("%s%s", i == 0 ? " " : ",",
		    printable_copy(fsk_db_attr_feed(e->db, e->attr, i)));
	printf(", category %s, severity %s, since %s",
	    printable_copy(a.category), severity_word(a.severity),
	    day_text(a.since, day));
	if (a.case_number[0] != '\0')
		printf(", case %s", printable_copy(a.case_number));
	for (unsigned i = 0; i < a.feeds; i++)
		print_authority(e, i);
	putchar('\n');
}

static void
print(
    struct lookup *l, char *text, const struct json_entry *e, const char *kind)
{
	if (l->json) {
		if (!json_lookup(stdout, text, e, kind))
			l->failed = true;
		return;
	}
	printable(text);
	print_text(text, e, kind);
}

/* Reads what the user means by TEXT: what a feed may hold, or any name at all
 * written with escapes. */
static const char *
read_name(struct fsk_name *name, const char *text)
{
	const char *wrong = host_name(name, text, strlen(text));

	if (wrong == NULL ||
	    (strchr(text, '\\') == NULL && strcmp(text, ".") != 0))
		return wrong;
	return fsk_name_from_text(name, text, strlen(text));
}

/* Asks for NAME as the resolver would; true if it is blocked.  E gets the entry
 * that decided, its name in ENTRY. */
static bool
ask(struct lookup *l, const struct fsk_name *name, struct json_entry *e,
    char entry[static FSK_TEXT_MAX])
{
	struct fsk_question asked = { .qtype = QTYPE_A };
	struct fsk_verdict v;

	fsk_db_query(l->db, &asked.q, name->wire, name->len);
	fsk_verdict(l->db, NULL, &asked, &v);
	if (v.found.covered) {
		e->attr = v.found.attr;
		e->entry = fsk_name_to_text(
		    asked.q.wire + fsk_query_at(&asked.q, v.found.labels),
		    entry);
	}
	l->found |= v.block;
	return v.block;
}

static void
refuse(struct lookup *l, char *text, const char *what, const char *wrong)
{
	progress_end(&l->progress);
	printable(text);
	complain("'%s' is not a %s: %s", text, what, wrong);
	l->failed = true;
}

static void
look_up_name(struct lookup *l, char *text)
{
	char entry[FSK_TEXT_MAX];
	struct json_entry e = { .db = l->db };
	struct fsk_name name;
	const char *wrong = read_name(&name, text);

	if (wrong != NULL) {
		refuse(l, text, "domain name", wrong);
		return;
	}
	ask(l, &name, &e, entry);
	print(l, text, &e, NULL);
}

static void
look_up_url(struct lookup *l, char *text)
{
	char entry[FSK_TEXT_MAX];
	struct json_entry e = { .db = l->db };
	struct url_listed f;
	struct fsk_attr a;
	struct url u;
	bool listed = false;
	const char *wrong = url_read(&u, text, strlen(text), true);

	if (wrong != NULL) {
		refuse(l, text, "URL", wrong);
		return;
	}
	if (u.address || !ask(l, &u.host, &e, entry))
		listed = url_listed(l->db, &u, &f);
	if (listed) {
		fsk_db_attr(l->db, f.attr, &a);
		l->found |= !a.allow;
		e.attr = f.attr;
		e.entry = f.expression;
	}
	print(l, text, &e, listed ? "url" : NULL);
}

/* Asks for the address ADDR as the resolver would that finds it in an answer,
 * but for countries and networks, which other files know. */
static void
look_up_address(
    struct lookup *l, char *text, const uint8_t addr[static FSK_ADDR_LEN])
{
	const struct fsk_policy *p = fsk_db_policy(l->db);
	const int bits = p != NULL ? fsk_policy_address(p, addr) : -1;
	struct json_entry e = { .db = l->db };
	char key[FSK_PREFIX_KEY];
	struct fsk_attr a;

	if (bits >= 0 &&
	    fsk_db_find_url(l->db,
		fsk_prefix_key("ip", addr, (unsigned)bits, key), &e.attr)) {
		e.entry = key + strlen("ip:");
		fsk_db_attr(l->db, e.attr, &a);
		l->found |= !a.allow;
	}
	print(l, text, &e, e.entry != NULL ? "address" : NULL);
}

static void
look_up(struct lookup *l, char *text)
{
	uint8_t addr[FSK_ADDR_LEN];

	if (fsk_addr_read(text, addr))
		look_up_address(l, text, addr);
	else if (url_is_meant(text))
		look_up_url(l, text);
	else
		look_up_name(l, text);
}

static void
look_up_lines(struct lookup *l)
{
	char *line = NULL;
	size_t room = 0;
	uint64_t names = 0;
	ssize_t n;

	/* Answers and a line of progress do not go together. */
	progress_begin(&l->progress, isatty(STDOUT_FILENO));
	while ((n = getline(&line, &room, stdin)) != -1) {
		size_t len = (size_t)n;

		/* No name has a NUL, and none is what stands before one. */
		for (size_t i = 0; i < len; i++)
			if (line[i] == '\0')
				line[i] = '\001';
		while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
			len--;
		line[len] = '\0';
		if (len > 0)
			look_up(l, line + strspn(line, " \t"));
		if ((++names & 4095) == 0)
			progress_show(&l->progress, "names", names, 0);
	}
	progress_end(&l->progress);
	if (ferror(stdin)) {
		complain("cannot read standard input: %s", strerror(errno));
		l->failed = true;
	}
	free(line);
}

int
cmd_lookup(int argc, char **argv)
{
	struct lookup l = { 0 };
	const char *path = NULL;
	struct fsk_error err;
	struct fsk_db *db;
	int c;

	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1)
		switch (c) {
		case 'd':
			path = optarg;
			break;
		case 'j':
			l.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("lookup", "bad command line");
		}
	if (path == NULL)
		return usage_error("lookup", "no database given (-d)");
	if (optind == argc)
		return usage_error("lookup", "no name or URL given");
	if (fsk_db_open(&db, path, FSK_DB_MAP, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	l.db = db;
	for (; optind < argc; optind++)
		if (strcmp(argv[optind], "-") == 0)
			look_up_lines(&l);
		else
			look_up(&l, argv[optind]);
	fsk_db_close(db);
	return finish_output(l.failed ? EXIT_ERROR
		: l.found             ? EXIT_FOUND
				      : EXIT_NONE);
}
