/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * networks.h - who the networks belong to
 */
#ifndef FRAUDSINK_STATS_NETWORKS_H
#define FRAUDSINK_STATS_NETWORKS_H

#include "stats/store.h"
#include "stats/table.h"

struct networks {
	struct table names; /* number as text: char * */
};

void networks_init(struct networks *n);
void networks_fini(struct networks *n);

/* Reads all that S knows. */
int networks_read(struct networks *n, struct store *s, struct fsk_error *err);

/* The organisation of the network whose number is the text ASN; NULL: not
 * known. */
const char *networks_name(const struct networks *n, const char *asn);

#endif
