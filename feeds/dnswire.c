/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/dnswire.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldns/ldns.h>

/* ---- text ---- */

/* Whether C is written as it is, in a name or between quotes. */
static bool
is_plain(uint8_t c, const char *special)
{
	return c > 0x20 && c < 0x7f && strchr(special, c) == NULL;
}

static size_t
escape(char *out, uint8_t c, const char *special)
{
	if (is_plain(c, special)) {
		*out = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = (char)('0' + c / 100);
	out[2] = (char)('0' + c / 10 % 10);
	out[3] = (char)('0' + c % 10);
	return 4;
}

size_t
dns_name(const uint8_t *wire, char text[static DNS_TEXT_MAX])
{
	size_t len = 0;

	if (*wire == 0)
		text[len++] = '.';
	while (*wire != 0) {
		for (unsigned n = *wire++; n > 0; n--)
			len += escape(text + len, *wire++, ".\\\"();@$");
		text[len++] = '.';
	}
	text[len] = '\0';
	return len;
}

static void
put_text(struct dns_line *l, const char *text)
{
	size_t len = strlen(text);

	memcpy(l->text + l->len, text, len);
	l->len += len;
}

static void
put_number(struct dns_line *l, uint32_t number)
{
	l->len += (size_t)sprintf(l->text + l->len, "%u", number);
}

static void
put_string(struct dns_line *l, const uint8_t *p, size_t len)
{
	l->text[l->len++] = '"';
	for (; len > 0; len--, p++)
		/* A blank is plain in here; all else is as in a name. */
		if (*p == ' ')
			l->text[l->len++] = ' ';
		else
			l->len += escape(l->text + l->len, *p, "\\\"");
	l->text[l->len++] = '"';
}

/* ---- walking a message ---- */

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* Skips a name, compressed or not. */
static bool
skip_name(const struct dns_message *m, size_t *at)
{
	while (*at < m->len && m->at[*at] != 0) {
		uint8_t c = m->at[*at];

		if (c >= 0xc0) {
			*at += 2;
			return *at <= m->len;
		}
		if (c > FSK_LABEL_MAX)
			return false;
		*at += c + 1u;
	}
	return (*at)++ < m->len;
}

/* Skips a record; *RDATA is where its data begins. */
static bool
skip_record(const struct dns_message *m, size_t *at, size_t *rdata)
{
	if (!skip_name(m, at) || m->len - *at < 10)
		return false;
	*rdata = *at + 10;
	if (m->len - *rdata < get16(m->at + *at + 8))
		return false;
	*at = *rdata + get16(m->at + *at + 8);
	return true;
}

/* Reads the name at *AT, which ends before END. */
static bool
read_name(
    const struct dns_message *m, size_t end, size_t *at, struct fsk_name *name)
{
	ldns_rdf *rdf = NULL;
	bool good = ldns_wire2dname(&rdf, m->at, end, at) == LDNS_STATUS_OK &&
	    fsk_name_from_wire(name, ldns_rdf_data(rdf), ldns_rdf_size(rdf));

	ldns_rdf_deep_free(rdf);
	return good;
}

const char *
dns_open(struct dns_message *m, const uint8_t *wire, size_t len)
{
	size_t at = DNS_HEADER, begin, rdata;
	unsigned others;

	*m = (struct dns_message){ .at = wire, .len = len };
	if (len < DNS_HEADER)
		return "a message is too short";
	m->id = (uint16_t)get16(wire);
	m->flags = (uint16_t)get16(wire + 2);
	m->rcode = m->flags & 15;
	m->questions = get16(wire + 4);
	m->answers = get16(wire + 6);
	others = get16(wire + 8) + get16(wire + 10);
	if (m->questions > 1)
		return "a message has more than one question";
	if (m->questions == 1) {
		if (!read_name(m, len, &at, &m->name) || len - at < 4)
			return "a message is damaged";
		m->type = get16(wire + at);
		if (get16(wire + at + 2) != LDNS_RR_CLASS_IN)
			return "a message is of another class";
		at += 4;
	}
	m->next = at;
	for (unsigned i = 0; i < m->answers + others; i++) {
		begin = at;
		if (!skip_record(m, &at, &rdata))
			return "a message is damaged";
		if (get16(wire + rdata - 10) != DNS_TSIG)
			continue;
		/* RFC 8945 section 5.1: it is the very last. */
		if (at != len || get16(wire + 10) == 0)
			return "a message has its signature at a wrong place";
		m->tsig = begin;
	}
	return at == len ? NULL : "a message is longer than its records";
}

/* ---- records ---- */

static void
put_rdf(struct dns_line *l, const ldns_rdf *rdf)
{
	const uint8_t *data = ldns_rdf_data(rdf);
	char text[DNS_TEXT_MAX];
	struct fsk_name name;

	text[0] = '\0';
	switch ((int)ldns_rdf_get_type(rdf)) {
	case LDNS_RDF_TYPE_DNAME:
		if (fsk_name_from_wire(&name, data, ldns_rdf_size(rdf)))
			dns_name(name.wire, text);
		put_text(l, text);
		break;
	case LDNS_RDF_TYPE_INT16:
		put_number(l, ldns_rdf2native_int16(rdf));
		break;
	case LDNS_RDF_TYPE_INT32:
	case LDNS_RDF_TYPE_PERIOD:
		put_number(l, ldns_rdf2native_int32(rdf));
		break;
	case LDNS_RDF_TYPE_A:
		put_text(l, inet_ntop(AF_INET, data, text, sizeof(text)));
		break;
	case LDNS_RDF_TYPE_AAAA:
		put_text(l, inet_ntop(AF_INET6, data, text, sizeof(text)));
		break;
	case LDNS_RDF_TYPE_STR:
		put_string(l, data + 1, data[0]);
		break;
	}
}

/* Types with few fields, and all those with names that may be compressed (RFC
 * 3597 section 4): through ldns.  BEGIN and END are of the whole record, which
 * has so many FIELDS at least. */
static bool
put_fields(const struct dns_message *m, size_t fields, size_t begin, size_t end,
    struct dns_line *l)
{
	ldns_rr *rr = NULL;
	bool good = ldns_wire2rr(&rr, m->at, end, &begin,
			LDNS_SECTION_ANSWER) == LDNS_STATUS_OK &&
	    begin == end && ldns_rr_rd_count(rr) >= fields;

	for (size_t i = 0; good && i < ldns_rr_rd_count(rr); i++) {
		l->text[l->len++] = i == 0 ? '\t' : ' ';
		put_rdf(l, ldns_rr_rdf(rr, i));
	}
	if (good && l->soa)
		l->serial = ldns_rdf2native_int32(ldns_rr_rdf(rr, 2));
	ldns_rr_free(rr);
	return good;
}

static bool
put_strings(const uint8_t *p, size_t len, struct dns_line *l)
{
	if (len == 0)
		return false;
	for (char before = '\t'; len > 0; before = ' ') {
		size_t n = *p + 1u;

		if (n > len)
			return false;
		l->text[l->len++] = before;
		put_string(l, p + 1, n - 1);
		p += n;
		len -= n;
	}
	return true;
}

/* Any type (RFC 3597 section 5). */
static void
put_generic(const uint8_t *p, size_t len, struct dns_line *l)
{
	static const char hex[] = "0123456789abcdef";

	l->len += (size_t)sprintf(l->text + l->len, "\t\\# %zu", len);
	if (len > 0)
		l->text[l->len++] = ' ';
	for (; len > 0; len--, p++) {
		l->text[l->len++] = hex[*p >> 4];
		l->text[l->len++] = hex[*p & 15];
	}
}

static bool
put_rdata(const struct dns_message *m, const ldns_rr_descriptor *d,
    unsigned type, size_t begin, size_t rdata, size_t end, struct dns_line *l)
{
	switch (type) {
	case LDNS_RR_TYPE_A:
	case LDNS_RR_TYPE_NS:
	case LDNS_RR_TYPE_MD:
	case LDNS_RR_TYPE_MF:
	case LDNS_RR_TYPE_CNAME:
	case LDNS_RR_TYPE_SOA:
	case LDNS_RR_TYPE_MB:
	case LDNS_RR_TYPE_MG:
	case LDNS_RR_TYPE_MR:
	case LDNS_RR_TYPE_PTR:
	case LDNS_RR_TYPE_MINFO:
	case LDNS_RR_TYPE_MX:
	case LDNS_RR_TYPE_RP:
	case LDNS_RR_TYPE_AFSDB:
	case LDNS_RR_TYPE_RT:
	case LDNS_RR_TYPE_PX:
	case LDNS_RR_TYPE_AAAA:
	case LDNS_RR_TYPE_SRV:
	case LDNS_RR_TYPE_NAPTR:
	case LDNS_RR_TYPE_KX:
	case LDNS_RR_TYPE_DNAME:
		return put_fields(
		    m, ldns_rr_descriptor_minimum(d), begin, end, l);
	case LDNS_RR_TYPE_TXT:
		return put_strings(m->at + rdata, end - rdata, l);
	default:
		put_generic(m->at + rdata, end - rdata, l);
		return true;
	}
}

const char *
dns_next(struct dns_message *m, struct dns_line *l)
{
	const size_t begin = m->next;
	size_t at = begin, name = begin, rdata;
	const ldns_rr_descriptor *d;
	const uint8_t *fixed;
	unsigned type;

	if (!skip_record(m, &at, &rdata) || !read_name(m, at, &name, &l->name))
		return "a record is damaged";
	m->next = at;
	fixed = m->at + rdata - 10;
	type = get16(fixed);
	if (get16(fixed + 2) != LDNS_RR_CLASS_IN)
		return "a record is of another class";
	l->soa = type == DNS_SOA;
	l->len = dns_name(l->name.wire, l->text);
	l->len += (size_t)sprintf(l->text + l->len, "\t%u\tIN\t",
	    get16(fixed + 4) << 16 | get16(fixed + 6));
	d = ldns_rr_descript((uint16_t)type);
	if (d->_type == type && d->_name != NULL)
		put_text(l, d->_name);
	else
		l->len += (size_t)sprintf(l->text + l->len, "TYPE%u", type);
	return put_rdata(m, d, type, begin, rdata, at, l)
	    ? NULL
	    : "a record is damaged";
}

/* ---- questions ---- */

static ldns_rdf *
make_name(const struct fsk_name *name)
{
	return ldns_rdf_new_frm_data(
	    LDNS_RDF_TYPE_DNAME, name->len, name->wire);
}

/* A SOA of which only the serial counts.  (ldns's reader of text takes no name
 * of more than 255 characters, escapes included.) */
static ldns_rr *
make_soa(const struct fsk_name *zone, uint32_t serial)
{
	const struct fsk_name root = { .len = 1 };
	ldns_rr *rr = ldns_rr_new();

	if (rr == NULL)
		return NULL;
	ldns_rr_set_owner(rr, make_name(zone));
	ldns_rr_set_type(rr, LDNS_RR_TYPE_SOA);
	ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
	ldns_rr_set_ttl(rr, 0);
	ldns_rr_push_rdf(rr, make_name(&root));
	ldns_rr_push_rdf(rr, make_name(&root));
	ldns_rr_push_rdf(
	    rr, ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, serial));
	for (unsigned i = 0; i < 4; i++)
		ldns_rr_push_rdf(
		    rr, ldns_native2rdf_int32(LDNS_RDF_TYPE_PERIOD, 0));
	return rr;
}

