/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "feeds/reach.h"

#define POLL_MS    200
#define BACKOFF_MS 1000
#define PAUSE_MAX  60000 /* ms; a server's own wish may be longer */
#define WISH_MAX   86400 /* s; whatever a server says, we ask once a day */

enum phase { WAITING, RUNNING, DONE };

/* A request under way. */
struct job {
	const struct fetch_request *req;
	struct fetch_result *res;
	enum phase phase;
	int64_t begin, next; /* ms; of the first try, of the next one */
	unsigned hops;
	char *url;      /* after redirections, for fetch_free_secret() */
	bool same_host; /* as the request: secrets may go there */
	uint8_t from[FSK_ADDR_LEN];     /* the address that redirected first */
	char refused[INET6_ADDRSTRLEN]; /* where that may not lead; "" */
	CURL *easy;
	struct curl_slist *headers;
	char *part; /* the file that the body goes to, for free() */
	int fd;
	uint64_t bytes;
	bool too_large;
	int write_failed; /* errno; 0: it did not */
	char error[CURL_ERROR_SIZE];
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one try ---- */

static size_t
take_body(char *at, size_t size, size_t n, void *arg)
{
	struct job *j = arg;
	size_t len = size * n;

	if (len > j->req->max_bytes - j->bytes) {
		j->too_large = true;
		return 0;
	}
	for (size_t done = 0; done < len;) {
		ssize_t w = write(j->fd, at + done, len - done);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1) {
			j->write_failed = errno;
			return 0;
		}
		done += (size_t)w;
	}
	j->bytes += len;
	return len;
}

/* Opens a socket for AT, unless it is where a redirection may not lead. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
	const struct sockaddr *sa = &at->addr;
	struct job *j = arg;
	uint8_t to[FSK_ADDR_LEN];
	char text[INET6_ADDRSTRLEN] = "?";

	(void)purpose;
	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
		    text, sizeof(text));
	else if (sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6,
		    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
		    text, sizeof(text));
	if (!j->same_host &&
	    (!fsk_addr_read(text, to) || !reach_may_lead(j->from, to))) {
		memcpy(j->refused, text, sizeof(text));
		return CURL_SOCKET_BAD;
	}
	return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

static bool
add_header(struct job *j, const char *text)
{
	struct curl_slist *more = curl_slist_append(j->headers, text);

	if (more != NULL)
		j->headers = more;
	return more != NULL;
}

static bool
add_field(struct job *j, const char *name, const char *value)
{
	char *text;
	bool good;

	if (value == NULL)
		return true;
	if (asprintf(&text, "%s: %s", name, value) == -1)
		return false;
	good = add_header(j, text);
	free(text);
	return good;
}

static bool
make_headers(struct job *j)
{
	curl_slist_free_all(j->headers);
	j->headers = NULL;
	return add_field(j, "If-None-Match", j->req->etag) &&
	    add_field(j, "If-Modified-Since", j->req->last_modified) &&
	    (j->req->secret_header == NULL || !j->same_host ||
		add_header(j, j->req->secret_header));
}

void
fetch_free_secret(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

/* URL with VALUE in place of each FETCH_KEY, for fetch_free_secret(). */
static char *
replace_keys(const char *url, const char *value)
{
	const size_t len = strlen(value), key = sizeof(FETCH_KEY) - 1;
	size_t n = strlen(url) + 1;
	char *out, *to;

	for (const char *p = url; (p = strstr(p, FETCH_KEY)) != NULL; p += key)
		n += len;
	out = to = malloc(n);
	for (const char *at; out != NULL; url = at + key) {
		at = strstr(url, FETCH_KEY);
		if (at == NULL) {
			strcpy(to, url);
			break;
		}
		memcpy(to, url, (size_t)(at - url));
		to += at - url;
		memcpy(to, value, len);
		to += len;
	}
	return out;
}

/* The URL of the job with the secret that belongs into it, for
 * fetch_free_secret(). What a server redirects to has no place for one. */
static char *
url_with_key(const struct job *j)
{
	char *value, *out;

	if (j->req->secret_key == NULL || j->hops > 0)
		return strdup(j->url);
	/* What the secret holds is not read as URL. */
	value = curl_easy_escape(j->easy, j->req->secret_key, 0);
	if (value == NULL)
		return NULL;
	out = replace_keys(j->url, value);
	explicit_bzero(value, strlen(value));
	curl_free(value);
	return out;
}

