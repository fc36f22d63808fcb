/* SPDX-License-Identifier: BSD-3-Clause */
/* A question from the command line: its options, the store, the printing. */
#include "stats/cmd_ask.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stats/cmd.h"
#include "stats/print.h"
#include "stats/questions.h"
#include "stats/report.h"

enum format { TEXT, JSON, CSV, HTML };

/* Values of options that are not parameters. */
enum { OPT_JSON = 1, OPT_CSV, OPT_TABLE, OPT_FORMAT, OPT_PARAM };

#define OPTIONS_MAX 48

struct order {
	const struct question *q;
	const char *conf, *table, *output;
	enum format format;
	struct option option[OPTIONS_MAX];
	/* Parameters that were given, in their order. */
	struct {
		const struct param *p;
		const char *text;
	} given[OPTIONS_MAX];
	unsigned n;
};

/* ---- help ---- */

static void
print_option(const char *name, const char *value, const char *help)
{
	char head[64];
	unsigned column = 0;

	snprintf(head, sizeof(head), "      --%s%s%s", name,
	    value != NULL ? " " : "", value != NULL ? value : "");
	printf("%-27s", head);
	if (strlen(head) > 26)
		printf("\n%27s", "");
	/* Words, broken before the 78th column. */
	while (*help != '\0') {
		const size_t len = strcspn(help, " ");

		if (column + len > 51) {
			printf("\n%27s", "");
			column = 0;
		}
		printf("%s%.*s", column > 0 ? " " : "", (int)len, help);
		column += (unsigned)len + 1;
		help += len + (help[len] != '\0');
	}
	putchar('\n');
}

static void
print_paragraph(const char *text)
{
	unsigned column = 0;

	while (*text != '\0') {
		const size_t len = strcspn(text, " ");

		if (column + len > 76) {
			putchar('\n');
			column = 0;
		}
		printf("%s%.*s", column > 0 ? " " : "", (int)len, text);
		column += (unsigned)len + 1;
		text += len + (text[len] != '\0');
	}
	putchar('\n');
}

static int
print_help(const struct question *q)
{
	printf("usage: fraudsink-stats %s%s%s [OPTION...]\n\n", q->name,
	    q->argument != NULL ? " " : "",
	    q->argument != NULL ? q->argument : "");
	print_paragraph(q->help);
	putchar('\n');
	for (size_t i = 0; i < params_n; i++)
		if (params[i].use & q->params)
			print_option(
			    params[i].name, params[i].value, params[i].help);
	if (q->run == ask_report)
		print_option("format", "FORMAT", "text, json, csv or html");
	print_option("json", NULL, "one object");
	print_option("csv", NULL, "the first table");
	print_option("table", "NAME", "with --csv: this table");
	fputs("  -o, --output FILE        write to FILE\n"
	      "  -c, --config FILE        default: " CONF_DEFAULT "\n"
	      "  -h, --help\n"
	      "\n"
	      "Exit status: 0 answered, 1 there is nothing, 2 error.\n",
	    stdout);
	return finish_output(EXIT_SUCCESS);
}

/* ---- options ---- */

static void
make_options(struct order *o)
{
	struct option *to = o->option;

	for (size_t i = 0; i < params_n; i++)
		if (params[i].use & o->q->params)
			*to++ = (struct option){ params[i].name,
				params[i].value != NULL, NULL,
				OPT_PARAM + (int)i };
	*to++ = (struct option){ "json", no_argument, NULL, OPT_JSON };
	*to++ = (struct option){ "csv", no_argument, NULL, OPT_CSV };
	*to++ = (struct option){ "table", required_argument, NULL, OPT_TABLE };
	if (o->q->run == ask_report)
		*to++ = (struct option){ "format", required_argument, NULL,
			OPT_FORMAT };
	*to++ = (struct option){ "output", required_argument, NULL, 'o' };
	*to++ = (struct option){ "config", required_argument, NULL, 'c' };
	*to++ = (struct option){ "help", no_argument, NULL, 'h' };
	*to = (struct option){ NULL, 0, NULL, 0 };
}

static bool
take_format(struct order *o, const char *word)
{
	static const char *const words[] = { "text", "json", "csv", "html" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i]) == 0) {
			o->format = (enum format)i;
			return true;
		}
	return false;
}

