/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A rank is one more than the zero bits before the first one bit: of what a
 * hash has behind its index, or the number of these bits plus one if all are
 * zero; a register that nothing fell into is 0.
 */
#include "stats/sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"

#define INDEX_BITS 26 /* of an entry */
#define RANK_BITS  6
#define FIRST_ROOM 4

/* What the first octet of a packed sketch says. */
enum form {
	FORM_LIST = 0x11,    /* entries in order, as differences */
	FORM_NIBBLES = 0x12, /* ranks less the least, 15: see behind them */
	FORM_OCTETS = 0x13,  /* ranks */
};

#define HEADER_LEN 6

void
sketch_init(struct sketch *s, unsigned p)
{
	*s = (struct sketch){ .p = (uint8_t)p, .tag = SKETCH_EMPTY };
}

void
sketch_fini(struct sketch *s)
{
	free(s->entry);
	sketch_init(s, s->p);
}

/* ---- registers ---- */

/* Where a value that has INDEX (of BITS bits) and RANK at a higher precision
 * stands at precision P, and its rank there. */
static uint32_t
coarser(uint32_t index, unsigned bits, uint8_t *rank, unsigned p)
{
	const unsigned cut = bits - p;
	const uint32_t rest = index & ((1u << cut) - 1);

	if (rest != 0)
		*rank = (uint8_t)(cut - (31 - (unsigned)__builtin_clz(rest)));
	else
		*rank = (uint8_t)(*rank + cut);
	return index >> cut;
}

static void
raise(struct sketch *s, uint32_t index, uint8_t rank)
{
	if (s->rank[index] < rank)
		s->rank[index] = rank;
}

static void
raise_entry(struct sketch *s, uint32_t entry)
{
	uint8_t rank = entry & ((1u << RANK_BITS) - 1);
	uint32_t index = coarser(entry >> RANK_BITS, INDEX_BITS, &rank, s->p);

	raise(s, index, rank);
}

/* Makes registers of the list. */
static bool
densify(struct sketch *s)
{
	uint32_t *entry = s->entry;
	uint8_t *rank = calloc(1u << s->p, 1);

	if (rank == NULL)
		return false;
	s->rank = rank;
	s->dense = true;
	for (uint32_t i = 0; i < s->n; i++)
		raise_entry(s, entry[i]);
	free(entry);
	s->n = s->room = 0;
	return true;
}

/* Lowers the precision of S to P. */
static bool
reduce(struct sketch *s, unsigned p)
{
	struct sketch lower;

	if (s->dense) {
		sketch_init(&lower, p);
		if (!densify(&lower))
			return false;
		for (uint32_t i = 0; i < 1u << s->p; i++) {
			uint8_t rank = s->rank[i];

			if (rank != 0) {
				uint32_t at = coarser(i, s->p, &rank, p);

				raise(&lower, at, rank);
			}
		}
		free(s->rank);
		s->rank = lower.rank;
	}
	s->p = (uint8_t)p;
	return true;
}

/* ---- the list ---- */

static int
compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Brings S to its one form: a list in order, of entries with one index that
 * with the highest rank (it is behind the others), or registers if it is long.
 */
static bool
settle(struct sketch *s)
{
	uint32_t n = 0, sorted = 1;

	if (s->dense || s->n < 2)
		return true;
	/* Most come from a store, where they are settled. */
	while (sorted < s->n &&
	    s->entry[sorted - 1] >> RANK_BITS < s->entry[sorted] >> RANK_BITS)
		sorted++;
	if (sorted == s->n)
		return s->n < 1u << (s->p - 3) || densify(s);
	qsort(s->entry, s->n, sizeof(*s->entry), compare);
	for (uint32_t i = 1; i < s->n; i++) {
		n += s->entry[n] >> RANK_BITS != s->entry[i] >> RANK_BITS;
		s->entry[n] = s->entry[i];
	}
	s->n = n + 1;
	return s->n < 1u << (s->p - 3) || densify(s);
}

/* Makes room in the list for one more, or registers of it. */
static bool
make_room(struct sketch *s)
{
	uint32_t room = s->room == 0 ? FIRST_ROOM : 2 * s->room;
	uint32_t *more;

	if (!settle(s))
		return false;
	if (s->dense || s->n < s->room / 2)
		return true;
	more = realloc(s->entry, room * sizeof(*more));
	if (more == NULL)
		return s->n < s->room;
	s->entry = more;
	s->room = room;
	return true;
}