/* The same with the secret that belongs into its query, for curl_free(). */
static char *
full_url(const struct job *j)
{
	CURLU *u = curl_url();
	char *url = url_with_key(j), *out = NULL;

	if (u != NULL && url != NULL &&
	    curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    (j->req->secret_query == NULL || !j->same_host ||
		curl_url_set(u, CURLUPART_QUERY, j->req->secret_query,
		    CURLU_APPENDQUERY | CURLU_URLENCODE) == CURLUE_OK))
		curl_url_get(u, CURLUPART_URL, &out, 0);
	curl_url_cleanup(u);
	fetch_free_secret(url);
	return out;
}

static long
as_long(uint64_t v)
{
	return v < 0x7fffffff ? (long)v : 0x7fffffff;
}

static bool
set_options(struct job *j, int64_t now)
{
	const struct fetch_request *r = j->req;
	const int64_t left = (int64_t)r->max_seconds * 1000 - (now - j->begin);
	char *url = full_url(j);
	CURL *e = j->easy;
	bool good;

	if (url == NULL || !make_headers(j)) {
		curl_free(url);
		return false;
	}
	curl_easy_reset(e);
	good = curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") ==
		CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HTTPHEADER, j->headers) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_USERAGENT, r->user_agent) == CURLE_OK &&
	    /* "": none, whatever the environment says. */
	    curl_easy_setopt(e, CURLOPT_PROXY,
		r->proxy != NULL ? r->proxy : "") == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_NOPROXY, "") == CURLE_OK &&
	    (r->ca_file == NULL ||
		curl_easy_setopt(e, CURLOPT_CAINFO, r->ca_file) == CURLE_OK);
	curl_free(url);
	j->error[0] = '\0';
	/* What the library knows how to undo; the limit counts what comes out
	 * of it. */
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, j->error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, j);
	curl_easy_setopt(e, CURLOPT_PRIVATE, j);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, j);
	/* A connection of another request would not be looked at. */
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, j->same_host ? 0L : 1L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, as_long((uint64_t)left));
	curl_easy_setopt(
	    e, CURLOPT_CONNECTTIMEOUT, as_long(r->connect_seconds));
	curl_easy_setopt(
	    e, CURLOPT_LOW_SPEED_LIMIT, as_long(r->low_speed_bytes));
	curl_easy_setopt(
	    e, CURLOPT_LOW_SPEED_TIME, as_long(r->low_speed_seconds));
	curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE,
	    r->max_bytes < INT64_MAX ? (curl_off_t)r->max_bytes
				     : (curl_off_t)INT64_MAX);
	return good;
}

static void __attribute__((format(printf, 2, 3)))
fail_job(struct job *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(j->res->why, sizeof(j->res->why), fmt, ap);
	va_end(ap);
	j->res->status = FETCH_FAILED;
	j->phase = DONE;
}

/* Begins a try or follows a redirection. */
static void
start_job(CURLM *multi, struct job *j)
{
	const int64_t now = now_ms();

	if (now - j->begin >= (int64_t)j->req->max_seconds * 1000) {
		fail_job(j, "it takes longer than %llu s",
		    (unsigned long long)j->req->max_seconds);
		return;
	}
	j->bytes = 0;
	j->refused[0] = '\0';
	j->too_large = false;
	j->write_failed = 0;
	if (j->fd == -1)
		j->fd = open(j->part,
		    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (j->fd == -1 || ftruncate(j->fd, 0) == -1 ||
	    lseek(j->fd, 0, SEEK_SET) == -1) {
		fail_job(j, "cannot write '%s': %s", j->part, strerror(errno));
		return;
	}
	if (!set_options(j, now) ||
	    curl_multi_add_handle(multi, j->easy) != CURLM_OK) {
		fail_job(j, "this is no URL that can be fetched");
		return;
	}
	j->phase = RUNNING;
}

/* ---- what became of it ---- */

/* Scheme, host and port of URL as one text, for free(); NULL if it has none. */
static char *
origin_of(const char *url)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL, *out = NULL;

	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
		CURLUE_OK &&
	    asprintf(&out, "%s://%s:%s", scheme, host, port) == -1)
		out = NULL;
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return out;
}