size_t
dns_query(uint8_t out[static DNS_QUERY_MAX], uint16_t id,
    const struct fsk_name *zone, unsigned type, uint32_t serial)
{
	ldns_pkt *packet = ldns_pkt_query_new(
	    make_name(zone), (ldns_rr_type)type, LDNS_RR_CLASS_IN, 0);
	uint8_t *wire = NULL;
	size_t len = 0;

	if (packet == NULL)
		return 0;
	ldns_pkt_set_id(packet, id);
	if (type == DNS_IXFR)
		ldns_pkt_push_rr(
		    packet, LDNS_SECTION_AUTHORITY, make_soa(zone, serial));
	if (ldns_pkt2wire(&wire, packet, &len) != LDNS_STATUS_OK ||
	    len > DNS_QUERY_MAX)
		len = 0;
	if (len > 0)
		memcpy(out, wire, len);
	free(wire);
	ldns_pkt_free(packet);
	return len;
}

/* ---- TSIG records ---- */

/* The octets of field I; those that a length precedes without it. */
static size_t
field(const ldns_rr *rr, size_t i, uint8_t *out, size_t room)
{
	const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
	const uint8_t *data = ldns_rdf_data(rdf);
	size_t len = ldns_rdf_size(rdf);

	if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_INT16_DATA) {
		data += 2;
		len -= 2;
	}
	if (len <= room)
		memcpy(out, data, len);
	return len;
}