static bool
add_entry(struct sketch *s, uint32_t entry)
{
	if (!s->dense && s->n == s->room && !make_room(s))
		return false;
	if (s->dense)
		raise_entry(s, entry);
	else
		s->entry[s->n++] = entry;
	return true;
}

/* ---- adding ---- */

static void
mix_tags(struct sketch *s, uint32_t tag)
{
	if (s->tag == SKETCH_EMPTY)
		s->tag = tag;
	else if (tag != s->tag && tag != SKETCH_EMPTY)
		s->tag = SKETCH_MIXED;
}

bool
sketch_add(struct sketch *s, uint64_t hash, uint32_t tag)
{
	unsigned bits = s->dense ? s->p : INDEX_BITS;
	uint32_t index = (uint32_t)(hash >> (64 - bits));
	uint64_t rest = hash << bits | 1ull << (bits - 1); /* ends somewhere */
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
	uint32_t entry;

	mix_tags(s, tag);
	if (s->dense) {
		raise(s, index, rank);
		return true;
	}
	entry = index << RANK_BITS | rank;
	if (s->n > 0 && s->entry[s->n - 1] == entry)
		return true; /* the same client again */
	return add_entry(s, entry);
}

bool
sketch_merge(struct sketch *to, const struct sketch *from)
{
	mix_tags(to, from->tag);
	if (from->p < to->p && !reduce(to, from->p))
		return false;
	if (!from->dense) {
		for (uint32_t i = 0; i < from->n; i++)
			if (!add_entry(to, from->entry[i]))
				return false;
		return true;
	}
	if (!to->dense && !densify(to))
		return false;
	for (uint32_t i = 0; i < 1u << from->p; i++) {
		uint8_t rank = from->rank[i];

		if (rank != 0) {
			uint32_t at = coarser(i, from->p, &rank, to->p);

			raise(to, at, rank);
		}
	}
	return true;
}

/* ---- the estimate ---- */

/* Ertl, section 4: x + sum over k of x^(2^k) 2^(k-1). */
static double
sigma(double x)
{
	double y = 1, z = x, before;

	if (x == 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

/* The same, (1 - x - sum over k of (1 - x^(2^-k))^2 2^-k) / 3. */
static double
tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y /= 2;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

double
sketch_estimate(struct sketch *s)
{
	const unsigned q = 64u - s->p;
	uint32_t count[64] = { 0 };
	double m, z;

	settle(s);
	if (!s->dense) {
		m = 1u << INDEX_BITS;
		return m * log(m / (m - s->n));
	}
	m = 1u << s->p;
	for (uint32_t i = 0; i < 1u << s->p; i++)
		count[s->rank[i]]++;
	z = m * tau(1 - count[q + 1] / m);
	for (unsigned k = q; k > 0; k--)
		z = (z + count[k]) / 2;
	z += m * sigma(count[0] / m);
	return m * m / (2 * M_LN2 * z);
}

/* ---- packing ---- */

static uint8_t *
put_number(uint8_t *out, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		*out++ = (uint8_t)(v | 0x80);
	*out++ = (uint8_t)v;
	return out;
}

static uint8_t *
pack_list(const struct sketch *s, uint8_t *out)
{
	uint32_t before = 0;

	out = put_number(out, s->n);
	for (uint32_t i = 0; i < s->n; i++) {
		out = put_number(out, s->entry[i] - before);
		before = s->entry[i];
	}
	return out;
}

/* The ranks as nibbles above the least of them; those that are too high follow
 * with their places. */
static uint8_t *
pack_nibbles(const struct sketch *s, uint8_t *out, uint8_t least, uint32_t high)
{
	const uint32_t m = 1u << s->p;
	uint32_t before = 0;

	*out++ = least;
	for (uint32_t i = 0; i < m; i += 2) {
		unsigned a = (unsigned)s->rank[i] - least;
		unsigned b = (unsigned)s->rank[i + 1] - least;

		*out++ = (uint8_t)((a < 15 ? a : 15) | (b < 15 ? b : 15) << 4);
	}
	out = put_number(out, high);
	for (uint32_t i = 0; high > 0; i++)
		if (s->rank[i] - least >= 15) {
			out = put_number(out, i - before);
			*out++ = s->rank[i];
			before = i;
			high--;
		}
	return out;
}

static uint8_t *
pack_ranks(const struct sketch *s, uint8_t *out, uint8_t *form)
{
	const uint32_t m = 1u << s->p;
	uint8_t least = UINT8_MAX;
	uint32_t high = 0;

	for (uint32_t i = 0; i < m; i++)
		if (s->rank[i] < least)
			least = s->rank[i];
	for (uint32_t i = 0; i < m; i++)
		high += s->rank[i] - least >= 15;
	if (high <= m / 16) {
		*form = FORM_NIBBLES;
		return pack_nibbles(s, out, least, high);
	}
	*form = FORM_OCTETS;
	memcpy(out, s->rank, m);
	return out + m;
}

size_t
sketch_pack(struct sketch *s, uint8_t *out)
{
	uint8_t *end;

	settle(s); /* if memory is short, it stays a list */
	out[0] = FORM_LIST;
	out[1] = s->p;
	fsk_put32(out + 2, s->tag);
	if (s->dense)
		end = pack_ranks(s, out + HEADER_LEN, out);
	else
		end = pack_list(s, out + HEADER_LEN);
	return (size_t)(end - out);
}

/* ---- unpacking: the octets may be any ---- */

struct input {
	const uint8_t *at, *end;
	bool bad; /* once it is, it stays so */
};

static uint32_t
get_number(struct input *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 35 && in->at < in->end; shift += 7) {
		uint8_t c = *in->at++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80 && v <= UINT32_MAX)
			return (uint32_t)v;
		if (c < 0x80)
			break;
	}
	in->bad = true;
	return 0;
}

