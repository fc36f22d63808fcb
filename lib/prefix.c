/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"

/*
 * A table: for IPv4, then for IPv6, `u32 n, u32 index bits`, then, each filled
 * up to 8 octets, the index (2^bits + 1 times u32), the starts (u64 each; for
 * IPv4 the address in the lower half), for IPv6 their second halves (u64 each),
 * the values (u32 each).
 */
#define HEAD_LEN       8
#define INDEX_BITS_MAX 16

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool
is_v4(const uint8_t *addr)
{
	return memcmp(addr, mapped, sizeof(mapped)) == 0;
}

static uint64_t
big64(const uint8_t *p)
{
	return __builtin_bswap64(fsk_get64(p));
}

static uint64_t
big32(const uint8_t *p)
{
	return __builtin_bswap32(fsk_get32(p));
}

/* ---- text ---- */

bool
fsk_addr_read(const char *text, uint8_t addr[static FSK_ADDR_LEN])
{
	memcpy(addr, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, addr + sizeof(mapped)) == 1 ||
	    inet_pton(AF_INET6, text, addr) == 1;
}

const char *
fsk_prefix_read(
    const char *text, uint8_t addr[static FSK_ADDR_LEN], unsigned *bits)
{
	char alone[INET6_ADDRSTRLEN];
	const size_t len = strcspn(text, "/");
	unsigned most, n = 0;

	if (len >= sizeof(alone))
		return "no address";
	memcpy(alone, text, len);
	alone[len] = '\0';
	if (!fsk_addr_read(alone, addr))
		return "no address";
	most = strchr(alone, ':') == NULL ? 32 : 128;
	if (text[len] == '\0') {
		n = most;
	} else {
		const char *p = text + len + 1;

		if (*p == '\0' || strlen(p) > 3)
			return "no length after '/'";
		for (; *p >= '0' && *p <= '9'; p++)
			n = 10 * n + (unsigned)(*p - '0');
		if (*p != '\0' || n > most)
			return "no length after '/'";
	}
	*bits = n + 128 - most;
	for (unsigned i = *bits; i < 128; i++)
		if (addr[i / 8] & 0x80 >> i % 8)
			return "bits are set behind the prefix";
	return NULL;
}

