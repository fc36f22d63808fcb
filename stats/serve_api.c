/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests run in threads of their own, each question with a store of its own;
 * a few at a time may ask. */
#include "stats/serve_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stats/metrics.h"
#include "stats/openapi.h"
#include "stats/print.h"
#include "stats/questions.h"
#include "stats/report.h"
#include "stats/web.h"

#define ASKING_MAX 8 /* questions at a time */

/* ---- roles ---- */

/* The role of who asks; false if it has none. */
static bool
role_of(const struct serve *s, const struct http_request *r, bool *researcher)
{
	const char *given = r->authorization;
	bool operator;

	if (given == NULL || strncasecmp(given, "Bearer ", 7) != 0)
		return false;
	given += 7;
	while (*given == ' ')
		given++;
	operator= token_is(&s->operator, given);
	*researcher = token_is(&s->researcher, given) && !operator;
	return operator|| * researcher;
}

/* ---- answers ---- */

static void
fail(struct http_response *to, unsigned status, const char *why)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	to->status = status;
	to->type = "application/json";
	if (f != NULL) {
		fputs("{\"error\": ", f);
		print_json_text(f, why);
		fputs("}\n", f);
		if (fclose(f) == 0) {
			to->body = text;
			to->len = len;
			to->free = true;
			return;
		}
		free(text);
	}
	to->body = "{\"error\": \"out of memory\"}\n";
	to->len = strlen(to->body);
	to->free = false;
}

/* The text that was written to F becomes the answer. */
static void
deliver(struct http_response *to, FILE *f, char *const *text, const size_t *len,
    const char *type)
{
	if (f == NULL || fclose(f) != 0) {
		free(*text);
		fail(to, 500, "out of memory");
		return;
	}
	to->type = type;
	to->body = *text;
	to->len = *len;
	to->free = true;
}

/* ---- questions ---- */

struct order {
	const struct question *q;
	struct ask *a;
	const char *format, *table;
	struct fsk_error err;
};

static bool
take_parameter(void *arg, const char *name, const char *value)
{
	struct order *o = arg;
	const struct param *p = param_find(o->q->params, name);

	if (strcmp(name, "format") == 0) {
		o->format = value;
		return true;
	}
	if (strcmp(name, "table") == 0) {
		o->table = value;
		return true;
	}
	if (p != NULL && !p->local)
		return param_set(p, o->a, value, &o->err) == FSK_OK;
	fsk_fail(&o->err, FSK_EINVAL, "'%s' has no parameter '%.60s'",
	    o->q->name, name);
	return false;
}

static void
put_answers(
    struct http_response *to, const struct order *o, const struct answers *as)
{
	char *text = NULL;
	size_t len;
	FILE *f;
	const struct answer *a = o->table != NULL ? answers_find(as, o->table)
						  : &as->at[0];

	if (strcmp(o->format, "csv") == 0 && a == NULL) {
		fail(to, 400, "there is no such table");
		return;
	}
	f = open_memstream(&text, &len);
	if (a != NULL)
		to->withheld = a->withheld;
	if (f != NULL && strcmp(o->format, "csv") == 0)
		print_csv(f, a);
	else if (f != NULL && strcmp(o->format, "html") == 0)
		report_html(f, as);
	else if (f != NULL)
		print_json(f, as);
	deliver(to, f, &text, &len,
	    strcmp(o->format, "csv") == 0        ? "text/csv; charset=utf-8"
		: strcmp(o->format, "html") == 0 ? "text/html; charset=utf-8"
						 : "application/json");
}

/* Whether the format is one that the question has. */
static bool
check_format(struct order *o)
{
	for (const char *const *f = openapi_formats; *f != NULL; f++)
		if (strcmp(*f, o->format) == 0 &&
		    (strcmp(*f, "html") != 0 || o->q->run == ask_report))
			return true;
	fsk_fail(&o->err, FSK_EINVAL, "'%.60s' is no format of '%s'", o->format,
	    o->q->name);
	return false;
}

