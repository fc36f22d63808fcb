/* SPDX-License-Identifier: BSD-3-Clause */
/* fraudsink-feeds build: inputs to a published database. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "feeds/answer.h"
#include "feeds/cmd.h"
#include "feeds/ingest.h"
#include "feeds/progress.h"
#include "feeds/source.h"
#include "lib/db_write.h"

#define DEFAULT_TTL    60
#define DEFAULT_MEMORY ((size_t)1 << 30)

static const char help[] =
    "usage: fraudsink-feeds build -o OUT.fsdb [OPTION...] INPUT...\n"
    "\n"
    "Compiles lists of names to one database and publishes it as OUT.fsdb in\n"
    "one step: a reader sees the old file or the whole new one.  INPUT is a\n"
    "file, plain or compressed (gzip, xz, zstd, bzip2, zip), or '-' for "
    "standard\n"
    "input.\n"
    "\n"
    "  -o, --output FILE      where to publish (required)\n"
    "\n"
    "These options describe the inputs that follow them; after the last input\n"
    "they describe all.\n"
    "      --feed NAME        feed that the names belong to (default: the\n"
    "                         file's name without its endings)\n"
    "      --format FORMAT    domains, wildcard, hosts, adblock, dnsmasq,\n"
    "                         unbound, rpz, urls, csv, json, ndjson, yaml or\n"
    "                         auto (default: told from the input)\n"
    "      --column COLUMN    csv: number or name of the column with the "
    "names;\n"
    "                         json, ndjson, yaml: the path to them (data.url)\n"
    "      --only COLUMN=TEXT csv: the rows that count\n"
    "      --match KIND       what an unmarked name covers: subtree "
    "(default),\n"
    "                         exact or below; '*.x' is always below, '=x' "
    "exact\n"
    "      --category NAME    default: fraud\n"
    "      --severity LEVEL   red (default) or yellow\n"
    "      --action ACTION    nxdomain (default), nodata, sinkhole or allow\n"
    "      --sinkhole ADDR,.. addresses for the action sinkhole, up to 4 IPv4\n"
    "                         and 4 IPv6\n"
    "      --ttl SECONDS      of the answers (default: 60)\n"
    "      --since DATE       first seen, YYYY-MM-DD (default: today, UTC)\n"
    "\n"
    "      --strict           a bad line is an error; nothing is published\n"
    "      --allow-empty      publish even if there is no name at all\n"
    "      --url-hosts        list the host of every URL, too; else a URL with "
    "a\n"
    "                         path is listed for look-ups only\n"
    "      --prune            drop entries whose covering entry says the same\n"
    "      --secret           store keyed fingerprints instead of names\n"
    "      --key-file FILE    take the 16 octets of the key from FILE\n"
    "      --serial N         default: seconds since 1970\n"
    "      --threads N        default: one for each processor\n"
    "      --memory MB        for names; the rest goes to temporary files in\n"
    "                         OUT's folder (default: 1024, at least 16)\n"
    "  -q, --quiet            print errors only\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 published, 2 error (the old file stays).\n"
    "SOURCE_DATE_EPOCH sets the time that the file carries.\n";

enum {
	OPT_FEED = 256,
	OPT_FORMAT,
	OPT_COLUMN,
	OPT_ONLY,
	OPT_MATCH,
	OPT_CATEGORY,
	OPT_SEVERITY,
	OPT_ACTION,
	OPT_SINKHOLE,
	OPT_TTL,
	OPT_SINCE,
	OPT_INPUT_END, /* the above describe inputs */
	OPT_STRICT,
	OPT_ALLOW_EMPTY,
	OPT_URL_HOSTS,
	OPT_PRUNE,
	OPT_SECRET,
	OPT_KEY_FILE,
	OPT_SERIAL,
	OPT_THREADS,
	OPT_MEMORY,
};

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "feed", required_argument, NULL, OPT_FEED },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "column", required_argument, NULL, OPT_COLUMN },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "match", required_argument, NULL, OPT_MATCH },
	{ "category", required_argument, NULL, OPT_CATEGORY },
	{ "severity", required_argument, NULL, OPT_SEVERITY },
	{ "action", required_argument, NULL, OPT_ACTION },
	{ "sinkhole", required_argument, NULL, OPT_SINKHOLE },
	{ "ttl", required_argument, NULL, OPT_TTL },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "allow-empty", no_argument, NULL, OPT_ALLOW_EMPTY },
	{ "url-hosts", no_argument, NULL, OPT_URL_HOSTS },
	{ "prune", no_argument, NULL, OPT_PRUNE },
	{ "secret", no_argument, NULL, OPT_SECRET },
	{ "key-file", required_argument, NULL, OPT_KEY_FILE },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

