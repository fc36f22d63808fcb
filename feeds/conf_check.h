/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf_check.h - what in feeds.conf must fit together
 */
#ifndef FRAUDSINK_FEEDS_CONF_CHECK_H
#define FRAUDSINK_FEEDS_CONF_CHECK_H

#include "feeds/conf.h"

/* Checks C, tells R what is wrong, and completes C: formats by their names. */
void conf_check(struct options_reader *r, struct conf *c);

#endif
