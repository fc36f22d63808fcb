/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/e2e/dns.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/procs.h"

size_t
dns_wire(const char *text, uint8_t out[static 256])
{
	size_t at = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, ".");

		ck_assert_uint_le(n, 63);
		ck_assert_uint_lt(at + n + 1, 255);
		out[at++] = (uint8_t)n;
		memcpy(out + at, text, n);
		at += n;
		text += n + (text[n] == '.');
	}
	out[at++] = 0;
	return at;
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

size_t
dns_make(const struct ask *ask, uint16_t id, uint8_t *q)
{
	uint8_t name[256];
	size_t len = 12, n;

	memset(q, 0, 12);
	put16(q, id);
	put16(q + 2, ask->flags | (ask->no_rd ? 0 : F_RD));
	put16(q + 4, 1);
	if (ask->wire != NULL) {
		memcpy(q + len, ask->wire, ask->wire_len);
		len += ask->wire_len;
	} else {
		n = dns_wire(ask->name, name);
		memcpy(q + len, name, n);
		len += n;
	}
	put16(q + len, ask->qtype != 0 ? ask->qtype : T_A);
	put16(q + len + 2, ask->qclass != 0 ? ask->qclass : 1);
	len += 4;
	if (ask->edns || ask->dnssec) {
		static const uint8_t opt[11] = { 0, 0, 41, 16, 0 };

		put16(q + 10, 1);
		memcpy(q + len, opt, sizeof(opt));
		if (ask->dnssec)
			q[len + 7] = 0x80;
		len += sizeof(opt);
		ck_assert_uint_le(ask->options_len, 256);
		put16(q + len - 2, (unsigned)ask->options_len);
		if (ask->options_len > 0)
			memcpy(q + len, ask->options, ask->options_len);
		len += ask->options_len;
	}
	return len;
}

/* Reads a possibly compressed name at *AT. */
static void
read_name(const struct reply *r, size_t *at, uint8_t *out, size_t *out_len)
{
	size_t p = *at, n = 0;
	bool jumped = false;

	for (unsigned hops = 0; hops < 128; hops++) {
		ck_assert_uint_lt(p, r->len);
		if ((r->wire[p] & 0xc0) == 0xc0) {
			ck_assert_uint_lt(p + 1, r->len);
			if (!jumped)
				*at = p + 2;
			jumped = true;
			p = get16(r->wire + p) & 0x3fffu;
			continue;
		}
		ck_assert_uint_le(p + 1 + r->wire[p], r->len);
		ck_assert_uint_le(n + 1 + r->wire[p], 255);
		memcpy(out + n, r->wire + p, 1u + r->wire[p]);
		n += 1u + r->wire[p];
		if (r->wire[p] == 0) {
			if (!jumped)
				*at = p + 1;
			*out_len = n;
			return;
		}
		p += 1u + r->wire[p];
	}
	ck_abort_msg("a name in the answer does not end");
}

static void
read_options(struct reply *r, size_t at, size_t len)
{
	size_t end = at + len;

	while (end - at >= 4) {
		unsigned code = get16(r->wire + at);
		size_t n = get16(r->wire + at + 2);

		at += 4;
		ck_assert_uint_le(n, end - at);
		if (code == 15 && r->edes++ == 0) {
			ck_assert_uint_ge(n, 2);
			r->ede = get16(r->wire + at);
			ck_assert_uint_lt(n - 2, sizeof(r->ede_text));
			memcpy(r->ede_text, r->wire + at + 2, n - 2);
			r->ede_text[n - 2] = '\0';
		}
		at += n;
	}
	ck_assert_uint_eq(at, end);
}

