/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/clickhouse.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/clock.h"

#define LINE_MOST  (8u << 20) /* octets of a row */
#define CONNECT_MS 5000L
#define TIMEOUT_MS 120000L
#define SECRET_MAX 1024

struct clickhouse {
	const struct conf *c;
	CURL *easy;
	char *secret; /* NULL: none */
	const _Atomic bool *stop;
	int64_t deadline; /* by clock_ms(); 0: none */
	/* Of the request. */
	int (*each)(void *arg, const struct row *r);
	void *arg;
	int rc; /* what EACH returned */
	struct text line;
	bool too_long;
	char error[CURL_ERROR_SIZE];
};

/* ---- texts ---- */

void
text_add(struct text *t, const void *octets, size_t len)
{
	if (t->failed)
		return;
	if (t->room - t->len <= len) {
		const size_t room = 2 * t->room + len + 256;
		char *at = realloc(t->at, room);

		if (at == NULL) {
			t->failed = true;
			return;
		}
		t->at = at;
		t->room = room;
	}
	if (len != 0)
		memcpy(t->at + t->len, octets, len);
	t->len += len;
	t->at[t->len] = '\0';
}

void
text_say(struct text *t, const char *fmt, ...)
{
	char *out;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&out, fmt, ap);
	va_end(ap);
	if (n < 0) {
		t->failed = true;
		return;
	}
	text_add(t, out, (size_t)n);
	free(out);
}

/* What a literal and a field have in common. */
static void
escape(struct text *t, const char *octets, size_t len, char quote)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		const char c = octets[i];
		char out[2] = { '\\', c };

		if (c == '\0')
			out[1] = '0';
		else if (c == '\n')
			out[1] = 'n';
		else if (c == '\t')
			out[1] = 't';
		else if (c == '\r')
			out[1] = 'r';
		else if (c != '\\' && c != quote)
			continue;
		text_add(t, octets + from, i - from);
		text_add(t, out, 2);
		from = i + 1;
	}
	text_add(t, octets + from, len - from);
}

void
text_quote(struct text *t, const char *text)
{
	text_add(t, "'", 1);
	escape(t, text, strlen(text), '\'');
	text_add(t, "'", 1);
}

void
text_field(struct text *t, const void *octets, size_t len)
{
	escape(t, octets, len, '\\');
}

/* ---- answers ---- */

/* Undoes the field at P in place, which ends with the tab or NUL at END. */
static size_t
undo(char *p, const char *end)
{
	char *out = p, *begin = p;

	for (; p < end; p++) {
		static const char codes[] = "0\0n\nt\tr\rb\bf\f";
		char c = *p;

		if (c == '\\' && p + 1 < end) {
			c = *++p;
			for (size_t i = 0; i + 1 < sizeof(codes); i += 2)
				if (c == codes[i]) {
					c = codes[i + 1];
					break;
				}
		}
		*out++ = c;
	}
	*out = '\0';
	return (size_t)(out - begin);
}

static void
take_line(struct clickhouse *h, char *line, size_t len)
{
	char *p = line, *const end = line + len;
	struct row r = { .n = 0 };

	for (; r.n < CLICKHOUSE_FIELDS; r.n++) {
		char *tab = memchr(p, '\t', (size_t)(end - p));
		char *stop = tab != NULL ? tab : end;

		r.at[r.n] = p;
		r.len[r.n] = undo(p, stop);
		if (tab == NULL) {
			r.n++;
			break;
		}
		p = tab + 1;
	}
	for (unsigned i = r.n; i < CLICKHOUSE_FIELDS; i++)
		r.at[i] = end;
	h->rc = h->each != NULL ? h->each(h->arg, &r) : 0;
}

/* Gets octets of the answer: rows, or the sentence of an error. */
static size_t
take(char *octets, size_t size, size_t n, void *arg)
{
	struct clickhouse *h = arg;
	size_t done = 0;
	long status = 0;
	char *end;

	(void)size;
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		if (h->line.len < 4096)
			text_add(&h->line, octets, n);
		return n;
	}
	text_add(&h->line, octets, n);
	h->too_long = h->line.len > LINE_MOST;
	if (h->line.failed)
		return 0;
	while (h->rc == 0 &&
	    (end = memchr(h->line.at + done, '\n', h->line.len - done)) !=
		NULL) {
		*end = '\0';
		take_line(
		    h, h->line.at + done, (size_t)(end - (h->line.at + done)));
		done = (size_t)(end + 1 - h->line.at);
		h->too_long = false;
	}
	memmove(h->line.at, h->line.at + done, h->line.len - done);
	h->line.len -= done;
	return h->rc == 0 && !h->too_long ? n : 0;
}

static int
is_stopped(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct clickhouse *h = arg;

	(void)a, (void)b, (void)c, (void)d;
	return h->stop != NULL && *h->stop;
}

/* The server's sentence, on one line and without what a terminal obeys. */
static void
clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text >= 127)
			*text = ' ';
}

/* ---- requests ---- */

/* Milliseconds that a request may take; 0: it is too late. */
static long
time_left(const struct clickhouse *h)
{
	const int64_t left = h->deadline - clock_ms();

	if (h->deadline == 0 || left > TIMEOUT_MS)
		return TIMEOUT_MS;
	return left > 0 ? (long)left : 0;
}

static int
late(const struct clickhouse *h, struct fsk_error *err)
{
	return fsk_fail(err, FSK_ELATE,
	    "ClickHouse at '%s' takes too long to answer",
	    h->c->clickhouse.url);
}

