/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/serve_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "stats/clock.h"

#define IDLE_SECONDS 30 /* of a connection between two requests */
#define STACK_SIZE   (1u << 20)

/* A connection, as far as its time is limited. */
struct connection {
	struct connection *next, **before;
	int fd;
	int64_t since; /* milliseconds: the request or the answer began */
	bool answering;
};

struct http {
	struct MHD_Daemon *daemon;
	http_handler *handler;
	void *arg;
	struct http_limits limits;
	union {
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} addr;
	pthread_mutex_t lock; /* of what is below */
	struct connection *connections;
};

/* ---- connections and their time ---- */

static void
connected(struct http *h, struct MHD_Connection *c, void **context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *n = calloc(1, sizeof(*n));

	*context = n;
	if (n == NULL || info == NULL) {
		free(n);
		*context = NULL;
		return;
	}
	n->fd = info->connect_fd;
	n->since = clock_ms();
	pthread_mutex_lock(&h->lock);
	n->next = h->connections;
	n->before = &h->connections;
	if (n->next != NULL)
		n->next->before = &n->next;
	h->connections = n;
	pthread_mutex_unlock(&h->lock);
}

static void
closed(struct http *h, void **context)
{
	struct connection *n = *context;

	if (n == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	*n->before = n->next;
	if (n->next != NULL)
		n->next->before = n->before;
	pthread_mutex_unlock(&h->lock);
	free(n);
	*context = NULL;
}

static void
connection_changed(void *arg, struct MHD_Connection *c, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connected(arg, c, context);
	else
		closed(arg, context);
}

/* From now on the answer's time counts, or that of the next request. */
static void
turn(struct http *h, struct MHD_Connection *c, bool answering)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *n = info != NULL ? info->socket_context : NULL;

	if (n == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	n->since = clock_ms();
	n->answering = answering;
	pthread_mutex_unlock(&h->lock);
}

static void
completed(void *arg, struct MHD_Connection *c, void **state,
    enum MHD_RequestTerminationCode code)
{
	(void)state;
	(void)code;
	turn(arg, c, false);
}

void
http_reap(struct http *h)
{
	const int64_t now = clock_ms();

	pthread_mutex_lock(&h->lock);
	for (struct connection *n = h->connections; n != NULL; n = n->next)
		if (now - n->since > 1000 *
			(n->answering ? h->limits.body_seconds
				      : h->limits.head_seconds))
			shutdown(n->fd, SHUT_RDWR); /* its thread closes it */
	pthread_mutex_unlock(&h->lock);
}

/* ---- requests ---- */

static enum MHD_Result
send_response(struct MHD_Connection *c, const struct http_response *r)
{
	static const char *const headers[][2] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Content-Security-Policy",
		    "default-src 'none'; script-src 'self'; style-src 'self'; "
		    "img-src 'self' data:; connect-src 'self'; base-uri "
		    "'none'; form-action 'none'; frame-ancestors 'none'" },
	};
	enum MHD_ResponseMemoryMode mode = r->free ? MHD_RESPMEM_MUST_FREE
						   : MHD_RESPMEM_PERSISTENT;
	/* The library's interface has no const; it does not write there. */
	struct MHD_Response *m = MHD_create_response_from_buffer(
	    r->len, (void *)(uintptr_t)r->body, mode);
	enum MHD_Result result;

	if (m == NULL) {
		if (r->free)
			free((void *)(uintptr_t)r->body);
		return MHD_NO;
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		MHD_add_response_header(m, headers[i][0], headers[i][1]);
	MHD_add_response_header(m, "Content-Type", r->type);
	MHD_add_response_header(
	    m, "Cache-Control", r->cache ? "no-cache" : "no-store");
	if (r->withheld != 0) {
		char rows[24];

		snprintf(rows, sizeof(rows), "%" PRIu64, r->withheld);
		MHD_add_response_header(m, "Fraudsink-Withheld", rows);
	}
	if (r->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(m, "WWW-Authenticate", "Bearer");
	if (r->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(m, "Allow", "GET, HEAD");
	if (r->status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(m, "Retry-After", "1");
	result = MHD_queue_response(c, r->status, m);
	MHD_destroy_response(m);
	return result;
}

static enum MHD_Result
handle(void *arg, struct MHD_Connection *c, const char *path,
    const char *method, const char *version, const char *upload, size_t *size,
    void **state)
{
	static const char refused[] =
	    "{\"error\": \"only GET and HEAD are answered\"}\n";
	static int seen;
	struct http *h = arg;
	const struct http_request request = {
		.path = path,
		.authorization = MHD_lookup_connection_value(
		    c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
		.connection = c,
	};
	struct http_response r = { .status = MHD_HTTP_METHOD_NOT_ALLOWED,
		.type = "application/json",
		.body = refused,
		.len = sizeof(refused) - 1 };

	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_response(c, &r);
	if (*state == NULL) {
		*state =
		    &seen; /* the head is there; answered when asked again */
		turn(h, c, true);
		return MHD_YES;
	}
	if (*size != 0) {
		*size = 0; /* a body is passed over */
		return MHD_YES;
	}
	r = (struct http_response){ .status = MHD_HTTP_OK };
	h->handler(h->arg, &request, &r);
	return send_response(c, &r);
}

struct each {
	bool (*each)(void *arg, const char *name, const char *value);
	void *arg;
	bool good;
};

static enum MHD_Result
each_value(
    void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct each *e = arg;

	(void)kind;
	e->good = e->each(e->arg, name, value != NULL ? value : "");
	return e->good ? MHD_YES : MHD_NO;
}

bool
http_query(const struct http_request *request,
    bool (*each)(void *arg, const char *name, const char *value), void *arg)
{
	struct each e = { each, arg, true };

	MHD_get_connection_values(
	    request->connection, MHD_GET_ARGUMENT_KIND, each_value, &e);
	return e.good;
}

/* ---- starting and stopping ---- */

/* "ADDRESS:PORT" or "[ADDRESS]:PORT". */
static bool
parse_address(struct http *h, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	unsigned long port;
	size_t len;
	char *end;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	len = (size_t)(colon - text);
	if (*end != '\0' || port > 65535 || len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &h->addr.in4.sin_addr) == 1) {
		h->addr.in4.sin_family = AF_INET;
		h->addr.in4.sin_port = htons((uint16_t)port);
		return true;
	}
	if (len < 2 || host[0] != '[' || host[len - 1] != ']')
		return false;
	host[len - 1] = '\0';
	h->addr.in6.sin6_family = AF_INET6;
	h->addr.in6.sin6_port = htons((uint16_t)port);
	return inet_pton(AF_INET6, host + 1, &h->addr.in6.sin6_addr) == 1;
}

bool
http_is_loopback(const struct http *h)
{
	if (h->addr.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&h->addr.in6.sin6_addr);
	return ntohl(h->addr.in4.sin_addr.s_addr) >> 24 == 127;
}

int
http_start(struct http **out, const char *address,
    const struct http_limits *limits, http_handler *handler, void *arg,
    struct fsk_error *err)
{
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION |
	    MHD_USE_INTERNAL_POLLING_THREAD;
	struct http *h = calloc(1, sizeof(*h));
	int rc;

	*out = NULL;
	if (h == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	h->handler = handler;
	h->arg = arg;
	h->limits = *limits;
	pthread_mutex_init(&h->lock, NULL);
	if (!parse_address(h, address)) {
		rc = fsk_fail(err, FSK_EINVAL,
		    "'%s' is no address with a port, such as 127.0.0.1:9143",
		    address);
		goto out;
	}
	if (h->addr.any.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, h,
	    MHD_OPTION_SOCK_ADDR, &h->addr.any, MHD_OPTION_CONNECTION_LIMIT,
	    limits->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)HTTP_HEAD_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)IDLE_SECONDS, MHD_OPTION_THREAD_STACK_SIZE,
	    (size_t)STACK_SIZE, MHD_OPTION_NOTIFY_CONNECTION,
	    connection_changed, h, MHD_OPTION_NOTIFY_COMPLETED, completed, h,
	    MHD_OPTION_END);
	if (h->daemon != NULL) {
		*out = h;
		return FSK_OK;
	}
	rc = fsk_fail(err, FSK_EIO, "cannot listen at %s: %s", address,
	    errno != 0 ? strerror(errno) : "the address cannot be used");
out:
	pthread_mutex_destroy(&h->lock);
	free(h);
	return rc;
}

void
http_stop(struct http *h)
{
	if (h == NULL)
		return;
	MHD_stop_daemon(h->daemon);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

unsigned
http_port(const struct http *h)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(
	    h->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info != NULL ? info->port : 0;
}
