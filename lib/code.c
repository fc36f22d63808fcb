/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/code.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"

/* ---- symbols ---- */

static inline unsigned
symbol_of(uint8_t c)
{
	/* Lower case only: names come here in canonical form. */
	/* clang-format off */
	static const uint8_t sym[256] = {
#define S(c, v) [c] = (v) + 1
		S('a', 0), S('b', 1), S('c', 2), S('d', 3), S('e', 4),
		S('f', 5), S('g', 6), S('h', 7), S('i', 8), S('j', 9),
		S('k', 10), S('l', 11), S('m', 12), S('n', 13), S('o', 14),
		S('p', 15), S('q', 16), S('r', 17), S('s', 18), S('t', 19),
		S('u', 20), S('v', 21), S('w', 22), S('x', 23), S('y', 24),
		S('z', 25), S('0', 26), S('1', 27), S('2', 28), S('3', 29),
		S('4', 30), S('5', 31), S('6', 32), S('7', 33), S('8', 34),
		S('9', 35), S('-', 36), S('_', 37),
#undef S
	};
	/* clang-format on */

	return sym[c] != 0 ? sym[c] - 1u : FSK_SYM_OTHER;
}

static const char symbol_text[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* The label at P as one number, its length octet lowest; 0 if it is too long
 * to have a code word. */
static inline uint64_t
tld_label(const uint8_t *p)
{
	if (*p > FSK_TLD_LEN)
		return 0;
	return fsk_get64(p) & (~0ull >> (56 - 8 * *p));
}

static inline unsigned
tld_hash(uint64_t label)
{
	return (unsigned)(label * 0x9e3779b97f4a7c15u >> 55);
}

/* The slot of the top-level domain LABEL (tld_label()), or the free one where
 * it would be. */
static inline unsigned
tld_slot(const struct fsk_code *c, uint64_t label)
{
	unsigned slot = tld_hash(label);

	while (c->tld_slot[slot].label != 0 && c->tld_slot[slot].label != label)
		slot = (slot + 1) % FSK_TLD_HASH;
	return slot;
}

/* ---- statistics ---- */

void
fsk_code_count(struct fsk_code_stats *s, const struct fsk_query *q)
{
	const uint8_t *p = q->wire + fsk_query_at(q, 1);
	uint64_t label = tld_label(p);

	if (label != 0) {
		unsigned slot = (unsigned)(label * 0x9e3779b97f4a7c15u >> 52);

		s->tld[slot].count++;
		if (s->tld[slot].label == 0 || label < s->tld[slot].label)
			s->tld[slot].label = label;
	}
	for (unsigned k = label != 0 ? 2 : 1; k <= q->labels; k++) {
		unsigned context = FSK_SYM_END;

		p = q->wire + fsk_query_at(q, k);
		for (unsigned n = *p++; n > 0; n--) {
			unsigned sym = symbol_of(*p++);

			s->pair[context][sym]++;
			context = sym;
		}
		s->pair[context][FSK_SYM_END]++;
	}
}

void
fsk_code_add(struct fsk_code_stats *to, const struct fsk_code_stats *from)
{
	for (unsigned i = 0; i < FSK_SYMS; i++)
		for (unsigned j = 0; j < FSK_SYMS; j++)
			to->pair[i][j] += from->pair[i][j];
	for (unsigned i = 0; i < sizeof(to->tld) / sizeof(*to->tld); i++) {
		to->tld[i].count += from->tld[i].count;
		if (to->tld[i].label == 0 ||
		    (from->tld[i].label != 0 &&
			from->tld[i].label < to->tld[i].label))
			to->tld[i].label = from->tld[i].label;
	}
}

/* ---- making code lengths ---- */

/* Huffman's algorithm over N (2 to 256) symbols by two queues; where a word
 * would be longer than FSK_CODE_BITS, the frequencies are flattened and it
 * begins again. */
static void
make_lengths(const uint64_t *freq, unsigned n, uint8_t *len)
{
	uint64_t weight[2 * (FSK_TLDS_MAX + 1)], flat[FSK_TLDS_MAX + 1];
	uint16_t order[FSK_TLDS_MAX + 1], parent[2 * (FSK_TLDS_MAX + 1)];
	unsigned longest;

	for (unsigned i = 0; i < n; i++)
		flat[i] = freq[i] + 1; /* every symbol must have a word */
	do {
		unsigned leaf = 0, node = n, end = n;
		uint8_t depth[2 * (FSK_TLDS_MAX + 1)];

		for (unsigned i = 0; i < n; i++) { /* insertion sort */
			unsigned j = i;

			for (; j > 0 && flat[order[j - 1]] > flat[i]; j--)
				order[j] = order[j - 1];
			order[j] = (uint16_t)i;
		}
		for (unsigned i = 0; i < n; i++)
			weight[i] = flat[order[i]];
		while (end < 2 * n - 1) {
			weight[end] = 0;
			for (unsigned two = 0; two < 2; two++) {
				unsigned least;

				if (leaf < n &&
				    (node == end ||
					weight[leaf] <= weight[node]))
					least = leaf++;
				else
					least = node++;
				parent[least] = (uint16_t)end;
				weight[end] += weight[least];
			}
			end++;
		}
		longest = 0;
		depth[end - 1] = 0;
		for (unsigned i = end - 1; i-- > 0;)
			depth[i] = (uint8_t)(depth[parent[i]] + 1);
		for (unsigned i = 0; i < n; i++) {
			len[order[i]] = depth[i];
			if (depth[i] > longest)
				longest = depth[i];
		}
		for (unsigned i = 0; i < n; i++)
			flat[i] = flat[i] / 2 + 1;
	} while (longest > FSK_CODE_BITS);
}

struct tld_count {
	uint64_t count, label;
};

static int
by_count(const void *ap, const void *bp)
{
	const struct tld_count *a = ap, *b = bp;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return a->label < b->label ? -1 : a->label > b->label;
}

size_t
fsk_code_make(
    const struct fsk_code_stats *s, uint8_t section[static FSK_CODE_LEN_MAX])
{
	const unsigned slots = sizeof(s->tld) / sizeof(*s->tld);
	struct tld_count tld[sizeof(s->tld) / sizeof(*s->tld)];
	uint64_t freq[FSK_TLDS_MAX + 1];
	uint8_t len[FSK_TLDS_MAX + 1];
	uint8_t *out = section;
	unsigned n = 0, rest;

	for (unsigned i = 0; i < FSK_SYMS; i++, out += FSK_SYMS)
		make_lengths(s->pair[i], FSK_SYMS, out);

	for (unsigned i = 0; i < slots; i++)
		if (s->tld[i].count != 0)
			tld[n++] = (struct tld_count){ s->tld[i].count,
				s->tld[i].label };
	qsort(tld, n, sizeof(*tld), by_count);
	rest = n > FSK_TLDS_MAX ? n - FSK_TLDS_MAX : 0;
	n -= rest;
	freq[n] = 0;
	for (unsigned i = 0; i < n + rest; i++) {
		if (i < n)
			freq[i] = tld[i].count;
		else
			freq[n] += tld[i].count;
	}
	if (n == 0)
		len[0] = 1;
	else
		make_lengths(freq, n + 1, len);
	fsk_put16(out, (uint16_t)n);
	out[2] = len[n];
	out += 3;
	for (unsigned i = 0; i < n; i++, out += 9) {
		out[0] = len[i];
		fsk_put64(out + 1, tld[i].label);
	}
	return (size_t)(out - section);
}

/* ---- reading them ---- */

/* Gives out canonical code words of the lengths LEN: shorter words first, equal
 * lengths in order of the symbols.  The words must use up the whole code space,
 * but for a lone word of one bit. */
static bool
assign_words(
    fsk_word *word, const uint8_t *len, unsigned n, struct fsk_order *order)
{
	uint32_t used = 0;
	unsigned at = 0;

	for (unsigned i = 0; i < n; i++) {
		if (len[i] == 0 || len[i] > FSK_CODE_BITS)
			return false;
		order->count[len[i]]++;
		used += 1u << (FSK_CODE_BITS - len[i]);
	}
	if (used != 1u << FSK_CODE_BITS && !(n == 1 && len[0] == 1))
		return false;
	for (unsigned l = 1; l <= FSK_CODE_BITS; l++) {
		order->first[l] = (uint16_t)((order->first[l - 1] +
						 order->count[l - 1])
		    << 1);
		for (unsigned i = 0, next = order->first[l]; i < n; i++) {
			if (len[i] != l)
				continue;
			word[i] = next++ << FSK_WORD_BITS | l;
			order->symbol[at++] = (uint8_t)i;
		}
	}
	return true;
}

int
fsk_code_read(struct fsk_code *c, const uint8_t *section, size_t len,
    struct fsk_error *err)
{
	const uint8_t *p = section + FSK_SYMS * FSK_SYMS;
	uint8_t tld_len[FSK_TLDS_MAX + 1];

	if (len < FSK_SYMS * FSK_SYMS + 3)
		return fsk_fail(err, FSK_ECORRUPT, "code table is too short");
	memset(c, 0, sizeof(*c));
	for (unsigned i = 0; i < 256; i++)
		c->symbol[i] = (uint8_t)symbol_of((uint8_t)i);
	c->symbol[FSK_OCTET_END] = FSK_SYM_END;
	c->symbol[FSK_OCTET_NONE] = FSK_SYM_NONE;
	for (unsigned i = 0; i < FSK_SYMS; i++) {
		if (!assign_words(c->word[i], section + i * FSK_SYMS, FSK_SYMS,
			&c->order[i]))
			return fsk_fail(err, FSK_ECORRUPT,
			    "code table of context %u is not complete", i);
		c->word[i][FSK_SYM_OTHER] |= FSK_WORD_OTHER;
	}
	c->tlds = fsk_get16(p);
	if (c->tlds > FSK_TLDS_MAX ||
	    len != FSK_SYMS * FSK_SYMS + 3 + c->tlds * 9u)
		return fsk_fail(
		    err, FSK_ECORRUPT, "code table has a wrong length");
	/* The word that means "spelled out" comes last. */
	tld_len[c->tlds] = p[2];
	p += 3;
	for (unsigned i = 0; i < c->tlds; i++, p += 9) {
		uint64_t label = fsk_get64(p + 1);
		unsigned slot = tld_slot(c, label);
		uint8_t octets[8];

		memcpy(octets, p + 1, sizeof(octets));
		if (octets[0] == 0 || label != tld_label(octets))
			return fsk_fail(err, FSK_ECORRUPT,
			    "code table has a bad top-level domain");
		tld_len[i] = p[0];
		c->tld_label[i] = label;
		if (c->tld_slot[slot].label != 0)
			return fsk_fail(err, FSK_ECORRUPT,
			    "code table has a top-level domain twice");
		c->tld_slot[slot].label = label;
	}
	if (!assign_words(c->tld, tld_len, c->tlds + 1u, &c->tld_order))
		return fsk_fail(err, FSK_ECORRUPT,
		    "code table of top-level domains is not complete");
	for (unsigned i = 0; i < c->tlds; i++)
		c->tld_slot[tld_slot(c, c->tld_label[i])].word = c->tld[i];
	return FSK_OK;
}

/* ---- coding ---- */

struct bit_writer {
	uint8_t *out;
	uint64_t bits; /* the lowest `held` are not yet written */
	unsigned held;
};

static inline void
put_bits(struct bit_writer *w, unsigned bits, unsigned n)
{
	w->bits = w->bits << n | bits;
	w->held += n;
}

static inline void
put_word(struct bit_writer *w, fsk_word word)
{
	put_bits(
	    w, (word & ~FSK_WORD_OTHER) >> FSK_WORD_BITS, word & FSK_WORD_LEN);
}

/* Writes the whole octets out, so that at most seven bits are held.  Without a
 * branch: whether there is an octet to write cannot be foreseen. */
static inline void
put_octets(struct bit_writer *w)
{
	fsk_put64(w->out, __builtin_bswap64(w->bits << 1 << (63 - w->held)));
	w->out += w->held / 8;
	w->held %= 8;
}

/* Adds the symbols of the label at P one by one, each with its octet if that
 * has no symbol of its own. */
static void
put_any_label(const struct fsk_code *c, struct bit_writer *w, const uint8_t *p)
{
	unsigned context = FSK_SYM_END;

	for (unsigned n = *p++; n > 0; n--, p++) {
		unsigned sym = symbol_of(*p);

		put_word(w, c->word[context][sym]);
		if (sym == FSK_SYM_OTHER)
			put_bits(w, *p, 8);
		put_octets(w);
		context = sym;
	}
	put_word(w, c->word[context][FSK_SYM_END]);
	put_octets(w);
}

/* Adds the label at P, four symbols at a time, so that there is hardly a branch
 * that cannot be foreseen.  It is closed and filled up with octets that no name
 * in lower case has.  Up to 15 octets behind it are read. */
static inline void
put_label(const struct fsk_code *c, struct bit_writer *to, const uint8_t *p)
{
	struct bit_writer w = *to; /* in registers: it may not alias w.out */
	uint8_t label[FSK_LABEL_MAX + 16];
	unsigned last = FSK_SYM_END;
	const unsigned n = *p;

	memcpy(label, p + 1, 16);
	if (n > 16)
		memcpy(label + 16, p + 17, n - 16);
	fsk_put32(label + n, FSK_OCTET_END | FSK_OCTET_NONE * 0x01010100u);
	for (unsigned i = 0; i <= n; i += 4) {
		const unsigned s0 = c->symbol[label[i]],
			       s1 = c->symbol[label[i + 1]],
			       s2 = c->symbol[label[i + 2]],
			       s3 = c->symbol[label[i + 3]];
		const fsk_word w0 = c->word[last][s0], w1 = c->word[s0][s1],
			       w2 = c->word[s1][s2], w3 = c->word[s2][s3],
			       sum = w0 + w1 + w2 + w3;
		uint64_t left, right;

		if (__builtin_expect(sum >= FSK_WORD_OTHER, 0)) {
			put_any_label(c, to, p);
			return;
		}
		/* Seven bits held and four words are 55 bits at most. */
		left = (uint64_t)(w0 >> FSK_WORD_BITS) << (w1 & FSK_WORD_LEN) |
		    w1 >> FSK_WORD_BITS;
		right = (uint64_t)(w2 >> FSK_WORD_BITS) << (w3 & FSK_WORD_LEN) |
		    w3 >> FSK_WORD_BITS;
		w.bits = w.bits << (sum & FSK_WORD_LEN) |
		    left << ((w2 + w3) & FSK_WORD_LEN) | right;
		w.held += sum & FSK_WORD_LEN;
		put_octets(&w);
		last = s3;
	}
	*to = w;
}

void
fsk_code_name(const struct fsk_code *c, const struct fsk_query *q,
    unsigned done, unsigned labels, struct fsk_coded *out)
{
	struct bit_writer w = { out->octet, 0, 0 };

	if (done == 0) {
		const uint8_t *p = q->wire + fsk_query_at(q, 1);
		uint64_t label = tld_label(p);
		unsigned slot = tld_slot(c, label);

		if (label != 0 && c->tld_slot[slot].label != 0) {
			put_word(&w, c->tld_slot[slot].word);
			put_octets(&w);
		} else {
			put_word(&w, c->tld[c->tlds]);
			put_octets(&w);
			put_label(c, &w, p);
		}
		out->end[0] = 0;
		out->end[1] = (uint16_t)((w.out - out->octet) * 8 + w.held);
		done = 1;
	} else {
		w.out += out->end[done] / 8;
		w.held = out->end[done] % 8;
		w.bits = (uint64_t)*w.out >> (8 - w.held);
	}
	for (unsigned k = done + 1; k <= labels; k++) {
		put_label(c, &w, q->wire + fsk_query_at(q, k));
		out->end[k] = (uint16_t)((w.out - out->octet) * 8 + w.held);
	}
	put_octets(&w);
}

/* ---- decoding ---- */

struct bit_reader {
	const uint8_t *octet;
	size_t at, end; /* bits */
};

/* Reads one word; returns its symbol, or -1 if there is none. */
static int
get_word(struct bit_reader *r, const struct fsk_order *order)
{
	unsigned bits = 0, at = 0;

	for (unsigned len = 1; len <= FSK_CODE_BITS && r->at < r->end; len++) {
		bits = bits << 1 | (r->octet[r->at / 8] >> (7 - r->at % 8) & 1);
		r->at++;
		if (bits - order->first[len] < order->count[len])
			return order->symbol[at + bits - order->first[len]];
		at += order->count[len];
	}
	return -1;
}

/* Reads one label to LABEL (length octet first). */
static bool
get_label(const struct fsk_code *c, struct bit_reader *r, uint8_t *label)
{
	unsigned context = FSK_SYM_END, n = 0;

	for (;;) {
		int sym = get_word(r, &c->order[context]);

		if (sym < 0)
			return false;
		if (sym == FSK_SYM_END)
			break;
		if (n == FSK_LABEL_MAX)
			return false;
		if (sym == FSK_SYM_OTHER) {
			unsigned v = 0;

			if (r->end - r->at < 8)
				return false;
			for (unsigned i = 0; i < 8; i++, r->at++)
				v = v << 1 |
				    (r->octet[r->at / 8] >> (7 - r->at % 8) &
					1);
			label[++n] = (uint8_t)v;
		} else {
			label[++n] = (uint8_t)symbol_text[sym];
		}
		context = (unsigned)sym;
	}
	label[0] = (uint8_t)n;
	return n > 0;
}

bool
fsk_code_decode(const struct fsk_code *c, const uint8_t *rec, size_t len,
    struct fsk_name *name)
{
	struct bit_reader r = { rec, 0, 8 * len };
	uint8_t
	    back[FSK_NAME_MAX]; /* labels from the right, filled backwards */
	size_t room = sizeof(back) - 1;
	int row;

	/* The closing bit: the last 1. */
	while (
	    r.end > 0 && !(rec[(r.end - 1) / 8] >> (7 - (r.end - 1) % 8) & 1))
		r.end--;
	if (r.end == 0)
		return false;
	r.end--;
	back[room] = 0;

	row = get_word(&r, &c->tld_order);
	if (row < 0)
		return false;
	if (row < c->tlds) {
		uint8_t label[8];

		fsk_put64(label, c->tld_label[row]);
		room -= label[0] + 1u;
		memcpy(back + room, label, label[0] + 1u);
	} else if (r.at == r.end) {
		return false; /* to be spelled out, but it is not */
	}
	while (r.at < r.end) {
		uint8_t label[FSK_LABEL_MAX + 1];

		if (!get_label(c, &r, label) || room < label[0] + 1u)
			return false;
		room -= label[0] + 1u;
		memcpy(back + room, label, label[0] + 1u);
	}
	name->len = (uint8_t)(sizeof(back) - room);
	memcpy(name->wire, back + room, name->len);
	return true;
}