static int
judge(struct clickhouse *h, CURLcode code, struct fsk_error *err)
{
	const char *url = h->c->clickhouse.url;
	long status = 0;

	if (h->line.failed)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (h->rc != 0)
		return h->rc;
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status == 200 && h->line.len == 0)
		return FSK_OK;
	if (code == CURLE_OPERATION_TIMEDOUT && time_left(h) == 0)
		return late(h, err);
	if (code != CURLE_OK)
		return fsk_fail(err, FSK_EIO,
		    "cannot ask ClickHouse at '%s': %s", url,
		    h->error[0] != '\0' ? h->error : curl_easy_strerror(code));
	if (status == 200)
		return fsk_fail(
		    err, FSK_EIO, "ClickHouse at '%s' answers no rows", url);
	text_add(&h->line, "", 0);
	if (h->line.failed)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	clean(h->line.at);
	return fsk_fail(err, FSK_EIO, "ClickHouse at '%s' answers %ld: %.300s",
	    url, status, h->line.at);
}

static char *
full_url(const struct clickhouse *h, const char *insert)
{
	char *query = curl_easy_escape(h->easy, insert, 0), *out = NULL;
	const char *base = h->c->clickhouse.url;
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	/* Through a Distributed table the answer comes when the rows are
	 * where they belong. */
	if (query != NULL &&
	    asprintf(&out, "%.*s/?wait_end_of_query=1%s%s", (int)len, base,
		*insert != '\0' ? "&insert_distributed_sync=1&query=" : "",
		query) == -1)
		out = NULL;
	curl_free(query);
	return out;
}

static int
send_request(struct clickhouse *h, const char *insert, const struct text *body,
    struct fsk_error *err)
{
	const long time = time_left(h);
	CURL *e = h->easy;
	struct curl_slist *headers = NULL;
	char *url;
	CURLcode code;

	if (time == 0) /* which is for ever to libcurl */
		return late(h, err);
	url = full_url(h, insert);
	/* Without it every larger body waits for "100 Continue". */
	headers = curl_slist_append(NULL, "Expect:");
	if (url == NULL || headers == NULL || body->failed) {
		free(url);
		curl_slist_free_all(headers);
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	}
	h->line.len = 0;
	h->rc = 0;
	h->too_long = false;
	h->error[0] = '\0';
	curl_easy_reset(e);
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "fraudsink/" FRAUDSINK_VERSION);
	curl_easy_setopt(e, CURLOPT_USERNAME, h->c->clickhouse.user);
	curl_easy_setopt(
	    e, CURLOPT_PASSWORD, h->secret != NULL ? h->secret : "");
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(
	    e, CURLOPT_POSTFIELDS, body->at != NULL ? body->at : "");
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, is_stopped);
	curl_easy_setopt(e, CURLOPT_XFERINFODATA, h);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, time);
	code = curl_easy_perform(e);
	curl_slist_free_all(headers);
	free(url);
	return judge(h, code, err);
}

int
clickhouse_ask(struct clickhouse *h, const struct text *query,
    int (*each)(void *arg, const struct row *r), void *arg,
    struct fsk_error *err)
{
	h->each = each;
	h->arg = arg;
	return send_request(h, "", query, err);
}

int
clickhouse_run(struct clickhouse *h, const char *query, struct fsk_error *err)
{
	struct text t = { .at = NULL };
	int rc;

	text_say(&t, "%s", query);
	rc = clickhouse_ask(h, &t, NULL, NULL, err);
	free(t.at);
	return rc;
}

int
clickhouse_insert(struct clickhouse *h, const char *table, const char *columns,
    const struct text *rows, struct fsk_error *err)
{
	char insert[1024];

	snprintf(insert, sizeof(insert),
	    "INSERT INTO `%s`.%s (%s) FORMAT TabSeparated",
	    h->c->clickhouse.database, table, columns);
	h->each = NULL;
	return send_request(h, insert, rows, err);
}

/* ---- opening ---- */

static int
read_secret(struct clickhouse *h, struct fsk_error *err)
{
	const char *path = h->c->clickhouse.password_file;
	const char *name = h->c->clickhouse.password_env;
	char line[SECRET_MAX] = "";
	FILE *f;

	if (name != NULL) {
		const char *value = getenv(name);

		if (value == NULL)
			return fsk_fail(err, FSK_EINVAL,
			    "'%s', of 'clickhouse: password-env', is not set",
			    name);
		h->secret = strdup(value);
	} else if (path != NULL) {
		f = fopen(path, "re");
		if (f == NULL)
			return fsk_fail(err, FSK_EIO, "cannot open '%s': %s",
			    path, strerror(errno));
		if (fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		fclose(f);
		line[strcspn(line, "\r\n")] = '\0';
		h->secret = strdup(line);
		explicit_bzero(line, sizeof(line));
	} else {
		return FSK_OK;
	}
	return h->secret != NULL ? FSK_OK
				 : fsk_fail(err, FSK_ENOMEM, "out of memory");
}

int
clickhouse_open(
    struct clickhouse **out, const struct conf *c, struct fsk_error *err)
{
	struct clickhouse *h = calloc(1, sizeof(*h));
	int rc;

	*out = NULL;
	if (h == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	h->c = c;
	h->easy = curl_easy_init();
	rc = h->easy != NULL ? read_secret(h, err)
			     : fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (rc != FSK_OK) {
		clickhouse_close(h);
		return rc;
	}
	*out = h;
	return FSK_OK;
}

void
clickhouse_close(struct clickhouse *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	if (h->secret != NULL)
		explicit_bzero(h->secret, strlen(h->secret));
	free(h->secret);
	free(h->line.at);
	free(h);
}

void
clickhouse_deadline(struct clickhouse *h, int64_t ms)
{
	h->deadline = clock_ms() + ms;
}

void
clickhouse_stop_at(struct clickhouse *h, const _Atomic bool *stop)
{
	h->stop = stop;
}
