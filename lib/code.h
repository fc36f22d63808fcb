/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * code.h - names squeezed into about half their size
 *
 * A database with names keeps them in a prefix code made for that very list:
 * the top-level domain as one symbol, then the other labels from right to
 * left, each octet coded in the context of the one before it, each label
 * closed by a separator.  Coded from the right, the code of a parent is the
 * beginning of the code of its child; so a query is coded once and compared
 * at every depth without ever decoding anything.
 */
#ifndef FRAUDSINK_CODE_H
#define FRAUDSINK_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/hash.h"
#include "lib/name.h"

/* Symbols: a-z, 0-9, '-', '_', any other octet (eight bits follow), end of
 * label.  The context is the symbol before; at the start of a label, the end
 * of the one before. */
#define FSK_SYM_OTHER 38
#define FSK_SYM_END   39
#define FSK_SYMS      40

/* While a label is coded, these two octets, which no name in lower case has,
 * stand for its end and for nothing; nothing has no bits. */
#define FSK_SYM_NONE   40
#define FSK_OCTET_END  'A'
#define FSK_OCTET_NONE 'B'
#define FSK_CODE_BITS  12 /* the longest code word */

/* The top-level domains that have a code word of their own; the last word
 * means that the label is spelled out. */
#define FSK_TLDS_MAX 255
#define FSK_TLD_LEN  7 /* longer ones are spelled out */
#define FSK_TLD_HASH 512

/* A section CODE: the lengths of all code words, then the TLDs. */
#define FSK_CODE_LEN_MAX (FSK_SYMS * FSK_SYMS + 3 + FSK_TLDS_MAX * 9)

/* The most octets that a coded name can have. */
#define FSK_CODED_MAX 700

/* A code word: its length (1 to FSK_CODE_BITS; 0 for FSK_SYM_NONE) in the
 * lowest six bits, which a shift takes as they are, then its bits.  Sums of
 * four have the sum of the lengths there. */
typedef uint32_t fsk_word;
#define FSK_WORD_BITS  6
#define FSK_WORD_LEN   63u
#define FSK_WORD_OTHER (1u << 28) /* an octet follows */

/* The words of one context from the decoder's side: by length, the first word
 * and how many there are; the symbols in order of their words. */
struct fsk_order {
	uint16_t first[FSK_CODE_BITS + 1], count[FSK_CODE_BITS + 1];
	uint8_t symbol[FSK_TLDS_MAX + 1];
};

struct fsk_code {
	uint8_t symbol[256];              /* of an octet; see FSK_OCTET_END */
	fsk_word word[FSK_SYMS + 1][64];  /* [context][symbol] */
	fsk_word tld[FSK_TLDS_MAX + 1];   /* the last: spelled out */
	struct fsk_order order[FSK_SYMS]; /* of word[context] */
	struct fsk_order tld_order;
	uint64_t tld_label[FSK_TLDS_MAX]; /* label, length octet lowest */
	uint16_t tlds;
	struct {
		uint64_t label; /* 0: free */
		fsk_word word;
	} tld_slot[FSK_TLD_HASH];
};

/* How often things occur in the list; adds up over threads. */
struct fsk_code_stats {
	uint64_t pair[FSK_SYMS][FSK_SYMS];
	struct {
		uint64_t count;
		uint64_t label; /* the smallest that fell here */
	} tld[4096];
};

/* A coded name: bits from the highest bit of the first octet on. */
struct fsk_coded {
	uint8_t octet[FSK_CODED_MAX + 8];
	uint16_t end[FSK_LABELS_MAX + 1]; /* [k]: bits of the last k labels */
};

/* Counts the name Q. */
void fsk_code_count(struct fsk_code_stats *s, const struct fsk_query *q);

/* Adds what FROM counted to TO. */
void fsk_code_add(struct fsk_code_stats *to, const struct fsk_code_stats *from);

/* Makes the code lengths that suit S best and writes them in the form of the
 * section CODE; returns its length. */
size_t fsk_code_make(
    const struct fsk_code_stats *s, uint8_t section[static FSK_CODE_LEN_MAX]);

/* Reads the LEN octets of a section CODE.  Returns FSK_OK or FSK_ECORRUPT. */
int fsk_code_read(struct fsk_code *c, const uint8_t *section, size_t len,
    struct fsk_error *err);

/* Codes the last LABELS labels of Q (at least one), of which OUT holds the last
 * DONE already. */
void fsk_code_name(const struct fsk_code *c, const struct fsk_query *q,
    unsigned done, unsigned labels, struct fsk_coded *out);

/* Octets of the record of a name whose code has BITS bits: a closing bit 1 and
 * zeroes fill the last octet. */
static inline unsigned
fsk_coded_len(unsigned bits)
{
	return bits / 8 + 1;
}

/* Decodes a record of LEN octets.  False if it is not a name. */
bool fsk_code_decode(const struct fsk_code *c, const uint8_t *rec, size_t len,
    struct fsk_name *name);

#endif
