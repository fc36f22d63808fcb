/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * psl.h - the Public Suffix List
 */
#ifndef FRAUDSINK_FEEDS_PSL_H
#define FRAUDSINK_FEEDS_PSL_H

#include <stdbool.h>

#include "lib/name.h"

struct psl; /* the list */

/* The list that the system has; NULL if there is none, or no memory. */
struct psl *psl_open(void);
void psl_close(struct psl *p);

enum psl_kind { PSL_NONE, PSL_ICANN, PSL_PRIVATE };

/* What NAME is as a whole: a suffix under which strangers register ("co.uk"),
 * one under which a company's customers live ("github.io"), or neither. */
enum psl_kind psl_kind(const struct psl *p, const struct fsk_name *name);

/* Whether there are suffixes below NAME ("hosting.ovh.net" below "ovh.net"), as
 * far as the list is there as text, too. */
bool psl_is_above(const struct psl *p, const struct fsk_name *name);

#endif