#define INPUT_OPTIONS (OPT_INPUT_END - OPT_FEED)

/* An input as the command line describes it: the texts of OPT_FEED and what
 * follows, NULL where nothing was said. */
struct request {
	const char *path;
	const char *text[INPUT_OPTIONS];
};

/* The claims of an input. */
struct claims {
	uint32_t list, allow, cancel;
	bool url_hosts; /* URLs claim their hosts, too */
};

struct build {
	const char *output, *key_file;
	struct fsk_writer_options writer;
	struct ingest_options ingest;
	bool allow_empty, url_hosts, quiet;
	struct request *requests;
	struct ingest_input *inputs;
	struct claims *claims;
	size_t n;
	uint8_t key[FSK_KEY_LEN];
	struct progress progress;
};

static const char *
said(const struct request *r, int option)
{
	return r->text[option - OPT_FEED];
}

/* ---- the command line ---- */

static bool
add_request(struct build *b, const char *path, const char *const *text)
{
	struct request *r = realloc(b->requests, (b->n + 1) * sizeof(*r));

	if (r == NULL) {
		complain("out of memory");
		return false;
	}
	b->requests = r;
	r += b->n++;
	r->path = path;
	memcpy(r->text, text, sizeof(r->text));
	return true;
}

/* Reads the command line; returns -1 to go on, else the exit status. */
static int
read_arguments(struct build *b, int argc, char **argv)
{
	const char *text[INPUT_OPTIONS] = { NULL };
	bool trailing[INPUT_OPTIONS] = { false };
	uint64_t v;
	int c;

	/* "-": inputs are reported in their place among the options. */
	while ((c = getopt_long(argc, argv, "-o:qh", options, NULL)) != -1) {
		if (c >= OPT_FEED && c < OPT_INPUT_END) {
			text[c - OPT_FEED] = optarg;
			trailing[c - OPT_FEED] = true;
			continue;
		}
		switch (c) {
		case 1:
			if (!add_request(b, optarg, text))
				return EXIT_ERROR;
			memset(trailing, 0, sizeof(trailing));
			break;
		case 'o':
			b->output = optarg;
			break;
		case 'q':
			b->quiet = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(EXIT_SUCCESS);
		case OPT_STRICT:
			b->ingest.strict = true;
			break;
		case OPT_ALLOW_EMPTY:
			b->allow_empty = true;
			break;
		case OPT_URL_HOSTS:
			b->url_hosts = true;
			break;
		case OPT_PRUNE:
			b->writer.prune = true;
			break;
		case OPT_SECRET:
			b->writer.mode = FSK_SECRET;
			break;
		case OPT_KEY_FILE:
			b->key_file = optarg;
			break;
		case OPT_SERIAL:
			if (!read_number(
				optarg, 0, INT64_MAX, &b->writer.serial))
				return usage_error(
				    "build", "bad serial '%s'", optarg);
			break;
		case OPT_THREADS:
			if (!read_number(optarg, 1, 256, &v))
				return usage_error("build",
				    "bad number of threads '%s'", optarg);
			b->writer.threads = (unsigned)v;
			break;
		case OPT_MEMORY:
			if (!read_number(
				optarg, FSK_MEMORY_MIN >> 20, 1u << 20, &v))
				return usage_error("build",
				    "bad number of megabytes '%s'", optarg);
			b->writer.memory = (size_t)v << 20;
			break;
		default:
			return usage_error("build", "bad command line");
		}
	}
	for (; optind < argc; optind++) { /* behind "--" */
		if (!add_request(b, argv[optind], text))
			return EXIT_ERROR;
		memset(trailing, 0, sizeof(trailing));
	}
	if (b->output == NULL)
		return usage_error("build", "no output given (-o)");
	if (b->n == 0)
		return usage_error("build", "no input given");
	for (size_t i = 0; i < b->n; i++)
		for (int o = 0; o < INPUT_OPTIONS; o++)
			if (trailing[o])
				b->requests[i].text[o] = text[o];
	return -1;
}