static void
unpack_list(struct sketch *s, struct input *in)
{
	const uint32_t n = get_number(in);
	uint64_t entry = 0;

	/* Each takes an octet at least. */
	if (n > (size_t)(in->end - in->at)) {
		in->bad = true;
		return;
	}
	for (uint32_t i = 0; i < n && !in->bad; i++) {
		uint32_t more = get_number(in);
		unsigned rank;

		entry += more;
		rank = entry & ((1u << RANK_BITS) - 1);
		if (entry > UINT32_MAX || (i > 0 && more == 0) || rank == 0 ||
		    rank > 64 - INDEX_BITS + 1 ||
		    !add_entry(s, (uint32_t)entry))
			in->bad = true;
	}
}

static void
unpack_nibbles(struct sketch *s, struct input *in)
{
	const uint32_t m = 1u << s->p;
	uint32_t high, at = 0;
	uint8_t least;

	if ((size_t)(in->end - in->at) < 1 + m / 2) {
		in->bad = true;
		return;
	}
	least = *in->at++;
	in->bad = least > 64;
	for (uint32_t i = 0; i < m; i += 2, in->at++) {
		s->rank[i] = (uint8_t)(least + (*in->at & 15));
		s->rank[i + 1] = (uint8_t)(least + (*in->at >> 4));
	}
	high = get_number(in);
	for (uint32_t i = 0; i < high && !in->bad; i++) {
		uint32_t more = get_number(in);

		if (more >= m - at || in->at == in->end) {
			in->bad = true;
			return;
		}
		at += more;
		s->rank[at] = *in->at++;
	}
}

static void
unpack_octets(struct sketch *s, struct input *in)
{
	const uint32_t m = 1u << s->p;

	if ((size_t)(in->end - in->at) < m) {
		in->bad = true;
		return;
	}
	memcpy(s->rank, in->at, m);
	in->at += m;
}

const char *
sketch_unpack(struct sketch *s, const uint8_t *octets, size_t len)
{
	struct input in = { .bad = false };

	sketch_init(s, SKETCH_LEAST);
	if (len < HEADER_LEN)
		return "it is cut off";
	in.at = octets + HEADER_LEN;
	in.end = octets + len;
	if (octets[1] < SKETCH_LEAST || octets[1] > SKETCH_MOST)
		return "it has an unknown precision";
	sketch_init(s, octets[1]);
	s->tag = fsk_get32(octets + 2);
	if (octets[0] == FORM_LIST) {
		unpack_list(s, &in);
	} else if (octets[0] == FORM_NIBBLES || octets[0] == FORM_OCTETS) {
		if (!densify(s))
			return "out of memory";
		if (octets[0] == FORM_NIBBLES)
			unpack_nibbles(s, &in);
		else
			unpack_octets(s, &in);
		for (uint32_t i = 0; i < 1u << s->p; i++)
			in.bad |= s->rank[i] > 64 - s->p + 1;
	} else {
		return "it has an unknown form";
	}
	if (!in.bad && in.at == in.end && settle(s))
		return NULL;
	sketch_fini(s);
	return "it is damaged";
}
