/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "feeds/fetch.h"
#include "feeds/printable.h"
#include "feeds/transfer.h"
#include "lib/hash.h"

static void __attribute__((format(printf, 2, 3)))
fail(struct content *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k->why, sizeof(k->why), fmt, ap);
	va_end(ap);
	/* A server, or its certificate, may have had a say in it. */
	printable(k->why);
	k->status = CONTENT_FAILED;
}

/* ---- files of this machine ---- */

/* The path of F, a file of this machine; NULL: it is none. */
static const char *
file_of(const struct conf_feed *f)
{
	if (f->url == NULL)
		return NULL;
	if (strncmp(f->url, "file://", 7) == 0)
		return f->url + 7;
	return f->url[0] == '/' ? f->url : NULL;
}

/* It is new if it is another than last time. */
static void
look_at_file(struct content *k, const char *path)
{
	struct stat st;

	k->body = strdup(path);
	if (k->body == NULL) {
		fail(k, "out of memory");
		return;
	}
	if (stat(path, &st) == -1) {
		fail(k, "cannot open '%s': %s", path, strerror(errno));
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		fail(k, "'%s' is not a file", path);
		return;
	}
	if ((uint64_t)st.st_size > k->f->max_size) {
		fail(k, "larger than %llu octets",
		    (unsigned long long)k->f->max_size);
		return;
	}
	snprintf(k->etag, sizeof(k->etag), "%llu-%llu-%lld.%09ld",
	    (unsigned long long)st.st_ino, (unsigned long long)st.st_size,
	    (long long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec);
	k->bytes = (uint64_t)st.st_size;
	k->status = strcmp(k->etag, k->s->etag) == 0 ? CONTENT_UNCHANGED
						     : CONTENT_NEW;
}

/* ---- secrets ---- */

/* The secret of K's feed, for free(); NULL if it has none, or where it cannot
 * be had, which is K's failure. */
static char *
secret_of(struct content *k)
{
	const struct conf_feed *f = k->f;
	const char *value;
	char *text = NULL;
	size_t len;

	if (f->secret_env != NULL) {
		value = getenv(f->secret_env);
		if (value == NULL)
			fail(k, "the variable '%s' of its secret is not set",
			    f->secret_env);
		else if ((text = strdup(value)) == NULL)
			fail(k, "out of memory");
	} else if (f->secret_file != NULL) {
		errno = 0;
		text = state_text(f->secret_file, &len);
		if (text == NULL)
			fail(k, "cannot read its secret from '%s': %s",
			    f->secret_file,
			    errno != 0 ? strerror(errno) : "it is no file");
	}
	/* A line's end is none of it. */
	if (text != NULL) {
		text[strcspn(text, "\r\n")] = '\0';
		if (*text == '\0')
			fail(k, "its secret is empty");
	}
	return text;
}

/* ---- servers ---- */

/* Makes room for what a server will send. */
static bool
make_room(const struct conf *c, struct content *k)
{
	char *folder = state_path(c->state, k->f->head.title, NULL);
	struct fsk_error err = { .text = "out of memory" };
	bool good;

	k->body = content_path(c, k->f);
	k->incoming = state_path(c->state, k->f->head.title, "body.new");
	good = folder != NULL && k->body != NULL && k->incoming != NULL &&
	    state_folder(folder, &err) == FSK_OK;
	if (!good)
		fail(k, "%s", err.text);
	free(folder);
	return good;
}

/* Whether the files A and B hold the same octets. */
static bool
same_octets(const char *a, const char *b)
{
	static const size_t room = 1 << 16;
	char *x = malloc(room), *y = malloc(room);
	FILE *f = fopen(a, "re"), *g = fopen(b, "re");
	bool same = x != NULL && y != NULL && f != NULL && g != NULL;

	while (same) {
		size_t n = fread(x, 1, room, f), m = fread(y, 1, room, g);

		same = n == m && memcmp(x, y, n) == 0 && !ferror(f) &&
		    !ferror(g);
		if (n == 0)
			break;
	}
	if (f != NULL)
		fclose(f);
	if (g != NULL)
		fclose(g);
	free(x);
	free(y);
	return same;
}

/* Not all servers know what did not change. */
static void
compare(struct content *k)
{
	if (k->status == CONTENT_NEW && same_octets(k->incoming, k->body)) {
		k->status = CONTENT_UNCHANGED;
		unlink(k->incoming);
	}
}

void
content_source(const struct conf_feed *f, char source[static 24])
{
	const uint64_t key[2] = { 3, 4 };
	const char *const parts[] = { f->url, f->server, f->zone };
	uint64_t hash = 0;

	for (unsigned i = 0; i < 3; i++)
		if (parts[i] != NULL)
			hash = hash * 31 +
			    fsk_siphash(key, (const uint8_t *)parts[i],
				strlen(parts[i]));
	snprintf(source, 24, "%016llx", (unsigned long long)hash);
}

/* Whether what is kept for K can be compared with what its source has. */
static bool
is_kept(const struct content *k)
{
	char source[24];

	content_source(k->f, source);
	return strcmp(source, k->s->source) == 0 && access(k->body, R_OK) == 0;
}

/* ---- web servers ---- */

/* What of a request is secret. */
struct secrets {
	char *key, *header, *query;
};

static void
free_secrets(struct secrets *s)
{
	fetch_free_secret(s->key);
	fetch_free_secret(s->header);
	fetch_free_secret(s->query);
}

/* Fills in REQ for K; what of it is secret is S's. */
static bool
make_request(const struct conf *c, struct content *k, struct fetch_request *req,
    struct secrets *s)
{
	const struct conf_feed *f = k->f;

	*s = (struct secrets){ .key = secret_of(k) };
	if (k->status == CONTENT_FAILED || !make_room(c, k))
		return false;
	if (s->key != NULL && f->secret_header != NULL &&
	    asprintf(&s->header, "%s: %s", f->secret_header, s->key) == -1) {
		s->header = NULL;
		fail(k, "out of memory");
	}
	if (s->key != NULL && f->secret_query != NULL &&
	    asprintf(&s->query, "%s=%s", f->secret_query, s->key) == -1) {
		s->query = NULL;
		fail(k, "out of memory");
	}
	*req = (struct fetch_request){
		.feed = f->head.title,
		.url = f->url,
		.to = k->incoming,
		.user_agent = c->user_agent,
		.proxy = f->proxy != NULL ? f->proxy : c->proxy,
		.ca_file = f->ca_file != NULL ? f->ca_file : c->ca_file,
		.secret_header = s->header,
		.secret_query = s->query,
		.secret_key = s->key,
		.max_bytes = f->max_size,
		.max_seconds = f->timeout,
		.connect_seconds = c->connect_timeout,
		.low_speed_bytes = c->low_speed,
		.low_speed_seconds = c->low_speed_time,
		.redirects = (unsigned)c->redirects,
		.retries = (unsigned)c->retries,
	};
	/* Ask whether it changed only where what we have is still there, and of
	 * this source. */
	if (is_kept(k)) {
		req->etag = k->s->etag[0] != '\0' ? k->s->etag : NULL;
		req->last_modified = k->s->last_modified[0] != '\0'
		    ? k->s->last_modified
		    : NULL;
	}
	return k->status != CONTENT_FAILED;
}

static void
take_result(struct content *k, const struct fetch_result *res)
{
	k->http = (uint64_t)res->http;
	if (res->retry_after > 0)
		k->not_before = (int64_t)time(NULL) + (int64_t)res->retry_after;
	switch (res->status) {
	case FETCH_NEW:
		k->status = CONTENT_NEW;
		k->bytes = res->bytes;
		memcpy(k->etag, res->etag, sizeof(k->etag));
		memcpy(k->last_modified, res->last_modified,
		    sizeof(k->last_modified));
		compare(k);
		break;
	case FETCH_UNCHANGED:
		k->status = CONTENT_UNCHANGED;
		break;
	case FETCH_FAILED:
		fail(k, "%s", res->why);
		break;
	}
}

/* What the web servers of a run are asked. */
struct web {
	struct fetch_request *req;
	struct fetch_result *res;
	struct content **of;
	struct secrets *secrets;
	size_t n;
};

static bool
is_web(const struct conf_feed *f)
{
	return f->url != NULL && strncmp(f->url, "http", 4) == 0;
}

static int
get_from_web(const struct conf *c, struct content *at, size_t n,
    const atomic_bool *stop, struct fsk_error *err)
{
	struct web w = { calloc(n, sizeof(*w.req)), calloc(n, sizeof(*w.res)),
		calloc(n, sizeof(*w.of)), calloc(n, sizeof(*w.secrets)), 0 };
	int rc = FSK_OK;

	if (w.req == NULL || w.res == NULL || w.of == NULL || w.secrets == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	for (size_t i = 0; i < n && rc == FSK_OK; i++) {
		if (!is_web(at[i].f))
			continue;
		if (make_request(c, &at[i], &w.req[w.n], &w.secrets[w.n]))
			w.of[w.n++] = &at[i];
		else
			free_secrets(&w.secrets[w.n]);
	}
	if (rc == FSK_OK && w.n > 0)
		rc = fetch_all(
		    w.req, w.res, w.n, (unsigned)c->parallel, stop, err);
	for (size_t i = 0; i < w.n; i++) {
		if (rc == FSK_OK)
			take_result(w.of[i], &w.res[i]);
		free_secrets(&w.secrets[i]);
	}
	free(w.req);
	free(w.res);
	free(w.of);
	free(w.secrets);
	return rc;
}

/* ---- name servers ---- */

/* A transfer in a thread of its own. */
struct zone {
	struct content *k;
	struct transfer_request req;
	struct transfer_result res;
	char *secret;
	pthread_t thread;
	bool started;
};

static void *
run_transfer(void *arg)
{
	struct zone *z = arg;

	transfer(&z->req, &z->res);
	return NULL;
}

/* Starts the transfer for Z->k. */
static void
start_transfer(const struct conf *c, struct zone *z, const atomic_bool *stop)
{
	struct content *k = z->k;
	const struct conf_feed *f = k->f;

	z->secret = secret_of(k);
	if (k->status == CONTENT_FAILED || !make_room(c, k))
		return;
	z->req = (struct transfer_request){ .feed = f->head.title,
		.server = f->server,
		.zone = f->zone,
		.to = k->incoming,
		.have = is_kept(k) ? k->body : NULL,
		.tsig_name = f->tsig_name,
		.tsig_algorithm = f->tsig_algorithm,
		.tsig_secret = z->secret,
		.max_bytes = f->max_size,
		.max_seconds = f->timeout,
		.connect_seconds = c->connect_timeout,
		.retries = (unsigned)c->retries,
		.stop = stop };
	z->started = pthread_create(&z->thread, NULL, run_transfer, z) == 0;
	if (!z->started)
		fail(k, "cannot start a thread");
}

static void
finish_transfer(struct zone *z)
{
	struct content *k = z->k;

	if (z->started) {
		pthread_join(z->thread, NULL);
		k->bytes = z->res.bytes;
		k->serial = (uint64_t)z->res.serial + 1;
		switch (z->res.status) {
		case TRANSFER_NEW:
			k->status = CONTENT_NEW;
			break;
		case TRANSFER_UNCHANGED:
			k->status = CONTENT_UNCHANGED;
			break;
		case TRANSFER_FAILED:
			fail(k, "%s", z->res.why);
			break;
		}
	}
	fetch_free_secret(z->secret);
}

/* All zones, as many at a time as other contents. */
static int
get_zones(const struct conf *c, struct content *at, size_t n,
    const atomic_bool *stop, struct fsk_error *err)
{
	struct zone *zones = calloc(c->parallel, sizeof(*zones));
	size_t i = 0, started;

	if (zones == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	do {
		for (started = 0; i < n && started < c->parallel; i++) {
			if (at[i].f->server == NULL)
				continue;
			zones[started] = (struct zone){ .k = &at[i] };
			start_transfer(c, &zones[started++], stop);
		}
		for (size_t j = 0; j < started; j++)
			finish_transfer(&zones[j]);
	} while (started > 0);
	free(zones);
	return FSK_OK;
}

/* ---- the whole ---- */

int
contents_get(const struct conf *c, struct content *at, size_t n,
    const atomic_bool *stop, struct fsk_error *err)
{
	int rc;

	for (size_t i = 0; i < n; i++) {
		const char *path = file_of(at[i].f);

		if (path != NULL)
			look_at_file(&at[i], path);
	}
	rc = get_from_web(c, at, n, stop, err);
	return rc == FSK_OK ? get_zones(c, at, n, stop, err) : rc;
}

char *
content_path(const struct conf *c, const struct conf_feed *f)
{
	const char *path = file_of(f);

	return path != NULL ? strdup(path)
			    : state_path(c->state, f->head.title, "body");
}

int
content_accept(struct content *k, struct fsk_error *err)
{
	if (k->incoming != NULL && rename(k->incoming, k->body) == -1)
		return fsk_fail(err, FSK_EIO, "cannot replace '%s': %s",
		    k->body, strerror(errno));
	return FSK_OK;
}

void
contents_free(struct content *at, size_t n)
{
	for (size_t i = 0; at != NULL && i < n; i++) {
		if (at[i].incoming != NULL)
			unlink(at[i].incoming);
		free(at[i].incoming);
		free(at[i].body);
	}
}