/* Notes which address redirects J; false if that is not known. */
static bool
note_address(struct job *j)
{
	char *ip = NULL;

	return j->hops > 0 ||
	    (curl_easy_getinfo(j->easy, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK &&
		ip != NULL && fsk_addr_read(ip, j->from));
}

/* Takes the redirection to TO; what is wrong with it is the job's end. */
static void
redirect(struct job *j, const char *to)
{
	char *from = origin_of(j->req->url), *next = origin_of(to);
	char *copy = strdup(to);

	if (from == NULL || next == NULL || copy == NULL) {
		fail_job(j, "redirected to what is no URL");
	} else if (j->hops == j->req->redirects) {
		fail_job(j, "more than %u redirections", j->req->redirects);
	} else if (!note_address(j)) {
		fail_job(j, "redirected from an unknown address");
	} else if (strncasecmp(j->url, "https:", 6) == 0 &&
	    strncasecmp(to, "https:", 6) != 0) {
		fail_job(j, "redirected from https to what is not");
	} else {
		j->hops++;
		/* Once elsewhere, a secret does not come back either. */
		j->same_host = j->same_host && strcasecmp(from, next) == 0;
		fetch_free_secret(j->url);
		j->url = copy;
		copy = NULL;
		j->phase = WAITING;
		j->next = 0;
	}
	free(from);
	free(next);
	free(copy);
}

static void
keep_field(CURL *e, const char *name, char *out, size_t room)
{
	struct curl_header *h;

	out[0] = '\0';
	/* What does not fit cannot be sent back. */
	if (curl_easy_header(e, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
	    strlen(h->value) < room)
		snprintf(out, room, "%s", h->value);
}

/* The body is whole: puts it in place. */
static void
accept_body(struct job *j)
{
	if (fsync(j->fd) == -1 || rename(j->part, j->req->to) == -1) {
		fail_job(
		    j, "cannot replace '%s': %s", j->req->to, strerror(errno));
		return;
	}
	j->res->status = FETCH_NEW;
	j->res->retry_after = 0;
	j->res->bytes = j->bytes;
	keep_field(j->easy, "ETag", j->res->etag, sizeof(j->res->etag));
	keep_field(j->easy, "Last-Modified", j->res->last_modified,
	    sizeof(j->res->last_modified));
	j->phase = DONE;
}

/* Another try may help: it is made unless there were too many, or the server
 * wants to be left alone for longer than there is time. */
static void
retry(struct job *j, const char *why)
{
	const int64_t now = now_ms();
	uint64_t pause = j->req->backoff_ms != 0 ? j->req->backoff_ms
						 : BACKOFF_MS;
	curl_off_t wish = 0;
	uint32_t chance;

	for (unsigned i = 1; i < j->res->tries && pause < PAUSE_MAX; i++)
		pause *= 2;
	if (pause > PAUSE_MAX)
		pause = PAUSE_MAX;
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		chance = 0;
	pause = pause / 2 + chance % (pause / 2 + 1);
	curl_easy_getinfo(j->easy, CURLINFO_RETRY_AFTER, &wish);
	if (wish > WISH_MAX)
		wish = WISH_MAX;
	j->res->retry_after = wish > 0 ? (uint64_t)wish : 0;
	if (wish > 0 && (uint64_t)wish * 1000 > pause)
		pause = (uint64_t)wish * 1000;
	if (j->res->tries > j->req->retries) {
		fail_job(j, "%s (tried %u times)", why, j->res->tries);
	} else if (now - j->begin + (int64_t)pause >=
	    (int64_t)j->req->max_seconds * 1000) {
		if (wish > 0)
			fail_job(j,
			    "%s; the server wants to be asked again in %lld s",
			    why, (long long)wish);
		else
			fail_job(j, "%s (no time for another try)", why);
	} else {
		j->phase = WAITING;
		j->next = now + (int64_t)pause;
		j->hops = 0;
		j->same_host = true;
		fetch_free_secret(j->url);
		j->url = strdup(j->req->url);
		if (j->url == NULL)
			fail_job(j, "out of memory");
	}
}

static void
judge_status(struct job *j)
{
	const long status = j->res->http;
	char why[64];
	char *to = NULL;

	curl_easy_getinfo(j->easy, CURLINFO_REDIRECT_URL, &to);
	if (status == 200) {
		accept_body(j);
		return;
	}
	if (status == 304 &&
	    (j->req->etag != NULL || j->req->last_modified != NULL)) {
		j->res->status = FETCH_UNCHANGED;
		j->res->retry_after = 0;
		j->phase = DONE;
		return;
	}
	if (to != NULL) {
		redirect(j, to);
		return;
	}
	snprintf(why, sizeof(why), "the server says %ld", status);
	if (status == 408 || status == 429 || status >= 500)
		retry(j, why);
	else
		fail_job(j, "%s", why);
}

static bool
worth_a_try(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default: /* of the hundred others none */
		return false;
	}
}

static void
end_try(struct job *j, CURLcode code)
{
	curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &j->res->http);
	if (code == CURLE_OK) {
		judge_status(j);
		return;
	}
	if (j->too_large || code == CURLE_FILESIZE_EXCEEDED)
		fail_job(j, "larger than %llu octets",
		    (unsigned long long)j->req->max_bytes);
	else if (j->write_failed != 0)
		fail_job(j, "cannot write '%s': %s", j->part,
		    strerror(j->write_failed));
	else if (j->refused[0] != '\0')
		fail_job(
		    j, "redirected to %s, which is not public", j->refused);
	else if (worth_a_try(code))
		retry(j,
		    j->error[0] != '\0' ? j->error : curl_easy_strerror(code));
	else
		fail_job(j, "%s",
		    j->error[0] != '\0' ? j->error : curl_easy_strerror(code));
}

