/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard_names.h - what is guarded without anybody having said so
 *
 * Lists of texts, each with NULL at its end.
 */
#ifndef FRAUDSINK_FEEDS_GUARD_NAMES_H
#define FRAUDSINK_FEEDS_GUARD_NAMES_H

/* Names that nothing may block. */
extern const char *const guard_core[];

/* Hosts of many owners, with all that is below. */
extern const char *const guard_shared_core[];

/* Special-use names, with all that is below. */
extern const char *const guard_special[];

/* Prefixes of special-purpose addresses. */
extern const char *const guard_prefixes[];

#endif
