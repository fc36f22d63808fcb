/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * group_list.h - what a group of clients has listed for itself, as a database
 */
#ifndef FRAUDSINK_FEEDS_GROUP_LIST_H
#define FRAUDSINK_FEEDS_GROUP_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "feeds/conf.h"
#include "lib/err.h"

/* Makes the database of what G blocks and allows, with KEY, as *LEN octets for
 * free(); *LIST is NULL where G lists nothing. */
int group_list(const struct conf *c, const struct conf_group *g,
    const uint8_t *key, int64_t now, void **list, size_t *len,
    struct fsk_error *err);

/* The same of all that any group blocks. */
int group_list_any(const struct conf *c, const uint8_t *key, int64_t now,
    void **list, size_t *len, struct fsk_error *err);

#endif