void
dns_read(struct reply *r)
{
	size_t at = 12;

	ck_assert_uint_ge(r->len, 12);
	r->flags = get16(r->wire + 2);
	r->rcode = r->flags & 15;
	r->rrs = 0;
	r->edns = false;
	r->ede = -1;
	r->edes = 0;
	r->ede_text[0] = '\0';
	r->qname_len = 0;
	ck_assert_uint_le(get16(r->wire + 4), 1);
	if (get16(r->wire + 4) == 1) {
		read_name(r, &at, r->qname, &r->qname_len);
		at += 4;
	}
	for (unsigned section = 1; section <= 3; section++)
		for (unsigned n = get16(r->wire + 4 + 2 * section); n > 0;
		     n--) {
			struct rr *rr = &r->rr[r->rrs];
			const uint8_t *p;

			ck_assert_uint_lt(r->rrs, 64);
			read_name(r, &at, rr->owner, &rr->owner_len);
			ck_assert_uint_le(at + 10, r->len);
			p = r->wire + at;
			rr->type = get16(p);
			rr->ttl = (uint32_t)get16(p + 4) << 16 | get16(p + 6);
			rr->rdlen = get16(p + 8);
			rr->rdata = at + 10;
			rr->section = section;
			at += 10 + rr->rdlen;
			ck_assert_uint_le(at, r->len);
			if (rr->type == 41) {
				r->edns = true;
				read_options(r, rr->rdata, rr->rdlen);
			} else {
				r->rrs++;
			}
		}
	ck_assert_uint_eq(at, r->len);
}

static bool
receive(int fd, uint8_t *buf, size_t want, bool whole, size_t *got, long end)
{
	struct pollfd p = { fd, POLLIN, 0 };

	for (*got = 0; *got == 0 || (whole && *got < want);) {
		long left = end - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) != 1)
			return false;
		n = recv(fd, buf + *got, want - *got, 0);
		if (n <= 0)
			return false;
		*got += (size_t)n;
	}
	return true;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Makes *A of TEXT, which is of either family; returns its length. */
static socklen_t
make_address(union address *a, const char *text, unsigned port)
{
	memset(a, 0, sizeof(*a));
	if (strchr(text, ':') == NULL) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		ck_assert_int_eq(inet_pton(AF_INET, text, &a->v4.sin_addr), 1);
		return sizeof(a->v4);
	}
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons((uint16_t)port);
	ck_assert_int_eq(inet_pton(AF_INET6, text, &a->v6.sin6_addr), 1);
	return sizeof(a->v6);
}

bool
dns_ask(
    const char *address, unsigned port, const struct ask *ask, struct reply *r)
{
	static _Atomic uint16_t ids;
	uint16_t id = (uint16_t)(atomic_fetch_add(&ids, 1) * 40503u);
	long end = now_ms() +
	    patience(ask->timeout_ms != 0 ? (long)ask->timeout_ms : 5000);
	union address to, from;
	const socklen_t to_len = make_address(&to, address, port);
	uint8_t q[600], size[2];
	size_t len = dns_make(ask, id, q + 2), n;
	bool good = false;
	int fd;

	fd = socket(to.any.sa_family,
	    (ask->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	put16(q, (unsigned)len);
	if (ask->from != NULL)
		ck_assert_int_eq(
		    bind(fd, &from.any, make_address(&from, ask->from, 0)), 0);
	if (connect(fd, &to.any, to_len) == -1)
		goto out;
	if (ask->tcp) {
		if (send(fd, q, len + 2, MSG_NOSIGNAL) != (ssize_t)len + 2 ||
		    !receive(fd, size, 2, true, &n, end) ||
		    !receive(fd, r->wire, get16(size), true, &r->len, end))
			goto out;
	} else {
		if (send(fd, q + 2, len, MSG_NOSIGNAL) != (ssize_t)len)
			goto out;
		do {
			if (!receive(fd, r->wire, sizeof(r->wire), false,
				&r->len, end))
				goto out;
		} while (r->len < 12 || get16(r->wire) != id);
	}
	dns_read(r);
	good = true;
out:
	close(fd);
	return good;
}

unsigned
dns_count(const struct reply *r, unsigned section, uint16_t type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->rrs; i++)
		n += r->rr[i].section == section &&
		    (type == 0 || r->rr[i].type == type);
	return n;
}

const struct rr *
dns_first(const struct reply *r, unsigned section, uint16_t type)
{
	for (unsigned i = 0; i < r->rrs; i++)
		if (r->rr[i].section == section && r->rr[i].type == type)
			return &r->rr[i];
	return NULL;
}
