/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.h - a map from octets to values, in the order of arrival
 *
 * Keys may be chosen by attackers (names): their hash has a key of its own for
 * each table.  Items are numbered from 0; nothing is removed but all of it.
 */
#ifndef FRAUDSINK_STATS_TABLE_H
#define FRAUDSINK_STATS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table {
	uint64_t secret[2];
	size_t value_size;
	size_t n;          /* items */
	size_t room, mask; /* for items; of slots */
	uint32_t *slot;    /* an item plus 1; 0: none */
	struct table_item *item;
	uint8_t *value;
	uint8_t *heap; /* the keys */
	size_t heap_len, heap_room;
};

/* An empty table whose values have VALUE_SIZE octets. */
void table_init(struct table *t, size_t value_size);
void table_fini(struct table *t);

/* Makes it empty, and gives memory back that it has needed once only. */
void table_clear(struct table *t);

/* The value of the key of LEN octets; NULL if there is none.  As with all
 * pointers into the table: until the next table_put(). */
void *table_get(const struct table *t, const void *key, size_t len);

/* The same; made, and filled with zeroes, if there is none (then *FRESH).  NULL
 * when out of memory. */
void *table_put(struct table *t, const void *key, size_t len, bool *fresh);

/* Item I. */
void *table_value(const struct table *t, size_t i);
const void *table_key(const struct table *t, size_t i, size_t *len);

/* Which item VALUE, a result of the functions above, belongs to. */
size_t table_index(const struct table *t, const void *value);

#endif