static unsigned
status_of(int rc)
{
	switch (rc) {
	case FSK_EINVAL:
		return 400;
	case FSK_ELATE:
		return 503;
	default:
		return 500;
	}
}

static void
ask(struct serve *s, const struct http_request *request,
    const struct question *q, const char *argument, bool researcher,
    struct http_response *to)
{
	struct ask a;
	struct order o = { .q = q, .a = &a, .format = "json" };
	struct answers as;
	int rc = FSK_OK;

	ask_init(&a, s->c, (int64_t)time(NULL));
	a.researcher = researcher;
	a.patience = (int64_t)s->c->answer_time * 1000;
	if (argument != NULL)
		rc = question_take(q, &a, argument, &o.err);
	if (rc == FSK_OK &&
	    (!http_query(request, take_parameter, &o) || !check_format(&o)))
		rc = FSK_EINVAL;
	answers_init(&as);
	if (rc == FSK_OK)
		rc = question_run(q, &a, &as, &o.err);
	if (rc == FSK_OK)
		put_answers(to, &o, &as);
	else
		fail(to, status_of(rc), o.err.text);
	answers_fini(&as);
}

static void
ask_in_turn(struct serve *s, const struct http_request *request,
    const struct question *q, const char *argument, bool researcher,
    struct http_response *to)
{
	if (atomic_fetch_add(&s->asking, 1) < ASKING_MAX)
		ask(s, request, q, argument, researcher, to);
	else
		fail(to, 503, "too many questions at a time");
	atomic_fetch_sub(&s->asking, 1);
}

static void
about(const struct serve *s, bool researcher, struct http_response *to)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f != NULL)
		fprintf(f,
		    "{\"version\": \"" FRAUDSINK_VERSION "\", "
		    "\"role\": \"%s\", \"least_clients\": %" PRIu64 "}\n",
		    researcher ? "researcher" : "operator",
		    s->c->least_clients);
	deliver(to, f, &text, &len, "application/json");
}

/* PATH is what follows API. */
static void
api(struct serve *s, const struct http_request *request, const char *path,
    struct http_response *to)
{
	const size_t len = strcspn(path, "/");
	const char *argument = path[len] == '/' ? path + len + 1 : NULL;
	const struct question *q;
	bool researcher;
	char name[32];

	if (strcmp(path, "openapi.json") == 0) {
		char *text = NULL;
		size_t n;
		FILE *f = open_memstream(&text, &n);

		if (f != NULL)
			openapi_print(f);
		deliver(to, f, &text, &n, "application/json");
		return;
	}
	if (!role_of(s, request, &researcher)) {
		fail(to, 401,
		    s->operator.len + s->researcher.len == 0
			? "there is no token that would do: see --token-file"
			: "the token is missing or wrong");
		return;
	}
	if (strcmp(path, "about") == 0) {
		about(s, researcher, to);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(len < 31 ? len : 31), path);
	q = question_find(name);
	if (q == NULL || (q->argument == NULL) != (argument == NULL) ||
	    (argument != NULL && *argument == '\0'))
		fail(to, 404, "there is nothing here");
	else
		ask_in_turn(s, request, q, argument, researcher, to);
}

/* ---- the rest ---- */

static void
metrics(const struct serve *s, struct http_response *to)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f != NULL)
		metrics_print(f, s->c, (int64_t)time(NULL));
	deliver(to, f, &text, &len, "text/plain; version=0.0.4; charset=utf-8");
}

void
serve_handle(void *arg, const struct http_request *r, struct http_response *to)
{
	struct serve *s = arg;

	if (strncmp(r->path, API, sizeof(API) - 1) == 0) {
		api(s, r, r->path + sizeof(API) - 1, to);
		return;
	}
	if (strcmp(r->path, "/metrics") == 0) {
		metrics(s, to);
		return;
	}
	for (const struct web_file *w = web_files; w->path != NULL; w++)
		if (strcmp(r->path, w->path) == 0) {
			to->type = w->type;
			to->body = w->bytes;
			to->len = w->len;
			to->cache = true;
			return;
		}
	fail(to, 404, "there is nothing here");
}
