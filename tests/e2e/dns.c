/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/e2e/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- queries ---- */

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
dns_name(struct dns_name *name, const char *text)
{
	size_t label = 0; /* where its length stands */

	name->len = 1;
	if (strcmp(text, ".") == 0)
		text++;
	while (*text != '\0') {
		unsigned octet = (uint8_t)*text++;

		if (octet == '.') {
			size_t n = name->len - label - 1;

			if (n == 0 || n > 63 || name->len == DNS_NAME_MAX)
				return false;
			name->wire[label] = (uint8_t)n;
			label = name->len++;
			continue;
		}
		if (octet == '\\' && digit(text[0])) {
			if (!digit(text[1]) || !digit(text[2]))
				return false;
			octet = (unsigned)(text[0] - '0') * 100 +
			    (unsigned)(text[1] - '0') * 10 +
			    (unsigned)(text[2] - '0');
			text += 3;
		} else if (octet == '\\' && *text != '\0') {
			octet = (uint8_t)*text++;
		}
		if (octet > 255 || name->len == DNS_NAME_MAX)
			return false;
		name->wire[name->len++] = (uint8_t)octet;
	}
	if (name->len - label - 1 > 63)
		return false;
	if (name->len - label > 1) { /* no dot at the end */
		if (name->len == DNS_NAME_MAX)
			return false;
		name->wire[label] = (uint8_t)(name->len - label - 1);
		label = name->len++;
	}
	name->wire[label] = 0;
	return true;
}

static void
put16(uint8_t **p, unsigned v)
{
	*(*p)++ = (uint8_t)(v >> 8);
	*(*p)++ = (uint8_t)v;
}

size_t
dns_build(const struct dns_query *q, uint16_t id, uint8_t out[static 512])
{
	struct dns_name name;
	uint8_t *p = out;

	if (!dns_name(&name, q->name))
		return 0;
	put16(&p, id);
	put16(&p, (q->no_rd ? 0u : DNS_RD) | (q->ad ? DNS_AD : 0u) |
		(q->cd ? DNS_CD : 0u));
	put16(&p, 1);
	put16(&p, 0);
	put16(&p, 0);
	put16(&p, q->edns);
	memcpy(p, name.wire, name.len);
	p += name.len;
	put16(&p, q->type);
	put16(&p, q->class == 0 ? CLASS_IN : q->class);
	if (q->edns) { /* RFC 6891 section 6.1.2 */
		*p++ = 0;
		put16(&p, TYPE_OPT);
		put16(&p, 1232);
		put16(&p, 0);
		put16(&p, q->dnssec_ok ? 0x8000 : 0);
		put16(&p, 0);
	}
	return (size_t)(p - out);
}

/* ---- answers ---- */

struct cursor {
	const struct dns_reply *r;
	size_t at;
	bool bad;
};

static unsigned
take(struct cursor *c, unsigned octets)
{
	unsigned v = 0;

	if (c->bad || c->r->len - c->at < octets) {
		c->bad = true;
		return 0;
	}
	for (; octets > 0; octets--)
		v = v << 8 | c->r->wire[c->at++];
	return v;
}

static void
take_name(struct cursor *c, struct dns_name *name)
{
	size_t at = c->at, before = c->r->len;
	bool jumped = false;

	name->len = 0;
	for (;;) {
		unsigned n;

		if (at >= c->r->len)
			break;
		n = c->r->wire[at];
		if (n >= 0xc0) {
			if (c->r->len - at < 2)
				break;
			n = (n & 0x3f) << 8 | c->r->wire[at + 1];
			if (!jumped)
				c->at = at + 2;
			jumped = true;
			if (n >= before) /* backwards only, or for ever */
				break;
			at = before = n;
			continue;
		}
		if (n > 63 || c->r->len - at < n + 1 ||
		    DNS_NAME_MAX - name->len < n + 1)
			break;
		memcpy(name->wire + name->len, c->r->wire + at, n + 1);
		name->len += n + 1;
		at += n + 1;
		if (n == 0) {
			if (!jumped)
				c->at = at;
			return;
		}
	}
	c->bad = true;
}

