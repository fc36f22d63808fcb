/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/cmd.h"
#include "feeds/diff.h"
#include "feeds/entry.h"
#include "feeds/json.h"
#include "feeds/printable.h"

static void
print_feeds(const struct diff *d, struct diff_feeds f)
{
	for (size_t i = 0; i < f.n; i++)
		printf("%s%s", i == 0 ? "" : ",",
		    printable_copy(d->feeds[f.at[i]].name));
}

static void
print_entry(char sign, const struct fsk_name *name, const struct fsk_attr *a)
{
	char text[FSK_TEXT_MAX];

	printf("%c %s%s%s  ", sign, a->allow ? "@@" : "", entry_mark(a->match),
	    fsk_name_to_text(name->wire, text));
}

static void
print_words(const char **sep, const char *what, const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return;
	printf("%s%s %s -> %s", *sep, what,
	    *a != '\0' ? printable_copy(a) : "none",
	    *b != '\0' ? printable_copy(b) : "none");
	*sep = ", ";
}

static void
print_changes(const struct diff *d, const struct fsk_attr *a,
    const struct fsk_attr *b, struct diff_feeds fa, struct diff_feeds fb)
{
	const struct fsk_answer *ra = a->answer, *rb = b->answer;
	const char *sep = "";
	char day1[16], day2[16];

	print_words(&sep, "action", action_word(a), action_word(b));
	if (ra->action == rb->action && !diff_same_answer(ra, rb)) {
		if (ra->ttl != rb->ttl)
			printf("%sttl %u -> %u", sep, ra->ttl, rb->ttl);
		else
			printf("%sanswer", sep);
		sep = ", ";
	}
	print_words(&sep, "severity", severity_word(a->severity),
	    severity_word(b->severity));
	print_words(&sep, "category", a->category, b->category);
	print_words(&sep, "case", a->case_number, b->case_number);
	print_words(
	    &sep, "since", day_text(a->since, day1), day_text(b->since, day2));
	if (!diff_same_feeds(fa, fb)) {
		printf("%sfeeds ", sep);
		print_feeds(d, fa);
		printf(" -> ");
		print_feeds(d, fb);
	}
	putchar('\n');
}

bool
diff_print_one(const struct diff *d, const struct diff_side *s,
    const struct fsk_name *name, uint32_t attr, uint64_t count)
{
	char text[FSK_TEXT_MAX];
	struct fsk_attr a;

	if (count > d->limit)
		return true;
	if (d->json) {
		const struct json_entry e = { s->db,
			fsk_name_to_text(name->wire, text), attr };

		fputs(count == 1 ? "\n" : ",", stdout);
		return json_dump(stdout, &e);
	}
	if (d->names) {
		fsk_db_attr(s->db, attr, &a);
		print_entry(s == &d->after ? '+' : '-', name, &a);
		print_feeds(d, diff_feeds_of(s, attr));
		putchar('\n');
	}
	return !ferror(stdout);
}

bool
diff_print_change(const struct diff *d, const struct fsk_name *name,
    uint32_t before, uint32_t after)
{
	const uint64_t count = d->total.changed;
	char text[FSK_TEXT_MAX];
	struct fsk_attr a, b;

	if (count > d->limit)
		return true;
	if (d->json) {
		const struct json_entry ea = { d->before.db,
			fsk_name_to_text(name->wire, text), before };
		const struct json_entry eb = { d->after.db, text, after };

		fputs(count == 1 ? "\n" : ",", d->changes);
		return json_change(d->changes, &ea, &eb);
	}
	if (d->names) {
		fsk_db_attr(d->before.db, before, &a);
		fsk_db_attr(d->after.db, after, &b);
		print_entry('~', name, &b);
		print_changes(d, &a, &b, diff_feeds_of(&d->before, before),
		    diff_feeds_of(&d->after, after));
	}
	return !ferror(stdout);
}

static void
print_count(const char *name, const struct diff_count *c)
{
	printf("%-24s %12llu %12llu %12llu\n", printable_copy(name),
	    (unsigned long long)c->added, (unsigned long long)c->removed,
	    (unsigned long long)c->changed);
}

static void
print_table(const struct diff *d)
{
	if (d->secret)
		puts("names are kept secret, and are not compared");
	else
		printf("%-24s %12s %12s %12s\n", "feed", "added", "removed",
		    "changed");
	for (size_t i = 0; i < d->nfeeds && !d->secret; i++)
		print_count(d->feeds[i].name, &d->feeds[i].count);
	if (!d->secret)
		print_count("all entries", &d->total);
	printf("entries %llu -> %llu, URLs %llu -> %llu, serial %llu -> %llu\n",
	    (unsigned long long)d->before.info.entries,
	    (unsigned long long)d->after.info.entries,
	    (unsigned long long)d->before.info.urls,
	    (unsigned long long)d->after.info.urls,
	    (unsigned long long)d->before.info.serial,
	    (unsigned long long)d->after.info.serial);
}

bool
diff_print_begin(struct diff *d)
{
	if (!d->json)
		return true;
	d->changes = tmpfile();
	if (d->changes == NULL) {
		complain("cannot make a temporary file: %s", strerror(errno));
		return false;
	}
	return fputs("{\"added\": [", stdout) != EOF;
}

bool
diff_print_middle(struct diff *d)
{
	char buffer[4096];
	size_t n;

	if (!d->json)
		return true;
	fputs("],\n\"changed\": [", stdout);
	if (fflush(d->changes) != 0 || fseek(d->changes, 0, SEEK_SET) != 0) {
		complain("cannot write a temporary file: %s", strerror(errno));
		return false;
	}
	while ((n = fread(buffer, 1, sizeof(buffer), d->changes)) > 0)
		fwrite(buffer, 1, n, stdout);
	if (ferror(d->changes)) {
		complain("cannot read a temporary file: %s", strerror(errno));
		return false;
	}
	return fputs("],\n\"removed\": [", stdout) != EOF;
}

bool
diff_print_end(struct diff *d)
{
	if (d->json) {
		fputs("],\n", stdout);
		return json_diff(stdout, d);
	}
	print_table(d);
	return !ferror(stdout);
}
