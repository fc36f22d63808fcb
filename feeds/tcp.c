/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 100 /* how often the stop flag is looked at */

int64_t
tcp_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- waiting ---- */

static int
check_time(const struct tcp *t, struct fsk_error *err)
{
	if (t->stop != NULL && atomic_load(t->stop))
		return fsk_fail(err, FSK_EINVAL, "stopped");
	if (tcp_now() >= t->deadline)
		return fsk_fail(err, FSK_EINVAL, "the time for it is up");
	return FSK_OK;
}

/* Waits for EVENTS for at most MS; FSK_EIO with WHAT if they do not come. */
static int
await(const struct tcp *t, short events, uint64_t ms, const char *what,
    struct fsk_error *err)
{
	const int64_t end = tcp_now() + (int64_t)ms;
	struct pollfd p = { .fd = t->fd, .events = events };

	for (;;) {
		int64_t now = tcp_now(),
			until = end < t->deadline ? end : t->deadline;
		int rc = check_time(t, err), n;

		if (rc != FSK_OK)
			return rc;
		if (now >= end)
			return fsk_fail(err, FSK_EIO, "%s within %llu s", what,
			    (unsigned long long)(ms + 999) / 1000);
		n = poll(&p, 1,
		    until - now < LOOK_MS ? (int)(until - now) : LOOK_MS);
		if (n == 1)
			return FSK_OK;
		if (n == -1 && errno != EINTR)
			return fsk_fail(
			    err, FSK_EIO, "cannot wait: %s", strerror(errno));
	}
}

int
tcp_pause(struct tcp *t, uint64_t ms, struct fsk_error *err)
{
	const struct tcp none = {
		.fd = -1, .deadline = t->deadline, .stop = t->stop
	};
	int rc = await(&none, 0, ms, "", err);

	return rc == FSK_EIO ? FSK_OK : rc;
}

/* ---- connecting ---- */

int
tcp_addresses(const char *server, const char *port, struct addrinfo **list,
    struct fsk_error *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	const char *colon = strchr(server, ':'), *begin = server, *end;
	char host[256];
	size_t len;
	int rc;

	*list = NULL;
	if (*server == '[') {
		begin++;
		end = strchr(begin, ']');
		len = end != NULL ? (size_t)(end++ - begin) : 0;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		len = (size_t)(colon - server);
		end = colon;
	} else { /* a name, or an address with more than one colon */
		len = strlen(server);
		end = server + len;
	}
	if (len > 0 && *end == ':')
		port = end + 1;
	if (len == 0 || len >= sizeof(host) || (*end != '\0' && *end != ':') ||
	    strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 ||
	    atoi(port) < 1 || atoi(port) > 65535)
		return fsk_fail(err, FSK_EINVAL,
		    "'%s' is no address or name with or without a port",
		    server);
	memcpy(host, begin, len);
	host[len] = '\0';
	rc = getaddrinfo(host, port, &hints, list);
	if (rc != 0)
		return fsk_fail(err, FSK_EIO, "cannot find '%s': %s", host,
		    rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	return FSK_OK;
}

static int
cannot_connect(const struct addrinfo *at, int error, struct fsk_error *err)
{
	char address[64] = "?";

	getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL,
	    0, NI_NUMERICHOST);
	return fsk_fail(
	    err, FSK_EIO, "cannot connect to %s: %s", address, strerror(error));
}

int
tcp_connect(struct tcp *t, const struct addrinfo *at, uint64_t connect_ms,
    struct fsk_error *err)
{
	int error = 0, rc = FSK_OK;
	socklen_t len = sizeof(error);

	t->closed = false;
	t->fd = socket(
	    at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd == -1)
		return cannot_connect(at, errno, err);
	if (connect(t->fd, at->ai_addr, at->ai_addrlen) == -1) {
		error = errno;
		if (error == EINPROGRESS) {
			rc = await(
			    t, POLLOUT, connect_ms, "no connection", err);
			if (rc == FSK_OK &&
			    getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error,
				&len) == -1)
				error = errno;
		}
	}
	if (rc == FSK_OK && error != 0)
		rc = cannot_connect(at, error, err);
	if (rc != FSK_OK)
		tcp_close(t);
	return rc;
}

void
tcp_close(struct tcp *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

/* ---- octets ---- */

int
tcp_write(struct tcp *t, const void *p, size_t len, struct fsk_error *err)
{
	const char *from = p;

	while (len > 0) {
		ssize_t n = send(t->fd, from, len, MSG_NOSIGNAL);
		int rc;

		if (n >= 0) {
			from += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return fsk_fail(err, FSK_EIO,
			    "cannot send to the server: %s", strerror(errno));
		rc = await(
		    t, POLLOUT, t->silence, "the server takes nothing", err);
		if (rc != FSK_OK)
			return rc;
	}
	return FSK_OK;
}

int
tcp_read(struct tcp *t, void *p, size_t len, struct fsk_error *err)
{
	char *to = p;

	while (len > 0) {
		/* Octets may come so fast that there is no waiting. */
		int rc = check_time(t, err);
		ssize_t n;

		if (rc != FSK_OK)
			return rc;
		n = recv(t->fd, to, len, 0);
		if (n > 0) {
			to += n;
			len -= (size_t)n;
			continue;
		}
		t->closed = n == 0 || errno == ECONNRESET;
		if (n == 0)
			return fsk_fail(
			    err, FSK_EIO, "the server cut the connection off");
		if (errno != EAGAIN && errno != EINTR)
			return fsk_fail(err, FSK_EIO,
			    "cannot read from the server: %s", strerror(errno));
		rc = await(
		    t, POLLIN, t->silence, "the server says nothing", err);
		if (rc != FSK_OK)
			return rc;
	}
	return FSK_OK;
}
