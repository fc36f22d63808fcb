/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-stats warnings: what was ordered, sent and acknowledged. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/prefix.h"
#include "stats/cmd.h"
#include "stats/privacy.h"
#include "stats/table.h"
#include "stats/warn.h"

static const char help[] =
    "usage: fraudsink-stats warnings [-c FILE] [--json | --csv]\n"
    "       fraudsink-stats warnings [-c FILE] --acknowledge ANSWERS\n"
    "       fraudsink-stats warnings [-c FILE] --token ADDRESS...\n"
    "\n"
    "Tells for each day how many warnings were ordered, and how many of them "
    "were\n"
    "acknowledged.  ANSWERS ('-': standard input) has an object a line, of "
    "which\n"
    "'id' is that of an order; each order counts once.  --token prints the "
    "token\n"
    "that stands for a subscriber's address.\n"
    "\n"
    "  -c, --config FILE      default: " CONF_DEFAULT "\n"
    "      --json             one object a line\n"
    "      --csv              a table for programs\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0, 1 some answers are to no order, 2 error.\n";

enum { OPT_JSON = 256, OPT_CSV, OPT_ACKNOWLEDGE, OPT_TOKEN };

enum form { TEXT_FORM, JSON_FORM, CSV_FORM };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "acknowledge", required_argument, NULL, OPT_ACKNOWLEDGE },
	{ "token", no_argument, NULL, OPT_TOKEN },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* An order, by its id. */
struct order {
	uint32_t day;
	bool acknowledged;
};

struct orders {
	const struct conf *c;
	struct table table; /* of struct order */
};

/* ---- reading ---- */

/* The id that the object in LINE has, as text; false: it has none. */
static bool
line_id(const char *line, char id[static 17])
{
	json_t *o = json_loads(line, 0, NULL);
	const char *text = json_string_value(json_object_get(o, "id"));
	const bool good = text != NULL && strlen(text) == 16 &&
	    strspn(text, "0123456789abcdef") == 16;

	if (good)
		strcpy(id, text);
	json_decref(o);
	return good;
}

/* Calls EACH with the id of each line of the file; false: it cannot be read.
 */
static bool
each_id(const char *path, bool (*each)(void *arg, const char *id), void *arg,
    uint64_t *bad)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *line = NULL, id[17];
	size_t room = 0;
	bool good = f != NULL;

	while (good && getline(&line, &room, f) > 0)
		if (!line_id(line, id))
			++*bad;
		else
			good = each(arg, id);
	free(line);
	if (f != NULL) {
		good &= ferror(f) == 0;
		if (f != stdin)
			fclose(f);
	}
	return good;
}

struct reading {
	struct orders *orders;
	uint32_t day;
};

static bool
note_order(void *arg, const char *id)
{
	struct reading *r = arg;
	bool fresh;
	struct order *o = table_put(&r->orders->table, id, 16, &fresh);

	if (o != NULL && fresh)
		o->day = r->day;
	return o != NULL;
}

static bool
note_answer(void *arg, const char *id)
{
	struct orders *orders = arg;
	struct order *o = table_get(&orders->table, id, 16);

	if (o != NULL)
		o->acknowledged = true;
	return true;
}

static char *
answers_path(const struct conf *c)
{
	char *path;

	return asprintf(&path, "%s/acknowledged", c->warnings.folder) == -1
	    ? NULL
	    : path;
}

