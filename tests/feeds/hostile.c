/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/feeds/hostile.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tests/e2e/dns.h"
#include "tests/e2e/procs.h"

#define KEY     "secret of fraudsink's tests!"
#define MAC_LEN 32
#define TTL     60

/* What is under way on a connection. */
struct talk {
	int fd;
	uint8_t query[1024];
	size_t query_len, question_len; /* header included */
	uint8_t message[2 + 65535];     /* its length, then the message */
	size_t len;                     /* of it, without that */
	bool begun;
	uint8_t *hashed; /* for the next signature */
	size_t hashed_len;
	bool first;     /* no signature yet */
	bool is_signed; /* the message is */
};

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* ---- octets ---- */

static bool
read_all(int fd, uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(fd, p, len, 0);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
send_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* The client's end is the only thing that is waited for. */
static void
await_end(int fd)
{
	uint8_t octet;

	while (recv(fd, &octet, 1, 0) > 0)
		continue;
}

static bool
read_query(struct talk *t)
{
	uint8_t prefix[2];

	if (!read_all(t->fd, prefix, 2))
		return false;
	t->query_len = get16(prefix);
	if (t->query_len < 12 || t->query_len > sizeof(t->query) ||
	    !read_all(t->fd, t->query, t->query_len))
		return false;
	t->question_len = 12;
	while (t->query[t->question_len] != 0)
		t->question_len += 1u + t->query[t->question_len];
	t->question_len += 5;
	return true;
}

/* ---- messages ---- */

static void
begin(struct talk *t)
{
	uint8_t *m = t->message + 2;

	if (t->begun)
		return;
	memcpy(m, t->query, t->question_len);
	put16(m + 2, F_QR | F_AA);
	put16(m + 6, 0);
	put16(m + 8, 0);
	put16(m + 10, 0);
	t->len = t->question_len;
	t->begun = true;
}

/* Adds a record; COUNT is the place of its section's number in the header. */
static void
add(struct talk *t, unsigned count, const char *owner, unsigned type,
    unsigned class, unsigned ttl, const uint8_t *rdata, size_t len)
{
	uint8_t name[256], *m = t->message + 2;
	size_t n = dns_wire(owner, name);

	begin(t);
	ck_assert_uint_le(t->len + n + 10 + len, 65535);
	memcpy(m + t->len, name, n);
	t->len += n;
	put16(m + t->len, type);
	put16(m + t->len + 2, class);
	put16(m + t->len + 4, ttl >> 16);
	put16(m + t->len + 6, ttl);
	put16(m + t->len + 8, (unsigned)len);
	memcpy(m + t->len + 10, rdata, len);
	t->len += 10 + len;
	put16(m + count, get16(m + count) + 1);
}

static void
add_soa(struct talk *t, const char *zone, uint32_t serial)
{
	/* ns.test. admin.test. SERIAL 3600 1200 604800 60 */
	static const uint8_t tail[] = { 0, 0, 0x0e, 0x10, 0, 0, 0x04, 0xb0, 0,
		9, 0x3a, 0x80, 0, 0, 0, 60 };
	uint8_t rdata[600];
	size_t len = dns_wire("ns.test", rdata);

	len += dns_wire("admin.test", rdata + len);
	put16(rdata + len, serial >> 16);
	put16(rdata + len + 2, serial & 0xffff);
	memcpy(rdata + len + 4, tail, sizeof(tail));
	add(t, 6, zone, T_SOA, 1, TTL, rdata, len + 4 + sizeof(tail));
}

static void
add_cname(struct talk *t, const char *name, unsigned ttl)
{
	char owner[256];

	snprintf(owner, sizeof(owner), "%s.%s", name, HOSTILE_ZONE);
	add(t, 6, owner, T_CNAME, 1, ttl, (const uint8_t *)"", 1);
}

static void
hash(struct talk *t, const void *p, size_t len)
{
	t->hashed = realloc(t->hashed, t->hashed_len + len);
	ck_assert_ptr_nonnull(t->hashed);
	memcpy(t->hashed + t->hashed_len, p, len);
	t->hashed_len += len;
}

static void
hash_prior(struct talk *t, const uint8_t *mac)
{
	static const uint8_t len[2] = { 0, MAC_LEN };

	t->hashed_len = 0;
	hash(t, len, 2);
	hash(t, mac, MAC_LEN);
}

static bool
send_message(struct talk *t)
{
	if (!t->begun)
		return true;
	/* One without a signature goes into the next one. */
	if (t->hashed_len > 0 && !t->is_signed)
		hash(t, t->message + 2, t->len);
	t->is_signed = false;
	put16(t->message, (unsigned)t->len);
	t->begun = false;
	return send_all(t->fd, t->message, t->len + 2);
}

/* ---- signatures (RFC 8945 sections 4.2, 4.3 and 5.3.1) ---- */

/* The question's: it is the last record's, the algorithm being known. */
static void
begin_signing(struct talk *t)
{
	if (get16(t->query + 10) == 1)
		hash_prior(t, t->query + t->query_len - 6 - MAC_LEN);
	t->first = true;
}

static void
sign(struct talk *t, const char *spoil)
{
	const bool refusal = strncmp(spoil, "bad", 3) == 0;
	const bool late = strcmp(spoil, "badtime") == 0;
	const uint64_t now = (uint64_t)time(NULL) +
	    (strcmp(spoil, "early") == 0 ? 3600 : 0) -
	    (strcmp(spoil, "late") == 0 ? 3600 : 0);
	const unsigned error = !refusal    ? 0
	    : late                         ? 18
	    : strcmp(spoil, "badkey") == 0 ? 17
					   : 16;
	const bool empty = refusal && !late;
	uint8_t rdata[256], fields[32], mac[64], name[256];
	unsigned mac_len = MAC_LEN, other = late ? 6 : 0;
	size_t len, n = 0;

	begin(t);
	for (unsigned i = 0; i < 6; i++)
		fields[i] = (uint8_t)(now >> (40 - 8 * i));
	put16(fields + 6, 300);
	hash(t, t->message + 2, t->len);
	if (t->first) {
		hash(t, name, dns_wire(HOSTILE_KEY, name));
		hash(t, (const uint8_t[]){ 0, 255, 0, 0, 0, 0 }, 6);
		hash(t, name, dns_wire("hmac-sha256", name));
	}
	hash(t, fields, 8);
	if (t->first) {
		put16(fields + 8, error);
		put16(fields + 10, other);
		hash(t, fields + 8, 4);
		hash(t, fields, other);
	}
	HMAC(EVP_sha256(), KEY, sizeof(KEY) - 1, t->hashed, t->hashed_len, mac,
	    &mac_len);
	hash_prior(t, mac);
	t->first = false;
	t->is_signed = true;
	if (strcmp(spoil, "mac") == 0)
		mac[31] ^= 1;
	if (strcmp(spoil, "short") == 0)
		mac_len = 16;
	if (empty)
		mac_len = 0;
	len = dns_wire(
	    strcmp(spoil, "algorithm") == 0 ? "hmac-sha1" : "hmac-sha256",
	    rdata);
	memcpy(rdata + len, fields, 8);
	put16(rdata + len + 8, mac_len);
	n = len + 10;
	memcpy(rdata + n, mac, mac_len);
	n += mac_len;
	memcpy(rdata + n, t->message + 2, 2);
	put16(rdata + n + 2, error);
	put16(rdata + n + 4, other);
	memcpy(rdata + n + 6, fields, other);
	add(t, strcmp(spoil, "moved") == 0 ? 8 : 10,
	    strcmp(spoil, "key") == 0 ? "other.test" : HOSTILE_KEY, 250, 255, 0,
	    rdata, n + 6 + other);
}

/* ---- scripts ---- */

static void
spoil(struct talk *t, const char *how)
{
	uint8_t *m = t->message + 2;

	begin(t);
	if (strcmp(how, "id") == 0)
		m[0] ^= 1;
	else if (strcmp(how, "query") == 0)
		m[2] &= 0x7f;
	else if (strcmp(how, "opcode") == 0)
		m[2] |= 0x28;
	else if (strcmp(how, "questions") == 0)
		m[5] = 2;
	else if (strcmp(how, "none") == 0) {
		/* Before any record. */
		m[5] = 0;
		t->len = 12;
	} else if (strcmp(how, "type") == 0)
		m[t->question_len - 3] = T_A;
	else if (strcmp(how, "zone") == 0)
		m[13] ^= 1;
	else if (strcmp(how, "class") == 0)
		m[t->question_len - 1] = 3;
	else if (strcmp(how, "octets") == 0)
		t->len++;
	else if (strcmp(how, "short") == 0)
		t->len = 11;
	else if (strcmp(how, "count") == 0)
		m[7]++;
	else
		ck_abort_msg("no such word: !%s", how);
}

/* One record or many. */
static bool
say_names(struct talk *t, char *word)
{
	char *star = strchr(word, '*'), *equals = strchr(word, '=');
	unsigned ttl = equals != NULL ? (unsigned)atoi(equals + 1) : TTL;
	unsigned long n = 1;

	if (equals != NULL)
		*equals = '\0';
	if (star == NULL) {
		add_cname(t, word, ttl);
		return true;
	}
	*star = '\0';
	n = star[1] != '\0' ? strtoul(star + 1, NULL, 10) : ULONG_MAX;
	for (unsigned long i = 0; i < n; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%.40s%lu", word, i);
		add_cname(t, name, ttl);
		if (t->len > 60000 && !send_message(t))
			return false;
	}
	return true;
}

static bool
say_messages(struct talk *t, const char *word)
{
	unsigned n = (unsigned)atoi(word);

	for (unsigned i = 0; i < n; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%u", strchr(word, ':') + 1, i);
		add_cname(t, name, TTL);
		if (!send_message(t))
			return false;
	}
	return true;
}

/* Says WORD; false if that was the end. */
static bool
say(struct talk *t, char *word)
{
	const bool number = word[1] >= '0' && word[1] <= '9';

	if (word[0] == '/') {
		return send_message(t);
	} else if (word[0] == '~') {
		return false;
	} else if (word[0] == '%') {
		put16(t->message, (unsigned)t->len);
		send_all(t->fd, t->message, t->len / 2);
		shutdown(t->fd, SHUT_RDWR);
		return false;
	} else if (word[0] == '#') {
		begin(t);
		t->message[2 + 3] |= (uint8_t)atoi(word + 1);
	} else if (word[0] == '!') {
		spoil(t, word + 1);
	} else if (word[0] == '$') {
		sign(t, word + 1);
	} else if ((word[0] == 'S' || word[0] == 'Z') && number) {
		add_soa(t, word[0] == 'S' ? HOSTILE_ZONE : "other.test",
		    (uint32_t)strtoul(word + 1, NULL, 10));
	} else if (word[0] == 'x' && number) {
		return say_messages(t, word + 1);
	} else {
		return say_names(t, word);
	}
	return true;
}

static void
serve(struct hostile *h, struct talk *t)
{
	const char *script;
	char *copy, *save, *word;

	if (!read_query(t))
		return;
	atomic_fetch_add(&h->connections, 1);
	if (get16(t->query + t->question_len - 4) == 251) {
		atomic_fetch_add(&h->ixfrs, 1);
		script = h->ixfr;
	} else {
		atomic_fetch_add(&h->axfrs, 1);
		script = h->axfr;
	}
	if (script == NULL)
		return;
	begin_signing(t);
	copy = strdup(script);
	ck_assert_ptr_nonnull(copy);
	word = strtok_r(copy, " ", &save);
	while (word != NULL && say(t, word))
		word = strtok_r(NULL, " ", &save);
	if (word == NULL)
		send_message(t);
	free(copy);
	await_end(t->fd);
}

static void *
run(void *arg)
{
	struct hostile *h = arg;
	struct talk *t = malloc(sizeof(*t));

	ck_assert_ptr_nonnull(t);
	for (;;) {
		*t = (struct talk){ .fd = accept(h->fd, NULL, NULL) };
		if (t->fd == -1)
			break;
		serve(h, t);
		close(t->fd);
		free(t->hashed);
	}
	free(t);
	return NULL;
}

void
hostile_start(struct hostile *h)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);

	ck_assert_int_eq(inet_pton(AF_INET, own_address(), &at.sin_addr), 1);
	h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(h->fd, -1);
	ck_assert_int_eq(bind(h->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(h->fd, 8), 0);
	ck_assert_int_eq(getsockname(h->fd, (struct sockaddr *)&at, &len), 0);
	snprintf(h->server, sizeof(h->server), "%s:%u", own_address(),
	    (unsigned)ntohs(at.sin_port));
	ck_assert_int_eq(pthread_create(&h->thread, NULL, run, h), 0);
}

void
hostile_stop(struct hostile *h)
{
	shutdown(h->fd, SHUT_RDWR);
	pthread_join(h->thread, NULL);
	close(h->fd);
}