static const char *
take_opt(struct dns_reply *r, const struct dns_rr *rr)
{
	if (r->edns)
		return "two OPT records";
	if (rr->owner.len != 1 || rr->section != 3)
		return "an OPT record that is none";
	r->edns = true;
	r->ext_rcode = (uint8_t)(rr->ttl >> 24);
	r->edns_version = (uint8_t)(rr->ttl >> 16);
	r->dnssec_ok = (rr->ttl & 0x8000) != 0;
	for (size_t at = 0; at < rr->rdlen; r->options++) {
		const uint8_t *o = rr->rdata + at;

		if (rr->rdlen - at < 4 || r->options == DNS_OPTIONS_MAX)
			return "bad EDNS options";
		r->option[r->options].code = (uint16_t)(o[0] << 8 | o[1]);
		r->option[r->options].len = (uint16_t)(o[2] << 8 | o[3]);
		r->option[r->options].data = o + 4;
		at += 4u + r->option[r->options].len;
		if (at > rr->rdlen)
			return "an EDNS option beyond its record";
	}
	return NULL;
}

const char *
dns_parse(struct dns_reply *r)
{
	struct cursor c = { .r = r };
	const char *wrong;

	r->rrs = r->options = 0;
	r->edns = r->dnssec_ok = false;
	r->id = (uint16_t)take(&c, 2);
	r->flags = (uint16_t)take(&c, 2);
	r->rcode = r->flags & DNS_RCODE;
	for (unsigned s = 0; s < 4; s++)
		r->count[s] = take(&c, 2);
	if (c.bad || r->count[0] != 1)
		return "no header, or not one question";
	take_name(&c, &r->qname);
	r->qtype = (uint16_t)take(&c, 2);
	r->qclass = (uint16_t)take(&c, 2);
	for (unsigned s = 1; s < 4; s++)
		for (unsigned n = r->count[s]; n > 0; n--) {
			struct dns_rr rr = { .section = s };

			take_name(&c, &rr.owner);
			rr.type = (uint16_t)take(&c, 2);
			rr.class = (uint16_t)take(&c, 2);
			rr.ttl = take(&c, 4);
			rr.rdlen = (uint16_t)take(&c, 2);
			if (c.bad || r->len - c.at < rr.rdlen)
				return "a record beyond the end";
			rr.rdata = r->wire + c.at;
			c.at += rr.rdlen;
			if (rr.type == TYPE_OPT) {
				wrong = take_opt(r, &rr);
				if (wrong != NULL)
					return wrong;
			} else if (r->rrs == DNS_RRS_MAX) {
				return "more records than expected";
			} else {
				r->rr[r->rrs++] = rr;
			}
		}
	return c.bad || c.at != r->len ? "octets missing or left over" : NULL;
}

/* ---- sockets ---- */

int
dns_socket(const char *address, unsigned port, bool tcp, long ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET,
	    (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &sin.sin_addr);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == -1 ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

size_t
dns_exchange(const char *address, unsigned port, const uint8_t *query,
    size_t len, uint8_t *answer, size_t room, long ms)
{
	int fd = dns_socket(address, port, false, ms);
	ssize_t n = -1;

	if (fd != -1) {
		if (send(fd, query, len, MSG_NOSIGNAL) == (ssize_t)len)
			n = recv(fd, answer, room, 0);
		close(fd);
	}
	return n < 0 ? 0 : (size_t)n;
}

static bool
read_all(int fd, uint8_t *to, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(fd, to, len, 0);

		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

static size_t
exchange_tcp(const char *address, unsigned port, const uint8_t *query,
    size_t len, struct dns_reply *r, long ms)
{
	int fd = dns_socket(address, port, true, ms);
	uint8_t framed[2 + 512], head[2];
	size_t n = 0;

	if (fd == -1)
		return 0;
	framed[0] = (uint8_t)(len >> 8);
	framed[1] = (uint8_t)len;
	memcpy(framed + 2, query, len);
	if (send(fd, framed, len + 2, MSG_NOSIGNAL) == (ssize_t)(len + 2) &&
	    read_all(fd, head, 2)) {
		n = (size_t)(head[0] << 8 | head[1]);
		if (!read_all(fd, r->wire, n))
			n = 0;
	}
	close(fd);
	return n;
}

const char *
dns_ask(const char *address, unsigned port, const struct dns_query *q,
    struct dns_reply *r, long ms)
{
	uint8_t query[512];
	const char *wrong;
	uint16_t id = 0;
	size_t len;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return "no random number";
	len = dns_build(q, id, query);
	if (len == 0)
		return "the test's own name is bad";
	r->len = q->tcp
	    ? exchange_tcp(address, port, query, len, r, ms)
	    : dns_exchange(address, port, query, len, r->wire,
		  sizeof(r->wire), ms);
	if (r->len == 0)
		return "no answer";
	wrong = dns_parse(r);
	if (wrong == NULL && r->id != id)
		wrong = "another query's answer";
	return wrong;
}