bool
dns_tsig(const struct dns_message *m, struct dns_tsig *t)
{
	size_t at = m->tsig;
	uint8_t id[2];
	ldns_rr *rr = NULL;
	bool good = ldns_wire2rr(&rr, m->at, m->len, &at,
			LDNS_SECTION_ADDITIONAL) == LDNS_STATUS_OK &&
	    at == m->len && ldns_rr_rd_count(rr) == 7 &&
	    ldns_rr_get_class(rr) == LDNS_RR_CLASS_ANY;
	const ldns_rdf *key = good ? ldns_rr_owner(rr) : NULL;
	const ldns_rdf *algorithm = good ? ldns_rr_rdf(rr, 0) : NULL;

	good = good &&
	    fsk_name_from_wire(
		&t->key, ldns_rdf_data(key), ldns_rdf_size(key)) &&
	    fsk_name_from_wire(&t->algorithm, ldns_rdf_data(algorithm),
		ldns_rdf_size(algorithm));
	if (good) {
		field(rr, 1, t->time, sizeof(t->time));
		field(rr, 2, t->fudge, sizeof(t->fudge));
		t->mac_len = field(rr, 3, t->mac, sizeof(t->mac));
		field(rr, 4, id, sizeof(id));
		t->id = (uint16_t)get16(id);
		field(rr, 5, t->error, sizeof(t->error));
		t->other_len = field(rr, 6, t->other, sizeof(t->other));
		good = t->mac_len <= sizeof(t->mac) &&
		    t->other_len <= sizeof(t->other);
	}
	ldns_rr_free(rr);
	return good;
}

