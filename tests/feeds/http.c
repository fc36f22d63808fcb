/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/http.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAGES    256
#define SEEN     4096
#define CLIENTS  256
#define HEAD_MAX 16384

struct client {
	struct http *h;
	pthread_t thread;
	int fd; /* -1: the place is free */
	bool ended;
};

struct http {
	int fd;
	unsigned port;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	bool stop;
	struct http_page page[PAGES];
	unsigned pages, nseen, now, most;
	struct http_seen seen[SEEN];
	struct client client[CLIENTS];
};

/* ---- sending ---- */

static bool
stopped(struct http *h)
{
	bool stop;

	pthread_mutex_lock(&h->lock);
	stop = h->stop;
	pthread_mutex_unlock(&h->lock);
	return stop;
}

static bool
send_all(struct client *c, const void *bytes, size_t len)
{
	for (const char *p = bytes; len > 0;) {
		ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool __attribute__((format(printf, 2, 3)))
send_text(struct client *c, const char *fmt, ...)
{
	char *text;
	va_list ap;
	bool good;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		return false;
	good = send_all(c, text, (size_t)n);
	free(text);
	return good;
}

static bool
send_chunk(struct client *c, const void *bytes, size_t len)
{
	return send_text(c, "%zx\r\n", len) && send_all(c, bytes, len) &&
	    send_text(c, "\r\n");
}

/* Waits MS for the client's end; true once it has gone. */
static bool
gone(struct client *c, int ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	char one;

	if (poll(&p, 1, ms) <= 0)
		return false;
	return recv(c->fd, &one, 1, MSG_DONTWAIT) <= 0;
}

static void
send_drop_by_drop(struct client *c, const struct http_page *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!send_all(c, (const char *)p->body + i, 1) ||
		    stopped(c->h) || gone(c, (int)p->number))
			return;
}

static void
send_body(struct client *c, const struct http_page *p, size_t len)
{
	const char *body = p->body;

	switch (p->trick) {
	case HTTP_DRIP:
		send_drop_by_drop(c, p, len);
		break;
	case HTTP_CHUNKED:
	case HTTP_CHUNKED_CUT:
		for (size_t i = 0, n; i < len; i += n) {
			n = len - i < 1000 ? len - i : 1000;
			if (!send_chunk(c, body + i, n))
				return;
		}
		if (p->trick == HTTP_CHUNKED)
			send_text(c, "0\r\n\r\n");
		break;
	case HTTP_ENDLESS:
		while (!stopped(c->h) && send_chunk(c, body, len))
			;
		break;
	default:
		send_all(c, body, len);
		break;
	}
}

/* The header that says how long the body is. */
static bool
send_length(struct client *c, const struct http_page *p, size_t len)
{
	switch (p->trick) {
	case HTTP_TO_THE_END:
		return true;
	case HTTP_CHUNKED:
	case HTTP_CHUNKED_CUT:
	case HTTP_ENDLESS:
		return send_text(c, "Transfer-Encoding: chunked\r\n");
	case HTTP_CUT:
		return send_text(c, "Content-Length: %zu\r\n", len + p->number);
	case HTTP_SHORT:
		return send_text(c, "Content-Length: %zu\r\n", len - p->number);
	default:
		return send_text(c, "Content-Length: %zu\r\n", len);
	}
}

static void
answer(struct client *c, const struct http_page *p, bool known)
{
	const size_t len = p->body == NULL ? 0
	    : p->len != 0                  ? p->len
					   : strlen(p->body);
	const unsigned status = known ? 304 : p->status != 0 ? p->status : 200;

	if (p->trick == HTTP_CLOSE)
		return;
	if (p->trick == HTTP_SILENT) {
		while (!stopped(c->h) && !gone(c, 20))
			;
		return;
	}
	if (p->trick == HTTP_GARBAGE) {
		send_all(c, p->body, len);
		return;
	}
	if (!send_text(
		c, "HTTP/1.1 %u Whatever\r\nConnection: close\r\n", status) ||
	    (p->etag != NULL && !send_text(c, "ETag: %s\r\n", p->etag)) ||
	    (p->modified != NULL &&
		!send_text(c, "Last-Modified: %s\r\n", p->modified)) ||
	    (p->headers != NULL && !send_text(c, "%s", p->headers)))
		return;
	for (unsigned i = 0; p->trick == HTTP_HEADERS && i < p->number; i++)
		if (!send_text(c, "X-Number-%u: %u%060u\r\n", i, i, i))
			return;
	if (known) {
		send_text(c, "\r\n");
		return;
	}
	if (send_length(c, p, len) && send_text(c, "\r\n"))
		send_body(c, p, len);
}

/* ---- requests ---- */

char *
http_header(const struct http_seen *s, const char *name)
{
	const size_t len = strlen(name);

	for (const char *line = s->headers; line != NULL && *line != '\0';
	     line = strchr(line, '\n'), line += line != NULL) {
		const char *value = line + len + 1;

		if (strncasecmp(line, name, len) != 0 || line[len] != ':')
			continue;
		value += strspn(value, " ");
		return strndup(value, strcspn(value, "\r\n"));
	}
	return NULL;
}

static bool
has_header(const struct http_seen *s, const char *name, const char *value)
{
	char *is = http_header(s, name);
	bool same = is != NULL && value != NULL && strcmp(is, value) == 0;

	free(is);
	return same;
}

/* Reads the request's head, terminated, for free(); NULL if it never came. */
static char *
read_head(struct client *c)
{
	char *head = malloc(HEAD_MAX + 1);
	size_t len = 0;

	while (head != NULL && len < HEAD_MAX) {
		ssize_t n = recv(c->fd, head + len, HEAD_MAX - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
		head[len] = '\0';
		if (strstr(head, "\r\n\r\n") != NULL)
			return head;
	}
	free(head);
	return NULL;
}

/* Takes HEAD apart; to a proxy the request line has a whole URL. */
static void
read_request(struct http_seen *s, const char *head)
{
	char target[600] = "", *path = target, *query;

	memset(s, 0, sizeof(*s));
	sscanf(head, "%15s %599s", s->method, target);
	if (strncmp(target, "http://", 7) == 0) {
		path = strchr(target + 7, '/');
		path = path != NULL ? path : target;
	}
	query = strchr(path, '?');
	if (query != NULL) {
		*query = '\0';
		snprintf(s->query, sizeof(s->query), "%.255s", query + 1);
	}
	snprintf(s->path, sizeof(s->path), "%.255s", path);
	head = strchr(head, '\n');
	s->headers = strdup(head != NULL ? head + 1 : "");
}

/* The page for PATH, which is used up by one request. */
static bool
find_page(struct http *h, const char *path, struct http_page *out)
{
	static const struct http_page none = { .status = 404,
		.body = "no such page\n" };

	for (unsigned i = 0; i < h->pages; i++) {
		struct http_page *p = &h->page[i];

		if (p->path == NULL || strcmp(p->path, path) != 0)
			continue;
		*out = *p;
		if (p->times > 0 && --p->times == 0)
			p->path = NULL;
		return true;
	}
	*out = none;
	return false;
}

static void *
serve(void *arg)
{
	struct client *c = arg;
	struct http *h = c->h;
	struct http_page page;
	char *head = read_head(c);
	bool known;

	if (head != NULL) {
		struct http_seen s;

		read_request(&s, head);
		free(head);
		pthread_mutex_lock(&h->lock);
		find_page(h, s.path, &page);
		known = has_header(&s, "If-None-Match", page.etag) ||
		    has_header(&s, "If-Modified-Since", page.modified);
		if (h->nseen < SEEN)
			h->seen[h->nseen++] = s;
		else
			free(s.headers);
		pthread_mutex_unlock(&h->lock);
		answer(c, &page, known);
	}
	shutdown(c->fd, SHUT_WR);
	/* What the client still sends is read, or its end would be a reset. */
	while (!stopped(h) && !gone(c, 20))
		;
	pthread_mutex_lock(&h->lock);
	c->ended = true;
	h->now--;
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* ---- the server ---- */

/* Joins the client's thread once it has ended. */
static void
end_client(struct client *c)
{
	pthread_join(c->thread, NULL);
	close(c->fd);
	c->fd = -1;
	c->ended = false;
}

static void
start_client(struct http *h, int fd)
{
	struct client *c = NULL;
	bool ended;

	for (unsigned i = 0; i < CLIENTS; i++) {
		pthread_mutex_lock(&h->lock);
		ended = h->client[i].ended;
		pthread_mutex_unlock(&h->lock);
		if (ended)
			end_client(&h->client[i]);
		if (h->client[i].fd == -1)
			c = &h->client[i];
	}
	if (c == NULL) {
		close(fd);
		return;
	}
	c->fd = fd;
	pthread_mutex_lock(&h->lock);
	if (++h->now > h->most)
		h->most = h->now;
	pthread_mutex_unlock(&h->lock);
	if (pthread_create(&c->thread, NULL, serve, c) != 0)
		abort();
}

static void *
accept_all(void *arg)
{
	struct http *h = arg;
	struct pollfd p = { .fd = h->fd, .events = POLLIN };

	while (!stopped(h)) {
		int fd;

		if (poll(&p, 1, 20) <= 0)
			continue;
		fd = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			start_client(h, fd);
	}
	return NULL;
}

struct http *
http_start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	struct http *h = calloc(1, sizeof(*h));

	ck_assert_ptr_nonnull(h);
	pthread_mutex_init(&h->lock, NULL);
	for (unsigned i = 0; i < CLIENTS; i++)
		h->client[i] = (struct client){ .h = h, .fd = -1 };
	h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(h->fd, -1);
	ck_assert_int_eq(bind(h->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(h->fd, 128), 0);
	ck_assert_int_eq(getsockname(h->fd, (struct sockaddr *)&at, &len), 0);
	h->port = ntohs(at.sin_port);
	ck_assert_int_eq(pthread_create(&h->thread, NULL, accept_all, h), 0);
	return h;
}

void
http_stop(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (h->client[i].fd != -1) {
			shutdown(h->client[i].fd, SHUT_RDWR);
			end_client(&h->client[i]);
		}
	close(h->fd);
	http_clear(h);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* ---- what tests say and ask ---- */

void
http_page(struct http *h, const struct http_page *page)
{
	pthread_mutex_lock(&h->lock);
	ck_assert_uint_lt(h->pages, PAGES);
	h->page[h->pages++] = *page;
	pthread_mutex_unlock(&h->lock);
}

void
http_clear(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	h->pages = 0;
	for (unsigned i = 0; i < h->nseen; i++)
		free(h->seen[i].headers);
	h->nseen = 0;
	h->most = h->now;
	pthread_mutex_unlock(&h->lock);
}

unsigned
http_port(const struct http *h)
{
	return h->port;
}

const char *
http_url(const struct http *h, const char *path)
{
	static char url[32][300];
	static unsigned next;
	char *at = url[next++ % 32];

	snprintf(at, sizeof(url[0]), "http://127.0.0.1:%u%s", h->port, path);
	return at;
}

unsigned
http_count(struct http *h, const char *path)
{
	unsigned n = 0;

	pthread_mutex_lock(&h->lock);
	for (unsigned i = 0; i < h->nseen; i++)
		n += path == NULL || strcmp(h->seen[i].path, path) == 0;
	pthread_mutex_unlock(&h->lock);
	return n;
}

unsigned
http_now(struct http *h)
{
	unsigned now;

	pthread_mutex_lock(&h->lock);
	now = h->now;
	pthread_mutex_unlock(&h->lock);
	return now;
}

unsigned
http_most(struct http *h)
{
	unsigned most;

	pthread_mutex_lock(&h->lock);
	most = h->most;
	pthread_mutex_unlock(&h->lock);
	return most;
}

const struct http_seen *
http_seen(struct http *h, unsigned i)
{
	pthread_mutex_lock(&h->lock);
	ck_assert_msg(i < h->nseen, "only %u requests were seen", h->nseen);
	pthread_mutex_unlock(&h->lock);
	return &h->seen[i];
}

bool
http_heard(struct http *h, const char *text)
{
	bool heard = false;

	pthread_mutex_lock(&h->lock);
	for (unsigned i = 0; i < h->nseen; i++)
		heard |= strstr(h->seen[i].headers, text) != NULL ||
		    strstr(h->seen[i].query, text) != NULL ||
		    strstr(h->seen[i].path, text) != NULL;
	pthread_mutex_unlock(&h->lock);
	return heard;
}
