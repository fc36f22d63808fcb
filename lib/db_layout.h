/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * db_layout.h - where things stand in a database file
 *
 * FORMAT.md is the specification; this is the same in constants, for the
 * reader and the writer only.  All numbers are little-endian.
 */
#ifndef FRAUDSINK_DB_LAYOUT_H
#define FRAUDSINK_DB_LAYOUT_H

#include <stdint.h>

#include "lib/bytes.h"
#include "lib/hash.h"

#define FSK_MAGIC \
	"\x89" \
	"FSDB\r\n\x1a"
#define FSK_MAGIC_LEN  8
#define FSK_MAJOR      2
#define FSK_MINOR      0
#define FSK_BYTE_ORDER 0x01020304u

/* Header. */
#define FSK_HEADER_LEN   4096
#define FSK_H_MAGIC      0
#define FSK_H_MAJOR      8
#define FSK_H_MINOR      10
#define FSK_H_BYTE_ORDER 12
#define FSK_H_FILE_LEN   16
#define FSK_H_BUILD_ID   24 /* 16 octets */
#define FSK_H_SERIAL     40
#define FSK_H_CREATED    48
#define FSK_H_ENTRIES    56
#define FSK_H_LINES      64
#define FSK_H_MODE       72 /* u8, enum fsk_db_mode */
#define FSK_H_PART_BITS  73 /* u8, 0 to 8 */
#define FSK_H_ATTR_WIDTH 74 /* u8, 0 to 3 octets */
#define FSK_H_MAX_CHAIN  75 /* u8, lines that a look-up may follow */
#define FSK_H_FLAGS      76 /* u32 */
#define FSK_H_KEY        80 /* 16 octets */
#define FSK_H_SECTIONS   96 /* u32, then the table at 104 */
#define FSK_H_TABLE      104
#define FSK_H_CHECKSUM   4088 /* XXH3-64 of octets 0 to 4087 */

#define FSK_FLAG_SINGLE 1u /* entries with a single label exist */
#define FSK_FLAGS_KNOWN FSK_FLAG_SINGLE

/* A row of the section table. */
#define FSK_SECTION_LEN      32
#define FSK_SECTIONS_MAX     64
#define FSK_S_TYPE           0
#define FSK_S_FLAGS          4
#define FSK_S_OFFSET         8
#define FSK_S_LENGTH         16
#define FSK_S_CHECKSUM       24
#define FSK_SECTION_OPTIONAL 1u /* a reader that does not know it goes on */

enum fsk_section {
	FSK_SEC_RECS = 1,
	FSK_SEC_LINES = 2,
	FSK_SEC_PARTS = 3,
	FSK_SEC_CODE = 4,
	FSK_SEC_ATTRS = 5,
	FSK_SEC_FEEDSETS = 6,
	FSK_SEC_FEEDS = 7,
	FSK_SEC_ANSWERS = 8,
	FSK_SEC_STRINGS = 9,
	FSK_SEC_NEEDED = 10, /* one past the last that must be there */
	FSK_SEC_URLS = 10,
	FSK_SEC_POLICY = 11,
	FSK_SEC_KNOWN = 12, /* one past the last */
};

/* A line: 64 octets, one cache line.  Tag I belongs to record I of the block
 * that begins at RECS of the partition. */
#define FSK_LINE_LEN   64
#define FSK_LINE_SLOTS 28
#define FSK_LINE_FILL  20 /* records a line that the writer aims at */
#define FSK_L_BLOCK    0  /* u32, from the partition's first record octet */
#define FSK_L_COUNT    4  /* u8, 0 to 28 */
#define FSK_L_HEAVY    5  /* u8, bit set: an anchor goes one label deeper */
#define FSK_L_SPILL    6  /* u16, bit set: such tags also in the next line */
#define FSK_L_TAGS     8  /* 28 times u16 */
#define FSK_CHAIN_MAX  8
#define FSK_ANCHOR_MAX 8 /* entries that share an anchor before it is heavy */

/* What the bits of a locator are for. */
static inline unsigned
fsk_part_of(uint64_t loc, unsigned part_bits)
{
	return (unsigned)(loc >> 1 >> (63 - part_bits));
}

static inline uint32_t
fsk_line_of(uint64_t loc, uint32_t lines)
{
	return (uint32_t)((fsk_u128)(loc << 8) * lines >> 64);
}

static inline uint16_t
fsk_tag_of(uint64_t loc)
{
	return (uint16_t)loc;
}

static inline uint8_t
fsk_heavy_of(uint64_t loc)
{
	return (uint8_t)(1u << (loc >> 16 & 7));
}

static inline uint16_t
fsk_spill_of(uint16_t tag)
{
	return (uint16_t)(1u << (tag & 15));
}

/* A row of the partition table. */
#define FSK_PART_LEN      24
#define FSK_P_RECS        0  /* u64, from the start of the section RECS */
#define FSK_P_RECS_LEN    8  /* u64 */
#define FSK_P_LINE        16 /* u32, first line */
#define FSK_P_LINES       20 /* u32, at least 1 */
#define FSK_PART_BITS_MAX 8
#define FSK_PARTS_MAX     (1 << FSK_PART_BITS_MAX)

/* Records.  The section ends in zeroes so that a look-up may read ahead. */
#define FSK_RECS_PAD      64
#define FSK_REC_RAW       255 /* length octet: the name itself, zero filled */
#define FSK_REC_PRINT_LEN 8   /* fingerprint of secret mode */

/* An attribute set. */
#define FSK_ATTR_LEN   32
#define FSK_A_MATCH    0  /* u8, enum fsk_match_kind */
#define FSK_A_ALLOW    1  /* u8, 0 or 1 */
#define FSK_A_SEVERITY 2  /* u8, enum fsk_severity */
#define FSK_A_CLASS    4  /* u16, of the policy, else row of ANSWERS */
#define FSK_A_FEEDS    6  /* u16, how many feeds */
#define FSK_A_FEEDSET  8  /* u32, first of them in FEEDSETS */
#define FSK_A_CATEGORY 12 /* u32, in STRINGS */
#define FSK_A_SINCE    16 /* u32, days since 1970-01-01 */
#define FSK_A_CASE     20 /* u32, in STRINGS */
#define FSK_ATTRS_MAX  (1u << 24)

/* A feed. */
#define FSK_FEED_LEN    32
#define FSK_F_NAME      0 /* u32 each, in STRINGS */
#define FSK_F_AUTHORITY 4
#define FSK_F_ENTRIES   8 /* u64, entries that it lists */
#define FSK_F_LEGAL     16
#define FSK_F_CONTACT   20

/* A URL: SipHash-2-4 of its expression, attribute number. */
#define FSK_URL_LEN 12

/* An answer.  Names stand in STRINGS as text. */
#define FSK_ANSWER_LEN 128
#define FSK_N_ACTION   0  /* u8, enum fsk_action */
#define FSK_N_COUNT4   1  /* u8, 0 to 4 */
#define FSK_N_COUNT6   2  /* u8, 0 to 4 */
#define FSK_N_TTL      4  /* u32, seconds */
#define FSK_N_ADDR4    8  /* 4 times 4 octets */
#define FSK_N_ADDR6    24 /* 4 times 16 octets */
#define FSK_N_EDE      88 /* u16, FSK_EDE_NONE: none */
#define FSK_N_TEXT     92 /* u32 each, in STRINGS; "" is none */
#define FSK_N_CNAME    96
#define FSK_N_MNAME    100
#define FSK_N_RNAME    104

#endif