/* ---- from words to claims ---- */

/* Reads the action that R asks for; returns 0 or an exit status. */
static int
read_answer(const struct request *r, struct fsk_answer *a, bool *allow)
{
	const char *action = said(r, OPT_ACTION);
	const char *sinkhole = said(r, OPT_SINKHOLE);
	uint64_t ttl = DEFAULT_TTL;

	memset(a, 0, sizeof(*a));
	a->ede = FSK_EDE_BLOCKED;
	if (action == NULL)
		action = sinkhole != NULL ? "sinkhole" : "nxdomain";
	*allow = strcmp(action, "allow") == 0;
	if (strcmp(action, "nxdomain") == 0 || *allow)
		a->action = FSK_NXDOMAIN;
	else if (strcmp(action, "nodata") == 0)
		a->action = FSK_NODATA;
	else if (strcmp(action, "sinkhole") == 0)
		a->action = FSK_SINKHOLE;
	else
		return usage_error("build", "bad action '%s'", action);
	if (a->action == FSK_SINKHOLE && sinkhole == NULL)
		return usage_error(
		    "build", "the action sinkhole needs --sinkhole ADDR,...");
	if (a->action == FSK_SINKHOLE && !answer_addresses(sinkhole, a))
		return usage_error("build",
		    "bad sinkhole '%s': up to %d IPv4 and %d IPv6 addresses",
		    sinkhole, FSK_ADDRS_MAX, FSK_ADDRS_MAX);
	if (said(r, OPT_TTL) != NULL &&
	    !read_number(said(r, OPT_TTL), 0, 86400 * 7, &ttl))
		return usage_error("build", "bad TTL '%s': 0 to 604800 seconds",
		    said(r, OPT_TTL));
	a->ttl = (uint32_t)ttl;
	return 0;
}

/* The file's name without folder and endings: "lists/a.txt.gz" is "a". */
static void
default_feed(const char *path, char feed[static 64])
{
	const char *slash = strrchr(path, '/');
	size_t n;

	path = strcmp(path, "-") == 0 ? "stdin" : path;
	path = slash != NULL ? slash + 1 : path;
	n = strcspn(path, ".");
	if (n == 0) /* ".hidden" */
		n = strlen(path);
	snprintf(feed, 64, "%.*s", (int)(n < 63 ? n : 63), path);
}

/* The claims of what a feed excepts, and of what it takes back. */
static bool
exceptions(struct fsk_writer *w, struct fsk_claim *claim, struct claims *c,
    struct fsk_error *err)
{
	struct fsk_claim other = *claim;

	other.allow = true;
	if (fsk_writer_claim(w, &other, &c->allow, err) != FSK_OK)
		return false;
	other = *claim;
	other.cancel = true;
	return fsk_writer_claim(w, &other, &c->cancel, err) == FSK_OK;
}

static int
take(const struct ingest_input *in, struct fsk_lane *lane,
    const struct parse_entry *e, struct fsk_error *err)
{
	const struct claims *c = in->arg;
	const uint32_t claim = e->kind == PARSE_ALLOW ? c->allow
	    : e->kind == PARSE_CANCEL                 ? c->cancel
						      : c->list;
	int rc = FSK_OK;

	if (e->url != NULL)
		rc = fsk_lane_add_url(lane, e->url, claim, err);
	/* A path says nothing of its host, unless we are told so. */
	if (rc == FSK_OK && (e->url == NULL || c->url_hosts))
		rc = fsk_lane_add(lane, &e->name, e->match, claim, err);
	return rc;
}