char *
fsk_prefix_key(const char *kind, const uint8_t addr[static FSK_ADDR_LEN],
    unsigned bits, char text[static FSK_PREFIX_KEY])
{
	const bool v4 = bits >= 96 && is_v4(addr);
	char alone[INET6_ADDRSTRLEN];
	uint8_t start[FSK_ADDR_LEN];

	memcpy(start, addr, sizeof(start));
	for (unsigned i = bits; i < 128; i++)
		start[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	inet_ntop(v4 ? AF_INET : AF_INET6, start + (v4 ? 12 : 0), alone,
	    sizeof(alone));
	snprintf(text, FSK_PREFIX_KEY, "%.8s:%s/%u", kind, alone,
	    v4 ? bits - 96 : bits);
	return text;
}

bool
fsk_prefix_holds(const uint8_t *a, unsigned bits, const uint8_t *b)
{
	const unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	    (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* ---- making a table ---- */

bool
fsk_prefixes_add(
    struct fsk_prefixes *p, const uint8_t *addr, unsigned bits, uint32_t value)
{
	if (p->n == p->room) {
		size_t room = p->room * 2 + 16;
		void *at = realloc(p->at, room * sizeof(*p->at));

		if (at == NULL)
			return false;
		p->at = at;
		p->room = room;
	}
	memcpy(p->at[p->n].addr, addr, FSK_ADDR_LEN);
	p->at[p->n].bits = (uint8_t)bits;
	p->at[p->n].order = (uint32_t)p->n;
	p->at[p->n++].value = value;
	return true;
}

void
fsk_prefixes_fini(struct fsk_prefixes *p)
{
	free(p->at);
	memset(p, 0, sizeof(*p));
}

/* A range as it is made: up to the next one's start. */
struct range {
	uint8_t start[FSK_ADDR_LEN];
	uint32_t value;
};

struct cut {
	struct range *at; /* room for two a prefix, and one */
	size_t n;
};

static void
put_range(struct cut *c, const uint8_t *start, uint32_t value)
{
	/* A later word on the same start is the more exact one. */
	if (c->n > 0 && memcmp(c->at[c->n - 1].start, start, FSK_ADDR_LEN) == 0)
		c->n--;
	if (c->n > 0 && c->at[c->n - 1].value == value)
		return;
	memcpy(c->at[c->n].start, start, FSK_ADDR_LEN);
	c->at[c->n++].value = value;
}

/* The first address behind the prefix; false if there is none. */
static bool
behind(const struct fsk_prefix *p, uint8_t next[static FSK_ADDR_LEN])
{
	const unsigned bits = p->bits;

	memcpy(next, p->addr, FSK_ADDR_LEN);
	for (unsigned i = bits; i-- > 0;) {
		next[i / 8] ^= (uint8_t)(0x80 >> i % 8);
		if (next[i / 8] & 0x80 >> i % 8)
			return !is_v4(p->addr) || is_v4(next);
	}
	return false;
}

/* Outer prefixes first, of equal ones that which was added first. */
static int
compare(const void *ap, const void *bp)
{
	const struct fsk_prefix *a = ap, *b = bp;
	int c = memcmp(a->addr, b->addr, FSK_ADDR_LEN);

	if (c == 0)
		c = a->bits - b->bits;
	return c != 0 ? c : a->order < b->order ? -1 : 1;
}

/* Cuts the N sorted prefixes at P to ranges. */
static void
cut_ranges(struct cut *c, const struct fsk_prefix *p, size_t n)
{
	const struct fsk_prefix *open[129]; /* those that hold the next one */
	unsigned depth = 0;
	uint8_t next[FSK_ADDR_LEN];

	for (size_t i = 0; i <= n; i++) {
		while (depth > 0 &&
		    (i == n ||
			!fsk_prefix_holds(open[depth - 1]->addr,
			    open[depth - 1]->bits, p[i].addr))) {
			depth--;
			if (behind(open[depth], next))
				put_range(c, next,
				    depth > 0 ? open[depth - 1]->value : 0);
		}
		if (i == n)
			break;
		if (depth > 0 && open[depth - 1]->bits == p[i].bits)
			continue; /* the same prefix again */
		put_range(c, p[i].addr, p[i].value);
		open[depth++] = &p[i];
	}
}

static size_t
filled(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* Octets of the table of N ranges. */
static size_t
ranges_len(uint32_t n, unsigned bits, bool v6)
{
	return HEAD_LEN + filled(4 * (((size_t)1 << bits) + 1)) +
	    (size_t)n * (v6 ? 16 : 8) + filled(4 * (size_t)n);
}

static unsigned
index_bits(size_t n)
{
	unsigned bits = 0;

	while (bits < INDEX_BITS_MAX && (size_t)1 << bits < n)
		bits++;
	return bits;
}

/* The place of a range's start in the index of BITS bits. */
static size_t
place(const struct range *r, unsigned bits, bool v6)
{
	if (bits == 0)
		return 0;
	return v6 ? big64(r->start) >> (64 - bits)
		  : big32(r->start + 12) >> (32 - bits);
}

static void
put_ranges(uint8_t *to, const struct cut *c, unsigned bits, bool v6)
{
	const size_t rows = (size_t)1 << bits;
	uint8_t *index = to + HEAD_LEN;
	uint8_t *start = index + filled(4 * (rows + 1));
	uint8_t *low = start + 8 * c->n;
	uint8_t *value = v6 ? low + 8 * c->n : low;
	size_t at = 0;

	fsk_put32(to, (uint32_t)c->n);
	fsk_put32(to + 4, bits);
	for (size_t i = 0; i <= rows; i++) {
		while (at < c->n && place(&c->at[at], bits, v6) < i)
			at++;
		fsk_put32(index + 4 * i, (uint32_t)at);
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct range *r = &c->at[i];

		fsk_put64(
		    start + 8 * i, v6 ? big64(r->start) : big32(r->start + 12));
		if (v6)
			fsk_put64(low + 8 * i, big64(r->start + 8));
		fsk_put32(value + 4 * i, r->value);
	}
}

uint8_t *
fsk_prefixes_table(const struct fsk_prefixes *p, size_t *len)
{
	struct cut v4 = { 0 }, v6 = { 0 };
	struct fsk_prefix *sorted = NULL;
	size_t n4 = 0, n6 = 0, first;
	uint8_t *out = NULL;
	unsigned bits4, bits6;

	sorted = calloc(p->n + 1, sizeof(*sorted));
	v4.at = calloc(2 * p->n + 1, sizeof(*v4.at));
	v6.at = calloc(2 * p->n + 1, sizeof(*v6.at));
	if (sorted == NULL || v4.at == NULL || v6.at == NULL)
		goto out;
	for (size_t i = 0; i < p->n; i++)
		if (is_v4(p->at[i].addr) && p->at[i].bits >= 96)
			sorted[n4++] = p->at[i];
	for (size_t i = 0; i < p->n; i++)
		if (!is_v4(p->at[i].addr) || p->at[i].bits < 96)
			sorted[n4 + n6++] = p->at[i];
	qsort(sorted, n4, sizeof(*sorted), compare);
	qsort(sorted + n4, n6, sizeof(*sorted), compare);
	cut_ranges(&v4, sorted, n4);
	cut_ranges(&v6, sorted + n4, n6);
	bits4 = index_bits(v4.n);
	bits6 = index_bits(v6.n);
	first = ranges_len((uint32_t)v4.n, bits4, false);
	*len = first + ranges_len((uint32_t)v6.n, bits6, true);
	out = calloc(1, *len);
	if (out != NULL) {
		put_ranges(out, &v4, bits4, false);
		put_ranges(out + first, &v6, bits6, true);
	}
out:
	free(sorted);
	free(v4.at);
	free(v6.at);
	return out;
}

/* ---- asking it ---- */

/* Checks one family's part of the LEN octets at P; NULL if it is good. */
static const char *
open_ranges(struct fsk_ranges *r, const uint8_t *p, size_t len, bool v6,
    uint32_t most, size_t *used)
{
	uint32_t bits;
	size_t rows;

	if (len < HEAD_LEN)
		return "a prefix table is cut off";
	r->n = fsk_get32(p);
	bits = fsk_get32(p + 4);
	if (bits > INDEX_BITS_MAX || r->n > UINT32_MAX / 32)
		return "a prefix table is out of range";
	rows = (size_t)1 << bits;
	*used = ranges_len(r->n, bits, v6);
	if (*used > len)
		return "a prefix table is cut off";
	r->shift = (v6 ? 64 : 32) - bits;
	r->index = p + HEAD_LEN;
	r->start = r->index + filled(4 * (rows + 1));
	r->low = r->start + 8 * (size_t)r->n;
	r->value = v6 ? r->low + 8 * (size_t)r->n : r->low;
	for (size_t i = 0; i <= rows; i++)
		if (fsk_get32(r->index + 4 * i) > r->n ||
		    (i > 0 &&
			fsk_get32(r->index + 4 * i) <
			    fsk_get32(r->index + 4 * (i - 1))))
			return "the index of a prefix table is out of order";
	for (size_t i = 0; i < r->n; i++) {
		const uint64_t start = fsk_get64(r->start + 8 * i);

		if (fsk_get32(r->value + 4 * i) > most)
			return "a prefix table has an unknown value";
		if (!v6 && start > UINT32_MAX)
			return "a prefix table is out of range";
		if (i > 0 && start <= fsk_get64(r->start + 8 * (i - 1)) &&
		    (!v6 || start != fsk_get64(r->start + 8 * (i - 1)) ||
			fsk_get64(r->low + 8 * i) <=
			    fsk_get64(r->low + 8 * (i - 1))))
			return "a prefix table is out of order";
	}
	return NULL;
}

const char *
fsk_prefix_table_open(
    struct fsk_prefix_table *t, const uint8_t *bytes, size_t len, uint32_t most)
{
	size_t used, more;
	const char *wrong = open_ranges(&t->v4, bytes, len, false, most, &used);

	if (wrong == NULL)
		wrong = open_ranges(
		    &t->v6, bytes + used, len - used, true, most, &more);
	if (wrong == NULL && used + more != len)
		wrong = "a prefix table has something behind it";
	return wrong;
}

uint32_t
fsk_prefix_find(
    const struct fsk_prefix_table *t, const uint8_t addr[static FSK_ADDR_LEN])
{
	const bool v4 = is_v4(addr);
	const struct fsk_ranges *r = v4 ? &t->v4 : &t->v6;
	const uint64_t want = v4 ? big32(addr + 12) : big64(addr);
	const uint64_t low = v4 ? 0 : big64(addr + 8);
	const size_t row = r->shift < 64 ? want >> r->shift : 0;
	/* The last range that begins at or before ADDR is at one of these, or
	 * just before them. */
	uint32_t first = fsk_get32(r->index + 4 * row);
	uint32_t n = fsk_get32(r->index + 4 * row + 4) - first;

	while (n > 0) {
		const uint32_t half = n / 2, at = first + half;
		const uint64_t start = fsk_get64(r->start + 8 * (size_t)at);
		const bool before = start < want ||
		    (start == want &&
			(v4 || fsk_get64(r->low + 8 * (size_t)at) <= low));

		first = before ? at + 1 : first;
		n = before ? n - half - 1 : half;
	}
	return first == 0 ? 0 : fsk_get32(r->value + 4 * (size_t)(first - 1));
}
