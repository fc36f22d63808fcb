/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/tsig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUDGE        300 /* seconds; RFC 8945 section 10 recommends it */
#define UNSIGNED_MAX 99  /* messages in a row */
#define CLASS_ANY    255

enum { BADSIG = 16, BADKEY = 17, BADTIME = 18, BADTRUNC = 22 };

struct tsig {
	struct fsk_name key, algorithm;
	struct dns_mac *mac;
	bool first; /* no message of the answer was signed yet */
	unsigned unsigned_messages;
};

int
tsig_new(struct tsig **out, const char *name, const char *algorithm,
    const char *secret, struct fsk_error *err)
{
	struct tsig *t = calloc(1, sizeof(*t));
	const char *why = NULL;

	*out = NULL;
	if (t == NULL)
		return fsk_fail(err, FSK_ENOMEM, "out of memory");
	if (fsk_name_from_text(&t->key, name, strlen(name)) != NULL)
		why = "the TSIG name is no name";
	if (why == NULL)
		t->mac = dns_mac_new(algorithm, secret, &why);
	if (why == NULL)
		why = fsk_name_from_text(
		    &t->algorithm, algorithm, strlen(algorithm));
	if (why != NULL) {
		tsig_free(t);
		return fsk_fail(err, FSK_EINVAL, "%s", why);
	}
	*out = t;
	return FSK_OK;
}

void
tsig_free(struct tsig *t)
{
	if (t == NULL)
		return;
	dns_mac_free(t->mac);
	free(t);
}

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

/* ---- what is hashed ---- */

/* The prior signature (section 4.3.1). */
static void
add_prior(struct tsig *t, const uint8_t *mac, size_t len)
{
	uint8_t count[2];

	put16(count, (unsigned)len);
	dns_mac_add(t->mac, count, 2);
	dns_mac_add(t->mac, mac, len);
}

/* The variables (section 4.3.3), or of them only the timers. */
static void
add_variables(struct tsig *t, const struct dns_tsig *r, bool all)
{
	static const uint8_t class_and_ttl[6] = { 0, CLASS_ANY };
	uint8_t count[2];

	if (all) {
		dns_mac_add(t->mac, t->key.wire, t->key.len);
		dns_mac_add(t->mac, class_and_ttl, sizeof(class_and_ttl));
		dns_mac_add(t->mac, t->algorithm.wire, t->algorithm.len);
	}
	dns_mac_add(t->mac, r->time, sizeof(r->time));
	dns_mac_add(t->mac, r->fudge, sizeof(r->fudge));
	if (all) {
		put16(count, (unsigned)r->other_len);
		dns_mac_add(t->mac, r->error, sizeof(r->error));
		dns_mac_add(t->mac, count, 2);
		dns_mac_add(t->mac, r->other, r->other_len);
	}
}

/* ---- the question ---- */

void
tsig_sign(struct tsig *t, uint8_t *query, size_t *len, int64_t now)
{
	struct dns_tsig r = { .mac_len = dns_mac_len(t->mac) };
	uint8_t *p = query + *len;
	uint8_t mac[DNS_MAC_MAX];
	size_t rdata = t->algorithm.len + 16 + r.mac_len;

	for (unsigned i = 0; i < sizeof(r.time); i++)
		r.time[i] = (uint8_t)((uint64_t)now >> (40 - 8 * i));
	put16(r.fudge, FUDGE);
	dns_mac_begin(t->mac);
	dns_mac_add(t->mac, query, *len);
	add_variables(t, &r, true);
	dns_mac_end(t->mac, mac);

	memcpy(p, t->key.wire, t->key.len);
	p += t->key.len;
	memset(p, 0, 8); /* the TTL is 0 */
	put16(p, DNS_TSIG);
	put16(p + 2, CLASS_ANY);
	put16(p + 8, (unsigned)rdata);
	p += 10;
	memcpy(p, t->algorithm.wire, t->algorithm.len);
	p += t->algorithm.len;
	memcpy(p, r.time, sizeof(r.time));
	memcpy(p + 6, r.fudge, sizeof(r.fudge));
	put16(p + 8, (unsigned)r.mac_len);
	p += 10;
	memcpy(p, mac, r.mac_len);
	p += r.mac_len;
	memcpy(p, query, 2); /* the original id */
	memset(p + 2, 0, 4); /* no error, no other data */
	*len = (size_t)(p + 6 - query);
	put16(query + 10, get16(query + 10) + 1);

	t->first = true;
	t->unsigned_messages = 0;
	add_prior(t, mac, r.mac_len);
}