/* Makes the input of R; returns 0 or an exit status. */
static int
make_input(struct build *b, struct fsk_writer *w, const struct request *r,
    struct claims *claims, struct ingest_input *in)
{
	static const char *const kinds[] = { "subtree", "exact", "below" };
	struct fsk_claim claim = {
		.category = said(r, OPT_CATEGORY) ? said(r, OPT_CATEGORY)
						  : "fraud",
		.severity = FSK_RED,
		.since = (uint32_t)(b->writer.created / 86400),
	};
	const char *severity = said(r, OPT_SEVERITY);
	const char *match = said(r, OPT_MATCH);
	struct fsk_answer answer;
	struct fsk_error err;
	char feed[64];
	int rc;

	in->path = r->path;
	in->form.column = said(r, OPT_COLUMN);
	in->form.only = said(r, OPT_ONLY);
	if (said(r, OPT_FORMAT) != NULL) {
		in->format = parse_find(said(r, OPT_FORMAT));
		if (in->format == NULL && strcmp(said(r, OPT_FORMAT), "auto"))
			return usage_error(
			    "build", "bad format '%s'", said(r, OPT_FORMAT));
	}
	in->match = FSK_SUBTREE;
	if (match != NULL) {
		unsigned i = 0;

		while (i < 3 && strcmp(match, kinds[i]) != 0)
			i++;
		if (i == 3)
			return usage_error("build", "bad match '%s'", match);
		in->match = (enum fsk_match_kind)i;
	}
	if (severity != NULL && strcmp(severity, "yellow") == 0)
		claim.severity = FSK_YELLOW;
	else if (severity != NULL && strcmp(severity, "red") != 0)
		return usage_error("build", "bad severity '%s'", severity);
	if (said(r, OPT_SINCE) != NULL &&
	    !read_day(said(r, OPT_SINCE), &claim.since))
		return usage_error(
		    "build", "bad date '%s'", said(r, OPT_SINCE));
	default_feed(r->path, feed);
	claim.feed = said(r, OPT_FEED) ? said(r, OPT_FEED) : feed;
	if (*claim.feed == '\0' || *claim.category == '\0')
		return usage_error("build", "an empty feed or category");
	rc = read_answer(r, &answer, &claim.allow);
	if (rc != 0)
		return rc;
	if (fsk_writer_answer(w, &answer, &claim.class, &err) != FSK_OK ||
	    fsk_writer_claim(w, &claim, &claims->list, &err) != FSK_OK ||
	    !exceptions(w, &claim, claims, &err)) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	claims->url_hosts = b->url_hosts;
	in->take = take;
	in->arg = claims;
	return 0;
}

static bool
read_key(const char *path, uint8_t key[static FSK_KEY_LEN])
{
	uint8_t more[FSK_KEY_LEN + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1) {
		complain("cannot open '%s': %s", path, strerror(errno));
		return false;
	}
	n = read(fd, more, sizeof(more));
	close(fd);
	if (n != FSK_KEY_LEN) {
		complain(
		    "'%s' is no key: a key has %d octets", path, FSK_KEY_LEN);
		return false;
	}
	memcpy(key, more, FSK_KEY_LEN);
	return true;
}

/* ---- the run ---- */

static void
show_names(void *arg, uint64_t names)
{
	progress_show(arg, "names", names, 0);
}

static void
show_steps(void *arg, uint64_t done, uint64_t all)
{
	progress_show(
	    arg, "sorting and writing, percent", done * 100 / all, 100);
}

static void
report(const struct build *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct ingest_input *in = &b->inputs[i];

		if (!b->quiet) {
			fprintf(stderr, "%s (%s): %llu lines: %llu names",
			    source_name(in->path), in->format->name,
			    (unsigned long long)in->lines,
			    (unsigned long long)in->names);
			if (in->urls > 0)
				fprintf(stderr, ", %llu URLs",
				    (unsigned long long)in->urls);
			if (in->excepted > 0)
				fprintf(stderr, ", %llu exceptions",
				    (unsigned long long)in->excepted);
			fprintf(stderr,
			    ", %llu comments and blanks, %llu skipped, %llu "
			    "bad\n",
			    (unsigned long long)in->nothing,
			    (unsigned long long)in->skipped,
			    (unsigned long long)in->bad);
		}
		for (unsigned j = 0; j < in->samples && !b->quiet; j++)
			fprintf(stderr, "  %s:%llu: %s: '%s'\n",
			    source_name(in->path),
			    (unsigned long long)in->sample[j].line,
			    in->sample[j].why, in->sample[j].text);
		if (in->bad > in->samples && !b->quiet)
			fprintf(stderr, "  and %llu more bad lines\n",
			    (unsigned long long)in->bad - in->samples);
		if (in->single > 0)
			complain("warning: '%s' lists %llu names with a single "
				 "label: whole top-level domains",
			    source_name(in->path),
			    (unsigned long long)in->single);
	}
}

