/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * month.h - months of the calendar (UTC), by their first second
 */
#ifndef FRAUDSINK_STATS_MONTH_H
#define FRAUDSINK_STATS_MONTH_H

#include <stdbool.h>
#include <stdint.h>

/* The month that TIME is in. */
int64_t month_of(int64_t time);

/* The month N months after MONTH; N may be negative. */
int64_t month_add(int64_t month, int n);

/* Reads "2026-10"; false if TEXT is no month. */
bool month_parse(const char *text, int64_t *month);

#endif