/* ---- the answer ---- */

static int
bad_key(const struct tsig *t, const char *error, struct fsk_error *err)
{
	char text[DNS_TEXT_MAX];

	dns_name(t->key.wire, text);
	return fsk_fail(err, FSK_EINVAL,
	    "the server does not accept the TSIG key '%s': %s", text, error);
}

/* Whether both are the same, in a time that does not tell where they differ. */
static bool
same(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint8_t differ = 0;

	while (len-- > 0)
		differ |= *a++ ^ *b++;
	return differ == 0;
}

static bool
is_name(const struct fsk_name *a, const struct fsk_name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

static int
check_signature(struct tsig *t, const struct dns_message *m,
    const struct dns_tsig *r, struct fsk_error *err)
{
	uint8_t header[DNS_HEADER], mac[DNS_MAC_MAX];

	/* The message as it was before it was signed. */
	memcpy(header, m->at, DNS_HEADER);
	put16(header, r->id);
	put16(header + 10, get16(header + 10) - 1);
	dns_mac_add(t->mac, header, DNS_HEADER);
	dns_mac_add(t->mac, m->at + DNS_HEADER, m->tsig - DNS_HEADER);
	add_variables(t, r, t->first);
	dns_mac_end(t->mac, mac);
	/* A shortened one (section 5.2.2.1) is no good one here. */
	if (r->mac_len != dns_mac_len(t->mac) || !same(mac, r->mac, r->mac_len))
		return fsk_fail(
		    err, FSK_EINVAL, "the server's signature is wrong");
	add_prior(t, mac, r->mac_len);
	t->first = false;
	t->unsigned_messages = 0;
	return FSK_OK;
}

static int
check_time(const struct dns_tsig *r, int64_t now, struct fsk_error *err)
{
	int64_t then = 0, apart;

	for (unsigned i = 0; i < sizeof(r->time); i++)
		then = then << 8 | r->time[i];
	apart = then > now ? then - now : now - then;
	if (get16(r->error) != BADTIME && apart <= (int64_t)get16(r->fudge))
		return FSK_OK;
	return fsk_fail(err, FSK_EINVAL,
	    "the server's clock and ours differ too much (BADTIME)");
}

int
tsig_check(struct tsig *t, const struct dns_message *m, int64_t now,
    struct fsk_error *err)
{
	struct dns_tsig r;
	int rc;

	if (m->tsig == 0) {
		if (t->first)
			return fsk_fail(err, FSK_EINVAL,
			    "the server's answer is not signed");
		if (++t->unsigned_messages > UNSIGNED_MAX)
			return fsk_fail(err, FSK_EINVAL,
			    "too many messages without a signature");
		dns_mac_add(t->mac, m->at, m->len);
		return FSK_OK;
	}
	if (!dns_tsig(m, &r))
		return fsk_fail(
		    err, FSK_EINVAL, "the server's signature is damaged");
	switch (get16(r.error)) {
	case BADSIG:
		return bad_key(t, "BADSIG (is the secret right?)", err);
	case BADKEY:
		return bad_key(
		    t, "BADKEY (are its name and algorithm right?)", err);
	case BADTRUNC:
		return bad_key(t, "BADTRUNC", err);
	}
	if (!is_name(&r.key, &t->key) || !is_name(&r.algorithm, &t->algorithm))
		return fsk_fail(err, FSK_EINVAL,
		    "the server's signature is of another key");
	rc = check_signature(t, m, &r, err);
	return rc == FSK_OK ? check_time(&r, now, err) : rc;
}
