/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_layout.h - where things stand in a policy (FORMAT.md section 11)
 */
#ifndef FRAUDSINK_POLICY_LAYOUT_H
#define FRAUDSINK_POLICY_LAYOUT_H

#include "lib/bytes.h"

#define POLICY_VERSION 1u

/* The head. */
#define POLICY_FLAGS        4  /* u32 */
#define POLICY_SIGNED       8  /* u8, enum fsk_signed */
#define POLICY_COUNTRY_DB   12 /* u32 each, in the texts */
#define POLICY_ASN_DB       16
#define POLICY_CONTACT      20
#define POLICY_ORGANISATION 24
#define POLICY_INCIDENTS    28
#define POLICY_ANY          32 /* u64 offset in the lists, u64 length */
#define POLICY_TABLE        64 /* a row a part: u64 offset, u64 length */
#define POLICY_HEAD_LEN     320

#define POLICY_TRUST_ECS   1u
#define POLICY_ANSWERS     2u
#define POLICY_PLACES      4u
#define POLICY_SERVERS     8u
#define POLICY_FLAGS_KNOWN 15u

/* The parts, each at a multiple of 64. */
enum policy_piece {
	POLICY_TEXTS,
	POLICY_GROUPS,
	POLICY_CLASSES,
	POLICY_MATRIX,
	POLICY_NETWORKS,
	POLICY_PLACES_OF,
	POLICY_MEMBERSHIPS,
	POLICY_SCHEDULES,
	POLICY_INTERVALS,
	POLICY_ADDRESSES,
	POLICY_SERVERS_AT,
	POLICY_LISTS,
	POLICY_PIECES
};

#define POLICY_GROUP_LEN 32
#define POLICY_G_NAME    0 /* u32, in the texts */
#define POLICY_G_OFF     4 /* u8, 0 or 1 */
#define POLICY_G_LIST    8 /* u64 offset in the lists, u64 length (0: none) */

#define POLICY_CLASS_LEN     32
#define POLICY_C_FLAGS       0 /* u8 */
#define POLICY_C_NTYPES      1 /* u8, at most 8 */
#define POLICY_C_TYPES       2 /* 8 times u16 */
#define POLICY_C_ALIASES     1u
#define POLICY_C_TYPES_ONLY  2u
#define POLICY_C_FLAGS_KNOWN 3u

#define POLICY_SPAN_LEN     8  /* u32 first, u32 n */
#define POLICY_MEMBER_LEN   4  /* u16 group, u16 schedule */
#define POLICY_INTERVAL_LEN 16 /* i64 from, i64 to */

#endif