/* ---- keyed hashes ---- */

union hash {
	ldns_sha1_ctx sha1;
	ldns_sha256_CTX sha256;
	ldns_sha384_CTX sha384;
	ldns_sha512_CTX sha512;
};

/* One form for ldns's functions, whose lengths are of several types. */
#define ONE_FORM(sha) \
	static void sha##_begin(union hash *h) \
	{ \
		ldns_##sha##_init(&h->sha); \
	} \
	static void sha##_add(union hash *h, const void *p, size_t len) \
	{ \
		ldns_##sha##_update(&h->sha, p, (unsigned)len); \
	} \
	static void sha##_end(union hash *h, uint8_t *out) \
	{ \
		ldns_##sha##_final(out, &h->sha); \
	}
ONE_FORM(sha1)
ONE_FORM(sha256)
ONE_FORM(sha384)
ONE_FORM(sha512)

static const struct algorithm {
	const char *name;
	size_t len, block;
	void (*begin)(union hash *);
	void (*add)(union hash *, const void *, size_t);
	void (*end)(union hash *, uint8_t *);
} algorithms[] = {
	{ "hmac-sha1", 20, 64, sha1_begin, sha1_add, sha1_end },
	{ "hmac-sha256", 32, 64, sha256_begin, sha256_add, sha256_end },
	{ "hmac-sha384", 48, 128, sha384_begin, sha384_add, sha384_end },
	{ "hmac-sha512", 64, 128, sha512_begin, sha512_add, sha512_end },
};

#define BLOCK_MAX  128
#define SECRET_MAX 1024 /* characters of base64 */

struct dns_mac {
	const struct algorithm *a;
	uint8_t key[BLOCK_MAX]; /* of one block, filled with zeros */
	union hash hash;
};

void
dns_mac_add(struct dns_mac *m, const void *p, size_t len)
{
	m->a->add(&m->hash, p, len);
}

/* Begins with the key, each octet changed by PAD. */
static void
begin_padded(struct dns_mac *m, uint8_t pad)
{
	uint8_t block[BLOCK_MAX];

	for (size_t i = 0; i < m->a->block; i++)
		block[i] = m->key[i] ^ pad;
	m->a->begin(&m->hash);
	dns_mac_add(m, block, m->a->block);
	explicit_bzero(block, sizeof(block));
}

void
dns_mac_begin(struct dns_mac *m)
{
	begin_padded(m, 0x36);
}

void
dns_mac_end(struct dns_mac *m, uint8_t out[static DNS_MAC_MAX])
{
	uint8_t inner[DNS_MAC_MAX];

	m->a->end(&m->hash, inner);
	begin_padded(m, 0x5c);
	dns_mac_add(m, inner, m->a->len);
	m->a->end(&m->hash, out);
	dns_mac_begin(m);
}

size_t
dns_mac_len(const struct dns_mac *m)
{
	return m->a->len;
}

static const struct algorithm *
find_algorithm(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		size_t len = strlen(algorithms[i].name);

		if (strncasecmp(name, algorithms[i].name, len) == 0 &&
		    strcmp(name + len, name[len] == '.' ? "." : "") == 0)
			return &algorithms[i];
	}
	return NULL;
}

struct dns_mac *
dns_mac_new(const char *algorithm, const char *secret, const char **why)
{
	const struct algorithm *a = find_algorithm(algorithm);
	struct dns_mac *m = NULL;
	ldns_rdf *key = NULL;

	*why = NULL;
	if (a == NULL)
		*why = "the TSIG algorithm is not known";
	else if (strlen(secret) > SECRET_MAX ||
	    ldns_str2rdf_b64(&key, secret) != LDNS_STATUS_OK ||
	    ldns_rdf_size(key) == 0)
		*why = "the TSIG secret is no base64";
	else if ((m = calloc(1, sizeof(*m))) == NULL)
		*why = "out of memory";
	if (m != NULL) {
		m->a = a;
		m->a->begin(&m->hash);
		dns_mac_add(m, ldns_rdf_data(key), ldns_rdf_size(key));
		if (ldns_rdf_size(key) > a->block)
			m->a->end(&m->hash, m->key);
		else
			memcpy(m->key, ldns_rdf_data(key), ldns_rdf_size(key));
		dns_mac_begin(m);
	}
	if (key != NULL)
		explicit_bzero(ldns_rdf_data(key), ldns_rdf_size(key));
	ldns_rdf_deep_free(key);
	return m;
}

void
dns_mac_free(struct dns_mac *m)
{
	if (m != NULL)
		explicit_bzero(m, sizeof(*m));
	free(m);
}