static bool
read_orders(struct orders *orders)
{
	const char *folder = orders->c->warnings.folder;
	char *answers = answers_path(orders->c);
	DIR *d = opendir(folder);
	const struct dirent *entry;
	bool good = d != NULL && answers != NULL;
	struct reading r = { .orders = orders };
	uint64_t bad = 0;

	while (good && (entry = readdir(d)) != NULL) {
		char *path;

		if (!warn_day(entry->d_name, &r.day))
			continue;
		path = warn_path(folder, r.day);
		good = path != NULL && each_id(path, note_order, &r, &bad);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	if (good && access(answers, F_OK) == 0)
		good = each_id(answers, note_answer, orders, &bad);
	free(answers);
	if (!good)
		complain("cannot read '%s': %s", folder, strerror(errno));
	return good;
}

/* ---- what is asked ---- */

struct day_count {
	uint32_t day;
	uint64_t ordered, acknowledged;
};

static int
compare_days(const void *a, const void *b)
{
	const struct day_count *x = a, *y = b;

	return x->day < y->day ? -1 : x->day > y->day;
}

static void
print_day(const char *day, const struct day_count *d, enum form form)
{
	switch (form) {
	case TEXT_FORM:
		printf("%.10s %9" PRIu64 " %13" PRIu64 "\n", day, d->ordered,
		    d->acknowledged);
		break;
	case JSON_FORM:
		printf("{\"day\":\"%.10s\",\"ordered\":%" PRIu64
		       ",\"acknowledged\":%" PRIu64 "}\n",
		    day, d->ordered, d->acknowledged);
		break;
	case CSV_FORM:
		printf("%.10s,%" PRIu64 ",%" PRIu64 "\n", day, d->ordered,
		    d->acknowledged);
		break;
	}
}

static int
print_days(const struct orders *orders, enum form form)
{
	struct day_count *days = NULL;
	size_t n = 0;
	struct table by_day;
	bool fresh;

	table_init(&by_day, sizeof(*days));
	for (size_t i = 0; i < orders->table.n; i++) {
		const struct order *o = table_value(&orders->table, i);
		struct day_count *d = table_put(
		    &by_day, &o->day, sizeof(o->day), &fresh);

		if (d == NULL)
			break;
		d->day = o->day;
		d->ordered++;
		d->acknowledged += o->acknowledged;
	}
	n = by_day.n;
	if (n > 0)
		days = table_value(&by_day, 0);
	if (n > 0)
		qsort(days, n, sizeof(*days), compare_days);
	if (form != JSON_FORM)
		puts(form == CSV_FORM ? "day,ordered,acknowledged"
				      : "day          ordered  acknowledged");
	for (size_t i = 0; i < n; i++) {
		char *path = warn_path("", days[i].day);

		if (path == NULL)
			break;
		print_day(path + 1, &days[i], form);
		free(path);
	}
	table_fini(&by_day);
	return EXIT_SUCCESS;
}

struct answering {
	struct orders *orders;
	uint64_t fresh, again, unknown;
};

static bool
take_answer(void *arg, const char *id)
{
	struct answering *a = arg;
	struct order *o = table_get(&a->orders->table, id, 16);

	if (o == NULL) {
		a->unknown++;
	} else if (o->acknowledged) {
		a->again++;
	} else {
		o->acknowledged = true;
		a->fresh++;
	}
	return true;
}

/* Writes the ids of what is acknowledged, in place of those of before: orders
 * that were let go of are not among them. */
static bool
keep_answers(const struct orders *orders)
{
	char *path = answers_path(orders->c), *fresh = NULL;
	FILE *to = NULL;
	bool good = path != NULL && asprintf(&fresh, "%s.new", path) != -1 &&
	    (to = fopen(fresh, "we")) != NULL;

	for (size_t i = 0; good && i < orders->table.n; i++) {
		const struct order *o = table_value(&orders->table, i);
		size_t len;
		const char *id = table_key(&orders->table, i, &len);

		if (o->acknowledged)
			good = fprintf(
				   to, "{\"id\":\"%.*s\"}\n", (int)len, id) > 0;
	}
	if (to != NULL)
		good &= fclose(to) == 0;
	good = good && rename(fresh, path) == 0;
	free(path);
	free(fresh);
	return good;
}

static int
acknowledge(struct orders *orders, const char *path)
{
	struct answering a = { .orders = orders };
	uint64_t bad = 0;

	if (!each_id(path, take_answer, &a, &bad) || !keep_answers(orders)) {
		complain("cannot take the answers of '%s': %s", path,
		    strerror(errno));
		return EXIT_ERROR;
	}
	printf("%" PRIu64 " acknowledged, %" PRIu64 " were before, %" PRIu64
	       " to no order, %" PRIu64 " lines that are none\n",
	    a.fresh, a.again, a.unknown, bad);
	return a.unknown + bad > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
print_tokens(const struct conf *c, char **addresses, int n)
{
	struct privacy *p;
	struct fsk_error err;
	char token[PRIVACY_TOKEN];
	uint8_t addr[16];
	int rc = EXIT_SUCCESS;

	/* Not to be made here: it would be of who asks, not the collector's. */
	if (access(c->key_file, F_OK) == -1) {
		complain("cannot open '%s': %s", c->key_file, strerror(errno));
		return EXIT_ERROR;
	}
	if (privacy_open(&p, c, &err) != FSK_OK) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	for (int i = 0; i < n; i++) {
		if (!fsk_addr_read(addresses[i], addr)) {
			complain("'%s' is no address", addresses[i]);
			rc = EXIT_ERROR;
			continue;
		}
		privacy_token(p, addr, token);
		printf("%s %s\n", token, addresses[i]);
	}
	privacy_close(p);
	return rc;
}

static int
run(const struct conf *c, const char *answers, enum form form)
{
	struct orders orders = { .c = c };
	int rc = EXIT_ERROR, folder = -1;

	/* Who takes answers at the same time waits. */
	if (answers != NULL)
		folder = open(
		    c->warnings.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder != -1)
		flock(folder, LOCK_EX);
	table_init(&orders.table, sizeof(struct order));
	if (read_orders(&orders))
		rc = answers != NULL ? acknowledge(&orders, answers)
				     : print_days(&orders, form);
	table_fini(&orders.table);
	if (folder != -1)
		close(folder);
	return rc;
}

int
cmd_warnings(int argc, char **argv)
{
	const char *path = CONF_DEFAULT, *answers = NULL;
	enum form form = TEXT_FORM;
	bool token = false;
	struct conf *c;
	int o, rc;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case OPT_JSON:
			form = JSON_FORM;
			break;
		case OPT_CSV:
			form = CSV_FORM;
			break;
		case OPT_ACKNOWLEDGE:
			answers = optarg;
			break;
		case OPT_TOKEN:
			token = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		default:
			return usage_error("warnings", "bad command line");
		}
	if (token && optind == argc)
		return usage_error("warnings", "no address given");
	if (!token && optind < argc)
		return usage_error("warnings", "what is '%s'?", argv[optind]);
	c = read_conf(path);
	if (c == NULL)
		return EXIT_ERROR;
	rc = token ? print_tokens(c, argv + optind, argc - optind)
		   : run(c, answers, form);
	conf_free(c);
	return finish_output(rc);
}
