/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/site.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/feeds/faults.h"
#include "tests/lib/kit.h"

void
site_setup(void)
{
	strcpy(kit_dir, "/dev/shm/fraudsink-check-XXXXXX");
	if (mkdtemp(kit_dir) == NULL)
		kit_setup();
}

const char *
site_text(const char *text)
{
	static char *out[8];
	static unsigned next;
	char **at = &out[next++ % 8];
	size_t len;
	FILE *f;

	free(*at);
	f = open_memstream(at, &len);
	ck_assert_ptr_nonnull(f);
	for (; *text != '\0'; text++)
		if (text[0] == '@' && text[1] == '/')
			fputs(kit_dir, f);
		else
			fputc(*text, f);
	fclose(f);
	return *at;
}

void
site_file(const char *name, const char *text)
{
	kit_write(kit_path(name), text, strlen(text));
}

void
site_write(const char *text)
{
	static const char where[] = "database = \"@/list.fsdb\"\n"
				    "state = \"@/state\"\n"
				    "memory = 32M\nthreads = 2\n";
	const char *first = site_text(where), *rest = site_text(text);
	char *whole;

	ck_assert_int_ne(asprintf(&whole, "%s%s\n", first, rest), -1);
	site_file("feeds.conf", whole);
	free(whole);
}

struct conf *
site_conf(const char *text)
{
	struct faults *faults = calloc(1, sizeof(*faults));
	struct conf *c;
	unsigned n;

	site_write(text);
	c = conf_read(kit_path("feeds.conf"), faults_tell, faults, &n);
	faults_count(faults, 0);
	free(faults);
	return c;
}

unsigned
site_files(const char *name)
{
	DIR *d = opendir(kit_path(name));
	unsigned n = 0;

	if (d == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

/* ---- databases ---- */

struct fsk_db *
site_db(const char *name)
{
	struct fsk_error err = { 0 };
	struct fsk_db *db;

	fsk_db_open(&db, kit_path(name), FSK_DB_MAP, &err);
	ck_assert_msg(db != NULL, "%s", err.text);
	return db;
}

struct dumper {
	const struct fsk_db *db;
	char **line;
	size_t n;
};

static int
add_line(void *arg, const struct fsk_name *name, uint32_t attr)
{
	static const char *const marks[] = { "", "=", "*." };
	struct dumper *d = arg;
	char text[FSK_TEXT_MAX], feeds[2000] = "";
	struct fsk_attr a;

	fsk_db_attr(d->db, attr, &a);
	for (unsigned i = 0; i < a.feeds; i++) {
		if (i > 0)
			strcat(feeds, " ");
		strcat(feeds, fsk_db_attr_feed(d->db, attr, i));
	}
	d->line = realloc(d->line, (d->n + 1) * sizeof(*d->line));
	ck_assert_int_ne(
	    asprintf(&d->line[d->n++], "%s%s%s [%s %u]\n", a.allow ? "!" : "",
		marks[a.match], fsk_name_to_text(name->wire, text), feeds,
		a.since),
	    -1);
	return 0;
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *
site_dump(const struct fsk_db *db)
{
	struct dumper d = { .db = db };
	struct fsk_error err = { 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int rc = fsk_db_each(db, add_line, &d, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	if (d.n > 0)
		qsort(d.line, d.n, sizeof(*d.line), compare_lines);
	for (size_t i = 0; i < d.n; i++) {
		fputs(d.line[i], f);
		free(d.line[i]);
	}
	free(d.line);
	fclose(f);
	return text;
}

const char *
site_ask(const struct fsk_db *db, const char *name, uint16_t type,
    const char *client, int64_t now)
{
	static const char *const reasons[] = { "not listed", "bypassed", "off",
		"allowed", "other type", "passed", "listed" };
	struct fsk_question q = { .qtype = type != 0 ? type : 1,
		.now = now != 0 ? now : (int64_t)time(NULL) };
	const struct fsk_name n = kit_name(name);
	uint8_t addr[FSK_ADDR_LEN];
	struct fsk_verdict v;

	if (client != NULL) {
		ck_assert(fsk_addr_read(client, addr));
		q.client = addr;
	}
	fsk_db_query(db, &q.q, n.wire, n.len);
	fsk_verdict(db, NULL, &q, &v);
	return v.block ? fsk_action_word(v.answer->action)
	    : v.would  ? "would"
		       : reasons[v.reason];
}

void
site_blocks(const struct fsk_db *db, const char *names, bool blocked)
{
	char *copy = strdup(names), *save;

	for (char *name = strtok_r(copy, " ", &save); name != NULL;
	     name = strtok_r(NULL, " ", &save)) {
		const char *is = site_ask(db, name, 0, NULL, 0);

		ck_assert_msg((strcmp(is, "nxdomain") == 0) == blocked,
		    "%s: %s", name, is);
	}
	free(copy);
}

void
site_has_line(const char *text, const char *start, const char *more)
{
	const char *line = text;

	while (line != NULL && *line != '\0') {
		const size_t len = strcspn(line, "\n");
		const char *at = strstr(line, more);

		if (strncmp(line, start, strlen(start)) == 0 && at != NULL &&
		    at < line + len)
			return;
		line += len;
		line += *line == '\n';
	}
	ck_abort_msg("no line '%s...%s' in:\n%s", start, more, text);
}