static int
run(struct build *b, struct fsk_writer *w)
{
	struct fsk_writer_result result;
	struct fsk_error err = { 0 };
	uint64_t names = 0;

	for (size_t i = 0; i < b->n; i++) {
		int rc = make_input(
		    b, w, &b->requests[i], &b->claims[i], &b->inputs[i]);

		if (rc != 0)
			return rc;
	}
	if (ingest(b->inputs, b->n, w, &b->ingest, &err) != FSK_OK) {
		progress_end(&b->progress);
		complain("%s; nothing is published", err.text);
		return EXIT_ERROR;
	}
	progress_end(&b->progress);
	report(b);
	for (size_t i = 0; i < b->n; i++)
		names += b->inputs[i].names + b->inputs[i].urls;
	if (names == 0 && !b->allow_empty) {
		complain("no name in any input; nothing is published "
			 "(--allow-empty to do so)");
		return EXIT_ERROR;
	}
	if (fsk_writer_publish(w, &result, &err) != FSK_OK) {
		progress_end(&b->progress);
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	progress_end(&b->progress);
	if (!b->quiet) {
		fprintf(stderr, "%s: %llu entries", b->output,
		    (unsigned long long)result.entries);
		if (result.urls > 0)
			fprintf(stderr, ", %llu URLs",
			    (unsigned long long)result.urls);
		fprintf(
		    stderr, ", %llu bytes", (unsigned long long)result.bytes);
		if (result.entries >= 1000)
			fprintf(stderr, " (%.2f an entry)",
			    (double)result.bytes / (double)result.entries);
		if (b->writer.prune)
			fprintf(stderr, ", %llu pruned",
			    (unsigned long long)result.pruned);
		fprintf(stderr, ", %.2f s\n", progress_seconds(&b->progress));
	}
	return EXIT_SUCCESS;
}

int
cmd_build(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	struct build b = {
		.writer = {
			.mode = FSK_NAMES,
			.threads = cpus > 0 ? (unsigned)cpus : 1,
			.memory = DEFAULT_MEMORY,
			.serial = UINT64_MAX,
			.created = time(NULL),
			.progress = show_steps,
		},
		.ingest = { .progress = show_names },
	};
	struct fsk_writer *w = NULL;
	struct fsk_error err;
	uint64_t v;
	int status = read_arguments(&b, argc, argv);

	if (status != -1)
		goto out;
	status = EXIT_ERROR;
	if (epoch != NULL) {
		if (!read_number(epoch, 0, UINT32_MAX, &v)) {
			complain("bad SOURCE_DATE_EPOCH '%s'", epoch);
			goto out;
		}
		b.writer.created = (int64_t)v;
	}
	if (b.writer.serial == UINT64_MAX)
		b.writer.serial = (uint64_t)b.writer.created;
	if (b.key_file != NULL) {
		if (!read_key(b.key_file, b.key))
			goto out;
		b.writer.key = b.key;
	}
	b.inputs = calloc(b.n, sizeof(*b.inputs));
	b.claims = calloc(b.n, sizeof(*b.claims));
	if (b.inputs == NULL || b.claims == NULL) {
		complain("out of memory");
		goto out;
	}
	progress_begin(&b.progress, b.quiet);
	b.ingest.threads = b.writer.threads;
	b.ingest.progress_arg = b.writer.progress_arg = &b.progress;
	if (fsk_writer_open(&w, b.output, &b.writer, &err) != FSK_OK) {
		complain("%s", err.text);
		goto out;
	}
	status = run(&b, w);
out:
	fsk_writer_close(w);
	free(b.requests);
	free(b.inputs);
	free(b.claims);
	return status;
}