/* -1: go on; else the exit status. */
static int
take_option(struct order *o, int c)
{
	switch (c) {
	case OPT_JSON:
		o->format = JSON;
		return -1;
	case OPT_CSV:
		o->format = CSV;
		return -1;
	case OPT_TABLE:
		o->table = optarg;
		return -1;
	case OPT_FORMAT:
		if (take_format(o, optarg))
			return -1;
		return usage_error(o->q->name, "'%s' is no format", optarg);
	case 'o':
		o->output = optarg;
		return -1;
	case 'c':
		o->conf = optarg;
		return -1;
	case 'h':
		return print_help(o->q);
	case '?':
		return usage_error(o->q->name, "bad command line");
	default:
		if (o->n == OPTIONS_MAX)
			return usage_error(o->q->name, "too many options");
		o->given[o->n].p = &params[c - OPT_PARAM];
		o->given[o->n++].text = optarg != NULL ? optarg : "true";
		return -1;
	}
}

/* ---- printing ---- */

static const struct answer *
table_of(const struct order *o, const struct answers *as)
{
	return o->table != NULL ? answers_find(as, o->table) : &as->at[0];
}

/* What a CSV file has no place for. */
static void
tell_rest(const struct answer *a, const struct answers *as)
{
	if (a->withheld > 0)
		complain("%llu rows are withheld: too few clients are behind "
			 "them",
		    (unsigned long long)a->withheld);
	if (as->clients == CLIENT_DAYS)
		complain("clients are client-days");
	for (unsigned i = 0; i < as->notes; i++)
		complain("%s", as->note[i]);
}

static bool
print(const struct order *o, FILE *to, const struct answers *as)
{
	const struct answer *a = table_of(o, as);

	switch (o->format) {
	case TEXT:
		print_text(to, as);
		break;
	case JSON:
		print_json(to, as);
		break;
	case CSV:
		if (a == NULL) {
			complain("there is no table '%s'", o->table);
			return false;
		}
		print_csv(to, a);
		tell_rest(a, as);
		break;
	case HTML:
		report_html(to, as);
		break;
	}
	return true;
}

/* To the file that was asked for, or to standard output. */
static int
deliver(const struct order *o, const struct answers *as)
{
	FILE *to = stdout;
	bool good;

	if (o->output != NULL)
		to = fopen(o->output, "we");
	if (to == NULL) {
		complain("cannot write '%s': %s", o->output, strerror(errno));
		return EXIT_ERROR;
	}
	good = print(o, to, as);
	if (o->output != NULL && (ferror(to) | fclose(to)) != 0) {
		complain("cannot write '%s': %s", o->output, strerror(errno));
		good = false;
	}
	return finish_output(!good ? EXIT_ERROR : as->nothing ? 1 : 0);
}

/* ---- the command ---- */

static int
answer(const struct order *o, const char *argument)
{
	struct conf *c = read_conf(o->conf);
	struct fsk_error err;
	struct answers as;
	struct ask a;
	int rc = FSK_OK, status;

	if (c == NULL)
		return EXIT_ERROR;
	ask_init(&a, c, (int64_t)time(NULL));
	if (argument != NULL)
		rc = question_take(o->q, &a, argument, &err);
	for (unsigned i = 0; rc == FSK_OK && i < o->n; i++)
		rc = param_set(o->given[i].p, &a, o->given[i].text, &err);
	answers_init(&as);
	if (rc == FSK_OK)
		rc = question_run(o->q, &a, &as, &err);
	if (rc == FSK_OK) {
		status = deliver(o, &as);
	} else {
		complain("%s", err.text);
		status = EXIT_ERROR;
	}
	answers_fini(&as);
	conf_free(c);
	return status;
}

int
cmd_ask(int argc, char **argv)
{
	struct order o = { .q = question_find(argv[0]), .conf = CONF_DEFAULT };
	int c, status, arguments;

	make_options(&o);
	while ((c = getopt_long(argc, argv, "o:c:h", o.option, NULL)) != -1) {
		status = take_option(&o, c);
		if (status != -1)
			return status;
	}
	arguments = argc - optind;
	if (o.q->argument != NULL && arguments == 0)
		return usage_error(o.q->name, "%s is missing", o.q->argument);
	if (arguments > (o.q->argument != NULL ? 1 : 0))
		return usage_error(o.q->name, "too many arguments");
	return answer(&o, arguments > 0 ? argv[optind] : NULL);
}