/* ---- all of them ---- */

static bool
open_job(
    struct job *j, const struct fetch_request *req, struct fetch_result *res)
{
	memset(res, 0, sizeof(*res));
	res->status = FETCH_FAILED;
	*j = (struct job){ .req = req,
		.res = res,
		.begin = now_ms(),
		.same_host = true,
		.fd = -1 };
	j->url = strdup(req->url);
	j->easy = curl_easy_init();
	if (j->url == NULL || j->easy == NULL)
		return false;
	if (asprintf(&j->part, "%s.part", req->to) == -1) {
		j->part = NULL;
		return false;
	}
	return true;
}

/* Closes the file of a job that is done; there may be many jobs. */
static void
close_part(struct job *j)
{
	if (j->fd == -1)
		return;
	close(j->fd);
	j->fd = -1;
	if (j->res->status != FETCH_NEW)
		unlink(j->part);
}

static void
close_job(CURLM *multi, struct job *j)
{
	if (j->phase == RUNNING)
		curl_multi_remove_handle(multi, j->easy);
	close_part(j);
	curl_easy_cleanup(j->easy);
	curl_slist_free_all(j->headers);
	free(j->part);
	fetch_free_secret(j->url);
}

/* Starts what may start; returns how many are not done yet, and in *WAIT the
 * time in ms until one more may. */
static size_t
start_jobs(
    CURLM *multi, struct job *jobs, size_t n, unsigned parallel, int *wait)
{
	const int64_t now = now_ms();
	size_t left = 0, running = 0;

	*wait = POLL_MS;
	for (size_t i = 0; i < n; i++)
		running += jobs[i].phase == RUNNING;
	for (size_t i = 0; i < n; i++) {
		struct job *j = &jobs[i];

		if (j->phase == WAITING && j->next > now) {
			if (j->next - now < *wait)
				*wait = (int)(j->next - now);
		} else if (j->phase == WAITING && running < parallel) {
			/* A try is counted, a redirection belongs to it. */
			if (j->hops == 0) {
				if (j->res->tries++ == 0)
					j->begin = now;
			}
			start_job(multi, j);
			running += j->phase == RUNNING;
		}
		left += j->phase != DONE;
	}
	return left;
}

/* Looks which tries have ended; how many did. */
static unsigned
finish_jobs(CURLM *multi)
{
	unsigned ended = 0;
	CURLMsg *m;
	int more;

	while ((m = curl_multi_info_read(multi, &more)) != NULL) {
		CURLcode code = m->data.result;
		CURL *easy = m->easy_handle;
		struct job *j;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&j);
		curl_multi_remove_handle(multi, easy);
		end_try(j, code);
		if (j->phase == DONE)
			close_part(j);
		ended++;
	}
	return ended;
}

static void
run_jobs(CURLM *multi, struct job *jobs, size_t n, unsigned parallel,
    const atomic_bool *stop)
{
	int running, wait;

	while (start_jobs(multi, jobs, n, parallel, &wait) > 0) {
		if (stop != NULL && atomic_load(stop)) {
			for (size_t i = 0; i < n; i++)
				if (jobs[i].phase == WAITING)
					fail_job(&jobs[i], "stopped");
				else if (jobs[i].phase == RUNNING) {
					curl_multi_remove_handle(
					    multi, jobs[i].easy);
					fail_job(&jobs[i], "stopped");
				}
			return;
		}
		curl_multi_perform(multi, &running);
		/* Where one has ended another may begin. */
		if (finish_jobs(multi) == 0)
			curl_multi_poll(multi, NULL, 0, wait, NULL);
	}
}

int
fetch_all(const struct fetch_request *req, struct fetch_result *res, size_t n,
    unsigned parallel, const atomic_bool *stop, struct fsk_error *err)
{
	struct job *jobs = calloc(n, sizeof(*jobs));
	CURLM *multi = NULL;
	size_t opened = 0;
	int rc = FSK_OK;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || jobs == NULL ||
	    (multi = curl_multi_init()) == NULL)
		rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
	while (rc == FSK_OK && opened < n) {
		if (!open_job(&jobs[opened], &req[opened], &res[opened]))
			rc = fsk_fail(err, FSK_ENOMEM, "out of memory");
		opened++;
	}
	if (rc == FSK_OK)
		run_jobs(multi, jobs, n, parallel, stop);
	for (size_t i = 0; i < opened; i++)
		close_job(multi, &jobs[i]);
	curl_multi_cleanup(multi);
	free(jobs);
	return rc;
}
